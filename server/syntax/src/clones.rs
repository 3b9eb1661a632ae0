//! Clones: equal stretches of tokens in several places.
//!
//! Layout, comments and documentation strings do not matter; names and literals do, because only code that really is
//! the same can be said once without further thought. Every stretch of `min_tokens` tokens is hashed (M. Rabin,
//! R. Karp, 1987); where a hash occurs twice, the places are sorted by what follows, with the same hashes telling how
//! far two places agree (so a comparison takes the logarithm of the length), and neighbours in that order give the
//! maximal repeats, as in a suffix array (U. Manber, G. Myers, 1993). Time is about n log n in the number of tokens.

use std::collections::HashMap;

use hephaestus_core::{ByteRange, RelPath};

use crate::frame::hash_bytes;
use crate::parsed::Parsed;

/// One place of a clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClonePlace {
    /// The file.
    pub path: RelPath,
    /// From its first to its last token.
    pub range: ByteRange,
}

/// The same tokens in several places that do not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloneGroup {
    /// How many tokens.
    pub tokens: usize,
    /// Where, sorted; at least two.
    pub places: Vec<ClonePlace>,
}

/// Finds what occurs at least twice and is at least `min_tokens` tokens long. No group can be extended at either end
/// without losing a place, and none lies completely inside larger ones. Largest first.
#[must_use]
pub fn clones(files: &[Parsed], min_tokens: usize) -> Vec<CloneGroup> {
    let stream = Stream::new(files);
    let mut repeats = Vec::new();
    for class in stream.classes(min_tokens) {
        // Only places that do not overlap: else a long run of one token would have as many repeats as tokens, squared.
        let class = apart(class, min_tokens);
        if class.len() > 1 {
            stream.repeats(class, min_tokens, &mut repeats);
        }
    }
    repeats.sort_unstable_by(|a, b| b.length.cmp(&a.length).then_with(|| a.places.cmp(&b.places)));
    let mut kept = Covered::new(stream.tokens.len());
    let mut groups = Vec::new();
    for repeat in repeats {
        if repeat.places.iter().all(|place| kept.covers(*place, repeat.length)) {
            continue;
        }
        for place in &repeat.places {
            kept.add(*place, repeat.length);
        }
        let mut places: Vec<ClonePlace> =
            repeat.places.iter().filter_map(|place| stream.place(files, *place, repeat.length)).collect();
        places.sort_unstable();
        groups.push(CloneGroup { tokens: repeat.length, places });
    }
    groups
}

/// How many tokens of `within` lie in a stretch of at least `min_tokens` tokens that occurs again in `files`.
#[must_use]
pub fn duplicated_tokens(files: &[Parsed], within: &RelPath, min_tokens: usize) -> usize {
    let stream = Stream::new(files);
    let Some(bounds) = stream.bounds(files, within) else { return 0 };
    let classes = stream
        .classes(min_tokens)
        .into_iter()
        .filter(|class| apart(class.iter().copied(), min_tokens).len() > 1);
    let mut starts: Vec<usize> = classes.flatten().filter(|start| bounds.contains(start)).collect();
    starts.sort_unstable();
    let (mut count, mut reached) = (0, 0);
    for start in starts {
        let end = start + min_tokens;
        count += end - start.max(reached);
        reached = end;
    }
    count
}

/// The tokens of all files, one after the other, as numbers.
struct Stream {
    /// Equal texts have equal numbers; each file is followed by a number that occurs nowhere else.
    tokens: Vec<u32>,
    /// Hashes of all prefixes.
    prefixes: Vec<u64>,
    /// Powers of the base.
    powers: Vec<u64>,
    /// Where each file begins.
    starts: Vec<usize>,
}

/// The same tokens at several places.
#[derive(Debug)]
struct Repeat {
    length: usize,
    places: Vec<usize>,
}

/// 2⁶¹ − 1, a prime: two different stretches share a hash about once in 10¹⁸ comparisons.
const MODULUS: u64 = (1 << 61) - 1;
const BASE: u64 = 0x0a4d_5ee9_37b1_c3d5;

fn multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let modulus = u128::from(MODULUS);
    u64::try_from(product % modulus).unwrap_or(0)
}

impl Stream {
    fn new(files: &[Parsed]) -> Self {
        let mut numbers: HashMap<u64, u32> = HashMap::new();
        let mut stream = Self { tokens: Vec::new(), prefixes: vec![0], powers: vec![1], starts: Vec::new() };
        let mut border = u32::MAX;
        for file in files {
            stream.starts.push(stream.tokens.len());
            for token in file.all_tokens() {
                let text = token.range.slice(file.text()).unwrap_or_default();
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                stream.push(*numbers.entry(hash_bytes(text.as_bytes())).or_insert(next));
            }
            stream.push(border);
            border -= 1;
        }
        stream
    }

    fn push(&mut self, token: u32) {
        self.tokens.push(token);
        let hash = self.prefixes.last().copied().unwrap_or(0);
        self.prefixes.push((multiply(hash, BASE) + u64::from(token) + 1) % MODULUS);
        let power = self.powers.last().copied().unwrap_or(1);
        self.powers.push(multiply(power, BASE));
    }

    fn hash(&self, start: usize, length: usize) -> Option<u64> {
        let (before, all) = (self.prefixes.get(start)?, self.prefixes.get(start + length)?);
        let shifted = multiply(*before, *self.powers.get(length)?);
        Some((all + MODULUS - shifted) % MODULUS)
    }

    /// The places of every stretch of `length` tokens that occurs at least twice, sorted.
    fn classes(&self, length: usize) -> Vec<Vec<usize>> {
        if length == 0 {
            return Vec::new();
        }
        let starts = 0..(self.tokens.len() + 1).saturating_sub(length);
        let mut hashed: Vec<(u64, usize)> =
            starts.filter_map(|start| Some((self.hash(start, length)?, start))).collect();
        hashed.sort_unstable();
        let same = hashed.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
        same.map(|same| same.iter().map(|(_, start)| *start).collect()).collect()
    }

    /// How many tokens two places have in common, knowing that it is at least `known`.
    fn agreement(&self, a: usize, b: usize, known: usize) -> usize {
        let most = self.tokens.len() - a.max(b);
        let agree = |length: usize| self.hash(a, length) == self.hash(b, length);
        let (mut low, mut step) = (known, 16);
        while low + step <= most && agree(low + step) {
            low += step;
            step *= 2;
        }
        let mut high = most.min(low + step);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if agree(middle) { low = middle } else { high = middle - 1 }
        }
        low
    }

    fn before(&self, place: usize) -> Option<u32> {
        place.checked_sub(1).and_then(|before| self.tokens.get(before)).copied()
    }

    /// Whether the places follow different tokens, so that they cannot be extended to the left together.
    fn differ_before(&self, places: &[usize]) -> bool {
        let mut befores = places.iter().map(|place| self.before(*place));
        let first = befores.next().flatten();
        first.is_none() || befores.any(|before| before != first)
    }

    /// The maximal repeats that begin at places of one class.
    fn repeats(&self, mut class: Vec<usize>, min_tokens: usize, repeats: &mut Vec<Repeat>) {
        if !self.differ_before(&class) {
            return;
        }
        class.sort_by(|a, b| {
            let common = self.agreement(*a, *b, min_tokens);
            self.tokens.get(a + common).cmp(&self.tokens.get(b + common)).then(a.cmp(b))
        });
        let pairs = class.iter().zip(class.iter().skip(1));
        let common: Vec<usize> = pairs.map(|(a, b)| self.agreement(*a, *b, min_tokens)).collect();
        // Intervals of places that agree on `length` tokens, innermost on top: (length, first place).
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (index, length) in common.iter().copied().chain([0]).enumerate() {
            let mut first = index;
            while let Some((longer, from)) = open.pop_if(|(longer, _)| *longer > length) {
                first = from;
                let places = class.get(from..=index).unwrap_or_default();
                if self.differ_before(places) {
                    let mut places = places.to_vec();
                    places.sort_unstable();
                    let places = apart(places, longer);
                    if places.len() > 1 {
                        repeats.push(Repeat { length: longer, places });
                    }
                }
            }
            if length > 0 && open.last().is_none_or(|(shorter, _)| *shorter < length) {
                open.push((length, first));
            }
        }
    }

    fn place(&self, files: &[Parsed], start: usize, length: usize) -> Option<ClonePlace> {
        let index = self.starts.partition_point(|own| *own <= start).checked_sub(1)?;
        let (file, offset) = (files.get(index)?, self.starts.get(index)?);
        let tokens = file.all_tokens().get(start - offset..start - offset + length)?;
        let range = tokens.first()?.range.cover(tokens.last()?.range);
        Some(ClonePlace { path: file.file().path.clone(), range })
    }

    fn bounds(&self, files: &[Parsed], path: &RelPath) -> Option<std::ops::Range<usize>> {
        let index = files.iter().position(|file| file.file().path == *path)?;
        let start = *self.starts.get(index)?;
        Some(start..self.starts.get(index + 1).copied().unwrap_or(self.tokens.len()))
    }
}

/// Drops places that overlap the one kept before them. `places` must be sorted.
fn apart(places: impl IntoIterator<Item = usize>, length: usize) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for place in places {
        if kept.last().is_none_or(|last| last + length <= place) {
            kept.push(place);
        }
    }
    kept
}

/// Which stretches lie inside larger ones: for every token, how far the largest that holds it reaches.
struct Covered {
    until: Vec<usize>,
}

impl Covered {
    fn new(tokens: usize) -> Self {
        Self { until: vec![0; tokens] }
    }

    /// Larger stretches come first, so one that holds both ends' tokens holds the rest.
    fn covers(&self, start: usize, length: usize) -> bool {
        self.until.get(start).is_some_and(|until| start + length <= *until)
    }

    fn add(&mut self, start: usize, length: usize) {
        for until in self.until.iter_mut().skip(start).take(length) {
            *until = (*until).max(start + length);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hephaestus_core::{LanguageId, SourceFile};

    use super::*;
    use crate::Languages;

    fn files(texts: &[(&str, &str)]) -> Vec<Parsed> {
        let language = Languages::builtin().unwrap().get(&LanguageId::new("python")).unwrap();
        let file = |(path, text): &(&str, &str)| {
            let file = SourceFile::new(RelPath::new(path).unwrap(), language.id().clone(), *text, false);
            Parsed::new(language, Arc::new(file)).unwrap()
        };
        texts.iter().map(file).collect()
    }

    fn texts<'a>(sources: &'a [(&str, &str)], group: &CloneGroup) -> Vec<&'a str> {
        let text = |path: &RelPath| sources.iter().find(|(name, _)| *name == path.as_str()).unwrap().1;
        group.places.iter().map(|place| place.range.slice(text(&place.path)).unwrap()).collect()
    }

    #[test]
    fn layout_and_comments_do_not_hide_a_clone() {
        let sources = [
            ("a.py", "x = 1\nfoo(a, b, c)\nbar(d)\ny = 2\n"),
            ("b.py", "z = 3\nfoo(a,   # here\n    b, c)\n\nbar(d)\nprint()\n"),
        ];
        let groups = clones(&files(&sources), 8);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].tokens, 12);
        assert_eq!(texts(&sources, &groups[0])[0], "foo(a, b, c)\nbar(d)");
    }

    #[test]
    fn names_and_literals_matter() {
        let sources = [("a.py", "foo(a, b, 1)\n"), ("b.py", "foo(a, b, 2)\n")];
        assert!(clones(&files(&sources), 7).is_empty());
        assert_eq!(clones(&files(&sources), 6)[0].tokens, 6);
    }

    #[test]
    fn a_shorter_repeat_with_more_places_is_kept_and_a_nested_one_is_not() {
        let long = "aa(b, c, d)\nee(f, g, h)\nii(j, k, l)\n";
        let short = "ee(f, g, h)\n";
        let (one, two, three) =
            (format!("q1\n{long}q2\n"), format!("q3\n{long}q4\n"), format!("q5\n{short}q6\n"));
        let sources = [("a.py", one.as_str()), ("b.py", two.as_str())];
        let groups = clones(&files(&sources), 5);
        assert_eq!(
            groups.iter().map(|group| (group.tokens, group.places.len())).collect::<Vec<_>>(),
            [(24, 2)]
        );
        let sources = [("a.py", one.as_str()), ("b.py", two.as_str()), ("c.py", three.as_str())];
        let groups = clones(&files(&sources), 5);
        assert_eq!(
            groups.iter().map(|group| (group.tokens, group.places.len())).collect::<Vec<_>>(),
            [(24, 2), (8, 3)]
        );
    }

    #[test]
    fn clones_do_not_cross_files_nor_overlap_themselves() {
        let sources = [("a.py", "f(a)\n"), ("b.py", "g(b)\n"), ("c.py", "f(a)\n"), ("d.py", "g(b)\n")];
        assert!(clones(&files(&sources), 5).is_empty());
        let table = format!("x = [{}]\n", "0, ".repeat(3000));
        let sources = [("a.py", table.as_str())];
        let groups = clones(&files(&sources), 50);
        let places: usize = groups.iter().map(|group| group.places.len()).sum();
        assert!(!groups.is_empty() && places < 6000, "{places}");
        for group in &groups {
            let pairs = group.places.iter().zip(group.places.iter().skip(1));
            assert!(pairs.into_iter().all(|(a, b)| a.range.end <= b.range.start));
        }
    }

    #[test]
    fn duplicated_tokens_counts_each_token_once() {
        let sources = [
            ("a.py", "x = 1\nfoo(a, b, c)\nbar(d)\n"),
            ("b.py", "foo(a, b, c)\nbar(d)\nfoo(a, b, c)\nbar(d)\nz\n"),
        ];
        let files = files(&sources);
        let count = |path: &str| duplicated_tokens(&files, &RelPath::new(path).unwrap(), 8);
        assert_eq!((count("a.py"), count("b.py"), count("c.py")), (12, 24, 0));
        assert_eq!(duplicated_tokens(&files, &RelPath::new("a.py").unwrap(), 13), 0);
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert!(clones(&[], 10).is_empty());
        assert!(clones(&files(&[("a.py", "")]), 0).is_empty());
        assert!(clones(&files(&[("a.py", "x\n")]), 100).is_empty());
    }
}
