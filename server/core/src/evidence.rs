//! Evidence: the raw facts of a trial. No opinion lives here.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A step of the cascade, cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The patched files parse.
    Parse,
    /// The project builds.
    Build,
    /// The tests must notice when the touched code is broken on purpose.
    Reach,
    /// The tests that can reach the change.
    Impacted,
    /// The whole suite.
    Full,
    /// The linter that saw the goal looks again.
    Recheck,
}

impl Stage {
    /// The word in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Build => "build",
            Self::Reach => "reach check",
            Self::Impacted => "impacted tests",
            Self::Full => "full suite",
            Self::Recheck => "linter recheck",
        }
    }
}

/// A test that failed although it passes on the original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestFailure {
    /// The test's id in its framework's own notation.
    pub id: String,
    /// The first lines of what it said.
    pub message: String,
}

/// One run of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageRun {
    /// Which stage.
    pub stage: Stage,
    /// The command, as typed into a shell; empty where none was run.
    pub command: String,
    /// Tests that passed.
    pub passed: u32,
    /// Tests that were skipped by the suite itself.
    pub skipped: u32,
    /// Tests that failed and are no known red or flaky ones.
    pub failures: Vec<TestFailure>,
    /// Whether the stage held.
    pub held: bool,
    /// Wall-clock time.
    pub wall: Duration,
    /// CPU time of all its processes.
    pub cpu: Duration,
    /// The end of the output, where the stage did not hold.
    pub tail: String,
}

/// How files were kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileIsolation {
    /// A copy-on-write view; nothing else is writable.
    Overlay,
    /// A copy of the workspace.
    Copy,
}

/// How processes were kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessIsolation {
    /// A PID namespace: nothing survives it.
    Namespace,
    /// A subreaper that hunts down what detached itself.
    Subreaper,
    /// A process group: what detaches itself survives.
    Group,
}

/// How the network was kept away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkIsolation {
    /// A network namespace without any interface but an own loopback.
    None,
    /// Landlock denies TCP bind and connect; other sockets are open.
    TcpDenied,
    /// Not kept away.
    Shared,
}

/// What the sandbox could do on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation {
    /// Files.
    pub files: FileIsolation,
    /// Processes.
    pub processes: ProcessIsolation,
    /// Network.
    pub network: NetworkIsolation,
    /// Landlock's ABI version where it is in force, 0 where not.
    pub landlock: u32,
}

impl Isolation {
    /// Whether everything the design asks for is in force.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.files == FileIsolation::Overlay
            && self.processes == ProcessIsolation::Namespace
            && self.network == NetworkIsolation::None
    }
}

/// How many findings a linter or the rules have in the touched files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingCount {
    /// Who counted: a fixer's id.
    pub source: String,
    /// Findings by code before, sorted by code.
    pub before: Vec<(String, u32)>,
    /// Findings by code after, sorted by code.
    pub after: Vec<(String, u32)>,
}

/// The raw facts of a trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The stages in the order they ran.
    pub stages: Vec<StageRun>,
    /// The runner's name, e.g. `pytest`.
    pub runner: String,
    /// How the runs were isolated; `None` when nothing was run.
    pub isolation: Option<Isolation>,
    /// Linter counts, where the goal came from a linter.
    pub findings: Vec<FindingCount>,
    /// Tests set aside because they are red or flaky on the original.
    pub set_aside: Vec<String>,
    /// What nobody looked at, in plain words.
    pub not_checked: Vec<String>,
    /// Anything the user should know (degraded sandbox, truncated output, …).
    pub notes: Vec<String>,
}

impl Evidence {
    /// The run that brought the candidate down, if one did.
    #[must_use]
    pub fn fall(&self) -> Option<&StageRun> {
        self.stages.iter().find(|run| !run.held)
    }

    /// Tests that passed in the last full run.
    #[must_use]
    pub fn tests_passed(&self) -> u32 {
        self.stages.iter().rev().find(|run| run.stage == Stage::Full).map_or(0, |run| run.passed)
    }

    /// How often the full suite held.
    #[must_use]
    pub fn full_runs(&self) -> usize {
        self.stages.iter().filter(|run| run.stage == Stage::Full && run.held).count()
    }
}
