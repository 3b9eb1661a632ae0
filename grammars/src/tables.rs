//! The tables of `pack.toml`: which of a grammar's node kinds answer which question about code.
//!
//! Only data and its inheritance; what is done with it is the business of `hephaestus-syntax`, which also refuses
//! a table that names a kind or field the grammar does not have. Kinds in `"quotes"` of the grammar (keywords and
//! punctuation) are written the same way as named ones.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Node kinds and fields, by the question they answer. An empty entry is inherited.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tables {
    /// Definitions that are listed as functions, as far as they have a name.
    pub functions: Vec<String>,
    /// Nameless functions: they nest, but are never listed.
    pub lambdas: Vec<String>,
    /// What gives the definitions inside it a qualified name (classes, `impl`, modules), and the field with its name.
    pub scopes: BTreeMap<String, String>,
    /// Nodes that name the nameless definition right inside them, and how: a field, or `=word` for a fixed name.
    pub naming: BTreeMap<String, String>,
    /// Nodes that may stand around a definition and begin before it; its documentation stands before them.
    pub around: Vec<String>,
    /// What may stand between a documentation comment and the definition.
    pub between: Vec<String>,
    /// How documentation comments begin.
    pub doc_comments: Vec<String>,
    /// Statements that are documentation when they are nothing but a string.
    pub docstrings: Vec<String>,
    /// Children of a parameter list that are no parameters of the caller's (`self`, `*`, `/`).
    pub no_parameters: Vec<String>,
    /// Names a method has for its own object.
    pub receivers: Vec<String>,
    /// Whether types are written.
    pub typing: Option<Typing>,
    /// Functions without a result to annotate.
    pub no_return: Vec<String>,
    /// Statements, counted wherever they stand.
    pub statements: Vec<String>,
    /// Nodes whose named children each count as a statement.
    pub blocks: Vec<String>,
    /// What steers control: its costs by kind.
    pub structures: BTreeMap<String, Structure>,
    /// Expressions with operators that may be boolean.
    pub booleans: Vec<String>,
    /// Boolean operators: a sequence of the same one is one step for a reader.
    pub boolean_operators: Vec<String>,
    /// Operators that may leave out their right side.
    pub decision_operators: Vec<String>,
    /// Parentheses: they do not end a sequence of boolean operators.
    pub parentheses: Vec<String>,
    /// Jumps that cost a step when they name a label.
    pub jumps: Vec<String>,
    /// Labels.
    pub labels: Vec<String>,
    /// Calls, and the field with what is called.
    pub calls: BTreeMap<String, String>,
    /// When an outer function is only a wrapper, which does not make its inner functions nested.
    pub wrapper: Option<Wrapper>,
    /// `return` statements.
    pub returns: Vec<String>,
    /// Nodes around a function that still make it a definition of its block.
    pub decorated: Vec<String>,
    /// Comments.
    pub comments: Vec<String>,
    /// Nodes that are one token although the grammar splits them, such as strings.
    pub atoms: Vec<String>,
    /// Code inside such nodes, which splits them again.
    pub interpolations: Vec<String>,
    /// Leaves that are operands; every other leaf is an operator.
    pub operands: Vec<String>,
    /// Leaves that close what another operator opened and so are no operators of their own.
    pub closers: Vec<String>,
    /// Decorators of functions that are meant to have no body.
    pub bodiless: Vec<String>,
    /// What is visible from outside.
    pub api: Api,
}

/// How one kind of node steers control.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Structure {
    /// What a reader pays (cognitive complexity).
    pub cost: Cost,
    /// Children one level deeper: fields or kinds; `*` for all.
    pub nests: Vec<String>,
    /// Only nodes that have this field count.
    pub when: Option<String>,
    /// Children that carry on with this node (`else if`): they cost and nest nothing of their own.
    pub chain: Vec<String>,
    /// What it adds to cyclomatic complexity; `match` takes one back because its arms count one each.
    pub decisions: i32,
    /// Whether it is an expression rather than a control structure, and so does not count for the nesting depth.
    pub shallow: bool,
}

/// What a reader pays for a structure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// Nothing.
    #[default]
    Free,
    /// One.
    Flat,
    /// One, and one more for each level it is nested.
    Nested,
}

/// Whether types are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Typing {
    /// The language has no annotations.
    Never,
    /// They may be left out.
    Optional,
    /// They may not.
    Always,
}

/// When an outer function is only a wrapper (cognitive complexity, "compensating usages").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrapper {
    /// When it is outermost and has no control structures of its own: a stand-in for a class or module.
    WithoutStructures,
    /// When it consists of one inner function and a `return`: a decorator.
    FunctionAndReturn,
}

/// What is visible from outside.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Api {
    /// What makes an item visible.
    pub visibility: Visibility,
    /// The node that makes an item visible, and its text.
    pub modifier: Option<(String, String)>,
    /// Nodes to look through for items.
    pub through: Vec<String>,
    /// Items by kind.
    pub items: BTreeMap<String, ApiTable>,
    /// Items whose value is a promise too.
    pub valued: Vec<String>,
    /// Imports that make a name visible, in files named so.
    pub reexports: BTreeMap<String, Vec<String>>,
    /// Decorators that are part of a signature, by their last name.
    pub decorators: Vec<String>,
    /// Modifiers that hide a member.
    pub hidden: Vec<String>,
}

/// What makes an item visible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Only what `exports.scm` finds.
    #[default]
    Exports,
    /// A name that begins with a capital letter.
    Capital,
    /// A name that does not begin with an underscore.
    Underscore,
    /// A modifier.
    Modifier,
}

/// One kind of item.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiTable {
    /// The field with its name.
    pub name: String,
    /// Fields that are no part of its signature.
    pub omit: Vec<String>,
    /// Whether there are items inside.
    pub members: bool,
    /// Whether the items inside are as visible as itself.
    pub open: bool,
    /// It is listed only where it has this field, and then whatever its modifiers.
    pub only_with: Option<String>,
}

fn fill<T: Default + PartialEq + Clone>(own: &mut T, parent: &T) {
    if *own == T::default() {
        own.clone_from(parent);
    }
}

impl Tables {
    /// Takes from `parent` every table that this one leaves empty.
    #[must_use]
    pub fn fill_from(mut self, parent: &Self) -> Self {
        fill(&mut self.functions, &parent.functions);
        fill(&mut self.lambdas, &parent.lambdas);
        fill(&mut self.scopes, &parent.scopes);
        fill(&mut self.naming, &parent.naming);
        fill(&mut self.around, &parent.around);
        fill(&mut self.between, &parent.between);
        fill(&mut self.doc_comments, &parent.doc_comments);
        fill(&mut self.docstrings, &parent.docstrings);
        fill(&mut self.no_parameters, &parent.no_parameters);
        fill(&mut self.receivers, &parent.receivers);
        fill(&mut self.typing, &parent.typing);
        fill(&mut self.no_return, &parent.no_return);
        fill(&mut self.statements, &parent.statements);
        fill(&mut self.blocks, &parent.blocks);
        fill(&mut self.structures, &parent.structures);
        fill(&mut self.booleans, &parent.booleans);
        fill(&mut self.boolean_operators, &parent.boolean_operators);
        fill(&mut self.decision_operators, &parent.decision_operators);
        fill(&mut self.parentheses, &parent.parentheses);
        fill(&mut self.jumps, &parent.jumps);
        fill(&mut self.labels, &parent.labels);
        fill(&mut self.calls, &parent.calls);
        fill(&mut self.wrapper, &parent.wrapper);
        fill(&mut self.returns, &parent.returns);
        fill(&mut self.decorated, &parent.decorated);
        fill(&mut self.comments, &parent.comments);
        fill(&mut self.atoms, &parent.atoms);
        fill(&mut self.interpolations, &parent.interpolations);
        fill(&mut self.operands, &parent.operands);
        fill(&mut self.closers, &parent.closers);
        fill(&mut self.bodiless, &parent.bodiless);
        fill(&mut self.api, &parent.api);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_empty_is_inherited() {
        let list = |kind: &str| vec![kind.to_owned()];
        let own = Tables { functions: list("own"), ..Tables::default() };
        let parent = Tables {
            functions: list("parent"),
            comments: list("comment"),
            typing: Some(Typing::Never),
            ..Tables::default()
        };
        let filled = own.fill_from(&parent);
        assert_eq!((&filled.functions, &filled.comments), (&list("own"), &list("comment")));
        assert_eq!(filled.typing, Some(Typing::Never));
    }
}
