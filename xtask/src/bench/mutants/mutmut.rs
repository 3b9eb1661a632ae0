//! mutmut 3 (<https://mutmut.readthedocs.io>): its configuration, its results, and the texts of its mutants.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use super::measure::{Run, measured};
use super::subjects::{Subject, with_environment};
use super::tally::Tally;

const TEXTS: &str = include_str!("mutmut_texts.py");

/// Functions that a quick run is content with.
const QUICK: &[&str] = &["humanize.number.x_ordinal__mutmut_*", "humanize.number.x_apnumber__mutmut_*"];

/// One mutant of mutmut's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Found {
    /// Its name.
    pub(crate) name: String,
    /// The exit code of the tests; absent where it was not tried.
    pub(crate) code: Option<i64>,
    /// The whole file with the mutant in it.
    pub(crate) text: String,
}

/// Mutates the subject's file in `place`, one mutant at a time.
pub(crate) fn run(
    python: &Path,
    subject: &Subject,
    place: &Path,
    logs: &Path,
    is_quick: bool,
) -> anyhow::Result<(Tally, Run)> {
    configure(subject, place)?;
    let mut command = Command::new(python.join("bin/mutmut"));
    command.args(["run", "--max-children", "1"]).current_dir(place);
    if is_quick {
        command.args(QUICK);
    }
    with_environment(&mut command, python);
    let run = measured(&command, "mutmut", logs, Duration::from_secs(4 * 3600))?.expect("mutmut", &[0])?;
    let meta = place.join("mutants").join(format!("{}.meta", subject.file));
    let text = fs::read_to_string(&meta).with_context(|| format!("`{}`", meta.display()))?;
    Ok((tally(&text)?, run))
}

/// The mutants of a run in `place`, with their texts.
pub(crate) fn found(
    python: &Path,
    subject: &Subject,
    place: &Path,
    logs: &Path,
) -> anyhow::Result<Vec<Found>> {
    let mut command = Command::new(python.join("bin/python"));
    command.args(["-c", TEXTS, subject.file]).current_dir(place);
    with_environment(&mut command, python);
    let run = measured(&command, "mutmut-texts", logs, Duration::from_secs(600))?.expect("mutmut", &[0])?;
    serde_json::from_str(&run.stdout).context("mutmut: its mutants cannot be read")
}

/// Whether an exit code means that a test failed, in mutmut's own words (`status_by_exit_code` in its `stats.py`).
pub(crate) fn is_kill(code: i64) -> bool {
    matches!(code, 1 | 3)
}

fn configure(subject: &Subject, place: &Path) -> anyhow::Result<()> {
    let manifest = place.join("pyproject.toml");
    let text = fs::read_to_string(&manifest).with_context(|| format!("`{}`", manifest.display()))?;
    // One of humanize's tests changes its own parameters: in a process that ran the suite before (`fork`, the default) it
    // fails, and in one that collected it before (`collect`) pytest does not find some tests by their names. What pytest
    // needs is imported once.
    let preload = place.join("mutmut-preload.txt");
    fs::write(&preload, "pytest\nfreezegun\nunittest.mock\n")?;
    let own = format!(
        "\n[tool.mutmut]\nsource_paths = [\"src\"]\nonly_mutate = [\"{}\"]\nalso_copy = [\"README.md\", \"scripts\"]\n\
         process_isolation = \"forkserver\"\nforkserver_warmup = \"import\"\npreload_modules_file = \"{}\"\n",
        subject.file,
        preload.display()
    );
    Ok(fs::write(&manifest, format!("{text}{own}"))?)
}

/// What a `.meta` file says.
fn tally(text: &str) -> anyhow::Result<Tally> {
    let json: Value = serde_json::from_str(text)?;
    let codes = json.get("exit_code_by_key").and_then(Value::as_object).context("no exit codes")?;
    let mut tally = Tally::default();
    for code in codes.values() {
        match code.as_i64() {
            Some(code) if is_kill(code) => tally.killed += 1,
            Some(0) => tally.survived += 1,
            Some(5 | 33) => tally.unreached += 1,
            // 255 is a timeout in mutmut's table, and what its worker ends with when pytest itself could not run
            // (`_exit(-1)` in its `workers/isolation.py`): tests whose names it cannot hand over. No verdict.
            Some(36 | -24 | 24 | 152) => tally.timeouts += 1,
            _ => tally.nothing += 1,
        }
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_counted_in_mutmuts_own_words() {
        let text = r#"{"exit_code_by_key": {"a": 1, "b": 3, "c": 0, "d": 33, "e": -24, "f": null, "g": -11, "h": 255},
                       "durations_by_key": {}}"#;
        let expected = Tally { killed: 2, survived: 1, unreached: 1, timeouts: 1, nothing: 3 };
        assert_eq!(tally(text).unwrap(), expected);
        assert!(tally("{}").is_err());
    }

    #[test]
    fn texts_are_read() {
        let found: Vec<Found> = serde_json::from_str(
            r#"[{"name": "a.x_b__mutmut_1", "code": null, "text": "x"}, {"name": "c", "code": 1, "text": ""}]"#,
        )
        .unwrap();
        assert_eq!(found[0], Found { name: "a.x_b__mutmut_1".to_owned(), code: None, text: "x".to_owned() });
        assert!(is_kill(found[1].code.unwrap()) && !is_kill(0));
    }
}
