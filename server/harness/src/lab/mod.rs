//! Labs: the fast way to run tests on many variants of a workspace. A lab loads or builds the project once and then runs
//! chosen tests on one variant after another, in a process of its own each: a forked interpreter, a warm worker, or a
//! test binary in which all variants lie behind a switch.
//!
//! A lab filters and measures; it is not the judge. What is offered has passed the plain suite in fresh processes.

mod driver;
mod inputs;
mod plain;
mod pool;
mod readers;
mod search;
mod singly;
mod switches;
mod warm;

use crate::problem::Problem;
use crate::sandbox::Sandbox;
use crate::suite::Suite;
use hephaestus_core::{CancelToken, Snapshot, TestFailure};
use hephaestus_syntax::Languages;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

pub use hephaestus_core::{TestLines as Lines, Variant};
pub use plain::PlainLab;
pub use switches::{Placed, SwitchLab};
pub use warm::WarmLab;

pub(crate) use inputs::Function;
pub(crate) use pool::{Grounds, LabPool};
pub(crate) use singly::{DIED, ENDLESS, is_possible, limit_beside, look, stops_the_suite};

/// What a lab works on.
#[derive(Debug, Clone)]
pub struct LabSubject<'a> {
    /// Where things run.
    pub sandbox: &'a Sandbox,
    /// What runs.
    pub suite: &'a Suite,
    /// The unchanged code.
    pub snapshot: &'a Snapshot,
    /// The languages.
    pub languages: &'static Languages,
    /// What earlier sessions left behind, nearest first.
    pub layers: Vec<PathBuf>,
    /// How many jobs may run at a time.
    pub slots: usize,
    /// What is known of the unchanged code from earlier: tests that would do the same again, through the same lines.
    /// A lab may look at the others alone; it may also look at everything again.
    pub known: Option<&'a LabFacts>,
}

/// Opens the lab that fits the suite's runner: a warm driver, switches, or, where there is neither, the plain suite.
///
/// # Errors
/// When no test can judge, or this lab does not fit the project: then [`PlainLab`] does.
pub fn open(
    subject: LabSubject<'_>,
    variants: &[Variant],
    cancel: &CancelToken,
) -> Result<Box<dyn Lab>, LabError> {
    let runner = &subject.suite.runner;
    if runner.driver.is_some() {
        return Ok(Box::new(WarmLab::open(&subject, variants, cancel)?));
    }
    if runner.switches.is_some() {
        return Ok(Box::new(SwitchLab::open(&subject, variants.to_vec(), cancel)?));
    }
    Ok(Box::new(PlainLab::open(&subject, variants, cancel)?))
}

/// A test that was seen on the unchanged code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabTest {
    /// Its id, as the suite's own report has it.
    pub id: String,
    /// How long it took.
    pub wall: Duration,
    /// Which lines it ran through, in files of the workspace.
    pub lines: Lines,
}

/// What a lab found out about the unchanged code.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LabFacts {
    /// The judges, in the suite's order.
    pub tests: Vec<LabTest>,
    /// Tests that fail on the unchanged code.
    pub red: Vec<TestFailure>,
    /// Tests that did not do the same twice.
    pub flaky: Vec<String>,
    /// Lines that ran while the project was loaded, before any test.
    pub loaded: Lines,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Tests to run on one variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The variant.
    pub variant: u32,
    /// Which tests, as indices into [`LabFacts::tests`], in this order as far as the runner allows.
    pub tests: Vec<usize>,
    /// Whether to stop at the first failure.
    pub stop_at_first: bool,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// The tests came to their end, or stopped at the first failure.
    Ran,
    /// They did not within their limit.
    TimedOut,
    /// The variant does not compile or cannot be loaded; why.
    Unviable(String),
    /// The runner broke; what it said. Says nothing about the variant.
    Broken(String),
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobOutcome {
    /// The variant.
    pub variant: u32,
    /// How it ended.
    pub end: JobEnd,
    /// Tests that passed.
    pub passed: u32,
    /// Tests that failed, by id. A process that died while a test was running counts as that test's failure.
    pub failed: Vec<TestFailure>,
    /// Wall-clock time.
    pub wall: Duration,
    /// CPU time of all its processes, its share of a common build not included.
    pub cpu: Duration,
}

/// Why a lab cannot be used (any more). The plain way is always open.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LabError {
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// This project cannot be run in this way; why.
    #[error("{0}")]
    Unfit(String),
    /// Nothing can be judged in any way.
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// Runs tests on variants.
pub trait Lab: Send {
    /// What is known of the unchanged code.
    fn facts(&self) -> &LabFacts;

    /// The tests that fail on the unchanged code, as in [`LabFacts::red`], with the lines they run through; none where
    /// nobody saw those.
    fn red_tests(&self) -> &[LabTest] {
        &[]
    }

    /// Takes one more variant, where that needs no build. Tells whether it did.
    fn admit(&mut self, _variant: &Variant) -> bool {
        false
    }

    /// Forgets a variant that was admitted.
    fn dismiss(&mut self, _variant: u32) {}

    /// The tests that reach `variant` on the unchanged code, as indices into [`LabFacts::tests`], in that order.
    fn reaching(&self, variant: u32) -> Vec<usize>;

    /// The tests among `judges` that reach `variant`, the fastest first.
    fn judges_reaching(&self, variant: u32, judges: &BTreeSet<String>) -> Vec<usize> {
        let test = |at: &usize| self.facts().tests.get(*at);
        let mut tests = self.reaching(variant);
        tests.retain(|at| test(at).is_some_and(|test| judges.contains(&test.id)));
        tests.sort_by_key(|at| test(at).map(|test| test.wall));
        tests
    }

    /// Adds tests that are too dear to be among the others from the start (examples in the documentation, say): meant for
    /// variants that nothing else notices. Returns how many there are; their places in [`LabFacts::tests`] follow those of
    /// the other tests, which stay.
    ///
    /// # Errors
    /// When the lab itself is at an end. Tests that cannot be added are a note.
    fn widen(&mut self, _cancel: &CancelToken) -> Result<usize, LabError> {
        Ok(0)
    }

    /// Runs `jobs`, several at a time where the lab has slots; `done` is told of each as it ends, in any order.
    ///
    /// # Errors
    /// When the lab itself is at an end. Jobs of which `done` was not told have not been run.
    fn run(
        &mut self,
        jobs: &[Job],
        cancel: &CancelToken,
        done: &mut dyn FnMut(JobOutcome),
    ) -> Result<(), LabError>;

    /// From now on a job may take `factor` times its usual limit. A lab whose limits are not its own may pass it over.
    fn stretch_limits(&mut self, factor: u32) {
        let _ = factor;
    }

    /// CPU time spent on builds, loading and finding out what reaches what, so far.
    fn overhead(&self) -> Duration;
}
