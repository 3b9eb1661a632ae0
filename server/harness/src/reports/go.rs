//! What `go test -json` prints: one JSON object per line, as `go doc test2json` describes it. Lines that are none (the
//! compiler's words) are passed over.

use super::{TestOutcome, TestReport, shorten};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One line.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Package", default)]
    package: String,
    #[serde(rename = "Test", default)]
    test: String,
    #[serde(rename = "Output", default)]
    output: String,
    /// The package whose build failed.
    #[serde(rename = "FailedBuild", default)]
    failed_build: String,
}

/// A test that has subtests is told of like any other; a package that could not be built, or whose process died outside of a
/// test, is a failing test of its own name.
pub(super) fn parse(text: &str) -> TestReport {
    let mut report = TestReport::default();
    let mut said: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut failing_packages = Vec::new();
    for line in text.lines() {
        let Ok(event) = serde_json::from_str::<Event>(line) else { continue };
        let key = (event.package, event.test);
        let outcome = match event.action.as_str() {
            "output" => {
                if !is_noise(&event.output) {
                    said.entry(key).or_default().push_str(&event.output);
                }
                continue;
            }
            "pass" => TestOutcome::Passed,
            "skip" => TestOutcome::Skipped,
            "fail" => TestOutcome::Failed(shorten(said.get(&key).map_or("", String::as_str))),
            _ => continue,
        };
        match (key.1.is_empty(), &outcome) {
            (false, _) => report.add(id(&key.0, &key.1), outcome),
            (true, TestOutcome::Failed(message)) => {
                let built = event.failed_build.is_empty();
                failing_packages
                    .push((key.0, if built { message.clone() } else { "it does not build".to_owned() }));
            }
            (true, _) => {}
        }
    }
    for (package, message) in failing_packages {
        let own = format!("{package}.");
        let is_named = report
            .tests
            .iter()
            .any(|(id, outcome)| id.starts_with(&own) && matches!(outcome, TestOutcome::Failed(_)));
        if !is_named {
            report.add(package, TestOutcome::Failed(message));
        }
    }
    report
}

fn id(package: &str, test: &str) -> String {
    format!("{package}.{test}")
}

/// What every test prints, whatever it does.
fn is_noise(line: &str) -> bool {
    let line = line.trim_start();
    ["=== RUN", "=== PAUSE", "=== CONT", "=== NAME", "--- "].iter().any(|own| line.starts_with(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tests_subtests_and_what_they_said() {
        let text = concat!(
            r#"{"Action":"start","Package":"m/a"}"#,
            "\n# m/b\nsyntax error\n",
            r#"{"Action":"run","Package":"m/a","Test":"TestF"}"#,
            "\n",
            r#"{"Action":"output","Package":"m/a","Test":"TestF/one","Output":"=== RUN   TestF/one\n"}"#,
            "\n",
            r#"{"Action":"output","Package":"m/a","Test":"TestF/one","Output":"    a_test.go:7: want 1, got 2\n"}"#,
            "\n",
            r#"{"Action":"fail","Package":"m/a","Test":"TestF/one","Elapsed":0}"#,
            "\n",
            r#"{"Action":"fail","Package":"m/a","Test":"TestF","Elapsed":0}"#,
            "\n",
            r#"{"Action":"pass","Package":"m/a","Test":"TestG","Elapsed":0}"#,
            "\n",
            r#"{"Action":"skip","Package":"m/a","Test":"TestH","Elapsed":0}"#,
            "\n",
            r#"{"Action":"fail","Package":"m/a","Elapsed":0.1}"#,
            "\n",
            r#"{"Action":"fail","Package":"m/b","Elapsed":0,"FailedBuild":"m/b"}"#,
            "\n{\"Action\":\"pa"
        );
        let report = parse(text);
        let ids: Vec<_> = report.tests.keys().map(String::as_str).collect();
        assert_eq!(ids, ["m/a.TestF", "m/a.TestF/one", "m/a.TestG", "m/a.TestH", "m/b"]);
        assert_eq!(
            report.tests["m/a.TestF/one"],
            TestOutcome::Failed("a_test.go:7: want 1, got 2".to_owned())
        );
        assert_eq!(report.tests["m/b"], TestOutcome::Failed("it does not build".to_owned()));
    }
}
