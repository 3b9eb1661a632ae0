//! Conditions: where no single expression explains all examples, several that explain some, and what tells these apart
//! (divide and conquer as in EUSolver: Alur et al. 2017). Sets of examples are bits.

use std::collections::HashMap;
use std::rc::Rc;

use super::bank::Entry;
use super::term::{Body, Node};
use super::value::Value;

/// What a condition costs beside its parts.
const BRANCH: u32 = 3;
/// What it costs more when an expression speaks for one example only.
const LONELY: u32 = 4;
/// How many expressions and conditions are kept.
const TERMS: usize = 800;
/// See [`TERMS`].
const TESTS: usize = 2_000;
/// How many conditions are gone on from at each step.
const BEAM: usize = 24;
/// The most values a body chooses from.
const MOST_LEAVES: u32 = 4;

/// An expression with the examples it explains.
#[derive(Debug, Clone)]
struct Part {
    holds: u64,
    cost: u32,
    body: Body,
    /// A constant says the same of everything.
    is_constant: bool,
}

/// A condition with the examples on which it is true, and on which it is false.
#[derive(Debug, Clone)]
struct Test {
    yes: u64,
    no: u64,
    cost: u32,
    node: Rc<Node>,
}

/// What is known of parts and conditions so far.
#[derive(Debug, Default)]
pub(super) struct Forest {
    parts: Vec<Part>,
    by_set: HashMap<u64, usize>,
    tests: Vec<Test>,
}

/// What is known of sets of examples by now.
#[derive(Debug, Default)]
struct Memo {
    /// The cheapest part for all of them.
    covers: HashMap<u64, Option<(u32, usize)>>,
    trees: HashMap<(u64, u32), Option<(u32, Body)>>,
}

impl Forest {
    /// Takes what explains some examples.
    pub(super) fn add_part(&mut self, holds: u64, cost: u32, node: &Rc<Node>) {
        if holds != 0 && self.parts.len() < TERMS && !self.by_set.contains_key(&holds) {
            self.by_set.insert(holds, self.parts.len());
            self.parts.push(Part {
                holds,
                cost,
                body: Body::Give(Rc::clone(node)),
                is_constant: node.is_constant(),
            });
        }
    }

    /// Takes an error that some examples expect.
    pub(super) fn add_error(&mut self, holds: u64, name: &str, message: Option<&str>) {
        let body = Body::Raise(name.to_owned(), message.map(str::to_owned));
        self.parts.push(Part { holds, cost: 1, body, is_constant: true });
    }

    /// Takes a condition.
    pub(super) fn add_test(&mut self, entry: &Entry, cost: u32) {
        let (mut yes, mut no) = (0, 0);
        for (at, value) in entry.values.iter().enumerate() {
            match value {
                Value::Bool(true) => yes |= 1 << at,
                Value::Bool(false) => no |= 1 << at,
                _ => {}
            }
        }
        if yes != 0 && no != 0 && self.tests.len() < TESTS {
            self.tests.push(Test { yes, no, cost, node: Rc::clone(&entry.node) });
        }
    }

    /// The cheapest body for all of `examples`, and its cost.
    pub(super) fn grow(&self, examples: u64) -> Option<(u32, Body)> {
        let most = MOST_LEAVES.min(1 + examples.count_ones() / 2);
        let mut memo = Memo::default();
        (2..=most).find_map(|leaves| self.tree(examples, leaves, &mut memo))
    }

    /// The cheapest part that explains all of these.
    fn cover(&self, examples: u64, memo: &mut Memo) -> Option<(u32, usize)> {
        if let Some(known) = memo.covers.get(&examples) {
            return *known;
        }
        let holding = self.parts.iter().enumerate().filter(|(_, part)| examples & !part.holds == 0);
        let alone = examples.count_ones() == 1;
        let cost =
            |part: &Part| part.cost + if alone && !(part.is_constant && part.cost < 2) { LONELY } else { 0 };
        let best = holding.map(|(at, part)| (cost(part), at)).min_by_key(|(cost, _)| *cost);
        memo.covers.insert(examples, best);
        best
    }

    fn tree(&self, examples: u64, leaves: u32, memo: &mut Memo) -> Option<(u32, Body)> {
        if let Some((cost, at)) = self.cover(examples, memo) {
            return self.parts.get(at).map(|part| (cost, part.body.clone()));
        }
        if leaves < 2 {
            return None;
        }
        if let Some(known) = memo.trees.get(&(examples, leaves)) {
            return known.clone();
        }
        let mut splits: Vec<(u32, u32, &Test)> = Vec::new();
        for test in &self.tests {
            let (yes, no) = (examples & test.yes, examples & test.no);
            if yes == 0 || no == 0 || yes | no != examples {
                continue;
            }
            let left = match (self.cover(yes, memo), self.cover(no, memo)) {
                (Some(_), Some(_)) => 0,
                (Some(_), None) => no.count_ones(),
                (None, Some(_)) => yes.count_ones(),
                (None, None) => continue,
            };
            if left == 0 || leaves > 2 {
                splits.push((left, test.cost, test));
            }
        }
        splits.sort_by_key(|(left, cost, _)| (*left, *cost));
        let mut best: Option<(u32, Body)> = None;
        for (_, _, test) in splits.into_iter().take(BEAM) {
            let Some((then_cost, then)) = self.tree(examples & test.yes, leaves - 1, memo) else { continue };
            let Some((other_cost, other)) = self.tree(examples & test.no, leaves - 1, memo) else { continue };
            let cost = then_cost + other_cost + test.cost + BRANCH;
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                let (then, other) = (Box::new(then), Box::new(other));
                best = Some((cost, Body::When { test: Rc::clone(&test.node), then, other }));
            }
        }
        memo.trees.insert((examples, leaves), best.clone());
        best
    }
}
