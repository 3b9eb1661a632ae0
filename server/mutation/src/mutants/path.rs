//! Paths from one node to another, as operators write them.
//!
//! Steps are joined by `/`: `^` the parent, `<` and `>` the sibling before and after, `#0` and `#-1` the first and last
//! named child, `@*` and `@-*` any first and last child, `@if` the first child of that kind, any other word the first child in that field. An empty path or `.`
//! stays where it is.

use super::compile::Grammar;
use crate::nodes::{Nodes, Place};

/// A path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Path {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Parent,
    Previous,
    Next,
    /// The named child with this number.
    Child(usize),
    /// The same, from the end.
    ChildFromEnd(usize),
    First,
    Last,
    Kind(u16),
    Field(u16),
    /// To a field or kind that this grammar does not have, but another one that shares the file does.
    Nowhere,
}

impl Path {
    pub(super) fn parse(text: &str, grammar: &Grammar<'_>) -> Result<Self, String> {
        let words = text.split('/').filter(|word| !word.is_empty() && *word != ".");
        let steps = words.map(|word| step(word, grammar)).collect::<Result<_, _>>()?;
        Ok(Self { steps })
    }

    /// To the parent.
    pub(super) fn parent() -> Self {
        Self { steps: vec![Step::Parent] }
    }

    /// The node at its end, if there is one.
    pub(super) fn follow(&self, nodes: &Nodes, from: Place) -> Option<Place> {
        self.steps.iter().try_fold(from, |place, step| match step {
            Step::Parent => nodes.parent(place),
            Step::Previous => nodes.previous(place),
            Step::Next => nodes.next(place),
            Step::Child(number) => nodes.children(place).filter(|child| nodes.is_named(*child)).nth(*number),
            Step::ChildFromEnd(number) => {
                let children: Vec<Place> =
                    nodes.children(place).filter(|child| nodes.is_named(*child)).collect();
                children.iter().rev().nth(*number).copied()
            }
            Step::First => nodes.children(place).next(),
            Step::Last => nodes.children(place).last(),
            Step::Kind(kind) => nodes.children(place).find(|child| nodes.kind(*child) == *kind),
            Step::Field(field) => nodes.in_field(place, *field),
            Step::Nowhere => None,
        })
    }
}

fn step(word: &str, grammar: &Grammar<'_>) -> Result<Step, String> {
    let number = |text: &str| text.parse::<usize>().map_err(|_| format!("`{word}` is no number of a child"));
    Ok(match word {
        "^" => Step::Parent,
        "<" => Step::Previous,
        ">" => Step::Next,
        "@*" => Step::First,
        "@-*" => Step::Last,
        _ => match (word.strip_prefix('#'), word.strip_prefix('@')) {
            (Some(index), _) => match index.strip_prefix('-') {
                Some(from_end) => Step::ChildFromEnd(number(from_end)?.saturating_sub(1)),
                None => Step::Child(number(index)?),
            },
            (None, Some(kind)) => grammar.kind(kind).map_or(Step::Nowhere, Step::Kind),
            (None, None) => grammar.field(word).map_or(Step::Nowhere, Step::Field),
        },
    })
}
