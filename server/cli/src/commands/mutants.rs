//! `hephaestus mutants`.

use crate::args::{Common, Mutants, MutantsFormat};
use crate::commands::forge::{counted, notice_line};
use crate::commands::{cancel_on_interrupt, helper};
use crate::failure::{Failure, Kind};
use crate::progress::MutantsProgress;
use crate::report::render_mutants;
use crate::terminal::{self, BAD, FAINT, GOOD, ODD, PLACE, STRONG};
use hephaestus_core::{Budget, Mutant, MutantStatus};
use hephaestus_workspace::{
    Changes, MutantCounts, MutantsReport, MutantsRequest, OpenOptions, TriedMutant, Workspace,
};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

/// The columns of the table, after the file.
const COLUMNS: &[MutantStatus] = MutantStatus::ALL;

/// Errors that are shown one by one.
const SHOWN_ERRORS: usize = 10;

/// Lines of a mutant that are shown on each side.
const SHOWN_LINES: usize = 4;

/// Characters of a line that are shown.
const SHOWN_WIDTH: usize = 160;

pub(crate) fn run(common: &Common, own: &Mutants) -> Result<ExitCode, Failure> {
    let cancel = cancel_on_interrupt();
    let options = OpenOptions { paths: own.paths.clone() };
    let mut workspace = Workspace::open(&common.root, &options, &cancel)?;
    let request = configure(&mut workspace, own)?;
    let report = if own.list {
        workspace.untried(workspace.list_mutants(&request, &cancel)?)
    } else {
        let mut progress = MutantsProgress::new(common.quiet);
        let result = workspace.mutants(&request, &cancel, &mut |event| progress.tell(&event));
        progress.finish();
        result?
    };
    let text = match own.format {
        MutantsFormat::Text if own.list => listed(&report, common.quiet),
        MutantsFormat::Text => text(&report, common.quiet),
        MutantsFormat::Json => format!("{}\n", serde_json::to_string_pretty(&report.to_json())?),
        MutantsFormat::Html => render_mutants(&report.to_json(), &headline(&report)),
    };
    match &own.output {
        Some(file) => {
            write(file, &text, own.format)?;
            if !common.quiet {
                anstream::eprintln!("{}\n{GOOD}written{GOOD:#}: {}", headline(&report), file.display());
            }
        }
        None => terminal::print(&text)?,
    }
    let wanted = own.min_score.unwrap_or(workspace.config().mutants.min_score);
    match report.counts().score() {
        Some(score) if score < wanted && !own.list => {
            let message = format!("the score is {}, {wanted} is required", shown(score));
            Err(Failure::new(Kind::Missed, message))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn configure(workspace: &mut Workspace, own: &Mutants) -> Result<MutantsRequest, Failure> {
    let settings = &mut workspace.config_mut().mutants;
    if !own.operator.is_empty() {
        settings.operators.clone_from(&own.operator);
    }
    let forge = &workspace.config().forge;
    Ok(MutantsRequest {
        changes: own.in_diff.as_deref().map(changes).transpose()?,
        budget: Budget { wall: own.budget, ..Budget::default() },
        slots: own.jobs.unwrap_or(forge.jobs) as usize,
        seed: own.seed.unwrap_or(forge.seed),
        fresh: own.fresh,
        ..MutantsRequest::new(helper()?)
    })
}

/// A diff where there is such a file, else a revision.
fn changes(word: &str) -> Result<Changes, Failure> {
    let unreadable = |error: std::io::Error| Failure::new(Kind::Usage, format!("{word}: {error}"));
    if word == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(unreadable)?;
        return Ok(Changes::Diff(text));
    }
    if Path::new(word).is_file() {
        return fs::read_to_string(word).map(Changes::Diff).map_err(unreadable);
    }
    Ok(Changes::Since(word.to_owned()))
}

/// Colours are for terminals.
fn write(file: &Path, text: &str, format: MutantsFormat) -> Result<(), Failure> {
    let plain = match format {
        MutantsFormat::Text => anstream::adapter::strip_str(text).to_string(),
        MutantsFormat::Json | MutantsFormat::Html => text.to_owned(),
    };
    fs::write(file, plain)
        .map_err(|error| Failure::new(Kind::Internal, format!("{}: {error}", file.display())))
}

/// Every mutant on a line.
fn listed(report: &MutantsReport, quiet: bool) -> String {
    let line = |mutant: &Mutant| format!("{} {FAINT}[{}]{FAINT:#}\n", place(report, mutant), mutant.operator);
    let mut text: String = report.untried.iter().map(line).collect();
    if !quiet {
        text.push_str(&format!("{}\n", counted(report.untried.len(), "mutant")));
    }
    text
}

/// Where and what.
fn place(report: &MutantsReport, mutant: &Mutant) -> String {
    let (line, column) = report.place(mutant);
    format!("{PLACE}{}:{line}:{column}{PLACE:#} {}", mutant.file, mutant.description)
}

/// The run as text.
fn text(report: &MutantsReport, quiet: bool) -> String {
    let mut text = String::new();
    if !quiet && !report.tried.is_empty() {
        text.push_str(&table(report));
        text.push('\n');
    }
    let of = |status| report.tried.iter().filter(move |tried| tried.result.status == status);
    for tried in of(MutantStatus::Survived) {
        text.push_str(&survivor(report, tried));
    }
    text.push_str(&unreached(report));
    let errors: Vec<&TriedMutant> = of(MutantStatus::Error).collect();
    for tried in errors.iter().take(SHOWN_ERRORS) {
        let (what, why) = (place(report, &tried.result.mutant), &tried.result.reason);
        text.push_str(&format!("{ODD}error{ODD:#} {what}\n  {why}\n"));
    }
    if let Some(more) = errors.len().checked_sub(SHOWN_ERRORS).filter(|more| *more > 0) {
        text.push_str(&format!("{ODD}error{ODD:#} and {more} more (--format json has them)\n"));
    }
    if !quiet {
        text.push_str(&summary(report));
    }
    text
}

fn survivor(report: &MutantsReport, tried: &TriedMutant) -> String {
    let (mutant, tests) = (&tried.result.mutant, tried.result.reached_by.len());
    let reach = if tests == 1 { "1 test reaches it" } else { &format!("{tests} tests reach it") };
    let mut text = format!(
        "{BAD}survived{BAD:#} {} {FAINT}[{}]{FAINT:#}\n  {reach}, and no test fails\n",
        place(report, mutant),
        mutant.operator
    );
    let Some((before, after)) = report.lines(mutant) else { return text };
    let indent = before.len() - before.trim_start().len();
    for (sign, style, lines) in [('-', BAD, &before), ('+', GOOD, &after)] {
        for (nth, line) in lines.lines().enumerate().take(SHOWN_LINES + 1) {
            let line = match line.get(..indent) {
                Some(head) if head.trim().is_empty() => line.get(indent..).unwrap_or_default(),
                _ => line,
            };
            let line: String =
                if nth == SHOWN_LINES { "…".to_owned() } else { line.chars().take(SHOWN_WIDTH).collect() };
            text.push_str(&format!("  {style}{sign} {line}{style:#}\n"));
        }
    }
    text
}

/// What no test reaches, by function: one test is missing there, not one for each mutant.
fn unreached(report: &MutantsReport) -> String {
    let mut places: BTreeMap<(&str, &str), (u32, usize)> = BTreeMap::new();
    for tried in report.tried.iter().filter(|tried| tried.result.status == MutantStatus::NoCoverage) {
        let mutant = &tried.result.mutant;
        let line = report.place(mutant).0;
        let function = mutant.function.as_deref().unwrap_or("the top level");
        let entry = places.entry((mutant.file.as_str(), function)).or_insert((line, 0));
        *entry = (entry.0.min(line), entry.1 + 1);
    }
    let line = |((file, function), (line, count)): ((&str, &str), (u32, usize))| {
        let mutants = counted(count, "mutant");
        format!(
            "{BAD}no coverage{BAD:#} {PLACE}{file}:{line}{PLACE:#} no test reaches {mutants} in {function}\n"
        )
    };
    places.into_iter().map(line).collect()
}

/// A row for each file, and one for all.
fn table(report: &MutantsReport) -> String {
    let row = |name: &str, counts: &MutantCounts| {
        let mut row = vec![name.to_owned()];
        row.extend(COLUMNS.iter().map(|status| counts.of(*status).to_string()));
        row.push(counts.score().map_or_else(|| "-".to_owned(), shown));
        row
    };
    let mut head = vec!["file".to_owned()];
    head.extend(COLUMNS.iter().map(ToString::to_string));
    head.push("score".to_owned());
    let by_file = report.counts_by_file();
    let mut rows = vec![head];
    rows.extend(by_file.iter().map(|(path, counts)| row(path.as_str(), counts)));
    if by_file.len() > 1 {
        rows.push(row("all files", &report.counts()));
    }
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..COLUMNS.len() + 2).map(width).collect();
    let mut text = String::new();
    for (nth, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        let strong = nth == 0 || (by_file.len() > 1 && nth + 1 == rows.len());
        text.push_str(&if strong { format!("{STRONG}{line}{STRONG:#}\n") } else { format!("{line}\n") });
    }
    text
}

/// What came of it on one line.
fn headline(report: &MutantsReport) -> String {
    let counts = report.counts();
    let strength = counts.strength();
    let Some(score) = counts.score() else { return "no mutant says anything about the tests".to_owned() };
    let (low, high) = strength.interval();
    format!(
        "the tests notice {} of {} mutants: a score of {} (95 % interval {} to {})",
        strength.killed,
        strength.total(),
        shown(score),
        shown(low * 100.0),
        shown(high * 100.0)
    )
}

fn summary(report: &MutantsReport) -> String {
    let mut text = String::new();
    for notice in &report.notices {
        text.push_str(&format!("{ODD}note{ODD:#}: {}\n", notice_line(notice)));
    }
    for suite in &report.suites {
        text.push_str(&format!("{STRONG}{}{STRONG:#}: {} judge", suite.title, suite.counted()));
        if !suite.red.is_empty() || !suite.flaky.is_empty() {
            text.push_str(&format!(
                "; set aside: {} that fail and {} that waver on the unchanged code",
                suite.red.len(),
                suite.flaky.len()
            ));
        }
        text.push('\n');
    }
    let settled = report.tried.len();
    let known = report.remembered();
    let mut parts = vec![format!("{} tried", settled - known), format!("{known} known from earlier runs")];
    if !report.is_complete() {
        parts.push(format!("{ODD}{} not tried{ODD:#}", report.untried.len()));
    }
    let speed = report.mutants_per_cpu_second();
    let speed = speed.map(|speed| format!("; {speed:.2} mutants per CPU second")).unwrap_or_default();
    text.push_str(&format!(
        "{}: {} in {:.1} s ({}){speed}\n",
        counted(settled + report.untried.len(), "mutant"),
        parts.join(", "),
        report.wall.as_secs_f64(),
        report.ended
    ));
    text.push_str(&format!("{STRONG}{}{STRONG:#}\n", headline(report)));
    text
}

/// A score with one decimal. Rounded down: 100 is all of them.
fn shown(score: f64) -> String {
    format!("{:.1}", (score * 10.0 + 1e-9).floor() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_of_100_is_all_of_them() {
        assert_eq!([99.99, 100.0, 66.666, 0.0, 62.3].map(shown), ["99.9", "100.0", "66.6", "0.0", "62.3"]);
    }
}
