//! A full disk: the run says so, and the user's files stay whole.

use crate::project::{Project, Run};
use crate::remains::assert_nothing_left;
use crate::tools;
use std::process::Command;

/// Runs a shell script in a user and mount namespace of its own, in the project's folder; `$HEPHAESTUS` is the binary.
fn in_own_mounts(project: &Project, script: &str) -> Option<Run> {
    if !tools::has_namespaces() {
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-Urm", "sh", "-euc", script]);
    project.prepare(&mut command);
    let run = Run::of(command.env("HEPHAESTUS", env!("CARGO_BIN_EXE_hephaestus")).output().unwrap());
    assert!(!run.err.contains("panicked"), "{}", run.err);
    assert_nothing_left(&project.mark(), &project.temp());
    Some(run)
}

#[test]
fn a_state_folder_on_a_full_disk_costs_the_memory_and_not_the_run() {
    let project = Project::of("python-unittest");
    std::fs::create_dir(project.path(".hephaestus")).unwrap();
    let before = project.fingerprint();
    let script = "mount -t tmpfs -o size=16k tmpfs .hephaestus
        exec \"$HEPHAESTUS\" forge --format json";
    let Some(run) = in_own_mounts(&project, script) else { return };
    let report = run.expect(0).json();
    assert_eq!(crate::project::improvements(&report).len(), 2);
    let told = crate::project::notices(&report);
    assert!(told.contains("remembered") || told.contains("full"), "{told}");
    assert_eq!(before, project.fingerprint());
}

#[test]
fn a_registry_that_fills_its_disk_on_the_way_costs_the_memory_and_not_the_run() {
    let project = Project::of("python-unittest");
    std::fs::create_dir(project.path(".hephaestus")).unwrap();
    // Room for the schema, not for what the run remembers.
    let script = "mount -t tmpfs -o size=400k tmpfs .hephaestus
        \"$HEPHAESTUS\" doctor >&2
        cat /dev/zero > .hephaestus/filler 2>/dev/null || true
        exec \"$HEPHAESTUS\" forge --format json";
    let Some(run) = in_own_mounts(&project, script) else { return };
    let report = run.expect(0).json();
    assert_eq!(crate::project::improvements(&report).len(), 2);
    assert!(!crate::project::notices(&report).is_empty(), "nothing is said of what is not remembered");
}

#[test]
fn applying_to_a_full_disk_leaves_every_file_whole() {
    let project = Project::of("python-unittest");
    let script = "mkdir ../disk
        mount -t tmpfs -o size=1m tmpfs ../disk
        cp * ../disk
        cd ../disk
        cat /dev/zero > filler 2>/dev/null || true
        code=0
        \"$HEPHAESTUS\" forge --apply --quiet || code=$?
        rm filler
        cmp calc.py ../project/calc.py
        cmp test_calc.py ../project/test_calc.py
        ls -A
        echo \"code $code\"";
    let Some(run) = in_own_mounts(&project, script) else { return };
    let run = run.expect(0).says(&["cannot be written", "0 of 1 files were written"]);
    assert!(run.out.contains("code 4"), "{run:?}");
    assert!(!run.out.contains(".hephaestus-"), "a staged text lies about: {}", run.out);
}
