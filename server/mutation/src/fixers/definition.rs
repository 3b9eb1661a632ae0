//! What `fixers/*.toml` says, and how a fixer is found and asked.

use super::{cargo, eslint, ruff, sarif};
use hephaestus_core::{CancelToken, Finding, LanguageId, Patch, Snapshot, ToolCall, ToolOutput, Tools};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/fixers");

/// Why a fixer has nothing to say.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FixerError {
    /// One of our own files is malformed.
    #[error("fixer `{fixer}`: {message}")]
    Malformed {
        /// The file's stem.
        fixer: String,
        /// What is wrong.
        message: String,
    },
    /// It could not be run.
    #[error("{fixer} could not be run: {message}")]
    NotRun {
        /// The fixer.
        fixer: String,
        /// Why.
        message: String,
    },
    /// It ran and said nothing that can be read.
    #[error("{fixer} did not answer in its format (exit code {exit}): {message}")]
    Unreadable {
        /// The fixer.
        fixer: String,
        /// Its exit code, or `none`.
        exit: String,
        /// What is wrong, or the end of its standard error.
        message: String,
    },
}

/// The formats there are readers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Format {
    Ruff,
    Cargo,
    Eslint,
    Sarif,
}

/// One linter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixer {
    /// The file's stem.
    #[serde(skip)]
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// The pack whose files it looks at.
    pub language: LanguageId,
    program: String,
    #[serde(default)]
    places: Vec<String>,
    #[serde(default)]
    only_in_places: bool,
    #[serde(default)]
    needs: Vec<String>,
    command: Vec<String>,
    /// Which rules to ask for.
    #[serde(default)]
    pub select: String,
    format: Format,
    #[serde(default)]
    url: Option<String>,
    #[serde(default = "two_minutes")]
    timeout: u64,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Where the executable was found; relative to the root when it lies inside.
    #[serde(skip)]
    found: Option<String>,
}

fn two_minutes() -> u64 {
    120
}

/// Every fixer that travels inside the binary, by id.
///
/// # Errors
/// When one of our own files is malformed (the contract test prevents it).
pub fn all() -> Result<&'static [Fixer], &'static FixerError> {
    static FIXERS: LazyLock<Result<Vec<Fixer>, FixerError>> = LazyLock::new(read_all);
    FIXERS.as_deref()
}

fn read_all() -> Result<Vec<Fixer>, FixerError> {
    let mut fixers = Vec::new();
    for file in FOLDER.files() {
        let path = file.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        fixers.push(Fixer::parse(id, file.contents_utf8().unwrap_or_default())?);
    }
    fixers.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(fixers)
}

impl Fixer {
    /// Reads a fixer file.
    ///
    /// # Errors
    /// When it is no TOML, or has unknown keys or wrong types.
    pub fn parse(id: &str, text: &str) -> Result<Self, FixerError> {
        let mut fixer: Self = toml::from_str(text)
            .map_err(|error| FixerError::Malformed { fixer: id.to_owned(), message: error.to_string() })?;
        id.clone_into(&mut fixer.id);
        Ok(fixer)
    }

    /// The same fixer with its executable found for the workspace at `root`; `None` when it is not there or the
    /// workspace is not set up for it.
    #[must_use]
    pub fn locate(&self, root: &Path) -> Option<Self> {
        if !self.needs.is_empty() && !self.needs.iter().any(|file| root.join(file).is_file()) {
            return None;
        }
        let inside = self
            .places
            .iter()
            .map(|place| format!("{place}/{}", self.program))
            .find(|path| root.join(path).is_file());
        let found = inside.or_else(|| if self.only_in_places { None } else { self.on_path() })?;
        Some(Self { found: Some(found), ..self.clone() })
    }

    fn on_path(&self) -> Option<String> {
        let active = env::var_os("VIRTUAL_ENV").map(|folder| PathBuf::from(folder).join("bin"));
        let paths =
            env::var_os("PATH").map(|paths| env::split_paths(&paths).collect::<Vec<_>>()).unwrap_or_default();
        let found = active
            .into_iter()
            .chain(paths)
            .map(|folder| folder.join(&self.program))
            .find(|path| path.is_file());
        found.map(|path| path.display().to_string())
    }

    /// Asks the linter about the workspace, with `patch` applied.
    ///
    /// # Errors
    /// When it cannot be run or its answer cannot be read.
    pub fn ask(
        &self,
        snapshot: &Snapshot,
        patch: &Patch,
        tools: &dyn Tools,
        cancel: &CancelToken,
    ) -> Result<Vec<Finding>, FixerError> {
        let call = ToolCall {
            name: self.id.clone(),
            argv: self.argv(),
            env: self.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            timeout: Duration::from_secs(self.timeout),
            patch: patch.clone(),
        };
        let output = tools
            .run(&call, cancel)
            .map_err(|message| FixerError::NotRun { fixer: self.id.clone(), message })?;
        let mut findings = self.read(&output, snapshot)?;
        for finding in &mut findings {
            finding.fixer.clone_from(&self.id);
            finding.url = finding
                .url
                .take()
                .or_else(|| self.url.as_ref().map(|url| url.replace("{code}", &finding.code)));
        }
        findings.sort_by(|left, right| {
            (&left.file, left.range, &left.code).cmp(&(&right.file, right.range, &right.code))
        });
        findings.dedup();
        Ok(findings)
    }

    fn argv(&self) -> Vec<String> {
        let program = self.found.clone().unwrap_or_else(|| self.program.clone());
        let program = if program.starts_with('/') || !program.contains('/') {
            program
        } else {
            format!("{{root}}/{program}")
        };
        let mut argv = Vec::new();
        for word in &self.command {
            if word == "{select}" {
                argv.extend(self.select.split_whitespace().map(str::to_owned));
            } else {
                argv.push(word.replace("{program}", &program).replace("{select}", &self.select));
            }
        }
        argv
    }

    fn read(&self, output: &ToolOutput, snapshot: &Snapshot) -> Result<Vec<Finding>, FixerError> {
        let read = match self.format {
            Format::Ruff => ruff::read(output, snapshot),
            Format::Cargo => cargo::read(output, snapshot),
            Format::Eslint => eslint::read(output, snapshot),
            Format::Sarif => sarif::read(output, snapshot),
        };
        read.map_err(|message| FixerError::Unreadable {
            fixer: self.id.clone(),
            exit: output.exit.map_or_else(|| "none".to_owned(), |code| code.to_string()),
            message: if output.stderr.trim().is_empty() { message } else { tail(&output.stderr) },
        })
    }
}

/// The last lines of what a program said, as one.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().collect();
    lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fixer_file_keeps_the_contract() {
        let fixers = all().unwrap();
        assert!(fixers.len() >= 3);
        for fixer in fixers {
            assert!(
                fixer.command.iter().any(|word| word.contains("{program}")),
                "{}: no {{program}}",
                fixer.id
            );
            assert!(!fixer.title.is_empty() && fixer.timeout > 0, "{}", fixer.id);
            assert!(
                fixer.url.as_ref().is_none_or(|url| url.contains("{code}")),
                "{}: url without {{code}}",
                fixer.id
            );
        }
    }

    #[test]
    fn a_linter_of_the_project_comes_before_the_systems() {
        let folder = tempfile::tempdir().unwrap();
        let ruff = all().unwrap().iter().find(|fixer| fixer.id == "ruff").unwrap();
        std::fs::create_dir_all(folder.path().join(".venv/bin")).unwrap();
        std::fs::write(folder.path().join(".venv/bin/ruff"), "").unwrap();
        let found = ruff.locate(folder.path()).unwrap();
        assert_eq!(found.argv().first().map(String::as_str), Some("{root}/.venv/bin/ruff"));
        let eslint = all().unwrap().iter().find(|fixer| fixer.id == "eslint").unwrap();
        assert!(eslint.locate(folder.path()).is_none());
    }
}
