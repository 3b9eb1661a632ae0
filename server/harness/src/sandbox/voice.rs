//! The helper's end of a conversation: what is said to a command goes into its standard input as fast as it reads, and
//! every line it writes is passed on. Waits for nobody and understands nothing of what is said.

use crate::sandbox::place::Channel;
use crate::sandbox::sys;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{ChildStdin, ChildStdout};

/// A line that is longer than this is cut there: nobody shall fill the harness's memory.
const LONGEST: usize = 64 << 20;

/// A command that is talked to.
pub(super) struct Voice {
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    unsaid: VecDeque<u8>,
    line: Vec<u8>,
}

impl Voice {
    /// Talks through these pipes.
    pub(super) fn new(input: ChildStdin, output: Option<ChildStdout>) -> io::Result<Self> {
        sys::set_nonblocking(input.as_fd())?;
        if let Some(output) = &output {
            sys::set_nonblocking(output.as_fd())?;
        }
        Ok(Self { input: Some(input), output, unsaid: VecDeque::new(), line: Vec::new() })
    }

    /// What tells that the command has written something.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.output.as_ref().map(AsFd::as_fd)
    }

    /// Takes words for the command.
    pub(super) fn say(&mut self, words: &[u8]) {
        self.unsaid.extend(words);
    }

    /// Whether the command has not read everything yet.
    pub(super) fn has_more_to_say(&self) -> bool {
        self.input.is_some() && !self.unsaid.is_empty()
    }

    /// Gives the command as much as it takes now.
    pub(super) fn speak(&mut self) {
        while let Some(input) = &mut self.input
            && !self.unsaid.is_empty()
        {
            match input.write(self.unsaid.make_contiguous()) {
                Ok(count) => drop(self.unsaid.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // It does not listen any more; its end will tell why.
                Err(_) => self.input = None,
            }
        }
    }

    /// Passes on the lines that are complete.
    ///
    /// # Errors
    /// When the harness cannot be written to.
    pub(super) fn listen(&mut self, harness: &mut Channel) -> io::Result<()> {
        let mut buffer = [0; 64 * 1024];
        while let Some(output) = &mut self.output {
            let count = match output.read(&mut buffer) {
                Ok(0) => {
                    self.output = None;
                    return Ok(());
                }
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => {
                    self.output = None;
                    return Ok(());
                }
            };
            for part in buffer.get(..count).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
                self.line.extend_from_slice(part);
                if part.ends_with(b"\n") || self.line.len() > LONGEST {
                    harness.pass_on(&self.line)?;
                    self.line.clear();
                }
            }
        }
        Ok(())
    }
}
