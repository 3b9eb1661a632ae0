//! From a file's text to a tree of values: finds the TOML between `+++` lines, or reads all of it as TOML or YAML.

use crate::node::Table;
use crate::{Problem, Spanned};
use hephaestus_core::{ByteRange, RelPath};

mod toml;
mod yaml;

/// Texts above this many bytes are no directives.
const LARGEST: usize = 1024 * 1024;

/// How a directive is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.forge.md`: TOML between `+++` lines, Markdown below.
    Markdown,
    /// `.forge.toml`.
    Toml,
    /// `.forge.yaml` and `.forge.yml`: the form `directive: {type, name, description, …}`.
    Yaml,
}

/// The endings of directives' names.
const ENDINGS: &[(&str, Format)] = &[
    (".forge.md", Format::Markdown),
    (".forge.toml", Format::Toml),
    (".forge.yaml", Format::Yaml),
    (".forge.yml", Format::Yaml),
];

impl Format {
    /// The format of a file, by its name; `None` when it is no directive.
    #[must_use]
    pub fn of(path: &RelPath) -> Option<Self> {
        split(path).map(|(_, format)| format)
    }
}

fn split(path: &RelPath) -> Option<(&str, Format)> {
    let name = path.file_name();
    let split = |(ending, format): &(&str, Format)| Some((name.strip_suffix(ending)?, *format));
    ENDINGS.iter().find_map(split).filter(|(stem, _)| !stem.is_empty())
}

/// Whether a file is a directive, by its name.
#[must_use]
pub fn is_directive(path: &RelPath) -> bool {
    Format::of(path).is_some()
}

/// A directive's name: its file's, without the ending.
#[must_use]
pub fn name_of(path: &RelPath) -> &str {
    split(path).map_or(path.file_name(), |(stem, _)| stem)
}

/// A text taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loaded {
    /// The keys.
    pub(crate) keys: Table,
    /// The Markdown below them, and where it stands.
    pub(crate) body: Option<Spanned<String>>,
    /// Where a key can be written that stands in no table.
    pub(crate) start: usize,
    /// The line before it, or the first one: where what is missing is told.
    pub(crate) head: ByteRange,
    /// Whether keys can be written there: not where the text is an import.
    pub(crate) is_toml: bool,
}

/// Takes a text apart. What cannot be read is left out and told; `None` when nothing is left.
pub(crate) fn load(text: &str, path: &RelPath, problems: &mut Vec<Problem>) -> Option<Loaded> {
    if text.len() > LARGEST {
        let message = "this is larger than 1 MiB; a directive is a page at most: split it";
        problems.push(Problem::error(ByteRange::new(0, 0), "too-large", message));
        return None;
    }
    match Format::of(path).unwrap_or(Format::Markdown) {
        Format::Markdown => markdown(text, problems),
        Format::Toml => {
            let start = mark_len(text);
            let keys = toml::read(text, ByteRange::new(start, text.len()), problems);
            Some(Loaded { keys, body: None, start, head: first_line(text), is_toml: true })
        }
        Format::Yaml => {
            let (keys, body) = yaml::read(text, problems)?;
            Some(Loaded { keys, body, start: 0, head: first_line(text), is_toml: false })
        }
    }
}

fn first_line(text: &str) -> ByteRange {
    let start = mark_len(text);
    let rest = text.get(start..).unwrap_or_default();
    trimmed(text, ByteRange::new(start, start + rest.find('\n').unwrap_or(rest.len())))
}

/// Bytes of the byte order mark, where there is one.
fn mark_len(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// The range of the TOML, and that of the Markdown below it; `None` when the first line is no `+++`.
pub(crate) fn front_matter(text: &str) -> Option<(ByteRange, Option<ByteRange>)> {
    let mut at = mark_len(text);
    let mut lines = text.get(at..)?.split_inclusive('\n');
    let first = lines.next().filter(|line| line.trim_end() == "+++")?;
    at += first.len();
    let start = at;
    for line in lines {
        if line.trim_end() == "+++" {
            let body = ByteRange::new(at + line.len(), text.len());
            return Some((ByteRange::new(start, at), Some(body)));
        }
        at += line.len();
    }
    Some((ByteRange::new(start, text.len()), None))
}

fn markdown(text: &str, problems: &mut Vec<Problem>) -> Option<Loaded> {
    let Some((keys, body)) = front_matter(text) else {
        let start = mark_len(text);
        let message = "a directive begins with its keys between two lines of `+++`";
        let problem = Problem::error(first_line(text), "no-keys", message);
        let keys = "+++\nkind = \"improve\"\n+++\n\n";
        problems.push(problem.with_fix("Insert the keys", ByteRange::new(start, start), keys));
        return None;
    };
    if body.is_none() {
        let end = if text.ends_with('\n') { "+++\n" } else { "\n+++\n" };
        let message = "the keys have no end; close them with a second line of `+++`";
        let problem = Problem::error(first_line(text), "no-end", message);
        let at = ByteRange::new(text.len(), text.len());
        problems.push(problem.with_fix("Close the keys", at, end));
    }
    let body = body.and_then(|range| {
        let range = trimmed(text, range);
        (!range.is_empty()).then(|| Spanned::new(range.slice(text).unwrap_or_default().to_owned(), range))
    });
    let (start, head) = (keys.start, first_line(text));
    Some(Loaded { keys: toml::read(text, keys, problems), body, start, head, is_toml: true })
}

/// The range without white space at its ends.
pub(crate) fn trimmed(text: &str, range: ByteRange) -> ByteRange {
    let Some(inner) = range.slice(text) else { return range };
    let start = range.start + (inner.len() - inner.trim_start().len());
    ByteRange::new(start, (range.start + inner.trim_end().len()).max(start))
}
