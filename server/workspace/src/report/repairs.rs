//! Repairs in a report: what became of each reason for failing tests. Words are for whoever prints.

use super::{ForgeReport, round, seconds};
use hephaestus_core::{Candidate, Found, Goal, GoalKind, GoalOrigin, Offer, Question, Suspect};
use serde_json::{Value, json};

/// What became of one reason for failing tests.
#[derive(Debug, Clone, Copy)]
pub struct Repaired<'a> {
    /// The goal.
    pub goal: &'a Goal,
    /// The fix; `None` where there is none. Another goal's, where that mends this one too.
    pub fix: Option<&'a Offer>,
    /// Whether the fix holds together with all the others: only then it can be written with them.
    pub is_taken: bool,
    /// Whether candidates were tried in full, and fell.
    pub has_rejected: bool,
}

impl ForgeReport {
    /// What became of every reason for failing tests, in the order of the goals.
    #[must_use]
    pub fn repairs(&self) -> Vec<Repaired<'_>> {
        let taken = self.taken();
        let of_kind = self.goals.iter().filter(|goal| goal.kind == GoalKind::Repair);
        of_kind
            .map(|goal| {
                let fix = self.fix_of(goal);
                Repaired {
                    goal,
                    fix,
                    is_taken: fix.is_some_and(|offer| taken.contains(&offer.goal.id)),
                    has_rejected: self.rejected.iter().any(|rejected| rejected.goal == goal.id),
                }
            })
            .collect()
    }

    /// Its own improvement, or the very same patch for another goal.
    fn fix_of(&self, goal: &Goal) -> Option<&Offer> {
        let own = self.improvements.iter().find(|offer| offer.goal.id == goal.id);
        own.or_else(|| {
            let (_, same) = self.superseded.iter().find(|(id, _)| *id == goal.id)?;
            let key = same.patch.key();
            self.improvements.iter().find(|offer| offer.candidate.patch.key() == key)
        })
    }

    /// Tests that fail on the unchanged code.
    #[must_use]
    pub fn red(&self) -> usize {
        self.runners.iter().map(|runner| runner.red.len()).sum()
    }

    /// The line a suspect begins on, as it is in the file, without the space around it.
    #[must_use]
    pub fn line_of(&self, suspect: &Suspect) -> Option<&str> {
        let text = self.old(&suspect.file)?;
        text.lines().nth((suspect.line as usize).checked_sub(1)?).map(str::trim)
    }

    /// Other repairs for the goal of `offer`, best first, with their patches.
    pub(super) fn runners_up(&self, offer: &Offer) -> Vec<Value> {
        let all = self.alternatives.get(&offer.goal.id).map(Vec::as_slice).unwrap_or_default();
        let as_json = |candidate: &Candidate| {
            json!({
                "candidate": candidate.id,
                "operators": candidate.operators,
                "prior": round(candidate.prior),
                "patch": self.diff(&candidate.patch),
            })
        };
        all.iter().map(as_json).collect()
    }

    /// The tests a goal is about and where their reason is suspected.
    pub(super) fn suspects_json(&self, goal: &Goal) -> Option<Value> {
        let GoalOrigin::Test { suspects, .. } = &goal.origin else { return None };
        let as_json = |suspect: &Suspect| {
            json!({
                "file": suspect.file,
                "line": suspect.line,
                "suspicion": round(suspect.suspicion),
                "text": self.line_of(suspect),
            })
        };
        Some(suspects.iter().map(as_json).collect())
    }
}

/// How a change was found, as JSON.
pub(super) fn found_json(found: &Found) -> Value {
    let question = |question: &Question| {
        json!({
            "input": question.input,
            "answer": question.answer,
            "others": question.others,
            "in_words": question_in_words(question),
        })
    };
    json!({
        "tried": found.tried,
        "cpu_s": seconds(found.cpu),
        "alternatives": found.alternatives,
        "agreeing": found.agreeing,
        "questions": found.questions.iter().map(question).collect::<Vec<_>>(),
        "mended": found.mended,
        "confidence": round(found.confidence),
        "in_words": found_in_words(found),
    })
}

/// Changes tried per CPU second that no machine reaches.
const MOST_PER_SECOND: f64 = 20_000.0;

/// How a change was found and how sure that makes one, a sentence each: the same ones wherever it is shown.
#[must_use]
pub fn found_in_words(found: &Found) -> Vec<String> {
    let tried = counted(found.tried, "change");
    let rate = found.tried as f64 / found.cpu.as_secs_f64().max(0.001);
    let were = if found.tried == 1 { "was" } else { "were" };
    // More than any machine tries: most were remembered.
    let mut words = vec![match found.cpu.is_zero() || rate > MOST_PER_SECOND {
        true => format!("{tried} {were} tried"),
        false => format!(
            "{tried} {were} tried in {:.1} s of CPU time ({} per second)",
            found.cpu.as_secs_f64(),
            grouped(rate.round() as u64)
        ),
    }];
    words.push(match (found.alternatives, found.agreeing) {
        (0, _) => "no other change that was tried makes these tests pass".to_owned(),
        (1, 0) => "1 other change makes the same tests pass, and does something else elsewhere".to_owned(),
        (1, _) => {
            "1 other change makes the same tests pass, and does the same on every input tried".to_owned()
        }
        (others, agreeing) => format!(
            "{} make the same tests pass; {agreeing} of them {} the same as this one on every input tried",
            counted(others.into(), "other change"),
            if agreeing == 1 { "does" } else { "do" }
        ),
    });
    let mended = match found.mended {
        1 => "; only one failing test speaks for it",
        _ => "",
    };
    words.push(format!("{}{mended}", confidence_in_words(found.confidence)));
    words
}

/// How sure a search is.
#[must_use]
pub fn confidence_in_words(confidence: f64) -> &'static str {
    match confidence {
        sure if sure >= 0.9 => "very likely right",
        sure if sure >= 0.75 => "likely right",
        sure if sure >= 0.5 => "more likely right than not: look at it closely",
        _ => "a guess: it passes the tests, and so do others",
    }
}

/// What only the user can answer.
#[must_use]
pub fn question_in_words(question: &Question) -> String {
    let verb = |said: &str| match said.starts_with("raises ") || said.starts_with("throws ") {
        true => said.to_owned(),
        false => format!("`{said}`"),
    };
    let others: Vec<String> = question.others.iter().map(|other| verb(other)).collect();
    let others = if others.is_empty() { String::new() } else { format!("; others: {}", others.join(", ")) };
    format!("what should `{}` return? this fix: {}{others}", question.input, verb(&question.answer))
}

/// `1 change`, `1,749 changes`.
fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// Thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn found() -> Found {
        Found {
            tried: 1_749,
            cpu: Duration::from_millis(1_200),
            alternatives: 5,
            agreeing: 3,
            mended: 4,
            confidence: 0.93,
            ..Found::default()
        }
    }

    #[test]
    fn how_a_fix_was_found_is_told_in_words() {
        assert_eq!(
            found_in_words(&found()),
            [
                "1,749 changes were tried in 1.2 s of CPU time (1,458 per second)",
                "5 other changes make the same tests pass; 3 of them do the same as this one on every input tried",
                "very likely right",
            ]
        );
        let alone =
            Found { tried: 1, cpu: Duration::ZERO, alternatives: 0, mended: 1, confidence: 0.2, ..found() };
        assert_eq!(
            found_in_words(&alone),
            [
                "1 change was tried",
                "no other change that was tried makes these tests pass",
                "a guess: it passes the tests, and so do others; only one failing test speaks for it",
            ]
        );
        let one = |agreeing| found_in_words(&Found { alternatives: 1, agreeing, ..found() })[1].clone();
        assert!(one(0).ends_with("something else elsewhere") && one(1).ends_with("on every input tried"));
    }

    #[test]
    fn confidence_has_four_steps_and_nothing_odd_is_sure() {
        let words: Vec<_> = [0.9, 0.75, 0.5, 0.49, f64::NAN].map(confidence_in_words).to_vec();
        assert_eq!(words[3], words[4]);
        assert_eq!(words.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }

    #[test]
    fn a_question_tells_what_each_would_do() {
        let question = |others: &[&str]| Question {
            input: "f([])".to_owned(),
            answer: "1".to_owned(),
            others: others.iter().map(|other| (*other).to_owned()).collect(),
        };
        assert_eq!(
            question_in_words(&question(&["raises IndexError", "0"])),
            "what should `f([])` return? this fix: `1`; others: raises IndexError, `0`"
        );
        assert_eq!(question_in_words(&question(&[])), "what should `f([])` return? this fix: `1`");
    }

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
