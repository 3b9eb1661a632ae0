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

/// The piece of Lisp in the manual that has this word in it.
fn from_manual(word: &str) -> &'static str {
    let pieces = MANUAL.split("```elisp\n").skip(1).filter_map(|rest| rest.split("```").next());
    pieces.into_iter().find(|piece| piece.contains(word)).unwrap()
}

/// The settings the manual shows.
fn settings() -> &'static str {
    from_manual("eglot-server-programs")
}

/// The project with pytest in which Emacs works; `None` where one of them is missing.
fn project() -> Option<Project> {
    if !tools::has("emacs", "--version") {
        return None;
    }
    let python = tools::folder("python")?;
    let project = Project::of("python-pytest").env("VIRTUAL_ENV", python.join("python"));
    let settings = project.folder().join("config/hephaestus");
    fs::create_dir(&settings).unwrap();
    fs::write(settings.join("hephaestus.toml"), "[editor]\nbackground = false\n").unwrap();
    project.write("hephaestus.toml", "");
    // What tells Emacs where a project ends.
    let git = Command::new("git").args(["init", "--quiet"]).current_dir(project.root()).status();
    assert!(git.unwrap().success());
    Some(project)
}

/// Runs a session from `tests/emacs` with these settings and nothing of the user's own; it has to hold. Afterwards
/// nothing runs any more.
fn run(project: &Project, init: &str, session: &str) {
    let place = project.folder().join("init.el");
    fs::write(&place, [HEAD, init].concat()).unwrap();
    let mut command = Command::new("emacs");
    project.prepare(&mut command);
    let binaries = Path::new(env!("CARGO_BIN_EXE_hephaestus")).parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([binaries].into_iter().chain(env::split_paths(&path))).unwrap();
    command.env("PATH", path).env("HOME", project.folder()).args(["-Q", "--batch", "-l"]).arg(place);
    command.arg("-l").arg(Path::new(REPOSITORY).join("tests/emacs").join(session));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let log = fs::read_to_string(project.folder().join("state/hephaestus/lsp.log")).unwrap_or_default();
    let held = said.trim_end().ends_with("held");
    assert!(output.status.success() && held, "{}\n{said}\nthe server's log:\n{log}", output.status);
    remains::assert_nothing_left(&project.mark(), &project.temp());
}

#[test]
fn emacs_shows_goals_and_applies_what_was_proved() {
    let Some(project) = project() else { return };
    let code = project.read("shelf.py");
    run(&project, settings(), "eglot.el");
    let edited = code.replacen("shelf.\"\"\"\n", "shelf.\"\"\"\n\nLIMIT = 10\n", 1);
    let (head, _) = edited.split_once("def is_empty").unwrap();
    assert_eq!(
        project.read("shelf.py"),
        format!("{head}def is_empty(books):\n    return len(books) == 0\n"),
        "the file has the user's edit, the improvement and nothing else"
    );
}

#[test]
fn emacs_asks_whether_to_trust_where_the_settings_do_not_say() {
    const ANSWER: &str = " :initializationOptions (:trusted t)";
    let Some(project) = project() else { return };
    let init = settings();
    assert!(init.contains(ANSWER), "{init}");
    run(&project, &init.replace(ANSWER, ""), "trust.el");
}

#[test]
fn emacs_passes_a_projects_settings_on_and_commands_too() {
    let Some(project) = project() else { return };
    project.write(".dir-locals.el", from_manual("eglot-workspace-configuration"));
    fs::write(project.folder().join("forge.el"), from_manual("hephaestus.forgeFile")).unwrap();
    run(&project, settings(), "settings.el");
}
