//! Loops: what is carried along while one goes through a list, and two numbers that change together. Their bodies are looked
//! for on made-up states, because no example shows what a loop carries along.

use std::rc::Rc;

use super::bank::{BOUND, Bank, Entry, Leaf};
use super::shop::Shop;
use super::solve::{Specification, explained};
use super::term::{Body, Machine, Name, Node, Term, Turns, TypeId, bit};
use super::types::Type;
use super::value::{Value, fingerprint};

/// Where two names begin.
type Starts = [Rc<Node>; 2];
/// What may say whether a loop goes on.
type Tests = Vec<Rc<Node>>;

/// What one loop may take, in steps.
const STEPS: u64 = 600;
/// How many lists are gone through.
const SOURCES: usize = 5;
/// How many states a body is looked for on.
const STATES: usize = 24;
/// How many loops are built on.
const PLANTED: usize = 200;
/// How many expressions each of two numbers may become.
const NEXT: usize = 28;
/// From this cost on two numbers are looked at that change together.
const TURNS_FROM: u32 = 6;
/// What a loop costs beside its parts.
const LOOP: u32 = 3;

/// Looks for loops that explain all examples, and plants those that do something new.
pub(super) fn look(
    own: &Specification,
    shop: &Shop<'_>,
    bank: &mut Bank,
    goal: &[Value],
    outputs: &[TypeId],
    found: &mut Vec<(u32, Body)>,
    cost: u32,
) {
    let mut look = Look { own, shop, goal, machine: Machine::new(shop.kit, &shop.rules), found, cost };
    let planted = look.folds(bank, outputs);
    for (cost, entry) in planted {
        bank.plant(entry, cost);
    }
    if look.found.is_empty() && cost >= TURNS_FROM {
        look.turns(outputs);
    }
}

struct Look<'a> {
    own: &'a Specification,
    shop: &'a Shop<'a>,
    goal: &'a [Value],
    machine: Machine<'a>,
    found: &'a mut Vec<(u32, Body)>,
    cost: u32,
}

/// What a fold goes through, and from where.
struct Way {
    source: Entry,
    source_cost: u32,
    names: Vec<Name>,
    types: Vec<TypeId>,
    state: Name,
    state_type: TypeId,
    start: Rc<Node>,
}

impl Look<'_> {
    fn every(&self) -> u64 {
        u64::MAX.checked_shr(64 - u32::try_from(self.goal.len()).unwrap_or(64)).unwrap_or(0)
    }

    fn first_free(&self) -> Name {
        Name::try_from(self.own.parameters.len()).unwrap_or(Name::MAX)
    }

    fn arguments(&self, row: usize) -> Vec<Value> {
        self.own.examples.get(row).map(|own| own.args.clone()).unwrap_or_default()
    }

    fn folds(&mut self, bank: &Bank, outputs: &[TypeId]) -> Vec<(u32, Entry)> {
        let mut planted: Vec<(u32, Entry)> = Vec::new();
        let mut seen: Vec<u64> = Vec::new();
        for way in self.ways(bank, outputs) {
            let mut bodies = self.bodies(&way);
            for cost in 1..=self.cost + 1 {
                if !bodies.grow(self.shop, &mut |_, _, _| {}) && self.shop.spent().is_some() {
                    return planted;
                }
                let used = way.names.iter().fold(0, |all, name| all | bit(*name));
                let all: Vec<Entry> = bodies.at(cost, way.state_type).to_vec();
                for body in all.iter().filter(|own| own.node.has(way.state) && own.node.uses & used != 0) {
                    if !self.shop.spend() {
                        return planted;
                    }
                    let (node, values) = self.fold(&way, &body.node);
                    let total = cost + way.source_cost + LOOP;
                    if explained(&values, self.goal) == self.every() {
                        self.found.push((total, Body::Give(node)));
                    } else if planted.len() < PLANTED && values.iter().any(|own| !own.is_error()) {
                        let print = fingerprint(&values);
                        if !seen.contains(&print) {
                            seen.push(print);
                            planted.push((total, Entry { node, values }));
                        }
                    }
                }
            }
        }
        planted
    }

    fn ways(&self, bank: &Bank, outputs: &[TypeId]) -> Vec<Way> {
        let shop = self.shop;
        let mut ways = Vec::new();
        let lists = (0..shop.types.len()).filter_map(|at| TypeId::try_from(at).ok());
        let mut sources: Vec<(u32, Entry, Type)> = Vec::new();
        for list in lists {
            let Type::List(item) = shop.ty(list) else { continue };
            let near = bank.up_to(3, list).filter(|(_, own)| !own.node.is_constant());
            sources.extend(near.take(SOURCES).map(|(cost, own)| (cost, own.clone(), (**item).clone())));
        }
        sources.sort_by_key(|(cost, ..)| *cost);
        for (source_cost, source, item) in sources.into_iter().take(SOURCES) {
            let parts = match item {
                Type::Tuple(parts) => parts,
                other => vec![other],
            };
            let types: Option<Vec<TypeId>> = parts.iter().map(|part| shop.known(part)).collect();
            let Some(types) = types.filter(|types| types.len() < usize::from(BOUND)) else { continue };
            let names: Vec<Name> = (self.first_free()..).take(types.len()).collect();
            for state_type in outputs {
                let starts = bank.up_to(2, *state_type).filter(|(_, own)| own.node.is_constant());
                for (_, start) in starts.take(4) {
                    ways.push(Way {
                        source: source.clone(),
                        source_cost,
                        names: names.clone(),
                        types: types.clone(),
                        state: self.first_free() + BOUND - 1,
                        state_type: *state_type,
                        start: Rc::clone(&start.node),
                    });
                }
            }
        }
        ways
    }

    /// A bank of what the state may become, over made-up states with real items.
    fn bodies(&self, way: &Way) -> Bank {
        let mut states: Vec<Value> = Vec::new();
        if let Term::Const(start) = &way.start.term {
            states.push(start.clone());
        }
        states.extend(self.goal.iter().filter(|own| !own.is_error()).take(6).cloned());
        let mut rows: Vec<(usize, Value, Value)> = Vec::new();
        for (row, source) in way.source.values.iter().enumerate() {
            for (at, item) in source.items().unwrap_or_default().iter().enumerate() {
                if let Some(state) = states.get((row + at) % states.len().max(1)) {
                    rows.push((row, item.clone(), state.clone()));
                }
            }
        }
        let step = rows.len().div_ceil(STATES).max(1);
        let rows: Vec<(usize, Value, Value)> = rows.into_iter().step_by(step).collect();
        let mut leaves = Vec::new();
        for (nth, (name, ty)) in way.names.iter().zip(&way.types).enumerate() {
            let values = rows.iter().map(|(_, item, _)| match way.names.len() {
                1 => item.clone(),
                _ => item.items().and_then(|all| all.get(nth)).cloned().unwrap_or(Value::Error),
            });
            leaves.push(Leaf { node: Node::var(*name, *ty), values: values.collect(), cost: 1 });
        }
        let state = rows.iter().map(|(_, _, state)| state.clone()).collect();
        leaves.push(Leaf { node: Node::var(way.state, way.state_type), values: state, cost: 1 });
        for (at, parameter) in self.own.parameters.iter().enumerate() {
            if let (Some(ty), Ok(name)) = (self.shop.known(&parameter.ty), Name::try_from(at)) {
                let values = rows
                    .iter()
                    .map(|(row, ..)| self.arguments(*row).get(at).cloned().unwrap_or(Value::Error));
                leaves.push(Leaf { node: Node::var(name, ty), values: values.collect(), cost: 1 });
            }
        }
        leaves.extend(self.constants(rows.len()));
        Bank::new(rows.len(), 2, self.first_free() + BOUND, leaves)
    }

    fn constants(&self, rows: usize) -> Vec<Leaf> {
        let all = super::constants::constants(self.own, &self.shop.rules);
        let leaf = |(value, ty, cost): (Value, Type, u32)| {
            let ty = self.shop.known(&ty)?;
            let values = std::iter::repeat_n(value.clone(), rows).collect();
            Some(Leaf { node: Node::constant(value, ty), values, cost })
        };
        all.into_iter().filter_map(leaf).collect()
    }

    fn fold(&self, way: &Way, body: &Rc<Node>) -> (Rc<Node>, Rc<[Value]>) {
        let mask = way.names.iter().fold(bit(way.state), |all, name| all | bit(*name));
        let uses = way.source.node.uses | (body.uses & !mask);
        let term = Term::Fold {
            source: Rc::clone(&way.source.node),
            names: way.names.clone(),
            state: way.state,
            start: Rc::clone(&way.start),
            body: Rc::clone(body),
        };
        let node = Rc::new(Node { term, ty: way.state_type, uses });
        let value = |row| self.machine.value(&node, &mut self.arguments(row), STEPS);
        let values = (0..self.goal.len()).map(value).collect();
        (node, values)
    }

    /// Two whole numbers that change together: while something holds, or so many times.
    fn turns(&mut self, outputs: &[TypeId]) {
        let Some(whole) = self.shop.known(&Type::Int).filter(|whole| outputs.contains(whole)) else { return };
        let numbers: Vec<Name> = (0..self.first_free())
            .filter(|name| self.own.parameters.get(usize::from(*name)).is_some_and(|own| own.ty == Type::Int))
            .collect();
        let names = [self.first_free(), self.first_free() + 1];
        let (next, tests) = self.next(names, whole);
        let var = |name: &Name| Node::var(*name, whole);
        let number = |own: i64| Node::constant(Value::Int(own), whole);
        let both: Vec<Rc<Node>> = names.iter().map(var).collect();
        let mut kinds: Vec<(Starts, Tests)> = Vec::new();
        match numbers.as_slice() {
            [one] => {
                for [first, second] in [[0, 1], [1, 1], [1, 0], [2, 1]] {
                    kinds.push(([number(first), number(second)], vec![var(one)]));
                }
                for start in [0, 1] {
                    kinds.push(([var(one), number(start)], tests.clone()));
                }
            }
            [one, two] => {
                kinds.push(([var(one), var(two)], tests));
            }
            _ => return,
        }
        for (starts, tests) in kinds {
            for test in &tests {
                for result in &both {
                    if self.pairs(names, &starts, test, result, &next, whole) {
                        return;
                    }
                }
            }
        }
    }

    /// What two numbers may become, and what may be asked of them.
    fn next(&self, names: [Name; 2], whole: TypeId) -> (Vec<(u32, Rc<Node>)>, Tests) {
        const STATES: [[i64; 2]; 9] =
            [[0, 1], [1, 0], [5, 3], [12, 7], [3, 3], [48, 18], [123, 4], [2, 9], [7, 0]];
        let column =
            |at: usize| STATES.iter().map(|row| Value::Int(row.get(at).copied().unwrap_or(0))).collect();
        let mut leaves = self.constants(STATES.len());
        leaves.retain(|leaf| leaf.node.ty == whole);
        for (at, name) in names.into_iter().enumerate() {
            leaves.push(Leaf { node: Node::var(name, whole), values: column(at), cost: 1 });
        }
        let mut bank = Bank::new(STATES.len(), 2, names[1] + 1, leaves);
        for _ in 0..5 {
            bank.grow(self.shop, &mut |_, _, _| {});
        }
        let all = bank.up_to(5, whole).filter(|(_, own)| !own.node.is_constant());
        let next = all.take(NEXT).map(|(cost, own)| (cost, Rc::clone(&own.node))).collect();
        let truth = self.shop.known(&Type::Bool);
        let tests = truth.into_iter().flat_map(|truth| bank.up_to(3, truth));
        (next, tests.take(14).map(|(_, own)| Rc::clone(&own.node)).collect())
    }

    fn pairs(
        &mut self,
        names: [Name; 2],
        starts: &[Rc<Node>; 2],
        test: &Rc<Node>,
        result: &Rc<Node>,
        next: &[(u32, Rc<Node>)],
        whole: TypeId,
    ) -> bool {
        let mask = bit(names[0]) | bit(names[1]);
        for total in 2..=8 {
            for (first_cost, first) in next.iter().filter(|(cost, _)| *cost < total) {
                for (second_cost, second) in next.iter().filter(|(cost, _)| first_cost + cost == total) {
                    if !self.shop.spend() {
                        return true;
                    }
                    let turns = Turns {
                        names,
                        starts: starts.clone(),
                        steps: [Rc::clone(first), Rc::clone(second)],
                        test: Rc::clone(test),
                        result: Rc::clone(result),
                    };
                    let uses = starts.iter().fold(test.uses & !mask, |all, own| all | own.uses);
                    let node = Rc::new(Node { term: Term::Loop(Box::new(turns)), ty: whole, uses });
                    let fits = (0..self.goal.len()).all(|row| {
                        let own = self.machine.value(&node, &mut self.arguments(row), STEPS);
                        self.goal.get(row) == Some(&own)
                    });
                    if fits {
                        self.found.push((first_cost + second_cost + LOOP + 2, Body::Give(node)));
                        return true;
                    }
                }
            }
        }
        false
    }
}
