//! Trials: one run of one candidate through the harness.

use crate::{Candidate, CandidateId, Evidence};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// How a trial ended. Closed: whoever matches on it handles every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every stage held.
    Passed,
    /// A test that passes on the original failed.
    Failed,
    /// It does not parse or compile.
    Unviable,
    /// No test notices when the touched code is broken: the suite cannot judge it.
    Unreached,
    /// It ran past its time limit.
    TimedOut,
    /// The same run gave different results.
    Flaky,
    /// Somebody asked to stop.
    Cancelled,
    /// The harness itself could not run it; says nothing about the candidate.
    Errored,
}

impl Verdict {
    /// The word in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unviable => "unviable",
            Self::Unreached => "unreached",
            Self::TimedOut => "timed-out",
            Self::Flaky => "flaky",
            Self::Cancelled => "cancelled",
            Self::Errored => "errored",
        }
    }

    /// Whether the verdict is about the candidate (and so worth remembering) rather than about the circumstances.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Cancelled | Self::Errored)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a trial cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TrialCost {
    /// Wall-clock time.
    pub wall: Duration,
    /// CPU time (user and system) of all processes it started.
    pub cpu: Duration,
}

/// One run of one candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Which candidate.
    pub candidate: CandidateId,
    /// How it ended.
    pub verdict: Verdict,
    /// The raw facts.
    pub evidence: Evidence,
    /// What it cost; nothing when it is remembered.
    pub cost: TrialCost,
    /// Whether it was made in an earlier run, on the very same code.
    #[serde(default)]
    pub remembered: bool,
}

/// A candidate that did not hold, with what brought it down: what an engine that learns goes on from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setback {
    /// The candidate.
    pub candidate: Candidate,
    /// Its trial.
    pub trial: Trial,
    /// Why it was not accepted although its tests passed; empty where they did not.
    pub reasons: Vec<String>,
}

impl Setback {
    /// How near it came, 0 to 1: nothing where it does not compile, the share of tests that passed where one failed.
    #[must_use]
    pub fn nearness(&self) -> f64 {
        match self.trial.verdict {
            Verdict::Passed => 1.0,
            Verdict::Failed | Verdict::Flaky => self.trial.evidence.fall().map_or(0.0, |run| {
                let failed = u32::try_from(run.failures.len()).unwrap_or(u32::MAX);
                let all = run.passed.saturating_add(failed).max(1);
                0.1 + 0.8 * f64::from(run.passed) / f64::from(all)
            }),
            _ => 0.0,
        }
    }
}
