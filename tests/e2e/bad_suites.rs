//! Suites that cannot judge, or not wholly: told apart from candidates that fail, each with what to do.

use crate::project::{Project, improvements, notices, texts};
use serde_json::Value;

/// A test module with these methods of one class.
fn suite(methods: &str) -> String {
    format!("import os\nimport unittest\n\nimport calc\n\n\nclass CalcTest(unittest.TestCase):\n{methods}")
}

/// The names of tests that do not judge, from the evidence of every improvement.
fn set_aside(report: &Value) -> Vec<String> {
    let first = &improvements(report)[0]["evidence"]["set_aside"];
    first.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

const GOOD: &str = "
    def test_even(self):
        self.assertIs(calc.is_even(2), True)
        self.assertIs(calc.is_even(3), False)
";

#[test]
fn a_project_without_tests_is_told_to_write_one() {
    let project = Project::with(&[("calc.py", &Project::of("python-unittest").read("calc.py"))]);
    project.run(&["forge"]).expect(3).says(&["no tests were found", "hint", "[testing] command"]);
}

#[test]
fn a_suite_without_a_test_in_it_is_told_apart() {
    let project = Project::of("python-unittest");
    project.write("test_calc.py", "import unittest\n");
    project.run(&["forge"]).expect(3).says(&["the test suite is empty"]);
}

#[test]
fn a_suite_that_is_red_throughout_ends_the_run_with_what_fails() {
    let project = Project::of("python-unittest");
    project.write(
        "test_calc.py",
        suite("    def test_even(self):\n        self.assertEqual(calc.is_even(2), 'yes')\n"),
    );
    project.run(&["forge"]).expect(3).says(&[
        "every test fails on the unchanged code",
        "test_even",
        "Mend the tests first",
    ]);
}

#[test]
fn a_suite_that_cannot_be_imported_ends_the_run_with_why() {
    let project = Project::of("python-unittest");
    project.write("test_calc.py", "import no_such_module\n");
    project.run(&["forge"]).expect(3).says(&["no_such_module"]);
}

#[test]
fn a_red_test_is_set_aside_and_the_others_judge() {
    let project = Project::of("python-unittest");
    project.write(
        "test_calc.py",
        suite(&format!("{GOOD}\n    def test_red(self):\n        self.fail('always')\n")),
    );
    let report = project.forge(&["--kind", "simplify"]);
    assert_eq!(texts(&report["improvements"], "rule"), ["python/return-condition"]);
    assert!(set_aside(&report).iter().any(|id| id.contains("test_red")), "{:?}", set_aside(&report));
    assert_eq!(report["runner"]["red"].as_array().unwrap().len(), 1);
    assert_eq!(report["runner"]["tests"], 1);
}

#[test]
fn a_test_that_wavers_is_set_aside_and_named() {
    let project = Project::of("python-unittest");
    let wavers = "
    def test_wavers(self):
        seen = os.path.exists('seen')
        open('seen', 'w').close()
        self.assertFalse(seen)
";
    project.write("test_calc.py", suite(&format!("{GOOD}{wavers}")));
    let report = project.forge(&["--kind", "simplify"]);
    assert_eq!(texts(&report["improvements"], "rule"), ["python/return-condition"]);
    assert_eq!(report["runner"]["flaky"].as_array().unwrap().len(), 1, "{}", report["runner"]);
    assert!(set_aside(&report).iter().any(|id| id.contains("test_wavers")), "{:?}", set_aside(&report));
}

#[test]
fn a_suite_that_passes_whatever_one_does_proves_nothing() {
    let project = Project::of("python-unittest");
    project.write("test_calc.py", suite("    def test_nothing(self):\n        self.assertTrue(True)\n"));
    let report = project.forge(&[]);
    assert_eq!(improvements(&report).len(), 0);
    let verdicts = texts(&report["rejected"], "verdict");
    assert!(verdicts.len() >= 3 && verdicts.iter().all(|verdict| verdict == "unreached"), "{verdicts:?}");
    assert!(
        report["rejected"][0]["reason"].as_str().unwrap().contains("no test runs the code"),
        "{}",
        report["rejected"][0]
    );
    project.run(&["forge", "--require", "1"]).expect(1).says(&["0 improvements", "1 required"]);
}

#[test]
fn a_test_command_whose_exit_code_is_always_zero_proves_nothing() {
    let project = Project::of("python-unittest");
    project.write("hephaestus.toml", "[testing]\ncommand = \"python3 -m unittest; true\"\n");
    let report = project.forge(&[]);
    assert_eq!(improvements(&report).len(), 0);
    assert!(texts(&report["rejected"], "verdict").iter().all(|verdict| verdict == "unreached"));
}

#[test]
fn a_test_command_of_ones_own_judges_by_its_exit_code() {
    let project = Project::of("python-unittest");
    project.write("hephaestus.toml", "[testing]\ncommand = \"python3 -m unittest\"\n");
    assert_eq!(improvements(&project.forge(&[])).len(), 2);
}

#[test]
fn a_missing_runner_is_named_with_what_to_do_unless_another_can_judge() {
    let project = Project::of("python-unittest").env("VIRTUAL_ENV", bare_python());
    std::fs::remove_file(project.path("hephaestus.toml")).unwrap();
    project.write("package.json", "{ \"devDependencies\": { \"tape\": \"*\" } }");
    project.write("only.js", "module.exports = 1;\n");
    let report = project.forge(&[]);
    assert!(
        notices(&report).contains("tape is named in package.json but not installed"),
        "{}",
        notices(&report)
    );
    assert_eq!(improvements(&report).len(), 2, "Python is judged all the same");
    let project = Project::of("javascript-tape");
    project
        .run(&["forge"])
        .expect(3)
        .says(&["tape is named in package.json but not installed", "npm install"]);
}

#[test]
fn pytest_is_missing_but_unittest_understands_the_tests() {
    let project = Project::of("python-unittest").env("VIRTUAL_ENV", bare_python());
    std::fs::remove_file(project.path("hephaestus.toml")).unwrap();
    let report = project.forge(&[]);
    assert_eq!(report["runner"]["name"], "unittest");
    assert!(notices(&report).contains("pytest is not installed"), "{}", notices(&report));
    assert_eq!(improvements(&report).len(), 2);
    let project = Project::of("python-pytest").env("VIRTUAL_ENV", bare_python());
    project.run(&["forge"]).expect(3).says(&["pytest is not installed", "pip install pytest"]);
}

/// A virtual environment without any package, made once per machine. It takes its place in one step: tests run side by
/// side.
fn bare_python() -> std::path::PathBuf {
    let tmp = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tmp.join("bare-python");
    if !folder.exists() {
        let making = tempfile::tempdir_in(tmp).unwrap();
        let new = making.path().join("bare-python");
        let made =
            std::process::Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(&new).output();
        assert!(made.unwrap().status.success());
        // Somebody else's may be there by now.
        let _ = std::fs::rename(new, &folder);
    }
    folder
}

#[test]
fn a_project_that_does_not_build_is_told_apart_from_failing_tests() {
    let project = Project::of("rust-cargo");
    project.append("src/lib.rs", "\npub fn broken() -> i64 { \"text\" }\n");
    project.run(&["forge"]).expect(3).says(&["the project does not build", "mismatched types"]);
}
