//! Why a workspace cannot judge candidates: environment problems told apart from failing tests, each with what to do.

use hephaestus_core::TestFailure;

/// What stands between the workspace and a judgement.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// No runner fits: there are no tests that we recognise.
    #[error("no tests were found")]
    NoTests,
    /// A runner fits, but its program is not there.
    #[error("the test runner cannot be started: {0}")]
    ProgramMissing(String),
    /// The project does not build.
    #[error("the project does not build")]
    BuildFailed {
        /// The end of the build's output.
        tail: String,
        /// What to look at.
        hint: String,
    },
    /// The suite did not get as far as a verdict.
    #[error("the test run broke: {message}")]
    Broken {
        /// What happened.
        message: String,
        /// The end of the output.
        tail: String,
    },
    /// The suite ran, and there was no test in it.
    #[error("the test suite is empty")]
    Empty,
    /// Every test fails.
    #[error("every test fails on the unchanged code")]
    AllRed(Vec<TestFailure>),
    /// The suite takes longer than it may.
    #[error("the tests did not end within {0} s")]
    TimedOut(u64),
    /// The sandbox cannot be set up.
    #[error("the sandbox cannot be set up: {0}")]
    Sandbox(String),
    /// The user asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl Problem {
    /// Whether the surroundings are at fault rather than the tests.
    #[must_use]
    pub fn is_environment(&self) -> bool {
        matches!(
            self,
            Self::ProgramMissing(_) | Self::BuildFailed { .. } | Self::Broken { .. } | Self::Sandbox(_)
        )
    }

    /// What to do about it, in a sentence or two.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoTests => "Write a test, or name the test command in hephaestus.toml: `[testing] command = \"…\"`.".to_owned(),
            Self::ProgramMissing(_) => "`hephaestus doctor` shows what is there.".to_owned(),
            Self::BuildFailed { hint, .. } => hint.clone(),
            Self::Broken { .. } => "Run the test command yourself; if it works there, `hephaestus doctor` shows what the sandbox withholds.".to_owned(),
            Self::Empty => "The runner was found, but it found no test: is the suite where it looks?".to_owned(),
            Self::AllRed(_) => "Mend the tests first: a red suite cannot judge anything.".to_owned(),
            Self::TimedOut(_) => "Raise `testing.baseline_timeout` in hephaestus.toml, or name a faster `testing.command`.".to_owned(),
            Self::Sandbox(_) => "`hephaestus doctor` shows which part fails and how to mend it.".to_owned(),
            Self::Cancelled => String::new(),
        }
    }

    /// The output that belongs to it.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::BuildFailed { tail, .. } | Self::Broken { tail, .. } => tail.clone(),
            Self::AllRed(failures) => {
                let shown: Vec<_> = failures
                    .iter()
                    .take(5)
                    .map(|failure| format!("{}: {}", failure.id, gist(&failure.message)))
                    .collect();
                shown.join("\n")
            }
            _ => String::new(),
        }
    }
}

/// The first line, and the last one where they differ: a traceback says at its end what happened.
fn gist(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    lines.next_back().map_or_else(|| first.to_owned(), |last| format!("{first} … {last}"))
}
