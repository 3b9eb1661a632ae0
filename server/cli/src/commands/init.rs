//! `hephaestus init`.

use crate::args::{Common, Init};
use crate::failure::{Failure, Kind};
use crate::terminal;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// What is written: every key with its default, commented out.
const TEXT: &str = include_str!("init.toml");

pub(crate) fn run(common: &Common, own: &Init) -> Result<ExitCode, Failure> {
    let place = common.root.join("hephaestus.toml");
    let mut options = OpenOptions::new();
    if own.force {
        options.write(true).create(true).truncate(true)
    } else {
        options.write(true).create_new(true)
    };
    let mut file = options.open(&place).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::new(Kind::Usage, format!("{} exists already", place.display()))
            .hint("--force writes over it."),
        _ => Failure::new(Kind::Usage, format!("{}: {error}", place.display())),
    })?;
    file.write_all(TEXT.as_bytes())?;
    terminal::print(&format!("{} written; every key is a comment with its default\n", place.display()))?;
    Ok(ExitCode::SUCCESS)
}
