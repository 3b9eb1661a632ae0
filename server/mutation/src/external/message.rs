//! What is said, word by word: version 1 of the protocol. `docs/schemas/external.v1.json` is made from these types, and
//! the manual's page on external programs shows each of them.

use hephaestus_core::{Candidate, Direction, ExternalRole, FileChange, Goal, Patch, Snapshot, Trial};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the protocol that is spoken here.
pub const VERSION: u32 = 1;

/// A line for a program.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Asked {
    /// Every answer names it.
    pub id: u64,
    /// What is asked.
    #[serde(flatten)]
    pub question: Question,
}

/// What is asked.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Question {
    /// The first line. Answered by `hello`.
    Hello {
        /// The version of the protocol: 1.
        hephaestus: u32,
        /// The version of the program that asks.
        version: String,
        /// What the configuration calls the one that is asked.
        name: String,
        /// The parts it is to take; empty where it is to say so itself.
        roles: Vec<ExternalRole>,
    },
    /// For proposers: what is worth improving here? Answered by any number of `goal`, then `done`.
    Propose {
        /// The kinds of goals that are wanted.
        kinds: Vec<String>,
        /// Where to look.
        files: Vec<FileText>,
    },
    /// For engines: how could this goal be reached? Answered by any number of `candidate`, then `done`.
    Forge {
        /// The goal.
        goal: GoalText,
        /// The files that may be changed.
        files: Vec<FileText>,
        /// What was tried for this goal in this run, oldest first; empty when it is asked for the first time.
        tried: Vec<Tried>,
        /// Most candidates that are looked at.
        limit: usize,
        /// For whatever is random.
        seed: u64,
    },
    /// For dimensions: how much is it, before and after? Answered by `measure` or nothing, then `done`.
    Measure {
        /// The goal.
        goal: GoalText,
        /// The files that are changed.
        files: Vec<ChangedText>,
        /// What was seen when it was tried, as in `hephaestus forge --format json`.
        evidence: serde_json::Value,
    },
    /// For reporters: something that happened in a run that is over. Not answered.
    Event {
        /// What happened; `type` says what: `run`, `goal`, `improvement`, `rejected`, `end`.
        event: serde_json::Value,
    },
    /// For reporters: the report, please. Answered by any number of `text` and `file`, then `done`.
    Report {},
}

/// A file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FileText {
    /// Relative to the root.
    pub path: String,
    /// Its language.
    pub language: String,
    /// Whether it is test code.
    pub is_test: bool,
    /// All of it.
    pub text: String,
}

/// A file before and after.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ChangedText {
    /// Relative to the root.
    pub path: String,
    /// Its language, where it is known.
    pub language: Option<String>,
    /// All of it as it was; nothing where it is new.
    pub before: Option<String>,
    /// All of it as it would be; nothing where it is gone.
    pub after: Option<String>,
}

/// A goal.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GoalText {
    /// The same in every run while the code is the same.
    pub id: String,
    /// Sort of improvement.
    pub kind: String,
    /// Who saw it, and what that one calls it.
    pub rule: String,
    /// The file.
    pub file: String,
    /// Its language.
    pub language: String,
    /// First byte in the file's UTF-8 text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The line of `start`, from 1.
    pub line: u32,
    /// What, in one line.
    pub title: String,
    /// Why it is worth it.
    pub why: String,
    /// The function or class around it.
    pub symbol: Option<String>,
    /// Dimensions of which at least one must gain.
    pub improves: Vec<String>,
    /// Tests that fail now and must pass then.
    pub must_pass: Vec<String>,
    /// The files that may be changed.
    pub footprint: Vec<String>,
}

/// What became of a candidate.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Tried {
    /// Who forged it.
    pub engine: String,
    /// Its edits, in bytes of the texts as they are.
    pub edits: Vec<EditText>,
    /// How its trial ended.
    pub verdict: String,
    /// Why it was not accepted although its tests passed.
    pub reasons: Vec<String>,
    /// The tests it broke.
    pub failures: Vec<FailureText>,
    /// The end of the output of what brought it down.
    pub output: String,
}

/// A test that failed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FailureText {
    /// Its id.
    pub test: String,
    /// What it said.
    pub message: String,
}

/// A line from a program.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Answered {
    /// The question it answers.
    pub id: u64,
    /// The answer, or a part of it.
    #[serde(flatten)]
    pub answer: Answer,
}

/// An answer, or a part of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Answer {
    /// To `hello`.
    Hello(Hello),
    /// To `propose`: something worth improving.
    Goal(SeenGoal),
    /// To `forge`: a change.
    Candidate(Change),
    /// To `measure`.
    Measure(MeasureText),
    /// To `report`: something to be shown.
    Text {
        /// It ends with a line feed or gets one.
        text: String,
    },
    /// To `report`: a file to be written below `.hephaestus/reports/NAME`.
    File {
        /// Relative to that folder.
        path: String,
        /// What it is to hold.
        text: String,
    },
    /// Nothing more to say to this question.
    Done,
}

/// Who answers.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct Hello {
    /// The version of the protocol that it speaks.
    pub hephaestus: u32,
    /// The parts it can take; empty means those that the configuration names.
    #[serde(default)]
    pub roles: Vec<ExternalRole>,
    /// Languages it is to be asked about; empty means all.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Kinds of goals it has an answer to, for engines; empty means all.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Whether it is to be asked once more when nothing it proposed held.
    #[serde(default)]
    pub learns: bool,
}

/// Something worth improving.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct SeenGoal {
    /// Sort of improvement: `simplify`, `modernize`, `correctness`, `dead-code`, `speed`, `lint`.
    pub kind: String,
    /// What the program calls it: letters, digits, `-`, `_` and `.`.
    pub rule: String,
    /// The file.
    pub file: String,
    /// First byte in the file's UTF-8 text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What, in one line.
    pub title: String,
    /// Why it is worth it.
    #[serde(default)]
    pub why: String,
    /// Dimensions that may gain; that it is not seen any more counts in any case.
    #[serde(default)]
    pub improves: Vec<String>,
    /// Whether a candidate has to do the very same as before, which is then tried on inputs too.
    #[serde(default = "yes")]
    pub preserves_behaviour: bool,
    /// What is to be done first, 0 to 1.
    #[serde(default = "half")]
    pub gain: f64,
}

/// A change.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Change {
    /// Edits of files, in any order, none over another.
    #[serde(default)]
    pub edits: Vec<EditText>,
    /// Files with all of their new text, for who does not like to count bytes.
    #[serde(default)]
    pub files: Vec<NewText>,
    /// What is done, in a few words.
    #[serde(default)]
    pub title: String,
    /// How likely it is to hold, 0 to 1: likely ones are tried first.
    #[serde(default = "half")]
    pub prior: f64,
}

/// An edit.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EditText {
    /// The file.
    pub file: String,
    /// First byte that goes, in the file's UTF-8 text.
    pub start: usize,
    /// One past the last byte that goes.
    pub end: usize,
    /// What comes.
    pub text: String,
}

/// A file with all of its new text.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct NewText {
    /// The file.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// A measure.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct MeasureText {
    /// On the code before.
    pub before: f64,
    /// On the code after.
    pub after: f64,
    /// What is counted.
    #[serde(default)]
    pub unit: String,
    /// Which way is better.
    pub direction: Direction,
}

fn yes() -> bool {
    true
}

fn half() -> f64 {
    0.5
}

impl GoalText {
    /// A goal in these words.
    #[must_use]
    pub fn of(goal: &Goal) -> Self {
        Self {
            id: goal.id.to_string(),
            kind: goal.kind.to_string(),
            rule: goal.rule.clone(),
            file: goal.file.to_string(),
            language: goal.language.to_string(),
            start: goal.range.start,
            end: goal.range.end,
            line: goal.line,
            title: goal.message.clone(),
            why: goal.why.clone(),
            symbol: goal.symbol.clone(),
            improves: goal.acceptance.improves.iter().map(ToString::to_string).collect(),
            must_pass: goal.acceptance.must_pass.clone(),
            footprint: goal.footprint.iter().map(ToString::to_string).collect(),
        }
    }
}

impl FileText {
    /// A file in these words.
    #[must_use]
    pub fn of(file: &hephaestus_core::SourceFile) -> Self {
        Self {
            path: file.path.to_string(),
            language: file.language.to_string(),
            is_test: file.is_test,
            text: file.text.to_string(),
        }
    }
}

impl ChangedText {
    /// What a patch does to the files of a snapshot.
    #[must_use]
    pub fn all_of(patch: &Patch, snapshot: &Snapshot) -> Vec<Self> {
        let changed = patch.paths().map(|path| {
            let before = snapshot.file(path);
            let text = before.map(|file| &*file.text);
            Self {
                path: path.to_string(),
                language: before.map(|file| file.language.to_string()),
                before: text.map(str::to_owned),
                after: patch.apply_to(path, text).ok().flatten(),
            }
        });
        changed.collect()
    }
}

impl Tried {
    /// A trial in these words.
    #[must_use]
    pub fn of(candidate: &Candidate, trial: &Trial, reasons: &[String]) -> Self {
        let fall = trial.evidence.fall();
        let failures = fall.map(|run| run.failures.as_slice()).unwrap_or_default();
        Self {
            verdict: trial.verdict.to_string(),
            failures: failures
                .iter()
                .map(|failure| FailureText { test: failure.id.clone(), message: failure.message.clone() })
                .collect(),
            output: fall.map(|run| run.tail.clone()).unwrap_or_default(),
            ..Self::held(candidate, reasons)
        }
    }

    /// A candidate that held, but does not reach the goal's target yet.
    #[must_use]
    pub fn held(candidate: &Candidate, reasons: &[String]) -> Self {
        Self {
            engine: candidate.engine.to_string(),
            edits: edits(&candidate.patch),
            verdict: hephaestus_core::Verdict::Passed.to_string(),
            reasons: reasons.to_vec(),
            failures: Vec::new(),
            output: String::new(),
        }
    }
}

fn edits(patch: &Patch) -> Vec<EditText> {
    let mut all = Vec::new();
    for (path, change) in patch.files() {
        let FileChange::Edit { edits, .. } = change else { continue };
        all.extend(edits.iter().map(|edit| EditText {
            file: path.to_string(),
            start: edit.range.start,
            end: edit.range.end,
            text: edit.text.clone(),
        }));
    }
    all
}

/// A line of either side.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "it is there for its schema alone")]
enum Line {
    /// From Hephaestus.
    Asked(Asked),
    /// From a program.
    Answered(Answered),
}

/// The JSON schema of every line, from these types.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Line).to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "External programs of Hephaestus, version 1: one line".into());
    }
    schema
}
