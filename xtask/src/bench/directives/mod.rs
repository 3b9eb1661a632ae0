//! `cargo xtask bench directives`: directives of every kind on packages that nobody here wrote, without a language model:
//! which hold, which engine served them, and what is said of those that stay open.
//!
//! The directives are data (`suite.toml`); the packages come from their registries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::packages;
use crate::setup;

const SUITE: &str = include_str!("suite.toml");

/// How it is run.
#[derive(Args)]
pub(crate) struct Request {
    /// Only these directives
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// What the search for one directive may take, as `hephaestus directive run --budget` has it [default: the directive's]
    #[arg(long, value_name = "TIME")]
    budget: Option<String>,
    /// Another build of ours
    #[arg(long, value_name = "PATH")]
    hephaestus: Option<PathBuf>,
    /// Where packages, copies and reports lie [default: target/bench/directives]
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    case: Vec<Case>,
}

/// One directive for one package.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    package: String,
    /// A fault that is put into the code first.
    #[serde(rename = "break")]
    fault: Option<Fault>,
    expect: Expected,
    /// The directive, as TOML.
    directive: String,
}

/// A stretch of code that is replaced.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    file: String,
    from: String,
    to: String,
}

/// What becomes of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Holds,
    Open,
}

/// What became of one.
struct Row {
    seconds: f64,
    outcome: Result<Value, String>,
}

/// Runs the suite. Whether each directive became what is expected.
pub(super) fn run(root: &Path, request: &Request) -> anyhow::Result<bool> {
    setup::run(root)?;
    let suite: Suite = toml::from_str(SUITE).context("suite.toml")?;
    let program = super::program(root, request.hephaestus.as_deref())?;
    let work = match &request.work {
        Some(folder) => std::path::absolute(folder)?,
        None => root.join("target/bench/directives"),
    };
    let python = setup::folder(root).join("python");
    let bench = Bench { request, program, python, work };
    for folder in ["packages", "reports"] {
        fs::create_dir_all(bench.work.join(folder))?;
    }
    println!("| directive | kind | package | lines proved | holds | expected | engine | seconds | said |");
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut as_expected = true;
    for case in suite.case.iter().filter(|case| request.only.is_empty() || request.only.contains(&case.name))
    {
        let row = bench.run(case)?;
        as_expected &= row.is(case.expect);
        println!("{}", row.text(case));
    }
    Ok(as_expected)
}

struct Bench<'a> {
    request: &'a Request,
    program: PathBuf,
    python: PathBuf,
    work: PathBuf,
}

impl Bench<'_> {
    fn run(&self, case: &Case) -> anyhow::Result<Row> {
        let project = self.lay_out(case)?;
        let started = Instant::now();
        let mut command = Command::new(&self.program);
        command.args(["directive", "run", &case.name, "--format", "json", "--quiet"]);
        if let Some(budget) = &self.request.budget {
            command.args(["--budget", budget]);
        }
        let output = command
            .current_dir(&project)
            .env("VIRTUAL_ENV", &self.python)
            .output()
            .with_context(|| format!("`{}` cannot be started", self.program.display()))?;
        let seconds = started.elapsed().as_secs_f64();
        // Not beside the project: `require('..')` would find a file of its name first.
        fs::write(self.work.join("reports").join(format!("{}.json", case.name)), &output.stdout)?;
        let report: Result<Value, _> = serde_json::from_slice(&output.stdout);
        let said = String::from_utf8_lossy(&output.stderr);
        let outcome = report
            .ok()
            .and_then(|report| report.get("directives")?.get(0).cloned())
            .ok_or_else(|| said.lines().next().unwrap_or_default().to_owned());
        Ok(Row { seconds, outcome })
    }

    /// A copy of the package with the fault and the directive in it.
    fn lay_out(&self, case: &Case) -> anyhow::Result<PathBuf> {
        let package = packages::named(&case.package);
        let package = package.with_context(|| format!("there is no package `{}`", case.package))?;
        let source = package.fetch(&self.work.join("packages"))?;
        let project = self.work.join(&case.name);
        if project.exists() {
            fs::remove_dir_all(&project)?;
        }
        packages::copy(&source, &project)?;
        if let Some(fault) = &case.fault {
            let file = project.join(&fault.file);
            let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let count = text.matches(&fault.from).count();
            ensure!(count == 1, "{}: the place of the fault is there {count} times", case.name);
            fs::write(&file, text.replacen(&fault.from, &fault.to, 1))?;
        }
        let folder = project.join(".hephaestus/directives");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{}.forge.toml", case.name)), case.directive.trim_start())?;
        Ok(project)
    }
}

impl Row {
    fn is(&self, expected: Expected) -> bool {
        let holds = self.outcome.as_ref().is_ok_and(|report| report["holds"] == true);
        holds == (expected == Expected::Holds)
    }

    fn text(&self, case: &Case) -> String {
        let expected = if self.is(case.expect) { "yes" } else { "NO" };
        let head = |kind: &str| format!("| {} | {kind} | {} |", case.name, case.package);
        let seconds = self.seconds;
        let report = match &self.outcome {
            Err(said) => return format!("{} | | {expected} | | {seconds:.0} | {said} |", head("?")),
            Ok(report) => report,
        };
        let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let lines = report["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
        let proved = lines.iter().filter(|line| line["state"] == "proved").count();
        let engines = report["engines"].as_array().map(Vec::as_slice).unwrap_or_default();
        let engines: Vec<String> = engines.iter().map(words).collect();
        let advice = report["advice"].as_array().map(Vec::as_slice).unwrap_or_default();
        let said: Vec<String> = advice.iter().map(words).collect();
        format!(
            "{} {proved} of {} | {} | {expected} | {} | {seconds:.0} | {} |",
            head(&words(&report["kind"])),
            lines.len(),
            if report["holds"] == true { "yes" } else { "no" },
            engines.join(", "),
            said.join("; ").replace('|', "\\|").replace('\n', " ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suite_has_thirty_directives_of_every_kind_each_for_a_package_that_is_known() {
        let suite: Suite = toml::from_str(SUITE).unwrap();
        assert!(suite.case.len() >= 30, "{}", suite.case.len());
        for case in &suite.case {
            assert!(packages::named(&case.package).is_some(), "{}", case.package);
            let keys: toml::Table = case.directive.parse().unwrap();
            assert!(keys.contains_key("kind") && keys.contains_key("goal"), "{}", case.name);
        }
        for kind in ["build", "improve", "fix", "refactor", "optimize", "test"] {
            let of_kind = |case: &&Case| case.directive.contains(&format!("kind = \"{kind}\""));
            assert!(suite.case.iter().filter(of_kind).count() >= 2, "{kind}");
        }
    }
}
