//! Directives that want tests: served by what makes tests from code, for the files and functions they are about.

use super::targets;
use super::{DirectiveError, DirectiveRequest};
use crate::forging::ForgeEvent;
use crate::mutants::MutantsError;
use crate::open::Workspace;
use crate::testgen::{TestgenError, TestgenEvent, TestgenRequest};
use hephaestus_core::{CancelToken, Patch};
use hephaestus_directive::Directive;
use std::collections::BTreeSet;

/// What stands for it among the engines.
pub(super) const NAME: &str = "testgen";

/// Tests that were made from code.
#[derive(Debug, Default)]
pub(super) struct Generated {
    /// What puts them into the workspace.
    pub(super) patch: Patch,
    /// Their names.
    pub(super) names: BTreeSet<String>,
}

/// Looks for tests, and says in sentences what they notice and what still nobody does.
///
/// # Errors
/// When the tests that are there cannot judge.
pub(super) fn generate(
    base: &Workspace,
    directive: &Directive,
    request: &DirectiveRequest<'_>,
    cancel: &CancelToken,
    listener: &mut dyn FnMut(ForgeEvent<'_>),
) -> Result<(Generated, Vec<String>), DirectiveError> {
    listener(ForgeEvent::Stage("looking for faults that no test notices"));
    let mut about = base.clone();
    about.focus = targets::files(base, directive).into_iter().collect();
    let mut own = TestgenRequest::new(request.forge.helper.clone());
    own.budget = request.forge.budget.clone();
    own.seed = base.config.forge.seed;
    own.fresh = request.forge.fresh;
    let report = about.testgen(&own, cancel, &mut |event| match event {
        TestgenEvent::Looking(path, _) => {
            listener(ForgeEvent::Stage(&format!("looking for tests of {path}")))
        }
        TestgenEvent::Proving(path, _) => listener(ForgeEvent::Stage(&format!("proving tests of {path}"))),
        TestgenEvent::Mutants(_) | TestgenEvent::Done(_) => {}
    })?;
    let (before, after) = report.strength();
    let said = format!(
        "{NAME}: the tests notice {} of {} faults here, {} with {} new ones",
        before.killed,
        before.total(),
        after.killed,
        report.tests().count()
    );
    if !report.is_offered() {
        return Ok((Generated::default(), vec![said]));
    }
    let names = report.tests().map(|test| test.name.clone()).collect();
    Ok((Generated { patch: report.patch.clone(), names }, vec![said]))
}

impl From<TestgenError> for DirectiveError {
    fn from(error: TestgenError) -> Self {
        match error {
            TestgenError::Problem(problem) => Self::Forge(problem.into()),
            TestgenError::Mutants(MutantsError::Problem(problem)) => Self::Forge(problem.into()),
            TestgenError::Mutants(error) => Self::Unfit(error.to_string()),
        }
    }
}
