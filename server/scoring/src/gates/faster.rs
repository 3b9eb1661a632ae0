//! A candidate for a speed goal is faster by more than the clock's noise, if anybody could measure it.

use super::Check;
use crate::Case;
use hephaestus_core::{Gate, GoalKind, Stage};

pub(super) struct Faster;

impl Check for Faster {
    fn gate(&self) -> Gate {
        Gate::Faster
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        if case.goal.kind != GoalKind::Speed {
            return Ok("it does not claim to be".to_owned());
        }
        let measured = case.trial.evidence.speed.as_ref().filter(|speed| speed.left_out.is_none());
        let Some(speed) = measured else { return Ok("not measured here: no claim is made".to_owned()) };
        let words = case.trial.evidence.measured(Stage::Speed).unwrap_or_default();
        if speed.is_claim() { Ok(words) } else { Err(words) }
    }
}
