//! Proofs as files: each improvement that was proved is written down with what it takes to prove it again. What is in such a
//! file is the business of [`Proof`]; it is checked again in `checking.rs`.

use crate::forging::now_ms;
use crate::memory::MANIFESTS;
use crate::open::Workspace;
use crate::report::ForgeReport;
use hephaestus_core::{ContentHash, Limits, Notice, Offer, Patch, PatchError, Proof, RelPath};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tempfile::NamedTempFile;

mod checking;
mod copying;

pub(crate) use copying::copy_with;

pub use checking::{Checked, Verification, VerifyError, VerifyRequest, verify};

/// How their names end.
const EXTENSION: &str = "proof";

/// Proofs that are kept; the oldest go first.
const MOST_PROOFS: usize = 1000;

/// Files beside the sources that decide what is proved.
const SETTINGS: &[&str] = &["hephaestus.toml", "sgconfig.yml", "sgconfig.yaml"];

/// What all proofs of one runner have in common.
pub(crate) struct Witness<'a> {
    pub(crate) workspace: &'a Workspace,
    /// The runner's name.
    pub(crate) runner: &'a str,
    /// The tests that judge.
    pub(crate) tests: &'a BTreeSet<String>,
    /// What was demanded beyond the gates.
    pub(crate) limits: &'a Limits,
}

impl Witness<'_> {
    /// Writes down what is proved: each of `offers`, and all of them together. What cannot be written is told.
    pub(crate) fn testify(&self, offers: &[Offer], report: &mut ForgeReport) {
        let files = files(self.workspace);
        let folder = self.workspace.state_folder().join("proofs");
        let mut failure = None;
        for offer in offers {
            let written = self.write(&folder, std::slice::from_ref(offer), &files);
            match written {
                Ok(path) => {
                    report.proofs.insert(offer.goal.id.clone(), path);
                }
                Err(error) => failure = Some(error),
            }
        }
        if offers.len() > 1 {
            match self.write(&folder, offers, &files) {
                Ok(path) => report.proofs_together.push(path),
                Err(error) => failure = Some(error),
            }
        }
        if let Some(error) = failure {
            let message = format!("not every proof could be written to {}: {error}", folder.display());
            report.notices.push(Notice { path: None, message });
        }
        prune(&folder);
    }

    /// Writes one proof. Its path, relative to the workspace.
    fn write(
        &self,
        folder: &Path,
        parts: &[Offer],
        files: &BTreeMap<RelPath, ContentHash>,
    ) -> io::Result<PathBuf> {
        let proof = self.proof(parts, files).map_err(io::Error::other)?;
        let name = match parts {
            [only] => only.goal.id.0.clone(),
            _ => format!("together-{}", ContentHash::of(proof.patch.key().as_bytes()).short()),
        };
        fs::create_dir_all(folder)?;
        let mut file = readable_by_all(folder)?;
        file.write_all(proof.to_text().as_bytes())?;
        let place = folder.join(name).with_extension(EXTENSION);
        file.persist(&place).map_err(|error| error.error)?;
        Ok(place.strip_prefix(&self.workspace.root).map(Path::to_owned).unwrap_or(place))
    }

    fn proof(&self, parts: &[Offer], files: &BTreeMap<RelPath, ContentHash>) -> Result<Proof, PatchError> {
        let snapshot = &self.workspace.snapshot;
        let old = |path: &RelPath| snapshot.file(path).map(|file| &*file.text);
        let patch =
            parts.iter().try_fold(Patch::default(), |all, offer| all.merge(&offer.candidate.patch))?;
        Ok(Proof {
            made_by: format!("hephaestus {}", env!("CARGO_PKG_VERSION")),
            made_ms: now_ms(),
            parts: parts.to_vec(),
            undo: patch.invert(old)?,
            diff: patch.to_unified(old)?,
            patch,
            files: files.clone(),
            runner: self.runner.to_owned(),
            tests: self.tests.clone(),
            stable_runs: self.workspace.config.testing.stable_runs,
            limits: self.limits.clone(),
        })
    }
}

/// The hashes of everything that is looked at: sources, tests, manifests and settings.
fn files(workspace: &Workspace) -> BTreeMap<RelPath, ContentHash> {
    let sources = workspace.snapshot.files.values().map(|file| (file.path.clone(), file.hash.clone()));
    let others = MANIFESTS.iter().chain(SETTINGS).filter_map(|name| {
        let path = RelPath::new(name).ok()?;
        Some((path.clone(), hash_of(&workspace.root, &path)?))
    });
    sources.chain(others).collect()
}

/// The hash of a file as it is on disk; `None` where it cannot be read.
fn hash_of(root: &Path, path: &RelPath) -> Option<ContentHash> {
    fs::read(path.under(root)).ok().map(|bytes| ContentHash::of(&bytes))
}

/// A file that others may read, as far as the user lets them: a proof is there to be handed on.
fn readable_by_all(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Deletes the oldest proofs where there are too many. Whatever goes wrong here may go wrong.
fn prune(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut proofs: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == EXTENSION))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    proofs.sort();
    let surplus = proofs.len().saturating_sub(MOST_PROOFS);
    for (_, path) in proofs.iter().take(surplus) {
        let _ = fs::remove_file(path);
    }
}
