//! Another name: of a variable, of what is called, of what stands after a dot.

use super::{Move, Workplace, nearness};
use crate::search::data::Roles;

pub(super) fn make(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    let (scene, nodes) = (work.scene, &work.scene.nodes);
    let misfit = if scene.lexicon.is_typed() { 0.05 } else { 0.3 };
    for place in scene.inside(work.range) {
        let (text, range) = (scene.text_of(place), nodes.range(place));
        let is_name = scene.is(place, Roles::NAME);
        if is_name && (scene.is_value(place) || scene.is_target(place)) {
            let family = if scene.is_target(place) { "target" } else { "name" };
            if !scene.is_callee(place) {
                for (nth, name) in work.pool.names.iter().enumerate() {
                    let fits = if name.guess.fits(scene.guess(place)) { 1.0 } else { misfit };
                    moves.push(Move::new(family, range, name.text.as_str(), fits * nearness(name, nth)));
                }
            } else {
                for name in &work.pool.functions {
                    moves.push(Move::new("callee-known", range, name.as_str(), 1.0));
                }
            }
        }
        if (is_name && scene.is_value(place)) || scene.is_property(place) {
            for rival in scene.lexicon.words.get(text).into_iter().flatten() {
                moves.push(Move::new("callee", range, rival.as_str(), 1.0));
            }
        }
        if scene.is_property(place) {
            for property in &work.pool.properties {
                moves.push(Move::new("property", range, property.as_str(), 1.0));
            }
        }
    }
}
