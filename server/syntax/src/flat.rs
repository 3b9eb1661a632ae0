//! A tree as one array, in the order of its nodes: built in one walk, then asked many questions at the price of an array
//! access each, where tree-sitter's own nodes cost a search.
//!
//! A flat tree belongs to one text and one moment; it is made where it is needed and dropped soon after.

use tree_sitter::{Node, TreeCursor};

/// No node.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// What is known about a node of a [`FlatTree`]. Nodes are named by their place in the array.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlatNode {
    /// First byte.
    pub(crate) start: u32,
    /// One past the last byte.
    pub(crate) end: u32,
    /// The node after everything in this one.
    pub(crate) after: u32,
    /// The node around it; [`NOWHERE`] at the top.
    pub(crate) parent: u32,
    /// The field it is of its parent; 0 for none.
    pub(crate) field: u16,
    /// Whether it has a name in the grammar.
    pub(crate) named: bool,
    /// Whether it may stand anywhere, like a comment.
    pub(crate) extra: bool,
}

/// A node and everything in it, outermost first.
#[derive(Debug)]
pub(crate) struct FlatTree {
    /// The grammar's ids of the nodes' kinds. Apart from the rest, because most questions end here.
    kinds: Vec<u16>,
    nodes: Vec<FlatNode>,
    /// Whether it is a part of a larger tree, so that there is more around it.
    is_part: bool,
}

impl FlatTree {
    /// Flattens `top` and what is in it.
    pub(crate) fn of(top: Node<'_>) -> Self {
        let mut tree = Self { kinds: Vec::new(), nodes: Vec::new(), is_part: top.parent().is_some() };
        let count = top.descendant_count();
        tree.kinds.reserve_exact(count);
        tree.nodes.reserve_exact(count);
        tree.fill(&mut top.walk());
        tree
    }

    /// Counts children instead of asking for the next one until there is none: that question costs most where the answer
    /// is no, because hidden nodes are climbed to look behind them.
    fn fill(&mut self, cursor: &mut TreeCursor<'_>) {
        let (mut parent, mut left) = (NOWHERE, Vec::new());
        loop {
            let (at, children) = self.push(cursor, parent);
            if children > 0 && cursor.goto_first_child() {
                parent = at;
                left.push(children - 1);
                continue;
            }
            loop {
                match left.last_mut() {
                    None => return,
                    Some(left) if *left > 0 => {
                        *left -= 1;
                        if cursor.goto_next_sibling() {
                            break;
                        }
                        *left = 0;
                    }
                    Some(_) => {
                        left.pop();
                        cursor.goto_parent();
                        parent = self.close(parent);
                    }
                }
            }
        }
    }

    /// Ends a node after its last child; the node around it.
    fn close(&mut self, at: u32) -> u32 {
        let after = self.len();
        self.nodes.get_mut(at as usize).map_or(NOWHERE, |node| {
            node.after = after;
            node.parent
        })
    }

    /// Adds the node at the cursor: its place, and how many children it has.
    fn push(&mut self, cursor: &TreeCursor<'_>, parent: u32) -> (u32, usize) {
        let node = cursor.node();
        let at = self.len();
        self.kinds.push(node.kind_id());
        self.nodes.push(FlatNode {
            start: short(node.start_byte()),
            end: short(node.end_byte()),
            after: at + 1,
            parent,
            field: cursor.field_id().map_or(0, u16::from),
            named: node.is_named(),
            extra: node.is_extra(),
        });
        (at, usize::try_from(node.child_count()).unwrap_or(usize::MAX))
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> u32 {
        short(self.kinds.len())
    }

    /// Whether it is a part of a larger tree.
    pub(crate) fn is_part(&self) -> bool {
        self.is_part
    }

    /// The kinds of all nodes.
    pub(crate) fn kinds(&self) -> &[u16] {
        &self.kinds
    }

    /// A node's kind; that of an error for no node.
    pub(crate) fn kind(&self, at: u32) -> u16 {
        self.kinds.get(at as usize).copied().unwrap_or(u16::MAX)
    }

    /// A node.
    pub(crate) fn node(&self, at: u32) -> Option<&FlatNode> {
        self.nodes.get(at as usize)
    }

    /// The node after everything in `at`.
    pub(crate) fn after(&self, at: u32) -> u32 {
        self.node(at).map_or(NOWHERE, |node| node.after)
    }

    /// The node around `at`.
    pub(crate) fn parent(&self, at: u32) -> Option<u32> {
        self.node(at).map(|node| node.parent).filter(|parent| *parent != NOWHERE)
    }

    /// A node's children, in order.
    pub(crate) fn children(&self, at: u32) -> Children<'_> {
        Children { tree: self, next: at + 1, end: self.after(at) }
    }

    /// The children of `at`'s parent that come after it.
    pub(crate) fn later(&self, at: u32) -> Children<'_> {
        let end = self.parent(at).map_or(0, |parent| self.after(parent));
        Children { tree: self, next: self.after(at), end }
    }

    /// The first child that is the field `field`.
    pub(crate) fn field(&self, at: u32, field: u16) -> Option<u32> {
        self.children(at).find(|child| self.node(*child).is_some_and(|node| node.field == field))
    }

    /// Everything in `at`, without itself.
    pub(crate) fn inside(&self, at: u32) -> std::ops::Range<u32> {
        at + 1..self.after(at)
    }

    /// The text of a node.
    pub(crate) fn text<'t>(&self, at: u32, text: &'t str) -> &'t str {
        self.node(at).and_then(|node| text.get(node.start as usize..node.end as usize)).unwrap_or_default()
    }
}

/// Some siblings.
#[derive(Debug, Clone)]
pub(crate) struct Children<'a> {
    tree: &'a FlatTree,
    next: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let at = self.next;
        if at >= self.end {
            return None;
        }
        self.next = self.tree.after(at);
        Some(at)
    }
}

/// Parsers refuse texts of four gigabytes.
fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(NOWHERE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::Function;
    use crate::walk::tests::parsed;
    use crate::{Parsed, walk};

    const TEXTS: &[(&str, &str)] = &[
        ("rust", include_str!("clones.rs")),
        ("rust", include_str!("walk.rs")),
        ("rust", "fn f( { let x = ; }"),
        (
            "python",
            "@a\nclass A(B):\n    'doc'\n    async def f(self, a: int = 1, *b) -> int:\n        'doc'\n        if a and b or not c:\n            return f(a)\n        # todo\n        raise NotImplementedError\n\nx = lambda: 1 if y else 2\n",
        ),
        ("python", "def f(:\n  x = (1,\n"),
        (
            "javascript",
            "class A { m(a = 1, {b}) { return a?.b ?? (c => c && this.m(c)) } }\nconst f = function g() { throw new Error('not implemented'); };\n// end",
        ),
        (
            "typescript",
            "export function f<T>(a: T, b?: number): a is T { for (const x of a) if (x) continue; else break; }",
        ),
        ("javascript", ""),
    ];

    fn all() -> impl Iterator<Item = Parsed> {
        TEXTS.iter().map(|(language, text)| parsed(language, text))
    }

    #[test]
    fn every_node_is_where_tree_sitter_has_it() {
        for parsed in all() {
            let root = parsed.tree().root_node();
            let tree = FlatTree::of(root);
            assert_eq!(tree.len() as usize, root.descendant_count());
            let mut cursor = root.walk();
            for at in 0..tree.len() {
                cursor.goto_descendant(at as usize);
                let (node, flat) = (cursor.node(), *tree.node(at).unwrap());
                assert_eq!((flat.start as usize, flat.end as usize), (node.start_byte(), node.end_byte()));
                assert_eq!(
                    (tree.kind(at), flat.named, flat.extra),
                    (node.kind_id(), node.is_named(), node.is_extra())
                );
                assert_eq!((flat.after - at) as usize, node.descendant_count());
                for field in 1..=u16::try_from(parsed.language().grammar().field_count()).unwrap() {
                    let own =
                        tree.field(at, field).and_then(|child| tree.node(child)).map(|child| child.start);
                    let theirs = node.child_by_field_id(field).map(|child| short(child.start_byte()));
                    assert_eq!(own, theirs, "field {field} of {}", node.kind());
                }
            }
        }
    }

    #[test]
    fn a_part_knows_that_there_is_more_around_it() {
        let parsed = parsed("python", "def f():\n    return 1\n");
        let root = parsed.tree().root_node();
        assert!(!FlatTree::of(root).is_part());
        let part = FlatTree::of(root.child(0).unwrap());
        assert!(part.is_part() && part.parent(0).is_none() && part.later(0).next().is_none());
    }

    #[test]
    fn a_sketch_finds_what_an_outline_does() {
        for parsed in all() {
            let tables = parsed.language().tables();
            let sketch = walk::sketch(tables, parsed.text(), &FlatTree::of(parsed.tree().root_node()));
            let of = |own: &Function| {
                (
                    own.name.clone(),
                    own.qualified.clone(),
                    own.range,
                    own.body,
                    own.metrics.cognitive,
                    own.wrapper,
                )
            };
            let outline = walk::outline(tables, parsed.text(), parsed.tree());
            assert_eq!(
                sketch.functions.iter().map(of).collect::<Vec<_>>(),
                outline.functions.iter().map(of).collect::<Vec<_>>()
            );
            assert_eq!(sketch.scopes, outline.scopes);
        }
    }

    #[test]
    fn holes_are_the_same_on_a_flat_tree() {
        for parsed in all() {
            let tree = FlatTree::of(parsed.tree().root_node());
            assert_eq!(parsed.holes_on(&tree), parsed.holes());
        }
        assert_eq!(all().map(|parsed| parsed.holes().len()).sum::<usize>(), 1);
    }
}
