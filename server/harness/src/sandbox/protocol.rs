//! What harness and helper say to each other: one JSON line per message, followed by the raw bytes of the files it
//! announces. Nothing else may reach these pipes; the helper hides them from the commands it runs.

use crate::sandbox::step::{Step, StepOutcome};
use hephaestus_core::{Isolation, RelPath, SandboxSettings};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;

/// How a session is to keep things apart. Not what is in force: that is [`Ready::isolation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mode {
    /// Own user, mount, PID, network, IPC and UTS namespaces.
    pub(super) namespaces: bool,
    /// A copy of the workspace instead of an overlay over it. An overlay needs namespaces.
    pub(super) copy: bool,
}

/// Everything the helper needs to open a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The workspace, without symbolic links in its path.
    pub(super) root: PathBuf,
    /// Finished upper folders, nearest first.
    pub(super) layers: Vec<PathBuf>,
    /// The folder that takes what is written and stays.
    pub(super) keep: Option<PathBuf>,
    /// A folder on disk that goes when the session goes; present where the mode needs one.
    pub(super) scratch: Option<PathBuf>,
    /// What to do.
    pub(super) mode: Mode,
    /// Whether to look for files an overlay could not copy up (once per workspace: it walks all of it).
    pub(super) check_owners: bool,
    /// Whether commands run only when nobody else on this machine wants to.
    pub(super) idle: bool,
    /// The limits.
    pub(super) settings: SandboxSettings,
}

/// Harness to helper.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Always the first one.
    Open(Box<Plan>),
    /// Write a file of so many bytes, which follow; `None` deletes it.
    Write { path: RelPath, length: Option<u64> },
    /// Run a command.
    Run(Step),
    /// Run a command whose standard input is what is said to it, and whose lines are passed on as it writes them.
    Talk(Step),
    /// So many bytes, which follow, for the command that is talked to. Not answered, and nothing when it has ended.
    Say { length: u64 },
    /// Freeze the command that runs. Not answered, and nothing when it has ended already; the same for `Resume`.
    Freeze,
    /// Let it go on.
    Resume,
    /// End the command that runs as if its time were over. Nothing when it has ended already.
    End,
}

/// Helper to harness, one per request that is answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The session is open.
    Ready(Ready),
    /// It cannot be opened.
    Failed(Failure),
    /// Written.
    Written,
    /// Not written.
    Refused(String),
    /// A line of so many bytes, which follow, from the command that is talked to.
    Said { length: u64 },
    /// The command has ended; the reports follow, each with its length here.
    Ended { outcome: Box<StepOutcome>, reports: Vec<(String, u64)> },
}

/// An open session as the helper sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ready {
    /// Where the workspace is for the commands.
    pub(super) root: PathBuf,
    /// Where the out folder is for the commands.
    pub(super) out: String,
    /// What is in force.
    pub(super) isolation: Isolation,
    /// What is degraded and not told by `isolation`.
    pub(super) notes: Vec<String>,
}

/// Why a session cannot be opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    /// What another attempt would have to do without.
    pub(super) lacking: Lacking,
    /// What was tried and what came of it.
    pub(super) message: String,
}

/// What this machine or this workspace does not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Lacking {
    /// Namespaces, or the right to mount in them.
    Namespaces,
    /// An overlay over this workspace.
    Overlay,
    /// A tmpfs that can be the upper layer: a folder on disk may.
    MemoryUpper,
    /// The workspace cannot be read or copied: nothing else will help.
    Workspace,
}

/// Writes one message and the `blobs` it announces.
pub(super) fn send<'a>(
    output: &mut impl Write,
    message: &impl Serialize,
    blobs: impl IntoIterator<Item = &'a [u8]>,
) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    output.write_all(&line)?;
    for blob in blobs {
        output.write_all(blob)?;
    }
    output.flush()
}

/// Reads one message; `None` at the end of the stream.
pub(super) fn receive<M: DeserializeOwned>(input: &mut impl BufRead) -> io::Result<Option<M>> {
    let mut line = Vec::new();
    if input.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

/// Reads the `length` bytes that follow a message.
pub(super) fn receive_blob(input: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut blob = Vec::new();
    if input.take(length).read_to_end(&mut blob)? as u64 == length {
        Ok(blob)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_blobs_come_back_in_order() {
        let mut wire = Vec::new();
        let path = RelPath::new("a\nb").unwrap();
        send(&mut wire, &Request::Write { path: path.clone(), length: Some(3) }, [&b"{\n}"[..]]).unwrap();
        send(&mut wire, &Answer::Written, []).unwrap();
        let mut input = wire.as_slice();
        let Some(Request::Write { path: read, length: Some(length) }) = receive(&mut input).unwrap() else {
            panic!("not a write")
        };
        assert_eq!(read, path);
        assert_eq!(receive_blob(&mut input, length).unwrap(), b"{\n}");
        assert!(matches!(receive(&mut input).unwrap(), Some(Answer::Written)));
        assert!(receive::<Answer>(&mut input).unwrap().is_none());
    }

    #[test]
    fn a_blob_that_ends_early_is_an_error() {
        assert!(receive_blob(&mut &b"ab"[..], 3).is_err());
    }
}
