//! From what an `operators.toml` says to what is done with a tree: names of kinds and fields become a grammar's ids,
//! texts become templates and conditions.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::condition::Condition;
use super::data::{FamilyData, FileData, OperatorData, UntouchedData, Words};
use super::path::Path;
use super::template::Template;

/// One operator, for one grammar.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) id: String,
    /// What must hold of the node it begins at.
    pub(super) wanted: Condition,
    /// What must not, each on its own.
    pub(super) unless: Vec<Condition>,
    /// What is replaced: from here
    pub(super) replace: Path,
    /// to here.
    pub(super) to: Path,
    pub(super) put: Vec<Template>,
    pub(super) says: Template,
}

/// A place that is left alone.
#[derive(Debug)]
pub(super) struct Untouched {
    pub(super) wanted: Condition,
    /// These parts of it; all of it when there is none.
    pub(super) parts: Vec<Path>,
    /// The operators that may not, by number; every one when there is none.
    pub(super) only: Option<Vec<bool>>,
}

/// The operators of one language.
#[derive(Debug)]
pub(super) struct OperatorSet {
    pub(super) operators: Vec<Operator>,
    pub(super) untouched: Vec<Untouched>,
    /// The named conditions.
    pub(super) named: Vec<Condition>,
    pub(super) atoms: Vec<u16>,
    /// The numbers of the operators that begin at a kind of node, by kind.
    operators_at: Vec<Vec<usize>>,
    untouched_at: Vec<Vec<usize>>,
}

/// A grammar's ids, and the names that were looked up in vain.
pub(super) struct Grammar<'a> {
    language: &'a tree_sitter::Language,
    conditions: Vec<&'a str>,
    unknown: RefCell<BTreeSet<String>>,
}

impl Grammar<'_> {
    /// The id of a kind of node; of the named one where there are two.
    pub(super) fn kind(&self, name: &str) -> Option<u16> {
        let ids = [true, false].map(|is_named| self.language.id_for_node_kind(name, is_named));
        let id = ids.into_iter().find(|id| *id != 0);
        self.note(id.is_none(), "kind", name);
        id
    }

    pub(super) fn kinds(&self, names: &Words) -> Vec<u16> {
        names.list().into_iter().filter_map(|name| self.kind(name)).collect()
    }

    pub(super) fn field(&self, name: &str) -> Option<u16> {
        let id = self.language.field_id_for_name(name).map(u16::from);
        self.note(id.is_none(), "field", name);
        id
    }

    /// The number of a named condition.
    pub(super) fn condition(&self, name: &str) -> Result<usize, String> {
        let found = self.conditions.iter().position(|own| *own == name);
        found.ok_or_else(|| format!("there is no condition `{name}`"))
    }

    fn note(&self, is_unknown: bool, what: &str, name: &str) {
        if is_unknown {
            self.unknown.borrow_mut().insert(format!("{what} `{name}`"));
        }
    }
}

/// What went wrong: where, and what.
pub(super) type Problem = (String, String);

/// The operators of `data` for a grammar, and the names in it that mean nothing there.
pub(super) fn compile(
    data: &FileData,
    language: &tree_sitter::Language,
) -> Result<(OperatorSet, BTreeSet<String>), Problem> {
    let conditions = data.conditions.keys().map(String::as_str).collect();
    let grammar = Grammar { language, conditions, unknown: RefCell::default() };
    let named = data.conditions.iter().map(|(name, condition)| {
        Condition::compile(condition, &grammar).map_err(|message| (format!("conditions.{name}"), message))
    });
    let named = named.collect::<Result<_, _>>()?;
    let mut set = OperatorSet {
        operators: Vec::new(),
        untouched: Vec::new(),
        named,
        atoms: grammar.kinds(&Words::Many(data.atoms.clone())),
        operators_at: vec![Vec::new(); language.node_kind_count()],
        untouched_at: vec![Vec::new(); language.node_kind_count()],
    };
    for family in &data.families {
        for operator in &family.operators {
            let id = format!("{}/{}", family.name, operator.id);
            add(&mut set, &id, family, operator, &grammar).map_err(|message| (id, message))?;
        }
    }
    for untouched in &data.untouched {
        leave(&mut set, untouched, &grammar).map_err(|message| ("untouched".to_owned(), message))?;
    }
    Ok((set, grammar.unknown.into_inner()))
}

fn add(
    set: &mut OperatorSet,
    id: &str,
    family: &FamilyData,
    data: &OperatorData,
    grammar: &Grammar<'_>,
) -> Result<(), String> {
    let (own, shared) = (&data.shared, &family.shared);
    let words = |own: &Words, shared: &Words| if own.is_none() { shared.clone() } else { own.clone() };
    let text = |own: &Option<String>, shared: &Option<String>| own.clone().or_else(|| shared.clone());
    let replace = Path::parse(&text(&own.replace, &shared.replace).unwrap_or_default(), grammar)?;
    let to = text(&own.to, &shared.to).map(|to| Path::parse(&to, grammar)).transpose()?;
    let kinds = words(&own.kinds, &shared.kinds);
    let mut wanted = Condition::default();
    let parents = words(&own.parents, &shared.parents);
    if !parents.list().is_empty() {
        wanted.and(Condition::parents(grammar.kinds(&parents)));
    }
    if !kinds.is_none() && !data.find.is_none() {
        let texts = data.find.list().into_iter().map(str::to_owned).collect();
        wanted.and(Condition::text_at(replace.clone(), texts));
    }
    wanted.and(Condition::at_paths(&shared.wanted, grammar)?);
    wanted.and(Condition::at_paths(&own.wanted, grammar)?);
    let unless = shared.unless.iter().chain(&own.unless);
    let unless = unless.map(|data| Condition::compile(data, grammar)).collect::<Result<_, _>>()?;
    let put = words(&own.put, &shared.put);
    let put: Vec<Template> =
        put.list().into_iter().map(|put| Template::parse(put, grammar)).collect::<Result<_, _>>()?;
    if put.is_empty() {
        return Err("it says nothing to `put`".to_owned());
    }
    let says = text(&own.says, &shared.says).ok_or("it has no words: `says`")?;
    let says = Template::parse(&says, grammar)?;
    let begins = if kinds.is_none() { &data.find } else { &kinds };
    if begins.is_none() {
        return Err("it begins nowhere: `kinds` or `find`".to_owned());
    }
    let number = set.operators.len();
    for kind in grammar.kinds(begins) {
        if let Some(at) = set.operators_at.get_mut(usize::from(kind)) {
            at.push(number);
        }
    }
    let to = to.unwrap_or_else(|| replace.clone());
    set.operators.push(Operator { id: id.to_owned(), wanted, unless, replace, to, put, says });
    Ok(())
}

fn leave(set: &mut OperatorSet, data: &UntouchedData, grammar: &Grammar<'_>) -> Result<(), String> {
    let wanted = Condition::at_paths(&data.wanted, grammar)?;
    let parts = data.parts.list().into_iter().map(|path| Path::parse(path, grammar));
    let parts = parts.collect::<Result<_, _>>()?;
    let names = data.only.list();
    let is_meant = |name: &str, id: &str| {
        id.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for name in &names {
        if !set.operators.iter().any(|operator| is_meant(name, &operator.id)) {
            return Err(format!("there is no operator or family `{name}`"));
        }
    }
    let only = set.operators.iter().map(|operator| names.iter().any(|name| is_meant(name, &operator.id)));
    let only = (!names.is_empty()).then(|| only.collect());
    let number = set.untouched.len();
    for kind in grammar.kinds(&data.kinds) {
        if let Some(at) = set.untouched_at.get_mut(usize::from(kind)) {
            at.push(number);
        }
    }
    set.untouched.push(Untouched { wanted, parts, only });
    Ok(())
}

impl OperatorSet {
    /// The numbers and operators that begin at a kind.
    pub(super) fn operators_at(&self, kind: u16) -> impl Iterator<Item = (usize, &Operator)> {
        let numbers = self.operators_at.get(usize::from(kind)).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|number| Some((*number, self.operators.get(*number)?)))
    }

    /// The places of a kind that are left alone.
    pub(super) fn untouched_at(&self, kind: u16) -> impl Iterator<Item = &Untouched> {
        let numbers = self.untouched_at.get(usize::from(kind)).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|number| self.untouched.get(*number))
    }
}
