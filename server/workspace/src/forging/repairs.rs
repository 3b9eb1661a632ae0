//! Failing tests before anything is searched: which of them seem to fail for one reason, and where that may lie. Runs
//! the tests through the probe it is given; searches for no fix.

use crate::open::Workspace;
use hephaestus_core::{
    CancelToken, Cause, Goal, GoalId, GoalKind, LanguageId, Probe, Snapshot, Spectrum, TestFailure,
};
use hephaestus_harness::Harness;
use hephaestus_syntax::Languages;
use std::time::Duration;

/// CPU time that the search for one repair may take where nobody says otherwise.
pub(super) const SEARCH_CPU: Duration = Duration::from_secs(120);

/// Groups failing tests by their causes.
pub(super) type Grouping = fn(&Spectrum, &Snapshot, &Languages) -> Vec<Cause>;

/// What shows variants to this harness's tests.
pub(super) fn probe_of(harness: &Harness) -> Option<&dyn Probe> {
    Some(harness)
}

/// What groups failing tests.
pub(super) fn grouping() -> Grouping {
    hephaestus_mutation::search::causes
}

/// Whether red tests are what it is about: repairs or holes are asked for by name.
pub(super) fn are_asked_for(kinds: &[String]) -> bool {
    kinds.iter().any(|kind| [GoalKind::Repair, GoalKind::Hole].iter().any(|own| own.as_str() == kind))
}

/// Holes that failing tests run into: these tests are to pass once they are filled. Where repairs are wanted, too, the
/// failing tests are goals of their own, and one is enough.
pub(super) fn give_tests_to_holes(workspace: &Workspace, goals: &mut [Goal], causes: &[Cause]) {
    if workspace.config.goals.wants(GoalKind::Repair) {
        return;
    }
    for goal in goals.iter_mut().filter(|goal| goal.kind == GoalKind::Hole) {
        let Some(parsed) = workspace.parsed.get(&goal.file) else { continue };
        let Some(function) = parsed.function_at(goal.range) else { continue };
        let is_first = |cause: &&Cause| {
            let first = cause.suspects.first();
            first.is_some_and(|own| own.file == goal.file && function.range.contains(own.range))
        };
        goal.acceptance.must_pass =
            causes.iter().filter(is_first).flat_map(|cause| cause.tests.clone()).collect();
    }
}

/// Whether it is worth finding out why these tests fail: goals of that kind are wanted and, where only one goal is,
/// it is no other one.
pub(super) fn are_wanted(
    workspace: &Workspace,
    red: &[TestFailure],
    only: Option<&GoalId>,
    others: &[Goal],
) -> bool {
    let is_meant = |kind: GoalKind| matches!(kind, GoalKind::Repair | GoalKind::Hole);
    let is_other = |id: &GoalId| others.iter().any(|goal| goal.id == *id && !is_meant(goal.kind));
    let settings = &workspace.config.goals;
    let has_holes = || others.iter().any(|goal| goal.kind == GoalKind::Hole);
    let wanted = settings.wants(GoalKind::Repair) || settings.wants(GoalKind::Hole) && has_holes();
    !red.is_empty() && wanted && !only.is_some_and(is_other)
}

/// Tests that fail before they come to the code: something is missing around them, and no change of the code brings it.
/// With a sentence about them, where there are any.
pub(super) fn without_surroundings(
    red: &[TestFailure],
    snapshot: &Snapshot,
) -> (Vec<TestFailure>, Option<String>) {
    let (wanting, others): (Vec<TestFailure>, Vec<TestFailure>) =
        red.iter().cloned().partition(|failure| missing(failure, snapshot).is_some());
    let Some(first) = wanting.first() else { return (others, None) };
    let what = missing(first, snapshot).unwrap_or_default();
    let message = match wanting.len() - 1 {
        0 => format!(
            "`{}` fails because something is missing around it ({what}): no fix is searched for",
            first.id
        ),
        more => format!(
            "`{}` and {more} more fail because something is missing around them ({what}): no fix is searched for",
            first.id
        ),
    };
    (others, Some(message))
}

/// What a test lacks that is no part of the workspace: a fixture of a plugin, a package.
fn missing(failure: &TestFailure, snapshot: &Snapshot) -> Option<String> {
    let is_own = |name: &str| {
        let first = name.split(['.', '/']).next().unwrap_or(name);
        let names = |part: &str| part == first || part.split('.').next() == Some(first);
        snapshot.files.keys().any(|path| path.as_str().split('/').any(names))
    };
    failure.message.lines().find_map(|line| {
        let fixture = between(line, "fixture '", "' not found").map(|name| format!("the fixture `{name}`"));
        let python = || between(line, "ModuleNotFoundError: No module named '", "'");
        let node = || {
            between(line, "Cannot find module '", "'").or_else(|| between(line, "Cannot find package '", "'"))
        };
        let package = || python().or_else(node).filter(|name| !name.starts_with(['.', '/']) && !is_own(name));
        fixture.or_else(|| package().map(|name| format!("the package `{name}`")))
    })
}

fn between<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(line.split_once(before)?.1.split_once(after)?.0).filter(|name| !name.is_empty())
}

/// Why tests fail, as far as what they run through tells. Empty, with a sentence that says why, where nobody knows.
pub(super) fn causes(
    workspace: &Workspace,
    probe: &dyn Probe,
    group: Grouping,
    language: &LanguageId,
    cancel: &CancelToken,
) -> Result<Vec<Cause>, String> {
    let spectrum = probe
        .spectrum(language, cancel)
        .map_err(|reason| format!("where the reason for failing tests may lie is not known: {reason}"))?;
    Ok(group(&spectrum, &workspace.snapshot, workspace.languages))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::OpenOptions;
    use hephaestus_core::{Behaviour, BehaviourRequest, ProbeRequest, Probed, RelPath, Suspect, TracedTest};

    struct Traces(Result<Spectrum, String>);

    impl Probe for Traces {
        fn spectrum(&self, _: &LanguageId, _: &CancelToken) -> Result<Spectrum, String> {
            self.0.clone()
        }
        fn probe(
            &self,
            _: &ProbeRequest<'_>,
            _: &CancelToken,
            _: &mut dyn FnMut(Probed),
        ) -> Result<Duration, String> {
            Err("not asked".to_owned())
        }
        fn behaviour(&self, _: &BehaviourRequest<'_>, _: &CancelToken) -> Result<Behaviour, String> {
            Err("not asked".to_owned())
        }
    }

    fn red(name: &str) -> TestFailure {
        TestFailure { id: format!("test_a::{name}"), message: "AssertionError".to_owned() }
    }

    fn opened(kinds: &[&str], paths: &[&str]) -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        let tests = "from a import f\n\n\ndef test_one():\n    assert f(1) == 2\n\n\ndef test_two():\n    assert f(2) == 4\n";
        std::fs::create_dir(folder.path().join("tests")).unwrap();
        for (name, text) in [
            ("a.py", "def f(x):\n    if x:\n        return True\n    else:\n        return False\n"),
            ("b.py", "x = 1\n"),
            ("tests/test_a.py", tests),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let paths = paths.iter().map(|path| folder.path().join(path)).collect();
        let mut workspace =
            Workspace::open(folder.path(), &OpenOptions { paths }, &CancelToken::new()).unwrap();
        workspace.config_mut().goals.kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        (folder, workspace)
    }

    fn one_cause(spectrum: &Spectrum, _: &Snapshot, _: &Languages) -> Vec<Cause> {
        let file = RelPath::new("a.py").unwrap();
        let suspect = Suspect { file, range: (14..19).into(), line: 2, suspicion: 1.0 };
        vec![Cause {
            tests: spectrum.red.iter().map(|test| test.id.clone()).collect(),
            suspects: vec![suspect],
        }]
    }

    fn found(workspace: &Workspace, red: &[TestFailure]) -> Vec<Cause> {
        let traced = |failure: &TestFailure| TracedTest {
            id: failure.id.clone(),
            failure: Some(failure.clone()),
            lines: hephaestus_core::TestLines::default(),
        };
        let spectrum = Spectrum { red: red.iter().map(traced).collect(), green: vec![] };
        let (python, cancel) = (LanguageId::new("python"), CancelToken::new());
        causes(workspace, &Traces(Ok(spectrum)), one_cause, &python, &cancel).unwrap()
    }

    #[test]
    fn nothing_but_repairs_is_proposed_where_only_they_are_wanted() {
        let (_folder, workspace) = opened(&["repair"], &[]);
        let failing = [red("test_one"), red("test_two")];
        let goals = workspace.propose(&[], &[], &failing, &found(&workspace, &failing));
        assert_eq!(goals.iter().map(|goal| goal.kind).collect::<Vec<_>>(), [GoalKind::Repair]);
        assert_eq!(goals[0].acceptance.must_pass.len(), 2);
        assert!(workspace.only_repairs() && workspace.propose(&[], &[], &[], &[]).is_empty());
        assert!(!opened(&[], &[]).1.only_repairs() && !opened(&["repair", "lint"], &[]).1.only_repairs());
    }

    #[test]
    fn a_failing_test_is_in_focus_where_it_stands_and_where_it_is_suspected() {
        let failing = [red("test_one"), red("test_two")];
        for (path, expected) in [("tests", 1), ("a.py", 1), ("b.py", 0)] {
            let (_folder, workspace) = opened(&["repair"], &[path]);
            let goals = workspace.propose(&[], &[], &failing, &found(&workspace, &failing));
            assert_eq!(goals.len(), expected, "{path}");
        }
    }

    #[test]
    fn causes_are_looked_for_where_they_can_matter() {
        let (_folder, workspace) = opened(&[], &[]);
        let goals = workspace.propose(&[], &[], &[red("test_one")], &[]);
        let of = |kind| &goals.iter().find(|goal| goal.kind == kind).unwrap().id;
        let wanted = |only| are_wanted(&workspace, &[red("test_one")], only, &goals);
        assert!(wanted(None) && wanted(Some(of(GoalKind::Repair))));
        assert!(!wanted(Some(of(GoalKind::Simplify))), "another goal is asked for");
        assert!(!are_wanted(&workspace, &[], None, &goals), "nothing is red");
        let (_other, lint) = opened(&["lint"], &[]);
        assert!(!are_wanted(&lint, &[red("test_one")], None, &[]));
    }

    #[test]
    fn what_is_missing_around_a_test_is_said_and_not_searched_for() {
        let (_folder, workspace) = opened(&[], &[]);
        let failing = |message: &str| TestFailure { id: "test_a::t".to_owned(), message: message.to_owned() };
        let snapshot = &workspace.snapshot;
        for (message, lacks) in [
            (
                "failed on setup with \"file test_a.py, line 3\n  fixture 'benchmark' not found\"",
                "fixture `benchmark`",
            ),
            ("ModuleNotFoundError: No module named 'numpy.linalg'", "package `numpy.linalg`"),
            ("Error: Cannot find module 'lodash'", "package `lodash`"),
        ] {
            let (left, said) = without_surroundings(&[failing(message), red("test_two")], snapshot);
            assert_eq!(left, [red("test_two")], "{message}");
            assert!(said.unwrap().contains(lacks), "{message}");
        }
        for message in [
            "No module named 'a'",
            "ModuleNotFoundError: No module named 'b.c'",
            "Cannot find module './x'",
            "AssertionError",
        ] {
            assert_eq!(
                without_surroundings(&[failing(message)], snapshot),
                (vec![failing(message)], None),
                "{message}"
            );
        }
    }

    #[test]
    fn a_probe_that_cannot_trace_says_why() {
        let (_folder, workspace) = opened(&[], &[]);
        let (python, cancel) = (LanguageId::new("python"), CancelToken::new());
        let traces = Traces(Err("no driver".to_owned()));
        let error = causes(&workspace, &traces, one_cause, &python, &cancel).unwrap_err();
        assert!(error.contains("not known: no driver"), "{error}");
    }
}
