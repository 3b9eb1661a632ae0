//! The Goal Proposer: what is known about a workspace in, ranked goals out. One file per proposer.
//!
//! Pure: linters' findings and failing tests are handed in by whoever ran them.

mod draft;
mod proposers;

use hephaestus_core::{
    ByteRange, CancelToken, Cause, Finding, Goal, GoalKind, GoalSettings, RelPath, Sighting, Snapshot,
    SourceFile, TestFailure,
};
use hephaestus_syntax::{Facts, FunctionFacts, Memory, Parsed, RuleSets, Wanted};
use std::collections::{BTreeMap, HashMap};

use draft::Draft;

/// Everything proposers look at.
pub struct Survey<'a> {
    /// The files.
    pub snapshot: &'a Snapshot,
    /// Their trees.
    pub parsed: &'a BTreeMap<RelPath, Parsed>,
    /// The rules in force.
    pub rules: &'a RuleSets,
    /// What other linters saw.
    pub findings: &'a [Finding],
    /// What programs of the user's saw.
    pub sightings: &'a [Sighting],
    /// Tests that fail on the unchanged code.
    pub red_tests: &'a [TestFailure],
    /// Which of them seem to fail for one reason, and where that may lie; empty where nobody knows.
    pub causes: &'a [Cause],
    /// What the user wants.
    pub settings: &'a GoalSettings,
}

/// Sees one sort of goal by looking at more than one file, or at more than files.
pub trait Proposer: Send + Sync {
    /// Its name, for the log.
    fn name(&self) -> &'static str;
    /// The kinds it may propose; it is not asked when none of them is wanted.
    fn kinds(&self) -> &'static [GoalKind];
    /// Every goal it sees.
    fn propose(&self, survey: &Survey<'_>) -> Vec<Draft>;
}

/// Sees one sort of goal in one file, by looking at that file alone.
pub trait FileProposer: Send + Sync {
    /// Its name, for the log.
    fn name(&self) -> &'static str;
    /// The kinds it may propose; it is not asked when none of them is wanted.
    fn kinds(&self) -> &'static [GoalKind];
    /// Every goal it sees in the facts about `file`.
    fn propose(&self, facts: &Facts, file: &SourceFile, settings: &GoalSettings) -> Vec<Draft>;
}

/// All goals of a workspace, best first: by expected gain per trial, then by place.
#[must_use]
pub fn propose(survey: &Survey<'_>) -> Vec<Goal> {
    let mut goals: Vec<Goal> = survey
        .parsed
        .values()
        .flat_map(|parsed| propose_in_file(parsed, survey.rules, survey.settings))
        .collect();
    let mut drafts: BTreeMap<RelPath, Vec<Draft>> = BTreeMap::new();
    for proposer in proposers::across_files() {
        if !proposer.kinds().iter().any(|kind| survey.settings.wants(*kind)) {
            continue;
        }
        for draft in proposer.propose(survey) {
            drafts.entry(draft.file.clone()).or_default().push(draft);
        }
    }
    for (path, drafts) in drafts {
        // A file that is not there (any more) has no goals.
        if let Some(file) = survey.snapshot.file(&path) {
            let symbol_at = |range| survey.parsed.get(&path)?.symbol_at(range);
            goals.extend(finish(drafts, file, &symbol_at, survey.settings));
        }
    }
    goals.sort_by(|left, right| {
        let place = (&left.file, left.range, &left.rule).cmp(&(&right.file, right.range, &right.rule));
        right.rank().total_cmp(&left.rank()).then(place)
    });
    goals
}

/// The goals of one file that are seen by looking at that file alone (rules, complexity, holes), in order of place.
#[must_use]
pub fn propose_in_file(parsed: &Parsed, rules: &RuleSets, settings: &GoalSettings) -> Vec<Goal> {
    goals_of(&Facts::of(parsed, wanted(rules, settings)), parsed.file(), settings)
}

/// The same as [`propose_in_file`], but what did not change since the last call with this memory is remembered.
#[must_use]
pub fn propose_again(
    parsed: &Parsed,
    rules: &RuleSets,
    settings: &GoalSettings,
    memory: &mut FileMemory,
) -> Vec<Goal> {
    let seen = look_again(parsed, rules, settings, memory, &CancelToken::new());
    seen.map(|seen| seen.goals).unwrap_or_default()
}

/// What one file's goals were made of when they were last asked for.
#[derive(Default)]
pub struct FileMemory {
    facts: Memory,
}

/// A file's goals, and the functions they were looked for in.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The goals of [`propose_in_file`].
    pub goals: Vec<Goal>,
    /// The functions that have a name, in the order they begin.
    pub functions: Vec<FunctionFacts>,
}

/// Does what [`propose_again`] does. `None` when `cancel` says so; what was found until then is remembered.
#[must_use]
pub fn look_again(
    parsed: &Parsed,
    rules: &RuleSets,
    settings: &GoalSettings,
    memory: &mut FileMemory,
    cancel: &CancelToken,
) -> Option<Seen> {
    let facts = Facts::again(parsed, wanted(rules, settings), &mut memory.facts, cancel)?;
    let goals = goals_of(&facts, parsed.file(), settings);
    Some(Seen { goals, functions: facts.functions })
}

/// What has to be looked for, for the kinds of goals that are wanted.
fn wanted<'a>(rules: &'a RuleSets, settings: &GoalSettings) -> Wanted<'a> {
    let any = |kinds: &[GoalKind]| kinds.iter().any(|kind| settings.wants(*kind));
    Wanted { rules: any(proposers::RULE_KINDS).then_some(rules), holes: any(&[GoalKind::Hole]) }
}

fn goals_of(facts: &Facts, file: &SourceFile, settings: &GoalSettings) -> Vec<Goal> {
    let drafts = proposers::in_one_file()
        .iter()
        .filter(|proposer| proposer.kinds().iter().any(|kind| settings.wants(*kind)))
        .flat_map(|proposer| proposer.propose(facts, file, settings))
        .collect();
    finish(drafts, file, &|range| facts.symbol_at(range).map(str::to_owned), settings)
}

/// The wanted ones of one file's drafts as goals, in order of place.
fn finish(
    drafts: Vec<Draft>,
    file: &SourceFile,
    symbol_at: &dyn Fn(ByteRange) -> Option<String>,
    settings: &GoalSettings,
) -> Vec<Goal> {
    let mut drafts: Vec<Draft> =
        drafts.into_iter().filter(|draft| draft.is_wanted(Some(file), settings)).collect();
    drafts.sort_by(|left, right| (left.range, &left.rule).cmp(&(right.range, &right.rule)));
    let symbols: Vec<Option<String>> = drafts.iter().map(|draft| symbol_at(draft.range)).collect();
    // Only their order in the file tells twins apart.
    let mut twins = HashMap::new();
    let mut places = Vec::with_capacity(drafts.len());
    for (draft, symbol) in drafts.iter().zip(&symbols) {
        let key = (draft.kind, draft.rule.as_str(), symbol.as_deref(), draft.text(file));
        let nth = twins.entry(key).or_insert(0_usize);
        places.push(*nth);
        *nth += 1;
    }
    let (mut line, mut counted) = (1, 0);
    let finished = drafts.into_iter().zip(symbols).zip(places).map(|((draft, symbol), nth)| {
        let between = file.text.as_bytes().get(counted..draft.range.start).unwrap_or_default();
        line += memchr::memchr_iter(b'\n', between).count();
        counted = draft.range.start;
        draft.into_goal(file, symbol, u32::try_from(line).unwrap_or(u32::MAX), nth)
    });
    finished.collect()
}

#[cfg(test)]
mod tests;
