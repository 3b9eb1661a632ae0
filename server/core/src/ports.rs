//! The borders between components, as traits: the forge knows these and nothing behind them.

use crate::{
    ByteRange, CancelToken, Candidate, FindingCount, Goal, Mutant, Patch, Probe, Score, Setback, Snapshot,
    SourceFile, Trial,
};
use std::collections::HashMap;
use std::path::PathBuf;
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
    /// What was tried for this goal in this run and did not hold, oldest first.
    pub setbacks: &'a [Setback],
    /// Most candidates wanted.
    pub limit: usize,
    /// Seed for whatever is random.
    pub seed: u64,
    /// Shows variants to tests, for engines that search; `None` where nobody can.
    pub probe: Option<&'a dyn Probe>,
    /// Polled in long searches.
    pub cancel: &'a CancelToken,
}

/// Forges candidates: goal in, candidates out. Starts no process, writes no file.
pub trait Engine: Send + Sync {
    /// The name in configuration and output.
    fn name(&self) -> &str;
    /// Whether it has anything to say about `goal`.
    fn accepts(&self, goal: &Goal) -> bool;
    /// Whether it makes something of what did not hold: only then is it asked once more when nothing of a round did.
    fn learns(&self) -> bool {
        false
    }
    /// Candidates, best first. An empty list means: nothing (more) to try.
    fn propose(&self, goal: &Goal, context: &EngineContext<'_>) -> Vec<Candidate>;
}

/// A program to run for its output: a linter, an external engine.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// Who calls, e.g. a fixer's id: calls of one name share their caches.
    pub name: String,
    /// Program and arguments; `{root}` stands for the workspace root as the program sees it.
    pub argv: Vec<String>,
    /// Environment variables in addition.
    pub env: Vec<(String, String)>,
    /// Time limit.
    pub timeout: Duration,
    /// The files of this patch are changed first.
    pub patch: Patch,
}

/// What a program said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolOutput {
    /// Exit code; `None` when it was killed.
    pub exit: Option<i32>,
    /// All of its standard output (up to a generous cap).
    pub stdout: String,
    /// The end of its standard error.
    pub stderr: String,
    /// The workspace root as the program saw it: the prefix of absolute paths in its output.
    pub root: PathBuf,
    /// CPU time it took.
    pub cpu: Duration,
}

/// Runs programs, isolated like everything else. The harness implements it.
pub trait Tools: Send + Sync {
    /// Runs `call`.
    ///
    /// # Errors
    /// A sentence that says why it could not be run at all.
    fn run(&self, call: &ToolCall, cancel: &CancelToken) -> Result<ToolOutput, String>;

    /// Starts `call` to talk with it; its time limit is that of the whole conversation.
    ///
    /// # Errors
    /// A sentence that says why there is nobody to talk with.
    fn talk(&self, call: &ToolCall, cancel: &CancelToken) -> Result<Box<dyn Dialogue>, String>;
}

/// What came next in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A line, without its end.
    Line(String),
    /// Nothing within the limit.
    Nothing,
    /// Somebody asked to stop.
    Cancelled,
    /// The program has ended.
    Ended,
}

/// A conversation with a program, in lines. Dropping it ends the program.
pub trait Dialogue: Send {
    /// Says one line.
    ///
    /// # Errors
    /// When nobody can listen any more.
    fn say(&mut self, line: &str) -> Result<(), String>;
    /// Waits for the next line at most `limit` long; time in which the program is frozen does not count.
    ///
    /// # Errors
    /// When nothing can be heard any more.
    fn hear(&mut self, limit: Duration, cancel: &CancelToken) -> Result<Reply, String>;
    /// How long the program has been frozen in all.
    fn frozen(&self) -> Duration;
    /// Ends the program where it has not ended by itself; what is known of it. Its standard output is not part of that.
    fn end(self: Box<Self>) -> ToolOutput;
}

/// Lets whoever saw a goal look again at the patched code.
pub trait Recheck: Send + Sync {
    /// Counts findings before and after; `None` when the goal did not come from here.
    ///
    /// # Errors
    /// A sentence that says why nobody could look.
    fn recheck(
        &self,
        goal: &Goal,
        candidate: &Candidate,
        tools: &dyn Tools,
        cancel: &CancelToken,
    ) -> Option<Result<FindingCount, String>>;
}

/// Makes mutants of a text. Pure: the same text gives the same mutants in the same order.
pub trait Mutator: Send + Sync {
    /// The mutants whose place lies in one of `regions` (everywhere when there is none), by position; no two of them
    /// make the same text, and none is known to mean the same as the original. Empty for a language without operators.
    fn mutants(&self, file: &SourceFile, regions: &[ByteRange]) -> Vec<Mutant>;
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
    /// What is known of candidates for `goal` from earlier runs on the very same code, by candidate id. Verdicts that
    /// chance may have had a hand in (time-outs, flaky runs) are not among them.
    fn recall(&self, goal: &Goal) -> HashMap<String, (Trial, Option<Score>)>;
}
