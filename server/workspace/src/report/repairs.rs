//! Repairs in a report: what became of each reason for failing tests. Words are for whoever prints.

use super::{ForgeReport, round, seconds};
use hephaestus_core::{Candidate, Found, Goal, GoalKind, GoalOrigin, Offer, Suspect};
use serde_json::{Value, json};

/// What became of one reason for failing tests.
#[derive(Debug, Clone, Copy)]
pub struct Repaired<'a> {
    /// The goal.
    pub goal: &'a Goal,
    /// The fix; `None` where there is none. Another goal's, where that mends this one too.
    pub fix: Option<&'a Offer>,
    /// Whether the fix holds together with all the others: only then it can be written with them.
    pub is_taken: bool,
    /// Whether candidates were tried in full, and fell.
    pub has_rejected: bool,
}

impl ForgeReport {
    /// What became of every reason for failing tests, in the order of the goals.
    #[must_use]
    pub fn repairs(&self) -> Vec<Repaired<'_>> {
        let taken = self.taken();
        let of_kind = self.goals.iter().filter(|goal| goal.kind == GoalKind::Repair);
        of_kind
            .map(|goal| {
                let fix = self.fix_of(goal);
                Repaired {
                    goal,
                    fix,
                    is_taken: fix.is_some_and(|offer| taken.contains(&offer.goal.id)),
                    has_rejected: self.rejected.iter().any(|rejected| rejected.goal == goal.id),
                }
            })
            .collect()
    }

    /// Its own improvement, or the very same patch for another goal.
    fn fix_of(&self, goal: &Goal) -> Option<&Offer> {
        let own = self.improvements.iter().find(|offer| offer.goal.id == goal.id);
        own.or_else(|| {
            let (_, same) = self.superseded.iter().find(|(id, _)| *id == goal.id)?;
            let key = same.patch.key();
            self.improvements.iter().find(|offer| offer.candidate.patch.key() == key)
        })
    }

    /// Tests that fail on the unchanged code.
    #[must_use]
    pub fn red(&self) -> usize {
        self.runners.iter().map(|runner| runner.red.len()).sum()
    }

    /// The line a suspect begins on, as it is in the file, without the space around it.
    #[must_use]
    pub fn line_of(&self, suspect: &Suspect) -> Option<&str> {
        let text = self.old(&suspect.file)?;
        text.lines().nth((suspect.line as usize).checked_sub(1)?).map(str::trim)
    }

    /// Other repairs for the goal of `offer`, best first, with their patches.
    pub(super) fn runners_up(&self, offer: &Offer) -> Vec<Value> {
        let all = self.alternatives.get(&offer.goal.id).map(Vec::as_slice).unwrap_or_default();
        let as_json = |candidate: &Candidate| {
            json!({
                "candidate": candidate.id,
                "operators": candidate.operators,
                "prior": round(candidate.prior),
                "patch": self.diff(&candidate.patch),
            })
        };
        all.iter().map(as_json).collect()
    }

    /// The tests a goal is about and where their reason is suspected.
    pub(super) fn suspects_json(&self, goal: &Goal) -> Option<Value> {
        let GoalOrigin::Test { suspects, .. } = &goal.origin else { return None };
        let as_json = |suspect: &Suspect| {
            json!({
                "file": suspect.file,
                "line": suspect.line,
                "suspicion": round(suspect.suspicion),
                "text": self.line_of(suspect),
            })
        };
        Some(suspects.iter().map(as_json).collect())
    }
}

/// How a change was found, as JSON.
pub(super) fn found_json(found: &Found) -> Value {
    json!({
        "tried": found.tried,
        "cpu_s": seconds(found.cpu),
        "alternatives": found.alternatives,
        "agreeing": found.agreeing,
        "questions": found.questions,
        "mended": found.mended,
        "confidence": round(found.confidence),
    })
}
