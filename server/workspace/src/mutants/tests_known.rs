//! What forge runs remember of tests in labs, and what they are told: the same facts that mutants use, so that whoever
//! comes second need not look at the unchanged code again.

use super::memory::{MutantMemory, key_of};
use super::prints::Code;
use crate::open::Workspace;
use hephaestus_harness::Suite;
use hephaestus_harness::lab::LabFacts;

/// The tests that would do again what they did, through the same lines; `None` where nothing is remembered.
pub(crate) fn recall_tests(workspace: &Workspace, suite: &Suite, fresh: bool) -> Option<LabFacts> {
    let (memory, _) = MutantMemory::open(workspace, fresh).ok()?;
    let known = memory.known(&key_of(workspace, suite), &Code::of(workspace, suite))?;
    let holding = known.holding();
    (!holding.tests.is_empty()).then_some(holding)
}

/// Remembers what the tests did.
pub(crate) fn keep_tests(workspace: &Workspace, suite: &Suite, facts: &LabFacts) {
    let Ok((memory, _)) = MutantMemory::open(workspace, false) else { return };
    let code = Code::of(workspace, suite);
    let traces = code.traces(facts);
    let prints = code.prints(&traces);
    memory.keep_facts(&key_of(workspace, suite), facts, &traces, &prints);
}
