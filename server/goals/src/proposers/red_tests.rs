//! Tests that fail on the unchanged code: one goal for all that seem to fail for one reason, one for each where nobody
//! knows. Looks for no reason itself; whoever ran the tests hands it in.

use crate::{Draft, Proposer, Survey};
use hephaestus_core::{ByteRange, Cause, Dimension, GoalKind, GoalOrigin, RelPath, Suspect, TestFailure};
use std::collections::BTreeSet;

pub(super) struct RedTests;

impl Proposer for RedTests {
    fn name(&self) -> &'static str {
        "red tests"
    }

    fn kinds(&self) -> &'static [GoalKind] {
        &[GoalKind::Repair]
    }

    fn propose(&self, survey: &Survey<'_>) -> Vec<Draft> {
        let mut explained = BTreeSet::new();
        let mut drafts = Vec::new();
        for cause in survey.causes {
            // What passes by now has no goal, and a test has one cause: the first that names it.
            let tests: Vec<&TestFailure> = cause
                .tests
                .iter()
                .filter_map(|id| survey.red_tests.iter().find(|failure| failure.id == *id))
                .filter(|failure| explained.insert(failure.id.as_str()))
                .collect();
            drafts.extend(draft(&tests, &suspects(cause, survey), survey));
        }
        let rest = survey.red_tests.iter().filter(|failure| !explained.contains(failure.id.as_str()));
        drafts.extend(rest.filter_map(|failure| draft(&[failure], &[], survey)));
        drafts
    }
}

/// The suspects that lie in the text as it is, outside test files.
fn suspects(cause: &Cause, survey: &Survey<'_>) -> Vec<Suspect> {
    let stands = |suspect: &&Suspect| {
        let file = survey.snapshot.file(&suspect.file);
        file.is_some_and(|file| !file.is_test && suspect.range.slice(&file.text).is_some())
    };
    cause.suspects.iter().filter(stands).cloned().collect()
}

/// The goal of making `tests` pass.
fn draft(tests: &[&TestFailure], suspects: &[Suspect], survey: &Survey<'_>) -> Option<Draft> {
    let (first, others) = tests.split_first()?;
    let (file, range) = place(&first.id, survey)?;
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
        message: message(first, others.len()),
        why: match others.len() {
            0 => "A red test cannot judge anything; it is set aside until it passes.".to_owned(),
            _ => "They seem to fail for one reason. Red tests cannot judge anything; they are set aside until they pass."
                .to_owned(),
        },
        improves: vec![Dimension::Functionality],
        target: None,
        must_pass: tests.iter().map(|failure| failure.id.clone()).collect(),
        origin: GoalOrigin::Test { test: first.id.clone(), suspects: suspects.to_vec() },
        gain: 1.0,
        cost: 50.0,
    })
}

fn message(first: &TestFailure, others: usize) -> String {
    let said = first.message.lines().find(|line| !line.trim().is_empty()).unwrap_or("it fails").trim();
    match others {
        0 => format!("`{}` fails: {said}", first.id),
        others => format!("{} tests fail, `{}` among them: {said}", others + 1, first.id),
    }
}

/// Where the test stands: the function its id ends with, in the test file whose path the id names best; where tests have
/// titles instead of names, the statement with the title; else the first test file. Ids look like
/// `tests.test_a::test_x[1]`, `suite > case`, `src/lib.rs::tests::case`.
fn place(id: &str, survey: &Survey<'_>) -> Option<(RelPath, ByteRange)> {
    let words: Vec<&str> =
        id.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let score = |path: &RelPath| path.as_str().split(['/', '.']).filter(|part| words.contains(part)).count();
    let functions = survey.parsed.values().flat_map(|parsed| {
        let named = parsed.functions().iter().filter(|function| words.contains(&function.name.as_str()));
        named.map(move |function| (parsed.file(), function.range))
    });
    let function = functions.max_by_key(|(file, _)| (score(&file.path), file.is_test));
    // A title may well be the name of what is tested.
    let place = match function {
        Some((file, range)) if file.is_test => Some((file.path.clone(), range)),
        Some((file, range)) => titled(id, &score, survey).or_else(|| Some((file.path.clone(), range))),
        None => titled(id, &score, survey),
    };
    place.or_else(|| {
        let tests = survey.snapshot.files.values().filter(|file| file.is_test);
        let best = tests.max_by_key(|file| score(&file.path))?;
        Some((best.path.clone(), ByteRange::new(0, 0)))
    })
}

/// The statement of a test file that has the last part of the id as a string in it.
fn titled(id: &str, score: &dyn Fn(&RelPath) -> usize, survey: &Survey<'_>) -> Option<(RelPath, ByteRange)> {
    let title = id.rsplit(" > ").next()?.rsplit("::").next()?.trim();
    if title.is_empty() {
        return None;
    }
    let places = survey.parsed.values().filter(|parsed| parsed.file().is_test).filter_map(|parsed| {
        let text = &parsed.file().text;
        let at = ['\'', '"', '`'].iter().find_map(|quote| text.find(&format!("{quote}{title}{quote}")))?;
        let line = ByteRange::new(at, at + title.len() + 2);
        Some((parsed.file().path.clone(), parsed.statement_at(at).unwrap_or(line)))
    });
    places.max_by_key(|(path, _)| score(path))
}
