//! Which body is the likeliest of those that explain all examples: what it costs, and how many others do the same on inputs
//! that no example has. Where they differ is what only the user can answer.

use std::collections::BTreeMap;

use super::kit::Kit;
use super::meaning::Rules;
use super::solve::Specification;
use super::term::{Body, Came, Machine};
use super::value::Value;

/// How many inputs are made up.
const INPUTS: usize = 90;
/// What one call may take, in steps.
pub(super) const STEPS: u64 = 20_000;
/// What failing on an input that looks like any other counts, as a share of all inputs.
const FAILING: f64 = 3.0;

/// A body with what is known about it in the end.
#[derive(Debug, Clone)]
pub(super) struct Ranked {
    pub(super) body: Body,
    pub(super) cost: u32,
    /// Its share of all that is likely.
    pub(super) share: f64,
    /// How many others do the same on every input.
    pub(super) agreeing: u32,
    /// Inputs on which others do something else: the input, what this one gives, what others give.
    pub(super) open: Vec<(Vec<Value>, Came, Vec<Came>)>,
}

/// What bodies that do the same make of the inputs, and these bodies with their costs.
type Class = (Vec<Came>, Vec<(u32, Body)>);

/// The likeliest first; of those that do the same only the cheapest.
pub(super) fn rank(found: Vec<(u32, Body)>, own: &Specification, kit: &Kit, rules: &Rules) -> Vec<Ranked> {
    let machine = Machine::new(kit, rules);
    let inputs = made_up(own);
    let answers =
        |body: &Body| -> Vec<Came> { inputs.iter().map(|args| machine.call(body, args, STEPS)).collect() };
    let mut classes: Vec<Class> = Vec::new();
    for (cost, body) in found {
        let said = answers(&body);
        match classes.iter_mut().find(|(known, _)| *known == said) {
            Some((_, members)) => members.push((cost, body)),
            None => classes.push((said, vec![(cost, body)])),
        }
    }
    let weight = |said: &[Came], cost: u32| {
        let failing = said.iter().filter(|came| **came == Came::Value(Value::Error)).count();
        let share = f64::from(u32::try_from(failing).unwrap_or(0))
            / f64::from(u32::try_from(said.len().max(1)).unwrap_or(1));
        (-f64::from(cost) - FAILING * share).exp2()
    };
    let masses: Vec<f64> =
        classes.iter().map(|(said, all)| all.iter().map(|(cost, _)| weight(said, *cost)).sum()).collect();
    let total: f64 = masses.iter().sum();
    let mut ranked = Vec::new();
    for (at, (said, members)) in classes.iter().enumerate() {
        let Some((cost, body)) = members.iter().min_by_key(|(cost, _)| *cost) else { continue };
        let share = masses.get(at).copied().unwrap_or_default() / total.max(f64::MIN_POSITIVE);
        let agreeing = u32::try_from(members.len()).unwrap_or(1).saturating_sub(1);
        let others = classes.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, (said, _))| said);
        let open = differing(&inputs, said, &others.collect::<Vec<_>>());
        ranked.push(Ranked { body: body.clone(), cost: *cost, share, agreeing, open });
    }
    ranked.sort_by(|left, right| right.share.total_cmp(&left.share).then(left.cost.cmp(&right.cost)));
    ranked
}

fn differing(
    inputs: &[Vec<Value>],
    said: &[Came],
    others: &[&Vec<Came>],
) -> Vec<(Vec<Value>, Came, Vec<Came>)> {
    let mut open: Vec<(Vec<Value>, Came, Vec<Came>)> = Vec::new();
    let mut told_apart = vec![false; others.len()];
    for (at, (input, own)) in inputs.iter().zip(said).enumerate() {
        let mut unlike: Vec<Came> = Vec::new();
        let mut is_news = false;
        for (other, told) in others.iter().zip(&mut told_apart) {
            let Some(theirs) = other.get(at).filter(|theirs| *theirs != own) else { continue };
            if !unlike.contains(theirs) {
                unlike.push(theirs.clone());
            }
            is_news |= !std::mem::replace(told, true);
        }
        if is_news && open.len() < 3 {
            unlike.truncate(3);
            open.push((input.clone(), own.clone(), unlike));
        }
    }
    open
}

/// Inputs that look like those of the examples: other values near theirs, and their values in other places.
fn made_up(own: &Specification) -> Vec<Vec<Value>> {
    let mut inputs: BTreeMap<(usize, String), Vec<Value>> = BTreeMap::new();
    let mut add = |args: Vec<Value>| {
        let is_known = own.examples.iter().any(|example| example.args == args);
        let shown = format!("{args:?}");
        if !is_known {
            inputs.entry((shown.len(), shown)).or_insert(args);
        }
    };
    for (nth, example) in own.examples.iter().enumerate() {
        for at in 0..example.args.len() {
            let mut with = |value: Value| {
                let mut args = example.args.clone();
                if let Some(slot) = args.get_mut(at) {
                    *slot = value;
                }
                add(args);
            };
            example.args.get(at).into_iter().flat_map(near).for_each(&mut with);
            let next = own.examples.get((nth + 1) % own.examples.len().max(1));
            next.and_then(|next| next.args.get(at)).cloned().into_iter().for_each(&mut with);
        }
    }
    let all: Vec<Vec<Value>> = inputs.into_values().collect();
    let step = (all.len() / INPUTS).max(1);
    all.into_iter().step_by(step).take(INPUTS).collect()
}

/// Values that look like this one.
fn near(value: &Value) -> Vec<Value> {
    match value {
        Value::Int(own) => {
            let all =
                [own.checked_add(1), own.checked_sub(1), own.checked_mul(3), Some(0), own.checked_add(10)];
            // Where nothing is below zero in the examples, it is not asked for.
            all.into_iter().flatten().filter(|new| *new >= 0 || *own < 0).map(Value::Int).collect()
        }
        Value::Float(own) => vec![Value::Float(own + 1.0), Value::Float(own / 2.0), Value::Float(-own)],
        Value::Bool(own) => vec![Value::Bool(!own)],
        Value::Text(own) => {
            let turned: String = own.chars().rev().collect();
            let half: String = own.chars().take(own.chars().count() / 2).collect();
            let swapped = own.to_uppercase();
            [turned, half, swapped, format!("{own}{own}"), format!("{own} b"), String::new()]
                .map(Value::text)
                .into()
        }
        Value::List(items) => {
            let mut all = vec![
                Value::list(items.iter().rev().cloned()),
                Value::list(items.iter().chain(items.first()).cloned()),
                Value::list(items.iter().skip(1).cloned()),
                Value::list(items.iter().chain(items.iter()).cloned()),
            ];
            if let Some(first) = items.first() {
                all.extend(
                    near(first)
                        .into_iter()
                        .map(|new| Value::list(items.iter().skip(1).cloned().chain([new]))),
                );
            }
            all
        }
        _ => vec![],
    }
}
