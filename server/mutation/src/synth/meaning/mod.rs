//! What components do: one function per meaning, the same for every language that has it; where languages differ, the
//! pack's `[rules]` say how. Nothing here fails: what a language raises or panics at has no value.

mod lists;
mod numbers;
mod texts;

use serde::Deserialize;

use super::value::Value;

/// How far whole numbers go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Integers {
    /// As far as one likes. What does not fit into 64 bits is not followed any further.
    Unbounded,
    /// They are floats of 64 bits.
    Double,
    /// They have a width, and going beyond it panics.
    Sized,
}

/// Where a half is rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Halves {
    /// To the even neighbour.
    Even,
    /// To the greater neighbour.
    Up,
    /// Away from zero.
    Away,
}

/// What a language does its own way.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    /// How far whole numbers go.
    pub(super) integers: Integers,
    /// Division and remainder of whole numbers round down, not towards zero.
    pub(super) floors: bool,
    /// Where a half is rounded to.
    pub(super) halves: Halves,
    /// A negative index counts from the end.
    pub(super) wraps: bool,
    /// Strings are counted in UTF-16.
    pub(super) utf16: bool,
    /// Numbers with and without a fraction are two types.
    pub(super) has_floats: bool,
    /// Characters are no strings.
    pub(super) has_chars: bool,
    /// Of several greatest items the last one is taken.
    pub(super) last_greatest: bool,
    /// `1.0` as a string keeps its fraction.
    pub(super) shows_fraction: bool,
    /// Smallest and greatest whole number.
    #[serde(skip)]
    pub(super) bounds: Option<(i64, i64)>,
}

impl Rules {
    /// A whole number as this language has it; `None` beyond its limits.
    fn whole(&self, own: Option<i64>) -> Option<Value> {
        let own = own?;
        match self.integers {
            Integers::Double if own.unsigned_abs() > 1 << 53 => None,
            Integers::Sized => {
                let (least, most) = self.bounds.unwrap_or((i64::MIN, i64::MAX));
                (least..=most).contains(&own).then_some(Value::Int(own))
            }
            _ => Some(Value::Int(own)),
        }
    }

    /// A float as this language has it.
    fn float(&self, own: f64) -> Option<Value> {
        if !own.is_finite() {
            return None;
        }
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and small")]
        match self.integers == Integers::Double && own.fract() == 0.0 && own.abs() < 9e15 {
            true => Some(Value::Int(own as i64)),
            false => Some(Value::Float(own)),
        }
    }
}

/// What a component does with its arguments; `None` where the language has no value for it.
pub(super) type Meaning = fn(&[Value], &Rules) -> Option<Value>;

/// What a component with a function among its arguments does: with the items, and with what the function made of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Higher {
    Map,
    Filter,
    Any,
    All,
    Count,
    Sort,
    Greatest,
    Least,
    Find,
    While,
    Dict,
    Group,
}

impl Higher {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "map" => Self::Map,
            "filter" => Self::Filter,
            "any" => Self::Any,
            "all" => Self::All,
            "count_if" => Self::Count,
            "sort_by" => Self::Sort,
            "greatest_by" => Self::Greatest,
            "least_by" => Self::Least,
            "find" => Self::Find,
            "take_while" => Self::While,
            "dict" => Self::Dict,
            "group" => Self::Group,
            _ => return None,
        })
    }

    /// The whole from its parts.
    pub(super) fn gather(self, items: &[Value], made: &[Value], rules: &Rules) -> Option<Value> {
        lists::gather(self, items, made, rules)
    }
}

/// The meaning of that name.
pub(super) fn named(name: &str) -> Option<Meaning> {
    numbers::named(name).or_else(|| texts::named(name)).or_else(|| lists::named(name))
}

/// Whether it may have a value although an argument has none.
pub(super) fn is_lazy(name: &str) -> bool {
    matches!(name, "and" | "or" | "choose")
}

#[cfg(test)]
mod tests;
