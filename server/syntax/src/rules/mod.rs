//! Rewrite rules: patterns with a replacement, read from YAML files in ast-grep's format.
//!
//! A rule of ours is one file in a pack's `rules/`; a user's own ast-grep rules work unchanged. A match is a suggestion
//! and nothing more: whether the edit keeps behaviour is for the tests to show, never for this module to claim.

mod dialect;
mod examples;
mod ignores;
pub(crate) mod layout;
mod literals;
mod load;
pub(crate) mod reach;
pub(crate) mod scan;
mod sieve;

use hephaestus_core::{ByteRange, Dimension, Edit, GoalKind, RelPath};
use std::sync::{Arc, OnceLock};

use crate::Language;
use load::Compiled;
use sieve::Words;

pub use examples::{RuleSlip, RuleTrial};

/// What a rule says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The pack it stands in and its own name, e.g. `python/collapse-nested-if`; `user/<id>` for a user's own.
    pub id: String,
    /// The sort of improvement.
    pub kind: GoalKind,
    /// One line: what the match is. May hold metavariables; [`RuleMatch::message`] has them filled in.
    pub message: String,
    /// A few sentences: why, and what could go wrong.
    pub note: String,
    /// Whether the rule claims to keep behaviour as it is.
    pub preserves_behaviour: bool,
    /// What it is meant to improve.
    pub targets: Vec<Dimension>,
}

/// One place where a rule applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMatch {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The matched node, in bytes of the file's text.
    pub range: ByteRange,
    /// The replacement, against the file's text. May reach beyond `range` when the rule says so.
    pub edit: Edit,
    /// The rule's message for this very match.
    pub message: String,
}

/// A rule of a pack that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule `{id}`, line {line}: {reason}")]
pub struct SkippedRule {
    /// The rule's id.
    pub id: String,
    /// 1-based line of its file.
    pub line: u32,
    /// What is wrong with it.
    pub reason: String,
}

/// Something wrong in a user's rule file. The other rules work on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct RuleProblem {
    /// The rule file.
    pub file: RelPath,
    /// 1-based line.
    pub line: u32,
    /// What is wrong.
    pub message: String,
}

/// Why a pack's rules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// There are rules and not one of them can be used.
    #[error("no rule for `{language}` can be used; the first: {first}")]
    NoneUsable {
        /// The language's id.
        language: String,
        /// What is wrong with the first one.
        first: SkippedRule,
    },
}

/// The rules of one language, compiled. Immutable and shared between threads.
pub struct RuleSet {
    language: Language,
    rules: Vec<Compiled>,
    /// Rules by the node kinds they can match at all: what keeps a scan with many rules cheap.
    by_kind: Vec<Vec<usize>>,
    /// Words without which rules match nowhere; collected when first needed.
    words: OnceLock<Words>,
    skipped: Vec<SkippedRule>,
}

/// The place of one language's rules, filled once.
pub(crate) type RuleSlot = OnceLock<Result<Arc<RuleSet>, RuleError>>;

impl RuleSet {
    /// The rules of the language's pack and of the packs it inherits from, compiled once per process.
    ///
    /// # Errors
    /// When not one rule can be used. A single one that cannot is left out and listed by [`RuleSet::skipped`]: an
    /// inherited rule may make no sense in this grammar; for a pack's own rules the contract test prevents it.
    pub fn builtin(language: &Language) -> Result<Arc<Self>, RuleError> {
        language.rule_slot().get_or_init(|| Self::compile(language)).clone()
    }

    fn compile(language: &Language) -> Result<Arc<Self>, RuleError> {
        let (rules, skipped) = load::pack_rules(language);
        match skipped.first() {
            // What is wrong with a user's rules is told, and stops nobody.
            Some(first) if rules.is_empty() && language.users().is_empty() => {
                let language = language.id().as_str().to_owned();
                Err(RuleError::NoneUsable { language, first: first.clone() })
            }
            _ => Ok(Arc::new(Self::new(language.clone(), rules, skipped))),
        }
    }

    /// A user's own ast-grep rules: `files` are the texts found in the `ruleDirs` of an `sgconfig.yml`, each one or more
    /// YAML documents. Only rules for `language` that have a `fix` are taken. What is wrong with a file is returned
    /// beside the rules that are right.
    #[must_use]
    pub fn from_sgconfig(files: &[(RelPath, String)], language: &Language) -> (Self, Vec<RuleProblem>) {
        let (rules, problems) = load::user_rules(files, language);
        (Self::new(language.clone(), rules, Vec::new()), problems)
    }

    fn new(language: Language, rules: Vec<Compiled>, skipped: Vec<SkippedRule>) -> Self {
        let mut by_kind: Vec<Vec<usize>> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            for kind in rule.kinds() {
                if by_kind.len() <= kind {
                    by_kind.resize_with(kind + 1, Vec::new);
                }
                if let Some(candidates) = by_kind.get_mut(kind) {
                    candidates.push(index);
                }
            }
        }
        Self { language, rules, by_kind, words: OnceLock::new(), skipped }
    }

    /// The language whose trees the rules match.
    #[must_use]
    pub fn language(&self) -> &Language {
        &self.language
    }

    /// The rules, in the order of their files.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter().map(|compiled| &compiled.rule)
    }

    /// The rules of the pack and of its parents that were left out.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedRule] {
        &self.skipped
    }
}

#[cfg(test)]
mod tests;
