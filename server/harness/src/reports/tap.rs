//! TAP: nested as node's runner writes it, flat with comments as tape does, and plain.

use super::{TestOutcome, TestReport, shorten};

/// Reads TAP. In nested TAP only the leaves are tests: a parent's line says no more than its children's.
pub(super) fn parse(text: &str) -> TestReport {
    let mut reader = Reader::default();
    for line in text.lines() {
        reader.line(line);
    }
    reader.report
}

#[derive(Default)]
struct Reader {
    report: TestReport,
    /// Open subtests, outermost first: indentation and name.
    open: Vec<(usize, String)>,
    /// The latest `# comment` of flat TAP, which tape uses as the test's name.
    group: Option<String>,
    /// Whether subtests are announced.
    nested: bool,
    /// The test whose YAML block is being read, with the block's indentation.
    detail: Option<(String, usize)>,
    /// Indentation of the deepest result just read, to know parents when they close.
    last_depth: usize,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let depth = line.len() - line.trim_start_matches(' ').len();
        let words = line.trim();
        if let Some((id, at)) = self.detail.clone() {
            if words == "..." && depth <= at {
                self.detail = None;
            } else {
                self.append_detail(&id, words);
            }
            return;
        }
        if words == "---" {
            if let Some((id, TestOutcome::Failed(_))) = self.last_failed() {
                self.detail = Some((id, depth));
            } else {
                self.detail = Some((String::new(), depth));
            }
        } else if let Some(name) = words.strip_prefix("# Subtest: ") {
            // Whoever names its subtests means nothing by other comments: they are what the tests printed.
            self.nested = true;
            self.group = None;
            self.open.retain(|(at, _)| *at < depth);
            self.open.push((depth, name.to_owned()));
        } else if let Some(comment) = words.strip_prefix("# ")
            && depth == 0
            && !self.nested
        {
            self.group = Some(comment.to_owned());
        } else if let Some(rest) = words.strip_prefix("not ok") {
            self.result(depth, rest, false);
        } else if let Some(rest) = words.strip_prefix("ok") {
            self.result(depth, rest, true);
        } else if words.starts_with("Bail out!") {
            self.report.add("the suite".to_owned(), TestOutcome::Failed(words.to_owned()));
        }
    }

    fn result(&mut self, depth: usize, rest: &str, ok: bool) {
        if !rest.is_empty() && !rest.starts_with(' ') {
            return;
        }
        let rest = rest.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let rest = rest.strip_prefix("- ").unwrap_or(rest);
        let (name, directive) = split_directive(rest);
        let closes_parent = self.last_depth > depth && self.open.iter().any(|(at, _)| *at == depth);
        let parents: Vec<String> =
            self.open.iter().filter(|(at, _)| *at < depth).map(|(_, name)| name.clone()).collect();
        self.open.retain(|(at, _)| *at < depth);
        self.last_depth = depth;
        if closes_parent && ok {
            return;
        }
        let mut parts = parents;
        parts.extend(self.group.clone());
        parts.push(name.to_owned());
        let outcome = match (ok, directive) {
            (_, Some("SKIP")) => TestOutcome::Skipped,
            (false, Some("TODO")) => TestOutcome::Skipped,
            (true, _) => TestOutcome::Passed,
            (false, _) => TestOutcome::Failed(String::new()),
        };
        self.report.add(parts.join(" > "), outcome);
    }

    fn last_failed(&self) -> Option<(String, TestOutcome)> {
        // Failures without a message yet are the ones whose block may follow; there is at most one.
        self.report
            .tests
            .iter()
            .find(|(_, outcome)| **outcome == TestOutcome::Failed(String::new()))
            .map(|(id, outcome)| (id.clone(), outcome.clone()))
    }

    fn append_detail(&mut self, id: &str, words: &str) {
        if let Some(TestOutcome::Failed(message)) = self.report.tests.get_mut(id)
            && message.len() < super::MESSAGE_LIMIT
        {
            let joined = if message.is_empty() { words.to_owned() } else { format!("{message}\n{words}") };
            *message = shorten(&joined);
        }
    }
}

/// Splits `name # SKIP reason` into name and directive; `\#` is no directive.
fn split_directive(text: &str) -> (&str, Option<&'static str>) {
    for (at, _) in text.match_indices(" # ") {
        let after = text.get(at + 3..).unwrap_or_default().to_ascii_uppercase();
        let before = text.get(..at).unwrap_or(text).trim_end();
        if after.starts_with("SKIP") {
            return (before, Some("SKIP"));
        }
        if after.starts_with("TODO") {
            return (before, Some("TODO"));
        }
    }
    (text.trim_end(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tests_print_is_no_part_of_the_names_of_others() {
        let text = "TAP version 13\n# loading\n# Subtest: one\nok 1 - one\n# printed by one\n# Subtest: two\nok 2 - two\n1..2\n";
        assert_eq!(parse(text).tests.keys().collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn flat_tap_takes_its_groups_from_comments() {
        let report = parse(
            "TAP version 13\n# flags\nok 1 should be equal\nok 2 should be equal\n# long\nnot ok 3 same\n  ---\n    operator: equal\n    expected: 1\n  ...\n\n1..3\n# tests 3\n# fail 1\n",
        );
        let ids: Vec<_> = report.tests.keys().map(String::as_str).collect();
        assert_eq!(ids, ["flags > should be equal", "flags > should be equal #2", "long > same"]);
        assert_eq!(report.tests["long > same"], TestOutcome::Failed("operator: equal\nexpected: 1".into()));
    }

    #[test]
    fn nested_tap_counts_leaves() {
        let report = parse(
            "TAP version 13\n# Subtest: outer\n    # Subtest: inner one\n    ok 1 - inner one\n      ---\n      duration_ms: 1\n      ...\n    # Subtest: inner two\n    not ok 2 - inner two\n      ---\n      error: 'boom'\n      ...\n    1..2\nnot ok 1 - outer\n  ---\n  type: 'suite'\n  ...\n# Subtest: alone\nok 2 - alone # SKIP not now\n1..2\n",
        );
        let ids: Vec<_> = report.tests.keys().map(String::as_str).collect();
        assert_eq!(ids, ["alone", "outer", "outer > inner one", "outer > inner two"]);
        assert_eq!(report.tests["alone"], TestOutcome::Skipped);
        assert_eq!(report.tests["outer > inner two"], TestOutcome::Failed("error: 'boom'".into()));
    }

    #[test]
    fn bail_out_is_a_failure() {
        assert!(matches!(parse("1..3\nBail out! no db\n").tests["the suite"], TestOutcome::Failed(_)));
    }
}
