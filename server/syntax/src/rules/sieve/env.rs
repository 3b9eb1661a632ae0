//! What metavariables stand for in every possible match: only where the rule leaves no choice.

use super::pattern::Goal;
use super::{Answer, Asking, Reach, Relation, Sieve, Test};
use crate::flat::FlatTree;

/// Variables and the nodes they stand for.
pub(super) type Env<'a> = Vec<(&'a str, u32)>;

impl Asking<'_> {
    /// Adds to `env` what is certain when `test`, a part of `sieve`, holds at `at`.
    pub(super) fn bind<'s>(&self, sieve: &'s Sieve, test: &'s Test, at: u32, env: &mut Env<'s>) {
        match test {
            Test::Pattern(shape) => match &shape.root {
                Goal::Single { name: Some(name), .. } => add(env, name, at),
                goal => self.bind_children(goal, at, env),
            },
            Test::All(tests) => tests.iter().for_each(|test| self.bind(sieve, test, at, env)),
            Test::Any(tests) => {
                let mut possible = tests.iter().filter(|test| self.ask(test, at) != Answer::No);
                if let (Some(test), None) = (possible.next(), possible.next()) {
                    self.bind(sieve, test, at, env);
                }
            }
            Test::Has(relation) if relation.reach == Reach::Neighbour => {
                if let Some(child) = self.only_child(relation, at) {
                    self.bind(sieve, &relation.test, child, env);
                }
            }
            Test::Inside(relation) if relation.reach == Reach::Neighbour => {
                if let Some(parent) = self.tree().parent(at) {
                    self.bind(sieve, &relation.test, parent, env);
                }
            }
            Test::Matches(util) if self.depth < super::DEEPEST => {
                if let Some(test) = sieve.utils.get(*util) {
                    Self { depth: self.depth + 1, ..*self }.bind(sieve, test, at, env);
                }
            }
            _ => {}
        }
    }

    /// The child that a relation must mean.
    fn only_child(&self, relation: &Relation, at: u32) -> Option<u32> {
        if let Some(field) = relation.field {
            return self.tree().field(at, field);
        }
        let children = self.tree().children(at);
        let mut possible = children.filter(|child| self.ask_related(relation, *child) != Answer::No);
        possible.next().filter(|_| possible.next().is_none())
    }

    /// Goes through a pattern's children like [`Goal`] does when they are compared, up to the first `$$$`.
    fn bind_children<'s>(&self, goal: &'s Goal, at: u32, env: &mut Env<'s>) {
        let Goal::Inner { children: goals, .. } = goal else { return };
        let mut children = self.tree().children(at);
        for goal in goals {
            if matches!(goal, Goal::Many) {
                return;
            }
            let Some(child) = children.by_ref().find(|child| !goal.passes_over(self, *child)) else { return };
            match goal {
                Goal::Single { name: Some(name), .. } => add(env, name, child),
                goal => self.bind_children(goal, child, env),
            }
        }
    }
}

fn add<'a>(env: &mut Env<'a>, name: &'a str, at: u32) {
    if !env.iter().any(|(known, _)| *known == name) {
        env.push((name, at));
    }
}

/// Whether two nodes are the same code to ast-grep: same text where one of them has nothing named in it, else the same
/// kinds all the way down.
pub(super) fn same(tree: &FlatTree, text: &str, left: u32, right: u32) -> bool {
    if left == right {
        return true;
    }
    let is_plain = |at: u32| !tree.children(at).any(|child| tree.node(child).is_some_and(|node| node.named));
    if is_plain(left) || is_plain(right) {
        return tree.text(left, text) == tree.text(right, text);
    }
    if tree.kind(left) != tree.kind(right) {
        return false;
    }
    let (mut lefts, mut rights) = (tree.children(left), tree.children(right));
    loop {
        match (lefts.next(), rights.next()) {
            (Some(left), Some(right)) if same(tree, text, left, right) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}
