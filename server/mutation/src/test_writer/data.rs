//! What `tests.toml` of a language pack says: how tests look, by runner. Only reads.

use super::WriteError;
use hephaestus_core::LanguageId;
use hephaestus_syntax::Languages;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The name of the file in a language pack.
const FILE: &str = "tests.toml";

/// How a test finds what it tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Modules {
    /// By a dotted name that starts at a root.
    Dotted,
    /// By a path that starts at the test's own folder.
    Relative,
    /// It stands inside the same file, or names a path.
    Inside,
}

/// How tests of a language are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manner {
    /// Where tests go in a project that has none.
    pub(super) folder: String,
    /// What joins words in names of files.
    pub(super) joint: char,
    /// Names of files that say nothing: their folder's says more.
    pub(super) nameless: Vec<String>,
    /// A line of comment: `{text}`.
    pub(super) comment: String,
    /// Kinds of nodes that are imports.
    pub(super) nodes: Vec<String>,
    /// A text by which other statements are known to import.
    pub(super) required: Option<String>,
    /// An import of names.
    pub(super) import: String,
    /// An import of what a module is as a whole.
    pub(super) import_default: Option<String>,
    /// The same where files are ES modules.
    pub(super) esm_import: Option<String>,
    pub(super) esm_import_default: Option<String>,
    pub(super) modules: Modules,
    /// Folders in which dotted names may start.
    #[serde(default)]
    pub(super) roots: Vec<String>,
    /// A file of this name makes its folder a package.
    pub(super) package_file: Option<String>,
    /// Endings that are left out of relative paths.
    #[serde(default)]
    pub(super) bare_extensions: Vec<String>,
    /// Endings of files that are ES modules.
    #[serde(default)]
    pub(super) esm_extensions: Vec<String>,
    /// What a file begins with where others do.
    pub(super) directive: Option<String>,
    pub(super) literals: Literals,
    /// Imports that are needed where these texts occur.
    #[serde(default)]
    pub(super) needs: BTreeMap<String, String>,
    frameworks: BTreeMap<String, Framework>,
}

/// Values that are compared in ways of their own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Literals {
    pub(super) constants: Vec<String>,
    pub(super) nan: Vec<String>,
    pub(super) negative_zero: Vec<String>,
    /// Errors that can be named without an import; all where there are none.
    #[serde(default)]
    pub(super) errors: Vec<String>,
}

/// How tests for one runner look.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Framework {
    /// Other runners of the same tests.
    #[serde(default)]
    pub(super) also: Vec<String>,
    /// How files of tests are called; the first one where the project has none.
    pub(super) files: Vec<String>,
    /// One step of indentation where the project has none.
    pub(super) indent: String,
    /// What a file begins with.
    #[serde(default)]
    pub(super) head: String,
    /// The same for an ES module.
    pub(super) esm_head: Option<String>,
    #[serde(default)]
    pub(super) always_esm: bool,
    /// What opens and closes a group of tests, where they must stand in one.
    pub(super) group: Option<String>,
    #[serde(default)]
    pub(super) group_end: String,
    /// What opens and closes a group inside the file under test.
    pub(super) inside: Option<String>,
    #[serde(default)]
    pub(super) inside_end: String,
    /// A test.
    pub(super) test: String,
    /// A test of an error, where that looks different.
    pub(super) error_test: Option<String>,
    /// What stands between two tests.
    pub(super) gap: String,
    pub(super) says: Says,
}

/// Assertions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Says {
    pub(super) equal: String,
    /// Equal to one of the constants.
    pub(super) constant: String,
    /// Equal but for the last digits.
    pub(super) close: String,
    pub(super) nan: String,
    pub(super) negative_zero: String,
    pub(super) holds: String,
    pub(super) error: String,
    pub(super) any_error: String,
}

impl Manner {
    /// How tests for a runner look.
    pub(super) fn framework(&self, runner: &str) -> Option<&Framework> {
        let is_other = |framework: &&Framework| framework.also.iter().any(|name| name == runner);
        self.frameworks.get(runner).or_else(|| self.frameworks.values().find(is_other))
    }

    /// Every runner it knows.
    #[cfg(test)]
    pub(super) fn runners(&self) -> impl Iterator<Item = &str> {
        self.frameworks.keys().map(String::as_str)
    }
}

/// What the pack of a language says.
pub(super) fn manner(languages: &Languages, language: &LanguageId) -> Result<Manner, WriteError> {
    let text = languages.get(language).and_then(|language| language.pack().file(FILE));
    let text = text.ok_or_else(|| WriteError::NoFramework(language.to_string()))?;
    toml::from_str(text).map_err(|error| WriteError::Data(language.to_string(), error.to_string()))
}
