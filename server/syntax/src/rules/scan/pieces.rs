//! Matching piece by piece: what holds for a piece of the tree whatever stands around it, and what has to be asked
//! again.

use ast_grep_core::matcher::MatcherExt;
use tree_sitter::Node;

use super::Page;
use crate::fingerprint::Fingerprint;
use crate::flat::FlatTree;
use crate::recall::moved;
use crate::rules::layout::Layout;
use crate::rules::reach::Reaches;
use crate::rules::{RuleMatch, RuleSet, sieve};
use crate::{Parsed, RuleSets};

/// A match in a piece.
#[derive(Debug, Clone)]
pub(crate) struct PieceMatch {
    pub(crate) asked: Asked,
    pub(crate) found: RuleMatch,
}

/// Which rule was asked at which node of a piece. In the order rules are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    /// The node's index among its piece's nodes, outermost first.
    node: usize,
    set: usize,
    rule: usize,
}

/// What rules have to say about a piece.
#[derive(Debug, Clone, Default)]
pub(crate) struct PieceMatches {
    /// What holds as long as the piece and the kinds of its ancestors stay what they are, and the siblings next to it
    /// if it leans on them.
    pub(crate) found: Vec<PieceMatch>,
    pub(crate) leans: bool,
    /// What depends on more than that: on everything in the node around the piece with this index, outermost first.
    pub(crate) open: Vec<(Asked, usize)>,
}

/// One file while its pieces are matched.
pub(crate) struct Scanner<'p> {
    page: Page<'p>,
    /// The rule sets, and which of their rules are meant for this file.
    sets: Vec<(&'p RuleSet, Vec<bool>)>,
}

impl<'p> Scanner<'p> {
    /// `None` for `rules`: there is nothing to match, but a tree to walk.
    pub(crate) fn new(parsed: &'p Parsed, rules: Option<&'p RuleSets>) -> Self {
        let path = &parsed.file().path;
        let sets = rules.into_iter().flat_map(|rules| rules.of(parsed));
        let active = |set: &RuleSet| set.rules.iter().map(|rule| rule.covers(path)).collect();
        Self { page: Page::new(parsed), sets: sets.map(|set| (&**set, active(set))).collect() }
    }

    /// The root of the tree whose nodes can be matched.
    pub(crate) fn root(&self) -> Node<'_> {
        self.page.grep.root().get_inner_node()
    }

    /// How the file is laid out: replacements depend on it.
    pub(crate) fn layout(&self) -> Layout {
        self.page.layout()
    }

    /// What stands for the comments that keep rules away from what starts on the lines of `node`.
    pub(crate) fn ignored(&self, node: Node<'_>) -> u128 {
        let mut print = Fingerprint::new();
        if !self.page.ignores.is_empty() {
            let rows = node.start_position().row..=node.end_position().row;
            self.page.ignores.describe(rows, &mut print);
        }
        print.finish()
    }

    /// Asks the rules about the node `top` and, when `deep`, about everything below it. `ancestors` are the kinds of
    /// the nodes around it, outermost first.
    pub(crate) fn scan(&self, top: Node<'_>, deep: bool, ancestors: &[u16]) -> PieceMatches {
        let mut matches = PieceMatches::default();
        if !deep {
            let asked = Asking { node: top, at: 0, depth: 0, page: None };
            self.ask(&asked, ancestors, &mut matches);
            return matches;
        }
        let tree = FlatTree::of(top);
        let page = Some(sieve::Page { tree: &tree, text: &self.page.parsed.file().text });
        let mut cursor = top.walk();
        let mut at = 0;
        loop {
            let depth = usize::try_from(cursor.depth()).unwrap_or(usize::MAX);
            self.ask(&Asking { node: cursor.node(), at, depth, page }, ancestors, &mut matches);
            at += 1;
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return matches;
                }
            }
        }
    }

    fn ask(&self, asking: &Asking<'_>, ancestors: &[u16], matches: &mut PieceMatches) {
        let Asking { node, at, depth, page } = *asking;
        for (set_index, (set, active)) in self.sets.iter().enumerate() {
            let candidates = set.by_kind.get(usize::from(node.kind_id())).map(Vec::as_slice);
            let active =
                candidates.unwrap_or_default().iter().filter(|rule| active.get(**rule) == Some(&true));
            for (index, rule) in active.filter_map(|index| Some((*index, set.rules.get(*index)?))) {
                // No match may have an error in it.
                if page.is_some_and(|page| !rule.may_match(page, at)) || node.has_error() {
                    continue;
                }
                let parent = ancestors.last().filter(|_| depth == 0);
                if parent.is_some_and(|parent| rule.reaches().rules_out(*parent)) {
                    continue;
                }
                let asked = Asked { node: at as usize, set: set_index, rule: index };
                let Reaches { rule: reach, fix, .. } = rule.reaches();
                matches.leans |= reach.leans(depth) || fix.leans(depth);
                let node = self.page.grep.adopt(node);
                let (outermost, replaced) =
                    (reach.outermost(depth, ancestors), fix.outermost(depth, ancestors));
                // How far the replacement looks matters only where there is one.
                if outermost.is_none()
                    && replaced.is_some()
                    && rule.config.matcher.match_node(node.clone()).is_none()
                {
                    continue;
                }
                if let Some(outermost) = outermost.into_iter().chain(replaced).min() {
                    matches.open.push((asked, outermost));
                } else if let Some(found) = self.page.try_rule(rule, &node) {
                    matches.found.push(PieceMatch { asked, found });
                }
            }
        }
    }

    /// Asks again what could not be remembered. `top` is the piece's top.
    pub(crate) fn ask_again(&self, top: Node<'_>, asked: Asked) -> Option<PieceMatch> {
        let (set, _) = self.sets.get(asked.set)?;
        let rule = set.rules.get(asked.rule)?;
        let mut cursor = top.walk();
        cursor.goto_descendant(asked.node);
        let found = self.page.try_rule(rule, &self.page.grep.adopt(cursor.node()))?;
        Some(PieceMatch { asked, found })
    }
}

/// A node that rules are asked about.
struct Asking<'t> {
    node: Node<'t>,
    /// Its index among its piece's nodes.
    at: u32,
    /// How far below the top of its piece it is.
    depth: usize,
    /// The piece, where it has been flattened.
    page: Option<sieve::Page<'t>>,
}

impl RuleMatch {
    /// The same match where the text in front has become longer by `by` bytes.
    pub(crate) fn moved(&self, by: isize) -> Self {
        let mut found = self.clone();
        found.range = moved(found.range, by);
        found.edit.range = moved(found.edit.range, by);
        found
    }
}
