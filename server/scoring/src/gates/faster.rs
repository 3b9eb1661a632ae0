//! A candidate for a speed goal is faster by more than the clock's noise, if anybody could measure it.

use super::Check;
use crate::Case;
use hephaestus_core::{Gate, GoalKind};

pub(super) struct Faster;

/// The gain a claim needs beyond the noise.
const LEAST_GAIN: f64 = 0.05;

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
        let (low, high) = speed.interval;
        let words = format!(
            "{:.2} times the time (interval {low:.2}-{high:.2}, noise {:.2}, {} pairs)",
            speed.ratio, speed.floor, speed.pairs
        );
        if high < 1.0 - speed.floor.max(LEAST_GAIN) { Ok(words) } else { Err(words) }
    }
}
