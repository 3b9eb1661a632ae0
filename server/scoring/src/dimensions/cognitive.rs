//! Cognitive complexity (Campbell, SonarSource 2018) of the touched function.

use super::{Meter, counted};
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure};

pub(super) struct Cognitive;

impl Meter for Cognitive {
    fn dimension(&self) -> Dimension {
        Dimension::Cognitive
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let region = case.region.as_ref()?;
        Some(counted(self.dimension(), Direction::Lower, region.before.cognitive, region.after.cognitive))
    }
}
