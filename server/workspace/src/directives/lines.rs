//! What came of each line: read off the tests that it became, or found out by running its command, its bench, or by asking.

use super::commands::Commands;
use super::ground::{Ground, Seen};
use super::{LineReport, Running, proved, taken};
use crate::report::ForgeReport;
use hephaestus_core::Patch;
use hephaestus_directive::{Check, Holds, Line, LineKind, LineState, Outcome, Record, Spanned, TestPlace};
use hephaestus_harness::{Suite, Workbench};
use std::collections::BTreeMap;

/// Everything that says what came of the lines of one run.
pub(super) struct Lines<'a> {
    pub(super) run: &'a Running<'a>,
    pub(super) ground: &'a Ground,
    /// The search, on the ground with the tests in it.
    pub(super) searched: &'a ForgeReport,
    /// The proof, in the workspace as it is.
    pub(super) proved: Option<&'a ForgeReport>,
    /// What was proved; empty where nothing was.
    pub(super) patch: &'a Patch,
    /// What came of them the last time.
    pub(super) record: Option<&'a Record>,
}

impl Lines<'_> {
    /// What came of every line, in the order of the text.
    pub(super) fn outcomes(&self, suite: Option<&Suite>, workbench: &Workbench) -> Vec<LineReport> {
        let (patch, cancel) = (self.patch, self.run.cancel);
        let commands = suite.map(|suite| Commands { workbench, suite, patch, cancel });
        let benches = self.benches(commands.as_ref());
        let lines = self.run.directive.lines();
        let of = |kind, index| lines.iter().find(|line| (line.kind, line.index) == (kind, index));
        lines
            .iter()
            .map(|line| {
                let outcome = match line.kind {
                    LineKind::Bench => {
                        benches.get(&line.index).cloned().unwrap_or_else(|| unknown(NO_RUNNER))
                    }
                    LineKind::Acceptance => {
                        self.accepted(line, commands.as_ref(), &|kind, index| match kind {
                            LineKind::Bench => benches.get(&index).cloned(),
                            _ => of(kind, index).map(|line| self.tested(line)),
                        })
                    }
                    LineKind::Example | LineKind::Property => self.tested(line),
                };
                let is_open = matches!(outcome, Outcome::Unproved { .. }) && self.is_manual(line);
                LineReport {
                    outcome,
                    is_open,
                    tests: self.test_of(line).into_iter().collect(),
                    line: line.clone(),
                }
            })
            .collect()
    }

    fn benches(&self, commands: Option<&Commands<'_>>) -> BTreeMap<usize, Outcome> {
        let benches = self.run.directive.benches.iter().enumerate();
        benches.filter_map(|(index, bench)| Some((index, commands?.bench(bench)))).collect()
    }

    /// What came of an example or a property, by its test.
    fn tested(&self, line: &Line) -> Outcome {
        if line.kind == LineKind::Property && self.is_preserve(line.index) {
            return self.preserved();
        }
        if let Some(why) = self.ground.untested.get(&(line.kind, line.index)) {
            return unknown(why);
        }
        match self.test_of(line) {
            Some(test) => self.test(&test.name),
            None => unknown("no test shows it"),
        }
    }

    /// The test that a line became.
    fn test_of(&self, line: &Line) -> Option<TestPlace> {
        let (file, name) = self.ground.tests.of_line.get(&(line.kind, line.index))?;
        let recorded = || self.record?.line(line)?.tests.first().map(|test| test.name.clone());
        let name = name.clone().or_else(recorded)?;
        Some(TestPlace { file: file.clone(), name })
    }

    fn test(&self, name: &str) -> Outcome {
        match self.ground.seen(name, self.searched) {
            Seen::Already => proved(true),
            Seen::Mended if !self.patch.is_empty() => proved(false),
            Seen::Mended => unknown(&self.why_not_proved()),
            Seen::Fails(why) => Outcome::Failing { why },
            Seen::Missing => unknown(&format!("no test named `{name}` was run")),
        }
    }

    /// Why a change that makes tests pass was not proved in the end.
    fn why_not_proved(&self) -> String {
        let rejected = self.proved.and_then(|proved| proved.rejected.first());
        match rejected {
            Some(rejected) => format!("a change makes it hold, but {}", rejected.reason),
            None => "a change makes it hold, but not everything else".to_owned(),
        }
    }

    fn accepted(
        &self,
        line: &Line,
        commands: Option<&Commands<'_>>,
        of: &dyn Fn(LineKind, usize) -> Option<Outcome>,
    ) -> Outcome {
        let directive = self.run.directive;
        let entry = directive.acceptance.get(line.index);
        let Some(check) = entry.and_then(|entry| entry.check.as_ref()) else {
            return unknown("nothing says how it is checked: add `check`");
        };
        let all = |kind, names: Vec<Option<&str>>, wanted: &[Spanned<String>]| {
            let is_wanted =
                |name: Option<&str>| wanted.is_empty() || wanted.iter().any(|own| Some(own.as_str()) == name);
            let own = names.into_iter().enumerate().filter(|(_, name)| is_wanted(*name));
            together(own.filter_map(|(index, _)| of(kind, index)).collect())
        };
        match &check.value {
            Check::Test(name) => self.test(name),
            Check::Example(names) => {
                let own = directive.examples.iter().map(|own| own.name.as_ref().map(|name| name.as_str()));
                all(LineKind::Example, own.collect(), names)
            }
            Check::Property(names) => {
                let own = directive.properties.iter().map(|own| own.name.as_ref().map(|name| name.as_str()));
                all(LineKind::Property, own.collect(), names)
            }
            Check::Bench(names) => {
                let own = directive.benches.iter().map(|own| own.name.as_ref().map(|name| name.as_str()));
                all(LineKind::Bench, own.collect(), names)
            }
            Check::Command(command) => match commands {
                Some(commands) => commands.command(command),
                None => unknown(NO_RUNNER),
            },
            Check::Manual => self.manual(line),
        }
    }

    /// What a person says, or said of these very files.
    fn manual(&self, line: &Line) -> Outcome {
        let said = self.record.map(|record| record.state_of(line, &self.run.base.snapshot));
        if let (Some(LineState::Proved { when_ms, proof, already }), true) = (said, self.patch.is_empty()) {
            return Outcome::Proved { when_ms, proof, already };
        }
        match (self.run.request.asks)(&line.text) {
            Some(true) => proved(self.patch.is_empty()),
            Some(false) => Outcome::Failing { why: "you said that it does not hold".to_owned() },
            None => unknown("a person has to say so: run the directive in a terminal"),
        }
    }

    fn is_manual(&self, line: &Line) -> bool {
        let entry =
            self.run.directive.acceptance.get(line.index).filter(|_| line.kind == LineKind::Acceptance);
        entry.and_then(|entry| entry.check.as_ref()).is_some_and(|check| check.value == Check::Manual)
    }

    fn is_preserve(&self, index: usize) -> bool {
        let property = self.run.directive.properties.get(index);
        property.is_some_and(|property| property.holds.value == Holds::Preserve)
    }

    /// Whether old and new code were seen to do the same.
    fn preserved(&self) -> Outcome {
        if self.patch.is_empty() {
            return proved(true);
        }
        for offer in taken(self.searched) {
            let evidence = &offer.trial.evidence;
            let place = format!("{}:{}", offer.goal.file, offer.goal.line);
            if offer.goal.mends_tests() {
                return unknown(&format!("{place} is mended: it was not compared with what it did before"));
            }
            if evidence.compared.iter().all(|compared| compared.inputs == 0) {
                let about = |said: &&String| said.starts_with("inputs");
                let why = evidence.not_checked.iter().find(about).cloned().unwrap_or_default();
                return unknown(&format!("{place} could not be compared with what it did before: {why}"));
            }
        }
        proved(false)
    }
}

const NO_RUNNER: &str = "there is no test runner whose environment it could be run in";

fn unknown(why: &str) -> Outcome {
    Outcome::Unproved { why: Some(why.to_owned()) }
}

/// What several lines come to: the worst of them.
fn together(outcomes: Vec<Outcome>) -> Outcome {
    if outcomes.is_empty() {
        return unknown("there is nothing of that name to check");
    }
    let was_there = |outcome: &Outcome| matches!(outcome, Outcome::Proved { already: true, .. });
    let already = outcomes.iter().all(was_there);
    let failing = outcomes.iter().find(|outcome| matches!(outcome, Outcome::Failing { .. }));
    let open = outcomes.iter().find(|outcome| matches!(outcome, Outcome::Unproved { .. }));
    failing.or(open).cloned().unwrap_or_else(|| proved(already))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lines_come_to_the_worst_of_them() {
        let failing = Outcome::Failing { why: "x".to_owned() };
        assert!(matches!(
            together(vec![proved(true), proved(false)]),
            Outcome::Proved { already: false, .. }
        ));
        assert!(matches!(together(vec![proved(true)]), Outcome::Proved { already: true, .. }));
        assert_eq!(together(vec![proved(true), unknown("y"), failing.clone()]), failing);
        assert_eq!(together(vec![proved(true), unknown("y")]), unknown("y"));
        assert!(matches!(together(vec![]), Outcome::Unproved { .. }));
    }
}
