//! The linter that saw the goal sees nothing else instead.

use super::Check;
use crate::Case;
use hephaestus_core::Gate;

pub(super) struct NoNewFinding;

impl Check for NoNewFinding {
    fn gate(&self) -> Gate {
        Gate::NoNewFinding
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        for count in &case.trial.evidence.findings {
            for (code, after) in &count.after {
                let before =
                    count.before.iter().find(|(own, _)| own == code).map_or(0, |(_, before)| *before);
                if *after > before {
                    return Err(format!(
                        "{} now reports {code} {after} times instead of {before}",
                        count.source
                    ));
                }
            }
        }
        Ok("none".to_owned())
    }
}
