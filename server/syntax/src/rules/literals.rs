//! String literals of several lines: re-indenting a block must not change the strings in it.

use tree_sitter::Tree;

/// A replacement in which every literal of `source[range]` that only lost or gained indentation has its own text back.
/// Literals that a rule drops or rewrites are none of our business. Lines end with `\n` in `replacement` and in the
/// result.
pub(super) fn restore(replacement: String, source: &str, tree: &Tree, start: usize, end: usize) -> String {
    let mut restored = replacement;
    let mut from = 0;
    for literal in multiline_literals(source, tree, start, end) {
        let literal = literal.replace("\r\n", "\n");
        if let Some((at, length)) = find_twin(&restored, from, &literal) {
            restored.replace_range(at..at + length, &literal);
            from = at + literal.len();
        }
    }
    restored
}

/// The texts of the outermost literals that have a line end in them, in order.
fn multiline_literals<'s>(source: &'s str, tree: &Tree, start: usize, end: usize) -> Vec<&'s str> {
    let mut found = Vec::new();
    let Some(top) = tree.root_node().descendant_for_byte_range(start, end) else { return found };
    let mut cursor = top.walk();
    loop {
        let node = cursor.node();
        let inside = node.start_byte() < end && start < node.end_byte();
        // Every grammar has `string` in the names of its string literals and in no other node above them.
        let is_literal = node.is_named() && node.kind().contains("string");
        if inside && is_literal {
            found.extend(source.get(node.byte_range()).filter(|text| text.contains('\n')));
        }
        if inside
            && !is_literal
            && node.start_position().row != node.end_position().row
            && cursor.goto_first_child()
        {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

/// Where `text` says the same as `literal` but for the white space at the start of the lines after the first.
fn find_twin(text: &str, from: usize, literal: &str) -> Option<(usize, usize)> {
    let first = literal.split('\n').next()?;
    let mut at = from;
    while let Some(found) = text.get(at..)?.find(first) {
        let start = at + found;
        if let Some(length) = twin_length(text.get(start..)?, literal) {
            return Some((start, length));
        }
        at = start + first.chars().next().map_or(1, char::len_utf8);
    }
    None
}

fn twin_length(text: &str, literal: &str) -> Option<usize> {
    let mut lines = literal.split('\n');
    let mut rest = text.strip_prefix(lines.next()?)?;
    for line in lines {
        rest = rest.strip_prefix('\n')?.trim_start_matches([' ', '\t']);
        rest = rest.strip_prefix(line.trim_start_matches([' ', '\t']))?;
    }
    Some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_may_differ_in_indentation_only() {
        let literal = "`a\n    b\n`";
        let text = "x = `a\n`; y = `a\n        b\n    `;";
        let (at, length) = find_twin(text, 0, literal).unwrap();
        assert_eq!(&text[at..at + length], "`a\n        b\n    `");
        assert_eq!(find_twin("`a\nc\n`", 0, literal), None);
    }
}
