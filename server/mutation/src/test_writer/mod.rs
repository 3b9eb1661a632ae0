//! The test writer: cases in, the text of tests out, in the project's framework and where the project keeps its tests.
//! Pure: it reads a snapshot and makes a patch. It runs nothing, and what it writes is not proved by having been written.
//!
//! What a framework looks like is data (`tests.toml` of the language packs); what stands in the project decides between
//! the ways in which the same can be written: the folder, the name of the file, quotes, indentation, module system.

mod data;
mod names;
mod place;
mod print;

use data::{Framework, Manner, Modules};
use hephaestus_core::{ContentHash, Edit, LanguageId, Patch, RelPath, Snapshot};
use hephaestus_syntax::{ImportGraph, Languages};
use place::Place;
use print::Printer;
use std::collections::BTreeSet;

/// What a call is expected to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// It gives this value: an expression of the language.
    Value(String),
    /// It raises (throws, panics), of this type where one is named.
    Error(Option<String>),
    /// This expression is true; the call is part of it.
    Holds(String),
}

/// One example of what code does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it shows, in words: "returns an empty list when …".
    pub name: String,
    /// Statements before the call, one per line; usually none.
    pub setup: Vec<String>,
    /// The call: an expression of the language.
    pub call: String,
    /// What is expected of it.
    pub expected: Expected,
    /// A remark for readers.
    pub note: Option<String>,
}

impl Case {
    /// A case without setup or remark.
    #[must_use]
    pub fn new(name: impl Into<String>, call: impl Into<String>, expected: Expected) -> Self {
        Self { name: name.into(), setup: vec![], call: call.into(), expected, note: None }
    }
}

/// Where tests come from: what readers must know of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// A directive of this name asks for what they say: they are intent.
    Directive(String),
    /// They hold what the code does today, whether or not it was meant.
    Characterisation,
}

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub struct WriteRequest<'a> {
    /// The runner's name, as its file is called: `pytest`, `node-test`, `cargo-test` …
    pub runner: &'a str,
    /// The language of the tests.
    pub language: &'a LanguageId,
    /// The file under test.
    pub subject: &'a RelPath,
    /// What must be imported from it: names, or `default NAME` for what a JavaScript module exports as a whole. In Rust,
    /// paths (`semver::Version`) make an integration test; bare names make a module inside of the file under test.
    pub symbols: &'a [String],
    /// More lines at the top, as they are: imports of what the expressions need.
    pub preamble: &'a [String],
    /// The cases.
    pub cases: &'a [Case],
    /// Where they come from.
    pub mark: &'a Mark,
    /// The project.
    pub snapshot: &'a Snapshot,
    /// The languages.
    pub languages: &'a Languages,
    /// Who imports whom.
    pub imports: &'a ImportGraph,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// A new file, or additions to one. Empty where every case is there already.
    pub patch: Patch,
    /// The file.
    pub file: RelPath,
    /// By case: the name of its test, as a runner's report ends with it; `None` where such a test was there already.
    pub tests: Vec<Option<String>>,
}

impl Written {
    /// Whether a test's id, as a report has it, is that of the `nth` case.
    #[must_use]
    pub fn is_test(&self, nth: usize, id: &str) -> bool {
        let Some(Some(name)) = self.tests.get(nth) else { return false };
        id.strip_suffix(name.as_str())
            .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    }
}

/// Why no test can be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// It is not known how tests of this runner look.
    #[error("it is not known how tests for {0} are written")]
    NoFramework(String),
    /// The file under test is not in the snapshot.
    #[error("`{0}` is not there")]
    NoSubject(RelPath),
    /// There is nothing to write.
    #[error("there is no case to write")]
    NoCase,
    /// The pack's data are malformed, which a test prevents.
    #[error("tests of `{0}`: {1}")]
    Data(String, String),
}

/// What a file is called by those who import it; its path where modules have no names.
///
/// # Errors
/// When nothing is known of tests in this language.
pub fn module_name(
    file: &RelPath,
    language: &LanguageId,
    snapshot: &Snapshot,
    languages: &Languages,
) -> Result<String, WriteError> {
    let manner = data::manner(languages, language)?;
    Ok(match manner.modules {
        Modules::Dotted => print::dotted(file, snapshot, &manner),
        Modules::Relative | Modules::Inside => file.as_str().to_owned(),
    })
}

/// Writes tests. The same request on what came of it writes nothing: cases that are there already are left out.
///
/// # Errors
/// When the framework or the file under test is not known, or there is no case.
pub fn write(request: &WriteRequest<'_>) -> Result<Written, WriteError> {
    let manner = data::manner(request.languages, request.language)?;
    let framework =
        manner.framework(request.runner).ok_or_else(|| WriteError::NoFramework(request.runner.to_owned()))?;
    if request.snapshot.file(request.subject).is_none() {
        return Err(WriteError::NoSubject(request.subject.clone()));
    }
    if request.cases.is_empty() {
        return Err(WriteError::NoCase);
    }
    let place = Place::find(request, &manner, framework);
    Ok(Writing { request, manner: &manner, framework, place }.write())
}

/// One request under way.
struct Writing<'a> {
    request: &'a WriteRequest<'a>,
    manner: &'a Manner,
    framework: &'a Framework,
    place: Place,
}

impl Writing<'_> {
    fn write(&self) -> Written {
        let old = self.request.snapshot.file(&self.place.file).map(|file| file.text.to_string());
        let known = old.as_deref().unwrap_or_default();
        let printer = Printer {
            request: self.request,
            manner: self.manner,
            framework: self.framework,
            place: &self.place,
        };
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let (mut blocks, mut tests) = (Vec::new(), Vec::new());
        for case in self.request.cases {
            let body = printer.body(case);
            let is_there = contains_lines(known, &body)
                || blocks.iter().any(|block: &String| contains_lines(block, &body));
            if is_there {
                tests.push(None);
                continue;
            }
            let name = names::unique(&names::identifier(&case.name), known, &mut taken);
            let (block, own) = printer.test(case, &name, &body);
            blocks.push(block);
            tests.push(Some(own));
        }
        let text = self.with_newlines(known, &self.whole(known, &printer, &blocks));
        let file = self.place.file.clone();
        let patch = match &old {
            _ if blocks.is_empty() => Patch::default(),
            None => Patch::create(file.clone(), text),
            Some(old) => self.additions(old, &text),
        };
        Written { patch, file, tests }
    }

    /// What the file becomes: a new one, or the old one with the tests at its end and what is missing at its top.
    fn whole(&self, known: &str, printer: &Printer<'_>, blocks: &[String]) -> String {
        let all = blocks.concat();
        if self.place.is_new {
            return printer.file(blocks, &all);
        }
        let addition = printer.addition(known, blocks);
        let missing: Vec<String> =
            printer.imports(&all).into_iter().filter(|line| !known.contains(line.as_str())).collect();
        let missing = if self.place.is_inside { vec![] } else { missing };
        let at = self.place.end_of_imports.min(known.len());
        let (head, tail) = known.split_at_checked(at).unwrap_or((known, ""));
        let lines: String = missing.iter().map(|line| format!("{line}\n")).collect();
        let between = if lines.is_empty() || head.is_empty() || head.ends_with('\n') { "" } else { "\n" };
        format!("{head}{between}{lines}{}", printer.at_end(tail, &addition))
    }

    fn additions(&self, old: &str, new: &str) -> Patch {
        // Two insertions read better than a diff of the whole; where they do not suffice, the diff says the same.
        if let Some(added) = new.strip_prefix(old) {
            let at = old.len();
            let edit = Edit::new(at..at, added);
            let made = Patch::edit(self.place.file.clone(), ContentHash::of(old.as_bytes()), vec![edit]);
            return made.unwrap_or_default();
        }
        Patch::between(self.place.file.clone(), old, new)
    }

    /// Line ends as the file has them.
    fn with_newlines(&self, known: &str, text: &str) -> String {
        if !known.contains("\r\n") {
            return text.to_owned();
        }
        text.replace("\r\n", "\n").replace('\n', "\r\n")
    }
}

/// Whether all of `lines` stand in `text` one below the other.
fn contains_lines(text: &str, lines: &str) -> bool {
    let wanted: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let found: Vec<&str> = text.lines().map(str::trim).collect();
    !wanted.is_empty() && found.windows(wanted.len()).any(|window| window == wanted.as_slice())
}

#[cfg(test)]
mod tests;
