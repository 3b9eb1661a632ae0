//! Handlers: each puts one event into the owner's mailbox and hands its answer on. They decide nothing, and none of them
//! waits for the editor.

use crate::client_facts::ClientFacts;
use crate::event::{Ask, Event, Mailbox, Reply, Stats, ViewTextParams, ViewedText};
use crate::features;
use crate::features::exhibit::{EvidenceParams, Exhibit};
use crate::features::goals::{GoalList, GoalsParams};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{oneshot, watch};
use tower_lsp::LanguageServer;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::{
    CodeAction, CodeActionParams, CodeActionResponse, CodeLens, CodeLensParams, CompletionParams,
    CompletionResponse, DidChangeConfigurationParams, DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentDiagnosticParams,
    DocumentDiagnosticReportResult, ExecuteCommandParams, GotoDefinitionParams, GotoDefinitionResponse,
    Hover, HoverParams, InitializeParams, InitializeResult, InitializedParams, InlayHint, InlayHintParams,
    ServerInfo, WorkDoneProgressCancelParams, WorkspaceDiagnosticParams, WorkspaceDiagnosticReportResult,
};

/// What the router calls.
pub(crate) struct Handlers {
    mailbox: Mailbox,
    parent: watch::Sender<Option<u32>>,
    greeted: AtomicBool,
    shut_down: AtomicBool,
}

impl Handlers {
    /// `parent` learns the editor's process id.
    pub(crate) fn new(mailbox: Mailbox, parent: watch::Sender<Option<u32>>) -> Self {
        Self { mailbox, parent, greeted: AtomicBool::new(false), shut_down: AtomicBool::new(false) }
    }

    /// Whether the editor has introduced itself.
    pub(crate) fn is_greeted(&self) -> bool {
        self.greeted.load(Ordering::Acquire)
    }

    /// Whether the editor asked us to shut down.
    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Acquire)
    }

    async fn ask<T>(&self, question: impl FnOnce(Reply<T>) -> Ask) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(Event::Ask(question(reply)));
        // The owner drops a question when what it was about is gone.
        answer.await.unwrap_or_else(|_| Err(Error::content_modified()))
    }

    /// `hephaestus/viewText`.
    pub(crate) async fn view_text(&self, params: ViewTextParams) -> Result<ViewedText> {
        self.ask(|reply| Ask::ViewText(params, reply)).await
    }

    /// `hephaestus/goals`.
    pub(crate) async fn goals(&self, params: GoalsParams) -> Result<GoalList> {
        self.ask(|reply| Ask::Goals(params, reply)).await
    }

    /// `hephaestus/evidence`.
    pub(crate) async fn evidence(&self, params: EvidenceParams) -> Result<Box<Exhibit>> {
        self.ask(|reply| Ask::Evidence(params, reply)).await
    }

    /// `hephaestus/stats`.
    pub(crate) async fn stats(&self) -> Result<Stats> {
        self.ask(Ask::Stats).await
    }

    /// `window/workDoneProgress/cancel`.
    pub(crate) async fn cancel_progress(&self, params: WorkDoneProgressCancelParams) {
        self.mailbox.send(Event::CancelProgress(params.token));
    }

    /// Notifications that ask for nothing from us.
    pub(crate) async fn ignore(&self, _: Value) {}
}

impl LanguageServer for Handlers {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        if let Some(id) = params.process_id {
            self.parent.send_replace(Some(id));
        }
        self.greeted.store(true, Ordering::Release);
        let facts = ClientFacts::of(params);
        let capabilities = features::capabilities(&facts);
        self.mailbox.send(Event::Initialize(Box::new(facts)));
        let info =
            ServerInfo { name: "hephaestus".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) };
        Ok(InitializeResult { capabilities, server_info: Some(info), ..InitializeResult::default() })
    }

    async fn initialized(&self, _: InitializedParams) {
        self.mailbox.send(Event::Initialized);
    }

    async fn shutdown(&self) -> Result<()> {
        self.shut_down.store(true, Ordering::Release);
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        self.mailbox.send(Event::Open(params));
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        self.mailbox.send(Event::Change(params));
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        self.mailbox.send(Event::Save(params));
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.mailbox.send(Event::Close(params.text_document.uri));
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        self.mailbox.send(Event::Watched(params.changes));
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        self.mailbox.send(Event::Folders(params.event));
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        self.mailbox.send(Event::Configuration(params.settings));
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        self.ask(|reply| Ask::CodeActions(params, reply)).await
    }

    async fn code_action_resolve(&self, action: CodeAction) -> Result<CodeAction> {
        self.ask(|reply| Ask::ResolveAction(action, reply)).await
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        self.ask(|reply| Ask::CodeLenses(params, reply)).await
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        self.ask(|reply| Ask::Hover(params, reply)).await
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        self.ask(|reply| Ask::Completion(params, reply)).await
    }

    async fn goto_definition(&self, params: GotoDefinitionParams) -> Result<Option<GotoDefinitionResponse>> {
        self.ask(|reply| Ask::Definition(params, reply)).await
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        self.ask(|reply| Ask::InlayHints(params, reply)).await
    }

    async fn diagnostic(&self, params: DocumentDiagnosticParams) -> Result<DocumentDiagnosticReportResult> {
        self.ask(|reply| Ask::Diagnostics(params, reply)).await
    }

    async fn workspace_diagnostic(
        &self,
        params: WorkspaceDiagnosticParams,
    ) -> Result<WorkspaceDiagnosticReportResult> {
        self.ask(|reply| Ask::WorkspaceDiagnostics(params, reply)).await
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        self.ask(|reply| Ask::Execute(params, reply)).await
    }
}
