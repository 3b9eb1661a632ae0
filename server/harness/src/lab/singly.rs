//! The unchanged code test by test: for a suite that does not come to its end as a whole, because a test of it never ends
//! or takes its process down. Says which tests those are, and what the others do.
//!
//! It is a way to begin a search for repairs, not a way to judge: what is offered passes the whole suite.

use crate::baseline::BaselineRecord;
use crate::lab::{LabError, LabSubject, open};
use crate::sandbox::Sandbox;
use crate::suite::Suite;
use hephaestus_core::{CancelToken, Snapshot, TestFailure, TestSettings};
use hephaestus_syntax::Languages;
use std::path::Path;
use std::time::Duration;

/// How what is said of a test that does not end begins …
pub(crate) const ENDLESS: &str = "does not end";
/// … and of one that takes its process down.
pub(crate) const DIED: &str = "the process died";

/// A test may take this part of the time that the whole suite may take …
const PART_OF_SUITE: u32 = 120;
/// … but no less than this, in CPU time, where nothing is known of it …
const LEAST: Duration = Duration::from_secs(2);
/// … and, where the others are known, so many times what those take together.
const TIMES: u32 = 3;

/// Whether this suite's tests can be run one by one, each with a limit of its own.
pub(crate) fn is_possible(suite: &Suite) -> bool {
    suite.runner.switches.is_some() || suite.runner.driver.as_ref().is_some_and(|driver| driver.each)
}

/// How long a test of which nothing is known may take, in CPU time.
pub(crate) fn limit(settings: &TestSettings) -> Duration {
    LEAST.max(Duration::from_secs(settings.baseline_timeout) / PART_OF_SUITE)
}

/// How long a test may take, in CPU time, when those that come to their end take `usual` together.
pub(crate) fn limit_beside(settings: &TestSettings, usual: Duration) -> Duration {
    LEAST.max(usual * TIMES).min(limit(settings).max(usual))
}

/// Whether a test does not end, or takes its process down.
pub(crate) fn stops_the_suite(failure: &TestFailure) -> bool {
    failure.message.starts_with(ENDLESS) || failure.message.starts_with(DIED)
}

/// What the tests of the unchanged code do, each by itself, and what finding out took in CPU time.
///
/// # Errors
/// When they cannot be run in this way.
pub(crate) fn look(
    root: &Path,
    sandbox: &Sandbox,
    suite: &Suite,
    cancel: &CancelToken,
) -> Result<(BaselineRecord, Duration), LabError> {
    let suite = Suite { each: Some(limit(&suite.settings)), ..suite.clone() };
    // Only the tests count here, not what they run through.
    let snapshot = Snapshot { root: root.to_owned(), ..Snapshot::default() };
    let languages = Languages::builtin().map_err(|error| LabError::Unfit(error.to_string()))?;
    let (layers, slots, known) = (Vec::new(), 1, None);
    let subject = LabSubject { sandbox, suite: &suite, snapshot: &snapshot, languages, layers, slots, known };
    let lab = open(subject, &[], cancel)?;
    let facts = lab.facts();
    let wall: Duration = facts.tests.iter().map(|test| test.wall).sum();
    let record = BaselineRecord {
        passing: facts.tests.iter().map(|test| test.id.clone()).collect(),
        red: facts.red.clone(),
        flaky: facts.flaky.clone(),
        wall,
        cpu: wall,
    };
    Ok((record, lab.overhead()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_may_take_longer_where_the_suite_may_or_the_others_do() {
        let settings = |seconds| TestSettings { baseline_timeout: seconds, ..TestSettings::default() };
        assert_eq!(limit(&settings(600)), Duration::from_secs(5));
        assert_eq!(limit(&settings(1200)), Duration::from_secs(10));
        assert_eq!(limit(&settings(1)), LEAST);
        let beside = |usual| limit_beside(&settings(600), Duration::from_secs(usual)).as_secs();
        assert_eq!((beside(0), beside(1), beside(2), beside(60)), (2, 3, 5, 60));
    }
}
