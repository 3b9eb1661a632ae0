//! The same code in several places.

use crate::{Draft, Proposer, Survey};
use hephaestus_core::{Dimension, GoalKind, GoalOrigin};
use hephaestus_syntax::{CloneGroup, Parsed, clones};

pub(super) struct Clones;

impl Proposer for Clones {
    fn name(&self) -> &'static str {
        "clones"
    }

    fn kinds(&self) -> &'static [GoalKind] {
        &[GoalKind::Duplication]
    }

    fn propose(&self, survey: &Survey<'_>) -> Vec<Draft> {
        let files: Vec<Parsed> = survey
            .parsed
            .values()
            .filter(|parsed| survey.settings.include_tests || !parsed.file().is_test)
            .cloned()
            .collect();
        let groups = clones(&files, survey.settings.clone_tokens.max(20) as usize);
        groups.iter().filter_map(|group| draft(group, survey)).collect()
    }
}

fn draft(group: &CloneGroup, survey: &Survey<'_>) -> Option<Draft> {
    let (first, others) = group.places.split_first()?;
    let named: Vec<String> =
        others.iter().map(|place| format!("{}:{}", place.path, line_of(survey, place))).collect();
    let mut footprint: Vec<_> = group.places.iter().map(|place| place.path.clone()).collect();
    footprint.dedup();
    Some(Draft {
        kind: GoalKind::Duplication,
        rule: "clone".to_owned(),
        file: first.path.clone(),
        range: first.range,
        message: format!("{} tokens stand again at {}", group.tokens, named.join(", ")),
        why: "What is written twice is mended once.".to_owned(),
        improves: vec![Dimension::Duplication],
        target: None,
        must_pass: vec![],
        footprint,
        origin: GoalOrigin::Measured,
        gain: 0.3,
        cost: 5.0,
    })
}

fn line_of(survey: &Survey<'_>, place: &hephaestus_syntax::ClonePlace) -> usize {
    let text = survey.snapshot.file(&place.path).and_then(|file| file.text.get(..place.range.start));
    text.unwrap_or_default().matches('\n').count() + 1
}
