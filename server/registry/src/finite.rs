//! Numbers that JSON can hold: an infinite or undefined measure would be written as `null` and never read back.

use hephaestus_core::{Candidate, Goal, GoalOrigin, Score};

/// `value` where it is finite, the largest number of its sign where it is infinite, 0 where it is undefined.
fn finite(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(f64::MIN, f64::MAX) }
}

/// The goal with finite numbers.
pub(crate) fn goal(goal: &Goal) -> Goal {
    let mut goal = goal.clone();
    goal.gain = finite(goal.gain);
    goal.cost = finite(goal.cost);
    if let Some(target) = &mut goal.acceptance.target {
        target.at = finite(target.at);
    }
    if let GoalOrigin::Test { suspects, .. } = &mut goal.origin {
        for suspect in suspects {
            suspect.suspicion = finite(suspect.suspicion);
        }
    }
    goal
}

/// The candidate with finite numbers.
pub(crate) fn candidate(candidate: &Candidate) -> Candidate {
    let mut candidate = candidate.clone();
    candidate.prior = finite(candidate.prior);
    if let Some(found) = &mut candidate.found {
        found.confidence = finite(found.confidence);
    }
    candidate
}

/// The score with finite numbers.
pub(crate) fn score(score: &Score) -> Score {
    let mut score = score.clone();
    score.weighted = finite(score.weighted);
    for measure in &mut score.measures {
        measure.before = finite(measure.before);
        measure.after = finite(measure.after);
        measure.error = finite(measure.error);
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use hephaestus_core::Found;

    #[test]
    fn what_a_search_found_reads_back() {
        let mut odd = fixtures::candidate(&fixtures::goal("a.py", "x = 1\n"), "x");
        odd.found = Some(Found { confidence: f64::NAN, tried: 7, ..Found::default() });
        let text = serde_json::to_string(&candidate(&odd)).unwrap();
        let back: Candidate = serde_json::from_str(&text).unwrap();
        assert_eq!(back.found.map(|found| (found.confidence, found.tried)), Some((0.0, 7)));
    }

    #[test]
    fn undefined_and_infinite_measures_read_back() {
        let mut odd = fixtures::score(true, 1.0);
        odd.weighted = f64::NAN;
        odd.measures[0].after = f64::INFINITY;
        odd.measures[0].before = f64::NEG_INFINITY;
        let text = serde_json::to_string(&score(&odd)).unwrap();
        let back: Score = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (back.weighted, back.measures[0].after, back.measures[0].before),
            (0.0, f64::MAX, f64::MIN)
        );
    }
}
