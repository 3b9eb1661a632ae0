//! Patches: changes to one or more files, as sorted disjoint edits against texts known by hash.
//!
//! A patch never touches the disk; whoever writes files asks it for the new texts.

use crate::{ByteRange, ContentHash, RelPath};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Replace the bytes of `range` by `text`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Edit {
    /// What goes, in bytes of the base text.
    pub range: ByteRange,
    /// What comes.
    pub text: String,
}

impl Edit {
    /// An edit.
    #[must_use]
    pub fn new(range: impl Into<ByteRange>, text: impl Into<String>) -> Self {
        Self { range: range.into(), text: text.into() }
    }
}

/// What happens to one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FileChange {
    /// Edits of an existing text: sorted, disjoint, at least one.
    Edit {
        /// The text they apply to.
        base: ContentHash,
        /// The edits.
        edits: Vec<Edit>,
    },
    /// A new file.
    Create {
        /// Its text.
        text: String,
    },
    /// The file goes.
    Delete {
        /// The text that goes.
        base: ContentHash,
    },
}

/// Why a patch cannot be made, moved or applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// Two edits touch the same bytes, or two changes the same file in ways that cannot both hold.
    #[error("two changes of `{0}` overlap")]
    Overlap(RelPath),
    /// The text is not the one the patch was made for.
    #[error("`{0}` has changed since the patch was made")]
    BaseChanged(RelPath),
    /// A range lies outside the text or inside a character.
    #[error("an edit of `{0}` does not fit its text")]
    OutOfBounds(RelPath),
    /// The file is not there.
    #[error("`{0}` does not exist")]
    Missing(RelPath),
    /// The file to be created is there.
    #[error("`{0}` exists already")]
    Exists(RelPath),
}

/// Changes to files, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patch {
    files: BTreeMap<RelPath, FileChange>,
}

impl Patch {
    /// A patch of one file. The edits may come in any order.
    ///
    /// # Errors
    /// When two edits overlap, or two insertions stand at the same place (their order would be a guess).
    pub fn edit(path: RelPath, base: ContentHash, mut edits: Vec<Edit>) -> Result<Self, PatchError> {
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        if !are_disjoint(&edits) {
            return Err(PatchError::Overlap(path));
        }
        let files = if edits.is_empty() {
            BTreeMap::new()
        } else {
            BTreeMap::from([(path, FileChange::Edit { base, edits })])
        };
        Ok(Self { files })
    }

    /// A patch that creates a file.
    #[must_use]
    pub fn create(path: RelPath, text: impl Into<String>) -> Self {
        Self { files: BTreeMap::from([(path, FileChange::Create { text: text.into() })]) }
    }

    /// A patch that deletes a file.
    #[must_use]
    pub fn delete(path: RelPath, base: ContentHash) -> Self {
        Self { files: BTreeMap::from([(path, FileChange::Delete { base })]) }
    }

    /// The patch that turns `old` into `new`, as line-wise edits. Empty when they are equal.
    #[must_use]
    pub fn between(path: RelPath, old: &str, new: &str) -> Self {
        let edits = crate::unified::line_edits(old, new);
        if edits.is_empty() {
            return Self::default();
        }
        let change = FileChange::Edit { base: ContentHash::of(old.as_bytes()), edits };
        Self { files: BTreeMap::from([(path, change)]) }
    }

    /// The changes, by path.
    pub fn files(&self) -> impl Iterator<Item = (&RelPath, &FileChange)> {
        self.files.iter()
    }

    /// The paths it touches.
    pub fn paths(&self) -> impl Iterator<Item = &RelPath> {
        self.files.keys()
    }

    /// What it does to `path`.
    #[must_use]
    pub fn change(&self, path: &RelPath) -> Option<&FileChange> {
        self.files.get(path)
    }

    /// The edits of `path`; `None` where it does something else to it, or nothing.
    #[must_use]
    pub fn edits(&self, path: &RelPath) -> Option<&[Edit]> {
        match self.files.get(path)? {
            FileChange::Edit { edits, .. } => Some(edits),
            FileChange::Create { .. } | FileChange::Delete { .. } => None,
        }
    }

    /// What it does to the files that `wanted` wants.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(&RelPath) -> bool) -> Self {
        let files = self.files.iter().filter(|(path, _)| wanted(path));
        Self { files: files.map(|(path, change)| (path.clone(), change.clone())).collect() }
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// A text that is equal for equal patches only; hashed into ids.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = String::new();
        for (path, change) in &self.files {
            key.push_str(path.as_str());
            match change {
                FileChange::Edit { base, edits } => {
                    key.push_str(base.as_str());
                    for edit in edits {
                        let length = edit.text.len();
                        key.push_str(&format!(
                            "@{}-{}+{length}:{}",
                            edit.range.start, edit.range.end, edit.text
                        ));
                    }
                }
                FileChange::Create { text } => key.push_str(&format!("+{}:{text}", text.len())),
                FileChange::Delete { base } => key.push_str(&format!("-{base}")),
            }
            key.push('\n');
        }
        key
    }

    /// The new text of `path`, given its old one (`None` where there is no file). `Ok(None)` means: the file is gone.
    /// A path the patch does not mention keeps its text.
    ///
    /// # Errors
    /// When the old text is not the one the patch was made for, or an edit does not fit it.
    pub fn apply_to(&self, path: &RelPath, old: Option<&str>) -> Result<Option<String>, PatchError> {
        match (self.files.get(path), old) {
            (None, old) => Ok(old.map(str::to_owned)),
            (Some(FileChange::Create { text }), None) => Ok(Some(text.clone())),
            (Some(FileChange::Create { .. }), Some(_)) => Err(PatchError::Exists(path.clone())),
            (Some(_), None) => Err(PatchError::Missing(path.clone())),
            (Some(FileChange::Delete { base }), Some(old)) => {
                check_base(path, base, old)?;
                Ok(None)
            }
            (Some(FileChange::Edit { base, edits }), Some(old)) => {
                check_base(path, base, old)?;
                splice(old, edits).map(Some).ok_or_else(|| PatchError::OutOfBounds(path.clone()))
            }
        }
    }

    /// The patch that takes this one back. `old` gives the text of a path before this patch.
    ///
    /// # Errors
    /// As [`Patch::apply_to`].
    pub fn invert<'a>(&self, old: impl Fn(&RelPath) -> Option<&'a str>) -> Result<Self, PatchError> {
        let mut files = BTreeMap::new();
        for (path, change) in &self.files {
            let before = old(path);
            let after = self.apply_to(path, before)?;
            let inverse = match (change, before, after) {
                (FileChange::Edit { edits, .. }, Some(before), Some(after)) => FileChange::Edit {
                    base: ContentHash::of(after.as_bytes()),
                    edits: inverse_edits(edits, before),
                },
                (FileChange::Delete { .. }, Some(before), _) => {
                    FileChange::Create { text: before.to_owned() }
                }
                (FileChange::Create { text }, _, _) => {
                    FileChange::Delete { base: ContentHash::of(text.as_bytes()) }
                }
                _ => return Err(PatchError::Missing(path.clone())),
            };
            files.insert(path.clone(), inverse);
        }
        Ok(Self { files })
    }

    /// This patch, moved onto the texts that `earlier` leaves behind. Both were made for the same texts.
    /// `new_base` gives the hash of a path's text after `earlier`.
    ///
    /// # Errors
    /// When the two touch the same bytes of a file, or one of them creates or deletes a file the other changes.
    pub fn rebase(
        &self,
        earlier: &Self,
        new_base: impl Fn(&RelPath) -> Option<ContentHash>,
    ) -> Result<Self, PatchError> {
        let mut files = BTreeMap::new();
        for (path, change) in &self.files {
            let moved = match (change, earlier.files.get(path)) {
                (change, None) => change.clone(),
                (FileChange::Edit { base, edits }, Some(FileChange::Edit { base: other, edits: done }))
                    if base == other =>
                {
                    let edits = shift(edits, done).ok_or_else(|| PatchError::Overlap(path.clone()))?;
                    let base = new_base(path).ok_or_else(|| PatchError::Missing(path.clone()))?;
                    FileChange::Edit { base, edits }
                }
                _ => return Err(PatchError::Overlap(path.clone())),
            };
            files.insert(path.clone(), moved);
        }
        Ok(Self { files })
    }

    /// Both patches at once. Both were made for the same texts.
    ///
    /// # Errors
    /// When they touch the same bytes, or one creates or deletes a file the other touches.
    pub fn merge(&self, other: &Self) -> Result<Self, PatchError> {
        let mut files = self.files.clone();
        for (path, change) in &other.files {
            let merged = match (files.get(path), change) {
                (None, change) => change.clone(),
                (Some(FileChange::Edit { base, edits }), FileChange::Edit { base: other, edits: more })
                    if base == other =>
                {
                    let mut edits: Vec<Edit> = edits.iter().chain(more).cloned().collect();
                    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
                    if !are_disjoint(&edits) {
                        return Err(PatchError::Overlap(path.clone()));
                    }
                    FileChange::Edit { base: base.clone(), edits }
                }
                _ => return Err(PatchError::Overlap(path.clone())),
            };
            files.insert(path.clone(), merged);
        }
        Ok(Self { files })
    }

    /// The patch as a unified diff with `a/` and `b/` prefixes, as `patch -p1` takes it. `old` gives the text of a path
    /// before the patch.
    ///
    /// # Errors
    /// As [`Patch::apply_to`].
    pub fn to_unified<'a>(&self, old: impl Fn(&RelPath) -> Option<&'a str>) -> Result<String, PatchError> {
        let mut diff = String::new();
        for path in self.files.keys() {
            let before = old(path);
            let after = self.apply_to(path, before)?;
            diff.push_str(&crate::unified::file_diff(path, before, after.as_deref()));
        }
        Ok(diff)
    }

    /// Lines removed plus lines added, counted as a diff shows them.
    #[must_use]
    pub fn changed_lines<'a>(&self, old: impl Fn(&RelPath) -> Option<&'a str>) -> usize {
        self.to_unified(old).map_or(0, |diff| {
            diff.lines()
                .filter(|line| {
                    (line.starts_with('+') && !line.starts_with("+++"))
                        || (line.starts_with('-') && !line.starts_with("---"))
                })
                .count()
        })
    }
}

fn check_base(path: &RelPath, base: &ContentHash, old: &str) -> Result<(), PatchError> {
    if ContentHash::of(old.as_bytes()) == *base { Ok(()) } else { Err(PatchError::BaseChanged(path.clone())) }
}

/// Sorted edits are disjoint when each starts at or after the end of the one before, and no two of them insert at one place.
fn are_disjoint(sorted: &[Edit]) -> bool {
    sorted
        .iter()
        .zip(sorted.iter().skip(1))
        .all(|(left, right)| left.range.end <= right.range.start && left.range.start != right.range.start)
}

fn splice(old: &str, edits: &[Edit]) -> Option<String> {
    let mut new = String::with_capacity(old.len());
    let mut at = 0;
    for edit in edits {
        new.push_str(old.get(at..edit.range.start)?);
        new.push_str(&edit.text);
        at = edit.range.end;
    }
    new.push_str(old.get(at..)?);
    Some(new)
}

fn inverse_edits(edits: &[Edit], before: &str) -> Vec<Edit> {
    let mut inverse = Vec::with_capacity(edits.len());
    let (mut removed, mut added) = (0, 0);
    for edit in edits {
        let start = edit.range.start + added - removed;
        let range = ByteRange::new(start, start + edit.text.len());
        inverse.push(Edit { range, text: edit.range.slice(before).unwrap_or_default().to_owned() });
        removed += edit.range.len();
        added += edit.text.len();
    }
    inverse
}

/// Moves `edits` across `done` (both against the same text). `None` when they touch.
fn shift(edits: &[Edit], done: &[Edit]) -> Option<Vec<Edit>> {
    let mut moved = Vec::with_capacity(edits.len());
    for edit in edits {
        let (mut removed, mut added) = (0, 0);
        for earlier in done {
            let touches = edit.range.overlaps(earlier.range) || edit.range.start == earlier.range.start;
            if touches {
                return None;
            }
            if earlier.range.end <= edit.range.start {
                removed += earlier.range.len();
                added += earlier.text.len();
            }
        }
        let start = edit.range.start + added - removed;
        moved.push(Edit { range: ByteRange::new(start, start + edit.range.len()), text: edit.text.clone() });
    }
    Some(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> RelPath {
        RelPath::new("a.py").unwrap()
    }

    fn patch(old: &str, edits: &[(usize, usize, &str)]) -> Patch {
        let edits = edits.iter().map(|(start, end, text)| Edit::new(*start..*end, *text)).collect();
        Patch::edit(path(), ContentHash::of(old.as_bytes()), edits).unwrap()
    }

    fn applied(patch: &Patch, old: &str) -> String {
        patch.apply_to(&path(), Some(old)).unwrap().unwrap()
    }

    #[test]
    fn edits_apply_in_any_given_order() {
        assert_eq!(
            applied(&patch("hello world", &[(6, 11, "moon"), (0, 5, "bye")]), "hello world"),
            "bye moon"
        );
    }

    #[test]
    fn overlapping_edits_are_refused() {
        let base = ContentHash::of(b"hello");
        let edits = vec![Edit::new(0..3, "x"), Edit::new(2..4, "y")];
        assert_eq!(Patch::edit(path(), base.clone(), edits), Err(PatchError::Overlap(path())));
        let twins = vec![Edit::new(1..1, "x"), Edit::new(1..1, "y")];
        assert_eq!(Patch::edit(path(), base, twins), Err(PatchError::Overlap(path())));
    }

    #[test]
    fn a_changed_base_is_noticed() {
        assert_eq!(
            patch("old", &[(0, 1, "O")]).apply_to(&path(), Some("new")),
            Err(PatchError::BaseChanged(path()))
        );
    }

    #[test]
    fn ranges_inside_a_character_do_not_panic() {
        assert_eq!(
            patch("é", &[(1, 2, "x")]).apply_to(&path(), Some("é")),
            Err(PatchError::OutOfBounds(path()))
        );
    }

    #[test]
    fn inverse_restores_the_text() {
        let old = "one two three four";
        let patch = patch(old, &[(0, 3, "1"), (8, 13, "3333333"), (18, 18, "!")]);
        let new = applied(&patch, old);
        let back = patch.invert(|_| Some(old)).unwrap();
        assert_eq!(applied(&back, &new), old);
    }

    #[test]
    fn create_and_delete_are_each_others_inverse() {
        let create = Patch::create(path(), "x\n");
        let delete = create.invert(|_| None).unwrap();
        assert_eq!(delete.apply_to(&path(), Some("x\n")), Ok(None));
        let again = delete.invert(|_| Some("x\n")).unwrap();
        assert_eq!(again, create);
    }

    #[test]
    fn rebase_equals_merge() {
        let old = "aaaa bbbb cccc";
        let first = patch(old, &[(0, 4, "A"), (10, 14, "CCCCCC")]);
        let second = patch(old, &[(5, 9, "B")]);
        let after_first = applied(&first, old);
        let moved = second.rebase(&first, |_| Some(ContentHash::of(after_first.as_bytes()))).unwrap();
        let merged = first.merge(&second).unwrap();
        assert_eq!(applied(&moved, &after_first), "A B CCCCCC");
        assert_eq!(applied(&merged, old), "A B CCCCCC");
        assert!(first.merge(&patch(old, &[(3, 6, "x")])).is_err());
        assert!(patch(old, &[(3, 6, "x")]).rebase(&first, |_| None).is_err());
    }

    #[test]
    fn between_finds_line_edits() {
        let (old, new) = ("a\nb\nc\n", "a\nB\nc\nd\n");
        let patch = Patch::between(path(), old, new);
        assert_eq!(applied(&patch, old), new);
        assert_eq!(patch.changed_lines(|_| Some(old)), 3);
        assert!(Patch::between(path(), old, old).is_empty());
    }

    #[test]
    fn seeded_random_edits_round_trip() {
        let mut state = 7_u64;
        let mut next = move |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % bound
        };
        for _ in 0..500 {
            let old: String = (0..40).map(|_| ["a", "é", "\r\n", "😀", "\n"][next(5)]).collect();
            let borders: Vec<usize> = (0..=old.len()).filter(|at| old.is_char_boundary(*at)).collect();
            let mut cuts: Vec<usize> = (0..6).map(|_| borders[next(borders.len())]).collect();
            cuts.sort_unstable();
            cuts.dedup();
            let edits =
                cuts.chunks_exact(2).map(|pair| Edit::new(pair[0]..pair[1], "x".repeat(next(4)))).collect();
            let patch = Patch::edit(path(), ContentHash::of(old.as_bytes()), edits).unwrap();
            let new = patch.apply_to(&path(), Some(&old)).unwrap().unwrap();
            let back = patch.invert(|_| Some(&old)).unwrap();
            assert_eq!(back.apply_to(&path(), Some(&new)).unwrap().unwrap(), old);
        }
    }
}
