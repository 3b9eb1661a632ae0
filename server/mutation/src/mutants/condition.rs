//! Conditions on nodes, as a grammar's ids and compiled expressions, and whether they hold.

use std::collections::BTreeMap;

use regex::Regex;

use super::compile::Grammar;
use super::data::{ChecksData, ConditionData};
use super::path::Path;
use crate::nodes::{Nodes, Place};

/// How deep conditions may ask one another; deeper ones do not hold.
const DEEPEST: u32 = 64;

/// A condition: all of it must hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Condition {
    checks: Vec<Check>,
}

#[derive(Debug, Clone)]
enum Check {
    Kind(Vec<u16>),
    Text(Vec<String>),
    Matches(Regex),
    Same(Path),
    Count(usize),
    /// The named condition with this number.
    Named(usize),
    Absent,
    At(Path, Condition),
    Any(Vec<Condition>),
    Not(Condition),
    Inside(Condition),
    Nearest(Vec<u16>, Condition),
    Has(Condition),
    Child(Condition),
    StartsLine(bool),
}

/// What conditions are asked of.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) nodes: &'a Nodes,
    pub(super) text: &'a str,
    /// The named conditions.
    pub(super) named: &'a [Condition],
}

impl<'a> View<'a> {
    pub(super) fn text_of(&self, place: Place) -> &'a str {
        self.nodes.range(place).slice(self.text).unwrap_or_default()
    }

    /// Whether nothing but blanks stands before the byte on its line, and which blanks.
    pub(super) fn indent(&self, at: usize) -> Option<&'a str> {
        let before = self.text.get(..at)?;
        let line = before.get(before.rfind('\n').map_or(0, |end| end + 1)..)?;
        line.bytes().all(|byte| byte == b' ' || byte == b'\t').then_some(line)
    }
}

impl Condition {
    pub(super) fn compile(data: &ConditionData, grammar: &Grammar<'_>) -> Result<Self, String> {
        let checks = match data {
            ConditionData::Named(name) => vec![named(name, grammar)?],
            ConditionData::Table(table) => checks(table, grammar)?,
        };
        Ok(Self { checks })
    }

    /// What must hold at several paths.
    pub(super) fn at_paths(
        data: &BTreeMap<String, ConditionData>,
        grammar: &Grammar<'_>,
    ) -> Result<Self, String> {
        let check = |(path, data): (&String, &ConditionData)| {
            Ok(Check::At(Path::parse(path, grammar)?, Self::compile(data, grammar)?))
        };
        Ok(Self { checks: data.iter().map(check).collect::<Result<_, String>>()? })
    }

    /// Adds what must hold as well.
    pub(super) fn and(&mut self, other: Self) {
        self.checks.extend(other.checks);
    }

    /// The kind is one of these.
    pub(super) fn kinds(kinds: Vec<u16>) -> Self {
        Self { checks: vec![Check::Kind(kinds)] }
    }

    /// The same, about the parent.
    pub(super) fn parents(kinds: Vec<u16>) -> Self {
        Self { checks: vec![Check::At(Path::parent(), Self::kinds(kinds))] }
    }

    /// The text at the path is one of these.
    pub(super) fn text_at(path: Path, texts: Vec<String>) -> Self {
        Self { checks: vec![Check::At(path, Self { checks: vec![Check::Text(texts)] })] }
    }

    /// Whether it holds of the node at `place`, in an operator that began at `root`.
    pub(super) fn holds(&self, view: View<'_>, place: Place, root: Place) -> bool {
        self.holds_within(view, place, root, 0)
    }

    fn holds_within(&self, view: View<'_>, place: Place, root: Place, depth: u32) -> bool {
        depth < DEEPEST && self.checks.iter().all(|check| check.holds(view, place, root, depth + 1))
    }

    fn is_absent(&self) -> bool {
        self.checks.iter().any(|check| matches!(check, Check::Absent))
    }
}

impl Check {
    fn holds(&self, view: View<'_>, place: Place, root: Place, depth: u32) -> bool {
        let nodes = view.nodes;
        let meets = |condition: &Condition, place| condition.holds_within(view, place, root, depth);
        match self {
            Self::Kind(kinds) => kinds.contains(&nodes.kind(place)),
            Self::Text(texts) => {
                let own = view.text_of(place);
                texts.iter().any(|text| text == own)
            }
            Self::Matches(expression) => expression.is_match(view.text_of(place)),
            Self::Same(path) => {
                path.follow(nodes, root).is_some_and(|other| view.text_of(other) == view.text_of(place))
            }
            Self::Count(count) => {
                nodes.children(place).filter(|child| nodes.is_named(*child)).take(count + 1).count() == *count
            }
            Self::Named(number) => view.named.get(*number).is_some_and(|named| meets(named, place)),
            Self::Absent => false,
            Self::At(path, condition) => match path.follow(nodes, place) {
                Some(other) => meets(condition, other),
                None => condition.is_absent(),
            },
            Self::Any(all) => all.iter().any(|one| meets(one, place)),
            Self::Not(condition) => !meets(condition, place),
            Self::Inside(condition) => nodes.around(place).any(|other| meets(condition, other)),
            Self::Nearest(kinds, condition) => {
                let nearest = nodes.around(place).find(|other| kinds.contains(&nodes.kind(*other)));
                nearest.is_some_and(|other| meets(condition, other))
            }
            Self::Has(condition) => (place + 1..nodes.after(place)).any(|other| meets(condition, other)),
            Self::Child(condition) => nodes.children(place).any(|other| meets(condition, other)),
            Self::StartsLine(wanted) => view.indent(nodes.range(place).start).is_some() == *wanted,
        }
    }
}

fn named(name: &str, grammar: &Grammar<'_>) -> Result<Check, String> {
    if let Some(opposite) = name.strip_prefix("not ") {
        return Ok(Check::Not(Condition { checks: vec![named(opposite, grammar)?] }));
    }
    if name == "absent" {
        return Ok(Check::Absent);
    }
    grammar.condition(name).map(Check::Named)
}

fn checks(data: &ChecksData, grammar: &Grammar<'_>) -> Result<Vec<Check>, String> {
    let compile = |data: &ConditionData| Condition::compile(data, grammar);
    let mut checks = Vec::new();
    if !data.kinds.is_none() {
        checks.push(Check::Kind(grammar.kinds(&data.kinds)));
    }
    if !data.text.is_none() {
        checks.push(Check::Text(data.text.list().into_iter().map(str::to_owned).collect()));
    }
    for name in data.is.list() {
        checks.push(named(name, grammar)?);
    }
    checks.extend(data.count.map(Check::Count));
    checks.extend(data.starts_line.map(Check::StartsLine));
    if let Some(path) = &data.same {
        checks.push(Check::Same(Path::parse(path, grammar)?));
    }
    if let Some(expression) = &data.matches {
        let compiled = Regex::new(expression).map_err(|error| format!("`{expression}`: {error}"))?;
        checks.push(Check::Matches(compiled));
    }
    checks.extend(Condition::at_paths(&data.at, grammar)?.checks);
    if !data.any.is_empty() {
        checks.push(Check::Any(data.any.iter().map(compile).collect::<Result<_, _>>()?));
    }
    if let Some(nearest) = &data.nearest {
        checks.push(self::nearest(nearest, grammar)?);
    }
    let part = |data: &Option<ConditionData>| data.as_ref().map(compile).transpose();
    checks.extend(part(&data.not)?.map(Check::Not));
    checks.extend(part(&data.inside)?.map(Check::Inside));
    checks.extend(part(&data.child)?.map(Check::Child));
    checks.extend(part(&data.has)?.map(Check::Has));
    Ok(checks)
}

fn nearest(data: &ConditionData, grammar: &Grammar<'_>) -> Result<Check, String> {
    let ConditionData::Table(table) = data else {
        return Err("`nearest` is a table with `kinds`".to_owned());
    };
    Ok(Check::Nearest(grammar.kinds(&table.kinds), Condition::compile(data, grammar)?))
}
