//! A forge run from end to end: baseline, goals, the loop, everything together, the report.

use crate::combine::{Together, disjoint, prove_together};
use crate::external::Externals;
use crate::llm::LlmRefusal;
use crate::memory::{Correspondence, Known, Memory, Recalling};
use crate::mutants::{keep_tests, recall_tests};
use crate::open::Workspace;
use crate::packs::runners;
use crate::proofs::Witness;
use crate::report::{Baselined, ForgeReport, Rejected, Totals};
use crate::surveying::Linted;
use crate::unlocking::HeldBack;
use hephaestus_core::{
    Budget, CancelToken, Candidate, Clock, Engine, ExternalRole, Finding, Goal, GoalId, LanguageId, Mutator,
    Notice, Offer, Pace, Patch, Probe, SandboxSettings, Score, Sighting, Trial, Verdict,
};
use hephaestus_forge::{CycleSettings, Event, Outcome, Parts, Progress, RuleRecord, drive};
use hephaestus_harness::runners::{Facts, Programs, Runner, fitting};
use hephaestus_harness::sandbox::{HelperCommand, Sandbox};
use hephaestus_harness::{
    Baseline, Harness, HarnessParts, Problem, Suite, Workbench, lower_priority_of_this_thread,
};
use hephaestus_mutation::{FixerRecheck, Llm, Mutators};
use hephaestus_registry::RunLedger;
use hephaestus_scoring::{ScorerParts, StrengthLimits, Workshop};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

mod rebased;
mod repairs;
mod scope;
mod strengthen;

use rebased::Rebased;
pub(crate) use scope::is_named;
pub use scope::{Scope, TestNames};
use strengthen::Survivors;

/// Why a forge run came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// The workspace cannot judge candidates.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// One of our own data files is malformed.
    #[error("internal: {0}")]
    Internal(String),
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ForgeRequest {
    /// How the sandbox's helper is started.
    pub helper: HelperCommand,
    /// What may be spent on trying candidates; the baseline and the linters come before.
    pub budget: Budget,
    /// What the search for one repair may take of it.
    pub search: Budget,
    /// Test and try everything again, whatever is remembered.
    pub fresh: bool,
    /// While it is held, nothing new starts, what runs is frozen, and no budget or time limit runs down.
    pub pace: Pace,
    /// Give way to everything else on this machine: commands and threads run at idle priority, the calling thread too,
    /// and for good.
    pub background: bool,
    /// Patches that held on an earlier text, moved to this one: each is tried first for its goal.
    pub retry: Vec<(GoalId, Patch)>,
    /// This goal only.
    pub only: Option<GoalId>,
    /// These goals, whether or not anybody would propose them, and for them nothing but what is in `retry`.
    pub given: Option<Vec<Goal>>,
    /// Whether nobody asked for it, but something the user did started it: then nobody is asked who costs money.
    pub is_unasked: bool,
    /// Whether what is proved is written down, to be proved again by anybody.
    pub keeps_proofs: bool,
    /// What it is restricted to beyond that.
    pub scope: Scope,
}

impl ForgeRequest {
    /// A request without limits, in the foreground.
    #[must_use]
    pub fn new(helper: HelperCommand) -> Self {
        Self {
            helper,
            budget: Budget::default(),
            search: Budget { cpu: Some(repairs::SEARCH_CPU), ..Budget::default() },
            fresh: false,
            pace: Pace::default(),
            background: false,
            retry: Vec::new(),
            only: None,
            given: None,
            is_unasked: false,
            keeps_proofs: true,
            scope: Scope::default(),
        }
    }

    /// The sandbox in which it is carried out.
    pub(crate) fn sandbox(&self, settings: SandboxSettings) -> Sandbox {
        let sandbox = Sandbox::new(self.helper.clone(), settings).yielding(self.pace.clone());
        if self.background { sandbox.at_idle_priority() } else { sandbox }
    }

    /// What every thread that works on it calls first.
    fn begin_thread(&self) {
        if self.background {
            lower_priority_of_this_thread();
        }
    }
}

/// What a run tells while it goes on.
pub enum ForgeEvent<'a> {
    /// A new stage begins, in a few words.
    Stage(&'a str),
    /// The baseline stands.
    Baseline(&'a Baselined),
    /// So many goals are to be worked on.
    Goals(usize),
    /// Where the loop stands.
    Progress(&'a Progress),
    /// A trial ended.
    Tried(&'a Goal, &'a Trial, Option<&'a Score>),
    /// An improvement holds.
    Offer(&'a Offer),
}

struct Monotonic(Instant);

impl Clock for Monotonic {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Everything one run gathers.
struct Run<'a> {
    workspace: &'a Workspace,
    request: &'a ForgeRequest,
    cancel: &'a CancelToken,
    listener: &'a mut dyn FnMut(ForgeEvent<'_>),
    started: Instant,
    sandbox: Sandbox,
    report: ForgeReport,
}

/// The goals that one suite judges.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) suite: Suite,
    /// Suites that fit too, should the program of this one be missing.
    pub(crate) others: Vec<Suite>,
    pub(crate) languages: BTreeSet<LanguageId>,
}

impl Workspace {
    /// Runs the whole cycle. Blocks; tells `listener` what happens; ends soon after `cancel`, with what was found.
    /// Nothing outside the state folder is written.
    ///
    /// # Errors
    /// When nothing can be judged: no tests, no runner, a broken build, a red suite, no sandbox.
    pub fn forge(
        &self,
        request: &ForgeRequest,
        cancel: &CancelToken,
        listener: &mut dyn FnMut(ForgeEvent<'_>),
    ) -> Result<ForgeReport, ForgeError> {
        request.begin_thread();
        let sandbox = request.sandbox(self.config.sandbox.clone());
        let sandbox = match &self.overlay {
            Some(overlay) => sandbox.below(overlay.layer()),
            None => sandbox,
        };
        let report = ForgeReport::new(self, now_ms());
        let run =
            Run { workspace: self, request, cancel, listener, started: Instant::now(), sandbox, report };
        run.go()
    }

    /// The suites that fit this workspace, each with the languages it judges.
    pub(crate) fn benches(&self) -> Result<Vec<Bench>, ForgeError> {
        let facts = Facts::gather(&self.snapshot);
        let programs = Programs::of(&self.root);
        let used: BTreeSet<LanguageId> =
            self.snapshot.files.values().map(|file| file.language.clone()).collect();
        // Where it is repairs that are asked for, red tests are what it is about.
        let red_too = repairs::are_asked_for(&self.config.goals.kinds);
        let suite = |runner: Runner| {
            let mut suite = Suite::new(runner, programs.clone(), &facts, self.config.testing.clone());
            suite.red_too = red_too;
            suite
        };
        if let Some(command) = &self.config.testing.command {
            let any = used.first().cloned().unwrap_or_else(|| LanguageId::new("any"));
            return Ok(vec![Bench {
                suite: suite(Runner::of_command(command, any)),
                others: vec![],
                languages: used,
            }]);
        }
        let all = runners(self.languages).map_err(|error| ForgeError::Internal(error.to_string()))?;
        let mut benches: Vec<Bench> = Vec::new();
        for runner in self.wanted(&all, &facts)? {
            let languages: BTreeSet<LanguageId> =
                used.iter().filter(|language| self.judges(runner, language)).cloned().collect();
            match benches.iter_mut().find(|bench| bench.suite.runner.language == runner.language) {
                Some(bench) => bench.others.push(suite(runner.clone())),
                None if languages.is_empty() => {}
                None => benches.push(Bench { suite: suite(runner.clone()), others: vec![], languages }),
            }
        }
        Ok(benches)
    }

    /// What makes mutants; `None` where our own data is malformed, which a test prevents.
    pub(crate) fn mutators(&self) -> Option<Arc<Mutators>> {
        Mutators::builtin(self.languages).map(Arc::new).ok()
    }

    fn wanted<'a>(&self, all: &'a [Runner], facts: &Facts) -> Result<Vec<&'a Runner>, ForgeError> {
        let Some(name) = &self.config.testing.runner else { return Ok(fitting(all, facts, &self.snapshot)) };
        let known = || all.iter().map(|runner| runner.name.as_str()).collect::<Vec<_>>().join(", ");
        let named = all.iter().find(|runner| runner.name == *name);
        named.map(|runner| vec![runner]).ok_or_else(|| {
            let message = format!("`testing.runner`: there is no runner `{name}`; known: {}", known());
            ForgeError::Problem(Problem::ProgramMissing(message))
        })
    }

    pub(crate) fn judges(&self, runner: &Runner, language: &LanguageId) -> bool {
        let inherits = |language: &LanguageId| {
            let pack = self.languages.get(language).map(|language| language.pack());
            pack.is_some_and(|pack| {
                pack.manifest.inherits.iter().any(|parent| parent == runner.language.as_str())
            })
        };
        *language == runner.language || inherits(language)
    }
}

impl Run<'_> {
    fn go(mut self) -> Result<ForgeReport, ForgeError> {
        (self.listener)(ForgeEvent::Stage("reading the workspace"));
        let benches = self.workspace.benches()?;
        if benches.is_empty() {
            return Err(Problem::NoTests.into());
        }
        let memory = Memory::open(self.workspace, &mut self.report, self.request.fresh)
            .map_err(|error| ForgeError::Internal(error.to_string()))?;
        let result = self.work_on_all(&benches, &memory);
        let said =
            memory.correspondence().summary().into_iter().map(|message| Notice { path: None, message });
        self.report.notices.extend(said);
        self.report.stats.wall = self.started.elapsed();
        if let Err(error) = &result {
            self.report.stats.ended = error.to_string();
        }
        self.report.measure_after(self.workspace);
        memory.close(&self.report);
        result?;
        Ok(self.report)
    }

    /// Works with every suite. One that cannot judge stops nothing as long as another one can.
    fn work_on_all(&mut self, benches: &[Bench], memory: &Memory) -> Result<(), ForgeError> {
        let mut problems = Vec::new();
        for bench in benches {
            if self.cancel.is_cancelled() {
                break;
            }
            match self.work_on(bench, memory) {
                Ok(()) => {}
                Err(ForgeError::Problem(problem)) if benches.len() > 1 => {
                    problems.push((bench.suite.runner.title.clone(), problem));
                }
                Err(error) => return Err(error),
            }
        }
        if problems.len() == benches.len()
            && let Some((_, problem)) = problems.pop()
        {
            return Err(problem.into());
        }
        self.report.notices.extend(problems.into_iter().map(|(title, problem)| Notice {
            path: None,
            message: format!("{title}: {problem}. {}", problem.hint()),
        }));
        Ok(())
    }

    fn work_on(&mut self, bench: &Bench, memory: &Memory) -> Result<(), ForgeError> {
        let workspace = self.workspace;
        let workbench = Arc::new(Workbench::new(self.sandbox.clone(), workspace.snapshot.clone()));
        let (bench, baseline, linted, externals) = self.look_around(bench, memory, &workbench)?;
        let bench = &bench;
        let ledger = memory.ledger(workspace, &bench.suite, &baseline);
        self.report.notices.extend(linted.notices.iter().cloned());
        let harness = self.harness(bench, baseline, &workbench, (&linted, &externals));
        let goals = self.goals(bench, &harness, (&linted.findings, &externals.sightings));
        (self.listener)(ForgeEvent::Goals(goals.len()));
        self.report.findings += linted.findings.len();
        self.report.goals.extend(goals.iter().cloned());
        self.report.passing.extend(harness.baseline().passing.iter().cloned());
        let scorer = self.scorer(harness.baseline());
        let engines = self.engines(&memory.correspondence(), &externals)?;
        let judge = externals.measuring(&harness, &workspace.snapshot);
        (self.listener)(ForgeEvent::Stage("forging"));
        let (clock, request) = (Monotonic(self.started), self.request);
        let probe = repairs::probe_of(&harness)
            .map(|probe| memory.recalling(probe, workspace, &bench.suite, harness.baseline()));
        let parts = Parts {
            engines: &engines,
            judge: &judge,
            scorer: &scorer,
            ledger: &ledger,
            probe: probe.as_ref().map(|probe| probe as &dyn Probe),
            search: &request.search,
            clock: &clock,
            snapshot: &workspace.snapshot,
            pace: &self.request.pace,
            on_worker_start: &|| request.begin_thread(),
        };
        let (offers, outcome) = self.drive(&parts, goals, &ledger, memory.records());
        let (cpu, complaints) = externals.end();
        self.report.stats.cpu += cpu;
        self.report.notices.extend(complaints);
        self.report
            .notices
            .extend(ledger.errors().messages.into_iter().map(|message| Notice { path: None, message }));
        self.report.add_outcome(&outcome);
        self.report.note_recalled(probe.as_ref().map_or(0, Recalling::recalled));
        if let Some(facts) = harness.lab_facts().filter(|_| workspace.overlay.is_none()) {
            keep_tests(workspace, &bench.suite, &facts);
        }
        self.put_together(bench, &harness, offers);
        Ok(())
    }

    /// What is to be worked on: the goals that this suite judges.
    fn goals(
        &mut self,
        bench: &Bench,
        harness: &Harness,
        (findings, sightings): (&[Finding], &[Sighting]),
    ) -> Vec<Goal> {
        if let Some(given) = &self.request.given {
            return given.iter().filter(|goal| bench.languages.contains(&goal.language)).cloned().collect();
        }
        (self.listener)(ForgeEvent::Stage("looking for goals"));
        let (workspace, only) = (self.workspace, self.request.only.as_ref());
        let (red, said) = repairs::without_surroundings(&harness.baseline().red, &workspace.snapshot);
        self.report.notices.extend(said.map(|message| Notice { path: None, message }));
        let red = red.as_slice();
        let mut goals = workspace.propose(findings, sightings, red, &[]);
        if let Some(probe) = repairs::probe_of(harness)
            && repairs::are_wanted(workspace, red, only, &goals)
        {
            (self.listener)(ForgeEvent::Stage("looking where the failing tests go"));
            let language = &bench.suite.runner.language;
            match repairs::causes(workspace, probe, repairs::grouping(), language, self.cancel) {
                Ok(causes) => {
                    goals = workspace.propose(findings, sightings, red, &causes);
                    repairs::give_tests_to_holes(workspace, &mut goals, &causes);
                }
                Err(message) => self.report.notices.push(Notice { path: None, message }),
            }
        }
        goals.retain(|goal| bench.languages.contains(&goal.language));
        // Where no test passes, none judges anything but what makes them pass.
        let nothing_judges = harness.baseline().passing.is_empty();
        goals.retain(|goal| goal.mends_tests() || !nothing_judges);
        goals.retain(|goal| only.is_none_or(|only| goal.id == *only));
        self.request.scope.narrow(goals, workspace)
    }

    /// Takes the baseline and asks linters and programs of the user's, at the same time: neither needs the other.
    fn look_around(
        &mut self,
        bench: &Bench,
        memory: &Memory,
        workbench: &Arc<Workbench>,
    ) -> Result<(Bench, Baseline, Linted, Externals), ForgeError> {
        let (workspace, request) = (self.workspace, self.request);
        let stop_linting = self.cancel.child();
        let roles = self.external_roles();
        thread::scope(|scope| {
            let linting = scope.spawn(|| {
                request.begin_thread();
                let linted = workspace.lint(workbench, &stop_linting);
                (linted, Externals::start(workspace, &roles, &**workbench, &stop_linting))
            });
            let based = self.baseline(bench, memory);
            if based.is_err() {
                stop_linting.cancel();
            } else if !linting.is_finished() {
                (self.listener)(ForgeEvent::Stage("asking the linters"));
            }
            let linted = linting.join();
            let (bench, baseline) = based?;
            let (linted, externals) =
                linted.map_err(|_| ForgeError::Internal("asking the linters broke off".to_owned()))?;
            Ok((bench, baseline, linted, externals))
        })
    }

    /// What programs of the user's are wanted for.
    fn external_roles(&self) -> Vec<ExternalRole> {
        let proposes = !self.workspace.only_repairs();
        let forges = self.request.given.is_none();
        [(ExternalRole::Proposer, proposes), (ExternalRole::Engine, forges), (ExternalRole::Dimension, true)]
            .into_iter()
            .filter_map(|(role, is_wanted)| is_wanted.then_some(role))
            .collect()
    }

    /// The engines that are wanted, after the one that has nothing but what is to be tried again.
    fn engines(
        &mut self,
        letters: &Correspondence,
        externals: &Externals,
    ) -> Result<Vec<Box<dyn Engine>>, ForgeError> {
        let workspace = self.workspace;
        let wanted = &workspace.config.forge.engines;
        let is_given = self.request.given.is_some();
        let is_wanted = |name: &str| !is_given && (wanted.is_empty() || wanted.iter().any(|own| own == name));
        let llm = if is_wanted("llm") { self.llm(letters) } else { None };
        let all =
            hephaestus_mutation::all(workspace.languages, &workspace.rules, &workspace.config.search, llm)
                .map_err(|error| ForgeError::Internal(error.to_string()))?;
        let own = all.into_iter().chain(externals.engines()).filter(|engine| is_wanted(engine.name()));
        let patches = self.request.retry.clone();
        let rebased = (!patches.is_empty()).then(|| Box::new(Rebased { patches }) as Box<dyn Engine>);
        Ok(rebased.into_iter().chain(own).collect())
    }

    /// The engine that asks a language model, where it may be asked; why not, where one is configured.
    fn llm(&mut self, letters: &Correspondence) -> Option<Llm> {
        if self.request.is_unasked && !self.workspace.config.llm.on_save {
            return None;
        }
        match self.workspace.llm(letters.clone(), self.request.fresh) {
            Ok(llm) => Some(llm),
            Err(LlmRefusal::NotConfigured) => None,
            Err(refusal) => {
                let message = format!("no language model is asked: {refusal}. {}", refusal.hint());
                self.report.notices.push(Notice { path: None, message });
                None
            }
        }
    }

    /// The baseline, with the first suite whose program is there.
    fn baseline(&mut self, bench: &Bench, memory: &Memory) -> Result<(Bench, Baseline), ForgeError> {
        let mut missing: Option<Problem> = None;
        for suite in std::iter::once(&bench.suite).chain(&bench.others) {
            match self.baseline_with(suite, memory) {
                Ok(baseline) => {
                    let title = &suite.runner.title;
                    let message = |problem| format!("{problem}; {title} judges instead");
                    self.report
                        .notices
                        .extend(missing.map(|problem| Notice { path: None, message: message(problem) }));
                    return Ok((Bench { suite: suite.clone(), ..bench.clone() }, baseline));
                }
                Err(ForgeError::Problem(problem @ Problem::ProgramMissing(_))) => {
                    missing = missing.or(Some(problem))
                }
                // The tests are written for the runner that is missing: that is what has to be mended.
                Err(ForgeError::Problem(Problem::Empty | Problem::AllRed(_))) if missing.is_some() => break,
                Err(error) => return Err(error),
            }
        }
        Err(missing.unwrap_or(Problem::NoTests).into())
    }

    fn baseline_with(&mut self, suite: &Suite, memory: &Memory) -> Result<Baseline, ForgeError> {
        let title = &suite.runner.title;
        let known = memory.known(self.workspace, suite);
        let remembered = self.baseline_by_memory(suite, &known);
        let baseline = match remembered {
            Some(baseline) => baseline,
            None => self.baseline_by_running(suite, &known)?,
        };
        memory.keep(self.workspace, suite, &baseline, known);
        let told = Baselined::of(title, &baseline);
        (self.listener)(ForgeEvent::Baseline(&told));
        self.report.stats.cpu += baseline.spent_cpu;
        self.report.runners.push(told);
        Ok(baseline)
    }

    /// The baseline as it is remembered, where nothing at all has changed since.
    fn baseline_by_memory(&mut self, suite: &Suite, known: &Known) -> Option<Baseline> {
        let (Some(record), Some(since)) = (&known.record, &known.unchanged_since) else { return None };
        let root = &self.workspace.root;
        (self.listener)(ForgeEvent::Stage("recalling what the tests did on this very code"));
        if !suite.runner.detect.program.is_empty() {
            suite.probe(root, &self.sandbox, self.cancel).ok()?;
        }
        let mut baseline = Baseline::recall(root, &self.sandbox, suite, record, self.cancel).ok()?;
        baseline.notes.push(format!(
            "The unchanged code was not tested again: nothing has changed since it was, {since} ago (--fresh tests it \
             all the same)."
        ));
        Some(baseline)
    }

    /// The baseline by one run where that does what is known, by two otherwise.
    fn baseline_by_running(&mut self, suite: &Suite, known: &Known) -> Result<Baseline, Problem> {
        let (root, title) = (&self.workspace.root, &suite.runner.title);
        let probe = || match suite.runner.detect.program.is_empty() {
            true => Ok(()),
            false => suite.probe(root, &self.sandbox, self.cancel),
        };
        let Some(record) = &known.record else {
            (self.listener)(ForgeEvent::Stage(&format!("testing the unchanged code with {title}, twice")));
            probe()?;
            return Baseline::take(root, &self.sandbox, suite, None, self.cancel);
        };
        (self.listener)(ForgeEvent::Stage(&format!("testing the unchanged code with {title}")));
        match Baseline::take(root, &self.sandbox, suite, Some(record), self.cancel) {
            Ok(mut baseline) => {
                if baseline.runs == 1 {
                    let note = "One run of the unchanged code did exactly what two runs had done before.";
                    baseline.notes.push(note.to_owned());
                }
                Ok(baseline)
            }
            // It was there the last time, so it is asked only now, because it knows best what is missing.
            Err(problem @ (Problem::Broken { .. } | Problem::ProgramMissing(_))) => probe().and(Err(problem)),
            Err(problem) => Err(problem),
        }
    }

    fn harness(
        &self,
        bench: &Bench,
        baseline: Baseline,
        workbench: &Arc<Workbench>,
        (linted, externals): (&Linted, &Externals),
    ) -> Harness {
        let workspace = self.workspace;
        let recheck =
            FixerRecheck::new(linted.fixers.clone(), workspace.snapshot.clone(), linted.findings.clone());
        Harness::new(HarnessParts {
            sandbox: self.sandbox.clone(),
            suite: bench.suite.clone(),
            baseline,
            snapshot: workspace.snapshot.clone(),
            languages: workspace.languages,
            imports: workspace.imports.clone(),
            recheck: Some(Arc::new(externals.recheck(workspace, recheck))),
            workbench: Arc::clone(workbench),
            mutator: workspace.mutators().map(|mutators| mutators as Arc<dyn Mutator>),
            most_mutants: workspace.config.mutants.most_per_region as usize,
            lab_facts: recall_tests(workspace, &bench.suite, self.request.fresh)
                .filter(|_| workspace.overlay.is_none()),
        })
    }

    fn scorer(&self, baseline: &Baseline) -> Workshop {
        let workspace = self.workspace;
        let dependencies =
            workspace.parsed.values().flat_map(|parsed| workspace.imports.external(parsed)).collect();
        Workshop::new(ScorerParts {
            snapshot: workspace.snapshot.clone(),
            languages: workspace.languages,
            rules: workspace.rules.clone(),
            imports: workspace.imports.clone(),
            dependencies,
            passing: baseline.passing.len(),
            cpu_s: baseline.cpu.as_secs_f64(),
            stable_runs: workspace.config.testing.stable_runs,
            strength: StrengthLimits {
                offered: workspace.config.mutants.offer_strength,
                weak: workspace.config.mutants.weak_strength,
            },
            improvement_threshold: workspace.config.forge.improvement_threshold,
            settings: workspace.config.scoring.clone(),
            limits: self.request.scope.limits.clone(),
            external: workspace.config.external.iter().map(|own| (own.name.clone(), own.weight)).collect(),
        })
    }

    fn drive(
        &mut self,
        parts: &Parts<'_>,
        goals: Vec<Goal>,
        ledger: &RunLedger,
        records: HashMap<String, RuleRecord>,
    ) -> (Vec<Offer>, Outcome) {
        let mut offers = Vec::new();
        let mut rejected = Vec::new();
        let mut held_back = Vec::new();
        let mut stages = BTreeMap::new();
        let mut alternatives = BTreeMap::new();
        let mut remembered = 0;
        let mut survivors = Survivors::default();
        let listener = &mut *self.listener;
        let settings = CycleSettings { records, ..cycle_settings(self.workspace, &self.request.budget) };
        let outcome = drive(parts, settings, goals, self.cancel, &mut |event| match event {
            Event::Progress(progress) => listener(ForgeEvent::Progress(progress)),
            Event::Offer(offer, others) => {
                listener(ForgeEvent::Offer(offer));
                offers.push(offer.clone());
                if !others.is_empty() {
                    alternatives.insert(offer.goal.id.clone(), others.to_vec());
                }
            }
            Event::Tried(goal, candidate, trial, score) => {
                listener(ForgeEvent::Tried(goal, trial, score));
                remembered += u64::from(trial.remembered);
                note_stages(&mut stages, trial);
                survivors.add(trial.evidence.strength.as_ref().map_or(&[], |strength| &strength.survivors));
                if score.is_none_or(|score| !score.accepted) {
                    rejected.push(Rejected::of(goal, candidate, trial, score));
                    held_back.extend(
                        score.and_then(|score| HeldBack::of(goal, candidate, &trial.evidence, score)),
                    );
                    keep_log(ledger, candidate, trial);
                }
            }
        });
        self.report.stats.remembered += remembered;
        self.report.rejected.extend(rejected);
        self.report.held_back.extend(held_back);
        self.report.alternatives.extend(alternatives);
        self.report.goals.extend(survivors.into_goals(self.workspace));
        self.report.add_stages(stages);
        (offers, outcome)
    }

    /// What holds alone is proved together.
    fn put_together(&mut self, bench: &Bench, harness: &Harness, offers: Vec<Offer>) {
        let (kept, superseded) = disjoint(offers);
        self.report.superseded.extend(superseded);
        if kept.is_empty() {
            return;
        }
        let runs = self.workspace.config.testing.stable_runs;
        let stage = match kept.len() {
            1 => "proving the improvement once more".to_owned(),
            count => format!("proving all {count} improvements together"),
        };
        (self.listener)(ForgeEvent::Stage(&stage));
        // Asking to stop means: no new trials. What was found is still worth proving, unless the user insists.
        let together = if self.cancel.is_cancelled() {
            Together::unproved(&kept)
        } else {
            prove_together(harness, &kept, runs, self.cancel)
        };
        self.report.stats.cpu += together.cost.cpu;
        let holds = |offer: &&Offer| together.taken.contains(&offer.goal.id);
        let proved: Vec<Offer> = match together.verdict {
            Verdict::Passed => kept.iter().filter(holds).cloned().collect(),
            _ => Vec::new(),
        };
        self.report.add_together(kept, together);
        if self.request.keeps_proofs && !proved.is_empty() {
            let (runner, tests) = (bench.suite.runner.name.as_str(), &harness.baseline().passing);
            let limits = &self.request.scope.limits;
            Witness { workspace: self.workspace, runner, tests, limits }.testify(&proved, &mut self.report);
        }
    }
}

impl Together {
    /// What is left when there was no time to prove it.
    fn unproved(offers: &[Offer]) -> Self {
        let left_out = offers.iter().map(|offer| offer.goal.id.clone()).collect();
        Self {
            patch: hephaestus_core::Patch::default(),
            verdict: Verdict::Cancelled,
            taken: vec![],
            left_out,
            cost: hephaestus_core::TrialCost::default(),
        }
    }
}

fn cycle_settings(workspace: &Workspace, budget: &Budget) -> CycleSettings {
    let forge = &workspace.config.forge;
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let slots = if forge.jobs == 0 { processors } else { forge.jobs as usize };
    CycleSettings {
        slots,
        max_iterations: forge.max_iterations,
        beam: forge.beam as usize,
        quality_threshold: forge.quality_threshold,
        exploration_ratio: forge.exploration_ratio,
        seed: forge.seed,
        budget: budget.clone(),
        records: HashMap::new(),
        learns: false,
    }
}

/// Wall time, CPU time and number of runs, by stage.
pub(crate) type Stages = BTreeMap<hephaestus_core::Stage, (u64, Duration, Duration)>;

fn note_stages(stages: &mut Stages, trial: &Trial) {
    for run in trial.evidence.stages.iter().filter(|_| !trial.remembered) {
        let entry = stages.entry(run.stage).or_default();
        entry.0 += 1;
        entry.1 += run.wall;
        entry.2 += run.cpu;
    }
}

fn keep_log(ledger: &RunLedger, candidate: &Candidate, trial: &Trial) {
    let text: Vec<String> = trial
        .evidence
        .stages
        .iter()
        .filter(|run| !run.tail.is_empty())
        .map(|run| format!("$ {}\n{}", run.command, run.tail))
        .collect();
    if !text.is_empty()
        && let Err(error) = ledger.put_log(&candidate.id, &text.join("\n"))
    {
        tracing::warn!("the log of {} is not kept: {error}", candidate.id);
    }
}

impl Totals {
    /// The whole workspace in numbers, test code left out.
    pub(crate) fn of<'a>(
        workspace: &Workspace,
        parsed: impl Iterator<Item = &'a hephaestus_syntax::Parsed>,
    ) -> Self {
        let limit = workspace.config.goals.cognitive_limit;
        let mut totals = Self::default();
        for parsed in parsed.filter(|parsed| !parsed.file().is_test) {
            let whole = hephaestus_core::ByteRange::new(0, parsed.file().text.len());
            let metrics = parsed.metrics(whole);
            totals.tokens += u64::from(metrics.tokens);
            totals.statements += u64::from(metrics.statements);
            totals.findings += workspace.rules.matches(parsed).len() as u64;
            for function in parsed.functions() {
                totals.cognitive += u64::from(function.metrics.cognitive);
                totals.functions_over_limit += u64::from(function.metrics.cognitive > limit);
            }
        }
        totals
    }
}
