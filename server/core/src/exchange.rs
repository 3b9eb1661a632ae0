//! Exchanges: one question to a language model, and what came back. Secrets are gone before one is made.

use crate::GoalId;
use serde::{Deserialize, Serialize};

/// One question to a language model as it was sent, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its id; begins with [`Exchange::PREFIX`].
    pub id: String,
    /// When it was sent, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The provider's word in the configuration.
    pub provider: String,
    /// Where it was sent.
    pub endpoint: String,
    /// The model that was asked for.
    pub model: String,
    /// The goal it was about.
    pub goal: GoalId,
    /// How the question was put: the prompt's name and its way.
    pub prompt: String,
    /// Tokens sent: counted by the provider, or the upper bound that was set aside where it said nothing.
    pub tokens_in: u64,
    /// Tokens received, likewise.
    pub tokens_out: u64,
    /// What both cost by the prices that were set, in US dollars.
    pub cost_usd: f64,
    /// What came of it, in a few words.
    pub outcome: String,
    /// What was sent.
    pub request: String,
    /// What came back.
    pub response: String,
}

impl Exchange {
    /// How every id begins: what tells exchanges from candidates.
    pub const PREFIX: &str = "llm-";
}
