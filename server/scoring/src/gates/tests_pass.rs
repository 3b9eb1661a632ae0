//! The whole suite holds often enough.

use super::Check;
use crate::Case;
use hephaestus_core::{Gate, Verdict};

pub(super) struct TestsPass;

impl Check for TestsPass {
    fn gate(&self) -> Gate {
        Gate::TestsPass
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let runs = case.trial.evidence.full_runs();
        let wanted = case.parts.stable_runs.max(1) as usize;
        if case.trial.verdict == Verdict::Passed && runs >= wanted {
            Ok(format!("{} tests passed, {runs} times", case.trial.evidence.tests_passed()))
        } else {
            Err(format!("the full suite held {runs} of {wanted} times"))
        }
    }
}
