//! The baseline: the unchanged workspace, built once and tested twice, before anything is judged by it. What is
//! remembered of an earlier baseline can stand in for the second run, or for both; whoever remembers decides.
//!
//! Tests that are red or waver are named and set aside; what the build left behind becomes a layer for all trials.

use crate::problem::Problem;
use crate::reports::{TestOutcome, TestReport};
use crate::sandbox::{Sandbox, SandboxError, Session, View};
use crate::suite::{Part, RunEnd, Suite, SuiteRun};
use hephaestus_core::{CancelToken, Isolation, TestFailure};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// What the unchanged workspace does.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// Tests that passed both times: the judges.
    pub passing: BTreeSet<String>,
    /// Tests that failed both times.
    pub red: Vec<TestFailure>,
    /// Tests that did not do the same twice.
    pub flaky: Vec<String>,
    /// Wall time of the slowest run, remembered ones included.
    pub wall: Duration,
    /// CPU time of the fastest one.
    pub cpu: Duration,
    /// How often the suite was run for it: twice, or less where something was remembered.
    pub runs: u32,
    /// What all runs and the build took together.
    pub spent: Duration,
    /// CPU time of all runs and the build together.
    pub spent_cpu: Duration,
    /// How the runs were isolated.
    pub isolation: Isolation,
    /// What the user should know.
    pub notes: Vec<String>,
    layer: Arc<TempDir>,
}

/// What is worth remembering of a baseline that was tested twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineRecord {
    /// As in [`Baseline`], like everything here.
    pub passing: BTreeSet<String>,
    /// Tests that failed both times.
    pub red: Vec<TestFailure>,
    /// Tests that wavered.
    pub flaky: Vec<String>,
    /// Wall time of the slower run.
    pub wall: Duration,
    /// CPU time of the faster one.
    pub cpu: Duration,
}

impl BaselineRecord {
    /// Whether one run did exactly what is remembered; wavering tests may do what they like. A test that is new, gone or
    /// skipped now, or that was skipped then, makes a difference.
    fn is_confirmed_by(&self, report: &TestReport) -> bool {
        let outcome = |id: &String| report.tests.get(id);
        let red: BTreeSet<&String> = self.red.iter().map(|failure| &failure.id).collect();
        let expected = |id: &String| self.passing.contains(id) || red.contains(id) || self.flaky.contains(id);
        self.passing.iter().all(|id| outcome(id) == Some(&TestOutcome::Passed))
            && red.iter().all(|id| matches!(outcome(id), Some(TestOutcome::Failed(_))))
            && report.ids(|outcome| *outcome != TestOutcome::Skipped).all(expected)
    }
}

/// A session in which the unchanged workspace is built.
struct Built {
    layer: TempDir,
    session: Session,
    isolation: Isolation,
    notes: Vec<String>,
    runs: Vec<SuiteRun>,
}

impl Built {
    fn new(root: &Path, sandbox: &Sandbox, suite: &Suite, cancel: &CancelToken) -> Result<Self, Problem> {
        let of_sandbox = |error: SandboxError| match error {
            SandboxError::Cancelled => Problem::Cancelled,
            error => Problem::Sandbox(error.to_string()),
        };
        let layer = sandbox.scratch("baseline").map_err(of_sandbox)?;
        let view = View { root: root.to_owned(), layers: vec![], keep: Some(layer.path().join("upper")) };
        let session = sandbox.open(&view, cancel).map_err(of_sandbox)?;
        // This workspace may get less than the machine offers: files of another owner cannot be overlaid, say.
        let (isolation, notes) = (session.isolation(), session.notes().to_vec());
        let mut built = Self { layer, session, isolation, notes, runs: Vec::new() };
        if suite.runner.build.is_some() {
            built.run(suite, Part::Build, cancel)?;
        }
        Ok(built)
    }

    /// Runs a part of the suite; tells what its tests did.
    fn run(&mut self, suite: &Suite, part: Part<'_>, cancel: &CancelToken) -> Result<TestReport, Problem> {
        let limit = Duration::from_secs(suite.settings.baseline_timeout);
        let run = run(suite, &mut self.session, part, limit, cancel)?;
        let report = run.report.clone();
        self.runs.push(run);
        Ok(report)
    }

    /// The baseline by what `record` says and by the last `runs` runs.
    fn finish(mut self, record: BaselineRecord, runs: u32) -> Baseline {
        self.session.close();
        let first_test = self.runs.iter().rev().take(runs as usize).next_back();
        self.notes.extend(first_test.iter().flat_map(|run| run.notes.iter().cloned()));
        Baseline {
            passing: record.passing,
            red: record.red,
            flaky: record.flaky,
            wall: record.wall,
            cpu: record.cpu,
            runs,
            spent: self.runs.iter().map(|run| run.wall).sum(),
            spent_cpu: self.runs.iter().map(|run| run.cpu).sum(),
            isolation: self.isolation,
            notes: self.notes,
            layer: Arc::new(self.layer),
        }
    }
}

impl Baseline {
    /// Builds the workspace at `root` and runs its suite twice; once, where that does exactly what is `known`. A suite of
    /// which every test fails will do only where it is said so ([`Suite::red_too`]).
    ///
    /// # Errors
    /// A [`Problem`] when nothing can be judged by it.
    pub fn take(
        root: &Path,
        sandbox: &Sandbox,
        suite: &Suite,
        known: Option<&BaselineRecord>,
        cancel: &CancelToken,
    ) -> Result<Self, Problem> {
        let mut built = Built::new(root, sandbox, suite, cancel)?;
        let first = built.run(suite, Part::Full, cancel)?;
        if let Some(known) = known.filter(|known| known.is_confirmed_by(&first)) {
            judges_enough(suite, &known.passing, &known.red)?;
            let mut record = known.clone();
            if let Some(run) = built.runs.last() {
                record.wall = record.wall.max(run.wall);
                record.cpu = record.cpu.min(run.cpu);
            }
            return Ok(built.finish(record, 1));
        }
        let second = built.run(suite, Part::Full, cancel)?;
        let Sorted { passing, red, flaky } = sort_tests(&first, &second);
        judges_enough(suite, &passing, &red)?;
        let of_tests = || built.runs.iter().rev().take(2);
        let wall = of_tests().map(|run| run.wall).max().unwrap_or_default();
        let cpu = of_tests().map(|run| run.cpu).min().unwrap_or_default();
        Ok(built.finish(BaselineRecord { passing, red, flaky, wall, cpu }, 2))
    }

    /// Builds the workspace at `root` and takes `known` for what its suite does, without running it. Only for code that
    /// has not changed since.
    ///
    /// # Errors
    /// A [`Problem`] when it does not build or the sandbox does not open, or when nothing can be judged by what is known.
    pub fn recall(
        root: &Path,
        sandbox: &Sandbox,
        suite: &Suite,
        known: &BaselineRecord,
        cancel: &CancelToken,
    ) -> Result<Self, Problem> {
        judges_enough(suite, &known.passing, &known.red)?;
        Ok(Built::new(root, sandbox, suite, cancel)?.finish(known.clone(), 0))
    }

    /// What is worth remembering of it.
    #[must_use]
    pub fn record(&self) -> BaselineRecord {
        let Self { passing, red, flaky, wall, cpu, .. } = self.clone();
        BaselineRecord { passing, red, flaky, wall, cpu }
    }

    /// What the build and the first runs left behind, to lie below every trial.
    #[must_use]
    pub fn layer(&self) -> PathBuf {
        self.layer.path().join("upper")
    }

    /// How long one run of the suite may take with a candidate in it.
    #[must_use]
    pub fn time_limit(&self, suite: &Suite) -> Duration {
        let factor = suite.settings.timeout_factor.clamp(1.0, 1000.0);
        let floor = suite.settings.timeout_floor.clamp(0.1, 86_400.0);
        self.wall.mul_f64(factor) + Duration::from_secs_f64(floor)
    }

    /// Ids of tests that do not judge.
    #[must_use]
    pub fn set_aside(&self) -> Vec<String> {
        self.red.iter().map(|failure| failure.id.clone()).chain(self.flaky.iter().cloned()).collect()
    }
}

/// Whether anything can be judged by these tests: one that passes, or one that fails where that will do.
pub(crate) fn judges_enough(
    suite: &Suite,
    passing: &BTreeSet<String>,
    red: &[TestFailure],
) -> Result<(), Problem> {
    match (passing.is_empty(), red.is_empty()) {
        (false, _) => Ok(()),
        (true, true) => Err(Problem::Empty),
        (true, false) if suite.red_too => Ok(()),
        (true, false) => Err(Problem::AllRed(red.to_vec())),
    }
}

fn run(
    suite: &Suite,
    session: &mut Session,
    part: Part<'_>,
    limit: Duration,
    cancel: &CancelToken,
) -> Result<SuiteRun, Problem> {
    let run = suite.run(session, part, limit, cancel).map_err(|error| Problem::Sandbox(error.to_string()))?;
    match &run.end {
        RunEnd::Finished => Ok(run),
        RunEnd::NoTests => Err(Problem::Empty),
        RunEnd::BuildFailed => {
            let hint = suite.runner.build.as_ref().map(|build| build.hint.clone()).unwrap_or_default();
            Err(Problem::BuildFailed { tail: run.tail, hint })
        }
        RunEnd::Broken(message) => Err(Problem::Broken { message: message.clone(), tail: run.tail }),
        RunEnd::TimedOut => Err(Problem::TimedOut(limit.as_secs())),
        RunEnd::Cancelled => Err(Problem::Cancelled),
        RunEnd::NotFound(reason) => Err(Problem::ProgramMissing(reason.clone())),
    }
}

#[derive(Default)]
struct Sorted {
    passing: BTreeSet<String>,
    red: Vec<TestFailure>,
    flaky: Vec<String>,
}

/// Sorts tests by what they did in two runs of the same code. Skipped tests are nowhere: they say nothing.
fn sort_tests(first: &TestReport, second: &TestReport) -> Sorted {
    let mut sorted = Sorted::default();
    let both: BTreeMap<&String, (Option<&TestOutcome>, Option<&TestOutcome>)> = first
        .tests
        .keys()
        .chain(second.tests.keys())
        .map(|id| (id, (first.tests.get(id), second.tests.get(id))))
        .collect();
    for (id, outcomes) in both {
        match outcomes {
            (Some(TestOutcome::Passed), Some(TestOutcome::Passed)) => {
                sorted.passing.insert(id.clone());
            }
            (Some(TestOutcome::Failed(message)), Some(TestOutcome::Failed(_))) => {
                sorted.red.push(TestFailure { id: id.clone(), message: message.clone() });
            }
            (Some(TestOutcome::Skipped), Some(TestOutcome::Skipped)) => {}
            _ => sorted.flaky.push(id.clone()),
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(tests: &[(&str, TestOutcome)]) -> TestReport {
        TestReport { tests: tests.iter().map(|(id, outcome)| ((*id).to_owned(), outcome.clone())).collect() }
    }

    #[test]
    fn tests_are_sorted_by_what_they_did_twice() {
        use TestOutcome::{Failed, Passed, Skipped};
        let no = || Failed("no".into());
        let first = report(&[
            ("good", Passed),
            ("bad", no()),
            ("wavers", Passed),
            ("skipped", Skipped),
            ("vanishes", Passed),
        ]);
        let second = report(&[("good", Passed), ("bad", no()), ("wavers", no()), ("skipped", Skipped)]);
        let sorted = sort_tests(&first, &second);
        assert_eq!(sorted.passing.into_iter().collect::<Vec<_>>(), ["good"]);
        assert_eq!(sorted.red.len(), 1);
        assert_eq!(sorted.flaky, ["vanishes", "wavers"]);
    }

    #[test]
    fn one_run_confirms_what_is_remembered_only_if_nothing_else_happened() {
        use TestOutcome::{Failed, Passed, Skipped};
        let no = || Failed("no".into());
        let record = BaselineRecord {
            passing: BTreeSet::from(["good".to_owned()]),
            red: vec![TestFailure { id: "bad".to_owned(), message: "no".to_owned() }],
            flaky: vec!["wavers".to_owned()],
            wall: Duration::ZERO,
            cpu: Duration::ZERO,
        };
        let confirmed = |tests: &[(&str, TestOutcome)]| record.is_confirmed_by(&report(tests));
        assert!(confirmed(&[("good", Passed), ("bad", no()), ("wavers", no())]));
        assert!(confirmed(&[("good", Passed), ("bad", no()), ("wavers", Passed), ("skipped", Skipped)]));
        assert!(confirmed(&[("good", Passed), ("bad", no())]), "a wavering test may be gone");
        assert!(!confirmed(&[("good", no()), ("bad", no())]), "it fails now");
        assert!(!confirmed(&[("good", Skipped), ("bad", no())]), "it is skipped now");
        assert!(!confirmed(&[("bad", no())]), "it is gone");
        assert!(!confirmed(&[("good", Passed), ("bad", Passed)]), "it is mended");
        assert!(!confirmed(&[("good", Passed), ("bad", no()), ("new", Passed)]), "it is new");
        assert!(!confirmed(&[("good", Passed), ("bad", no()), ("skipped", no())]), "it is skipped no more");
    }
}
