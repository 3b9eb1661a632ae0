//! cargo-mutants (<https://mutants.rs>): how it is called, and its `outcomes.json`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use super::measure::{Run, measured};
use super::subjects::Subject;
use super::tally::Tally;

/// Mutates the subject's file in `place` with default settings, one mutant at a time; a quick run takes an eighth.
pub(crate) fn run(
    program: &Path,
    subject: &Subject,
    place: &Path,
    logs: &Path,
    is_quick: bool,
) -> anyhow::Result<(Tally, Run)> {
    let output = place.with_extension("mutants-out");
    super::super::server::forget(&output)?;
    let mut command = Command::new(program);
    command.args(["mutants", "--jobs", "1", "--no-shuffle", "--colors", "never", "--file", subject.file]);
    // The copy lies in a folder that its repository ignores.
    command.args(["--gitignore", "false"]).arg("--output").arg(&output).arg("--dir").arg(place);
    if is_quick {
        command.args(["--shard", "0/8"]);
    }
    command.current_dir(place);
    let limit = Duration::from_secs(4 * 3600);
    // 2: mutants were missed, 3: some timed out.
    let run = measured(&command, "cargo-mutants", logs, limit)?.expect("cargo mutants", &[0, 2, 3])?;
    let outcomes = output.join("mutants.out/outcomes.json");
    let text = fs::read_to_string(&outcomes).with_context(|| format!("`{}`", outcomes.display()))?;
    Ok((tally(&text)?, run))
}

/// What `outcomes.json` says, scenario by scenario; the baseline does not count.
fn tally(text: &str) -> anyhow::Result<Tally> {
    let json: Value = serde_json::from_str(text)?;
    let outcomes = json.get("outcomes").and_then(Value::as_array).context("no outcomes")?;
    let mut tally = Tally::default();
    for outcome in outcomes {
        if outcome.pointer("/scenario/Mutant").is_none() {
            continue;
        }
        match outcome.get("summary").and_then(Value::as_str).unwrap_or_default() {
            "CaughtMutant" => tally.killed += 1,
            "MissedMutant" => tally.survived += 1,
            "Timeout" => tally.timeouts += 1,
            _ => tally.nothing += 1,
        }
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_without_the_baseline() {
        let mutant = |summary: &str| {
            format!(r#"{{"scenario": {{"Mutant": {{"name": "src/a.rs:1:1: x"}}}}, "summary": "{summary}"}}"#)
        };
        let outcomes = [
            r#"{"scenario": "Baseline", "summary": "Success"}"#.to_owned(),
            mutant("CaughtMutant"),
            mutant("CaughtMutant"),
            mutant("MissedMutant"),
            mutant("Timeout"),
            mutant("Unviable"),
        ];
        let text = format!(r#"{{"outcomes": [{}], "total_mutants": 5}}"#, outcomes.join(", "));
        let expected = Tally { killed: 2, survived: 1, unreached: 0, timeouts: 1, nothing: 1 };
        assert_eq!(tally(&text).unwrap(), expected);
        assert!(tally("{}").is_err());
    }
}
