//! Matching: walks a tree once, asks at each node only the rules that can match its kind, and turns matches into edits.

use ast_grep_core::matcher::{MatcherExt, NodeMatch};
use ast_grep_core::replacer::Replacer;
use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_core::{AstGrep, Node};
use hephaestus_core::{ByteRange, CancelToken, Edit};
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use super::dialect::Dialect;
use super::ignores::Ignores;
use super::layout::{self, Expanded, Layout};
use super::load::Compiled;
use super::{RuleMatch, RuleSet, literals};
use crate::Parsed;

/// How many nodes are visited between two looks at the cancel token.
const NODES_PER_LOOK: usize = 1024;

type Doc = StrDoc<Dialect>;

impl RuleSet {
    /// Every match in the file, sorted by start, end and rule id. Matches may overlap, also those of one rule. What
    /// touches a syntax error, or is ignored by a comment, is left out. A cancelled scan returns what it had.
    #[must_use]
    pub fn matches(&self, parsed: &Parsed, cancel: &CancelToken) -> Vec<RuleMatch> {
        let whole = ByteRange::new(0, parsed.file().text.len());
        self.scan(parsed, whole, cancel)
    }

    /// The matches whose node and edit both lie inside `range`. Visits that part of the tree only.
    #[must_use]
    pub fn match_in(&self, parsed: &Parsed, range: ByteRange) -> Vec<RuleMatch> {
        self.scan(parsed, range, &CancelToken::new())
    }

    fn scan(&self, parsed: &Parsed, range: ByteRange, cancel: &CancelToken) -> Vec<RuleMatch> {
        if parsed.language().id() != self.language().id() {
            return Vec::new();
        }
        let active: Vec<bool> = self.rules.iter().map(|rule| rule.covers(&parsed.file().path)).collect();
        let page = Page::new(parsed);
        let mut found = Vec::new();
        let candidates =
            |kind: u16| self.by_kind.get(usize::from(kind)).map(Vec::as_slice).unwrap_or_default();
        page.walk(
            range,
            cancel,
            |kind| !candidates(kind).is_empty(),
            |node| {
                for index in
                    candidates(node.kind_id()).iter().filter(|index| active.get(**index) == Some(&true))
                {
                    let rule_match = self.rules.get(*index).and_then(|rule| page.try_rule(rule, &node));
                    found.extend(rule_match.filter(|found| range.contains(found.edit.range)));
                }
            },
        );
        found.sort_by(|left, right| {
            let key = |found: &RuleMatch| (found.range.start, found.range.end);
            key(left).cmp(&key(right)).then_with(|| left.rule.id.cmp(&right.rule.id))
        });
        found.dedup();
        found
    }
}

/// One file while it is scanned.
struct Page<'p> {
    parsed: &'p Parsed,
    grep: AstGrep<Doc>,
    errors: Vec<ByteRange>,
    ignores: Ignores,
    layout: OnceCell<Layout>,
    /// The file with spaces for tabs, parsed anew: only when a replacement of several lines goes into tabbed code.
    expanded: OnceCell<Option<(Expanded, AstGrep<Doc>)>>,
}

impl<'p> Page<'p> {
    fn new(parsed: &'p Parsed) -> Self {
        let text = &parsed.file().text;
        let doc = StrDoc {
            src: text.as_ref().to_owned(),
            lang: Dialect(parsed.language().clone()),
            tree: parsed.tree().clone(),
        };
        let has_error = parsed.tree().root_node().has_error();
        Self {
            parsed,
            grep: AstGrep::doc(doc),
            errors: if has_error { parsed.error_ranges() } else { Vec::new() },
            ignores: Ignores::of(text, parsed.tree()),
            layout: OnceCell::new(),
            expanded: OnceCell::new(),
        }
    }

    fn text(&self) -> &str {
        &self.parsed.file().text
    }

    fn layout(&self) -> Layout {
        *self.layout.get_or_init(|| Layout::of(self.text()))
    }

    /// Visits the nodes inside `range`, outermost first.
    fn walk(
        &self,
        range: ByteRange,
        cancel: &CancelToken,
        is_wanted: impl Fn(u16) -> bool,
        mut visit: impl FnMut(Node<'_, Doc>),
    ) {
        let root = self.grep.root().get_inner_node();
        let Some(top) = root.descendant_for_byte_range(range.start, range.end) else { return };
        let mut cursor = top.walk();
        let mut visited = 0_usize;
        loop {
            visited += 1;
            if visited.is_multiple_of(NODES_PER_LOOK) && cancel.is_cancelled() {
                return;
            }
            let node = cursor.node();
            let place = ByteRange::from(node.byte_range());
            if range.contains(place) && is_wanted(node.kind_id()) {
                visit(self.grep.adopt(node));
            }
            let may_hold_matches = place.start < range.end && range.start < place.end;
            if may_hold_matches && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    fn try_rule(&self, rule: &Compiled, node: &Node<'_, Doc>) -> Option<RuleMatch> {
        let found = rule.config.matcher.match_node(node.clone())?;
        let range = ByteRange::from(found.range());
        let inner = found.get_inner_node();
        if inner.has_error() || self.ignores.cover(&rule.rule.id, inner.start_position().row) {
            return None;
        }
        let edit = self.edit(rule, &found)?;
        let touched = range.cover(edit.range);
        if self.errors.iter().any(|error| error.overlaps(touched) || error.contains(touched)) {
            return None;
        }
        let message = if rule.rule.message.contains('$') {
            rule.config.get_message(&found)
        } else {
            rule.rule.message.clone()
        };
        Some(RuleMatch { rule: Arc::clone(&rule.rule), range, edit, message })
    }

    /// The replacement, laid out like the file. `None` when it changes nothing.
    fn edit(&self, rule: &Compiled, found: &NodeMatch<'_, Doc>) -> Option<Edit> {
        let fixer = rule.fixer(0);
        let range = fixer.get_replaced_range(found, &rule.config.matcher);
        let mut text = String::from_utf8(fixer.generate_replacement(found)).ok()?;
        if text.contains('\n') {
            text = self.lay_out(rule, found, &range, text);
        }
        (self.text().get(range.clone())? != text).then(|| Edit::new(range, text))
    }

    fn lay_out(
        &self,
        rule: &Compiled,
        found: &NodeMatch<'_, Doc>,
        range: &Range<usize>,
        as_written: String,
    ) -> String {
        let layout = self.layout();
        let indented = if layout.tabs {
            self.with_tabs(rule, found, range)
        } else {
            String::from_utf8(rule.fixer(layout.step).generate_replacement(found)).ok()
        };
        let text = indented.unwrap_or(as_written).replace("\r\n", "\n");
        let text = layout::clear_blank_lines(&text);
        let text = literals::restore(text, self.text(), self.parsed.tree(), range.start, range.end);
        if layout.crlf { text.replace('\n', "\r\n") } else { text }
    }

    /// Matches once more where tabs are spaces, and turns the result's spaces back to tabs.
    fn with_tabs(&self, rule: &Compiled, found: &NodeMatch<'_, Doc>, range: &Range<usize>) -> Option<String> {
        let (expanded, grep) = self.expanded.get_or_init(|| expand(self.text(), self.parsed)).as_ref()?;
        let place = expanded.map(&found.range());
        let root = grep.root().get_inner_node();
        let mut twin = root.descendant_for_byte_range(place.start, place.end)?;
        while twin.kind_id() != found.kind_id() {
            twin = twin.parent().filter(|parent| parent.byte_range() == place)?;
        }
        let twin = rule.config.matcher.match_node(grep.adopt(twin))?;
        let fixer = rule.fixer(self.layout().step);
        if fixer.get_replaced_range(&twin, &rule.config.matcher) != expanded.map(range) {
            return None;
        }
        String::from_utf8(fixer.generate_replacement(&twin)).ok().map(|text| layout::collapse(&text))
    }
}

fn expand(text: &str, parsed: &Parsed) -> Option<(Expanded, AstGrep<Doc>)> {
    let expanded = Expanded::of(text);
    let doc = StrDoc::try_new(&expanded.text, Dialect(parsed.language().clone())).ok()?;
    Some((expanded, AstGrep::doc(doc)))
}
