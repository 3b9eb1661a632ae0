//! Test reports: from what a runner wrote to which test did what. One file per format; nothing here judges.

mod go;
mod jest;
mod junit;
mod libtest;
mod nextest;
mod tap;

use serde::Deserialize;
use std::collections::BTreeMap;

/// What one test did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestOutcome {
    /// It passed.
    Passed,
    /// It failed, with the first lines of what it said.
    Failed(String),
    /// The suite skipped it.
    Skipped,
}

/// Which test did what, by the test's id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestReport {
    /// Outcomes by id.
    pub tests: BTreeMap<String, TestOutcome>,
}

/// The formats there are readers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportFormat {
    /// JUnit XML.
    Junit,
    /// Test Anything Protocol, nested or flat.
    Tap,
    /// What `cargo test` prints.
    Libtest,
    /// What `cargo nextest` prints.
    Nextest,
    /// What `go test -json` prints.
    GoJson,
    /// Jest's JSON.
    JestJson,
    /// No report: the exit code speaks for the whole suite.
    Exit,
}

/// A report that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the test report cannot be read: {0}")]
pub struct ReportError(pub String);

/// The longest message kept of one failure, in characters.
const MESSAGE_LIMIT: usize = 600;

impl TestReport {
    /// Reads `text`.
    ///
    /// # Errors
    /// When it is not of that format at all. A report that ends early gives the tests it has.
    pub fn parse(format: ReportFormat, text: &str) -> Result<Self, ReportError> {
        match format {
            ReportFormat::Junit => junit::parse(text),
            ReportFormat::Tap => Ok(tap::parse(text)),
            ReportFormat::Libtest => Ok(libtest::parse(text)),
            ReportFormat::Nextest => Ok(nextest::parse(text)),
            ReportFormat::GoJson => Ok(go::parse(text)),
            ReportFormat::JestJson => jest::parse(text),
            ReportFormat::Exit => Ok(Self::default()),
        }
    }

    /// Adds a test. A second one of the same name gets a number, a failing outcome is never lost.
    pub(crate) fn add(&mut self, id: String, outcome: TestOutcome) {
        let mut free = id.clone();
        let mut nth = 1;
        while self.tests.contains_key(&free) {
            nth += 1;
            free = format!("{id} #{nth}");
        }
        self.tests.insert(free, outcome);
    }

    /// Ids of tests with an outcome that `wanted` picks.
    pub fn ids(&self, wanted: impl Fn(&TestOutcome) -> bool) -> impl Iterator<Item = &String> {
        self.tests.iter().filter(move |(_, outcome)| wanted(outcome)).map(|(id, _)| id)
    }
}

/// Cuts a failure's message to what is worth keeping.
pub(crate) fn shorten(message: &str) -> String {
    let message = message.trim();
    if message.chars().count() <= MESSAGE_LIMIT {
        return message.to_owned();
    }
    let mut short: String = message.chars().take(MESSAGE_LIMIT).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_are_kept_apart() {
        let mut report = TestReport::default();
        report.add("t".into(), TestOutcome::Passed);
        report.add("t".into(), TestOutcome::Failed("no".into()));
        report.add("t".into(), TestOutcome::Passed);
        assert_eq!(report.tests.keys().collect::<Vec<_>>(), ["t", "t #2", "t #3"]);
        assert_eq!(report.ids(|outcome| matches!(outcome, TestOutcome::Failed(_))).count(), 1);
    }

    #[test]
    fn rubbish_never_panics() {
        for text in
            ["", "\0\u{1}", "<", "<testsuite", "{", "ok", "not ok", "test ", "test x ...", "1..", "    ok 1"]
        {
            for format in [
                ReportFormat::Junit,
                ReportFormat::Tap,
                ReportFormat::Libtest,
                ReportFormat::Nextest,
                ReportFormat::GoJson,
                ReportFormat::JestJson,
                ReportFormat::Exit,
            ] {
                let _ = TestReport::parse(format, text);
            }
        }
    }
}
