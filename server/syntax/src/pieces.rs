//! Pieces: a tree cut into parts small enough to be looked at again whenever something in them changes. Nodes that are
//! larger than a piece are opened, and their children are pieces in turn.

use hephaestus_core::ByteRange;
use tree_sitter::Node;

use crate::fingerprint::Fingerprint;
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

/// Cuts a tree: pieces in the order they begin, outer ones first.
pub(crate) fn cut<'t>(root: Node<'t>, text: &str, tables: &KindTables) -> Vec<Piece<'t>> {
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
        piece.content.numbers(&[u64::from(node.kind_id()), node.descendant_count() as u64]);
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
