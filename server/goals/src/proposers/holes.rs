//! Bodies that are still to be written.

use crate::{Draft, Proposer, Survey};
use hephaestus_core::{Dimension, GoalKind, GoalOrigin};

pub(super) struct Holes;

impl Proposer for Holes {
    fn name(&self) -> &'static str {
        "holes"
    }

    fn kinds(&self) -> &'static [GoalKind] {
        &[GoalKind::Hole]
    }

    fn propose(&self, survey: &Survey<'_>) -> Vec<Draft> {
        let holes = survey.parsed.values().flat_map(|parsed| {
            parsed.holes().into_iter().map(move |hole| Draft {
                kind: GoalKind::Hole,
                rule: "hole".to_owned(),
                file: parsed.file().path.clone(),
                range: hole.range,
                message: "a body that is still to be written".to_owned(),
                why: "The place says itself that something is missing.".to_owned(),
                improves: vec![Dimension::Functionality],
                target: None,
                must_pass: vec![],
                footprint: vec![parsed.file().path.clone()],
                origin: GoalOrigin::Measured,
                gain: 0.5,
                cost: 20.0,
            })
        });
        holes.collect()
    }
}
