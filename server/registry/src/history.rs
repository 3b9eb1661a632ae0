//! Everything at once, for pages about all that was tried: goals, and candidates with the latest that is known of each.
//! Reads only; judges nothing.

use std::collections::HashMap;

use hephaestus_core::{Candidate, CandidateId, Decision, Goal, Score, Trial};
use rusqlite::Connection;

use crate::error::{Fault, RegistryError};
use crate::record::{decision_kind, from_json, from_sql, to_sql};
use crate::store::Registry;

/// A goal as it was seen last.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenGoal {
    /// The goal, in the text it was seen in last.
    pub goal: Goal,
    /// When that was, in milliseconds since the Unix epoch.
    pub seen_ms: u64,
}

/// A candidate with the latest that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownCandidate {
    /// The candidate.
    pub candidate: Candidate,
    /// The patch as a unified diff, where the texts were at hand when it was tried.
    pub diff: Option<String>,
    /// When it was tried last, in milliseconds since the Unix epoch.
    pub seen_ms: u64,
    /// How often it was tried.
    pub trials: u64,
    /// Its latest trial that says something about it; the latest of all where none does.
    pub trial: Option<Trial>,
    /// That trial's score.
    pub score: Option<Score>,
    /// What became of it, oldest first.
    pub decisions: Vec<Decision>,
}

/// Of the same trial: what it says, and how it was scored.
const CANDIDATES: &str = "
SELECT candidates.id, candidates.json, diff, seen_ms,
       (SELECT count(*) FROM trials WHERE candidate = candidates.id), latest.id, latest.json, scores.json
FROM candidates
LEFT JOIN trials AS latest ON latest.seq = coalesce(
    (SELECT max(seq) FROM trials WHERE candidate = candidates.id AND verdict NOT IN ('cancelled', 'errored')),
    (SELECT max(seq) FROM trials WHERE candidate = candidates.id))
LEFT JOIN scores ON scores.trial = latest.id
ORDER BY candidates.seen_ms DESC, candidates.seq DESC LIMIT ?1";

/// Of the texts a goal was seen in, the latest.
const GOALS: &str = "
SELECT id, json, seen_ms FROM goals AS latest
WHERE rowid = (SELECT rowid FROM goals WHERE id = latest.id ORDER BY seen_ms DESC, rowid DESC LIMIT 1)
ORDER BY file, line, id";

impl Registry {
    /// Every goal, each once and as it was seen last, by file and line.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn seen_goals(&self) -> Result<Vec<SeenGoal>, RegistryError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(GOALS)?;
            let mut rows = statement.query([])?;
            let mut goals = Vec::new();
            while let Some(row) = rows.next()? {
                let (id, json): (String, String) = (row.get(0)?, row.get(1)?);
                let goal = from_json("goal", &id, &json)?;
                goals.push(SeenGoal { goal, seen_ms: from_sql(row.get(2)?) });
            }
            Ok(goals)
        })
    }

    /// Hands the candidates to `visit` one by one, the one tried last first, at most `limit`: all of them at once may
    /// be more than fits into memory. How many there are in all.
    ///
    /// # Errors
    /// When the database cannot be read; `visit` may have seen some by then.
    pub fn visit_candidates(
        &self,
        limit: usize,
        visit: &mut dyn FnMut(KnownCandidate),
    ) -> Result<u64, RegistryError> {
        self.read(|connection| {
            let mut decisions = all_decisions(connection)?;
            let mut statement = connection.prepare_cached(CANDIDATES)?;
            let mut rows = statement.query([to_sql(u64::try_from(limit).unwrap_or(u64::MAX))])?;
            while let Some(row) = rows.next()? {
                let (id, candidate): (String, String) = (row.get(0)?, row.get(1)?);
                let (trial_id, trial): (Option<String>, Option<String>) = (row.get(5)?, row.get(6)?);
                let (trial_id, score): (_, Option<String>) = (trial_id.unwrap_or_default(), row.get(7)?);
                visit(KnownCandidate {
                    candidate: from_json("candidate", &id, &candidate)?,
                    diff: row.get(2)?,
                    seen_ms: from_sql(row.get(3)?),
                    trials: from_sql(row.get(4)?),
                    trial: trial.map(|trial| from_json("trial", &trial_id, &trial)).transpose()?,
                    score: score.map(|score| from_json("score", &trial_id, &score)).transpose()?,
                    decisions: decisions.remove(&id).unwrap_or_default(),
                });
            }
            let all: i64 = connection.query_row("SELECT count(*) FROM candidates", [], |row| row.get(0))?;
            Ok(from_sql(all))
        })
    }
}

/// Decisions by candidate, oldest first.
fn all_decisions(connection: &Connection) -> Result<HashMap<String, Vec<Decision>>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT candidate, kind, at_ms FROM decisions ORDER BY at_ms, seq")?;
    let mut rows = statement.query([])?;
    let mut decisions: HashMap<String, Vec<Decision>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let (id, word): (String, String) = (row.get(0)?, row.get(1)?);
        let kind = decision_kind(&id, &word)?;
        let at_ms = from_sql(row.get(2)?);
        let candidate = CandidateId(id.clone());
        decisions.entry(id).or_default().push(Decision { candidate, kind, at_ms });
    }
    Ok(decisions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunLedger;
    use crate::fixtures::{self, try_one};
    use hephaestus_core::{DecisionKind, Ledger, Verdict};
    use std::path::Path;

    fn run_at(registry: &Registry, now_ms: u64) -> RunLedger {
        let run = registry.start_run("forge", Path::new("w"), 0, now_ms).unwrap();
        registry.ledger(run, fixtures::context("c"))
    }

    fn all(registry: &Registry, limit: usize) -> (Vec<KnownCandidate>, u64) {
        let mut found = Vec::new();
        let count = registry.visit_candidates(limit, &mut |known| found.push(known)).unwrap();
        (found, count)
    }

    #[test]
    fn a_goal_is_told_once_as_it_was_seen_last() {
        let registry = Registry::open_in_memory().unwrap();
        let old = fixtures::goal("a.py", "x");
        let mut new = fixtures::goal("a.py", "y");
        new.id = old.id.clone();
        run_at(&registry, 10).record_goal(&old);
        run_at(&registry, 20).record_goal(&new);
        let seen = registry.seen_goals().unwrap();
        assert_eq!((seen.len(), &seen[0].goal, seen[0].seen_ms), (1, &new, 20));
    }

    #[test]
    fn the_latest_trial_counts_unless_it_says_nothing() {
        let registry = Registry::open_in_memory().unwrap();
        let goal = fixtures::goal("a.py", "x");
        try_one(&run_at(&registry, 10), &goal, "1", Verdict::Passed, Some(true));
        let id = try_one(&run_at(&registry, 20), &goal, "1", Verdict::Cancelled, None);
        let (found, _) = all(&registry, 9);
        assert_eq!((found[0].trials, found[0].seen_ms), (2, 20));
        assert_eq!(found[0].trial.as_ref().unwrap().verdict, Verdict::Passed);
        assert!(found[0].score.as_ref().unwrap().accepted);
        try_one(&run_at(&registry, 30), &goal, "1", Verdict::Failed, None);
        registry.decide(&id, DecisionKind::Dismissed, 40).unwrap();
        let (found, _) = all(&registry, 9);
        assert_eq!(found[0].trial.as_ref().unwrap().verdict, Verdict::Failed);
        assert_eq!(found[0].score, None, "a score belongs to its own trial");
        assert_eq!(found[0].decisions[0].kind, DecisionKind::Dismissed);
    }

    #[test]
    fn the_ones_tried_last_come_first_and_the_rest_is_counted() {
        let registry = Registry::open_in_memory().unwrap();
        let goal = fixtures::goal("a.py", "x");
        let ids: Vec<_> = (0..3)
            .map(|n| try_one(&run_at(&registry, n), &goal, &n.to_string(), Verdict::Failed, None))
            .collect();
        let (found, count) = all(&registry, 2);
        let told: Vec<_> = found.iter().map(|known| &known.candidate.id).collect();
        assert_eq!((told, count), (vec![&ids[2], &ids[1]], 3));
    }
}
