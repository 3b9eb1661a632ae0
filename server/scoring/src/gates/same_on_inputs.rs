//! Old and new version do the same on the inputs the tests use and on mutated ones.

use super::Check;
use crate::Case;
use hephaestus_core::Gate;

pub(super) struct SameOnInputs;

impl Check for SameOnInputs {
    fn gate(&self) -> Gate {
        Gate::SameOnInputs
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let compared = &case.trial.evidence.compared;
        if let Some(found) = compared.iter().flat_map(|compared| &compared.differences).next() {
            return Err(format!("{} was {} and becomes {}", found.input, found.before, found.after));
        }
        let counted = compared.iter().filter(|compared| compared.left_out.is_none());
        let inputs: u32 = counted.map(|compared| compared.inputs).sum();
        Ok(match inputs {
            0 => "not compared here; the evidence says so".to_owned(),
            inputs => format!("the same on {inputs} inputs"),
        })
    }
}
