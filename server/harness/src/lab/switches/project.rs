//! What a build tool says, whichever it is: what is built from what, which test programs there are, and what the
//! compiler refused. Each tool's own words are read in a file of its own.

use super::cargo::Cargo;
use super::golang::Go;
use crate::runners::BuildTool;
use hephaestus_core::{ByteRange, RelPath};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// What is built from what.
#[derive(Debug, Clone)]
pub(super) enum Project {
    /// Told by Cargo.
    Cargo(Cargo),
    /// Told by `go list`.
    Go(Go),
}

/// A shim where it has to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shim {
    pub(super) file: RelPath,
    /// Its text, behind what is in the file.
    pub(super) text: String,
    /// Whether the file is nobody else's.
    pub(super) is_new: bool,
}

/// The text that was compiled of a file.
pub(super) type Compiled<'a> = dyn Fn(&RelPath) -> Option<String> + 'a;

/// A test program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// As the suite's report names it.
    pub(super) name: String,
    /// The file.
    pub(super) path: String,
    /// The folder to run in, below the root; `None` is the root.
    pub(super) cwd: Option<RelPath>,
    /// Its environment.
    pub(super) env: Vec<(String, String)>,
    /// How it is spoken to.
    pub(super) manner: Manner,
}

/// How a test program is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// It runs the tests it is told to, and reports.
    Chosen,
    /// It always runs all its tests, and reports.
    Whole,
    /// It is a single test, and its exit code is all it says.
    Bare,
}

/// One error of the compiler.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BuildError {
    pub(super) code: String,
    pub(super) message: String,
    /// Where it is: the main places first.
    pub(super) spans: Vec<Span>,
    /// How many of the spans are main places.
    pub(super) main: usize,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) file: RelPath,
    pub(super) range: ByteRange,
}

/// What a build said.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) programs: Vec<Program>,
    pub(super) errors: Vec<BuildError>,
    /// Packages of other people, by name, of whose names no package of the workspace or beside it is.
    pub(super) foreign: BTreeSet<String>,
}

impl fmt::Display for BuildError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() {
            return out.write_str(&self.message);
        }
        write!(out, "{}: {}", self.code, self.message)
    }
}

impl Project {
    /// Reads how `tool` describes the project.
    pub(super) fn parse(tool: BuildTool, text: &str) -> Option<Self> {
        match tool {
            BuildTool::Cargo => Cargo::parse(text).map(Self::Cargo),
            BuildTool::Go => Go::parse(text).map(Self::Go),
        }
    }

    /// The project, if Cargo builds it.
    pub(super) fn cargo(&self) -> Option<&Cargo> {
        match self {
            Self::Cargo(cargo) => Some(cargo),
            Self::Go(_) => None,
        }
    }

    /// What has to be written for the switches of the file at `path` to work; `all`: wherever it may be needed.
    pub(super) fn shims(&self, root: &Path, path: &RelPath, all: bool, shim: &str) -> Vec<Shim> {
        match self {
            Self::Cargo(cargo) => {
                let roots = cargo.crate_roots(root, path, all).into_iter();
                roots.map(|file| Shim { file, text: shim.to_owned(), is_new: false }).collect()
            }
            Self::Go(go) => go.shim(root, path, shim).into_iter().collect(),
        }
    }

    /// Reads what a build said of texts that `compiled` tells.
    pub(super) fn answer(&self, root: &Path, text: &str, compiled: &Compiled<'_>) -> Answer {
        match self {
            Self::Cargo(cargo) => cargo.answer(root, text),
            Self::Go(go) => go.answer(root, text, compiled),
        }
    }
}
