//! The tables, and the steps that lead from each schema version to the next.
//!
//! A step is never changed once a release has shipped it; a change is a new step at the end of [`STEPS`].

use rusqlite::{Connection, TransactionBehavior};

use crate::error::Fault;

/// Step `n` (from 0) leads from schema version `n` to `n + 1`.
pub(crate) const STEPS: &[&str] = &[VERSION_1, EXCHANGES];

/// Nouns as JSON, with the columns beside it that are searched or joined. `seq` is the order of writing; ids are text so
/// that records of several databases can be brought together.
const VERSION_1: &str = "
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    command TEXT NOT NULL,
    root TEXT NOT NULL,
    seed TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    goals INTEGER NOT NULL DEFAULT 0,
    stats TEXT
) STRICT;
CREATE TABLE goals (
    id TEXT NOT NULL,
    base TEXT NOT NULL,
    kind TEXT NOT NULL,
    rule TEXT NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    symbol TEXT,
    message TEXT NOT NULL,
    seen_ms INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (id, base)
) STRICT;
CREATE TABLE candidates (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    goal TEXT NOT NULL,
    base TEXT NOT NULL,
    engine TEXT NOT NULL,
    operators TEXT NOT NULL,
    parent TEXT,
    diff TEXT,
    seen_ms INTEGER NOT NULL,
    json TEXT NOT NULL,
    FOREIGN KEY (goal, base) REFERENCES goals (id, base)
) STRICT;
CREATE INDEX candidates_goal ON candidates (goal, base);
CREATE TABLE trials (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    run TEXT NOT NULL REFERENCES runs (id),
    candidate TEXT NOT NULL REFERENCES candidates (id) ON DELETE CASCADE,
    goal TEXT NOT NULL,
    base TEXT NOT NULL,
    context TEXT NOT NULL,
    verdict TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    json TEXT NOT NULL
) STRICT;
CREATE INDEX trials_candidate ON trials (candidate);
CREATE INDEX trials_run ON trials (run);
CREATE INDEX trials_goal ON trials (goal, base, context);
CREATE TABLE scores (
    trial TEXT PRIMARY KEY REFERENCES trials (id) ON DELETE CASCADE,
    accepted INTEGER NOT NULL,
    target_met INTEGER NOT NULL,
    weighted REAL NOT NULL,
    json TEXT NOT NULL
) STRICT;
CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    candidate TEXT NOT NULL REFERENCES candidates (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (candidate, kind, at_ms)
) STRICT;
CREATE TABLE logs (
    trial TEXT PRIMARY KEY REFERENCES trials (id) ON DELETE CASCADE,
    deflated BLOB NOT NULL
) STRICT;
CREATE TABLE caches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (namespace, key)
) STRICT;
";

/// What was said to language models. Not exported: it is the record of one machine.
const EXCHANGES: &str = "
CREATE TABLE exchanges (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    run TEXT NOT NULL,
    goal TEXT NOT NULL,
    model TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    json TEXT NOT NULL
) STRICT;
";

/// The version that the last of `steps` leads to.
pub(crate) fn newest(steps: &[&str]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

/// The version of an open database; 0 for an empty file.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Takes the database to the newest of `steps`, all in one transaction: either it is there afterwards, or nothing changed.
pub(crate) fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), Fault> {
    if version(connection)? == newest(steps) {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Asked again under the lock: another process may have migrated in the meantime.
    let from = usize::try_from(version(&transaction)?).unwrap_or(usize::MAX);
    for step in steps.iter().skip(from) {
        transaction.execute_batch(step)?;
    }
    if from < steps.len() {
        transaction.pragma_update(None, "user_version", newest(steps))?;
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE_RUN: &str =
        "INSERT INTO runs (id, command, root, seed, started_ms) VALUES ('r1', 'forge', 'root', '7', 5)";

    fn at_version(version: usize, steps: &[&str]) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(migrate(&mut connection, &steps[..version]).is_ok());
        connection
    }

    fn run_ids(connection: &Connection) -> Vec<String> {
        let mut statement = connection.prepare("SELECT id FROM runs").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn every_older_version_reaches_the_newest_and_keeps_its_rows() {
        for old in 1..=STEPS.len() {
            let mut connection = at_version(old, STEPS);
            connection.execute_batch(SAMPLE_RUN).unwrap();
            assert!(migrate(&mut connection, STEPS).is_ok());
            assert_eq!(version(&connection).unwrap(), newest(STEPS));
            assert_eq!(run_ids(&connection), ["r1"]);
        }
    }

    #[test]
    fn a_later_step_runs_once_and_keeps_the_rows() {
        let longer = [VERSION_1, "ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT 'none'"];
        let mut connection = at_version(1, &longer);
        connection.execute_batch(SAMPLE_RUN).unwrap();
        assert!(migrate(&mut connection, &longer).is_ok());
        assert!(migrate(&mut connection, &longer).is_ok(), "a second time must change nothing");
        assert_eq!(version(&connection).unwrap(), 2);
        let note: String = connection.query_row("SELECT note FROM runs", [], |row| row.get(0)).unwrap();
        assert_eq!(note, "none");
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_version_whole() {
        let broken = [VERSION_1, "ALTER TABLE runs ADD COLUMN note TEXT; INSERT INTO nowhere VALUES (1)"];
        let mut connection = at_version(1, &broken);
        connection.execute_batch(SAMPLE_RUN).unwrap();
        assert!(migrate(&mut connection, &broken).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        assert_eq!(run_ids(&connection), ["r1"]);
        assert!(connection.prepare("SELECT note FROM runs").is_err());
    }
}
