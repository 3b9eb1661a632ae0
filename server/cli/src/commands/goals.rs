//! `hephaestus goals`.

use crate::args::{Common, Goals, GoalsFormat};
use crate::commands::{cancel_on_interrupt, open, request};
use crate::failure::Failure;
use crate::terminal::{self, FAINT, ODD, PLACE, STRONG};
use hephaestus_workspace::{GoalsReport, sarif};
use std::process::ExitCode;

pub(crate) fn run(common: &Common, own: &Goals) -> Result<ExitCode, Failure> {
    let cancel = cancel_on_interrupt();
    let workspace = open(common, &own.selection, &cancel)?;
    let report = workspace.goals(&request()?, !own.no_linters, &cancel);
    let text = match own.format {
        GoalsFormat::Text => text(&report, common.quiet),
        GoalsFormat::Json => format!("{}\n", serde_json::to_string_pretty(&report.to_json())?),
        GoalsFormat::Sarif => format!("{}\n", serde_json::to_string_pretty(&sarif(&report))?),
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn text(report: &GoalsReport, quiet: bool) -> String {
    let mut text = String::new();
    for goal in &report.goals {
        let unnamed = goal.symbol.as_ref().filter(|symbol| !goal.message.contains(symbol.as_str()));
        let symbol = unnamed.map(|symbol| format!(" in {symbol}")).unwrap_or_default();
        text.push_str(&format!(
            "{PLACE}{}:{}{PLACE:#} {STRONG}{}{STRONG:#} {}{FAINT}{symbol} [{}]{FAINT:#}\n",
            goal.file, goal.line, goal.kind, goal.message, goal.rule
        ));
    }
    if !quiet {
        for notice in &report.notices {
            text.push_str(&format!("{ODD}note{ODD:#}: {}\n", super::forge::notice_line(notice)));
        }
        text.push_str(&format!("{} goals\n", report.goals.len()));
    }
    text
}
