//! How many lines the patch changes: shown, never judged.

use super::{Meter, counted};
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure};

pub(super) struct DiffSize;

impl Meter for DiffSize {
    fn dimension(&self) -> Dimension {
        Dimension::DiffSize
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let snapshot = &case.parts.snapshot;
        let lines = case.candidate.patch.changed_lines(|path| snapshot.file(path).map(|file| &*file.text));
        Some(counted(self.dimension(), Direction::Shown, 0.0, u32::try_from(lines).unwrap_or(u32::MAX)))
    }
}
