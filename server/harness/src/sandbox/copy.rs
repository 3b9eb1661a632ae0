//! Copies a workspace for a session where no overlay is possible. Reads the workspace, writes only below the target;
//! never makes hard links (a write through one changes the user's file) and never follows a symbolic link.

use crate::sandbox::place::disk_limit;
use crate::sandbox::protocol::Plan;
use std::fs::{self, FileTimes, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A repository larger than this is left out: histories are large, and few tests need them.
const LARGEST_REPOSITORY: u64 = 16 << 20;

struct Copying<'a> {
    root: PathBuf,
    target: PathBuf,
    /// Where links to places inside the workspace are to lead instead, where the copy is not shown at its path.
    relink: Option<PathBuf>,
    /// Whether this is a finished view, of which nothing is left out.
    whole: bool,
    limit: u64,
    size: u64,
    unreadable: u64,
    special: u64,
    /// Whether nobody waits for the copy any more.
    abandoned: &'a dyn Fn() -> bool,
}

/// Copies the workspace, or the nearest layer that is a whole copy of it, to `target`, then what lies over it. Keeps
/// modification times and permissions. `relink`: where absolute links into the workspace shall lead. Returns the bytes
/// copied and notes about what was left out.
///
/// # Errors
/// When the target cannot be written, the workspace is larger than the limit on disk use, or `abandoned` says so.
pub(super) fn copy_workspace(
    plan: &Plan,
    target: &Path,
    relink: Option<&Path>,
    abandoned: &dyn Fn() -> bool,
) -> io::Result<(u64, Vec<String>)> {
    let whole = plan.layers.iter().position(|layer| marker(layer).exists());
    let mut sources: Vec<&PathBuf> = plan.layers.iter().take(whole.map_or(usize::MAX, |at| at + 1)).collect();
    if whole.is_none() {
        sources.push(&plan.root);
    }
    let mut copying = Copying {
        root: plan.root.clone(),
        target: target.to_owned(),
        relink: relink.map(Path::to_owned),
        whole: false,
        limit: disk_limit(&plan.settings),
        size: 0,
        unreadable: 0,
        special: 0,
        abandoned,
    };
    fs::create_dir_all(target)?;
    for source in sources.into_iter().rev() {
        copying.whole = *source != plan.root;
        copying.folder(source, target)?;
    }
    if plan.keep.is_some() {
        fs::write(marker(target), "")?;
    }
    let mut notes = Vec::new();
    if copying.unreadable > 0 {
        notes.push(format!(
            "{} unreadable files are missing in the copy of the workspace.",
            copying.unreadable
        ));
    }
    if copying.special > 0 {
        notes.push(format!("{} pipes, sockets or devices are missing in the copy.", copying.special));
    }
    Ok((copying.size, notes))
}

/// The file beside a kept folder that says: this is the whole view, not only what differs.
fn marker(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".whole");
    PathBuf::from(name)
}

impl Copying<'_> {
    fn folder(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if (self.abandoned)() {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        let Ok(entries) = fs::read_dir(from) else {
            self.unreadable += 1;
            return Ok(());
        };
        for entry in entries.flatten() {
            let (source, place) = (entry.path(), to.join(entry.file_name()));
            // `entry.metadata` does not follow links.
            let Ok(facts) = entry.metadata() else { continue };
            if source == self.target || !self.whole && is_left_out(&source, &facts) {
                continue;
            }
            self.entry(&source, &place, &facts)?;
        }
        Ok(())
    }

    fn entry(&mut self, source: &Path, place: &Path, facts: &Metadata) -> io::Result<()> {
        let kind = facts.file_type();
        if kind.is_dir() {
            if place.symlink_metadata().is_ok_and(|there| !there.is_dir()) {
                fs::remove_file(place)?;
            }
            match fs::create_dir(place) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            self.folder(source, place)?;
            return keep_facts(place, facts);
        }
        clear(place)?;
        if kind.is_symlink() {
            return symlink(self.link_target(&fs::read_link(source)?), place);
        }
        if kind.is_char_device() && facts.rdev() == 0 {
            // An overlay's mark of a deleted file: clearing the place was all of it.
            return Ok(());
        }
        if !kind.is_file() {
            self.special += 1;
            return Ok(());
        }
        self.size = self.size.saturating_add(facts.len());
        if self.size > self.limit {
            let megabytes = self.limit >> 20;
            return Err(io::Error::other(format!("it is larger than {megabytes} MiB (four times disk_mb)")));
        }
        // Uses the file system's copy-on-write where it has one.
        match fs::copy(source, place) {
            Ok(_) => keep_facts(place, facts),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.unreadable += 1;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn link_target(&self, target: &Path) -> PathBuf {
        match (&self.relink, target.strip_prefix(&self.root)) {
            (Some(new_root), Ok(inside)) => new_root.join(inside),
            _ => target.to_owned(),
        }
    }
}

fn clear(place: &Path) -> io::Result<()> {
    match place.symlink_metadata() {
        Ok(there) if there.is_dir() => fs::remove_dir_all(place),
        Ok(_) => fs::remove_file(place),
        Err(_) => Ok(()),
    }
}

fn keep_facts(place: &Path, facts: &Metadata) -> io::Result<()> {
    if let Ok(modified) = facts.modified() {
        fs::File::open(place)?.set_times(FileTimes::new().set_modified(modified))?;
    }
    let mode = facts.permissions().mode();
    // The owner may always enter and write a folder of the copy, so that it can be removed again.
    let mode = if facts.is_dir() { mode | 0o700 } else { mode };
    fs::set_permissions(place, fs::Permissions::from_mode(mode))
}

/// Cargo's output (it is rebuilt) and large histories. A folder that is only named `target` is somebody's code.
fn is_left_out(source: &Path, facts: &Metadata) -> bool {
    if !facts.is_dir() {
        return false;
    }
    match source.file_name().and_then(|name| name.to_str()) {
        // Builds that are kept for the sandbox itself.
        Some("builds") => source.parent().is_some_and(|folder| folder.ends_with(".hephaestus")),
        Some("target") => [".rustc_info.json", "CACHEDIR.TAG"].iter().any(|mark| source.join(mark).exists()),
        Some(".git") => !is_smaller(source, LARGEST_REPOSITORY),
        _ => false,
    }
}

fn is_smaller(folder: &Path, limit: u64) -> bool {
    let mut folders = vec![folder.to_owned()];
    let mut size: u64 = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(facts) = entry.metadata() else { continue };
            size = size.saturating_add(facts.len());
            if size > limit {
                return false;
            }
            if facts.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    true
}
