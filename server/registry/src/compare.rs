//! Two candidates side by side: their measures and their diffs.

use std::fmt::Write;

use hephaestus_core::{Candidate, Dimension, FileChange, Measure};
use serde::Serialize;

use crate::error::RegistryError;
use crate::record::StoredCandidate;
use crate::store::Registry;

/// One dimension of both candidates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeasurePair {
    /// What was measured.
    pub dimension: Dimension,
    /// By the first candidate's score; `None` where it was not measured.
    pub left: Option<Measure>,
    /// By the second's.
    pub right: Option<Measure>,
}

/// Two candidates side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first.
    pub left: StoredCandidate,
    /// The second.
    pub right: StoredCandidate,
    /// What was measured in at least one of them, in the order of [`Dimension::ALL`].
    pub measures: Vec<MeasurePair>,
    /// The first one's change as a unified diff; where its texts were not at hand when it was tried, its bare edits.
    pub left_diff: String,
    /// The second one's.
    pub right_diff: String,
}

impl Registry {
    /// Compares two candidates, each named by its id or a unique prefix.
    ///
    /// # Errors
    /// When one of them is not stored or its prefix is ambiguous, or the database cannot be read.
    pub fn compare_versions(&self, left: &str, right: &str) -> Result<Comparison, RegistryError> {
        let find = |id: &str| {
            self.get_version(id)?
                .ok_or_else(|| RegistryError::Unknown { what: "candidate", id: id.to_owned() })
        };
        let (left, right) = (find(left)?, find(right)?);
        let measures =
            Dimension::ALL.iter().filter_map(|dimension| pair(*dimension, &left, &right)).collect();
        let (left_diff, right_diff) = (diff_of(&left), diff_of(&right));
        Ok(Comparison { left, right, measures, left_diff, right_diff })
    }
}

fn pair(dimension: Dimension, left: &StoredCandidate, right: &StoredCandidate) -> Option<MeasurePair> {
    let of =
        |stored: &StoredCandidate| stored.score.as_ref().and_then(|score| score.measure(dimension)).copied();
    let (left, right) = (of(left), of(right));
    (left.is_some() || right.is_some()).then_some(MeasurePair { dimension, left, right })
}

fn diff_of(stored: &StoredCandidate) -> String {
    stored.diff.clone().unwrap_or_else(|| bare_edits(&stored.candidate))
}

/// What can be told without the old text: which bytes go, and what comes.
fn bare_edits(candidate: &Candidate) -> String {
    let mut text = String::new();
    for (path, change) in candidate.patch.files() {
        // Writing to a String does not fail.
        let _ = match change {
            FileChange::Edit { .. } => writeln!(text, "--- a/{path}\n+++ b/{path}"),
            FileChange::Create { .. } => writeln!(text, "--- /dev/null\n+++ b/{path}"),
            FileChange::Delete { .. } => writeln!(text, "--- a/{path}\n+++ /dev/null"),
        };
        let edits: Vec<(String, &str)> = match change {
            FileChange::Edit { base, edits } => edits
                .iter()
                .map(|edit| {
                    (
                        format!("bytes {}-{} of {}", edit.range.start, edit.range.end, base.short()),
                        &*edit.text,
                    )
                })
                .collect(),
            FileChange::Create { text } => vec![("new file".to_owned(), text)],
            FileChange::Delete { .. } => vec![],
        };
        for (place, added) in edits {
            let _ = writeln!(text, "@@ {place} @@");
            for line in added.lines() {
                let _ = writeln!(text, "+{line}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use hephaestus_core::{Ledger, Verdict};
    use std::path::Path;

    #[test]
    fn measures_stand_side_by_side_with_both_diffs() {
        let registry = Registry::open_in_memory().unwrap();
        let run = registry.start_run("forge", Path::new("w"), 0, 10).unwrap();
        let goal = fixtures::goal("a.py", "x = 1\n");
        let (left, right) = (fixtures::candidate(&goal, "y"), fixtures::candidate(&goal, "z\nz"));
        let known = registry
            .ledger(run.clone(), fixtures::context("c"))
            .with_snapshot(fixtures::snapshot("a.py", "x = 1\n"));
        let trial = fixtures::trial(&left, Verdict::Passed);
        known.record_trial(&goal, &left, &trial, Some(&fixtures::score(true, 2.0)));
        let blind = registry.ledger(run, fixtures::context("c"));
        blind.record_trial(&goal, &right, &fixtures::trial(&right, Verdict::Failed), None);
        let comparison = registry.compare_versions(&left.id.0, &right.id.0).unwrap();
        assert_eq!(comparison.measures.len(), 1);
        assert_eq!(comparison.measures[0].dimension, Dimension::Cognitive);
        assert_eq!(comparison.measures[0].left.unwrap().after, 2.0);
        assert_eq!(comparison.measures[0].right, None);
        assert!(comparison.left_diff.contains("-x = 1\n+y = 1\n"));
        let base = goal.base.short();
        assert_eq!(
            comparison.right_diff,
            format!("--- a/a.py\n+++ b/a.py\n@@ bytes 0-1 of {base} @@\n+z\n+z\n")
        );
    }

    #[test]
    fn an_unknown_candidate_is_named() {
        let registry = Registry::open_in_memory().unwrap();
        let error = registry.compare_versions("one", "two").unwrap_err();
        assert_eq!(error.to_string(), "there is no candidate `one` in the registry");
    }
}
