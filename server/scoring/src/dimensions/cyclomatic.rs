//! Cyclomatic complexity (McCabe 1976) of the touched function.

use super::{Meter, counted};
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure};

pub(super) struct Cyclomatic;

impl Meter for Cyclomatic {
    fn dimension(&self) -> Dimension {
        Dimension::Cyclomatic
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let region = case.region.as_ref()?;
        Some(counted(self.dimension(), Direction::Lower, region.before.cyclomatic, region.after.cyclomatic))
    }
}
