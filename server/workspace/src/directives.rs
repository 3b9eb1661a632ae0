//! Running a directive: each of its lines becomes a check, code is forged until the checks hold, and what came of each
//! line is written down. What is forged is judged as everything else is; nothing of the user's is written here.

use crate::apply::{Applied, ApplyError};
use crate::forging::{ForgeError, ForgeEvent, ForgeRequest, TestNames, now_ms};
use crate::open::{Workspace, WorkspaceError};
use crate::report::ForgeReport;
use hephaestus_core::{CancelToken, GoalKind, Offer, Patch, RelPath, Verdict};
use hephaestus_directive::{Directive, DirectiveKind, Line, Outcome};
use hephaestus_harness::{Suite, Workbench};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

mod bundle;
mod cases;
mod commands;
mod ground;
mod holes;
mod inputs;
mod json;
mod lines;
mod looking;
mod measures;
mod phrases;
mod queue;
mod records;
mod targets;
mod testing;
mod unserved;

use ground::Ground;
use lines::Lines;
pub use looking::{KnownFiles, SeenDirective};
pub use measures::Reached;
pub use queue::{QueueError, in_order};
pub use records::{LoadError, Loaded, directives_at, load};

/// How a directive is run.
pub struct DirectiveRequest<'a> {
    /// How it is forged: the budget and where nothing is remembered. What the directive says of it comes on top.
    pub forge: ForgeRequest,
    /// Whether engines, budget and seed were said by the user, who has the last word.
    pub overrides: Overrides,
    /// Asks the user whether a line holds that only a person can judge; `None` where nobody is there to answer.
    pub asks: &'a dyn Fn(&str) -> Option<bool>,
}

/// What the user said on the command line, against which the directive's own word does not count.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overrides {
    /// Which engines.
    pub engines: bool,
    /// How long.
    pub budget: bool,
    /// Which seed.
    pub seed: bool,
}

/// Why a directive could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum DirectiveError {
    /// The tests cannot judge.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The workspace cannot be shown with the tests in it.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// What a directive asks for does not fit this workspace.
    #[error("{0}")]
    Unfit(String),
}

/// What came of one line.
#[derive(Debug, Clone)]
pub struct LineReport {
    /// The line.
    pub line: Line,
    /// What came of it.
    pub outcome: Outcome,
    /// Whether only a person can judge it, and nobody has.
    pub is_open: bool,
    /// The test that shows it, where one does.
    pub tests: Vec<hephaestus_directive::TestPlace>,
}

/// What came of a directive.
#[derive(Debug, Clone)]
pub struct DirectiveReport {
    /// The directive's name.
    pub name: String,
    /// Its kind.
    pub kind: DirectiveKind,
    /// Its goal.
    pub goal: String,
    /// Its lines, in the order of the text.
    pub lines: Vec<LineReport>,
    /// The files it is about.
    pub files: BTreeSet<RelPath>,
    /// Its thresholds.
    pub reached: Vec<Reached>,
    /// What was searched and tried.
    pub searched: Option<ForgeReport>,
    /// What was proved in the workspace as it is: tests and code together. The same as `searched` where no test was added.
    pub proved: Option<ForgeReport>,
    /// The engines whose changes are in it.
    pub engines: BTreeSet<String>,
    /// What nobody could do, and what the user can.
    pub advice: Vec<String>,
    /// Whether it was written.
    pub applied: bool,
    /// How long it took.
    pub wall: Duration,
}

impl DirectiveReport {
    /// Whether everything holds that is not a person's to judge.
    #[must_use]
    pub fn holds(&self) -> bool {
        let line_holds = |own: &LineReport| own.is_open || matches!(own.outcome, Outcome::Proved { .. });
        let has_checks = !self.lines.is_empty() || !self.reached.is_empty();
        self.lines.iter().all(line_holds)
            && self.reached.iter().all(|own| own.holds)
            && (has_checks || self.patch().is_some())
    }

    /// The change that was proved.
    #[must_use]
    pub fn patch(&self) -> Option<Patch> {
        self.proved.as_ref()?.proved_patch()
    }

    /// The change as a unified diff.
    #[must_use]
    pub fn diff(&self) -> String {
        let proved = self.proved.as_ref();
        proved.and_then(|proved| Some(proved.diff(&proved.proved_patch()?))).unwrap_or_default()
    }

    /// Where its proof lies, relative to the root: that of everything together, where there are several.
    #[must_use]
    pub fn proof(&self) -> Option<RelPath> {
        let proved = self.proved.as_ref()?;
        let path = proved.proofs_together.first().or_else(|| proved.proofs.values().next())?;
        RelPath::new(path).ok()
    }
}

/// An outcome that was seen just now.
fn proved(already: bool) -> Outcome {
    Outcome::Proved { when_ms: now_ms(), proof: None, already }
}

impl Workspace {
    /// Runs a directive. Blocks; tells `listener` what happens; ends soon after `cancel`. Nothing outside the state folder
    /// is written.
    ///
    /// # Errors
    /// When nothing can be judged: no tests and none to be written, a broken build, no sandbox, or a directive that does
    /// not fit the workspace.
    pub fn run_directive(
        &self,
        directive: &Directive,
        request: &DirectiveRequest<'_>,
        cancel: &CancelToken,
        listener: &mut dyn FnMut(ForgeEvent<'_>),
    ) -> Result<DirectiveReport, DirectiveError> {
        let started = Instant::now();
        let mut base = self.configured(directive, request);
        let suite = base.suite_about(directive, &request.forge, cancel)?;
        if let Some(suite) = suite.as_ref().filter(|suite| !base.fits_first(suite)) {
            base.config.testing.runner = Some(suite.runner.name.clone());
        }
        Running { base: &base, directive, request, cancel, started, suite }.go(listener)
    }

    /// Writes what a directive's run proved, and notes that its lines hold in these files.
    ///
    /// # Errors
    /// As [`Workspace::apply`].
    pub fn apply_directive(
        &self,
        directive: &Directive,
        report: &mut DirectiveReport,
    ) -> Result<Applied, ApplyError> {
        let applied = self.apply(report.proved.as_mut().ok_or(ApplyError::NotProved)?)?;
        report.applied = true;
        records::write(self, directive, report);
        Ok(applied)
    }

    /// The suite for commands and written tests: that of the language the directive is about.
    fn suite_about(
        &self,
        directive: &Directive,
        request: &ForgeRequest,
        cancel: &CancelToken,
    ) -> Result<Option<Suite>, ForgeError> {
        let files = targets::files(self, directive);
        let language = files.first().and_then(|path| ground::language_of(self, path));
        let Some(language) = language else { return Ok(None) };
        let sandbox = request.sandbox(self.config.sandbox.clone());
        self.suite_for(&language, &sandbox, cancel)
    }

    /// Whether a suite is the one that judges here anyway.
    fn fits_first(&self, suite: &Suite) -> bool {
        let benches = self.benches().unwrap_or_default();
        benches.iter().any(|bench| bench.suite.runner.name == suite.runner.name)
    }

    /// This workspace with what a directive says about how to forge.
    fn configured(&self, directive: &Directive, request: &DirectiveRequest<'_>) -> Self {
        let mut base = self.clone();
        let (config, said) = (&mut base.config, request.overrides);
        config.goals.kinds = kinds(directive).into_iter().map(|kind| kind.as_str().to_owned()).collect();
        if let Some(limit) = measures::cognitive_limit(directive) {
            config.goals.cognitive_limit = limit;
        }
        if !said.engines && !directive.engines.allow.is_empty() {
            config.forge.engines = directive.engines.allow.iter().map(|name| name.value.clone()).collect();
        }
        if let Some(tokens) = &directive.budget.tokens {
            config.llm.budget_tokens = config.llm.budget_tokens.min(tokens.value);
        }
        if let Some(usd) = &directive.budget.usd {
            config.llm.budget_usd = Some(config.llm.budget_usd.map_or(usd.value, |own| own.min(usd.value)));
        }
        let is_unwanted = directive.engines.llm.as_ref().is_some_and(|llm| !llm.value);
        if is_unwanted || unserved::is_beyond_price(&config.llm, directive) {
            // Where no engine is left in the list all are meant: then this keeps the model out.
            config.llm.budget_tokens = 0;
            let chosen = &config.forge.engines;
            let all = config.engines().into_iter();
            let own = all.filter(|name| chosen.is_empty() || chosen.iter().any(|own| own == name));
            config.forge.engines = own.filter(|name| *name != unserved::LLM).map(str::to_owned).collect();
        }
        if let Some(seed) = directive.engines.seed.as_ref().filter(|_| !said.seed) {
            config.forge.seed = seed.value;
        }
        if let Some(share) = &directive.objective.at_least {
            config.forge.improvement_threshold = share.value;
        }
        if let Some(command) = &directive.test_command {
            config.testing.command = Some(command.value.clone());
        }
        base
    }
}

/// The goals that a kind of directive is about.
fn kinds(directive: &Directive) -> Vec<GoalKind> {
    let shape = [
        GoalKind::Simplify,
        GoalKind::Modernize,
        GoalKind::DeadCode,
        GoalKind::Complexity,
        GoalKind::Duplication,
    ];
    match *directive.kind {
        DirectiveKind::Build | DirectiveKind::Fix => vec![GoalKind::Hole, GoalKind::Repair],
        // What is to be written is tests; in code nothing is looked for but what its examples show.
        DirectiveKind::Test => vec![GoalKind::Repair],
        DirectiveKind::Refactor => shape.to_vec(),
        DirectiveKind::Optimize => vec![GoalKind::Speed],
        DirectiveKind::Improve => {
            let more = [GoalKind::Correctness, GoalKind::Speed, GoalKind::Lint];
            // What does not hold yet is mended; without examples there is nothing to be mended by.
            let mends = !directive.examples.is_empty() || !directive.properties.is_empty();
            shape.into_iter().chain(more).chain(mends.then_some(GoalKind::Repair)).collect()
        }
    }
}

/// One run of one directive.
struct Running<'a> {
    base: &'a Workspace,
    directive: &'a Directive,
    request: &'a DirectiveRequest<'a>,
    cancel: &'a CancelToken,
    started: Instant,
    /// The suite for commands and written tests.
    suite: Option<Suite>,
}

impl Running<'_> {
    fn go(self, listener: &mut dyn FnMut(ForgeEvent<'_>)) -> Result<DirectiveReport, DirectiveError> {
        listener(ForgeEvent::Stage("reading the directive"));
        let suite = self.suite.as_ref();
        let mut ground = Ground::lay(self.base, self.directive, suite)?;
        let mut advice = ground.problems.clone();
        if *self.directive.kind == DirectiveKind::Test {
            let (tests, said) =
                testing::generate(self.base, self.directive, self.request, self.cancel, listener)?;
            ground.add_tests(self.base, &tests)?;
            advice.extend(said);
        }
        let searched = ground.workspace.forge(&self.request_on(&ground), self.cancel, listener)?;
        let proved = self.prove(&ground, &searched, listener)?;
        let patch = proved.as_ref().and_then(ForgeReport::proved_patch).unwrap_or_default();
        let record = records::read(self.base, self.directive);
        let lines = Lines {
            run: &self,
            ground: &ground,
            searched: &searched,
            proved: proved.as_ref(),
            patch: &patch,
            record: record.as_ref(),
        };
        listener(ForgeEvent::Stage("checking line by line"));
        let lines = lines.outcomes(suite, &self.workbench());
        let report = DirectiveReport {
            name: self.directive.name.clone(),
            kind: *self.directive.kind,
            goal: self.directive.goal.value.clone(),
            files: targets::files(self.base, self.directive),
            reached: measures::reached(self.base, self.directive, &ground.scope, &patch, proved.as_ref()),
            lines,
            engines: served(&searched)
                .into_iter()
                .chain(ground.generated.then(|| testing::NAME.to_owned()))
                .collect(),
            searched: Some(searched),
            proved,
            advice,
            applied: false,
            wall: self.started.elapsed(),
        };
        Ok(self.finish(report))
    }

    /// Adds what nobody could do, and writes down what came of each line.
    fn finish(&self, mut report: DirectiveReport) -> DirectiveReport {
        if !report.holds() {
            report.advice.extend(unserved::advice(self.base, self.directive, &report));
        }
        if let Some(proof) = report.proof() {
            for line in &mut report.lines {
                if let Outcome::Proved { proof: own, already: false, .. } = &mut line.outcome {
                    *own = Some(proof.clone());
                }
            }
        }
        report.wall = self.started.elapsed();
        records::write(self.base, self.directive, &report);
        report
    }

    fn workbench(&self) -> Workbench {
        let sandbox = self.request.forge.sandbox(self.base.config.sandbox.clone());
        Workbench::new(sandbox, self.base.snapshot.clone())
    }

    /// The request for the search, on the workspace with tests and holes in it.
    fn request_on(&self, ground: &Ground) -> ForgeRequest {
        let mut request = self.request.forge.clone();
        request.scope = ground.scope.clone();
        request.scope.tests = Some(TestNames(ground.names.clone()));
        // What is proved there counts only once it is proved in the workspace itself.
        request.keeps_proofs = request.keeps_proofs && ground.is_bare;
        self.spend(&mut request);
        request
    }

    /// The directive's own budget, where the user did not say another.
    fn spend(&self, request: &mut ForgeRequest) {
        let budget = &self.directive.budget;
        if self.request.overrides.budget {
            return;
        }
        if let Some(cpu) = budget.cpu_s.as_ref().and_then(|cpu| Duration::try_from_secs_f64(cpu.value).ok()) {
            request.budget.cpu = Some(cpu);
            request.search.cpu = Some(cpu);
        }
        if let Some(trials) = &budget.trials {
            request.budget.trials = Some(trials.value);
        }
    }

    /// Proves what was found in the workspace as it is, with the tests that the lines became. `None` when nothing was found.
    fn prove(
        &self,
        ground: &Ground,
        searched: &ForgeReport,
        listener: &mut dyn FnMut(ForgeEvent<'_>),
    ) -> Result<Option<ForgeReport>, DirectiveError> {
        if ground.is_bare {
            let found = searched.proved_patch().is_some();
            return Ok(found.then(|| searched.clone()));
        }
        let is_filled = !ground.has_holes || taken(searched).next().is_some();
        if !is_filled || !ground.is_green(searched) {
            return Ok(None);
        }
        let claims =
            bundle::claims(self.base, self.directive, ground, searched).map_err(DirectiveError::Unfit)?;
        if claims.is_empty() {
            return Ok(None);
        }
        listener(ForgeEvent::Stage("proving code and tests in the workspace as it is"));
        let scope = ground.scope_of_bundle();
        let mut base = self.base.clone();
        let kinds: BTreeSet<&str> = claims.iter().map(|(goal, _)| goal.kind.as_str()).collect();
        base.config.goals.kinds = kinds.into_iter().map(str::to_owned).collect();
        let request = ForgeRequest {
            retry: claims.iter().map(|(goal, patch)| (goal.id.clone(), patch.clone())).collect(),
            given: Some(claims.into_iter().map(|(goal, _)| goal).collect()),
            scope,
            ..self.request.forge.clone()
        };
        let report = base.forge(&request, self.cancel, listener)?;
        Ok(Some(report))
    }
}

/// The engines whose changes hold together.
fn served(report: &ForgeReport) -> BTreeSet<String> {
    taken(report).map(|offer| offer.candidate.engine.0.clone()).collect()
}

/// What holds together with the rest.
fn taken(report: &ForgeReport) -> impl Iterator<Item = &Offer> {
    let taken = match report.verdict_together() {
        Some(Verdict::Passed) => report.taken(),
        _ => BTreeSet::new(),
    };
    report.improvements.iter().filter(move |offer| taken.contains(&offer.goal.id))
}
