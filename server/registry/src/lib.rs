//! The registry: what was tried, what came of it, and what the user did with it, in `.hephaestus/registry.db`.
//!
//! One SQLite file in WAL mode, opened by several processes at once; every write is one transaction, so that a process
//! may die at any moment. This crate must not read a clock (times come in as milliseconds since the Unix epoch), look at
//! source files, or judge anything: it keeps what it is given and finds it again. A forge goes on without it when it
//! cannot be opened or written.

mod blobs;
mod compare;
mod error;
mod exchanges;
mod export;
mod finite;
mod history;
mod import;
mod ledger;
mod record;
mod retention;
mod runs;
mod schema;
mod search;
mod store;
mod versions;

#[cfg(test)]
mod fixtures;

pub use compare::{Comparison, MeasurePair};
pub use error::RegistryError;
pub use history::{KnownCandidate, SeenGoal};
pub use import::ImportReport;
pub use ledger::{LedgerErrors, RunLedger};
pub use record::{RunId, RunSummary, StoredCandidate, StoredTrial, TrialId, VersionSummary};
pub use retention::{GcReport, Retention};
pub use search::{SearchFilter, VersionFilter};
pub use store::Registry;
