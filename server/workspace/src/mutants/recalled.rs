//! What is known of the mutants without running anything: each as it was settled last.

use super::memory::{KeptResult, MutantMemory};
use super::prints::Code;
use super::{MutantsReport, MutantsRequest, SuiteReport, TriedMutant};
use crate::open::Workspace;
use hephaestus_core::{CancelToken, Mutant, MutantResult};
use hephaestus_harness::sandbox::HelperCommand;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

impl Workspace {
    /// The mutants of the code as it is now, those tried before as they were settled last, whether or not the tests have
    /// changed since; `None` where none was tried. Runs nothing.
    #[must_use]
    pub fn known_mutants(&self) -> Option<MutantsReport> {
        let helper = HelperCommand { program: "".into(), args: vec![] };
        let mutants = self.list_mutants(&MutantsRequest::new(helper), &CancelToken::new()).ok()?;
        let (memory, _) = MutantMemory::open(self, false).ok()?;
        let code = Code::bare(self.parsed.values());
        let keys: Vec<String> = mutants.iter().map(|mutant| code.key(mutant)).collect();
        let kept = memory.results(&keys);
        if kept.iter().all(Option::is_none) {
            return None;
        }
        let sets = memory.reaching(kept.iter().flatten().map(|kept| kept.reaching.clone()));
        let mut report = self.untried(Vec::new());
        for (mutant, kept) in mutants.into_iter().zip(kept) {
            match kept {
                Some(kept) => report.tried.push(recalled(mutant, kept, &sets)),
                None => report.untried.push(mutant),
            }
        }
        report.suites = self.suite_of(&report);
        report.end(false);
        Some(report)
    }

    /// The tests that are named anywhere, as one suite.
    fn suite_of(&self, report: &MutantsReport) -> Vec<SuiteReport> {
        let benches = self.benches().unwrap_or_default();
        let Some(suite) = benches.first().map(|bench| &bench.suite) else { return Vec::new() };
        let results = report.tried.iter().map(|tried| &tried.result);
        let named = results.flat_map(|result| {
            result.reached_by.iter().chain(result.killed_by.iter().map(|failure| &failure.id))
        });
        let named: BTreeSet<&String> = named.collect();
        vec![SuiteReport {
            title: suite.runner.title.clone(),
            name: suite.runner.name.clone(),
            tests: named.into_iter().map(|id| (id.clone(), Duration::ZERO)).collect(),
            red: vec![],
            flaky: vec![],
            notes: vec!["Each mutant is shown as it was settled last.".to_owned()],
        }]
    }
}

fn recalled(mutant: Mutant, kept: KeptResult, sets: &HashMap<String, Vec<String>>) -> TriedMutant {
    let result = MutantResult {
        mutant,
        status: kept.status,
        killed_by: kept.killed_by,
        reached_by: sets.get(&kept.reaching).cloned().unwrap_or_default(),
        tests_run: kept.tests_run,
        reason: kept.reason,
        wall: kept.wall,
        cpu: kept.cpu,
    };
    TriedMutant { result, remembered: true }
}
