//! The evidence card: everything that speaks for an improvement, and what nobody looked at.

use super::{Spot, View};
use crate::offers::Standing;
use crate::repairs;
use hephaestus_core::{Direction, Evidence, ForgeWhen, Goal, GoalKind, Score, Stage, StageRun, Suspect};
use hephaestus_workspace::{confidence_in_words, found_in_words, question_in_words};
use std::time::Duration;

/// Failing tests that a card names.
const MOST_TESTS: usize = 5;

/// Places where their reason may lie that it names.
const MOST_SUSPECTS: usize = 3;

/// Open questions that it asks.
const MOST_QUESTIONS: usize = 3;

/// One line: what gets better, and what it was proved by.
pub(crate) fn in_short(standing: &Standing) -> String {
    let evidence = &standing.offer.trial.evidence;
    let gains = gains(&standing.offer.score);
    let full = evidence.full_runs();
    let mut tests = format!("{} passed {}", counted(evidence.tests_passed(), "test"), times(full));
    let runs = evidence.stable_runs();
    if runs > full {
        tests.push_str(&format!(", those that reach it {}", times(runs)));
    }
    let weak = if standing.offer.score.weakly_tested { ", weakly tested" } else { "" };
    if standing.is_repair() {
        let confidence = standing.offer.candidate.found.as_ref().map(|found| found.confidence);
        let sure = confidence.map(|sure| format!("{}; ", confidence_in_words(sure))).unwrap_or_default();
        return format!("{sure}{tests}");
    }
    if gains.is_empty() { format!("{tests}{weak}") } else { format!("{}; {tests}{weak}", gains.join(", ")) }
}

/// What has to be done for something to be proved on the present text.
pub(crate) fn to_prove(view: &View<'_>) -> &'static str {
    match view.folder.map(|folder| folder.config.editor.forge) {
        Some(ForgeWhen::OnSave) => "it is proved when you save the file",
        Some(ForgeWhen::OnDemand) => "it is proved when you forge the file",
        None => {
            "it cannot be proved here: the file lies in no folder that is open, so there are no tests to ask"
        }
    }
}

/// The whole card, in Markdown.
pub(crate) fn card(view: &View<'_>, spot: &Spot<'_>) -> String {
    let (goal, standing, to_prove) = (spot.goal, spot.standing, to_prove(view));
    let mut card = format!("**{}**  \n`{}`\n\n", goal.message, goal.rule);
    if !goal.why.is_empty() {
        card.push_str(&format!("{}\n\n", goal.why));
    }
    if goal.kind == GoalKind::Strengthen {
        card.push_str("*A test that fails on this fault makes everything proved here worth more.*\n");
        return card;
    }
    if goal.kind == GoalKind::Repair {
        card.push_str(&failing(goal));
    }
    let Some(standing) = standing else {
        card.push_str(&format!("*Nothing is proven yet: {to_prove}.*\n"));
        return card;
    };
    let evidence = &standing.offer.trial.evidence;
    let is_proven = spot.patch.is_some();
    card.push_str(if is_proven {
        "**Proven improvement**\n\n"
    } else {
        "**Proven before your last edits**\n\n"
    });
    if !is_proven {
        card.push_str(&format!("For the text as it is now {to_prove}.\n\n"));
    }
    if let Some(found) = &standing.offer.candidate.found {
        for words in found_in_words(found) {
            card.push_str(&format!("- {words}\n"));
        }
        for question in found.questions.iter().take(MOST_QUESTIONS) {
            card.push_str(&format!("- **open**: {}\n", question_in_words(question)));
        }
    }
    for gain in gains(&standing.offer.score) {
        card.push_str(&format!("- {gain}\n"));
    }
    for measure in &evidence.external {
        card.push_str(&format!("- {}\n", measure.in_words()));
    }
    for run in &evidence.stages {
        let what = outcome(evidence, run);
        card.push_str(&format!("- {}: {what} ({})\n", run.stage.as_str(), seconds(run.wall)));
    }
    if !evidence.set_aside.is_empty() {
        card.push_str(&format!(
            "- set aside, red or flaky without the change: {}\n",
            evidence.set_aside.len()
        ));
    }
    for note in &evidence.notes {
        card.push_str(&format!("- note: {note}\n"));
    }
    card.push_str(&format!("\nnot checked: {}\n", not_checked(standing).join(", ")));
    card
}

/// What came out of a stage that held.
pub(crate) fn outcome(evidence: &Evidence, run: &StageRun) -> String {
    match run.stage {
        Stage::Full | Stage::Impacted | Stage::Again => format!("{} passed", counted(run.passed, "test")),
        Stage::Reach => "the tests run the code that is changed".to_owned(),
        stage => evidence.measured(stage).unwrap_or_else(|| "held".to_owned()),
    }
}

/// The tests that fail, and where their reason may lie.
fn failing(goal: &Goal) -> String {
    let mut text = String::new();
    let tests = &goal.acceptance.must_pass;
    for test in tests.iter().take(MOST_TESTS) {
        text.push_str(&format!("- fails: `{test}`\n"));
    }
    if tests.len() > MOST_TESTS {
        text.push_str(&format!("- and {} more\n", tests.len() - MOST_TESTS));
    }
    for suspect in repairs::suspects(goal).iter().take(MOST_SUSPECTS) {
        let Suspect { file, line, suspicion, .. } = suspect;
        text.push_str(&format!("- suspicious: {file}:{line} ({:.0} %)\n", suspicion * 100.0));
    }
    text.push('\n');
    text
}

/// What nobody looked at.
pub(crate) fn not_checked(standing: &Standing) -> Vec<String> {
    let mut list = standing.offer.trial.evidence.not_checked.clone();
    if standing.earlier.is_some() {
        list.push("whether other files changed since it was proved in an earlier session".to_owned());
    } else if standing.others_changed {
        list.push("that other files were changed since".to_owned());
    }
    if !standing.moved.is_empty() {
        list.push("this one without the others it was proved together with".to_owned());
    }
    if list.is_empty() {
        list.push("anything the tests do not test".to_owned());
    }
    list
}

fn gains(score: &Score) -> Vec<String> {
    let changed = score
        .measures
        .iter()
        .filter(|measure| measure.direction != Direction::Shown && measure.gain() != 0.0);
    changed.map(|measure| format!("{} {} → {}", measure.dimension, measure.before, measure.after)).collect()
}

/// `1 test`, `2 tests`.
pub(crate) fn counted(count: u32, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
