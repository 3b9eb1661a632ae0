//! Telling the editor: diagnostics, requests to ask again, and the status. What changed is noted at once and told when
//! the editor can take it.

use super::State;
use crate::documents::{OpenDocument, WaitingPull};
use crate::features::{diagnostics, directives};
use crate::folder::Folder;
use crate::locations;
use crate::offers::Standing;
use hephaestus_core::RelPath;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tower_lsp::ls_types::notification::PublishDiagnostics;
use tower_lsp::ls_types::request::{CodeLensRefresh, WorkspaceDiagnosticRefresh};
use tower_lsp::ls_types::{
    Diagnostic, DocumentDiagnosticReport, FullDocumentDiagnosticReport, PublishDiagnosticsParams,
    RelatedFullDocumentDiagnosticReport, RelatedUnchangedDocumentDiagnosticReport,
    UnchangedDocumentDiagnosticReport, Uri,
};

/// The editor is asked to ask again at most so often.
const REFRESH_EVERY: Duration = Duration::from_millis(300);

/// How long to wait for a clogged editor before looking again.
const CLOGGED: Duration = Duration::from_millis(100);

/// What is still to be told.
#[derive(Default)]
pub(super) struct Telling {
    /// Whether the editor has to ask again.
    needs_refresh: bool,
    refreshed_at: Option<Instant>,
    /// When something that was held back is tried again.
    retry_at: Option<Instant>,
    /// The status that was told last.
    told: Option<Status>,
    /// Whether the editor lists goals.
    lists_goals: bool,
    /// Whether the list it has may be out of date.
    is_list_outdated: bool,
    listed_at: Option<Instant>,
}

impl Telling {
    /// Notes that the editor lists goals.
    pub(super) fn lists_goals(&mut self) {
        self.lists_goals = true;
    }

    /// Notes that goals, or what has come of them, may have changed.
    pub(super) fn goals_changed(&mut self) {
        self.is_list_outdated = self.lists_goals;
    }

    /// When there is something to tell.
    pub(super) fn wake(&self) -> Option<Instant> {
        let refresh = self.needs_refresh.then(|| self.refreshed_at.map(|at| at + REFRESH_EVERY)).flatten();
        let list = self.is_list_outdated.then(|| self.listed_at.map(|at| at + REFRESH_EVERY)).flatten();
        [refresh, list, self.retry_at].into_iter().flatten().min()
    }
}

/// The parameters of `hephaestus/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Status {
    /// `idle`, `indexing`, `forging`, `paused`, `untrusted` or `error`.
    pub(crate) state: &'static str,
    /// One line for people.
    pub(crate) message: String,
    /// Improvements that are proven for the texts as they are.
    pub(crate) proven: usize,
    /// Goals in open documents.
    pub(crate) goals: usize,
    /// Goals that the run under way has dealt with; 0 while none runs.
    pub(crate) done: usize,
    /// Goals of the run under way.
    pub(crate) total: usize,
    /// Why it is paused: `typing` or `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    /// Why things are run with less protection than could be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) degraded: Option<String>,
}

impl State {
    /// Notes that what the editor shows about open documents may be out of date: its diagnostics and lenses.
    pub(super) fn refresh(&mut self, root: &Path) {
        for document in self.documents.all_mut() {
            if document.place.root.as_deref() == Some(root) {
                document.is_outdated = true;
            }
        }
        self.telling.needs_refresh = true;
        self.telling.goals_changed();
    }

    /// Tells what is to be told now.
    pub(super) fn tell(&mut self, now: Instant) {
        self.telling.retry_at = None;
        let outdated: Vec<Uri> = self
            .documents
            .all()
            .filter(|document| document.is_outdated && document.is_known())
            .map(|document| document.uri.clone())
            .collect();
        for uri in outdated {
            self.publish(&uri, now);
        }
        self.ask_to_ask_again(now);
        self.tell_status();
        self.tell_goals_changed(now);
    }

    /// Tells who lists goals that the list is out of date; not while the user types.
    fn tell_goals_changed(&mut self, now: Instant) {
        let is_due = self.telling.listed_at.is_none_or(|at| now >= at + REFRESH_EVERY);
        if !self.telling.is_list_outdated || !is_due {
            return;
        }
        if self.last_key.is_some_and(|last| now < last + REFRESH_EVERY) {
            self.telling.listed_at = Some(now);
            return;
        }
        self.telling.is_list_outdated = false;
        self.telling.listed_at = Some(now);
        self.outbox.notify_named("hephaestus/goalsChanged", &Value::Null);
    }

    fn ask_to_ask_again(&mut self, now: Instant) {
        let is_due = self.telling.refreshed_at.is_none_or(|at| now >= at + REFRESH_EVERY);
        if !self.telling.needs_refresh || !is_due {
            return;
        }
        self.telling.needs_refresh = false;
        self.telling.refreshed_at = Some(now);
        let Some(facts) = &self.facts else { return };
        let (diagnostics, lenses) = (facts.pulls_diagnostics, facts.refreshes_lenses);
        if diagnostics {
            self.ask_editor::<WorkspaceDiagnosticRefresh>(&(), super::Question::Other("diagnostics refresh"));
        }
        if lenses {
            self.ask_editor::<CodeLensRefresh>(&(), super::Question::Other("code lens refresh"));
        }
        self.publish_closed();
    }

    /// Sends an open document's diagnostics, or answers who asked for them.
    pub(super) fn publish(&mut self, uri: &Uri, now: Instant) {
        if self.outbox.is_clogged() {
            self.telling.retry_at = Some(now + CLOGGED);
            return;
        }
        let Some((list, version)) = self.diagnostics_of(uri) else { return };
        let pulls = self.pulls_diagnostics();
        let Some(document) = self.documents.get_mut(uri) else { return };
        document.is_outdated = false;
        for (params, reply) in std::mem::take(&mut document.pulls) {
            let _ = reply.send(Ok(report(list.clone(), params.previous_result_id.as_deref()).into()));
        }
        if !pulls {
            self.stats.published += 1;
            self.send_diagnostics(uri.clone(), list, Some(version));
        }
    }

    /// What is to be shown about the newest text of an open document, and its version.
    fn diagnostics_of(&self, uri: &Uri) -> Option<(Vec<Diagnostic>, i32)> {
        if let Some(view) = self.directive_view(uri) {
            return Some((directives::diagnostics(&view), view.document.file.version()));
        }
        let view = self.current_view(uri)?;
        Some((diagnostics::of_document(&view), view.analysed.version))
    }

    /// Sends what was found in a text that is already a little older, so that who types fast into a large file does not
    /// look at the diagnostics of long ago. It says which version it is about.
    pub(super) fn publish_behind(&mut self, uri: &Uri) {
        let pulls = self.pulls_diagnostics();
        let is_behind = self.documents.get(uri).is_some_and(|document| document.current().is_none());
        let Some(view) = self.view(uri).filter(|_| is_behind && !pulls && !self.outbox.is_clogged()) else {
            return;
        };
        let (list, version) = (diagnostics::of_document(&view), view.analysed.version);
        self.stats.published += 1;
        self.send_diagnostics(uri.clone(), list, Some(version));
    }

    /// Answers questions about a document that nothing is known of.
    pub(super) fn answer_nothing(&mut self, uri: &Uri, pulls: Vec<WaitingPull>) {
        for (params, reply) in pulls {
            let _ = reply.send(Ok(report(Vec::new(), params.previous_result_id.as_deref()).into()));
        }
        tracing::debug!("nothing is looked for in `{}`", uri.as_str());
    }

    /// Whether the editor asks for diagnostics instead of being told.
    fn pulls_diagnostics(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.pulls_diagnostics)
    }

    fn send_diagnostics(&self, uri: Uri, diagnostics: Vec<Diagnostic>, version: Option<i32>) {
        self.outbox.notify::<PublishDiagnostics>(&PublishDiagnosticsParams { uri, diagnostics, version });
    }

    /// Takes back what was shown about a document that was closed; what is proven about the file stays.
    pub(super) fn closed(&mut self, document: &OpenDocument) {
        if !self.pulls_diagnostics() {
            self.send_diagnostics(document.uri.clone(), Vec::new(), None);
            self.telling.needs_refresh = true;
        }
    }

    /// Editors that do not ask are told what is proven about files that are not open, and nothing else about them:
    /// every hint in the workspace would drown it.
    fn publish_closed(&mut self) {
        if self.facts.as_ref().is_none_or(|facts| facts.pulls_diagnostics) {
            return;
        }
        let mut told = HashSet::new();
        for folder in &self.folders {
            let files: HashSet<_> = folder.offers.all().map(Standing::file).collect();
            for path in files {
                let (Some(uri), Some(facts)) =
                    (locations::uri_of(&folder.root, path), folder.facts.get(path))
                else {
                    continue;
                };
                let mut list = diagnostics::of_file(folder, path, facts);
                list.retain(|diagnostic| diagnostic.message.contains(diagnostics::PROVEN));
                if self.documents.get(&uri).is_none() && !list.is_empty() {
                    self.send_diagnostics(uri.clone(), list, None);
                    told.insert(uri);
                }
            }
        }
        for (uri, list) in self.closed_directives() {
            if !list.is_empty() {
                self.send_diagnostics(uri.clone(), list, None);
                told.insert(uri);
            }
        }
        for uri in self.told_closed.difference(&told).filter(|uri| self.documents.get(uri).is_none()) {
            self.send_diagnostics(uri.clone(), Vec::new(), None);
        }
        self.told_closed = told;
    }

    /// Shows or takes back what is wrong with a folder's configuration.
    pub(super) fn publish_configuration(&self, root: &Path) {
        let Some(folder) = self.folder(root) else { return };
        let file = root.join("hephaestus.toml");
        let here = folder.problem.as_ref().filter(|problem| problem.line > 0 && problem.file == file);
        if let Some(problem) = folder.problem.as_ref().filter(|_| here.is_none()) {
            tracing::error!("{problem}");
        }
        if let Some(uri) = Uri::from_file_path(file) {
            let list = here.map(diagnostics::of_configuration).into_iter().collect();
            self.send_diagnostics(uri, list, None);
        }
    }

    /// Shows or takes back what is wrong with the packs of a folder, at its place in their files.
    pub(super) fn publish_packs(&mut self, root: &Path) {
        let Some(folder) = self.folder_mut(root) else { return };
        let mut by_file: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
        for problem in &folder.pack_problems {
            by_file.entry(problem.file.clone()).or_default().push(diagnostics::of_pack(problem));
        }
        let files = by_file.keys().cloned().collect();
        let before = std::mem::replace(&mut folder.told_packs, files);
        for file in before {
            by_file.entry(file).or_default();
        }
        for (file, list) in by_file {
            if let Some(uri) = Uri::from_file_path(file) {
                self.send_diagnostics(uri, list, None);
            }
        }
    }

    fn tell_status(&mut self) {
        if self.facts.is_none() {
            return;
        }
        let status = self.status();
        if self.telling.told.as_ref() != Some(&status) {
            self.outbox.notify_named("hephaestus/status", &status);
            if self.telling.told.as_ref().is_none_or(|told| told.state != status.state) {
                self.telling.goals_changed();
            }
            self.telling.told = Some(status);
        }
    }

    fn status(&self) -> Status {
        let proven = self.folders.iter().map(|folder| self.proven_in(folder)).sum();
        let open = self.documents.all().filter_map(|document| document.analysed.as_ref());
        let goals = open.map(|analysed| analysed.goals.len()).sum();
        let (state, message) = self.doing();
        let standing = self.scheduler.active.as_ref().map(|run| run.standing).unwrap_or_default();
        let reason = (state == "paused").then_some(if self.scheduler.is_paused { "user" } else { "typing" });
        let degraded = self.degraded.clone();
        Status {
            state,
            message,
            proven,
            goals,
            done: standing.goals_done,
            total: standing.goals,
            reason,
            degraded,
        }
    }

    /// How many improvements fit the texts as they are.
    fn proven_in(&self, folder: &Folder) -> usize {
        let open: HashMap<&RelPath, &OpenDocument> = self
            .documents
            .all()
            .filter(|document| document.place.root.as_ref() == Some(&folder.root))
            .map(|document| (&document.place.path, document))
            .collect();
        let fits = |standing: &&Standing| {
            let path = standing.file();
            let hash = match open.get(path) {
                Some(document) => document.analysed.as_ref().map(|analysed| &analysed.hash),
                None => folder.facts.get(path).map(|facts| &facts.hash),
            };
            hash.is_some_and(|hash| standing.patch_for(path, hash).is_some())
        };
        folder.offers.all().filter(fits).count()
    }

    /// What we are at, in a word and in a line.
    fn doing(&self) -> (&'static str, String) {
        if self.scheduler.is_paused {
            return ("paused", "paused".to_owned());
        }
        if let Some(run) = &self.scheduler.active {
            let what =
                run.order.file.as_ref().map_or_else(|| "the workspace".to_owned(), ToString::to_string);
            return if self.scheduler.pace.is_held() {
                ("paused", format!("{what}: waiting while you type"))
            } else {
                ("forging", format!("{what}: {}", run.stage))
            };
        }
        if let Some(problem) = self.folders.iter().find_map(|folder| folder.problem.as_ref()) {
            return ("error", problem.to_string());
        }
        if let Some(failure) = self.last_failure() {
            return ("error", failure.to_owned());
        }
        if self.folders.iter().any(|folder| folder.trust == Some(crate::trust::Trust::Untrusted)) {
            return ("untrusted", "this workspace is not trusted: nothing is run in it".to_owned());
        }
        if self.folders.iter().any(|folder| !folder.is_indexed) {
            return ("indexing", "looking at the workspace".to_owned());
        }
        ("idle", "ready".to_owned())
    }
}

/// Diagnostics as an answer; `Unchanged` for who has them already.
pub(super) fn report(items: Vec<Diagnostic>, previous: Option<&str>) -> DocumentDiagnosticReport {
    let id = diagnostics::result_id(&items);
    if previous == Some(&id) {
        let unchanged_document_diagnostic_report = UnchangedDocumentDiagnosticReport { result_id: id };
        return DocumentDiagnosticReport::Unchanged(RelatedUnchangedDocumentDiagnosticReport {
            related_documents: None,
            unchanged_document_diagnostic_report,
        });
    }
    DocumentDiagnosticReport::Full(RelatedFullDocumentDiagnosticReport {
        related_documents: None,
        full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id: Some(id), items },
    })
}
