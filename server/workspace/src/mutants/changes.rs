//! Which lines a change added: read off a unified diff, or asked of git in the sandbox.

use super::MutantsError;
use crate::open::Workspace;
use hephaestus_core::{CancelToken, Patch, RelPath, Snapshot, ToolCall, Tools};
use hephaestus_harness::Workbench;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long git may take.
const GIT_TIME: Duration = Duration::from_secs(60);

/// What to compare the code with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// A revision git knows.
    Since(String),
    /// A unified diff whose new side is the code as it is.
    Diff(String),
}

/// Lines (1-based) that were added or changed, by file.
pub(super) type Added = BTreeMap<RelPath, BTreeSet<u32>>;

impl Workspace {
    pub(super) fn added(
        &self,
        changes: &Changes,
        workbench: &Workbench,
        cancel: &CancelToken,
    ) -> Result<Added, MutantsError> {
        match changes {
            Changes::Diff(text) => added_by(text, &self.snapshot).map_err(MutantsError::Diff),
            Changes::Since(revision) => {
                let text = ask_git(revision, workbench, cancel)?;
                added_by(&text, &self.snapshot).map_err(MutantsError::Diff)
            }
        }
    }
}

/// The diff between a revision and the files as they are, new ones included. Settings that change what a diff looks like
/// are overruled; the sandbox's copy of the index is the only one that learns of the new files.
fn ask_git(revision: &str, workbench: &Workbench, cancel: &CancelToken) -> Result<String, MutantsError> {
    const SCRIPT: &str = "\
        git -c safe.directory='*' add --intent-to-add -- . >/dev/null 2>&1
        exec git -c safe.directory='*' -c core.quotePath=false diff --no-color --no-ext-diff --no-textconv \
        --unified=0 --relative --src-prefix=a/ --dst-prefix=b/ --end-of-options \"$1\" --";
    let call = ToolCall {
        name: "git".to_owned(),
        argv: ["sh", "-c", SCRIPT, "git", revision].map(str::to_owned).to_vec(),
        env: vec![("GIT_PAGER".to_owned(), "cat".to_owned()), ("LC_ALL".to_owned(), "C".to_owned())],
        timeout: GIT_TIME,
        patch: Patch::default(),
    };
    let output = workbench.run(&call, cancel).map_err(MutantsError::Diff)?;
    if cancel.is_cancelled() {
        return Err(MutantsError::Problem(hephaestus_harness::Problem::Cancelled));
    }
    match output.exit {
        Some(0) => Ok(output.stdout),
        _ => {
            let said =
                output.stderr.lines().find(|line| !line.trim().is_empty()).unwrap_or("git did not answer");
            Err(MutantsError::Diff(format!("git cannot compare with `{revision}`: {said}")))
        }
    }
}

/// The added lines of a unified diff, in files of `snapshot`.
///
/// # Errors
/// When it is no unified diff, or its lines are not those of the files as they are.
fn added_by(diff: &str, snapshot: &Snapshot) -> Result<Added, String> {
    let mut reading = Reading::default();
    for (number, line) in diff.lines().enumerate() {
        reading
            .read(line, snapshot)
            .map_err(|message| format!("line {} of the diff: {message}", number + 1))?;
    }
    if !reading.is_diff && !diff.trim().is_empty() {
        return Err("this is no unified diff: there is no line that begins with `+++ `".to_owned());
    }
    Ok(reading.added)
}

/// Where in a diff we are.
#[derive(Default)]
struct Reading {
    added: Added,
    is_diff: bool,
    file: Option<RelPath>,
    /// The next line's number on the new side.
    next: u32,
    /// Lines left in this hunk, on the old and on the new side.
    left: (u32, u32),
}

impl Reading {
    fn read(&mut self, line: &str, snapshot: &Snapshot) -> Result<(), String> {
        if self.left == (0, 0) {
            if let Some(name) = line.strip_prefix("+++ ") {
                self.is_diff = true;
                self.file = named(name, snapshot);
            } else if let Some(head) = line.strip_prefix("@@ -") {
                (self.left, self.next) = hunk(head).ok_or("the head of a hunk cannot be read")?;
            }
            return Ok(());
        }
        let (old, new) = self.left;
        match line.as_bytes().first() {
            Some(b'+') => {
                self.add(line.get(1..).unwrap_or_default(), snapshot)?;
                self.left = (old, new.saturating_sub(1));
                self.next += 1;
            }
            Some(b'-') => self.left = (old.saturating_sub(1), new),
            Some(b' ') | None => {
                self.left = (old.saturating_sub(1), new.saturating_sub(1));
                self.next += 1;
            }
            Some(b'\\') => {}
            Some(_) => return Err("a hunk ends before all of its lines were there".to_owned()),
        }
        Ok(())
    }

    fn add(&mut self, text: &str, snapshot: &Snapshot) -> Result<(), String> {
        let Some(path) = &self.file else { return Ok(()) };
        let Some(file) = snapshot.file(path) else { return Ok(()) };
        let at = (self.next as usize).saturating_sub(1);
        let same = |line: &str| line.trim_end_matches('\r') == text.trim_end_matches('\r');
        if !file.text.split('\n').nth(at).is_some_and(same) {
            return Err(format!(
                "`{path}` is not the file this diff leads to: line {} is another",
                self.next
            ));
        }
        self.added.entry(path.clone()).or_default().insert(self.next);
        Ok(())
    }
}

/// The file that a `+++` line names, if it is one of ours; with git's prefix or without.
fn named(name: &str, snapshot: &Snapshot) -> Option<RelPath> {
    let name = name.split('\t').next().unwrap_or(name).trim_end().trim_matches('"');
    let known = |name: &str| RelPath::new(name).ok().filter(|path| snapshot.file(path).is_some());
    name.split_once('/').and_then(|(_, rest)| known(rest)).or_else(|| known(name))
}

/// `12,3 +14 @@ …` as the numbers of lines on both sides and the first one on the new side.
fn hunk(head: &str) -> Option<((u32, u32), u32)> {
    let (sides, _) = head.split_once(" @@")?;
    let (old, new) = sides.split_once(" +")?;
    let count = |side: &str| match side.split_once(',') {
        Some((_, count)) => count.parse().ok(),
        None => Some(1),
    };
    let first = new.split(',').next()?.parse().ok()?;
    Some(((count(old)?, count(new)?), first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::{LanguageId, SourceFile};

    fn snapshot() -> Snapshot {
        let path = RelPath::new("src/a.py").unwrap();
        let text = "one\ntwo\nthree\n++ four\nfive\n";
        Snapshot::default().with_file(SourceFile::new(path, LanguageId::new("python"), text, false))
    }

    fn added(diff: &str) -> Result<Vec<u32>, String> {
        let added = added_by(diff, &snapshot())?;
        Ok(added.into_values().flatten().collect())
    }

    #[test]
    fn added_lines_are_read_with_and_without_prefixes() {
        let hunk = "@@ -1,3 +1,4 @@ context\n one\n-2\n+two\n three\n+++ four\n";
        for head in ["--- a/src/a.py\n+++ b/src/a.py\n", "--- src/a.py\n+++ src/a.py\t2026-01-01\n"] {
            assert_eq!(added(&format!("{head}{hunk}")).unwrap(), [2, 4], "{head}");
        }
        assert_eq!(
            added("+++ b/src/a.py\n@@ -0,0 +5 @@\n+five\n\\ No newline at end of file\n").unwrap(),
            [5]
        );
    }

    #[test]
    fn deletions_and_other_files_add_nothing() {
        assert!(added("--- a/src/a.py\n+++ b/src/a.py\n@@ -3,2 +2,0 @@\n-x\n-y\n").unwrap().is_empty());
        assert!(added("--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-x\n+y\n").unwrap().is_empty());
        assert!(added("--- a/src/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n").unwrap().is_empty());
        assert!(added("").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_diff_or_another_one_is_refused() {
        assert!(added("hello\n").unwrap_err().contains("no unified diff"));
        let other = added("+++ b/src/a.py\n@@ -1 +1 @@\n-x\n+another\n").unwrap_err();
        assert!(other.contains("line 4 of the diff") && other.contains("src/a.py"), "{other}");
        assert!(added("+++ b/src/a.py\n@@ -x +y @@\n").unwrap_err().contains("cannot be read"));
        assert!(
            added("+++ b/src/a.py\n@@ -1,2 +1,2 @@\n one\ndiff --git\n").unwrap_err().contains("ends before")
        );
    }
}
