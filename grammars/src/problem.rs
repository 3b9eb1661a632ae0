//! What is wrong with a pack of a user's own, at its place in the pack's files.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing wrong with a user's pack. What else the pack holds works on, as far as it can.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackProblem {
    /// The file.
    pub file: PathBuf,
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl PackProblem {
    /// A problem with a file as a whole.
    #[must_use]
    pub fn of_file(file: &Path, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, message: message.into(), hint: hint.into() }
    }

    /// The same problem at the byte `at` of the file's `text`.
    #[must_use]
    pub fn at(mut self, text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        self.line = before.matches('\n').count() + 1;
        self.column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self
    }

    /// The same problem where the first of `words` stands that the text has; at the start where it has none of them.
    #[must_use]
    pub fn at_word<'a>(self, text: &str, words: impl IntoIterator<Item = &'a str>) -> Self {
        match words.into_iter().find_map(|word| text.find(word)) {
            Some(at) => self.at(text, at),
            None => self,
        }
    }
}

impl fmt::Display for PackProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, .. } = self;
        write!(f, "{}:{line}:{column}: {message}", file.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let problem = || PackProblem::of_file(Path::new("p.toml"), "wrong", "right it");
        assert_eq!(problem().at("a\nöb", 4).to_string(), "p.toml:2:2: wrong");
        assert_eq!(problem().at("a", 99).to_string(), "p.toml:1:2: wrong");
        assert_eq!(problem().at_word("x = 1\ny = \"z\"", ["q", "\"z\""]).to_string(), "p.toml:2:5: wrong");
        assert_eq!(problem().at_word("x", ["q"]).to_string(), "p.toml:1:1: wrong");
    }
}
