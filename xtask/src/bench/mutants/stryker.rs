//! StrykerJS (<https://stryker-mutator.io>) with its TAP runner: its configuration and its `mutation.json`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;

use super::measure::{Run, measured};
use super::schema::Report;
use super::subjects::Subject;

/// What a quick run is content with, in lines of the file.
const QUICK: &str = ":1-22";

/// Mutates the subject's file in `place`, one mutant at a time, with the programs in `modules`.
pub(crate) fn run(
    modules: &Path,
    subject: &Subject,
    place: &Path,
    logs: &Path,
    is_quick: bool,
) -> anyhow::Result<(Report, Run)> {
    let what = format!("{}{}", subject.file, if is_quick { QUICK } else { "" });
    let configuration = json!({
        "mutate": [what],
        "testRunner": "tap",
        // By its file: it is not installed in the package.
        "plugins": [modules.join("@stryker-mutator/tap-runner/dist/src/index.js")],
        "tap": {"testFiles": ["test/*.js"]},
        "coverageAnalysis": "perTest",
        "concurrency": 1,
        "reporters": ["json"],
        "jsonReporter": {"fileName": "mutation.json"},
        "allowConsoleColors": false,
    });
    fs::write(place.join("stryker.config.json"), configuration.to_string())?;
    let mut command = Command::new(node(modules)?);
    command.arg(modules.join("@stryker-mutator/core/bin/stryker.js")).args(["run", "stryker.config.json"]);
    // The node that runs it is the one that runs the tests.
    let mut path = vec![node(modules)?.parent().context("no folder")?.to_owned()];
    path.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    command.env("PATH", std::env::join_paths(path)?).current_dir(place);
    let limit = Duration::from_secs(4 * 3600);
    let run = measured(&command, "stryker", logs, limit)?.expect("stryker", &[0])?;
    let report = place.join("mutation.json");
    let text = fs::read_to_string(&report).with_context(|| format!("`{}`", report.display()))?;
    Ok((Report::parse(&text).context("stryker: not the schema")?, run))
}

/// The node that came with it: the one on this machine may be too old.
fn node(modules: &Path) -> anyhow::Result<std::path::PathBuf> {
    let programs = fs::read_dir(modules)?.flatten().map(|entry| entry.path().join("bin/node"));
    programs.into_iter().find(|path| path.is_file()).context("stryker's own node is missing")
}

#[cfg(test)]
mod tests {
    use super::super::tally::Tally;
    use super::*;

    #[test]
    fn its_report_is_read() {
        let text = r#"{"files": {"index.js": {"language": "javascript", "source": "a = b;\n", "mutants": [
            {"id": "0", "mutatorName": "Block", "replacement": "{}", "statusReason": "bang", "status": "Killed",
             "static": false, "killedBy": ["0"], "coveredBy": ["0"], "testsCompleted": 1,
             "location": {"end": {"column": 6, "line": 1}, "start": {"column": 5, "line": 1}}},
            {"id": "1", "mutatorName": "Block", "replacement": "c", "status": "Ignored",
             "location": {"end": {"column": 6, "line": 1}, "start": {"column": 5, "line": 1}}}]}},
            "schemaVersion": "1.0", "thresholds": {"high": 80, "low": 60}, "testFiles": {}, "config": {"x": 1}}"#;
        let report = Report::parse(text).unwrap();
        assert_eq!(Tally::of(&report), Tally { killed: 1, nothing: 1, ..Tally::default() });
        let (_, file, mutant) = report.mutants().next().unwrap();
        assert_eq!(file.with(mutant).unwrap(), "a = {};\n");
    }
}
