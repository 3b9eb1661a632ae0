//! The packages that are mutated: which file, how their tests are run plainly, and a small edit for a second run.
//!
//! Nothing here knows a mutation testing tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::super::packages::{self, copy};
use super::super::server::forget;

/// How a package's tests are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `python -m pytest`
    Pytest,
    /// `cargo test`
    Cargo,
    /// `tape`
    Tape,
}

/// A package under mutation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    /// Its name, and its scenario's.
    pub(crate) name: &'static str,
    /// How its tests are run.
    pub(crate) kind: Kind,
    /// The file that is mutated.
    pub(crate) file: &'static str,
    /// Files that every tool does without, because their tests cannot run here.
    absent: &'static [&'static str],
    /// One line as it is, and as it is spelled in the second run: the same meaning.
    respelled: (&'static str, &'static str),
}

pub(crate) const HUMANIZE: Subject = Subject {
    name: "humanize",
    kind: Kind::Pytest,
    file: "src/humanize/number.py",
    // It needs a plugin for benchmarks.
    absent: &["tests/test_benchmarks.py"],
    respelled: ("limit_denominator(1000)", "limit_denominator(1_000)"),
};

pub(crate) const SEMVER: Subject = Subject {
    name: "semver",
    kind: Kind::Cargo,
    file: "src/eval.rs",
    absent: &[],
    respelled: ("for cmp in &req.comparators {", "for cmp in req.comparators.iter() {"),
};

pub(crate) const MINIMIST: Subject = Subject {
    name: "minimist",
    kind: Kind::Tape,
    file: "index.js",
    absent: &[],
    respelled: ("if (typeof x === 'number') {", "if (typeof x === \"number\") {"),
};

/// Generics, macros and `unsafe`, with tests that need almost nothing.
pub(crate) const ARRAYVEC: Subject = Subject {
    name: "arrayvec",
    kind: Kind::Cargo,
    file: "src/arrayvec.rs",
    absent: &[],
    respelled: ("", ""),
};

/// Much code: for the cycle, not for its mutants.
pub(crate) const BOLTONS: Subject = Subject {
    name: "boltons",
    kind: Kind::Pytest,
    file: "boltons/strutils.py",
    absent: &[],
    respelled: ("", ""),
};

/// One of each language.
pub(crate) const LANGUAGES: &[Subject] = &[HUMANIZE, SEMVER, MINIMIST];

impl Subject {
    /// A fresh copy of the package at `place`, fetched once into `cache`.
    pub(crate) fn copy_to(&self, place: &Path, cache: &Path) -> anyhow::Result<()> {
        let package = packages::named(self.name).context("no such package")?;
        let source = package.fetch(cache)?;
        forget(place)?;
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        copy(&source, place)?;
        for absent in self.absent {
            let path = place.join(absent);
            fs::remove_file(&path).with_context(|| format!("`{}`", path.display()))?;
        }
        for left in [".hephaestus", "target"] {
            forget(&place.join(left))?;
        }
        ensure!(place.join(self.file).is_file(), "{} has no `{}`", self.name, self.file);
        Ok(())
    }

    /// Spells one line of the mutated file otherwise.
    pub(crate) fn respell(&self, place: &Path) -> anyhow::Result<()> {
        let (old, new) = self.respelled;
        let path = place.join(self.file);
        let text = fs::read_to_string(&path)?;
        ensure!(!old.is_empty() && text.contains(old), "`{}` has no `{old}`", path.display());
        Ok(fs::write(&path, text.replacen(old, new, 1))?)
    }

    /// The package's own test command in `place`, stopping at the first failure where it can.
    pub(crate) fn plain(&self, place: &Path, python: &Path) -> Command {
        let mut command = match self.kind {
            Kind::Pytest => {
                let mut command = Command::new(python.join("bin/python"));
                command.args(["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]);
                command.env("PYTHONPATH", place.join("src")).env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
            Kind::Cargo => {
                let mut command = Command::new("cargo");
                command.args(["test", "--quiet", "--offline"]);
                command
            }
            Kind::Tape => {
                let mut command = Command::new(place.join("node_modules/.bin/tape"));
                command.arg("test/**/*.js");
                command
            }
        };
        command.current_dir(place);
        with_environment(&mut command, python);
        command
    }
}

/// Puts a virtual environment into a command's environment.
pub(crate) fn with_environment(command: &mut Command, python: &Path) {
    let mut path = vec![python.join("bin")];
    path.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    if let Ok(path) = std::env::join_paths(path) {
        command.env("PATH", path);
    }
    command.env("VIRTUAL_ENV", python);
}

/// The test that failed first, as the runner names it.
pub(crate) fn failing_test(output: &str) -> Option<String> {
    let of = |line: &str| {
        let line = line.trim_end();
        if let Some(rest) = line.strip_prefix("FAILED ").or_else(|| line.strip_prefix("ERROR ")) {
            return Some(rest.split(" - ").next().unwrap_or(rest).to_owned());
        }
        if let Some(rest) = line.strip_prefix("not ok ") {
            return Some(rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim().to_owned());
        }
        let name = line.strip_prefix("---- ")?.strip_suffix(" ----")?;
        Some(name.strip_suffix(" stdout").unwrap_or(name).to_owned())
    };
    output.lines().find_map(of)
}

/// Where the plain output says that nothing could run.
pub(crate) fn did_not_build(stderr: &str) -> bool {
    stderr.contains("could not compile")
}

/// A path of a scenario's copy.
pub(crate) fn place(folder: &Path, subject: &Subject, purpose: &str) -> PathBuf {
    folder.join(format!("{}-{purpose}", subject.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runners_failing_test_is_found() {
        let pytest =
            "....F\nFAILED tests/test_a.py::test_b[1-x] - assert 1 == 2\n1 failed, 4 passed in 0.1s\n";
        assert_eq!(failing_test(pytest).unwrap(), "tests/test_a.py::test_b[1-x]");
        let cargo = "failures:\n\n---- test_b stdout ----\nthread panicked\n\nfailures:\n    test_b\n";
        assert_eq!(failing_test(cargo).unwrap(), "test_b");
        let tape = "ok 1 should be strictly equal\nnot ok 12 should be deeply equivalent\n";
        assert_eq!(failing_test(tape).unwrap(), "should be deeply equivalent");
        assert_eq!(failing_test("ok 1 fine\n"), None);
    }

    #[test]
    fn every_subject_has_a_package() {
        for subject in LANGUAGES.iter().chain([&ARRAYVEC, &BOLTONS]) {
            assert!(packages::named(subject.name).is_some(), "{}", subject.name);
        }
    }
}
