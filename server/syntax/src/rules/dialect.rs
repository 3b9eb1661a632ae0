//! A [`Language`] as ast-grep wants it: grammar, kinds, fields, and the character that stands for `$` in patterns.

use ast_grep_core::Language as PatternLanguage;
use ast_grep_core::matcher::{Pattern, PatternBuilder, PatternError};
use ast_grep_core::tree_sitter::{LanguageExt, StrDoc, TSLanguage};
use serde::{Deserialize, Deserializer, de};
use std::borrow::Cow;

use crate::{Language, Languages};

/// The language rules are compiled for.
#[derive(Clone, Debug)]
pub(super) struct Dialect(pub(super) Language);

impl Dialect {
    /// The language that rule files call `word`, in any workspace: a rule is compiled for the language of its pack, and what
    /// it says itself is only compared with that.
    pub(super) fn named(word: &str) -> Option<Self> {
        Languages::anywhere(word).map(Self)
    }
}

impl PartialEq for Dialect {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

impl Eq for Dialect {}

impl PatternLanguage for Dialect {
    fn pre_process_pattern<'q>(&self, query: &'q str) -> Cow<'q, str> {
        match self.expando_char() {
            '$' => Cow::Borrowed(query),
            expando => Cow::Owned(with_expando(expando, query)),
        }
    }

    fn expando_char(&self) -> char {
        self.0.pack().manifest.expando.chars().next().unwrap_or('$')
    }

    fn kind_to_id(&self, kind: &str) -> u16 {
        self.0.grammar().id_for_node_kind(kind, true)
    }

    fn field_to_id(&self, field: &str) -> Option<u16> {
        self.0.grammar().field_id_for_name(field).map(Into::into)
    }

    fn build_pattern(&self, builder: &PatternBuilder) -> Result<Pattern, PatternError> {
        builder.build(|source| StrDoc::try_new(source, self.clone()))
    }
}

impl LanguageExt for Dialect {
    fn get_ts_language(&self) -> TSLanguage {
        self.0.grammar().clone()
    }
}

impl<'de> Deserialize<'de> for Dialect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::named(&word)
            .ok_or_else(|| de::Error::custom(format!("`{word}` is no language we have a pack for")))
    }
}

/// Replaces the `$` of metavariables (`$A`, `$_`, `$$$A`, `$$$`) and no other one: `$` alone is code in some languages.
fn with_expando(expando: char, query: &str) -> String {
    let mut out = String::with_capacity(query.len());
    let mut dollars = 0;
    for c in query.chars().map(Some).chain([None]) {
        if c == Some('$') {
            dollars += 1;
            continue;
        }
        let is_metavariable = dollars == 3 || matches!(c, Some('A'..='Z' | '_'));
        out.extend(std::iter::repeat_n(if is_metavariable { expando } else { '$' }, dollars));
        dollars = 0;
        out.extend(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_metavariables_lose_their_dollar() {
        assert_eq!(with_expando('µ', "f($A, $$$, $$$REST, $_, $x, 5$)"), "f(µA, µµµ, µµµREST, µ_, $x, 5$)");
        assert_eq!(with_expando('µ', "$$$"), "µµµ");
    }

    #[test]
    fn languages_are_known_by_word_and_by_extension() {
        let id = |word| Dialect::named(word).map(|dialect| dialect.0.id().as_str().to_owned());
        assert_eq!(id("Python").as_deref(), Some("python"));
        assert_eq!(id("ts").as_deref(), Some("typescript"));
        assert_eq!(id("Tsx").as_deref(), Some("tsx"));
        assert_eq!(id("COBOL"), None);
    }
}
