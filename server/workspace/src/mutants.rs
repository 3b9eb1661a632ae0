//! How strong the tests are: small deliberate faults, each tried against the tests that reach it, and only where nobody
//! knows already what comes of it. Nothing outside the state folder is written.

use crate::discovery::glob_set;
use crate::forging::{Bench, ForgeError, now_ms};
use crate::open::Workspace;
use hephaestus_core::{Budget, CancelToken, Mutant, MutantResult, Mutator, Notice, Pace, RelPath, Spent};
use hephaestus_harness::lab::{Lab, LabError, LabFacts, LabSubject, PlainLab, Variant};
use hephaestus_harness::sandbox::{HelperCommand, Sandbox};
use hephaestus_harness::{Problem, Suite, Workbench, lab, lower_priority_of_this_thread};
use hephaestus_mutation::Mutators;
use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

mod changes;
mod hunt;
mod memory;
mod prints;
mod recalled;
mod settling;
mod tests_known;
mod units;

pub use changes::Changes;
use memory::{MutantMemory, key_of};
pub(crate) use tests_known::{keep_tests, recall_tests};

use prints::Code;
pub(crate) use settling::Costs;
use settling::{Settling, Stop};

pub use crate::report::mutants::{MutantCounts, MutantsReport, SuiteReport, TriedMutant};

/// Where in the state folder builds of dependencies are kept.
const KEPT_BUILDS: &str = "builds";

/// Why a run came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum MutantsError {
    /// The tests cannot judge.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The change to look at cannot be read.
    #[error("{0}")]
    Diff(String),
    /// A glob of the configuration is malformed.
    #[error("hephaestus.toml: {0}")]
    Glob(String),
    /// One of our own data files is malformed.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<ForgeError> for MutantsError {
    fn from(error: ForgeError) -> Self {
        match error {
            ForgeError::Problem(problem) => Self::Problem(problem),
            ForgeError::Internal(message) => Self::Internal(message),
        }
    }
}

/// What is asked for. Files are those the workspace was opened for.
#[derive(Debug, Clone)]
pub struct MutantsRequest {
    /// How the sandbox's helper is started.
    pub helper: HelperCommand,
    /// Only mutants on lines that this change added.
    pub changes: Option<Changes>,
    /// What may be spent on trying mutants; looking at the unchanged code comes before. `trials` counts mutants.
    pub budget: Budget,
    /// Mutants at the same time; 0 means one per processor.
    pub slots: usize,
    /// Try everything again, whatever is remembered.
    pub fresh: bool,
    /// Decides which mutants come first.
    pub seed: u64,
    /// While it is held, nothing new starts and what runs is frozen.
    pub pace: Pace,
    /// Give way to everything else on this machine; the calling thread too, and for good.
    pub background: bool,
}

impl MutantsRequest {
    /// A request without limits, in the foreground.
    #[must_use]
    pub fn new(helper: HelperCommand) -> Self {
        Self {
            helper,
            changes: None,
            budget: Budget::default(),
            slots: 0,
            fresh: false,
            seed: 0,
            pace: Pace::default(),
            background: false,
        }
    }
}

/// What a run tells while it goes on.
pub enum MutantsEvent<'a> {
    /// A new stage begins, in a few words.
    Stage(&'a str),
    /// So many mutants are to be settled with a suite, of which so many are known already.
    Mutants {
        /// All of them.
        total: usize,
        /// Those that need no run.
        known: usize,
    },
    /// One was tried.
    Tried(&'a MutantResult),
}

impl Workspace {
    /// Tries mutants. Blocks; tells `listener` what happens; ends soon after `cancel`, with what is known by then.
    ///
    /// # Errors
    /// When no test can judge, or the change to look at cannot be read.
    pub fn mutants(
        &self,
        request: &MutantsRequest,
        cancel: &CancelToken,
        listener: &mut dyn FnMut(MutantsEvent<'_>),
    ) -> Result<MutantsReport, MutantsError> {
        if request.background {
            lower_priority_of_this_thread();
        }
        let started = Instant::now();
        listener(MutantsEvent::Stage("making mutants"));
        let mut mutants = self.list_mutants(request, cancel)?;
        let mut report = self.untried(Vec::new());
        if mutants.is_empty() {
            report.wall = started.elapsed();
            return Ok(report);
        }
        let (memory, notice) = MutantMemory::open(self, request.fresh)
            .map_err(|error| MutantsError::Internal(error.to_string()))?;
        report.notices.extend(notice.map(|message| Notice { path: None, message }));
        let benches = self.benches()?;
        if benches.is_empty() {
            return Err(Problem::NoTests.into());
        }
        let sandbox = sandbox(self, request);
        let spent = Spent::default();
        let mut run = MutantsRun {
            workspace: self,
            request,
            cancel,
            listener,
            started,
            sandbox,
            memory,
            report,
            spent,
        };
        let mut problems = Vec::new();
        for bench in &benches {
            let is_its = |mutant: &Mutant| {
                let file = self.snapshot.file(&mutant.file);
                file.is_some_and(|file| bench.languages.contains(&file.language))
            };
            let (own, others) = mutants.into_iter().partition(is_its);
            mutants = others;
            if cancel.is_cancelled() {
                run.report.untried.extend(own);
            } else if let Err(error) = run.work_on(bench, own) {
                problems.push((bench.suite.runner.title.clone(), error));
            }
        }
        run.finish(&mutants, problems, benches.len())
    }

    /// A report about `mutants` of which none has been tried.
    #[must_use]
    pub fn untried(&self, mutants: Vec<Mutant>) -> MutantsReport {
        let mut report = MutantsReport::new(self, now_ms());
        report.untried = mutants;
        report
    }

    /// The mutants that would be tried, without running anything but git.
    ///
    /// # Errors
    /// When the change to look at cannot be read, or a glob of the configuration is malformed.
    pub fn list_mutants(
        &self,
        request: &MutantsRequest,
        cancel: &CancelToken,
    ) -> Result<Vec<Mutant>, MutantsError> {
        let settings = &self.config.mutants;
        let exclude = glob_set(&settings.exclude)
            .map_err(|error| MutantsError::Glob(format!("`mutants.exclude`: {error}")))?;
        let mutator = mutator(self)?;
        let added = match &request.changes {
            None => None,
            Some(changes) => {
                let workbench = Workbench::new(sandbox(self, request), self.snapshot.clone());
                Some(self.added(changes, &workbench, cancel)?)
            }
        };
        let mut mutants = Vec::new();
        for (path, parsed) in &self.parsed {
            let file = parsed.file();
            if file.is_test || !self.in_focus(path) || exclude.is_match(path.as_str()) {
                continue;
            }
            let lines = match added.as_ref().map(|added| added.get(path)) {
                Some(None) => continue,
                Some(Some(lines)) => Some(lines),
                None => None,
            };
            let on_lines = |mutant: &Mutant| {
                let number = |offset: usize| {
                    let before = file.text.get(..offset).unwrap_or_default();
                    u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
                };
                let last = mutant.range.end.saturating_sub(1).max(mutant.range.start);
                lines.is_none_or(|lines| {
                    lines.range(number(mutant.range.start)..=number(last)).next().is_some()
                })
            };
            let wanted = |mutant: &Mutant| {
                let is_named = |operator: &String| matches_glob(operator, &mutant.operator);
                settings.operators.is_empty() || settings.operators.iter().any(is_named)
            };
            let made = mutator.mutants(file, &[]);
            mutants.extend(made.into_iter().filter(|mutant| wanted(mutant) && on_lines(mutant)));
        }
        Ok(mutants)
    }
}

fn mutator(workspace: &Workspace) -> Result<Box<dyn Mutator>, MutantsError> {
    let mutators = Mutators::builtin(workspace.languages);
    mutators
        .map(|made| Box::new(made) as Box<dyn Mutator>)
        .map_err(|error| MutantsError::Internal(error.to_string()))
}

fn sandbox(workspace: &Workspace, request: &MutantsRequest) -> Sandbox {
    let sandbox = Sandbox::new(request.helper.clone(), workspace.config.sandbox.clone())
        .yielding(request.pace.clone())
        .keeping_builds(workspace.state_folder().join(KEPT_BUILDS));
    if request.background { sandbox.at_idle_priority() } else { sandbox }
}

/// `*` stands for any text.
fn matches_glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    if rest.is_empty() {
        return true;
    }
    loop {
        if matches_glob(rest, left) {
            return true;
        }
        let Some(next) = left.chars().next() else { return false };
        left = left.get(next.len_utf8()..).unwrap_or_default();
    }
}

/// One run.
struct MutantsRun<'a> {
    workspace: &'a Workspace,
    request: &'a MutantsRequest,
    cancel: &'a CancelToken,
    listener: &'a mut dyn FnMut(MutantsEvent<'_>),
    started: Instant,
    sandbox: Sandbox,
    memory: MutantMemory,
    report: MutantsReport,
    spent: Spent,
}

impl MutantsRun<'_> {
    /// Settles the mutants of one bench with the first of its suites whose program is there.
    fn work_on(&mut self, bench: &Bench, mutants: Vec<Mutant>) -> Result<(), MutantsError> {
        if mutants.is_empty() {
            return Ok(());
        }
        let mut missing = None;
        for suite in std::iter::once(&bench.suite).chain(&bench.others) {
            match self.settle_with(suite, &mutants) {
                Err(MutantsError::Problem(problem @ Problem::ProgramMissing(_))) => {
                    missing = missing.or(Some(problem));
                }
                // The tests are written for the runner that is missing: that is what has to be mended.
                Err(MutantsError::Problem(Problem::Empty | Problem::AllRed(_))) if missing.is_some() => break,
                Err(error) => return Err(error),
                Ok(()) => {
                    let title = &suite.runner.title;
                    let message = |problem| format!("{problem}; {title} judges instead");
                    self.report
                        .notices
                        .extend(missing.map(|problem| Notice { path: None, message: message(problem) }));
                    return Ok(());
                }
            }
        }
        Err(missing.unwrap_or(Problem::NoTests).into())
    }

    fn settle_with(&mut self, suite: &Suite, mutants: &[Mutant]) -> Result<(), MutantsError> {
        let code = Code::of(self.workspace, suite);
        let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let slots = if self.request.slots == 0 { processors } else { self.request.slots };
        let bed = SuiteLabs { workspace: self.workspace, sandbox: &self.sandbox, suite, slots };
        let stop = Stop::new(&self.request.budget, self.spent, self.cancel, &self.request.pace);
        let (memory, report) = (&self.memory, &mut self.report);
        let key = key_of(self.workspace, suite);
        let mut settling = Settling::new(mutants, &code, memory, &key, stop, &mut *self.listener);
        let settled = settling.settle(&bed, self.request.seed);
        let (tried, suite_report, costs) = settling.into_parts(&suite.runner.title, &suite.runner.name);
        match settled {
            Ok(()) => {}
            // Where something is known, asking to stop is no failure.
            Err(LabError::Cancelled) if tried.iter().any(Option::is_some) => {}
            Err(LabError::Cancelled) => return Err(Problem::Cancelled.into()),
            Err(LabError::Problem(problem)) => return Err(problem.into()),
            Err(LabError::Unfit(reason)) => {
                return Err(Problem::Broken { message: reason, tail: String::new() }.into());
            }
        }
        self.spent = costs.spent;
        report.add(suite_report, tried, mutants, &costs);
        Ok(())
    }

    fn finish(
        mut self,
        left_over: &[Mutant],
        mut problems: Vec<(String, MutantsError)>,
        benches: usize,
    ) -> Result<MutantsReport, MutantsError> {
        let none_judged = problems.len() == benches || self.report.suites.is_empty();
        if none_judged && let Some((_, error)) = problems.pop() {
            return Err(error);
        }
        for (title, error) in problems {
            let hint =
                if let MutantsError::Problem(problem) = &error { problem.hint() } else { String::new() };
            let message = format!("{title}: {error}. {hint}");
            self.report.notices.push(Notice { path: None, message: message.trim_end().to_owned() });
        }
        let mut foreign: BTreeMap<&RelPath, usize> = BTreeMap::new();
        for mutant in left_over {
            *foreign.entry(&mutant.file).or_default() += 1;
        }
        for (path, count) in foreign {
            let message = format!("its {count} mutants were not tried: no test runner judges this language");
            self.report.notices.push(Notice { path: Some(path.clone()), message });
        }
        self.report.wall = self.started.elapsed();
        self.report.end(self.cancel.is_cancelled());
        Ok(self.report)
    }
}

/// Opens labs.
trait Labs {
    /// The lab that fits, or with `plain` the one that always does.
    fn open(
        &self,
        plain: bool,
        variants: &[Variant],
        known: Option<&LabFacts>,
        cancel: &CancelToken,
    ) -> Result<Box<dyn Lab>, LabError>;
}

/// Labs for one suite of the workspace.
struct SuiteLabs<'a> {
    workspace: &'a Workspace,
    sandbox: &'a Sandbox,
    suite: &'a Suite,
    slots: usize,
}

impl Labs for SuiteLabs<'_> {
    fn open(
        &self,
        plain: bool,
        variants: &[Variant],
        known: Option<&LabFacts>,
        cancel: &CancelToken,
    ) -> Result<Box<dyn Lab>, LabError> {
        if !self.suite.runner.detect.program.is_empty() {
            self.suite.probe(&self.workspace.root, self.sandbox, cancel)?;
        }
        let subject = LabSubject {
            sandbox: self.sandbox,
            suite: self.suite,
            snapshot: &self.workspace.snapshot,
            languages: self.workspace.languages,
            layers: vec![],
            slots: self.slots,
            known,
        };
        if plain {
            return Ok(Box::new(PlainLab::open(&subject, variants, cancel)?));
        }
        lab::open(subject, variants, cancel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, is_match) in [
            ("arithmetic/*", "arithmetic/plus-to-minus", true),
            ("*", "x", true),
            ("*/plus*minus", "arithmetic/plus-to-minus", true),
            ("arithmetic", "arithmetic/plus-to-minus", false),
            ("a*b", "ac", false),
        ] {
            assert_eq!(matches_glob(pattern, text), is_match, "{pattern} {text}");
        }
    }
}
