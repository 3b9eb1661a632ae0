//! Only files that the goal allows are changed.

use super::Check;
use crate::Case;
use hephaestus_core::Gate;

pub(super) struct InsideFootprint;

impl Check for InsideFootprint {
    fn gate(&self) -> Gate {
        Gate::InsideFootprint
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        match case.candidate.patch.paths().find(|path| !case.goal.footprint.contains(path)) {
            Some(path) => Err(format!("{path} is not part of the goal")),
            None => Ok("yes".to_owned()),
        }
    }
}
