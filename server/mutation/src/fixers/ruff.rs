//! Reads `ruff check --output-format=json`.

use super::translate::{patch_of, relative};
use hephaestus_core::{ByteRange, Edit, Finding, Snapshot, ToolOutput};
use hephaestus_syntax::{Encoding, LineIndex, Position};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
struct Diagnostic {
    code: Option<String>,
    message: String,
    filename: String,
    location: Location,
    end_location: Location,
    fix: Option<Fix>,
    url: Option<String>,
}

/// 1-based row and column; columns count characters.
#[derive(Deserialize, Clone, Copy)]
struct Location {
    row: u32,
    column: u32,
}

#[derive(Deserialize)]
struct Fix {
    applicability: Option<String>,
    edits: Vec<FixEdit>,
}

#[derive(Deserialize)]
struct FixEdit {
    content: Option<String>,
    location: Location,
    end_location: Location,
}

pub(super) fn read(output: &ToolOutput, snapshot: &Snapshot) -> Result<Vec<Finding>, String> {
    let diagnostics: Vec<Diagnostic> =
        serde_json::from_str(&output.stdout).map_err(|error| error.to_string())?;
    Ok(diagnostics.into_iter().filter_map(|diagnostic| finding(diagnostic, output, snapshot)).collect())
}

fn finding(diagnostic: Diagnostic, output: &ToolOutput, snapshot: &Snapshot) -> Option<Finding> {
    let file = relative(&diagnostic.filename, &output.root, snapshot)?;
    let source = snapshot.file(&file)?;
    let index = LineIndex::new(Arc::clone(&source.text));
    let range = |from: Location, to: Location| ByteRange::new(offset(&index, from), offset(&index, to));
    let edit = diagnostic.fix.as_ref().and_then(|fix| {
        let edits = fix.edits.iter().map(|edit| {
            let text = edit.content.clone().unwrap_or_default();
            (file.clone(), Edit::new(range(edit.location, edit.end_location), text))
        });
        patch_of(edits.collect(), snapshot)
    });
    let applicability =
        diagnostic.fix.and_then(|fix| fix.applicability).unwrap_or_default().to_ascii_lowercase();
    Some(Finding {
        fixer: String::new(),
        code: diagnostic.code.unwrap_or_else(|| "syntax-error".to_owned()),
        message: diagnostic.message,
        range: range(diagnostic.location, diagnostic.end_location),
        edit,
        applicability,
        url: diagnostic.url,
        file,
    })
}

fn offset(index: &LineIndex, location: Location) -> usize {
    let position =
        Position { line: location.row.saturating_sub(1), character: location.column.saturating_sub(1) };
    index.offset(position, Encoding::Utf32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixers::translate::one_file;

    #[test]
    fn columns_count_characters_and_foreign_files_are_left_out() {
        let text = "s = 'é😀'; x = set([1])\n";
        let (path, snapshot) = one_file("a.py", "python", text);
        let json = r#"[{"code":"C405","message":"m","filename":"/w/a.py","location":{"row":1,"column":15},"end_location":{"row":1,"column":23},"url":null,
            "fix":{"applicability":"unsafe","message":"","edits":[{"content":"{1}","location":{"row":1,"column":15},"end_location":{"row":1,"column":23}}]}},
            {"code":"E1","message":"m","filename":"/other/b.py","location":{"row":1,"column":1},"end_location":{"row":1,"column":1},"fix":null,"url":null}]"#;
        let output = ToolOutput { stdout: json.into(), root: "/w".into(), ..ToolOutput::default() };
        let findings = read(&output, &snapshot).unwrap();
        assert_eq!(findings.len(), 1);
        let after = findings[0].edit.as_ref().unwrap().apply_to(&path, Some(text)).unwrap().unwrap();
        assert_eq!(after, "s = 'é😀'; x = {1}\n");
        assert_eq!(findings[0].applicability, "unsafe");
    }

    #[test]
    fn rubbish_is_an_error() {
        let output = ToolOutput { stdout: "ruff failed".into(), ..ToolOutput::default() };
        assert!(read(&output, &Snapshot::default()).is_err());
    }
}
