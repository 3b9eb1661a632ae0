//! The sandbox: runs commands on a copy-on-write view of a workspace and lets nothing of it come back out.
//!
//! A [`Session`] is one view with one helper process: candidate files are written into it, [`Step`]s run in it one
//! after another, their reports are read, and when it is dropped everything dies and vanishes. What is in force on this
//! machine is probed once, by opening a tiny session, and told in [`hephaestus_core::Isolation`] and in plain words.
//!
//! The helper is this program started again under a hidden subcommand that calls [`helper_main`]. On Linux it makes new
//! namespaces, mounts an overlay over the workspace's own path, makes everything else read-only and is process 1 in
//! there, so that nothing outlives it. Where the kernel refuses, the workspace is copied instead, and the notes say so.
//!
//! It must not know what a test or a candidate is, and it must never write below the workspace it was given.

#[cfg(unix)]
mod captured;
#[cfg(unix)]
mod copy;
mod environment;
#[cfg(unix)]
mod files;
mod init;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(target_os = "linux")]
mod namespaces;
#[cfg(unix)]
mod place;
mod probe;
mod protocol;
#[cfg(unix)]
mod run;
mod scratch;
#[cfg(unix)]
mod served;
mod session;
mod step;
#[cfg(unix)]
mod sys;
mod talk;
#[cfg(unix)]
mod voice;
#[cfg(unix)]
mod wall;

pub use init::helper_main;
pub use scratch::sweep;
pub use session::Session;
pub use step::{Captured, OUT, Step, StepOutcome, StepStatus};
pub use talk::{Heard, Talk};

#[cfg(unix)]
pub use sys::lower_priority_of_this_thread;

use crate::sandbox::probe::{Attempt, Probed};
use crate::sandbox::session::wait_for;
use hephaestus_core::{CancelToken, Isolation, Pace, RelPath, SandboxSettings};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tempfile::TempDir;

/// Without Unix there are no priorities to lower.
#[cfg(not(unix))]
pub fn lower_priority_of_this_thread() {}

/// How the helper is started: a program and the arguments that make it call [`helper_main`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelperCommand {
    /// The program, as an absolute path.
    pub program: PathBuf,
    /// The arguments, e.g. `sandbox-init`.
    pub args: Vec<OsString>,
}

/// Which workspace a session shows, and where what is written goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// The workspace.
    pub root: PathBuf,
    /// Finished `keep` folders of earlier sessions of the same workspace, nearest first: they lie over the root.
    pub layers: Vec<PathBuf>,
    /// An empty (or missing) folder on disk that takes everything written below the root and stays, as a layer for
    /// later views. It must not lie inside the workspace. Without one, what is written is held in memory, limited by
    /// `disk_mb`, and forgotten.
    pub keep: Option<PathBuf>,
}

/// Why the sandbox could not do what was asked. Says nothing about the commands that were to be run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The helper program does not start or does not speak.
    #[error("cannot start the sandbox helper `{}`: {source}", program.display())]
    Helper {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `require_full` is set and this machine cannot.
    #[error("the full sandbox is required but not available: {}", notes.join(" "))]
    NotFull {
        /// What is degraded, why, and how to mend it.
        notes: Vec<String>,
    },
    /// No session can be opened on this workspace, in no mode.
    #[error("cannot open a sandbox on {}: {message}", root.display())]
    Open {
        /// The workspace.
        root: PathBuf,
        /// What was tried and what came of it.
        message: String,
    },
    /// A file of the view was not written.
    #[error("cannot write `{path}` in the sandbox: {reason}")]
    Write {
        /// The file.
        path: RelPath,
        /// Why.
        reason: String,
    },
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The session is over: cancelled, out of time, or its helper died.
    #[error("the sandbox session is over: {0}")]
    Over(String),
}

/// Opens sessions. Cheap to clone; clones share what was probed.
#[derive(Debug, Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
    pace: Pace,
    idle: bool,
    kept_builds: Option<PathBuf>,
    /// Files that lie over every workspace.
    over: Option<PathBuf>,
}

/// How every session is opened, whatever it shows.
#[derive(Debug, Clone, Copy)]
struct Terms<'a> {
    helper: &'a HelperCommand,
    settings: &'a SandboxSettings,
    idle: bool,
}

#[derive(Debug)]
struct Inner {
    helper: HelperCommand,
    settings: SandboxSettings,
    force_copy: bool,
    probed: OnceLock<Result<Probed, String>>,
    /// By workspace: the attempt that worked there, where it is not the machine's best one, and why not.
    known: Mutex<HashMap<PathBuf, (Attempt, Vec<String>)>>,
}

impl Sandbox {
    /// A sandbox that uses what this machine offers, or copies only where the variable `HEPHAESTUS_SANDBOX` is `copy`.
    /// Also removes what dead processes left behind.
    #[must_use]
    pub fn new(helper: HelperCommand, settings: SandboxSettings) -> Self {
        let force_copy = std::env::var_os("HEPHAESTUS_SANDBOX").is_some_and(|value| value == "copy");
        Self::build(helper, settings, force_copy)
    }

    /// A sandbox that uses the fall-back whatever this machine offers.
    #[must_use]
    pub fn copying(helper: HelperCommand, settings: SandboxSettings) -> Self {
        Self::build(helper, settings, true)
    }

    fn build(helper: HelperCommand, settings: SandboxSettings, force_copy: bool) -> Self {
        sweep();
        let (probed, known) = (OnceLock::new(), Mutex::default());
        let inner = Arc::new(Inner { helper, settings, force_copy, probed, known });
        Self { inner, pace: Pace::default(), idle: false, kept_builds: None, over: None }
    }

    /// The same sandbox, which stands still while `pace` is held: sessions do not open, steps do not start, and the
    /// processes of those that run are frozen. The time this takes is on nobody's account.
    #[must_use]
    pub fn yielding(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// The same sandbox, whose steps run only when nobody else on this machine wants to: least niceness and, on Linux,
    /// the idle classes of processor and disk.
    #[must_use]
    pub fn at_idle_priority(self) -> Self {
        Self { idle: true, ..self }
    }

    /// The same sandbox, beside which there is a folder for builds that are of use to later runs.
    #[must_use]
    pub fn keeping_builds(self, folder: PathBuf) -> Self {
        Self { kept_builds: Some(folder), ..self }
    }

    /// Where builds are kept for later runs, if anywhere.
    #[must_use]
    pub fn kept_builds(&self) -> Option<&Path> {
        self.kept_builds.as_deref()
    }

    /// The same sandbox, in which every workspace has the files of `layer` over its own.
    #[must_use]
    pub fn below(self, layer: PathBuf) -> Self {
        Self { over: Some(layer), ..self }
    }

    /// What is in force on this machine, and in plain words what is degraded, why, and how to mend it. A single
    /// workspace may get less: see [`Session::isolation`].
    ///
    /// # Errors
    /// When no session can be opened at all, or `require_full` is set and cannot be met.
    pub fn isolation(&self) -> Result<(Isolation, Vec<String>), SandboxError> {
        let probed = self.probed()?;
        let notes = probed.notes.clone();
        if self.inner.settings.require_full && !probed.isolation.is_full() {
            return Err(SandboxError::NotFull { notes });
        }
        Ok((probed.isolation, notes))
    }

    /// Opens a session.
    ///
    /// # Errors
    /// As [`Sandbox::isolation`]; when the workspace cannot be shown; [`SandboxError::Cancelled`].
    pub fn open(&self, view: &View, cancel: &CancelToken) -> Result<Session, SandboxError> {
        let waited = wait_for(&self.pace, cancel);
        if cancel.is_cancelled() {
            return Err(SandboxError::Cancelled);
        }
        let best = self.probed()?;
        let failed =
            |source: io::Error| SandboxError::Open { root: view.root.clone(), message: source.to_string() };
        let root = view.root.canonicalize().map_err(failed)?;
        if root.parent().is_none() {
            return Err(failed(io::Error::other("the root of the file system is no workspace")));
        }
        let known = self.known().get(&root).cloned();
        let first_time = known.is_none();
        let (attempt, mut notes) = known.unwrap_or_else(|| (best.attempt, Vec::new()));
        let layers = view.layers.iter().chain(&self.over).cloned().collect();
        let view = View { root: root.clone(), layers, ..view.clone() };
        let attempt = Attempt { check_owners: first_time, ..attempt };
        let (mut session, attempt) = probe::descend(self.terms(), &view, attempt, &mut notes, cancel)?;
        let attempt = Attempt { check_owners: false, ..attempt };
        self.known().insert(root, (attempt, notes.clone()));
        session.keep_pace(self.pace.clone(), waited);
        session.add_notes(best.notes.iter().cloned().chain(notes));
        if self.inner.settings.require_full && !session.isolation().is_full() {
            return Err(SandboxError::NotFull { notes: session.notes().to_vec() });
        }
        Ok(session)
    }

    /// A folder on disk for a [`View::keep`] (use a folder in it), swept up should this process die with it. `purpose`
    /// consists of letters and is part of its name.
    ///
    /// # Errors
    /// When the system's temporary folder cannot be written, or this user's folder in it is somebody else's.
    pub fn scratch(&self, purpose: &str) -> Result<TempDir, SandboxError> {
        scratch::temporary_folder(purpose)
            .map_err(|source| SandboxError::Open { root: std::env::temp_dir(), message: source.to_string() })
    }

    /// Address space of one process, in MiB.
    #[must_use]
    pub fn memory_mb(&self) -> u64 {
        self.inner.settings.memory_mb
    }

    fn terms(&self) -> Terms<'_> {
        Terms { helper: &self.inner.helper, settings: &self.inner.settings, idle: self.idle }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (Attempt, Vec<String>)>> {
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn probed(&self) -> Result<&Probed, SandboxError> {
        let Inner { force_copy, probed, .. } = self.inner.as_ref();
        probed
            .get_or_init(|| {
                probe::probe(self.terms(), *force_copy).map_err(|error| match error {
                    SandboxError::Open { message, .. } => message,
                    other => other.to_string(),
                })
            })
            .as_ref()
            .map_err(|message| SandboxError::Open { root: std::env::temp_dir(), message: message.clone() })
    }
}
