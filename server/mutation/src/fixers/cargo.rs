//! Reads rustc's JSON messages, as `cargo clippy --message-format=json` passes them on.
//!
//! Every suggestion counts, whatever its applicability: the tests decide. Suggestions with placeholders cannot be
//! applied by anybody and are left out.

use super::translate::{patch_of, relative};
use hephaestus_core::{ByteRange, Edit, Finding, RelPath, Snapshot, ToolOutput};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    reason: String,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    message: String,
    code: Option<Code>,
    level: String,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Message>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
    suggested_replacement: Option<String>,
    suggestion_applicability: Option<String>,
    expansion: Option<serde_json::Value>,
}

pub(super) fn read(output: &ToolOutput, snapshot: &Snapshot) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    let mut finished = false;
    for line in output.stdout.lines().filter(|line| line.starts_with('{')) {
        let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
        finished |= line.reason == "build-finished";
        let Some(message) = line.message.filter(|_| line.reason == "compiler-message") else { continue };
        findings.extend(finding(&message, output, snapshot));
    }
    if finished { Ok(findings) } else { Err("cargo did not come to its end".to_owned()) }
}

fn finding(message: &Message, output: &ToolOutput, snapshot: &Snapshot) -> Option<Finding> {
    let code = message.code.as_ref()?.code.clone();
    if message.level == "error" && !code.starts_with("clippy::") {
        return None;
    }
    let primary = message.spans.iter().find(|span| span.is_primary)?;
    let file = relative(&primary.file_name, &output.root, snapshot)?;
    let suggestion =
        std::iter::once(message).chain(&message.children).find_map(|part| suggestion(part, output, snapshot));
    let (edit, applicability) = suggestion.map_or((None, String::new()), |(edit, word)| (Some(edit), word));
    Some(Finding {
        fixer: String::new(),
        message: message.message.clone(),
        range: ByteRange::new(primary.byte_start, primary.byte_end),
        edit,
        applicability,
        url: None,
        code: code.strip_prefix("clippy::").map_or(code.clone(), str::to_owned),
        file,
    })
}

/// All replacements of one message together are one suggestion.
fn suggestion(
    message: &Message,
    output: &ToolOutput,
    snapshot: &Snapshot,
) -> Option<(hephaestus_core::Patch, String)> {
    let mut edits: Vec<(RelPath, Edit)> = Vec::new();
    let mut word = String::new();
    for span in &message.spans {
        let Some(text) = &span.suggested_replacement else { continue };
        let applicability = span.suggestion_applicability.clone().unwrap_or_default();
        if applicability == "HasPlaceholders" || span.expansion.is_some() {
            return None;
        }
        word = dashed(&applicability);
        let file = relative(&span.file_name, &output.root, snapshot)?;
        edits.push((file, Edit::new(span.byte_start..span.byte_end, text.as_str())));
    }
    if edits.is_empty() { None } else { Some((patch_of(edits, snapshot)?, word)) }
}

/// `MaybeIncorrect` → `maybe-incorrect`.
fn dashed(word: &str) -> String {
    let mut text = String::new();
    for c in word.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixers::translate::one_file;

    #[test]
    fn suggestions_of_any_applicability_become_edits() {
        let text = "fn f(x: Vec<u8>) -> bool { x.len() == 0 }\n";
        let (path, snapshot) = one_file("src/lib.rs", "rust", text);
        let line = r#"{"reason":"compiler-message","message":{"message":"length comparison to zero","code":{"code":"clippy::len_zero"},"level":"warning",
          "spans":[{"file_name":"src/lib.rs","byte_start":27,"byte_end":39,"is_primary":true,"suggested_replacement":null,"suggestion_applicability":null,"expansion":null}],
          "children":[{"message":"try","code":null,"level":"help","spans":[{"file_name":"src/lib.rs","byte_start":27,"byte_end":39,"is_primary":true,"suggested_replacement":"x.is_empty()","suggestion_applicability":"MaybeIncorrect","expansion":null}],"children":[]}]}}"#;
        let stdout =
            format!("{}\n{}\n", line.replace('\n', " "), r#"{"reason":"build-finished","success":true}"#);
        let output = ToolOutput { stdout, root: "/w".into(), ..ToolOutput::default() };
        let findings = read(&output, &snapshot).unwrap();
        assert_eq!(
            (findings[0].code.as_str(), findings[0].applicability.as_str()),
            ("len_zero", "maybe-incorrect")
        );
        let after = findings[0].edit.as_ref().unwrap().apply_to(&path, Some(text)).unwrap().unwrap();
        assert!(after.contains("{ x.is_empty() }"));
    }

    #[test]
    fn a_build_that_broke_off_is_an_error() {
        assert!(read(&ToolOutput::default(), &Snapshot::default()).is_err());
    }
}
