//! Our program on each task: in a copy of its own, measured with everything it starts.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context;
use serde_json::Value;

use super::results::{Measured, Results};
use super::tasks::Task;
use crate::bench::mutants::{measured, with_environment};

/// The longest that one run may take.
const LIMIT: Duration = Duration::from_secs(1800);

/// What every run needs.
pub(super) struct Runner {
    pub(super) program: PathBuf,
    /// The virtual environment with pytest.
    pub(super) python: PathBuf,
    /// The tasks as they were laid out.
    pub(super) untouched: PathBuf,
    /// The copies that are repaired.
    pub(super) copies: PathBuf,
    pub(super) logs: PathBuf,
    pub(super) seed: u64,
    pub(super) budget: String,
    /// Parts of the search that are left out.
    pub(super) without: Vec<String>,
}

impl Runner {
    /// What tells its results from those of another build or of other settings.
    pub(super) fn key(&self) -> anyhow::Result<String> {
        let facts = fs::metadata(&self.program)?;
        let written = facts.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let (seed, budget, size) = (self.seed, &self.budget, facts.len());
        Ok(format!("{size} {written} seed {seed} budget {budget} without [{}]", self.without.join(",")))
    }

    /// Runs all of `tasks`, `jobs` at the same time. A task that cannot be run is told and left out.
    pub(super) fn run_all(&self, tasks: &[&Task], jobs: usize, results: &mut Results) -> anyhow::Result<()> {
        let key = results.key().to_owned();
        let left: Mutex<VecDeque<&Task>> = Mutex::new(tasks.iter().copied().collect());
        let (sender, done) = channel();
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                let (sender, left, key) = (sender.clone(), &left, &key);
                scope.spawn(move || {
                    loop {
                        let next = left.lock().ok().and_then(|mut left| left.pop_front());
                        let Some(task) = next else { return };
                        if sender.send((task, self.run_one(task, key))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for (nth, (task, outcome)) in done.iter().enumerate() {
                let name = task.folder().display().to_string();
                match outcome {
                    Ok(own) => {
                        let (cpu, tried, all) = (own.cpu_s, own.tried, tasks.len());
                        let end =
                            own.code.map_or_else(|| "out of time".to_owned(), |code| format!("exit {code}"));
                        println!("bench: {}/{all} {name}: {end}, {tried} tried, {cpu:.1} s of CPU", nth + 1);
                        results.put(own)?;
                    }
                    Err(error) => println!("bench: {name}: {error:#}"),
                }
            }
            Ok(())
        })
    }

    fn run_one(&self, task: &Task, key: &str) -> anyhow::Result<Measured> {
        let place = self.copies.join(task.folder());
        copy(&self.untouched.join(task.folder()), &place)?;
        if !self.without.is_empty() {
            let settings = place.join("hephaestus.toml");
            anyhow::ensure!(!settings.exists(), "`{}` is there already", settings.display());
            fs::write(settings, format!("[search]\nwithout = {:?}\n", self.without))?;
        }
        let mut command = Command::new(&self.program);
        command.arg("--quiet").arg("--root").arg(&place).args(["repair", "--apply", "--format", "json"]);
        command.args(["--jobs", "1", "--fresh", "--budget", &self.budget, "--seed", &self.seed.to_string()]);
        command.current_dir(&place);
        with_environment(&mut command, &self.python);
        // What one run remembers must not help another.
        let state = self.copies.join("state").join(task.folder());
        for name in ["XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, &state);
        }
        let logs = self.logs.join(format!("seed-{}", self.seed)).join(task.folder());
        let run = measured(&command, "repair", &logs, LIMIT)?;
        let report: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
        let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_f64);
        let found = |name: &str| report.pointer(&format!("/improvements/0/found/{name}"));
        Ok(Measured {
            key: key.to_owned(),
            id: task.id.clone(),
            language: task.language.clone(),
            cpu_s: run.cpu,
            wall_s: run.wall,
            code: run.code,
            tried: report.pointer("/stats/searched/tried").and_then(Value::as_u64).unwrap_or_default(),
            search_cpu_s: number("/stats/searched/cpu_s").unwrap_or_default(),
            alternatives: found("alternatives").and_then(Value::as_u64),
            confidence: found("confidence").and_then(Value::as_f64),
            said: run.stderr.lines().next_back().unwrap_or_default().to_owned(),
        })
    }
}

/// A fresh copy of a folder.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to).with_context(|| format!("`{}` cannot be removed", to.display()))?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("`{}` is missing", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
