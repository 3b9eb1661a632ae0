//! The language servers that are compared: how each is started, and one running in a folder.
//!
//! Every server gets the same client: pushed diagnostics, UTF-16 positions, no optional capability that only one of
//! them would use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::client::{Answers, Client, Message};
use super::process::Process;

/// A program that serves the protocol on its standard streams.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// What the table calls it.
    pub(crate) name: &'static str,
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: &'static [&'static str],
    /// The virtual environment it finds test runners in.
    pub(crate) environment: PathBuf,
    /// Whether it looks at Rust too.
    pub(crate) knows_rust: bool,
}

/// A server that has been started in a folder.
pub(crate) struct Session {
    /// Its process.
    pub(crate) process: Process,
    /// The client that speaks to it.
    pub(crate) client: Client,
    /// When it was started.
    pub(crate) started: Instant,
    folder: PathBuf,
    is_incremental: bool,
    is_trusted: bool,
}

impl Session {
    /// Starts a server without a word to it.
    pub(crate) fn start(server: &Server, folder: &Path) -> anyhow::Result<Self> {
        let folder = std::path::absolute(folder)?;
        let log = folder.with_extension(format!("{}.log", server.name));
        let mut command = Command::new(&server.program);
        command.args(server.arguments).current_dir(&folder);
        command.env("VIRTUAL_ENV", &server.environment);
        // Nothing remembered from elsewhere, nothing left behind.
        for name in ["XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, state(&folder));
        }
        let started = Instant::now();
        let (process, stdout, stdin) = Process::start(&mut command, &log)?;
        let client = Client::new(stdout, stdin, Answers::default());
        Ok(Self { process, client, started, folder, is_incremental: true, is_trusted: false })
    }

    /// Starts a server and shakes hands.
    pub(crate) fn open(server: &Server, folder: &Path) -> anyhow::Result<Self> {
        let mut session = Self::start(server, folder)?;
        session.initialize().with_context(|| format!("{} does not start", server.name))?;
        Ok(session)
    }

    /// Starts our server as one that may run the project's tests.
    pub(crate) fn open_trusted(server: &Server, folder: &Path) -> anyhow::Result<Self> {
        let mut session = Self::start(server, folder)?;
        session.is_trusted = true;
        session.initialize()?;
        Ok(session)
    }

    /// Shakes hands; how long the answer to `initialize` took from its sending.
    pub(crate) fn initialize(&mut self) -> anyhow::Result<Duration> {
        let params = self.initialize_params();
        let sent = Instant::now();
        let id = self.client.start_request("initialize", params)?;
        let answer = self.client.response_message(id, Duration::from_secs(30))?;
        self.client.notify("initialized", json!({}))?;
        let sync =
            answer.value.pointer("/result/capabilities/textDocumentSync").context("no sync is offered")?;
        let kind = sync.as_i64().or_else(|| sync.get("change").and_then(Value::as_i64));
        self.is_incremental = kind == Some(2);
        Ok(answer.at.duration_since(sent))
    }

    fn initialize_params(&self) -> Value {
        let uri = uri(&self.folder);
        json!({
            "processId": std::process::id(),
            "rootUri": uri,
            "workspaceFolders": [{"uri": uri, "name": "bench"}],
            "initializationOptions": if self.is_trusted { json!({"trusted": true}) } else { Value::Null },
            "capabilities": {
                "general": {"positionEncodings": ["utf-16"]},
                "textDocument": {
                    "synchronization": {"didSave": true},
                    "publishDiagnostics": {"versionSupport": true, "relatedInformation": true}
                },
                "workspace": {"configuration": true, "workspaceFolders": true},
                "window": {"workDoneProgress": true}
            }
        })
    }

    /// Whether the server takes changes of ranges.
    pub(crate) fn is_incremental(&self) -> bool {
        self.is_incremental
    }

    /// The URI of a file in the session's folder.
    pub(crate) fn uri(&self, file: &str) -> String {
        uri(&self.folder.join(file))
    }

    /// A request whose answer is waited for, however long it takes.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.client.request(method, params).with_context(|| format!("`{method}`"))
    }

    /// Ends the server as the protocol wants it.
    pub(crate) fn close(mut self) -> anyhow::Result<()> {
        self.client.shutdown().context("the server does not shut down")
    }
}

/// Makes room for a fresh project: nothing lies there, and no server remembers it.
pub(crate) fn forget(folder: &Path) -> anyhow::Result<()> {
    for place in [folder, &state(folder)] {
        if place.exists() {
            fs::remove_dir_all(place).with_context(|| format!("`{}`", place.display()))?;
        }
    }
    Ok(())
}

/// Where servers remember what they know of a folder.
fn state(folder: &Path) -> PathBuf {
    folder.with_extension("state")
}

/// A file's URI: the bench's own paths hold nothing that needs escapes, which is checked.
fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// Whether a message publishes diagnostics of a document, and for which version.
pub(crate) fn published(message: &Message, uri: &str) -> Option<Option<i64>> {
    let params = message.params();
    let is_of_it = message.method() == "textDocument/publishDiagnostics"
        && params.get("uri").and_then(Value::as_str) == Some(uri);
    is_of_it.then(|| params.get("version").and_then(Value::as_i64))
}

/// Refuses folders whose URI would need escapes.
pub(crate) fn check_path(path: &Path) -> anyhow::Result<()> {
    let text = path.to_str().context("the folder's name is no text")?;
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c));
    ensure!(is_plain, "the bench runs in folders with plain names only, not in `{text}`");
    Ok(())
}
