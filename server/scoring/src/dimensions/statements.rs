//! Statements in the touched function.

use super::{Meter, counted};
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure};

pub(super) struct Statements;

impl Meter for Statements {
    fn dimension(&self) -> Dimension {
        Dimension::Statements
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let region = case.region.as_ref()?;
        Some(counted(self.dimension(), Direction::Lower, region.before.statements, region.after.statements))
    }
}
