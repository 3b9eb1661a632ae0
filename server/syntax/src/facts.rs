//! Facts: everything about one file that goals are made of.

use hephaestus_core::ByteRange;
use std::sync::Arc;

use crate::flat::FlatTree;
use crate::functions::Function;
use crate::holes::Hole;
use crate::nest::Nest;
use crate::parsed::Parsed;
use crate::recall::moved;
use crate::rule_sets::RuleSets;
use crate::rules::RuleMatch;
use crate::walk::{self, Scope};

/// What is known of a function without counting everything in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionFacts {
    /// Its own name.
    pub name: Arc<str>,
    /// Its name with those of the classes, modules and functions around it.
    pub qualified: Arc<str>,
    /// The definition, in bytes.
    pub range: ByteRange,
    /// Its body.
    pub body: ByteRange,
    /// Its cognitive complexity.
    pub cognitive: u32,
    /// Whether it only wraps inner functions and the complexity is theirs.
    pub wrapper: bool,
}

impl FunctionFacts {
    pub(crate) fn of(function: &Function) -> Self {
        Self {
            name: function.name.as_str().into(),
            qualified: function.qualified.as_str().into(),
            range: function.range,
            body: function.body,
            cognitive: function.metrics.cognitive,
            wrapper: function.wrapper,
        }
    }

    /// The same where the text in front has become longer by `by` bytes.
    pub(crate) fn moved(&self, by: isize) -> Self {
        Self { range: moved(self.range, by), body: moved(self.body, by), ..self.clone() }
    }
}

/// What is looked for.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Matches of these rules.
    pub rules: Option<&'a RuleSets>,
    /// Holes.
    pub holes: bool,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Where rules match; of each set of rules in order of place.
    pub matches: Vec<RuleMatch>,
    /// The functions that have a name, in the order they begin.
    pub functions: Vec<FunctionFacts>,
    /// The holes, in order of place.
    pub holes: Vec<Hole>,
    symbols: Symbols,
}

impl Facts {
    /// Looks at the whole file.
    #[must_use]
    pub fn of(parsed: &Parsed, wanted: Wanted<'_>) -> Self {
        let tree = FlatTree::of(parsed.tree().root_node());
        let outline = walk::sketch(parsed.language().tables(), parsed.text(), &tree);
        let functions: Vec<_> = outline.functions.iter().map(FunctionFacts::of).collect();
        let matches = wanted.rules.map(|rules| rules.matches_on(parsed, &tree)).unwrap_or_default();
        let holes = if wanted.holes { parsed.holes_on(&tree) } else { Vec::new() };
        Self::new(matches, functions, holes, outline.scopes)
    }

    pub(crate) fn new(
        matches: Vec<RuleMatch>,
        functions: Vec<FunctionFacts>,
        holes: Vec<Hole>,
        scopes: Vec<Scope>,
    ) -> Self {
        let symbols = Symbols::new(scopes, &functions);
        Self { matches, functions, holes, symbols }
    }

    /// The qualified name of the innermost function, method, class or module that contains `range`.
    #[must_use]
    pub fn symbol_at(&self, range: ByteRange) -> Option<&str> {
        let index = self.symbols.nest.innermost(range)?;
        match self.symbols.scopes.get(index) {
            Some(scope) => Some(&scope.qualified),
            None => {
                let index = index.checked_sub(self.symbols.scopes.len())?;
                self.functions.get(index).map(|function| &*function.qualified)
            }
        }
    }
}

/// Everything that has a name: the scopes, then the functions.
#[derive(Debug, Clone, Default)]
struct Symbols {
    scopes: Vec<Scope>,
    nest: Nest,
}

impl Symbols {
    fn new(scopes: Vec<Scope>, functions: &[FunctionFacts]) -> Self {
        let ranges = scopes.iter().map(|scope| scope.range);
        let nest = Nest::new(ranges.chain(functions.iter().map(|function| function.range)));
        Self { scopes, nest }
    }
}
