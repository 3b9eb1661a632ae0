//! `hephaestus llm`: what is configured, and whether it may be asked about this project. Sends nothing.

use crate::args::{Common, Llm, LlmVerb};
use crate::commands::cancel_on_interrupt;
use crate::failure::Failure;
use crate::terminal::{self, GOOD, ODD};
use hephaestus_workspace::{Destination, LlmRefusal, OpenOptions, Workspace};
use std::process::ExitCode;

pub(crate) fn run(common: &Common, own: &Llm) -> Result<ExitCode, Failure> {
    let workspace = Workspace::open(&common.root, &OpenOptions::default(), &cancel_on_interrupt())?;
    let text = match &own.verb {
        None => status(&workspace),
        Some(LlmVerb::Consent { withdraw: false }) => consented(&workspace, &workspace.consent_to_llm()?),
        Some(LlmVerb::Consent { withdraw: true }) => match workspace.withdraw_from_llm()? {
            0 => "there was no consent to take back\n".to_owned(),
            _ => format!("{GOOD}withdrawn{GOOD:#}: nothing of this project is sent to any language model\n"),
        },
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn consented(workspace: &Workspace, destination: &Destination) -> String {
    let llm = &workspace.config().llm;
    let money = llm.budget_usd.map(|usd| format!(" and {usd} USD")).unwrap_or_default();
    format!(
        "{GOOD}allowed{GOOD:#}: code of {}, and what its tests say, may be sent to\n  {destination}\n\
         within {} tokens{money} a run. Values that look like secrets are taken out before.\n\
         Take it back with `hephaestus llm consent --withdraw`.\n",
        workspace.root().display(),
        llm.budget_tokens
    )
}

fn status(workspace: &Workspace) -> String {
    match workspace.llm_is_ready() {
        Ok(destination) => format!("{GOOD}allowed{GOOD:#}: {destination}\n"),
        Err(refusal @ LlmRefusal::NotConfigured) => {
            format!("{ODD}off{ODD:#}: {refusal}. {}\n", refusal.hint())
        }
        Err(refusal) => format!("{ODD}off{ODD:#}: {refusal}.\n{}\n", refusal.hint()),
    }
}
