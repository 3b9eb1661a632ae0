//! A workspace as it would be with a patch in it: the same folder, the same memory, other texts. Nothing of the user's is
//! written; whatever is run there sees the patch as a layer over the files.

use crate::discovery;
use crate::open::{Workspace, WorkspaceError};
use hephaestus_core::{ContentHash, Patch, RelPath, Snapshot, SourceFile};
use hephaestus_syntax::{ImportGraph, Languages, Parsed};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// What lies over a workspace's files.
#[derive(Debug, Clone)]
pub(crate) struct Overlay {
    folder: Arc<TempDir>,
    /// The same for the same texts.
    pub(crate) key: ContentHash,
}

impl Overlay {
    /// The folder that lies over the workspace's.
    pub(crate) fn layer(&self) -> PathBuf {
        self.folder.path().join("upper")
    }
}

impl Workspace {
    /// This workspace with `patch` in it. A patch that deletes files cannot lie over them.
    ///
    /// # Errors
    /// When the patch does not fit, or what it writes cannot be put down for the sandbox.
    pub(crate) fn overlaid(&self, patch: &Patch) -> Result<Self, WorkspaceError> {
        let internal = |error: String| WorkspaceError::Internal(error);
        let folder = tempfile::Builder::new().prefix("hephaestus-overlay-").tempdir();
        let folder = folder.map_err(|error| internal(error.to_string()))?;
        let overlay = Overlay { folder: Arc::new(folder), key: ContentHash::of(patch.key().as_bytes()) };
        let snapshot = patched(&self.snapshot, patch, self.languages).map_err(internal)?;
        let mut parsed = self.parsed.clone();
        for path in patch.paths() {
            let Some(file) = snapshot.file(path) else {
                return Err(internal(format!("{path} would go, and nothing can lie in its place")));
            };
            let place = path.under(&overlay.layer());
            let written = place.parent().map_or(Ok(()), fs::create_dir_all);
            written
                .and_then(|()| fs::write(&place, &*file.text))
                .map_err(|error| internal(error.to_string()))?;
            let language = self.languages.get(&file.language);
            if let Some(tree) = language.and_then(|language| Parsed::new(language, Arc::clone(file))) {
                parsed.insert(path.clone(), tree);
            }
        }
        let trees: Vec<Parsed> = parsed.values().cloned().collect();
        let imports = ImportGraph::build(&snapshot, &trees);
        Ok(Self { snapshot, parsed, imports, overlay: Some(overlay), ..self.clone() })
    }
}

/// `snapshot` as `patch` leaves it. New files are sources or tests by their paths.
///
/// # Errors
/// A sentence, when the patch does not fit.
pub(crate) fn patched(snapshot: &Snapshot, patch: &Patch, languages: &Languages) -> Result<Snapshot, String> {
    let tests = discovery::test_globs(languages).map_err(|error| error.to_string())?;
    let mut next = snapshot.clone();
    for path in patch.paths() {
        let old = snapshot.file(path);
        let text = patch.apply_to(path, old.map(|old| &*old.text)).map_err(|error| error.to_string())?;
        let Some(text) = text else {
            next.files.remove(path);
            continue;
        };
        let file = match old {
            Some(old) => SourceFile::new(path.clone(), old.language.clone(), text, old.is_test),
            None => {
                let language = languages.detect(path, &text);
                let language =
                    language.ok_or_else(|| format!("it is not known what {path} is written in"))?;
                let is_test = discovery::is_test(path, language, &tests);
                SourceFile::new(path.clone(), language.id().clone(), text, is_test)
            }
        };
        next = next.with_file(file);
    }
    Ok(next)
}

/// What turns one snapshot into the other, as far as `paths` go.
pub(crate) fn between<'a>(
    old: &Snapshot,
    new: &Snapshot,
    paths: impl IntoIterator<Item = &'a RelPath>,
) -> Result<Patch, String> {
    let mut whole = Patch::default();
    for path in paths {
        let patch = match (old.file(path), new.file(path)) {
            (Some(old), Some(new)) => Patch::between(path.clone(), &old.text, &new.text),
            (None, Some(new)) => Patch::create(path.clone(), &*new.text),
            (Some(old), None) => Patch::delete(path.clone(), old.hash.clone()),
            (None, None) => continue,
        };
        if whole.change(path).is_none() {
            whole = whole.merge(&patch).map_err(|error| error.to_string())?;
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::OpenOptions;
    use hephaestus_core::CancelToken;

    #[test]
    fn a_patch_lies_over_the_files_and_the_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.py"), "x = 1\n").unwrap();
        let workspace = Workspace::open(folder.path(), &OpenOptions::default(), &CancelToken::new()).unwrap();
        let (old, new) = (RelPath::new("a.py").unwrap(), RelPath::new("tests/test_a.py").unwrap());
        let patch = Patch::between(old.clone(), "x = 1\n", "x = 2\n");
        let patch = patch.merge(&Patch::create(new.clone(), "import a\n")).unwrap();
        let over = workspace.overlaid(&patch).unwrap();
        assert_eq!(&*over.snapshot.file(&old).unwrap().text, "x = 2\n");
        assert!(over.snapshot.file(&new).unwrap().is_test && over.parsed.contains_key(&new));
        let layer = over.overlay.as_ref().unwrap().layer();
        assert_eq!(fs::read_to_string(layer.join("tests/test_a.py")).unwrap(), "import a\n");
        assert_eq!(fs::read_to_string(folder.path().join("a.py")).unwrap(), "x = 1\n");
        assert_eq!(between(&workspace.snapshot, &over.snapshot, patch.paths()).unwrap(), patch);
        drop(over);
        assert!(!layer.exists(), "nothing is left behind");
    }
}
