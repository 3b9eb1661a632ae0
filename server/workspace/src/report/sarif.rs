//! Goals as SARIF 2.1.0, for code hosts and other tools that show findings.

use super::json::{GoalsReport, line_column};
use hephaestus_core::{Goal, GoalKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The goals as a SARIF log. Columns count UTF-16 units, as SARIF has it.
#[must_use]
pub fn sarif(report: &GoalsReport) -> Value {
    let rules: BTreeMap<&str, &Goal> =
        report.goals.iter().rev().map(|goal| (goal.rule.as_str(), goal)).collect();
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(nth, rule)| (*rule, nth)).collect();
    let described: Vec<Value> = rules
        .iter()
        .map(|(rule, goal)| {
            json!({
                "id": rule,
                "shortDescription": { "text": goal.message },
                "fullDescription": { "text": if goal.why.is_empty() { &goal.message } else { &goal.why } },
                "defaultConfiguration": { "level": level(goal.kind) },
                "properties": { "kind": goal.kind },
            })
        })
        .collect();
    let results: Vec<Value> =
        report.goals.iter().map(|goal| result(goal, report, index.get(goal.rule.as_str()))).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "hephaestus",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": described,
            }},
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
}

fn level(kind: GoalKind) -> &'static str {
    match kind {
        GoalKind::Repair | GoalKind::Correctness => "warning",
        _ => "note",
    }
}

fn result(goal: &Goal, report: &GoalsReport, rule: Option<&usize>) -> Value {
    let text = report.snapshot().file(&goal.file).map(|file| &*file.text).unwrap_or_default();
    let position = |at: usize| {
        let (line, _) = line_column(text, at);
        let before = text.get(..at).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let units: usize = before.get(start..).unwrap_or_default().chars().map(char::len_utf16).sum();
        (line, units + 1)
    };
    let (start, end) = (position(goal.range.start), position(goal.range.end));
    json!({
        "ruleId": goal.rule,
        "ruleIndex": rule,
        "level": level(goal.kind),
        "message": { "text": goal.message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": percent(goal.file.as_str()), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1 },
        }}],
        "partialFingerprints": { "hephaestusGoal/v1": goal.id },
        "properties": { "kind": goal.kind, "symbol": goal.symbol, "gain": goal.gain, "cost": goal.cost },
    })
}

/// A path as a URI: what is not unreserved is escaped.
fn percent(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(percent("a b/é.py"), "a%20b/%C3%A9.py");
    }
}
