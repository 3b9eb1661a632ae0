//! Nests: stretches of a text of which any two are apart or one inside the other, and the innermost one around a place.

use hephaestus_core::ByteRange;
use std::cmp::Reverse;

/// Stretches, each known by its index in the list they were given in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nest {
    /// By start, the outer ones first.
    spans: Vec<Span>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    range: ByteRange,
    index: usize,
    /// The place in the list of the span around it.
    around: Option<usize>,
}

impl Nest {
    /// Of equal stretches, the one that comes first in `ranges` counts as the innermost.
    pub(crate) fn new(ranges: impl IntoIterator<Item = ByteRange>) -> Self {
        let spans = ranges.into_iter().enumerate();
        let mut spans: Vec<Span> = spans.map(|(index, range)| Span { range, index, around: None }).collect();
        spans.sort_by_key(|span| (span.range.start, Reverse(span.range.end), Reverse(span.index)));
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (place, span) in spans.iter_mut().enumerate() {
            while open.last().is_some_and(|(_, end)| *end < span.range.end) {
                open.pop();
            }
            span.around = open.last().map(|(outer, _)| *outer);
            open.push((place, span.range.end));
        }
        Self { spans }
    }

    /// The index of the shortest stretch that contains `range`.
    pub(crate) fn innermost(&self, range: ByteRange) -> Option<usize> {
        let before = self.spans.partition_point(|span| span.range.start <= range.start);
        let mut place = before.checked_sub(1);
        while let Some(span) = place.and_then(|place| self.spans.get(place)) {
            if span.range.contains(range) {
                return Some(span.index);
            }
            place = span.around;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_stretch_is_found() {
        let ranges: Vec<ByteRange> = [(0, 100), (10, 40), (12, 20), (50, 60), (50, 60), (60, 70)]
            .map(|(a, b)| ByteRange::new(a, b))
            .into();
        let nest = Nest::new(ranges.iter().copied());
        let naive = |range: ByteRange| {
            let around = ranges.iter().enumerate().filter(|(_, own)| own.contains(range));
            around.min_by_key(|(_, own)| own.len()).map(|(index, _)| index)
        };
        for start in 0..101 {
            for end in start + 1..102 {
                let range = ByteRange::new(start, end);
                assert_eq!(nest.innermost(range), naive(range), "{range:?}");
            }
        }
    }
}
