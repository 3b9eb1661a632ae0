//! Lines: the entries of a directive that are proved or not, each known by what it says and not by where it stands.

use crate::{Check, Directive, Expected, Holds, Property, Spanned};
use hephaestus_core::{ByteRange, ContentHash};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The hash of what a line says: moving it keeps the id, changing a word of what is checked does not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineId(String);

impl LineId {
    fn of<'a>(kind: LineKind, parts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(ContentHash::of_parts(std::iter::once(kind.as_str()).chain(parts)).short().to_owned())
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What sort of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineKind {
    /// `[[example]]`.
    Example,
    /// `[[property]]`.
    Property,
    /// `[[acceptance]]`.
    Acceptance,
    /// `[[bench]]`.
    Bench,
}

impl LineKind {
    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Example => "example",
            Self::Property => "property",
            Self::Acceptance => "acceptance",
            Self::Bench => "bench",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is known by.
    pub id: LineId,
    /// What sort.
    pub kind: LineKind,
    /// Which of its sort in the directive, from 0: `directive.examples[index]`.
    pub index: usize,
    /// The entry's header.
    pub range: ByteRange,
    /// What it says, for people, on one line.
    pub text: String,
}

/// The lines of a directive, in the order of the text.
pub(crate) fn of(directive: &Directive) -> Vec<Line> {
    let examples = directive.examples.iter().map(|example| {
        let outcome = match &example.expected {
            Expected::Value(value) => ("gives", value),
            Expected::Error(error) => ("raises", error),
        };
        let parts = vec![example.call.as_str(), outcome.0, outcome.1.as_str()];
        (example.range, parts.join(" "), owned(&parts))
    });
    let properties = directive.properties.iter().map(|property| {
        let parts = property_parts(property);
        (property.range, parts.join(" "), parts)
    });
    let acceptance = directive.acceptance.iter().map(|line| {
        let check = line.check.as_ref().map_or_else(Vec::new, |check| check_parts(check));
        let parts = std::iter::once(line.text.value.clone()).chain(check).collect();
        (line.range, line.text.value.clone(), parts)
    });
    let benches = directive.benches.iter().map(|bench| {
        let limit = |word: &str, limit: &Option<Spanned<f64>>| {
            limit.as_ref().map(|limit| format!("{word} {}", limit.value))
        };
        let limits = [limit("ratio", &bench.ratio), limit("ms", &bench.limit_ms)];
        let parts: Vec<String> =
            std::iter::once(bench.command.value.clone()).chain(limits.into_iter().flatten()).collect();
        (bench.range, bench.command.value.clone(), parts)
    });
    let mut lines: Vec<Line> = numbered(LineKind::Example, examples)
        .chain(numbered(LineKind::Property, properties))
        .chain(numbered(LineKind::Acceptance, acceptance))
        .chain(numbered(LineKind::Bench, benches))
        .collect();
    lines.sort_by_key(|line| line.range);
    lines
}

fn numbered(
    kind: LineKind,
    lines: impl Iterator<Item = (ByteRange, String, Vec<String>)>,
) -> impl Iterator<Item = Line> {
    lines.enumerate().map(move |(index, (range, text, parts))| {
        let id = LineId::of(kind, parts.iter().map(String::as_str));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Line { id, kind, index, range, text }
    })
}

fn owned(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

fn property_parts(property: &Property) -> Vec<String> {
    let holds = match &*property.holds {
        Holds::Preserve => "preserve".to_owned(),
        Holds::Condition(condition) => condition.clone(),
    };
    let variables =
        property.forall.iter().map(|variable| format!("for {} in {},", *variable.name, *variable.domain));
    let assume = property.assume.iter().map(|assume| format!("if {},", assume.value));
    variables.chain(assume).chain([holds]).collect()
}

fn check_parts(check: &Check) -> Vec<String> {
    let named = |names: &[Spanned<String>]| names.iter().map(|name| name.value.clone()).collect::<Vec<_>>();
    let mut parts = vec![check.word().to_owned()];
    match check {
        Check::Test(what) | Check::Command(what) => parts.push(what.value.clone()),
        Check::Example(of) | Check::Property(of) | Check::Bench(of) => parts.extend(named(of)),
        Check::Manual => {}
    }
    parts
}
