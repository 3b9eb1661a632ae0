//! Something around a value, or what is around it taken away; one more operand or argument, or one less.

use hephaestus_core::ByteRange;

use super::{Move, Workplace, fill, is_atomic, nearness};
use crate::nodes::Place;
use crate::search::data::Roles;
use crate::search::scene::Guess;

/// How many ingredients a new operand or argument is made of.
const FEW: usize = 10;

pub(super) fn make(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    for place in work.values() {
        wrap(work, place, moves);
        unwrap(work, place, moves);
        drop_middle(work, place, moves);
        add_operand(work, place, moves);
        if work.scene.callee(place).is_some() {
            more_arguments(work, place, moves);
        }
    }
    for place in work.scene.inside(work.range).filter(|place| work.scene.is(*place, Roles::LIST)) {
        fewer_items(work, place, moves);
    }
}

/// The text of a template around a value, as it has to be written there.
fn around(work: &Workplace<'_>, place: Place, template: &str) -> String {
    let text = work.wrapped(template, place);
    work.fitted(place, &text, is_atomic(template))
}

fn wrap(work: &Workplace<'_>, place: Place, moves: &mut Vec<Move>) {
    let (scene, range) = (work.scene, work.scene.nodes.range(place));
    if scene.is_callee(place) || scene.text_of(place).len() > 200 {
        return;
    }
    let wraps = &scene.lexicon.wraps;
    let is_number = scene.is(place, Roles::NUMBER);
    let templates = match scene.guess(place) {
        Guess::Number => &wraps.number,
        Guess::Text => &wraps.text,
        Guess::Truth => &wraps.truth,
        Guess::List | Guess::Unknown => &wraps.any,
    };
    for template in templates {
        let step = matches!(template.as_str(), "{} + 1" | "{} - 1");
        let family = match (step, scene.is(place, Roles::ATOM)) {
            // A literal has its own neighbours.
            (true, _) if is_number => continue,
            (true, _) => "step",
            (false, _) if scene.guess(place) == Guess::Truth => "negate",
            (false, _) => "wrap",
        };
        moves.push(Move::new(family, range, around(work, place, template), 1.0));
    }
    for function in &work.pool.functions {
        let text = format!("{function}({})", scene.text_of(place));
        moves.push(Move::new("wrap-known", range, text, 1.0));
    }
}

/// A part of it instead: an operand, an argument, what a method is called of.
fn unwrap(work: &Workplace<'_>, place: Place, moves: &mut Vec<Move>) {
    let (scene, nodes) = (work.scene, &work.scene.nodes);
    let range = nodes.range(place);
    let mut parts = Vec::new();
    for child in nodes.children(place).filter(|child| nodes.is_named(*child)) {
        let grandchildren = nodes.children(child).filter(|inner| nodes.is_named(*inner));
        parts.extend(std::iter::once((child, 1.0)).chain(grandchildren.map(|inner| (inner, 0.6))));
    }
    let family = if scene.is(place, Roles::BINARY) { "drop-operand" } else { "unwrap" };
    for (part, weight) in parts {
        if scene.is_value(part) && !scene.is_callee(part) {
            let text = work.fitted(place, scene.text_of(part), scene.is(part, Roles::ATOM));
            moves.push(Move::new(family, range, text, weight));
        }
    }
}

/// `a + c` for `a + b + c`, where the grammar takes the first two together, or the last two.
fn drop_middle(work: &Workplace<'_>, place: Place, moves: &mut Vec<Move>) {
    let (scene, nodes) = (work.scene, &work.scene.nodes);
    let ends = |place: Place| {
        let parts: Vec<Place> = nodes.children(place).filter(|child| nodes.is_named(*child)).collect();
        Some((*parts.first()?, *parts.last()?)).filter(|(first, last)| first != last)
    };
    if !scene.is(place, Roles::BINARY) {
        return;
    }
    let Some((left, right)) = ends(place) else { return };
    if let Some((_, inner)) = ends(left).filter(|_| scene.is(left, Roles::BINARY)) {
        let gone = ByteRange::new(nodes.range(inner).start, nodes.range(right).start);
        moves.push(Move::new("drop-operand", gone, "", 0.8));
    }
    if let Some((inner, _)) = ends(right).filter(|_| scene.is(right, Roles::BINARY)) {
        let gone = ByteRange::new(nodes.range(left).end, nodes.range(inner).end);
        moves.push(Move::new("drop-operand", gone, "", 0.8));
    }
}

/// One more operand.
fn add_operand(work: &Workplace<'_>, place: Place, moves: &mut Vec<Move>) {
    let (scene, range) = (work.scene, work.scene.nodes.range(place));
    let guess = scene.guess(place);
    let parent_is_same = scene.nodes.parent(place).is_some_and(|parent| scene.is(parent, Roles::BINARY));
    if matches!(guess, Guess::Truth | Guess::List)
        || scene.is_callee(place)
        || scene.text_of(place).len() > 80
    {
        return;
    }
    let atoms = work.pool.names.iter().take(FEW).chain(work.pool.numbers.iter().take(4));
    let strings = work.pool.strings.iter().take(6);
    let operators: &[&str] = if guess == Guess::Text { &["+"] } else { &["+", "-", "*", "/", "%"] };
    let ingredients: Vec<_> =
        if guess == Guess::Number { atoms.collect() } else { atoms.chain(strings).collect() };
    for (nth, other) in ingredients.into_iter().enumerate() {
        for operator in operators.iter().filter(|operator| other.guess != Guess::Text || **operator == "+") {
            let weight = nearness(other, nth) * if parent_is_same { 0.5 } else { 1.0 };
            let right = fill(
                &format!("{{}} {operator} {}", other.text),
                scene.text_of(place),
                scene.is(place, Roles::ATOM),
                true,
            );
            moves.push(Move::new("add-operand", range, work.fitted(place, &right, false), weight));
            if *operator == "-" || other.guess == Guess::Text {
                let left = format!("{} {operator} {}", other.text, scene.text_of(place));
                moves.push(Move::new("add-operand", range, work.fitted(place, &left, false), weight * 0.5));
            }
        }
    }
}

fn more_arguments(work: &Workplace<'_>, call: Place, moves: &mut Vec<Move>) {
    let scene = work.scene;
    let (Some(callee), Some(list)) = (scene.callee(call), scene.arguments(call)) else { return };
    let end = scene.nodes.range(list).end.saturating_sub(1);
    let at = ByteRange::new(end, end);
    let comma = if scene.items(list).is_empty() { "" } else { ", " };
    let name = scene.last_name(callee);
    for more in scene.lexicon.arguments.iter().filter(|more| more.callee.iter().any(|own| own == name)) {
        for argument in &more.add {
            moves.push(Move::new("argument-usual", at, format!("{comma}{argument}"), 1.0));
        }
    }
    for (nth, own) in work.pool.names.iter().take(FEW).enumerate() {
        moves.push(Move::new("argument", at, format!("{comma}{}", own.text), nearness(own, nth)));
    }
}

/// A list without one of its items.
fn fewer_items(work: &Workplace<'_>, list: Place, moves: &mut Vec<Move>) {
    let items = work.scene.items(list);
    for (nth, item) in items.iter().enumerate() {
        let range = match (items.get(nth + 1), nth.checked_sub(1).and_then(|before| items.get(before))) {
            (Some(next), _) => ByteRange::new(item.start, next.start),
            (None, Some(before)) => ByteRange::new(before.end, item.end),
            (None, None) => *item,
        };
        moves.push(Move::new("drop-item", range, "", 1.0));
    }
}
