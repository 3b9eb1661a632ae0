//! The harness's end of a session: starts the helper, talks to it, watches the clock and the cancel token, and makes
//! sure that nothing is left when it is dropped.

use crate::sandbox::probe::Attempt;
use crate::sandbox::protocol::{self, Answer, Failure, Plan, Ready, Request};
use crate::sandbox::scratch::{ScratchFolder, remove_tree};
use crate::sandbox::step::{OUT, patience};
use crate::sandbox::talk::Talk;
use crate::sandbox::{HelperCommand, SandboxError, Step, StepOutcome, StepStatus, Terms, View, environment};
use hephaestus_core::{CancelToken, Isolation, Pace, RelPath};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often the cancel token is looked at.
const TICK: Duration = Duration::from_millis(15);
/// How much longer than a step's own time limit the helper may take to end it before it is killed.
const MARGIN: Duration = Duration::from_secs(10);
/// How long an overlay may take to open. Copies take as long as they take.
const OPEN_LIMIT: Duration = Duration::from_secs(60);
/// How long a file may take to be written.
const WRITE_LIMIT: Duration = Duration::from_secs(60);
/// What may have arrived without being taken, in bytes. Waiting instead would be a trap: whoever says much before it
/// listens would wait for ever.
const MOST_UNREAD: u64 = 256 << 20;
/// How long the helper may take to clear up before it is killed.
const CLOSE_LIMIT: Duration = Duration::from_secs(20);

pub(super) type Reply = (Answer, Vec<Vec<u8>>);

/// One view of a workspace with one helper process. Everything in it ends and vanishes when it is dropped.
#[derive(Debug)]
pub struct Session {
    ready: Ready,
    // The helper ends before its folder goes.
    line: Line,
    idle: bool,
    pace: Pace,
    /// How long opening it had to wait for the pace, until a step takes account of it.
    waited: Duration,
    _scratch: Option<ScratchFolder>,
}

/// The line to the helper.
#[derive(Debug)]
pub(super) struct Line {
    child: Child,
    /// Closing it tells the helper to end everything.
    requests: Option<ChildStdin>,
    replies: Receiver<io::Result<Reply>>,
    /// Bytes that have arrived and nobody has taken yet.
    unread: Arc<AtomicU64>,
    /// The overlay's work folder on disk, which the helper removes unless it is killed.
    work: Option<PathBuf>,
    /// Why nothing more can be asked.
    over: Option<String>,
}

/// Why a session did not open.
pub(super) enum OpenError {
    /// In no way.
    Final(SandboxError),
    /// Not in this way.
    Lacking(Failure),
}

impl From<SandboxError> for OpenError {
    fn from(error: SandboxError) -> Self {
        Self::Final(error)
    }
}

/// Why an answer did not come.
pub(super) enum Silence {
    Cancelled,
    TooLong,
    Gone(String),
}

/// The pace during one step, and what the helper was told of it.
#[derive(Debug)]
pub(super) struct Brake {
    pace: Option<Pace>,
    since: Option<Instant>,
    before: Duration,
}

impl Brake {
    /// Stands still while `pace` is held.
    pub(super) fn of(pace: Pace) -> Self {
        Self { pace: Some(pace), ..Self::none() }
    }

    /// Nothing is held up.
    fn none() -> Self {
        Self { pace: None, since: None, before: Duration::ZERO }
    }

    /// What the helper is to be told now, if anything.
    fn look(&mut self) -> Option<Request> {
        let held = self.pace.as_ref().is_some_and(Pace::is_held);
        match self.since {
            None if held => {
                self.since = Some(Instant::now());
                Some(Request::Freeze)
            }
            Some(since) if !held => {
                self.before += since.elapsed();
                self.since = None;
                Some(Request::Resume)
            }
            _ => None,
        }
    }

    /// How long the step has been frozen.
    pub(super) fn total(&self) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// Waits for the pace; tells how long that was.
pub(super) fn wait_for(pace: &Pace, cancel: &CancelToken) -> Duration {
    let started = Instant::now();
    if !pace.is_held() {
        return Duration::ZERO;
    }
    pace.wait(cancel);
    started.elapsed()
}

impl Session {
    /// Starts a helper and lets it open `view` in the way of `attempt`.
    pub(super) fn open(
        terms: Terms<'_>,
        view: &View,
        attempt: Attempt,
        cancel: &CancelToken,
    ) -> Result<Self, OpenError> {
        let failed =
            |source: io::Error| SandboxError::Open { root: view.root.clone(), message: source.to_string() };
        let mode = attempt.mode;
        let on_disk = view.keep.is_none() && (attempt.disk_upper || mode.copy) || !mode.namespaces;
        let scratch = if on_disk { Some(ScratchFolder::new("session").map_err(failed)?) } else { None };
        let plan = Plan {
            root: view.root.clone(),
            layers: view.layers.clone(),
            keep: view.keep.clone(),
            scratch: scratch.as_ref().map(|scratch| scratch.path().to_owned()),
            mode,
            check_owners: attempt.check_owners && !mode.copy,
            idle: terms.idle,
            settings: terms.settings.clone(),
        };
        let mut line = Line::start(terms.helper, view.keep.as_deref().map(work_folder))?;
        let limit = if mode.copy { None } else { Some(OPEN_LIMIT) };
        match line.ask(&Request::Open(Box::new(plan)), &[], limit, &mut Brake::none(), cancel) {
            Ok((Answer::Ready(ready), _)) => {
                let (pace, waited) = (Pace::default(), Duration::ZERO);
                Ok(Self { ready, line, idle: terms.idle, pace, waited, _scratch: scratch })
            }
            Ok((Answer::Failed(failure), _)) => Err(OpenError::Lacking(failure)),
            Ok(_) => Err(failed(io::Error::other("the helper answered something else")).into()),
            Err(Silence::Cancelled) => Err(SandboxError::Cancelled.into()),
            Err(Silence::TooLong) => Err(failed(io::Error::other("the helper does not answer")).into()),
            Err(Silence::Gone(message)) => {
                let program = terms.helper.program.clone();
                Err(SandboxError::Helper { program, source: io::Error::other(message) }.into())
            }
        }
    }

    /// Where the workspace appears to the commands: at its own path (without symbolic links), or at the copy's where
    /// there are no namespaces.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.ready.root
    }

    /// The out folder as the commands see it. It is emptied before every step.
    #[must_use]
    pub fn out_dir(&self) -> &str {
        &self.ready.out
    }

    /// What is in force in this session.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        self.ready.isolation
    }

    /// What is degraded, why, and how to mend it, in plain words.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.ready.notes
    }

    pub(super) fn add_notes(&mut self, notes: impl Iterator<Item = String>) {
        for note in notes {
            if !self.ready.notes.contains(&note) {
                self.ready.notes.push(note);
            }
        }
    }

    /// Freezes steps while `pace` is held. `waited` is how long opening was delayed by it.
    pub(super) fn keep_pace(&mut self, pace: Pace, waited: Duration) {
        self.pace = pace;
        self.waited = waited;
    }

    /// Writes a file of the view (making its folders), or deletes it where `content` is `None`; deleting what is not
    /// there is no error. Symbolic links are followed inside the view and refused where they leave it. Permissions are
    /// kept. The modification time is later than every one written before and never in the same second as the file's
    /// former one, so that build tools and bytecode caches notice a change that keeps the size.
    ///
    /// # Errors
    /// When the file lies outside the view, is no regular file, or cannot be written; when the session is over.
    pub fn write(&mut self, path: &RelPath, content: Option<&[u8]>) -> Result<(), SandboxError> {
        let length = content.map(|content| content.len() as u64);
        let request = Request::Write { path: path.clone(), length };
        let blobs: Vec<&[u8]> = content.into_iter().collect();
        match self.line.ask(&request, &blobs, Some(WRITE_LIMIT), &mut Brake::none(), &CancelToken::new()) {
            Ok((Answer::Written, _)) => Ok(()),
            Ok((Answer::Refused(reason), _)) => Err(SandboxError::Write { path: path.clone(), reason }),
            Ok(_) => Err(self.line.end("the helper answered something else")),
            Err(Silence::Cancelled | Silence::TooLong) => Err(self.line.end("the helper does not answer")),
            Err(Silence::Gone(message)) => Err(SandboxError::Over(message)),
        }
    }

    /// Runs a command and waits for it; while the sandbox's pace is held, the command is frozen. Whatever it does is in the outcome; when it returns, none of its processes is
    /// left. After [`StepStatus::Cancelled`] the session is over.
    ///
    /// # Errors
    /// When the session is over.
    pub fn run(&mut self, step: &Step, cancel: &CancelToken) -> Result<StepOutcome, SandboxError> {
        let waited = std::mem::take(&mut self.waited) + wait_for(&self.pace, cancel);
        if cancel.is_cancelled() {
            self.line.end("cancelled");
            return Ok(StepOutcome::bare(StepStatus::Cancelled, Duration::ZERO));
        }
        let started = Instant::now();
        let request = Request::Run(self.with_out_folder(step));
        let limit = if self.idle {
            patience(step.timeout.saturating_add(MARGIN))
        } else {
            step.timeout.saturating_add(MARGIN)
        };
        let mut brake = Brake::of(self.pace.clone());
        let answer = self.line.ask(&request, &[], Some(limit), &mut brake, cancel);
        let bare = |status| {
            let wall = started.elapsed().saturating_sub(brake.total());
            Ok(StepOutcome { frozen: brake.total(), waited, ..StepOutcome::bare(status, wall) })
        };
        match answer {
            Ok((Answer::Ended { outcome, reports }, blobs)) => {
                let files = reports.into_iter().map(|(name, _)| name).zip(blobs).collect();
                Ok(StepOutcome { files, waited, ..*outcome })
            }
            Ok(_) => Err(self.line.end("the helper answered something else")),
            Err(Silence::Cancelled) => {
                self.line.end("cancelled");
                bare(StepStatus::Cancelled)
            }
            Err(Silence::TooLong) => {
                self.line.end("a step ran past its time limit and its helper did not end it");
                bare(StepStatus::TimedOut)
            }
            Err(Silence::Gone(message)) => Err(SandboxError::Over(message)),
        }
    }

    /// Starts a command to talk with, and gives the rest of the session to that conversation. The command's time limit
    /// is that of the whole conversation.
    ///
    /// # Errors
    /// When the session is over.
    pub fn talk(mut self, step: &Step) -> Result<Talk, SandboxError> {
        let request = Request::Talk(self.with_out_folder(step));
        self.line.tell(&request, &[]).map_err(SandboxError::Over)?;
        let brake = Brake::of(self.pace.clone());
        Ok(Talk::new(self, brake))
    }

    pub(super) fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    /// Ends everything and waits until it is gone. Dropping does the same.
    pub fn close(self) {}

    fn with_out_folder(&self, step: &Step) -> Step {
        let out = &self.ready.out;
        let mut step = step.clone();
        for text in step.argv.iter_mut().chain(step.env.iter_mut().map(|(_, value)| value)) {
            if text.contains(OUT) {
                *text = text.replace(OUT, out);
            }
        }
        step
    }
}

impl Line {
    fn start(helper: &HelperCommand, work: Option<PathBuf>) -> Result<Self, SandboxError> {
        let failed = |source| SandboxError::Helper { program: helper.program.clone(), source };
        let mut child = Command::new(&helper.program)
            .args(&helper.args)
            .env_clear()
            .envs(environment::inherited())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let (sender, replies) = mpsc::channel();
        let unread = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&unread);
        let (requests, output) = (child.stdin.take(), child.stdout.take());
        let mut line = Self { child, requests, replies, unread, work, over: None };
        let Some(output) = output else { return Err(failed(io::Error::other("its output is missing"))) };
        let reader = std::thread::Builder::new().name("sandbox-replies".to_owned());
        if let Err(error) = reader.spawn(move || forward(output, &sender, &counter)) {
            line.end("there is no thread to read its replies");
            return Err(failed(error));
        }
        Ok(line)
    }

    /// Sends a request and waits for its answer.
    fn ask(
        &mut self,
        request: &Request,
        blobs: &[&[u8]],
        limit: Option<Duration>,
        brake: &mut Brake,
        cancel: &CancelToken,
    ) -> Result<Reply, Silence> {
        self.tell(request, blobs).map_err(Silence::Gone)?;
        self.wait(limit, brake, cancel)
    }

    /// Sends a request; tells why it could not.
    pub(super) fn tell(&mut self, request: &Request, blobs: &[&[u8]]) -> Result<(), String> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        let sent = match &mut self.requests {
            Some(requests) => protocol::send(requests, request, blobs.iter().copied()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        sent.map_err(|error| {
            self.end("the helper died");
            format!("the helper died: {error}")
        })
    }

    /// Waits for the next answer. The time the brake is on does not count.
    pub(super) fn wait(
        &mut self,
        limit: Option<Duration>,
        brake: &mut Brake,
        cancel: &CancelToken,
    ) -> Result<Reply, Silence> {
        let started = Instant::now();
        let before = brake.total();
        loop {
            match self.replies.recv_timeout(TICK) {
                Ok(Ok(reply)) => {
                    self.unread.fetch_sub(size(&reply), Ordering::Relaxed);
                    return Ok(reply);
                }
                Ok(Err(error)) => {
                    self.end("the helper speaks nonsense");
                    return Err(Silence::Gone(format!("the helper cannot be understood: {error}")));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.end("the helper died");
                    return Err(Silence::Gone("the helper died".to_owned()));
                }
                Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => return Err(Silence::Cancelled),
                Err(RecvTimeoutError::Timeout) => {
                    if let (Some(word), Some(requests)) = (brake.look(), &mut self.requests) {
                        // A helper that is gone is found out by its silence.
                        let _ = protocol::send(requests, &word, []);
                    }
                    let awake = started.elapsed().saturating_sub(brake.total().saturating_sub(before));
                    if limit.is_some_and(|limit| awake >= limit) {
                        return Err(Silence::TooLong);
                    }
                }
            }
        }
    }

    /// Ends everything now; the session answers nothing but `why` from then on.
    pub(super) fn end(&mut self, why: &str) -> SandboxError {
        if self.over.is_none() {
            self.over = Some(why.to_owned());
            self.stop_helper();
        }
        SandboxError::Over(why.to_owned())
    }

    fn stop_helper(&mut self) {
        // The helper kills everything when its input ends, and exits when all of it is reaped; only then the channel
        // of replies closes. SIGKILL comes second because nobody would be left to wait for the others.
        drop(self.requests.take());
        let deadline = Instant::now() + CLOSE_LIMIT;
        loop {
            match self.replies.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    tracing::warn!("a sandbox helper did not end in time and is killed");
                    let _ = self.child.kill();
                    break;
                }
            }
        }
        let _ = self.child.wait();
        if let Some(work) = self.work.take() {
            remove_tree(&work);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.end("closed");
    }
}

/// The overlay's work folder that goes with an upper folder on disk: beside it, because both must be on one file system.
pub(super) fn work_folder(upper: &Path) -> PathBuf {
    let mut name = upper.as_os_str().to_owned();
    name.push(".work");
    PathBuf::from(name)
}

/// Reads replies until there are no more. A thread of its own, because a pipe cannot be read with a time limit portably.
fn forward(replies: ChildStdout, sender: &mpsc::Sender<io::Result<Reply>>, unread: &AtomicU64) {
    let mut replies = BufReader::new(replies);
    loop {
        let reply = match receive(&mut replies) {
            Ok(None) => return,
            Ok(Some(reply)) => {
                let size = size(&reply);
                let waiting = unread.fetch_add(size, Ordering::Relaxed);
                if waiting > 0 && waiting + size > MOST_UNREAD {
                    Err(io::Error::other("a command writes more than anybody reads"))
                } else {
                    Ok(reply)
                }
            }
            Err(error) => Err(error),
        };
        let broken = reply.is_err();
        if sender.send(reply).is_err() || broken {
            return;
        }
    }
}

/// The bytes of a reply that lie in memory.
fn size(reply: &Reply) -> u64 {
    reply.1.iter().map(|blob| blob.len() as u64).sum()
}

fn receive(replies: &mut BufReader<ChildStdout>) -> io::Result<Option<Reply>> {
    let Some(answer) = protocol::receive::<Answer>(replies)? else { return Ok(None) };
    let lengths = match &answer {
        Answer::Ended { reports, .. } => reports.iter().map(|(_, length)| *length).collect(),
        Answer::Said { length } => vec![*length],
        _ => Vec::new(),
    };
    let mut blobs = Vec::new();
    for length in lengths {
        blobs.push(protocol::receive_blob(replies, length)?);
    }
    Ok(Some((answer, blobs)))
}
