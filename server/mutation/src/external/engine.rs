//! A program as an engine: goal and files in, changes out. A change outside the goal's files, or that does not fit their
//! texts, is no candidate.

use super::Program;
use super::message::{Answer, Change, EditText, FileText, GoalText, Question, Tried};
use hephaestus_core::{
    Candidate, Edit, Engine, EngineContext, EngineId, Goal, Patch, RelPath, Snapshot, SourceFile,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An engine that asks a program.
pub struct ExternalEngine {
    program: Arc<Program>,
}

impl ExternalEngine {
    /// The engine that `program` is.
    #[must_use]
    pub fn new(program: Arc<Program>) -> Self {
        Self { program }
    }
}

impl Engine for ExternalEngine {
    fn name(&self) -> &str {
        self.program.name()
    }

    fn accepts(&self, goal: &Goal) -> bool {
        self.program.answers(goal.kind)
    }

    fn learns(&self) -> bool {
        self.program.hello().learns
    }

    fn propose(&self, goal: &Goal, context: &EngineContext<'_>) -> Vec<Candidate> {
        let tried = tried(context);
        let files = files(goal, context.snapshot);
        let is_wanted = files.iter().any(|file| self.program.wants(file));
        if !is_wanted || !tried.is_empty() && !self.learns() {
            return Vec::new();
        }
        let question = Question::Forge {
            goal: GoalText::of(goal),
            files: files.iter().map(|file| FileText::of(file)).collect(),
            tried,
            limit: context.limit,
            seed: context.seed,
        };
        let mut candidates: Vec<Candidate> = Vec::new();
        self.program.ask(question, context.cancel, &mut |answer| {
            let Answer::Candidate(change) = answer else {
                return Err("it was asked for candidates and says something else".to_owned());
            };
            if candidates.len() < context.limit {
                candidates.push(self.candidate(goal, &change, &files)?);
            }
            Ok(())
        });
        candidates
    }
}

impl ExternalEngine {
    fn candidate(&self, goal: &Goal, change: &Change, files: &[&SourceFile]) -> Result<Candidate, String> {
        let patch = patch(change, files)?;
        let title = if change.title.trim().is_empty() { self.name() } else { change.title.trim() };
        let engine = EngineId::new(self.name());
        let steps = vec![title.chars().filter(|c| !c.is_control()).collect()];
        Ok(Candidate::new(&goal.id, patch, engine, steps, change.prior.clamp(0.0, 1.0)))
    }
}

/// What was tried before: what held and is to be gone on from, and what did not.
fn tried(context: &EngineContext<'_>) -> Vec<Tried> {
    let held = context.parents.iter().map(|(candidate, score)| Tried::held(candidate, &score.reasons));
    let fell = context.setbacks.iter().map(|back| Tried::of(&back.candidate, &back.trial, &back.reasons));
    held.chain(fell).collect()
}

/// The files that a candidate may change.
fn files<'a>(goal: &Goal, snapshot: &'a Snapshot) -> Vec<&'a SourceFile> {
    goal.footprint.iter().filter_map(|path| snapshot.file(path)).map(|file| &**file).collect()
}

/// The change as a patch of these files.
fn patch(change: &Change, files: &[&SourceFile]) -> Result<Patch, String> {
    let within = |name: &str| {
        let path =
            RelPath::new(name).map_err(|error| format!("it changes a file that cannot be: {error}"))?;
        let file = files.iter().find(|file| file.path == path);
        file.copied().ok_or_else(|| format!("it changes `{path}`, which is none of the goal's files"))
    };
    let mut edits: BTreeMap<&RelPath, (&SourceFile, Vec<Edit>)> = BTreeMap::new();
    for own in &change.edits {
        let file = within(&own.file)?;
        edits.entry(&file.path).or_insert((file, Vec::new())).1.push(edit(own, file)?);
    }
    let mut patch = Patch::default();
    let mut join = |next: Patch| -> Result<(), String> {
        patch = patch.merge(&next).map_err(|error| format!("it changes one place twice: {error}"))?;
        Ok(())
    };
    for (file, edits) in edits.into_values() {
        let next = Patch::edit(file.path.clone(), file.hash.clone(), edits);
        join(next.map_err(|error| format!("its edits cannot all be made: {error}"))?)?;
    }
    for new in &change.files {
        let file = within(&new.path)?;
        join(Patch::between(file.path.clone(), &file.text, &new.text))?;
    }
    if patch.is_empty() { Err("its candidate changes nothing".to_owned()) } else { Ok(patch) }
}

fn edit(own: &EditText, file: &SourceFile) -> Result<Edit, String> {
    let EditText { start, end, text, .. } = own;
    if file.text.get(*start..*end).is_none() {
        return Err(format!(
            "its edit of bytes {start} to {end} does not fit `{}`, which has {} (bytes of UTF-8, never inside a character)",
            file.path,
            file.text.len()
        ));
    }
    Ok(Edit::new(*start..*end, text.clone()))
}
