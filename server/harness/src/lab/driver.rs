//! The harness's end of the conversation with a driver: starts it, asks, and understands its answers. The protocol is
//! `drivers/PROTOCOL.md`. Decides nothing about tests or variants.

use crate::lab::{LabError, Lines};
use crate::runners::{Driver as DriverFacts, Fill};
use crate::sandbox::{Heard, Sandbox, SandboxError, Step, Talk, View};
use crate::suite::Suite;
use hephaestus_core::{CancelToken, Difference, ProbeEnd, RelPath, TestFailure};
use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

static FOLDERS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/drivers");

/// Where a driver lies in the sandbox, relative to the workspace.
const PLACE: &str = ".hephaestus/driver";

/// How long a conversation may last in all.
const CONVERSATION: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a driver may be asked.
#[derive(Debug, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(super) enum Question<'a> {
    /// Load everything.
    Load { root: &'a str, args: &'a [String], slots: usize, memory_mb: u64 },
    /// Run tests on the unchanged code; all of them where none are named.
    Survey {
        trace: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        tests: Option<&'a [String]>,
        limit_s: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        each_s: Option<f64>,
    },
    /// Run tests on a variant.
    Run { files: BTreeMap<&'a str, &'a str>, tests: Vec<&'a str>, stop: bool, limit_s: f64, cpu_s: f64 },
    /// Give up a run.
    Cancel { target: u64 },
    /// Keep the arguments of calls of functions while tests run.
    Capture { functions: &'a [FunctionName<'a>], tests: Vec<&'a str>, most: u32, limit_s: f64 },
    /// Run old and new version on the same inputs.
    Compare {
        file: &'a str,
        name: &'a str,
        files: BTreeMap<&'a str, &'a str>,
        seed: u64,
        mutations: u32,
        limit_s: f64,
    },
    /// Show many variants to tests.
    Search {
        file: &'a str,
        variants: &'a [Numbered<'a>],
        red: &'a [String],
        green: &'a [String],
        ahead: u32,
        times: u32,
        least_s: f64,
        limit_s: f64,
    },
    /// Run variants of a function on the same inputs.
    Behave {
        file: &'a str,
        name: &'a str,
        tests: &'a [String],
        variants: &'a [Numbered<'a>],
        seed: u64,
        mutations: u32,
        examples: &'a [String],
        limit_s: f64,
    },
    /// Time old and new version on the same inputs; the old one against itself where there is no new one.
    Bench {
        file: &'a str,
        name: &'a str,
        files: Option<BTreeMap<&'a str, &'a str>>,
        rounds: u32,
        sample_s: f64,
        seed: u64,
        limit_s: f64,
    },
}

/// A variant: its number and its edits, each with its first byte, the byte after its last, and the new text.
pub(super) type Numbered<'a> = (u32, Vec<(usize, usize, &'a str)>);

/// What became of one variant of a search: its number, how it ended, how many red tests passed, and where it failed.
pub(super) type Found = (u32, ProbeEnd, u32, String);

/// Inputs, counted or told.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Inputs {
    Count(u32),
    Calls(Vec<String>),
}

/// A function by its file and qualified name.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct FunctionName<'a> {
    pub(super) file: &'a str,
    pub(super) name: &'a str,
}

/// What became of a function whose arguments were to be captured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Capturing {
    pub(super) inputs: u32,
    pub(super) left_out: Option<String>,
}

/// What a driver says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) id: u64,
    /// How it ended; absent while more is to come.
    pub(super) end: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) notes: Vec<String>,
    pub(super) tests: Vec<String>,
    pub(super) test: Option<String>,
    pub(super) outcome: String,
    /// Whether the test started programs, whose lines nobody saw.
    pub(super) spawns: bool,
    pub(super) message: String,
    lines: Ranges,
    loaded: Ranges,
    pub(super) passed: Vec<String>,
    pub(super) failed: Vec<TestFailure>,
    pub(super) running: Option<String>,
    pub(super) functions: Vec<Capturing>,
    pub(super) captured: u32,
    pub(super) mutated: u32,
    pub(super) compared: Option<u32>,
    pub(super) differences: Vec<Difference>,
    pub(super) left_out: Option<String>,
    /// Seconds of old and new version, interleaved.
    pub(super) samples: Vec<(f64, f64)>,
    pub(super) inputs: Option<Inputs>,
    /// What became of variants of a search.
    pub(super) results: Vec<Found>,
    /// What variants of a function said at all …
    pub(super) said: Vec<String>,
    /// … and which of that each of them said to each input.
    pub(super) table: Vec<(u32, Vec<i32>)>,
    wall_s: f64,
    cpu_s: f64,
}

type Ranges = BTreeMap<String, Vec<(u32, u32)>>;

/// A range of lines that is longer than this is no range of lines.
const LONGEST: u32 = 1_000_000;

impl Answer {
    pub(super) fn wall(&self) -> Duration {
        seconds(self.wall_s)
    }

    pub(super) fn cpu(&self) -> Duration {
        seconds(self.cpu_s)
    }

    /// The lines a test ran through.
    pub(super) fn lines(&self) -> Lines {
        unfold(&self.lines)
    }

    /// The lines that ran while loading.
    pub(super) fn loaded(&self) -> Lines {
        unfold(&self.loaded)
    }

    /// How many inputs there were.
    pub(super) fn input_count(&self) -> u32 {
        match &self.inputs {
            Some(Inputs::Count(count)) => *count,
            Some(Inputs::Calls(calls)) => u32::try_from(calls.len()).unwrap_or(u32::MAX),
            None => 0,
        }
    }

    /// The inputs, where they are told.
    pub(super) fn calls(&self) -> Vec<String> {
        match &self.inputs {
            Some(Inputs::Calls(calls)) => calls.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn why(&self) -> String {
        self.reason.clone().unwrap_or_else(|| "it does not say why".to_owned())
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn unfold(ranges: &Ranges) -> Lines {
    let known = ranges.iter().filter_map(|(path, ranges)| Some((RelPath::new(path).ok()?, ranges)));
    known
        .map(|(path, ranges)| {
            let sane = ranges.iter().filter(|(first, last)| last.saturating_sub(*first) < LONGEST);
            (path, sane.flat_map(|(first, last)| *first..=*last).collect())
        })
        .collect()
}

/// A driver that is being talked to.
#[derive(Debug)]
pub(super) struct Driver {
    talk: Talk,
    last_id: u64,
}

/// What it takes to start a driver.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) sandbox: Sandbox,
    pub(super) suite: Suite,
    pub(super) root: PathBuf,
    pub(super) layers: Vec<PathBuf>,
    pub(super) slots: usize,
}

impl Driver {
    /// Starts the driver of the suite's runner and lets it load the tests.
    pub(super) fn start(setting: &Setting, cancel: &CancelToken) -> Result<(Self, Answer), LabError> {
        let facts = setting.suite.runner.driver.clone();
        let Some(facts) = facts else {
            return Err(LabError::Unfit(format!("{} cannot be kept warm", setting.suite.runner.title)));
        };
        let mut driver = Self { talk: open(setting, &facts, cancel)?, last_id: 0 };
        let root = driver.talk.root().display().to_string();
        let fill = setting.suite.fill(&root);
        let args = fill.command(&facts.args);
        let memory_mb = setting.sandbox.memory_mb();
        let load = Question::Load { root: &root, args: &args, slots: setting.slots, memory_mb };
        let limit = Duration::from_secs(setting.suite.settings.baseline_timeout);
        let id = driver.ask(&load)?;
        let answer = driver.answer_to(id, limit, cancel)?;
        match answer.end.as_deref() {
            Some("loaded") => Ok((driver, answer)),
            _ => Err(LabError::Unfit(answer.why())),
        }
    }

    /// Asks a question; tells its number.
    pub(super) fn ask(&mut self, question: &Question<'_>) -> Result<u64, LabError> {
        #[derive(Serialize)]
        struct Asked<'a, 'b> {
            id: u64,
            #[serde(flatten)]
            question: &'a Question<'b>,
        }
        self.last_id += 1;
        let line = serde_json::to_string(&Asked { id: self.last_id, question });
        let line = line.map_err(|error| LabError::Unfit(error.to_string()))?;
        self.talk.say(&line).map_err(of_sandbox)?;
        Ok(self.last_id)
    }

    /// The next answer to any question.
    pub(super) fn hear(&mut self, limit: Duration, cancel: &CancelToken) -> Result<Answer, LabError> {
        match self.talk.hear(limit, cancel).map_err(of_sandbox)? {
            Heard::Line(line) => serde_json::from_str(&line)
                .map_err(|error| LabError::Unfit(format!("the driver speaks nonsense: {error}"))),
            Heard::Cancelled => Err(LabError::Cancelled),
            Heard::Nothing => Err(LabError::Unfit("the driver does not answer".to_owned())),
            Heard::Ended(outcome) => {
                let said = outcome.stderr.text.trim_end();
                let last: Vec<&str> = said.lines().rev().take(5).collect();
                let tail = last.into_iter().rev().collect::<Vec<_>>().join("\n");
                Err(LabError::Unfit(format!("the driver ended ({:?}): {tail}", outcome.status)))
            }
        }
    }

    /// The closing answer to question `id`; what else is said meanwhile is dropped.
    pub(super) fn answer_to(
        &mut self,
        id: u64,
        limit: Duration,
        cancel: &CancelToken,
    ) -> Result<Answer, LabError> {
        loop {
            let answer = self.hear(limit, cancel)?;
            if answer.id == id && answer.end.is_some() {
                return Ok(answer);
            }
        }
    }

    /// How long the driver has been frozen so far.
    pub(super) fn frozen(&self) -> Duration {
        self.talk.frozen()
    }
}

fn open(setting: &Setting, facts: &DriverFacts, cancel: &CancelToken) -> Result<Talk, LabError> {
    let view = View { root: setting.root.clone(), layers: setting.layers.clone(), keep: None };
    let mut session = setting.sandbox.open(&view, cancel).map_err(of_sandbox)?;
    let root = session.root().display().to_string();
    for (path, text) in files_of(&facts.folder) {
        let path = RelPath::new(format!("{PLACE}/{path}"));
        let path = path.map_err(|error| LabError::Unfit(error.to_string()))?;
        session.write(&path, Some(text)).map_err(of_sandbox)?;
    }
    let fill: Fill<'_> = setting.suite.fill(&root);
    let argv = fill.command(&facts.command);
    let place = format!("{root}/{PLACE}");
    let step = Step {
        argv: argv.into_iter().map(|word| word.replace("{driver}", &place)).collect(),
        env: setting.suite.environment(&fill),
        timeout: CONVERSATION,
        ..Step::default()
    };
    session.talk(&step).map_err(of_sandbox)
}

/// The files of a driver by path below its folder, without its tests.
fn files_of(folder: &str) -> Vec<(String, &'static [u8])> {
    let mut files = Vec::new();
    let mut folders: Vec<&Dir<'static>> = FOLDERS.get_dir(folder).into_iter().collect();
    while let Some(dir) = folders.pop() {
        let own = |dir: &&Dir<'_>| !dir.path().ends_with("tests") && !dir.path().ends_with("__pycache__");
        folders.extend(dir.dirs().filter(own));
        for file in dir.files() {
            let path = file.path().strip_prefix(folder).ok().and_then(|path| path.to_str());
            files.extend(path.map(|path| (path.replace('\\', "/"), file.contents())));
        }
    }
    files
}

fn of_sandbox(error: SandboxError) -> LabError {
    match error {
        SandboxError::Cancelled => LabError::Cancelled,
        error => LabError::Unfit(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runner_with_a_driver_has_its_files() {
        for runner in crate::runners::all().unwrap() {
            let Some(driver) = &runner.driver else { continue };
            let files = files_of(&driver.folder);
            let starts = |path: &str| {
                driver
                    .command
                    .iter()
                    .any(|word| word.split(['"', ' ']).any(|part| part.ends_with(&format!("/{path}"))))
            };
            assert!(
                files.iter().any(|(path, _)| starts(path)),
                "{}: {:?} starts none of {:?}",
                runner.name,
                driver.command,
                files.iter().map(|(path, _)| path).collect::<Vec<_>>()
            );
            assert!(files.iter().all(|(path, _)| !path.contains("tests/") && !path.contains("__pycache__")));
        }
    }

    #[test]
    fn ranges_of_lines_are_unfolded_and_absurd_ones_left_out() {
        let text = r#"{"id": 1, "test": "t", "lines": {"a.py": [[3, 5], [9, 9], [1, 4000000000]], "../x": [[1, 1]]}}"#;
        let answer: Answer = serde_json::from_str(text).unwrap();
        let lines = answer.lines();
        assert_eq!(lines.len(), 1, "a path that leaves the workspace is none");
        assert_eq!(lines.values().next().unwrap().iter().copied().collect::<Vec<_>>(), [3, 4, 5, 9]);
    }
}
