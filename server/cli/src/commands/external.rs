//! `hephaestus external`: programs of the user's own that take a part in the cycle. Tries nothing and writes nothing.

use crate::args::{Common, External, ExternalVerb};
use crate::commands::{cancel_on_interrupt, doctor, request};
use crate::failure::{Failure, Kind};
use crate::terminal::{self, FAINT, STRONG};
use hephaestus_workspace::{CheckState, OpenOptions, Workspace, external_schema};
use std::process::ExitCode;

pub(crate) fn run(common: &Common, own: &External) -> Result<ExitCode, Failure> {
    let program = match &own.verb {
        Some(ExternalVerb::Check { program }) => Some(program),
        Some(ExternalVerb::Schema) => {
            terminal::print(&format!("{}\n", serde_json::to_string_pretty(&external_schema())?))?;
            return Ok(ExitCode::SUCCESS);
        }
        None => None,
    };
    let cancel = cancel_on_interrupt();
    let workspace = Workspace::open(&common.root, &OpenOptions::default(), &cancel)?;
    let Some(program) = program else {
        terminal::print(&list(&workspace))?;
        return Ok(ExitCode::SUCCESS);
    };
    let checks = workspace.check_external(program, &request()?, &cancel);
    terminal::print(&doctor::lines(&checks))?;
    if checks.iter().any(|check| check.state == CheckState::Broken) {
        return Err(Failure::new(
            Kind::Missed,
            format!("`{}` does not do what is asked of it", program.join(" ")),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn list(workspace: &Workspace) -> String {
    let all = &workspace.config().external;
    if all.is_empty() {
        return "no programs of your own are configured: see `[[external]]` in the manual\n".to_owned();
    }
    let line = |own: &hephaestus_core::ExternalSettings| {
        let roles: Vec<&str> = own.roles.iter().map(|role| role.as_str()).collect();
        let command = own.command.join(" ");
        format!("{STRONG}{}{STRONG:#}: {} {FAINT}{command}{FAINT:#}\n", own.name, roles.join(", "))
    };
    all.iter().map(line).collect()
}
