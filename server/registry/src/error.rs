//! What can go wrong with the registry, told so that the user knows which file it is about and what to do.

use std::path::{Path, PathBuf};

use hephaestus_core::CandidateId;
use rusqlite::ErrorCode;

/// Why the registry could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file is no database, or its pages are damaged.
    #[error("`{}` is damaged ({reason}); move it away, and a new one is made: it only holds the record of past runs", path.display())]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// SQLite's own words.
        reason: String,
    },
    /// A newer version of the program wrote the file.
    #[error("`{}` has schema {found}, and this version knows {known} at most; update Hephaestus or move the file away", path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The file's schema.
        found: u32,
        /// The newest schema this version knows.
        known: u32,
    },
    /// The folder or file cannot be made or written: read-only, full disk, no permission.
    #[error("`{}` cannot be written ({reason})", path.display())]
    Unwritable {
        /// The folder or file.
        path: PathBuf,
        /// The system's own words.
        reason: String,
    },
    /// Another process kept the file locked for too long.
    #[error("`{}` is locked by another process", path.display())]
    Busy {
        /// The database file.
        path: PathBuf,
    },
    /// Anything else SQLite had to say.
    #[error("`{}`: {reason}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// SQLite's own words.
        reason: String,
    },
    /// A stored record does not read back, e.g. because a newer version wrote it.
    #[error("the stored {what} `{id}` cannot be read: {reason}")]
    Unreadable {
        /// The noun.
        what: &'static str,
        /// Its id.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Several candidates' ids begin with the text that was given.
    #[error("`{prefix}` could be {}", list(matches))]
    Ambiguous {
        /// What was given.
        prefix: String,
        /// The first few it could be.
        matches: Vec<CandidateId>,
    },
    /// No such thing is stored.
    #[error("there is no {what} `{id}` in the registry")]
    Unknown {
        /// The noun.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// A line of an import is malformed; nothing was imported.
    #[error("line {line}: {reason}; nothing was imported")]
    Import {
        /// 1-based.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The reader or writer of an import or export failed.
    #[error("reading or writing the records failed: {0}")]
    Io(#[from] std::io::Error),
}

fn list(matches: &[CandidateId]) -> String {
    matches.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}

/// What the inside of a transaction may fail with, before the file's name is added.
pub(crate) enum Fault {
    /// SQLite said so.
    Sql(rusqlite::Error),
    /// This crate said so.
    Told(RegistryError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<RegistryError> for Fault {
    fn from(error: RegistryError) -> Self {
        Self::Told(error)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Told(error.into())
    }
}

impl Fault {
    /// A record that does not read back.
    pub(crate) fn unreadable(what: &'static str, id: &str, reason: impl ToString) -> Self {
        Self::Told(RegistryError::Unreadable { what, id: id.to_owned(), reason: reason.to_string() })
    }

    /// The error for the caller: about `path`, sorted by what the user can do about it.
    pub(crate) fn about(self, path: &Path) -> RegistryError {
        let error = match self {
            Self::Told(error) => return error,
            Self::Sql(error) => error,
        };
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                RegistryError::Corrupt { path, reason }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => RegistryError::Busy { path },
            Some(
                ErrorCode::ReadOnly
                | ErrorCode::DiskFull
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::SystemIoFailure,
            ) => RegistryError::Unwritable { path, reason },
            _ => RegistryError::Database { path, reason },
        }
    }
}
