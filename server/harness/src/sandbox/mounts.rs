//! Builds the file tree of a namespaced session: the workspace's own path shows an overlay (or a copy), temporary
//! folders, `/dev` and `/proc` are fresh, and everything else is read-only. Runs as process 1 of the new namespaces.
//!
//! Order is everything here: what must stay reachable gets a handle before anything is covered, writable pieces are
//! taken before the rest becomes read-only, and the workspace comes last, because it may lie in a folder that was
//! covered (`/tmp`). Capabilities are dropped before a command runs, so none of it can be undone from inside.

use crate::sandbox::place::{Disk, Place, disk_limit};
use crate::sandbox::protocol::{Lacking, Plan};
use crate::sandbox::session::work_folder;
use crate::sandbox::sys::{self, NO_DEV, NO_SUID, READ_ONLY};
use crate::sandbox::wall::Wall;
use std::ffi::CStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

/// Folders replaced by empty ones: other people's files, and sockets that lead out of the sandbox.
const COVERED: [(&str, u32); 5] =
    [("/tmp", 0o1777), ("/var/tmp", 0o1777), ("/run", 0o755), ("/var/run", 0o755), ("/dev", 0o755)];
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// Where the memory the session may write is mounted while the tree is built; covered in the end.
const STAGE: &str = "/tmp";
/// Inodes per MiB of that memory: each one costs the kernel about a KiB.
const INODES_PER_MB: u64 = 512;

/// Why the tree could not be built.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {source}")]
pub(super) struct MountError {
    pub(super) lacking: Lacking,
    step: String,
    source: io::Error,
}

fn failed(lacking: Lacking, step: impl Into<String>) -> impl FnOnce(io::Error) -> MountError {
    let step = step.into();
    move |source| MountError { lacking, step, source }
}

fn refused(step: impl Into<String>) -> impl FnOnce(io::Error) -> MountError {
    failed(Lacking::Namespaces, step)
}

/// Builds the tree for `plan`; `copied` is the copy to show instead of an overlay, and its size.
pub(super) fn build(
    plan: &Plan,
    copied: Option<(PathBuf, u64)>,
    notes: &mut Vec<String>,
) -> Result<Place, MountError> {
    sys::make_mounts_private().map_err(refused("making mounts private"))?;
    let taken = Taken::take(plan, copied.as_ref().map(|(path, _)| path.as_path()))?;
    stage_memory(plan)?;
    let workspace = match taken.copy {
        Some(copy) => copy,
        None => overlay(plan, &taken.lower, taken.upper.as_ref())?,
    };
    let fresh = COVERED
        .into_iter()
        .filter(|(target, _)| is_plain_folder(Path::new(target)))
        .map(|(target, mode)| Ok((Path::new(target), stage_folder(&target.replace('/', "_"), mode)?)))
        .collect::<Result<Vec<_>, MountError>>()?;
    let shm = stage_folder("shm", 0o1777)?;
    let links = links_in(Path::new("/run"));

    sys::restrict_mount(Path::new("/"), READ_ONLY | NO_SUID | NO_DEV, true)
        .map_err(refused("making everything read-only"))?;
    mount_proc(notes);
    for (target, mount) in &fresh {
        sys::attach(mount, target).map_err(refused(format!("mounting {}", target.display())))?;
    }
    fill_dev(&taken.devices, &shm).map_err(refused("filling /dev"))?;
    for (link, target) in links {
        // A system without these links (NixOS has its programs behind one) misses nothing.
        let _ = symlink(target, link);
    }
    for (path, mount) in &taken.reachable {
        let made = make_folders(path).and_then(|()| sys::attach(mount, path));
        made.map_err(refused(format!("keeping {} reachable", path.display())))?;
    }
    let shown = make_folders(&plan.root).and_then(|()| sys::attach(&workspace, &plan.root));
    shown.map_err(refused("showing the workspace"))?;
    for (path, mount) in &taken.inner {
        sys::attach(mount, path).map_err(refused(format!("showing {}", path.display())))?;
    }
    // Only now, since folders were made in it above. `/dev` itself takes no writes either, but what is below does.
    let _ = sys::restrict_mount(Path::new("/run"), READ_ONLY, false);
    sys::restrict_mount(Path::new("/dev"), READ_ONLY, false).map_err(refused("sealing /dev"))?;
    std::env::set_current_dir(&plan.root).map_err(failed(Lacking::Overlay, "entering the workspace"))?;
    furnish(plan, copied.map(|(_, size)| size), taken.upper.map(|(upper, _)| upper))
}

/// Makes the folders commands are told about and describes the finished place.
fn furnish(plan: &Plan, copy_size: Option<u64>, upper: Option<OwnedFd>) -> Result<Place, MountError> {
    let temp = PathBuf::from("/tmp");
    let own = temp.join(".hephaestus");
    let (cache, out) = (own.join("cache"), own.join("out"));
    for folder in [&cache, &out] {
        make_folders(folder).map_err(refused("making the out folder"))?;
    }
    let writable: Vec<PathBuf> = ["/tmp", "/var/tmp", "/dev/shm", "/dev/pts"]
        .into_iter()
        .map(PathBuf::from)
        .chain([plan.root.clone()])
        .collect();
    let wall = Wall::build(&writable, true).map_err(refused("building the Landlock wall"))?;
    let limit = disk_limit(&plan.settings);
    let mut disks = vec![Disk::Sized(temp.clone())];
    if let Some(size) = copy_size {
        disks.push(Disk::Watched(plan.root.clone(), size.saturating_add(limit)));
    } else if let Some(upper) = upper {
        disks.push(Disk::Held(upper, limit));
    }
    Ok(Place {
        root: plan.root.clone(),
        out,
        temp,
        cache,
        namespaced: true,
        copied: copy_size.is_some(),
        disks,
        idle: plan.idle,
        settings: plan.settings.clone(),
        wall,
    })
}

/// Handles of what the finished tree needs, taken before anything is covered.
struct Taken {
    /// The overlay's lower folders, nearest first; the workspace is the last one.
    lower: Vec<OwnedFd>,
    /// The overlay's upper and work folder, where they are on disk.
    upper: Option<(OwnedFd, OwnedFd)>,
    /// The copy to show instead of an overlay.
    copy: Option<OwnedFd>,
    devices: Vec<(&'static str, OwnedFd)>,
    /// Folders that stay readable although what they are in is covered.
    reachable: Vec<(PathBuf, OwnedFd)>,
    /// File systems mounted inside the workspace, which an overlay does not show.
    inner: Vec<(PathBuf, OwnedFd)>,
}

impl Taken {
    fn take(plan: &Plan, copy: Option<&Path>) -> Result<Self, MountError> {
        let (mut lower, mut upper) = (Vec::new(), None);
        if copy.is_none() {
            for folder in plan.layers.iter().chain([&plan.root]) {
                let opened = handle(folder);
                lower.push(
                    opened.map_err(failed(Lacking::Workspace, format!("opening {}", folder.display())))?,
                );
            }
            let on_disk =
                plan.keep.clone().or_else(|| plan.scratch.as_ref().map(|scratch| scratch.join("upper")));
            if let Some(folder) = on_disk {
                let step = failed(Lacking::Workspace, format!("preparing {}", folder.display()));
                upper = Some(handles_of_upper(&folder).map_err(step)?);
            }
        }
        let copy = copy.map(|copy| sys::clone_mount(copy, true)).transpose();
        let devices = DEVICES
            .into_iter()
            .filter_map(|name| Some((name, sys::clone_mount(&Path::new("/dev").join(name), false).ok()?)));
        Ok(Self {
            lower,
            upper,
            copy: copy.map_err(refused("opening the copy"))?,
            devices: devices.collect(),
            reachable: read_only_clones(reachable_folders(&plan.root)),
            inner: read_only_clones(mounts_below(&plan.root)),
        })
    }
}

fn handles_of_upper(upper: &Path) -> io::Result<(OwnedFd, OwnedFd)> {
    let work = work_folder(upper);
    fs::create_dir_all(upper)?;
    fs::create_dir_all(&work)?;
    Ok((handle(upper)?, handle(&work)?))
}

fn handle(folder: &Path) -> io::Result<OwnedFd> {
    let flags = libc::O_PATH | libc::O_DIRECTORY;
    Ok(File::options().read(true).custom_flags(flags).open(folder)?.into())
}

/// A path that leads to what `handle` holds, wherever that is by now, without any character mount options dislike.
pub(super) fn through(handle: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd()))
}

/// What cannot be cloned is left out: the commands will miss it, or not.
fn read_only_clones(folders: Vec<PathBuf>) -> Vec<(PathBuf, OwnedFd)> {
    let clone = |folder: PathBuf| {
        let mount = sys::clone_mount(&folder, true).ok()?;
        sys::restrict_detached(&mount, READ_ONLY | NO_SUID | NO_DEV).ok()?;
        Some((folder, mount))
    };
    folders.into_iter().filter_map(clone).collect()
}

/// What commands need although it lies in a covered folder: the workspace's surroundings, programs and their homes.
fn reachable_folders(root: &Path) -> Vec<PathBuf> {
    let homes =
        ["HOME", "CARGO_HOME", "RUSTUP_HOME", "VIRTUAL_ENV", "PYENV_ROOT", "NVM_DIR", "GOROOT", "GOPATH"];
    let programs = std::env::var_os("PATH").unwrap_or_default();
    let mut wanted: Vec<PathBuf> = root
        .parent()
        .map(Path::to_owned)
        .into_iter()
        .chain(homes.into_iter().filter_map(std::env::var_os).map(PathBuf::from))
        .chain(std::env::split_paths(&programs))
        .filter(|path| {
            COVERED.iter().any(|(covered, _)| path.starts_with(covered) && path != Path::new(covered))
        })
        .filter(|path| path.is_dir())
        .collect();
    wanted.sort();
    wanted.dedup_by(|inner, outer| inner.starts_with(outer));
    wanted
}

/// Mount points strictly below `root`, outermost first, each without those inside it.
fn mounts_below(root: &Path) -> Vec<PathBuf> {
    let table = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let mut found: Vec<PathBuf> = table
        .split(|byte| *byte == b'\n')
        // proc(5): the fifth field is the mount point.
        .filter_map(|line| line.split(|byte| *byte == b' ').nth(4))
        .map(|field| PathBuf::from(std::ffi::OsString::from_vec(unescape(field))))
        .filter(|point| point.starts_with(root) && point != root)
        .collect();
    found.sort();
    found.dedup_by(|inner, outer| inner.starts_with(outer));
    found
}

/// Undoes the `\040` notation of the kernel's mount table.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let code =
            after.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                text.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                text.push(*first);
                rest = after;
            }
        }
    }
    text
}

/// Mounts the memory that everything the session may write comes from, so that one limit holds for all of it.
fn stage_memory(plan: &Plan) -> Result<(), MountError> {
    if !is_plain_folder(Path::new(STAGE)) {
        return Err(refused("mounting memory")(io::Error::other("/tmp is no folder")));
    }
    let megabytes = plan.settings.disk_mb.max(1);
    let options = [
        ("size", format!("{megabytes}m")),
        ("nr_inodes", megabytes.saturating_mul(INODES_PER_MB).max(4096).to_string()),
        ("mode", "0755".to_owned()),
    ];
    let memory = sys::new_mount(c"tmpfs", &options, NO_SUID | NO_DEV);
    memory.and_then(|memory| sys::attach(&memory, Path::new(STAGE))).map_err(refused("mounting memory"))
}

/// A folder of that memory as a mount of its own.
fn stage_folder(name: &str, mode: u32) -> Result<OwnedFd, MountError> {
    let folder = Path::new(STAGE).join(name);
    let made = fs::DirBuilder::new().create(&folder).and_then(|()| {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode))?;
        sys::clone_mount(&folder, false)
    });
    made.map_err(refused(format!("preparing {name}")))
}

/// The overlay over the workspace, attached nowhere yet.
fn overlay(
    plan: &Plan,
    lower: &[OwnedFd],
    upper: Option<&(OwnedFd, OwnedFd)>,
) -> Result<OwnedFd, MountError> {
    let (upper, work) = match upper {
        Some((upper, work)) => (through(upper), through(work)),
        None => {
            let folders = (Path::new(STAGE).join("upper"), Path::new(STAGE).join("work"));
            for folder in [&folders.0, &folders.1] {
                fs::create_dir(folder).map_err(refused("preparing the upper folder"))?;
            }
            if !sys::takes_user_attributes(&folders.0) {
                let source = io::Error::other("tmpfs has no user attributes before Linux 6.6");
                return Err(failed(Lacking::MemoryUpper, "preparing the upper folder")(source));
            }
            folders
        }
    };
    let lower: Vec<String> = lower.iter().map(|handle| through(handle).display().to_string()).collect();
    let options = [
        ("lowerdir", lower.join(":")),
        ("upperdir", upper.display().to_string()),
        ("workdir", work.display().to_string()),
        // Ordinary users may not set the `trusted.*` attributes an overlay uses otherwise.
        ("userxattr", String::new()),
    ];
    let step = format!("mounting an overlay over {}", plan.root.display());
    sys::new_mount(c"overlay", &options, NO_SUID | NO_DEV).map_err(failed(Lacking::Overlay, step))
}

/// Shows the processes of this PID namespace only. Where something is mounted over parts of `/proc` (containers), the
/// kernel does not allow a fresh one.
fn mount_proc(notes: &mut Vec<String>) {
    let mounted = sys::new_mount(c"proc", &[], READ_ONLY | NO_SUID | NO_DEV)
        .and_then(|proc| sys::attach(&proc, Path::new("/proc")));
    if let Err(error) = mounted {
        notes.push(format!("Tests see the machine's process list, read-only ({error})."));
    }
}

fn fill_dev(devices: &[(&'static str, OwnedFd)], shm: &OwnedFd) -> io::Result<()> {
    let dev = Path::new("/dev");
    for (name, device) in devices {
        File::create(dev.join(name))?;
        sys::attach(device, &dev.join(name))?;
    }
    for folder in ["shm", "pts"] {
        fs::create_dir(dev.join(folder))?;
    }
    sys::attach(shm, &dev.join("shm"))?;
    let terminals: &CStr = c"devpts";
    let options = [("ptmxmode", "0666".to_owned()), ("mode", "0620".to_owned())];
    // Tests that open a terminal are rare, and so are kernels that refuse this.
    if let Ok(terminals) = sys::new_mount(terminals, &options, NO_SUID) {
        let _ = sys::attach(&terminals, &dev.join("pts"));
    }
    symlink("pts/ptmx", dev.join("ptmx"))?;
    symlink("/proc/self/fd", dev.join("fd"))?;
    for (number, name) in ["stdin", "stdout", "stderr"].into_iter().enumerate() {
        symlink(format!("/proc/self/fd/{number}"), dev.join(name))?;
    }
    Ok(())
}

fn links_in(folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.path(), fs::read_link(entry.path()).ok()?))).collect()
}

fn make_folders(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path)
}

fn is_plain_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|facts| facts.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_tables_notation_is_undone() {
        assert_eq!(unescape(br"/a\040b\134c"), b"/a b\\c");
        assert_eq!(unescape(br"/a\04"), br"/a\04");
        assert_eq!(unescape(b"/plain"), b"/plain");
    }

    #[test]
    fn only_what_is_covered_needs_to_stay_reachable() {
        let outside = reachable_folders(Path::new("/srv/workspace"));
        assert!(!outside.contains(&PathBuf::from("/srv")));
        let direct = reachable_folders(Path::new("/tmp/workspace"));
        assert!(!direct.contains(&PathBuf::from("/tmp")));
    }
}
