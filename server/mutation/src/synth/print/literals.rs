//! Values as they are written in code.

use super::super::kit::Kit;
use super::super::types::Type;
use super::super::value::Value;

/// A value in the language's words, and whether it begins with a sign.
pub(in super::super) fn literal(value: &Value, ty: &Type, kit: &Kit) -> (String, bool) {
    let words = &kit.literals;
    match value {
        Value::Error => (String::new(), false),
        Value::None => (words.none.clone(), false),
        Value::Bool(true) => (words.yes.clone(), false),
        Value::Bool(false) => (words.no.clone(), false),
        Value::Int(own) if *ty == Type::Float => (format!("{own}.0"), *own < 0),
        Value::Int(own) => (own.to_string(), *own < 0),
        Value::Float(own) if own.fract() == 0.0 && kit.rules.shows_fraction || *ty == Type::Float => {
            (format!("{own:?}"), *own < 0.0)
        }
        Value::Float(own) => (own.to_string(), *own < 0.0),
        Value::Text(own) => {
            let quote = match (ty, words.char_quote) {
                (Type::Char, Some(quote)) => quote,
                _ => words.quote,
            };
            (quoted(own, quote), false)
        }
        Value::List(items) => {
            let item = match ty {
                Type::List(item) => item,
                _ => &Type::Unknown,
            };
            (words.list.replacen("{}", &all(items.iter().map(|own| (own, item)), kit), 1), false)
        }
        Value::Tuple(items) => {
            let types = match ty {
                Type::Tuple(types) => types.as_slice(),
                _ => &[],
            };
            let typed =
                items.iter().enumerate().map(|(at, own)| (own, types.get(at).unwrap_or(&Type::Unknown)));
            (words.tuple.replacen("{}", &all(typed, kit), 1), false)
        }
        Value::Map(entries) => {
            let of = |own: &Value| literal(own, &Type::Unknown, kit).0;
            let one = |(key, own): &(Value, Value)| {
                words.entry.replacen("{}", &of(key), 1).replacen("{}", &of(own), 1)
            };
            let inner: Vec<String> = entries.iter().map(one).collect();
            (words.map.replacen("{}", &inner.join(", "), 1), false)
        }
    }
}

fn all<'v>(items: impl Iterator<Item = (&'v Value, &'v Type)>, kit: &Kit) -> String {
    let items: Vec<String> = items.map(|(own, ty)| literal(own, ty, kit).0).collect();
    items.join(", ")
}

/// A text between quotes.
fn quoted(text: &str, quote: char) -> String {
    let mut result = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => result.push_str("\\n"),
            '\t' => result.push_str("\\t"),
            '\r' => result.push_str("\\r"),
            '\\' => result.push_str("\\\\"),
            c if c == quote => {
                result.push('\\');
                result.push(c);
            }
            c => result.push(c),
        }
    }
    result.push(quote);
    result
}
