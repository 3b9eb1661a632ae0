//! A file while it is edited: the owner's side, which takes every keystroke at once, and analyses, which work on
//! snapshots elsewhere and come back with goals.
//!
//! Nothing here reads the disk but [`rules_for`], and nothing knows the protocol that edits arrive by.

use hephaestus_core::{
    ByteRange, CancelToken, ContentHash, Goal, GoalSettings, LanguageId, RelPath, SourceFile,
};
use hephaestus_goals::{FileMemory, Seen, look_again};
use hephaestus_syntax::{
    Change, Document, DocumentError, Encoding, FunctionFacts, Language, Languages, Position, RuleSets,
};
use std::path::Path;
use std::sync::Arc;

use crate::open::user_rules;
use crate::packs::languages_of;

/// The words editors use for languages whose packs have another name.
const EDITORS_NAMES: &[(&str, &str)] = &[("javascriptreact", "javascript"), ("typescriptreact", "tsx")];

/// A file that is open in an editor. Cheap to clone.
#[derive(Debug, Clone)]
pub struct OpenFile {
    path: RelPath,
    is_test: bool,
    document: Document,
}

impl OpenFile {
    /// A file with this text, of a workspace with these languages. Its own is the one the editor names (`language_hint`, a `languageId` of the
    /// Language Server Protocol), else what path and first line tell.
    #[must_use]
    pub fn new(
        path: RelPath,
        languages: &'static Languages,
        language_hint: &str,
        text: &str,
        version: i32,
        is_test: bool,
    ) -> Self {
        let language = language_of(languages, &path, language_hint, text);
        Self { path, is_test, document: Document::new(language.cloned(), text).with_version(version) }
    }

    /// Makes changes one after the other, each in the text that those before it left.
    ///
    /// # Errors
    /// When `version` is older than the file's, or a range is reversed; the file is as before then.
    pub fn apply(
        &mut self,
        version: i32,
        changes: &[Change],
        encoding: Encoding,
    ) -> Result<(), DocumentError> {
        self.document.apply(version, changes, encoding)
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &RelPath {
        &self.path
    }

    /// The same file under another path.
    #[must_use]
    pub fn moved(&self, path: RelPath) -> Self {
        Self { path, ..self.clone() }
    }

    /// The same file where its workspace's languages are these now.
    #[must_use]
    pub fn among(&self, languages: &'static Languages) -> Self {
        let (text, hint) = (self.text(), self.language().map_or("", LanguageId::as_str));
        Self::new(self.path.clone(), languages, hint, &text, self.version(), self.is_test)
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        self.document.text()
    }

    /// The version the last changes made.
    #[must_use]
    pub fn version(&self) -> i32 {
        self.document.version()
    }

    /// Its language, if it has one we know.
    #[must_use]
    pub fn language(&self) -> Option<&LanguageId> {
        self.document.language().map(Language::id)
    }

    /// The position of a byte. Beyond the text: its end. Within a character or a line's end: before it.
    #[must_use]
    pub fn position(&self, byte: usize, encoding: Encoding) -> Position {
        self.document.position(byte, encoding)
    }

    /// The byte at a position; what does not exist is moved to the nearest place before it that does.
    #[must_use]
    pub fn offset(&self, position: Position, encoding: Encoding) -> usize {
        self.document.offset(position, encoding)
    }

    /// How many lines there are: one more than line ends.
    #[must_use]
    pub fn len_lines(&self) -> usize {
        self.document.len_lines()
    }

    /// A snapshot to work on elsewhere; `None` when the language is not known.
    #[must_use]
    pub fn begin(&self) -> Option<Analysis> {
        self.document.language()?;
        Some(Analysis { file: self.clone() })
    }

    /// Takes the tree of a finished analysis as the base of the next one; edits made in the meantime are told to it.
    /// Analyses may come late and in any order: what is of no use is left alone.
    pub fn adopt(&mut self, analysed: &Analysed) {
        self.document.adopt(&analysed.document);
    }
}

fn language_of(
    languages: &'static Languages,
    path: &RelPath,
    hint: &str,
    text: &str,
) -> Option<&'static Language> {
    let name = EDITORS_NAMES.iter().find(|(word, _)| *word == hint).map_or(hint, |(_, id)| *id);
    languages.get(&LanguageId::new(name)).or_else(|| languages.detect(path, text))
}

/// A snapshot of an open file that is to be looked at.
#[derive(Debug, Clone)]
pub struct Analysis {
    file: OpenFile,
}

/// What an analysis found.
#[derive(Debug, Clone)]
pub struct Analysed {
    /// The version it was made of.
    pub version: i32,
    /// The hash of its text.
    pub hash: ContentHash,
    /// The goals that are seen by looking at this file alone, in order of place.
    pub goals: Vec<Goal>,
    /// The functions that have a name, in the order they begin.
    pub functions: Vec<FunctionFacts>,
    /// Where the text does not fit the grammar: what could not be read, and (empty) where something is missing.
    pub errors: Vec<ByteRange>,
    /// The file as it was read.
    pub file: Arc<SourceFile>,
    document: Document,
}

impl Analysis {
    /// The version it is made of.
    #[must_use]
    pub fn version(&self) -> i32 {
        self.file.version()
    }

    /// Brings the tree up to date and looks for goals. `None` when `cancel` says so or when parsing takes too long.
    /// `memory` is that of the same file's last analysis, for speed only: the result is the same with any.
    #[must_use]
    pub fn run(
        self,
        rules: &RuleSets,
        settings: &GoalSettings,
        memory: &mut FileMemory,
        cancel: &CancelToken,
    ) -> Option<Analysed> {
        let OpenFile { path, is_test, mut document } = self.file;
        let parsed = document.parsed(path, is_test, cancel)?;
        let Seen { goals, functions } = look_again(&parsed, rules, settings, memory, cancel)?;
        Some(Analysed {
            version: document.version(),
            hash: parsed.file().hash.clone(),
            goals,
            functions,
            errors: parsed.error_ranges(),
            file: Arc::clone(parsed.file()),
            document,
        })
    }
}

impl Analysed {
    /// The position of a byte in the analysed text, as in [`OpenFile::position`].
    #[must_use]
    pub fn position(&self, byte: usize, encoding: Encoding) -> Position {
        self.document.position(byte, encoding)
    }
}

/// Makes the languages ready, which takes a moment and happens once: whoever opens a file next need not wait for it.
pub fn prepare_languages() {
    if let Err(error) = Languages::builtin() {
        tracing::error!("no language is there: {error}");
    }
}

/// The rules in force below `root`: those of the packs for `languages`, and the user's own that `sgconfig.yml` names.
/// What is wrong with a rule costs that rule only, and is told when the workspace is opened.
#[must_use]
pub fn rules_for(root: Option<&Path>, languages: &[LanguageId]) -> RuleSets {
    let Ok(own) = languages_of(root) else { return RuleSets::default() };
    let files = root.map(|root| user_rules(root, &mut Vec::new())).unwrap_or_default();
    let mut rules = RuleSets::default();
    for language in languages.iter().filter_map(|language| own.get(language)) {
        if let Ok((own, _)) = RuleSets::load([language], &files) {
            rules = rules.and(&own);
        }
    }
    rules
}

/// The same rules and those for `language`, unless they are among them already.
#[must_use]
pub fn with_rules_for(rules: &RuleSets, root: Option<&Path>, language: &LanguageId) -> RuleSets {
    if rules.covers(language) {
        return rules.clone();
    }
    rules.and(&rules_for(root, std::slice::from_ref(language)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "def f(a):\n    if a:\n        return True\n    else:\n        return False\n";

    fn file(path: &str, hint: &str, text: &str) -> OpenFile {
        let languages = Languages::builtin().unwrap();
        OpenFile::new(RelPath::new(path).unwrap(), languages, hint, text, 1, false)
    }

    fn insert(file: &mut OpenFile, line: u32, text: &str) {
        let at = Position { line, character: 0 };
        let change = Change { range: Some((at, at)), text: text.to_owned() };
        file.apply(file.version() + 1, &[change], Encoding::Utf16).unwrap();
    }

    fn run(analysis: Analysis, memory: &mut FileMemory, cancel: &CancelToken) -> Option<Analysed> {
        let rules = rules_for(None, &[LanguageId::new("python")]);
        analysis.run(&rules, &GoalSettings::default(), memory, cancel)
    }

    #[test]
    fn the_language_is_what_the_editor_says_else_what_the_path_tells() {
        let language = |path, hint, text| file(path, hint, text).language().map(ToString::to_string);
        assert_eq!(language("a.txt", "python", "").as_deref(), Some("python"));
        assert_eq!(language("a.tsx", "typescriptreact", "").as_deref(), Some("tsx"));
        assert_eq!(language("a.jsx", "javascriptreact", "").as_deref(), Some("javascript"));
        assert_eq!(language("a.rs", "plaintext", "").as_deref(), Some("rust"));
        assert_eq!(language("a", "", "#!/usr/bin/python3\n").as_deref(), Some("python"));
        assert_eq!(language("a.txt", "plaintext", ""), None);
        assert!(file("a.txt", "plaintext", "").begin().is_none());
    }

    #[test]
    fn an_analysis_is_of_the_text_it_was_begun_with() {
        let (mut file, mut memory) = (file("a.py", "python", TEXT), FileMemory::default());
        let analysis = file.begin().unwrap();
        insert(&mut file, 0, "# ß😀\n");
        let first = run(analysis, &mut memory, &CancelToken::new()).unwrap();
        assert_eq!((first.version, first.hash.clone()), (1, ContentHash::of(TEXT.as_bytes())));
        assert_eq!(&*first.file.text, TEXT);
        assert!(!first.goals.is_empty());
        assert_eq!((&*first.functions[0].name, first.functions[0].cognitive), ("f", 2));
        file.adopt(&first);
        let second = run(file.begin().unwrap(), &mut memory, &CancelToken::new()).unwrap();
        assert_eq!((second.version, second.goals[0].id.clone()), (2, first.goals[0].id.clone()));
        assert_eq!(second.goals[0].line, first.goals[0].line + 1);
        assert_eq!(second.goals[0].base, ContentHash::of(file.text().as_bytes()));
        assert_eq!(second.position(8, Encoding::Utf16), Position { line: 0, character: 5 });
        assert!(second.errors.is_empty());
    }

    #[test]
    fn errors_are_told_and_a_cancelled_analysis_is_none() {
        let (file, mut memory) = (file("a.py", "python", "def f(:\n    x = = 1\n"), FileMemory::default());
        let cancel = CancelToken::new();
        let analysed = run(file.begin().unwrap(), &mut memory, &cancel).unwrap();
        assert!(!analysed.errors.is_empty());
        cancel.cancel();
        assert!(run(file.begin().unwrap(), &mut memory, &cancel).is_none());
    }

    #[test]
    fn rules_of_a_language_can_be_added_later_and_users_own_are_among_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
        write("sgconfig.yml", "ruleDirs: [rules]\n");
        std::fs::create_dir(folder.path().join("rules")).unwrap();
        write("rules/a.yml", "id: a\nlanguage: Python\nrule: {pattern: foo()}\nfix: bar()\n");
        let python = LanguageId::new("python");
        let rules = rules_for(Some(folder.path()), &[LanguageId::new("rust")]);
        assert!(!rules.covers(&python));
        let both = with_rules_for(&rules, Some(folder.path()), &python);
        assert!(both.covers(&python) && both.covers(&LanguageId::new("rust")));
        assert_eq!(both.count(&python), rules_for(None, std::slice::from_ref(&python)).count(&python) + 1);
    }
}
