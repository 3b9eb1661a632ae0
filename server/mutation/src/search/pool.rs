//! What repairs are made of: names, constants, expressions, conditions and statements of the function that is repaired,
//! then of its file, then of the project and of what the failing tests say. Nearest first.

use std::collections::HashSet;

use hephaestus_core::ByteRange;

use super::data::Roles;
use super::scene::{Guess, Scene};
use crate::nodes::Place;

/// The longest expression that is used a second time, in bytes.
const LONGEST: usize = 80;
/// The longest statement that is.
const LONGEST_STATEMENT: usize = 240;
/// How many ingredients of one sort are kept.
const MOST: usize = 60;

/// An expression that can stand somewhere else.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ingredient {
    pub(super) text: String,
    pub(super) guess: Guess,
    /// Whether it needs no parentheses.
    pub(super) atomic: bool,
    /// How far away it was found: 0 in the function, 1 in the file, 2 elsewhere.
    pub(super) distance: u8,
}

/// Constants that failing tests mention.
#[derive(Debug, Clone, Default)]
pub(super) struct Mined {
    pub(super) numbers: Vec<String>,
    /// Without quotes.
    pub(super) texts: Vec<String>,
}

/// What repairs of one function are made of.
#[derive(Debug, Default)]
pub(super) struct Pool {
    pub(super) names: Vec<Ingredient>,
    pub(super) numbers: Vec<Ingredient>,
    pub(super) strings: Vec<Ingredient>,
    pub(super) expressions: Vec<Ingredient>,
    pub(super) conditions: Vec<Ingredient>,
    pub(super) statements: Vec<String>,
    pub(super) properties: Vec<String>,
    /// Functions of this file that take something.
    pub(super) functions: Vec<String>,
    pub(super) mined: Mined,
}

impl Pool {
    /// Gathers for the function at `range` of `scene`.
    pub(super) fn gather(scene: &Scene<'_>, range: ByteRange, mined: &Mined) -> Self {
        let mut pool = Self { mined: mined.clone(), ..Self::default() };
        let whole = ByteRange::new(0, scene.text.len());
        pool.take(scene, range, 0);
        pool.make_elements(scene, range);
        pool.take(scene, whole, 1);
        for number in &mined.numbers {
            push(&mut pool.numbers, ingredient(number.clone(), Guess::Number, true, 2));
        }
        for text in &mined.texts {
            let quoted = scene.lexicon.texts.string.replace("{}", &escaped(text));
            push(&mut pool.strings, ingredient(quoted, Guess::Text, true, 2));
        }
        pool
    }

    fn take(&mut self, scene: &Scene<'_>, range: ByteRange, distance: u8) {
        for place in scene.inside(range) {
            if scene.is_value(place) || scene.is_target(place) {
                self.take_value(scene, place, distance);
            } else if scene.is(place, Roles::NAME) && scene.is_parameter(place) {
                if distance == 0 {
                    let name = scene.text_of(place).to_owned();
                    push(&mut self.names, ingredient(name, scene.guess(place), true, 0));
                }
            } else if scene.is_property(place) {
                let text = scene.text_of(place).to_owned();
                if !self.properties.contains(&text) && self.properties.len() < MOST {
                    self.properties.push(text);
                }
            }
            if distance == 0 && scene.is_statement(place) {
                let text = scene.text_of(place);
                if text.len() <= LONGEST_STATEMENT && !self.statements.iter().any(|own| own == text) {
                    self.statements.push(text.to_owned());
                }
            }
            if let Some(callee) = scene.callee(place)
                && scene.is(callee, Roles::NAME)
                && !scene.is_property(callee)
            {
                let text = scene.text_of(callee).to_owned();
                if !self.functions.contains(&text) && self.functions.len() < MOST {
                    self.functions.push(text);
                }
            }
        }
    }

    /// Elements of what has elements, by names that are there: `a[i]` where there are `a[j]` and `i`.
    fn make_elements(&mut self, scene: &Scene<'_>, range: ByteRange) {
        let names: Vec<String> = self.names.iter().take(8).map(|name| name.text.clone()).collect();
        for place in scene.inside(range).filter(|place| scene.is(*place, Roles::SUBSCRIPT)) {
            let Some(base) = scene.nodes.children(place).next().filter(|base| scene.is(*base, Roles::NAME))
            else {
                continue;
            };
            let base = scene.text_of(base);
            for name in names.iter().filter(|name| *name != base) {
                push(&mut self.expressions, ingredient(format!("{base}[{name}]"), Guess::Unknown, true, 1));
            }
        }
        for place in scene.inside(range) {
            let Some(method) = scene.callee(place).map(|callee| scene.last_name(callee)) else { continue };
            let Some(base) = scene.nodes.children(place).next().map(|base| scene.text_of(base)) else {
                continue;
            };
            let base = base.strip_suffix(method).map_or(base, |base| base.trim_end_matches('.'));
            let is_name = !base.is_empty() && base.chars().all(|c| c.is_alphanumeric() || c == '_');
            if !is_name || !scene.lexicon.texts.element.iter().any(|own| own == method) {
                continue;
            }
            for name in names.iter().filter(|name| *name != base) {
                let element = format!("{base}.{method}({name})");
                push(&mut self.expressions, ingredient(element, Guess::Unknown, true, 1));
            }
        }
    }

    fn take_value(&mut self, scene: &Scene<'_>, place: Place, distance: u8) {
        let (text, guess) = (scene.text_of(place), scene.guess(place));
        if text.len() > LONGEST || text.contains('\n') || text.is_empty() {
            return;
        }
        let own = ingredient(text.to_owned(), guess, scene.is(place, Roles::ATOM), distance);
        if scene.is(place, Roles::NAME) {
            // What is only called is no value that is passed on; other functions' names are out of reach.
            if distance == 0 && !scene.is_callee(place) {
                push(&mut self.names, own);
            }
        } else if scene.is(place, Roles::NUMBER) {
            push(&mut self.numbers, own);
        } else if scene.is(place, Roles::STRING) {
            push(&mut self.strings, own);
        } else if distance == 0 {
            if guess == Guess::Truth {
                push(&mut self.conditions, own);
            } else {
                push(&mut self.expressions, own);
            }
        }
    }
}

fn ingredient(text: String, guess: Guess, atomic: bool, distance: u8) -> Ingredient {
    Ingredient { text, guess, atomic, distance }
}

fn push(list: &mut Vec<Ingredient>, own: Ingredient) {
    if list.len() < MOST && !list.iter().any(|known| known.text == own.text) {
        list.push(own);
    }
}

/// A text as it stands between quotes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\'', "\\'").replace('\n', "\\n")
}

/// The constants in the code of tests: what tests expect or hand over.
pub(super) fn mine(scene: &Scene<'_>, ranges: &[ByteRange], mined: &mut Mined) {
    let mut seen: HashSet<String> = HashSet::new();
    for place in ranges.iter().flat_map(|range| scene.inside(*range)) {
        let text = scene.text_of(place);
        if scene.is(place, Roles::NUMBER) && text.len() <= 12 && mined.numbers.len() < MOST {
            if seen.insert(text.to_owned()) {
                mined.numbers.push(text.to_owned());
            }
        } else if scene.is(place, Roles::STRING)
            && let Some(inner) = unquoted(text)
        {
            let short = inner.len() <= LONGEST && !inner.contains('\\');
            let signs = inner.chars().filter(|c| short && c.is_ascii_punctuation()).map(String::from);
            for text in signs.chain(short.then(|| inner.to_owned())) {
                if mined.texts.len() < MOST && seen.insert(text.clone()) {
                    mined.texts.push(text);
                }
            }
        }
    }
}

/// What stands between the quotes of a plain string.
pub(super) fn unquoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`'))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.starts_with(quote)).then_some(inner)
}
