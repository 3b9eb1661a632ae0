//! What `cargo nextest run --status-level=all` prints: one line per test.

use super::{TestOutcome, TestReport};

pub(super) fn parse(text: &str) -> TestReport {
    let mut report = TestReport::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((status, rest)) = words.split_first() else { continue };
        let outcome = match *status {
            "PASS" | "LEAK" => TestOutcome::Passed,
            "FAIL" | "SIGSEGV" | "SIGABRT" | "TIMEOUT" | "LEAK-FAIL" => {
                TestOutcome::Failed(format!("nextest says {status}"))
            }
            "SKIP" => TestOutcome::Skipped,
            _ => continue,
        };
        let Some(id) = id_of(rest) else { continue };
        // Failures are printed twice: when they happen and in the summary.
        report.tests.entry(id).or_insert(outcome);
    }
    report
}

/// `[ 0.01s] ( 1/12) binary test::name` → `binary::test::name`.
fn id_of(words: &[&str]) -> Option<String> {
    let text = words.join(" ");
    let mut rest = text.split_once(']')?.1.trim_start();
    if rest.starts_with('(') {
        rest = rest.split_once(')')?.1.trim_start();
    }
    let (binary, test) = rest.rsplit_once(' ')?;
    Some(format!("{binary}::{test}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_status_lines() {
        let report = parse(
            "    Starting 3 tests across 2 binaries\n        PASS [   0.004s] (1/3) semver eval::tests::a\n        FAIL [   0.004s] (2/3) semver::test_version b\n  Cancelling due to test failure\n        SKIP [         ] (3/3) semver c\n     Summary [   0.1s] 3 tests run\n        FAIL [   0.004s] (2/3) semver::test_version b\n",
        );
        let ids: Vec<_> = report.tests.keys().map(String::as_str).collect();
        assert_eq!(ids, ["semver::c", "semver::eval::tests::a", "semver::test_version::b"]);
        assert!(matches!(report.tests["semver::test_version::b"], TestOutcome::Failed(_)));
    }
}
