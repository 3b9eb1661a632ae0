//! Time of the touched function where it was benchmarked. Otherwise CPU time of the suite: shown, never judged, since two
//! runs of the same code differ by more than most changes do.

use super::Meter;
use crate::Case;
use hephaestus_core::{Dimension, Direction, Measure, Stage};

pub(super) struct RunTime;

impl Meter for RunTime {
    fn dimension(&self) -> Dimension {
        Dimension::RunTime
    }

    fn measure(&self, case: &Case<'_>) -> Option<Measure> {
        if let Some(speed) = case.trial.evidence.speed.as_ref().filter(|speed| speed.left_out.is_none()) {
            let error = ((speed.interval.1 - speed.interval.0) / 2.0).max(speed.floor);
            let (before, after) = (1.0, speed.ratio);
            return Some(Measure {
                dimension: self.dimension(),
                before,
                after,
                direction: Direction::Lower,
                error,
            });
        }
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
