//! A person at a keyboard, replayed: the same keys in the same places for every server.
//!
//! Characters, line breaks with their indent, and wrong keys taken back. It knows the text before and after every key,
//! for servers that want whole documents.

use serde_json::{Value, json};

use super::input::{Language, Spot};

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    /// An empty line of this indent, opened above the caret's.
    Open(usize),
    Type(String),
    Delete,
}

/// The document as the typist sees it, and the keys to come.
pub(crate) struct Typist {
    text: String,
    /// Byte offset of the caret.
    offset: usize,
    line: usize,
    column: usize,
    keys: std::vec::IntoIter<Key>,
}

impl Typist {
    /// A typist who opens an empty line at `spot` of `text` with the first key and types `count` keys in all.
    pub(crate) fn new(text: String, spot: Spot, language: Language, count: usize) -> Self {
        let offset = text.split_inclusive('\n').take(spot.line).map(str::len).sum();
        let keys: Vec<Key> = keys(language, spot.indent).take(count).collect();
        Self { text, offset, line: spot.line, column: 0, keys: keys.into_iter() }
    }

    /// The document now.
    #[cfg(test)]
    fn text(&self) -> &str {
        &self.text
    }

    /// Presses the next key: the change as `contentChanges` has it, of a range or of everything.
    pub(crate) fn press(&mut self, is_incremental: bool) -> Option<Value> {
        let key = self.keys.next()?;
        let change = match key {
            Key::Open(indent) => {
                let at = json!({"line": self.line, "character": 0});
                let opened = format!("{}\n", " ".repeat(indent));
                self.text.insert_str(self.offset, &opened);
                self.offset += indent;
                self.column = indent;
                json!({"range": {"start": at, "end": at}, "text": opened})
            }
            Key::Type(typed) => {
                let at = json!({"line": self.line, "character": self.column});
                self.text.insert_str(self.offset, &typed);
                self.offset += typed.len();
                match typed.rsplit_once('\n') {
                    Some((_, after)) => {
                        self.line += typed.matches('\n').count();
                        self.column = after.len();
                    }
                    None => self.column += typed.len(),
                }
                json!({"range": {"start": at, "end": at}, "text": typed})
            }
            Key::Delete => {
                let end = json!({"line": self.line, "character": self.column});
                self.offset = self.offset.saturating_sub(1);
                self.column = self.column.saturating_sub(1);
                self.text.remove(self.offset);
                let start = json!({"line": self.line, "character": self.column});
                json!({"range": {"start": start, "end": end}, "text": ""})
            }
        };
        Some(if is_incremental { change } else { json!({"text": self.text}) })
    }
}

/// Statements as they are typed, over and over: all keys are ASCII, so that a column is a byte.
fn keys(language: Language, indent: usize) -> impl Iterator<Item = Key> {
    let statements: &[&str] = match language {
        Language::Python => &[
            "total = count + offset",
            "if total > limit: total = limit",
            "name = 'item'",
            "values = sorted(items)",
        ],
        Language::Rust => &[
            "let total = count + offset;",
            "if total > limit { return; }",
            "let name = \"item\";",
            "let values = sorted(items);",
        ],
    };
    let spaces = " ".repeat(indent);
    let typed = statements.iter().cycle().flat_map(move |statement| {
        let mut keys: Vec<Key> = Vec::new();
        for (number, character) in statement.chars().enumerate() {
            // Every eighth key is a wrong one, taken back at once.
            if number % 8 == 7 {
                keys.extend([Key::Type("q".to_owned()), Key::Delete]);
            }
            keys.push(Key::Type(character.to_string()));
        }
        keys.push(Key::Type(format!("\n{spaces}")));
        keys
    });
    std::iter::once(Key::Open(indent)).chain(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPOT: Spot = Spot { line: 1, indent: 4 };

    #[test]
    fn keys_go_to_the_spot_and_the_text_follows() {
        let mut typist = Typist::new("def f():\n    return 1\n".to_owned(), SPOT, Language::Python, 12);
        let changes: Vec<Value> = std::iter::from_fn(|| typist.press(true)).collect();
        assert_eq!(changes.len(), 12);
        assert_eq!(typist.text(), "def f():\n    total = c\n    return 1\n");
        let wrong = json!({"range": {"start": {"line": 1, "character": 11}, "end": {"line": 1, "character": 11}}, "text": "q"});
        assert_eq!(changes[8], wrong);
        let back = json!({"range": {"start": {"line": 1, "character": 11}, "end": {"line": 1, "character": 12}}, "text": ""});
        assert_eq!(changes[9], back);
    }
}
