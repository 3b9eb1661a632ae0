//! `kill -9` at any moment: nothing stays running or mounted, the user's files are as they were, and the next run
//! sweeps up what could not be.

use crate::project::{Project, changes, improvements};
use crate::remains::{PATIENCE, assert_nothing_mounted, eventually, marked_processes, scratch, within};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Starts a run, kills it when `moment` comes, and looks at what is left.
fn killed_when(project: &Project, what: &str, moment: impl FnMut(&Project) -> bool) {
    let before = project.fingerprint();
    let mut moment = moment;
    let mut child = project.start(&["forge", "--format", "json"]);
    eventually(what, || moment(project) || child.try_wait().unwrap().is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    let gone = within(PATIENCE, || marked_processes(&project.mark()).is_empty());
    assert!(gone, "{what}: still running: {:?}", marked_processes(&project.mark()));
    assert_nothing_mounted(&project.mark());
    assert_eq!(changes(&before, &project.fingerprint()), Vec::<String>::new(), "{what}");
}

/// The next run ends well, sweeps the scratch folder (`run` looks), and the registry can still be read.
fn goes_on(project: &Project) {
    let report = project.forge(&["--trials", "2"]);
    assert!(!improvements(&report).is_empty(), "{report}");
    project.run(&["registry", "log"]).expect(0);
    project.run(&["registry", "export"]).expect(0);
}

#[test]
fn killed_as_soon_as_it_writes_anything() {
    let project = Project::slow();
    killed_when(&project, "a scratch folder is there", |project| !scratch(&project.temp()).is_empty());
    killed_when(&project, "the registry is there", |project| project.path(".hephaestus").exists());
    goes_on(&project);
}

#[test]
fn killed_in_the_baseline() {
    let project = Project::slow();
    killed_when(&project, "the first tests run", |project| project.test_runs() >= 1);
    goes_on(&project);
}

#[test]
fn killed_among_the_trials() {
    let project = Project::slow();
    let mut seen = std::collections::BTreeSet::new();
    killed_when(&project, "the sixth test run", |project| {
        seen.extend(project.test_run_ids());
        seen.len() >= 6
    });
    let mut seen = std::collections::BTreeSet::new();
    killed_when(&project, "the ninth test run", |project| {
        seen.extend(project.test_run_ids());
        seen.len() >= 9
    });
    goes_on(&project);
}

#[test]
fn killed_in_a_degraded_sandbox() {
    let project = Project::slow().env("HEPHAESTUS_SANDBOX", "copy");
    killed_when(&project, "the tests run", |project| project.test_runs() >= 1);
    goes_on(&project);
}

#[test]
fn a_killed_helper_fails_the_trial_and_not_the_run() {
    let project = Project::slow();
    let child = project.start(&["forge", "--format", "json", "--trials", "4"]);
    let own = child.id();
    let helpers = || {
        marked_processes(&project.mark())
            .into_iter()
            .filter(|(pid, line)| *pid != own && line.contains("sandbox-init"))
    };
    eventually("a helper runs", || helpers().next().is_some());
    for (pid, _) in helpers() {
        // It may be gone by now: then there is nothing to kill.
        let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).output();
    }
    let run = crate::project::Run::of(child.wait_with_output().unwrap());
    assert!([0, 3].contains(&run.code), "{run:?}");
    assert!(!run.err.contains("panicked"), "{}", run.err);
    crate::remains::assert_nothing_left(&project.mark(), &project.temp());
}

/// Runs `forge --apply` and kills it at its n-th renaming of a file, by strace. Only its main thread is traced, which
/// writes the files; what it starts goes its way.
fn apply_killed_at_rename(project: &Project, nth: usize) -> bool {
    let inject = format!("inject=rename,renameat,renameat2:signal=KILL:when={nth}");
    let mut command = Command::new("strace");
    command.args(["-qq", "-o", "/dev/null", "-e", "trace=rename,renameat,renameat2", "-e", &inject]);
    command.arg(env!("CARGO_BIN_EXE_hephaestus")).args(["forge", "--apply", "--quiet"]);
    project.prepare(&mut command);
    let output = command.output().unwrap();
    output.status.code().is_none_or(|code| code > 128)
}

#[test]
fn killed_while_writing_each_file_is_old_or_new_and_nothing_else_lies_there() {
    // No package manager of a language brings it, so nobody has to have it.
    if Command::new("strace").arg("--version").output().is_err() {
        println!("skipped: strace is missing");
        return;
    }
    for nth in 1..3 {
        let project = Project::of("python-unittest");
        let code = project.read("calc.py").split("\n\n\ndef label").next().unwrap().to_owned() + "\n";
        let tests = project.read("test_calc.py").replace("test_label", "label_is_gone");
        for name in ["calc", "more"] {
            project.write(&format!("{name}.py"), &code);
            project.write(&format!("test_{name}.py"), tests.replace("calc", name));
        }
        let old = [project.read("calc.py"), project.read("more.py")];
        let was_killed = apply_killed_at_rename(&project, nth);
        assert!(was_killed, "the {nth}. rename never came");
        assert!(within(PATIENCE, || marked_processes(&project.mark()).is_empty()));
        let now = [project.read("calc.py"), project.read("more.py")];
        let changed = old.iter().zip(&now).filter(|(old, now)| old != now).count();
        assert!(changed < nth + 1, "{now:?}");
        let is_whole = |text: &String| {
            text.ends_with("else:\n        return False\n") || text.ends_with("return number % 2 == 0\n")
        };
        assert!(now.iter().all(is_whole), "{now:?}");
        project.run_writing(&["forge", "--apply"]).expect(0);
        assert_eq!(hidden_files(&project.root()), Vec::<String>::new(), "staged texts lie about");
        assert_eq!(
            hidden_files(&project.path(".hephaestus")),
            Vec::<String>::new(),
            "staged texts lie about"
        );
        assert!(project.read("calc.py").contains("return number % 2 == 0"));
        assert!(project.read("more.py").contains("return number % 2 == 0"));
    }
}

fn hidden_files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".hephaestus-") || name.starts_with("staged")).collect()
}
