//! Functions: what is listed of a file's definitions, and how they are named and described. Finding them is done in
//! `walk`, which sees each node once.

use hephaestus_core::ByteRange;
use hephaestus_grammars::Typing;

use crate::metrics::Metrics;
use crate::spot::Spot;
use crate::tables::{KindTables, Naming, Roles};

/// A function or method with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its own name.
    pub name: String,
    /// Its name with those of the classes, modules and functions around it: `Parser.read`.
    pub qualified: String,
    /// The definition, without decorators, attributes or the assignment it stands in.
    pub range: ByteRange,
    /// Its body.
    pub body: ByteRange,
    /// Parameters, without the receiver.
    pub parameters: u32,
    /// Whether a documentation comment or string belongs to it.
    pub documented: bool,
    /// How many of its parameters and its result have a type, and how many could. `(0, 0)` where nothing can.
    pub typed: (u32, u32),
    /// Whether it only wraps inner functions (a decorator, a function as a module) and the complexity is theirs.
    pub wrapper: bool,
    /// Its numbers, inner functions included.
    pub metrics: Metrics,
}

/// A name, as it is written and as it is called.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Name {
    /// The last part.
    pub(crate) short: String,
    /// All of it, without a receiver in front.
    pub(crate) full: String,
}

/// The longest text that is taken for a name.
const LONGEST_NAME: usize = 200;

impl Name {
    pub(crate) fn of(text: &str, receivers: &[String]) -> Option<Self> {
        if text.is_empty() || text.len() > LONGEST_NAME {
            return None;
        }
        let bare = text.trim_matches(['"', '\'', '`']);
        let full = receivers
            .iter()
            .find_map(|receiver| bare.strip_prefix(receiver.as_str())?.strip_prefix('.'))
            .unwrap_or(bare);
        let full: String = full.split_whitespace().collect::<Vec<_>>().join(" ");
        let short = full.rsplit('.').next().filter(|part| !part.is_empty()).unwrap_or(&full).to_owned();
        Some(Self { short, full })
    }
}

/// The name of a function: its own, or that of what it is assigned to.
pub(crate) fn name_of<S: Spot>(tables: &KindTables, text: &str, node: S, parent: Option<S>) -> Option<Name> {
    let receivers = &tables.source.receivers;
    if let Some(name) = tables.fields.name.and_then(|field| node.in_field(field)) {
        return Name::of(name.range().slice(text)?, receivers);
    }
    if let Some(name) = declared_name(tables, node) {
        return Name::of(&name.range().slice(text)?.replace("::", "."), receivers);
    }
    let parent = parent?;
    match tables.kind(parent.kind()).naming.as_ref()? {
        Naming::Fixed(word) => Name::of(word, receivers),
        Naming::Field(field) => Name::of(parent.in_field(*field)?.range().slice(text)?, receivers),
    }
}

/// The name in a C declaration of a function.
fn declared_name<S: Spot>(tables: &KindTables, node: S) -> Option<S> {
    let parameters = tables.fields.parameters?;
    declarators(tables, node).any(|part| part.in_field(parameters).is_some()).then_some(())?;
    declarators(tables, node).last()
}

/// What a C declaration wraps its name in (pointer, array, function), from the outside in; the last one is the name.
fn declarators<S: Spot>(tables: &KindTables, node: S) -> impl Iterator<Item = S> {
    let inner = |node: S| {
        let field = tables.fields.declarator?;
        // A reference and parentheses hold theirs without a field.
        node.in_field(field).or_else(|| node.inner().find(|child| child.in_field(field).is_some()))
    };
    std::iter::successors(inner(node), move |node| inner(*node))
}

/// The name of a scope, without type arguments.
pub(crate) fn scope_name<S: Spot>(
    tables: &KindTables,
    text: &str,
    node: S,
    parent: Option<S>,
    field: u16,
) -> Option<String> {
    let own = node.in_field(field).and_then(|name| name.range().slice(text));
    let name = match own {
        Some(own) => own.split('<').next().unwrap_or(own).trim().to_owned(),
        None => name_of(tables, text, node, parent)?.full,
    };
    Some(name).filter(|name| !name.is_empty() && name.len() <= LONGEST_NAME)
}

/// Parameters and annotations of a function: `(parameters, annotated, annotatable)`.
pub(crate) fn signature(tables: &KindTables, text: &str, node: impl Spot, name: &str) -> (u32, u32, u32) {
    let (mut parameters, mut annotated) = (0, 0);
    let child = |field: Option<u16>| field.and_then(|field| node.in_field(field));
    let declared = || declarators(tables, node).find_map(|part| part.in_field(tables.fields.parameters?));
    if let Some(list) = child(tables.fields.parameters).or_else(declared) {
        for parameter in list.inner().filter(|child| child.has_name()) {
            if is_parameter(tables, text, parameter) {
                parameters += 1;
                annotated += u32::from(has_field(parameter, tables.fields.annotation));
            }
        }
    } else if child(tables.fields.parameter).is_some() {
        parameters = 1;
    }
    let returns = u32::from(!tables.source.no_return.iter().any(|own| own == name));
    match tables.typing {
        Typing::Never => (parameters, 0, 0),
        Typing::Always => (parameters, parameters + returns, parameters + returns),
        Typing::Optional => {
            annotated += u32::from(returns == 1 && child(tables.fields.return_type).is_some());
            (parameters, annotated, parameters + returns)
        }
    }
}

fn has_field(node: impl Spot, field: Option<u16>) -> bool {
    field.is_some_and(|field| node.in_field(field).is_some())
}

fn is_parameter(tables: &KindTables, text: &str, node: impl Spot) -> bool {
    if tables.kind(node.kind()).roles.any(Roles::NO_PARAMETER) {
        return false;
    }
    let pattern = tables.fields.pattern.and_then(|field| node.in_field(field)).unwrap_or(node);
    let written = pattern.range().slice(text).unwrap_or_default();
    !tables.source.receivers.iter().any(|receiver| receiver == written)
}
