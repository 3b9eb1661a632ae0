//! What a file imports, as the pack's `imports.scm` captures it.

use tree_sitter::Node;

use crate::Parsed;
use crate::queries::{self, Captures, IMPORTS};

/// One match of the query.
pub(super) struct Reference<'t> {
    text: &'t str,
    captures: Captures<'t>,
}

impl<'t> Reference<'t> {
    /// The node captured as `name`.
    pub(super) fn node(&self, name: &str) -> Option<Node<'t>> {
        self.captures.get(name).copied()
    }

    /// The text captured as `name`.
    pub(super) fn text(&self, name: &str) -> Option<&'t str> {
        self.node(name).and_then(|node| self.text.get(node.byte_range()))
    }
}

/// Every import the file's text makes, in order. Nothing for a language without the query.
pub(super) fn references(parsed: &Parsed) -> Vec<Reference<'_>> {
    let text: &str = &parsed.file().text;
    let matches = queries::matches(parsed, IMPORTS);
    matches.into_iter().map(|captures| Reference { text, captures }).collect()
}
