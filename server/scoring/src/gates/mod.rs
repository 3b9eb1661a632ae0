//! The gates, one file each.

mod compiles;
mod diff_limit;
mod faster;
mod inside_footprint;
mod no_new_dependency;
mod no_new_finding;
mod nothing_forbidden;
mod public_api;
mod reached;
mod same_on_inputs;
mod strength;
mod tests_kept;
mod tests_pass;

use crate::Case;
use hephaestus_core::{Gate, GateResult, Limits};

/// Answers one yes/no question.
pub(crate) trait Check: Send + Sync {
    /// Which gate it is.
    fn gate(&self) -> Gate;
    /// `Ok` opens the gate, `Err` keeps it shut; both say why.
    fn ask(&self, case: &Case<'_>) -> Result<String, String>;
    /// Whether there is anything to ask in a run with these limits.
    fn applies(&self, _limits: &Limits) -> bool {
        true
    }
    /// The gate's result.
    fn check(&self, case: &Case<'_>) -> GateResult {
        let answer = self.ask(case);
        GateResult { gate: self.gate(), open: answer.is_ok(), reason: answer.unwrap_or_else(|reason| reason) }
    }
}

/// Every gate, in the order of [`Gate::ALL`]. A new one is a file and a line here.
pub(crate) fn all() -> Vec<Box<dyn Check>> {
    vec![
        Box::new(compiles::Compiles),
        Box::new(reached::ReachedGate),
        Box::new(tests_pass::TestsPass),
        Box::new(same_on_inputs::SameOnInputs),
        Box::new(strength::StrengthGate),
        Box::new(faster::Faster),
        Box::new(public_api::PublicApi),
        Box::new(no_new_dependency::NoNewDependency),
        Box::new(no_new_finding::NoNewFinding),
        Box::new(inside_footprint::InsideFootprint),
        Box::new(tests_kept::TestsKept),
        Box::new(diff_limit::DiffLimit),
        Box::new(nothing_forbidden::NothingForbidden),
    ]
}

#[cfg(test)]
mod tests;
