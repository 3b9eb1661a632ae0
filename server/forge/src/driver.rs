//! Performs what the cycle asks for: engines and trials on worker threads, records and offers on the caller's.

use crate::cycle::{Cycle, CycleSettings, Effect, Input, JobId, Outcome};
use crate::search::{Metered, Searched, Tally, allowance};
use hephaestus_core::{
    Budget, CancelToken, Candidate, Clock, Engine, EngineContext, Goal, Judge, Ledger, Offer, Pace, Probe,
    Score, Scorer, Setback, Snapshot, Spent, Trial, TrialCost, Verdict,
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
    /// What the search for one goal may take; the run's own budget bounds it too.
    pub search: &'a Budget,
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
    /// What was searched through so far, searches that are under way included.
    pub searched: Searched,
    /// What is being worked on, if anything is.
    pub current: Option<String>,
}

/// What the run tells while it goes on.
pub enum Event<'a> {
    /// Where it stands.
    Progress(&'a Progress),
    /// An improvement that holds, with the repairs that pass the same tests, best first.
    Offer(&'a Offer, &'a [Candidate]),
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

/// What came of a goal's candidates so far.
struct Known {
    parents: Vec<(Candidate, Score)>,
    setbacks: Vec<Setback>,
}

enum Job {
    Propose { job: JobId, goal: Goal, known: Known, may_take: Budget },
    Try { job: JobId, goal: Goal, candidate: Candidate },
}

enum Answer {
    Proposed(JobId, Vec<Candidate>, Searched),
    Tried(JobId, Trial, Option<Score>),
    Lost(JobId),
}

/// Runs the cycle over `goals` until it ends, and tells `listener` about everything on the way. Blocks.
pub fn drive(
    parts: &Parts<'_>,
    mut settings: CycleSettings,
    goals: Vec<Goal>,
    cancel: &CancelToken,
    listener: &mut dyn FnMut(Event<'_>),
) -> Outcome {
    settings.learns |= parts.engines.iter().any(|engine| engine.learns());
    for goal in &goals {
        parts.ledger.record_goal(goal);
    }
    let slots = settings.slots.max(1);
    let (seed, budget, tally) = (settings.seed, settings.budget.clone(), Tally::default());
    let abort = cancel.child();
    let mut cycle = Cycle::new(settings, goals);
    let (job_sender, job_receiver) = channel();
    let (answer_sender, answers) = channel();
    let job_receiver = Mutex::new(job_receiver);
    thread::scope(|scope| {
        for _ in 0..slots {
            let (jobs, answer_sender, abort) = (&job_receiver, answer_sender.clone(), abort.clone());
            let worker = Worker { parts, seed, abort, tally: &tally };
            scope.spawn(move || worker.work(jobs, &answer_sender));
        }
        drop(answer_sender);
        let lines = Lines { jobs: &job_sender, answers: &answers, cancel, abort: &abort };
        let outcome = turn(parts, &mut cycle, &lines, (&budget, &tally), listener);
        drop(job_sender);
        outcome
    })
}

/// What the loop speaks with.
struct Lines<'a> {
    jobs: &'a Sender<Job>,
    answers: &'a Receiver<Answer>,
    cancel: &'a CancelToken,
    abort: &'a CancelToken,
}

/// The loop itself: one input, its effects, the next input.
fn turn(
    parts: &Parts<'_>,
    cycle: &mut Cycle,
    lines: &Lines<'_>,
    (budget, tally): (&Budget, &Tally),
    listener: &mut dyn FnMut(Event<'_>),
) -> Outcome {
    let mut stopwatch = Stopwatch::new(parts.clock, parts.pace);
    let mut inputs = vec![Input::Tick { at: stopwatch.look() }];
    let mut cancelled = false;
    let mut current = None;
    loop {
        let effects: Vec<Effect> = inputs.drain(..).flat_map(|input| cycle.step(input)).collect();
        for effect in effects {
            match effect {
                Effect::Propose { job, goal, parents, setbacks } => {
                    current = Some(goal.message.clone());
                    let may_take = allowance(parts.search, budget, &cycle.outcome().spent);
                    let _ = lines.jobs.send(Job::Propose {
                        job,
                        goal,
                        known: Known { parents, setbacks },
                        may_take,
                    });
                }
                Effect::Try { job, goal, candidate } => {
                    current = Some(goal.message.clone());
                    let _ = lines.jobs.send(Job::Try { job, goal, candidate });
                }
                Effect::Record { goal, candidate, trial, score } => {
                    parts.ledger.record_trial(&goal, &candidate, &trial, score.as_ref());
                    listener(Event::Tried(&goal, &candidate, &trial, score.as_ref()));
                }
                Effect::Offer(offer, alternatives) => listener(Event::Offer(&offer, &alternatives)),
                Effect::Abort => lines.abort.cancel(),
                Effect::Finish(outcome) => return outcome,
            }
        }
        listener(Event::Progress(&progress(cycle, tally, current.clone())));
        let answer = lines.answers.recv_timeout(TICK);
        let at = stopwatch.look();
        // First, so that a late answer cannot start new work.
        if lines.cancel.is_cancelled() && !cancelled {
            cancelled = true;
            inputs.push(Input::Cancel { at });
        }
        inputs.push(match answer {
            Ok(Answer::Proposed(job, candidates, searched)) => {
                Input::Proposed { at, job, candidates, searched }
            }
            Ok(Answer::Tried(job, trial, score)) => Input::Tried { at, job, trial, score },
            Ok(Answer::Lost(job)) => Input::Lost { at, job },
            Err(RecvTimeoutError::Timeout) => Input::Tick { at },
            // Every worker is gone, which only happens when threads cannot run at all: end with what there is.
            Err(RecvTimeoutError::Disconnected) => Input::Cancel { at },
        });
    }
}

fn progress(cycle: &Cycle, tally: &Tally, current: Option<String>) -> Progress {
    let (goals_done, goals) = cycle.goals_done();
    let (spent, held) = (cycle.outcome().spent, cycle.outcome().held);
    Progress { spent, goals_done, goals, held, searched: tally.look(), current }
}

/// One worker thread.
struct Worker<'a> {
    parts: &'a Parts<'a>,
    seed: u64,
    abort: CancelToken,
    tally: &'a Tally,
}

impl Worker<'_> {
    fn work(&self, jobs: &Mutex<Receiver<Job>>, answers: &Sender<Answer>) {
        let Self { parts, abort, .. } = self;
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
                catch_unwind(AssertUnwindSafe(|| self.perform(job))).unwrap_or(Answer::Lost(id))
            };
            if answers.send(answer).is_err() {
                return;
            }
        }
    }

    fn perform(&self, job: Job) -> Answer {
        let parts = self.parts;
        match job {
            Job::Propose { job, goal, known, may_take } => {
                let (candidates, searched) = self.propose(&goal, &known, may_take);
                Answer::Proposed(job, candidates, searched)
            }
            Job::Try { job, goal, candidate } => {
                if let Some((trial, score)) = parts.ledger.recall(&goal).remove(&candidate.id.0) {
                    let trial = Trial { cost: TrialCost::default(), remembered: true, ..trial };
                    return Answer::Tried(job, trial, score);
                }
                let trial = parts.judge.judge(&goal, &candidate, &self.abort);
                let passed = trial.verdict == Verdict::Passed;
                let score = passed.then(|| parts.scorer.score(&goal, &candidate, &trial));
                Answer::Tried(job, trial, score)
            }
        }
    }

    fn propose(&self, goal: &Goal, known: &Known, may_take: Budget) -> (Vec<Candidate>, Searched) {
        let parts = self.parts;
        // Where nothing held, the others would only say the same once more.
        let only_learners = known.parents.is_empty() && !known.setbacks.is_empty();
        let metered = parts.probe.map(|probe| Metered::new(probe, parts.clock, self.tally, may_take));
        let context = EngineContext {
            snapshot: parts.snapshot,
            parents: &known.parents,
            setbacks: &known.setbacks,
            limit: CANDIDATES_PER_ROUND,
            seed: self.seed,
            probe: metered.as_ref().map(|metered| metered as &dyn Probe),
            cancel: &self.abort,
        };
        let mut candidates: Vec<Candidate> = parts
            .engines
            .iter()
            .filter(|engine| engine.accepts(goal) && (!only_learners || engine.learns()))
            .flat_map(|engine| engine.propose(goal, &context))
            .filter(|candidate| !candidate.patch.is_empty())
            .collect();
        candidates.sort_by(|left, right| right.prior.total_cmp(&left.prior));
        candidates.truncate(CANDIDATES_PER_ROUND);
        (candidates, metered.map(|metered| metered.searched()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
