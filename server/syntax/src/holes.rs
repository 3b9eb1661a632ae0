//! Holes: code that is still to be written, as the pack's `holes.scm` knows it.

use hephaestus_core::ByteRange;

use crate::functions::Function;
use crate::parsed::Parsed;
use crate::public_api::decorators;
use crate::queries::{self, HOLES};
use crate::tables::Roles;

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

impl Parsed {
    /// The holes in this file's functions, in order. Functions that are meant to have no body (abstract ones) have none.
    #[must_use]
    pub fn holes(&self) -> Vec<Hole> {
        let mut holes = Vec::new();
        for captures in queries::matches(self, HOLES) {
            let whole = captures.get("hole.body");
            let Some(node) = whole.or_else(|| captures.get("hole")) else { continue };
            let range = ByteRange::from(node.byte_range());
            let Some(function) = self.function_at(range) else { continue };
            let whole_body = self.is_whole_body(function, range);
            if (whole.is_none() || whole_body) && !self.is_bodiless(function) {
                let function_name = function.qualified.clone();
                holes.push(Hole { range, function: function_name, body: function.body, whole_body });
            }
        }
        holes.sort_by_key(|hole| hole.range);
        holes
    }

    /// Whether `range` and the brackets around it are all there is in the body.
    fn is_whole_body(&self, function: &Function, range: ByteRange) -> bool {
        let outside: Vec<_> =
            self.tokens(function.body).iter().filter(|token| !range.contains(token.range)).collect();
        match outside.as_slice() {
            [] => true,
            [first, .., last] => {
                let closes = self.language().tables().kind(last.kind).roles.any(Roles::CLOSER);
                let between = outside.len() - 2;
                let ends = outside.iter().filter(|token| token.range.slice(self.text()) == Some(";")).count();
                first.range.start == function.body.start && closes && between == ends
            }
            _ => false,
        }
    }

    fn is_bodiless(&self, function: &Function) -> bool {
        let root = self.tree().root_node();
        let Some(node) = root.descendant_for_byte_range(function.range.start, function.range.end) else {
            return false;
        };
        let bodiless = &self.language().tables().source.bodiless;
        decorators(self, node).iter().any(|(name, _)| bodiless.iter().any(|own| own == name))
    }
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
