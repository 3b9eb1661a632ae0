//! Who imports whom among the workspace's files, as far as the text says it.
//!
//! What an import looks like is a query in the pack (`imports.scm`); how a name becomes a file is one resolver per
//! family of languages. Where the text leaves a choice, every possible file is taken: a test run too many is cheap, one
//! too few would be a lie. Imports made at run time from computed names are not seen.

mod c;
mod go;
mod java;
mod python;
mod references;
mod rust;
mod script;

use hephaestus_core::{RelPath, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

use crate::{Language, Parsed};
use c::CFiles;
use go::GoFiles;
use java::JavaFiles;
use python::PythonFiles;
use rust::RustFiles;

/// A package of the workspace that is imported by its name: an npm package or a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspacePackage {
    /// The name in its manifest.
    pub name: String,
    /// Its folder; `None` for the workspace root.
    pub folder: Option<RelPath>,
    /// The file its name stands for, relative to the workspace root; `None` for what is usual in its language.
    pub main: Option<RelPath>,
}

/// The static import edges of one snapshot.
#[derive(Debug, Clone, Default)]
pub struct ImportGraph {
    world: World,
    imports: BTreeMap<RelPath, BTreeSet<RelPath>>,
    importers: BTreeMap<RelPath, BTreeSet<RelPath>>,
}

/// What resolvers know of the workspace.
#[derive(Debug, Clone, Default)]
struct World {
    files: BTreeSet<RelPath>,
    packages: Vec<WorkspacePackage>,
    c: CFiles,
    go: GoFiles,
    java: JavaFiles,
    python: PythonFiles,
    rust: RustFiles,
}

/// Where the imports of one file lead.
#[derive(Debug, Default)]
struct Resolved {
    files: BTreeSet<RelPath>,
    external: BTreeSet<String>,
}

/// Languages that import each other's files in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    C,
    Go,
    Java,
    Python,
    Script,
    Rust,
}

impl Family {
    fn of(language: &Language) -> Option<Self> {
        let pack = language.pack();
        let ids = std::iter::once(pack.id.as_str()).chain(pack.manifest.inherits.iter().map(String::as_str));
        ids.into_iter().find_map(|id| match id {
            "c" => Some(Self::C),
            "go" => Some(Self::Go),
            "java" => Some(Self::Java),
            "python" => Some(Self::Python),
            "javascript" => Some(Self::Script),
            "rust" => Some(Self::Rust),
            _ => None,
        })
    }
}

impl ImportGraph {
    /// The graph of `parsed`, which are files of `snapshot`. A file that could not be parsed imports nothing.
    #[must_use]
    pub fn build(snapshot: &Snapshot, parsed: &[Parsed]) -> Self {
        Self::build_with(snapshot, parsed, &[])
    }

    /// The same, where some folders are packages that are imported by name.
    #[must_use]
    pub fn build_with(snapshot: &Snapshot, parsed: &[Parsed], packages: &[WorkspacePackage]) -> Self {
        let files: BTreeSet<RelPath> = snapshot.files.keys().cloned().collect();
        let world = World {
            c: CFiles::of(&files),
            go: GoFiles::of(&files),
            java: JavaFiles::of(&files),
            python: PythonFiles::of(&files),
            rust: RustFiles::of(&files, parsed, packages),
            packages: packages.to_vec(),
            files,
        };
        let mut graph = Self { world, ..Self::default() };
        for file in parsed {
            let path = &file.file().path;
            for target in graph.world.resolve(file).files {
                graph.add(path, &target);
            }
        }
        for file in snapshot.files.values().filter(|file| file.is_test) {
            for conftest in graph.world.python.conftests_above(&file.path) {
                graph.add(&file.path, &conftest);
            }
        }
        for (from, to) in graph.world.rust.links() {
            graph.add(&from, &to);
        }
        graph
    }

    fn add(&mut self, from: &RelPath, to: &RelPath) {
        if from != to {
            self.imports.entry(from.clone()).or_default().insert(to.clone());
            self.importers.entry(to.clone()).or_default().insert(from.clone());
        }
    }

    /// The files that `path` imports itself.
    #[must_use]
    pub fn imports(&self, path: &RelPath) -> BTreeSet<RelPath> {
        self.imports.get(path).cloned().unwrap_or_default()
    }

    /// Every file that a change of `path` can reach: itself, its importers, theirs, and so on.
    #[must_use]
    pub fn dependents(&self, path: &RelPath) -> BTreeSet<RelPath> {
        let mut reached = BTreeSet::from([path.clone()]);
        let mut open = vec![path];
        while let Some(next) = open.pop() {
            for importer in self.importers.get(next).into_iter().flatten() {
                if reached.insert(importer.clone()) {
                    open.push(importer);
                }
            }
        }
        reached
    }

    /// The test files that a change of `path` can reach, sorted. Empty does not mean untested: tests may stand in the
    /// file itself (Rust), or run it as a program.
    #[must_use]
    pub fn tests_reaching(&self, path: &RelPath, snapshot: &Snapshot) -> Vec<RelPath> {
        let is_test = |path: &RelPath| snapshot.file(path).is_some_and(|file| file.is_test);
        self.dependents(path).into_iter().filter(is_test).collect()
    }

    /// The names a file imports that are no files of the workspace: top-level module (Python), package with its scope
    /// (JavaScript), crate (Rust). The standard library counts too, but for Rust's `std`, `core` and `alloc`. The file
    /// may be a changed version of one in the graph, or a new one.
    #[must_use]
    pub fn external(&self, parsed: &Parsed) -> BTreeSet<String> {
        self.world.resolve(parsed).external
    }
}

impl World {
    fn resolve(&self, parsed: &Parsed) -> Resolved {
        match Family::of(parsed.language()) {
            Some(Family::C) => self.c.resolve(parsed),
            Some(Family::Go) => self.go.resolve(parsed),
            Some(Family::Java) => self.java.resolve(parsed),
            Some(Family::Python) => self.python.resolve(parsed),
            Some(Family::Script) => script::resolve(&self.files, &self.packages, parsed),
            Some(Family::Rust) => self.rust.resolve(parsed),
            None => Resolved::default(),
        }
    }
}

/// `folder/name`, where no folder is the workspace root. `None` when the result would leave the workspace.
fn join(folder: Option<&RelPath>, name: &str) -> Option<RelPath> {
    let mut parts: Vec<&str> = folder.map(|folder| folder.components().collect()).unwrap_or_default();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    RelPath::new(parts.join("/")).ok()
}

#[cfg(test)]
mod tests;
