//! Which of the changes that pass the tests is the right one: how likely it was before, how many others do the same on
//! inputs the tests do not have, how little it changes. And what is no repair although it passes.

use std::collections::BTreeMap;

use hephaestus_core::{
    Behaviour, BehaviourRequest, CancelToken, Probe, Question, Snapshot, Spectrum, Variant,
};

use super::examples::{Example, examples, is_kept};
use super::hunt::Change;
use super::locate::Region;

/// How many changes are run on other inputs.
const COMPARED: usize = 60;
/// How many inputs are made up.
const INPUTS: u32 = 200;
/// What the agreement of others weighs beside a change's own likelihood.
const AGREEMENT: f64 = 1.0;
/// What a promise of the documentation that is not kept weighs.
const BROKEN_PROMISE: f64 = 8.0;
/// What a byte less of code weighs, up to so many of them: of two changes that are about as likely, the simpler text.
const SIMPLER: f64 = 0.08;
/// See [`SIMPLER`].
const MOST_SIMPLER: f64 = 6.0;
/// How many questions are asked.
const QUESTIONS: usize = 3;
/// What running on other inputs may take.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

/// A change with what is known about it in the end.
#[derive(Debug, Clone)]
pub(super) struct Ranked {
    pub(super) change: Change,
    /// Its share of all that is likely.
    pub(super) share: f64,
    /// Others that do the same on every input.
    pub(super) agreeing: u32,
    pub(super) questions: Vec<Question>,
}

/// What is ranked, and how it can be looked into.
pub(super) struct Ranking<'a> {
    pub(super) probe: &'a dyn Probe,
    pub(super) cancel: &'a CancelToken,
    pub(super) regions: &'a [Region],
    pub(super) spectrum: &'a Spectrum,
    pub(super) seed: u64,
    /// The code that is repaired, to read what its documentation promises.
    pub(super) snapshot: &'a Snapshot,
    /// Whether other inputs are made up; otherwise what was likely before stays so.
    pub(super) looks_further: bool,
}

impl Ranking<'_> {
    /// The best first.
    pub(super) fn rank(&self, mut found: Vec<Change>) -> Vec<Ranked> {
        found.sort_by(|left, right| {
            right.score.total_cmp(&left.score).then_with(|| size(left).cmp(&size(right)))
        });
        found.truncate(COMPARED);
        let promises = self.promises(&found);
        let looks = self.looks_further && found.len() > 1;
        let classes = if looks { self.classes(&found, &promises) } else { None };
        let (classes, behaviour) =
            classes.unwrap_or_else(|| ((0..found.len()).collect(), Behaviour::default()));
        hold_to_promises(&promises, &mut found, &behaviour);
        let best = found.iter().map(|change| change.score).fold(f64::NEG_INFINITY, f64::max);
        let likely: Vec<f64> = found.iter().map(|change| (change.score - best).exp()).collect();
        let mut mass: BTreeMap<usize, f64> = BTreeMap::new();
        let mut members: BTreeMap<usize, u32> = BTreeMap::new();
        for (class, likely) in classes.iter().zip(&likely) {
            *mass.entry(*class).or_default() += likely;
            *members.entry(*class).or_default() += 1;
        }
        let total: f64 = mass.values().sum();
        let mut ranked: Vec<(f64, usize, Ranked)> = Vec::new();
        for (at, (change, class)) in found.iter().zip(&classes).enumerate() {
            let own_mass = mass.get(class).copied().unwrap_or_default();
            let share = own_mass / total.max(f64::MIN_POSITIVE);
            let value = likely.get(at).copied().unwrap_or_default().max(1e-12).ln()
                + AGREEMENT * share.max(1e-12).ln()
                + simpler(change);
            let agreeing = members.get(class).copied().unwrap_or(1).saturating_sub(1);
            let questions = Vec::new();
            ranked.push((value, at, Ranked { change: change.clone(), share, agreeing, questions }));
        }
        ranked.sort_by(|(left, one, _), (right, other, _)| right.total_cmp(left).then(one.cmp(other)));
        let answers = Answers { behaviour: &behaviour, classes: &classes };
        ranked.into_iter().map(|(_, at, own)| Ranked { questions: answers.questions(at), ..own }).collect()
    }

    /// What the file of the changes promises of their function.
    fn promises(&self, found: &[Change]) -> Vec<Example> {
        let region = found.first().and_then(|change| self.regions.get(change.region));
        let text = region.and_then(|region| self.snapshot.file(&region.file));
        let function = region.and_then(|region| region.function.as_deref());
        text.zip(function).map_or_else(Vec::new, |(file, function)| examples(&file.text, function))
    }

    /// Which changes do the same on all inputs: for each the number of the first one that does what it does.
    fn classes(&self, found: &[Change], promises: &[Example]) -> Option<(Vec<usize>, Behaviour)> {
        let region = found.first().and_then(|change| self.regions.get(change.region))?;
        let function = region.function.as_deref()?;
        let here: Vec<usize> = (0..found.len())
            .filter(|at| found.get(*at).and_then(|change| self.regions.get(change.region)) == Some(region))
            .collect();
        let variants: Vec<Variant> = here
            .iter()
            .filter_map(|at| {
                let id = u32::try_from(*at).ok()?;
                Some(Variant { id, file: region.file.clone(), edits: found.get(*at)?.edits.clone() })
            })
            .collect();
        let tests = region.reached_by(self.spectrum.red.iter().chain(&self.spectrum.green));
        let examples: Vec<String> = promises.iter().map(|promise| promise.call.clone()).collect();
        let request = BehaviourRequest {
            examples: &examples,
            file: &region.file,
            function,
            tests: &tests,
            variants: &variants,
            seed: self.seed,
            mutations: INPUTS,
            limit: LIMIT,
        };
        let behaviour = self.probe.behaviour(&request, self.cancel).ok()?;
        let mut firsts: BTreeMap<&Vec<i32>, usize> = BTreeMap::new();
        let classes = (0..found.len())
            .map(|at| {
                let row = u32::try_from(at).ok().and_then(|id| behaviour.table.get(&id));
                row.map_or(at, |row| *firsts.entry(row).or_insert(at))
            })
            .collect();
        Some((classes, behaviour))
    }
}

/// Makes changes less likely by what the documentation promises and they do not keep. What none of them keeps is not
/// believed: documentation is wrong, too.
fn hold_to_promises(promises: &[Example], found: &mut [Change], behaviour: &Behaviour) {
    let says = |at: usize, input: usize| {
        let row = u32::try_from(at).ok().and_then(|id| behaviour.table.get(&id))?;
        behaviour.said.get(usize::try_from(*row.get(input)?).ok()?)
    };
    for promise in promises {
        let Some(input) = behaviour.inputs.iter().position(|own| *own == promise.call) else { continue };
        let kept: Vec<bool> = (0..found.len())
            .map(|at| says(at, input).is_some_and(|said| is_kept(said, &promise.gives)))
            .collect();
        if kept.contains(&true) {
            let broken = found.iter_mut().zip(kept).filter(|(_, kept)| !kept);
            broken.for_each(|(change, _)| change.score -= BROKEN_PROMISE);
        }
    }
}

/// What changes make of inputs.
struct Answers<'a> {
    behaviour: &'a Behaviour,
    classes: &'a [usize],
}

impl Answers<'_> {
    /// The simplest inputs on which others do something else than the change with number `at`.
    fn questions(&self, at: usize) -> Vec<Question> {
        let Some(own) = u32::try_from(at).ok().and_then(|id| self.behaviour.table.get(&id)) else {
            return Vec::new();
        };
        let mut questions = Vec::new();
        let mut answered: Vec<usize> = Vec::new();
        for (nth, input) in self.behaviour.inputs.iter().enumerate() {
            let mine = own.get(nth).copied().unwrap_or(-1);
            let Some(answer) = self.said(mine) else { continue };
            let mut others: BTreeMap<i32, u32> = BTreeMap::new();
            let mut news = false;
            for (other, class) in self.classes.iter().enumerate().filter(|(other, class)| other == *class) {
                let row = u32::try_from(other).ok().and_then(|id| self.behaviour.table.get(&id));
                let theirs = row.and_then(|row| row.get(nth)).copied().unwrap_or(-1);
                if theirs >= 0 && theirs != mine {
                    *others.entry(theirs).or_default() += 1;
                    news |= !answered.contains(class);
                    answered.push(*class);
                }
            }
            // An input that tells apart only what an earlier one told apart is no news.
            if news {
                let mut others: Vec<(i32, u32)> = others.into_iter().collect();
                others.sort_by_key(|(said, count)| (std::cmp::Reverse(*count), *said));
                let others = others.into_iter().filter_map(|(said, _)| self.said(said)).collect();
                questions.push(Question { input: input.clone(), answer, others });
            }
            if questions.len() >= QUESTIONS {
                break;
            }
        }
        questions
    }

    fn said(&self, at: i32) -> Option<String> {
        usize::try_from(at).ok().and_then(|at| self.behaviour.said.get(at)).cloned()
    }
}

/// How much simpler a change makes the text, as a weight.
fn simpler(change: &Change) -> f64 {
    let less: f64 = change.edits.iter().map(|edit| bytes(edit.range.len()) - bytes(edit.text.len())).sum();
    SIMPLER * less.clamp(-MOST_SIMPLER, MOST_SIMPLER)
}

fn bytes(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn size(change: &Change) -> usize {
    change.edits.iter().map(|edit| edit.text.len() + edit.range.len()).sum()
}
