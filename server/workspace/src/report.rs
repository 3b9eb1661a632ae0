//! What a run found, in numbers and patches: the data behind every output format.

use crate::combine::Together;
use crate::forging::Stages;
use crate::open::Workspace;
use crate::unlocking::HeldBack;
use hephaestus_core::{
    Candidate, CandidateId, Evidence, Goal, GoalId, Isolation, Notice, Offer, Patch, Score, Snapshot,
    SourceFile, Trial, Verdict,
};
use hephaestus_forge::{Ended, Outcome, Searched};
use hephaestus_harness::Baseline;
use hephaestus_syntax::Parsed;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

mod history;
mod json;
pub(crate) mod mutants;
mod repairs;
mod sarif;
pub(crate) mod testgen;

pub use history::History;
pub use json::GoalsReport;
pub use repairs::{Repaired, confidence_in_words, found_in_words, question_in_words};
pub use sarif::sarif;

/// The baseline, as it is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baselined {
    /// The runner's name.
    pub name: String,
    /// Tests that judge.
    pub tests: usize,
    /// Tests that fail on the unchanged code.
    pub red: Vec<hephaestus_core::TestFailure>,
    /// Tests that waver.
    pub flaky: Vec<String>,
    /// Wall seconds of one run.
    pub wall_s: f64,
    /// CPU seconds of one run.
    pub cpu_s: f64,
    /// How runs are isolated.
    pub isolation: Isolation,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Baselined {
    pub(crate) fn of(title: &str, baseline: &Baseline) -> Self {
        Self {
            name: title.to_owned(),
            tests: baseline.passing.len(),
            red: baseline.red.clone(),
            flaky: baseline.flaky.clone(),
            wall_s: baseline.wall.as_secs_f64(),
            cpu_s: baseline.cpu.as_secs_f64(),
            isolation: baseline.isolation,
            notes: baseline.notes.clone(),
        }
    }
}

/// A candidate that did not hold.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Its goal.
    pub goal: GoalId,
    /// Itself.
    pub candidate: Candidate,
    /// How its trial ended.
    pub verdict: Verdict,
    /// One line: why.
    pub reason: String,
    /// Tests that failed.
    pub failed_tests: Vec<String>,
}

impl Rejected {
    pub(crate) fn of(goal: &Goal, candidate: &Candidate, trial: &Trial, score: Option<&Score>) -> Self {
        let failed_tests: Vec<String> = fall_tests(&trial.evidence);
        let reason = match (score.filter(|score| !score.accepted), trial.evidence.fall()) {
            (Some(score), _) => score.reasons.join("; "),
            (None, Some(run)) if run.failures.is_empty() => {
                let last = run.tail.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
                format!("{}: {last}", run.stage.as_str())
            }
            (None, Some(run)) => format!("{}: {} failed", run.stage.as_str(), run.failures.len()),
            (None, None) => trial.evidence.notes.join("; "),
        };
        Self {
            goal: goal.id.clone(),
            candidate: candidate.clone(),
            verdict: trial.verdict,
            reason,
            failed_tests,
        }
    }
}

fn fall_tests(evidence: &Evidence) -> Vec<String> {
    evidence
        .fall()
        .into_iter()
        .flat_map(|run| run.failures.iter().map(|failure| failure.id.clone()))
        .collect()
}

/// The workspace in numbers, test code left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Cognitive complexity of all functions.
    pub cognitive: u64,
    /// Tokens.
    pub tokens: u64,
    /// Statements.
    pub statements: u64,
    /// Rule matches.
    pub findings: u64,
    /// Functions above the limit.
    pub functions_over_limit: u64,
}

/// What a run took.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Candidates proposed.
    pub candidates: u64,
    /// Trials made.
    pub trials: u64,
    /// Those of them that were remembered from an earlier run on the same code.
    pub remembered: u64,
    /// Trials that passed and were accepted.
    pub passed: u64,
    /// Wall time from start to end.
    pub wall: Duration,
    /// CPU time of everything that was run.
    pub cpu: Duration,
    /// CPU time of the trials alone.
    pub trial_cpu: Duration,
    /// What was searched through for repairs.
    pub searched: Searched,
    /// Why it ended, in words.
    pub ended: String,
}

/// What a run found.
#[derive(Debug, Clone)]
pub struct ForgeReport {
    /// The command it answers: `forge` or `repair`.
    pub command: &'static str,
    /// The workspace.
    pub root: PathBuf,
    /// Milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// One per runner that judged.
    pub runners: Vec<Baselined>,
    /// Every goal, best first.
    pub goals: Vec<Goal>,
    /// What linters saw in all.
    pub findings: usize,
    /// What holds, disjoint.
    pub improvements: Vec<Offer>,
    /// What holds too, but touches the same lines as a better one.
    pub superseded: Vec<(GoalId, Candidate)>,
    /// Repairs that pass the same tests as the one that is offered, best first, by goal.
    pub alternatives: BTreeMap<GoalId, Vec<Candidate>>,
    /// What does not hold.
    pub rejected: Vec<Rejected>,
    /// Improvements that only weak tests hold back.
    pub held_back: Vec<HeldBack>,
    /// Everything that holds, together: one per runner.
    pub(crate) together: Vec<Together>,
    /// Whether it was written.
    pub applied: bool,
    /// The workspace before.
    pub before: Totals,
    /// The workspace with everything that holds together.
    pub after: Totals,
    /// What it took.
    pub stats: Stats,
    /// Where the time went.
    pub(crate) stages: Stages,
    /// What the user should know.
    pub notices: Vec<Notice>,
    /// The tests that judged.
    pub passing: BTreeSet<String>,
    /// Where the proof of an improvement lies, relative to the root.
    pub proofs: BTreeMap<GoalId, PathBuf>,
    /// Where the proofs of all improvements together lie: one per runner that had several.
    pub proofs_together: Vec<PathBuf>,
    /// Whether every goal was dealt with.
    is_complete: bool,
    snapshot: Snapshot,
}

impl ForgeReport {
    pub(crate) fn new(workspace: &Workspace, started_ms: u64) -> Self {
        let before = Totals::of(workspace, workspace.parsed.values());
        Self {
            command: "forge",
            root: workspace.root.clone(),
            started_ms,
            runners: vec![],
            goals: vec![],
            findings: 0,
            improvements: vec![],
            superseded: vec![],
            alternatives: BTreeMap::new(),
            rejected: vec![],
            held_back: vec![],
            together: vec![],
            applied: false,
            before,
            after: before,
            stats: Stats { ended: "done".to_owned(), ..Stats::default() },
            stages: BTreeMap::new(),
            notices: workspace.notices.clone(),
            passing: BTreeSet::new(),
            proofs: BTreeMap::new(),
            proofs_together: vec![],
            is_complete: true,
            snapshot: workspace.snapshot.clone(),
        }
    }

    /// The old text of a file.
    fn old(&self, path: &hephaestus_core::RelPath) -> Option<&str> {
        self.snapshot.file(path).map(|file| &*file.text)
    }

    /// Whether every goal was dealt with: no budget ran out and nobody asked to stop.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The hash of a file's text as the run saw it.
    #[must_use]
    pub fn hash_of(&self, path: &hephaestus_core::RelPath) -> Option<&hephaestus_core::ContentHash> {
        self.snapshot.file(path).map(|file| &file.hash)
    }

    /// A patch of this run as a unified diff.
    #[must_use]
    pub fn diff(&self, patch: &Patch) -> String {
        patch.to_unified(|path| self.old(path)).unwrap_or_default()
    }

    /// Improvements that also hold together with the others.
    #[must_use]
    pub fn taken(&self) -> BTreeSet<&GoalId> {
        self.together
            .iter()
            .filter(|part| part.verdict == Verdict::Passed)
            .flat_map(|part| &part.taken)
            .collect()
    }

    /// The verdict on everything together; `None` when there was nothing to prove.
    #[must_use]
    pub fn verdict_together(&self) -> Option<Verdict> {
        let fell = self.together.iter().map(|part| part.verdict).find(|verdict| *verdict != Verdict::Passed);
        fell.or_else(|| self.together.first().map(|part| part.verdict))
    }

    /// What was proved together, as one patch; `None` when nothing was, or the proof is not complete.
    #[must_use]
    pub fn proved_patch(&self) -> Option<Patch> {
        let mut proved = self.together.iter().filter(|part| part.verdict == Verdict::Passed);
        let merged = proved.try_fold(Patch::default(), |patch, part| patch.merge(&part.patch)).ok()?;
        (!merged.is_empty()).then_some(merged)
    }

    pub(crate) fn mark_applied(&mut self) {
        self.applied = true;
    }

    pub(crate) fn applied_candidates(&self) -> impl Iterator<Item = &CandidateId> {
        let taken = self.taken();
        self.improvements
            .iter()
            .filter(move |offer| taken.contains(&offer.goal.id))
            .map(|offer| &offer.candidate.id)
    }

    pub(crate) fn add_outcome(&mut self, outcome: &Outcome) {
        self.stats.candidates += outcome.candidates;
        self.stats.trials += outcome.spent.trials;
        self.stats.passed += outcome.held;
        self.stats.cpu += outcome.spent.cpu;
        self.stats.trial_cpu += outcome.spent.cpu.saturating_sub(outcome.searched.cpu);
        self.stats.searched = self.stats.searched.and(outcome.searched);
        self.is_complete &= outcome.ended == Ended::Done;
        self.stats.ended = match outcome.ended {
            Ended::Done => return,
            Ended::Budget(limit) => format!("budget: {limit}"),
            Ended::Cancelled => "cancelled".to_owned(),
        };
    }

    /// Says how many changes were searched through in earlier runs and not again.
    pub(crate) fn note_recalled(&mut self, recalled: u64) {
        if recalled > 0 {
            let message = format!(
                "{recalled} of the changes were tried in an earlier search of this very code, and not again (--fresh tries them)"
            );
            self.notices.push(Notice { path: None, message });
        }
    }

    pub(crate) fn add_stages(&mut self, stages: Stages) {
        for (stage, (runs, wall, cpu)) in stages {
            let entry = self.stages.entry(stage).or_default();
            entry.0 += runs;
            entry.1 += wall;
            entry.2 += cpu;
        }
    }

    pub(crate) fn add_together(&mut self, offers: Vec<Offer>, together: Together) {
        self.improvements.extend(offers);
        self.together.push(together);
    }

    /// Measures the workspace with everything that holds together in it.
    pub(crate) fn measure_after(&mut self, workspace: &Workspace) {
        let Some(patch) = self.proved_patch() else { return };
        let after: Vec<Parsed> = workspace
            .parsed
            .iter()
            .filter_map(|(path, parsed)| {
                if patch.change(path).is_none() {
                    return Some(parsed.clone());
                }
                let file = parsed.file();
                let text = patch.apply_to(path, Some(&file.text)).ok()??;
                let file = SourceFile::new(path.clone(), file.language.clone(), text, file.is_test);
                Parsed::new(parsed.language(), Arc::new(file))
            })
            .collect();
        self.after = Totals::of(workspace, after.iter());
    }

    /// The run's statistics as JSON.
    #[must_use]
    pub fn stats_json(&self) -> Value {
        let cpu = self.stats.trial_cpu.as_secs_f64();
        let mut by_verdict: BTreeMap<&str, u64> = BTreeMap::new();
        by_verdict.insert("passed", self.stats.passed);
        for rejected in &self.rejected {
            let word =
                if rejected.verdict == Verdict::Passed { "not-accepted" } else { rejected.verdict.as_str() };
            *by_verdict.entry(word).or_default() += 1;
        }
        let by_stage: Vec<Value> = self
            .stages
            .iter()
            .map(|(stage, (runs, wall, cpu))| {
                json!({ "stage": stage, "runs": runs, "wall_s": seconds(*wall), "cpu_s": seconds(*cpu) })
            })
            .collect();
        json!({
            "candidates": self.stats.candidates,
            "trials": self.stats.trials,
            "remembered": self.stats.remembered,
            "passed": self.stats.passed,
            "wall_s": seconds(self.stats.wall),
            "cpu_s": seconds(self.stats.cpu),
            "trial_cpu_s": seconds(self.stats.trial_cpu),
            "candidates_per_cpu_s": if cpu > 0.0 { round(self.stats.trials.saturating_sub(self.stats.remembered) as f64 / cpu) } else { 0.0 },
            "searched": {
                "tried": self.stats.searched.tried,
                "cpu_s": seconds(self.stats.searched.cpu),
            },
            "ended": self.stats.ended,
            "linter_findings": self.findings,
            "by_stage": by_stage,
            "by_verdict": by_verdict,
        })
    }
}

/// Seconds to the millisecond.
pub(crate) fn seconds(time: Duration) -> f64 {
    round(time.as_secs_f64())
}

pub(crate) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
