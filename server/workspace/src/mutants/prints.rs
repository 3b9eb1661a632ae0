//! Fingerprints: what decides the outcome of a test, hashed. Two equal fingerprints mean that the test runs through the
//! very same code with the very same files around it, so that what it did before holds.
//!
//! Not covered: a mutant that makes a test run into code it does not reach on the unchanged code.

use super::units::{FileUnits, TOP, Unit, Units};
use crate::memory::files_that_count;
use crate::open::Workspace;
use hephaestus_core::{ContentHash, Mutant, RelPath};
use hephaestus_harness::Suite;
use hephaestus_harness::lab::{LabFacts, Lines};

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// A file up to this size is compared by its content, a larger one by size and time.
const READ_WHOLE: u64 = 1 << 20;

/// So much is read in all, in bytes; what comes after is compared by size and time.
const READ_IN_ALL: u64 = 64 << 20;

/// Stands for a file as it is, comments and all: for tests that start programs, which may read it.
const WHOLE: &str = "*";

/// What a test ran through: pieces of code, by file and name, with the lines of each that ran, counted within it.
pub(super) type Trace = BTreeMap<(RelPath, String), BTreeSet<u32>>;

/// The code as fingerprints see it.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) units: Units,
    /// Everything that is no code of ours: manifests, data, settings, the runner.
    pub(super) rest: ContentHash,
}

/// What all tests of a suite have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Traces {
    /// Before any test.
    pub(super) loaded: Trace,
    /// By test, in the order of the facts.
    pub(super) tests: Vec<Trace>,
}

impl Code {
    pub(super) fn of(workspace: &Workspace, suite: &Suite) -> Self {
        let units = Units::of(workspace.parsed.values());
        let config = &workspace.config;
        let settings = serde_json::to_string(&(&config.testing, &config.sandbox)).unwrap_or_default();
        let programs = format!("{:?} {:?}", suite.programs, suite.script_args);
        let mut parts =
            vec![env!("CARGO_PKG_VERSION").to_owned(), suite.runner.name.clone(), settings, programs];
        parts.extend(units.files.keys().map(ToString::to_string));
        parts.extend(others(&workspace.root, &units));
        let rest = ContentHash::of_parts(parts.iter().map(String::as_str));
        Self { units, rest }
    }

    /// Code without anything around it: enough to name mutants, not to say what still holds.
    pub(super) fn bare<'a>(parsed: impl IntoIterator<Item = &'a hephaestus_syntax::Parsed>) -> Self {
        Self { units: Units::of(parsed), rest: ContentHash::of(b"") }
    }

    /// The key under which what became of `mutant` is remembered: it stays the same as long as the piece of code around
    /// it does, wherever that moves.
    pub(super) fn key(&self, mutant: &Mutant) -> String {
        let file = self.units.files.get(&mutant.file);
        let unit = file.and_then(|file| file.units.get(file.at(mutant.range.start)));
        let (name, hash, position) = unit.map_or((TOP, "", mutant.range.start), |unit| {
            (unit.name.as_str(), unit.hash.as_str(), unit.position(mutant.range.start))
        });
        let place = format!("{position}+{}", mutant.range.len());
        let parts = [mutant.file.as_str(), name, hash, &place, &mutant.replacement, &mutant.operator];
        ContentHash::of_parts(parts).to_string()
    }

    /// Lines as pieces; `loading` leaves out functions that are only defined on a line.
    fn trace(&self, lines: &Lines, loading: bool) -> Trace {
        let mut trace = Trace::new();
        for (path, numbers) in lines {
            let Some(file) = self.units.files.get(path) else { continue };
            // No test runs through blank lines: it is said to reach all there is.
            if !loading && numbers.len() >= file.line_count() {
                trace.insert((path.clone(), WHOLE.to_owned()), BTreeSet::new());
                continue;
            }
            for number in numbers {
                let (owner, opened) = file.on_line(*number);
                if let Some(unit) = owner {
                    let within = unit.lines.binary_search(number).ok().and_then(|at| u32::try_from(at).ok());
                    trace.entry((path.clone(), unit.name.clone())).or_default().extend(within);
                }
                for unit in opened.filter(|_| !loading) {
                    trace.entry((path.clone(), unit.name.clone())).or_default();
                }
            }
        }
        trace
    }

    pub(super) fn traces(&self, facts: &LabFacts) -> Traces {
        let tests = facts.tests.iter().map(|test| self.trace(&test.lines, false)).collect();
        Traces { loaded: self.trace(&facts.loaded, true), tests }
    }

    /// Pieces as lines of the files as they are now; pieces that are gone are left out.
    pub(super) fn lines(&self, trace: &Trace) -> Lines {
        let mut lines = Lines::new();
        for ((path, name), within) in trace {
            let file = self.units.files.get(path);
            if name == WHOLE {
                let count = file.and_then(|file| u32::try_from(file.line_count()).ok()).unwrap_or(0);
                lines.entry(path.clone()).or_default().extend(1..=count);
                continue;
            }
            let unit = file.and_then(|file| file.named(name));
            let numbers =
                unit.map(|unit| within.iter().filter_map(|at| unit.lines.get(*at as usize).copied()));
            lines.entry(path.clone()).or_default().extend(numbers.into_iter().flatten());
        }
        lines
    }

    /// The fingerprint of each test.
    pub(super) fn prints(&self, traces: &Traces) -> Vec<ContentHash> {
        let is_test = |path: &RelPath| self.units.files.get(path).is_some_and(|file| file.is_test);
        let modules: BTreeSet<&RelPath> = traces
            .tests
            .iter()
            .flat_map(|trace| trace.keys().map(|(path, _)| path))
            .filter(|path| is_test(path))
            .collect();
        traces.tests.iter().map(|trace| self.print(trace, &traces.loaded, &modules)).collect()
    }

    /// The fingerprint of one test. `modules` are the files with tests in them, as far as they are known.
    fn print(&self, trace: &Trace, loaded: &Trace, modules: &BTreeSet<&RelPath>) -> ContentHash {
        if trace.is_empty() {
            return self.everything();
        }
        let own: BTreeSet<&RelPath> = trace.keys().map(|(path, _)| path).collect();
        let with_loaded: BTreeSet<&RelPath> =
            own.iter().copied().chain(loaded.keys().map(|(path, _)| path)).collect();
        let knows_its_module = modules.iter().any(|module| own.contains(module));
        let mut parts = vec![self.rest.as_str()];
        for (path, file) in &self.units.files {
            let others_module = knows_its_module && modules.contains(path) && !own.contains(path);
            let whole = file.is_test && !others_module && !own.contains(path);
            // Where nobody knows what is loaded, every file's outside may be.
            let outside = (loaded.is_empty() && !file.is_test) || with_loaded.contains(path);
            if whole {
                parts.extend([path.as_str(), file.hash.as_str()]);
            } else if outside && !others_module {
                parts.extend([path.as_str(), TOP, hash_of(file.units.first())]);
            }
        }
        for (path, name) in trace.keys().chain(loaded.keys()) {
            let file = self.units.files.get(path);
            let hash = match (name.as_str(), file) {
                (WHOLE, Some(file)) => file.hash.as_str(),
                _ => hash_of(file.and_then(|file| file.named(name))),
            };
            parts.extend([path.as_str(), name, hash]);
        }
        ContentHash::of_parts(parts)
    }

    /// All code and everything around it: for a test nobody knows anything of.
    fn everything(&self) -> ContentHash {
        let files = self.units.files.iter().flat_map(|(path, file)| [path.as_str(), file.hash.as_str()]);
        ContentHash::of_parts([self.rest.as_str()].into_iter().chain(files))
    }

    /// What decides whether a mutant compiles, the piece around it apart: what is outside all functions.
    pub(super) fn outside(&self) -> ContentHash {
        let hash = |file: &FileUnits| hash_of(file.units.first()).to_owned();
        let files: Vec<String> = self
            .units
            .files
            .values()
            .map(|file| if file.is_test { file.hash.to_string() } else { hash(file) })
            .collect();
        ContentHash::of_parts([self.rest.as_str()].into_iter().chain(files.iter().map(String::as_str)))
    }
}

fn hash_of(unit: Option<&Unit>) -> &str {
    unit.map_or("gone", |unit| unit.hash.as_str())
}

/// Every file that is not in `units` and not ignored: its path, and its content or its size and time.
fn others(root: &Path, units: &Units) -> Vec<String> {
    let (mut parts, mut left) = (Vec::new(), READ_IN_ALL);
    for entry in files_that_count(root) {
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        if RelPath::new(relative).is_ok_and(|path| units.files.contains_key(&path)) {
            continue;
        }
        let facts = entry.metadata().ok();
        let size = facts.as_ref().map_or(0, fs::Metadata::len);
        let is_file = facts.as_ref().is_some_and(fs::Metadata::is_file);
        let content =
            (is_file && size <= READ_WHOLE.min(left)).then(|| fs::read(entry.path()).ok()).flatten();
        let what = match content {
            Some(bytes) => {
                left = left.saturating_sub(size);
                ContentHash::of(&bytes).to_string()
            }
            None => {
                let modified = facts.and_then(|facts| facts.modified().ok());
                let since =
                    modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
                format!("{size} {}", since.as_nanos())
            }
        };
        parts.extend([relative.display().to_string(), what]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::units::tests::parsed;
    use super::*;
    use hephaestus_core::ByteRange;

    const CALC: &str = "LIMIT = 3\n\ndef add(a, b):\n    return a + b\n\ndef sub(a, b):\n    return a - b\n";
    const TESTS: &str = "import calc\n\ndef test_add():\n    assert calc.add(1, 2) == 3\n\ndef test_sub():\n    assert calc.sub(1, 2) == -1\n";

    fn lines(of: &[(&str, &[u32])]) -> Lines {
        of.iter()
            .map(|(path, lines)| (RelPath::new(path).unwrap(), lines.iter().copied().collect()))
            .collect()
    }

    fn code(calc: &str, tests: &str) -> Code {
        Code::bare([&parsed("calc.py", calc), &parsed("test_calc.py", tests), &parsed("other.py", "X = 1\n")])
    }

    fn traces(of: &Code) -> Traces {
        let add = lines(&[("calc.py", &[4]), ("test_calc.py", &[4])]);
        let sub = lines(&[("calc.py", &[7]), ("test_calc.py", &[7])]);
        let loaded = of.trace(&lines(&[("calc.py", &[1, 3, 6]), ("test_calc.py", &[1, 3, 6])]), true);
        Traces { loaded, tests: vec![of.trace(&add, false), of.trace(&sub, false), Trace::new()] }
    }

    /// Which tests' fingerprints an edit changes.
    fn touched(calc: &str, tests: &str) -> Vec<&'static str> {
        let old = code(CALC, TESTS);
        let traces = traces(&old);
        let (before, after) = (old.prints(&traces), code(calc, tests).prints(&traces));
        let changed = ["add", "sub", "unknown"].into_iter().zip(before.iter().zip(&after));
        changed.filter(|(_, (before, after))| before != after).map(|(name, _)| name).collect()
    }

    #[test]
    fn an_edit_changes_the_fingerprints_of_the_tests_that_run_through_it() {
        assert!(touched(CALC, TESTS).is_empty());
        assert_eq!(touched(&CALC.replace("a + b", "b + a"), TESTS), ["add", "unknown"]);
        assert_eq!(touched(&CALC.replace("a - b", "a  - b"), TESTS), ["sub", "unknown"]);
        assert_eq!(touched(&CALC.replace("LIMIT = 3", "LIMIT = 4"), TESTS), ["add", "sub", "unknown"]);
        assert_eq!(touched(CALC, &TESTS.replace("add(1, 2)", "add(2, 1)")), ["add", "unknown"]);
    }

    #[test]
    fn a_comment_counts_only_for_tests_that_may_read_the_file() {
        let two = CALC.replace("    return a + b", "    c = a\n    return c + b");
        let old = code(&two, TESTS);
        let new = code(&two.replace("    return c", "    # c\n\n    return c"), TESTS);
        let all: Vec<u32> = (1..=9).collect();
        let through =
            |numbers: &[u32]| old.trace(&lines(&[("calc.py", numbers), ("test_calc.py", &[4])]), false);
        let loaded = old.trace(&lines(&[("calc.py", &[1, 3, 7]), ("test_calc.py", &[1, 3, 6])]), true);
        let traces = Traces { loaded, tests: vec![through(&[4, 5]), through(&[8]), through(&all)] };
        let (before, after) = (old.prints(&traces), new.prints(&traces));
        let same: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before == after).collect();
        assert_eq!(same, [true, true, false]);
        assert_eq!(new.lines(&traces.tests[0]), lines(&[("calc.py", &[4, 7]), ("test_calc.py", &[4])]));
        let everything = new.lines(&traces.tests[2]);
        let count = everything.get(&RelPath::new("calc.py").unwrap()).map_or(0, BTreeSet::len);
        assert!(count >= 10, "it reaches the new lines too: {count}");
    }

    #[test]
    fn everything_around_the_code_counts_for_every_test() {
        let (code, mut other) = (code(CALC, TESTS), code(CALC, TESTS));
        other.rest = ContentHash::of(b"another manifest");
        let traces = traces(&code);
        assert!(
            code.prints(&traces).iter().zip(other.prints(&traces)).all(|(before, after)| *before != after)
        );
    }

    #[test]
    fn lines_survive_as_long_as_their_piece_does() {
        let old = code(CALC, TESTS);
        let moved = code(&format!("import os\n\n{CALC}"), TESTS);
        let trace = &traces(&old).tests[0];
        assert_eq!(old.lines(trace), lines(&[("calc.py", &[4]), ("test_calc.py", &[4])]));
        assert_eq!(moved.lines(trace), lines(&[("calc.py", &[6]), ("test_calc.py", &[4])]));
    }

    #[test]
    fn a_mutant_keeps_its_key_when_its_function_moves() {
        let key = |calc: &str| {
            let start = calc.find("- b").unwrap();
            let mutant = Mutant {
                file: RelPath::new("calc.py").unwrap(),
                range: ByteRange::new(start, start + 1),
                replacement: "+".to_owned(),
                operator: "arithmetic/minus-to-plus".to_owned(),
                function: Some("sub".to_owned()),
                description: String::new(),
            };
            code(calc, TESTS).key(&mutant)
        };
        assert_eq!(key(CALC), key(&format!("import os\n{}", CALC.replace("a + b", "a + b + 0"))));
        assert_ne!(key(CALC), key(&CALC.replace("return a - b", "return (a - b)")));
    }
}
