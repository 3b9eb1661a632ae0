//! Our own program: how it is called in a package, and where it may remember.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use super::measure::{Run, measured};
use super::schema::Report;
use super::subjects::{Subject, with_environment};

/// The longest that one call may take.
const LIMIT: Duration = Duration::from_secs(2 * 3600);

/// A build of hephaestus.
#[derive(Debug, Clone)]
pub(crate) struct Ours {
    /// The program.
    pub(crate) program: PathBuf,
    /// The virtual environment with pytest.
    pub(crate) python: PathBuf,
    /// Where logs go.
    pub(crate) logs: PathBuf,
}

impl Ours {
    /// Mutates the subject's file in `place`, one mutant at a time.
    pub(crate) fn mutants(
        &self,
        subject: &Subject,
        place: &Path,
        fresh: bool,
    ) -> anyhow::Result<(Report, Run)> {
        let mut command = self.command(place);
        command.args(["mutants", subject.file, "--format", "json", "--jobs", "1"]);
        if fresh {
            command.arg("--fresh");
        }
        let name = format!("hephaestus-mutants-{}", subject.name);
        let run = measured(&command, &name, &self.logs, LIMIT)?.expect("hephaestus mutants", &[0])?;
        let report = Report::parse(&run.stdout).context("hephaestus mutants: not the schema")?;
        Ok((report, run))
    }

    /// One cycle in `place`; its report.
    pub(crate) fn forge(
        &self,
        subject: &Subject,
        place: &Path,
        budget: &str,
    ) -> anyhow::Result<(Value, Run)> {
        let mut command = self.command(place);
        command.args(["forge", "--format", "json", "--jobs", "1", "--fresh", "--budget", budget]);
        let name = format!("hephaestus-forge-{}", subject.name);
        let run = measured(&command, &name, &self.logs, LIMIT)?.expect("hephaestus forge", &[0])?;
        let report = serde_json::from_str(&run.stdout).context("hephaestus forge: not JSON")?;
        Ok((report, run))
    }

    /// Forges goals of kind `speed` only, so many candidates.
    pub(crate) fn forge_speed(&self, subject: &Subject, place: &Path, trials: u64) -> anyhow::Result<Value> {
        let mut command = self.command(place);
        command.args(["forge", "--format", "json", "--jobs", "1", "--fresh", "--kind", "speed", "--trials"]);
        command.arg(trials.to_string());
        let name = format!("hephaestus-speed-{}", subject.name);
        let run = measured(&command, &name, &self.logs, LIMIT)?.expect("hephaestus forge", &[0])?;
        serde_json::from_str(&run.stdout).context("hephaestus forge: not JSON")
    }

    /// A command in `place` that remembers there and nowhere else.
    pub(crate) fn command(&self, place: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--quiet").arg("--root").arg(place).current_dir(place);
        with_environment(&mut command, &self.python);
        for name in ["XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, place.with_extension("state"));
        }
        command
    }
}

/// How many mutants were built one by one, if the report says so: as a number of its own, or mutant by mutant.
pub(crate) fn built_alone(report: &Report) -> Option<usize> {
    if let Some(number) = report.config.get("builtAlone").and_then(Value::as_u64) {
        return usize::try_from(number).ok();
    }
    let notes = report.config.get("notes").and_then(Value::as_array);
    for note in notes.into_iter().flatten().filter_map(Value::as_str) {
        let before = note.split(" are built alone").next().filter(|before| before.len() < note.len());
        if let Some(number) = before.and_then(|before| before.rsplit(' ').next()?.parse().ok()) {
            return Some(number);
        }
    }
    let alone = report.mutants().filter(|(.., mutant)| mutant.status_reason.contains("built alone")).count();
    (alone > 0).then_some(alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutants_built_alone_are_taken_from_the_number_or_from_the_reasons() {
        let with = |config: &str, reason: &str| {
            let place = r#"{"line": 1, "column": 1}"#;
            let mutant = format!(
                r#"{{"status": "Killed", "statusReason": "{reason}", "location": {{"start": {place}, "end": {place}}}}}"#
            );
            let file = format!(r#"{{"source": "", "mutants": [{mutant}]}}"#);
            Report::parse(&format!(r#"{{"files": {{"a.rs": {file}}}, "config": {config}}}"#)).unwrap()
        };
        assert_eq!(built_alone(&with(r#"{"builtAlone": 7}"#, "")), Some(7));
        assert_eq!(built_alone(&with("{}", "built alone: it is in a const")), Some(1));
        let note = r#"{"notes": ["90 variants lie behind switches of one build, 3 are built alone, 1 do not compile."]}"#;
        assert_eq!(built_alone(&with(note, "")), Some(3));
        assert_eq!(built_alone(&with("{}", "")), None);
    }
}
