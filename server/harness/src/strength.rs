//! The strength gate's measurement: mutants of the region a candidate touches, of the original and of the candidate's
//! text, and how many of them the tests notice. Measures; what share is enough is scoring's business.

use crate::lab::{Job, JobEnd, JobOutcome, Lab, LabError, LabFacts, LabPool, Variant};
use crate::reach::first_letter;
use hephaestus_core::{
    ByteRange, CancelToken, Edit, Mutant, MutantStatus, Mutator, Patch, RegionStrength, RelPath, SourceFile,
    Strength,
};
use hephaestus_syntax::{Languages, Parsed};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A region with fewer mutants than this is widened to the function around it.
const LEAST: usize = 10;

/// Measures how strong tests are. One per harness: what is known of a mutant of the original holds for all candidates.
pub(crate) struct Gauge {
    mutator: Arc<dyn Mutator>,
    languages: &'static Languages,
    /// Most mutants tried per region and side.
    most: usize,
    known: Mutex<HashMap<MutantKey, MutantStatus>>,
}

/// A mutant of the original code.
type MutantKey = (RelPath, ByteRange, String);

/// A candidate's change of one file.
pub(crate) struct Change<'a> {
    pub(crate) before: &'a Arc<SourceFile>,
    pub(crate) after: Arc<SourceFile>,
    pub(crate) edits: &'a [Edit],
}

/// Statuses of mutants and the CPU time they took.
#[derive(Default)]
struct Tried {
    statuses: Vec<(Side, Mutant, MutantStatus)>,
    cpu: Duration,
}

impl Gauge {
    pub(crate) fn new(mutator: Arc<dyn Mutator>, languages: &'static Languages, most: usize) -> Self {
        Self { mutator, languages, most, known: Mutex::default() }
    }

    /// How strong the tests are where `change` is; `judges` says which tests count.
    pub(crate) fn measure(
        &self,
        change: &Change<'_>,
        pool: &LabPool,
        judges: &BTreeSet<String>,
        cancel: &CancelToken,
    ) -> Result<RegionStrength, LabError> {
        let touched: Vec<ByteRange> = change.edits.iter().map(|edit| edit.range).collect();
        let (of_before, left_before) = self.around(change.before, &touched);
        let (of_after, left_after) = self.around(&change.after, &moved(change.edits));
        // A mutant of the original is tried once per harness.
        let (mut before, new) = self.recall(of_before);
        let trials: Vec<Trial> = new
            .into_iter()
            .filter_map(|mutant| Trial::new(mutant, Side::Before, change, pool))
            .chain(of_after.into_iter().filter_map(|mutant| Trial::new(mutant, Side::After, change, pool)))
            .collect();
        let Tried { statuses, cpu } = try_all(trials, pool, judges, cancel)?;
        let mut after = Vec::new();
        for (side, mutant, status) in statuses {
            match side {
                Side::Before => {
                    self.known().insert(key(&mutant), status);
                    before.push((mutant, status));
                }
                Side::After => after.push(status),
            }
        }
        let unnoticed =
            |status: &MutantStatus| matches!(status, MutantStatus::Survived | MutantStatus::NoCoverage);
        Ok(RegionStrength {
            before: Strength::of(before.iter().map(|(_, status)| *status)),
            after: Strength::of(after),
            survivors: before
                .into_iter()
                .filter(|(_, status)| unnoticed(status))
                .map(|(mutant, _)| mutant)
                .collect(),
            left_out: u32::try_from(left_before + left_after).unwrap_or(u32::MAX),
            cpu,
        })
    }

    /// What is known of mutants of the original, and those of which nothing is.
    fn recall(&self, mutants: Vec<Mutant>) -> (Vec<(Mutant, MutantStatus)>, Vec<Mutant>) {
        let known = self.known();
        let mut recalled = Vec::new();
        let mut new = Vec::new();
        for mutant in mutants {
            match known.get(&key(&mutant)) {
                Some(status) => recalled.push((mutant, *status)),
                None => new.push(mutant),
            }
        }
        (recalled, new)
    }

    /// The mutants on the statements that are touched; where there are few, the nearest ones of the function around.
    /// With the number of those beyond the limit.
    fn around(&self, file: &Arc<SourceFile>, touched: &[ByteRange]) -> (Vec<Mutant>, usize) {
        let Some(language) = self.languages.get(&file.language) else { return (Vec::new(), 0) };
        let Some(parsed) = Parsed::new(language, Arc::clone(file)) else { return (Vec::new(), 0) };
        let mut near = Vec::new();
        let mut wide = Vec::new();
        for range in touched {
            let start = first_letter(&file.text, *range);
            let statement = parsed.statement_at(start).unwrap_or(*range);
            let end = range.end.max(start);
            near.push(ByteRange::new(statement.start.min(range.start), end.max(statement.end)));
            let around = parsed.function_at(ByteRange::new(start, start));
            wide.extend(around.map(|function| function.range));
        }
        let mut mutants = self.mutator.mutants(file, &near);
        if mutants.len() < LEAST && !wide.is_empty() {
            let mut others = self.mutator.mutants(file, &wide);
            others.retain(|other| !mutants.contains(other));
            others.sort_by_key(|other| touched.iter().map(|range| distance(*range, other.range)).min());
            let missing = LEAST - mutants.len();
            mutants.extend(others.into_iter().take(missing));
        }
        let count = mutants.len();
        (spread(mutants, self.most), count.saturating_sub(self.most))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<MutantKey, MutantStatus>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which text a mutant is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The original.
    Before,
    /// The candidate's.
    After,
}

/// A mutant to be tried.
struct Trial {
    side: Side,
    mutant: Mutant,
    variant: Variant,
}

impl Trial {
    /// `None` where the mutant does not fit its text.
    fn new(mutant: Mutant, side: Side, change: &Change<'_>, pool: &LabPool) -> Option<Self> {
        let edits = edits_of(change, &mutant, side)?;
        Some(Self { side, variant: pool.variant(&mutant.file, edits), mutant })
    }
}

fn key(mutant: &Mutant) -> MutantKey {
    (mutant.file.clone(), mutant.range, mutant.replacement.clone())
}

fn try_all(
    trials: Vec<Trial>,
    pool: &LabPool,
    judges: &BTreeSet<String>,
    cancel: &CancelToken,
) -> Result<Tried, LabError> {
    if trials.is_empty() {
        return Ok(Tried::default());
    }
    let variants: Vec<Variant> = trials.iter().map(|trial| trial.variant.clone()).collect();
    pool.with_variants(&variants, cancel, |lab| {
        let mut tried = Tried::default();
        // Whoever killed the last mutant here is likely to kill the next one.
        let mut killers: Vec<usize> = Vec::new();
        for Trial { side, mutant, variant } in trials {
            let tests = lab.judges_reaching(variant.id, judges);
            let status = try_one(lab, variant.id, tests, &mut killers, &mut tried.cpu, cancel)?;
            tried.statuses.push((side, mutant, status));
        }
        let unnoticed =
            |status: &MutantStatus| matches!(status, MutantStatus::Survived | MutantStatus::NoCoverage);
        let first = lab.facts().tests.len();
        if tried.statuses.iter().any(|(_, _, status)| unnoticed(status)) && lab.widen(cancel)? > 0 {
            for (variant, (_, _, status)) in variants.iter().zip(&mut tried.statuses) {
                let mut tests = lab.judges_reaching(variant.id, judges);
                tests.retain(|test| *test >= first);
                if unnoticed(status) && !tests.is_empty() {
                    *status = try_one(lab, variant.id, tests, &mut killers, &mut tried.cpu, cancel)?;
                }
            }
        }
        Ok(tried)
    })
}

fn try_one(
    lab: &mut dyn Lab,
    variant: u32,
    mut tests: Vec<usize>,
    killers: &mut Vec<usize>,
    cpu: &mut Duration,
    cancel: &CancelToken,
) -> Result<MutantStatus, LabError> {
    if tests.is_empty() {
        return Ok(MutantStatus::NoCoverage);
    }
    tests.sort_by_key(|test| killers.iter().rev().position(|killer| killer == test).unwrap_or(usize::MAX));
    let job = Job { variant, tests, stop_at_first: true };
    let mut ended = None;
    lab.run(&[job], cancel, &mut |outcome| ended = Some(outcome))?;
    let Some(ended) = ended else { return Ok(MutantStatus::Error) };
    *cpu += ended.cpu;
    let killer = ended.failed.first();
    killers.extend(killer.and_then(|test| place_of(lab.facts(), &test.id)));
    Ok(status_of(&ended))
}

fn place_of(facts: &LabFacts, id: &str) -> Option<usize> {
    facts.tests.iter().position(|test| test.id == id)
}

/// What a job says about a mutant.
pub(crate) fn status_of(ended: &JobOutcome) -> MutantStatus {
    match &ended.end {
        JobEnd::Ran if ended.failed.is_empty() => MutantStatus::Survived,
        JobEnd::Ran => MutantStatus::Killed,
        JobEnd::TimedOut => MutantStatus::Timeout,
        JobEnd::Unviable(_) => MutantStatus::Unviable,
        JobEnd::Broken(_) => MutantStatus::Error,
    }
}

/// A mutant as edits of the original text.
fn edits_of(change: &Change<'_>, mutant: &Mutant, side: Side) -> Option<Vec<Edit>> {
    if side == Side::Before {
        return Some(vec![Edit::new(mutant.range, mutant.replacement.clone())]);
    }
    let text = &change.after.text;
    let (head, tail) = (text.get(..mutant.range.start)?, text.get(mutant.range.end..)?);
    let mutated = format!("{head}{}{tail}", mutant.replacement);
    let patch = Patch::between(mutant.file.clone(), &change.before.text, &mutated);
    patch.edits(&mutant.file).map(<[Edit]>::to_vec)
}

/// Where what the edits put in stands in the new text.
fn moved(edits: &[Edit]) -> Vec<ByteRange> {
    let mut shift: isize = 0;
    let mut ranges = Vec::new();
    for edit in edits {
        let start = edit.range.start.saturating_add_signed(shift);
        ranges.push(ByteRange::new(start, start + edit.text.len()));
        let (came, went) = (edit.text.len(), edit.range.len());
        shift += isize::try_from(came).unwrap_or(0) - isize::try_from(went).unwrap_or(0);
    }
    ranges
}

fn distance(one: ByteRange, other: ByteRange) -> usize {
    other.start.saturating_sub(one.end).max(one.start.saturating_sub(other.end))
}

/// At most `most` of `mutants`, evenly spread over their places.
fn spread(mutants: Vec<Mutant>, most: usize) -> Vec<Mutant> {
    let count = mutants.len();
    if count <= most {
        return mutants;
    }
    let chosen: BTreeSet<usize> = (0..most).map(|nth| nth * count / most).collect();
    mutants.into_iter().enumerate().filter(|(at, _)| chosen.contains(at)).map(|(_, mutant)| mutant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_edits_put_in_is_found_in_the_new_text() {
        let edits = [Edit::new(2..4, "abc"), Edit::new(6..9, ""), Edit::new(9..9, "x")];
        assert_eq!(moved(&edits), [ByteRange::new(2, 5), ByteRange::new(7, 7), ByteRange::new(7, 8)]);
    }

    #[test]
    fn a_limit_takes_mutants_from_everywhere() {
        let mutant = |at: usize| Mutant {
            file: RelPath::new("a.py").unwrap(),
            range: ByteRange::new(at, at + 1),
            replacement: String::new(),
            operator: String::new(),
            function: None,
            description: String::new(),
        };
        let kept = spread((0..100).map(mutant).collect(), 4);
        assert_eq!(kept.iter().map(|mutant| mutant.range.start).collect::<Vec<_>>(), [0, 25, 50, 75]);
    }
}
