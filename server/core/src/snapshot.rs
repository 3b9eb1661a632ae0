//! An immutable picture of the workspace's source files at one moment.

use crate::{ContentHash, LanguageId, RelPath};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One source file as it was read.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Where it lies.
    pub path: RelPath,
    /// Its language pack.
    pub language: LanguageId,
    /// The exact text, byte order mark and line ends included.
    pub text: Arc<str>,
    /// The hash of `text`.
    pub hash: ContentHash,
    /// Whether the workspace's conventions make it test code.
    pub is_test: bool,
}

impl SourceFile {
    /// A file with its hash computed.
    #[must_use]
    pub fn new(path: RelPath, language: LanguageId, text: impl Into<Arc<str>>, is_test: bool) -> Self {
        let text = text.into();
        let hash = ContentHash::of(text.as_bytes());
        Self { path, language, text, hash, is_test }
    }
}

/// Something about a file that the user should know and that stopped nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The file, where there is one.
    pub path: Option<RelPath>,
    /// One sentence: what was noticed and what follows from it.
    pub message: String,
}

/// All source files of a workspace, by path. Cheap to clone: the texts are shared.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The folder everything is relative to.
    pub root: PathBuf,
    /// The files, sorted by path.
    pub files: BTreeMap<RelPath, Arc<SourceFile>>,
    /// What was left out, and why.
    pub notices: Vec<Notice>,
}

impl Snapshot {
    /// The file at `path`.
    #[must_use]
    pub fn file(&self, path: &RelPath) -> Option<&Arc<SourceFile>> {
        self.files.get(path)
    }

    /// A snapshot in which `file` replaces or joins the others.
    #[must_use]
    pub fn with_file(&self, file: SourceFile) -> Self {
        let mut next = self.clone();
        next.files.insert(file.path.clone(), Arc::new(file));
        next
    }
}
