//! Calls become tests here, and are proved: written by the test writer, run plainly several times in different orders, run
//! once on each fault they claim to notice, and thinned out by what was seen. Writes nothing into the project.

use super::choice::{Choice, Gain, choose};
use super::words::shown;
use crate::open::Workspace;
use crate::report::testgen::GeneratedTest;
use hephaestus_core::{CancelToken, LanguageId, Mutant, Patch, RelPath, Snapshot};
use hephaestus_harness::explore::{CaseKind, ExploreError, FoundCase, PlainRun, TestBench};
use hephaestus_mutation::test_writer::{Case, Expected, Mark, WriteRequest, Written, write};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How often new tests are run before they are believed.
const RUNS: usize = 5;
/// How often calls are chosen anew because some did not hold.
const ROUNDS: usize = 4;

/// What is proved, and where.
pub(super) struct Proving<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) bench: TestBench<'a>,
    pub(super) language: &'a LanguageId,
    pub(super) subject: &'a RelPath,
    /// The project with the tests that were written before.
    pub(super) snapshot: &'a Snapshot,
    /// Faults by number.
    pub(super) mutants: &'a [Mutant],
    /// Lines that tests run through already.
    pub(super) covered: &'a BTreeSet<u32>,
    /// When no further fault is tried.
    pub(super) until: Instant,
    pub(super) cancel: &'a CancelToken,
}

/// Tests that hold.
#[derive(Debug, Default)]
pub(super) struct Proved {
    pub(super) written: Option<Written>,
    pub(super) tests: Vec<GeneratedTest>,
    /// Faults they notice, by number.
    pub(super) noticed: BTreeSet<u32>,
    pub(super) wavering: u32,
    /// Claimed faults that no test was run on because time was up.
    pub(super) unseen: usize,
    pub(super) cpu: Duration,
}

impl Proving<'_> {
    /// The fewest tests among `cases` that notice what can be noticed, proved.
    ///
    /// # Errors
    /// When tests cannot be run at all, or somebody asked to stop.
    pub(super) fn prove(&self, mut cases: Vec<FoundCase>) -> Result<Proved, ExploreError> {
        let mut proved = Proved::default();
        let mut steady = Vec::new();
        for _ in 0..ROUNDS {
            let chosen = choose(&self.choices(&cases));
            let picked: Vec<FoundCase> = chosen.iter().filter_map(|at| cases.get(*at)).cloned().collect();
            if picked.is_empty() {
                return Ok(proved);
            }
            let unsteady = self.unsteady(&picked, &mut proved.cpu)?;
            let bad: BTreeSet<String> =
                unsteady.iter().filter_map(|at| picked.get(*at)).map(|case| case.call.clone()).collect();
            proved.wavering += u32::try_from(unsteady.len()).unwrap_or(u32::MAX);
            cases.retain(|case| !bad.contains(&case.call));
            steady = picked;
            steady.retain(|case| !bad.contains(&case.call));
            if bad.is_empty() {
                break;
            }
        }
        if steady.is_empty() { Ok(proved) } else { self.measure(steady, proved) }
    }

    fn choices(&self, cases: &[FoundCase]) -> Vec<Choice> {
        let gains = |case: &FoundCase| {
            let kills = case.kills.iter().map(|number| Gain::Kills(*number));
            kills.chain(case.lines.difference(self.covered).map(|line| Gain::Covers(*line))).collect()
        };
        cases.iter().map(|case| Choice { gains: gains(case), cost: case.cost }).collect()
    }

    /// The cases of which the test does not pass each time, whatever the order, as indices.
    fn unsteady(&self, cases: &[FoundCase], cpu: &mut Duration) -> Result<BTreeSet<usize>, ExploreError> {
        let mut bad = BTreeSet::new();
        let written = self.write(cases)?;
        let mut tests = self.bench.with_tests(&written.patch, &written.file, self.cancel)?;
        for nth in 0..RUNS {
            let order = shuffled(cases.len(), nth);
            let in_order: Vec<FoundCase> = order.iter().filter_map(|at| cases.get(*at)).cloned().collect();
            let written = self.write(&in_order)?;
            let text = self.text(&written).unwrap_or_default();
            tests.put(&written.file, &text)?;
            let ran = tests.run(nth)?;
            let failing = |at: &usize| !passes(&written, *at, &ran);
            bad.extend((0..in_order.len()).filter(failing).filter_map(|at| order.get(at).copied()));
        }
        *cpu += tests.cpu();
        Ok(bad)
    }

    /// Runs the tests on every fault that one of them claims to notice, as long as there is time, and keeps those that do.
    fn measure(&self, cases: Vec<FoundCase>, mut proved: Proved) -> Result<Proved, ExploreError> {
        let written = self.write(&cases)?;
        let mut tests = self.bench.with_tests(&written.patch, &written.file, self.cancel)?;
        let claimed: BTreeSet<u32> = cases.iter().flat_map(|case| case.kills.iter().copied()).collect();
        let mut seen: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
        for number in claimed {
            if Instant::now() >= self.until {
                proved.unseen += 1;
                continue;
            }
            let Some(mutant) = self.mutant(number) else { continue };
            let Some(ran) = tests.run_on(mutant)? else { continue };
            for at in (0..cases.len()).filter(|at| fails(&written, *at, &ran)) {
                seen.entry(at).or_default().insert(number);
            }
        }
        proved.cpu += tests.cpu();
        let real = |(at, case): (usize, FoundCase)| FoundCase {
            kills: seen.remove(&at).unwrap_or_default(),
            ..case
        };
        let cases: Vec<FoundCase> = cases.into_iter().enumerate().map(real).collect();
        let chosen = choose(&self.choices(&cases));
        let kept: Vec<FoundCase> = chosen.iter().filter_map(|at| cases.get(*at)).cloned().collect();
        if kept.is_empty() {
            return Ok(proved);
        }
        let written = self.write(&kept)?;
        let mut tests = self.bench.with_tests(&written.patch, &written.file, self.cancel)?;
        let ran = tests.run(0)?;
        proved.cpu += tests.cpu();
        if !(0..kept.len()).all(|at| passes(&written, at, &ran)) {
            return Ok(proved);
        }
        self.tell(kept, written, &mut proved);
        Ok(proved)
    }

    fn tell(&self, kept: Vec<FoundCase>, written: Written, proved: &mut Proved) {
        let mut covered = self.covered.clone();
        for (case, name) in kept.into_iter().zip(&written.tests) {
            let new: BTreeSet<u32> = case.kills.difference(&proved.noticed).copied().collect();
            let lines: Vec<u32> = case.lines.difference(&covered).copied().collect();
            covered.extend(&case.lines);
            proved.noticed.extend(&new);
            proved.tests.push(GeneratedTest {
                name: name.clone().unwrap_or_default(),
                shows: shown(&case),
                notices: new.into_iter().filter_map(|number| self.mutant(number).cloned()).collect(),
                lines,
                call: case.call,
                expected: case.expected,
            });
        }
        proved.written = Some(written);
    }

    fn mutant(&self, number: u32) -> Option<&Mutant> {
        self.mutants.get(usize::try_from(number).ok()?)
    }

    fn write(&self, cases: &[FoundCase]) -> Result<Written, ExploreError> {
        let symbols: BTreeSet<String> = cases.iter().flat_map(|case| case.symbols.iter().cloned()).collect();
        let preamble: BTreeSet<String> =
            cases.iter().flat_map(|case| case.preamble.iter().cloned()).collect();
        let cases: Vec<Case> = cases.iter().map(case_of).collect();
        let request = WriteRequest {
            runner: &self.bench.suite.runner.name,
            language: self.language,
            subject: self.subject,
            symbols: &symbols.into_iter().collect::<Vec<_>>(),
            preamble: &preamble.into_iter().collect::<Vec<_>>(),
            cases: &cases,
            mark: &Mark::Characterisation,
            snapshot: self.snapshot,
            languages: self.workspace.languages,
            imports: &self.workspace.imports,
        };
        write(&request).map_err(|error| ExploreError::Unfit(error.to_string()))
    }

    /// The text of the file of tests.
    fn text(&self, written: &Written) -> Option<String> {
        let old = self.snapshot.file(&written.file).map(|file| &*file.text);
        written.patch.apply_to(&written.file, old).ok().flatten()
    }
}

/// What a patch makes of a snapshot, file by file.
pub(super) fn patched(snapshot: &Snapshot, patch: &Patch) -> Vec<(RelPath, String)> {
    let text = |path: &RelPath| {
        let old = snapshot.file(path).map(|file| &*file.text);
        patch.apply_to(path, old).ok().flatten().map(|text| (path.clone(), text))
    };
    patch.paths().filter_map(text).collect()
}

fn case_of(found: &FoundCase) -> Case {
    let expected = match found.kind {
        CaseKind::Value => Expected::Value(found.expected.clone()),
        CaseKind::Error => Expected::Error(Some(found.expected.clone())),
        CaseKind::Holds => Expected::Holds(found.call.clone()),
    };
    Case { setup: found.setup.clone(), ..Case::new(shown(found), found.call.clone(), expected) }
}

/// A case that was there already has no test of its own, and needs none.
fn passes(written: &Written, at: usize, ran: &PlainRun) -> bool {
    written.tests.get(at).is_some_and(Option::is_some) && ran.passed.iter().any(|id| written.is_test(at, id))
}

fn fails(written: &Written, at: usize, ran: &PlainRun) -> bool {
    ran.failed.iter().any(|id| written.is_test(at, id))
}

/// The places of `count` tests in an order of their own for each `nth`: first as they are, then backwards, then by lot.
fn shuffled(count: usize, nth: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    match nth {
        0 => {}
        1 => order.reverse(),
        nth => order.sort_by_key(|at| {
            hephaestus_core::ContentHash::of_parts([nth.to_string().as_str(), at.to_string().as_str()]).seed()
        }),
    }
    order
}
