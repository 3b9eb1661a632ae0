//! What a pattern demands of a node's shape: the same walk over children as ast-grep's smart matching, without keeping what
//! metavariables stand for. After a `$$$` only the presence of what must follow is asked for, because where it ends depends on
//! what the variables stand for.

use super::env::same;
use super::{Answer, Asking};
use ast_grep_core::matcher::PatternNode;
use ast_grep_core::meta_var::MetaVariable;

/// The kind that stands for text that does not fit the grammar, and in a pattern for any kind.
const ERROR: u16 = u16::MAX;

/// A pattern, ready to be compared.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) root: Goal,
    /// The kind that a pattern in a context must have.
    pub(super) kind: Option<u16>,
}

/// A node of a pattern.
#[derive(Debug)]
pub(super) enum Goal {
    /// One node; the variable's name where it has one, and whether nothing after it in the pattern has the same.
    Single { name: Option<String>, named: bool, last: bool },
    /// Any number of nodes.
    Many,
    /// A node without children.
    Leaf { kind: u16, named: bool, text: String },
    /// A node with children.
    Inner { kind: u16, children: Vec<Goal> },
}

/// How a node compares.
#[derive(PartialEq, Eq)]
enum Fit {
    May,
    /// The node can be passed over.
    Skip,
    Not,
}

impl Goal {
    pub(super) fn of_pattern(pattern: &PatternNode) -> Self {
        let mut goal = Self::of(pattern);
        goal.mark_last(&mut Vec::new());
        goal
    }

    /// Of several places with one name, the last one sets what the variable stands for.
    fn mark_last(&mut self, seen: &mut Vec<String>) {
        match self {
            Self::Single { name, last, .. } => {
                *last = name.as_ref().is_none_or(|own| !seen.contains(own));
                seen.extend(name.clone());
            }
            Self::Inner { children, .. } => {
                children.iter_mut().rev().for_each(|child| child.mark_last(seen));
            }
            Self::Many | Self::Leaf { .. } => {}
        }
    }

    /// Whether it sets what the variable `name` stands for.
    pub(super) fn sets(&self, name: &str) -> bool {
        match self {
            Self::Single { name: own, .. } => own.as_deref() == Some(name),
            Self::Inner { children, .. } => children.iter().any(|child| child.sets(name)),
            Self::Many | Self::Leaf { .. } => false,
        }
    }

    fn of(pattern: &PatternNode) -> Self {
        match pattern {
            PatternNode::MetaVar { meta_var } => match meta_var {
                MetaVariable::Capture(name, named) => {
                    Self::Single { name: Some(name.clone()), named: *named, last: true }
                }
                MetaVariable::Dropped(named) => Self::Single { name: None, named: *named, last: true },
                MetaVariable::Multiple | MetaVariable::MultiCapture(_) => Self::Many,
            },
            PatternNode::Terminal { text, is_named, kind_id } => {
                Self::Leaf { kind: *kind_id, named: *is_named, text: text.clone() }
            }
            PatternNode::Internal { kind_id, children } => {
                Self::Inner { kind: *kind_id, children: children.iter().map(Self::of).collect() }
            }
        }
    }

    /// The only kind it fits; `None` when it fits several.
    pub(super) fn kind(&self) -> Option<u16> {
        match self {
            Self::Single { .. } | Self::Many => None,
            Self::Leaf { kind, .. } | Self::Inner { kind, .. } => Some(*kind).filter(|kind| *kind != ERROR),
        }
    }

    /// Whether a node is passed over while this is looked for.
    pub(super) fn passes_over(&self, asking: &Asking<'_>, at: u32) -> bool {
        compare(asking, self, at) == Fit::Skip
    }

    fn is_punctuation(&self) -> bool {
        matches!(self, Self::Leaf { named: false, .. })
    }
}

impl Shape {
    pub(super) fn ask(&self, asking: &Asking<'_>, at: u32) -> Answer {
        if self.kind.is_some_and(|kind| kind != asking.tree().kind(at)) {
            return Answer::No;
        }
        let fits = match &self.root {
            Goal::Single { name, named, last } => may_stand_for(asking, name.as_deref(), *named, *last, at),
            goal => compare(asking, goal, at) == Fit::May,
        };
        if fits { Answer::Maybe } else { Answer::No }
    }
}

/// Whether a variable may stand for a node.
fn may_stand_for(asking: &Asking<'_>, name: Option<&str>, named: bool, last: bool, at: u32) -> bool {
    if named && asking.tree().node(at).is_none_or(|node| !node.named) {
        return false;
    }
    let known = asking.env.iter().find(|(variable, _)| Some(*variable) == name);
    if known.is_some_and(|(_, known)| !same(asking.tree(), asking.page.text, *known, at)) {
        return false;
    }
    let constraints = asking.sieve.constraints.iter().filter(|_| asking.positive && last);
    let mut own = constraints.filter(|(variable, _)| Some(variable.as_str()) == name);
    own.all(|(_, test)| Asking { positive: false, ..*asking }.ask(test, at) != Answer::No)
}

fn compare(asking: &Asking<'_>, goal: &Goal, at: u32) -> Fit {
    let tree = asking.tree();
    let Some(node) = tree.node(at) else { return Fit::Not };
    match goal {
        Goal::Leaf { kind, named, text } => {
            let same_kind = *kind == ERROR || *kind == tree.kind(at);
            if same_kind && (!named || tree.text(at, asking.page.text) == text) {
                Fit::May
            } else if node.extra || !node.named {
                Fit::Skip
            } else {
                Fit::Not
            }
        }
        Goal::Single { .. } if node.extra => Fit::Skip,
        Goal::Single { name, named, last } => {
            let fits = may_stand_for(asking, name.as_deref(), *named, *last, at);
            if fits { Fit::May } else { Fit::Not }
        }
        Goal::Many => Fit::May,
        Goal::Inner { kind, children } => {
            let same_kind = *kind == ERROR || *kind == tree.kind(at);
            if same_kind && compare_children(asking, children, at) { Fit::May } else { Fit::Not }
        }
    }
}

fn compare_children(asking: &Asking<'_>, goals: &[Goal], at: u32) -> bool {
    let mut children = asking.tree().children(at).peekable();
    if children.peek().is_none() {
        return false;
    }
    let mut goals = goals.iter();
    while let Some(goal) = goals.next() {
        if matches!(goal, Goal::Many) {
            return all_present(asking, goals.as_slice(), children);
        }
        loop {
            let Some(child) = children.peek() else {
                let rest = std::iter::once(goal).chain(goals);
                return rest.into_iter().all(|goal| matches!(goal, Goal::Many));
            };
            match compare(asking, goal, *child) {
                Fit::May => break,
                Fit::Skip => children.next(),
                Fit::Not => return false,
            };
        }
        children.next();
        if !goals.as_slice().is_empty() && children.peek().is_none() {
            return false;
        }
    }
    true
}

/// Whether each of `goals` is somewhere among `children`.
fn all_present(asking: &Asking<'_>, goals: &[Goal], children: impl Iterator<Item = u32> + Clone) -> bool {
    let must = goals.iter().filter(|goal| matches!(goal, Goal::Leaf { .. } | Goal::Inner { .. }));
    must.filter(|goal| !goal.is_punctuation())
        .all(|goal| children.clone().any(|child| compare(asking, goal, child) == Fit::May))
}
