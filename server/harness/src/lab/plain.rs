//! The plain lab: each variant is written into a session of its own and the suite runs as it always does. Slow, but it
//! needs nothing of a runner: for the user's own command, and wherever a faster lab does not fit.
//!
//! Which test runs through which line is not known here, so every test may reach every variant.

use super::{Job, JobEnd, JobOutcome, Lab, LabError, LabFacts, LabSubject, LabTest, Lines, Variant};
use crate::baseline::{Baseline, BaselineRecord};
use crate::problem::Problem;
use crate::reports::{TestOutcome, TestReport};
use crate::runners::Selection;
use crate::sandbox::{Sandbox, SandboxError, Session, View};
use crate::suite::{Part, RunEnd, Suite, SuiteRun};
use hephaestus_core::{CancelToken, Patch, RelPath, Snapshot, TestFailure};
use hephaestus_syntax::{ImportGraph, Parsed};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A lab that runs the suite itself.
pub struct PlainLab {
    sandbox: Sandbox,
    suite: Suite,
    snapshot: Snapshot,
    imports: ImportGraph,
    layers: Vec<PathBuf>,
    baseline: Baseline,
    facts: LabFacts,
    variants: BTreeMap<u32, Variant>,
    slots: usize,
    stretch: u32,
}

impl PlainLab {
    /// Takes the baseline: twice, or once where it does what is known.
    ///
    /// # Errors
    /// When no test can judge, or somebody asked to stop.
    pub fn open(
        subject: &LabSubject<'_>,
        variants: &[Variant],
        cancel: &CancelToken,
    ) -> Result<Self, LabError> {
        let known = subject.known.and_then(record_of);
        let root = &subject.snapshot.root;
        let baseline = Baseline::take(root, subject.sandbox, subject.suite, known.as_ref(), cancel);
        let baseline = baseline.map_err(|problem| match problem {
            Problem::Cancelled => LabError::Cancelled,
            problem => LabError::Problem(problem),
        })?;
        let trees: Vec<Parsed> = subject
            .snapshot
            .files
            .values()
            .filter_map(|file| Parsed::new(subject.languages.get(&file.language)?, file.clone()))
            .collect();
        let mut layers = subject.layers.clone();
        layers.push(baseline.layer());
        let mut suite = subject.suite.clone();
        suite.stop_early = baseline.set_aside().is_empty();
        Ok(Self {
            sandbox: subject.sandbox.clone(),
            suite,
            snapshot: subject.snapshot.clone(),
            imports: ImportGraph::build(subject.snapshot, &trees),
            layers,
            facts: facts_of(&baseline),
            baseline,
            variants: variants.iter().map(|variant| (variant.id, variant.clone())).collect(),
            slots: subject.slots.max(1),
            stretch: 1,
        })
    }

    /// `None` when somebody asked to stop.
    fn try_one(&self, job: &Job, cancel: &CancelToken) -> Option<JobOutcome> {
        let mut trial = Trial { started: Instant::now(), cpu: Duration::ZERO, held_up: Duration::ZERO };
        let end = match self.variants.get(&job.variant) {
            Some(variant) => self.climb(variant, job, &mut trial, cancel),
            None => Ok(Seen::ended(JobEnd::Broken("there is no such variant".to_owned()))),
        };
        let seen = match end {
            Ok(seen) => seen,
            Err(SandboxError::Cancelled) => return None,
            Err(_) if cancel.is_cancelled() => return None,
            Err(error) => Seen::ended(JobEnd::Broken(error.to_string())),
        };
        if cancel.is_cancelled() && !matches!(seen.end, JobEnd::Ran) {
            return None;
        }
        Some(JobOutcome {
            variant: job.variant,
            end: seen.end,
            passed: seen.passed,
            failed: seen.failed,
            wall: trial.started.elapsed().saturating_sub(trial.held_up),
            cpu: trial.cpu,
        })
    }

    fn climb(
        &self,
        variant: &Variant,
        job: &Job,
        trial: &mut Trial,
        cancel: &CancelToken,
    ) -> Result<Seen, SandboxError> {
        let Some(text) = self.text_of(variant) else {
            return Ok(Seen::ended(JobEnd::Unviable("its edits do not fit the text".to_owned())));
        };
        let view = View { root: self.snapshot.root.clone(), layers: self.layers.clone(), keep: None };
        let mut session = self.sandbox.open(&view, cancel)?;
        session.write(&variant.file, Some(text.as_bytes()))?;
        if self.suite.runner.build.is_some() {
            let limit = Duration::from_secs(self.suite.settings.baseline_timeout);
            let run = self.suite.run(&mut session, Part::Build, limit, cancel)?;
            trial.add(&run);
            match run.end {
                RunEnd::Finished => {}
                RunEnd::BuildFailed => return Ok(Seen::ended(JobEnd::Unviable(last_words(&run.tail)))),
                end => return end_of(&end, &run.tail),
            }
        }
        let nearest = if job.stop_at_first { self.nearest_tests(&variant.file) } else { None };
        if let Some(files) = nearest {
            let seen = self.run_tests(&mut session, Part::Impacted(&files), trial, cancel)?;
            // What is far away is asked only where those nearby have nothing to say against it.
            let is_clear = !seen.failed.is_empty() || !matches!(seen.end, JobEnd::Ran | JobEnd::Broken(_));
            if is_clear {
                return Ok(seen);
            }
        }
        self.run_tests(&mut session, Part::Full, trial, cancel)
    }

    fn text_of(&self, variant: &Variant) -> Option<String> {
        let file = self.snapshot.file(&variant.file)?;
        let patch = Patch::edit(file.path.clone(), file.hash.clone(), variant.edits.clone()).ok()?;
        patch.apply_to(&file.path, Some(&file.text)).ok()?
    }

    /// The test files that import the file, where they are fewer than all of them.
    fn nearest_tests(&self, file: &RelPath) -> Option<Vec<RelPath>> {
        let run = self.suite.runner.impacted.as_ref().filter(|run| run.files != Selection::All)?;
        let runs_alone = |path: &RelPath| !matches!(path.file_name(), "conftest.py" | "__init__.py");
        let all = self.snapshot.files.values().filter(|file| file.is_test && runs_alone(&file.path)).count();
        let files: Vec<RelPath> =
            self.imports.tests_reaching(file, &self.snapshot).into_iter().filter(runs_alone).collect();
        let stops = self.suite.stop_early && !run.fail_fast.is_empty();
        (!files.is_empty() && (files.len() < all || stops)).then_some(files)
    }

    fn run_tests(
        &self,
        session: &mut Session,
        part: Part<'_>,
        trial: &mut Trial,
        cancel: &CancelToken,
    ) -> Result<Seen, SandboxError> {
        let limit = self.baseline.time_limit(&self.suite).saturating_mul(self.stretch);
        let run = self.suite.run(session, part, limit, cancel)?;
        trial.add(&run);
        match &run.end {
            RunEnd::Finished => Ok(self.seen(&run.report)),
            end => end_of(end, &run.tail),
        }
    }

    /// What a report says about the judges. A failing test that is none of them says nothing by itself: where no judge
    /// ran beside it, the tests could not be loaded; where some did, nobody knows what happened.
    fn seen(&self, report: &TestReport) -> Seen {
        let mut seen = Seen::ended(JobEnd::Ran);
        let mut strange = None;
        for (id, outcome) in &report.tests {
            let judges = self.baseline.passing.contains(id);
            match outcome {
                TestOutcome::Passed if judges => seen.passed += 1,
                TestOutcome::Failed(message) if judges => {
                    seen.failed.push(TestFailure { id: id.clone(), message: message.clone() });
                }
                TestOutcome::Failed(message) if !self.is_set_aside(id) => {
                    strange = strange.or_else(|| Some(format!("{id}: {}", last_words(message))));
                }
                _ => {}
            }
        }
        if let Some(strange) = strange.filter(|_| seen.failed.is_empty()) {
            seen.end = match seen.passed {
                0 => JobEnd::Unviable(strange),
                _ => JobEnd::Broken(format!("a test that the unchanged code does not have fails: {strange}")),
            };
        }
        seen
    }

    fn is_set_aside(&self, id: &String) -> bool {
        self.baseline.flaky.contains(id) || self.baseline.red.iter().any(|red| red.id == *id)
    }
}

/// What one job has cost so far.
struct Trial {
    started: Instant,
    cpu: Duration,
    held_up: Duration,
}

impl Trial {
    fn add(&mut self, run: &SuiteRun) {
        self.cpu += run.cpu;
        self.held_up += run.held_up;
    }
}

/// What one run of tests showed.
struct Seen {
    end: JobEnd,
    passed: u32,
    failed: Vec<TestFailure>,
}

impl Seen {
    fn ended(end: JobEnd) -> Self {
        Self { end, passed: 0, failed: vec![] }
    }
}

/// The end of a run that is not finished.
fn end_of(end: &RunEnd, tail: &str) -> Result<Seen, SandboxError> {
    let broken = |message: &str| JobEnd::Broken(format!("{message}: {}", last_words(tail)));
    Ok(Seen::ended(match end {
        RunEnd::Finished => JobEnd::Ran,
        RunEnd::NoTests => broken("no test was run"),
        RunEnd::BuildFailed => broken("the build failed"),
        RunEnd::Broken(message) | RunEnd::NotFound(message) => broken(message),
        RunEnd::TimedOut => JobEnd::TimedOut,
        RunEnd::Cancelled => return Err(SandboxError::Cancelled),
    }))
}

/// The last line with something on it.
fn last_words(text: &str) -> String {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

/// The suite's time is shared out evenly: nobody measured the tests one by one.
fn facts_of(baseline: &Baseline) -> LabFacts {
    let share = u32::try_from(baseline.passing.len()).unwrap_or(u32::MAX).max(1);
    let wall = baseline.wall / share;
    let test = |id: &String| LabTest { id: id.clone(), wall, lines: Lines::new() };
    LabFacts {
        tests: baseline.passing.iter().map(test).collect(),
        red: baseline.red.clone(),
        flaky: baseline.flaky.clone(),
        loaded: Lines::new(),
        notes: baseline.notes.clone(),
    }
}

/// What is known as a baseline of two runs; `None` where nothing passed.
fn record_of(known: &LabFacts) -> Option<BaselineRecord> {
    let passing: BTreeSet<String> = known.tests.iter().map(|test| test.id.clone()).collect();
    let wall = known.tests.iter().map(|test| test.wall).sum();
    let (red, flaky) = (known.red.clone(), known.flaky.clone());
    (!passing.is_empty()).then_some(BaselineRecord { passing, red, flaky, wall, cpu: wall })
}

impl Lab for PlainLab {
    fn facts(&self) -> &LabFacts {
        &self.facts
    }

    fn reaching(&self, _variant: u32) -> Vec<usize> {
        (0..self.facts.tests.len()).collect()
    }

    fn run(
        &mut self,
        jobs: &[Job],
        cancel: &CancelToken,
        done: &mut dyn FnMut(JobOutcome),
    ) -> Result<(), LabError> {
        let (next, this) = (AtomicUsize::new(0), &*self);
        let (sender, outcomes) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..this.slots.min(jobs.len()) {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let outcome = if cancel.is_cancelled() { None } else { this.try_one(job, cancel) };
                        if outcome.is_none_or(|outcome| sender.send(outcome).is_err()) {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            outcomes.iter().for_each(&mut *done);
        });
        if cancel.is_cancelled() { Err(LabError::Cancelled) } else { Ok(()) }
    }

    fn stretch_limits(&mut self, factor: u32) {
        self.stretch = factor.max(1);
    }

    fn overhead(&self) -> Duration {
        self.baseline.spent_cpu
    }
}
