//! The same walk, piece by piece: a tree of which most is known already is walked only where it is not.
//!
//! Whoever walks opens the nodes that are too large for one piece, one inside the other, and between that has each
//! piece walked or adds what an earlier walk of the same piece found. Functions get their names and their cognitive
//! complexity this way, and none of their other numbers.

use hephaestus_core::ByteRange;
use tree_sitter::Node;

use super::{Outline, Scope, Token, Walker};
use crate::facts::FunctionFacts;
use crate::fingerprint::Fingerprint;
use crate::frame::{Frame, Share};
use crate::functions::Function;
use crate::tables::{KindTables, Roles};

/// What a walk found in one piece.
#[derive(Debug, Clone, Default)]
pub(crate) struct PieceOutline {
    /// The functions that lie in it as a whole.
    pub(crate) functions: Vec<FunctionFacts>,
    pub(crate) scopes: Vec<Scope>,
    /// What it adds to the function around it.
    share: Share,
    /// The functions around it that it calls, counted from the outermost.
    calls: Vec<usize>,
}

/// A walk in progress.
pub(crate) struct Stride<'a> {
    walker: Walker<'a>,
}

/// What opening a node brought to light.
pub(crate) struct Opened {
    /// Its index among the functions, if it is one.
    pub(crate) function: Option<usize>,
    /// Its index among the scopes, if it is one.
    pub(crate) scope: Option<usize>,
}

impl<'a> Stride<'a> {
    pub(crate) fn new(tables: &'a KindTables, text: &'a str) -> Self {
        Self { walker: Walker { counts: false, ..Walker::new(tables, text, None) } }
    }

    /// Whether a node may be opened: it has parts that can be counted one by one.
    pub(crate) fn may_open(tables: &KindTables, node: Node<'_>) -> bool {
        let whole = Roles::COMMENT.or(Roles::BETWEEN).or(Roles::BOOLEAN);
        node.child_count() > 0
            && !tables.kind(node.kind_id()).roles.any(whole)
            && !tables.is_docstring(node)
            && !tables.is_atom(node)
    }

    /// Opens a node.
    pub(crate) fn open(&mut self, node: Node<'a>, field: Option<u16>) -> Opened {
        let before = self.listed();
        self.walker.enter(node, field);
        let after = self.listed();
        Opened {
            function: (after.0 > before.0).then_some(before.0),
            scope: (after.1 > before.1).then_some(before.1),
        }
    }

    fn listed(&self) -> (usize, usize) {
        (self.walker.outline.functions.len(), self.walker.outline.scopes.len())
    }

    /// Closes the node that was opened last.
    pub(crate) fn close(&mut self) {
        self.walker.leave();
    }

    /// Adds to `print` everything about the node that was opened last that matters to the pieces in it, given that
    /// the same was done for the nodes around it.
    pub(crate) fn describe(&self, print: &mut Fingerprint) {
        let walker = &self.walker;
        let Some(level) = walker.path.last() else { return };
        let range = ByteRange::from(level.node.byte_range());
        let frame = walker.frames.last();
        let is_body = frame.is_some_and(|frame| frame.body == Some(range));
        print.numbers(&[
            u64::from(level.level) << 32 | u64::from(level.depth),
            u64::from(level.control.is_some()) << 1 | u64::from(is_body),
        ]);
        if level.opens_name
            && let Some((name, is_scope)) = walker.names.last()
        {
            print.text(name);
            print.numbers(&[u64::from(*is_scope)]);
        }
        if level.opens_frame
            && let Some(open) = frame.and_then(|frame| frame.open.as_ref())
        {
            print.text(&open.name.short);
            print.text(&open.name.full);
            print.text(open.scope.as_deref().unwrap_or("\0"));
        }
    }

    /// Walks a piece, a child of the node that was opened last. Nothing is added yet.
    pub(crate) fn walk(&self, node: Node<'a>, field: Option<u16>) -> PieceOutline {
        let outer = &self.walker;
        let mut walker = Walker {
            counts: false,
            path: outer.path.last().copied().into_iter().collect(),
            frames: outer.frames.iter().map(Frame::stub).collect(),
            names: outer.names.clone(),
            ..Walker::new(outer.tables, outer.text, None)
        };
        let around = walker.path.len();
        if walker.enter(node, field) {
            let mut cursor = node.walk();
            if cursor.goto_first_child() {
                walker.run(&mut cursor);
            }
            while walker.path.len() > around {
                walker.leave();
            }
        }
        let called = walker.frames.iter().enumerate().filter(|(_, frame)| frame.is_recursive());
        let calls = called.map(|(index, _)| index).collect();
        let share = walker.frames.last().map(Frame::share).unwrap_or_default();
        let Outline { functions, scopes, .. } = walker.outline;
        let functions = functions.iter().map(FunctionFacts::of).collect();
        PieceOutline { functions, scopes, share, calls }
    }

    /// Adds what a walk of a piece found to the functions around it.
    pub(crate) fn add(&mut self, outline: &PieceOutline) {
        if let Some(frame) = self.walker.frames.last_mut() {
            frame.add(&outline.share);
        }
        for index in &outline.calls {
            if let Some(frame) = self.walker.frames.get_mut(*index) {
                frame.recurse();
            }
        }
    }

    /// The functions that were opened, in the order of their indices.
    pub(crate) fn functions(&self) -> &[Function] {
        &self.walker.outline.functions
    }

    /// The scopes that were opened, in the order of their indices.
    pub(crate) fn scopes(&self) -> &[Scope] {
        &self.walker.outline.scopes
    }
}

/// The tokens inside `body`, as [`crate::Parsed::tokens`] lists them.
pub(crate) fn tokens(tables: &KindTables, top: Node<'_>, body: ByteRange) -> Vec<Token> {
    let mut found = Vec::new();
    let Some(top) = top.descendant_for_byte_range(body.start, body.end) else { return found };
    let mut cursor = top.walk();
    loop {
        let node = cursor.node();
        let range = ByteRange::from(node.byte_range());
        let is_remark = tables.kind(node.kind_id()).roles.any(Roles::COMMENT) || tables.is_docstring(node);
        let is_leaf = node.child_count() == 0 || tables.is_atom(node);
        if is_leaf && !is_remark && !range.is_empty() && body.contains(range) {
            found.push(Token { kind: node.kind_id(), range });
        }
        if !is_leaf && !is_remark && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}
