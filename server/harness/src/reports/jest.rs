//! Jest's `--json` output.

use super::{ReportError, TestOutcome, TestReport, shorten};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    test_results: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    message: String,
    assertion_results: Vec<Assertion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    full_name: String,
    status: String,
    #[serde(default)]
    failure_messages: Vec<String>,
}

pub(super) fn parse(text: &str) -> Result<TestReport, ReportError> {
    let output: Output = serde_json::from_str(text).map_err(|error| ReportError(error.to_string()))?;
    let mut report = TestReport::default();
    for file in output.test_results {
        let short = file.name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        if file.assertion_results.is_empty() && file.status == "failed" {
            report.add(short.clone(), TestOutcome::Failed(shorten(&file.message)));
        }
        for test in file.assertion_results {
            let outcome = match test.status.as_str() {
                "passed" => TestOutcome::Passed,
                "failed" => TestOutcome::Failed(shorten(&test.failure_messages.join("\n"))),
                _ => TestOutcome::Skipped,
            };
            report.add(format!("{short} > {}", test.full_name), outcome);
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_assertions_and_files_that_do_not_load() {
        let report = parse(
            r#"{"testResults":[{"name":"/w/a.test.js","status":"failed","message":"","assertionResults":[
              {"fullName":"adds one","status":"passed"},{"fullName":"adds two","status":"failed","failureMessages":["Expected 2"]},
              {"fullName":"adds three","status":"pending"}]},
              {"name":"/w/b.test.js","status":"failed","message":"SyntaxError","assertionResults":[]}]}"#,
        )
        .unwrap();
        assert_eq!(report.tests["a.test.js > adds one"], TestOutcome::Passed);
        assert_eq!(report.tests["a.test.js > adds two"], TestOutcome::Failed("Expected 2".into()));
        assert_eq!(report.tests["a.test.js > adds three"], TestOutcome::Skipped);
        assert_eq!(report.tests["b.test.js"], TestOutcome::Failed("SyntaxError".into()));
        assert!(parse("not json").is_err());
    }
}
