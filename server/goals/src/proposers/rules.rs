//! Places where a rewrite rule matches.

use crate::{Draft, Proposer, Survey};
use hephaestus_core::{Dimension, GoalKind, GoalOrigin, Patch};
use hephaestus_syntax::{Parsed, RuleMatch};

pub(super) struct Rules;

impl Proposer for Rules {
    fn name(&self) -> &'static str {
        "rules"
    }

    fn kinds(&self) -> &'static [GoalKind] {
        &[
            GoalKind::Simplify,
            GoalKind::Modernize,
            GoalKind::Correctness,
            GoalKind::DeadCode,
            GoalKind::Performance,
        ]
    }

    fn propose(&self, survey: &Survey<'_>) -> Vec<Draft> {
        let matches = survey.parsed.values().flat_map(|parsed| {
            survey.rules.matches(parsed).into_iter().filter_map(move |found| draft(parsed, found))
        });
        matches.collect()
    }
}

fn draft(parsed: &Parsed, found: RuleMatch) -> Option<Draft> {
    let file = parsed.file();
    let rule = &found.rule;
    let edit = Patch::edit(file.path.clone(), file.hash.clone(), vec![found.edit]).ok()?;
    // A match that is gone is the least that is promised; the rule may name more.
    let improves = std::iter::once(Dimension::Findings).chain(rule.targets.iter().copied()).collect();
    let gain = match rule.kind {
        GoalKind::Correctness => 0.8,
        GoalKind::Simplify => 0.6,
        GoalKind::Performance | GoalKind::DeadCode => 0.5,
        _ => 0.4,
    };
    Some(Draft {
        kind: rule.kind,
        rule: rule.id.clone(),
        file: file.path.clone(),
        range: found.range,
        message: rule.message.clone(),
        why: rule.note.clone(),
        improves,
        target: None,
        must_pass: vec![],
        footprint: vec![file.path.clone()],
        origin: GoalOrigin::Rule {
            rule: rule.id.clone(),
            edit,
            preserves_behaviour: rule.preserves_behaviour,
        },
        gain,
        cost: 1.0,
    })
}
