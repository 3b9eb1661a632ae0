//! Folders, settings, files on disk: everything around the documents.

use super::{Question, State};
use crate::client_facts::ClientFacts;
use crate::folder::{self, Folder, Opened};
use crate::indexing::{self, Indexer};
use crate::locations::{self, Place};
use crate::trust::Trust;
use hephaestus_core::RelPath;
use hephaestus_workspace::packs::concerns_packs;
use hephaestus_workspace::{FileFacts, FileRoles};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_lsp::jsonrpc::{self, Id};
use tower_lsp::ls_types::request::{RegisterCapability, Request, WorkspaceConfiguration};
use tower_lsp::ls_types::{
    ApplyWorkspaceEditResponse, ConfigurationItem, ConfigurationParams, FileEvent, Registration,
    RegistrationParams, Uri, WorkspaceFoldersChangeEvent,
};

/// Changes on disk are looked at when there were none for so long: a branch switch is one change.
pub(super) const WATCH_QUIET: Duration = Duration::from_millis(200);

/// The section of the editor's settings that is ours.
const SECTION: &str = "hephaestus";

impl State {
    pub(super) fn initialize(&mut self, facts: ClientFacts) {
        tracing::info!("{} is here; positions in {:?}", facts.name, facts.encoding);
        self.settings = own_section(&facts.settings);
        let folders = facts.folders.clone();
        self.facts = Some(facts);
        for (uri, _) in folders {
            self.add_folder(&uri);
        }
    }

    pub(super) fn initialized(&mut self) {
        let Some(facts) = self.facts.clone() else { return };
        let mut registrations = Vec::new();
        if facts.watches_files {
            let watchers = json!({"watchers": [{"globPattern": "**/*"}]});
            registrations.push(registration("workspace/didChangeWatchedFiles", watchers));
        }
        if facts.registers_configuration {
            registrations.push(registration("workspace/didChangeConfiguration", json!({"section": SECTION})));
        }
        if !registrations.is_empty() {
            let params = RegistrationParams { registrations };
            self.ask_editor::<RegisterCapability>(&params, Question::Other("registration"));
        }
        self.ask_for_settings();
        for root in self.folders.iter().map(|folder| folder.root.clone()).collect::<Vec<_>>() {
            folder::open_elsewhere(root, self.settings.clone(), self.mailbox.clone());
        }
    }

    /// Sends a request; what its answer is about is kept.
    pub(super) fn ask_editor<R: Request>(&mut self, params: &R::Params, question: Question) {
        let id = self.outbox.request::<R>(params);
        self.questions.insert(id, question);
    }

    fn ask_for_settings(&mut self) {
        if self.facts.as_ref().is_some_and(|facts| facts.answers_configuration) {
            let item = ConfigurationItem { scope_uri: None, section: Some(SECTION.to_owned()) };
            let params = ConfigurationParams { items: vec![item] };
            self.ask_editor::<WorkspaceConfiguration>(&params, Question::Configuration);
        }
    }

    /// The editor's settings changed; it may have sent them, or wants to be asked.
    pub(super) fn configuration(&mut self, settings: Value) {
        let own = own_section(&settings);
        if own.is_object() {
            self.set_settings(own);
        } else {
            self.ask_for_settings();
        }
    }

    fn set_settings(&mut self, settings: Value) {
        if self.settings == settings {
            return;
        }
        self.settings = settings;
        for root in self.folders.iter().map(|folder| folder.root.clone()).collect::<Vec<_>>() {
            self.reconfigure(&root);
        }
    }

    /// Reads a folder's configuration again, and does again what depends on it.
    pub(super) fn reconfigure(&mut self, root: &Path) {
        folder::open_elsewhere(root.to_owned(), self.settings.clone(), self.mailbox.clone());
    }

    pub(super) fn answered(&mut self, id: &Id, answer: jsonrpc::Result<Value>) {
        let Id::String(id) = id else { return tracing::debug!("an answer to nothing: {id}") };
        let Some(question) = self.questions.remove(id) else {
            return tracing::debug!("an answer to nothing: {id}");
        };
        match (question, answer) {
            (Question::Configuration, Ok(Value::Array(mut answers))) if !answers.is_empty() => {
                // An editor without settings of ours says `null` or `{}`: then those it came with hold.
                let answer = answers.swap_remove(0);
                let has_some = answer.as_object().is_some_and(|settings| !settings.is_empty());
                let first =
                    || self.facts.as_ref().map(|facts| own_section(&facts.settings)).unwrap_or_default();
                let settings = if has_some { answer } else { first() };
                self.set_settings(settings);
            }
            (Question::Configuration, Ok(_)) => {}
            (Question::Trust(root), Ok(answer)) => self.trust_answered(&root, &answer),
            (Question::Edit(what), Ok(answer)) => {
                let answer: Option<ApplyWorkspaceEditResponse> = serde_json::from_value(answer).ok();
                if !answer.as_ref().is_some_and(|answer| answer.applied) {
                    let reason = answer.and_then(|answer| answer.failure_reason).unwrap_or_default();
                    self.say_error(&format!("The editor did not make the change ({what}). {reason}"));
                }
            }
            (Question::Directive(run), Ok(answer)) => self.directive_answered(run, &answer),
            (Question::DirectiveEdit(run), Ok(answer)) => {
                let answer: Option<ApplyWorkspaceEditResponse> = serde_json::from_value(answer).ok();
                self.directive_applied(*run, answer.is_some_and(|answer| answer.applied));
            }
            (Question::Directive(_), Err(error)) => tracing::warn!("nobody said what to do: {error}"),
            (Question::DirectiveEdit(run), Err(error)) => {
                tracing::warn!("{error}");
                self.directive_applied(*run, false);
            }
            (Question::Other(_), Ok(_)) => {}
            (Question::Trust(_), Err(error)) => tracing::warn!("nobody said whether to trust: {error}"),
            (Question::Configuration, Err(error)) => tracing::warn!("no settings: {error}"),
            (Question::Edit(what), Err(error)) => {
                self.say_error(&format!("The editor did not make the change ({what}): {error}"));
            }
            (Question::Other(what), Err(error)) => tracing::debug!("{what}: {error}"),
        }
    }

    fn add_folder(&mut self, uri: &Uri) {
        let Some(named) = locations::file_of(uri) else {
            return tracing::warn!(
                "`{}` is no folder on disk; its documents are only looked at",
                uri.as_str()
            );
        };
        let root = PathBuf::from_iter(named.components());
        if self.folder(&root).is_some() {
            return;
        }
        let trust = match self.facts.as_ref().and_then(|facts| facts.trusted) {
            Some(true) => Some(Trust::Trusted),
            Some(false) => Some(Trust::Untrusted),
            None => self.trust_file.get(&root),
        };
        if trust == Some(Trust::Untrusted) {
            tracing::info!("{} is not trusted: nothing is run in it", root.display());
        }
        self.folders.push(Folder::new(root, trust));
    }

    pub(super) fn change_folders(&mut self, change: WorkspaceFoldersChangeEvent) {
        for folder in change.removed {
            let Some(root) = locations::file_of(&folder.uri) else { continue };
            let root = PathBuf::from_iter(root.components());
            if let Some(gone) = self.folder(&root) {
                gone.cancel.cancel();
            }
            self.scheduler.forget(&root);
            self.indexers.remove(&root);
            self.roles.remove(&root);
            self.folders.retain(|folder| folder.root != root);
        }
        for folder in change.added {
            self.add_folder(&folder.uri);
            let added = self.folders.last().map(|folder| folder.root.clone());
            if let Some(root) = added.filter(|root| !self.roles.contains_key(root)) {
                folder::open_elsewhere(root, self.settings.clone(), self.mailbox.clone());
            }
        }
        self.find_places();
    }

    /// Tells documents anew where they belong.
    fn find_places(&mut self) {
        let roots: Vec<PathBuf> = self.folders.iter().map(|folder| folder.root.clone()).collect();
        for document in self.documents.all_mut() {
            if let Some(place) = Place::of(&document.uri, roots.iter().map(PathBuf::as_path))
                && place != document.place
            {
                document.file = document.file.moved(place.path.clone());
                document.place = place;
                document.look_again(Instant::now());
            }
        }
    }

    /// A folder's configuration and memory are there: everything that depends on them starts anew.
    pub(super) fn folder_opened(&mut self, root: &Path, opened: Opened, now: Instant) {
        // Whoever changed the settings since has it opened again, and the two may end in either order.
        if opened.settings != self.settings {
            return;
        }
        let (index_pace, mailbox) = (self.index_pace.clone(), self.mailbox.clone());
        let Some(encoding) = self.facts.as_ref().map(|facts| facts.encoding) else { return };
        let Some(folder) = self.folders.iter_mut().find(|folder| folder.root == root) else { return };
        folder.cancel.cancel();
        folder.take(opened);
        folder.cancel = hephaestus_core::CancelToken::new();
        folder.is_indexed = folder.registry.is_none();
        let languages = folder.languages;
        if let Some(languages) = languages {
            self.roles.insert(root.to_owned(), FileRoles::new(&folder.config, languages));
        }
        if let Some(registry) = folder.registry.clone() {
            let indexer = Indexer {
                root: root.to_owned(),
                config: folder.config.clone(),
                encoding,
                registry,
                pace: index_pace,
                cancel: folder.cancel.clone(),
            };
            self.indexers.insert(root.to_owned(), indexing::start(indexer, mailbox));
        }
        let in_folder =
            self.documents.all_mut().filter(|document| document.place.root.as_deref() == Some(root));
        for document in in_folder {
            if let Some(languages) = languages {
                document.file = document.file.among(languages);
            }
            document.look_again(now);
        }
        self.order_kept(root);
        self.publish_configuration(root);
        self.publish_packs(root);
        self.refresh(root);
    }

    pub(super) fn indexed(&mut self, root: &Path, files: Vec<(RelPath, Option<Arc<FileFacts>>)>) {
        let Some(folder) = self.folder_mut(root) else { return };
        for (path, facts) in files {
            match facts {
                Some(facts) => folder.facts.insert(path, facts),
                None => folder.facts.remove(&path),
            };
        }
    }

    pub(super) fn index_done(&mut self, root: &Path) {
        if let Some(folder) = self.folder_mut(root) {
            folder.is_indexed = true;
            self.refresh(root);
            self.look_at_directives_again(root);
        }
    }

    pub(super) fn watched(&mut self, changes: &[FileEvent], now: Instant) {
        for change in changes {
            let roots = self.folders.iter().map(|folder| folder.root.as_path());
            let Some(place) = Place::of(&change.uri, roots) else { continue };
            let Some(root) = place.root else { continue };
            if super::directives::concerns_directives(&place.path) {
                self.directives_changed(&root, now);
            }
            let is_own_memory = place.path.components().next() == Some(".hephaestus");
            if !is_own_memory || concerns_packs(&place.path) {
                self.watched.entry(root).or_default().insert(place.path);
                self.watched_at = Some(now);
            }
        }
    }

    /// Passes changes on disk on, once they have come to rest.
    pub(super) fn tell_watched(&mut self, now: Instant) {
        if self.watched_at.is_none_or(|at| now < at + WATCH_QUIET) {
            return;
        }
        self.watched_at = None;
        for (root, paths) in std::mem::take(&mut self.watched) {
            tracing::info!("{} files changed on disk in {}", paths.len(), root.display());
            if let Some(folder) = self.folder_mut(&root) {
                folder.settled.clear();
            }
            let has_rules = root.join("sgconfig.yml").exists() || root.join("sgconfig.yaml").exists();
            let decides = |path: &RelPath| {
                path.as_str() == "hephaestus.toml"
                    || path.file_name().starts_with("sgconfig.")
                    || concerns_packs(path)
                    || has_rules && matches!(path.extension(), Some("yml" | "yaml"))
            };
            if paths.iter().any(decides) {
                self.reconfigure(&root);
            } else if let Some(indexer) = self.indexers.get(&root) {
                let _ = indexer.send(paths.into_iter().collect());
            }
        }
    }

    /// Lets indexers go on when nothing was typed for a while.
    pub(super) fn release_indexers(&mut self, now: Instant) {
        let is_quiet = self.last_key.is_none_or(|at| now >= at + self.yield_for());
        if self.index_pace.is_held() && is_quiet {
            self.index_pace.release();
        }
    }
}

fn registration(method: &str, options: Value) -> Registration {
    Registration {
        id: format!("hephaestus/{method}"),
        method: method.to_owned(),
        register_options: Some(options),
    }
}

/// Editors send the section by itself, or inside what they call all settings.
fn own_section(settings: &Value) -> Value {
    settings.get(SECTION).unwrap_or(settings).clone()
}
