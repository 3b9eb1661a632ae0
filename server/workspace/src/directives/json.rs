//! What came of a directive, as JSON.

use super::{DirectiveReport, LineReport, Reached};
use crate::report::seconds;
use hephaestus_directive::Outcome;
use serde_json::{Value, json};

impl DirectiveReport {
    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let run = |report: &crate::report::ForgeReport| {
            json!({
                "runners": report.runners,
                "goals": report.goals.len(),
                "stats": report.stats_json(),
                "notices": report.notices,
            })
        };
        let rejected = self.searched.iter().flat_map(|searched| &searched.rejected).map(|own| {
            json!({
                "engine": own.candidate.engine,
                "operators": own.candidate.operators,
                "verdict": own.verdict,
                "reason": own.reason,
                "failed_tests": own.failed_tests,
            })
        });
        json!({
            "name": self.name,
            "kind": self.kind,
            "goal": self.goal,
            "holds": self.holds(),
            "lines": self.lines.iter().map(line).collect::<Vec<_>>(),
            "thresholds": self.reached.iter().map(threshold).collect::<Vec<_>>(),
            "engines": self.engines,
            "patch": self.diff(),
            "proof": self.proof(),
            "applied": self.applied,
            "advice": self.advice,
            "rejected": rejected.collect::<Vec<_>>(),
            "searched": self.searched.as_ref().map(run),
            "proved": self.proved.as_ref().map(run),
            "wall_s": seconds(self.wall),
        })
    }
}

fn line(own: &LineReport) -> Value {
    let (state, why, proof, already) = match &own.outcome {
        Outcome::Proved { proof, already, .. } => ("proved", None, proof.as_ref(), *already),
        Outcome::Failing { why } => ("failing", Some(why), None, false),
        Outcome::Unproved { why } => ("unproved", why.as_ref(), None, false),
    };
    json!({
        "id": own.line.id,
        "kind": own.line.kind,
        "text": own.line.text,
        "state": state,
        "already": already,
        "why": why,
        "proof": proof,
        "tests": own.tests,
    })
}

fn threshold(own: &Reached) -> Value {
    json!({
        "dimension": own.dimension,
        "wanted": own.wanted,
        "value": own.value,
        "place": own.place,
        "holds": own.holds,
    })
}
