//! The baseline: the unchanged workspace, built once and tested twice, before anything is judged by it. What is
//! remembered of an earlier baseline can stand in for the second run, or for both; whoever remembers decides.
//!
//! Tests that are red or waver are named and set aside; what the build left behind becomes a layer for all trials.

use crate::lab::{self, LabError};
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
    /// CPU time of looking at the tests one by one.
    looking: Duration,
}

/// What the first run told.
enum First {
    Whole(TestReport),
    /// There was none that came to its end: what the tests do one by one.
    Singly(BaselineRecord),
}

/// Where tests can be run one by one, the whole suite is first given this part of its time.
const PATIENCE: u32 = 10;

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
        let mut built = Self { layer, session, isolation, notes, runs: Vec::new(), looking: Duration::ZERO };
        if suite.runner.build.is_some() {
            built.run(suite, Part::Build, cancel)?;
        }
        Ok(built)
    }

    /// Runs a part of the suite; tells what its tests did.
    fn run(&mut self, suite: &Suite, part: Part<'_>, cancel: &CancelToken) -> Result<TestReport, Problem> {
        let limit = Duration::from_secs(suite.settings.baseline_timeout);
        self.run_within(suite, part, limit, cancel)
    }

    fn run_within(
        &mut self,
        suite: &Suite,
        part: Part<'_>,
        limit: Duration,
        cancel: &CancelToken,
    ) -> Result<TestReport, Problem> {
        let run = run(suite, &mut self.session, part, limit, cancel)?;
        let report = run.report.clone();
        self.runs.push(run);
        Ok(report)
    }

    /// Runs the suite for the first time; test by test where it does not come to its end and only repairs are wanted.
    fn first(
        &mut self,
        root: &Path,
        sandbox: &Sandbox,
        suite: &Suite,
        known: Option<&BaselineRecord>,
        cancel: &CancelToken,
    ) -> Result<First, Problem> {
        if !suite.red_too || !lab::is_possible(suite) {
            return self.run(suite, Part::Full, cancel).map(First::Whole);
        }
        let look = || one_by_one(root, sandbox, suite, cancel);
        let knew = known.is_some_and(|known| known.red.iter().any(lab::stops_the_suite));
        if knew && let Some(seen) = look()? {
            return Ok(self.singly(seen));
        }
        let whole = Duration::from_secs(suite.settings.baseline_timeout);
        let usual = known.map_or(Duration::ZERO, |known| known.wall * 3);
        let patience = (whole / PATIENCE).max(usual).min(whole);
        let mut stopped = match self.run_within(suite, Part::Full, patience, cancel) {
            Err(problem @ (Problem::TimedOut(_) | Problem::Broken { .. })) => problem,
            ended => return ended.map(First::Whole),
        };
        let is_slow = matches!(stopped, Problem::TimedOut(_)) && patience < whole;
        let seen = look()?;
        // What took so long may have been the others: then it is waited for.
        let is_sure = seen.as_ref().is_some_and(|(record, _)| record.wall * 2 < patience);
        if is_slow && !is_sure {
            stopped = match self.run(suite, Part::Full, cancel) {
                Err(problem @ Problem::TimedOut(_)) => problem,
                ended => return ended.map(First::Whole),
            };
        }
        seen.map(|seen| self.singly(seen)).ok_or(stopped)
    }

    fn singly(&mut self, (record, cpu): (BaselineRecord, Duration)) -> First {
        self.notes.push(singly_note(&record));
        self.looking += cpu;
        First::Singly(record)
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
            spent_cpu: self.runs.iter().map(|run| run.cpu).sum::<Duration>() + self.looking,
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
        let first = match built.first(root, sandbox, suite, known, cancel)? {
            First::Whole(first) => first,
            First::Singly(record) => {
                judges_enough(suite, &record.passing, &record.red)?;
                return Ok(built.finish(record, 2));
            }
        };
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

    /// How long each test may take on the unchanged code, in CPU time, where some never end or take their process down.
    pub(crate) fn each(&self, suite: &Suite) -> Option<Duration> {
        let stops = self.red.iter().any(lab::stops_the_suite);
        stops.then(|| lab::limit_beside(&suite.settings, self.wall))
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

/// What the tests do one by one, and what finding out took; nothing where that cannot be done, or each comes to its end.
fn one_by_one(
    root: &Path,
    sandbox: &Sandbox,
    suite: &Suite,
    cancel: &CancelToken,
) -> Result<Option<(BaselineRecord, Duration)>, Problem> {
    match lab::look(root, sandbox, suite, cancel) {
        Err(LabError::Cancelled) => Err(Problem::Cancelled),
        Err(why) => {
            tracing::debug!("the tests cannot be run one by one: {why}");
            Ok(None)
        }
        Ok(seen) => Ok(Some(seen).filter(|(record, _)| record.red.iter().any(lab::stops_the_suite))),
    }
}

/// What the user should know of a suite that was looked at test by test.
fn singly_note(record: &BaselineRecord) -> String {
    let stopping: Vec<&str> = record
        .red
        .iter()
        .filter(|failure| lab::stops_the_suite(failure))
        .map(|failure| failure.id.as_str())
        .collect();
    format!(
        "The suite does not come to its end, so the tests were run one by one: {} never {}, or {} the process down.",
        stopping.join(", "),
        if stopping.len() == 1 { "ends" } else { "end" },
        if stopping.len() == 1 { "takes" } else { "take" },
    )
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
