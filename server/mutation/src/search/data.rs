//! What stands in a `repair.toml`, and what it means to a grammar: which nodes play which part in code that may be
//! repaired, and the texts that are put in. It knows no language of its own.

use std::collections::{BTreeMap, HashMap};

use hephaestus_grammars::Tables;
use serde::Deserialize;

use super::scene::Guess;

/// One field of a node, several, or (`*`) all of its children.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Fields {
    One(String),
    Many(Vec<String>),
}

/// The nodes of a grammar, by the part they play.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodesData {
    /// Code with a value.
    expressions: Vec<String>,
    /// Expressions that need no parentheses wherever an operand may stand.
    atoms: Vec<String>,
    /// Nodes whose expressions are operands: what is put there may need parentheses.
    operands_of: Vec<String>,
    /// Names of values.
    names: Vec<String>,
    numbers: Vec<String>,
    strings: Vec<String>,
    /// Strings that are one character and no text, where the language tells them apart.
    #[serde(default)]
    characters: Vec<String>,
    /// Expressions that are true or false.
    truths: Vec<String>,
    /// Operators that make a binary or unary expression true or false, where its kind does not tell.
    #[serde(default)]
    truth_operators: Vec<String>,
    /// Lists of expressions with commas between them.
    lists: Vec<String>,
    subscripts: Vec<String>,
    #[serde(default)]
    slices: Vec<String>,
    returns: Vec<String>,
    /// Expressions whose parts may be exchanged.
    #[serde(default)]
    swaps: Vec<String>,
    /// Expressions with an operator between two operands.
    binaries: Vec<String>,
    /// Where a value is stored, by kind of node.
    targets: BTreeMap<String, Fields>,
    /// What decides, by kind of node.
    conditions: BTreeMap<String, Fields>,
    /// Where names are no values.
    names_only: BTreeMap<String, Fields>,
    /// Names after a dot.
    properties: BTreeMap<String, Fields>,
    /// Blocks of statements, by what they belong to.
    bodies: BTreeMap<String, Fields>,
    loops: Vec<String>,
    branches: Vec<String>,
    /// Nodes that hold nothing but a condition.
    #[serde(default)]
    inside: Vec<String>,
    /// Lists of parameters.
    parameters: Vec<String>,
    /// What says of which type a name is, with the field in which the type stands.
    #[serde(default)]
    declarations: BTreeMap<String, Fields>,
}

/// The texts of a language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    #[serde(rename = "true")]
    pub(super) yes: String,
    #[serde(rename = "false")]
    pub(super) no: String,
    pub(super) not: String,
    pub(super) and: String,
    pub(super) or: String,
    pub(super) equal: String,
    /// A statement under a condition: `{condition}`, `{indent}`, `{statement}`.
    pub(super) guard: String,
    /// What stands for a statement that is taken out.
    pub(super) delete: String,
    pub(super) increase: String,
    pub(super) decrease: String,
    #[serde(rename = "return")]
    pub(super) give: String,
    /// A string in quotes.
    pub(super) string: String,
    /// Methods that give one element of what they are called of.
    #[serde(default)]
    pub(super) element: Vec<String>,
}

/// Texts that are taken for one another by mistake.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RivalsData {
    #[serde(default)]
    operators: Vec<String>,
    /// Which family of repairs it is to exchange these operators.
    #[serde(default)]
    family: String,
    #[serde(default)]
    words: Vec<String>,
    /// Short texts in strings.
    #[serde(default)]
    texts: Vec<String>,
}

/// Expressions around an expression (`{}`), by what it seems to be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wraps {
    pub(super) number: Vec<String>,
    pub(super) text: Vec<String>,
    pub(super) truth: Vec<String>,
    /// Where it is not known what it is.
    pub(super) any: Vec<String>,
}

/// Constants that belong to the language.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Constants {
    pub(super) number: Vec<String>,
    pub(super) text: Vec<String>,
    pub(super) any: Vec<String>,
}

/// Arguments that calls of these names may lack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MoreArguments {
    pub(super) callee: Vec<String>,
    pub(super) add: Vec<String>,
}

/// Names by what values of that type, or results of calls of that name, are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sorts {
    number: Vec<String>,
    text: Vec<String>,
    truth: Vec<String>,
    list: Vec<String>,
}

/// Another form for operations with these operators: `{left}` and `{right}` in a call, say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forms {
    pub(super) operators: Vec<String>,
    pub(super) instead: Vec<String>,
}

/// Statements that are put in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Statements {
    /// Inside loops.
    pub(super) jumps: Vec<String>,
    /// Anywhere in a function.
    pub(super) leaves: Vec<String>,
    /// With a name for `{}`.
    pub(super) method_calls: Vec<String>,
    /// With something that can be stored into for `{}`.
    pub(super) assigns: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileData {
    /// The pack whose file this one adds to.
    #[serde(default)]
    #[expect(dead_code, reason = "read before, when both files are put together")]
    extends: Option<String>,
    nodes: NodesData,
    texts: Texts,
    rivals: Vec<RivalsData>,
    wraps: Wraps,
    constants: Constants,
    #[serde(default)]
    types: Sorts,
    #[serde(default)]
    results: Sorts,
    #[serde(default)]
    forms: Vec<Forms>,
    #[serde(default)]
    arguments: Vec<MoreArguments>,
    statements: Statements,
}

/// The parts that a kind of node can play: a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Roles(u32);

macro_rules! roles {
    ($($name:ident = $bit:literal,)*) => {
        impl Roles { $(pub(super) const $name: Self = Self(1 << $bit);)* }
    };
}
roles! {
    EXPRESSION = 0, ATOM = 1, OPERAND_OF = 2, NAME = 3, NUMBER = 4, STRING = 5, TRUTH = 6, LIST = 7, SUBSCRIPT = 8,
    SLICE = 9, RETURN = 10, SWAP = 11, BINARY = 12, LOOP = 13, BRANCH = 14, INSIDE = 15, STATEMENT = 16, BLOCK = 17,
    COMMENT = 18, FUNCTION = 19, PARAMETERS = 20, CHARACTER = 21,
}

impl Roles {
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Fields of kinds: numbers of fields, or all children.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldTable(HashMap<u16, Vec<Option<u16>>>);

impl FieldTable {
    /// Whether the child in `field` (0 for none) of a node of `kind` is meant.
    pub(super) fn holds(&self, kind: u16, field: u16) -> bool {
        self.0.get(&kind).is_some_and(|fields| fields.iter().any(|own| own.is_none_or(|own| own == field)))
    }

    pub(super) fn has(&self, kind: u16) -> bool {
        self.0.contains_key(&kind)
    }
}

/// A `repair.toml` in a grammar's numbers.
#[derive(Debug)]
pub(super) struct Lexicon {
    roles: Vec<Roles>,
    pub(super) targets: FieldTable,
    pub(super) conditions: FieldTable,
    pub(super) names_only: FieldTable,
    pub(super) properties: FieldTable,
    pub(super) bodies: FieldTable,
    /// What says of which type a name is: the field with the type.
    pub(super) declarations: FieldTable,
    /// What values of a type are.
    pub(super) types: HashMap<String, Guess>,
    /// What results of calls are, by the name that is called.
    pub(super) results: HashMap<String, Guess>,
    pub(super) forms: Vec<Forms>,
    /// Calls, and the field with what is called.
    pub(super) calls: HashMap<u16, u16>,
    pub(super) truth_operators: Vec<String>,
    pub(super) texts: Texts,
    /// By operator: its rivals, and the family.
    pub(super) operators: HashMap<String, Vec<(String, String)>>,
    /// By name: its rivals.
    pub(super) words: HashMap<String, Vec<String>>,
    /// By what stands between quotes: its rivals.
    pub(super) short_texts: HashMap<String, Vec<String>>,
    pub(super) wraps: Wraps,
    pub(super) constants: Constants,
    pub(super) arguments: Vec<MoreArguments>,
    pub(super) statements: Statements,
}

impl Lexicon {
    /// Takes what a `repair.toml` says for a grammar. Kinds the grammar does not have are passed over: one file may serve several.
    pub(super) fn read(
        data: toml::Table,
        grammar: &tree_sitter::Language,
        tables: &Tables,
    ) -> Result<Self, toml::de::Error> {
        let data: FileData = data.try_into()?;
        let kinds = Kinds { grammar };
        let count = grammar.node_kind_count();
        let mut roles = vec![Roles::default(); count];
        let nodes = &data.nodes;
        for (list, role) in [
            (&nodes.expressions, Roles::EXPRESSION),
            (&nodes.atoms, Roles::ATOM),
            (&nodes.operands_of, Roles::OPERAND_OF),
            (&nodes.names, Roles::NAME),
            (&nodes.numbers, Roles::NUMBER),
            (&nodes.strings, Roles::STRING),
            (&nodes.characters, Roles::CHARACTER),
            (&nodes.truths, Roles::TRUTH),
            (&nodes.lists, Roles::LIST),
            (&nodes.subscripts, Roles::SUBSCRIPT),
            (&nodes.slices, Roles::SLICE),
            (&nodes.returns, Roles::RETURN),
            (&nodes.swaps, Roles::SWAP),
            (&nodes.binaries, Roles::BINARY),
            (&nodes.loops, Roles::LOOP),
            (&nodes.branches, Roles::BRANCH),
            (&nodes.inside, Roles::INSIDE),
            (&nodes.parameters, Roles::PARAMETERS),
            (&tables.statements, Roles::STATEMENT),
            (&tables.blocks, Roles::BLOCK),
            (&tables.comments, Roles::COMMENT),
            (&tables.functions, Roles::FUNCTION),
            (&tables.lambdas, Roles::FUNCTION),
        ] {
            for kind in list.iter().flat_map(|name| kinds.named(name)) {
                if let Some(own) = roles.get_mut(usize::from(kind)) {
                    own.0 |= role.0;
                }
            }
        }
        let calls = tables
            .calls
            .iter()
            .flat_map(|(kind, field)| kinds.named(kind).into_iter().map(move |kind| (kind, field)))
            .filter_map(|(kind, field)| Some((kind, kinds.field(field)?)))
            .collect();
        Ok(Self {
            roles,
            targets: kinds.table(&nodes.targets),
            conditions: kinds.table(&nodes.conditions),
            names_only: kinds.table(&nodes.names_only),
            properties: kinds.table(&nodes.properties),
            bodies: kinds.table(&nodes.bodies),
            declarations: kinds.table(&nodes.declarations),
            types: sorted(&data.types),
            results: sorted(&data.results),
            forms: data.forms,
            calls,
            truth_operators: data.nodes.truth_operators,
            texts: data.texts,
            operators: operators(&data.rivals),
            words: rivals(&data.rivals, |set| &set.words),
            short_texts: rivals(&data.rivals, |set| &set.texts),
            wraps: data.wraps,
            constants: data.constants,
            arguments: data.arguments,
            statements: data.statements,
        })
    }

    /// Whether types are written, so that a value of the wrong one seldom even compiles.
    pub(super) fn is_typed(&self) -> bool {
        !self.types.is_empty()
    }

    /// Whether a character is no text.
    pub(super) fn has_characters(&self) -> bool {
        self.roles.iter().any(|roles| roles.any(Roles::CHARACTER))
    }

    /// The parts that nodes of this kind play.
    pub(super) fn roles(&self, kind: u16) -> Roles {
        self.roles.get(usize::from(kind)).copied().unwrap_or_default()
    }
}

struct Kinds<'a> {
    grammar: &'a tree_sitter::Language,
}

impl Kinds<'_> {
    /// Every number of a kind: a grammar may have several of one name.
    fn named(&self, name: &str) -> Vec<u16> {
        let count = u16::try_from(self.grammar.node_kind_count()).unwrap_or(u16::MAX);
        (0..count)
            .filter(|kind| {
                self.grammar.node_kind_for_id(*kind) == Some(name) && self.grammar.node_kind_is_named(*kind)
            })
            .collect()
    }

    fn field(&self, name: &str) -> Option<u16> {
        self.grammar.field_id_for_name(name).map(u16::from)
    }

    fn table(&self, data: &BTreeMap<String, Fields>) -> FieldTable {
        let mut table = FieldTable::default();
        for (kind, fields) in data {
            let names = match fields {
                Fields::One(one) => std::slice::from_ref(one),
                Fields::Many(many) => many,
            };
            let fields: Vec<Option<u16>> = names
                .iter()
                .filter_map(|name| if name == "*" { Some(None) } else { self.field(name).map(Some) })
                .collect();
            for kind in self.named(kind) {
                table.0.entry(kind).or_default().extend(fields.iter().copied());
            }
        }
        table
    }
}

/// Puts the data of one file and of the one that adds to it together: lists follow each other, other values are replaced.
pub(super) fn extended(base: &mut toml::Table, more: toml::Table) {
    for (key, value) in more {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(own)), toml::Value::Table(more)) => extended(own, more),
            (Some(toml::Value::Array(own)), toml::Value::Array(more)) => own.extend(more),
            (_, value) => drop(base.insert(key, value)),
        }
    }
}

fn sorted(sorts: &Sorts) -> HashMap<String, Guess> {
    let by_sort = [
        (&sorts.number, Guess::Number),
        (&sorts.text, Guess::Text),
        (&sorts.truth, Guess::Truth),
        (&sorts.list, Guess::List),
    ];
    by_sort
        .into_iter()
        .flat_map(|(names, guess)| names.iter().map(move |name| (name.clone(), guess)))
        .collect()
}

fn operators(rivals: &[RivalsData]) -> HashMap<String, Vec<(String, String)>> {
    let mut table: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for set in rivals {
        for own in &set.operators {
            let others = set.operators.iter().filter(|other| *other != own);
            let entry = table.entry(own.clone()).or_default();
            for other in others {
                if !entry.iter().any(|(known, _)| known == other) {
                    entry.push((other.clone(), set.family.clone()));
                }
            }
        }
    }
    table
}

fn rivals(sets: &[RivalsData], of: impl Fn(&RivalsData) -> &Vec<String>) -> HashMap<String, Vec<String>> {
    let mut table: HashMap<String, Vec<String>> = HashMap::new();
    for set in sets {
        for own in of(set) {
            let entry = table.entry(own.clone()).or_default();
            for other in of(set).iter().filter(|other| *other != own) {
                if !entry.contains(other) {
                    entry.push(other.clone());
                }
            }
        }
    }
    table
}
