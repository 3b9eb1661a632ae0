//! Everything that was tried in a workspace, from its registry: the data of the page that `hephaestus report` writes.
//!
//! The index is small, one short record per goal and candidate, so that lists of ten thousand are at hand at once. What
//! is shown of one candidate only (diff, gates, evidence) is in pieces beside it. Nothing is run and nothing is judged
//! anew: what the registry does not say, this does not say.

use super::round;
use crate::forging::now_ms;
use crate::mutants::MutantsReport;
use crate::open::Workspace;
use crate::registry::{KnownCandidate, Registry, RegistryError, RunSummary, SeenGoal};
use hephaestus_core::{CandidateId, Direction, Goal, GoalId, GoalOrigin, MutantStatus, Score};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::Path;

mod details;
mod state;

use details::Details;
use state::State;

/// Candidates that are told, the latest; a page of more is no pleasure any more.
const MOST_CANDIDATES: usize = 20_000;

/// Failing tests, and places where the reason may lie, that are told of one goal.
const MOST_TESTS: usize = 10;

/// What a registry holds, ready to be shown.
#[derive(Debug)]
pub struct History {
    /// Runs, goals, candidates, strength by file: everything the lists and charts need.
    pub index: Value,
    /// What is told of single candidates, so many in each piece as the index says.
    pub details: Vec<Value>,
    /// The mutants as they were settled last, where any were.
    pub mutants: Option<MutantsReport>,
}

impl History {
    /// Whether nothing is remembered at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let is_none = |name: &str| self.index.get(name).and_then(Value::as_array).is_none_or(Vec::is_empty);
        is_none("runs") && is_none("goals") && self.mutants.is_none()
    }

    /// Reads all of it. Without a registry nothing was tried. Where the workspace cannot be opened, `workspace` says
    /// why: then nothing is known of mutants, nor of code that changed since.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub fn read(
        root: &Path,
        registry: Option<&Registry>,
        workspace: Result<&Workspace, String>,
    ) -> Result<Self, RegistryError> {
        let mut history = Draft::default();
        let mut runs = Vec::new();
        let mut in_all = 0;
        if let Some(registry) = registry {
            runs = registry.log(usize::MAX)?;
            history.add_goals(registry.seen_goals()?, workspace.as_deref().ok());
            in_all =
                registry.visit_candidates(MOST_CANDIDATES, &mut |known| history.add_candidate(&known))?;
        }
        runs.reverse();
        // Without a registry nothing is known of mutants, and asking would make one.
        let mutants =
            workspace.as_deref().ok().filter(|_| registry.is_some()).and_then(|it| it.known_mutants());
        let notices: Vec<String> = workspace.err().into_iter().collect();
        let left_out = in_all.saturating_sub(history.candidates.len() as u64);
        let cpu: f64 = runs.iter().map(|run| stat(run, "cpu_s")).sum();
        let details = std::mem::take(&mut history.details).finish();
        let index = json!({
            "schema": "hephaestus/report/1",
            "version": env!("CARGO_PKG_VERSION"),
            "root": root,
            "written_ms": now_ms(),
            "cpu_s": round(cpu),
            "runs": runs.iter().map(run_json).collect::<Vec<_>>(),
            "texts": history.texts.all,
            "goals": history.goals_json(),
            "candidates": history.candidates_json(),
            "left_out": left_out,
            "per_piece": details::PER_PIECE,
            "strength": mutants.as_ref().map(strength_by_file),
            "notices": notices,
        });
        Ok(Self { index, details, mutants })
    }
}

/// What is said more than once, kept once.
#[derive(Debug, Default)]
struct Texts {
    all: Vec<String>,
    places: HashMap<String, usize>,
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.all.len();
        self.all.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        place
    }
}

/// A goal on its way to the page.
#[derive(Debug)]
struct GoalEntry {
    seen: SeenGoal,
    why: usize,
    /// Whether the text it was seen in last is the text as it is now; `true` where nobody knows.
    is_current: bool,
    candidates: Vec<usize>,
}

/// A candidate on its way to the page.
#[derive(Debug)]
struct CandidateEntry {
    id: CandidateId,
    goal: usize,
    parent: Option<CandidateId>,
    steps: Vec<String>,
    engine: String,
    state: State,
    weighted: Option<f64>,
    gain: Option<Value>,
    trials: u64,
    seen_ms: u64,
}

/// The history while it is read.
#[derive(Debug, Default)]
struct Draft {
    goals: Vec<GoalEntry>,
    by_id: HashMap<GoalId, usize>,
    candidates: Vec<CandidateEntry>,
    places: HashMap<CandidateId, usize>,
    details: Details,
    texts: Texts,
}

impl Draft {
    fn add_goals(&mut self, seen: Vec<SeenGoal>, workspace: Option<&Workspace>) {
        for seen in seen {
            let is_current = workspace.is_none_or(|workspace| {
                let file = workspace.snapshot.file(&seen.goal.file);
                file.is_some_and(|file| file.hash == seen.goal.base)
            });
            let why = self.texts.place(&seen.goal.why);
            self.by_id.insert(seen.goal.id.clone(), self.goals.len());
            self.goals.push(GoalEntry { seen, why, is_current, candidates: vec![] });
        }
    }

    fn add_candidate(&mut self, known: &KnownCandidate) {
        let Some(&goal) = self.by_id.get(&known.candidate.goal) else { return };
        let place = self.candidates.len();
        if let Some(entry) = self.goals.get_mut(goal) {
            entry.candidates.push(place);
        }
        self.places.insert(known.candidate.id.clone(), place);
        self.candidates.push(CandidateEntry {
            id: known.candidate.id.clone(),
            goal,
            parent: known.candidate.parent.clone(),
            steps: known.candidate.operators.clone(),
            engine: known.candidate.engine.0.clone(),
            state: State::of(known),
            weighted: known.score.as_ref().map(|score| round(score.weighted)),
            gain: known.score.as_ref().and_then(best_gain),
            trials: known.trials,
            seen_ms: known.seen_ms,
        });
        self.details.add(known);
    }

    fn goals_json(&self) -> Vec<Value> {
        let goal = |entry: &GoalEntry| {
            let goal = &entry.seen.goal;
            let states = entry.candidates.iter().filter_map(|place| self.candidates.get(*place));
            json!({
                "id": goal.id,
                "kind": goal.kind,
                "rule": goal.rule,
                "file": goal.file,
                "line": goal.line,
                "symbol": goal.symbol,
                "message": goal.message,
                "why": entry.why,
                "tests": goal.acceptance.must_pass.iter().take(MOST_TESTS).collect::<Vec<_>>(),
                "suspects": suspects(goal),
                "state": state::of_goal(states.map(|candidate| candidate.state), entry.is_current),
                "seen_ms": entry.seen.seen_ms,
                "candidates": entry.candidates,
                "best": self.best_of(entry),
            })
        };
        self.goals.iter().map(goal).collect()
    }

    /// What became of the goal: the candidate that came furthest, the better one of two.
    fn best_of(&self, entry: &GoalEntry) -> Option<usize> {
        let candidates =
            entry.candidates.iter().filter_map(|place| Some((*place, self.candidates.get(*place)?)));
        let rank =
            |candidate: &CandidateEntry| (candidate.state.rank(), candidate.weighted.unwrap_or(f64::MIN));
        let best = candidates.max_by(|(_, left), (_, right)| {
            let ((left_state, left_score), (right_state, right_score)) = (rank(left), rank(right));
            left_state.cmp(&right_state).then(left_score.total_cmp(&right_score))
        });
        best.map(|(place, _)| place)
    }

    fn candidates_json(&self) -> Vec<Value> {
        let candidate = |entry: &CandidateEntry| {
            json!({
                "id": entry.id,
                "goal": entry.goal,
                "parent": entry.parent.as_ref().and_then(|parent| self.places.get(parent)),
                "engine": entry.engine,
                "steps": entry.steps,
                "state": entry.state.as_str(),
                "weighted": entry.weighted,
                "gain": entry.gain,
                "trials": entry.trials,
                "seen_ms": entry.seen_ms,
            })
        };
        self.candidates.iter().map(candidate).collect()
    }
}

/// Where the reason of a failing test may lie, the most suspicious first: file, line, and how suspicious from 0 to 1.
fn suspects(goal: &Goal) -> Vec<Value> {
    let GoalOrigin::Test { suspects, .. } = &goal.origin else { return Vec::new() };
    let told = suspects.iter().take(MOST_TESTS);
    told.map(|suspect| json!([suspect.file, suspect.line, round(suspect.suspicion)])).collect()
}

/// The measure that gained most of what was there.
fn best_gain(score: &Score) -> Option<Value> {
    let judged = score.measures.iter().filter(|measure| measure.direction != Direction::Shown);
    let best = judged.max_by(|left, right| left.relative_gain().total_cmp(&right.relative_gain()))?;
    (best.gain() > 0.0).then(|| json!([best.dimension, round(best.before), round(best.after)]))
}

fn stat(run: &RunSummary, name: &str) -> f64 {
    let value = run.stats.as_ref().and_then(|stats| stats.get(name));
    value.and_then(Value::as_f64).unwrap_or_default()
}

fn run_json(run: &RunSummary) -> Value {
    let said = |name: &str| run.stats.as_ref().and_then(|stats| stats.get(name)).cloned();
    json!({
        "id": run.id,
        "command": run.command,
        "started_ms": run.started_ms,
        "goals": run.goals,
        "trials": run.trials,
        "passed": run.passed,
        "accepted": run.accepted,
        "wall_s": said("wall_s"),
        "cpu_s": said("cpu_s"),
        "ended": said("ended"),
        "score": said("score"),
    })
}

/// Counts of mutants by file and status.
fn strength_by_file(report: &MutantsReport) -> Value {
    let mut untried: HashMap<&str, u32> = HashMap::new();
    for mutant in &report.untried {
        *untried.entry(mutant.file.as_str()).or_default() += 1;
    }
    let by_file = report.counts_by_file();
    let files = by_file.iter().map(|(path, counts)| {
        let mut file: Map<String, Value> = MutantStatus::ALL
            .iter()
            .map(|status| (status.as_str().replace(' ', "_"), json!(counts.of(*status))))
            .collect();
        file.insert("path".to_owned(), json!(path));
        file.insert("untried".to_owned(), json!(untried.get(path.as_str()).unwrap_or(&0)));
        file.insert("score".to_owned(), json!(counts.score().map(round)));
        Value::Object(file)
    });
    let counts = report.counts();
    let (low, high) = counts.strength().interval();
    json!({
        "files": files.collect::<Vec<_>>(),
        "score": counts.score().map(round),
        "interval": [round(low * 100.0), round(high * 100.0)],
        "killed": counts.strength().killed,
        "counted": counts.strength().total(),
        "untried": report.untried.len(),
    })
}

#[cfg(test)]
mod tests;
