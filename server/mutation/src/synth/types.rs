//! Types: what fits where. They come from hints, from the values of examples and from the pack's table of components, and
//! are only as exact as it takes to keep the search from nonsense.

use std::fmt;

use super::value::Value;

/// A type. In languages where `1` and `1.5` are of one sort, both are `Int`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Type {
    /// Not known.
    Unknown,
    /// A variable of a component's type: `a`, `b`.
    Any(u8),
    /// True or false.
    Bool,
    /// A number, whole where the language tells.
    Int,
    /// A number with a fraction, where the language tells.
    Float,
    /// A string.
    Text,
    /// A character, where the language tells it from a string.
    Char,
    /// A list.
    List(Box<Type>),
    /// A map.
    Map(Box<Type>, Box<Type>),
    /// A tuple.
    Tuple(Vec<Type>),
    /// What may be missing.
    Option(Box<Type>),
    /// A function of a component's type; no value has it.
    Function(Vec<Type>, Box<Type>),
}

impl Type {
    /// The type of a value, as far as it tells.
    pub(super) fn of(value: &Value, has_floats: bool) -> Self {
        let all = |items: &[Value]| {
            items.iter().map(|item| Self::of(item, has_floats)).reduce(|one, other| one.join(other))
        };
        match value {
            Value::Error => Self::Unknown,
            Value::None => Self::Option(Box::new(Self::Unknown)),
            Value::Bool(_) => Self::Bool,
            Value::Float(_) if has_floats => Self::Float,
            Value::Int(_) | Value::Float(_) => Self::Int,
            Value::Text(_) => Self::Text,
            Value::List(items) => Self::List(Box::new(all(items).unwrap_or(Self::Unknown))),
            Value::Tuple(items) => Self::Tuple(items.iter().map(|item| Self::of(item, has_floats)).collect()),
            Value::Map(entries) => {
                let keys: Vec<Value> = entries.iter().map(|(key, _)| key.clone()).collect();
                let values: Vec<Value> = entries.iter().map(|(_, value)| value.clone()).collect();
                let of = |items: &[Value]| Box::new(all(items).unwrap_or(Self::Unknown));
                Self::Map(of(&keys), of(&values))
            }
        }
    }

    /// What both are; `Unknown` stands for anything, and what does not go together is unknown.
    pub(super) fn join(self, other: Self) -> Self {
        let both = |left: Box<Self>, right: Box<Self>| Box::new(left.join(*right));
        match (self, other) {
            (Self::Unknown, known) | (known, Self::Unknown) => known,
            (Self::Option(left), Self::Option(right)) => Self::Option(both(left, right)),
            (Self::Option(inner), plain) | (plain, Self::Option(inner)) => {
                Self::Option(Box::new(inner.join(plain)))
            }
            (Self::List(left), Self::List(right)) => Self::List(both(left, right)),
            (Self::Map(key, value), Self::Map(other_key, other_value)) => {
                Self::Map(both(key, other_key), both(value, other_value))
            }
            (Self::Tuple(left), Self::Tuple(right)) if left.len() == right.len() => {
                Self::Tuple(left.into_iter().zip(right).map(|(one, two)| one.join(two)).collect())
            }
            // Tuples of several lengths are sequences.
            (Self::Tuple(left), Self::Tuple(right)) => {
                let all = left.into_iter().chain(right).reduce(Self::join).unwrap_or(Self::Unknown);
                Self::List(Box::new(all))
            }
            (Self::Char, Self::Text) | (Self::Text, Self::Char) => Self::Text,
            (left, right) if left == right => left,
            _ => Self::Unknown,
        }
    }

    /// The same with `Int` for what is still not known.
    pub(super) fn settled(self) -> Self {
        let inner = |own: Box<Self>| Box::new(own.settled());
        match self {
            Self::Unknown => Self::Int,
            Self::List(own) => Self::List(inner(own)),
            Self::Option(own) => Self::Option(inner(own)),
            Self::Map(key, value) => Self::Map(inner(key), inner(value)),
            Self::Tuple(items) => Self::Tuple(items.into_iter().map(Self::settled).collect()),
            other => other,
        }
    }

    /// How deep lists and the like are in each other.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::List(own) | Self::Option(own) => 1 + own.depth(),
            Self::Map(key, value) => 1 + key.depth().max(value.depth()),
            Self::Tuple(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// It and all it is made of.
    pub(super) fn parts(&self, into: &mut Vec<Self>) {
        if !into.contains(self) {
            into.push(self.clone());
        }
        match self {
            Self::List(own) | Self::Option(own) => own.parts(into),
            Self::Map(key, value) => {
                key.parts(into);
                value.parts(into);
            }
            Self::Tuple(items) => items.iter().for_each(|item| item.parts(into)),
            _ => {}
        }
    }

    /// The same with types for variables.
    pub(super) fn with(&self, bound: &[Type]) -> Self {
        let inner = |own: &Self| Box::new(own.with(bound));
        match self {
            Self::Any(nth) => bound.get(usize::from(*nth)).cloned().unwrap_or(Self::Unknown),
            Self::List(own) => Self::List(inner(own)),
            Self::Option(own) => Self::Option(inner(own)),
            Self::Map(key, value) => Self::Map(inner(key), inner(value)),
            Self::Tuple(items) => Self::Tuple(items.iter().map(|item| item.with(bound)).collect()),
            Self::Function(from, to) => {
                Self::Function(from.iter().map(|own| own.with(bound)).collect(), inner(to))
            }
            other => other.clone(),
        }
    }

    /// The highest number of a variable in it, plus one.
    pub(super) fn variables(&self) -> u8 {
        match self {
            Self::Any(nth) => nth + 1,
            Self::List(own) | Self::Option(own) => own.variables(),
            Self::Map(key, value) => key.variables().max(value.variables()),
            Self::Tuple(items) => items.iter().map(Self::variables).max().unwrap_or(0),
            Self::Function(from, to) => {
                from.iter().map(Self::variables).max().unwrap_or(0).max(to.variables())
            }
            _ => 0,
        }
    }

    /// Whether values of it are copied without a word, where that makes a difference.
    pub(super) fn is_copied(&self) -> bool {
        match self {
            Self::Bool | Self::Int | Self::Float | Self::Char => true,
            Self::Tuple(items) => items.iter().all(Self::is_copied),
            _ => false,
        }
    }

    /// Whether values of it can be put in order.
    pub(super) fn is_ordered(&self) -> bool {
        match self {
            Self::Int | Self::Float | Self::Text | Self::Char => true,
            Self::Tuple(items) => items.iter().all(Self::is_ordered),
            _ => false,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, items: &[Self]| {
            items.iter().enumerate().try_for_each(|(at, item)| {
                let comma = if at == 0 { "" } else { ", " };
                write!(f, "{comma}{item}")
            })
        };
        match self {
            Self::Unknown => f.write_str("?"),
            Self::Any(nth) => write!(f, "{}", char::from(b'a' + nth % 26)),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Float => f.write_str("float"),
            Self::Text => f.write_str("str"),
            Self::Char => f.write_str("char"),
            Self::List(own) => write!(f, "[{own}]"),
            Self::Map(key, value) => write!(f, "{{{key}: {value}}}"),
            Self::Option(own) => write!(f, "{own}?"),
            Self::Tuple(items) => {
                f.write_str("(")?;
                list(f, items)?;
                f.write_str(")")
            }
            Self::Function(from, to) => {
                f.write_str("(")?;
                list(f, from)?;
                write!(f, ") -> {to}")
            }
        }
    }
}

/// Reads the types of component tables: `([a], (a) -> bool) -> [a]`, `{str: int}?`.
pub(super) fn read(text: &str) -> Option<Type> {
    let mut reader = Reader { rest: text.trim() };
    let own = reader.whole()?;
    reader.rest.trim().is_empty().then_some(own)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn eat(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn whole(&mut self) -> Option<Type> {
        let mut own = self.one()?;
        while self.eat("?") {
            own = Type::Option(Box::new(own));
        }
        Some(own)
    }

    fn one(&mut self) -> Option<Type> {
        if self.eat("[") {
            let own = self.whole()?;
            return self.eat("]").then(|| Type::List(Box::new(own)));
        }
        if self.eat("{") {
            let key = self.whole()?;
            let value = if self.eat(":") { self.whole()? } else { return None };
            return self.eat("}").then(|| Type::Map(Box::new(key), Box::new(value)));
        }
        if self.eat("(") {
            let mut items = Vec::new();
            while !self.eat(")") {
                items.push(self.whole()?);
                let _ = self.eat(",");
            }
            return match self.eat("->") {
                true => Some(Type::Function(items, Box::new(self.whole()?))),
                false => Some(Type::Tuple(items)),
            };
        }
        let words = [
            ("bool", Type::Bool),
            ("int", Type::Int),
            ("float", Type::Float),
            ("str", Type::Text),
            ("char", Type::Char),
            ("a", Type::Any(0)),
            ("b", Type::Any(1)),
            ("c", Type::Any(2)),
        ];
        words.into_iter().find_map(|(word, own)| self.eat(word).then_some(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_back_what_they_write() {
        for text in ["([a], (a, int) -> bool) -> [a]", "{str: [int]}?", "(float, (int, char)) -> b", "()"] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
        for text in ["[a", "{a}", "nothing", "int int", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn values_that_go_together_have_one_type() {
        let list = |items: Vec<Value>| Type::of(&Value::list(items), false);
        assert_eq!(list(vec![]).join(list(vec![Value::text("a")])).to_string(), "[str]");
        assert_eq!(list(vec![Value::None, Value::Int(1)]).to_string(), "[int?]");
        assert_eq!(list(vec![Value::Int(1), Value::text("a")]), Type::List(Box::new(Type::Unknown)));
        assert_eq!(list(vec![]).settled().to_string(), "[int]");
        assert_eq!(
            (Type::of(&Value::Float(1.5), true), Type::of(&Value::Float(1.5), false)),
            (Type::Float, Type::Int)
        );
    }
}
