//! The share of the mutants here that the tests notice: shown; the gate of that name judges.

use super::{Meter, counted};
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure};

pub(super) struct StrengthMeter;

impl Meter for StrengthMeter {
    fn dimension(&self) -> Dimension {
        Dimension::Strength
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let strength = case.trial.evidence.strength.as_ref()?;
        let (before, after) = (strength.before.share()?, strength.after.share()?);
        Some(counted(self.dimension(), Direction::Shown, before, after))
    }
}
