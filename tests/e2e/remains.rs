//! What a run may leave behind: nothing. Fingerprints of folders, marked processes, mounts, scratch folders.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long something that is about to happen may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Everything about a file that its owner could notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    mode: u32,
    modified: (i64, i64),
    content: Vec<u8>,
}

/// All files below `root` but those of our own state folder.
pub(crate) fn fingerprint(root: &Path) -> BTreeMap<String, Entry> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        // A folder nobody may enter looks the same before and after.
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            // A tool's own packages, shared by all tests.
            if name == ".hephaestus" || name == "node_modules" {
                continue;
            }
            let Ok(facts) = path.symlink_metadata() else { continue };
            let content = if facts.is_file() {
                fs::read(&path).unwrap_or_default()
            } else if facts.is_symlink() {
                fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
            } else {
                Vec::new()
            };
            // A folder's time changes with our state folder in it.
            let modified = if facts.is_dir() { (0, 0) } else { (facts.mtime(), facts.mtime_nsec()) };
            found.insert(name, Entry { mode: facts.mode(), modified, content });
            if facts.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

/// Waits until `condition` holds; fails with `what` when it never does.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    assert!(within(PATIENCE, &mut condition), "not within {PATIENCE:?}: {what}");
}

/// Whether `condition` comes to hold within `limit`.
pub(crate) fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !condition() {
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Ids and command lines of living processes whose environment or command line holds `mark`.
pub(crate) fn marked_processes(mark: &str) -> Vec<(u32, String)> {
    let own = std::process::id();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| *pid != own)
        .filter_map(|pid| {
            let read = |name: &str| {
                let bytes = fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
                String::from_utf8_lossy(&bytes).replace('\0', " ")
            };
            let command = read("cmdline");
            // A zombie has neither; it is dead.
            (command.contains(mark) || read("environ").contains(mark)).then_some((pid, command))
        })
        .collect()
}

/// Fails when anything marked still runs or is mounted, or scratch files lie below `temp`.
pub(crate) fn assert_nothing_left(mark: &str, temp: &Path) {
    let gone = within(Duration::from_secs(10), || marked_processes(mark).is_empty());
    assert!(gone, "still running: {:?}", marked_processes(mark));
    assert_nothing_mounted(mark);
    let left = scratch(temp);
    assert!(left.is_empty(), "lying about: {left:?}");
}

/// Fails when something is mounted in a marked folder.
pub(crate) fn assert_nothing_mounted(mark: &str) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let ours: Vec<&str> = mounts.lines().filter(|line| line.contains(mark)).collect();
    assert!(ours.is_empty(), "still mounted: {ours:?}");
}

/// What lies in the temporary folder: the per-user folder itself does not count.
pub(crate) fn scratch(temp: &Path) -> Vec<String> {
    let mut left = Vec::new();
    for entry in fs::read_dir(temp).unwrap().flatten() {
        let is_users = entry.file_name().to_string_lossy().starts_with("hephaestus-");
        let inside = fs::read_dir(entry.path()).into_iter().flatten().flatten();
        if is_users {
            left.extend(inside.map(|entry| entry.path().display().to_string()));
        } else {
            left.push(entry.path().display().to_string());
        }
    }
    left
}
