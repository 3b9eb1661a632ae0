//! What an editor offers while a directive is written: what may be written at a place, and what is meant by what stands
//! there. Everything comes from the table of keys and the surroundings.

use crate::cursor::{Spot, spot_at};
use crate::keys::{KEYS, Key, Names, Shape};
use crate::surroundings::is_glob;
use crate::{Directive, Line, Surroundings};
use hephaestus_core::{ByteRange, Dimension, RelPath};
use std::collections::BTreeSet;

/// What sort of thing is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// A table.
    Table,
    /// A key.
    Key,
    /// One of a few words.
    Word,
    /// A file or folder.
    File,
    /// A function, method or class.
    Symbol,
    /// A name given in a directive, or that of one.
    Name,
}

/// Something that may be written at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is shown.
    pub label: String,
    /// What sort of thing it is.
    pub sort: Offered,
    /// What it means, if there is something to say.
    pub meaning: Option<String>,
    /// What is replaced.
    pub range: ByteRange,
    /// By what.
    pub text: String,
}

/// Names of one sort that are offered at once.
const MOST: usize = 200;

/// What may be written at `offset`.
#[must_use]
pub fn complete(
    text: &str,
    path: &RelPath,
    offset: usize,
    directive: Option<&Directive>,
    around: &Surroundings,
) -> Vec<Completion> {
    match spot_at(text, path, offset) {
        Some(Spot::Header { whole, .. }) => headers(whole),
        Some(Spot::Key { table, range, has_value }) => {
            let mut all = keys(&table, range, has_value);
            if table.is_empty() || is_line_start(text, range.start) {
                all.extend(headers(range));
            }
            all
        }
        Some(Spot::Value { path: key, range, is_listed }) => {
            values(&key, range, is_listed, directive, around)
        }
        None => Vec::new(),
    }
}

fn is_line_start(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|before| before.is_empty() || before.ends_with('\n'))
}

fn headers(range: ByteRange) -> Vec<Completion> {
    let tables = KEYS.iter().filter_map(|key| {
        let header = match key.shape {
            Shape::Tables => format!("[[{}]]", key.path),
            Shape::Table | Shape::Measures => format!("[{}]", key.path),
            _ => return None,
        };
        let meaning = Some(key.meaning.to_owned());
        Some(Completion { label: header.clone(), sort: Offered::Table, meaning, range, text: header })
    });
    tables.collect()
}

fn keys(table: &str, range: ByteRange, has_value: bool) -> Vec<Completion> {
    if Key::at(table).is_some_and(|key| key.shape == Shape::Measures) {
        return measures(range, |word| if has_value { word.to_owned() } else { format!("{word} = ") });
    }
    let keys = Key::of_table(table).filter(|key| !is_header_only(key));
    let offered = keys.map(|key| {
        let text = if has_value { key.word().to_owned() } else { format!("{} = ", key.word()) };
        let meaning = Some(meaning(key));
        Completion { label: key.word().to_owned(), sort: Offered::Key, meaning, range, text }
    });
    offered.collect()
}

fn is_header_only(key: &Key) -> bool {
    matches!(key.shape, Shape::Table | Shape::Tables | Shape::Measures)
}

fn measures(range: ByteRange, written: impl Fn(&str) -> String) -> Vec<Completion> {
    let word = |dimension: &Dimension| {
        let word = dimension.as_str();
        let meaning = Some(measure(*dimension).to_owned());
        Completion { label: word.to_owned(), sort: Offered::Word, meaning, range, text: written(word) }
    };
    Dimension::ALL.iter().map(word).collect()
}

fn quoted(word: &str) -> String {
    format!("{word:?}")
}

fn values(
    path: &str,
    range: ByteRange,
    is_listed: bool,
    directive: Option<&Directive>,
    around: &Surroundings,
) -> Vec<Completion> {
    let Some(key) = Key::at(path) else {
        let table = path.rsplit_once('.').map_or("", |(table, _)| table);
        return match Key::at(table).map(|key| key.shape) {
            Some(Shape::Domains) => words(&DOMAINS.map(|word| (word, "")), range, quoted),
            _ => Vec::new(),
        };
    };
    let in_list = |word: &str| {
        if is_listed || !range.is_empty() { quoted(word) } else { format!("[{}]", quoted(word)) }
    };
    match key.shape {
        Shape::Choice(choices) => words(choices, range, quoted),
        Shape::Switch => words(&[("true", ""), ("false", "")], range, str::to_owned),
        Shape::NoneOr(_) => words(&[("none", "Nothing may be added.")], range, quoted),
        Shape::List(Names::Measures) => measures(range, in_list),
        Shape::List(names) => named(names, range, in_list, directive, around),
        Shape::Name(names) => named(names, range, quoted, directive, around),
        Shape::Code if path == "property.holds" => {
            words(&[("preserve", "Whatever came out before the change comes out after it.")], range, quoted)
        }
        _ => Vec::new(),
    }
}

const DOMAINS: [&str; 8] =
    ["int", "int 0..100", "float", "float 0..1", "bool", "string", "list of int", "list of string"];

fn words(choices: &[(&str, &str)], range: ByteRange, written: impl Fn(&str) -> String) -> Vec<Completion> {
    let word = |(word, meaning): &(&str, &str)| Completion {
        label: (*word).to_owned(),
        sort: Offered::Word,
        meaning: (!meaning.is_empty()).then(|| (*meaning).to_owned()),
        range,
        text: written(word),
    };
    choices.iter().map(word).collect()
}

fn named(
    names: Names,
    range: ByteRange,
    written: impl Fn(&str) -> String,
    directive: Option<&Directive>,
    around: &Surroundings,
) -> Vec<Completion> {
    let (sort, names): (Offered, Vec<String>) = match names {
        Names::Files => (Offered::File, files(around)),
        Names::File => (Offered::File, around.files.keys().map(ToString::to_string).collect()),
        Names::Symbols => (Offered::Symbol, symbols(directive, around)),
        Names::Directives => (Offered::Name, around.directives.keys().cloned().collect()),
        Names::Engines => (Offered::Name, around.engines.clone()),
        Names::Tests => (Offered::Symbol, tests(around)),
        Names::Lines => (Offered::Name, directive.map(line_names).unwrap_or_default()),
        Names::Measures | Names::Packages | Names::Patterns | Names::Own => return Vec::new(),
    };
    let offered = |name: String| Completion { sort, meaning: None, range, text: written(&name), label: name };
    names.into_iter().take(MOST).map(offered).collect()
}

/// The folders, as globs, and the files.
fn files(around: &Surroundings) -> Vec<String> {
    let folders: BTreeSet<String> =
        around.files.keys().filter_map(RelPath::parent).map(|folder| format!("{folder}/**")).collect();
    folders.into_iter().chain(around.files.keys().map(ToString::to_string)).collect()
}

fn symbols(directive: Option<&Directive>, around: &Surroundings) -> Vec<String> {
    let targets: Option<BTreeSet<&RelPath>> =
        directive.map(|directive| directive.target_files(around).into_iter().collect());
    let is_target = |path: &RelPath| targets.as_ref().is_none_or(|targets| targets.contains(path));
    let own = around.symbols.iter().filter(|(path, _)| is_target(path)).flat_map(|(_, symbols)| symbols);
    own.map(|symbol| symbol.name.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Tests as most runners call them: the file, two colons, the name.
fn tests(around: &Surroundings) -> Vec<String> {
    let is_test =
        |name: &str| name.rsplit('.').next().is_some_and(|last| last.to_lowercase().starts_with("test"));
    let of_file = |(path, symbols): (&RelPath, &Vec<crate::Symbol>)| {
        let tests = symbols.iter().filter(|symbol| symbol.range.is_some() && is_test(&symbol.name));
        tests.map(|symbol| format!("{path}::{}", symbol.name.replace('.', "::"))).collect::<Vec<_>>()
    };
    around.symbols.iter().flat_map(of_file).collect()
}

fn line_names(directive: &Directive) -> Vec<String> {
    let examples = directive.examples.iter().map(|own| &own.name);
    let properties = directive.properties.iter().map(|own| &own.name);
    let benches = directive.benches.iter().map(|own| &own.name);
    examples.chain(properties).chain(benches).flatten().map(|name| name.value.clone()).collect()
}

/// What stands at `offset` means: its place, and the words in Markdown.
#[must_use]
pub fn explain(text: &str, path: &RelPath, offset: usize) -> Option<(ByteRange, String)> {
    match spot_at(text, path, offset)? {
        Spot::Header { range, whole } => Some((whole, card(Key::at(range.slice(text)?)?))),
        Spot::Key { table, range, .. } => {
            let word = range.slice(text).filter(|word| !word.is_empty())?;
            if Key::at(&table).is_some_and(|key| key.shape == Shape::Measures) {
                return Some((range, format!("**{word}**: {}", measure(crate::read::dimension(word)?))));
            }
            let path = if table.is_empty() { word.to_owned() } else { format!("{table}.{word}") };
            Some((range, card(Key::at(&path)?)))
        }
        Spot::Value { path, range, .. } => {
            let key = Key::at(&path)?;
            let word = range.slice(text)?.trim_matches(['"', '\'']);
            match key.shape {
                Shape::Choice(choices) => {
                    let (word, meaning) = choices.iter().find(|(own, _)| *own == word)?;
                    Some((range, format!("**{word}**: {meaning}")))
                }
                Shape::List(Names::Measures) => {
                    Some((range, format!("**{word}**: {}", measure(crate::read::dimension(word)?))))
                }
                _ => Some((range, card(key))),
            }
        }
    }
}

fn meaning(key: &Key) -> String {
    match key.default {
        "" => key.meaning.to_owned(),
        default => format!("{}\n\nWithout it: {default}.", key.meaning),
    }
}

/// A key in Markdown.
fn card(key: &Key) -> String {
    format!("**{}**: {}\n\n```toml\n{}\n```", key.path, meaning(key), key.example)
}

/// What a measure counts.
fn measure(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Functionality => "Tests that pass.",
        Dimension::Cognitive => "Cognitive complexity: how hard it is to follow. Lower is better.",
        Dimension::Cyclomatic => "Cyclomatic complexity: ways through the code. Lower is better.",
        Dimension::Size => "Tokens. Lower is better.",
        Dimension::Statements => "Statements. Lower is better.",
        Dimension::Nesting => "Deepest nesting. Lower is better.",
        Dimension::Duplication => "Tokens that stand elsewhere too. Lower is better.",
        Dimension::Findings => "Rule matches and linters' findings. Lower is better.",
        Dimension::Strength => "Share (0 to 1) of small faults that the tests notice. Higher is better.",
        Dimension::RunTime => "Time of the function, in seconds. Lower is better.",
        Dimension::Documentation => "Documented functions. Higher is better.",
        Dimension::Types => "Annotated parameters and results. Higher is better.",
        Dimension::DiffSize => "Lines the change adds and removes. Shown, never judged.",
    }
}

/// What stands at a place and can be gone to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    /// A file.
    File(RelPath),
    /// A place in a file, in bytes of its text.
    Code(RelPath, ByteRange),
    /// A name in a file, where only that is known.
    Name(RelPath, String),
    /// Another directive, by name.
    Directive(String),
}

/// Where what stands at `offset` is: the code of a symbol or file, or the tests that show a line.
#[must_use]
pub fn definitions(
    text: &str,
    path: &RelPath,
    offset: usize,
    directive: Option<&Directive>,
    around: &Surroundings,
) -> Vec<Definition> {
    if let Some(Spot::Value { path: key, range, .. }) = spot_at(text, path, offset) {
        let word = range.slice(text).unwrap_or_default().trim_matches(['"', '\'']);
        let found = match Key::at(&key).map(|key| key.shape) {
            Some(Shape::List(Names::Files) | Shape::Name(Names::File)) => {
                let files = around.matching(word).unwrap_or_default();
                files.into_iter().take(MOST).cloned().map(Definition::File).collect()
            }
            Some(Shape::List(Names::Symbols)) => places(word, around),
            Some(Shape::List(Names::Directives)) => vec![Definition::Directive(word.to_owned())],
            Some(Shape::Name(Names::Tests)) => test_place(word, around),
            _ => Vec::new(),
        };
        if !found.is_empty() {
            return found;
        }
    }
    let Some(line) = directive.and_then(|directive| line_at(text, directive, offset)) else {
        return Vec::new();
    };
    let tests =
        around.record.as_ref().and_then(|record| record.line(&line)).map(|noted| noted.tests.as_slice());
    let tests = tests.unwrap_or_default().iter();
    tests.map(|test| symbol_or_name(&test.file, &test.name, around)).collect()
}

fn places(word: &str, around: &Surroundings) -> Vec<Definition> {
    let symbols =
        around.symbols.iter().flat_map(|(path, symbols)| symbols.iter().map(move |own| (path, own)));
    symbols
        .filter(|(_, symbol)| crate::validate::is_named(&symbol.name, word))
        .map(|(path, symbol)| match symbol.range {
            Some(range) => Definition::Code(path.clone(), range),
            None => Definition::Name(path.clone(), symbol.name.clone()),
        })
        .collect()
}

fn test_place(test: &str, around: &Surroundings) -> Vec<Definition> {
    let (file, name) = test.split_once("::").unwrap_or((test, ""));
    let Ok(file) = RelPath::new(file) else { return Vec::new() };
    if is_glob(test) && name.is_empty() || !around.files.contains_key(&file) {
        return Vec::new();
    }
    let name = name.split('[').next().unwrap_or_default();
    vec![if name.is_empty() { Definition::File(file) } else { symbol_or_name(&file, name, around) }]
}

fn symbol_or_name(file: &RelPath, name: &str, around: &Surroundings) -> Definition {
    let name = name.replace("::", ".");
    let symbols = around.symbols.get(file).map(Vec::as_slice).unwrap_or_default();
    let range = symbols.iter().find(|symbol| symbol.name == name).and_then(|symbol| symbol.range);
    match range {
        Some(range) => Definition::Code(file.clone(), range),
        None => Definition::Name(file.clone(), name.rsplit('.').next().unwrap_or(&name).to_owned()),
    }
}

/// The line whose entry holds `offset`: from its header to the next one.
#[must_use]
pub fn line_at(text: &str, directive: &Directive, offset: usize) -> Option<Line> {
    let lines = directive.lines();
    let line = lines.into_iter().rfind(|line| line.range.start <= offset)?;
    let rest = text.get(line.range.end..offset.max(line.range.end))?;
    let has_ended = rest.lines().any(|line| line.starts_with('[') || line.trim_end() == "+++");
    (!has_ended).then_some(line)
}
