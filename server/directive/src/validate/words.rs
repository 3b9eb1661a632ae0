//! Words that say nothing one could check: "fast", "better", "clean", where no number and no check says how much.

use super::Validator;
use crate::{Check, DirectiveKind, Problem, Spanned};
use hephaestus_core::{ByteRange, Dimension};

/// What a vague word is usually about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    Speed,
    Shape,
    Tests,
    Anything,
}

/// Beginnings of vague words, and what they are about.
const VAGUE: &[(&str, Sense)] = &[
    ("fast", Sense::Speed),
    ("quick", Sense::Speed),
    ("slow", Sense::Speed),
    ("performant", Sense::Speed),
    ("efficient", Sense::Speed),
    ("scalab", Sense::Speed),
    ("snappy", Sense::Speed),
    ("clean", Sense::Shape),
    ("readab", Sense::Shape),
    ("simple", Sense::Shape),
    ("simpler", Sense::Shape),
    ("maintainab", Sense::Shape),
    ("elegant", Sense::Shape),
    ("pretty", Sense::Shape),
    ("nice", Sense::Shape),
    ("well-tested", Sense::Tests),
    ("better", Sense::Anything),
    ("robust", Sense::Anything),
    ("reliab", Sense::Anything),
    ("modern", Sense::Anything),
    ("good", Sense::Anything),
    ("proper", Sense::Anything),
    ("user-friendly", Sense::Anything),
    ("intuitive", Sense::Anything),
    ("secure", Sense::Anything),
    ("flexib", Sense::Anything),
    ("optimal", Sense::Anything),
    ("best", Sense::Anything),
];

impl Sense {
    /// What would say how much.
    fn hint(self) -> &'static str {
        match self {
            Self::Speed => "say how much with a [[bench]] or `objective.at_least`",
            Self::Shape => "say how much with a [threshold], such as `cognitive = 10`",
            Self::Tests => "say how much with a [threshold], such as `strength = 0.8`",
            Self::Anything => "say what would show it: an [[example]], a [[property]] or a [threshold]",
        }
    }

    /// A table that says how much, with a title for the fix.
    fn table(self) -> Option<(&'static str, &'static str, &'static str)> {
        match self {
            Self::Speed => Some((
                "objective",
                "Ask for a fifth less time",
                "[objective]\nimprove = [\"run-time\"]\nat_least = 0.2",
            )),
            Self::Shape => {
                Some(("threshold", "Ask for a cognitive complexity of 10", "[threshold]\ncognitive = 10"))
            }
            Self::Tests => Some(("threshold", "Ask for a strength of 80 %", "[threshold]\nstrength = 0.8")),
            Self::Anything => None,
        }
    }
}

impl Validator<'_> {
    pub(super) fn words(&mut self) {
        self.vague(&self.directive.goal);
        for line in &self.directive.acceptance {
            // Where something checks the line, its text is only its title.
            if line.check.as_ref().is_none_or(|check| **check == Check::Manual) {
                self.vague(&line.text);
            }
        }
    }

    fn vague(&mut self, words: &Spanned<String>) {
        if words.value.chars().any(|letter| letter.is_ascii_digit()) {
            return;
        }
        let Some((word, sense)) = first_vague(&words.value) else { return };
        if self.is_pinned(sense) {
            return;
        }
        let written = words.range.slice(self.text).unwrap_or_default();
        let range = written.find(word).map_or(words.range, |at| {
            ByteRange::new(words.range.start + at, words.range.start + at + word.len())
        });
        let message = format!("`{word}` can be read in many ways; {}", sense.hint());
        let problem = Problem::warning(range, "vague", message);
        let problem = match sense.table().filter(|(table, ..)| !self.has_table(table)) {
            Some((_, title, table)) => self.with_table(problem, title, table),
            None => problem,
        };
        self.problems.push(problem);
    }

    /// Whether something in the directive says how much.
    fn is_pinned(&self, sense: Sense) -> bool {
        let directive = self.directive;
        let measured = |wanted: &[Dimension]| {
            let thresholds = directive.thresholds.iter().map(|threshold| *threshold.dimension);
            let improved = directive.objective.improve.iter().map(|dimension| **dimension);
            thresholds.chain(improved).any(|dimension| wanted.contains(&dimension))
        };
        match sense {
            Sense::Speed => !directive.benches.is_empty() || measured(&[Dimension::RunTime]),
            Sense::Shape => measured(&[
                Dimension::Cognitive,
                Dimension::Cyclomatic,
                Dimension::Size,
                Dimension::Statements,
                Dimension::Nesting,
                Dimension::Duplication,
                Dimension::Findings,
            ]),
            Sense::Tests => measured(&[Dimension::Strength]) || *directive.kind == DirectiveKind::Test,
            Sense::Anything => {
                let is_checked = |line: &crate::AcceptanceLine| {
                    line.check.as_ref().is_some_and(|check| **check != Check::Manual)
                };
                !directive.examples.is_empty()
                    || !directive.properties.is_empty()
                    || !directive.benches.is_empty()
                    || !directive.thresholds.is_empty()
                    || directive.acceptance.iter().any(is_checked)
            }
        }
    }

    fn has_table(&self, table: &str) -> bool {
        match table {
            "threshold" => !self.directive.thresholds.is_empty(),
            _ => {
                let objective = &self.directive.objective;
                !objective.improve.is_empty() || objective.at_least.is_some()
            }
        }
    }
}

/// The first vague word of a text, as it is written there.
fn first_vague(text: &str) -> Option<(&str, Sense)> {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '-' && letter != '_');
    words.filter(|word| !word.contains('_')).find_map(|word| {
        let lower = word.to_lowercase();
        let (_, sense) = VAGUE
            .iter()
            .find(|(start, _)| lower.strip_prefix(start).is_some_and(|rest| ENDINGS.contains(&rest)))?;
        Some((word, *sense))
    })
}

/// What may follow the beginning of a vague word for it to be the same one.
const ENDINGS: &[&str] = &["", "er", "est", "ly", "le", "ility", "ness", "r", "st", "ise", "ize"];

#[cfg(test)]
mod tests {
    use super::first_vague;

    #[test]
    fn vague_words_are_found_as_they_are_written() {
        let word = |text| first_vague(text).map(|(word, _)| word);
        assert_eq!(word("Make it Faster, please"), Some("Faster"));
        assert_eq!(word("more readable code"), Some("readable"));
        assert_eq!(word("robustness of the parser"), Some("robustness"));
        assert_eq!(word("breakfast is at eight; cleanup() and fast_path stay"), None);
        assert_eq!(word("fasting"), None);
    }
}
