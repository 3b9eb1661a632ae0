//! `hephaestus doctor`.

use crate::args::{Common, Doctor};
use crate::commands::{cancel_on_interrupt, helper};
use crate::failure::Failure;
use crate::terminal::{self, BAD, FAINT, GOOD, ODD, STRONG};
use hephaestus_core::SandboxSettings;
use hephaestus_workspace::{CheckState, Diagnosis, OpenOptions, Workspace, WorkspaceError};
use std::process::ExitCode;

pub(crate) fn run(common: &Common, own: &Doctor) -> Result<ExitCode, Failure> {
    let cancel = cancel_on_interrupt();
    let diagnosis = match Workspace::open(&common.root, &OpenOptions::default(), &cancel) {
        Ok(workspace) => workspace.doctor(&helper()?, &cancel),
        // Outside a project there is still a machine to look at.
        Err(WorkspaceError::NoSources(_)) => Diagnosis::of_machine(&helper()?, &SandboxSettings::default()),
        Err(error) => return Err(error.into()),
    };
    let text = if own.json {
        format!("{}\n", serde_json::to_string_pretty(&diagnosis.checks)?)
    } else {
        text(&diagnosis)
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn text(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    for check in &diagnosis.checks {
        let state = match check.state {
            CheckState::Works => format!("{GOOD}works{GOOD:#}   "),
            CheckState::Degraded => format!("{ODD}degraded{ODD:#}"),
            CheckState::Absent => format!("{FAINT}absent{FAINT:#}  "),
            CheckState::Broken => format!("{BAD}broken{BAD:#}  "),
        };
        text.push_str(&format!("{state}  {STRONG}{}{STRONG:#}: {}\n", check.name, check.detail));
        if let Some(mend) = &check.mend {
            text.push_str(&format!("          {FAINT}{mend}{FAINT:#}\n"));
        }
    }
    text
}
