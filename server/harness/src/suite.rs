//! One workspace's test suite: the runner with everything filled in, run inside a session and read back.

use crate::problem::Problem;
use crate::redirect::{FILE, Streams, output, redirected};
use crate::reports::{ReportFormat, TestOutcome, TestReport};
use crate::runners::{Facts, Fill, Programs, Runner};
use crate::sandbox::{Sandbox, SandboxError, Session, Step, StepOutcome, StepStatus, View};
use hephaestus_core::{CancelToken, Patch, RelPath, TestSettings, ToolCall};
use std::path::Path;
use std::time::Duration;

/// The end of a run's output that is kept, in bytes.
const TAIL: usize = 4000;

/// How long a runner may take to say that it is there.
const PROBE_TIME: Duration = Duration::from_secs(60);

/// How often a run that was frozen and did not pass is made again: tests that watch the clock may fall over a pause.
const FROZEN_RETRIES: u32 = 2;

/// A suite that is ready to run.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The runner.
    pub runner: Runner,
    /// The workspace's programs.
    pub programs: Programs,
    /// Arguments from package.json.
    pub script_args: Vec<String>,
    /// The user's settings.
    pub settings: TestSettings,
    /// Whether it will do if every test fails: for those who look for repairs. Nobody else can judge anything by it.
    pub red_too: bool,
    /// How long each test may take on the unchanged code, in CPU time, where it is known that some never end.
    pub(crate) each: Option<Duration>,
    /// Whether impacted tests may stop at the first failure: only when every test judges.
    pub(crate) stop_early: bool,
}

/// Which part of a suite to run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'a> {
    /// The build.
    Build,
    /// Everything.
    Full,
    /// These test files.
    Impacted(&'a [RelPath]),
}

/// How a run ended, before anybody asks which tests failed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RunEnd {
    /// The runner came to its end; the report holds.
    Finished,
    /// There was no test to run.
    NoTests,
    /// The build failed.
    BuildFailed,
    /// The runner broke off, or wrote no report.
    Broken(String),
    /// The time limit was reached.
    TimedOut,
    /// Somebody asked to stop.
    Cancelled,
    /// The program is not there.
    NotFound(String),
}

/// One run.
#[derive(Debug, Clone)]
pub(crate) struct SuiteRun {
    pub(crate) command: String,
    pub(crate) end: RunEnd,
    pub(crate) report: TestReport,
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// How long the pace held it up; not in `wall`.
    pub(crate) held_up: Duration,
    pub(crate) tail: String,
    pub(crate) notes: Vec<String>,
}

impl SuiteRun {
    /// Whether a pause may be to blame for how it ended.
    fn is_bad(&self) -> bool {
        match self.end {
            RunEnd::Finished => {
                self.report.ids(|outcome| matches!(outcome, TestOutcome::Failed(_))).next().is_some()
            }
            RunEnd::BuildFailed | RunEnd::Broken(_) | RunEnd::TimedOut => true,
            RunEnd::NoTests | RunEnd::Cancelled | RunEnd::NotFound(_) => false,
        }
    }
}

impl Suite {
    /// A suite of `runner` for a workspace with these facts.
    #[must_use]
    pub fn new(runner: Runner, programs: Programs, facts: &Facts, settings: TestSettings) -> Self {
        let script_args = runner.script.as_ref().map_or_else(Vec::new, |script| {
            let found = facts.package.as_ref().and_then(|package| package.script_args(&script.word));
            found.filter(|args| !args.is_empty()).unwrap_or_else(|| script.default.clone())
        });
        Self { runner, programs, script_args, settings, red_too: false, each: None, stop_early: false }
    }

    /// Asks whether the runner's program is there, in the sandbox: a workspace's own files decide what it finds.
    ///
    /// # Errors
    /// [`Problem::ProgramMissing`] with what to do.
    pub fn probe(&self, root: &Path, sandbox: &Sandbox, cancel: &CancelToken) -> Result<(), Problem> {
        let of_sandbox = |error: SandboxError| match error {
            SandboxError::Cancelled => Problem::Cancelled,
            error => Problem::Sandbox(error.to_string()),
        };
        let view = View { root: root.to_owned(), ..View::default() };
        let mut session = sandbox.open(&view, cancel).map_err(of_sandbox)?;
        let inside = session.root().display().to_string();
        let fill = Fill { programs: Some(&self.programs), root: &inside, ..Fill::default() };
        let step = Step::new(fill.command(&self.runner.detect.program), PROBE_TIME);
        let outcome = session.run(&step, cancel).map_err(of_sandbox)?;
        match outcome.status {
            StepStatus::Exited(0) => Ok(()),
            StepStatus::Cancelled => Err(Problem::Cancelled),
            _ => Err(Problem::ProgramMissing(fill.word(&self.runner.detect.missing))),
        }
    }

    /// A command of the user's, in a shell and with what the tests find in their environment. `{python}`, `{node}` and
    /// `{cargo}` stand for the programs that run these.
    #[must_use]
    pub fn shell(&self, command: &str, timeout: Duration, patch: Patch) -> ToolCall {
        let fill = self.fill("{root}");
        let shell = if cfg!(windows) { ["cmd", "/C"] } else { ["sh", "-c"] };
        let argv = shell.iter().map(|word| (*word).to_owned()).chain([fill.word(command)]).collect();
        let name = format!("command {command}");
        ToolCall { name, argv, env: self.environment(&fill), timeout, patch }
    }

    /// Runs `part` in `session`; again, if it was frozen on the way and did not pass.
    pub(crate) fn run(
        &self,
        session: &mut Session,
        part: Part<'_>,
        timeout: Duration,
        cancel: &CancelToken,
    ) -> Result<SuiteRun, SandboxError> {
        let step = self.step(session, part, timeout);
        let mut held_up = Duration::ZERO;
        let mut retries = FROZEN_RETRIES;
        loop {
            let outcome = session.run(&step, cancel)?;
            held_up += outcome.waited + outcome.frozen;
            let doubtful = outcome.frozen > Duration::ZERO && retries > 0;
            let mut run = self.read(&step, part, outcome);
            if !(doubtful && run.is_bad()) {
                run.held_up = held_up;
                return Ok(run);
            }
            retries -= 1;
            held_up += run.wall;
        }
    }

    /// The words with everything filled in that does not depend on a run.
    pub(crate) fn fill<'a>(&'a self, root: &'a str) -> Fill<'a> {
        Fill {
            programs: Some(&self.programs),
            root,
            script_args: &self.script_args,
            shim: self.runner.shim.as_deref(),
            ..Fill::default()
        }
    }

    /// What the tests find in their environment, as `fill` fills it in.
    pub(crate) fn environment(&self, fill: &Fill<'_>) -> Vec<(String, String)> {
        let own = self.runner.env.iter().map(|(name, value)| (name.clone(), fill.word(value)));
        let users = self.settings.env.iter().map(|(name, value)| (name.clone(), value.clone()));
        own.chain(users).collect()
    }

    fn step(&self, session: &Session, part: Part<'_>, timeout: Duration) -> Step {
        let root = session.root().display().to_string();
        let out = session.out_dir().to_owned();
        let impacted = self.runner.impacted.as_ref();
        let files = match (part, impacted) {
            (Part::Impacted(files), Some(run)) => run.files.words(files),
            _ => Vec::new(),
        };
        let stops = impacted.filter(|_| self.stop_early);
        let fill = Fill {
            out: &out,
            files: &files,
            fail_fast: stops.map_or(&[], |run| run.fail_fast.as_slice()),
            ..self.fill(&root)
        };
        let words = match part {
            Part::Build => self.runner.build.as_ref().map(|build| &build.command),
            Part::Full => None,
            Part::Impacted(_) => impacted.map(|run| &run.command),
        };
        let argv = fill.command(words.unwrap_or(&self.runner.full.command));
        let report = &self.runner.report;
        let on_stdout =
            !matches!(part, Part::Build) && report.file.is_none() && report.format != ReportFormat::Exit;
        let argv = if on_stdout { redirected(argv, Streams::Both) } else { argv };
        let collect = vec![report.file.clone().unwrap_or_else(|| FILE.to_owned())];
        Step { argv, cwd: None, env: self.environment(&fill), timeout, collect, ..Step::default() }
    }

    fn read(&self, step: &Step, part: Part<'_>, outcome: StepOutcome) -> SuiteRun {
        let mut notes = Vec::new();
        if outcome.left_running > 0 {
            notes.push(format!("{} processes outlived the tests and were killed", outcome.left_running));
        }
        let tail = tail_of(&outcome);
        let mut run = SuiteRun {
            command: shown(&typed(&step.argv)),
            end: RunEnd::Finished,
            report: TestReport::default(),
            wall: outcome.wall,
            cpu: outcome.cpu,
            held_up: Duration::ZERO,
            tail,
            notes,
        };
        run.end = match &outcome.status {
            StepStatus::Exited(code) => self.end_of(*code, part, &outcome, &mut run.report),
            StepStatus::Signaled(signal) => {
                RunEnd::Broken(format!("the test command was killed by signal {signal}"))
            }
            StepStatus::TimedOut => RunEnd::TimedOut,
            StepStatus::Cancelled => RunEnd::Cancelled,
            StepStatus::NotStarted { reason, not_found: true } => RunEnd::NotFound(reason.clone()),
            StepStatus::NotStarted { reason, .. } => RunEnd::Broken(reason.clone()),
            StepStatus::DiskFull => {
                RunEnd::Broken("the tests wrote more than the sandbox allows (sandbox.disk_mb)".to_owned())
            }
        };
        run
    }

    fn end_of(&self, code: i32, part: Part<'_>, outcome: &StepOutcome, report: &mut TestReport) -> RunEnd {
        if matches!(part, Part::Build) {
            return if code == 0 { RunEnd::Finished } else { RunEnd::BuildFailed };
        }
        let exit = &self.runner.exit;
        if exit.none.contains(&code) {
            return RunEnd::NoTests;
        }
        if let Some(meaning) = exit.broken.get(&code.to_string()) {
            return RunEnd::Broken(meaning.clone());
        }
        if !exit.is_verdict(code) {
            return RunEnd::Broken(format!("{} exited with {code}", self.runner.title));
        }
        let passed = exit.passed.contains(&code);
        if self.runner.report.format == ReportFormat::Exit {
            let outcome = if passed { TestOutcome::Passed } else { TestOutcome::Failed(tail_of(outcome)) };
            report.add("the test command".to_owned(), outcome);
            return RunEnd::Finished;
        }
        let text = match &self.runner.report.file {
            Some(name) => outcome
                .files
                .iter()
                .find(|(file, _)| file == name)
                .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()),
            None => Some(output(outcome)),
        };
        let Some(text) = text else {
            return RunEnd::Broken(format!("{} wrote no report", self.runner.title));
        };
        match TestReport::parse(self.runner.report.format, &text) {
            Ok(read) => *report = read,
            Err(error) => return RunEnd::Broken(error.to_string()),
        }
        let any_failed = report.ids(|outcome| matches!(outcome, TestOutcome::Failed(_))).next().is_some();
        if !passed && !any_failed {
            return RunEnd::Broken(format!(
                "{} exited with {code}, but names no failing test",
                self.runner.title
            ));
        }
        if report.tests.is_empty() { RunEnd::NoTests } else { RunEnd::Finished }
    }
}

/// The command without the redirection around it.
fn typed(argv: &[String]) -> Vec<String> {
    let at = argv.iter().position(|word| word.ends_with(&format!("/{FILE}")));
    at.and_then(|at| argv.get(at + 1..)).unwrap_or(argv).to_vec()
}

/// The command as one would type it.
fn shown(argv: &[String]) -> String {
    let quoted = argv.iter().map(|word| {
        let plain =
            !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c));
        if plain {
            word.clone()
        } else if word.len() > 200 {
            "'…'".to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

fn tail_of(outcome: &StepOutcome) -> String {
    let text = format!("{}{}", output(outcome), outcome.stderr.text);
    let text = text.trim_end();
    let mut start = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..).unwrap_or_default().to_owned()
}
