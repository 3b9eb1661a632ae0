//! What `hephaestus pack list`, `check` and `test` see: packs with what each has, and whether its examples hold.

use hephaestus_grammars::{Grammar, OPERATORS, PackProblem, UserPack};
use hephaestus_mutation::Mutators;
use hephaestus_syntax::{Language, Languages, RuleSet};
use serde::Serialize;
use std::path::{Path, PathBuf};

use super::{FOLDER, built_folder, packs_of, runner_files, runners, users_folder};
use crate::open::WorkspaceError;

/// Where a pack comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The binary.
    Shipped,
    /// The user's configuration folder.
    User,
    /// The workspace.
    Workspace,
    /// A folder that was named.
    Named,
}

/// One pack, and what it has.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// The language's id.
    pub id: String,
    /// The language's name for people.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Its folder; none for those in the binary.
    pub folder: Option<PathBuf>,
    /// Endings of its files, as far as it names any.
    pub extensions: Vec<String>,
    /// Rules of its own, without those it inherits.
    pub rules: usize,
    /// Mutation operators of its own.
    pub operators: usize,
    /// Test runners of its own, by name.
    pub runners: Vec<String>,
    /// What there is to say of its grammar.
    pub grammar: &'static str,
}

/// Every pack that holds in the workspace at `root`: the shipped ones, the user's, the workspace's.
///
/// # Errors
/// When one of our own packs is malformed.
pub fn listed(root: &Path) -> Result<Vec<Listed>, WorkspaceError> {
    let internal = |error: String| WorkspaceError::Internal(error);
    let languages = Languages::builtin().map_err(|error| internal(error.to_string()))?;
    let mutators = Mutators::builtin(languages).map_err(|error| internal(error.to_string()))?;
    let all = runners(languages).map_err(|error| internal(error.to_string()))?;
    let shipped = languages.all().into_iter().map(|language| {
        let (pack, id) = (language.pack(), language.id().as_str());
        Listed {
            id: id.to_owned(),
            name: pack.manifest.name.clone(),
            origin: Origin::Shipped,
            folder: None,
            extensions: pack.manifest.extensions.clone(),
            rules: pack.rules.iter().filter(|(rule, _)| rule.starts_with(&format!("{id}/"))).count(),
            operators: mutators.operators(id).count(),
            runners: all
                .iter()
                .filter(|own| own.language.as_str() == id)
                .map(|own| own.name.clone())
                .collect(),
            grammar: "linked in",
        }
    });
    let mut found: Vec<Listed> = shipped.collect();
    found.extend(packs_of(Some(root)).iter().map(|pack| of_user(pack, root)));
    Ok(found)
}

fn of_user(pack: &UserPack, root: &Path) -> Listed {
    let manifest = pack.manifest().unwrap_or_default();
    let is_workspaces = pack.folder.starts_with(root.join(FOLDER));
    let operators = pack.text(OPERATORS).and_then(|text| text.parse::<toml::Table>().ok());
    let families =
        operators.as_ref().and_then(|table| table.get("families")?.as_array()).into_iter().flatten();
    let operators = families.filter_map(|family| Some(family.get("operators")?.as_array()?.len())).sum();
    Listed {
        id: pack.id.clone(),
        name: if manifest.name.is_empty() { pack.id.clone() } else { manifest.name },
        origin: if is_workspaces { Origin::Workspace } else { Origin::User },
        folder: Some(pack.folder.clone()),
        extensions: manifest.extensions,
        rules: pack.files.keys().filter(|file| file.starts_with("rules/")).count(),
        operators,
        runners: runner_files(pack).map(|(name, ..)| name.to_owned()).collect(),
        grammar: match pack.grammar {
            Grammar::None => "as shipped",
            Grammar::NotBuilt(_) => "not built",
            Grammar::Ready(_) => "its own",
            Grammar::Unfit(_) => "unusable",
        },
    }
}

/// The folder of a pack that somebody names: a path, or the id of one in the workspace or the user's folder.
#[must_use]
pub fn find(root: &Path, named: &Path) -> Option<PathBuf> {
    let folders =
        [Some(named.to_owned()), Some(root.join(FOLDER).join(named)), Some(users_folder()?.join(named))];
    folders.into_iter().flatten().find(|folder| folder.is_dir())
}

/// What came of trying a pack.
#[derive(Debug, Clone, Default)]
pub struct PackTrial {
    /// The pack.
    pub id: String,
    /// Rules, and the examples of theirs that were tried.
    pub rules: (usize, usize),
    /// Operators.
    pub operators: usize,
    /// Test runners.
    pub runners: usize,
    /// What is wrong with its files.
    pub problems: Vec<PackProblem>,
    /// Examples that do not hold.
    pub slips: Vec<PackProblem>,
}

/// Looks at the pack in `folder` on top of the shipped ones, and tries its rules and operators on their own examples.
///
/// # Errors
/// When one of our own packs is malformed.
pub fn trial(folder: &Path) -> Result<PackTrial, WorkspaceError> {
    let folder = std::fs::canonicalize(folder)
        .map_err(|error| WorkspaceError::NoFolder { path: folder.to_owned(), reason: error.to_string() })?;
    let pack = UserPack::read(&folder, built_folder().as_deref());
    let languages = Languages::with(std::slice::from_ref(&pack))
        .map_err(|error| WorkspaceError::Internal(error.to_string()))?;
    let mut trial = PackTrial {
        id: pack.id.clone(),
        problems: super::problems_of(languages),
        runners: runner_files(&pack).count(),
        ..PackTrial::default()
    };
    let id = hephaestus_core::LanguageId::new(&pack.id);
    let Some(language) = languages.get(&id).filter(|language| !language.users().is_empty()) else {
        return Ok(trial);
    };
    try_rules(&pack, language, &mut trial);
    if let (Some(text), Ok(mutators)) = (pack.text(OPERATORS), Mutators::builtin(languages)) {
        let (count, slips) = mutators.examples(&id, text);
        trial.operators = count;
        trial.slips.extend(slips.into_iter().map(|slip| {
            let word = format!("\"{}\"", slip.operator.rsplit('/').next().unwrap_or_default());
            let hint =
                "an example is a text and everything the operator makes of it; a text alone is a near miss";
            let problem = pack.problem(OPERATORS, format!("{}: {}", slip.operator, slip.message), hint);
            problem.at_word(text, [word.as_str()])
        }));
    }
    Ok(trial)
}

fn try_rules(pack: &UserPack, language: &Language, trial: &mut PackTrial) {
    let Ok(rules) = RuleSet::builtin(language) else { return };
    for (file, text) in pack.files.iter().filter(|(file, _)| file.starts_with("rules/")) {
        let id = format!("{}/{}", pack.id, file.trim_start_matches("rules/").trim_end_matches(".yml"));
        trial.rules.0 += 1;
        if !rules.rules().any(|rule| rule.id == id) {
            continue;
        }
        let tried = rules.examples(&id, text);
        trial.rules.1 += tried.tests + tried.clean;
        let hint = "mend the rule or its example; the manual's page about rules explains the keys";
        trial.slips.extend(tried.slips.into_iter().map(|slip| {
            let mut problem = pack.problem(file, slip.message, hint);
            problem.line = slip.line;
            problem
        }));
        if tried.tests == 0 {
            let hint =
                "add `metadata.tests` with `before` and `after`: what has no example is not known to work";
            trial.slips.push(pack.problem(file, "the rule has no tests", hint));
        }
    }
}
