//! `hephaestus repair`: a forge run that is about failing tests alone.

use crate::args::{Common, ForgeFormat, Repair, Selection};
use crate::commands::forge::{counted, notice_line};
use crate::commands::{cancel_on_interrupt, choose_engines, helper, open};
use crate::failure::{Failure, Kind};
use crate::progress::ForgeProgress;
use crate::terminal::{self, BAD, FAINT, GOOD, ODD, PLACE, STRONG};
use hephaestus_core::{Budget, Goal, GoalKind, GoalOrigin, Offer, Suspect};
use hephaestus_workspace::{
    ForgeReport, ForgeRequest, Repaired, Workspace, found_in_words, question_in_words,
};
use std::process::ExitCode;

/// Most tests of one reason that are named.
const SHOWN_TESTS: usize = 8;

/// Most places where a reason is suspected that are shown.
const SHOWN_SUSPECTS: usize = 3;

/// Most questions that are asked about one fix.
const SHOWN_QUESTIONS: usize = 3;

pub(crate) fn run(common: &Common, own: &Repair) -> Result<ExitCode, Failure> {
    let cancel = cancel_on_interrupt();
    let selection = Selection { paths: own.paths.clone(), kind: vec![GoalKind::Repair.as_str().to_owned()] };
    let mut workspace = open(common, &selection, &cancel)?;
    let request = configure(&mut workspace, own)?;
    let mut progress = ForgeProgress::new(common.quiet);
    let result = workspace.forge(&request, &cancel, &mut |event| progress.tell(&event));
    progress.finish();
    let mut report = result?;
    report.command = "repair";
    let may_write = own.apply && report.proved_patch().is_some();
    let applied = if may_write { Some(workspace.apply(&mut report)?) } else { None };
    let text = match own.format {
        ForgeFormat::Text => text(&report, own, common.quiet),
        ForgeFormat::Json => format!("{}\n", serde_json::to_string_pretty(&report.to_json())?),
        ForgeFormat::Html => crate::report::render(&report.to_json()),
    };
    terminal::print(&text)?;
    if own.apply && !common.quiet {
        match applied {
            Some(applied) => {
                anstream::eprintln!("{GOOD}written{GOOD:#}: {}", counted(applied.files.len(), "file"));
            }
            None => anstream::eprintln!("{ODD}nothing was written{ODD:#}"),
        }
    }
    end(&report)
}

fn configure(workspace: &mut Workspace, own: &Repair) -> Result<ForgeRequest, Failure> {
    // Engines that the user chose for improvements are not meant.
    workspace.config_mut().forge.engines.clear();
    choose_engines(workspace, &own.engine)?;
    let forge = &mut workspace.config_mut().forge;
    forge.jobs = own.jobs.unwrap_or(forge.jobs);
    forge.seed = own.seed.unwrap_or(forge.seed);
    Ok(ForgeRequest {
        budget: Budget { wall: None, cpu: None, trials: own.trials },
        search: Budget { wall: None, cpu: Some(own.budget), trials: None },
        fresh: own.fresh,
        ..ForgeRequest::new(helper()?)
    })
}

/// Success when there is a fix for every reason, each of which can be written.
fn end(report: &ForgeReport) -> Result<ExitCode, Failure> {
    let repairs = report.repairs();
    let missing = repairs.iter().filter(|repaired| !repaired.is_taken).count();
    match (missing, repairs.len()) {
        (0, _) => Ok(ExitCode::SUCCESS),
        (1, 1) => Err(Failure::new(Kind::Missed, "there is no fix")),
        (missing, all) => Err(Failure::new(Kind::Missed, format!("{missing} of {all} have no fix"))),
    }
}

/// The run as text.
fn text(report: &ForgeReport, own: &Repair, quiet: bool) -> String {
    let mut text = String::new();
    let repairs = report.repairs();
    for repaired in &repairs {
        text.push_str(&reason(report, repaired, own.diff));
    }
    if !quiet {
        text.push_str(&summary(report, &repairs, own));
    }
    text
}

/// One reason why tests fail: the tests, where it may lie, and what came of it.
fn reason(report: &ForgeReport, repaired: &Repaired<'_>, with_others: bool) -> String {
    let goal = repaired.goal;
    let mut text = failing(report, goal);
    if let GoalOrigin::Test { suspects, .. } = &goal.origin {
        text.push_str(&suspicious(report, suspects));
    }
    match repaired.fix {
        Some(offer) if offer.goal.id == goal.id => text.push_str(&fix(report, offer, repaired, with_others)),
        Some(offer) => text.push_str(&format!(
            "{GOOD}fixed{GOOD:#} too by the fix for {PLACE}{}:{}{PLACE:#}\n",
            offer.goal.file, offer.goal.line
        )),
        None if repaired.has_rejected => {
            text.push_str(&format!(
                "{BAD}no fix{BAD:#}: what was found did not hold when it was tried in full\n"
            ));
        }
        None => text.push_str(&format!("{BAD}no fix{BAD:#} was found\n")),
    }
    text.push('\n');
    text
}

/// The tests, with what they say.
fn failing(report: &ForgeReport, goal: &Goal) -> String {
    let tests = &goal.acceptance.must_pass;
    let verb = if tests.len() == 1 { "fails" } else { "fail, for one reason it seems" };
    let place = format!("{PLACE}{}:{}{PLACE:#}", goal.file, goal.line);
    let mut text = format!("{BAD}{} {verb}{BAD:#}  {place}\n", counted(tests.len(), "test"));
    let red = || report.runners.iter().flat_map(|runner| &runner.red);
    for test in tests.iter().take(SHOWN_TESTS) {
        let message = red().find(|failure| failure.id == *test).map(|failure| failure.message.as_str());
        let said = message.unwrap_or_default().lines().map(str::trim).rfind(|line| !line.is_empty());
        text.push_str(&format!("  {STRONG}{test}{STRONG:#}  {FAINT}{}{FAINT:#}\n", said.unwrap_or_default()));
    }
    if tests.len() > SHOWN_TESTS {
        text.push_str(&format!("  {FAINT}and {} more{FAINT:#}\n", tests.len() - SHOWN_TESTS));
    }
    text
}

/// The lines where the reason is looked for first.
fn suspicious(report: &ForgeReport, suspects: &[Suspect]) -> String {
    let mut text = String::new();
    for suspect in suspects.iter().take(SHOWN_SUSPECTS) {
        let place = format!("{}:{}", suspect.file, suspect.line);
        let line = report.line_of(suspect).unwrap_or_default();
        text.push_str(&format!(
            "  {ODD}suspicious{ODD:#} {:3.0} %  {PLACE}{place}{PLACE:#}  {line}\n",
            suspect.suspicion * 100.0
        ));
    }
    text
}

/// The fix: its patch, what speaks for it, and what it leaves open.
fn fix(report: &ForgeReport, offer: &Offer, repaired: &Repaired<'_>, with_others: bool) -> String {
    let candidate = &offer.candidate;
    let mut text = format!("{GOOD}fixed{GOOD:#} {FAINT}[{}]{FAINT:#}\n", candidate.operators.join(", "));
    text.push_str(&terminal::coloured(&report.diff(&candidate.patch), "  "));
    let evidence = &offer.trial.evidence;
    text.push_str(&format!(
        "  {} passed in a fresh process, those that reach the change {}\n",
        counted(evidence.tests_passed() as usize, "test"),
        counted(evidence.stable_runs(), "time")
    ));
    for words in candidate.found.iter().flat_map(found_in_words) {
        text.push_str(&format!("  {words}\n"));
    }
    let questions = candidate.found.iter().flat_map(|found| &found.questions);
    for question in questions.take(SHOWN_QUESTIONS) {
        text.push_str(&format!("  {ODD}?{ODD:#} {}\n", question_in_words(question)));
    }
    if !repaired.is_taken {
        text.push_str(&format!("  {ODD}holds alone, but not beside the others{ODD:#}\n"));
    }
    let others = report.alternatives.get(&offer.goal.id).map(Vec::as_slice).unwrap_or_default();
    for other in others.iter().filter(|_| with_others) {
        text.push_str(&format!("{ODD}or{ODD:#} {FAINT}[{}]{FAINT:#}\n", other.operators.join(", ")));
        text.push_str(&terminal::coloured(&report.diff(&other.patch), "  "));
    }
    if !others.is_empty() && !with_others {
        text.push_str(&format!("  {FAINT}{} with --diff{FAINT:#}\n", counted(others.len(), "other change")));
    }
    text
}

fn summary(report: &ForgeReport, repairs: &[Repaired<'_>], own: &Repair) -> String {
    let mut text = String::new();
    for notice in &report.notices {
        text.push_str(&format!("{ODD}note{ODD:#}: {}\n", notice_line(notice)));
    }
    if repairs.is_empty() {
        text.push_str(&nothing_to_do(report));
        return text;
    }
    let fixed = repairs.iter().filter(|repaired| repaired.is_taken).count();
    let searched = &report.stats.searched;
    text.push_str(&format!(
        "{STRONG}{fixed} of {} fixed{STRONG:#}; {} tried in {:.1} s of CPU time, {:.0} s in all ({})\n",
        counted(repairs.len(), "reason"),
        counted(usize::try_from(searched.tried).unwrap_or(usize::MAX), "change"),
        searched.cpu.as_secs_f64(),
        report.stats.wall.as_secs_f64(),
        report.stats.ended
    ));
    if fixed > 0 && !own.apply {
        text.push_str("write the fixes with --apply\n");
    }
    text
}

/// Why there was nothing to repair.
fn nothing_to_do(report: &ForgeReport) -> String {
    let mut text = String::new();
    for runner in &report.runners {
        let (passing, red) = (runner.tests, runner.red.len());
        let verb =
            |number: usize, one: &'static str, many: &'static str| if number == 1 { one } else { many };
        text.push_str(&match red {
            0 => format!(
                "{GOOD}nothing is red{GOOD:#}: {} {} with {}\n",
                counted(passing, "test"),
                verb(passing, "passes", "pass"),
                runner.name
            ),
            red => format!(
                "{} {} with {}, none of them in what was named\n",
                counted(red, "test"),
                verb(red, "fails", "fail"),
                runner.name
            ),
        });
    }
    text
}
