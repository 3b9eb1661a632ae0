//! One candidate and all that is known about it: by id, along its lineage, and what the user did with it.

use std::collections::HashSet;

use hephaestus_core::{Candidate, CandidateId, ContentHash, Decision, DecisionKind, Goal, Score, Trial};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Fault, RegistryError};
use crate::record::{
    RunId, StoredCandidate, StoredTrial, TrialId, decision_kind, exists, from_json, from_sql, put_decision,
};
use crate::store::Registry;

/// How many ids an ambiguous prefix is told with.
const AMBIGUOUS_SHOWN: i64 = 5;

impl Registry {
    /// The candidate whose id is `id` or, when there is exactly one such, begins with it.
    ///
    /// # Errors
    /// When several ids begin with `id`, a stored record does not read back, or the database cannot be read.
    pub fn get_version(&self, id: &str) -> Result<Option<StoredCandidate>, RegistryError> {
        self.read(|connection| match resolve(connection, id)? {
            Some(id) => load(connection, &id).map(Some),
            None => Ok(None),
        })
    }

    /// The chain of candidates that `id` (or its unique prefix) builds on: the first one first, itself last. A parent that
    /// is no longer stored ends the chain. Empty when there is no such candidate.
    ///
    /// # Errors
    /// As [`Registry::get_version`].
    pub fn get_lineage(&self, id: &str) -> Result<Vec<StoredCandidate>, RegistryError> {
        self.read(|connection| {
            let mut chain = Vec::new();
            let mut seen = HashSet::new();
            let mut next = resolve(connection, id)?;
            while let Some(id) = next.take() {
                if !seen.insert(id.clone()) || !exists(connection, "candidates", &id)? {
                    break;
                }
                let stored = load(connection, &id)?;
                next = stored.candidate.parent.as_ref().map(|parent| parent.0.clone());
                chain.push(stored);
            }
            chain.reverse();
            Ok(chain)
        })
    }

    /// Notes what became of a candidate. `now_ms` is in milliseconds since the Unix epoch; the same decision at the same
    /// moment is noted once.
    ///
    /// # Errors
    /// When the candidate is not stored, or the database cannot be written.
    pub fn decide(
        &self,
        candidate: &CandidateId,
        kind: DecisionKind,
        now_ms: u64,
    ) -> Result<(), RegistryError> {
        self.write(|transaction| {
            if !exists(transaction, "candidates", &candidate.0)? {
                return Err(RegistryError::Unknown { what: "candidate", id: candidate.0.clone() }.into());
            }
            put_decision(transaction, &Decision { candidate: candidate.clone(), kind, at_ms: now_ms })?;
            Ok(())
        })
    }
}

/// The full id behind an id or a prefix.
fn resolve(connection: &Connection, id: &str) -> Result<Option<String>, Fault> {
    if id.is_empty() {
        return Ok(None);
    }
    if exists(connection, "candidates", id)? {
        return Ok(Some(id.to_owned()));
    }
    let mut statement = connection.prepare_cached(
        "SELECT id FROM candidates WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut matches: Vec<String> =
        statement.query_map(params![id, AMBIGUOUS_SHOWN], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if matches.len() > 1 {
        let matches = matches.into_iter().map(CandidateId).collect();
        return Err(RegistryError::Ambiguous { prefix: id.to_owned(), matches }.into());
    }
    Ok(matches.pop())
}

/// All about the candidate of this id, which must be there.
fn load(connection: &Connection, id: &str) -> Result<StoredCandidate, Fault> {
    let (candidate, goal, diff): (String, String, Option<String>) = connection
        .prepare_cached(
            "SELECT candidates.json, goals.json, diff FROM candidates
             JOIN goals ON goals.id = candidates.goal AND goals.base = candidates.base WHERE candidates.id = ?1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?
        .ok_or_else(|| RegistryError::Unknown { what: "candidate", id: id.to_owned() })?;
    let candidate: Candidate = from_json("candidate", id, &candidate)?;
    let goal: Goal = from_json("goal", &candidate.goal.0, &goal)?;
    let trials = trials(connection, id)?;
    let score = trials.iter().rev().find_map(|trial| trial.score.clone());
    Ok(StoredCandidate { candidate, goal, trials, score, decisions: decisions(connection, id)?, diff })
}

fn trials(connection: &Connection, candidate: &str) -> Result<Vec<StoredTrial>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT trials.id, run, context, at_ms, trials.json, scores.json, logs.trial IS NOT NULL
         FROM trials LEFT JOIN scores ON scores.trial = trials.id LEFT JOIN logs ON logs.trial = trials.id
         WHERE candidate = ?1 ORDER BY trials.seq",
    )?;
    let mut rows = statement.query([candidate])?;
    let mut trials = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let (trial, score): (String, Option<String>) = (row.get(4)?, row.get(5)?);
        trials.push(StoredTrial {
            run: RunId(row.get(1)?),
            context: stored_hash(row.get(2)?)?,
            at_ms: from_sql(row.get(3)?),
            trial: from_json::<Trial>("trial", &id, &trial)?,
            score: score.map(|score| from_json::<Score>("score", &id, &score)).transpose()?,
            has_log: row.get(6)?,
            id: TrialId(id),
        });
    }
    Ok(trials)
}

/// A hash as it was stored.
pub(crate) fn stored_hash(text: String) -> Result<ContentHash, Fault> {
    let id = text.clone();
    serde_json::from_value(serde_json::Value::String(text))
        .map_err(|error| Fault::unreadable("hash", &id, error))
}

fn decisions(connection: &Connection, candidate: &str) -> Result<Vec<Decision>, Fault> {
    let mut statement = connection
        .prepare_cached("SELECT kind, at_ms FROM decisions WHERE candidate = ?1 ORDER BY at_ms, seq")?;
    let mut rows = statement.query([candidate])?;
    let mut decisions = Vec::new();
    while let Some(row) = rows.next()? {
        let word: String = row.get(0)?;
        decisions.push(Decision {
            candidate: CandidateId(candidate.to_owned()),
            kind: decision_kind(candidate, &word)?,
            at_ms: from_sql(row.get(1)?),
        });
    }
    Ok(decisions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, try_one};
    use hephaestus_core::{Ledger, Verdict};
    use std::path::Path;

    fn registry() -> (Registry, crate::RunLedger) {
        let registry = Registry::open_in_memory().unwrap();
        let run = registry.start_run("forge", Path::new("w"), 0, 10).unwrap();
        let ledger = registry.ledger(run, fixtures::context("c"));
        (registry, ledger)
    }

    #[test]
    fn a_version_comes_back_as_it_was_given() {
        let (registry, ledger) = registry();
        let goal = fixtures::goal("a.py", "x");
        let candidate = fixtures::candidate(&goal, "1");
        let trial = fixtures::trial(&candidate, Verdict::Passed);
        ledger.record_trial(&goal, &candidate, &trial, Some(&fixtures::score(true, 2.0)));
        registry.decide(&candidate.id, DecisionKind::Applied, 20).unwrap();
        registry.decide(&candidate.id, DecisionKind::Undone, 30).unwrap();
        registry.decide(&candidate.id, DecisionKind::Undone, 30).unwrap();
        let stored = registry.get_version(&candidate.id.0).unwrap().unwrap();
        assert_eq!((&stored.candidate, &stored.goal), (&candidate, &goal));
        assert_eq!(stored.score, Some(fixtures::score(true, 2.0)));
        assert_eq!((stored.trials.len(), &stored.trials[0].trial, stored.trials[0].at_ms), (1, &trial, 10));
        let decisions: Vec<_> =
            stored.decisions.iter().map(|decision| (decision.kind, decision.at_ms)).collect();
        assert_eq!(decisions, [(DecisionKind::Applied, 20), (DecisionKind::Undone, 30)]);
    }

    #[test]
    fn a_unique_prefix_is_enough_and_an_ambiguous_one_is_told() {
        let (registry, ledger) = registry();
        let goal = fixtures::goal("a.py", "x");
        let ids: Vec<String> =
            (0..40).map(|n| try_one(&ledger, &goal, &n.to_string(), Verdict::Failed, None).0).collect();
        let found = registry.get_version(&ids[0][..11]).unwrap().unwrap();
        assert_eq!(found.candidate.id.0, ids[0]);
        // 40 ids over 16 hex digits: some first digit begins two of them.
        let shared = ids
            .iter()
            .map(|id| &id[..1])
            .find(|first| ids.iter().filter(|id| id.starts_with(*first)).count() > 1);
        let error = registry.get_version(shared.unwrap()).unwrap_err();
        assert!(matches!(&error, RegistryError::Ambiguous { matches, .. } if matches.len() > 1), "{error}");
        assert_eq!(registry.get_version("zz").unwrap(), None);
        assert_eq!(registry.get_version("").unwrap(), None);
        assert_eq!(registry.get_version("%").unwrap(), None);
    }

    #[test]
    fn lineage_leads_from_the_first_to_the_last() {
        let (registry, ledger) = registry();
        let goal = fixtures::goal("a.py", "x");
        let first = fixtures::candidate(&goal, "1");
        let second = fixtures::candidate(&goal, "2").going_on_from(&first);
        let third = fixtures::candidate(&goal, "3").going_on_from(&second);
        for candidate in [&first, &second, &third] {
            ledger.record_trial(&goal, candidate, &fixtures::trial(candidate, Verdict::Passed), None);
        }
        let chain = |id: &CandidateId| -> Vec<CandidateId> {
            registry.get_lineage(&id.0).unwrap().into_iter().map(|stored| stored.candidate.id).collect()
        };
        assert_eq!(chain(&third.id), [first.id.clone(), second.id, third.id.clone()]);
        assert_eq!(chain(&first.id), [first.id]);
        assert!(registry.get_lineage("zz").unwrap().is_empty());
    }

    #[test]
    fn a_missing_parent_or_a_circle_ends_the_lineage() {
        let (registry, ledger) = registry();
        let goal = fixtures::goal("a.py", "x");
        let mut orphan = fixtures::candidate(&goal, "1");
        orphan.parent = Some(CandidateId("gone".into()));
        let mut circle = fixtures::candidate(&goal, "2");
        circle.parent = Some(circle.id.clone());
        for candidate in [&orphan, &circle] {
            ledger.record_trial(&goal, candidate, &fixtures::trial(candidate, Verdict::Passed), None);
            assert_eq!(registry.get_lineage(&candidate.id.0).unwrap().len(), 1);
        }
    }

    #[test]
    fn nothing_is_decided_about_an_unknown_candidate() {
        let (registry, _) = registry();
        let error = registry.decide(&CandidateId("nope".into()), DecisionKind::Applied, 1).unwrap_err();
        assert_eq!(error.to_string(), "there is no candidate `nope` in the registry");
    }

    #[test]
    fn a_record_that_does_not_read_back_is_an_error_not_a_panic() {
        let (registry, ledger) = registry();
        let id = try_one(&ledger, &fixtures::goal("a.py", "x"), "1", Verdict::Failed, None);
        registry
            .write(|transaction| Ok(transaction.execute_batch("UPDATE trials SET json = '{}'")?))
            .unwrap();
        let error = registry.get_version(&id.0).unwrap_err();
        assert!(matches!(error, RegistryError::Unreadable { what: "trial", .. }), "{error}");
    }
}
