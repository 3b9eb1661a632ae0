//! The search for a body: expressions by cost, conditions over them, then loops; the cheapest that explains every example.
//! Cheap means short and made of what is usual, so that it says something about inputs that no example has.

use std::rc::Rc;

use hephaestus_core::CancelToken;

use super::bank::{Bank, Entry, Leaf};
use super::constants::constants;
use super::judge::{Ranked, rank};
use super::kit::Kit;
use super::loops;
use super::shop::{Effort, Shop};
use super::term::{Body, Name, Node, TypeId};
use super::tree::Forest;
use super::types::Type;
use super::value::Value;

/// The most examples that are looked at; a set of them is 64 bits.
const EXAMPLES: usize = 48;
/// How many bodies are gathered.
const GATHERED: usize = 60;
/// How much dearer than the cheapest body others may be and still be waited for.
const PATIENCE: u32 = 1;
/// From this cost on loops are looked for, too.
const LOOPS_FROM: u32 = 4;

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// How its type is written, where it is.
    pub hint: Option<String>,
}

/// What a call is to give.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expected {
    /// A value.
    Value(Value),
    /// An error of that name, with that message where it matters.
    Error(String, Option<String>),
}

/// A call and what it is to give.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Example {
    /// One argument for each parameter.
    pub args: Vec<Value>,
    /// What it is to give.
    pub gives: Expected,
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Specification {
    /// The function's name.
    pub name: String,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// What it gives.
    pub output: Type,
    /// How that type is written, where it is.
    pub hint: Option<String>,
    /// What is known of it.
    pub examples: Vec<Example>,
    /// Constants that its documentation mentions.
    pub mentioned: Vec<Value>,
}

/// What a search came to.
pub(super) struct Outcome {
    /// Bodies that explain all examples, the likeliest first.
    pub(super) found: Vec<Ranked>,
    /// Expressions that were tried.
    pub(super) tried: u64,
    /// The cost up to which all expressions were tried.
    pub(super) cost: u32,
    /// Why it ended, where nothing was found.
    pub(super) ended: &'static str,
}

/// Looks for bodies that explain all examples of `own`.
pub(super) fn solve(own: &Specification, kit: &Kit, effort: Effort, cancel: &CancelToken) -> Outcome {
    let mut rules = kit.rules.clone();
    rules.bounds = bounds(own, kit);
    let mut types: Vec<Type> = own.parameters.iter().map(|parameter| parameter.ty.clone()).collect();
    types.push(own.output.clone());
    let shop = Shop::new(kit, rules, &types, effort, cancel);
    let mut search = Search::new(own, &shop);
    let ended = search.go();
    let (tried, cost) = (shop.tried(), search.bank.cost());
    let found = rank(std::mem::take(&mut search.found), own, kit, &shop.rules);
    Outcome { found, tried, cost, ended }
}

/// The limits of whole numbers as the signature has them: those of what comes out, or of the first that goes in.
pub(super) fn bounds(own: &Specification, kit: &Kit) -> Option<(i64, i64)> {
    whole_type(own, kit).and_then(|name| kit.widths.get(name).copied())
}

/// The name of the type of whole numbers in which it computes.
pub(super) fn whole_type<'k>(own: &Specification, kit: &'k Kit) -> Option<&'k str> {
    let hints = own.hint.iter().chain(own.parameters.iter().filter_map(|parameter| parameter.hint.as_ref()));
    let words = hints.flat_map(|hint| hint.split(|c: char| !c.is_alphanumeric()));
    let named = words.filter_map(|word| kit.widths.get_key_value(word)).map(|(name, _)| name.as_str()).next();
    named.or(kit.usual_width.as_deref())
}

struct Search<'a> {
    own: &'a Specification,
    shop: &'a Shop<'a>,
    bank: Bank,
    /// What is to come out; `Error` where an error is expected.
    goal: Vec<Value>,
    /// The types in which it may come out.
    outputs: Vec<TypeId>,
    forest: Forest,
    found: Vec<(u32, Body)>,
}

impl<'a> Search<'a> {
    fn new(own: &'a Specification, shop: &'a Shop<'a>) -> Self {
        let examples: Vec<&Example> = own.examples.iter().take(EXAMPLES).collect();
        let goal: Vec<Value> = examples
            .iter()
            .map(|example| match &example.gives {
                Expected::Value(value) => value.clone(),
                Expected::Error(..) => Value::Error,
            })
            .collect();
        let inner = match &own.output {
            Type::Option(inner) => Some(&**inner),
            _ => None,
        };
        let outputs =
            [Some(&own.output), inner].into_iter().flatten().filter_map(|ty| shop.known(ty)).collect();
        let mut leaves = Vec::new();
        for (at, parameter) in own.parameters.iter().enumerate() {
            let values = examples.iter().map(|own| own.args.get(at).cloned().unwrap_or(Value::Error));
            if let (Some(ty), Ok(name)) = (shop.known(&parameter.ty), Name::try_from(at)) {
                leaves.push(Leaf { node: Node::var(name, ty), values: values.collect(), cost: 1 });
            }
        }
        for (value, ty, cost) in constants(own, &shop.rules) {
            if let Some(ty) = shop.known(&ty) {
                let values = std::iter::repeat_n(value.clone(), examples.len()).collect();
                leaves.push(Leaf { node: Node::constant(value, ty), values, cost });
            }
        }
        let free = Name::try_from(own.parameters.len()).unwrap_or(Name::MAX);
        let bank = Bank::new(examples.len(), 0, free, leaves);
        let mut forest = Forest::default();
        for (holds, name, message) in errors(&examples) {
            forest.add_error(holds, name, message);
        }
        Self { own, shop, bank, goal, outputs, forest, found: Vec::new() }
    }

    fn go(&mut self) -> &'static str {
        let every = u64::MAX.checked_shr(64 - u32::try_from(self.goal.len()).unwrap_or(64)).unwrap_or(0);
        if self.goal.is_empty() || self.goal.iter().all(Value::is_error) {
            return "there are no examples with a value";
        }
        let truth = self.shop.known(&Type::Bool);
        loop {
            let Self { bank, forest, found, goal, outputs, shop, .. } = self;
            let goes_on = bank.grow(shop, &mut |entry: &Entry, cost, is_new| {
                if outputs.contains(&entry.node.ty) {
                    let holds = explained(&entry.values, goal);
                    if holds == every && found.len() < GATHERED {
                        found.push((cost, Body::Give(Rc::clone(&entry.node))));
                    } else if is_new {
                        forest.add_part(holds, cost, &entry.node);
                    }
                }
                if is_new && Some(entry.node.ty) == truth {
                    forest.add_test(entry, cost);
                }
            });
            let cost = self.bank.cost();
            if cost == LOOPS_FROM || cost == LOOPS_FROM + 2 {
                loops::look(
                    self.own,
                    self.shop,
                    &mut self.bank,
                    &self.goal,
                    &self.outputs,
                    &mut self.found,
                    cost,
                );
            }
            if cost > 1
                && let Some(tree) = self.forest.grow(every)
            {
                self.found.push(tree);
            }
            let best = self.found.iter().map(|(cost, _)| *cost).min();
            if best.is_some_and(|best| cost >= best.min(cost + PATIENCE) && cost + 2 >= best + PATIENCE) {
                return "it was found";
            }
            if !goes_on || cost >= self.shop.effort.cost {
                return self.shop.spent().unwrap_or("every expression up to the greatest length was tried");
            }
        }
    }
}

/// Which examples a row of values explains, as a set.
pub(super) fn explained(values: &[Value], goal: &[Value]) -> u64 {
    let pairs = values.iter().zip(goal).enumerate();
    pairs
        .filter(|(_, (own, wanted))| !wanted.is_error() && own == wanted)
        .fold(0, |all, (at, _)| all | 1 << at)
}

/// Errors that are expected, each with the examples that do.
fn errors<'a>(examples: &[&'a Example]) -> Vec<(u64, &'a str, Option<&'a str>)> {
    let mut all: Vec<(u64, &str, Option<&str>)> = Vec::new();
    for (at, example) in examples.iter().enumerate() {
        let Expected::Error(name, message) = &example.gives else { continue };
        match all.iter_mut().find(|(_, known, text)| known == name && *text == message.as_deref()) {
            Some((holds, ..)) => *holds |= 1 << at,
            None => all.push((1 << at, name, message.as_deref())),
        }
    }
    all
}
