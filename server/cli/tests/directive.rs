//! `hephaestus directive new` and `check`, from outside: what is written, what is told, and how they end.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const FOLDER: &str = ".hephaestus/directives";

/// The exit code, standard output and standard error of a command.
fn run(root: &Path, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hephaestus"));
    let output =
        command.arg("directive").args(words).args(["--color", "never"]).current_dir(root).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(FOLDER)).unwrap();
    std::fs::write(folder.path().join("slug.py"), "def slugify(text):\n    return text\n").unwrap();
    folder
}

fn write(root: &Path, name: &str, text: &str) {
    std::fs::write(root.join(FOLDER).join(name), text).unwrap();
}

#[test]
fn a_new_directive_of_every_kind_can_be_checked_and_is_never_written_over() {
    let folder = project();
    for kind in ["build", "improve", "fix", "refactor", "optimize", "test"] {
        assert_eq!(run(folder.path(), &["new", kind, kind]).0, 0, "{kind}");
        let file = folder.path().join(FOLDER).join(format!("{kind}.forge.md"));
        let before = std::fs::read_to_string(&file).unwrap();
        let (code, _, err) = run(folder.path(), &["new", "fix", kind]);
        assert!(code == 2 && err.contains("already"), "{err}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    }
    let (code, out, err) = run(folder.path(), &["check"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(err.contains("6 directives: 0 errors"), "{err}");
}

#[test]
fn names_and_kinds_that_cannot_be_are_refused() {
    let folder = project();
    let (code, _, err) = run(folder.path(), &["new", "fxi", "x"]);
    assert!(code == 2 && err.contains("Did you mean `fix`?"), "{err}");
    for name in ["../x", "a/b", ".hidden", ""] {
        assert_eq!(run(folder.path(), &["new", "fix", name]).0, 2, "{name}");
    }
    assert!(!folder.path().join(".hephaestus/x.forge.md").exists());
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    let folder = project();
    write(folder.path(), "a.forge.toml", "kind = \"fix\"\ngoal = \"🔢 9\"\nafter = [\"🔢\", \"bb\"]\n");
    write(
        folder.path(),
        "b.forge.md",
        "+++\nkind = \"refactor\"\n[target]\nfiles = [\"slag.py\"]\n+++\n# In two steps\n",
    );
    let (code, out, err) = run(folder.path(), &["check"]);
    assert_eq!(code, 2, "{out}{err}");
    let starts = |start: &str| out.lines().any(|line| line.starts_with(start));
    assert!(starts("./.hephaestus/directives/a.forge.toml:3:15: error: there is no directive `bb`"), "{out}");
    assert!(starts("./.hephaestus/directives/b.forge.md:4:10: error: there is no source file"), "{out}");
    assert!(starts("./.hephaestus/directives/a.forge.toml:1:8: warning: nothing says when"), "{out}");
    // By its name, and as JSON.
    let (code, out, _) = run(folder.path(), &["check", "b", "--format", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, report["directives"].as_array().unwrap().len()), (2, 1));
    let problem = &report["directives"][0]["problems"][0];
    assert_eq!((&problem["code"], &problem["range"]["end_column"]), (&"unknown-file".into(), &19.into()));
    assert_eq!(problem["fix"]["text"], "\"slug.py\"");
}

#[test]
fn there_has_to_be_one() {
    let folder = project();
    let (code, out, err) = run(folder.path(), &["check"]);
    assert!(code == 2 && out.is_empty() && err.contains("there is no directive here"), "{err}");
    assert_eq!(run(folder.path(), &["check", "nothing"]).0, 2);
    assert_eq!(run(folder.path(), &["check", "slug.py"]).0, 2);
}
