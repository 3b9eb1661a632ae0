//! The reach check: before a suite may speak for a change, it must notice when the touched code is broken on purpose.
//!
//! The innermost function around each edit gets a statement that throws as its first one; a suite that still passes
//! cannot judge the function, whatever it says about a candidate. One answer per function and run, shared by all trials.

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
    /// The function's range, or the whole file's.
    pub(crate) range: ByteRange,
    /// Its name for people.
    pub(crate) name: String,
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

/// The places that `patch` touches in `parsed`: the innermost functions around its edits, or the file as a whole for
/// edits outside every function.
pub(crate) fn places(parsed: &Parsed, ranges: &[ByteRange]) -> Vec<Place> {
    let file = parsed.file();
    let mut places: Vec<Place> = Vec::new();
    for range in ranges {
        let place = match parsed.function_at(*range) {
            Some(function) => Place { file: file.path.clone(), range: function.range, name: function.qualified.clone() },
            None => Place {
                file: file.path.clone(),
                range: ByteRange::new(0, file.text.len()),
                name: format!("the top level of {}", file.path),
            },
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// The patch that breaks `place`; `None` where the language has no way to do it (top level of a compiled language).
pub(crate) fn break_on_purpose(parsed: &Parsed, place: &Place) -> Option<Patch> {
    let file = parsed.file();
    let canary = &parsed.language().pack().manifest.canary;
    if canary.statement.is_empty() {
        return None;
    }
    let function = parsed.functions().iter().find(|function| function.range == place.range);
    let edit = match function {
        Some(function) => break_body(&file.text, function.body, &canary.statement, &canary.expression)?,
        None if canary.top_level => Edit::new(0..file.text.len(), format!("{}\n", canary.statement)),
        None => return None,
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
    // An indented block: the statement gets a line of its own with the block's indentation, or goes in front of a body
    // that shares its line with the head.
    let line_start = text.get(..body.start)?.rfind('\n').map_or(0, |at| at + 1);
    let before = text.get(line_start..body.start)?;
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let inserted = if before.trim().is_empty() { format!("{statement}{end}{before}") } else { format!("{statement}; ") };
    Some(Edit::new(body.start..body.start, inserted))
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

    #[test]
    fn an_interrupted_question_is_asked_again() {
        let memory = ReachMemory::default();
        let place = Place { file: RelPath::new("a.py").unwrap(), range: (0..1).into(), name: "f".into() };
        assert_eq!(memory.answer(&place, || None), None);
        assert_eq!(memory.answer(&place, || Some(Reached::No)), Some(Reached::No));
        assert_eq!(memory.answer(&place, || panic!("asked twice")), Some(Reached::No));
    }
}
