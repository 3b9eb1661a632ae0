//! Expressions by cost, cheapest first: each new one is made of cheaper ones, and of all that do the same on every example
//! only the first is kept (bottom-up enumeration with observational equivalence: Udupa et al. 2013, Albarghouthi et al.
//! 2013). A function over the items of a list is looked for in a bank of its own, whose examples are all the items.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::kit::{Component, Doing};
use super::shop::{HigherInstance, Instance, Shop};
use super::term::{Name, Node, Term, TypeId, bit};
use super::types::Type;
use super::value::{Value, fingerprint};

/// How deep functions may be in functions.
const DEEPEST: usize = 2;
/// The greatest cost of a list whose items are looked into.
const SOURCE_COST: u32 = 4;
/// How many lists of one type are looked into, by depth.
const SOURCES: [usize; 3] = [6, 2, 0];
/// The greatest cost of a function of items, by depth.
const BODY_COST: [u32; 3] = [14, 7, 4];
/// How many expressions a bank keeps, by depth.
const KEPT: [usize; 3] = [600_000, 2_000, 300];
/// How many items all examples together may have.
const ITEMS: usize = 160;
/// How many names a function binds at most; one more is for what a loop carries along.
pub(super) const BOUND: u16 = 3;

/// An expression with what it gives on each example.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) node: Rc<Node>,
    pub(super) values: Rc<[Value]>,
}

/// A name or constant to begin with.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) node: Rc<Node>,
    pub(super) values: Rc<[Value]>,
    pub(super) cost: u32,
}

/// A function of items that is looked for.
struct Inner {
    bank: Bank,
    source: Entry,
    source_cost: u32,
    names: Vec<Name>,
    mask: u64,
}

/// Told of every expression as it is made: what it is, its cost, and whether it is the first that does what it does.
pub(super) type Visit<'v> = dyn FnMut(&Entry, u32, bool) + 'v;

/// All expressions over the same names and examples.
pub(super) struct Bank {
    rows: usize,
    depth: usize,
    /// The first number that is free for names.
    free: Name,
    leaves: Vec<Leaf>,
    /// By cost, then by type.
    levels: Vec<BTreeMap<TypeId, Vec<Entry>>>,
    seen: HashSet<(TypeId, u64)>,
    inner: HashMap<(TypeId, bool), Vec<Inner>>,
    kept: usize,
}

/// What one level adds.
struct Fresh<'a, 'v> {
    cost: u32,
    entries: BTreeMap<TypeId, Vec<Entry>>,
    visit: &'a mut Visit<'v>,
}

impl Bank {
    /// An empty bank over `rows` examples, whose names begin with `leaves`.
    pub(super) fn new(rows: usize, depth: usize, free: Name, leaves: Vec<Leaf>) -> Self {
        Self {
            rows,
            depth,
            free,
            leaves,
            levels: vec![BTreeMap::new()],
            seen: HashSet::new(),
            inner: HashMap::new(),
            kept: 0,
        }
    }

    /// The cost up to which it has been filled.
    pub(super) fn cost(&self) -> u32 {
        u32::try_from(self.levels.len()).unwrap_or(u32::MAX).saturating_sub(1)
    }

    /// The expressions of that cost and type.
    pub(super) fn at(&self, cost: u32, ty: TypeId) -> &[Entry] {
        let level = usize::try_from(cost).ok().and_then(|cost| self.levels.get(cost));
        level.and_then(|level| level.get(&ty)).map_or(&[], Vec::as_slice)
    }

    /// The expressions of that type and at most that cost, the cheapest first.
    pub(super) fn up_to(&self, cost: u32, ty: TypeId) -> impl Iterator<Item = (u32, &Entry)> {
        (1..=cost.min(self.cost()))
            .flat_map(move |own| self.at(own, ty).iter().map(move |entry| (own, entry)))
    }

    /// Adds something that was found in another way, to be built on from the next level on.
    pub(super) fn plant(&mut self, entry: Entry, cost: u32) {
        let cost = cost.max(self.cost() + 1);
        self.leaves.push(Leaf { node: entry.node, values: entry.values, cost });
    }

    /// Fills the next level. False when nothing more may be tried.
    pub(super) fn grow(&mut self, shop: &Shop<'_>, visit: &mut Visit<'_>) -> bool {
        let cost = self.cost() + 1;
        let mut fresh = Fresh { cost, entries: BTreeMap::new(), visit };
        let leaves: Vec<Leaf> = self.leaves.iter().filter(|leaf| leaf.cost == cost).cloned().collect();
        for leaf in leaves {
            self.take(shop, Entry { node: leaf.node, values: leaf.values }, &mut fresh);
        }
        let mut goes_on = true;
        // At the top, conditions are the business of the tree of conditions.
        let chooses = |own: &Instance| {
            let component = shop.kit.components.get(usize::from(own.component));
            self.depth == 0 && component.is_some_and(|own| own.means == "choose")
        };
        let instances: Vec<&Instance> =
            shop.plain.iter().filter(|own| own.cost < cost && !chooses(own)).collect();
        for instance in instances {
            goes_on = goes_on && self.apply(shop, instance, &mut fresh);
        }
        if self.depth < DEEPEST {
            goes_on = goes_on && self.look_into(shop, &mut fresh);
        }
        self.levels.push(fresh.entries);
        goes_on && shop.spent().is_none() && self.kept < KEPT.get(self.depth).copied().unwrap_or_default()
    }

    /// A component with all arguments that make this cost.
    fn apply(&mut self, shop: &Shop<'_>, instance: &Instance, fresh: &mut Fresh<'_, '_>) -> bool {
        let left = fresh.cost - instance.cost;
        match instance.args.as_slice() {
            [one] => {
                let entries: Vec<Entry> = self.at(left, *one).to_vec();
                entries.iter().all(|entry| self.combine(shop, instance, &[entry], fresh))
            }
            [one, two] => (1..left).all(|first| {
                let lefts = self.at(first, *one).to_vec();
                let rights = self.at(left - first, *two).to_vec();
                lefts.iter().all(|left| {
                    rights.iter().all(|right| self.combine(shop, instance, &[left, right], fresh))
                })
            }),
            [one, two, three] => (1..left).all(|first| {
                let firsts = self.at(first, *one).to_vec();
                firsts.is_empty()
                    || (1..left - first).all(|second| {
                        let seconds = self.at(second, *two).to_vec();
                        let thirds = self.at(left - first - second, *three).to_vec();
                        firsts.iter().all(|first| {
                            seconds.iter().all(|second| {
                                thirds
                                    .iter()
                                    .all(|third| self.combine(shop, instance, &[first, second, third], fresh))
                            })
                        })
                    })
            }),
            _ => true,
        }
    }

    fn combine(
        &mut self,
        shop: &Shop<'_>,
        instance: &Instance,
        args: &[&Entry],
        fresh: &mut Fresh<'_, '_>,
    ) -> bool {
        // What is made of constants alone is a constant, and has nothing to do with the examples.
        if args.iter().all(|own| own.node.is_constant()) {
            return true;
        }
        let Some(component) = shop.kit.components.get(usize::from(instance.component)) else { return true };
        if !is_usual(component, args) {
            return true;
        }
        if !shop.spend() {
            return false;
        }
        let Doing::Plain(meaning) = component.doing else { return true };
        let mut row: Vec<Value> = Vec::with_capacity(args.len());
        let mut has_value = false;
        let values: Rc<[Value]> = (0..self.rows)
            .map(|at| {
                row.clear();
                row.extend(args.iter().map(|own| own.values.get(at).cloned().unwrap_or(Value::Error)));
                if !component.is_lazy && row.iter().any(Value::is_error) {
                    return Value::Error;
                }
                let own = meaning(&row, &shop.rules).unwrap_or(Value::Error);
                has_value |= !own.is_error();
                own
            })
            .collect();
        if has_value {
            let make = || {
                Node::call(
                    instance.component,
                    args.iter().map(|own| Rc::clone(&own.node)).collect(),
                    instance.result,
                )
            };
            self.offer(shop, instance.result, values, make, fresh);
        }
        true
    }

    /// Takes it in if it does something new, and shows it in any case where it does what is looked for.
    fn offer(
        &mut self,
        shop: &Shop<'_>,
        ty: TypeId,
        values: Rc<[Value]>,
        make: impl FnOnce() -> Rc<Node>,
        fresh: &mut Fresh<'_, '_>,
    ) {
        let is_new = self.seen.insert((ty, fingerprint(&values)));
        // Others that do the same matter only at the top: they may differ where no example looks.
        if !is_new && self.depth > 0 {
            return;
        }
        let entry = Entry { node: make(), values };
        (fresh.visit)(&entry, fresh.cost, is_new);
        if is_new {
            self.keep(shop, entry, fresh);
        }
    }

    fn take(&mut self, shop: &Shop<'_>, entry: Entry, fresh: &mut Fresh<'_, '_>) {
        let (ty, values, node) = (entry.node.ty, Rc::clone(&entry.values), Rc::clone(&entry.node));
        self.offer(shop, ty, values, || node, fresh);
    }

    fn keep(&mut self, shop: &Shop<'_>, entry: Entry, fresh: &mut Fresh<'_, '_>) {
        self.kept += 1;
        shop.keep(160 + entry.values.iter().map(Value::weight).sum::<usize>());
        fresh.entries.entry(entry.node.ty).or_default().push(entry);
    }

    /// Functions over the items of lists.
    fn look_into(&mut self, shop: &Shop<'_>, fresh: &mut Fresh<'_, '_>) -> bool {
        for (source, instances) in shop.higher_by_source() {
            self.add_sources(shop, source, &instances);
            for instance in &instances {
                let whole = instance.whole
                    && matches!(shop.ty(source), Type::List(item) if matches!(**item, Type::Tuple(_)));
                let mut inners = self.inner.remove(&(source, whole)).unwrap_or_default();
                let goes_on = inners.iter_mut().all(|inner| self.over_items(shop, inner, instance, fresh));
                self.inner.insert((source, whole), inners);
                if !goes_on {
                    return false;
                }
            }
        }
        true
    }

    /// One component with a function over the items of one list, at the cost that is filled now.
    fn over_items(
        &mut self,
        shop: &Shop<'_>,
        inner: &mut Inner,
        instance: &HigherInstance,
        fresh: &mut Fresh<'_, '_>,
    ) -> bool {
        let Some(cost) = fresh.cost.checked_sub(inner.source_cost + instance.cost) else { return true };
        let most = BODY_COST.get(self.depth + 1).copied().unwrap_or_default();
        if cost == 0 || cost > most {
            return true;
        }
        while inner.bank.cost() < cost {
            if !inner.bank.grow(shop, &mut |_, _, _| {}) && shop.spent().is_some() {
                return false;
            }
            if inner.bank.kept >= KEPT.get(self.depth + 1).copied().unwrap_or_default() {
                break;
            }
        }
        let bodies: Vec<Entry> = inner.bank.at(cost, instance.body).to_vec();
        for body in bodies.iter().filter(|body| body.node.uses & inner.mask != 0) {
            if !shop.spend() {
                return false;
            }
            let mut at = 0;
            let mut has_value = false;
            let values: Rc<[Value]> = inner
                .source
                .values
                .iter()
                .map(|source| {
                    let Some(items) = source.items() else { return Value::Error };
                    let made = body.values.get(at..at + items.len()).unwrap_or_default();
                    at += items.len();
                    let own = instance.higher.gather(items, made, &shop.rules).unwrap_or(Value::Error);
                    has_value |= !own.is_error();
                    own
                })
                .collect();
            if has_value {
                let (source, names) = (Rc::clone(&inner.source.node), inner.names.clone());
                let make = || each(instance, source, names, Rc::clone(&body.node), inner.mask);
                self.offer(shop, instance.result, values, make, fresh);
            }
        }
        true
    }

    /// Begins banks for lists that have none yet.
    fn add_sources(&mut self, shop: &Shop<'_>, source: TypeId, instances: &[HigherInstance]) {
        let Type::List(item) = shop.ty(source).clone() else { return };
        let last = self.cost();
        if last > SOURCE_COST {
            return;
        }
        for whole in [false, true] {
            // Only tuples have parts that could be named.
            if whole && !(matches!(*item, Type::Tuple(_)) && instances.iter().any(|own| own.whole)) {
                continue;
            }
            let most = SOURCES.get(self.depth).copied().unwrap_or_default();
            let known = self.inner.get(&(source, whole)).map_or(0, Vec::len);
            let entries: Vec<Entry> =
                self.at(last, source).iter().take(most.saturating_sub(known)).cloned().collect();
            for entry in entries {
                if let Some(inner) = self.inner_of(shop, entry, last, &item, whole) {
                    self.inner.entry((source, whole)).or_default().push(inner);
                }
            }
        }
    }

    fn inner_of(&self, shop: &Shop<'_>, source: Entry, cost: u32, item: &Type, whole: bool) -> Option<Inner> {
        let counts: Vec<usize> =
            source.values.iter().map(|own| own.items().map_or(0, <[Value]>::len)).collect();
        let rows: usize = counts.iter().sum();
        if rows == 0 || rows > ITEMS {
            return None;
        }
        let parts = match item {
            Type::Tuple(parts) if !whole => parts.clone(),
            other => vec![other.clone()],
        };
        if parts.len() > usize::from(BOUND) - 1 {
            return None;
        }
        let types: Vec<TypeId> = parts.iter().map(|part| shop.known(part)).collect::<Option<_>>()?;
        let names: Vec<Name> = (self.free..).take(parts.len()).collect();
        let items = || source.values.iter().filter_map(Value::items).flatten();
        let mut leaves = Vec::new();
        for (nth, (name, ty)) in names.iter().zip(&types).enumerate() {
            let part = |own: &Value| match parts.len() {
                1 => own.clone(),
                _ => own.items().and_then(|all| all.get(nth)).cloned().unwrap_or(Value::Error),
            };
            leaves.push(Leaf { node: Node::var(*name, *ty), values: items().map(part).collect(), cost: 1 });
        }
        // What is known outside is known inside, too, and the same for all items of an example.
        let whole_type = shop.known(&Type::Int);
        let outer = self.leaves.iter().map(|leaf| (leaf.node.clone(), leaf.values.clone(), leaf.cost));
        let made = whole_type.into_iter().flat_map(|ty| self.at(2, ty).iter().take(6));
        let made = made.filter(|_| self.depth == 0).map(|own| (own.node.clone(), own.values.clone(), 2));
        for (node, values, cost) in outer.chain(made) {
            let spread =
                values.iter().zip(&counts).flat_map(|(own, count)| std::iter::repeat_n(own.clone(), *count));
            leaves.push(Leaf { node, values: spread.collect(), cost });
        }
        let mask = names.iter().fold(0, |all, name| all | bit(*name));
        let bank = Self::new(rows, self.depth + 1, self.free + BOUND, leaves);
        Some(Inner { bank, source, source_cost: cost, names, mask })
    }
}

/// Whether somebody would write it like that: where another order or a shorter argument does the same, not.
fn is_usual(component: &Component, args: &[&Entry]) -> bool {
    let is_simple = |at: &usize| match args.get(*at).map(|own| &own.node.term) {
        Some(Term::Call(_, args)) => matches!(args.as_slice(), [one] if matches!(one.term, Term::Var(_))),
        Some(Term::Var(_) | Term::Const(_)) => true,
        _ => false,
    };
    let is_turned = match args {
        [left, right] => left.node.is_constant() && !right.node.is_constant(),
        _ => false,
    };
    !(component.symmetric && is_turned) && component.simple.iter().all(is_simple)
}

fn each(
    instance: &HigherInstance,
    source: Rc<Node>,
    names: Vec<Name>,
    body: Rc<Node>,
    mask: u64,
) -> Rc<Node> {
    let uses = source.uses | (body.uses & !mask);
    Rc::new(Node {
        term: Term::Each { component: instance.component, source, names, body },
        ty: instance.result,
        uses,
    })
}
