//! Answers as models give them, and what is made of them.

use super::*;
use hephaestus_core::{
    Acceptance, ByteRange, CancelToken, EngineContext, GoalKind, GoalOrigin, LanguageId, Suspect,
};

use crate::llm::scene::Scene;

const TOTAL: &str = "def total(prices):\n    result = 0\n    for price in prices:\n        result -= price\n    return result\n";

fn snapshot(files: &[(&str, &str)]) -> Snapshot {
    let file = |(path, text): &(&str, &str)| {
        let path = RelPath::new(path).unwrap();
        let language = LanguageId::new(if path.as_str().ends_with(".js") { "javascript" } else { "python" });
        let is_test = path.as_str().contains("test");
        (path.clone(), Arc::new(SourceFile::new(path, language, *text, is_test)))
    };
    Snapshot { files: files.iter().map(file).collect(), ..Snapshot::default() }
}

/// A goal of repairing what stands at `marks` of the first file, where every file that is no test may be changed.
fn goal(snapshot: &Snapshot, marks: &[(&str, &str)]) -> Goal {
    let suspect = |(path, mark): &(&str, &str)| {
        let file = RelPath::new(path).unwrap();
        let at = snapshot.file(&file).unwrap().text.find(mark).unwrap();
        Suspect { file, range: ByteRange::new(at, at + mark.len()), line: 1, suspicion: 1.0 }
    };
    let suspects: Vec<Suspect> = marks.iter().map(suspect).collect();
    let file = suspects[0].file.clone();
    Goal {
        id: Goal::stable_id(GoalKind::Repair, "red-test", &file, None, "", 0),
        kind: GoalKind::Repair,
        rule: "red-test".to_owned(),
        language: snapshot.file(&file).unwrap().language.clone(),
        base: snapshot.file(&file).unwrap().hash.clone(),
        file,
        range: suspects[0].range,
        line: 1,
        message: "a test fails".to_owned(),
        why: String::new(),
        symbol: None,
        acceptance: Acceptance { improves: vec![], target: None, must_pass: vec!["test_total".to_owned()] },
        footprint: snapshot
            .files
            .values()
            .filter(|file| !file.is_test)
            .map(|file| file.path.clone())
            .collect(),
        origin: GoalOrigin::Test { test: "test_total".to_owned(), suspects },
        gain: 1.0,
        cost: 1.0,
    }
}

/// All files after the change that the answer asks for.
fn read(files: &[(&str, &str)], marks: &[(&str, &str)], answer: &str) -> Result<Vec<String>, Misread> {
    let snapshot = snapshot(files);
    let (goal, cancel) = (goal(&snapshot, marks), CancelToken::new());
    let context = EngineContext {
        snapshot: &snapshot,
        parents: &[],
        setbacks: &[],
        limit: 9,
        seed: 1,
        probe: None,
        cancel: &cancel,
    };
    let languages = Languages::builtin().unwrap();
    let scene = Scene::of(&goal, &context, languages).unwrap();
    let reader = Reader { goal: &goal, snapshot: &snapshot, languages, regions: &scene.regions };
    let patch = reader.read(answer)?;
    let text = |file: &Arc<SourceFile>| patch.apply_to(&file.path, Some(&file.text)).unwrap().unwrap();
    Ok(snapshot.files.values().map(text).collect())
}

fn of_total(answer: &str) -> Result<String, Misread> {
    read(&[("a.py", TOTAL)], &[("a.py", "-=")], answer).map(|texts| texts.concat())
}

fn mended() -> String {
    TOTAL.replace("-=", "+=")
}

#[test]
fn a_whole_function_is_taken_from_whatever_is_around_it() {
    let function = mended();
    let (crlf, deep) = (function.replace('\n', "\r\n"), function.replace("\n    ", "\n      "));
    let shifted: String = function.lines().map(|line| format!("    {line}\n")).collect();
    for answer in [
        format!("```python\n{function}```"),
        format!("The sign is wrong.\n\n```py\n{function}```\nNow it adds. `-=` was the fault."),
        format!("```\n{crlf}```"),
        format!("```python\n{shifted}```"),
        format!("```python\nimport math\n\n{function}\n\nprint(total([1]))\n```"),
        format!("First try:\n```python\ndef other():\n    pass\n```\nSo:\n~~~\n{function}~~~"),
        format!("```python\n{function}"),
        function.clone(),
    ] {
        assert_eq!(of_total(&answer).as_deref(), Ok(function.as_str()), "{answer}");
    }
    assert!(
        of_total(&format!("```\n{deep}```")).unwrap().contains("+= price"),
        "its own indentation will do"
    );
}

#[test]
fn edits_are_placed_by_their_lines() {
    let block = |file: &str, search: &str, replace: &str| {
        format!("{file}\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n")
    };
    let (old, new) = ("        result -= price", "        result += price");
    for answer in [
        block("a.py", old, new),
        block("**File: `./a.py`**", old, new),
        format!("Sure!\n```python\n{}```\nDone.", block("a.py", old, new)),
        block("", old, new),
        block("a.py", "result -= price", "result += price"),
        block("a.py", "            result -= price  ", "            result += price"),
        block("a.py", old, new).replace('\n', "\r\n"),
        block(
            "a.py",
            "    for price in prices:\n        result -= price",
            "    for price in prices:\n        result += price",
        ),
    ] {
        assert_eq!(of_total(&answer), Ok(mended()), "{answer}");
    }
    let both = block("a.py", "    result = 0", "    result = 1") + &block("a.py", old, new);
    assert_eq!(of_total(&both), Ok(mended().replace("= 0", "= 1")));
    let gone = of_total(&block("a.py", old, "")).unwrap();
    assert_eq!(gone, TOTAL.replace("        result -= price\n", ""), "deleted lines leave no empty one");
}

#[test]
fn what_cannot_be_placed_without_guessing_is_refused() {
    let twice = "def f(x):\n    x = x + 1\n    x = x + 1\n    return x\n";
    let edit = |search: &str| format!("<<<<<<< SEARCH\n{search}\n=======\n    x = 2\n>>>>>>> REPLACE\n");
    let of_twice = |search: &str| read(&[("a.py", twice)], &[("a.py", "return")], &edit(search));
    assert_eq!(of_twice("    x = x + 1"), Err(Misread::Ambiguous("x = x + 1".to_owned())));
    assert_eq!(of_twice("    y = 1"), Err(Misread::NowhereFound("y = 1".to_owned())));
    assert_eq!(of_twice(""), Err(Misread::NoCode));
    for answer in ["", "I cannot help with that.", "```\n```", "```python\ndef other():\n    return 1\n```"] {
        assert_eq!(of_total(answer), Err(Misread::NoCode), "{answer}");
    }
    let unfinished = "<<<<<<< SEARCH\n        result -= price\n=======\n        result += pr";
    assert_eq!(of_total(unfinished), Err(Misread::NoCode));
}

#[test]
fn unchanged_code_and_code_with_parts_left_out_is_refused() {
    let with_comment = TOTAL.replace("    result = 0", "    # From nothing.\n    result = 0  # nothing");
    for answer in [TOTAL, with_comment.as_str()] {
        assert_eq!(of_total(&format!("```python\n{answer}```")), Err(Misread::Unchanged));
    }
    for part in
        ["    ...\n", "    # ... rest of the function\n", "    # existing code unchanged\n", "    # …\n"]
    {
        let answer = format!("```python\ndef total(prices):\n    result = 0\n{part}    return result\n```");
        assert_eq!(of_total(&answer), Err(Misread::LeftOut), "{part}");
    }
    let spread = "function f(a) {\n  return g(a);\n}\n";
    let answer = "```js\nfunction f(a) {\n  return g(\n    ...a\n  );\n}\n```";
    assert!(read(&[("a.js", spread)], &[("a.js", "return")], answer).is_ok(), "a spread is no ellipsis");
    let stub = "def f(x):\n    ...\n    return x\n";
    let answer = "```python\ndef f(x):\n    ...\n    return x + 1\n```";
    assert!(read(&[("a.py", stub)], &[("a.py", "return")], answer).is_ok(), "what was there may stay");
}

#[test]
fn methods_come_with_their_class_or_without() {
    let class =
        "class Cart:\n    def total(self):\n        return 0\n\n    def other(self):\n        return 1\n";
    let wanted = class.replace("return 0", "return 2");
    for answer in [
        "```python\ndef total(self):\n    return 2\n```",
        "```python\n    def total(self):\n        return 2\n```",
        "```python\nclass Cart:\n    def total(self):\n        return 2\n```",
    ] {
        let texts = read(&[("a.py", class)], &[("a.py", "return 0")], answer);
        assert_eq!(texts, Ok(vec![wanted.clone()]), "{answer}");
    }
    let class = "class Cart {\n  total() {\n    return 0;\n  }\n}\n";
    let answer = "```js\ntotal() {\n  return 2;\n}\n```";
    let texts = read(&[("a.js", class)], &[("a.js", "return")], answer);
    assert_eq!(texts, Ok(vec![class.replace("return 0", "return 2")]));
}

#[test]
fn line_ends_of_the_file_are_kept() {
    let dos = format!("x = 1\n\n{TOTAL}").replace('\n', "\r\n");
    let wanted = dos.replace("-=", "+=");
    let edit = "<<<<<<< SEARCH\n        result -= price\n=======\n        result += price\n>>>>>>> REPLACE\n";
    for answer in [format!("```python\n{}```", mended()), edit.to_owned()] {
        assert_eq!(read(&[("a.py", &dos)], &[("a.py", "-=")], &answer), Ok(vec![wanted.clone()]), "{answer}");
    }
}

#[test]
fn several_files_may_be_changed_and_tests_may_not() {
    let files = [
        ("a.py", TOTAL),
        ("b.py", "def f():\n    return 1\n"),
        ("test_a.py", "def test_total():\n    assert 0\n"),
    ];
    let marks = [("a.py", "-="), ("b.py", "return")];
    let edit = |file: &str, search: &str, replace: &str| {
        format!("{file}\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n")
    };
    let both = edit("b.py", "    return 1", "    return 2")
        + &edit("a.py", "        result -= price", "        result += price");
    let texts = read(&files, &marks, &both).unwrap();
    assert_eq!(texts, [mended(), files[1].1.replace('1', "2"), files[2].1.to_owned()]);
    let test = edit("test_a.py", "    assert 0", "    assert 1");
    assert_eq!(read(&files, &marks, &test), Err(Misread::NotAllowed("test_a.py".to_owned())));
    let unnamed = edit("", "    return 1", "    return 2");
    assert_eq!(
        read(&files, &marks, &unnamed).unwrap()[1],
        "def f():\n    return 2\n",
        "found where it was shown"
    );
}

#[test]
fn no_answer_brings_the_reader_down() {
    let edit =
        "a.py\n<<<<<<< SEARCH\n        result -= price\n=======\n        result += price\n>>>>>>> REPLACE\n";
    let function = format!("é```python\n{}```", mended());
    for answer in [edit, function.as_str()] {
        for cut in (0..=answer.len()).filter(|at| answer.is_char_boundary(*at)) {
            let _ = of_total(&answer[..cut]);
            let _ = of_total(&answer[cut..]);
        }
    }
}
