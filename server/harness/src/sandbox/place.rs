//! The helper's end of a session: the place commands run in, and the loop that serves the harness's requests there.

use crate::sandbox::copy;
use crate::sandbox::files::Files;
use crate::sandbox::protocol::{self, Answer, Failure, Lacking, Plan, Ready, Request};
use crate::sandbox::run::{self, Ending, Manner};
use crate::sandbox::scratch::remove_tree;
use crate::sandbox::step::StepOutcome;
use crate::sandbox::sys;
use crate::sandbox::wall::Wall;
use hephaestus_core::{FileIsolation, Isolation, NetworkIsolation, ProcessIsolation, SandboxSettings};
use std::fs::{self, File};
use std::io::{self, BufReader, Write};
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The pipes to the harness.
pub(super) struct Channel {
    input: BufReader<File>,
    output: File,
}

impl Channel {
    pub(super) fn new(input: File, output: File) -> Self {
        Self { input: BufReader::new(input), output }
    }

    /// The next request; `None` when the harness is gone.
    pub(super) fn receive(&mut self) -> io::Result<Option<Request>> {
        protocol::receive(&mut self.input)
    }

    pub(super) fn receive_blob(&mut self, length: u64) -> io::Result<Vec<u8>> {
        protocol::receive_blob(&mut self.input, length)
    }

    pub(super) fn send(&mut self, answer: &Answer) -> io::Result<()> {
        protocol::send(&mut self.output, answer, [])
    }

    /// Passes on a line of the command that is talked to.
    pub(super) fn pass_on(&mut self, line: &[u8]) -> io::Result<()> {
        protocol::send(&mut self.output, &Answer::Said { length: line.len() as u64 }, [line])
    }

    /// Says why the session cannot be opened.
    pub(super) fn fail(&mut self, lacking: Lacking, message: String) {
        // A harness that does not listen any more needs no answer.
        let _ = self.send(&Answer::Failed(Failure { lacking, message }));
    }

    /// Whether the harness is gone, asked before it may send anything but the end.
    pub(super) fn is_abandoned(&self) -> bool {
        let ready = sys::wait_readable(&[Some(self.input())], Duration::ZERO);
        ready.is_ok_and(|ready| ready.contains(&true))
    }

    /// Whether a message has been read ahead, so that the input itself would not tell of it.
    pub(super) fn has_read_ahead(&self) -> bool {
        !self.input.buffer().is_empty()
    }

    /// The input, to see it end or tell to freeze while a command runs.
    pub(super) fn input(&self) -> BorrowedFd<'_> {
        self.input.get_ref().as_fd()
    }
}

/// How what is written is kept within its limit.
#[derive(Debug)]
pub(super) enum Disk {
    /// The file system at this path has the limit as its size.
    Sized(PathBuf),
    /// The files below this folder are added up now and then; more than so many bytes are too many.
    Watched(PathBuf, u64),
    /// The same for a folder that has no path here.
    #[cfg(target_os = "linux")]
    Held(OwnedFd, u64),
}

/// Where commands run.
#[derive(Debug)]
pub(super) struct Place {
    /// The workspace.
    pub(super) root: PathBuf,
    /// The out folder.
    pub(super) out: PathBuf,
    /// A folder for temporary files.
    pub(super) temp: PathBuf,
    /// A folder for caches.
    pub(super) cache: PathBuf,
    /// Whether this process is process 1 of a PID namespace.
    pub(super) namespaced: bool,
    /// Whether the workspace is a copy.
    pub(super) copied: bool,
    /// Limits on what is written.
    pub(super) disks: Vec<Disk>,
    /// Whether commands run only when nobody else wants to.
    pub(super) idle: bool,
    /// The other limits.
    pub(super) settings: SandboxSettings,
    /// What the commands may write, for Landlock.
    pub(super) wall: Wall,
}

impl Place {
    fn isolation(&self) -> Isolation {
        let landlock = self.wall.abi();
        Isolation {
            files: if self.copied { FileIsolation::Copy } else { FileIsolation::Overlay },
            processes: match (self.namespaced, cfg!(target_os = "linux")) {
                (true, _) => ProcessIsolation::Namespace,
                (false, true) => ProcessIsolation::Subreaper,
                (false, false) => ProcessIsolation::Group,
            },
            network: match (self.namespaced, landlock) {
                (true, _) => NetworkIsolation::None,
                (false, 4..) => NetworkIsolation::TcpDenied,
                (false, _) => NetworkIsolation::Shared,
            },
            landlock,
        }
    }
}

/// Says that `place` is ready and serves requests until the harness is gone.
pub(super) fn serve(place: &Place, channel: &mut Channel, notes: Vec<String>) -> io::Result<()> {
    let isolation = place.isolation();
    let out = place.out.display().to_string();
    let ready = Ready { root: place.root.clone(), out, isolation, notes };
    channel.send(&Answer::Ready(ready))?;
    let mut files = Files::new(place.root.clone());
    while let Some(request) = channel.receive()? {
        match request {
            Request::Open(_) => return Err(io::Error::other("the session is open already")),
            Request::Write { path, length } => {
                let content = length.map(|length| channel.receive_blob(length)).transpose()?;
                let answer = match files.write(&path, content.as_deref()) {
                    Ok(()) => Answer::Written,
                    Err(error) => Answer::Refused(error.to_string()),
                };
                channel.send(&answer)?;
            }
            Request::Run(step) => match run::run(&step, Manner::Alone, place, channel)? {
                Ending::Abandoned => return Ok(()),
                Ending::Ended(outcome) => report(outcome, channel)?,
            },
            Request::Talk(step) => match run::run(&step, Manner::Talking, place, channel)? {
                Ending::Abandoned => return Ok(()),
                Ending::Ended(outcome) => report(outcome, channel)?,
            },
            // The command they are for has ended in the meantime.
            Request::Freeze | Request::Resume | Request::End => {}
            Request::Say { length } => drop(channel.receive_blob(length)?),
        }
        channel.output.flush()?;
    }
    Ok(())
}

fn report(mut outcome: Box<StepOutcome>, channel: &mut Channel) -> io::Result<()> {
    let reports = std::mem::take(&mut outcome.files);
    let lengths = reports.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect();
    let answer = Answer::Ended { outcome, reports: lengths };
    protocol::send(&mut channel.output, &answer, reports.iter().map(|(_, bytes)| bytes.as_slice()))
}

/// Opens and serves a session without namespaces: a copy of the workspace, and a hunt for what outlives a command.
pub(super) fn serve_copy(plan: &Plan, mut channel: Channel) -> i32 {
    #[cfg(target_os = "linux")]
    {
        if let Err(error) = sys::adopt_orphans().and_then(|()| sys::hide_from_peers()) {
            channel.fail(Lacking::Workspace, format!("the helper cannot prepare itself: {error}"));
            return 1;
        }
    }
    if plan.idle {
        sys::lead_idle_session();
    }
    let code = match copied_place(plan, &channel) {
        Ok((place, notes)) => i32::from(serve(&place, &mut channel, notes).is_err()),
        Err(error) => {
            channel.fail(Lacking::Workspace, format!("the workspace cannot be copied: {error}"));
            1
        }
    };
    if let Some(scratch) = &plan.scratch {
        remove_tree(scratch);
    }
    code
}

fn copied_place(plan: &Plan, channel: &Channel) -> io::Result<(Place, Vec<String>)> {
    let scratch = plan.scratch.as_deref().ok_or_else(|| io::Error::other("there is no folder for it"))?;
    let target = copy_target(plan, scratch);
    let (size, notes) = copy::copy_workspace(plan, &target, Some(&target), &|| channel.is_abandoned())?;
    // Landlock knows folders, not names: the out folder is made anew for every step, so the rule is for the one above.
    let own = scratch.join("own");
    let (temp, cache, out) = (own.join("tmp"), own.join("cache"), own.join("out"));
    for folder in [&temp, &cache, &out] {
        fs::create_dir_all(folder)?;
    }
    let wall = Wall::build(&[target.clone(), own], false)?;
    let limit = disk_limit(&plan.settings);
    let mut disks = vec![Disk::Watched(scratch.to_owned(), size.saturating_add(limit))];
    if plan.keep.is_some() {
        disks.push(Disk::Watched(target.clone(), size.saturating_add(limit)));
    }
    let place = Place {
        root: target,
        out,
        temp,
        cache,
        namespaced: false,
        copied: true,
        disks,
        idle: plan.idle,
        settings: plan.settings.clone(),
        wall,
    };
    Ok((place, notes))
}

/// Where the copy goes: the folder that is kept, or one with the workspace's own name.
pub(super) fn copy_target(plan: &Plan, scratch: &Path) -> PathBuf {
    let name = plan.root.file_name().unwrap_or_else(|| "workspace".as_ref());
    plan.keep.clone().unwrap_or_else(|| scratch.join("copy").join(name))
}

/// What may be written to a disk, in bytes: builds that are kept may take more than what a trial holds in memory.
pub(super) fn disk_limit(settings: &SandboxSettings) -> u64 {
    settings.disk_mb.saturating_mul(4 << 20)
}
