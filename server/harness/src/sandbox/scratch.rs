//! Folders on disk that vanish with their owner, and the sweep that removes those whose owner died without a chance to.
//! Touches nothing outside the per-user folder `hephaestus-<uid>` in the system's temporary folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder of this process's own below the per-user folder, mode 0700, removed on drop.
#[derive(Debug)]
pub(super) struct ScratchFolder {
    path: PathBuf,
}

impl ScratchFolder {
    /// Makes one; `purpose` (letters only) is part of its name.
    pub(super) fn new(purpose: &str) -> io::Result<Self> {
        Ok(Self { path: temporary_folder(purpose)?.keep() })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        remove_tree(&self.path);
    }
}

/// A folder the sweep knows as this process's own. `purpose` consists of letters.
pub(super) fn temporary_folder(purpose: &str) -> io::Result<TempDir> {
    let owner = Owner::this_process();
    let prefix = format!("{purpose}-{}-{}-{}-", owner.pid, owner.started, owner.world);
    tempfile::Builder::new().prefix(&prefix).tempdir_in(user_folder()?)
}

/// Who made a folder: enough to tell a live owner from another process that got its id.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owner {
    pid: u32,
    /// Start time in clock ticks since boot; 0 where the system does not tell.
    started: u64,
    /// The PID namespace: ids of another one say nothing here. 0 where there are none.
    world: u64,
}

impl Owner {
    fn this_process() -> Self {
        let pid = std::process::id();
        Self { pid, started: start_time(pid).unwrap_or(0), world: pid_namespace() }
    }

    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('-').skip(1);
        Some(Self {
            pid: parts.next()?.parse().ok()?,
            started: parts.next()?.parse().ok()?,
            world: parts.next()?.parse().ok()?,
        })
    }

    /// Whether the owner is known to be gone. When in doubt it is not.
    fn is_dead(&self) -> bool {
        self.world == pid_namespace()
            && match start_time(self.pid) {
                Some(started) => started != self.started,
                None => !exists(self.pid),
            }
    }
}

fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // proc(5): field 22; the second one is in parentheses and may contain anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

fn pid_namespace() -> u64 {
    fs::read_link("/proc/self/ns/pid")
        .ok()
        .and_then(|link| link.to_str()?.trim_start_matches("pid:[").trim_end_matches(']').parse().ok())
        .unwrap_or(0)
}

#[cfg(unix)]
fn exists(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(super::sys::process_exists)
}

#[cfg(not(unix))]
fn exists(_pid: u32) -> bool {
    true
}

/// The folder all scratch folders of this user are in; made when missing.
///
/// # Errors
/// When it cannot be made, or is a link or somebody else's.
pub(super) fn user_folder() -> io::Result<PathBuf> {
    let base = std::env::temp_dir().canonicalize()?;
    #[cfg(unix)]
    {
        let name = format!("hephaestus-{}", super::sys::user_id());
        // The first name may be taken by somebody else: the system's folder is everybody's.
        let names = std::iter::once(name.clone()).chain((1..9).map(|number| format!("{name}-{number}")));
        let mut taken = io::Error::other("no name is left for a folder of one's own");
        for name in names {
            match own_folder(&base.join(name)) {
                Ok(folder) => return Ok(folder),
                Err(error) => taken = error,
            }
        }
        Err(taken)
    }
    #[cfg(not(unix))]
    {
        let folder = base.join("hephaestus");
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// Makes `folder` or makes sure that it is a real folder of this user's, and that nobody else may enter it.
#[cfg(unix)]
fn own_folder(folder: &Path) -> io::Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let facts = fs::symlink_metadata(folder)?;
    if !facts.is_dir() || facts.uid() != super::sys::user_id() {
        return Err(io::Error::other(format!("{} belongs to somebody else", folder.display())));
    }
    if facts.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(folder.to_owned())
}

/// Removes what dead owners left behind. Never fails: what cannot be removed stays for the next time.
pub fn sweep() {
    let Ok(entries) = user_folder().and_then(fs::read_dir) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_str().and_then(Owner::parse).is_some_and(|owner| owner.is_dead()) {
            remove_tree(&entry.path());
        }
    }
}

/// Removes a tree, opening folders nobody may enter on the way (an overlay leaves a work folder of mode 000, tests
/// leave read-only ones). Never follows a link. What cannot be removed stays.
pub(super) fn remove_tree(path: &Path) {
    if fs::remove_dir_all(path).is_ok() || !path.symlink_metadata().is_ok_and(|facts| facts.is_dir()) {
        return;
    }
    open_folders(path);
    if let Err(error) = fs::remove_dir_all(path) {
        tracing::debug!(path = %path.display(), %error, "a scratch folder stays behind");
    }
}

#[cfg(unix)]
fn open_folders(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_folders(&entry.path());
        }
    }
}

#[cfg(not(unix))]
fn open_folders(_folder: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_vanishes_with_its_owner_even_when_it_is_locked() {
        let scratch = ScratchFolder::new("test").unwrap();
        let path = scratch.path().to_owned();
        fs::create_dir_all(path.join("work/work")).unwrap();
        fs::write(path.join("work/work/file"), "x").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path.join("work/work"), fs::Permissions::from_mode(0o000)).unwrap();
        }
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_sweep_takes_the_dead_and_leaves_the_living() {
        let alive = ScratchFolder::new("test").unwrap();
        let owner = Owner::this_process();
        let user = user_folder().unwrap();
        let dead = user.join(format!("test-{}-{}-{}-x", owner.pid, owner.started + 1, owner.world));
        let elsewhere = user.join(format!("test-{}-{}-{}-x", owner.pid, owner.started + 1, owner.world + 1));
        fs::create_dir_all(dead.join("inner")).unwrap();
        fs::create_dir_all(&elsewhere).unwrap();
        sweep();
        assert!(alive.path().exists(), "the owner lives");
        assert!(!dead.exists(), "same id, other start time: another process");
        assert!(elsewhere.exists(), "ids of another PID namespace say nothing");
        fs::remove_dir(&elsewhere).unwrap();
    }
}
