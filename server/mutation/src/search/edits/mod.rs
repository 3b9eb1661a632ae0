//! The repairs of one place each, by family: a file per group of families, a line in [`all`] for each. Pure: what they make
//! is text, and whether it helps is found out by others.

mod conditions;
mod constants;
mod everywhere;
mod names;
mod operators;
mod replacing;
mod statements;
mod wrapping;

use hephaestus_core::{ByteRange, Edit};

use super::data::Roles;
use super::pool::{Ingredient, Pool};
use super::scene::Scene;
use crate::nodes::Place;

/// A small change: one repair operator at one place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Move {
    /// Sorted, disjoint edits of the file's text.
    pub(crate) edits: Vec<Edit>,
    /// Which family of repairs it belongs to.
    pub(crate) family: &'static str,
    /// How likely it is within its family, as a factor: 1 for the nearest ingredient.
    pub(crate) weight: f64,
}

/// Where moves are made, and what of.
pub(super) struct Workplace<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) pool: &'a Pool,
    /// The function.
    pub(super) range: ByteRange,
}

/// A group of families.
type Maker = fn(&Workplace<'_>, &mut Vec<Move>);

/// Every group of families.
fn all() -> [Maker; 8] {
    [
        operators::make,
        constants::make,
        names::make,
        wrapping::make,
        replacing::make,
        conditions::make,
        statements::make,
        everywhere::make,
    ]
}

/// Every move in a function, in no order that means anything; several may make the same text.
pub(super) fn moves(work: &Workplace<'_>) -> Vec<Move> {
    let mut moves = Vec::new();
    for make in all() {
        make(work, &mut moves);
    }
    moves.retain(|own| !own.edits.iter().all(|edit| edit.range.slice(work.scene.text) == Some(&*edit.text)));
    moves
}

impl Move {
    pub(super) fn new(family: &'static str, range: ByteRange, text: impl Into<String>, weight: f64) -> Self {
        Self { edits: vec![Edit::new(range, text.into())], family, weight }
    }

    /// Several edits at once; `None` where they get in each other's way.
    pub(super) fn several(family: &'static str, mut edits: Vec<Edit>, weight: f64) -> Option<Self> {
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let disjoint = edits.windows(2).all(|pair| match pair {
            [left, right] => left.range.end <= right.range.start && left.range != right.range,
            _ => true,
        });
        (disjoint && !edits.is_empty()).then_some(Self { edits, family, weight })
    }

    /// Where it begins.
    pub(super) fn start(&self) -> usize {
        self.edits.first().map_or(0, |edit| edit.range.start)
    }
}

impl Workplace<'_> {
    /// The values of the function.
    pub(super) fn values(&self) -> impl Iterator<Item = Place> {
        self.scene.inside(self.range).filter(|place| self.scene.is_value(*place))
    }

    /// The statements of the function, without the function itself.
    pub(super) fn statements(&self) -> impl Iterator<Item = Place> {
        let inside = self.scene.inside(self.range);
        inside.filter(|place| self.scene.is_statement(*place) && self.scene.nodes.range(*place) != self.range)
    }

    /// `text` as it has to be written where `place` stands.
    pub(super) fn fitted(&self, place: Place, text: &str, atomic: bool) -> String {
        if atomic || !self.is_operand(place) { text.to_owned() } else { format!("({text})") }
    }

    /// Whether something that stands here is an operand of something else.
    pub(super) fn is_operand(&self, place: Place) -> bool {
        let Some(parent) = self.scene.nodes.parent(place) else { return false };
        if !self.scene.is(parent, Roles::OPERAND_OF) {
            return false;
        }
        let is_first = self.scene.nodes.children(parent).next() == Some(place);
        !self.scene.is(parent, Roles::SUBSCRIPT) || is_first
    }

    /// `template` with a value for each `{}`, in parentheses where it needs them.
    pub(super) fn wrapped(&self, template: &str, place: Place) -> String {
        let text = self.scene.text_of(place);
        fill(template, text, self.scene.is(place, Roles::ATOM), self.is_sum(place))
    }

    /// Whether it is made by arithmetic.
    fn is_sum(&self, place: Place) -> bool {
        self.scene.is(place, Roles::BINARY)
            && self.scene.nodes.children(place).any(|child| {
                !self.scene.nodes.is_named(child)
                    && matches!(self.scene.text_of(child), "+" | "-" | "*" | "/" | "//" | "%" | "**")
            })
    }
}

/// A template with a text for each `{}`, in parentheses unless it is atomic or stands between some.
pub(super) fn fill(template: &str, text: &str, atomic: bool, is_sum: bool) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("{}") {
        let (before, after) = (rest.get(..at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default());
        filled.push_str(before);
        let so_far = filled.trim_end();
        let open = so_far.is_empty() && after.is_empty()
            || (so_far.is_empty() || so_far.ends_with(['(', '[', ',', '=']))
                && (after.is_empty() || after.starts_with([')', ']', ',', ';']));
        let last_term = is_sum && so_far.is_empty() && (after.starts_with(" + ") || after.starts_with(" - "));
        if atomic || open || last_term {
            filled.push_str(text);
        } else {
            filled.push('(');
            filled.push_str(text);
            filled.push(')');
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// Whether an expression of this template needs no parentheses.
pub(super) fn is_atomic(template: &str) -> bool {
    let inner = template.trim();
    let closes =
        inner.ends_with([')', ']', '}']) || inner.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    closes && !inner.contains(' ') && !inner.starts_with(['-', '!', '*', '&'])
}

/// How likely an ingredient is by where it comes from and how many come before it.
pub(super) fn nearness(ingredient: &Ingredient, nth: usize) -> f64 {
    let distance = match ingredient.distance {
        0 => 1.0,
        1 => 0.6,
        _ => 0.4,
    };
    distance / (1.0 + 0.1 * f64::from(u32::try_from(nth).unwrap_or(u32::MAX)))
}
