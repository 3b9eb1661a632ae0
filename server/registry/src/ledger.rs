//! The ledger of one run: what a forge writes while it works, and what it need not try again.
//!
//! A forge never stops because its record cannot be written: errors are counted, not returned.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hephaestus_core::{Candidate, CandidateId, ContentHash, Goal, Ledger, Score, Snapshot, Trial};
use rusqlite::{OptionalExtension, params};

use crate::error::{Fault, RegistryError};
use crate::record::{
    RunId, StoredTrial, TrialId, fresh_id, from_json, from_sql, put_candidate, put_goal, put_trial,
};
use crate::store::Registry;

/// Different messages kept; more of them would not help anyone.
const MESSAGES_KEPT: usize = 8;

/// What a ledger could not keep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerErrors {
    /// How many records were lost or could not be asked for.
    pub count: u64,
    /// The first few different reasons.
    pub messages: Vec<String>,
}

/// Writes one run's goals and trials. A verdict only holds for the very same code, hence the context.
#[derive(Debug)]
pub struct RunLedger {
    registry: Registry,
    run: RunId,
    context: ContentHash,
    snapshot: Option<Snapshot>,
    errors: Mutex<LedgerErrors>,
}

impl Registry {
    /// The ledger of `run`. `context` is the hash over all source files and the configuration: past verdicts count only
    /// where it is the same.
    #[must_use]
    pub fn ledger(&self, run: RunId, context: ContentHash) -> RunLedger {
        RunLedger { registry: self.clone(), run, context, snapshot: None, errors: Mutex::default() }
    }
}

impl RunLedger {
    /// The same, with the texts at hand: candidates are kept with their unified diffs.
    #[must_use]
    pub fn with_snapshot(mut self, snapshot: Snapshot) -> Self {
        self.snapshot = Some(snapshot);
        self
    }

    /// The run it writes.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// What could not be kept so far.
    #[must_use]
    pub fn errors(&self) -> LedgerErrors {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the full output of the latest trial of `candidate` in this run.
    ///
    /// # Errors
    /// When this run has no trial of it, or the database cannot be written.
    pub fn put_log(&self, candidate: &CandidateId, text: &str) -> Result<(), RegistryError> {
        let trial: Option<String> = self.registry.read(|connection| {
            Ok(connection
                .query_row(
                    "SELECT id FROM trials WHERE run = ?1 AND candidate = ?2 ORDER BY seq DESC LIMIT 1",
                    params![self.run.0, candidate.0],
                    |row| row.get(0),
                )
                .optional()?)
        })?;
        let trial =
            trial.ok_or_else(|| RegistryError::Unknown { what: "trial of", id: candidate.0.clone() })?;
        self.registry.put_log(&TrialId(trial), text)
    }

    fn keep<T: Default>(&self, outcome: Result<T, RegistryError>) -> T {
        outcome.unwrap_or_else(|error| {
            let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
            errors.count += 1;
            let message = error.to_string();
            if errors.messages.len() < MESSAGES_KEPT && !errors.messages.contains(&message) {
                errors.messages.push(message);
            }
            T::default()
        })
    }

    fn started_ms(&self, connection: &rusqlite::Connection) -> Result<u64, Fault> {
        let started: Option<i64> = connection
            .prepare_cached("SELECT started_ms FROM runs WHERE id = ?1")?
            .query_row([&self.run.0], |row| row.get(0))
            .optional()?;
        started
            .map(from_sql)
            .ok_or_else(|| RegistryError::Unknown { what: "run", id: self.run.0.clone() }.into())
    }

    fn diff(&self, candidate: &Candidate) -> Option<String> {
        let snapshot = self.snapshot.as_ref()?;
        candidate.patch.to_unified(|path| snapshot.file(path).map(|file| &*file.text)).ok()
    }

    fn write_trial(
        &self,
        goal: &Goal,
        candidate: &Candidate,
        trial: &Trial,
        score: Option<&Score>,
    ) -> Result<(), RegistryError> {
        let diff = self.diff(candidate);
        self.registry.write(|transaction| {
            let at_ms = self.started_ms(transaction)?;
            put_goal(transaction, goal, at_ms)?;
            put_candidate(transaction, candidate, &goal.base, diff.as_deref(), at_ms)?;
            let stored = StoredTrial {
                id: TrialId(fresh_id(transaction)?),
                run: self.run.clone(),
                context: self.context.clone(),
                at_ms,
                trial: trial.clone(),
                score: score.cloned(),
                has_log: false,
            };
            put_trial(transaction, &stored, &goal.id, &goal.base)?;
            Ok(())
        })
    }
}

impl Ledger for RunLedger {
    fn record_goal(&self, goal: &Goal) {
        self.keep(self.registry.write(|transaction| {
            let at_ms = self.started_ms(transaction)?;
            put_goal(transaction, goal, at_ms)?;
            transaction
                .prepare_cached("UPDATE runs SET goals = goals + 1 WHERE id = ?1")?
                .execute([&self.run.0])?;
            Ok(())
        }));
    }

    fn record_trial(&self, goal: &Goal, candidate: &Candidate, trial: &Trial, score: Option<&Score>) {
        self.keep(self.write_trial(goal, candidate, trial, score));
    }

    fn recall(&self, goal: &Goal) -> HashMap<String, (Trial, Option<Score>)> {
        self.keep(self.registry.read(|connection| {
            // Oldest first: of several trials of one candidate the latest that says anything about it counts.
            let mut statement = connection.prepare_cached(
                "SELECT candidate, verdict, trials.id, trials.json, scores.json
                 FROM trials LEFT JOIN scores ON scores.trial = trials.id
                 WHERE goal = ?1 AND base = ?2 AND context = ?3 AND verdict NOT IN ('cancelled', 'errored')
                 ORDER BY trials.seq",
            )?;
            let mut rows = statement.query(params![goal.id.0, goal.base.as_str(), self.context.as_str()])?;
            let mut known = HashMap::new();
            while let Some(row) = rows.next()? {
                let (candidate, verdict): (String, String) = (row.get(0)?, row.get(1)?);
                if matches!(verdict.as_str(), "timed-out" | "flaky") {
                    known.remove(&candidate);
                    continue;
                }
                let (id, trial, score): (String, String, Option<String>) =
                    (row.get(2)?, row.get(3)?, row.get(4)?);
                let trial: Trial = from_json("trial", &id, &trial)?;
                let score = score.map(|score| from_json("score", &id, &score)).transpose()?;
                known.insert(candidate, (trial, score));
            }
            Ok(known)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, try_one};
    use hephaestus_core::Verdict;
    use std::path::Path;

    fn ledger(registry: &Registry, context: &str) -> RunLedger {
        let run = registry.start_run("forge", Path::new("w"), 0, 10).unwrap();
        registry.ledger(run, fixtures::context(context))
    }

    fn verdicts(ledger: &RunLedger, goal: &Goal) -> Vec<Verdict> {
        let mut known: Vec<_> = ledger.recall(goal).into_iter().collect();
        known.sort_by(|left, right| left.0.cmp(&right.0));
        known.into_iter().map(|(_, (trial, _))| trial.verdict).collect()
    }

    #[test]
    fn verdicts_are_recalled_unless_chance_or_circumstance_made_them() {
        let registry = Registry::open_in_memory().unwrap();
        let ledger = ledger(&registry, "c");
        let goal = fixtures::goal("a.py", "x");
        let failed = try_one(&ledger, &goal, "failed", Verdict::Failed, None).0;
        let good = try_one(&ledger, &goal, "good", Verdict::Passed, Some(true)).0;
        for verdict in [Verdict::TimedOut, Verdict::Flaky, Verdict::Cancelled, Verdict::Errored] {
            try_one(&ledger, &goal, verdict.as_str(), verdict, None);
        }
        let known = ledger.recall(&goal);
        assert_eq!(known.len(), 2, "{known:?}");
        assert_eq!(known[&failed].0.verdict, Verdict::Failed);
        assert!(known[&good].1.as_ref().is_some_and(|score| score.accepted));
        assert_eq!(ledger.errors(), LedgerErrors::default());
    }

    #[test]
    fn a_verdict_holds_for_the_same_goal_text_and_context_only() {
        let registry = Registry::open_in_memory().unwrap();
        let goal = fixtures::goal("a.py", "x");
        try_one(&ledger(&registry, "one"), &goal, "1", Verdict::Failed, None);
        assert_eq!(ledger(&registry, "one").recall(&goal).len(), 1, "a later run must know it");
        assert!(ledger(&registry, "two").recall(&goal).is_empty());
        let changed = Goal { base: ContentHash::of(b"other text"), ..goal.clone() };
        assert!(ledger(&registry, "one").recall(&changed).is_empty());
        assert!(ledger(&registry, "one").recall(&fixtures::goal("b.py", "x")).is_empty());
    }

    #[test]
    fn the_latest_trial_decides() {
        let registry = Registry::open_in_memory().unwrap();
        let ledger = ledger(&registry, "c");
        let goal = fixtures::goal("a.py", "x");
        try_one(&ledger, &goal, "1", Verdict::Failed, None);
        try_one(&ledger, &goal, "1", Verdict::Passed, Some(true));
        assert_eq!(verdicts(&ledger, &goal), [Verdict::Passed]);
        try_one(&ledger, &goal, "1", Verdict::Cancelled, None);
        assert_eq!(verdicts(&ledger, &goal), [Verdict::Passed]);
        try_one(&ledger, &goal, "1", Verdict::Flaky, None);
        assert!(verdicts(&ledger, &goal).is_empty());
    }

    #[test]
    fn a_ledger_of_an_unknown_run_counts_its_errors() {
        let registry = Registry::open_in_memory().unwrap();
        let ledger = registry.ledger(RunId("nope".into()), fixtures::context("c"));
        let goal = fixtures::goal("a.py", "x");
        ledger.record_goal(&goal);
        try_one(&ledger, &goal, "1", Verdict::Failed, None);
        let errors = ledger.errors();
        assert_eq!((errors.count, errors.messages.len()), (2, 1));
        assert!(errors.messages[0].contains("nope"));
    }

    #[test]
    fn with_the_texts_at_hand_the_diff_is_kept() {
        let registry = Registry::open_in_memory().unwrap();
        let goal = fixtures::goal("a.py", "x = 1\n");
        let ledger = ledger(&registry, "c").with_snapshot(fixtures::snapshot("a.py", "x = 1\n"));
        let id = try_one(&ledger, &goal, "y", Verdict::Passed, Some(true));
        let diff = registry.get_version(&id.0).unwrap().unwrap().diff.unwrap();
        assert_eq!(diff, "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x = 1\n+y = 1\n");
    }

    #[test]
    fn a_log_belongs_to_the_latest_trial() {
        let registry = Registry::open_in_memory().unwrap();
        let ledger = ledger(&registry, "c");
        let goal = fixtures::goal("a.py", "x");
        let id = try_one(&ledger, &goal, "1", Verdict::Failed, None);
        try_one(&ledger, &goal, "1", Verdict::Failed, None);
        ledger.put_log(&id, "output").unwrap();
        let trials = registry.get_version(&id.0).unwrap().unwrap().trials;
        assert_eq!(trials.iter().map(|trial| trial.has_log).collect::<Vec<_>>(), [false, true]);
        assert_eq!(registry.get_log(&trials[1].id).unwrap().as_deref(), Some("output"));
        assert!(ledger.put_log(&CandidateId("nope".into()), "output").is_err());
    }
}
