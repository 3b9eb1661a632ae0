//! `hephaestus directive new`: a directive to be filled in. Never writes over one that is there.

use crate::args::{Common, DirectiveNew};
use crate::failure::{Failure, Kind};
use crate::terminal;
use hephaestus_workspace::directive::{DirectiveKind, nearest, template, wrong_name};
use hephaestus_workspace::directives_at;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(super) fn run(common: &Common, own: &DirectiveNew) -> Result<ExitCode, Failure> {
    let kind = kind_of(&own.kind)?;
    if let Some(reason) = wrong_name(&own.name) {
        return Err(Failure::new(Kind::Usage, format!("`{}` cannot be a name: {reason}", own.name)));
    }
    let place = place_for(&common.root, &own.name)?;
    let unwritable =
        |error: std::io::Error| Failure::new(Kind::Usage, format!("{}: {error}", place.display()));
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&place).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => taken(&own.name, &place),
            _ => unwritable(error),
        })?;
    file.write_all(template(kind, &own.name).as_bytes())?;
    terminal::print(&format!(
        "{} written; fill it in, then: hephaestus directive check {}\n",
        place.display(),
        own.name
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn kind_of(word: &str) -> Result<DirectiveKind, Failure> {
    DirectiveKind::of_word(word).ok_or_else(|| {
        let words: Vec<&str> = DirectiveKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let failure = Failure::new(
            Kind::Usage,
            format!("`{word}` is no kind of directive; kinds: {}", words.join(", ")),
        );
        match nearest(word, words) {
            Some(right) => failure.hint(format!("Did you mean `{right}`?")),
            None => failure,
        }
    })
}

/// Where a new directive goes; a name that is taken in another format is taken too.
fn place_for(root: &Path, name: &str) -> Result<PathBuf, Failure> {
    let starts = |file: &PathBuf| {
        let own = file.file_name().and_then(|own| own.to_str()).unwrap_or_default();
        own.strip_prefix(name).is_some_and(|rest| rest.starts_with(".forge."))
    };
    match directives_at(root).into_iter().find(starts) {
        Some(there) => Err(taken(name, &there)),
        None => Ok(root.join(".hephaestus/directives").join(format!("{name}.forge.md"))),
    }
}

fn taken(name: &str, place: &Path) -> Failure {
    Failure::new(Kind::Usage, format!("there is a directive `{name}` already: {}", place.display()))
        .hint("Choose another name, or edit that one.")
}
