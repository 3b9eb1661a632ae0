//! The record: what came of each line of a directive when it was last run, and on which files. Plain data and its text
//! form; whoever runs a directive keeps it at `.hephaestus/directives/state/NAME.json`.

use crate::{Line, LineId, LineKind};
use hephaestus_core::{ContentHash, RelPath, Snapshot};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The layout that is written, and the newest one that is read.
const SCHEMA: u32 = 1;

/// What came of a directive's lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The layout.
    pub schema: u32,
    /// The directive's name.
    pub directive: String,
    /// When it was last run, in milliseconds since the Unix epoch.
    pub run_ms: u64,
    /// What came of each line, by what it says.
    pub lines: BTreeMap<LineId, LineRecord>,
}

/// What came of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRecord {
    /// What sort of line.
    pub kind: LineKind,
    /// What it says, for people who read the record.
    pub text: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The files it was seen on, as they were then: for a proved line as the change leaves them. Only files of the
    /// snapshot; those whose change makes the outcome doubtful.
    pub files: BTreeMap<RelPath, ContentHash>,
    /// The tests that show it, where there are some.
    #[serde(default)]
    pub tests: Vec<TestPlace>,
}

/// A test that shows a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestPlace {
    /// Its file.
    pub file: RelPath,
    /// Its name, as it stands in the file.
    pub name: String,
}

/// What came of a line when it was last run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Proved {
        /// When, in milliseconds since the Unix epoch.
        when_ms: u64,
        /// The proof of the change that made it hold, relative to the root; `None` when no change was needed.
        proof: Option<RelPath>,
        /// Whether it held before any change.
        already: bool,
    },
    /// It does not hold.
    Failing {
        /// Why, in a sentence.
        why: String,
    },
    /// Nothing is known: it was not reached, or a person has to say.
    Unproved {
        /// Why, in a sentence, where there is a reason.
        why: Option<String>,
    },
}

/// What can be said of a line now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineState {
    /// It holds, on the very files that are there.
    Proved {
        /// When that was seen, in milliseconds since the Unix epoch.
        when_ms: u64,
        /// The proof, relative to the root.
        proof: Option<RelPath>,
        /// Whether it held before any change.
        already: bool,
    },
    /// It does not hold.
    Failing {
        /// Why, in a sentence.
        why: String,
    },
    /// Nothing is known.
    Unproved {
        /// Why, in a sentence, where there is a reason.
        why: Option<String>,
    },
    /// Something was known, on other files.
    Stale {
        /// A file that has changed since.
        since: RelPath,
        /// Whether it held then.
        held: bool,
    },
}

impl LineState {
    /// The word for it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Proved { .. } => "proved",
            Self::Failing { .. } => "failing",
            Self::Unproved { .. } => "unproved",
            Self::Stale { .. } => "stale",
        }
    }
}

/// Why a text is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It cannot be read.
    #[error("this is no record of a directive: {0}")]
    NoRecord(#[from] serde_json::Error),
    /// It was written by a later version.
    #[error("this record has schema {0}; this program reads up to schema {SCHEMA}: update it")]
    TooNew(u32),
}

impl Record {
    /// A record in which nothing is known.
    #[must_use]
    pub fn new(directive: impl Into<String>, run_ms: u64) -> Self {
        Self { schema: SCHEMA, directive: directive.into(), run_ms, lines: BTreeMap::new() }
    }

    /// Where a directive's record is kept, relative to the root.
    #[must_use]
    pub fn path_for(directive: &str) -> String {
        format!(".hephaestus/directives/state/{directive}.json")
    }

    /// Notes what came of a line.
    pub fn note(
        &mut self,
        line: &Line,
        outcome: Outcome,
        files: BTreeMap<RelPath, ContentHash>,
        tests: Vec<TestPlace>,
    ) {
        let record = LineRecord { kind: line.kind, text: line.text.clone(), outcome, files, tests };
        self.lines.insert(line.id.clone(), record);
    }

    /// What is noted about a line, whatever has changed since.
    #[must_use]
    pub fn line(&self, line: &Line) -> Option<&LineRecord> {
        self.lines.get(&line.id)
    }

    /// What can be said of a line, given the files as they are now.
    #[must_use]
    pub fn state_of(&self, line: &Line, snapshot: &Snapshot) -> LineState {
        self.state_by(line, |path| snapshot.file(path).map(|file| file.hash.clone()))
    }

    /// The same, for whoever has no snapshot: `hash_of` tells a file's present hash, `None` when it is not there.
    #[must_use]
    pub fn state_by(&self, line: &Line, hash_of: impl Fn(&RelPath) -> Option<ContentHash>) -> LineState {
        let Some(record) = self.line(line) else { return LineState::Unproved { why: None } };
        let changed = record.files.iter().find(|(path, hash)| hash_of(path).as_ref() != Some(*hash));
        match (&record.outcome, changed) {
            (Outcome::Unproved { why }, _) => LineState::Unproved { why: why.clone() },
            (outcome, Some((since, _))) => {
                let held = matches!(outcome, Outcome::Proved { .. });
                LineState::Stale { since: since.clone(), held }
            }
            (Outcome::Proved { when_ms, proof, already }, None) => {
                LineState::Proved { when_ms: *when_ms, proof: proof.clone(), already: *already }
            }
            (Outcome::Failing { why }, None) => LineState::Failing { why: why.clone() },
        }
    }

    /// Drops what is noted about lines that are no longer there.
    pub fn keep_only(&mut self, lines: &[Line]) {
        self.lines.retain(|id, _| lines.iter().any(|line| line.id == *id));
    }

    /// The text: JSON, indented.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Reads a text.
    ///
    /// # Errors
    /// When it is no record, or one of a later version.
    pub fn from_text(text: &str) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Label {
            schema: u32,
        }
        let label: Label = serde_json::from_str(text)?;
        if label.schema > SCHEMA {
            return Err(RecordError::TooNew(label.schema));
        }
        Ok(serde_json::from_str(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;
    use hephaestus_core::{LanguageId, SourceFile};

    fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    fn snapshot(text: &str) -> Snapshot {
        Snapshot::default().with_file(SourceFile::new(path("a.py"), LanguageId::new("python"), text, false))
    }

    fn lines(text: &str) -> Vec<Line> {
        parse(text, &path("x.forge.toml")).directive.unwrap().lines()
    }

    const TEXT: &str = "kind = \"fix\"\ngoal = \"g\"\n[[example]]\ncall = \"f(1)\"\nvalue = 2\n";

    fn record(outcome: Outcome) -> (Record, Line) {
        let line = lines(TEXT).remove(0);
        let files = snapshot("x = 1\n").files.into_iter().map(|(path, file)| (path, file.hash.clone()));
        let mut record = Record::new("x", 7);
        record.note(&line, outcome, files.collect(), vec![]);
        (record, line)
    }

    #[test]
    fn a_line_is_proved_until_a_file_it_was_seen_on_changes() {
        let proved = Outcome::Proved { when_ms: 5, proof: None, already: false };
        let (record, line) = record(proved);
        assert_eq!(record.state_of(&line, &snapshot("x = 1\n")).as_str(), "proved");
        let stale = LineState::Stale { since: path("a.py"), held: true };
        assert_eq!(record.state_of(&line, &snapshot("x = 2\n")), stale);
        assert_eq!(record.state_of(&line, &Snapshot::default()), stale);
    }

    #[test]
    fn a_failing_line_becomes_stale_too_and_an_unproved_one_stays_unproved() {
        let (failing, line) = record(Outcome::Failing { why: "it gives 3".to_owned() });
        assert_eq!(failing.state_of(&line, &snapshot("x = 1\n")).as_str(), "failing");
        let stale = LineState::Stale { since: path("a.py"), held: false };
        assert_eq!(failing.state_of(&line, &snapshot("")), stale);
        let (unproved, line) = record(Outcome::Unproved { why: None });
        assert_eq!(unproved.state_of(&line, &snapshot("")).as_str(), "unproved");
    }

    #[test]
    fn a_line_that_moves_is_the_same_and_one_that_says_something_else_is_not() {
        let id = |text: &str| lines(text).remove(0).id;
        let moved = TEXT.replace("[[example]]", "[constraints]\nmax_diff_lines = 3\n\n[[example]] # here");
        assert_eq!(id(TEXT), id(&moved));
        assert_ne!(id(TEXT), id(&TEXT.replace("value = 2", "value = 3")));
        assert_ne!(id(TEXT), id(&TEXT.replace("value = 2", "error = \"2\"")));
    }

    #[test]
    fn records_read_back_what_they_write() {
        let (record, _) = record(Outcome::Unproved { why: Some("ask".to_owned()) });
        assert_eq!(Record::from_text(&record.to_text()).unwrap(), record);
        let newer = record.to_text().replace("\"schema\": 1", "\"schema\": 2");
        assert!(matches!(Record::from_text(&newer), Err(RecordError::TooNew(2))));
        assert!(matches!(Record::from_text("{}"), Err(RecordError::NoRecord(_))));
    }

    #[test]
    fn what_is_no_longer_there_is_forgotten() {
        let (mut record, _) = record(Outcome::Unproved { why: None });
        record.keep_only(&[]);
        assert!(record.lines.is_empty());
    }
}
