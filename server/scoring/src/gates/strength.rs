//! The tests notice enough of the mutants of the touched region, of the original and of the candidate.

use super::Check;
use crate::Case;
use hephaestus_core::{Gate, Strength};

pub(super) struct StrengthGate;

impl Check for StrengthGate {
    fn gate(&self) -> Gate {
        Gate::Strength
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let Some(measured) = &case.trial.evidence.strength else {
            return Ok("not measured here; the evidence says so".to_owned());
        };
        let Some(weaker) = measured.weaker() else { return Ok("there is nothing to mutate here".to_owned()) };
        let limits = &case.parts.strength;
        let share = weaker.share().unwrap_or(1.0);
        let words = in_words(weaker);
        if share >= limits.offered {
            Ok(words)
        } else if share >= limits.weak {
            Ok(format!("weakly tested: {words}"))
        } else {
            Err(format!("{words}; strengthen the tests first"))
        }
    }
}

fn in_words(strength: Strength) -> String {
    let (low, high) = strength.interval();
    let (killed, total) = (strength.killed, strength.total());
    format!(
        "the tests notice {killed} of {total} mutants (95 % interval {:.0}-{:.0} %)",
        low * 100.0,
        high * 100.0
    )
}
