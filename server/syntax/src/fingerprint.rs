//! Fingerprints: 128 bits that stand for a text and whatever else is added, to find what was seen before.
//!
//! Made to be fast, not to withstand anyone who looks for two texts with the same fingerprint.

use std::hash::Hasher;

/// A fingerprint in the making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    left: u64,
    right: u64,
}

const LEFT: u64 = 0x9e37_79b9_7f4a_7c15;
const RIGHT: u64 = 0xc2b2_ae3d_27d4_eb4f;

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self { left: LEFT, right: RIGHT }
    }

    /// Each step is reversible for a given word, so that two texts that differ in one word always differ.
    fn word(&mut self, word: u64) {
        self.left = (self.left ^ word).wrapping_mul(LEFT).rotate_left(29);
        self.right = (self.right.rotate_left(23) ^ word).wrapping_mul(RIGHT);
    }

    /// Adds numbers.
    pub(crate) fn numbers(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.word(*number);
        }
    }

    /// Adds a text; where it ends is part of it.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds bytes, like a text.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks::<8>();
        for chunk in chunks {
            self.word(u64::from_le_bytes(*chunk));
        }
        let rest = rest.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        self.word(rest);
        self.word(bytes.len() as u64);
    }

    /// Adds another fingerprint.
    pub(crate) fn print(&mut self, other: Self) {
        self.word(other.left);
        self.word(other.right);
    }

    /// The finished number.
    pub(crate) fn finish(self) -> u128 {
        let mix = |lane: u64| {
            let lane = (lane ^ (lane >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
            lane ^ (lane >> 29)
        };
        u128::from(mix(self.left)) << 64 | u128::from(mix(self.right))
    }
}

/// Hashes finished fingerprints: takes half of them.
#[derive(Default)]
pub(crate) struct Low(u64);

impl Hasher for Low {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u128(&mut self, key: u128) {
        self.0 = u64::try_from(key & u128::from(u64::MAX)).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn of(texts: &[&str]) -> u128 {
        let mut print = Fingerprint::new();
        texts.iter().for_each(|text| print.text(text));
        print.finish()
    }

    #[test]
    fn what_differs_has_another_fingerprint() {
        let all: &[&[&str]] =
            &[&[], &[""], &["", ""], &["a"], &["ab"], &["a", "b"], &["\0"], &["abcdefgh"], &["abcdefgh\0"]];
        let prints: HashSet<u128> = all.iter().map(|texts| of(texts)).collect();
        assert_eq!(prints.len(), all.len());
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
    }
}
