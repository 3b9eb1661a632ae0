//! What became of a candidate and of a goal, in one word each. Taken from what was recorded; judges nothing anew.

use crate::registry::KnownCandidate;
use hephaestus_core::{DecisionKind, Verdict};

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The last that was observed of it.
    Decided(DecisionKind),
    /// It held, and may be offered.
    Proven,
    /// Its trial ended so; `Passed`: but it was not good enough.
    Tried(Verdict),
    /// There is no trial of it.
    Untried,
}

impl State {
    pub(super) fn of(known: &KnownCandidate) -> Self {
        if let Some(decision) = known.decisions.last() {
            return Self::Decided(decision.kind);
        }
        match &known.trial {
            None => Self::Untried,
            Some(trial) if trial.verdict == Verdict::Passed => {
                let accepted = known.score.as_ref().is_some_and(|score| score.accepted);
                if accepted { Self::Proven } else { Self::Tried(Verdict::Passed) }
            }
            Some(trial) => Self::Tried(trial.verdict),
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Decided(kind) => kind.as_str(),
            Self::Proven => "proven",
            Self::Tried(Verdict::Passed) => "refused",
            Self::Tried(verdict) => verdict.as_str(),
            Self::Untried => "untried",
        }
    }

    /// How far it came.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Decided(DecisionKind::Applied) => 7,
            Self::Proven => 6,
            Self::Decided(DecisionKind::Superseded) => 5,
            Self::Decided(DecisionKind::Undone | DecisionKind::Dismissed) => 4,
            Self::Tried(Verdict::Passed) => 3,
            Self::Tried(verdict) if verdict.is_final() => 2,
            Self::Tried(_) => 1,
            Self::Untried => 0,
        }
    }
}

/// What became of a goal, by its candidates. Where the code has changed since, what was found no longer stands, unless
/// somebody decided about it.
pub(super) fn of_goal(candidates: impl Iterator<Item = State>, is_current: bool) -> &'static str {
    let furthest = candidates.max_by_key(|state| state.rank());
    match furthest {
        Some(State::Decided(DecisionKind::Applied)) => "applied",
        Some(State::Decided(DecisionKind::Undone | DecisionKind::Dismissed)) => "dismissed",
        _ if !is_current => "stale",
        Some(State::Proven | State::Decided(DecisionKind::Superseded)) => "proven",
        Some(State::Tried(verdict)) if verdict.is_final() => "unproven",
        Some(State::Tried(_) | State::Untried) | None => "open",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(states: &[State]) -> &'static str {
        of_goal(states.iter().copied(), true)
    }

    #[test]
    fn a_goal_is_what_its_best_candidate_came_to() {
        let fell = State::Tried(Verdict::Failed);
        assert_eq!(goal(&[]), "open");
        assert_eq!(goal(&[State::Tried(Verdict::Cancelled), State::Untried]), "open");
        assert_eq!(goal(&[fell, State::Tried(Verdict::Passed)]), "unproven");
        assert_eq!(goal(&[fell, State::Proven]), "proven");
        assert_eq!(goal(&[State::Proven, State::Decided(DecisionKind::Applied)]), "applied");
        assert_eq!(goal(&[fell, State::Decided(DecisionKind::Dismissed)]), "dismissed");
    }

    #[test]
    fn changed_code_makes_all_stale_but_what_was_decided() {
        assert_eq!(of_goal([State::Proven].into_iter(), false), "stale");
        assert_eq!(of_goal([].into_iter(), false), "stale");
        assert_eq!(of_goal([State::Decided(DecisionKind::Applied)].into_iter(), false), "applied");
    }
}
