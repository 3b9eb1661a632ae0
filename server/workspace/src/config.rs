//! Configuration: `hephaestus.toml` at the root over the user's own over the defaults, with every complaint at its line.

use hephaestus_core::{
    EditorSettings, ExternalRole, ExternalSettings, ForgeSettings, GoalSettings, LlmSettings, MutantSettings,
    SandboxSettings, ScoringSettings, SearchSettings, TestSettings,
};
use hephaestus_mutation::ENGINES;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

use crate::packs::runner_names;

mod values;

/// The file's name, at a workspace's root and in the user's configuration folder.
pub(crate) const FILE: &str = "hephaestus.toml";

/// Everything that can be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How hard to try.
    pub forge: ForgeSettings,
    /// What is worth proposing.
    pub goals: GoalSettings,
    /// How candidates are proved.
    pub testing: TestSettings,
    /// How the strength of tests is measured.
    pub mutants: MutantSettings,
    /// `[search]`.
    pub search: SearchSettings,
    /// Asking a language model.
    pub llm: LlmSettings,
    /// Limits of every run.
    pub sandbox: SandboxSettings,
    /// What counts how much.
    pub scoring: ScoringSettings,
    /// How the language server behaves.
    pub editor: EditorSettings,
    /// Other linters, by id.
    pub fixers: BTreeMap<String, FixerSettings>,
    /// Programs of your own that take a part in the cycle.
    pub external: Vec<ExternalSettings>,
}

/// `[fixers.NAME]`: one linter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FixerSettings {
    /// Whether to ask it.
    pub enabled: bool,
    /// Which rules to ask for, in its own words.
    pub select: Option<String>,
}

impl Default for FixerSettings {
    fn default() -> Self {
        Self { enabled: true, select: None }
    }
}

/// One thing wrong with a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The file.
    pub file: PathBuf,
    /// 1-based line; 0 for settings that came from an editor.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "the editor's settings: {}", self.message);
        }
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Wrong in itself.
    #[error("{0}")]
    Invalid(ConfigProblem),
    /// Not readable.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Config {
    /// The names of all engines: ours, then the user's own.
    #[must_use]
    pub fn engines(&self) -> Vec<&str> {
        let own = self.external.iter().filter(|external| external.is(ExternalRole::Engine));
        ENGINES.iter().copied().chain(own.map(|external| external.name.as_str())).collect()
    }

    /// Loads the configuration of the workspace at `root`.
    ///
    /// # Errors
    /// When a file cannot be read, is no TOML, has unknown keys, wrong types or values out of range.
    pub fn load(root: &Path) -> Result<Self, ConfigError> {
        Self::load_under(root, &serde_json::Value::Null)
    }

    /// The same under `over`: the keys that an editor sets, as JSON; `null` stands for a key that is not set. They win
    /// over the files.
    ///
    /// # Errors
    /// As [`Config::load`]; for a wrong key in `over` the problem names no file.
    pub fn load_under(root: &Path, over: &serde_json::Value) -> Result<Self, ConfigError> {
        let mut merged = Table::new();
        let own_runners = runner_names(root);
        let users = users_file().map(|file| (file, Source::User));
        for (file, source) in users.into_iter().chain([(root.join(FILE), Source::Workspace)]) {
            if let Some(text) = read(&file)? {
                merge(&mut merged, Self::check(&file, &text, source, &own_runners)?);
            }
        }
        if let Some(over) = table_of(over) {
            let text = over.to_string();
            // An editor's settings may come with the workspace.
            let checked = Self::check(Path::new(""), &text, Source::Workspace, &own_runners);
            merge(&mut merged, checked.map_err(without_place)?);
        }
        Value::Table(merged).try_into().map_err(|error: toml::de::Error| {
            ConfigError::Invalid(ConfigProblem {
                file: root.join(FILE),
                line: 1,
                column: 1,
                message: error.message().to_owned(),
            })
        })
    }

    /// Checks one file by itself, so that complaints have positions.
    fn check(file: &Path, text: &str, source: Source, own_runners: &[String]) -> Result<Table, ConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let invalid = |at: usize, message: String| {
            let before = text.get(..at).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            ConfigError::Invalid(ConfigProblem { file: file.to_owned(), line, column, message })
        };
        let of_toml = |error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            invalid(at, error.message().trim().replace('\n', " "))
        };
        let config: Self = toml::from_str(text).map_err(of_toml)?;
        if let Some((key, message)) = config.senseless(own_runners) {
            return Err(invalid(values::place_of(text, &key), format!("`{}` {message}", key.join("."))));
        }
        let table = text.parse::<Table>().map_err(of_toml)?;
        if let (Source::Workspace, Some(key)) = (source, values::users_own(&table)) {
            let place = users_file().map(|file| format!(" ({})", file.display())).unwrap_or_default();
            let message = format!("`{}` may only be set in your own configuration{place}", key.join("."));
            return Err(invalid(values::place_of(text, &key), message));
        }
        Ok(table)
    }
}

/// Whose word a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    User,
    Workspace,
}

/// The user's own file.
fn users_file() -> Option<PathBuf> {
    dirs::config_dir().map(|folder| folder.join("hephaestus").join(FILE))
}

/// An editor's JSON object as a TOML table; what is not set, and what TOML has no word for, is left out.
fn table_of(json: &serde_json::Value) -> Option<Table> {
    let set = json.as_object()?.iter().filter_map(|(key, value)| Some((key.clone(), value_of(value)?)));
    Some(set.collect())
}

fn value_of(json: &serde_json::Value) -> Option<Value> {
    use serde_json::Value as Json;
    match json {
        Json::Null => None,
        Json::Object(_) => table_of(json).map(Value::Table),
        Json::Array(values) => Some(Value::Array(values.iter().filter_map(value_of).collect())),
        Json::Bool(value) => Some(Value::Boolean(*value)),
        Json::String(value) => Some(Value::String(value.clone())),
        Json::Number(number) => {
            number.as_i64().map(Value::Integer).or_else(|| number.as_f64().map(Value::Float))
        }
    }
}

/// Lines mean nothing in settings that came as a message.
fn without_place(error: ConfigError) -> ConfigError {
    match error {
        ConfigError::Invalid(problem) => {
            ConfigError::Invalid(ConfigProblem { line: 0, column: 0, ..problem })
        }
        other => other,
    }
}

/// The JSON schema of `hephaestus.toml`, from the Rust types.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}

fn read(file: &Path) -> Result<Option<String>, ConfigError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::Unreadable { file: file.to_owned(), source }),
    }
}

/// Lays `over` over `under`, table by table.
fn merge(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => merge(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> ConfigProblem {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        match Config::load(folder.path()).unwrap_err() {
            ConfigError::Invalid(problem) => problem,
            ConfigError::Unreadable { .. } => panic!("it can be read"),
        }
    }

    #[test]
    fn nothing_set_means_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::load(folder.path()).unwrap();
        assert_eq!(config.forge.max_iterations, 10);
        assert_eq!(config.testing.stable_runs, 2);
    }

    #[test]
    fn unknown_keys_wrong_types_and_bad_toml_are_told_with_their_place() {
        let unknown = complaint("[forge]\nbeam = 2\nmax_iteration = 3\n");
        assert_eq!((unknown.line, unknown.column), (3, 1));
        assert!(
            unknown.message.contains("max_iteration") && unknown.message.contains("max_iterations"),
            "{unknown}"
        );
        let wrong = complaint("[testing]\nstable_runs = \"two\"\n");
        assert_eq!(wrong.line, 2);
        let bad = complaint("[forge\n");
        assert_eq!(bad.line, 1);
        let range = complaint("[forge]\nexploration_ratio = 3.0\n");
        assert_eq!(range.line, 2);
        let kind = complaint("[goals]\nkinds = [\"simplfy\"]\n");
        assert!(kind.line == 2 && kind.message.contains("simplify"), "{kind}");
    }

    #[test]
    fn tables_are_merged_key_by_key() {
        let mut under: Table = "[a]\nx = 1\ny = 2\n".parse().unwrap();
        merge(&mut under, "[a]\ny = 3\n[b]\nz = 4\n".parse().unwrap());
        assert_eq!(under, "[a]\nx = 1\ny = 3\n[b]\nz = 4\n".parse::<Table>().unwrap());
    }

    #[test]
    fn an_editor_s_settings_win_and_what_it_does_not_set_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "[forge]\nbeam = 7\nseed = 3\n").unwrap();
        let over =
            serde_json::json!({"forge": {"beam": 2, "seed": null}, "editor": {"severity": {"hole": "off"}}});
        let config = Config::load_under(folder.path(), &over).unwrap();
        assert_eq!((config.forge.beam, config.forge.seed), (2, 3));
        assert_eq!(
            config.editor.severity_of(hephaestus_core::GoalKind::Hole),
            hephaestus_core::Severity::Off
        );
        let wrong = serde_json::json!({"forge": {"bean": 2}});
        let error = Config::load_under(folder.path(), &wrong).unwrap_err().to_string();
        assert!(error.starts_with("the editor's settings: ") && error.contains("bean"), "{error}");
    }

    #[test]
    fn every_setting_is_in_the_schema() {
        let text = schema().to_string();
        for key in
            ["max_iterations", "stable_runs", "cognitive_limit", "memory_mb", "tolerances", "min_score"]
        {
            assert!(text.contains(key), "{key}");
        }
    }
}
