//! Documents: texts that an editor changes bit by bit, kept as a rope, with a tree that is brought up to date from
//! the last one instead of parsed anew.
//!
//! A document knows nothing of files, of the disk or of the protocol that edits arrive by.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use hephaestus_core::{CancelToken, RelPath, SourceFile};
use ropey::Rope;
use tree_sitter::{InputEdit, ParseOptions, ParseState, Parser, Point, Tree};

use crate::language::Language;
use crate::parsed::{PARSE_LIMIT, Parsed};
use crate::position::{Encoding, Position, index};

/// One change to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is replaced; `None` for all of it.
    pub range: Option<(Position, Position)>,
    /// By what.
    pub text: String,
}

/// Why a change cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The range ends before it begins.
    #[error("the range {start:?} to {end:?} ends before it begins")]
    Reversed {
        /// Where it begins.
        start: Position,
        /// Where it ends.
        end: Position,
    },
    /// The document is newer than the change.
    #[error("the change makes version {given}, but the document is at version {current} already")]
    Outdated {
        /// The document's version.
        current: i32,
        /// The version it would get.
        given: i32,
    },
}

/// A text that is being edited. Cheap to clone: text and tree are shared.
#[derive(Debug, Clone)]
pub struct Document {
    language: Option<Language>,
    rope: Rope,
    /// Whether a `\r` may be in it: lines of the rope and rows of the tree may differ then.
    has_returns: bool,
    version: i32,
    /// The last tree, told about every edit since.
    tree: Option<Tree>,
    /// Whether the tree is that of the present text.
    current: bool,
    edits: Log,
}

/// The last edits, for trees that are grown elsewhere in the meantime.
#[derive(Debug, Clone, Default)]
struct Log {
    /// How many edits there were before the first one in the log.
    before: usize,
    edits: Vec<InputEdit>,
}

/// Edits that are kept for a tree that is late. One that comes later than that is of no use any more.
const LONGEST_LOG: usize = 4096;

impl Log {
    fn len(&self) -> usize {
        self.before + self.edits.len()
    }

    fn push(&mut self, edit: InputEdit) {
        if self.edits.len() >= LONGEST_LOG {
            self.forget();
        }
        self.edits.push(edit);
    }

    /// From here on no older tree can be brought up to date.
    fn forget(&mut self) {
        self.before = self.len() + 1;
        self.edits.clear();
    }

    /// The edits after the first `count`, if they are all known.
    fn since(&self, count: usize) -> Option<&[InputEdit]> {
        self.edits.get(count.checked_sub(self.before)?..)
    }

    /// Drops all but the edits after the first `count`.
    fn trim(&mut self, count: usize) {
        let known = count.saturating_sub(self.before).min(self.edits.len());
        self.edits.drain(..known);
        self.before += known;
    }
}

impl Document {
    /// A document at version 0.
    #[must_use]
    pub fn new(language: Option<Language>, text: &str) -> Self {
        let (rope, has_returns) = (Rope::from_str(text), text.contains('\r'));
        Self { language, rope, has_returns, version: 0, tree: None, current: false, edits: Log::default() }
    }

    /// The same text under another version.
    #[must_use]
    pub fn with_version(self, version: i32) -> Self {
        Self { version, ..self }
    }

    /// Its language, if it has one we know.
    #[must_use]
    pub fn language(&self) -> Option<&Language> {
        self.language.as_ref()
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        self.rope.to_string()
    }

    /// The text as a rope.
    #[must_use]
    pub fn rope(&self) -> &Rope {
        &self.rope
    }

    /// The version the last changes made.
    #[must_use]
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Makes changes one after the other, each in the text that those before it left. Positions that do not exist are
    /// moved to the nearest place before them that does.
    ///
    /// # Errors
    /// When `version` is older than the document's, or a range is reversed; the document is as before then.
    pub fn apply(
        &mut self,
        version: i32,
        changes: &[Change],
        encoding: Encoding,
    ) -> Result<(), DocumentError> {
        if version < self.version {
            return Err(DocumentError::Outdated { current: self.version, given: version });
        }
        for (start, end) in changes.iter().filter_map(|change| change.range) {
            if end < start {
                return Err(DocumentError::Reversed { start, end });
            }
        }
        for change in changes {
            match change.range {
                None => {
                    self.rope = Rope::from_str(&change.text);
                    self.has_returns = change.text.contains('\r');
                    self.tree = None;
                    self.edits.forget();
                }
                Some((start, end)) => self.replace(start, end, &change.text, encoding),
            }
            self.current = false;
        }
        self.version = version;
        Ok(())
    }

    fn replace(&mut self, start: Position, end: Position, text: &str, encoding: Encoding) {
        let from = self.character_at(start, encoding);
        let to = self.character_at(end, encoding).max(from);
        let (start_byte, old_end_byte) = (self.rope.char_to_byte(from), self.rope.char_to_byte(to));
        let (start_position, old_end_position) = (self.point(from), self.point(to));
        self.rope.remove(from..to);
        self.rope.insert(from, text);
        self.has_returns |= text.contains('\r');
        let new_end_byte = start_byte + text.len();
        let new_end_position = self.point(self.rope.byte_to_char(new_end_byte));
        let edit = InputEdit {
            start_byte,
            old_end_byte,
            new_end_byte,
            start_position,
            old_end_position,
            new_end_position,
        };
        if let Some(tree) = &mut self.tree {
            tree.edit(&edit);
        }
        self.edits.push(edit);
    }

    /// Takes the tree of `later`, a clone of this document that was parsed in the meantime, as the base of the next
    /// parse; the edits made since are told to it. Whether it was of use: it is not when a newer one is known already
    /// or when too much has changed.
    pub fn adopt(&mut self, later: &Self) -> bool {
        let (Some(tree), true) = (&later.tree, later.current) else { return false };
        let Some(edits) = self.edits.since(later.edits.len()) else { return false };
        let mut tree = tree.clone();
        for edit in edits {
            tree.edit(edit);
        }
        self.tree = Some(tree);
        self.current = edits.is_empty();
        self.edits.trim(later.edits.len());
        true
    }

    /// How many lines there are: one more than line ends.
    #[must_use]
    pub fn len_lines(&self) -> usize {
        self.rope.len_lines()
    }

    /// The offset of a position, as in [`crate::LineIndex::offset`].
    #[must_use]
    pub fn offset(&self, position: Position, encoding: Encoding) -> usize {
        self.rope.char_to_byte(self.character_at(position, encoding))
    }

    /// The position of an offset, as in [`crate::LineIndex::position`].
    #[must_use]
    pub fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let character = self.rope.byte_to_char(offset.min(self.rope.len_bytes()));
        let line = self.rope.char_to_line(character);
        let first = self.rope.line_to_char(line);
        // Within a line's end: before that.
        let reached = character.min(first + self.content_len(line));
        let width = match encoding {
            Encoding::Utf8 => self.rope.char_to_byte(reached) - self.rope.char_to_byte(first),
            Encoding::Utf16 => self.rope.char_to_utf16_cu(reached) - self.rope.char_to_utf16_cu(first),
            Encoding::Utf32 => reached - first,
        };
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        Position { line: number(line), character: number(width) }
    }

    /// How many characters a line has without its end.
    fn content_len(&self, line: usize) -> usize {
        let content = self.rope.line(line);
        let ends = content.chars_at(content.len_chars()).reversed().take(2);
        content.len_chars() - ends.take_while(|letter| matches!(letter, '\n' | '\r')).count()
    }

    /// The index of the character at a position.
    fn character_at(&self, position: Position, encoding: Encoding) -> usize {
        let line = index(position.line);
        if line >= self.rope.len_lines() {
            return self.rope.len_chars();
        }
        let first = self.rope.line_to_char(line);
        let end = first + self.content_len(line);
        let wanted = index(position.character);
        let reached = match encoding {
            Encoding::Utf8 => {
                let byte = self.rope.line_to_byte(line).saturating_add(wanted);
                self.rope.byte_to_char(byte.min(self.rope.len_bytes()))
            }
            Encoding::Utf16 => {
                let unit = self.rope.char_to_utf16_cu(first).saturating_add(wanted);
                self.rope.utf16_cu_to_char(unit.min(self.rope.len_utf16_cu()))
            }
            Encoding::Utf32 => first.saturating_add(wanted),
        };
        reached.min(end)
    }

    /// A character's row and column as tree-sitter counts: rows end at `\n` only, columns are bytes.
    fn point(&self, character: usize) -> Point {
        // A lone `\r` begins a line of the rope but no row; texts that have one are rare enough to be counted anew.
        let line = self.rope.char_to_line(character);
        let byte = self.rope.char_to_byte(character);
        if !self.has_returns || !self.has_lone_return(line) {
            return Point { row: line, column: byte - self.rope.line_to_byte(line) };
        }
        let before = self.rope.byte_slice(..byte);
        let row = before.bytes().filter(|own| *own == b'\n').count();
        let column = before.bytes_at(byte).reversed().take_while(|own| *own != b'\n').count();
        Point { row, column }
    }

    /// Whether one of the first `lines` lines ends in a `\r` without `\n`.
    fn has_lone_return(&self, lines: usize) -> bool {
        let end = self.rope.line_to_byte(lines);
        let newlines: usize = self
            .rope
            .byte_slice(..end)
            .chunks()
            .map(|chunk| chunk.bytes().filter(|own| *own == b'\n').count())
            .sum();
        newlines != lines
    }

    /// The tree of the present text, brought up to date when necessary. `None` without a language, when `cancel` says
    /// so or when it takes too long; what was known before is kept for the next time.
    pub fn parse(&mut self, cancel: &CancelToken) -> Option<&Tree> {
        if !self.current {
            let tree = self.parse_rope(cancel)?;
            self.tree = Some(tree);
            self.current = true;
        }
        self.tree.as_ref()
    }

    fn parse_rope(&self, cancel: &CancelToken) -> Option<Tree> {
        if cancel.is_cancelled() {
            return None;
        }
        let mut parser = Parser::new();
        parser.set_language(self.language.as_ref()?.grammar()).ok()?;
        let deadline = Instant::now() + PARSE_LIMIT;
        let mut stop = |_: &ParseState| match cancel.is_cancelled() || Instant::now() >= deadline {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let mut read = |at: usize, _: Point| {
            let found = self.rope.get_chunk_at_byte(at);
            found.and_then(|(chunk, start, _, _)| chunk.as_bytes().get(at - start..)).unwrap_or_default()
        };
        let options = ParseOptions::new().progress_callback(&mut stop);
        parser.parse_with_options(&mut read, self.tree.as_ref(), Some(options))
    }

    /// The present text as a parsed file. `None` as in [`Document::parse`].
    pub fn parsed(&mut self, path: RelPath, is_test: bool, cancel: &CancelToken) -> Option<Parsed> {
        let tree = self.parse(cancel)?.clone();
        let language = self.language.as_ref()?;
        let file = SourceFile::new(path, language.id().clone(), self.text(), is_test);
        Some(Parsed::from_tree(language, Arc::new(file), tree))
    }
}

#[cfg(test)]
mod tests {
    use hephaestus_core::LanguageId;

    use super::*;
    use crate::{Languages, LineIndex};

    fn python() -> Option<Language> {
        Languages::builtin().unwrap().get(&LanguageId::new("python")).cloned()
    }

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    fn change(start: Position, end: Position, text: &str) -> Change {
        Change { range: Some((start, end)), text: text.to_owned() }
    }

    #[test]
    fn changes_are_made_one_after_the_other() {
        let mut document = Document::new(None, "ab\r\ncd\n");
        let changes = [
            change(at(0, 1), at(1, 1), "X\n"),
            change(at(1, 0), at(1, 1), "😀"),
            change(at(1, 2), at(9, 9), "!"),
        ];
        document.apply(3, &changes, Encoding::Utf16).unwrap();
        assert_eq!((document.text().as_str(), document.version()), ("aX\n😀!", 3));
        document.apply(4, &[Change { range: None, text: "new".to_owned() }], Encoding::Utf16).unwrap();
        assert_eq!(document.text(), "new");
    }

    #[test]
    fn refused_changes_leave_the_document_alone() {
        let mut document = Document::new(None, "abc");
        document.apply(2, &[], Encoding::Utf8).unwrap();
        let reversed = change(at(0, 2), at(0, 1), "");
        let error = document.apply(3, &[change(at(0, 0), at(0, 1), "x"), reversed], Encoding::Utf8);
        assert_eq!(error, Err(DocumentError::Reversed { start: at(0, 2), end: at(0, 1) }));
        assert_eq!(
            document.apply(1, &[], Encoding::Utf8),
            Err(DocumentError::Outdated { current: 2, given: 1 })
        );
        assert_eq!((document.text().as_str(), document.version()), ("abc", 2));
    }

    #[test]
    fn a_tree_that_comes_late_is_of_use_and_one_that_comes_too_late_is_not() {
        let mut document = Document::new(python(), "def f():\n    return 1\n");
        let mut first = document.clone();
        let edit = |document: &mut Document, version, line, text: &str| {
            document.apply(version, &[change(at(line, 0), at(line, 0), text)], Encoding::Utf8).unwrap();
        };
        edit(&mut document, 1, 0, "x = 1\n");
        let mut second = document.clone();
        edit(&mut document, 2, 1, "# ß\n");
        second.parse(&CancelToken::new()).unwrap();
        first.parse(&CancelToken::new()).unwrap();
        assert!(!document.adopt(&document.clone()), "there is no tree");
        assert!(document.adopt(&second));
        assert!(!document.adopt(&first), "it is older than what is known");
        let adopted = described(document.parse(&CancelToken::new()).unwrap());
        let mut fresh = Document::new(python(), &document.text());
        assert_eq!(adopted, described(fresh.parse(&CancelToken::new()).unwrap()));
        document.apply(3, &[Change { range: None, text: "y = 2\n".to_owned() }], Encoding::Utf8).unwrap();
        assert!(!document.adopt(&second), "nothing is left of its text");
    }

    #[test]
    fn positions_mean_the_same_as_in_a_line_index() {
        let texts = ["", "ab\r\nß€😀\rc\n\n", "x\r", "\u{2028}a\u{b}b\nc"];
        for text in texts {
            let (document, lines) = (Document::new(None, text), LineIndex::new(text));
            for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
                for position in (0..6).flat_map(|line| (0..14).map(move |character| at(line, character))) {
                    let byte = document.rope.char_to_byte(document.character_at(position, encoding));
                    assert_eq!(byte, lines.offset(position, encoding), "{text:?} {position:?} {encoding:?}");
                }
                for offset in 0..text.len() + 2 {
                    let (position, wanted) =
                        (document.position(offset, encoding), lines.position(offset, encoding));
                    assert_eq!(position, wanted, "{text:?} {offset} {encoding:?}");
                }
            }
        }
    }

    /// A small generator, so that failures repeat.
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 33
    }

    #[test]
    fn an_updated_tree_is_the_tree_of_the_text() {
        let pieces = [
            "x = 1\n",
            "def f(a):\n    return a\n",
            "# ß😀\n",
            "\r\n",
            "if a:\n    b()\r\n",
            "s = '€'\n",
            "# a\rb\n",
        ];
        let mut state = 7;
        let mut document = Document::new(python(), "x = 1\n");
        for version in 1..200 {
            let pick = |state: &mut u64, most: usize| usize::try_from(next(state)).unwrap() % most.max(1);
            // Whole pieces come and go at places where a statement may begin: the text stays free of errors.
            let text = document.text();
            let starts: Vec<usize> = (0..=text.len())
                .filter(|at| text.is_char_boundary(*at))
                .filter(|at| {
                    *at == text.len() || text[..*at].ends_with('\n') && !text[*at..].starts_with([' ', '\t'])
                })
                .collect();
            let from = pick(&mut state, starts.len());
            let to = (from + pick(&mut state, 3)).min(starts.len() - 1);
            let piece = pieces[pick(&mut state, pieces.len())];
            let lines = LineIndex::new(text);
            let position = |index: usize| lines.position(starts[index], Encoding::Utf16);
            document.apply(version, &[change(position(from), position(to), piece)], Encoding::Utf16).unwrap();
            if version % 3 == 0 {
                continue;
            }
            let updated = document.parse(&CancelToken::new()).unwrap().clone();
            let mut fresh = Document::new(python(), &document.text());
            let fresh = fresh.parse(&CancelToken::new()).unwrap();
            assert_eq!(described(&updated), described(fresh), "{:?}", document.text());
        }
        assert!(document.text().len() > 100);
    }

    fn described(tree: &Tree) -> Vec<String> {
        let mut cursor = tree.walk();
        let mut nodes = Vec::new();
        loop {
            nodes.push(format!("{:?}", cursor.node()));
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return nodes;
                }
            }
        }
    }

    #[test]
    fn a_cancelled_parse_gives_nothing_and_loses_nothing() {
        let mut document = Document::new(python(), "x = 1\n");
        let cancel = CancelToken::new();
        cancel.cancel();
        assert!(document.parse(&cancel).is_none());
        assert!(document.parse(&CancelToken::new()).is_some());
        let path = RelPath::new("a.py").unwrap();
        assert!(document.parsed(path, false, &cancel).is_some(), "there is nothing left to do");
        assert!(Document::new(None, "x").parse(&CancelToken::new()).is_none());
    }
}
