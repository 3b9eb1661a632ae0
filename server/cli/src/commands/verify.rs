//! `hephaestus verify`: proves again what proofs claim.

use crate::args::{Common, Verify, VerifyFormat};
use crate::commands::forge::counted;
use crate::commands::{cancel_on_interrupt, helper};
use crate::failure::{Failure, Kind};
use crate::progress::ForgeProgress;
use crate::terminal::{self, BAD, FAINT, GOOD, ODD, PLACE, STRONG};
use hephaestus_core::Proof;
use hephaestus_workspace::{Checked, Verification, VerifyError, VerifyRequest, verify};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// Files and tests that are named one by one.
const SHOWN: usize = 10;

/// What was seen of one proof.
struct Seen<'a> {
    file: &'a Path,
    proof: Proof,
    verification: Verification,
}

pub(crate) fn run(common: &Common, own: &Verify) -> Result<ExitCode, Failure> {
    let cancel = cancel_on_interrupt();
    let request = VerifyRequest { helper: helper()?, despite_changes: own.despite_changes };
    let mut all = Vec::new();
    // All are read before anything is run: a wrong name is said at once.
    let proofs =
        own.proofs.iter().map(|file| Ok((file, read(file)?))).collect::<Result<Vec<_>, Failure>>()?;
    for (file, proof) in proofs {
        let mut progress = ForgeProgress::new(common.quiet);
        let verified = verify(&common.root, &proof, &request, &cancel, &mut |event| progress.tell(&event));
        progress.finish();
        let seen = Seen { file, verification: verified?, proof };
        if own.format == VerifyFormat::Text {
            terminal::print(&text(&seen, common.quiet))?;
        }
        all.push(seen);
    }
    if own.format == VerifyFormat::Json {
        let proofs: Vec<Value> = all.iter().map(json_of).collect();
        let holds = all.iter().all(|seen| seen.verification.holds());
        let report = json!({"schema": 1, "command": "verify", "holds": holds, "proofs": proofs});
        terminal::print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    }
    let failed = all.iter().filter(|seen| !seen.verification.holds()).count();
    match (failed, all.len()) {
        (0, _) => Ok(ExitCode::SUCCESS),
        (1, 1) => Err(Failure::new(Kind::Missed, "the proof does not hold")),
        (failed, all) => Err(Failure::new(Kind::Missed, format!("{failed} of {all} proofs do not hold"))),
    }
}

fn read(file: &Path) -> Result<Proof, Failure> {
    let usage = |message: String| {
        let hint = "`hephaestus forge` writes proofs to .hephaestus/proofs.";
        Failure::new(Kind::Usage, format!("{}: {message}", file.display())).hint(hint)
    };
    let text = fs::read_to_string(file).map_err(|error| usage(error.to_string()))?;
    Proof::from_text(&text).map_err(|error| usage(error.to_string()))
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Workspace(error) => error.into(),
            VerifyError::Forge(error) => error.into(),
            VerifyError::Copy(_) => Self::new(Kind::Internal, error.to_string()),
        }
    }
}

/// What was seen, as text.
fn text(seen: &Seen<'_>, quiet: bool) -> String {
    let Seen { file, proof, verification } = seen;
    let verdict = match verification.holds() {
        true => format!("{GOOD}holds{GOOD:#}"),
        false => format!("{BAD}does not hold{BAD:#}"),
    };
    let head = format!("{verdict}  {STRONG}{}{STRONG:#}\n", file.display());
    if quiet {
        return head;
    }
    let mut text = head;
    text.push_str(&files(proof, verification));
    if let Some(report) = &verification.report {
        for runner in &report.runners {
            text.push_str(&format!("  tests: {} pass with {}\n", runner.tests, runner.name));
            if !runner.isolation.is_full() {
                text.push_str(&format!("  {ODD}degraded sandbox{ODD:#} (hephaestus doctor)\n"));
            }
        }
    }
    for test in verification.missing_tests.iter().take(SHOWN) {
        text.push_str(&format!("  {BAD}judged then and does not now{BAD:#}: {test}\n"));
    }
    if verification.missing_tests.len() > SHOWN {
        text.push_str(&format!("  and {} more\n", verification.missing_tests.len() - SHOWN));
    }
    for checked in &verification.checked {
        text.push_str(&improvement(checked));
    }
    let seconds = verification.wall.as_secs_f64();
    text.push_str(&format!("  {FAINT}made by {}; checked in {seconds:.1} s{FAINT:#}\n", proof.made_by));
    text
}

fn files(proof: &Proof, verification: &Verification) -> String {
    let mut text = String::new();
    let departures = &verification.departures;
    if verification.was_applied {
        text.push_str("  the change is in the files already: it was taken back in a copy, and tried there\n");
    }
    match departures.len() {
        0 => text.push_str(&format!("  files: all {} as they were\n", proof.files.len())),
        _ => {
            for departure in departures.iter().take(SHOWN) {
                text.push_str(&format!("  {BAD}file{BAD:#}: {departure}\n"));
            }
            if departures.len() > SHOWN {
                text.push_str(&format!("  and {} more\n", departures.len() - SHOWN));
            }
        }
    }
    if verification.report.is_none() {
        let advice = "nothing was run; --despite-changes proves it among the files as they are, where only others than \
                      those it changes differ";
        text.push_str(&format!("  {FAINT}{advice}{FAINT:#}\n"));
    }
    text
}

fn improvement(checked: &Checked) -> String {
    let goal = &checked.claim.goal;
    let place = format!("{PLACE}{}:{}{PLACE:#} {}", goal.file, goal.line, goal.message);
    match &checked.seen {
        Some(seen) => {
            let evidence = &seen.trial.evidence;
            let tests = counted(evidence.tests_passed() as usize, "test");
            let runs = counted(evidence.stable_runs(), "time");
            format!(
                "  {GOOD}proved again{GOOD:#}  {place} {FAINT}[{}]{FAINT:#}\n    {tests} passed, {runs}; not checked: {}\n",
                goal.rule,
                evidence.not_checked.join(", ")
            )
        }
        None => format!(
            "  {BAD}not proved{BAD:#}  {place} {FAINT}[{}]{FAINT:#}\n    {}\n",
            goal.rule, checked.reason
        ),
    }
}

fn json_of(seen: &Seen<'_>) -> Value {
    let Seen { file, proof, verification } = seen;
    let improvements: Vec<Value> = verification
        .checked
        .iter()
        .map(|checked| {
            json!({
                "goal": checked.claim.goal.id,
                "file": checked.claim.goal.file,
                "line": checked.claim.goal.line,
                "message": checked.claim.goal.message,
                "rule": checked.claim.goal.rule,
                "holds": checked.seen.is_some(),
                "reason": checked.reason,
            })
        })
        .collect();
    let departures: Vec<String> = verification.departures.iter().map(ToString::to_string).collect();
    json!({
        "file": file,
        "made_by": proof.made_by,
        "made_ms": proof.made_ms,
        "holds": verification.holds(),
        "was_applied": verification.was_applied,
        "was_run": verification.report.is_some(),
        "departures": departures,
        "missing_tests": verification.missing_tests,
        "improvements": improvements,
        "wall_s": verification.wall.as_secs_f64(),
    })
}
