//! The open database: where the file lies, how it is locked, and the two ways in (one read, one write transaction).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::error::{Fault, RegistryError};
use crate::schema;

const FILE_NAME: &str = "registry.db";

/// How long a writer waits for another process' writer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The record of past runs. Cheap to clone: all clones share one connection.
#[derive(Clone, Debug)]
pub struct Registry {
    store: Arc<Store>,
}

#[derive(Debug)]
struct Store {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Registry {
    /// Opens, and where needed creates or migrates, the registry in `folder` (a workspace's `.hephaestus`). The folder is
    /// created with a `.gitignore` that keeps all of it out of version control.
    ///
    /// # Errors
    /// When the folder or file cannot be written, the file is damaged or no database, a newer version wrote it, or another
    /// process keeps it locked. The caller can go on with [`Registry::open_in_memory`].
    pub fn open(folder: &Path) -> Result<Self, RegistryError> {
        Self::prepare_folder(folder).map_err(|error| RegistryError::Unwritable {
            path: folder.to_owned(),
            reason: error.to_string(),
        })?;
        let path = folder.join(FILE_NAME);
        let opened =
            Connection::open(&path).map_err(Fault::from).and_then(|connection| prepare(connection, &path));
        match opened {
            Ok(connection) => Ok(Self::over(path, connection)),
            Err(fault) => Err(fault.about(&path)),
        }
    }

    /// Creates `folder` (a workspace's `.hephaestus`) with a `.gitignore` that keeps all of it out of version control.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn prepare_folder(folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let ignore = folder.join(".gitignore");
        // Empty counts as missing: the process may have died between creating and writing it.
        if fs::metadata(&ignore).map_or(true, |meta| meta.len() == 0) {
            fs::write(&ignore, "*\n")?;
        }
        Ok(())
    }

    /// A registry that is gone with its last clone: for tests, and for going on where no file can be written.
    ///
    /// # Errors
    /// When SQLite cannot be set up at all (out of memory).
    pub fn open_in_memory() -> Result<Self, RegistryError> {
        let path = PathBuf::from(":memory:");
        let opened = Connection::open_in_memory()
            .map_err(Fault::from)
            .and_then(|connection| prepare(connection, &path));
        match opened {
            Ok(connection) => Ok(Self::over(path, connection)),
            Err(fault) => Err(fault.about(&path)),
        }
    }

    /// The database file; `:memory:` where there is none.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.store.path
    }

    fn over(path: PathBuf, connection: Connection) -> Self {
        Self { store: Arc::new(Store { path, connection: Mutex::new(connection) }) }
    }

    /// Runs `work` in one read transaction: all of its queries see the same moment.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, RegistryError> {
        self.transact(TransactionBehavior::Deferred, |transaction| work(transaction))
    }

    /// Runs `work` in one write transaction: all of it happens, or nothing. The lock is taken at the start, because a read
    /// lock that turns into a write lock half-way fails at once when another process has written in between.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, RegistryError> {
        self.transact(TransactionBehavior::Immediate, work)
    }

    /// Runs `work` outside any transaction, for what SQLite refuses inside one.
    pub(crate) fn bare<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, RegistryError> {
        // A panic in another thread rolled its transaction back; the connection itself is sound.
        let connection = self.store.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&connection).map_err(|fault| fault.about(&self.store.path))
    }

    fn transact<T>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, RegistryError> {
        self.bare(|connection| {
            let transaction = Transaction::new_unchecked(connection, behavior)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
    }
}

fn prepare(mut connection: Connection, path: &Path) -> Result<Connection, Fault> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let (found, known) = (schema::version(&connection)?, schema::newest(schema::STEPS));
    if found > known {
        return Err(RegistryError::Newer { path: path.to_owned(), found, known }.into());
    }
    enter_wal_mode(&connection)?;
    // NORMAL: a killed process loses nothing, a power cut at most the last transactions, and never the file.
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;",
    )?;
    schema::migrate(&mut connection, schema::STEPS)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Switches to the write-ahead log. SQLite does not wait for the lock this needs, so two processes that create the file
/// at once would see each other as busy; hence the retries. A file system without shared memory keeps its old mode.
fn enter_wal_mode(connection: &Connection) -> Result<(), Fault> {
    let mut patience = BUSY_TIMEOUT;
    let pause = Duration::from_millis(10);
    loop {
        let mode: rusqlite::Result<String> =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match mode {
            Ok(_) => return Ok(()),
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && !patience.is_zero() =>
            {
                patience = patience.saturating_sub(pause);
                thread::sleep(pause);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn opened_over(bytes: &[u8]) -> (tempfile::TempDir, Result<Registry, RegistryError>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), bytes).unwrap();
        let registry = Registry::open(folder.path());
        (folder, registry)
    }

    #[test]
    fn opening_creates_a_folder_that_git_ignores() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/.hephaestus");
        Registry::open(&folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join(".gitignore")).unwrap(), "*\n");
        fs::write(folder.join(".gitignore"), "mine\n").unwrap();
        Registry::open(&folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join(".gitignore")).unwrap(), "mine\n");
    }

    #[test]
    fn the_file_is_in_wal_mode_with_foreign_keys() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(folder.path()).unwrap();
        let (mode, keys) = registry
            .bare(|connection| {
                let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
                let keys: bool = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
                Ok((mode, keys))
            })
            .unwrap();
        assert_eq!((mode.as_str(), keys), ("wal", true));
    }

    #[test]
    fn a_file_that_is_no_database_is_named_with_what_to_do() {
        let (folder, registry) = opened_over(&[b'x'; 5000]);
        let error = registry.unwrap_err();
        assert!(matches!(error, RegistryError::Corrupt { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(&folder.path().join(FILE_NAME).display().to_string()), "{text}");
        assert!(text.contains("move it away"), "{text}");
    }

    #[test]
    fn damaged_pages_are_told_as_damage_when_they_are_met() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(folder.path()).unwrap();
        registry
            .bare(|connection| Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?))
            .unwrap();
        drop(registry);
        let file = folder.path().join(FILE_NAME);
        let mut bytes = fs::read(&file).unwrap();
        bytes[100..].fill(0xAA);
        fs::write(&file, bytes).unwrap();
        let error = Registry::open(folder.path()).and_then(|registry| registry.log(1)).unwrap_err();
        assert!(matches!(error, RegistryError::Corrupt { .. }), "{error}");
    }

    #[test]
    fn a_newer_schema_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(Registry::open(folder.path()).unwrap());
        let file = folder.path().join(FILE_NAME);
        Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let error = Registry::open(folder.path()).unwrap_err();
        assert!(matches!(error, RegistryError::Newer { found: 99, .. }), "{error}");
        assert_eq!(schema::version(&Connection::open(&file).unwrap()).unwrap(), 99);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_and_memory_still_works() {
        let parent = tempfile::tempdir().unwrap();
        let blocked = parent.path().join("file");
        fs::write(&blocked, "").unwrap();
        let error = Registry::open(&blocked.join(".hephaestus")).unwrap_err();
        assert!(matches!(error, RegistryError::Unwritable { .. }), "{error}");
        assert!(Registry::open_in_memory().unwrap().log(10).unwrap().is_empty());
    }

    #[test]
    fn a_full_disk_is_an_error_and_what_was_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(folder.path()).unwrap();
        let run = registry.start_run("forge", Path::new("root"), 1, 1).unwrap();
        registry
            .bare(|connection| {
                let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
                connection.pragma_update(None, "max_page_count", pages)?;
                Ok(())
            })
            .unwrap();
        let error = registry.cache_put("n", "k", &vec![7; 1 << 20]).unwrap_err();
        assert!(matches!(error, RegistryError::Unwritable { .. }), "{error}");
        assert_eq!(registry.log(10).unwrap()[0].id, run);
    }

    #[test]
    fn a_read_only_database_is_an_error_the_ledger_survives() {
        let registry = Registry::open_in_memory().unwrap();
        let run = registry.start_run("forge", Path::new("root"), 1, 1).unwrap();
        registry.bare(|connection| Ok(connection.pragma_update(None, "query_only", true)?)).unwrap();
        let error = registry.start_run("forge", Path::new("root"), 1, 1).unwrap_err();
        assert!(matches!(error, RegistryError::Unwritable { .. }), "{error}");
        let ledger = registry.ledger(run, fixtures::context("c"));
        hephaestus_core::Ledger::record_goal(&ledger, &fixtures::goal("a.py", "x"));
        assert_eq!(ledger.errors().count, 1);
    }

    #[test]
    fn failed_work_leaves_nothing_behind() {
        let registry = Registry::open_in_memory().unwrap();
        let failed = registry.write(|transaction| {
            transaction
                .execute_batch("INSERT INTO caches (namespace, key, bytes) VALUES ('n', 'k', x'00')")?;
            Err::<(), _>(Fault::unreadable("thing", "id", "because"))
        });
        assert!(failed.is_err());
        assert_eq!(registry.cache_get("n", "k").unwrap(), None);
    }
}
