//! A program as a dimension: a candidate that holds in, a number out. The number is evidence; what it is worth is decided
//! elsewhere.

use super::Program;
use super::message::{Answer, ChangedText, GoalText, Question};
use hephaestus_core::{CancelToken, Candidate, ExternalMeasure, Goal, Snapshot, Trial};
use std::sync::Arc;

/// The longest unit, in characters.
const LONGEST_UNIT: usize = 20;

/// A dimension that a program measures.
pub struct ExternalDimension {
    program: Arc<Program>,
}

impl ExternalDimension {
    /// The dimension that `program` measures.
    #[must_use]
    pub fn new(program: Arc<Program>) -> Self {
        Self { program }
    }

    /// The measure of a candidate; `None` where the program has none.
    #[must_use]
    pub fn measure(
        &self,
        goal: &Goal,
        candidate: &Candidate,
        trial: &Trial,
        snapshot: &Snapshot,
        cancel: &CancelToken,
    ) -> Option<ExternalMeasure> {
        let mut touched = candidate.patch.paths().filter_map(|path| snapshot.file(path));
        if !touched.any(|file| self.program.wants(file)) {
            return None;
        }
        let question = Question::Measure {
            goal: GoalText::of(goal),
            files: ChangedText::all_of(&candidate.patch, snapshot),
            evidence: serde_json::to_value(&trial.evidence).unwrap_or_default(),
        };
        let mut measure = None;
        self.program.ask(question, cancel, &mut |answer| {
            let Answer::Measure(own) = answer else {
                return Err("it was asked for a measure and says something else".to_owned());
            };
            if !own.before.is_finite() || !own.after.is_finite() {
                return Err("what it measured is no number".to_owned());
            }
            measure = Some(ExternalMeasure {
                name: self.program.name().to_owned(),
                before: own.before,
                after: own.after,
                unit: own.unit.chars().filter(|c| !c.is_control()).take(LONGEST_UNIT).collect(),
                direction: own.direction,
            });
            Ok(())
        });
        measure
    }
}
