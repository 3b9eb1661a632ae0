//! Languages: a pack together with its grammar, ready to parse and to match.

use hephaestus_core::{LanguageId, RelPath};
use hephaestus_grammars::{Pack, PackError};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::queries::Queries;
use crate::tables::KindTables;

/// One language. Cheap to clone.
#[derive(Clone)]
pub struct Language {
    inner: Arc<Inner>,
}

struct Inner {
    id: LanguageId,
    pack: &'static Pack,
    grammar: tree_sitter::Language,
    tables: KindTables,
    queries: Queries,
}

impl Language {
    /// The pack's id.
    #[must_use]
    pub fn id(&self) -> &LanguageId {
        &self.inner.id
    }

    /// The pack.
    #[must_use]
    pub fn pack(&self) -> &'static Pack {
        self.inner.pack
    }

    /// The tree-sitter grammar.
    #[must_use]
    pub fn grammar(&self) -> &tree_sitter::Language {
        &self.inner.grammar
    }

    /// The pack's tables, in the grammar's ids.
    pub(crate) fn tables(&self) -> &KindTables {
        &self.inner.tables
    }

    /// The pack's queries.
    pub(crate) fn queries(&self) -> &Queries {
        &self.inner.queries
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({})", self.inner.id)
    }
}

/// All languages there are.
#[derive(Debug, Clone, Default)]
pub struct Languages {
    by_id: HashMap<String, Language>,
}

impl Languages {
    /// The languages that travel inside the binary.
    ///
    /// # Errors
    /// When one of our own packs is malformed (the contract test prevents it).
    pub fn builtin() -> Result<&'static Self, &'static PackError> {
        static LANGUAGES: LazyLock<Result<Languages, PackError>> = LazyLock::new(Languages::load);
        LANGUAGES.as_ref()
    }

    fn load() -> Result<Self, PackError> {
        let mut by_id = HashMap::new();
        for pack in hephaestus_grammars::packs().map_err(Clone::clone)? {
            let grammar = hephaestus_grammars::grammar(&pack.id).ok_or_else(|| PackError {
                pack: pack.id.clone(),
                message: "no grammar is linked in".to_owned(),
            })?;
            let tables = KindTables::new(pack, &grammar)?;
            let inner =
                Inner { id: LanguageId::new(&pack.id), pack, grammar, tables, queries: Queries::new(pack) };
            by_id.insert(pack.id.clone(), Language { inner: Arc::new(inner) });
        }
        Ok(Self { by_id })
    }

    /// The language with this id.
    #[must_use]
    pub fn get(&self, id: &LanguageId) -> Option<&Language> {
        self.by_id.get(id.as_str())
    }

    /// The language of a file, by name, extension, or the `#!` line at the start of `head`. Where several packs claim an
    /// extension, what is in `head` decides, or the first pack.
    #[must_use]
    pub fn detect(&self, path: &RelPath, head: &str) -> Option<&Language> {
        let claims = |language: &&Language| {
            let manifest = &language.pack().manifest;
            manifest.file_names.iter().any(|name| name == path.file_name())
                || path
                    .extension()
                    .is_some_and(|extension| manifest.extensions.iter().any(|own| own == extension))
        };
        let tells = |language: &&Language| {
            language.pack().manifest.telling.iter().any(|text| head.contains(text.as_str()))
        };
        let claiming = || self.by_id.values().filter(claims);
        let named = claiming().find(tells).or_else(|| claiming().min_by_key(|language| language.id()));
        if named.is_some() {
            return named;
        }
        let command = head.strip_prefix("#!")?.lines().next()?;
        let mut words = command.split(['/', ' ']).map(str::trim);
        let claims = |word: &str| {
            let known =
                |language: &&Language| language.pack().manifest.shebangs.iter().any(|own| own == word);
            self.by_id.values().find(known)
        };
        words.find_map(claims)
    }

    /// Every language, sorted by id.
    #[must_use]
    pub fn all(&self) -> Vec<&Language> {
        let mut all: Vec<_> = self.by_id.values().collect();
        all.sort_by_key(|language| language.id().clone());
        all
    }
}

#[cfg(test)]
mod tests;
