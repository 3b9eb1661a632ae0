//! The cycle as a sans-IO state machine: `step(Input) -> Vec<Effect>`.
//!
//! It starts nothing and waits for nothing; time comes in with every input and may jump either way. Whatever is lost,
//! late or answered twice on the way, the machine ends with everything that was found offered.

use crate::book::{Held, Page, Stand};
use crate::search::Searched;
use hephaestus_core::{
    Budget, Candidate, Freshness, Goal, GoalId, Offer, Score, Setback, Spent, Trial, Verdict,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// Names one piece of work given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// How a rule fared so far: counts of candidates that held and that did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleRecord {
    /// Held and accepted.
    pub held: u32,
    /// Did not.
    pub fell: u32,
}

impl RuleRecord {
    /// Mean of the Beta(1 + held, 1 + fell) posterior: the chance that the next one holds.
    #[must_use]
    pub fn chance(self) -> f64 {
        (1.0 + f64::from(self.held)) / (2.0 + f64::from(self.held) + f64::from(self.fell))
    }
}

/// How the cycle is to behave.
#[derive(Debug, Clone)]
pub struct CycleSettings {
    /// Pieces of work at the same time, at least 1.
    pub slots: usize,
    /// Rounds per goal.
    pub max_iterations: u32,
    /// Partial results gone on from per round.
    pub beam: usize,
    /// Weighted score at which a goal without a target of its own needs no better candidate.
    pub quality_threshold: f64,
    /// Share of picks made at random instead of by rank.
    pub exploration_ratio: f64,
    /// Seed of those picks.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
    /// What is known about rules from earlier runs.
    pub records: HashMap<String, RuleRecord>,
    /// Whether some engine makes something of what did not hold: then a round in which nothing did is not the last.
    pub learns: bool,
}

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// Time went on.
    Tick {
        /// Now.
        at: Duration,
    },
    /// Engines answered.
    Proposed {
        /// Now.
        at: Duration,
        /// Which work.
        job: JobId,
        /// Candidates, best first; those known to fail on this very code are left out by the driver.
        candidates: Vec<Candidate>,
        /// What looking for them took.
        searched: Searched,
    },
    /// A trial ended.
    Tried {
        /// Now.
        at: Duration,
        /// Which work.
        job: JobId,
        /// Its result.
        trial: Trial,
        /// Its score, when it passed.
        score: Option<Score>,
    },
    /// Whoever did the work died without an answer.
    Lost {
        /// Now.
        at: Duration,
        /// Which work.
        job: JobId,
    },
    /// The user asks to stop.
    Cancel {
        /// Now.
        at: Duration,
    },
}

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Ask the engines for candidates.
    Propose {
        /// Name it thus in the answer.
        job: JobId,
        /// For this goal.
        goal: Goal,
        /// Going on from these.
        parents: Vec<(Candidate, Score)>,
        /// What was tried so far and did not hold.
        setbacks: Vec<Setback>,
    },
    /// Try a candidate, and score it when it passes.
    Try {
        /// Name it thus in the answer.
        job: JobId,
        /// For this goal.
        goal: Goal,
        /// The candidate.
        candidate: Candidate,
    },
    /// Remember a trial.
    Record {
        /// For this goal.
        goal: Goal,
        /// The candidate.
        candidate: Candidate,
        /// Its trial.
        trial: Trial,
        /// Its score.
        score: Option<Score>,
    },
    /// Show an improvement that holds, with the repairs that pass the same tests, best first.
    Offer(Box<Offer>, Vec<Candidate>),
    /// Stop all work that is under way.
    Abort,
    /// Everything is done; nothing follows.
    Finish(Outcome),
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every goal was dealt with.
    Done,
    /// A limit of the budget was reached.
    Budget(&'static str),
    /// The user asked to stop.
    Cancelled,
}

/// The run in numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub ended: Ended,
    /// What it took.
    pub spent: Spent,
    /// What searching took; its CPU time is part of what was spent.
    pub searched: Searched,
    /// Candidates proposed.
    pub candidates: u64,
    /// Trials that passed and were accepted.
    pub held: u64,
    /// Goals that got an offer.
    pub offered: u64,
    /// Goals not dealt with to the end.
    pub goals_left: u64,
    /// Candidates not tried because the very same patch had been.
    pub repeats: u64,
}

enum Work {
    Asking(usize),
    Trying(usize, Box<Candidate>),
}

/// The machine.
pub struct Cycle {
    settings: CycleSettings,
    pages: Vec<Page>,
    under_way: BTreeMap<JobId, Work>,
    next_job: u64,
    seen: HashSet<String>,
    rng: StdRng,
    last: Option<Duration>,
    ended: Option<Ended>,
    finished: bool,
    outcome: Outcome,
}

impl Cycle {
    /// A machine for `goals`, which come in any order.
    #[must_use]
    pub fn new(settings: CycleSettings, goals: Vec<Goal>) -> Self {
        let outcome = Outcome {
            ended: Ended::Done,
            spent: Spent::default(),
            searched: Searched::default(),
            candidates: 0,
            held: 0,
            offered: 0,
            goals_left: 0,
            repeats: 0,
        };
        Self {
            rng: StdRng::seed_from_u64(settings.seed),
            pages: goals.into_iter().map(Page::new).collect(),
            settings,
            under_way: BTreeMap::new(),
            next_job: 0,
            seen: HashSet::new(),
            last: None,
            ended: None,
            finished: false,
            outcome,
        }
    }

    /// What has been spent and found so far.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Goals dealt with, and goals in all.
    #[must_use]
    pub fn goals_done(&self) -> (usize, usize) {
        (self.pages.iter().filter(|page| page.stand == Stand::Closed).count(), self.pages.len())
    }

    /// Takes in what happened; says what is to be done.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        if self.finished {
            return Vec::new();
        }
        let mut effects = Vec::new();
        match input {
            Input::Tick { at } => self.pass_time(at),
            Input::Cancel { at } => {
                self.pass_time(at);
                self.end(Ended::Cancelled, &mut effects);
            }
            Input::Proposed { at, job, candidates, searched } => {
                self.pass_time(at);
                self.outcome.spent.cpu += searched.cpu;
                self.outcome.searched = self.outcome.searched.and(searched);
                self.take_candidates(job, candidates);
            }
            Input::Tried { at, job, trial, score } => {
                self.pass_time(at);
                self.take_trial(job, trial, score, &mut effects);
            }
            Input::Lost { at, job } => {
                self.pass_time(at);
                self.take_loss(job);
            }
        }
        if let Some(limit) = self.settings.budget.exhausted_by(&self.outcome.spent) {
            self.end(Ended::Budget(limit), &mut effects);
        }
        self.turn_pages(&mut effects);
        self.give_out_work(&mut effects);
        self.finish_when_idle(&mut effects);
        effects
    }

    /// Adds forward time only: a clock that jumps back costs nothing and gives nothing back.
    fn pass_time(&mut self, at: Duration) {
        if let Some(last) = self.last {
            self.outcome.spent.wall += at.saturating_sub(last);
        }
        self.last = Some(at);
    }

    fn end(&mut self, ended: Ended, effects: &mut Vec<Effect>) {
        if self.ended.is_none() {
            self.ended = Some(ended);
            self.outcome.ended = ended;
            effects.push(Effect::Abort);
        }
    }

    fn take_candidates(&mut self, job: JobId, candidates: Vec<Candidate>) {
        let Some(Work::Asking(index)) = self.under_way.remove(&job) else { return };
        let Some(page) = self.pages.get_mut(index) else { return };
        page.found.clear();
        for candidate in candidates {
            self.outcome.candidates += 1;
            // One patch may mend what looked like two faults: then it has to make both sets of tests pass.
            let key = candidate.patch.key();
            let idea = if page.is_repair() { format!("{} {key}", page.goal.id) } else { key };
            if self.seen.insert(idea) {
                page.waiting.push_back(candidate);
            } else {
                self.outcome.repeats += 1;
            }
        }
        page.stand = Stand::Trying;
    }

    fn take_trial(&mut self, job: JobId, trial: Trial, score: Option<Score>, effects: &mut Vec<Effect>) {
        let Some(Work::Trying(index, candidate)) = self.under_way.remove(&job) else { return };
        let Some(page) = self.pages.get_mut(index) else { return };
        page.running = page.running.saturating_sub(1);
        self.outcome.spent.cpu += trial.cost.cpu;
        if trial.verdict != Verdict::Cancelled {
            self.outcome.spent.trials += 1;
        }
        let accepted = trial.verdict == Verdict::Passed && score.as_ref().is_some_and(|score| score.accepted);
        if trial.verdict.is_final() {
            let record = self.settings.records.entry(page.goal.rule.clone()).or_default();
            if accepted {
                record.held += 1
            } else {
                record.fell += 1
            }
            effects.push(Effect::Record {
                goal: page.goal.clone(),
                candidate: (*candidate).clone(),
                trial: trial.clone(),
                score: score.clone(),
            });
        }
        match (accepted, score) {
            (true, Some(score)) => {
                self.outcome.held += 1;
                if page.is_enough(&score, self.settings.quality_threshold) {
                    page.spare_the_rest();
                }
                page.keep(Held { candidate: *candidate, trial, score });
            }
            (_, score) if self.settings.learns && trial.verdict.is_final() => {
                let reasons = score.map(|score| score.reasons).unwrap_or_default();
                page.remember(Setback { candidate: *candidate, trial, reasons });
            }
            _ => {}
        }
    }

    fn take_loss(&mut self, job: JobId) {
        match self.under_way.remove(&job) {
            Some(Work::Asking(index)) => {
                if let Some(page) = self.pages.get_mut(index) {
                    page.stand = Stand::Trying;
                    page.found.clear();
                }
            }
            Some(Work::Trying(index, _)) => {
                if let Some(page) = self.pages.get_mut(index) {
                    page.running = page.running.saturating_sub(1);
                }
            }
            None => {}
        }
    }

    /// Ends rounds, and offers what a closed goal has found.
    fn turn_pages(&mut self, effects: &mut Vec<Effect>) {
        let stopping = self.ended.is_some() && self.under_way.is_empty();
        for page in &mut self.pages {
            if page.stand == Stand::Closed {
                continue;
            }
            page.end_round(self.settings.max_iterations, self.settings.beam);
            let enough = |best: &Held| page.is_enough(&best.score, self.settings.quality_threshold);
            let met = page.running == 0 && page.best.as_ref().is_some_and(enough);
            if stopping && page.stand != Stand::Closed {
                self.outcome.goals_left += 1;
                page.stand = Stand::Closed;
            } else if met {
                page.stand = Stand::Closed;
            }
            if page.stand == Stand::Closed
                && let Some(best) = &page.best
            {
                self.outcome.offered += 1;
                effects.push(Effect::Offer(Box::new(offer(&page.goal, best)), page.alternatives()));
            }
        }
    }

    fn give_out_work(&mut self, effects: &mut Vec<Effect>) {
        while self.ended.is_none() && self.under_way.len() < self.settings.slots.max(1) {
            let Some(index) = self.pick() else { return };
            let job = JobId(self.next_job);
            self.next_job += 1;
            let Some(page) = self.pages.get_mut(index) else { return };
            let goal = page.goal.clone();
            if page.stand == Stand::Ask {
                page.stand = Stand::Asked;
                let parents =
                    page.found.iter().map(|held| (held.candidate.clone(), held.score.clone())).collect();
                let setbacks = page.setbacks.clone();
                self.under_way.insert(job, Work::Asking(index));
                effects.push(Effect::Propose { job, goal, parents, setbacks });
            } else if let Some(candidate) = page.waiting.pop_front() {
                page.running += 1;
                self.under_way.insert(job, Work::Trying(index, Box::new(candidate.clone())));
                effects.push(Effect::Try { job, goal, candidate });
            }
        }
    }

    /// The goal to work on next: usually the one with the best expected gain per trial, sometimes any.
    fn pick(&mut self) -> Option<usize> {
        let ready = self.pages.iter().enumerate().filter(|(_, page)| page.is_ready());
        let open: Vec<usize> = ready.map(|(index, _)| index).collect();
        if open.len() > 1 && self.rng.random::<f64>() < self.settings.exploration_ratio {
            return open.get(self.rng.random_range(0..open.len())).copied();
        }
        let worth = |index: &usize| {
            self.pages.get(*index).map_or(0.0, |page| {
                let chance = self.settings.records.get(&page.goal.rule).copied().unwrap_or_default().chance();
                page.goal.rank() * chance
            })
        };
        open.into_iter().reduce(|best, next| if worth(&next) > worth(&best) { next } else { best })
    }

    fn finish_when_idle(&mut self, effects: &mut Vec<Effect>) {
        if self.under_way.is_empty() && self.pages.iter().all(|page| page.stand == Stand::Closed) {
            self.finished = true;
            effects.push(Effect::Finish(self.outcome.clone()));
        }
    }

    /// The goal a piece of work is for; for progress display.
    #[must_use]
    pub fn goal_of(&self, job: JobId) -> Option<&GoalId> {
        let index = match self.under_way.get(&job)? {
            Work::Asking(index) | Work::Trying(index, _) => *index,
        };
        self.pages.get(index).map(|page| &page.goal.id)
    }
}

fn offer(goal: &Goal, held: &Held) -> Offer {
    Offer {
        goal: goal.clone(),
        candidate: held.candidate.clone(),
        trial: held.trial.clone(),
        score: held.score.clone(),
        freshness: Freshness::Fresh,
    }
}
