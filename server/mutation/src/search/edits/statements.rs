//! Statements taken out, put in, copied, moved, put under a condition.

use hephaestus_core::{ByteRange, Edit};

use super::operators::exchange;
use super::{Move, Workplace, nearness};
use crate::nodes::Place;
use crate::search::data::Roles;

/// How many names new statements are made of.
const FEW: usize = 8;
/// The longest statement that is put under a condition, in bytes.
const LONGEST: usize = 400;

pub(super) fn make(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    let scene = work.scene;
    let statements: Vec<Place> = work.statements().collect();
    for place in &statements {
        let range = scene.nodes.range(*place);
        moves.push(Move::new("delete", range, scene.lexicon.texts.delete.as_str(), 1.0));
        insert(work, *place, moves);
        guard(work, *place, moves);
        if let Some(next) = scene.nodes.next(*place).filter(|next| scene.is_statement(*next)) {
            exchange(work, [range, scene.nodes.range(next)], "swap-statements", moves);
        }
        shift(work, *place, moves);
    }
    for branch in scene.inside(work.range).filter(|place| scene.is(*place, Roles::BRANCH)) {
        exchange_branches(work, branch, moves);
        drop_branch(work, branch, moves);
    }
}

/// A text with the lines after its first one moved from one indent to another.
fn moved(text: &str, from: &str, to: &str) -> String {
    let mut lines = text.split('\n');
    let mut moved = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        moved.push('\n');
        moved
            .push_str(&line.strip_prefix(from).map_or_else(|| line.to_owned(), |rest| format!("{to}{rest}")));
    }
    moved
}

/// New statements before and after this one.
fn insert(work: &Workplace<'_>, place: Place, moves: &mut Vec<Move>) {
    let (scene, range) = (work.scene, work.scene.nodes.range(place));
    let Some(indent) = scene.indent(range.start) else { return };
    let is_last = !scene.nodes.next(place).is_some_and(|next| scene.nodes.is_named(next));
    let mut put = |family: &'static str, text: &str, weight: f64| {
        let before = ByteRange::new(range.start, range.start);
        moves.push(Move::new(family, before, format!("{text}\n{indent}"), weight));
        if is_last {
            let after = ByteRange::new(range.end, range.end);
            moves.push(Move::new(family, after, format!("\n{indent}{text}"), weight));
        }
    };
    let (data, texts) = (&scene.lexicon.statements, &scene.lexicon.texts);
    if scene.is_in_loop(place) {
        for jump in &data.jumps {
            put("jump", jump, 1.0);
        }
    }
    for leave in &data.leaves {
        put("jump", leave, 0.5);
    }
    for (nth, name) in work.pool.names.iter().take(FEW).enumerate() {
        let weight = nearness(name, nth);
        put("new-step", &texts.increase.replace("{}", &name.text), weight);
        put("new-step", &texts.decrease.replace("{}", &name.text), weight);
        put("new-return", &texts.give.replace("{}", &name.text), weight);
        for call in &data.method_calls {
            put("new-call", &call.replace("{}", &name.text), weight);
        }
    }
    let elements = work.pool.expressions.iter().filter(|own| own.distance == 0 && own.text.ends_with(']'));
    for (nth, own) in work.pool.names.iter().take(FEW).chain(elements.take(4)).enumerate() {
        for assign in &data.assigns {
            put("new-assign", &assign.replace("{}", &own.text), nearness(own, nth));
        }
    }
    for copied in &work.pool.statements {
        if !copied.contains('\n') && copied != scene.text_of(place) {
            put("copy", copied, 1.0);
        }
    }
}

/// This statement only under a condition.
fn guard(work: &Workplace<'_>, place: Place, moves: &mut Vec<Move>) {
    let (scene, range) = (work.scene, work.scene.nodes.range(place));
    let text = scene.text_of(place);
    let Some(indent) = scene.indent(range.start).filter(|_| text.len() <= LONGEST) else { return };
    let texts = &scene.lexicon.texts;
    let deeper = format!("{indent}    ");
    let mut conditions: Vec<(String, f64)> = Vec::new();
    for (nth, own) in work.pool.conditions.iter().enumerate() {
        conditions.push((own.text.clone(), nearness(own, nth)));
    }
    let names: Vec<&str> = work.pool.names.iter().take(FEW).map(|name| name.text.as_str()).collect();
    for (nth, left) in names.iter().enumerate() {
        conditions.push(((*left).to_owned(), 0.5));
        for right in names.iter().skip(nth + 1) {
            conditions.push((texts.equal.replacen("{}", left, 1).replacen("{}", right, 1), 0.5));
            for operator in ["<", ">", "!="] {
                conditions.push((format!("{left} {operator} {right}"), 0.4));
            }
        }
    }
    for (condition, weight) in conditions {
        let guarded = texts
            .guard
            .replace("{condition}", &condition)
            .replace("{indent}", indent)
            .replace("{statement}", &moved(text, indent, &deeper));
        moves.push(Move::new("guard", range, guarded, weight));
    }
}

/// The last statement of a block after what the block belongs to; the statement after it as its last one.
fn shift(work: &Workplace<'_>, place: Place, moves: &mut Vec<Move>) {
    let (scene, nodes) = (work.scene, &work.scene.nodes);
    let range = nodes.range(place);
    let Some(indent) = scene.indent(range.start) else { return };
    let line = ByteRange::new(range.start - indent.len(), range.end);
    if let Some(outer) = nodes.around(place).find(|around| scene.is_statement(*around) && *around != place)
        && nodes.range(outer) != work.range
        && let Some(outer_indent) = scene.indent(nodes.range(outer).start)
    {
        let end = nodes.range(outer).end;
        let text = format!("\n{outer_indent}{}", moved(scene.text_of(place), indent, outer_indent));
        if line.end <= end {
            let gone = Edit::new(ByteRange::new(range.start, range.end), scene.lexicon.texts.delete.clone());
            moves.extend(Move::several(
                "move-out",
                vec![gone, Edit::new(ByteRange::new(end, end), text)],
                1.0,
            ));
        }
        let start = nodes.range(outer).start;
        let text = format!("{}\n{outer_indent}", moved(scene.text_of(place), indent, outer_indent));
        let gone = Edit::new(range, scene.lexicon.texts.delete.clone());
        moves.extend(Move::several(
            "move-out",
            vec![Edit::new(ByteRange::new(start, start), text), gone],
            0.7,
        ));
    }
    let before = nodes.previous(place).filter(|before| scene.is_statement(*before));
    let Some(last) = before.and_then(|before| last_inside(work, before)) else { return };
    if let Some(inner_indent) = scene.indent(nodes.range(last).start) {
        let end = nodes.range(last).end;
        let text = format!("\n{inner_indent}{}", moved(scene.text_of(place), indent, inner_indent));
        let gone = Edit::new(range, scene.lexicon.texts.delete.clone());
        moves.extend(Move::several("move-in", vec![Edit::new(ByteRange::new(end, end), text), gone], 1.0));
    }
}

/// The last statement of the body that ends a compound statement.
fn last_inside(work: &Workplace<'_>, outer: Place) -> Option<Place> {
    let (scene, nodes) = (work.scene, &work.scene.nodes);
    let inside =
        scene.inside(nodes.range(outer)).filter(|place| *place != outer && scene.is_statement(*place));
    inside
        .filter(|place| {
            nodes
                .parent(*place)
                .is_some_and(|parent| scene.is(parent, Roles::BLOCK) || nodes.is_named(parent))
        })
        .max_by_key(|place| (nodes.range(*place).end, std::cmp::Reverse(nodes.range(*place).start)))
}

/// What is done if, and what is done else, in each other's place.
fn exchange_branches(work: &Workplace<'_>, branch: Place, moves: &mut Vec<Move>) {
    let (scene, nodes) = (work.scene, &work.scene.nodes);
    let body_of = |place: Place| {
        nodes.children(place).find(|child| scene.lexicon.bodies.holds(nodes.kind(place), nodes.field(*child)))
    };
    let Some(first) = body_of(branch) else { return };
    let held = |child: &Place| scene.lexicon.bodies.holds(nodes.kind(branch), nodes.field(*child));
    let others = nodes
        .children(branch)
        .filter(|child| *child != first && (held(child) || scene.lexicon.bodies.has(nodes.kind(*child))));
    for other in others {
        let inner = nodes.children(other).filter(|child| nodes.is_named(*child)).last();
        // The other body itself, or what is in the clause around it.
        let second = if held(&other) { Some(other) } else { inner };
        if let Some(second) = second {
            exchange(work, [nodes.range(first), nodes.range(second)], "swap-branches", moves);
        }
    }
}

/// What is done if, always.
fn drop_branch(work: &Workplace<'_>, branch: Place, moves: &mut Vec<Move>) {
    let (scene, nodes) = (work.scene, &work.scene.nodes);
    let body = nodes
        .children(branch)
        .find(|child| scene.lexicon.bodies.holds(nodes.kind(branch), nodes.field(*child)));
    let (Some(body), Some(indent)) = (body, scene.indent(nodes.range(branch).start)) else { return };
    let inner: Vec<Place> = nodes.children(body).filter(|child| scene.is_statement(*child)).collect();
    let (Some(first), Some(last)) = (inner.first(), inner.last()) else { return };
    let range = nodes.range(*first).cover(nodes.range(*last));
    let (Some(text), Some(from)) = (range.slice(scene.text), scene.indent(range.start)) else { return };
    moves.push(Move::new("drop-condition", nodes.range(branch), moved(text, from, indent), 1.0));
}
