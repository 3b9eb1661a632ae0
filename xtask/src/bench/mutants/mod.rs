//! `cargo xtask bench mutants`: how fast our mutation testing is beside others', and whether its verdicts are true.
//!
//! Every tool works on its own fresh copy of the same package, one after the other, one mutant at a time. What is
//! compared is CPU seconds of all processes, builds included. Nothing here knows how a tool works inside.

mod cargo_mutants;
mod forge;
mod measure;
mod mutmut;
mod noop;
mod ours;
mod plain;
mod sample;
mod schema;
mod second;
mod soundness;
mod speed;
mod stryker;
mod subjects;
mod tally;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

pub(super) use self::measure::measured;
pub(super) use self::subjects::with_environment;

use self::measure::Run;
use self::ours::Ours;
use self::schema::Report;
use self::subjects::Subject;
use super::table::{OURS, Table};
use crate::setup;

/// Everything, in the order in which it is run.
const SCENARIOS: &[&str] =
    &["semver", "generics", "humanize", "minimist", "soundness", "second", "forge", "gate", "noop"];

/// How it is measured.
#[derive(Args)]
pub(crate) struct Request {
    /// A look, not the record: a part of the peers' mutants, few verdicts judged again, short budgets
    #[arg(long)]
    quick: bool,
    /// Only these scenarios (semver, generics, humanize, minimist, soundness, second, forge, gate, noop); speed: the first four
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// The figures as JSON, into this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Another build of ours
    #[arg(long, value_name = "PATH")]
    hephaestus: Option<PathBuf>,
    /// An older build of ours, for the scenario forge
    #[arg(long, value_name = "PATH")]
    before: Option<PathBuf>,
    /// Leave ours out where there is a peer
    #[arg(long)]
    only_peers: bool,
    /// Verdicts that are judged again, by language [default: 60; 12 in a quick run]
    #[arg(long, value_name = "N")]
    verdicts: Option<usize>,
    /// Decides which verdicts are judged again
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Request {
    /// Whether a scenario is wanted; `speed` stands for all that have a peer.
    fn wants(&self, scenario: &str) -> bool {
        let names = |only: &String| {
            only == scenario
                || (only == "speed" && (scenario == "generics" || speed::subject(scenario).is_some()))
        };
        self.only.is_empty() || self.only.iter().any(names)
    }

    fn check(&self) -> anyhow::Result<()> {
        let unknown = self.only.iter().find(|only| *only != "speed" && !SCENARIOS.contains(&only.as_str()));
        match unknown {
            Some(name) => anyhow::bail!("no scenario `{name}`; there are {}", SCENARIOS.join(", ")),
            None => Ok(()),
        }
    }
}

/// What all scenarios work with.
struct Workbench {
    root: PathBuf,
    /// Where the copies lie.
    folder: PathBuf,
    /// Where packages are fetched to.
    cache: PathBuf,
    ours: Ours,
    before: Option<Ours>,
    is_quick: bool,
    only_peers: bool,
    verdicts: usize,
    seed: u64,
    own_runs: RefCell<BTreeMap<&'static str, (Report, Run)>>,
    mutmut_place: RefCell<Option<PathBuf>>,
}

impl Workbench {
    /// A fresh copy of the package for one tool.
    fn fresh_copy(&self, subject: &Subject, purpose: &str) -> anyhow::Result<PathBuf> {
        let place = subjects::place(&self.folder, subject, purpose);
        subject.copy_to(&place, &self.cache)?;
        Ok(place)
    }

    /// Our run on the subject's file, from nothing; made once.
    fn own_run(&self, subject: &Subject) -> anyhow::Result<(Report, Run)> {
        if let Some(run) = self.own_runs.borrow().get(subject.name) {
            return Ok(run.clone());
        }
        println!("bench: {}, {OURS}", subject.name);
        let place = self.fresh_copy(subject, "ours")?;
        let run = self.ours.mutants(subject, &place, true)?;
        self.own_runs.borrow_mut().insert(subject.name, run.clone());
        Ok(run)
    }

    fn mutmut(&self) -> anyhow::Result<PathBuf> {
        setup::run_for_mutants(&self.root, "mutmut")
    }

    fn stryker(&self) -> anyhow::Result<PathBuf> {
        Ok(setup::run_for_mutants(&self.root, "stryker")?.join("node_modules"))
    }

    fn cargo_mutants(&self) -> anyhow::Result<PathBuf> {
        setup::run_for_cargo_mutants(&self.root)
    }

    /// Remembers where mutmut's results lie, so that it need not run twice.
    fn mutmut_ran_in(&self, place: &Path) {
        self.mutmut_place.replace(Some(place.to_owned()));
    }

    /// A folder with mutmut's results.
    fn mutmut_results(&self, subject: &Subject) -> anyhow::Result<PathBuf> {
        if let Some(place) = &*self.mutmut_place.borrow() {
            return Ok(place.clone());
        }
        println!("bench: {}, mutmut", subject.name);
        let place = self.fresh_copy(subject, "mutmut")?;
        mutmut::run(&self.mutmut()?, subject, &place, &self.ours.logs, self.is_quick)?;
        Ok(place)
    }
}

/// Runs the wanted scenarios. Whether every limit held, and every scenario came to its end.
pub(super) fn run(root: &Path, request: &Request) -> anyhow::Result<bool> {
    request.check()?;
    let bench = workbench(root, request)?;
    let mut table = Table::default();
    let mut is_whole = true;
    for scenario in SCENARIOS.iter().filter(|scenario| request.wants(scenario)) {
        // One scenario that fails does not take the others with it.
        if let Err(error) = measure(&bench, scenario, &mut table) {
            println!("bench: {scenario}: {error:#}");
            is_whole = false;
        }
        save(request, &table)?;
    }
    println!("\n{}", table.text(&[OURS, "cargo-mutants", "mutmut", "stryker", forge::BEFORE]));
    Ok(is_whole && table.holds())
}

fn measure(bench: &Workbench, scenario: &str, table: &mut Table) -> anyhow::Result<()> {
    match scenario {
        "generics" => speed::alone(bench, table),
        "soundness" => soundness::measure(bench, table),
        "second" => second::measure(bench, table),
        "forge" => forge::speed(bench, table),
        "gate" => forge::gate(bench, table),
        "noop" => noop::measure(bench, table),
        _ => speed::beside_peer(bench, speed::subject(scenario).context("no such package")?, table),
    }
}

/// A run takes an hour; what it found so far is in the file at any time.
fn save(request: &Request, table: &Table) -> anyhow::Result<()> {
    let Some(file) = &request.json else { return Ok(()) };
    fs::write(file, format!("{:#}\n", table.json()))
        .with_context(|| format!("`{}` cannot be written", file.display()))
}

fn workbench(root: &Path, request: &Request) -> anyhow::Result<Workbench> {
    let folder = root.join("target/bench/mutants");
    fs::create_dir_all(&folder)?;
    setup::run(root)?;
    let program = super::program(root, request.hephaestus.as_deref())?;
    anyhow::ensure!(program.is_file(), "`{}` is missing", program.display());
    let python = setup::folder(root).join("python");
    let ours = Ours { program, python, logs: folder.join("logs") };
    let before = match &request.before {
        Some(program) => Some(Ours { program: std::path::absolute(program)?, ..ours.clone() }),
        None => None,
    };
    Ok(Workbench {
        root: root.to_owned(),
        folder,
        cache: root.join("target/bench/packages"),
        ours,
        before,
        is_quick: request.quick,
        only_peers: request.only_peers,
        verdicts: request.verdicts.unwrap_or(if request.quick { 12 } else { 60 }),
        seed: request.seed,
        own_runs: RefCell::default(),
        mutmut_place: RefCell::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        request: Request,
    }

    fn request(words: &[&str]) -> Request {
        Line::parse_from([&["bench"], words].concat()).request
    }

    #[test]
    fn speed_stands_for_the_packages() {
        let request = request(&["--only", "speed,noop"]);
        let wanted: Vec<&str> =
            SCENARIOS.iter().copied().filter(|scenario| request.wants(scenario)).collect();
        assert_eq!(wanted, ["semver", "generics", "humanize", "minimist", "noop"]);
        assert!(request.check().is_ok());
    }

    #[test]
    fn everything_is_wanted_by_default_and_a_typo_is_told() {
        assert!(SCENARIOS.iter().all(|scenario| request(&[]).wants(scenario)));
        let error = request(&["--only", "sound"]).check().unwrap_err().to_string();
        assert!(error.starts_with("no scenario `sound`; there are semver, "), "{error}");
    }
}
