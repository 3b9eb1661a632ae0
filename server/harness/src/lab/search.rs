//! Very many small variants on chosen tests, and what variants of one function do on the same inputs: a driver's verbs
//! `search` and `behave`. A filter as fast as it goes; what is offered is judged elsewhere.

use crate::lab::driver::{Answer, Numbered, Question};
use crate::lab::{Lab, LabError, WarmLab};
use hephaestus_core::{Behaviour, BehaviourRequest, CancelToken, ProbeRequest, Probed, Variant};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// How many times as long as on the unchanged code a test may take …
const TIMES: u32 = 20;
/// … and never less than this, in seconds of CPU time.
const LEAST: f64 = 0.004;
/// What a driver may take to answer beyond the limit it is given.
const MARGIN: Duration = Duration::from_secs(30);
/// What it may take to give up.
const GIVING_UP: Duration = Duration::from_secs(5);

/// How far a search came.
enum Came {
    /// To its end.
    Through,
    /// The driver does not know how.
    Nowhere(String),
}

impl WarmLab {
    /// Shows variants to tests, by the driver's own search; `None` where it has none. With the CPU time it took.
    pub(crate) fn search(
        &mut self,
        request: &ProbeRequest<'_>,
        cancel: &CancelToken,
        done: &mut dyn FnMut(Probed),
    ) -> Result<Option<Duration>, LabError> {
        let mut told = HashSet::new();
        let mut cpu = Duration::ZERO;
        let started = Instant::now();
        let mut lives = 2;
        loop {
            let left: Vec<&Variant> =
                request.variants.iter().filter(|variant| !told.contains(&variant.id)).collect();
            let limit = request.limit.saturating_sub(started.elapsed());
            if left.is_empty() || limit.is_zero() || cancel.is_cancelled() {
                return Ok(Some(cpu));
            }
            let mut tell = |probed: Probed| {
                if told.insert(probed.variant) {
                    done(probed);
                }
            };
            match self.search_once(request, &left, limit, &mut cpu, cancel, &mut tell) {
                Ok(Came::Through) => return Ok(Some(cpu)),
                Ok(Came::Nowhere(why)) => {
                    tracing::debug!("{why}");
                    return Ok(None);
                }
                Err(why) => {
                    lives -= 1;
                    if lives == 0 {
                        return Err(why);
                    }
                    self.restart(&why, cancel)?;
                }
            }
        }
    }

    fn search_once(
        &mut self,
        request: &ProbeRequest<'_>,
        variants: &[&Variant],
        limit: Duration,
        cpu: &mut Duration,
        cancel: &CancelToken,
        tell: &mut dyn FnMut(Probed),
    ) -> Result<Came, LabError> {
        let Some(first) = variants.first() else { return Ok(Came::Through) };
        let variants: Vec<Numbered<'_>> = variants.iter().map(|variant| numbered(variant)).collect();
        let id = self.driver.ask(&Question::Search {
            file: first.file.as_str(),
            variants: &variants,
            red: request.red,
            green: request.green,
            ahead: request.ahead,
            times: TIMES,
            least_s: LEAST,
            limit_s: limit.as_secs_f64(),
        })?;
        loop {
            let answer = match self.driver.hear(limit + MARGIN, cancel) {
                Err(LabError::Cancelled) => {
                    *cpu += self.give_up(id)?;
                    return Ok(Came::Through);
                }
                answer => answer?,
            };
            if answer.id != id {
                continue;
            }
            for (variant, end, red_passed, mark) in &answer.results {
                tell(Probed { variant: *variant, end: *end, red_passed: *red_passed, mark: mark.clone() });
            }
            if answer.end.is_none() {
                continue;
            }
            *cpu += answer.cpu();
            return match answer.end.as_deref() {
                Some("finished" | "timeout" | "cancelled") => Ok(Came::Through),
                _ if does_not_know(&answer, "search") => Ok(Came::Nowhere(answer.why())),
                _ => Err(LabError::Unfit(answer.why())),
            };
        }
    }

    /// Gives up a question; tells what it has cost.
    fn give_up(&mut self, target: u64) -> Result<Duration, LabError> {
        self.driver.ask(&Question::Cancel { target })?;
        Ok(self.driver.answer_to(target, GIVING_UP, &CancelToken::new())?.cpu())
    }

    /// What variants of a function do on captured and made-up inputs.
    pub(crate) fn behave(
        &mut self,
        request: &BehaviourRequest<'_>,
        cancel: &CancelToken,
    ) -> Result<Behaviour, LabError> {
        let variants: Vec<Numbered<'_>> = request.variants.iter().map(numbered).collect();
        let question = Question::Behave {
            file: request.file.as_str(),
            name: request.function,
            tests: request.tests,
            variants: &variants,
            seed: request.seed,
            mutations: request.mutations,
            examples: request.examples,
            limit_s: request.limit.as_secs_f64(),
        };
        let answer = match self.behave_once(&question, request.limit, cancel) {
            Err(why @ LabError::Unfit(_)) => {
                self.restart(&why, cancel)?;
                self.behave_once(&question, request.limit, cancel)?
            }
            answer => answer?,
        };
        match (answer.end.as_deref(), &answer.left_out) {
            (Some("finished" | "timeout"), None) => Ok(Behaviour {
                inputs: answer.calls(),
                said: answer.said,
                table: answer.table.into_iter().collect(),
            }),
            (_, Some(why)) => Err(LabError::Unfit(why.clone())),
            _ => Err(LabError::Unfit(answer.why())),
        }
    }

    fn behave_once(
        &mut self,
        question: &Question<'_>,
        limit: Duration,
        cancel: &CancelToken,
    ) -> Result<Answer, LabError> {
        let id = self.driver.ask(question)?;
        match self.driver.answer_to(id, limit + MARGIN, cancel) {
            Err(LabError::Cancelled) => {
                self.give_up(id)?;
                Err(LabError::Cancelled)
            }
            answer => answer,
        }
    }

    /// The places of tests by id, for jobs: tests that pass and tests that do not. Those that are not known are left out.
    pub(crate) fn places(&self, ids: &[String]) -> Vec<usize> {
        let tests = &self.facts().tests;
        let place = |id: &String| {
            let passing = tests.iter().position(|test| test.id == *id);
            let red = || self.red_tests().iter().position(|test| test.id == *id).map(|at| at + tests.len());
            passing.or_else(red)
        };
        ids.iter().filter_map(place).collect()
    }
}

fn numbered(variant: &Variant) -> Numbered<'_> {
    let edits = variant.edits.iter().map(|edit| (edit.range.start, edit.range.end, edit.text.as_str()));
    (variant.id, edits.collect())
}

/// Whether a driver answers that there is no such verb.
fn does_not_know(answer: &Answer, verb: &str) -> bool {
    let said = answer.reason.as_deref().unwrap_or_default();
    answer.end.as_deref() == Some("broken") && said.contains("request") && said.contains(verb)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn results_and_tables_are_read_as_the_protocol_has_them() {
        let results = answer(
            r#"{"id": 7, "results": [[12, "failed", 1, "AssertionError:7"], [13, "unloadable", 0, ""]]}"#,
        );
        assert!(results.end.is_none());
        assert_eq!(results.results[0].3, "AssertionError:7");
        let table = answer(
            r#"{"id": 8, "end": "finished", "inputs": ["f([])"], "said": ["1"], "table": [[12, [0]], [13, [-1]]]}"#,
        );
        assert_eq!(
            (table.calls(), table.table),
            (vec!["f([])".to_owned()], vec![(12, vec![0]), (13, vec![-1])])
        );
        assert_eq!(answer(r#"{"id": 6, "end": "finished", "inputs": 12}"#).input_count(), 12);
    }

    #[test]
    fn a_driver_without_the_verb_is_told_from_one_that_broke() {
        let unknown = [
            r#"{"id": 1, "end": "broken", "reason": "unknown request: search"}"#,
            r#"{"id": 1, "end": "broken", "reason": "there is no request \"search\""}"#,
        ];
        assert!(unknown.iter().all(|text| does_not_know(&answer(text), "search")));
        assert!(!does_not_know(&answer(r#"{"id": 1, "end": "broken", "reason": "KeyError"}"#), "search"));
    }
}
