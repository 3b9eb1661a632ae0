//! Folders and files nobody would wish for: each is told about in plain words, none of them changes.

use crate::project::{Project, improvements, notices, texts};
use crate::tools;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn a_folder_that_is_no_project_is_told_so() {
    Project::empty().run(&["forge"]).expect(2).says(&["no source file was found", "hephaestus pack list"]);
    let project = Project::with(&[("notes.txt", "nothing to see\n")]);
    project.run(&["goals"]).expect(2).says(&["no source file was found"]);
    project.run(&["forge", "--root", "nowhere"]).expect(2).says(&["nowhere", "not a folder"]);
    project.run(&["forge", "--root", "notes.txt"]).expect(2).says(&["notes.txt", "not a folder"]);
    assert!(!project.path(".hephaestus").exists(), "a state folder was made in what is no project");
}

#[test]
fn a_path_that_is_not_in_the_project_is_refused() {
    let project = Project::of("python-unittest");
    project.run(&["goals", "nowhere.py"]).expect(2).says(&["nowhere.py"]);
    project.run(&["goals", "/"]).expect(2).says(&["not inside"]);
}

#[test]
fn a_file_with_syntax_errors_is_left_alone_and_the_others_are_improved() {
    let project = Project::of("python-unittest");
    project.write(
        "broken.py",
        "def is_odd(number):\n    if number % 2 == 1:\n        return True\n    else\n        return False\n",
    );
    let report = project.forge(&[]);
    assert!(notices(&report).contains("syntax error near line"), "{}", notices(&report));
    assert_eq!(texts(&report["improvements"], "file"), ["calc.py", "calc.py"]);
}

#[test]
fn a_file_in_another_encoding_is_left_out_and_named() {
    let project = Project::of("python-unittest");
    project.write("latin.py", b"# -*- coding: latin-1 -*-\nNAME = 'caf\xe9'\n");
    project.write("wide.py", b"\xff\xfex\0=\x001\0\n\0");
    let report = project.forge(&[]);
    assert!(
        notices(&report).contains("latin.py") && notices(&report).contains("UTF-8"),
        "{}",
        notices(&report)
    );
    assert_eq!(improvements(&report).len(), 2);
}

/// The fixture's module with a byte order mark, CRLF line ends and no line end at the end.
fn windows_text(project: &Project) -> String {
    format!("\u{feff}{}", project.read("calc.py").trim_end().replace('\n', "\r\n"))
}

#[test]
fn crlf_a_byte_order_mark_and_a_missing_final_newline_survive() {
    let project = Project::of("python-unittest");
    let old = windows_text(&project);
    project.write("calc.py", &old);
    let report = project.forge(&["--seed", "1"]);
    assert_eq!(
        texts(&report["improvements"], "rule"),
        ["python/collapse-nested-if", "python/return-condition"]
    );
    for improvement in improvements(&report) {
        let patch = improvement["patch"].as_str().unwrap();
        let changed = patch.lines().count();
        assert!(changed > 3);
        // `lines` cuts CRLF as a whole: what is left would be a lone carriage return.
        for line in patch.split_inclusive('\n').filter(|line| line.starts_with([' ', '+', '-'])).skip(2) {
            assert!(line.ends_with("\r\n") || line.contains("return \"other\""), "{line:?} in {patch}");
        }
    }
    project.run_writing(&["forge", "--apply"]).expect(0);
    let new = project.read("calc.py");
    let expected = old
        .replace(
            "    if number % 2 == 0:\r\n        return True\r\n    else:\r\n        return False\r\n",
            "    return number % 2 == 0\r\n",
        )
        .replace(
            "    if number > 0:\r\n        if number < 10:\r\n            return \"digit\"\r\n",
            "    if number > 0 and number < 10:\r\n        return \"digit\"\r\n",
        );
    assert_eq!(new, expected, "more than the improvements changed");
}

#[test]
fn symlink_loops_and_links_to_elsewhere_are_not_followed() {
    let project = Project::of("python-unittest");
    let elsewhere = project.folder().join("elsewhere.py");
    fs::copy(project.path("calc.py"), &elsewhere).unwrap();
    symlink(project.root(), project.path("loop")).unwrap();
    symlink("ring", project.path("ring")).unwrap();
    symlink("nowhere", project.path("dangling.py")).unwrap();
    symlink(&elsewhere, project.path("linked.py")).unwrap();
    let report = project.forge(&[]);
    assert_eq!(texts(&report["improvements"], "file"), ["calc.py", "calc.py"]);
    project.run_writing(&["forge", "--apply"]).expect(0);
    assert!(fs::read_to_string(elsewhere).unwrap().contains("else:"), "a file outside was written");
}

#[test]
fn symlink_loops_do_not_trouble_a_copying_sandbox() {
    let project = Project::of("python-unittest").env("HEPHAESTUS_SANDBOX", "copy");
    symlink(project.root(), project.path("loop")).unwrap();
    symlink("ring", project.path("ring")).unwrap();
    symlink("nowhere", project.path("dangling.py")).unwrap();
    assert_eq!(improvements(&project.forge(&[])).len(), 2);
}

/// Runs `forge` as a user who owns the project but no more; as root nothing is unreadable.
fn forge_without_privileges(project: &Project) -> crate::project::Run {
    const NOBODY: u32 = 65534;
    let mut command = project.command(&["forge", "--format", "json"]);
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|facts| std::os::unix::fs::MetadataExt::uid(&facts) == 0);
    if is_root {
        give_away(project.folder(), NOBODY);
        command.uid(NOBODY).gid(NOBODY).env("HOME", project.folder());
    }
    crate::project::Run::of(command.output().unwrap())
}

fn give_away(path: &std::path::Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap() {
            give_away(&entry.unwrap().path(), user);
        }
    }
}

#[test]
fn unreadable_files_and_folders_are_left_out_and_named() {
    let project = Project::of("python-unittest");
    project.write("locked/inside.py", "x = 1\n");
    project
        .write("secret.py", "def f(x):\n    if x:\n        return True\n    else:\n        return False\n");
    fs::set_permissions(project.path("secret.py"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(project.path("locked"), fs::Permissions::from_mode(0o000)).unwrap();
    let run = forge_without_privileges(&project);
    fs::set_permissions(project.path("locked"), fs::Permissions::from_mode(0o755)).unwrap();
    let report = run.expect(0).json();
    for text in ["secret.py", "may not be read", "locked"] {
        assert!(notices(&report).contains(text), "{}", notices(&report));
    }
    assert_eq!(texts(&report["improvements"], "file"), ["calc.py", "calc.py"]);
    crate::remains::assert_nothing_left(&project.mark(), &project.temp());
}

#[test]
fn files_that_vanish_while_they_are_read_are_simply_not_there() {
    let project = Project::of("python-unittest");
    let vanishing: Vec<_> = (0..200).map(|n| project.path(&format!("gone/m{n}.py"))).collect();
    fs::create_dir(project.path("gone")).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for path in &vanishing {
                    fs::write(path, "x = 1\n").unwrap();
                }
                for path in &vanishing {
                    fs::remove_file(path).unwrap();
                }
            }
        });
        for _ in 0..8 {
            let run =
                crate::project::Run::of(project.command(&["goals", "--format", "json"]).output().unwrap())
                    .expect(0);
            assert!(!run.err.contains("panicked"), "{}", run.err);
            assert!(run.json()["goals"].as_array().unwrap().len() >= 3);
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_user_without_privileges_gets_the_full_sandbox_too() {
    if !tools::has_namespaces() {
        return;
    }
    let project = Project::of("python-unittest");
    let report = forge_without_privileges(&project).expect(0).json();
    assert_eq!(report["runner"]["isolation"]["files"], "overlay", "{}", report["runner"]);
    assert_eq!(improvements(&report).len(), 2);
    crate::remains::assert_nothing_left(&project.mark(), &project.temp());
}
