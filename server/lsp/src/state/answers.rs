//! Answers to the editor's questions.

use super::State;
use super::telling::report;
use crate::event::{Ask, Reply, ViewedText};
use crate::features::actions::{self, ActionData, Offered};
use crate::features::edits::{self, Label};
use crate::features::exhibit::{self, EvidenceParams, Exhibit};
use crate::features::goals::{GoalList, GoalsParams, Sources};
use crate::features::{Part, diagnostics, directives, evidence, hover, lenses};
use crate::locations;
use hephaestus_core::{CandidateId, ContentHash, Patch, RelPath};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tower_lsp::jsonrpc::{self, Error};
use tower_lsp::ls_types::{
    CodeAction, CodeActionOrCommand, CodeActionParams, CodeLens, Diagnostic, DocumentDiagnosticParams,
    DocumentDiagnosticReportResult, FullDocumentDiagnosticReport, Hover, Position,
    UnchangedDocumentDiagnosticReport, Uri, WorkspaceDiagnosticParams, WorkspaceDiagnosticReport,
    WorkspaceDiagnosticReportResult, WorkspaceDocumentDiagnosticReport, WorkspaceEdit,
    WorkspaceFullDocumentDiagnosticReport, WorkspaceUnchangedDocumentDiagnosticReport,
};

impl State {
    /// Answers, at once or when the newest text of the document that is asked about was analysed.
    pub(super) fn answer(&mut self, ask: Ask, now: Instant) {
        let about = match &ask {
            Ask::CodeActions(params, _) => Some(&params.text_document.uri),
            Ask::CodeLenses(params, _) => Some(&params.text_document.uri),
            Ask::Hover(params, _) => Some(&params.text_document_position_params.text_document.uri),
            Ask::Completion(params, _) => Some(&params.text_document_position.text_document.uri),
            Ask::Definition(params, _) => Some(&params.text_document_position_params.text_document.uri),
            Ask::InlayHints(params, _) => Some(&params.text_document.uri),
            Ask::Evidence(params, _) => Some(&params.uri),
            _ => None,
        };
        let document = about.cloned().and_then(|uri| self.documents.get_mut(&uri));
        match document.filter(|document| document.awaits_analysis()) {
            Some(document) => document.waiting.push(ask),
            None => self.answer_now(ask, now),
        }
    }

    fn answer_now(&mut self, ask: Ask, now: Instant) {
        match ask {
            Ask::CodeActions(params, reply) => {
                let actions = self.code_actions(params);
                let _ = reply.send(Ok(actions));
            }
            Ask::ResolveAction(action, reply) => {
                let _ = reply.send(self.resolve(action));
            }
            Ask::CodeLenses(params, reply) => {
                let _ = reply.send(Ok(self.code_lenses(&params.text_document.uri)));
            }
            Ask::Hover(params, reply) => {
                let at = params.text_document_position_params;
                let _ = reply.send(Ok(self.hover(&at.text_document.uri, at.position)));
            }
            Ask::Completion(params, reply) => {
                let at = params.text_document_position;
                let view = self.directive_view(&at.text_document.uri);
                let _ = reply.send(Ok(view.map(|view| directives::completion(&view, at.position))));
            }
            Ask::Definition(params, reply) => {
                let at = params.text_document_position_params;
                let view = self.directive_view(&at.text_document.uri);
                let _ = reply.send(Ok(view.and_then(|view| directives::definition(&view, at.position))));
            }
            Ask::InlayHints(params, reply) => {
                let view = self.directive_view(&params.text_document.uri);
                let _ = reply.send(Ok(view.map(|view| directives::inlay_hints(&view, params.range))));
            }
            Ask::Diagnostics(params, reply) => self.document_diagnostics(params, reply, now),
            Ask::WorkspaceDiagnostics(params, reply) => {
                let _ = reply.send(Ok(self.workspace_diagnostics(&params)));
            }
            Ask::Execute(params, reply) => {
                let _ = reply.send(self.execute(params));
            }
            Ask::ViewText(params, reply) => {
                let document = self.documents.get(&params.text_document.uri);
                let answer = document.map(|document| ViewedText {
                    text: document.file.text(),
                    version: document.file.version(),
                });
                let _ = reply.send(answer.ok_or_else(|| Error::invalid_params("this document is not open")));
            }
            Ask::Goals(params, reply) => {
                let _ = reply.send(Ok(self.goals(&params)));
            }
            Ask::Evidence(params, reply) => {
                let _ = reply.send(self.evidence(&params));
            }
            Ask::Stats(reply) => {
                self.stats.open_documents = self.documents.len();
                self.stats.indexed_files = self.folders.iter().map(|folder| folder.facts.len()).sum();
                self.stats.index_done = self.folders.iter().all(|folder| folder.is_indexed);
                self.stats.forges = self.scheduler.started;
                let _ = reply.send(Ok(self.stats.clone()));
            }
        }
    }

    fn code_lenses(&self, uri: &Uri) -> Option<Vec<CodeLens>> {
        match self.directive_view(uri) {
            Some(view) => Some(directives::lenses(&view)),
            None => self.view(uri).map(|view| lenses::lenses(&view)),
        }
    }

    fn hover(&self, uri: &Uri, position: Position) -> Option<Hover> {
        match self.directive_view(uri) {
            Some(view) => directives::hover(&view, position),
            None => hover::hover(&self.current_view(uri)?, position),
        }
    }

    /// The goals of all files. Who asks is told from now on when there is something new.
    fn goals(&mut self, params: &GoalsParams) -> GoalList {
        self.telling.lists_goals();
        let Some(facts) = &self.facts else { return GoalList::default() };
        let run = self.scheduler.active.as_ref();
        let sources = Sources { facts, folders: &self.folders, documents: &self.documents, run };
        sources.list(params.uri.as_ref())
    }

    fn evidence(&self, params: &EvidenceParams) -> jsonrpc::Result<Box<Exhibit>> {
        let view =
            self.view(&params.uri).ok_or_else(|| Error::invalid_params("this document is not open"))?;
        let spots = view.spots();
        let of_goal = || spots.iter().filter(|spot| spot.goal.id == params.goal);
        let spot = of_goal().find(|spot| spot.part == Part::Whole).or_else(|| of_goal().next());
        let spot = spot.ok_or_else(|| Error::invalid_params("this goal is gone"))?;
        let place = &view.document.place;
        let is_forged = self.scheduler.active.as_ref().is_some_and(|run| {
            place.root.as_ref().is_some_and(|root| run.order.is_about(root, &place.path, &params.goal))
        });
        Ok(Box::new(exhibit::exhibit(&view, spot, is_forged)))
    }

    fn code_actions(&mut self, params: CodeActionParams) -> Option<Vec<CodeActionOrCommand>> {
        let uri = params.text_document.uri;
        if let Some(view) = self.directive_view(&uri) {
            return Some(directives::actions(&view, params.range, &params.context));
        }
        let view = self.current_view(&uri)?;
        let offered = actions::actions(&view, params.range, &params.context);
        let facts = self.facts.as_ref()?;
        let later = facts.resolves_edits;
        let root = self.root_of(&uri);
        let mut shown = Vec::new();
        for Offered { mut action, change } in offered {
            if let Some((candidates, patch)) = change {
                let edit = root.as_ref().and_then(|root| self.edit(root, &candidates, &patch));
                // Only what can be made is offered: a file on disk may have changed, an editor may not create files.
                let Some(edit) = edit else { continue };
                // Later means: when it is picked.
                if !later && let Some(root) = &root {
                    action.data = None;
                    action.edit = Some(edit);
                    self.watch(root, candidates, &patch);
                }
            }
            shown.push(CodeActionOrCommand::CodeAction(action));
        }
        Some(shown)
    }

    fn resolve(&mut self, mut action: CodeAction) -> jsonrpc::Result<CodeAction> {
        let Some(data) = action.data.clone() else { return Ok(action) };
        let data: ActionData =
            serde_json::from_value(data).map_err(|error| Error::invalid_params(error.to_string()))?;
        let uri: Uri = data.uri.parse().map_err(|_| Error::invalid_params("`data.uri` is no URI"))?;
        let is_current = self.documents.get(&uri).is_some_and(|own| own.file.version() == data.version);
        if !is_current {
            return Err(Error::content_modified());
        }
        let candidates: Vec<CandidateId> = data.candidates.into_iter().map(CandidateId).collect();
        let patch = self.patch_of(&uri, &candidates).ok_or_else(Error::content_modified)?;
        let root = self.root_of(&uri).ok_or_else(Error::content_modified)?;
        action.edit = Some(self.edit(&root, &candidates, &patch).ok_or_else(Error::content_modified)?);
        self.watch(&root, candidates, &patch);
        Ok(action)
    }

    /// The change that these improvements make together to a document as it is now.
    pub(super) fn patch_of(&self, uri: &Uri, candidates: &[CandidateId]) -> Option<Patch> {
        let view = self.current_view(uri)?;
        let folder = view.folder?;
        candidates.iter().try_fold(Patch::default(), |all, candidate| {
            let own = view.patch(folder.offers.get(candidate)?)?;
            all.merge(own).ok()
        })
    }

    /// The folder an open document lies in.
    fn root_of(&self, uri: &Uri) -> Option<PathBuf> {
        self.documents.get(uri)?.place.root.clone()
    }

    /// The hash of a file's text: as the editor has it or, where it is not open, as the index saw it on disk.
    pub(super) fn hash_now(&self, root: &Path, path: &RelPath) -> Option<ContentHash> {
        match self.documents.at(root, path) {
            Some(document) => Some(ContentHash::of(document.file.text().as_bytes())),
            None => self.folder(root)?.facts.get(path).map(|facts| facts.hash.clone()),
        }
    }

    /// A change as the editor takes it.
    pub(super) fn edit(
        &self,
        root: &Path,
        candidates: &[CandidateId],
        patch: &Patch,
    ) -> Option<WorkspaceEdit> {
        let folder = self.folder(root)?;
        let shown = candidates.iter().filter_map(|candidate| folder.offers.get(candidate));
        let in_short: Vec<String> = shown.map(evidence::in_short).collect();
        let label = Label { label: "Proven improvement".to_owned(), description: in_short.join("; ") };
        edits::workspace_edit(patch, folder, &self.documents, self.facts.as_ref()?, &label)
    }

    /// Watches for a change that the user may make now.
    pub(super) fn watch(&mut self, root: &Path, candidates: Vec<CandidateId>, patch: &Patch) {
        let text = |path: &RelPath| match self.documents.at(root, path) {
            Some(document) => Some(document.file.text()),
            None => std::fs::read_to_string(path.under(root)).ok(),
        };
        let texts: HashMap<RelPath, String> =
            patch.paths().filter_map(|path| Some((path.clone(), text(path)?))).collect();
        if let Some(folder) = self.folder_mut(root) {
            folder.offers.watch(candidates, patch, |path| texts.get(path).map(String::as_str));
        }
    }

    fn document_diagnostics(
        &mut self,
        params: DocumentDiagnosticParams,
        reply: Reply<DocumentDiagnosticReportResult>,
        now: Instant,
    ) {
        let uri = params.text_document.uri.clone();
        let Some(document) = self.documents.get_mut(&uri) else {
            let list = self.closed_diagnostics(&uri).unwrap_or_default();
            let _ = reply.send(Ok(report(list, params.previous_result_id.as_deref()).into()));
            return;
        };
        let knows = document.is_known();
        document.pulls.push((params, reply));
        if knows {
            self.publish(&uri, now);
        } else if !document.awaits_analysis() {
            let pulls = std::mem::take(&mut document.pulls);
            self.answer_nothing(&uri, pulls);
        }
    }

    /// What the index knows about a file that is not open.
    fn closed_diagnostics(&self, uri: &Uri) -> Option<Vec<Diagnostic>> {
        let roots = self.folders.iter().map(|folder| folder.root.as_path());
        let place = locations::Place::of(uri, roots)?;
        let folder = self.folder(place.root.as_ref()?)?;
        if let Some(seen) = folder.directives.get(&place.path) {
            return Some(directives::of_file(seen, self.facts.as_ref()?));
        }
        let facts = folder.facts.get(&place.path)?;
        Some(diagnostics::of_file(folder, &place.path, facts))
    }

    fn workspace_diagnostics(&self, params: &WorkspaceDiagnosticParams) -> WorkspaceDiagnosticReportResult {
        let previous: HashMap<&Uri, &str> =
            params.previous_result_ids.iter().map(|own| (&own.uri, own.value.as_str())).collect();
        let mut items = Vec::new();
        for folder in self.folders.iter().filter(|folder| folder.config.editor.workspace_diagnostics) {
            for (path, facts) in &folder.facts {
                let Some(uri) = locations::uri_of(&folder.root, path) else { continue };
                // Open documents are asked about one by one.
                let known = previous.get(&uri);
                if self.documents.get(&uri).is_some() || facts.goals.is_empty() && known.is_none() {
                    continue;
                }
                items.push(in_workspace(uri, diagnostics::of_file(folder, path, facts), known.copied()));
            }
        }
        for (uri, list) in self.closed_directives() {
            let known = previous.get(&uri).copied();
            if !list.is_empty() || known.is_some() {
                items.push(in_workspace(uri, list, known));
            }
        }
        WorkspaceDiagnosticReport { items }.into()
    }
}

fn in_workspace(
    uri: Uri,
    items: Vec<Diagnostic>,
    previous: Option<&str>,
) -> WorkspaceDocumentDiagnosticReport {
    let id = diagnostics::result_id(&items);
    if previous == Some(&id) {
        let unchanged_document_diagnostic_report = UnchangedDocumentDiagnosticReport { result_id: id };
        return WorkspaceUnchangedDocumentDiagnosticReport {
            uri,
            version: None,
            unchanged_document_diagnostic_report,
        }
        .into();
    }
    let full_document_diagnostic_report = FullDocumentDiagnosticReport { result_id: Some(id), items };
    WorkspaceFullDocumentDiagnosticReport { uri, version: None, full_document_diagnostic_report }.into()
}
