//! No test is deleted or weakened: tests only change when the goal is about test code, and a repair never changes any.

use super::Check;
use crate::Case;
use hephaestus_core::{ByteRange, FileChange, Gate, RelPath};
use hephaestus_syntax::Parsed;

pub(super) struct TestsKept;

impl Check for TestsKept {
    fn gate(&self) -> Gate {
        Gate::TestsKept
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let is_repair = case.goal.mends_tests();
        for (before, _) in &case.files {
            let path = &before.file().path;
            if case.parts.limits.tests.contains(path) && only_adds(case, path) {
                continue;
            }
            let is_of_goal = *path == case.goal.file;
            if before.file().is_test && (is_repair || !is_of_goal) {
                return Err(format!("{path} is test code"));
            }
            if is_repair && let Some(line) = touched_test(case, before) {
                return Err(format!("{path}:{line} is test code"));
            }
        }
        Ok("no test was touched, none vanished".to_owned())
    }
}

/// Whether all that is there stays: each edit puts something between two bytes.
fn only_adds(case: &Case<'_>, path: &RelPath) -> bool {
    case.candidate.patch.edits(path).is_some_and(|edits| edits.iter().all(|edit| edit.range.is_empty()))
}

/// The line of the first edit within test code that stands in the same file as the code it tests.
fn touched_test(case: &Case<'_>, before: &Parsed) -> Option<usize> {
    let file = before.file();
    let mut tests = marked_as_tests(before);
    // What is known of the test's place may be no more than a function of the same name.
    let name = case.goal.symbol.as_deref().and_then(|symbol| symbol.rsplit(['.', ':']).next());
    if file.path == case.goal.file && name.is_some_and(|name| name.to_lowercase().starts_with("test")) {
        tests.push(case.goal.range);
    }
    let FileChange::Edit { edits, .. } = case.candidate.patch.change(&file.path)? else {
        return (!tests.is_empty()).then_some(1);
    };
    let inside = |edit: ByteRange| tests.iter().any(|test| test.contains(edit) || test.overlaps(edit));
    let first = edits.iter().map(|edit| edit.range).find(|edit| inside(*edit))?;
    Some(file.text.get(..first.start).unwrap_or_default().matches('\n').count() + 1)
}

/// Items that an attribute makes test code, as Rust has them: `#[test]`, `#[cfg(test)]`.
fn marked_as_tests(parsed: &Parsed) -> Vec<ByteRange> {
    let text = &parsed.file().text;
    let mut ranges = Vec::new();
    let mut cursor = parsed.tree().walk();
    let mut waiting = vec![parsed.tree().root_node()];
    while let Some(node) = waiting.pop() {
        let mut marked = false;
        for child in node.named_children(&mut cursor) {
            let range = ByteRange::new(child.start_byte(), child.end_byte());
            match child.kind() {
                "attribute_item" => {
                    let words = range.slice(text).unwrap_or_default();
                    marked |= words.split(|c: char| !c.is_alphanumeric()).any(|word| word == "test");
                }
                "line_comment" | "block_comment" => {}
                _ if marked => {
                    ranges.push(range);
                    marked = false;
                }
                "mod_item" | "declaration_list" | "impl_item" => waiting.push(child),
                _ => {}
            }
        }
    }
    ranges
}
