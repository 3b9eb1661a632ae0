//! Fixers: linters whose findings carry edits that they themselves do not dare to apply.
//!
//! What a fixer is stands in `fixers/*.toml`; here its output is read into findings, and its edits into candidates.

mod cargo;
mod definition;
mod eslint;
mod recheck;
mod ruff;
mod sarif;
mod translate;

use hephaestus_core::{Candidate, Engine, EngineContext, EngineId, Goal, GoalOrigin};

pub use definition::{Fixer, FixerError, all};
pub use recheck::FixerRecheck;

pub(crate) use definition::tail;
pub(crate) use recheck::{count, patched};

/// The engine: hands out the edit that came with a finding.
pub struct Fixers;

impl Engine for Fixers {
    fn name(&self) -> &'static str {
        "fixers"
    }

    fn accepts(&self, goal: &Goal) -> bool {
        matches!(goal.origin, GoalOrigin::Finding { .. })
    }

    fn propose(&self, goal: &Goal, context: &EngineContext<'_>) -> Vec<Candidate> {
        let GoalOrigin::Finding { edit, code, applicability, .. } = &goal.origin else { return Vec::new() };
        if !context.parents.is_empty() {
            return Vec::new();
        }
        let prior = if applicability == "safe" || applicability == "machine-applicable" { 0.9 } else { 0.6 };
        vec![Candidate::new(&goal.id, edit.clone(), EngineId::new(self.name()), vec![code.clone()], prior)]
    }
}
