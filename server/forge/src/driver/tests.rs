//! The driver with components that do nothing but count: what starts when, and on whose time.

use super::*;
use crate::cycle::Ended;
use crate::simulation::{candidate, goal, score, settings, trial};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

const HOUR: u64 = 3600;

/// Every component at once.
#[derive(Default)]
struct World {
    proposals: AtomicU64,
    trials: AtomicU64,
    seconds: AtomicU64,
    started: AtomicU64,
}

struct OneIdea<'a>(&'a World);

impl Engine for OneIdea<'_> {
    fn name(&self) -> &'static str {
        "one-idea"
    }
    fn accepts(&self, _: &Goal) -> bool {
        true
    }
    fn propose(&self, goal: &Goal, context: &EngineContext<'_>) -> Vec<Candidate> {
        self.0.proposals.fetch_add(1, Ordering::SeqCst);
        if context.parents.is_empty() { vec![candidate(goal, "better")] } else { vec![] }
    }
}

impl Judge for World {
    fn judge(&self, _: &Goal, candidate: &Candidate, _: &CancelToken) -> Trial {
        self.trials.fetch_add(1, Ordering::SeqCst);
        trial(candidate, Verdict::Passed)
    }
}

impl Scorer for World {
    fn score(&self, _: &Goal, _: &Candidate, _: &Trial) -> Score {
        score(10.0)
    }
}

impl Ledger for World {
    fn record_goal(&self, _: &Goal) {}
    fn record_trial(&self, _: &Goal, _: &Candidate, _: &Trial, _: Option<&Score>) {}
    fn recall(&self, _: &Goal) -> HashMap<String, (Trial, Option<Score>)> {
        HashMap::new()
    }
}

impl Clock for World {
    fn now(&self) -> Duration {
        Duration::from_secs(self.seconds.load(Ordering::SeqCst))
    }
}

impl World {
    /// Drives two goals; `on_progress` is called with the number of steps so far.
    fn drive(
        &'static self,
        pace: &Pace,
        cancel: &CancelToken,
        on_progress: &dyn Fn(u64),
    ) -> (Outcome, Vec<Offer>) {
        let engines: Vec<Box<dyn Engine>> = vec![Box::new(OneIdea(self))];
        let parts = Parts {
            engines: &engines,
            judge: self,
            scorer: self,
            ledger: self,
            probe: None,
            search: &Budget::default(),
            clock: self,
            snapshot: &Snapshot::default(),
            pace,
            on_worker_start: &|| {
                self.started.fetch_add(1, Ordering::SeqCst);
            },
        };
        let budget = Budget { wall: Some(Duration::from_secs(HOUR)), ..Budget::default() };
        let settings = CycleSettings { budget, ..settings(1, 2) };
        let (mut steps, mut offers) = (0, vec![]);
        let goals = vec![goal(0, false), goal(1, false)];
        let outcome = drive(&parts, settings, goals, cancel, &mut |event| match event {
            Event::Progress(_) => {
                on_progress(steps);
                steps += 1;
            }
            Event::Offer(offer, _) => offers.push(offer.clone()),
            Event::Tried(..) => {}
        });
        (outcome, offers)
    }

    fn new() -> &'static Self {
        Box::leak(Box::default())
    }

    fn work_done(&self) -> u64 {
        self.proposals.load(Ordering::SeqCst) + self.trials.load(Ordering::SeqCst)
    }
}

#[test]
fn every_worker_says_that_it_starts_before_it_works() {
    let world = World::new();
    let (outcome, offers) = world.drive(&Pace::new(), &CancelToken::new(), &|_| {});
    assert_eq!((outcome.ended, offers.len()), (Ended::Done, 2));
    assert_eq!(world.started.load(Ordering::SeqCst), 2);
}

#[test]
fn nothing_starts_while_held_and_the_time_does_not_count() {
    let (world, pace) = (World::new(), Pace::new());
    pace.hold();
    let (outcome, offers) = world.drive(&pace, &CancelToken::new(), &|step| {
        if step < 3 {
            assert_eq!(world.work_done(), 0, "step {step}");
            world.seconds.fetch_add(2 * HOUR, Ordering::SeqCst);
        } else {
            pace.release();
        }
    });
    assert_eq!((outcome.ended, offers.len()), (Ended::Done, 2));
    assert_eq!(outcome.spent.wall, Duration::ZERO);
}

#[test]
fn time_that_is_not_held_counts() {
    let world = World::new();
    let (outcome, _) = world.drive(&Pace::new(), &CancelToken::new(), &|_| {
        world.seconds.fetch_add(2 * HOUR, Ordering::SeqCst);
    });
    assert_eq!(outcome.ended, Ended::Budget("wall time"));
}

#[test]
fn cancelling_works_while_held() {
    let (world, pace, cancel) = (World::new(), Pace::new(), CancelToken::new());
    pace.hold();
    let (outcome, offers) = world.drive(&pace, &cancel, &|_| cancel.cancel());
    assert_eq!((outcome.ended, offers.len(), world.work_done()), (Ended::Cancelled, 0, 0));
}
