//! Steps and their outcomes: what is run in a session, and the raw facts that come back. No opinion about them.

use hephaestus_core::RelPath;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Written in [`Step::argv`] and [`Step::env`] where the path of the step's out folder belongs.
pub const OUT: &str = "{out}";

/// One command of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The program (looked up in `PATH` unless it has a slash) and its arguments. `{out}` becomes the out folder.
    pub argv: Vec<String>,
    /// The folder to run in; the root when absent.
    pub cwd: Option<RelPath>,
    /// Variables on top of the sandbox's environment. `{out}` in a value becomes the out folder.
    pub env: Vec<(String, String)>,
    /// Wall-clock time after which everything is killed. The time it is frozen does not count, nor, at idle priority, the
    /// time others keep it from the processor (up to twenty times the limit).
    pub timeout: Duration,
    /// Report files to hand back: paths relative to the out folder, `/`-separated; `*` and `?` stand for characters of
    /// one component, `**` for anything. A file of more than 32 MiB is cut there.
    pub collect: Vec<String>,
    /// Niceness, 0 to 19, where the sandbox does not run at idle priority anyway.
    pub niceness: u8,
}

impl Step {
    /// A command at the root, ten steps nicer than the harness, that leaves no reports.
    #[must_use]
    pub fn new(argv: impl IntoIterator<Item = impl Into<String>>, timeout: Duration) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), timeout, ..Self::default() }
    }
}

impl Default for Step {
    /// No command yet, a minute's time, ten steps nicer than the harness.
    fn default() -> Self {
        Self {
            argv: Vec::new(),
            cwd: None,
            env: Vec::new(),
            timeout: Duration::from_secs(60),
            collect: Vec::new(),
            niceness: 10,
        }
    }
}

/// A command at idle priority that is never let run is given up after this many times its limit.
const PATIENCE: u32 = 20;

/// How long a command at idle priority may take by the clock.
pub(super) fn patience(limit: Duration) -> Duration {
    limit.saturating_mul(PATIENCE)
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepStatus {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Signaled(i32),
    /// It ran past its time limit and was killed.
    TimedOut,
    /// Somebody asked to stop; the session is over.
    Cancelled,
    /// The command could not be started.
    NotStarted {
        /// Why, in plain words.
        reason: String,
        /// Whether the program (or the interpreter its first line names) does not exist.
        not_found: bool,
    },
    /// What a session may write is used up, whatever the exit code says.
    DiskFull,
}

/// What a step wrote to one of its streams: its first 64 KiB and its last 192 KiB, invalid UTF-8 replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// The text, with a line that says so where a part is left out.
    pub text: String,
    /// Whether a part is left out.
    pub truncated: bool,
}

/// The raw facts of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepOutcome {
    /// How it ended.
    pub status: StepStatus,
    /// Wall-clock time until the command itself ended, as far as it counts for [`Step::timeout`].
    pub wall: Duration,
    /// How long it was frozen because the pace was held.
    pub frozen: Duration,
    /// How long the pace kept it from starting.
    #[serde(skip)]
    pub waited: Duration,
    /// User and system time of all processes that were reaped. In the fall-back without a PID namespace or a subreaper
    /// (see [`hephaestus_core::ProcessIsolation`]) detached processes are missing.
    pub cpu: Duration,
    /// Largest resident set of one of its processes, in KiB.
    pub max_rss_kb: u64,
    /// Standard output.
    pub stdout: Captured,
    /// Standard error.
    pub stderr: Captured,
    /// The collected reports by path relative to the out folder, sorted.
    #[serde(skip)]
    pub files: Vec<(String, Vec<u8>)>,
    /// Processes that outlived the command and were killed.
    pub left_running: u32,
}

impl StepOutcome {
    /// An outcome that is all status.
    pub(super) fn bare(status: StepStatus, wall: Duration) -> Self {
        Self {
            status,
            wall,
            frozen: Duration::ZERO,
            waited: Duration::ZERO,
            cpu: Duration::ZERO,
            max_rss_kb: 0,
            stdout: Captured::default(),
            stderr: Captured::default(),
            files: Vec::new(),
            left_running: 0,
        }
    }
}
