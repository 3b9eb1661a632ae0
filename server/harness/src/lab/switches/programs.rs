//! Test programs, started directly: which tests they have, and what those do with one alternative switched on.

use super::build::{Tool, of_sandbox};
use super::dialect::Dialect;
use super::project::{Manner, Program};
use crate::lab::{JobEnd, LabError};
use crate::redirect::{FILE, Streams, output, redirected};
use crate::reports::TestOutcome;
use crate::sandbox::{Session, Step, StepOutcome, StepStatus};
use hephaestus_core::{CancelToken, TestFailure};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The variable that switches an alternative on.
const SWITCH: &str = "HEPHAESTUS_SWITCH";
/// Below this, a group of tests runs in one process: starting another costs as much.
const CHEAP: Duration = Duration::from_millis(20);
/// A group of tests may take at least so long …
const FLOOR: Duration = Duration::from_secs(2);
/// … and this many times as long as it takes on the unchanged code.
const FACTOR: u32 = 5;
/// How many tests one command line names at most.
const NAMES: usize = 400;

/// A test of a test program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TestRef {
    /// Which program.
    pub(super) program: usize,
    /// Its name there.
    pub(super) name: String,
    /// Its id in the suite's report.
    pub(super) id: String,
    /// How long it takes on the unchanged code.
    pub(super) wall: Duration,
}

/// Programs as they lie in sessions, which may show the workspace elsewhere than where they were built.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub(super) all: Vec<Program>,
    pub(super) root: PathBuf,
    /// How many times their usual limit tests may take.
    pub(super) stretch: u32,
}

/// What came of a group of tests.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GroupOutcome {
    pub(super) end: JobEnd,
    pub(super) passed: u32,
    pub(super) failed: Vec<TestFailure>,
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
}

impl Programs {
    /// A command that starts a program with these arguments.
    pub(super) fn step(
        &self,
        tool: &Tool,
        session: &Session,
        program: &Program,
        head: &[String],
        args: impl IntoIterator<Item = String>,
    ) -> Step {
        let moved = |text: &str| moved(text, &self.root, session.root());
        let argv = head.iter().cloned().chain([moved(&program.path)]).chain(args).collect();
        let own = program.env.iter().map(|(name, value)| (name.clone(), moved(value)));
        Step {
            argv,
            cwd: program.cwd.clone(),
            env: tool.env(session).into_iter().chain(own).collect(),
            timeout: tool.limit(),
            collect: vec![FILE.to_owned()],
            ..Step::default()
        }
    }

    /// The names of a program's tests; `None` if it does not answer as a test program should.
    pub(super) fn list(
        &self,
        tool: &Tool,
        session: &mut Session,
        program: &Program,
        cancel: &CancelToken,
    ) -> Result<Option<Vec<String>>, LabError> {
        let mut step = self.step(tool, session, program, &[], tool.commands.list.clone());
        step.argv = redirected(step.argv, Streams::Out);
        step.timeout = Duration::from_secs(20);
        let outcome = run(session, &step, cancel)?;
        let text = output(&outcome);
        if outcome.status != StepStatus::Exited(0) {
            return Ok(None);
        }
        Ok(tool.dialect().names(&text))
    }

    /// Runs `tests`, all of one program, with the alternative of this number.
    pub(super) fn run_group(
        &self,
        tool: &Tool,
        session: &mut Session,
        tests: &[&TestRef],
        switch: Option<u32>,
        cancel: &CancelToken,
    ) -> Result<GroupOutcome, LabError> {
        let nothing = GroupOutcome {
            end: JobEnd::Ran,
            passed: 0,
            failed: vec![],
            wall: Duration::ZERO,
            cpu: Duration::ZERO,
        };
        let program = tests.first().and_then(|test| self.all.get(test.program));
        let Some(program) = program else { return Ok(nothing) };
        let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
        let args = if program.manner == Manner::Chosen {
            tool.dialect().choosing(&tool.commands.only, &names)
        } else {
            vec![]
        };
        let mut step = self.step(tool, session, program, &[], args);
        step.argv = redirected(step.argv, Streams::Both);
        step.env.extend(switch.map(|number| (SWITCH.to_owned(), number.to_string())));
        step.timeout = limit(tests) * self.stretch;
        let outcome = run(session, &step, cancel)?;
        let mut group = if program.manner == Manner::Bare {
            read_bare(tests, &outcome)
        } else {
            read(tool.dialect(), &program.name, tests, &outcome)
        };
        group.wall = outcome.wall;
        group.cpu = outcome.cpu;
        Ok(group)
    }
}

/// Runs a step; a lab has nothing to say about one that was cancelled.
pub(super) fn run(session: &mut Session, step: &Step, cancel: &CancelToken) -> Result<StepOutcome, LabError> {
    let outcome = session.run(step, cancel).map_err(of_sandbox)?;
    if outcome.status == StepStatus::Cancelled { Err(LabError::Cancelled) } else { Ok(outcome) }
}

/// The tests in the order given, in groups of one program each; the first alone where the others would take long.
pub(super) fn groups<'t>(tests: &[&'t TestRef], stop_at_first: bool) -> Vec<Vec<&'t TestRef>> {
    let mut groups: Vec<Vec<&TestRef>> = Vec::new();
    for test in tests {
        let own = |group: &&mut Vec<&TestRef>| {
            group.len() < NAMES && group.first().is_some_and(|first| first.program == test.program)
        };
        match groups.iter_mut().rev().find(own) {
            Some(group) => group.push(test),
            None => groups.push(vec![test]),
        }
    }
    let splits = groups.first().is_some_and(|group| {
        stop_at_first && group.len() > 1 && group.iter().map(|test| test.wall).sum::<Duration>() > CHEAP
    });
    if splits && let Some(first) = groups.first_mut() {
        let rest = first.split_off(1);
        groups.insert(1, rest);
    }
    groups
}

fn limit(tests: &[&TestRef]) -> Duration {
    FLOOR.max(tests.iter().map(|test| test.wall).sum::<Duration>() * FACTOR)
}

/// A text with paths in it, for a session that shows the workspace at `to` instead of `from`.
pub(super) fn moved(text: &str, from: &Path, to: &Path) -> String {
    if from == to { text.to_owned() } else { text.replace(&*from.to_string_lossy(), &to.to_string_lossy()) }
}

/// Reads what a program said of `tests`.
fn read(dialect: Dialect, program: &str, tests: &[&TestRef], outcome: &StepOutcome) -> GroupOutcome {
    let text = output(outcome);
    let said = dialect.said(program, &text);
    let outcome_of = |test: &TestRef| said.tests.get(&dialect.id(program, &test.name));
    let mut failed: Vec<TestFailure> = Vec::new();
    let mut passed = 0;
    let mut silent: Vec<&TestRef> = Vec::new();
    for test in tests {
        match outcome_of(test) {
            Some(TestOutcome::Failed(message)) => {
                failed.push(TestFailure { id: test.id.clone(), message: message.clone() });
            }
            Some(TestOutcome::Passed) => passed += 1,
            Some(TestOutcome::Skipped) => {}
            None => silent.push(test),
        }
    }
    let named = dialect.named_at_the_end(&text);
    let (told, silent): (Vec<&TestRef>, Vec<&TestRef>) =
        silent.into_iter().partition(|test| named.contains(test.name.as_str()));
    failed.extend(told.iter().map(|test| TestFailure { id: test.id.clone(), message: String::new() }));
    let (began, summed_up) = (dialect.began(&text), dialect.summed_up(&text));
    let end = match &outcome.status {
        StepStatus::TimedOut => JobEnd::TimedOut,
        StepStatus::Exited(0) if summed_up => {
            passed += u32::try_from(silent.len()).unwrap_or(0);
            JobEnd::Ran
        }
        StepStatus::Exited(_) if summed_up && !failed.is_empty() => JobEnd::Ran,
        StepStatus::NotStarted { reason, .. } => JobEnd::Broken(reason.clone()),
        StepStatus::DiskFull => JobEnd::Broken("the tests wrote more than the sandbox allows".to_owned()),
        status => {
            let died = match status {
                StepStatus::Signaled(signal) => format!("the process was killed by signal {signal}"),
                StepStatus::Exited(code) => {
                    format!("the process ended with exit code {code} in the middle of it")
                }
                _ => "the process ended".to_owned(),
            };
            match dialect.running_at_the_end(&text, &silent) {
                // It never came to a test: nothing is known of any.
                _ if !began => JobEnd::Broken(format!("{died}: {}", crate::reports::shorten(&text))),
                Some(test) => {
                    failed.push(TestFailure { id: test.id.clone(), message: died });
                    JobEnd::Ran
                }
                None if !failed.is_empty() => JobEnd::Ran,
                None => JobEnd::Broken(died),
            }
        }
    };
    GroupOutcome { end, passed, failed, wall: Duration::ZERO, cpu: Duration::ZERO }
}

/// Reads how an example ended.
fn read_bare(tests: &[&TestRef], outcome: &StepOutcome) -> GroupOutcome {
    let mut group = GroupOutcome {
        end: JobEnd::Ran,
        passed: 0,
        failed: vec![],
        wall: Duration::ZERO,
        cpu: Duration::ZERO,
    };
    match &outcome.status {
        StepStatus::Exited(0) => group.passed = 1,
        StepStatus::TimedOut => group.end = JobEnd::TimedOut,
        StepStatus::NotStarted { reason, .. } => group.end = JobEnd::Broken(reason.clone()),
        _ => {
            let message = crate::reports::shorten(&output(outcome));
            group.failed.extend(
                tests.iter().map(|test| TestFailure { id: test.id.clone(), message: message.clone() }),
            );
        }
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Captured;

    fn test(name: &str) -> TestRef {
        let wall = Duration::from_millis(1);
        TestRef { program: 0, name: name.to_owned(), id: format!("p::{name}"), wall }
    }

    fn outcome(status: StepStatus, text: &str) -> StepOutcome {
        let stdout = Captured { text: text.to_owned(), truncated: false };
        StepOutcome {
            status,
            wall: Duration::ZERO,
            frozen: Duration::ZERO,
            waited: Duration::ZERO,
            cpu: Duration::ZERO,
            max_rss_kb: 0,
            stdout,
            stderr: Captured::default(),
            files: vec![],
            left_running: 0,
        }
    }

    /// How it ended, how many passed, and who failed.
    fn seen(status: StepStatus, text: &str) -> (JobEnd, u32, Vec<String>) {
        let (a, b) = (test("a"), test("b"));
        let group = read(Dialect::Libtest, "p", &[&a, &b], &outcome(status, text));
        (group.end, group.passed, group.failed.into_iter().map(|failure| failure.id).collect())
    }

    #[test]
    fn a_test_that_was_running_when_the_process_died_has_failed() {
        let died = "running 2 tests\ntest a ... ok\ntest b ... ";
        let expected = (JobEnd::Ran, 1, vec!["p::b".to_owned()]);
        assert_eq!(seen(StepStatus::Signaled(6), died), expected);
        assert_eq!(seen(StepStatus::Exited(0), died), expected, "leaving early is no success");
    }

    #[test]
    fn a_program_that_never_came_to_its_tests_says_nothing_about_them() {
        let (end, passed, failed) = seen(StepStatus::Exited(127), "sh: not found\n");
        assert!(matches!(end, JobEnd::Broken(_)), "{end:?}");
        assert_eq!((passed, failed.len()), (0, 0));
    }

    #[test]
    fn output_that_tears_lines_apart_hides_no_failure() {
        let torn = "running 2 tests\ntest a ... noise\nok\ntest b ... noise FAILED?\n\nfailures:\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed; 1 failed\n";
        assert_eq!(seen(StepStatus::Exited(101), torn), (JobEnd::Ran, 0, vec!["p::b".to_owned()]));
        let well = "running 2 tests\ntest a ... noise\nok\ntest b ... ok\n\ntest result: ok. 2 passed\n";
        assert_eq!(seen(StepStatus::Exited(0), well), (JobEnd::Ran, 2, vec![]));
    }

    #[test]
    fn the_likely_killer_goes_first_where_the_others_take_long() {
        let slow = |name: &str, program| TestRef { program, wall: Duration::from_millis(30), ..test(name) };
        let (a, b, c) = (slow("a", 1), slow("b", 0), slow("c", 1));
        let names = |groups: Vec<Vec<&TestRef>>| -> Vec<Vec<String>> {
            groups
                .into_iter()
                .map(|group| group.into_iter().map(|test| test.name.clone()).collect())
                .collect()
        };
        assert_eq!(names(groups(&[&a, &b, &c], true)), [vec!["a"], vec!["c"], vec!["b"]]);
        assert_eq!(names(groups(&[&a, &b, &c], false)), [vec!["a", "c"], vec!["b"]]);
        let (d, e) = (test("d"), test("e"));
        assert_eq!(names(groups(&[&d, &e], true)), [vec!["d", "e"]], "a process costs more");
    }
}
