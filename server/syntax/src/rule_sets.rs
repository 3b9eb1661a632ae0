//! The rules in force in one workspace: the packs' and the user's own, by language.

use crate::flat::FlatTree;
use crate::{Language, Parsed, RuleError, RuleMatch, RuleProblem, RuleSet};
use hephaestus_core::{ByteRange, CancelToken, LanguageId, RelPath};
use std::collections::HashMap;
use std::sync::Arc;

/// Rule sets by language. Cheap to clone.
#[derive(Clone, Default)]
pub struct RuleSets {
    sets: Arc<HashMap<LanguageId, Vec<Arc<RuleSet>>>>,
}

impl RuleSets {
    /// The packs' rules for `languages`, and those of the user's `files` that have a fix. Compiling them takes time: ask
    /// for the languages that occur only.
    ///
    /// # Errors
    /// When a pack's rules cannot be used at all. What is wrong with the user's rules is returned beside the others.
    pub fn load<'a>(
        languages: impl IntoIterator<Item = &'a Language>,
        files: &[(RelPath, String)],
    ) -> Result<(Self, Vec<RuleProblem>), RuleError> {
        let mut sets = HashMap::new();
        let mut problems: Vec<RuleProblem> = Vec::new();
        for language in languages {
            let mut own = vec![RuleSet::builtin(language)?];
            if !files.is_empty() {
                let (users, found) = RuleSet::from_sgconfig(files, language);
                if users.rules().next().is_some() {
                    own.push(Arc::new(users));
                }
                for problem in found {
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                }
            }
            sets.insert(language.id().clone(), own);
        }
        Ok((Self { sets: Arc::new(sets) }, problems))
    }

    /// These rules and, for languages they do not cover, `others`.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        let mut sets = (*self.sets).clone();
        for (language, own) in &*others.sets {
            sets.entry(language.clone()).or_insert_with(|| own.clone());
        }
        Self { sets: Arc::new(sets) }
    }

    /// Whether these are the very same rules for `language`, not only equal ones.
    pub(crate) fn are(&self, other: &Self, language: &LanguageId) -> bool {
        let of = |sets: &Self| sets.sets.get(language).map(Vec::as_slice).unwrap_or_default().to_vec();
        let (own, other) = (of(self), of(other));
        own.len() == other.len() && own.iter().zip(&other).all(|(own, other)| Arc::ptr_eq(own, other))
    }

    /// Whether the rules of `language` are among these.
    #[must_use]
    pub fn covers(&self, language: &LanguageId) -> bool {
        self.sets.contains_key(language)
    }

    /// Every match in a file.
    #[must_use]
    pub fn matches(&self, parsed: &Parsed) -> Vec<RuleMatch> {
        self.of(parsed).flat_map(|set| set.matches(parsed, &CancelToken::new())).collect()
    }

    /// Every match in a file whose whole tree is `tree`.
    pub(crate) fn matches_on(&self, parsed: &Parsed, tree: &FlatTree) -> Vec<RuleMatch> {
        self.of(parsed).flat_map(|set| set.matches_on(parsed, tree, &CancelToken::new())).collect()
    }

    /// Every match inside `range`.
    #[must_use]
    pub fn matches_in(&self, parsed: &Parsed, range: ByteRange) -> Vec<RuleMatch> {
        self.of(parsed).flat_map(|set| set.match_in(parsed, range)).collect()
    }

    /// How many rules there are for a language.
    #[must_use]
    pub fn count(&self, language: &LanguageId) -> usize {
        self.sets.get(language).into_iter().flatten().map(|set| set.rules().count()).sum()
    }

    pub(crate) fn of(&self, parsed: &Parsed) -> impl Iterator<Item = &Arc<RuleSet>> {
        self.sets.get(parsed.language().id()).into_iter().flatten()
    }
}
