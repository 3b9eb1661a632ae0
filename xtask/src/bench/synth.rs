//! `cargo xtask bench synth`: small functions known by a few examples alone: how many are written, and how many of those are
//! right on examples that were never shown. What is written is run, by Python, Node.js or cargo: our own reckoning of what
//! it does counts for nothing here.
//!
//! Ours is shown a project with a hole and its tests, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

#[path = "../../../server/mutation/tests/synth/suite.rs"]
#[allow(unreachable_pub, reason = "the engine's own tests use it, too")]
mod suite;

use self::suite::Specification;
use super::mutants::{measured, with_environment};
use crate::setup;

/// The longest that one run may take, whatever its budget.
const LIMIT: Duration = Duration::from_secs(600);

/// The languages, in the order of the table.
const LANGUAGES: [&str; 3] = ["python", "javascript", "rust"];

/// How it is measured.
#[derive(Args)]
pub(crate) struct Request {
    /// Only these languages
    #[arg(long, value_name = "LANGUAGE", value_delimiter = ',', value_parser = LANGUAGES)]
    lang: Vec<String>,
    /// Only these functions
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// What one search may take, as `hephaestus repair --budget` has it
    #[arg(long, value_name = "TIME", default_value = "30s")]
    budget: String,
    /// Another build of ours
    #[arg(long, value_name = "PATH")]
    hephaestus: Option<PathBuf>,
    /// Where the projects lie [default: target/bench/synth]
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
}

/// What became of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// Written, and right on what was hidden.
    Right,
    /// Written, and wrong on what was hidden.
    Wrong,
    /// Not written.
    Nothing,
}

/// Runs the suite. Whether every function was tried.
pub(super) fn run(root: &Path, request: &Request) -> anyhow::Result<bool> {
    setup::run(root)?;
    let program = super::program(root, request.hephaestus.as_deref())?;
    let work = match &request.work {
        Some(folder) => std::path::absolute(folder)?,
        None => root.join("target/bench/synth"),
    };
    let bench = Bench { program, python: setup::folder(root).join("python"), work, budget: &request.budget };
    let all = suite::all().context("the suite")?;
    let chosen = |own: &&Specification| request.only.is_empty() || request.only.contains(&own.name);
    for language in LANGUAGES {
        if !request.lang.is_empty() && !request.lang.iter().any(|own| own == language) {
            continue;
        }
        let mut table = Table::default();
        for own in all.iter().filter(chosen) {
            let (verdict, wall) = bench.try_one(own, language)?;
            println!("bench: {language}/{}: {verdict:?}, {wall:.1} s", own.name);
            table.add(&own.name, verdict, wall);
        }
        println!("\n{language}: {}\n", table.text());
    }
    Ok(true)
}

/// What all runs need.
struct Bench<'a> {
    program: PathBuf,
    /// The virtual environment with pytest.
    python: PathBuf,
    work: PathBuf,
    budget: &'a str,
}

impl Bench<'_> {
    /// Has one function written, and judges it; seconds by the clock.
    fn try_one(&self, own: &Specification, language: &str) -> anyhow::Result<(Verdict, f64)> {
        let place = self.work.join(language).join(&own.name);
        let layout = Layout::of(language);
        layout.lay_out(own, language, &place)?;
        let mut command = Command::new(&self.program);
        command.arg("--quiet").arg("--root").arg(&place).args(["repair", "--apply", "--format", "json"]);
        command.args(["--jobs", "1", "--fresh", "--budget", self.budget]).current_dir(&place);
        for name in ["XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, self.work.join("state").join(language).join(&own.name));
        }
        with_environment(&mut command, &self.python);
        let logs = self.work.join("logs").join(language);
        let run = measured(&command, &own.name, &logs, LIMIT)?;
        if fs::read_to_string(place.join(layout.code))? == own.code(language) {
            return Ok((Verdict::Nothing, run.wall));
        }
        fs::write(place.join(layout.tests), own.tests(language, &own.hidden))?;
        let mut judge = Command::new(layout.judge.0);
        judge.args(layout.judge.1).current_dir(&place).env("CARGO_TARGET_DIR", self.work.join("cargo"));
        with_environment(&mut judge, &self.python);
        let judged = measured(&judge, &format!("{}-judged", own.name), &logs, LIMIT)?;
        Ok((if judged.code == Some(0) { Verdict::Right } else { Verdict::Wrong }, run.wall))
    }
}

/// A project of a language: where what lies, and who runs its tests.
struct Layout {
    code: &'static str,
    tests: &'static str,
    /// What else there is: path and text.
    rest: &'static [(&'static str, &'static str)],
    judge: (&'static str, &'static [&'static str]),
}

impl Layout {
    fn of(language: &str) -> Self {
        match language {
            "python" => Self {
                code: "solution.py",
                tests: "test_solution.py",
                rest: &[],
                judge: ("python3", &["-m", "pytest", "-q"]),
            },
            "rust" => Self {
                code: "src/lib.rs",
                tests: "tests/examples.rs",
                rest: &[(
                    "Cargo.toml",
                    "[package]\nname = \"solution\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n[workspace]\n",
                )],
                judge: ("cargo", &["test", "--offline", "--quiet"]),
            },
            _ => Self {
                code: "solution.js",
                tests: "solution.test.js",
                rest: &[(
                    "package.json",
                    "{\"name\": \"solution\", \"version\": \"1.0.0\", \"scripts\": {\"test\": \"node --test\"}}\n",
                )],
                judge: ("node", &["--test"]),
            },
        }
    }

    /// Writes the project anew, with the hole and the examples that are shown.
    fn lay_out(&self, own: &Specification, language: &str, place: &Path) -> anyhow::Result<()> {
        if place.exists() {
            fs::remove_dir_all(place).with_context(|| format!("`{}` cannot be removed", place.display()))?;
        }
        let mut files =
            vec![(self.code, own.code(language)), (self.tests, own.tests(language, &own.examples))];
        files.extend(self.rest.iter().map(|(path, text)| (*path, (*text).to_owned())));
        for (path, text) in files {
            let file = place.join(path);
            fs::create_dir_all(file.parent().unwrap_or(place))?;
            fs::write(&file, text).with_context(|| format!("`{}` cannot be written", file.display()))?;
        }
        Ok(())
    }
}

/// The verdicts of a language.
#[derive(Default)]
struct Table {
    names: BTreeMap<Verdict, Vec<String>>,
    /// Seconds of those that were right.
    walls: Vec<f64>,
}

impl Table {
    fn add(&mut self, name: &str, verdict: Verdict, wall: f64) {
        self.names.entry(verdict).or_default().push(name.to_owned());
        if verdict == Verdict::Right {
            self.walls.push(wall);
        }
    }

    fn text(&self) -> String {
        let count = |verdict| self.names.get(&verdict).map_or(0, Vec::len);
        let named = |verdict| self.names.get(&verdict).map(|own| own.join(", ")).unwrap_or_default();
        let (right, wrong, nothing) = (count(Verdict::Right), count(Verdict::Wrong), count(Verdict::Nothing));
        let mut walls = self.walls.clone();
        walls.sort_by(f64::total_cmp);
        let median =
            walls.get(walls.len() / 2).map_or_else(String::new, |own| format!(", {own:.1} s (median)"));
        format!(
            "{right} of {} right on what was hidden{median}; {wrong} wrong: {}; {nothing} not written: {}",
            right + wrong + nothing,
            named(Verdict::Wrong),
            named(Verdict::Nothing)
        )
    }
}
