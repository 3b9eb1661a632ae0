//! `hephaestus mutants`: what kills, what survives, what is neither, and what a second run repeats.

use crate::project::{Project, Run, changes};
use crate::remains::{PATIENCE, assert_nothing_left, assert_nothing_mounted, marked_processes, within};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};

const SCHEMA: &str = include_str!("schemas/mutation-testing-report-schema.json");

/// `loops` never ends with `n + 1`; nobody looks at what `weak` gives back.
const LOOPS: &str =
    "def loops(n):\n    while n > 0:\n        n = n - 1\n    return n\n\n\ndef weak(n):\n    return n * 3\n";

const LOOP_TESTS: &str = "import unittest\n\nimport loops\n\n\nclass LoopTest(unittest.TestCase):\n    def test_loops(self):\n        self.assertEqual(loops.loops(3), 0)\n\n    def test_weak(self):\n        loops.weak(2)\n";

/// What runs that are stopped half-way log: each mutant as it is settled.
const LOG: &str = "hephaestus_workspace=debug";

const QUICK: &str = "[testing]\nrunner = \"unittest\"\ntimeout_floor = 0.5\n\n[mutants]\noperators = [\"arithmetic/*\", \"comparison/*\"]\n";

fn loops() -> Project {
    Project::with(&[("loops.py", LOOPS), ("test_loops.py", LOOP_TESTS), ("hephaestus.toml", QUICK)])
}

/// The report as JSON, checked against its schema.
fn report(project: &Project, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ["mutants", "--format", "json"].iter().chain(arguments).copied().collect();
    checked(project.run(&all).expect(0).json())
}

fn checked(report: Value) -> Value {
    let validator = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path)).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    report
}

fn mutants(report: &Value) -> Vec<&Value> {
    let files = report["files"].as_object().unwrap();
    files.values().flat_map(|file| file["mutants"].as_array().unwrap()).collect()
}

/// The status of the only mutant by this operator.
fn status<'a>(report: &'a Value, operator: &str) -> &'a str {
    let mut found = mutants(report).into_iter().filter(|mutant| mutant["mutatorName"] == operator);
    let mutant = found.next().unwrap_or_else(|| panic!("no {operator} in {report}"));
    assert!(found.next().is_none(), "several of {operator}");
    mutant["status"].as_str().unwrap()
}

fn count(report: &Value, status: &str) -> usize {
    mutants(report).iter().filter(|mutant| mutant["status"] == status).count()
}

#[test]
fn what_is_noticed_what_survives_and_what_never_ends() {
    let project = loops();
    let report = report(&project, &[]);
    assert_eq!(status(&report, "arithmetic/minus-to-plus"), "Timeout");
    assert_eq!(status(&report, "comparison/greater-to-greater-or-equal"), "Killed");
    assert_eq!(status(&report, "arithmetic/times-to-divide"), "Survived");
    for mutant in mutants(&report) {
        assert!(mutant["replacement"].is_string() && mutant["location"]["start"]["line"].as_u64() > Some(0));
    }
    let killed = mutants(&report).into_iter().find(|mutant| mutant["status"] == "Killed").unwrap();
    let killer = &killed["killedBy"][0];
    let tests: Vec<&Value> =
        report["testFiles"]["test_loops.py"]["tests"].as_array().unwrap().iter().collect();
    let named = tests.iter().find(|test| test["id"] == *killer).unwrap();
    assert!(named["name"].as_str().unwrap().contains("test_loops"), "{named}");
}

#[test]
fn text_shows_the_table_and_the_survivors_with_their_lines() {
    let project = loops();
    let out = project.run(&["mutants"]).expect(0).out;
    assert!(out.contains("file ") && out.contains("no coverage") && out.contains("66.6"), "{out}");
    assert!(out.contains("survived loops.py:8:14") && out.contains("1 test reaches it"), "{out}");
    assert!(out.contains("- return n * 3") && out.contains("+ return n / 3"), "{out}");
    assert!(!out.contains('\u{1b}'), "colours in a pipe");
    let coloured = project.run(&["mutants", "--color", "always", "--quiet"]).expect(0).out;
    assert!(coloured.contains("\u{1b}[31m- return n * 3") && !coloured.contains("file "), "{coloured}");
}

#[test]
fn the_score_decides_about_the_exit_code() {
    let project = loops();
    let missed = project.run(&["mutants", "--min-score", "70"]).expect(1);
    assert!(missed.out.contains("survived"), "the report is printed all the same: {missed:?}");
    missed.says(&["the score is 66.6, 70 is required"]);
    project.run(&["mutants", "--min-score", "66"]).expect(0);
    project.run(&["mutants", "--min-score", "101"]).expect(2);
    project.append("hephaestus.toml", "min_score = 90.0\n");
    project.run(&["mutants"]).expect(1);
    project.run(&["mutants", "--min-score", "0"]).expect(0);
}

#[test]
fn a_second_run_runs_nothing_and_says_the_same() {
    let project = loops();
    let first = report(&project, &[]);
    assert_eq!(first["config"]["remembered"], 0);
    project.write("no-unittest-any-more", "");
    fs::remove_file(project.path("no-unittest-any-more")).unwrap();
    let second = report(&project, &[]);
    assert_eq!(second["config"]["remembered"], mutants(&first).len());
    assert_eq!(second["config"]["cpuSeconds"], 0.0);
    assert_eq!(first["files"], second["files"]);
    let fresh = report(&project, &["--fresh"]);
    assert_eq!(fresh["config"]["remembered"], 0);
}

#[test]
fn what_has_changed_is_tried_again() {
    let project = loops();
    report(&project, &[]);
    project.write("test_loops.py", LOOP_TESTS.replace("loops.weak(2)", "self.assertEqual(loops.weak(2), 6)"));
    let stronger = report(&project, &[]);
    assert_eq!(status(&stronger, "arithmetic/times-to-divide"), "Killed", "a stale survivor");
    project.write("test_loops.py", LOOP_TESTS.replace("loops.weak(2)", "pass"));
    assert_eq!(status(&report(&project, &[]), "arithmetic/times-to-divide"), "NoCoverage", "a stale kill");
}

#[test]
fn a_runner_that_breaks_never_kills() {
    let command = "[testing]\ncommand = \"python3 -m unittest -q || exit 127\"\n";
    let project = loops();
    project.write("hephaestus.toml", command);
    let report = report(&project, &["--operator", "comparison/*"]);
    assert_eq!(status(&report, "comparison/greater-to-greater-or-equal"), "RuntimeError");
    let again = checked(project.run(&["mutants", "--format", "json", "--operator", "comparison/*"]).json());
    assert_eq!(again["config"]["remembered"], 0, "an error says nothing, so it is not remembered");
}

#[test]
fn a_command_of_ones_own_kills_by_its_exit_code() {
    let project = loops();
    project.write("hephaestus.toml", "[testing]\ncommand = \"python3 -m unittest -q\"\n");
    let report = report(&project, &["--operator", "comparison/*,arithmetic/times*"]);
    assert_eq!((count(&report, "Killed"), count(&report, "Survived")), (1, 1));
}

#[test]
fn what_does_not_compile_is_unviable() {
    let project = Project::of("rust-cargo");
    project.write("src/lib.rs", "pub fn join(a: String, b: &str) -> String {\n    a + b\n}\n\n#[test]\nfn joins() {\n    assert_eq!(join(\"a\".to_owned(), \"b\"), \"ab\");\n}\n");
    let report = report(&project, &["--operator", "arithmetic/plus-to-minus"]);
    assert_eq!(status(&report, "arithmetic/plus-to-minus"), "CompileError");
}

fn git(project: &Project, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=e2e", "-c", "user.email=e2e@example.org"]).args(arguments);
    project.prepare(&mut git);
    let output = git.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn only_changed_lines_get_mutants_where_asked_for() {
    let project = loops();
    git(&project, &["init", "--quiet"]);
    git(&project, &["add", "--all"]);
    git(&project, &["commit", "--quiet", "--message", "first"]);
    let list = |arguments: &[&str]| {
        let all: Vec<&str> = ["mutants", "--list", "--quiet"].iter().chain(arguments).copied().collect();
        project.run(&all).expect(0).out
    };
    assert_eq!(list(&["--in-diff", "HEAD"]), "");
    assert_eq!(list(&[]).lines().count(), 3);
    project.write("loops.py", LOOPS.replace("n * 3", "n * 4"));
    project.write("new.py", "def new(a, b):\n    return a + b\n");
    let since = list(&["--in-diff", "HEAD"]);
    assert_eq!(since.lines().count(), 2, "{since}");
    assert!(since.contains("loops.py:8:14") && since.contains("new.py:2:14"), "{since}");
    let diff = git(&project, &["diff", "HEAD"]);
    let file = project.folder().join("change.diff");
    fs::write(&file, &diff).unwrap();
    let of_file = list(&["--in-diff", file.to_str().unwrap()]);
    assert!(of_file.lines().count() == 1 && of_file.contains("loops.py:8:14"), "{of_file}");
    let mut command = project.command(&["mutants", "--list", "--quiet", "--in-diff", "-"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(diff.as_bytes()).unwrap();
    assert_eq!(Run::of(child.wait_with_output().unwrap()).expect(0).out, of_file);
    project.run(&["mutants", "--in-diff", "no-such-revision"]).expect(2).says(&["no-such-revision"]);
    project.run(&["mutants", "--in-diff", "--output=x"]).expect(2);
    fs::write(&file, "this is no diff\n").unwrap();
    project.run(&["mutants", "--in-diff", file.to_str().unwrap()]).expect(2).says(&["no unified diff"]);
}

#[test]
fn the_page_is_complete_and_is_written_where_it_was_asked_for() {
    let project = loops();
    let file = project.folder().join("page.html");
    let run = project.run(&["mutants", "--format", "html", "--output", file.to_str().unwrap()]).expect(0);
    assert_eq!(run.out, "");
    run.says(&["the tests notice 2 of 3 mutants", "written"]);
    let page = fs::read_to_string(&file).unwrap();
    let data = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data = checked(serde_json::from_str(data).unwrap());
    assert_eq!(mutants(&data).len(), 3);
    assert!(page.contains("mutation-test-report-app") && !page.contains("src=\"http"));
    let nowhere = project.folder().join("no/such/folder/page.html");
    project.run(&["mutants", "--format", "html", "--output", nowhere.to_str().unwrap()]).expect(4);
}

/// A run that has settled so many mutants, and what it goes on to log. Processes are no measure: a test run may have
/// several.
fn run_that_settled(project: &Project, arguments: &[&str], count: usize) -> (Child, JoinHandle<String>) {
    let mut child = project.command(arguments).env("HEPHAESTUS_LOG", LOG).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (sender, settled) = channel();
    let log = thread::spawn(move || {
        let mut log = String::new();
        for line in lines.map_while(Result::ok) {
            if line.contains(" settled: ") {
                let _ = sender.send(());
            }
            log.push_str(&line);
            log.push('\n');
        }
        log
    });
    for _ in 0..count {
        settled.recv_timeout(PATIENCE).expect("another mutant is settled");
    }
    (child, log)
}

#[test]
fn a_killed_run_loses_little_and_the_next_one_goes_on() {
    let project = Project::slow();
    let before = project.fingerprint();
    let (mut child, log) = run_that_settled(&project, &["mutants", "--jobs", "1", "--quiet"], 6);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(within(PATIENCE, || marked_processes(&project.mark()).is_empty()), "something still runs");
    assert_nothing_mounted(&project.mark());
    assert_eq!(changes(&before, &project.fingerprint()), Vec::<String>::new());
    let next = report(&project, &[]);
    let remembered = next["config"]["remembered"].as_u64().unwrap();
    let log = log.join().unwrap();
    assert!(
        remembered >= 4 && (remembered as usize) < mutants(&next).len(),
        "{remembered} were known: {log}"
    );
    assert_eq!(count(&next, "Pending"), 0);
}

#[test]
fn ctrl_c_keeps_what_is_known_and_prints_it() {
    let project = Project::slow();
    let arguments = ["mutants", "--jobs", "1", "--format", "json"];
    let (child, log) = run_that_settled(&project, &arguments, 3);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!(run.code, 0, "{}", log.join().unwrap());
    let report = checked(run.json());
    assert_eq!(report["config"]["ended"], "cancelled");
    let settled = mutants(&report).len() - count(&report, "Pending");
    assert!(settled >= 3 && count(&report, "Pending") > 0, "{settled} are settled");
    assert_nothing_left(&project.mark(), &project.temp());
}

#[test]
fn a_budget_ends_the_run_and_the_rest_is_told() {
    let project = Project::slow();
    let run = project.run(&["mutants", "--jobs", "1", "--budget", "2s"]).expect(0);
    assert!(run.out.contains("budget: wall time") && run.out.contains("not tried"), "{}", run.out);
}

#[test]
fn tests_that_cannot_judge_are_told_apart_from_weak_ones() {
    let project = loops();
    project.write(
        "test_loops.py",
        LOOP_TESTS.replace("loops.loops(3), 0", "loops.loops(3), 1").replace("loops.weak(2)", "self.fail()"),
    );
    project.run(&["mutants"]).expect(3).says(&["every test fails"]);
    let without = Project::with(&[("a.py", "x = 1 + 1\n")]);
    without.run(&["mutants"]).expect(3).says(&["no tests were found"]);
    let nothing = Project::with(&[("a.py", "import os\n")]);
    nothing.run(&["mutants", "--min-score", "100"]).expect(0);
}
