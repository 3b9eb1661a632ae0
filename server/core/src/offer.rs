//! Offers: what may be shown to the user as a proven improvement.

use crate::{Candidate, Goal, Score, Trial};
use serde::{Deserialize, Serialize};

/// How an offer relates to the text the user sees now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freshness {
    /// Proved on exactly this text.
    Fresh,
    /// Moved along with an edit elsewhere and proved again.
    Rebased,
    /// The text changed underneath; not offered.
    Stale,
}

/// A goal together with the candidate that reached it and everything that speaks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// The goal.
    pub goal: Goal,
    /// The candidate.
    pub candidate: Candidate,
    /// The trial it passed.
    pub trial: Trial,
    /// Its score.
    pub score: Score,
    /// How it relates to the current text.
    pub freshness: Freshness,
}
