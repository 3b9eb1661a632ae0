//! Positions: from byte offsets to lines and characters in the encodings editors use, and back.
//!
//! Lines end at `\n`, `\r\n` or a lone `\r`, as the Language Server Protocol says, and at nothing else. Whatever does
//! not exist is moved to the nearest place before it that does; nothing here fails.

use std::sync::Arc;

use hephaestus_core::ByteRange;

/// What a position's `character` counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units: what editors use unless they agree on something else.
    #[default]
    Utf16,
    /// Characters (Unicode scalar values).
    Utf32,
}

impl Encoding {
    /// How much one character counts.
    #[must_use]
    pub fn width(self, letter: char) -> usize {
        match self {
            Self::Utf8 => letter.len_utf8(),
            Self::Utf16 => letter.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// A place in a text; both numbers count from zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The place within it, in an [`Encoding`].
    pub character: u32,
}

/// Where the lines of a text begin.
#[derive(Debug, Clone)]
pub struct LineIndex {
    text: Arc<str>,
    starts: Vec<usize>,
}

impl LineIndex {
    /// Indexes `text`, which is shared, not copied, when it is an `Arc` already.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (index, byte) in bytes.iter().enumerate() {
            let ends = *byte == b'\n' || *byte == b'\r' && bytes.get(index + 1) != Some(&b'\n');
            if ends {
                starts.push(index + 1);
            }
        }
        Self { text, starts }
    }

    /// How many lines there are: one more than line ends.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.starts.len()
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Line number `line` without its end; empty at the end of the text when there is no such line.
    #[must_use]
    pub fn line_range(&self, line: usize) -> ByteRange {
        let Some(start) = self.starts.get(line).copied() else {
            return ByteRange::new(self.text.len(), self.text.len());
        };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let content = self.text.get(start..end).unwrap_or_default().trim_end_matches(['\r', '\n']);
        ByteRange::new(start, start + content.len())
    }

    /// The line an offset lies on; a line's end belongs to it.
    #[must_use]
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The offset of a position. Beyond the end of the line: the end of the line. Beyond the last line: the end of
    /// the text. Within a character: before it.
    #[must_use]
    pub fn offset(&self, position: Position, encoding: Encoding) -> usize {
        let range = self.line_range(index(position.line));
        let line = range.slice(&self.text).unwrap_or_default();
        let (mut counted, wanted) = (0, index(position.character));
        for (at, letter) in line.char_indices() {
            counted += encoding.width(letter);
            if counted > wanted {
                return range.start + at;
            }
        }
        range.end
    }

    /// The position of an offset. Beyond the text: its end. Within a character: before it. Within a line's end:
    /// before that.
    #[must_use]
    pub fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.line_of(offset);
        let range = self.line_range(line);
        let content = range.slice(&self.text).unwrap_or_default();
        let before =
            content.char_indices().take_while(|(at, letter)| range.start + at + letter.len_utf8() <= offset);
        let character: usize = before.map(|(_, letter)| encoding.width(letter)).sum();
        Position { line: number(line), character: number(character) }
    }

    /// The positions of both ends of a range.
    #[must_use]
    pub fn positions(&self, range: ByteRange, encoding: Encoding) -> (Position, Position) {
        (self.position(range.start, encoding), self.position(range.end, encoding))
    }
}

pub(crate) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn every_sort_of_line_end_and_no_other_ends_a_line() {
        let index = LineIndex::new("a\nb\r\nc\rd\u{2028}e\u{85}f\x0b\n");
        assert_eq!(index.lines(), 5);
        let lines: Vec<&str> =
            (0..6).map(|line| index.line_range(line).slice(index.text()).unwrap()).collect();
        assert_eq!(lines, ["a", "b", "c", "d\u{2028}e\u{85}f\x0b", "", ""]);
    }

    #[test]
    fn characters_count_as_the_encoding_says() {
        let index = LineIndex::new("aß€😀b");
        assert_eq!(ALL.map(|encoding| index.position(10, encoding).character), [10, 5, 4]);
        assert_eq!(index.offset(at(0, 5), Encoding::Utf16), 10);
        assert_eq!(index.offset(at(0, 4), Encoding::Utf32), 10);
    }

    #[test]
    fn what_does_not_exist_is_moved_to_what_does() {
        let index = LineIndex::new("ab\r\n😀\n");
        assert_eq!(index.offset(at(0, 99), Encoding::Utf16), 2);
        assert_eq!(index.offset(at(99, 0), Encoding::Utf16), 9);
        assert_eq!(index.offset(at(u32::MAX, u32::MAX), Encoding::Utf8), 9);
        // The second half of the surrogate pair, and the middle of the four bytes.
        assert_eq!(index.offset(at(1, 1), Encoding::Utf16), 4);
        assert_eq!(index.offset(at(1, 2), Encoding::Utf8), 4);
        assert_eq!(index.position(6, Encoding::Utf8), at(1, 0));
        // Between `\r` and `\n`.
        assert_eq!(index.position(3, Encoding::Utf8), at(0, 2));
        assert_eq!(index.position(999, Encoding::Utf8), at(2, 0));
    }

    #[test]
    fn there_and_back_again() {
        for text in ["", "\n", "\r\n\r", "aß\n€😀\r\nx", "no end"] {
            let index = LineIndex::new(text);
            for encoding in ALL {
                for (offset, _) in text.char_indices().filter(|(at, _)| !text[..*at].ends_with('\r')) {
                    assert_eq!(index.offset(index.position(offset, encoding), encoding), offset, "{text:?}");
                }
                assert_eq!(index.offset(index.position(text.len(), encoding), encoding), text.len());
            }
        }
    }
}
