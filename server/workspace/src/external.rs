//! The user's own programs, as the configuration declares them: started for a run, asked for their part in it, and ended
//! with it. They run where tests run, so a workspace that may not run tests starts none of them.

use crate::open::Workspace;
use hephaestus_core::{
    CancelToken, Candidate, Engine, ExternalRole, FindingCount, Goal, Judge, Notice, Recheck, Sighting,
    Snapshot, Tools, Trial, Verdict,
};
use hephaestus_mutation::FixerRecheck;
use hephaestus_mutation::external::{
    ExternalDimension, ExternalEngine, ExternalProposer, ExternalRecheck, Program,
};
use std::sync::Arc;
use std::time::Duration;

mod checking;
mod reporting;

pub use reporting::ReportedRun;

/// The programs that take part in one run.
#[derive(Default)]
pub(crate) struct Externals {
    programs: Vec<Arc<Program>>,
    /// What kept programs from taking part at all.
    complaints: Vec<String>,
    /// What the proposers saw in the unchanged code.
    pub(crate) sightings: Vec<Sighting>,
}

impl Externals {
    /// Starts every program that takes one of `roles`, and asks the proposers.
    pub(crate) fn start(
        workspace: &Workspace,
        roles: &[ExternalRole],
        tools: &dyn Tools,
        cancel: &CancelToken,
    ) -> Self {
        let mut externals = Self::default();
        let takes_part = |own: &&hephaestus_core::ExternalSettings| roles.iter().any(|role| own.is(*role));
        for settings in workspace.config.external.iter().filter(takes_part) {
            match Program::start(settings, tools, cancel) {
                Ok(program) => externals.programs.push(Arc::new(program)),
                Err(complaint) => externals.complaints.push(complaint),
            }
        }
        if roles.contains(&ExternalRole::Proposer) {
            let settings = &workspace.config.goals;
            let seen = externals
                .proposers()
                .into_iter()
                .flat_map(|proposer| proposer.propose(&workspace.snapshot, settings, cancel));
            externals.sightings = seen.collect();
        }
        externals
    }

    fn taking(&self, role: ExternalRole) -> impl Iterator<Item = Arc<Program>> {
        self.programs.iter().filter(move |program| program.is(role)).map(Arc::clone)
    }

    fn proposers(&self) -> Vec<ExternalProposer> {
        self.taking(ExternalRole::Proposer).map(ExternalProposer::new).collect()
    }

    /// The programs that forge.
    pub(crate) fn engines(&self) -> Vec<Box<dyn Engine>> {
        let engines = self.taking(ExternalRole::Engine).map(ExternalEngine::new);
        engines.map(|engine| Box::new(engine) as Box<dyn Engine>).collect()
    }

    /// Who looks again at what was seen: linters and proposers.
    pub(crate) fn recheck(&self, workspace: &Workspace, fixers: FixerRecheck) -> Lookers {
        let (snapshot, settings) = (workspace.snapshot.clone(), workspace.config.goals.clone());
        let external = ExternalRecheck::new(self.proposers(), snapshot, settings, self.sightings.clone());
        Lookers { fixers, external }
    }

    /// `judge`, with what the dimensions measure in its evidence.
    pub(crate) fn measuring<'a>(&self, judge: &'a dyn Judge, snapshot: &'a Snapshot) -> Measuring<'a> {
        let dimensions = self.taking(ExternalRole::Dimension).map(ExternalDimension::new).collect();
        Measuring { judge, dimensions, snapshot }
    }

    /// Ends them. Tells the CPU time they took, and what the user should know.
    pub(crate) fn end(&self) -> (Duration, Vec<Notice>) {
        let cpu = self.programs.iter().map(|program| program.end()).sum();
        let complaints = self.programs.iter().flat_map(|program| program.complaints());
        let all = self.complaints.iter().cloned().chain(complaints);
        (cpu, all.map(|message| Notice { path: None, message }).collect())
    }
}

/// Whoever saw a goal looks again at the patched code.
pub(crate) struct Lookers {
    fixers: FixerRecheck,
    external: ExternalRecheck,
}

impl Recheck for Lookers {
    fn recheck(
        &self,
        goal: &Goal,
        candidate: &Candidate,
        tools: &dyn Tools,
        cancel: &CancelToken,
    ) -> Option<Result<FindingCount, String>> {
        let by_linter = self.fixers.recheck(goal, candidate, tools, cancel);
        by_linter.or_else(|| self.external.recheck(goal, candidate, tools, cancel))
    }
}

/// A judge whose evidence holds what programs of the user's measured. They have no say in the verdict.
pub(crate) struct Measuring<'a> {
    judge: &'a dyn Judge,
    dimensions: Vec<ExternalDimension>,
    snapshot: &'a Snapshot,
}

impl Judge for Measuring<'_> {
    fn judge(&self, goal: &Goal, candidate: &Candidate, cancel: &CancelToken) -> Trial {
        let mut trial = self.judge.judge(goal, candidate, cancel);
        if trial.verdict == Verdict::Passed {
            let measures = self
                .dimensions
                .iter()
                .filter_map(|dimension| dimension.measure(goal, candidate, &trial, self.snapshot, cancel));
            trial.evidence.external = measures.collect();
        }
        trial
    }
}
