//! What a run is restricted to beyond the settings of its workspace: a directive's part of it.

use crate::open::Workspace;
use hephaestus_core::{Dimension, Goal, GoalKind, GoalOrigin, Limits, RelPath, Suspect, Target};
use std::collections::{BTreeMap, BTreeSet};

/// Limits of one run. The default restricts nothing.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// What changes may and may not do, beyond the gates.
    pub limits: Limits,
    /// The only files that may be changed, where there are such.
    pub editable: Option<BTreeSet<RelPath>>,
    /// The only functions, methods and classes that goals may be about; all, where none is named.
    pub symbols: Vec<String>,
    /// Of failing tests, only those with such an id are mended, where there are such.
    pub tests: Option<TestNames>,
    /// Measures that goals are for, instead of their own.
    pub improves: Vec<Dimension>,
    /// Values that goals are to reach, instead of their own.
    pub targets: BTreeMap<Dimension, f64>,
}

/// The names of tests, as their ids end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestNames(pub BTreeSet<String>);

impl TestNames {
    /// Whether one of them is the test with this id.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|name| is_named(id, name))
    }
}

/// Whether the test with this id has this name, or is one of several that come of a test with this name: the id has it
/// between the borders of words, and nothing behind it but parameters or the name of a single check.
pub(crate) fn is_named(id: &str, name: &str) -> bool {
    let is_border = |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let is_rest = |after: &str| after.is_empty() || after.starts_with(" > ") || after.starts_with('[');
    !name.is_empty()
        && id.match_indices(name).any(|(at, _)| {
            let (before, after) = (id.get(..at), id.get(at + name.len()..));
            before.is_some_and(is_border) && after.is_some_and(is_rest)
        })
}

impl Scope {
    /// The goals that are left, each with the files that are left to it.
    pub(super) fn narrow(&self, goals: Vec<Goal>, workspace: &Workspace) -> Vec<Goal> {
        goals.into_iter().filter_map(|goal| self.narrow_one(goal, workspace)).collect()
    }

    fn narrow_one(&self, mut goal: Goal, workspace: &Workspace) -> Option<Goal> {
        if let Some(editable) = &self.editable {
            goal.footprint.retain(|path| editable.contains(path));
        }
        if goal.footprint.is_empty() {
            return None;
        }
        if goal.mends_tests() {
            return self.narrow_repair(goal, workspace);
        }
        let is_elsewhere = self.editable.as_ref().is_some_and(|editable| !editable.contains(&goal.file));
        if is_elsewhere || !self.is_about(&goal, workspace) {
            return None;
        }
        if goal.kind != GoalKind::Hole && !self.improves.is_empty() {
            goal.acceptance.improves.clone_from(&self.improves);
        }
        let target = goal.acceptance.improves.iter().find_map(|own| Some((*own, *self.targets.get(own)?)));
        if let Some((dimension, at)) = target {
            goal.acceptance.target = Some(Target { dimension, at });
        }
        Some(goal)
    }

    /// A repair is of the tests that are named, and suspects the code that is.
    fn narrow_repair(&self, mut goal: Goal, workspace: &Workspace) -> Option<Goal> {
        let is_wanted = |id: &String| self.tests.as_ref().is_none_or(|tests| tests.has(id));
        goal.acceptance.must_pass.retain(is_wanted);
        let first = goal.acceptance.must_pass.first()?.clone();
        if let GoalOrigin::Test { test, suspects } = &mut goal.origin {
            *test = first;
            suspects.retain(|suspect| goal.footprint.contains(&suspect.file));
            if suspects.is_empty() {
                suspects.extend(self.named_places(workspace));
            }
        }
        Some(goal)
    }

    /// Where the named functions and classes stand.
    fn named_places(&self, workspace: &Workspace) -> Vec<Suspect> {
        let editable = |path: &RelPath| self.editable.as_ref().is_none_or(|own| own.contains(path));
        let files = workspace.parsed.iter().filter(|(path, tree)| editable(path) && !tree.file().is_test);
        let mut places = Vec::new();
        for (path, parsed) in files {
            for function in parsed.functions().iter().filter(|own| self.names(&own.qualified)) {
                let before = parsed.file().text.get(..function.range.start).unwrap_or_default();
                let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
                places.push(Suspect { file: path.clone(), range: function.range, line, suspicion: 1.0 });
            }
        }
        places
    }

    fn is_about(&self, goal: &Goal, workspace: &Workspace) -> bool {
        if self.symbols.is_empty() {
            return true;
        }
        let parsed = workspace.parsed.get(&goal.file);
        let functions = parsed.into_iter().flat_map(|parsed| parsed.functions());
        let around =
            functions.filter(|own| own.range.contains(goal.range)).any(|own| self.names(&own.qualified));
        around || goal.symbol.as_deref().is_some_and(|symbol| self.names(symbol))
    }

    /// Whether `qualified` is one of the symbols, or part of one.
    pub(crate) fn names(&self, qualified: &str) -> bool {
        self.symbols.iter().any(|symbol| {
            let rest = qualified.strip_prefix(symbol.as_str());
            let is_it_or_in_it = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':']));
            let last = qualified.strip_suffix(symbol.as_str());
            is_it_or_in_it || last.is_some_and(|before| before.ends_with(['.', ':']))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_by_how_its_id_ends() {
        let names = TestNames(["test_f_one".to_owned()].into());
        assert!(names.has("tests.test_a::test_f_one") && names.has("test_f_one"));
        assert!(!names.has("tests.test_a::test_f_one_more") && !names.has("a_test_f_one"));
        assert!(names.has("test_f_one > should be equal") && names.has("test_a::test_f_one[3-4]"));
        assert!(!is_named("anything", ""));
    }

    #[test]
    fn a_symbol_is_itself_what_is_in_it_and_what_ends_with_it() {
        let scope = Scope { symbols: vec!["Box.area".to_owned(), "f".to_owned()], ..Scope::default() };
        assert!(
            ["Box.area", "shapes.Box.area", "Box.area.inner", "f", "f.inner", "m::f"]
                .iter()
                .all(|own| scope.names(own))
        );
        assert!(!["Box.areas", "Box", "g", "ff"].iter().any(|own| scope.names(own)));
    }
}
