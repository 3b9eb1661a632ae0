//! The index: the goals of every source file of a workspace, also of those that were never opened.
//!
//! Files are read one after the other; what is kept of each is a few facts, never its text or tree. Facts are also kept
//! in the registry's cache under a key of everything they were derived from, so that a later start reads files but parses
//! none that it has seen before. Nothing here starts threads: whoever refreshes decides when it may go on.

mod facts;
#[cfg(test)]
mod tests;

use crate::config::Config;
use crate::discovery::{Finder, Scope, Source};
use crate::editing::with_rules_for;
use crate::open::{WorkspaceError, user_rules};
use crate::packs::languages_of;
use hephaestus_core::{CancelToken, ContentHash, GoalSettings, Notice, RelPath, SourceFile};
use hephaestus_goals::propose_in_file;
use hephaestus_registry::Registry;
use hephaestus_syntax::{Encoding, Languages, Parsed, RuleSets};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use facts::{FileFacts, GoalFact};
use facts::{Names, context};

/// The cache's namespace.
const NAMESPACE: &str = "facts";
/// Bytes of text that are held at once, give or take the last file.
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// Files that are looked up in the cache at once.
const BATCH_FILES: usize = 128;
/// New facts that are written to the cache at once.
const UNSAVED: usize = 256;
/// From so many changed paths on, looking at everything is cheaper.
const MOST_PATHS: usize = 256;
/// Files that decide which other files there are.
const IGNORE_FILES: &[&str] = &[".gitignore", ".ignore"];

/// Facts about the files of one workspace.
pub struct Index {
    root: PathBuf,
    settings: GoalSettings,
    encoding: Encoding,
    languages: &'static Languages,
    cache: Registry,
    /// Hash of everything but the file that facts depend on.
    context: ContentHash,
    rules: RuleSets,
    names: Names,
    files: BTreeMap<RelPath, Arc<FileFacts>>,
}

/// Is told each file whose facts are new or changed, and `None` for each file that is gone.
pub type OnFile<'a> = dyn FnMut(&RelPath, Option<&Arc<FileFacts>>) + 'a;

/// What a refresh did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Files whose facts are as before.
    pub unchanged: usize,
    /// Files whose facts came from the cache.
    pub recalled: usize,
    /// Files that were parsed.
    pub parsed: usize,
    /// Files that are gone.
    pub removed: usize,
    /// Files that could not be read or parsed, and other things the user should know.
    pub notices: Vec<Notice>,
    /// Whether it was cancelled before it had seen everything.
    pub cancelled: bool,
}

/// A file that was read and whose facts are still to be had.
struct Pending<'a> {
    source: Source<'a>,
    hash: ContentHash,
    key: String,
}

/// One refresh under way.
struct Pass<'a> {
    cancel: &'a CancelToken,
    pace: &'a mut dyn FnMut(),
    on_file: &'a mut OnFile<'a>,
    report: Refreshed,
    seen: HashSet<RelPath>,
    unsaved: Vec<(String, Vec<u8>)>,
}

impl Index {
    /// An empty index of the workspace at `root`: [`refresh`](Self::refresh) fills it. Positions count in `encoding`.
    /// The user's own rules are read now; when they or the settings change, open a new index.
    ///
    /// # Errors
    /// When a glob of the settings is malformed, or our own data is.
    pub fn open(
        root: &Path,
        config: &Config,
        encoding: Encoding,
        cache: Registry,
    ) -> Result<Self, WorkspaceError> {
        let languages = languages_of(Some(root))?;
        let settings = config.goals.clone();
        let users = user_rules(root, &mut Vec::new());
        let index = Self {
            root: root.to_owned(),
            context: context(&settings, encoding, languages, &users),
            settings,
            encoding,
            languages,
            cache,
            rules: RuleSets::default(),
            names: Names::default(),
            files: BTreeMap::new(),
        };
        index.finder()?;
        Ok(index)
    }

    /// The facts about a file.
    #[must_use]
    pub fn file(&self, path: &RelPath) -> Option<&Arc<FileFacts>> {
        self.files.get(path)
    }

    /// All files with their facts, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&RelPath, &Arc<FileFacts>)> {
        self.files.iter()
    }

    /// Looks at every source file of the workspace. `pace` is called between files and may block. A cancelled refresh
    /// keeps what it had found; files that are gone leave the index only when everything was seen.
    ///
    /// # Errors
    /// When a glob of the settings is malformed.
    pub fn refresh<'a>(
        &mut self,
        cancel: &'a CancelToken,
        pace: &'a mut dyn FnMut(),
        on_file: &'a mut OnFile<'a>,
    ) -> Result<Refreshed, WorkspaceError> {
        let finder = self.finder()?;
        let mut pass = Pass::new(cancel, pace, on_file);
        self.take_all(&finder, finder.walk(), &mut pass);
        Ok(self.finish(pass, |_| true))
    }

    /// The same for files and folders that are said to have changed, appeared or gone. A file that is excluded or ignored
    /// is no part of the index, whoever names it.
    ///
    /// # Errors
    /// When a glob of the settings is malformed.
    pub fn refresh_some<'a>(
        &mut self,
        paths: &[RelPath],
        cancel: &'a CancelToken,
        pace: &'a mut dyn FnMut(),
        on_file: &'a mut OnFile<'a>,
    ) -> Result<Refreshed, WorkspaceError> {
        if paths.len() > MOST_PATHS || paths.iter().any(|path| IGNORE_FILES.contains(&path.file_name())) {
            return self.refresh(cancel, pace, on_file);
        }
        let finder = self.finder()?;
        let mut pass = Pass::new(cancel, pace, on_file);
        self.take_all(&finder, finder.walk_at(paths), &mut pass);
        Ok(self.finish(pass, |path| paths.iter().any(|named| path.is_within(named))))
    }

    fn finder(&self) -> Result<Finder<'static>, WorkspaceError> {
        let scope = Scope { root: &self.root, exclude: &self.settings.exclude };
        Finder::new(&scope, self.languages).map_err(|error| WorkspaceError::Glob(error.to_string()))
    }

    fn take_all(
        &mut self,
        finder: &Finder<'static>,
        found: impl Iterator<Item = Result<RelPath, Notice>>,
        pass: &mut Pass<'_>,
    ) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for found in found {
            if pass.stops() {
                break;
            }
            (pass.pace)();
            match found.and_then(|path| finder.read(path)) {
                Ok(Some(source)) => {
                    bytes += source.text.len();
                    batch.extend(self.pending(source, pass));
                }
                Ok(None) => {}
                Err(notice) => pass.report.notices.push(notice),
            }
            if batch.len() >= BATCH_FILES || bytes >= BATCH_BYTES {
                self.settle(std::mem::take(&mut batch), pass);
                bytes = 0;
            }
        }
        self.settle(batch, pass);
        self.save(pass);
    }

    /// A file whose facts have to be had anew; `None` when they are known.
    fn pending<'a>(&self, source: Source<'a>, pass: &mut Pass<'_>) -> Option<Pending<'a>> {
        let hash = ContentHash::of(source.text.as_bytes());
        pass.seen.insert(source.path.clone());
        if self.files.get(&source.path).is_some_and(|facts| facts.hash == hash) {
            pass.report.unchanged += 1;
            return None;
        }
        // Ids of goals and the reach of rules depend on the path too.
        let parts =
            [self.context.as_str(), source.path.as_str(), source.language.id().as_str(), hash.as_str()];
        let key = ContentHash::of_parts(parts).as_str().to_owned();
        Some(Pending { source, hash, key })
    }

    /// Finds the facts of a batch: in the cache, else in the text.
    fn settle(&mut self, batch: Vec<Pending<'_>>, pass: &mut Pass<'_>) {
        let keys: Vec<String> = batch.iter().map(|pending| pending.key.clone()).collect();
        let cached = self.cache.cache_get_many(NAMESPACE, &keys).unwrap_or_else(|error| {
            tracing::debug!("facts are not recalled: {error}");
            Vec::new()
        });
        let cached = cached.into_iter().chain(std::iter::repeat(None));
        for (pending, cached) in batch.into_iter().zip(cached) {
            if pass.stops() {
                return;
            }
            let recalled = cached.and_then(|bytes| self.names.decode(pending.hash.clone(), &bytes));
            let path = pending.source.path.clone();
            let facts = match recalled {
                Some(facts) => {
                    pass.report.recalled += 1;
                    facts
                }
                None => match self.derive(pending, pass) {
                    Some(facts) => facts,
                    None => continue,
                },
            };
            let facts = Arc::new(facts);
            self.files.insert(path.clone(), Arc::clone(&facts));
            (pass.on_file)(&path, Some(&facts));
        }
    }

    /// Parses a file and looks for goals; `None` when it cannot be parsed in time.
    fn derive(&mut self, pending: Pending<'_>, pass: &mut Pass<'_>) -> Option<FileFacts> {
        let Pending { source: Source { path, language, text, is_test }, hash, key } = pending;
        // What looks at one file alone proposes nothing in tests unless that is wanted.
        if is_test && !self.settings.include_tests {
            return Some(FileFacts { hash, goals: Vec::new() });
        }
        (pass.pace)();
        self.rules = with_rules_for(&self.rules, Some(&self.root), language.id());
        let file = Arc::new(SourceFile {
            path,
            language: language.id().clone(),
            text: text.into(),
            hash: hash.clone(),
            is_test,
        });
        let Some(parsed) = Parsed::with_cancel(language, Arc::clone(&file), pass.cancel) else {
            pass.seen.remove(&file.path);
            if !pass.stops() {
                let message = "left out: it takes too long to parse".to_owned();
                pass.report.notices.push(Notice { path: Some(file.path.clone()), message });
            }
            return None;
        };
        let goals = propose_in_file(&parsed, &self.rules, &self.settings);
        drop(parsed);
        pass.report.parsed += 1;
        let facts = self.names.facts(&file, &goals, self.encoding);
        pass.unsaved.push((key, facts.encode()));
        if pass.unsaved.len() >= UNSAVED {
            self.save(pass);
        }
        Some(facts)
    }

    fn save(&self, pass: &mut Pass<'_>) {
        // The cache only saves time: without it everything works on.
        if let Err(error) = self.cache.cache_put_many(NAMESPACE, &pass.unsaved) {
            tracing::debug!("facts are not kept: {error}");
        }
        pass.unsaved.clear();
    }

    /// Drops the files that `is_concerned` holds for and that were not seen.
    fn finish(&mut self, mut pass: Pass<'_>, is_concerned: impl Fn(&RelPath) -> bool) -> Refreshed {
        if pass.stops() {
            return pass.report;
        }
        let is_gone = |path: &&RelPath| !pass.seen.contains(*path) && is_concerned(path);
        let gone: Vec<RelPath> = self.files.keys().filter(is_gone).cloned().collect();
        for path in gone {
            self.files.remove(&path);
            pass.report.removed += 1;
            (pass.on_file)(&path, None);
        }
        self.names.tidy();
        pass.report
    }
}

impl<'a> Pass<'a> {
    fn new(cancel: &'a CancelToken, pace: &'a mut dyn FnMut(), on_file: &'a mut OnFile<'a>) -> Self {
        Self {
            cancel,
            pace,
            on_file,
            report: Refreshed::default(),
            seen: HashSet::new(),
            unsaved: Vec::new(),
        }
    }

    fn stops(&mut self) -> bool {
        self.report.cancelled |= self.cancel.is_cancelled();
        self.report.cancelled
    }
}
