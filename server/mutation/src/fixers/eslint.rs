//! Reads `eslint --format=json`: fixes, and suggestions where there is no fix. Offsets count UTF-16 units.

use super::translate::{patch_of, relative};
use hephaestus_core::{ByteRange, Edit, Finding, Snapshot, ToolOutput};
use hephaestus_syntax::{Encoding, LineIndex, Position};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    file_path: String,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    rule_id: Option<String>,
    message: String,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    fix: Option<Fix>,
    #[serde(default)]
    suggestions: Vec<Suggestion>,
}

#[derive(Deserialize, Clone)]
struct Fix {
    range: (usize, usize),
    text: String,
}

#[derive(Deserialize)]
struct Suggestion {
    fix: Fix,
}

pub(super) fn read(output: &ToolOutput, snapshot: &Snapshot) -> Result<Vec<Finding>, String> {
    let files: Vec<File> = serde_json::from_str(&output.stdout).map_err(|error| error.to_string())?;
    let mut findings = Vec::new();
    for file in files {
        let Some(path) = relative(&file.file_path, &output.root, snapshot) else { continue };
        let Some(source) = snapshot.file(&path) else { continue };
        let index = LineIndex::new(Arc::clone(&source.text));
        for message in file.messages {
            let Some(code) = message.rule_id.clone() else { continue };
            let suggested = message.suggestions.first().map(|suggestion| suggestion.fix.clone());
            let applicability = if message.fix.is_some() { "fix" } else { "suggestion" };
            let edit = message.fix.clone().or(suggested).and_then(|fix| {
                let range = ByteRange::new(
                    from_utf16(&source.text, fix.range.0)?,
                    from_utf16(&source.text, fix.range.1)?,
                );
                patch_of(vec![(path.clone(), Edit::new(range, fix.text))], snapshot)
            });
            let at = |line: Option<u32>, column: Option<u32>| {
                let position = Position {
                    line: line.unwrap_or(1).saturating_sub(1),
                    character: column.unwrap_or(1).saturating_sub(1),
                };
                index.offset(position, Encoding::Utf16)
            };
            let start = at(message.line, message.column);
            let end =
                if message.end_line.is_some() { at(message.end_line, message.end_column) } else { start };
            findings.push(Finding {
                fixer: String::new(),
                code,
                message: message.message,
                file: path.clone(),
                range: ByteRange::new(start, end),
                edit,
                applicability: applicability.to_owned(),
                url: None,
            });
        }
    }
    Ok(findings)
}

/// The byte offset of the `units`-th UTF-16 unit. A leading byte order mark is not counted by eslint.
fn from_utf16(text: &str, units: usize) -> Option<usize> {
    let (skip, text) = text.strip_prefix('\u{feff}').map_or((0, text), |rest| (3, rest));
    let mut seen = 0;
    for (at, c) in text.char_indices() {
        if seen >= units {
            return Some(skip + at);
        }
        seen += c.len_utf16();
    }
    (seen >= units).then_some(skip + text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixers::translate::one_file;

    #[test]
    fn fixes_and_suggestions_become_edits() {
        let text = "var s = '😀'; if (a == b) {}\n";
        let (path, snapshot) = one_file("a.js", "javascript", text);
        let json = r#"[{"filePath":"/w/a.js","messages":[
            {"ruleId":"eqeqeq","message":"Expected '==='","line":1,"column":21,"endLine":1,"endColumn":23,"suggestions":[{"desc":"d","fix":{"range":[20,22],"text":"==="}}]},
            {"ruleId":"no-var","message":"m","line":1,"column":1,"fix":{"range":[0,3],"text":"let"}},
            {"ruleId":null,"message":"parse error","line":1,"column":1}]}]"#;
        let output = ToolOutput { stdout: json.into(), root: "/w".into(), ..ToolOutput::default() };
        let findings = read(&output, &snapshot).unwrap();
        let after =
            |nth: usize| findings[nth].edit.as_ref().unwrap().apply_to(&path, Some(text)).unwrap().unwrap();
        assert_eq!(findings.len(), 2);
        assert_eq!(after(0), "var s = '😀'; if (a === b) {}\n");
        assert_eq!(after(1), "let s = '😀'; if (a == b) {}\n");
    }
}
