//! Whether the touched function is documented.

use super::{Meter, counted};
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure};

pub(super) struct Documentation;

impl Meter for Documentation {
    fn dimension(&self) -> Dimension {
        Dimension::Documentation
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let [before, after] = case.region.as_ref()?.function?;
        Some(counted(
            self.dimension(),
            Direction::Higher,
            u8::from(before.documented),
            u8::from(after.documented),
        ))
    }
}
