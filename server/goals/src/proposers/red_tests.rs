//! Tests that fail on the unchanged code.

use crate::{Draft, Proposer, Survey};
use hephaestus_core::{ByteRange, Dimension, GoalKind, GoalOrigin, RelPath, TestFailure};

pub(super) struct RedTests;

impl Proposer for RedTests {
    fn name(&self) -> &'static str {
        "red tests"
    }

    fn kinds(&self) -> &'static [GoalKind] {
        &[GoalKind::Repair]
    }

    fn propose(&self, survey: &Survey<'_>) -> Vec<Draft> {
        survey.red_tests.iter().filter_map(|failure| draft(failure, survey)).collect()
    }
}

fn draft(failure: &TestFailure, survey: &Survey<'_>) -> Option<Draft> {
    let (file, range) = place(&failure.id, survey)?;
    let first = failure.message.lines().find(|line| !line.trim().is_empty()).unwrap_or("it fails").trim();
    Some(Draft {
        kind: GoalKind::Repair,
        rule: "red-test".to_owned(),
        footprint: survey
            .snapshot
            .files
            .values()
            .filter(|file| !file.is_test)
            .map(|file| file.path.clone())
            .collect(),
        file,
        range,
        message: format!("`{}` fails: {first}", failure.id),
        why: "A red test cannot judge anything; it is set aside until it passes.".to_owned(),
        improves: vec![Dimension::Functionality],
        target: None,
        must_pass: vec![failure.id.clone()],
        origin: GoalOrigin::Test { test: failure.id.clone(), suspects: vec![] },
        gain: 1.0,
        cost: 50.0,
    })
}

/// Where the test stands: the function its id ends with, in the test file whose path the id names best; else the first
/// test file. Ids look like `tests.test_a::test_x[1]`, `suite > case`, `src/lib.rs::tests::case`.
fn place(id: &str, survey: &Survey<'_>) -> Option<(RelPath, ByteRange)> {
    let words: Vec<&str> =
        id.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let score = |path: &RelPath| path.as_str().split(['/', '.']).filter(|part| words.contains(part)).count();
    let candidates = survey.parsed.values().flat_map(|parsed| {
        parsed
            .functions()
            .iter()
            .filter(|function| words.contains(&function.name.as_str()))
            .map(move |function| (score(&parsed.file().path), parsed.file().path.clone(), function.range))
    });
    if let Some((_, path, range)) = candidates.max_by_key(|(score, ..)| *score) {
        return Some((path, range));
    }
    let tests = survey.snapshot.files.values().filter(|file| file.is_test);
    let best = tests.max_by_key(|file| score(&file.path))?;
    Some((best.path.clone(), ByteRange::new(0, 0)))
}
