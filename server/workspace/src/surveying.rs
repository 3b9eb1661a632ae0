//! Surveying: the linters are asked, the proposers look, and the goals come out ranked.

use crate::open::Workspace;
use hephaestus_core::{
    CancelToken, Cause, Finding, Goal, GoalKind, GoalOrigin, Notice, Patch, Sighting, TestFailure,
};
use hephaestus_goals::Survey;
use hephaestus_harness::Workbench;
use hephaestus_mutation::{Fixer, fixers};
use std::sync::Arc;

/// What the linters said.
pub(crate) struct Linted {
    /// The linters that answered.
    pub(crate) fixers: Vec<Fixer>,
    /// Everything they saw.
    pub(crate) findings: Vec<Finding>,
    /// Which did not answer, and why.
    pub(crate) notices: Vec<Notice>,
}

impl Workspace {
    /// Asks every linter that is there and wanted.
    pub(crate) fn lint(&self, workbench: &Arc<Workbench>, cancel: &CancelToken) -> Linted {
        let mut linted = Linted { fixers: Vec::new(), findings: Vec::new(), notices: Vec::new() };
        let fixers = if self.only_repairs() { Vec::new() } else { self.fixers() };
        for fixer in fixers {
            if cancel.is_cancelled() {
                break;
            }
            match fixer.ask(&self.snapshot, &Patch::default(), &**workbench, cancel) {
                Ok(findings) => {
                    linted.findings.extend(findings);
                    linted.fixers.push(fixer);
                }
                Err(error) => linted.notices.push(Notice { path: None, message: error.to_string() }),
            }
        }
        linted
    }

    /// The linters that are installed, wanted and have something to look at.
    pub(crate) fn fixers(&self) -> Vec<Fixer> {
        let mut found = Vec::new();
        for fixer in fixers::all().unwrap_or_default() {
            let settings = self.config.fixers.get(&fixer.id).cloned().unwrap_or_default();
            let has_files = self.snapshot.files.values().any(|file| {
                let inherits = |pack: &str| pack == fixer.language.as_str();
                let language = self.languages.get(&file.language);
                file.language == fixer.language
                    || language.is_some_and(|language| {
                        language.pack().manifest.inherits.iter().any(|parent| inherits(parent))
                    })
            });
            if !settings.enabled || !has_files {
                continue;
            }
            if let Some(mut located) = fixer.locate(&self.root) {
                if let Some(select) = settings.select {
                    located.select = select;
                }
                found.push(located);
            }
        }
        found
    }

    /// Every goal in focus, best first.
    pub(crate) fn propose(
        &self,
        findings: &[Finding],
        sightings: &[Sighting],
        red_tests: &[TestFailure],
        causes: &[Cause],
    ) -> Vec<Goal> {
        let survey = Survey {
            snapshot: &self.snapshot,
            parsed: &self.parsed,
            rules: &self.rules,
            findings,
            sightings,
            red_tests,
            causes,
            settings: &self.config.goals,
        };
        let goals = hephaestus_goals::propose(&survey);
        goals.into_iter().filter(|goal| self.is_in_focus(goal)).collect()
    }

    /// A failing test belongs to where it stands and to where its reason is suspected.
    fn is_in_focus(&self, goal: &Goal) -> bool {
        let GoalOrigin::Test { suspects, .. } = &goal.origin else { return self.in_focus(&goal.file) };
        self.in_focus(&goal.file) || suspects.iter().any(|suspect| self.in_focus(&suspect.file))
    }

    /// Whether nothing but repairs is wanted.
    pub(crate) fn only_repairs(&self) -> bool {
        let kinds = &self.config.goals.kinds;
        !kinds.is_empty() && kinds.iter().all(|kind| kind == GoalKind::Repair.as_str())
    }
}
