//! Tests that do what no test should: the sandbox contains them. How it does is tested in
//! `server/harness/tests/sandbox.rs`; here is what a user sees of it.

use crate::project::{Project, improvements, texts};
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;

/// The fixture with one more test, whose body is `lines`.
fn with_test(lines: &[&str]) -> Project {
    let project = Project::of("python-unittest");
    let head = "import unittest\n\n\nclass Unruly(unittest.TestCase):\n    def test_unruly(self):\n";
    let body: String = lines.iter().map(|line| format!("        {line}\n")).collect();
    project.write("test_unruly.py", format!("{head}{body}"));
    project
}

fn limits(project: &Project, toml: &str) {
    project.append("hephaestus.toml", toml);
}

#[test]
fn a_suite_that_hangs_is_ended_and_told_so() {
    let project = with_test(&["while True:", "    pass"]);
    limits(&project, "baseline_timeout = 2\n");
    project.run(&["forge"]).expect(3).says(&["the tests did not end within 2 s", "baseline_timeout"]);
}

#[test]
fn a_candidate_that_makes_the_tests_hang_times_out() {
    let project = Project::with(&[
        (
            "count.py",
            "def count(limit):\n    seen = 0\n    while seen < limit:\n        seen += 1\n    return seen\n",
        ),
        (
            "test_count.py",
            "import unittest\n\nimport count\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(count.count(3), 3)\n",
        ),
        ("sgconfig.yml", "ruleDirs: [rules]\n"),
        (
            "rules/hang.yml",
            "id: hang\nlanguage: Python\nmessage: stand still\nrule: { pattern: seen += 1 }\nfix: seen += 0\n",
        ),
        ("hephaestus.toml", "[testing]\nrunner = \"unittest\"\ntimeout_floor = 0.5\n"),
    ]);
    let report = project.forge(&[]);
    let of_user: Vec<_> =
        report["rejected"].as_array().unwrap().iter().filter(|one| one["rule"] == "user/hang").collect();
    assert_eq!(of_user.len(), 1, "{}", report["rejected"]);
    assert_eq!(of_user[0]["verdict"], "timed-out");
}

#[test]
fn daemons_do_not_outlive_the_tests() {
    let project = with_test(&[
        "import subprocess",
        "quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)",
        "subprocess.Popen(['sleep', '4321'], start_new_session=True, **quiet)",
    ]);
    // `forge` itself checks that nothing marked runs any more.
    let report = project.forge(&[]);
    assert_eq!(improvements(&report).len(), 2);
    let noted = report.to_string();
    assert!(noted.contains("outlived the tests and were killed"), "{noted}");
}

#[test]
fn a_suite_that_fills_the_disk_is_told_so() {
    let project = with_test(&[
        "with open('big', 'wb') as big:",
        "    for _ in range(64):",
        "        big.write(b'x' * (1 << 20))",
    ]);
    limits(&project, "[sandbox]\ndisk_mb = 16\n");
    let run = project.run(&["forge"]);
    // Either the write fails in the test (which is then red and set aside) or the run is stopped; both are told.
    let told = run.err.contains("disk_mb") || run.out.contains("set aside: 1 that fail");
    assert!(told, "{run:?}");
}

#[test]
fn a_suite_that_eats_memory_fails_and_the_machine_does_not() {
    let project = with_test(&["self.assertEqual(len(bytearray(2 << 30)), 2 << 30)"]);
    limits(&project, "[sandbox]\nmemory_mb = 512\n");
    let report = project.forge(&["--kind", "simplify"]);
    let red = &report["runner"]["red"];
    assert!(red[0]["message"].as_str().unwrap().contains("MemoryError"), "{red}");
    assert_eq!(improvements(&report).len(), 2);
}

#[test]
fn tests_that_write_into_the_workspace_change_nothing_there() {
    let project = with_test(&[
        "import os, shutil",
        "with open('calc.py', 'a') as own: own.write('# was here\\n')",
        "os.makedirs('made/by/tests', exist_ok=True)",
        "os.chmod('test_calc.py', 0o600)",
        "if os.path.exists('data'): shutil.rmtree('data')",
        "os.path.exists('note') and os.remove('note')",
        "os.symlink('/etc/passwd', 'note')",
    ]);
    project.write("data/rows.csv", "a,b\n");
    project.write("note", "keep me\n");
    // `run` compares every byte, mode and time.
    let report = project.forge(&[]);
    assert_eq!(texts(&report["improvements"], "file"), ["calc.py", "calc.py"]);
    for improvement in improvements(&report) {
        assert!(
            !improvement["patch"].as_str().unwrap().contains("was here"),
            "the tests' own change was taken in"
        );
    }
}

#[test]
fn tests_that_write_elsewhere_change_nothing_there() {
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("precious");
    fs::write(&target, "as it was").unwrap();
    let project = with_test(&[
        "import os",
        &format!("place = {:?}", target.display().to_string()),
        "try:",
        "    with open(place, 'w') as file: file.write('changed')",
        "except OSError:",
        "    pass",
    ]);
    assert_eq!(improvements(&project.forge(&[])).len(), 2);
    assert_eq!(fs::read_to_string(target).unwrap(), "as it was");
}

#[test]
fn tests_reach_their_own_servers_and_nobody_elses() {
    let outside = TcpListener::bind("127.0.0.1:0").unwrap();
    outside.set_nonblocking(true).unwrap();
    let port = outside.local_addr().unwrap().port();
    let project = with_test(&[
        "import socket",
        "own = socket.create_server(('127.0.0.1', 0))",
        "client = socket.create_connection(own.getsockname(), timeout=5)",
        "client.close(); own.close()",
        "with self.assertRaises(OSError):",
        &format!("    socket.create_connection(('127.0.0.1', {port}), timeout=1)"),
    ]);
    let report = project.forge(&[]);
    if report["runner"]["isolation"]["network"] == "none" {
        assert_eq!(report["runner"]["red"].as_array().unwrap().len(), 0, "{}", report["runner"]);
    }
    assert_eq!(improvements(&report).len(), 2);
    let knocked = outside.accept();
    assert!(knocked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "somebody came through");
}
