//! The tasks by name, and the program beside them that lays them out and judges. What is in a task is its own affair.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use serde::Deserialize;

use crate::bench::mutants::with_environment;

/// The name of the program.
const PROGRAM: &str = "bench.py";

/// One task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) language: String,
    /// Which sort of bug it is.
    #[serde(default)]
    pub(super) bug_type: String,
}

impl Task {
    /// The folder it is laid out in, below that of all tasks.
    pub(super) fn folder(&self) -> PathBuf {
        Path::new(&self.language).join(&self.id)
    }
}

/// Which tasks are wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Choice {
    /// Of these languages; empty for all.
    pub(super) languages: Vec<String>,
    /// So many of each.
    pub(super) first: Option<usize>,
}

impl Choice {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        if !self.languages.is_empty() {
            arguments.extend(["--lang".to_owned(), self.languages.join(",")]);
        }
        if let Some(first) = self.first {
            arguments.extend(["--first".to_owned(), first.to_string()]);
        }
        arguments
    }
}

/// The tasks of `text` that are wanted, in its order: the same ones that the program takes.
pub(super) fn chosen(text: &str, choice: &Choice) -> anyhow::Result<Vec<Task>> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut tasks = Vec::new();
    for (nth, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let task: Task = serde_json::from_str(line).with_context(|| format!("line {}", nth + 1))?;
        if !choice.languages.is_empty() && !choice.languages.contains(&task.language) {
            continue;
        }
        let count = seen.entry(task.language.clone()).or_default();
        *count += 1;
        if choice.first.is_none_or(|first| *count <= first) {
            tasks.push(task);
        }
    }
    Ok(tasks)
}

/// What became of a task, by its own tests and by those that nobody saw.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Judged {
    pub(super) id: String,
    pub(super) language: String,
    #[serde(default)]
    pub(super) bug_type: String,
    /// The visible tests pass.
    pub(super) plausible: bool,
    /// The hidden ones pass too.
    pub(super) correct: bool,
    /// Whether there are hidden ones.
    pub(super) judged: bool,
}

impl Judged {
    pub(super) fn is(&self, task: &Task) -> bool {
        self.id == task.id && self.language == task.language
    }
}

/// The program that lays out and judges.
pub(super) struct Program {
    path: PathBuf,
    python: PathBuf,
}

impl Program {
    pub(super) fn beside(data: &Path, python: &Path) -> anyhow::Result<Self> {
        let path = data.parent().context("the data lies nowhere")?.join(PROGRAM);
        anyhow::ensure!(path.is_file(), "`{}` is missing", path.display());
        Ok(Self { path, python: python.to_owned() })
    }

    pub(super) fn unpack(&self, data: &Path, to: &Path, choice: &Choice) -> anyhow::Result<()> {
        self.call("unpack", data, to, &choice.arguments())
    }

    pub(super) fn judge(
        &self,
        data: &Path,
        repaired: &Path,
        choice: &Choice,
        jobs: usize,
        verdicts: &Path,
    ) -> anyhow::Result<Vec<Judged>> {
        let mut arguments = choice.arguments();
        arguments.extend(["--jobs".to_owned(), jobs.to_string()]);
        arguments.extend(["--json".to_owned(), verdicts.display().to_string()]);
        self.call("judge", data, repaired, &arguments)?;
        let text = fs::read_to_string(verdicts)?;
        serde_json::from_str(&text).with_context(|| format!("`{}`", verdicts.display()))
    }

    fn call(&self, verb: &str, data: &Path, folder: &Path, arguments: &[String]) -> anyhow::Result<()> {
        let mut command = Command::new("python3");
        with_environment(&mut command, &self.python);
        command.arg(&self.path).arg(verb).arg(data).arg(folder).args(arguments).stdout(Stdio::null());
        let status = command.status().context("`python3` cannot be started")?;
        anyhow::ensure!(status.success(), "`{PROGRAM} {verb}` failed");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = "{\"id\": \"a\", \"language\": \"python\", \"bug_type\": \"value\", \"solution\": \"x\"}\n\
                        {\"id\": \"a\", \"language\": \"rust\"}\n\n{\"id\": \"b\", \"language\": \"python\"}\n";

    #[test]
    fn the_first_ones_of_each_language_are_chosen() {
        let ids = |languages: &[&str], first| {
            let languages = languages.iter().map(|language| (*language).to_owned()).collect();
            let tasks = chosen(DATA, &Choice { languages, first }).unwrap();
            tasks.iter().map(|task| task.folder().display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&[], None), ["python/a", "rust/a", "python/b"]);
        assert_eq!(ids(&[], Some(1)), ["python/a", "rust/a"]);
        assert_eq!(ids(&["python"], None), ["python/a", "python/b"]);
        assert!(chosen("{}\n", &Choice::default()).unwrap_err().to_string().contains("line 1"));
    }
}
