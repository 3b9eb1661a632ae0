//! Tests of the strategy, against a lab whose answers are written down.

use super::*;
use hephaestus_core::{ByteRange, RelPath};
use hephaestus_harness::lab::{LabFacts, LabTest, Lines};
use std::collections::BTreeMap;

/// What happens to a variant, by variant, one answer per run; the last one stays.
type Script = BTreeMap<u32, Vec<JobEnd>>;

/// A lab that does what is written down. A test fails on a variant where `kills` says so.
#[derive(Default)]
struct Written {
    facts: LabFacts,
    reaching: BTreeMap<u32, Vec<usize>>,
    kills: Vec<(u32, usize)>,
    ends: Script,
    /// Every job with the stretch it was run with.
    asked: Vec<(Job, u32)>,
    /// Jobs by call.
    calls: Vec<usize>,
    stretch: u32,
    strange_failure: bool,
    /// The lab is at its end after so many jobs.
    dies_after: Option<usize>,
}

impl Written {
    /// Tests named `a`, `b`, …, each slower than the one before.
    fn with_tests(count: u8) -> Self {
        let test = |n: u8| LabTest {
            id: char::from(b'a' + n).to_string(),
            wall: Duration::from_millis(u64::from(n) + 1),
            lines: Lines::new(),
        };
        let facts = LabFacts { tests: (0..count).map(test).collect(), ..LabFacts::default() };
        Self { facts, stretch: 1, ..Self::default() }
    }

    fn answer(&mut self, job: &Job) -> JobOutcome {
        let end = match self.ends.get_mut(&job.variant) {
            Some(ends) if ends.len() > 1 => ends.remove(0),
            Some(ends) => ends[0].clone(),
            None => JobEnd::Ran,
        };
        let mut outcome = JobOutcome {
            variant: job.variant,
            end,
            passed: 0,
            failed: vec![],
            wall: Duration::from_millis(1),
            cpu: Duration::from_millis(1),
        };
        if outcome.end == JobEnd::Ran {
            for test in &job.tests {
                let id = if self.strange_failure { "stranger" } else { self.facts.tests[*test].id.as_str() };
                if self.kills.contains(&(job.variant, *test)) || self.strange_failure {
                    outcome.failed.push(TestFailure { id: id.to_owned(), message: String::new() });
                    break;
                }
                outcome.passed += 1;
            }
        }
        outcome
    }
}

impl Lab for Written {
    fn facts(&self) -> &LabFacts {
        &self.facts
    }

    fn reaching(&self, variant: u32) -> Vec<usize> {
        self.reaching.get(&variant).cloned().unwrap_or_else(|| (0..self.facts.tests.len()).collect())
    }

    fn run(
        &mut self,
        jobs: &[Job],
        cancel: &CancelToken,
        done: &mut dyn FnMut(JobOutcome),
    ) -> Result<(), LabError> {
        self.calls.push(jobs.len());
        for job in jobs {
            if cancel.is_cancelled() {
                return Err(LabError::Cancelled);
            }
            if self.dies_after.is_some_and(|limit| self.asked.len() >= limit) {
                return Err(LabError::Unfit("it died".to_owned()));
            }
            self.asked.push((job.clone(), self.stretch));
            let outcome = self.answer(job);
            done(outcome);
        }
        Ok(())
    }

    fn stretch_limits(&mut self, factor: u32) {
        self.stretch = factor;
    }

    fn overhead(&self) -> Duration {
        Duration::ZERO
    }
}

fn mutants(count: u32, function: impl Fn(u32) -> String) -> Vec<Mutant> {
    let mutant = |n: u32| Mutant {
        file: RelPath::new("a.py").unwrap(),
        range: ByteRange::new(n as usize, n as usize + 1),
        replacement: "-".to_owned(),
        operator: "arithmetic/plus-to-minus".to_owned(),
        function: Some(function(n)),
        description: String::new(),
    };
    (0..count).map(mutant).collect()
}

fn pending(mutants: &[Mutant]) -> Vec<Pending<'_>> {
    let one = |(n, mutant)| Pending {
        variant: u32::try_from(n).unwrap(),
        mutant,
        killer: None,
        passed: HashSet::new(),
    };
    mutants.iter().enumerate().map(one).collect()
}

fn hunted(lab: &mut Written, pending: &[Pending<'_>]) -> BTreeMap<u32, Tried> {
    let mut told = BTreeMap::new();
    hunt(lab, pending, &mut Kills::default(), 0, &CancelToken::new(), &mut |tried| {
        assert!(told.insert(tried.variant, tried).is_none(), "told twice");
    })
    .unwrap();
    told
}

fn status_after(ends: Vec<JobEnd>) -> (MutantStatus, Vec<u32>) {
    let mut lab = Written { ends: Script::from([(0, ends)]), ..Written::with_tests(2) };
    let told = hunted(&mut lab, &pending(&mutants(1, |_| "f".to_owned())));
    (told[&0].status, lab.asked.iter().map(|(_, stretch)| *stretch).collect())
}

#[test]
fn a_failing_test_kills_and_passing_ones_let_it_survive() {
    let mut lab = Written { kills: vec![(0, 1)], ..Written::with_tests(3) };
    let told = hunted(&mut lab, &pending(&mutants(2, |_| "f".to_owned())));
    assert_eq!(told[&0].status, MutantStatus::Killed);
    assert_eq!(told[&0].killed_by.as_ref().unwrap().id, "b");
    assert_eq!((told[&1].status, told[&1].tests_run), (MutantStatus::Survived, 3));
    assert_eq!(told[&1].reaching, [0, 1, 2]);
}

#[test]
fn only_tests_that_reach_it_are_asked_and_none_means_no_coverage() {
    let reaching = BTreeMap::from([(0, vec![1]), (1, vec![])]);
    let mut lab = Written { reaching, ..Written::with_tests(3) };
    let told = hunted(&mut lab, &pending(&mutants(2, |_| "f".to_owned())));
    assert_eq!((told[&0].status, told[&1].status), (MutantStatus::Survived, MutantStatus::NoCoverage));
    assert_eq!(lab.asked.iter().map(|(job, _)| job.tests.clone()).collect::<Vec<_>>(), [[1]]);
}

#[test]
fn tests_that_have_passed_on_it_are_not_asked_again_and_still_count_as_reaching() {
    let all = mutants(2, |_| "f".to_owned());
    let passed = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<HashSet<String>>();
    let mut pending = pending(&all);
    pending[0].passed = passed(&["a", "c"]);
    pending[1].passed = passed(&["a", "b", "c"]);
    let mut lab = Written::with_tests(3);
    let told = hunted(&mut lab, &pending);
    assert_eq!(lab.asked.iter().map(|(job, _)| job.tests.clone()).collect::<Vec<_>>(), [[1]]);
    for one in told.values() {
        assert_eq!((one.status, one.reaching.as_slice()), (MutantStatus::Survived, [0, 1, 2].as_slice()));
    }
}

#[test]
fn a_broken_runner_is_asked_again_and_never_kills() {
    let broken = || JobEnd::Broken("no".to_owned());
    assert_eq!(status_after(vec![broken()]), (MutantStatus::Error, vec![1, 1]));
    assert_eq!(status_after(vec![broken(), JobEnd::Ran]), (MutantStatus::Survived, vec![1, 1]));
    assert_eq!(status_after(vec![broken(), JobEnd::TimedOut]), (MutantStatus::Timeout, vec![1, 1, 2]));
    assert_eq!(status_after(vec![JobEnd::TimedOut, broken()]), (MutantStatus::Error, vec![1, 2]));
}

#[test]
fn a_time_out_counts_only_when_twice_the_time_does_not_help() {
    assert_eq!(status_after(vec![JobEnd::TimedOut]), (MutantStatus::Timeout, vec![1, 2]));
    assert_eq!(status_after(vec![JobEnd::TimedOut, JobEnd::Ran]), (MutantStatus::Survived, vec![1, 2]));
}

#[test]
fn time_outs_are_tried_again_one_by_one() {
    let ends = (0..3).map(|n| (n, vec![JobEnd::TimedOut])).collect();
    let mut lab = Written { ends, ..Written::with_tests(1) };
    hunted(&mut lab, &pending(&mutants(3, |_| "f".to_owned())));
    assert_eq!((lab.calls, lab.stretch), (vec![3, 1, 1, 1], 1));
}

#[test]
fn what_cannot_be_loaded_is_not_asked_again() {
    let (status, asked) = status_after(vec![JobEnd::Unviable("syntax".to_owned())]);
    assert_eq!((status, asked.len()), (MutantStatus::Unviable, 1));
}

#[test]
fn a_failure_of_a_test_that_does_not_judge_is_no_kill() {
    let mut lab = Written { strange_failure: true, ..Written::with_tests(1) };
    let told = hunted(&mut lab, &pending(&mutants(1, |_| "f".to_owned())));
    assert_eq!((told[&0].status, &told[&0].killed_by), (MutantStatus::Error, &None));
}

#[test]
fn tests_without_an_end_let_nothing_survive() {
    let mut lab = Written::with_tests(1);
    lab.facts.tests[0].id = "gone".to_owned();
    let mut outcome = lab.answer(&Job { variant: 0, tests: vec![], stop_at_first: true });
    outcome.passed = 0;
    assert_eq!(verdict(&outcome, &HashSet::new()).0, MutantStatus::Error);
}

#[test]
fn the_killer_of_neighbours_is_asked_first_then_the_fastest() {
    let count = u32::try_from(BATCH).unwrap() + 1;
    let kills = (0..count).map(|n| (n, 2)).collect();
    let mut lab = Written { kills, ..Written::with_tests(3) };
    let mutants = mutants(count, |_| "f".to_owned());
    hunted(&mut lab, &pending(&mutants));
    assert_eq!(lab.asked[0].0.tests, [0, 1, 2], "nothing is known yet: the fastest first");
    assert_eq!(lab.asked[BATCH].0.tests, [2, 0, 1], "the second batch has learnt");
    assert!(lab.asked.iter().all(|(job, _)| job.stop_at_first));
}

#[test]
fn the_test_that_killed_it_before_comes_first_of_all() {
    let mut lab = Written::with_tests(3);
    let mutants = mutants(1, |_| "f".to_owned());
    let mut pending = pending(&mutants);
    pending[0].killer = Some("c".to_owned());
    hunted(&mut lab, &pending);
    assert_eq!(lab.asked[0].0.tests, [2, 0, 1]);
}

#[test]
fn functions_take_turns_and_the_seed_decides_within_them() {
    let mutants = mutants(6, |n| if n < 4 { "f".to_owned() } else { "g".to_owned() });
    let pending = pending(&mutants);
    let order = in_turns(&pending, 1);
    assert_eq!(order.iter().filter(|index| **index >= 4).count(), 2);
    assert!(order[..4].iter().filter(|index| **index >= 4).count() == 2, "both come early: {order:?}");
    assert_eq!(order, in_turns(&pending, 1));
    assert!((2..20).any(|seed| in_turns(&pending, seed) != order));
}

#[test]
fn stopping_keeps_what_is_settled() {
    let mutants = mutants(10, |_| "f".to_owned());
    let (mut lab, cancel) = (Written::with_tests(1), CancelToken::new());
    let mut told = 0;
    let ended = hunt(&mut lab, &pending(&mutants), &mut Kills::default(), 0, &cancel, &mut |_| {
        told += 1;
        if told == 3 {
            cancel.cancel();
        }
    });
    assert_eq!((ended, told), (Err(LabError::Cancelled), 3));
}

#[test]
fn a_lab_at_its_end_is_told() {
    let mutants = mutants(10, |_| "f".to_owned());
    let mut lab = Written { dies_after: Some(4), ..Written::with_tests(1) };
    let mut told = 0;
    let ended =
        hunt(&mut lab, &pending(&mutants), &mut Kills::default(), 0, &CancelToken::new(), &mut |_| told += 1);
    assert_eq!((ended, told), (Err(LabError::Unfit("it died".to_owned())), 4));
}
