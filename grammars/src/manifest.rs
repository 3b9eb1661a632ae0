//! What `pack.toml` may say.

use serde::Deserialize;

use crate::tables::Tables;

/// Why a pack cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("language pack `{pack}`: {message}")]
pub struct PackError {
    /// The pack's folder.
    pub pack: String,
    /// What is wrong, with the position where there is one.
    pub message: String,
}

/// The contents of `pack.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PackManifest {
    /// The language's name for people.
    pub name: String,
    /// Packs whose rules, tables and test paths hold here too, unless this pack says otherwise; nearest first.
    pub inherits: Vec<String>,
    /// The word rule files write under `language:`.
    pub rule_language: String,
    /// File extensions without the dot.
    pub extensions: Vec<String>,
    /// Of files whose ending another pack claims too, those that contain one of these texts are this language's.
    pub telling: Vec<String>,
    /// Whole file names.
    pub file_names: Vec<String>,
    /// Interpreters of `#!` lines.
    pub shebangs: Vec<String>,
    /// The character that stands for `$` in patterns, where `$` is no identifier character.
    pub expando: String,
    /// Globs of test code.
    pub test_paths: Vec<String>,
    /// How code is broken on purpose, to see whether tests notice.
    pub canary: Canary,
    /// Node kinds and fields, by the question they answer.
    pub tables: Tables,
}

/// How code is broken on purpose. Empty: it cannot be done in this language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Canary {
    /// A statement that throws, put first into a function's body.
    pub statement: String,
    /// An expression that throws, for bodies that are one; empty where there are none.
    pub expression: String,
    /// Whether a statement is broken by putting braces around it and the canary (where a branch needs no block).
    pub in_braces: bool,
    /// Whether the statement may stand outside functions.
    pub top_level: bool,
}

impl PackManifest {
    /// Reads a `pack.toml`.
    ///
    /// # Errors
    /// When it is no TOML, or has unknown keys or wrong types.
    pub fn parse(pack: &str, text: &str) -> Result<Self, PackError> {
        toml::from_str(text).map_err(|error| PackError { pack: pack.to_owned(), message: error.to_string() })
    }

    /// This manifest of a user's pack on top of that of the pack it adds to: lists are longer, the rest is replaced where
    /// it says something.
    #[must_use]
    pub fn over(mut self, base: &Self) -> Self {
        let own = |own: &mut String, base: &String| {
            if own.is_empty() {
                own.clone_from(base);
            }
        };
        own(&mut self.name, &base.name);
        own(&mut self.rule_language, &base.rule_language);
        own(&mut self.expando, &base.expando);
        let more = |own: &mut Vec<String>, base: &[String]| {
            let own_words = std::mem::take(own);
            own.extend(base.iter().cloned());
            own.extend(own_words.into_iter().filter(|word| !base.contains(word)));
        };
        more(&mut self.inherits, &base.inherits);
        more(&mut self.extensions, &base.extensions);
        more(&mut self.telling, &base.telling);
        more(&mut self.file_names, &base.file_names);
        more(&mut self.shebangs, &base.shebangs);
        more(&mut self.test_paths, &base.test_paths);
        if self.canary == Canary::default() {
            self.canary = base.canary.clone();
        }
        self.tables = self.tables.fill_from(&base.tables);
        self
    }

    /// Takes from `parent` what this manifest leaves out.
    #[must_use]
    pub fn fill_from(mut self, parent: &Self) -> Self {
        if self.test_paths.is_empty() {
            self.test_paths.clone_from(&parent.test_paths);
        }
        self.tables = self.tables.fill_from(&parent.tables);
        self
    }
}
