//! What was measured, task by task, kept in a file of JSON lines: a bench that was interrupted goes on where it stopped.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::tasks::Task;

/// One run on one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Program, seed and settings: runs of others do not count.
    pub(super) key: String,
    pub(super) id: String,
    pub(super) language: String,
    /// CPU seconds of all processes of the run.
    pub(super) cpu_s: f64,
    pub(super) wall_s: f64,
    /// The exit code; `None` where it did not end in time.
    pub(super) code: Option<i32>,
    /// Changes that were searched through.
    pub(super) tried: u64,
    /// CPU seconds of the search alone.
    pub(super) search_cpu_s: f64,
    /// Other changes that make the same tests pass.
    pub(super) alternatives: Option<u64>,
    pub(super) confidence: Option<f64>,
    /// Its last words, where it said any.
    pub(super) said: String,
}

/// All of them, for one key.
#[derive(Debug)]
pub(super) struct Results {
    file: PathBuf,
    key: String,
    all: Vec<Measured>,
}

impl Results {
    /// What is in `file` for `key`. A last line that was not written to its end is left out.
    pub(super) fn open(file: &Path, key: &str) -> anyhow::Result<Self> {
        let text = if file.exists() { fs::read_to_string(file)? } else { String::new() };
        let whole = text.lines().filter_map(|line| serde_json::from_str::<Measured>(line).ok());
        let all = whole.filter(|measured| measured.key == key).collect();
        if !text.is_empty() && !text.ends_with('\n') {
            fs::write(file, format!("{text}\n"))?;
        }
        Ok(Self { file: file.to_owned(), key: key.to_owned(), all })
    }

    pub(super) fn of(&self, task: &Task) -> Option<&Measured> {
        self.all.iter().find(|own| own.id == task.id && own.language == task.language)
    }

    /// Keeps one, at once.
    pub(super) fn put(&mut self, measured: Measured) -> anyhow::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.file)?;
        writeln!(file, "{}", serde_json::to_string(&measured)?)
            .with_context(|| format!("`{}` cannot be written", self.file.display()))?;
        self.all.push(measured);
        Ok(())
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str) -> Task {
        Task { id: id.to_owned(), language: "python".to_owned(), bug_type: String::new() }
    }

    pub(super) fn measured(key: &str, id: &str) -> Measured {
        Measured {
            key: key.to_owned(),
            id: id.to_owned(),
            language: "python".to_owned(),
            cpu_s: 1.5,
            wall_s: 2.0,
            code: Some(0),
            tried: 100,
            search_cpu_s: 0.5,
            alternatives: None,
            confidence: None,
            said: String::new(),
        }
    }

    #[test]
    fn a_bench_goes_on_where_it_stopped_and_another_build_begins_anew() {
        let folder = std::env::temp_dir().join(format!("hephaestus-xtask-results-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("results.jsonl");
        let mut results = Results::open(&file, "k").unwrap();
        results.put(measured("k", "a")).unwrap();
        let mut text = fs::read_to_string(&file).unwrap();
        text.push_str("{\"key\": \"k\", \"id\": \"b\", \"lang");
        fs::write(&file, text).unwrap();
        let mut again = Results::open(&file, "k").unwrap();
        assert_eq!((again.of(&task("a")), again.of(&task("b"))), (Some(&measured("k", "a")), None));
        again.put(measured("k", "b")).unwrap();
        assert!(Results::open(&file, "k").unwrap().of(&task("b")).is_some());
        assert!(Results::open(&file, "other").unwrap().of(&task("a")).is_none());
        fs::remove_dir_all(folder).unwrap();
    }
}
