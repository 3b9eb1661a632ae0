//! The whole test suite as steps: what the README's test command and continuous integration run.
//!
//! The last line is `N passed, N failed, N skipped`, whatever ran the tests.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::Context;

use crate::{drivers, lua, pages, setup, tidy, vscode};

/// One step.
struct Step {
    name: &'static str,
    action: Action,
    /// Whether `--quick` leaves it out.
    is_slow: bool,
}

enum Action {
    /// One of our own tasks, by its name on the command line.
    Task(fn(&Path) -> anyhow::Result<bool>),
    /// Cargo with these arguments.
    Cargo(&'static [&'static str]),
    /// Other test runners.
    Programs(fn(&Path) -> anyhow::Result<Vec<Command>>),
}

const FORMAT: &[&str] = &["fmt", "--all", "--check"];
const CLIPPY: &[&str] = &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
const NEXTEST: &[&str] = &["nextest", "run", "--workspace", "--no-fail-fast"];
const LIBTEST: &[&str] = &["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
const DOC_TESTS: &[&str] = &["test", "--workspace", "--doc", "--no-fail-fast"];

fn steps(has_nextest: bool) -> Vec<Step> {
    let step = |name, action, is_slow| Step { name, action, is_slow };
    vec![
        step("setup", Action::Task(setup::run), true),
        step("fmt", Action::Cargo(FORMAT), false),
        step("clippy", Action::Cargo(CLIPPY), true),
        step("tidy", Action::Task(tidy::run), false),
        step("lua", Action::Task(lua::run), false),
        step("drivers", Action::Programs(drivers::commands), true),
        step("tests", Action::Cargo(if has_nextest { NEXTEST } else { LIBTEST }), false),
        step("pages", Action::Programs(pages::commands), true),
        step("doc tests", Action::Cargo(DOC_TESTS), true),
        step("vscode", Action::Programs(vscode::commands), true),
    ]
}

impl Step {
    /// What to type to run only this step.
    fn alone(&self) -> String {
        match self.action {
            Action::Task(_) | Action::Programs(_) => format!("cargo xtask {}", self.name),
            Action::Cargo(arguments) => format!("cargo {}", arguments.join(" ")),
        }
    }

    fn run(&self, root: &Path, counts: &mut Counts) -> anyhow::Result<bool> {
        match self.action {
            Action::Task(task) => task(root),
            Action::Cargo(arguments) => {
                let mut command = Command::new(tidy::cargo());
                command.args(arguments).current_dir(root).env("HEPHAESTUS_TOOLS", setup::folder(root));
                run_and_count(&mut command, counts)
            }
            Action::Programs(commands) => {
                let mut all_held = true;
                for mut command in commands(root)? {
                    all_held &= run_and_count(&mut command, counts)?;
                }
                Ok(all_held)
            }
        }
    }
}

/// Runs the tests of the drivers alone.
pub(crate) fn run_drivers(root: &Path) -> anyhow::Result<bool> {
    let step = Step { name: "drivers", action: Action::Programs(drivers::commands), is_slow: false };
    step.run(root, &mut Counts::default())
}

/// Runs other test runners one after the other. Whether all held.
pub(crate) fn run_programs(commands: Vec<Command>) -> anyhow::Result<bool> {
    let (mut counts, mut all_held) = (Counts::default(), true);
    for mut command in commands {
        all_held &= run_and_count(&mut command, &mut counts)?;
    }
    println!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    Ok(all_held)
}

/// Tries our pages in a browser, and nothing else.
pub(crate) fn run_pages(root: &Path) -> anyhow::Result<bool> {
    let step = Step { name: "pages", action: Action::Programs(pages::commands), is_slow: false };
    step.run(root, &mut Counts::default())
}

/// How many tests ended how.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Runs the steps on the repository at `root` until one fails. Whether none did.
pub(crate) fn run(root: &Path, is_quick: bool) -> anyhow::Result<bool> {
    let mut counts = Counts::default();
    let mut all_held = true;
    for step in steps(has_nextest(root)).iter().filter(|step| !(is_quick && step.is_slow)) {
        println!("== {}", step.name);
        let (started, failed_before) = (Instant::now(), counts.failed);
        let outcome = step.run(root, &mut counts);
        let seconds = started.elapsed().as_secs_f64();
        if let Err(error) = &outcome {
            println!("error: {error:#}");
        }
        if outcome.unwrap_or(false) {
            println!("== {}: held, {seconds:.1} s", step.name);
            continue;
        }
        // A step that fails without a failing test (it does not compile, say) counts as one failure.
        counts.failed = counts.failed.max(failed_before + 1);
        println!("== {}: FAILED after {seconds:.1} s; to run only this step: {}", step.name, step.alone());
        all_held = false;
        break;
    }
    println!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    Ok(all_held)
}

fn has_nextest(root: &Path) -> bool {
    let mut command = Command::new(tidy::cargo());
    command.args(["nextest", "--version"]).current_dir(root).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Runs a command with its output passed on, and adds up the summaries of test runners in it.
fn run_and_count(command: &mut Command, counts: &mut Counts) -> anyhow::Result<bool> {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("cargo cannot be started")?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (on_out, on_err) = thread::scope(|scope| {
        // nextest sums up on stderr, libtest on stdout.
        let on_err = scope.spawn(move || err.map_or_else(Counts::default, |err| pass_on(err, io::stderr())));
        let on_out = out.map_or_else(Counts::default, |out| pass_on(out, io::stdout()));
        (on_out, on_err.join().unwrap_or_default())
    });
    for found in [on_out, on_err] {
        counts.passed += found.passed;
        counts.failed += found.failed;
        counts.skipped += found.skipped;
    }
    Ok(child.wait().context("cargo was lost")?.success())
}

fn pass_on(from: impl Read, mut to: impl Write) -> Counts {
    let mut counts = Counts::default();
    let (mut from, mut line) = (BufReader::new(from), Vec::new());
    while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // A closed terminal must not end the tests.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        count(&without_colours(&String::from_utf8_lossy(&line)), &mut counts);
        line.clear();
    }
    counts
}

fn without_colours(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

/// Adds what a summary line says: nextest's `Summary [0.1s] 5 tests run: 3 passed (1 slow), 2 failed, 1 skipped`, or
/// libtest's `test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s`; Python's
/// `Ran 5 tests in 0.1s` and `FAILED (failures=1, errors=1, skipped=2)`; TAP's `# pass 5`.
fn count(line: &str, counts: &mut Counts) {
    let line = line.trim();
    if count_unittest(line, counts) || count_tap(line, counts) {
        return;
    }
    let summary = match line.strip_prefix("test result: ") {
        Some(rest) => rest.split_once(". ").map(|(_, summary)| summary),
        None if line.starts_with("Summary [") => line.split_once(" run: ").map(|(_, summary)| summary),
        None => None,
    };
    let without_remarks: String = summary
        .unwrap_or_default()
        .split('(')
        .map(|piece| piece.split_once(')').map_or(piece, |(_, rest)| rest))
        .collect();
    for item in without_remarks.split([',', ';']) {
        let Some((number, what)) = item.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match what.trim() {
            "passed" => counts.passed += number,
            "skipped" | "ignored" => counts.skipped += number,
            "failed" | "exec failed" | "timed out" => counts.failed += number,
            _ => {}
        }
    }
}

fn count_unittest(line: &str, counts: &mut Counts) -> bool {
    if let Some(rest) = line.strip_prefix("Ran ")
        && let Some((number, _)) = rest.split_once(" test")
    {
        counts.passed += number.parse::<u64>().unwrap_or(0);
        return true;
    }
    let Some(rest) = line.strip_prefix("FAILED (").or_else(|| line.strip_prefix("OK (")) else {
        return false;
    };
    for item in rest.trim_end_matches(')').split(", ") {
        let Some((what, number)) = item.split_once('=') else { continue };
        let number = number.parse::<u64>().unwrap_or(0);
        match what {
            "failures" | "errors" | "unexpected successes" => counts.failed += number,
            "skipped" => counts.skipped += number,
            _ => continue,
        }
        counts.passed = counts.passed.saturating_sub(number);
    }
    true
}

fn count_tap(line: &str, counts: &mut Counts) -> bool {
    let Some((what, number)) = line.strip_prefix("# ").and_then(|rest| rest.split_once(' ')) else {
        return false;
    };
    let Ok(number) = number.parse::<u64>() else { return false };
    match what {
        "pass" => counts.passed += number,
        "fail" | "cancelled" => counts.failed += number,
        "skipped" | "todo" => counts.skipped += number,
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summaries_of_unittest_and_tap_are_understood() {
        assert_eq!(counted("Ran 65 tests in 3.210s\n\nOK\n"), (65, 0, 0));
        assert_eq!(counted("Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=2)\n"), (1, 2, 2));
        assert_eq!(counted("Ran 5 tests in 0.1s\n\nOK (skipped=2)\n"), (3, 0, 2));
        assert_eq!(
            counted("# tests 4\n# pass 2\n# fail 1\n# cancelled 0\n# skipped 1\n# todo 0\n"),
            (2, 1, 1)
        );
    }

    fn counted(lines: &str) -> (u64, u64, u64) {
        let counts = pass_on(lines.as_bytes(), io::sink());
        (counts.passed, counts.failed, counts.skipped)
    }

    #[test]
    fn the_summary_of_nextest_is_understood() {
        assert_eq!(counted("     Summary [   0.412s] 48 tests run: 48 passed, 3 skipped\n"), (48, 0, 3));
        let all = "Summary [ 61.0s] 9/12 tests run: 4 passed (1 slow, 2 flaky), 2 failed, 1 exec failed, 2 timed out, 1 skipped\n";
        assert_eq!(counted(all), (4, 5, 1));
        assert_eq!(
            counted(
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m1\u{1b}[0m test run: \u{1b}[1m1\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped"
            ),
            (1, 0, 0)
        );
    }

    #[test]
    fn the_summaries_of_libtest_are_added_up() {
        let lines = "running 2 tests\ntest a ... ok\n\
                     test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 5 filtered out; finished in 0.00s\n\
                     test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(counted(lines), (5, 1, 1));
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(counted("3 passed, 2 failed\nerror: test failed\nSummary: 3 passed\n"), (0, 0, 0));
    }

    #[test]
    fn quick_leaves_out_the_slow_steps_and_every_step_can_be_run_alone() {
        let names = |quick: bool| -> Vec<&str> {
            steps(true).iter().filter(|step| !(quick && step.is_slow)).map(|step| step.name).collect()
        };
        assert_eq!(
            names(false),
            ["setup", "fmt", "clippy", "tidy", "lua", "drivers", "tests", "pages", "doc tests", "vscode"]
        );
        assert_eq!(names(true), ["fmt", "tidy", "lua", "tests"]);
        let alone: Vec<String> = steps(false).iter().map(Step::alone).collect();
        assert_eq!(alone[3], "cargo xtask tidy");
        assert_eq!(alone[5], "cargo xtask drivers");
        assert_eq!(alone[6], "cargo test --workspace --lib --bins --tests --no-fail-fast");
    }
}
