//! What one search is made of: the types that can come up, and the components at these types.

use std::cell::Cell;
use std::collections::BTreeMap;

use hephaestus_core::CancelToken;

use super::kit::{Component, Doing, Kit};
use super::meaning::{Higher, Rules};
use super::term::TypeId;
use super::types::Type;

/// How many types are looked at.
const MOST_TYPES: usize = 18;
/// How deep lists may be in lists.
const DEEPEST: usize = 2;

/// A component at particular types.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub(super) component: u16,
    pub(super) args: Vec<TypeId>,
    pub(super) result: TypeId,
    pub(super) cost: u32,
}

/// A component with a function at particular types.
#[derive(Debug, Clone)]
pub(super) struct HigherInstance {
    pub(super) component: u16,
    pub(super) higher: Higher,
    pub(super) source: TypeId,
    pub(super) body: TypeId,
    pub(super) result: TypeId,
    pub(super) cost: u32,
    /// Whether its function takes tuples as a whole.
    pub(super) whole: bool,
}

/// Limits, counted in work and not in time, so that the same search ends the same way everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effort {
    /// Expressions that are evaluated on all examples.
    pub expressions: u64,
    /// Bytes that what was seen may take.
    pub bytes: usize,
    /// The greatest cost of a single expression.
    pub cost: u32,
}

impl Default for Effort {
    fn default() -> Self {
        Self { expressions: 2_000_000, bytes: 512 << 20, cost: 14 }
    }
}

/// The types and components of one search, and what it may still take.
pub(super) struct Shop<'a> {
    pub(super) kit: &'a Kit,
    pub(super) rules: Rules,
    pub(super) types: Vec<Type>,
    pub(super) plain: Vec<Instance>,
    pub(super) higher: Vec<HigherInstance>,
    pub(super) effort: Effort,
    cancel: &'a CancelToken,
    expressions: Cell<u64>,
    bytes: Cell<usize>,
}

impl<'a> Shop<'a> {
    /// Everything that may be of use where values of `own` types come in and go out.
    pub(super) fn new(
        kit: &'a Kit,
        rules: Rules,
        own: &[Type],
        effort: Effort,
        cancel: &'a CancelToken,
    ) -> Self {
        let mut wanted = Vec::new();
        for ty in own {
            ty.parts(&mut wanted);
        }
        for usual in [Type::Bool, Type::Int] {
            usual.parts(&mut wanted);
        }
        let (plain, higher) = (Vec::new(), Vec::new());
        let (expressions, bytes) = (Cell::new(0), Cell::new(0));
        let types = wanted.clone();
        let mut shop = Self { kit, rules, types, plain, higher, effort, cancel, expressions, bytes };
        for _ in 0..3 {
            let known = shop.types.len();
            shop.instantiate(own, &wanted);
            if shop.types.len() == known {
                break;
            }
        }
        shop
    }

    /// All components at the types that are known by now; what they give is known afterwards.
    fn instantiate(&mut self, own: &[Type], wanted: &[Type]) {
        self.plain.clear();
        self.higher.clear();
        for (at, component) in self.kit.components.iter().zip(0u16..).map(|(own, at)| (at, own)) {
            let variables = component.args.iter().chain([&component.result]).map(Type::variables).max();
            let variables = usize::from(variables.unwrap_or(0));
            let inner: Vec<Type> = self.types.iter().filter(|ty| ty.depth() < DEEPEST).cloned().collect();
            for bound in combinations(&inner, variables) {
                let key =
                    if matches!(component.doing, Doing::Higher(_)) { bound.last() } else { bound.first() };
                if component.ordered && !key.is_some_and(Type::is_ordered) {
                    continue;
                }
                if component.copy.is_some_and(|copy| bound.first().is_some_and(|own| own.is_copied() != copy))
                {
                    continue;
                }
                let result = component.result.with(&bound);
                if is_far_fetched(component, own) || is_vain(component, &bound) {
                    continue;
                }
                if component.wanted && !wanted.contains(&result) || result.depth() > DEEPEST {
                    continue;
                }
                let args: Vec<Type> = component.args.iter().map(|own| own.with(&bound)).collect();
                self.add(at, component.cost, &args, &result, &bound);
            }
        }
    }

    fn add(&mut self, at: u16, cost: u32, args: &[Type], result: &Type, bound: &[Type]) {
        let Some(component) = self.kit.components.get(usize::from(at)) else { return };
        match (component.doing, args) {
            (Doing::Plain(_), args) => {
                let known: Option<Vec<TypeId>> = args.iter().map(|own| self.known(own)).collect();
                let Some(args) = known else { return };
                let Some(result) = self.learn(result) else { return };
                self.plain.push(Instance { component: at, args, result, cost });
            }
            (Doing::Higher(higher), [source, Type::Function(_, body)]) => {
                let by_order = matches!(higher, Higher::Sort | Higher::Greatest | Higher::Least);
                if by_order && !bound.last().is_some_and(Type::is_ordered) {
                    return;
                }
                let (Some(source), Some(body)) = (self.known(source), self.known(body)) else { return };
                let Some(result) = self.learn(result) else { return };
                let whole = component.whole;
                self.higher.push(HigherInstance { component: at, higher, source, body, result, cost, whole });
            }
            _ => {}
        }
    }

    /// The number of a type that is known.
    pub(super) fn known(&self, ty: &Type) -> Option<TypeId> {
        self.types.iter().position(|own| own == ty).and_then(|at| TypeId::try_from(at).ok())
    }

    fn learn(&mut self, ty: &Type) -> Option<TypeId> {
        self.known(ty).or_else(|| {
            if self.types.len() >= MOST_TYPES {
                return None;
            }
            self.types.push(ty.clone());
            TypeId::try_from(self.types.len() - 1).ok()
        })
    }

    pub(super) fn ty(&self, id: TypeId) -> &Type {
        self.types.get(usize::from(id)).unwrap_or(&Type::Unknown)
    }

    /// Sets an expression on the account. False when nothing more may be tried.
    pub(super) fn spend(&self) -> bool {
        let spent = self.expressions.get() + 1;
        self.expressions.set(spent);
        spent < self.effort.expressions && (!spent.is_multiple_of(256) || !self.cancel.is_cancelled())
    }

    pub(super) fn keep(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() + bytes);
    }

    /// Why nothing more may be tried, if so.
    pub(super) fn spent(&self) -> Option<&'static str> {
        if self.cancel.is_cancelled() {
            Some("it was cancelled")
        } else if self.expressions.get() >= self.effort.expressions {
            Some("as many expressions as it may were tried")
        } else if self.bytes.get() >= self.effort.bytes {
            Some("as much memory as it may take was used")
        } else {
            None
        }
    }

    /// How many expressions were tried.
    pub(super) fn tried(&self) -> u64 {
        self.expressions.get()
    }

    /// Components with a function by the type of what they go through.
    pub(super) fn higher_by_source(&self) -> BTreeMap<TypeId, Vec<HigherInstance>> {
        let mut all: BTreeMap<TypeId, Vec<HigherInstance>> = BTreeMap::new();
        for own in &self.higher {
            all.entry(own.source).or_default().push(own.clone());
        }
        all
    }
}

/// Whether nobody would think of it where these types come in and go out: texts where there are only numbers, but for the
/// digits of a single number, and ranges where no number says how far they go.
fn is_far_fetched(component: &Component, own: &[Type]) -> bool {
    const OF_DIGITS: [&str; 7] =
        ["to_text", "chars", "to_number", "to_digit", "reverse_text", "join", "text_length"];
    let mut parts = Vec::new();
    own.iter().for_each(|ty| ty.parts(&mut parts));
    let is_text = |ty: &Type| matches!(ty, Type::Text | Type::Char);
    let of_texts = component.args.iter().chain([&component.result]).any(is_text);
    let has_lists = parts.iter().any(|ty| matches!(ty, Type::List(_) | Type::Map(..)));
    let is_of_digits = OF_DIGITS.contains(&component.means.as_str()) && !has_lists;
    let is_range = component.means.starts_with("range");
    of_texts && !is_of_digits && !parts.iter().any(is_text)
        || is_range && !own.iter().rev().skip(1).any(|ty| *ty == Type::Int)
}

/// Whether it says at these types what nobody would say: truths are not compared with each other.
fn is_vain(component: &Component, bound: &[Type]) -> bool {
    matches!(component.means.as_str(), "equal" | "unequal") && bound.first() == Some(&Type::Bool)
}

/// Every way to choose `count` of `types`, in order.
fn combinations(types: &[Type], count: usize) -> Vec<Vec<Type>> {
    let mut all = vec![Vec::new()];
    for _ in 0..count.min(3) {
        all = all
            .into_iter()
            .flat_map(|before: Vec<Type>| {
                types.iter().map(move |ty| before.iter().chain([ty]).cloned().collect())
            })
            .collect();
    }
    all
}
