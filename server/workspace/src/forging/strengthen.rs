//! Survivors as goals: what no test would notice, where improvements were tried. Makes no mutant and runs nothing.

use crate::open::Workspace;
use globset::{Glob, GlobMatcher};
use hephaestus_core::{
    Acceptance, ByteRange, Dimension, Goal, GoalKind, GoalOrigin, Mutant, RelPath, SourceFile,
};
use std::collections::BTreeMap;

/// The survivors seen in one run, each once.
#[derive(Debug, Default)]
pub(super) struct Survivors(BTreeMap<(RelPath, ByteRange, String), Mutant>);

impl Survivors {
    /// Takes what a trial found.
    pub(super) fn add(&mut self, mutants: &[Mutant]) {
        for mutant in mutants {
            let key = (mutant.file.clone(), mutant.range, mutant.replacement.clone());
            self.0.entry(key).or_insert_with(|| mutant.clone());
        }
    }

    /// The goals, if such goals are wanted.
    pub(super) fn into_goals(self, workspace: &Workspace) -> Vec<Goal> {
        let settings = &workspace.config.goals;
        let wanted = settings.wants(GoalKind::Strengthen);
        let ignored = settings.ignore.iter().filter_map(|pattern| Glob::new(pattern).ok());
        let ignored: Vec<GlobMatcher> = ignored.map(|glob| glob.compile_matcher()).collect();
        // What survives elsewhere must not change an id.
        let mut twins: BTreeMap<(RelPath, Option<String>, String, String), usize> = BTreeMap::new();
        let mut goals = Vec::new();
        for mutant in self.0.into_values().filter(|_| wanted) {
            if ignored.iter().any(|pattern| pattern.is_match(rule(&mutant))) {
                continue;
            }
            let Some(file) = workspace.snapshot.file(&mutant.file) else { continue };
            let text = mutant.range.slice(&file.text).unwrap_or_default().to_owned();
            let key = (mutant.file.clone(), mutant.function.clone(), mutant.operator.clone(), text);
            let twin = twins.entry(key).or_default();
            goals.push(goal(mutant, file, *twin));
            *twin += 1;
        }
        goals
    }
}

fn rule(mutant: &Mutant) -> String {
    format!("mutants/{}", mutant.operator)
}

fn goal(mutant: Mutant, file: &SourceFile, nth: usize) -> Goal {
    let text = mutant.range.slice(&file.text).unwrap_or_default();
    let rule = rule(&mutant);
    let symbol = mutant.function;
    let before = file.text.get(..mutant.range.start).unwrap_or_default();
    let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
    Goal {
        id: Goal::stable_id(GoalKind::Strengthen, &rule, &mutant.file, symbol.as_deref(), text, nth),
        kind: GoalKind::Strengthen,
        rule,
        file: mutant.file.clone(),
        language: file.language.clone(),
        range: mutant.range,
        line,
        message: format!("No test would notice: {}", mutant.description),
        why: "The tests were run with exactly this fault in the code, and all of them passed. Whatever is changed here \
              is proved only as far as the tests look: a test that fails on this fault makes them look closer."
            .to_owned(),
        symbol,
        acceptance: Acceptance { improves: vec![Dimension::Strength], target: None, must_pass: vec![] },
        base: file.hash.clone(),
        footprint: vec![mutant.file],
        origin: GoalOrigin::Measured,
        gain: 0.3,
        cost: 5.0,
    }
}
