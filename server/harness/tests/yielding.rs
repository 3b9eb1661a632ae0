//! The sandbox gives way: what runs is frozen while the pace is held, for nobody's time, and idle work is idle.
//! Needs Linux, `sh` and `python3`; the full mode is passed over where the machine does not have it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on shall fail")]

use hephaestus_core::{CancelToken, LanguageId, Pace, SandboxSettings, Snapshot, TestSettings};
use hephaestus_harness::runners::{Facts, Programs, Runner};
use hephaestus_harness::sandbox::{HelperCommand, Sandbox, Session, Step, StepOutcome, StepStatus, View};
use hephaestus_harness::{Baseline, Suite, lower_priority_of_this_thread};
use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(60);
/// The time limit of a step that needs a small part of it.
const LIMIT: Duration = Duration::from_secs(3);
/// Longer than that.
const HELD: Duration = Duration::from_millis(3500);
/// `SCHED_IDLE` in the kernel's `include/uapi/linux/sched.h`.
const IDLE: &str = "5";

fn sandboxes() -> Vec<Sandbox> {
    let helper = HelperCommand { program: env!("CARGO_BIN_EXE_hephaestus-sandbox").into(), args: Vec::new() };
    let settings = SandboxSettings { disk_mb: 64, memory_mb: 1024, ..SandboxSettings::default() };
    let best = Sandbox::new(helper.clone(), settings.clone());
    let (isolation, notes) = best.isolation().unwrap();
    let full = isolation.is_full().then_some(best);
    if full.is_none() {
        eprintln!("no full sandbox here: {notes:?}");
    }
    full.into_iter().chain([Sandbox::copying(helper, settings)]).collect()
}

fn open(sandbox: &Sandbox, root: &Path) -> Session {
    sandbox.open(&View { root: root.to_owned(), ..View::default() }, &CancelToken::new()).unwrap()
}

/// A number that nobody else has in a command line: it marks the processes of one test.
fn mark() -> String {
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("7{}.{}", nanos % 1_000_003, nanos % 99_991)
}

/// The state letters (proc(5)) of all processes whose command line ends with `mark`.
fn states(mark: &str) -> Vec<char> {
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let marked = processes.filter(|process| {
        fs::read(process.join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).trim_end_matches('\0').ends_with(mark))
    });
    marked.filter_map(|process| facts(&process.join("stat"))?.first()?.chars().next()).collect()
}

/// What follows the name in a `stat` file: the state is the first.
fn facts(stat: &Path) -> Option<Vec<String>> {
    let stat = fs::read_to_string(stat).ok()?;
    Some(stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

/// Niceness and scheduling policy among those facts: fields 19 and 41.
fn priority(facts: &[String]) -> (&str, &str) {
    (&facts[16], &facts[38])
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 20 seconds: {what}");
        thread::yield_now();
    }
}

/// Runs `step` beside the caller; its outcome arrives in the channel.
fn beside(mut session: Session, step: Step, cancel: &CancelToken) -> Receiver<StepOutcome> {
    let (sender, receiver) = channel();
    let cancel = cancel.clone();
    thread::spawn(move || sender.send(session.run(&step, &cancel).unwrap()).is_ok());
    receiver
}

const COUNT: &str = "
import sys, time
for i in range(100):
    with open('count', 'a') as out:
        out.write('x')
    time.sleep(0.005)
";

#[test]
fn a_step_stands_still_while_held_and_its_time_with_it() {
    for sandbox in sandboxes() {
        let (workspace, kept, mark, pace) =
            (TempDir::new().unwrap(), TempDir::new().unwrap(), mark(), Pace::new());
        let upper = kept.path().join("upper");
        let view = View { root: workspace.path().to_owned(), layers: vec![], keep: Some(upper.clone()) };
        let session = sandbox.yielding(pace.clone()).open(&view, &CancelToken::new()).unwrap();
        let counted = || fs::metadata(upper.join("count")).map_or(0, |facts| facts.len());
        let step = Step::new(["python3", "-c", COUNT, &mark], LIMIT);
        let outcome = beside(session, step, &CancelToken::new());
        eventually("it counts", || counted() > 0);
        pace.hold();
        eventually("it is frozen", || states(&mark) == ['T']);
        let before = counted();
        assert_eq!(outcome.recv_timeout(HELD), Err(RecvTimeoutError::Timeout), "it must not end while held");
        assert_eq!(counted(), before);
        pace.release();
        let outcome = outcome.recv_timeout(LONG).unwrap();
        assert_eq!(outcome.status, StepStatus::Exited(0), "held for longer than its limit: {outcome:?}");
        assert!(counted() == 100 && before < 100);
        assert!(outcome.frozen >= HELD - Duration::from_millis(200) && outcome.wall < LIMIT, "{outcome:?}");
    }
}

const DAEMON: &str = "
import os, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp('sleep', ['sleep', sys.argv[1]])
    os._exit(0)
os.wait()
os.execvp('sleep', ['sleep', sys.argv[1]])
";

#[test]
fn what_detaches_itself_is_frozen_too_and_dies_frozen_when_cancelled() {
    for sandbox in sandboxes() {
        let (workspace, mark, pace, cancel) =
            (TempDir::new().unwrap(), mark(), Pace::new(), CancelToken::new());
        let session = open(&sandbox.yielding(pace.clone()), workspace.path());
        let outcome = beside(session, Step::new(["python3", "-c", DAEMON, &mark], LONG), &cancel);
        // Both have become `sleep`: whoever is frozen on the way there, with the process between them, stays a third one.
        eventually("both sleep", || {
            states(&format!("sleep\0{mark}")) == ['S', 'S'] && states(&mark).len() == 2
        });
        pace.hold();
        eventually("both are frozen", || states(&mark) == ['T', 'T']);
        cancel.cancel();
        assert_eq!(outcome.recv_timeout(LONG).unwrap().status, StepStatus::Cancelled);
        assert_eq!(states(&mark), Vec::<char>::new());
    }
}

#[test]
fn a_step_still_times_out_by_the_time_it_was_awake() {
    for sandbox in sandboxes() {
        let (workspace, mark, pace) = (TempDir::new().unwrap(), mark(), Pace::new());
        let session = open(&sandbox.yielding(pace.clone()), workspace.path());
        let step = Step::new(["sleep", &mark], LIMIT);
        let outcome = beside(session, step, &CancelToken::new());
        eventually("it sleeps", || states(&mark) == ['S']);
        for _ in 0..3 {
            pace.hold();
            eventually("it is frozen", || states(&mark) == ['T']);
            pace.release();
            eventually("it goes on, or is over", || states(&mark) != ['T']);
        }
        assert_eq!(outcome.recv_timeout(LONG).unwrap().status, StepStatus::TimedOut);
        assert_eq!(states(&mark), Vec::<char>::new());
    }
}

#[test]
fn nothing_starts_while_held() {
    for sandbox in sandboxes() {
        let (workspace, mark, pace) = (TempDir::new().unwrap(), mark(), Pace::new());
        let session = open(&sandbox.yielding(pace.clone()), workspace.path());
        pace.hold();
        let outcome = beside(session, Step::new(["echo", &mark], LIMIT), &CancelToken::new());
        assert_eq!(outcome.recv_timeout(Duration::from_millis(200)), Err(RecvTimeoutError::Timeout));
        pace.release();
        let outcome = outcome.recv_timeout(LONG).unwrap();
        assert_eq!((outcome.status, outcome.stdout.text), (StepStatus::Exited(0), format!("{mark}\n")));
        assert!(outcome.waited > Duration::ZERO && outcome.frozen == Duration::ZERO);
    }
}

#[test]
fn nothing_opens_while_held_and_cancelling_ends_the_wait() {
    let (workspace, pace, cancel) = (TempDir::new().unwrap(), Pace::new(), CancelToken::new());
    for sandbox in sandboxes() {
        pace.hold();
        cancel.cancel();
        let view = View { root: workspace.path().to_owned(), ..View::default() };
        assert!(sandbox.yielding(pace.clone()).open(&view, &cancel).is_err());
    }
}

/// A test that fails when it sees its clock jump. What it starts tells that it has begun to look.
const WATCHES_THE_CLOCK: &str = "
import subprocess, time
before = start = time.monotonic()
begun = subprocess.Popen(['sleep', MARK])
while before < start + 0.3:
    time.sleep(0.01)
    now = time.monotonic()
    if now > before + 1:
        raise SystemExit(1)
    before = now
";

#[test]
fn a_suite_that_falls_over_a_pause_is_asked_again() {
    for sandbox in sandboxes() {
        let (workspace, mark, pace) = (TempDir::new().unwrap(), mark(), Pace::new());
        let script = WATCHES_THE_CLOCK.replace("MARK", &format!("'{mark}'"));
        fs::write(workspace.path().join("t.py"), script).unwrap();
        let root = workspace.path().to_owned();
        let runner = Runner::of_command("python3 t.py", LanguageId::new("python"));
        let facts = Facts::gather(&Snapshot::default());
        let suite = Suite::new(runner, Programs::of(&root), &facts, TestSettings::default());
        let sandbox = sandbox.yielding(pace.clone());
        let (sender, done) = channel();
        thread::spawn(move || {
            let baseline = Baseline::take(&root, &sandbox, &suite, None, &CancelToken::new());
            sender.send(baseline.map(|baseline| (baseline.passing.len(), baseline.runs))).is_ok()
        });
        eventually("it has begun", || states(&mark) == ['S']);
        pace.hold();
        eventually("it is frozen", || states(&mark) == ['T']);
        assert!(done.recv_timeout(Duration::from_millis(1500)).is_err());
        pace.release();
        assert_eq!(done.recv_timeout(LONG).unwrap().unwrap(), (1, 2), "it passed in two runs");
    }
}

#[test]
fn idle_steps_are_idle_and_others_only_nice() {
    for sandbox in sandboxes() {
        let workspace = TempDir::new().unwrap();
        let seen = |sandbox: &Sandbox| {
            let script = "cat /proc/self/stat; grep -o 'nice.*' /proc/self/autogroup || echo none";
            let step = Step::new(["sh", "-c", script], LONG);
            let outcome = open(sandbox, workspace.path()).run(&step, &CancelToken::new()).unwrap();
            let text = outcome.stdout.text;
            let words = text.lines().next().unwrap().rsplit_once(')').unwrap().1;
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            (words, text.lines().nth(1).unwrap().to_owned())
        };
        let (facts, _) = seen(&sandbox);
        assert_eq!(priority(&facts), ("10", "0"));
        let (facts, group) = seen(&sandbox.at_idle_priority());
        assert_eq!(priority(&facts), ("19", IDLE));
        assert!(["nice 19", "none"].contains(&group.as_str()), "its scheduling group gives way too: {group}");
    }
}

#[test]
fn a_thread_lowers_its_own_priority_alone() {
    let here = || facts(Path::new("/proc/thread-self/stat")).unwrap();
    let before = here();
    let lowered = thread::spawn(move || {
        lower_priority_of_this_thread();
        here()
    });
    assert_eq!(priority(&lowered.join().unwrap()), ("19", IDLE));
    assert_eq!(priority(&here()), priority(&before));
}
