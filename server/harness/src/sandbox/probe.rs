//! Finds out what works: tries the strongest isolation first and descends, saying in plain words what was lost and how
//! to mend it. Decides only between ways to open a session; how they are opened is the session's and the helper's.

use crate::sandbox::protocol::{Failure, Lacking, Mode};
use crate::sandbox::scratch::ScratchFolder;
use crate::sandbox::session::{OpenError, Session};
use crate::sandbox::{SandboxError, Step, Terms, View};
use hephaestus_core::{CancelToken, Isolation, NetworkIsolation, ProcessIsolation, RelPath};
use std::time::Duration;

/// One way to open a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    /// Namespaces or not, overlay or copy.
    pub(super) mode: Mode,
    /// Whether the overlay's upper folder must be on disk.
    pub(super) disk_upper: bool,
    /// Whether to look for files an overlay could not copy up.
    pub(super) check_owners: bool,
}

impl Attempt {
    const FULL: Self =
        Self { mode: Mode { namespaces: true, copy: false }, disk_upper: false, check_owners: false };
    const LEAST: Self =
        Self { mode: Mode { namespaces: false, copy: true }, disk_upper: false, check_owners: false };

    /// The next weaker way after `lacking` was found, if there is one.
    fn without(self, lacking: Lacking) -> Option<Self> {
        let next = match lacking {
            Lacking::MemoryUpper => Self { disk_upper: true, ..self },
            Lacking::Overlay => Self { mode: Mode { copy: true, ..self.mode }, ..self },
            Lacking::Namespaces => Self { mode: Self::LEAST.mode, ..self },
            Lacking::Workspace => return None,
        };
        (next != self).then_some(next)
    }
}

/// What this machine offers.
#[derive(Debug)]
pub(super) struct Probed {
    /// The strongest way that works.
    pub(super) attempt: Attempt,
    /// What is in force then.
    pub(super) isolation: Isolation,
    /// What is degraded, why, and how to mend it.
    pub(super) notes: Vec<String>,
}

/// Opens a tiny session, writes a file and runs a command in it.
pub(super) fn probe(terms: Terms<'_>, force_copy: bool) -> Result<Probed, SandboxError> {
    let mut notes = Vec::new();
    let start = if force_copy {
        notes.push("The fall-back sandbox was asked for (HEPHAESTUS_SANDBOX=copy).".to_owned());
        Attempt::LEAST
    } else if cfg!(target_os = "linux") {
        Attempt::FULL
    } else {
        notes.push(
            "This operating system has no namespaces; tests run in a copy of the workspace.".to_owned(),
        );
        Attempt::LEAST
    };
    let failed = |error: std::io::Error| SandboxError::Open {
        root: std::env::temp_dir(),
        message: format!("the probe's folder cannot be made: {error}"),
    };
    let workspace = ScratchFolder::new("probe").map_err(failed)?;
    let root = workspace.path().join("workspace");
    std::fs::create_dir(&root).and_then(|()| std::fs::write(root.join("probe"), "before")).map_err(failed)?;
    let view = View { root, ..View::default() };
    let cancel = CancelToken::new();
    let (mut session, attempt) = descend(terms, &view, start, &mut notes, &cancel)?;
    if let Ok(path) = RelPath::new("probe") {
        session.write(&path, Some(b"after"))?;
    }
    session.run(&Step::new(["true"], Duration::from_secs(20)), &cancel)?;
    let isolation = session.isolation();
    notes.extend(session.notes().iter().cloned());
    notes.extend(plain_words(isolation));
    Ok(Probed { attempt, isolation, notes })
}

/// Opens a session in the strongest way from `attempt` down that works for `view`, noting every step down.
pub(super) fn descend(
    terms: Terms<'_>,
    view: &View,
    mut attempt: Attempt,
    notes: &mut Vec<String>,
    cancel: &CancelToken,
) -> Result<(Session, Attempt), SandboxError> {
    loop {
        let failure = match Session::open(terms, view, attempt, cancel) {
            Ok(session) => return Ok((session, attempt)),
            Err(OpenError::Final(error)) => return Err(error),
            Err(OpenError::Lacking(failure)) => failure,
        };
        let Some(next) = attempt.without(failure.lacking) else {
            return Err(SandboxError::Open { root: view.root.clone(), message: failure.message });
        };
        notes.extend(loss(&failure));
        tracing::info!(?attempt, ?failure, "the sandbox steps down");
        attempt = next;
    }
}

/// What a failure costs, in plain words.
fn loss(failure: &Failure) -> Option<String> {
    let message = &failure.message;
    match failure.lacking {
        Lacking::Namespaces => Some(format!(
            "This system gives no user namespaces ({message}), so tests run in a copy of the workspace and see the \
             machine's processes. To mend it: on Ubuntu `sudo sysctl \
             kernel.apparmor_restrict_unprivileged_userns=0`, on older Debian `sudo sysctl \
             kernel.unprivileged_userns_clone=1`, in a container `--security-opt seccomp=unconfined` or \
             `--privileged`."
        )),
        Lacking::Overlay => Some(format!(
            "No copy-on-write view of this workspace is possible ({message}), so every trial copies it, which is slow. \
             A workspace on a local disk whose files all belong to you and your group mends it."
        )),
        Lacking::MemoryUpper => {
            Some(format!("What trials write goes to the disk instead of memory ({message})."))
        }
        Lacking::Workspace => None,
    }
}

/// What is not in force, in plain words.
fn plain_words(isolation: Isolation) -> Vec<String> {
    let mut notes = Vec::new();
    match isolation.processes {
        ProcessIsolation::Namespace => {}
        ProcessIsolation::Subreaper => notes.push(
            "Processes are hunted down one by one; one that is faster, or outlives a killed helper, can get away."
                .to_owned(),
        ),
        ProcessIsolation::Group => {
            notes.push("Processes that detach themselves from their group survive a trial.".to_owned());
        }
    }
    match isolation.network {
        NetworkIsolation::None => {}
        NetworkIsolation::TcpDenied => notes.push(
            "TCP is denied altogether, also to the tests' own servers on this machine; UDP is open."
                .to_owned(),
        ),
        NetworkIsolation::Shared => notes.push("Tests can reach the network.".to_owned()),
    }
    if isolation.landlock == 0 {
        notes.push(if isolation.is_full() {
            "Landlock, the second wall around the files, is missing in this kernel (needs Linux 5.13)."
                .to_owned()
        } else {
            "Nothing keeps tests from writing where you may write: Landlock is missing (needs Linux 5.13)."
                .to_owned()
        });
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descent_ends() {
        let every = [Lacking::MemoryUpper, Lacking::Overlay, Lacking::Namespaces, Lacking::Workspace];
        for lacking in every {
            let mut attempt = Attempt::FULL;
            let mut steps = 0;
            while let Some(next) = attempt.without(lacking) {
                attempt = next;
                steps += 1;
                assert!(steps < 5, "{lacking:?} never ends");
            }
        }
        assert_eq!(Attempt::FULL.without(Lacking::Namespaces), Some(Attempt::LEAST));
        assert!(
            Attempt::FULL.without(Lacking::Overlay).unwrap().mode.namespaces,
            "copies keep their namespaces"
        );
    }
}
