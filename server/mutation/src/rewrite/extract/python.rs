//! Extraction for Python: which statements can move into a function of their own at module level, and the text of it.
//! Whatever the analysis is not sure about stays where it is.

use std::collections::BTreeSet;
use std::ops::Range;

use hephaestus_core::{ByteRange, Edit};
use hephaestus_syntax::Parsed;
use tree_sitter::Node;

use super::Extraction;
use super::scopes::{Binding, DEFINITIONS, Flow, Names, Scope, State, bindings, children, text_of};

const COMPOUND: &[&str] =
    &["for_statement", "while_statement", "if_statement", "try_statement", "with_statement"];
const LOOPS: &[&str] = &["for_statement", "while_statement"];
/// What adds to cognitive complexity once more for each level around it.
const NESTING: &[&str] =
    &["for_statement", "while_statement", "if_statement", "except_clause", "conditional_expression"];
/// Node kinds that tie a statement to its function.
const TIED: &[&str] = &[
    "await",
    "async",
    "global_statement",
    "nonlocal_statement",
    "delete_statement",
    "wildcard_import",
    "class_definition",
    "named_expression",
    "match_statement",
    "except_group_clause",
    "exec_statement",
];
/// Names that look at the frame they are used in.
const FRAME_NAMES: &[&str] = &[
    "locals",
    "vars",
    "exec",
    "eval",
    "globals",
    "dir",
    "__class__",
    "_getframe",
    "currentframe",
    "stacklevel",
];
/// Cuts that take less than this out of the function are not worth a name.
const LEAST_GAIN: u32 = 4;
const MOST_INPUTS: usize = 6;
const MOST_OUTPUTS: usize = 3;
const LONGEST_NAME: usize = 30;
/// How many cuts are offered at most.
const MOST_EXTRACTIONS: usize = 40;

/// The extractions possible in the function at `range`, the most rewarding first.
pub(super) fn extractions(parsed: &Parsed, range: ByteRange) -> Vec<Extraction> {
    let Some(cutter) = Cutter::new(parsed, range) else { return Vec::new() };
    let mut runs = Vec::new();
    if let Some(body) = cutter.function.child_by_field_name("body") {
        collect_runs(body, &mut runs);
        // The whole body in another function would be the same function again.
        let whole = children(body).into_iter().find(|own| !is_docstring(*own));
        runs.retain(|run: &Run<'_>| run.first() != whole.as_ref() || run.last() != children(body).last());
    }
    let mut worth: Vec<_> =
        runs.into_iter().filter_map(|run| cutter.gain(&run).map(|gain| (gain, run))).collect();
    worth.sort_by_key(|((gain, _), _)| std::cmp::Reverse(*gain));
    let cuts = worth.into_iter().filter_map(|(gain, run)| cutter.cut(&run, gain));
    cuts.take(MOST_EXTRACTIONS).collect()
}

/// Consecutive statements of one block.
type Run<'n> = Vec<Node<'n>>;

/// Every compound statement, every run of statements between two of them, every run to the end of a block.
fn collect_runs<'n>(node: Node<'n>, runs: &mut Vec<Run<'n>>) {
    if DEFINITIONS.contains(&node.kind()) {
        return;
    }
    let statements = children(node);
    if node.kind() == "block" {
        let compound = |statement: &Node<'_>| COMPOUND.contains(&statement.kind());
        for start in 0..statements.len() {
            for end in start..statements.len() {
                let Some(run) = statements.get(start..=end) else { continue };
                let between = run.first().is_some_and(compound) && run.last().is_some_and(compound);
                if between || (end + 1 == statements.len() && run.iter().any(compound)) {
                    runs.push(run.to_vec());
                }
            }
        }
    }
    for child in statements {
        collect_runs(child, runs);
    }
}

struct Cutter<'p> {
    parsed: &'p Parsed,
    text: &'p str,
    function: Node<'p>,
    /// The definition or class at module level the function lies in, decorators included.
    outermost: Node<'p>,
    scope: Scope<'p>,
    /// Names of the functions around the function.
    around: Names<'p>,
    /// One pass over the whole function.
    whole: Flow<'p>,
    newline: &'static str,
    step: &'p str,
}

/// What goes in and out of a cut.
struct Signature<'p> {
    inputs: Vec<&'p str>,
    outputs: Vec<&'p str>,
}

/// How the new function's end meets the old one's.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Nothing leaves early.
    Plain,
    /// `return`s inside, and nothing of the function runs afterwards.
    Returning,
    /// `continue`s inside, and nothing of the loop's body runs afterwards.
    Continuing,
}

impl<'p> Cutter<'p> {
    fn new(parsed: &'p Parsed, range: ByteRange) -> Option<Self> {
        let text: &'p str = &parsed.file().text;
        let root = parsed.tree().root_node();
        let function = root.descendant_for_byte_range(range.start, range.end)?;
        if function.kind() != "function_definition"
            || function.child_by_field_name("type_parameters").is_some()
        {
            return None;
        }
        let body = function.child_by_field_name("body")?;
        let (mut outermost, mut around) = (function, Names::new());
        while let Some(parent) = outermost.parent().filter(|parent| parent.kind() != "module") {
            if parent.kind() == "function_definition" {
                around.extend(Scope::of(text, parent).own);
            }
            outermost = parent;
        }
        let defines = ["function_definition", "class_definition", "decorated_definition"];
        if !defines.contains(&outermost.kind())
            || outermost.start_position().column != 0
            || holds(body, &["match_statement"])
        {
            return None;
        }
        let scope = Scope::of(text, function);
        let mut whole = Flow::new(text);
        whole.block(body, &mut State::with(scope.parameters.clone()));
        let step =
            indent_of(text, body).strip_prefix(indent_of(text, function)).filter(|step| !step.is_empty())?;
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Some(Self { parsed, text, function, outermost, scope, around, whole, newline, step })
    }

    /// What leaves the function, and what the new one weighs.
    fn gain(&self, run: &[Node<'_>]) -> Option<(u32, u32)> {
        let helper = self.parsed.metrics(range_of(run)?.into()).cognitive;
        let (mut depth, mut node) = (0, *run.first()?);
        while let Some(parent) = node.parent().filter(|parent| *parent != self.function) {
            depth += u32::from(NESTING.contains(&parent.kind()));
            node = parent;
        }
        let nested: u32 = run.iter().map(|statement| count(*statement, NESTING)).sum();
        let gain = helper.saturating_add(depth.saturating_mul(nested));
        (gain >= LEAST_GAIN).then_some((gain, helper))
    }

    fn cut(&self, run: &[Node<'p>], (gain, helper): (u32, u32)) -> Option<Extraction> {
        let range = range_of(run)?;
        let yields = run.iter().any(|statement| holds(*statement, &["yield"]));
        if !stands_alone(self.text, &range) || run.iter().any(|own| self.is_tied(*own)) {
            return None;
        }
        if yields && text_of(self.text, self.function).starts_with("async") {
            return None;
        }
        let mut flow = Flow::new(self.text);
        let mut end = State::with(Names::new());
        flow.statements(run, &mut end);
        let form = self.form(run, &flow)?;
        for jump in &flow.jumps {
            end.join(&jump.state);
        }
        let signature = self.signature(run, &range, &flow, &end)?;
        if form == Form::Returning && !signature.outputs.is_empty() {
            return None;
        }
        let name = self.name(run, &signature)?;
        let mut jumps: Vec<_> = flow.jumps.iter().map(|jump| jump.range.clone()).collect();
        jumps.sort_by_key(|jump| std::cmp::Reverse(jump.start));
        let body = self.body(run, &range, &jumps, &signature, end.reached && form != Form::Returning)?;
        let inputs = signature.inputs.join(", ");
        let new = format!("def {name}({inputs}):{0}{body}{0}{0}{0}", self.newline);
        let call = call(&format!("{name}({inputs})"), form, yields, &signature.outputs);
        let edits = vec![
            Edit::new(self.insertion()..self.insertion(), new),
            Edit::new(line_end(self.text, &range), call),
        ];
        Some(Extraction { edits, gain, helper })
    }

    /// Whether something in it only works where it stands, or its text must not be moved.
    fn is_tied(&self, node: Node<'_>) -> bool {
        let own = text_of(self.text, node);
        let kind = node.kind();
        let tied = match kind {
            "identifier" => FRAME_NAMES.contains(&own) || (own.starts_with("__") && !own.ends_with("__")),
            "string" => node.start_position().row != node.end_position().row,
            "call" => own.starts_with("super()"),
            _ => TIED.contains(&kind),
        };
        let mut cursor = node.walk();
        tied || node.children(&mut cursor).any(|child| self.is_tied(child))
    }

    fn form(&self, run: &[Node<'p>], flow: &Flow<'p>) -> Option<Form> {
        let last = *run.last()?;
        match (flow.returns.is_empty(), flow.jumps.is_empty()) {
            (true, true) => Some(Form::Plain),
            (false, true) => self.is_tail(last, false).then_some(Form::Returning),
            (true, false) => {
                let continues = flow.jumps.iter().all(|jump| jump.is_continue);
                (continues && self.is_tail(last, true)).then_some(Form::Continuing)
            }
            (false, false) => None,
        }
    }

    /// Whether nothing runs after `last`, up to the end of the function or, `in_loop`, of the loop's round.
    fn is_tail(&self, last: Node<'p>, in_loop: bool) -> bool {
        let mut node = last;
        loop {
            let Some(block) = node.parent() else { return false };
            if children(block).last() != Some(&node) {
                return false;
            }
            let Some(owner) = block.parent() else { return false };
            if owner == self.function {
                return !in_loop;
            }
            node = match owner.kind() {
                kind if LOOPS.contains(&kind) => return in_loop,
                "if_statement" | "with_statement" => owner,
                "try_statement" if !children(owner).iter().any(|clause| clause.kind() == "else_clause") => {
                    owner
                }
                "elif_clause" | "else_clause" | "except_clause" => match owner.parent() {
                    Some(parent) => parent,
                    None => return false,
                },
                _ => return false,
            };
        }
    }

    fn signature(
        &self,
        run: &[Node<'p>],
        range: &Range<usize>,
        flow: &Flow<'p>,
        end: &State<'p>,
    ) -> Option<Signature<'p>> {
        let (first, last) = (*run.first()?, *run.last()?);
        let before = &self.whole.before.get(&first.id()).filter(|state| state.reached)?.bound;
        let mut made: Vec<Binding<'p>> = vec![];
        run.iter().for_each(|statement| bindings(self.text, *statement, &mut made));
        let bound: Names<'p> = made.iter().map(|binding| binding.name).collect();
        let mut later = Flow::new(self.text);
        later.after(last, self.function);
        let mut outputs: Vec<&str> = vec![];
        for name in made.iter().map(|binding| binding.name).filter(|name| later.needs.contains(name)) {
            if !outputs.contains(&name) {
                outputs.push(name);
            }
        }
        let unknown = |name: &&str| !self.scope.own.contains(name) && !self.around.contains(name);
        let mut inputs: Vec<&str> = flow.needs.iter().copied().filter(|name| !unknown(name)).collect();
        for output in &outputs {
            if end.reached && !end.bound.contains(output) && !inputs.contains(output) {
                inputs.push(output);
            }
        }
        if !end.reached {
            outputs.clear();
        }
        let certain = |name: &&str| before.contains(name) || !self.scope.own.contains(name);
        let used = || inputs.iter().chain(&bound);
        let sound = inputs.iter().all(certain)
            && used().all(|name| !self.scope.fragile.contains(name))
            && flow.needs.iter().chain(&bound).all(|name| !self.scope.shared.contains(name))
            && self.closures_agree(range, first, &bound, flow)
            && self.survives_raise(first, &bound);
        let fits = inputs.len() <= MOST_INPUTS && outputs.len() <= MOST_OUTPUTS;
        (sound && fits).then_some(Signature { inputs, outputs })
    }

    /// A closure sees what happens to a name later: no name may be shared by one and changed on the other side.
    fn closures_agree(
        &self,
        range: &Range<usize>,
        first: Node<'p>,
        bound: &Names<'p>,
        flow: &Flow<'p>,
    ) -> bool {
        let outside = self.whole.captured.iter().filter(|(at, _)| !range.contains(at));
        if outside.into_iter().any(|(_, name)| bound.contains(name)) {
            return false;
        }
        let around = self.ancestors(first).filter(|(node, _)| LOOPS.contains(&node.kind())).last();
        let round = around.map(|(node, _)| node.byte_range());
        flow.captured.iter().all(|(_, name)| {
            self.scope.bindings.iter().filter(|binding| binding.name == *name).all(|binding| match &round {
                Some(round) => !round.contains(&binding.at) && binding.at < range.end,
                None => binding.at < range.end,
            })
        })
    }

    /// When the cut raises, what it had bound by then is lost: nobody who goes on from there may ask for it.
    fn survives_raise(&self, first: Node<'p>, bound: &Names<'p>) -> bool {
        let attempts = self.ancestors(first).filter(|(node, inner)| match node.kind() {
            "try_statement" => inner.kind() == "block" || holds_finally(*node),
            kind => kind == "with_statement",
        });
        attempts.collect::<Vec<_>>().into_iter().all(|(attempt, _)| {
            let mut flow = Flow::new(self.text);
            flow.after_raise(attempt, self.function);
            flow.needs.iter().all(|name| !bound.contains(name))
        })
    }

    /// The nodes around `node` within the function, each with its child on the way.
    fn ancestors(&self, node: Node<'p>) -> impl Iterator<Item = (Node<'p>, Node<'p>)> {
        let step = |inner: Node<'p>| {
            inner.parent().filter(|parent| *parent != self.function).map(|parent| (parent, inner))
        };
        std::iter::successors(step(node), move |(parent, _)| step(*parent))
    }

    /// The new function's body.
    fn body(
        &self,
        run: &[Node<'p>],
        range: &Range<usize>,
        jumps: &[Range<usize>],
        signature: &Signature<'p>,
        falls_through: bool,
    ) -> Option<String> {
        let range = line_end(self.text, range);
        let mut text = self.text.get(range.clone())?.to_owned();
        let result = signature.outputs.join(", ");
        let leave = if result.is_empty() { "return".to_owned() } else { format!("return {result}") };
        for jump in jumps {
            text.replace_range(
                jump.start.checked_sub(range.start)?..jump.end.checked_sub(range.start)?,
                &leave,
            );
        }
        let old = indent_of(self.text, *run.first()?);
        let mut lines = Vec::new();
        for (number, line) in text.split('\n').enumerate() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let rest = if number == 0 { line } else { line.strip_prefix(old).unwrap_or(line.trim_start()) };
            lines.push(if rest.trim().is_empty() { String::new() } else { format!("{}{rest}", self.step) });
        }
        if falls_through && !result.is_empty() {
            lines.push(format!("{}{leave}", self.step));
        }
        Some(lines.join(self.newline))
    }

    /// Where the new function goes: before the outermost definition and the comments right above it.
    fn insertion(&self) -> usize {
        let mut top = self.outermost;
        while let Some(above) = top.prev_sibling().filter(|above| {
            above.kind() == "comment"
                && above.start_position().column == 0
                && above.end_position().row + 1 == top.start_position().row
                && above.start_position().row > 0
        }) {
            top = above;
        }
        top.start_byte()
    }

    fn name(&self, run: &[Node<'p>], signature: &Signature<'p>) -> Option<String> {
        let function = text_of(self.text, self.function.child_by_field_name("name")?);
        let base = snake_case(function);
        let hint = match signature.outputs.as_slice() {
            [one] => snake_case(one),
            _ => snake_case(self.hint(*run.iter().max_by_key(|own| count(**own, NESTING))?)),
        };
        let mut kept = format!("_{base}");
        for word in if hint.is_empty() { "part" } else { &hint }.split('_').filter(|word| !word.is_empty()) {
            if kept.len() > base.len() + 1 && kept.len() + word.len() >= LONGEST_NAME {
                break;
            }
            kept = format!("{kept}_{word}");
        }
        let taken: BTreeSet<&str> =
            self.text.split(|own: char| !own.is_alphanumeric() && own != '_').collect();
        let numbered = (2..100).map(|number| format!("{kept}_{number}"));
        std::iter::once(kept.clone()).chain(numbered).find(|name| !taken.contains(name.as_str()))
    }

    /// The word that tells what a statement is about.
    fn hint(&self, statement: Node<'p>) -> &'p str {
        let field =
            ["right", "condition", "body"].iter().find_map(|field| statement.child_by_field_name(field));
        field.and_then(|node| last_identifier(self.text, node)).unwrap_or("part")
    }
}

fn call(call: &str, form: Form, yields: bool, outputs: &[&str]) -> String {
    match (form, yields) {
        (Form::Returning, true) => return format!("return (yield from {call})"),
        (Form::Returning, false) => return format!("return {call}"),
        _ => {}
    }
    let call = if yields { format!("yield from {call}") } else { call.to_owned() };
    if outputs.is_empty() { call } else { format!("{} = {call}", outputs.join(", ")) }
}

fn range_of(run: &[Node<'_>]) -> Option<Range<usize>> {
    Some(run.first()?.start_byte()..run.last()?.end_byte())
}

fn is_docstring(statement: Node<'_>) -> bool {
    statement.kind() == "expression_statement"
        && children(statement).first().is_some_and(|own| own.kind() == "string")
}

fn holds_finally(attempt: Node<'_>) -> bool {
    children(attempt).iter().any(|clause| clause.kind() == "finally_clause")
}

/// Whether one of these kinds lies in `node`, inner functions aside.
fn holds(node: Node<'_>, kinds: &[&str]) -> bool {
    count(node, kinds) > 0
}

fn count(node: Node<'_>, kinds: &[&str]) -> u32 {
    if DEFINITIONS.contains(&node.kind()) {
        return 0;
    }
    u32::from(kinds.contains(&node.kind()))
        + children(node).into_iter().map(|child| count(child, kinds)).sum::<u32>()
}

/// The white space in front of a node's line.
fn indent_of<'t>(text: &'t str, node: Node<'_>) -> &'t str {
    let head = text.get(..node.start_byte()).unwrap_or_default();
    let line = head.get(head.rfind('\n').map_or(0, |at| at + 1)..).unwrap_or_default();
    let rest = line.trim_start_matches([' ', '\t']);
    line.strip_suffix(rest).unwrap_or_default()
}

/// The range with a comment behind it on its last line.
fn line_end(text: &str, range: &Range<usize>) -> Range<usize> {
    let rest = text.get(range.end..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default().trim_end();
    range.start..range.end + line.len()
}

/// Whether its lines hold nothing else but a comment behind it.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let head = text.get(..range.start).unwrap_or_default();
    let line = head.rsplit('\n').next().unwrap_or_default();
    let behind = text.get(range.end..line_end(text, range).end).unwrap_or_default().trim_start();
    line.trim().is_empty() && (behind.is_empty() || behind.starts_with('#'))
}

fn last_identifier<'t>(text: &'t str, node: Node<'_>) -> Option<&'t str> {
    match node.kind() {
        "identifier" => Some(text_of(text, node)),
        "call" => last_identifier(
            text,
            node.child_by_field_name("arguments").filter(|own| own.named_child_count() > 0)?,
        )
        .or_else(|| last_identifier(text, node.child_by_field_name("function")?)),
        _ => children(node).into_iter().find_map(|child| last_identifier(text, child)),
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.trim_matches('_').chars() {
        if letter.is_uppercase() && snake.ends_with(|last: char| last.is_lowercase()) {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
