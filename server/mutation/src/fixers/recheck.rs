//! Lets the linter that saw a goal look again at the patched code.

use super::definition::Fixer;
use hephaestus_core::{
    CancelToken, Candidate, Finding, FindingCount, Goal, GoalOrigin, Recheck, RelPath, Snapshot, Tools,
};
use std::collections::{BTreeMap, BTreeSet};

/// Counts a fixer's findings before and after a candidate.
pub struct FixerRecheck {
    fixers: Vec<Fixer>,
    snapshot: Snapshot,
    before: Vec<Finding>,
}

impl FixerRecheck {
    /// `before` is what the fixers said about the unchanged code.
    #[must_use]
    pub fn new(fixers: Vec<Fixer>, snapshot: Snapshot, before: Vec<Finding>) -> Self {
        Self { fixers, snapshot, before }
    }
}

impl Recheck for FixerRecheck {
    fn recheck(
        &self,
        goal: &Goal,
        candidate: &Candidate,
        tools: &dyn Tools,
        cancel: &CancelToken,
    ) -> Option<Result<FindingCount, String>> {
        let GoalOrigin::Finding { fixer: id, .. } = &goal.origin else { return None };
        let fixer = self.fixers.iter().find(|fixer| fixer.id == *id)?;
        let touched: BTreeSet<&RelPath> = candidate.patch.paths().collect();
        let patched = patched(&self.snapshot, candidate);
        Some(match fixer.ask(&patched, &candidate.patch, tools, cancel) {
            Ok(after) => Ok(FindingCount {
                source: id.clone(),
                before: count(places(self.before.iter().filter(|finding| finding.fixer == *id)), &touched),
                after: count(places(after.iter()), &touched),
            }),
            Err(error) => Err(error.to_string()),
        })
    }
}

/// The snapshot with the candidate in it: positions in the linter's answer are positions in these texts.
pub(crate) fn patched(snapshot: &Snapshot, candidate: &Candidate) -> Snapshot {
    let mut patched = snapshot.clone();
    for path in candidate.patch.paths() {
        let Some(file) = snapshot.file(path) else { continue };
        if let Ok(Some(text)) = candidate.patch.apply_to(path, Some(&file.text)) {
            patched = patched.with_file(hephaestus_core::SourceFile::new(
                path.clone(),
                file.language.clone(),
                text,
                file.is_test,
            ));
        }
    }
    patched
}

fn places<'a>(findings: impl Iterator<Item = &'a Finding>) -> impl Iterator<Item = (&'a RelPath, &'a str)> {
    findings.map(|finding| (&finding.file, finding.code.as_str()))
}

/// How often each code was seen in the touched files.
pub(crate) fn count<'a>(
    seen: impl Iterator<Item = (&'a RelPath, &'a str)>,
    touched: &BTreeSet<&RelPath>,
) -> Vec<(String, u32)> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for (_, code) in seen.filter(|(file, _)| touched.contains(file)) {
        *counts.entry(code.to_owned()).or_default() += 1;
    }
    counts.into_iter().collect()
}
