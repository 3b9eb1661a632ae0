//! Tests that pass.

use super::{Meter, counted};
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure};

pub(super) struct Functionality;

impl Meter for Functionality {
    fn dimension(&self) -> Dimension {
        Dimension::Functionality
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let before = u32::try_from(case.parts.passing).unwrap_or(u32::MAX);
        Some(counted(self.dimension(), Direction::Higher, before, case.trial.evidence.tests_passed()))
    }
}
