//! Improvements that hold: what is offered for which file, whether the text is still the one they were proved on, and
//! what became of them, as seen from the text.

use hephaestus_core::{
    CandidateId, ContentHash, DecisionKind, FileChange, GoalId, GoalKind, Offer, Patch, RelPath,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// An improvement that was proved.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// Goal, candidate, trial and score.
    pub(crate) offer: Offer,
    /// When it was proved, in milliseconds since the epoch, if that was in an earlier session: other files may have
    /// changed since, which nobody has seen.
    pub(crate) earlier: Option<u64>,
    /// The same change, moved to texts that differ from the proved one by nothing but others that hold together with it.
    pub(crate) moved: Vec<Patch>,
    /// Whether other files were changed since.
    pub(crate) others_changed: bool,
    /// The text of the file it changes that it was proved on, where that was at hand.
    pub(crate) text: Option<Arc<str>>,
}

impl Standing {
    pub(crate) fn new(offer: Offer, earlier: Option<u64>) -> Self {
        Self { offer, earlier, moved: Vec::new(), others_changed: false, text: None }
    }

    /// The file it is about: that of its goal or, for a failing test, the first one that the fix changes.
    pub(crate) fn file(&self) -> &RelPath {
        let (goal, patch) = (&self.offer.goal, &self.offer.candidate.patch);
        match patch.change(&goal.file) {
            Some(_) => &goal.file,
            None => patch.paths().next().unwrap_or(&goal.file),
        }
    }

    /// Whether it makes failing tests pass.
    pub(crate) fn is_repair(&self) -> bool {
        self.offer.goal.kind == GoalKind::Repair
    }

    /// The change for texts of which `hash_of` tells the hashes; `None` when nothing was proved for those.
    pub(crate) fn patch_now(&self, hash_of: &dyn Fn(&RelPath) -> Option<ContentHash>) -> Option<&Patch> {
        let fits = |patch: &&Patch| {
            patch.paths().all(|path| {
                base_of(patch, path).is_none_or(|base| hash_of(path).is_some_and(|hash| hash == *base))
            })
        };
        std::iter::once(&self.offer.candidate.patch).chain(&self.moved).find(fits)
    }

    /// The same change on another text of its file, if what lies between the two does not touch it.
    pub(crate) fn moved_to(&self, new: &str) -> Option<Patch> {
        let file = self.file();
        let mut paths = self.offer.candidate.patch.paths();
        if paths.next() != Some(file) || paths.next().is_some() {
            return None;
        }
        let earlier = Patch::between(file.clone(), self.text.as_ref()?, new);
        let hash = ContentHash::of(new.as_bytes());
        self.offer.candidate.patch.rebase(&earlier, |_| Some(hash.clone())).ok()
    }

    /// The change for a file whose text is `hash` now; `None` when nothing was proved for that text.
    pub(crate) fn patch_for(&self, path: &RelPath, hash: &ContentHash) -> Option<&Patch> {
        let all = std::iter::once(&self.offer.candidate.patch).chain(&self.moved);
        all.into_iter().find(|patch| base_of(patch, path) == Some(hash))
    }
}

/// The text of `path` that a patch is for.
fn base_of<'a>(patch: &'a Patch, path: &RelPath) -> Option<&'a ContentHash> {
    match patch.change(path)? {
        FileChange::Edit { base, .. } | FileChange::Delete { base } => Some(base),
        FileChange::Create { .. } => None,
    }
}

/// Everything proved about a file together, as one patch.
#[derive(Debug, Clone)]
pub(crate) struct Together {
    /// The patch.
    pub(crate) patch: Patch,
    /// What is in it.
    pub(crate) candidates: Vec<CandidateId>,
}

/// A change that the user was shown and may make: what the texts were before and will be after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watch {
    /// What is in it.
    pub(crate) candidates: Vec<CandidateId>,
    /// Hash before and after, by file.
    pub(crate) files: BTreeMap<RelPath, (ContentHash, ContentHash)>,
    /// Whether it was seen to be made.
    pub(crate) is_applied: bool,
}

/// The offers of one folder.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    standing: HashMap<CandidateId, Standing>,
    by_goal: HashMap<GoalId, CandidateId>,
    together: Vec<Together>,
    watches: Vec<Watch>,
}

/// Changes that are watched for at once; more are forgotten, oldest first.
const MOST_WATCHES: usize = 256;

impl Offers {
    /// Takes an improvement in; the newest one for a goal is offered.
    pub(crate) fn put(&mut self, standing: Standing) {
        let (goal, candidate) = (standing.offer.goal.id.clone(), standing.offer.candidate.id.clone());
        if let Some(old) = self.by_goal.insert(goal, candidate.clone()).filter(|old| *old != candidate) {
            self.standing.remove(&old);
        }
        self.standing.insert(candidate, standing);
    }

    /// Takes in what holds together.
    pub(crate) fn put_together(&mut self, together: Together) {
        self.together.retain(|old| !old.patch.paths().any(|path| together.patch.change(path).is_some()));
        self.together.push(together);
    }

    /// Takes an improvement out.
    pub(crate) fn remove(&mut self, goal: &GoalId) -> Option<Standing> {
        let candidate = self.by_goal.remove(goal)?;
        self.standing.remove(&candidate)
    }

    /// Takes everything about a file out: it is about to be proved anew.
    pub(crate) fn take_file(&mut self, path: &RelPath) -> Vec<Standing> {
        let goals: Vec<GoalId> =
            self.all().filter(|own| own.file() == path).map(|own| own.offer.goal.id.clone()).collect();
        self.together.retain(|together| together.patch.change(path).is_none());
        goals.iter().filter_map(|goal| self.remove(goal)).collect()
    }

    /// Notes that a file changed: what is proved about others was proved beside its old text.
    pub(crate) fn others_changed(&mut self, changed: &RelPath) {
        for standing in self.standing.values_mut().filter(|standing| standing.file() != changed) {
            standing.others_changed = true;
        }
    }

    /// Keeps of a file's improvements those that were proved just now. A fix stays as long as its tests fail: a shorter
    /// search may well not find it again.
    pub(crate) fn keep_proved(&mut self, path: &RelPath, held: &HashSet<CandidateId>) {
        let gone: Vec<GoalId> = self
            .in_file(path)
            .iter()
            .filter(|standing| !standing.is_repair() && !held.contains(&standing.offer.candidate.id))
            .map(|standing| standing.offer.goal.id.clone())
            .collect();
        for goal in gone {
            self.remove(&goal);
        }
    }

    /// Keeps of the fixes those for which `is_open` says so.
    pub(crate) fn keep_repairs(&mut self, is_open: impl Fn(&Standing) -> bool) {
        let done = self.all().filter(|standing| standing.is_repair() && !is_open(standing));
        for goal in done.map(|standing| standing.offer.goal.id.clone()).collect::<Vec<_>>() {
            self.remove(&goal);
        }
    }

    /// The improvement with this id.
    pub(crate) fn get(&self, candidate: &CandidateId) -> Option<&Standing> {
        self.standing.get(candidate)
    }

    /// The improvement for this goal.
    pub(crate) fn of_goal(&self, goal: &GoalId) -> Option<&Standing> {
        self.standing.get(self.by_goal.get(goal)?)
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Standing> {
        self.standing.values()
    }

    /// Those about this file, in order of place.
    pub(crate) fn in_file(&self, path: &RelPath) -> Vec<&Standing> {
        let mut found: Vec<_> = self.all().filter(|standing| standing.file() == path).collect();
        found.sort_by_key(|standing| (standing.offer.goal.range, standing.offer.candidate.id.clone()));
        found
    }

    /// What holds together and changes this file.
    pub(crate) fn together(&self, path: &RelPath) -> Option<&Together> {
        self.together.iter().find(|together| together.patch.change(path).is_some())
    }

    /// Watches for a change that the user is shown. `old` gives the text of a file as the editor has it.
    pub(crate) fn watch<'a>(
        &mut self,
        candidates: Vec<CandidateId>,
        patch: &Patch,
        old: impl Fn(&RelPath) -> Option<&'a str>,
    ) {
        let hashes = |path: &RelPath| {
            let before = old(path)?;
            let after = patch.apply_to(path, Some(before)).ok()??;
            Some((ContentHash::of(before.as_bytes()), ContentHash::of(after.as_bytes())))
        };
        let files: BTreeMap<_, _> =
            patch.paths().filter_map(|path| Some((path.clone(), hashes(path)?))).collect();
        let watch = Watch { candidates, files, is_applied: false };
        let is_known = self.watches.iter().any(|own| own.files == watch.files);
        if watch.files.is_empty() || is_known {
            return;
        }
        if self.watches.len() >= MOST_WATCHES {
            self.watches.remove(0);
        }
        self.watches.push(watch);
    }

    /// Moves what holds together with a change that was just made to the text it left. The proof of all of them together
    /// is why they may stay on offer.
    fn move_along(
        &mut self,
        path: &RelPath,
        applied: &[CandidateId],
        before: &ContentHash,
        after: &ContentHash,
    ) {
        let Some(together) = self.together(path).cloned() else { return };
        if !applied.iter().all(|candidate| together.candidates.contains(candidate)) {
            return;
        }
        let made =
            applied.iter().filter_map(|candidate| self.standing.get(candidate)?.patch_for(path, before));
        let Ok(made) = made.cloned().try_fold(Patch::default(), |all, patch| all.merge(&patch)) else {
            return;
        };
        for candidate in together.candidates.iter().filter(|candidate| !applied.contains(candidate)) {
            let Some(standing) = self.standing.get_mut(candidate) else { continue };
            let Some(patch) = standing.patch_for(path, before) else { continue };
            let new_base = |own: &RelPath| (own == path).then(|| after.clone());
            if let Ok(moved) = patch.rebase(&made, new_base) {
                standing.moved.push(moved);
            }
        }
    }

    /// Looks at a file's new text. What became of the changes that were shown: applied, or taken back.
    pub(crate) fn observe(&mut self, path: &RelPath, hash: &ContentHash) -> Vec<(CandidateId, DecisionKind)> {
        let (mut seen, mut made) = (Vec::new(), Vec::new());
        for watch in &mut self.watches {
            let Some((before, after)) = watch.files.get(path) else { continue };
            let kind = if !watch.is_applied && hash == after {
                DecisionKind::Applied
            } else if watch.is_applied && hash == before {
                DecisionKind::Undone
            } else {
                continue;
            };
            watch.is_applied = kind == DecisionKind::Applied;
            if watch.is_applied {
                made.push((watch.candidates.clone(), before.clone()));
            }
            seen.extend(watch.candidates.iter().map(|candidate| (candidate.clone(), kind)));
        }
        for (candidates, before) in made {
            self.move_along(path, &candidates, &before, hash);
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::Edit;

    #[test]
    fn applying_and_undoing_are_seen_in_the_text() {
        let path = RelPath::new("a.py").unwrap();
        let (before, after) = ("x = 1\n", "x = 2\n");
        let patch = Patch::edit(path.clone(), ContentHash::of(before.as_bytes()), vec![Edit::new(4..5, "2")])
            .unwrap();
        let mut offers = Offers::default();
        let candidate = CandidateId("c".to_owned());
        offers.watch(vec![candidate.clone()], &patch, |_| Some(before));
        let mut observe = |text: &str| offers.observe(&path, &ContentHash::of(text.as_bytes()));
        assert_eq!(observe("x = 17\n"), []);
        assert_eq!(observe(before), [], "it was never made");
        assert_eq!(observe(after), [(candidate.clone(), DecisionKind::Applied)]);
        assert_eq!(observe(after), [], "told once");
        assert_eq!(observe("x = 2\ny\n"), [], "going on is no undoing");
        assert_eq!(observe(before), [(candidate.clone(), DecisionKind::Undone)]);
        assert_eq!(observe(after), [(candidate, DecisionKind::Applied)], "and redone");
    }
}
