//! What is remembered of the unchanged code's tests: which passed, were red or wavered, and how the workspace looked.
//! Says what of it is still good; the harness runs what is not.

use super::{Memory, manifests, now_ms};
use crate::open::Workspace;
use hephaestus_core::ContentHash;
use hephaestus_harness::{Baseline, BaselineRecord, Suite};
use ignore::{DirEntry, WalkBuilder};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// The cache's namespace in the registry.
const NAMESPACE: &str = "baseline";

/// Two runs are good for a week, in milliseconds: what wavers seldom is to be found some day, and what was mended to
/// judge again.
const TWO_RUNS_LAST: u64 = 7 * RUN_LASTS;

/// A run of code that has not changed is good for a day: the world around it may have.
const RUN_LASTS: u64 = 24 * 60 * 60 * 1000;

/// Folders that change without anything having changed.
const PASSED_OVER: &[&str] = &[".git", ".hephaestus"];

/// A remembered baseline.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    record: BaselineRecord,
    /// The workspace when the last run was made, as [`state`] sees it.
    state: ContentHash,
    /// When the last run was made, in milliseconds since the Unix epoch.
    run_ms: u64,
    /// When it was last tested twice.
    twice_ms: u64,
}

/// What is known before the first run.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// What the tests did, if that is still good.
    pub(crate) record: Option<BaselineRecord>,
    /// How long ago the last run was, in words, if nothing at all has changed since.
    pub(crate) unchanged_since: Option<String>,
    state: ContentHash,
    run_ms: u64,
    twice_ms: u64,
}

impl Memory {
    /// What is known of `suite` on this workspace. Nothing, when all is to be done again.
    pub(crate) fn known(&self, workspace: &Workspace, suite: &Suite) -> Known {
        let state = state(workspace);
        let kept = if self.fresh { None } else { self.kept(workspace, suite) };
        Known::of(kept, state, now_ms())
    }

    fn kept(&self, workspace: &Workspace, suite: &Suite) -> Option<Kept> {
        let bytes = self.registry.cache_get(NAMESPACE, &key(workspace, suite)).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Remembers what `baseline` saw, which was taken with `known`.
    pub(crate) fn keep(&self, workspace: &Workspace, suite: &Suite, baseline: &Baseline, known: Known) {
        let put = serde_json::to_vec(&known.after(baseline, now_ms())).map_err(|error| error.to_string());
        let put = put.and_then(|bytes| {
            let key = key(workspace, suite);
            self.registry.cache_put(NAMESPACE, &key, &bytes).map_err(|error| error.to_string())
        });
        if let Err(error) = put {
            tracing::warn!("the baseline is not remembered: {error}");
        }
    }
}

impl Known {
    /// What of `kept` is still good `now`, when the workspace looks like `state`.
    fn of(kept: Option<Kept>, state: ContentHash, now: u64) -> Self {
        // A clock that was set back says nothing about age.
        let age = |at: u64| now.checked_sub(at);
        let good = kept.filter(|kept| age(kept.twice_ms).is_some_and(|age| age <= TWO_RUNS_LAST));
        let Some(Kept { record, state: kept_state, run_ms, twice_ms }) = good else {
            return Self { record: None, unchanged_since: None, state, run_ms: now, twice_ms: now };
        };
        let recent = age(run_ms).filter(|age| *age <= RUN_LASTS);
        let unchanged_since = recent.filter(|_| state == kept_state).map(in_words);
        Self { record: Some(record), unchanged_since, state, run_ms, twice_ms }
    }

    fn after(self, baseline: &Baseline, now: u64) -> Kept {
        let Self { record, state, run_ms, twice_ms, .. } = self;
        match (baseline.runs, record) {
            (0, Some(record)) => Kept { record, state, run_ms, twice_ms },
            // Times stay those of the two runs: the slowest of many would grow and grow.
            (1, Some(record)) => Kept { record, state, run_ms: now, twice_ms },
            _ => Kept { record: baseline.record(), state, run_ms: now, twice_ms: now },
        }
    }
}

/// `95 s` is a minute.
fn in_words(millis: u64) -> String {
    let counted =
        |number: u64, thing: &str| format!("{number} {thing}{}", if number == 1 { "" } else { "s" });
    match millis / 1000 {
        seconds @ 0..60 => counted(seconds, "second"),
        seconds @ 60..3600 => counted(seconds / 60, "minute"),
        seconds => counted(seconds / 3600, "hour"),
    }
}

fn key(workspace: &Workspace, suite: &Suite) -> String {
    let settings = serde_json::to_string(&workspace.config.testing).unwrap_or_default();
    let root = workspace.root.display().to_string();
    // Another interpreter may see other tests.
    let programs = format!("{:?} {:?}", suite.programs, suite.script_args);
    let name = suite.runner.name.clone();
    let mut parts = vec![env!("CARGO_PKG_VERSION").to_owned(), root, name, settings, programs];
    parts.extend(manifests(workspace));
    parts.extend(workspace.overlay.iter().map(|overlay| overlay.key.to_string()));
    ContentHash::of_parts(parts.iter().map(String::as_str)).to_string()
}

/// Every file below `root` that is not ignored, sorted by path.
pub(crate) fn files_that_count(root: &Path) -> impl Iterator<Item = DirEntry> {
    let walk = WalkBuilder::new(root)
        .require_git(false)
        .hidden(false)
        .follow_links(false)
        .sort_by_file_path(Ord::cmp)
        .filter_entry(|entry| entry.file_name().to_str().is_none_or(|name| !PASSED_OVER.contains(&name)))
        .build();
    walk.flatten().filter(|entry| entry.file_type().is_none_or(|kind| !kind.is_dir()))
}

/// Everything the tests may read: the sources by their texts, all other files that are not ignored by size and time.
fn state(workspace: &Workspace) -> ContentHash {
    let mut parts: Vec<String> = Vec::new();
    for file in workspace.snapshot.files.values() {
        parts.extend([file.path.to_string(), file.hash.to_string()]);
    }
    for entry in files_that_count(&workspace.root) {
        let facts = entry.metadata().ok();
        let modified = facts.as_ref().and_then(|facts| facts.modified().ok());
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        let size = facts.map_or(0, |facts| facts.len());
        parts.push(format!("{} {size} {}", entry.path().display(), since.as_nanos()));
    }
    ContentHash::of_parts(parts.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: u64 = 100 * RUN_LASTS;

    fn kept(run_ms: u64, twice_ms: u64) -> Kept {
        let record = BaselineRecord {
            passing: ["t".to_owned()].into(),
            red: vec![],
            flaky: vec![],
            wall: Duration::from_secs(1),
            cpu: Duration::from_secs(1),
        };
        Kept { record, state: ContentHash::of(b"same"), run_ms, twice_ms }
    }

    fn known(kept: Kept, state: &[u8]) -> Known {
        Known::of(Some(kept), ContentHash::of(state), NOW)
    }

    #[test]
    fn unchanged_code_needs_no_run_for_a_day() {
        let fresh = known(kept(NOW - RUN_LASTS, NOW - RUN_LASTS), b"same");
        assert_eq!(fresh.unchanged_since.unwrap(), "24 hours");
        let old = known(kept(NOW - RUN_LASTS - 1, NOW - RUN_LASTS - 1), b"same");
        assert_eq!((old.unchanged_since, old.record.is_some()), (None, true));
    }

    #[test]
    fn changed_code_needs_one_run_for_a_week() {
        let good = known(kept(NOW, NOW - TWO_RUNS_LAST), b"other");
        assert_eq!((good.unchanged_since, good.record.is_some()), (None, true));
        let old = known(kept(NOW, NOW - TWO_RUNS_LAST - 1), b"same");
        assert_eq!((old.unchanged_since, old.record), (None, None));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nothing_recent() {
        assert!(known(kept(NOW, NOW + 1), b"same").record.is_none());
        assert_eq!(known(kept(NOW + 1, NOW), b"same").unchanged_since, None);
    }

    #[test]
    fn ages_are_told_in_words() {
        let told = [0, 1000, 59_999, 95_000, 7_200_000].map(in_words);
        assert_eq!(told, ["0 seconds", "1 second", "59 seconds", "1 minute", "2 hours"]);
    }
}
