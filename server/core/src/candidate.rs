//! Candidates: one patch for one goal, with its provenance.

use crate::{ContentHash, Found, GoalId, Patch};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A candidate's id: derived from its goal and patch, so that the same idea has the same id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CandidateId(pub String);

impl fmt::Display for CandidateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The engine that forged a candidate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EngineId(pub String);

impl EngineId {
    /// Wraps an engine's name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl fmt::Display for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One patch for one goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Derived from goal and patch.
    pub id: CandidateId,
    /// The goal it is for.
    pub goal: GoalId,
    /// The change, against the snapshot the goal was seen in.
    pub patch: Patch,
    /// Who forged it.
    pub engine: EngineId,
    /// What was done, in the engine's words: one entry per step, e.g. rule ids.
    pub operators: Vec<String>,
    /// The candidate this one builds on.
    pub parent: Option<CandidateId>,
    /// The engine's own guess that it will hold, 0 to 1.
    pub prior: f64,
    /// How it was found, where an engine searched for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
}

impl Candidate {
    /// A candidate with its id computed.
    #[must_use]
    pub fn new(goal: &GoalId, patch: Patch, engine: EngineId, operators: Vec<String>, prior: f64) -> Self {
        let id = Self::id_of(goal, &patch);
        Self { id, goal: goal.clone(), patch, engine, operators, parent: None, prior, found: None }
    }

    /// The same, as a step that goes on from `parent`.
    #[must_use]
    pub fn going_on_from(mut self, parent: &Self) -> Self {
        self.parent = Some(parent.id.clone());
        self.operators = parent.operators.iter().cloned().chain(self.operators).collect();
        self
    }

    /// A seed for whatever is random about trying it: the same candidate has the same one in every run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.id.0.bytes().fold(0xcbf2_9ce4_8422_2325, |seed: u64, byte| {
            (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    fn id_of(goal: &GoalId, patch: &Patch) -> CandidateId {
        let key = patch.key();
        CandidateId(ContentHash::of_parts([goal.0.as_str(), key.as_str()]).short().to_owned())
    }
}
