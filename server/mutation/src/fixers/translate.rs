//! From a linter's paths and edits to ours.

use hephaestus_core::{Edit, Patch, RelPath, Snapshot};
use std::path::Path;

/// The workspace-relative form of a path in a linter's output; `None` for files that are not ours.
pub(super) fn relative(path: &str, root: &Path, snapshot: &Snapshot) -> Option<RelPath> {
    let path = Path::new(path);
    let relative = path.strip_prefix(root).or_else(|_| path.strip_prefix(&snapshot.root)).unwrap_or(path);
    let relative = RelPath::new(relative).ok()?;
    snapshot.file(&relative).is_some().then_some(relative)
}

/// A patch of several files from raw edits. `None` when one does not fit, two overlap, or nothing changes.
pub(super) fn patch_of(edits: Vec<(RelPath, Edit)>, snapshot: &Snapshot) -> Option<Patch> {
    let mut patch = Patch::default();
    let mut files: Vec<RelPath> = edits.iter().map(|(file, _)| file.clone()).collect();
    files.sort();
    files.dedup();
    for file in files {
        let source = snapshot.file(&file)?;
        let mut own: Vec<Edit> =
            edits.iter().filter(|(path, _)| *path == file).map(|(_, edit)| edit.clone()).collect();
        own.sort_by_key(|edit| (edit.range.start, edit.range.end));
        own.dedup();
        let part = Patch::edit(file.clone(), source.hash.clone(), own).ok()?;
        let after = part.apply_to(&file, Some(&source.text)).ok()??;
        if after == *source.text {
            return None;
        }
        patch = patch.merge(&part).ok()?;
    }
    (!patch.is_empty()).then_some(patch)
}

/// A workspace at `/w` with one file, for the readers' tests.
#[cfg(test)]
pub(super) fn one_file(path: &str, language: &str, text: &str) -> (RelPath, Snapshot) {
    use hephaestus_core::{LanguageId, SourceFile};

    let path = RelPath::new(path).unwrap();
    let file = SourceFile::new(path.clone(), LanguageId::new(language), text, false);
    (path, Snapshot { root: "/w".into(), ..Snapshot::default() }.with_file(file))
}
