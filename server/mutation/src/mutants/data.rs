//! What stands in an `operators.toml`, as it is written. What it means to a grammar is found out in `compile`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// One value, or a list of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Words {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl Words {
    pub(super) fn list(&self) -> Vec<&str> {
        match self {
            Self::None => Vec::new(),
            Self::One(one) => vec![one],
            Self::Many(many) => many.iter().map(String::as_str).collect(),
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileData {
    /// Kinds of node that need no parentheses wherever an operand may stand.
    #[serde(default)]
    pub(super) atoms: Vec<String>,
    /// Conditions by name.
    #[serde(default)]
    pub(super) conditions: BTreeMap<String, ConditionData>,
    /// Where nothing, or not everything, is mutated.
    #[serde(default)]
    pub(super) untouched: Vec<UntouchedData>,
    /// The operators, by family.
    pub(super) families: Vec<FamilyData>,
}

impl FileData {
    /// Takes up what another file for the same language says.
    pub(super) fn absorb(&mut self, other: Self) {
        self.atoms.extend(other.atoms);
        self.conditions.extend(other.conditions);
        self.untouched.extend(other.untouched);
        self.families.extend(other.families);
    }
}

/// A place that is left alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UntouchedData {
    /// Why; for readers.
    #[serde(rename = "why")]
    pub(super) _why: String,
    pub(super) kinds: Words,
    #[serde(rename = "where", default)]
    pub(super) wanted: BTreeMap<String, ConditionData>,
    /// Only these parts of the node: paths.
    #[serde(default)]
    pub(super) parts: Words,
    /// Only by these operators: ids, or families.
    #[serde(default)]
    pub(super) only: Words,
}

/// Operators that have something in common, which is said once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FamilyData {
    /// The part before the `/` of the ids.
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) shared: SharedData,
    pub(super) operators: Vec<OperatorData>,
}

/// What a family and an operator of it can both say; the operator's word counts.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct SharedData {
    /// The kinds of node it begins at; those in `find` where there are none.
    #[serde(default)]
    pub(super) kinds: Words,
    /// The kinds that the node's parent may have.
    #[serde(default)]
    pub(super) parents: Words,
    /// What is replaced, as a path from the node; the node itself where there is none.
    pub(super) replace: Option<String>,
    /// The path of the last node that is replaced, where it is several side by side.
    pub(super) to: Option<String>,
    /// The texts that take its place: templates.
    #[serde(default)]
    pub(super) put: Words,
    /// What no test would notice: a template.
    pub(super) says: Option<String>,
    /// What must hold at paths from the node; a family's counts too.
    #[serde(rename = "where", default)]
    pub(super) wanted: BTreeMap<String, ConditionData>,
    /// What must not hold of it, each on its own; a family's count too.
    #[serde(default)]
    pub(super) unless: Vec<ConditionData>,
}

/// One operator.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperatorData {
    /// The part after the `/` of its id.
    pub(super) id: String,
    /// What is replaced must have one of these texts.
    #[serde(default)]
    pub(super) find: Words,
    /// A text, and then everything this operator makes of it: nothing for a near miss.
    #[serde(default)]
    pub(super) examples: Vec<Vec<String>>,
    #[serde(flatten)]
    pub(super) shared: SharedData,
}

/// A condition on a node: a name (with `not ` in front of it for the opposite), or a table of which all must hold.
#[derive(Debug, Clone)]
pub(super) enum ConditionData {
    Named(String),
    Table(Box<ChecksData>),
}

/// What can be asked of a node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChecksData {
    /// Its kind is one of these.
    #[serde(default)]
    pub(super) kinds: Words,
    /// Its text is one of these.
    #[serde(default)]
    pub(super) text: Words,
    /// A regular expression matches in its text.
    pub(super) matches: Option<String>,
    /// Its text is that of the node at this path from where the operator began.
    pub(super) same: Option<String>,
    /// How many named children it has.
    pub(super) count: Option<usize>,
    /// Named conditions, all of which hold.
    #[serde(default)]
    pub(super) is: Words,
    /// Conditions on nodes at paths from it. A node that is not there meets none but `absent`.
    #[serde(rename = "where", default)]
    pub(super) at: BTreeMap<String, ConditionData>,
    /// One of these holds.
    #[serde(default)]
    pub(super) any: Vec<ConditionData>,
    /// This does not hold.
    pub(super) not: Option<ConditionData>,
    /// A node around it meets this.
    pub(super) inside: Option<ConditionData>,
    /// The nearest node around it of one of `nearest.kinds` meets the rest of this.
    pub(super) nearest: Option<ConditionData>,
    /// A node in it meets this.
    pub(super) has: Option<ConditionData>,
    /// A child of it meets this.
    pub(super) child: Option<ConditionData>,
    /// Whether nothing but blanks stands before it on its line.
    pub(super) starts_line: Option<bool>,
}

impl<'de> Deserialize<'de> for ConditionData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConditionVisitor)
    }
}

struct ConditionVisitor;

impl<'de> Visitor<'de> for ConditionVisitor {
    type Value = ConditionData;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a condition, or a table of what must hold")
    }

    fn visit_str<E>(self, name: &str) -> Result<ConditionData, E> {
        Ok(ConditionData::Named(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ConditionData, A::Error> {
        ChecksData::deserialize(MapAccessDeserializer::new(map))
            .map(|checks| ConditionData::Table(Box::new(checks)))
    }
}
