//! A tree of values with places: what a directive's TOML and YAML have in common.

use crate::Spanned;
use hephaestus_core::ByteRange;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Where: the value, quotes included; for a table with a header, the header.
    pub(crate) range: ByteRange,
    pub(crate) value: Value,
}

/// What may stand there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Whole(i64),
    Number(f64),
    Switch(bool),
    List(Vec<Node>),
    Table(Table),
    /// A date, or a number that fits nowhere: nothing a directive has a use for.
    Other(&'static str),
}

/// Keys with their values, in the order of the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Spanned<String>,
    pub(crate) node: Node,
}

impl Node {
    /// What it is, with its article, for messages.
    pub(crate) fn noun(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a text",
            Value::Whole(_) => "a whole number",
            Value::Number(_) => "a number",
            Value::Switch(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(noun) => noun,
        }
    }

    pub(crate) fn text(&self) -> Option<Spanned<String>> {
        match &self.value {
            Value::Text(text) => Some(Spanned::new(text.clone(), self.range)),
            _ => None,
        }
    }

    pub(crate) fn switch(&self) -> Option<Spanned<bool>> {
        match self.value {
            Value::Switch(value) => Some(Spanned::new(value, self.range)),
            _ => None,
        }
    }

    pub(crate) fn whole(&self) -> Option<Spanned<i64>> {
        match self.value {
            Value::Whole(value) => Some(Spanned::new(value, self.range)),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<Spanned<f64>> {
        match self.value {
            // Counts beyond 2^53 are nobody's threshold.
            #[expect(clippy::cast_precision_loss)]
            Value::Whole(value) => Some(Spanned::new(value as f64, self.range)),
            Value::Number(value) => Some(Spanned::new(value, self.range)),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }
}

impl Table {
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }
}
