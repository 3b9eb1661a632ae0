//! The sieve before the matcher: for each rule a few cheap necessary conditions, read off the same YAML.
//!
//! Asking ast-grep at every node that has the right kind costs microseconds, and nearly always the answer is no. A sieve
//! answers most of these on a [`FlatTree`] in nanoseconds. It may say *maybe* where ast-grep then says no; it must never say
//! *no* where ast-grep would say yes. Whatever it does not understand is a *maybe*.

mod compile;
mod env;
mod pattern;
mod words;

use crate::flat::FlatTree;
use pattern::Shape;
use regex::Regex;
use std::sync::OnceLock;

pub(super) use compile::sieve;
pub(super) use words::Words;

/// What is known about a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// There is none.
    No,
    /// Only the matcher knows.
    Maybe,
    /// There is one, whatever metavariables stand for.
    Yes,
}

impl Answer {
    fn sure(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
            Self::Yes => Self::No,
        }
    }

    /// A *yes* that something unseen may overrule.
    fn at_most_maybe(self) -> Self {
        self.min(Self::Maybe)
    }
}

/// How far a relation reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// To the next node.
    Neighbour,
    /// To the last one.
    End,
    /// Until a rule holds, which the sieve does not look at.
    Rule,
}

/// A condition on a node that is related to another.
#[derive(Debug)]
struct Relation {
    test: Test,
    /// The kinds that `test` can hold for, where that is known: most nodes end here.
    kinds: Option<Vec<u16>>,
    field: Option<u16>,
    reach: Reach,
}

/// One condition.
#[derive(Debug)]
enum Test {
    Unknown,
    Kind(u16),
    Regex(LazyRegex),
    /// 1-based place among the named children, from the front or the back.
    NthChild {
        nth: usize,
        reverse: bool,
    },
    Pattern(Shape),
    Inside(Box<Relation>),
    Has(Box<Relation>),
    Precedes(Box<Relation>),
    Follows(Box<Relation>),
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    /// A utility rule.
    Matches(usize),
}

/// A regular expression that is compiled when it is first asked.
#[derive(Debug)]
struct LazyRegex {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    fn ask(&self, text: &str) -> Answer {
        match self.compiled.get_or_init(|| Regex::new(&self.source).ok()) {
            Some(regex) => Answer::sure(regex.is_match(text)),
            None => Answer::Maybe,
        }
    }
}

/// The conditions of one rule.
#[derive(Debug)]
pub(super) struct Sieve {
    /// All of it, what costs least first.
    test: Test,
    /// The same, in the order the matcher asks, which is that in which variables are set.
    steps: Vec<Test>,
    utils: Vec<Test>,
    /// Conditions on what metavariables stand for, by the variables' names.
    constraints: Vec<(String, Test)>,
}

/// How deep utility rules may call each other.
const DEEPEST: u8 = 12;
/// How many ancestors or descendants are looked at before the matcher is left to it.
const FARTHEST: usize = 4096;

/// A node to be judged, and the text it stands in.
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) tree: &'a FlatTree,
    pub(super) text: &'a str,
}

/// What is left to ask the matcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing: the rule does not match.
    Drop,
    /// Everything.
    Ask,
    /// Everything but the rule's outermost `not`s, which hold.
    AskWithoutNots,
}

/// A sieve at work.
#[derive(Clone, Copy)]
struct Asking<'a> {
    sieve: &'a Sieve,
    page: Page<'a>,
    /// What variables are known to stand for.
    env: &'a [(&'a str, u32)],
    /// Whether what matches here is part of the match: only then constraints apply.
    positive: bool,
    depth: u8,
}

impl Sieve {
    /// Whether the rule may match the node at `at`.
    pub(super) fn judge(&self, page: Page<'_>, at: u32) -> Verdict {
        let asking = Asking { sieve: self, page, env: &[], positive: true, depth: 0 };
        if asking.ask(&self.test, at) == Answer::No {
            return Verdict::Drop;
        }
        let (mut env, mut all_nots_hold) = (env::Env::new(), true);
        for step in &self.steps {
            let mut more = env.clone();
            let asking = Asking { env: &env, ..asking };
            match asking.ask(step, at) {
                Answer::No => return Verdict::Drop,
                answer if matches!(step, Test::Not(_)) => all_nots_hold &= answer == Answer::Yes,
                _ => asking.bind(self, step, at, &mut more),
            }
            env = more;
        }
        if all_nots_hold { Verdict::AskWithoutNots } else { Verdict::Ask }
    }
}

impl<'a> Asking<'a> {
    fn tree(&self) -> &'a FlatTree {
        self.page.tree
    }

    fn ask(&self, test: &Test, at: u32) -> Answer {
        match test {
            Test::Unknown => Answer::Maybe,
            Test::Kind(kind) => Answer::sure(self.tree().kind(at) == *kind),
            Test::Regex(regex) => regex.ask(self.tree().text(at, self.page.text)),
            Test::NthChild { nth, reverse } => self.nth_child(at, *nth, *reverse),
            Test::Pattern(shape) => shape.ask(self, at),
            Test::Inside(relation) => self.inside(relation, at),
            Test::Has(relation) => self.has(relation, at),
            Test::Precedes(relation) => self.beside(relation, at, true),
            Test::Follows(relation) => self.beside(relation, at, false),
            Test::All(tests) => self.all(tests, at),
            Test::Any(tests) => best(tests.iter().map(|test| self.ask(test, at))),
            Test::Not(test) => Self { positive: false, ..*self }.ask(test, at).not(),
            Test::Matches(util) => self.util(*util, at),
        }
    }

    fn all(&self, tests: &[Test], at: u32) -> Answer {
        let mut least = Answer::Yes;
        for test in tests {
            least = least.min(self.ask(test, at));
            if least == Answer::No {
                break;
            }
        }
        least
    }

    fn util(&self, util: usize, at: u32) -> Answer {
        match self.sieve.utils.get(util) {
            Some(test) if self.depth < DEEPEST => Self { depth: self.depth + 1, ..*self }.ask(test, at),
            _ => Answer::Maybe,
        }
    }

    fn ask_related(&self, relation: &Relation, at: u32) -> Answer {
        match &relation.kinds {
            Some(kinds) if !kinds.contains(&self.tree().kind(at)) => Answer::No,
            _ => self.ask(&relation.test, at),
        }
    }

    fn nth_child(&self, at: u32, nth: usize, reverse: bool) -> Answer {
        let tree = self.tree();
        let Some(parent) = tree.parent(at) else { return self.beyond_the_top() };
        let named = |child: &u32| tree.node(*child).is_some_and(|node| node.named);
        if !named(&at) {
            return Answer::No;
        }
        let place = if reverse {
            tree.later(at).filter(named).count() + 1
        } else {
            tree.children(parent).take_while(|child| *child <= at).filter(named).count()
        };
        Answer::sure(place == nth)
    }

    /// What is to be said about nodes around and beside the top one.
    fn beyond_the_top(&self) -> Answer {
        if self.tree().is_part() { Answer::Maybe } else { Answer::No }
    }

    fn inside(&self, relation: &Relation, at: u32) -> Answer {
        let (mut child, mut best) = (at, Answer::No);
        for _ in 0..FARTHEST {
            let Some(parent) = self.tree().parent(child) else { return best.max(self.beyond_the_top()) };
            if relation.field.is_none_or(|field| self.tree().field(parent, field) == Some(child)) {
                best = best.max(self.ask_related(relation, parent));
            }
            match relation.reach {
                Reach::Neighbour => return best,
                Reach::End if best == Answer::Yes => return best,
                Reach::Rule if best != Answer::No => return Answer::Maybe,
                Reach::End | Reach::Rule => child = parent,
            }
        }
        Answer::Maybe
    }

    fn has(&self, relation: &Relation, at: u32) -> Answer {
        let tree = self.tree();
        if let Some(field) = relation.field {
            let Some(child) = tree.field(at, field) else { return Answer::No };
            let own = self.ask_related(relation, child);
            return match relation.reach {
                Reach::Neighbour => own,
                Reach::End => own.max(self.deep(relation, child)),
                Reach::Rule => own.max(self.deep(relation, child)).at_most_maybe(),
            };
        }
        match relation.reach {
            Reach::Neighbour => best(tree.children(at).map(|child| self.ask_related(relation, child))),
            Reach::End => self.deep(relation, at),
            Reach::Rule => self.deep(relation, at).at_most_maybe(),
        }
    }

    /// Whether something in `at` fits.
    fn deep(&self, relation: &Relation, at: u32) -> Answer {
        let range = self.tree().inside(at);
        let kinds = self.tree().kinds().get(range.start as usize..range.end as usize).unwrap_or_default();
        match (&relation.kinds, &relation.test) {
            (_, Test::Kind(kind)) => Answer::sure(kinds.contains(kind)),
            // Looking for a number is quicker than asking.
            (Some(wanted), _) if !wanted.iter().any(|kind| kinds.contains(kind)) => Answer::No,
            (Some(wanted), test) => {
                let fits = range.zip(kinds).filter(|(_, kind)| wanted.contains(kind));
                best(fits.map(|(at, _)| self.ask(test, at)))
            }
            (None, _) if range.len() > FARTHEST => Answer::Maybe,
            (None, test) => best(range.map(|at| self.ask(test, at))),
        }
    }

    fn is_empty(&self, at: u32) -> bool {
        self.tree().node(at).is_none_or(|node| node.start == node.end)
    }

    /// The siblings on one side.
    fn beside(&self, relation: &Relation, at: u32, later: bool) -> Answer {
        let tree = self.tree();
        let Some(parent) = tree.parent(at) else { return self.beyond_the_top() };
        // Which siblings an empty node has is a matter of how one looks for them.
        if self.is_empty(at) {
            return Answer::Maybe;
        }
        if later {
            return self.of_siblings(relation, tree.later(at));
        }
        let siblings = tree.children(parent).take_while(|sibling| *sibling < at);
        match relation.reach {
            Reach::Neighbour => self.of_siblings(relation, siblings.last().into_iter()),
            Reach::End | Reach::Rule => self.of_siblings(relation, siblings),
        }
    }

    fn of_siblings(&self, relation: &Relation, mut siblings: impl Iterator<Item = u32>) -> Answer {
        match relation.reach {
            Reach::Neighbour => match siblings.next() {
                None => Answer::No,
                // tree-sitter passes over some empty neighbours.
                Some(sibling) if self.is_empty(sibling) => Answer::Maybe,
                Some(sibling) => self.ask_related(relation, sibling),
            },
            Reach::End => best(siblings.map(|sibling| self.ask_related(relation, sibling))),
            Reach::Rule => best(siblings.map(|sibling| self.ask_related(relation, sibling))).at_most_maybe(),
        }
    }
}

/// The best of several answers; *no* where there is none.
fn best(answers: impl Iterator<Item = Answer>) -> Answer {
    let mut best = Answer::No;
    for answer in answers {
        best = best.max(answer);
        if best == Answer::Yes {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests;
