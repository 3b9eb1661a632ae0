//! What a file shows to others: names with their signatures, so that a change of the public interface is seen.
//!
//! Per file and by syntax alone: whether a module is itself reachable from outside is not known here. Where that
//! matters the answer errs on the side of "visible".

use std::collections::{BTreeSet, HashMap};

use hephaestus_core::ByteRange;
use hephaestus_grammars::{Api, ApiTable, Visibility};
use tree_sitter::Node;

use crate::parsed::Parsed;
use crate::queries::{self, EXPORTS};
use crate::tables::Roles;

/// A name that is visible from outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiItem {
    /// Its name, with those of the classes and modules around it.
    pub name: String,
    /// Its declaration's tokens joined by spaces, without bodies, values and comments; empty for a mere value.
    pub signature: String,
}

impl Parsed {
    /// The names visible from outside, sorted, each with its signature.
    #[must_use]
    pub fn public_api(&self) -> Vec<ApiItem> {
        let api = &self.language().tables().source.api;
        let mut listing = Listing { parsed: self, api, items: BTreeSet::new() };
        if api.visibility == Visibility::Exports {
            listing.exports();
        } else {
            listing.descend(self.tree().root_node(), String::new(), false);
        }
        listing.items.into_iter().collect()
    }
}

/// The last names of the decorators that stand around `definition`.
pub(crate) fn decorators<'a>(parsed: &'a Parsed, definition: Node<'_>) -> Vec<(&'a str, ByteRange)> {
    let Some(around) = definition.parent() else { return Vec::new() };
    if !parsed.language().tables().kind(around.kind_id()).roles.any(Roles::DECORATED) {
        return Vec::new();
    }
    let mut cursor = around.walk();
    let before = around.named_children(&mut cursor).take_while(|child| child.id() != definition.id());
    before
        .filter_map(|decorator| {
            let range = ByteRange::from(decorator.byte_range());
            let path = range.slice(parsed.text())?.split('(').next()?.trim_start_matches('@');
            Some((path.rsplit('.').next()?.trim(), range))
        })
        .collect()
}

struct Listing<'a> {
    parsed: &'a Parsed,
    api: &'static Api,
    items: BTreeSet<ApiItem>,
}

/// A node to look at: with the names around it, and whether everything there is visible.
type Place<'a> = (Node<'a>, String, bool);

impl<'a> Listing<'a> {
    fn text(&self, node: Node<'_>) -> &'a str {
        self.parsed.text().get(node.byte_range()).unwrap_or_default()
    }

    fn list(&mut self, prefix: &str, name: &str, signature: String) {
        self.items.insert(ApiItem { name: joined(prefix, name), signature });
    }

    /// Lists the items below `root`.
    fn descend(&mut self, root: Node<'a>, prefix: String, open: bool) {
        let mut places: Vec<Place<'a>> = Vec::new();
        push_children(root, &prefix, open, &mut places);
        while let Some((node, prefix, open)) = places.pop() {
            let kind = node.kind();
            if self.api.through.iter().any(|own| own == kind) {
                push_children(node, &prefix, open, &mut places);
            } else if let Some(table) = self.api.items.get(kind) {
                self.item(node, table, &prefix, open, &mut places);
            } else if let Some(files) = self.api.reexports.get(kind)
                && files.iter().any(|own| own == self.parsed.file().path.file_name())
            {
                self.reexport(node);
            }
        }
    }

    fn item(
        &mut self,
        node: Node<'a>,
        table: &ApiTable,
        prefix: &str,
        open: bool,
        places: &mut Vec<Place<'a>>,
    ) {
        let Some(name) = node.child_by_field_name(&table.name).map(|name| collapsed(self.text(name))) else {
            return;
        };
        let special = table.only_with.as_deref().map(|field| node.child_by_field_name(field));
        let visible = match special {
            Some(part) => part.is_some(),
            None => self.is_visible(node, &name, open),
        };
        if visible {
            let signature = self.signature(node, table, &name);
            let part = special.flatten().map(|part| format!("{} for {name}", collapsed(self.text(part))));
            match part {
                Some(part) => self.list(prefix, &part, signature),
                None => self.names(prefix, &name, &signature),
            }
        }
        if table.members && (visible || self.api.visibility == Visibility::Modifier) {
            let prefix = joined(prefix, name.split('<').next().unwrap_or(&name));
            push_children_of_body(node, table, &prefix, table.open && visible, places);
        }
    }

    /// Lists `name`, or each of `a, b` where a pattern binds several.
    fn names(&mut self, prefix: &str, name: &str, signature: &str) {
        if self.api.visibility != Visibility::Underscore {
            return self.list(prefix, name, signature.to_owned());
        }
        for part in name.split(',').map(|part| part.trim_matches(['(', ')', '[', ']', '*', ' '])) {
            let is_name = part.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
            if is_name && !part.is_empty() && !is_private(part) {
                self.list(prefix, part, signature.to_owned());
            }
        }
    }

    fn is_visible(&self, node: Node<'_>, name: &str, open: bool) -> bool {
        let mut cursor = node.walk();
        let mut children = node.children(&mut cursor);
        match self.api.visibility {
            Visibility::Capital => name.starts_with(char::is_uppercase),
            Visibility::Underscore => name.contains(',') || !is_private(name),
            Visibility::Exports => {
                !name.starts_with('#')
                    && !children.any(|child| self.api.hidden.iter().any(|own| own == self.text(child)))
            }
            Visibility::Modifier => {
                open || self.api.modifier.as_ref().is_some_and(|(kind, text)| {
                    children.any(|child| {
                        child.kind() == kind && self.text(child).split_whitespace().any(|word| word == text)
                    })
                })
            }
        }
    }

    fn signature(&self, node: Node<'_>, table: &ApiTable, name: &str) -> String {
        let valued = self.api.valued.iter().any(|own| own == name);
        let omitted: Vec<ByteRange> = table
            .omit
            .iter()
            .filter(|_| !valued)
            .filter_map(|field| Some(ByteRange::from(node.child_by_field_name(field)?.byte_range())))
            .collect();
        let promises = decorators(self.parsed, node).into_iter();
        let promises = promises.filter(|(name, _)| self.api.decorators.iter().any(|own| own == name));
        let mut parts: Vec<&str> = Vec::new();
        for range in promises.map(|(_, range)| range).chain([ByteRange::from(node.byte_range())]) {
            let tokens = self.parsed.tokens(range).iter().map(|token| token.range);
            let kept = tokens.filter(|token| !omitted.iter().any(|omitted| omitted.contains(*token)));
            parts.extend(kept.filter_map(|token| token.slice(self.parsed.text())));
        }
        parts.join(" ")
    }

    fn reexport(&mut self, node: Node<'a>) {
        let mut cursor = node.walk();
        let imported: Vec<Node<'_>> = node.children_by_field_name("name", &mut cursor).collect();
        if imported.is_empty() {
            return self.list("", &collapsed(self.text(node)), String::new());
        }
        for name in imported {
            let bound = self.text(name.child_by_field_name("alias").unwrap_or(name));
            if !is_private(bound) {
                self.list("", bound, "import".to_owned());
            }
        }
    }

    /// Lists what `exports.scm` finds.
    fn exports(&mut self) {
        let matches = queries::matches(self.parsed, EXPORTS);
        let mut declared: HashMap<&str, Vec<Node<'a>>> = HashMap::new();
        for captures in &matches {
            if let (Some(name), Some(node)) = (captures.get("declared.name"), captures.get("declared")) {
                declared.entry(self.text(*name)).or_default().push(*node);
            }
        }
        for captures in &matches {
            let Some(name) = captures.get("export.name") else { continue };
            let name = self.text(*name).trim_matches(['"', '\'']);
            let Some(definition) = captures.get("export.definition") else {
                self.list("", name, String::new());
                continue;
            };
            match declared.get(self.text(*definition)) {
                Some(meant) => meant.iter().for_each(|node| self.export(name, *node)),
                None => self.export(name, *definition),
            }
        }
    }

    fn export(&mut self, name: &str, definition: Node<'a>) {
        let Some(table) = self.api.items.get(definition.kind()) else {
            return self.list("", name, String::new());
        };
        let signature = self.signature(definition, table, name);
        self.list("", name, signature);
        if table.members {
            let mut places = Vec::new();
            push_children_of_body(definition, table, name, false, &mut places);
            for (body, prefix, open) in places {
                self.descend(body, prefix, open);
            }
        }
    }
}

fn push_children<'a>(node: Node<'a>, prefix: &str, open: bool, places: &mut Vec<Place<'a>>) {
    let mut cursor = node.walk();
    places.extend(node.named_children(&mut cursor).map(|child| (child, prefix.to_owned(), open)));
}

/// The parts of a definition that its signature leaves out are those with members.
fn push_children_of_body<'a>(
    node: Node<'a>,
    table: &ApiTable,
    prefix: &str,
    open: bool,
    places: &mut Vec<Place<'a>>,
) {
    let bodies = table.omit.iter().filter_map(|field| node.child_by_field_name(field));
    places.extend(bodies.map(|body| (body, prefix.to_owned(), open)));
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a name asks to be left alone; names like `__init__` do not.
fn is_private(name: &str) -> bool {
    name.starts_with('_') && !(name.starts_with("__") && name.ends_with("__") && name.len() > 4)
}

#[cfg(test)]
mod tests;
