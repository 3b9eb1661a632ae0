//! Directives: what a user wants built or improved, written down in a short file, with every complaint about it at its
//! place.
//!
//! Pure: text in, a [`Directive`] and [`Problem`]s out. Nothing here reads the disk, runs a check or knows an editor.

mod assist;
mod cursor;
mod directive;
mod domain;
mod keys;
mod kind;
mod line;
mod nearest;
mod node;
mod pattern;
mod problem;
mod read;
mod record;
mod source;
mod spanned;
mod surroundings;
mod template;
mod validate;

pub use assist::{Completion, Definition, Offered, complete, definitions, explain, line_at};
pub use directive::{
    Accept, AcceptMode, AcceptanceLine, Bench, Budget, Check, Constraints, Dependencies, Directive,
    EditScope, Engines, Example, Expected, Holds, Interface, Objective, Property, PublicApi, Target,
    Threshold, Variable, When,
};
pub use domain::Domain;
pub use keys::{KEYS, Key, Names, Shape};
pub use kind::DirectiveKind;
pub use line::{Line, LineId, LineKind};
pub use nearest::nearest;
pub use pattern::Pattern;
pub use problem::{Fix, Problem, Severity};
pub use record::{LineRecord, LineState, Outcome, Record, RecordError, TestPlace};
pub use source::{Format, is_directive, name_of};
pub use spanned::Spanned;
pub use surroundings::{FileNames, FileSummary, Surroundings, Symbol};
pub use template::{template, wrong_name};
pub use validate::{check, validate};

use hephaestus_core::RelPath;

/// What a text says, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The directive; `None` when the text has no kind or no goal, or is no directive at all. Parts that are wrong are
    /// left out of it: run only what has no problem of [`Severity::Error`].
    pub directive: Option<Directive>,
    /// What is wrong with the text by itself, in the order of the text.
    pub problems: Vec<Problem>,
}

impl Parsed {
    /// Whether something is wrong enough that it cannot be run.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }
}

/// Reads a directive. The path decides the format and the name.
#[must_use]
pub fn parse(text: &str, path: &RelPath) -> Parsed {
    let mut problems = Vec::new();
    let directive = source::load(text, path, &mut problems)
        .and_then(|loaded| read::directive(name_of(path), text, &loaded, &mut problems));
    problems.sort_by_key(|problem| problem.range);
    problems.dedup();
    Parsed { directive, problems }
}
