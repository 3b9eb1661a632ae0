//! Performs what the cycle asks for: engines and trials on worker threads, records and offers on the caller's.

use crate::cycle::{Cycle, CycleSettings, Effect, Input, JobId, Outcome};
use hephaestus_core::{
    CancelToken, Candidate, Clock, Engine, EngineContext, Goal, Judge, Ledger, Offer, Pace, Probe, Score,
    Scorer, Snapshot, Spent, Trial, TrialCost, Verdict,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// How often time is told to the cycle when nothing else happens.
const TICK: Duration = Duration::from_millis(50);

/// Candidates wanted from one engine for one goal and round.
const CANDIDATES_PER_ROUND: usize = 24;

/// The components the loop works with.
pub struct Parts<'a> {
    /// Forge candidates.
    pub engines: &'a [Box<dyn Engine>],
    /// Tries them.
    pub judge: &'a dyn Judge,
    /// Scores them.
    pub scorer: &'a dyn Scorer,
    /// Remembers them.
    pub ledger: &'a dyn Ledger,
    /// Shows variants to tests, for engines that search.
    pub probe: Option<&'a dyn Probe>,
    /// Tells the time.
    pub clock: &'a dyn Clock,
    /// The code as it was when the goals were proposed.
    pub snapshot: &'a Snapshot,
    /// While it is held nothing new starts, and the time does not count against the budget.
    pub pace: &'a Pace,
    /// Called by every worker thread before its first job, e.g. to lower its priority.
    pub on_worker_start: &'a (dyn Fn() + Sync),
}

/// Where a run stands; told after every step.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What was spent.
    pub spent: Spent,
    /// Goals dealt with.
    pub goals_done: usize,
    /// Goals in all.
    pub goals: usize,
    /// Candidates that held.
    pub held: u64,
    /// What is being worked on, if anything is.
    pub current: Option<String>,
}

/// What the run tells while it goes on.
pub enum Event<'a> {
    /// Where it stands.
    Progress(&'a Progress),
    /// An improvement that holds.
    Offer(&'a Offer),
    /// A trial ended; the score is there when it passed.
    Tried(&'a Goal, &'a Candidate, &'a Trial, Option<&'a Score>),
}

/// Time as the budget sees it: stands still while the pace is held.
struct Stopwatch<'a> {
    clock: &'a dyn Clock,
    pace: &'a Pace,
    last: Duration,
    counted: Duration,
}

impl<'a> Stopwatch<'a> {
    fn new(clock: &'a dyn Clock, pace: &'a Pace) -> Self {
        Self { clock, pace, last: clock.now(), counted: Duration::ZERO }
    }

    /// Time counted so far. To be asked every [`TICK`]: what lies between two looks counts as the second one sees it.
    fn look(&mut self) -> Duration {
        let now = self.clock.now();
        if !self.pace.is_held() {
            self.counted += now.saturating_sub(self.last);
        }
        self.last = now;
        self.counted
    }
}

enum Job {
    Propose { job: JobId, goal: Goal, parents: Vec<(Candidate, Score)> },
    Try { job: JobId, goal: Goal, candidate: Candidate },
}

enum Answer {
    Proposed(JobId, Vec<Candidate>),
    Tried(JobId, Trial, Option<Score>),
    Lost(JobId),
}

/// Runs the cycle over `goals` until it ends, and tells `listener` about everything on the way. Blocks.
pub fn drive(
    parts: &Parts<'_>,
    settings: CycleSettings,
    goals: Vec<Goal>,
    cancel: &CancelToken,
    listener: &mut dyn FnMut(Event<'_>),
) -> Outcome {
    for goal in &goals {
        parts.ledger.record_goal(goal);
    }
    let slots = settings.slots.max(1);
    let seed = settings.seed;
    let abort = cancel.child();
    let mut cycle = Cycle::new(settings, goals);
    let (job_sender, job_receiver) = channel();
    let (answer_sender, answers) = channel();
    let job_receiver = Mutex::new(job_receiver);
    thread::scope(|scope| {
        for _ in 0..slots {
            let (jobs, answer_sender, abort) = (&job_receiver, answer_sender.clone(), abort.clone());
            scope.spawn(move || work(parts, jobs, &answer_sender, seed, &abort));
        }
        drop(answer_sender);
        let outcome = turn(parts, &mut cycle, &job_sender, &answers, (cancel, &abort), listener);
        drop(job_sender);
        outcome
    })
}

/// The loop itself: one input, its effects, the next input.
fn turn(
    parts: &Parts<'_>,
    cycle: &mut Cycle,
    jobs: &Sender<Job>,
    answers: &Receiver<Answer>,
    (cancel, abort): (&CancelToken, &CancelToken),
    listener: &mut dyn FnMut(Event<'_>),
) -> Outcome {
    let mut stopwatch = Stopwatch::new(parts.clock, parts.pace);
    let mut inputs = vec![Input::Tick { at: stopwatch.look() }];
    let mut cancelled = false;
    let mut current = None;
    loop {
        for effect in inputs.drain(..).flat_map(|input| cycle.step(input)) {
            match effect {
                Effect::Propose { job, goal, parents } => {
                    current = Some(goal.message.clone());
                    let _ = jobs.send(Job::Propose { job, goal, parents });
                }
                Effect::Try { job, goal, candidate } => {
                    current = Some(goal.message.clone());
                    let _ = jobs.send(Job::Try { job, goal, candidate });
                }
                Effect::Record { goal, candidate, trial, score } => {
                    parts.ledger.record_trial(&goal, &candidate, &trial, score.as_ref());
                    listener(Event::Tried(&goal, &candidate, &trial, score.as_ref()));
                }
                Effect::Offer(offer) => listener(Event::Offer(&offer)),
                Effect::Abort => abort.cancel(),
                Effect::Finish(outcome) => return outcome,
            }
        }
        let (goals_done, goals) = cycle.goals_done();
        let (spent, held) = (cycle.outcome().spent, cycle.outcome().held);
        listener(Event::Progress(&Progress { spent, goals_done, goals, held, current: current.clone() }));
        let answer = answers.recv_timeout(TICK);
        let at = stopwatch.look();
        // First, so that a late answer cannot start new work.
        if cancel.is_cancelled() && !cancelled {
            cancelled = true;
            inputs.push(Input::Cancel { at });
        }
        inputs.push(match answer {
            Ok(Answer::Proposed(job, candidates)) => Input::Proposed { at, job, candidates },
            Ok(Answer::Tried(job, trial, score)) => Input::Tried { at, job, trial, score },
            Ok(Answer::Lost(job)) => Input::Lost { at, job },
            Err(RecvTimeoutError::Timeout) => Input::Tick { at },
            // Every worker is gone, which only happens when threads cannot run at all: end with what there is.
            Err(RecvTimeoutError::Disconnected) => Input::Cancel { at },
        });
    }
}

fn work(
    parts: &Parts<'_>,
    jobs: &Mutex<Receiver<Job>>,
    answers: &Sender<Answer>,
    seed: u64,
    abort: &CancelToken,
) {
    (parts.on_worker_start)();
    loop {
        let job = match jobs.lock() {
            Ok(receiver) => receiver.recv(),
            Err(_) => return,
        };
        let Ok(job) = job else { return };
        let id = match &job {
            Job::Propose { job, .. } | Job::Try { job, .. } => *job,
        };
        parts.pace.wait(abort);
        let answer = if abort.is_cancelled() && parts.pace.is_held() {
            // The wait was cancelled: nothing new starts.
            Answer::Lost(id)
        } else {
            // An engine or rule that panics costs its own goal, never the run.
            catch_unwind(AssertUnwindSafe(|| perform(parts, job, seed, abort))).unwrap_or(Answer::Lost(id))
        };
        if answers.send(answer).is_err() {
            return;
        }
    }
}

fn perform(parts: &Parts<'_>, job: Job, seed: u64, abort: &CancelToken) -> Answer {
    match job {
        Job::Propose { job, goal, parents } => {
            Answer::Proposed(job, propose(parts, &goal, &parents, seed, abort))
        }
        Job::Try { job, goal, candidate } => {
            if let Some((trial, score)) = parts.ledger.recall(&goal).remove(&candidate.id.0) {
                let trial = Trial { cost: TrialCost::default(), remembered: true, ..trial };
                return Answer::Tried(job, trial, score);
            }
            let trial = parts.judge.judge(&goal, &candidate, abort);
            let passed = trial.verdict == Verdict::Passed;
            let score = passed.then(|| parts.scorer.score(&goal, &candidate, &trial));
            Answer::Tried(job, trial, score)
        }
    }
}

fn propose(
    parts: &Parts<'_>,
    goal: &Goal,
    parents: &[(Candidate, Score)],
    seed: u64,
    abort: &CancelToken,
) -> Vec<Candidate> {
    let context = EngineContext {
        snapshot: parts.snapshot,
        parents,
        limit: CANDIDATES_PER_ROUND,
        seed,
        probe: parts.probe,
        cancel: abort,
    };
    let mut candidates: Vec<Candidate> = parts
        .engines
        .iter()
        .filter(|engine| engine.accepts(goal))
        .flat_map(|engine| engine.propose(goal, &context))
        .filter(|candidate| !candidate.patch.is_empty())
        .collect();
    candidates.sort_by(|left, right| right.prior.total_cmp(&left.prior));
    candidates.truncate(CANDIDATES_PER_ROUND);
    candidates
}

#[cfg(test)]
mod tests;
