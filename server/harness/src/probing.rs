//! The harness as a probe: shows what a search tries to the tests, by the fastest way the project allows. It filters;
//! what is offered climbs the cascade like everything else.

use crate::cascade::Harness;
use crate::lab::{Job, JobEnd, JobOutcome, Lab, LabError, LabTest};
use crate::reports::TestOutcome;
use crate::suite::{Part, RunEnd};
use hephaestus_core::{
    Behaviour, BehaviourRequest, CancelToken, LanguageId, Patch, Probe, ProbeEnd, ProbeRequest, Probed,
    Spectrum, TestFailure, TestLines, TracedTest, Variant,
};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How many more variants are shown one by one after one that passes, where each takes a run of the suite: those after
/// it are less likely, and dear.
const AFTER_A_PASS: usize = 8;
/// How much of a failure's last line is a mark.
const MARK: usize = 120;

impl Probe for Harness {
    fn spectrum(&self, language: &LanguageId, cancel: &CancelToken) -> Result<Spectrum, String> {
        match self.labs.seen(cancel) {
            Ok(seen) => Ok(self.spectrum_of(&seen.facts.tests, &seen.red)),
            Err(LabError::Cancelled) => Err(LabError::Cancelled.to_string()),
            Err(why) => {
                tracing::debug!("no lab for a spectrum: {why}");
                Ok(self.plain_spectrum(language))
            }
        }
    }

    fn probe(
        &self,
        request: &ProbeRequest<'_>,
        cancel: &CancelToken,
        done: &mut dyn FnMut(Probed),
    ) -> Result<Duration, String> {
        if self.labs.has_switches() {
            let mut told = BTreeSet::new();
            let mut tell = |probed: Probed| {
                told.insert(probed.variant);
                done(probed);
            };
            match self.labs.with_switches(cancel, |lab| lab.search(request, cancel, &mut tell)) {
                Ok(cpu) => return Ok(cpu),
                Err(LabError::Cancelled) => return Ok(Duration::ZERO),
                Err(why) if !told.is_empty() => return Err(why.to_string()),
                Err(why) => tracing::debug!("no switches to search with: {why}"),
            }
        }
        let warm = self.labs.with(cancel, |lab| match lab.search(request, cancel, done)? {
            Some(cpu) => Ok(cpu),
            None => one_by_one(request, usize::MAX, cancel, done, &mut |variant, tests, stop_at_first| {
                if !lab.admit(variant) {
                    return Ok(unviable(variant));
                }
                let job = Job { variant: variant.id, tests: lab.places(tests), stop_at_first };
                let mut outcome = None;
                lab.run(&[job], cancel, &mut |ended| outcome = Some(ended))?;
                lab.dismiss(variant.id);
                outcome.ok_or_else(|| LabError::Unfit("the lab does not say what became of it".to_owned()))
            }),
        });
        match warm {
            Err(LabError::Unfit(why)) if self.labs.facts().is_none() => {
                tracing::debug!("no lab to search in: {why}");
                let mut show = |variant: &Variant, tests: &[String], _| self.show(variant, tests, cancel);
                one_by_one(request, AFTER_A_PASS, cancel, done, &mut show).map_err(|error| error.to_string())
            }
            other => other.map_err(|error| error.to_string()),
        }
    }

    fn behaviour(&self, request: &BehaviourRequest<'_>, cancel: &CancelToken) -> Result<Behaviour, String> {
        let seen = self.labs.with(cancel, |lab| match lab.behave(request, cancel) {
            // That it cannot be done for this function does not make the lab a bad one.
            Err(LabError::Unfit(why)) => Ok(Err(why)),
            other => other.map(Ok),
        });
        seen.map_err(|error| error.to_string())?
    }
}

impl Harness {
    /// The tests as lab and baseline both saw them.
    fn spectrum_of(&self, green: &[LabTest], red: &[LabTest]) -> Spectrum {
        let baseline = &self.parts.baseline;
        let lines = |id: &str| red.iter().find(|test| test.id == id).map(|test| test.lines.clone());
        let green = green.iter().filter(|test| baseline.passing.contains(&test.id));
        Spectrum {
            red: baseline
                .red
                .iter()
                .map(|failure| traced(failure, lines(&failure.id).unwrap_or_default()))
                .collect(),
            green: green
                .map(|test| TracedTest { id: test.id.clone(), failure: None, lines: test.lines.clone() })
                .collect(),
        }
    }

    /// Where nobody saw which test runs through which line, each may run through all of them.
    fn plain_spectrum(&self, language: &LanguageId) -> Spectrum {
        let files = self.parts.snapshot.files.values();
        let own = files.filter(|file| !file.is_test && self.is_judged_with(&file.language, language));
        let count = |text: &str| u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
        let lines: TestLines =
            own.map(|file| (file.path.clone(), (1..=count(&file.text)).collect())).collect();
        let baseline = &self.parts.baseline;
        let green = |id: &String| TracedTest { id: id.clone(), failure: None, lines: lines.clone() };
        Spectrum {
            red: baseline.red.iter().map(|failure| traced(failure, lines.clone())).collect(),
            green: baseline.passing.iter().map(green).collect(),
        }
    }

    /// Whether code in `own` language is judged by the tests that judge `language`: C++ by those that judge C.
    fn is_judged_with(&self, own: &LanguageId, language: &LanguageId) -> bool {
        let judged = &self.parts.suite.runner.language;
        let inherits = || {
            let pack = self.parts.languages.get(own).map(|own| own.pack());
            pack.is_some_and(|pack| pack.manifest.inherits.iter().any(|base| base == judged.as_str()))
        };
        own == language || own == judged || inherits()
    }

    /// Runs the plain suite on a variant, and says what became of `tests`.
    fn show(
        &self,
        variant: &Variant,
        tests: &[String],
        cancel: &CancelToken,
    ) -> Result<JobOutcome, LabError> {
        let patch = self.parts.snapshot.file(&variant.file).and_then(|file| {
            Patch::edit(variant.file.clone(), file.hash.clone(), variant.edits.clone()).ok()
        });
        let Some(patch) = patch else { return Ok(unviable(variant)) };
        let of_sandbox = |error: crate::sandbox::SandboxError| LabError::Unfit(error.to_string());
        let mut session = self.open(&patch, cancel).map_err(of_sandbox)?;
        let suite = &self.parts.suite;
        let mut outcome = JobOutcome { end: JobEnd::Ran, ..unviable(variant) };
        if suite.runner.build.is_some() {
            let limit = Duration::from_secs(suite.settings.baseline_timeout);
            let run = suite.run(&mut session, Part::Build, limit, cancel).map_err(of_sandbox)?;
            outcome.cpu += run.cpu;
            match run.end {
                RunEnd::Finished => {}
                RunEnd::Cancelled => return Err(LabError::Cancelled),
                _ => return Ok(JobOutcome { end: JobEnd::Unviable(run.tail), ..outcome }),
            }
        }
        let limit = self.parts.baseline.time_limit(suite);
        let run = suite.run(&mut session, Part::Full, limit, cancel).map_err(of_sandbox)?;
        outcome.cpu += run.cpu;
        match run.end {
            RunEnd::Finished => {}
            RunEnd::Cancelled => return Err(LabError::Cancelled),
            RunEnd::TimedOut => return Ok(JobOutcome { end: JobEnd::TimedOut, ..outcome }),
            // Tests that cannot be loaded any more.
            _ => return Ok(JobOutcome { end: JobEnd::Unviable(run.tail), ..outcome }),
        }
        for id in tests {
            match run.report.tests.get(id) {
                Some(TestOutcome::Passed) => outcome.passed += 1,
                Some(TestOutcome::Failed(message)) => {
                    outcome.failed.push(TestFailure { id: id.clone(), message: message.clone() });
                }
                _ => outcome
                    .failed
                    .push(TestFailure { id: id.clone(), message: "it does not run any more".to_owned() }),
            }
        }
        Ok(outcome)
    }
}

fn traced(failure: &TestFailure, lines: TestLines) -> TracedTest {
    TracedTest { id: failure.id.clone(), failure: Some(failure.clone()), lines }
}

fn unviable(variant: &Variant) -> JobOutcome {
    JobOutcome {
        variant: variant.id,
        end: JobEnd::Unviable("its edits do not fit the text".to_owned()),
        passed: 0,
        failed: Vec::new(),
        wall: Duration::ZERO,
        cpu: Duration::ZERO,
    }
}

/// Shows a variant to tests, in this order; to the first failure only, if so asked.
type Show<'a> = dyn FnMut(&Variant, &[String], bool) -> Result<JobOutcome, LabError> + 'a;

/// Shows one variant after the other to the tests, `after` of them once one has passed; with the CPU time it took.
fn one_by_one(
    request: &ProbeRequest<'_>,
    after: usize,
    cancel: &CancelToken,
    done: &mut dyn FnMut(Probed),
    show: &mut Show<'_>,
) -> Result<Duration, LabError> {
    let started = Instant::now();
    let mut cpu = Duration::ZERO;
    let mut left = usize::MAX;
    for variant in request.variants {
        if cancel.is_cancelled() || started.elapsed() >= request.limit || left == 0 {
            break;
        }
        left -= 1;
        match one(request, variant, &mut cpu, show) {
            Ok(probed) => {
                left = if probed.end == ProbeEnd::Passed { left.min(after) } else { left };
                done(probed);
            }
            Err(LabError::Cancelled) => break,
            Err(why) => return Err(why),
        }
    }
    Ok(cpu)
}

fn one(
    request: &ProbeRequest<'_>,
    variant: &Variant,
    cpu: &mut Duration,
    show: &mut Show<'_>,
) -> Result<Probed, LabError> {
    let ahead = usize::try_from(request.ahead).unwrap_or(usize::MAX).min(request.red.len());
    let (first, rest) = request.red.split_at_checked(ahead).unwrap_or((request.red, &[]));
    let mut probed =
        Probed { variant: variant.id, end: ProbeEnd::Passed, red_passed: 0, mark: String::new() };
    for (tests, stop, failed) in [
        (first, false, ProbeEnd::Failed),
        (rest, true, ProbeEnd::Failed),
        (request.green, true, ProbeEnd::Broken),
    ] {
        if tests.is_empty() {
            continue;
        }
        let outcome = show(variant, tests, stop)?;
        *cpu += outcome.cpu;
        if failed == ProbeEnd::Failed {
            probed.red_passed += outcome.passed;
        }
        probed.end = match outcome.end {
            JobEnd::Ran if outcome.failed.is_empty() => continue,
            JobEnd::Ran if outcome.failed.iter().any(has_died) => ProbeEnd::Died,
            JobEnd::Ran => failed,
            JobEnd::TimedOut => ProbeEnd::Timeout,
            JobEnd::Unviable(_) => ProbeEnd::Unloadable,
            JobEnd::Broken(_) => ProbeEnd::Died,
        };
        let first = tests.iter().find_map(|id| outcome.failed.iter().find(|failure| failure.id == *id));
        probed.mark = first.map(mark).unwrap_or_default();
        break;
    }
    Ok(probed)
}

fn has_died(failure: &TestFailure) -> bool {
    failure.message.starts_with("the process died")
}

/// The test and the last words of its failure.
fn mark(failure: &TestFailure) -> String {
    let last = failure.message.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    format!("{}: {}", failure.id, last.chars().take(MARK).collect::<String>())
}
