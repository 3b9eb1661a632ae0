//! Packs of a user's own: where they lie, the languages and runners that come of them, and what is wrong with them.
//!
//! A workspace's packs lie below it, a user's in the folder of their configuration; these hold in every workspace, and the
//! workspace's on top of them. Compiled grammars lie in the user's own data folder alone: nothing that comes with a
//! workspace is ever loaded into this process.

mod build;
mod looking;
mod skeleton;
#[cfg(test)]
mod tests;

use hephaestus_core::{Notice, RelPath};
use hephaestus_grammars::UserPack;
use hephaestus_harness::runners::{Runner, RunnerError, all as shipped_runners};
use hephaestus_mutation::Mutators;
use hephaestus_syntax::{Language, Languages, RuleSet};
use std::path::{Path, PathBuf};

pub use build::{BuildError, Built, build};
pub use hephaestus_grammars::PackProblem;
pub use hephaestus_grammars::native::load;
pub use looking::{Listed, Origin, PackTrial, find, listed, trial};
pub use skeleton::{SkeletonError, new};

use crate::open::WorkspaceError;

/// Where a workspace's packs lie below its root.
pub const FOLDER: &str = ".hephaestus/grammars";

/// Where a user's packs lie for all workspaces.
#[must_use]
pub fn users_folder() -> Option<PathBuf> {
    dirs::config_dir().map(|folder| folder.join("hephaestus/grammars"))
}

/// Where the grammars lie that a user has built.
#[must_use]
pub fn built_folder() -> Option<PathBuf> {
    dirs::data_local_dir().map(|folder| folder.join("hephaestus/grammars"))
}

/// The packs that hold in the workspace at `root`: the user's, then the workspace's.
#[must_use]
pub fn packs_of(root: Option<&Path>) -> Vec<UserPack> {
    let built = built_folder();
    let folders = users_folder().into_iter().chain(root.map(|root| root.join(FOLDER)));
    folders.flat_map(|folder| UserPack::all_in(&folder, built.as_deref())).collect()
}

/// The languages of the workspace at `root`: those of ours with the packs on top that hold there, as they are now.
///
/// # Errors
/// When one of our own packs is malformed.
pub fn languages_of(root: Option<&Path>) -> Result<&'static Languages, WorkspaceError> {
    Languages::with(&packs_of(root)).map_err(|error| WorkspaceError::Internal(error.to_string()))
}

/// Every runner there is for these languages, by order: those of users' packs before ours of the same order. One of a user's
/// takes the place of the one of ours that has its name.
///
/// # Errors
/// When one of our own files is malformed.
pub(crate) fn runners(languages: &Languages) -> Result<Vec<Runner>, RunnerError> {
    let mut all: Vec<Runner> = Vec::new();
    let users = languages.all().into_iter().flat_map(Language::users);
    for runner in users.flat_map(|pack| runners_in(pack).0) {
        all.retain(|own| own.name != runner.name);
        all.push(runner);
    }
    let shipped = shipped_runners().map_err(Clone::clone)?;
    let ours: Vec<Runner> =
        shipped.iter().filter(|runner| all.iter().all(|own| own.name != runner.name)).cloned().collect();
    all.extend(ours);
    all.sort_by(|left, right| (&left.language, left.order).cmp(&(&right.language, right.order)));
    Ok(all)
}

/// The names of the runners in the packs that hold at `root`.
pub(crate) fn runner_names(root: &Path) -> Vec<String> {
    let folders = users_folder().into_iter().chain([root.join(FOLDER)]);
    let entries = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let runners = folders.flat_map(entries).flat_map(|pack| entries(pack.path().join("runners")));
    let name = |runner: std::fs::DirEntry| {
        Some(runner.path().file_name()?.to_str()?.strip_suffix(".toml")?.to_owned())
    };
    runners.filter_map(name).collect()
}

fn runner_files(pack: &UserPack) -> impl Iterator<Item = (&str, &str, &str)> {
    pack.files.iter().filter_map(|(file, text)| {
        let name = file.strip_prefix("runners/")?.strip_suffix(".toml")?;
        Some((name, file.as_str(), text.as_str()))
    })
}

/// The runners of a pack, and what is wrong with the others.
fn runners_in(pack: &UserPack) -> (Vec<Runner>, Vec<PackProblem>) {
    let (mut runners, mut problems) = (Vec::new(), Vec::new());
    for (name, file, text) in runner_files(pack) {
        let shim = pack.files.iter().find(|(other, _)| other.starts_with(&format!("runners/{name}.shim.")));
        match Runner::parse(name, text, shim.map(|(_, text)| text.as_str())) {
            Ok(runner) => runners.push(runner),
            Err(error) => {
                let hint = "the manual's page about packs explains every key of a runner";
                problems.push(pack.problem(file, error.message.clone(), hint).at(text, error.at));
            }
        }
    }
    (runners, problems)
}

/// Everything that is wrong with the packs in `languages`, by file. Nothing is run.
#[must_use]
pub fn problems_of(languages: &'static Languages) -> Vec<PackProblem> {
    let mut problems = languages.problems().to_vec();
    let changed = languages.all().into_iter().filter(|language| !language.users().is_empty());
    let changed: Vec<&Language> = changed.collect();
    if !changed.is_empty() {
        problems.extend(changed.iter().flat_map(|language| rule_problems(language)));
        if let Ok(mutators) = Mutators::builtin(languages) {
            problems.extend_from_slice(mutators.problems());
        }
        let users = changed.iter().flat_map(|language| language.users());
        problems.extend(users.flat_map(|pack| runners_in(pack).1));
    }
    problems.sort();
    problems.dedup();
    problems
}

/// What is wrong with the rules of users' packs for a language.
fn rule_problems(language: &Language) -> Vec<PackProblem> {
    let Ok(rules) = RuleSet::builtin(language) else { return Vec::new() };
    let hint =
        "`hephaestus pack new` shows what a rule looks like; the manual's page about rules explains the keys";
    let skipped = rules.skipped().iter();
    skipped
        .filter_map(|rule| {
            let pack = language.users().iter().rev().find(|pack| pack.rule_file(&rule.id).is_some())?;
            let mut problem = pack.problem(&pack.rule_file(&rule.id)?, rule.reason.clone(), hint);
            problem.line = usize::try_from(rule.line).unwrap_or(1);
            // Where the reader of rules names no line, the word it complains about does.
            let word =
                rule.reason.split('`').nth(1).and_then(|key| key.rsplit('.').next()).unwrap_or_default();
            if problem.line > 1 || word.is_empty() {
                return Some(problem);
            }
            let text = pack.text(&pack.rule_file(&rule.id)?)?;
            Some(problem.at_word(text, [format!("{word}:").as_str()]))
        })
        .collect()
}

/// The same as notices about the workspace at `root`.
pub(crate) fn notices(root: &Path, languages: &'static Languages) -> Vec<Notice> {
    let notice = |problem: PackProblem| {
        let inside = problem.file.strip_prefix(root).ok().and_then(|path| RelPath::new(path).ok());
        let message = match inside {
            Some(_) => format!("line {}: {}", problem.line, problem.message),
            None => problem.to_string(),
        };
        Notice { path: inside, message }
    };
    problems_of(languages).into_iter().map(notice).collect()
}

/// Whether a path in a workspace belongs to a pack.
#[must_use]
pub fn concerns_packs(path: &RelPath) -> bool {
    RelPath::new(FOLDER).is_ok_and(|folder| path.is_within(&folder))
}
