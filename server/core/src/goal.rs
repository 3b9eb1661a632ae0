//! Goals: located, checkable improvements that are worth forging.

use crate::{ByteRange, ContentHash, Dimension, LanguageId, Patch, RelPath, Suspect};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A stable id: the same goal in unchanged code has the same id in every run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GoalId(pub String);

impl fmt::Display for GoalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! goal_kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// What sort of improvement a goal asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum GoalKind { $($(#[$doc])* $variant,)* }

        impl GoalKind {
            /// Every kind, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word used in configuration, on the command line and in output.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}
goal_kinds! {
    /// A rule sees a simpler way to say the same.
    Simplify = "simplify",
    /// A rule sees an outdated construct.
    Modernize = "modernize",
    /// A rule sees a trap.
    Correctness = "correctness",
    /// A rule sees code without effect.
    DeadCode = "dead-code",
    /// A rule sees needless work at run time.
    Speed = "speed",
    /// Another linter's finding that carries an edit.
    Lint = "lint",
    /// A function above the complexity threshold.
    Complexity = "complexity",
    /// The same code in several places.
    Duplication = "duplication",
    /// A body that is still to be written.
    Hole = "hole",
    /// A test that fails.
    Repair = "repair",
    /// A fault that no test would notice.
    Strengthen = "strengthen",
}

impl fmt::Display for GoalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for GoalKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("`{text}` is no kind of goal; known kinds: {}", known.join(", "))
        })
    }
}

/// Who saw the goal, with what that proposer already knows about the way there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum GoalOrigin {
    /// A rewrite rule matched; `edit` is the rule's own replacement.
    Rule {
        /// The rule's id.
        rule: String,
        /// The replacement.
        edit: Patch,
        /// Whether the rule claims to keep behaviour as it is.
        preserves_behaviour: bool,
    },
    /// A linter's finding came with an edit.
    Finding {
        /// The fixer's id, e.g. `ruff`.
        fixer: String,
        /// The linter's own code, e.g. `SIM102`.
        code: String,
        /// The linter's edit.
        edit: Patch,
        /// How sure the linter is, in its own word (`safe`, `unsafe`, `maybe-incorrect`, …).
        applicability: String,
    },
    /// A program of the user's saw it.
    External {
        /// Its name in the configuration.
        proposer: String,
        /// Its own name for what it saw.
        code: String,
        /// Whether a candidate has to do the very same as before.
        preserves_behaviour: bool,
    },
    /// A measure of the code itself: complexity, duplication, a hole.
    Measured,
    /// A test that fails in the baseline.
    Test {
        /// The failing test's id; the first one's, where several seem to fail for one reason.
        test: String,
        /// Where the reason may lie, the most suspicious first; empty where it is not known.
        #[serde(default)]
        suspects: Vec<Suspect>,
    },
}

/// A measure that must reach a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// What is measured.
    pub dimension: Dimension,
    /// The value it must reach or pass, in the dimension's good direction.
    pub at: f64,
}

/// What a candidate has to show before it is offered. The gates of scoring hold in addition, always.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Dimensions of which at least one must gain.
    pub improves: Vec<Dimension>,
    /// The goal is reached when this holds; until then each gain is a step to go on from.
    pub target: Option<Target>,
    /// The tests that fail now and must pass then (repair goals).
    pub must_pass: Vec<String>,
}

/// One located, checkable improvement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// Stable id.
    pub id: GoalId,
    /// Sort of improvement.
    pub kind: GoalKind,
    /// The rule, linter code or measure behind it, e.g. `python/collapse-nested-if`, `ruff/SIM102`, `cognitive`.
    pub rule: String,
    /// The file it lies in.
    pub file: RelPath,
    /// The file's language.
    pub language: LanguageId,
    /// Where, in bytes of the file's text.
    pub range: ByteRange,
    /// 1-based line of `range.start`.
    pub line: u32,
    /// One line: what.
    pub message: String,
    /// A few sentences: why it is worth it.
    pub why: String,
    /// The innermost named function, method or class around it, for people.
    pub symbol: Option<String>,
    /// What a candidate must show.
    pub acceptance: Acceptance,
    /// Hash of the file the range refers to.
    pub base: ContentHash,
    /// The files a candidate may touch.
    pub footprint: Vec<RelPath>,
    /// Who saw it and what is known already.
    pub origin: GoalOrigin,
    /// Expected gain, 0 to 1.
    pub gain: f64,
    /// Expected cost, in trials.
    pub cost: f64,
}

impl Goal {
    /// Derives the stable id: what, where and in which text, but not at which offset, so that an edit elsewhere in the
    /// file keeps it. `nth` tells equal texts in one file apart.
    #[must_use]
    pub fn stable_id(
        kind: GoalKind,
        rule: &str,
        file: &RelPath,
        symbol: Option<&str>,
        text: &str,
        nth: usize,
    ) -> GoalId {
        let nth = nth.to_string();
        let hash =
            ContentHash::of_parts([kind.as_str(), rule, file.as_str(), symbol.unwrap_or(""), text, &nth]);
        GoalId(hash.short().to_owned())
    }

    /// What to do first: expected gain per trial.
    #[must_use]
    pub fn rank(&self) -> f64 {
        self.gain / self.cost.max(0.1)
    }

    /// Whether it is about tests that fail now: then they say whether it is reached, and nothing else that is measured.
    #[must_use]
    pub fn mends_tests(&self) -> bool {
        self.kind == GoalKind::Repair || self.kind == GoalKind::Hole && !self.acceptance.must_pass.is_empty()
    }

    /// Whether who saw it says that what is to be done changes what the code does.
    #[must_use]
    pub fn changes_behaviour(&self) -> bool {
        matches!(
            self.origin,
            GoalOrigin::Rule { preserves_behaviour: false, .. }
                | GoalOrigin::External { preserves_behaviour: false, .. }
        )
    }

    /// The edit that came with the goal, if any did.
    #[must_use]
    pub fn known_edit(&self) -> Option<&Patch> {
        match &self.origin {
            GoalOrigin::Rule { edit, .. } | GoalOrigin::Finding { edit, .. } => Some(edit),
            GoalOrigin::External { .. } | GoalOrigin::Measured | GoalOrigin::Test { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_back_what_they_write() {
        for kind in GoalKind::ALL {
            assert_eq!(kind.as_str().parse::<GoalKind>(), Ok(*kind));
        }
        assert!("nonsense".parse::<GoalKind>().unwrap_err().contains("simplify"));
    }

    #[test]
    fn ids_are_stable_and_tell_twins_apart() {
        let file = RelPath::new("a.py").unwrap();
        let id = |nth| Goal::stable_id(GoalKind::Simplify, "r", &file, Some("f"), "x = 1", nth);
        assert_eq!(id(0), id(0));
        assert_ne!(id(0), id(1));
    }
}
