//! Directives: open ones are looked at after every edit, saved ones when files change; what was seen is kept.

use super::{Question, State};
use crate::commands::Arguments;
use crate::event::{DirectiveDone, Event};
use crate::features::directives::{self, DirectiveView};
use crate::features::edits::{self, Label};
use crate::forging::{Failure, Order, RunDirective};
use crate::locations;
use hephaestus_core::{ContentHash, RelPath};
use hephaestus_workspace::directive::{self, Outcome};
use hephaestus_workspace::{KnownFiles, SeenDirective, directives_at};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tower_lsp::ls_types::request::{ApplyWorkspaceEdit, ShowMessageRequest};
use tower_lsp::ls_types::{
    ApplyWorkspaceEditParams, Diagnostic, MessageActionItem, MessageType, ShowMessageRequestParams, Uri,
};

/// The answers to the question whether to make a change.
const APPLY: &str = "Apply";
const NOT_NOW: &str = "Not now";

/// Where directives and what came of them lie.
const FOLDER: &str = ".hephaestus/directives/";

/// Whether a change of this file changes what can be said of directives, beside that of the sources.
pub(super) fn concerns_directives(path: &RelPath) -> bool {
    path.as_str().starts_with(FOLDER)
}

impl State {
    /// An open directive with everything about its newest text.
    pub(super) fn directive_view(&self, uri: &Uri) -> Option<DirectiveView<'_>> {
        let document = self.documents.get(uri)?;
        let seen = document.current_directive()?;
        let folder = document.place.root.as_ref().and_then(|root| self.folder(root));
        Some(DirectiveView {
            facts: self.facts.as_ref()?,
            folder,
            documents: &self.documents,
            document,
            seen,
        })
    }

    /// Looks at the newest text of an open directive, elsewhere.
    pub(super) fn look_at_directive(&mut self, uri: &Uri) {
        let root = self.documents.get(uri).and_then(|document| document.place.root.clone());
        let files = root.as_deref().map(|root| self.known_files(root)).unwrap_or_default();
        let Some(document) = self.documents.get_mut(uri) else { return };
        document.begin();
        let before = document.seen.as_ref().map(|(_, seen)| Arc::clone(seen));
        let (path, file) = (document.place.path.clone(), document.file.clone());
        let (uri, opening, mailbox) = (uri.clone(), document.opening, self.mailbox.clone());
        tokio::task::spawn_blocking(move || {
            let seen = SeenDirective::look(root.as_deref(), &path, file.text(), &files, before.as_deref());
            let done = DirectiveDone { uri, opening, version: file.version(), seen };
            mailbox.send(Event::DirectiveSeen(Box::new(done)));
        });
    }

    pub(super) fn directive_seen(&mut self, done: DirectiveDone, now: Instant) {
        let DirectiveDone { uri, opening, version, seen } = done;
        let Some(document) = self.documents.get_mut(&uri).filter(|document| document.opening == opening)
        else {
            return;
        };
        document.running = None;
        document.memory = Some(Default::default());
        document.seen = Some((version, Arc::new(seen)));
        self.stats.analyses += 1;
        self.publish(&uri, now);
        self.answer_waiting(&uri, now);
    }

    /// A folder's source files: as the editor has those that are open, and as the index saw the others.
    fn known_files(&self, root: &Path) -> KnownFiles {
        let Some(folder) = self.folder(root) else { return KnownFiles::default() };
        let mut files = KnownFiles { is_complete: folder.is_indexed, ..KnownFiles::default() };
        files.hashes = folder.facts.iter().map(|(path, facts)| (path.clone(), facts.hash.clone())).collect();
        let open = self.documents.all().filter(|document| document.place.root.as_deref() == Some(root));
        for document in open.filter(|document| document.file.language().is_some()) {
            let text: Arc<str> = Arc::from(document.file.text());
            files.hashes.insert(document.place.path.clone(), ContentHash::of(text.as_bytes()));
            files.texts.insert(document.place.path.clone(), text);
        }
        files
    }

    /// Something that directives depend on has changed in a folder.
    pub(super) fn look_at_directives_again(&mut self, root: &Path) {
        let now = Instant::now();
        self.directives_changed(root, now);
    }

    /// The same, at this time: open ones are looked at when their turn comes, those on disk now.
    pub(super) fn directives_changed(&mut self, root: &Path, now: Instant) {
        for document in self.documents.all_mut() {
            if document.is_directive() && document.place.root.as_deref() == Some(root) {
                document.touch(now);
            }
        }
        self.look_at_directives_on_disk(root);
    }

    /// Looks at a folder's directives as they are on disk, elsewhere.
    pub(super) fn look_at_directives_on_disk(&mut self, root: &Path) {
        // Without the files of the folder most of what could be said would be wrong.
        if !self.folder(root).is_some_and(|folder| folder.is_indexed) {
            return;
        }
        let (files, root, mailbox) = (self.known_files(root), root.to_owned(), self.mailbox.clone());
        tokio::task::spawn_blocking(move || {
            let seen = directives_at(&root).iter().filter_map(|file| look(&root, file, &files)).collect();
            mailbox.send(Event::DirectivesSeen(root, seen));
        });
    }

    pub(super) fn directives_seen(&mut self, root: &Path, seen: Vec<SeenDirective>) {
        let Some(folder) = self.folder_mut(root) else { return };
        folder.directives = seen.into_iter().map(|seen| (seen.path.clone(), seen)).collect();
        self.refresh(root);
    }

    /// Forges a directive. It is read from disk, as tests and sources are.
    pub(super) fn run_directive(&mut self, arguments: &Arguments) -> Result<Option<Value>, String> {
        let uri = arguments.uri()?;
        let (root, path) = self.place_of(&uri)?;
        if !directive::is_directive(&path) {
            return Err(format!("{path} is no directive"));
        }
        let on_disk =
            std::fs::read_to_string(path.under(&root)).map_err(|error| format!("{path}: {error}"))?;
        if self.documents.get(&uri).is_some_and(|document| document.file.text() != on_disk) {
            return Err(format!("{path} is not saved: save it first"));
        }
        self.order(Order { is_asked_for: true, ..Order::of_file(root, path) });
        Ok(None)
    }

    pub(super) fn directive_ended(&mut self, number: u64, result: Result<RunDirective, Failure>) {
        let Some(run) = self.scheduler.end(number) else { return };
        let root = run.order.root;
        match result {
            Ok(ran) => {
                let said = outcome(&ran);
                self.end_progress(number, &said);
                self.ask_to_apply(ran, said);
            }
            Err(failure) => {
                self.end_progress(number, &failure.message);
                if !run.cancel.is_cancelled() {
                    self.say(MessageType::WARNING, format!("{}. {}", failure.message, failure.hint).trim());
                }
            }
        }
        self.directives_changed(&root, Instant::now());
    }

    /// Says what came of a run and, where everything holds with a change, asks whether to make it.
    fn ask_to_apply(&mut self, ran: RunDirective, said: String) {
        let is_ready = ran.report.holds() && ran.report.patch().is_some_and(|patch| !patch.is_empty());
        let applies = self.facts.as_ref().is_some_and(|facts| facts.applies_edits);
        if !is_ready || !applies {
            return self.say(MessageType::INFO, &said);
        }
        let item = |title: &str| MessageActionItem { title: title.to_owned(), properties: HashMap::new() };
        let params = ShowMessageRequestParams {
            typ: MessageType::INFO,
            message: said,
            actions: Some(vec![item(APPLY), item(NOT_NOW)]),
        };
        self.ask_editor::<ShowMessageRequest>(&params, Question::Directive(Box::new(ran)));
    }

    pub(super) fn directive_answered(&mut self, ran: Box<RunDirective>, answer: &Value) {
        if answer.get("title").and_then(Value::as_str) != Some(APPLY) {
            return;
        }
        let label = Label {
            label: format!("Directive {}", ran.directive.name),
            description: ran.directive.goal.value.clone(),
        };
        let folder = self.folder(ran.workspace.root());
        let edit = folder.and_then(|folder| {
            let patch = ran.report.patch()?;
            edits::workspace_edit(&patch, folder, &self.documents, self.facts.as_ref()?, &label)
        });
        match edit {
            Some(edit) => {
                let params = ApplyWorkspaceEditParams { label: Some(label.label), edit };
                self.ask_editor::<ApplyWorkspaceEdit>(&params, Question::DirectiveEdit(ran));
            }
            None => self.say_error("The files were edited since this was proved: run the directive again."),
        }
    }

    /// Notes that the editor made a directive's change: in those texts its lines hold.
    pub(super) fn directive_applied(&mut self, mut ran: RunDirective, was_made: bool) {
        if !was_made {
            return self.say_error("The editor did not make the change.");
        }
        ran.workspace.note_applied(&ran.directive, &mut ran.report);
        let root = ran.workspace.root().to_owned();
        self.directives_changed(&root, Instant::now());
    }

    /// What is wrong with directives that are not open.
    pub(super) fn closed_directives(&self) -> Vec<(Uri, Vec<Diagnostic>)> {
        let Some(facts) = &self.facts else { return Vec::new() };
        let all = self.folders.iter().flat_map(|folder| {
            folder
                .directives
                .iter()
                .filter_map(|(path, seen)| Some((locations::uri_of(&folder.root, path)?, seen)))
        });
        all.filter(|(uri, _)| self.documents.get(uri).is_none())
            .map(|(uri, seen)| (uri, directives::of_file(seen, facts)))
            .collect()
    }
}

/// What came of a run, in a sentence or two.
fn outcome(ran: &RunDirective) -> String {
    let report = &ran.report;
    let held = report.lines.iter().filter(|line| matches!(line.outcome, Outcome::Proved { .. })).count();
    let lines = format!("{held} of {} lines hold", report.lines.len());
    let name = &ran.directive.name;
    match (report.holds(), report.patch().is_some_and(|patch| !patch.is_empty())) {
        (true, true) => format!("{name}: a change is proved with which {lines}. Apply it?"),
        (true, false) => format!("{name}: {lines}; nothing is to be changed."),
        (false, _) => {
            let advice = report.advice.first().map(|advice| format!(" {advice}")).unwrap_or_default();
            format!("{name}: it does not hold yet: {lines}.{advice}")
        }
    }
}

fn look(root: &Path, file: &PathBuf, files: &KnownFiles) -> Option<SeenDirective> {
    let path = RelPath::new(file.strip_prefix(root).ok()?).ok()?;
    let text = std::fs::read_to_string(file).ok()?;
    Some(SeenDirective::look(Some(root), &path, text, files, None))
}
