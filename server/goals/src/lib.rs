//! The Goal Proposer: what is known about a workspace in, ranked goals out. One file per proposer.
//!
//! Pure: linters' findings and failing tests are handed in by whoever ran them.

mod draft;
mod proposers;

use hephaestus_core::{Finding, Goal, GoalKind, GoalSettings, RelPath, Snapshot, TestFailure};
use hephaestus_syntax::{Parsed, RuleSets};
use std::collections::{BTreeMap, HashMap};

use draft::Draft;

/// Everything proposers look at.
pub struct Survey<'a> {
    /// The files.
    pub snapshot: &'a Snapshot,
    /// Their trees.
    pub parsed: &'a BTreeMap<RelPath, Parsed>,
    /// The rules in force.
    pub rules: &'a RuleSets,
    /// What other linters saw.
    pub findings: &'a [Finding],
    /// Tests that fail on the unchanged code.
    pub red_tests: &'a [TestFailure],
    /// What the user wants.
    pub settings: &'a GoalSettings,
}

/// Sees one sort of goal.
pub trait Proposer: Send + Sync {
    /// Its name, for the log.
    fn name(&self) -> &'static str;
    /// The kinds it may propose; it is not asked when none of them is wanted.
    fn kinds(&self) -> &'static [GoalKind];
    /// Every goal it sees.
    fn propose(&self, survey: &Survey<'_>) -> Vec<Draft>;
}

/// All goals of a workspace, best first: by expected gain per trial, then by place.
#[must_use]
pub fn propose(survey: &Survey<'_>) -> Vec<Goal> {
    let mut drafts: Vec<Draft> = proposers::all()
        .iter()
        .filter(|proposer| proposer.kinds().iter().any(|kind| survey.settings.wants(*kind)))
        .flat_map(|proposer| proposer.propose(survey))
        .filter(|draft| is_wanted(draft, survey))
        .collect();
    drafts.sort_by(|left, right| {
        (&left.file, left.range, &left.rule).cmp(&(&right.file, right.range, &right.rule))
    });
    let mut twins: HashMap<String, usize> = HashMap::new();
    let mut goals: Vec<Goal> = drafts
        .into_iter()
        .filter_map(|draft| {
            let nth = twins.entry(draft.twin_key(survey)).or_default();
            *nth += 1;
            draft.into_goal(survey, *nth - 1)
        })
        .collect();
    goals.sort_by(|left, right| right.rank().total_cmp(&left.rank()));
    goals
}

fn is_wanted(draft: &Draft, survey: &Survey<'_>) -> bool {
    let settings = survey.settings;
    let is_test = survey.snapshot.file(&draft.file).is_some_and(|file| file.is_test);
    let ignored = settings.ignore.iter().any(|pattern| matches_glob(pattern, &draft.rule));
    settings.wants(draft.kind)
        && !ignored
        && (settings.include_tests || !is_test || draft.kind == GoalKind::Repair)
}

/// `*` stands for any text; everything else for itself.
fn matches_glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
