//! Logs (compressed text of one trial) and caches (bytes by key, that can always be made again).

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Fault, RegistryError};
use crate::record::{TrialId, exists};
use crate::store::Registry;

impl Registry {
    /// Keeps the full output of a trial, in place of what was kept before.
    ///
    /// # Errors
    /// When there is no such trial, or the database cannot be written.
    pub fn put_log(&self, trial: &TrialId, text: &str) -> Result<(), RegistryError> {
        self.write(|transaction| {
            if !exists(transaction, "trials", &trial.0)? {
                return Err(RegistryError::Unknown { what: "trial", id: trial.0.clone() }.into());
            }
            write_log(transaction, trial, text)
        })
    }

    /// The full output of a trial, where it was kept.
    ///
    /// # Errors
    /// When it does not read back, or the database cannot be read.
    pub fn get_log(&self, trial: &TrialId) -> Result<Option<String>, RegistryError> {
        self.read(|connection| read_log(connection, trial))
    }

    /// Keeps `bytes` under a key of a namespace, in place of what was there.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn cache_put(&self, namespace: &str, key: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        self.write(|transaction| {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO caches (namespace, key, bytes) VALUES (?1, ?2, ?3)")?
                .execute(params![namespace, key, bytes])?;
            Ok(())
        })
    }

    /// What was kept under a key of a namespace, unless [`Registry::gc`] took it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn cache_get(&self, namespace: &str, key: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached("SELECT bytes FROM caches WHERE namespace = ?1 AND key = ?2")?
                .query_row([namespace, key], |row| row.get(0))
                .optional()?)
        })
    }

    /// Keeps many entries of a namespace in one transaction, each in place of what was there.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was kept.
    pub fn cache_put_many(
        &self,
        namespace: &str,
        entries: &[(String, Vec<u8>)],
    ) -> Result<(), RegistryError> {
        if entries.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "INSERT OR REPLACE INTO caches (namespace, key, bytes) VALUES (?1, ?2, ?3)",
            )?;
            for (key, bytes) in entries {
                statement.execute(params![namespace, key, bytes])?;
            }
            Ok(())
        })
    }

    /// What was kept under each of many keys of a namespace, in their order, as of one moment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn cache_get_many(
        &self,
        namespace: &str,
        keys: &[String],
    ) -> Result<Vec<Option<Vec<u8>>>, RegistryError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT bytes FROM caches WHERE namespace = ?1 AND key = ?2")?;
            let get = |key: &String| {
                statement.query_row([namespace, key], |row| row.get(0)).optional().map_err(Fault::from)
            };
            keys.iter().map(get).collect()
        })
    }
}

/// Keeps a log inside a transaction of the caller.
pub(crate) fn write_log(connection: &Connection, trial: &TrialId, text: &str) -> Result<(), Fault> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    let deflated = encoder.finish()?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO logs (trial, deflated) VALUES (?1, ?2)")?
        .execute(params![trial.0, deflated])?;
    Ok(())
}

/// A log inside a transaction of the caller.
pub(crate) fn read_log(connection: &Connection, trial: &TrialId) -> Result<Option<String>, Fault> {
    let deflated: Option<Vec<u8>> = connection
        .prepare_cached("SELECT deflated FROM logs WHERE trial = ?1")?
        .query_row([&trial.0], |row| row.get(0))
        .optional()?;
    let Some(deflated) = deflated else { return Ok(None) };
    let mut text = String::new();
    DeflateDecoder::new(deflated.as_slice())
        .read_to_string(&mut text)
        .map_err(|error| Fault::unreadable("log", &trial.0, error))?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use hephaestus_core::Verdict;
    use std::path::Path;

    fn one_trial() -> (Registry, TrialId) {
        let registry = Registry::open_in_memory().unwrap();
        let run = registry.start_run("forge", Path::new("w"), 0, 10).unwrap();
        let ledger = registry.ledger(run, fixtures::context("c"));
        let id = fixtures::try_one(&ledger, &fixtures::goal("a.py", "x"), "1", Verdict::Failed, None);
        let trial = registry.get_version(&id.0).unwrap().unwrap().trials[0].id.clone();
        (registry, trial)
    }

    #[test]
    fn logs_come_back_and_take_little_room() {
        let (registry, trial) = one_trial();
        assert_eq!(registry.get_log(&trial).unwrap(), None);
        registry.put_log(&trial, "").unwrap();
        assert_eq!(registry.get_log(&trial).unwrap().as_deref(), Some(""));
        let text = "FAILED test_é — assert 1 == 2\n".repeat(10_000);
        registry.put_log(&trial, &text).unwrap();
        assert_eq!(registry.get_log(&trial).unwrap(), Some(text.clone()));
        let bytes: u32 = registry
            .read(|connection| {
                Ok(connection.query_row("SELECT length(deflated) FROM logs", [], |row| row.get(0))?)
            })
            .unwrap();
        assert!(usize::try_from(bytes).unwrap() * 50 < text.len(), "{bytes}");
    }

    #[test]
    fn a_log_needs_its_trial_and_damage_is_told() {
        let (registry, trial) = one_trial();
        assert!(registry.put_log(&TrialId("nope".into()), "x").is_err());
        registry.put_log(&trial, "x").unwrap();
        registry
            .write(|transaction| Ok(transaction.execute_batch("UPDATE logs SET deflated = x'FFFF'")?))
            .unwrap();
        let error = registry.get_log(&trial).unwrap_err();
        assert!(matches!(error, RegistryError::Unreadable { what: "log", .. }), "{error}");
    }

    #[test]
    fn caches_keep_bytes_by_namespace_and_key() {
        let registry = Registry::open_in_memory().unwrap();
        registry.cache_put("baseline", "k", &[0, 255, 1]).unwrap();
        registry.cache_put("other", "k", b"").unwrap();
        registry.cache_put("baseline", "k", b"new").unwrap();
        assert_eq!(registry.cache_get("baseline", "k").unwrap(), Some(b"new".to_vec()));
        assert_eq!(registry.cache_get("other", "k").unwrap(), Some(Vec::new()));
        assert_eq!(registry.cache_get("baseline", "other").unwrap(), None);
    }

    #[test]
    fn many_entries_come_back_in_the_order_of_their_keys() {
        let registry = Registry::open_in_memory().unwrap();
        let entry = |key: &str, bytes: &[u8]| (key.to_owned(), bytes.to_vec());
        registry.cache_put_many("facts", &[entry("a", b"1"), entry("b", b""), entry("a", b"2")]).unwrap();
        registry.cache_put_many("facts", &[]).unwrap();
        let keys = ["b", "nowhere", "a"].map(str::to_owned);
        let found = registry.cache_get_many("facts", &keys).unwrap();
        assert_eq!(found, [Some(Vec::new()), None, Some(b"2".to_vec())]);
        assert_eq!(registry.cache_get_many("other", &keys).unwrap(), [None, None, None]);
        assert_eq!(registry.cache_get("facts", "a").unwrap(), Some(b"2".to_vec()));
    }
}
