//! Line diffs: unified diffs for people and `patch -p1`, and line-wise edits between two texts.

use crate::{ByteRange, Edit, RelPath};
use similar::{DiffOp, TextDiff};

/// The unified diff of one file; `None` stands for a file that is not there. Empty when nothing changes.
pub(crate) fn file_diff(path: &RelPath, before: Option<&str>, after: Option<&str>) -> String {
    if before == after {
        return String::new();
    }
    let old_name = if before.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
    let new_name = if after.is_some() { format!("b/{path}") } else { "/dev/null".to_owned() };
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let (old_lines, new_lines) = (lines(before), lines(after));
    let diff = TextDiff::from_slices(&old_lines, &new_lines);
    let mut text = format!("--- {old_name}\n+++ {new_name}\n");
    for group in diff.grouped_ops(3) {
        push_hunk(&mut text, &group, &old_lines, &new_lines);
    }
    text
}

/// Lines split at `\n` only, each with its end: a `\r` belongs to the line, as `patch` sees it.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn push_hunk(text: &mut String, group: &[DiffOp], old_lines: &[&str], new_lines: &[&str]) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let old = first.old_range().start..last.old_range().end;
    let new = first.new_range().start..last.new_range().end;
    text.push_str(&format!("@@ -{} +{} @@\n", span(&old), span(&new)));
    for op in group {
        if let DiffOp::Equal { .. } = op {
            push_lines(text, ' ', old_lines.get(op.old_range()));
        } else {
            push_lines(text, '-', old_lines.get(op.old_range()));
            push_lines(text, '+', new_lines.get(op.new_range()));
        }
    }
}

fn push_lines(text: &mut String, sign: char, lines: Option<&[&str]>) {
    for line in lines.unwrap_or_default() {
        text.push(sign);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// `start,length` as unified diffs count: from 1, but an empty side names the line before it.
fn span(range: &std::ops::Range<usize>) -> String {
    let start = if range.is_empty() { range.start } else { range.start + 1 };
    if range.len() == 1 { start.to_string() } else { format!("{start},{}", range.len()) }
}

/// Edits of whole lines that turn `old` into `new`.
pub(crate) fn line_edits(old: &str, new: &str) -> Vec<Edit> {
    let (old_lines, new_lines) = (lines(old), lines(new));
    let mut starts = vec![0];
    for line in &old_lines {
        starts.push(starts.last().copied().unwrap_or(0) + line.len());
    }
    let offset = |line: usize| starts.get(line).copied().unwrap_or(old.len());
    TextDiff::from_slices(&old_lines, &new_lines)
        .ops()
        .iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| {
            let range = ByteRange::new(offset(op.old_range().start), offset(op.old_range().end));
            Edit { range, text: new_lines.get(op.new_range()).unwrap_or_default().concat() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_final_newline_is_said() {
        let path = RelPath::new("a").unwrap();
        let diff = file_diff(&path, Some("x\ny"), Some("x\nz\n"));
        assert_eq!(diff, "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n+z\n");
    }

    #[test]
    fn creation_and_deletion_name_dev_null() {
        let path = RelPath::new("a").unwrap();
        assert_eq!(file_diff(&path, None, Some("x\n")), "--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+x\n");
        assert_eq!(file_diff(&path, Some("x\n"), None), "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n");
    }

    #[test]
    fn carriage_returns_stay_in_the_lines() {
        let path = RelPath::new("a").unwrap();
        let diff = file_diff(&path, Some("a\r\nb\r\n"), Some("a\r\nc\r\n"));
        assert!(diff.contains("-b\r\n+c\r\n"), "{diff:?}");
    }
}
