//! Spots: what walks ask of a node, whether it is tree-sitter's own or one of a [`FlatTree`].

use hephaestus_core::ByteRange;
use tree_sitter::Node;

use crate::flat::FlatTree;

/// A place in a tree.
pub(crate) trait Spot: Copy {
    /// The grammar's id of its kind.
    fn kind(self) -> u16;
    /// Where it stands.
    fn range(self) -> ByteRange;
    /// Whether it has a name in the grammar.
    fn has_name(self) -> bool;
    /// Its children, in order.
    fn inner(self) -> impl Iterator<Item = Self>;
    /// The first child that is this field.
    fn in_field(self, field: u16) -> Option<Self>;
    /// The 0-based lines it begins and ends on; a flat tree does not know them.
    fn rows(self) -> Option<(usize, usize)>;

    /// Whether nothing is in it.
    fn is_leaf(self) -> bool {
        self.inner().next().is_none()
    }
}

impl<'a> Spot for Node<'a> {
    fn kind(self) -> u16 {
        self.kind_id()
    }

    fn range(self) -> ByteRange {
        self.byte_range().into()
    }

    fn has_name(self) -> bool {
        self.is_named()
    }

    fn inner(self) -> impl Iterator<Item = Self> {
        let mut cursor = self.walk();
        let mut more = cursor.goto_first_child();
        std::iter::from_fn(move || {
            let child = more.then(|| cursor.node());
            more = more && cursor.goto_next_sibling();
            child
        })
    }

    fn in_field(self, field: u16) -> Option<Self> {
        self.child_by_field_id(field)
    }

    fn rows(self) -> Option<(usize, usize)> {
        Some((self.start_position().row, self.end_position().row))
    }

    fn is_leaf(self) -> bool {
        self.child_count() == 0
    }
}

/// A node of a flat tree.
#[derive(Clone, Copy)]
pub(crate) struct FlatSpot<'a> {
    pub(crate) tree: &'a FlatTree,
    pub(crate) at: u32,
}

impl Spot for FlatSpot<'_> {
    fn kind(self) -> u16 {
        self.tree.kind(self.at)
    }

    fn range(self) -> ByteRange {
        let node = self.tree.node(self.at);
        node.map_or(ByteRange::new(0, 0), |node| ByteRange::new(node.start as usize, node.end as usize))
    }

    fn has_name(self) -> bool {
        self.tree.node(self.at).is_some_and(|node| node.named)
    }

    fn inner(self) -> impl Iterator<Item = Self> {
        self.tree.children(self.at).map(move |at| Self { at, ..self })
    }

    fn in_field(self, field: u16) -> Option<Self> {
        self.tree.field(self.at, field).map(|at| Self { at, ..self })
    }

    fn rows(self) -> Option<(usize, usize)> {
        None
    }

    fn is_leaf(self) -> bool {
        self.tree.after(self.at) == self.at + 1
    }
}
