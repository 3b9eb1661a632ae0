//! A real Emacs with eglot on the real server, in batch mode: from opening a file to a proven edit that is written.
//!
//! The session itself is Lisp: `tests/emacs`. Here its surroundings are made and what lies on disk afterwards is judged.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::project::Project;
use crate::{remains, tools};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const MANUAL: &str = include_str!("../../docs/src/other-editors.md");

/// Makes packages known that Emacs does not bring along: the system's, for `-Q` leaves those out.
const HEAD: &str = "(require 'package)
(setq package-user-dir (expand-file-name \"elpa\" temporary-file-directory))
(add-to-list 'package-directory-list \"/usr/share/emacs/site-lisp/elpa\")
(package-initialize)
";

/// The settings the manual shows for eglot.
fn from_manual() -> &'static str {
    let pieces = MANUAL.split("```elisp\n").skip(1).filter_map(|rest| rest.split("```").next());
    pieces.into_iter().find(|piece| piece.contains("eglot-server-programs")).unwrap()
}

/// Emacs in the project, with nothing of the user's own.
fn emacs(project: &Project, init: &Path) -> Command {
    let mut command = Command::new("emacs");
    project.prepare(&mut command);
    let binaries = Path::new(env!("CARGO_BIN_EXE_hephaestus")).parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([binaries].into_iter().chain(env::split_paths(&path))).unwrap();
    command
        .env("PATH", path)
        .env("HOME", project.folder())
        .args(["-Q", "--batch", "-l"])
        .arg(init)
        .arg("-l")
        .arg(Path::new(REPOSITORY).join("tests/emacs/eglot.el"));
    command
}

#[test]
fn emacs_shows_goals_and_applies_what_was_proved() {
    if !tools::has("emacs", "--version") {
        return;
    }
    let Some(python) = tools::folder("python") else { return };
    let project = Project::of("python-pytest").env("VIRTUAL_ENV", python.join("python"));
    let settings = project.folder().join("config/hephaestus");
    fs::create_dir(&settings).unwrap();
    fs::write(settings.join("hephaestus.toml"), "[editor]\nbackground = false\n").unwrap();
    project.write("hephaestus.toml", "");
    // What tells Emacs where a project ends.
    let git = Command::new("git").args(["init", "--quiet"]).current_dir(project.root()).status();
    assert!(git.unwrap().success());
    let init = project.folder().join("init.el");
    fs::write(&init, [HEAD, from_manual()].concat()).unwrap();
    let code = project.read("shelf.py");

    let output = emacs(&project, &init).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let log = fs::read_to_string(project.folder().join("state/hephaestus/lsp.log")).unwrap_or_default();
    let held = said.trim_end().ends_with("held");
    assert!(output.status.success() && held, "{}\n{said}\nthe server's log:\n{log}", output.status);

    let edited = code.replacen("shelf.\"\"\"\n", "shelf.\"\"\"\n\nLIMIT = 10\n", 1);
    let (head, _) = edited.split_once("def is_empty").unwrap();
    assert_eq!(
        project.read("shelf.py"),
        format!("{head}def is_empty(books):\n    return len(books) == 0\n"),
        "the file has the user's edit, the improvement and nothing else"
    );
    remains::assert_nothing_left(&project.mark(), &project.temp());
}
