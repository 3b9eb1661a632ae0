//! `hephaestus demo`: the whole cycle on a small bundled project, told step by step by an editor in miniature that speaks
//! to the real language server.

use crate::args::{Common, Demo};
use crate::editor::{self, Editor, list};
use crate::failure::{Failure, Kind};
use crate::terminal::{self, FAINT, GOOD, PLACE, STRONG};
use hephaestus_core::{Patch, RelPath};
use include_dir::{Dir, include_dir};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

static PROJECT: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/demo");

/// Its manifest travels under another name, so that cargo does not take it for one of ours.
const MANIFEST: &str = "Cargo_demo.toml";

/// The file that is opened.
const FILE: &str = "src/lib.rs";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a proven improvement's message says.
const PROVEN: &str = "proven improvement";

pub(crate) fn run(common: &Common, own: &Demo) -> Result<ExitCode, Failure> {
    let scratch = tempfile::tempdir()?;
    let folder = match &own.keep {
        Some(folder) => {
            fs::create_dir(folder)
                .map_err(|error| Failure::new(Kind::Usage, format!("{}: {error}", folder.display())))?;
            fs::canonicalize(folder)?
        }
        None => scratch.path().join("parcel"),
    };
    unpack(&folder)?;
    tell(common, 1, &format!("a small Rust project with three tests, in {}", folder.display()))?;
    let since = Instant::now();
    // The linter would take longer than everything else here.
    let settings = json!({"fixers": {"clippy": {"enabled": false}}, "editor": {"background": false}});
    let (mut editor, _) = Editor::start(&folder, true, &settings)?;
    let took = since.elapsed().as_millis();
    tell(common, 2, &format!("an editor starts `hephaestus lsp`, which is ready after {took} ms"))?;
    let uri = editor::uri(&folder.join(FILE));
    let text = fs::read_to_string(folder.join(FILE))?;
    editor.open(&uri, "rust", &text)?;
    let goals = editor.diagnostics(&uri, PATIENCE)?;
    tell(common, 3, &format!("{FILE} is opened; {} goals were found in it:{}", goals.len(), places(&goals)))?;
    prove(common, &mut editor, &uri)?;
    apply(common, &mut editor, &folder, &uri, &text)?;
    editor.close()?;
    tell(common, 7, "now yours: README.md says how to set up your editor; `hephaestus forge` needs none")?;
    Ok(ExitCode::SUCCESS)
}

fn unpack(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder.join("src"))?;
    for (from, to) in [(MANIFEST, "Cargo.toml"), (FILE, FILE)] {
        let file = PROJECT
            .get_file(from)
            .ok_or_else(|| Failure::new(Kind::Internal, format!("{from} is missing")))?;
        fs::write(folder.join(to), file.contents())?;
    }
    Ok(())
}

fn tell(common: &Common, step: u32, text: &str) -> Result<(), Failure> {
    if common.quiet { Ok(()) } else { terminal::print(&format!("{STRONG}{step}.{STRONG:#} {text}\n")) }
}

/// Diagnostics, a line each.
fn places(diagnostics: &[Value]) -> String {
    let line = |own: &Value| own.pointer("/range/start/line").and_then(Value::as_u64).unwrap_or(0) + 1;
    let text = |own: &Value| own.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    diagnostics.iter().map(|own| format!("\n   {PLACE}{FILE}:{}{PLACE:#} {}", line(own), text(own))).collect()
}

/// Saves, follows the forge to its end, and tells what is proven then.
fn prove(common: &Common, editor: &mut Editor, uri: &str) -> Result<(), Failure> {
    tell(common, 4, "the file is saved; candidates are tried in a sandbox against the project's own tests")?;
    editor.client.notify("textDocument/didSave", json!({"textDocument": {"uri": uri}}))?;
    let (mut told, mut has_begun) = (String::new(), false);
    loop {
        let status = editor.client.wait_for(|message| message.method() == "hephaestus/status", PATIENCE)?;
        let word = |name| status.params().get(name).and_then(Value::as_str).unwrap_or_default();
        match word("state") {
            "forging" if word("message") != told => {
                has_begun = true;
                told = word("message").to_owned();
                if !common.quiet {
                    anstream::eprintln!("   {FAINT}{told}{FAINT:#}");
                }
            }
            "error" => return Err(Failure::new(Kind::Missed, word("message"))),
            "idle" if has_begun => break,
            _ => {}
        }
    }
    let mut last = Vec::new();
    for message in editor.client.take_messages() {
        if message.method() == "textDocument/publishDiagnostics" {
            last = list(message.params().get("diagnostics"));
        }
    }
    last.retain(|own| own.get("message").and_then(Value::as_str).is_some_and(|text| text.contains(PROVEN)));
    if last.is_empty() {
        return Err(Failure::new(Kind::Missed, "nothing was proved")
            .hint("`hephaestus doctor` shows what does not work here."));
    }
    tell(common, 5, &format!("{} improvements were proved:{}", last.len(), places(&last)))
}

/// Asks for everything proven at once and writes it, as an editor does on save.
fn apply(common: &Common, editor: &mut Editor, folder: &Path, uri: &str, text: &str) -> Result<(), Failure> {
    let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}});
    let context = json!({"diagnostics": [], "only": ["source.fixAll"]});
    let params = json!({"textDocument": {"uri": uri}, "range": whole, "context": context});
    let actions = editor.client.request("textDocument/codeAction", params)?;
    let actions = list(Some(&actions));
    let action =
        actions.first().and_then(|action| Some((action.get("title")?.as_str()?, action.get("edit")?)));
    let Some((title, edit)) = action else {
        return Err(Failure::new(Kind::Missed, "what was proved alone did not hold together"));
    };
    let new = editor::edited(text, edit);
    let path = RelPath::new(FILE).map_err(|error| Failure::new(Kind::Internal, error.to_string()))?;
    let diff = Patch::between(path, text, &new).to_unified(|_| Some(text)).unwrap_or_default();
    terminal::print(&terminal::coloured(&diff, "   "))?;
    fs::write(folder.join(FILE), &new)?;
    let changes = json!([{"text": new}]);
    let document = json!({"uri": uri, "version": 2});
    editor
        .client
        .notify("textDocument/didChange", json!({"textDocument": document, "contentChanges": changes}))?;
    let left = editor.diagnostics(uri, PATIENCE)?.len();
    tell(
        common,
        6,
        &format!(
            "\"{title}\": all of them together passed once more and were written to {}; \
             {GOOD}{left} goals are left{GOOD:#}",
            folder.join(FILE).display()
        ),
    )
}
