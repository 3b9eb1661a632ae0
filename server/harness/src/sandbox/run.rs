//! Runs one command in a place and sees to its end: drains its output, watches its limits, kills what outlives it.
//! The helper's only thread does all of it, so nothing here may wait for one thing alone.

use crate::sandbox::captured::Capture;
use crate::sandbox::files;
#[cfg(target_os = "linux")]
use crate::sandbox::mounts;
use crate::sandbox::place::{Channel, Disk, Place};
use crate::sandbox::protocol::Request;
use crate::sandbox::served::{self, Served};
use crate::sandbox::sys::{self, Confinement, Limit, Reaped};
use crate::sandbox::voice::Voice;
use crate::sandbox::{Step, StepOutcome, StepStatus, environment};
use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// How often orphans are reaped and limits are looked at.
const TICK: Duration = Duration::from_millis(50);
/// The same where the end of the command has no descriptor to wait for.
const SHORT_TICK: Duration = Duration::from_millis(5);
/// How often folders on disk are added up.
const DISK_TICK: Duration = Duration::from_secs(1);
/// A file system with less than this left counts as full: what is left may be too little for anything.
const FULL: u64 = 64 * 1024;
/// The hunt without a PID namespace looks again after this.
const HUNT_TICK: Duration = Duration::from_millis(1);

/// How a step ended, seen from the helper.
pub(super) enum Ending {
    /// The harness is gone: nobody wants to know.
    Abandoned,
    /// Everything is dead.
    Ended(Box<StepOutcome>),
}

/// What a command has to do with the harness while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Nothing.
    Alone,
    /// It is talked to.
    Talking,
}

/// Runs `step`. Returns when none of its processes is left.
///
/// # Errors
/// When the helper itself cannot go on.
pub(super) fn run(step: &Step, manner: Manner, place: &Place, harness: &mut Channel) -> io::Result<Ending> {
    let started = Instant::now();
    let not_started = |reason: String, not_found| {
        let status = StepStatus::NotStarted { reason, not_found };
        Ok(Ending::Ended(Box::new(StepOutcome::bare(status, Duration::ZERO))))
    };
    if let Err(error) = files::empty_folder(&place.out) {
        return not_started(format!("the out folder cannot be emptied: {error}"), false);
    }
    let mut child = match spawn(step, manner, place) {
        Ok(child) => child,
        Err(error) => return not_started(error.to_string(), error.kind() == io::ErrorKind::NotFound),
    };
    let mut watch = Watch::new(&mut child, started, step.timeout)?;
    let cut = watch.follow(place, harness)?;
    watch.end_everything(place)?;
    if matches!(cut, Some(Cut::Abandoned)) {
        return Ok(Ending::Abandoned);
    }
    if let Some(voice) = &mut watch.voice {
        voice.listen(harness)?;
    }
    let full = place.disks.iter().any(|disk| matches!(disk, Disk::Sized(path) if is_full(path)));
    let status = match (&cut, watch.end) {
        (Some(Cut::DiskFull), _) => StepStatus::DiskFull,
        _ if full => StepStatus::DiskFull,
        (Some(Cut::Timeout), _) => StepStatus::TimedOut,
        // One file alone was larger than the limit.
        (_, Some(Err(libc::SIGXFSZ))) => StepStatus::DiskFull,
        (_, Some(Err(signal))) => StepStatus::Signaled(signal),
        (_, Some(Ok(code))) => StepStatus::Exited(code),
        (_, None) => StepStatus::Signaled(libc::SIGKILL),
    };
    if matches!(cut, Some(Cut::Crowd)) {
        let limit = place.settings.processes;
        watch.stderr.capture.push(format!("\n[killed: more than {limit} processes]\n").as_bytes());
    }
    Ok(Ending::Ended(Box::new(StepOutcome {
        status,
        wall: watch.wall.unwrap_or_else(|| watch.counted()),
        frozen: watch.frozen(),
        waited: Duration::ZERO,
        cpu: watch.cpu,
        max_rss_kb: watch.max_rss_kb,
        stdout: watch.stdout.capture.finish(),
        stderr: watch.stderr.capture.finish(),
        files: files::collect(&place.out, &step.collect),
        left_running: watch.left_running,
    })))
}

fn spawn(step: &Step, manner: Manner, place: &Place) -> io::Result<Child> {
    let (program, args) = step.argv.split_first().ok_or_else(|| io::Error::other("the command is empty"))?;
    let folder = step.cwd.as_ref().map_or_else(|| place.root.clone(), |cwd| cwd.under(&place.root));
    if !folder.is_dir() {
        return Err(io::Error::other(format!("the folder {} does not exist", folder.display())));
    }
    let mut command = Command::new(program);
    let input = if manner == Manner::Talking { Stdio::piped() } else { Stdio::null() };
    command.args(args).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs(environment::fixed(&place.temp, &place.cache)).env("PWD", &folder);
    command.envs(step.env.iter().map(|(name, value)| (name, value))).current_dir(folder);
    let megabytes = |count: u64| count.saturating_mul(1 << 20);
    let settings = &place.settings;
    let mut limits = vec![
        Limit::Memory(megabytes(settings.memory_mb)),
        Limit::OpenFiles(settings.open_files),
        Limit::FileSize(megabytes(settings.disk_mb)),
        Limit::CoreSize(0),
    ];
    if cfg!(target_os = "linux") {
        // It counts everything this user runs, in this user namespace where there is one of our own.
        let others = if place.namespaced { 0 } else { tasks_of_user() };
        limits.push(Limit::Processes(settings.processes.saturating_add(others)));
    }
    sys::confine(
        &mut command,
        Confinement { niceness: step.niceness, idle: place.idle, limits },
        place.wall.raiser()?,
    );
    command.spawn()
}

/// Why a command was not left to end by itself.
enum Cut {
    Abandoned,
    Timeout,
    DiskFull,
    Crowd,
}

/// One of the command's streams.
struct Stream<S> {
    source: Option<S>,
    capture: Capture,
}

impl<S: Read + AsFd> Stream<S> {
    fn new(source: Option<S>) -> io::Result<Self> {
        if let Some(source) = &source {
            sys::set_nonblocking(source.as_fd())?;
        }
        Ok(Self { source, capture: Capture::default() })
    }

    /// Takes what is there, but no more than a few buffers: a flood must not hide the clock.
    fn drain(&mut self, rounds: usize) {
        let mut buffer = [0; 64 * 1024];
        for _ in 0..rounds {
            let Some(source) = &mut self.source else { return };
            match source.read(&mut buffer) {
                Ok(0) => self.source = None,
                Ok(count) => self.capture.push(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.source = None,
            }
        }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.source.as_ref().map(AsFd::as_fd)
    }
}

/// A running command.
struct Watch {
    pid: i32,
    handle: Option<OwnedFd>,
    started: Instant,
    timeout: Duration,
    /// Since when it is frozen, if it is.
    frozen_since: Option<Instant>,
    /// How long it was frozen before.
    thawed: Duration,
    /// Looked at where the command is idle: what it was not let run does not count.
    served: Served,
    voice: Option<Voice>,
    stdout: Stream<ChildStdout>,
    stderr: Stream<ChildStderr>,
    end: Option<Result<i32, i32>>,
    wall: Option<Duration>,
    cpu: Duration,
    max_rss_kb: u64,
    left_running: u32,
}

impl Watch {
    fn new(child: &mut Child, started: Instant, timeout: Duration) -> io::Result<Self> {
        let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
        #[cfg(target_os = "linux")]
        let handle = sys::process_handle(pid).ok();
        #[cfg(not(target_os = "linux"))]
        let handle = None;
        let voice = match child.stdin.take() {
            Some(input) => Some(Voice::new(input, child.stdout.take())?),
            None => None,
        };
        Ok(Self {
            pid,
            handle,
            started,
            timeout,
            frozen_since: None,
            thawed: Duration::ZERO,
            served: Served::default(),
            voice,
            stdout: Stream::new(child.stdout.take())?,
            stderr: Stream::new(child.stderr.take())?,
            end: None,
            wall: None,
            cpu: Duration::ZERO,
            max_rss_kb: 0,
            left_running: 0,
        })
    }

    /// How long it has been frozen in all.
    fn frozen(&self) -> Duration {
        self.thawed + self.frozen_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// How long it has been free to run.
    fn awake(&self) -> Duration {
        self.started.elapsed().saturating_sub(self.frozen())
    }

    /// How much of that counts.
    fn counted(&self) -> Duration {
        self.awake().saturating_sub(self.served.lost())
    }

    fn look_at_threads(&mut self, place: &Place) {
        let awake = self.awake();
        if place.idle && cfg!(target_os = "linux") && self.frozen_since.is_none() && self.served.is_due(awake)
        {
            let processes = if place.namespaced { process_ids().collect() } else { descendants(own_id()) };
            let others = processes.into_iter().filter(|pid| *pid != own_id());
            self.served.look(awake, others.flat_map(served::threads).collect());
        }
    }

    /// Follows the command until it ends or must be cut short. Its descendants may live on.
    fn follow(&mut self, place: &Place, harness: &mut Channel) -> io::Result<Option<Cut>> {
        let mut next_tick = Instant::now();
        let mut next_sum = Instant::now() + DISK_TICK;
        while self.end.is_none() {
            self.look_at_threads(place);
            let awake = self.awake();
            if self.served.is_over(awake, self.timeout) {
                return Ok(Some(Cut::Timeout));
            }
            let tick = if self.handle.is_some() { TICK } else { SHORT_TICK };
            let patience = match self.frozen_since {
                Some(_) => tick,
                None => tick.min(self.timeout.saturating_sub(self.counted())),
            };
            let patience = match &self.voice {
                _ if harness.has_read_ahead() => Duration::ZERO,
                Some(voice) if voice.has_more_to_say() => patience.min(SHORT_TICK),
                _ => patience,
            };
            let fds = [
                Some(harness.input()),
                self.handle.as_ref().map(AsFd::as_fd),
                self.voice.as_ref().map_or_else(|| self.stdout.fd(), Voice::fd),
                self.stderr.fd(),
            ];
            let ready = sys::wait_readable(&fds, patience)?;
            if harness.has_read_ahead() || ready.first() == Some(&true) {
                match harness.receive() {
                    Ok(Some(Request::Freeze)) => self.freeze(place),
                    Ok(Some(Request::Resume)) => self.resume(place),
                    Ok(Some(Request::End)) => return Ok(Some(Cut::Timeout)),
                    Ok(Some(Request::Say { length })) => {
                        let words = harness.receive_blob(length)?;
                        self.voice.iter_mut().for_each(|voice| voice.say(&words));
                    }
                    // It asks for nothing else while a step runs: its pipe has ended.
                    _ => return Ok(Some(Cut::Abandoned)),
                }
            }
            if let Some(voice) = &mut self.voice {
                voice.speak();
                voice.listen(harness)?;
            }
            self.stdout.drain(16);
            self.stderr.drain(16);
            let now = Instant::now();
            if ready.get(1) == Some(&true) || now >= next_tick {
                next_tick = now + tick;
                self.reap_dead()?;
                if self.is_crowded(place) {
                    return Ok(Some(Cut::Crowd));
                }
            }
            if now >= next_sum && self.end.is_none() {
                if place.disks.iter().any(is_over) {
                    return Ok(Some(Cut::DiskFull));
                }
                // Large trees are added up less often, so that watching stays a small part of the work.
                next_sum = Instant::now() + DISK_TICK.max(now.elapsed() * 10);
            }
        }
        Ok(None)
    }

    /// Takes account of every child that has ended. Tells whether any child is left.
    fn reap_dead(&mut self) -> io::Result<bool> {
        loop {
            match sys::reap(false) {
                Ok(Some(reaped)) => self.account(reaped),
                Ok(None) => return Ok(true),
                Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    fn account(&mut self, reaped: Reaped) {
        self.cpu += reaped.cpu;
        self.max_rss_kb = self.max_rss_kb.max(reaped.max_rss_kb);
        if reaped.pid == self.pid {
            self.end = Some(reaped.end);
            self.wall = Some(self.counted());
        }
    }

    /// Stops all of its processes. One that is about to fork stops before it does, and stopped ones can be killed.
    fn freeze(&mut self, place: &Place) {
        if self.frozen_since.is_some() {
            return;
        }
        self.frozen_since = Some(Instant::now());
        if place.namespaced {
            sys::stop(-1);
        } else if cfg!(target_os = "linux") {
            // Until nobody is left who could have forked while we looked.
            let mut stopped = HashSet::new();
            while signal_family(&mut stopped, sys::stop) {}
        } else {
            sys::stop(-self.pid);
        }
    }

    fn resume(&mut self, place: &Place) {
        let Some(since) = self.frozen_since.take() else { return };
        if place.namespaced {
            sys::resume(-1);
        } else if cfg!(target_os = "linux") {
            signal_family(&mut HashSet::new(), sys::resume);
        } else {
            sys::resume(-self.pid);
        }
        self.thawed += since.elapsed();
    }

    /// Kills and reaps whatever is left, and takes the rest of the output.
    fn end_everything(&mut self, place: &Place) -> io::Result<()> {
        if self.reap_dead()? {
            if place.namespaced {
                self.end_namespace()?;
            } else if cfg!(target_os = "linux") {
                self.hunt()?;
            } else {
                sys::kill(-self.pid);
                while self.end.is_none() {
                    sys::reap(true)?.into_iter().for_each(|reaped| self.account(reaped));
                }
            }
        }
        // All writers are dead now (or out of reach, and then waiting for them would be wrong): what the pipes hold is
        // all there is.
        self.stdout.drain(64);
        self.stderr.drain(64);
        Ok(())
    }

    /// Process 1 may signal all of its namespace at once, and a process about to fork dies before it does.
    fn end_namespace(&mut self) -> io::Result<()> {
        loop {
            sys::kill(-1);
            match sys::reap(true) {
                Ok(Some(reaped)) => {
                    self.left_running += u32::from(reaped.pid != self.pid);
                    self.account(reaped);
                }
                Ok(None) => {}
                Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Kills every descendant it can see until the last child is reaped: orphans become children of the subreaper.
    fn hunt(&mut self) -> io::Result<()> {
        let mut seen = HashSet::new();
        loop {
            for pid in family() {
                seen.insert(pid);
                sys::kill(pid);
            }
            if !self.reap_dead()? {
                seen.remove(&self.pid);
                self.left_running = u32::try_from(seen.len()).unwrap_or(u32::MAX);
                return Ok(());
            }
            std::thread::sleep(HUNT_TICK);
        }
    }

    /// Whether there are more processes than allowed. The kernel's own limit does not hold for root.
    fn is_crowded(&self, place: &Place) -> bool {
        place.namespaced && sys::user_id() == 0 && tasks() > place.settings.processes
    }
}

fn is_full(path: &Path) -> bool {
    sys::free_space(path).is_ok_and(|(bytes, inodes)| bytes < FULL || inodes == 0)
}

fn is_over(disk: &Disk) -> bool {
    match disk {
        Disk::Sized(_) => false,
        Disk::Watched(folder, limit) => files::usage(folder) > *limit,
        #[cfg(target_os = "linux")]
        Disk::Held(folder, limit) => files::usage(&mounts::through(folder)) > *limit,
    }
}

fn own_id() -> u32 {
    std::process::id()
}

/// The numbers in `/proc`.
fn process_ids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Processes and threads in `/proc`, without this one.
fn tasks() -> u64 {
    process_ids().filter(|pid| *pid != own_id()).map(|pid| threads(pid).unwrap_or(0)).sum()
}

/// Processes and threads of this user.
fn tasks_of_user() -> u64 {
    use std::os::unix::fs::MetadataExt;
    let user = sys::user_id();
    let owned = |pid: &u32| fs::metadata(format!("/proc/{pid}")).is_ok_and(|facts| facts.uid() == user);
    process_ids().filter(owned).map(|pid| threads(pid).unwrap_or(0)).sum()
}

/// Threads of a process: what its folder of tasks has in links beyond `.` and `..`.
fn threads(pid: u32) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    Some(fs::metadata(format!("/proc/{pid}/task")).ok()?.nlink().saturating_sub(2))
}

/// Signals every descendant that is not among the `known` ones yet. Tells whether there was one.
fn signal_family(known: &mut HashSet<i32>, signal: fn(i32)) -> bool {
    let new: Vec<i32> = family().filter(|pid| known.insert(*pid)).collect();
    new.iter().for_each(|pid| signal(*pid));
    !new.is_empty()
}

/// All descendants of this process.
fn family() -> impl Iterator<Item = i32> {
    descendants(own_id()).into_iter().filter_map(|pid| i32::try_from(pid).ok())
}

/// All descendants of `ancestor`, found by following everybody's parents.
fn descendants(ancestor: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = process_ids().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut family = HashSet::from([ancestor]);
    loop {
        let before = family.len();
        for (pid, parent) in &parents {
            if family.contains(parent) {
                family.insert(*pid);
            }
        }
        if family.len() == before {
            family.remove(&ancestor);
            return family.into_iter().collect();
        }
    }
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // proc(5): the name in parentheses may contain anything; state and parent follow it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
