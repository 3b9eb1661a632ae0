//! What is wrong with a directive that can be read: what it says makes no sense, contradicts itself, cannot be checked, or
//! names what is not there. Pure: nothing is run, so whether a line holds is known from the record alone.

use crate::problem::Problem;
use crate::source::{Format, front_matter};
use crate::{Directive, Surroundings};
use hephaestus_core::{ByteRange, RelPath};
use hephaestus_syntax::Languages;

mod code;
mod contradictions;
mod lines;
mod order;
mod targets;
mod words;

pub(crate) use targets::is_named;

/// Reads a directive and looks at it among its surroundings: everything that can be said without running it.
#[must_use]
pub fn check(text: &str, path: &RelPath, around: &Surroundings, languages: &Languages) -> crate::Parsed {
    let mut parsed = crate::parse(text, path);
    if let Some(directive) = &parsed.directive {
        parsed.problems.extend(validate(text, path, directive, around, languages));
        parsed.problems.sort_by_key(|problem| problem.range);
    }
    parsed
}

/// What is wrong with a directive among its surroundings.
#[must_use]
pub fn validate(
    text: &str,
    path: &RelPath,
    directive: &Directive,
    around: &Surroundings,
    languages: &Languages,
) -> Vec<Problem> {
    let format = Format::of(path).unwrap_or(Format::Markdown);
    let mut validator = Validator { text, format, directive, around, languages, problems: Vec::new() };
    validator.words();
    validator.contradictions();
    validator.lines();
    if around.knows_files {
        validator.targets();
    }
    validator.code();
    validator.order();
    let mut problems = validator.problems;
    if format == Format::Yaml {
        // Fixes are written in TOML.
        problems.iter_mut().for_each(|problem| problem.fix = None);
    }
    problems.sort_by_key(|problem| problem.range);
    problems
}

/// What every check looks at.
struct Validator<'a> {
    text: &'a str,
    format: Format,
    directive: &'a Directive,
    around: &'a Surroundings,
    languages: &'a Languages,
    problems: Vec<Problem>,
}

impl Validator<'_> {
    fn error(&mut self, range: ByteRange, code: &'static str, message: impl Into<String>) {
        self.problems.push(Problem::error(range, code, message));
    }

    fn warning(&mut self, range: ByteRange, code: &'static str, message: impl Into<String>) {
        self.problems.push(Problem::warning(range, code, message));
    }

    /// The 1-based line of an offset.
    fn line_of(&self, offset: usize) -> usize {
        self.text.get(..offset).unwrap_or_default().matches('\n').count() + 1
    }

    /// Where another table can be written: the end of the keys.
    fn end_of_keys(&self) -> ByteRange {
        let end = match self.format {
            Format::Markdown => front_matter(self.text).map_or(0, |(keys, _)| keys.end),
            Format::Toml | Format::Yaml => self.text.len(),
        };
        ByteRange::new(end, end)
    }

    /// The same problem with a fix that adds `table` at the end of the keys.
    fn with_table(&self, problem: Problem, title: &str, table: &str) -> Problem {
        let at = self.end_of_keys();
        let before = self.text.get(..at.start).unwrap_or_default();
        let gap = if before.is_empty() || before.ends_with('\n') { "\n" } else { "\n\n" };
        problem.with_fix(title, at, format!("{gap}{table}\n"))
    }
}
