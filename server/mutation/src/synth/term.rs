//! Code as the search sees it, and what it does with given values.

use std::cell::Cell;
use std::rc::Rc;

use super::kit::{Component, Doing, Kit};
use super::meaning::Rules;
use super::value::Value;

/// The number of a name: parameters first, then what loops and functions bind, by how deep they are.
pub(super) type Name = u16;
/// The number of a type in a [`super::shop::Shop`].
pub(super) type TypeId = u16;

/// An expression with its type.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) term: Term,
    pub(super) ty: TypeId,
    /// The names in it that it does not bind itself, as a set.
    pub(super) uses: u64,
}

/// An expression.
#[derive(Debug)]
pub(super) enum Term {
    /// A name.
    Var(Name),
    /// A constant.
    Const(Value),
    /// A component with its arguments.
    Call(u16, Vec<Rc<Node>>),
    /// A component with a function of the items of `source`.
    Each { component: u16, source: Rc<Node>, names: Vec<Name>, body: Rc<Node> },
    /// What is in `state` after every item of `source` has gone through `body`.
    Fold { source: Rc<Node>, names: Vec<Name>, state: Name, start: Rc<Node>, body: Rc<Node> },
    /// What `result` is after the two names have been changed while `test` holds, or so many times.
    Loop(Box<Turns>),
}

/// A loop over two names that change together.
#[derive(Debug)]
pub(super) struct Turns {
    pub(super) names: [Name; 2],
    pub(super) starts: [Rc<Node>; 2],
    pub(super) steps: [Rc<Node>; 2],
    /// Whether it goes on; a number says how many times.
    pub(super) test: Rc<Node>,
    pub(super) result: Rc<Node>,
}

impl Node {
    pub(super) fn var(name: Name, ty: TypeId) -> Rc<Self> {
        Rc::new(Self { term: Term::Var(name), ty, uses: bit(name) })
    }

    pub(super) fn constant(value: Value, ty: TypeId) -> Rc<Self> {
        Rc::new(Self { term: Term::Const(value), ty, uses: 0 })
    }

    pub(super) fn call(component: u16, args: Vec<Rc<Self>>, ty: TypeId) -> Rc<Self> {
        let uses = args.iter().fold(0, |all, own| all | own.uses);
        Rc::new(Self { term: Term::Call(component, args), ty, uses })
    }

    pub(super) fn is_constant(&self) -> bool {
        matches!(self.term, Term::Const(_))
    }

    pub(super) fn has(&self, name: Name) -> bool {
        self.uses & bit(name) != 0
    }
}

/// A name as a set of one.
pub(super) fn bit(name: Name) -> u64 {
    1u64.checked_shl(name.into()).unwrap_or(0)
}

/// A function's body.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// Its value.
    Give(Rc<Node>),
    /// One of two, by a condition.
    When { test: Rc<Node>, then: Box<Body>, other: Box<Body> },
    /// It raises that error, with that message.
    Raise(String, Option<String>),
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Came {
    /// It gave a value; `Value::Error` where it failed by itself.
    Value(Value),
    /// It raised an error on purpose.
    Raised(String),
}

/// Runs code.
pub(super) struct Machine<'a> {
    pub(super) kit: &'a Kit,
    pub(super) rules: &'a Rules,
    steps: Cell<u64>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(kit: &'a Kit, rules: &'a Rules) -> Self {
        Self { kit, rules, steps: Cell::new(0) }
    }

    /// What `body` makes of these arguments, within so many steps.
    pub(super) fn call(&self, body: &Body, args: &[Value], most: u64) -> Came {
        self.steps.set(most);
        let mut names = args.to_vec();
        self.body(body, &mut names)
    }

    /// The value of an expression, within so many steps.
    pub(super) fn value(&self, node: &Node, names: &mut Vec<Value>, most: u64) -> Value {
        self.steps.set(most);
        self.eval(node, names).unwrap_or(Value::Error)
    }

    fn body(&self, body: &Body, names: &mut Vec<Value>) -> Came {
        match body {
            Body::Give(node) => Came::Value(self.eval(node, names).unwrap_or(Value::Error)),
            Body::Raise(error, _) => Came::Raised(error.clone()),
            Body::When { test, then, other } => match self.eval(test, names) {
                Some(Value::Bool(true)) => self.body(then, names),
                Some(Value::Bool(false)) => self.body(other, names),
                _ => Came::Value(Value::Error),
            },
        }
    }

    fn eval(&self, node: &Node, names: &mut Vec<Value>) -> Option<Value> {
        self.steps.set(self.steps.get().checked_sub(1)?);
        match &node.term {
            Term::Var(name) => names.get(usize::from(*name)).filter(|own| !own.is_error()).cloned(),
            Term::Const(value) => Some(value.clone()),
            Term::Call(component, args) => {
                let component = self.component(*component)?;
                let Doing::Plain(meaning) = component.doing else { return None };
                let args: Vec<Value> = match component.is_lazy {
                    true => args.iter().map(|own| self.eval(own, names).unwrap_or(Value::Error)).collect(),
                    false => args.iter().map(|own| self.eval(own, names)).collect::<Option<_>>()?,
                };
                meaning(&args, self.rules)
            }
            Term::Each { component, source, names: bound, body } => {
                let Doing::Higher(higher) = self.component(*component)?.doing else { return None };
                let source = self.eval(source, names)?;
                let items = source.items()?;
                let mut made = Vec::with_capacity(items.len());
                for item in items {
                    bind(names, bound, item)?;
                    made.push(self.eval(body, names).unwrap_or(Value::Error));
                }
                higher.gather(items, &made, self.rules)
            }
            Term::Fold { source, names: bound, state, start, body } => {
                let source = self.eval(source, names)?;
                let mut now = self.eval(start, names)?;
                for item in source.items()? {
                    bind(names, bound, item)?;
                    set(names, *state, now);
                    now = self.eval(body, names)?;
                }
                Some(now)
            }
            Term::Loop(turns) => self.turns(turns, names),
        }
    }

    fn turns(&self, turns: &Turns, names: &mut Vec<Value>) -> Option<Value> {
        let [first, second] = &turns.starts;
        let starts = [self.eval(first, names)?, self.eval(second, names)?];
        let mut left = match self.eval(&turns.test, names) {
            Some(Value::Int(times)) => Some(times),
            _ => None,
        };
        let [one, two] = turns.names;
        let [first, second] = starts;
        set(names, one, first);
        set(names, two, second);
        loop {
            let goes_on = match &mut left {
                Some(times) => {
                    *times -= 1;
                    *times >= 0
                }
                None => matches!(self.eval(&turns.test, names)?, Value::Bool(true)),
            };
            if !goes_on {
                return self.eval(&turns.result, names);
            }
            let [first, second] = &turns.steps;
            let (first, second) = (self.eval(first, names)?, self.eval(second, names)?);
            set(names, one, first);
            set(names, two, second);
        }
    }

    fn component(&self, at: u16) -> Option<&Component> {
        self.kit.components.get(usize::from(at))
    }
}

fn set(names: &mut Vec<Value>, name: Name, value: Value) {
    let at = usize::from(name);
    if names.len() <= at {
        names.resize(at + 1, Value::Error);
    }
    if let Some(own) = names.get_mut(at) {
        *own = value;
    }
}

/// Binds an item, or its parts where there are several names.
pub(super) fn bind(names: &mut Vec<Value>, bound: &[Name], item: &Value) -> Option<()> {
    match bound {
        [one] => set(names, *one, item.clone()),
        several => {
            let parts = item.items()?;
            if parts.len() != several.len() {
                return None;
            }
            several.iter().zip(parts).for_each(|(name, part)| set(names, *name, part.clone()));
        }
    }
    Some(())
}
