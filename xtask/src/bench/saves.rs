//! From saving a file to the first proven improvement on the screen, in real packages with their own tests.
//!
//! Every save follows a small edit that was never made before, so that nothing remembered is the answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::client::Message;
use super::packages::{Package, copy};
use super::server::{Server, Session, forget, published};
use super::table::Table;
use super::typing::percentile;

/// How often a file is saved.
const SAVES: usize = 5;

/// How long one save may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Measures the saves in one package, copied to `project`.
pub(crate) fn measure(
    server: &Server,
    project: &Path,
    cache: &Path,
    package: &Package,
    table: &mut Table,
) -> anyhow::Result<()> {
    let scenario = format!("save {}", package.name);
    println!("bench: {scenario}");
    let source = package.fetch(cache)?;
    forget(project)?;
    copy(&source, project)?;
    let mut seconds = seconds_of_saves(server, project, package)?;
    println!("bench: {scenario}: {seconds:.1?} s");
    let first = seconds.first().copied().unwrap_or_default();
    table.note(&scenario, "to first proven improvement, first save", "s", server.name, first);
    let median = percentile(&mut seconds, 50.0);
    table.note(&scenario, "to first proven improvement, median of 5", "s", server.name, median);
    Ok(())
}

fn seconds_of_saves(server: &Server, project: &Path, package: &Package) -> anyhow::Result<Vec<f64>> {
    let mut session = Session::open_trusted(server, project)?;
    let path: PathBuf = project.join(package.file);
    let mut text = fs::read_to_string(&path).with_context(|| format!("`{}`", path.display()))?;
    let uri = session.uri(package.file);
    let item = json!({"uri": uri, "languageId": package.language, "version": 1, "text": text});
    session.client.notify("textDocument/didOpen", json!({"textDocument": item}))?;
    session.client.wait_for(|message| is_of(message, &uri, 1), PATIENCE)?;
    let mut seconds = Vec::new();
    for number in 0..SAVES {
        let version = i64::try_from(number)? + 2;
        let line =
            text.lines().position(|line| line.starts_with(package.before)).context("no place to edit")?;
        let added = package.added.replace("NUMBER", &number.to_string());
        let offset: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        text.insert_str(offset, &added);
        let at = json!({"line": line, "character": 0});
        let change = json!({"range": {"start": at, "end": at}, "text": added});
        let document = json!({"uri": uri, "version": version});
        let params = json!({"textDocument": document, "contentChanges": [change]});
        session.client.notify("textDocument/didChange", params)?;
        let shown = session.client.wait_for(|message| is_of(message, &uri, version), PATIENCE)?;
        anyhow::ensure!(!has_proof(&shown), "something counts as proven of a text that was never tested");
        fs::write(&path, &text)?;
        session.client.take_messages();
        let saved = Instant::now();
        session.client.notify("textDocument/didSave", json!({"textDocument": {"uri": uri}}))?;
        let proven = |message: &Message| is_of(message, &uri, version) && has_proof(message);
        let message = session.client.wait_for(proven, PATIENCE).context("nothing was proven")?;
        seconds.push(message.at.duration_since(saved).as_secs_f64());
    }
    session.close()?;
    Ok(seconds)
}

fn is_of(message: &Message, uri: &str, version: i64) -> bool {
    published(message, uri).is_some_and(|found| found.is_none_or(|found| found >= version))
}

fn has_proof(message: &Message) -> bool {
    let diagnostics = message.params().get("diagnostics").and_then(Value::as_array);
    diagnostics.into_iter().flatten().any(|diagnostic| {
        let text = diagnostic.get("message").and_then(Value::as_str).unwrap_or_default();
        text.contains("(proven improvement")
    })
}
