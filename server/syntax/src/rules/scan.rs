//! Matching: flattens a tree in one walk, asks at each node only the rules that can match its kind and pass the sieve, and
//! turns matches into edits.

pub(crate) mod pieces;

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
use super::sieve::{self, Verdict, Words};
use super::{RuleMatch, RuleSet, literals};
use crate::Parsed;
use crate::flat::FlatTree;

/// How many nodes are visited between two looks at the cancel token.
const NODES_PER_LOOK: u32 = 4096;
/// How many suspects are tried between two looks at it.
const SUSPECTS_PER_LOOK: usize = 16;

pub(super) type Doc = StrDoc<Dialect>;

impl RuleSet {
    /// Every match in the file, sorted by start, end and rule id. Matches may overlap, also those of one rule. What
    /// touches a syntax error, or is ignored by a comment, is left out. A cancelled scan returns what it had.
    #[must_use]
    pub fn matches(&self, parsed: &Parsed, cancel: &CancelToken) -> Vec<RuleMatch> {
        let tree = FlatTree::of(parsed.tree().root_node());
        self.matches_on(parsed, &tree, cancel)
    }

    /// The same for a file whose whole tree is `tree`.
    pub(crate) fn matches_on(
        &self,
        parsed: &Parsed,
        tree: &FlatTree,
        cancel: &CancelToken,
    ) -> Vec<RuleMatch> {
        let whole = ByteRange::new(0, parsed.file().text.len());
        self.scan(parsed, tree, whole, cancel)
    }

    /// The matches whose node and edit both lie inside `range`. Visits that part of the tree only.
    #[must_use]
    pub fn match_in(&self, parsed: &Parsed, range: ByteRange) -> Vec<RuleMatch> {
        let root = parsed.tree().root_node();
        let Some(top) = root.descendant_for_byte_range(range.start, range.end) else { return Vec::new() };
        self.scan(parsed, &FlatTree::of(top), range, &CancelToken::new())
    }

    /// The matches inside `range`. `tree` is that of the whole file, or of the innermost node around `range`.
    fn scan(
        &self,
        parsed: &Parsed,
        tree: &FlatTree,
        range: ByteRange,
        cancel: &CancelToken,
    ) -> Vec<RuleMatch> {
        if parsed.language().id() != self.language().id() {
            return Vec::new();
        }
        let suspects = self.suspects(parsed, tree, range, cancel);
        if suspects.is_empty() {
            return Vec::new();
        }
        let page = Page::new(parsed);
        let root = page.grep.root().get_inner_node();
        let top = match tree.is_part() {
            true => root.descendant_for_byte_range(range.start, range.end),
            false => Some(root),
        };
        let Some(top) = top else { return Vec::new() };
        let (mut cursor, mut found) = (top.walk(), Vec::new());
        for (visited, Suspect { at, rule, verdict }) in suspects.into_iter().enumerate() {
            if visited.is_multiple_of(SUSPECTS_PER_LOOK) && cancel.is_cancelled() {
                break;
            }
            cursor.goto_descendant(at as usize);
            let rule_match = page.try_suspect(rule, page.grep.adopt(cursor.node()), verdict);
            found.extend(rule_match.filter(|found| range.contains(found.edit.range)));
        }
        found.sort_by(|left, right| {
            let key = |found: &RuleMatch| (found.range.start, found.range.end);
            key(left).cmp(&key(right)).then_with(|| left.rule.id.cmp(&right.rule.id))
        });
        found.dedup();
        found
    }

    /// The nodes inside `range`, outermost first, that rules may match.
    fn suspects(
        &self,
        parsed: &Parsed,
        tree: &FlatTree,
        range: ByteRange,
        cancel: &CancelToken,
    ) -> Vec<Suspect<'_>> {
        let file = parsed.file();
        let words = self.words.get_or_init(|| Words::of(self.rules.iter().map(Compiled::sieve)));
        let may_match = words.may_match(&file.text);
        let covers = |(rule, may_match): (&Compiled, bool)| may_match && rule.covers(&file.path);
        let covers: Vec<bool> = self.rules.iter().zip(may_match).map(covers).collect();
        let page = sieve::Page { tree, text: &file.text };
        let mut suspects = Vec::new();
        for (at, kind) in (0..tree.len()).zip(tree.kinds()) {
            if at.is_multiple_of(NODES_PER_LOOK) && cancel.is_cancelled() {
                break;
            }
            let Some(candidates) = self.by_kind.get(usize::from(*kind)).filter(|rules| !rules.is_empty())
            else {
                continue;
            };
            let place = tree.node(at).map(|node| ByteRange::new(node.start as usize, node.end as usize));
            if !place.is_some_and(|place| range.contains(place)) {
                continue;
            }
            for index in candidates.iter().filter(|index| covers.get(**index) == Some(&true)) {
                let rule = self.rules.get(*index);
                suspects.extend(rule.and_then(|rule| {
                    let verdict = rule.judge(page, at);
                    (verdict != Verdict::Drop).then_some(Suspect { at, rule, verdict })
                }));
            }
        }
        suspects
    }
}

/// A node that a rule may match.
struct Suspect<'r> {
    at: u32,
    rule: &'r Compiled,
    verdict: Verdict,
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

    fn try_rule(&self, rule: &Compiled, node: &Node<'_, Doc>) -> Option<RuleMatch> {
        self.try_suspect(rule, node.clone(), Verdict::Ask)
    }

    fn try_suspect(&self, rule: &Compiled, node: Node<'_, Doc>, verdict: Verdict) -> Option<RuleMatch> {
        let found = rule.ask(node, verdict)?;
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
        // Some grammars count a block's last line end in: what did not end with one does not now.
        let ended_blank =
            self.text().get(range.clone()).is_some_and(|old| old.ends_with(char::is_whitespace));
        let text = if ended_blank { text } else { text.trim_end().to_owned() };
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
