//! Variants that cannot be switched: written plainly into a view of their own, built there and tested like the others.

use super::Bench;
use super::build::open;
use super::programs::{Programs, moved};
use super::project::Program;
use crate::lab::{Job, JobEnd, JobOutcome, LabError};
use crate::redirect::output;
use crate::sandbox::{SandboxError, StepStatus};
use hephaestus_core::{CancelToken, Patch};
use std::collections::BTreeMap;

/// The path of a program that was not built: whoever starts it is told that it is not there.
const NOWHERE: &str = "/nowhere/not-built";

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
        if let Some(slim) = &self.slim {
            slim.put_on(&mut session)?;
        }
        let built = self.tool.run(&mut session, &self.tool.commands.build, &BTreeMap::new(), cancel)?;
        if let Some(slim) = &self.slim {
            slim.take_off(&mut session)?;
        }
        outcome.wall += built.wall;
        outcome.cpu += built.cpu;
        // Without namespaces every session shows the workspace elsewhere: here as the common build saw it.
        let root = &self.programs.root;
        let said = moved(&output(&built), session.root(), root);
        let answer = self.project.answer(root, &said, &|_| None);
        if built.status != StepStatus::Exited(0) {
            let said = answer.errors.first().map(|error| error.to_string());
            outcome.end = JobEnd::Unviable(said.unwrap_or_else(|| "it does not build".to_owned()));
            return Ok(());
        }
        let mut all = Vec::new();
        // In the order of the common build. One that is missing must not be taken from there: it has other code in it.
        for own in &self.programs.all {
            let found =
                answer.programs.iter().find(|program| program.name == own.name && program.cwd == own.cwd);
            all.push(found.cloned().unwrap_or(Program { path: NOWHERE.to_owned(), ..own.clone() }));
        }
        let programs = Programs { all, root: root.clone(), stretch: self.programs.stretch };
        self.tests(&mut session, &programs, job, None, outcome, cancel)
    }
}
