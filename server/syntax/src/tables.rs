//! A pack's tables, looked up in its grammar: names become ids, so that walking a tree compares numbers.
//!
//! Nothing here knows a language; a name the grammar does not have is an error, never silently without effect.

use hephaestus_grammars::{Cost, Pack, PackError, Structure, Tables, Typing, Wrapper};

use crate::spot::Spot;

/// What a node kind is; several may hold at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Roles(u32);

impl Roles {
    pub(crate) const FUNCTION: Self = Self(1);
    pub(crate) const LAMBDA: Self = Self(1 << 1);
    pub(crate) const AROUND: Self = Self(1 << 2);
    pub(crate) const BETWEEN: Self = Self(1 << 3);
    pub(crate) const DOCSTRING: Self = Self(1 << 4);
    pub(crate) const NO_PARAMETER: Self = Self(1 << 5);
    pub(crate) const STATEMENT: Self = Self(1 << 6);
    pub(crate) const BLOCK: Self = Self(1 << 7);
    pub(crate) const BOOLEAN: Self = Self(1 << 8);
    pub(crate) const BOOLEAN_OPERATOR: Self = Self(1 << 9);
    pub(crate) const DECISION_OPERATOR: Self = Self(1 << 10);
    pub(crate) const PARENTHESES: Self = Self(1 << 11);
    pub(crate) const JUMP: Self = Self(1 << 12);
    pub(crate) const LABEL: Self = Self(1 << 13);
    pub(crate) const RETURN: Self = Self(1 << 14);
    pub(crate) const DECORATED: Self = Self(1 << 15);
    pub(crate) const COMMENT: Self = Self(1 << 16);
    pub(crate) const ATOM: Self = Self(1 << 17);
    pub(crate) const INTERPOLATION: Self = Self(1 << 18);
    pub(crate) const OPERAND: Self = Self(1 << 19);
    pub(crate) const CLOSER: Self = Self(1 << 20);

    /// Whether one of `roles` holds.
    pub(crate) fn any(self, roles: Self) -> bool {
        self.0 & roles.0 != 0
    }

    /// Both sets of roles together.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// All there is to know about one node kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kind {
    pub(crate) roles: Roles,
    pub(crate) structure: Option<Control>,
    /// The field with a scope's name.
    pub(crate) scope: Option<u16>,
    /// How it names the nameless definition inside it.
    pub(crate) naming: Option<Naming>,
    /// The field with what it calls.
    pub(crate) callee: Option<u16>,
}

/// How a node names the definition inside it.
#[derive(Debug, Clone)]
pub(crate) enum Naming {
    Field(u16),
    Fixed(String),
}

/// A [`Structure`] in ids.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    pub(crate) cost: Cost,
    pub(crate) decisions: i32,
    pub(crate) shallow: bool,
    when: Option<u16>,
    chain: Vec<u16>,
    nests_all: bool,
    nest_fields: Vec<u16>,
    nest_kinds: Vec<u16>,
}

impl Control {
    /// Whether `node` counts at all.
    pub(crate) fn applies(&self, node: impl Spot) -> bool {
        self.when.is_none_or(|field| node.in_field(field).is_some())
    }

    /// Whether a child of `kind` carries on with this node.
    pub(crate) fn chains(&self, kind: u16) -> bool {
        self.chain.contains(&kind)
    }

    /// Whether a child is one level deeper.
    pub(crate) fn nests(&self, field: Option<u16>, kind: u16) -> bool {
        if self.chains(kind) {
            return false;
        }
        self.nests_all
            || field.is_some_and(|field| self.nest_fields.contains(&field))
            || self.nest_kinds.contains(&kind)
    }
}

/// The fields that functions have in every grammar.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    pub(crate) name: Option<u16>,
    pub(crate) body: Option<u16>,
    pub(crate) declarator: Option<u16>,
    pub(crate) parameters: Option<u16>,
    pub(crate) parameter: Option<u16>,
    pub(crate) pattern: Option<u16>,
    pub(crate) return_type: Option<u16>,
    pub(crate) annotation: Option<u16>,
    pub(crate) operator: Option<u16>,
}

/// A pack's tables in its grammar's ids.
#[derive(Debug)]
pub(crate) struct KindTables {
    kinds: Vec<Kind>,
    unknown: Kind,
    pub(crate) fields: Fields,
    pub(crate) typing: Typing,
    pub(crate) wrapper: Option<Wrapper>,
    pub(crate) source: &'static Tables,
}

impl KindTables {
    /// Looks the tables of `pack` up in `grammar`.
    ///
    /// # Errors
    /// When a table names a kind or field that the grammar does not have.
    pub(crate) fn new(pack: &'static Pack, grammar: &tree_sitter::Language) -> Result<Self, PackError> {
        let tables = &pack.manifest.tables;
        let mut lookup = Lookup { pack, grammar, kinds: vec![Kind::default(); grammar.node_kind_count()] };
        lookup.roles(tables)?;
        lookup.maps(tables)?;
        for (kind, structure) in &tables.structures {
            let control = lookup.control(structure)?;
            lookup.entry(kind)?.structure = Some(control);
        }
        lookup.api(tables)?;
        let field = |name: &str| grammar.field_id_for_name(name).map(u16::from);
        let fields = Fields {
            name: field("name"),
            body: field("body"),
            declarator: field("declarator"),
            parameters: field("parameters"),
            parameter: field("parameter"),
            pattern: field("pattern"),
            return_type: field("return_type"),
            annotation: field("type"),
            operator: field("operator"),
        };
        Ok(Self {
            kinds: lookup.kinds,
            unknown: Kind::default(),
            fields,
            typing: tables.typing.unwrap_or(Typing::Never),
            wrapper: tables.wrapper,
            source: tables,
        })
    }

    /// What is known about a kind; errors in the text have a kind that nothing is known about.
    pub(crate) fn kind(&self, id: u16) -> &Kind {
        self.kinds.get(usize::from(id)).unwrap_or(&self.unknown)
    }

    /// Whether `node` is one token although it has children.
    pub(crate) fn is_atom(&self, node: impl Spot) -> bool {
        let is = |node: u16, role: Roles| self.kind(node).roles.any(role);
        is(node.kind(), Roles::ATOM) && !node.inner().any(|child| is(child.kind(), Roles::INTERPOLATION))
    }

    /// Whether `node` is a statement that is nothing but a string.
    pub(crate) fn is_docstring(&self, node: impl Spot) -> bool {
        if !self.kind(node.kind()).roles.any(Roles::DOCSTRING) {
            return false;
        }
        let mut children = node.inner();
        children.next().is_some_and(|child| self.is_atom(child)) && children.next().is_none()
    }
}

struct Lookup<'a> {
    pack: &'a Pack,
    grammar: &'a tree_sitter::Language,
    kinds: Vec<Kind>,
}

impl Lookup<'_> {
    fn error(&self, message: String) -> PackError {
        PackError { pack: self.pack.id.clone(), message }
    }

    fn id(&self, kind: &str) -> Result<u16, PackError> {
        match (self.grammar.id_for_node_kind(kind, true), self.grammar.id_for_node_kind(kind, false)) {
            (0, 0) => Err(self.error(format!("the grammar has no node kind `{kind}`"))),
            (0, anonymous) => Ok(anonymous),
            (named, _) => Ok(named),
        }
    }

    fn field(&self, name: &str) -> Result<u16, PackError> {
        let field = self.grammar.field_id_for_name(name);
        field.map(u16::from).ok_or_else(|| self.error(format!("the grammar has no field `{name}`")))
    }

    fn entry(&mut self, kind: &str) -> Result<&mut Kind, PackError> {
        let id = self.id(kind)?;
        let error = self.error(format!("the node kind `{kind}` has no id"));
        self.kinds.get_mut(usize::from(id)).ok_or(error)
    }

    fn roles(&mut self, tables: &Tables) -> Result<(), PackError> {
        let lists: [(&[String], Roles); 21] = [
            (&tables.functions, Roles::FUNCTION),
            (&tables.lambdas, Roles::LAMBDA),
            (&tables.around, Roles::AROUND),
            (&tables.between, Roles::BETWEEN),
            (&tables.docstrings, Roles::DOCSTRING),
            (&tables.no_parameters, Roles::NO_PARAMETER),
            (&tables.statements, Roles::STATEMENT),
            (&tables.blocks, Roles::BLOCK),
            (&tables.booleans, Roles::BOOLEAN),
            (&tables.boolean_operators, Roles::BOOLEAN_OPERATOR),
            (&tables.decision_operators, Roles::DECISION_OPERATOR),
            (&tables.parentheses, Roles::PARENTHESES),
            (&tables.jumps, Roles::JUMP),
            (&tables.labels, Roles::LABEL),
            (&tables.returns, Roles::RETURN),
            (&tables.decorated, Roles::DECORATED),
            (&tables.comments, Roles::COMMENT),
            (&tables.atoms, Roles::ATOM),
            (&tables.interpolations, Roles::INTERPOLATION),
            (&tables.operands, Roles::OPERAND),
            (&tables.closers, Roles::CLOSER),
        ];
        for (list, role) in lists {
            for kind in list {
                let entry = self.entry(kind)?;
                entry.roles = entry.roles.or(role);
            }
        }
        Ok(())
    }

    fn maps(&mut self, tables: &Tables) -> Result<(), PackError> {
        for (kind, field) in &tables.scopes {
            let field = self.field(field)?;
            self.entry(kind)?.scope = Some(field);
        }
        for (kind, how) in &tables.naming {
            let naming = match how.strip_prefix('=') {
                Some(word) => Naming::Fixed(word.to_owned()),
                None => Naming::Field(self.field(how)?),
            };
            self.entry(kind)?.naming = Some(naming);
        }
        for (kind, field) in &tables.calls {
            let field = self.field(field)?;
            self.entry(kind)?.callee = Some(field);
        }
        Ok(())
    }

    fn control(&self, structure: &Structure) -> Result<Control, PackError> {
        let mut control = Control {
            cost: structure.cost,
            decisions: structure.decisions,
            shallow: structure.shallow,
            when: structure.when.as_deref().map(|field| self.field(field)).transpose()?,
            chain: structure.chain.iter().map(|kind| self.id(kind)).collect::<Result<_, _>>()?,
            nests_all: false,
            nest_fields: Vec::new(),
            nest_kinds: Vec::new(),
        };
        for name in &structure.nests {
            if name == "*" {
                control.nests_all = true;
            } else if let Ok(field) = self.field(name) {
                control.nest_fields.push(field);
            } else {
                control.nest_kinds.push(self.id(name)?);
            }
        }
        Ok(control)
    }

    fn api(&self, tables: &Tables) -> Result<(), PackError> {
        let api = &tables.api;
        for kind in api.through.iter().chain(api.items.keys()).chain(api.reexports.keys()) {
            self.id(kind)?;
        }
        if let Some((kind, _)) = &api.modifier {
            self.id(kind)?;
        }
        for item in api.items.values() {
            for field in item.omit.iter().chain(&item.only_with).chain([&item.name]) {
                self.field(field)?;
            }
        }
        Ok(())
    }
}
