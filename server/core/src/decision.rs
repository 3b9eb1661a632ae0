//! Decisions: what became of an offer, written when observed.

use crate::CandidateId;
use serde::{Deserialize, Serialize};

/// What was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionKind {
    /// The change was written into the user's files.
    Applied,
    /// The user does not want it.
    Dismissed,
    /// The user took it back.
    Undone,
    /// Another change made it pointless.
    Superseded,
}

impl DecisionKind {
    /// The word in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Dismissed => "dismissed",
            Self::Undone => "undone",
            Self::Superseded => "superseded",
        }
    }
}

/// One observation about one candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Which candidate.
    pub candidate: CandidateId,
    /// What became of it.
    pub kind: DecisionKind,
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
}
