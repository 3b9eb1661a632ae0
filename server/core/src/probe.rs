//! Probing: what a search asks of the tests while it looks for a change, and what it is told. A filter that is as fast as
//! it can be; it is never the judge of what is offered.

use crate::{ByteRange, CancelToken, Edit, LanguageId, RelPath, TestFailure};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Lines of files, 1-based, by file: what a test ran through.
pub type TestLines = BTreeMap<RelPath, BTreeSet<u32>>;

/// A test and what it ran through on the unchanged code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TracedTest {
    /// Its id, as the suite's own report has it.
    pub id: String,
    /// How it fails, where it does.
    pub failure: Option<TestFailure>,
    /// Which lines it ran through.
    pub lines: TestLines,
}

/// All tests with the lines they ran through (a program spectrum).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Spectrum {
    /// Tests that fail, in the suite's order.
    pub red: Vec<TracedTest>,
    /// Tests that pass, in the suite's order.
    pub green: Vec<TracedTest>,
}

/// A change of one file that is to be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its number within the request.
    pub id: u32,
    /// The file.
    pub file: RelPath,
    /// Edits of the unchanged text: sorted, disjoint.
    pub edits: Vec<Edit>,
}

/// Variants of one file, and the tests they are shown to.
#[derive(Debug, Clone)]
pub struct ProbeRequest<'a> {
    /// The variants; all of one file.
    pub variants: &'a [Variant],
    /// Tests that fail on the unchanged code and should pass, in the order in which they are run.
    pub red: &'a [String],
    /// Tests that pass and must go on doing so; asked when all red ones pass.
    pub green: &'a [String],
    /// So many red tests are run whatever they say; the others until the first one fails.
    pub ahead: u32,
    /// What all of it may take.
    pub limit: Duration,
}

/// What became of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeEnd {
    /// All tests pass.
    Passed,
    /// A red test still fails.
    Failed,
    /// All red tests pass, but a green one fails.
    Broken,
    /// It did not end in time.
    Timeout,
    /// The process died.
    Died,
    /// It does not compile, or cannot be loaded.
    Unloadable,
}

/// What is told of one variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// Its number.
    pub variant: u32,
    /// What became of it.
    pub end: ProbeEnd,
    /// How many of the red tests that were run passed.
    pub red_passed: u32,
    /// Where and how the first one failed: the same text for the same failure; empty where none did.
    pub mark: String,
}

/// Variants of one function whose behaviour is to be told apart.
#[derive(Debug, Clone)]
pub struct BehaviourRequest<'a> {
    /// The file.
    pub file: &'a RelPath,
    /// The function, qualified.
    pub function: &'a str,
    /// The tests whose calls are captured.
    pub tests: &'a [String],
    /// The variants, all of that function; one without edits is the unchanged code.
    pub variants: &'a [Variant],
    /// Seed of the inputs that are made up.
    pub seed: u64,
    /// How many are made up at most.
    pub mutations: u32,
    /// Calls of the function with plain values, as the documentation shows them: inputs too, if they can be read.
    pub examples: &'a [String],
    /// What all of it may take.
    pub limit: Duration,
}

/// What variants of a function do on the same inputs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Behaviour {
    /// The inputs, as calls, the smallest first.
    pub inputs: Vec<String>,
    /// What is said at all.
    pub said: Vec<String>,
    /// By variant, for each input: which of `said`; negative where it says nothing (twice the same).
    pub table: BTreeMap<u32, Vec<i32>>,
}

/// Shows many variants to tests, as fast as the project allows. The harness implements it.
pub trait Probe: Send + Sync {
    /// All tests of that language's suite with the lines they run through.
    ///
    /// # Errors
    /// A sentence that says why it cannot be known.
    fn spectrum(&self, language: &LanguageId, cancel: &CancelToken) -> Result<Spectrum, String>;

    /// Shows variants to tests; `done` is told of each as it ends, in any order. Those it is not told of were not tried.
    /// Returns the CPU time that was used.
    ///
    /// # Errors
    /// A sentence that says why nothing (more) can be tried.
    fn probe(
        &self,
        request: &ProbeRequest<'_>,
        cancel: &CancelToken,
        done: &mut dyn FnMut(Probed),
    ) -> Result<Duration, String>;

    /// Runs variants of a function on captured and made-up inputs.
    ///
    /// # Errors
    /// A sentence that says why that cannot be done here.
    fn behaviour(&self, request: &BehaviourRequest<'_>, cancel: &CancelToken) -> Result<Behaviour, String>;
}

/// Code that is suspected of making tests fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// The file.
    pub file: RelPath,
    /// The statement or line.
    pub range: ByteRange,
    /// 1-based line of its start.
    pub line: u32,
    /// Suspicion (Ochiai), 0 to 1.
    pub suspicion: f64,
}

/// Tests that seem to fail for one reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// The tests.
    pub tests: Vec<String>,
    /// Where it may lie, the most suspicious first.
    pub suspects: Vec<Suspect>,
}

/// An input on which changes that pass the same tests differ: what only the user can answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The call.
    pub input: String,
    /// What this change makes of it.
    pub answer: String,
    /// What others make of it, the most frequent first.
    pub others: Vec<String>,
}

/// How a change was found by a search.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Variants that were tried for this goal, this one included.
    pub tried: u64,
    /// CPU time of trying them.
    pub cpu: Duration,
    /// Other changes that pass the same tests.
    pub alternatives: u32,
    /// How many of those do the same on every input that was tried.
    pub agreeing: u32,
    /// Inputs on which they differ, the simplest first.
    pub questions: Vec<Question>,
    /// How many tests fail on the unchanged code and pass with the change.
    pub mended: u32,
    /// How sure the search is, 0 to 1.
    pub confidence: f64,
}
