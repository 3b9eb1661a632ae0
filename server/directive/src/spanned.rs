//! A value and the place in the text where it stands.

use hephaestus_core::ByteRange;
use std::ops::Deref;

/// A value with its place. Two are equal when they are the same value at the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands, quotes included, in bytes of the text.
    pub range: ByteRange,
}

impl<T> Spanned<T> {
    /// A value at a place.
    pub fn new(value: T, range: impl Into<ByteRange>) -> Self {
        Self { value, range: range.into() }
    }

    /// Another value at the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), range: self.range }
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
