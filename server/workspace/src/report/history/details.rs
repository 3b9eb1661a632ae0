//! What is told of single candidates, in pieces of a hundred. Within a piece, what stands there more than once is
//! kept once: the same commands, gates and reasons come again with every candidate.

use crate::registry::KnownCandidate;
use crate::report::json::{evidence_json, scores_json};
use crate::report::{found_in_words, question_in_words, round, seconds};
use hephaestus_core::Evidence;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Candidates in a piece.
pub(super) const PER_PIECE: usize = 100;

/// Bytes of a diff or an output that are told.
const MOST_TEXT: usize = 64 * 1024;

/// Failing tests of one candidate whose messages are told.
const MOST_FAILURES: usize = 20;

/// What is shorter than this is not worth a reference, in bytes of JSON.
const WORTH_KEEPING_ONCE: usize = 24;

/// The pieces so far.
#[derive(Debug, Default)]
pub(super) struct Details {
    pieces: Vec<Value>,
    open: Vec<Value>,
}

impl Details {
    pub(super) fn add(&mut self, known: &KnownCandidate) {
        self.open.push(told(known));
        if self.open.len() == PER_PIECE {
            self.close();
        }
    }

    fn close(&mut self) {
        let mut items = Value::Array(std::mem::take(&mut self.open));
        let parts = keep_once(&mut items);
        self.pieces.push(json!({ "parts": parts, "items": items }));
    }

    pub(super) fn finish(mut self) -> Vec<Value> {
        if !self.open.is_empty() {
            self.close();
        }
        self.pieces
    }
}

fn told(known: &KnownCandidate) -> Value {
    let evidence = known.trial.as_ref().map(|trial| &trial.evidence);
    let score = known.score.as_ref();
    let found = known.candidate.found.as_ref();
    json!({
        "patch": known.diff.as_deref().map(shortened),
        "scores": score.map(scores_json),
        "gates": score.map(|score| &score.gates),
        "reasons": score.map(|score| &score.reasons),
        "weakly_tested": score.is_some_and(|score| score.weakly_tested),
        "verdict": known.trial.as_ref().map(|trial| trial.verdict),
        "cpu_s": known.trial.as_ref().map(|trial| seconds(trial.cost.cpu)),
        "evidence": evidence.map(evidence_json),
        "fall": evidence.and_then(fall_json),
        "prior": round(known.candidate.prior),
        "found": found.map(|found| json!({
            "in_words": found_in_words(found),
            "questions": found.questions.iter().map(question_in_words).collect::<Vec<_>>(),
        })),
        "decisions": known.decisions.iter().map(|it| json!([it.kind, it.at_ms])).collect::<Vec<_>>(),
    })
}

/// The stage that brought it down, with what was said there.
fn fall_json(evidence: &Evidence) -> Option<Value> {
    let run = evidence.fall()?;
    let failures = run.failures.iter().take(MOST_FAILURES);
    Some(json!({
        "stage": run.stage.as_str(),
        "failures": failures.map(|it| json!([it.id, it.message])).collect::<Vec<_>>(),
        "more": run.failures.len().saturating_sub(MOST_FAILURES),
        "tail": shortened(&run.tail),
    }))
}

/// The beginning of a long text, and a line that says that there is more.
fn shortened(text: &str) -> String {
    let Some(end) = (text.len() > MOST_TEXT).then(|| text.floor_char_boundary(MOST_TEXT)) else {
        return text.to_owned();
    };
    let kept = text.get(..end).unwrap_or_default();
    let kept = kept.rsplit_once('\n').map_or(kept, |(lines, _)| lines);
    format!("{kept}\n\\ {} more bytes are left out of this page\n", text.len() - kept.len())
}

/// Takes out of `value` every part that stands in it more than once and is long enough to matter. In its place stands
/// `{"=": N}`, the place in the list that is returned.
fn keep_once(value: &mut Value) -> Vec<Value> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    count(value, &mut counts);
    counts.retain(|_, count| *count > 1);
    let mut parts: Vec<String> = counts.into_keys().collect();
    parts.sort_unstable();
    let places: HashMap<&str, usize> =
        parts.iter().enumerate().map(|(place, part)| (part.as_str(), place)).collect();
    refer(value, &places);
    parts.iter().map(|part| serde_json::from_str(part).unwrap_or_default()).collect()
}

/// The part as text, if it is worth a reference.
fn key_of(value: &Value) -> Option<String> {
    let key = match value {
        Value::String(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        _ => return None,
    };
    (key.len() >= WORTH_KEEPING_ONCE).then_some(key)
}

fn count(value: &Value, counts: &mut HashMap<String, usize>) {
    if let Some(key) = key_of(value) {
        let seen = counts.entry(key).or_default();
        *seen += 1;
        // What is in it goes with it.
        if *seen > 1 {
            return;
        }
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| count(item, counts)),
        Value::Object(fields) => fields.values().for_each(|item| count(item, counts)),
        _ => {}
    }
}

fn refer(value: &mut Value, places: &HashMap<&str, usize>) {
    if let Some(place) = key_of(value).and_then(|key| places.get(key.as_str())) {
        *value = json!({ "=": place });
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, places)),
        Value::Object(fields) => fields.values_mut().for_each(|item| refer(item, places)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_twice_is_kept_once() {
        let long = "a sentence that comes again and again";
        let item =
            |n: u32| json!({ "reason": long, "short": "x", "list": [long, "and another one"], "n": n });
        let mut value = json!([item(1), item(2), "a sentence that comes once only"]);
        let parts = keep_once(&mut value);
        assert_eq!(parts, [json!(long), json!([long, "and another one"])]);
        let told = |n: u32| json!({ "reason": {"=": 0}, "short": "x", "list": {"=": 1}, "n": n });
        assert_eq!(value, json!([told(1), told(2), "a sentence that comes once only"]));
    }

    #[test]
    fn long_texts_end_at_a_line_and_say_so() {
        let text = "é234567890\n".repeat(10_000);
        let short = shortened(&text);
        assert!(short.len() < MOST_TEXT + 80);
        let (kept, rest) = short.split_once("\n\\ ").unwrap();
        assert!(text.starts_with(kept) && kept.ends_with("890") && rest.ends_with("left out of this page\n"));
        assert_eq!(shortened("a\n"), "a\n");
    }
}
