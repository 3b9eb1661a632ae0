//! `hephaestus forge`.

use crate::args::{Common, Forge, ForgeFormat};
use crate::commands::{cancel_on_interrupt, choose_engines, helper, open};
use crate::failure::{Failure, Kind};
use crate::progress::ForgeProgress;
use crate::terminal::{self, BAD, FAINT, GOOD, ODD, PLACE, STRONG};
use hephaestus_core::{Budget, Direction, ExternalMeasure, GoalKind, Notice, Offer, Stage, Verdict};
use hephaestus_workspace::{
    Bundle, ForgeReport, ForgeRequest, ReportedRun, Workspace, found_in_words, question_in_words,
};
use std::process::ExitCode;
use std::time::Duration;

/// Patches are shown unasked up to this many improvements.
const SHOWN_DIFFS: usize = 20;

pub(crate) fn run(common: &Common, own: &Forge) -> Result<ExitCode, Failure> {
    let cancel = cancel_on_interrupt();
    let mut workspace = open(common, &own.selection, &cancel)?;
    let request = configure(&mut workspace, own)?;
    let mut progress = ForgeProgress::new(common.quiet);
    let result = workspace.forge(&request, &cancel, &mut |event| progress.tell(&event));
    let mut report = match result {
        Ok(report) => report,
        Err(error) => {
            progress.finish();
            return Err(error.into());
        }
    };
    let bundle = match own.strengthen && !report.held_back.is_empty() {
        true => {
            let budget = request.budget.clone();
            Some(workspace.unlock(&report, &request, budget, &cancel, &mut |event| progress.tell(&event)))
        }
        false => None,
    };
    progress.finish();
    let bundle = bundle.transpose()?;
    let missed = own.require.is_some_and(|wanted| report.improvements.len() < wanted);
    let may_write = own.apply && !missed && report.proved_patch().is_some();
    let together = bundle.as_ref().filter(|bundle| own.apply && !missed && bundle.patch().is_some());
    let applied = match together {
        Some(bundle) => Some(workspace.apply_bundle(bundle)?),
        None if may_write => Some(workspace.apply(&mut report)?),
        None => None,
    };
    let reported = workspace.report_externally(&report, &request, &cancel);
    let text = match own.format {
        ForgeFormat::Text => {
            text(&report, own, common.quiet)
                + &bundle.as_ref().map_or_else(String::new, unlocked)
                + &reported_text(&reported)
        }
        ForgeFormat::Json => {
            let mut json = report.to_json();
            if let (Some(bundle), Some(object)) = (&bundle, json.as_object_mut()) {
                object.insert("strengthened".to_owned(), bundle.to_json());
            }
            format!("{}\n", serde_json::to_string_pretty(&json)?)
        }
        ForgeFormat::Html => crate::report::render(&report.to_json()),
    };
    terminal::print(&text)?;
    tell_of_reports(&reported, common.quiet);
    if own.apply && !common.quiet {
        match applied {
            Some(applied) => {
                anstream::eprintln!("{GOOD}written{GOOD:#}: {}", counted(applied.files.len(), "file"))
            }
            None => anstream::eprintln!("{ODD}nothing was written{ODD:#}"),
        }
    }
    match own.require {
        Some(wanted) if report.improvements.len() < wanted => Err(Failure::new(
            Kind::Missed,
            format!("{} proved, {wanted} required", counted(report.improvements.len(), "improvement")),
        )),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn configure(workspace: &mut Workspace, own: &Forge) -> Result<ForgeRequest, Failure> {
    choose_engines(workspace, &own.engine)?;
    let forge = &mut workspace.config_mut().forge;
    forge.jobs = own.jobs.unwrap_or(forge.jobs);
    forge.seed = own.seed.unwrap_or(forge.seed);
    let wall = own.budget.unwrap_or(Duration::from_secs(forge.timeout));
    Ok(ForgeRequest {
        budget: Budget { wall: Some(wall), cpu: None, trials: own.trials },
        fresh: own.fresh,
        ..ForgeRequest::new(helper()?)
    })
}

/// The run as text.
pub(crate) fn text(report: &ForgeReport, own: &Forge, quiet: bool) -> String {
    let mut text = String::new();
    let diffs = own.diff || report.improvements.len() <= SHOWN_DIFFS;
    for offer in &report.improvements {
        text.push_str(&improvement(report, offer, diffs));
    }
    if !quiet {
        text.push_str(&summary(report, own));
    }
    text
}

/// What reporters have to show.
fn reported_text(reported: &ReportedRun) -> String {
    let texts = reported.texts.iter();
    texts.map(|(name, text)| format!("{STRONG}{name}{STRONG:#}:\n{text}")).collect()
}

fn tell_of_reports(reported: &ReportedRun, quiet: bool) {
    for notice in &reported.notices {
        anstream::eprintln!("{ODD}note{ODD:#}: {}", notice_line(notice));
    }
    for file in reported.files.iter().filter(|_| !quiet) {
        anstream::eprintln!("{GOOD}written{GOOD:#}: {}", file.display());
    }
}

/// What tests that were missing unlock, as text.
fn unlocked(bundle: &Bundle) -> String {
    let (held, count) = (counted(bundle.held, "improvement"), bundle.improvements().count());
    let tests = counted(bundle.tests.tests().count(), "test");
    let mut text = format!("{STRONG}{held} held back by weak tests{STRONG:#}: {count} unlocked by {tests}\n");
    if count == 0 {
        return text;
    }
    for test in bundle.tests.tests() {
        text.push_str(&format!("  {GOOD}+{GOOD:#} {}\n", test.shows));
    }
    text.push_str(&bundle.tests.diff());
    for offer in bundle.improvements() {
        if let Some(report) = &bundle.report {
            text.push_str(&improvement(report, offer, true));
        }
    }
    text.push_str(&format!(
        "tests and improvements, together with what held before: {GOOD}passed{GOOD:#} ({:.1} CPU seconds)\n",
        bundle.cpu.as_secs_f64()
    ));
    text
}

/// One improvement: where, what, what it gains, and its patch.
pub(crate) fn improvement(report: &ForgeReport, offer: &Offer, with_diff: bool) -> String {
    let goal = &offer.goal;
    let steps = offer.candidate.operators.len();
    let steps = if steps > 1 { format!(" in {steps} steps") } else { String::new() };
    let mut text = format!(
        "{GOOD}proved{GOOD:#}{} {PLACE}{}:{}{PLACE:#} {}{steps} {FAINT}[{}]{FAINT:#}\n",
        if offer.score.weakly_tested { format!(", {ODD}weakly tested{ODD:#}:") } else { String::new() },
        goal.file,
        goal.line,
        goal.message,
        goal.rule
    );
    let gains: Vec<String> = offer
        .score
        .measures
        .iter()
        .filter(|measure| measure.direction != Direction::Shown && measure.gain() != 0.0)
        .map(|measure| format!("{} {} → {}", measure.dimension, measure.before, measure.after))
        .chain(offer.trial.evidence.external.iter().map(ExternalMeasure::in_words))
        .collect();
    let evidence = &offer.trial.evidence;
    let measured: String = [Stage::Strength, Stage::Inputs, Stage::Speed]
        .into_iter()
        .filter(|stage| evidence.stages.iter().any(|run| run.stage == *stage && run.held))
        .filter_map(|stage| evidence.measured(stage))
        .map(|words| format!("; {words}"))
        .collect();
    let again = match evidence.stable_runs() - evidence.full_runs() {
        0 => String::new(),
        more => format!(", those that reach it {} more", counted(more, "time")),
    };
    text.push_str(&format!(
        "  {}; {} passed {}{again}{measured}; not checked: {}\n",
        gains.join(", "),
        counted(evidence.tests_passed() as usize, "test"),
        counted(evidence.full_runs(), "time"),
        evidence.not_checked.join(", ")
    ));
    if let Some(found) = &offer.candidate.found {
        text.push_str(&format!("  {}\n", found_in_words(found).join("; ")));
        for question in &found.questions {
            text.push_str(&format!("  {ODD}?{ODD:#} {}\n", question_in_words(question)));
        }
    }
    if with_diff {
        text.push_str(&terminal::coloured(&report.diff(&offer.candidate.patch), "  "));
    }
    text
}

fn summary(report: &ForgeReport, own: &Forge) -> String {
    let mut text = String::new();
    for notice in &report.notices {
        text.push_str(&format!("{ODD}note{ODD:#}: {}\n", notice_line(notice)));
    }
    for runner in &report.runners {
        text.push_str(&format!("{STRONG}{}{STRONG:#}: {} tests judge", runner.name, runner.tests));
        if !runner.red.is_empty() || !runner.flaky.is_empty() {
            text.push_str(&format!(
                "; set aside: {} that fail and {} that waver on the unchanged code",
                runner.red.len(),
                runner.flaky.len()
            ));
        }
        if !runner.isolation.is_full() {
            text.push_str(&format!("; {ODD}degraded sandbox{ODD:#} (hephaestus doctor)"));
        }
        text.push('\n');
    }
    text.push_str(&format!(
        "{STRONG}{}{STRONG:#} proved; {}, {} tried in {:.0} s ({})\n",
        counted(report.improvements.len(), "improvement"),
        counted(report.goals.len(), "goal"),
        counted(usize::try_from(report.stats.trials).unwrap_or(usize::MAX), "candidate"),
        report.stats.wall.as_secs_f64(),
        report.stats.ended
    ));
    let unnoticed = report.goals.iter().filter(|goal| goal.kind == GoalKind::Strengthen).count();
    if unnoticed > 0 {
        text.push_str(&format!(
            "{ODD}{}{ODD:#} where changes were tried, that no test notices: see the goals of kind `strengthen` \
             (--format json, or `hephaestus mutants`)\n",
            counted(unnoticed, "fault")
        ));
    }
    if !report.proofs.is_empty() {
        let several = report.proofs.len() > 1;
        let (noun, what) = if several { ("proofs", "them") } else { ("a proof", "it") };
        text.push_str(&format!(
            "{noun} in .hephaestus/proofs ({FAINT}hephaestus verify{FAINT:#} checks {what} again, anywhere)\n"
        ));
    }
    match report.verdict_together() {
        Some(Verdict::Passed) => {
            let left_out = report.improvements.len() - report.taken().len();
            let except = if left_out > 0 {
                format!("; {left_out} hold alone but not beside the others")
            } else {
                String::new()
            };
            text.push_str(&format!("all together: {GOOD}passed{GOOD:#}{except}\n"));
            text.push_str(&format!(
                "cognitive complexity {} → {}, tokens {} → {}, findings {} → {}\n",
                report.before.cognitive,
                report.after.cognitive,
                report.before.tokens,
                report.after.tokens,
                report.before.findings,
                report.after.findings
            ));
            if !own.apply {
                text.push_str("write them with --apply, look at them with --format html\n");
            }
        }
        Some(verdict) => text.push_str(&format!("all together: {BAD}{verdict}{BAD:#}\n")),
        None => {}
    }
    text
}

/// `1 test`, `2 tests`.
pub(crate) fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// A notice on one line.
pub(crate) fn notice_line(notice: &Notice) -> String {
    match &notice.path {
        Some(path) => format!("{path}: {}", notice.message),
        None => notice.message.clone(),
    }
}
