//! Lists, tuples and maps, and what is done with a function to each of their items.

use std::cmp::Ordering;
use std::rc::Rc;

use super::super::value::Value;
use super::texts::edge;
use super::{Higher, Meaning, Rules};

/// The longest list that is made.
const LONGEST: usize = 400;

pub(super) fn named(name: &str) -> Option<Meaning> {
    asked(name).or_else(|| taken(name)).or_else(|| paired(name)).or_else(|| listed(name))
}

/// What is known of a whole list: one value.
fn asked(name: &str) -> Option<Meaning> {
    Some(match name {
        "length" => |args, _| match args {
            [Value::List(items)] => i64::try_from(items.len()).ok().map(Value::Int),
            [Value::Map(entries)] => i64::try_from(entries.len()).ok().map(Value::Int),
            _ => None,
        },
        "is_empty" => |args, _| match args {
            [Value::List(items)] => Some(Value::Bool(items.is_empty())),
            [Value::Text(own)] => Some(Value::Bool(own.is_empty())),
            [Value::Map(entries)] => Some(Value::Bool(entries.is_empty())),
            _ => None,
        },
        "has" => |args, _| match args {
            [Value::List(items), wanted] => Some(Value::Bool(items.contains(wanted))),
            [Value::Map(entries), wanted] => Some(Value::Bool(entries.iter().any(|(key, _)| key == wanted))),
            _ => None,
        },
        "count" => |args, _| match args {
            [Value::List(items), wanted] => {
                i64::try_from(items.iter().filter(|item| *item == wanted).count()).ok().map(Value::Int)
            }
            _ => None,
        },
        "index_of" => |args, _| match args {
            [Value::List(items), wanted] => {
                i64::try_from(items.iter().position(|item| item == wanted)?).ok().map(Value::Int)
            }
            _ => None,
        },
        "sum" => |args, rules| folded(args, rules, Value::Int(0), "add"),
        "product" => |args, rules| folded(args, rules, Value::Int(1), "multiply"),
        "greatest" => |args, _| extreme(list(args)?, Ordering::Greater),
        "least" => |args, _| extreme(list(args)?, Ordering::Less),
        _ => return None,
    })
}

/// Parts of a list.
fn taken(name: &str) -> Option<Meaning> {
    Some(match name {
        "item" => |args, rules| match args {
            [Value::List(items), Value::Int(at)] => {
                let at = if *at < 0 && rules.wraps { at + i64::try_from(items.len()).ok()? } else { *at };
                items.get(usize::try_from(at).ok()?).cloned()
            }
            _ => None,
        },
        "first" => |args, _| list(args)?.first().cloned(),
        "last" => |args, _| list(args)?.last().cloned(),
        "from" => |args, rules| sliced(args, rules, |items, at| items.get(at..)),
        "to" => |args, rules| sliced(args, rules, |items, at| items.get(..at)),
        "every" => |args, _| match args {
            [Value::List(items), Value::Int(step)] => {
                let step = usize::try_from(*step).ok().filter(|step| *step > 0)?;
                made(items.iter().step_by(step).cloned())
            }
            _ => None,
        },
        _ => return None,
    })
}

/// Tuples and maps.
fn paired(name: &str) -> Option<Meaning> {
    Some(match name {
        "pair" => |args, _| match args {
            [first, second] => Some(Value::pair(first.clone(), second.clone())),
            _ => None,
        },
        "triple" => |args, _| (args.len() == 3).then(|| Value::Tuple(args.into())),
        "pair_first" => |args, _| match args {
            [Value::Tuple(items)] => items.first().cloned(),
            _ => None,
        },
        "pair_second" => |args, _| match args {
            [Value::Tuple(items)] => items.get(1).cloned(),
            _ => None,
        },
        "get" => |args, _| match args {
            [Value::Map(entries), wanted] => value_at(entries, wanted).cloned(),
            _ => None,
        },
        "get_or" => |args, _| match args {
            [Value::Map(entries), wanted, other] => Some(value_at(entries, wanted).unwrap_or(other).clone()),
            _ => None,
        },
        "keys" => |args, _| map(args).map(|entries| Value::list(entries.iter().map(|(key, _)| key.clone()))),
        "values" => {
            |args, _| map(args).map(|entries| Value::list(entries.iter().map(|(_, own)| own.clone())))
        }
        "entries" => |args, _| {
            map(args)
                .map(|all| Value::list(all.iter().map(|(key, own)| Value::pair(key.clone(), own.clone()))))
        },
        "to_map" => |args, _| {
            let pairs = list(args)?.iter().map(|item| match item.items() {
                Some([key, own]) => Some((key.clone(), own.clone())),
                _ => None,
            });
            pairs.collect::<Option<Vec<_>>>().map(mapped)
        },
        "merge" => |args, _| match args {
            [Value::Map(left), Value::Map(right)] => {
                Some(mapped(left.iter().chain(right.iter()).cloned().collect()))
            }
            _ => None,
        },
        "tally" => |args, _| {
            let items = list(args)?;
            let Value::List(unique) = unique(items) else { return None };
            let times = |own: &Value| i64::try_from(items.iter().filter(|item| *item == own).count()).ok();
            let entries: Option<Vec<_>> =
                unique.iter().map(|own| Some((own.clone(), Value::Int(times(own)?)))).collect();
            Some(Value::Map(entries?.into()))
        },
        _ => return None,
    })
}

/// Lists made from others.
fn listed(name: &str) -> Option<Meaning> {
    Some(match name {
        "reverse" => |args, _| made(list(args)?.iter().rev().cloned()),
        "sort" => |args, _| sorted(list(args)?.to_vec(), false),
        "sort_down" => |args, _| sorted(list(args)?.to_vec(), true),
        "append" => |args, _| match args {
            [Value::List(items), last] => made(items.iter().chain([last]).cloned()),
            _ => None,
        },
        "prepend" => |args, _| match args {
            [first, Value::List(items)] => made([first].into_iter().chain(items.iter()).cloned()),
            _ => None,
        },
        "chain" => |args, _| match args {
            [Value::List(left), Value::List(right)] => made(left.iter().chain(right.iter()).cloned()),
            _ => None,
        },
        "single" => |args, _| args.first().map(|own| Value::list([own.clone()])),
        "repeat_list" => |args, _| match args {
            [Value::List(items), Value::Int(times)] => {
                made((0..(*times).min(400)).flat_map(|_| items.iter().cloned()))
            }
            _ => None,
        },
        "unique" => |args, _| Some(unique(list(args)?)),
        "range" => |args, _| match args {
            [Value::Int(end)] => range(0, *end),
            [Value::Int(start), Value::Int(end)] => range(*start, *end),
            _ => None,
        },
        "range_to" => |args, _| match args {
            [Value::Int(start), Value::Int(end)] => range(*start, end.checked_add(1)?),
            _ => None,
        },
        "enumerate" => |args, _| {
            made(list(args)?.iter().zip(0..).map(|(item, at)| Value::pair(Value::Int(at), item.clone())))
        },
        "zip" => |args, _| match args {
            [Value::List(left), Value::List(right)] => {
                made(left.iter().zip(right.iter()).map(|(one, two)| Value::pair(one.clone(), two.clone())))
            }
            _ => None,
        },
        "neighbours" => |args, _| {
            let items = list(args)?;
            made(
                items
                    .iter()
                    .zip(items.iter().skip(1))
                    .map(|(one, two)| Value::pair(one.clone(), two.clone())),
            )
        },
        "flatten" => |args, _| {
            let inner: Option<Vec<&[Value]>> = list(args)?.iter().map(Value::items).collect();
            made(inner?.into_iter().flatten().cloned())
        },
        _ => return None,
    })
}

fn list(args: &[Value]) -> Option<&[Value]> {
    match args {
        [Value::List(items)] => Some(items),
        _ => None,
    }
}

fn map(args: &[Value]) -> Option<&[(Value, Value)]> {
    match args {
        [Value::Map(entries)] => Some(entries),
        _ => None,
    }
}

fn value_at<'a>(entries: &'a [(Value, Value)], wanted: &Value) -> Option<&'a Value> {
    entries.iter().find(|(key, _)| key == wanted).map(|(_, own)| own)
}

fn made(items: impl Iterator<Item = Value>) -> Option<Value> {
    let items: Vec<Value> = items.take(LONGEST + 1).collect();
    (items.len() <= LONGEST).then(|| Value::List(items.into()))
}

fn sliced(args: &[Value], rules: &Rules, cut: fn(&[Value], usize) -> Option<&[Value]>) -> Option<Value> {
    let [Value::List(items), Value::Int(at)] = args else { return None };
    Some(Value::List(cut(items, edge(*at, items.len(), rules)?)?.into()))
}

fn range(start: i64, end: i64) -> Option<Value> {
    let length = end.checked_sub(start)?;
    (length <= 400).then(|| Value::list((start..end).map(Value::Int)))
}

fn sorted(mut items: Vec<Value>, downwards: bool) -> Option<Value> {
    let first = items.first().cloned();
    if items.iter().any(|item| first.as_ref().is_some_and(|first| first.order(item).is_none())) {
        return None;
    }
    items.sort_by(|left, right| {
        let order = left.order(right).unwrap_or(Ordering::Equal);
        if downwards { order.reverse() } else { order }
    });
    Some(Value::List(items.into()))
}

fn folded(args: &[Value], rules: &Rules, start: Value, with: &str) -> Option<Value> {
    let step = super::named(with)?;
    list(args)?.iter().try_fold(start, |all, item| step(&[all, item.clone()], rules))
}

fn extreme(items: &[Value], wanted: Ordering) -> Option<Value> {
    let mut best = items.first()?;
    for item in items {
        if item.order(best)? == wanted {
            best = item;
        }
    }
    Some(best.clone())
}

fn unique(items: &[Value]) -> Value {
    let mut seen: Vec<Value> = Vec::new();
    for item in items {
        if !seen.contains(item) {
            seen.push(item.clone());
        }
    }
    Value::List(seen.into())
}

/// A map of these entries: of two with one key, the later value at the earlier place.
fn mapped(entries: Vec<(Value, Value)>) -> Value {
    let mut all: Vec<(Value, Value)> = Vec::new();
    for (key, own) in entries {
        match all.iter_mut().find(|(known, _)| *known == key) {
            Some(entry) => entry.1 = own,
            None => all.push((key, own)),
        }
    }
    Value::Map(all.into())
}

/// What a component makes of `items`, whose function made `made` of each of them.
pub(super) fn gather(what: Higher, items: &[Value], made: &[Value], rules: &Rules) -> Option<Value> {
    let is = |own: &Value| matches!(own, Value::Bool(true));
    let chosen = || items.iter().zip(made).filter(|(_, own)| is(own)).map(|(item, _)| item.clone());
    match what {
        // What stops at the first that holds never sees the others.
        Higher::Any | Higher::All | Higher::Find | Higher::While => {
            let stop = made
                .iter()
                .position(|own| own.is_error() || is(own) == matches!(what, Higher::Any | Higher::Find));
            if stop.and_then(|at| made.get(at)).is_some_and(Value::is_error) {
                return None;
            }
            Some(match what {
                Higher::Any => Value::Bool(stop.is_some()),
                Higher::All => Value::Bool(stop.is_none()),
                Higher::Find => stop.and_then(|at| items.get(at)).cloned().unwrap_or(Value::None),
                _ => Value::List(items.get(..stop.unwrap_or(items.len()))?.into()),
            })
        }
        _ if made.iter().any(Value::is_error) => None,
        Higher::Map => Some(Value::List(made.into())),
        Higher::Filter => Some(Value::List(chosen().collect())),
        Higher::Count => i64::try_from(chosen().count()).ok().map(Value::Int),
        Higher::Dict => Some(mapped(items.iter().cloned().zip(made.iter().cloned()).collect())),
        Higher::Group => Some(grouped(items, made)),
        Higher::Sort | Higher::Greatest | Higher::Least => {
            let mut keyed: Vec<(&Value, &Value)> = made.iter().zip(items).collect();
            let first = made.first();
            if made.iter().any(|key| first.is_some_and(|first| first.order(key).is_none())) {
                return None;
            }
            keyed.sort_by(|(left, _), (right, _)| left.order(right).unwrap_or(Ordering::Equal));
            match what {
                Higher::Sort => Some(Value::list(keyed.into_iter().map(|(_, item)| item.clone()))),
                Higher::Least => keyed.first().map(|(_, item)| (*item).clone()),
                _ => {
                    let (greatest, last) = keyed.last()?;
                    let first = keyed.iter().find(|(key, _)| key == greatest).map(|(_, item)| *item);
                    Some(if rules.last_greatest { (*last).clone() } else { first?.clone() })
                }
            }
        }
    }
}

/// Lists of items by what was made of them.
fn grouped(items: &[Value], keys: &[Value]) -> Value {
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (item, key) in items.iter().zip(keys) {
        match groups.iter_mut().find(|(known, _)| known == key) {
            Some((_, group)) => group.push(item.clone()),
            None => groups.push((key.clone(), vec![item.clone()])),
        }
    }
    let entries: Rc<[(Value, Value)]> =
        groups.into_iter().map(|(key, group)| (key, Value::List(group.into()))).collect();
    Value::Map(entries)
}
