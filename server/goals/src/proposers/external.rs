//! What programs of the user's saw. They are asked elsewhere; here their sightings become goals like any other.

use crate::{Draft, Proposer, Survey};
use hephaestus_core::{Dimension, GoalKind, GoalOrigin, Sighting};

pub(super) struct External;

impl Proposer for External {
    fn name(&self) -> &'static str {
        "external"
    }

    fn kinds(&self) -> &'static [GoalKind] {
        GoalKind::ALL
    }

    fn propose(&self, survey: &Survey<'_>) -> Vec<Draft> {
        survey.sightings.iter().map(draft).collect()
    }
}

fn draft(sighting: &Sighting) -> Draft {
    // Not to be seen any more is the least that is promised.
    let improves = std::iter::once(Dimension::Findings).chain(sighting.improves.iter().copied()).collect();
    Draft {
        kind: sighting.kind,
        rule: format!("{}/{}", sighting.proposer, sighting.code),
        file: sighting.file.clone(),
        range: sighting.range,
        message: sighting.title.clone(),
        why: sighting.why.clone(),
        improves,
        target: None,
        must_pass: vec![],
        footprint: vec![sighting.file.clone()],
        origin: GoalOrigin::External {
            proposer: sighting.proposer.clone(),
            code: sighting.code.clone(),
            preserves_behaviour: sighting.preserves_behaviour,
        },
        gain: sighting.gain,
        cost: 1.0,
    }
}
