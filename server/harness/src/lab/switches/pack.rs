//! What a language pack says about switches: `switches.toml`, read and filled in. Data only; which node is what in a
//! text is [`super::ladder`]'s business.

use super::project::BuildError;
use hephaestus_grammars::Pack;
use serde::Deserialize;

/// `switches.toml` with the shim it names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwitchPack {
    /// The file with what `call` and `hit` need; after reading, its text.
    pub(super) shim: String,
    /// The word in compiler errors that tells that the shim is missing.
    pub(super) name: String,
    /// Tells which alternative is switched on; `{site}` is the place's number.
    call: String,
    /// The statement in front of another that tells that it was reached.
    hit: String,
    /// How comments to the end of the line begin.
    pub(super) line_comment: String,
    /// How attributes begin that make code test code.
    pub(super) test_attributes: Vec<String>,
    /// Whether a line break is more than white space.
    #[serde(default)]
    pub(super) breaks_matter: bool,
    /// Kinds of node that only hold several others: of no account.
    #[serde(default)]
    pub(super) lists: Vec<String>,
    /// Names that the compiler wants used, where it does.
    #[serde(default)]
    pub(super) used: Option<UsedNames>,
    /// Kinds of node inside which nothing can be switched.
    pub(super) opaque: Vec<String>,
    /// `kind.field` of opaque nodes that are code all the same.
    pub(super) through: Vec<String>,
    pub(super) places: Places,
    pub(super) closed: Closed,
    pub(super) functions: FunctionKinds,
    /// From small to large.
    pub(super) levels: Vec<Level>,
    pub(super) probes: ProbeKinds,
    pub(super) errors: Errors,
}

/// Expressions that name a place in memory, and positions where a copy of one would not do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Places {
    pub(super) kinds: Vec<String>,
    /// `kind.field` of the parent, or `kind.0` for its first named child.
    pub(super) positions: Vec<String>,
}

/// Positions for which no level is meant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Closed {
    pub(super) positions: Vec<String>,
    /// Positions below which nothing is switched either.
    pub(super) all: Vec<String>,
    /// `parent>kind`; nothing below them either.
    pub(super) kinds: Vec<String>,
}

/// Names whose last use must not go: the compiler refuses what nothing uses, and a switch would hide that.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UsedNames {
    /// Kinds of node that are such names.
    pub(super) kinds: Vec<String>,
    /// `kind.field` of nodes in which a name is given something and not used.
    pub(super) given: Vec<String>,
    /// Kinds of node that bring in the names of other files.
    pub(super) imports: Vec<String>,
}

/// Functions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionKinds {
    pub(super) kinds: Vec<String>,
    /// The kind of child, and a word in it, that make a function run while compiling. Empty: there are none.
    pub(super) constant: Vec<String>,
    /// Kinds of node outside of functions that run when the program is loaded.
    #[serde(default)]
    pub(super) top: Vec<String>,
}

/// One size of thing that is switched.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Level {
    pub(super) name: String,
    pub(super) kinds: Vec<String>,
    /// Words of which the node must have one: operators; empty: none.
    #[serde(default)]
    pub(super) words: Vec<String>,
    /// Positions of the parent (`kind` or `kind.field`) it is for; empty: any.
    #[serde(default)]
    pub(super) parents: Vec<String>,
    /// Kinds of parent it is not for.
    #[serde(default)]
    pub(super) not_parents: Vec<String>,
    /// What may stand in its place, any number of times; empty: exactly one of `kinds`.
    #[serde(default)]
    pub(super) several: Vec<String>,
    /// Levels of one group are one rung: of each group a variant has at most one place.
    pub(super) group: String,
    /// Whether it is made of statements, which may change what comes after them.
    #[serde(default)]
    pub(super) flows: bool,
    /// `{type}` becomes the text of the node's field of that name.
    head: String,
    case: String,
    rest: String,
    /// What stands behind all, once for each alternative.
    #[serde(default)]
    close: String,
}

/// Where probes stand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProbeKinds {
    pub(super) parents: Vec<String>,
    pub(super) kinds: Vec<String>,
    /// The level whose kinds count as the value of a block when they stand last.
    pub(super) tail: String,
    /// What must not be torn from the statement behind it.
    pub(super) not_after: Vec<String>,
}

/// What compiler errors mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Errors {
    /// Codes for which only the variant itself can be to blame; parts of messages, where errors have no codes.
    pub(super) certain: Vec<String>,
    /// Parts of messages that may be the switch's fault even at the highest level.
    pub(super) doubtful: Vec<String>,
}

impl SwitchPack {
    /// The pack's switches, when it has some.
    pub(super) fn of(pack: &Pack) -> Option<Result<Self, String>> {
        let text = pack.file("switches.toml")?;
        let read = toml::from_str::<Self>(text).map_err(|error| error.to_string());
        Some(read.and_then(|mut switches| {
            let shim = pack.file(&switches.shim).ok_or_else(|| format!("no file {}", switches.shim))?;
            switches.shim = shim.to_owned();
            Ok(switches)
        }))
    }

    /// The statement that tells that `site` was reached.
    pub(super) fn hit(&self, site: u32) -> String {
        self.hit.replace("{site}", &site.to_string())
    }

    /// The level at `at`.
    pub(super) fn level(&self, at: usize) -> Option<&Level> {
        self.levels.get(at)
    }

    /// What tells which alternative is switched on at `site`.
    pub(super) fn call(&self, site: u32) -> String {
        self.call.replace("{site}", &site.to_string())
    }

    /// What stands in front of all alternatives of a place; `typed` is its type, where the text tells.
    pub(super) fn head(&self, level: &Level, site: u32, typed: &str) -> String {
        level.head.replace("{call}", &self.call(site)).replace("{type}", typed)
    }
}

impl Errors {
    /// Whether nothing but the variant can be to blame for `error`, if it is in its text.
    pub(super) fn is_certain(&self, error: &BuildError) -> bool {
        if error.code.is_empty() {
            return self.certain.iter().any(|words| error.message.contains(words.as_str()));
        }
        self.certain.contains(&error.code)
    }
}

impl Level {
    /// What stands in front of and behind the alternative with this number, at a place with this call.
    pub(super) fn case(&self, number: u32, call: &str) -> (String, String) {
        let (before, after) = self.case.split_once("{text}").unwrap_or((&self.case, ""));
        let filled = |text: &str| text.replace("{id}", &number.to_string()).replace("{call}", call);
        (filled(before), filled(after))
    }

    /// What stands behind a place with so many alternatives.
    pub(super) fn close(&self, alternatives: usize) -> String {
        self.close.repeat(alternatives)
    }

    /// What stands in front of and behind the original.
    pub(super) fn rest(&self) -> (&str, &str) {
        self.rest.split_once("{text}").unwrap_or((&self.rest, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_syntax::Languages;

    #[test]
    fn every_pack_with_switches_keeps_the_contract() {
        let mut complaints = Vec::new();
        let mut seen = 0;
        for pack in hephaestus_grammars::packs().unwrap() {
            let Some(read) = SwitchPack::of(pack) else { continue };
            seen += 1;
            let switches = read.unwrap();
            let languages = Languages::builtin().unwrap();
            let grammar = languages.get(&hephaestus_core::LanguageId::new(&pack.id)).unwrap().grammar();
            let mut kind = |kind: &str| {
                if grammar.id_for_node_kind(kind, true) == 0 {
                    complaints.push(format!("{}: no kind {kind}", pack.id));
                }
            };
            let lists = [
                &switches.opaque,
                &switches.places.kinds,
                &switches.functions.kinds,
                &switches.functions.top,
            ];
            lists.into_iter().chain([&switches.lists]).flatten().for_each(|name| kind(name));
            if let Some(used) = &switches.used {
                used.kinds.iter().chain(&used.imports).for_each(|name| kind(name));
            }
            let probes = [&switches.probes.parents, &switches.probes.kinds, &switches.probes.not_after];
            probes.into_iter().flatten().for_each(|name| kind(name));
            for level in &switches.levels {
                level
                    .kinds
                    .iter()
                    .chain(&level.several)
                    .chain(&level.not_parents)
                    .for_each(|name| kind(name));
            }
            let levels = switches.levels.iter().flat_map(|level| &level.parents);
            let given = switches.used.iter().flat_map(|used| &used.given);
            let positions = [
                &switches.through,
                &switches.places.positions,
                &switches.closed.positions,
                &switches.closed.all,
            ];
            for position in positions.into_iter().flatten().chain(levels).chain(given) {
                let (parent, field) = position.split_once('.').unwrap_or((position, "0"));
                kind(parent);
                if field != "0" && grammar.field_id_for_name(field).is_none() {
                    kind(&format!("{field} (field)"));
                }
            }
            for level in &switches.levels {
                assert!(level.case(1, "").0.contains('1'), "{}: {} has no number", pack.id, level.name);
                let text = switches.head(level, 7, "") + &level.case(1, &switches.call(7)).0;
                assert!(text.contains('7'), "{}: {} has no site", pack.id, level.name);
                assert!(level.rest.contains("{text}"), "{}: {} loses the original", pack.id, level.name);
            }
            assert!(switches.shim.contains(&switches.name));
            assert!(switches.levels.iter().any(|level| level.name == switches.probes.tail));
        }
        assert!(seen > 0);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
