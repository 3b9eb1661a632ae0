//! The page about everything that was tried in a workspace: the data that [`History`] gathered goes in, one HTML file
//! comes out. The headline is written here, escaped, so that it can be read without JavaScript; the scripts draw the
//! rest from the same data. Data is never markup: it enters the page through [`markup`](super::markup) alone. Does no IO.

use super::markup::{amount, counted, embed, escape, fill, list, moment, number, text};
use super::{base_name, mutants, nonce};
use hephaestus_workspace::History;
use serde_json::{Value, json};
use std::fmt::Write;

const PAGE: &str = include_str!("history.html");
const STYLE: &str = concat!(include_str!("page/base.css"), include_str!("history.css"));
const SCRIPT: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("page/elements.js"),
    include_str!("page/diff.js"),
    include_str!("page/evidence.js"),
    include_str!("page/theme.js"),
    include_str!("history/model.js"),
    include_str!("history/times.js"),
    include_str!("history/panel.js"),
    include_str!("history/goals.js"),
    include_str!("history/layout.js"),
    include_str!("history/lineage.js"),
    include_str!("history/treemap.js"),
    include_str!("history/start.js"),
    "})();\n"
);

/// What the page may use. The mutants' own page, in a frame, is held to the policy of this one too: where there is one,
/// styles and fonts of its component are let in.
const POLICY: &str = "style-src 'nonce-{{nonce}}'";
const POLICY_WITH_MUTANTS: &str = "style-src 'unsafe-inline'; font-src data:";

/// Renders everything that was tried as a self-contained HTML page.
#[must_use]
pub(crate) fn render(history: &History) -> String {
    let index = &history.index;
    let data = embed(index);
    let nonce = nonce(&data, SCRIPT);
    let mut details = String::new();
    for (place, piece) in history.details.iter().enumerate() {
        let piece = embed(piece);
        let _ =
            writeln!(details, "<script type=\"application/json\" id=\"details-{place}\">{piece}</script>");
    }
    let mutants = history.mutants.as_ref().map(|report| {
        let page = mutants::render_with(&report.to_json(), &strength_words(index), &nonce);
        let page = embed(&json!([page]));
        format!("<script type=\"application/json\" id=\"mutants-page\">{page}</script>")
    });
    let policy =
        if mutants.is_some() { POLICY_WITH_MUTANTS.to_owned() } else { fill(POLICY, &[("nonce", &nonce)]) };
    let notices: String = list(index, "/notices")
        .iter()
        .filter_map(Value::as_str)
        .map(|it| format!("<li>{}</li>", escape(it)))
        .collect();
    fill(
        PAGE,
        &[
            ("nonce", &nonce),
            ("policy", &policy),
            ("style", STYLE),
            ("script", SCRIPT),
            ("data", &data),
            ("details", &details),
            ("mutants", mutants.as_deref().unwrap_or_default()),
            ("project", &escape(base_name(text(index, "/root")))),
            ("root", &escape(text(index, "/root"))),
            ("facts", &facts(index)),
            ("answer", &answer(index)),
            ("numbers", &numbers(index)),
            (
                "notices",
                &if notices.is_empty() { notices } else { format!("<ul class=\"warnings\">{notices}</ul>") },
            ),
            ("version", &escape(text(index, "/version"))),
        ],
    )
}

/// When it was written, and what it tells about.
fn facts(index: &Value) -> String {
    let runs = list(index, "/runs");
    let mut facts =
        vec![format!("written {}", moment(number(index, "/written_ms").unwrap_or_default() as u64))];
    if let Some(first) = runs.first() {
        let since = moment(number(first, "/started_ms").unwrap_or_default() as u64);
        let day = since.split(' ').next().unwrap_or_default();
        facts.push(format!("{} since {day}", counted(runs.len() as u64, "run")));
    }
    let left_out = number(index, "/left_out").unwrap_or_default() as u64;
    if left_out > 0 {
        facts.push(format!("the {} tried longest ago are left out", counted(left_out, "candidate")));
    }
    facts.iter().map(|fact| format!("<li>{fact}</li>")).collect()
}

/// How many goals are in one of these states.
fn goals_in(index: &Value, states: &[&str]) -> u64 {
    list(index, "/goals").iter().filter(|goal| states.contains(&text(goal, "/state"))).count() as u64
}

/// The sentence that a hurried reader takes away.
fn answer(index: &Value) -> String {
    let (ready, applied) = (goals_in(index, &["proven"]), goals_in(index, &["applied"]));
    let goals = list(index, "/goals").len();
    let (class, sentence, more) = if goals == 0 && list(index, "/runs").is_empty() {
        ("none", "Nothing has been tried here yet".to_owned(), FIRST_STEPS.to_owned())
    } else if ready > 0 {
        let verb = if ready == 1 { "is" } else { "are" };
        (
            "held",
            format!("{} {verb} ready to be applied", counted(ready, "improvement")),
            "<p>Each passed the project\u{2019}s own tests and every gate. <code>hephaestus forge --apply</code> proves \
             them together once more and writes what holds.</p>"
                .to_owned(),
        )
    } else if applied > 0 {
        let verb = if applied == 1 { "was" } else { "were" };
        (
            "alone",
            format!("{} {verb} applied", counted(applied, "improvement")),
            "<p>Nothing more is ready to be applied.</p>".to_owned(),
        )
    } else {
        let tried = list(index, "/candidates").len() as u64;
        (
            "none",
            "Nothing is ready to be applied".to_owned(),
            format!("<p>{} found, {} tried.</p>", counted(goals as u64, "goal"), counted(tried, "candidate")),
        )
    };
    format!("<div class=\"verdict {class}\"><h2>{sentence}</h2>{more}</div>")
}

const FIRST_STEPS: &str = "<p>This page fills itself from what Hephaestus remembers of its runs. Begin with one of these, \
    and write the page again.</p><pre>hephaestus forge      finds, proves and shows improvements\n\
    hephaestus repair     fixes what makes tests fail\n\
    hephaestus mutants    measures how strong the tests are</pre>";

fn numbers(index: &Value) -> String {
    let candidates = list(index, "/candidates");
    let tried = candidates.iter().filter(|it| text(it, "/state") != "untried").count();
    let proven = proven_goals(index);
    let strength = number(index, "/strength/score").map_or_else(
        || "\u{2013}".to_owned(),
        |score| format!("{}<small>%</small>", amount((score * 10.0 + 1e-9).floor() / 10.0)),
    );
    let cpu = cpu_words(number(index, "/cpu_s").unwrap_or_default());
    let rows = [
        ("goals", amount(list(index, "/goals").len() as f64), "places worth improving"),
        ("tried", amount(tried as f64), "candidates run in the sandbox"),
        ("proven", amount(proven as f64), "goals with a candidate that passed every gate"),
        ("applied", amount(goals_in(index, &["applied"]) as f64), "of them written into the files"),
        ("strength", strength, strength_meaning(index)),
        ("CPU time", cpu, "spent in all runs"),
    ];
    rows.iter().fold(String::new(), |mut out, (name, value, meaning)| {
        let class = if *name == "proven" { "ready" } else { "" };
        let _ = write!(
            out,
            "<div class=\"{class}\"><dt>{name}</dt><dd><b>{value}</b><span>{meaning}</span></dd></div>"
        );
        out
    })
}

/// A time in one unit, as large as it may be.
fn cpu_words(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 600.0 => (s.round(), "s"),
        s if s < 36_000.0 => ((s / 60.0).round(), "min"),
        s => ((s / 3600.0).round(), "h"),
    };
    format!("{}<small>{unit}</small>", amount(value))
}

fn strength_meaning(index: &Value) -> &'static str {
    let is_measured = number(index, "/strength/score").is_some();
    match number(index, "/strength/untried").unwrap_or_default() > 0.0 {
        _ if !is_measured => "hephaestus mutants measures the tests",
        true => "of the mutants tried so far are noticed by the tests",
        false => "of the mutants are noticed by the tests",
    }
}

/// Goals of which some candidate held, whatever became of it since.
fn proven_goals(index: &Value) -> usize {
    let candidates = list(index, "/candidates");
    let held = |place: &Value| {
        let place = place.as_u64().and_then(|place| usize::try_from(place).ok());
        let candidate = place.and_then(|place| candidates.get(place));
        candidate.is_some_and(|it| {
            matches!(text(it, "/state"), "proven" | "applied" | "superseded" | "undone" | "dismissed")
        })
    };
    list(index, "/goals").iter().filter(|goal| list(goal, "/candidates").iter().any(held)).count()
}

/// The mutants on one line.
fn strength_words(index: &Value) -> String {
    match number(index, "/strength/score") {
        Some(score) => format!(
            "the tests notice {} of {} mutants: a score of {:.1}",
            amount(number(index, "/strength/killed").unwrap_or_default()),
            amount(number(index, "/strength/counted").unwrap_or_default()),
            (score * 10.0 + 1e-9).floor() / 10.0
        ),
        None => "no mutant says anything about the tests".to_owned(),
    }
}

#[cfg(test)]
mod tests;
