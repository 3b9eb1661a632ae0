//! Proofs: an accepted change with everything needed to prove it again, somewhere else, without its engine. Plain data and
//! its text form; reading files and running tests is not done here.

use crate::{Candidate, ContentHash, FileChange, Goal, Limits, Offer, Patch, RelPath};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// What a proof's text says it is.
const FORMAT: &str = "hephaestus-proof";

/// The layout of [`Proof`] that is written, and the newest one that is read.
const VERSION: u32 = 1;

/// A change that was proved, and by what. Its patch is against texts of which the hashes are in [`Proof::files`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// Who wrote it, and in which version.
    pub made_by: String,
    /// When, in milliseconds since the Unix epoch.
    pub made_ms: u64,
    /// The improvements in it, each proved alone and, where there are several, together too.
    pub parts: Vec<Offer>,
    /// All of them as one patch.
    pub patch: Patch,
    /// What takes the patch back, for a workspace in which it was applied.
    pub undo: Patch,
    /// The patch as people read it.
    pub diff: String,
    /// Every source file, test and manifest it was proved among, before the patch.
    pub files: BTreeMap<RelPath, ContentHash>,
    /// The runner's name.
    pub runner: String,
    /// The tests that judged: those that passed before the patch.
    pub tests: BTreeSet<String>,
    /// How often the tests that reach the change had to pass.
    pub stable_runs: u32,
    /// What a directive demanded beyond the gates.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
}

/// Why a text is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It is something else.
    #[error("this is no proof: {0}")]
    NoProof(String),
    /// It was written by a later version.
    #[error("this proof has version {0}; this program reads up to version {VERSION}: update it")]
    TooNew(u32),
    /// It was changed after it was written.
    #[error("this proof was changed after it was made: its checksum is {found}, it says {said}")]
    Changed {
        /// The checksum of what is there.
        found: ContentHash,
        /// The checksum it carries.
        said: ContentHash,
    },
}

/// A proof's text: what it is, and the checksum of the very bytes of the proof in it.
#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    format: String,
    version: u32,
    checksum: ContentHash,
    #[serde(borrow)]
    proof: &'a RawValue,
}

/// What can be said of a proof whose layout may be another one.
#[derive(Deserialize)]
struct Label {
    format: String,
    version: u32,
}

/// Line ends are left out: version control may change them.
fn checksum(proof: &str) -> ContentHash {
    let lines = proof.lines().flat_map(|line| [line, "\n"]).collect::<String>();
    ContentHash::of(lines.as_bytes())
}

impl Proof {
    /// The text: JSON, indented.
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        // Indented once more, as it stands in the envelope: that is what is hashed.
        let text = text.replace('\n', "\n  ");
        let checksum = checksum(&text);
        format!(
            "{{\n  \"format\": \"{FORMAT}\",\n  \"version\": {VERSION},\n  \"checksum\": \"{checksum}\",\n  \"proof\": {text}\n}}\n"
        )
    }

    /// Reads a text.
    ///
    /// # Errors
    /// When it is no proof, is one of a later version, or was changed since it was written.
    pub fn from_text(text: &str) -> Result<Self, ProofError> {
        let no_proof = |error: serde_json::Error| ProofError::NoProof(error.to_string());
        let label: Label = serde_json::from_str(text).map_err(no_proof)?;
        if label.format != FORMAT {
            return Err(ProofError::NoProof(format!("its format is `{}`", label.format)));
        }
        if label.version > VERSION {
            return Err(ProofError::TooNew(label.version));
        }
        let envelope: Envelope<'_> = serde_json::from_str(text).map_err(no_proof)?;
        let found = checksum(envelope.proof.get());
        if found != envelope.checksum {
            return Err(ProofError::Changed { found, said: envelope.checksum });
        }
        serde_json::from_str(envelope.proof.get()).map_err(no_proof)
    }

    /// The goals and candidates in it.
    pub fn claims(&self) -> impl Iterator<Item = (&Goal, &Candidate)> {
        self.parts.iter().map(|offer| (&offer.goal, &offer.candidate))
    }

    /// Compares a workspace with the one it was proved in. `hash_of` tells the hash of a file as it is now; `None` when it
    /// is not there.
    #[must_use]
    pub fn compare(&self, hash_of: impl Fn(&RelPath) -> Option<ContentHash>) -> Likeness {
        let before = |path: &RelPath| self.files.get(path).cloned();
        let after = |path: &RelPath| match self.undo.change(path) {
            Some(FileChange::Edit { base, .. } | FileChange::Delete { base }) => Some(base.clone()),
            Some(FileChange::Create { .. }) | None => None,
        };
        let changed: BTreeSet<&RelPath> = self.patch.paths().collect();
        let is_before = changed.iter().all(|path| hash_of(path) == before(path));
        let is_applied = !is_before && changed.iter().all(|path| hash_of(path) == after(path));
        let mut differences = Vec::new();
        for path in self.files.keys().chain(changed.iter().copied()).collect::<BTreeSet<_>>() {
            let now = hash_of(path);
            if now == before(path) || is_applied && changed.contains(path) {
                continue;
            }
            differences.push(match (now, changed.contains(path)) {
                (None, _) => Departure::Missing(path.clone()),
                (Some(_), true) => Departure::Neither(path.clone()),
                (Some(_), false) => Departure::Changed(path.clone()),
            });
        }
        Likeness { is_applied, is_in_place: is_before || is_applied, differences }
    }
}

/// How a workspace relates to the one a proof was made in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// Whether the files have the patch in them already.
    pub is_applied: bool,
    /// Whether the files that it changes are as they were, or as it leaves them.
    pub is_in_place: bool,
    /// Files that are not as they were.
    pub differences: Vec<Departure>,
}

/// A file that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Departure {
    /// It is not there.
    #[error("{0} is not there")]
    Missing(RelPath),
    /// It is to be changed, and is neither the text before nor the one after.
    #[error("{0} is neither as it was before the change nor as the change leaves it")]
    Neither(RelPath),
    /// It only stood beside.
    #[error("{0} is not what it was when this was proved")]
    Changed(RelPath),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Edit;
    use std::collections::HashMap;

    fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    fn hash(text: &str) -> ContentHash {
        ContentHash::of(text.as_bytes())
    }

    fn proof() -> Proof {
        let (file, old) = (path("a.py"), "x = 1\n");
        let patch = Patch::edit(file.clone(), hash(old), vec![Edit::new(4..5, "2")]).unwrap();
        Proof {
            made_by: "test".to_owned(),
            made_ms: 7,
            parts: vec![],
            undo: patch.invert(|_| Some(old)).unwrap(),
            diff: patch.to_unified(|_| Some(old)).unwrap(),
            patch,
            files: [(file, hash(old)), (path("test_a.py"), hash("test"))].into(),
            runner: "pytest".to_owned(),
            tests: ["test_a.py::test".to_owned()].into(),
            stable_runs: 2,
            limits: Limits::default(),
        }
    }

    #[test]
    fn a_proof_is_read_as_it_was_written_whatever_the_line_ends() {
        let text = proof().to_text();
        assert_eq!(Proof::from_text(&text), Ok(proof()));
        assert_eq!(Proof::from_text(&text.replace('\n', "\r\n")), Ok(proof()));
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn every_changed_byte_of_a_proof_is_noticed() {
        let text = proof().to_text();
        let from = text.find("\"proof\": ").unwrap();
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at) && !text[*at..].starts_with('\n')) {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let read = Proof::from_text(&changed);
            assert!(read.is_err() || at < from && read == Ok(proof()), "byte {at} of\n{changed}");
        }
        let changed = text.replace("\"made_ms\": 7", "\"made_ms\": 8");
        assert!(matches!(Proof::from_text(&changed), Err(ProofError::Changed { .. })));
    }

    #[test]
    fn what_is_no_proof_is_said_to_be_none() {
        for text in ["", "{}", "[]", "null", "{\"format\": \"other\", \"version\": 1}"] {
            assert!(matches!(Proof::from_text(text), Err(ProofError::NoProof(_))), "{text}");
        }
        let newer = proof().to_text().replace("\"version\": 1", "\"version\": 2");
        assert_eq!(Proof::from_text(&newer), Err(ProofError::TooNew(2)));
    }

    #[test]
    fn a_workspace_is_as_before_or_as_after_or_differs() {
        let found = |files: &[(&str, &str)]| {
            let files: HashMap<RelPath, ContentHash> =
                files.iter().map(|(own, text)| (path(own), hash(text))).collect();
            proof().compare(|own| files.get(own).cloned())
        };
        let before = found(&[("a.py", "x = 1\n"), ("test_a.py", "test")]);
        assert_eq!(before, Likeness { is_applied: false, is_in_place: true, differences: vec![] });
        let after = found(&[("a.py", "x = 2\n"), ("test_a.py", "test")]);
        assert_eq!(after, Likeness { is_applied: true, is_in_place: true, differences: vec![] });
        let other = found(&[("a.py", "x = 3\n"), ("test_a.py", "text")]);
        assert!(!other.is_in_place);
        let expected = [Departure::Neither(path("a.py")), Departure::Changed(path("test_a.py"))];
        assert_eq!(other.differences, expected);
        assert_eq!(found(&[("a.py", "x = 1\n")]).differences, [Departure::Missing(path("test_a.py"))]);
    }
}
