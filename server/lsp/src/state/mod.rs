//! The one owner of everything: events go in, messages and jobs go out. Every turn is short; what takes time is done
//! elsewhere on snapshots and comes back as an event.

mod answers;
mod directives;
mod editing;
mod executing;
mod forges;
mod settings;
mod telling;

use crate::client_facts::ClientFacts;
use crate::documents::Documents;
use crate::event::{Event, Mailbox, Stats};
use crate::features::View;
use crate::folder::Folder;
use crate::forging::{RunDirective, Scheduler};
use crate::outbox::Outbox;
use crate::trust::TrustFile;
use hephaestus_core::{Pace, RelPath};
use hephaestus_workspace::{FileRoles, HelperCommand};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};
use tower_lsp::ls_types::Uri;

/// Turns that take longer are logged.
const SLOW_TURN: Duration = Duration::from_millis(50);

/// How long a run may take to end when the server does.
const LAST_RUN: Duration = Duration::from_secs(3);

/// Analyses that may run at the same time.
const MOST_ANALYSES: usize = 2;

/// What we asked the editor, by the id of the request.
enum Question {
    /// Its settings.
    Configuration,
    /// Whether the user trusts a folder.
    Trust(PathBuf),
    /// To make a change.
    Edit(String),
    /// Whether to make the change that a directive's run proved.
    Directive(Box<RunDirective>),
    /// To make that change.
    DirectiveEdit(Box<RunDirective>),
    /// Anything whose answer changes nothing.
    Other(&'static str),
}

/// Everything the server knows.
pub(crate) struct State {
    outbox: Outbox,
    mailbox: Mailbox,
    helper: HelperCommand,
    trust_file: TrustFile,
    facts: Option<ClientFacts>,
    /// The editor's settings.
    settings: Value,
    folders: Vec<Folder>,
    /// What files are, by folder.
    roles: HashMap<PathBuf, FileRoles>,
    /// The indexers' ears.
    indexers: HashMap<PathBuf, Sender<Vec<RelPath>>>,
    /// Holds indexers back.
    index_pace: Pace,
    documents: Documents,
    scheduler: Scheduler,
    questions: HashMap<String, Question>,
    stats: Stats,
    telling: telling::Telling,
    /// Files that changed on disk, by folder, and when that was told last.
    watched: HashMap<PathBuf, BTreeSet<RelPath>>,
    watched_at: Option<Instant>,
    /// Files whose diagnostics were sent although they are not open.
    told_closed: HashSet<Uri>,
    last_key: Option<Instant>,
    /// Ends when the thread of the last run does.
    forge_end: Option<Receiver<()>>,
    /// Why the last run came to nothing, if it did.
    failure: Option<String>,
    /// Why things are run with less protection than could be, as the last run saw.
    degraded: Option<String>,
}

impl State {
    pub(crate) fn new(outbox: Outbox, mailbox: Mailbox, helper: HelperCommand) -> Self {
        Self {
            outbox,
            mailbox,
            helper,
            trust_file: TrustFile::of_user(),
            facts: None,
            settings: Value::Null,
            folders: Vec::new(),
            roles: HashMap::new(),
            indexers: HashMap::new(),
            index_pace: Pace::default(),
            documents: Documents::default(),
            scheduler: Scheduler::default(),
            questions: HashMap::new(),
            stats: Stats::default(),
            telling: telling::Telling::default(),
            watched: HashMap::new(),
            watched_at: None,
            told_closed: HashSet::new(),
            last_key: None,
            forge_end: None,
            failure: None,
            degraded: None,
        }
    }

    /// Takes one event.
    pub(crate) fn handle(&mut self, event: Event, now: Instant) {
        let name = event.name();
        let started = Instant::now();
        match event {
            Event::Initialize(facts) => self.initialize(*facts),
            Event::Initialized => self.initialized(),
            Event::Open(params) => self.open(params, now),
            Event::Change(params) => self.change(params, now),
            Event::Save(params) => self.save(&params.text_document.uri),
            Event::Close(uri) => self.close(&uri),
            Event::Watched(changes) => self.watched(&changes, now),
            Event::Folders(change) => self.change_folders(change),
            Event::Configuration(settings) => self.configuration(settings),
            Event::CancelProgress(token) => self.cancel_progress(&token),
            Event::Answered { id, answer } => self.answered(&id, answer),
            Event::Ask(ask) => self.answer(ask, now),
            Event::Analysed(done) => self.analysed(*done, now),
            Event::DirectiveSeen(done) => self.directive_seen(*done, now),
            Event::DirectivesSeen(root, seen) => self.directives_seen(&root, seen),
            Event::FolderOpened(root, opened) => self.folder_opened(&root, *opened, now),
            Event::Indexed(root, files) => self.indexed(&root, files),
            Event::IndexDone(root) => self.index_done(&root),
            Event::Forge(number, news) => self.forge_news(number, news),
        }
        let took = started.elapsed();
        if took > SLOW_TURN {
            self.stats.slow_turns += 1;
            tracing::warn!("slow turn: {name} took {} ms", took.as_millis());
        }
    }

    /// Starts what is due, once all events that were there are taken.
    pub(crate) fn settle(&mut self, now: Instant) {
        self.start_analyses(now);
        self.release_indexers(now);
        self.tell_watched(now);
        self.start_forge(now);
        self.tell(now);
    }

    /// When to settle again although nothing happens; `None` to wait for the next event.
    pub(crate) fn wake(&self, now: Instant) -> Option<Instant> {
        let analysis = (self.documents.running() < MOST_ANALYSES)
            .then(|| self.documents.next_due(now))
            .flatten()
            .map(|(_, at)| at);
        let all = [
            analysis,
            self.scheduler.wake(now, self.yield_for()),
            self.watched_at.map(|at| at + settings::WATCH_QUIET),
            self.last_key.filter(|_| self.index_pace.is_held()).map(|at| at + self.yield_for()),
            self.telling.wake(),
        ];
        all.into_iter().flatten().min()
    }

    /// Nothing is started within this time after a keystroke.
    fn yield_for(&self) -> Duration {
        let longest = self.folders.iter().map(|folder| folder.config.editor.yield_ms).max();
        Duration::from_millis(longest.unwrap_or(500))
    }

    fn folder(&self, root: &Path) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.root == root)
    }

    fn folder_mut(&mut self, root: &Path) -> Option<&mut Folder> {
        self.folders.iter_mut().find(|folder| folder.root == root)
    }

    /// An open document with everything about it; `None` when it is not open or was never analysed.
    fn view(&self, uri: &Uri) -> Option<View<'_>> {
        let document = self.documents.get(uri)?;
        let folder = document.place.root.as_ref().and_then(|root| self.folder(root));
        let (facts, analysed) = (self.facts.as_ref()?, document.analysed.as_deref()?);
        Some(View { facts, folder, documents: &self.documents, document, analysed })
    }

    /// The same, but only when the analysis is that of the newest text.
    fn current_view(&self, uri: &Uri) -> Option<View<'_>> {
        self.documents.get(uri)?.current()?;
        self.view(uri)
    }
}

impl Drop for State {
    /// What runs has to end with us.
    fn drop(&mut self) {
        self.scheduler.cancel();
        for folder in &self.folders {
            folder.cancel.cancel();
        }
        // Its sandbox cleans up behind itself, given a moment.
        if let Some(end) = &self.forge_end {
            let _ = end.recv_timeout(LAST_RUN);
        }
    }
}

/// Milliseconds since the Unix epoch.
fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
