//! One walk over a tree that finds functions and scopes and counts everything about them.
//!
//! It uses one cursor and a stack on the heap: no recursion, so that text nested a hundred thousand levels deep is
//! merely slow. What a node kind means comes from the pack's tables; nothing here may know a language.

pub(crate) mod pieces;

use hephaestus_core::ByteRange;
use hephaestus_grammars::{Cost, Wrapper};
use tree_sitter::{Node, Tree, TreeCursor};

use crate::flat::FlatTree;
use crate::frame::{Frame, Open, Wraps};
use crate::functions::{Function, name_of, scope_name, signature};
use crate::metrics::Metrics;
use crate::spot::{FlatSpot, Spot};
use crate::tables::{Control, Kind, KindTables, Roles};

/// A leaf of the tree that is no comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The grammar's id of its kind.
    pub kind: u16,
    /// Where it stands.
    pub range: ByteRange,
}

/// A class, module or the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) range: ByteRange,
    pub(crate) qualified: String,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) functions: Vec<Function>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) whole: Metrics,
}

/// How many names around a definition are part of its qualified name.
const MOST_NAMES: usize = 32;
/// How many open functions a call is compared with.
const MOST_CALLERS: usize = 8;

/// Walks the whole tree.
pub(crate) fn outline(tables: &KindTables, text: &str, tree: &Tree) -> Outline {
    walk(tables, text, tree, None)
}

/// Counts what lies completely inside `region`, as if nothing were around it.
pub(crate) fn measure(tables: &KindTables, text: &str, tree: &Tree, region: ByteRange) -> Metrics {
    walk(tables, text, tree, Some(region)).whole
}

/// Finds functions and scopes and counts cognitive complexity, nothing else.
pub(crate) fn sketch(tables: &KindTables, text: &str, tree: &FlatTree) -> Outline {
    let mut walker = Walker { counts: false, ..Walker::new(tables, text, None) };
    walker.run_flat(tree);
    walker.outline
}

fn walk(tables: &KindTables, text: &str, tree: &Tree, region: Option<ByteRange>) -> Outline {
    let mut walker = Walker::new(tables, text, region);
    walker.run(&mut tree.walk());
    let whole = walker.frames.first().map(|frame| frame.metrics(Wraps { outermost: true, inside: true }));
    Outline { whole: whole.unwrap_or_default(), ..walker.outline }
}

/// A node on the path from the root, and what holds for its children.
#[derive(Clone, Copy)]
struct Level<'a, S = Node<'a>> {
    node: S,
    kind: &'a Kind,
    /// The structure it is, where that counts.
    control: Option<&'a Control>,
    level: u32,
    depth: u32,
    /// The sequence of boolean operators it is part of.
    sequence: Option<usize>,
    opens_frame: bool,
    opens_name: bool,
    /// Whether it lies inside the region.
    inside: bool,
}

struct Walker<'a, S = Node<'a>> {
    tables: &'a KindTables,
    text: &'a str,
    region: Option<ByteRange>,
    /// Whether everything is counted, or cognitive complexity alone.
    counts: bool,
    path: Vec<Level<'a, S>>,
    /// The region, then the open functions.
    frames: Vec<Frame>,
    /// The names around; whether each is a scope's.
    names: Vec<(String, bool)>,
    /// The last operator of each sequence.
    sequences: Vec<u16>,
    /// Where the last documentation comment, with what may follow it, ends.
    doc_end: Option<usize>,
    outline: Outline,
}

impl<'a> Walker<'a> {
    fn run(&mut self, cursor: &mut TreeCursor<'a>) {
        loop {
            if self.enter(cursor.node(), cursor.field_id().map(u16::from)) {
                if cursor.goto_first_child() {
                    continue;
                }
                self.leave();
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                self.leave();
            }
        }
    }
}

impl<'a> Walker<'a, FlatSpot<'a>> {
    fn run_flat(&mut self, tree: &'a FlatTree) {
        let (mut at, mut ends) = (0, Vec::new());
        while at < tree.len() {
            while ends.pop_if(|end| *end <= at).is_some() {
                self.leave();
            }
            let (spot, after) = (FlatSpot { tree, at }, tree.after(at));
            let field = tree.node(at).map(|node| node.field).filter(|field| *field != 0);
            if self.enter(spot, field) {
                ends.push(after);
                at += 1;
            } else {
                at = after;
            }
        }
        for _ in ends {
            self.leave();
        }
    }
}

impl<'a, S: Spot> Walker<'a, S> {
    fn new(tables: &'a KindTables, text: &'a str, region: Option<ByteRange>) -> Self {
        Self {
            tables,
            text,
            region,
            counts: true,
            path: Vec::new(),
            frames: vec![Frame::default()],
            names: Vec::new(),
            sequences: Vec::new(),
            doc_end: None,
            outline: Outline::default(),
        }
    }

    /// Counts a node. Whether it is on the path now, for its children to be walked.
    fn enter(&mut self, node: S, field: Option<u16>) -> bool {
        let range = node.range();
        let mut inside = self.path.last().is_some_and(|parent| parent.inside);
        if !inside {
            inside = self.region.is_none_or(|region| region.contains(range));
            if !inside && self.region.is_some_and(|region| !region.overlaps(range)) {
                return false;
            }
        }
        let id = node.kind();
        let kind = self.tables.kind(id);
        if kind.roles.any(Roles::COMMENT.or(Roles::BETWEEN)) && self.is_remark(range, kind) {
            return false;
        }
        if self.tables.is_docstring(node) {
            self.docstring(range);
            return false;
        }
        let leaf = node.is_leaf() || self.tables.is_atom(node);
        if leaf {
            if inside {
                self.leaf(node, id, kind, range);
            }
            return false;
        }
        let level =
            if inside { self.inner_node(node, id, kind, field, range) } else { Level::outside(node, kind) };
        self.path.push(level);
        true
    }

    /// Remembers documentation. Whether the node is a comment, with nothing in it to count.
    fn is_remark(&mut self, range: ByteRange, kind: &Kind) -> bool {
        let text = range.slice(self.text).unwrap_or_default();
        let is_comment = kind.roles.any(Roles::COMMENT);
        let documents =
            is_comment && self.tables.source.doc_comments.iter().any(|start| text.starts_with(start));
        if documents || self.is_documented(range.start) {
            self.doc_end = Some(range.end);
        }
        is_comment
    }

    /// Whether documentation ends right before `start`.
    fn is_documented(&self, start: usize) -> bool {
        let between = self.doc_end.and_then(|end| self.text.get(end..start));
        between.is_some_and(|between| between.trim().is_empty())
    }

    fn docstring(&mut self, range: ByteRange) {
        let functions = &mut self.outline.functions;
        if let Some(frame) = self.frames.last()
            && frame.body.is_some_and(|body| body.start == range.start)
            && let Some(function) = frame.open.as_ref().and_then(|open| functions.get_mut(open.index))
        {
            function.documented = true;
        }
    }

    fn leaf(&mut self, node: S, id: u16, kind: &Kind, range: ByteRange) {
        if range.is_empty() {
            return;
        }
        let parent = self.path.last();
        let parent_roles = parent.map(|parent| parent.kind.roles).unwrap_or_default();
        let sequence = parent.and_then(|parent| parent.sequence);
        let Some(frame) = self.frames.last_mut() else { return };
        if self.counts {
            if self.region.is_none() {
                self.outline.tokens.push(Token { kind: id, range });
            }
            count(frame, node, id, kind, range.slice(self.text).unwrap_or_default());
        }
        let is_step = kind.structure.as_ref().is_some_and(|control| control.cost == Cost::Flat);
        if is_step || kind.roles.any(Roles::LABEL) && parent_roles.any(Roles::JUMP) {
            frame.flat();
        }
        if parent_roles.any(Roles::BOOLEAN) {
            frame.tally.decisions += i64::from(kind.roles.any(Roles::DECISION_OPERATOR));
            if kind.roles.any(Roles::BOOLEAN_OPERATOR)
                && let Some(last) = sequence.and_then(|sequence| self.sequences.get_mut(sequence))
                && *last != id
            {
                *last = id;
                frame.flat();
            }
        }
        self.statement(node, kind);
    }

    fn statement(&mut self, node: S, kind: &Kind) {
        let in_block = self.path.last().is_some_and(|parent| parent.kind.roles.any(Roles::BLOCK));
        let remark = Roles::BETWEEN.or(Roles::LABEL);
        if (kind.roles.any(Roles::STATEMENT) || in_block && node.has_name() && !kind.roles.any(remark))
            && let Some(frame) = self.frames.last_mut()
        {
            frame.tally.statements += 1;
        }
    }

    fn inner_node(
        &mut self,
        node: S,
        id: u16,
        kind: &'a Kind,
        field: Option<u16>,
        range: ByteRange,
    ) -> Level<'a, S> {
        self.statement(node, kind);
        self.body_part(node, kind);
        let mut level = self.child_level(node, id, kind, field);
        if let Some(control) = level.control {
            self.control(id, control, &level);
        }
        level.sequence = self.sequence(node, kind);
        if let Some(callee) = kind.callee.and_then(|field| node.in_field(field)) {
            self.call(callee);
        }
        if let Some(field) = kind.scope {
            let parent = self.path.last().map(|parent| parent.node);
            if let Some(name) = scope_name(self.tables, self.text, node, parent, field) {
                level.opens_name = self.push_name(name, true);
                let qualified = self.qualified();
                self.outline.scopes.push(Scope { range, qualified });
            }
        }
        if kind.roles.any(Roles::FUNCTION.or(Roles::LAMBDA)) {
            self.open(node, kind, &mut level);
        }
        level
    }

    /// Where a node stands, from where its parent stands.
    fn child_level(&self, node: S, id: u16, kind: &'a Kind, field: Option<u16>) -> Level<'a, S> {
        let (mut level, mut depth) = (0, 0);
        if let Some(parent) = self.path.last() {
            (level, depth) = (parent.level, parent.depth);
            if let Some(control) = parent.control
                && control.nests(field, id)
            {
                level += 1;
                depth += u32::from(!control.shallow);
            }
        }
        let control = kind.structure.as_ref().filter(|control| control.applies(node));
        Level {
            node,
            kind,
            control,
            level,
            depth,
            sequence: None,
            opens_frame: false,
            opens_name: false,
            inside: true,
        }
    }

    fn control(&mut self, id: u16, control: &Control, level: &Level<'a, S>) {
        let carries_on =
            self.path.last().and_then(|parent| parent.control).is_some_and(|parent| parent.chains(id));
        let Some(frame) = self.frames.last_mut() else { return };
        frame.tally.decisions += i64::from(control.decisions);
        if carries_on {
            return;
        }
        match control.cost {
            Cost::Free => {}
            Cost::Flat => frame.flat(),
            Cost::Nested => {
                frame.nested(level.level);
                if !control.shallow {
                    frame.tally.nesting = frame.tally.nesting.max(level.depth + 1);
                }
            }
        }
    }

    /// The sequence of boolean operators a node belongs to: its parent's, or a new one.
    fn sequence(&mut self, node: S, kind: &Kind) -> Option<usize> {
        let outer = self.path.last().and_then(|parent| parent.sequence);
        if kind.roles.any(Roles::PARENTHESES) {
            return outer;
        }
        if !kind.roles.any(Roles::BOOLEAN) {
            return None;
        }
        if let Some(operator) = self.tables.fields.operator.and_then(|field| node.in_field(field))
            && !self.tables.kind(operator.kind()).roles.any(Roles::BOOLEAN_OPERATOR)
        {
            return None;
        }
        Some(outer.unwrap_or_else(|| {
            self.sequences.push(0);
            self.sequences.len() - 1
        }))
    }

    /// Notes when a call means a function that is open.
    fn call(&mut self, callee: S) {
        let Some(text) = callee.range().slice(self.text).filter(|text| text.len() <= 200) else { return };
        let called = text.rsplit(['.', ':']).next().unwrap_or(text);
        let before = text.strip_suffix(called).unwrap_or_default().trim_end_matches(['.', ':']);
        let receivers = &self.tables.source.receivers;
        for frame in self.frames.iter_mut().rev().take(MOST_CALLERS) {
            let Some(open) = &mut frame.open else { continue };
            if open.name.short != called {
                continue;
            }
            let is_own = match &open.scope {
                Some(scope) => before == scope || receivers.iter().any(|receiver| receiver == before),
                None => text == open.name.full,
            };
            if is_own && !open.recursive {
                open.recursive = true;
                frame.flat();
            }
            return;
        }
    }

    /// Notes what a function's body consists of.
    fn body_part(&mut self, node: S, kind: &Kind) {
        let parent = self.path.last().map(|parent| parent.node.range());
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.body.is_none() || frame.body != parent || !node.has_name() {
            return;
        }
        if kind.roles.any(Roles::FUNCTION.or(Roles::DECORATED)) {
            frame.contents.functions += 1;
        } else if kind.roles.any(Roles::RETURN) {
            frame.contents.returns += 1;
        } else {
            frame.contents.others += 1;
        }
    }

    fn open(&mut self, node: S, kind: &Kind, level: &mut Level<'a, S>) {
        let body = self.tables.fields.body.and_then(|field| node.in_field(field));
        let body = body.map(|body| body.range());
        let mut frame = Frame::new(body, level.level, level.depth);
        (level.level, level.depth, level.opens_frame) = (0, 0, true);
        let parent = self.path.last().map(|parent| parent.node);
        if kind.roles.any(Roles::FUNCTION)
            && let Some(body) = frame.body
            && let Some(name) = name_of(self.tables, self.text, node, parent)
        {
            let scope = self.names.last().filter(|(_, is_scope)| *is_scope).map(|(name, _)| name.clone());
            level.opens_name = self.push_name(name.full.clone(), false);
            let (parameters, annotated, annotatable) = match self.counts {
                true => signature(self.tables, self.text, node, &name.short),
                false => (0, 0, 0),
            };
            self.outline.functions.push(Function {
                name: name.short.clone(),
                qualified: self.qualified(),
                range: node.range(),
                body,
                parameters,
                documented: self.is_documented(self.start_around(node)),
                typed: (annotated, annotatable),
                wrapper: false,
                metrics: Metrics::default(),
            });
            let index = self.outline.functions.len() - 1;
            frame.open = Some(Open { index, name, scope, recursive: false });
        }
        self.frames.push(frame);
    }

    /// Where the definition begins, with what stands around it.
    fn start_around(&self, node: S) -> usize {
        let around = self.path.iter().rev().take_while(|level| level.kind.roles.any(Roles::AROUND));
        around.last().map_or(node.range().start, |level| level.node.range().start)
    }

    fn push_name(&mut self, name: String, is_scope: bool) -> bool {
        let fits = self.names.len() < MOST_NAMES;
        if fits {
            self.names.push((name, is_scope));
        }
        fits
    }

    fn qualified(&self) -> String {
        self.names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(".")
    }

    fn leave(&mut self) {
        let Some(level) = self.path.pop() else { return };
        if level.opens_name {
            self.names.pop();
        }
        if level.opens_frame {
            self.close();
        }
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        let wraps = self.wraps(&frame);
        if let Some(function) =
            frame.open.as_ref().and_then(|open| self.outline.functions.get_mut(open.index))
        {
            function.metrics = frame.metrics(wraps);
            function.wrapper = wraps.outermost && frame.has_inner();
        }
        let outer_is_region = self.frames.len() == 1;
        if let Some(outer) = self.frames.last_mut() {
            outer.absorb(frame, wraps, outer_is_region);
        }
    }

    fn wraps(&self, frame: &Frame) -> Wraps {
        match self.tables.wrapper {
            None => Wraps::default(),
            Some(Wrapper::WithoutStructures) => Wraps { outermost: !frame.has_structures(), inside: false },
            Some(Wrapper::FunctionAndReturn) => {
                let decorates = frame.contents.functions == 1
                    && frame.contents.returns == 1
                    && frame.contents.others == 0;
                Wraps { outermost: decorates, inside: decorates }
            }
        }
    }
}

/// Counts a token.
fn count(frame: &mut Frame, node: impl Spot, id: u16, kind: &Kind, text: &str) {
    let (first, last) = node.rows().unwrap_or_default();
    frame.tally.token(first, last);
    if kind.roles.any(Roles::OPERAND) {
        frame.tally.operand(text);
    } else if !kind.roles.any(Roles::CLOSER) {
        frame.tally.operator(id);
    }
}

impl<'a, S> Level<'a, S> {
    /// A node that reaches out of the region: it is looked through.
    fn outside(node: S, kind: &'a Kind) -> Self {
        Self {
            node,
            kind,
            control: None,
            level: 0,
            depth: 0,
            sequence: None,
            opens_frame: false,
            opens_name: false,
            inside: false,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
