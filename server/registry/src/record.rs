//! What is stored, as it comes back, and the one way each noun is written (the ledger and imports share it).

use std::fmt;

use hephaestus_core::{
    Candidate, CandidateId, ContentHash, Decision, DecisionKind, Goal, GoalId, RelPath, Score, Trial,
};
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Fault;
use crate::finite;

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
text_ids! {
    /// One run of a command; unique across databases.
    RunId,
    /// One stored trial; unique across databases.
    TrialId,
}

/// One run and what it found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// The command, e.g. `forge`.
    pub command: String,
    /// The workspace root, as it was given.
    pub root: String,
    /// The seed.
    pub seed: u64,
    /// Milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// What the command said about itself at its end; `None` while it runs or when it died.
    pub stats: Option<serde_json::Value>,
    /// Goals it proposed.
    pub goals: u64,
    /// Trials it made and that are still stored.
    pub trials: u64,
    /// Those of them that passed.
    pub passed: u64,
    /// Those of them whose candidate was accepted.
    pub accepted: u64,
}

/// A trial as it was stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredTrial {
    /// Its id.
    pub id: TrialId,
    /// The run it belongs to.
    pub run: RunId,
    /// Hash of all sources and the configuration it ran on: its verdict holds for these alone.
    pub context: ContentHash,
    /// When its run started, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The trial.
    pub trial: Trial,
    /// Its score, where it got that far.
    pub score: Option<Score>,
    /// Whether there is a log.
    pub has_log: bool,
}

/// A candidate with all that is known about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredCandidate {
    /// The candidate.
    pub candidate: Candidate,
    /// The goal it is for, as it was in the text the candidate was made for.
    pub goal: Goal,
    /// Its trials, oldest first.
    pub trials: Vec<StoredTrial>,
    /// The score of its latest trial that has one.
    pub score: Option<Score>,
    /// What became of it, oldest first.
    pub decisions: Vec<Decision>,
    /// The patch as a unified diff, where the texts were at hand when it was tried.
    pub diff: Option<String>,
}

/// A candidate in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionSummary {
    /// Its id.
    pub candidate: CandidateId,
    /// Its goal.
    pub goal: GoalId,
    /// The goal's kind.
    pub kind: String,
    /// The rule, linter code or measure behind the goal.
    pub rule: String,
    /// The goal's file.
    pub file: RelPath,
    /// The goal's 1-based line.
    pub line: u32,
    /// The goal's message.
    pub message: String,
    /// Who forged it.
    pub engine: String,
    /// The candidate it builds on.
    pub parent: Option<CandidateId>,
    /// How its latest trial ended.
    pub verdict: Option<String>,
    /// Whether its latest score allows it to be offered.
    pub accepted: Option<bool>,
    /// Its latest weighted score.
    pub weighted: Option<f64>,
    /// What became of it last.
    pub decision: Option<String>,
    /// When it was tried last, in milliseconds since the Unix epoch.
    pub seen_ms: u64,
}

/// SQLite's integers are signed; times and counts never come near the border.
pub(crate) fn to_sql(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The way back.
pub(crate) fn from_sql(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A fresh id, 64 random bits from SQLite's own generator.
pub(crate) fn fresh_id(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT lower(hex(randomblob(8)))", [], |row| row.get(0))
}

/// Writes JSON. The nouns are plain data, so this cannot fail for a reason a caller could mend.
pub(crate) fn to_json<T: Serialize>(what: &'static str, id: &str, value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::unreadable(what, id, error))
}

/// Reads JSON back.
pub(crate) fn from_json<T: DeserializeOwned>(what: &'static str, id: &str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::unreadable(what, id, error))
}

/// Keeps `goal`; the latest words win. Whether it was new.
pub(crate) fn put_goal(connection: &Connection, goal: &Goal, seen_ms: u64) -> Result<bool, Fault> {
    let goal = finite::goal(goal);
    let json = to_json("goal", &goal.id.0, &goal)?;
    let known = connection
        .prepare_cached("SELECT 1 FROM goals WHERE id = ?1 AND base = ?2")?
        .exists(params![goal.id.0, goal.base.as_str()])?;
    connection
        .prepare_cached(
            "INSERT INTO goals (id, base, kind, rule, file, line, symbol, message, seen_ms, json)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id, base) DO UPDATE SET seen_ms = max(seen_ms, excluded.seen_ms), json = excluded.json,
             message = excluded.message, line = excluded.line, symbol = excluded.symbol",
        )?
        .execute(params![
            goal.id.0,
            goal.base.as_str(),
            goal.kind.as_str(),
            goal.rule,
            goal.file.as_str(),
            goal.line,
            goal.symbol,
            goal.message,
            to_sql(seen_ms),
            json
        ])?;
    Ok(!known)
}

/// Keeps `candidate`, made for the goal whose text has the hash `base`. Whether it was new.
pub(crate) fn put_candidate(
    connection: &Connection,
    candidate: &Candidate,
    base: &ContentHash,
    diff: Option<&str>,
    seen_ms: u64,
) -> Result<bool, Fault> {
    let candidate = finite::candidate(candidate);
    let json = to_json("candidate", &candidate.id.0, &candidate)?;
    let known = connection
        .prepare_cached("SELECT 1 FROM candidates WHERE id = ?1")?
        .exists(params![candidate.id.0])?;
    connection
        .prepare_cached(
            "INSERT INTO candidates (id, goal, base, engine, operators, parent, diff, seen_ms, json)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET seen_ms = max(seen_ms, excluded.seen_ms), diff = coalesce(diff, excluded.diff)",
        )?
        .execute(params![
            candidate.id.0,
            candidate.goal.0,
            base.as_str(),
            candidate.engine.0,
            candidate.operators.join(" "),
            candidate.parent.as_ref().map(|parent| parent.0.as_str()),
            diff,
            to_sql(seen_ms),
            json
        ])?;
    Ok(!known)
}

/// Keeps a trial and its score. `false`, and nothing kept, when a trial of this id is there already.
pub(crate) fn put_trial(
    connection: &Connection,
    stored: &StoredTrial,
    goal: &GoalId,
    base: &ContentHash,
) -> Result<bool, Fault> {
    let id = stored.id.0.as_str();
    let added = connection
        .prepare_cached(
            "INSERT INTO trials (id, run, candidate, goal, base, context, verdict, at_ms, json)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            id,
            stored.run.0,
            stored.trial.candidate.0,
            goal.0,
            base.as_str(),
            stored.context.as_str(),
            stored.trial.verdict.as_str(),
            to_sql(stored.at_ms),
            to_json("trial", id, &stored.trial)?
        ])?;
    if let (1, Some(score)) = (added, &stored.score) {
        let score = finite::score(score);
        connection
            .prepare_cached(
                "INSERT INTO scores (trial, accepted, target_met, weighted, json) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![id, score.accepted, score.target_met, score.weighted, to_json("score", id, &score)?])?;
    }
    Ok(added == 1)
}

/// Keeps a decision. `false` when exactly this one is there already.
pub(crate) fn put_decision(connection: &Connection, decision: &Decision) -> Result<bool, Fault> {
    let added = connection
        .prepare_cached(
            "INSERT INTO decisions (candidate, kind, at_ms) VALUES (?1, ?2, ?3)
             ON CONFLICT (candidate, kind, at_ms) DO NOTHING",
        )?
        .execute(params![decision.candidate.0, decision.kind.as_str(), to_sql(decision.at_ms)])?;
    Ok(added == 1)
}

/// The kind behind a stored word.
pub(crate) fn decision_kind(candidate: &str, word: &str) -> Result<DecisionKind, Fault> {
    [DecisionKind::Applied, DecisionKind::Dismissed, DecisionKind::Undone, DecisionKind::Superseded]
        .into_iter()
        .find(|kind| kind.as_str() == word)
        .ok_or_else(|| Fault::unreadable("decision", candidate, format!("`{word}` is no kind of decision")))
}

/// Whether a row with this id is in `table` (one of ours, never the user's words).
pub(crate) fn exists(connection: &Connection, table: &str, id: &str) -> Result<bool, Fault> {
    let found: Option<i64> = connection
        .prepare_cached(&format!("SELECT 1 FROM {table} WHERE id = ?1"))?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}
