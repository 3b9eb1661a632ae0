//! Writing accepted improvements into the user's files: only when asked, only what was proved together, only where the
//! text is still the one that was proved, each file atomically.

use crate::forging::now_ms;
use crate::open::Workspace;
use crate::report::ForgeReport;
use crate::report::testgen::TestgenReport;
use crate::staging::{Staged, Staging};
use hephaestus_core::{ContentHash, DecisionKind, Patch, RelPath};
use hephaestus_registry::Registry;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The files, sorted.
    pub files: Vec<RelPath>,
}

/// Why nothing was written (or, after a crash of the disk itself, not everything).
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// There is no proof that the improvements hold together.
    #[error("the improvements were not proved together; nothing was written")]
    NotProved,
    /// A file is not what it was.
    #[error("`{0}` has changed since it was read; nothing was written. Run the command again.")]
    Changed(RelPath),
    /// A file cannot be written.
    #[error("`{}` cannot be written: {source}; {done} of {all} files were written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// Files written before.
        done: usize,
        /// Files to write.
        all: usize,
    },
}

impl Workspace {
    /// Writes what was proved together.
    ///
    /// # Errors
    /// When it was not proved, a file has changed, or the disk refuses. Every new text is on disk before the first one
    /// takes its place, so that a full disk changes nothing.
    pub fn apply(&self, report: &mut ForgeReport) -> Result<Applied, ApplyError> {
        let patch = report.proved_patch().ok_or(ApplyError::NotProved)?;
        let files = write(&self.root, &self.snapshot, &patch, &Staging::new(&self.state_folder()))?;
        report.mark_applied();
        if let Ok(registry) = Registry::open(&self.state_folder()) {
            for candidate in report.applied_candidates() {
                if let Err(error) = registry.decide(candidate, DecisionKind::Applied, now_ms()) {
                    tracing::warn!("the decision is not recorded: {error}");
                }
            }
        }
        Ok(Applied { files })
    }

    /// Writes a patch of the snapshot, as it is.
    pub(crate) fn write_patch(&self, patch: &Patch) -> Result<Applied, ApplyError> {
        let files = write(&self.root, &self.snapshot, patch, &Staging::new(&self.state_folder()))?;
        Ok(Applied { files })
    }

    /// Writes new tests.
    ///
    /// # Errors
    /// As [`Workspace::apply`].
    pub fn apply_tests(&self, report: &mut TestgenReport) -> Result<Applied, ApplyError> {
        if !report.is_proved {
            return Err(ApplyError::NotProved);
        }
        let applied = self.write_patch(&report.patch)?;
        report.applied.clone_from(&applied.files);
        Ok(applied)
    }
}

fn write(
    root: &Path,
    snapshot: &hephaestus_core::Snapshot,
    patch: &Patch,
    staging: &Staging,
) -> Result<Vec<RelPath>, ApplyError> {
    let mut ready: Vec<(&RelPath, Staged)> = Vec::new();
    let all = patch.paths().count();
    for path in patch.paths() {
        let old = snapshot.file(path);
        let new = patch
            .apply_to(path, old.map(|old| &*old.text))
            .ok()
            .flatten()
            .ok_or_else(|| ApplyError::Changed(path.clone()))?;
        let place = path.under(root);
        check(&place, path, old.map(|old| &old.hash))?;
        let failed = |source| ApplyError::Io { path: place.clone(), source, done: 0, all };
        if old.is_none()
            && let Some(folder) = place.parent()
        {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        ready.push((path, staging.stage(&place, new.as_bytes()).map_err(failed)?));
    }
    // Once more, as late as possible: staging takes time.
    for (path, staged) in &ready {
        check(staged.place(), path, snapshot.file(path).map(|old| &old.hash))?;
    }
    let mut files = Vec::new();
    for (path, staged) in ready {
        let (place, done) = (staged.place().to_owned(), files.len());
        staged.take_its_place().map_err(|source| ApplyError::Io { path: place, source, done, all })?;
        files.push(path.clone());
    }
    Ok(files)
}

/// Whether the file is as it was read; without a hash, whether it is still not there.
fn check(place: &Path, path: &RelPath, hash: Option<&ContentHash>) -> Result<(), ApplyError> {
    let facts = fs::symlink_metadata(place);
    let Some(hash) = hash else {
        let is_absent = facts.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        return if is_absent { Ok(()) } else { Err(ApplyError::Changed(path.clone())) };
    };
    let is_plain = facts.is_ok_and(|data| data.is_file());
    let same = fs::read(place).is_ok_and(|bytes| ContentHash::of(&bytes) == *hash);
    if is_plain && same { Ok(()) } else { Err(ApplyError::Changed(path.clone())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::{LanguageId, Snapshot, SourceFile};

    fn workspace(files: &[(&str, &str)]) -> (tempfile::TempDir, Snapshot) {
        let folder = tempfile::tempdir().unwrap();
        let mut snapshot = Snapshot { root: folder.path().to_owned(), ..Snapshot::default() };
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
            let path = RelPath::new(name).unwrap();
            snapshot = snapshot.with_file(SourceFile::new(path, LanguageId::new("python"), *text, false));
        }
        (folder, snapshot)
    }

    fn patch(snapshot: &Snapshot, changes: &[(&str, &str)]) -> Patch {
        changes.iter().fold(Patch::default(), |patch, (name, new)| {
            let path = RelPath::new(name).unwrap();
            let old = snapshot.file(&path).unwrap();
            patch.merge(&Patch::between(path, &old.text, new)).unwrap()
        })
    }

    fn write(folder: &Path, snapshot: &Snapshot, patch: &Patch) -> Result<Vec<RelPath>, ApplyError> {
        let state = tempfile::tempdir().unwrap();
        super::write(folder, snapshot, patch, &Staging::new(state.path()))
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn writes_every_file_and_leaves_nothing_else() {
        let (folder, snapshot) = workspace(&[("a.py", "x = 1\n"), ("b.py", "y = 1\n")]);
        let files =
            write(folder.path(), &snapshot, &patch(&snapshot, &[("a.py", "x = 2\n"), ("b.py", "y = 2\n")]))
                .unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(fs::read_to_string(folder.path().join("a.py")).unwrap(), "x = 2\n");
        assert_eq!(names(folder.path()), ["a.py", "b.py"]);
    }

    #[test]
    fn a_new_file_comes_with_its_folder_and_overwrites_nothing() {
        let (folder, snapshot) = workspace(&[("a.py", "x = 1\n")]);
        let path = RelPath::new("tests/test_a.py").unwrap();
        let new = patch(&snapshot, &[("a.py", "x = 2\n")]).merge(&Patch::create(path, "test\n")).unwrap();
        assert_eq!(write(folder.path(), &snapshot, &new).unwrap().len(), 2);
        assert_eq!(fs::read_to_string(folder.path().join("tests/test_a.py")).unwrap(), "test\n");
        fs::write(folder.path().join("a.py"), "x = 1\n").unwrap();
        let again = write(folder.path(), &snapshot, &new);
        assert!(matches!(again, Err(ApplyError::Changed(path)) if path.as_str() == "tests/test_a.py"));
        assert_eq!(fs::read_to_string(folder.path().join("a.py")).unwrap(), "x = 1\n");
    }

    #[test]
    fn one_changed_file_stops_everything() {
        let (folder, snapshot) = workspace(&[("a.py", "x = 1\n"), ("b.py", "y = 1\n")]);
        fs::write(folder.path().join("b.py"), "y = 1  # edited meanwhile\n").unwrap();
        let result =
            write(folder.path(), &snapshot, &patch(&snapshot, &[("a.py", "x = 2\n"), ("b.py", "y = 2\n")]));
        assert!(matches!(result, Err(ApplyError::Changed(path)) if path.as_str() == "b.py"));
        assert_eq!(fs::read_to_string(folder.path().join("a.py")).unwrap(), "x = 1\n");
        assert_eq!(names(folder.path()), ["a.py", "b.py"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay_and_links_are_not_followed() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, snapshot) = workspace(&[("a.py", "x = 1\n"), ("b.py", "y = 1\n")]);
        let place = folder.path().join("a.py");
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
        write(folder.path(), &snapshot, &patch(&snapshot, &[("a.py", "x = 2\n")])).unwrap();
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o755);
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(folder.path().join("b.py"), &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, folder.path().join("b.py")).unwrap();
        assert!(write(folder.path(), &snapshot, &patch(&snapshot, &[("b.py", "y = 2\n")])).is_err());
    }
}
