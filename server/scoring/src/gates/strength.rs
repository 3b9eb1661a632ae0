//! The tests notice enough of the mutants of the touched region, of the original and of the candidate. Repairs are not
//! held back by it: what does not work cannot be kept as it is for want of better tests.

use super::Check;
use crate::Case;
use hephaestus_core::{Candidate, Gate, Strength};

pub(super) struct StrengthGate;

impl Check for StrengthGate {
    fn gate(&self) -> Gate {
        Gate::Strength
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        if case.goal.mends_tests() {
            return Ok(of_repair(case.candidate));
        }
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

/// What stands in for it where tests fail: how the change compares with all others that make them pass.
fn of_repair(candidate: &Candidate) -> String {
    let why = "not asked of a repair: the tests have just shown what they notice here";
    match &candidate.found {
        None => why.to_owned(),
        Some(found) if found.alternatives == 0 => {
            format!("{why}; no other change that was tried passes them")
        }
        Some(found) => format!(
            "{why}; {} other changes pass them too, {} of which do the same on every input that was tried",
            found.alternatives, found.agreeing
        ),
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
