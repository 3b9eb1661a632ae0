//! One build with all variants in it: woven, compiled, and woven again without those that the compiler refuses.

use super::blame::{Blame, Verdicts, blame};
use super::dialect::Dialect;
use super::ground::{Ground, describe};
use super::ladder::{Carpenter, Ladder};
use super::pack::SwitchPack;
use super::project::{Answer, BuildError, Program, Project, Shim};
use super::slim::Slim;
use super::weave::{Alternative, Fabric, PlaceKey, Probe, probes, weave};
use crate::lab::{LabError, LabSubject, Variant};
use crate::redirect::{FILE, Streams, output, redirected};
use crate::runners::{Fill, SwitchCommands};
use crate::sandbox::{Sandbox, SandboxError, Session, Step, StepOutcome, StepStatus, View};
use crate::suite::Suite;
use hephaestus_core::{CancelToken, RelPath};
use hephaestus_syntax::Parsed;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// How often the build is made at most.
const ROUNDS: usize = 8;
/// From this round on, what is blamed is not given another chance.
const PATIENT_ROUNDS: usize = 4;
/// The number of the first variant: smaller ones mean "not yet known", "recording" and "none".
const FIRST_NUMBER: u32 = 3;

/// Where a variant stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// In the common build.
    Switched {
        /// What switches it on.
        number: u32,
        /// Its place.
        site: u32,
    },
    /// It needs a build of its own; why.
    Alone {
        /// Why.
        reason: String,
        /// The probe whose statement it changes, where there is one.
        near: Option<u32>,
    },
    /// It does not compile; the compiler's words.
    Unviable(String),
}

/// The common build.
#[derive(Debug)]
pub(super) struct CommonBuild {
    pub(super) standings: Vec<Standing>,
    pub(super) probes: BTreeMap<RelPath, Vec<Probe>>,
    pub(super) programs: Vec<Program>,
    /// Where the workspace appeared to the build.
    pub(super) root: PathBuf,
    pub(super) project: Project,
    /// The manifests it was built with, where those are not the plain ones.
    pub(super) slim: Option<Slim>,
    /// What lies below it, and below whatever is built later, nearest first.
    pub(super) layers: Vec<PathBuf>,
    pub(super) layer: TempDir,
    /// What one of the layers lies in.
    pub(super) dependencies: Option<TempDir>,
    pub(super) cpu: Duration,
    pub(super) rounds: usize,
    pub(super) notes: Vec<String>,
}

/// Runs the tools of a runner in a session.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    suite: Suite,
    pub(super) commands: SwitchCommands,
}

impl Tool {
    /// The tool of the suite's runner.
    pub(super) fn of(suite: &Suite) -> Option<Self> {
        Some(Self { commands: suite.runner.switches.clone()?, suite: suite.clone() })
    }

    /// How the test programs speak.
    pub(super) fn dialect(&self) -> Dialect {
        Dialect::of(self.commands.tool)
    }

    /// The environment of everything the runner starts.
    pub(super) fn env(&self, session: &Session) -> Vec<(String, String)> {
        let root = session.root().display().to_string();
        let fill = Fill { programs: Some(&self.suite.programs), root: &root, ..Fill::default() };
        let own = self.suite.runner.env.iter().map(|(name, value)| (name.clone(), fill.word(value)));
        own.chain(self.suite.settings.env.clone()).collect()
    }

    /// Runs one of the commands; its standard output is read with [`output`].
    pub(super) fn run(
        &self,
        session: &mut Session,
        command: &[String],
        more_env: &BTreeMap<String, String>,
        cancel: &CancelToken,
    ) -> Result<StepOutcome, LabError> {
        self.run_streams(session, command, more_env, Streams::Out, cancel)
    }

    /// The same, with these streams to be read.
    pub(super) fn run_streams(
        &self,
        session: &mut Session,
        command: &[String],
        more_env: &BTreeMap<String, String>,
        streams: Streams,
        cancel: &CancelToken,
    ) -> Result<StepOutcome, LabError> {
        let root = session.root().display().to_string();
        let fill = Fill { programs: Some(&self.suite.programs), root: &root, ..Fill::default() };
        let step = Step {
            argv: redirected(fill.command(command), streams),
            env: self.env(session).into_iter().chain(more_env.clone()).collect(),
            timeout: self.limit(),
            collect: vec![FILE.to_owned()],
            ..Step::default()
        };
        let outcome = session.run(&step, cancel).map_err(of_sandbox)?;
        match &outcome.status {
            StepStatus::Cancelled => Err(LabError::Cancelled),
            StepStatus::NotStarted { reason, .. } => Err(LabError::Unfit(reason.clone())),
            StepStatus::TimedOut => Err(LabError::Unfit("the build does not come to an end".to_owned())),
            _ => Ok(outcome),
        }
    }

    /// How long each test may take on the unchanged code, where some never end.
    pub(super) fn each(&self) -> Option<Duration> {
        self.suite.each
    }

    /// How long a build or a run of the unchanged code may take.
    pub(super) fn limit(&self) -> Duration {
        Duration::from_secs(self.suite.settings.baseline_timeout)
    }
}

/// What the sandbox's errors mean to a lab.
pub(super) fn of_sandbox(error: SandboxError) -> LabError {
    match error {
        SandboxError::Cancelled => LabError::Cancelled,
        error => LabError::Unfit(error.to_string()),
    }
}

/// Opens a session of the subject's workspace.
pub(super) fn open(sandbox: &Sandbox, view: &View, cancel: &CancelToken) -> Result<Session, LabError> {
    sandbox.open(view, cancel).map_err(of_sandbox)
}

/// One file on its way into the build.
struct Work {
    parsed: Parsed,
    switches: SwitchPack,
    probes: Vec<Probe>,
    /// What was written last.
    written: String,
}

/// A variant on its ladder.
struct Climber {
    file: RelPath,
    ladder: Ladder,
    rung: usize,
    /// Why it is not in the build.
    out: Option<Out>,
}

enum Out {
    Alone(String),
    Unviable(String),
}

struct Builder<'a> {
    subject: &'a LabSubject<'a>,
    tool: &'a Tool,
    session: Session,
    project: Project,
    slim: Option<Slim>,
    works: BTreeMap<RelPath, Work>,
    climbers: Vec<Climber>,
    roots_written: BTreeMap<RelPath, String>,
    all_roots: bool,
    cpu: Duration,
    notes: Vec<String>,
}

impl CommonBuild {
    /// Builds the subject with all `variants` in it.
    ///
    /// # Errors
    /// When the project cannot be built in this way at all.
    pub(super) fn make(
        subject: &LabSubject<'_>,
        tool: &Tool,
        variants: &[Variant],
        cancel: &CancelToken,
    ) -> Result<Self, LabError> {
        let mut ground = Ground::new(subject, tool, cancel)?;
        match Self::on(&mut ground, subject, tool, variants, cancel) {
            Err(LabError::Unfit(reason)) if !ground.is_plain() => {
                tracing::info!("the build is made again, in the plain way: {reason}");
                Self::on(&mut ground.plain(subject), subject, tool, variants, cancel)
            }
            made => made,
        }
    }

    /// Builds on `ground`.
    fn on(
        ground: &mut Ground,
        subject: &LabSubject<'_>,
        tool: &Tool,
        variants: &[Variant],
        cancel: &CancelToken,
    ) -> Result<Self, LabError> {
        let layer = subject.sandbox.scratch("switches").map_err(of_sandbox)?;
        let upper = layer.path().join("upper");
        let view = View {
            root: subject.snapshot.root.clone(),
            layers: ground.layers.clone(),
            keep: Some(upper.clone()),
        };
        let mut session = open(subject.sandbox, &view, cancel)?;
        // Without namespaces every session shows the workspace elsewhere.
        if session.root() != ground.root {
            let (project, cpu) = describe(tool, &mut session, cancel)?;
            ground.project = project;
            ground.root = session.root().to_owned();
            ground.cpu += cpu;
        }
        if let Some(slim) = &ground.slim {
            slim.put_on(&mut session)?;
        }
        let mut builder = Builder {
            subject,
            tool,
            session,
            project: ground.project.clone(),
            slim: ground.slim.clone(),
            works: BTreeMap::new(),
            climbers: Vec::new(),
            roots_written: BTreeMap::new(),
            all_roots: false,
            cpu: Duration::ZERO,
            notes: Vec::new(),
        };
        builder.prepare(variants);
        let built = builder.rounds(cancel);
        ground.cpu += builder.cpu;
        let (answer, fabrics, rounds) = built?;
        let standings = builder.standings(&fabrics);
        let Builder { mut session, project, works, slim, mut notes, .. } = builder;
        if let Some(slim) = &slim {
            slim.take_off(&mut session)?;
            notes.push(slim.note());
        }
        session.close();
        ground.keep(subject, &upper, &answer.foreign);
        let probes = works.into_iter().map(|(path, work)| (path, work.probes)).collect();
        Ok(Self {
            standings,
            probes,
            programs: answer.programs,
            root: ground.root.clone(),
            project,
            slim,
            layers: ground.layers.clone(),
            layer,
            dependencies: ground.dependencies.take(),
            cpu: ground.cpu,
            rounds,
            notes,
        })
    }
}

impl Builder<'_> {
    /// Parses the files and builds the ladders.
    fn prepare(&mut self, variants: &[Variant]) {
        let wanted: BTreeSet<&RelPath> = if variants.is_empty() {
            self.subject.snapshot.files.values().filter(|file| !file.is_test).map(|file| &file.path).collect()
        } else {
            variants.iter().map(|variant| &variant.file).collect()
        };
        let mut next_site = 0;
        for path in wanted {
            let Some(file) = self.subject.snapshot.file(path) else { continue };
            let Some(language) = self.subject.languages.get(&file.language) else { continue };
            let Some(Ok(switches)) = SwitchPack::of(language.pack()) else { continue };
            let Some(parsed) = Parsed::new(language, Arc::clone(file)) else { continue };
            let probes = probes(&parsed, &switches, &mut next_site);
            let written = file.text.to_string();
            self.works.insert(path.clone(), Work { parsed, switches, probes, written });
        }
        let mut ladders: BTreeMap<usize, Ladder> = BTreeMap::new();
        for (path, work) in &self.works {
            let Some(mut carpenter) = Carpenter::new(&work.parsed, &work.switches) else { continue };
            let own = variants.iter().enumerate().filter(|(_, variant)| variant.file == *path);
            ladders.extend(own.map(|(at, variant)| (at, carpenter.ladder(&variant.edits))));
        }
        for (at, variant) in variants.iter().enumerate() {
            let ladder = ladders.remove(&at).unwrap_or(Ladder {
                rungs: vec![],
                reason: "its file cannot be read or has no language with switches",
                at: 0,
            });
            let out = ladder.rungs.is_empty().then(|| Out::Alone(ladder.reason.to_owned()));
            self.climbers.push(Climber { file: variant.file.clone(), ladder, rung: 0, out });
        }
    }

    /// Builds until nothing is refused any more.
    fn rounds(
        &mut self,
        cancel: &CancelToken,
    ) -> Result<(Answer, BTreeMap<RelPath, Fabric>, usize), LabError> {
        let mut last = String::new();
        let mut round = 0;
        while round < ROUNDS {
            round += 1;
            let fabrics = self.write()?;
            let outcome = self.tool.run(
                &mut self.session,
                &self.tool.commands.build,
                &self.tool.commands.env,
                cancel,
            )?;
            self.cpu += outcome.cpu;
            let root = self.session.root().to_owned();
            let said = output(&outcome);
            let compiled = |path: &RelPath| Some(self.works.get(path)?.written.clone());
            let answer = self.project.answer(&root, &said, &compiled);
            if outcome.status == StepStatus::Exited(0) {
                return Ok((answer, fabrics, round));
            }
            tracing::debug!(round, errors = answer.errors.len(), "a build with switches was refused");
            for error in &answer.errors {
                tracing::trace!(place = ?error.spans.first(), "{error}");
            }
            // Some tools say everything on standard output.
            last = if answer.errors.is_empty() { tail(&said) } else { tail(&outcome.stderr.text) };
            if answer.errors.is_empty() {
                tracing::debug!(round, "nobody understands: {last}");
            }
            if let [first, ..] = answer.errors.as_slice() {
                last = format!("{}\n{last}", first.message);
            }
            if let Some(slim) = self.slim.take_if(|slim| is_at_fault(slim, &answer.errors)) {
                slim.take_off(&mut self.session)?;
                round -= 1;
                continue;
            }
            self.learn(&answer.errors, &fabrics, round);
        }
        Err(LabError::Unfit(format!("the project does not compile with switches in it: {last}")))
    }

    /// Weaves all files anew and writes what has changed.
    fn write(&mut self) -> Result<BTreeMap<RelPath, Fabric>, LabError> {
        let mut fabrics = BTreeMap::new();
        let mut next_site = self.works.values().map(|work| work.probes.len()).sum::<usize>() as u32;
        let mut texts: BTreeMap<RelPath, String> = BTreeMap::new();
        let mut shims: BTreeMap<RelPath, Shim> = BTreeMap::new();
        let root = self.session.root().to_owned();
        for (path, work) in &self.works {
            let places = places(&self.climbers, path);
            let text = &*work.parsed.file().text;
            let fabric = weave(text, &work.switches, &places, &work.probes, &mut next_site);
            if fabric.text != text {
                let all = self.project.shims(&root, path, self.all_roots, &work.switches.shim);
                shims.extend(all.into_iter().map(|shim| (shim.file.clone(), shim)));
            }
            texts.insert(path.clone(), fabric.text.clone());
            fabrics.insert(path.clone(), fabric);
        }
        for (path, shim) in shims {
            let text = match texts.remove(&path) {
                Some(text) => text,
                None if shim.is_new => String::new(),
                None => match self.subject.snapshot.file(&path) {
                    Some(file) => file.text.to_string(),
                    None => continue,
                },
            };
            texts.insert(path, text + &shim.text);
        }
        for (path, text) in texts {
            let written = match self.works.get_mut(&path) {
                Some(work) => &mut work.written,
                None => self.roots_written.entry(path.clone()).or_default(),
            };
            if *written != text {
                self.session.write(&path, Some(text.as_bytes())).map_err(of_sandbox)?;
                *written = text;
            }
        }
        Ok(fabrics)
    }

    /// Takes what the compiler refused up the ladder or out of the build.
    fn learn(&mut self, errors: &[BuildError], fabrics: &BTreeMap<RelPath, Fabric>, round: usize) {
        let Some(switches) = self.works.values().next().map(|work| work.switches.clone()) else { return };
        if !self.all_roots && errors.iter().any(|error| error.message.contains(&switches.name)) {
            self.all_roots = true;
            return;
        }
        let Verdicts { blamed, unexplained } = blame(errors, fabrics, &switches.errors);
        for (variant, blame) in &blamed {
            if let Some(climber) = self.climbers.get_mut(*variant) {
                let level =
                    climber.ladder.rungs.get(climber.rung).and_then(|rung| switches.level(rung.level));
                climber.climb(blame, level.is_some_and(|level| level.flows), round);
            }
        }
        if blamed.is_empty() {
            self.guess(&unexplained);
        }
    }

    /// Nobody knows what the compiler's trouble is: first the probes go, then one half of the variants after the other.
    fn guess(&mut self, unexplained: &[BuildError]) {
        if self.works.values().any(|work| !work.probes.is_empty()) {
            self.works.values_mut().for_each(|work| work.probes.clear());
            self.notes.push(
                "this project compiles only without probes: which lines a test runs is not known".to_owned(),
            );
            return;
        }
        let said = unexplained.first().map_or("the build failed", |error| error.message.as_str());
        let inside: Vec<&mut Climber> =
            self.climbers.iter_mut().filter(|climber| climber.out.is_none()).collect();
        let half = inside.len().div_ceil(2);
        for climber in inside.into_iter().take(half) {
            climber.out = Some(Out::Alone(format!("nobody knows what the compiler means: {said}")));
        }
    }

    fn standings(&self, fabrics: &BTreeMap<RelPath, Fabric>) -> Vec<Standing> {
        let mut sites: BTreeMap<usize, u32> = BTreeMap::new();
        for place in fabrics.values().flat_map(|fabric| &fabric.places) {
            sites.extend(place.arms.iter().map(|(variant, _)| (*variant, place.site)));
        }
        let standing = |(at, climber): (usize, &Climber)| match (&climber.out, sites.get(&at)) {
            (None, Some(site)) => Standing::Switched { number: number_of(at), site: *site },
            (Some(Out::Unviable(message)), _) => Standing::Unviable(message.clone()),
            (Some(Out::Alone(reason)), _) => {
                Standing::Alone { reason: reason.clone(), near: self.near(climber) }
            }
            (None, None) => {
                Standing::Alone { reason: "it lies too deep".to_owned(), near: self.near(climber) }
            }
        };
        self.climbers.iter().enumerate().map(standing).collect()
    }

    /// The innermost probed statement around what a variant changes.
    fn near(&self, climber: &Climber) -> Option<u32> {
        let at = climber.ladder.at;
        let probes = &self.works.get(&climber.file)?.probes;
        let around = probes.iter().filter(|probe| probe.range.start <= at && at < probe.range.end);
        around.min_by_key(|probe| probe.range.len()).map(|probe| probe.site)
    }
}

impl Climber {
    /// Goes up after an error; `flows` when it stands among statements, where only the top can help.
    fn climb(&mut self, blame: &Blame, flows: bool, round: usize) {
        let top = self.rung + 1 >= self.ladder.rungs.len();
        if blame.certain || top && blame.own {
            self.out = Some(Out::Unviable(blame.message.clone()));
        } else if top || round >= PATIENT_ROUNDS {
            self.out = Some(Out::Alone(blame.message.clone()));
        } else if flows {
            self.rung = self.ladder.rungs.len() - 1;
        } else {
            self.rung += 1;
        }
    }
}

fn number_of(variant: usize) -> u32 {
    u32::try_from(variant).unwrap_or(u32::MAX - FIRST_NUMBER) + FIRST_NUMBER
}

/// The places of a file with the variants that are in the build.
fn places(climbers: &[Climber], path: &RelPath) -> BTreeMap<PlaceKey, Vec<Alternative>> {
    let mut places: BTreeMap<PlaceKey, Vec<Alternative>> = BTreeMap::new();
    for (variant, climber) in climbers.iter().enumerate() {
        if climber.file != *path || climber.out.is_some() {
            continue;
        }
        if let Some(rung) = climber.ladder.rungs.get(climber.rung) {
            let alternative = Alternative {
                variant,
                number: number_of(variant),
                text: rung.text.clone(),
                typed: rung.typed.clone(),
            };
            places.entry((rung.range, rung.level)).or_default().push(alternative);
        }
    }
    places
}

/// Whether what was left out of the manifests may be what the build lacks.
fn is_at_fault(slim: &Slim, errors: &[BuildError]) -> bool {
    errors.is_empty() || errors.iter().any(|error| slim.is_blamed_by(&error.message))
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n")
}
