//! When and what to forge: one run at a time, the file saved last first, nothing while the user types. The run itself
//! is the workspace's; here is only its thread and the translation of its news.

use crate::event::{Event, Mailbox};
use hephaestus_core::{Budget, CancelToken, GoalId, GoalKind, Offer, Pace, Patch, RelPath};
use hephaestus_workspace::{
    Config, DirectiveError, DirectiveReport, DirectiveRequest, ForgeError, ForgeEvent, ForgeReport,
    ForgeRequest, HelperCommand, OpenOptions, Overrides, Problem, Workspace, directive, load_directive,
};
use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// How often progress is told at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// CPU time of a search that nobody asked for.
const UNASKED_SEARCH: Duration = Duration::from_secs(30);

/// What is to be forged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    /// In which folder.
    pub(crate) root: PathBuf,
    /// Goals of this file only; `None` for all.
    pub(crate) file: Option<RelPath>,
    /// This goal only.
    pub(crate) goal: Option<GoalId>,
    /// Whether the user asked for it: then failures are told aloud.
    pub(crate) is_asked_for: bool,
    /// Whether everything is to be proved anew, whatever earlier runs saw.
    pub(crate) is_fresh: bool,
}

impl Order {
    /// Everything about a file, because it was saved.
    pub(crate) fn of_file(root: PathBuf, file: RelPath) -> Self {
        Self { root, file: Some(file), goal: None, is_asked_for: false, is_fresh: false }
    }

    /// Everything in a folder, because the user wants it.
    pub(crate) fn of_folder(root: PathBuf) -> Self {
        Self { root, file: None, goal: None, is_asked_for: true, is_fresh: false }
    }

    /// The directive that is to be forged, where it is one.
    pub(crate) fn directive(&self) -> Option<&RelPath> {
        self.file.as_ref().filter(|file| directive::is_directive(file))
    }

    /// Whether a goal of this file is among what is forged.
    pub(crate) fn is_about(&self, root: &Path, file: &RelPath, goal: &GoalId) -> bool {
        self.root == root
            && self.file.as_ref().is_none_or(|own| own == file)
            && self.goal.as_ref().is_none_or(|own| own == goal)
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{file} in {}", self.root.display())?,
            None => write!(f, "all of {}", self.root.display())?,
        }
        self.goal.as_ref().map_or(Ok(()), |goal| write!(f, ", goal {goal} only"))
    }
}

/// What a run tells.
pub(crate) enum ForgeNews {
    /// A new stage begins.
    Stage(String),
    /// Where it stands.
    Progress(Standing),
    /// An improvement holds.
    Offer(Box<Offer>),
    /// It is over.
    Ended(Box<Result<ForgeReport, Failure>>),
    /// A directive's run is over.
    DirectiveEnded(Box<Result<RunDirective, Failure>>),
}

/// A directive that was run, with what is needed to note later that its change was made.
pub(crate) struct RunDirective {
    /// The workspace as it was.
    pub(crate) workspace: Workspace,
    pub(crate) directive: directive::Directive,
    pub(crate) report: DirectiveReport,
}

/// A run in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Standing {
    /// Candidates tried.
    pub(crate) tried: u64,
    /// Those that held.
    pub(crate) held: u64,
    /// Changes that were searched through for fixes of failing tests.
    pub(crate) searched: u64,
    /// Goals dealt with.
    pub(crate) goals_done: usize,
    /// Goals in all.
    pub(crate) goals: usize,
}

/// Why a run came to nothing.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// One sentence.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: String,
}

/// A run that is under way.
pub(crate) struct Run {
    /// Its number.
    pub(crate) number: u64,
    /// What it does.
    pub(crate) order: Order,
    /// Stops it.
    pub(crate) cancel: CancelToken,
    /// What it is at.
    pub(crate) stage: String,
    /// Where it stands.
    pub(crate) standing: Standing,
}

/// Decides what runs when. Time is handed in.
#[derive(Default)]
pub(crate) struct Scheduler {
    queue: VecDeque<Order>,
    /// The run under way.
    pub(crate) active: Option<Run>,
    /// Holds the run back.
    pub(crate) pace: Pace,
    last_key: Option<Instant>,
    /// Whether the user paused everything.
    pub(crate) is_paused: bool,
    /// Runs started so far.
    pub(crate) started: u64,
}

impl Scheduler {
    /// Puts an order first. One for the same file is replaced; a run that the user did not ask for gives way, and comes
    /// again after it unless the order covers it.
    pub(crate) fn order(&mut self, order: Order) {
        self.queue.retain(|own| own.root != order.root || own.file != order.file || own.goal != order.goal);
        if let Some(run) = self.active.as_ref().filter(|run| !run.order.is_asked_for || run.order == order) {
            run.cancel.cancel();
            let same = run.order.root == order.root && run.order.file == order.file;
            if !same && order.file.is_some() && !self.queue.contains(&run.order) {
                self.queue.push_front(run.order.clone());
            }
        }
        self.queue.push_front(order);
    }

    /// Notes a keystroke: whatever runs stands still until there was none for a while.
    pub(crate) fn typed(&mut self, now: Instant) {
        self.last_key = Some(now);
        if self.active.is_some() {
            self.pace.hold();
        }
    }

    /// The order to start now, if there is one; lets what was held back go on when it is time.
    pub(crate) fn next(&mut self, now: Instant, yield_for: Duration) -> Option<Order> {
        if self.is_paused || self.quiet_at(yield_for).is_some_and(|at| at > now) {
            return None;
        }
        self.pace.release();
        if self.active.is_some() { None } else { self.queue.pop_front() }
    }

    /// When [`Scheduler::next`] has something to do; `None` when there is nothing to wait for.
    pub(crate) fn wake(&self, now: Instant, yield_for: Duration) -> Option<Instant> {
        let waits =
            self.active.is_some() && self.pace.is_held() || self.active.is_none() && !self.queue.is_empty();
        (waits && !self.is_paused).then(|| self.quiet_at(yield_for).unwrap_or(now))
    }

    fn quiet_at(&self, yield_for: Duration) -> Option<Instant> {
        self.last_key.map(|last| last + yield_for)
    }

    /// Stands still until [`Scheduler::resume`].
    pub(crate) fn pause(&mut self) {
        self.is_paused = true;
        self.pace.hold();
    }

    /// Goes on.
    pub(crate) fn resume(&mut self) {
        self.is_paused = false;
    }

    /// Stops what runs and forgets what was to come.
    pub(crate) fn cancel(&mut self) {
        self.queue.clear();
        if let Some(run) = &self.active {
            run.cancel.cancel();
        }
    }

    /// Drops everything about a folder.
    pub(crate) fn forget(&mut self, root: &Path) {
        self.queue.retain(|order| order.root != root);
        if let Some(run) = self.active.as_ref().filter(|run| run.order.root == root) {
            run.cancel.cancel();
        }
    }

    /// Notes that a run starts.
    pub(crate) fn begin(&mut self, order: Order) -> &Run {
        self.started += 1;
        self.active.insert(Run {
            number: self.started,
            order,
            cancel: CancelToken::new(),
            stage: "starting".to_owned(),
            standing: Standing::default(),
        })
    }

    /// Notes that a run is over; `None` when it is not the one under way.
    pub(crate) fn end(&mut self, number: u64) -> Option<Run> {
        self.active.take_if(|run| run.number == number)
    }
}

/// What a run needs to know.
pub(crate) struct Job {
    pub(crate) number: u64,
    pub(crate) order: Order,
    pub(crate) config: Config,
    pub(crate) helper: HelperCommand,
    /// What held on an earlier text, moved to this one.
    pub(crate) retry: Vec<(GoalId, Patch)>,
    pub(crate) pace: Pace,
    pub(crate) cancel: CancelToken,
}

/// Starts a run on a thread of its own. What is returned ends (it says nothing) when the thread does.
pub(crate) fn start(job: Job, mailbox: Mailbox) -> Receiver<()> {
    let number = job.number;
    let ended = mailbox.clone();
    let (alive, end) = channel();
    let body = move || {
        let _alive: Sender<()> = alive;
        let tell = |news| mailbox.send(Event::Forge(number, news));
        match job.order.directive() {
            Some(path) => tell(ForgeNews::DirectiveEnded(Box::new(forge_directive(&job, path, &tell)))),
            None => tell(ForgeNews::Ended(Box::new(forge(&job, &tell)))),
        }
    };
    if let Err(error) = std::thread::Builder::new().name("forge".to_owned()).spawn(body) {
        let message = format!("no thread can be started: {error}");
        let failure = Failure { message, hint: "Too many processes are running.".to_owned() };
        ended.send(Event::Forge(number, ForgeNews::Ended(Box::new(Err(failure)))));
    }
    end
}

fn forge(job: &Job, tell: &dyn Fn(ForgeNews)) -> Result<ForgeReport, Failure> {
    let paths = job.order.file.iter().map(|file| file.under(&job.order.root)).collect();
    let opened = Workspace::open(&job.order.root, &OpenOptions { paths }, &job.cancel);
    let mut workspace = opened.map_err(|error| Failure::new(error.to_string(), ""))?;
    *workspace.config_mut() = job.config.clone();
    let request = request(job);
    let mut news = News { tell, told: None };
    let listener = &mut |event: ForgeEvent<'_>| match event {
        ForgeEvent::Offer(offer) => tell(ForgeNews::Offer(Box::new(offer.clone()))),
        event => news.pass_on(&event),
    };
    let mut result = workspace.forge(&request, &job.cancel, listener);
    let goals = &mut workspace.config_mut().goals;
    // No test judges an improvement where all of them fail; what mends them is judged by themselves.
    if matches!(result, Err(ForgeError::Problem(Problem::AllRed(_)))) && goals.wants(GoalKind::Repair) {
        goals.kinds = vec![GoalKind::Repair.as_str().to_owned()];
        result = workspace.forge(&request, &job.cancel, listener);
    }
    result.map_err(Failure::from)
}

/// Runs a directive as it is on disk. What holds on the way holds with tests and holes laid over the workspace: it is told
/// at the end, all together.
fn forge_directive(job: &Job, path: &RelPath, tell: &dyn Fn(ForgeNews)) -> Result<RunDirective, Failure> {
    let root = &job.order.root;
    let failed = |error: &dyn fmt::Display| Failure::new(error.to_string(), "");
    let loaded = load_directive(root, &path.under(root)).map_err(|error| failed(&error))?;
    let has_errors = loaded.parsed.has_errors();
    let Some(directive) = loaded.parsed.directive.filter(|_| !has_errors) else {
        return Err(Failure::new(
            "the directive is wrong; nothing was run",
            "Its problems say what to mend.",
        ));
    };
    let opened = Workspace::open(root, &OpenOptions::default(), &job.cancel);
    let mut workspace = opened.map_err(|error| failed(&error))?;
    *workspace.config_mut() = job.config.clone();
    let request = DirectiveRequest { forge: request(job), overrides: Overrides::default(), asks: &|_| None };
    let mut news = News { tell, told: None };
    let report =
        workspace.run_directive(&directive, &request, &job.cancel, &mut |event| news.pass_on(&event));
    let report = report.map_err(|error| match error {
        DirectiveError::Forge(error) => Failure::from(error),
        other => failed(&other),
    })?;
    Ok(RunDirective { workspace, directive, report })
}

fn request(job: &Job) -> ForgeRequest {
    let timeout = Duration::from_secs(job.config.forge.timeout);
    let mut request = ForgeRequest {
        budget: Budget { wall: Some(timeout), cpu: None, trials: None },
        pace: job.pace.clone(),
        background: job.config.editor.background,
        retry: job.retry.clone(),
        only: job.order.goal.clone(),
        fresh: job.order.is_fresh,
        is_unasked: !job.order.is_asked_for,
        ..ForgeRequest::new(job.helper.clone())
    };
    if !job.order.is_asked_for {
        request.search.cpu = Some(UNASKED_SEARCH);
    }
    request
}

/// Passes stages and progress on, the latter not too often.
struct News<'a> {
    tell: &'a dyn Fn(ForgeNews),
    told: Option<Instant>,
}

impl News<'_> {
    fn pass_on(&mut self, event: &ForgeEvent<'_>) {
        match event {
            ForgeEvent::Stage(stage) => (self.tell)(ForgeNews::Stage((*stage).to_owned())),
            ForgeEvent::Progress(progress) if self.told.is_none_or(|at| at.elapsed() >= PROGRESS_EVERY) => {
                self.told = Some(Instant::now());
                (self.tell)(ForgeNews::Progress(Standing {
                    tried: progress.spent.trials,
                    held: progress.held,
                    searched: progress.searched.tried,
                    goals_done: progress.goals_done,
                    goals: progress.goals,
                }));
            }
            _ => {}
        }
    }
}

impl Failure {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        match error {
            ForgeError::Problem(problem) => Self::new(problem.to_string(), problem.hint()),
            ForgeError::Internal(message) => Self::new(message, ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YIELD: Duration = Duration::from_millis(500);

    fn order(file: &str) -> Order {
        Order::of_file(PathBuf::from("/w"), RelPath::new(file).unwrap())
    }

    #[test]
    fn nothing_starts_within_the_time_after_a_keystroke() {
        let mut scheduler = Scheduler::default();
        let start = Instant::now();
        scheduler.order(order("a.py"));
        scheduler.typed(start);
        assert_eq!(scheduler.next(start + YIELD / 2, YIELD), None);
        assert_eq!(scheduler.wake(start, YIELD), Some(start + YIELD));
        let next = scheduler.next(start + YIELD, YIELD).unwrap();
        assert_eq!(next, order("a.py"));
        scheduler.begin(next);
        assert_eq!(scheduler.wake(start + YIELD, YIELD), None, "nothing to wait for");
        scheduler.typed(start + YIELD * 2);
        assert!(scheduler.pace.is_held());
        assert_eq!(scheduler.next(start + YIELD * 2, YIELD), None);
        assert!(scheduler.pace.is_held());
        scheduler.next(start + YIELD * 3, YIELD);
        assert!(!scheduler.pace.is_held());
    }

    #[test]
    fn the_file_saved_last_goes_first_and_what_gave_way_comes_again() {
        let mut scheduler = Scheduler::default();
        let now = Instant::now();
        scheduler.order(order("a.py"));
        let first = scheduler.next(now, YIELD).unwrap();
        let cancel = scheduler.begin(first).cancel.clone();
        scheduler.order(order("b.py"));
        scheduler.order(order("c.py"));
        scheduler.order(order("b.py"));
        assert!(cancel.is_cancelled());
        assert!(scheduler.next(now, YIELD).is_none(), "one run at a time");
        scheduler.end(1).unwrap();
        let mut rest = Vec::new();
        while let Some(next) = scheduler.next(now, YIELD) {
            rest.push(next.file.unwrap().to_string());
        }
        assert_eq!(rest.first().map(String::as_str), Some("b.py"));
        rest.sort();
        assert_eq!(rest, ["a.py", "b.py", "c.py"]);
    }

    #[test]
    fn saving_again_starts_again_and_pausing_stops_everything() {
        let mut scheduler = Scheduler::default();
        let now = Instant::now();
        scheduler.order(order("a.py"));
        let first = scheduler.next(now, YIELD).unwrap();
        scheduler.begin(first);
        scheduler.order(order("a.py"));
        scheduler.end(1).unwrap();
        scheduler.pause();
        assert_eq!((scheduler.next(now, YIELD), scheduler.wake(now, YIELD)), (None, None));
        scheduler.resume();
        assert_eq!(scheduler.next(now, YIELD), Some(order("a.py")));
        assert_eq!(scheduler.next(now, YIELD), None, "once is enough");
    }
}
