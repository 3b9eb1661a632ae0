//! The search engine: looks for the small change that makes failing tests pass, guided by what those tests run through.
//!
//! It makes texts and asks the [`hephaestus_core::Probe`] what they do; it starts nothing itself, knows no language
//! (`repair.toml` of the packs does), and what it finds is only offered after the same trial as every other candidate.

mod data;
mod edits;
mod engine;
mod examples;
mod hunt;
mod locate;
mod pool;
mod prior;
mod rank;
mod scene;
mod space;

use std::collections::BTreeMap;

use hephaestus_core::{ByteRange, Edit, LanguageId};
use hephaestus_syntax::{Languages, Parsed};

pub use engine::Search;
pub use locate::causes;
pub use prior::Prior;

use data::{Lexicon, extended};
use pool::Mined;

/// The name of the file in a language pack.
const FILE: &str = "repair.toml";
/// The key in it that names the pack whose file it adds to.
const EXTENDS: &str = "extends";

/// Why what packs say of repairs cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("repairs of `{pack}`: {source}")]
pub struct SearchError {
    /// The language pack.
    pub pack: String,
    /// Where and why.
    pub source: Box<toml::de::Error>,
}

/// What repairs are made of, by language.
#[derive(Debug, Default)]
pub struct Lexicons {
    by_pack: BTreeMap<String, Lexicon>,
}

/// What a file says together with the one it extends.
fn whole(text: &str, languages: &Languages) -> Result<toml::Table, toml::de::Error> {
    let own: toml::Table = toml::from_str(text)?;
    let base = own.get(EXTENDS).and_then(toml::Value::as_str);
    let base = base.and_then(|base| languages.get(&LanguageId::new(base))?.pack().file(FILE));
    let Some(base) = base else { return Ok(own) };
    let mut data: toml::Table = toml::from_str(base)?;
    extended(&mut data, own);
    Ok(data)
}

impl Lexicons {
    /// What the packs say. A pack without a `repair.toml` is not an error: nothing is repaired there.
    ///
    /// # Errors
    /// When one of our own files is malformed (the contract test prevents it).
    pub fn builtin(languages: &Languages) -> Result<Self, SearchError> {
        let mut by_pack = BTreeMap::new();
        for language in languages.all() {
            let pack = language.pack();
            let Some(text) = pack.file(FILE) else { continue };
            let lexicon = whole(text, languages)
                .and_then(|data| Lexicon::read(data, language.grammar(), &pack.manifest.tables))
                .map_err(|source| SearchError { pack: pack.id.clone(), source: Box::new(source) })?;
            by_pack.insert(pack.id.clone(), lexicon);
        }
        Ok(Self { by_pack })
    }

    fn of(&self, parsed: &Parsed) -> Option<&Lexicon> {
        self.by_pack.get(parsed.language().id().as_str())
    }

    /// Every change of the function at `range` by family, the likeliest first, without any suspicion and with what
    /// `tests` mention: what a prior is learned from.
    #[must_use]
    pub fn changes(
        &self,
        parsed: &Parsed,
        range: ByteRange,
        tests: &[Parsed],
        prior: &Prior,
    ) -> Vec<(&'static str, Vec<Edit>)> {
        let Some(lexicon) = self.of(parsed) else { return Vec::new() };
        let mut mined = Mined::default();
        for test in tests {
            let scene = scene::Scene::new(test, lexicon);
            pool::mine(&scene, &[ByteRange::new(0, test.file().text.len())], &mut mined);
        }
        let rated = space::space(parsed, lexicon, range, &mined, prior, &|_| 1.0);
        rated.into_iter().map(|rated| (rated.own.family, rated.own.edits)).collect()
    }
}

#[cfg(test)]
mod tests;
