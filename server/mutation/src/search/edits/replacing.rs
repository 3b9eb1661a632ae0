//! Another expression: one of the function, or one of the language's own constants.

use super::{Move, Workplace, nearness};
use crate::search::data::Roles;

/// The longest expression that is replaced as a whole, in bytes.
const LONGEST: usize = 200;

pub(super) fn make(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    let scene = work.scene;
    for place in work.values() {
        let (text, range) = (scene.text_of(place), scene.nodes.range(place));
        if scene.is_callee(place) || text.len() > LONGEST {
            continue;
        }
        let guess = scene.guess(place);
        let others = work.pool.expressions.iter().enumerate();
        for (nth, other) in others.filter(|(_, other)| other.guess.fits(guess)) {
            let text = work.fitted(place, &other.text, other.atomic);
            moves.push(Move::new("expression", range, text, nearness(other, nth)));
        }
        if scene.is(place, Roles::NAME.or(Roles::NUMBER)) {
            let known = work.pool.numbers.iter().filter(|_| scene.is(place, Roles::NAME));
            let names = work.pool.names.iter().filter(|_| scene.is(place, Roles::NUMBER));
            for (nth, other) in known.chain(names).enumerate() {
                moves.push(Move::new("name-number", range, other.text.as_str(), nearness(other, nth)));
            }
        } else {
            for (nth, name) in work.pool.names.iter().enumerate().filter(|(_, name)| name.guess.fits(guess)) {
                moves.push(Move::new("expression-name", range, name.text.as_str(), nearness(name, nth)));
            }
        }
        for usual in &scene.lexicon.constants.any {
            moves.push(Move::new("constant-usual", range, work.fitted(place, usual, true), 1.0));
        }
    }
}
