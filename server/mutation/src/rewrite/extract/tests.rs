//! What extraction makes of small functions, and what it leaves alone.

use std::sync::Arc;

use hephaestus_core::{Patch, RelPath, SourceFile};
use hephaestus_syntax::{Languages, Parsed};

use super::extractions;

/// Every text one extraction away from the function `f` of `text`.
fn results(text: &str) -> Vec<String> {
    let language = Languages::builtin().unwrap().get(&hephaestus_core::LanguageId::new("python")).unwrap();
    let path = RelPath::new("m.py").unwrap();
    let file = Arc::new(SourceFile::new(path.clone(), language.id().clone(), text, false));
    let parsed = Parsed::new(language, Arc::clone(&file)).unwrap();
    let function = parsed.functions().iter().find(|function| function.name == "f").unwrap();
    let cuts = extractions(&parsed, function.range);
    let patches =
        cuts.into_iter().map(|cut| Patch::edit(path.clone(), file.hash.clone(), cut.edits).unwrap());
    patches.map(|patch| patch.apply_to(&path, Some(text)).unwrap().unwrap()).collect()
}

/// A loop worth extracting; `BODY` stands for what it does in the end.
fn nested(head: &str, body: &str, tail: &str) -> String {
    format!(
        "def f(rows, ok):\n{head}    for row in rows:\n        if row:\n            if ok:\n                {body}\n{tail}"
    )
}

fn offers(text: &str, expected: &str) {
    let results = results(text);
    assert!(
        results.iter().any(|result| result == expected),
        "wanted\n{expected}\ngot\n{}",
        results.join("\n----\n")
    );
}

#[test]
fn a_loop_without_results_becomes_a_call() {
    offers(
        &nested("", "print(row)", "    return 1\n"),
        "def _f_rows(rows, ok):\n    for row in rows:\n        if row:\n            if ok:\n                print(row)\n\n\n\
         def f(rows, ok):\n    _f_rows(rows, ok)\n    return 1\n",
    );
}

#[test]
fn what_is_read_behind_is_returned_and_passed_when_it_may_stay() {
    offers(
        &nested("    total = 0\n", "total += row", "    return total\n"),
        "def _f_total(rows, ok, total):\n    for row in rows:\n        if row:\n            if ok:\n                total += row\n    return total\n\n\n\
         def f(rows, ok):\n    total = 0\n    total = _f_total(rows, ok, total)\n    return total\n",
    );
}

#[test]
fn a_tail_keeps_its_returns() {
    offers(
        &nested("    rows = list(rows)\n", "return row", ""),
        "def _f_rows(rows, ok):\n    for row in rows:\n        if row:\n            if ok:\n                return row\n\n\n\
         def f(rows, ok):\n    rows = list(rows)\n    return _f_rows(rows, ok)\n",
    );
}

#[test]
fn the_tail_of_a_round_returns_instead_of_continuing() {
    offers(
        "def f(rows):\n    for row in rows:\n        if row:\n            if row > 1:\n                continue\n            print(row)\n",
        "def _f_row(row):\n    if row:\n        if row > 1:\n            return\n        print(row)\n\n\n\
         def f(rows):\n    for row in rows:\n        _f_row(row)\n",
    );
}

#[test]
fn a_generator_hands_on_what_its_part_yields() {
    offers(
        &nested("", "yield row", "    yield 1\n"),
        "def _f_rows(rows, ok):\n    for row in rows:\n        if row:\n            if ok:\n                yield row\n\n\n\
         def f(rows, ok):\n    yield from _f_rows(rows, ok)\n    yield 1\n",
    );
}

#[test]
fn methods_decorators_comments_tabs_and_crlf_keep_their_ways() {
    offers(
        "import a\r\n\r\n\r\n# about\r\n@a\r\nclass C:\r\n\tdef f(self, rows):\r\n\t\tfor row in rows:  # each\r\n\t\t\tif row:\r\n\t\t\t\tif self.ok:\r\n\t\t\t\t\tprint(row)\r\n\t\treturn 1\r\n",
        "import a\r\n\r\n\r\ndef _f_rows(rows, self):\r\n\tfor row in rows:  # each\r\n\t\tif row:\r\n\t\t\tif self.ok:\r\n\t\t\t\tprint(row)\r\n\r\n\r\n\
         # about\r\n@a\r\nclass C:\r\n\tdef f(self, rows):\r\n\t\t_f_rows(rows, self)\r\n\t\treturn 1\r\n",
    );
}

#[test]
fn names_of_functions_around_are_passed() {
    let text = "def outer(ok):\n    def f(rows):\n        for row in rows:\n            if row:\n                if ok:\n                    print(row)\n        return 1\n    return f\n";
    assert!(
        results(text).iter().any(|result| result.contains("        _f_rows(rows, ok)\n        return 1\n"))
    );
}

#[test]
fn a_taken_name_gets_a_number() {
    let text = nested("", "print(row)", "    return _f_rows\n");
    assert!(results(&text).iter().any(|result| result.starts_with("def _f_rows_2(")));
}

#[test]
fn what_cannot_move_stays() {
    let refused = [
        ("a return that is not the end", nested("", "return row", "    return 1\n")),
        ("may be unbound behind", nested("", "last = row", "    return last\n")),
        ("an input that may be unbound", nested("    if ok:\n        x = 1\n", "print(x)", "    return 1\n")),
        ("global", nested("    global x\n", "x = row", "    return 1\n")),
        ("del", nested("    x = 1\n", "del x", "    return 1\n")),
        ("super", nested("", "super().run(row)", "    return 1\n")),
        ("class cell", nested("", "print(__class__)", "    return 1\n")),
        ("mangled", nested("", "print(row.__x)", "    return 1\n")),
        ("frame", nested("", "print(locals())", "    return 1\n")),
        ("walrus", nested("", "print(y := row)", "    return 1\n")),
        ("multi-line string", nested("", "print(\"\"\"a\n  b\"\"\")", "    return 1\n")),
        ("captured before", nested("    n = 0\n    g = lambda: n\n", "n = row", "    return g()\n")),
        ("captured and changed later", nested("    n = 0\n", "ok(lambda: n)", "    n = 1\n    return n\n")),
        ("seven inputs", nested("    a = b = c = d = e = 1\n", "print(a, b, c, d, e)", "    return 1\n")),
        (
            "four outputs",
            nested("    a = b = c = d = 1\n", "a = b = c = d = row", "    return a, b, c, d\n"),
        ),
        (
            "lost when it raises",
            "def f(rows, ok):\n    n = 0\n    try:\n        for row in rows:\n            if row and ok:\n                n = row()\n    except E:\n        pass\n    return n\n"
                .to_owned(),
        ),
        (
            "break out of the block",
            "def f(rows, ok):\n    for row in rows:\n        if row:\n            if ok:\n                break\n            if row:\n                return 2\n    return 1\n"
                .to_owned(),
        ),
        ("await", nested("", "await row", "    return 1\n").replace("def f", "async def f")),
        ("not at module level", nested("", "print(row)", "    return 1\n").lines().fold("if x:\n".to_owned(), |text, line| text + "    " + line + "\n")),
    ];
    for (reason, text) in refused {
        // What ends with this stays as well: only the cut in question is left to judge.
        let text = format!("{text}    super()\n");
        let loops: Vec<_> =
            results(&text).into_iter().filter(|result| result.contains("):\n    for row")).collect();
        assert_eq!(loops, Vec::<String>::new(), "{reason}");
    }
}

#[test]
fn small_parts_are_not_worth_a_name() {
    assert!(results("def f(a):\n    if a:\n        print(a)\n    return a\n").is_empty());
}
