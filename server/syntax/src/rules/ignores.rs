//! Comments that keep a rule away: `# hephaestus: ignore`, `// hephaestus: ignore[rule, other-rule]`.
//!
//! Behind code such a comment holds for what starts on its line, alone on its line for what starts on the next one.
//! ast-grep's own `ast-grep-ignore: rule` is honoured too, since its users' rules are.

use memchr::memmem;
use std::ops::RangeInclusive;
use tree_sitter::{Node, Tree};

use crate::fingerprint::Fingerprint;

const OWN: &str = "hephaestus: ignore";
const AST_GREP: &str = "ast-grep-ignore";

/// The ignore comments of one file.
#[derive(Debug, Default)]
pub(super) struct Ignores {
    comments: Vec<Ignore>,
}

#[derive(Debug)]
struct Ignore {
    /// The 0-based line it holds for.
    row: usize,
    /// The rules it names; `None` means all.
    rules: Option<Vec<String>>,
}

impl Ignores {
    /// Finds them. Costs a text search where there are none.
    pub(super) fn of(text: &str, tree: &Tree) -> Self {
        let mut comments = Vec::new();
        for marker in [OWN, AST_GREP] {
            for at in memmem::find_iter(text.as_bytes(), marker) {
                comments
                    .extend(comment_at(tree, at, marker.len()).and_then(|node| ignore(text, node, marker)));
            }
        }
        Self { comments }
    }

    /// Whether the rule `id` must not match what starts on line `row`.
    pub(super) fn cover(&self, id: &str, row: usize) -> bool {
        let short = id.rsplit('/').next().unwrap_or(id);
        let names = |rules: &Vec<String>| rules.iter().any(|rule| rule == id || rule == short);
        self.comments.iter().any(|ignore| ignore.row == row && ignore.rules.as_ref().is_none_or(names))
    }
}

impl Ignores {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.comments.is_empty()
    }

    /// Adds to `print` what holds for the lines `rows`, counted from the first of them.
    pub(super) fn describe(&self, rows: RangeInclusive<usize>, print: &mut Fingerprint) {
        for ignore in self.comments.iter().filter(|ignore| rows.contains(&ignore.row)) {
            print.numbers(&[(ignore.row - rows.start()) as u64, u64::from(ignore.rules.is_some())]);
            for rule in ignore.rules.iter().flatten() {
                print.text(rule);
            }
        }
    }
}

fn comment_at(tree: &Tree, at: usize, length: usize) -> Option<Node<'_>> {
    let mut node = tree.root_node().descendant_for_byte_range(at, at + length)?;
    while !node.kind().contains("comment") {
        node = node.parent()?;
    }
    // Some grammars have a node for a comment's text inside the comment.
    while let Some(parent) = node.parent().filter(|parent| parent.kind().contains("comment")) {
        node = parent;
    }
    Some(node)
}

fn ignore(text: &str, comment: Node<'_>, marker: &str) -> Option<Ignore> {
    let body = text.get(comment.byte_range())?.trim_start_matches(|c: char| !c.is_alphabetic());
    // Prose that merely mentions the words is no order.
    let rest = body.strip_prefix(marker)?;
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_') {
        return None;
    }
    let list = match rest.strip_prefix('[') {
        Some(list) => Some(list.split(']').next().unwrap_or(list)),
        None if marker == AST_GREP => rest.strip_prefix(':').map(|list| list.trim_end_matches("*/")),
        None => None,
    };
    let rules = list.map(|list| list.split(',').map(|rule| rule.trim().to_owned()).collect());
    let line_start = text.get(..comment.start_byte())?.rfind('\n').map_or(0, |at| at + 1);
    let before = text.get(line_start..comment.start_byte())?;
    let alone = before.trim_start_matches('\u{feff}').trim().is_empty();
    let row = if alone { last_row(comment) + 1 } else { comment.start_position().row };
    Some(Ignore { row, rules })
}

/// The line a comment ends on; some grammars count the line end to a line comment.
fn last_row(comment: Node<'_>) -> usize {
    let end = comment.end_position();
    if end.column == 0 && end.row > comment.start_position().row { end.row - 1 } else { end.row }
}
