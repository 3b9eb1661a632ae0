//! What the cycle knows about one goal: what is waiting, what held, what to go on from.

use hephaestus_core::{Candidate, Goal, Score, Setback, Trial};
use std::collections::VecDeque;

/// Setbacks kept of one goal, the latest ones.
const SETBACKS: usize = 64;

/// A candidate that held, with what speaks for it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) candidate: Candidate,
    pub(crate) trial: Trial,
    pub(crate) score: Score,
}

/// Where a goal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    /// Its engines are to be asked (again).
    Ask,
    /// They are being asked.
    Asked,
    /// Candidates are waiting or running.
    Trying,
    /// Nothing more will happen.
    Closed,
}

/// One goal's page in the book.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) goal: Goal,
    pub(crate) stand: Stand,
    pub(crate) round: u32,
    pub(crate) waiting: VecDeque<Candidate>,
    /// Candidates that need not be tried any more.
    spared: Vec<Candidate>,
    pub(crate) running: usize,
    /// Partial results to go on from: found in this round, best first.
    pub(crate) found: Vec<Held>,
    pub(crate) best: Option<Held>,
    /// What did not hold, oldest first; empty where no engine learns from it.
    pub(crate) setbacks: Vec<Setback>,
    /// How many of them are of this round.
    fell: usize,
}

impl Page {
    pub(crate) fn new(goal: Goal) -> Self {
        Self {
            goal,
            stand: Stand::Ask,
            round: 0,
            waiting: VecDeque::new(),
            spared: Vec::new(),
            running: 0,
            found: Vec::new(),
            best: None,
            setbacks: Vec::new(),
            fell: 0,
        }
    }

    /// Keeps what held, if it is better than what is there.
    pub(crate) fn keep(&mut self, held: Held) {
        let better = self.best.as_ref().is_none_or(|best| self.prefers(&held, best));
        if better {
            self.best = Some(held.clone());
        }
        let at = self.found.partition_point(|other| !self.prefers(&held, other));
        self.found.insert(at, held);
    }

    /// Keeps what did not hold.
    pub(crate) fn remember(&mut self, setback: Setback) {
        if self.setbacks.len() == SETBACKS {
            self.setbacks.remove(0);
        }
        self.setbacks.push(setback);
        self.fell += 1;
    }

    /// Whether `new` is to be preferred. Repairs all pass the same tests, and which one is right is not in their
    /// measures: the engine's own rank decides, and the id where it leaves it open.
    fn prefers(&self, new: &Held, old: &Held) -> bool {
        if !self.is_repair() {
            return beats(&new.score, &old.score);
        }
        let rank = new.candidate.prior.total_cmp(&old.candidate.prior);
        rank.then_with(|| old.candidate.id.cmp(&new.candidate.id)).is_gt()
    }

    pub(crate) fn is_repair(&self) -> bool {
        self.goal.mends_tests()
    }

    /// Whether nothing better than `score` is needed: the goal's target is met or, where it has none, the threshold.
    /// Repairs come in the order of their rank: the first that is accepted is the best.
    pub(crate) fn is_enough(&self, score: &Score, threshold: f64) -> bool {
        if self.is_repair() {
            return score.accepted;
        }
        score.target_met && (self.goal.acceptance.target.is_some() || score.weighted >= threshold)
    }

    /// Whether there is something to be given out. Repairs are tried one after the other: there is seldom need for a
    /// second one.
    pub(crate) fn is_ready(&self) -> bool {
        let trying = self.stand == Stand::Trying && !self.waiting.is_empty();
        self.stand == Stand::Ask || (trying && (self.running == 0 || !self.is_repair()))
    }

    /// Tries nothing more of what is waiting.
    pub(crate) fn spare_the_rest(&mut self) {
        self.spared.extend(self.waiting.drain(..));
    }

    /// Repairs that passed the same tests as the best one, or were found by them and not tried in full, best first.
    pub(crate) fn alternatives(&self) -> Vec<Candidate> {
        let Some(best) = self.best.as_ref().filter(|_| self.is_repair()) else { return Vec::new() };
        let held = self.found.iter().map(|held| &held.candidate);
        let mut all: Vec<Candidate> = held
            .chain(&self.spared)
            .chain(&self.waiting)
            .filter(|candidate| candidate.id != best.candidate.id)
            .cloned()
            .collect();
        all.sort_by(|left, right| right.prior.total_cmp(&left.prior));
        all
    }

    /// Ends a round whose candidates are all tried: either the next one begins or the page is closed.
    pub(crate) fn end_round(&mut self, max_iterations: u32, beam: usize) {
        let idle = self.stand == Stand::Trying && self.waiting.is_empty() && self.running == 0;
        if !idle {
            return;
        }
        self.found.truncate(beam);
        let goes_on = self.goal.acceptance.target.is_some() && !self.found.is_empty();
        let fell = std::mem::take(&mut self.fell);
        let learns = self.best.is_none() && fell > 0;
        let wants_more = goes_on || learns;
        self.round += 1;
        self.stand = if wants_more && self.round < max_iterations { Stand::Ask } else { Stand::Closed };
    }
}

/// Whether `new` is to be preferred: it reaches the target and the other does not, or dominates, or sorts first.
fn beats(new: &Score, old: &Score) -> bool {
    if new.target_met != old.target_met {
        return new.target_met;
    }
    if new.dominates(old) {
        return true;
    }
    !old.dominates(new) && new.weighted > old.weighted
}
