//! `--apply`: exactly what was proved is written, and the project is as good as before or better.

use crate::project::{Project, changes, improvements, texts};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn exactly_the_proved_patch_is_written_and_the_suite_still_passes() {
    let project = Project::of("python-unittest");
    let twin = Project::of("python-unittest");
    fs::set_permissions(project.path("calc.py"), fs::Permissions::from_mode(0o754)).unwrap();
    let before = project.fingerprint();
    let report = project.run_writing(&["forge", "--apply", "--format", "json"]).expect(0).json();
    assert_eq!(report["together"]["applied"], true);
    assert_eq!(changes(&before, &project.fingerprint()), ["calc.py"]);
    twin.write("all.patch", report["together"]["patch"].as_str().unwrap());
    let patched = Command::new("git").args(["apply", "all.patch"]).current_dir(twin.root()).status().unwrap();
    assert!(patched.success());
    assert_eq!(project.read("calc.py"), twin.read("calc.py"));
    let mode = fs::metadata(project.path("calc.py")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o754);
    let mut tests = Command::new("python3");
    tests.args(["-m", "unittest", "-q"]).env("PYTHONDONTWRITEBYTECODE", "1");
    project.prepare(&mut tests);
    assert!(tests.output().unwrap().status.success());
}

#[test]
fn what_is_applied_is_remembered_as_applied() {
    let project = Project::of("python-unittest");
    project.run_writing(&["forge", "--apply"]).expect(0).says(&["written: 1 file"]);
    let found = project.run(&["registry", "search"]).expect(0).out;
    assert_eq!(found.matches("applied").count(), 2, "{found}");
}

#[test]
fn applying_when_nothing_was_proved_changes_nothing() {
    let project = Project::of("python-unittest");
    project.write("test_calc.py", "import unittest\n\nimport calc\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        pass\n");
    project.run(&["forge", "--apply"]).expect(0);
}

#[test]
fn improvements_that_hold_alone_and_fail_together_are_not_both_written() {
    // Each may use the spare place once; both together are one too many.
    let project = Project::with(&[
        (
            "pair.py",
            "def first():\n    value = 1\n    return value\n\n\ndef second():\n    value = 2\n    return value\n",
        ),
        (
            "test_pair.py",
            "import inspect\nimport unittest\n\nimport pair\n\n\nclass PairTest(unittest.TestCase):\n    def test_values(self):\n        self.assertEqual(pair.first() + pair.second(), 3)\n\n    def test_one_of_them_is_long(self):\n        self.assertIn('value', inspect.getsource(pair))\n",
        ),
        ("hephaestus.toml", "[testing]\nrunner = \"unittest\"\n"),
    ]);
    let report = project.run_writing(&["forge", "--apply", "--format", "json"]).expect(0).json();
    assert_eq!(improvements(&report).len(), 2, "{report}");
    assert_eq!(report["together"]["improvements"], 1);
    assert_eq!(report["together"]["left_out"].as_array().unwrap().len(), 1);
    assert_eq!(project.read("pair.py").matches("value = ").count(), 1, "{}", project.read("pair.py"));
}

#[test]
fn paths_and_kinds_restrict_what_is_touched() {
    let project = Project::of("python-unittest");
    project.write("lib/more.py", project.read("calc.py"));
    project.write("lib/__init__.py", "");
    project.write(
        "test_more.py",
        project.read("test_calc.py").replace("import calc", "from lib import more as calc"),
    );
    let report = project.forge(&["lib"]);
    assert!(texts(&report["goals"], "file").iter().all(|file| file == "lib/more.py"));
    let proposed = texts(&report["goals"], "kind").into_iter().filter(|kind| kind != "strengthen");
    assert_eq!(proposed.count(), 3, "what no test notices there is told too, and is no proposal");
    assert_eq!(texts(&report["improvements"], "file"), ["lib/more.py"; 2]);
    let report = project.forge(&["--kind", "complexity", "lib/more.py"]);
    assert_eq!(report["goals"].as_array().unwrap().len(), 0);
    let before = project.fingerprint();
    project.run_writing(&["forge", "--apply", "calc.py"]).expect(0);
    assert_eq!(changes(&before, &project.fingerprint()), ["calc.py"]);
}
