//! Code as text: a body in the language's own words, with names a reader expects and no parenthesis too many. How things
//! are written stands in the kit; here is only how they are put together.

mod literals;
mod names;
mod statements;

use std::collections::BTreeMap;
use std::rc::Rc;

use super::kit::{Component, Doing, Kit, Piece, Shape};
use super::meaning::Higher;
use super::solve::{Parameter, Specification, whole_type};
use super::term::{Body, Name, Node, Term, TypeId};
use super::types::Type;

pub(super) use literals::literal;

/// A name as it is written.
#[derive(Debug, Clone)]
struct Written {
    text: String,
    form: String,
}

/// A line of code: how deep it is, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) depth: usize,
    pub(super) text: String,
}

/// Writes bodies of one function.
pub(super) struct Printer<'a> {
    kit: &'a Kit,
    types: &'a [Type],
    own: &'a Specification,
    /// The type of whole numbers.
    whole: String,
    names: BTreeMap<Name, Written>,
    /// Statements that must stand before the one that is written now.
    before: Vec<Line>,
    depth: usize,
}

/// An expression as it is written.
#[derive(Debug, Clone)]
struct Code {
    text: String,
    level: usize,
    form: String,
}

impl<'a> Printer<'a> {
    pub(super) fn new(kit: &'a Kit, types: &'a [Type], own: &'a Specification) -> Self {
        let whole = whole_type(own, kit).unwrap_or_default().to_owned();
        let mut printer =
            Self { kit, types, own, whole, names: BTreeMap::new(), before: Vec::new(), depth: 0 };
        for (at, parameter) in own.parameters.iter().enumerate() {
            if let Ok(name) = Name::try_from(at) {
                let form = printer.form_of(parameter);
                printer.names.insert(name, Written { text: parameter.name.clone(), form });
            }
        }
        printer
    }

    /// The lines of a body.
    pub(super) fn body(mut self, body: &Body) -> Vec<Line> {
        let mut lines = Vec::new();
        self.statements(body, true, &mut lines);
        lines
    }

    /// In which form a parameter is there.
    fn form_of(&self, parameter: &Parameter) -> String {
        let hint = parameter.hint.as_deref().unwrap_or_default().trim();
        if parameter.ty == Type::Int && !hint.is_empty() && !self.whole.is_empty() && hint != self.whole {
            return "other".to_owned();
        }
        self.held(&parameter.ty, hint.starts_with('&'))
    }

    /// The form in which values of a type are held.
    fn held(&self, ty: &Type, is_borrowed: bool) -> String {
        let (key, defaults) = (key(ty), &self.kit.defaults);
        let borrowed = is_borrowed.then(|| defaults.get(&format!("&{key}"))).flatten();
        borrowed.or_else(|| defaults.get(key)).cloned().unwrap_or_default()
    }

    fn ty(&self, id: TypeId) -> &Type {
        self.types.get(usize::from(id)).unwrap_or(&Type::Unknown)
    }

    /// An expression where at least `level` and, if it matters, `form` is needed.
    fn expression(&mut self, node: &Rc<Node>, level: usize, form: Option<&str>) -> String {
        let ty = self.ty(node.ty).clone();
        let default = self.kit.defaults.get(key(&ty)).cloned();
        let form = form
            .map(str::to_owned)
            .or_else(|| if default.as_deref() == Some("string") { None } else { default });
        let code = self.code(node, form.as_deref());
        let code = self.coerced(code, form.as_deref(), &ty);
        if code.level < level { format!("({})", code.text) } else { code.text }
    }

    /// The same in the wanted form, where there is a way.
    fn coerced(&self, code: Code, form: Option<&str>, ty: &Type) -> Code {
        let Some(form) = form.filter(|form| *form != code.form && !code.form.is_empty()) else { return code };
        let is_length = |form: &str| matches!(form, "int" | "usize" | "owned");
        if self.whole == "usize" && is_length(form) && is_length(&code.form) && *ty == Type::Int {
            return code;
        }
        let copies = match ty {
            Type::List(item) => item.is_copied(),
            other => other.is_copied(),
        };
        let fits = |own: &&super::kit::Coercion| {
            own.from == code.form && own.to == form && own.copy.is_none_or(|copy| copy == copies)
        };
        let Some(coercion) = self.kit.coercions.iter().find(fits) else { return code };
        let text = self.filled(&coercion.shape, &[&code]);
        Code { text, level: coercion.shape.level, form: form.to_owned() }
    }

    /// A pattern filled with finished code.
    fn filled(&self, shape: &Shape, args: &[&Code]) -> String {
        let mut text = String::new();
        for piece in &shape.pieces {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Whole => text.push_str(&self.whole),
                Piece::Arg { nth, level, .. } => {
                    if let Some(code) = args.get(*nth) {
                        let is_loose = code.level < *level;
                        text.push_str(&if is_loose { format!("({})", code.text) } else { code.text.clone() });
                    }
                }
                Piece::Names { .. } | Piece::For => {}
            }
        }
        text
    }

    fn code(&mut self, node: &Rc<Node>, form: Option<&str>) -> Code {
        let tight = self.kit.levels.len();
        let atom = |text: String, form: String| Code { text, level: tight, form };
        match &node.term {
            Term::Var(name) => {
                let own = self.names.get(name).cloned();
                own.map_or_else(|| atom("_".to_owned(), String::new()), |own| atom(own.text, own.form))
            }
            Term::Const(value) => {
                let ty = self.ty(node.ty).clone();
                let (text, is_negative) = literal(value, &ty, self.kit);
                let level = if is_negative { self.kit.level(&self.kit.literals.sign) } else { tight };
                let form = match ty {
                    Type::Text => self.kit.literals.text_form.clone(),
                    // A number is of whatever type is wanted.
                    Type::Int => String::new(),
                    other => self.held(&other, false),
                };
                Code { text, level, form }
            }
            Term::Call(at, args) => self.call(*at, args, form),
            Term::Each { component, source, names, body } => self.each(*component, source, names, body, form),
            Term::Fold { source, names, state, start, body } => {
                let name = self.fold(source, names, *state, start, body);
                atom(name, self.held(&self.ty(node.ty).clone(), false))
            }
            Term::Loop(turns) => {
                let code = self.turns(turns);
                atom(code, self.held(&self.ty(node.ty).clone(), false))
            }
        }
    }

    fn component(&self, at: u16) -> Option<&'a Component> {
        self.kit.components.get(usize::from(at))
    }

    fn call(&mut self, at: u16, args: &[Rc<Node>], form: Option<&str>) -> Code {
        let Some(shape) = self.component(at).and_then(|own| shape_in(own, form)) else { return nothing() };
        let mut text = String::new();
        for piece in &shape.pieces {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Whole => text.push_str(&self.whole.clone()),
                Piece::Arg { nth, level, form } => {
                    if let Some(arg) = args.get(*nth) {
                        text.push_str(&self.expression(arg, *level, form.as_deref()));
                    }
                }
                Piece::Names { .. } | Piece::For => {}
            }
        }
        Code { text, level: shape.level, form: shape.form.clone() }
    }

    fn each(
        &mut self,
        at: u16,
        source: &Rc<Node>,
        names: &[Name],
        body: &Rc<Node>,
        form: Option<&str>,
    ) -> Code {
        let Some(shape) = self.component(at).and_then(|own| shape_in(own, form)) else { return nothing() };
        self.bind(source, names, body);
        let mut text = String::new();
        for piece in &shape.pieces {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Whole => text.push_str(&self.whole.clone()),
                Piece::Arg { nth: 0, level, form } => {
                    text.push_str(&self.outside(source, names, *level, form.as_deref()))
                }
                Piece::Arg { level, form, .. } => {
                    text.push_str(&self.expression(body, *level, form.as_deref()))
                }
                Piece::Names { of_reference } => text.push_str(&self.pattern(source, names, *of_reference)),
                Piece::For => text.push_str(&self.clause(source, names)),
            }
        }
        Code { text, level: shape.level, form: shape.form.clone() }
    }

    /// An expression outside of the function whose names are bound now.
    fn outside(&mut self, source: &Rc<Node>, names: &[Name], level: usize, form: Option<&str>) -> String {
        let bound: Vec<(Name, Option<Written>)> =
            names.iter().map(|name| (*name, self.names.remove(name))).collect();
        let text = self.expression(source, level, form);
        self.names.extend(bound.into_iter().filter_map(|(name, own)| Some((name, own?))));
        text
    }

    /// `for NAMES in SOURCE`, with the condition of a filter in it.
    fn clause(&mut self, source: &Rc<Node>, names: &[Name]) -> String {
        let (plain, test) = self.unfiltered(source);
        let level = self.kit.level("or");
        let items = self.outside(&plain, names, level, Some("loop"));
        let pattern = self.pattern(source, names, false);
        let test = test.map(|test| format!(" if {}", self.expression(&test, level, None)));
        format!("for {pattern} in {items}{}", test.unwrap_or_default())
    }

    /// What a filter filters, and by what; anything else as it is.
    fn unfiltered(&self, source: &Rc<Node>) -> (Rc<Node>, Option<Rc<Node>>) {
        match &source.term {
            Term::Each { component, source: inner, body, .. } => {
                let doing = self.component(*component).map(|own| own.doing);
                match doing {
                    Some(Doing::Higher(Higher::Filter)) => (Rc::clone(inner), Some(Rc::clone(body))),
                    _ => (Rc::clone(source), None),
                }
            }
            _ => (Rc::clone(source), None),
        }
    }

    /// The names a function binds, as they are written where it begins.
    fn pattern(&self, source: &Rc<Node>, names: &[Name], of_reference: bool) -> String {
        let texts: Vec<&str> =
            names.iter().filter_map(|name| self.names.get(name)).map(|own| own.text.as_str()).collect();
        let copies = matches!(self.ty(source.ty), Type::List(item) if item.is_copied());
        let reference = if of_reference && copies { "&" } else { "" };
        match texts.as_slice() {
            [first, second] => {
                let two = self.kit.layout.two.replacen("{}", first, 1).replacen("{}", second, 1);
                format!("{reference}{two}")
            }
            [one] => format!("{reference}{one}"),
            _ => "_".to_owned(),
        }
    }
}

/// The way to write it in that form, or the usual one.
fn shape_in<'c>(component: &'c Component, form: Option<&str>) -> Option<&'c Shape> {
    let named = |form: &str| component.shapes.iter().find(|shape| shape.form == form);
    let binds =
        |shape: &&Shape| shape.pieces.iter().any(|own| matches!(own, Piece::Names { .. } | Piece::For));
    // What is generated bare in a call's brackets stands by itself where it binds no names.
    let bare = || named("gen").filter(|shape| form == Some("loop") && !binds(shape));
    form.and_then(named).or_else(bare).or_else(|| component.shapes.first())
}

fn nothing() -> Code {
    Code { text: String::new(), level: 0, form: String::new() }
}

/// The name of a type in the kit's tables.
fn key(ty: &Type) -> &'static str {
    match ty {
        Type::Int => "int",
        Type::Text => "str",
        Type::List(_) => "list",
        Type::Char => "char",
        Type::Float => "float",
        Type::Bool => "bool",
        _ => "",
    }
}
