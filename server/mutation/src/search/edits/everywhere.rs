//! One change in all places at once: a constant wherever it stands, two names or values that change their parts.

use std::collections::BTreeMap;

use hephaestus_core::{ByteRange, Edit};

use super::{Move, Workplace, constants};
use crate::search::data::Roles;
use crate::search::pool::unquoted;

/// The most different texts of which pairs are exchanged.
const MOST: usize = 12;

pub(super) fn make(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    let places = by_text(work);
    repeated(work, &places, moves);
    truths(work, &places, moves);
    cases(work, moves);
    let texts = &work.scene.lexicon.texts;
    let mut pairs: Vec<&String> = places.keys().collect();
    pairs.sort_by_key(|text| std::cmp::Reverse(places.get(*text).map_or(0, Vec::len)));
    pairs.truncate(MOST);
    for (nth, left) in pairs.iter().enumerate() {
        for right in pairs.iter().skip(nth + 1) {
            let truths =
                **left == texts.yes && **right == texts.no || **left == texts.no && **right == texts.yes;
            let family = if truths { "exchange-truths" } else { "exchange" };
            let (Some(lefts), Some(rights)) = (places.get(*left), places.get(*right)) else { continue };
            let edits = lefts.iter().map(|range| Edit::new(*range, (*right).clone()));
            let edits = edits.chain(rights.iter().map(|range| Edit::new(*range, (*left).clone())));
            moves.extend(Move::several(family, edits.collect(), 1.0));
        }
    }
}

/// Two values that are true and false, each turned into the other.
fn truths(work: &Workplace<'_>, places: &BTreeMap<String, Vec<ByteRange>>, moves: &mut Vec<Move>) {
    let texts = &work.scene.lexicon.texts;
    let of = |text: &str| places.get(text).map(Vec::as_slice).unwrap_or_default();
    for yes in of(&texts.yes) {
        for no in of(&texts.no) {
            let edits = vec![Edit::new(*yes, texts.no.clone()), Edit::new(*no, texts.yes.clone())];
            moves.extend(Move::several("exchange-truths", edits, 1.0));
        }
    }
}

/// All strings of the function in another case.
fn cases(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    let scene = work.scene;
    let strings: Vec<_> = work.values().filter(|place| scene.is(*place, Roles::STRING)).collect();
    if strings.len() < 2 {
        return;
    }
    let changes: [fn(&str) -> String; 3] = [str::to_uppercase, str::to_lowercase, constants::capitalized];
    for change in changes {
        let edits = strings.iter().filter_map(|place| {
            let (text, range) = (scene.text_of(*place), scene.nodes.range(*place));
            let (quote, inner) = (text.get(..1)?, unquoted(text)?);
            let new = format!("{quote}{}{quote}", change(inner));
            (new != text).then(|| Edit::new(range, new))
        });
        moves.extend(Move::several("everywhere-case", edits.collect(), 1.0));
    }
}

/// Where each name, constant and element stands.
fn by_text(work: &Workplace<'_>) -> BTreeMap<String, Vec<ByteRange>> {
    let scene = work.scene;
    let mut places: BTreeMap<String, Vec<ByteRange>> = BTreeMap::new();
    let short = Roles::NAME.or(Roles::NUMBER).or(Roles::STRING).or(Roles::TRUTH).or(Roles::SUBSCRIPT);
    for place in scene.inside(work.range) {
        let stands = scene.is_value(place) || (scene.is_target(place) && scene.is(place, Roles::EXPRESSION));
        if stands && scene.is(place, short) && !scene.is_callee(place) && scene.text_of(place).len() <= 40 {
            places.entry(scene.text_of(place).to_owned()).or_default().push(scene.nodes.range(place));
        }
    }
    places
}

/// The same change to a constant wherever it stands.
fn repeated(work: &Workplace<'_>, places: &BTreeMap<String, Vec<ByteRange>>, moves: &mut Vec<Move>) {
    let mut single = Vec::new();
    constants::make(work, &mut single);
    for own in single {
        let [edit] = own.edits.as_slice() else { continue };
        let Some(old) = edit.range.slice(work.scene.text) else { continue };
        let Some(all) = places.get(old).filter(|all| all.len() > 1) else { continue };
        // Once for all places, not once for each.
        if all.first() == Some(&edit.range) {
            let edits = all.iter().map(|range| Edit::new(*range, edit.text.clone())).collect();
            moves.extend(Move::several("everywhere", edits, own.weight));
        }
    }
}
