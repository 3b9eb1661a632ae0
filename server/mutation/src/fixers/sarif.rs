//! Reads SARIF 2.1.0 results with `fixes`, for linters that speak nothing else.

use super::translate::{patch_of, relative};
use hephaestus_core::{ByteRange, Edit, Finding, RelPath, Snapshot, ToolOutput};
use hephaestus_syntax::{Encoding, LineIndex, Position};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

#[derive(Deserialize)]
struct Log {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    #[serde(default)]
    results: Vec<Value>,
}

pub(super) fn read(output: &ToolOutput, snapshot: &Snapshot) -> Result<Vec<Finding>, String> {
    let log: Log = serde_json::from_str(&output.stdout).map_err(|error| error.to_string())?;
    let results = log.runs.into_iter().flat_map(|run| run.results);
    Ok(results.filter_map(|result| finding(&result, output, snapshot)).collect())
}

fn finding(result: &Value, output: &ToolOutput, snapshot: &Snapshot) -> Option<Finding> {
    let location = result.pointer("/locations/0/physicalLocation")?;
    let file = path_of(location.get("artifactLocation")?, output, snapshot)?;
    let range = region(location.get("region")?, &file, snapshot)?;
    let changes = result.pointer("/fixes/0/artifactChanges").and_then(Value::as_array);
    let edit = changes.and_then(|changes| {
        let mut edits = Vec::new();
        for change in changes {
            let path = path_of(change.get("artifactLocation")?, output, snapshot)?;
            for replacement in change.get("replacements")?.as_array()? {
                let range = region(replacement.get("deletedRegion")?, &path, snapshot)?;
                let text =
                    replacement.pointer("/insertedContent/text").and_then(Value::as_str).unwrap_or_default();
                edits.push((path.clone(), Edit::new(range, text)));
            }
        }
        patch_of(edits, snapshot)
    });
    Some(Finding {
        fixer: String::new(),
        code: result.get("ruleId")?.as_str()?.to_owned(),
        message: result.pointer("/message/text").and_then(Value::as_str).unwrap_or_default().to_owned(),
        file,
        range,
        edit,
        applicability: "fix".to_owned(),
        url: None,
    })
}

fn path_of(artifact: &Value, output: &ToolOutput, snapshot: &Snapshot) -> Option<RelPath> {
    let uri = artifact.get("uri")?.as_str()?;
    relative(uri.strip_prefix("file://").unwrap_or(uri), &output.root, snapshot)
}

/// Regions come as lines and columns (1-based, UTF-16 by default) or as character offsets; only the former are used in
/// practice. Without an end they reach to the end of the line.
fn region(region: &Value, file: &RelPath, snapshot: &Snapshot) -> Option<ByteRange> {
    let source = snapshot.file(file)?;
    let index = LineIndex::new(Arc::clone(&source.text));
    let number =
        |key: &str| region.get(key).and_then(Value::as_u64).and_then(|value| u32::try_from(value).ok());
    let line = number("startLine")?;
    let at = |line: u32, column: u32| {
        let position = Position { line: line.saturating_sub(1), character: column.saturating_sub(1) };
        index.offset(position, Encoding::Utf16)
    };
    let start = at(line, number("startColumn").unwrap_or(1));
    let end = at(number("endLine").unwrap_or(line), number("endColumn").unwrap_or(u32::MAX));
    Some(ByteRange::new(start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixers::translate::one_file;

    #[test]
    fn fixes_become_edits() {
        let text = "a = 1\nb = 2\n";
        let (path, snapshot) = one_file("a.py", "python", text);
        let json = r#"{"version":"2.1.0","runs":[{"results":[{"ruleId":"R1","message":{"text":"m"},
          "locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":2,"startColumn":1,"endColumn":2}}}],
          "fixes":[{"artifactChanges":[{"artifactLocation":{"uri":"file:///w/a.py"},"replacements":[{"deletedRegion":{"startLine":2,"startColumn":1,"endColumn":2},"insertedContent":{"text":"c"}}]}]}]}]}]}"#;
        let output = ToolOutput { stdout: json.into(), root: "/w".into(), ..ToolOutput::default() };
        let findings = read(&output, &snapshot).unwrap();
        let after = findings[0].edit.as_ref().unwrap().apply_to(&path, Some(text)).unwrap().unwrap();
        assert_eq!(after, "a = 1\nc = 2\n");
    }
}
