//! Go packages: the files of one folder are one package, and an import names a folder. `go.mod` is not read: an import is
//! taken for the folder of the workspace whose path it ends in, the longest one where there are several.

use hephaestus_core::RelPath;
use std::collections::{BTreeMap, BTreeSet};

use super::Resolved;
use super::references::references;
use crate::Parsed;

/// The Go files of the workspace by folder; the root is the empty text.
#[derive(Debug, Clone, Default)]
pub(super) struct GoFiles {
    packages: BTreeMap<String, BTreeSet<RelPath>>,
}

impl GoFiles {
    pub(super) fn of(files: &BTreeSet<RelPath>) -> Self {
        let mut packages: BTreeMap<String, BTreeSet<RelPath>> = BTreeMap::new();
        for file in files.iter().filter(|file| file.as_str().ends_with(".go")) {
            packages.entry(folder_of(file)).or_default().insert(file.clone());
        }
        Self { packages }
    }

    pub(super) fn resolve(&self, parsed: &Parsed) -> Resolved {
        let own = &parsed.file().path;
        let mut resolved = Resolved::default();
        resolved.files.extend(self.sources(&folder_of(own)).filter(|file| *file != own).cloned());
        for reference in references(parsed) {
            let Some(path) = reference.text("module") else { continue };
            match self.folder_named(path) {
                Some(folder) => resolved.files.extend(self.sources(folder).cloned()),
                None => drop(resolved.external.insert(path.to_owned())),
            }
        }
        resolved
    }

    /// The files of a package that others see: no tests.
    fn sources(&self, folder: &str) -> impl Iterator<Item = &RelPath> {
        let files = self.packages.get(folder).into_iter().flatten();
        files.filter(|file| !file.as_str().ends_with("_test.go"))
    }

    /// The folder an import means. The root of the workspace is meant by no ending; only `go.mod` could tell, and a path
    /// with nothing but a host in front of one name is the module itself in nearly every project.
    fn folder_named(&self, path: &str) -> Option<&str> {
        let parts = path.match_indices('/').map(|(at, _)| at + 1);
        let mut endings = std::iter::once(0).chain(parts).filter_map(|at| path.get(at..));
        endings.find_map(|ending| self.packages.get_key_value(ending)).map(|(folder, _)| folder.as_str())
    }
}

fn folder_of(file: &RelPath) -> String {
    file.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> GoFiles {
        GoFiles::of(&paths.iter().map(|path| RelPath::new(*path).unwrap()).collect())
    }

    #[test]
    fn an_import_is_the_longest_folder_it_ends_in() {
        let files = files(&["a.go", "b/b.go", "x/b/c.go", "x/b/c_test.go"]);
        assert_eq!(files.folder_named("example.org/m/x/b"), Some("x/b"));
        assert_eq!(files.folder_named("example.org/m/b"), Some("b"));
        assert_eq!(files.folder_named("strings"), None);
        assert_eq!(files.sources("x/b").map(RelPath::as_str).collect::<Vec<_>>(), ["x/b/c.go"]);
    }
}
