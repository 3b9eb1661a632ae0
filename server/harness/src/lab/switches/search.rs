//! Very many variants of one file shown to tests, in as few builds as possible: every variant a function of its own,
//! those that do not compile found by one build, the others run by one process each.
//!
//! What cannot be made a function of its own is built alone, as far as that does not take too long. A filter: what is
//! offered is judged elsewhere.

use super::build::{of_sandbox, open};
use super::clones::{Chosen, Cloned, Cloner};
use super::pack::SwitchPack;
use super::programs::{Programs, TestRef, groups};
use super::project::{Answer, BuildError, Program};
use super::shown::{STEP, Shown, mark, show, with_watch};
use super::{Bench, SwitchLab};
use crate::lab::LabError;
use crate::redirect::output;
use crate::sandbox::{Session, StepStatus};
use hephaestus_core::{CancelToken, Patch, ProbeEnd, ProbeRequest, Probed, RelPath, Variant};
use hephaestus_syntax::Parsed;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tree_sitter::Parser;

/// How many variants are in one build.
const BATCH: usize = 400;
/// How often a build is made at most. All that does not fit is found by one or two; what the compiler cannot even parse,
/// one by one, costs next to nothing each.
const ROUNDS: usize = 24;
/// How many variants of a request are built alone at most.
const MOST_ALONE: usize = 12;
/// The number of the first variant: smaller ones mean "not yet known", "recording" and "none".
const FIRST_NUMBER: u32 = 3;
/// A build here is thrown away: what would make the next one faster is not kept.
const BUILD_ENV: [(&str, &str); 1] = [("CARGO_INCREMENTAL", "0")];

/// Where very many variants are tried: a session that keeps what was built.
#[derive(Debug)]
pub(super) struct Rush {
    session: Session,
    /// What its files hold that are not as they were.
    written: BTreeMap<RelPath, String>,
    /// Whether only the programs are built that are needed.
    narrow: bool,
    cpu: Duration,
}

/// A request with everything that is looked up once.
struct Hunt<'a> {
    bench: &'a Bench,
    request: &'a ProbeRequest<'a>,
    parsed: &'a Parsed,
    shim: String,
    /// The word in compiler errors that tells that the shim is missing.
    shim_name: String,
    call: String,
    /// The red tests that are run whatever they say, the other red ones, and the green ones.
    stages: [Vec<&'a TestRef>; 3],
    until: Instant,
    cancel: &'a CancelToken,
}

/// A build that was made.
struct Made {
    programs: Programs,
    cloned: Cloned,
    /// The variants in it, by number.
    inside: BTreeMap<u32, usize>,
}

/// What came of a batch.
enum Come<'v> {
    Built(Made),
    /// Nobody knows whose fault it is that these do not build.
    Nobody(Vec<Chosen<'v>>),
    /// Nothing of it is left, or no time.
    Empty,
}

impl SwitchLab {
    /// Shows variants to tests; with the CPU time it took.
    pub(crate) fn search(
        &mut self,
        request: &ProbeRequest<'_>,
        cancel: &CancelToken,
        done: &mut dyn FnMut(Probed),
    ) -> Result<Duration, LabError> {
        let Some(file) = request.variants.first().and_then(|first| self.bench.snapshot.file(&first.file))
        else {
            return Ok(Duration::ZERO);
        };
        let unfit = |why: &str| LabError::Unfit(why.to_owned());
        let language =
            self.languages.get(&file.language).ok_or_else(|| unfit("its language is not known"))?;
        let switches = SwitchPack::of(language.pack()).and_then(Result::ok);
        let switches = switches.ok_or_else(|| unfit("its language has no switches"))?;
        let parsed = Parsed::new(language, Arc::clone(file)).ok_or_else(|| unfit("it cannot be parsed"))?;
        let known = |ids: &[String]| -> Vec<&TestRef> {
            let all = || self.red_tests.iter().chain(&self.bench.tests);
            ids.iter().filter_map(|id| all().find(|test| test.id == *id)).collect()
        };
        let mut red = known(request.red);
        if red.len() < request.red.len() {
            return Err(unfit("some of the tests are not known here"));
        }
        let rest = red.split_off(red.len().min((request.ahead as usize).max(1)));
        let hunt = Hunt {
            bench: &self.bench,
            request,
            parsed: &parsed,
            shim: with_watch(&switches.shim, self.bench.tool.dialect()),
            shim_name: switches.name.clone(),
            call: switches.call(0),
            stages: [red, rest, known(request.green)],
            until: Instant::now() + request.limit,
            cancel,
        };
        let mut rush = match self.rush.take() {
            Some(rush) => rush,
            None => Rush::open(&self.bench, cancel)?,
        };
        rush.cpu = Duration::ZERO;
        match rush.hunt(&hunt, done) {
            Ok(()) => {
                let cpu = rush.cpu;
                self.rush = Some(rush);
                Ok(cpu)
            }
            // Its session is over.
            Err(LabError::Cancelled) => Ok(rush.cpu),
            Err(why) => Err(why),
        }
    }
}

impl Hunt<'_> {
    fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || Instant::now() >= self.until
    }
}

impl Rush {
    fn open(bench: &Bench, cancel: &CancelToken) -> Result<Self, LabError> {
        let session = open(&bench.sandbox, &bench.plain, cancel)?;
        Ok(Self { session, written: BTreeMap::new(), narrow: true, cpu: Duration::ZERO })
    }

    fn hunt(&mut self, hunt: &Hunt<'_>, done: &mut dyn FnMut(Probed)) -> Result<(), LabError> {
        let variants = hunt.request.variants;
        let cloner = Cloner::new(hunt.parsed);
        let mut parser = Parser::new();
        let _ = parser.set_language(hunt.parsed.language().grammar());
        let mut alone = Vec::new();
        let mut chosen = Vec::new();
        for (at, variant) in variants.iter().enumerate() {
            match cloner.home(variant) {
                Ok(home) if cloner.parses(variant, home, &mut parser) => {
                    let number = FIRST_NUMBER + u32::try_from(at).unwrap_or(u32::MAX - FIRST_NUMBER);
                    chosen.push(Chosen { at, number, variant, home });
                }
                Ok(_) => done(ended(variant, ProbeEnd::Unloadable)),
                Err(_) => alone.push(at),
            }
        }
        let mut batches: Vec<Vec<Chosen<'_>>> = chosen.chunks(BATCH).rev().map(<[_]>::to_vec).collect();
        while let Some(batch) = batches.pop() {
            if hunt.is_over() {
                return Ok(());
            }
            match self.make(hunt, &cloner, batch, &mut alone, done)? {
                Come::Built(made) => self.show_all(hunt, &made, done)?,
                Come::Nobody(left) if left.len() == 1 => {
                    left.iter().for_each(|only| done(ended(only.variant, ProbeEnd::Unloadable)));
                }
                Come::Nobody(mut left) => {
                    // One of them makes the compiler lose its way: each half is tried by itself.
                    let second = left.split_off(left.len() / 2);
                    batches.extend([second, left].into_iter().filter(|half| !half.is_empty()));
                }
                Come::Empty => {}
            }
        }
        alone.sort_unstable();
        for at in alone.into_iter().take(MOST_ALONE) {
            let Some(variant) = variants.get(at).filter(|_| !hunt.is_over()) else { return Ok(()) };
            self.alone(hunt, at, variant, done)?;
        }
        Ok(())
    }

    /// Builds a batch.
    fn make<'v>(
        &mut self,
        hunt: &Hunt<'_>,
        cloner: &Cloner<'_>,
        mut left: Vec<Chosen<'v>>,
        alone: &mut Vec<usize>,
        done: &mut dyn FnMut(Probed),
    ) -> Result<Come<'v>, LabError> {
        let mut all_roots = false;
        for round in 1..=ROUNDS {
            if left.is_empty() || hunt.is_over() {
                return Ok(Come::Empty);
            }
            let cloned = cloner.weave(&left, &hunt.call);
            self.write(hunt, &cloned.text, all_roots)?;
            let (answer, built) = self.build(hunt)?;
            if built {
                let programs = self.programs(hunt, answer);
                let inside = left.iter().map(|chosen| (chosen.number, chosen.at)).collect();
                return Ok(Come::Built(Made { programs, cloned, inside }));
            }
            tracing::debug!(round, errors = answer.errors.len(), left = left.len(), "refused");
            if !all_roots && answer.errors.iter().any(|error| error.message.contains(&hunt.shim_name)) {
                all_roots = true;
                continue;
            }
            let (guilty, homes) = blamed(&answer.errors, &cloned, &hunt.parsed.file().path);
            if guilty.is_empty() && homes.is_empty() {
                return Ok(Come::Nobody(left));
            }
            left.retain(|chosen| {
                let own = guilty.contains(&chosen.at);
                // Nobody's own fault: the function cannot be cloned after all.
                let with_all = guilty.is_empty() && homes.contains(&chosen.home);
                if own {
                    done(ended(chosen.variant, ProbeEnd::Unloadable));
                } else if with_all {
                    alone.push(chosen.at);
                }
                !own && !with_all
            });
        }
        Ok(Come::Nobody(left))
    }

    /// Writes the file, with the shim where it belongs, and makes all others as they were.
    fn write(&mut self, hunt: &Hunt<'_>, text: &str, all_roots: bool) -> Result<(), LabError> {
        let bench = hunt.bench;
        let path = &hunt.parsed.file().path;
        let mut texts = BTreeMap::from([(path.clone(), text.to_owned())]);
        for shim in bench.project.shims(&bench.programs.root, path, all_roots, &hunt.shim) {
            if shim.is_new {
                texts.insert(shim.file, shim.text);
                continue;
            }
            let own = texts.remove(&shim.file);
            let plain = || bench.snapshot.file(&shim.file).map(|file| file.text.to_string());
            if let Some(text) = own.or_else(plain) {
                texts.insert(shim.file, text + &shim.text);
            }
        }
        self.put(bench, texts)
    }

    /// Makes the workspace hold these texts, and else what it held before all.
    fn put(&mut self, bench: &Bench, texts: BTreeMap<RelPath, String>) -> Result<(), LabError> {
        for path in self.written.keys().filter(|path| !texts.contains_key(*path)) {
            let plain = bench.snapshot.file(path).map(|file| file.text.as_bytes());
            self.session.write(path, plain).map_err(of_sandbox)?;
        }
        for (path, text) in &texts {
            if self.written.get(path) != Some(text) {
                self.session.write(path, Some(text.as_bytes())).map_err(of_sandbox)?;
            }
        }
        self.written = texts;
        Ok(())
    }

    /// Builds what stands there; tells whether it went well.
    fn build(&mut self, hunt: &Hunt<'_>) -> Result<(Answer, bool), LabError> {
        let tool = &hunt.bench.tool;
        let needed = needed(hunt);
        loop {
            let narrowed = narrowed(&tool.commands.build, &needed).filter(|_| self.narrow);
            let command = narrowed.as_ref().unwrap_or(&tool.commands.build);
            let env = BUILD_ENV.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let outcome = tool.run(&mut self.session, command, &env, hunt.cancel)?;
            self.cpu += outcome.cpu;
            let root = &hunt.bench.programs.root;
            let said = super::programs::moved(&output(&outcome), self.session.root(), root);
            let answer = hunt.bench.project.answer(root, &said, &|path| self.written.get(path).cloned());
            let built = outcome.status == StepStatus::Exited(0);
            let is_there = |own: &&Program| {
                answer.programs.iter().any(|program| program.name == own.name && program.cwd == own.cwd)
            };
            let complete = if built { needed.iter().all(is_there) } else { !answer.errors.is_empty() };
            if complete || narrowed.is_none() {
                return Ok((answer, built));
            }
            self.narrow = false;
        }
    }

    /// The programs that were built, in the order in which the tests know them.
    fn programs(&self, hunt: &Hunt<'_>, answer: Answer) -> Programs {
        let known = &hunt.bench.programs;
        let own = |own: &Program| {
            let found =
                answer.programs.iter().find(|program| program.name == own.name && program.cwd == own.cwd);
            // One that was not built has other code in it.
            found.cloned().unwrap_or_else(|| Program { path: "/nowhere/not-built".to_owned(), ..own.clone() })
        };
        Programs {
            all: known.all.iter().map(own).collect(),
            root: known.root.clone(),
            stretch: known.stretch,
        }
    }

    fn show_all(
        &mut self,
        hunt: &Hunt<'_>,
        made: &Made,
        done: &mut dyn FnMut(Probed),
    ) -> Result<(), LabError> {
        let numbers: Vec<u32> = made.inside.keys().copied().collect();
        for numbers in numbers.chunks(STEP) {
            if hunt.is_over() {
                return Ok(());
            }
            for (number, probed) in self.show_step(hunt, &made.programs, numbers, Some(&made.cloned))? {
                let variant = made.inside.get(&number).and_then(|at| hunt.request.variants.get(*at));
                if let Some(variant) = variant {
                    done(Probed { variant: variant.id, ..probed });
                }
            }
        }
        Ok(())
    }

    /// Shows these to all stages, each as far as it comes.
    fn show_step(
        &mut self,
        hunt: &Hunt<'_>,
        programs: &Programs,
        numbers: &[u32],
        cloned: Option<&Cloned>,
    ) -> Result<Vec<(u32, Probed)>, LabError> {
        let fresh = Probed { variant: 0, end: ProbeEnd::Passed, red_passed: 0, mark: String::new() };
        let mut probed: BTreeMap<u32, Probed> =
            numbers.iter().map(|number| (*number, fresh.clone())).collect();
        let file = hunt.parsed.file();
        for (stage, tests) in hunt.stages.iter().enumerate() {
            let is_red = stage < 2;
            for (nth, group) in groups(tests, false).into_iter().enumerate() {
                // Of those that go ahead, all groups are run.
                let goes_on = |probed: &Probed| {
                    probed.end == ProbeEnd::Passed || stage == 0 && nth > 0 && probed.end == ProbeEnd::Failed
                };
                let asked: Vec<u32> =
                    probed.iter().filter(|(_, probed)| goes_on(probed)).map(|(number, _)| *number).collect();
                if asked.is_empty() {
                    continue;
                }
                let (seen, cpu) =
                    show(&hunt.bench.tool, programs, &mut self.session, &group, &asked, hunt.cancel)?;
                self.cpu += cpu;
                for number in asked {
                    let Some(own) = probed.get_mut(&number) else { continue };
                    let Some(Shown { end, passed, failed }) = seen.get(&number) else {
                        probed.remove(&number);
                        continue;
                    };
                    own.red_passed += if is_red { *passed } else { 0 };
                    let first = failed.as_ref().filter(|_| own.mark.is_empty());
                    if let Some((id, message)) = first {
                        own.mark = mark(id, message, file.path.as_str(), &file.text, cloned);
                    }
                    let failure = if is_red { ProbeEnd::Failed } else { ProbeEnd::Broken };
                    own.end = end.or(failed.as_ref().map(|_| failure)).unwrap_or(own.end);
                }
            }
        }
        Ok(probed.into_iter().collect())
    }

    /// Builds one variant as it is, and shows it.
    fn alone(
        &mut self,
        hunt: &Hunt<'_>,
        at: usize,
        variant: &Variant,
        done: &mut dyn FnMut(Probed),
    ) -> Result<(), LabError> {
        let file = hunt.parsed.file();
        let patch = Patch::edit(variant.file.clone(), file.hash.clone(), variant.edits.clone());
        let text =
            patch.ok().and_then(|patch| patch.apply_to(&variant.file, Some(&file.text)).ok().flatten());
        let Some(text) = text else {
            done(ended(variant, ProbeEnd::Unloadable));
            return Ok(());
        };
        self.put(hunt.bench, BTreeMap::from([(variant.file.clone(), text.to_string())]))?;
        let (answer, built) = self.build(hunt)?;
        if !built {
            done(ended(variant, ProbeEnd::Unloadable));
            return Ok(());
        }
        let programs = self.programs(hunt, answer);
        let number = u32::try_from(at).unwrap_or(0);
        for (_, probed) in self.show_step(hunt, &programs, &[number], None)? {
            done(Probed { variant: variant.id, ..probed });
        }
        Ok(())
    }
}

fn ended(variant: &Variant, end: ProbeEnd) -> Probed {
    Probed { variant: variant.id, end, red_passed: 0, mark: String::new() }
}

/// The variants whose own text the errors are about; and the functions for which something does not compile that is
/// nobody's.
fn blamed(errors: &[BuildError], cloned: &Cloned, path: &RelPath) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let (mut guilty, mut homes) = (BTreeSet::new(), BTreeSet::new());
    for error in errors {
        let own = || error.spans.iter().filter(|span| span.file == *path);
        match own().find_map(|span| cloned.culprit(span.range)) {
            Some(at) => drop(guilty.insert(at)),
            None => homes.extend(own().find_map(|span| cloned.home_at(span.range))),
        }
    }
    (guilty, homes)
}

/// The programs whose tests are asked.
fn needed<'a>(hunt: &Hunt<'a>) -> Vec<&'a Program> {
    let places: BTreeSet<usize> = hunt.stages.iter().flatten().map(|test| test.program).collect();
    places.into_iter().filter_map(|at| hunt.bench.programs.all.get(at)).collect()
}

/// The command for these programs alone; `None` where it cannot be told how.
fn narrowed(command: &[String], programs: &[&Program]) -> Option<Vec<String>> {
    let mut flags: Vec<String> = Vec::new();
    for program in programs {
        let name = program.name.as_str();
        let test = name.strip_prefix("tests/").and_then(|rest| rest.strip_suffix(".rs"));
        match (name, test) {
            ("src/lib.rs", _) => flags.push("--lib".to_owned()),
            (_, Some(test)) => {
                let test = test.strip_suffix("/main").unwrap_or(test);
                flags.extend(["--test".to_owned(), test.to_owned()]);
            }
            _ => return None,
        }
    }
    let at = command.iter().position(|word| word == "--tests").filter(|_| !flags.is_empty())?;
    let mut narrowed = command.to_vec();
    narrowed.splice(at..=at, flags);
    Some(narrowed)
}
