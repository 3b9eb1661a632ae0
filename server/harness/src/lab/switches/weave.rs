//! The loom: a file's text with all its switches and probes in it. Pure.
//!
//! A place holds its alternatives and the original; in the original, smaller places follow, in the alternatives never.
//! Lines keep their numbers unless an alternative has more of them than fit on one.

use super::ladder::is_constant;
use super::pack::SwitchPack;
use hephaestus_core::ByteRange;
use hephaestus_syntax::Parsed;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use tree_sitter::{Node, TreeCursor};

/// How deep places may lie in one another.
const DEPTH: usize = 60;

/// A variant's text for a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alternative {
    /// The variant, by its index in the lab.
    pub(super) variant: usize,
    /// What switches it on.
    pub(super) number: u32,
    /// Its text.
    pub(super) text: String,
    /// The type of the place, where the text tells.
    pub(super) typed: String,
}

/// A node, by its range and its level.
pub(super) type PlaceKey = (ByteRange, usize);

/// Where something of a variant ended up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Woven {
    /// The place's number.
    pub(super) site: u32,
    /// The place in the new text, with all its alternatives.
    pub(super) range: ByteRange,
    /// Each variant's own part of it.
    pub(super) arms: Vec<(usize, ByteRange)>,
    /// Whether it is made of statements: what is wrong with the flow around it may be its doing.
    pub(super) flows: bool,
    /// The place it lies in, by index.
    pub(super) parent: Option<usize>,
}

/// A probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Probe {
    /// Its number, among those of the places.
    pub(super) site: u32,
    /// The statement, in the unchanged text.
    pub(super) range: ByteRange,
    /// The lines that run when it is hit, 1-based.
    pub(super) lines: BTreeSet<u32>,
}

/// A file with switches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fabric {
    /// The new text.
    pub(super) text: String,
    /// Its places, each after those it lies in.
    pub(super) places: Vec<Woven>,
}

enum Item<'a> {
    Probe(u32),
    Place(PlaceKey, &'a [Alternative]),
}

struct Loom<'a> {
    switches: &'a SwitchPack,
    old: &'a str,
    items: Vec<(usize, Item<'a>)>,
    next_item: usize,
    next_site: &'a mut u32,
    fabric: Fabric,
}

/// Weaves the alternatives and probes into `text`. Places are numbered from `next_site` on.
pub(super) fn weave(
    text: &str,
    switches: &SwitchPack,
    places: &BTreeMap<PlaceKey, Vec<Alternative>>,
    probes: &[Probe],
    next_site: &mut u32,
) -> Fabric {
    let probes = probes.iter().map(|probe| (probe.range.start, Item::Probe(probe.site)));
    let sites = places.iter().map(|(key, all)| (key.0.start, Item::Place(*key, all)));
    let mut items: Vec<(usize, Item<'_>)> = probes.chain(sites).collect();
    items.sort_by_key(|(start, item)| match item {
        Item::Probe(_) => (*start, 0, Reverse(0), Reverse(0)),
        Item::Place((range, level), _) => (*start, 1, Reverse(range.end), Reverse(*level)),
    });
    let mut loom = Loom { switches, old: text, items, next_item: 0, next_site, fabric: Fabric::default() };
    loom.weave(0, text.len(), None, 0);
    loom.fabric
}

impl Loom<'_> {
    /// Copies the old text from `start` to `end` with what belongs in it.
    fn weave(&mut self, start: usize, end: usize, parent: Option<usize>, depth: usize) {
        let mut at = start;
        while let Some((position, item)) = self.items.get(self.next_item) {
            let position = *position;
            let inside = match item {
                Item::Probe(_) => position < end,
                Item::Place((range, _), _) => range.end <= end,
            };
            if !inside {
                break;
            }
            self.next_item += 1;
            match item {
                Item::Probe(site) => {
                    let hit = self.switches.hit(*site);
                    self.copy(at, position);
                    self.fabric.text.push_str(&hit);
                    at = position;
                }
                Item::Place(key, alternatives) if position >= at && depth < DEPTH => {
                    let (key, alternatives) = (*key, *alternatives);
                    self.copy(at, position);
                    self.place(key, alternatives, parent, depth);
                    at = key.0.end;
                }
                Item::Place(..) => {}
            }
        }
        self.copy(at, end);
    }

    /// An alternative's text as it may stand among others.
    fn alternative(&self, text: &str) -> String {
        let comment = &self.switches.line_comment;
        if self.switches.breaks_matter { ended(text, comment) } else { on_one_line(text, comment) }
    }

    fn copy(&mut self, start: usize, end: usize) {
        self.fabric.text.push_str(self.old.get(start..end).unwrap_or_default());
    }

    fn place(&mut self, key: PlaceKey, alternatives: &[Alternative], parent: Option<usize>, depth: usize) {
        let (range, level) = key;
        let Some(level) = self.switches.level(level) else { return self.copy(range.start, range.end) };
        let site = *self.next_site;
        *self.next_site += 1;
        let began = self.fabric.text.len();
        let index = self.fabric.places.len();
        let woven =
            Woven { site, range: ByteRange::new(began, began), arms: Vec::new(), flows: level.flows, parent };
        self.fabric.places.push(woven);
        let typed = alternatives.first().map_or("", |first| first.typed.as_str());
        self.fabric.text.push_str(&self.switches.head(level, site, typed));
        let call = self.switches.call(site);
        let mut arms = Vec::new();
        for alternative in alternatives {
            let (before, after) = level.case(alternative.number, &call);
            let arm = self.fabric.text.len();
            self.fabric.text.push_str(&before);
            self.fabric.text.push_str(&self.alternative(&alternative.text));
            self.fabric.text.push_str(&after);
            arms.push((alternative.variant, ByteRange::new(arm, self.fabric.text.len())));
        }
        let (before, after) = level.rest();
        self.fabric.text.push_str(before);
        self.weave(range.start, range.end, Some(index), depth + 1);
        if ends_in_comment(
            self.old.get(range.start..range.end).unwrap_or_default(),
            &self.switches.line_comment,
        ) {
            self.fabric.text.push('\n');
        }
        self.fabric.text.push_str(after);
        self.fabric.text.push_str(&level.close(alternatives.len()));
        let ended = self.fabric.text.len();
        if let Some(woven) = self.fabric.places.get_mut(index) {
            woven.range = ByteRange::new(began, ended);
            woven.arms = arms;
        }
    }
}

/// The text without line breaks, where that is safe: not in strings, not after comments.
fn on_one_line(text: &str, line_comment: &str) -> String {
    if !text.contains('\n') || text.contains(line_comment) || text.contains(['"', '\'', '`']) {
        return ended(text, line_comment);
    }
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The text, and the end of the line where a comment would take in what follows.
fn ended(text: &str, line_comment: &str) -> String {
    format!("{text}{}", if ends_in_comment(text, line_comment) { "\n" } else { "" })
}

fn ends_in_comment(text: &str, line_comment: &str) -> bool {
    text.rsplit('\n').next().is_some_and(|line| line.contains(line_comment))
}

/// The probes of a file: in front of every statement of every function that runs at run time, test code excepted.
pub(super) fn probes(parsed: &Parsed, switches: &SwitchPack, next_site: &mut u32) -> Vec<Probe> {
    let mut found: Vec<(ByteRange, u32, u32)> = Vec::new();
    let mut cursor = parsed.tree().walk();
    let text = &*parsed.file().text;
    let mut in_function = 0;
    loop {
        let node = cursor.node();
        let enter = node.is_named() && may_hold_code(switches, text, &cursor);
        let function = is_in(&switches.functions.kinds, node.kind());
        if in_function > 0 && enter && is_statement(switches, node) {
            let rows = (node.start_position().row, end_row(node));
            let row = |row: usize| u32::try_from(row + 1).unwrap_or(u32::MAX);
            found.push((node.byte_range().into(), row(rows.0), row(rows.1)));
        }
        if enter && cursor.goto_first_child() {
            in_function += usize::from(function);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return numbered(&found, next_site);
            }
            in_function -= usize::from(is_in(&switches.functions.kinds, cursor.node().kind()));
        }
    }
}

fn end_row(node: Node<'_>) -> usize {
    let end = node.end_position();
    if end.column == 0 { end.row.saturating_sub(1).max(node.start_position().row) } else { end.row }
}

/// Whether what is below the cursor's node may run at run time.
fn may_hold_code(switches: &SwitchPack, text: &str, cursor: &TreeCursor<'_>) -> bool {
    let node = cursor.node();
    let kind = node.kind();
    if is_in(&switches.functions.kinds, kind) && is_constant(switches, node) {
        return false;
    }
    let parent = node.parent();
    let position = || {
        let field = cursor.field_name().unwrap_or_default();
        parent.map(|parent| format!("{}.{field}", parent.kind())).unwrap_or_default()
    };
    if parent.is_some_and(|parent| is_in(&switches.opaque, parent.kind())) {
        return is_in(&switches.through, &position());
    }
    if cursor.field_name().is_some() && is_in(&switches.closed.all, &position()) {
        return false;
    }
    !is_test(switches, text, node)
}

/// Whether an attribute in front of the node makes it test code.
fn is_test(switches: &SwitchPack, text: &str, node: Node<'_>) -> bool {
    let mut before = node.prev_named_sibling();
    while let Some(attribute) = before.filter(|before| is_in(&switches.probes.not_after, before.kind())) {
        let own = text.get(attribute.byte_range()).unwrap_or_default();
        if switches.test_attributes.iter().any(|test| own.starts_with(test.as_str())) {
            return true;
        }
        before = attribute.prev_named_sibling();
    }
    false
}

fn is_statement(switches: &SwitchPack, node: Node<'_>) -> bool {
    let Some(parent) = node.parent().filter(|parent| is_in(&switches.probes.parents, parent.kind())) else {
        return false;
    };
    if node.prev_named_sibling().is_some_and(|before| is_in(&switches.probes.not_after, before.kind())) {
        return false;
    }
    let tail = switches.levels.iter().find(|level| level.name == switches.probes.tail);
    let is_value = tail.is_some_and(|level| is_in(&level.kinds, node.kind()))
        && parent.named_child(u32::try_from(parent.named_child_count()).unwrap_or(1).saturating_sub(1))
            == Some(node);
    is_in(&switches.probes.kinds, node.kind()) || is_value
}

/// Numbers the statements, which are sorted by where they begin, and gives each the lines that no statement in it has.
fn numbered(found: &[(ByteRange, u32, u32)], next_site: &mut u32) -> Vec<Probe> {
    let mut probes = Vec::new();
    for (at, (range, first, last)) in found.iter().enumerate() {
        let mut lines: BTreeSet<u32> = (*first..=*last).collect();
        let inside = found.get(at + 1..).unwrap_or_default().iter();
        for (_, inner_first, inner_last) in inside.take_while(|(inner, ..)| range.contains(*inner)) {
            lines.retain(|line| !(inner_first..=inner_last).contains(&line));
        }
        lines.insert(*first);
        probes.push(Probe { site: *next_site, range: *range, lines });
        *next_site += 1;
    }
    probes
}

fn is_in(list: &[String], word: &str) -> bool {
    list.iter().any(|own| own == word)
}
