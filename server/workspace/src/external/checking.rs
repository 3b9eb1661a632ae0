//! Whether a program can take its part: it is started, greeted and asked about a text that is known, one check for each
//! step. What it answers is looked at with the same eyes as in a run; nothing is tried.

use crate::doctor::{Check, CheckState};
use crate::forging::ForgeRequest;
use crate::open::Workspace;
use hephaestus_core::{
    CancelToken, Candidate, Engine, EngineContext, EngineId, Evidence, ExternalRole, ExternalSettings, Goal,
    Patch, Sighting, SourceFile, Trial, TrialCost, Verdict,
};
use hephaestus_harness::Workbench;
use hephaestus_mutation::external::{
    ExternalDimension, ExternalEngine, ExternalProposer, KINDS, Program, Reporter,
};
use serde_json::json;
use std::sync::Arc;

/// Candidates that are asked for.
const LIMIT: usize = 8;

/// One program under examination.
struct Examination<'a> {
    workspace: &'a Workspace,
    program: Arc<Program>,
    cancel: &'a CancelToken,
    checks: Vec<Check>,
    told: usize,
}

impl Workspace {
    /// Starts a program and goes through every part it takes. `program` is the name of one that is configured, or a
    /// program with its arguments that says itself what it is.
    #[must_use]
    pub fn check_external(
        &self,
        program: &[String],
        request: &ForgeRequest,
        cancel: &CancelToken,
    ) -> Vec<Check> {
        let settings = self.external_settings(program);
        let workbench = Workbench::new(request.sandbox(self.config.sandbox.clone()), self.snapshot.clone());
        let program = match Program::start(&settings, &workbench, cancel) {
            Ok(program) => Arc::new(program),
            Err(complaint) => return vec![check("greeting", CheckState::Broken, complaint)],
        };
        let mut examination = Examination { workspace: self, program, cancel, checks: Vec::new(), told: 0 };
        examination.go();
        examination.checks
    }

    fn external_settings(&self, program: &[String]) -> ExternalSettings {
        let named = |own: &&ExternalSettings| program == [own.name.as_str()];
        self.config.external.iter().find(named).cloned().unwrap_or_else(|| ExternalSettings {
            name: "program".to_owned(),
            command: program.to_vec(),
            ..ExternalSettings::default()
        })
    }

    /// The names of the programs that are configured.
    #[must_use]
    pub fn external_names(&self) -> Vec<&str> {
        self.config.external.iter().map(|own| own.name.as_str()).collect()
    }
}

impl Examination<'_> {
    fn go(&mut self) {
        let roles: Vec<ExternalRole> = all_roles().filter(|role| self.program.is(*role)).collect();
        if roles.is_empty() {
            let detail = "it speaks the protocol but names no role".to_owned();
            self.checks.push(check("greeting", CheckState::Broken, detail));
            return;
        }
        let words: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        self.note("greeting", format!("speaks version 1 as {}", words.join(", ")));
        let file =
            self.workspace.snapshot.files.values().find(|file| !file.is_test && self.program.wants(file));
        let Some(file) = file.cloned() else {
            let detail = "there is no file here that it wants to be asked about".to_owned();
            self.checks.push(check("files", CheckState::Degraded, detail));
            return;
        };
        let goals = self.goals(&file);
        for role in roles {
            match role {
                ExternalRole::Proposer => {}
                ExternalRole::Engine => self.engine(&goals),
                ExternalRole::Dimension => self.dimension(goals.first(), &file),
                ExternalRole::Reporter => self.reporter(),
            }
        }
    }

    /// Goals to go on with: the program's own ones where it proposes some, else one about all of a file.
    fn goals(&mut self, file: &SourceFile) -> Vec<Goal> {
        let mut goals = Vec::new();
        if self.program.is(ExternalRole::Proposer) {
            let proposer = ExternalProposer::new(Arc::clone(&self.program));
            let settings = &self.workspace.config.goals;
            let seen = proposer.propose(&self.workspace.snapshot, settings, self.cancel);
            self.note("proposer", format!("{} goals in this project", seen.len()));
            goals = self.as_goals(&seen);
        }
        if goals.is_empty() { self.as_goals(&[canned(&self.program, file)]) } else { goals }
    }

    fn as_goals(&self, sightings: &[Sighting]) -> Vec<Goal> {
        let goals = self.workspace.propose(&[], sightings, &[], &[]);
        let own = |goal: &Goal| matches!(goal.origin, hephaestus_core::GoalOrigin::External { .. });
        goals.into_iter().filter(own).collect()
    }

    fn engine(&mut self, goals: &[Goal]) {
        let engine = ExternalEngine::new(Arc::clone(&self.program));
        let context = EngineContext {
            snapshot: &self.workspace.snapshot,
            parents: &[],
            setbacks: &[],
            limit: LIMIT,
            seed: 0,
            probe: None,
            cancel: self.cancel,
        };
        let accepted = goals.iter().find(|goal| engine.accepts(goal));
        let Some(goal) = accepted else {
            return self.note("engine", "it accepts no goal of this project".to_owned());
        };
        let candidates = engine.propose(goal, &context).len();
        self.note(
            "engine",
            format!("{candidates} candidates for {}:{} ({})", goal.file, goal.line, goal.rule),
        );
    }

    fn dimension(&mut self, goal: Option<&Goal>, file: &SourceFile) {
        let Some(goal) = goal else { return };
        let dimension = ExternalDimension::new(Arc::clone(&self.program));
        let patch = Patch::between(file.path.clone(), &file.text, &format!("{}\n", file.text));
        let candidate = Candidate::new(&goal.id, patch, EngineId::new("check"), Vec::new(), 0.5);
        let (evidence, cost) = (Evidence::default(), TrialCost::default());
        let (id, verdict) = (candidate.id.clone(), Verdict::Passed);
        let trial = Trial { candidate: id, verdict, evidence, cost, remembered: false };
        let measure = dimension.measure(goal, &candidate, &trial, &self.workspace.snapshot, self.cancel);
        let words = measure.map_or_else(|| "nothing".to_owned(), |measure| measure.in_words());
        self.note("dimension", format!("an empty line more in {} is {words}", file.path));
    }

    fn reporter(&mut self) {
        let reporter = Reporter::new(Arc::clone(&self.program));
        let run = json!({"type": "run", "schema": 1, "command": "forge", "root": "/", "runners": []});
        let end = json!({"type": "end", "ended": "done", "candidates": 0, "trials": 0});
        let reported = reporter.report([run, end], self.cancel);
        let files: Vec<&str> = reported.files.iter().map(|(path, _)| path.as_str()).collect();
        let text = reported.text.lines().count();
        self.note("reporter", format!("{text} lines of text; files of an empty run: {}", files.join(", ")));
    }

    /// A step that went well, unless something was complained about in it.
    fn note(&mut self, step: &str, detail: String) {
        let complaints = self.program.complaints();
        let new: Vec<String> = complaints.iter().skip(self.told).cloned().collect();
        self.told = complaints.len();
        self.checks.push(if new.is_empty() {
            check(step, CheckState::Works, detail)
        } else {
            check(step, CheckState::Broken, new.join("; "))
        });
    }
}

/// A goal about all of a file.
fn canned(program: &Program, file: &SourceFile) -> Sighting {
    let named = |kind: &&hephaestus_core::GoalKind| program.answers(**kind);
    Sighting {
        proposer: program.name().to_owned(),
        kind: KINDS.iter().find(named).copied().unwrap_or(hephaestus_core::GoalKind::Simplify),
        code: "check".to_owned(),
        file: file.path.clone(),
        range: hephaestus_core::ByteRange::new(0, file.text.len()),
        title: "a goal to see what is answered".to_owned(),
        why: String::new(),
        improves: Vec::new(),
        preserves_behaviour: true,
        gain: 0.5,
    }
}

fn all_roles() -> impl Iterator<Item = ExternalRole> {
    [ExternalRole::Proposer, ExternalRole::Engine, ExternalRole::Dimension, ExternalRole::Reporter]
        .into_iter()
}

fn check(step: &str, state: CheckState, detail: String) -> Check {
    Check { name: step.to_owned(), state, detail, mend: None }
}
