//! A tree as one list in the order nodes begin, so that parents and siblings are a look away and conditions can be
//! asked of any node without a walk.

use hephaestus_core::ByteRange;
use tree_sitter::Tree;

/// The place of a node in the list.
pub(crate) type Place = usize;

#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: u16,
    /// The field it fills in its parent; 0 for none.
    field: u16,
    parent: Place,
    /// The first node after all that is in it.
    after: Place,
    start: usize,
    end: usize,
    is_named: bool,
    /// A comment or the like.
    is_extra: bool,
    /// Whether something in it could not be read.
    is_broken: bool,
}

/// All nodes of a tree.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    entries: Vec<Entry>,
}

impl Nodes {
    pub(crate) fn of(tree: &Tree) -> Self {
        let mut nodes = Self::default();
        let mut cursor = tree.walk();
        let mut open: Vec<Place> = Vec::new();
        loop {
            let node = cursor.node();
            let place = nodes.entries.len();
            nodes.entries.push(Entry {
                kind: node.kind_id(),
                field: cursor.field_id().map_or(0, u16::from),
                parent: open.last().copied().unwrap_or(place),
                after: place + 1,
                start: node.start_byte(),
                end: node.end_byte(),
                is_named: node.is_named(),
                is_extra: node.is_extra(),
                is_broken: node.has_error() || node.is_missing(),
            });
            if cursor.goto_first_child() {
                open.push(place);
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return nodes;
                }
                let after = nodes.entries.len();
                if let Some(entry) = open.pop().and_then(|parent| nodes.entries.get_mut(parent)) {
                    entry.after = after;
                }
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn kind(&self, place: Place) -> u16 {
        self.entries.get(place).map_or(0, |entry| entry.kind)
    }

    pub(crate) fn range(&self, place: Place) -> ByteRange {
        self.entries.get(place).map_or(ByteRange::new(0, 0), |entry| ByteRange::new(entry.start, entry.end))
    }

    /// The field it fills in its parent; 0 for none.
    pub(crate) fn field(&self, place: Place) -> u16 {
        self.entries.get(place).map_or(0, |entry| entry.field)
    }

    /// The first node that begins in `range`, and the first one after it that does not.
    pub(crate) fn beginning_in(&self, range: ByteRange) -> (Place, Place) {
        let first = self.entries.partition_point(|entry| entry.start < range.start);
        (first, self.entries.partition_point(|entry| entry.start < range.end))
    }

    pub(crate) fn after(&self, place: Place) -> Place {
        self.entries.get(place).map_or(place + 1, |entry| entry.after)
    }

    pub(crate) fn is_named(&self, place: Place) -> bool {
        self.entries.get(place).is_some_and(|entry| entry.is_named && !entry.is_extra)
    }

    pub(crate) fn is_extra(&self, place: Place) -> bool {
        self.entries.get(place).is_some_and(|entry| entry.is_extra)
    }

    pub(crate) fn is_broken(&self, place: Place) -> bool {
        self.entries.get(place).is_none_or(|entry| entry.is_broken)
    }

    pub(crate) fn parent(&self, place: Place) -> Option<Place> {
        self.entries.get(place).map(|entry| entry.parent).filter(|parent| *parent != place)
    }

    /// The nodes around, from the nearest on.
    pub(crate) fn around(&self, place: Place) -> impl Iterator<Item = Place> {
        std::iter::successors(self.parent(place), |place| self.parent(*place))
    }

    /// The children that are no comments.
    pub(crate) fn children(&self, place: Place) -> impl Iterator<Item = Place> {
        let (end, first) = (self.after(place), place + 1);
        let all = std::iter::successors(Some(first), |child| Some(self.after(*child)));
        all.take_while(move |child| *child < end).filter(|child| !self.is_extra(*child))
    }

    /// The first child in the field.
    pub(crate) fn in_field(&self, place: Place, field: u16) -> Option<Place> {
        self.children(place).find(|child| self.entries.get(*child).is_some_and(|entry| entry.field == field))
    }

    /// The sibling before it.
    pub(crate) fn previous(&self, place: Place) -> Option<Place> {
        self.children(self.parent(place)?).take_while(|sibling| *sibling < place).last()
    }

    /// The sibling after it.
    pub(crate) fn next(&self, place: Place) -> Option<Place> {
        let (mut next, end) = (self.after(place), self.after(self.parent(place)?));
        while next < end && self.is_extra(next) {
            next = self.after(next);
        }
        (next < end).then_some(next)
    }
}
