//! The stages of the cascade that a warm lab makes cheap: the tests that reach a change, differential inputs, test
//! strength, benchmarks. Where no lab fits, the plain stages do what they can and the evidence says what is missing.

use crate::cascade::{Climb, Fall, Harness, stage_run};
use crate::lab::{Function, Job, JobEnd, JobOutcome, Lab, LabError};
use crate::strength::Change;
use hephaestus_core::{
    Candidate, Edit, Evidence, FileChange, Goal, GoalKind, GoalOrigin, Patch, RatioEstimate, RelPath,
    SourceFile, Speed, Stage, StageRun, TestFailure, Verdict,
};
use hephaestus_syntax::Parsed;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Pairs of samples of the old version against itself, and of a candidate the first time.
const ROUNDS: u32 = 21;
/// Pairs of fresh samples that confirm a winner.
const FRESH_ROUNDS: u32 = 41;
/// The error of an interval.
const ERROR: f64 = 0.05;

/// What a candidate does to one file, when it changes one file only.
pub(crate) struct OneFile<'a> {
    pub(crate) path: &'a RelPath,
    pub(crate) edits: &'a [Edit],
    pub(crate) change: Change<'a>,
}

/// How many candidates were measured for each function: the more one tries, the luckier the luckiest is.
#[derive(Debug, Default)]
pub(crate) struct Benched(Mutex<HashMap<(RelPath, String), u32>>);

impl Benched {
    /// Counts one more.
    fn count(&self, function: &Function) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((function.file.clone(), function.name.clone())).or_default();
        *count += 1;
        *count
    }
}

impl Harness {
    /// The change as the lab can take it: edits of a single file.
    pub(crate) fn one_file<'a>(&'a self, patch: &'a Patch) -> Option<OneFile<'a>> {
        let mut files = patch.files();
        let (Some((path, FileChange::Edit { edits, .. })), None) = (files.next(), files.next()) else {
            return None;
        };
        let before = self.parts.snapshot.file(path)?;
        let text = patch.apply_to(path, Some(&before.text)).ok().flatten()?;
        let after = Arc::new(SourceFile::new(path.clone(), before.language.clone(), text, before.is_test));
        Some(OneFile { path, edits, change: Change { before, after, edits } })
    }

    /// Runs the tests that reach the change in a warm lab. `None`: there is none, and the plain stages have to do.
    pub(crate) fn quick(
        &self,
        patch: &Patch,
        must_pass: &[String],
        climb: &mut Climb<'_>,
    ) -> Result<Option<()>, Fall> {
        let Some(ended) = self.run_quickly(patch, must_pass, climb)? else { return Ok(None) };
        let Some(outcome) = ended else {
            let tail = "no test runs the code that is changed".to_owned();
            climb.evidence.stages.push(StageRun { tail, ..stage_run(Stage::Reach, false) });
            return Err(Fall::Verdict(Verdict::Unreached));
        };
        climb.evidence.stages.push(stage_run(Stage::Reach, true));
        self.take(Stage::Impacted, outcome, must_pass, climb).map(Some)
    }

    /// Runs the tests that reach the change once more: nothing else can have changed.
    pub(crate) fn again(
        &self,
        patch: &Patch,
        must_pass: &[String],
        runs: u32,
        climb: &mut Climb<'_>,
    ) -> Result<(), Fall> {
        for _ in 1..runs {
            let Some(Some(outcome)) = self.run_quickly(patch, must_pass, climb)? else {
                // Not run is not passed, and is nothing to be remembered about the candidate either.
                climb.evidence.notes.push("the tests that reach it could not be run once more".to_owned());
                return Err(Fall::Verdict(Verdict::Errored));
            };
            match self.take(Stage::Again, outcome, must_pass, climb) {
                Err(Fall::Verdict(Verdict::Failed)) => return Err(Fall::Verdict(Verdict::Flaky)),
                other => other?,
            }
        }
        Ok(())
    }

    /// `None` without a lab, or where it does not know the tests that must pass; `Some(None)` where no test reaches the
    /// change. Tests that must pass are asked first, whatever they reach.
    fn run_quickly(
        &self,
        patch: &Patch,
        must_pass: &[String],
        climb: &mut Climb<'_>,
    ) -> Result<Option<Option<JobOutcome>>, Fall> {
        let Some(one) = self.one_file(patch) else { return Ok(None) };
        let variant = self.labs.variant(one.path, one.edits.to_vec());
        let passing = &self.parts.baseline.passing;
        let ran = self.labs.with(climb.cancel, |lab| {
            if !lab.admit(&variant) {
                return Ok(None);
            }
            let must: Vec<String> = must_pass.iter().filter(|id| !passing.contains(*id)).cloned().collect();
            let mut tests = lab.places(&must);
            let all_known = tests.len() == must.len();
            tests.extend(lab.judges_reaching(variant.id, passing));
            if tests.is_empty() || !all_known {
                lab.dismiss(variant.id);
                return Ok(all_known.then_some(None));
            }
            let job = Job { variant: variant.id, tests, stop_at_first: true };
            let mut outcome = None;
            lab.run(&[job], climb.cancel, &mut |ended| outcome = Some(ended))?;
            lab.dismiss(variant.id);
            Ok(outcome.map(Some))
        });
        match ran {
            // The runner broke: what it says counts for nothing.
            Ok(Some(Some(JobOutcome { end: JobEnd::Broken(_), .. }))) => Ok(None),
            Ok(ran) => Ok(ran),
            Err(LabError::Cancelled) => Err(Fall::Verdict(Verdict::Cancelled)),
            Err(why) => {
                tracing::debug!("no warm lab: {why}");
                Ok(None)
            }
        }
    }

    fn take(
        &self,
        stage: Stage,
        outcome: JobOutcome,
        must_pass: &[String],
        climb: &mut Climb<'_>,
    ) -> Result<(), Fall> {
        climb.cpu += outcome.cpu;
        let failures: Vec<TestFailure> = outcome
            .failed
            .into_iter()
            .filter(|failure| {
                self.parts.baseline.passing.contains(&failure.id) || must_pass.contains(&failure.id)
            })
            .collect();
        let (verdict, tail) = match outcome.end {
            JobEnd::Ran if failures.is_empty() => (None, String::new()),
            JobEnd::Ran => {
                let said: Vec<String> =
                    failures.iter().map(|failure| format!("{}: {}", failure.id, failure.message)).collect();
                (Some(Verdict::Failed), said.join("\n"))
            }
            JobEnd::TimedOut => (Some(Verdict::TimedOut), "the tests did not come to an end".to_owned()),
            JobEnd::Unviable(why) | JobEnd::Broken(why) => (Some(Verdict::Unviable), why),
        };
        climb.evidence.stages.push(StageRun {
            passed: outcome.passed,
            failures,
            wall: outcome.wall,
            cpu: outcome.cpu,
            tail,
            ..stage_run(stage, verdict.is_none())
        });
        verdict.map_or(Ok(()), |verdict| Err(Fall::Verdict(verdict)))
    }

    /// The functions around the edits that are there before and after, each with the tests that run through it.
    fn functions(&self, one: &OneFile<'_>, climb: &Climb<'_>) -> Result<Vec<Function>, LabError> {
        let of = |file: &Arc<SourceFile>| {
            self.parts
                .languages
                .get(&file.language)
                .and_then(|language| Parsed::new(language, Arc::clone(file)))
        };
        let (Some(before), Some(after)) = (of(one.change.before), of(&one.change.after)) else {
            return Ok(vec![]);
        };
        let left: BTreeSet<&str> =
            after.functions().iter().map(|function| function.qualified.as_str()).collect();
        let names: BTreeSet<String> = one
            .edits
            .iter()
            .filter_map(|edit| before.function_at(edit.range))
            .map(|function| function.qualified.clone())
            .filter(|name| left.contains(name.as_str()))
            .collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let variant = self.labs.variant(one.path, one.edits.to_vec());
        let tests = self.labs.with(climb.cancel, |lab| {
            lab.admit(&variant);
            let tests = lab.judges_reaching(variant.id, &self.parts.baseline.passing);
            lab.dismiss(variant.id);
            Ok(tests)
        })?;
        let function = |name| Function { file: one.path.clone(), name, tests: tests.clone() };
        Ok(names.into_iter().map(function).collect())
    }

    /// Old and new version on the same inputs, for goals that keep behaviour.
    pub(crate) fn inputs(
        &self,
        goal: &Goal,
        candidate: &Candidate,
        climb: &mut Climb<'_>,
    ) -> Result<(), Fall> {
        let Some(one) = self.one_file(&candidate.patch).filter(|_| keeps_behaviour(goal)) else {
            return Ok(());
        };
        let functions = match self.functions(&one, climb) {
            Ok(functions) => functions,
            Err(error) => return unmeasured(error, INPUTS, climb),
        };
        for function in functions {
            let text = &one.change.after.text;
            let started = Instant::now();
            let compared = self
                .labs
                .with(climb.cancel, |lab| lab.compare(&function, text, candidate.seed(), climb.cancel));
            let (compared, cpu) = match compared {
                Ok(compared) => compared,
                Err(error) => return unmeasured(error, INPUTS, climb),
            };
            climb.cpu += cpu;
            // A difference that was seen counts, even if not everything was compared.
            if let Some(why) = compared.left_out.as_ref().filter(|_| compared.differences.is_empty()) {
                climb.evidence.not_checked.push(format!("{INPUTS} for {} ({why})", compared.function));
            } else {
                let tail: Vec<String> = compared
                    .differences
                    .iter()
                    .map(|found| format!("{}: {} became {}", found.input, found.before, found.after))
                    .collect();
                let held = tail.is_empty();
                let (wall, tail) = (started.elapsed(), tail.join("\n"));
                climb.evidence.stages.push(StageRun { wall, cpu, tail, ..stage_run(Stage::Inputs, held) });
            }
            let differs = !compared.differences.is_empty();
            climb.evidence.compared.push(compared);
            if differs {
                return Err(Fall::Verdict(Verdict::Failed));
            }
        }
        Ok(())
    }

    /// Mutants of the touched region.
    pub(crate) fn strength(&self, candidate: &Candidate, climb: &mut Climb<'_>) -> Result<(), Fall> {
        let Some(gauge) = &self.gauge else { return Ok(()) };
        let Some(one) = self.one_file(&candidate.patch) else {
            climb.evidence.not_checked.push(format!("{STRENGTH} (several files change)"));
            return Ok(());
        };
        let started = Instant::now();
        let passing = &self.parts.baseline.passing;
        match gauge.measure(&one.change, &self.labs, passing, climb.cancel) {
            Ok(strength) => {
                climb.cpu += strength.cpu;
                let (wall, cpu) = (started.elapsed(), strength.cpu);
                climb.evidence.stages.push(StageRun { wall, cpu, ..stage_run(Stage::Strength, true) });
                climb.evidence.strength = Some(strength);
                Ok(())
            }
            Err(error) => unmeasured(error, STRENGTH, climb),
        }
    }

    /// Old and new version against the clock, for speed goals: the noise of the clock first, then the candidate, and a
    /// winner once more on fresh samples, with an interval that allows for how many were tried.
    pub(crate) fn speed(
        &self,
        goal: &Goal,
        candidate: &Candidate,
        climb: &mut Climb<'_>,
    ) -> Result<(), Fall> {
        let Some(one) = self.one_file(&candidate.patch).filter(|_| goal.kind == GoalKind::Speed) else {
            return Ok(());
        };
        let function = match self.functions(&one, climb) {
            Ok(functions) => functions.into_iter().next(),
            Err(error) => return unmeasured(error, SPEED, climb),
        };
        let Some(function) = function else {
            climb.evidence.not_checked.push(format!("{SPEED} (no function around it)"));
            return Ok(());
        };
        let (started, spent) = (Instant::now(), climb.cpu);
        let speed = match self.measure_speed(&function, &one.change.after.text, candidate.seed(), climb) {
            Ok(speed) => speed,
            Err(error) => return unmeasured(error, SPEED, climb),
        };
        if let Some(why) = &speed.left_out {
            climb.evidence.not_checked.push(format!("{SPEED} of {} ({why})", speed.function));
            climb.evidence.speed = Some(speed);
            return Ok(());
        }
        let held = speed.is_claim();
        climb.evidence.speed = Some(speed);
        let tail = climb.evidence.measured(Stage::Speed).filter(|_| !held).unwrap_or_default();
        let (wall, cpu) = (started.elapsed(), climb.cpu.saturating_sub(spent));
        climb.evidence.stages.push(StageRun { wall, cpu, tail, ..stage_run(Stage::Speed, held) });
        // Whatever the tests say: it is not what it is for.
        if held { Ok(()) } else { Err(Fall::Verdict(Verdict::Failed)) }
    }

    fn measure_speed(
        &self,
        function: &Function,
        text: &str,
        seed: u64,
        climb: &mut Climb<'_>,
    ) -> Result<Speed, LabError> {
        let tried = self.benched.count(function);
        let error = ERROR / f64::from(tried);
        let cancel = climb.cancel;
        let mut cpu = Duration::ZERO;
        let speed = self.labs.with(cancel, |lab| {
            let mut speed = Speed {
                function: function.name.clone(),
                ratio: 1.0,
                interval: (1.0, 1.0),
                floor: 0.0,
                pairs: 0,
                inputs: 0,
                tried,
                left_out: None,
            };
            let mut estimate = |text: Option<&str>, rounds: u32, error: f64, speed: &mut Speed| {
                let samples = lab.bench(function, text, rounds, seed, cancel)?;
                cpu += samples.cpu;
                speed.inputs = samples.inputs;
                speed.pairs = u32::try_from(samples.pairs.len()).unwrap_or(u32::MAX);
                let estimate = RatioEstimate::of(&samples.pairs, error);
                if estimate.is_none() {
                    let why = samples.left_out.unwrap_or_else(|| "too few samples".to_owned());
                    speed.left_out = Some(why);
                }
                Ok::<_, LabError>(estimate)
            };
            let Some(noise) = estimate(None, ROUNDS, ERROR, &mut speed)? else { return Ok(speed) };
            speed.floor = noise.noise();
            let Some(first) = estimate(Some(text), ROUNDS, error, &mut speed)? else { return Ok(speed) };
            (speed.ratio, speed.interval) = (first.median, first.interval);
            if !first.is_faster(speed.floor, Speed::LEAST_GAIN) {
                return Ok(speed);
            }
            let Some(fresh) = estimate(Some(text), FRESH_ROUNDS, error, &mut speed)? else {
                return Ok(speed);
            };
            (speed.ratio, speed.interval) = (fresh.median, fresh.interval);
            Ok(speed)
        });
        climb.cpu += cpu;
        speed
    }
}

const INPUTS: &str = "inputs the tests do not use";
const STRENGTH: &str = "how strong the tests are here";
const SPEED: &str = "speed";

/// What could not be measured is said; only a cancel ends the climb.
fn unmeasured(error: LabError, what: &str, climb: &mut Climb<'_>) -> Result<(), Fall> {
    match error {
        LabError::Cancelled => Err(Fall::Verdict(Verdict::Cancelled)),
        why => {
            note(&mut climb.evidence, format!("{what} ({why})"));
            Ok(())
        }
    }
}

fn note(evidence: &mut Evidence, sentence: String) {
    if !evidence.not_checked.contains(&sentence) {
        evidence.not_checked.push(sentence);
    }
}

/// Whether a candidate for `goal` is meant to do the very same as before.
fn keeps_behaviour(goal: &Goal) -> bool {
    match &goal.origin {
        GoalOrigin::Rule { preserves_behaviour, .. } | GoalOrigin::External { preserves_behaviour, .. } => {
            *preserves_behaviour
        }
        GoalOrigin::Finding { .. } => false,
        _ => matches!(goal.kind, GoalKind::Complexity | GoalKind::Duplication | GoalKind::Speed),
    }
}
