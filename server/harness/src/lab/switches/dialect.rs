//! How test programs speak: the names of their tests, which are chosen how, and what became of them. One way of speaking
//! per build tool.

use super::programs::TestRef;
use crate::reports::{ReportFormat, TestOutcome, TestReport, shorten};
use crate::runners::BuildTool;
use std::collections::BTreeSet;
use std::time::Duration;

/// Stands for the names of the tests in an argument.
pub(super) const NAMES: &str = "{names}";

/// How a test program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// As Rust's own.
    Libtest,
    /// As Go's.
    Go,
}

impl Dialect {
    /// How programs speak that `tool` builds.
    pub(super) fn of(tool: BuildTool) -> Self {
        match tool {
            BuildTool::Cargo => Self::Libtest,
            BuildTool::Go => Self::Go,
        }
    }

    /// A test's id in the suite's report.
    pub(super) fn id(self, program: &str, test: &str) -> String {
        match self {
            Self::Libtest => format!("{program}::{test}"),
            Self::Go => format!("{program}.{test}"),
        }
    }

    /// The tests in what a program says when it lists them; `None` if that is no list.
    pub(super) fn names(self, text: &str) -> Option<Vec<String>> {
        match self {
            Self::Libtest => {
                let answered = text.lines().any(|line| line.contains(" tests, ") || line.contains(" test, "));
                let names = text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned);
                answered.then(|| names.collect())
            }
            Self::Go => {
                let is_test = |line: &&str| {
                    ["Test", "Example", "Fuzz"].iter().any(|kind| line.starts_with(kind))
                        && line.chars().all(|c| c.is_alphanumeric() || c == '_')
                };
                Some(text.lines().filter(is_test).map(str::to_owned).collect())
            }
        }
    }

    /// The arguments that choose these tests; all of them, if there are no names.
    pub(super) fn choosing(self, only: &[String], names: &[&str]) -> Vec<String> {
        if !only.iter().any(|word| word.contains(NAMES)) {
            return only.iter().cloned().chain(names.iter().map(|name| (*name).to_owned())).collect();
        }
        let joined = if names.is_empty() { ".*".to_owned() } else { names.join("|") };
        only.iter().map(|word| word.replace(NAMES, &joined)).collect()
    }

    /// The same as words of a shell, for the one test in its variable `test`.
    pub(super) fn choosing_one(self, only: &[String]) -> String {
        let mut words: Vec<String> = Vec::new();
        for word in only {
            let quoted = word.replace('\'', r"'\''");
            words.push(format!("'{}'", quoted.replace(NAMES, r#"'"$test"'"#)));
        }
        if !only.iter().any(|word| word.contains(NAMES)) {
            words.push(r#""$test""#.to_owned());
        }
        words.join(" ")
    }

    /// What a program says of its tests, by id.
    pub(super) fn said(self, program: &str, text: &str) -> TestReport {
        match self {
            Self::Libtest => {
                // With the line in front that the build tool would have printed.
                let text = format!("     Running {program} (program)\n{text}");
                TestReport::parse(ReportFormat::Libtest, &text).unwrap_or_default()
            }
            Self::Go => {
                let mut report = TestReport::default();
                for (name, outcome) in go_outcomes(text) {
                    report.tests.insert(self.id(program, name), outcome);
                }
                report
            }
        }
    }

    /// Whether it has come to its tests.
    pub(super) fn began(self, text: &str) -> bool {
        let word = match self {
            Self::Libtest => "running ",
            Self::Go => "=== RUN",
        };
        text.lines().any(|line| line.starts_with(word))
    }

    /// Whether it has come to its end.
    pub(super) fn summed_up(self, text: &str) -> bool {
        match self {
            Self::Libtest => text.lines().any(|line| line.starts_with("test result: ")),
            Self::Go => text.lines().any(|line| line == "PASS" || line == "FAIL"),
        }
    }

    /// Whether it says that its only test passed, even where the test's own line is torn.
    pub(super) fn one_passed(self, text: &str) -> bool {
        match self {
            Self::Libtest => text.contains("test result: ok. 1 passed"),
            Self::Go => text.lines().any(|line| line == "PASS"),
        }
    }

    /// The names in the last list of failures: there even where a test's own output tore its line apart.
    pub(super) fn named_at_the_end(self, text: &str) -> BTreeSet<&str> {
        match self {
            Self::Libtest => {
                let Some((_, list)) = text.rsplit_once("\nfailures:\n") else { return BTreeSet::new() };
                list.lines().take_while(|line| line.starts_with("    ")).map(str::trim).collect()
            }
            Self::Go => BTreeSet::new(),
        }
    }

    /// The test whose line is begun and not ended; the only silent one, where the program does not say.
    pub(super) fn running_at_the_end<'t>(self, text: &str, silent: &[&'t TestRef]) -> Option<&'t TestRef> {
        let begun = text.lines().rev().find_map(|line| {
            let name = match self {
                Self::Libtest => {
                    let name = line.strip_prefix("test ")?.split(" ... ").next()?;
                    name.strip_suffix(" - should panic").unwrap_or(name)
                }
                Self::Go => line.strip_prefix("=== RUN   ")?.split('/').next()?,
            };
            silent.iter().find(|test| test.name == name).copied()
        });
        begun.or(match silent {
            [only] => Some(*only),
            _ => None,
        })
    }

    /// How long it took, by its own words.
    pub(super) fn wall(self, text: &str) -> Option<Duration> {
        let told = |line: &str| -> Option<f64> {
            match self {
                Self::Libtest => line.rsplit_once("finished in ")?.1.strip_suffix('s')?.parse().ok(),
                Self::Go => line.split_once("--- ")?.1.rsplit_once('(')?.1.strip_suffix("s)")?.parse().ok(),
            }
        };
        text.lines().rev().find_map(told).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }
}

/// `--- PASS: TestName (0.00s)`, wherever a test's own output left it, with the lines before a failure's.
fn go_outcomes(text: &str) -> Vec<(&str, TestOutcome)> {
    let mut outcomes = Vec::new();
    let mut own = String::new();
    for line in text.lines() {
        let Some((name, verdict)) = go_outcome(line) else {
            // What a failing test says stands in front of its verdict; only how it died behind it.
            if !line.starts_with("=== ") {
                own.push_str(line);
                own.push('\n');
            }
            if line.starts_with("panic: ")
                && let Some((_, TestOutcome::Failed(message))) = outcomes.last_mut()
            {
                *message = shorten(&format!("{message}\n{line}"));
            }
            continue;
        };
        let said = shorten(&std::mem::take(&mut own));
        outcomes.push((
            name,
            match verdict {
                "PASS" => TestOutcome::Passed,
                "SKIP" => TestOutcome::Skipped,
                _ => TestOutcome::Failed(said),
            },
        ));
    }
    outcomes
}

/// The top-level test a line tells the end of, and the word for it.
fn go_outcome(line: &str) -> Option<(&str, &str)> {
    ["PASS", "FAIL", "SKIP"].into_iter().find_map(|verdict| {
        let (_, rest) = line.split_once(&format!("--- {verdict}: "))?;
        let name = rest.split(' ').next()?;
        (rest.ends_with("s)") && !name.contains('/')).then_some((name, verdict))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_go_are_read_whatever_they_print_themselves() {
        let text = "=== RUN   TestA\n=== RUN   TestA/sub\n    a_test.go:3: want 1\nnoise--- FAIL: TestA (0.12s)\n    --- FAIL: TestA/sub (0.00s)\n\
                    === RUN   TestB\n--- PASS: TestB (0.00s)\n=== RUN   TestC\n--- SKIP: TestC (0.00s)\nFAIL\n";
        let report = Dialect::Go.said("m", text);
        let TestOutcome::Failed(message) = &report.tests["m.TestA"] else { panic!("{report:?}") };
        assert!(message.contains("want 1"), "{message}");
        assert_eq!(report.tests["m.TestB"], TestOutcome::Passed);
        assert_eq!(report.tests["m.TestC"], TestOutcome::Skipped);
        assert_eq!(report.tests.len(), 3);
        assert!(Dialect::Go.began(text) && Dialect::Go.summed_up(text));
    }

    #[test]
    fn names_stand_where_the_arguments_want_them() {
        let go = ["-test.run".to_owned(), "^({names})$".to_owned()];
        assert_eq!(Dialect::Go.choosing(&go, &["TestA", "TestB"]), ["-test.run", "^(TestA|TestB)$"]);
        assert_eq!(Dialect::Go.choosing(&go, &[]), ["-test.run", "^(.*)$"]);
        assert_eq!(Dialect::Go.choosing_one(&go), r#"'-test.run' '^('"$test"')$'"#);
        let rust = ["--exact".to_owned()];
        assert_eq!(Dialect::Libtest.choosing(&rust, &["a"]), ["--exact", "a"]);
        assert_eq!(Dialect::Libtest.choosing_one(&rust), r#"'--exact' "$test""#);
    }

    #[test]
    fn what_go_lists_besides_tests_is_none() {
        let text = "TestA\nBenchmarkB\nExampleC_d\nFuzzE\nsetting up Test\nok m 0.1s\n";
        assert_eq!(Dialect::Go.names(text).unwrap(), ["TestA", "ExampleC_d", "FuzzE"]);
    }
}
