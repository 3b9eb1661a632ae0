//! The open documents: their texts, what their last analysis found, and when the next one is due.
//!
//! Edits are taken at once and cost nothing else; one analysis is made of whatever the newest version is when it starts.

use crate::event::{Ask, Reply};
use crate::folder::Folder;
use crate::locations::Place;
use hephaestus_core::{CancelToken, ContentHash, RelPath};
use hephaestus_workspace::{Analysed, FileMemory, OpenFile, SeenDirective, directive};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_lsp::ls_types::{DocumentDiagnosticParams, DocumentDiagnosticReportResult, Uri};

/// An analysis starts when nothing was typed for so long …
const QUIET: Duration = Duration::from_millis(3);

/// … or when the oldest unseen edit is so old.
const LONGEST_WAIT: Duration = Duration::from_millis(25);

/// A request for diagnostics that waits for an analysis.
pub(crate) type WaitingPull = (DocumentDiagnosticParams, Reply<DocumentDiagnosticReportResult>);

/// One open document.
pub(crate) struct OpenDocument {
    /// The editor's name for it.
    pub(crate) uri: Uri,
    /// Where it belongs.
    pub(crate) place: Place,
    /// Its text.
    pub(crate) file: OpenFile,
    /// Tells two openings of one document apart.
    pub(crate) opening: u64,
    /// What the newest finished analysis found.
    pub(crate) analysed: Option<Arc<Analysed>>,
    /// What was seen of it last, where it is a directive, and in which version.
    pub(crate) seen: Option<(i32, Arc<SeenDirective>)>,
    /// What its analyses remember from one to the next; away while one is running.
    pub(crate) memory: Option<FileMemory>,
    /// Stops the running analysis.
    pub(crate) running: Option<CancelToken>,
    /// The oldest and the newest edit that no analysis has seen.
    unseen: Option<(Instant, Instant)>,
    /// Questions that the next analysis answers.
    pub(crate) pulls: Vec<WaitingPull>,
    /// Other questions that wait for it.
    pub(crate) waiting: Vec<Ask>,
    /// Whether what was sent about it is out of date although the text is the same.
    pub(crate) is_outdated: bool,
    /// Whether what earlier analyses remember no longer holds.
    forgets: bool,
}

impl OpenDocument {
    pub(crate) fn new(uri: Uri, place: Place, file: OpenFile, opening: u64, now: Instant) -> Self {
        // What is opened is looked at without delay.
        let unseen = now.checked_sub(LONGEST_WAIT).unwrap_or(now);
        Self {
            uri,
            place,
            file,
            opening,
            analysed: None,
            seen: None,
            memory: Some(FileMemory::default()),
            running: None,
            unseen: Some((unseen, unseen)),
            pulls: Vec::new(),
            waiting: Vec::new(),
            is_outdated: false,
            forgets: false,
        }
    }

    /// Notes an edit, or anything else after which the document has to be looked at again.
    pub(crate) fn touch(&mut self, now: Instant) {
        let first = self.unseen.map_or(now, |(first, _)| first);
        self.unseen = Some((first, now));
    }

    /// Notes that what it is looked at with has changed: nothing is remembered, and it is looked at at once.
    pub(crate) fn look_again(&mut self, now: Instant) {
        if let Some(running) = &self.running {
            running.cancel();
        }
        self.forgets = true;
        let past = now.checked_sub(LONGEST_WAIT).unwrap_or(now);
        self.unseen = Some((past, past));
    }

    /// When its next analysis is due; `None` while one is running or nothing is to be seen.
    pub(crate) fn due(&self) -> Option<Instant> {
        let (first, last) = self.unseen.filter(|_| self.running.is_none())?;
        Some((last + QUIET).min(first + LONGEST_WAIT))
    }

    /// Notes that an analysis of the newest text starts; what stops it, and what it may remember.
    pub(crate) fn begin(&mut self) -> (CancelToken, FileMemory) {
        let cancel = CancelToken::new();
        self.unseen = None;
        self.running = Some(cancel.clone());
        let memory = self.memory.take().filter(|_| !self.forgets);
        self.forgets = false;
        (cancel, memory.unwrap_or_default())
    }

    /// The hash of its text as it is now.
    pub(crate) fn hash(&self) -> ContentHash {
        let analysed = self.current().map(|analysed| analysed.hash.clone());
        analysed.unwrap_or_else(|| ContentHash::of(self.file.text().as_bytes()))
    }

    /// What is known of the newest version; `None` when nothing is yet.
    pub(crate) fn current(&self) -> Option<&Arc<Analysed>> {
        self.analysed.as_ref().filter(|analysed| analysed.version == self.file.version() && !self.is_behind())
    }

    /// Whether it is a directive, by its name.
    pub(crate) fn is_directive(&self) -> bool {
        directive::is_directive(&self.place.path)
    }

    /// What is known of the newest version of a directive; `None` for what is none, and when nothing is yet.
    pub(crate) fn current_directive(&self) -> Option<&Arc<SeenDirective>> {
        let (version, seen) = self.seen.as_ref()?;
        (*version == self.file.version() && !self.is_behind()).then_some(seen)
    }

    /// Whether everything is known of the newest version that can be.
    pub(crate) fn is_known(&self) -> bool {
        self.current().is_some() || self.current_directive().is_some()
    }

    /// Whether an analysis is under way or to come.
    pub(crate) fn awaits_analysis(&self) -> bool {
        (self.file.language().is_some() || self.is_directive()) && self.is_behind()
    }

    fn is_behind(&self) -> bool {
        self.running.is_some() || self.unseen.is_some()
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Documents {
    by_uri: HashMap<Uri, OpenDocument>,
    openings: u64,
}

impl Documents {
    pub(crate) fn get(&self, uri: &Uri) -> Option<&OpenDocument> {
        self.by_uri.get(uri)
    }

    pub(crate) fn get_mut(&mut self, uri: &Uri) -> Option<&mut OpenDocument> {
        self.by_uri.get_mut(uri)
    }

    /// The document of a file in a folder.
    pub(crate) fn at(&self, root: &Path, path: &RelPath) -> Option<&OpenDocument> {
        self.all()
            .find(|document| document.place.root.as_deref() == Some(root) && document.place.path == *path)
    }

    /// The hash of a file's text as it is now: in the editor where it is open there, else as it was last read.
    pub(crate) fn hash_of(&self, folder: &Folder, path: &RelPath) -> Option<ContentHash> {
        let open = self.at(&folder.root, path).map(OpenDocument::hash);
        open.or_else(|| folder.facts.get(path).map(|facts| facts.hash.clone()))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &OpenDocument> {
        self.by_uri.values()
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut OpenDocument> {
        self.by_uri.values_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_uri.len()
    }

    /// Takes a document in; one that was open under the same name is replaced.
    pub(crate) fn open(&mut self, uri: Uri, place: Place, file: OpenFile, now: Instant) {
        self.close(&uri);
        self.openings += 1;
        let document = OpenDocument::new(uri.clone(), place, file, self.openings, now);
        self.by_uri.insert(uri, document);
    }

    /// Lets a document go.
    pub(crate) fn close(&mut self, uri: &Uri) -> Option<OpenDocument> {
        let document = self.by_uri.remove(uri)?;
        if let Some(running) = &document.running {
            running.cancel();
        }
        Some(document)
    }

    /// The document that is to be analysed next, with the time it is due: the one edited last goes first.
    pub(crate) fn next_due(&self, now: Instant) -> Option<(Uri, Instant)> {
        let due = self.by_uri.values().filter_map(|document| Some((document, document.due()?)));
        let (ripe, later): (Vec<_>, Vec<_>) = due.partition(|(_, at)| *at <= now);
        let newest = |(document, _): &&(&OpenDocument, Instant)| document.unseen.map(|(_, last)| last);
        let next = ripe.iter().max_by_key(newest).or_else(|| later.iter().min_by_key(|(_, at)| *at));
        next.map(|(document, at)| (document.uri.clone(), *at))
    }

    /// How many analyses are running.
    pub(crate) fn running(&self) -> usize {
        self.by_uri.values().filter(|document| document.running.is_some()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_workspace::Languages;

    fn languages() -> &'static Languages {
        Languages::builtin().unwrap()
    }

    fn document(now: Instant) -> (Documents, Uri) {
        let mut documents = Documents::default();
        let uri: Uri = "file:///w/a.py".parse().unwrap();
        let path = RelPath::new("a.py").unwrap();
        let file = OpenFile::new(path.clone(), languages(), "python", "x = 1\n", 1, false);
        documents.open(uri.clone(), Place { root: None, path }, file, now);
        (documents, uri)
    }

    #[test]
    fn a_burst_waits_for_its_end_but_not_for_ever() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let (mut documents, uri) = document(start);
        let document = documents.get_mut(&uri).unwrap();
        assert!(document.due().unwrap() <= start, "what is opened is looked at at once");
        document.begin();
        assert_eq!(document.due(), None, "one analysis at a time");
        document.running = None;
        assert_eq!(document.due(), None, "nothing new");
        document.touch(at(10));
        document.touch(at(12));
        assert_eq!(document.due(), Some(at(15)));
        (13..60).for_each(|ms| document.touch(at(ms)));
        assert_eq!(document.due(), Some(at(35)));
        assert_eq!(documents.next_due(at(20)), Some((uri, at(35))));
    }

    #[test]
    fn opening_again_and_closing_stop_what_is_running() {
        let now = Instant::now();
        let (mut documents, uri) = document(now);
        let (cancel, _) = documents.get_mut(&uri).unwrap().begin();
        let first = documents.get(&uri).unwrap().opening;
        let path = RelPath::new("a.py").unwrap();
        let file = OpenFile::new(path.clone(), languages(), "python", "", 7, false);
        documents.open(uri.clone(), Place { root: None, path }, file, now);
        assert!(cancel.is_cancelled());
        assert_ne!(documents.get(&uri).unwrap().opening, first);
        assert_eq!(documents.running(), 0);
        assert!(documents.close(&uri).is_some() && documents.close(&uri).is_none());
    }
}
