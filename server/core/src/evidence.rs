//! Evidence: the raw facts of a trial. No opinion lives here.

use crate::{ExternalMeasure, RegionStrength, Strength};
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
    /// The tests that reach the change once more, where the whole suite has run already.
    Again,
    /// Old and new version on captured and mutated inputs.
    Inputs,
    /// Mutants of the touched region.
    Strength,
    /// Old and new version against the clock.
    Speed,
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
            Self::Again => "reaching tests again",
            Self::Inputs => "differential inputs",
            Self::Strength => "test strength",
            Self::Speed => "benchmark",
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

    /// What the sandbox does not keep apart as it should, in words; empty when everything is in force.
    #[must_use]
    pub fn lacks(self) -> Vec<&'static str> {
        let files = (self.files != FileIsolation::Overlay).then_some("files are copied");
        let processes = match self.processes {
            ProcessIsolation::Namespace => None,
            ProcessIsolation::Subreaper => Some("processes see those of the machine"),
            ProcessIsolation::Group => Some("processes that detach themselves survive"),
        };
        let network = match self.network {
            NetworkIsolation::None => None,
            NetworkIsolation::TcpDenied => Some("only TCP is kept away"),
            NetworkIsolation::Shared => Some("the network is not kept away"),
        };
        [files, processes, network].into_iter().flatten().collect()
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

/// An input on which old and new version do not do the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The call.
    pub input: String,
    /// What the old version does.
    pub before: String,
    /// What the new version does.
    pub after: String,
}

/// Old and new version of a function on the same inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The function, qualified.
    pub function: String,
    /// Inputs captured while the tests ran.
    pub captured: u32,
    /// Inputs made from those.
    pub mutated: u32,
    /// Inputs among both on which the old version did the same twice, so that the new one could be compared with it.
    #[serde(default)]
    pub inputs: u32,
    /// Where they differ; the first ones.
    pub differences: Vec<Difference>,
    /// Why it was left out, where it was.
    pub left_out: Option<String>,
}

/// How much faster a candidate is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// The function, qualified.
    pub function: String,
    /// Median of new time over old time, on fresh samples; below 1 is faster.
    pub ratio: f64,
    /// Its confidence interval, corrected for the number of candidates tried.
    pub interval: (f64, f64),
    /// How much faster than itself the old version seems, by chance alone.
    pub floor: f64,
    /// Pairs of samples.
    pub pairs: u32,
    /// Captured inputs in one sample.
    pub inputs: u32,
    /// Candidates that were measured for this function, this one included.
    pub tried: u32,
    /// Why nothing is claimed, where nothing is.
    pub left_out: Option<String>,
}

impl Speed {
    /// The gain a claim needs, whatever the noise.
    pub const LEAST_GAIN: f64 = 0.05;

    /// Whether all of the interval is faster than noise and least gain would explain.
    #[must_use]
    pub fn is_claim(&self) -> bool {
        self.left_out.is_none() && self.interval.1 < 1.0 - self.floor.max(Self::LEAST_GAIN)
    }
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
    /// How strong the tests are here; absent where it was not measured.
    #[serde(default)]
    pub strength: Option<RegionStrength>,
    /// Old and new version on the same inputs, for goals that keep behaviour.
    #[serde(default)]
    pub compared: Vec<Compared>,
    /// Old and new version against the clock, for speed goals.
    #[serde(default)]
    pub speed: Option<Speed>,
    /// What programs of the user's measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external: Vec<ExternalMeasure>,
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

    /// What a stage measured, in a few words; `None` for stages that only hold or fall.
    #[must_use]
    pub fn measured(&self, stage: Stage) -> Option<String> {
        match stage {
            Stage::Inputs => {
                let inputs: u32 = self.compared.iter().map(|compared| compared.inputs).sum();
                Some(format!("the same on {inputs} inputs"))
            }
            Stage::Strength => {
                let strength = self.strength.as_ref()?;
                let side = |side: Strength| format!("{} of {}", side.killed, side.total());
                let (before, after) = (side(strength.before), side(strength.after));
                Some(format!("the tests notice {before} mutants of the code before, {after} after"))
            }
            Stage::Speed => {
                let speed = self.speed.as_ref().filter(|speed| speed.left_out.is_none())?;
                let (low, high) = speed.interval;
                let words = format!("{:.2} times the time (interval {low:.2}-{high:.2})", speed.ratio);
                Some(format!("{words}, noise {:.2}, {} pairs of samples", speed.floor, speed.pairs))
            }
            _ => None,
        }
    }

    /// How often the tests that reach the change passed: the full runs, and those of these tests alone.
    #[must_use]
    pub fn stable_runs(&self) -> usize {
        let again = self.stages.iter().filter(|run| run.stage == Stage::Again && run.held).count();
        self.full_runs() + again
    }

    /// How often the full suite held.
    #[must_use]
    pub fn full_runs(&self) -> usize {
        self.stages.iter().filter(|run| run.stage == Stage::Full && run.held).count()
    }
}
