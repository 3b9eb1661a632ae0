//! Mutants: what the operators of a language pack make of a text. Pure: nothing here runs a test, and nothing here knows
//! a language; all that is said of one stands in its `operators.toml`.

mod closed;
mod compile;
mod condition;
mod data;
mod examples;
mod path;
mod sweep;
mod template;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hephaestus_core::{ByteRange, Mutant, Mutator, SourceFile};
use hephaestus_grammars::PackProblem;
use hephaestus_syntax::{Language, Languages, Parsed};

use crate::nodes::Nodes;
use compile::OperatorSet;
use condition::View;
use data::FileData;

pub use examples::Slip;

/// Why the operators of a language pack cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MutatorError {
    /// The file cannot be read.
    #[error("operators of `{pack}`: {source}")]
    Malformed {
        /// The language pack.
        pack: String,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// Something in it cannot be meant.
    #[error("operators of `{pack}`: {place}: {message}")]
    Meaning {
        /// The language pack.
        pack: String,
        /// The operator's id, or the part of the file.
        place: String,
        /// Why not.
        message: String,
    },
}

/// The mutation operators of all languages.
pub struct Mutators {
    languages: &'static Languages,
    sets: BTreeMap<String, OperatorSet>,
    problems: Vec<PackProblem>,
}

impl Mutators {
    /// The operators in the language packs. A pack without any is not an error: its files have no mutants. What users' packs
    /// add is left out where it is wrong, and is among the [`problems`](Self::problems).
    ///
    /// # Errors
    /// When one of our own files is malformed (the contract test prevents it).
    pub fn builtin(languages: &'static Languages) -> Result<Self, MutatorError> {
        let (mut sets, mut problems) = (BTreeMap::new(), Vec::new());
        // A file may serve several grammars: what it names must be known to one of them at least.
        let mut unknown: BTreeMap<&str, (String, BTreeSet<String>)> = BTreeMap::new();
        for language in languages.all() {
            let pack = language.pack().id.clone();
            let (shipped, users) = users::layers(language);
            if let Some(text) = shipped {
                let (set, names) = compiled(&pack, text, language)?;
                match unknown.get_mut(text) {
                    Some((_, known)) => known.retain(|name| names.contains(name)),
                    None => {
                        unknown.insert(text, (pack.clone(), names));
                    }
                }
                sets.insert(pack.clone(), set);
            }
            if !users.is_empty()
                && let Some(set) = users::on_top(shipped, &users, language, &mut problems)
            {
                sets.insert(pack, set);
            }
        }
        for (pack, names) in unknown.into_values() {
            if let Some(name) = names.into_iter().next() {
                let message = "no grammar that uses this file has it".to_owned();
                return Err(MutatorError::Meaning { pack, place: name, message });
            }
        }
        Ok(Self { languages, sets, problems })
    }

    /// What is wrong with the operators of users' packs.
    #[must_use]
    pub fn problems(&self) -> &[PackProblem] {
        &self.problems
    }

    /// The ids of the operators of a language pack, in the order of its file.
    pub fn operators(&self, pack: &str) -> impl Iterator<Item = &str> {
        let operators = self.sets.get(pack).map(|set| set.operators.as_slice()).unwrap_or_default();
        operators.iter().map(|operator| operator.id.as_str())
    }
}

/// The operators in a text, and the names in it that the language's grammar does not have.
fn compiled(
    pack: &str,
    text: &str,
    language: &Language,
) -> Result<(OperatorSet, BTreeSet<String>), MutatorError> {
    let data: FileData = toml::from_str(text)
        .map_err(|source| MutatorError::Malformed { pack: pack.to_owned(), source: Box::new(source) })?;
    compile::compile(&data, language.grammar()).map_err(|(place, message)| MutatorError::Meaning {
        pack: pack.to_owned(),
        place,
        message,
    })
}

impl Mutator for Mutators {
    fn mutants(&self, file: &SourceFile, regions: &[ByteRange]) -> Vec<Mutant> {
        let set = self.sets.get(file.language.as_str()).filter(|_| !file.is_test);
        let (Some(set), Some(language)) = (set, self.languages.get(&file.language)) else {
            return Vec::new();
        };
        let Some(parsed) = Parsed::new(language, Arc::new(file.clone())) else { return Vec::new() };
        let nodes = Nodes::of(parsed.tree());
        let Some(closed) = closed::closed(&nodes, language, &file.text) else { return Vec::new() };
        let view = View { nodes: &nodes, text: &file.text, named: &set.named };
        let mut changes = sweep::distinct(sweep::sweep(set, view, &closed), &file.text);
        if !regions.is_empty() {
            changes.retain(|change| regions.iter().any(|region| region.contains(change.range)));
        }
        changes
            .into_iter()
            .map(|change| Mutant {
                file: file.path.clone(),
                range: change.range,
                replacement: change.replacement,
                operator: change.operator.to_owned(),
                function: parsed.function_at(change.range).map(|function| function.qualified.clone()),
                description: change.description,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
