//! The registry under several processes: one that is killed at any moment, and many that write at once.
//!
//! The first test starts this binary once more, with the folder in its environment, as the writer.

#![cfg(test)]

use std::collections::HashSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use hephaestus_core::{
    Acceptance, ByteRange, Candidate, ContentHash, Edit, EngineId, Evidence, Goal, GoalKind, GoalOrigin,
    LanguageId, Ledger, Patch, RelPath, Trial, TrialCost, Verdict,
};
use hephaestus_registry::{Registry, RunLedger, VersionFilter};

const FOLDER: &str = "HEPHAESTUS_TEST_WRITER_FOLDER";
const COUNT: &str = "HEPHAESTUS_TEST_WRITER_COUNT";
const NAME: &str = "HEPHAESTUS_TEST_WRITER_NAME";

fn goal() -> Goal {
    let file = RelPath::new("a.py").unwrap();
    Goal {
        id: Goal::stable_id(GoalKind::Simplify, "rule", &file, None, "x", 0),
        kind: GoalKind::Simplify,
        rule: "rule".to_owned(),
        file: file.clone(),
        language: LanguageId::new("python"),
        range: ByteRange::new(0, 1),
        line: 1,
        message: "message".to_owned(),
        why: String::new(),
        symbol: None,
        acceptance: Acceptance { improves: vec![], target: None, must_pass: vec![] },
        base: ContentHash::of(b"x"),
        footprint: vec![file],
        origin: GoalOrigin::Measured,
        gain: 0.0,
        cost: 1.0,
    }
}

/// Records a failed candidate whose replacement text is `text`, with a long log.
fn record(ledger: &RunLedger, goal: &Goal, text: &str) {
    let patch = Patch::edit(goal.file.clone(), goal.base.clone(), vec![Edit::new(0..1, text)]).unwrap();
    let candidate = Candidate::new(&goal.id, patch, EngineId::new("test"), vec![], 0.5);
    let trial = Trial {
        candidate: candidate.id.clone(),
        verdict: Verdict::Failed,
        evidence: Evidence::default(),
        cost: TrialCost::default(),
        remembered: false,
    };
    ledger.record_trial(goal, &candidate, &trial, None);
    ledger.put_log(&candidate.id, &text.repeat(2000)).unwrap();
}

fn open_ledger(folder: &Path) -> (Registry, RunLedger) {
    let registry = Registry::open(folder).unwrap();
    let run = registry.start_run("test", Path::new("w"), 0, 0).unwrap();
    let ledger = registry.ledger(run, ContentHash::of(b"context"));
    (registry, ledger)
}

/// The child: writes as often as it is told and says each time that it is done.
fn be_the_writer(folder: &str) {
    let (name, count) = (env::var(NAME).unwrap(), env::var(COUNT).unwrap().parse::<u64>().unwrap());
    let (registry, ledger) = open_ledger(Path::new(folder));
    let mut out = std::io::stdout();
    for n in 0..count {
        record(&ledger, &goal(), &format!("{name}-{n}"));
        registry.cache_put("n", &(n % 10).to_string(), &vec![1; 20_000]).unwrap();
        assert_eq!(ledger.errors().count, 0, "{:?}", ledger.errors());
        writeln!(out, "wrote {n}").unwrap();
    }
}

fn start_writer(folder: &Path, name: &str, count: u64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["a_killed_writer_loses_nothing_it_said_it_wrote", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .env(NAME, name)
        .env(COUNT, count.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

fn assert_sound(folder: &Path) {
    // A second look with plain SQLite, so that this crate's own reading is not its own judge.
    let connection = rusqlite::Connection::open(folder.join("registry.db")).unwrap();
    let answer: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, "ok");
    let dangling = connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    assert!(!dangling);
}

#[test]
fn a_killed_writer_loses_nothing_it_said_it_wrote() {
    if let Ok(folder) = env::var(FOLDER) {
        return be_the_writer(&folder);
    }
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join(".hephaestus");
    let mut promised = 0;
    for round in 0..40_usize {
        let mut writer = start_writer(&folder, &round.to_string(), u64::MAX);
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        // A different number of writes in each round, then another moment of spinning, so that the blow falls anywhere:
        // also while the file is being made (round 0 waits for nothing).
        let wanted = round % 7;
        let seen = lines
            .by_ref()
            .filter(|line| line.as_ref().is_ok_and(|line| line.contains("wrote")))
            .take(wanted)
            .count();
        (0..round * 20_000).for_each(|spin| {
            std::hint::black_box(spin);
        });
        writer.kill().unwrap();
        writer.wait().unwrap();
        assert_eq!(seen, wanted);
        promised += seen;
        // What the writer still said before the blow was written too.
        promised += lines.map_while(Result::ok).filter(|line| line.starts_with("wrote")).count();
        let registry = Registry::open(&folder).unwrap();
        let stored = registry.list_versions(&VersionFilter::All, usize::MAX).unwrap().len();
        assert!(stored >= promised, "round {round}: {stored} of {promised}");
        // The one that was being written may be there or not, but nothing between.
        promised = stored;
        assert_sound(&folder);
    }
    assert!(promised >= 100, "{promised}");
}

#[test]
fn processes_and_threads_write_at_once_and_all_of_it_is_there() {
    const WRITERS: usize = 3;
    const EACH: usize = 40;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join(".hephaestus");
    // The children create the file at once.
    let children: Vec<Child> = (0..WRITERS)
        .map(|n| start_writer(&folder, &format!("process {n}"), u64::try_from(EACH).unwrap()))
        .collect();
    let (registry, _) = open_ledger(&folder);
    thread::scope(|scope| {
        for n in 0..WRITERS {
            let registry = &registry;
            scope.spawn(move || {
                let run = registry.start_run("test", Path::new("w"), 0, 0).unwrap();
                let ledger = registry.ledger(run, ContentHash::of(b"context"));
                for turn in 0..EACH {
                    record(&ledger, &goal(), &format!("thread {n}-{turn}"));
                    ledger.recall(&goal());
                }
                assert_eq!(ledger.errors().count, 0, "{:?}", ledger.errors());
            });
        }
    });
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let all = registry.list_versions(&VersionFilter::All, usize::MAX).unwrap();
    let distinct: HashSet<_> = all.iter().map(|summary| &summary.candidate).collect();
    assert_eq!(distinct.len(), 2 * WRITERS * EACH);
    let (_, later) = open_ledger(&folder);
    assert_eq!(later.recall(&goal()).len(), distinct.len(), "a later run knows what all of them tried");
    assert_sound(&folder);
}
