//! What a directive is looked at among: the workspace's files and names, the other directives, what is known of its lines.
//! Plain data, gathered by whoever has the workspace.

use crate::{Directive, Record, Spanned};
use globset::{GlobBuilder, GlobMatcher};
use hephaestus_core::{ByteRange, ContentHash, LanguageId, RelPath, Snapshot};
use hephaestus_syntax::Parsed as Tree;
use std::collections::{BTreeMap, BTreeSet};

/// What a directive is looked at among.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Whether `files` is complete; as long as it is not, no file is said to be missing.
    pub knows_files: bool,
    /// The source files, tests included.
    pub files: BTreeMap<RelPath, FileSummary>,
    /// What the files that were looked into define; see [`Directive::files_to_know`].
    pub symbols: BTreeMap<RelPath, Vec<Symbol>>,
    /// The other directives of the workspace, by name, each with what it comes after.
    pub directives: BTreeMap<String, Vec<String>>,
    /// The engines there are.
    pub engines: Vec<String>,
    /// What came of its lines when it was last run.
    pub record: Option<Record>,
}

/// What is known of a source file without looking into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    /// Its language pack.
    pub language: LanguageId,
    /// The hash of its text.
    pub hash: ContentHash,
}

/// Something that a file defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Its qualified name: `Parser.read`.
    pub name: String,
    /// Its declaration's tokens joined by spaces, where it is visible from outside; empty otherwise.
    pub signature: String,
    /// The definition, in bytes of the file's text; `None` where only its name is known.
    pub range: Option<ByteRange>,
}

/// Files looked into for one directive, at most: one about the whole workspace names no symbols of all of it.
const MOST_FILES: usize = 100;

impl Surroundings {
    /// Surroundings with the files of a snapshot.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let summary = |(path, file): (&RelPath, &std::sync::Arc<hephaestus_core::SourceFile>)| {
            (path.clone(), FileSummary { language: file.language.clone(), hash: file.hash.clone() })
        };
        let files = snapshot.files.iter().map(summary).collect();
        Self { knows_files: true, files, ..Self::default() }
    }

    /// Notes what a file defines.
    pub fn look_into(&mut self, tree: &Tree) {
        self.symbols.insert(tree.file().path.clone(), symbols_of(tree));
    }

    /// The files that a path, a folder or a glob names. `Err` says why it names none that could be.
    ///
    /// # Errors
    /// When the glob is malformed or leads outside the workspace.
    pub fn matching(&self, written: &str) -> Result<Vec<&RelPath>, String> {
        let names = FileNames::new(written)?;
        Ok(self.files.keys().filter(|path| names.has(path)).collect())
    }

    /// The files of several such names; those that are malformed name nothing.
    pub(crate) fn matching_any(&self, written: &[Spanned<String>]) -> Vec<&RelPath> {
        let names: Vec<FileNames> = written.iter().filter_map(|own| FileNames::new(own).ok()).collect();
        self.files.keys().filter(|path| names.iter().any(|names| names.has(path))).collect()
    }
}

/// Everything that a file defines, by name.
fn symbols_of(tree: &Tree) -> Vec<Symbol> {
    let mut symbols: BTreeMap<String, Symbol> = BTreeMap::new();
    for function in tree.functions() {
        let mut around = String::new();
        for part in function.qualified.split('.') {
            around = if around.is_empty() { part.to_owned() } else { format!("{around}.{part}") };
            let name = around.clone();
            symbols.entry(name.clone()).or_insert(Symbol { name, signature: String::new(), range: None });
        }
        if let Some(symbol) = symbols.get_mut(&function.qualified) {
            symbol.range.get_or_insert(function.range);
        }
    }
    for item in tree.public_api() {
        let named = Symbol { name: item.name.clone(), signature: String::new(), range: None };
        symbols.entry(item.name).or_insert(named).signature = item.signature;
    }
    symbols.into_values().collect()
}

/// A path, a folder or a glob of files.
pub struct FileNames {
    path: Option<RelPath>,
    glob: GlobMatcher,
}

impl FileNames {
    /// Reads what is written.
    ///
    /// # Errors
    /// When it is malformed or leads outside the workspace.
    pub fn new(written: &str) -> Result<Self, String> {
        let path = RelPath::new(written).map_err(|error| error.to_string())?;
        let glob = GlobBuilder::new(path.as_str()).literal_separator(true).build();
        let glob =
            glob.map_err(|error| format!("`{written}` is no glob: {}", error.kind()))?.compile_matcher();
        Ok(Self { path: (!is_glob(written)).then_some(path), glob })
    }

    /// Whether it names `path`, or the folder it lies in.
    #[must_use]
    pub fn has(&self, path: &RelPath) -> bool {
        match &self.path {
            Some(own) => path.is_within(own),
            None => self.glob.is_match(path.as_str()),
        }
    }
}

/// Whether it is more than a path.
pub(crate) fn is_glob(written: &str) -> bool {
    written.contains(['*', '?', '[', '{'])
}

impl Directive {
    /// The source files it is about: those of `target.files`, or all.
    #[must_use]
    pub fn target_files<'a>(&self, around: &'a Surroundings) -> Vec<&'a RelPath> {
        match self.target.files.is_empty() {
            true => around.files.keys().collect(),
            false => around.matching_any(&self.target.files),
        }
    }

    /// The files whose symbols its problems depend on: those it is about, as far as one can look into so many.
    #[must_use]
    pub fn files_to_know<'a>(&self, around: &'a Surroundings) -> Vec<&'a RelPath> {
        let named = self.interfaces.iter().filter_map(|interface| interface.file.clone());
        let named: Vec<Spanned<String>> = named.collect();
        let files: BTreeSet<&RelPath> =
            self.target_files(around).into_iter().chain(around.matching_any(&named)).collect();
        if files.len() > MOST_FILES { Vec::new() } else { files.into_iter().collect() }
    }

    /// The language of its code, where there is only one.
    #[must_use]
    pub fn language<'a>(&self, around: &'a Surroundings) -> Option<&'a LanguageId> {
        let files = self.target_files(around);
        let mut languages =
            files.into_iter().filter_map(|path| around.files.get(path)).map(|file| &file.language);
        let first = languages.next()?;
        languages.all(|other| other == first).then_some(first)
    }
}
