//! What the one who saw the goal still sees: the linter's findings of that code, or the rule's matches, in the touched files.

use super::{Meter, counted};
use crate::Case;
use hephaestus_core::{Dimension, Direction, GoalOrigin, Measure};
use hephaestus_syntax::Parsed;

pub(super) struct Findings;

impl Meter for Findings {
    fn dimension(&self) -> Dimension {
        Dimension::Findings
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let (before, after) = match &case.goal.origin {
            GoalOrigin::Finding { fixer, code, .. } | GoalOrigin::External { proposer: fixer, code, .. } => {
                let count = case.trial.evidence.findings.iter().find(|count| count.source == *fixer)?;
                let of = |counts: &[(String, u32)]| {
                    counts.iter().find(|(own, _)| own == code).map_or(0, |(_, n)| *n)
                };
                (of(&count.before), of(&count.after))
            }
            GoalOrigin::Rule { rule, .. } => {
                let of = |parsed: &Parsed| {
                    let found =
                        case.parts.rules.matches(parsed).into_iter().filter(|found| found.rule.id == *rule);
                    u32::try_from(found.count()).unwrap_or(u32::MAX)
                };
                let sum = |counts: Vec<u32>| counts.into_iter().fold(0, u32::saturating_add);
                (
                    sum(case.files.iter().map(|(before, _)| of(before)).collect()),
                    sum(case.files.iter().map(|(_, after)| of(after)).collect()),
                )
            }
            GoalOrigin::Measured | GoalOrigin::Test { .. } => return None,
        };
        Some(counted(self.dimension(), Direction::Lower, before, after))
    }
}
