//! Whether a rule does what its file says: its before/after tests, and the snippets it must leave alone. For the contract
//! test of our own rules, and for the packs of users.

use hephaestus_core::{ByteRange, CancelToken, RelPath, SourceFile};
use serde_yaml::Value;
use std::sync::Arc;

use super::{RuleMatch, RuleSet};
use crate::{Language, Parsed};

/// What a rule does otherwise than its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSlip {
    /// 1-based line of its file.
    pub line: usize,
    /// What, with the texts.
    pub message: String,
}

/// What came of trying a rule on its own examples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleTrial {
    /// Tests there are.
    pub tests: usize,
    /// Snippets there are that it must leave alone.
    pub clean: usize,
    /// What went wrong.
    pub slips: Vec<RuleSlip>,
}

impl RuleSet {
    /// Tries the rule `id` of this set on the examples in the `text` of its file.
    #[must_use]
    pub fn examples(&self, id: &str, text: &str) -> RuleTrial {
        let mut trial = RuleTrial::default();
        let yaml: Value = match serde_yaml::from_str(text) {
            Ok(yaml) => yaml,
            Err(error) => {
                let line = error.location().map_or(1, |location| location.line());
                trial.slips.push(RuleSlip { line, message: error.to_string() });
                return trial;
            }
        };
        let list = |key: &str| {
            let metadata = yaml.get("metadata").and_then(|metadata| metadata.get(key));
            metadata.and_then(Value::as_sequence).cloned().unwrap_or_default()
        };
        for (nth, test) in list("tests").iter().enumerate() {
            let line = line_of(text, "before:", nth);
            trial.tests += 1;
            let part = |key: &str| test.get(key).and_then(Value::as_str);
            match (part("before"), part("after")) {
                (Some(before), Some(after)) => {
                    let wrong = self.does(id, before, after);
                    trial.slips.extend(wrong.into_iter().map(|message| RuleSlip { line, message }));
                }
                _ => {
                    let message = "a test needs `before` and `after`".to_owned();
                    trial.slips.push(RuleSlip { line, message });
                }
            }
        }
        for snippet in list("clean") {
            trial.clean += 1;
            let snippet = snippet.as_str().unwrap_or_default();
            let wrong = self.leaves(id, snippet, "the clean snippet");
            let line = line_of(text, "clean:", 0);
            trial.slips.extend(wrong.into_iter().map(|message| RuleSlip { line, message }));
        }
        trial
    }

    /// What is wrong where a rule should turn `before` into `after`.
    fn does(&self, id: &str, before: &str, after: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        match parse(self.language(), before) {
            Some(parsed) if parsed.error_ranges().is_empty() => {
                let mut found = self.matches(&parsed, &CancelToken::new());
                found.retain(|found| found.rule.id == id);
                let result = apply(before, found);
                if result == before && result != after {
                    wrong.push(format!("finds nothing in\n{before}"));
                } else if result != after {
                    wrong.push(format!("gives\n{result}instead of\n{after}"));
                }
            }
            _ => wrong.push(format!("the snippet of the test does not parse:\n{before}")),
        }
        wrong.extend(self.leaves(id, after, "the result of the test"));
        wrong
    }

    /// What is wrong where a rule should find nothing.
    fn leaves(&self, id: &str, snippet: &str, what: &str) -> Option<String> {
        let parsed = parse(self.language(), snippet).filter(|parsed| parsed.error_ranges().is_empty());
        let Some(parsed) = parsed else { return Some(format!("{what} does not parse:\n{snippet}")) };
        let found = self.matches(&parsed, &CancelToken::new());
        found.iter().any(|found| found.rule.id == id).then(|| format!("matches {what}:\n{snippet}"))
    }
}

fn parse(language: &Language, text: &str) -> Option<Parsed> {
    let extension = language.pack().manifest.extensions.first().map_or("txt", String::as_str);
    let path = RelPath::new(format!("snippet.{extension}")).ok()?;
    Parsed::new(language, Arc::new(SourceFile::new(path, language.id().clone(), text, false)))
}

/// Applies what does not overlap, outermost first.
fn apply(text: &str, mut found: Vec<RuleMatch>) -> String {
    found.sort_by_key(|found| (found.edit.range.start, usize::MAX - found.edit.range.end));
    let (mut out, mut at) = (String::new(), 0);
    for found in found {
        let ByteRange { start, end } = found.edit.range;
        if start >= at {
            out.push_str(text.get(at..start).unwrap_or_default());
            out.push_str(&found.edit.text);
            at = end;
        }
    }
    out + text.get(at..).unwrap_or_default()
}

/// The 1-based line of the `nth` place where `word` stands.
fn line_of(text: &str, word: &str, nth: usize) -> usize {
    let at = text.match_indices(word).nth(nth).map_or(0, |(at, _)| at);
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}
