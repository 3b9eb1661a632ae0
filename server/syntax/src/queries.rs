//! The queries of a pack: `.scm` files, compiled when first needed, and their matches as named nodes.
//!
//! Every query that code asks for is listed in [`QUERIES`] with the captures that mean something to that code; the
//! contract test makes sure that packs use no others.

mod clue;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hephaestus_grammars::Pack;
use regex::Regex;
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

/// The queries whose every match depends on a predicate about some text.
const CLUED: &[&str] = &[HOLES];

/// A pack's queries by name.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    compiled: BTreeMap<&'static str, OnceLock<Option<Compiled>>>,
}

#[derive(Debug)]
struct Compiled {
    query: Query,
    /// What a text must contain for the query to match in it, where that is known.
    clue: Option<Regex>,
    /// The kinds of node that its matches begin at, where these are known.
    starts: Option<Vec<u16>>,
}

/// The nodes of one match by capture.
pub(crate) type Captures<'tree> = BTreeMap<String, Node<'tree>>;

impl Queries {
    pub(crate) fn new(pack: &'static Pack) -> Self {
        Self { compiled: pack.queries.keys().map(|name| (name.as_str(), OnceLock::new())).collect() }
    }

    fn get(&self, name: &str, pack: &Pack, grammar: &tree_sitter::Language) -> Option<&Compiled> {
        let compile = || {
            let source = pack.queries.get(name)?;
            let clue = CLUED.contains(&name).then(|| clue::clue(source)).flatten();
            let starts = clue::roots(source).map(|kinds| {
                let id = |kind: &String| grammar.id_for_node_kind(kind, true);
                kinds.iter().map(id).collect()
            });
            Some(Compiled { query: Query::new(grammar, source).ok()?, clue, starts })
        };
        self.compiled.get(name)?.get_or_init(compile).as_ref()
    }
}

/// The matches of the query `name` in a file, in the order they begin; none where the pack has no such query.
pub(crate) fn matches<'tree>(parsed: &'tree Parsed, name: &str) -> Vec<Captures<'tree>> {
    matches_at(parsed, name, parsed.tree().root_node(), true)
}

/// The kinds of node that matches of the query `name` begin at, where these are known; none where there can be no match in
/// the whole text.
pub(crate) fn starts(parsed: &Parsed, name: &str) -> Option<Vec<u16>> {
    let language = parsed.language();
    let Some(Compiled { clue, starts, .. }) =
        language.queries().get(name, language.pack(), language.grammar())
    else {
        return Some(Vec::new());
    };
    if clue.as_ref().is_some_and(|clue| !clue.is_match(parsed.text())) {
        return Some(Vec::new());
    }
    // A supertype has no nodes of its own.
    starts.clone().filter(|kinds| {
        let is_real = |kind: &u16| *kind != 0 && language.grammar().node_kind_is_visible(*kind);
        kinds.iter().all(is_real)
    })
}

/// The matches that begin at `top` or, when `deep`, below it.
pub(crate) fn matches_at<'tree>(
    parsed: &Parsed,
    name: &str,
    top: Node<'tree>,
    deep: bool,
) -> Vec<Captures<'tree>> {
    let language = parsed.language();
    let Some(Compiled { query, clue, .. }) =
        language.queries().get(name, language.pack(), language.grammar())
    else {
        return Vec::new();
    };
    let text = parsed.text().get(top.byte_range()).unwrap_or_default();
    if clue.as_ref().is_some_and(|clue| !clue.is_match(text)) {
        return Vec::new();
    }
    let names = query.capture_names();
    let mut cursor = QueryCursor::new();
    if !deep {
        cursor.set_max_start_depth(Some(0));
    }
    let mut found = Vec::new();
    let mut matches = cursor.matches(query, top, parsed.text().as_bytes());
    while let Some(one) = matches.next() {
        let capture = |index: u32| names.get(usize::try_from(index).ok()?).map(|name| (*name).to_owned());
        found.push(one.captures().iter().filter_map(|own| Some((capture(own.index)?, own.node))).collect());
    }
    found
}
