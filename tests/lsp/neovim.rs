//! A real Neovim on the real server, without a screen: what a user does there, from opening a file to a proven edit.
//!
//! The session itself is Lua: `tests/nvim`. Here its surroundings are made and what lies on disk afterwards is judged.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::Project;
use crate::{remains, tools};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const README: &str = include_str!("../../editors/nvim/README.md");

/// The piece of `init.lua` in the plugin's README that has this word in it.
fn from_readme(word: &str) -> &'static str {
    let pieces = README.split("```lua\n").skip(1).filter_map(|rest| rest.split("```").next());
    pieces.into_iter().find(|piece| piece.contains(word)).unwrap()
}

/// The plugin set up with all the README has to offer, but for what applies by itself.
fn everything_in_readme() -> String {
    ["vim.lsp.enable", "trusted", "code_lens", "statusline"].map(from_readme).concat()
}

/// The plugin set up for a project that is trusted, with nothing else.
fn trusted() -> String {
    ["vim.lsp.enable", "trusted"].map(from_readme).concat()
}

/// Neovim for one project, with nothing of the machine's own configuration and the plugin as a package.
struct Neovim {
    program: PathBuf,
    project: Project,
}

impl Neovim {
    /// On the fixture whose tests are pytest's; `None` where Neovim is not installed.
    fn on_shelf(init: &str) -> Option<Self> {
        let project = Project::of("python-pytest");
        // Tests do not wait for whatever else the machine does.
        let settings = project.folder().join("config/hephaestus");
        fs::create_dir(&settings).unwrap();
        fs::write(settings.join("hephaestus.toml"), "[editor]\nbackground = false\n").unwrap();
        project.write("hephaestus.toml", "");
        Self::on(project, init)
    }

    fn on(project: Project, init: &str) -> Option<Self> {
        let program = tools::folder("nvim")?.join("nvim/bin/nvim");
        let neovim = Self { program, project };
        let packages = neovim.data("XDG_DATA_HOME").join("nvim/site/pack/editors/start");
        fs::create_dir_all(&packages).unwrap();
        symlink(
            Path::new(REPOSITORY).join("editors/nvim").canonicalize().unwrap(),
            packages.join("hephaestus"),
        )
        .unwrap();
        fs::write(neovim.init(), init).unwrap();
        Some(neovim)
    }

    /// The same with pytest; `None` where that is not installed.
    fn with_pytest(self) -> Option<Self> {
        let python = tools::folder("python")?.join("python");
        Some(Self { project: self.project.env("VIRTUAL_ENV", python), ..self })
    }

    /// The folder of its own that Neovim finds in the variable `name`.
    fn data(&self, name: &str) -> PathBuf {
        self.project.folder().join(name)
    }

    fn init(&self) -> PathBuf {
        self.project.folder().join("init.lua")
    }

    /// Runs a session from `tests/nvim`; it has to hold. Afterwards nothing runs any more.
    fn run(&self, session: &str, arguments: &[&str]) {
        let mut command = Command::new(&self.program);
        self.project.prepare(&mut command);
        let binaries = Path::new(env!("CARGO_BIN_EXE_hephaestus")).parent().unwrap().to_owned();
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([binaries].into_iter().chain(env::split_paths(&path))).unwrap();
        for name in ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            command.env(name, self.data(name));
        }
        command
            .env("PATH", path)
            .args(["--headless", "--cmd", "set loadplugins", "-u"])
            .arg(self.init())
            .arg("-l")
            .arg(Path::new(REPOSITORY).join("tests/nvim").join(session))
            .args(arguments);
        let output = command.output().unwrap();
        let log = |name| fs::read_to_string(self.data("XDG_STATE_HOME").join(name)).unwrap_or_default();
        // A session that stops early, at a question nobody answers, say, ends well too.
        let held = String::from_utf8_lossy(&output.stderr).trim_end().ends_with("held");
        assert!(
            output.status.success() && held,
            "{session}: {}\n{}{}\nNeovim's log:\n{}\nthe server's log:\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
            log("nvim/lsp.log"),
            log("hephaestus/lsp.log"),
        );
        self.remove_neovims_own();
        remains::assert_nothing_left(&self.project.mark(), &self.project.temp());
    }

    /// Neovim leaves the empty folder `nvim.USER` among the temporary files: that is not ours to complain of.
    fn remove_neovims_own(&self) {
        for entry in fs::read_dir(self.project.temp()).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("nvim.") {
                fs::remove_dir(entry.path()).unwrap();
            }
        }
    }
}

#[test]
fn a_proven_improvement_is_applied_undone_redone_and_written() {
    let init = everything_in_readme();
    let neovim = Neovim::on_shelf(&init);
    let Some(neovim) = neovim.and_then(Neovim::with_pytest) else { return };
    let project = &neovim.project;
    let (code, tests) = (project.read("shelf.py"), project.read("test_shelf.py"));
    neovim.run("open_save_apply.lua", &[]);
    let edited = code.replacen("shelf.\"\"\"\n", "shelf.\"\"\"\n\nLIMIT = 10\n", 1);
    let (head, _) = edited.split_once("def is_empty").unwrap();
    assert_eq!(
        project.read("shelf.py"),
        format!("{head}def is_empty(books):\n    return len(books) == 0\n"),
        "the file has the user's edit, the improvement and nothing else"
    );
    assert_eq!(project.read("test_shelf.py"), tests);
}

#[test]
fn a_failing_test_is_mended_from_the_test_and_written() {
    let init = everything_in_readme();
    let neovim = Neovim::on_shelf(&init);
    let Some(neovim) = neovim.and_then(Neovim::with_pytest) else { return };
    let project = &neovim.project;
    let (code, tests) = (project.read("shelf.py"), project.read("test_shelf.py"));
    let broken = code.replace("return result", "return books");
    assert_ne!(broken, code);
    project.write("shelf.py", &broken);
    neovim.run("fix_failing_test.lua", &[]);
    assert_eq!(project.read("shelf.py"), code, "the fix is written and nothing else");
    assert_eq!(project.read("test_shelf.py"), tests);
}

#[test]
fn nothing_is_run_before_the_workspace_is_trusted_and_that_is_asked_once() {
    let neovim = Neovim::on_shelf(from_readme("vim.lsp.enable"));
    let Some(neovim) = neovim.and_then(Neovim::with_pytest) else { return };
    neovim.run("trust.lua", &["asks"]);
    neovim.run("trust.lua", &["knows"]);
}

#[test]
fn goals_are_listed_previewed_applied_dismissed_and_proved_anew_by_one_command() {
    let neovim = Neovim::on_shelf(&trusted());
    let Some(neovim) = neovim.and_then(Neovim::with_pytest) else { return };
    let before = neovim.project.read("shelf.py");
    neovim.run("work.lua", &[]);
    assert_eq!(neovim.project.read("shelf.py"), before, "nothing that was looked at or undone is written");
}

#[test]
fn what_is_proven_is_applied_by_a_save_where_that_is_asked_for() {
    let init = trusted() + from_readme("fix_on_save") + from_readme("on-demand");
    let neovim = Neovim::on_shelf(&init);
    let Some(neovim) = neovim.and_then(Neovim::with_pytest) else { return };
    neovim.run("fix_on_save.lua", &[]);
    let text = neovim.project.read("shelf.py");
    assert!(text.ends_with("def is_empty(books):\n    return len(books) == 0\n"), "{text}");
}

#[test]
fn a_server_that_dies_is_started_again_by_a_command() {
    if let Some(neovim) = Neovim::on_shelf(&trusted()) {
        neovim.run("restart.lua", &[]);
    }
}

#[test]
fn the_health_check_says_what_is_wrong_and_how_to_mend_it() {
    let neovim = Neovim::on_shelf(&trusted());
    let Some(neovim) = neovim.and_then(Neovim::with_pytest) else { return };
    neovim.run("health.lua", &[]);
}

#[test]
fn the_report_is_a_page_that_opens() {
    let neovim = Neovim::on_shelf(&trusted());
    let Some(neovim) = neovim.and_then(Neovim::with_pytest) else { return };
    neovim.run("report.lua", &[]);
}

#[test]
fn every_word_of_the_command_reaches_the_server_and_older_servers_are_borne() {
    if let Some(neovim) = Neovim::on(Project::empty(), "") {
        neovim.run("commands.lua", &[]);
    }
}

#[test]
fn the_help_has_every_command_function_and_option_and_nothing_else() {
    if let Some(neovim) = Neovim::on(Project::empty(), "") {
        neovim.run("help.lua", &[]);
    }
}

#[test]
fn the_status_line_bears_whatever_a_server_says() {
    if let Some(neovim) = Neovim::on_shelf("") {
        neovim.run("status.lua", &[]);
    }
}

#[test]
fn the_script_to_try_it_makes_a_profile_that_works_and_leaves_nothing() {
    let Some(nvim) = tools::folder("nvim") else { return };
    if !tools::has("cargo", "--version") {
        return;
    }
    let project = Project::empty();
    let mut command = Command::new(Path::new(REPOSITORY).join("editors/try-nvim"));
    project.prepare(&mut command);
    command.env("NVIM", nvim.join("nvim/bin/nvim")).env("HEPHAESTUS", env!("CARGO_BIN_EXE_hephaestus"));
    command.args(["--headless", "-l"]).arg(Path::new(REPOSITORY).join("tests/nvim/try.lua"));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim_end().ends_with("held"), "{}\n{said}", output.status);
    let places = remains::scratch(&project.temp());
    let left: Vec<&String> = places.iter().filter(|place| place.contains("try-nvim")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn every_language_is_looked_after_in_the_workspace_a_user_would_name() {
    if let Some(neovim) = Neovim::on(Project::empty(), "") {
        neovim.run("where.lua", &[]);
    }
}
