//! Another operator, and operands in another order.

use std::collections::BTreeMap;

use hephaestus_core::{ByteRange, Edit};

use super::{Move, Workplace, fill, is_atomic};
use crate::nodes::Place;
use crate::search::data::{Forms, Roles};

pub(super) fn make(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    rivals(work, moves);
    together(work, moves);
    exchanged(work, moves);
    forms(work, moves);
}

/// One of the operators that are taken for this one.
fn rivals(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    let (scene, nodes) = (work.scene, &work.scene.nodes);
    for place in scene.inside(work.range).filter(|place| !nodes.is_named(*place)) {
        let Some(rivals) = scene.lexicon.operators.get(scene.text_of(place)) else { continue };
        let Some(parent) = nodes.parent(place) else { continue };
        let stores = scene.lexicon.targets.has(nodes.kind(parent));
        if !scene.is(parent, Roles::BINARY.or(Roles::SLICE)) && !stores {
            continue;
        }
        for (operator, family) in rivals {
            if (family == "assignment") == stores {
                moves.push(Move::new(family_of(family), nodes.range(place), operator.as_str(), 1.0));
            }
        }
    }
}

/// The same operator for another one wherever it stands in one statement.
fn together(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    let (scene, nodes) = (work.scene, &work.scene.nodes);
    let mut groups: BTreeMap<(Place, &str), Vec<Place>> = BTreeMap::new();
    for place in scene.inside(work.range).filter(|place| !nodes.is_named(*place)) {
        let text = scene.text_of(place);
        let operand = nodes.parent(place).filter(|parent| scene.is(*parent, Roles::BINARY));
        if scene.lexicon.operators.contains_key(text)
            && let Some(statement) = operand.and_then(|parent| scene.statement_of(parent))
        {
            groups.entry((statement, text)).or_default().push(place);
        }
    }
    for ((_, text), places) in groups.into_iter().filter(|(_, places)| places.len() > 1) {
        for (operator, _) in scene.lexicon.operators.get(text).into_iter().flatten() {
            let edits = places.iter().map(|place| Edit::new(nodes.range(*place), operator.clone()));
            moves.extend(Move::several("operators-together", edits.collect(), 1.0));
        }
    }
}

/// The same operands in another form: `a.equals(b)` for `a == b`.
fn forms(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    let (scene, nodes) = (work.scene, &work.scene.nodes);
    for place in work.values().filter(|place| scene.is(*place, Roles::BINARY)) {
        let parts: Vec<Place> = nodes.children(place).collect();
        let [left, operator, right] = parts.as_slice() else { continue };
        let (left, operator, right) = (*left, scene.text_of(*operator), *right);
        let is_meant = |forms: &&Forms| forms.operators.iter().any(|own| own == operator);
        for form in scene.lexicon.forms.iter().filter(is_meant).flat_map(|forms| &forms.instead) {
            // The left one in its place first: what is put in may look like a place itself.
            let Some((before, after)) = form.split_once("{right}") else { continue };
            let is_atomic_right = scene.is(right, Roles::ATOM) || before.trim_end().ends_with(['(', ',']);
            let second = scene.text_of(right);
            let second = if is_atomic_right { second.to_owned() } else { format!("({second})") };
            let first = fill(
                &before.replace("{left}", "{}"),
                scene.text_of(left),
                scene.is(left, Roles::ATOM),
                false,
            );
            let text = format!("{first}{second}{after}");
            let text = work.fitted(place, &text, is_atomic(form));
            moves.push(Move::new("form", nodes.range(place), text, 1.0));
        }
    }
}

/// The families as they are known to the order of the search.
fn family_of(name: &str) -> &'static str {
    match name {
        "compare" => "compare",
        "connective" => "connective",
        "assignment" => "assignment",
        "range" => "range",
        _ => "arithmetic",
    }
}

/// Operands, items and branches that change places.
fn exchanged(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    let (scene, nodes) = (work.scene, &work.scene.nodes);
    for place in scene.inside(work.range) {
        if scene.is(place, Roles::BINARY.or(Roles::SWAP)) && scene.is_value(place) {
            let parts: Vec<_> = nodes
                .children(place)
                .filter(|child| nodes.is_named(*child) && !scene.is_condition(*child))
                .collect();
            if let (Some(first), Some(last)) = (parts.first(), parts.last())
                && first != last
            {
                exchange(work, [nodes.range(*first), nodes.range(*last)], "swap-operands", moves);
            }
        } else if scene.is(place, Roles::LIST) {
            for pair in scene.items(place).windows(2) {
                if let [left, right] = pair {
                    exchange(work, [*left, *right], "swap-items", moves);
                }
            }
        }
    }
}

/// Two stretches of text in each other's place.
pub(super) fn exchange(
    work: &Workplace<'_>,
    ranges: [ByteRange; 2],
    family: &'static str,
    moves: &mut Vec<Move>,
) {
    let [left, right] = ranges;
    let texts = (left.slice(work.scene.text), right.slice(work.scene.text));
    if let (Some(first), Some(second)) = texts
        && first != second
    {
        let edits = vec![Edit::new(left, second.to_owned()), Edit::new(right, first.to_owned())];
        moves.extend(Move::several(family, edits, 1.0));
    }
}
