//! Frames: what is counted while a function (or the region around all of them) is open, and how an inner function's
//! counts become part of the outer one's in constant time, however deeply functions are nested.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use hephaestus_core::ByteRange;

use crate::functions::Name;
use crate::metrics::{Halstead, Metrics, maintainability};

/// Passes a number that is already a hash through.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash_bytes(bytes);
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

type Seen = HashSet<u64, BuildHasherDefault<Identity>>;

/// A 64-bit hash of `bytes`: FNV-1a over words, finished like MurmurHash3. Equal texts meet, others hardly ever.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let word = chunk.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// Sizes: everything that simply adds up.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) decisions: i64,
    pub(crate) nesting: u32,
    pub(crate) statements: u32,
    tokens: u32,
    lines: u32,
    first_row: Option<usize>,
    last_row: Option<usize>,
    operators: u32,
    operands: u32,
    distinct_operators: Seen,
    distinct_operands: Seen,
}

impl Tally {
    /// Counts a token on the lines `first_row..=last_row`.
    pub(crate) fn token(&mut self, first_row: usize, last_row: usize) {
        self.tokens += 1;
        self.rows(first_row, last_row, u32::try_from(last_row - first_row + 1).unwrap_or(u32::MAX));
    }

    pub(crate) fn operator(&mut self, kind: u16) {
        self.operators += 1;
        self.distinct_operators.insert(hash_bytes(&kind.to_le_bytes()));
    }

    pub(crate) fn operand(&mut self, text: &str) {
        self.operands += 1;
        self.distinct_operands.insert(hash_bytes(text.as_bytes()));
    }

    /// Adds `lines` lines of code within `first_row..=last_row`; only the first of them may be known already.
    fn rows(&mut self, first_row: usize, last_row: usize, lines: u32) {
        let shared = u32::from(self.last_row == Some(first_row));
        self.lines = self.lines.saturating_add(lines - shared.min(lines));
        self.first_row.get_or_insert(first_row);
        self.last_row = Some(last_row);
    }

    fn absorb(&mut self, inner: Self, outer_nesting: u32) {
        self.decisions += inner.decisions;
        self.nesting = self.nesting.max(inner.nesting.saturating_add(outer_nesting));
        self.statements += inner.statements;
        self.tokens += inner.tokens;
        self.operators += inner.operators;
        self.operands += inner.operands;
        if let (Some(first), Some(last)) = (inner.first_row, inner.last_row) {
            self.rows(first, last, inner.lines);
        }
        merge(&mut self.distinct_operators, inner.distinct_operators);
        merge(&mut self.distinct_operands, inner.distinct_operands);
    }

    fn metrics(&self, cognitive: u64) -> Metrics {
        let count = |seen: &Seen| u32::try_from(seen.len()).unwrap_or(u32::MAX);
        let halstead = Halstead::new(
            count(&self.distinct_operators),
            count(&self.distinct_operands),
            self.operators,
            self.operands,
        );
        let cyclomatic = u32::try_from(self.decisions.saturating_add(1).max(1)).unwrap_or(u32::MAX);
        Metrics {
            cognitive: u32::try_from(cognitive).unwrap_or(u32::MAX),
            cyclomatic,
            nesting: self.nesting,
            statements: self.statements,
            tokens: self.tokens,
            lines: self.lines,
            maintainability: maintainability(halstead.volume, cyclomatic, self.lines),
            halstead,
        }
    }
}

/// Pours the smaller set into the larger one, so that nesting costs no more than a logarithm.
fn merge(own: &mut Seen, mut other: Seen) {
    if other.len() > own.len() {
        std::mem::swap(own, &mut other);
    }
    own.extend(other);
}

/// A listed function while its end is not reached.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) index: usize,
    pub(crate) name: Name,
    /// The scope it lies directly in, if it is a method.
    pub(crate) scope: Option<String>,
    pub(crate) recursive: bool,
}

/// What a body consists of, as far as it matters for decorators.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Contents {
    pub(crate) functions: u32,
    pub(crate) returns: u32,
    pub(crate) others: u32,
}

/// One open function, or the region that everything lies in.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    pub(crate) open: Option<Open>,
    pub(crate) body: Option<ByteRange>,
    pub(crate) contents: Contents,
    pub(crate) tally: Tally,
    /// Cognitive levels and control structures around it, within the function outside it.
    pub(crate) outer_level: u32,
    pub(crate) outer_depth: u32,
    /// Cognitive complexity so far.
    cognitive: u64,
    /// Costs in itself that grow with each level.
    own_nested: u64,
    /// The same in inner functions: one more each, unless this one is a wrapper.
    inner_nested: u64,
}

/// What a piece of code adds to the cognitive complexity of the function it stands in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Share {
    cognitive: u64,
    own_nested: u64,
    inner_nested: u64,
    contents: Contents,
}

/// Whether a frame is a wrapper, decided when it is closed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wraps {
    /// Seen on its own, as an outermost function.
    pub(crate) outermost: bool,
    /// Seen as a part of another function.
    pub(crate) inside: bool,
}

impl Frame {
    /// A function with this body, at this place within the function around it.
    pub(crate) fn new(body: Option<ByteRange>, outer_level: u32, outer_depth: u32) -> Self {
        Self { body, outer_level, outer_depth, ..Self::default() }
    }

    /// The same function with nothing counted yet, to see what a piece of it adds. It is listed nowhere.
    pub(crate) fn stub(&self) -> Self {
        let unlisted = |open: &Open| Open {
            index: usize::MAX,
            name: open.name.clone(),
            scope: open.scope.clone(),
            recursive: false,
        };
        let open = self.open.as_ref().map(unlisted);
        Self { open, ..Self::new(self.body, self.outer_level, self.outer_depth) }
    }

    /// Whether a call of the function itself was seen.
    pub(crate) fn is_recursive(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.recursive)
    }

    /// What was counted since it was a stub, calls of the function itself aside.
    pub(crate) fn share(&self) -> Share {
        Share {
            cognitive: self.cognitive.saturating_sub(u64::from(self.is_recursive())),
            own_nested: self.own_nested,
            inner_nested: self.inner_nested,
            contents: self.contents,
        }
    }

    /// Counts what a piece adds.
    pub(crate) fn add(&mut self, share: &Share) {
        self.cognitive = self.cognitive.saturating_add(share.cognitive);
        self.own_nested = self.own_nested.saturating_add(share.own_nested);
        self.inner_nested = self.inner_nested.saturating_add(share.inner_nested);
        self.contents.functions += share.contents.functions;
        self.contents.returns += share.contents.returns;
        self.contents.others += share.contents.others;
    }

    /// Counts a call of the function itself: the first one only.
    pub(crate) fn recurse(&mut self) {
        if let Some(open) = &mut self.open
            && !open.recursive
        {
            open.recursive = true;
            self.cognitive += 1;
        }
    }

    /// Counts a cost that does not depend on nesting.
    pub(crate) fn flat(&mut self) {
        self.cognitive += 1;
    }

    /// Counts a cost that is one higher for each level around it.
    pub(crate) fn nested(&mut self, level: u32) {
        self.cognitive += 1 + u64::from(level);
        self.own_nested += 1;
    }

    /// Whether it has control structures of its own, inner functions aside.
    pub(crate) fn has_structures(&self) -> bool {
        self.own_nested > 0
    }

    /// Whether there are inner functions with something to pay for nesting.
    pub(crate) fn has_inner(&self) -> bool {
        self.inner_nested > 0
    }

    /// Its numbers as an outermost function or region.
    pub(crate) fn metrics(&self, wraps: Wraps) -> Metrics {
        self.tally.metrics(self.total(wraps.outermost))
    }

    fn total(&self, wrapper: bool) -> u64 {
        self.cognitive.saturating_add(if wrapper { 0 } else { self.inner_nested })
    }

    /// Takes a function that ends inside this one. `self_is_region`: nothing around it nests it.
    pub(crate) fn absorb(&mut self, inner: Self, wraps: Wraps, self_is_region: bool) {
        if self_is_region {
            self.cognitive = self.cognitive.saturating_add(inner.total(wraps.outermost));
            self.tally.absorb(inner.tally, 0);
            return;
        }
        let nested = inner.own_nested.saturating_add(inner.inner_nested);
        let deeper = nested.saturating_mul(u64::from(inner.outer_level));
        self.cognitive = self.cognitive.saturating_add(inner.total(wraps.inside)).saturating_add(deeper);
        self.inner_nested = self.inner_nested.saturating_add(nested);
        self.tally.absorb(inner.tally, inner.outer_depth);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_tell_short_texts_apart() {
        let texts = ["", "\0", "a", "b", "ab", "ba", "aaaaaaaa", "aaaaaaaaa", "aaaaaaaa\0"];
        let hashes: HashSet<u64> = texts.iter().map(|text| hash_bytes(text.as_bytes())).collect();
        assert_eq!(hashes.len(), texts.len());
    }

    #[test]
    fn a_line_shared_by_outer_and_inner_counts_once() {
        let mut outer = Tally::default();
        outer.token(0, 0);
        let mut inner = Tally::default();
        inner.token(0, 0);
        inner.token(2, 4);
        outer.absorb(inner, 0);
        outer.token(4, 4);
        assert_eq!((outer.lines, outer.tokens), (4, 4));
    }
}
