//! What must not appear in added lines: a text, or a regular expression between slashes.

use regex::Regex;
use std::fmt;

/// One entry of `constraints.forbid`.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// This very text.
    Text(String),
    /// What this expression matches.
    Expression(Regex),
}

impl Pattern {
    /// Reads `/expression/` or a plain text.
    ///
    /// # Errors
    /// When the expression is malformed, in the words of the one who read it, or nothing is left to look for.
    pub fn new(written: &str) -> Result<Self, String> {
        let expression = written.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        match expression {
            Some("") => Err("there is nothing between the slashes".to_owned()),
            None if written.is_empty() => Err("it is empty, and would forbid every line".to_owned()),
            None => Ok(Self::Text(written.to_owned())),
            Some(expression) => Regex::new(expression).map(Self::Expression).map_err(|error| {
                error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            }),
        }
    }

    /// Whether it appears in `line`.
    #[must_use]
    pub fn matches(&self, line: &str) -> bool {
        match self {
            Self::Text(text) => line.contains(text),
            Self::Expression(expression) => expression.is_match(line),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Expression(expression) => write!(f, "/{expression}/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_make_an_expression_and_nothing_else_does() {
        assert!(Pattern::new("eval(").unwrap().matches("x = eval(y)"));
        assert!(Pattern::new(r"/\beval\s*\(/").unwrap().matches("eval (y)"));
        assert!(!Pattern::new("a.b").unwrap().matches("axb"));
        assert!(Pattern::new("/a(/").unwrap_err().contains("unclosed group"));
        assert!(Pattern::new("").is_err() && Pattern::new("//").is_err());
    }
}
