//! Functions above the limit of cognitive complexity.

use crate::{Draft, Proposer, Survey};
use hephaestus_core::{Dimension, GoalKind, GoalOrigin, Target};
use hephaestus_syntax::{Function, Parsed};

pub(super) struct Complexity;

impl Proposer for Complexity {
    fn name(&self) -> &'static str {
        "complexity"
    }

    fn kinds(&self) -> &'static [GoalKind] {
        &[GoalKind::Complexity]
    }

    fn propose(&self, survey: &Survey<'_>) -> Vec<Draft> {
        let limit = survey.settings.cognitive_limit;
        let functions =
            survey.parsed.values().flat_map(|parsed| parsed.functions().iter().map(move |own| (parsed, own)));
        functions
            .filter(|(_, function)| function.metrics.cognitive > limit && !function.wrapper)
            .map(|(parsed, function)| draft(parsed, function, limit))
            .collect()
    }
}

fn draft(parsed: &Parsed, function: &Function, limit: u32) -> Draft {
    let cognitive = function.metrics.cognitive;
    let file = &parsed.file().path;
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
