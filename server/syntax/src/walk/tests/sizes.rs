//! Everything else that is counted: sizes, decisions, names, documentation, types, and regions.

use hephaestus_core::ByteRange;

use super::parsed;
use crate::Function;

fn first(language: &str, text: &str) -> Function {
    parsed(language, text).functions().first().unwrap().clone()
}

#[test]
fn cyclomatic_counts_decisions_and_boolean_operators() {
    let text = "def f(a):\n    if a and b or c:\n        pass\n    elif d:\n        pass\n    else:\n        pass\n    for x in y:\n        pass\n    return [z for z in w if z]\n";
    assert_eq!(first("python", text).metrics.cyclomatic, 1 + 1 + 2 + 1 + 1 + 2);
    let text = "function f(a) { switch (a) { case 1: case 2: break; default: } return a ?? (b ? 1 : 2); }";
    assert_eq!(first("javascript", text).metrics.cyclomatic, 1 + 2 + 1 + 1);
    let text = "fn f() -> R { match a { 1 => x?, 2 => y, _ => z } let Some(b) = c else { return d }; }";
    assert_eq!(first("rust", text).metrics.cyclomatic, 1 + 2 + 1 + 1);
    assert_eq!(first("rust", "fn f(a: Never) -> u8 { match a {} }").metrics.cyclomatic, 1);
}

#[test]
fn nesting_is_the_depth_of_control_structures() {
    let text = "def f():\n    if a:\n        for b in c:\n            d = 1 if e else 2\n    elif a:\n        while a:\n            if a:\n                pass\n";
    assert_eq!(first("python", text).metrics.nesting, 3);
    let text = "function f() { if (a) {} else if (b) { if (c) {} } else { g(() => { if (d) {} }); } }";
    assert_eq!(first("javascript", text).metrics.nesting, 2);
    assert_eq!(first("rust", "fn f() { g(1) }").metrics.nesting, 0);
}

#[test]
fn comments_docstrings_and_blank_lines_have_no_size() {
    let plain = first("python", "def f(a):\n    b = a + 1\n    return b\n").metrics;
    let documented = first(
        "python",
        "def f(a):\n    '''Adds.\n\n    One.'''\n\n    b = a + 1  # one\n    # more\n    return b\n",
    )
    .metrics;
    assert_eq!(plain, documented);
    assert_eq!((plain.statements, plain.lines, plain.tokens), (2, 3, 13));
}

#[test]
fn statements_are_counted_in_every_language() {
    let text = "function f() { let a = 1; if (a) { g(); } else return; for (;;) { ; } }";
    assert_eq!(first("javascript", text).metrics.statements, 5);
    let text = "fn f() -> u32 { // nothing\n let a = 1; if a > 2 { g(); return 3 } #[cfg(x)] use b; a + 1 }";
    assert_eq!(first("rust", text).metrics.statements, 6);
}

#[test]
fn halstead_counts_names_and_literals_against_the_rest() {
    // operators: def ( : = + return (the closing bracket belongs to its partner); operands: f a b a 1 b
    let halstead = first("python", "def f(a):\n    b = a + 1\n    return b\n").metrics.halstead;
    assert_eq!((halstead.operators, halstead.distinct_operators), (6, 6));
    assert_eq!((halstead.operands, halstead.distinct_operands), (6, 4));
}

#[test]
fn a_string_is_one_token_unless_it_holds_code() {
    let tokens = |text: &str| parsed("python", text).tokens(ByteRange::new(0, text.len())).len();
    assert_eq!(tokens("x = 'a b c'\n"), 3);
    assert_eq!(tokens("x = f'{a}'\n"), 2 + 5);
    assert_eq!(tokens("# nothing\n"), 0);
}

#[test]
fn names_come_from_the_definition_or_from_what_it_is_assigned_to() {
    let names = |language: &str, text: &str| -> Vec<String> {
        parsed(language, text).functions().iter().map(|function| function.qualified.clone()).collect()
    };
    let text = "class A:\n    class B:\n        def m(self):\n            def inner(): pass\n    @staticmethod\n    def s(): pass\nasync def g(): pass\nh = lambda: 0\n";
    assert_eq!(names("python", text), ["A.B.m", "A.B.m.inner", "A.s", "g"]);
    let text = "class A { m() {} static #p() {} f = () => 1; get x() { return 1 } }\nconst g = function () {}, o = { k: () => 1, 'q-r'() {} };\nmodule.exports = function () { this.z = () => 1; };\nexport default () => 1;\nrun(function () {});\n";
    assert_eq!(
        names("javascript", text),
        ["A.m", "A.#p", "A.f", "A.x", "g", "k", "q-r", "module.exports", "module.exports.z", "default"]
    );
    let text = "abstract class A<T> { private m(): void {} f = () => 1; abstract n(): void; }\nnamespace N { export function g() {} }\n";
    assert_eq!(names("typescript", text), ["A.m", "A.f", "N.g"]);
    let text = "impl<T> Iterator for Foo<T> { fn next(&mut self) {} }\ntrait Tr { fn d(&self) {} fn s(&self); }\nmod m { pub fn g() {} }\n";
    assert_eq!(names("rust", text), ["Foo.next", "Tr.d", "m.g"]);
}

#[test]
fn symbols_are_the_innermost_around() {
    let text = "class A:\n    x = 1\n    def m(self):\n        return 2\ny = 3\n";
    let parsed = parsed("python", text);
    let at = |needle: &str| {
        let start = text.find(needle).unwrap();
        parsed.symbol_at(ByteRange::new(start, start + 1))
    };
    assert_eq!(at("x = 1").as_deref(), Some("A"));
    assert_eq!(at("return").as_deref(), Some("A.m"));
    assert_eq!(at("y"), None);
    assert_eq!(parsed.function_at(ByteRange::new(0, 1)), None);
}

#[test]
fn parameters_and_types_leave_the_receiver_out() {
    let described = |language: &str, text: &str| {
        let function = first(language, text);
        (function.parameters, function.typed)
    };
    let text = "class A:\n    def m(self, a: int, b, *args, c: str = '', **rest) -> None: ...\n";
    assert_eq!(described("python", text), (5, (3, 6)));
    assert_eq!(described("python", "def f(a, /, b, *, c): pass\n"), (3, (0, 4)));
    assert_eq!(described("javascript", "const f = (a, { b }, ...c) => 1"), (3, (0, 0)));
    assert_eq!(described("javascript", "const f = a => 1"), (1, (0, 0)));
    assert_eq!(described("typescript", "function f(this: A, a: number, b?): void {}"), (2, (2, 3)));
    assert_eq!(described("typescript", "class A { constructor(private a: B) {} }"), (1, (1, 1)));
    assert_eq!(described("rust", "impl A { fn m(&self, a: u8, _: u8) {} }"), (2, (3, 3)));
}

#[test]
fn documentation_belongs_to_what_follows_it() {
    let documented = |language: &str, text: &str| -> Vec<bool> {
        parsed(language, text).functions().iter().map(|function| function.documented).collect()
    };
    let text = "def a():\n    'Doc.'\ndef b():\n    c = 1\n    'No doc.'\ndef d():\n    # no\n    pass\n";
    assert_eq!(documented("python", text), [true, false, false]);
    let text = "/** A. */\nexport const a = () => 1;\n// no\nfunction b() {}\n/** C. */\n// and\nexport default function c() {}\n/** D. */ let x; function d() {}\n";
    assert_eq!(documented("javascript", text), [true, false, true, false]);
    let text = "/// A.\n#[inline]\n#[must_use]\npub fn a() {}\n\nfn b() {}\nimpl C {\n    /// D.\n    fn d() {}\n    // no\n    fn e() {}\n}\n";
    assert_eq!(documented("rust", text), [true, false, true, false]);
}

#[test]
fn a_region_is_counted_as_if_nothing_were_around_it() {
    let text = "class A:\n    def m(self):\n        if a:\n            for b in c:\n                d()\n";
    let parsed = parsed("python", text);
    let method = parsed.functions().first().unwrap();
    let whole = parsed.metrics(ByteRange::new(0, text.len()));
    assert_eq!((method.metrics.cognitive, whole.cognitive), (3, 3));
    let start = text.find("for").unwrap();
    let region = parsed.metrics(ByteRange::new(start, text.len()));
    assert_eq!((region.cognitive, region.nesting, region.statements, region.lines), (1, 1, 2, 2));
    let start = text.find("    def").unwrap();
    assert_eq!(parsed.metrics(ByteRange::new(start, text.len())).cognitive, 3);
    assert_eq!(parsed.metrics(ByteRange::new(0, 0)).tokens, 0);
    assert_eq!(parsed.metrics(ByteRange::new(7, 9_999)).cognitive, 3);
}

#[test]
fn a_file_costs_what_its_functions_and_its_own_code_cost() {
    let text = "if x:\n    def f():\n        if a: pass\ndef g():\n    if a: pass\nwhile y: pass\n";
    let parsed = parsed("python", text);
    assert_eq!(parsed.metrics(ByteRange::new(0, text.len())).cognitive, 1 + 1 + 1 + 1);
}

#[test]
fn errors_are_named_and_the_rest_is_still_read() {
    let parsed = parsed("python", "def f(:\n    pass\n\ndef g():\n    return 1\n");
    assert!(!parsed.error_ranges().is_empty());
    assert!(parsed.functions().iter().any(|function| function.name == "g"));
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    let depth = 100_000;
    let text = format!("x = {}1{}\n", "(".repeat(depth), ")".repeat(depth));
    let brackets = parsed("python", &text);
    assert_eq!(brackets.metrics(ByteRange::new(0, text.len())).tokens as usize, 2 * depth + 3);
    let text = format!("const f = {}1;", "() => ".repeat(depth));
    let arrows = parsed("javascript", &text);
    assert!(arrows.metrics(ByteRange::new(0, text.len())).tokens as usize > 3 * depth);
    let text = format!("fn f() {{ {} {} }}", "if a {".repeat(depth), "}".repeat(depth));
    let ifs = parsed("rust", &text);
    assert_eq!(ifs.functions().first().unwrap().metrics.nesting as usize, depth);
}
