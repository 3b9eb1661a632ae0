//! What stands in a `synth.toml`: the components of a language with their types, costs and how they are written, what the
//! language does its own way, and how its tests state examples. It knows no language of its own.

use std::collections::BTreeMap;

use hephaestus_grammars::Pack;
use serde::Deserialize;

use super::meaning::{Higher, Meaning, Rules, is_lazy, named};
use super::types::{Type, read};

/// The name of the file in a language pack.
const FILE: &str = "synth.toml";

/// Why what a pack says of synthesis cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KitError {
    /// It does not have the form it should have.
    #[error("synth.toml of `{pack}`: {source}")]
    Form {
        /// The language pack.
        pack: String,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A component makes no sense.
    #[error("synth.toml of `{pack}`: component `{component}`: {message}")]
    Component {
        /// The language pack.
        pack: String,
        /// What it means.
        component: String,
        /// What is wrong with it.
        message: String,
    },
}

/// A component as it is written down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ComponentData {
    means: String,
    #[serde(rename = "type")]
    types: String,
    #[serde(default = "usual_cost")]
    cost: u32,
    code: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    form: String,
    /// Other ways to write it, by form.
    #[serde(default)]
    forms: BTreeMap<String, String>,
    /// Only for items that can be put in order.
    #[serde(default)]
    ordered: bool,
    /// Only where its result is of a type of the signature or its parts.
    #[serde(default)]
    wanted: bool,
    /// Names for the parts of its items.
    #[serde(default)]
    names: Vec<String>,
    /// Its function takes an item as a whole, even where that is a tuple.
    #[serde(default)]
    whole: bool,
    /// Only for items that are copied without a word (or are not).
    #[serde(default)]
    copy: Option<bool>,
    /// Which arguments are names, constants or lengths, and nothing longer.
    #[serde(default)]
    simple: Vec<usize>,
    /// Its arguments may change places: a constant stands on the right, and what is longer on the left.
    #[serde(default)]
    symmetric: bool,
}

fn usual_cost() -> u32 {
    2
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CoercionData {
    from: String,
    to: String,
    /// Only where items (or the value) are copied freely.
    #[serde(default)]
    copy: Option<bool>,
    code: String,
    #[serde(default)]
    level: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileData {
    levels: Vec<String>,
    rules: Rules,
    literals: Literals,
    layout: Layout,
    /// The form in which a type is wanted where nothing else is said: `int`, `str`, `list`.
    #[serde(default)]
    defaults: BTreeMap<String, String>,
    #[serde(default)]
    coercions: Vec<CoercionData>,
    hints: BTreeMap<String, String>,
    #[serde(default)]
    widths: BTreeMap<String, (i64, i64)>,
    /// The width of whole numbers where the signature has none.
    #[serde(default)]
    usual_width: Option<String>,
    reading: Reading,
    components: Vec<ComponentData>,
}

/// How values are written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Literals {
    #[serde(rename = "true")]
    pub(super) yes: String,
    #[serde(rename = "false")]
    pub(super) no: String,
    pub(super) none: String,
    pub(super) quote: char,
    /// Items for `{}`.
    pub(super) list: String,
    pub(super) tuple: String,
    pub(super) map: String,
    /// The key for the first `{}`, the value for the second one.
    pub(super) entry: String,
    /// A character, where it is no string.
    #[serde(default)]
    pub(super) char_quote: Option<char>,
    /// The level of a literal string.
    #[serde(default)]
    pub(super) text_form: String,
    /// The level of a negative number.
    pub(super) sign: String,
    /// What is there, where it may be missing.
    #[serde(default)]
    pub(super) some: Option<String>,
}

/// How statements are written: `{x}` and `{y}` names, `{0}` and `{1}` expressions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout {
    #[serde(rename = "return")]
    pub(super) give: String,
    /// The value of a body at its end, where that is written in its own way.
    #[serde(default)]
    pub(super) last: Option<String>,
    #[serde(rename = "if")]
    pub(super) when: String,
    #[serde(rename = "while")]
    pub(super) during: String,
    /// So many times.
    pub(super) times: String,
    pub(super) each: String,
    pub(super) end: String,
    pub(super) start: String,
    pub(super) set: String,
    /// Two names at once.
    pub(super) set_two: String,
    pub(super) raise: String,
    /// Two names in a loop.
    pub(super) two: String,
    /// A name of the language with a trailing underscore is free.
    pub(super) reserved: Vec<String>,
    /// How many spaces a level takes where the file does not show it.
    pub(super) step: usize,
}

/// How tests and documentation state examples.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reading {
    /// `{call}` gives `{value}`.
    pub(super) checks: Vec<String>,
    /// `{call}` gives the value named beside the pattern.
    pub(super) plain: Vec<(String, String)>,
    /// `{call}` raises `{error}`.
    pub(super) raises: Vec<String>,
    /// `{name}` is `{value}` or what `{call}` gives.
    pub(super) lets: Vec<String>,
    /// `{names}` are, one after the other, the items of `{value}`.
    pub(super) tables: Vec<String>,
    /// Words that are values.
    pub(super) words: BTreeMap<String, String>,
    /// What may stand in front of a value.
    pub(super) prefixes: Vec<String>,
    /// What may follow a value.
    pub(super) suffixes: Vec<String>,
    /// Functions that give their argument back.
    pub(super) wrappers: Vec<String>,
    /// Keys of maps stand without quotes.
    #[serde(default)]
    pub(super) bare_keys: bool,
    /// Line comments.
    pub(super) comment: String,
    /// What a call that fails is said to raise where nobody names it.
    pub(super) any_error: String,
}

/// A part of a pattern for code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text as it is.
    Plain(String),
    /// An argument: which, the level it needs at least, and the form, if that matters.
    Arg { nth: usize, level: usize, form: Option<String> },
    /// The names of a function's parameters; whether they are taken out of references.
    Names { of_reference: bool },
    /// The name of the type of whole numbers.
    Whole,
    /// `for NAMES in SOURCE`, with the condition of a filter in it.
    For,
}

/// One way to write something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) pieces: Vec<Piece>,
    pub(super) level: usize,
    pub(super) form: String,
}

/// What a component does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doing {
    /// With its arguments.
    Plain(Meaning),
    /// With each item of the first one, by the second one.
    Higher(Higher),
}

/// A component.
#[derive(Debug, Clone)]
pub(super) struct Component {
    pub(super) means: String,
    pub(super) doing: Doing,
    pub(super) args: Vec<Type>,
    pub(super) result: Type,
    pub(super) cost: u32,
    /// The usual way to write it, and others.
    pub(super) shapes: Vec<Shape>,
    pub(super) is_lazy: bool,
    pub(super) ordered: bool,
    pub(super) wanted: bool,
    pub(super) names: Vec<String>,
    pub(super) whole: bool,
    pub(super) copy: Option<bool>,
    pub(super) simple: Vec<usize>,
    pub(super) symmetric: bool,
}

/// One form in another one's place.
#[derive(Debug, Clone)]
pub(super) struct Coercion {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) copy: Option<bool>,
    pub(super) shape: Shape,
}

/// Everything synthesis knows of a language.
#[derive(Debug, Clone)]
pub struct Kit {
    pub(super) rules: Rules,
    pub(super) levels: Vec<String>,
    pub(super) literals: Literals,
    pub(super) layout: Layout,
    pub(super) defaults: BTreeMap<String, String>,
    pub(super) coercions: Vec<Coercion>,
    pub(super) hints: BTreeMap<String, Type>,
    pub(super) widths: BTreeMap<String, (i64, i64)>,
    pub(super) usual_width: Option<String>,
    pub(super) reading: Reading,
    pub(super) components: Vec<Component>,
}

impl Kit {
    /// What the pack says; `None` where it has nothing to say.
    ///
    /// # Errors
    /// When the file is malformed (the contract test prevents it for our own).
    pub fn of(pack: &Pack) -> Result<Option<Self>, KitError> {
        pack.file(FILE).map(|text| Self::read(&pack.id, text)).transpose()
    }

    fn read(pack: &str, text: &str) -> Result<Self, KitError> {
        let data: FileData = toml::from_str(text)
            .map_err(|source| KitError::Form { pack: pack.to_owned(), source: Box::new(source) })?;
        let wrong = |component: &str, message: String| KitError::Component {
            pack: pack.to_owned(),
            component: component.to_owned(),
            message,
        };
        let levels = &data.levels;
        let components = data.components.iter();
        let components: Vec<Component> = components
            .map(|own| component(own, levels).map_err(|message| wrong(&own.means, message)))
            .collect::<Result<_, _>>()?;
        let coercions = data.coercions.iter();
        let coercions = coercions
            .map(|own| {
                let shape = shape(&own.code, &own.level, &own.to, levels)
                    .map_err(|message| wrong(&own.code, message))?;
                Ok(Coercion { from: own.from.clone(), to: own.to.clone(), copy: own.copy, shape })
            })
            .collect::<Result<_, KitError>>()?;
        let hints = data.hints.iter();
        let hints = hints
            .map(|(name, own)| {
                let own = read(own).ok_or_else(|| wrong(name, format!("`{own}` is no type")))?;
                Ok((name.clone(), own))
            })
            .collect::<Result<_, KitError>>()?;
        Ok(Self {
            rules: data.rules,
            literals: data.literals,
            layout: data.layout,
            defaults: data.defaults,
            coercions,
            hints,
            widths: data.widths,
            usual_width: data.usual_width,
            reading: data.reading,
            components,
            levels: data.levels,
        })
    }

    /// The number of a level; the highest one for a name that is none.
    pub(super) fn level(&self, name: &str) -> usize {
        self.levels.iter().position(|own| own == name).unwrap_or(self.levels.len())
    }
}

fn component(data: &ComponentData, levels: &[String]) -> Result<Component, String> {
    let doing = match Higher::named(&data.means) {
        Some(higher) => Doing::Higher(higher),
        None => Doing::Plain(named(&data.means).ok_or("there is no such meaning")?),
    };
    let Some(Type::Function(args, result)) = read(&data.types) else {
        return Err(format!("`{}` is no type of a function", data.types));
    };
    let is_higher = matches!(args.as_slice(), [Type::List(_), Type::Function(..)]);
    if matches!(doing, Doing::Higher(_)) != is_higher {
        return Err("a list and a function belong to these meanings, and to no others".to_owned());
    }
    let mut shapes = vec![shape(&data.code, &data.level, &data.form, levels)?];
    for (form, code) in &data.forms {
        shapes.push(shape(code, &data.level, form, levels)?);
    }
    Ok(Component {
        means: data.means.clone(),
        doing,
        args,
        result: *result,
        cost: data.cost.max(1),
        shapes,
        is_lazy: is_lazy(&data.means),
        ordered: data.ordered,
        wanted: data.wanted,
        names: data.names.clone(),
        whole: data.whole,
        copy: data.copy,
        simple: data.simple.clone(),
        symmetric: data.symmetric,
    })
}

/// Reads a pattern: `{0}`, `{1 LEVEL}`, `{0 LEVEL FORM}`, `{x}`, `{&x}`, `{int}`, `{for}`; `{{` and `}}` for braces.
fn shape(code: &str, level: &str, form: &str, levels: &[String]) -> Result<Shape, String> {
    let at = |name: &str| levels.iter().position(|own| own == name);
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if (c == '{' || c == '}') && rest.starts_with(c) {
            plain.push(c);
            rest = rest.get(1..).unwrap_or_default();
        } else if c == '{' {
            let (inner, after) = rest.split_once('}').ok_or_else(|| format!("`{code}` has an open brace"))?;
            if !plain.is_empty() {
                pieces.push(Piece::Plain(std::mem::take(&mut plain)));
            }
            pieces.push(piece(inner, &at).ok_or_else(|| format!("`{{{inner}}}` says nothing"))?);
            rest = after;
        } else {
            plain.push(c);
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Plain(plain));
    }
    let level =
        if level.is_empty() { levels.len() } else { at(level).ok_or(format!("no level `{level}`"))? };
    Ok(Shape { pieces, level, form: form.to_owned() })
}

fn piece(inner: &str, level_of: &dyn Fn(&str) -> Option<usize>) -> Option<Piece> {
    match inner {
        "x" => return Some(Piece::Names { of_reference: false }),
        "&x" => return Some(Piece::Names { of_reference: true }),
        "int" => return Some(Piece::Whole),
        "for" => return Some(Piece::For),
        _ => {}
    }
    let mut words = inner.split_whitespace();
    let nth = words.next()?.parse().ok()?;
    let (mut level, mut form) = (0, None);
    for word in words {
        match level_of(word) {
            Some(own) => level = own,
            None => form = Some(word.to_owned()),
        }
    }
    Some(Piece::Arg { nth, level, form })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_syntax::Languages;

    #[test]
    fn the_kit_of_every_pack_can_be_read() {
        let languages = Languages::builtin().unwrap();
        let mut kits = 0;
        for language in languages.all() {
            if let Some(kit) = Kit::of(language.pack()).unwrap() {
                kits += 1;
                assert!(kit.components.len() > 30, "{}", language.pack().id);
            }
        }
        assert_eq!(kits, 5, "Python, JavaScript, TypeScript, TSX, Rust");
    }

    #[test]
    fn arguments_are_written_with_the_level_they_need() {
        let levels = ["sum", "atom"].map(String::from);
        let own = shape("f({0}) + {1 atom gen}{{}}", "sum", "", &levels).unwrap();
        let arg = |nth, level, form: Option<&str>| Piece::Arg { nth, level, form: form.map(String::from) };
        let plain = |text: &str| Piece::Plain(text.to_owned());
        assert_eq!(
            own.pieces,
            [plain("f("), arg(0, 0, None), plain(") + "), arg(1, 1, Some("gen")), plain("{}")]
        );
        assert!(shape("{0", "sum", "", &levels).is_err() && shape("{y}", "sum", "", &levels).is_err());
        assert!(shape("{0}", "none", "", &levels).is_err());
    }
}
