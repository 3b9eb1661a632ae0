//! What an editor with one document open does: it keeps the text, applies edits, and waits for what the server says.

use serde_json::{Value, json};

use crate::project::Project;
use crate::session::{PATIENCE, Session};

/// A session with one document open in it.
pub(crate) struct Editor {
    pub(crate) session: Session,
    pub(crate) uri: String,
    pub(crate) text: String,
    pub(crate) version: i64,
    /// The diagnostics sent last.
    pub(crate) diagnostics: Vec<Value>,
}

/// Options of a trusted workspace. Tests do not wait for whatever else the machine does.
pub(crate) fn trusted(trusted: Option<bool>) -> Value {
    json!({"trusted": trusted, "settings": {"editor": {"background": false}}})
}

/// Everything a modern editor can do but pull diagnostics.
pub(crate) fn capabilities() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-16"]},
        "window": {"workDoneProgress": true},
        "workspace": {
            "applyEdit": true,
            "workspaceEdit": {
                "documentChanges": true,
                "resourceOperations": ["create", "rename", "delete"],
                "changeAnnotationSupport": {}
            }
        },
        "textDocument": {
            "publishDiagnostics": {"versionSupport": true, "relatedInformation": true},
            "codeAction": {
                "dataSupport": true,
                "disabledSupport": true,
                "honorsChangeAnnotations": true,
                "resolveSupport": {"properties": ["edit"]}
            }
        }
    })
}

impl Editor {
    /// Opens `file` of a trusted project.
    pub(crate) fn open(project: Project, file: &str) -> Self {
        Self::open_with(project, file, capabilities(), trusted(Some(true)))
    }

    /// The same, with other capabilities and options.
    pub(crate) fn open_with(project: Project, file: &str, capabilities: Value, options: Value) -> Self {
        let mut session = Session::start(project);
        let mut params = session.greeting();
        params["capabilities"] = capabilities;
        params["initializationOptions"] = options;
        session.client.initialize(params).unwrap();
        let uri = session.uri(file);
        let text = session.project.read(file);
        let mut editor = Self { session, uri, text, version: 1, diagnostics: Vec::new() };
        editor.session.open(&editor.uri.clone(), &editor.text.clone()).unwrap();
        editor
    }

    /// Waits until diagnostics of the document fit.
    pub(crate) fn wait_for_diagnostics(&mut self, what: &str, mut fits: impl FnMut(&[Value]) -> bool) {
        let (uri, version) = (self.uri.clone(), self.version);
        let found = self.session.client.wait_for(
            |message| {
                message.method() == "textDocument/publishDiagnostics"
                    && message.params()["uri"] == uri.as_str()
                    && message.params()["version"] == version
                    && fits(message.params()["diagnostics"].as_array().unwrap())
            },
            PATIENCE,
        );
        let found = found.unwrap_or_else(|error| panic!("{what}: {error}\n{}", self.said()));
        self.diagnostics = found.params()["diagnostics"].as_array().unwrap().clone();
    }

    /// Waits for a status.
    pub(crate) fn wait_for_state(&mut self, state: &str) -> Value {
        let found = self.session.client.wait_for(
            |message| message.method() == "hephaestus/status" && message.params()["state"] == state,
            PATIENCE,
        );
        found.unwrap_or_else(|error| panic!("{state}: {error}\n{}", self.said())).params().clone()
    }

    /// Waits for the end of the next run.
    pub(crate) fn wait_for_end(&mut self) {
        let is_end = |message: &hephaestus_lsp::client::Message| {
            message.method() == "$/progress" && message.params()["value"]["kind"] == "end"
        };
        let found = self.session.client.wait_for(is_end, PATIENCE);
        found.unwrap_or_else(|error| panic!("the end of a run: {error}\n{}", self.said()));
    }

    /// Writes the file and says so.
    pub(crate) fn save(&mut self) {
        let root = format!("file://{}/", self.session.project.root().display());
        let file = self.uri.strip_prefix(&root).unwrap().to_owned();
        self.session.project.write(&file, &self.text);
        let params = json!({"textDocument": {"uri": self.uri}});
        self.session.client.notify("textDocument/didSave", params).unwrap();
    }

    /// Whether the project's own tests pass with the text as it is now.
    pub(crate) fn tests_pass(&mut self) -> bool {
        self.save();
        let root = self.session.project.root();
        let mut command = std::process::Command::new("python3");
        let output = command.args(["-m", "unittest", "-q"]).current_dir(root).output().unwrap();
        output.status.success()
    }

    /// Replaces the whole text.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.version += 1;
        self.text = text.to_owned();
        self.session.change(&self.uri.clone(), self.version, json!([{"text": text}])).unwrap();
    }

    /// The code actions for a diagnostic, or of a kind for the whole document.
    pub(crate) fn actions(&mut self, diagnostic: Option<&Value>, only: Option<&str>) -> Vec<Value> {
        let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 9999, "character": 0}});
        let params = json!({
            "textDocument": {"uri": self.uri},
            "range": diagnostic.map_or(whole, |diagnostic| diagnostic["range"].clone()),
            "context": {
                "diagnostics": diagnostic.into_iter().collect::<Vec<_>>(),
                "only": only.map(|only| vec![only])
            }
        });
        self.request("textDocument/codeAction", params).as_array().cloned().unwrap_or_default()
    }

    /// Picks an action: resolves it and applies its edit.
    pub(crate) fn pick(&mut self, action: &Value) -> Value {
        let action = self.request("codeAction/resolve", action.clone());
        self.apply(&action["edit"]);
        action
    }

    /// Applies a workspace edit to the document, as an editor does.
    pub(crate) fn apply(&mut self, edit: &Value) {
        let changes = edit["documentChanges"].as_array().expect("versioned edits");
        let [change] = changes.as_slice() else { panic!("one document: {edit}") };
        assert_eq!(change["textDocument"]["uri"], self.uri.as_str());
        assert_eq!(change["textDocument"]["version"], self.version);
        let mut edits: Vec<_> = change["edits"].as_array().unwrap().iter().collect();
        edits.sort_by_key(|edit| std::cmp::Reverse(offset(&self.text, &edit["range"]["start"])));
        let mut text = self.text.clone();
        for edit in edits {
            let (start, end) = (offset(&text, &edit["range"]["start"]), offset(&text, &edit["range"]["end"]));
            text.replace_range(start..end, edit["newText"].as_str().unwrap());
        }
        self.type_text(&text);
    }

    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        self.session.client.request(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Executes a server command.
    pub(crate) fn execute(&mut self, command: &str, arguments: Value) -> Value {
        self.request("workspace/executeCommand", json!({"command": command, "arguments": arguments}))
    }

    /// What the server did so far.
    pub(crate) fn stats(&mut self) -> Value {
        self.request("hephaestus/stats", Value::Null)
    }

    /// What the server said that nobody waited for, and its log.
    fn said(&mut self) -> String {
        let messages = self.session.client.take_messages();
        let lines = messages.iter().map(|message| format!("{} {}\n", message.method(), message.params()));
        lines.chain([self.session.log()]).collect()
    }
}

/// The byte of a UTF-16 position.
fn offset(text: &str, position: &Value) -> usize {
    let line = position["line"].as_u64().unwrap();
    let mut start = 0;
    for _ in 0..line {
        start += text[start..].find('\n').map_or(text.len() - start, |at| at + 1);
    }
    let mut units = position["character"].as_u64().unwrap();
    for (at, letter) in text[start..].char_indices() {
        if units == 0 || letter == '\n' {
            return start + at;
        }
        units = units.saturating_sub(letter.len_utf16() as u64);
    }
    text.len()
}

/// Whether something is proven.
pub(crate) fn is_proven(diagnostic: &Value) -> bool {
    diagnostic["message"].as_str().unwrap().contains("proven improvement")
}

/// The diagnostics of a rule for which something is proven.
pub(crate) fn proven_by(diagnostics: &[Value], rule: &str) -> Vec<Value> {
    diagnostics.iter().filter(|own| is_proven(own) && own["code"] == rule).cloned().collect()
}

/// Diagnostics as pairs of severity and code.
pub(crate) fn codes(diagnostics: &[Value]) -> Vec<(i64, String)> {
    let code = |diagnostic: &Value| diagnostic["code"].as_str().unwrap_or_default().to_owned();
    diagnostics.iter().map(|own| (own["severity"].as_i64().unwrap(), code(own))).collect()
}
