//! Code in a directive: calls, values, conditions and signatures in the target's language. It is parsed, never run.

use super::Validator;
use crate::{Expected, Holds, Problem, Spanned};
use hephaestus_core::{ByteRange, RelPath, SourceFile};
use hephaestus_syntax::{Language, Parsed as Tree};
use std::sync::Arc;

/// What stands around an expression so that every grammar takes it for one.
const BEFORE: &str = "(";
const AFTER: &str = "\n);\n";

/// Longer code is not looked at.
const LONGEST: usize = 20_000;

impl Validator<'_> {
    pub(super) fn code(&mut self) {
        let Some(language) = self.directive.language(self.around).and_then(|id| self.languages.get(id))
        else {
            return;
        };
        let directive = self.directive;
        for example in &directive.examples {
            self.expression(language, &example.call, "call");
            match &example.expected {
                Expected::Value(value) => self.value(language, value),
                Expected::Error(error) => self.error_type(error),
            }
        }
        for property in &directive.properties {
            if let Some(assume) = &property.assume {
                self.expression(language, assume, "assume");
            }
            if let Holds::Condition(condition) = &*property.holds {
                let condition = Spanned::new(condition.clone(), property.holds.range);
                self.expression(language, &condition, "holds");
            }
        }
    }

    fn expression(&mut self, language: &Language, code: &Spanned<String>, key: &str) {
        let Some(wrong) = first_error(language, code) else { return };
        let message =
            format!("`{key}` is no expression of {}: it cannot be read from here on", language.id());
        let range = self.within(code, wrong);
        self.error(range, "bad-code", message);
    }

    /// What comes out is code; who forgets the quotes of a text is offered them.
    fn value(&mut self, language: &Language, value: &Spanned<String>) {
        let is_broken = first_error(language, value).is_some();
        let is_words = value.value.contains(|letter: char| letter.is_alphabetic())
            && value.value.chars().all(|letter| letter.is_alphanumeric() || " _-!?,".contains(letter))
            && value.value.contains([' ', '-', '!', '?']);
        // `-1` and `a - b` are code; `a-b` and `hello world` are texts without quotes.
        let is_sum = value.value.split(" - ").count() > 1 || value.value.trim_start().starts_with('-');
        if !(is_broken || is_words && !is_sum) {
            return;
        }
        if is_words && !value.value.contains(['"', '\'']) {
            let message = format!(
                "`value` is code of {}: a text needs quotes of its own, as in `'\"{}\"'`",
                language.id(),
                value.value
            );
            // Double quotes make a text in every language; the single ones around them are TOML's.
            let right = format!("'\"{}\"'", value.value);
            let problem = match is_broken {
                true => Problem::error(value.range, "bare-text", message),
                false => Problem::warning(value.range, "bare-text", message),
            };
            self.problems.push(problem.with_fix("Put it in quotes", value.range, right));
            return;
        }
        self.expression(language, value, "value");
    }

    fn error_type(&mut self, error: &Spanned<String>) {
        let kind = error.value.split(':').next().unwrap_or_default().trim();
        let is_name = kind.chars().all(|letter| letter.is_alphanumeric() || "_.$".contains(letter));
        if !is_name || kind.is_empty() || kind.starts_with(|letter: char| letter.is_ascii_digit()) {
            let message = format!(
                "`{kind}` is no type of error; write its type first, as in `ValueError: a part of its message`"
            );
            self.error(error.range, "bad-code", message);
        }
    }

    /// The place in the file of a place in a value: exact where the value is written as it is meant.
    fn within(&self, value: &Spanned<String>, place: ByteRange) -> ByteRange {
        let written = value.range.slice(self.text).unwrap_or_default();
        let Some(at) = written.find(value.value.as_str()) else { return value.range };
        let start = value.range.start + at;
        let place = ByteRange::new(start + place.start, start + place.end);
        if place.is_empty() { value.range } else { place }
    }
}

/// The first place of an expression that its grammar does not take.
fn first_error(language: &Language, code: &str) -> Option<ByteRange> {
    if code.len() > LONGEST {
        return None;
    }
    let text = format!("{BEFORE}{code}{AFTER}");
    let extension = language.pack().manifest.extensions.first()?;
    let path = RelPath::new(format!("expression.{extension}")).ok()?;
    let file = Arc::new(SourceFile::new(path, language.id().clone(), text, false));
    let tree = Tree::new(language, file)?;
    let wrong = tree.error_ranges().into_iter().next()?;
    let start = wrong.start.saturating_sub(BEFORE.len()).min(code.len());
    let end = wrong.end.saturating_sub(BEFORE.len()).min(code.len());
    let border = |at: usize| (0..=at).rev().find(|at| code.is_char_boundary(*at)).unwrap_or(0);
    Some(ByteRange::new(border(start), border(end)))
}
