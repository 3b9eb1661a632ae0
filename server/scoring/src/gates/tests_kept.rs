//! No test is deleted or weakened: tests only change when the goal is about test code.

use super::Check;
use crate::Case;
use hephaestus_core::Gate;

pub(super) struct TestsKept;

impl Check for TestsKept {
    fn gate(&self) -> Gate {
        Gate::TestsKept
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let touched = case
            .files
            .iter()
            .find(|(before, _)| before.file().is_test && before.file().path != case.goal.file);
        match touched {
            Some((before, _)) => Err(format!("{} is test code", before.file().path)),
            None => Ok("no test was touched, none vanished".to_owned()),
        }
    }
}
