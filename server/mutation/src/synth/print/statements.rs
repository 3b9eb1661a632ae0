//! Statements: what a body consists of beside expressions.

use std::rc::Rc;

use super::super::kit::Piece;
use super::super::term::{Body, Name, Node, Term, Turns};
use super::super::types::Type;
use super::super::value::Value;
use super::{Line, Printer, Written, literal};

impl Printer<'_> {
    /// The statements of a body; `is_last` where nothing follows it in the function.
    pub(super) fn statements(&mut self, body: &Body, is_last: bool, lines: &mut Vec<Line>) {
        match body {
            Body::Give(node) => {
                let text = self.given(node);
                let layout = &self.kit.layout;
                let pattern =
                    layout.last.as_ref().filter(|_| is_last && self.depth == 0).unwrap_or(&layout.give);
                let text = pattern.replacen("{0}", &text, 1);
                self.flush(lines);
                self.line(text, lines);
            }
            Body::Raise(error, message) => {
                let text = match message {
                    Some(message) => literal(&Value::text(message), &Type::Text, self.kit).0,
                    None => String::new(),
                };
                let call =
                    self.kit.layout.raise.replacen("{error}", error, 1).replacen("{message}", &text, 1);
                self.line(call, lines);
            }
            Body::When { test, then, other } => {
                let text = self.expression(test, 0, None);
                self.flush(lines);
                self.line(self.kit.layout.when.replacen("{0}", &text, 1), lines);
                self.depth += 1;
                self.statements(then, false, lines);
                self.depth -= 1;
                self.close(lines);
                self.statements(other, is_last, lines);
            }
        }
    }

    /// What is given back, in the form the signature wants.
    fn given(&mut self, node: &Rc<Node>) -> String {
        let own = self.own;
        let hint = own.hint.as_deref().unwrap_or_default().trim();
        let (inner, is_optional) = match &own.output {
            Type::Option(inner) => (&**inner, true),
            other => (other, false),
        };
        let form = self.held(inner, hint.starts_with('&') || is_optional && hint.contains("<&"));
        let form = if form.is_empty() { None } else { Some(form.as_str()) };
        let is_wrapped = is_optional && !matches!(self.ty(node.ty), Type::Option(_));
        match self.kit.literals.some.as_ref().filter(|_| is_wrapped) {
            Some(pattern) => {
                let text = self.expression(node, 0, form);
                pattern.replacen("{}", &text, 1)
            }
            None if is_optional => self.expression(node, 0, None),
            None => self.expression(node, 0, form),
        }
    }

    fn line(&self, text: String, lines: &mut Vec<Line>) {
        lines.push(Line { depth: self.depth, text });
    }

    fn close(&self, lines: &mut Vec<Line>) {
        if !self.kit.layout.end.is_empty() {
            self.line(self.kit.layout.end.clone(), lines);
        }
    }

    /// What must stand before the next statement.
    fn flush(&mut self, lines: &mut Vec<Line>) {
        lines.append(&mut self.before);
    }

    fn hoist(&mut self, text: String, deeper: usize) {
        self.before.push(Line { depth: self.depth + deeper, text });
    }

    fn hoist_end(&mut self, deeper: usize) {
        let end = self.kit.layout.end.clone();
        if !end.is_empty() {
            self.hoist(end, deeper);
        }
    }

    /// A loop that carries a result along; the name it has in the end.
    pub(super) fn fold(
        &mut self,
        source: &Rc<Node>,
        names: &[Name],
        state: Name,
        start: &Rc<Node>,
        body: &Rc<Node>,
    ) -> String {
        let layout = self.kit.layout.clone();
        let name = self.free("result");
        let held = self.held(&self.ty(start.ty).clone(), false);
        let form = if held.is_empty() { None } else { Some(held.as_str()) };
        let begins = self.expression(start, 0, form);
        let items = self.expression(source, 0, Some("loop"));
        self.hoist(layout.start.replace("{x}", &name).replacen("{0}", &begins, 1), 0);
        self.names.insert(state, Written { text: name.clone(), form: held.clone() });
        self.bind(source, names, body);
        let pattern = self.pattern(source, names, false);
        self.hoist(layout.each.replace("{x}", &pattern).replacen("{0}", &items, 1), 0);
        self.change(&name, state, body, 1);
        self.hoist_end(0);
        names.iter().for_each(|own| drop(self.names.remove(own)));
        name
    }

    /// `name` becomes what `body` says.
    fn change(&mut self, name: &str, state: Name, body: &Rc<Node>, deeper: usize) {
        let layout = self.kit.layout.clone();
        if let Term::Call(at, args) = &body.term
            && let Some(component) = self.component(*at)
            && component.means == "choose"
            && let [test, then, other] = args.as_slice()
            && matches!(other.term, Term::Var(own) if own == state)
        {
            let test = self.expression(test, 0, None);
            self.hoist(layout.when.replacen("{0}", &test, 1), deeper);
            self.change(name, state, then, deeper + 1);
            self.hoist_end(deeper);
            return;
        }
        let text = match self.shortened(state, body) {
            Some((operator, by)) => {
                let by = self.expression(&by, 0, None);
                layout.set.replacen("{x} =", &format!("{name} {operator}="), 1).replacen("{0}", &by, 1)
            }
            None => {
                let held = self.held(&self.ty(body.ty).clone(), false);
                let value = self.expression(body, 0, if held.is_empty() { None } else { Some(&held) });
                layout.set.replace("{x}", name).replacen("{0}", &value, 1)
            }
        };
        self.hoist(text, deeper);
    }

    /// `x = x + 1` as `x += 1`: the operator, and what is on its right.
    fn shortened(&self, state: Name, body: &Rc<Node>) -> Option<(String, Rc<Node>)> {
        let Term::Call(at, args) = &body.term else { return None };
        let component = self.component(*at)?;
        let [Piece::Arg { .. }, Piece::Plain(operator), Piece::Arg { .. }] =
            component.shapes.first()?.pieces.as_slice()
        else {
            return None;
        };
        let operator = operator.trim();
        // Where a text has a form of its own to be kept in, adding to it takes another one.
        let adds_text =
            || operator == "+" && *self.ty(body.ty) == Type::Text && self.held(&Type::Text, false).is_empty();
        let computes = ["+", "-", "*", "/", "//", "%"].contains(&operator) && *self.ty(body.ty) == Type::Int;
        if !computes && !adds_text() {
            return None;
        }
        let [left, right] = args.as_slice() else { return None };
        let is_state = |node: &Rc<Node>| matches!(node.term, Term::Var(own) if own == state);
        if is_state(left) {
            return Some((operator.to_owned(), Rc::clone(right)));
        }
        let turns = computes && is_state(right) && ["+", "*"].contains(&operator);
        turns.then(|| (operator.to_owned(), Rc::clone(left)))
    }

    /// A loop over two numbers; the expression that is its result.
    pub(super) fn turns(&mut self, turns: &Turns) -> String {
        let layout = self.kit.layout.clone();
        let mut texts = Vec::new();
        for (name, usual) in turns.names.iter().zip(["a", "b"]) {
            let text = self.free(usual);
            texts.push((*name, text));
        }
        let [first, second] = &turns.starts;
        let starts = [self.expression(first, 0, None), self.expression(second, 0, None)];
        let counts = !matches!(self.ty(turns.test.ty), Type::Bool);
        let times = if counts { self.expression(&turns.test, 0, None) } else { String::new() };
        let held = self.held(&Type::Int, false);
        for ((name, text), start) in texts.iter().zip(&starts) {
            self.names.insert(*name, Written { text: text.clone(), form: held.clone() });
            self.hoist(layout.start.replace("{x}", text).replacen("{0}", start, 1), 0);
        }
        if counts {
            self.hoist(layout.times.replacen("{0}", &times, 1), 0);
        } else {
            let test = self.expression(&turns.test, 0, None);
            self.hoist(layout.during.replacen("{0}", &test, 1), 0);
        }
        let [one, two] = &turns.steps;
        let steps = [self.expression(one, 0, None), self.expression(two, 0, None)];
        if let [(_, first), (_, second)] = texts.as_slice() {
            let set = layout.set_two.replace("{x}", first).replace("{y}", second);
            self.hoist(set.replacen("{0}", &steps[0], 1).replacen("{1}", &steps[1], 1), 1);
        }
        self.hoist_end(0);
        self.expression(&turns.result, self.kit.levels.len(), None)
    }
}
