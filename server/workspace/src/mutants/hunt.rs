//! The strategy: which test is asked first about which mutant, when to stop, and what an answer means. Knows labs only
//! by their trait, reads nothing and remembers nothing beyond one hunt.

use hephaestus_core::{CancelToken, ContentHash, Mutant, MutantStatus, TestFailure};
use hephaestus_harness::lab::{Job, JobEnd, JobOutcome, Lab, LabError};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// Mutants that are tried between two looks at what has been learnt.
const BATCH: usize = 64;

/// How much longer a mutant may take that has timed out, when it is tried once more, alone.
const PATIENCE: u32 = 2;

/// A mutant that is to be tried.
#[derive(Debug, Clone)]
pub(super) struct Pending<'a> {
    /// Its number in the lab.
    pub(super) variant: u32,
    pub(super) mutant: &'a Mutant,
    /// A test that killed it before something changed.
    pub(super) killer: Option<String>,
    /// Tests that passed on it and would do so again: they are not run.
    pub(super) passed: HashSet<String>,
}

/// What came of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tried {
    pub(super) variant: u32,
    pub(super) status: MutantStatus,
    pub(super) killed_by: Option<TestFailure>,
    /// Tests that reach it, as indices into the lab's facts.
    pub(super) reaching: Vec<usize>,
    pub(super) tests_run: u32,
    pub(super) reason: String,
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
}

/// How often a test killed mutants, by the function they are in.
#[derive(Debug, Default)]
pub(super) struct Kills {
    by_place: HashMap<String, HashMap<String, u32>>,
}

impl Kills {
    pub(super) fn note(&mut self, mutant: &Mutant, test: &str) {
        let tests = self.by_place.entry(place(mutant)).or_default();
        *tests.entry(test.to_owned()).or_default() += 1;
    }
}

fn place(mutant: &Mutant) -> String {
    format!("{} {}", mutant.file, mutant.function.as_deref().unwrap_or_default())
}

/// The order in which mutants are tried: one of each function, then another of each, so that what is learnt about a
/// function serves its other mutants, and so that a hunt that is stopped has seen a bit of everything. `seed` decides
/// which comes first.
fn in_turns(pending: &[Pending<'_>], seed: u64) -> Vec<usize> {
    let mut by_place: BTreeMap<String, Vec<(u64, usize)>> = BTreeMap::new();
    for (index, one) in pending.iter().enumerate() {
        let range = format!("{seed} {:?} {}", one.mutant.range, one.mutant.replacement);
        let lot = ContentHash::of_parts([range.as_str(), &one.mutant.operator]).seed();
        by_place.entry(place(one.mutant)).or_default().push((lot, index));
    }
    let mut turns: Vec<(usize, usize)> = Vec::new();
    for lots in by_place.values_mut() {
        lots.sort_unstable();
        turns.extend(lots.iter().enumerate().map(|(turn, (_, index))| (turn, *index)));
    }
    turns.sort_unstable();
    turns.into_iter().map(|(_, index)| index).collect()
}

/// Tries `pending` in `lab`. `told` hears of each as it is settled.
///
/// # Errors
/// When the lab is at its end or somebody asked to stop. Those of which `told` was not told are not settled.
pub(super) fn hunt(
    lab: &mut dyn Lab,
    pending: &[Pending<'_>],
    kills: &mut Kills,
    seed: u64,
    cancel: &CancelToken,
    told: &mut dyn FnMut(Tried),
) -> Result<(), LabError> {
    let order = in_turns(pending, seed);
    for batch in order.chunks(BATCH) {
        let batch: Vec<&Pending<'_>> = batch.iter().filter_map(|index| pending.get(*index)).collect();
        Bout::new(lab, &batch, kills, told).fight(lab, cancel)?;
    }
    Ok(())
}

/// One batch.
struct Bout<'a> {
    mutants: HashMap<u32, &'a Mutant>,
    /// All tests that reach a mutant, whether they are run or not.
    reaching: HashMap<u32, Vec<usize>>,
    jobs: Vec<Job>,
    judges: HashSet<String>,
    kills: &'a mut Kills,
    told: &'a mut dyn FnMut(Tried),
}

impl<'a> Bout<'a> {
    fn new(
        lab: &dyn Lab,
        batch: &[&Pending<'a>],
        kills: &'a mut Kills,
        told: &'a mut dyn FnMut(Tried),
    ) -> Self {
        let mut bout = Self {
            mutants: batch.iter().map(|one| (one.variant, one.mutant)).collect(),
            reaching: HashMap::new(),
            jobs: Vec::new(),
            judges: lab.facts().tests.iter().map(|test| test.id.clone()).collect(),
            kills,
            told,
        };
        for one in batch {
            let mut tests = bout.in_order(lab, one);
            let mut reaching = tests.clone();
            reaching.sort_unstable();
            let is_reached = !reaching.is_empty();
            tests.retain(|index| {
                lab.facts().tests.get(*index).is_some_and(|test| !one.passed.contains(&test.id))
            });
            if is_reached && tests.is_empty() {
                (bout.told)(Tried { reaching, ..Tried::of(one.variant, MutantStatus::Survived) });
                continue;
            }
            bout.reaching.insert(one.variant, reaching);
            if tests.is_empty() {
                (bout.told)(Tried::of(one.variant, MutantStatus::NoCoverage));
            } else {
                bout.jobs.push(Job { variant: one.variant, tests, stop_at_first: true });
            }
        }
        bout
    }

    /// The tests that reach a mutant: the one that killed it before, those that killed its neighbours, the fastest.
    fn in_order(&self, lab: &dyn Lab, one: &Pending<'_>) -> Vec<usize> {
        let facts = lab.facts();
        let known = self.kills.by_place.get(&place(one.mutant));
        let mut tests: Vec<(bool, u32, Duration, usize)> = lab
            .reaching(one.variant)
            .into_iter()
            .filter_map(|index| {
                let test = facts.tests.get(index)?;
                let killed = known.and_then(|known| known.get(&test.id)).copied().unwrap_or(0);
                Some((one.killer.as_ref() != Some(&test.id), u32::MAX - killed, test.wall, index))
            })
            .collect();
        tests.sort_unstable();
        tests.into_iter().map(|(.., index)| index).collect()
    }

    fn fight(mut self, lab: &mut dyn Lab, cancel: &CancelToken) -> Result<(), LabError> {
        let jobs = std::mem::take(&mut self.jobs);
        let unsure = self.run(lab, &jobs, cancel, false)?;
        let by_variant: HashMap<u32, &Job> = jobs.iter().map(|job| (job.variant, job)).collect();
        let job_of = |outcome: &JobOutcome| by_variant.get(&outcome.variant).map(|job| (*job).clone());
        let (slow, broken): (Vec<&JobOutcome>, Vec<&JobOutcome>) =
            unsure.iter().partition(|outcome| outcome.end == JobEnd::TimedOut);
        let mut slow: Vec<Job> = slow.into_iter().filter_map(job_of).collect();
        let again: Vec<Job> = broken.into_iter().filter_map(job_of).collect();
        if !again.is_empty() {
            // A runner that breaks twice over the same mutant has said all it has to say; time is another matter.
            let still = self.run(lab, &again, cancel, true)?;
            slow.extend(still.iter().filter_map(job_of));
        }
        if slow.is_empty() {
            return Ok(());
        }
        lab.stretch_limits(PATIENCE);
        let ended = slow.iter().try_for_each(|job| self.run_alone(lab, job, cancel));
        lab.stretch_limits(1);
        ended
    }

    /// Runs jobs and settles those whose end is clear; the others come back. `last` settles what broke too.
    fn run(
        &mut self,
        lab: &mut dyn Lab,
        jobs: &[Job],
        cancel: &CancelToken,
        last: bool,
    ) -> Result<Vec<JobOutcome>, LabError> {
        let mut unsure = Vec::new();
        if jobs.is_empty() {
            return Ok(unsure);
        }
        lab.run(jobs, cancel, &mut |outcome| match &outcome.end {
            JobEnd::Ran | JobEnd::Unviable(_) => self.settle(outcome),
            JobEnd::Broken(_) if last => self.settle(outcome),
            end => {
                tracing::debug!("variant {} is to be tried again: {end:?}", outcome.variant);
                unsure.push(outcome);
            }
        })?;
        Ok(unsure)
    }

    fn run_alone(&mut self, lab: &mut dyn Lab, job: &Job, cancel: &CancelToken) -> Result<(), LabError> {
        let jobs = std::slice::from_ref(job);
        lab.run(jobs, cancel, &mut |outcome| self.settle(outcome))
    }

    fn settle(&mut self, outcome: JobOutcome) {
        let Some(mutant) = self.mutants.get(&outcome.variant) else { return };
        let Some(reaching) = self.reaching.get(&outcome.variant).cloned() else { return };
        let (status, killed_by, reason) = verdict(&outcome, &self.judges);
        if let Some(failure) = &killed_by {
            self.kills.note(mutant, &failure.id);
        }
        let failed = u32::try_from(outcome.failed.len()).unwrap_or(u32::MAX);
        (self.told)(Tried {
            status,
            killed_by,
            reaching,
            tests_run: outcome.passed.saturating_add(failed),
            reason,
            wall: outcome.wall,
            cpu: outcome.cpu,
            ..Tried::of(outcome.variant, status)
        });
    }
}

impl Tried {
    fn of(variant: u32, status: MutantStatus) -> Self {
        Self {
            variant,
            status,
            killed_by: None,
            reaching: vec![],
            tests_run: 0,
            reason: String::new(),
            wall: Duration::ZERO,
            cpu: Duration::ZERO,
        }
    }
}

/// What an outcome says about a mutant. Only a test that passes on the unchanged code can kill.
fn verdict(outcome: &JobOutcome, judges: &HashSet<String>) -> (MutantStatus, Option<TestFailure>, String) {
    let error = |reason: &str| (MutantStatus::Error, None, reason.to_owned());
    match &outcome.end {
        JobEnd::Unviable(reason) => (MutantStatus::Unviable, None, reason.clone()),
        JobEnd::Broken(reason) => error(reason),
        JobEnd::TimedOut => {
            (MutantStatus::Timeout, None, "the tests did not come to an end, twice".to_owned())
        }
        JobEnd::Ran => match outcome.failed.iter().find(|failure| judges.contains(&failure.id)) {
            Some(failure) => (MutantStatus::Killed, Some(failure.clone()), String::new()),
            None if !outcome.failed.is_empty() => error("a test failed that does not judge"),
            None if outcome.passed == 0 => error("no test came to its end"),
            None => (MutantStatus::Survived, None, String::new()),
        },
    }
}

#[cfg(test)]
#[path = "hunt_tests.rs"]
mod tests;
