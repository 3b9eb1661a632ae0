//! Mutants: small deliberate faults, and what the tests made of them.

use crate::{ByteRange, RelPath, TestFailure};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// One deliberate fault: the text at `range` of `file` is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mutant {
    /// The file.
    pub file: RelPath,
    /// What is replaced, in bytes of the file's text.
    pub range: ByteRange,
    /// By what; empty where something is taken out.
    pub replacement: String,
    /// The operator, e.g. `arithmetic/plus-to-minus`.
    pub operator: String,
    /// The innermost function around it, qualified; `None` at the top level.
    pub function: Option<String>,
    /// What no test would notice if it survives, in plain words: "`a + b` computed as `a - b`".
    pub description: String,
}

macro_rules! statuses {
    ($($(#[$doc:meta])* $variant:ident = $text:literal / $schema:literal,)*) => {
        /// What came of a mutant.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum MutantStatus { $($(#[$doc])* $variant,)* }

        impl MutantStatus {
            /// Every status, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in text output.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The word in the mutation-testing-elements schema.
            #[must_use]
            pub fn schema_word(self) -> &'static str {
                match self { $(Self::$variant => $schema,)* }
            }
        }
    };
}
statuses! {
    /// A test that passes on the original fails.
    Killed = "killed" / "Killed",
    /// Every test that reaches it passes.
    Survived = "survived" / "Survived",
    /// No test reaches it.
    NoCoverage = "no coverage" / "NoCoverage",
    /// The tests do not come to an end within their limit.
    Timeout = "timeout" / "Timeout",
    /// It does not compile, or cannot be loaded: no test could run.
    Unviable = "unviable" / "CompileError",
    /// The test runner itself broke: nothing is known.
    Error = "error" / "RuntimeError",
}

impl fmt::Display for MutantStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the tests made of one mutant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MutantResult {
    /// The mutant.
    pub mutant: Mutant,
    /// What came of it.
    pub status: MutantStatus,
    /// The test that failed, for a kill.
    pub killed_by: Option<TestFailure>,
    /// Tests that reach it on the original, by id.
    pub reached_by: Vec<String>,
    /// Tests that were run.
    pub tests_run: u32,
    /// Why, where the status is unviable, timeout or error.
    pub reason: String,
    /// Wall-clock time of its run.
    pub wall: Duration,
    /// CPU time of its run.
    pub cpu: Duration,
}

/// How strong tests are: the share of mutants they notice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strength {
    /// Mutants that were killed, or made the tests run forever.
    pub killed: u32,
    /// Mutants that no test noticed, whether a test reaches them or not.
    pub survived: u32,
}

/// How strong the tests are in the region a candidate touches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionStrength {
    /// By mutants of the original code.
    pub before: Strength,
    /// By mutants of the candidate's code.
    pub after: Strength,
    /// Mutants of the original code that no test notices.
    pub survivors: Vec<Mutant>,
    /// Mutants that were made and not tried, because there were more than the limit.
    pub left_out: u32,
    /// CPU time all of it took.
    pub cpu: Duration,
}

impl RegionStrength {
    /// The side on which the tests are weaker; `None` where no mutant counted on either.
    #[must_use]
    pub fn weaker(&self) -> Option<Strength> {
        let measured = [self.before, self.after].into_iter().filter_map(|side| Some((side.share()?, side)));
        measured.min_by(|(left, _), (right, _)| left.total_cmp(right)).map(|(_, side)| side)
    }
}

/// The normal quantile of a two-sided interval of 95 %.
const Z: f64 = 1.959_963_984_540_054;

impl Strength {
    /// Counts `statuses`; unviable mutants and errors say nothing about tests.
    #[must_use]
    pub fn of(statuses: impl IntoIterator<Item = MutantStatus>) -> Self {
        let mut strength = Self::default();
        for status in statuses {
            match status {
                MutantStatus::Killed | MutantStatus::Timeout => strength.killed += 1,
                MutantStatus::Survived | MutantStatus::NoCoverage => strength.survived += 1,
                MutantStatus::Unviable | MutantStatus::Error => {}
            }
        }
        strength
    }

    /// Mutants that count.
    #[must_use]
    pub fn total(self) -> u32 {
        self.killed + self.survived
    }

    /// `killed / (killed + survived)`; `None` where nothing counted.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.total() > 0).then(|| f64::from(self.killed) / f64::from(self.total()))
    }

    /// The 95 % score interval of the share (E. B. Wilson, "Probable inference, the law of succession, and statistical
    /// inference", 1927); `(0, 1)` where nothing counted.
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        let Some(share) = self.share() else { return (0.0, 1.0) };
        let n = f64::from(self.total());
        let scale = 1.0 + Z * Z / n;
        let centre = (share + Z * Z / (2.0 * n)) / scale;
        let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        ((centre - half).max(0.0), (centre + half).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_about_tests_does_not_count() {
        use MutantStatus::{Error, Killed, NoCoverage, Survived, Timeout, Unviable};
        let strength = Strength::of([Killed, Timeout, Survived, NoCoverage, Unviable, Error]);
        assert_eq!(strength, Strength { killed: 2, survived: 2 });
        assert_eq!(Strength::default().share(), None);
        assert_eq!(Strength::default().interval(), (0.0, 1.0));
    }

    /// Reference values: the closed form evaluated elsewhere, and `prop.test(8, 10, correct = FALSE)` of R.
    #[test]
    fn the_interval_is_wilsons() {
        let (low, high) = Strength { killed: 8, survived: 2 }.interval();
        assert!((low - 0.490_16).abs() < 1e-4 && (high - 0.943_31).abs() < 1e-4, "{low} {high}");
        let (low, high) = Strength { killed: 10, survived: 0 }.interval();
        assert!((low - 0.722_47).abs() < 1e-4 && (high - 1.0).abs() < 1e-9, "{low} {high}");
    }
}
