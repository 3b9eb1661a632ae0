//! Reports in the schema of mutation-testing-elements, version 2
//! (<https://github.com/stryker-mutator/mutation-testing-elements>), as far as the bench reads them: ours and Stryker's.
//!
//! Lines and columns count from 1, columns in UTF-16 units. Nothing here runs anything.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A whole report.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Report {
    /// By path.
    pub(crate) files: BTreeMap<String, File>,
    /// What the writer says of its run.
    #[serde(default)]
    pub(crate) config: Value,
}

/// One file with its mutants.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct File {
    /// The text that the places are in.
    pub(crate) source: String,
    /// In the writer's order.
    pub(crate) mutants: Vec<Mutant>,
}

/// One mutant.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mutant {
    /// The operator.
    #[serde(default)]
    pub(crate) mutator_name: String,
    /// What stands at the place instead; absent where the writer does not say.
    pub(crate) replacement: Option<String>,
    /// Where.
    pub(crate) location: Span,
    /// What came of it.
    pub(crate) status: Status,
    /// Why.
    #[serde(default)]
    pub(crate) status_reason: String,
}

/// From the first character to behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Span {
    /// The first character.
    pub(crate) start: Place,
    /// Behind the last.
    pub(crate) end: Place,
}

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Place {
    /// The line.
    pub(crate) line: usize,
    /// The column, in UTF-16 units.
    pub(crate) column: usize,
}

/// What came of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) enum Status {
    /// A test fails.
    Killed,
    /// Every test passes.
    Survived,
    /// No test reaches it.
    NoCoverage,
    /// The tests do not end.
    Timeout,
    /// It does not compile.
    CompileError,
    /// The runner broke.
    RuntimeError,
    /// Left out on purpose.
    Ignored,
    /// Not tried.
    Pending,
}

impl Report {
    /// Reads a report.
    ///
    /// # Errors
    /// Where the text is no report.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// Every mutant with its file.
    pub(crate) fn mutants(&self) -> impl Iterator<Item = (&str, &File, &Mutant)> {
        self.files
            .iter()
            .flat_map(|(path, file)| file.mutants.iter().map(move |mutant| (path.as_str(), file, mutant)))
    }
}

impl File {
    /// The file's text with one mutant in it; `None` where the place or the replacement is missing.
    pub(crate) fn with(&self, mutant: &Mutant) -> Option<String> {
        let start = offset(&self.source, mutant.location.start)?;
        let end = offset(&self.source, mutant.location.end)?;
        let (before, after) = (self.source.get(..start)?, self.source.get(end..)?);
        (start <= end)
            .then(|| format!("{before}{}{after}", mutant.replacement.as_deref().unwrap_or_default()))
    }
}

/// The byte at a place; `None` outside the text or in the middle of a character.
pub(crate) fn offset(text: &str, place: Place) -> Option<usize> {
    let start = line_starts(text).nth(place.line.checked_sub(1)?)?;
    let mut left = place.column.checked_sub(1)?;
    let mut at = start;
    for character in text.get(start..)?.chars() {
        if left == 0 || matches!(character, '\n' | '\r') {
            break;
        }
        left = left.checked_sub(character.len_utf16())?;
        at += character.len_utf8();
    }
    (left == 0).then_some(at)
}

/// A line ends with `\n`, `\r\n` or `\r`.
fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let ends = bytes.iter().enumerate().filter(move |(at, byte)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    std::iter::once(0).chain(ends.map(|(at, _)| at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(source: &str, mutants: &Value) -> Report {
        let json = serde_json::json!({
            "schemaVersion": "2",
            "thresholds": {"low": 60, "high": 80},
            "files": {"a.py": {"language": "python", "source": source, "mutants": mutants}},
        });
        Report::parse(&json.to_string()).unwrap()
    }

    fn mutant(line: usize, columns: (usize, usize), replacement: &str) -> Value {
        serde_json::json!({
            "id": "1", "mutatorName": "m", "replacement": replacement, "status": "Killed", "killedBy": ["3"],
            "location": {"start": {"line": line, "column": columns.0}, "end": {"line": line, "column": columns.1}},
        })
    }

    fn edited(source: &str, mutant: &Value) -> Option<String> {
        let report = report(source, &Value::Array(vec![mutant.clone()]));
        let (_, file, mutant) = report.mutants().next().unwrap();
        file.with(mutant)
    }

    #[test]
    fn a_place_becomes_an_edit() {
        assert_eq!(edited("a = 1\nb = a + 1\n", &mutant(2, (7, 8), "-")).unwrap(), "a = 1\nb = a - 1\n");
        assert_eq!(edited("a = 1\nb = 2", &mutant(2, (6, 6), "0")).unwrap(), "a = 1\nb = 20");
        assert_eq!(edited("a\n", &mutant(1, (1, 2), "")).unwrap(), "\n");
    }

    #[test]
    fn columns_count_utf_16_units() {
        assert_eq!(edited("é = 'ß𝄞' + 1\n", &mutant(1, (11, 12), "-")).unwrap(), "é = 'ß𝄞' - 1\n");
        assert_eq!(edited("'𝄞'", &mutant(1, (3, 4), "")), None, "the middle of a pair");
    }

    #[test]
    fn every_kind_of_line_end_counts_once() {
        assert_eq!(edited("a\r\nb\rc\n", &mutant(3, (1, 2), "d")).unwrap(), "a\r\nb\rd\n");
    }

    #[test]
    fn a_place_outside_of_the_text_is_no_edit() {
        assert_eq!(edited("ab\nc\n", &mutant(1, (1, 4), "x")), None);
        assert_eq!(edited("ab\n", &mutant(9, (1, 1), "x")), None);
        assert_eq!(edited("ab\n", &mutant(0, (1, 1), "x")), None);
        assert_eq!(edited("ab\n", &mutant(1, (2, 1), "x")), None);
    }

    #[test]
    fn what_is_missing_is_empty() {
        let report = report("a", &serde_json::json!([mutant(1, (1, 2), "")]));
        let (path, _, mutant) = report.mutants().next().unwrap();
        assert_eq!((path, mutant.status, mutant.status_reason.as_str()), ("a.py", Status::Killed, ""));
        assert!(Report::parse("{}").is_err());
    }
}
