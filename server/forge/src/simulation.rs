//! Seeded simulations of whole runs: workers that answer late, lie dead, repeat themselves; clocks that jump; users who
//! cancel at any step. The machine must always end, offer what was found, and never do the same thing twice.

use crate::cycle::{Cycle, CycleSettings, Effect, Ended, Input, JobId, Outcome};
use crate::search::Searched;
use hephaestus_core::{
    Acceptance, Budget, Candidate, ContentHash, Dimension, Direction, Edit, EngineId, Evidence, Goal, GoalId,
    GoalKind, GoalOrigin, LanguageId, Measure, Offer, Patch, RelPath, Score, Target, Trial, TrialCost,
    Verdict,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

pub(crate) fn goal(nth: usize, with_target: bool) -> Goal {
    let file = RelPath::new(format!("f{nth}.py")).unwrap();
    Goal {
        id: GoalId(format!("goal-{nth}")),
        kind: if with_target { GoalKind::Complexity } else { GoalKind::Simplify },
        rule: format!("rule-{}", nth % 3),
        file: file.clone(),
        language: LanguageId::new("python"),
        range: (0..10).into(),
        line: 1,
        message: "m".into(),
        why: "w".into(),
        symbol: None,
        acceptance: Acceptance {
            improves: vec![Dimension::Cognitive],
            target: with_target.then_some(Target { dimension: Dimension::Cognitive, at: 15.0 }),
            must_pass: vec![],
        },
        base: ContentHash::of(b"0123456789"),
        footprint: vec![file],
        origin: GoalOrigin::Measured,
        gain: 0.5,
        cost: 1.0,
    }
}

pub(crate) fn candidate(goal: &Goal, text: &str) -> Candidate {
    let patch = Patch::edit(goal.file.clone(), goal.base.clone(), vec![Edit::new(0..1, text)]).unwrap();
    Candidate::new(&goal.id, patch, EngineId::new("simulated"), vec![text.to_owned()], 0.5)
}

pub(crate) fn trial(candidate: &Candidate, verdict: Verdict) -> Trial {
    let cost = TrialCost { wall: Duration::from_secs(1), cpu: Duration::from_secs(1) };
    Trial { candidate: candidate.id.clone(), verdict, evidence: Evidence::default(), cost, remembered: false }
}

pub(crate) fn score(after: f64) -> Score {
    let dimension = Dimension::Cognitive;
    let measure = Measure { dimension, before: 30.0, after, direction: Direction::Lower, error: 0.0 };
    Score {
        measures: vec![measure],
        gates: vec![],
        weighted: measure.relative_gain(),
        accepted: after < 30.0,
        weakly_tested: false,
        target_met: after <= 15.0,
        reasons: vec![],
    }
}

pub(crate) fn settings(seed: u64, slots: usize) -> CycleSettings {
    CycleSettings {
        slots,
        max_iterations: 6,
        beam: 2,
        quality_threshold: 0.8,
        exploration_ratio: 0.3,
        seed,
        budget: Budget::default(),
        records: HashMap::new(),
        learns: false,
    }
}

enum Pending {
    Propose(JobId, Box<Goal>, Vec<(Candidate, Score)>),
    Try(JobId, Candidate, f64),
}

/// A world around the machine in which anything may go wrong.
struct World {
    rng: StdRng,
    now: Duration,
    pending: Vec<Pending>,
    offers: Vec<Offer>,
    tried: HashSet<String>,
    outcome: Option<Outcome>,
    chaos: bool,
}

impl World {
    fn new(seed: u64, chaos: bool) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            now: Duration::from_secs(1_000),
            pending: vec![],
            offers: vec![],
            tried: HashSet::new(),
            outcome: None,
            chaos,
        }
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            assert!(self.outcome.is_none(), "an effect after the end");
            match effect {
                Effect::Propose { job, goal, parents, .. } => {
                    self.pending.push(Pending::Propose(job, Box::new(goal), parents))
                }
                Effect::Try { job, candidate, .. } => {
                    assert!(self.tried.insert(candidate.patch.key()), "an idea was tried twice");
                    let depth = candidate.operators.len();
                    self.pending.push(Pending::Try(job, candidate, 30.0 - 4.0 * depth as f64));
                }
                Effect::Offer(offer, _) => self.offers.push(*offer),
                Effect::Record { .. } | Effect::Abort => {}
                Effect::Finish(outcome) => self.outcome = Some(outcome),
            }
        }
    }

    fn answer(&mut self) -> Input {
        self.now += Duration::from_millis(self.rng.random_range(0..2_000));
        if self.chaos && self.rng.random_bool(0.1) {
            self.now = Duration::from_secs(self.rng.random_range(0..5_000));
        }
        let at = self.now;
        if self.pending.is_empty() || (self.chaos && self.rng.random_bool(0.2)) {
            return Input::Tick { at };
        }
        let pending = self.pending.swap_remove(self.rng.random_range(0..self.pending.len()));
        if self.chaos && self.rng.random_bool(0.1) {
            let job = match pending {
                Pending::Propose(job, ..) | Pending::Try(job, ..) => job,
            };
            return Input::Lost { at, job };
        }
        match pending {
            Pending::Propose(job, goal, parents) => {
                let (candidates, searched) = (self.forge(&goal, &parents), Searched::default());
                Input::Proposed { at, job, candidates, searched }
            }
            Pending::Try(job, candidate, after) => {
                let verdict = if !self.chaos {
                    Verdict::Passed
                } else {
                    use Verdict::{Cancelled, Errored, Failed, Flaky, Passed, TimedOut, Unviable};
                    [Passed, Passed, Failed, Unviable, TimedOut, Flaky, Cancelled, Errored]
                        [self.rng.random_range(0..8)]
                };
                let score = (verdict == Verdict::Passed).then(|| score(after));
                Input::Tried { at, job, trial: trial(&candidate, verdict), score }
            }
        }
    }

    fn forge(&mut self, goal: &Goal, parents: &[(Candidate, Score)]) -> Vec<Candidate> {
        if parents.is_empty() {
            return (0..3).map(|nth| candidate(goal, &format!("v{nth}"))).collect();
        }
        parents
            .iter()
            .map(|(parent, _)| {
                candidate(goal, &format!("{}+", parent.operators.concat())).going_on_from(parent)
            })
            .collect()
    }
}

fn run(seed: u64, chaos: bool, cancel_at: Option<usize>, settings: CycleSettings) -> World {
    let goals: Vec<Goal> = (0..8).map(|nth| goal(nth, nth % 2 == 0)).collect();
    let mut world = World::new(seed, chaos);
    let mut cycle = Cycle::new(settings, goals);
    let effects = cycle.step(Input::Tick { at: world.now });
    world.take(effects);
    for step in 0..10_000 {
        if world.outcome.is_some() {
            let late = cycle.step(Input::Tick { at: world.now });
            assert!(late.is_empty());
            return world;
        }
        let input = if cancel_at == Some(step) { Input::Cancel { at: world.now } } else { world.answer() };
        let effects = cycle.step(input);
        world.take(effects);
    }
    panic!("the cycle did not end (seed {seed}, cancel at {cancel_at:?})");
}

#[test]
fn a_calm_run_reaches_every_target() {
    let world = run(1, false, None, settings(1, 2));
    let outcome = world.outcome.unwrap();
    assert_eq!((outcome.ended, outcome.offered, outcome.goals_left), (Ended::Done, 8, 0));
    let targets: Vec<&Offer> =
        world.offers.iter().filter(|offer| offer.goal.acceptance.target.is_some()).collect();
    assert!(targets.iter().all(|offer| offer.score.target_met && offer.candidate.operators.len() >= 4));
    assert!(targets.iter().all(|offer| offer.candidate.parent.is_some()));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let ids = |seed| {
        let world = run(seed, true, None, settings(seed, 2));
        world.offers.iter().map(|offer| offer.candidate.id.0.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(5), ids(5));
}

#[test]
fn chaos_never_loses_what_was_found() {
    for seed in 0..300 {
        let world = run(seed, true, None, settings(seed, 1 + usize::try_from(seed % 4).unwrap()));
        let outcome = world.outcome.unwrap();
        assert_eq!(outcome.offered, world.offers.len() as u64);
        let goals: HashSet<_> = world.offers.iter().map(|offer| offer.goal.id.clone()).collect();
        assert_eq!(goals.len(), world.offers.len(), "one offer per goal");
        assert!(world.offers.iter().all(|offer| offer.score.accepted));
    }
}

#[test]
fn cancelling_at_any_step_ends_with_what_was_found() {
    for step in 0..80 {
        for seed in 0..10 {
            let world = run(seed, true, Some(step), settings(seed, 3));
            let outcome = world.outcome.unwrap();
            assert!(matches!(outcome.ended, Ended::Cancelled | Ended::Done));
            assert_eq!(outcome.offered, world.offers.len() as u64);
        }
    }
}

#[test]
fn the_budget_stops_the_run() {
    let budget = Budget { trials: Some(3), ..Budget::default() };
    let world = run(3, false, None, CycleSettings { budget, ..settings(3, 1) });
    let outcome = world.outcome.unwrap();
    assert_eq!(outcome.ended, Ended::Budget("trials"));
    assert_eq!(outcome.spent.trials, 3);
    assert!(outcome.goals_left > 0);
}

#[test]
fn a_clock_that_jumps_back_spends_nothing() {
    let mut cycle = Cycle::new(settings(0, 1), vec![goal(0, false)]);
    cycle.step(Input::Tick { at: Duration::from_secs(100) });
    cycle.step(Input::Tick { at: Duration::from_secs(10) });
    cycle.step(Input::Tick { at: Duration::from_secs(12) });
    assert_eq!(cycle.outcome().spent.wall, Duration::from_secs(2));
}

#[test]
fn no_goals_means_an_end_at_once() {
    let mut cycle = Cycle::new(settings(0, 1), vec![]);
    let effects = cycle.step(Input::Tick { at: Duration::ZERO });
    assert!(matches!(effects.as_slice(), [Effect::Finish(outcome)] if outcome.ended == Ended::Done));
}

/// Plays one repair goal whose candidates are `(text, prior)`; `accepts` says which pass. The texts that were tried, the
/// one that is offered, and its alternatives.
fn repair(
    ideas: &[(&str, f64)],
    accepts: &dyn Fn(&str) -> bool,
) -> (Vec<String>, Option<String>, Vec<String>) {
    let goal = Goal { kind: GoalKind::Repair, ..goal(0, false) };
    let text = |candidate: &Candidate| candidate.operators.concat();
    let mut cycle = Cycle::new(settings(0, 4), vec![goal.clone()]);
    let (mut tried, mut offered, mut others) = (vec![], None, vec![]);
    let mut effects: std::collections::VecDeque<Effect> =
        cycle.step(Input::Tick { at: Duration::ZERO }).into();
    while let Some(effect) = effects.pop_front() {
        let at = Duration::ZERO;
        match effect {
            Effect::Propose { job, goal, .. } => {
                let forge =
                    |(text, prior): &(&str, f64)| Candidate { prior: *prior, ..candidate(&goal, text) };
                let candidates = ideas.iter().map(forge).collect();
                let searched = Searched { tried: 500, cpu: Duration::from_secs(3) };
                effects.extend(cycle.step(Input::Proposed { at, job, candidates, searched }));
            }
            Effect::Try { job, candidate, .. } => {
                tried.push(text(&candidate));
                let trial = trial(&candidate, Verdict::Passed);
                // The weighted score speaks for the later ones, and must not be heard.
                let weighted = tried.len() as f64;
                let score = Score { accepted: accepts(&text(&candidate)), weighted, ..score(20.0) };
                effects.extend(cycle.step(Input::Tried { at, job, trial, score: Some(score) }));
            }
            Effect::Offer(offer, alternatives) => {
                offered = Some(text(&offer.candidate));
                others = alternatives.iter().map(text).collect();
            }
            Effect::Record { .. } | Effect::Abort | Effect::Finish(_) => {}
        }
    }
    assert_eq!(cycle.outcome().searched.tried, 500);
    assert_eq!(cycle.outcome().spent.cpu, Duration::from_secs(3 + tried.len() as u64));
    (tried, offered, others)
}

#[test]
fn of_repairs_the_first_by_rank_that_holds_is_offered_and_the_others_stay_visible() {
    let ideas = [("best", 0.9), ("good", 0.6), ("poor", 0.2)];
    let (tried, offered, others) = repair(&ideas, &|_| true);
    assert_eq!((tried, offered.as_deref()), (vec!["best".to_owned()], Some("best")));
    assert_eq!(others, ["good", "poor"]);
    let (tried, offered, others) = repair(&ideas, &|text| text != "best");
    assert_eq!((tried.len(), offered.as_deref()), (2, Some("good")));
    assert_eq!(others, ["poor"], "what was rejected is no alternative");
    let (tried, offered, others) = repair(&ideas, &|_| false);
    assert_eq!((tried.len(), offered, others.len()), (3, None, 0));
}

#[test]
fn one_patch_may_mend_two_faults_and_is_tried_for_each() {
    let pair: Vec<Goal> = (0..2)
        .map(|nth| Goal { kind: GoalKind::Repair, file: goal(0, false).file, ..goal(nth, false) })
        .collect();
    let mut cycle = Cycle::new(settings(0, 2), pair);
    let (mut effects, mut tried) = (cycle.step(Input::Tick { at: Duration::ZERO }), 0);
    while let Some(effect) = effects.pop() {
        let at = Duration::ZERO;
        match effect {
            Effect::Propose { job, goal, .. } => {
                let (candidates, searched) = (vec![candidate(&goal, "same")], Searched::default());
                effects.extend(cycle.step(Input::Proposed { at, job, candidates, searched }));
            }
            Effect::Try { job, candidate, .. } => {
                tried += 1;
                let trial = trial(&candidate, Verdict::Passed);
                effects.extend(cycle.step(Input::Tried { at, job, trial, score: Some(score(20.0)) }));
            }
            _ => {}
        }
    }
    assert_eq!((tried, cycle.outcome().offered, cycle.outcome().repeats), (2, 2, 0));
}

/// Answers what the cycle asks for until it ends: the engine's first `worse` candidates fall. How many setbacks each
/// proposal was told of, and the offers.
fn learning(learns: bool, worse: usize) -> (Vec<usize>, usize) {
    let mut cycle = Cycle::new(CycleSettings { learns, ..settings(1, 1) }, vec![goal(1, false)]);
    let at = Duration::from_secs(1);
    let (mut told, mut offers, mut forged) = (Vec::new(), 0, 0);
    let mut effects = cycle.step(Input::Tick { at });
    while let Some(effect) = effects.pop() {
        match effect {
            Effect::Propose { job, goal, setbacks, .. } => {
                told.push(setbacks.len());
                forged += 1;
                // The engine has five ideas in all.
                let ideas = (forged <= 5).then(|| candidate(&goal, &format!("v{forged}")));
                let candidates = ideas.into_iter().collect();
                effects.extend(cycle.step(Input::Proposed {
                    at,
                    job,
                    candidates,
                    searched: Searched::default(),
                }));
            }
            Effect::Try { job, candidate, .. } => {
                let verdict = if forged <= worse { Verdict::Failed } else { Verdict::Passed };
                let score = (verdict == Verdict::Passed).then(|| score(10.0));
                effects.extend(cycle.step(Input::Tried {
                    at,
                    job,
                    trial: trial(&candidate, verdict),
                    score,
                }));
            }
            Effect::Offer(..) => offers += 1,
            Effect::Record { .. } | Effect::Abort | Effect::Finish(_) => {}
        }
    }
    (told, offers)
}

#[test]
fn who_learns_is_told_what_fell_and_asked_again_until_something_holds_or_ideas_run_out() {
    assert_eq!(learning(true, 2), (vec![0, 1, 2], 1), "the third one holds");
    assert_eq!(learning(true, 9), (vec![0, 1, 2, 3, 4, 5], 0), "nothing new is the end");
    assert_eq!(learning(false, 2), (vec![0], 0), "nobody learns: nobody is asked again");
}
