//! Where a place in a directive's TOML is: in a header, in a key, in a value of which key. Goes by the letters alone, so
//! that it answers while a line is half written.

use crate::source::{Format, front_matter};
use hephaestus_core::{ByteRange, RelPath};

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spot {
    /// The name in `[name]` or `[[name]]`.
    Header {
        /// What is written of it, without the brackets.
        range: ByteRange,
        /// The brackets too, as far as they are there.
        whole: ByteRange,
    },
    /// A key, or where one may be written.
    Key {
        /// The table it stands in.
        table: String,
        /// What is written of it.
        range: ByteRange,
        /// Whether a value follows.
        has_value: bool,
    },
    /// A value.
    Value {
        /// The path of its key.
        path: String,
        /// What is written of it, quotes included.
        range: ByteRange,
        /// Whether it is one of a list.
        is_listed: bool,
    },
}

/// What is open at a place in a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Open {
    List,
    /// An inline table, with the key that is being given a value.
    Table(Option<String>),
}

/// Reads the keys letter by letter up to one place.
struct Scanner<'a> {
    text: &'a str,
    table: String,
    key: Option<String>,
    open: Vec<Open>,
}

/// What stands at `offset`; `None` outside the TOML, and in a comment.
pub(crate) fn spot_at(text: &str, path: &RelPath, offset: usize) -> Option<Spot> {
    let keys = match Format::of(path)? {
        Format::Markdown => front_matter(text)?.0,
        Format::Toml => ByteRange::new(0, text.len()),
        Format::Yaml => return None,
    };
    if offset < keys.start || offset > keys.end || !text.is_char_boundary(offset) {
        return None;
    }
    let scanner = Scanner { text, table: String::new(), key: None, open: Vec::new() };
    scanner.scan(keys.start, keys.end, offset)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

impl Scanner<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// The first place from `at` on where `ends` says so, or the end.
    fn until(&self, at: usize, end: usize, ends: impl Fn(u8) -> bool) -> usize {
        (at..end).find(|at| self.byte(*at).is_none_or(&ends)).unwrap_or(end)
    }

    fn scan(mut self, mut at: usize, end: usize, offset: usize) -> Option<Spot> {
        while at <= end {
            let byte = self.byte(at).filter(|_| at < end);
            let in_value = self.key.is_some();
            match byte {
                None => return self.gap(offset),
                Some(b'#') => {
                    let stop = self.until(at, end, |byte| byte == b'\n');
                    if offset > at && offset <= stop {
                        return None;
                    }
                    at = stop;
                }
                Some(b'\n') if self.open.is_empty() => {
                    if offset <= at {
                        return self.gap(offset);
                    }
                    self.key = None;
                    at += 1;
                }
                Some(b'[') if !in_value && self.open.is_empty() => {
                    let stop = self.until(at, end, |byte| matches!(byte, b'\n' | b'#'));
                    let whole = crate::source::trimmed(self.text, ByteRange::new(at, stop));
                    let written = whole.slice(self.text).unwrap_or_default();
                    let name = written.trim_matches(['[', ']']).trim();
                    let start = at + written.find(name).unwrap_or(0);
                    if offset <= stop {
                        let range = ByteRange::new(start, start + name.len());
                        return (offset > at).then_some(Spot::Header { range, whole });
                    }
                    name.clone_into(&mut self.table);
                    at = stop;
                }
                Some(quote @ (b'"' | b'\'')) => {
                    let stop = self.string(at, end, quote);
                    if offset <= at {
                        return self.gap(offset);
                    }
                    if offset < stop || offset == stop && !self.is_closed(at, stop, quote) {
                        return self.value(ByteRange::new(at, stop));
                    }
                    at = stop;
                }
                Some(byte) if is_word(byte) => {
                    let stop = self.until(at, end, |byte| !is_word(byte));
                    if offset >= at && offset <= stop {
                        return self.word(ByteRange::new(at, stop), end);
                    }
                    self.take_word(at, stop, end);
                    at = stop;
                }
                Some(byte) => {
                    if offset <= at {
                        return self.gap(offset);
                    }
                    self.take(byte);
                    at += 1;
                }
            }
        }
        None
    }

    /// Opens and closes what brackets open and close; a comma ends the value of an inline table's key.
    fn take(&mut self, byte: u8) {
        match byte {
            b'[' => self.open.push(Open::List),
            b'{' => self.open.push(Open::Table(None)),
            b']' | b'}' => {
                self.open.pop();
            }
            b',' => {
                if let Some(Open::Table(key)) = self.open.last_mut() {
                    *key = None;
                }
            }
            _ => {}
        }
    }

    /// Whether `=` follows the word that ends at `stop`.
    fn has_value(&self, stop: usize, end: usize) -> bool {
        let next = self.until(stop, end, |byte| byte != b' ' && byte != b'\t');
        self.byte(next).filter(|_| next < end) == Some(b'=')
    }

    fn take_word(&mut self, at: usize, stop: usize, end: usize) {
        if !self.has_value(stop, end) {
            return;
        }
        let word = self.text.get(at..stop).unwrap_or_default().to_owned();
        match self.open.last_mut() {
            Some(Open::Table(key)) => *key = Some(word),
            Some(Open::List) => {}
            None => self.key = Some(word),
        }
    }

    /// A word: a key, or a value without quotes.
    fn word(self, range: ByteRange, end: usize) -> Option<Spot> {
        let has_value = self.has_value(range.end, end);
        match self.open.last() {
            None if self.key.is_none() => Some(Spot::Key { table: self.table, range, has_value }),
            Some(Open::Table(None)) => Some(Spot::Key { table: self.path(), range, has_value }),
            _ => self.value(range),
        }
    }

    /// Nothing stands there yet.
    fn gap(self, offset: usize) -> Option<Spot> {
        let range = ByteRange::new(offset, offset);
        match self.open.last() {
            None if self.key.is_none() => Some(Spot::Key { table: self.table, range, has_value: false }),
            Some(Open::Table(None)) => Some(Spot::Key { table: self.path(), range, has_value: false }),
            _ => self.value(range),
        }
    }

    fn value(self, range: ByteRange) -> Option<Spot> {
        self.key.as_ref()?;
        let is_listed = self.open.last() == Some(&Open::List);
        Some(Spot::Value { path: self.path(), range, is_listed })
    }

    /// The path of the key that is being given a value.
    fn path(&self) -> String {
        let inner = self.open.iter().filter_map(|open| match open {
            Open::Table(key) => key.as_deref(),
            Open::List => None,
        });
        let table = Some(self.table.as_str()).filter(|table| !table.is_empty());
        table.into_iter().chain(self.key.as_deref()).chain(inner).collect::<Vec<_>>().join(".")
    }

    /// The end of the string that begins at `at`; a string that is not closed ends with its line.
    fn string(&self, at: usize, end: usize, quote: u8) -> usize {
        let triple = [quote; 3];
        if self.text.as_bytes().get(at..at + 3) == Some(&triple) {
            let mark = if quote == b'"' { "\"\"\"" } else { "'''" };
            let rest = self.text.get(at + 3..end).unwrap_or_default();
            return rest.find(mark).map_or(end, |found| at + 3 + found + 3);
        }
        let mut next = at + 1;
        while next < end {
            match self.byte(next) {
                Some(b'\\') if quote == b'"' => next += 2,
                Some(b'\n') | None => return next,
                Some(byte) if byte == quote => return next + 1,
                Some(_) => next += 1,
            }
        }
        end
    }

    fn is_closed(&self, at: usize, stop: usize, quote: u8) -> bool {
        stop > at + 1 && self.byte(stop - 1) == Some(quote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands at the `|`, and the text that is meant.
    fn at(text: &str) -> Option<(Spot, String)> {
        let offset = text.find('|').unwrap();
        let text = text.replacen('|', "", 1);
        let spot = spot_at(&text, &RelPath::new("a.forge.toml").unwrap(), offset)?;
        let (Spot::Header { range, .. } | Spot::Key { range, .. } | Spot::Value { range, .. }) = &spot;
        let written = range.slice(&text).unwrap().to_owned();
        Some((spot, written))
    }

    fn key(text: &str) -> (String, String) {
        match at(text) {
            Some((Spot::Key { table, .. }, written)) => (table, written),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn value(text: &str) -> (String, String) {
        match at(text) {
            Some((Spot::Value { path, .. }, written)) => (path, written),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn two(left: &str, right: &str) -> (String, String) {
        (left.to_owned(), right.to_owned())
    }

    #[test]
    fn keys_know_their_table() {
        assert_eq!(key("|"), two("", ""));
        assert_eq!(key("ki|"), two("", "ki"));
        assert_eq!(key("k|ind = \"fix\""), two("", "kind"));
        assert_eq!(key("[target]\nfiles = [\"a\"]\nsym|"), two("target", "sym"));
        assert_eq!(key("[target.edit]\n|\n[test]"), two("target.edit", ""));
        assert_eq!(key("[[example]] # one\ncall = \"f(']')\"\n|"), two("example", ""));
        assert_eq!(key("[[property]]\nforall = { n = \"int\", | }"), two("property.forall", ""));
    }

    #[test]
    fn values_know_their_key() {
        assert_eq!(value("kind = |"), two("kind", ""));
        assert_eq!(value("kind = \"f|ix\" # x"), two("kind", "\"fix\""));
        assert_eq!(value("kind = \"f|"), two("kind", "\"f"));
        assert_eq!(value("[target]\nfiles = [\n  \"a\",\n  \"sr|c\",\n]"), two("target.files", "\"src\""));
        assert_eq!(value("[target]\nfiles = [\"a\", |]"), two("target.files", ""));
        assert_eq!(value("target = { files = [\"s|"), two("target.files", "\"s"));
        assert_eq!(value("[budget]\ntrials = 1|0"), two("budget.trials", "10"));
        assert_eq!(value("goal = \"\"\"\nx = |1\n\"\"\""), two("goal", "\"\"\"\nx = 1\n\"\"\""));
    }

    #[test]
    fn headers_comments_and_prose() {
        assert!(matches!(at("[tar|get]"), Some((Spot::Header { .. }, name)) if name == "target"));
        assert!(matches!(at("[[|"), Some((Spot::Header { .. }, name)) if name.is_empty()));
        assert_eq!(at("kind = \"fix\" # he|re"), None);
        let text = "+++\nkind = \"fix\"\n+++\n# kind\n";
        let path = RelPath::new("a.forge.md").unwrap();
        assert!(spot_at(text, &path, 6).is_some());
        assert_eq!(spot_at(text, &path, text.len() - 2), None);
        assert_eq!(spot_at("kind", &path, 2), None);
    }

    #[test]
    fn every_place_of_a_half_written_text_is_answered() {
        let text = "+++\nkind = \"é🔢\n[[example]\ncall = 'x\nvalue = [{ a = \"b\n+++\n# x";
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            let half = &text[..end];
            for offset in 0..=half.len() {
                let spot = spot_at(half, &RelPath::new("a.forge.md").unwrap(), offset);
                if let Some(Spot::Key { range, .. } | Spot::Value { range, .. }) = spot {
                    assert!(range.slice(half).is_some(), "{half:?} at {offset}");
                }
            }
        }
    }
}
