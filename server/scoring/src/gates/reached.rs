//! The tests run the touched code: seen in their traces, or by what they say when it is broken on purpose.

use super::Check;
use crate::Case;
use hephaestus_core::{Gate, Stage};

pub(super) struct ReachedGate;

impl Check for ReachedGate {
    fn gate(&self) -> Gate {
        Gate::Reached
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let shut = case.trial.evidence.stages.iter().find(|run| run.stage == Stage::Reach && !run.held);
        let checked = case.trial.evidence.stages.iter().any(|run| run.stage == Stage::Reach);
        match shut {
            Some(run) => Err(run.tail.clone()),
            None if checked => Ok("the tests run the code that is changed".to_owned()),
            None => Ok("not checked here; the evidence says so".to_owned()),
        }
    }
}
