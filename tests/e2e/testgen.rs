//! `hephaestus testgen`: tests that notice what no test did, written where the project keeps its tests and left alone when
//! they are there.

use crate::project::Project;
use serde_json::Value;

/// Nobody looks at the borders of `grade`, nor at what `total` makes of nothing.
const CODE: &str = "\
def grade(points):
    \"\"\"A grade for points.\"\"\"
    if points >= 90:
        return \"good\"
    if points >= 50:
        return \"fair\"
    return \"poor\"


def total(numbers, start=0):
    result = start
    for number in numbers:
        result += number
    return result
";

const TESTS: &str = "\
import unittest

from marks import grade, total


class MarksTest(unittest.TestCase):
    def test_grade(self):
        self.assertEqual(grade(95), \"good\")

    def test_total(self):
        self.assertEqual(total([]), 0)
";

const SETTINGS: &str = "[testing]\nrunner = \"unittest\"\n";

fn marks() -> Project {
    Project::with(&[
        ("marks.py", CODE),
        ("tests/__init__.py", ""),
        ("tests/test_marks.py", TESTS),
        ("hephaestus.toml", SETTINGS),
    ])
}

fn run(project: &Project, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ["testgen", "--format", "json"].iter().chain(arguments).copied().collect();
    let ran = if arguments.contains(&"--apply") { project.run_writing(&all) } else { project.run(&all) };
    ran.expect(0).json()
}

fn score(report: &Value, side: &str) -> f64 {
    report[side]["score"].as_f64().unwrap()
}

#[test]
fn new_tests_notice_what_no_test_did_and_a_second_run_agrees() {
    let project = marks();
    let shown = run(&project, &[]);
    assert!(score(&shown, "after") > score(&shown, "before") + 20.0, "{shown}");
    assert!(
        shown["patch"].as_str().unwrap().contains("+++ b/tests/test_marks_characterisation.py"),
        "{shown}"
    );

    let written = run(&project, &["--apply"]);
    let text = project.read("tests/test_marks_characterisation.py");
    assert!(text.contains("class TestMarksCharacterisation(unittest.TestCase):"), "{text}");
    assert!(text.contains("from marks import"), "{text}");
    let mutants = project.run(&["mutants", "marks.py", "--format", "json", "--fresh"]).expect(0).json();
    let all = mutants["files"]["marks.py"]["mutants"].as_array().unwrap();
    let noticed =
        all.iter().filter(|one| matches!(one["status"].as_str(), Some("Killed" | "Timeout"))).count();
    assert_eq!(
        u64::try_from(noticed).ok(),
        written["after"]["killed"].as_u64(),
        "the score is what mutants measures"
    );

    let again = run(&project, &["--apply"]);
    assert_eq!(again["stats"]["kills"], 0, "{again}");
}

#[test]
fn a_threshold_that_is_missed_writes_nothing_and_says_so() {
    let project = marks();
    let run = project.run(&["testgen", "--apply", "--min-kills", "1000", "--budget", "20s"]).expect(1);
    assert!(run.err.contains("1000 are required"), "{}", run.err);
    assert!(!project.path("tests/test_marks_characterisation.py").exists());
}
