//! Conversations with commands in the sandbox: what is said arrives, what is written comes back, nothing hangs.
//! Needs Linux, `cat`, `sh` and `python3`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on shall fail")]

use hephaestus_core::{CancelToken, Pace, SandboxSettings};
use hephaestus_harness::sandbox::{Heard, HelperCommand, Sandbox, Step, StepStatus, Talk, View};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(60);

fn sandbox() -> Sandbox {
    let helper = HelperCommand { program: env!("CARGO_BIN_EXE_hephaestus-sandbox").into(), args: Vec::new() };
    Sandbox::new(helper, SandboxSettings { disk_mb: 64, memory_mb: 1024, ..SandboxSettings::default() })
}

fn talk(sandbox: &Sandbox, root: &Path, argv: &[&str]) -> Talk {
    let view = View { root: root.to_owned(), ..View::default() };
    let session = sandbox.open(&view, &CancelToken::new()).unwrap();
    session.talk(&Step::new(argv.iter().copied(), LONG)).unwrap()
}

fn line(talk: &mut Talk) -> String {
    match talk.hear(LONG, &CancelToken::new()).unwrap() {
        Heard::Line(line) => line,
        other => panic!("no line: {other:?}"),
    }
}

#[test]
fn lines_go_in_and_come_back_whole_however_long_they_are() {
    let folder = TempDir::new().unwrap();
    let mut talk = talk(&sandbox(), folder.path(), &["cat"]);
    let long = "ä".repeat(1_500_000);
    for words in ["one", "", "two\ttabs", long.as_str()] {
        talk.say(words).unwrap();
        assert_eq!(line(&mut talk), words);
    }
    // Much at once, before anything is heard.
    for number in 0..2000 {
        talk.say(&format!("{number} {}", "x".repeat(500))).unwrap();
    }
    for number in 0..2000 {
        assert!(line(&mut talk).starts_with(&format!("{number} ")));
    }
}

#[test]
fn the_end_of_a_command_is_told_with_what_it_wrote_last() {
    let folder = TempDir::new().unwrap();
    let mut talk = talk(&sandbox(), folder.path(), &["sh", "-c", "read x; echo got $x; exit 3"]);
    talk.say("this").unwrap();
    assert_eq!(line(&mut talk), "got this");
    let Heard::Ended(outcome) = talk.hear(LONG, &CancelToken::new()).unwrap() else { panic!("not ended") };
    assert_eq!(outcome.status, StepStatus::Exited(3));
    // Nobody is there any more; saying something to nobody is no error, and nothing comes.
    talk.say("hello?").unwrap();
    assert_eq!(talk.hear(Duration::from_millis(50), &CancelToken::new()).unwrap(), Heard::Nothing);
}

#[test]
fn one_that_does_not_listen_or_answer_holds_up_nobody() {
    let folder = TempDir::new().unwrap();
    let mut talk = talk(&sandbox(), folder.path(), &["python3", "-c", "import time; time.sleep(600)"]);
    talk.say(&"x".repeat(4 << 20)).unwrap();
    assert_eq!(talk.hear(Duration::from_millis(50), &CancelToken::new()).unwrap(), Heard::Nothing);
    let cancel = CancelToken::new();
    cancel.cancel();
    assert_eq!(talk.hear(LONG, &cancel).unwrap(), Heard::Cancelled);
}

#[test]
fn a_held_pace_freezes_the_conversation_and_its_time_does_not_count() {
    let folder = TempDir::new().unwrap();
    let pace = Pace::default();
    let sandbox = sandbox().yielding(pace.clone());
    let mut talk = talk(&sandbox, folder.path(), &["cat"]);
    talk.say("before").unwrap();
    assert_eq!(line(&mut talk), "before");
    pace.hold();
    let release = {
        let pace = pace.clone();
        std::thread::spawn(move || {
            // Longer than the limit below: only frozen time makes the wait so long.
            std::thread::sleep(Duration::from_millis(400));
            pace.release();
        })
    };
    let heard = talk.hear(Duration::from_millis(200), &CancelToken::new()).unwrap();
    assert_eq!(heard, Heard::Nothing);
    release.join().unwrap();
    assert!(talk.frozen() >= Duration::from_millis(200), "{:?}", talk.frozen());
    talk.say("after").unwrap();
    assert_eq!(line(&mut talk), "after");
}
