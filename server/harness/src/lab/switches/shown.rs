//! Many variants of one build shown to tests: one process each, started by one shell for many of them, because starting
//! a step costs more than most tests; and what those processes said.

use super::build::Tool;
use super::clones::Cloned;
use super::dialect::Dialect;
use super::programs::{Programs, TestRef, run};
use crate::lab::LabError;
use crate::redirect::{FILE, output};
use crate::reports::TestOutcome;
use crate::sandbox::{OUT, Session};
use hephaestus_core::{CancelToken, ProbeEnd};
use std::collections::HashMap;
use std::time::Duration;

/// How many variants one step shows.
pub(super) const STEP: usize = 100;
/// A group of tests may take so many times as long as on the unchanged code …
const TIMES: u32 = 20;
/// … and so much more.
const LEAST: Duration = Duration::from_millis(50);
/// In front of what each process says, and of how it ended.
const MARK: &str = "@@hephaestus ";
/// How a process ends that used up its time.
const OVER: i32 = 124;
/// The same, where the kernel had to see to it (128 and the signal's number).
const OVER_BY_FORCE: i32 = 152;
/// How much of a message is part of a mark.
const WORDS: usize = 60;

/// The function for the shim that ends a process in time.
const WATCH: &str = include_str!("watch.rs.txt");
/// Where the shim calls it …
const AT_FIRST: &str = "fn chosen() -> u32 {";
/// The same for Go …
const GO_WATCH: &str = include_str!("watch.go.txt");
const GO_AT_FIRST: &str = "func __hephaestusChosen() uint32 {";
/// … which needs this.
const GO_IMPORTS: &str = "import (";

/// What became of a variant in one group of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// The time ran out, or the process died.
    pub(super) end: Option<ProbeEnd>,
    pub(super) passed: u32,
    /// The first test that failed, and how.
    pub(super) failed: Option<(String, String)>,
}

/// The shim with a clock in it.
pub(super) fn with_watch(shim: &str, dialect: Dialect) -> String {
    if dialect == Dialect::Go {
        let begun = shim.replacen(GO_AT_FIRST, &format!("{GO_AT_FIRST}\n\t__hephaestusWatch()"), 1);
        let imports = format!("{GO_IMPORTS}\n\t__hephaestusTime \"time\"\n\t__hephaestusWords \"strings\"");
        return begun.replacen(GO_IMPORTS, &imports, 1) + GO_WATCH;
    }
    let begun = shim.replacen(AT_FIRST, &format!("{AT_FIRST}\n        watch();"), 1);
    match begun.trim_end().strip_suffix('}') {
        Some(inside) if begun != shim => format!("{inside}{WATCH}}}\n"),
        _ => shim.to_owned(),
    }
}

/// Shows `numbers` (0: nothing is switched on) to `tests`, all of one program; with the CPU time it took.
pub(super) fn show(
    tool: &Tool,
    programs: &Programs,
    session: &mut Session,
    tests: &[&TestRef],
    numbers: &[u32],
    cancel: &CancelToken,
) -> Result<(HashMap<u32, Shown>, Duration), LabError> {
    let Some(program) = tests.first().and_then(|test| programs.all.get(test.program)) else {
        return Ok(Default::default());
    };
    let limit = tests.iter().map(|test| test.wall).sum::<Duration>() * TIMES + LEAST;
    let script = format!(
        "out=$1 cap=$2 switches=$3 program=$4; shift 4; ulimit -t $cap 2>/dev/null; ulimit -c 0 2>/dev/null; \
         for switch in $switches; do echo; echo '{MARK}'$switch; HEPHAESTUS_SWITCH=$switch \"$program\" \"$@\"; \
         code=$?; echo; echo '{MARK}='$code; done >\"$out\" 2>&1"
    );
    let list = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    let cap = (limit.as_secs() + 2).to_string();
    let head = ["sh", "-c", &script, "sh", &format!("{OUT}/{FILE}"), &cap, &list].map(str::to_owned);
    let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
    let dialect = tool.dialect();
    let arguments = dialect.choosing(&tool.commands.only, &names);
    let mut step = programs.step(tool, session, program, &head, arguments);
    step.env.push(("HEPHAESTUS_LIMIT_MS".to_owned(), limit.as_millis().to_string()));
    step.env.push(("RUST_BACKTRACE".to_owned(), "0".to_owned()));
    let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    step.timeout = (limit * 20 + Duration::from_secs(3)).saturating_mul(count);
    let outcome = run(session, &step, cancel)?;
    let text = output(&outcome);
    let seen = pieces(&text)
        .into_iter()
        .map(|(number, text, code)| (number, read(dialect, &program.name, tests, text, code)));
    Ok((seen.collect(), outcome.cpu))
}

/// What each process said, and its exit code.
fn pieces(text: &str) -> Vec<(u32, &str, i32)> {
    let mut ended = Vec::new();
    let mut begun: Option<(u32, &str)> = None;
    for piece in text.split(&format!("\n{MARK}")) {
        let (head, rest) = piece.split_once('\n').unwrap_or((piece, ""));
        match head.strip_prefix('=') {
            Some(code) => {
                let code = code.trim().parse().unwrap_or(-1);
                ended.extend(begun.take().map(|(number, text)| (number, text, code)));
            }
            None => begun = head.trim().parse().ok().map(|number| (number, rest)),
        }
    }
    ended
}

fn read(dialect: Dialect, program: &str, tests: &[&TestRef], text: &str, code: i32) -> Shown {
    let report = dialect.said(program, text);
    let outcome = |test: &TestRef| report.tests.get(&dialect.id(program, &test.name));
    let named = dialect.named_at_the_end(text);
    let summed_up = dialect.summed_up(text);
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let has_failed = |test: &TestRef| {
        matches!(outcome(test), Some(TestOutcome::Failed(_))) || named.contains(test.name.as_str())
    };
    let end = match code {
        0 | 1 | 101 if summed_up => None,
        OVER | OVER_BY_FORCE => Some(ProbeEnd::Timeout),
        _ => Some(ProbeEnd::Died),
    };
    let failed = tests.iter().find(|test| has_failed(test)).map(|test| {
        let message = match outcome(test) {
            Some(TestOutcome::Failed(message)) => message.clone(),
            _ => String::new(),
        };
        (test.id.clone(), message)
    });
    let passed = if end.is_none() {
        tests.len() - tests.iter().filter(|test| has_failed(test)).count()
    } else {
        tests.iter().filter(|test| outcome(test) == Some(&TestOutcome::Passed)).count()
    };
    Shown { end, passed: count(passed), failed }
}

/// Where and how a test failed, in a few words that are the same for the same failure: the line of the unchanged text,
/// the message without its numbers.
pub(super) fn mark(id: &str, message: &str, file: &str, old: &str, cloned: Option<&Cloned>) -> String {
    let mut lines = message.lines().skip_while(|line| !line.contains(" panicked at "));
    let place =
        lines.next().and_then(|line| line.rsplit_once(" panicked at ")).map_or("", |(_, place)| place);
    let mut words = place.trim_end_matches(':').rsplitn(3, ':');
    let (_, line, path) = (words.next(), words.next(), words.next());
    let line: Option<u32> = line.and_then(|line| line.parse().ok());
    let place = match (path, line) {
        (Some(path), Some(line)) => {
            let own = cloned.filter(|_| path == file || file.ends_with(&format!("/{path}")));
            format!("{path}:{}", own.map_or(line, |cloned| cloned.old_line(line, old)))
        }
        _ => id.to_owned(),
    };
    let said = lines.next().unwrap_or_default().chars().filter(|c| !c.is_ascii_digit());
    format!("{place} {}", said.take(WORDS).collect::<String>()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str) -> TestRef {
        TestRef {
            program: 0,
            name: name.to_owned(),
            id: format!("p::{name}"),
            wall: Duration::from_millis(1),
        }
    }

    const FAILED: &str = "running 2 tests\ntest a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\n\nthread 'b' (7) panicked at src/lib.rs:9:5:\nindex out of bounds: the len is 3 but the index is 7\n\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed; 1 failed\n";

    #[test]
    fn processes_are_told_apart_and_those_that_did_not_end_say_nothing() {
        let text = format!(
            "\n{MARK}3\n{FAILED}\n{MARK}=101\n\n{MARK}4\nrunning 2 tests\ntest a ... \n{MARK}=124\n\n{MARK}5\nrunning"
        );
        let (a, b) = (test("a"), test("b"));
        let seen: Vec<_> = pieces(&text)
            .into_iter()
            .map(|(number, text, code)| (number, read(Dialect::Libtest, "p", &[&a, &b], text, code)))
            .collect();
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert_eq!((seen[0].0, seen[0].1.end, seen[0].1.passed), (3, None, 1));
        assert_eq!(seen[0].1.failed.as_ref().map(|(id, _)| id.as_str()), Some("p::b"));
        assert_eq!((seen[1].0, seen[1].1.end), (4, Some(ProbeEnd::Timeout)));
    }

    #[test]
    fn a_process_that_leaves_early_or_is_killed_has_died() {
        let a = test("a");
        let ended = |text, code| read(Dialect::Libtest, "p", &[&a], text, code).end;
        assert_eq!(ended("running 1 test\n", 0), Some(ProbeEnd::Died));
        assert_eq!(ended("running 1 test\n", 134), Some(ProbeEnd::Died));
        assert_eq!(ended("running 1 test\n", 152), Some(ProbeEnd::Timeout));
        assert_eq!(ended("running 1 test\ntest a ... ok\n\ntest result: ok. 1 passed\n", 0), None);
    }

    #[test]
    fn a_mark_has_no_numbers_but_the_line() {
        let (_, message) = read(Dialect::Libtest, "p", &[&test("b")], FAILED, 101).failed.unwrap();
        let words = "src/lib.rs:9 index out of bounds: the len is  but the index is";
        assert_eq!(mark("p::b", &message, "x/src/other.rs", "", None), words);
        assert_eq!(mark("p::b", "", "src/lib.rs", "", None), "p::b");
    }

    #[test]
    fn the_clock_is_put_into_the_shim() {
        let languages = hephaestus_syntax::Languages::builtin().unwrap();
        let rust = languages.get(&hephaestus_core::LanguageId::new("rust")).unwrap();
        let shim = super::super::pack::SwitchPack::of(rust.pack()).unwrap().unwrap().shim;
        let with = with_watch(&shim, Dialect::Libtest);
        assert!(with.contains("fn watch()") && with.contains("watch();\n"), "{with}");
        assert_eq!(with.matches('{').count(), with.matches('}').count());
        assert_eq!(with_watch("mod other {}", Dialect::Libtest), "mod other {}");
        let go = languages.get(&hephaestus_core::LanguageId::new("go")).unwrap();
        let shim = super::super::pack::SwitchPack::of(go.pack()).unwrap().unwrap().shim;
        let with = with_watch(&shim, Dialect::Go);
        assert!(
            with.contains("func __hephaestusWatch() {") && with.contains("\t__hephaestusWatch()\n"),
            "{with}"
        );
        assert!(with.find("__hephaestusTime \"time\"") < with.find("const ("), "{with}");
    }

    #[test]
    fn what_tests_of_go_say_is_read_too() {
        let (a, b) = (go_test("TestA"), go_test("TestB"));
        let shown = |text: &str, code| read(Dialect::Go, "p", &[&a, &b], text, code);
        let text = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n    a_test.go:7: want 1\n--- FAIL: TestB (0.00s)\nFAIL\n";
        let failed = shown(text, 1);
        assert_eq!((failed.end, failed.passed), (None, 1));
        assert_eq!(failed.failed.as_ref().map(|(id, _)| id.as_str()), Some("p.TestB"));
        let text = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n--- FAIL: TestB (0.00s)\npanic: index out of range\n";
        assert_eq!(shown(text, 2).end, Some(ProbeEnd::Died));
        assert_eq!(shown("=== RUN   TestA\n", 124).end, Some(ProbeEnd::Timeout));
    }

    fn go_test(name: &str) -> TestRef {
        TestRef { id: format!("p.{name}"), ..test(name) }
    }
}
