//! Keeping the registry small: what is old or too much goes, what was accepted or decided on stays.

use rusqlite::{Connection, params};
use serde::Serialize;

use crate::error::{Fault, RegistryError};
use crate::record::{from_sql, to_sql};
use crate::store::Registry;

/// How much may stay. `None` means no limit of that sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days since a candidate was last tried.
    pub max_age_days: Option<u64>,
    /// Candidates.
    pub max_rows: Option<u64>,
    /// Size of the database, in MiB.
    pub max_mb: Option<u64>,
}

/// What went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct GcReport {
    /// Candidates, with their trials, scores and logs.
    pub candidates: u64,
    /// Goals that nothing stored refers to any more.
    pub goals: u64,
    /// Runs whose trials are all gone.
    pub runs: u64,
    /// Logs of candidates that stay.
    pub logs: u64,
    /// Cache entries.
    pub caches: u64,
    /// Bytes in use before.
    pub bytes_before: u64,
    /// Bytes in use after. Above the limit when what must stay is larger.
    pub bytes_after: u64,
    /// Whether the file was made smaller too; not so while another process uses it.
    pub vacuumed: bool,
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How many rows go at a time while the size is being brought down.
const BATCH: u64 = 64;

/// Candidates that stay: accepted ones, those a decision was made about, and all they build on.
const FILL_KEPT: &str = "
CREATE TEMP TABLE IF NOT EXISTS kept (id TEXT PRIMARY KEY);
DELETE FROM kept;
INSERT INTO kept
WITH RECURSIVE reached (id) AS (
    SELECT candidate FROM trials JOIN scores ON scores.trial = trials.id WHERE accepted
    UNION SELECT candidate FROM decisions
    UNION SELECT parent FROM candidates JOIN reached ON candidates.id = reached.id WHERE parent IS NOT NULL
) SELECT id FROM reached;";

impl Registry {
    /// Deletes what `retention` does not leave room for, oldest first; accepted candidates, those a decision was made
    /// about, and all they build on stay. `now_ms` is in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn gc(&self, retention: &Retention, now_ms: u64) -> Result<GcReport, RegistryError> {
        let mut report = self.write(|transaction| sweep(transaction, retention, now_ms))?;
        // Only saves room on disk: that another process is in the way is no failure.
        report.vacuumed = self
            .bare(|connection| Ok(connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?))
            .is_ok();
        report.bytes_after = self.read(size)?;
        Ok(report)
    }
}

fn sweep(connection: &Connection, retention: &Retention, now_ms: u64) -> Result<GcReport, Fault> {
    let mut report = GcReport { bytes_before: size(connection)?, ..GcReport::default() };
    connection.execute_batch(FILL_KEPT)?;
    if let Some(days) = retention.max_age_days {
        let oldest = now_ms.saturating_sub(days.saturating_mul(DAY_MS));
        report.candidates += delete_older(connection, oldest)?;
        sweep_unreferenced(connection, oldest, &mut report)?;
    }
    if let Some(rows) = retention.max_rows {
        let there: i64 = connection.query_row("SELECT count(*) FROM candidates", [], |row| row.get(0))?;
        let surplus = from_sql(there).saturating_sub(rows);
        report.candidates += delete_oldest_candidates(connection, surplus)?;
    }
    if let Some(megabytes) = retention.max_mb {
        shrink_to(connection, megabytes.saturating_mul(1 << 20), &mut report)?;
    }
    Ok(report)
}

fn delete_older(connection: &Connection, oldest_ms: u64) -> Result<u64, Fault> {
    let gone = connection.execute(
        "DELETE FROM candidates WHERE seen_ms < ?1 AND id NOT IN (SELECT id FROM kept)",
        [to_sql(oldest_ms)],
    )?;
    Ok(count(gone))
}

/// Goals and runs that are as old and that nothing needs.
fn sweep_unreferenced(connection: &Connection, oldest_ms: u64, report: &mut GcReport) -> Result<(), Fault> {
    let goals = connection.execute(
        "DELETE FROM goals WHERE seen_ms < ?1 AND NOT EXISTS
         (SELECT 1 FROM candidates WHERE candidates.goal = goals.id AND candidates.base = goals.base)",
        [to_sql(oldest_ms)],
    )?;
    let runs = connection.execute(
        "DELETE FROM runs WHERE started_ms < ?1 AND NOT EXISTS (SELECT 1 FROM trials WHERE trials.run = runs.id)",
        [to_sql(oldest_ms)],
    )?;
    connection.execute("DELETE FROM exchanges WHERE at_ms < ?1", [to_sql(oldest_ms)])?;
    report.goals += count(goals);
    report.runs += count(runs);
    Ok(())
}

fn delete_oldest_candidates(connection: &Connection, most: u64) -> Result<u64, Fault> {
    let gone = connection.execute(
        "DELETE FROM candidates WHERE seq IN (SELECT seq FROM candidates
         WHERE id NOT IN (SELECT id FROM kept) ORDER BY seen_ms, seq LIMIT ?1)",
        [to_sql(most)],
    )?;
    Ok(count(gone))
}

/// Deletes in batches, what is cheapest to lose first: caches can be made again, logs are only read by people,
/// rejected candidates save trials.
fn shrink_to(connection: &Connection, limit: u64, report: &mut GcReport) -> Result<(), Fault> {
    while size(connection)? > limit {
        let caches = delete_batch(connection, "caches", "seq")?;
        report.caches += caches;
        if caches > 0 {
            continue;
        }
        let logs = delete_batch(connection, "logs", "rowid")?;
        report.logs += logs;
        if logs > 0 || delete_batch(connection, "exchanges", "seq")? > 0 {
            continue;
        }
        let candidates = delete_oldest_candidates(connection, BATCH)?;
        report.candidates += candidates;
        if candidates == 0 {
            return Ok(());
        }
    }
    Ok(())
}

fn delete_batch(connection: &Connection, table: &str, order: &str) -> Result<u64, Fault> {
    let sql = format!(
        "DELETE FROM {table} WHERE {order} IN (SELECT {order} FROM {table} ORDER BY {order} LIMIT ?1)"
    );
    Ok(count(connection.prepare_cached(&sql)?.execute(params![to_sql(BATCH)])?))
}

/// Bytes in use: pages that hold something.
fn size(connection: &Connection) -> Result<u64, Fault> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let pages = pragma("page_count")? - pragma("freelist_count")?;
    Ok(from_sql(pages).saturating_mul(from_sql(pragma("page_size")?)))
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunLedger;
    use crate::fixtures::{self, try_one};
    use hephaestus_core::{CandidateId, DecisionKind, Ledger, Verdict};
    use std::path::Path;

    fn run_at(registry: &Registry, now_ms: u64) -> RunLedger {
        let run = registry.start_run("forge", Path::new("w"), 0, now_ms).unwrap();
        registry.ledger(run, fixtures::context("c"))
    }

    fn has(registry: &Registry, id: &CandidateId) -> bool {
        registry.get_version(&id.0).unwrap().is_some()
    }

    #[test]
    fn what_is_too_old_goes_with_its_goal_and_run() {
        let registry = Registry::open_in_memory().unwrap();
        let old = try_one(&run_at(&registry, 0), &fixtures::goal("a.py", "x"), "1", Verdict::Failed, None);
        let young =
            try_one(&run_at(&registry, DAY_MS), &fixtures::goal("b.py", "x"), "1", Verdict::Failed, None);
        let retention = Retention { max_age_days: Some(1), ..Retention::default() };
        assert_eq!(
            registry.gc(&retention, DAY_MS).unwrap().candidates,
            0,
            "exactly a day old is not too old"
        );
        let report = registry.gc(&retention, DAY_MS + 1).unwrap();
        assert_eq!((report.candidates, report.goals, report.runs), (1, 1, 1));
        assert!(!has(&registry, &old) && has(&registry, &young));
        assert_eq!(registry.log(10).unwrap().len(), 1);
    }

    #[test]
    fn accepted_and_applied_ones_stay_with_all_they_build_on() {
        let registry = Registry::open_in_memory().unwrap();
        let ledger = run_at(&registry, 0);
        let goal = fixtures::goal("a.py", "x");
        let accepted = try_one(&ledger, &goal, "accepted", Verdict::Passed, Some(true));
        let applied = try_one(&ledger, &goal, "applied", Verdict::Passed, Some(false));
        registry.decide(&applied, DecisionKind::Applied, 1).unwrap();
        let root = fixtures::candidate(&goal, "root");
        let step = fixtures::candidate(&goal, "step").going_on_from(&root);
        for (candidate, accepted) in [(&root, false), (&step, true)] {
            let trial = fixtures::trial(candidate, Verdict::Passed);
            ledger.record_trial(&goal, candidate, &trial, Some(&fixtures::score(accepted, 1.0)));
        }
        let lost = try_one(&ledger, &goal, "lost", Verdict::Failed, None);
        let all = Retention { max_age_days: Some(0), max_rows: Some(0), max_mb: Some(0) };
        let report = registry.gc(&all, 10 * DAY_MS).unwrap();
        assert_eq!((report.candidates, report.goals, report.runs), (1, 0, 0));
        for kept in [&accepted, &applied, &root.id, &step.id] {
            assert!(has(&registry, kept), "{kept}");
        }
        assert!(!has(&registry, &lost));
    }

    #[test]
    fn too_many_rows_go_oldest_first() {
        let registry = Registry::open_in_memory().unwrap();
        let goal = fixtures::goal("a.py", "x");
        let ids: Vec<_> = (0..5)
            .map(|n| try_one(&run_at(&registry, n), &goal, &n.to_string(), Verdict::Failed, None))
            .collect();
        try_one(&run_at(&registry, 9), &goal, "0", Verdict::Failed, None);
        let report = registry.gc(&Retention { max_rows: Some(3), ..Retention::default() }, 10).unwrap();
        assert_eq!(report.candidates, 2);
        let left: Vec<bool> = ids.iter().map(|id| has(&registry, id)).collect();
        assert_eq!(left, [true, false, false, true, true], "the first one was tried again last");
    }

    #[test]
    fn size_is_brought_down_by_what_is_cheapest_to_lose() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(folder.path()).unwrap();
        let ledger = run_at(&registry, 0);
        let id = try_one(&ledger, &fixtures::goal("a.py", "x"), "1", Verdict::Failed, None);
        ledger.put_log(&id, "log").unwrap();
        for n in 0..100 {
            registry.cache_put("n", &n.to_string(), &vec![0; 50_000]).unwrap();
        }
        let report = registry.gc(&Retention { max_mb: Some(2), ..Retention::default() }, 0).unwrap();
        assert!(report.bytes_before > 4 << 20 && report.bytes_after <= 2 << 20, "{report:?}");
        assert_eq!((report.candidates, report.logs, report.vacuumed), (0, 0, true));
        assert_eq!(registry.cache_get("n", "0").unwrap(), None, "the oldest goes first");
        assert!(registry.cache_get("n", "99").unwrap().is_some());
        let on_disk = std::fs::metadata(registry.path()).unwrap().len();
        assert!(on_disk <= 2 << 20, "{on_disk}");
    }

    #[test]
    fn without_limits_nothing_goes() {
        let registry = Registry::open_in_memory().unwrap();
        try_one(&run_at(&registry, 0), &fixtures::goal("a.py", "x"), "1", Verdict::Failed, None);
        let report = registry.gc(&Retention::default(), u64::MAX).unwrap();
        assert_eq!((report.candidates, report.goals, report.runs, report.caches), (0, 0, 0, 0));
    }
}
