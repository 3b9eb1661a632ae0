//! The lab for compiled languages: all variants are compiled into one build, each behind a switch that a variable of the
//! environment throws when a test program starts. A thousand variants cost one build and a process each.
//!
//! What is written where is the language pack's business (`switches.toml` and its shim); which build tool is asked is the
//! runner's. A variant that cannot be switched is built alone, and the outcome does not depend on which it was.

mod alone;
mod blame;
mod build;
mod cargo;
mod clones;
mod dialect;
mod examples;
mod golang;
mod ground;
mod kept;
mod ladder;
mod pack;
mod programs;
mod project;
mod search;
mod shown;
mod slim;
mod survey;
mod weave;
#[cfg(test)]
mod woven;

use self::build::{CommonBuild, Standing, Tool, of_sandbox};
use self::programs::{GroupOutcome, Programs, TestRef, groups};
use self::slim::Slim;
use super::{Job, JobEnd, JobOutcome, Lab, LabError, LabFacts, LabSubject, LabTest, Lines, Variant};
use crate::sandbox::{Sandbox, Session, View};
use hephaestus_core::{CancelToken, RelPath, Snapshot};
use hephaestus_syntax::Languages;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// How many variants ended up where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placed {
    /// In the common build.
    pub switched: usize,
    /// To be built alone.
    pub alone: usize,
    /// They do not compile.
    pub unviable: usize,
    /// How often the common build was made.
    pub rounds: usize,
    /// Why those that are not in the common build are not, by variant.
    pub reasons: BTreeMap<u32, String>,
}

/// Runs tests on variants that are all in one build.
#[derive(Debug)]
pub struct SwitchLab {
    bench: Bench,
    ids: HashMap<u32, usize>,
    facts: LabFacts,
    reach: Vec<BTreeSet<u32>>,
    sessions: Vec<Session>,
    slots: usize,
    overhead: Duration,
    rounds: usize,
    probes: Probes,
    /// How many of the tests are no examples.
    own_tests: usize,
    widened: bool,
    /// What the views lie on.
    layers: Vec<TempDir>,
    /// Tests that fail on the unchanged code, with the lines they reach …
    red: Vec<LabTest>,
    /// … and where they are.
    red_tests: Vec<TestRef>,
    languages: &'static Languages,
    /// Where very many variants are tried.
    rush: Option<search::Rush>,
}

/// The probes of each file.
type Probes = BTreeMap<RelPath, Vec<weave::Probe>>;

/// What every slot needs to do a job.
#[derive(Debug)]
struct Bench {
    sandbox: Sandbox,
    tool: Tool,
    snapshot: Snapshot,
    /// The view of the common build.
    built: View,
    /// The view without it.
    plain: View,
    project: project::Project,
    /// What to build with, where those are not the plain manifests.
    slim: Option<Slim>,
    variants: Vec<Variant>,
    standings: Vec<Standing>,
    programs: Programs,
    tests: Vec<TestRef>,
}

impl SwitchLab {
    /// Builds the subject with all `variants` in it, and finds out which test reaches what.
    ///
    /// Probes stand in the files of the variants; in all files, if there is no variant: a lab of tests and their lines.
    ///
    /// # Errors
    /// [`LabError::Unfit`] when the suite's runner or language has no switches, or the project does not build with them.
    pub fn open(
        subject: &LabSubject<'_>,
        variants: Vec<Variant>,
        cancel: &CancelToken,
    ) -> Result<Self, LabError> {
        let unfit = || LabError::Unfit(format!("{} has no switches", subject.suite.runner.title));
        let tool = Tool::of(subject.suite).ok_or_else(unfit)?;
        let build = CommonBuild::make(subject, &tool, &variants, cancel)?;
        let mut layers = vec![build.layer.path().join("upper")];
        layers.extend(build.layers.iter().cloned());
        let built = View { root: subject.snapshot.root.clone(), layers, keep: None };
        let plain = View { root: subject.snapshot.root.clone(), layers: build.layers, keep: None };
        let programs = Programs { all: build.programs, root: build.root, stretch: 1 };
        let mut sessions = survey::sessions(subject.sandbox, &built, subject.slots, cancel)?;
        let (names, silent) = match sessions.first_mut() {
            Some(session) => survey::names(&tool, &programs, session, cancel)?,
            None => Default::default(),
        };
        let survey = survey::survey(&tool, &programs, &names, &mut sessions, cancel)?;
        if survey.tests.is_empty() && (survey.red.is_empty() || !subject.suite.red_too) {
            return Err(LabError::Unfit("no test passes twice".to_owned()));
        }
        let tests = lab_tests(&survey.tests, &survey.reach, &build.probes);
        let red = lab_tests(&survey.red_tests, &survey.red_reach, &build.probes);
        let facts = LabFacts {
            tests,
            red: survey.red,
            flaky: survey.flaky,
            loaded: Lines::new(),
            notes: build.notes.into_iter().chain(silent).collect(),
        };
        let ids = variants.iter().enumerate().map(|(at, variant)| (variant.id, at)).collect();
        let own_tests = survey.tests.len();
        let bench = Bench {
            sandbox: subject.sandbox.clone(),
            tool,
            snapshot: subject.snapshot.clone(),
            built,
            plain,
            project: build.project,
            slim: build.slim,
            variants,
            standings: build.standings,
            programs,
            tests: survey.tests,
        };
        let mut lab = Self {
            bench,
            ids,
            facts,
            reach: survey.reach,
            sessions,
            slots: subject.slots.max(1),
            overhead: build.cpu + survey.cpu,
            rounds: build.rounds,
            probes: build.probes,
            own_tests,
            widened: false,
            layers: std::iter::once(build.layer).chain(build.dependencies).collect(),
            red,
            red_tests: survey.red_tests,
            languages: subject.languages,
            rush: None,
        };
        let Placed { switched, alone, unviable, rounds, .. } = lab.placed();
        lab.facts.notes.push(format!(
            "{switched} variants lie behind switches of one build (made in {rounds} rounds), {alone} are built alone, \
             {unviable} do not compile."
        ));
        Ok(lab)
    }

    /// What [`Lab::widen`] asks for. Variants that are built alone are not tried on examples.
    fn add_examples(&mut self, cancel: &CancelToken) -> Result<usize, LabError> {
        if std::mem::replace(&mut self.widened, true) || self.bench.tool.commands.examples.is_empty() {
            return Ok(0);
        }
        let layer = self.bench.sandbox.scratch("examples").map_err(of_sandbox)?;
        let examples = examples::Examples::make(&self.bench, layer.path().join("upper"), cancel)?;
        self.overhead += examples.cpu;
        self.facts.notes.extend(examples.notes);
        if examples.programs.is_empty() {
            return Ok(0);
        }
        self.sessions.clear();
        self.bench.built.layers.insert(0, layer.path().join("upper"));
        self.layers.push(layer);
        self.sessions = survey::sessions(&self.bench.sandbox, &self.bench.built, self.slots, cancel)?;
        let first = self.bench.programs.all.len();
        self.bench.programs.all.extend(examples.programs);
        let names: Vec<_> = examples.names.into_iter().map(|(at, names)| (at + first, names)).collect();
        let bench = &self.bench;
        let mut survey = survey::survey(&bench.tool, &bench.programs, &names, &mut self.sessions, cancel)?;
        self.overhead += survey.cpu;
        survey.rename(|test| examples.ids.get(&(test.program - first, test.name.clone())).cloned());
        let tests = lab_tests(&survey.tests, &survey.reach, &self.probes);
        let count = tests.len();
        self.facts.tests.extend(tests);
        self.facts.red.extend(survey.red);
        self.facts.flaky.extend(survey.flaky);
        self.reach.extend(survey.reach);
        self.bench.tests.extend(survey.tests);
        Ok(count)
    }

    /// How many variants ended up where, and why.
    #[must_use]
    pub fn placed(&self) -> Placed {
        let mut placed = Placed { rounds: self.rounds, ..Placed::default() };
        for (variant, standing) in self.bench.variants.iter().zip(&self.bench.standings) {
            match standing {
                Standing::Switched { .. } => placed.switched += 1,
                Standing::Alone { reason, .. } => {
                    placed.alone += 1;
                    placed.reasons.insert(variant.id, reason.clone());
                }
                Standing::Unviable(reason) => {
                    placed.unviable += 1;
                    placed.reasons.insert(variant.id, reason.clone());
                }
            }
        }
        placed
    }
}

impl Lab for SwitchLab {
    fn facts(&self) -> &LabFacts {
        &self.facts
    }

    fn red_tests(&self) -> &[LabTest] {
        &self.red
    }

    fn reaching(&self, variant: u32) -> Vec<usize> {
        let standing = self.ids.get(&variant).and_then(|at| self.bench.standings.get(*at));
        let (mut all, alone) = (0..self.reach.len(), 0..self.own_tests);
        if matches!(standing, Some(Standing::Alone { .. })) {
            all = alone.clone();
        }
        let site = match standing {
            Some(Standing::Switched { site, .. }) => Some(*site),
            Some(Standing::Alone { near, .. }) => *near,
            // Whoever asks will hear why.
            Some(Standing::Unviable(_)) => return alone.collect(),
            None => return Vec::new(),
        };
        // What runs while compiling may matter to any test.
        let Some(site) = site else { return all.collect() };
        all.filter(|at| self.reach.get(*at).is_some_and(|reach| reach.contains(&site))).collect()
    }

    fn stretch_limits(&mut self, factor: u32) {
        self.bench.programs.stretch = factor.max(1);
    }

    fn widen(&mut self, cancel: &CancelToken) -> Result<usize, LabError> {
        self.add_examples(cancel)
    }

    fn run(
        &mut self,
        jobs: &[Job],
        cancel: &CancelToken,
        done: &mut dyn FnMut(JobOutcome),
    ) -> Result<(), LabError> {
        let missing = self.slots.saturating_sub(self.sessions.len());
        if missing > 0 {
            self.sessions.extend(survey::sessions(&self.bench.sandbox, &self.bench.built, missing, cancel)?);
        }
        let (sender, outcomes) = mpsc::channel();
        let (bench, ids, sessions) = (&self.bench, &self.ids, &mut self.sessions);
        let result = std::thread::scope(|scope| {
            let worker = scope.spawn(move || {
                survey::in_parallel(sessions, jobs.len(), |session, at| {
                    let Some(job) = jobs.get(at) else { return Ok(()) };
                    let outcome = bench.job(session, job, ids.get(&job.variant).copied(), cancel)?;
                    // Nobody listens any more only when the lab is at an end.
                    let _ = sender.send(outcome);
                    Ok(())
                })
            });
            for outcome in outcomes {
                done(outcome);
            }
            worker.join().unwrap_or_else(|_| Err(LabError::Unfit("a worker of the lab died".to_owned())))
        });
        if result.is_err() {
            self.sessions.clear();
        }
        result
    }

    fn overhead(&self) -> Duration {
        self.overhead
    }
}

impl Bench {
    /// Does one job.
    fn job(
        &self,
        session: &mut Session,
        job: &Job,
        at: Option<usize>,
        cancel: &CancelToken,
    ) -> Result<JobOutcome, LabError> {
        let mut outcome = JobOutcome {
            variant: job.variant,
            end: JobEnd::Ran,
            passed: 0,
            failed: vec![],
            wall: Duration::ZERO,
            cpu: Duration::ZERO,
        };
        let standing = at.and_then(|at| self.standings.get(at));
        match (standing, at) {
            (Some(Standing::Switched { number, .. }), _) => {
                self.tests(session, &self.programs, job, Some(*number), &mut outcome, cancel)?;
            }
            (Some(Standing::Alone { .. }), Some(at)) => self.alone(job, at, &mut outcome, cancel)?,
            (Some(Standing::Unviable(reason)), _) => outcome.end = JobEnd::Unviable(reason.clone()),
            _ => outcome.end = JobEnd::Broken(format!("there is no variant {}", job.variant)),
        }
        Ok(outcome)
    }

    /// Runs a job's tests, group by group.
    fn tests(
        &self,
        session: &mut Session,
        programs: &Programs,
        job: &Job,
        switch: Option<u32>,
        outcome: &mut JobOutcome,
        cancel: &CancelToken,
    ) -> Result<(), LabError> {
        let tests: Vec<&TestRef> = job.tests.iter().filter_map(|at| self.tests.get(*at)).collect();
        for group in groups(&tests, job.stop_at_first) {
            let ended = programs.run_group(&self.tool, session, &group, switch, cancel)?;
            let GroupOutcome { end, passed, failed, wall, cpu } = ended;
            outcome.passed += passed;
            outcome.failed.extend(failed);
            outcome.wall += wall;
            outcome.cpu += cpu;
            if end != JobEnd::Ran {
                outcome.end = end;
                break;
            }
            if job.stop_at_first && !outcome.failed.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

/// Tests of a survey, with the lines they reach.
fn lab_tests(tests: &[TestRef], reach: &[BTreeSet<u32>], probes: &Probes) -> Vec<LabTest> {
    let lines = lines_by_site(probes);
    let tests = tests.iter().zip(reach).map(|(test, reach)| LabTest {
        id: test.id.clone(),
        wall: test.wall,
        lines: lines_of(reach, &lines),
    });
    tests.collect()
}

/// The lines of each probe.
fn lines_by_site(probes: &Probes) -> HashMap<u32, (&RelPath, &BTreeSet<u32>)> {
    let all = probes.iter().flat_map(|(path, probes)| probes.iter().map(move |probe| (path, probe)));
    all.map(|(path, probe)| (probe.site, (path, &probe.lines))).collect()
}

fn lines_of(reach: &BTreeSet<u32>, by_site: &HashMap<u32, (&RelPath, &BTreeSet<u32>)>) -> Lines {
    let mut lines = Lines::new();
    for (path, own) in reach.iter().filter_map(|site| by_site.get(site)) {
        lines.entry((*path).clone()).or_default().extend(own.iter().copied());
    }
    lines
}
