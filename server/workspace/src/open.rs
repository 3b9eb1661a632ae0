//! Opening a workspace: configuration read, files found, trees grown, rules compiled.

use crate::config::{Config, ConfigError};
use crate::discovery::{Scope, discover};
use crate::overlay::Overlay;
use crate::packs;
use hephaestus_core::{CancelToken, LanguageId, Notice, RelPath, Snapshot};
use hephaestus_syntax::{ImportGraph, Languages, Parsed, RuleSets};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a workspace cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// There is no such folder.
    #[error("`{}` is not a folder that can be read: {reason}", path.display())]
    NoFolder {
        /// What was asked for.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A path that was asked for is not in it.
    #[error("`{}` is not inside `{}`", path.display(), root.display())]
    Outside {
        /// What was asked for.
        path: PathBuf,
        /// The workspace.
        root: PathBuf,
    },
    /// Nothing in it is written in a language we know.
    #[error("no source file was found in `{}`", .0.display())]
    NoSources(PathBuf),
    /// Its configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A glob of its configuration is malformed.
    #[error("hephaestus.toml: `goals.exclude`: {0}")]
    Glob(String),
    /// One of our own data files is malformed.
    #[error("internal: {0}")]
    Internal(String),
}

/// How to open.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Files and folders that goals are restricted to; empty means all.
    pub paths: Vec<PathBuf>,
}

/// An open workspace: an immutable picture of it and everything derived from that.
#[derive(Clone)]
pub struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) config: Config,
    pub(crate) languages: &'static Languages,
    pub(crate) rules: RuleSets,
    pub(crate) snapshot: Snapshot,
    pub(crate) parsed: BTreeMap<RelPath, Parsed>,
    pub(crate) imports: ImportGraph,
    pub(crate) focus: Vec<RelPath>,
    pub(crate) notices: Vec<Notice>,
    /// What lies over the files on disk, where something does.
    pub(crate) overlay: Option<Overlay>,
}

/// What stands in a folder, before anybody looks into it.
pub(crate) struct Discovered {
    pub(crate) root: PathBuf,
    pub(crate) config: Config,
    pub(crate) languages: &'static Languages,
    pub(crate) snapshot: Snapshot,
}

impl Discovered {
    /// Reads configuration and sources of the folder at `root`.
    ///
    /// # Errors
    /// When the folder or its configuration cannot be read.
    pub(crate) fn at(root: &Path) -> Result<Self, WorkspaceError> {
        let root = fs::canonicalize(root)
            .and_then(|path| fs::read_dir(&path).map(|_| path))
            .map_err(|error| WorkspaceError::NoFolder { path: root.to_owned(), reason: error.to_string() })?;
        let config = Config::load(&root)?;
        let languages = packs::languages_of(Some(&root))?;
        let scope = Scope { root: &root, exclude: &config.goals.exclude };
        let snapshot =
            discover(&scope, languages).map_err(|error| WorkspaceError::Glob(error.to_string()))?;
        Ok(Self { root, config, languages, snapshot })
    }
}

impl Workspace {
    /// Opens the folder at `root`.
    ///
    /// # Errors
    /// When there is nothing to work on or the configuration cannot be used.
    pub fn open(root: &Path, options: &OpenOptions, cancel: &CancelToken) -> Result<Self, WorkspaceError> {
        let Discovered { root, config, languages, snapshot } = Discovered::at(root)?;
        if snapshot.files.is_empty() {
            return Err(WorkspaceError::NoSources(root));
        }
        let mut notices = snapshot.notices.clone();
        notices.extend(packs::notices(&root, languages));
        let used: BTreeSet<&LanguageId> = snapshot.files.values().map(|file| &file.language).collect();
        let used = used.into_iter().filter_map(|language| languages.get(language));
        let (rules, problems) = RuleSets::load(used, &user_rules(&root, &mut notices))
            .map_err(|error| WorkspaceError::Internal(error.to_string()))?;
        notices.extend(problems.into_iter().map(|problem| Notice {
            path: Some(problem.file),
            message: format!("line {}: {}", problem.line, problem.message),
        }));
        let parsed = parse_all(&snapshot, languages, cancel, &mut notices);
        let trees: Vec<Parsed> = parsed.values().cloned().collect();
        let imports = ImportGraph::build(&snapshot, &trees);
        let focus = options.paths.iter().map(|path| inside(&root, path)).collect::<Result<Vec<_>, _>>()?;
        let focus = focus.into_iter().flatten().collect();
        Ok(Self { root, config, languages, rules, snapshot, parsed, imports, focus, notices, overlay: None })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its configuration, to be overridden from the command line.
    pub fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// Its files.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What the user should know about it.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The folder where what is remembered is kept.
    #[must_use]
    pub fn state_folder(&self) -> PathBuf {
        self.root.join(".hephaestus")
    }

    /// Whether goals of this file are wanted.
    pub(crate) fn in_focus(&self, path: &RelPath) -> bool {
        self.focus.is_empty() || self.focus.iter().any(|focus| path.is_within(focus))
    }
}

/// `Ok(None)` stands for the root itself.
fn inside(root: &Path, path: &Path) -> Result<Option<RelPath>, WorkspaceError> {
    let full = fs::canonicalize(path)
        .map_err(|error| WorkspaceError::NoFolder { path: path.to_owned(), reason: error.to_string() })?;
    let outside = || WorkspaceError::Outside { path: path.to_owned(), root: root.to_owned() };
    let relative = full.strip_prefix(root).map_err(|_| outside())?;
    if relative.as_os_str().is_empty() {
        Ok(None)
    } else {
        RelPath::new(relative).map(Some).map_err(|_| outside())
    }
}

fn parse_all(
    snapshot: &Snapshot,
    languages: &Languages,
    cancel: &CancelToken,
    notices: &mut Vec<Notice>,
) -> BTreeMap<RelPath, Parsed> {
    let mut parsed = BTreeMap::new();
    for (path, file) in &snapshot.files {
        let Some(language) = languages.get(&file.language) else { continue };
        let Some(tree) = Parsed::with_cancel(language, Arc::clone(file), cancel) else {
            notices.push(Notice {
                path: Some(path.clone()),
                message: "left out: it takes too long to parse".to_owned(),
            });
            continue;
        };
        if let Some(first) = tree.error_ranges().first() {
            let line = file.text.get(..first.start).unwrap_or_default().matches('\n').count() + 1;
            let message = format!("has a syntax error near line {line}; nothing is proposed there");
            notices.push(Notice { path: Some(path.clone()), message });
        }
        parsed.insert(path.clone(), tree);
    }
    parsed
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SgConfig {
    #[serde(default)]
    rule_dirs: Vec<String>,
}

/// The rule files that a user's `sgconfig.yml` names.
pub(crate) fn user_rules(root: &Path, notices: &mut Vec<Notice>) -> Vec<(RelPath, String)> {
    let Some((path, text)) = ["sgconfig.yml", "sgconfig.yaml"]
        .iter()
        .find_map(|name| Some((RelPath::new(name).ok()?, fs::read_to_string(root.join(name)).ok()?)))
    else {
        return Vec::new();
    };
    let config: SgConfig = match serde_yaml::from_str(&text) {
        Ok(config) => config,
        Err(error) => {
            notices.push(Notice { path: Some(path), message: format!("its rules are not used: {error}") });
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for folder in &config.rule_dirs {
        // Outside the workspace nothing is read on a configuration file's word.
        let Ok(folder) = RelPath::new(folder) else {
            notices.push(Notice {
                path: Some(path.clone()),
                message: format!("`{folder}` is outside the workspace; its rules are not used"),
            });
            continue;
        };
        let walk =
            ignore::WalkBuilder::new(folder.under(root)).standard_filters(false).follow_links(false).build();
        for entry in walk.flatten() {
            let is_rule =
                entry.path().extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
            let relative = entry.path().strip_prefix(root).ok().and_then(|path| RelPath::new(path).ok());
            if let (true, Some(relative), Ok(text)) = (is_rule, relative, fs::read_to_string(entry.path())) {
                files.push((relative, text));
            }
        }
    }
    files.sort();
    files
}
