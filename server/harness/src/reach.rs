//! The reach check: before a suite may speak for a change, it must notice when the touched code is broken on purpose.
//!
//! The innermost statement at the start of each edit is made to throw; a suite that still passes never runs it and cannot
//! judge a change of it, whatever it says about a candidate. Where there is no such statement (a function's head, say) the
//! function throws at once. One answer per place and run, shared by all trials.

use hephaestus_core::{ByteRange, Edit, Patch, RelPath};
use hephaestus_syntax::Parsed;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// What the suite did when a place was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reached {
    /// It noticed.
    Yes,
    /// It passed all the same.
    No,
    /// It could not be asked, and why.
    Unknown(String),
}

/// A place that is broken on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) file: RelPath,
    /// The statement's range, the function's, or the whole file's.
    pub(crate) range: ByteRange,
    /// What sort of place it is.
    pub(crate) kind: PlaceKind,
    /// Its name for people.
    pub(crate) name: String,
}

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PlaceKind {
    /// A statement inside a function.
    Statement,
    /// A function as a whole.
    Function,
    /// A file as a whole.
    File,
}

type Answer = Arc<Mutex<Option<Reached>>>;

/// The answers so far.
#[derive(Debug, Default)]
pub(crate) struct ReachMemory {
    answers: Mutex<HashMap<Place, Answer>>,
}

impl ReachMemory {
    /// The answer for `place`, asking with `ask` when nobody has yet. Whoever asks for the same place meanwhile waits.
    /// `ask` answers `None` when it was interrupted: then nothing is remembered.
    pub(crate) fn answer(&self, place: &Place, ask: impl FnOnce() -> Option<Reached>) -> Option<Reached> {
        let slot = {
            let mut answers = self.answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            Arc::clone(answers.entry(place.clone()).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if slot.is_none() {
            *slot = ask();
        }
        slot.clone()
    }
}

/// The places that edits at `ranges` touch: the innermost statement or function at the start of each, or the file as a
/// whole outside every function.
pub(crate) fn places(parsed: &Parsed, ranges: &[ByteRange]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for range in ranges {
        let place = place(parsed, *range);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// The place that an edit at `range` touches.
fn place(parsed: &Parsed, range: ByteRange) -> Place {
    let file = parsed.file();
    let at = first_letter(&file.text, range);
    let Some(function) = parsed.function_at(ByteRange::new(at, at)) else {
        let range = ByteRange::new(0, file.text.len());
        return Place {
            file: file.path.clone(),
            range,
            kind: PlaceKind::File,
            name: format!("the top level of {}", file.path),
        };
    };
    let line = file.text.get(..at).unwrap_or_default().matches('\n').count() + 1;
    match parsed
        .statement_at(at)
        .filter(|statement| function.body.contains(*statement) && *statement != function.body)
    {
        Some(range) => Place {
            file: file.path.clone(),
            range,
            kind: PlaceKind::Statement,
            name: format!("{}:{line} in {}", file.path, function.qualified),
        },
        None => Place {
            file: file.path.clone(),
            range: function.range,
            kind: PlaceKind::Function,
            name: function.qualified.clone(),
        },
    }
}

/// Where the code of an edit begins: edits of whole lines begin with indentation.
pub(crate) fn first_letter(text: &str, range: ByteRange) -> usize {
    let inside = range.slice(text).unwrap_or_default();
    let skipped = inside.len() - inside.trim_start().len();
    if skipped == inside.len() { range.start } else { range.start + skipped }
}

/// The patch that breaks `place`; `None` where the language has no way to do it (top level of a compiled language).
pub(crate) fn break_on_purpose(parsed: &Parsed, place: &Place) -> Option<Patch> {
    let file = parsed.file();
    let canary = &parsed.language().pack().manifest.canary;
    if canary.statement.is_empty() {
        return None;
    }
    let edit = match place.kind {
        PlaceKind::Statement if canary.in_braces => {
            let statement = place.range.slice(&file.text)?;
            Edit::new(place.range, format!("{{ {} {statement} }}", canary.statement))
        }
        PlaceKind::Statement => in_front(&file.text, place.range.start, &canary.statement)?,
        PlaceKind::Function => {
            let function = parsed.functions().iter().find(|function| function.range == place.range)?;
            break_body(&file.text, function.body, &canary.statement, &canary.expression)?
        }
        PlaceKind::File if canary.top_level => Edit::new(place.range, format!("{}\n", canary.statement)),
        PlaceKind::File => return None,
    };
    Patch::edit(file.path.clone(), file.hash.clone(), vec![edit]).ok()
}

fn break_body(text: &str, body: ByteRange, statement: &str, expression: &str) -> Option<Edit> {
    let body_text = body.slice(text)?;
    if body_text.starts_with('{') {
        let at = body.start + 1;
        return Some(Edit::new(at..at, format!(" {statement} ")));
    }
    if !expression.is_empty() {
        return Some(Edit::new(body.start..body.end, expression));
    }
    in_front(text, body.start, statement)
}

/// Puts a statement in front of what begins at `at`: on a line of its own with the same indentation, or on the same line
/// when something else stands there before it.
fn in_front(text: &str, at: usize, statement: &str) -> Option<Edit> {
    let line_start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let before = text.get(line_start..at)?;
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let separator = if statement.ends_with(';') { " " } else { "; " };
    let inserted = if before.trim().is_empty() {
        format!("{statement}{end}{before}")
    } else {
        format!("{statement}{separator}")
    };
    Some(Edit::new(at..at, inserted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str, body: (usize, usize), expression: &str) -> String {
        let edit = break_body(text, ByteRange::new(body.0, body.1), "boom()", expression).unwrap();
        format!("{}{}{}", &text[..edit.range.start], edit.text, &text[edit.range.end..])
    }

    #[test]
    fn bodies_of_every_shape_are_broken() {
        let python = "def f():\n    if a:\n        b\n";
        assert_eq!(broken(python, (13, python.len()), ""), "def f():\n    boom()\n    if a:\n        b\n");
        let one_line = "def f(): return 1\n";
        assert_eq!(broken(one_line, (9, 17), ""), "def f(): boom(); return 1\n");
        assert_eq!(broken("fn f() { 1 }", (7, 12), ""), "fn f() { boom()  1 }");
        assert_eq!(broken("x => x + 1", (5, 10), "(boom())"), "x => (boom())");
    }

    fn broken_at(language: &str, text: &str, marker: &str) -> String {
        let languages = hephaestus_syntax::Languages::builtin().unwrap();
        let language = languages.get(&hephaestus_core::LanguageId::new(language)).unwrap();
        let path = RelPath::new("a").unwrap();
        let file = hephaestus_core::SourceFile::new(path.clone(), language.id().clone(), text, false);
        let parsed = Parsed::new(language, Arc::new(file)).unwrap();
        let at = text.find(marker).unwrap();
        let places = places(&parsed, &[ByteRange::new(at, at + marker.len())]);
        let patch = break_on_purpose(&parsed, &places[0]).unwrap();
        let broken = patch.apply_to(&path, Some(text)).unwrap().unwrap();
        for canary in [
            r#"raise RuntimeError("hephaestus: is this reached?")"#,
            r#"throw new Error("hephaestus: is this reached?");"#,
            r#"panic!("hephaestus: is this reached?");"#,
        ] {
            if broken.contains(canary) {
                return broken.replace(canary, "BOOM");
            }
        }
        panic!("nothing was broken: {broken}");
    }

    #[test]
    fn the_statement_at_an_edit_is_broken() {
        let python = "def f(x):\n    if x:\n        return 1\n    return [2]\n";
        assert_eq!(
            broken_at("python", python, "[2]"),
            "def f(x):\n    if x:\n        return 1\n    BOOM\n    return [2]\n"
        );
        assert_eq!(
            broken_at("python", python, "return 1"),
            "def f(x):\n    if x:\n        BOOM\n        return 1\n    return [2]\n"
        );
        assert_eq!(
            broken_at("python", "def f(x):\n    if x: return 1\n    return 2\n", "return 1"),
            "def f(x):\n    if x: BOOM; return 1\n    return 2\n"
        );
        let script = "function f(x) { if (x) return 1; return 2; }";
        assert_eq!(
            broken_at("javascript", script, "return 1"),
            "function f(x) { if (x) { BOOM return 1; } return 2; }"
        );
        let rust = "fn f(x: bool) -> u8 { if x { return 1; } g(2) }";
        assert_eq!(
            broken_at("rust", rust, "return 1"),
            "fn f(x: bool) -> u8 { if x { BOOM return 1; } g(2) }"
        );
        assert_eq!(broken_at("rust", rust, "g(2)"), "fn f(x: bool) -> u8 { if x { return 1; } BOOM g(2) }");
    }

    #[test]
    fn outside_statements_the_function_or_the_file_is_broken() {
        assert_eq!(
            broken_at("python", "def f(x=1):\n    return x\n", "x=1"),
            "def f(x=1):\n    BOOM\n    return x\n"
        );
        assert_eq!(broken_at("python", "X = 1\n", "X"), "BOOM\n");
        assert_eq!(broken_at("rust", "fn f(x: u8) -> u8 { x }", "x: u8"), "fn f(x: u8) -> u8 { BOOM  x }");
    }

    #[test]
    fn an_interrupted_question_is_asked_again() {
        let memory = ReachMemory::default();
        let place = Place {
            file: RelPath::new("a.py").unwrap(),
            range: (0..1).into(),
            kind: PlaceKind::Function,
            name: "f".into(),
        };
        assert_eq!(memory.answer(&place, || None), None);
        assert_eq!(memory.answer(&place, || Some(Reached::No)), Some(Reached::No));
        assert_eq!(memory.answer(&place, || panic!("asked twice")), Some(Reached::No));
    }
}
