//! Scores: a vector of measures, with the gates beside it and never mixed in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in configuration and output.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What is measured in the touched region, before and after.
    Dimension {
        /// Tests that pass.
        Functionality = "functionality",
        /// Cognitive complexity.
        Cognitive = "cognitive",
        /// Cyclomatic complexity.
        Cyclomatic = "cyclomatic",
        /// Tokens.
        Size = "size",
        /// Statements.
        Statements = "statements",
        /// Deepest nesting.
        Nesting = "nesting",
        /// Tokens that stand elsewhere too.
        Duplication = "duplication",
        /// Rule matches and linter findings.
        Findings = "findings",
        /// Share of the mutants here that the tests notice.
        Strength = "strength",
        /// Time of the touched function, and CPU time of the tests where that was not measured.
        RunTime = "run-time",
        /// Documented functions.
        Documentation = "documentation",
        /// Annotated parameters and results.
        Types = "types",
        /// Lines the patch changes.
        DiffSize = "diff-size",
    }
}

words! {
    /// A yes/no question that no gain buys back.
    Gate {
        /// Parses and builds.
        Compiles = "compiles",
        /// The tests notice when the touched code is broken on purpose.
        Reached = "reached",
        /// The suite passes in a fresh process, and the tests that reach the change `stable_runs` times in all.
        TestsPass = "tests-pass",
        /// Old and new version do the same on captured and mutated inputs.
        SameOnInputs = "same-on-inputs",
        /// The tests notice enough of the mutants here.
        Strength = "strength",
        /// What claims to be faster is faster than the noise.
        Faster = "faster",
        /// The names visible from outside, and their signatures, are the same.
        PublicApi = "public-api",
        /// No import of something the project did not import before.
        NoNewDependency = "no-new-dependency",
        /// No rule or linter sees anything new.
        NoNewFinding = "no-new-finding",
        /// Only files of the goal's footprint changed.
        InsideFootprint = "inside-footprint",
        /// No test was deleted or weakened.
        TestsKept = "tests-kept",
        /// No more lines of code are changed than a directive allows.
        DiffLimit = "diff-limit",
        /// No added line has what a directive forbids.
        NothingForbidden = "nothing-forbidden",
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Lower is better.
    Lower,
    /// Higher is better.
    Higher,
    /// Shown, never judged.
    Shown,
}

impl Direction {
    /// How much better `after` is than `before`; negative when worse, 0 for what is only shown.
    #[must_use]
    pub fn gain(self, before: f64, after: f64) -> f64 {
        match self {
            Self::Lower => before - after,
            Self::Higher => after - before,
            Self::Shown => 0.0,
        }
    }

    /// That gain as a share of what was there, between -1 and 1.
    #[must_use]
    pub fn relative_gain(self, before: f64, after: f64) -> f64 {
        let scale = before.abs().max(after.abs());
        if scale == 0.0 { 0.0 } else { (self.gain(before, after) / scale).clamp(-1.0, 1.0) }
    }
}

/// One dimension before and after.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// What.
    pub dimension: Dimension,
    /// On the original.
    pub before: f64,
    /// With the candidate.
    pub after: f64,
    /// Which way is better.
    pub direction: Direction,
    /// Half-width of the measurement's error, in the dimension's own unit; 0 for what is counted.
    pub error: f64,
}

impl Measure {
    /// How much better it got, in the dimension's unit; negative when worse, 0 for what is only shown.
    #[must_use]
    pub fn gain(&self) -> f64 {
        self.direction.gain(self.before, self.after)
    }

    /// The gain as a share of what was there, between -1 and 1.
    #[must_use]
    pub fn relative_gain(&self) -> f64 {
        self.direction.relative_gain(self.before, self.after)
    }

    /// Whether it gained more than its error.
    #[must_use]
    pub fn improved(&self) -> bool {
        self.gain() > self.error
    }
}

/// A gate's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateResult {
    /// Which gate.
    pub gate: Gate,
    /// Whether it is open.
    pub open: bool,
    /// Why, in a few words.
    pub reason: String,
}

/// A candidate's score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The measures, in the order of [`Dimension::ALL`].
    pub measures: Vec<Measure>,
    /// The gates, in the order of [`Gate::ALL`].
    pub gates: Vec<GateResult>,
    /// Weighted sum of relative gains; only sorts, never decides alone.
    pub weighted: f64,
    /// Whether the candidate may be offered.
    pub accepted: bool,
    /// Whether the tests here are weaker than one would like: it is offered as such.
    #[serde(default)]
    pub weakly_tested: bool,
    /// Whether it reaches the goal's target (always true for goals without one, once accepted).
    pub target_met: bool,
    /// Why not, when it may not.
    pub reasons: Vec<String>,
}

impl Score {
    /// The measure of `dimension`.
    #[must_use]
    pub fn measure(&self, dimension: Dimension) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.dimension == dimension)
    }

    /// Whether it is at least as good in every judged dimension and better in one: Pareto dominance.
    #[must_use]
    pub fn dominates(&self, other: &Self) -> bool {
        let mut better = false;
        for mine in &self.measures {
            let Some(theirs) = other.measure(mine.dimension) else { continue };
            if mine.gain() < theirs.gain() {
                return false;
            }
            better |= mine.gain() > theirs.gain();
        }
        better
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(gains: &[(Dimension, f64)]) -> Score {
        let measures = gains
            .iter()
            .map(|(dimension, gain)| Measure {
                dimension: *dimension,
                before: 10.0,
                after: 10.0 - gain,
                direction: Direction::Lower,
                error: 0.0,
            })
            .collect();
        let (weighted, gates, reasons) = (0.0, vec![], vec![]);
        let (accepted, weakly_tested, target_met) = (true, false, true);
        Score { measures, gates, weighted, accepted, weakly_tested, target_met, reasons }
    }

    #[test]
    fn dominance_needs_a_gain_and_no_loss() {
        let both = score(&[(Dimension::Size, 2.0), (Dimension::Nesting, 1.0)]);
        let one = score(&[(Dimension::Size, 2.0), (Dimension::Nesting, 0.0)]);
        let other = score(&[(Dimension::Size, 3.0), (Dimension::Nesting, -1.0)]);
        assert!(both.dominates(&one) && !one.dominates(&both));
        assert!(!both.dominates(&other) && !other.dominates(&both));
        assert!(!both.dominates(&both.clone()));
    }

    #[test]
    fn relative_gain_is_bounded() {
        let measure = |before, after| Measure {
            dimension: Dimension::Size,
            before,
            after,
            direction: Direction::Lower,
            error: 0.0,
        };
        assert_eq!(measure(0.0, 0.0).relative_gain(), 0.0);
        assert_eq!(measure(10.0, 0.0).relative_gain(), 1.0);
        assert_eq!(measure(0.0, 10.0).relative_gain(), -1.0);
    }
}
