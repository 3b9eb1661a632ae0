//! Holes: code that is still to be written, as the pack's `holes.scm` knows it.

use hephaestus_core::ByteRange;
use tree_sitter::Node;

use crate::flat::FlatTree;
use crate::parsed::Parsed;
use crate::public_api::decorators;
use crate::queries::{self, Captures, HOLES};
use crate::recall::moved;
use crate::tables::Roles;
use crate::walk::Token;

/// A place that is still to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// What stands there for now.
    pub range: ByteRange,
    /// The qualified name of the function it lies in.
    pub function: String,
    /// That function's body.
    pub body: ByteRange,
    /// Whether the body consists of nothing else.
    pub whole_body: bool,
}

/// What a query takes for a hole, before the function around it has been looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) range: ByteRange,
    /// Whether it is one only when it is all there is in a body.
    must_be_all: bool,
}

/// A function as a hole sees it.
pub(crate) struct Around<'a> {
    pub(crate) qualified: &'a str,
    pub(crate) range: ByteRange,
    pub(crate) body: ByteRange,
    pub(crate) tokens: &'a [Token],
}

impl Candidate {
    /// Those at `top` and, when `deep`, below it. A hole is one node, never several side by side.
    pub(crate) fn all(parsed: &Parsed, top: Node<'_>, deep: bool) -> Vec<Self> {
        let of = |captures: Captures<'_>| {
            let whole = captures.get("hole.body");
            let node = whole.or_else(|| captures.get("hole"))?;
            Some(Self { range: ByteRange::from(node.byte_range()), must_be_all: whole.is_some() })
        };
        queries::matches_at(parsed, HOLES, top, deep).into_iter().filter_map(of).collect()
    }

    /// Those in the whole file, whose tree is `tree`.
    fn on(parsed: &Parsed, tree: &FlatTree) -> Vec<Self> {
        let root = parsed.tree().root_node();
        let Some(starts) = queries::starts(parsed, HOLES) else { return Self::all(parsed, root, true) };
        let mut cursor = root.walk();
        let mut found = Vec::new();
        for (at, _) in tree.kinds().iter().enumerate().filter(|(_, kind)| starts.contains(kind)) {
            cursor.goto_descendant(at);
            found.extend(Self::all(parsed, cursor.node(), false));
        }
        found
    }

    /// The same where the text in front has become longer by `by` bytes.
    pub(crate) fn moved(self, by: isize) -> Self {
        Self { range: moved(self.range, by), ..self }
    }

    /// The hole it is in the function around it, if it is one.
    pub(crate) fn judge(self, parsed: &Parsed, function: &Around<'_>) -> Option<Hole> {
        let whole_body = is_whole_body(parsed, function, self.range);
        if self.must_be_all && !whole_body || is_bodiless(parsed, function.range) {
            return None;
        }
        let qualified = function.qualified.to_owned();
        Some(Hole { range: self.range, function: qualified, body: function.body, whole_body })
    }
}

impl Parsed {
    /// The holes in this file's functions, in order. Functions that are meant to have no body (abstract ones) have none.
    #[must_use]
    pub fn holes(&self) -> Vec<Hole> {
        self.judge(Candidate::all(self, self.tree().root_node(), true))
    }

    /// The same, when the file's tree has been flattened already.
    pub(crate) fn holes_on(&self, tree: &FlatTree) -> Vec<Hole> {
        self.judge(Candidate::on(self, tree))
    }

    fn judge(&self, candidates: Vec<Candidate>) -> Vec<Hole> {
        let judge = |candidate: Candidate| {
            let function = self.function_at(candidate.range)?;
            let (range, body) = (function.range, function.body);
            let tokens = self.tokens(body);
            candidate.judge(self, &Around { qualified: &function.qualified, range, body, tokens })
        };
        let mut holes: Vec<Hole> = candidates.into_iter().filter_map(judge).collect();
        holes.sort_by_key(|hole| hole.range);
        holes
    }
}

/// Whether `range` and the brackets around it are all there is in the body.
fn is_whole_body(parsed: &Parsed, function: &Around<'_>, range: ByteRange) -> bool {
    let outside: Vec<_> = function.tokens.iter().filter(|token| !range.contains(token.range)).collect();
    match outside.as_slice() {
        [] => true,
        [first, .., last] => {
            let closes = parsed.language().tables().kind(last.kind).roles.any(Roles::CLOSER);
            let between = outside.len() - 2;
            let ends = outside.iter().filter(|token| token.range.slice(parsed.text()) == Some(";")).count();
            first.range.start == function.body.start && closes && between == ends
        }
        _ => false,
    }
}

fn is_bodiless(parsed: &Parsed, function: ByteRange) -> bool {
    let root = parsed.tree().root_node();
    let Some(node) = root.descendant_for_byte_range(function.start, function.end) else {
        return false;
    };
    let bodiless = &parsed.language().tables().source.bodiless;
    decorators(parsed, node).iter().any(|(name, _)| bodiless.iter().any(|own| own == name))
}

#[cfg(test)]
mod tests {
    use crate::walk::tests::parsed;

    fn holes(language: &str, text: &str) -> Vec<(String, String, bool)> {
        let parsed = parsed(language, text);
        let of = |hole: &super::Hole| {
            (hole.function.clone(), hole.range.slice(text).unwrap().to_owned(), hole.whole_body)
        };
        parsed.holes().iter().map(of).collect()
    }

    fn one(function: &str, text: &str, whole: bool) -> Vec<(String, String, bool)> {
        vec![(function.to_owned(), text.to_owned(), whole)]
    }

    #[test]
    fn python_holes_are_whole_bodies() {
        let text = "def f(a):\n    '''Doc.'''\n    raise NotImplementedError('later')  # soon\n";
        assert_eq!(holes("python", text), one("f", "raise NotImplementedError('later')", true));
        assert_eq!(
            holes("python", "class A:\n    def f(self): raise NotImplementedError\n"),
            one("A.f", "raise NotImplementedError", true)
        );
        assert!(holes("python", "def f(a):\n    if a: raise NotImplementedError\n    return 1\n").is_empty());
        assert!(holes("python", "def f(a):\n    raise ValueError\n").is_empty());
        assert!(holes("python", "raise NotImplementedError\n").is_empty());
    }

    #[test]
    fn abstract_methods_are_no_holes() {
        let text = "class A:\n    @abc.abstractmethod\n    def f(self):\n        raise NotImplementedError\n";
        assert!(holes("python", text).is_empty());
    }

    #[test]
    fn rust_holes_may_be_anywhere_in_a_function() {
        assert_eq!(holes("rust", "fn f() -> u8 { todo!() }"), one("f", "todo!()", true));
        assert_eq!(
            holes("rust", "fn f() { unimplemented!(\"x\"); }"),
            one("f", "unimplemented!(\"x\")", true)
        );
        assert_eq!(
            holes("rust", "fn f(a: u8) -> u8 { match a { 1 => 2, _ => todo!() } }"),
            one("f", "todo!()", false)
        );
        assert!(holes("rust", "fn f() { println!(\"todo!()\") }").is_empty());
    }

    #[test]
    fn javascript_holes_are_whole_bodies() {
        let text = "function f(a) {\n  // later\n  throw new Error('Not implemented yet');\n}";
        assert_eq!(holes("javascript", text), one("f", "throw new Error('Not implemented yet');", true));
        assert_eq!(
            holes("typescript", "class A { m(): void { throw new Error(\"not implemented\") } }"),
            one("A.m", "throw new Error(\"not implemented\")", true)
        );
        let text = "function f(a) { if (a) return 1; throw new Error('not implemented'); }";
        assert!(holes("javascript", text).is_empty());
    }
}
