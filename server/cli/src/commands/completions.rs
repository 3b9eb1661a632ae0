//! `hephaestus completions`.

use crate::args::{Arguments, Completions};
use crate::failure::Failure;
use crate::terminal;
use clap::CommandFactory;
use std::process::ExitCode;

pub(crate) fn run(own: &Completions) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(own.shell, &mut Arguments::command(), "hephaestus", &mut script);
    terminal::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
