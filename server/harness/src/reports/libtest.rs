//! What `cargo test` prints: libtest's text, one block per test binary.
//!
//! The JSON format would be nicer and needs a nightly toolchain.

use super::{TestOutcome, TestReport, shorten};

pub(super) fn parse(text: &str) -> TestReport {
    let mut report = TestReport::default();
    let mut binary = String::new();
    let mut failing: Option<String> = None;
    for line in text.lines() {
        let words = line.trim();
        if let Some(name) = binary_of(words) {
            binary = name;
            failing = None;
        } else if let Some(rest) = words.strip_prefix("test ") {
            if let Some((id, outcome)) = result(rest) {
                report.add(qualified(&binary, id), outcome);
            }
        } else if let Some(id) =
            words.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"))
        {
            failing = Some(qualified(&binary, id));
        } else if words == "failures:" {
            failing = None;
        } else if let Some(TestOutcome::Failed(message)) =
            failing.as_ref().and_then(|id| report.tests.get_mut(id))
        {
            let joined = if message.is_empty() { words.to_owned() } else { format!("{message}\n{words}") };
            *message = shorten(&joined);
        }
    }
    report
}

/// `Running unittests src/lib.rs (target/debug/deps/semver-0123)` → `src/lib.rs`; `Doc-tests semver` → `doc semver`.
fn binary_of(words: &str) -> Option<String> {
    if let Some(rest) = words.strip_prefix("Running ") {
        let rest = rest.strip_prefix("unittests ").unwrap_or(rest);
        return Some(rest.split(" (").next().unwrap_or(rest).to_owned());
    }
    words.strip_prefix("Doc-tests ").map(|name| format!("doc {name}"))
}

fn result(rest: &str) -> Option<(&str, TestOutcome)> {
    let (id, outcome) = rest.rsplit_once(" ... ")?;
    let id = id.strip_suffix(" - should panic").unwrap_or(id);
    let outcome = match outcome {
        "ok" => TestOutcome::Passed,
        outcome if outcome.starts_with("FAILED") => TestOutcome::Failed(String::new()),
        outcome if outcome.starts_with("ignored") => TestOutcome::Skipped,
        _ => return None,
    };
    Some((id, outcome))
}

/// Doc tests are named after their lines (`src/lib.rs - f (line 12)`), which a patch moves: the line is left out.
fn qualified(binary: &str, id: &str) -> String {
    let id = match id.rsplit_once(" (line ") {
        Some((name, rest)) if binary.starts_with("doc ") && rest.contains(')') => name,
        _ => id,
    };
    if binary.is_empty() { id.to_owned() } else { format!("{binary}::{id}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_binaries_doc_tests_and_messages() {
        let text = "     Running unittests src/lib.rs (target/debug/deps/x-1)\n\nrunning 2 tests\ntest a::one ... ok\ntest a::two - should panic ... FAILED\n\nfailures:\n\n---- a::two stdout ----\nthread 'a::two' panicked at src/lib.rs:3:5:\nboom\n\nfailures:\n    a::two\n\ntest result: FAILED. 1 passed; 1 failed\n     Running tests/it.rs (target/debug/deps/it-2)\ntest one ... ignored, slow\n   Doc-tests x\ntest src/lib.rs - f (line 12) ... ok\ntest src/lib.rs - f (line 40) ... ok\n";
        let report = parse(text);
        let ids: Vec<_> = report.tests.keys().map(String::as_str).collect();
        assert_eq!(
            ids,
            [
                "doc x::src/lib.rs - f",
                "doc x::src/lib.rs - f #2",
                "src/lib.rs::a::one",
                "src/lib.rs::a::two",
                "tests/it.rs::one"
            ]
        );
        let TestOutcome::Failed(message) = &report.tests["src/lib.rs::a::two"] else { panic!("{report:?}") };
        assert!(message.contains("boom"));
        assert_eq!(report.tests["tests/it.rs::one"], TestOutcome::Skipped);
    }
}
