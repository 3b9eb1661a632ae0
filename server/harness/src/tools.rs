//! Programs other than tests (linters, external engines), run in the same sandbox as everything else.

use crate::redirect::{FILE, Streams, output, redirected};
use crate::sandbox::{Sandbox, SandboxError, Step, StepStatus, View};
use hephaestus_core::{CancelToken, RelPath, Snapshot, ToolCall, ToolOutput, Tools};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
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

    fn call(&self, call: &ToolCall, cancel: &CancelToken) -> Result<ToolOutput, SandboxError> {
        let old = self.layer_of(&call.name);
        let layers: Vec<PathBuf> = old.iter().map(|layer| layer.path().join("upper")).collect();
        // Only the first run on the unchanged code leaves a layer: a candidate's traces must not reach the next one.
        let fresh =
            if old.is_none() && call.patch.is_empty() { Some(self.sandbox.scratch("tool")?) } else { None };
        let keep = fresh.as_ref().map(|layer| layer.path().join("upper"));
        let view = View { root: self.snapshot.root.clone(), layers, keep };
        let mut session = self.sandbox.open(&view, cancel)?;
        for path in call.patch.paths() {
            let text = self.text_after(call, path);
            session.write(path, text.as_deref().map(str::as_bytes))?;
        }
        let root = session.root().to_owned();
        let filled = |word: &String| word.replace("{root}", &root.display().to_string());
        let words = call.argv.iter().map(filled);
        let step = Step {
            argv: redirected(words.collect(), Streams::Out),
            env: call.env.iter().map(|(name, value)| (name.clone(), filled(value))).collect(),
            timeout: call.timeout,
            collect: vec![FILE.to_owned()],
            ..Step::default()
        };
        let outcome = session.run(&step, cancel)?;
        session.close();
        if let (Some(layer), Ok(mut layers)) = (fresh, self.layers.lock()) {
            layers.insert(call.name.clone(), Arc::new(layer));
        }
        let exit = match outcome.status {
            StepStatus::Exited(code) => Some(code),
            _ => None,
        };
        Ok(ToolOutput { exit, stdout: output(&outcome), stderr: outcome.stderr.text, root, cpu: outcome.cpu })
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
}
