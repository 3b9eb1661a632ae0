//! `hephaestus directive check`: what is wrong with directives, each complaint at its place. Runs nothing.

use crate::args::{Common, DirectiveCheck, DirectiveFormat};
use crate::commands::forge::counted;
use crate::failure::{Failure, Kind};
use crate::terminal::{self, BAD, FAINT, ODD};
use hephaestus_core::RelPath;
use hephaestus_workspace::directive::{LineState, Problem, Severity};
use hephaestus_workspace::{KnownFiles, SeenDirective, directives_at, load_directive};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A directive as it was asked for, and as it was seen.
struct Seen {
    file: PathBuf,
    directive: SeenDirective,
}

pub(super) fn run(common: &Common, own: &DirectiveCheck) -> Result<ExitCode, Failure> {
    let files = KnownFiles::on_disk(&common.root)?;
    let asked = if own.directives.is_empty() { directives_at(&common.root) } else { own.directives.clone() };
    if asked.is_empty() {
        let hint = "`hephaestus directive new KIND NAME` writes one to .hephaestus/directives.";
        return Err(Failure::new(Kind::Usage, "there is no directive here").hint(hint));
    }
    let seen =
        asked.iter().map(|asked| look(&common.root, asked, &files)).collect::<Result<Vec<_>, Failure>>()?;
    match own.format {
        DirectiveFormat::Text => terminal::print(&seen.iter().map(text).collect::<String>())?,
        DirectiveFormat::Json => {
            let report = json!({
                "schema": 1,
                "command": "directive check",
                "directives": seen.iter().map(json_of).collect::<Vec<_>>(),
            });
            terminal::print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
        }
    }
    conclude(&seen, common.quiet)
}

fn look(root: &Path, asked: &Path, files: &KnownFiles) -> Result<Seen, Failure> {
    let loaded = load_directive(root, asked)?;
    let full = std::fs::canonicalize(&loaded.file).unwrap_or_else(|_| loaded.file.clone());
    let root = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let inside = full.strip_prefix(&root).ok().and_then(|path| RelPath::new(path).ok());
    let path = match inside.or_else(|| RelPath::new(full.file_name()?).ok()) {
        Some(path) => path,
        None => return Err(Failure::new(Kind::Usage, format!("{}: no name to go by", full.display()))),
    };
    let directive = SeenDirective::look(Some(&root), &path, loaded.text, files, None);
    Ok(Seen { file: loaded.file, directive })
}

/// The last word, on standard error: how many are wrong.
fn conclude(seen: &[Seen], quiet: bool) -> Result<ExitCode, Failure> {
    let count = |severity| {
        let problems = seen.iter().flat_map(|seen| &seen.directive.parsed.problems);
        problems.filter(|problem| problem.severity == severity).count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let found = format!(
        "{}: {}, {}",
        counted(seen.len(), "directive"),
        counted(errors, "error"),
        counted(warnings, "warning")
    );
    if errors > 0 {
        return Err(Failure::new(Kind::Usage, found));
    }
    if !quiet {
        anstream::eprintln!("{found}");
    }
    Ok(ExitCode::SUCCESS)
}

fn text(seen: &Seen) -> String {
    let mut text = String::new();
    for problem in &seen.directive.parsed.problems {
        let (line, column) = seen.directive.place(problem.range.start);
        let style = match problem.severity {
            Severity::Error => BAD,
            Severity::Warning => ODD,
            Severity::Information => FAINT,
        };
        let (file, severity) = (seen.file.display(), problem.severity);
        let _ = writeln!(text, "{file}:{line}:{column}: {style}{severity}{style:#}: {}", problem.message);
    }
    text
}

fn json_of(seen: &Seen) -> Value {
    let directive = seen.directive.parsed.directive.as_ref();
    let problems: Vec<Value> =
        seen.directive.parsed.problems.iter().map(|problem| problem_json(&seen.directive, problem)).collect();
    let lines: Vec<Value> = seen
        .directive
        .lines
        .iter()
        .map(|(line, state)| {
            json!({
                "kind": line.kind,
                "text": line.text,
                "line": seen.directive.place(line.range.start).0,
                "state": state.as_str(),
                "why": why(state),
            })
        })
        .collect();
    json!({
        "file": seen.file,
        "name": directive.map(|directive| &directive.name),
        "kind": directive.map(|directive| directive.kind.as_str()),
        "goal": directive.map(|directive| &directive.goal.value),
        "problems": problems,
        "lines": lines,
    })
}

fn why(state: &LineState) -> Option<String> {
    match state {
        LineState::Proved { proof, .. } => proof.as_ref().map(ToString::to_string),
        LineState::Failing { why } => Some(why.clone()),
        LineState::Unproved { why } => why.clone(),
        LineState::Stale { since, .. } => Some(format!("{since} has changed since")),
    }
}

fn problem_json(seen: &SeenDirective, problem: &Problem) -> Value {
    let ends = |start: usize, end: usize| {
        let ((line, column), (end_line, end_column)) = (seen.place(start), seen.place(end));
        json!({"line": line, "column": column, "end_line": end_line, "end_column": end_column})
    };
    let fix = problem.fix.as_ref().map(|fix| {
        let range = fix.edit.range;
        json!({"title": fix.title, "range": ends(range.start, range.end), "text": fix.edit.text})
    });
    json!({
        "severity": problem.severity.as_str(),
        "code": problem.code,
        "message": problem.message,
        "range": ends(problem.range.start, problem.range.end),
        "fix": fix,
    })
}
