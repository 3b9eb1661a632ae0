//! Runs: when a command started, what it found, and what it said at its end.

use std::path::Path;

use rusqlite::params;

use crate::error::{Fault, RegistryError};
use crate::record::{RunId, RunSummary, fresh_id, from_sql, to_sql};
use crate::store::Registry;

impl Registry {
    /// Notes that `command` starts on the workspace at `root`. `now_ms` is in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn start_run(
        &self,
        command: &str,
        root: &Path,
        seed: u64,
        now_ms: u64,
    ) -> Result<RunId, RegistryError> {
        self.write(|transaction| {
            let id = fresh_id(transaction)?;
            transaction.execute(
                "INSERT INTO runs (id, command, root, seed, started_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id, command, root.to_string_lossy(), seed.to_string(), to_sql(now_ms)],
            )?;
            Ok(RunId(id))
        })
    }

    /// Notes that a run came to its end, with whatever the command wants to say about itself.
    ///
    /// # Errors
    /// When there is no such run, or the database cannot be written.
    pub fn finish_run(&self, run: &RunId, stats: &serde_json::Value) -> Result<(), RegistryError> {
        self.write(|transaction| {
            let changed = transaction
                .execute("UPDATE runs SET stats = ?2 WHERE id = ?1", params![run.0, stats.to_string()])?;
            if changed == 0 {
                return Err(RegistryError::Unknown { what: "run", id: run.0.clone() }.into());
            }
            Ok(())
        })
    }

    /// The latest runs, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn log(&self, limit: usize) -> Result<Vec<RunSummary>, RegistryError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT runs.id, command, root, seed, started_ms, stats, goals,
                        count(trials.id), coalesce(sum(verdict = 'passed'), 0), coalesce(sum(accepted), 0)
                 FROM runs LEFT JOIN trials ON trials.run = runs.id LEFT JOIN scores ON scores.trial = trials.id
                 GROUP BY runs.seq ORDER BY started_ms DESC, runs.seq DESC LIMIT ?1",
            )?;
            let rows = statement.query_map([to_sql(u64::try_from(limit).unwrap_or(u64::MAX))], |row| {
                let stats: Option<String> = row.get(5)?;
                let seed: String = row.get(3)?;
                Ok(RunSummary {
                    id: RunId(row.get(0)?),
                    command: row.get(1)?,
                    root: row.get(2)?,
                    seed: seed.parse().unwrap_or(0),
                    started_ms: from_sql(row.get(4)?),
                    stats: stats.and_then(|stats| serde_json::from_str(&stats).ok()),
                    goals: from_sql(row.get(6)?),
                    trials: from_sql(row.get(7)?),
                    passed: from_sql(row.get(8)?),
                    accepted: from_sql(row.get(9)?),
                })
            })?;
            rows.collect::<Result<Vec<_>, _>>().map_err(Fault::from)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use hephaestus_core::{Ledger, Verdict};
    use serde_json::json;

    #[test]
    fn the_log_tells_what_each_run_found_newest_first() {
        let registry = Registry::open_in_memory().unwrap();
        let first = registry.start_run("goals", Path::new("w"), 1, 100).unwrap();
        let second = registry.start_run("forge", Path::new("w"), u64::MAX, 200).unwrap();
        let ledger = registry.ledger(second.clone(), fixtures::context("c"));
        let goal = fixtures::goal("a.py", "x");
        ledger.record_goal(&goal);
        fixtures::try_one(&ledger, &goal, "1", Verdict::Passed, Some(true));
        fixtures::try_one(&ledger, &goal, "2", Verdict::Passed, Some(false));
        fixtures::try_one(&ledger, &goal, "3", Verdict::Failed, None);
        registry.finish_run(&second, &json!({"candidates": 3})).unwrap();
        let log = registry.log(10).unwrap();
        assert_eq!(log.iter().map(|run| &run.id).collect::<Vec<_>>(), [&second, &first]);
        assert_eq!((log[0].goals, log[0].trials, log[0].passed, log[0].accepted), (1, 3, 2, 1));
        assert_eq!(log[0].seed, u64::MAX);
        assert_eq!(log[0].stats, Some(json!({"candidates": 3})));
        assert_eq!((log[1].trials, &log[1].stats), (0, &None));
        assert_eq!(registry.log(1).unwrap().len(), 1);
    }

    #[test]
    fn an_unknown_run_cannot_be_finished() {
        let registry = Registry::open_in_memory().unwrap();
        let error = registry.finish_run(&RunId("nope".into()), &json!({})).unwrap_err();
        assert_eq!(error.to_string(), "there is no run `nope` in the registry");
    }
}
