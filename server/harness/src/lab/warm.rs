//! The lab of interpreted languages: a driver in the sandbox has loaded everything and runs tests on one text after
//! another. Every variant is only a text here, so more can be admitted at any time.

use crate::lab::driver::{Answer, Driver, Question, Setting};
use crate::lab::readers::{Readers, Scene};
use crate::lab::{
    Job, JobEnd, JobOutcome, Lab, LabError, LabFacts, LabSubject, LabTest, Lines, Variant, limit_beside,
};
use crate::problem::Problem;
use crate::reach::first_letter;
use hephaestus_core::{CancelToken, Patch, RelPath, Snapshot, TestFailure};
use hephaestus_syntax::{Languages, LineIndex, Parsed};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

/// CPU time that every job may take on top of what its tests take on the unchanged code …
const FLOOR: f64 = 1.0;
/// … this many times over.
const FACTOR: f64 = 6.0;
/// Wall-clock time may be that much longer: other processes run too, and tests wait for things.
const SLACK: f64 = 3.0;
/// What a driver may take to answer beyond the limits of what it runs.
const MARGIN: Duration = Duration::from_secs(30);
/// How often a driver that died is started again.
const RESTARTS: u32 = 3;

/// Tests run by a driver.
pub struct WarmLab {
    pub(super) setting: Setting,
    snapshot: Snapshot,
    languages: &'static Languages,
    pub(super) driver: Driver,
    facts: LabFacts,
    /// Tests that fail on the unchanged code, with what they run through.
    red: Vec<LabTest>,
    /// Functions whose arguments the driver keeps, and why not where it does not.
    pub(super) captured: HashMap<(RelPath, String), Result<u32, String>>,
    /// By file and line: tests that run through it, as indices.
    through: HashMap<RelPath, HashMap<u32, Vec<usize>>>,
    variants: HashMap<u32, Text>,
    readers: Readers,
    overhead: Duration,
    restarts: u32,
    /// How much longer than usual a job may take.
    stretch: f64,
}

/// A variant as the driver needs it.
struct Text {
    file: RelPath,
    text: String,
    /// The lines of the unchanged text that it touches.
    lines: BTreeSet<u32>,
    /// The tests that read what it changes, where it changes a value that is set while loading.
    readers: Option<Vec<usize>>,
}

/// What the driver was asked to run and has not answered yet.
struct Pending<'a> {
    job: &'a Job,
    frozen: Duration,
    retried: bool,
}

impl WarmLab {
    /// Starts the driver and finds out what the tests do and reach.
    ///
    /// # Errors
    /// When the suite's runner has no driver, or it cannot load these tests.
    pub fn open(
        subject: &LabSubject<'_>,
        variants: &[Variant],
        cancel: &CancelToken,
    ) -> Result<Self, LabError> {
        let setting = Setting {
            sandbox: subject.sandbox.clone(),
            suite: subject.suite.clone(),
            root: subject.snapshot.root.clone(),
            layers: subject.layers.clone(),
            slots: subject.slots.max(1),
        };
        let (driver, loaded) = Driver::start(&setting, cancel)?;
        let mut lab = Self {
            setting,
            snapshot: subject.snapshot.clone(),
            languages: subject.languages,
            driver,
            facts: LabFacts::default(),
            red: Vec::new(),
            captured: HashMap::new(),
            through: HashMap::new(),
            variants: HashMap::new(),
            readers: Readers::default(),
            overhead: loaded.cpu(),
            restarts: 0,
            stretch: 1.0,
        };
        tracing::debug!("{} tests were loaded in {:?} of CPU time", loaded.tests.len(), loaded.cpu());
        lab.survey(subject, loaded, cancel)?;
        if lab.facts.tests.is_empty() && (lab.facts.red.is_empty() || !subject.suite.red_too) {
            let red = std::mem::take(&mut lab.facts.red);
            return Err(LabError::Problem(if red.is_empty() {
                Problem::Empty
            } else {
                Problem::AllRed(red)
            }));
        }
        for variant in variants {
            lab.admit(variant);
        }
        Ok(lab)
    }

    /// Runs what is not known twice: once to see what it reaches, once to see whether it does the same without being
    /// watched.
    fn survey(
        &mut self,
        subject: &LabSubject<'_>,
        loaded: Answer,
        cancel: &CancelToken,
    ) -> Result<(), LabError> {
        let known: HashMap<&str, &LabTest> = subject.known.map_or_else(HashMap::new, |known| {
            known.tests.iter().map(|test| (test.id.as_str(), test)).collect()
        });
        let unknown: Vec<String> =
            loaded.tests.iter().filter(|id| !known.contains_key(id.as_str())).cloned().collect();
        let mut seen = Survey::default();
        if !unknown.is_empty() {
            let chosen = (unknown.len() < loaded.tests.len()).then_some(unknown.as_slice());
            let each = self.setting.suite.each;
            seen = self.watch(true, chosen, each, cancel)?;
            // What has not come to its end once need not be waited for as long again.
            let each = each.map(|_| limit_beside(&self.setting.suite.settings, seen.usual()));
            let again = self.watch(false, chosen, each, cancel)?;
            seen.compare(&again);
            if !seen.spawning.is_empty() {
                seen.let_spawning_reach(&all_lines(&self.snapshot));
            }
        }
        let mut facts = LabFacts { loaded: seen.loaded, notes: loaded.notes, ..LabFacts::default() };
        if let Some(was) = subject.known
            && unknown.len() < loaded.tests.len()
        {
            for (path, lines) in &was.loaded {
                facts.loaded.entry(path.clone()).or_default().extend(lines);
            }
        }
        for id in loaded.tests {
            if let Some(test) = known.get(id.as_str()) {
                facts.tests.push((*test).clone());
            } else if let Some(test) = seen.tests.remove(&id) {
                facts.tests.push(test);
            }
        }
        for failure in &seen.red {
            self.red.extend(seen.red_tests.remove(&failure.id));
        }
        facts.red = seen.red;
        facts.flaky = seen.flaky;
        self.through = index(&facts.tests);
        self.facts = facts;
        Ok(())
    }

    fn watch(
        &mut self,
        trace: bool,
        tests: Option<&[String]>,
        each: Option<Duration>,
        cancel: &CancelToken,
    ) -> Result<Survey, LabError> {
        let limit = Duration::from_secs(self.setting.suite.settings.baseline_timeout);
        let each_s = each.map(|each| each.as_secs_f64());
        let id = self.driver.ask(&Question::Survey { trace, tests, limit_s: limit.as_secs_f64(), each_s })?;
        let mut survey = Survey::default();
        loop {
            let answer = self.driver.hear(limit + MARGIN, cancel)?;
            if answer.id != id {
                continue;
            }
            if answer.end.is_none() {
                survey.take(answer);
                continue;
            }
            let count = tests.map_or(self.facts.tests.len(), <[String]>::len);
            tracing::debug!(
                "{count} tests were looked at (traced: {trace}) in {:?} of CPU time",
                answer.cpu()
            );
            self.overhead += answer.cpu();
            survey.loaded = answer.loaded();
            return match answer.end.as_deref() {
                Some("finished") => Ok(survey),
                Some("timeout") => Err(LabError::Unfit(format!(
                    "the tests did not end within {} s (testing.baseline_timeout)",
                    limit.as_secs()
                ))),
                _ => Err(LabError::Unfit(answer.why())),
            };
        }
    }

    /// A test of a job: those that fail on the unchanged code come after [`LabFacts::tests`].
    fn test(&self, at: usize) -> Option<&LabTest> {
        test_at(&self.facts.tests, &self.red, at)
    }

    /// The limits of a job: seconds of wall-clock time and of CPU time.
    fn limits(&self, job: &Job, times: f64) -> (f64, f64) {
        let usual: f64 =
            job.tests.iter().filter_map(|test| self.test(*test)).map(|test| test.wall.as_secs_f64()).sum();
        let cpu = (FLOOR + FACTOR * usual) * times * self.stretch;
        (cpu * SLACK + FLOOR, cpu)
    }

    fn ask_to_run(&mut self, job: &Job, times: f64) -> Result<Option<u64>, LabError> {
        let Some(text) = self.variants.get(&job.variant) else { return Ok(None) };
        let (limit_s, cpu_s) = self.limits(job, times);
        let (tests, red) = (&self.facts.tests, &self.red);
        let ids = job.tests.iter().filter_map(|test| test_at(tests, red, *test));
        let question = Question::Run {
            files: BTreeMap::from([(text.file.as_str(), text.text.as_str())]),
            tests: ids.map(|test| test.id.as_str()).collect(),
            stop: job.stop_at_first,
            limit_s,
            cpu_s,
        };
        self.driver.ask(&question).map(Some)
    }

    /// Starts the driver anew after its death; nothing that is known is lost.
    pub(super) fn restart(&mut self, why: &LabError, cancel: &CancelToken) -> Result<(), LabError> {
        if *why == LabError::Cancelled || self.restarts >= RESTARTS {
            return Err(why.clone());
        }
        self.restarts += 1;
        tracing::warn!("the test driver is started again: {why}");
        let (driver, loaded) = Driver::start(&self.setting, cancel)?;
        self.driver = driver;
        self.captured.clear();
        self.overhead += loaded.cpu();
        Ok(())
    }

    /// Asks for jobs as long as there is room; takes one answer. Tells whether all is done.
    fn turn<'a>(
        &mut self,
        waiting: &mut impl Iterator<Item = &'a Job>,
        pending: &mut HashMap<u64, Pending<'a>>,
        cancel: &CancelToken,
        done: &mut dyn FnMut(JobOutcome),
    ) -> Result<bool, LabError> {
        while pending.len() < self.setting.slots
            && let Some(job) = waiting.next()
        {
            let frozen = self.driver.frozen();
            match self.ask_to_run(job, 1.0)? {
                Some(id) => drop(pending.insert(id, Pending { job, frozen, retried: false })),
                None => done(broken(job.variant, "this variant is not known".to_owned())),
            }
        }
        if pending.is_empty() {
            return Ok(true);
        }
        let longest = pending.values().map(|pending| self.limits(pending.job, 4.0).0).fold(0.0, f64::max);
        let answer = self.driver.hear(Duration::from_secs_f64(longest) + MARGIN, cancel)?;
        if answer.end.is_none() {
            return Ok(false);
        }
        let Some(asked) = pending.remove(&answer.id) else { return Ok(false) };
        let timed_out = answer.end.as_deref() == Some("timeout");
        // A pause looks like a loop without end to a clock that went on meanwhile.
        let doubtful = timed_out && !asked.retried && self.driver.frozen() > asked.frozen;
        if doubtful && let Some(id) = self.ask_to_run(asked.job, 2.0)? {
            pending.insert(id, Pending { retried: true, ..asked });
        } else {
            done(outcome(asked.job.variant, answer));
        }
        Ok(false)
    }
}

impl Lab for WarmLab {
    fn facts(&self) -> &LabFacts {
        &self.facts
    }

    fn red_tests(&self) -> &[LabTest] {
        &self.red
    }

    fn admit(&mut self, variant: &Variant) -> bool {
        let Some(file) = self.snapshot.file(&variant.file) else { return false };
        let patch = Patch::edit(variant.file.clone(), file.hash.clone(), variant.edits.clone());
        let text =
            patch.ok().and_then(|patch| patch.apply_to(&variant.file, Some(&file.text)).ok().flatten());
        let Some(text) = text else { return false };
        let (snapshot, facts, through) = (&self.snapshot, &self.facts, &self.through);
        let scene = Scene { snapshot, languages: self.languages, facts, through };
        // One tree per file, however many variants of it come.
        let parsed = self.readers.tree(&scene, file).map(|(parsed, _)| parsed);
        let lines = touched_lines(&file.text, parsed, variant);
        let at_load = self.facts.loaded.get(&variant.file);
        let readers = if at_load.is_some_and(|loaded| !loaded.is_disjoint(&lines)) {
            self.readers.of(&scene, file, &variant.edits)
        } else {
            None
        };
        self.variants.insert(variant.id, Text { file: variant.file.clone(), text, lines, readers });
        true
    }

    fn dismiss(&mut self, variant: u32) {
        self.variants.remove(&variant);
    }

    fn reaching(&self, variant: u32) -> Vec<usize> {
        let Some(text) = self.variants.get(&variant) else { return Vec::new() };
        let at_load = self.facts.loaded.get(&text.file);
        if at_load.is_some_and(|lines| !lines.is_disjoint(&text.lines)) {
            // What runs while loading may matter to everybody, unless it can be told who reads it.
            let everybody = || (0..self.facts.tests.len()).collect();
            return text.readers.clone().unwrap_or_else(everybody);
        }
        let Some(through) = self.through.get(&text.file) else { return Vec::new() };
        let tests = text.lines.iter().filter_map(|line| through.get(line)).flatten();
        tests.copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn run(
        &mut self,
        jobs: &[Job],
        cancel: &CancelToken,
        done: &mut dyn FnMut(JobOutcome),
    ) -> Result<(), LabError> {
        let mut waiting = jobs.iter();
        let mut pending = HashMap::new();
        loop {
            match self.turn(&mut waiting, &mut pending, cancel, done) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(LabError::Cancelled) => {
                    for id in pending.keys() {
                        self.driver.ask(&Question::Cancel { target: *id })?;
                    }
                    return Err(LabError::Cancelled);
                }
                Err(why) => {
                    for (_, lost) in pending.drain() {
                        done(broken(lost.job.variant, why.to_string()));
                    }
                    self.restart(&why, cancel)?;
                }
            }
        }
    }

    fn stretch_limits(&mut self, factor: u32) {
        self.stretch = f64::from(factor.max(1));
    }

    fn overhead(&self) -> Duration {
        self.overhead
    }
}

/// The lines of the unchanged text a variant touches: all of the innermost statement at each of its edits, because a
/// test runs through a statement of several lines by way of any of them.
fn touched_lines(text: &str, parsed: Option<&Parsed>, variant: &Variant) -> BTreeSet<u32> {
    let index = LineIndex::new(text);
    let mut lines = BTreeSet::new();
    for edit in &variant.edits {
        let inside = edit.range.slice(text).unwrap_or_default();
        // Blanks at either end belong to lines that are not touched: the `def` above a first statement, say.
        let letters = if inside.trim().is_empty() { inside } else { inside.trim_end() };
        let start = first_letter(text, edit.range);
        let end = (edit.range.start + letters.len()).max(start + 1) - 1;
        let statement = parsed.and_then(|parsed| parsed.statement_at(start));
        let first = statement.map_or(start, |statement| statement.start.min(start));
        let last = statement.map_or(end, |statement| statement.end.max(end));
        let number = |offset| u32::try_from(index.line_of(offset) + 1).unwrap_or(u32::MAX);
        lines.extend(number(first)..=number(last));
    }
    lines
}

/// Every line of every source file.
fn all_lines(snapshot: &Snapshot) -> Lines {
    let count = |text: &str| u32::try_from(text.matches('\n').count() + 1).unwrap_or(u32::MAX);
    snapshot.files.values().map(|file| (file.path.clone(), (1..=count(&file.text)).collect())).collect()
}

/// Which tests run through which line.
fn index(tests: &[LabTest]) -> HashMap<RelPath, HashMap<u32, Vec<usize>>> {
    let mut through: HashMap<RelPath, HashMap<u32, Vec<usize>>> = HashMap::new();
    for (at, test) in tests.iter().enumerate() {
        for (file, lines) in &test.lines {
            let by_line = through.entry(file.clone()).or_default();
            for line in lines {
                by_line.entry(*line).or_default().push(at);
            }
        }
    }
    through
}

/// What one run of the tests showed.
#[derive(Default)]
struct Survey {
    tests: HashMap<String, LabTest>,
    red_tests: HashMap<String, LabTest>,
    red: Vec<TestFailure>,
    flaky: Vec<String>,
    loaded: Lines,
    spawning: BTreeSet<String>,
}

impl Survey {
    /// A test that starts programs may run through anything: nobody saw what those ran through.
    fn let_spawning_reach(&mut self, everything: &Lines) {
        for id in &self.spawning {
            if let Some(test) = self.tests.get_mut(id).or_else(|| self.red_tests.get_mut(id)) {
                test.lines.clone_from(everything);
            }
        }
    }

    /// How long those take together that come to their end.
    fn usual(&self) -> Duration {
        self.tests.values().map(|test| test.wall).sum()
    }

    fn take(&mut self, answer: Answer) {
        let Some(id) = answer.test.clone() else { return };
        if answer.spawns {
            self.spawning.insert(id.clone());
        }
        let seen = || LabTest { id: id.clone(), wall: answer.wall(), lines: answer.lines() };
        match answer.outcome.as_str() {
            "passed" => drop(self.tests.insert(id.clone(), seen())),
            "failed" => {
                self.red_tests.insert(id.clone(), seen());
                self.red.push(TestFailure { id, message: answer.message });
            }
            _ => {}
        }
    }

    /// Sets aside what did something else when nobody watched. A test that fails either way is red.
    fn compare(&mut self, unwatched: &Self) {
        let red: HashSet<&String> = unwatched.red.iter().map(|failure| &failure.id).collect();
        let wavering: Vec<String> =
            self.tests.keys().filter(|id| !unwatched.tests.contains_key(*id)).cloned().collect();
        self.flaky.extend(self.red.iter().map(|failure| &failure.id).filter(|id| !red.contains(id)).cloned());
        self.red.retain(|failure| red.contains(&failure.id));
        for id in wavering {
            self.tests.remove(&id);
            self.flaky.push(id);
        }
        self.flaky.sort();
        for (id, test) in self.tests.iter_mut().chain(&mut self.red_tests) {
            if let Some(other) = unwatched.tests.get(id).or_else(|| unwatched.red_tests.get(id)) {
                test.wall = other.wall;
            }
        }
    }
}

/// A test by its place: first those that pass, then those that fail on the unchanged code.
fn test_at<'a>(tests: &'a [LabTest], red: &'a [LabTest], at: usize) -> Option<&'a LabTest> {
    tests.get(at).or_else(|| red.get(at.checked_sub(tests.len())?))
}

fn broken(variant: u32, why: String) -> JobOutcome {
    let (wall, cpu) = (Duration::ZERO, Duration::ZERO);
    JobOutcome { variant, end: JobEnd::Broken(why), passed: 0, failed: Vec::new(), wall, cpu }
}

fn outcome(variant: u32, answer: Answer) -> JobOutcome {
    let (wall, cpu) = (answer.wall(), answer.cpu());
    let passed = u32::try_from(answer.passed.len()).unwrap_or(u32::MAX);
    let why = answer.why();
    let mut failed = answer.failed;
    let end = match answer.end.as_deref() {
        Some("finished") => JobEnd::Ran,
        Some("timeout") if failed.is_empty() => JobEnd::TimedOut,
        Some("timeout") => JobEnd::Ran,
        Some("unloadable") => JobEnd::Unviable(why),
        Some("died") => match answer.running {
            Some(id) => {
                failed.push(TestFailure { id, message: format!("the process died: {why}") });
                JobEnd::Ran
            }
            None if failed.is_empty() => JobEnd::Broken(format!("the process died: {why}")),
            None => JobEnd::Ran,
        },
        _ => JobEnd::Broken(why),
    };
    JobOutcome { variant, end, passed, failed, wall, cpu }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::{ByteRange, Edit, SourceFile};
    use std::sync::Arc;

    const TEXT: &str = "\
def f(a, b):
    x = call(
        a,
        b,
    )
    if x:
        y = 1
    return x
";

    /// The lines that replacing `part` of [`TEXT`] touches.
    fn touched(part: &str) -> Vec<u32> {
        let start = TEXT.find(part).unwrap();
        touched_by(ByteRange::new(start, start + part.len()))
    }

    fn touched_by(range: ByteRange) -> Vec<u32> {
        let path = RelPath::new("a.py").unwrap();
        let languages = Languages::builtin().unwrap();
        let language = languages.detect(&path, TEXT).unwrap();
        let file = SourceFile::new(path.clone(), language.id().clone(), TEXT, false);
        let parsed = Parsed::new(language, Arc::new(file)).unwrap();
        let variant = Variant { id: 0, file: path, edits: vec![Edit::new(range, "z")] };
        touched_lines(TEXT, Some(&parsed), &variant).into_iter().collect()
    }

    #[test]
    fn all_lines_of_a_statement_are_touched_and_no_others() {
        assert_eq!(touched("b,"), [2, 3, 4, 5], "a call over several lines runs by way of any of them");
        assert_eq!(touched("y = 1"), [7]);
        assert_eq!(touched("x\n"), [8], "the end of a line belongs to it");
        assert_eq!(touched("if x"), [6, 7]);
    }

    #[test]
    fn blanks_around_a_statement_touch_no_neighbour() {
        // The line of the `def` runs when the file is loaded: whoever touches it is reached by every test.
        assert_eq!(touched("\n    x = call("), [2, 3, 4, 5]);
        assert_eq!(touched("\n        y = 1\n    "), [7]);
    }

    #[test]
    fn what_is_put_in_touches_the_line_it_is_put_into() {
        let at = TEXT.find("y = 1").unwrap();
        assert_eq!(touched_by(ByteRange::new(at, at)), [7]);
        let end = TEXT.len();
        assert!(!touched_by(ByteRange::new(end, end)).is_empty(), "the end of the file is a place too");
    }

    #[test]
    fn without_a_tree_the_lines_of_the_edit_are_touched() {
        let start = TEXT.find("a,").unwrap();
        let edits = vec![Edit::new(start..start + 12, "")];
        let variant = Variant { id: 0, file: RelPath::new("a.x").unwrap(), edits };
        assert_eq!(touched_lines(TEXT, None, &variant).into_iter().collect::<Vec<_>>(), [1, 2]);
    }

    /// A run of tests: names that passed, with seconds, and names that failed.
    fn run(passed: &[(&str, u64)], failed: &[&str]) -> Survey {
        let test = |(id, wall): &(&str, u64)| {
            let test =
                LabTest { id: (*id).to_owned(), wall: Duration::from_secs(*wall), lines: Lines::new() };
            ((*id).to_owned(), test)
        };
        let failure = |id: &&str| TestFailure { id: (*id).to_owned(), message: String::new() };
        Survey {
            tests: passed.iter().map(test).collect(),
            red: failed.iter().map(failure).collect(),
            ..Survey::default()
        }
    }

    fn judges(survey: &Survey) -> Vec<&str> {
        let mut ids: Vec<&str> = survey.tests.keys().map(String::as_str).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn who_does_the_same_unwatched_judges_with_the_time_that_took() {
        let mut seen = run(&[("a", 9), ("b", 9)], &[]);
        seen.compare(&run(&[("a", 1), ("b", 2)], &[]));
        assert_eq!(judges(&seen), ["a", "b"]);
        assert_eq!(seen.tests["b"].wall, Duration::from_secs(2), "being watched takes time");
        assert!(seen.flaky.is_empty() && seen.red.is_empty());
    }

    #[test]
    fn who_does_not_do_the_same_twice_is_set_aside() {
        let mut seen = run(&[("falls", 1), ("gone", 1), ("holds", 1)], &["red", "rises"]);
        seen.compare(&run(&[("holds", 1), ("rises", 1)], &["red", "falls"]));
        assert_eq!(judges(&seen), ["holds"]);
        assert_eq!(seen.flaky, ["falls", "gone", "rises"]);
        assert_eq!(seen.red.iter().map(|failure| failure.id.as_str()).collect::<Vec<_>>(), ["red"]);
    }

    #[test]
    fn tests_are_found_by_line_in_the_order_of_the_suite() {
        let file = RelPath::new("a.py").unwrap();
        let test = |id: &str, lines: &[u32]| LabTest {
            id: id.to_owned(),
            wall: Duration::ZERO,
            lines: Lines::from([(file.clone(), lines.iter().copied().collect())]),
        };
        let through = index(&[test("one", &[1, 2]), test("two", &[2])]);
        assert_eq!((&through[&file][&1], &through[&file][&2]), (&vec![0], &vec![0, 1]));
    }
}
