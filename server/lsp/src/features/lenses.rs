//! Code lenses: a line above each function that has something to say: its complexity, goals in it, improvements ready.

use super::View;
use crate::commands;
use serde_json::json;
use tower_lsp::ls_types::{CodeLens, Command, Range};

/// The lenses of a document.
pub(crate) fn lenses(view: &View<'_>) -> Vec<CodeLens> {
    let Some(folder) = view.folder.filter(|folder| folder.config.editor.code_lens) else { return Vec::new() };
    let limit = folder.config.goals.cognitive_limit;
    let spots = view.spots();
    let functions = view.analysed.functions.iter().filter_map(|function| {
        // A goal belongs to the innermost function around it.
        let is_inner = |range| {
            function.range.contains(range)
                && !view.analysed.functions.iter().any(|other| {
                    other.range != function.range
                        && function.range.contains(other.range)
                        && other.range.contains(range)
                })
        };
        let inside: Vec<_> = spots.iter().filter(|spot| is_inner(spot.range)).collect();
        let proven: Vec<_> = inside.iter().filter(|spot| spot.patch.is_some()).collect();
        if inside.is_empty() && function.cognitive <= limit {
            return None;
        }
        let mut parts = vec![format!("cognitive {}", function.cognitive)];
        if function.cognitive > limit {
            parts.push(format!("limit {limit}"));
        }
        let open = inside.len() - proven.len();
        if open > 0 {
            parts.push(counted(open, "goal"));
        }
        if !proven.is_empty() {
            parts.push(format!("{} proven", counted(proven.len(), "improvement")));
        }
        let at = view.range(function.range).start;
        let uri = view.document.uri.as_str();
        let command = match proven.first() {
            Some(spot) => Command {
                title: parts.join(" · "),
                command: commands::SHOW_EVIDENCE.to_owned(),
                arguments: Some(vec![json!(uri), json!(spot.goal.id.0)]),
            },
            None => Command {
                title: parts.join(" · "),
                command: commands::FORGE_FILE.to_owned(),
                arguments: Some(vec![json!(uri)]),
            },
        };
        Some(CodeLens { range: Range { start: at, end: at }, command: Some(command), data: None })
    });
    functions.collect()
}

fn counted(count: usize, noun: &str) -> String {
    super::evidence::counted(u32::try_from(count).unwrap_or(u32::MAX), noun)
}
