//! Directives and their records as files: where they lie, and what came of each line when it was last run.

use super::DirectiveReport;
use crate::forging::now_ms;
use crate::open::Workspace;
use crate::overlay::patched;
use hephaestus_core::{ContentHash, Patch, RelPath};
use hephaestus_directive::{Directive, Outcome, Parsed, Record, is_directive, name_of, parse};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where directives lie, relative to the root.
const FOLDER: &str = ".hephaestus/directives";

/// A directive that was read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The file, as it was asked for.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// What it says, and what is wrong with it.
    pub parsed: Parsed,
}

/// Why a directive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is none of that name.
    #[error("there is no directive `{0}`: neither a file of that name nor one in .hephaestus/directives")]
    Missing(String),
    /// Its name is not that of a directive.
    #[error("`{0}` is no directive: its name ends neither with .forge.md nor .forge.toml nor .forge.yaml")]
    NoDirective(String),
    /// The disk does not let us.
    #[error("`{}` cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The directives of the workspace at `root`, by name.
#[must_use]
pub fn directives_at(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.join(FOLDER)).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| names_directive(path)).collect();
    files.sort();
    files
}

/// Reads a directive: a file, or the name of one in the workspace at `root`.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn load(root: &Path, asked: &Path) -> Result<Loaded, LoadError> {
    let file = find(root, asked)?;
    let text = fs::read_to_string(&file).map_err(|source| LoadError::Io { path: file.clone(), source })?;
    let name = file.file_name().map(Path::new).and_then(|name| RelPath::new(name).ok());
    let path = name.ok_or_else(|| LoadError::NoDirective(file.display().to_string()))?;
    let parsed = parse(&text, &path);
    Ok(Loaded { file, text, parsed })
}

fn find(root: &Path, asked: &Path) -> Result<PathBuf, LoadError> {
    if asked.is_file() {
        let is_one = names_directive(asked);
        return if is_one {
            Ok(asked.to_owned())
        } else {
            Err(LoadError::NoDirective(asked.display().to_string()))
        };
    }
    let named = directives_at(root).into_iter().find(|file| {
        let name = file.file_name().map(Path::new).and_then(|name| RelPath::new(name).ok());
        name.is_some_and(|name| Path::new(name_of(&name)) == asked)
    });
    named.ok_or_else(|| LoadError::Missing(asked.display().to_string()))
}

fn names_directive(path: &Path) -> bool {
    let name = path.file_name().map(Path::new).and_then(|name| RelPath::new(name).ok());
    name.is_some_and(|name| is_directive(&name))
}

/// The record of a directive, where there is one that can be read.
pub(super) fn read(workspace: &Workspace, directive: &Directive) -> Option<Record> {
    let text = fs::read_to_string(place(workspace, &directive.name)).ok()?;
    Record::from_text(&text).ok()
}

fn place(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.root.join(Record::path_for(name))
}

/// Writes down what came of each line. A line that holds only with a change that is not written does not hold in these
/// files: then it is unproved, and says what would prove it.
pub(super) fn write(workspace: &Workspace, directive: &Directive, report: &DirectiveReport) {
    let change = report.patch().filter(|_| report.applied).unwrap_or_default();
    let files = files(workspace, report, &change);
    let mut record = read(workspace, directive).unwrap_or_else(|| Record::new(directive.name.clone(), 0));
    record.run_ms = now_ms();
    record.keep_only(&directive.lines());
    for own in &report.lines {
        let outcome = match &own.outcome {
            Outcome::Proved { already: false, proof, .. } if !report.applied => {
                let where_ = proof.as_ref().map_or_else(String::new, |proof| format!(": {proof}"));
                Outcome::Unproved {
                    why: Some(format!("a change that makes it hold is proved and not written{where_}")),
                }
            }
            other => other.clone(),
        };
        record.note(&own.line, outcome, files.clone(), own.tests.clone());
    }
    let place = place(workspace, &directive.name);
    let written = place.parent().map_or(Ok(()), fs::create_dir_all);
    if let Err(error) = written.and_then(|()| fs::write(&place, record.to_text())) {
        tracing::warn!("the record of {} is not kept: {error}", directive.name);
    }
}

/// The files on which the lines were seen, as `change` leaves them: those the directive is about, and the tests.
fn files(workspace: &Workspace, report: &DirectiveReport, change: &Patch) -> BTreeMap<RelPath, ContentHash> {
    let after = patched(&workspace.snapshot, change, workspace.languages);
    let after = after.unwrap_or_else(|_| workspace.snapshot.clone());
    let tests = report.lines.iter().flat_map(|own| &own.tests).map(|test| &test.file);
    let paths = report.files.iter().chain(change.paths()).chain(tests);
    paths.filter_map(|path| Some((path.clone(), after.file(path)?.hash.clone()))).collect()
}
