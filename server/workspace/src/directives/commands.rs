//! Lines that are commands: run in the sandbox for their exit code, or timed with and without a change.

use hephaestus_core::{CancelToken, Patch, RatioEstimate, ToolOutput, Tools};
use hephaestus_directive::{Bench, Outcome};
use hephaestus_harness::{Suite, Workbench};
use std::time::{Duration, Instant};

/// Pairs of runs of a bench, when it is quick enough for so many.
const PAIRS: usize = 15;
/// Pairs that the interval around the ratio needs.
const LEAST_PAIRS: usize = 6;
/// What one bench may take, in wall-clock time.
const BENCH_TIME: Duration = Duration::from_secs(120);
/// The error of the interval.
const ERROR: f64 = 0.05;

/// Runs commands on the workspace with and without a change.
pub(super) struct Commands<'a> {
    pub(super) workbench: &'a Workbench,
    pub(super) suite: &'a Suite,
    /// The change; empty where there is none.
    pub(super) patch: &'a Patch,
    pub(super) cancel: &'a CancelToken,
}

impl Commands<'_> {
    /// What comes of a command with the change in place.
    pub(super) fn command(&self, command: &str) -> Outcome {
        let (output, before) = (self.run(command, self.patch), || self.run(command, &Patch::default()));
        match output {
            Err(why) => Outcome::Unproved { why: Some(why) },
            Ok(output) if output.exit == Some(0) => {
                let already = self.patch.is_empty() || before().is_ok_and(|output| output.exit == Some(0));
                super::proved(already)
            }
            Ok(output) => Outcome::Failing { why: ended(&output) },
        }
    }

    /// What comes of a bench: the change against the unchanged code, in turns.
    pub(super) fn bench(&self, bench: &Bench) -> Outcome {
        match self.timed(bench.command.as_str()) {
            Err(Timing::Fails(why)) => Outcome::Failing { why },
            Err(Timing::Unknown(why)) => Outcome::Unproved { why: Some(why) },
            Ok(times) => judged(bench, &times, self.patch.is_empty()),
        }
    }

    /// CPU milliseconds before and after, in pairs. Which of the two goes first changes from pair to pair.
    fn timed(&self, command: &str) -> Result<Vec<(f64, f64)>, Timing> {
        let unchanged = Patch::default();
        let time = |patch: &Patch| -> Result<f64, Timing> {
            let output = self.run(command, patch).map_err(Timing::Unknown)?;
            match output.exit {
                Some(0) => Ok(output.cpu.as_secs_f64() * 1000.0),
                _ => Err(Timing::Fails(ended(&output))),
            }
        };
        // What is read for the first time takes longer.
        time(&unchanged)?;
        time(self.patch)?;
        let started = Instant::now();
        let mut times = Vec::new();
        for nth in 0..PAIRS {
            if times.len() >= LEAST_PAIRS && started.elapsed() > BENCH_TIME {
                break;
            }
            times.push(if nth % 2 == 0 {
                let before = time(&unchanged)?;
                (before, time(self.patch)?)
            } else {
                let after = time(self.patch)?;
                (time(&unchanged)?, after)
            });
        }
        Ok(times)
    }

    fn run(&self, command: &str, patch: &Patch) -> Result<ToolOutput, String> {
        let limit = Duration::from_secs(self.suite.settings.baseline_timeout);
        self.workbench.run(&self.suite.shell(command, limit, patch.clone()), self.cancel)
    }
}

/// Why there are no times.
#[derive(Debug)]
enum Timing {
    /// The command itself fails.
    Fails(String),
    /// It cannot be run.
    Unknown(String),
}

/// Whether the times keep within the bench's limits.
fn judged(bench: &Bench, times: &[(f64, f64)], is_unchanged: bool) -> Outcome {
    let mut after: Vec<f64> = times.iter().map(|(_, after)| *after).collect();
    after.sort_by(f64::total_cmp);
    let median = after.get(after.len() / 2).copied().unwrap_or_default();
    if let Some(limit) = bench.limit_ms.as_ref().filter(|limit| median > limit.value) {
        return Outcome::Failing {
            why: format!("it takes {median:.0} ms of processor time; {} are allowed", limit.value),
        };
    }
    let Some(ratio) = &bench.ratio else { return super::proved(is_unchanged) };
    let Some(estimate) = RatioEstimate::of(times, ERROR) else {
        let why = "it takes too little processor time to be compared: let the command do more";
        return Outcome::Unproved { why: Some(why.to_owned()) };
    };
    let (low, high) = estimate.interval;
    let words = format!("{:.2} times the time (interval {low:.2}-{high:.2})", estimate.median);
    // A ratio is claimed, so all of the interval has to keep within it.
    if high <= ratio.value {
        super::proved(is_unchanged)
    } else {
        Outcome::Failing { why: format!("{words}; {} is allowed", ratio.value) }
    }
}

/// How a command ended, in a sentence.
fn ended(output: &ToolOutput) -> String {
    let last = |text: &str| text.lines().map(str::trim).rfind(|line| !line.is_empty()).map(str::to_owned);
    let said = last(&output.stderr).or_else(|| last(&output.stdout));
    let said = said.map_or_else(String::new, |line| format!(": {line}"));
    match output.exit {
        Some(code) => format!("it ends with {code}{said}"),
        None => format!("it did not come to its end{said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::ByteRange;
    use hephaestus_directive::Spanned;

    fn bench(ratio: Option<f64>, limit_ms: Option<f64>) -> Bench {
        let range = ByteRange::new(0, 1);
        let spanned = |value: f64| Spanned::new(value, range);
        let command = Spanned::new("true".to_owned(), range);
        Bench { range, name: None, command, ratio: ratio.map(spanned), limit_ms: limit_ms.map(spanned) }
    }

    fn why(outcome: Outcome) -> String {
        match outcome {
            Outcome::Failing { why } => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_ratio_holds_when_all_of_the_interval_keeps_within_it() {
        let half: Vec<(f64, f64)> = (0..15).map(|nth| (100.0, 50.0 + f64::from(nth % 3))).collect();
        assert!(matches!(
            judged(&bench(Some(0.6), None), &half, false),
            Outcome::Proved { already: false, .. }
        ));
        assert!(why(judged(&bench(Some(0.5), None), &half, false)).contains("0.5 is allowed"));
        let noisy: Vec<(f64, f64)> = (0..15).map(|nth| (100.0, 30.0 + f64::from(nth) * 8.0)).collect();
        assert!(why(judged(&bench(Some(0.95), None), &noisy, false)).contains("interval"));
    }

    #[test]
    fn a_limit_is_about_the_median_after() {
        let times = [(100.0, 40.0), (100.0, 90.0), (100.0, 50.0)];
        assert!(why(judged(&bench(None, Some(45.0)), &times, false)).starts_with("it takes 50 ms"));
        assert!(matches!(
            judged(&bench(None, Some(50.0)), &times, true),
            Outcome::Proved { already: true, .. }
        ));
    }

    #[test]
    fn times_of_nothing_are_not_compared() {
        let nothing = [(0.0, 0.0); 10];
        assert!(matches!(judged(&bench(Some(0.5), None), &nothing, false), Outcome::Unproved { .. }));
    }

    #[test]
    fn how_a_command_ended_is_told_with_its_last_words() {
        let output =
            ToolOutput { exit: Some(3), stderr: "a\nlast words\n\n".to_owned(), ..ToolOutput::default() };
        assert_eq!(ended(&output), "it ends with 3: last words");
    }
}
