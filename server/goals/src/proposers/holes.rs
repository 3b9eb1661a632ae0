//! Bodies that are still to be written.

use crate::{Draft, FileProposer};
use hephaestus_core::{Dimension, GoalKind, GoalOrigin, GoalSettings, SourceFile};
use hephaestus_syntax::{Facts, Hole};

pub(super) struct Holes;

impl FileProposer for Holes {
    fn name(&self) -> &'static str {
        "holes"
    }

    fn kinds(&self) -> &'static [GoalKind] {
        &[GoalKind::Hole]
    }

    fn propose(&self, facts: &Facts, file: &SourceFile, _: &GoalSettings) -> Vec<Draft> {
        let draft = |hole: &Hole| Draft {
            kind: GoalKind::Hole,
            rule: "hole".to_owned(),
            file: file.path.clone(),
            range: hole.range,
            message: "a body that is still to be written".to_owned(),
            why: "The place says itself that something is missing.".to_owned(),
            improves: vec![Dimension::Functionality],
            target: None,
            must_pass: vec![],
            footprint: vec![file.path.clone()],
            origin: GoalOrigin::Measured,
            gain: 0.5,
            cost: 20.0,
        };
        facts.holes.iter().map(draft).collect()
    }
}
