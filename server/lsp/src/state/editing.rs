//! Documents come, change and go; analyses start and come back.

use super::{MOST_ANALYSES, State, now_ms};
use crate::documents::OpenDocument;
use crate::event::{AnalysisDone, Event};
use crate::forging::Order;
use crate::locations::{self, Place};
use hephaestus_core::{ForgeWhen, GoalSettings};
use hephaestus_workspace::packs::concerns_packs;
use hephaestus_workspace::{Change, FileRole, Languages, OpenFile, RuleSets, with_rules_for};
use std::sync::Arc;
use std::time::Instant;
use tower_lsp::ls_types::{DidChangeTextDocumentParams, DidOpenTextDocumentParams, Uri};

impl State {
    pub(super) fn open(&mut self, params: DidOpenTextDocumentParams, now: Instant) {
        let document = params.text_document;
        let roots = self.folders.iter().map(|folder| folder.root.as_path());
        let Some(place) = Place::of(&document.uri, roots) else {
            return tracing::warn!("`{}` cannot be the name of a document", document.uri.as_str());
        };
        let is_test = self.role(&place) == FileRole::Test;
        let folder = place.root.as_ref().and_then(|root| self.folder(root));
        let languages = folder.and_then(|folder| folder.languages).or_else(|| Languages::builtin().ok());
        let Some(languages) = languages else { return tracing::error!("no language is there") };
        let file = OpenFile::new(
            place.path.clone(),
            languages,
            &document.language_id,
            &document.text,
            document.version,
            is_test,
        );
        self.documents.open(document.uri, place, file, now);
    }

    /// What the file at a place is to its folder.
    pub(super) fn role(&self, place: &Place) -> FileRole {
        let roles = place.root.as_ref().and_then(|root| self.roles.get(root));
        roles.map_or(FileRole::Source, |roles| roles.of(&place.path))
    }

    pub(super) fn change(&mut self, params: DidChangeTextDocumentParams, now: Instant) {
        let Some(encoding) = self.facts.as_ref().map(|facts| facts.encoding) else { return };
        let uri = params.text_document.uri;
        let Some(document) = self.documents.get_mut(&uri) else {
            return tracing::warn!("`{}` was edited but is not open", uri.as_str());
        };
        let changes: Vec<Change> = params
            .content_changes
            .into_iter()
            .map(|change| Change {
                range: change
                    .range
                    .map(|range| (locations::own_position(range.start), locations::own_position(range.end))),
                text: change.text,
            })
            .collect();
        self.stats.edits += 1;
        if let Err(error) = document.file.apply(params.text_document.version, &changes, encoding) {
            return tracing::error!("an edit of `{}` is left out: {error}", uri.as_str());
        }
        document.touch(now);
        self.last_key = Some(now);
        self.index_pace.hold();
        self.scheduler.typed(now);
    }

    pub(super) fn save(&mut self, uri: &Uri) {
        let Some(document) = self.documents.get(uri) else {
            return tracing::warn!("`{}` was saved but is not open", uri.as_str());
        };
        let place = document.place.clone();
        let Some(root) = place.root.clone() else { return };
        if place.path.as_str() == "hephaestus.toml" || concerns_packs(&place.path) {
            return self.reconfigure(&root);
        }
        if document.is_directive() {
            return self.look_at_directives_on_disk(&root);
        }
        let is_ours = document.file.language().is_some() && self.role(&place) != FileRole::LeftOut;
        let text = document.file.text();
        let Some(folder) = self.folder_mut(&root).filter(|_| is_ours) else { return };
        let hash = hephaestus_core::ContentHash::of(text.as_bytes());
        if folder.settled.get(&place.path) == Some(&hash) {
            return tracing::debug!("{} is as it was when it was forged last", place.path);
        }
        folder.settled.clear();
        folder.offers.others_changed(&place.path);
        if folder.config.editor.forge == ForgeWhen::OnSave {
            self.order(Order::of_file(root, place.path));
        }
    }

    pub(super) fn close(&mut self, uri: &Uri) {
        let Some(document) = self.documents.close(uri) else {
            return tracing::warn!("`{}` was closed but is not open", uri.as_str());
        };
        // What was edited and not saved is gone: the file on disk counts again.
        if let Some(root) = &document.place.root
            && let Some(indexer) = self.indexers.get(root)
        {
            let _ = indexer.send(vec![document.place.path.clone()]);
        }
        self.closed(&document);
    }

    /// Starts analyses that are due, as many as may run.
    pub(super) fn start_analyses(&mut self, now: Instant) {
        while self.documents.running() < MOST_ANALYSES {
            let Some((uri, due)) = self.documents.next_due(now) else { return };
            if due > now {
                return;
            }
            self.start_analysis(&uri);
        }
    }

    fn start_analysis(&mut self, uri: &Uri) {
        if self.documents.get(uri).is_some_and(OpenDocument::is_directive) {
            return self.look_at_directive(uri);
        }
        let is_left_out =
            self.documents.get(uri).is_some_and(|document| self.role(&document.place) == FileRole::LeftOut);
        let Some(document) = self.documents.get_mut(uri) else { return };
        let (cancel, mut memory) = document.begin();
        let folder = document.place.root.as_ref();
        let folder = folder.and_then(|root| self.folders.iter().find(|folder| folder.root == *root));
        let root = document.place.root.clone();
        let (rules, settings) = folder.map_or_else(
            || (RuleSets::default(), GoalSettings::default()),
            |folder| (folder.rules.clone(), folder.config.goals.clone()),
        );
        let analysis = document.file.begin().filter(|_| !is_left_out);
        let Some(analysis) = analysis else {
            document.running = None;
            let pulls = std::mem::take(&mut document.pulls);
            self.answer_nothing(uri, pulls);
            return self.answer_waiting(uri, Instant::now());
        };
        let language = document.file.language().cloned();
        let (uri, opening, mailbox) = (uri.clone(), document.opening, self.mailbox.clone());
        tokio::task::spawn_blocking(move || {
            let rules = match &language {
                Some(language) => with_rules_for(&rules, root.as_deref(), language),
                None => rules,
            };
            let analysed = analysis.run(&rules, &settings, &mut memory, &cancel);
            mailbox.send(Event::Analysed(Box::new(AnalysisDone { uri, opening, analysed, memory, rules })));
        });
    }

    pub(super) fn analysed(&mut self, done: AnalysisDone, now: Instant) {
        let AnalysisDone { uri, opening, analysed, memory, rules } = done;
        let Some(document) = self.documents.get_mut(&uri).filter(|document| document.opening == opening)
        else {
            return;
        };
        let was_cancelled = document.running.take().is_some_and(|cancel| cancel.is_cancelled());
        document.memory = Some(memory);
        let root = document.place.root.clone();
        let Some(analysed) = analysed else {
            self.stats.analyses_given_up += 1;
            tracing::debug!("the analysis of `{}` was given up", uri.as_str());
            if !was_cancelled {
                // Over the time limit: the next edit is tried again, and questions get what there is.
                let pulls = std::mem::take(&mut document.pulls);
                self.answer_nothing(&uri, pulls);
            }
            return self.answer_waiting(&uri, now);
        };
        self.stats.analyses += 1;
        document.file.adopt(&analysed);
        let (path, hash) = (document.place.path.clone(), analysed.hash.clone());
        document.analysed = Some(Arc::new(analysed));
        if let Some(folder) = root.as_ref().and_then(|root| self.folder_mut(root)) {
            folder.rules = folder.rules.and(&rules);
            let seen = folder.offers.observe(&path, &hash);
            folder.observed(&seen);
            folder.decide(&seen, now_ms());
            for (candidate, kind) in &seen {
                tracing::info!("{candidate} was {}", kind.as_str());
            }
        }
        self.telling.goals_changed();
        self.publish(&uri, now);
        self.publish_behind(&uri);
        self.answer_waiting(&uri, now);
    }

    /// Answers what waited for an analysis, unless the text went on meanwhile.
    pub(super) fn answer_waiting(&mut self, uri: &Uri, now: Instant) {
        let document = self.documents.get_mut(uri).filter(|document| !document.awaits_analysis());
        for ask in document.map(|document| std::mem::take(&mut document.waiting)).unwrap_or_default() {
            self.answer(ask, now);
        }
    }
}
