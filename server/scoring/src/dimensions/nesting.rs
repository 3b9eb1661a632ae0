//! The deepest nesting of control structures in the touched function.

use super::{Meter, counted};
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure};

pub(super) struct Nesting;

impl Meter for Nesting {
    fn dimension(&self) -> Dimension {
        Dimension::Nesting
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let region = case.region.as_ref()?;
        Some(counted(self.dimension(), Direction::Lower, region.before.nesting, region.after.nesting))
    }
}
