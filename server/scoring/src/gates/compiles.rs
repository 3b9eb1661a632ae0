//! Parses and builds.

use super::Check;
use crate::Case;
use hephaestus_core::{Gate, Stage};

pub(super) struct Compiles;

impl Check for Compiles {
    fn gate(&self) -> Gate {
        Gate::Compiles
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let stages = &case.trial.evidence.stages;
        let looked = stages.iter().filter(|run| matches!(run.stage, Stage::Parse | Stage::Build));
        match looked.clone().find(|run| !run.held) {
            Some(run) => Err(format!("{} failed", run.stage.as_str())),
            None if looked.count() == 0 => Err("nobody looked".to_owned()),
            None => Ok("parses and builds".to_owned()),
        }
    }
}
