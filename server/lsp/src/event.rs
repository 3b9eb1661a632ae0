//! Everything that can happen to the server, as one closed enum, and the mailbox it goes into.
//!
//! Notifications about documents are put in while the reader takes its turn with them, so their order here is the order
//! of the wire.

use crate::client_facts::ClientFacts;
use crate::features::exhibit::{EvidenceParams, Exhibit};
use crate::features::goals::{GoalList, GoalsParams};
use crate::folder::Opened;
use crate::forging::ForgeNews;
use hephaestus_core::RelPath;
use hephaestus_workspace::{Analysed, FileFacts, FileMemory, RuleSets, SeenDirective};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::{self, Id};
use tower_lsp::ls_types::{
    CodeAction, CodeActionParams, CodeActionResponse, CodeLens, CodeLensParams, CompletionParams,
    CompletionResponse, DidChangeTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    DocumentDiagnosticParams, DocumentDiagnosticReportResult, ExecuteCommandParams, FileEvent,
    GotoDefinitionParams, GotoDefinitionResponse, Hover, HoverParams, InlayHint, InlayHintParams,
    ProgressToken, TextDocumentIdentifier, Uri, WorkspaceDiagnosticParams, WorkspaceDiagnosticReportResult,
    WorkspaceFoldersChangeEvent,
};

/// Where the answer to a request goes.
pub(crate) type Reply<T> = oneshot::Sender<jsonrpc::Result<T>>;

/// One thing that happened.
pub(crate) enum Event {
    /// The editor said who it is.
    Initialize(Box<ClientFacts>),
    /// The editor is ready for our own requests.
    Initialized,
    /// A document was opened.
    Open(DidOpenTextDocumentParams),
    /// A document was edited.
    Change(DidChangeTextDocumentParams),
    /// A document was saved.
    Save(DidSaveTextDocumentParams),
    /// A document was closed.
    Close(Uri),
    /// Files changed on disk.
    Watched(Vec<FileEvent>),
    /// Folders came or went.
    Folders(WorkspaceFoldersChangeEvent),
    /// The editor's settings changed; the new ones may be in here.
    Configuration(Value),
    /// The user pressed a progress bar's cancel button.
    CancelProgress(ProgressToken),
    /// The editor answered one of our requests.
    Answered {
        /// The request's id.
        id: Id,
        /// What it said.
        answer: jsonrpc::Result<Value>,
    },
    /// The editor asks.
    Ask(Ask),
    /// An analysis ended.
    Analysed(Box<AnalysisDone>),
    /// An open directive was looked at.
    DirectiveSeen(Box<DirectiveDone>),
    /// A folder's directives were looked at, as they are on disk.
    DirectivesSeen(PathBuf, Vec<SeenDirective>),
    /// A folder's configuration, rules and memory are there.
    FolderOpened(PathBuf, Box<Opened>),
    /// Facts about files on disk; `None` for a file that is gone.
    Indexed(PathBuf, Vec<(RelPath, Option<Arc<FileFacts>>)>),
    /// The index is complete, for now.
    IndexDone(PathBuf),
    /// A forge has news.
    Forge(u64, ForgeNews),
}

/// How an analysis came out.
pub(crate) struct AnalysisDone {
    pub(crate) uri: Uri,
    /// Which opening of the document it belongs to.
    pub(crate) opening: u64,
    /// `None` when it was cancelled or took too long.
    pub(crate) analysed: Option<Analysed>,
    pub(crate) memory: FileMemory,
    /// The rules it went by: those it was given, and those of the document's language.
    pub(crate) rules: RuleSets,
}

/// How looking at an open directive came out.
pub(crate) struct DirectiveDone {
    pub(crate) uri: Uri,
    /// Which opening of the document it belongs to.
    pub(crate) opening: u64,
    /// The version that was looked at.
    pub(crate) version: i32,
    pub(crate) seen: SeenDirective,
}

/// A request, with the way back.
pub(crate) enum Ask {
    CodeActions(CodeActionParams, Reply<Option<CodeActionResponse>>),
    ResolveAction(CodeAction, Reply<CodeAction>),
    CodeLenses(CodeLensParams, Reply<Option<Vec<CodeLens>>>),
    Hover(HoverParams, Reply<Option<Hover>>),
    Completion(CompletionParams, Reply<Option<CompletionResponse>>),
    Definition(GotoDefinitionParams, Reply<Option<GotoDefinitionResponse>>),
    InlayHints(InlayHintParams, Reply<Option<Vec<InlayHint>>>),
    Diagnostics(DocumentDiagnosticParams, Reply<DocumentDiagnosticReportResult>),
    WorkspaceDiagnostics(WorkspaceDiagnosticParams, Reply<WorkspaceDiagnosticReportResult>),
    Execute(ExecuteCommandParams, Reply<Option<Value>>),
    ViewText(ViewTextParams, Reply<ViewedText>),
    Goals(GoalsParams, Reply<GoalList>),
    Evidence(EvidenceParams, Reply<Box<Exhibit>>),
    Stats(Reply<Stats>),
}

/// Parameters of `hephaestus/viewText`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ViewTextParams {
    /// Which document.
    pub(crate) text_document: TextDocumentIdentifier,
}

/// The answer to `hephaestus/viewText`: a document as the server has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ViewedText {
    /// Its text.
    pub(crate) text: String,
    /// Its version.
    pub(crate) version: i32,
}

/// The answer to `hephaestus/stats`: what the server did so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Stats {
    /// Documents that are open.
    pub(crate) open_documents: usize,
    /// Edits taken.
    pub(crate) edits: u64,
    /// Analyses finished.
    pub(crate) analyses: u64,
    /// Analyses given up: cancelled, or over the time limit.
    pub(crate) analyses_given_up: u64,
    /// Times diagnostics were sent.
    pub(crate) published: u64,
    /// Files in the index.
    pub(crate) indexed_files: usize,
    /// Whether the index is complete.
    pub(crate) index_done: bool,
    /// Forges started.
    pub(crate) forges: u64,
    /// Improvements proven and offered.
    pub(crate) proven: u64,
    /// Events that took longer than 50 ms.
    pub(crate) slow_turns: u64,
}

/// Where events go. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Mailbox(pub(crate) UnboundedSender<Event>);

impl Mailbox {
    /// Puts an event in. When the owner is gone there is nobody left whom it could concern.
    pub(crate) fn send(&self, event: Event) {
        let _ = self.0.send(event);
    }
}

impl Event {
    /// Its name in the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Initialize(_) => "initialize",
            Self::Initialized => "initialized",
            Self::Open(_) => "didOpen",
            Self::Change(_) => "didChange",
            Self::Save(_) => "didSave",
            Self::Close(_) => "didClose",
            Self::Watched(_) => "didChangeWatchedFiles",
            Self::Folders(_) => "didChangeWorkspaceFolders",
            Self::Configuration(_) => "didChangeConfiguration",
            Self::CancelProgress(_) => "workDoneProgress/cancel",
            Self::Answered { .. } => "answer",
            Self::Ask(ask) => ask.name(),
            Self::Analysed(_) => "analysed",
            Self::DirectiveSeen(_) => "directive seen",
            Self::DirectivesSeen(..) => "directives seen",
            Self::FolderOpened(..) => "folder opened",
            Self::Indexed(..) => "indexed",
            Self::IndexDone(_) => "index done",
            Self::Forge(..) => "forge news",
        }
    }
}

impl Ask {
    fn name(&self) -> &'static str {
        match self {
            Self::CodeActions(..) => "codeAction",
            Self::ResolveAction(..) => "codeAction/resolve",
            Self::CodeLenses(..) => "codeLens",
            Self::Hover(..) => "hover",
            Self::Completion(..) => "completion",
            Self::Definition(..) => "definition",
            Self::InlayHints(..) => "inlayHint",
            Self::Diagnostics(..) => "diagnostic",
            Self::WorkspaceDiagnostics(..) => "workspace/diagnostic",
            Self::Execute(..) => "executeCommand",
            Self::ViewText(..) => "hephaestus/viewText",
            Self::Goals(..) => "hephaestus/goals",
            Self::Evidence(..) => "hephaestus/evidence",
            Self::Stats(_) => "hephaestus/stats",
        }
    }
}
