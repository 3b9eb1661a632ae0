//! What became of the mutants, in numbers and places: the data behind every output of `hephaestus mutants`.

use crate::mutants::Costs;
use crate::open::Workspace;
use hephaestus_core::{
    Mutant, MutantResult, MutantStatus, Notice, RelPath, SourceFile, Strength, TestFailure,
};
use hephaestus_harness::lab::LabFacts;
use hephaestus_syntax::{Encoding, LineIndex, Position};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

mod elements;

/// What is known of one suite's tests.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteReport {
    /// The runner's name for people.
    pub title: String,
    /// The runner's name in the configuration.
    pub name: String,
    /// Tests that judge: id, and how long each took.
    pub tests: Vec<(String, Duration)>,
    /// Tests that fail on the unchanged code.
    pub red: Vec<TestFailure>,
    /// Tests that waver.
    pub flaky: Vec<String>,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl SuiteReport {
    pub(crate) fn of(title: &str, name: &str, facts: &LabFacts) -> Self {
        Self {
            title: title.to_owned(),
            name: name.to_owned(),
            tests: facts.tests.iter().map(|test| (test.id.clone(), test.wall)).collect(),
            red: facts.red.clone(),
            flaky: facts.flaky.clone(),
            notes: facts.notes.clone(),
        }
    }
}

/// A mutant that is settled.
#[derive(Debug, Clone, PartialEq)]
pub struct TriedMutant {
    /// What came of it.
    pub result: MutantResult,
    /// Whether that is known from an earlier run.
    pub remembered: bool,
}

/// Mutants by what came of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MutantCounts {
    by_status: BTreeMap<MutantStatus, u32>,
}

impl MutantCounts {
    /// How many have this status.
    #[must_use]
    pub fn of(&self, status: MutantStatus) -> u32 {
        self.by_status.get(&status).copied().unwrap_or(0)
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.by_status.values().sum()
    }

    /// How strong the tests are.
    #[must_use]
    pub fn strength(&self) -> Strength {
        let each = |(status, count): (&MutantStatus, &u32)| std::iter::repeat_n(*status, *count as usize);
        Strength::of(self.by_status.iter().flat_map(each))
    }

    /// The share of mutants that the tests notice, in percent; `None` where no mutant counts.
    #[must_use]
    pub fn score(&self) -> Option<f64> {
        self.strength().share().map(|share| share * 100.0)
    }
}

/// What a run found.
#[derive(Debug, Clone)]
pub struct MutantsReport {
    /// The workspace.
    pub root: PathBuf,
    /// Milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// One per runner that judged.
    pub suites: Vec<SuiteReport>,
    /// What is settled, by file and place.
    pub tried: Vec<TriedMutant>,
    /// What is not: the run ended before.
    pub untried: Vec<Mutant>,
    /// What the user should know.
    pub notices: Vec<Notice>,
    /// From start to end.
    pub wall: Duration,
    /// CPU time of trying mutants.
    pub cpu: Duration,
    /// CPU time of builds and of looking at the unchanged code.
    pub overhead: Duration,
    /// Why it ended: `done`, `cancelled`, or the limit of the budget that was reached.
    pub ended: String,
    opening: Duration,
    trying: Duration,
    thresholds: (u32, u32),
    files: BTreeMap<RelPath, Arc<SourceFile>>,
}

impl MutantsReport {
    pub(crate) fn new(workspace: &Workspace, started_ms: u64) -> Self {
        let settings = &workspace.config.mutants;
        let percent = |share: f64| (share * 100.0).round().clamp(0.0, 100.0) as u32;
        let high = percent(settings.offer_strength);
        Self {
            root: workspace.root.clone(),
            started_ms,
            suites: vec![],
            tried: vec![],
            untried: vec![],
            notices: workspace.notices.clone(),
            wall: Duration::ZERO,
            cpu: Duration::ZERO,
            overhead: Duration::ZERO,
            ended: "done".to_owned(),
            opening: Duration::ZERO,
            trying: Duration::ZERO,
            thresholds: (percent(settings.weak_strength).min(high), high),
            files: workspace.snapshot.files.clone(),
        }
    }

    pub(crate) fn add(
        &mut self,
        suite: SuiteReport,
        tried: Vec<Option<TriedMutant>>,
        mutants: &[Mutant],
        costs: &Costs,
    ) {
        self.suites.push(suite);
        for (tried, mutant) in tried.into_iter().zip(mutants) {
            match tried {
                Some(tried) => self.tried.push(tried),
                None => self.untried.push(mutant.clone()),
            }
        }
        self.cpu += costs.cpu;
        self.overhead += costs.overhead;
        self.opening += costs.opening;
        self.trying += costs.trying;
        if let Some(limit) = costs.out_of {
            self.ended = format!("budget: {limit}");
        }
    }

    pub(crate) fn end(&mut self, is_cancelled: bool) {
        let place = |mutant: &Mutant| (mutant.file.clone(), mutant.range, mutant.replacement.clone());
        self.tried.sort_by_cached_key(|tried| place(&tried.result.mutant));
        self.untried.sort_by_cached_key(place);
        if is_cancelled && !self.untried.is_empty() {
            self.ended = "cancelled".to_owned();
        }
    }

    /// Whether every mutant is settled.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.untried.is_empty()
    }

    /// How many results are known from earlier runs.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.tried.iter().filter(|tried| tried.remembered).count()
    }

    /// All mutants that are settled, counted.
    #[must_use]
    pub fn counts(&self) -> MutantCounts {
        counted(self.tried.iter())
    }

    /// The same, by file.
    #[must_use]
    pub fn counts_by_file(&self) -> BTreeMap<&RelPath, MutantCounts> {
        let mut by_file: BTreeMap<&RelPath, Vec<&TriedMutant>> = BTreeMap::new();
        for tried in &self.tried {
            by_file.entry(&tried.result.mutant.file).or_default().push(tried);
        }
        by_file.into_iter().map(|(path, tried)| (path, counted(tried.into_iter()))).collect()
    }

    /// Mutants that were run, by second of CPU time, everything they need included; `None` where none was.
    #[must_use]
    pub fn mutants_per_cpu_second(&self) -> Option<f64> {
        let ran = |tried: &&TriedMutant| !tried.remembered && tried.result.status != MutantStatus::NoCoverage;
        let ran = self.tried.iter().filter(ran).count();
        let cpu = (self.cpu + self.overhead).as_secs_f64();
        (ran > 0 && cpu > 0.0).then(|| ran as f64 / cpu)
    }

    /// Where a mutant begins: line and column, from 1, in characters.
    #[must_use]
    pub fn place(&self, mutant: &Mutant) -> (u32, u32) {
        let lines = self.files.get(&mutant.file).map(|file| LineIndex::new(Arc::clone(&file.text)));
        let at = lines.map(|lines| lines.positions(mutant.range, Encoding::Utf32).0).unwrap_or_default();
        (at.line + 1, at.character + 1)
    }

    /// The lines a mutant touches, before and after.
    #[must_use]
    pub fn lines(&self, mutant: &Mutant) -> Option<(String, String)> {
        let text = &self.files.get(&mutant.file)?.text;
        let (before, after) = (text.get(..mutant.range.start)?, text.get(mutant.range.end..)?);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = mutant.range.end + after.find('\n').unwrap_or(after.len());
        let old = text.get(start..end)?;
        let (head, tail) = (text.get(start..mutant.range.start)?, text.get(mutant.range.end..end)?);
        Some((old.to_owned(), format!("{head}{}{tail}", mutant.replacement)))
    }
}

fn counted<'a>(tried: impl Iterator<Item = &'a TriedMutant>) -> MutantCounts {
    let mut counts = MutantCounts::default();
    for tried in tried {
        *counts.by_status.entry(tried.result.status).or_default() += 1;
    }
    counts
}

/// Both ends of a mutant, as the schema of the report counts them: from 1, in UTF-16.
fn ends(lines: &LineIndex, mutant: &Mutant) -> (Position, Position) {
    let (start, end) = lines.positions(mutant.range, Encoding::Utf16);
    let from_one = |at: Position| Position { line: at.line + 1, character: at.character + 1 };
    (from_one(start), from_one(end))
}
