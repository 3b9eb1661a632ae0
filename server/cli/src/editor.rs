//! An editor in miniature: this very program started as a language server, and the client that speaks to it. For the
//! demo and the doctor. Starts nothing else; writes no file.

use crate::commands::helper;
use crate::failure::{Failure, Kind};
use hephaestus_lsp::client::{Answers, Client, ClientError, Message};
use hephaestus_workspace::{Encoding, LineIndex, Position};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server and its client.
pub(crate) struct Editor {
    pub(crate) client: Client,
    child: Child,
}

impl Editor {
    /// Starts the server for a folder whose tests may be run, or not, and shakes hands. Returns what it can do, too.
    pub(crate) fn start(root: &Path, is_trusted: bool, settings: &Value) -> Result<(Self, Value), Failure> {
        let program = helper()?.program;
        let mut child = Command::new(program)
            .args(["lsp", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let (Some(output), Some(input)) = (child.stdout.take(), child.stdin.take()) else {
            return Err(Failure::new(Kind::Internal, "the server has no streams"));
        };
        let mut editor = Self { client: Client::new(output, input, Answers::default()), child };
        let params = json!({
            "processId": std::process::id(),
            "clientInfo": {"name": "hephaestus", "version": env!("CARGO_PKG_VERSION")},
            "rootUri": uri(root),
            "capabilities": {
                "general": {"positionEncodings": ["utf-8"]},
                "workspace": {"workspaceEdit": {"documentChanges": true}},
                "textDocument": {"publishDiagnostics": {"versionSupport": true}}
            },
            "initializationOptions": {"trusted": is_trusted, "settings": settings}
        });
        let capabilities = editor.client.initialize(params)?;
        Ok((editor, capabilities))
    }

    /// Opens a document.
    pub(crate) fn open(&mut self, uri: &str, language: &str, text: &str) -> Result<(), Failure> {
        let document = json!({"uri": uri, "languageId": language, "version": 1, "text": text});
        Ok(self.client.notify("textDocument/didOpen", json!({"textDocument": document}))?)
    }

    /// Waits for a document's diagnostics.
    pub(crate) fn diagnostics(&mut self, uri: &str, patience: Duration) -> Result<Vec<Value>, Failure> {
        let is_it = |message: &Message| {
            message.method() == "textDocument/publishDiagnostics"
                && message.params().get("uri").and_then(Value::as_str) == Some(uri)
        };
        let found = self.client.wait_for(is_it, patience)?;
        Ok(list(found.params().get("diagnostics")))
    }

    /// Takes leave; how the server ended.
    pub(crate) fn close(mut self) -> Result<Option<i32>, Failure> {
        self.client.shutdown()?;
        Ok(self.child.wait()?.code())
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // Ended already where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::new(Kind::Internal, format!("the language server: {error}"))
            .hint("Its log is hephaestus/lsp.log in your state folder.")
    }
}

/// The URI of a file or folder.
pub(crate) fn uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// A JSON list, or nothing.
pub(crate) fn list(value: Option<&Value>) -> Vec<Value> {
    value.and_then(Value::as_array).cloned().unwrap_or_default()
}

/// A document's text with the edits of a workspace edit, whose positions count bytes.
pub(crate) fn edited(text: &str, edit: &Value) -> String {
    let changes = list(edit.get("documentChanges"));
    let mut edits: Vec<Value> = changes.iter().flat_map(|change| list(change.get("edits"))).collect();
    let lines = LineIndex::new(text);
    let at = |edit: &Value, end: &str| {
        let number =
            |name| edit.pointer(&format!("/range/{end}/{name}")).and_then(Value::as_u64).unwrap_or(0);
        let position = Position {
            line: u32::try_from(number("line")).unwrap_or(u32::MAX),
            character: u32::try_from(number("character")).unwrap_or(u32::MAX),
        };
        lines.offset(position, Encoding::Utf8)
    };
    edits.sort_by_key(|edit| std::cmp::Reverse(at(edit, "start")));
    let mut edited = text.to_owned();
    for edit in &edits {
        let new = edit.get("newText").and_then(Value::as_str).unwrap_or_default();
        edited.replace_range(at(edit, "start")..at(edit, "end"), new);
    }
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_made_from_the_end() {
        let range = |line: u32, from: u32, to: u32| json!({"start": {"line": line, "character": from}, "end": {"line": line, "character": to}});
        let edits =
            json!([{"range": range(0, 0, 1), "newText": "AB"}, {"range": range(1, 1, 1), "newText": "!"}]);
        let edit = json!({"documentChanges": [{"edits": edits}]});
        assert_eq!(edited("a\nb\n", &edit), "AB\nb!\n");
    }

    #[test]
    fn paths_are_escaped() {
        assert_eq!(uri(Path::new("/a b/ß.py")), "file:///a%20b/%C3%9F.py");
    }
}
