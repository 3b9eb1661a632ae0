//! The whole suite holds in a fresh process, and what can have changed holds often enough.

use super::Check;
use crate::Case;
use hephaestus_core::{Gate, Verdict};

pub(super) struct TestsPass;

impl Check for TestsPass {
    fn gate(&self) -> Gate {
        Gate::TestsPass
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let evidence = &case.trial.evidence;
        let (full, runs) = (evidence.full_runs(), evidence.stable_runs());
        let wanted = case.parts.stable_runs.max(1) as usize;
        if case.trial.verdict != Verdict::Passed || full == 0 || runs < wanted {
            return Err(format!("the tests held {runs} of {wanted} times, the full suite {full} times"));
        }
        let tests = evidence.tests_passed();
        Ok(match runs - full {
            0 => format!("{tests} tests passed, {full} times"),
            again => format!(
                "{tests} tests passed, {full} times, and those that reach the change {again} times more"
            ),
        })
    }
}
