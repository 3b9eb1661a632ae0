//! One open folder: its configuration, rules, index and memory, and the improvements on offer in it. Reading all that
//! happens on other threads; what comes back is put in here.

use crate::event::{Event, Mailbox};
use crate::features::evidence;
use crate::features::goals::{self, GoalState, ListedGoal};
use crate::forging::Order;
use crate::offers::{Offers, Standing};
use crate::repairs::Repairs;
use crate::trust::Trust;
use hephaestus_core::{
    CancelToken, CandidateId, ContentHash, DecisionKind, Freshness, Goal, GoalId, GoalKind, Offer, Patch,
    RelPath, Verdict,
};
use hephaestus_workspace::packs::{PackProblem, languages_of, problems_of};
use hephaestus_workspace::registry::{Registry, SearchFilter, StoredCandidate, VersionSummary};
use hephaestus_workspace::{
    Config, ConfigError, ConfigProblem, FileFacts, Languages, RuleSets, SeenDirective,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where dismissed goals are kept in the registry.
const DISMISSED: &str = "goals";
const DISMISSED_KEY: &str = "dismissed";

/// Improvements of earlier sessions that are looked at when a folder is opened.
const MOST_REMEMBERED: usize = 2000;

/// Applied improvements of earlier sessions that are listed.
const MOST_APPLIED: usize = 50;

/// A folder that the editor has open.
pub(crate) struct Folder {
    /// Where it lies.
    pub(crate) root: PathBuf,
    /// What is configured, with the editor's settings on top.
    pub(crate) config: Config,
    /// What is wrong with the configuration, if anything is.
    pub(crate) problem: Option<ConfigProblem>,
    /// Its languages: those of ours with the packs on top that hold here.
    pub(crate) languages: Option<&'static Languages>,
    /// What is wrong with these packs.
    pub(crate) pack_problems: Vec<PackProblem>,
    /// Files of packs that the editor was told something about.
    pub(crate) told_packs: BTreeSet<PathBuf>,
    /// The rules in force, for the languages seen so far.
    pub(crate) rules: RuleSets,
    /// Its memory; `None` until it is open, or when it cannot be.
    pub(crate) registry: Option<Registry>,
    /// Facts about its files on disk.
    pub(crate) facts: BTreeMap<RelPath, Arc<FileFacts>>,
    /// Whether they are complete.
    pub(crate) is_indexed: bool,
    /// Its directives, as they are on disk.
    pub(crate) directives: BTreeMap<RelPath, SeenDirective>,
    /// Stops the indexing.
    pub(crate) cancel: CancelToken,
    /// What is proven.
    pub(crate) offers: Offers,
    /// Goals that only a forge sees (linters, say), with the text they were seen in.
    pub(crate) forged: HashMap<RelPath, (ContentHash, Vec<Goal>)>,
    /// Failing tests.
    pub(crate) repairs: Repairs,
    /// Files that a run has dealt with to its end, with the text it saw; while nothing else changes, there is nothing
    /// to be had from another one.
    pub(crate) settled: HashMap<RelPath, ContentHash>,
    /// Goals the user does not want to see.
    pub(crate) dismissed: HashSet<GoalId>,
    /// What was proven for those that were dismissed in this session.
    set_aside: HashMap<GoalId, Standing>,
    /// Improvements that were applied and not taken back.
    pub(crate) applied: BTreeMap<CandidateId, Applied>,
    /// Whether its tests may be run.
    pub(crate) trust: Option<Trust>,
    /// Whether the user was asked about trust in this session.
    pub(crate) was_asked: bool,
    /// Whether its configuration and memory were read.
    pub(crate) is_open: bool,
    /// What is to be forged once they were.
    pub(crate) orders: Vec<Order>,
}

/// An improvement that was applied, as it is listed: its goal is no more.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    goal: GoalId,
    kind: GoalKind,
    rule: String,
    title: String,
    /// The file it changed.
    pub(crate) file: RelPath,
    /// Where its goal was: a 1-based line.
    line: u32,
    detail: String,
}

impl Applied {
    fn of(standing: &Standing) -> Self {
        let goal = &standing.offer.goal;
        Self {
            goal: goal.id.clone(),
            kind: goal.kind,
            rule: goal.rule.clone(),
            title: goal.message.clone(),
            file: goal.file.clone(),
            line: goal.line,
            detail: evidence::in_short(standing),
        }
    }

    /// As an entry of a list.
    pub(crate) fn listed(&self) -> ListedGoal {
        ListedGoal {
            id: self.goal.clone(),
            title: self.title.clone(),
            rule: self.rule.clone(),
            kind: self.kind,
            range: goals::line(self.line),
            state: GoalState::Applied,
            detail: self.detail.clone(),
        }
    }
}

/// What opening a folder gave.
pub(crate) struct Opened {
    /// The editor's settings it was opened with: others may be in force by the time it is open.
    pub(crate) settings: Value,
    config: Config,
    problem: Option<ConfigProblem>,
    languages: Option<&'static Languages>,
    pack_problems: Vec<PackProblem>,
    registry: Option<Registry>,
    standing: Vec<Standing>,
    dismissed: HashSet<GoalId>,
    applied: BTreeMap<CandidateId, Applied>,
}

impl Folder {
    pub(crate) fn new(root: PathBuf, trust: Option<Trust>) -> Self {
        Self {
            root,
            config: Config::default(),
            problem: None,
            languages: None,
            pack_problems: Vec::new(),
            told_packs: BTreeSet::new(),
            rules: RuleSets::default(),
            registry: None,
            facts: BTreeMap::new(),
            is_indexed: false,
            directives: BTreeMap::new(),
            cancel: CancelToken::new(),
            offers: Offers::default(),
            forged: HashMap::new(),
            repairs: Repairs::default(),
            settled: HashMap::new(),
            dismissed: HashSet::new(),
            set_aside: HashMap::new(),
            applied: BTreeMap::new(),
            trust,
            was_asked: false,
            is_open: false,
            orders: Vec::new(),
        }
    }

    /// Takes in what was read. What was proven in this session stays.
    pub(crate) fn take(&mut self, opened: Opened) {
        let Opened {
            config, problem, languages, pack_problems, registry, standing, dismissed, applied, ..
        } = opened;
        self.languages = languages;
        self.pack_problems = pack_problems;
        self.is_open = true;
        self.settled.clear();
        // They are compiled anew, from what the rule files say now.
        self.rules = RuleSets::default();
        self.config = config;
        self.problem = problem;
        self.registry = registry;
        self.dismissed.extend(dismissed);
        for (candidate, own) in applied {
            self.applied.entry(candidate).or_insert(own);
        }
        for standing in standing {
            if self.offers.of_goal(&standing.offer.goal.id).is_none() {
                self.offers.put(standing);
            }
        }
    }

    /// Whether its tests may be run.
    pub(crate) fn is_trusted(&self) -> bool {
        self.trust == Some(Trust::Trusted)
    }

    /// Whether the user wants to see this goal.
    pub(crate) fn wants(&self, goal: &GoalId) -> bool {
        !self.dismissed.contains(goal)
    }

    /// Hides a goal until its code changes (its id does then), for good. The candidate that was on offer for it.
    pub(crate) fn dismiss(&mut self, goal: &GoalId) -> Option<CandidateId> {
        self.dismissed.insert(goal.clone());
        self.remember_dismissed(|all| all.insert(goal.clone()));
        let standing = self.offers.remove(goal)?;
        let candidate = standing.offer.candidate.id.clone();
        self.set_aside.insert(goal.clone(), standing);
        Some(candidate)
    }

    /// Shows a dismissed goal of a file again. The candidate that is on offer for it again.
    pub(crate) fn restore(&mut self, file: &RelPath, goal: &GoalId) -> Option<CandidateId> {
        self.dismissed.remove(goal);
        self.remember_dismissed(|all| all.remove(goal));
        // The next run has to look at it.
        self.settled.remove(file);
        let standing = self.set_aside.remove(goal)?;
        let candidate = standing.offer.candidate.id.clone();
        self.offers.put(standing);
        Some(candidate)
    }

    /// Notes what became of improvements that were shown.
    pub(crate) fn observed(&mut self, seen: &[(CandidateId, DecisionKind)]) {
        for (candidate, kind) in seen {
            match (kind, self.offers.get(candidate)) {
                (DecisionKind::Applied, Some(standing)) => {
                    self.applied.insert(candidate.clone(), Applied::of(standing));
                }
                (DecisionKind::Undone, _) => {
                    self.applied.remove(candidate);
                }
                _ => {}
            }
        }
    }

    /// Changes what is remembered of dismissals. Written at once: the process may end next.
    fn remember_dismissed(&self, change: impl FnOnce(&mut HashSet<GoalId>) -> bool) {
        let Some(registry) = &self.registry else { return };
        // Another server may have the folder open too: its answers are kept.
        let mut all = dismissed(registry);
        if !change(&mut all) {
            return;
        }
        let bytes = serde_json::to_vec(&all).unwrap_or_default();
        if let Err(error) = registry.cache_put(DISMISSED, DISMISSED_KEY, &bytes) {
            tracing::warn!("that a goal was dismissed is not remembered: {error}");
        }
    }

    /// Writes down what became of improvements.
    pub(crate) fn decide(&self, decisions: &[(CandidateId, DecisionKind)], at_ms: u64) {
        let Some(registry) = &self.registry else { return };
        for (candidate, kind) in decisions {
            if let Err(error) = registry.decide(candidate, *kind, at_ms) {
                tracing::warn!("that {candidate} was {} is not remembered: {error}", kind.as_str());
            }
        }
    }
}

/// Reads what a folder needs. Blocks.
pub(crate) fn open(root: &Path, settings: &Value) -> Opened {
    let (config, problem) = configure(root, settings);
    let languages =
        languages_of(Some(root)).inspect_err(|error| tracing::error!("no language is there: {error}")).ok();
    let pack_problems = languages.map(problems_of).unwrap_or_default();
    let registry = match Registry::open(&root.join(".hephaestus")) {
        Ok(registry) => Some(registry),
        Err(error) => {
            tracing::warn!("nothing will be remembered of {}: {error}", root.display());
            None
        }
    };
    let (standing, applied) =
        registry.as_ref().map(|registry| remembered(root, registry)).unwrap_or_default();
    let dismissed = registry.as_ref().map(dismissed).unwrap_or_default();
    Opened {
        settings: settings.clone(),
        config,
        problem,
        languages,
        pack_problems,
        registry,
        standing,
        dismissed,
        applied,
    }
}

/// The configuration; a broken one is told and replaced by the defaults.
pub(crate) fn configure(root: &Path, settings: &Value) -> (Config, Option<ConfigProblem>) {
    match Config::load_under(root, settings) {
        Ok(config) => (config, None),
        // A slip in the editor's settings costs those, not the workspace's own.
        Err(ConfigError::Invalid(problem)) if problem.line == 0 => {
            (Config::load(root).unwrap_or_default(), Some(problem))
        }
        Err(ConfigError::Invalid(problem)) => (Config::default(), Some(problem)),
        Err(error @ ConfigError::Unreadable { .. }) => {
            tracing::error!("{error}");
            (Config::default(), None)
        }
    }
}

fn dismissed(registry: &Registry) -> HashSet<GoalId> {
    let bytes = registry.cache_get(DISMISSED, DISMISSED_KEY).ok().flatten().unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Improvements of earlier sessions: those whose files are as they were, and the last ones that were applied.
fn remembered(root: &Path, registry: &Registry) -> (Vec<Standing>, BTreeMap<CandidateId, Applied>) {
    let filter = SearchFilter {
        verdict: Some(Verdict::Passed),
        limit: Some(MOST_REMEMBERED),
        ..SearchFilter::default()
    };
    let found = registry.search("", &filter).unwrap_or_else(|error| {
        tracing::warn!("what was proven earlier cannot be read: {error}");
        Vec::new()
    });
    let mut hashes: HashMap<RelPath, Option<ContentHash>> = HashMap::new();
    let mut hash_of = |path: &RelPath| {
        let read = || std::fs::read(path.under(root)).ok().map(|bytes| ContentHash::of(&bytes));
        hashes.entry(path.clone()).or_insert_with(read).clone()
    };
    let was_applied =
        |version: &&VersionSummary| version.decision.as_deref() == Some(DecisionKind::Applied.as_str());
    let applied = found.iter().filter(was_applied).take(MOST_APPLIED);
    let applied = applied.filter_map(|version| {
        let stored = registry.get_version(&version.candidate.0).ok().flatten()?;
        let standing = standing_of(stored)?;
        Some((version.candidate.clone(), Applied::of(&standing)))
    });
    let applied = applied.collect();
    let open =
        found.into_iter().filter(|version| version.accepted == Some(true) && version.decision.is_none());
    let mut standing = Vec::new();
    // The newest comes first, and only the newest for a goal is of interest: later ones must not replace it.
    let mut goals = HashSet::new();
    for version in open {
        let Ok(Some(stored)) = registry.get_version(&version.candidate.0) else { continue };
        if hash_of(&stored.goal.file).as_ref() != Some(&stored.goal.base) || !goals.insert(version.goal) {
            continue;
        }
        standing.extend(standing_of(stored));
    }
    (without_overlaps(standing), applied)
}

/// What was proved of a candidate in an earlier session.
fn standing_of(stored: StoredCandidate) -> Option<Standing> {
    let last = stored.trials.into_iter().rev().find(|trial| trial.trial.verdict == Verdict::Passed)?;
    let offer = Offer {
        goal: stored.goal,
        candidate: stored.candidate,
        trial: last.trial,
        score: stored.score?,
        freshness: Freshness::Fresh,
    };
    Some(Standing::new(offer, Some(last.at_ms)))
}

/// The better ones of those that touch the same lines, as at the end of a run.
fn without_overlaps(mut standing: Vec<Standing>) -> Vec<Standing> {
    standing.sort_by(|left, right| right.offer.score.weighted.total_cmp(&left.offer.score.weighted));
    let mut all = Patch::default();
    standing.retain(|own| match all.merge(&own.offer.candidate.patch) {
        Ok(merged) => {
            all = merged;
            true
        }
        Err(_) => false,
    });
    standing
}

/// Opens a folder on another thread.
pub(crate) fn open_elsewhere(root: PathBuf, settings: Value, mailbox: Mailbox) {
    tokio::task::spawn_blocking(move || {
        let opened = open(&root, &settings);
        mailbox.send(Event::FolderOpened(root, Box::new(opened)));
    });
}
