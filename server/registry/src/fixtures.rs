//! Small goals, candidates and scores for this crate's tests.

use std::time::Duration;

use hephaestus_core::{
    Acceptance, ByteRange, Candidate, CandidateId, ContentHash, Dimension, Direction, Edit, EngineId,
    Evidence, Goal, GoalKind, GoalOrigin, LanguageId, Ledger, Measure, Patch, RelPath, Score, Snapshot,
    SourceFile, Trial, TrialCost, Verdict,
};

pub(crate) fn context(name: &str) -> ContentHash {
    ContentHash::of(name.as_bytes())
}

pub(crate) fn path(file: &str) -> RelPath {
    RelPath::new(file).unwrap()
}

pub(crate) fn snapshot(file: &str, text: &str) -> Snapshot {
    Snapshot::default().with_file(SourceFile::new(path(file), LanguageId::new("python"), text, false))
}

/// A goal about `file`, whose whole text is `text`.
pub(crate) fn goal(file: &str, text: &str) -> Goal {
    let (kind, rule, file) = (GoalKind::Simplify, "python/collapse-nested-if", path(file));
    Goal {
        id: Goal::stable_id(kind, rule, &file, Some("f"), text, 0),
        kind,
        rule: rule.to_owned(),
        file: file.clone(),
        language: LanguageId::new("python"),
        range: ByteRange::new(0, text.len()),
        line: 1,
        message: "Nested `if` can be one condition".to_owned(),
        why: "Shorter.".to_owned(),
        symbol: Some("f".to_owned()),
        acceptance: Acceptance { improves: vec![Dimension::Cognitive], target: None, must_pass: vec![] },
        base: ContentHash::of(text.as_bytes()),
        footprint: vec![file],
        origin: GoalOrigin::Measured,
        gain: 0.5,
        cost: 1.0,
    }
}

/// A candidate that replaces the first byte of the goal's file by `text`.
pub(crate) fn candidate(goal: &Goal, text: &str) -> Candidate {
    let patch = Patch::edit(goal.file.clone(), goal.base.clone(), vec![Edit::new(0..1, text)]).unwrap();
    Candidate::new(&goal.id, patch, EngineId::new("rewrite"), vec!["collapse".to_owned()], 0.5)
}

pub(crate) fn trial(candidate: &Candidate, verdict: Verdict) -> Trial {
    let cost = TrialCost { wall: Duration::from_millis(1500), cpu: Duration::from_millis(700) };
    let evidence = Evidence { runner: "pytest".to_owned(), ..Evidence::default() };
    Trial { candidate: candidate.id.clone(), verdict, evidence, cost, remembered: false }
}

pub(crate) fn score(accepted: bool, cognitive_after: f64) -> Score {
    let measure = Measure {
        dimension: Dimension::Cognitive,
        before: 5.0,
        after: cognitive_after,
        direction: Direction::Lower,
        error: 0.0,
    };
    Score {
        measures: vec![measure],
        gates: vec![],
        weighted: 0.25,
        accepted,
        weakly_tested: false,
        target_met: accepted,
        reasons: vec![],
    }
}

/// Records one trial of [`candidate`], with a score when `accepted` says what it came to.
pub(crate) fn try_one(
    ledger: &dyn Ledger,
    goal: &Goal,
    text: &str,
    verdict: Verdict,
    accepted: Option<bool>,
) -> CandidateId {
    let candidate = candidate(goal, text);
    let score = accepted.map(|accepted| score(accepted, 3.0));
    ledger.record_trial(goal, &candidate, &trial(&candidate, verdict), score.as_ref());
    candidate.id
}
