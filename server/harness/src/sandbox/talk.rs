//! A conversation with a command in a session: lines in, lines out, for as long as both sides like. Knows nothing of
//! what is said. Dropping it ends the command and everything it started.

use crate::sandbox::protocol::{Answer, Request};
use crate::sandbox::session::{Brake, Session, Silence};
use crate::sandbox::{SandboxError, StepOutcome};
use hephaestus_core::CancelToken;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the end of a command may take to be told.
const SOON: Duration = Duration::from_secs(5);

/// A command that is talked with.
#[derive(Debug)]
pub struct Talk {
    session: Session,
    brake: Brake,
}

/// What came next.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A line, without its end.
    Line(String),
    /// The command has ended; nothing more will come.
    Ended(Box<StepOutcome>),
    /// Nothing within the limit.
    Nothing,
    /// Somebody asked to stop; nothing has been ended by it.
    Cancelled,
}

impl Talk {
    pub(super) fn new(session: Session, brake: Brake) -> Self {
        Self { session, brake }
    }

    /// Where the workspace appears to the command.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.session.root()
    }

    /// Says one line.
    ///
    /// # Errors
    /// When the session is over. A command that has ended is not told from one that does not listen: hear what it says.
    pub fn say(&mut self, line: &str) -> Result<(), SandboxError> {
        let words = [line.as_bytes(), b"\n"].concat();
        let request = Request::Say { length: words.len() as u64 };
        self.session.line().tell(&request, &[&words]).map_err(SandboxError::Over)
    }

    /// Waits for the next line at most `limit` long; the time the sandbox's pace is held does not count.
    ///
    /// # Errors
    /// When the session is over.
    pub fn hear(&mut self, limit: Duration, cancel: &CancelToken) -> Result<Heard, SandboxError> {
        let Self { session, brake } = self;
        match session.line().wait(Some(limit), brake, cancel) {
            Ok((Answer::Said { .. }, blobs)) => {
                let words = blobs.into_iter().next().unwrap_or_default();
                Ok(Heard::Line(String::from_utf8_lossy(&words).trim_end_matches(['\r', '\n']).to_owned()))
            }
            Ok((Answer::Ended { outcome, reports }, blobs)) => {
                let files = reports.into_iter().map(|(name, _)| name).zip(blobs).collect();
                Ok(Heard::Ended(Box::new(StepOutcome { files, ..*outcome })))
            }
            Ok(_) => Err(session.line().end("the helper answered something else")),
            Err(Silence::Cancelled) => Ok(Heard::Cancelled),
            Err(Silence::TooLong) => Ok(Heard::Nothing),
            Err(Silence::Gone(message)) => Err(SandboxError::Over(message)),
        }
    }

    /// Ends the command; what is known of it then, and nothing where that does not come soon. What it still says is lost.
    pub fn end(mut self) -> Option<StepOutcome> {
        self.session.line().tell(&Request::End, &[]).ok()?;
        let (started, cancel) = (Instant::now(), CancelToken::new());
        loop {
            let left = SOON.checked_sub(started.elapsed())?;
            match self.hear(left, &cancel).ok()? {
                Heard::Ended(outcome) => return Some(*outcome),
                Heard::Line(_) => {}
                Heard::Nothing | Heard::Cancelled => return None,
            }
        }
    }

    /// How long the command has been frozen in all.
    #[must_use]
    pub fn frozen(&self) -> Duration {
        self.brake.total()
    }
}
