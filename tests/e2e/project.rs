//! A project in a temporary folder of its own, and runs of the binary on it.

use crate::remains::{self, Entry, fingerprint};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// Where the fixture projects lie.
pub(crate) const WORKSPACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/workspaces");

/// The head of a suite that takes a third of a second.
const SLOW_HEAD: &str = "import time\nimport unittest\n\nimport calc\n\n\nclass CalcTest(unittest.TestCase):\n    def test_all(self):\n        time.sleep(0.3)\n";

/// One project. The folder's path marks every process that is started for it.
pub(crate) struct Project {
    folder: TempDir,
    env: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Project {
    /// A copy of the fixture `name`.
    pub(crate) fn of(name: &str) -> Self {
        let project = Self::empty();
        copy(&Path::new(WORKSPACES).join(name), &project.root());
        let manifest = project.path("Cargo_test.toml");
        if manifest.exists() {
            fs::rename(manifest, project.path("Cargo.toml")).unwrap();
        }
        project
    }

    /// A project of these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let project = Self::empty();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// An empty folder.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("hephaestus-e2e-").tempdir().unwrap();
        for name in ["project", "tmp", "config"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, env: Vec::new() }
    }

    /// A project with a dozen goals and a suite that takes its time: there is always a moment to interrupt.
    pub(crate) fn slow() -> Self {
        let project = Self::of("python-unittest");
        let (mut code, mut tests) = (String::new(), String::from(SLOW_HEAD));
        for n in 0..12 {
            code.push_str(&format!("def is_multiple_{n}(x):\n    if x % {} == 0:\n        return True\n    else:\n        return False\n\n\n", n + 2));
            tests.push_str(&format!("        self.assertIs(calc.is_multiple_{n}({}), True)\n        self.assertIs(calc.is_multiple_{n}({}), False)\n", n + 2, n + 3));
        }
        project.write("calc.py", code);
        project.write("test_calc.py", tests);
        project
    }

    /// Ids of the test runs of its suite that are going on now.
    pub(crate) fn test_run_ids(&self) -> Vec<u32> {
        let is_run = |line: &str| line.contains("report.tap");
        remains::marked_processes(&self.mark())
            .into_iter()
            .filter(|(_, line)| is_run(line))
            .map(|(pid, _)| pid)
            .collect()
    }

    /// How many of them there are.
    pub(crate) fn test_runs(&self) -> usize {
        self.test_run_ids().len()
    }

    /// An environment variable for every run.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.env.push((name.to_owned(), value.as_ref().display().to_string()));
        self
    }

    /// The project's folder.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// The folder for temporary files of its runs.
    pub(crate) fn temp(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// The folder that holds everything of this project.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What marks the processes started for it.
    pub(crate) fn mark(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// A path in it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let place = self.path(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }

    /// Adds to a file's end.
    pub(crate) fn append(&self, path: &str, text: &str) {
        let old = if self.path(path).exists() { self.read(path) } else { String::new() };
        self.write(path, format!("{old}{text}"));
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Its files, to be compared later.
    pub(crate) fn fingerprint(&self) -> BTreeMap<String, Entry> {
        fingerprint(&self.root())
    }

    /// The binary with `arguments`, ready to start in the project's folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hephaestus"));
        command.args(arguments);
        self.prepare(&mut command);
        command
    }

    /// Gives a command the project's folder and environment. Nothing of what cargo and nextest tell their tests is
    /// passed on: a user's shell has none of it.
    pub(crate) fn prepare(&self, command: &mut Command) {
        let kept = |name: &str| name == "CARGO_HOME";
        for (name, _) in std::env::vars() {
            let of_cargo = name.starts_with("CARGO") || name.starts_with("NEXTEST") || name == "RUSTFLAGS";
            if (of_cargo && !kept(&name)) || name.starts_with("HEPHAESTUS") || name == "VIRTUAL_ENV" {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.root())
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .env("TMPDIR", self.temp())
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("E2E_MARK", self.folder.path())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Runs the binary; the project's files must be as they were afterwards, and nothing may be left.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let before = self.fingerprint();
        let run = self.run_writing(arguments);
        assert_eq!(changes(&before, &self.fingerprint()), Vec::<String>::new(), "files changed: {run:?}");
        run
    }

    /// Runs the binary, which may change the project's files; nothing may be left.
    pub(crate) fn run_writing(&self, arguments: &[&str]) -> Run {
        let run = Run::of(self.command(arguments).output().unwrap());
        remains::assert_nothing_left(&self.mark(), &self.temp());
        run
    }

    /// `forge --format json` with more arguments; it has to end well.
    pub(crate) fn forge(&self, arguments: &[&str]) -> Value {
        let all: Vec<&str> = ["forge", "--format", "json"].iter().chain(arguments).copied().collect();
        self.run(&all).expect(0).json()
    }

    /// Starts the binary and leaves it running.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }
}

impl Run {
    /// A run that ended.
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Fails unless it ended with `code`.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// Fails unless standard error holds every one of `texts`.
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        hold(&self.err, texts);
        self
    }

    /// Fails unless standard output holds every one of `texts`.
    pub(crate) fn shows(self, texts: &[&str]) -> Self {
        hold(&self.out, texts);
        self
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// Names of files that differ.
pub(crate) fn changes(before: &BTreeMap<String, Entry>, after: &BTreeMap<String, Entry>) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

/// The improvements of a forge report.
pub(crate) fn improvements(report: &Value) -> &Vec<Value> {
    report["improvements"].as_array().unwrap()
}

/// The texts at `key` of a list of objects, sorted.
pub(crate) fn texts(list: &Value, key: &str) -> Vec<String> {
    let mut texts: Vec<String> =
        list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap().to_owned()).collect();
    texts.sort();
    texts
}

/// All notices of a report in one text.
pub(crate) fn notices(report: &Value) -> String {
    report["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| format!("{}: {}\n", notice["path"], notice["message"]))
        .collect()
}

fn hold(output: &str, texts: &[&str]) {
    for text in texts {
        assert!(output.contains(text), "`{text}` is not in: {output}");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())).flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
