//! Proofs: what a run writes down holds in another clone, before and after the change is applied, and does not where a byte
//! is another one.

use crate::project::{Project, Run};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const SHELF: &str = "\
def is_empty(books):
    if len(books) == 0:
        return True
    else:
        return False


def is_full(books):
    if len(books) > 9:
        return True
    else:
        return False
";

const TESTS: &str = "\
import unittest

import shelf


class ShelfTest(unittest.TestCase):
    def test_empty(self):
        self.assertIs(shelf.is_empty([]), True)
        self.assertIs(shelf.is_empty([1]), False)

    def test_full(self):
        self.assertIs(shelf.is_full([1] * 10), True)
        self.assertIs(shelf.is_full([1] * 9), False)
";

fn project() -> Project {
    Project::with(&[("shelf.py", SHELF), ("test_shelf.py", TESTS)])
}

/// Forges and hands out the proofs: of each improvement, and of both together.
fn proofs(project: &Project, more: &[&str]) -> (Vec<PathBuf>, PathBuf) {
    let report = project.run_writing(&[&["forge", "--format", "json"], more].concat()).expect(0).json();
    let path = |value: &Value| project.path(value.as_str().unwrap());
    let single: Vec<PathBuf> =
        report["improvements"].as_array().unwrap().iter().map(|own| path(&own["proof"])).collect();
    assert_eq!(single.len(), 2, "{report:#}");
    let [together] = report["together"]["proofs"].as_array().unwrap().as_slice() else {
        panic!("one proof of both: {report:#}")
    };
    (single, path(together))
}

fn verify(project: &Project, proof: &Path, more: &[&str]) -> Run {
    project.run(&[&["verify", proof.to_str().unwrap()], more].concat())
}

#[test]
fn a_proof_made_in_one_clone_holds_in_another_before_and_after_the_change() {
    let (maker, other) = (project(), project());
    let (single, together) = proofs(&maker, &["--apply"]);
    for proof in single.iter().chain([&together]) {
        let run = verify(&other, proof, &[]);
        assert_eq!((run.code, run.out.contains("proved again")), (0, true), "{run:?}");
    }
    assert_eq!(other.read("shelf.py"), SHELF, "nothing is changed");
    // Where it was made both changes are in the file already.
    let applied = maker.read("shelf.py");
    assert_ne!(applied, SHELF);
    let run = verify(&maker, &together, &[]);
    assert_eq!((run.code, run.out.contains("taken back in a copy")), (0, true), "{run:?}");
    assert_eq!(maker.read("shelf.py"), applied);
    // That of one alone is about another text.
    let run = verify(&maker, &single[0], &[]);
    assert_eq!((run.code, run.out.contains("shelf.py is neither as it was")), (1, true), "{run:?}");
}

#[test]
fn one_changed_byte_is_noticed_and_named() {
    let (maker, other) = (project(), project());
    let (single, _) = proofs(&maker, &[]);
    let proof = &single[0];
    let text = fs::read_to_string(proof).unwrap();
    fs::write(proof, text.replacen("test_empty", "test_emptY", 1)).unwrap();
    let run = verify(&other, proof, &[]);
    assert_eq!((run.code, run.err.contains("was changed after it was made")), (2, true), "{run:?}");
    fs::write(proof, &text).unwrap();
    other.write("test_shelf.py", TESTS.replace("[1] * 9", "[2] * 9"));
    let run = verify(&other, proof, &[]);
    assert_eq!((run.code, run.out.contains("test_shelf.py is not what it was")), (1, true), "{run:?}");
    assert!(run.out.contains("nothing was run"), "{run:?}");
    let run = verify(&other, proof, &["--despite-changes"]);
    assert_eq!(run.code, 0, "the tests say the same: {run:?}");
    other.write("shelf.py", SHELF.replace("> 9", "> 8"));
    let run = verify(&other, proof, &["--despite-changes"]);
    assert_eq!((run.code, run.out.contains("shelf.py is neither as it was")), (1, true), "{run:?}");
}

#[test]
fn a_proof_falls_with_the_tests_that_it_does_not_pass_or_that_are_gone() {
    let (maker, other) = (project(), project());
    let (single, together) = proofs(&maker, &[]);
    let source = "        import inspect; self.assertIn('else', inspect.getsource(shelf.is_empty))\n";
    let (head, rest) = TESTS.split_once("    def test_full").unwrap();
    other.write("test_shelf.py", format!("{head}{source}\n    def test_full{rest}"));
    let run = verify(&other, &together, &["--despite-changes", "--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let held: Vec<bool> = report["proofs"][0]["improvements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| own["holds"].as_bool().unwrap())
        .collect();
    assert_eq!(held.iter().filter(|held| **held).count(), 1, "{report:#}");
    let reasons = report["proofs"][0]["improvements"].to_string();
    assert!(reasons.contains("test_empty"), "{reasons}");
    other.write("test_shelf.py", head);
    for proof in single {
        let run = verify(&other, &proof, &["--despite-changes"]);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.out.contains("judged then and does not now") && run.out.contains("test_full"), "{run:?}");
    }
}

#[test]
fn what_is_no_proof_is_a_mistake_of_usage() {
    let project = project();
    for text in ["", "{}", "not json", "{\"format\": \"hephaestus-proof\", \"version\": 99}"] {
        project.write("x.proof", text);
        let run = verify(&project, &project.path("x.proof"), &[]);
        assert_eq!((run.code, run.err.contains("x.proof: this ")), (2, true), "{text}: {run:?}");
    }
    let run = verify(&project, &project.path("absent.proof"), &[]);
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn the_proof_of_a_repair_holds_without_searching_for_it() {
    let wrong = SHELF.replace("> 9", "> 10");
    let files = [("shelf.py", wrong.as_str()), ("test_shelf.py", TESTS)];
    let (maker, other) = (Project::with(&files), Project::with(&files));
    let report = maker.run(&["repair", "--format", "json"]).expect(0).json();
    let proof = maker.path(report["improvements"][0]["proof"].as_str().unwrap());
    let run = verify(&other, &proof, &["--format", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    other.write("shelf.py", SHELF);
    assert_eq!(verify(&other, &proof, &[]).code, 0, "the fix as it is written");
}
