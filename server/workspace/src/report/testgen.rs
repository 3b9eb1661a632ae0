//! What came of looking for tests: the tests, what each of them shows and notices, and how strong the tests are before
//! and after. Holds data; writes no file.

use crate::open::Workspace;
use hephaestus_core::{Mutant, Notice, Patch, RelPath, Snapshot, Strength};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// A test that was written and proved.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedTest {
    /// Its name in its file.
    pub name: String,
    /// What it shows, in words.
    pub shows: String,
    /// The call.
    pub call: String,
    /// What it gives today, or the error.
    pub expected: String,
    /// Faults that it notices and no test did: it failed with each of them in a plain run.
    pub notices: Vec<Mutant>,
    /// Lines it runs through and no test did.
    pub lines: Vec<u32>,
}

/// The tests of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileTests {
    /// The file.
    pub file: RelPath,
    /// Where its new tests are; `None` where none was found.
    pub tests_in: Option<RelPath>,
    /// How strong the tests were.
    pub before: Strength,
    /// How strong they are with the new ones.
    pub after: Strength,
    /// The new ones.
    pub tests: Vec<GeneratedTest>,
    /// Faults that still nobody notices.
    pub left: Vec<Mutant>,
    /// Calls that were tried.
    pub tried: u64,
    /// Tests that were taken out again because they do not do the same each time.
    pub wavering: u32,
    /// CPU time of looking for calls and of running tests.
    pub cpu: Duration,
}

/// What a run found.
#[derive(Debug, Clone)]
pub struct TestgenReport {
    /// The workspace.
    pub root: PathBuf,
    /// Files that were looked at.
    pub files: Vec<FileTests>,
    /// All new tests as one change of the project.
    pub patch: Patch,
    /// What the user should know.
    pub notices: Vec<Notice>,
    /// From start to end.
    pub wall: Duration,
    /// CPU time of everything but finding out how strong the tests were.
    pub cpu: Duration,
    /// Why it ended: `done`, `cancelled` or `budget`.
    pub ended: String,
    pub(crate) is_proved: bool,
    pub(crate) applied: Vec<RelPath>,
    pub(crate) snapshot: Snapshot,
}

impl TestgenReport {
    pub(crate) fn new(workspace: &Workspace) -> Self {
        Self {
            root: workspace.root.clone(),
            files: vec![],
            patch: Patch::default(),
            notices: vec![],
            wall: Duration::ZERO,
            cpu: Duration::ZERO,
            ended: "done".to_owned(),
            is_proved: false,
            applied: vec![],
            snapshot: workspace.snapshot.clone(),
        }
    }

    /// All new tests.
    pub fn tests(&self) -> impl Iterator<Item = &GeneratedTest> {
        self.files.iter().flat_map(|file| &file.tests)
    }

    /// How many faults the new tests notice that no test did.
    #[must_use]
    pub fn kills(&self) -> usize {
        self.tests().map(|test| test.notices.len()).sum()
    }

    /// How strong the tests of all files are, before and after.
    #[must_use]
    pub fn strength(&self) -> (Strength, Strength) {
        let sum = |side: fn(&FileTests) -> Strength| {
            self.files.iter().map(side).fold(Strength::default(), |all, one| Strength {
                killed: all.killed + one.killed,
                survived: all.survived + one.survived,
            })
        };
        (sum(|file| file.before), sum(|file| file.after))
    }

    /// Whether there are tests, and the whole suite passes with them.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        self.is_proved
    }

    /// The change as a diff.
    #[must_use]
    pub fn diff(&self) -> String {
        self.patch.to_unified(|path| self.snapshot.file(path).map(|file| &*file.text)).unwrap_or_default()
    }

    /// Where a fault begins: the line, from 1.
    #[must_use]
    pub fn line(&self, mutant: &Mutant) -> u32 {
        let text = self.snapshot.file(&mutant.file).map(|file| file.text.clone());
        let before = text.as_deref().and_then(|text| text.get(..mutant.range.start)).unwrap_or_default();
        u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
    }

    /// Whether it was written into the project.
    #[must_use]
    pub fn applied(&self) -> &[RelPath] {
        &self.applied
    }

    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (before, after) = self.strength();
        json!({
            "schema": "hephaestus/testgen/1",
            "command": "testgen",
            "version": env!("CARGO_PKG_VERSION"),
            "root": self.root,
            "files": self.files.iter().map(|file| self.file_json(file)).collect::<Vec<_>>(),
            "before": strength_json(before),
            "after": strength_json(after),
            "patch": self.diff(),
            "applied": self.applied,
            "notices": self.notices,
            "stats": {
                "tests": self.tests().count(),
                "kills": self.kills(),
                "wall_s": self.wall.as_secs_f64(),
                "cpu_s": self.cpu.as_secs_f64(),
                "ended": self.ended,
            },
        })
    }

    fn file_json(&self, file: &FileTests) -> Value {
        let mutant = |mutant: &Mutant| json!({ "line": self.line(mutant), "operator": mutant.operator, "description": mutant.description });
        let test = |test: &GeneratedTest| {
            json!({
                "name": test.name,
                "shows": test.shows,
                "call": test.call,
                "expected": test.expected,
                "notices": test.notices.iter().map(mutant).collect::<Vec<_>>(),
                "lines": test.lines,
            })
        };
        json!({
            "file": file.file,
            "tests_in": file.tests_in,
            "before": strength_json(file.before),
            "after": strength_json(file.after),
            "tests": file.tests.iter().map(test).collect::<Vec<_>>(),
            "left": file.left.iter().map(mutant).collect::<Vec<_>>(),
            "tried": file.tried,
            "wavering": file.wavering,
            "cpu_s": file.cpu.as_secs_f64(),
        })
    }
}

fn strength_json(strength: Strength) -> Value {
    let score = strength.share().map(|share| (share * 1000.0).floor() / 10.0);
    json!({ "killed": strength.killed, "total": strength.total(), "score": score })
}
