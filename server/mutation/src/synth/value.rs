//! Values: what synthesised code computes with, the same for every language. What operators do with them is `meaning`'s
//! business.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Two floats this close, relative to the larger one, are taken for the same result.
const CLOSE: f64 = 1e-9;

/// A value. `Error` stands for "this raises, panics or is not known": everything that touches it is an error, too.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// No value at all.
    Error,
    /// `None`, `null`.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A string, or a single character.
    Text(Rc<str>),
    /// A list, vector or array.
    List(Rc<[Value]>),
    /// A tuple.
    Tuple(Rc<[Value]>),
    /// A map, in the order of insertion.
    Map(Rc<[(Value, Value)]>),
}

impl Value {
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(text.as_ref().into())
    }

    pub(super) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    pub(super) fn pair(first: Self, second: Self) -> Self {
        Self::Tuple(Rc::new([first, second]))
    }

    pub(super) fn is_error(&self) -> bool {
        matches!(self, Self::Error)
    }

    /// The items of a list, or the characters of a string.
    pub(super) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) | Self::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// Which comes first; `None` where the two cannot be compared.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            (Self::Int(left), Self::Int(right)) => Some(left.cmp(right)),
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => {
                self.number()?.partial_cmp(&other.number()?)
            }
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            (Self::List(left), Self::List(right)) | (Self::Tuple(left), Self::Tuple(right)) => {
                for (one, two) in left.iter().zip(right.iter()) {
                    match one.order(two)? {
                        Ordering::Equal => {}
                        unlike => return Some(unlike),
                    }
                }
                Some(left.len().cmp(&right.len()))
            }
            _ => None,
        }
    }

    /// A number as a float.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "that is what the languages do")]
            Self::Int(own) => Some(*own as f64),
            Self::Float(own) => Some(*own),
            _ => None,
        }
    }

    /// Roughly how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        let own = std::mem::size_of::<Self>();
        own + match self {
            Self::Text(text) => text.len(),
            Self::List(items) | Self::Tuple(items) => items.iter().map(Self::weight).sum(),
            Self::Map(entries) => entries.iter().map(|(key, value)| key.weight() + value.weight()).sum(),
            _ => 0,
        }
    }

    fn entries_equal(left: &[(Self, Self)], right: &[(Self, Self)]) -> bool {
        let same = |key: &Self, value: &Self| right.iter().any(|(k, v)| k == key && v == value);
        left.len() == right.len() && left.iter().all(|(key, value)| same(key, value))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Error, Self::Error) | (Self::None, Self::None) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Int(left), Self::Int(right)) => left == right,
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::List(left), Self::List(right)) | (Self::Tuple(left), Self::Tuple(right)) => left == right,
            (Self::Map(left), Self::Map(right)) => Self::entries_equal(left, right),
            _ => match (self.number(), other.number()) {
                (Some(left), Some(right)) => {
                    left == right || (left - right).abs() <= CLOSE * left.abs().max(right.abs())
                }
                _ => false,
            },
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Error => state.write_u8(0),
            Self::None => state.write_u8(1),
            Self::Bool(own) => state.write_u8(2 + u8::from(*own)),
            // A whole float is the whole number, and close ones mostly fall together.
            Self::Int(_) | Self::Float(_) => {
                state.write_u8(4);
                let own = self.number().unwrap_or_default();
                state.write_u64(if own == 0.0 { 0 } else { own.to_bits() >> 14 });
                if let Self::Int(exact) = self {
                    state.write_i64(if exact.unsigned_abs() > (1 << 50) { *exact } else { 0 });
                } else {
                    state.write_i64(0);
                }
            }
            Self::Text(own) => {
                state.write_u8(5);
                own.hash(state);
            }
            Self::List(items) | Self::Tuple(items) => {
                state.write_u8(if matches!(self, Self::List(_)) { 6 } else { 7 });
                state.write_usize(items.len());
                items.iter().for_each(|item| item.hash(state));
            }
            Self::Map(entries) => {
                state.write_u8(8);
                let one = |(key, value): &(Self, Self)| {
                    let mut own = Mix::default();
                    key.hash(&mut own);
                    value.hash(&mut own);
                    own.finish()
                };
                state.write_u64(entries.iter().map(one).fold(0, u64::wrapping_add));
            }
        }
    }
}

/// A quick hash; what is hashed comes from nobody who would want to break it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mix(u64);

impl Default for Mix {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        let own = (self.0 ^ (self.0 >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        own ^ (own >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, own: u8) {
        self.write_u64(u64::from(own));
    }

    fn write_u64(&mut self, own: u64) {
        self.0 = (self.0.rotate_left(5) ^ own).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_i64(&mut self, own: i64) {
        self.write_u64(own.cast_unsigned());
    }

    fn write_usize(&mut self, own: usize) {
        self.write_u64(own as u64);
    }
}

/// The hash of a row of values.
pub(super) fn fingerprint(values: &[Value]) -> u64 {
    let mut mix = Mix::default();
    values.iter().for_each(|value| value.hash(&mut mix));
    mix.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(value: &Value) -> u64 {
        fingerprint(std::slice::from_ref(value))
    }

    #[test]
    fn what_is_equal_has_one_hash() {
        let maps = [[("a", 1), ("b", 2)], [("b", 2), ("a", 1)]].map(|entries| {
            Value::Map(entries.iter().map(|(key, value)| (Value::text(key), Value::Int(*value))).collect())
        });
        for (left, right) in [
            (maps[0].clone(), maps[1].clone()),
            (Value::Int(2), Value::Float(2.0)),
            (Value::Int(0), Value::Float(-0.0)),
        ] {
            assert_eq!(left, right);
            assert_eq!(hash(&left), hash(&right));
        }
        assert_ne!(hash(&Value::Int(2)), hash(&Value::Int(3)));
        assert_ne!(hash(&Value::text("2")), hash(&Value::Int(2)));
    }

    #[test]
    fn floats_are_compared_by_what_can_be_told_apart() {
        assert_eq!(Value::Float(0.1 + 0.2), Value::Float(0.3));
        assert_ne!(Value::Float(0.3), Value::Float(0.300_001));
        assert!(Value::Float(f64::NAN).order(&Value::Int(1)).is_none());
    }

    #[test]
    fn only_what_is_alike_has_an_order() {
        let list = |items: &[i64]| Value::list(items.iter().copied().map(Value::Int));
        assert_eq!(list(&[1, 2]).order(&list(&[1, 2, 0])), Some(Ordering::Less));
        assert_eq!(Value::Int(1).order(&Value::text("a")), None);
        assert_eq!(list(&[1]).order(&Value::list([Value::text("a")])), None);
    }
}
