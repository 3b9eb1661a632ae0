//! The gate that asks whether something is faster, on changes that change nothing: none shall pass.
//!
//! It needs an entry point of ours that measures pairs of texts; a build without it is told, and measures nothing.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::super::table::{Limit, OURS, Table};
use super::Workbench;
use super::measure::measured;
use super::subjects::{Kind, LANGUAGES, Subject};

/// Our entry point: `hephaestus --root DIR speed --pairs FILE` prints `{"pairs": [{"faster": BOOL}]}` for a file with
/// `[{"file", "old", "new"}]`, where `old` and `new` are whole texts.
const COMMAND: &str = "speed";

/// Pairs in all; of them so many may be called faster by chance.
const PAIRS: usize = 200;
const CALLED_FASTER: f64 = 2.0;

/// A file before and after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    old: String,
    new: String,
}

/// All languages together.
pub(super) fn measure(bench: &Workbench, table: &mut Table) -> anyhow::Result<()> {
    if !bench.ours.knows(COMMAND) {
        println!("bench: noop: this build has no `{COMMAND}` command; nothing is measured");
        return Ok(());
    }
    let number = if bench.is_quick { PAIRS / 10 } else { PAIRS };
    let each = number.div_ceil(LANGUAGES.len());
    let (mut tried, mut faster) = (0, 0);
    for subject in LANGUAGES {
        println!("bench: noop, {}", subject.name);
        let place = bench.fresh_copy(subject, "noop")?;
        let text = fs::read_to_string(place.join(subject.file))?;
        let pairs: Vec<Pair> = pairs(subject.kind, &text, each);
        let answers = called_faster(bench, subject, &place, &pairs)?;
        tried += answers.len();
        faster += answers.iter().filter(|faster| **faster).count();
    }
    table.note("noop", "changes of nothing", "", OURS, tried as f64);
    table.note("noop", "of them called faster", "", OURS, faster as f64);
    table.limit("noop", "of them called faster", Limit::AtMost(CALLED_FASTER));
    Ok(())
}

/// Asks our gate about each pair.
fn called_faster(
    bench: &Workbench,
    subject: &Subject,
    place: &Path,
    pairs: &[Pair],
) -> anyhow::Result<Vec<bool>> {
    let file = place.with_extension("pairs.json");
    let json: Vec<Value> =
        pairs.iter().map(|pair| json!({"file": subject.file, "old": pair.old, "new": pair.new})).collect();
    fs::write(&file, Value::Array(json).to_string())?;
    let mut command = bench.ours.command(place);
    command.arg(COMMAND).arg("--pairs").arg(&file);
    let limit = Duration::from_secs(2 * 3600);
    let run = measured(&command, "noop", &bench.ours.logs, limit)?.expect("hephaestus speed", &[0])?;
    answers(&run.stdout).context("hephaestus speed: not what was agreed")
}

fn answers(text: &str) -> Option<Vec<bool>> {
    let json: Value = serde_json::from_str(text).ok()?;
    json.get("pairs")?.as_array()?.iter().map(|pair| pair.get("faster")?.as_bool()).collect()
}

/// `number` changes of a text that mean nothing, on lines spread over it: a comment, or parentheses around what is
/// returned.
fn pairs(kind: Kind, text: &str, number: usize) -> Vec<Pair> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut all: Vec<Pair> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(changed) = same_line(kind, line) else { continue };
        let mut new = lines.clone();
        if let Some(slot) = new.get_mut(at) {
            *slot = &changed;
        }
        all.push(Pair { old: text.to_owned(), new: new.concat() });
    }
    let step = (all.len() / number.max(1)).max(1);
    all.into_iter().step_by(step).take(number).collect()
}

/// A line of code that returns something, spelled otherwise; `None` for every other line.
fn same_line(kind: Kind, line: &str) -> Option<String> {
    let code = line.trim();
    let indent = line.get(..line.find(code)?)?;
    let comment = if kind == Kind::Pytest { "#" } else { "//" };
    let semicolon = if kind == Kind::Pytest { "" } else { ";" };
    if let Some(value) = code.strip_prefix("return ").and_then(|rest| rest.strip_suffix(semicolon))
        && kind != Kind::Cargo
        && is_whole(value)
    {
        return Some(format!("{indent}return ({value}){semicolon}\n"));
    }
    let ends_a_statement = match kind {
        Kind::Pytest => code.starts_with("return"),
        Kind::Cargo | Kind::Tape => code.ends_with(';') || code.ends_with('{'),
    };
    (ends_a_statement && is_whole(code.trim_end_matches('{')))
        .then(|| format!("{indent}{code} {comment} the same\n"))
}

/// Whether every bracket and quote that opens in a piece of code closes in it.
fn is_whole(code: &str) -> bool {
    let count = |c: char| code.matches(c).count();
    let pairs = [('(', ')'), ('[', ']'), ('{', '}')];
    pairs.iter().all(|(open, close)| count(*open) == count(*close))
        && ['\'', '"', '`'].iter().all(|quote| count(*quote) % 2 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_mean_nothing_and_differ() {
        let text = "def f(a):\n    if a:\n        return a + 1\n    return (\n        a\n    )\n";
        let pairs = pairs(Kind::Pytest, text, 10);
        let new: Vec<&str> = pairs.iter().map(|pair| pair.new.as_str()).collect();
        assert_eq!(new, ["def f(a):\n    if a:\n        return (a + 1)\n    return (\n        a\n    )\n"]);
    }

    #[test]
    fn code_with_semicolons_gets_comments_or_parentheses() {
        assert_eq!(same_line(Kind::Tape, "\treturn a;\n").unwrap(), "\treturn (a);\n");
        assert_eq!(same_line(Kind::Cargo, "    return a;\n").unwrap(), "    return a; // the same\n");
        assert_eq!(same_line(Kind::Cargo, "    if a {\n").unwrap(), "    if a { // the same\n");
        assert_eq!(same_line(Kind::Cargo, "    a\n"), None);
    }

    #[test]
    fn there_are_as_many_as_wanted() {
        let text = "    return a;\n".repeat(50);
        assert_eq!(pairs(Kind::Cargo, &text, 7).len(), 7);
        assert_eq!(pairs(Kind::Cargo, "", 7), []);
    }

    #[test]
    fn answers_are_read() {
        let text = r#"{"pairs": [{"faster": false, "ratio": 1.0}, {"faster": true}]}"#;
        assert_eq!(answers(text), Some(vec![false, true]));
        assert_eq!(answers(r#"{"pairs": [{}]}"#), None);
    }
}
