//! Ctrl-C: the run ends soon, keeps what was found, and leaves nothing.

use crate::project::{Project, Run, changes, improvements};
use crate::remains::{PATIENCE, assert_nothing_left, eventually, within};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// How long a run may take to end once it was asked to: two seconds, and some more on a busy machine.
const SOON: Duration = Duration::from_secs(5);

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits for the end of an interrupted run; how it ended and how long it took.
fn end_of(mut child: Child) -> (Run, Duration) {
    let started = Instant::now();
    assert!(within(PATIENCE, || child.try_wait().unwrap().is_some()), "it does not end");
    let took = started.elapsed();
    (Run::of(child.wait_with_output().unwrap()), took)
}

fn wait_for_an_improvement(project: &Project) {
    eventually("an improvement is proved", || {
        let found = Run::of(project.command(&["registry", "search", "--limit", "500"]).output().unwrap());
        found.out.contains("proved")
    });
}

#[test]
fn ctrl_c_keeps_what_was_found_and_leaves_nothing() {
    let project = Project::slow();
    let before = project.fingerprint();
    let child = project.start(&["forge", "--format", "json"]);
    wait_for_an_improvement(&project);
    interrupt(&child);
    let (run, took) = end_of(child);
    assert!(took < SOON, "it took {took:?}");
    let report = run.expect(0).says(&["stopping; what was found is kept"]).json();
    assert!(!improvements(&report).is_empty());
    assert_eq!(report["stats"]["ended"], "cancelled");
    let untried =
        report["goals"].as_array().unwrap().iter().filter(|goal| goal["outcome"] == "untried").count();
    assert!(untried > 0, "everything was tried before the interrupt came");
    assert_eq!(changes(&before, &project.fingerprint()), Vec::<String>::new());
    assert_nothing_left(&project.mark(), &project.temp());
    project.run(&["registry", "log"]).expect(0);
}

#[test]
fn ctrl_c_before_anything_was_tried_says_so() {
    let project = Project::slow();
    project.write(
        "test_hang.py",
        "import unittest\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        while True: pass\n",
    );
    let child = project.start(&["forge"]);
    eventually("the tests run", || project.test_runs() > 0);
    interrupt(&child);
    let (run, took) = end_of(child);
    assert!(took < SOON, "it took {took:?}");
    run.expect(1).says(&["stopped before anything was tried"]);
    assert_nothing_left(&project.mark(), &project.temp());
}

#[test]
fn a_second_ctrl_c_ends_the_run_at_once() {
    let project = Project::slow();
    let child = project.start(&["forge"]);
    eventually("the tests run", || project.test_runs() > 0);
    interrupt(&child);
    interrupt(&child);
    let (run, took) = end_of(child);
    assert!(took < SOON && [1, 130].contains(&run.code), "{run:?} took {took:?}");
    let gone = within(PATIENCE, || crate::remains::marked_processes(&project.mark()).is_empty());
    assert!(gone, "{:?}", crate::remains::marked_processes(&project.mark()));
    project.run(&["goals"]).expect(0);
}

#[test]
fn an_interrupted_apply_writes_nothing_unproved() {
    let project = Project::slow();
    let before = project.fingerprint();
    let child = project.start(&["forge", "--apply", "--format", "json"]);
    wait_for_an_improvement(&project);
    interrupt(&child);
    let report = end_of(child).0.expect(0).json();
    if report["together"]["verdict"] != "passed" {
        assert_eq!(changes(&before, &project.fingerprint()), Vec::<String>::new());
        assert_eq!(report["together"]["applied"], false);
    }
    assert_nothing_left(&project.mark(), &project.temp());
}
