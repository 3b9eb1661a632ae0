//! Names of one Python function: which are its own, which are certainly bound where, which are still needed after a
//! stretch of code. Reads the tree only; every answer errs towards "not certain" and "still needed".
//!
//! Forward pass: definite assignment, as in the Java Language Specification, chapter 16. Liveness is the same pass run
//! over what follows, starting with nothing bound: what it reads then is needed.

use std::collections::{BTreeSet, HashMap};

use tree_sitter::Node;

/// Names, as they stand in the text.
pub(super) type Names<'t> = BTreeSet<&'t str>;

/// Definitions that open a scope of their own.
pub(super) const DEFINITIONS: &[&str] = &["function_definition", "class_definition", "lambda"];
const COMPREHENSIONS: &[&str] =
    &["list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression"];
const TARGET_LISTS: &[&str] = &[
    "pattern_list",
    "tuple_pattern",
    "list_pattern",
    "list_splat_pattern",
    "dictionary_splat_pattern",
    "tuple",
    "list",
    "parenthesized_expression",
    "expression_list",
    "as_pattern_target",
    "typed_parameter",
];
/// Callables that use up a generator before they return.
const EAGER: &[&str] =
    &["all", "any", "dict", "frozenset", "join", "list", "max", "min", "set", "sorted", "sum", "tuple"];

/// What a node says.
pub(super) fn text_of<'t>(text: &'t str, node: Node<'_>) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// The named children without comments.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// The names a function owns, and how.
#[derive(Debug, Default)]
pub(super) struct Scope<'t> {
    /// Parameters.
    pub(super) parameters: Names<'t>,
    /// Bound in it, parameters included; without those declared `global` or `nonlocal`.
    pub(super) own: Names<'t>,
    /// Declared `global` or `nonlocal` in it.
    pub(super) shared: Names<'t>,
    /// Where its names are bound, parameters aside.
    pub(super) bindings: Vec<Binding<'t>>,
    /// Unbound by a `del` somewhere, or bound both by an `except` and elsewhere.
    pub(super) fragile: Names<'t>,
}

impl<'t> Scope<'t> {
    /// The scope of a `function_definition`.
    pub(super) fn of(text: &'t str, function: Node<'_>) -> Self {
        let mut scope = Self::default();
        if let Some(parameters) = function.child_by_field_name("parameters") {
            scope.parameters = parameter_names(text, parameters);
        }
        if let Some(body) = function.child_by_field_name("body") {
            bindings(text, body, &mut scope.bindings);
            scope.declarations(text, body);
        }
        let mut bound = scope.parameters.clone();
        let by = |alias| scope.bindings.iter().filter(move |own| own.alias == alias).map(|own| own.name);
        bound.extend(by(false));
        let aliases: Names<'t> = by(true).collect();
        scope.fragile.extend(aliases.intersection(&bound).copied());
        bound.extend(aliases);
        scope.own = bound.difference(&scope.shared).copied().collect();
        scope
    }

    fn declarations(&mut self, text: &'t str, node: Node<'_>) {
        match node.kind() {
            "global_statement" | "nonlocal_statement" => {
                self.shared.extend(children(node).into_iter().map(|name| text_of(text, name)));
            }
            "delete_statement" => {
                self.fragile.extend(children(node).into_iter().flat_map(|target| targets(text, target)));
            }
            kind if DEFINITIONS.contains(&kind) => {}
            _ => children(node).into_iter().for_each(|child| self.declarations(text, child)),
        }
    }
}

/// A place that binds a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Binding<'t> {
    /// The name.
    pub(super) name: &'t str,
    /// Where the binding construct begins.
    pub(super) at: usize,
    /// Whether it is the name of a caught exception, gone behind its handler.
    alias: bool,
}

/// The bindings `node` makes in its function's scope, in the order they stand.
pub(super) fn bindings<'t>(text: &'t str, node: Node<'_>, found: &mut Vec<Binding<'t>>) {
    let at = node.start_byte();
    let mut push = |names: Names<'t>, alias| {
        found.extend(names.into_iter().map(|name| Binding { name, at, alias }));
    };
    match node.kind() {
        "function_definition" | "class_definition" => {
            push(
                node.child_by_field_name("name").map(|name| text_of(text, name)).into_iter().collect(),
                false,
            );
            return;
        }
        "lambda" => return,
        "except_clause" => {
            push(except_alias(node).map(|alias| targets(text, alias)).unwrap_or_default(), true)
        }
        "as_pattern" if node.parent().is_some_and(|parent| parent.kind() == "except_clause") => {}
        _ => push(bound_by(text, node), false),
    }
    for child in children(node) {
        bindings(text, child, found);
    }
}

/// The names one node binds by itself, without what lies deeper.
fn bound_by<'t>(text: &'t str, node: Node<'_>) -> Names<'t> {
    let field = |name| node.child_by_field_name(name).map(|target| targets(text, target)).unwrap_or_default();
    match node.kind() {
        "assignment" | "augmented_assignment" | "for_statement" => field("left"),
        "named_expression" => field("name"),
        "as_pattern" => field("alias"),
        "import_statement" | "import_from_statement" => imported(text, node),
        _ => Names::new(),
    }
}

fn imported<'t>(text: &'t str, node: Node<'_>) -> Names<'t> {
    let mut cursor = node.walk();
    let names = node.children_by_field_name("name", &mut cursor);
    names
        .map(|name| match name.child_by_field_name("alias") {
            Some(alias) => text_of(text, alias),
            None => text_of(text, name).split('.').next().unwrap_or_default(),
        })
        .collect()
}

fn except_alias(clause: Node<'_>) -> Option<Node<'_>> {
    clause.child_by_field_name("alias").or_else(|| {
        children(clause).into_iter().find(|child| child.kind() == "as_pattern")?.child_by_field_name("alias")
    })
}

/// The plain names in an assignment's target.
pub(super) fn targets<'t>(text: &'t str, target: Node<'_>) -> Names<'t> {
    match target.kind() {
        "identifier" => Names::from([text_of(text, target)]),
        kind if TARGET_LISTS.contains(&kind) => {
            let parts = children(target).into_iter().filter(|part| part.kind() != "type");
            parts.flat_map(|part| targets(text, part)).collect()
        }
        _ => Names::new(),
    }
}

fn parameter_names<'t>(text: &'t str, parameters: Node<'_>) -> Names<'t> {
    let named = children(parameters).into_iter().map(|own| own.child_by_field_name("name").unwrap_or(own));
    named.flat_map(|name| targets(text, name)).collect()
}

/// What is known at one point: the names certainly bound there, or that no path comes by.
#[derive(Debug, Clone)]
pub(super) struct State<'t> {
    pub(super) bound: Names<'t>,
    pub(super) reached: bool,
}

impl<'t> State<'t> {
    pub(super) fn with(bound: Names<'t>) -> Self {
        Self { bound, reached: true }
    }

    pub(super) fn join(&mut self, other: &Self) {
        match (self.reached, other.reached) {
            (_, false) => {}
            (false, true) => self.clone_from(other),
            (true, true) => self.bound = self.bound.intersection(&other.bound).copied().collect(),
        }
    }
}

/// A `break` or `continue` that leaves what was walked.
pub(super) struct Jump<'t> {
    pub(super) range: std::ops::Range<usize>,
    pub(super) is_continue: bool,
    pub(super) state: State<'t>,
}

/// One walk along the control flow.
pub(super) struct Flow<'t> {
    text: &'t str,
    /// Names read where they were not certainly bound by then, in order of first use.
    pub(super) needs: Vec<&'t str>,
    /// Names a closure captures, and where the closure begins.
    pub(super) captured: Vec<(usize, &'t str)>,
    /// What is certainly bound where a statement begins, by node id.
    pub(super) before: HashMap<usize, State<'t>>,
    /// Jumps out of what was walked.
    pub(super) jumps: Vec<Jump<'t>>,
    /// `return` statements.
    pub(super) returns: Vec<std::ops::Range<usize>>,
    depth: usize,
}

impl<'t> Flow<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            needs: vec![],
            captured: vec![],
            before: HashMap::new(),
            jumps: vec![],
            returns: vec![],
            depth: 0,
        }
    }

    /// Walks the statements of a block.
    pub(super) fn block(&mut self, block: Node<'_>, state: &mut State<'t>) {
        self.statements(&children(block), state);
    }

    /// Walks statements one after the other.
    pub(super) fn statements(&mut self, statements: &[Node<'_>], state: &mut State<'t>) {
        for statement in statements {
            if !state.reached {
                return;
            }
            self.before.insert(statement.id(), state.clone());
            self.statement(*statement, state);
        }
    }

    fn statement(&mut self, node: Node<'_>, state: &mut State<'t>) {
        match node.kind() {
            "if_statement" => self.branches(node, state),
            "for_statement" | "while_statement" => self.repeated(node, state),
            "try_statement" => self.attempt(node, state),
            "with_statement" => self.with(node, state),
            "return_statement" => {
                self.expressions(node, &state.bound);
                self.returns.push(node.byte_range());
                state.reached = false;
            }
            "raise_statement" => {
                self.expressions(node, &state.bound);
                state.reached = false;
            }
            "break_statement" | "continue_statement" => {
                if self.depth == 0 {
                    let is_continue = node.kind() == "continue_statement";
                    self.jumps.push(Jump { range: node.byte_range(), is_continue, state: state.clone() });
                }
                state.reached = false;
            }
            "global_statement" | "nonlocal_statement" | "pass_statement" => {}
            "import_statement" | "import_from_statement" => state.bound.extend(imported(self.text, node)),
            "decorated_definition" | "function_definition" | "class_definition" => {
                self.definition(node, state)
            }
            "expression_statement" => {
                for part in children(node) {
                    self.assignment(part, state);
                }
            }
            _ => self.expressions(node, &state.bound),
        }
    }

    fn assignment(&mut self, node: Node<'_>, state: &mut State<'t>) {
        let (left, right) = (node.child_by_field_name("left"), node.child_by_field_name("right"));
        match (node.kind(), left, right) {
            ("assignment", Some(left), Some(right)) => {
                self.assignment(right, state);
                self.target(left, state);
            }
            ("assignment", _, None) => {}
            ("augmented_assignment", Some(left), Some(right)) => {
                self.expression(left, &state.bound);
                self.expression(right, &state.bound);
                self.target(left, state);
            }
            _ => self.expression(node, &state.bound),
        }
    }

    fn target(&mut self, target: Node<'_>, state: &mut State<'t>) {
        match target.kind() {
            "identifier" => {
                state.bound.insert(text_of(self.text, target));
            }
            kind if TARGET_LISTS.contains(&kind) => {
                for part in children(target) {
                    self.target(part, state);
                }
            }
            _ => self.expression(target, &state.bound),
        }
    }

    fn branches(&mut self, node: Node<'_>, state: &mut State<'t>) {
        self.field(node, "condition", &state.bound);
        let mut joined = State { bound: Names::new(), reached: false };
        let mut taken = state.clone();
        self.body(node, "consequence", &mut taken);
        joined.join(&taken);
        let mut complete = false;
        for clause in children(node) {
            let mut taken = state.clone();
            match clause.kind() {
                "elif_clause" => {
                    self.field(clause, "condition", &state.bound);
                    self.body(clause, "consequence", &mut taken);
                }
                "else_clause" => {
                    complete = true;
                    self.body(clause, "body", &mut taken);
                }
                _ => continue,
            }
            joined.join(&taken);
        }
        if !complete {
            joined.join(state);
        }
        *state = joined;
    }

    /// A loop. What its body binds is certain nowhere behind it: it may not run at all.
    pub(super) fn repeated(&mut self, node: Node<'_>, state: &mut State<'t>) {
        self.field(node, "right", &state.bound);
        self.round(node, state);
        let broken = breaks(node);
        if let Some(other) = node.child_by_field_name("alternative") {
            let mut after = state.clone();
            self.body(other, "body", &mut after);
            if broken {
                after.join(state);
            }
            *state = after;
        }
    }

    /// One round of a loop, from its head on.
    fn round(&mut self, node: Node<'_>, state: &State<'t>) {
        self.field(node, "condition", &state.bound);
        let mut inside = state.clone();
        if let Some(left) = node.child_by_field_name("left") {
            self.target(left, &mut inside);
        }
        self.depth += 1;
        self.body(node, "body", &mut inside);
        self.depth -= 1;
    }

    fn attempt(&mut self, node: Node<'_>, state: &mut State<'t>) {
        let start = state.clone();
        self.body(node, "body", state);
        self.after_attempt(node, &start, state, true);
    }

    /// What may follow the body of a `try`: `start` holds where its handlers begin.
    fn after_attempt(&mut self, node: Node<'_>, start: &State<'t>, state: &mut State<'t>, with_else: bool) {
        let clauses = children(node);
        let of_kind = |kind: &'static str| {
            clauses.iter().copied().filter(move |clause| clause.kind().starts_with(kind))
        };
        if with_else {
            for clause in of_kind("else_clause") {
                self.body(clause, "body", state);
            }
        }
        for clause in of_kind("except") {
            let mut handled = start.clone();
            let alias = except_alias(clause).map(|alias| targets(self.text, alias)).unwrap_or_default();
            for part in children(clause) {
                match part.kind() {
                    "block" => {
                        handled.bound.extend(&alias);
                        self.block(part, &mut handled);
                    }
                    _ => self.expression(part, &start.bound),
                }
            }
            handled.bound.retain(|name| !alias.contains(name));
            state.join(&handled);
        }
        for clause in of_kind("finally_clause") {
            let mut last = start.clone();
            for block in children(clause) {
                self.block(block, &mut last);
            }
            state.reached &= last.reached;
            state.bound.extend(last.bound.difference(&start.bound));
        }
    }

    /// A `with` may swallow an exception: what its body binds is not certain behind it.
    fn with(&mut self, node: Node<'_>, state: &mut State<'t>) {
        let mut inside = state.clone();
        for clause in children(node).into_iter().filter(|child| child.kind() == "with_clause") {
            for item in children(clause).into_iter().flat_map(children) {
                match item.child_by_field_name("alias") {
                    Some(alias) if item.kind() == "as_pattern" => {
                        for part in children(item).into_iter().filter(|part| *part != alias) {
                            self.expression(part, &inside.bound);
                        }
                        self.target(alias, &mut inside);
                    }
                    _ => self.expression(item, &inside.bound),
                }
            }
        }
        self.body(node, "body", &mut inside);
    }

    fn body(&mut self, node: Node<'_>, field: &str, state: &mut State<'t>) {
        if let Some(block) = node.child_by_field_name(field) {
            self.block(block, state);
        }
    }

    fn field(&mut self, node: Node<'_>, field: &str, bound: &Names<'t>) {
        if let Some(node) = node.child_by_field_name(field) {
            self.expression(node, bound);
        }
    }

    fn expressions(&mut self, node: Node<'_>, bound: &Names<'t>) {
        for child in children(node) {
            self.expression(child, bound);
        }
    }

    fn read(&mut self, name: &'t str, bound: &Names<'t>) {
        if !bound.contains(name) && !self.needs.contains(&name) {
            self.needs.push(name);
        }
    }

    fn expression(&mut self, node: Node<'_>, bound: &Names<'t>) {
        match node.kind() {
            "identifier" => self.read(text_of(self.text, node), bound),
            "attribute" => self.field(node, "object", bound),
            "keyword_argument" | "named_expression" => self.field(node, "value", bound),
            "lambda" => self.closure(node, bound),
            "type" => {}
            kind if COMPREHENSIONS.contains(&kind) => self.comprehension(node, bound),
            _ => self.expressions(node, bound),
        }
    }

    fn comprehension(&mut self, node: Node<'_>, bound: &Names<'t>) {
        let mut own = Names::new();
        let clauses = children(node);
        for clause in clauses.iter().filter(|clause| clause.kind() == "for_in_clause") {
            if let Some(left) = clause.child_by_field_name("left") {
                own.extend(targets(self.text, left));
            }
        }
        // The first iterable is evaluated outside.
        if let Some(first) = clauses.iter().find_map(|clause| clause.child_by_field_name("right")) {
            self.expression(first, bound);
        }
        let mut inside = Flow::new(self.text);
        for part in clauses.iter().flat_map(|clause| comprehension_reads(*clause)) {
            inside.expression(part, &own);
        }
        if node.kind() == "generator_expression" && !is_used_up(self.text, node) {
            self.captured.extend(inside.needs.iter().map(|name| (node.start_byte(), *name)));
        }
        self.captured.extend(inside.captured);
        for name in inside.needs {
            self.read(name, bound);
        }
    }

    /// A definition inside the function: what it does not bind itself counts as read here, and as captured.
    fn definition(&mut self, node: Node<'_>, state: &mut State<'t>) {
        match node.kind() {
            "decorated_definition" => {
                for child in children(node) {
                    match child.kind() {
                        "decorator" => self.expressions(child, &state.bound),
                        _ => self.definition(child, state),
                    }
                }
            }
            _ => {
                let name = node.child_by_field_name("name").map(|name| text_of(self.text, name));
                // A function may call itself; its name is bound before it can run.
                let mut bound = state.bound.clone();
                bound.extend(name);
                self.closure(node, &bound);
                state.bound.extend(name);
            }
        }
    }

    fn closure(&mut self, node: Node<'_>, bound: &Names<'t>) {
        let scope = match node.kind() {
            "function_definition" => Scope::of(self.text, node).own,
            "lambda" => node
                .child_by_field_name("parameters")
                .map(|own| parameter_names(self.text, own))
                .unwrap_or_default(),
            _ => Names::new(),
        };
        let own_name = node.child_by_field_name("name");
        let mut free = vec![];
        for child in children(node).into_iter().filter(|child| Some(*child) != own_name) {
            free_names(self.text, child, &scope, &mut free);
        }
        for name in free {
            self.captured.push((node.start_byte(), name));
            self.read(name, bound);
        }
    }

    /// Walks what can still run after `last`, up to the end of `function`.
    pub(super) fn after(&mut self, last: Node<'_>, function: Node<'_>) {
        let mut state = State::with(Names::new());
        let mut node = last;
        loop {
            let Some(block) = node.parent() else { return };
            let rest: Vec<_> =
                children(block).into_iter().filter(|other| other.start_byte() >= node.end_byte()).collect();
            self.statements(&rest, &mut state);
            let Some(mut owner) = block.parent().filter(|_| block != function) else { return };
            if owner == function {
                return;
            }
            match owner.kind() {
                "for_statement" | "while_statement" => {
                    for jump in std::mem::take(&mut self.jumps) {
                        state.join(&jump.state);
                    }
                    if state.reached {
                        self.round(owner, &state);
                        if let Some(other) = owner.child_by_field_name("alternative") {
                            self.body(other, "body", &mut state.clone());
                        }
                    }
                }
                "try_statement" => self.after_attempt(owner, &State::with(Names::new()), &mut state, true),
                "with_statement" => state = State::with(Names::new()),
                "elif_clause"
                | "else_clause"
                | "finally_clause"
                | "except_clause"
                | "except_group_clause" => {
                    let clause = owner.kind();
                    let Some(parent) = owner.parent() else { return };
                    owner = parent;
                    if owner.kind() == "try_statement" && clause != "finally_clause" {
                        self.finish_attempt(owner, &mut state);
                    }
                }
                _ => {}
            }
            node = owner;
        }
    }

    fn finish_attempt(&mut self, node: Node<'_>, state: &mut State<'t>) {
        for clause in children(node).into_iter().filter(|clause| clause.kind() == "finally_clause") {
            for block in children(clause) {
                self.block(block, &mut State::with(Names::new()));
            }
        }
        // Kept simple: behind a handler nothing it bound is taken for certain.
        *state = State { bound: Names::new(), reached: true };
    }

    /// Walks what can run when something inside the body of `attempt` (a `try` or `with`) raises.
    pub(super) fn after_raise(&mut self, attempt: Node<'_>, function: Node<'_>) {
        if attempt.kind() == "try_statement" {
            let mut state = State { bound: Names::new(), reached: false };
            self.after_attempt(attempt, &State::with(Names::new()), &mut state, false);
            self.jumps.clear();
        }
        self.after(attempt, function);
    }
}

/// What a part of a comprehension reads: a target is no reading.
fn comprehension_reads(part: Node<'_>) -> Vec<Node<'_>> {
    match part.kind() {
        "for_in_clause" => part.child_by_field_name("right").into_iter().collect(),
        _ => vec![part],
    }
}

/// Whether a generator is the argument of a call that uses it up at once.
fn is_used_up(text: &str, generator: Node<'_>) -> bool {
    let callee = generator
        .parent()
        .filter(|call| call.kind() == "call")
        .and_then(|call| call.child_by_field_name("function"));
    callee.is_some_and(|callee| {
        let name = text_of(text, callee).rsplit('.').next().unwrap_or_default();
        EAGER.contains(&name)
    })
}

/// Whether a `break` leaves this very loop.
fn breaks(of: Node<'_>) -> bool {
    fn inside(node: Node<'_>) -> bool {
        match node.kind() {
            "break_statement" => true,
            "for_statement" | "while_statement" => {
                node.child_by_field_name("alternative").is_some_and(inside)
            }
            kind if DEFINITIONS.contains(&kind) => false,
            _ => children(node).into_iter().any(inside),
        }
    }
    of.child_by_field_name("body").is_some_and(inside)
}

/// Names in `node` that `own` does not hold, deeper definitions included.
fn free_names<'t>(text: &'t str, node: Node<'_>, own: &Names<'t>, free: &mut Vec<&'t str>) {
    match node.kind() {
        "identifier" => {
            let name = text_of(text, node);
            if !own.contains(name) && !free.contains(&name) {
                free.push(name);
            }
        }
        "attribute" | "keyword_argument" => {
            let field = if node.kind() == "attribute" { "object" } else { "value" };
            if let Some(node) = node.child_by_field_name(field) {
                free_names(text, node, own, free);
            }
        }
        _ => {
            for child in children(node) {
                free_names(text, child, own, free);
            }
        }
    }
}
