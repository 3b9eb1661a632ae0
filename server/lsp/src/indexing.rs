//! The index of a folder, grown on a thread of its own at low priority, between keystrokes.

use crate::event::{Event, Mailbox};
use hephaestus_core::{CancelToken, Pace, RelPath};
use hephaestus_workspace::registry::Registry;
use hephaestus_workspace::{
    Config, Encoding, FileFacts, Index, WorkspaceError, lower_priority_of_this_thread,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Files whose facts are told at once.
const BATCH: usize = 200;

/// What an indexer works with.
pub(crate) struct Indexer {
    pub(crate) root: PathBuf,
    pub(crate) config: Config,
    pub(crate) encoding: Encoding,
    pub(crate) registry: Registry,
    /// Holds it back while the user types.
    pub(crate) pace: Pace,
    /// Ends it.
    pub(crate) cancel: CancelToken,
}

/// Starts indexing. Paths sent to what is returned are looked at again; it ends when that is dropped.
pub(crate) fn start(indexer: Indexer, mailbox: Mailbox) -> Sender<Vec<RelPath>> {
    let (sender, changed) = channel();
    let root = indexer.root.clone();
    let body = move || {
        if let Err(error) = indexer.run(&changed, &mailbox) {
            tracing::error!("{} is not indexed: {error}", indexer.root.display());
        }
    };
    if let Err(error) = std::thread::Builder::new().name("index".to_owned()).spawn(body) {
        tracing::error!("{} is not indexed: no thread can be started: {error}", root.display());
    }
    sender
}

impl Indexer {
    fn run(&self, changed: &Receiver<Vec<RelPath>>, mailbox: &Mailbox) -> Result<(), WorkspaceError> {
        lower_priority_of_this_thread();
        let mut index = Index::open(&self.root, &self.config, self.encoding, self.registry.clone())?;
        let mut next = None;
        loop {
            self.refresh(&mut index, next.as_deref(), mailbox)?;
            if self.cancel.is_cancelled() {
                return Ok(());
            }
            mailbox.send(Event::IndexDone(self.root.clone()));
            let Ok(mut paths) = changed.recv() else { return Ok(()) };
            // A branch switch comes in many pieces; what came meanwhile is looked at in one go.
            paths.extend(changed.try_iter().flatten());
            next = Some(paths);
        }
    }

    /// Looks at these paths, or at everything.
    fn refresh(
        &self,
        index: &mut Index,
        paths: Option<&[RelPath]>,
        mailbox: &Mailbox,
    ) -> Result<(), WorkspaceError> {
        let mut batch: Vec<(RelPath, Option<Arc<FileFacts>>)> = Vec::new();
        let send = |batch: &mut Vec<_>| {
            mailbox.send(Event::Indexed(self.root.clone(), std::mem::take(batch)));
        };
        let mut on_file = |path: &RelPath, facts: Option<&Arc<FileFacts>>| {
            batch.push((path.clone(), facts.cloned()));
            if batch.len() >= BATCH {
                send(&mut batch);
            }
        };
        let mut pace = || self.pace.wait(&self.cancel);
        let refreshed = match paths {
            None => index.refresh(&self.cancel, &mut pace, &mut on_file),
            Some(paths) => index.refresh_some(paths, &self.cancel, &mut pace, &mut on_file),
        }?;
        send(&mut batch);
        if self.cancel.is_cancelled() {
            return Ok(());
        }
        let what = if paths.is_some() { "looked again at" } else { "indexed" };
        tracing::info!(
            "{what} {}: {} files parsed, {} remembered, {} unchanged, {} gone",
            self.root.display(),
            refreshed.parsed,
            refreshed.recalled,
            refreshed.unchanged,
            refreshed.removed
        );
        for notice in &refreshed.notices {
            let path = notice.path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
            tracing::debug!("{path}{}", notice.message);
        }
        Ok(())
    }
}
