//! What a user can set, with defaults: the sections of `hephaestus.toml` as plain data. Reading files is the
//! workspace's business; here are only the words and what they mean.

use crate::{Dimension, GoalKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[forge]`: how hard to try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ForgeSettings {
    /// Rounds per goal: how often a gain that does not reach the goal's target is gone on from.
    pub max_iterations: u32,
    /// Beam width: how many partial results per goal are gone on from in each round.
    pub beam: u32,
    /// Weighted score (0 to 1) at which a goal without a target of its own needs no better candidate.
    pub quality_threshold: f64,
    /// Smallest relative gain (0 to 1) of a targeted dimension that is worth offering when it is measured, not counted.
    pub improvement_threshold: f64,
    /// Share of trials (0 to 1) spent on goals picked at random instead of by rank.
    pub exploration_ratio: f64,
    /// Wall-clock seconds of one forge run.
    pub timeout: u64,
    /// Trials at the same time; 0 means one per processor.
    pub jobs: u32,
    /// Seed of everything that is random.
    pub seed: u64,
    /// Engines to use; empty means all that are available.
    pub engines: Vec<String>,
}

impl Default for ForgeSettings {
    fn default() -> Self {
        Self {
            max_iterations: 10,
            beam: 3,
            quality_threshold: 0.8,
            improvement_threshold: 0.05,
            exploration_ratio: 0.3,
            timeout: 300,
            jobs: 0,
            seed: 0,
            engines: Vec::new(),
        }
    }
}

/// `[goals]`: what is worth proposing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GoalSettings {
    /// Kinds to propose; empty means all.
    pub kinds: Vec<String>,
    /// Rules, linter codes or globs of them (`ruff/E*`) never to propose.
    pub ignore: Vec<String>,
    /// Cognitive complexity above which a function is a goal.
    pub cognitive_limit: u32,
    /// Tokens from which equal stretches of code count as clones.
    pub clone_tokens: u32,
    /// Globs of files to leave alone, in addition to `.gitignore` and the built-in excludes.
    pub exclude: Vec<String>,
    /// Whether test code may be improved too.
    pub include_tests: bool,
}

impl Default for GoalSettings {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            ignore: Vec::new(),
            cognitive_limit: 15,
            clone_tokens: 80,
            exclude: Vec::new(),
            include_tests: false,
        }
    }
}

impl GoalSettings {
    /// Whether goals of `kind` are wanted.
    #[must_use]
    pub fn wants(&self, kind: GoalKind) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|wanted| wanted == kind.as_str())
    }
}

/// `[testing]`: how candidates are proved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TestSettings {
    /// Runner to use (`pytest`, `unittest`, `cargo-test`, …); detected when absent.
    pub runner: Option<String>,
    /// A test command of your own, run in a shell at the root; its exit code decides. Overrides `runner`.
    pub command: Option<String>,
    /// How often the full suite must pass in a fresh process before a candidate is accepted.
    pub stable_runs: u32,
    /// A run may take this many times its baseline …
    pub timeout_factor: f64,
    /// … plus this many seconds.
    pub timeout_floor: f64,
    /// Seconds the baseline (build and tests) may take.
    pub baseline_timeout: u64,
    /// Environment variables for the tests.
    pub env: BTreeMap<String, String>,
    /// Coverage in percent that a project is expected to have. Kept for later: nothing measures coverage yet.
    pub coverage_threshold: f64,
}

impl Default for TestSettings {
    fn default() -> Self {
        Self {
            runner: None,
            command: None,
            stable_runs: 2,
            timeout_factor: 3.0,
            timeout_floor: 5.0,
            baseline_timeout: 600,
            env: BTreeMap::new(),
            coverage_threshold: 80.0,
        }
    }
}

/// `[sandbox]`: limits of every run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxSettings {
    /// Address space of one process, in MiB.
    pub memory_mb: u64,
    /// What a trial may write, in MiB.
    pub disk_mb: u64,
    /// Processes and threads a trial may have at once.
    pub processes: u64,
    /// Open files of one process.
    pub open_files: u64,
    /// Refuse to run anything unless the full sandbox is available.
    pub require_full: bool,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self { memory_mb: 4096, disk_mb: 2048, processes: 512, open_files: 1024, require_full: false }
    }
}

/// The weights that sort candidates; gates and tolerances decide before them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// Tests and findings.
    pub functionality: f64,
    /// Complexity, size, nesting, duplication, documentation, types.
    pub quality: f64,
    /// Run time.
    pub performance: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { functionality: 0.5, quality: 0.3, performance: 0.2 }
    }
}

/// When the language server forges on its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForgeWhen {
    /// After a file was saved, for the goals of that file.
    #[default]
    OnSave,
    /// Only when asked to.
    OnDemand,
}

/// How loud a goal is in the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// As an error.
    Error,
    /// As a warning.
    Warning,
    /// As information.
    Information,
    /// As a hint.
    Hint,
    /// Not at all; it can still be forged.
    Off,
}

/// `[editor]`: how the language server behaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EditorSettings {
    /// When to forge: `on-save` or `on-demand`.
    pub forge: ForgeWhen,
    /// Milliseconds without a keystroke before anything is started; while you type, running tests are paused.
    pub yield_ms: u64,
    /// Whether tests run at idle priority: they wait for whatever else the machine does.
    pub background: bool,
    /// Severity by kind of goal, and of `proven` improvements: `error`, `warning`, `information`, `hint` or `off`.
    pub severity: BTreeMap<String, Severity>,
    /// Whether functions carry a line above them with their complexity and what was proven.
    pub code_lens: bool,
    /// Whether goals of files that are not open are told to editors that ask for them.
    pub workspace_diagnostics: bool,
}

impl Default for EditorSettings {
    fn default() -> Self {
        Self {
            forge: ForgeWhen::OnSave,
            yield_ms: 500,
            background: true,
            severity: BTreeMap::new(),
            code_lens: true,
            workspace_diagnostics: true,
        }
    }
}

impl EditorSettings {
    /// The word for proven improvements in `severity`.
    pub const PROVEN: &'static str = "proven";

    /// How loud a goal of `kind` is before anything is proven about it.
    #[must_use]
    pub fn severity_of(&self, kind: GoalKind) -> Severity {
        let usual = if kind == GoalKind::Repair { Severity::Warning } else { Severity::Hint };
        self.severity.get(kind.as_str()).copied().unwrap_or(usual)
    }

    /// How loud a proven improvement is.
    #[must_use]
    pub fn severity_of_proven(&self) -> Severity {
        self.severity.get(Self::PROVEN).copied().unwrap_or(Severity::Information)
    }
}

/// `[scoring]`: what counts how much.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScoringSettings {
    /// Weights of the three groups.
    pub weights: Weights,
    /// By how much a dimension that is not targeted may get worse, as a share (0 to 1) of what it was; by dimension.
    pub tolerances: BTreeMap<String, f64>,
}

impl ScoringSettings {
    /// The tolerance for `dimension`, as a share of its former value.
    #[must_use]
    pub fn tolerance(&self, dimension: Dimension) -> f64 {
        self.tolerances.get(dimension.as_str()).copied().unwrap_or(match dimension {
            Dimension::Functionality | Dimension::Findings | Dimension::Cognitive => 0.0,
            Dimension::RunTime => 0.5,
            Dimension::DiffSize => f64::INFINITY,
            _ => 0.25,
        })
    }
}

/// `[mutants]`: how the strength of tests is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MutantSettings {
    /// Score in percent (0 to 100) below which `hephaestus mutants` exits with 1; 0 asks for nothing.
    pub min_score: f64,
    /// Globs of files that get no mutants, in addition to test code and what `goals.exclude` leaves out.
    pub exclude: Vec<String>,
    /// Operators to use, or globs of them (`arithmetic/*`); empty means all.
    pub operators: Vec<String>,
    /// Share (0 to 1) of a region's mutants that the tests must notice before a change of it is offered without a word.
    pub offer_strength: f64,
    /// Share (0 to 1) below which it is not offered at all; between the two it is offered as weakly tested.
    pub weak_strength: f64,
    /// Most mutants tried in one region for the strength of an offer.
    pub most_per_region: u32,
}

impl Default for MutantSettings {
    fn default() -> Self {
        Self {
            min_score: 0.0,
            exclude: Vec::new(),
            operators: Vec::new(),
            offer_strength: 0.8,
            weak_strength: 0.6,
            most_per_region: 40,
        }
    }
}

/// A part of the search for repairs that can be left out, to see what it is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SearchPart {
    /// Looking first where failing tests run through and passing ones do not.
    Localisation,
    /// Trying first what mended other faults.
    Prior,
    /// Two changes at once.
    Pairs,
    /// Comparing what passes on inputs that the tests do not have.
    Ranking,
}

/// `[search]`: how repairs of failing tests are searched for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SearchSettings {
    /// Parts to leave out: `localisation`, `prior`, `pairs`, `ranking`. For measurements.
    pub without: Vec<SearchPart>,
}

/// Whose protocol a language model is spoken to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LlmProvider {
    /// Chat completions, as OpenAI and most local servers have them.
    Openai,
    /// Messages, as Anthropic has them.
    Anthropic,
}

impl LlmProvider {
    /// The word in configuration and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    /// Where requests go when nothing else is set.
    #[must_use]
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::Openai => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com/v1",
        }
    }

    /// The environment variable with the key for that endpoint.
    #[must_use]
    pub fn key_env(self) -> &'static str {
        match self {
            Self::Openai => "OPENAI_API_KEY",
            Self::Anthropic => "ANTHROPIC_API_KEY",
        }
    }
}

/// `[llm]`: asking a language model. Nothing is asked unless provider and model are set and `hephaestus llm consent` was
/// given for the workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LlmSettings {
    /// Whose protocol to speak: `openai` (most local servers too) or `anthropic`.
    pub provider: Option<LlmProvider>,
    /// The model.
    pub model: Option<String>,
    /// More models at the same endpoint: which one is asked is learnt from what held.
    pub models: Vec<String>,
    /// Where requests go, without `/chat/completions` or `/messages`; the provider's own service when absent.
    pub endpoint: Option<String>,
    /// Environment variable with the key. Only in your own configuration, never in a workspace.
    pub key_env: Option<String>,
    /// Program and arguments that print the key, e.g. from the keyring. Only in your own configuration.
    pub key_command: Vec<String>,
    /// Kinds of goals to ask about.
    pub kinds: Vec<String>,
    /// Questions for one goal and round.
    pub candidates: u32,
    /// Rounds for one goal: from the second one on the model is told what its answers failed on.
    pub rounds: u32,
    /// Most tokens of one answer.
    pub max_tokens: u32,
    /// Most tokens of one question, estimated.
    pub max_input_tokens: u32,
    /// Sampling temperature; the model's own when absent.
    pub temperature: Option<f64>,
    /// Tokens that one run may take, questions and answers together. Only in your own configuration.
    pub budget_tokens: u64,
    /// US dollars that one run may take; needs both prices. Only in your own configuration.
    pub budget_usd: Option<f64>,
    /// US dollars for a million tokens of questions. Only in your own configuration.
    pub price_in: f64,
    /// US dollars for a million tokens of answers. Only in your own configuration.
    pub price_out: f64,
    /// Seconds to wait for the first word of an answer.
    pub wait: u64,
    /// Whether runs that a save starts in an editor may ask too.
    pub on_save: bool,
    /// A folder with prompts of your own. Only in your own configuration.
    pub prompts: Option<String>,
}

impl Default for LlmSettings {
    fn default() -> Self {
        let kinds =
            [GoalKind::Repair, GoalKind::Hole, GoalKind::Complexity, GoalKind::Duplication, GoalKind::Speed];
        Self {
            provider: None,
            model: None,
            models: Vec::new(),
            endpoint: None,
            key_env: None,
            key_command: Vec::new(),
            kinds: kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
            candidates: 3,
            rounds: 3,
            max_tokens: 2048,
            max_input_tokens: 8000,
            temperature: None,
            budget_tokens: 200_000,
            budget_usd: None,
            price_in: 0.0,
            price_out: 0.0,
            wait: 120,
            on_save: false,
            prompts: None,
        }
    }
}

impl LlmSettings {
    /// Keys that decide about secrets and money: a workspace, which may be anybody's, must not set them.
    pub const USERS_OWN: &[&str] =
        &["key_env", "key_command", "budget_tokens", "budget_usd", "price_in", "price_out", "prompts"];

    /// Where requests go.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        let own = self.endpoint.as_deref().map(|endpoint| endpoint.trim_end_matches('/'));
        own.or_else(|| self.provider.map(LlmProvider::endpoint))
    }

    /// Every model that may be asked, each once.
    #[must_use]
    pub fn all_models(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for model in self.model.iter().chain(&self.models).filter(|model| !model.trim().is_empty()) {
            if !all.contains(model) {
                all.push(model.clone());
            }
        }
        all
    }

    /// The environment variable with the key. The provider's usual one counts for its own service alone.
    #[must_use]
    pub fn key_env(&self) -> Option<&str> {
        let usual = self.provider.filter(|_| self.endpoint.is_none()).map(LlmProvider::key_env);
        self.key_env.as_deref().or(usual)
    }
}
