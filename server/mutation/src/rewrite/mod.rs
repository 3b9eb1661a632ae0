//! The rewrite engine: deterministic rules, alone and composed.
//!
//! A goal a rule saw is answered by that rule's edit. A function above its complexity limit is answered by sequences of
//! rewrites: each round takes the best partial results, applies every rule that matches inside the function, and keeps
//! what makes it simpler; every step is proved on its own before the next one is tried.

mod compose;
mod extract;

use hephaestus_core::{Candidate, Engine, EngineContext, EngineId, Goal, GoalKind, GoalOrigin};
use hephaestus_syntax::{Languages, RuleSets};

/// The engine.
pub struct Rewrite {
    languages: &'static Languages,
    rules: RuleSets,
}

impl Rewrite {
    /// An engine with these rules.
    #[must_use]
    pub fn new(languages: &'static Languages, rules: RuleSets) -> Self {
        Self { languages, rules }
    }
}

/// The engine's name.
pub(crate) const NAME: &str = "rewrite";

impl Engine for Rewrite {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, goal: &Goal) -> bool {
        matches!(goal.origin, GoalOrigin::Rule { .. }) || goal.kind == GoalKind::Complexity
    }

    fn propose(&self, goal: &Goal, context: &EngineContext<'_>) -> Vec<Candidate> {
        match &goal.origin {
            GoalOrigin::Rule { edit, rule, preserves_behaviour } if context.parents.is_empty() => {
                let prior = if *preserves_behaviour { 0.9 } else { 0.6 };
                vec![Candidate::new(&goal.id, edit.clone(), EngineId::new(NAME), vec![rule.clone()], prior)]
            }
            GoalOrigin::Measured if goal.kind == GoalKind::Complexity => {
                compose::propose(self.languages, &self.rules, goal, context)
            }
            _ => Vec::new(),
        }
    }
}
