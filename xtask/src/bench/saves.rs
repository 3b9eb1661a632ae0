//! From saving a file to the first proven improvement on the screen, in real packages with their own tests.
//!
//! Every save follows a small edit that was never made before, so that nothing remembered is the answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::client::Message;
use super::packages::{PACKAGES, Package, copy};
use super::server::{Server, Session, forget, published};
use super::table::Table;
use super::typing::percentile;

/// How long one save may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Measures `count` saves in every package.
pub(crate) fn measure(
    server: &Server,
    folder: &Path,
    cache: &Path,
    count: usize,
    table: &mut Table,
) -> anyhow::Result<()> {
    for package in PACKAGES {
        println!("bench: saves, {}", package.name);
        let outcome = package.fetch(cache).and_then(|source| {
            let project = folder.join(format!("save-{}", package.name));
            forget(&project)?;
            copy(&source, &project)?;
            seconds_of_saves(server, &project, package, count)
        });
        match outcome {
            Ok(mut seconds) => {
                println!("bench: saves, {}: {seconds:.2?} s", package.name);
                let first = seconds.first().copied().unwrap_or_default();
                let figure = "save to first proven improvement";
                let scenario = format!("save {}", package.name);
                table.note(&scenario, &format!("{figure}, first save"), "s", server.name, first);
                table.note(
                    &scenario,
                    &format!("{figure}, median"),
                    "s",
                    server.name,
                    percentile(&mut seconds, 50.0),
                );
            }
            Err(error) => println!("bench: saves, {}: {error:#}", package.name),
        }
    }
    Ok(())
}

fn seconds_of_saves(
    server: &Server,
    project: &Path,
    package: &Package,
    count: usize,
) -> anyhow::Result<Vec<f64>> {
    let mut session = Session::open_trusted(server, project)?;
    let path: PathBuf = project.join(package.file);
    let mut text = fs::read_to_string(&path).with_context(|| format!("`{}`", path.display()))?;
    let uri = session.uri(package.file);
    let item = json!({"uri": uri, "languageId": package.language, "version": 1, "text": text});
    session.client.notify("textDocument/didOpen", json!({"textDocument": item}))?;
    session.client.wait_for(|message| is_of(message, &uri, 1), PATIENCE)?;
    let mut seconds = Vec::new();
    for number in 0..count {
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
