//! `hephaestus directive run`: directives as a queue, each forged until its lines hold.

use crate::args::{Common, DirectiveFormat, DirectiveRun};
use crate::commands::forge::counted;
use crate::commands::{cancel_on_interrupt, helper, know_engines};
use crate::failure::{Failure, Kind};
use crate::progress::ForgeProgress;
use crate::terminal::{self, BAD, FAINT, GOOD, ODD, STRONG};
use hephaestus_core::{Budget, CancelToken};
use hephaestus_workspace::directive::{Directive, Outcome, Severity};
use hephaestus_workspace::{
    DirectiveError, DirectiveReport, DirectiveRequest, ForgeRequest, LineReport, LoadError, Loaded,
    OpenOptions, Overrides, Reached, Workspace, directives_at, in_order, load_directive,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, BufRead, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

pub(super) fn run(common: &Common, own: &DirectiveRun) -> Result<ExitCode, Failure> {
    let cancel = cancel_on_interrupt();
    let queue =
        in_order(read_all(common, own)?).map_err(|error| Failure::new(Kind::Usage, error.to_string()))?;
    let mut reports: Vec<DirectiveReport> = Vec::new();
    let mut open: BTreeSet<String> = BTreeSet::new();
    let several = queue.len() > 1;
    for directive in &queue {
        if let Some(first) = directive.after.iter().find(|name| open.contains(&name.value)) {
            let message = format!("{}: not run, since {} does not hold", directive.name, first.value);
            anstream::eprintln!("{ODD}note{ODD:#}: {message}");
            open.insert(directive.name.clone());
            continue;
        }
        if several && !common.quiet {
            anstream::eprintln!("{STRONG}{}{STRONG:#}: {}", directive.name, directive.goal.value);
        }
        let report = run_one(common, own, directive, &cancel)?;
        if !report.holds() {
            open.insert(directive.name.clone());
        }
        if own.format == DirectiveFormat::Text {
            terminal::print(&text(&report, own, common.quiet))?;
        }
        reports.push(report);
    }
    if own.format == DirectiveFormat::Json {
        terminal::print(&format!("{}\n", serde_json::to_string_pretty(&json_of(&reports))?))?;
    }
    match (open.len(), queue.len()) {
        (0, _) => Ok(ExitCode::SUCCESS),
        (1, 1) => Err(Failure::new(Kind::Missed, "the directive does not hold")),
        (failed, all) => Err(Failure::new(Kind::Missed, format!("{failed} of {all} directives do not hold"))),
    }
}

/// Reads every directive before any is run: what is wrong with one is said at once.
fn read_all(common: &Common, own: &DirectiveRun) -> Result<Vec<Directive>, Failure> {
    let asked = if own.directives.is_empty() { directives_at(&common.root) } else { own.directives.clone() };
    if asked.is_empty() {
        let hint = "Write one to .hephaestus/directives, or name a file.";
        return Err(Failure::new(Kind::Usage, "there is no directive here").hint(hint));
    }
    let mut directives = Vec::new();
    let mut wrong = Vec::new();
    for asked in &asked {
        let loaded = load_directive(&common.root, asked)?;
        wrong.extend(complaints(&loaded));
        directives.extend(loaded.parsed.directive);
    }
    if !wrong.is_empty() {
        let mut failure = Failure::new(Kind::Usage, "a directive is wrong; nothing was run");
        failure.detail = wrong.join("\n");
        return Err(failure);
    }
    Ok(directives)
}

/// What is wrong with a directive so that it cannot be run, as `FILE:LINE:COLUMN: error: message`.
fn complaints(loaded: &Loaded) -> Vec<String> {
    let problems = loaded.parsed.problems.iter().filter(|problem| problem.severity == Severity::Error);
    problems
        .map(|problem| {
            let before = loaded.text.get(..problem.range.start).unwrap_or_default();
            let (line, start) = (before.matches('\n').count() + 1, before.rfind('\n').map_or(0, |at| at + 1));
            let column = before.get(start..).unwrap_or_default().chars().count() + 1;
            format!("{}:{line}:{column}: error: {}", loaded.file.display(), problem.message)
        })
        .collect()
}

fn run_one(
    common: &Common,
    own: &DirectiveRun,
    directive: &Directive,
    cancel: &CancelToken,
) -> Result<DirectiveReport, Failure> {
    let mut workspace = Workspace::open(&common.root, &OpenOptions::default(), cancel)?;
    let forge = configure(&mut workspace, own)?;
    let overrides = Overrides {
        engines: !own.engine.is_empty(),
        budget: own.budget.is_some() || own.trials.is_some(),
        seed: own.seed.is_some(),
    };
    let mut progress = ForgeProgress::new(common.quiet);
    let request = DirectiveRequest { forge, overrides, asks: &ask };
    let result = workspace.run_directive(directive, &request, cancel, &mut |event| progress.tell(&event));
    progress.finish();
    let mut report = result?;
    if own.apply && report.holds() && report.patch().is_some() {
        let applied = workspace.apply_directive(directive, &mut report)?;
        if !common.quiet {
            anstream::eprintln!("{GOOD}written{GOOD:#}: {}", counted(applied.files.len(), "file"));
        }
    } else if own.apply && !common.quiet {
        anstream::eprintln!("{ODD}nothing was written{ODD:#}");
    }
    Ok(report)
}

fn configure(workspace: &mut Workspace, own: &DirectiveRun) -> Result<ForgeRequest, Failure> {
    know_engines(workspace, &own.engine)?;
    let forge = &mut workspace.config_mut().forge;
    if !own.engine.is_empty() {
        forge.engines.clone_from(&own.engine);
    }
    forge.jobs = own.jobs.unwrap_or(forge.jobs);
    forge.seed = own.seed.unwrap_or(forge.seed);
    let wall = own.budget.unwrap_or(Duration::from_secs(forge.timeout));
    let mut request = ForgeRequest::new(helper()?);
    request.budget = Budget { wall: Some(wall), cpu: None, trials: own.trials };
    request.search.cpu = own.budget.or(request.search.cpu);
    request.fresh = own.fresh;
    Ok(request)
}

/// Asks whoever sits at the terminal; nobody, where there is none.
fn ask(line: &str) -> Option<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    anstream::eprint!("{STRONG}does it hold?{STRONG:#} {line} [y/n, anything else: not now] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).ok()?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

/// What came of one directive, as text.
fn text(report: &DirectiveReport, own: &DirectiveRun, quiet: bool) -> String {
    let verdict = match report.holds() {
        true => format!("{GOOD}holds{GOOD:#}"),
        false => format!("{BAD}does not hold{BAD:#}"),
    };
    let mut text =
        format!("{verdict}  {STRONG}{}{STRONG:#} ({}): {}\n", report.name, report.kind, report.goal);
    for own in &report.lines {
        text.push_str(&line(own));
    }
    for own in &report.reached {
        text.push_str(&threshold(own));
    }
    text.push_str(&terminal::coloured(&report.diff(), "  "));
    if !quiet {
        text.push_str(&summary(report, own));
    }
    text.push('\n');
    text
}

fn line(own: &LineReport) -> String {
    let kind = own.line.kind.as_str();
    let (state, more) = match &own.outcome {
        Outcome::Proved { already: true, .. } => {
            (format!("{GOOD}proved{GOOD:#}  "), Some("before any change"))
        }
        Outcome::Proved { .. } => (format!("{GOOD}proved{GOOD:#}  "), None),
        Outcome::Failing { why } => (format!("{BAD}failing{BAD:#} "), Some(why.as_str())),
        Outcome::Unproved { why } => (format!("{ODD}unproved{ODD:#}"), why.as_deref()),
    };
    let more = more.map_or_else(String::new, |more| format!("\n            {FAINT}{more}{FAINT:#}"));
    format!("  {state}  {kind}: {}{more}\n", own.line.text)
}

fn threshold(own: &Reached) -> String {
    let state = if own.holds { format!("{GOOD}reached{GOOD:#} ") } else { format!("{BAD}missed{BAD:#}  ") };
    let seen = match (&own.value, &own.place) {
        (Some(value), Some(place)) => format!("{value} ({place})"),
        (Some(value), None) => value.to_string(),
        (None, _) => "not measured".to_owned(),
    };
    format!("  {state}  {} {}: {seen}\n", own.dimension, own.wanted)
}

fn summary(report: &DirectiveReport, own: &DirectiveRun) -> String {
    let mut text = String::new();
    for said in &report.advice {
        text.push_str(&format!("  {ODD}-{ODD:#} {said}\n"));
    }
    let engines: Vec<&str> = report.engines.iter().map(String::as_str).collect();
    if !engines.is_empty() {
        text.push_str(&format!("  found by {}; ", engines.join(", ")));
    } else {
        text.push_str("  ");
    }
    let searched = report.searched.as_ref();
    let tried = searched.map_or(0, |searched| searched.stats.trials + searched.stats.searched.tried);
    text.push_str(&format!(
        "{} tried in {:.1} s\n",
        counted(usize::try_from(tried).unwrap_or(usize::MAX), "change"),
        report.wall.as_secs_f64()
    ));
    if let Some(proof) = report.proof() {
        text.push_str(&format!("  {FAINT}{proof}: hephaestus verify checks it again, anywhere{FAINT:#}\n"));
    }
    if report.holds() && report.patch().is_some() && !own.apply {
        text.push_str("  write it with --apply\n");
    }
    text
}

fn json_of(reports: &[DirectiveReport]) -> Value {
    let directives: Vec<Value> = reports.iter().map(DirectiveReport::to_json).collect();
    let holds = reports.iter().all(DirectiveReport::holds);
    json!({ "schema": "hephaestus/directive/1", "command": "directive run", "holds": holds, "directives": directives })
}

impl From<DirectiveError> for Failure {
    fn from(error: DirectiveError) -> Self {
        match error {
            DirectiveError::Forge(error) => error.into(),
            DirectiveError::Workspace(error) => error.into(),
            DirectiveError::Unfit(message) => Self::new(Kind::Usage, message),
        }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::new(Kind::Usage, error.to_string())
    }
}
