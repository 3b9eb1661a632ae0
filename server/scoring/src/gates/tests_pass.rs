//! The whole suite holds in a fresh process, and what can have changed holds often enough. Tests that were red and are to
//! pass now are part of it.

use super::Check;
use crate::Case;
use hephaestus_core::{Gate, Stage, Verdict};

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
        let mended = mended(case)?;
        let tests = evidence.tests_passed();
        Ok(match runs - full {
            0 => format!("{mended}{tests} tests passed, {full} times"),
            again => format!(
                "{mended}{tests} tests passed, {full} times, and those that reach the change {again} times more"
            ),
        })
    }
}

/// The tests that are to be mended pass, every time the whole suite was run: it has so many more to show for it.
fn mended(case: &Case<'_>) -> Result<String, String> {
    let wanted = &case.goal.acceptance.must_pass;
    if wanted.is_empty() {
        return Ok(String::new());
    }
    let stages = &case.trial.evidence.stages;
    let red = stages.iter().flat_map(|run| &run.failures).find(|failure| wanted.contains(&failure.id));
    if let Some(failure) = red {
        return Err(format!("`{}` still fails", failure.id));
    }
    let needed = case.parts.passing + wanted.len();
    let fewest = stages.iter().filter(|run| run.stage == Stage::Full).map(|run| run.passed as usize).min();
    match fewest.unwrap_or_default() {
        passed if passed < needed => {
            Err(format!("{passed} tests pass where {needed} should: the red ones too"))
        }
        _ => Ok(match wanted.len() {
            1 => "the test that failed passes; ".to_owned(),
            count => format!("the {count} tests that failed pass; "),
        }),
    }
}
