//! `hephaestus pack new`: a pack to be filled in. Never writes over anything.

use hephaestus_core::LanguageId;
use hephaestus_syntax::Languages;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Why no skeleton was written.
#[derive(Debug, thiserror::Error)]
pub enum SkeletonError {
    /// The name cannot be one.
    #[error("`{0}` cannot be a language's id: small letters, digits and `-`, a letter first")]
    Name(String),
    /// There is something already.
    #[error("there is a file already: {}", .0.display())]
    Taken(PathBuf),
    /// It cannot be written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Writes a pack for the language `id` into a folder of that name in `into`. For a language of ours, what adds to it; for
/// another one, everything but the grammar. The files that were written.
///
/// # Errors
/// When the name is none, a file is there already, or cannot be written.
pub fn new(id: &str, into: &Path) -> Result<Vec<PathBuf>, SkeletonError> {
    let is_name = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_name {
        return Err(SkeletonError::Name(id.to_owned()));
    }
    let shipped = Languages::builtin().ok().and_then(|languages| languages.get(&LanguageId::new(id)));
    let mut files = Vec::new();
    match shipped {
        Some(language) => {
            let word = &language.pack().manifest.rule_language;
            files.push(("rules/my-rule.yml", RULE.replace("LANGUAGE", word)));
        }
        None => {
            let mut letters = id.chars();
            let name: String =
                letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect();
            files.push(("pack.toml", MANIFEST.replace("LANGUAGE", &name).replace("ENDING", id)));
            files.push(("rules/my-rule.yml", RULE.replace("LANGUAGE", &name)));
        }
    }
    let folder = into.join(id);
    let paths: Vec<PathBuf> = files.iter().map(|(file, _)| folder.join(file)).collect();
    if let Some(taken) = paths.iter().find(|path| path.exists()) {
        return Err(SkeletonError::Taken(taken.clone()));
    }
    for (path, (_, text)) in paths.iter().zip(&files) {
        write(path, text).map_err(|source| SkeletonError::Io { file: path.clone(), source })?;
    }
    Ok(paths)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

const MANIFEST: &str = include_str!("pack.toml");
const RULE: &str = include_str!("rule.yml");
