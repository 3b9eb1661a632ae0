//! The dimensions, one file each.

mod cognitive;
mod cyclomatic;
mod diff_size;
mod documentation;
mod findings;
mod functionality;
mod nesting;
mod run_time;
mod size;
mod statements;
mod strength;
mod types;

use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure};

/// Measures one thing before and after.
pub(crate) trait Meter: Send + Sync {
    /// Which dimension it is.
    fn dimension(&self) -> Dimension;
    /// The measure; `None` where it does not apply.
    fn measure(&self, case: &Case<'_>) -> Option<Measure>;
}

/// Every dimension, in the order of [`Dimension::ALL`]. A new one is a file and a line here.
pub(crate) fn all() -> Vec<Box<dyn Meter>> {
    vec![
        Box::new(functionality::Functionality),
        Box::new(cognitive::Cognitive),
        Box::new(cyclomatic::Cyclomatic),
        Box::new(size::Size),
        Box::new(statements::Statements),
        Box::new(nesting::Nesting),
        Box::new(findings::Findings),
        Box::new(strength::StrengthMeter),
        Box::new(run_time::RunTime),
        Box::new(documentation::Documentation),
        Box::new(types::Types),
        Box::new(diff_size::DiffSize),
    ]
}

/// A counted measure: no error.
pub(crate) fn counted(
    dimension: Dimension,
    direction: Direction,
    before: impl Into<f64>,
    after: impl Into<f64>,
) -> Measure {
    Measure { dimension, before: before.into(), after: after.into(), direction, error: 0.0 }
}
