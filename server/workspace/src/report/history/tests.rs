//! What is told of a registry, by goals and candidates written into one.

use super::*;
use crate::open::OpenOptions;
use hephaestus_core::{
    Acceptance, ByteRange, CancelToken, Candidate, ContentHash, DecisionKind, Edit, EngineId, Evidence, Gate,
    GateResult, GoalKind, LanguageId, Ledger, Patch, RelPath, Trial, TrialCost, Verdict,
};
use std::fs;

const TEXT: &str = "x = 1\n";

fn goal(line: u32, text: &str) -> Goal {
    let file = RelPath::new("a.py").unwrap();
    Goal {
        id: GoalId(format!("goal{line}")),
        kind: GoalKind::Simplify,
        rule: "python/rule".to_owned(),
        file: file.clone(),
        language: LanguageId::new("python"),
        range: ByteRange::new(0, 1),
        line,
        message: "Shorter".to_owned(),
        why: "The same sentence for every goal.".to_owned(),
        symbol: None,
        acceptance: Acceptance { improves: vec![], target: None, must_pass: vec![] },
        base: ContentHash::of(text.as_bytes()),
        footprint: vec![file],
        origin: GoalOrigin::Measured,
        gain: 0.5,
        cost: 1.0,
    }
}

fn candidate(goal: &Goal, text: &str) -> Candidate {
    let patch = Patch::edit(goal.file.clone(), goal.base.clone(), vec![Edit::new(0..1, text)]).unwrap();
    Candidate::new(&goal.id, patch, EngineId::new("rewrite"), vec![text.to_owned()], text.len() as f64 / 10.0)
}

fn try_it(ledger: &dyn Ledger, goal: &Goal, candidate: &Candidate, verdict: Verdict, weighted: f64) {
    let evidence = Evidence { not_checked: vec!["speed".to_owned()], ..Evidence::default() };
    let trial = Trial {
        candidate: candidate.id.clone(),
        verdict,
        evidence,
        cost: TrialCost::default(),
        remembered: false,
    };
    let gates =
        vec![GateResult { gate: Gate::Compiles, open: true, reason: "it parses as it has to".to_owned() }];
    let score = Score {
        measures: vec![],
        gates,
        weighted,
        accepted: weighted > 0.0,
        weakly_tested: false,
        target_met: true,
        reasons: vec![],
    };
    ledger.record_trial(goal, candidate, &trial, (verdict == Verdict::Passed).then_some(&score));
}

fn state(history: &History, line: u64) -> &str {
    let goals = history.index["goals"].as_array().unwrap();
    goals.iter().find(|goal| goal["line"] == line).unwrap()["state"].as_str().unwrap()
}

#[test]
fn goals_candidates_and_evidence_are_told_once_each() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.py"), TEXT).unwrap();
    let workspace = Workspace::open(folder.path(), &OpenOptions::default(), &CancelToken::new()).unwrap();
    let registry = Registry::open_in_memory().unwrap();
    let run = registry.start_run("forge", folder.path(), 0, 10).unwrap();
    let ledger = registry.ledger(run.clone(), ContentHash::of(b"c"));
    let (open, proven, applied, stale) = (goal(1, TEXT), goal(2, TEXT), goal(3, "old"), goal(4, "old"));
    for goal in [&open, &proven, &applied, &stale] {
        ledger.record_goal(goal);
    }
    let first = candidate(&proven, "first");
    let second = candidate(&proven, "second").going_on_from(&first);
    try_it(&ledger, &proven, &first, Verdict::Passed, 0.25);
    try_it(&ledger, &proven, &second, Verdict::Passed, 0.5);
    try_it(&ledger, &stale, &candidate(&stale, "old"), Verdict::Passed, 0.5);
    let written = candidate(&applied, "w");
    try_it(&ledger, &applied, &written, Verdict::Passed, 0.5);
    registry.decide(&written.id, DecisionKind::Applied, 20).unwrap();
    registry.finish_run(&run, &json!({ "cpu_s": 2.5, "ended": "done" })).unwrap();
    let history = History::read(folder.path(), Some(&registry), Ok(&workspace)).unwrap();
    let states: Vec<&str> = (1..=4).map(|line| state(&history, line)).collect();
    assert_eq!(states, ["open", "proven", "applied", "stale"]);
    let index = &history.index;
    assert_eq!(
        (&index["cpu_s"], &index["texts"]),
        (&json!(2.5), &json!(["The same sentence for every goal."]))
    );
    let candidates = index["candidates"].as_array().unwrap();
    let best = &index["goals"][1]["best"];
    let best = &candidates[usize::try_from(best.as_u64().unwrap()).unwrap()];
    assert_eq!((&best["id"], &best["weighted"]), (&json!(second.id), &json!(0.5)));
    let parent = &candidates[usize::try_from(best["parent"].as_u64().unwrap()).unwrap()];
    assert_eq!(parent["id"], json!(first.id));
    let piece = &history.details[0];
    assert_eq!(piece["items"].as_array().unwrap().len(), 4);
    assert_eq!(
        piece.to_string().matches("it parses as it has to").count(),
        1,
        "what is said twice is kept once"
    );
    assert!(!history.is_empty() && history.mutants.is_none());
}

#[test]
fn where_the_code_cannot_be_read_what_was_tried_is_told_all_the_same() {
    let registry = Registry::open_in_memory().unwrap();
    let run = registry.start_run("forge", Path::new("w"), 0, 10).unwrap();
    let ledger = registry.ledger(run, ContentHash::of(b"c"));
    let goal = goal(1, TEXT);
    try_it(&ledger, &goal, &candidate(&goal, "y"), Verdict::Passed, 0.5);
    let history = History::read(Path::new("w"), Some(&registry), Err("no source file".to_owned())).unwrap();
    assert_eq!(state(&history, 1), "proven");
    assert_eq!(history.index["notices"], json!(["no source file"]));
}

#[test]
fn without_a_registry_nothing_is_told() {
    let history = History::read(Path::new("w"), None, Err(String::new())).unwrap();
    assert!(history.is_empty() && history.details.is_empty());
}
