//! The survey: every test alone on the unchanged code, once with the places it reaches written down, and once more
//! together with the others. What differs is flaky; what fails both times is red.

use super::build::{Tool, of_sandbox};
use super::programs::{Programs, TestRef, run};
use super::project::Manner;
use crate::lab::{DIED, ENDLESS, LabError};
use crate::redirect::{FILE, Streams, output, redirected};
use crate::reports::{TestOutcome, shorten};
use crate::sandbox::{OUT, Session, Step, StepOutcome, StepStatus};
use hephaestus_core::{CancelToken, TestFailure};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

/// How many tests are surveyed in one command.
const BATCH: usize = 200;
/// What a shell adds to the number of the signal that ended a process.
const SIGNALLED: i32 = 128;
/// How a process ends that used up its time: killed, or told so by the kernel.
const OVER: [i32; 2] = [137, 152];
/// How many times its limit of CPU time a test may take by the clock on the wall.
const WALL_TIMES: u32 = 3;
/// The least a test takes.
const LEAST: Duration = Duration::from_millis(1);

/// The names of tests, by program.
pub(super) type Names = Vec<(usize, Vec<String>)>;

/// What the survey found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The judges.
    pub(super) tests: Vec<TestRef>,
    /// What each of them reaches.
    pub(super) reach: Vec<BTreeSet<u32>>,
    pub(super) red: Vec<TestFailure>,
    /// The tests behind those, in the same order …
    pub(super) red_tests: Vec<TestRef>,
    /// … and what each of them reaches.
    pub(super) red_reach: Vec<BTreeSet<u32>>,
    pub(super) flaky: Vec<String>,
    pub(super) cpu: Duration,
}

/// One test, surveyed.
struct Sighting {
    test: TestRef,
    outcome: Option<TestOutcome>,
    reach: BTreeSet<u32>,
}

/// A piece of work for one session.
enum Errand {
    /// These tests of a program, each alone.
    Alone(usize, Vec<String>),
    /// All tests of a program together.
    Together(usize),
}

/// The tests of the programs, by program; and a note for each that does not answer.
pub(super) fn names(
    tool: &Tool,
    programs: &Programs,
    session: &mut Session,
    cancel: &CancelToken,
) -> Result<(Names, Vec<String>), LabError> {
    let (mut all, mut notes) = (Vec::new(), Vec::new());
    for (at, program) in programs.all.iter().enumerate() {
        match programs.list(tool, session, program, cancel)? {
            Some(names) => all.push((at, names)),
            None => notes.push(format!("{} does not list its tests: it is left out", program.name)),
        }
    }
    Ok((all, notes))
}

/// Surveys the tests with these names in `programs`.
pub(super) fn survey(
    tool: &Tool,
    programs: &Programs,
    names: &Names,
    sessions: &mut [Session],
    cancel: &CancelToken,
) -> Result<Survey, LabError> {
    let mut survey = Survey::default();
    let mut errands = Vec::new();
    for (at, names) in names.iter().filter(|(_, names)| !names.is_empty()) {
        errands.extend(names.chunks(BATCH).map(|names| Errand::Alone(*at, names.to_vec())));
        errands.push(Errand::Together(*at));
    }
    let sightings: Mutex<Vec<(usize, Vec<Sighting>)>> = Mutex::default();
    let together: Mutex<HashMap<usize, HashMap<String, TestOutcome>>> = Mutex::default();
    let spent: Mutex<Duration> = Mutex::default();
    in_parallel(sessions, errands.len(), |session, at| {
        let cpu = match errands.get(at) {
            Some(Errand::Alone(program, names)) => {
                let (seen, cpu) = alone(tool, programs, session, *program, names, cancel)?;
                lock(&sightings).push((at, seen));
                cpu
            }
            Some(Errand::Together(program)) => {
                let own = names.iter().find(|(at, _)| at == program).map_or(&[][..], |(_, own)| own);
                let (outcomes, cpu) = if tool.each().is_some() {
                    // Together they would not come to their end.
                    one_by_one(tool, programs, session, *program, own, cancel)?
                } else {
                    all(tool, programs, session, *program, own, cancel)?
                };
                lock(&together).insert(*program, outcomes);
                cpu
            }
            None => Duration::ZERO,
        };
        *lock(&spent) += cpu;
        Ok(())
    })?;
    survey.cpu = *lock(&spent);
    let mut sightings = std::mem::take(&mut *lock(&sightings));
    sightings.sort_by_key(|(at, _)| *at);
    let together = std::mem::take(&mut *lock(&together));
    survey.sort(sightings.into_iter().flat_map(|(_, seen)| seen), &together);
    Ok(survey)
}

impl Survey {
    /// Gives tests other ids, where `id` has one.
    pub(super) fn rename(&mut self, id: impl Fn(&TestRef) -> Option<String>) {
        for test in &mut self.tests {
            if let Some(id) = id(test) {
                test.id = id;
            }
        }
    }

    fn sort(
        &mut self,
        sightings: impl Iterator<Item = Sighting>,
        together: &HashMap<usize, HashMap<String, TestOutcome>>,
    ) {
        let mut ids: HashSet<String> = HashSet::new();
        for Sighting { mut test, outcome, reach } in sightings {
            let plain = test.id.clone();
            let mut nth = 1;
            while !ids.insert(test.id.clone()) {
                nth += 1;
                test.id = format!("{plain} #{nth}");
            }
            let again = together.get(&test.program).and_then(|outcomes| outcomes.get(&test.name));
            match (outcome, again) {
                (Some(TestOutcome::Passed), Some(TestOutcome::Passed)) => {
                    self.tests.push(test);
                    self.reach.push(reach);
                }
                (Some(TestOutcome::Failed(message)), Some(TestOutcome::Failed(_))) => {
                    self.red.push(TestFailure { id: test.id.clone(), message });
                    self.red_tests.push(test);
                    self.red_reach.push(reach);
                }
                (Some(TestOutcome::Skipped), Some(TestOutcome::Skipped)) => {}
                _ => self.flaky.push(test.id),
            }
        }
    }
}

/// Runs each of the tests alone; one shell for all, because starting a step costs more than most tests.
fn alone(
    tool: &Tool,
    programs: &Programs,
    session: &mut Session,
    program: usize,
    names: &[String],
    cancel: &CancelToken,
) -> Result<(Vec<Sighting>, Duration), LabError> {
    let Some(own) = programs.all.get(program) else { return Ok((vec![], Duration::ZERO)) };
    let dialect = tool.dialect();
    let script = format!(
        "out=$1 program=$2; shift 2; i=0; {} for test in \"$@\"; do HEPHAESTUS_REACH=\"$out/r$i\" $guard \"$program\" {} \
         >\"$out/o$i\" 2>&1; echo $? >\"$out/e$i\"; i=$((i+1)); done",
        guard(tool.each()),
        dialect.choosing_one(&tool.commands.only)
    );
    let head = ["sh".to_owned(), "-c".to_owned(), script, "sh".to_owned(), OUT.to_owned()];
    let mut step = programs.step(tool, session, own, &head, names.iter().cloned());
    step.collect = vec!["r*".to_owned(), "o*".to_owned(), "e*".to_owned()];
    let outcome = run(session, &step, cancel)?;
    let sight = |(at, name): (usize, &String)| {
        let text = file(&outcome, &format!("o{at}"));
        let report = dialect.said(&own.name, &text);
        let id = dialect.id(&own.name, name);
        let code = file(&outcome, &format!("e{at}"));
        let ended_well = code.trim() == "0";
        let seen = match report.tests.get(&id) {
            _ if own.manner == Manner::Bare && ended_well => Some(TestOutcome::Passed),
            None if let Some(how) = killed(code.trim(), tool.each()) => {
                Some(TestOutcome::Failed(shorten(&format!("{how}\n{text}"))))
            }
            Some(seen) => Some(seen.clone()),
            // A test that writes past the capture tears its own line apart.
            None if dialect.one_passed(&text) => Some(TestOutcome::Passed),
            None if text.is_empty() => None,
            None => Some(TestOutcome::Failed(shorten(&text))),
        };
        let reach = file(&outcome, &format!("r{at}")).lines().filter_map(|line| line.parse().ok()).collect();
        Sighting {
            test: TestRef {
                program,
                name: name.clone(),
                id,
                wall: dialect.wall(&text).map_or(LEAST, |wall| wall.max(LEAST)),
            },
            outcome: seen,
            reach,
        }
    };
    Ok((names.iter().enumerate().map(sight).collect(), outcome.cpu))
}

/// Shell words that bound each test's time, where one is told: by the processor's clock, and by the wall's where there is
/// a tool for that.
fn guard(each: Option<Duration>) -> String {
    let Some(each) = each else { return "guard=;".to_owned() };
    let (cpu, wall) = (each.as_secs().max(1), (each * WALL_TIMES).as_secs().max(2));
    format!(
        "guard=; ulimit -c 0 2>/dev/null; ulimit -t {cpu} 2>/dev/null; \
         if command -v timeout >/dev/null; then guard=\"timeout -s KILL {wall}\"; fi;"
    )
}

/// What the exit code of a process that was killed says of the test it ran.
fn killed(code: &str, each: Option<Duration>) -> Option<String> {
    let code: i32 = code.parse().ok().filter(|code| *code > SIGNALLED)?;
    match each {
        Some(each) if OVER.contains(&code) => {
            Some(format!("{ENDLESS}: it was stopped after {} s", each.as_secs_f64()))
        }
        _ => Some(format!("{DIED}: killed by signal {}", code - SIGNALLED)),
    }
}

/// Runs all tests of a program together.
fn all(
    tool: &Tool,
    programs: &Programs,
    session: &mut Session,
    program: usize,
    names: &[String],
    cancel: &CancelToken,
) -> Result<(HashMap<String, TestOutcome>, Duration), LabError> {
    let Some(own) = programs.all.get(program) else { return Ok((HashMap::new(), Duration::ZERO)) };
    let mut step: Step =
        programs.step(tool, session, own, &[], tool.dialect().choosing(&tool.commands.only, &[]));
    step.argv = redirected(step.argv, Streams::Both);
    step.collect = vec![FILE.to_owned()];
    let outcome = run(session, &step, cancel)?;
    if let (Manner::Bare, [name]) = (own.manner, names) {
        let ended = if outcome.status == StepStatus::Exited(0) {
            TestOutcome::Passed
        } else {
            TestOutcome::Failed(shorten(&output(&outcome)))
        };
        return Ok((HashMap::from([(name.clone(), ended)]), outcome.cpu));
    }
    let report = tool.dialect().said(&own.name, &output(&outcome));
    let prefix = tool.dialect().id(&own.name, "");
    let outcomes = report
        .tests
        .into_iter()
        .filter_map(|(id, outcome)| Some((id.strip_prefix(&prefix)?.to_owned(), outcome)))
        .collect();
    Ok((outcomes, outcome.cpu))
}

/// The same with each of them alone once more.
fn one_by_one(
    tool: &Tool,
    programs: &Programs,
    session: &mut Session,
    program: usize,
    names: &[String],
    cancel: &CancelToken,
) -> Result<(HashMap<String, TestOutcome>, Duration), LabError> {
    let (mut outcomes, mut spent) = (HashMap::new(), Duration::ZERO);
    for names in names.chunks(BATCH) {
        let (seen, cpu) = alone(tool, programs, session, program, names, cancel)?;
        spent += cpu;
        outcomes
            .extend(seen.into_iter().filter_map(|sighting| Some((sighting.test.name, sighting.outcome?))));
    }
    Ok((outcomes, spent))
}

fn file(outcome: &StepOutcome, name: &str) -> String {
    let found = outcome.files.iter().find(|(file, _)| file == name);
    found.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

/// Does `count` pieces of work, one session for each that is done at the same time; stops at the first error.
pub(super) fn in_parallel(
    sessions: &mut [Session],
    count: usize,
    work: impl Fn(&mut Session, usize) -> Result<(), LabError> + Sync,
) -> Result<(), LabError> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let error: Mutex<Option<LabError>> = Mutex::default();
    std::thread::scope(|scope| {
        for session in sessions {
            let (next, error, work) = (&next, &error, &work);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if at >= count || lock(error).is_some() {
                        return;
                    }
                    if let Err(wrong) = work(session, at) {
                        lock(error).get_or_insert(wrong);
                        return;
                    }
                }
            });
        }
    });
    lock(&error).take().map_or(Ok(()), Err)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Opens `count` sessions.
pub(super) fn sessions(
    sandbox: &crate::sandbox::Sandbox,
    view: &crate::sandbox::View,
    count: usize,
    cancel: &CancelToken,
) -> Result<Vec<Session>, LabError> {
    (0..count.max(1)).map(|_| sandbox.open(view, cancel).map_err(of_sandbox)).collect()
}
