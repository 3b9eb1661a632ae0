//! Directives as live documents: what is wrong, what may be written, what it means, where it is, and what is known of each
//! line. All of it is the workspace's answer in the protocol's words.

use crate::client_facts::ClientFacts;
use crate::commands;
use crate::documents::{Documents, OpenDocument};
use crate::features::diagnostics::SOURCE;
use crate::folder::Folder;
use crate::locations;
use hephaestus_core::{ByteRange, RelPath};
use hephaestus_workspace::directive::{self, Definition, Line, LineState, Offered, Problem, Severity};
use hephaestus_workspace::{LineIndex, SeenDirective, directives_at};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use tower_lsp::ls_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, CodeLens, Command, CompletionItem,
    CompletionItemKind, CompletionResponse, CompletionTextEdit, Diagnostic, DiagnosticSeverity,
    DocumentChanges, Documentation, GotoDefinitionResponse, Hover, HoverContents, InlayHint, InlayHintLabel,
    Location, MarkupContent, MarkupKind, NumberOrString, OneOf, OptionalVersionedTextDocumentIdentifier,
    Position, Range, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

/// An open directive with everything that is known about its newest text.
#[derive(Clone, Copy)]
pub(crate) struct DirectiveView<'a> {
    pub(crate) facts: &'a ClientFacts,
    pub(crate) folder: Option<&'a Folder>,
    pub(crate) documents: &'a Documents,
    pub(crate) document: &'a OpenDocument,
    pub(crate) seen: &'a SeenDirective,
}

impl DirectiveView<'_> {
    fn range(&self, range: ByteRange) -> Range {
        range_of(&self.seen.text, range, self.facts)
    }

    fn offset(&self, position: Position) -> usize {
        self.seen.text.offset(locations::own_position(position), self.facts.encoding)
    }

    fn text(&self) -> &str {
        self.seen.text.text()
    }
}

fn range_of(text: &LineIndex, range: ByteRange, facts: &ClientFacts) -> Range {
    let (start, end) = text.positions(range, facts.encoding);
    locations::range(start, end)
}

/// What is wrong with an open directive.
pub(crate) fn diagnostics(view: &DirectiveView<'_>) -> Vec<Diagnostic> {
    of_file(view.seen, view.facts)
}

/// What is wrong with a directive, open or not.
pub(crate) fn of_file(seen: &SeenDirective, facts: &ClientFacts) -> Vec<Diagnostic> {
    seen.parsed.problems.iter().map(|problem| diagnostic(seen, problem, facts)).collect()
}

fn diagnostic(seen: &SeenDirective, problem: &Problem, facts: &ClientFacts) -> Diagnostic {
    let severity = match problem.severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Information => DiagnosticSeverity::INFORMATION,
    };
    Diagnostic {
        range: range_of(&seen.text, problem.range, facts),
        severity: Some(severity),
        code: Some(NumberOrString::String(format!("directive/{}", problem.code))),
        source: Some(SOURCE.to_owned()),
        message: problem.message.clone(),
        ..Diagnostic::default()
    }
}

/// What may be written at a position.
pub(crate) fn completion(view: &DirectiveView<'_>, position: Position) -> CompletionResponse {
    let (seen, offset) = (view.seen, view.offset(position));
    let directive = seen.parsed.directive.as_ref();
    let offered = directive::complete(view.text(), &seen.path, offset, directive, &seen.around);
    let items = offered.into_iter().enumerate().map(|(at, own)| CompletionItem {
        // Editors filter by what stands in the range that is replaced, quotes included.
        filter_text: Some(own.text.clone()),
        sort_text: Some(format!("{at:04}")),
        kind: Some(match own.sort {
            Offered::Table => CompletionItemKind::MODULE,
            Offered::Key => CompletionItemKind::PROPERTY,
            Offered::Word => CompletionItemKind::ENUM_MEMBER,
            Offered::File => CompletionItemKind::FILE,
            Offered::Symbol => CompletionItemKind::FUNCTION,
            Offered::Name => CompletionItemKind::REFERENCE,
        }),
        documentation: own.meaning.map(|value| Documentation::MarkupContent(markdown(value))),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit {
            range: view.range(own.range),
            new_text: own.text,
        })),
        label: own.label,
        ..CompletionItem::default()
    });
    CompletionResponse::Array(items.collect())
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}

/// What the key or word at a position means, and what is known of the line it stands in.
pub(crate) fn hover(view: &DirectiveView<'_>, position: Position) -> Option<Hover> {
    let offset = view.offset(position);
    let explained = directive::explain(view.text(), &view.seen.path, offset);
    let line = view.seen.parsed.directive.as_ref();
    let line = line.and_then(|directive| directive::line_at(view.text(), directive, offset));
    let known = line.and_then(|line| view.seen.lines.iter().find(|(own, _)| *own == line));
    let state = known.map(|(_, state)| in_words(state));
    let range = explained.as_ref().map(|(range, _)| view.range(*range));
    let parts: Vec<String> = explained.map(|(_, words)| words).into_iter().chain(state).collect();
    let contents = HoverContents::Markup(markdown(parts.join("\n\n---\n\n")));
    (!parts.is_empty()).then_some(Hover { contents, range })
}

/// A line's state in a sentence.
fn in_words(state: &LineState) -> String {
    match state {
        LineState::Proved { already: true, .. } => "Proved: it held before any change.".to_owned(),
        LineState::Proved { proof: Some(proof), .. } => format!("Proved; the proof is `{proof}`."),
        LineState::Proved { .. } => "Proved.".to_owned(),
        LineState::Failing { why } => format!("Failing: {why}"),
        LineState::Unproved { why: Some(why) } => format!("Unproved: {why}"),
        LineState::Unproved { why: None } => "Unproved: nothing was run for it yet.".to_owned(),
        LineState::Stale { since, held } => {
            let then = if *held { "it held" } else { "it did not hold" };
            format!("Stale: `{since}` has changed since; then {then}.")
        }
    }
}

/// The same in a few words.
fn in_short(state: &LineState) -> String {
    match state {
        LineState::Proved { already: true, .. } => "proved, before any change".to_owned(),
        LineState::Stale { since, .. } => format!("stale since {since} changed"),
        LineState::Failing { why } => format!("failing: {}", first_line(why)),
        LineState::Unproved { why: Some(why) } => format!("unproved: {}", first_line(why)),
        state => state.as_str().to_owned(),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Where what stands at a position is.
pub(crate) fn definition(view: &DirectiveView<'_>, position: Position) -> Option<GotoDefinitionResponse> {
    let root = &view.folder?.root;
    let (seen, offset) = (view.seen, view.offset(position));
    let directive = seen.parsed.directive.as_ref();
    let found = directive::definitions(view.text(), &seen.path, offset, directive, &seen.around);
    let places: Vec<Location> =
        found.into_iter().filter_map(|definition| location(view, root, definition)).collect();
    (!places.is_empty()).then_some(GotoDefinitionResponse::Array(places))
}

fn location(view: &DirectiveView<'_>, root: &Path, definition: Definition) -> Option<Location> {
    let (uri, range) = match definition {
        Definition::File(path) => (locations::uri_of(root, &path)?, Range::default()),
        Definition::Code(path, range) => {
            let text = LineIndex::new(text_of(view, root, &path)?);
            let start = ByteRange::new(range.start, range.start);
            (locations::uri_of(root, &path)?, range_of(&text, start, view.facts))
        }
        Definition::Name(path, name) => {
            let text = LineIndex::new(text_of(view, root, &path)?);
            let range = text.text().find(&name).map(|at| ByteRange::new(at, at + name.len()));
            let range = range.map(|range| range_of(&text, range, view.facts)).unwrap_or_default();
            (locations::uri_of(root, &path)?, range)
        }
        Definition::Directive(name) => {
            let named = |file: &std::path::PathBuf| {
                let path = file.strip_prefix(root).ok().and_then(|path| RelPath::new(path).ok());
                path.is_some_and(|path| directive::name_of(&path) == name)
            };
            (Uri::from_file_path(directives_at(root).into_iter().find(named)?)?, Range::default())
        }
    };
    Some(Location { uri, range })
}

/// A file's text: as the editor has it or, where it is not open, as it is on disk.
fn text_of(view: &DirectiveView<'_>, root: &Path, path: &RelPath) -> Option<String> {
    match view.documents.at(root, path) {
        Some(document) => Some(document.file.text()),
        None => std::fs::read_to_string(path.under(root)).ok(),
    }
}

/// Fixes of what is wrong in a range, and the command that forges it.
pub(crate) fn actions(
    view: &DirectiveView<'_>,
    range: Range,
    context: &CodeActionContext,
) -> Vec<CodeActionOrCommand> {
    let (start, end) = (view.offset(range.start), view.offset(range.end));
    let near = |problem: &&Problem| problem.range.start <= end && start <= problem.range.end;
    let fixes = view.seen.parsed.problems.iter().filter(near).filter_map(|problem| fix(view, problem));
    let run = run_command(view).map(|command| CodeAction {
        title: command.title.clone(),
        kind: Some(CodeActionKind::REFACTOR_REWRITE),
        command: Some(command),
        ..CodeAction::default()
    });
    let is_wanted = |action: &CodeAction| {
        let own = action.kind.as_ref().map_or("", CodeActionKind::as_str);
        context.only.as_ref().is_none_or(|kinds| kinds.iter().any(|kind| own.starts_with(kind.as_str())))
    };
    fixes.chain(run).filter(is_wanted).map(CodeActionOrCommand::CodeAction).collect()
}

/// What forges a directive; `None` where it cannot be run.
fn run_command(view: &DirectiveView<'_>) -> Option<Command> {
    view.folder.filter(|_| !view.seen.parsed.has_errors())?;
    view.seen.parsed.directive.as_ref()?;
    Some(Command {
        title: "Forge this directive".to_owned(),
        command: commands::RUN_DIRECTIVE.to_owned(),
        arguments: Some(vec![json!(view.document.uri.as_str())]),
    })
}

fn fix(view: &DirectiveView<'_>, problem: &Problem) -> Option<CodeAction> {
    let fix = problem.fix.as_ref()?;
    let edit = TextEdit { range: view.range(fix.edit.range), new_text: fix.edit.text.clone() };
    Some(CodeAction {
        title: fix.title.clone(),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic(view.seen, problem, view.facts)]),
        edit: Some(edit_of_document(view, edit)),
        is_preferred: Some(fix.title.starts_with("Change to ")),
        ..CodeAction::default()
    })
}

fn edit_of_document(view: &DirectiveView<'_>, edit: TextEdit) -> WorkspaceEdit {
    let uri = view.document.uri.clone();
    if !view.facts.versioned_edits {
        return WorkspaceEdit {
            changes: Some(HashMap::from([(uri, vec![edit])])),
            ..WorkspaceEdit::default()
        };
    }
    let version = Some(view.document.file.version());
    let text_document = OptionalVersionedTextDocumentIdentifier { uri, version };
    let change = TextDocumentEdit { text_document, edits: vec![OneOf::Left(edit)] };
    WorkspaceEdit { document_changes: Some(DocumentChanges::Edits(vec![change])), ..WorkspaceEdit::default() }
}

/// A line above the kind that forges it all, and one above each entry, with what is known of it.
pub(crate) fn lenses(view: &DirectiveView<'_>) -> Vec<CodeLens> {
    let is_wanted = view.folder.is_none_or(|folder| folder.config.editor.code_lens);
    let lens = |(line, state): &(Line, LineState)| {
        let at = view.range(line.range).start;
        // A command without a name is shown and does nothing.
        let command = Command { title: in_short(state), command: String::new(), arguments: None };
        CodeLens { range: Range { start: at, end: at }, command: Some(command), data: None }
    };
    let run = run_command(view).zip(view.seen.parsed.directive.as_ref()).map(|(command, directive)| {
        let at = view.range(directive.kind.range).start;
        CodeLens { range: Range { start: at, end: at }, command: Some(command), data: None }
    });
    run.into_iter().chain(view.seen.lines.iter().map(lens)).filter(|_| is_wanted).collect()
}

/// The state of each line in a range, behind its header.
pub(crate) fn inlay_hints(view: &DirectiveView<'_>, range: Range) -> Vec<InlayHint> {
    let (start, end) = (view.offset(range.start), view.offset(range.end));
    let near = |(line, _): &&(Line, LineState)| line.range.start <= end && start <= line.range.end;
    let hint = |(line, state): &(Line, LineState)| InlayHint {
        position: view.range(line.range).end,
        label: InlayHintLabel::String(state.as_str().to_owned()),
        kind: None,
        text_edits: None,
        tooltip: Some(tower_lsp::ls_types::InlayHintTooltip::String(in_words(state))),
        padding_left: Some(true),
        padding_right: None,
        data: None,
    };
    view.seen.lines.iter().filter(near).map(hint).collect()
}
