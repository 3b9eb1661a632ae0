//! Variants that cannot be switched: written plainly into a view of their own, built there and tested like the others.

use super::Bench;
use super::build::open;
use super::programs::Programs;
use crate::lab::{Job, JobEnd, JobOutcome, LabError};
use crate::redirect::output;
use crate::sandbox::{SandboxError, StepStatus};
use hephaestus_core::{CancelToken, Patch};
use std::collections::BTreeMap;

impl Bench {
    /// Builds the variant at `at` alone and runs the job's tests on it.
    pub(super) fn alone(
        &self,
        job: &Job,
        at: usize,
        outcome: &mut JobOutcome,
        cancel: &CancelToken,
    ) -> Result<(), LabError> {
        let Some(variant) = self.variants.get(at) else { return Ok(()) };
        let text = self.snapshot.file(&variant.file).and_then(|file| {
            let patch = Patch::edit(variant.file.clone(), file.hash.clone(), variant.edits.clone()).ok()?;
            patch.apply_to(&variant.file, Some(&file.text)).ok()?
        });
        let Some(text) = text else {
            outcome.end = JobEnd::Unviable("its edits do not fit the file".to_owned());
            return Ok(());
        };
        let mut session = open(&self.sandbox, &self.plain, cancel)?;
        let of_write = |error: SandboxError| LabError::Unfit(error.to_string());
        session.write(&variant.file, Some(text.as_bytes())).map_err(of_write)?;
        let built = self.tool.run(&mut session, &self.tool.commands.build, &BTreeMap::new(), cancel)?;
        outcome.wall += built.wall;
        outcome.cpu += built.cpu;
        let root = session.root().to_owned();
        let answer = self.project.answer(&root, &output(&built));
        if built.status != StepStatus::Exited(0) {
            let said = answer.errors.first().map(|error| format!("{}: {}", error.code, error.message));
            outcome.end = JobEnd::Unviable(said.unwrap_or_else(|| "it does not build".to_owned()));
            return Ok(());
        }
        // The programs are those of the common build, in the order in which it has them.
        let all = self.programs.all.iter().map(|own| {
            answer
                .programs
                .iter()
                .find(|program| program.name == own.name && program.cwd == own.cwd)
                .unwrap_or(own)
        });
        let programs = Programs { all: all.cloned().collect(), root };
        self.tests(&mut session, &programs, job, None, outcome, cancel)
    }
}
