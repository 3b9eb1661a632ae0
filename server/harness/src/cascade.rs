//! The cascade: a candidate climbs from stage to stage, cheapest first, and falls at the first that does not hold.

use crate::baseline::Baseline;
use crate::lab::{Grounds, LabFacts, LabPool};
use crate::quick::Benched;
use crate::reach::{Place, ReachMemory, Reached, break_on_purpose, places};
use crate::reports::TestOutcome;
use crate::sandbox::{Sandbox, SandboxError, Session, View};
use crate::strength::Gauge;
use crate::suite::{Part, RunEnd, Suite, SuiteRun};
use crate::tools::Workbench;
use hephaestus_core::{
    ByteRange, CancelToken, Candidate, Evidence, FileChange, Goal, Judge, Mutator, Patch, Recheck, RelPath,
    Snapshot, SourceFile, Stage, StageRun, TestFailure, Trial, TrialCost, Verdict,
};
use hephaestus_syntax::{ImportGraph, Languages, Parsed};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a harness is made of.
pub struct HarnessParts {
    /// Where things run.
    pub sandbox: Sandbox,
    /// What runs.
    pub suite: Suite,
    /// What the unchanged code does.
    pub baseline: Baseline,
    /// The unchanged code.
    pub snapshot: Snapshot,
    /// The languages.
    pub languages: &'static Languages,
    /// Who imports whom.
    pub imports: ImportGraph,
    /// Whoever looks again at what a linter saw.
    pub recheck: Option<Arc<dyn Recheck>>,
    /// Runs linters.
    pub workbench: Arc<Workbench>,
    /// Makes the mutants by which the strength of the tests is measured; without it, it is not.
    pub mutator: Option<Arc<dyn Mutator>>,
    /// Most mutants tried per region.
    pub most_mutants: usize,
    /// What tests did in a lab earlier that would do the same again.
    pub lab_facts: Option<LabFacts>,
}

/// Judges candidates by the workspace's own tests.
pub struct Harness {
    pub(crate) parts: HarnessParts,
    pub(crate) labs: LabPool,
    pub(crate) gauge: Option<Gauge>,
    pub(crate) benched: Benched,
    reach: ReachMemory,
    test_files: BTreeSet<RelPath>,
}

/// What one trial gathers on its way up.
pub(crate) struct Climb<'a> {
    pub(crate) evidence: Evidence,
    pub(crate) cpu: Duration,
    started: Instant,
    /// How long the pace held it up.
    held_up: Duration,
    pub(crate) cancel: &'a CancelToken,
}

/// Why the climb ended early.
pub(crate) enum Fall {
    Verdict(Verdict),
    Sandbox(SandboxError),
}

impl From<SandboxError> for Fall {
    fn from(error: SandboxError) -> Self {
        Self::Sandbox(error)
    }
}

impl Harness {
    /// A harness that is ready to judge.
    #[must_use]
    pub fn new(mut parts: HarnessParts) -> Self {
        parts.suite.stop_early = parts.baseline.set_aside().is_empty();
        parts.suite.each = parts.baseline.each(&parts.suite);
        let test_files =
            parts.snapshot.files.values().filter(|file| file.is_test).map(|file| file.path.clone()).collect();
        let grounds = Grounds {
            sandbox: parts.sandbox.clone(),
            suite: parts.suite.clone(),
            snapshot: parts.snapshot.clone(),
            languages: parts.languages,
            layers: vec![parts.baseline.layer()],
        };
        let labs = LabPool::new(grounds, parts.lab_facts.take());
        let gauge = parts
            .mutator
            .as_ref()
            .map(|mutator| Gauge::new(Arc::clone(mutator), parts.languages, parts.most_mutants));
        Self { parts, labs, gauge, benched: Benched::default(), reach: ReachMemory::default(), test_files }
    }

    /// The baseline everything is compared with.
    #[must_use]
    pub fn baseline(&self) -> &Baseline {
        &self.parts.baseline
    }

    /// Proves that `patch` as a whole passes the full suite `runs` times: used for all accepted improvements together.
    #[must_use]
    pub fn prove(&self, patch: &Patch, runs: u32, cancel: &CancelToken) -> (Verdict, Evidence, TrialCost) {
        self.prove_with(patch, &[], runs, cancel)
    }

    /// The same, where these tests, which fail on the unchanged code, have to pass as well.
    #[must_use]
    pub fn prove_with(
        &self,
        patch: &Patch,
        must_pass: &[String],
        runs: u32,
        cancel: &CancelToken,
    ) -> (Verdict, Evidence, TrialCost) {
        let mut climb = Climb::new(cancel);
        let end = self.parses(patch, &mut climb).and_then(|()| {
            let mut session = self.open(patch, cancel)?;
            self.builds(&mut session, &mut climb)?;
            self.full_suite(&mut session, runs, must_pass, &mut climb)
        });
        let verdict = climb.verdict(end);
        let cost = climb.cost();
        (verdict, self.finish(climb.evidence), cost)
    }

    fn climb(&self, goal: &Goal, candidate: &Candidate, climb: &mut Climb<'_>) -> Result<(), Fall> {
        self.parses(&candidate.patch, climb)?;
        let runs = self.parts.suite.settings.stable_runs.max(1);
        let must_pass = &goal.acceptance.must_pass;
        let quick = self.quick(&candidate.patch, must_pass, climb)?.is_some();
        if quick {
            self.inputs(goal, candidate, climb)?;
            self.speed(goal, candidate, climb)?;
        }
        let mut session = self.open(&candidate.patch, climb.cancel)?;
        self.builds(&mut session, climb)?;
        if quick {
            self.full_suite(&mut session, 1, must_pass, climb)?;
            self.again(&candidate.patch, must_pass, runs, climb)?;
        } else {
            self.impacted(&mut session, &candidate.patch, must_pass, climb)?;
            if must_pass.is_empty() {
                self.reached(&candidate.patch, climb)?;
            }
            self.full_suite(&mut session, runs, must_pass, climb)?;
            if !must_pass.is_empty() {
                // They fail without the change and pass with it.
                climb.evidence.stages.push(stage_run(Stage::Reach, true));
            }
        }
        session.close();
        self.recheck(goal, candidate, climb)?;
        if must_pass.is_empty() { self.strength(candidate, climb) } else { Ok(()) }
    }

    /// What the tests do and reach in a lab, if one was used: worth remembering.
    #[must_use]
    pub fn lab_facts(&self) -> Option<Arc<LabFacts>> {
        self.labs.facts()
    }

    /// No file may have more syntax errors than before.
    fn parses(&self, patch: &Patch, climb: &mut Climb<'_>) -> Result<(), Fall> {
        for (path, change) in patch.files() {
            let before = self.parts.snapshot.file(path);
            let text = match (patch.apply_to(path, before.map(|file| &*file.text)), change) {
                (Ok(Some(text)), _) => text,
                (Ok(None), FileChange::Delete { .. }) => continue,
                (Ok(None), _) => continue,
                (Err(error), _) => {
                    climb.evidence.notes.push(error.to_string());
                    return Err(Fall::Verdict(Verdict::Unviable));
                }
            };
            let Some(language) = self.parts.languages.detect(path, &text) else { continue };
            let errors =
                |file: Arc<SourceFile>| Parsed::new(language, file).map(|parsed| parsed.error_ranges().len());
            let was = before.and_then(|file| errors(Arc::clone(file))).unwrap_or(0);
            let is_test = before.is_some_and(|file| file.is_test);
            let is = errors(Arc::new(SourceFile::new(path.clone(), language.id().clone(), text, is_test)));
            let held = is.is_some_and(|is| is <= was);
            let tail = if held { String::new() } else { format!("{path} does not parse any more") };
            climb.evidence.stages.push(StageRun { tail, ..stage_run(Stage::Parse, held) });
            if !held {
                return Err(Fall::Verdict(Verdict::Unviable));
            }
        }
        Ok(())
    }

    /// A view of the workspace with `patch` in it.
    pub(crate) fn open(&self, patch: &Patch, cancel: &CancelToken) -> Result<Session, SandboxError> {
        let view = View {
            root: self.parts.snapshot.root.clone(),
            layers: vec![self.parts.baseline.layer()],
            keep: None,
        };
        let mut session = self.parts.sandbox.open(&view, cancel)?;
        for path in patch.paths() {
            let before = self.parts.snapshot.file(path).map(|file| &*file.text);
            let after = patch.apply_to(path, before).ok().flatten();
            session.write(path, after.as_deref().map(str::as_bytes))?;
        }
        Ok(session)
    }

    fn builds(&self, session: &mut Session, climb: &mut Climb<'_>) -> Result<(), Fall> {
        if self.parts.suite.runner.build.is_none() {
            return Ok(());
        }
        let limit = Duration::from_secs(self.parts.suite.settings.baseline_timeout);
        let run = self.parts.suite.run(session, Part::Build, limit, climb.cancel)?;
        let verdict = match &run.end {
            RunEnd::Finished => None,
            RunEnd::TimedOut => Some(Verdict::TimedOut),
            RunEnd::Cancelled => Some(Verdict::Cancelled),
            _ => Some(Verdict::Unviable),
        };
        climb.push(Stage::Build, run, vec![], verdict.is_none());
        verdict.map_or(Ok(()), |verdict| Err(Fall::Verdict(verdict)))
    }

    fn impacted(
        &self,
        session: &mut Session,
        patch: &Patch,
        must_pass: &[String],
        climb: &mut Climb<'_>,
    ) -> Result<(), Fall> {
        let Some(files) = self.selection(patch) else { return Ok(()) };
        let run = self.run_tests(session, Part::Impacted(&files), climb)?;
        let failures = self.new_failures(&run, must_pass);
        let verdict = verdict_of(&run.end, !failures.is_empty());
        climb.push(Stage::Impacted, run, failures, verdict.is_none());
        verdict.map_or(Ok(()), |verdict| Err(Fall::Verdict(verdict)))
    }

    /// The test files that can reach the patch; `None` when asking them first would save nothing.
    fn selection(&self, patch: &Patch) -> Option<Vec<RelPath>> {
        let run = self.parts.suite.runner.impacted.as_ref()?;
        if run.files == crate::runners::Selection::All {
            return Some(vec![]);
        }
        let mut files = BTreeSet::new();
        for path in patch.paths() {
            files.extend(self.parts.imports.tests_reaching(path, &self.parts.snapshot));
        }
        let runnable: Vec<RelPath> = files.into_iter().filter(is_test_module).collect();
        let strict = runnable.len() < self.test_files.iter().filter(|file| is_test_module(file)).count();
        (!runnable.is_empty() && strict).then_some(runnable)
    }

    /// All test files, where naming them lets the run end at its first failure.
    fn every_test(&self) -> Option<Vec<RelPath>> {
        let suite = &self.parts.suite;
        let stops =
            suite.stop_early && suite.runner.impacted.as_ref().is_some_and(|run| !run.fail_fast.is_empty());
        stops.then(|| self.test_files.iter().filter(|file| is_test_module(file)).cloned().collect())
    }

    fn full_suite(
        &self,
        session: &mut Session,
        runs: u32,
        must_pass: &[String],
        climb: &mut Climb<'_>,
    ) -> Result<(), Fall> {
        for nth in 0..runs {
            let run = self.run_tests(session, Part::Full, climb)?;
            let mut failures = self.new_failures(&run, must_pass);
            if run.end == RunEnd::Finished {
                failures.extend(self.vanished(&run, must_pass));
            }
            let mut verdict = verdict_of(&run.end, !failures.is_empty());
            if nth > 0 && verdict == Some(Verdict::Failed) {
                verdict = Some(Verdict::Flaky);
            }
            climb.push(Stage::Full, run, failures, verdict.is_none());
            if let Some(verdict) = verdict {
                return Err(Fall::Verdict(verdict));
            }
        }
        Ok(())
    }

    fn run_tests(
        &self,
        session: &mut Session,
        part: Part<'_>,
        climb: &Climb<'_>,
    ) -> Result<SuiteRun, SandboxError> {
        let limit = self.parts.baseline.time_limit(&self.parts.suite);
        self.parts.suite.run(session, part, limit, climb.cancel)
    }

    /// Failures of tests that are no known red or wavering ones, or that must pass all the same.
    fn new_failures(&self, run: &SuiteRun, must_pass: &[String]) -> Vec<TestFailure> {
        let baseline = &self.parts.baseline;
        let known = |id: &String| {
            !must_pass.contains(id)
                && (baseline.red.iter().any(|red| red.id == *id) || baseline.flaky.contains(id))
        };
        run.report
            .tests
            .iter()
            .filter(|(id, _)| !known(id))
            .filter_map(|(id, outcome)| match outcome {
                TestOutcome::Failed(message) => {
                    Some(TestFailure { id: id.clone(), message: message.clone() })
                }
                TestOutcome::Passed | TestOutcome::Skipped => None,
            })
            .collect()
    }

    /// Tests that passed before, or must pass now, and do not run any more: a change that loses a test has not passed it.
    fn vanished(&self, run: &SuiteRun, must_pass: &[String]) -> Vec<TestFailure> {
        let gone = |id: &&String| {
            !matches!(run.report.tests.get(*id), Some(TestOutcome::Passed | TestOutcome::Failed(_)))
        };
        let failure = |message: &'static str| {
            move |id: &String| TestFailure { id: id.clone(), message: message.to_owned() }
        };
        let before = self.parts.baseline.passing.iter().filter(gone);
        let must = must_pass.iter().filter(|id| !self.parts.baseline.passing.contains(*id)).filter(gone);
        before
            .map(failure("it passed before and does not run any more"))
            .chain(must.map(failure("it must pass and does not run")))
            .collect()
    }

    fn reached(&self, patch: &Patch, climb: &mut Climb<'_>) -> Result<(), Fall> {
        for (path, change) in patch.files() {
            let FileChange::Edit { edits, .. } = change else { continue };
            let Some(parsed) = self.parse(path) else { continue };
            let ranges: Vec<ByteRange> = edits.iter().map(|edit| edit.range).collect();
            for place in places(&parsed, &ranges) {
                self.reached_at(&parsed, &place, climb)?;
            }
        }
        Ok(())
    }

    fn parse(&self, path: &RelPath) -> Option<Parsed> {
        let file = self.parts.snapshot.file(path)?;
        Parsed::new(self.parts.languages.get(&file.language)?, Arc::clone(file))
    }

    fn reached_at(&self, parsed: &Parsed, place: &Place, climb: &mut Climb<'_>) -> Result<(), Fall> {
        let Some(broken) = break_on_purpose(parsed, place) else {
            climb.evidence.not_checked.push(format!("whether any test reaches {}", place.name));
            return Ok(());
        };
        let mut ran = None;
        let answer = self.reach.answer(place, || match self.ask(&broken, climb.cancel) {
            Ok((reached, run)) => {
                ran = run;
                Some(reached)
            }
            Err(Fall::Verdict(_)) => None,
            Err(Fall::Sandbox(error)) => Some(Reached::Unknown(error.to_string())),
        });
        if let Some(run) = &ran {
            climb.cpu += run.cpu;
            climb.held_up += run.held_up;
        }
        let held = answer == Some(Reached::Yes);
        // Whoever asked pays; for everybody else the answer is free.
        let (wall, cpu) = ran.as_ref().map_or_else(Default::default, |run| (run.wall, run.cpu));
        let command = ran.map(|run| run.command).unwrap_or_default();
        let tail =
            if held { String::new() } else { format!("no test notices when {} is broken", place.name) };
        match answer {
            Some(Reached::Yes | Reached::No) => {
                climb.evidence.stages.push(StageRun {
                    command,
                    tail,
                    wall,
                    cpu,
                    ..stage_run(Stage::Reach, held)
                });
                if held { Ok(()) } else { Err(Fall::Verdict(Verdict::Unreached)) }
            }
            Some(Reached::Unknown(reason)) => {
                climb
                    .evidence
                    .not_checked
                    .push(format!("whether any test reaches {} ({reason})", place.name));
                Ok(())
            }
            None => Err(Fall::Verdict(Verdict::Cancelled)),
        }
    }

    /// Runs the tests on code that is broken on purpose.
    fn ask(&self, broken: &Patch, cancel: &CancelToken) -> Result<(Reached, Option<SuiteRun>), Fall> {
        let mut climb = Climb::new(cancel);
        let mut session = self.open(broken, cancel)?;
        match self.builds(&mut session, &mut climb) {
            // The compiler noticed (a constant evaluated while building, say).
            Err(Fall::Verdict(Verdict::Unviable)) => return Ok((Reached::Yes, None)),
            other => other?,
        }
        let selected = self.selection(broken).or_else(|| self.every_test());
        let part = selected.as_ref().map_or(Part::Full, |files| Part::Impacted(files));
        let run = self.run_tests(&mut session, part, &climb)?;
        let noticed = match run.end {
            RunEnd::Cancelled => return Err(Fall::Verdict(Verdict::Cancelled)),
            RunEnd::Finished => {
                !self.new_failures(&run, &[]).is_empty()
                    || (selected.is_none() && !self.vanished(&run, &[]).is_empty())
            }
            _ => true,
        };
        Ok((if noticed { Reached::Yes } else { Reached::No }, Some(run)))
    }

    fn recheck(&self, goal: &Goal, candidate: &Candidate, climb: &mut Climb<'_>) -> Result<(), Fall> {
        let Some(recheck) = &self.parts.recheck else { return Ok(()) };
        let started = Instant::now();
        match recheck.recheck(goal, candidate, &*self.parts.workbench, climb.cancel) {
            None => {}
            Some(Ok(count)) => {
                climb.evidence.findings.push(count);
                climb
                    .evidence
                    .stages
                    .push(StageRun { wall: started.elapsed(), ..stage_run(Stage::Recheck, true) });
            }
            Some(Err(reason)) => {
                climb.evidence.not_checked.push(format!("whether the finding is gone ({reason})"))
            }
        }
        if climb.cancel.is_cancelled() { Err(Fall::Verdict(Verdict::Cancelled)) } else { Ok(()) }
    }

    /// Adds what holds for every trial.
    fn finish(&self, mut evidence: Evidence) -> Evidence {
        evidence.runner = self.parts.suite.runner.title.clone();
        evidence.isolation = Some(self.parts.baseline.isolation);
        evidence.set_aside = self.parts.baseline.set_aside();
        let compared = evidence.compared.iter().any(|compared| compared.left_out.is_none());
        for (is_checked, what) in [
            (compared, "inputs the tests do not use"),
            (evidence.strength.is_some(), "how strong the tests are beyond reaching the change"),
            (evidence.speed.is_some(), "speed"),
        ] {
            let why = evidence.not_checked.iter().any(|said| said.starts_with(what) || same(said, what));
            if !is_checked && !why {
                evidence.not_checked.push(what.to_owned());
            }
        }
        evidence
    }
}

/// Whether a sentence that gives a reason is about `what`.
fn same(said: &str, what: &str) -> bool {
    let about = |words: &str| words.split(' ').take(3).collect::<Vec<_>>().join(" ");
    about(said) == about(what)
}

impl Judge for Harness {
    fn judge(&self, goal: &Goal, candidate: &Candidate, cancel: &CancelToken) -> Trial {
        let mut climb = Climb::new(cancel);
        let end = self.climb(goal, candidate, &mut climb);
        climb.cpu += self.labs.bill();
        let verdict = climb.verdict(end);
        let cost = climb.cost();
        Trial {
            candidate: candidate.id.clone(),
            verdict,
            evidence: self.finish(climb.evidence),
            cost,
            remembered: false,
        }
    }
}

impl<'a> Climb<'a> {
    fn new(cancel: &'a CancelToken) -> Self {
        let (cpu, held_up) = (Duration::ZERO, Duration::ZERO);
        Self { evidence: Evidence::default(), cpu, started: Instant::now(), held_up, cancel }
    }

    /// What it took, without what the pace held it up.
    fn cost(&self) -> TrialCost {
        TrialCost { wall: self.started.elapsed().saturating_sub(self.held_up), cpu: self.cpu }
    }

    fn push(&mut self, stage: Stage, run: SuiteRun, failures: Vec<TestFailure>, held: bool) {
        self.cpu += run.cpu;
        self.held_up += run.held_up;
        let count = |wanted: &TestOutcome| {
            u32::try_from(run.report.ids(|outcome| outcome == wanted).count()).unwrap_or(u32::MAX)
        };
        for note in
            run.notes.iter().filter(|note| !self.evidence.notes.contains(note)).cloned().collect::<Vec<_>>()
        {
            self.evidence.notes.push(note);
        }
        self.evidence.stages.push(StageRun {
            passed: count(&TestOutcome::Passed),
            skipped: count(&TestOutcome::Skipped),
            command: run.command,
            failures,
            wall: run.wall,
            cpu: run.cpu,
            tail: if held { String::new() } else { run.tail },
            ..stage_run(stage, held)
        });
    }

    fn verdict(&mut self, end: Result<(), Fall>) -> Verdict {
        match end {
            Ok(()) => Verdict::Passed,
            Err(Fall::Verdict(verdict)) => verdict,
            Err(Fall::Sandbox(_)) if self.cancel.is_cancelled() => Verdict::Cancelled,
            Err(Fall::Sandbox(error)) => {
                self.evidence.notes.push(error.to_string());
                Verdict::Errored
            }
        }
    }
}

pub(crate) fn stage_run(stage: Stage, held: bool) -> StageRun {
    StageRun {
        stage,
        command: String::new(),
        passed: 0,
        skipped: 0,
        failures: vec![],
        held,
        wall: Duration::ZERO,
        cpu: Duration::ZERO,
        tail: String::new(),
    }
}

fn verdict_of(end: &RunEnd, any_failed: bool) -> Option<Verdict> {
    match end {
        RunEnd::Finished | RunEnd::NoTests if any_failed => Some(Verdict::Failed),
        RunEnd::Finished => None,
        RunEnd::NoTests | RunEnd::Broken(_) | RunEnd::BuildFailed => Some(Verdict::Failed),
        RunEnd::TimedOut => Some(Verdict::TimedOut),
        RunEnd::Cancelled => Some(Verdict::Cancelled),
        RunEnd::NotFound(_) => Some(Verdict::Errored),
    }
}

/// Test code that can be run by itself, as opposed to fixtures and helpers beside it.
fn is_test_module(path: &RelPath) -> bool {
    !matches!(path.file_name(), "conftest.py" | "__init__.py")
}
