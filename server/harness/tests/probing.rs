//! The harness as a probe, on small projects with a fault in them: what red tests run through, what becomes of variants
//! of every sort, and that a repair must mend the tests it is for. Needs the project's tools (`cargo xtask setup`),
//! Node.js, a JDK and a Rust toolchain.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on shall fail"
)]

use hephaestus_core::{
    Acceptance, BehaviourRequest, CancelToken, Candidate, ContentHash, Edit, EngineId, Goal, GoalId,
    GoalKind, GoalOrigin, Judge, LanguageId, Patch, Probe, ProbeEnd, ProbeRequest, Probed, RelPath,
    SandboxSettings, Snapshot, SourceFile, TestSettings, Variant, Verdict,
};
use hephaestus_harness::runners::{Facts, Programs};
use hephaestus_harness::sandbox::{HelperCommand, Sandbox};
use hephaestus_harness::{Baseline, Harness, HarnessParts, Problem, Suite, Workbench};
use hephaestus_syntax::{ImportGraph, Languages};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A workspace with one source file that is tried.
struct Project {
    _folder: TempDir,
    snapshot: Snapshot,
    sandbox: Sandbox,
    runner: &'static str,
    language: &'static str,
    file: RelPath,
}

impl Project {
    fn new(runner: &'static str, language: &'static str, files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let mut snapshot = Snapshot { root: root.clone(), ..Snapshot::default() };
        for (path, text) in files {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), text).unwrap();
            if !path.ends_with(".toml") && !path.ends_with(".json") {
                let file = RelPath::new(*path).unwrap();
                let language = LanguageId::new(language);
                snapshot = snapshot.with_file(SourceFile::new(
                    file,
                    language,
                    (*text).to_owned(),
                    path.contains("test"),
                ));
            }
        }
        let helper =
            HelperCommand { program: env!("CARGO_BIN_EXE_hephaestus-sandbox").into(), args: Vec::new() };
        let sandbox = Sandbox::new(helper, SandboxSettings::default());
        Self { _folder: folder, snapshot, sandbox, runner, language, file: RelPath::new(files[0].0).unwrap() }
    }

    fn suite(&self) -> Suite {
        let runners = hephaestus_harness::runners::all().unwrap();
        let runner = runners.iter().find(|runner| runner.name == self.runner).unwrap();
        let mut programs = Programs::of(&self.snapshot.root);
        if self.language == "python" {
            let tools =
                std::env::var("HEPHAESTUS_TOOLS").expect("run `cargo xtask setup` and set HEPHAESTUS_TOOLS");
            programs.python = format!("{tools}/python/bin/python");
        }
        let env = BTreeMap::from([("CARGO_TARGET_DIR".to_owned(), "target".to_owned())]);
        let settings = TestSettings { env, ..TestSettings::default() };
        let mut suite = Suite::new(runner.clone(), programs, &Facts::gather(&self.snapshot), settings);
        suite.red_too = true;
        suite
    }

    fn baseline(&self, suite: &Suite) -> Result<Baseline, Problem> {
        Baseline::take(&self.snapshot.root, &self.sandbox, suite, None, &CancelToken::new())
    }

    fn harness(&self) -> Harness {
        let suite = self.suite();
        let baseline = self.baseline(&suite).unwrap();
        Harness::new(HarnessParts {
            sandbox: self.sandbox.clone(),
            suite,
            baseline,
            snapshot: self.snapshot.clone(),
            languages: Languages::builtin().unwrap(),
            imports: ImportGraph::build(&self.snapshot, &[]),
            recheck: None,
            workbench: Arc::new(Workbench::new(self.sandbox.clone(), self.snapshot.clone())),
            mutator: None,
            most_mutants: 10,
            lab_facts: None,
        })
    }

    fn text(&self) -> &str {
        &self.snapshot.file(&self.file).unwrap().text
    }

    /// Edits that replace the first of each of these words by the second.
    fn edits(&self, changes: &[(&str, &str)]) -> Vec<Edit> {
        let edit = |(old, new): &(&str, &str)| {
            let at = self.text().find(old).unwrap_or_else(|| panic!("no {old}"));
            Edit::new(at..at + old.len(), *new)
        };
        changes.iter().map(edit).collect()
    }

    /// A variant of each, and what is expected of it.
    fn variants(&self, all: &[(&[(&str, &str)], ProbeEnd)]) -> (Vec<Variant>, BTreeMap<u32, ProbeEnd>) {
        let variants: Vec<Variant> = (10..)
            .zip(all)
            .map(|(id, (changes, _))| Variant { id, file: self.file.clone(), edits: self.edits(changes) })
            .collect();
        let expected = (10..).zip(all).map(|(id, (_, end))| (id, *end)).collect();
        (variants, expected)
    }

    fn candidate(&self, goal: &Goal, changes: &[(&str, &str)]) -> Candidate {
        let hash = self.snapshot.file(&self.file).unwrap().hash.clone();
        let patch = Patch::edit(self.file.clone(), hash, self.edits(changes)).unwrap();
        Candidate::new(&goal.id, patch, EngineId::new("search"), vec![], 0.5)
    }

    fn repair(&self, must_pass: &[String]) -> Goal {
        let file = self.file.clone();
        Goal {
            id: GoalId("g".to_owned()),
            kind: GoalKind::Repair,
            rule: "red-test".to_owned(),
            language: LanguageId::new(self.language),
            range: (0..1).into(),
            line: 1,
            message: String::new(),
            why: String::new(),
            symbol: None,
            acceptance: Acceptance { improves: vec![], target: None, must_pass: must_pass.to_vec() },
            base: ContentHash::of(self.text().as_bytes()),
            footprint: vec![file.clone()],
            file,
            origin: GoalOrigin::Test { test: must_pass[0].clone(), suspects: vec![] },
            gain: 1.0,
            cost: 1.0,
        }
    }

    fn spectrum(&self, harness: &Harness) -> hephaestus_core::Spectrum {
        harness.spectrum(&LanguageId::new(self.language), &CancelToken::new()).unwrap()
    }
}

const CALC_PY: &str = "def total(values):
    result = 1
    for value in values:
        result += value
    return result


def double(value):
    return value * 2
";
const TESTS_PY: &str = "from calc import *


def test_sum():
    assert total([1, 2]) == 3


def test_empty():
    assert total([]) == 0


def test_double():
    assert double(4) == 8
";

fn python() -> Project {
    Project::new("pytest", "python", &[("calc.py", CALC_PY), ("test_calc.py", TESTS_PY)])
}

const CALC_JS: &str = "export function total(values) {
  let result = 1;
  for (const value of values) {
    result += value;
  }
  return result;
}

export function double(value) {
  return value * 2;
}
";
const TESTS_JS: &str = "import test from 'node:test';
import assert from 'node:assert';
import { total, double } from './calc.mjs';

test('sum', () => assert.equal(total([1, 2]), 3));
test('empty', () => assert.equal(total([]), 0));
test('double', () => assert.equal(double(4), 8));
";

fn node() -> Project {
    let package = "{\"name\": \"calc\", \"type\": \"module\", \"scripts\": {\"test\": \"node --test\"}}";
    let files = [("calc.mjs", CALC_JS), ("calc.test.mjs", TESTS_JS), ("package.json", package)];
    Project::new("node-test", "javascript", &files)
}

/// Ends, counts of red tests passed, and marks, by variant.
type Ends = BTreeMap<u32, Probed>;

fn probe(harness: &Harness, variants: &[Variant], red: &[String], green: &[String]) -> (Ends, Duration) {
    let limit = Duration::from_secs(120);
    let request = ProbeRequest { variants, red, green, ahead: 4, limit };
    let mut ends = Ends::new();
    let cpu = harness
        .probe(&request, &CancelToken::new(), &mut |probed| drop(ends.insert(probed.variant, probed)))
        .unwrap();
    (ends, cpu)
}

fn only_ends(ends: &Ends) -> BTreeMap<u32, ProbeEnd> {
    ends.iter().map(|(id, probed)| (*id, probed.end)).collect()
}

fn ids(tests: &[hephaestus_core::TracedTest]) -> Vec<String> {
    tests.iter().map(|test| test.id.clone()).collect()
}

/// Every sort of end, and what is told with it.
fn check(project: &Project, all: &[(&[(&str, &str)], ProbeEnd)], lines: &[u32]) {
    let harness = project.harness();
    let spectrum = project.spectrum(&harness);
    let (red, green) = (ids(&spectrum.red), ids(&spectrum.green));
    assert_eq!((red.len(), green.len()), (2, 1), "{spectrum:?}");
    let through: Vec<u32> = spectrum.red.iter().find(|test| test.id.contains("sum")).unwrap().lines
        [&project.file]
        .iter()
        .copied()
        .collect();
    assert!(lines.iter().all(|line| through.contains(line)), "{through:?}");
    let elsewhere = project.text().lines().position(|line| line.contains("value * ")).unwrap() as u32 + 1;
    assert!(!through.contains(&elsewhere), "no red test runs through {elsewhere}: {through:?}");
    assert!(spectrum.red.iter().all(|test| test.failure.is_some()));
    let (variants, expected) = project.variants(all);
    let (ends, cpu) = probe(&harness, &variants, &red, &green);
    assert_eq!(only_ends(&ends), expected, "{ends:?}");
    assert!(cpu > Duration::ZERO);
    for probed in ends.values() {
        match probed.end {
            ProbeEnd::Passed => assert_eq!((probed.red_passed, probed.mark.as_str()), (2, "")),
            ProbeEnd::Broken => assert_eq!(probed.red_passed, 2),
            ProbeEnd::Failed => assert!(probed.red_passed < 2 && !probed.mark.is_empty(), "{probed:?}"),
            _ => {}
        }
    }
    let failed: Vec<&Probed> = ends.values().filter(|probed| probed.end == ProbeEnd::Failed).collect();
    assert_eq!(
        failed.iter().map(|probed| probed.red_passed).max(),
        Some(1),
        "partial fixes are seen: {failed:?}"
    );
}

#[test]
fn python_variants_end_as_they_should() {
    let all: &[(&[(&str, &str)], ProbeEnd)] = &[
        (&[("result = 1", "result = 0")], ProbeEnd::Passed),
        (&[("result = 1", "result = 2")], ProbeEnd::Failed),
        (&[("result = 1", "result = 0"), ("result += value", "result -= value")], ProbeEnd::Failed),
        (&[("result = 1", "result = )")], ProbeEnd::Unloadable),
        (&[("result = 1", "while True: pass")], ProbeEnd::Timeout),
        (&[("result = 1", "result = 0"), ("value * 2", "value * 3")], ProbeEnd::Broken),
        (&[("result = 1", "import os; os._exit(3)")], ProbeEnd::Died),
    ];
    check(&python(), all, &[2, 3, 4, 5]);
}

#[test]
fn javascript_variants_end_as_they_should() {
    let all: &[(&[(&str, &str)], ProbeEnd)] = &[
        (&[("result = 1", "result = 0")], ProbeEnd::Passed),
        (&[("result = 1", "result = 2")], ProbeEnd::Failed),
        (&[("result = 1", "result = 0"), ("result += value", "result -= value")], ProbeEnd::Failed),
        (&[("result = 1", "result = )")], ProbeEnd::Unloadable),
        (&[("let result = 1", "while (true) {}")], ProbeEnd::Timeout),
        (&[("result = 1", "result = 0"), ("value * 2", "value * 3")], ProbeEnd::Broken),
        (&[("return result", "process.kill(process.pid, 'SIGKILL'); return result")], ProbeEnd::Died),
    ];
    check(&node(), all, &[2, 3, 4, 6]);
}

const CALC_JAVA: &str = "public class Calc {
    public static int total(int[] values) {
        int result = 1;
        for (int value : values) {
            result += value;
        }
        return result;
    }

    public static int twice(int value) {
        return value * 2;
    }
}
";
const TESTS_JAVA: &str = "public class CalcTest {
    static void check(String name, boolean holds) {
        System.out.println((holds ? \"PASS \" : \"FAIL \") + name);
    }

    public static void main(String[] arguments) {
        check(\"sum\", Calc.total(new int[] {1, 2}) == 3);
        check(\"empty\", Calc.total(new int[0]) == 0);
        check(\"double\", Calc.twice(4) == 8);
    }
}
";

fn java() -> Project {
    let files = [("Calc.java", CALC_JAVA), ("test/CalcTest.java", TESTS_JAVA)];
    Project::new("javac", "java", &files)
}

#[test]
fn java_variants_end_as_they_should() {
    let mend = ("result = 1", "result = 0");
    let halt = "try { Runtime.class.getMethod(\"halt\", int.class).invoke(Runtime.getRuntime(), 3); } \
                catch (Exception error) { } return result";
    let all: &[(&[(&str, &str)], ProbeEnd)] = &[
        (&[mend], ProbeEnd::Passed),
        (&[("result = 1", "result = 2")], ProbeEnd::Failed),
        (&[mend, ("result += value", "result -= value")], ProbeEnd::Failed),
        (&[("result = 1", "result = )")], ProbeEnd::Unloadable),
        (&[("result = 1", "result = nobody")], ProbeEnd::Unloadable),
        // Only the last phase of the compiler sees this.
        (&[("return result", "while (result > 0) { return 1; }")], ProbeEnd::Unloadable),
        (&[("result = 1", "result = 1; while (result > 0) { }")], ProbeEnd::Timeout),
        (&[mend, ("value * 2", "value * 3")], ProbeEnd::Broken),
        // The one changes what others see, the other is two methods.
        (&[mend, ("int twice(int value)", "long twice(long value)")], ProbeEnd::Passed),
        (&[mend, ("return value * 2;", "return both(value); } private static int both(int value) { return value + value;")], ProbeEnd::Passed),
        (&[("return result", halt)], ProbeEnd::Died),
    ];
    check(&java(), all, &[3, 4, 5, 7]);
}

#[test]
fn a_repair_of_a_java_project_is_judged_by_the_suite_as_it_is() {
    let project = java();
    let harness = project.harness();
    let goal = project.repair(&ids(&project.spectrum(&harness).red));
    let judged = |changes| harness.judge(&goal, &project.candidate(&goal, changes), &CancelToken::new());
    let trial = judged(&[("result = 1", "result = 0")]);
    assert_eq!(trial.verdict, Verdict::Passed, "{:?}", trial.evidence);
    let breaking = judged(&[("result = 1", "result = 0"), ("value * 2", "value * 3")]);
    assert_eq!(breaking.verdict, Verdict::Failed);
}

const CALC_RS: &str = "//! Sums.
use std::fmt;

/// Of all.
pub fn total(values: &[i64]) -> i64 {
    let mut result = 1;
    for value in values {
        result += value;
    }
    result
}

/// A pair.
pub struct Pair(pub Vec<i64>, pub i64);

impl Pair {
    /// Both.
    pub fn sum(self) -> i64 {
        self.1 + total(&self.0)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, \"{}+\", self.1)
    }
}

impl Iterator for Pair {
    type Item = i64;
    fn next(&mut self) -> Option<Self::Item> {
        self.0.pop()
    }
}

const FACTOR: i64 = 2;

pub fn double(value: i64) -> i64 {
    value * FACTOR
}
";
const TESTS_RS: &str = "use calc::*;

#[test]
fn sum() {
    assert_eq!(total(&[1, 2]), 3);
}

#[test]
fn empty() {
    assert_eq!(total(&[]), 0);
}

#[test]
fn other() {
    assert_eq!(double(4), 8);
    assert_eq!(Pair(vec![7], 1).next(), Some(7));
    assert_eq!(Pair(vec![7], 1).to_string(), \"1+\");
}
";

fn rust() -> Project {
    let manifest = "[package]\nname = \"calc\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let files = [("src/lib.rs", CALC_RS), ("tests/it.rs", TESTS_RS), ("Cargo.toml", manifest)];
    Project::new("cargo-test", "rust", &files)
}

#[test]
fn rust_variants_end_as_they_should() {
    let mend = ("result = 1", "result = 0");
    let all: &[(&[(&str, &str)], ProbeEnd)] = &[
        (&[mend], ProbeEnd::Passed),
        (&[("result = 1", "result = 2")], ProbeEnd::Failed),
        (&[mend, ("result += value", "result -= value")], ProbeEnd::Failed),
        (&[("result = 1", "result = )")], ProbeEnd::Unloadable),
        (&[("result = 1", "result = \"1\"")], ProbeEnd::Unloadable),
        (&[("result = 1", "result = nobody")], ProbeEnd::Unloadable),
        // Only the last phase of the compiler sees this.
        (
            &[(
                "for value in values {",
                "let moved = vec![1]; drop(moved); drop(moved); for value in values {",
            )],
            ProbeEnd::Unloadable,
        ),
        (&[("result += value", "loop {}")], ProbeEnd::Timeout),
        (&[("let mut result = 1", "loop {} let mut result = 1")], ProbeEnd::Timeout),
        (&[("let mut result = 1", "std::process::abort(); let mut result = 1")], ProbeEnd::Died),
        (&[("self.0.pop()", "None")], ProbeEnd::Failed),
        (&[("self.0.pop()", "self.0.pop().map(|value: u8| value)")], ProbeEnd::Unloadable),
        (&[("FACTOR: i64 = 2", "FACTOR: i64 = 3")], ProbeEnd::Failed),
        (
            &[("&[i64]) -> i64 {\n    let mut result = 1", "&[i64]) -> u8 {\n    let mut result = 1")],
            ProbeEnd::Unloadable,
        ),
        (&[mend, ("self.1 + total", "self.1 - total")], ProbeEnd::Passed),
    ];
    check(&rust(), all, &[6, 7, 8, 10]);
}

#[test]
fn a_repair_must_mend_the_tests_it_is_for() {
    let project = python();
    let harness = project.harness();
    let red = ids(&project.spectrum(&harness).red);
    let goal = project.repair(&red);
    let judged = |changes| harness.judge(&goal, &project.candidate(&goal, changes), &CancelToken::new());
    let trial = judged(&[("result = 1", "result = 0")]);
    assert_eq!(trial.verdict, Verdict::Passed, "{:?}", trial.evidence);
    assert!(trial.evidence.strength.is_none());
    let partial = judged(&[("result = 1", "result = 0"), ("result += value", "result -= value")]);
    assert_eq!(partial.verdict, Verdict::Failed);
    let failed: Vec<&str> = partial
        .evidence
        .stages
        .iter()
        .flat_map(|stage| &stage.failures)
        .map(|failure| failure.id.as_str())
        .collect();
    assert_eq!(failed, ["test_calc::test_sum"]);
    let breaking = judged(&[("result = 1", "result = 0"), ("value * 2", "value * 3")]);
    assert_eq!(breaking.verdict, Verdict::Failed);
    let mut other = goal.clone();
    other.acceptance.must_pass.clear();
    let aimless = harness.judge(
        &other,
        &project.candidate(&goal, &[("result = 1", "result = 2")]),
        &CancelToken::new(),
    );
    assert_ne!(aimless.verdict, Verdict::Failed, "nobody asked for the red tests: {:?}", aimless.evidence);
}

#[test]
fn a_repair_of_a_built_project_must_mend_its_tests_too() {
    let project = rust();
    let harness = project.harness();
    let goal = project.repair(&ids(&project.spectrum(&harness).red));
    let judged = |changes| harness.judge(&goal, &project.candidate(&goal, changes), &CancelToken::new());
    let trial = judged(&[("result = 1", "result = 0")]);
    assert_eq!(trial.verdict, Verdict::Passed, "{:?}", trial.evidence);
    let partial = judged(&[("result = 1", "result = 0"), ("result += value", "result -= value")]);
    assert_eq!(partial.verdict, Verdict::Failed);
    let last = partial.evidence.stages.last().unwrap();
    assert_eq!(
        last.failures.iter().map(|failure| failure.id.as_str()).collect::<Vec<_>>(),
        ["tests/it.rs::sum"]
    );
}

#[test]
fn a_suite_of_which_every_test_fails_will_do_for_those_who_say_so() {
    let tests = TESTS_PY.split("def test_double").next().unwrap();
    let project = Project::new("pytest", "python", &[("calc.py", CALC_PY), ("test_calc.py", tests)]);
    let mut strict = project.suite();
    strict.red_too = false;
    assert!(matches!(project.baseline(&strict), Err(Problem::AllRed(red)) if red.len() == 2));
    let record = project.baseline(&project.suite()).unwrap().record();
    let again =
        Baseline::take(&project.snapshot.root, &project.sandbox, &strict, Some(&record), &CancelToken::new());
    assert!(matches!(again, Err(Problem::AllRed(_))), "what is remembered judges no more than what is seen");
    let harness = project.harness();
    let spectrum = project.spectrum(&harness);
    assert_eq!((spectrum.red.len(), spectrum.green.len()), (2, 0));
    let (variants, expected) = project.variants(&[(&[("result = 1", "result = 0")], ProbeEnd::Passed)]);
    let (ends, _) = probe(&harness, &variants, &ids(&spectrum.red), &[]);
    assert_eq!(only_ends(&ends), expected);
    let goal = project.repair(&ids(&spectrum.red));
    let trial =
        harness.judge(&goal, &project.candidate(&goal, &[("result = 1", "result = 0")]), &CancelToken::new());
    assert_eq!(trial.verdict, Verdict::Passed, "{:?}", trial.evidence);
}

#[test]
fn nothing_is_tried_for_somebody_who_asked_to_stop_or_has_no_time() {
    let project = python();
    let harness = project.harness();
    let red = ids(&project.spectrum(&harness).red);
    let (variants, _) = project.variants(&[(&[("result = 1", "result = 0")], ProbeEnd::Passed)]);
    let cancel = CancelToken::new();
    cancel.cancel();
    for (limit, cancel) in [(Duration::from_secs(60), cancel), (Duration::ZERO, CancelToken::new())] {
        let request = ProbeRequest { variants: &variants, red: &red, green: &[], ahead: 1, limit };
        let mut told = 0;
        let _ = harness.probe(&request, &cancel, &mut |_| told += 1);
        assert_eq!(told, 0);
    }
}

#[test]
fn what_cannot_be_told_of_a_function_is_a_sentence() {
    let project = python();
    let harness = project.harness();
    let (variants, _) = project.variants(&[(&[("result = 1", "result = 0")], ProbeEnd::Passed)]);
    let request = BehaviourRequest {
        examples: &[],
        file: &project.file,
        function: "no_such_function",
        tests: &["test_calc::test_sum".to_owned()],
        variants: &variants,
        seed: 1,
        mutations: 10,
        limit: Duration::from_secs(20),
    };
    assert!(harness.behaviour(&request, &CancelToken::new()).is_err());
    assert_eq!(project.spectrum(&harness).red.len(), 2, "the lab is as good as before");
}
