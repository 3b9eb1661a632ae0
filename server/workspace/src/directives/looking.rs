//! Directives looked at without being run: what is wrong with each among the workspace's files, and what is known of its
//! lines. Runs nothing.

use super::DirectiveReport;
use super::records::{self, directives_at};
use crate::open::{Discovered, Workspace, WorkspaceError};
use crate::packs::languages_of;
use hephaestus_core::{ContentHash, LanguageId, RelPath, SourceFile};
use hephaestus_directive::{
    Directive, FileSummary, Line, LineState, Parsed, Record, Surroundings, check, name_of, parse,
};
use hephaestus_syntax::{Languages, LineIndex, Parsed as Tree};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Larger files are not looked into for names.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The other directives that are read for their names, at most.
const MOST_DIRECTIVES: usize = 500;

/// A workspace's source files, as whoever asks sees them.
#[derive(Debug, Clone, Default)]
pub struct KnownFiles {
    /// Whether these are all.
    pub is_complete: bool,
    /// The hash of each file's text.
    pub hashes: BTreeMap<RelPath, ContentHash>,
    /// Texts that are not those on disk.
    pub texts: HashMap<RelPath, Arc<str>>,
}

impl KnownFiles {
    /// The files of the workspace at `root`, as they are on disk; the empty list for a folder without any.
    ///
    /// # Errors
    /// When the folder or its configuration cannot be read.
    pub fn on_disk(root: &Path) -> Result<Self, WorkspaceError> {
        let Discovered { snapshot, .. } = Discovered::at(root)?;
        let (mut hashes, mut texts) = (BTreeMap::new(), HashMap::new());
        for (path, file) in &snapshot.files {
            hashes.insert(path.clone(), file.hash.clone());
            texts.insert(path.clone(), Arc::clone(&file.text));
        }
        Ok(Self { is_complete: true, hashes, texts })
    }

    fn text(&self, root: &Path, path: &RelPath) -> Option<Arc<str>> {
        if let Some(text) = self.texts.get(path) {
            return Some(Arc::clone(text));
        }
        let place = path.under(root);
        let is_small = fs::metadata(&place).is_ok_and(|about| about.is_file() && about.len() <= LARGEST);
        is_small.then(|| fs::read_to_string(place).ok()).flatten().map(Arc::from)
    }
}

impl Workspace {
    /// Notes that somebody else made the change that a directive's run proved, so that its lines hold in the files as they
    /// are with it.
    pub fn note_applied(&self, directive: &Directive, report: &mut DirectiveReport) {
        report.applied = true;
        records::write(self, directive, report);
    }
}

/// A directive that was looked at.
#[derive(Debug, Clone)]
pub struct SeenDirective {
    /// Where it lies in the workspace.
    pub path: RelPath,
    /// Its text, by lines.
    pub text: LineIndex,
    /// What it says, and everything that is wrong with it.
    pub parsed: Parsed,
    /// What can be said of each of its lines now.
    pub lines: Vec<(Line, LineState)>,
    /// What it was looked at among.
    pub around: Surroundings,
}

impl SeenDirective {
    /// Looks at a directive; `root` is `None` where it lies in no workspace. `before` is what was seen of it last, for
    /// speed alone.
    #[must_use]
    pub fn look(
        root: Option<&Path>,
        path: &RelPath,
        text: impl Into<Arc<str>>,
        files: &KnownFiles,
        before: Option<&Self>,
    ) -> Self {
        let text = LineIndex::new(text);
        let Ok(languages) = languages_of(root) else {
            let parsed = parse(text.text(), path);
            return Self {
                path: path.clone(),
                text,
                parsed,
                lines: Vec::new(),
                around: Surroundings::default(),
            };
        };
        let mut around = surroundings(files, languages);
        let directive = parse(text.text(), path).directive;
        if let Some(root) = root {
            around.directives = others(root, path);
            around.record = record(root, path);
            let known = names_to_know(directive.as_ref(), &around);
            look_into(&mut around, &known, root, files, languages, before);
        }
        let parsed = check(text.text(), path, &around, languages);
        let lines = parsed.directive.as_ref().map(|directive| states(directive, &around)).unwrap_or_default();
        Self { path: path.clone(), text, parsed, lines, around }
    }

    /// The 1-based line and column (in characters) of a byte of its text.
    #[must_use]
    pub fn place(&self, offset: usize) -> (u32, u32) {
        let position = self.text.position(offset, hephaestus_syntax::Encoding::Utf32);
        (position.line + 1, position.character + 1)
    }
}

fn surroundings(files: &KnownFiles, languages: &Languages) -> Surroundings {
    let summary = |(path, hash): (&RelPath, &ContentHash)| {
        let language = languages.detect(path, "").map_or_else(|| LanguageId::new(""), |own| own.id().clone());
        (path.clone(), FileSummary { language, hash: hash.clone() })
    };
    let engines = hephaestus_mutation::ENGINES.iter().map(|name| (*name).to_owned()).collect();
    Surroundings {
        knows_files: files.is_complete,
        files: files.hashes.iter().map(summary).collect(),
        engines,
        ..Surroundings::default()
    }
}

/// The names of the other directives, each with what it comes after.
fn others(root: &Path, own: &RelPath) -> BTreeMap<String, Vec<String>> {
    let read = |file: &std::path::PathBuf| {
        let path = RelPath::new(file.strip_prefix(root).ok()?).ok()?;
        let text = (path != *own).then(|| fs::read_to_string(file).ok()).flatten()?;
        let after = parse(&text, &path).directive.map(|directive| directive.after).unwrap_or_default();
        Some((name_of(&path).to_owned(), after.into_iter().map(|name| name.value).collect()))
    };
    directives_at(root).iter().take(MOST_DIRECTIVES).filter_map(read).collect()
}

fn record(root: &Path, path: &RelPath) -> Option<Record> {
    let text = fs::read_to_string(root.join(Record::path_for(name_of(path)))).ok()?;
    Record::from_text(&text).ok()
}

/// The files whose names matter: those the directive is about, and those of the tests that show its lines.
fn names_to_know(directive: Option<&Directive>, around: &Surroundings) -> Vec<RelPath> {
    let tests = around.record.iter().flat_map(|record| record.lines.values()).flat_map(|line| &line.tests);
    let targets = directive.map(|directive| directive.files_to_know(around)).unwrap_or_default();
    targets.into_iter().cloned().chain(tests.map(|test| test.file.clone())).collect()
}

fn look_into(
    around: &mut Surroundings,
    known: &[RelPath],
    root: &Path,
    files: &KnownFiles,
    languages: &Languages,
    before: Option<&SeenDirective>,
) {
    for path in known {
        let Some(summary) = around.files.get(path) else { continue };
        let same = before
            .filter(|before| before.around.files.get(path) == Some(summary))
            .and_then(|before| before.around.symbols.get(path));
        if let Some(same) = same {
            around.symbols.insert(path.clone(), same.clone());
            continue;
        }
        let Some(language) = languages.get(&summary.language) else { continue };
        let Some(text) = files.text(root, path) else { continue };
        let file = Arc::new(SourceFile::new(path.clone(), language.id().clone(), text, false));
        if let Some(tree) = Tree::new(language, file) {
            around.look_into(&tree);
        }
    }
}

fn states(directive: &Directive, around: &Surroundings) -> Vec<(Line, LineState)> {
    let state = |line: &Line| match &around.record {
        Some(record) => record.state_by(line, |path| around.files.get(path).map(|file| file.hash.clone())),
        None => LineState::Unproved { why: None },
    };
    directive.lines().into_iter().map(|line| (line.clone(), state(&line))).collect()
}
