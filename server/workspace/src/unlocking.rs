//! Strengthen the tests first: improvements that were held back for weak tests alone get the tests that are missing, and
//! are tried again with them, in a copy of the project. Tests and improvements are offered as one bundle or not at all.

use crate::apply::{Applied, ApplyError};
use crate::forging::{ForgeError, ForgeEvent, ForgeRequest};
use crate::open::{OpenOptions, Workspace, WorkspaceError};
use crate::proofs::copy_with;
use crate::report::ForgeReport;
use crate::report::testgen::TestgenReport;
use crate::testgen::{TestgenError, TestgenEvent, TestgenRequest};
use hephaestus_core::{
    Budget, CancelToken, Candidate, Evidence, Gate, Goal, GoalId, Mutant, Offer, Patch, Score, Verdict,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

/// An improvement that holds in everything but that the tests where it is are too weak to tell.
#[derive(Debug, Clone)]
pub struct HeldBack {
    /// Its goal.
    pub goal: Goal,
    /// Itself.
    pub candidate: Candidate,
    /// Faults there that no test notices.
    pub faults: Vec<Mutant>,
}

impl HeldBack {
    /// Whether a score's only closed gate is that of the strength, and it would be accepted with it.
    pub(crate) fn of(goal: &Goal, candidate: &Candidate, evidence: &Evidence, score: &Score) -> Option<Self> {
        let mut closed = score.gates.iter().filter(|result| !result.open);
        let (Some(first), None) = (closed.next(), closed.next()) else { return None };
        let faults =
            evidence.strength.as_ref().map(|strength| strength.survivors.clone()).unwrap_or_default();
        let is_held = first.gate == Gate::Strength && !faults.is_empty();
        is_held.then(|| Self { goal: goal.clone(), candidate: candidate.clone(), faults })
    }
}

/// Why nothing could be unlocked.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// No tests can be looked for.
    #[error(transparent)]
    Testgen(#[from] TestgenError),
    /// The copy cannot be judged.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The copy cannot be opened.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The project cannot be copied.
    #[error("the project cannot be copied: {0}")]
    Io(#[from] io::Error),
}

/// Tests, and the improvements that hold with them.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// How many improvements were held back.
    pub held: usize,
    /// The tests that were found.
    pub tests: TestgenReport,
    /// What was forged with them, what held before included; `None` where there was no test to go on with.
    pub report: Option<ForgeReport>,
    /// The goals that were unlocked.
    pub unlocked: Vec<GoalId>,
    /// CPU time of looking for tests and of trying again.
    pub cpu: Duration,
}

impl Bundle {
    /// The improvements that hold with the new tests and did not without.
    pub fn improvements(&self) -> impl Iterator<Item = &Offer> {
        let all = self.report.iter().flat_map(|report| &report.improvements);
        all.filter(|offer| self.unlocked.contains(&offer.goal.id))
    }

    /// The bundle as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let offer = |offer: &Offer| {
            json!({
                "goal": offer.goal.id,
                "file": offer.goal.file,
                "line": offer.goal.line,
                "message": offer.goal.message,
            })
        };
        json!({
            "held_back": self.held,
            "unlocked": self.improvements().map(offer).collect::<Vec<_>>(),
            "tests": self.tests.to_json(),
            "cpu_s": self.cpu.as_secs_f64(),
        })
    }

    /// Tests and improvements as one change, proved together; `None` where nothing was unlocked.
    #[must_use]
    pub fn patch(&self) -> Option<Patch> {
        let proved = self.report.as_ref()?.proved_patch()?;
        if self.unlocked.is_empty() { None } else { self.tests.patch.merge(&proved).ok() }
    }
}

impl Workspace {
    /// Looks for the tests that are missing where improvements were held back in `report`, and tries these again with
    /// them. Blocks; nothing outside the state folder is written.
    ///
    /// # Errors
    /// When tests cannot be looked for, or the project cannot be copied.
    pub fn unlock(
        &self,
        report: &ForgeReport,
        request: &ForgeRequest,
        budget: Budget,
        cancel: &CancelToken,
        listener: &mut dyn FnMut(ForgeEvent<'_>),
    ) -> Result<Bundle, UnlockError> {
        let mut faults: Vec<Mutant> = Vec::new();
        for fault in report.held_back.iter().flat_map(|held| &held.faults) {
            if !faults.contains(fault) {
                faults.push(fault.clone());
            }
        }
        listener(ForgeEvent::Stage("looking for the tests that are missing"));
        let testgen = TestgenRequest {
            budget,
            faults: Some(faults),
            seed: self.config.forge.seed,
            pace: request.pace.clone(),
            background: request.background,
            ..TestgenRequest::new(request.helper.clone())
        };
        let tests = self.testgen(&testgen, cancel, &mut |event| {
            if let TestgenEvent::Looking(file, faults) = event {
                listener(ForgeEvent::Stage(&format!(
                    "{file}: looking for tests that notice {faults} faults"
                )));
            }
        })?;
        let held = report.held_back.iter().map(|held| &held.goal.id).collect::<BTreeSet<_>>().len();
        let mut bundle = Bundle { held, cpu: tests.cpu, tests, report: None, unlocked: vec![] };
        if bundle.tests.is_offered() && !cancel.is_cancelled() {
            let again = self.forge_again(report, request, &bundle.tests.patch, cancel, listener)?;
            bundle.cpu += again.stats.cpu;
            let taken = again.taken();
            let ids = report.held_back.iter().map(|held| &held.goal.id);
            let holds =
                |id: &&GoalId| taken.contains(*id) && again.verdict_together() == Some(Verdict::Passed);
            bundle.unlocked = ids.filter(holds).cloned().collect::<BTreeSet<_>>().into_iter().collect();
            bundle.report = Some(again);
        }
        Ok(bundle)
    }

    /// Tries what held and what was held back, in a copy that has the tests.
    fn forge_again(
        &self,
        report: &ForgeReport,
        request: &ForgeRequest,
        tests: &Patch,
        cancel: &CancelToken,
        listener: &mut dyn FnMut(ForgeEvent<'_>),
    ) -> Result<ForgeReport, UnlockError> {
        let copy = copy_with(&self.root, tests)?;
        let mut workspace = Workspace::open(copy.path(), &OpenOptions::default(), cancel)?;
        *workspace.config_mut() = self.config.clone();
        let held = report.held_back.iter().map(|held| (&held.goal, &held.candidate));
        let taken = report.taken();
        let proved = report.improvements.iter().filter(|offer| taken.contains(&offer.goal.id));
        let all: Vec<(&Goal, &Candidate)> =
            proved.map(|offer| (&offer.goal, &offer.candidate)).chain(held).collect();
        let mut goals: Vec<Goal> = Vec::new();
        for (goal, _) in &all {
            if !goals.iter().any(|known| known.id == goal.id) {
                goals.push((*goal).clone());
            }
        }
        let again = ForgeRequest {
            fresh: true,
            retry: all.iter().map(|(goal, candidate)| (goal.id.clone(), candidate.patch.clone())).collect(),
            given: Some(goals),
            keeps_proofs: false,
            pace: request.pace.clone(),
            background: request.background,
            ..ForgeRequest::new(request.helper.clone())
        };
        Ok(workspace.forge(&again, cancel, listener)?)
    }

    /// Writes a bundle: tests and improvements, in one go.
    ///
    /// # Errors
    /// As [`Workspace::apply`].
    pub fn apply_bundle(&self, bundle: &Bundle) -> Result<Applied, ApplyError> {
        let patch = bundle.patch().ok_or(ApplyError::NotProved)?;
        self.write_patch(&patch)
    }
}
