//! Two runs at once on one project, and a user who edits meanwhile.

use crate::project::{Project, Run, changes, improvements};
use crate::remains::{assert_nothing_left, eventually};

fn end_of(child: std::process::Child) -> Run {
    Run::of(child.wait_with_output().unwrap())
}

#[test]
fn two_runs_at_once_both_end_well_and_are_both_remembered() {
    let project = Project::of("python-unittest");
    let before = project.fingerprint();
    let both = [project.start(&["forge", "--format", "json"]), project.start(&["forge", "--format", "json"])];
    for child in both {
        assert_eq!(improvements(&end_of(child).expect(0).json()).len(), 2);
    }
    assert_eq!(changes(&before, &project.fingerprint()), Vec::<String>::new());
    assert_nothing_left(&project.mark(), &project.temp());
    let log = project.run(&["registry", "log"]).expect(0).out;
    assert_eq!(log.matches("(done)").count(), 2, "{log}");
    project.run(&["registry", "export"]).expect(0);
}

#[test]
fn two_runs_at_once_do_not_both_write() {
    let project = Project::of("python-unittest");
    let both = [project.start(&["forge", "--apply"]), project.start(&["forge", "--apply"])];
    let mut written = 0;
    for run in both.map(end_of) {
        written += usize::from(run.err.contains("written: 1 file"));
        if run.code != 0 {
            run.expect(4).says(&["has changed since it was read; nothing was written"]);
        }
    }
    assert_eq!(written, 1, "the second one must refuse, or find nothing left to do");
    assert_eq!(project.read("calc.py").matches("return number % 2 == 0").count(), 1);
    project.run(&["forge", "--trials", "1"]).expect(0);
}

#[test]
fn an_edit_meanwhile_is_never_overwritten() {
    let project = Project::slow();
    let child = project.start(&["forge", "--apply", "--trials", "3"]);
    eventually("the tests run", || project.test_runs() > 0);
    project.append("calc.py", "# edited meanwhile\n");
    let edited = project.fingerprint();
    end_of(child).expect(4).says(&["`calc.py` has changed since it was read; nothing was written"]);
    assert_eq!(changes(&edited, &project.fingerprint()), Vec::<String>::new());
    assert_nothing_left(&project.mark(), &project.temp());
}

#[test]
fn a_file_deleted_meanwhile_does_not_come_back() {
    let project = Project::slow();
    project.write("more.py", "def is_odd(number):\n    if number % 2 == 1:\n        return True\n    else:\n        return False\n");
    let child = project.start(&["forge", "--apply", "--trials", "3"]);
    eventually("the tests run", || project.test_runs() > 0);
    std::fs::remove_file(project.path("calc.py")).unwrap();
    end_of(child);
    assert!(!project.path("calc.py").exists());
    assert_nothing_left(&project.mark(), &project.temp());
}
