//! Parsed files: a text with its tree, and everything that is read off the tree, each computed once and on demand.

use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use hephaestus_core::{ByteRange, CancelToken, SourceFile};
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use crate::functions::Function;
use crate::language::Language;
use crate::metrics::Metrics;
use crate::tables::Roles;
use crate::walk::{self, Outline, Token};

/// How long a file may take to parse.
pub(crate) const PARSE_LIMIT: Duration = Duration::from_secs(2);

/// How far up a statement is looked for.
const PARENTS: usize = 400;

/// A file and its tree. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Parsed {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: Arc<SourceFile>,
    language: Language,
    tree: Tree,
    outline: OnceLock<Outline>,
    errors: OnceLock<Vec<ByteRange>>,
}

impl Parsed {
    /// Parses `file`; `None` when the parser gave up, because it took longer than two seconds.
    #[must_use]
    pub fn new(language: &Language, file: Arc<SourceFile>) -> Option<Self> {
        Self::with_cancel(language, file, &CancelToken::new())
    }

    /// The same, but stops early when `cancel` says so.
    #[must_use]
    pub fn with_cancel(language: &Language, file: Arc<SourceFile>, cancel: &CancelToken) -> Option<Self> {
        let tree = parse(language, &file.text, None, cancel, PARSE_LIMIT)?;
        Some(Self::from_tree(language, file, tree))
    }

    /// Joins a file and the tree of its text.
    pub(crate) fn from_tree(language: &Language, file: Arc<SourceFile>, tree: Tree) -> Self {
        let inner = Inner {
            file,
            language: language.clone(),
            tree,
            outline: OnceLock::new(),
            errors: OnceLock::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.inner.file
    }

    /// Its language.
    #[must_use]
    pub fn language(&self) -> &Language {
        &self.inner.language
    }

    /// Its tree.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.inner.tree
    }

    pub(crate) fn text(&self) -> &str {
        &self.inner.file.text
    }

    /// Where the text does not fit the grammar: what could not be read, and (empty) where something is missing.
    /// Empty when all is well.
    #[must_use]
    pub fn error_ranges(&self) -> Vec<ByteRange> {
        self.inner.errors.get_or_init(|| errors(&self.inner.tree)).clone()
    }

    fn outline(&self) -> &Outline {
        let inner = &*self.inner;
        inner.outline.get_or_init(|| walk::outline(inner.language.tables(), &inner.file.text, &inner.tree))
    }

    /// Functions and methods that have a name, in the order they begin.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.outline().functions
    }

    /// The innermost function that contains `range`.
    #[must_use]
    pub fn function_at(&self, range: ByteRange) -> Option<&Function> {
        let around = self.functions().iter().filter(|function| function.range.contains(range));
        around.min_by_key(|function| function.range.len())
    }

    /// The qualified name of the innermost function, method, class or module that contains `range`.
    #[must_use]
    pub fn symbol_at(&self, range: ByteRange) -> Option<String> {
        let scopes = self.outline().scopes.iter().map(|scope| (scope.range, &scope.qualified));
        let functions = self.functions().iter().map(|function| (function.range, &function.qualified));
        let around = scopes.chain(functions).filter(|(own, _)| own.contains(range));
        around.min_by_key(|(own, _)| own.len()).map(|(_, qualified)| qualified.clone())
    }

    /// The innermost statement around the byte at `at`.
    #[must_use]
    pub fn statement_at(&self, at: usize) -> Option<ByteRange> {
        let tables = self.inner.language.tables();
        let mut node = self.inner.tree.root_node().descendant_for_byte_range(at, at)?;
        // Asking for a parent starts at the root each time: absurdly deep code gets no answer.
        for _ in 0..PARENTS {
            let parent = node.parent()?;
            let roles = tables.kind(node.kind_id()).roles;
            let in_block = tables.kind(parent.kind_id()).roles.any(Roles::BLOCK);
            let stands_alone = roles.any(Roles::STATEMENT) || in_block;
            if node.is_named() && stands_alone && !roles.any(Roles::COMMENT.or(Roles::LABEL)) {
                return Some(node.byte_range().into());
            }
            node = parent;
        }
        None
    }

    /// Numbers about what lies completely inside `range`, as if nothing were around it: a function in it is outermost.
    #[must_use]
    pub fn metrics(&self, range: ByteRange) -> Metrics {
        if let Some(function) = self.functions().iter().find(|function| function.range == range) {
            return function.metrics;
        }
        if range.contains(ByteRange::new(0, self.text().len())) {
            return self.outline().whole;
        }
        walk::measure(self.inner.language.tables(), self.text(), &self.inner.tree, range)
    }

    /// The tokens completely inside `range`: leaves of the tree without comments and documentation strings; a string
    /// without code inside is one.
    #[must_use]
    pub fn tokens(&self, range: ByteRange) -> &[Token] {
        let tokens = &self.outline().tokens;
        let first = tokens.partition_point(|token| token.range.start < range.start);
        let last = tokens.partition_point(|token| token.range.end <= range.end);
        tokens.get(first..last).unwrap_or_default()
    }

    /// All tokens.
    pub(crate) fn all_tokens(&self) -> &[Token] {
        &self.outline().tokens
    }
}

fn errors(tree: &Tree) -> Vec<ByteRange> {
    let mut ranges = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            ranges.push(ByteRange::from(node.byte_range()));
        } else if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return ranges;
            }
        }
    }
}

/// Parses `text`, with the help of an older tree that was told about the edits since.
pub(crate) fn parse(
    language: &Language,
    text: &str,
    old: Option<&Tree>,
    cancel: &CancelToken,
    limit: Duration,
) -> Option<Tree> {
    if cancel.is_cancelled() {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(language.grammar()).ok()?;
    let deadline = Instant::now() + limit;
    let mut stop = |_: &ParseState| match cancel.is_cancelled() || Instant::now() >= deadline {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let options = ParseOptions::new().progress_callback(&mut stop);
    parser.parse_with_options(&mut |at, _| text.as_bytes().get(at..).unwrap_or_default(), old, Some(options))
}
