//! Whether the tests of a folder may be run, as the user said once and for all. Remembered per folder in the user's own
//! state folder, never in the workspace, which could otherwise vouch for itself.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What is known about one folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Trust {
    /// Its tests may be run.
    Trusted,
    /// They may not.
    Untrusted,
}

/// The file with the answers.
#[derive(Debug, Clone)]
pub(crate) struct TrustFile {
    path: Option<PathBuf>,
}

impl TrustFile {
    /// The user's file; without a home there is none, and nothing is remembered.
    pub(crate) fn of_user() -> Self {
        Self { path: state_folder().map(|folder| folder.join("trust.json")) }
    }

    /// What the user said about `root`.
    pub(crate) fn get(&self, root: &Path) -> Option<Trust> {
        self.read().get(root).copied()
    }

    /// Remembers what the user said. What cannot be written is asked again next time.
    pub(crate) fn put(&self, root: &Path, trust: Trust) {
        let Some(path) = &self.path else { return };
        let mut all = self.read();
        all.insert(root.to_owned(), trust);
        let written = serde_json::to_vec_pretty(&all).map_err(std::io::Error::other).and_then(|json| {
            let folder = path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder)?;
            // Several servers may write at once: each writes a file of its own, the last rename wins.
            let own = folder.join(format!("trust.{}.json", std::process::id()));
            fs::write(&own, json)?;
            fs::rename(&own, path)
        });
        if let Err(error) = written {
            tracing::warn!("the answer about trust is not remembered: {}: {error}", path.display());
        }
    }

    fn read(&self) -> BTreeMap<PathBuf, Trust> {
        let text = self.path.as_ref().and_then(|path| fs::read(path).ok()).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }
}

/// Where what belongs to the user and to no workspace is kept.
pub(crate) fn state_folder() -> Option<PathBuf> {
    dirs::state_dir().or_else(dirs::data_local_dir).map(|folder| folder.join("hephaestus"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_by_folder_and_rubbish_counts_as_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/trust.json");
        let file = TrustFile { path: Some(path.clone()) };
        assert_eq!(file.get(Path::new("/w")), None);
        file.put(Path::new("/w"), Trust::Trusted);
        file.put(Path::new("/v"), Trust::Untrusted);
        assert_eq!(file.get(Path::new("/w")), Some(Trust::Trusted));
        assert_eq!(file.get(Path::new("/v")), Some(Trust::Untrusted));
        assert_eq!(file.get(Path::new("/w/sub")), None, "trust is not inherited");
        fs::write(path, "{rubbish").unwrap();
        assert_eq!(file.get(Path::new("/w")), None);
    }
}
