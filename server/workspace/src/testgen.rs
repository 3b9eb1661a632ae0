//! Tests from code: calls that show what the code does today and notice faults that no test notices, found without
//! anybody's help, written as the project writes tests, and proved by plain runs. Writes into the project only when asked.

use crate::forging::{Bench, ForgeError};
use crate::mutants::{MutantsError, MutantsEvent, MutantsReport, MutantsRequest, recall_tests};
use crate::open::Workspace;
use crate::report::testgen::{FileTests, TestgenReport};
use hephaestus_core::{
    Budget, CancelToken, LanguageId, Mutant, MutantStatus, Notice, Pace, Patch, RelPath, Snapshot,
    SourceFile, Strength,
};
use hephaestus_harness::explore::{ExploreError, ExploreRequest, Explored, TestBench};
use hephaestus_harness::sandbox::{HelperCommand, Sandbox};
use hephaestus_harness::{Problem, Suite, lower_priority_of_this_thread};
use hephaestus_mutation::test_writer::module_name;
use proving::{Proved, Proving, patched};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

mod choice;
mod proving;
mod words;

/// What looking for calls of one file may take where no budget is given.
const USUAL: Duration = Duration::from_secs(30);
/// What it gets at least.
const LEAST: Duration = Duration::from_secs(4);
/// How much of a file's time goes into looking; the rest is for plain runs.
const LOOKING: f64 = 0.6;

/// Why a run came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum TestgenError {
    /// It is not known how strong the tests are.
    #[error(transparent)]
    Mutants(#[from] MutantsError),
    /// New tests cannot be run.
    #[error(transparent)]
    Problem(#[from] Problem),
}

impl From<ForgeError> for TestgenError {
    fn from(error: ForgeError) -> Self {
        Self::Mutants(error.into())
    }
}

/// What is asked for. Files are those the workspace was opened for.
#[derive(Debug, Clone)]
pub struct TestgenRequest {
    /// How the sandbox's helper is started.
    pub helper: HelperCommand,
    /// What may be spent on looking for calls and proving tests (`wall` counts); finding out how strong the tests are comes
    /// before.
    pub budget: Budget,
    /// Only tests that notice one of these faults, which no test does.
    pub faults: Option<Vec<Mutant>>,
    /// Mutants at the same time; 0 means one per processor.
    pub slots: usize,
    /// Try every mutant again, whatever is remembered.
    pub fresh: bool,
    /// Decides what is made up.
    pub seed: u64,
    /// While it is held, nothing new starts and what runs is frozen.
    pub pace: Pace,
    /// Give way to everything else on this machine; the calling thread too, and for good.
    pub background: bool,
}

impl TestgenRequest {
    /// A request without limits, in the foreground.
    #[must_use]
    pub fn new(helper: HelperCommand) -> Self {
        Self {
            helper,
            budget: Budget::default(),
            faults: None,
            slots: 0,
            fresh: false,
            seed: 0,
            pace: Pace::default(),
            background: false,
        }
    }
}

/// What a run tells while it goes on.
pub enum TestgenEvent<'a> {
    /// Something about the faults that tests are shown first.
    Mutants(&'a MutantsEvent<'a>),
    /// Calls of this file are looked for; so many faults are not noticed.
    Looking(&'a RelPath, usize),
    /// So many calls are to become tests of this file.
    Proving(&'a RelPath, usize),
    /// A file is done.
    Done(&'a FileTests),
}

impl Workspace {
    /// Looks for tests. Blocks; tells `listener` what happens; ends soon after `cancel`, with what is proved by then.
    /// Nothing outside the state folder is written.
    ///
    /// # Errors
    /// When no test can judge: characterisation needs a suite that runs.
    pub fn testgen(
        &self,
        request: &TestgenRequest,
        cancel: &CancelToken,
        listener: &mut dyn FnMut(TestgenEvent<'_>),
    ) -> Result<TestgenReport, TestgenError> {
        if request.background {
            lower_priority_of_this_thread();
        }
        let started = Instant::now();
        let faults = match &request.faults {
            Some(faults) => Faults::given(faults),
            None => Faults::of(&self.mutants(&self.mutants_request(request), cancel, &mut |event| {
                listener(TestgenEvent::Mutants(&event));
            })?),
        };
        let sandbox =
            Sandbox::new(request.helper.clone(), self.config.sandbox.clone()).yielding(request.pace.clone());
        let sandbox = if request.background { sandbox.at_idle_priority() } else { sandbox };
        let mut run = TestgenRun {
            workspace: self,
            request,
            cancel,
            listener,
            sandbox,
            benches: self.benches()?,
            snapshot: self.snapshot.clone(),
            report: TestgenReport::new(self),
            until: request.budget.wall.map(|wall| Instant::now() + wall),
        };
        run.work_on_all(faults);
        run.finish()?;
        run.report.wall = started.elapsed();
        Ok(run.report)
    }

    fn mutants_request(&self, request: &TestgenRequest) -> MutantsRequest {
        MutantsRequest {
            slots: request.slots,
            fresh: request.fresh,
            seed: request.seed,
            pace: request.pace.clone(),
            ..MutantsRequest::new(request.helper.clone())
        }
    }
}

/// The faults of files: how many are noticed, and those that are not.
#[derive(Debug, Default)]
struct Faults {
    by_file: BTreeMap<RelPath, (Strength, Vec<Mutant>)>,
    /// The runner that judged, where one did.
    runner: BTreeMap<RelPath, String>,
}

impl Faults {
    fn of(report: &MutantsReport) -> Self {
        let mut faults = Self::default();
        for (file, counts) in report.counts_by_file() {
            faults.by_file.insert(file.clone(), (counts.strength(), vec![]));
            if let [suite] = report.suites.as_slice() {
                faults.runner.insert(file.clone(), suite.name.clone());
            }
        }
        for tried in &report.tried {
            let unnoticed = matches!(tried.result.status, MutantStatus::Survived | MutantStatus::NoCoverage);
            if let Some((_, left)) = faults.by_file.get_mut(&tried.result.mutant.file).filter(|_| unnoticed) {
                left.push(tried.result.mutant.clone());
            }
        }
        faults
    }

    fn given(mutants: &[Mutant]) -> Self {
        let mut faults = Self::default();
        for mutant in mutants {
            let (strength, left) = faults.by_file.entry(mutant.file.clone()).or_default();
            strength.survived += 1;
            left.push(mutant.clone());
        }
        faults
    }
}

/// One run.
struct TestgenRun<'a> {
    workspace: &'a Workspace,
    request: &'a TestgenRequest,
    cancel: &'a CancelToken,
    listener: &'a mut dyn FnMut(TestgenEvent<'_>),
    sandbox: Sandbox,
    benches: Vec<Bench>,
    /// The project with the tests that were written so far.
    snapshot: Snapshot,
    report: TestgenReport,
    until: Option<Instant>,
}

impl TestgenRun<'_> {
    /// Works on every file, those with the most that nobody notices first.
    fn work_on_all(&mut self, faults: Faults) {
        let mut files: Vec<(RelPath, (Strength, Vec<Mutant>))> = faults.by_file.into_iter().collect();
        files.sort_by_key(|(path, (_, left))| (std::cmp::Reverse(left.len()), path.clone()));
        let mut weights: usize = files.iter().map(|(_, (_, left))| left.len()).sum();
        for (path, (strength, left)) in files {
            let weight = left.len();
            let share = self.share(weight, weights);
            weights -= weight;
            let mut tests = FileTests {
                file: path.clone(),
                tests_in: None,
                before: strength,
                after: strength,
                tests: vec![],
                left: vec![],
                tried: 0,
                wavering: 0,
                cpu: Duration::ZERO,
            };
            if self.cancel.is_cancelled() {
                "cancelled".clone_into(&mut self.report.ended);
            } else if weight > 0 && share.is_none() {
                "budget: wall time".clone_into(&mut self.report.ended);
            } else if let Some(share) = share.filter(|_| weight > 0)
                && let Err(error) = self.work_on(&path, &left, faults.runner.get(&path), share, &mut tests)
            {
                let message = format!("no tests were looked for: {error}");
                self.report.notices.push(Notice { path: Some(path.clone()), message });
            }
            let noticed: Vec<&Mutant> = tests.tests.iter().flat_map(|test| &test.notices).collect();
            tests.left = left.iter().filter(|mutant| !noticed.contains(mutant)).cloned().collect();
            (self.listener)(TestgenEvent::Done(&tests));
            self.report.cpu += tests.cpu;
            self.report.files.push(tests);
        }
        self.report.files.sort_by(|one, other| one.file.cmp(&other.file));
    }

    /// The time for a file that holds `weight` of the `all` faults that are left; `None` when time is up.
    fn share(&self, weight: usize, all: usize) -> Option<Duration> {
        let Some(until) = self.until else { return Some(USUAL) };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        Some(left.mul_f64(weight as f64 / all.max(1) as f64).max(LEAST))
    }

    fn work_on(
        &mut self,
        path: &RelPath,
        left: &[Mutant],
        runner: Option<&String>,
        share: Duration,
        tests: &mut FileTests,
    ) -> Result<(), ExploreError> {
        let unfit = |message: &str| ExploreError::Unfit(message.to_owned());
        let file = self.workspace.snapshot.file(path).ok_or_else(|| unfit("it is not there"))?;
        let language = file.language.clone();
        let suite =
            self.suite(&language, runner).ok_or_else(|| unfit("no test runner judges this language"))?;
        let snapshot = self.snapshot.clone();
        let bench = TestBench { sandbox: &self.sandbox, suite: &suite, snapshot: &snapshot };
        (self.listener)(TestgenEvent::Looking(path, left.len()));
        let until = Instant::now() + share;
        let covered = self.covered(&suite, path);
        let limit = share.mul_f64(LOOKING);
        let explored = self.explore(&bench, path, &language, left, &covered, limit)?;
        tests.tried = explored.tried;
        tests.cpu += explored.cpu;
        (self.listener)(TestgenEvent::Proving(path, explored.cases.len()));
        let proving = Proving {
            workspace: self.workspace,
            bench,
            language: &language,
            subject: path,
            snapshot: &snapshot,
            mutants: left,
            covered: &covered,
            until,
            cancel: self.cancel,
        };
        let proved = proving.prove(explored.cases)?;
        if proved.unseen > 0 {
            let message = format!(
                "time was up before tests were run on {} of the faults they seem to notice: tests for those alone are left \
                 out (--budget)",
                proved.unseen
            );
            self.report.notices.push(Notice { path: Some(path.clone()), message });
        }
        self.take(proved, &snapshot, &language, tests);
        Ok(())
    }

    fn take(&mut self, proved: Proved, snapshot: &Snapshot, language: &LanguageId, tests: &mut FileTests) {
        tests.cpu += proved.cpu;
        tests.wavering = proved.wavering;
        let Some(written) = proved.written else { return };
        let noticed = u32::try_from(proved.noticed.len()).unwrap_or(u32::MAX);
        tests.after.killed += noticed;
        tests.after.survived = tests.after.survived.saturating_sub(noticed);
        tests.tests = proved.tests;
        for (path, text) in patched(snapshot, &written.patch) {
            let is_test = path != tests.file;
            self.snapshot = self.snapshot.with_file(SourceFile::new(path, language.clone(), text, is_test));
        }
        tests.tests_in = Some(written.file);
    }

    /// The suite that judges a language: the one that judged already, where there are several.
    fn suite(&self, language: &LanguageId, runner: Option<&String>) -> Option<Suite> {
        let bench = self.benches.iter().find(|bench| bench.languages.contains(language))?;
        let mut suites = std::iter::once(&bench.suite).chain(&bench.others);
        let named = suites.find(|suite| runner.is_none_or(|name| suite.runner.name == *name));
        Some(named.unwrap_or(&bench.suite).clone())
    }

    /// The lines of a file that tests run through.
    fn covered(&self, suite: &Suite, path: &RelPath) -> BTreeSet<u32> {
        let Some(facts) = recall_tests(self.workspace, suite, false) else { return BTreeSet::new() };
        let of_tests = facts.tests.iter().filter_map(|test| test.lines.get(path));
        of_tests.chain(facts.loaded.get(path)).flatten().copied().collect()
    }

    fn explore(
        &self,
        bench: &TestBench<'_>,
        path: &RelPath,
        language: &LanguageId,
        left: &[Mutant],
        covered: &BTreeSet<u32>,
        limit: Duration,
    ) -> Result<Explored, ExploreError> {
        let workspace = self.workspace;
        let module = module_name(path, language, &workspace.snapshot, workspace.languages);
        let module = module.map_err(|error| ExploreError::Unfit(error.to_string()))?;
        let tests = workspace.imports.tests_reaching(path, &workspace.snapshot);
        let variant = |(number, mutant): (usize, &'_ Mutant)| {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            (number, mutant.range.start, mutant.range.end, mutant.replacement.clone())
        };
        let variants: Vec<(u32, usize, usize, String)> = left.iter().enumerate().map(variant).collect();
        let request = ExploreRequest {
            file: path,
            module: &module,
            tests: tests.iter().collect(),
            variants: variants
                .iter()
                .map(|(number, start, end, text)| (*number, vec![(*start, *end, text.as_str())]))
                .collect(),
            covered: covered.clone(),
            seed: self.request.seed,
            limit_s: limit.as_secs_f64(),
        };
        bench.explore(&request, self.cancel)
    }

    /// Makes one change of all that was written, and runs the whole suite with it.
    fn finish(&mut self) -> Result<(), TestgenError> {
        let (old, new) = (&self.workspace.snapshot, &self.snapshot);
        let mut patch = Patch::default();
        for (path, file) in &new.files {
            let own = match old.file(path) {
                None => Patch::create(path.clone(), &*file.text),
                Some(before) if before.hash != file.hash => {
                    Patch::between(path.clone(), &before.text, &file.text)
                }
                Some(_) => continue,
            };
            patch = patch.merge(&own).unwrap_or(patch);
        }
        self.report.patch = patch;
        let mut is_proved = !self.report.patch.is_empty();
        let languages: BTreeSet<LanguageId> = self
            .report
            .files
            .iter()
            .filter(|file| !file.tests.is_empty())
            .filter_map(|file| old.file(&file.file).map(|file| file.language.clone()))
            .collect();
        for language in languages {
            let Some(suite) = self.suite(&language, None) else { continue };
            let bench = TestBench { sandbox: &self.sandbox, suite: &suite, snapshot: old };
            is_proved &= self.holds_with(&bench)?;
        }
        self.report.is_proved = is_proved;
        if !is_proved && !self.report.patch.is_empty() {
            let message =
                "the whole suite did not pass with the new tests in it: they are not offered".to_owned();
            self.report.notices.push(Notice { path: None, message });
        }
        Ok(())
    }

    /// Whether the whole suite does with the new tests what it does without.
    fn holds_with(&self, bench: &TestBench<'_>) -> Result<bool, TestgenError> {
        let held = bench.whole_suite(&Patch::default(), self.cancel).and_then(|before| {
            let after = bench.whole_suite(&self.report.patch, self.cancel)?;
            let new_failures = after.failed.difference(&before.failed).count();
            Ok(new_failures == 0 && before.passed.is_subset(&after.passed))
        });
        Ok(held.map_err(Problem::from)?)
    }
}
