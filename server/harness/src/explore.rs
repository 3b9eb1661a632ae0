//! New tests in the sandbox: an explorer looks for calls that tell faulty versions of a file from the unchanged one, and
//! what became of them is run as plain tests, in fresh processes. Says what was seen; which tests are worth keeping is
//! decided elsewhere.

use crate::problem::Problem;
use crate::reports::{TestOutcome, TestReport};
use crate::runners::Explorer;
use crate::sandbox::{Sandbox, SandboxError, Session, Step, StepStatus, View};
use crate::suite::{Part, RunEnd, Suite};
use hephaestus_core::{CancelToken, Mutant, Patch, RelPath, Snapshot};
use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

static FOLDERS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/explorers");

/// Where an explorer lies in the sandbox, relative to the workspace.
const PLACE: &str = ".hephaestus/explorer";
/// What is handed over.
const REQUEST: &str = "request.json";
/// What comes back.
const ANSWER: &str = "answer.json";
/// What an explorer may take beyond the limit it is given.
const MARGIN: Duration = Duration::from_secs(30);
/// What tests of a faulty version may take: this many times as long as those of the unchanged one …
const PATIENCE: u32 = 6;
/// … and never less than this.
const LEAST: Duration = Duration::from_secs(10);

/// A faulty version: its number and its edits, each with its first byte, the byte after its last, and the new text.
pub type Numbered<'a> = (u32, Vec<(usize, usize, &'a str)>);

/// What is to be explored.
#[derive(Debug, Clone, Serialize)]
pub struct ExploreRequest<'a> {
    /// The file.
    pub file: &'a RelPath,
    /// What others call it.
    pub module: &'a str,
    /// Files of tests to learn calls from.
    pub tests: Vec<&'a RelPath>,
    /// Faulty versions.
    pub variants: Vec<Numbered<'a>>,
    /// Lines that tests run through already.
    pub covered: BTreeSet<u32>,
    /// Decides what is made up.
    pub seed: u64,
    /// What it may take, in seconds.
    pub limit_s: f64,
}

/// How a case ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaseKind {
    /// With a value.
    Value,
    /// With an error.
    Error,
    /// The call is a condition that holds.
    Holds,
}

/// A call that may become a test.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FoundCase {
    /// What is called.
    pub function: String,
    /// Statements before the call.
    #[serde(default)]
    pub setup: Vec<String>,
    /// The call, as an expression.
    pub call: String,
    /// How it ends.
    pub kind: CaseKind,
    /// The value, or the type of the error.
    pub expected: String,
    /// Names of the file that it uses.
    #[serde(default)]
    pub symbols: Vec<String>,
    /// Other lines that it needs.
    #[serde(default)]
    pub preamble: Vec<String>,
    /// Faulty versions that do something else.
    pub kills: BTreeSet<u32>,
    /// Lines of the file that it runs through.
    pub lines: BTreeSet<u32>,
    /// How long and odd it is.
    pub cost: u32,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Explored {
    /// Calls.
    pub cases: Vec<FoundCase>,
    /// Calls that were tried.
    pub tried: u64,
    /// CPU time it took.
    pub cpu: Duration,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    cases: Vec<FoundCase>,
    #[serde(default)]
    tried: u64,
    unfit: Option<String>,
}

/// Why nothing was found out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExploreError {
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// It cannot be done here; why.
    #[error("{0}")]
    Unfit(String),
}

impl From<SandboxError> for ExploreError {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::Cancelled => Self::Cancelled,
            error => Self::Unfit(error.to_string()),
        }
    }
}

/// Where new tests are looked for and run.
#[derive(Debug, Clone, Copy)]
pub struct TestBench<'a> {
    /// Where things run.
    pub sandbox: &'a Sandbox,
    /// What runs them.
    pub suite: &'a Suite,
    /// The unchanged code.
    pub snapshot: &'a Snapshot,
}

impl TestBench<'_> {
    /// Whether calls can be looked for with this runner.
    #[must_use]
    pub fn can_explore(&self) -> bool {
        self.suite.runner.explorer.is_some()
    }

    /// Looks for calls that tell versions of a file from each other.
    ///
    /// # Errors
    /// When the runner has no explorer, or that cannot load the file.
    pub fn explore(
        &self,
        request: &ExploreRequest<'_>,
        cancel: &CancelToken,
    ) -> Result<Explored, ExploreError> {
        let title = &self.suite.runner.title;
        let facts = self.suite.runner.explorer.as_ref();
        let facts =
            facts.ok_or_else(|| ExploreError::Unfit(format!("no calls are looked for with {title}")))?;
        let mut session = self.open(&Patch::default(), cancel)?;
        let step = self.prepare(&mut session, facts, request)?;
        let outcome = session.run(&step, cancel)?;
        match outcome.status {
            StepStatus::Exited(_) => {}
            StepStatus::Cancelled => return Err(ExploreError::Cancelled),
            status => return Err(ExploreError::Unfit(format!("the explorer did not end well: {status:?}"))),
        }
        let said = || outcome.stderr.text.lines().last().unwrap_or("it said nothing").to_owned();
        let file = outcome.files.iter().find(|(name, _)| name == ANSWER);
        let (_, bytes) =
            file.ok_or_else(|| ExploreError::Unfit(format!("the explorer ended: {}", said())))?;
        let answer: Answer = serde_json::from_slice(bytes)
            .map_err(|error| ExploreError::Unfit(format!("the explorer speaks nonsense: {error}")))?;
        match answer.unfit {
            Some(why) => Err(ExploreError::Unfit(why)),
            None => Ok(Explored { cases: answer.cases, tried: answer.tried, cpu: outcome.cpu }),
        }
    }

    /// Writes the explorer and its request; tells how it is started.
    fn prepare(
        &self,
        session: &mut Session,
        facts: &Explorer,
        request: &ExploreRequest<'_>,
    ) -> Result<Step, ExploreError> {
        #[derive(Serialize)]
        struct Asked<'a, 'b> {
            root: &'a str,
            #[serde(flatten)]
            request: &'a ExploreRequest<'b>,
        }
        let unfit = |error: String| ExploreError::Unfit(error);
        let root = session.root().display().to_string();
        let asked =
            serde_json::to_vec(&Asked { root: &root, request }).map_err(|error| unfit(error.to_string()))?;
        let own = FOLDERS.get_dir(&facts.folder).into_iter().flat_map(Dir::files);
        let own = own.filter_map(|file| Some((file.path().file_name()?.to_str()?, file.contents())));
        for (name, content) in own.chain([(REQUEST, asked.as_slice())]) {
            let path = RelPath::new(format!("{PLACE}/{name}")).map_err(|error| unfit(error.to_string()))?;
            session.write(&path, Some(content))?;
        }
        let fill = self.suite.fill(&root);
        let place = format!("{root}/{PLACE}");
        let word = |word: String| {
            word.replace("{explorer}", &place)
                .replace("{request}", &format!("{place}/{REQUEST}"))
                .replace("{answer}", &format!("{{out}}/{ANSWER}"))
        };
        Ok(Step {
            argv: fill.command(&facts.command).into_iter().map(word).collect(),
            env: self.suite.environment(&fill),
            timeout: Duration::from_secs_f64(request.limit_s) + MARGIN,
            collect: vec![ANSWER.to_owned()],
            ..Step::default()
        })
    }

    fn open(&self, patch: &Patch, cancel: &CancelToken) -> Result<Session, ExploreError> {
        let view = View { root: self.snapshot.root.clone(), layers: vec![], keep: None };
        let mut session = self.sandbox.open(&view, cancel)?;
        for path in patch.paths() {
            let before = self.snapshot.file(path).map(|file| &*file.text);
            let after = patch.apply_to(path, before).ok().flatten();
            session.write(path, after.as_deref().map(str::as_bytes))?;
        }
        Ok(session)
    }

    /// What the whole suite says of the code with a patch in it.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn whole_suite(&self, patch: &Patch, cancel: &CancelToken) -> Result<PlainRun, ExploreError> {
        let mut session = self.open(patch, cancel)?;
        let limit = Duration::from_secs(self.suite.settings.baseline_timeout);
        if self.suite.runner.build.is_some() {
            self.suite.run(&mut session, Part::Build, limit, cancel)?;
        }
        let run = self.suite.run(&mut session, Part::Full, limit, cancel)?;
        match run.end {
            RunEnd::Finished => Ok(outcomes(&run.report)),
            RunEnd::Cancelled => Err(ExploreError::Cancelled),
            end => Err(ExploreError::Unfit(format!("the suite did not come to its end: {end:?}"))),
        }
    }

    /// A session in which the code has these tests.
    ///
    /// # Errors
    /// When there is no sandbox, or the code does not build with them.
    pub fn with_tests<'a>(
        &'a self,
        patch: &Patch,
        file: &RelPath,
        cancel: &'a CancelToken,
    ) -> Result<PlainTests<'a>, ExploreError> {
        let session = self.open(patch, cancel)?;
        let files = vec![file.clone()];
        let mut tests = PlainTests {
            bench: self,
            session,
            files,
            cancel,
            usual: Duration::ZERO,
            cpu: Duration::ZERO,
            written: BTreeSet::new(),
        };
        tests.build()?;
        Ok(tests)
    }
}

/// What a run of tests said.
#[derive(Debug, Clone, Default)]
pub struct PlainRun {
    /// Tests that passed.
    pub passed: BTreeSet<String>,
    /// Tests that failed.
    pub failed: BTreeSet<String>,
}

/// New tests, run plainly again and again: on the unchanged code and on faulty versions of it.
pub struct PlainTests<'a> {
    bench: &'a TestBench<'a>,
    session: Session,
    files: Vec<RelPath>,
    cancel: &'a CancelToken,
    usual: Duration,
    cpu: Duration,
    /// Files that are not as they were.
    written: BTreeSet<RelPath>,
}

impl PlainTests<'_> {
    /// Runs the tests; `nth` varies what must not matter to them.
    ///
    /// # Errors
    /// When they cannot be run at all.
    pub fn run(&mut self, nth: usize) -> Result<PlainRun, ExploreError> {
        let limit = Duration::from_secs(self.bench.suite.settings.baseline_timeout);
        let run = self.run_within(nth, limit)?;
        match run {
            Some((run, wall)) => {
                self.usual = self.usual.max(wall);
                Ok(run)
            }
            None => Err(ExploreError::Unfit("the new tests do not run to their end".to_owned())),
        }
    }

    /// Runs the tests on a faulty version; `None` where they do not come to an end with it.
    ///
    /// # Errors
    /// When the session is over.
    pub fn run_on(&mut self, mutant: &Mutant) -> Result<Option<PlainRun>, ExploreError> {
        let Some(file) = self.bench.snapshot.file(&mutant.file) else { return Ok(None) };
        let (Some(head), Some(tail)) =
            (file.text.get(..mutant.range.start), file.text.get(mutant.range.end..))
        else {
            return Ok(None);
        };
        let text = format!("{head}{}{tail}", mutant.replacement);
        self.session.write(&mutant.file, Some(text.as_bytes()))?;
        self.written.insert(mutant.file.clone());
        let limit = LEAST.max(self.usual.saturating_mul(PATIENCE));
        let ran = if self.build().is_ok() { self.run_within(0, limit) } else { Ok(None) };
        for path in std::mem::take(&mut self.written) {
            let text = self.bench.snapshot.file(&path).map(|file| file.text.as_bytes());
            self.session.write(&path, text)?;
        }
        Ok(ran?.map(|(run, _)| run))
    }

    /// Puts another text in the place of a file.
    ///
    /// # Errors
    /// When the session is over.
    pub fn put(&mut self, file: &RelPath, text: &str) -> Result<(), ExploreError> {
        Ok(self.session.write(file, Some(text.as_bytes()))?)
    }

    /// CPU time of all runs so far.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.cpu
    }

    fn build(&mut self) -> Result<(), ExploreError> {
        let suite = self.bench.suite;
        if suite.runner.build.is_none() {
            return Ok(());
        }
        let limit = Duration::from_secs(suite.settings.baseline_timeout);
        let run = suite.run(&mut self.session, Part::Build, limit, self.cancel)?;
        self.cpu += run.cpu;
        match run.end {
            RunEnd::Finished => Ok(()),
            RunEnd::Cancelled => Err(ExploreError::Cancelled),
            _ => Err(ExploreError::Unfit(format!("it does not build: {}", run.tail))),
        }
    }

    fn run_within(
        &mut self,
        nth: usize,
        limit: Duration,
    ) -> Result<Option<(PlainRun, Duration)>, ExploreError> {
        let mut suite = self.bench.suite.clone();
        for name in suite.runner.explorer.iter().flat_map(|explorer| &explorer.vary).filter(|_| nth > 0) {
            suite.settings.env.insert(name.clone(), nth.to_string());
        }
        let run = suite.run(&mut self.session, Part::Impacted(&self.files), limit, self.cancel)?;
        self.cpu += run.cpu;
        match run.end {
            RunEnd::Finished => Ok(Some((outcomes(&run.report), run.wall))),
            RunEnd::Cancelled => Err(ExploreError::Cancelled),
            RunEnd::Broken(why) => {
                tracing::debug!("new tests: {why}: {}", run.tail);
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}

fn outcomes(report: &TestReport) -> PlainRun {
    let of = |wanted: fn(&TestOutcome) -> bool| report.ids(wanted).cloned().collect();
    PlainRun {
        passed: of(|outcome| *outcome == TestOutcome::Passed),
        failed: of(|outcome| matches!(outcome, TestOutcome::Failed(_))),
    }
}

impl From<ExploreError> for Problem {
    fn from(error: ExploreError) -> Self {
        match error {
            ExploreError::Cancelled => Self::Cancelled,
            ExploreError::Unfit(message) => Self::Broken { message, tail: String::new() },
        }
    }
}
