//! Values that have the right type and make no sense all the same: out of range, or names of nothing. Also finds the
//! place of a key in the text. Must not read files.

use super::Config;
use hephaestus_core::{Dimension, EditorSettings, ExternalSettings, GoalKind, LlmSettings};
use hephaestus_harness::runners;
use hephaestus_mutation::{ENGINES, fixers};
use hephaestus_syntax::Languages;
use toml::Table;
use toml::de::{DeTable, DeValue};

/// One value that makes no sense: the key from the root, and what would be right.
pub(super) type Senseless = (Vec<String>, String);

impl Config {
    /// The first value that makes no sense.
    pub(super) fn senseless(&self, own_runners: &[String]) -> Option<Senseless> {
        self.out_of_range().or_else(|| self.unknown_name(own_runners)).or_else(|| self.senseless_external())
    }

    fn senseless_external(&self) -> Option<Senseless> {
        let languages: Vec<&str> = Languages::builtin()
            .map(|all| all.all().into_iter().map(|language| language.id().as_str()).collect())
            .unwrap_or_default();
        let mut names: Vec<&str> = ENGINES.to_vec();
        for external in &self.external {
            let ExternalSettings { name, roles, command, timeout, weight, .. } = external;
            let glob = |glob: &String| {
                globset::Glob::new(glob).err().map(|error| format!("`{name}` has a malformed glob: {error}"))
            };
            let checks = [
                (
                    !external.has_good_name(),
                    "needs a `name` of lower-case letters, digits and dashes".to_owned(),
                ),
                (
                    names.contains(&name.as_str()),
                    format!("`{name}`: there is an engine or program of that name"),
                ),
                (roles.is_empty(), format!("`{name}` needs `roles`: engine, proposer, dimension, reporter")),
                (command.first().is_none_or(String::is_empty), format!("`{name}` needs a `command`")),
                (*timeout == 0, format!("`{name}`: `timeout` must be at least 1")),
                (!weight.is_finite() || *weight < 0.0, format!("`{name}`: `weight` must be at least 0")),
            ];
            let simple = checks.into_iter().find(|(is_wrong, _)| *is_wrong).map(|(_, message)| message);
            let language = || external.languages.iter().find_map(|own| unknown(own, &languages));
            let message = simple.or_else(language).or_else(|| external.files.iter().find_map(glob));
            if let Some(message) = message {
                return Some((vec!["external".to_owned()], message));
            }
            names.push(name);
        }
        None
    }

    fn out_of_range(&self) -> Option<Senseless> {
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let weights = self.scoring.weights;
        let is_weight = |value: f64| value.is_finite() && value >= 0.0;
        let checks = [
            (share(self.forge.quality_threshold), "forge.quality_threshold", "must lie between 0 and 1"),
            (
                share(self.forge.improvement_threshold),
                "forge.improvement_threshold",
                "must lie between 0 and 1",
            ),
            (share(self.forge.exploration_ratio), "forge.exploration_ratio", "must lie between 0 and 1"),
            (self.forge.max_iterations > 0, "forge.max_iterations", "must be at least 1"),
            (self.forge.beam > 0, "forge.beam", "must be at least 1"),
            (self.forge.timeout > 0, "forge.timeout", "must be at least 1"),
            (self.testing.stable_runs > 0, "testing.stable_runs", "must be at least 1"),
            (self.testing.timeout_factor >= 1.0, "testing.timeout_factor", "must be at least 1"),
            (self.testing.timeout_floor > 0.0, "testing.timeout_floor", "must be more than 0"),
            (self.testing.baseline_timeout > 0, "testing.baseline_timeout", "must be at least 1"),
            (
                (0.0..=100.0).contains(&self.testing.coverage_threshold),
                "testing.coverage_threshold",
                "must lie between 0 and 100",
            ),
            (
                (0.0..=100.0).contains(&self.mutants.min_score),
                "mutants.min_score",
                "must lie between 0 and 100",
            ),
            (share(self.mutants.offer_strength), "mutants.offer_strength", "must lie between 0 and 1"),
            (share(self.mutants.weak_strength), "mutants.weak_strength", "must lie between 0 and 1"),
            (self.mutants.most_per_region > 0, "mutants.most_per_region", "must be at least 1"),
            (self.sandbox.memory_mb >= 64, "sandbox.memory_mb", "must be at least 64"),
            (self.sandbox.disk_mb >= 16, "sandbox.disk_mb", "must be at least 16"),
            (self.sandbox.processes >= 8, "sandbox.processes", "must be at least 8"),
            (self.sandbox.open_files >= 32, "sandbox.open_files", "must be at least 32"),
            (self.llm.candidates > 0, "llm.candidates", "must be at least 1"),
            (self.llm.rounds > 0, "llm.rounds", "must be at least 1"),
            (self.llm.max_tokens >= 16, "llm.max_tokens", "must be at least 16"),
            (self.llm.max_input_tokens >= 256, "llm.max_input_tokens", "must be at least 256"),
            (self.llm.wait > 0, "llm.wait", "must be at least 1"),
            (is_weight(self.llm.price_in), "llm.price_in", "must be at least 0"),
            (is_weight(self.llm.price_out), "llm.price_out", "must be at least 0"),
            (is_weight(self.llm.budget_usd.unwrap_or(0.0)), "llm.budget_usd", "must be at least 0"),
            (
                self.llm.budget_usd.is_none() || self.llm.price_in > 0.0 && self.llm.price_out > 0.0,
                "llm.budget_usd",
                "needs `llm.price_in` and `llm.price_out`: without prices nobody knows what is spent",
            ),
            (is_weight(self.llm.temperature.unwrap_or(0.0)), "llm.temperature", "must be at least 0"),
            (is_weight(weights.functionality), "scoring.weights.functionality", "must be at least 0"),
            (is_weight(weights.quality), "scoring.weights.quality", "must be at least 0"),
            (is_weight(weights.performance), "scoring.weights.performance", "must be at least 0"),
        ];
        let (_, key, message) = checks.into_iter().find(|(makes_sense, ..)| !makes_sense)?;
        Some((key.split('.').map(str::to_owned).collect(), message.to_owned()))
    }

    fn unknown_name(&self, own_runners: &[String]) -> Option<Senseless> {
        let key = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        if let Some(message) = self.goals.kinds.iter().find_map(|kind| kind.parse::<GoalKind>().err()) {
            return Some((key(&["goals", "kinds"]), message));
        }
        if let Some(message) = self.llm.kinds.iter().find_map(|kind| kind.parse::<GoalKind>().err()) {
            return Some((key(&["llm", "kinds"]), message));
        }
        let loud = self.editor.severity.keys().filter(|kind| *kind != EditorSettings::PROVEN);
        if let Some(message) = loud.filter_map(|kind| kind.parse::<GoalKind>().err()).next() {
            return Some((key(&["editor", "severity"]), message));
        }
        if let Some(message) = self.forge.engines.iter().find_map(|name| unknown(name, &self.engines())) {
            return Some((key(&["forge", "engines"]), message));
        }
        let shipped = runners::all().unwrap_or_default().iter().map(|runner| runner.name.as_str());
        let runners: Vec<&str> = shipped.chain(own_runners.iter().map(String::as_str)).collect();
        if let Some(message) = self.testing.runner.as_ref().and_then(|name| unknown(name, &runners)) {
            return Some((key(&["testing", "runner"]), message));
        }
        let globs = self.mutants.exclude.iter();
        if let Some(error) = globs.filter_map(|glob| globset::Glob::new(glob).err()).next() {
            return Some((key(&["mutants", "exclude"]), format!("holds a malformed glob: {error}")));
        }
        let ids: Vec<&str> =
            fixers::all().unwrap_or_default().iter().map(|fixer| fixer.id.as_str()).collect();
        if let Some((id, message)) = self.fixers.keys().find_map(|id| Some((id, unknown(id, &ids)?))) {
            return Some((key(&["fixers", id]), message));
        }
        let dimensions: Vec<&str> = Dimension::ALL.iter().map(|dimension| dimension.as_str()).collect();
        let tolerances = self.scoring.tolerances.iter();
        tolerances
            .filter_map(|(name, value)| {
                let negative = || (value.is_nan() || *value < 0.0).then(|| "must be at least 0".to_owned());
                Some((key(&["scoring", "tolerances", name]), unknown(name, &dimensions).or_else(negative)?))
            })
            .next()
    }
}

/// A key in a workspace's table that only its user may set.
pub(super) fn users_own(table: &Table) -> Option<Vec<String>> {
    let llm = table.get("llm")?.as_table()?;
    let key = LlmSettings::USERS_OWN.iter().find(|key| llm.contains_key(**key))?;
    Some(vec!["llm".to_owned(), (*key).to_owned()])
}

fn unknown(name: &str, known: &[&str]) -> Option<String> {
    (!known.contains(&name)).then(|| format!("does not know `{name}`; known: {}", known.join(", ")))
}

/// Where the key (or as much of it as there is) stands in `text`, in bytes.
pub(super) fn place_of(text: &str, key: &[String]) -> usize {
    let Ok(root) = DeTable::parse(text) else { return 0 };
    let (mut table, mut at) = (Some(root.get_ref()), 0);
    for word in key {
        let Some((name, value)) =
            table.and_then(|table| table.iter().find(|(name, _)| name.get_ref() == word))
        else {
            break;
        };
        at = name.span().start;
        table = match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => None,
        };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn senseless(text: &str) -> (usize, String) {
        let config: Config = toml::from_str(text).unwrap();
        let (key, message) = config.senseless(&[]).unwrap();
        (place_of(text, &key), message)
    }

    #[test]
    fn a_key_is_found_in_its_own_table() {
        let text = "# beam\n[goals]\nignore = [\"beam\"]\n[forge]\nbeam = 0\n";
        assert_eq!(senseless(text).0, text.find("beam = 0").unwrap());
        assert_eq!(senseless("forge.beam = 0\n").0, 6);
        assert_eq!(place_of("[forge]\n", &["forge".to_owned(), "beam".to_owned()]), 1);
    }

    #[test]
    fn a_program_needs_a_name_of_its_own_a_role_and_a_command() {
        let said = |text: &str| senseless(&format!("[[external]]\n{text}")).1;
        let rest = "roles = [\"engine\"]\ncommand = [\"x\"]\n";
        assert!(said(rest).contains("name"));
        assert!(said(&format!("name = \"A b\"\n{rest}")).contains("lower-case"));
        assert!(said(&format!("name = \"rewrite\"\n{rest}")).contains("of that name"));
        assert!(said("name = \"a\"\ncommand = [\"x\"]\n").contains("roles"));
        assert!(said("name = \"a\"\nroles = [\"engine\"]\n").contains("command"));
        assert!(said(&format!("name = \"a\"\ntimeout = 0\n{rest}")).contains("timeout"));
        assert!(said(&format!("name = \"a\"\nlanguages = [\"pyhton\"]\n{rest}")).contains("python"));
        assert!(said(&format!("name = \"a\"\nfiles = [\"{{\"]\n{rest}")).contains("glob"));
        let config: Config = toml::from_str(&format!("[[external]]\nname = \"a\"\n{rest}")).unwrap();
        assert!(config.senseless(&[]).is_none() && config.engines().contains(&"a"));
    }

    #[test]
    fn names_of_nothing_are_answered_with_what_there_is() {
        assert!(senseless("[testing]\nrunner = \"pytset\"\n").1.contains("pytest"));
        assert!(senseless("[forge]\nengines = [\"magic\"]\n").1.contains("rewrite"));
        assert!(senseless("[fixers.rufff]\nenabled = false\n").1.contains("ruff"));
        assert!(senseless("[scoring]\ntolerances = { cyclomatik = 0.1 }\n").1.contains("cyclomatic"));
        assert_eq!(senseless("[scoring]\ntolerances = { cyclomatic = -0.1 }\n").1, "must be at least 0");
    }

    #[test]
    fn what_is_no_number_is_out_of_range() {
        assert_eq!(senseless("[testing]\ntimeout_factor = nan\n").1, "must be at least 1");
        assert_eq!(senseless("[scoring]\nweights = { quality = -1.0 }\n").1, "must be at least 0");
    }
}
