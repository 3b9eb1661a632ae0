//! Reports as JSON: the documented output of `--format json`.

use super::{ForgeReport, Rejected, seconds};
use crate::open::Workspace;
use hephaestus_core::{
    ByteRange, Evidence, Goal, GoalId, Mutant, Notice, Offer, RegionStrength, Score, Snapshot, StageRun,
    Strength, Verdict,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What `hephaestus goals` found.
#[derive(Debug, Clone)]
pub struct GoalsReport {
    /// Every goal, best first.
    pub goals: Vec<Goal>,
    /// What the user should know.
    pub notices: Vec<Notice>,
    snapshot: Snapshot,
}

impl GoalsReport {
    pub(crate) fn new(workspace: &Workspace, goals: Vec<Goal>, notices: Vec<Notice>) -> Self {
        Self { goals, notices, snapshot: workspace.snapshot.clone() }
    }

    /// The files the goals lie in.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "hephaestus/goals/1",
            "command": "goals",
            "version": env!("CARGO_PKG_VERSION"),
            "root": self.snapshot.root,
            "goals": self.goals.iter().map(|goal| goal_json(goal, &self.snapshot, None)).collect::<Vec<_>>(),
            "notices": self.notices,
        })
    }
}

impl ForgeReport {
    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let outcomes = self.outcomes();
        let goals = self.goals.iter().map(|goal| {
            let mut value = goal_json(goal, &self.snapshot, outcomes.get(&goal.id).copied());
            if let (Some(suspects), Some(object)) = (self.suspects_json(goal), value.as_object_mut()) {
                object.insert("tests".to_owned(), json!(goal.acceptance.must_pass));
                object.insert("suspects".to_owned(), suspects);
            }
            value
        });
        let taken = self.taken();
        json!({
            "schema": "hephaestus/forge/1",
            "command": self.command,
            "version": env!("CARGO_PKG_VERSION"),
            "root": self.root,
            "started_ms": self.started_ms,
            "runner": self.runners.first(),
            "runners": self.runners,
            "goals": goals.collect::<Vec<_>>(),
            "improvements": self.improvements.iter().map(|offer| self.improvement(offer, &taken)).collect::<Vec<_>>(),
            "rejected": self.rejected.iter().map(|rejected| self.rejection(rejected)).collect::<Vec<_>>(),
            "together": self.together_json(),
            "score": self.score_json(),
            "stats": self.stats_json(),
            "notices": self.notices,
        })
    }

    /// The whole workspace in numbers, before and with everything that holds together.
    pub(crate) fn score_json(&self) -> Value {
        json!({ "before": self.before, "after": self.after })
    }

    /// What became of each goal.
    fn outcomes(&self) -> BTreeMap<&GoalId, &'static str> {
        let mut outcomes: BTreeMap<&GoalId, &'static str> = BTreeMap::new();
        for rejected in &self.rejected {
            outcomes.insert(&rejected.goal, "rejected");
        }
        for (goal, _) in &self.superseded {
            outcomes.insert(goal, "superseded");
        }
        for offer in &self.improvements {
            outcomes.insert(&offer.goal.id, "improved");
        }
        let rest = if self.stats.ended == "done" { "no-candidate" } else { "untried" };
        for goal in &self.goals {
            outcomes.entry(&goal.id).or_insert(rest);
        }
        outcomes
    }

    fn improvement(&self, offer: &Offer, taken: &BTreeSet<&GoalId>) -> Value {
        let Offer { goal, candidate, trial, score, .. } = offer;
        let overlaps = |other: &hephaestus_core::Candidate| candidate.patch.merge(&other.patch).is_err();
        let alternatives =
            self.superseded.iter().filter(|(_, other)| overlaps(other)).map(|(_, other)| &other.id);
        let repairs = self.alternatives.get(&goal.id).into_iter().flatten().map(|other| &other.id);
        json!({
            "goal": goal.id,
            "candidate": candidate.id,
            "kind": goal.kind,
            "rule": goal.rule,
            "file": goal.file,
            "line": goal.line,
            "symbol": goal.symbol,
            "message": goal.message,
            "engine": candidate.engine,
            "operators": candidate.operators,
            "verdict": trial.verdict,
            "remembered": trial.remembered,
            "patch": self.diff(&candidate.patch),
            "scores": scores_json(score),
            "weighted": super::round(score.weighted),
            "gates": score.gates,
            "weakly_tested": score.weakly_tested,
            "evidence": evidence_json(&trial.evidence),
            "alternatives": alternatives.chain(repairs).collect::<Vec<_>>(),
            "runners_up": self.runners_up(offer),
            "found": candidate.found.as_ref().map(super::repairs::found_json),
            "together": taken.contains(&goal.id),
            "proof": self.proofs.get(&goal.id),
        })
    }

    fn rejection(&self, rejected: &Rejected) -> Value {
        let goal = self.goals.iter().find(|goal| goal.id == rejected.goal);
        json!({
            "goal": rejected.goal,
            "candidate": rejected.candidate.id,
            "rule": goal.map(|goal| &goal.rule),
            "file": goal.map(|goal| &goal.file),
            "line": goal.map(|goal| goal.line),
            "message": goal.map(|goal| &goal.message),
            "engine": rejected.candidate.engine,
            "verdict": rejected.verdict,
            "reason": rejected.reason,
            "failed_tests": rejected.failed_tests,
            "patch": self.diff(&rejected.candidate.patch),
        })
    }

    fn together_json(&self) -> Value {
        let Some(verdict) = self.verdict_together() else { return Value::Null };
        let patch = self.proved_patch().map(|patch| self.diff(&patch)).unwrap_or_default();
        json!({
            "verdict": verdict,
            "patch": patch,
            "proofs": self.proofs_together,
            "improvements": self.taken().len(),
            "left_out": self.together.iter().flat_map(|part| &part.left_out).collect::<Vec<_>>(),
            "applied": self.applied && verdict == Verdict::Passed,
        })
    }
}

fn goal_json(goal: &Goal, snapshot: &Snapshot, outcome: Option<&str>) -> Value {
    let text = snapshot.file(&goal.file).map(|file| &*file.text).unwrap_or_default();
    let mut value = json!({
        "id": goal.id,
        "kind": goal.kind,
        "rule": goal.rule,
        "file": goal.file,
        "range": range_json(text, goal.range),
        "symbol": goal.symbol,
        "message": goal.message,
        "why": goal.why,
        "improves": goal.acceptance.improves,
        "gain": goal.gain,
        "cost": goal.cost,
    });
    if let (Some(outcome), Some(object)) = (outcome, value.as_object_mut()) {
        object.insert("outcome".to_owned(), json!(outcome));
    }
    value
}

fn range_json(text: &str, range: ByteRange) -> Value {
    let (start, end) = (line_column(text, range.start), line_column(text, range.end));
    json!({
        "start": { "line": start.0, "column": start.1 },
        "end": { "line": end.0, "column": end.1 },
        "bytes": [range.start, range.end],
    })
}

/// 1-based line and column; columns count characters.
pub(crate) fn line_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

pub(super) fn scores_json(score: &Score) -> Vec<Value> {
    score
        .measures
        .iter()
        .map(|measure| {
            json!({
                "dimension": measure.dimension,
                "before": super::round(measure.before),
                "after": super::round(measure.after),
                "gain": super::round(measure.gain()),
                "direction": measure.direction,
            })
        })
        .collect()
}

pub(super) fn evidence_json(evidence: &Evidence) -> Value {
    json!({
        "runner": evidence.runner,
        "tests_passed": evidence.tests_passed(),
        "full_runs": evidence.full_runs(),
        "stages": evidence.stages.iter().map(stage_json).collect::<Vec<_>>(),
        "findings": evidence.findings,
        "strength": evidence.strength.as_ref().map(strength_json),
        "compared": evidence.compared,
        "speed": evidence.speed,
        "external": evidence.external,
        "isolation": evidence.isolation,
        "set_aside": evidence.set_aside,
        "not_checked": evidence.not_checked,
        "notes": evidence.notes,
    })
}

fn strength_json(measured: &RegionStrength) -> Value {
    let side = |side: Strength| {
        let (low, high) = side.interval();
        let interval = [super::round(low), super::round(high)];
        json!({"killed": side.killed, "survived": side.survived, "share": side.share().map(super::round), "interval": interval})
    };
    let survivor = |mutant: &Mutant| {
        json!({
            "file": mutant.file,
            "range": mutant.range,
            "replacement": mutant.replacement,
            "operator": mutant.operator,
            "unnoticed": mutant.description,
        })
    };
    json!({
        "before": side(measured.before),
        "after": side(measured.after),
        "survivors": measured.survivors.iter().map(survivor).collect::<Vec<_>>(),
        "left_out": measured.left_out,
        "cpu_s": seconds(measured.cpu),
    })
}

fn stage_json(run: &StageRun) -> Value {
    json!({
        "stage": run.stage,
        "command": run.command,
        "held": run.held,
        "passed": run.passed,
        "skipped": run.skipped,
        "failed": run.failures.iter().map(|failure| &failure.id).collect::<Vec<_>>(),
        "wall_s": seconds(run.wall),
        "cpu_s": seconds(run.cpu),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        assert_eq!(line_column("aé\nxyz", 5), (2, 2));
        assert_eq!(line_column("é", 2), (1, 2));
        assert_eq!(line_column("a", 99), (1, 2));
    }
}
