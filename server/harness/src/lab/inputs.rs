//! Old and new version of one function, run on the arguments it was seen with while the tests ran: for differences, and
//! against the clock. Says what was seen; what follows from it is decided elsewhere.

use crate::lab::driver::{Answer, FunctionName, Question};
use crate::lab::{Lab, LabError, WarmLab};
use hephaestus_core::{CancelToken, Compared, RelPath};
use std::collections::BTreeMap;
use std::time::Duration;

/// Different inputs kept of one function.
const MOST_INPUTS: u32 = 200;
/// Inputs made from those.
const MUTATIONS: u32 = 300;
/// What any of it may take.
const LIMIT: Duration = Duration::from_secs(60);
/// What a driver may take to answer beyond that.
const MARGIN: Duration = Duration::from_secs(30);
/// One sample of a benchmark lasts at least so long, in seconds.
const SAMPLE: f64 = 0.004;
/// How many tests are run to see a function called, the fastest first.
const MOST_TESTS: usize = 40;

/// A function and the tests that run through it.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    pub(crate) file: RelPath,
    /// Qualified name.
    pub(crate) name: String,
    /// Indices into the lab's tests, fastest first.
    pub(crate) tests: Vec<usize>,
}

/// Pairs of times, and the CPU time it took to get them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples {
    /// Seconds of old and new version, interleaved.
    pub(crate) pairs: Vec<(f64, f64)>,
    /// Inputs in one sample.
    pub(crate) inputs: u32,
    /// Why there are none.
    pub(crate) left_out: Option<String>,
    pub(crate) cpu: Duration,
}

impl WarmLab {
    /// Runs the function as it is and as it is in `text` on captured and mutated inputs; with the CPU time it took.
    pub(crate) fn compare(
        &mut self,
        function: &Function,
        text: &str,
        seed: u64,
        cancel: &CancelToken,
    ) -> Result<(Compared, Duration), LabError> {
        let (mut cpu, left_out) = self.capture(function, cancel)?;
        let mut compared = Compared {
            function: function.name.clone(),
            captured: 0,
            mutated: 0,
            inputs: 0,
            differences: Vec::new(),
            left_out,
        };
        if compared.left_out.is_some() {
            return Ok((compared, cpu));
        }
        let question = Question::Compare {
            file: function.file.as_str(),
            name: &function.name,
            files: BTreeMap::from([(function.file.as_str(), text)]),
            seed,
            mutations: MUTATIONS,
            limit_s: LIMIT.as_secs_f64(),
        };
        let answer = self.put(&question, cancel)?;
        cpu += answer.cpu();
        compared.captured = answer.captured;
        compared.mutated = answer.mutated;
        compared.inputs = answer.compared.unwrap_or(answer.captured + answer.mutated);
        let none = || (compared.inputs == 0).then(|| "what it gives back cannot be compared".to_owned());
        compared.left_out = why_not(&answer).or_else(none);
        compared.differences = answer.differences;
        Ok((compared, cpu))
    }

    /// Times the function as it is against how it is in `text`, or against itself.
    pub(crate) fn bench(
        &mut self,
        function: &Function,
        text: Option<&str>,
        rounds: u32,
        seed: u64,
        cancel: &CancelToken,
    ) -> Result<Samples, LabError> {
        let (cpu, left_out) = self.capture(function, cancel)?;
        if left_out.is_some() {
            return Ok(Samples { left_out, cpu, ..Samples::default() });
        }
        let question = Question::Bench {
            file: function.file.as_str(),
            name: &function.name,
            files: text.map(|text| BTreeMap::from([(function.file.as_str(), text)])),
            rounds,
            sample_s: SAMPLE,
            seed,
            limit_s: LIMIT.as_secs_f64(),
        };
        let answer = self.put(&question, cancel)?;
        let left_out = why_not(&answer);
        Ok(Samples { left_out, inputs: answer.input_count(), cpu: cpu + answer.cpu(), pairs: answer.samples })
    }

    /// Has the driver keep the function's arguments, once; tells why there are none.
    fn capture(
        &mut self,
        function: &Function,
        cancel: &CancelToken,
    ) -> Result<(Duration, Option<String>), LabError> {
        let key = (function.file.clone(), function.name.clone());
        if let Some(known) = self.captured.get(&key) {
            return Ok((Duration::ZERO, known.clone().err()));
        }
        let names = [FunctionName { file: function.file.as_str(), name: &function.name }];
        let facts = self.facts().clone();
        let tests = function.tests.iter().take(MOST_TESTS).filter_map(|test| facts.tests.get(*test));
        let question = Question::Capture {
            functions: &names,
            tests: tests.map(|test| test.id.as_str()).collect(),
            most: MOST_INPUTS,
            limit_s: LIMIT.as_secs_f64(),
        };
        let answer = self.put(&question, cancel)?;
        let result = match (why_not(&answer), answer.functions.first()) {
            (Some(why), _) => Err(why),
            (None, None) => Err("the driver does not know it".to_owned()),
            (None, Some(seen)) => match (&seen.left_out, seen.inputs) {
                (Some(why), _) => Err(why.clone()),
                (None, 0) => Err("no call of it was seen".to_owned()),
                (None, inputs) => Ok(inputs),
            },
        };
        self.captured.insert(key, result.clone());
        Ok((answer.cpu(), result.err()))
    }

    fn put(&mut self, question: &Question<'_>, cancel: &CancelToken) -> Result<Answer, LabError> {
        let id = self.driver.ask(question)?;
        self.driver.answer_to(id, LIMIT + MARGIN, cancel)
    }
}

fn why_not(answer: &Answer) -> Option<String> {
    match answer.end.as_deref() {
        Some("finished") => answer.left_out.clone(),
        Some("timeout") => Some("it took too long".to_owned()),
        _ => Some(answer.why()),
    }
}
