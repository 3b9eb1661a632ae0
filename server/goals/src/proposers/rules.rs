//! Places where a rewrite rule matches.

use crate::{Draft, FileProposer};
use hephaestus_core::{Dimension, GoalKind, GoalOrigin, GoalSettings, Patch, SourceFile};
use hephaestus_syntax::{Facts, RuleMatch};

/// The kinds rules are for.
pub(crate) const KINDS: &[GoalKind] =
    &[GoalKind::Simplify, GoalKind::Modernize, GoalKind::Correctness, GoalKind::DeadCode, GoalKind::Speed];

pub(super) struct Rules;

impl FileProposer for Rules {
    fn name(&self) -> &'static str {
        "rules"
    }

    fn kinds(&self) -> &'static [GoalKind] {
        KINDS
    }

    fn propose(&self, facts: &Facts, file: &SourceFile, _: &GoalSettings) -> Vec<Draft> {
        facts.matches.iter().filter_map(|found| draft(file, found)).collect()
    }
}

fn draft(file: &SourceFile, found: &RuleMatch) -> Option<Draft> {
    let rule = &found.rule;
    let edit = Patch::edit(file.path.clone(), file.hash.clone(), vec![found.edit.clone()]).ok()?;
    // A match that is gone is the least that is promised; the rule may name more.
    let improves = std::iter::once(Dimension::Findings).chain(rule.targets.iter().copied()).collect();
    let gain = match rule.kind {
        GoalKind::Correctness => 0.8,
        GoalKind::Simplify => 0.6,
        GoalKind::Speed | GoalKind::DeadCode => 0.5,
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
