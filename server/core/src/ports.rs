//! The borders between components, as traits: the forge knows these and nothing behind them.

use crate::{CancelToken, Candidate, Goal, Score, Snapshot, Trial};
use std::collections::HashSet;
use std::time::Duration;

/// Time since some fixed moment; injected, so that tests own it.
pub trait Clock: Send + Sync {
    /// Monotonic time.
    fn now(&self) -> Duration;
}

/// What an engine may look at.
pub struct EngineContext<'a> {
    /// The workspace as it was when the goals were proposed.
    pub snapshot: &'a Snapshot,
    /// The best partial results so far, to go on from; empty in the first round.
    pub parents: &'a [(Candidate, Score)],
    /// Most candidates wanted.
    pub limit: usize,
    /// Seed for whatever is random.
    pub seed: u64,
    /// Polled in long searches.
    pub cancel: &'a CancelToken,
}

/// Forges candidates: goal in, candidates out. Starts no process, writes no file.
pub trait Engine: Send + Sync {
    /// The name in configuration and output.
    fn name(&self) -> &'static str;
    /// Whether it has anything to say about `goal`.
    fn accepts(&self, goal: &Goal) -> bool;
    /// Candidates, best first. An empty list means: nothing (more) to try.
    fn propose(&self, goal: &Goal, context: &EngineContext<'_>) -> Vec<Candidate>;
}

/// Tries candidates: the harness.
pub trait Judge: Send + Sync {
    /// Runs the cascade. Never fails: what goes wrong is in the verdict and the evidence.
    fn judge(&self, goal: &Goal, candidate: &Candidate, cancel: &CancelToken) -> Trial;
}

/// Turns evidence into a score.
pub trait Scorer: Send + Sync {
    /// Scores a candidate that went through a trial.
    fn score(&self, goal: &Goal, candidate: &Candidate, trial: &Trial) -> Score;
}

/// Remembers.
pub trait Ledger: Send + Sync {
    /// Keeps a goal.
    fn record_goal(&self, goal: &Goal);
    /// Keeps a candidate with its trial and, where it got that far, its score.
    fn record_trial(&self, goal: &Goal, candidate: &Candidate, trial: &Trial, score: Option<&Score>);
    /// Ids of candidates that were tried on the same code before and did not hold.
    fn rejected(&self, goal: &Goal) -> HashSet<String>;
}
