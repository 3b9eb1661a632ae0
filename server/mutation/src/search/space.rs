//! The changes that may repair a function: every move, each text once, the likeliest first.

use std::collections::HashMap;

use hephaestus_core::{ByteRange, Edit};
use hephaestus_syntax::Parsed;

use super::data::Lexicon;
use super::edits::{Move, Workplace, moves};
use super::pool::{Mined, Pool};
use super::prior::Prior;
use super::scene::Scene;

/// What is replaced, from where to where, by what.
type Place = (usize, usize, String);

/// A move with how likely it is to be the repair, as a logarithm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rated {
    pub(crate) own: Move,
    pub(crate) score: f64,
}

/// Every change of the function at `range`, the likeliest first; `suspicion` tells how much a byte of the file is
/// suspected, from 0 to 1.
pub(crate) fn space(
    parsed: &Parsed,
    lexicon: &Lexicon,
    range: ByteRange,
    mined: &Mined,
    prior: &Prior,
    suspicion: &dyn Fn(usize) -> f64,
) -> Vec<Rated> {
    let scene = Scene::new(parsed, lexicon);
    let pool = Pool::gather(&scene, range, mined);
    let work = Workplace { scene: &scene, pool: &pool, range };
    let mut best: HashMap<Vec<Place>, Rated> = HashMap::new();
    for own in moves(&work) {
        let likely = prior.of(own.family) * own.weight * (0.02 + suspicion(own.start()));
        let rated = Rated { score: likely.max(1e-12).ln(), own };
        let key = narrowed(&rated.own.edits, scene.text);
        let better = best.get(&key).is_none_or(|known| known.score < rated.score);
        if better && !key.is_empty() {
            best.insert(key, rated);
        }
    }
    let mut all: Vec<Rated> = best.into_values().collect();
    all.sort_by(|left, right| {
        let key = |rated: &Rated| (rated.own.start(), rated.own.edits.first().map(|edit| edit.text.clone()));
        right.score.total_cmp(&left.score).then_with(|| key(left).cmp(&key(right))).then_with(|| {
            let all = |rated: &Rated| {
                rated.own.edits.iter().map(|edit| (edit.range.start, edit.text.clone())).collect::<Vec<_>>()
            };
            all(left).cmp(&all(right))
        })
    });
    all
}

/// The edits without what stays as it is at their ends: two changes that make the same text in the same way are one.
fn narrowed(edits: &[Edit], text: &str) -> Vec<Place> {
    let narrow = |edit: &Edit| {
        let old = edit.range.slice(text)?;
        let start: usize =
            old.chars().zip(edit.text.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
        let (old, new) = (old.get(start..)?, edit.text.get(start..)?);
        let end: usize = old
            .chars()
            .rev()
            .zip(new.chars().rev())
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a.len_utf8())
            .sum();
        let new = new.get(..new.len() - end)?;
        let range = ByteRange::new(edit.range.start + start, edit.range.end - end);
        (!range.is_empty() || !new.is_empty()).then(|| (range.start, range.end, new.to_owned()))
    };
    edits.iter().filter_map(narrow).collect()
}
