//! Pieces: a tree cut into parts small enough to be looked at again whenever something in them changes. Nodes that are
//! larger than a piece are opened, and their children are pieces in turn.
//!
//! The same text does not always have the same tree: what is ambiguous may depend on what stood around it when it was
//! parsed. So a piece stands for its text and for its [shape](Shapes).

use hephaestus_core::ByteRange;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use tree_sitter::{Node, Tree, TreeCursor};

use crate::fingerprint::{Fingerprint, Low};
use crate::rules::reach::NEXT;
use crate::tables::KindTables;
use crate::walk::pieces::Stride;

/// From how many bytes on a node is opened. Smaller pieces are looked at sooner, but there are more of them.
const LARGEST: usize = 2048;
/// How many bytes a piece usually has at least, all together.
const USUAL: usize = 128;
/// How many nodes are opened one inside the other. Deeper down, pieces may be large.
const MOST_OPEN: usize = 48;
/// How much of a line in front of a node can matter to it. ast-grep looks back this far for indentation.
const LOOK_BACK: usize = 512;

/// The shapes of nodes: the kinds, fields and places of everything in them. The shape of a node that was taken over from
/// the last tree is known; tree-sitter says so by giving its children the same ids.
#[derive(Default)]
pub(crate) struct Shapes {
    /// By the ids of a node's children. An id is good for as long as the tree is there.
    known: HashMap<u128, u128, BuildHasherDefault<Low>>,
    tree: Option<Tree>,
}

/// Of nodes with more children the shape is always looked at.
const MOST_CHILDREN: u32 = 64;

impl Shapes {
    /// Shapes of nodes of `tree`, none of them known.
    pub(crate) fn of(tree: &Tree) -> Self {
        Self { known: HashMap::default(), tree: Some(tree.clone()) }
    }

    /// The shape of the node at `cursor`, which some of `last` may be known to be. The cursor comes back there.
    fn shape(&mut self, cursor: &mut TreeCursor<'_>, last: &Self) -> u128 {
        let node = cursor.node();
        let count = node.child_count();
        if count == 0 {
            return 0;
        }
        if count > MOST_CHILDREN || self.tree.is_none() {
            return look(node);
        }
        let mut ids = Fingerprint::new();
        ids.numbers(&[u64::from(node.kind_id()), node.descendant_count() as u64]);
        let mut more = cursor.goto_first_child();
        while more {
            ids.numbers(&[cursor.node().id() as u64]);
            more = cursor.goto_next_sibling();
        }
        cursor.goto_parent();
        let ids = ids.finish();
        let shape = last.known.get(&ids).copied().unwrap_or_else(|| look(node));
        self.known.insert(ids, shape);
        shape
    }
}

/// Looks at the shape of a node.
fn look(node: Node<'_>) -> u128 {
    let (mut cursor, mut print) = (node.walk(), Fingerprint::new());
    let start = node.start_byte();
    loop {
        let node = cursor.node();
        let place = ((node.start_byte() - start) as u64) << 32 | (node.end_byte() - start) as u64;
        let field = cursor.field_id().map_or(0, u16::from);
        let what = u64::from(cursor.depth()) << 32 | u64::from(field) << 16 | u64::from(node.kind_id());
        print.numbers(&[place, what]);
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return print.finish();
            }
        }
    }
}

/// One part of a tree.
pub(crate) struct Piece<'t> {
    pub(crate) node: Node<'t>,
    pub(crate) range: ByteRange,
    /// The field of its parent it lies in.
    pub(crate) field: Option<u16>,
    /// Whether its children are pieces, too.
    pub(crate) opened: bool,
    /// The indices of the pieces around and beside it.
    pub(crate) parent: Option<usize>,
    pub(crate) before: Option<usize>,
    pub(crate) after: Option<usize>,
    /// Whether an error lies in it: its tree is not a matter of its text alone then.
    pub(crate) broken: bool,
    /// Stands for the node and everything in it.
    pub(crate) content: Fingerprint,
    /// Stands for the line in front of it.
    front: Fingerprint,
    /// Stands for what lies between it and the sibling before it.
    gap: Fingerprint,
}

/// A node whose children are being cut.
struct Open {
    piece: usize,
    print: Fingerprint,
    /// Where the last child ends, and which it is.
    end: usize,
    last: Option<usize>,
}

/// Cuts a tree: pieces in the order they begin, outer ones first. The `last` shapes help to find the new ones.
pub(crate) fn cut<'t>(
    root: Node<'t>,
    text: &str,
    tables: &KindTables,
    last: &Shapes,
    shapes: &mut Shapes,
) -> Vec<Piece<'t>> {
    let mut pieces: Vec<Piece<'t>> = Vec::with_capacity(text.len() / USUAL);
    let mut open: Vec<Open> = Vec::new();
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        let field = cursor.field_id().map(u16::from);
        let mut piece = piece(node, field, text, open.last(), &pieces);
        let index = pieces.len();
        if let Some(before) = piece.before.and_then(|before| pieces.get_mut(before)) {
            before.after = Some(index);
        }
        piece.opened =
            piece.range.len() > LARGEST && open.len() < MOST_OPEN && Stride::may_open(tables, node);
        let range = piece.range;
        if piece.opened && cursor.goto_first_child() {
            pieces.push(piece);
            let mut print = Fingerprint::new();
            print.numbers(&[u64::from(node.kind_id())]);
            open.push(Open { piece: index, print, end: range.start, last: None });
            continue;
        }
        piece.opened = false;
        if !piece.broken {
            let shape = shapes.shape(&mut cursor, last);
            piece.content.numbers(&[u64::from(node.kind_id()), (shape >> 64) as u64, shape as u64]);
        }
        piece.content.text(range.slice(text).unwrap_or_default());
        pieces.push(piece);
        finish(index, &pieces, &mut open);
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return pieces;
            }
            let Some(mut done) = open.pop() else { return pieces };
            if let Some(piece) = pieces.get_mut(done.piece) {
                done.print.text(text.get(done.end..piece.range.end).unwrap_or_default());
                piece.content = done.print;
            }
            finish(done.piece, &pieces, &mut open);
        }
    }
}

fn piece<'t>(
    node: Node<'t>,
    field: Option<u16>,
    text: &str,
    around: Option<&Open>,
    pieces: &[Piece<'t>],
) -> Piece<'t> {
    let range = ByteRange::from(node.byte_range());
    let (mut gap, mut front) = (Fingerprint::new(), Fingerprint::new());
    gap.text(text.get(around.map_or(0, |open| open.end)..range.start).unwrap_or_default());
    let line = range.start.saturating_sub(node.start_position().column.min(LOOK_BACK));
    front.bytes(text.as_bytes().get(line..range.start).unwrap_or_default());
    // A relation may ask for the first child in a field.
    if let Some(field) = field {
        let parent = around.and_then(|open| pieces.get(open.piece));
        let first = parent.and_then(|parent| parent.node.child_by_field_id(field));
        front.numbers(&[u64::from(field), u64::from(first.is_some_and(|first| first.id() == node.id()))]);
    }
    Piece {
        node,
        range,
        field,
        opened: false,
        parent: around.map(|open| open.piece),
        before: around.and_then(|open| open.last),
        after: None,
        broken: node.has_error(),
        content: Fingerprint::new(),
        front,
        gap,
    }
}

/// Tells the node around it that a piece is complete.
fn finish(index: usize, pieces: &[Piece<'_>], open: &mut [Open]) {
    if let (Some(piece), Some(around)) = (pieces.get(index), open.last_mut()) {
        around.print.print(piece.gap);
        around.print.print(piece.front);
        around.print.print(piece.content);
        around.end = piece.range.end;
        around.last = Some(index);
    }
}

impl Piece<'_> {
    /// Stands for the piece and what is around it, as far as facts about the piece may depend on it. `around` stands
    /// for the nodes it lies in. `None`: nothing can.
    pub(crate) fn key(&self, around: Fingerprint) -> Option<u128> {
        if self.broken {
            return None;
        }
        let mut print = around;
        print.numbers(&[u64::from(self.opened)]);
        print.print(self.front);
        print.print(self.content);
        Some(print.finish())
    }

    /// Stands for the siblings next to it and what lies between. `None`: nothing can.
    pub(crate) fn beside(&self, pieces: &[Piece<'_>]) -> Option<u128> {
        let mut print = self.gap;
        let mut piece = self;
        for _ in 0..NEXT {
            let Some(before) = piece.before.and_then(|before| pieces.get(before)) else { break };
            for part in [before.gap, before.front, before.content] {
                print.print(part);
            }
            if before.broken {
                return None;
            }
            piece = before;
        }
        print.numbers(&[u64::MAX]);
        piece = self;
        for _ in 0..NEXT {
            let Some(after) = piece.after.and_then(|after| pieces.get(after)) else { break };
            for part in [after.gap, after.content] {
                print.print(part);
            }
            if after.broken {
                return None;
            }
            piece = after;
        }
        Some(print.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, Document, Encoding, Languages, Position};
    use hephaestus_core::{CancelToken, LanguageId};

    #[test]
    fn shapes_that_are_taken_over_are_those_that_a_look_would_find() {
        let language = Languages::builtin().unwrap().get(&LanguageId::new("typescript")).unwrap();
        // The first of these has two readings and is read anew each time, the second is taken over.
        let step =
            "const f = <R>(r: R): E<R> => {\n  return a(b < c, d > (e))\n}\nfunction g(a) {\n  a.b(1)\n}\n";
        let mut document = Document::new(Some(language.clone()), &step.repeat(60));
        let (mut last, mut reused) = (Shapes::default(), 0);
        let edits = ["", "x", "(", "{", "<", "\n)", ">", "/* ", "}"];
        for (version, new) in (1..).zip(edits) {
            let at = Position { line: u32::try_from(version * 17).unwrap(), character: 2 };
            let change = Change { range: Some((at, at)), text: new.to_owned() };
            document.apply(version, &[change], Encoding::Utf8).unwrap();
            let tree = document.parse(&CancelToken::new()).unwrap().clone();
            let text = document.text();
            let cut = |last: &Shapes, shapes: &mut Shapes| -> Vec<u128> {
                let pieces = cut(tree.root_node(), &text, language.tables(), last, shapes);
                pieces.iter().map(|piece| piece.content.finish()).collect()
            };
            let mut shapes = Shapes::of(&tree);
            let again = cut(&last, &mut shapes);
            assert_eq!(again, cut(&Shapes::default(), &mut Shapes::of(&tree)), "{new:?}");
            reused += shapes.known.keys().filter(|ids| last.known.contains_key(ids)).count();
            last = shapes;
        }
        assert!(reused > 100, "{reused}");
    }
}
