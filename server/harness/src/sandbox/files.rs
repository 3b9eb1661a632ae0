//! Writes files of a view and reads reports back, on the helper's side. No command runs meanwhile, so what was checked
//! stays true; what commands left behind (links, pipes, devices) is never followed out of the view or waited for.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use hephaestus_core::RelPath;
use std::collections::HashMap;
use std::fs::{self, File, FileTimes};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Most bytes of one report.
const REPORT_LIMIT: u64 = 32 << 20;
/// Most reports of one step, and most entries looked at to find them.
const MOST_REPORTS: usize = 10_000;
const MOST_ENTRIES: usize = 200_000;

/// The files of a view, with the times they were given.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    last: SystemTime,
    by_path: HashMap<RelPath, SystemTime>,
}

impl Files {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, last: UNIX_EPOCH, by_path: HashMap::new() }
    }

    /// Writes or deletes a file; see [`crate::sandbox::Session::write`].
    pub(super) fn write(&mut self, path: &RelPath, content: Option<&[u8]>) -> io::Result<()> {
        let place = self.resolve(path)?;
        let facts = match place.symlink_metadata() {
            Ok(facts) => Some(facts),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if facts.as_ref().is_some_and(|facts| !facts.is_file() && !facts.is_symlink()) {
            return Err(io::Error::other("it is no regular file"));
        }
        let before = facts.as_ref().and_then(|facts| facts.modified().ok());
        let Some(content) = content else {
            // What was there counts: a file of the same name that comes back must be newer.
            if let Some(before) = before {
                self.by_path.insert(path.clone(), before);
            }
            return if facts.is_some() { fs::remove_file(&place) } else { Ok(()) };
        };
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        let time = self.next_time(path, before);
        let mut file = File::options().write(true).create(true).truncate(true).open(&place)?;
        file.write_all(content)?;
        file.set_times(FileTimes::new().set_modified(time))?;
        self.by_path.insert(path.clone(), time);
        Ok(())
    }

    /// Later than every time given before, and in a later second than what the file had: Python's bytecode caches
    /// compare whole seconds and sizes, build tools compare with the start of the last build.
    fn next_time(&mut self, path: &RelPath, before: Option<SystemTime>) -> SystemTime {
        let mut time = SystemTime::now().max(self.last + Duration::from_micros(1));
        for former in [before, self.by_path.get(path).copied()].into_iter().flatten() {
            if let (Ok(time_since), Ok(former_since)) =
                (time.duration_since(UNIX_EPOCH), former.duration_since(UNIX_EPOCH))
                && time_since.as_secs() <= former_since.as_secs()
            {
                time = UNIX_EPOCH + Duration::from_secs(former_since.as_secs() + 1);
            }
        }
        self.last = self.last.max(time);
        time
    }

    /// The path with links resolved, where it stays inside the root. The last component may be missing, and so may
    /// folders before it. A link that leads nowhere is refused.
    fn resolve(&self, path: &RelPath) -> io::Result<PathBuf> {
        let root = self.root.canonicalize()?;
        let mut place = root.clone();
        for part in path.components() {
            let next = place.join(part);
            place = match next.symlink_metadata() {
                Ok(facts) if facts.is_symlink() => next.canonicalize()?,
                Ok(_) => next,
                Err(error) if error.kind() == io::ErrorKind::NotFound => next,
                Err(error) => return Err(error),
            };
            if !place.starts_with(&root) {
                return Err(io::Error::other("a symbolic link leads out of the workspace"));
            }
        }
        Ok(place)
    }
}

/// Empties a folder, or makes it where it is missing or was replaced by something else.
pub(super) fn empty_folder(folder: &Path) -> io::Result<()> {
    if folder.symlink_metadata().is_ok_and(|facts| !facts.is_dir()) {
        fs::remove_file(folder)?;
    }
    super::scratch::remove_tree(folder);
    fs::create_dir_all(folder)
}

/// Reads the files below `folder` whose relative paths match one of `patterns`, sorted by path.
pub(super) fn collect(folder: &Path, patterns: &[String]) -> Vec<(String, Vec<u8>)> {
    let Some(wanted) = pattern_set(patterns).ok().filter(|set| !set.is_empty()) else { return Vec::new() };
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    let mut left = MOST_ENTRIES;
    while let Some((folder, prefix)) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if left == 0 || found.len() >= MOST_REPORTS {
                break;
            }
            left -= 1;
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            if kind.is_dir() {
                folders.push((entry.path(), path));
            } else if kind.is_file() && wanted.is_match(&path) {
                found.push((entry.path(), path));
            }
        }
    }
    found.sort_by(|left, right| left.1.cmp(&right.1));
    found.into_iter().filter_map(|(place, path)| Some((path, read_report(&place).ok()?))).collect()
}

fn read_report(place: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(place)?.take(REPORT_LIMIT).read_to_end(&mut content)?;
    Ok(content)
}

/// The patterns as one set; what is no valid pattern is taken literally.
fn pattern_set(patterns: &[String]) -> io::Result<GlobSet> {
    let glob = |pattern: &str| GlobBuilder::new(pattern).literal_separator(true).build();
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(glob(pattern).or_else(|_| glob(&globset::escape(pattern))).map_err(io::Error::other)?);
    }
    set.build().map_err(io::Error::other)
}

/// Bytes used on disk by what is below `folder`. Links are not followed.
pub(super) fn usage(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let mut folders = vec![folder.to_owned()];
    let mut total: u64 = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(facts) = entry.metadata() else { continue };
            total = total.saturating_add(facts.blocks().saturating_mul(512));
            if facts.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rel(path: &str) -> RelPath {
        RelPath::new(path).unwrap()
    }

    #[test]
    fn patterns_stay_within_components_unless_told_otherwise() {
        let matches = |pattern: &str, path: &str| pattern_set(&[pattern.to_owned()]).unwrap().is_match(path);
        assert!(matches("junit.xml", "junit.xml"));
        assert!(!matches("junit.xml", "a/junit.xml"));
        assert!(matches("*.xml", "a.xml") && !matches("*.xml", "a/b.xml") && !matches("*.xml", "a.xmlx"));
        assert!(matches("**/*.xml", "a/b/c.xml") && matches("**/*.xml", "c.xml"));
        assert!(matches("a/**", "a/b/c") && !matches("a/**", "b/c"));
        assert!(matches("r?.txt", "r1.txt") && !matches("r?.txt", "r.txt"));
        assert!(matches("[", "["), "what is no pattern is a name");
    }

    #[test]
    fn every_write_gets_a_later_second_than_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::new(folder.path().to_owned());
        let second = || {
            let modified = folder.path().join("a.py").metadata().unwrap().modified().unwrap();
            modified.duration_since(UNIX_EPOCH).unwrap().as_secs()
        };
        files.write(&rel("a.py"), Some(b"x = 1")).unwrap();
        let first = second();
        files.write(&rel("a.py"), Some(b"x = 2")).unwrap();
        assert!(second() > first);
        let before = second();
        files.write(&rel("a.py"), None).unwrap();
        files.write(&rel("a.py"), Some(b"x = 3")).unwrap();
        assert!(second() > before, "deleting forgets nothing");
    }

    #[test]
    fn links_are_followed_inside_and_refused_outside() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("file"), "safe").unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        symlink("real", folder.path().join("alias")).unwrap();
        symlink(outside.path(), folder.path().join("evil")).unwrap();
        symlink(outside.path().join("file"), folder.path().join("evil_file")).unwrap();
        symlink("loop", folder.path().join("loop")).unwrap();
        let mut files = Files::new(folder.path().to_owned());
        files.write(&rel("alias/new"), Some(b"1")).unwrap();
        assert!(folder.path().join("real/new").exists());
        for path in ["evil/new", "evil/file", "evil_file", "loop", "loop/x", "evil"] {
            assert!(files.write(&rel(path), Some(b"2")).is_err(), "{path}");
        }
        assert!(files.write(&rel("evil/file"), None).is_err());
        assert_eq!(fs::read_to_string(outside.path().join("file")).unwrap(), "safe");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn reports_are_files_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(folder.path().join("deep/a.xml"), "a").unwrap();
        fs::write(folder.path().join("b.txt"), "b").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("c.xml")).unwrap();
        let reports = collect(folder.path(), &["**/*.xml".to_owned()]);
        assert_eq!(reports, [("deep/a.xml".to_owned(), b"a".to_vec())]);
        assert!(collect(folder.path(), &[]).is_empty());
    }
}
