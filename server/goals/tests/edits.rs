//! Goals that are proposed again while a file is edited are those of the file as it is, with the same ids, on texts that
//! people wrote.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use hephaestus_core::{CancelToken, GoalSettings, RelPath};
use hephaestus_goals::{FileMemory, propose_again, propose_in_file};
use hephaestus_syntax::{Change, Document, Encoding, Languages, Position, RuleSets};

/// A small generator, so that failures repeat.
fn below(state: &mut u64, most: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap() % most.max(1)
}

/// A change of one or two lines somewhere in `text`.
fn change(text: &str, state: &mut u64) -> Change {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let line = below(state, lines.len());
    let copied = lines[below(state, lines.len())].to_owned();
    let at = |line: usize| Position { line: u32::try_from(line).unwrap(), character: 0 };
    let (to, new) = match below(state, 4) {
        0 => (line + 1, String::new()),
        1 => (line, copied),
        2 => (line + 1, copied),
        _ => (line, "\n".to_owned()),
    };
    Change { range: Some((at(line), at(to))), text: new }
}

fn check(path: &str, text: &str, edits: i32) {
    let path = RelPath::new(path).unwrap();
    let language = Languages::builtin().unwrap().detect(&path, "").unwrap();
    let (rules, _) = RuleSets::load([language], &[]).unwrap();
    // Nearly everything that could be a goal is to be one.
    let settings = GoalSettings { cognitive_limit: 1, ..GoalSettings::default() };
    let (mut document, mut memory) = (Document::new(Some(language.clone()), text), FileMemory::default());
    let (mut state, mut seen) = (text.len() as u64, 0);
    for version in 1..=edits {
        let parsed = document.parsed(path.clone(), false, &CancelToken::new()).unwrap();
        let anew = propose_in_file(&parsed, &rules, &settings);
        let again = propose_again(&parsed, &rules, &settings, &mut memory);
        assert_eq!(anew, again, "{path}, before edit {version}:\n{}", document.text());
        seen += anew.len();
        let change = change(&document.text(), &mut state);
        document.apply(version, &[change], Encoding::Utf8).unwrap();
    }
    assert!(seen > 0, "{path}: nothing was proposed");
}

#[test]
fn goals_of_python_stay_the_same() {
    check("check.py", include_str!("../../../tests/real/check.py"), 30);
}

#[test]
fn goals_of_rust_stay_the_same() {
    check("suite.rs", include_str!("../../harness/src/suite.rs"), 20);
}

#[test]
fn goals_of_javascript_stay_the_same() {
    check("forge.js", include_str!("../../cli/src/report/forge.js"), 30);
}
