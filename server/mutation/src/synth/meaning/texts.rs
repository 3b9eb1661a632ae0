//! Strings and characters.

use super::super::value::Value;
use super::{Meaning, Rules};

/// The longest string that is made.
const LONGEST: usize = 2000;

pub(super) fn named(name: &str) -> Option<Meaning> {
    asked(name).or_else(|| written(name))
}

/// What is known of a text: a number, a truth, a list.
fn asked(name: &str) -> Option<Meaning> {
    Some(match name {
        "text_length" => |args, rules| length(text(args)?, rules),
        "has_text" => |args, _| two(args).map(|(own, part)| Value::Bool(own.contains(part))),
        "starts_with" => |args, _| two(args).map(|(own, part)| Value::Bool(own.starts_with(part))),
        "ends_with" => |args, _| two(args).map(|(own, part)| Value::Bool(own.ends_with(part))),
        "count_text" => |args, _| {
            let (own, part) = two(args)?;
            if part.is_empty() { None } else { count(own.matches(part).count()) }
        },
        "find_text" => |args, rules| {
            let (own, part) = two(args)?;
            match own.find(part) {
                Some(at) => length(own.get(..at)?, rules),
                None => Some(Value::Int(-1)),
            }
        },
        "is_digit" => |args, _| all(args, |c| c.is_ascii_digit()),
        "is_letter" => |args, _| all(args, char::is_alphabetic),
        "is_alphanumeric" => |args, _| all(args, char::is_alphanumeric),
        "is_space" => |args, _| all(args, char::is_whitespace),
        "is_upper" => |args, _| cased(args, char::is_uppercase, char::is_lowercase),
        "is_lower" => |args, _| cased(args, char::is_lowercase, char::is_uppercase),
        "words" => |args, _| Some(Value::list(text(args)?.split_whitespace().map(Value::text))),
        "lines" => |args, _| Some(Value::list(text(args)?.lines().map(Value::text))),
        "split" => |args, _| {
            let (own, by) = two(args)?;
            if by.is_empty() { None } else { Some(Value::list(own.split(by).map(Value::text))) }
        },
        "chars" => |args, rules| {
            let own = text(args)?;
            if splits(own, rules) { None } else { Some(Value::list(own.chars().map(Value::from))) }
        },
        "to_number" => |args, rules| rules.whole(text(args)?.trim().parse().ok()),
        "to_digit" => |args, _| single(args)?.to_digit(10).map(|own| Value::Int(own.into())),
        "code" => |args, _| single(args).map(|own| Value::Int(u32::from(own).into())),
        _ => return None,
    })
}

/// Texts made from others.
fn written(name: &str) -> Option<Meaning> {
    Some(match name {
        "concat" => |args, _| match args {
            [Value::Text(left), Value::Text(right)] => made(format!("{left}{right}")),
            _ => None,
        },
        "upper" => |args, _| made(text(args)?.to_uppercase()),
        "lower" => |args, _| made(text(args)?.to_lowercase()),
        "swap_case" => |args, _| made(text(args)?.chars().map(swapped).collect()),
        "title" => |args, _| made(titled(text(args)?)),
        "capitalize" => |args, _| made(capitalized(text(args)?)),
        "trim" => |args, _| made(text(args)?.trim().to_owned()),
        "trim_start" => |args, _| made(text(args)?.trim_start().to_owned()),
        "trim_end" => |args, _| made(text(args)?.trim_end().to_owned()),
        "trim_of" => |args, _| {
            let (own, of) = two(args)?;
            made(own.trim_matches(|c| of.contains(c)).to_owned())
        },
        "reverse_text" => |args, rules| {
            let own = text(args)?;
            if splits(own, rules) { None } else { made(own.chars().rev().collect()) }
        },
        "join" => join,
        "replace" => |args, _| match args {
            [Value::Text(own), Value::Text(old), Value::Text(new)] if !old.is_empty() => {
                made(own.replace(&**old, new))
            }
            _ => None,
        },
        "without_prefix" => |args, _| {
            let (own, part) = two(args)?;
            made(own.strip_prefix(part).unwrap_or(own).to_owned())
        },
        "without_suffix" => |args, _| {
            let (own, part) = two(args)?;
            made(own.strip_suffix(part).unwrap_or(own).to_owned())
        },
        "char_at" => char_at,
        "text_from" => |args, rules| slice(args, rules, true),
        "text_to" => |args, rules| slice(args, rules, false),
        "first_char" => |args, _| text(args)?.chars().next().map(Value::from),
        "last_char" => |args, _| text(args)?.chars().next_back().map(Value::from),
        "repeat" => |args, _| match args {
            [Value::Text(own), Value::Int(times)] => {
                let times = usize::try_from(*times).unwrap_or(0);
                if own.len().saturating_mul(times) > LONGEST { None } else { made(own.repeat(times)) }
            }
            _ => None,
        },
        "to_text" => to_text,
        "from_code" => |args, _| match args {
            [Value::Int(own)] => char::from_u32(u32::try_from(*own).ok()?).map(Value::from),
            _ => None,
        },
        "pad_start" => |args, _| pad(args),
        _ => return None,
    })
}

impl From<char> for Value {
    fn from(own: char) -> Self {
        Self::text(own.encode_utf8(&mut [0; 4]))
    }
}

fn text(args: &[Value]) -> Option<&str> {
    match args {
        [Value::Text(own)] => Some(own),
        _ => None,
    }
}

fn two(args: &[Value]) -> Option<(&str, &str)> {
    match args {
        [Value::Text(left), Value::Text(right)] => Some((left, right)),
        _ => None,
    }
}

fn single(args: &[Value]) -> Option<char> {
    let own = text(args)?;
    let mut chars = own.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn made(own: String) -> Option<Value> {
    (own.len() <= LONGEST).then(|| Value::Text(own.into()))
}

fn count(own: usize) -> Option<Value> {
    i64::try_from(own).ok().map(Value::Int)
}

/// Whether taking it apart would break a character, as the language counts.
fn splits(own: &str, rules: &Rules) -> bool {
    rules.utf16 && own.chars().any(|c| c.len_utf16() > 1)
}

fn length(own: &str, rules: &Rules) -> Option<Value> {
    count(if rules.utf16 { own.encode_utf16().count() } else { own.chars().count() })
}

fn swapped(c: char) -> char {
    let other = if c.is_uppercase() { c.to_lowercase().next() } else { c.to_uppercase().next() };
    other.unwrap_or(c)
}

fn capitalized(own: &str) -> String {
    let mut chars = own.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect()
    })
}

/// As Python's `str.title`: a letter after what is none is a capital.
fn titled(own: &str) -> String {
    let mut before = false;
    let mut result = String::new();
    for c in own.chars() {
        if before {
            result.extend(c.to_lowercase());
        } else {
            result.extend(c.to_uppercase());
        }
        before = c.is_alphabetic();
    }
    result
}

fn join(args: &[Value], _: &Rules) -> Option<Value> {
    let (items, by) = match args {
        [Value::List(items)] => (items, ""),
        [Value::List(items), Value::Text(by)] => (items, &**by),
        _ => return None,
    };
    let mut result = String::new();
    for (at, item) in items.iter().enumerate() {
        let Value::Text(item) = item else { return None };
        if at > 0 {
            result.push_str(by);
        }
        result.push_str(item);
    }
    made(result)
}

fn char_at(args: &[Value], rules: &Rules) -> Option<Value> {
    let [Value::Text(own), Value::Int(at)] = args else { return None };
    if splits(own, rules) {
        return None;
    }
    let at = match usize::try_from(*at) {
        Ok(at) => at,
        Err(_) if rules.wraps => own.chars().count().checked_sub(usize::try_from(at.checked_neg()?).ok()?)?,
        Err(_) => return None,
    };
    own.chars().nth(at).map(Value::from)
}

/// Where a slice begins or ends, as the language counts; `None` where it panics.
pub(super) fn edge(at: i64, length: usize, rules: &Rules) -> Option<usize> {
    match usize::try_from(at) {
        Ok(at) => Some(at.min(length)),
        Err(_) if rules.has_chars => None,
        Err(_) => Some(length.saturating_sub(usize::try_from(at.unsigned_abs()).ok()?)),
    }
}

fn slice(args: &[Value], rules: &Rules, from: bool) -> Option<Value> {
    let [Value::Text(own), Value::Int(at)] = args else { return None };
    if splits(own, rules) {
        return None;
    }
    let at = edge(*at, own.chars().count(), rules)?;
    made(if from { own.chars().skip(at).collect() } else { own.chars().take(at).collect() })
}

fn to_text(args: &[Value], rules: &Rules) -> Option<Value> {
    match args {
        [own @ Value::Text(_)] => Some(own.clone()),
        [Value::Int(own)] => made(own.to_string()),
        [Value::Float(own)] if own.abs() < 1e15 && (own.abs() > 1e-4 || *own == 0.0) => {
            let is_whole = own.fract() == 0.0 && rules.shows_fraction;
            made(if is_whole { format!("{own:.1}") } else { format!("{own}") })
        }
        _ => None,
    }
}

fn pad(args: &[Value]) -> Option<Value> {
    let [Value::Text(own), Value::Int(width), Value::Text(fill)] = args else { return None };
    let fill = single(&[Value::Text(fill.clone())])?;
    let width = usize::try_from(*width).unwrap_or(0).min(LONGEST);
    let missing = width.saturating_sub(own.chars().count());
    made(std::iter::repeat_n(fill, missing).chain(own.chars()).collect())
}

fn all(args: &[Value], holds: impl Fn(char) -> bool) -> Option<Value> {
    let own = text(args)?;
    Some(Value::Bool(!own.is_empty() && own.chars().all(holds)))
}

/// Whether there is a letter of one case and none of the other.
fn cased(args: &[Value], wanted: fn(char) -> bool, other: fn(char) -> bool) -> Option<Value> {
    let own = text(args)?;
    Some(Value::Bool(own.chars().any(wanted) && !own.chars().any(other)))
}
