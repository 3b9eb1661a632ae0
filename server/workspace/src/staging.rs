//! Where new texts wait on disk until all of them are there, and how each takes its place in one step. Must not decide
//! what is written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The waiting place: in the state folder, so that nobody stumbles over a text whose process died. Who holds it has the
/// turn to write: two processes do not mix their files.
pub(crate) struct Staging {
    /// `None` where there is no state folder (a full or read-only disk): then texts wait beside their files.
    folder: Option<PathBuf>,
    _turn: Option<File>,
}

impl Staging {
    /// Waits for its turn and sweeps away what a dead process left.
    pub(crate) fn new(state: &Path) -> Self {
        let lock = || {
            fs::create_dir_all(state)?;
            let file = File::create(state.join("apply.lock"))?;
            file.lock().map(|()| file)
        };
        let turn = lock().ok();
        let folder = state.join("staged");
        if turn.is_some() {
            // It is mostly not there; whatever else is wrong shows when it is made.
            let _ = fs::remove_dir_all(&folder);
        }
        let is_made = turn.is_some() && fs::create_dir_all(&folder).is_ok();
        Self { folder: is_made.then_some(folder), _turn: turn }
    }

    /// Writes `text` down to the disk, with the permissions of the file at `place`.
    pub(crate) fn stage(&self, place: &Path, text: &[u8]) -> io::Result<Staged> {
        let folder = self.folder.as_deref().filter(|folder| on_same_disk(folder, beside(place)));
        let text = write(place, folder.unwrap_or(beside(place)), text)?;
        Ok(Staged { place: place.to_owned(), text })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // What stays is swept up next time.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// A text on disk, ready to take its place. Dropped, it vanishes.
pub(crate) struct Staged {
    place: PathBuf,
    text: NamedTempFile,
}

impl Staged {
    /// The place.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// Puts it there.
    pub(crate) fn take_its_place(self) -> io::Result<()> {
        match self.text.persist(&self.place) {
            Ok(_) => Ok(()),
            // The same device, but another mount: then from beside.
            Err(error) if error.error.kind() == io::ErrorKind::CrossesDevices => {
                let text = fs::read(error.file.path())?;
                write(&self.place, beside(&self.place), &text)?.persist(&self.place)?;
                Ok(())
            }
            Err(error) => Err(error.error),
        }
    }
}

fn beside(place: &Path) -> &Path {
    place.parent().unwrap_or_else(|| Path::new("."))
}

fn write(place: &Path, folder: &Path, text: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(".hephaestus-").tempfile_in(folder)?;
    file.write_all(text)?;
    match fs::metadata(place) {
        Ok(facts) => file.as_file().set_permissions(facts.permissions())?,
        // A new file gets what files of this process get.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            file.as_file().set_permissions(usual_permissions(folder)?)?;
        }
        Err(error) => return Err(error),
    }
    file.as_file().sync_all()?;
    Ok(file)
}

/// The permissions of a file that is made here as any other.
fn usual_permissions(folder: &Path) -> io::Result<fs::Permissions> {
    let probe = folder.join(format!(".hephaestus-{}", std::process::id()));
    let facts = File::create(&probe)?.metadata();
    fs::remove_file(&probe)?;
    Ok(facts?.permissions())
}

#[cfg(unix)]
fn on_same_disk(left: &Path, right: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| fs::metadata(path).map(|facts| facts.dev()).ok();
    device(left).is_some() && device(left) == device(right)
}

#[cfg(not(unix))]
fn on_same_disk(_left: &Path, _right: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_staged_is_swept_up() {
        let folder = tempfile::tempdir().unwrap();
        let (state, place) = (folder.path().join(".hephaestus"), folder.path().join("a.py"));
        fs::write(&place, "old").unwrap();
        fs::create_dir_all(state.join("staged")).unwrap();
        fs::write(state.join("staged/.hephaestus-dead"), "lost").unwrap();
        let staging = Staging::new(&state);
        staging.stage(&place, b"new").unwrap().take_its_place().unwrap();
        let _never_placed = staging.stage(&place, b"newer").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "a text waits beside its file");
        drop(staging);
        assert_eq!(fs::read_to_string(&place).unwrap(), "new");
        assert!(!state.join("staged").exists());
    }

    #[test]
    fn without_a_state_folder_texts_wait_beside_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let (state, place) = (folder.path().join("state"), folder.path().join("a.py"));
        fs::write(&state, "in the way").unwrap();
        fs::write(&place, "old").unwrap();
        Staging::new(&state).stage(&place, b"new").unwrap().take_its_place().unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
