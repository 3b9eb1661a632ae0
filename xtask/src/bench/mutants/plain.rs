//! The plain truth about a mutant: the package's own test command on an edited copy, and its exit code.
//!
//! It shares nothing with a mutation testing tool but the package.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;

use super::Workbench;
use super::measure::measured;
use super::subjects::{Kind, Subject, did_not_build, failing_test};

/// What a plain run says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Truth {
    /// Every test passes.
    Passes,
    /// A test fails; which, where it can be read.
    Fails(String),
    /// It does not end.
    Hangs,
    /// It does not compile.
    DoesNotBuild,
}

/// A place where mutants are judged plainly.
pub(super) struct Judge<'a> {
    bench: &'a Workbench,
    subject: &'a Subject,
    place: PathBuf,
    limit: Duration,
}

impl<'a> Judge<'a> {
    /// A copy whose tests pass as it is.
    ///
    /// # Errors
    /// Where they do not.
    pub(super) fn new(bench: &'a Workbench, subject: &'a Subject) -> anyhow::Result<Self> {
        let place = bench.fresh_copy(subject, "plain")?;
        let mut judge = Self { bench, subject, place, limit: Duration::from_secs(1800) };
        let (truth, _) = judge.run()?;
        ensure!(truth == Truth::Passes, "{}: the plain tests fail without a mutant: {truth:?}", subject.name);
        // The first run built everything; the second is as long as every other one.
        let (truth, wall) = judge.run()?;
        ensure!(truth == Truth::Passes, "{}: the plain tests waver: {truth:?}", subject.name);
        judge.limit = Duration::from_secs_f64(10.0 * wall + 60.0);
        Ok(judge)
    }

    /// Judges the subject's file with this text.
    pub(super) fn judge(&self, text: &str) -> anyhow::Result<Truth> {
        // Tests may leave something behind, but what was built shall not be built again each time.
        if self.subject.kind == Kind::Pytest {
            self.bench.fresh_copy(self.subject, "plain")?;
        }
        let path = self.place.join(self.subject.file);
        let original = fs::read_to_string(&path)?;
        fs::write(&path, text)?;
        let outcome = self.run();
        fs::write(&path, original)?;
        Ok(outcome?.0)
    }

    fn run(&self) -> anyhow::Result<(Truth, f64)> {
        let command = self.subject.plain(&self.place, &self.bench.ours.python);
        let name = format!("plain-{}", self.subject.name);
        let run = measured(&command, &name, &self.bench.ours.logs, self.limit)?;
        let truth = match run.code {
            None => Truth::Hangs,
            Some(0) => Truth::Passes,
            Some(_) if did_not_build(&run.stderr) => Truth::DoesNotBuild,
            Some(code) => {
                let output = format!("{}\n{}", run.stdout, run.stderr);
                Truth::Fails(failing_test(&output).unwrap_or_else(|| format!("exit code {code}")))
            }
        };
        Ok((truth, run.wall))
    }
}
