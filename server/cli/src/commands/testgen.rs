//! `hephaestus testgen`.

use crate::args::{Common, Testgen, TestgenFormat};
use crate::commands::forge::{counted, notice_line};
use crate::commands::{cancel_on_interrupt, helper};
use crate::failure::{Failure, Kind};
use crate::progress::TestgenProgress;
use crate::terminal::{self, BAD, FAINT, GOOD, ODD, PLACE, STRONG};
use hephaestus_core::{Budget, Mutant, Strength};
use hephaestus_workspace::{FileTests, GeneratedTest, OpenOptions, TestgenReport, TestgenRequest, Workspace};
use std::process::ExitCode;

/// Faults that are named under a test.
const SHOWN_FAULTS: usize = 3;

pub(crate) fn run(common: &Common, own: &Testgen) -> Result<ExitCode, Failure> {
    let cancel = cancel_on_interrupt();
    let options = OpenOptions { paths: own.paths.clone() };
    let workspace = Workspace::open(&common.root, &options, &cancel)?;
    let forge = &workspace.config().forge;
    let request = TestgenRequest {
        budget: Budget { wall: own.budget, ..Budget::default() },
        slots: own.jobs.unwrap_or(forge.jobs) as usize,
        seed: own.seed.unwrap_or(forge.seed),
        ..TestgenRequest::new(helper()?)
    };
    let mut progress = TestgenProgress::new(common.quiet);
    let result = workspace.testgen(&request, &cancel, &mut |event| progress.tell(&event));
    progress.finish();
    let mut report = result?;
    let missed = own.min_kills.filter(|wanted| report.kills() < *wanted);
    if own.apply && missed.is_none() && report.is_offered() {
        workspace.apply_tests(&mut report)?;
    }
    let text = match own.format {
        TestgenFormat::Text => text(&report, own, common.quiet),
        TestgenFormat::Json => format!("{}\n", serde_json::to_string_pretty(&report.to_json())?),
    };
    terminal::print(&text)?;
    match missed {
        Some(wanted) => {
            let message =
                format!("{} faults are noticed by new tests, {wanted} are required", report.kills());
            Err(Failure::new(Kind::Missed, message))
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

/// The run as text.
fn text(report: &TestgenReport, own: &Testgen, quiet: bool) -> String {
    let mut text = String::new();
    for file in &report.files {
        text.push_str(&of_file(report, file));
    }
    if own.diff {
        text.push_str(&report.diff());
    }
    if !quiet {
        text.push_str(&summary(report, own));
    }
    text
}

fn of_file(report: &TestgenReport, file: &FileTests) -> String {
    let (before, after) = (share(file.before), share(file.after));
    let place = file.tests_in.as_ref().map(|path| format!(" in {path}")).unwrap_or_default();
    let tests = counted(file.tests.len(), "new test");
    let mut text =
        format!("{PLACE}{}{PLACE:#} {STRONG}{before} → {after}{STRONG:#}: {tests}{place}\n", file.file);
    for test in &file.tests {
        text.push_str(&of_test(report, test));
    }
    if file.wavering > 0 {
        text.push_str(&format!("  {ODD}{} taken out: not the same each time{ODD:#}\n", file.wavering));
    }
    if !file.left.is_empty() {
        let left = counted(file.left.len(), "fault");
        text.push_str(&format!(
            "  {BAD}{left} still unnoticed{BAD:#} {FAINT}({} calls tried){FAINT:#}\n",
            file.tried
        ));
    }
    text
}

fn of_test(report: &TestgenReport, test: &GeneratedTest) -> String {
    let mut text = format!("  {GOOD}+{GOOD:#} {}\n", test.shows);
    let fault = |mutant: &Mutant| format!("{}: {}", report.line(mutant), mutant.description);
    for mutant in test.notices.iter().take(SHOWN_FAULTS) {
        text.push_str(&format!("      {FAINT}notices line {}{FAINT:#}\n", fault(mutant)));
    }
    if let Some(more) = test.notices.len().checked_sub(SHOWN_FAULTS).filter(|more| *more > 0) {
        text.push_str(&format!("      {FAINT}and {more} more{FAINT:#}\n"));
    }
    if test.notices.is_empty() {
        let lines: Vec<String> = test.lines.iter().map(ToString::to_string).collect();
        text.push_str(&format!("      {FAINT}is the first to reach line {}{FAINT:#}\n", lines.join(", ")));
    }
    text
}

fn summary(report: &TestgenReport, own: &Testgen) -> String {
    let mut text = String::new();
    for notice in &report.notices {
        text.push_str(&format!("{ODD}note{ODD:#}: {}\n", notice_line(notice)));
    }
    let (before, after) = report.strength();
    let (tests, kills) = (report.tests().count(), report.kills());
    let notice = if tests == 1 { "notices" } else { "notice" };
    let each = if kills > 0 {
        format!(" ({:.2} tests for each)", tests as f64 / kills as f64)
    } else {
        String::new()
    };
    text.push_str(&format!(
        "{STRONG}{} → {}{STRONG:#}: {} {notice} {} that no test did{each}, in {:.1} s ({})\n",
        share(before),
        share(after),
        counted(tests, "new test"),
        counted(kills, "fault"),
        report.wall.as_secs_f64(),
        report.ended
    ));
    if !report.applied().is_empty() {
        let files: Vec<&str> = report.applied().iter().map(|path| path.as_str()).collect();
        text.push_str(&format!("{GOOD}written{GOOD:#}: {}\n", files.join(", ")));
    } else if tests > 0 && !own.apply {
        text.push_str(
            "They hold what the code does today: read them with --diff, write them with --apply.\n",
        );
    }
    text
}

/// How many of the faults the tests notice, in percent. Rounded down: 100 is all of them.
fn share(strength: Strength) -> String {
    let share = strength.share().map(|share| format!("{:.1} %", (share * 1000.0 + 1e-9).floor() / 10.0));
    share.unwrap_or_else(|| "-".to_owned())
}
