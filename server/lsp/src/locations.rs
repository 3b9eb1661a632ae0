//! Names of places: the editor's URIs, paths on disk, paths in a workspace, and positions.

use hephaestus_core::RelPath;
use hephaestus_workspace::Position;
use std::path::{Path, PathBuf};
use tower_lsp::ls_types::{self, Uri};

/// Where a document belongs: a path in an open folder, or one made up for what lies in none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The folder; `None` for documents outside all folders and for those that are no files.
    pub(crate) root: Option<PathBuf>,
    /// The path in it.
    pub(crate) path: RelPath,
}

impl Place {
    /// The place of a document among `roots`: the innermost folder that holds it.
    pub(crate) fn of<'a>(uri: &Uri, roots: impl Iterator<Item = &'a Path>) -> Option<Self> {
        let Some(file) = file_of(uri) else {
            let name = uri.path().as_str().rsplit('/').find(|part| !part.is_empty()).unwrap_or("untitled");
            return Some(Self { root: None, path: RelPath::new(name).ok()? });
        };
        let root = roots.filter(|root| file.starts_with(root)).max_by_key(|root| root.components().count());
        let path = match root {
            Some(root) => file.strip_prefix(root).ok()?,
            None => Path::new(file.file_name()?),
        };
        Some(Self { root: root.map(Path::to_owned), path: RelPath::new(path).ok()? })
    }
}

/// The path of a `file:` URI; `None` for every other scheme.
pub(crate) fn file_of(uri: &Uri) -> Option<PathBuf> {
    let is_file = uri.scheme().as_str().eq_ignore_ascii_case("file");
    let path = is_file.then(|| uri.to_file_path()).flatten()?;
    path.is_absolute().then(|| path.into_owned())
}

/// The URI of a file.
pub(crate) fn uri_of(root: &Path, path: &RelPath) -> Option<Uri> {
    Uri::from_file_path(path.under(root))
}

/// A position in the protocol's words.
pub(crate) fn position(position: Position) -> ls_types::Position {
    ls_types::Position { line: position.line, character: position.character }
}

/// A position in our words.
pub(crate) fn own_position(position: ls_types::Position) -> Position {
    Position { line: position.line, character: position.character }
}

/// A range in the protocol's words.
pub(crate) fn range(start: Position, end: Position) -> ls_types::Range {
    ls_types::Range { start: position(start), end: position(end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(uri: &str) -> Option<(Option<String>, String)> {
        let roots = [Path::new("/w"), Path::new("/w/sub"), Path::new("/other")];
        let place = Place::of(&uri.parse().ok()?, roots.into_iter())?;
        Some((place.root.map(|root| root.display().to_string()), place.path.to_string()))
    }

    fn in_root(root: &str, path: &str) -> Option<(Option<String>, String)> {
        Some((Some(root.to_owned()), path.to_owned()))
    }

    #[test]
    fn a_file_belongs_to_the_innermost_folder() {
        assert_eq!(place("file:///w/a.py"), in_root("/w", "a.py"));
        assert_eq!(place("file:///w/sub/a%20b/%C3%A9.py"), in_root("/w/sub", "a b/é.py"));
        assert_eq!(place("FILE:///w/a.py"), in_root("/w", "a.py"));
        assert_eq!(place("file:///wide/a.py"), Some((None, "a.py".to_owned())));
    }

    #[test]
    fn what_is_no_file_has_a_name_all_the_same() {
        assert_eq!(place("untitled:Untitled-1"), Some((None, "Untitled-1".to_owned())));
        assert_eq!(place("git:/w/a.py?x#y"), Some((None, "a.py".to_owned())));
        assert_eq!(place("untitled:"), Some((None, "untitled".to_owned())));
        assert_eq!(place("file:///"), None);
        assert_eq!(place("file:///w/../../etc/passwd.py"), None);
    }
}
