//! A file as a search sees it: its nodes with the parts they play, what is a value and what is only a name, what a value
//! seems to be. It changes nothing.

use std::collections::{BTreeMap, HashMap};

use hephaestus_core::ByteRange;
use hephaestus_syntax::Parsed;

use super::data::{Lexicon, Roles};
use crate::nodes::{Nodes, Place};

/// How many nodes may stand between a name and what declares it: pointers, references, lists.
const DECLARATORS: usize = 4;

/// What a value seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Guess {
    Number,
    Text,
    Truth,
    List,
    Unknown,
}

impl Guess {
    /// Whether one may stand where the other stands.
    pub(super) fn fits(self, other: Self) -> bool {
        self == other || self == Self::Unknown || other == Self::Unknown
    }
}

/// A file that is looked at.
pub(super) struct Scene<'a> {
    pub(super) text: &'a str,
    pub(super) nodes: Nodes,
    pub(super) lexicon: &'a Lexicon,
    /// Nodes in which names are no values.
    closed: Vec<bool>,
    guesses: HashMap<&'a str, Guess>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(parsed: &'a Parsed, lexicon: &'a Lexicon) -> Self {
        let text = parsed.file().text.as_ref();
        let nodes = Nodes::of(parsed.tree());
        let mut closed = vec![false; nodes.len()];
        for place in 0..nodes.len() {
            let is_closed = nodes.parent(place).is_some_and(|parent| {
                let (kind, field) = (nodes.kind(parent), nodes.field(place));
                closed.get(parent).copied().unwrap_or_default()
                    || lexicon.names_only.holds(kind, field)
                    || (lexicon.properties.holds(kind, field) && place != parent + 1)
            });
            if let Some(own) = closed.get_mut(place) {
                *own = is_closed;
            }
        }
        let mut scene = Self { text, nodes, lexicon, closed, guesses: HashMap::new() };
        scene.guess_names();
        scene
    }

    pub(super) fn text_of(&self, place: Place) -> &'a str {
        self.nodes.range(place).slice(self.text).unwrap_or_default()
    }

    pub(super) fn roles(&self, place: Place) -> Roles {
        self.lexicon.roles(self.nodes.kind(place))
    }

    pub(super) fn is(&self, place: Place, roles: Roles) -> bool {
        self.nodes.is_named(place) && self.roles(place).any(roles)
    }

    /// The nodes that begin inside `range` and end there.
    pub(super) fn inside(&self, range: ByteRange) -> impl Iterator<Item = Place> {
        let (first, last) = self.nodes.beginning_in(range);
        (first..last).filter(move |place| self.nodes.range(*place).end <= range.end)
    }

    /// Code with a value, as opposed to names of functions, parameters, types, and places where values are stored.
    pub(super) fn is_value(&self, place: Place) -> bool {
        self.is(place, Roles::EXPRESSION)
            && !self.closed.get(place).copied().unwrap_or_default()
            && !self.is_target(place)
            && !self.nodes.is_broken(place)
    }

    /// A place where a value is stored.
    pub(super) fn is_target(&self, place: Place) -> bool {
        self.nodes.parent(place).is_some_and(|parent| {
            self.lexicon.targets.holds(self.nodes.kind(parent), self.nodes.field(place))
                && self.nodes.is_named(place)
                || (self.is(parent, Roles::LIST) && self.is_target(parent))
        })
    }

    /// A name after a dot.
    pub(super) fn is_property(&self, place: Place) -> bool {
        self.nodes.parent(place).is_some_and(|parent| {
            // What stands first stands for itself: `f` of `f(x)` in a grammar that knows only `a.f(x)` with `a` left out.
            self.lexicon.properties.holds(self.nodes.kind(parent), self.nodes.field(place))
                && place != parent + 1
        })
    }

    /// A name in a list of parameters: by itself, in front of its type or default, or declared.
    pub(super) fn is_parameter(&self, place: Place) -> bool {
        let Some(parent) = self.nodes.parent(place) else { return false };
        let leads = self.nodes.children(parent).find(|child| self.nodes.is_named(*child)) == Some(place);
        self.is(parent, Roles::PARAMETERS)
            || leads && self.nodes.parent(parent).is_some_and(|list| self.is(list, Roles::PARAMETERS))
            || self.declared_type(place).is_some_and(|declaration| {
                self.nodes.parent(declaration).is_some_and(|list| self.is(list, Roles::PARAMETERS))
            })
    }

    /// What declares a name, where the language says its type.
    fn declared_type(&self, name: Place) -> Option<Place> {
        if !self.is(name, Roles::NAME) {
            return None;
        }
        let mut inner = name;
        for around in self.nodes.around(name).take(DECLARATORS) {
            let (kind, field) = (self.nodes.kind(around), self.nodes.field(inner));
            if self.lexicon.declarations.has(kind) {
                let declares = !self.lexicon.declarations.holds(kind, field) && self.nodes.is_named(inner);
                return declares.then_some(around);
            }
            let leads = self.lexicon.targets.holds(kind, field)
                || !self.is(around, Roles::EXPRESSION.or(Roles::STATEMENT).or(Roles::LIST));
            if !leads {
                return None;
            }
            inner = around;
        }
        None
    }

    /// What values of the declared type are; `None` where its name tells nothing.
    fn guess_of_type(&self, declaration: Place, name: Place) -> Option<Guess> {
        let (types, kind) = (&self.lexicon.types, self.nodes.kind(declaration));
        let own = self.nodes.children(declaration).find(|child| {
            self.nodes.is_named(*child) && self.lexicon.declarations.holds(kind, self.nodes.field(*child))
        })?;
        let text = self.text_of(own);
        // `int a[9]`, `[]int`, `int[]`.
        let declared = self.nodes.range(own).cover(self.nodes.range(name)).slice(self.text)?;
        let after = self.text.get(self.nodes.range(name).end..)?.trim_start();
        if types.contains_key("[]") && text.contains("[]")
            || after.starts_with('[')
            || declared.contains(['*'])
        {
            return Some(Guess::List);
        }
        let bare = text.split('<').next()?;
        bare.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .rev()
            .find_map(|word| types.get(word).copied())
    }

    /// A value that decides something.
    pub(super) fn is_condition(&self, place: Place) -> bool {
        self.nodes.parent(place).is_some_and(|parent| {
            self.lexicon.conditions.holds(self.nodes.kind(parent), self.nodes.field(place))
                || self.is(parent, Roles::INSIDE)
        })
    }

    /// A statement of a block.
    pub(super) fn is_statement(&self, place: Place) -> bool {
        if !self.nodes.is_named(place) || self.is(place, Roles::COMMENT) || self.nodes.is_broken(place) {
            return false;
        }
        let in_block = self.nodes.parent(place).is_some_and(|parent| self.is(parent, Roles::BLOCK));
        let is_block = self.is(place, Roles::BLOCK);
        (in_block || self.is(place, Roles::STATEMENT)) && !is_block
    }

    /// The innermost statement around a node, itself included.
    pub(super) fn statement_of(&self, place: Place) -> Option<Place> {
        std::iter::once(place).chain(self.nodes.around(place)).find(|place| self.is_statement(*place))
    }

    /// Whether a loop stands around it, within the innermost function.
    pub(super) fn is_in_loop(&self, place: Place) -> bool {
        let mut around = self.nodes.around(place);
        around
            .find(|place| self.is(*place, Roles::LOOP) || self.is(*place, Roles::FUNCTION))
            .is_some_and(|place| self.is(place, Roles::LOOP))
    }

    /// What is called, where the node is a call.
    pub(super) fn callee(&self, place: Place) -> Option<Place> {
        let field = self.lexicon.calls.get(&self.nodes.kind(place))?;
        self.nodes.in_field(place, *field)
    }

    /// The list of arguments of a call.
    pub(super) fn arguments(&self, place: Place) -> Option<Place> {
        self.callee(place)?;
        self.nodes.children(place).find(|child| self.is(*child, Roles::LIST))
    }

    /// Whether it is what a call calls.
    pub(super) fn is_callee(&self, place: Place) -> bool {
        self.nodes.parent(place).is_some_and(|parent| self.callee(parent) == Some(place))
    }

    /// The last name of what is called or named: `f` of `f`, `m` of `a.b.m`.
    pub(super) fn last_name(&self, place: Place) -> &'a str {
        self.text_of(place).rsplit(['.', ':']).next().unwrap_or_default()
    }

    /// The items of a list, as stretches between commas.
    pub(super) fn items(&self, list: Place) -> Vec<ByteRange> {
        let mut items = Vec::new();
        let mut open: Option<ByteRange> = None;
        for child in self.nodes.children(list) {
            let text = self.text_of(child);
            let is_border =
                !self.nodes.is_named(child) && matches!(text, "," | "(" | ")" | "[" | "]" | "{" | "}");
            if is_border {
                items.extend(open.take());
            } else {
                let range = self.nodes.range(child);
                open = Some(open.map_or(range, |open| open.cover(range)));
            }
        }
        items.extend(open);
        items
    }

    /// The blanks a line begins with; `None` where something else stands before `at`.
    pub(super) fn indent(&self, at: usize) -> Option<&'a str> {
        let before = self.text.get(..at)?;
        let line = before.get(before.rfind('\n').map_or(0, |end| end + 1)..)?;
        line.bytes().all(|byte| byte == b' ' || byte == b'\t').then_some(line)
    }

    /// What a value seems to be.
    pub(super) fn guess(&self, place: Place) -> Guess {
        let roles = self.roles(place);
        if roles.any(Roles::NUMBER) {
            return Guess::Number;
        }
        if roles.any(Roles::STRING) {
            // One reckons with characters.
            return if roles.any(Roles::CHARACTER) { Guess::Number } else { Guess::Text };
        }
        if roles.any(Roles::TRUTH) {
            return Guess::Truth;
        }
        if roles.any(Roles::NAME) {
            return self.guesses.get(self.text_of(place)).copied().unwrap_or(Guess::Unknown);
        }
        if roles.any(Roles::LIST) {
            return Guess::List;
        }
        if let Some(callee) = self.callee(place) {
            return self.lexicon.results.get(self.last_name(callee)).copied().unwrap_or(Guess::Unknown);
        }
        self.guess_of_operation(place)
    }

    fn guess_of_operation(&self, place: Place) -> Guess {
        let mut operands = Guess::Unknown;
        let mut operator = "";
        for child in self.nodes.children(place) {
            if self.nodes.is_named(child) {
                let guess = if self.roles(place).any(Roles::BINARY) || self.is_wrapped(place) {
                    self.guess(child)
                } else {
                    Guess::Unknown
                };
                operands = if guess == Guess::Unknown { operands } else { guess };
            } else {
                operator = self.text_of(child);
                if self.lexicon.truth_operators.iter().any(|own| own == operator) {
                    return Guess::Truth;
                }
            }
        }
        match operator {
            "-" | "/" | "//" | "**" if self.roles(place).any(Roles::BINARY) => Guess::Number,
            "+" | "*" | "%" if self.roles(place).any(Roles::BINARY) => operands,
            _ if self.is_wrapped(place) => operands,
            _ => Guess::Unknown,
        }
    }

    /// Parentheses around one thing.
    fn is_wrapped(&self, place: Place) -> bool {
        self.text_of(place).starts_with('(') && self.nodes.children(place).count() == 3
    }

    fn guess_names(&mut self) {
        let mut found: BTreeMap<&'a str, Vec<Guess>> = BTreeMap::new();
        for place in 0..self.nodes.len() {
            if !self.is(place, Roles::NAME) {
                continue;
            }
            let declared = self.declared_type(place).and_then(|around| self.guess_of_type(around, place));
            if let Some(guess) = declared {
                found.entry(self.text_of(place)).or_default().push(guess);
            } else if self.is_target(place)
                && let Some(value) = self.value_stored(place)
            {
                found.entry(self.text_of(place)).or_default().push(self.guess(value));
            }
        }
        for (name, guesses) in found {
            let known: Vec<Guess> = guesses.into_iter().filter(|guess| *guess != Guess::Unknown).collect();
            if let Some(first) = known.first()
                && known.iter().all(|guess| guess == first)
            {
                self.guesses.insert(name, *first);
            }
        }
    }

    /// What is stored into a target: the value that follows it.
    fn value_stored(&self, target: Place) -> Option<Place> {
        let parent = self.nodes.parent(target)?;
        let named = |list: Place| self.nodes.children(list).filter(|child| self.nodes.is_named(*child));
        let values = |from: Place, around: Place| {
            named(around)
                .filter(move |child| *child > from)
                .find(|child| self.is(*child, Roles::EXPRESSION.or(Roles::LIST)))
        };
        if !self.is(parent, Roles::LIST) {
            return values(target, parent).filter(|value| self.is(*value, Roles::EXPRESSION));
        }
        // `a, b = 1, 2`: the value at the same place.
        let list = values(parent, self.nodes.parent(parent)?).filter(|list| self.is(*list, Roles::LIST))?;
        let nth = named(parent).position(|own| own == target)?;
        (named(list).count() == named(parent).count()).then(|| named(list).nth(nth))?
    }
}
