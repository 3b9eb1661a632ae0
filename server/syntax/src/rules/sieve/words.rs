//! Words without which a rule matches nowhere in a text: one look at the text tells which rules need not be asked at all.

use super::pattern::Goal;
use super::{DEEPEST, Sieve, Test};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::HashMap;

/// Shorter words are in every text.
const SHORTEST: usize = 3;

/// The words of many rules.
#[derive(Debug)]
pub(in crate::rules) struct Words {
    /// `None` when there is no word, or too much of them.
    finder: Option<AhoCorasick>,
    count: usize,
    /// By rule: of each of these groups one word must be there.
    needs: Vec<Vec<Vec<usize>>>,
}

impl Words {
    /// Collects the words of `sieves`, each that of one rule.
    pub(in crate::rules) fn of<'s>(sieves: impl Iterator<Item = Option<&'s Sieve>>) -> Self {
        let mut known: HashMap<&str, usize> = HashMap::new();
        let needs = sieves
            .map(|sieve| {
                let groups = sieve.map(|sieve| groups(sieve, &sieve.test, 0)).unwrap_or_default();
                let mut number = |word| {
                    let next = known.len();
                    *known.entry(word).or_insert(next)
                };
                groups.into_iter().map(|group| group.into_iter().map(&mut number).collect()).collect()
            })
            .collect();
        let mut words: Vec<(&str, usize)> = known.into_iter().collect();
        words.sort_unstable_by_key(|(_, number)| *number);
        let texts = words.iter().map(|(word, _)| *word);
        let finder = AhoCorasick::builder().match_kind(MatchKind::Standard).build(texts).ok();
        Self { finder, count: words.len(), needs }
    }

    /// By rule: whether it may match in `text`.
    pub(in crate::rules) fn may_match(&self, text: &str) -> Vec<bool> {
        let Some(finder) = &self.finder else { return vec![true; self.needs.len()] };
        let (mut there, mut missing) = (vec![false; self.count], self.count);
        for found in finder.find_overlapping_iter(text) {
            if let Some(there) = there.get_mut(found.pattern().as_usize()).filter(|there| !**there) {
                *there = true;
                missing -= 1;
                if missing == 0 {
                    break;
                }
            }
        }
        let is_there = |word: &usize| there.get(*word).copied().unwrap_or(true);
        let may = |needs: &Vec<Vec<usize>>| needs.iter().all(|group| group.iter().any(is_there));
        self.needs.iter().map(may).collect()
    }
}

/// What a test needs: of each group one word.
fn groups<'s>(sieve: &'s Sieve, test: &'s Test, depth: u8) -> Vec<Vec<&'s str>> {
    match test {
        Test::Pattern(shape) => longest(&shape.root).map(|word| vec![word]).into_iter().collect(),
        Test::Inside(relation) | Test::Has(relation) | Test::Precedes(relation) | Test::Follows(relation) => {
            groups(sieve, &relation.test, depth)
        }
        Test::All(tests) => tests.iter().flat_map(|test| groups(sieve, test, depth)).collect(),
        Test::Any(tests) => {
            let of_each: Option<Vec<Vec<&str>>> = tests
                .iter()
                .map(|test| groups(sieve, test, depth).into_iter().min_by_key(Vec::len))
                .collect();
            of_each.map(|groups| groups.concat()).filter(|group| !group.is_empty()).into_iter().collect()
        }
        Test::Matches(util) if depth < DEEPEST => match sieve.utils.get(*util) {
            Some(test) => groups(sieve, test, depth + 1),
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The longest word that a pattern says literally.
fn longest(goal: &Goal) -> Option<&str> {
    match goal {
        Goal::Leaf { named: true, text, .. } => Some(text.as_str()).filter(|text| text.len() >= SHORTEST),
        Goal::Inner { children, .. } => children.iter().filter_map(longest).max_by_key(|word| word.len()),
        Goal::Leaf { .. } | Goal::Single { .. } | Goal::Many => None,
    }
}
