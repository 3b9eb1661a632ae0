//! `hephaestus pack list`: which packs there are, from where, and what each has.

use crate::args::{Common, DirectiveFormat, PackList};
use crate::failure::Failure;
use crate::terminal;
use hephaestus_workspace::packs::{Listed, Origin, listed};
use serde_json::json;
use std::fmt::Write;
use std::process::ExitCode;

pub(super) fn run(common: &Common, own: &PackList) -> Result<ExitCode, Failure> {
    let packs = listed(&common.root)?;
    let text = match own.format {
        DirectiveFormat::Text => text(&packs),
        DirectiveFormat::Json => {
            let report = json!({"schema_version": 1, "command": "pack list", "packs": packs});
            format!("{}\n", serde_json::to_string_pretty(&report)?)
        }
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn text(packs: &[Listed]) -> String {
    let mut text = String::new();
    let width = packs.iter().map(|pack| pack.id.len()).max().unwrap_or_default().max(4);
    let _ = writeln!(
        text,
        "{:width$}  {:>5}  {:>9}  {:9}  runners and place",
        "pack", "rules", "operators", "grammar"
    );
    for pack in packs {
        let Listed { id, rules, operators, grammar, .. } = pack;
        let mut rest = pack.runners.join(", ");
        if let Some(folder) = &pack.folder {
            let origin = match pack.origin {
                Origin::Workspace => "of this project",
                _ => "yours",
            };
            let gap = if rest.is_empty() { "" } else { "; " };
            let _ = write!(rest, "{gap}{origin}: {}", folder.display());
        }
        let _ = writeln!(
            text,
            "{}",
            format!("{id:width$}  {rules:>5}  {operators:>9}  {grammar:9}  {rest}").trim_end()
        );
    }
    text
}
