//! `hephaestus doctor`.

use crate::args::{Common, Doctor};
use crate::commands::{cancel_on_interrupt, helper};
use crate::editor::{Editor, list};
use crate::failure::{Failure, Kind};
use crate::terminal::{self, BAD, FAINT, GOOD, ODD, STRONG};
use hephaestus_core::SandboxSettings;
use hephaestus_workspace::{Check, CheckState, Diagnosis, OpenOptions, Workspace, WorkspaceError};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A text with one goal in it.
const PROBE: &str = "def f(x):\n    if x > 1:\n        return True\n    else:\n        return False\n";

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run(common: &Common, own: &Doctor) -> Result<ExitCode, Failure> {
    let cancel = cancel_on_interrupt();
    let mut diagnosis = match Workspace::open(&common.root, &OpenOptions::default(), &cancel) {
        Ok(workspace) => {
            let mut diagnosis = workspace.doctor(&helper()?, &cancel);
            diagnosis.checks.extend(own.llm.then(|| workspace.check_models(&cancel)));
            diagnosis
        }
        // Outside a project there is still a machine to look at.
        Err(WorkspaceError::NoSources(_)) => Diagnosis::of_machine(&helper()?, &SandboxSettings::default()),
        Err(error) => return Err(error.into()),
    };
    if own.lsp {
        diagnosis.checks.extend(server_checks(&common.root));
    }
    let text = if own.json {
        format!("{}\n", serde_json::to_string_pretty(&diagnosis.checks)?)
    } else {
        lines(&diagnosis.checks)
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The steps an editor takes first, each a check; the first that fails is the last.
fn server_checks(root: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Err(failure) = speak(root, &mut checks) {
        checks.push(Check {
            name: "language server".to_owned(),
            state: CheckState::Broken,
            detail: failure.message,
            mend: failure.hint,
        });
    }
    checks
}

fn speak(root: &Path, checks: &mut Vec<Check>) -> Result<(), Failure> {
    let mut works = |what: &str, detail: String| {
        let name = format!("language server: {what}");
        checks.push(Check { name, state: CheckState::Works, detail, mend: None });
    };
    let root = std::fs::canonicalize(root)?;
    let since = Instant::now();
    // Nothing is run: this is about the server, not the project.
    let (mut editor, answer) = Editor::start(&root, false, &json!({}))?;
    let version = answer.pointer("/serverInfo/version").and_then(Value::as_str).unwrap_or("?");
    let encoding = answer.pointer("/capabilities/positionEncoding").and_then(Value::as_str).unwrap_or("?");
    let took = since.elapsed().as_millis();
    works("start", format!("version {version} answered after {took} ms, positions in {encoding}"));
    let since = Instant::now();
    let uri = "untitled:doctor.py";
    editor.open(uri, "python", PROBE)?;
    let goals = editor.diagnostics(uri, PATIENCE)?.len();
    if goals == 0 {
        return Err(Failure::new(Kind::Internal, "no goal was found in a text that has one"));
    }
    works("diagnostics", format!("{goals} after {} ms", since.elapsed().as_millis()));
    let at = json!({"line": 1, "character": 4});
    let range = json!({"start": at, "end": at});
    let params = json!({"textDocument": {"uri": uri}, "range": range, "context": {"diagnostics": []}});
    let actions = editor.client.request("textDocument/codeAction", params)?;
    works("code actions", format!("{} for the first goal", list(Some(&actions)).len()));
    match editor.close()? {
        Some(0) => works("end", "it ended as it should".to_owned()),
        code => return Err(Failure::new(Kind::Internal, format!("it ended with {code:?}"))),
    }
    Ok(())
}

/// Checks as text, one line each and how to mend what can be mended.
pub(crate) fn lines(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let state = match check.state {
            CheckState::Works => format!("{GOOD}works{GOOD:#}   "),
            CheckState::Degraded => format!("{ODD}degraded{ODD:#}"),
            CheckState::Absent => format!("{FAINT}absent{FAINT:#}  "),
            CheckState::Broken => format!("{BAD}broken{BAD:#}  "),
        };
        text.push_str(&format!("{state}  {STRONG}{}{STRONG:#}: {}\n", check.name, check.detail));
        if let Some(mend) = &check.mend {
            text.push_str(&format!("          {FAINT}{mend}{FAINT:#}\n"));
        }
    }
    text
}
