//! Other conditions: turned round, with one more clause, another one of the function, one made of two names.

use super::{Move, Workplace, fill, nearness};
use crate::nodes::Place;
use crate::search::data::Roles;
use crate::search::pool::Ingredient;
use crate::search::scene::Guess;

/// How many names and constants clauses are made of.
const FEW: usize = 8;

pub(super) fn make(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    let (scene, texts) = (work.scene, &work.scene.lexicon.texts);
    let made = clauses(work);
    for place in work.values() {
        let (range, text) = (scene.nodes.range(place), scene.text_of(place));
        let decides = scene.is_condition(place);
        if !decides && scene.guess(place) != Guess::Truth {
            continue;
        }
        let negated = fill(&texts.not, text, scene.is(place, Roles::ATOM), false);
        moves.push(Move::new("negate", range, work.fitted(place, &negated, false), 1.0));
        for (nth, other) in work.pool.conditions.iter().enumerate() {
            let weight = nearness(other, nth);
            let bare = work.fitted(place, &other.text, other.atomic);
            moves.push(Move::new("condition", range, bare, weight));
            joined(work, place, other, "clause-known", weight, moves);
        }
        if decides || is_topmost(work, place) {
            for (nth, clause) in made.iter().enumerate() {
                joined(work, place, clause, "clause", nearness(clause, nth), moves);
                if decides {
                    moves.push(Move::new(
                        "condition-made",
                        range,
                        clause.text.as_str(),
                        nearness(clause, nth),
                    ));
                }
            }
        }
    }
}

/// Whether no other true-or-false value is around it.
fn is_topmost(work: &Workplace<'_>, place: Place) -> bool {
    let parent = work.scene.nodes.parent(place);
    !parent.is_some_and(|parent| work.scene.is_value(parent) && work.scene.guess(parent) == Guess::Truth)
}

/// With one more clause, before or after it.
fn joined(
    work: &Workplace<'_>,
    place: Place,
    clause: &Ingredient,
    family: &'static str,
    weight: f64,
    moves: &mut Vec<Move>,
) {
    let (scene, texts) = (work.scene, &work.scene.lexicon.texts);
    let (text, range) = (scene.text_of(place), scene.nodes.range(place));
    // A comparison binds more tightly than what joins it.
    let mut operators = scene.nodes.children(place).filter(|child| !scene.nodes.is_named(*child));
    let is_joined = operators.any(|own| {
        let rivals = scene.lexicon.operators.get(scene.text_of(own));
        rivals.is_some_and(|rivals| rivals.iter().any(|(_, family)| family == "connective"))
    });
    let own = if is_joined { format!("({text})") } else { text.to_owned() };
    for (join, weight) in [(&texts.and, weight), (&texts.or, weight * 0.8)] {
        let together = join.replacen("{}", &own, 1).replacen("{}", &clause.text, 1);
        moves.push(Move::new(family, range, work.fitted(place, &together, false), weight));
    }
}

/// Comparisons of names with names and constants.
fn clauses(work: &Workplace<'_>) -> Vec<Ingredient> {
    let texts = &work.scene.lexicon.texts;
    let names: Vec<_> = work.pool.names.iter().take(FEW).collect();
    let numbers: Vec<_> = work.pool.numbers.iter().filter(|number| number.distance == 0).take(3).collect();
    let strings: Vec<_> = work.pool.strings.iter().filter(|string| string.distance == 0).take(4).collect();
    let mut made = Vec::new();
    let mut push = |text: String| {
        made.push(Ingredient { text, guess: Guess::Truth, atomic: false, distance: 0 });
    };
    for (nth, name) in names.iter().enumerate() {
        for other in names.iter().skip(nth + 1).filter(|other| other.guess.fits(name.guess)) {
            push(texts.equal.replacen("{}", &name.text, 1).replacen("{}", &other.text, 1));
            for operator in ["<", ">", "!=", "<=", ">="] {
                push(format!("{} {operator} {}", name.text, other.text));
            }
        }
    }
    for name in &names {
        for number in numbers.iter().filter(|_| name.guess.fits(Guess::Number)) {
            push(texts.equal.replacen("{}", &name.text, 1).replacen("{}", &number.text, 1));
            for operator in ["<", ">", "!="] {
                push(format!("{} {operator} {}", name.text, number.text));
            }
        }
        for string in strings.iter().filter(|string| name.guess.fits(string.guess)) {
            push(texts.equal.replacen("{}", &name.text, 1).replacen("{}", &string.text, 1));
        }
        push(name.text.clone());
    }
    made
}
