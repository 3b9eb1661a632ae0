//! `cargo xtask bench repair`: how many of a set of small projects with a failing test are repaired, how often rightly,
//! and what that costs.
//!
//! The set and its own program for laying out and judging come from outside (`--data`). Ours is shown what `unpack` writes
//! and nothing else; this reads of a task no more than its name, its language and the sort of its bug.

mod results;
mod run;
mod tables;
mod tasks;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use self::results::Results;
use self::run::Runner;
use self::tasks::{Choice, Judged, Task};
use crate::setup;

/// How it is measured.
#[derive(Args)]
pub(crate) struct Request {
    /// The tasks, one JSON object a line; `bench.py` is looked for beside it
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Only tasks of these languages
    #[arg(long, value_name = "LANGUAGE", value_delimiter = ',')]
    lang: Vec<String>,
    /// So many tasks of each language, the first ones
    #[arg(long, value_name = "N")]
    first: Option<usize>,
    /// Seed of the search
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Everything again with the next seed
    #[arg(long)]
    again: bool,
    /// What one search may take, as `hephaestus repair --budget` has it
    #[arg(long, value_name = "TIME", default_value = "120s")]
    budget: String,
    /// Tasks at the same time
    #[arg(long, value_name = "N", default_value_t = 1)]
    jobs: usize,
    /// Another build of ours
    #[arg(long, value_name = "PATH")]
    hephaestus: Option<PathBuf>,
    /// Where the copies and the results lie; what is there already is not run again [default: target/bench/repair]
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// Parts of the search to leave out, to see what they are good for (localisation, prior, pairs, ranking)
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    without: Vec<String>,
}

/// Runs it. Whether every task was run to its end.
pub(super) fn run(root: &Path, request: &Request) -> anyhow::Result<bool> {
    setup::run(root)?;
    let data = std::path::absolute(&request.data)?;
    let choice = Choice { languages: request.lang.clone(), first: request.first };
    let text = fs::read_to_string(&data).with_context(|| format!("`{}` cannot be read", data.display()))?;
    let tasks = tasks::chosen(&text, &choice).with_context(|| format!("`{}`", data.display()))?;
    anyhow::ensure!(!tasks.is_empty(), "there is no such task");
    let program = super::program(root, request.hephaestus.as_deref())?;
    anyhow::ensure!(program.is_file(), "`{}` is missing", program.display());
    let folder = match &request.work {
        Some(folder) => std::path::absolute(folder)?,
        None => root.join("target/bench/repair"),
    };
    fs::create_dir_all(&folder)?;
    let bench = Bench { root, request, choice, data, program, folder, tasks };
    let mut seeds = vec![request.seed];
    seeds.extend(request.again.then_some(request.seed.wrapping_add(1)));
    let mut rounds = Vec::new();
    for seed in seeds {
        let round = bench.round(seed)?;
        println!("\nseed {seed}\n\n{}", tables::all(&bench.tasks, &round.results, &round.judged));
        rounds.push(round);
    }
    if let [one, other] = rounds.as_slice() {
        println!("{}", tables::changes(&one.judged, &other.judged));
    }
    Ok(rounds.iter().all(|round| bench.tasks.iter().all(|task| round.results.of(task).is_some())))
}

/// What all rounds work with.
struct Bench<'a> {
    root: &'a Path,
    request: &'a Request,
    choice: Choice,
    data: PathBuf,
    program: PathBuf,
    folder: PathBuf,
    tasks: Vec<Task>,
}

/// All tasks with one seed.
struct Round {
    results: Results,
    judged: Vec<Judged>,
}

impl Bench<'_> {
    fn round(&self, seed: u64) -> anyhow::Result<Round> {
        let python = setup::folder(self.root).join("python");
        let judge = tasks::Program::beside(&self.data, &python)?;
        let untouched = self.folder.join("untouched");
        judge.unpack(&self.data, &untouched, &self.choice)?;
        let mut runner = Runner {
            program: self.program.clone(),
            python,
            untouched,
            copies: PathBuf::new(),
            logs: self.folder.join("logs"),
            seed,
            budget: self.request.budget.clone(),
            without: self.request.without.clone(),
        };
        let key = runner.key()?;
        // Copies belong to their results: those of another build lie elsewhere.
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let name = format!("seed-{seed}-{:08x}", hasher.finish() & 0xffff_ffff);
        runner.copies = self.folder.join(&name);
        let mut results = Results::open(&self.folder.join("results.jsonl"), &key)?;
        let left: Vec<&Task> = self.tasks.iter().filter(|task| results.of(task).is_none()).collect();
        println!(
            "bench: seed {seed}: {} tasks, {} of them done before",
            self.tasks.len(),
            self.tasks.len() - left.len()
        );
        runner.run_all(&left, self.request.jobs.max(1), &mut results)?;
        println!("bench: judging");
        let verdicts = self.folder.join(format!("judged-{name}.json"));
        let judged = judge.judge(&self.data, &runner.copies, &self.choice, self.request.jobs, &verdicts)?;
        Ok(Round { results, judged })
    }
}
