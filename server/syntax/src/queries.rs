//! The queries of a pack: `.scm` files, compiled when first needed, and their matches as named nodes.
//!
//! Every query that code asks for is listed in [`QUERIES`] with the captures that mean something to that code; the
//! contract test makes sure that packs use no others.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hephaestus_grammars::Pack;
use streaming_iterator::StreamingIterator;
use tree_sitter::{Node, Query, QueryCursor};

use crate::parsed::Parsed;

/// What is visible from outside.
pub(crate) const EXPORTS: &str = "exports";
/// What is still to be written.
pub(crate) const HOLES: &str = "holes";
/// What a file imports.
pub(crate) const IMPORTS: &str = "imports";

/// The queries there are, and the captures they may use; those that begin with `_` are a query's own affair.
#[cfg(test)]
pub(crate) const QUERIES: &[(&str, &[&str])] = &[
    (EXPORTS, &["declared", "declared.name", "export.name", "export.definition"]),
    (HOLES, &["hole", "hole.body"]),
    (IMPORTS, &["module", "from", "name", "use", "crate"]),
];

/// A pack's queries by name.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    compiled: BTreeMap<&'static str, OnceLock<Option<Query>>>,
}

/// The nodes of one match by capture.
pub(crate) type Captures<'tree> = BTreeMap<String, Node<'tree>>;

impl Queries {
    pub(crate) fn new(pack: &'static Pack) -> Self {
        Self { compiled: pack.queries.keys().map(|name| (name.as_str(), OnceLock::new())).collect() }
    }

    fn get(&self, name: &str, pack: &Pack, grammar: &tree_sitter::Language) -> Option<&Query> {
        let compile = || Query::new(grammar, pack.queries.get(name)?).ok();
        self.compiled.get(name)?.get_or_init(compile).as_ref()
    }
}

/// The matches of the query `name` in a file, in the order they begin; none where the pack has no such query.
pub(crate) fn matches<'tree>(parsed: &'tree Parsed, name: &str) -> Vec<Captures<'tree>> {
    let language = parsed.language();
    let Some(query) = language.queries().get(name, language.pack(), language.grammar()) else {
        return Vec::new();
    };
    let names = query.capture_names();
    let mut cursor = QueryCursor::new();
    let mut found = Vec::new();
    let mut matches = cursor.matches(query, parsed.tree().root_node(), parsed.text().as_bytes());
    while let Some(one) = matches.next() {
        let capture = |index: u32| names.get(usize::try_from(index).ok()?).map(|name| (*name).to_owned());
        found.push(one.captures().iter().filter_map(|own| Some((capture(own.index)?, own.node))).collect());
    }
    found
}
