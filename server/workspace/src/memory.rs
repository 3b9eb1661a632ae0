//! What a run remembers of earlier ones: verdicts on the very same code, and how each rule has fared.

use crate::forging::now_ms;
use crate::open::Workspace;
use crate::report::ForgeReport;
use hephaestus_core::{ContentHash, Notice, Probe};
use hephaestus_forge::RuleRecord;
use hephaestus_harness::{Baseline, Suite};
use hephaestus_registry::{Registry, RegistryError, RunId, RunLedger, SearchFilter};
use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex};

mod correspondence;
mod known;
mod searched;

use correspondence::Account;
pub(crate) use correspondence::Correspondence;
pub(crate) use known::{Known, files_that_count};
pub(crate) use searched::Recalling;

/// Files that say which versions of what the code runs with; a verdict holds for these alone.
pub(crate) const MANIFESTS: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "tox.ini",
    "pytest.ini",
    "poetry.lock",
    "uv.lock",
    "requirements.txt",
    "requirements-dev.txt",
    "tsconfig.json",
];

/// Candidates whose fate is looked at to know how rules fare.
const HISTORY: usize = 5000;

/// One run's access to the registry.
pub(crate) struct Memory {
    registry: Registry,
    run: RunId,
    fresh: bool,
    letters: Arc<Mutex<Account>>,
}

impl Memory {
    /// Opens the registry and notes that a run starts; in memory alone when the disk does not let us, which the user is
    /// told. With `fresh`, what is remembered is not asked for.
    pub(crate) fn open(
        workspace: &Workspace,
        report: &mut ForgeReport,
        fresh: bool,
    ) -> Result<Self, RegistryError> {
        let start = |registry: Registry| {
            let seed = workspace.config.forge.seed;
            let run = registry.start_run("forge", workspace.root(), seed, report.started_ms)?;
            Ok(Self { registry, run, fresh, letters: Arc::default() })
        };
        match Registry::open(&workspace.state_folder()).and_then(start) {
            Ok(memory) => Ok(memory),
            Err(error) => {
                let message = format!("nothing is remembered of this run: {error}");
                let memory = Registry::open_in_memory().and_then(start);
                report.notices.push(Notice { path: None, message });
                memory
            }
        }
    }

    /// The ledger for trials judged by `baseline`.
    pub(crate) fn ledger(&self, workspace: &Workspace, suite: &Suite, baseline: &Baseline) -> RunLedger {
        let context = self.context(workspace, suite, baseline);
        self.registry.ledger(self.run.clone(), context).with_snapshot(workspace.snapshot.clone())
    }

    /// `probe`, with what earlier searches of the very same code saw.
    pub(crate) fn recalling<'a>(
        &'a self,
        probe: &'a dyn Probe,
        workspace: &Workspace,
        suite: &Suite,
        baseline: &Baseline,
    ) -> Recalling<'a> {
        Recalling::new(probe, &self.registry, self.context(workspace, suite, baseline))
    }

    /// What has to be the same for an earlier run to say anything. Nothing is, when all is to be done again.
    fn context(&self, workspace: &Workspace, suite: &Suite, baseline: &Baseline) -> ContentHash {
        match self.fresh {
            true => ContentHash::of_parts([self.run.0.as_str()]),
            false => context(workspace, suite, baseline),
        }
    }

    /// How each rule has fared in this workspace so far.
    pub(crate) fn records(&self) -> HashMap<String, RuleRecord> {
        let filter = SearchFilter { limit: Some(HISTORY), ..SearchFilter::default() };
        let mut records: HashMap<String, RuleRecord> = HashMap::new();
        for version in self.registry.search("", &filter).unwrap_or_default() {
            let record = records.entry(version.rule).or_default();
            match version.decision.as_deref() {
                Some("dismissed" | "undone") => record.fell += 1,
                _ if version.accepted == Some(true) => record.held += 1,
                _ => record.fell += 1,
            }
        }
        records
    }

    /// Notes that the run came to its end.
    pub(crate) fn close(&self, report: &ForgeReport) {
        let mut stats = report.stats_json();
        if let Some(fields) = stats.as_object_mut() {
            fields.insert("score".to_owned(), report.score_json());
        }
        if let Err(error) = self.registry.finish_run(&self.run, &stats) {
            tracing::warn!("the run is not recorded: {error}");
        }
    }
}

/// Verdicts hold for the very same code, manifests, settings, runner and behaviour of the unchanged code only.
fn context(workspace: &Workspace, suite: &Suite, baseline: &Baseline) -> ContentHash {
    let config = &workspace.config;
    let least = config.forge.improvement_threshold;
    let judged_by = (&config.testing, &config.scoring, &config.mutants, &config.external, least);
    let settings = serde_json::to_string(&judged_by).unwrap_or_default();
    let mut parts = vec![env!("CARGO_PKG_VERSION").to_owned(), suite.runner.name.clone(), settings];
    for file in workspace.snapshot.files.values() {
        parts.extend([file.path.to_string(), file.hash.to_string()]);
    }
    parts.extend(manifests(workspace));
    parts.extend(baseline.passing.iter().cloned().chain(baseline.set_aside()));
    ContentHash::of_parts(parts.iter().map(String::as_str))
}

/// The hashes of the manifests that are there.
fn manifests(workspace: &Workspace) -> impl Iterator<Item = String> {
    let read = MANIFESTS.iter().filter_map(|name| fs::read(workspace.root.join(name)).ok());
    read.map(|bytes| ContentHash::of(&bytes).to_string())
}
