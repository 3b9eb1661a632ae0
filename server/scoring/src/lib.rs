//! Scoring: evidence in, score vector and gate results out. Pure; one file per dimension and per gate.
//!
//! Gates are yes or no and nothing buys them back. Dimensions are compared in the touched region, before and after. A
//! candidate is accepted only when every gate is open, a targeted dimension gains more than its error, and no other falls
//! by more than its tolerance. The weighted sum sorts; it never decides.

mod dimensions;
mod gates;
mod region;

use hephaestus_core::{
    Acceptance, Candidate, Dimension, Direction, ExternalMeasure, Goal, Limits, Measure, RegionStrength,
    RelPath, Score, Scorer, ScoringSettings, Snapshot, SourceFile, Strength, Trial,
};
use hephaestus_syntax::{ImportGraph, Languages, Parsed, RuleSets};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use region::Region;

/// What the scorer knows about the unchanged workspace.
pub struct ScorerParts {
    /// The files.
    pub snapshot: Snapshot,
    /// The languages.
    pub languages: &'static Languages,
    /// The rules in force.
    pub rules: RuleSets,
    /// Who imports whom.
    pub imports: ImportGraph,
    /// Everything that is imported from outside, by anybody.
    pub dependencies: BTreeSet<String>,
    /// Tests that pass on the unchanged code.
    pub passing: usize,
    /// CPU seconds of one full run of the unchanged code.
    pub cpu_s: f64,
    /// How often the full suite has to hold.
    pub stable_runs: u32,
    /// Smallest relative gain of a measured (not counted) dimension that is worth offering.
    pub improvement_threshold: f64,
    /// What share of mutants the tests have to notice.
    pub strength: StrengthLimits,
    /// What the user set.
    pub settings: ScoringSettings,
    /// What a directive demands beyond the gates.
    pub limits: Limits,
    /// How much what programs of the user's measure counts, by name; nothing where there is none.
    pub external: BTreeMap<String, f64>,
}

/// What share of the mutants of a region the tests have to notice, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StrengthLimits {
    /// For an improvement to be offered as it is.
    pub offered: f64,
    /// For one to be offered as weakly tested; below, it is not offered.
    pub weak: f64,
}

/// Scores candidates.
pub struct Workshop {
    parts: ScorerParts,
}

/// Everything a dimension or gate looks at.
pub(crate) struct Case<'a> {
    pub(crate) goal: &'a Goal,
    pub(crate) candidate: &'a Candidate,
    pub(crate) trial: &'a Trial,
    pub(crate) parts: &'a ScorerParts,
    /// Touched files that parse before and after.
    pub(crate) files: Vec<(Parsed, Parsed)>,
    /// The region the goal is about, before and after.
    pub(crate) region: Option<Region>,
}

impl Case<'_> {
    /// The lines of a unified diff of the code, tests left out; with their `+`, `-` or blank in front.
    pub(crate) fn code_diff(&self) -> Vec<String> {
        let snapshot = &self.parts.snapshot;
        let old = |path: &RelPath| snapshot.file(path).map(|file| &*file.text);
        let is_test = |path: &RelPath| {
            snapshot.file(path).is_some_and(|file| file.is_test) || self.parts.limits.tests.contains(path)
        };
        let code = self.candidate.patch.only(|path| !is_test(path));
        let diff = code.to_unified(old).unwrap_or_default();
        let is_content = |line: &&str| !line.starts_with("+++ ") && !line.starts_with("--- ");
        diff.lines().filter(is_content).map(str::to_owned).collect()
    }
}

impl Workshop {
    /// A scorer.
    #[must_use]
    pub fn new(parts: ScorerParts) -> Self {
        Self { parts }
    }

    fn case<'a>(&'a self, goal: &'a Goal, candidate: &'a Candidate, trial: &'a Trial) -> Case<'a> {
        let mut files = Vec::new();
        for path in candidate.patch.paths() {
            let Some(before) = self.parts.snapshot.file(path) else { continue };
            let Some(language) = self.parts.languages.get(&before.language) else { continue };
            let Ok(Some(text)) = candidate.patch.apply_to(path, Some(&before.text)) else { continue };
            let after = SourceFile::new(path.clone(), before.language.clone(), text, before.is_test);
            let pair = (Parsed::new(language, Arc::clone(before)), Parsed::new(language, Arc::new(after)));
            if let (Some(before), Some(after)) = pair {
                files.push((before, after));
            }
        }
        let region = files
            .iter()
            .find(|(before, _)| before.file().path == goal.file)
            .map(|(before, after)| Region::of(goal, before, after));
        Case { goal, candidate, trial, parts: &self.parts, files, region }
    }
}

impl Scorer for Workshop {
    fn score(&self, goal: &Goal, candidate: &Candidate, trial: &Trial) -> Score {
        let case = self.case(goal, candidate, trial);
        let measures: Vec<Measure> =
            dimensions::all().iter().filter_map(|dimension| dimension.measure(&case)).collect();
        let gates: Vec<_> = gates::all()
            .iter()
            .filter(|gate| gate.applies(&self.parts.limits))
            .map(|gate| gate.check(&case))
            .collect();
        let mut reasons: Vec<String> = gates
            .iter()
            .filter(|gate| !gate.open)
            .map(|gate| format!("{}: {}", gate.gate, gate.reason))
            .collect();
        let judged: Vec<Measure> = measures.iter().filter(|measure| judges(goal, measure)).copied().collect();
        reasons.extend(judge_measures(&goal.acceptance, &judged, &self.parts));
        let target_met = meets_target(&goal.acceptance, &measures);
        let external = weigh_external(&trial.evidence.external, &self.parts.external);
        let weighted = weigh(&measures, &self.parts.settings) + external;
        let accepted = reasons.is_empty();
        let weaker =
            trial.evidence.strength.as_ref().and_then(RegionStrength::weaker).and_then(Strength::share);
        let weakly_tested =
            !goal.mends_tests() && weaker.is_some_and(|share| share < self.parts.strength.offered);
        Score { measures, gates, weighted, accepted, weakly_tested, target_met, reasons }
    }
}

/// Whether a measure has a say. A repair may well need code that was missing: of all measures, only what it is for has.
fn judges(goal: &Goal, measure: &Measure) -> bool {
    !goal.mends_tests() || goal.acceptance.improves.contains(&measure.dimension)
}

/// What the user demands of measures.
trait Demands {
    fn settings(&self) -> &ScoringSettings;
    /// Smallest relative gain that is worth offering where a gain is measured.
    fn least_gain(&self) -> f64;
}

impl Demands for ScorerParts {
    fn settings(&self) -> &ScoringSettings {
        &self.settings
    }

    fn least_gain(&self) -> f64 {
        self.improvement_threshold
    }
}

/// Why the measures alone do not suffice; empty when they do.
fn judge_measures(acceptance: &Acceptance, measures: &[Measure], limits: &impl Demands) -> Vec<String> {
    let mut reasons = Vec::new();
    let targeted = |measure: &&Measure| acceptance.improves.contains(&measure.dimension);
    let worth_it = |measure: &Measure| measure.error == 0.0 || measure.relative_gain() >= limits.least_gain();
    if !measures.iter().filter(targeted).any(|measure| measure.improved() && worth_it(measure)) {
        let names: Vec<&str> = acceptance.improves.iter().map(|dimension| dimension.as_str()).collect();
        reasons.push(format!("no gain in what it is for ({})", names.join(", ")));
    }
    for measure in measures.iter().filter(|measure| measure.direction != Direction::Shown) {
        let lost = -measure.gain() - measure.error;
        let allowed = allowance(measure, limits.settings());
        if lost > allowed {
            reasons.push(format!("{} gets worse: {} → {}", measure.dimension, measure.before, measure.after));
        }
    }
    reasons
}

/// How much a dimension may get worse, in its own unit. Small regions get a little room: half of three tokens is one.
fn allowance(measure: &Measure, settings: &ScoringSettings) -> f64 {
    let tolerance = settings.tolerance(measure.dimension);
    if tolerance == 0.0 {
        return 0.0;
    }
    let room = match measure.dimension {
        Dimension::Size => 12.0,
        Dimension::Statements => 2.0,
        Dimension::Nesting | Dimension::Cyclomatic => 1.0,
        _ => 0.0,
    };
    (measure.before * tolerance).max(room)
}

fn meets_target(acceptance: &Acceptance, measures: &[Measure]) -> bool {
    let Some(target) = acceptance.target else { return true };
    measures.iter().find(|measure| measure.dimension == target.dimension).is_some_and(|measure| match measure
        .direction
    {
        Direction::Lower => measure.after <= target.at,
        Direction::Higher => measure.after >= target.at,
        Direction::Shown => false,
    })
}

/// The weighted mean of relative gains: functionality, quality, performance.
fn weigh(measures: &[Measure], settings: &ScoringSettings) -> f64 {
    let weights = settings.weights;
    let mut groups: BTreeMap<u8, (f64, f64, u32)> = BTreeMap::new();
    for measure in measures.iter().filter(|measure| measure.direction != Direction::Shown) {
        let (group, weight) = match measure.dimension {
            Dimension::Functionality | Dimension::Findings => (0, weights.functionality),
            Dimension::RunTime => (2, weights.performance),
            _ => (1, weights.quality),
        };
        let entry = groups.entry(group).or_insert((weight, 0.0, 0));
        entry.1 += measure.relative_gain();
        entry.2 += 1;
    }
    groups.values().map(|(weight, sum, count)| weight * sum / f64::from((*count).max(1))).sum()
}

/// What programs of the user's have to say about the order: it sorts like the weighted mean, and never decides.
fn weigh_external(measures: &[ExternalMeasure], weights: &BTreeMap<String, f64>) -> f64 {
    let weight = |name: &String| weights.get(name).copied().unwrap_or_default();
    measures.iter().map(|measure| weight(&measure.name) * measure.relative_gain()).sum()
}

#[cfg(test)]
mod tests;
