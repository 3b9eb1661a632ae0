//! The search against a probe that judges by the text alone: what is tried, in which order, what comes out of it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hephaestus_core::{
    Acceptance, Behaviour, BehaviourRequest, ByteRange, CancelToken, Dimension, Engine, EngineContext, Goal,
    GoalKind, GoalOrigin, LanguageId, Patch, Probe, ProbeEnd, ProbeRequest, Probed, RelPath, SearchPart,
    SearchSettings, Snapshot, SourceFile, Spectrum, TestLines, TracedTest,
};
use hephaestus_syntax::{Languages, Parsed};

use super::*;

mod languages;

fn parsed(language: &str, name: &str, text: &str) -> Parsed {
    let languages = Languages::builtin().unwrap();
    let id = LanguageId::new(language);
    let file = SourceFile::new(RelPath::new(name).unwrap(), id.clone(), text.to_owned(), false);
    Parsed::new(languages.get(&id).unwrap(), Arc::new(file)).unwrap()
}

/// Every text that single changes make of `text`.
fn made(language: &str, text: &str, test: &str) -> BTreeSet<String> {
    let lexicons = Lexicons::builtin(Languages::builtin().unwrap()).unwrap();
    let source = parsed(language, "a", text);
    let range = ByteRange::new(0, text.len());
    let tests = [parsed(language, "t", test)];
    let changes = lexicons.changes(&source, range, &tests, &Prior::shipped().unwrap());
    changes.into_iter().map(|(_, edits)| patched(&source, edits)).collect()
}

fn patched(source: &Parsed, edits: Vec<Edit>) -> String {
    let file = source.file();
    let patch = Patch::edit(file.path.clone(), file.hash.clone(), edits).unwrap();
    patch.apply_to(&file.path, Some(&file.text)).unwrap().unwrap()
}

/// Asserts that one change makes each of `wanted` of `text`.
fn makes(language: &str, text: &str, wanted: &[&str]) {
    let made = made(language, text, "");
    for wanted in wanted {
        assert!(made.contains(*wanted), "{text:?} never becomes {wanted:?}");
    }
}

#[test]
fn python_is_repaired_by_operators_constants_names_and_calls() {
    let f = |body: &str| format!("def f(a, b):\n    {body}\n");
    let one = |old: &str, new: &str| makes("python", &f(old), &[f(new).as_str()]);
    one("return a < b", "return a <= b");
    one("return a and b", "return a or b");
    one("return a - b", "return b - a");
    one("return a + 1", "return a + 2");
    one("return a[b]", "return a[b + 1]");
    one("return a * b - a", "return a * b");
    one("return min(a)", "return max(a)");
    one("return a.upper()", "return a.lower()");
    one("return sorted(a)", "return a");
    one("return a", "return sorted(set(a))");
    one("return a", "return b");
    one("return a + b * 2", "return (a + b * 2) / 2");
    one("return sorted(a)", "return sorted(a, reverse=True)");
    one("return a if b else 0", "return 0 if b else a");
    one("a, b = b, a", "b, a = b, a");
    one("return 'Yes' if a else 'No'", "return 'YES' if a else 'NO'");
}

#[test]
fn python_statements_are_guarded_moved_and_dropped() {
    let text = "def f(xs):\n    n = 0\n    for x in xs:\n        n += x\n    return n\n";
    makes(
        "python",
        text,
        &[
            "def f(xs):\n    n = 0\n    for x in xs:\n        if x:\n            n += x\n    return n\n",
            "def f(xs):\n    n = 0\n    for x in xs:\n        n += x\n        return n\n    pass\n",
            "def f(xs):\n    pass\n    for x in xs:\n        n += x\n    return n\n",
            "def f(xs):\n    n = 0\n    for x in xs:\n        break\n        n += x\n    return n\n",
            "def f(xs):\n    n = 0\n    for x in xs:\n        n = x\n    return n\n",
        ],
    );
}

#[test]
fn javascript_and_rust_are_repaired_by_the_same_engine() {
    let text = "function f(a, b) {\n  return a == b ? a : 1;\n}\n";
    makes(
        "javascript",
        text,
        &[
            "function f(a, b) {\n  return a != b ? a : 1;\n}\n",
            "function f(a, b) {\n  return a == b ? 1 : a;\n}\n",
            "function f(a, b) {\n  return a == b ? a : 0;\n}\n",
        ],
    );
    let text = "fn f(a: i32, n: i32) -> i32 {\n    for i in 0..n {\n        g(a);\n    }\n    a\n}\n";
    makes(
        "rust",
        text,
        &[
            "fn f(a: i32, n: i32) -> i32 {\n    for i in 0..=n {\n        g(a);\n    }\n    a\n}\n",
            "fn f(a: i32, n: i32) -> i32 {\n    for i in 0..n + 1 {\n        g(a);\n    }\n    a\n}\n",
            "fn f(a: i32, n: i32) -> i32 {\n    for i in 1..n {\n        g(a);\n    }\n    a\n}\n",
        ],
    );
}

#[test]
fn what_tests_mention_is_put_in_and_misspelt_words_are_set_right() {
    let text = "def f():\n    return 'Jupyter'\n";
    assert!(made("python", text, "assert f() == 'Jupiter'\n").contains("def f():\n    return 'Jupiter'\n"));
    let text = "def f(c):\n    return c == '!'\n";
    assert!(
        made("python", text, "assert f('a?b')\n").contains("def f(c):\n    return c == \"?\"\n")
            || made("python", text, "assert f('a?b')\n").contains("def f(c):\n    return c == '?'\n")
    );
}

#[test]
fn every_kind_a_repair_file_names_is_one_of_its_grammars() {
    let languages = Languages::builtin().unwrap();
    for language in languages.all() {
        let Some(text) = language.pack().file(FILE) else { continue };
        let shares =
            |other: &str| other == text || other.contains(&format!("{EXTENDS} = \"{}\"", language.id()));
        let sharing: Vec<_> =
            languages.all().into_iter().filter(|other| other.pack().file(FILE).is_some_and(shares)).collect();
        let data: toml::Value = toml::from_str(text).unwrap();
        let lists = data["nodes"].as_table().unwrap().iter().filter(|(key, _)| *key != "truth_operators");
        let names = lists.flat_map(|(_, value)| match value {
            toml::Value::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap().to_owned()).collect(),
            toml::Value::Table(kinds) => kinds.keys().cloned().collect::<Vec<String>>(),
            other => panic!("{other} is no list of kinds"),
        });
        for name in names {
            let known = sharing.iter().any(|other| other.grammar().id_for_node_kind(&name, true) != 0);
            assert!(known, "{}: no grammar has `{name}`", language.id());
        }
    }
}

/// Passes what makes `right` of the file; a change with which the file has `half` mends one test.
struct ByText {
    text: &'static str,
    right: Vec<&'static str>,
    half: Option<&'static str>,
    lines: std::ops::RangeInclusive<u32>,
    asked: Mutex<Vec<usize>>,
}

impl ByText {
    fn new(text: &'static str, right: &[&'static str]) -> Self {
        Self { text, right: right.to_vec(), half: None, lines: 1..=20, asked: Mutex::default() }
    }

    fn traced(&self, id: &str) -> TracedTest {
        let lines = TestLines::from([(RelPath::new("a.py").unwrap(), self.lines.clone().collect())]);
        TracedTest { id: id.to_owned(), failure: None, lines }
    }
}

impl Probe for ByText {
    fn spectrum(&self, _: &LanguageId, _: &CancelToken) -> Result<Spectrum, String> {
        Ok(Spectrum { red: vec![self.traced("one"), self.traced("two")], green: vec![] })
    }

    fn probe(
        &self,
        request: &ProbeRequest<'_>,
        _: &CancelToken,
        done: &mut dyn FnMut(Probed),
    ) -> Result<Duration, String> {
        self.asked.lock().unwrap().push(request.variants.len());
        for variant in request.variants {
            let mut text = self.text.to_owned();
            for edit in variant.edits.iter().rev() {
                text.replace_range(edit.range.start..edit.range.end, &edit.text);
            }
            let (end, red_passed) = if self.right.iter().any(|right| *right == text) {
                (ProbeEnd::Passed, 2)
            } else {
                (ProbeEnd::Failed, u32::from(self.half.is_some_and(|half| text.contains(half))))
            };
            done(Probed { variant: variant.id, end, red_passed, mark: String::new() });
        }
        Ok(Duration::from_millis(1))
    }

    /// Says what the text of the variant is.
    fn behaviour(&self, request: &BehaviourRequest<'_>, _: &CancelToken) -> Result<Behaviour, String> {
        let mut behaviour = Behaviour { inputs: vec!["f(0)".to_owned()], ..Behaviour::default() };
        for variant in request.variants {
            let told = variant.edits.iter().map(|edit| edit.text.clone()).collect::<String>();
            let at = behaviour.said.iter().position(|said| *said == told).unwrap_or_else(|| {
                behaviour.said.push(told);
                behaviour.said.len() - 1
            });
            behaviour.table.insert(variant.id, vec![i32::try_from(at).unwrap()]);
        }
        Ok(behaviour)
    }
}

fn search(probe: &ByText, without: &[SearchPart]) -> Vec<hephaestus_core::Candidate> {
    let languages = Languages::builtin().unwrap();
    let engine = Search::new(languages, SearchSettings { without: without.to_vec() }).unwrap();
    let path = RelPath::new("a.py").unwrap();
    let file = SourceFile::new(path.clone(), LanguageId::new("python"), probe.text.to_owned(), false);
    let snapshot = Snapshot { files: [(path.clone(), Arc::new(file.clone()))].into(), ..Snapshot::default() };
    let range = ByteRange::new(0, 1);
    let goal = Goal {
        id: Goal::stable_id(GoalKind::Repair, "red-test", &path, None, "", 0),
        kind: GoalKind::Repair,
        rule: "red-test".to_owned(),
        file: path.clone(),
        language: LanguageId::new("python"),
        range,
        line: 1,
        message: String::new(),
        why: String::new(),
        symbol: None,
        acceptance: Acceptance {
            improves: vec![Dimension::Functionality],
            target: None,
            must_pass: vec!["one".to_owned(), "two".to_owned()],
        },
        base: file.hash.clone(),
        footprint: vec![path],
        origin: GoalOrigin::Test { test: "one".to_owned(), suspects: vec![] },
        gain: 1.0,
        cost: 1.0,
    };
    let cancel = CancelToken::new();
    let context = EngineContext {
        snapshot: &snapshot,
        parents: &[],
        setbacks: &[],
        limit: 9,
        seed: 1,
        probe: Some(probe),
        cancel: &cancel,
    };
    assert!(engine.accepts(&goal));
    engine.propose(&goal, &context)
}

const SUM: &str = "def f(xs):\n    n = 1\n    for x in xs:\n        n -= x\n    return n\n";

#[test]
fn the_change_that_passes_is_found_and_says_how() {
    let right = "def f(xs):\n    n = 0\n    for x in xs:\n        n -= x\n    return n\n";
    let found = search(&ByText::new(SUM, &[right]), &[]);
    let [only] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(only.operators, ["repair/number-near"]);
    let facts = only.found.as_ref().unwrap();
    assert_eq!((facts.alternatives, facts.mended), (0, 2));
    assert!(facts.tried > 100 && facts.confidence > 0.5, "{facts:?}");
}

#[test]
fn two_changes_at_once_are_found_by_way_of_one_that_mends_something() {
    let right = "def f(xs):\n    n = 0\n    for x in xs:\n        n += x\n    return n\n";
    let mut probe = ByText::new(SUM, &[right]);
    probe.half = Some("n += x");
    let found = search(&probe, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].operators.len(), 2);
    assert_eq!(search(&probe, &[SearchPart::Pairs]), []);
}

#[test]
fn changes_that_pass_but_do_different_things_are_put_as_a_question() {
    let right = [
        "def f(xs):\n    n = 0\n    for x in xs:\n        n -= x\n    return n\n",
        "def f(xs):\n    n = 2\n    for x in xs:\n        n -= x\n    return n\n",
    ];
    let found = search(&ByText::new(SUM, &right), &[]);
    assert_eq!(found.len(), 2);
    let facts = found[0].found.as_ref().unwrap();
    assert_eq!((facts.alternatives, facts.agreeing), (1, 0));
    assert_eq!(facts.questions[0].input, "f(0)");
    assert_ne!(Some(&facts.questions[0].answer), facts.questions[0].others.first());
    let blind = search(&ByText::new(SUM, &right), &[SearchPart::Ranking]);
    assert!(blind[0].found.as_ref().unwrap().questions.is_empty());
}

#[test]
fn the_same_search_tries_the_same_in_the_same_order() {
    let (one, other) = (ByText::new(SUM, &[]), ByText::new(SUM, &[]));
    assert_eq!(search(&one, &[]), search(&other, &[]));
    assert_eq!(*one.asked.lock().unwrap(), *other.asked.lock().unwrap());
}

#[test]
fn tests_that_fail_in_different_functions_have_different_causes() {
    let path = RelPath::new("a.py").unwrap();
    let text = "def f(x):\n    return x\n\n\ndef g(x):\n    return x\n";
    let file = SourceFile::new(path.clone(), LanguageId::new("python"), text.to_owned(), false);
    let snapshot = Snapshot { files: [(path.clone(), Arc::new(file))].into(), ..Snapshot::default() };
    let traced = |id: &str, lines: &[u32]| TracedTest {
        id: id.to_owned(),
        failure: None,
        lines: TestLines::from([(path.clone(), lines.iter().copied().collect())]),
    };
    let spectrum = Spectrum {
        red: vec![traced("f1", &[2]), traced("g1", &[6]), traced("f2", &[2])],
        green: vec![traced("ok", &[6])],
    };
    let causes = causes(&spectrum, &snapshot, Languages::builtin().unwrap());
    let tests: Vec<_> = causes.iter().map(|cause| cause.tests.clone()).collect();
    assert_eq!(tests, [vec!["f1".to_owned(), "f2".to_owned()], vec!["g1".to_owned()]]);
    assert_eq!((causes[0].suspects[0].line, causes[1].suspects[0].line), (2, 6));
    assert!(causes[0].suspects[0].suspicion > causes[1].suspects[0].suspicion);
}
