//! How far a rule looks beyond the node it matches, read off its YAML: what has to be the same for a match to be the
//! same. When in doubt a rule looks everywhere; it is then asked anew after every edit, never remembered wrongly.
//!
//! Heights count upwards from the matched node: 0 is the node itself, 1 its parent. What a rule says about the *kinds*
//! of ancestors, and the fields they lie in, is no reach: whoever remembers matches remembers those, too.

use ast_grep_config::SerializableRuleConfig;
use ast_grep_core::Matcher;
use ast_grep_core::Pattern;
use serde::Serialize;
use serde_yaml::Value;
use std::collections::BTreeSet;

use super::dialect::Dialect;

/// Higher than any node stands.
const ENDLESS: i32 = i32::MAX;
/// How deep rules may be nested before they count as looking everywhere.
const DEEPEST: usize = 64;

/// How many siblings on each side are next to a node.
pub(crate) const NEXT: usize = 2;

/// What a rule looks at beyond the matched node and what is below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The highest node of which siblings next to it are looked at.
    neighbours: Option<i32>,
    /// The highest node whose siblings, all of them, are looked at.
    siblings: Option<i32>,
    /// Ancestors that are looked into, up to this height; only those of these kinds, where they are known.
    contents: Vec<(i32, Option<BTreeSet<u16>>)>,
}

impl Reach {
    /// The outermost node around a piece of the tree that a match in it depends on, besides the piece, the siblings next
    /// to its top and the kinds of its ancestors, which are `ancestors`, outermost first. The match is at a node `depth`
    /// levels below the top. `None`: it depends on no more than that.
    pub(crate) fn outermost(&self, depth: usize, ancestors: &[u16]) -> Option<usize> {
        let depth = level(depth);
        let parent_at = |height: i32| {
            let above = usize::try_from(height.saturating_sub(depth)).unwrap_or(0);
            ancestors.len().saturating_sub(above.saturating_add(1))
        };
        let siblings = self.siblings.filter(|height| *height >= depth).map(parent_at);
        let neighbours = self.neighbours.filter(|height| *height > depth).map(parent_at);
        let contents = self.contents.iter().filter_map(|(height, kinds)| {
            let above = usize::try_from(height.saturating_sub(depth)).unwrap_or(0);
            let is_seen = |kind: &u16| kinds.as_ref().is_none_or(|kinds| kinds.contains(kind));
            let unseen = ancestors.len().saturating_sub(above);
            Some(unseen + ancestors.iter().skip(unseen).position(is_seen)?)
        });
        contents.chain(siblings).chain(neighbours).min()
    }

    /// Whether it depends on the siblings next to the top.
    pub(crate) fn leans(&self, depth: usize) -> bool {
        self.neighbours.is_some_and(|height| height >= level(depth))
    }

    /// Looks everywhere.
    fn everywhere() -> Self {
        Self { neighbours: Some(ENDLESS), siblings: Some(ENDLESS), contents: vec![(ENDLESS, None)] }
    }
}

fn level(depth: usize) -> i32 {
    i32::try_from(depth).unwrap_or(ENDLESS)
}

/// The reach of a rule, and that of its replacement, which only matters where the rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reaches {
    pub(crate) rule: Reach,
    pub(crate) fix: Reach,
    /// The kinds the parent of a match can have, where that is known.
    parents: Option<BTreeSet<u16>>,
}

impl Reaches {
    /// Whether no match can lie directly in a node of this kind.
    pub(crate) fn rules_out(&self, parent: u16) -> bool {
        self.parents.as_ref().is_some_and(|kinds| !kinds.contains(&parent))
    }

    /// The reaches of a rule as it is written.
    pub(super) fn of(raw: &SerializableRuleConfig<Dialect>) -> Self {
        let everywhere = || Self { rule: Reach::everywhere(), fix: Reach::everywhere(), parents: None };
        Self::read(raw).unwrap_or_else(everywhere)
    }

    fn read(raw: &SerializableRuleConfig<Dialect>) -> Option<Self> {
        let core = value(&raw.core)?;
        let (fix, rewriters) = (value(&raw.fix)?, value(&raw.rewriters)?);
        let utils = core.get("utils");
        let mut reader =
            Reader { language: &raw.language, utils, reach: Reach::default(), depth: 0, read: Vec::new() };
        reader.rule(core.get("rule")?, Place::OWN, &mut Vec::new())?;
        // A metavariable may stand for a node outside, if the rule looks there at all.
        let looks_outside = reader.reach != Reach::default();
        for constraint in core.get("constraints").and_then(Value::as_mapping).into_iter().flatten() {
            reader.rule(constraint.1, Place::OWN, &mut Vec::new())?;
            if looks_outside && mentions_outside(constraint.1) {
                return None;
            }
        }
        let rule = std::mem::take(&mut reader.reach);
        reader.fixers(&fix)?;
        if rewriters.as_sequence().into_iter().flatten().any(mentions_outside) {
            return None;
        }
        let parents = reader.parents(core.get("rule")?, 0);
        Some(Self { rule, fix: reader.reach, parents })
    }
}

fn value(part: &impl Serialize) -> Option<Value> {
    serde_yaml::to_value(part).ok()
}

/// Whether something in `value` looks beyond the node it is asked about.
fn mentions_outside(value: &Value) -> bool {
    const WORDS: [&str; 7] =
        ["inside", "precedes", "follows", "nthChild", "range", "expandStart", "expandEnd"];
    match value {
        Value::Mapping(fields) => fields.iter().any(|(key, value)| {
            let key = key.as_str().unwrap_or_default();
            WORDS.contains(&key) || key == "kind" && !is_plain(value) || mentions_outside(value)
        }),
        Value::Sequence(all) => all.iter().any(mentions_outside),
        _ => false,
    }
}

/// Whether a `kind` names one kind and is no selector that looks around.
fn is_plain(kind: &Value) -> bool {
    kind.as_str().is_some_and(|kind| kind.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// Where a part of a rule is asked.
#[derive(Debug, Clone, Copy)]
struct Place {
    base: Base,
    /// How far above the base: at most this.
    height: i32,
}

/// What a place is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    /// The matched node.
    Own,
    /// A sibling of the node at this height, so many places away: looked at as a whole.
    Beside(i32, usize),
    /// The ancestor at this height: looked at as a whole.
    Within(i32),
}

impl Place {
    const OWN: Self = Self { base: Base::Own, height: 0 };

    fn up(self, endless: bool) -> Self {
        let own = |height| Self { base: Base::Own, height };
        match self.base {
            _ if endless => own(ENDLESS),
            Base::Beside(height, _) | Base::Within(height) if self.height == 0 => {
                own(height.saturating_add(1))
            }
            _ => Self { height: self.height.saturating_add(1), ..self },
        }
    }

    fn down(self) -> Self {
        match self.base {
            Base::Own if self.height > 0 => Self { base: Base::Within(self.height), height: -1 },
            _ => Self { height: self.height - 1, ..self },
        }
    }
}

struct Reader<'r> {
    language: &'r Dialect,
    utils: Option<&'r Value>,
    reach: Reach,
    depth: usize,
    /// The utility rules that were read, and where they were asked.
    read: Vec<(&'r str, Place)>,
}

/// The rules that all hold for the node that is asked about.
type Conditions<'r> = Vec<&'r Value>;

impl<'r> Reader<'r> {
    /// Notes what `rule` looks at when it is asked at `place`. `None` when that cannot be told.
    fn rule(&mut self, rule: &'r Value, place: Place, around: &mut Conditions<'r>) -> Option<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        around.push(rule);
        for (key, part) in rule.as_mapping()? {
            match key.as_str()? {
                "kind" if is_plain(part) => {}
                "pattern" | "regex" => self.text(place, around),
                "nthChild" => self.nth_child(part, place)?,
                "inside" => {
                    self.each(part, place.up(reaches_far(part)))?;
                }
                "has" => {
                    self.text(place, around);
                    self.each(part, place.down())?;
                }
                "precedes" | "follows" => {
                    let beside = self.sideways(place, reaches_far(part));
                    self.each(part, beside)?;
                }
                "all" | "any" => {
                    for part in part.as_sequence()? {
                        self.rule(part, place, around)?;
                    }
                }
                "not" => self.rule(part, place, around)?,
                "matches" => {
                    self.util(part.as_str()?, place, around)?;
                }
                // Of relations; read by whoever read the relation.
                "stopBy" | "field" => {}
                _ => return None,
            }
        }
        around.pop();
        self.depth -= 1;
        Some(())
    }

    /// A utility rule, which may use itself farther down.
    fn util(&mut self, name: &'r str, place: Place, around: &mut Conditions<'r>) -> Option<()> {
        let is_above = |(own, other): &(&str, Place)| {
            *own == name && other.base == place.base && other.height >= place.height
        };
        let looks_below = place.base != Base::Own || place.height <= 0;
        if looks_below && self.read.iter().any(is_above) {
            return Some(());
        }
        self.read.push((name, place));
        self.rule(self.utils?.get(name)?, place, around)
    }

    /// A relation's rule, and where it stops.
    fn each(&mut self, relation: &'r Value, place: Place) -> Option<()> {
        self.rule(relation, place, &mut Vec::new())?;
        match relation.get("stopBy") {
            Some(stop) if stop.is_mapping() => self.rule(stop, place, &mut Vec::new()),
            _ => Some(()),
        }
    }

    /// A node's text or what is in it is looked at.
    fn text(&mut self, place: Place, around: &Conditions<'r>) {
        if place.base == Base::Own && place.height > 0 {
            let kinds = self.kinds(around);
            self.reach.contents.push((place.height, kinds));
        }
    }

    fn nth_child(&mut self, part: &'r Value, place: Place) -> Option<()> {
        let beside = self.sideways(place, true);
        match part.get("ofRule") {
            Some(rule) if !rule.is_null() => self.rule(rule, beside, &mut Vec::new()),
            _ => Some(()),
        }
    }

    /// Siblings of the node are looked at: the next one, or `all`. Where they are.
    fn sideways(&mut self, place: Place, all: bool) -> Place {
        let (height, distance) = match place.base {
            _ if place.height < 0 => return place,
            Base::Own => (place.height, 1),
            Base::Within(height) => (height, 1),
            Base::Beside(height, distance) => (height, distance + 1),
        };
        if height == ENDLESS {
            self.reach.contents.push((ENDLESS, None));
            return place;
        }
        let all = all || distance > NEXT;
        let mark = if all { &mut self.reach.siblings } else { &mut self.reach.neighbours };
        *mark = Some(mark.unwrap_or(0).max(height));
        Place { base: Base::Beside(height, distance), height: 0 }
    }

    /// The kinds that a node can have of which all of `conditions` hold; `None` for any kind.
    fn kinds(&self, conditions: &Conditions<'r>) -> Option<BTreeSet<u16>> {
        conditions.iter().filter_map(|rule| self.kinds_of(rule, 0)).reduce(|left, right| &left & &right)
    }

    fn kinds_of(&self, rule: &Value, depth: usize) -> Option<BTreeSet<u16>> {
        if depth > DEEPEST {
            return None;
        }
        let of_field = |(key, part): (&Value, &Value)| match key.as_str()? {
            "kind" if is_plain(part) => self.kind(part.as_str()?),
            "pattern" => self.pattern(part.as_str()?),
            "all" => {
                let all = part.as_sequence()?.iter().filter_map(|part| self.kinds_of(part, depth + 1));
                all.reduce(|left, right| &left & &right)
            }
            "any" => {
                let mut kinds = BTreeSet::new();
                for part in part.as_sequence()? {
                    kinds.append(&mut self.kinds_of(part, depth + 1)?);
                }
                Some(kinds)
            }
            "matches" => self.kinds_of(self.utils?.get(part.as_str()?)?, depth + 1),
            _ => None,
        };
        rule.as_mapping()?.iter().filter_map(of_field).reduce(|left, right| &left & &right)
    }

    /// The kinds a node's parent must have for `rule` to hold.
    fn parents(&self, rule: &Value, depth: usize) -> Option<BTreeSet<u16>> {
        if depth > DEEPEST {
            return None;
        }
        let of_field = |(key, part): (&Value, &Value)| match key.as_str()? {
            "inside" if !reaches_far(part) => self.kinds_of(part, 0),
            "all" => {
                let all = part.as_sequence()?.iter().filter_map(|part| self.parents(part, depth + 1));
                all.reduce(|left, right| &left & &right)
            }
            _ => None,
        };
        rule.as_mapping()?.iter().filter_map(of_field).reduce(|left, right| &left & &right)
    }

    fn kind(&self, name: &str) -> Option<BTreeSet<u16>> {
        let grammar = self.language.0.grammar();
        let ids = [grammar.id_for_node_kind(name, true), grammar.id_for_node_kind(name, false)];
        let known: BTreeSet<u16> = ids.into_iter().filter(|id| *id != 0).collect();
        // A grammar may have several ids of one name; those that are not the public one cannot be told from here.
        (!known.is_empty()).then_some(known)
    }

    fn pattern(&self, text: &str) -> Option<BTreeSet<u16>> {
        let pattern = Pattern::try_new(text, self.language.clone()).ok()?;
        let kinds = pattern.potential_kinds()?;
        Some(kinds.iter().filter_map(|kind| u16::try_from(kind).ok()).collect())
    }

    /// A replacement may swallow siblings.
    fn fixers(&mut self, fix: &'r Value) -> Option<()> {
        if let Value::Sequence(all) = fix {
            return all.iter().try_for_each(|fix| self.fixers(fix));
        }
        for expansion in ["expandStart", "expandEnd"].iter().filter_map(|word| fix.get(word)) {
            let beside = self.sideways(Place::OWN, reaches_far(expansion));
            self.each(expansion, beside)?;
        }
        Some(())
    }
}

/// Whether a relation looks farther than one node.
fn reaches_far(relation: &Value) -> bool {
    relation.get("stopBy").is_some_and(|stop| stop.as_str() != Some("neighbor"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Languages;
    use hephaestus_core::LanguageId;

    fn reach(rule: &str) -> Reach {
        reaches(rule).rule
    }

    fn reaches(rule: &str) -> Reaches {
        let text = format!("id: x\nlanguage: Python\nfix: ''\n{rule}");
        let raw: SerializableRuleConfig<Dialect> = ast_grep_config::from_str(&text).unwrap();
        Reaches::of(&raw)
    }

    fn kind(name: &str) -> u16 {
        let python = Languages::builtin().unwrap().get(&LanguageId::new("python")).unwrap();
        python.grammar().id_for_node_kind(name, true)
    }

    #[test]
    fn what_is_below_and_kinds_above_are_no_reach() {
        let rule = "rule: {kind: block, has: {kind: call, inside: {kind: block}}, inside: {kind: module}}";
        assert_eq!(reach(rule), Reach::default());
    }

    #[test]
    fn an_ancestor_that_is_looked_into_counts_by_its_kind() {
        let reach = reach("rule: {kind: call, inside: {kind: class_definition, regex: x, stopBy: end}}");
        let [module, class, block] = ["module", "class_definition", "block"].map(kind);
        assert_eq!(reach.outermost(3, &[module, class, block]), Some(1));
        assert_eq!(reach.outermost(3, &[module, class, block, class]), Some(1));
        assert_eq!(reach.outermost(0, &[module, block]), None);
    }

    #[test]
    fn what_is_in_an_ancestor_that_is_looked_into_is_no_farther_away() {
        let rule = "rule: {kind: call, inside: {kind: block, has: {has: {kind: call, inside: {regex: x}}}}}";
        let [module, block] = ["module", "block"].map(kind);
        assert_eq!(reach(rule).outermost(0, &[module, block, block]), Some(2));
        assert_eq!(reach(rule).outermost(0, &[block, module]), None);
        let out = "rule: {kind: call, inside: {kind: block, has: {inside: {inside: {regex: x}}}}}";
        assert_eq!(reach(out).outermost(0, &[module, block]), Some(0));
    }

    #[test]
    fn a_utility_rule_may_use_itself_farther_down() {
        let utils = "utils: {deep: {kind: call, has: {any: [{kind: block}, {matches: deep}]}}}";
        assert_eq!(
            reach(&format!("{utils}\nrule: {{kind: call, has: {{matches: deep}}}}")),
            Reach::default()
        );
        let utils = "utils: {high: {kind: call, nthChild: 1, inside: {matches: high}}}";
        assert_eq!(reach(&format!("{utils}\nrule: {{kind: call, matches: high}}")), Reach::everywhere());
    }

    #[test]
    fn a_parent_that_is_asked_for_rules_others_out() {
        let text = "rule: {kind: call, all: [{inside: {kind: block, inside: {kind: module}}}]}";
        assert!(reaches(text).rules_out(kind("module")) && !reaches(text).rules_out(kind("block")));
        let farther = reaches("rule: {kind: call, inside: {kind: block, stopBy: end}}");
        assert!(!farther.rules_out(kind("module")));
    }

    #[test]
    fn siblings_count_where_their_parent_is_outside() {
        let [module, block] = ["module", "block"].map(kind);
        let neighbour = reach("rule: {kind: call, precedes: {kind: call}}");
        assert_eq!((neighbour.outermost(0, &[module]), neighbour.outermost(1, &[])), (None, None));
        let all = reach("rule: {kind: call, precedes: {kind: call, stopBy: end}}");
        assert_eq!((all.outermost(0, &[module]), all.outermost(1, &[module])), (Some(0), None));
        assert_eq!(all.outermost(0, &[module, block, block]), Some(2));
        let second = reach("rule: {kind: call, precedes: {precedes: {kind: call}}}");
        assert!(second.outermost(0, &[module]).is_none() && second.leans(0) && !second.leans(1));
        let third = reach("rule: {kind: call, precedes: {precedes: {precedes: {kind: call}}}}");
        assert_eq!(third.outermost(0, &[module]), Some(0));
        let nth = reach("rule: {kind: call, has: {nthChild: 1}}");
        assert_eq!(nth, Reach::default());
        let parents = reach("rule: {kind: call, inside: {nthChild: 1}}");
        assert_eq!((parents.outermost(1, &[module]), parents.outermost(2, &[module])), (Some(0), None));
    }

    #[test]
    fn expansions_reach_to_siblings() {
        let text =
            "id: x\nlanguage: Python\nfix: {template: '', expandEnd: {kind: call}}\nrule: {kind: call}";
        let raw: SerializableRuleConfig<Dialect> = ast_grep_config::from_str(text).unwrap();
        let reaches = Reaches::of(&raw);
        assert_eq!((reaches.rule, reaches.fix.neighbours), (Reach::default(), Some(0)));
    }

    #[test]
    fn what_is_not_understood_looks_everywhere() {
        let range = "rule: {kind: call, range: {start: {line: 0, column: 0}, end: {line: 0, column: 1}}}";
        assert_eq!(reach(range), Reach::everywhere());
        assert_eq!(reach("rule: {kind: 'block > call'}"), Reach::everywhere());
    }
}
