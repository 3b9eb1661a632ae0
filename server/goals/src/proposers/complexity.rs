//! Functions above the limit of cognitive complexity.

use crate::{Draft, FileProposer};
use hephaestus_core::{Dimension, GoalKind, GoalOrigin, GoalSettings, RelPath, SourceFile, Target};
use hephaestus_syntax::{Facts, FunctionFacts};

pub(super) struct Complexity;

impl FileProposer for Complexity {
    fn name(&self) -> &'static str {
        "complexity"
    }

    fn kinds(&self) -> &'static [GoalKind] {
        &[GoalKind::Complexity]
    }

    fn propose(&self, facts: &Facts, file: &SourceFile, settings: &GoalSettings) -> Vec<Draft> {
        let limit = settings.cognitive_limit;
        let tangled = |function: &&FunctionFacts| function.cognitive > limit && !function.wrapper;
        facts.functions.iter().filter(tangled).map(|function| draft(&file.path, function, limit)).collect()
    }
}

fn draft(file: &RelPath, function: &FunctionFacts, limit: u32) -> Draft {
    let cognitive = function.cognitive;
    Draft {
        kind: GoalKind::Complexity,
        rule: "cognitive".to_owned(),
        file: file.clone(),
        range: function.range,
        message: format!("`{}` has a cognitive complexity of {cognitive} (limit {limit})", function.qualified),
        why: "Nested and interrupted control flow is what makes code hard to follow; each proved step makes it flatter.".to_owned(),
        improves: vec![Dimension::Cognitive],
        target: Some(Target { dimension: Dimension::Cognitive, at: f64::from(limit) }),
        must_pass: vec![],
        footprint: vec![file.clone()],
        origin: GoalOrigin::Measured,
        gain: 0.9,
        cost: f64::from(cognitive.saturating_sub(limit)).max(1.0) / 2.0,
    }
}
