//! `cargo xtask new`: the skeleton of a new part, with what is left to do told line by line.
//!
//! A skeleton never overwrites anything, and fails its contract test, with a message that says what is missing, until it
//! is filled in.

mod data;
mod names;
mod rust;

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use names::Names;

/// What is asked for.
#[derive(Args)]
pub(crate) struct Request {
    /// What sort of part
    kind: Kind,
    /// Its name, in kebab-case
    name: String,
    /// The language pack it is for (rule, runner, fixer)
    #[arg(long)]
    language: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A rewrite rule of a language pack
    Rule,
    /// A test runner
    Runner,
    /// A linter whose edits become candidates
    Fixer,
    /// A language pack
    Language,
    /// A dimension of the score
    Dimension,
    /// A proposer of goals
    Proposer,
    /// An engine that forges candidates
    Engine,
}

/// What is written and what is left to do.
struct Plan {
    /// Path from the repository's root.
    file: String,
    text: String,
    /// One sentence each, in the order in which it is done.
    left: Vec<String>,
}

/// Writes the skeleton into the repository at `root`.
pub(crate) fn run(root: &Path, request: &Request) -> anyhow::Result<bool> {
    let plan = plan(root, request)?;
    let full = root.join(&plan.file);
    if full.exists() {
        bail!("`{}` is there already", plan.file);
    }
    if let Some(folder) = full.parent() {
        fs::create_dir_all(folder).with_context(|| format!("`{}` cannot be made", folder.display()))?;
    }
    fs::write(&full, &plan.text).with_context(|| format!("`{}` cannot be written", plan.file))?;
    println!("wrote {}", plan.file);
    println!("left to do:");
    for (number, task) in plan.left.iter().enumerate() {
        println!("  {}. {task}", number + 1);
    }
    Ok(true)
}

fn plan(root: &Path, request: &Request) -> anyhow::Result<Plan> {
    let names = Names::new(&request.name)?;
    let language = || -> anyhow::Result<String> {
        let known = packs(root)?;
        match &request.language {
            Some(language) if known.contains(language) => Ok(language.clone()),
            Some(language) => {
                bail!("there is no language pack `{language}`; there are: {}", known.join(", "))
            }
            None => bail!("say for which language: --language {}", known.join("|")),
        }
    };
    match request.kind {
        Kind::Rule => {
            let language = language()?;
            let word = rule_language(root, &language)?;
            Ok(data::rule(&names, &language, &word))
        }
        Kind::Runner => Ok(data::runner(&names, &language()?)),
        Kind::Fixer => Ok(data::fixer(&names, &language()?)),
        Kind::Language => Ok(data::language(&names)),
        Kind::Dimension => Ok(rust::dimension(&names)),
        Kind::Proposer => Ok(rust::proposer(&names)),
        Kind::Engine => Ok(rust::engine(&names)),
    }
}

/// The language packs there are, sorted.
fn packs(root: &Path) -> anyhow::Result<Vec<String>> {
    let folder = root.join("grammars");
    let entries = fs::read_dir(&folder).with_context(|| format!("`{}` cannot be read", folder.display()))?;
    let mut packs: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("pack.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    packs.sort();
    Ok(packs)
}

/// The word that the rule files of a pack write under `language:`.
fn rule_language(root: &Path, pack: &str) -> anyhow::Result<String> {
    let file = root.join("grammars").join(pack).join("pack.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    let value =
        text.lines().find_map(|line| line.strip_prefix("rule_language")?.trim_start().strip_prefix('='));
    let word = value.map(|value| value.trim().trim_matches('"').to_owned());
    word.with_context(|| format!("`{}` has no `rule_language`", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The repository this crate belongs to: read, never written.
    fn here() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    fn request(kind: Kind, name: &str, language: Option<&str>) -> Request {
        Request { kind, name: name.to_owned(), language: language.map(str::to_owned) }
    }

    #[test]
    fn every_kind_has_a_skeleton_in_a_folder_that_exists() {
        for kind in Kind::value_variants() {
            let plan = plan(here(), &request(*kind, "first-light", Some("python"))).unwrap();
            let full = here().join(&plan.file);
            assert!(!full.exists(), "{}", plan.file);
            // A language or an engine is a folder of its own; the folder above must be there for all.
            let above = full.parent().unwrap();
            assert!(above.exists() || above.parent().unwrap().exists(), "{}", plan.file);
            assert!(plan.text.ends_with('\n') && !plan.left.is_empty(), "{kind:?}");
            assert!(
                !plan.text.contains("FIRST") && !plan.text.contains("{{"),
                "{kind:?} has a hole:\n{}",
                plan.text
            );
        }
    }

    #[test]
    fn files_that_tasks_name_exist() {
        for kind in Kind::value_variants() {
            let plan = plan(here(), &request(*kind, "first-light", Some("python"))).unwrap();
            let named = plan.left.iter().flat_map(|task| task.split('`').skip(1).step_by(2));
            for path in named.filter(|name| name.contains('/') && name.contains('.') && !name.contains(' ')) {
                assert!(here().join(path).exists() || path == plan.file, "{kind:?}: `{path}`");
            }
        }
    }

    #[test]
    fn a_language_must_be_named_and_known() {
        let error = plan(here(), &request(Kind::Rule, "x", None)).err().unwrap().to_string();
        assert!(error.contains("--language") && error.contains("python"), "{error}");
        let error = plan(here(), &request(Kind::Runner, "x", Some("klingon"))).err().unwrap().to_string();
        assert!(error.starts_with("there is no language pack `klingon`"), "{error}");
        assert!(plan(here(), &request(Kind::Engine, "x", None)).is_ok());
    }

    #[test]
    fn what_is_there_is_never_overwritten() {
        let (request, before) =
            (request(Kind::Runner, "pytest", Some("python")), "server/harness/runners/pytest.toml");
        let text = fs::read_to_string(here().join(before)).unwrap();
        let error = run(here(), &request).unwrap_err().to_string();
        assert_eq!(error, format!("`{before}` is there already"));
        assert_eq!(fs::read_to_string(here().join(before)).unwrap(), text);
    }

    #[test]
    fn rules_carry_the_languages_own_word() {
        let plan = plan(here(), &request(Kind::Rule, "first-light", Some("javascript"))).unwrap();
        assert!(plan.text.starts_with("id: first-light\nlanguage: JavaScript\n"), "{}", plan.text);
    }
}
