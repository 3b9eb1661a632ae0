//! Programs other than tests (linters, external engines), run in the same sandbox as everything else.

use crate::redirect::{FILE, Streams, output, redirected};
use crate::sandbox::{Heard, Sandbox, SandboxError, Session, Step, StepOutcome, StepStatus, Talk, View};
use hephaestus_core::{CancelToken, Dialogue, RelPath, Reply, Snapshot, ToolCall, ToolOutput, Tools};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// Runs programs on the workspace. What a program's first run leaves behind (a linter's cache, a build) lies below its
/// later ones.
pub struct Workbench {
    sandbox: Sandbox,
    snapshot: Snapshot,
    layers: Mutex<HashMap<String, Arc<TempDir>>>,
}

impl Workbench {
    /// A workbench for the workspace behind `snapshot`.
    #[must_use]
    pub fn new(sandbox: Sandbox, snapshot: Snapshot) -> Self {
        Self { sandbox, snapshot, layers: Mutex::default() }
    }

    fn layer_of(&self, name: &str) -> Option<Arc<TempDir>> {
        self.layers.lock().ok()?.get(name).cloned()
    }

    /// A session on the workspace with the call's patch in it, and what is run in there.
    fn prepare(
        &self,
        call: &ToolCall,
        (layers, keep): (Vec<PathBuf>, Option<PathBuf>),
        cancel: &CancelToken,
    ) -> Result<(Session, Step), SandboxError> {
        let view = View { root: self.snapshot.root.clone(), layers, keep };
        let mut session = self.sandbox.open(&view, cancel)?;
        for path in call.patch.paths() {
            let text = self.text_after(call, path);
            session.write(path, text.as_deref().map(str::as_bytes))?;
        }
        let root = session.root().display().to_string();
        let filled = |word: &String| word.replace("{root}", &root);
        let step = Step {
            argv: call.argv.iter().map(filled).collect(),
            env: call.env.iter().map(|(name, value)| (name.clone(), filled(value))).collect(),
            timeout: call.timeout,
            ..Step::default()
        };
        Ok((session, step))
    }

    fn call(&self, call: &ToolCall, cancel: &CancelToken) -> Result<ToolOutput, SandboxError> {
        let old = self.layer_of(&call.name);
        let layers: Vec<PathBuf> = old.iter().map(|layer| layer.path().join("upper")).collect();
        // Only the first run on the unchanged code leaves a layer: a candidate's traces must not reach the next one.
        let fresh =
            if old.is_none() && call.patch.is_empty() { Some(self.sandbox.scratch("tool")?) } else { None };
        let keep = fresh.as_ref().map(|layer| layer.path().join("upper"));
        let (mut session, step) = self.prepare(call, (layers, keep), cancel)?;
        let root = session.root().to_owned();
        let argv = redirected(step.argv, Streams::Out);
        let step = Step { argv, collect: vec![FILE.to_owned()], ..step };
        let outcome = session.run(&step, cancel)?;
        session.close();
        if let (Some(layer), Ok(mut layers)) = (fresh, self.layers.lock()) {
            layers.insert(call.name.clone(), Arc::new(layer));
        }
        let stdout = output(&outcome);
        Ok(ToolOutput { stdout, ..said(outcome, root) })
    }

    fn text_after(&self, call: &ToolCall, path: &RelPath) -> Option<String> {
        let before = self.snapshot.file(path).map(|file| &*file.text);
        call.patch.apply_to(path, before).ok().flatten()
    }
}

impl Tools for Workbench {
    fn run(&self, call: &ToolCall, cancel: &CancelToken) -> Result<ToolOutput, String> {
        self.call(call, cancel).map_err(|error| error.to_string())
    }

    fn talk(&self, call: &ToolCall, cancel: &CancelToken) -> Result<Box<dyn Dialogue>, String> {
        let sentence = |error: SandboxError| error.to_string();
        let (session, step) = self.prepare(call, (Vec::new(), None), cancel).map_err(sentence)?;
        let root = session.root().to_owned();
        let talk = session.talk(&step).map_err(sentence)?;
        Ok(Box::new(Conversation { talk, root, ended: None }))
    }
}

/// What a program left but for its standard output. Why it could not be started stands where its complaints would.
fn said(outcome: StepOutcome, root: PathBuf) -> ToolOutput {
    let (exit, stderr) = match outcome.status {
        StepStatus::Exited(code) => (Some(code), outcome.stderr.text),
        StepStatus::NotStarted { reason, .. } => (None, reason),
        _ => (None, outcome.stderr.text),
    };
    ToolOutput { exit, stdout: String::new(), stderr, root, cpu: outcome.cpu }
}

/// A conversation in a session of its own.
struct Conversation {
    talk: Talk,
    root: PathBuf,
    ended: Option<StepOutcome>,
}

impl Dialogue for Conversation {
    fn say(&mut self, line: &str) -> Result<(), String> {
        self.talk.say(line).map_err(|error| error.to_string())
    }

    fn hear(&mut self, limit: Duration, cancel: &CancelToken) -> Result<Reply, String> {
        if self.ended.is_some() {
            return Ok(Reply::Ended);
        }
        Ok(match self.talk.hear(limit, cancel).map_err(|error| error.to_string())? {
            Heard::Line(line) => Reply::Line(line),
            Heard::Nothing => Reply::Nothing,
            Heard::Cancelled => Reply::Cancelled,
            Heard::Ended(outcome) => {
                self.ended = Some(*outcome);
                Reply::Ended
            }
        })
    }

    fn frozen(&self) -> Duration {
        self.talk.frozen()
    }

    fn end(self: Box<Self>) -> ToolOutput {
        let Self { talk, root, ended } = *self;
        let outcome = ended.or_else(|| talk.end());
        outcome.map_or_else(ToolOutput::default, |outcome| said(outcome, root))
    }
}
