//! Python modules: packages, namespace packages, relative imports, `src` layouts, `conftest.py`.

use hephaestus_core::RelPath;
use std::collections::BTreeSet;

use super::references::references;
use super::{Resolved, join};
use crate::Parsed;

/// The workspace as Python's importer may see it.
#[derive(Debug, Clone, Default)]
pub(super) struct PythonFiles {
    files: BTreeSet<RelPath>,
    /// Folders in which absolute imports may start; `None` is the workspace root.
    roots: BTreeSet<Option<RelPath>>,
}

impl PythonFiles {
    pub(super) fn of(files: &BTreeSet<RelPath>) -> Self {
        let is_python = |path: &&RelPath| matches!(path.extension(), Some("py" | "pyi"));
        let files: BTreeSet<RelPath> = files.iter().filter(is_python).cloned().collect();
        let mut roots = BTreeSet::from([None, RelPath::new("src").ok()]);
        let packages =
            files.iter().filter(|path| path.file_name() == "__init__.py").filter_map(RelPath::parent);
        for package in packages {
            let parent = package.parent();
            let is_inner = join(parent.as_ref(), "__init__.py").is_some_and(|init| files.contains(&init));
            if !is_inner {
                roots.insert(parent);
            }
        }
        Self { files, roots }
    }

    /// The `conftest.py` files that pytest loads for the file at `path`.
    pub(super) fn conftests_above(&self, path: &RelPath) -> Vec<RelPath> {
        if !self.files.contains(path) {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut folder = path.parent();
        loop {
            found.extend(
                join(folder.as_ref(), "conftest.py").filter(|conftest| self.files.contains(conftest)),
            );
            match folder {
                Some(inner) => folder = inner.parent(),
                None => return found,
            }
        }
    }

    pub(super) fn resolve(&self, parsed: &Parsed) -> Resolved {
        let mut resolved = Resolved::default();
        let path = &parsed.file().path;
        for reference in references(parsed) {
            if let Some(module) = reference.text("module") {
                self.absolute(path, module, None, &mut resolved);
            } else if let Some(from) = reference.text("from") {
                let name = reference.text("name");
                let dots = from.chars().take_while(|c| *c == '.').count();
                match dots {
                    0 => self.absolute(path, from, name, &mut resolved),
                    _ => self.relative(path, dots, from.trim_start_matches('.').trim(), name, &mut resolved),
                }
            }
        }
        resolved
    }

    /// `import module` or `from module import name`. The file's own folder comes first, as for a script and for a test
    /// outside any package; of the other roots every one that has the module counts.
    fn absolute(&self, path: &RelPath, module: &str, name: Option<&str>, resolved: &mut Resolved) {
        let own = path.parent();
        let mut found = self.module(own.as_ref(), module, name);
        if found.is_empty() {
            found = self.roots.iter().flat_map(|root| self.module(root.as_ref(), module, name)).collect();
        }
        if found.is_empty() {
            resolved.external.extend(module.split('.').next().map(|first| first.trim().to_owned()));
        }
        resolved.files.extend(found);
    }

    fn relative(
        &self,
        path: &RelPath,
        dots: usize,
        module: &str,
        name: Option<&str>,
        resolved: &mut Resolved,
    ) {
        let mut folder = path.parent();
        for _ in 1..dots {
            let Some(inner) = folder else { return };
            folder = inner.parent();
        }
        resolved.files.extend(join(folder.as_ref(), "__init__.py").filter(|init| self.files.contains(init)));
        let dotted = [module, name.unwrap_or_default()].join(".");
        resolved.files.extend(self.module(folder.as_ref(), dotted.trim_matches('.'), None));
    }

    /// The files that are executed when `module`, and `name` in it if that is a module too, is imported from `root`:
    /// each package on the way, then the module. Empty when not even the first component is there.
    fn module(&self, root: Option<&RelPath>, module: &str, name: Option<&str>) -> Vec<RelPath> {
        let mut found = Vec::new();
        let mut folder = root.cloned();
        for part in module.split('.').chain(name).map(str::trim) {
            let existing =
                |name: String| join(folder.as_ref(), &name).filter(|path| self.files.contains(path));
            let init = existing(format!("{part}/__init__.py"));
            let plain = existing(format!("{part}.py")).or_else(|| existing(format!("{part}.pyi")));
            let is_package = init.is_some();
            found.extend(init);
            if !is_package && plain.is_some() {
                found.extend(plain);
                return found;
            }
            match join(folder.as_ref(), part) {
                Some(inner) if self.is_folder(&inner) => folder = Some(inner),
                _ => return found,
            }
        }
        found
    }

    fn is_folder(&self, path: &RelPath) -> bool {
        let first = self.files.range(path.clone()..).find(|file| *file != path);
        // `a.py` sorts between `a` and `a/b.py`, so the first file after the folder's name need not lie in it.
        first.is_some_and(|file| file.is_within(path))
            || join(Some(path), "0")
                .is_some_and(|low| self.files.range(low..).next().is_some_and(|file| file.is_within(path)))
    }
}
