//! What sort of change a directive asks for.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The kind of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectiveKind {
    /// Something that is not there yet.
    Build,
    /// Code that works and could be better.
    Improve,
    /// Code that does the wrong thing.
    Fix,
    /// The same behaviour in a better shape.
    Refactor,
    /// The same behaviour in less time.
    Optimize,
    /// Tests for code that has too few.
    Test,
}

impl DirectiveKind {
    /// Every kind, in the order of the manual.
    pub const ALL: &'static [Self] =
        &[Self::Build, Self::Improve, Self::Fix, Self::Refactor, Self::Optimize, Self::Test];

    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Improve => "improve",
            Self::Fix => "fix",
            Self::Refactor => "refactor",
            Self::Optimize => "optimize",
            Self::Test => "test",
        }
    }

    /// What it is for, in one sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Build => "Writes something that is not there yet, until the examples hold.",
            Self::Improve => "Makes code that works better, in the measures you name.",
            Self::Fix => "Mends code that does the wrong thing, until the examples hold.",
            Self::Refactor => "Changes the shape of code and keeps what it does.",
            Self::Optimize => "Makes code faster and keeps what it does.",
            Self::Test => "Writes tests for code that has too few.",
        }
    }

    /// The kind with this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// Whether the behaviour must stay as it is.
    #[must_use]
    pub fn keeps_behaviour(self) -> bool {
        matches!(self, Self::Refactor | Self::Optimize | Self::Improve | Self::Test)
    }
}

impl fmt::Display for DirectiveKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
