//! `hephaestus schema`.

use crate::failure::Failure;
use crate::terminal;
use std::process::ExitCode;

pub(crate) fn run() -> Result<ExitCode, Failure> {
    let schema = serde_json::to_string_pretty(&hephaestus_workspace::schema())?;
    terminal::print(&format!("{schema}\n"))?;
    Ok(ExitCode::SUCCESS)
}
