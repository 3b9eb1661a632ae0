//! How many parameters and results of the touched function are annotated.

use super::{Meter, counted};
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure};

pub(super) struct Types;

impl Meter for Types {
    fn dimension(&self) -> Dimension {
        Dimension::Types
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let [before, after] = case.region.as_ref()?.function?;
        Some(counted(self.dimension(), Direction::Higher, before.annotated, after.annotated))
    }
}
