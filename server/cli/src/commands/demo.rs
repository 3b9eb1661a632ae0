//! `hephaestus demo`: the whole cycle on a small bundled project, told step by step.

use crate::args::{Common, Demo};
use crate::commands::{cancel_on_interrupt, forge, helper};
use crate::failure::{Failure, Kind};
use crate::progress::ForgeProgress;
use crate::terminal::{self, FAINT, GOOD, PLACE, STRONG};
use hephaestus_core::{Budget, CancelToken};
use hephaestus_workspace::{ForgeReport, ForgeRequest, OpenOptions, Workspace};
use include_dir::{Dir, include_dir};
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

static PROJECT: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/demo");

/// Its manifest travels under another name, so that cargo does not take it for one of ours.
const MANIFEST: &str = "Cargo_demo.toml";

/// Time for the loop; the whole demo stays within a minute.
const BUDGET: Duration = Duration::from_secs(45);

pub(crate) fn run(common: &Common, own: &Demo) -> Result<ExitCode, Failure> {
    let cancel = cancel_on_interrupt();
    let scratch = tempfile::tempdir()?;
    let folder = match &own.keep {
        Some(folder) => {
            fs::create_dir(folder)
                .map_err(|error| Failure::new(Kind::Usage, format!("{}: {error}", folder.display())))?;
            folder.clone()
        }
        None => scratch.path().join("parcel"),
    };
    unpack(&folder)?;
    tell(common, "1", &format!("a small Rust project with three tests, in {}", folder.display()))?;
    let mut workspace = Workspace::open(&folder, &OpenOptions::default(), &cancel)?;
    workspace.config_mut().fixers.entry("clippy".to_owned()).or_default().enabled = false;
    let (report, workspace) = forge_it(common, workspace, &cancel)?;
    let goals = report
        .goals
        .iter()
        .map(|goal| format!("   {PLACE}{}:{}{PLACE:#} {}\n", goal.file, goal.line, goal.message));
    tell(
        common,
        "2",
        &format!("{} goals were found in it:\n{}", report.goals.len(), goals.collect::<String>().trim_end()),
    )?;
    tell_trials(common, &report)?;
    for offer in &report.improvements {
        terminal::print(&forge::improvement(&report, offer, true))?;
    }
    finish(common, report, &workspace, &folder)
}

fn unpack(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder.join("src"))?;
    for (from, to) in [(MANIFEST, "Cargo.toml"), ("src/lib.rs", "src/lib.rs")] {
        let file = PROJECT
            .get_file(from)
            .ok_or_else(|| Failure::new(Kind::Internal, format!("{from} is missing")))?;
        fs::write(folder.join(to), file.contents())?;
    }
    Ok(())
}

fn forge_it(
    common: &Common,
    workspace: Workspace,
    cancel: &CancelToken,
) -> Result<(ForgeReport, Workspace), Failure> {
    let request = ForgeRequest {
        helper: helper()?,
        budget: Budget { wall: Some(BUDGET), cpu: None, trials: None },
        fresh: true,
    };
    let mut progress = ForgeProgress::new(common.quiet);
    let report = workspace.forge(&request, cancel, &mut |event| progress.tell(&event));
    progress.finish();
    Ok((report?, workspace))
}

fn tell(common: &Common, step: &str, text: &str) -> Result<(), Failure> {
    if common.quiet { Ok(()) } else { terminal::print(&format!("{STRONG}{step}.{STRONG:#} {text}\n")) }
}

fn tell_trials(common: &Common, report: &ForgeReport) -> Result<(), Failure> {
    let fell: Vec<String> = report
        .rejected
        .iter()
        .map(|rejected| format!("   {FAINT}{}: {}{FAINT:#}\n", rejected.verdict, rejected.reason))
        .collect();
    let text = format!(
        "{} candidates were tried in a sandbox against the project's own tests; {} did not hold, {} did:\n{}",
        report.stats.trials,
        report.rejected.len(),
        report.stats.passed,
        fell.concat().trim_end()
    );
    tell(common, "3", text.trim_end())
}

fn finish(
    common: &Common,
    mut report: ForgeReport,
    workspace: &Workspace,
    folder: &Path,
) -> Result<ExitCode, Failure> {
    if report.improvements.is_empty() {
        return Err(Failure::new(Kind::Missed, "nothing was proved")
            .hint("`hephaestus doctor` shows what does not work here."));
    }
    let applied = workspace.apply(&mut report)?;
    let file = applied.files.first().map(|file| file.under(folder));
    tell(
        common,
        "4",
        &format!(
            "all {} together passed once more and were written to {}; cognitive complexity {} → {GOOD}{}{GOOD:#}",
            report.taken().len(),
            file.map(|file| file.display().to_string()).unwrap_or_default(),
            report.before.cognitive,
            report.after.cognitive
        ),
    )?;
    tell(
        common,
        "5",
        "now yours: `hephaestus forge` in a project of your own shows what it can prove there",
    )?;
    Ok(ExitCode::SUCCESS)
}
