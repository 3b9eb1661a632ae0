//! Tests of what is remembered, over several runs on code that is edited in between. The lab knows which test runs
//! through which line, and counts what it is asked to do.

use super::super::units::tests::parsed;
use super::*;
use hephaestus_core::{ByteRange, RelPath};
use hephaestus_harness::lab::{Job, JobEnd, JobOutcome, LabTest, Lines};
use hephaestus_registry::Registry;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

const CALC: &str = "def add(a, b):\n    return a + b\n\ndef sub(a, b):\n    return a - b\n\ndef unused(a):\n    return a * 2\n";

/// What was done over all runs.
#[derive(Default)]
struct Done {
    opened: usize,
    plain: usize,
    jobs: usize,
    /// Tests the labs were told about.
    known: Vec<usize>,
}

/// Tests `add` and `sub`, each through the function of that name; mutants of `+` die.
#[derive(Clone, Default)]
struct Project {
    calc: String,
    /// Whether `sub` fails on mutants of what it reaches.
    strict: bool,
    /// The fast lab gives up when it is opened.
    unfit: bool,
    /// It gives up after so many jobs.
    dies_after: Option<usize>,
    done: Arc<Mutex<Done>>,
}

struct ProjectLab {
    facts: LabFacts,
    variants: Vec<(Variant, u32, bool)>,
    project: Project,
    plain: bool,
    ran: usize,
}

impl Project {
    /// Jobs run and labs opened so far.
    fn counts(&self) -> (usize, usize) {
        let done = self.done.lock().unwrap();
        (done.jobs, done.opened)
    }

    fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.calc[..offset].matches('\n').count() + 1).unwrap()
    }

    fn facts(&self) -> LabFacts {
        let test = |id: &str| {
            let head = self.calc.find(&format!("def {id}(")).unwrap();
            let mut lines = BTreeSet::from([self.line(head) + 1]);
            if id == "sub" && self.calc.contains("return unused(") {
                lines.insert(self.line(self.calc.find("* 2").unwrap()));
            }
            let lines = Lines::from([(RelPath::new("calc.py").unwrap(), lines)]);
            LabTest { id: id.to_owned(), wall: Duration::from_millis(1), lines }
        };
        let loaded = Lines::from([(RelPath::new("calc.py").unwrap(), BTreeSet::from([1]))]);
        LabFacts { tests: vec![test("add"), test("sub")], loaded, ..LabFacts::default() }
    }

    fn mutants(&self) -> Vec<Mutant> {
        let file = parsed("calc.py", &self.calc);
        let of = |operator: &str| {
            let start = self.calc.find(operator).unwrap();
            let range = ByteRange::new(start, start + 1);
            Mutant {
                file: RelPath::new("calc.py").unwrap(),
                range,
                replacement: "%".to_owned(),
                operator: "arithmetic/to-modulo".to_owned(),
                function: file.function_at(range).map(|function| function.qualified.clone()),
                description: String::new(),
            }
        };
        ["+ b", "- b", "* 2"].into_iter().map(of).collect()
    }
}

impl Labs for Project {
    fn open(
        &self,
        plain: bool,
        variants: &[Variant],
        known: Option<&LabFacts>,
        _: &CancelToken,
    ) -> Result<Box<dyn Lab>, LabError> {
        let mut done = self.done.lock().unwrap();
        done.opened += 1;
        done.plain += usize::from(plain);
        done.known.push(known.map_or(0, |known| known.tests.len()));
        if self.unfit && !plain {
            return Err(LabError::Unfit("not here".to_owned()));
        }
        let variants = variants.iter().map(|variant| {
            let at = variant.edits[0].range.start;
            (variant.clone(), self.line(at), self.calc[at..].starts_with('+'))
        });
        let variants = variants.collect();
        Ok(Box::new(ProjectLab { facts: self.facts(), variants, project: self.clone(), plain, ran: 0 }))
    }
}

impl ProjectLab {
    fn variant(&self, id: u32) -> &(Variant, u32, bool) {
        self.variants.iter().find(|(variant, ..)| variant.id == id).unwrap()
    }
}

impl Lab for ProjectLab {
    fn facts(&self) -> &LabFacts {
        &self.facts
    }

    fn reaching(&self, variant: u32) -> Vec<usize> {
        let (_, line, _) = self.variant(variant);
        let runs = |test: &LabTest| test.lines.values().any(|lines| lines.contains(line));
        (0..self.facts.tests.len()).filter(|at| runs(&self.facts.tests[*at])).collect()
    }

    fn run(
        &mut self,
        jobs: &[Job],
        cancel: &CancelToken,
        told: &mut dyn FnMut(JobOutcome),
    ) -> Result<(), LabError> {
        for job in jobs {
            if cancel.is_cancelled() {
                return Err(LabError::Cancelled);
            }
            if !self.plain && self.project.dies_after.is_some_and(|limit| self.ran >= limit) {
                return Err(LabError::Unfit("it died".to_owned()));
            }
            self.ran += 1;
            self.project.done.lock().unwrap().jobs += 1;
            let (_, _, dies) = self.variant(job.variant);
            let id = self.facts.tests[job.tests[0]].id.clone();
            let fails = *dies || (self.project.strict && id == "sub");
            let failure = hephaestus_core::TestFailure { id, message: String::new() };
            told(JobOutcome {
                variant: job.variant,
                end: JobEnd::Ran,
                passed: u32::from(!fails),
                failed: if fails { vec![failure] } else { vec![] },
                wall: Duration::from_millis(1),
                cpu: Duration::from_secs(1),
            });
        }
        Ok(())
    }

    fn overhead(&self) -> Duration {
        Duration::from_secs(1)
    }
}

/// How a run ended: statuses in the order of `+`, `-`, `*`, `None` for what was not tried.
struct Ended {
    statuses: Vec<Option<MutantStatus>>,
    remembered: usize,
    costs: Costs,
    jobs: usize,
    opened: usize,
}

fn run_within(project: &Project, registry: &Registry, budget: &Budget) -> Result<Ended, LabError> {
    let (jobs, opened) = (project.counts().0, project.counts().1);
    let code = Code::bare([&parsed("calc.py", &project.calc)]);
    let mutants = project.mutants();
    let (memory, cancel, pace) =
        (MutantMemory::of(registry.clone(), false), CancelToken::new(), Pace::default());
    let stop = Stop::new(budget, Spent::default(), &cancel, &pace);
    let mut listener = |_: MutantsEvent<'_>| {};
    let mut settling = Settling::new(&mutants, &code, &memory, "suite", stop, &mut listener);
    settling.settle(project, 0)?;
    let (tried, _, costs) = settling.into_parts("title", "name");
    Ok(Ended {
        statuses: tried.iter().map(|tried| tried.as_ref().map(|tried| tried.result.status)).collect(),
        remembered: tried.iter().flatten().filter(|tried| tried.remembered).count(),
        costs,
        jobs: project.counts().0 - jobs,
        opened: project.counts().1 - opened,
    })
}

fn run(project: &Project, registry: &Registry) -> Ended {
    run_within(project, registry, &Budget::default()).unwrap()
}

fn project() -> (Project, Registry) {
    (Project { calc: CALC.to_owned(), ..Project::default() }, Registry::open_in_memory().unwrap())
}

const ALL: [Option<MutantStatus>; 3] =
    [Some(MutantStatus::Killed), Some(MutantStatus::Survived), Some(MutantStatus::NoCoverage)];

#[test]
fn a_second_run_without_a_change_opens_no_lab() {
    let (project, registry) = project();
    let first = run(&project, &registry);
    assert_eq!((first.statuses.as_slice(), first.jobs, first.opened), (ALL.as_slice(), 2, 1));
    let second = run(&project, &registry);
    assert_eq!((second.statuses.as_slice(), second.jobs, second.opened), (ALL.as_slice(), 0, 0));
    assert_eq!((second.remembered, second.costs.cpu), (3, Duration::ZERO));
}

#[test]
fn after_an_edit_only_the_edited_function_is_tried_again() {
    let (mut project, registry) = project();
    run(&project, &registry);
    project.calc = CALC.replace("return a - b", "c = a - b\n    return c");
    let second = run(&project, &registry);
    assert_eq!((second.statuses.as_slice(), second.jobs), (ALL.as_slice(), 1), "the kill and `unused` stay");
    assert_eq!(project.done.lock().unwrap().known, [0, 1], "one test need not be looked at again");
    assert_eq!(second.remembered, 1, "what no test reaches is looked up, not tried");
}

#[test]
fn an_edit_of_what_a_test_runs_through_makes_it_speak_again() {
    let (mut project, registry) = project();
    run(&project, &registry);
    project.calc = CALC.replace("return a * 2", "return a  * 2");
    assert_eq!(run(&project, &registry).jobs, 0, "no test runs through it");
    project.calc = format!("import os\n{CALC}");
    assert_eq!(run(&project, &registry).jobs, 2, "what is outside of functions concerns every test");
    project.calc = CALC.to_owned();
    assert_eq!(run(&project, &registry).jobs, 2, "one state of a mutant is remembered, the latest");
}

#[test]
fn a_test_that_comes_to_reach_a_mutant_is_noticed() {
    let (mut project, registry) = project();
    run(&project, &registry);
    project.calc = CALC.replace("return a - b", "return unused(a) - b");
    let again = run(&project, &registry);
    assert_eq!(
        again.statuses[2],
        Some(MutantStatus::Survived),
        "its function is the same; a test that reaches it is new"
    );
    assert_eq!((again.opened, again.jobs), (1, 2));
}

#[test]
fn what_an_interrupted_run_found_out_is_kept() {
    let (project, registry) = project();
    let first = run_within(&project, &registry, &Budget { trials: Some(1), ..Budget::default() }).unwrap();
    assert_eq!(
        first.statuses.iter().flatten().filter(|status| **status != MutantStatus::NoCoverage).count(),
        1
    );
    assert_eq!(first.costs.out_of, Some("trials"));
    let second = run(&project, &registry);
    assert_eq!((second.statuses.as_slice(), second.jobs), (ALL.as_slice(), 1));
    assert_eq!(second.costs.out_of, None);
}

#[test]
fn a_budget_that_is_spent_with_the_last_mutant_has_stopped_nothing() {
    let (project, registry) = project();
    let ended = run_within(&project, &registry, &Budget { trials: Some(2), ..Budget::default() }).unwrap();
    if ended.statuses.iter().all(Option::is_some) {
        assert_eq!(ended.costs.out_of, None);
    }
}

#[test]
fn where_the_fast_way_does_not_fit_the_plain_one_goes_on() {
    for (unfit, dies_after) in [(true, None), (false, Some(1))] {
        let (project, registry) = project();
        let project = Project { unfit, dies_after, ..project };
        let ended = run(&project, &registry);
        assert_eq!((ended.statuses.as_slice(), ended.jobs), (ALL.as_slice(), 2));
        assert_eq!(project.done.lock().unwrap().plain, 1);
    }
}

#[test]
fn stronger_tests_are_seen_when_their_file_changes() {
    let (mut project, registry) = project();
    run(&project, &registry);
    project.strict = true;
    assert_eq!(run(&project, &registry).jobs, 0, "nothing says that the test has changed");
    let fresh = MutantMemory::of(registry.clone(), true);
    let code = Code::bare([&parsed("calc.py", CALC)]);
    let (mutants, cancel, pace, budget) =
        (project.mutants(), CancelToken::new(), Pace::default(), Budget::default());
    let mut listener = |_: MutantsEvent<'_>| {};
    let stop = Stop::new(&budget, Spent::default(), &cancel, &pace);
    let mut settling = Settling::new(&mutants, &code, &fresh, "suite", stop, &mut listener);
    settling.settle(&project, 0).unwrap();
    let (tried, ..) = settling.into_parts("title", "name");
    assert_eq!(tried[1].as_ref().unwrap().result.status, MutantStatus::Killed);
    assert_eq!(
        run(&project, &registry).statuses[1],
        Some(MutantStatus::Killed),
        "it is remembered from now on"
    );
}
