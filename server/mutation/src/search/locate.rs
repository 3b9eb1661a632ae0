//! Where the reason of failing tests may lie: how suspicious each line is by what failing and passing tests run through,
//! and which failing tests seem to have one reason.
//!
//! The measure is Ochiai (Abreu, Zoeteweij, van Gemund 2006): failing tests through a line, over the root of all failing
//! tests times all tests through that line. Lines that the failures themselves name count more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hephaestus_core::{ByteRange, Cause, RelPath, Snapshot, Spectrum, Suspect, TracedTest};
use hephaestus_syntax::{Languages, LineIndex, Parsed};

/// What a line counts more when a failure names it.
const NAMED: f64 = 1.3;
/// How many suspects a cause has.
const MOST: usize = 12;

/// The line of a byte, 1-based.
pub(super) fn line_of(index: &LineIndex, at: usize) -> u32 {
    u32::try_from(index.line_of(at) + 1).unwrap_or(u32::MAX)
}

/// Suspicion by file and line, 0 to 1.
#[derive(Debug, Clone, Default)]
pub(super) struct Suspicion {
    lines: BTreeMap<RelPath, BTreeMap<u32, f64>>,
}

impl Suspicion {
    /// What the failing tests `red` and the passing tests say.
    pub(super) fn of(red: &[&TracedTest], green: &[TracedTest]) -> Self {
        let mut through: BTreeMap<(&RelPath, u32), (u32, u32)> = BTreeMap::new();
        for test in red {
            for (path, lines) in &test.lines {
                for line in lines {
                    through.entry((path, *line)).or_default().0 += 1;
                }
            }
        }
        for test in green {
            for (path, lines) in &test.lines {
                for line in lines {
                    if let Some(entry) = through.get_mut(&(path, *line)) {
                        entry.1 += 1;
                    }
                }
            }
        }
        let all = f64::from(u32::try_from(red.len()).unwrap_or(u32::MAX));
        let mut suspicion = Self::default();
        for ((path, line), (failing, passing)) in through {
            let ochiai = f64::from(failing) / (all * f64::from(failing + passing)).sqrt();
            let named = red.iter().any(|test| names(test, path, line));
            let value = if named { (ochiai * NAMED).min(1.0) } else { ochiai };
            suspicion.lines.entry(path.clone()).or_default().insert(line, value);
        }
        suspicion
    }

    /// How suspicious a line is.
    pub(super) fn at(&self, path: &RelPath, line: u32) -> f64 {
        self.lines.get(path).and_then(|lines| lines.get(&line)).copied().unwrap_or_default()
    }

    /// The files that failing tests run through.
    pub(super) fn files(&self) -> impl Iterator<Item = &RelPath> {
        self.lines.keys()
    }
}

/// Whether a failure's message names a line: `solution.py:12`, `solution.js:12:5`, `line 12`.
fn names(test: &TracedTest, path: &RelPath, line: u32) -> bool {
    let Some(failure) = &test.failure else { return false };
    let message = failure.message.as_str();
    let mut rest = message;
    let (name, number) = (path.file_name(), line.to_string());
    while let Some(at) = rest.find(name) {
        rest = rest.get(at + name.len()..).unwrap_or_default();
        let after = rest.trim_start_matches(['"', ':', ',', ' ', '(']).trim_start_matches("line ");
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        if after.get(..digits) == Some(number.as_str()) {
            return true;
        }
    }
    false
}

/// A stretch of code that may be repaired: a function, or a statement outside of all functions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Region {
    pub(super) file: RelPath,
    pub(super) range: ByteRange,
    /// The function's qualified name.
    pub(super) function: Option<String>,
    /// The highest suspicion of its lines.
    pub(super) suspicion: f64,
    /// 1-based lines.
    pub(super) lines: (u32, u32),
}

impl Region {
    /// Whether a test runs through it.
    pub(super) fn is_reached_by(&self, test: &TracedTest) -> bool {
        let lines = test.lines.get(&self.file);
        lines.is_some_and(|lines| lines.range(self.lines.0..=self.lines.1).next().is_some())
    }

    /// The ids of the tests that run through it.
    pub(super) fn reached_by<'a>(&self, tests: impl IntoIterator<Item = &'a TracedTest>) -> Vec<String> {
        tests.into_iter().filter(|test| self.is_reached_by(test)).map(|test| test.id.clone()).collect()
    }
}

/// The functions that the failing tests run through, the most suspicious first.
pub(super) fn regions(
    suspicion: &Suspicion,
    snapshot: &Snapshot,
    languages: &Languages,
    allowed: &dyn Fn(&RelPath) -> bool,
) -> Vec<(Region, Parsed)> {
    let mut found = Vec::new();
    for path in suspicion.files().filter(|path| allowed(path)) {
        let Some(file) = snapshot.file(path).filter(|file| !file.is_test) else { continue };
        let Some(language) = languages.get(&file.language) else { continue };
        let Some(parsed) = Parsed::new(language, Arc::clone(file)) else { continue };
        let index = LineIndex::new(Arc::clone(&file.text));
        let outermost = parsed.functions().iter().filter(|own| {
            !parsed
                .functions()
                .iter()
                .any(|other| other.range != own.range && other.range.contains(own.range))
        });
        for function in outermost {
            let lines = (line_of(&index, function.range.start), line_of(&index, function.range.end));
            let most = (lines.0..=lines.1).map(|line| suspicion.at(path, line)).fold(0.0, f64::max);
            if most > 0.0 {
                let region = Region {
                    file: path.clone(),
                    range: function.range,
                    function: Some(function.qualified.clone()),
                    suspicion: most,
                    lines,
                };
                found.push((region, parsed.clone()));
            }
        }
    }
    found.sort_by(|(left, _), (right, _)| {
        let place = |region: &Region| (region.file.clone(), region.range.start);
        right.suspicion.total_cmp(&left.suspicion).then_with(|| place(left).cmp(&place(right)))
    });
    found
}

/// Failing tests, gathered by the function that is the most suspicious of them: one cause after the other.
#[must_use]
pub fn causes(spectrum: &Spectrum, snapshot: &Snapshot, languages: &Languages) -> Vec<Cause> {
    let mut left: Vec<&TracedTest> = spectrum.red.iter().collect();
    let mut causes = Vec::new();
    while !left.is_empty() {
        let suspicion = Suspicion::of(&left, &spectrum.green);
        let regions = regions(&suspicion, snapshot, languages, &|_| true);
        let Some((first, _)) = regions.first() else {
            // Nobody knows what these run through: one each.
            let alone = |test: &&TracedTest| Cause { tests: vec![test.id.clone()], suspects: vec![] };
            causes.extend(left.iter().map(alone));
            break;
        };
        let (mine, others): (Vec<&TracedTest>, Vec<&TracedTest>) =
            left.into_iter().partition(|test| first.is_reached_by(test));
        let own = Suspicion::of(&mine, &spectrum.green);
        let tests = mine.iter().map(|test| test.id.clone()).collect();
        causes.push(Cause { tests, suspects: suspects(&own, snapshot, languages) });
        left = others;
    }
    causes
}

/// The most suspicious statements.
fn suspects(suspicion: &Suspicion, snapshot: &Snapshot, languages: &Languages) -> Vec<Suspect> {
    let mut found: Vec<Suspect> = Vec::new();
    let mut seen = BTreeSet::new();
    for (region, parsed) in regions(suspicion, snapshot, languages, &|_| true).into_iter().take(MOST) {
        let text = &parsed.file().text;
        let mut at = 0;
        for (nth, line) in text.split_inclusive('\n').enumerate() {
            let number = u32::try_from(nth + 1).unwrap_or(u32::MAX);
            let start = at + line.len() - line.trim_start().len();
            at += line.len();
            let value = suspicion.at(&region.file, number);
            if value <= 0.0 || !(region.lines.0..=region.lines.1).contains(&number) {
                continue;
            }
            let end = start + line.trim().len();
            if seen.insert((region.file.clone(), number)) {
                let range = ByteRange::new(start, end.max(start));
                found.push(Suspect { file: region.file.clone(), range, line: number, suspicion: value });
            }
        }
    }
    found.sort_by(|left, right| right.suspicion.total_cmp(&left.suspicion));
    found.truncate(MOST);
    found
}
