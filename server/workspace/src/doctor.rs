//! What works on this machine and for this workspace, what is degraded, and how to mend it.

use crate::external::Externals;
use crate::forging::ForgeRequest;
use crate::llm::LlmRefusal;
use crate::open::Workspace;
use crate::packs::runners;
use crate::report::GoalsReport;
use hephaestus_core::{CancelToken, ExternalRole, SandboxSettings, Snapshot};
use hephaestus_harness::Suite;
use hephaestus_harness::Workbench;
use hephaestus_harness::runners::{Facts, Programs, fitting};
use hephaestus_harness::sandbox::{HelperCommand, Sandbox};
use hephaestus_mutation::fixers;
use serde::Serialize;
use std::sync::Arc;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckState {
    /// It works.
    Works,
    /// It works less well than it could.
    Degraded,
    /// It is not there and not needed.
    Absent,
    /// It is needed and does not work.
    Broken,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// How it came out.
    pub state: CheckState,
    /// What was seen.
    pub detail: String,
    /// How to mend it, where there is something to mend.
    pub mend: Option<String>,
}

/// All checks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// In the order they were made.
    pub checks: Vec<Check>,
}

impl Diagnosis {
    fn add(&mut self, name: &str, state: CheckState, detail: impl Into<String>, mend: Option<String>) {
        self.checks.push(Check { name: name.to_owned(), state, detail: detail.into(), mend });
    }

    /// Looks at the machine alone.
    #[must_use]
    pub fn of_machine(helper: &HelperCommand, settings: &SandboxSettings) -> Self {
        let mut diagnosis = Self::default();
        let sandbox = Sandbox::new(helper.clone(), settings.clone());
        match sandbox.isolation() {
            Ok((isolation, notes)) if isolation.is_full() => {
                let landlock = if isolation.landlock > 0 {
                    format!(", Landlock ABI {}", isolation.landlock)
                } else {
                    String::new()
                };
                diagnosis.add(
                    "sandbox",
                    CheckState::Works,
                    format!("overlay, namespaces, no network{landlock}"),
                    None,
                );
                for note in notes {
                    diagnosis.add("sandbox", CheckState::Degraded, note, None);
                }
            }
            Ok((isolation, notes)) => {
                let detail = format!(
                    "files: {:?}, processes: {:?}, network: {:?}",
                    isolation.files, isolation.processes, isolation.network
                );
                diagnosis.add("sandbox", CheckState::Degraded, detail.to_lowercase(), Some(notes.join(" ")));
            }
            Err(error) => diagnosis.add("sandbox", CheckState::Broken, error.to_string(), None),
        }
        diagnosis
    }
}

impl Workspace {
    /// Looks at the machine and at what this workspace needs of it.
    #[must_use]
    pub fn doctor(&self, helper: &HelperCommand, cancel: &CancelToken) -> Diagnosis {
        let mut diagnosis = Diagnosis::of_machine(helper, &self.config.sandbox);
        let sandbox = Sandbox::new(helper.clone(), self.config.sandbox.clone());
        self.check_runners(&mut diagnosis, &sandbox, cancel);
        self.check_fixers(&mut diagnosis);
        self.check_llm(&mut diagnosis);
        match hephaestus_registry::Registry::open(&self.state_folder()) {
            Ok(registry) => {
                diagnosis.add("registry", CheckState::Works, registry.path().display().to_string(), None)
            }
            Err(error) => diagnosis.add("registry", CheckState::Broken, error.to_string(), None),
        }
        diagnosis
    }

    fn check_runners(&self, diagnosis: &mut Diagnosis, sandbox: &Sandbox, cancel: &CancelToken) {
        let facts = Facts::gather(&self.snapshot);
        let programs = Programs::of(&self.root);
        let all = runners(self.languages).unwrap_or_default();
        let runners = fitting(&all, &facts, &self.snapshot);
        if runners.is_empty() {
            let mend = "write a test, or name the test command: `[testing] command = \"…\"`".to_owned();
            diagnosis.add("test runner", CheckState::Broken, "no tests were found", Some(mend));
        }
        for runner in runners {
            let suite = Suite::new(runner.clone(), programs.clone(), &facts, self.config.testing.clone());
            match suite.probe(&self.root, sandbox, cancel) {
                Ok(()) => diagnosis.add(
                    &runner.title,
                    CheckState::Works,
                    format!("judges {} files", runner.language),
                    None,
                ),
                Err(problem) => diagnosis.add(&runner.title, CheckState::Broken, problem.to_string(), None),
            }
        }
    }

    fn check_fixers(&self, diagnosis: &mut Diagnosis) {
        let found = self.fixers();
        for fixer in fixers::all().unwrap_or_default() {
            let used = self.snapshot.files.values().any(|file| file.language == fixer.language);
            if found.iter().any(|other| other.id == fixer.id) {
                diagnosis.add(&fixer.title, CheckState::Works, "its findings are proved one by one", None);
            } else if used {
                let mend = format!("install {} to have its findings proved too", fixer.title);
                diagnosis.add(
                    &fixer.title,
                    CheckState::Absent,
                    "not installed, or not set up for this workspace",
                    Some(mend),
                );
            }
        }
    }

    /// Says what is configured; sends nothing.
    fn check_llm(&self, diagnosis: &mut Diagnosis) {
        let name = "language model";
        match self.llm_is_ready() {
            Ok(destination) => {
                diagnosis.add(name, CheckState::Works, format!("{destination}, allowed here"), None)
            }
            Err(LlmRefusal::NotConfigured) => {
                diagnosis.add(name, CheckState::Absent, "none is configured; nothing is sent anywhere", None);
            }
            Err(refusal) => {
                let state = match refusal {
                    LlmRefusal::NoConsent(_) => CheckState::Absent,
                    _ => CheckState::Broken,
                };
                diagnosis.add(name, state, refusal.to_string(), Some(refusal.hint().to_owned()));
            }
        }
    }

    /// Asks the language model's endpoint which models it has: the only look that leaves this machine.
    #[must_use]
    pub fn check_models(&self, cancel: &CancelToken) -> Check {
        let name = "language model: models".to_owned();
        let wanted = self.config.llm.all_models();
        match self.llm_models(cancel) {
            Ok(models) => {
                let missing: Vec<&str> =
                    wanted.iter().filter(|model| !models.contains(model)).map(String::as_str).collect();
                let state = if missing.is_empty() { CheckState::Works } else { CheckState::Broken };
                let mend = (!missing.is_empty()).then(|| format!("it does not have {}", missing.join(", ")));
                Check { name, state, detail: models.join(", "), mend }
            }
            Err(reason) => Check { name, state: CheckState::Broken, detail: reason, mend: None },
        }
    }

    /// Every goal, without running a test: linters and programs of the user's are asked when `ask_linters` says so.
    #[must_use]
    pub fn goals(&self, request: &ForgeRequest, ask_linters: bool, cancel: &CancelToken) -> GoalsReport {
        let mut notices = self.notices.clone();
        let (mut findings, mut sightings) = (Vec::new(), Vec::new());
        if ask_linters {
            let sandbox = Sandbox::new(request.helper.clone(), self.config.sandbox.clone());
            let snapshot: Snapshot = self.snapshot.clone();
            let workbench = Arc::new(Workbench::new(sandbox, snapshot));
            let linted = self.lint(&workbench, cancel);
            let externals = Externals::start(self, &[ExternalRole::Proposer], &*workbench, cancel);
            notices.extend(linted.notices.into_iter().chain(externals.end().1));
            (findings, sightings) = (linted.findings, externals.sightings);
        }
        let goals = self.propose(&findings, &sightings, &[], &[]);
        GoalsReport::new(self, goals, notices)
    }
}
