//! How many mutants a tool judged, by what came of them: the same words for every tool.

use std::fmt;

use super::schema::{Report, Status};

/// Numbers of mutants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The tests noticed.
    pub(crate) killed: usize,
    /// The tests ran and did not.
    pub(crate) survived: usize,
    /// No test reaches them: the verdict is free.
    pub(crate) unreached: usize,
    /// The tests did not end.
    pub(crate) timeouts: usize,
    /// They do not compile, the runner broke, or nobody tried: nothing is known of the tests.
    pub(crate) nothing: usize,
}

impl Tally {
    /// Mutants on which there is a verdict about the tests.
    pub(crate) fn judged(&self) -> usize {
        self.killed + self.survived + self.unreached + self.timeouts
    }

    /// All of them.
    pub(crate) fn total(&self) -> usize {
        self.judged() + self.nothing
    }

    /// Mutants that the tests noticed, one way or the other.
    pub(crate) fn noticed(&self) -> usize {
        self.killed + self.timeouts
    }

    /// By second of `cpu`; 0 of nothing.
    pub(crate) fn per_second(&self, cpu: f64) -> f64 {
        if cpu > 0.0 { self.judged() as f64 / cpu } else { 0.0 }
    }

    /// Counts one.
    pub(crate) fn add(&mut self, status: Status) {
        let number = match status {
            Status::Killed => &mut self.killed,
            Status::Survived => &mut self.survived,
            Status::NoCoverage => &mut self.unreached,
            Status::Timeout => &mut self.timeouts,
            Status::CompileError | Status::RuntimeError | Status::Ignored | Status::Pending => {
                &mut self.nothing
            }
        };
        *number += 1;
    }

    /// Of a report in the common schema.
    pub(crate) fn of(report: &Report) -> Self {
        let mut tally = Self::default();
        report.mutants().for_each(|(.., mutant)| tally.add(mutant.status));
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { killed, survived, unreached, timeouts, nothing } = self;
        let judged = self.judged();
        write!(
            f,
            "{judged} judged ({killed} killed, {survived} survived, {unreached} not reached, {timeouts} timed out), {nothing} not"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_verdicts_on_the_tests_count() {
        let mut tally = Tally::default();
        for status in [Status::Killed, Status::Killed, Status::Survived, Status::NoCoverage, Status::Timeout]
        {
            tally.add(status);
        }
        tally.add(Status::CompileError);
        tally.add(Status::Pending);
        assert_eq!((tally.judged(), tally.noticed(), tally.total()), (5, 3, 7));
        assert!((tally.per_second(2.0) - 2.5).abs() < 1e-9);
        assert_eq!(tally.per_second(0.0), 0.0);
        let words = "5 judged (2 killed, 1 survived, 1 not reached, 1 timed out), 2 not";
        assert_eq!(tally.to_string(), words);
    }
}
