//! One server with a client, in a project of its own.

use std::fs;
use std::io::{self, Read};
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use hephaestus_lsp::client::{Answers, Client, ClientError};
use serde_json::{Value, json};

use crate::project::Project;
use crate::remains;

/// How long anything may take before the server counts as dead: generous, as the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running server, the client that speaks to it, and the project both are in.
pub(crate) struct Session {
    pub(crate) project: Project,
    pub(crate) client: Client,
    gate: Gate,
    child: Child,
}

impl Session {
    /// A server that has been told nothing yet.
    pub(crate) fn start(project: Project) -> Self {
        let log = fs::File::create(project.folder().join("stderr")).unwrap();
        let mut command = project.command(&["lsp", "--stdio"]);
        let mut child = command.stdin(Stdio::piped()).stderr(log).spawn().unwrap();
        let gate = Gate::default();
        // Whatever is proved is taken; other questions have no such answer.
        let answers = Answers { picks: Some("Apply"), ..Answers::default() };
        let output = Gated { inner: child.stdout.take().unwrap(), gate: gate.clone() };
        let mut client = Client::new(output, child.stdin.take().unwrap(), answers);
        client.set_timeout(PATIENCE);
        Self { project, client, gate, child }
    }

    /// A server that has been greeted, in an empty project.
    pub(crate) fn ready() -> Self {
        let mut session = Self::start(Project::empty());
        let params = session.greeting();
        session.client.initialize(params).unwrap();
        session
    }

    /// What an ordinary editor says first.
    pub(crate) fn greeting(&self) -> Value {
        let root = format!("file://{}", self.project.root().display());
        json!({
            "processId": std::process::id(),
            "rootUri": root,
            "workspaceFolders": [{"uri": root, "name": "project"}],
            "capabilities": {"textDocument": {"publishDiagnostics": {"versionSupport": true}}}
        })
    }

    /// The URI of a file in the project.
    pub(crate) fn uri(&self, file: &str) -> String {
        format!("file://{}/{file}", self.project.root().display())
    }

    /// Opens a document with this text.
    pub(crate) fn open(&mut self, uri: &str, text: &str) -> Result<(), ClientError> {
        let language = if uri.ends_with(".rs") { "rust" } else { "python" };
        let item = json!({"uri": uri, "languageId": language, "version": 1, "text": text});
        self.client.notify("textDocument/didOpen", json!({"textDocument": item}))
    }

    /// Sends changes of a document.
    pub(crate) fn change(&mut self, uri: &str, version: i64, changes: Value) -> Result<(), ClientError> {
        let params = json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": changes});
        self.client.notify("textDocument/didChange", params)
    }

    /// A document as the server has it.
    pub(crate) fn text(&mut self, uri: &str) -> Result<String, ClientError> {
        let viewed = self.client.request("hephaestus/viewText", json!({"textDocument": {"uri": uri}}))?;
        Ok(viewed["text"].as_str().unwrap_or_default().to_owned())
    }

    /// Holds back the server's output (nobody reads it) until it is let through again.
    pub(crate) fn hold_output(&self, is_held: bool) {
        self.gate.set(is_held);
    }

    /// Waits until the server has ended by itself: its exit code (-1 for a signal) and how long that took.
    pub(crate) fn wait_for_end(&mut self) -> Result<(i32, Duration), String> {
        let since = Instant::now();
        match self.client.wait_for(|_| false, PATIENCE) {
            Err(ClientError::Closed) => {}
            other => return Err(format!("it goes on running: {other:?}")),
        }
        let status = self.child.wait().map_err(|error| error.to_string())?;
        Ok((status.code().unwrap_or(-1), since.elapsed()))
    }

    /// What the server said on its standard error.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.project.folder().join("stderr")).unwrap_or_default()
    }

    /// Ends the server as an editor does; it has to go well and to leave nothing behind.
    pub(crate) fn close(self) -> Result<(), String> {
        self.close_and_keep().map(drop)
    }

    /// The same; the project stays.
    pub(crate) fn close_and_keep(mut self) -> Result<Project, String> {
        self.client.shutdown().map_err(|error| format!("shutdown: {error}"))?;
        let (code, _) = self.wait_for_end()?;
        if code != 0 {
            return Err(format!("it ended with {code} after shutdown and exit"));
        }
        remains::assert_nothing_left(&self.project.mark(), &self.project.temp());
        Ok(std::mem::replace(&mut self.project, Project::empty()))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.gate.set(false);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether reading is held back.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn set(&self, is_held: bool) {
        *self.0.0.lock().unwrap() = is_held;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let held = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(held, |is_held| *is_held).unwrap());
    }
}

/// A stream that is read only while its gate is open.
struct Gated<R> {
    inner: R,
    gate: Gate,
}

impl<R: Read> Read for Gated<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.gate.wait();
        self.inner.read(buffer)
    }
}
