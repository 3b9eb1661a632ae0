//! What is remembered between runs: what the tests did and ran through, and what became of each mutant, each with the
//! fingerprint it holds under. Decides nothing about tests; whatever cannot be read was never there.

use super::hunt::Tried;
use super::prints::{Code, Trace, Traces};
use crate::forging::now_ms;
use crate::open::Workspace;
use hephaestus_core::{ContentHash, MutantStatus, RelPath, TestFailure};
use hephaestus_harness::Suite;
use hephaestus_harness::lab::{LabFacts, LabTest};
use hephaestus_registry::{Registry, RegistryError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

const FACTS: &str = "mutants/tests";
const RESULTS: &str = "mutants/results";
const REACHING: &str = "mutants/reaching";

/// What the tests do is good for a week, in milliseconds: what wavers seldom is to be found some day.
const FACTS_LAST: u64 = 7 * 24 * 60 * 60 * 1000;

/// Access to what is remembered.
pub(super) struct MutantMemory {
    registry: Registry,
    fresh: bool,
}

/// What is known of a suite's tests.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KnownTests {
    /// Everything, with the lines as they are now. What has changed is still in it.
    pub(super) facts: LabFacts,
    /// What the tests ran through.
    pub(super) traces: Traces,
    /// The fingerprints as they are now.
    pub(super) prints: Vec<ContentHash>,
    /// Whether the fingerprint is the one of that time, by test.
    pub(super) holds: Vec<bool>,
    /// The fingerprints of that time.
    pub(super) then: Vec<ContentHash>,
}

impl KnownTests {
    /// Whether all tests would do what they did.
    pub(super) fn all_hold(&self) -> bool {
        self.holds.iter().all(|holds| *holds)
    }

    /// The tests that a survivor need not be shown again: those that reached it, passed, and would do the same. None where
    /// the result is older than what is known of the tests.
    pub(super) fn still_pass(&self, kept: &KeptResult, reaching: &[String], code: &Code) -> HashSet<String> {
        let prints = Prints::new(&self.facts, &self.then, code);
        let is_of_then = kept.status == MutantStatus::Survived
            && prints.of(kept.status, None, reaching).as_ref() == Some(&kept.print);
        if !is_of_then {
            return HashSet::new();
        }
        let reached: HashSet<&String> = reaching.iter().collect();
        let tests = self.facts.tests.iter().zip(&self.holds);
        let hold = tests.filter(|(test, holds)| **holds && reached.contains(&test.id));
        hold.map(|(test, _)| test.id.clone()).collect()
    }

    /// The tests that would do what they did: what a lab need not look at again.
    pub(super) fn holding(&self) -> LabFacts {
        let tests = self.facts.tests.iter().zip(&self.holds).filter(|(_, holds)| **holds);
        LabFacts { tests: tests.map(|(test, _)| test.clone()).collect(), ..self.facts.clone() }
    }
}

/// What is remembered of one mutant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptResult {
    pub(super) status: MutantStatus,
    pub(super) killed_by: Option<TestFailure>,
    /// The name of the set of tests that reach it.
    pub(super) reaching: String,
    pub(super) tests_run: u32,
    pub(super) reason: String,
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
    /// Under which it holds.
    pub(super) print: ContentHash,
}

#[derive(Serialize, Deserialize)]
struct KeptTest {
    id: String,
    wall: Duration,
    print: ContentHash,
    trace: Vec<KeptUnit>,
}

/// A piece of code, as an index into the names, and which of its lines ran, as first and last.
#[derive(Serialize, Deserialize)]
struct KeptUnit(usize, Vec<(u32, u32)>);

#[derive(Serialize, Deserialize)]
struct KeptFacts {
    at_ms: u64,
    names: Vec<(RelPath, String)>,
    loaded: Vec<KeptUnit>,
    tests: Vec<KeptTest>,
    red: Vec<TestFailure>,
    flaky: Vec<String>,
    notes: Vec<String>,
}

/// The names of pieces, each once.
#[derive(Default)]
struct Names {
    names: Vec<(RelPath, String)>,
    index: HashMap<(RelPath, String), usize>,
}

impl Names {
    fn keep(&mut self, trace: &Trace) -> Vec<KeptUnit> {
        let unit = |(name, lines): (&(RelPath, String), &BTreeSet<u32>)| {
            let at = *self.index.entry(name.clone()).or_insert_with(|| {
                self.names.push(name.clone());
                self.names.len() - 1
            });
            KeptUnit(at, runs(lines))
        };
        trace.iter().map(unit).collect()
    }
}

/// Numbers as stretches without a gap.
fn runs(numbers: &BTreeSet<u32>) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    runs
}

fn trace_of(kept: &[KeptUnit], names: &[(RelPath, String)]) -> Option<Trace> {
    let unit = |KeptUnit(at, runs): &KeptUnit| {
        Some((names.get(*at)?.clone(), runs.iter().flat_map(|(first, last)| *first..=*last).collect()))
    };
    kept.iter().map(unit).collect()
}

impl MutantMemory {
    /// Opens the registry; in memory alone when the disk does not let us, with a sentence that says so. With `fresh`
    /// nothing is recalled.
    ///
    /// # Errors
    /// When not even that works.
    pub(super) fn open(workspace: &Workspace, fresh: bool) -> Result<(Self, Option<String>), RegistryError> {
        match Registry::open(&workspace.state_folder()) {
            Ok(registry) => Ok((Self { registry, fresh }, None)),
            Err(error) => {
                let registry = Registry::open_in_memory()?;
                Ok((Self { registry, fresh }, Some(format!("nothing is remembered of this run: {error}"))))
            }
        }
    }

    /// A memory for tests.
    #[cfg(test)]
    pub(super) fn of(registry: Registry, fresh: bool) -> Self {
        Self { registry, fresh }
    }

    /// What is known of the tests of `suite`.
    pub(super) fn known(&self, key: &str, code: &Code) -> Option<KnownTests> {
        let bytes = self.get(FACTS, &[key.to_owned()]).pop()??;
        let kept: KeptFacts = serde_json::from_slice(&bytes).ok()?;
        let is_recent = now_ms().checked_sub(kept.at_ms).is_some_and(|age| age <= FACTS_LAST);
        if !is_recent || kept.tests.is_empty() {
            return None;
        }
        let loaded = trace_of(&kept.loaded, &kept.names)?;
        let tests: Option<Vec<Trace>> =
            kept.tests.iter().map(|test| trace_of(&test.trace, &kept.names)).collect();
        let traces = Traces { loaded, tests: tests? };
        let prints = code.prints(&traces);
        let holds = kept.tests.iter().zip(&prints).map(|(test, print)| test.print == *print).collect();
        let then = kept.tests.iter().map(|test| test.print.clone()).collect();
        let of_test = |(test, trace): (KeptTest, &Trace)| LabTest {
            id: test.id,
            wall: test.wall,
            lines: code.lines(trace),
        };
        let facts = LabFacts {
            tests: kept.tests.into_iter().zip(&traces.tests).map(of_test).collect(),
            red: kept.red,
            flaky: kept.flaky,
            loaded: code.lines(&traces.loaded),
            notes: kept.notes,
        };
        Some(KnownTests { facts, traces, prints, holds, then })
    }

    /// Remembers what a lab found out.
    pub(super) fn keep_facts(&self, key: &str, facts: &LabFacts, traces: &Traces, prints: &[ContentHash]) {
        let mut names = Names::default();
        let loaded = names.keep(&traces.loaded);
        let tests = facts.tests.iter().zip(&traces.tests).zip(prints);
        let tests = tests
            .map(|((test, trace), print)| KeptTest {
                id: test.id.clone(),
                wall: test.wall,
                print: print.clone(),
                trace: names.keep(trace),
            })
            .collect();
        let (red, flaky, notes) = (facts.red.clone(), facts.flaky.clone(), facts.notes.clone());
        let kept = KeptFacts { at_ms: now_ms(), names: names.names, loaded, tests, red, flaky, notes };
        self.put(FACTS, vec![(key.to_owned(), serde_json::to_vec(&kept).unwrap_or_default())]);
    }

    /// What is remembered under each of `keys`.
    pub(super) fn results(&self, keys: &[String]) -> Vec<Option<KeptResult>> {
        let found = self.get(RESULTS, keys).into_iter();
        found.map(|bytes| serde_json::from_slice(&bytes?).ok()).collect()
    }

    /// The sets of tests behind their names.
    pub(super) fn reaching(&self, names: impl Iterator<Item = String>) -> HashMap<String, Vec<String>> {
        let names: Vec<String> = names.collect::<BTreeSet<_>>().into_iter().collect();
        let sets = self.get(REACHING, &names);
        names
            .into_iter()
            .zip(sets)
            .filter_map(|(name, bytes)| Some((name, serde_json::from_slice(&bytes?).ok()?)))
            .collect()
    }

    /// Remembers results, and the sets of tests they name.
    pub(super) fn keep_results(&self, results: &[(String, KeptResult)], sets: &[(String, Vec<String>)]) {
        let sets = sets.iter().map(|(name, ids)| (name.clone(), serde_json::to_vec(ids).unwrap_or_default()));
        self.put(REACHING, sets.collect());
        let results =
            results.iter().map(|(key, kept)| (key.clone(), serde_json::to_vec(kept).unwrap_or_default()));
        self.put(RESULTS, results.collect());
    }

    fn get(&self, namespace: &str, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        if self.fresh || keys.is_empty() {
            return vec![None; keys.len()];
        }
        self.registry.cache_get_many(namespace, keys).unwrap_or_else(|error| {
            tracing::warn!("what is remembered cannot be read: {error}");
            vec![None; keys.len()]
        })
    }

    fn put(&self, namespace: &str, entries: Vec<(String, Vec<u8>)>) {
        if let Err(error) = self.registry.cache_put_many(namespace, &entries) {
            tracing::warn!("what was found out is not remembered: {error}");
        }
    }
}

/// The name of a set of tests; `ids` in any order.
pub(super) fn name_of_set(ids: &[String]) -> String {
    let sorted: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    ContentHash::of_parts(sorted).to_string()
}

/// The key of what is known of `suite`. The same for every state of the code: fingerprints tell the states apart.
pub(super) fn key_of(workspace: &Workspace, suite: &Suite) -> String {
    let root = workspace.root.display().to_string();
    ContentHash::of_parts([env!("CARGO_PKG_VERSION"), root.as_str(), suite.runner.name.as_str()]).to_string()
}

/// Fingerprints by test, and what is derived of them.
pub(super) struct Prints<'a> {
    by_test: HashMap<&'a str, &'a ContentHash>,
    outside: ContentHash,
}

impl<'a> Prints<'a> {
    pub(super) fn new(facts: &'a LabFacts, prints: &'a [ContentHash], code: &Code) -> Self {
        let by_test = facts.tests.iter().zip(prints).map(|(test, print)| (test.id.as_str(), print)).collect();
        Self { by_test, outside: code.outside() }
    }

    /// The fingerprint of one test, if it is there.
    pub(super) fn of_test(&self, id: &str) -> Option<&ContentHash> {
        self.by_test.get(id).copied()
    }

    /// The fingerprint under which a result holds; `None` where chance has a hand in it, or a test is gone.
    pub(super) fn of(
        &self,
        status: MutantStatus,
        killed_by: Option<&TestFailure>,
        reaching: &[String],
    ) -> Option<ContentHash> {
        match status {
            MutantStatus::Killed => self.of_test(&killed_by?.id).cloned(),
            MutantStatus::Survived | MutantStatus::Timeout => {
                self.of_all(reaching.iter().map(String::as_str))
            }
            // A test that changes may come to reach it.
            MutantStatus::NoCoverage => self.of_all(self.by_test.keys().copied()),
            MutantStatus::Unviable => Some(self.outside.clone()),
            MutantStatus::Error => None,
        }
    }

    fn of_all<'b>(&self, ids: impl Iterator<Item = &'b str>) -> Option<ContentHash> {
        let sorted: BTreeSet<&str> = ids.collect();
        let parts: Option<Vec<&str>> = sorted
            .into_iter()
            .map(|id| Some([id, self.by_test.get(id)?.as_str()]))
            .collect::<Option<Vec<_>>>()
            .map(|pairs| pairs.into_iter().flatten().collect());
        parts.map(ContentHash::of_parts)
    }
}

impl KeptResult {
    /// What is worth remembering of `tried`; `None` where it is good for nothing later.
    pub(super) fn of(tried: &Tried, reaching: &[String], prints: &Prints<'_>) -> Option<Self> {
        let print = prints.of(tried.status, tried.killed_by.as_ref(), reaching)?;
        Some(Self {
            status: tried.status,
            killed_by: tried.killed_by.clone(),
            reaching: name_of_set(reaching),
            tests_run: tried.tests_run,
            reason: tried.reason.clone(),
            wall: tried.wall,
            cpu: tried.cpu,
            print,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::units::tests::parsed;
    use super::*;
    use hephaestus_harness::lab::Lines;

    const CALC: &str = "def add(a, b):\n    return a + b\n\ndef sub(a, b):\n    return a - b\n";

    fn facts() -> LabFacts {
        let file = RelPath::new("calc.py").unwrap();
        let test = |id: &str, line: u32| LabTest {
            id: id.to_owned(),
            wall: Duration::from_millis(5),
            lines: Lines::from([(file.clone(), BTreeSet::from([line]))]),
        };
        LabFacts {
            tests: vec![test("add", 2), test("sub", 5)],
            flaky: vec!["odd".into()],
            ..LabFacts::default()
        }
    }

    fn memory() -> MutantMemory {
        let memory = MutantMemory::of(Registry::open_in_memory().unwrap(), false);
        let code = Code::bare([&parsed("calc.py", CALC)]);
        let traces = code.traces(&facts());
        memory.keep_facts("k", &facts(), &traces, &code.prints(&traces));
        memory
    }

    #[test]
    fn what_is_known_comes_back_as_it_was() {
        let known = memory().known("k", &Code::bare([&parsed("calc.py", CALC)])).unwrap();
        assert!(known.all_hold());
        assert_eq!(known.facts, facts());
        assert_eq!(known.holding(), facts());
    }

    #[test]
    fn tests_that_run_through_an_edit_do_not_hold() {
        let edited = Code::bare([&parsed("calc.py", &CALC.replace("a + b", "b + a"))]);
        let known = memory().known("k", &edited).unwrap();
        assert_eq!(known.holds, [false, true]);
        assert_eq!(known.holding().tests, facts().tests[1..]);
    }

    #[test]
    fn nothing_is_recalled_when_all_is_to_be_done_again() {
        let memory = MutantMemory { fresh: true, ..memory() };
        assert_eq!(memory.known("k", &Code::bare([&parsed("calc.py", CALC)])), None);
    }

    #[test]
    fn a_result_holds_under_what_decided_it() {
        let code = Code::bare([&parsed("calc.py", CALC)]);
        let facts = facts();
        let of = |code: &Code, status, by: Option<&str>, reaching: &[&str]| {
            let prints = code.prints(&code.traces(&facts));
            let by = by.map(|id| TestFailure { id: id.to_owned(), message: String::new() });
            let reaching: Vec<String> = reaching.iter().map(|id| (*id).to_owned()).collect();
            Prints::new(&facts, &prints, code).of(status, by.as_ref(), &reaching)
        };
        let edited = Code::bare([&parsed("calc.py", &CALC.replace("a + b", "b + a"))]);
        let same = |status, by: Option<&str>, reaching: &[&str]| {
            of(&code, status, by, reaching) == of(&edited, status, by, reaching)
        };
        assert!(same(MutantStatus::Killed, Some("sub"), &["add", "sub"]), "the other test does not matter");
        assert!(!same(MutantStatus::Killed, Some("add"), &["add", "sub"]));
        assert!(!same(MutantStatus::Survived, None, &["add", "sub"]));
        assert!(same(MutantStatus::Survived, None, &["sub"]));
        assert!(!same(MutantStatus::NoCoverage, None, &[]), "a test that changed may reach it now");
        assert!(same(MutantStatus::Unviable, None, &[]));
        assert_eq!(of(&code, MutantStatus::Error, None, &[]), None);
        assert_eq!(of(&code, MutantStatus::Killed, Some("gone"), &[]), None);
    }

    #[test]
    fn numbers_are_kept_as_stretches() {
        assert_eq!(runs(&BTreeSet::from([1, 2, 3, 7, 9, 10])), [(1, 3), (7, 7), (9, 10)]);
        assert_eq!(runs(&BTreeSet::from([u32::MAX])), [(u32::MAX, u32::MAX)]);
    }
}
