//! Test runners as data: what `runners/*.toml` says, and the words in braces filled in.
//!
//! Nothing here starts a process; [`detect`] decides which runner fits a workspace, from facts somebody else gathered.

mod detect;
mod programs;

use crate::reports::ReportFormat;
use hephaestus_core::{LanguageId, RelPath};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

pub use detect::{Facts, PackageJson, fitting};
pub use programs::Programs;

static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/runners");

/// A runner file that cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("runner `{runner}`: {message}")]
pub struct RunnerError {
    /// The file's stem.
    pub runner: String,
    /// What is wrong, with the position where there is one.
    pub message: String,
}

/// How one test framework is found, run and read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// The file's stem.
    #[serde(skip)]
    pub name: String,
    /// The text of `{shim}`.
    #[serde(skip)]
    pub shim: Option<String>,
    /// The language whose files it judges.
    pub language: LanguageId,
    /// Among the runners that fit, the lowest is taken.
    pub order: u32,
    /// Its name for people.
    pub title: String,
    /// When it fits.
    pub detect: Detect,
    /// What runs before the tests.
    pub build: Option<Build>,
    /// The whole suite.
    pub full: Run,
    /// Some of it.
    pub impacted: Option<Run>,
    /// What it answers with.
    pub report: Report,
    /// How all variants are built at once, where that can be done.
    pub switches: Option<SwitchCommands>,
    /// Where its arguments stand in package.json.
    pub script: Option<Script>,
    /// How it is kept warm, where it can be.
    pub driver: Option<Driver>,
    /// How calls for new tests are looked for, where that can be done.
    pub explorer: Option<Explorer>,
    /// Its exit codes.
    pub exit: Exits,
    /// Its environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// When a runner fits.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Detect {
    /// Globs of which one must match.
    pub files: Vec<String>,
    /// Texts of which one must stand in a file that matched.
    pub content: Vec<String>,
    /// A package that `package.json` must name.
    pub dependency: Option<String>,
    /// A command that must succeed.
    pub program: Vec<String>,
    /// What the user is told when it does not.
    pub missing: String,
}

/// The build step.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Program and arguments.
    pub command: Vec<String>,
    /// What to look at when the original does not build.
    #[serde(default)]
    pub hint: String,
}

/// A way to run tests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Program and arguments.
    pub command: Vec<String>,
    /// What `{files}` stands for.
    #[serde(default)]
    pub files: Selection,
    /// What `{fail_fast}` stands for when no test is set aside: a known red one would end the run before the others.
    #[serde(default)]
    pub fail_fast: Vec<String>,
}

/// What an `impacted` command is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// The paths of the test files that can reach the change.
    #[default]
    Tests,
    /// The folders of those, each as `./folder`.
    Folders,
    /// Nothing: the command is the cheap part of the suite as it is.
    All,
}

/// Where the report is and what it looks like.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Its format.
    pub format: ReportFormat,
    /// The file below `{out}`; standard output when absent.
    pub file: Option<String>,
}

/// How a build with switches is made and its test programs are run one by one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchCommands {
    /// Whose words the answers are.
    pub tool: BuildTool,
    /// Tells what is built from what.
    pub describe: Vec<String>,
    /// Tells which packages are built in which version with which features: a line each of package, features and the
    /// library's name, with bars in between. Empty where nobody can tell.
    #[serde(default)]
    pub tree: Vec<String>,
    /// Tells which compiler builds.
    #[serde(default)]
    pub compiler: Vec<String>,
    /// Builds the test programs and tells where they are.
    pub build: Vec<String>,
    /// More environment for a build that is never built upon.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Builds and runs the examples in the documentation, one after the other; empty where there are none.
    #[serde(default)]
    pub examples: Vec<String>,
    /// More environment for `examples`. `{wrapper}` becomes the path of a shell script that keeps a copy of the program it
    /// is to run.
    #[serde(default)]
    pub examples_env: BTreeMap<String, String>,
    /// Arguments that make a test program tell its tests.
    pub list: Vec<String>,
    /// Arguments in front of the names of the tests it is to run; or with `{names}` where they stand, with bars between.
    pub only: Vec<String>,
}

/// Build tools whose answers can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildTool {
    /// Cargo.
    Cargo,
    /// Go.
    Go,
}

/// Where the arguments of a JavaScript runner come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The program's name in package.json's test scripts.
    pub word: String,
    /// What to use when it is not there.
    pub default: Vec<String>,
}

/// The program that loads the tests once and runs them on one variant after another: see `drivers/PROTOCOL.md`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Driver {
    /// Its folder in `drivers`.
    pub folder: String,
    /// Program and arguments; `{driver}` is its folder in the sandbox.
    pub command: Vec<String>,
    /// What it passes on to the test framework.
    #[serde(default)]
    pub args: Vec<String>,
    /// Whether it can bound the time of each test of the unchanged code.
    #[serde(default)]
    pub each: bool,
}

/// The program that looks for calls that tell faulty versions of a file from the unchanged one: see `explorers/README.md`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explorer {
    /// Its folder in `explorers`.
    pub folder: String,
    /// Program and arguments; `{explorer}` is its folder in the sandbox, `{request}` and `{answer}` are files.
    pub command: Vec<String>,
    /// Variables that are set to another number in each run of tests that are to show whether they waver.
    #[serde(default)]
    pub vary: Vec<String>,
}

/// What exit codes mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exits {
    /// Everything passed.
    pub passed: Vec<i32>,
    /// Some test failed.
    pub failed: Failing,
    /// There was no test.
    #[serde(default)]
    pub none: Vec<i32>,
    /// The run itself broke, and what that means.
    #[serde(default)]
    pub broken: BTreeMap<String, String>,
}

/// The exit codes of failing tests.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Failing {
    /// These.
    Codes(Vec<i32>),
    /// Anything that is not success (`"any"`).
    Any(String),
}

impl Selection {
    /// What stands for `files` in the command.
    #[must_use]
    pub fn words(self, files: &[RelPath]) -> Vec<String> {
        let folder = |file: &RelPath| match file.parent() {
            Some(folder) => format!("./{folder}"),
            None => ".".to_owned(),
        };
        match self {
            Self::Tests => files.iter().map(|file| file.as_str().to_owned()).collect(),
            Self::Folders => files.iter().map(folder).collect::<BTreeSet<_>>().into_iter().collect(),
            Self::All => Vec::new(),
        }
    }
}

impl Exits {
    /// Whether `code` is one a finished suite exits with, passing or failing.
    #[must_use]
    pub fn is_verdict(&self, code: i32) -> bool {
        self.passed.contains(&code)
            || match &self.failed {
                Failing::Codes(codes) => codes.contains(&code),
                Failing::Any(_) => true,
            }
    }
}

impl Runner {
    /// Reads a runner file.
    ///
    /// # Errors
    /// When it is no TOML, or has unknown keys or wrong types.
    pub fn parse(name: &str, text: &str, shim: Option<&str>) -> Result<Self, RunnerError> {
        let mut runner: Self = toml::from_str(text)
            .map_err(|error| RunnerError { runner: name.to_owned(), message: error.to_string() })?;
        runner.name = name.to_owned();
        runner.shim = shim.map(str::to_owned);
        Ok(runner)
    }

    /// A runner for a test command of the user's own: the exit code speaks for the whole suite.
    #[must_use]
    pub fn of_command(command: &str, language: LanguageId) -> Self {
        let shell = if cfg!(windows) { ["cmd", "/C"] } else { ["sh", "-c"] };
        let argv = shell.iter().map(|word| (*word).to_owned()).chain([command.to_owned()]).collect();
        Self {
            name: "command".to_owned(),
            shim: None,
            language,
            order: 0,
            title: command.to_owned(),
            detect: Detect::default(),
            build: None,
            full: Run { command: argv, files: Selection::All, fail_fast: vec![] },
            impacted: None,
            report: Report { format: ReportFormat::Exit, file: None },
            switches: None,
            script: None,
            driver: None,
            explorer: None,
            exit: Exits {
                passed: vec![0],
                failed: Failing::Any("any".to_owned()),
                none: vec![],
                broken: BTreeMap::from([
                    ("126".to_owned(), "the test command is not executable".to_owned()),
                    ("127".to_owned(), "the test command was not found".to_owned()),
                ]),
            },
            env: BTreeMap::new(),
        }
    }
}

/// Every runner that travels inside the binary, by order.
///
/// # Errors
/// When one of our own files is malformed (the contract test prevents it).
pub fn all() -> Result<&'static [Runner], &'static RunnerError> {
    static RUNNERS: LazyLock<Result<Vec<Runner>, RunnerError>> = LazyLock::new(read_all);
    RUNNERS.as_deref()
}

fn read_all() -> Result<Vec<Runner>, RunnerError> {
    let mut runners = Vec::new();
    for file in FOLDER.files() {
        let path = file.path();
        let (Some("toml"), Some(stem)) = (extension(path), path.file_stem().and_then(|stem| stem.to_str()))
        else {
            continue;
        };
        let shim = FOLDER
            .files()
            .find(|other| {
                other.path().to_str().is_some_and(|name| name.starts_with(&format!("{stem}.shim.")))
            })
            .and_then(include_dir::File::contents_utf8);
        runners.push(Runner::parse(stem, file.contents_utf8().unwrap_or_default(), shim)?);
    }
    runners.sort_by(|left, right| (&left.language, left.order).cmp(&(&right.language, right.order)));
    Ok(runners)
}

fn extension(path: &std::path::Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

/// What stands for the words in braces.
#[derive(Debug, Clone, Default)]
pub struct Fill<'a> {
    /// The programs of the workspace.
    pub programs: Option<&'a Programs>,
    /// The workspace root as the tests see it.
    pub root: &'a str,
    /// The folder for reports.
    pub out: &'a str,
    /// What stands for the test files.
    pub files: &'a [String],
    /// Arguments that end a run at its first failure.
    pub fail_fast: &'a [String],
    /// Arguments from package.json.
    pub script_args: &'a [String],
    /// The shim.
    pub shim: Option<&'a str>,
}

impl Fill<'_> {
    /// Fills in one command; `{files}` and `{script_args}` become as many arguments as they are.
    #[must_use]
    pub fn command(&self, words: &[String]) -> Vec<String> {
        let mut argv = Vec::new();
        for word in words {
            match word.as_str() {
                "{files}" => argv.extend(self.files.iter().cloned()),
                "{fail_fast}" => argv.extend(self.fail_fast.iter().cloned()),
                "{script_args}" => argv.extend(self.script_args.iter().cloned()),
                "{shim}" => argv.push(self.shim.unwrap_or_default().to_owned()),
                word => argv.push(self.word(word)),
            }
        }
        argv
    }

    /// Fills in one word.
    #[must_use]
    pub fn word(&self, word: &str) -> String {
        let mut text = word.replace("{root}", self.root).replace("{out}", self.out);
        if let Some(programs) = self.programs {
            text = programs.fill(&text, self.root);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract every runner file keeps.
    #[test]
    fn every_runner_file_keeps_the_contract() {
        let runners = all().unwrap();
        assert!(runners.len() >= 9);
        let mut complaints = Vec::new();
        for runner in runners {
            let name = &runner.name;
            let detects = !runner.detect.files.is_empty() || runner.detect.dependency.is_some();
            let commands = [Some(&runner.full), runner.impacted.as_ref()];
            let mut check = |holds: bool, what: &str| {
                if !holds {
                    complaints.push(format!("{name}: {what}"));
                }
            };
            check(detects, "detects nothing");
            let build = runner.build.iter().map(|build| &build.command);
            let mut words = build.chain(commands.into_iter().flatten().map(|run| &run.command)).flatten();
            let uses_shim = words.any(|word| word == "{shim}");
            check(uses_shim == runner.shim.is_some(), "shim and {shim} do not go together");
            check(runner.detect.missing.len() > 20, "does not say what to do when its program is missing");
            check(!runner.detect.program.is_empty(), "has no probe");
            check(runner.exit.passed.contains(&0), "0 is no success");
            for file in &runner.detect.files {
                check(globset::Glob::new(file).is_ok(), "has a bad glob");
            }
            for run in commands.into_iter().flatten() {
                let in_report = run.command.iter().any(|word| word.contains("{out}"));
                check(runner.report.file.is_none() || in_report, "names a report file but never {out}");
                let takes_files = run.command.iter().any(|word| word == "{files}");
                check(
                    takes_files
                        == (runner.impacted.is_some()
                            && std::ptr::eq(run, runner.impacted.as_ref().unwrap())
                            && run.files != Selection::All),
                    "{files} stands in the wrong command",
                );
                let stops = run.command.iter().any(|word| word == "{fail_fast}");
                check(stops != run.fail_fast.is_empty(), "fail_fast and {fail_fast} do not go together");
                let uses_script = run.command.iter().any(|word| word == "{script_args}");
                check(!uses_script || runner.script.is_some(), "uses {script_args} without [script]");
            }
        }
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }

    #[test]
    fn unknown_keys_are_refused_with_a_position() {
        let error = Runner::parse("x", "language = \"python\"\nordre = 1\n", None).unwrap_err();
        assert!(error.message.contains("ordre") || error.message.contains("line"), "{error}");
    }

    #[test]
    fn a_command_takes_test_files_or_their_folders() {
        let files = ["a/x_test.go", "a/y_test.go", "z_test.go"].map(|path| RelPath::new(path).unwrap());
        assert_eq!(Selection::Tests.words(&files), ["a/x_test.go", "a/y_test.go", "z_test.go"]);
        assert_eq!(Selection::Folders.words(&files), [".", "./a"]);
        assert!(Selection::All.words(&files).is_empty());
    }

    #[test]
    fn braces_are_filled() {
        let files = ["t/a.py", "t/b.py"].map(str::to_owned);
        let fill = Fill { root: "/r", out: "/o", files: &files, ..Fill::default() };
        let words: Vec<String> = ["x", "--out={out}/r", "{files}"].map(str::to_owned).to_vec();
        assert_eq!(fill.command(&words), ["x", "--out=/o/r", "t/a.py", "t/b.py"]);
    }
}
