//! Size in tokens: what a reader has to take in, whatever the line breaks.

use super::{Meter, counted};
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure};

pub(super) struct Size;

impl Meter for Size {
    fn dimension(&self) -> Dimension {
        Dimension::Size
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let region = case.region.as_ref()?;
        Some(counted(self.dimension(), Direction::Lower, region.before.tokens, region.after.tokens))
    }
}
