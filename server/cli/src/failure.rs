//! What can go wrong for a user, by whose turn it is to act, and the exit codes that say so.

use hephaestus_workspace::registry::RegistryError;
use hephaestus_workspace::{
    ApplyError, ForgeError, LlmRefusal, MutantsError, Problem, TestgenError, UnlockError, WorkspaceError,
};
use std::process::ExitCode;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The asked-for threshold was missed.
    Missed,
    /// Usage or configuration.
    Usage,
    /// The baseline cannot be judged.
    Baseline,
    /// Ours, or the machine's.
    Internal,
}

/// One failure, as it is shown.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    /// What happened.
    pub(crate) message: String,
    /// Output that belongs to it.
    pub(crate) detail: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: String::new(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// 1 missed, 2 usage or configuration, 3 baseline, 4 internal.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::Missed => 1,
            Kind::Usage => 2,
            Kind::Baseline => 3,
            Kind::Internal => 4,
        })
    }
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        let kind = if matches!(error, WorkspaceError::Internal(_)) { Kind::Internal } else { Kind::Usage };
        let failure = Self::new(kind, error.to_string());
        match error {
            WorkspaceError::Config(_) | WorkspaceError::Glob(_) => {
                failure.hint("`hephaestus schema` prints every key with its type and meaning.")
            }
            WorkspaceError::NoSources(_) => failure.hint(
                "`hephaestus pack list` shows the languages there are. Is everything excluded by .gitignore?",
            ),
            _ => failure,
        }
    }
}

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        match error {
            ForgeError::Problem(problem) => problem.into(),
            ForgeError::Internal(message) => Self::new(Kind::Internal, message),
        }
    }
}

impl From<MutantsError> for Failure {
    fn from(error: MutantsError) -> Self {
        match error {
            MutantsError::Problem(problem) => problem.into(),
            MutantsError::Diff(message) => Self::new(Kind::Usage, message)
                .hint("`git diff REV | hephaestus mutants --in-diff -` leaves git to your shell."),
            MutantsError::Glob(message) => Self::new(Kind::Usage, message),
            MutantsError::Internal(message) => Self::new(Kind::Internal, message),
        }
    }
}

impl From<TestgenError> for Failure {
    fn from(error: TestgenError) -> Self {
        match error {
            TestgenError::Mutants(error) => error.into(),
            TestgenError::Problem(problem) => problem.into(),
        }
    }
}

impl From<UnlockError> for Failure {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::Testgen(error) => error.into(),
            UnlockError::Forge(error) => error.into(),
            UnlockError::Workspace(error) => error.into(),
            UnlockError::Io(error) => error.into(),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        if problem == Problem::Cancelled {
            return Self::new(Kind::Missed, "stopped before anything was tried");
        }
        let mut failure = Self::new(Kind::Baseline, problem.to_string()).hint(problem.hint());
        failure.detail = problem.detail();
        failure
    }
}

impl From<LlmRefusal> for Failure {
    fn from(refusal: LlmRefusal) -> Self {
        Self::new(Kind::Usage, refusal.to_string()).hint(refusal.hint())
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        Self::new(Kind::Internal, error.to_string())
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::new(Kind::Usage, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Kind::Internal, error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::new(Kind::Internal, error.to_string())
    }
}
