//! The ladder: where in a file a variant can be switched, from the smallest place to the largest. Pure.
//!
//! A place is a node of the tree. It counts only if the edited text has, at that very place, something of the same
//! sort again with the same neighbours: then the switched program does exactly what the edited one does, whatever the
//! precedence of operators says. That is checked by parsing the edited text.

use super::pack::{Level, SwitchPack, UsedNames};
use hephaestus_core::{ByteRange, Edit};
use hephaestus_syntax::Parsed;
use std::collections::BTreeMap;
use tree_sitter::{InputEdit, Node, Parser, Point, Tree};

/// One rung: a node of the original that may be replaced as a whole by a choice between texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rung {
    /// Which level of the pack.
    pub(super) level: usize,
    /// The node, in the unchanged text.
    pub(super) range: ByteRange,
    /// What stands there in the variant.
    pub(super) text: String,
    /// The node's type, where the text tells.
    pub(super) typed: String,
}

/// Where a variant can be switched; or why it cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ladder {
    /// The rungs, smallest first; empty when there is none.
    pub(super) rungs: Vec<Rung>,
    /// Why there is none.
    pub(super) reason: &'static str,
    /// The first byte that is changed.
    pub(super) at: usize,
}

/// One step down the tree: a node and what it is to its parent.
struct Step<'t> {
    node: Node<'t>,
    field: Option<&'t str>,
    /// Whether it is its parent's first named child.
    first: bool,
}

/// Makes ladders for one file.
pub(super) struct Carpenter<'a> {
    parsed: &'a Parsed,
    switches: &'a SwitchPack,
    parser: Parser,
}

impl<'a> Carpenter<'a> {
    /// One for `parsed`; `None` if its grammar is of no use.
    pub(super) fn new(parsed: &'a Parsed, switches: &'a SwitchPack) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(parsed.language().grammar()).ok()?;
        Some(Self { parsed, switches, parser })
    }

    /// The ladder of the variant with these edits: sorted, disjoint.
    pub(super) fn ladder(&mut self, edits: &[Edit]) -> Ladder {
        let text = &*self.parsed.file().text;
        let edits: Vec<Edit> = edits.iter().filter_map(|edit| trimmed(text, edit)).collect();
        let Some(hull) = edits.iter().map(|edit| edit.range).reduce(ByteRange::cover) else {
            return Ladder { rungs: vec![], reason: "it changes nothing but white space", at: 0 };
        };
        let none = |reason| Ladder { rungs: vec![], reason, at: hull.start };
        let Some((new_text, new_tree)) = self.edited(&edits) else {
            return none("its edits do not fit the text");
        };
        if new_tree.root_node().has_error() && !self.parsed.tree().root_node().has_error() {
            return none("it does not parse");
        }
        let steps = path_to(self.parsed.tree().root_node(), hull, &self.switches.lists);
        let grown = new_text.len() as isize - text.len() as isize;
        let look =
            Look { switches: self.switches, old_text: text, new_text: &new_text, new_tree: &new_tree, grown };
        match look.rungs(&steps) {
            Ok(mut rungs) => {
                match unused(self.parsed, self.switches, &steps, &look) {
                    Unused::Nothing => {}
                    // There the compiler sees it.
                    Unused::InFunction => drop(rungs.drain(..rungs.len().saturating_sub(1))),
                    Unused::InFile => return none("it takes out the last use of a name"),
                }
                Ladder { rungs, reason: "", at: hull.start }
            }
            Err(reason) => none(reason),
        }
    }

    /// The edited text and its tree.
    fn edited(&mut self, edits: &[Edit]) -> Option<(String, Tree)> {
        let mut text = self.parsed.file().text.to_string();
        let mut tree = self.parsed.tree().clone();
        for edit in edits.iter().rev() {
            if !(text.is_char_boundary(edit.range.start) && text.is_char_boundary(edit.range.end)) {
                return None;
            }
            let new_end = edit.range.start + edit.text.len();
            let start_position = point(&text, edit.range.start);
            let old_end_position = point(&text, edit.range.end);
            text.get(edit.range.start..edit.range.end)?;
            text.replace_range(edit.range.start..edit.range.end, &edit.text);
            tree.edit(&InputEdit {
                start_byte: edit.range.start,
                old_end_byte: edit.range.end,
                new_end_byte: new_end,
                start_position,
                old_end_position,
                new_end_position: point(&text, new_end),
            });
        }
        let new_tree = self.parser.parse(&text, Some(&tree))?;
        Some((text, new_tree))
    }
}

/// The look at one variant.
struct Look<'a> {
    switches: &'a SwitchPack,
    old_text: &'a str,
    new_text: &'a str,
    new_tree: &'a Tree,
    grown: isize,
}

impl Look<'_> {
    /// Climbs from the innermost node to the first function that runs at run time.
    fn rungs(&self, steps: &[Step<'_>]) -> Result<Vec<Rung>, &'static str> {
        let switches = self.switches;
        let mut rungs: Vec<Rung> = Vec::new();
        let mut reason = "it is outside every function";
        for (at, step) in steps.iter().enumerate().rev() {
            let parent = at.checked_sub(1).and_then(|at| steps.get(at));
            let below = steps.get(at + 1);
            let kind = step.node.kind();
            if is_in(&switches.opaque, kind)
                && !below.is_some_and(|below| is_in(&switches.through, &position(step, below)))
                && below.is_some()
            {
                rungs.clear();
                reason = "it is in something that cannot be taken apart";
            }
            if is_in(&switches.functions.kinds, kind) {
                if is_constant(switches, step.node) {
                    return Err("it is in a function that runs while compiling");
                }
                if !rungs.is_empty() {
                    return Ok(self.thinned(rungs));
                }
            }
            let Some(parent) = parent else { break };
            let position = position(parent, step);
            rungs.extend(self.rung(step, parent, &position));
            if is_in(&switches.closed.all, &position) || self.is_closed_kind(parent, step) {
                rungs.clear();
                reason = "it is no expression";
            }
        }
        let is_loaded = steps.iter().any(|step| is_in(&switches.functions.top, step.node.kind()));
        if is_loaded && !rungs.is_empty() { Ok(self.thinned(rungs)) } else { Err(reason) }
    }

    /// The lowest rung of each group, and the top.
    fn thinned(&self, rungs: Vec<Rung>) -> Vec<Rung> {
        let mut groups = Vec::new();
        let top = rungs.len().saturating_sub(1);
        let mut thinned = Vec::new();
        for (at, rung) in rungs.into_iter().enumerate() {
            let group = self.group(&rung).to_owned();
            if at == top || !groups.contains(&group) {
                groups.push(group);
                thinned.push(rung);
            }
        }
        thinned
    }

    fn group(&self, rung: &Rung) -> &str {
        self.switches.level(rung.level).map_or("", |level| level.group.as_str())
    }

    fn is_closed_kind(&self, parent: &Step<'_>, step: &Step<'_>) -> bool {
        let pair = format!("{}>{}", parent.node.kind(), step.node.kind());
        is_in(&self.switches.closed.kinds, &pair)
    }

    /// The rung at `step`, if a level fits there.
    fn rung(&self, step: &Step<'_>, parent: &Step<'_>, position: &str) -> Option<Rung> {
        let switches = self.switches;
        let kind = step.node.kind();
        let closed = is_in(&switches.closed.positions, position)
            || is_in(&switches.places.positions, position) && is_in(&switches.places.kinds, kind)
            || self.is_closed_kind(parent, step);
        let fits = |level: &Level| {
            is_in(&level.kinds, kind)
                && !closed
                && !is_in(&level.not_parents, parent.node.kind())
                && (level.words.is_empty() || has_word(step.node, &level.words))
                && (level.parents.is_empty()
                    || is_in(&level.parents, position)
                    || is_in(&level.parents, parent.node.kind()))
        };
        let (at, level) = switches.levels.iter().enumerate().find(|(_, level)| fits(level))?;
        let range = step.node.start_byte()..step.node.end_byte().checked_add_signed(self.grown)?;
        if !self.has_the_same(step, parent, level) {
            return None;
        }
        let text = self.new_text.get(range)?.to_owned();
        let typed =
            step.node.child_by_field_name("type").and_then(|typed| self.old_text.get(typed.byte_range()));
        let typed = typed.unwrap_or_default().to_owned();
        Some(Rung { level: at, range: step.node.byte_range().into(), text, typed })
    }

    /// Whether the edited text has something of this level at the same place, below the same parent.
    fn has_the_same(&self, step: &Step<'_>, parent: &Step<'_>, level: &Level) -> bool {
        let new_end = |node: Node<'_>| node.end_byte().checked_add_signed(self.grown);
        let (Some(end), Some(parent_end)) = (new_end(step.node), new_end(parent.node)) else { return false };
        let hull = ByteRange::new(parent.node.start_byte(), parent_end);
        let around = path_to(self.new_tree.root_node(), hull, &self.switches.lists);
        let Some(new_parent) =
            around.iter().rev().map(|step| step.node).find(|node| node.kind() == parent.node.kind())
        else {
            return false;
        };
        if ByteRange::from(new_parent.byte_range()) != hull
            || new_parent.has_error() && !parent.node.has_error()
        {
            return false;
        }
        let mut cursor = new_parent.walk();
        let place = step.node.start_byte()..end;
        let lists = &self.switches.lists;
        let children = new_parent.named_children(&mut cursor).flat_map(|child| members(child, lists));
        let mut inside = children.filter(|child| {
            child.start_byte() < place.end && place.start < child.end_byte() || {
                child.byte_range() == place
            }
        });
        if level.several.is_empty() {
            let (Some(only), None) = (inside.next(), inside.next()) else { return false };
            return only.byte_range() == place && is_in(&level.kinds, only.kind());
        }
        inside.all(|child| {
            place.start <= child.start_byte()
                && child.end_byte() <= place.end
                && is_in(&level.several, child.kind())
        })
    }
}

fn is_in(list: &[String], word: &str) -> bool {
    list.iter().any(|own| own == word)
}

/// `kind.field` of `below` in its parent; `kind.0` for a first child without a field.
fn position(parent: &Step<'_>, below: &Step<'_>) -> String {
    let kind = parent.node.kind();
    match below.field {
        Some(field) => format!("{kind}.{field}"),
        None if below.first => format!("{kind}.0"),
        None => kind.to_owned(),
    }
}

/// Whether a function runs while compiling.
pub(super) fn is_constant(switches: &SwitchPack, function: Node<'_>) -> bool {
    let [kind, word] = switches.functions.constant.as_slice() else { return false };
    let mut cursor = function.walk();
    function.children(&mut cursor).filter(|child| child.kind() == kind).any(|child| {
        let mut inner = child.walk();
        child.children(&mut inner).any(|part| part.kind() == word)
    })
}

/// The nodes from the root to the innermost that contains `range`. An empty range belongs to what begins there.
/// Lists are left out.
fn path_to<'t>(root: Node<'t>, range: ByteRange, lists: &[String]) -> Vec<Step<'t>> {
    let mut steps = vec![Step { node: root, field: None, first: true }];
    let mut cursor = root.walk();
    let contains = |node: Node<'_>| {
        if range.is_empty() {
            node.start_byte() <= range.start && range.start < node.end_byte()
        } else {
            node.start_byte() <= range.start && range.end <= node.end_byte()
        }
    };
    while cursor.goto_first_child() {
        let mut first = true;
        loop {
            let node = cursor.node();
            if contains(node) {
                if !is_in(lists, node.kind()) {
                    steps.push(Step { node, field: cursor.field_name(), first: first && node.is_named() });
                }
                break;
            }
            first = first && !node.is_named();
            if !cursor.goto_next_sibling() {
                return steps;
            }
        }
    }
    steps
}

/// The node, or what is in it, if it is a list.
fn members<'t>(node: Node<'t>, lists: &[String]) -> Vec<Node<'t>> {
    if !is_in(lists, node.kind()) {
        return vec![node];
    }
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

fn has_word(node: Node<'_>, words: &[String]) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| !child.is_named() && is_in(words, child.kind()))
}

/// Where a name is no longer used that was used before.
enum Unused {
    Nothing,
    /// The name is one of the function's own.
    InFunction,
    /// It is another file's.
    InFile,
}

/// Looks for names whose last use the variant takes out.
fn unused(parsed: &Parsed, switches: &SwitchPack, steps: &[Step<'_>], look: &Look<'_>) -> Unused {
    let Some(used) = &switches.used else { return Unused::Nothing };
    let functions = &switches.functions;
    let function = |step: &&Step<'_>| {
        is_in(&functions.kinds, step.node.kind()) || is_in(&functions.top, step.node.kind())
    };
    let Some(function) = steps.iter().find(function) else { return Unused::Nothing };
    let range = ByteRange::from(function.node.byte_range());
    let Some(end) = range.end.checked_add_signed(look.grown) else { return Unused::Nothing };
    let old = Uses::of(function.node, &parsed.file().text, used, range);
    let root = look.new_tree.root_node();
    let new = Uses::of(root, look.new_text, used, ByteRange::new(range.start, end));
    let mut found = Unused::Nothing;
    for (name, count) in &old.uses {
        let left = new.uses.get(name).copied().unwrap_or_default();
        if left >= *count {
            continue;
        }
        let givings = new.given.get(name).copied().unwrap_or_default();
        if givings > 1 || givings == 1 && left == 0 {
            found = Unused::InFunction;
        }
        if givings == 0 && left == 0 && is_imported(parsed, used, name) {
            let everywhere = ByteRange::new(0, look.new_text.len());
            let all = Uses::of(root, look.new_text, used, everywhere);
            if !all.uses.contains_key(name) {
                return Unused::InFile;
            }
        }
    }
    found
}

/// Whether the name may be one that an import brings in.
fn is_imported(parsed: &Parsed, used: &UsedNames, name: &str) -> bool {
    let mut cursor = parsed.tree().walk();
    let mut nodes = vec![parsed.tree().root_node()];
    while let Some(node) = nodes.pop() {
        let text = parsed.file().text.get(node.byte_range()).unwrap_or_default();
        if is_in(&used.imports, node.kind()) && text.contains(name) {
            return true;
        }
        if node.parent().is_none() || is_in(&used.imports, node.kind()) {
            nodes.extend(node.named_children(&mut cursor));
        }
    }
    false
}

/// How often each name is used, and how often it is given something.
#[derive(Default)]
struct Uses<'a> {
    uses: BTreeMap<&'a str, usize>,
    given: BTreeMap<&'a str, usize>,
}

impl<'a> Uses<'a> {
    /// Those at or below `root` that are in `range`.
    fn of(root: Node<'_>, text: &'a str, names: &UsedNames, range: ByteRange) -> Self {
        let mut all = Self::default();
        let mut nodes = vec![(root, false)];
        while let Some((node, given)) = nodes.pop() {
            if node.end_byte() <= range.start || range.end <= node.start_byte() {
                continue;
            }
            if is_in(&names.kinds, node.kind()) {
                let counts = if given { &mut all.given } else { &mut all.uses };
                *counts.entry(text.get(node.byte_range()).unwrap_or_default()).or_default() += 1;
                continue;
            }
            let mut cursor = node.walk();
            if !cursor.goto_first_child() {
                continue;
            }
            loop {
                let child = cursor.node();
                let position = cursor.field_name().map(|field| format!("{}.{field}", node.kind()));
                let is_given = position.is_some_and(|position| is_in(&names.given, &position));
                // What an index or a field of something is given, it is used for.
                let is_still = given && (child.kind() == node.kind() || is_in(&names.kinds, child.kind()));
                nodes.push((child, is_given || is_still));
                if !cursor.goto_next_sibling() {
                    break;
                }
            }
        }
        all
    }
}

/// The edit without what it leaves as it is; white space around something that is only taken out counts as that.
/// `None` when nothing is left.
fn trimmed(text: &str, edit: &Edit) -> Option<Edit> {
    let old = edit.range.slice(text)?;
    let new = edit.text.as_str();
    let head: usize =
        old.chars().zip(new.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (old, new) = (old.get(head..)?, new.get(head..)?);
    let tail: usize =
        old.chars().rev().zip(new.chars().rev()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (mut old, new) = (old.get(..old.len() - tail)?, new.get(..new.len() - tail)?);
    let mut start = edit.range.start + head;
    if new.is_empty() {
        start += old.len() - old.trim_start().len();
        old = old.trim();
    }
    if old.is_empty() && new.trim().is_empty() {
        return None;
    }
    // What is put behind something belongs to it, as far as anybody can tell.
    if old.is_empty() && !edit.range.is_empty() {
        return Some(edit.clone());
    }
    Some(Edit { range: ByteRange::new(start, start + old.len()), text: new.to_owned() })
}

fn point(text: &str, at: usize) -> Point {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    let row = before.iter().filter(|byte| **byte == b'\n').count();
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
    Point { row, column }
}
