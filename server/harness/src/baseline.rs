//! The baseline: the unchanged workspace, built once and tested twice, before anything is judged by it.
//!
//! Tests that are red or waver are named and set aside; what the build left behind becomes a layer for all trials.

use crate::problem::Problem;
use crate::reports::{TestOutcome, TestReport};
use crate::sandbox::{Sandbox, Session, View};
use crate::suite::{Part, RunEnd, Suite, SuiteRun};
use hephaestus_core::{CancelToken, Isolation, TestFailure};
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
    /// Wall time of the slower of the two runs.
    pub wall: Duration,
    /// CPU time of the faster one.
    pub cpu: Duration,
    /// What both runs and the build took together.
    pub spent: Duration,
    /// CPU time of both runs and the build together.
    pub spent_cpu: Duration,
    /// How the runs were isolated.
    pub isolation: Isolation,
    /// What the user should know.
    pub notes: Vec<String>,
    layer: Arc<TempDir>,
}

impl Baseline {
    /// Builds the workspace at `root` and runs its suite twice.
    ///
    /// # Errors
    /// A [`Problem`] when nothing can be judged by it.
    pub fn take(
        root: &Path,
        sandbox: &Sandbox,
        suite: &Suite,
        cancel: &CancelToken,
    ) -> Result<Self, Problem> {
        let layer = sandbox.scratch("baseline").map_err(|error| Problem::Sandbox(error.to_string()))?;
        let view = View { root: root.to_owned(), layers: vec![], keep: Some(layer.path().join("upper")) };
        let mut session = sandbox.open(&view, cancel).map_err(|error| Problem::Sandbox(error.to_string()))?;
        // This workspace may get less than the machine offers: files of another owner cannot be overlaid, say.
        let (isolation, mut notes) = (session.isolation(), session.notes().to_vec());
        let limit = Duration::from_secs(suite.settings.baseline_timeout);
        let mut runs = Vec::new();
        let mut build = None;
        if suite.runner.build.is_some() {
            build = Some(run(suite, &mut session, Part::Build, limit, cancel)?);
        }
        for _ in 0..2 {
            runs.push(run(suite, &mut session, Part::Full, limit, cancel)?);
        }
        session.close();
        let [first, second] = runs.as_slice() else { return Err(Problem::Empty) };
        notes.extend(first.notes.iter().cloned());
        let mut sorted = sort_tests(&first.report, &second.report);
        if sorted.passing.is_empty() {
            return Err(if sorted.red.is_empty() {
                Problem::Empty
            } else {
                Problem::AllRed(std::mem::take(&mut sorted.red))
            });
        }
        let all = build.iter().chain(&runs);
        Ok(Self {
            passing: sorted.passing,
            red: sorted.red,
            flaky: sorted.flaky,
            wall: first.wall.max(second.wall),
            cpu: first.cpu.min(second.cpu),
            spent: all.clone().map(|run| run.wall).sum(),
            spent_cpu: all.map(|run| run.cpu).sum(),
            isolation,
            notes,
            layer: Arc::new(layer),
        })
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
}
