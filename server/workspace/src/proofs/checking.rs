//! Proving again what a proof claims: the same texts, the same change, the same tests, nothing remembered and no engine
//! asked. Needs neither a network nor a language model.

use super::{copying, hash_of};
use crate::forging::{ForgeError, ForgeEvent, ForgeRequest, Scope};
use crate::open::{OpenOptions, Workspace, WorkspaceError};
use crate::report::ForgeReport;
use hephaestus_core::{CancelToken, Departure, Goal, Offer, Proof, Verdict};
use hephaestus_harness::sandbox::HelperCommand;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// How a proof is checked.
#[derive(Debug, Clone)]
pub struct VerifyRequest {
    /// How the sandbox's helper is started.
    pub helper: HelperCommand,
    /// Prove it among the files as they are now, where others than those it changes differ from what they were.
    pub despite_changes: bool,
}

/// Why a proof could not be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The folder is no workspace.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// Nothing can be judged here.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The change is applied, and the copy in which it is taken back cannot be made.
    #[error("the workspace cannot be copied to take the change back there: {0}")]
    Copy(#[from] std::io::Error),
}

/// One improvement of a proof, proved again or not.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What was claimed.
    pub claim: Offer,
    /// What was seen this time; `None` where it did not hold.
    pub seen: Option<Offer>,
    /// Why it did not hold; empty where it did.
    pub reason: String,
}

/// What came out.
#[derive(Debug, Clone)]
pub struct Verification {
    /// Whether the change was in the workspace already, and was taken back in a copy.
    pub was_applied: bool,
    /// Files that are not what they were. Unless told otherwise nothing was run then.
    pub departures: Vec<Departure>,
    /// Tests that judged then and do not now.
    pub missing_tests: Vec<String>,
    /// The improvements; empty when nothing was run.
    pub checked: Vec<Checked>,
    /// The verdict on all of them together; `None` when nothing was run or nothing held.
    pub together: Option<Verdict>,
    /// What the run of the tests said; `None` when nothing was run.
    pub report: Option<ForgeReport>,
    /// How long it took.
    pub wall: Duration,
}

impl Verification {
    /// Whether everything claimed holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.checked.is_empty()
            && self.missing_tests.is_empty()
            && self.checked.iter().all(|checked| checked.seen.is_some())
            && self.together == Some(Verdict::Passed)
    }
}

/// Checks `proof` in the workspace at `root`, of which nothing is changed. Blocks; tells `listener` what happens.
///
/// # Errors
/// When there is no workspace, its tests cannot judge, or it cannot be copied.
pub fn verify(
    root: &Path,
    proof: &Proof,
    request: &VerifyRequest,
    cancel: &CancelToken,
    listener: &mut dyn FnMut(ForgeEvent<'_>),
) -> Result<Verification, VerifyError> {
    let started = Instant::now();
    let likeness = proof.compare(|path| hash_of(root, path));
    let mut verification = Verification {
        was_applied: likeness.is_applied,
        departures: likeness.differences,
        missing_tests: Vec::new(),
        checked: Vec::new(),
        together: None,
        report: None,
        wall: Duration::ZERO,
    };
    if likeness.is_in_place && (request.despite_changes || verification.departures.is_empty()) {
        let copy = likeness.is_applied.then(|| copying::copy_with(root, &proof.undo)).transpose()?;
        let place = copy.as_ref().map_or(root, |copy| copy.path());
        let report = prove(place, proof, request, cancel, listener)?;
        verification.take(proof, report);
    }
    verification.wall = started.elapsed();
    Ok(verification)
}

/// Tries what is claimed, and nothing else.
fn prove(
    root: &Path,
    proof: &Proof,
    request: &VerifyRequest,
    cancel: &CancelToken,
    listener: &mut dyn FnMut(ForgeEvent<'_>),
) -> Result<ForgeReport, VerifyError> {
    let mut workspace = Workspace::open(root, &OpenOptions::default(), cancel)?;
    let config = workspace.config_mut();
    let kinds: BTreeSet<&str> = proof.claims().map(|(goal, _)| goal.kind.as_str()).collect();
    config.goals.kinds = kinds.into_iter().map(str::to_owned).collect();
    config.testing.stable_runs = config.testing.stable_runs.max(proof.stable_runs);
    let goals: Vec<Goal> = proof.claims().map(|(goal, _)| goal.clone()).collect();
    let patches =
        proof.claims().map(|(goal, candidate)| (goal.id.clone(), candidate.patch.clone())).collect();
    let request = ForgeRequest {
        fresh: true,
        retry: patches,
        given: Some(goals),
        keeps_proofs: false,
        scope: Scope { limits: proof.limits.clone(), ..Scope::default() },
        ..ForgeRequest::new(request.helper.clone())
    };
    Ok(workspace.forge(&request, cancel, listener)?)
}

impl Verification {
    /// Compares what was claimed with what was seen.
    fn take(&mut self, proof: &Proof, report: ForgeReport) {
        self.missing_tests = proof.tests.difference(&report.passing).cloned().collect();
        self.together = report.verdict_together();
        let taken = report.taken();
        for claim in &proof.parts {
            let (goal, candidate) = (&claim.goal.id, &claim.candidate.id);
            let seen = report.improvements.iter().find(|own| own.goal.id == *goal);
            let seen = seen.filter(|own| own.candidate.id == *candidate && taken.contains(goal)).cloned();
            let rejected = report.rejected.iter().find(|own| own.candidate.id == *candidate);
            let reason = match (&seen, rejected) {
                (Some(_), _) => String::new(),
                (None, Some(rejected)) => match rejected.failed_tests.first() {
                    Some(test) => format!("{} (first: {test})", rejected.reason),
                    None => rejected.reason.clone(),
                },
                (None, None) if !report.is_complete() => "the run was broken off".to_owned(),
                (None, None) => "it does not hold together with the others".to_owned(),
            };
            self.checked.push(Checked { claim: claim.clone(), seen, reason });
        }
        self.report = Some(report);
    }
}
