//! Folders that are kept from one run to the next, by key: complete or not at all. A folder is filled beside its place
//! and renamed; a list in it says what belongs there, and whatever does not match the list is thrown away whole.
//!
//! Knows nothing of what is in them. Few are kept, and those nobody asks for go first.

use hephaestus_core::ContentHash;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, FileTimes};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// So many folders are kept …
const MOST: usize = 3;
/// … that take up no more than this together, in bytes. A single one that is larger is not kept.
const MOST_BYTES: u64 = 2 << 30;
/// A folder somebody began to fill so long ago will not be finished.
const ABANDONED: Duration = Duration::from_secs(60 * 60);
/// The list of what is in a folder.
const LIST: &str = "list.json";
/// What is kept, beside the list.
const TREE: &str = "tree";
/// What stands in the name of a folder that is not finished.
const UNFINISHED: &str = ".unfinished";

/// A place for kept folders.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    folder: PathBuf,
}

/// A file, or where a link leads.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Item {
    path: PathBuf,
    size: u64,
    /// Of the content, or of where the link leads.
    hash: ContentHash,
    is_link: bool,
}

impl Shelf {
    /// The shelf at `folder`, which need not be there yet.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Puts what is kept under `key` to `to`, if it is there and whole. What is not whole is removed.
    pub(super) fn take(&self, key: &str, to: &Path) -> bool {
        let place = self.folder.join(key);
        if !place.exists() {
            return false;
        }
        let taken = take(&place, to);
        if let Err(error) = &taken {
            tracing::info!(place = %place.display(), %error, "what was kept is thrown away");
            self.forget(key);
            let _ = fs::remove_dir_all(to);
        }
        taken.is_ok()
    }

    /// Keeps `paths` below `from` under `key`, instead of what was kept there, and throws away what is too much.
    ///
    /// # Errors
    /// When it cannot be written or is too large: then nothing is kept under `key`.
    pub(super) fn keep(&self, key: &str, from: &Path, paths: &[PathBuf]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let beside = tempfile::Builder::new().prefix(key).suffix(UNFINISHED).tempdir_in(&self.folder)?;
        let mut items = Vec::new();
        let mut left = MOST_BYTES;
        for path in paths {
            let target = beside.path().join(TREE).join(path);
            put(&from.join(path), &target)?;
            let item = Item::of(path.clone(), &target)?;
            left = left.checked_sub(item.size).ok_or_else(|| io::Error::other("it is too large to keep"))?;
            items.push(item);
        }
        fs::write(beside.path().join(LIST), serde_json::to_vec(&items)?)?;
        self.forget(key);
        // Somebody else may have been faster: then theirs is as good.
        let finished = self.folder.join(key);
        if !finished.exists() {
            fs::rename(beside.path(), &finished)?;
        }
        self.tidy(key);
        Ok(())
    }

    /// Throws away what is kept under `key`.
    pub(super) fn forget(&self, key: &str) {
        let place = self.folder.join(key);
        // Under its name there is a whole folder or none, even while it vanishes.
        let Ok(aside) = tempfile::Builder::new().prefix(key).suffix(UNFINISHED).tempdir_in(&self.folder)
        else {
            return;
        };
        let _ = fs::rename(&place, aside.path().join(TREE));
    }

    /// Throws away what nobody asks for any more; `newest` stays.
    fn tidy(&self, newest: &str) {
        let (mut finished, now) = (Vec::new(), SystemTime::now());
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let list = entry.path().join(LIST);
            if name.ends_with(UNFINISHED) {
                let began = entry.metadata().and_then(|facts| facts.modified()).unwrap_or(now);
                if now.duration_since(began).unwrap_or_default() > ABANDONED {
                    let _ = fs::remove_dir_all(entry.path());
                }
                continue;
            }
            let used =
                fs::metadata(&list).and_then(|facts| facts.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            let size =
                items(&entry.path()).map_or(0, |items| items.iter().map(|item| item.size).sum::<u64>());
            finished.push((name != newest, std::cmp::Reverse(used), name, size));
        }
        finished.sort();
        let mut total: u64 = 0;
        for (at, (_, _, name, size)) in finished.iter().enumerate() {
            total = total.saturating_add(*size);
            if at >= MOST || total > MOST_BYTES {
                self.forget(name);
            }
        }
    }
}

impl Item {
    fn of(path: PathBuf, place: &Path) -> io::Result<Self> {
        let facts = fs::symlink_metadata(place)?;
        let is_link = facts.is_symlink();
        let bytes = if is_link {
            fs::read_link(place)?.into_os_string().into_encoded_bytes()
        } else {
            fs::read(place)?
        };
        Ok(Self { path, size: bytes.len() as u64, hash: ContentHash::of(&bytes), is_link })
    }
}

fn items(place: &Path) -> io::Result<Vec<Item>> {
    Ok(serde_json::from_slice(&fs::read(place.join(LIST))?)?)
}

fn take(place: &Path, to: &Path) -> io::Result<()> {
    for item in items(place)? {
        let is_inside = item.path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let source = place.join(TREE).join(&item.path);
        if !is_inside || Item::of(item.path.clone(), &source)? != item {
            return Err(io::Error::other(format!("{} is not what it was", item.path.display())));
        }
        put(&source, &to.join(&item.path))?;
    }
    // Whoever was asked for last stays longest.
    let list = File::options().append(true).open(place.join(LIST))?;
    list.set_times(FileTimes::new().set_modified(SystemTime::now()))
}

/// Copies a file or a link with its times: build tools compare them.
pub(super) fn put(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let facts = fs::symlink_metadata(from)?;
    if facts.is_symlink() {
        #[cfg(unix)]
        return std::os::unix::fs::symlink(fs::read_link(from)?, to);
        #[cfg(not(unix))]
        return Err(io::Error::other("links are not kept here"));
    }
    if !facts.is_file() {
        return Err(io::Error::other(format!("{} is no file", from.display())));
    }
    // Uses the file system's copy-on-write where it has one.
    fs::copy(from, to)?;
    let times = FileTimes::new().set_modified(facts.modified()?).set_accessed(facts.modified()?);
    match File::options().append(true).open(to) {
        Ok(file) => file.set_times(times),
        // A file nobody may write takes its times through a handle for reading as well.
        Err(_) => File::open(to)?.set_times(times),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// A shelf with `a/file` kept under `key`, and a folder for what is taken.
    fn shelf() -> (TempDir, Shelf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::create_dir_all(from.join("a")).unwrap();
        fs::write(from.join("a/file"), "text").unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let file = File::options().append(true).open(from.join("a/file")).unwrap();
        file.set_times(FileTimes::new().set_modified(long_ago)).unwrap();
        let shelf = Shelf::new(folder.path().join("shelf"));
        shelf.keep("key", &from, &["a/file".into()]).unwrap();
        let to = folder.path().join("to");
        (folder, shelf, to)
    }

    fn names(shelf: &Shelf) -> Vec<String> {
        let entries = fs::read_dir(&shelf.folder).unwrap().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_kept_comes_back_with_its_times() {
        let (_folder, shelf, to) = shelf();
        assert!(shelf.take("key", &to));
        assert_eq!(fs::read_to_string(to.join("a/file")).unwrap(), "text");
        let modified = fs::metadata(to.join("a/file")).unwrap().modified().unwrap();
        assert_eq!(modified.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs(), 1_000_000_000);
        assert!(!shelf.take("other", &to));
        assert_eq!(names(&shelf), ["key"], "nothing unfinished stays");
    }

    #[test]
    fn what_is_damaged_is_thrown_away_whole() {
        let damages: [fn(&Path); 4] = [
            |place| fs::write(place.join("tree/a/file"), "tex!").unwrap(),
            |place| fs::remove_file(place.join("tree/a/file")).unwrap(),
            |place| fs::write(place.join("list.json"), "[{\"pa").unwrap(),
            |place| fs::remove_file(place.join("list.json")).unwrap(),
        ];
        for damage in damages {
            let (_folder, shelf, to) = shelf();
            damage(&shelf.folder.join("key"));
            assert!(!shelf.take("key", &to));
            assert!(!to.exists() && names(&shelf).is_empty());
        }
    }

    #[test]
    fn a_list_that_leads_outside_is_not_followed() {
        let (_folder, shelf, to) = shelf();
        let list = shelf.folder.join("key/list.json");
        let outside = fs::read_to_string(&list).unwrap().replace("a/file", "../tree/a/file");
        fs::write(&list, outside).unwrap();
        assert!(!shelf.take("key", &to));
    }

    #[test]
    fn few_are_kept_and_the_one_asked_for_last_stays() {
        let (folder, shelf, to) = shelf();
        let at = |key: &str, seconds: u64| {
            let list = File::options().append(true).open(shelf.folder.join(key).join("list.json")).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            list.set_times(FileTimes::new().set_modified(time)).unwrap();
        };
        at("key", 1);
        for (seconds, key) in (2..).zip(["b", "c"]) {
            shelf.keep(key, &folder.path().join("from"), &["a/file".into()]).unwrap();
            at(key, seconds);
        }
        assert!(shelf.take("key", &to));
        shelf.keep("d", &folder.path().join("from"), &["a/file".into()]).unwrap();
        assert_eq!(names(&shelf), ["c", "d", "key"]);
    }

    #[test]
    fn what_cannot_be_kept_whole_is_not_kept() {
        let (folder, shelf, _) = shelf();
        let paths: [PathBuf; 2] = ["a/file".into(), "a/gone".into()];
        assert!(shelf.keep("other", &folder.path().join("from"), &paths).is_err());
        assert_eq!(names(&shelf), ["key"]);
    }
}
