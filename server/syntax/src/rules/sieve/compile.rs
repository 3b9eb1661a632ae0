//! From a rule's YAML to its sieve.
//!
//! Read from the rule as ast-grep itself writes it out again, so that only one of us interprets the file.

use super::pattern::{Goal, Shape};
use super::{DEEPEST, LazyRegex, Reach, Relation, Sieve, Test};
use crate::rules::dialect::Dialect;
use ast_grep_config::SerializableRuleCore;
use ast_grep_core::Language;
use ast_grep_core::MatchStrictness;
use ast_grep_core::matcher::Pattern;
use serde_yaml::{Mapping, Value};
use std::sync::OnceLock;

/// The sieve of a rule; `None` when there is nothing to be said about it.
pub(in crate::rules) fn sieve(core: &SerializableRuleCore, dialect: &Dialect) -> Option<Sieve> {
    let Value::Mapping(written) = serde_yaml::to_value(core).ok()? else { return None };
    let utils = entries(&written, "utils");
    let reader = Reader { dialect, utils: utils.iter().map(|(name, _)| name.clone()).collect() };
    let read = |(_, rule): &(String, &Value)| reader.rule(rule);
    let test = reader.rule(written.get("rule")?);
    let mut steps = Vec::new();
    reader.steps(written.get("rule")?, &mut steps);
    let utils: Vec<Test> = utils.iter().map(read).collect();
    // What a variable stands for last is what its constraint is about: with several places that may set it, nothing can
    // be said about any one of them.
    let constraints = entries(&written, "constraints")
        .into_iter()
        .filter(|(name, _)| places(&test, &utils, name, 0) <= 1)
        .map(|(name, rule)| (name, reader.rule(rule)))
        .collect();
    Some(Sieve { test, steps, utils, constraints })
}

/// How many patterns may set the variable `name` in one match.
fn places(test: &Test, utils: &[Test], name: &str, depth: u8) -> usize {
    let of = |test: &Test| places(test, utils, name, depth);
    match test {
        Test::Pattern(shape) => usize::from(shape.root.sets(name)),
        Test::Inside(relation) | Test::Has(relation) | Test::Precedes(relation) | Test::Follows(relation) => {
            of(&relation.test)
        }
        Test::All(tests) => tests.iter().map(of).sum(),
        Test::Any(tests) => tests.iter().map(of).max().unwrap_or(0),
        Test::Matches(_) if depth >= DEEPEST => 2,
        Test::Matches(util) => utils.get(*util).map_or(2, |test| places(test, utils, name, depth + 1)),
        // Parts that are not understood may set anything.
        Test::Unknown => 2,
        Test::Kind(_) | Test::Regex(_) | Test::NthChild { .. } | Test::Not(_) => 0,
    }
}

fn entries<'v>(mapping: &'v Mapping, key: &str) -> Vec<(String, &'v Value)> {
    let inner = mapping.get(key).and_then(Value::as_mapping);
    let named = |(name, value): (&'v Value, &'v Value)| Some((name.as_str()?.to_owned(), value));
    inner.into_iter().flatten().filter_map(named).collect()
}

/// The keys of a rule in the order ast-grep asks for them.
const ORDER: [&str; 13] = [
    "pattern", "kind", "regex", "nthChild", "range", "all", "any", "not", "matches", "inside", "has",
    "precedes", "follows",
];

struct Reader<'d> {
    dialect: &'d Dialect,
    utils: Vec<String>,
}

impl Reader<'_> {
    fn rule(&self, rule: &Value) -> Test {
        let Value::Mapping(rule) = rule else { return Test::Unknown };
        let mut tests = Vec::new();
        for (key, value) in rule {
            tests.extend(self.part(key.as_str().unwrap_or_default(), value));
        }
        join(tests)
    }

    /// What a rule asks for, one after the other like ast-grep does: a node's own properties, then what joins rules, then
    /// relations.
    fn steps(&self, rule: &Value, steps: &mut Vec<Test>) {
        let known = |key: &Value| ORDER.iter().any(|own| key.as_str() == Some(own));
        for (key, value) in ORDER.iter().filter_map(|key| Some((*key, rule.get(*key)?))) {
            match value.as_sequence().filter(|_| key == "all") {
                Some(all) => all.iter().for_each(|rule| self.steps(rule, steps)),
                None => steps.extend(self.part(key, value)),
            }
        }
        if rule.as_mapping().is_none_or(|rule| !rule.keys().all(known)) {
            steps.push(Test::Unknown);
        }
    }

    /// One key of a rule; `None` for what says nothing about a node.
    fn part(&self, key: &str, value: &Value) -> Option<Test> {
        if value.is_null() {
            return None;
        }
        Some(match key {
            "kind" => self.kind(value),
            "pattern" => self.pattern(value),
            "regex" => value.as_str().map_or(Test::Unknown, |source| {
                Test::Regex(LazyRegex { source: source.to_owned(), compiled: OnceLock::new() })
            }),
            "nthChild" => nth_child(value),
            "inside" => Test::Inside(Box::new(self.relation(value))),
            "has" => Test::Has(Box::new(self.relation(value))),
            "precedes" => Test::Precedes(Box::new(self.relation(value))),
            "follows" => Test::Follows(Box::new(self.relation(value))),
            "all" => join(self.list(value)),
            "any" => Test::Any(self.list(value)),
            "not" => Test::Not(Box::new(self.rule(value))),
            "matches" => {
                let util = value.as_str().and_then(|name| self.utils.iter().position(|own| own == name));
                util.map_or(Test::Unknown, Test::Matches)
            }
            "field" | "stopBy" => return None,
            _ => Test::Unknown,
        })
    }

    fn list(&self, value: &Value) -> Vec<Test> {
        value.as_sequence().into_iter().flatten().map(|rule| self.rule(rule)).collect()
    }

    fn kind(&self, value: &Value) -> Test {
        let name = value.as_str().unwrap_or_default();
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match self.dialect.kind_to_id(name) {
            id if is_plain && id != 0 => Test::Kind(id),
            _ => Test::Unknown,
        }
    }

    fn pattern(&self, value: &Value) -> Test {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let pattern = match (value.as_str(), text("context"), text("selector")) {
            (Some(source), ..) => Pattern::try_new(source, self.dialect.clone()),
            (_, Some(context), Some(selector)) => {
                Pattern::contextual(context, selector, self.dialect.clone())
            }
            (_, Some(context), None) => Pattern::try_new(context, self.dialect.clone()),
            _ => return Test::Unknown,
        };
        let Ok(pattern) = pattern else { return Test::Unknown };
        let is_smart = matches!(pattern.strictness, MatchStrictness::Smart) && text("strictness").is_none();
        if !is_smart {
            return Test::Unknown;
        }
        let kind = text("selector").map(|selector| self.dialect.kind_to_id(selector));
        Test::Pattern(Shape { root: Goal::of_pattern(&pattern.node), kind })
    }

    fn relation(&self, value: &Value) -> Relation {
        let test = self.rule(value);
        let field = value.get("field").and_then(Value::as_str);
        let reach = match value.get("stopBy") {
            None => Reach::Neighbour,
            Some(Value::String(word)) if word == "neighbor" => Reach::Neighbour,
            Some(Value::String(word)) if word == "end" => Reach::End,
            Some(_) => Reach::Rule,
        };
        let kinds = kinds_of(&test);
        // A field that the grammar does not have would have been an error before.
        Relation { kinds, test, field: field.and_then(|field| self.dialect.field_to_id(field)), reach }
    }
}

fn nth_child(value: &Value) -> Test {
    let (position, reverse) = match value {
        Value::Mapping(complex) => {
            if complex.get("ofRule").is_some_and(|rule| !rule.is_null()) {
                return Test::Unknown;
            }
            (complex.get("position"), complex.get("reverse").and_then(Value::as_bool).unwrap_or(false))
        }
        simple => (Some(simple), false),
    };
    let nth = position.and_then(Value::as_u64).and_then(|nth| usize::try_from(nth).ok());
    nth.map_or(Test::Unknown, |nth| Test::NthChild { nth, reverse })
}

/// All of `tests`, the cheap ones first.
fn join(mut tests: Vec<Test>) -> Test {
    if tests.iter().any(|test| matches!(test, Test::All(_))) {
        let flat = |test| match test {
            Test::All(inner) => inner,
            other => vec![other],
        };
        tests = tests.into_iter().flat_map(flat).collect();
    }
    tests.sort_by_key(cost);
    match tests.len() {
        0 => Test::Unknown,
        1 => tests.pop().unwrap_or(Test::Unknown),
        _ => Test::All(tests),
    }
}

/// Roughly what a test costs, for sorting.
fn cost(test: &Test) -> u32 {
    let related = |relation: &Relation, own: u32| match relation.reach {
        Reach::Neighbour => own + cost(&relation.test),
        Reach::End | Reach::Rule => 100 + own + cost(&relation.test),
    };
    match test {
        Test::Unknown | Test::Kind(_) => 0,
        Test::NthChild { .. } => 5,
        Test::Pattern(_) => 10,
        Test::Regex(_) => 60,
        Test::Inside(relation) => related(relation, 2),
        Test::Has(relation) => related(relation, if relation.field.is_some() { 2 } else { 6 }),
        Test::Precedes(relation) | Test::Follows(relation) => related(relation, 5),
        Test::All(tests) => tests.first().map_or(0, cost),
        Test::Any(tests) => tests.iter().map(cost).sum(),
        Test::Not(test) => cost(test),
        Test::Matches(_) => 50,
    }
}

/// The kinds a test can hold for; `None` when it can hold for many.
fn kinds_of(test: &Test) -> Option<Vec<u16>> {
    match test {
        Test::Kind(kind) => Some(vec![*kind]),
        Test::Pattern(shape) => shape.kind.or_else(|| shape.root.kind()).map(|kind| vec![kind]),
        Test::All(tests) => tests.iter().filter_map(kinds_of).min_by_key(Vec::len),
        Test::Any(tests) => {
            let mut kinds = Vec::new();
            for test in tests {
                kinds.extend(kinds_of(test)?);
            }
            kinds.sort_unstable();
            kinds.dedup();
            Some(kinds)
        }
        _ => None,
    }
}
