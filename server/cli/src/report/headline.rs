//! The first lines of the page: what was run, what was found, tried and kept, and the verdict on everything together.
//!
//! Says what the JSON says, in sentences. Draws no conclusion of its own.

use super::markup::{amount, count, counted, duration, escape, list, moment, number, text};
use serde_json::Value;
use std::fmt::Write;

/// How many different "not checked" entries the first screen names.
const NOT_CHECKED_SHOWN: usize = 4;

/// When, how long, with which tests.
pub(super) fn facts(report: &Value) -> String {
    let mut facts = Vec::new();
    if count(report, "/started_ms") > 0 {
        facts.push(moment(count(report, "/started_ms")));
    }
    if let Some(seconds) = number(report, "/stats/wall_s") {
        facts.push(format!("took {}", duration(seconds)));
    }
    if let Some(seconds) = number(report, "/stats/cpu_s") {
        facts.push(format!("{} of CPU", duration(seconds)));
    }
    let runner = text(report, "/runner/name");
    if !runner.is_empty() {
        facts.push(format!("{}, {}", escape(runner), counted(count(report, "/runner/tests"), "test")));
    }
    facts.iter().fold(String::new(), |mut out, fact| {
        let _ = write!(out, "<li>{fact}</li>");
        out
    })
}

/// Found, tried, kept.
pub(super) fn numbers(report: &Value) -> String {
    let rows = [
        ("found", list(report, "/goals").len() as u64, "goals: places worth improving"),
        ("tried", count(report, "/stats/trials"), "candidates run in the sandbox"),
        ("kept", list(report, "/improvements").len() as u64, "improvements that passed every gate"),
    ];
    rows.iter().fold(String::new(), |mut out, (name, value, meaning)| {
        let _ = write!(
            out,
            "<div class=\"{name}\"><dt>{name}</dt><dd><b>{}</b><span>{meaning}</span></dd></div>",
            amount(*value as f64)
        );
        out
    })
}

/// The verdict on everything together, what it rests on and what nobody looked at.
pub(super) fn verdict(report: &Value) -> String {
    let kept = list(report, "/improvements").len() as u64;
    let (class, sentence, reason) = match text(report, "/together/verdict") {
        _ if kept == 0 => nothing_kept(report),
        "" => (
            "alone",
            format!("{} {}, each on its own", counted(kept, "improvement"), verb(kept, "holds", "hold")),
            "They were not tried together.".to_owned(),
        ),
        "passed" => held_together(report, kept),
        other => (
            "fell",
            "The improvements do not hold together".to_owned(),
            format!(
                "{} passed alone; with all of them applied at once the verdict is <strong>{}</strong>. Apply them one by one.",
                amount(kept as f64),
                escape(other)
            ),
        ),
    };
    format!("<div class=\"verdict {class}\"><h2>{sentence}</h2><p>{reason}</p>{}</div>", not_checked(report))
}

fn verb(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

fn nothing_kept(report: &Value) -> (&'static str, String, String) {
    let goals = list(report, "/goals").len() as u64;
    let reason = if goals == 0 {
        "No goal was found, so nothing was tried.".to_owned()
    } else {
        format!(
            "{} found, {} run, and none passed every gate.",
            counted(goals, "goal"),
            counted(count(report, "/stats/trials"), "candidate")
        )
    };
    ("none", "Nothing was kept".to_owned(), reason)
}

fn held_together(report: &Value, kept: u64) -> (&'static str, String, String) {
    let joined = match count(report, "/together/improvements") {
        0 => kept,
        joined => joined,
    };
    let sentence = match joined {
        1 => "1 improvement holds".to_owned(),
        _ => format!("{} improvements hold together", amount(joined as f64)),
    };
    let mut reason = match joined {
        1 => "It was applied and the project\u{2019}s own tests passed.".to_owned(),
        _ => "All were applied at once and the project\u{2019}s own tests passed.".to_owned(),
    };
    let left_out = list(report, "/together/left_out").len() as u64;
    if left_out > 0 {
        let verb = verb(left_out, "passes alone but was", "pass alone but were");
        let _ = write!(reason, " {} more {verb} left out of the combined patch.", amount(left_out as f64));
    }
    let applied = report.pointer("/together/applied").and_then(Value::as_bool) == Some(true);
    reason.push_str(if applied { " They are in your files now." } else { " Your files are unchanged." });
    ("held", sentence, reason)
}

fn not_checked(report: &Value) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for improvement in list(report, "/improvements") {
        for entry in list(improvement, "/evidence/not_checked").iter().filter_map(Value::as_str) {
            if !seen.contains(&entry) {
                seen.push(entry);
            }
        }
    }
    if seen.is_empty() {
        return String::new();
    }
    let more = seen.len().saturating_sub(NOT_CHECKED_SHOWN);
    let shown: Vec<_> = seen.iter().take(NOT_CHECKED_SHOWN).map(|entry| escape(entry)).collect();
    let tail = if more > 0 { format!("; {more} more, named at each improvement") } else { String::new() };
    format!("<p class=\"unchecked\"><b>Not checked:</b> {}{tail}</p>", shown.join("; "))
}

/// What limits the run: stopped early, red or flaky tests, a weak sandbox.
pub(super) fn warnings(report: &Value) -> String {
    let mut warnings = Vec::new();
    let ended = text(report, "/stats/ended");
    if !ended.is_empty() && ended != "done" {
        warnings.push(format!("The run ended before everything was tried: {}.", escape(ended)));
    }
    let (red, flaky) = (list(report, "/runner/red").len() as u64, list(report, "/runner/flaky").len() as u64);
    if red > 0 {
        let verb = verb(red, "was", "were");
        warnings.push(format!("{} {verb} red before any change and judged nothing.", counted(red, "test")));
    }
    if flaky > 0 {
        let verb = verb(flaky, "is", "are");
        warnings.push(format!("{} {verb} flaky and judged nothing.", counted(flaky, "test")));
    }
    if text(report, "/runner/isolation/network") == "shared" {
        warnings.push("The sandbox could not keep the network away.".to_owned());
    }
    if text(report, "/runner/isolation/processes") == "group" {
        warnings.push("The sandbox could not keep processes from detaching themselves.".to_owned());
    }
    let items = warnings.iter().fold(String::new(), |mut out, warning| {
        let _ = write!(out, "<li>{warning}</li>");
        out
    });
    if items.is_empty() { items } else { format!("<ul class=\"warnings\">{items}</ul>") }
}
