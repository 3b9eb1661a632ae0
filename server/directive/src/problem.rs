//! What is wrong with a directive: where, how bad, what to do, and where possible the edit that does it.

use crate::nearest::nearest;
use hephaestus_core::{ByteRange, Edit};
use std::fmt;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Information,
    /// It can be run, and may not do what was meant.
    Warning,
    /// It cannot be run.
    Error,
}

impl Severity {
    /// The word in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An edit of the directive that ends a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as a user picks it.
    pub title: String,
    /// The edit, in bytes of the directive's text.
    pub edit: Edit,
}

/// One thing wrong with a directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, in bytes of the directive's text.
    pub range: ByteRange,
    /// How bad.
    pub severity: Severity,
    /// Which sort of problem, in kebab-case: stable, for filters and links.
    pub code: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
    /// What would end it, if that can be said.
    pub fix: Option<Fix>,
}

impl Problem {
    /// A problem because of which the directive cannot be run.
    pub(crate) fn error(range: ByteRange, code: &'static str, message: impl Into<String>) -> Self {
        Self { range, severity: Severity::Error, code, message: message.into(), fix: None }
    }

    /// A problem that a run can live with.
    pub(crate) fn warning(range: ByteRange, code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(range, code, message) }
    }

    /// Something worth knowing.
    pub(crate) fn information(range: ByteRange, code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Information, ..Self::error(range, code, message) }
    }

    /// The same, with an edit that ends it.
    #[must_use]
    pub(crate) fn with_fix(
        self,
        title: impl Into<String>,
        range: ByteRange,
        text: impl Into<String>,
    ) -> Self {
        let edit = Edit::new(range.start..range.end, text);
        Self { fix: Some(Fix { title: title.into(), edit }), ..self }
    }

    /// The same; where one of `known` is close to the `wrong` word at `place`, it is offered instead.
    #[must_use]
    pub(crate) fn with_nearest<'a>(
        self,
        wrong: &str,
        place: ByteRange,
        known: impl IntoIterator<Item = &'a str>,
        written: impl FnOnce(&str) -> String,
    ) -> Self {
        let Some(right) = nearest(wrong, known) else { return self };
        let message = format!("{}; did you mean `{right}`?", self.message);
        Self { message, ..self }.with_fix(format!("Change to `{right}`"), place, written(right))
    }
}
