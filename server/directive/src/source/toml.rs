//! TOML to a tree of values. Goes on after an error, so that a text that is being typed keeps its meaning.

use crate::node::{Entry, Node, Table, Value};
use crate::{Problem, Spanned};
use hephaestus_core::ByteRange;
use std::ops::Range;
use toml::Spanned as At;
use toml::de::{DeTable, DeValue};

/// Reads the TOML at `place` in `text`.
pub(super) fn read(text: &str, place: ByteRange, problems: &mut Vec<Problem>) -> Table {
    let (table, errors) = DeTable::parse_recoverable(place.slice(text).unwrap_or_default());
    let offset = place.start;
    for error in errors {
        let at = error.span().unwrap_or_default();
        let range = visible(text, place, ByteRange::new(at.start + offset, at.end + offset));
        let message = error.message().trim().replace('\n', " ");
        problems.push(Problem::error(range, "syntax", format!("this is not TOML: {message}")));
    }
    Converter { offset }.table(table.into_inner())
}

/// An error's place, kept inside the keys and widened to something that can be underlined.
fn visible(text: &str, place: ByteRange, range: ByteRange) -> ByteRange {
    let start = range.start.clamp(place.start, place.end);
    let end = range.end.clamp(start, place.end);
    let (start, end) = (floor(text, start), floor(text, end));
    if start < end {
        return ByteRange::new(start, end);
    }
    let before = text.get(..start).and_then(|before| before.chars().next_back());
    let is_end = text.get(start..).is_none_or(|rest| rest.is_empty() || rest.starts_with(['\n', '\r']));
    match (before, text.get(start..).and_then(|rest| rest.chars().next())) {
        (Some(letter), _) if is_end && start > place.start && letter != '\n' => {
            ByteRange::new(start - letter.len_utf8(), start)
        }
        (_, Some(letter)) if !is_end => ByteRange::new(start, start + letter.len_utf8()),
        _ => ByteRange::new(start, start),
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

struct Converter {
    offset: usize,
}

impl Converter {
    fn range(&self, span: Range<usize>) -> ByteRange {
        ByteRange::new(span.start + self.offset, span.end + self.offset)
    }

    /// The reader bounds the depth, so this recursion is bounded too.
    fn table(&self, table: DeTable<'_>) -> Table {
        let mut entries: Vec<Entry> = table
            .into_iter()
            .map(|(key, value)| {
                let range = self.range(key.span());
                Entry { key: Spanned::new(key.into_inner().into_owned(), range), node: self.node(value) }
            })
            .collect();
        entries.sort_by_key(|entry| entry.key.range);
        Table { entries }
    }

    fn node(&self, value: At<DeValue<'_>>) -> Node {
        let range = self.range(value.span());
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Value::Other("a number too large to count with"), Value::Whole),
            DeValue::Float(number) => {
                number.as_str().parse().map_or(Value::Other("a number that cannot be read"), Value::Number)
            }
            DeValue::Boolean(value) => Value::Switch(value),
            DeValue::Datetime(_) => Value::Other("a date"),
            DeValue::Array(items) => Value::List(items.into_iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Node { range, value }
    }
}
