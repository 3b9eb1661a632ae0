//! The ground on which a directive is forged: the workspace with holes for what is missing and with a test for every
//! example and property, laid over it.

use super::cases::{self, Tests};
use super::holes::Holes;
use super::targets;
use super::testing::Generated;
use crate::forging::{ForgeError, Scope, is_named};
use crate::open::Workspace;
use crate::overlay::{between, patched};
use crate::packs::runners;
use crate::report::ForgeReport;
use hephaestus_core::{CancelToken, LanguageId, Patch, RelPath, TestFailure};
use hephaestus_directive::{Check, Directive, LineKind};
use hephaestus_harness::runners::{Facts, Programs};
use hephaestus_harness::sandbox::Sandbox;
use hephaestus_harness::{Problem, Suite};
use std::collections::{BTreeMap, BTreeSet};

/// A workspace that is ready for a directive.
pub(super) struct Ground {
    /// The workspace with everything laid over it.
    pub(super) workspace: Workspace,
    /// What lies over it.
    pub(super) patch: Patch,
    /// Whether there are holes among it.
    pub(super) has_holes: bool,
    /// Whether that is nothing.
    pub(super) is_bare: bool,
    /// The tests that were written.
    pub(super) tests: Tests,
    /// Names of all tests that show a line: those, and those that the directive names.
    pub(super) names: BTreeSet<String>,
    /// What a run is restricted to.
    pub(super) scope: Scope,
    /// Lines that could not become tests, and why.
    pub(super) untested: BTreeMap<(LineKind, usize), String>,
    /// What could not be laid, in a sentence each.
    pub(super) problems: Vec<String>,
    /// Whether there are tests in it that were made from code.
    pub(super) generated: bool,
}

/// What a test did in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// It passed before any change.
    Already,
    /// It passes with the change.
    Mended,
    /// It fails.
    Fails(String),
    /// It was not seen.
    Missing,
}

impl Ground {
    /// Lays it. Where no suite is known, no test is written.
    pub(super) fn lay(
        base: &Workspace,
        directive: &Directive,
        suite: Option<&Suite>,
    ) -> Result<Self, ForgeError> {
        let internal = ForgeError::Internal;
        let files = targets::files(base, directive);
        let mut scope = targets::scope(base, directive);
        let usual = files.first().filter(|_| files.len() == 1);
        let holes = Holes::of(base, directive, usual);
        scope.limits.named.extend(holes.names.iter().cloned());
        if let Some(editable) = &mut scope.editable {
            editable.extend(holes.patch.paths().cloned());
        }
        let with_holes = base.overlaid(&holes.patch).map_err(|error| internal(error.to_string()))?;
        let (planned, untested) = cases::plan(&with_holes, directive, &files, base.config.forge.seed);
        let mut problems = holes.problems;
        let runner = suite.map(|suite| suite.runner.name.as_str());
        let tests = match runner {
            Some(runner) if !planned.is_empty() => {
                cases::write(&with_holes, &planned, runner, &directive.name)
            }
            None if !planned.is_empty() => {
                Err("there is no test runner that they could be written for".to_owned())
            }
            _ => Ok(Tests::default()),
        };
        let tests = tests.unwrap_or_else(|problem| {
            problems.push(format!("examples and properties could not be written as tests: {problem}"));
            Tests::default()
        });
        let snapshot = patched(&with_holes.snapshot, &tests.patch, base.languages).map_err(internal)?;
        let paths = holes.patch.paths().chain(tests.patch.paths());
        let patch = between(&base.snapshot, &snapshot, paths).map_err(internal)?;
        let (has_holes, is_bare) = (!holes.patch.is_empty(), patch.is_empty());
        let workspace = if is_bare {
            base.clone()
        } else {
            base.overlaid(&patch).map_err(|error| internal(error.to_string()))?
        };
        let names = names(base, directive, &tests);
        Ok(Self {
            workspace,
            patch,
            has_holes,
            is_bare,
            tests,
            names,
            scope,
            untested: untested.into_iter().collect(),
            problems,
            generated: false,
        })
    }

    /// Lays tests over it that were made from code: `found` is against the workspace as it is.
    pub(super) fn add_tests(&mut self, base: &Workspace, found: &Generated) -> Result<(), ForgeError> {
        if found.patch.is_empty() {
            return Ok(());
        }
        let internal = ForgeError::Internal;
        let patch = self.patch.merge(&found.patch).map_err(|error| internal(error.to_string()))?;
        self.workspace = base.overlaid(&patch).map_err(|error| internal(error.to_string()))?;
        self.patch = patch;
        self.tests.files.extend(found.patch.paths().cloned());
        self.names.extend(found.names.iter().cloned());
        (self.is_bare, self.generated) = (false, true);
        Ok(())
    }

    /// The limits for code and tests together: the tests may come.
    pub(super) fn scope_of_bundle(&self) -> Scope {
        let mut scope = self.scope.clone();
        scope.limits.tests = self.tests.files.iter().cloned().collect();
        scope
    }

    /// What the test with this name did on this ground, with what `report` found.
    pub(super) fn seen(&self, name: &str, report: &ForgeReport) -> Seen {
        let mended = || super::taken(report).flat_map(|offer| &offer.goal.acceptance.must_pass);
        let failing: Vec<&TestFailure> = red(report).filter(|failure| is_named(&failure.id, name)).collect();
        match failing.iter().find(|failure| !mended().any(|id| *id == failure.id)) {
            Some(failure) => Seen::Fails(said(failure)),
            None if !failing.is_empty() => Seen::Mended,
            None if report.passing.iter().any(|id| is_named(id, name)) => Seen::Already,
            None => Seen::Missing,
        }
    }

    /// Whether every test of a line passes.
    pub(super) fn is_green(&self, report: &ForgeReport) -> bool {
        self.untested.is_empty()
            && self.problems.is_empty()
            && self.names.iter().all(|name| matches!(self.seen(name, report), Seen::Already | Seen::Mended))
    }

    /// The ids of tests that are new, or that fail without the change.
    pub(super) fn must_pass(&self, report: &ForgeReport) -> Vec<String> {
        let written = self.tests.of_line.values().filter_map(|(_, name)| name.as_ref());
        let fresh: Vec<&String> = written.chain(self.names.iter().filter(|_| self.generated)).collect();
        let is_fresh = |id: &String| fresh.iter().any(|name| is_named(id, name));
        let red = red(report).map(|failure| &failure.id).filter(|id| is_fresh(id));
        let passing = report.passing.iter().filter(|id| is_fresh(id));
        let mended = super::taken(report).flat_map(|offer| &offer.goal.acceptance.must_pass);
        passing.chain(red).chain(mended).cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }
}

fn red(report: &ForgeReport) -> impl Iterator<Item = &TestFailure> {
    report.runners.iter().flat_map(|runner| &runner.red)
}

/// What a failing test says, on one line: the line that the runner marks as the reason, what was expected and what came,
/// the end of a traceback, or the first line.
fn said(failure: &TestFailure) -> String {
    let lines: Vec<&str> = failure.message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let marked = || lines.iter().find_map(|line| line.strip_prefix("E ")).map(|line| line.trim().to_owned());
    // A value stands behind its key or, where it takes a block, below it.
    let value = |key: &str| {
        let at = lines.iter().position(|line| line.starts_with(key))?;
        let behind = lines.get(at)?.strip_prefix(key)?.trim();
        if behind.is_empty() || behind.starts_with('|') { lines.get(at + 1).copied() } else { Some(behind) }
    };
    let compared = || Some(format!("{} was expected, and it is {}", value("expected:")?, value("actual:")?));
    let is_traceback = lines.first().is_some_and(|line| line.starts_with("Traceback"));
    let end = if is_traceback { lines.last() } else { lines.first() };
    marked().or_else(compared).unwrap_or_else(|| end.copied().unwrap_or("it fails").to_owned())
}

fn names(base: &Workspace, directive: &Directive, tests: &Tests) -> BTreeSet<String> {
    let record = super::records::read(base, directive);
    let recorded = |kind: LineKind, index: usize| {
        let line = directive.lines().into_iter().find(|line| (line.kind, line.index) == (kind, index))?;
        Some(record.as_ref()?.line(&line)?.tests.first()?.name.clone())
    };
    let written = tests
        .of_line
        .iter()
        .filter_map(|((kind, index), (_, name))| name.clone().or_else(|| recorded(*kind, *index)));
    let named =
        directive.acceptance.iter().filter_map(|line| match line.check.as_ref().map(|check| &check.value) {
            Some(Check::Test(name)) => Some(name.value.clone()),
            _ => None,
        });
    written.chain(named).collect()
}

/// A file's language, whether or not it is there.
pub(super) fn language_of(workspace: &Workspace, path: &RelPath) -> Option<LanguageId> {
    let known = workspace.snapshot.file(path).map(|file| file.language.clone());
    known.or_else(|| workspace.languages.detect(path, "").map(|language| language.id().clone()))
}

impl Workspace {
    /// The suite that judges a language here: of those that fit, the first whose program is there. Where none is, or the
    /// project has no tests yet, the first that could run some.
    pub(crate) fn suite_for(
        &self,
        language: &LanguageId,
        sandbox: &Sandbox,
        cancel: &CancelToken,
    ) -> Result<Option<Suite>, ForgeError> {
        let mut suites: Vec<Suite> = Vec::new();
        for bench in self.benches()?.into_iter().filter(|bench| bench.languages.contains(language)) {
            suites.push(bench.suite);
            suites.extend(bench.others);
        }
        if self.config.testing.command.is_none() {
            let (facts, programs) = (Facts::gather(&self.snapshot), Programs::of(&self.root));
            let all = runners(self.languages).map_err(|error| ForgeError::Internal(error.to_string()))?;
            let own = all.iter().filter(|runner| self.judges(runner, language));
            let settings = &self.config.testing;
            suites.extend(own.map(|own| Suite::new(own.clone(), programs.clone(), &facts, settings.clone())));
        }
        for suite in suites {
            if suite.runner.detect.program.is_empty() {
                return Ok(Some(suite));
            }
            match suite.probe(&self.root, sandbox, cancel) {
                Ok(()) => return Ok(Some(suite)),
                Err(Problem::ProgramMissing(_)) => {}
                Err(problem) => return Err(problem.into()),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(message: &str) -> String {
        said(&TestFailure { id: "t".to_owned(), message: message.to_owned() })
    }

    #[test]
    fn what_a_test_says_is_the_reason_on_one_line() {
        assert_eq!(of("def f():\n>  assert 1 == 2\nE   assert 1 == 2\n\na.py:3"), "assert 1 == 2");
        assert_eq!(
            of("Traceback (most recent call last):\n  File \"a.py\"\nAssertionError: 1 != 2\n"),
            "AssertionError: 1 != 2"
        );
        let tap = "operator: deepEqual\nexpected: |-\n{ a: 1 }\nactual: |-\n{ a: 2 }\nat: x";
        assert_eq!(of(tap), "{ a: 1 } was expected, and it is { a: 2 }");
        assert_eq!(of("expected: 3\nactual: 4"), "3 was expected, and it is 4");
        assert_eq!((of("panicked at x").as_str(), of("").as_str()), ("panicked at x", "it fails"));
    }
}
