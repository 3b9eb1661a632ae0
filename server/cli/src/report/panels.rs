//! The four panels of the first screen, each a table that reads without its chart.
//!
//! Cells marked `data-chart` are where `forge.js` draws; the numbers beside them are the chart's text alternative, so
//! the drawings are hidden from assistive technology.

use super::markup::{amount, count, counted, duration, escape, list, number, text};
use serde_json::Value;
use std::fmt::Write;

/// The measures of the whole project, as named in the JSON, and in words.
const MEASURES: [(&str, &str); 5] = [
    ("cognitive", "cognitive complexity"),
    ("tokens", "tokens"),
    ("statements", "statements"),
    ("findings", "findings"),
    ("functions_over_limit", "functions over limit"),
];

/// Stages of the cascade in words; the place of each is its colour's number in `page/base.css`, the next one is for others.
const STAGES: [(&str, &str); 10] = [
    ("parse", "parse"),
    ("build", "build"),
    ("impacted", "impacted tests"),
    ("reach", "reach check"),
    ("full", "full suite"),
    ("recheck", "linter recheck"),
    ("again", "reaching tests again"),
    ("inputs", "differential inputs"),
    ("strength", "test strength"),
    ("speed", "benchmark"),
];

/// Verdicts in words: what went wrong.
const VERDICTS: [(&str, &str); 7] = [
    ("failed", "a test failed"),
    ("unreached", "no test notices the code"),
    ("unviable", "does not parse or build"),
    ("timed-out", "ran past its time limit"),
    ("flaky", "results differed"),
    ("cancelled", "stopped"),
    ("errored", "the harness failed"),
];

fn empty(sentence: &str) -> String {
    format!("<p class=\"empty\">{sentence}</p>")
}

/// Score before and after, one pair of bars each. Lower is better in all of them.
pub(super) fn score(report: &Value) -> String {
    let mut rows = String::new();
    for (key, words) in MEASURES {
        let side = |side: &str| number(report, &format!("/score/{side}/{key}"));
        let (Some(before), Some(after)) = (side("before"), side("after")) else { continue };
        let class = match after.total_cmp(&before) {
            std::cmp::Ordering::Less => "better",
            std::cmp::Ordering::Equal => "same",
            std::cmp::Ordering::Greater => "worse",
        };
        let _ = write!(
            rows,
            "<tr class=\"{class}\"><th scope=\"row\">{words}</th>\
             <td class=\"chart\" data-chart=\"pair\" data-values=\"{before},{after}\"></td>\
             <td>{}</td><td>{}</td><td class=\"change\">{}</td></tr>",
            amount(before),
            amount(after),
            change(before, after)
        );
    }
    if rows.is_empty() {
        return empty("No score was taken of the whole project.");
    }
    format!(
        "<table class=\"score\"><thead><tr><th scope=\"col\">measure</th><td class=\"chart\"></td>\
         <th scope=\"col\">before</th><th scope=\"col\">after</th><th scope=\"col\">change</th></tr></thead>\
         <tbody>{rows}</tbody></table>"
    )
}

fn change(before: f64, after: f64) -> String {
    if before == after {
        return "none".to_owned();
    }
    if before == 0.0 {
        return format!("+{}", amount(after));
    }
    let percent = (after - before) / before * 100.0;
    let sign = if percent < 0.0 { '\u{2212}' } else { '+' };
    match percent.abs() {
        size if size < 0.1 => format!("{sign}&lt;0.1%"),
        size if size < 10.0 => format!("{sign}{size:.1}%"),
        size => format!("{sign}{size:.0}%"),
    }
}

/// From goals to what was kept.
pub(super) fn funnel(report: &Value) -> String {
    let steps = [
        ("goals", list(report, "/goals").len() as u64),
        ("candidates", count(report, "/stats/candidates")),
        ("trials", count(report, "/stats/trials")),
        ("passed", count(report, "/stats/passed")),
        ("kept", list(report, "/improvements").len() as u64),
    ];
    let widest = steps.iter().map(|(_, value)| *value).max().unwrap_or_default();
    if widest == 0 {
        return empty("Nothing went in.");
    }
    let mut rows = String::new();
    for (place, (name, value)) in steps.iter().enumerate() {
        let next = steps.get(place + 1).map_or(-1.0, |(_, next)| *next as f64);
        let _ = write!(
            rows,
            "<tr class=\"{name}\"><th scope=\"row\">{name}</th><td>{}</td>\
             <td class=\"chart\" data-chart=\"funnel\" data-values=\"{value},{next},{widest}\"></td></tr>",
            amount(*value as f64)
        );
    }
    format!("<table class=\"funnel\"><tbody>{rows}</tbody></table>")
}

/// Where the time went, by stage.
pub(super) fn time(report: &Value) -> String {
    let stages = list(report, "/stats/by_stage");
    let seconds = |stage: &Value| number(stage, "/wall_s").unwrap_or_default().max(0.0);
    let total: f64 = stages.iter().map(seconds).sum();
    if total <= 0.0 {
        return empty("No stage was run.");
    }
    let (mut rows, mut parts) = (String::new(), Vec::new());
    for stage in stages {
        let name = text(stage, "/stage");
        let known = STAGES.iter().position(|(key, _)| *key == name);
        let words = known.and_then(|known| STAGES.get(known)).map_or(name, |(_, words)| *words);
        let colour = known.unwrap_or(STAGES.len());
        parts.push(format!("{colour}:{}", seconds(stage)));
        let _ = write!(
            rows,
            "<tr><th scope=\"row\"><i class=\"swatch hue{colour}\"></i>{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(words),
            counted(count(stage, "/runs"), "run"),
            duration(seconds(stage)),
            share(seconds(stage) / total)
        );
    }
    format!(
        "<div class=\"stack\" data-chart=\"stack\" data-values=\"{}\"></div><table class=\"time\"><tbody>{rows}</tbody></table>",
        parts.join(",")
    )
}

fn share(part: f64) -> String {
    if part > 0.0 && part < 0.01 { "&lt;1%".to_owned() } else { format!("{:.0}%", part * 100.0) }
}

/// Why candidates fell, most frequent first.
pub(super) fn fallen(report: &Value) -> String {
    let mut reasons: Vec<(&str, u64)> = Vec::new();
    if let Some(verdicts) = report.pointer("/stats/by_verdict").and_then(Value::as_object) {
        for (verdict, number) in verdicts.iter().filter(|(verdict, _)| *verdict != "passed") {
            let known = VERDICTS.iter().find(|(key, _)| key == verdict);
            let number = number.as_f64().unwrap_or_default().max(0.0) as u64;
            reasons.push((known.map_or(verdict.as_str(), |(_, words)| *words), number));
        }
    }
    let refused =
        list(report, "/rejected").iter().filter(|it| text(it, "/verdict") == "passed").count() as u64;
    reasons.push(("passed, but not good enough", refused));
    reasons.retain(|(_, number)| *number > 0);
    reasons.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let Some((_, most)) = reasons.first().copied() else { return empty("None fell.") };
    let rows = reasons.iter().fold(String::new(), |mut out, (words, number)| {
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td>\
             <td class=\"chart\" data-chart=\"bar\" data-values=\"{number},{most}\"></td></tr>",
            escape(words),
            amount(*number as f64)
        );
        out
    });
    format!("<table class=\"fallen\"><tbody>{rows}</tbody></table>")
}
