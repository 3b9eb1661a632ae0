//! CPU time of the suite: shown, never judged, since two runs of the same code differ by more than most changes do.

use super::Meter;
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure, Stage};

pub(super) struct RunTime;

impl Meter for RunTime {
    fn dimension(&self) -> Dimension {
        Dimension::RunTime
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        let full = case.trial.evidence.stages.iter().filter(|run| run.stage == Stage::Full);
        let fastest = full.map(|run| run.cpu.as_secs_f64()).min_by(f64::total_cmp)?;
        Some(Measure {
            dimension: self.dimension(),
            before: case.parts.cpu_s,
            after: fastest,
            direction: Direction::Shown,
            error: case.parts.cpu_s * 0.1,
        })
    }
}
