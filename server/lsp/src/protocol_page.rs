//! The manual's page about the protocol says what the server does: every command, message, field and word stands on it,
//! and none that is not there. Reads the page and our own sources; tests nothing else.

use crate::commands;
use crate::event::{Stats, ViewedText};
use crate::features::goals::GoalState;
use serde_json::Value;
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../docs/src/protocol.md");
const LIBRARY: &str = include_str!("lib.rs");
const TELLING: &str = include_str!("state/telling.rs");
const GOALS: &str = include_str!("features/goals.rs");
const EXHIBIT: &str = include_str!("features/exhibit.rs");

/// The piece of `text` after the first `from` up to the next `to`.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("`{from}` is gone")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("`{to}` is gone")).0
}

/// Every literal that follows `before` in `text`.
fn literals<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The methods that are answered, and the one that is sent.
fn methods() -> BTreeSet<&'static str> {
    let mut methods = literals(LIBRARY, ".custom_method(\"");
    methods.extend(literals(TELLING, "notify_named(\""));
    assert!(methods.len() >= 5, "{methods:?}");
    methods
}

/// What stands in backquotes in the page's prose.
fn quoted(page: &str) -> BTreeSet<&str> {
    let prose = page.split("```").step_by(2);
    prose.flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}

/// The first cells of the table rows below a heading, without their backquotes.
fn rows<'a>(section: &'a str, header: &str) -> Vec<&'a str> {
    let table = section.split_once(header).unwrap_or_else(|| panic!("no table `{header}`")).1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| between(row, "| `", "`")).collect()
}

fn section(heading: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("\n### `{heading}`\n")).unwrap();
    rest.split("\n### ").next().unwrap()
}

/// The keys of an object.
fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_command_and_message_is_on_the_page() {
    let quoted = quoted(PAGE);
    for name in commands::NAMES.iter().copied().chain(methods()) {
        assert!(quoted.contains(name), "docs/src/protocol.md does not name `{name}`");
    }
    assert_eq!(rows(PAGE, "| command |"), commands::NAMES, "the table of commands");
}

#[test]
fn the_page_names_no_command_or_message_that_is_not_there() {
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic());
    let marks = |c: char| c == '`' || c == '"';
    for word in PAGE.split(marks) {
        if let Some(name) = word.strip_prefix("hephaestus.").filter(|name| *name != "toml" && is_word(name)) {
            assert!(commands::NAMES.contains(&word), "there is no command `{word}` ({name})");
        }
        if word.strip_prefix("hephaestus/").is_some_and(is_word) {
            assert!(methods().contains(word), "there is no message `{word}`");
        }
    }
}

#[test]
fn the_fields_of_our_messages_are_those_on_the_page() {
    let stats = serde_json::to_value(Stats::default()).unwrap();
    let viewed = serde_json::to_value(ViewedText { text: String::new(), version: 1 }).unwrap();
    for (message, wanted) in [("hephaestus/stats", keys(&stats)), ("hephaestus/viewText", keys(&viewed))] {
        let listed: BTreeSet<&str> = rows(section(message), "| field |").into_iter().collect();
        assert_eq!(listed, wanted, "{message}");
        let example: Value = serde_json::from_str(between(section(message), "```json\n", "```")).unwrap();
        assert_eq!(keys(&example), wanted, "the example of {message}");
    }
}

/// The names of a structure's fields in `source`, as they are sent.
fn fields(source: &'static str, name: &str) -> BTreeSet<String> {
    let fields = between(source, &format!("struct {name} {{"), "\n}").split("pub(crate) ").skip(1);
    let camel = |field: &str| {
        let mut words = field.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |all, word| all + &word[..1].to_uppercase() + &word[1..])
    };
    let fields: BTreeSet<String> = fields.filter_map(|rest| rest.split(':').next()).map(camel).collect();
    assert!(fields.len() >= 2, "{name}: {fields:?}");
    fields
}

#[test]
fn the_fields_of_goals_and_evidence_are_those_on_the_page() {
    let listed = |message: &str, header: &str| -> BTreeSet<String> {
        rows(section(message), header).into_iter().map(str::to_owned).collect()
    };
    assert_eq!(listed("hephaestus/goals", "| field |"), fields(GOALS, "FileGoals"));
    assert_eq!(listed("hephaestus/goals", "| key |"), fields(GOALS, "ListedGoal"));
    assert_eq!(listed("hephaestus/evidence", "| field |"), fields(EXHIBIT, "Exhibit"));
    let parts = [("files", "ChangedFile"), ("scores", "Scored"), ("gates", "Gated"), ("checks", "Checked")];
    for (field, name) in parts.into_iter().chain([("strength", "Strong"), ("suspects", "Suspicious")]) {
        let row = between(section("hephaestus/evidence"), &format!("\n| `{field}` |"), "\n");
        let keys = between(row, "`{", "}`").split(", ").map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(keys, fields(EXHIBIT, name), "{field}");
    }
    let states = rows(section("hephaestus/goals"), "| state of a goal |");
    let words = GoalState::ALL.map(|state| serde_json::to_value(state).unwrap());
    assert_eq!(states, words.iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>());
    let example: Value =
        serde_json::from_str(between(section("hephaestus/goals"), "```json\n", "```")).unwrap();
    let file = &example["files"][0];
    assert_eq!(keys(file), fields(GOALS, "FileGoals").iter().map(String::as_str).collect());
    assert_eq!(keys(&file["goals"][0]), fields(GOALS, "ListedGoal").iter().map(String::as_str).collect());
}

#[test]
fn the_fields_and_words_of_the_status_are_those_on_the_page() {
    let status = section("hephaestus/status");
    let fields = between(TELLING, "pub(crate) struct Status {", "\n}");
    let fields: BTreeSet<&str> =
        fields.split("pub(crate) ").skip(1).filter_map(|rest| rest.split(':').next()).collect();
    assert!(fields.len() >= 4, "{fields:?}");
    assert_eq!(rows(status, "| field |").into_iter().collect::<BTreeSet<_>>(), fields);
    let example: Value = serde_json::from_str(between(status, "```json\n", "```")).unwrap();
    assert_eq!(keys(&example["params"]), fields);
    let mut words = literals(between(TELLING, "fn doing(", "\n    }\n"), "(\"");
    // Messages are literals too.
    words.retain(|word| word.chars().all(|c| c.is_ascii_lowercase()));
    assert!(words.len() >= 6, "{words:?}");
    assert_eq!(rows(status, "| `state` | meaning |").into_iter().collect::<BTreeSet<_>>(), words);
}
