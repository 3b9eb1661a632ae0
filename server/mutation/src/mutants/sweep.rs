//! One walk over the nodes of a file: which operators apply where, and what each makes of the text.

use std::collections::{HashMap, HashSet};

use hephaestus_core::ByteRange;

use super::compile::{Operator, OperatorSet};
use super::condition::View;
use crate::nodes::Place;

/// A change that an operator makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change<'a> {
    /// The number of the operator: the order of the file.
    pub(super) number: usize,
    pub(super) operator: &'a str,
    pub(super) range: ByteRange,
    pub(super) replacement: String,
    pub(super) description: String,
}

/// Every change the operators make to the text, without those in `closed`, in the order the nodes begin.
pub(super) fn sweep<'a>(set: &'a OperatorSet, view: View<'a>, closed: &[ByteRange]) -> Vec<Change<'a>> {
    let mut sweep = Sweep { set, view, closed, limits: Vec::new(), parts: HashMap::new(), found: Vec::new() };
    let mut place = 0;
    while place < view.nodes.len() {
        place = match sweep.enter(place) {
            true => place + 1,
            false => view.nodes.after(place),
        };
    }
    sweep.found
}

struct Sweep<'a, 'c> {
    set: &'a OperatorSet,
    view: View<'a>,
    closed: &'c [ByteRange],
    /// Which operators may not, up to which node.
    limits: Vec<(Place, &'a [bool])>,
    /// Nodes further on that are left alone, by which operators.
    parts: HashMap<Place, Vec<Option<&'a [bool]>>>,
    found: Vec<Change<'a>>,
}

impl<'a> Sweep<'a, '_> {
    /// Looks at a node; whether to look at what is in it.
    fn enter(&mut self, place: Place) -> bool {
        let (nodes, view) = (self.view.nodes, self.view);
        self.limits.retain(|(end, _)| place < *end);
        let mut limits = self.parts.remove(&place).unwrap_or_default();
        for untouched in self.set.untouched_at(nodes.kind(place)) {
            if !untouched.wanted.holds(view, place, place) {
                continue;
            }
            let only = untouched.only.as_deref();
            if untouched.parts.is_empty() {
                limits.push(only);
            }
            for part in &untouched.parts {
                if let Some(part) = part.follow(nodes, place).filter(|part| *part > place) {
                    self.parts.entry(part).or_default().push(only);
                }
            }
        }
        if limits.iter().any(Option::is_none) || nodes.is_extra(place) {
            return false;
        }
        let end = nodes.after(place);
        self.limits.extend(limits.into_iter().flatten().map(|only| (end, only)));
        if !nodes.is_broken(place) {
            for (number, operator) in self.set.operators_at(nodes.kind(place)) {
                let is_barred = self.limits.iter().any(|(_, only)| only.get(number) == Some(&true));
                if !is_barred {
                    self.apply(number, operator, place);
                }
            }
        }
        true
    }

    fn apply(&mut self, number: usize, operator: &'a Operator, place: Place) {
        let (view, nodes) = (self.view, self.view.nodes);
        let holds = operator.wanted.holds(view, place, place)
            && !operator.unless.iter().any(|unless| unless.holds(view, place, place));
        let ends = [&operator.replace, &operator.to].map(|path| path.follow(nodes, place));
        let ([Some(first), Some(last)], true) = (ends, holds) else { return };
        let range = nodes.range(first).cover(nodes.range(last));
        let is_closed = |closed: &ByteRange| closed.start <= range.start && range.start < closed.end;
        if self.closed.iter().any(is_closed) {
            return;
        }
        let Some(old) = range.slice(view.text) else { return };
        for put in &operator.put {
            let Some(new) = put.fill(view, &self.set.atoms, place) else { continue };
            let words = (old, new.as_str());
            let Some(description) = operator.says.describe(view, &self.set.atoms, place, words) else {
                continue;
            };
            let (range, replacement) = narrowed(range, old, new);
            let Some(replacement) = fitted(view.text, range, replacement) else { continue };
            self.found.push(Change { number, operator: &operator.id, range, replacement, description });
        }
    }
}

/// Several lines that stay, with something after them, are an insertion there.
fn narrowed(range: ByteRange, old: &str, new: String) -> (ByteRange, String) {
    match new.strip_prefix(old).filter(|_| old.contains('\n')) {
        Some(added) => (ByteRange::new(range.end, range.end), added.to_owned()),
        None => (range, new),
    }
}

/// The replacement with blanks where words would grow together with those around it; `None` where signs would.
fn fitted(text: &str, range: ByteRange, replacement: String) -> Option<String> {
    let before = text.get(..range.start)?.chars().next_back();
    let after = text.get(range.end..)?.chars().next();
    let (first, last) = (replacement.chars().next(), replacement.chars().next_back());
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let grows =
        |left: Option<char>, right: Option<char>| left.is_some_and(is_word) && right.is_some_and(is_word);
    let clashes = |left: Option<char>, right: Option<char>| {
        left == right && left.is_some_and(|sign| "+-*/<>=&|!?".contains(sign))
    };
    if first.is_none() {
        let blank = if grows(before, after) { " " } else { "" };
        return (!clashes(before, after)).then(|| blank.to_owned());
    }
    if clashes(before, first) || clashes(last, after) {
        return None;
    }
    let start = if grows(before, first) { " " } else { "" };
    let end = if grows(last, after) { " " } else { "" };
    Some(format!("{start}{replacement}{end}"))
}

/// Leaves one change of those that make the same text, the one whose operator stands first in the file, and none that
/// makes the text it came from. What is left is sorted by place, then by operator.
pub(super) fn distinct<'a>(mut changes: Vec<Change<'a>>, text: &str) -> Vec<Change<'a>> {
    changes.sort_by_key(|change| change.number);
    let mut seen = HashSet::new();
    changes.retain(|change| difference(text, change).is_some_and(|difference| seen.insert(difference)));
    changes.sort_by(|left, right| {
        let key = |change: &Change<'a>| (change.range.start, change.range.end, change.operator);
        key(left).cmp(&key(right)).then_with(|| left.replacement.cmp(&right.replacement))
    });
    changes
}

/// How the changed text differs from `text`: how many bytes at its start and end are the same, and what is between. Two
/// changes make the same text if and only if these are equal; `None` when it is `text` itself.
fn difference(text: &str, change: &Change<'_>) -> Option<(usize, usize, Vec<u8>)> {
    let bytes = text.as_bytes();
    let (start, end) = (change.range.start, change.range.end);
    let new = change.replacement.as_bytes();
    let new_len = bytes.len() - (end - start) + new.len();
    let at = |index: usize| match index.checked_sub(start) {
        None => bytes.get(index),
        Some(inside) if inside < new.len() => new.get(inside),
        Some(inside) => bytes.get(inside - new.len() + end),
    };
    let shorter = new_len.min(bytes.len());
    let mut same_start = start;
    while same_start < shorter && at(same_start) == bytes.get(same_start) {
        same_start += 1;
    }
    if same_start == shorter && new_len == bytes.len() {
        return None;
    }
    let mut same_end = bytes.len() - end;
    same_end = same_end.min(shorter - same_start);
    while same_end < shorter - same_start
        && at(new_len - same_end - 1) == bytes.get(bytes.len() - same_end - 1)
    {
        same_end += 1;
    }
    let middle = (same_start..new_len - same_end).filter_map(at).copied().collect();
    Some((same_start, same_end, middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(range: std::ops::Range<usize>, replacement: &str, number: usize) -> Change<'static> {
        Change {
            number,
            operator: ["first", "second", "third"][number],
            range: range.into(),
            replacement: replacement.to_owned(),
            description: String::new(),
        }
    }

    fn left(text: &str, changes: Vec<Change<'static>>) -> Vec<&'static str> {
        distinct(changes, text).iter().map(|change| change.operator).collect()
    }

    #[test]
    fn changes_that_make_the_same_text_are_one() {
        // `abab`: without the first or the last two letters it is the same.
        assert_eq!(left("abab", vec![change(2..4, "", 1), change(0..2, "", 0)]), ["first"]);
        assert_eq!(left("x = 1", vec![change(4..5, "2", 0), change(0..5, "x = 2", 1)]), ["first"]);
        assert_eq!(left("x = 1", vec![change(4..5, "2", 0), change(0..5, "x = 3", 1)]), ["second", "first"]);
        assert_eq!(left("aa", vec![change(0..0, "a", 0), change(2..2, "a", 2)]), ["first"]);
    }

    #[test]
    fn words_do_not_grow_together_and_signs_do_not_clash() {
        let fit =
            |text: &str, range: std::ops::Range<usize>, new: &str| fitted(text, range.into(), new.to_owned());
        assert_eq!(fit("return-x", 6..8, "x").as_deref(), Some(" x"));
        assert_eq!(fit("not(a)in b", 3..6, "a").as_deref(), Some(" a "));
        assert_eq!(fit("a-b", 1..2, "+").as_deref(), Some("+"));
        assert_eq!(fit("a-+b", 1..2, "+"), None);
        assert_eq!(fit("a+-b", 1..2, "-"), None);
        assert_eq!(fit("a-!-b", 2..3, ""), None);
        assert_eq!(fit("a!b", 1..2, "").as_deref(), Some(" "));
    }

    #[test]
    fn what_comes_after_several_lines_is_put_there() {
        let old = "a\n  b";
        assert_eq!(narrowed((3..8).into(), old, format!("{old}\nc")), ((8..8).into(), "\nc".to_owned()));
        assert_eq!(narrowed((3..4).into(), "a", "a - 1".to_owned()), ((3..4).into(), "a - 1".to_owned()));
    }

    #[test]
    fn a_change_that_changes_nothing_is_none() {
        assert!(left("x = 1", vec![change(4..5, "1", 0), change(0..0, "", 1)]).is_empty());
        assert!(left("", vec![change(0..0, "", 0)]).is_empty());
    }
}
