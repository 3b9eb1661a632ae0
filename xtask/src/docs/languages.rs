//! The table of what each language has, counted in the data: packs, runners, fixers. It stands between two marks in the
//! manual's page about languages, which is written by hand otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Context, bail};
use toml::{Table, Value};

use crate::tidy::Tree;

/// The page.
pub(super) const PAGE: &str = "docs/src/languages.md";
const BEGIN: &str =
    "<!-- Made by `cargo xtask docs` from the packs, runners and fixers; changes belong there. -->\n";
const END: &str = "<!-- End of what is made. -->\n";
const RUNNERS: &str = "server/harness/runners/";
const FIXERS: &str = "server/mutation/fixers/";
const HEAD: &str = "\
| language | rules | mutation operators | linters | test runners | warm | reach | repair | tests from code | missing bodies | directives |
|---|---|---|---|---|---|---|---|---|---|---|
";

/// The page with the table as it should be; `None` where there is no such page.
pub(super) fn page(tree: &Tree) -> anyhow::Result<Option<String>> {
    let Some(text) = tree.text(PAGE) else { return Ok(None) };
    let Some((before, rest)) = text.split_once(BEGIN) else { bail!("`{PAGE}` has no mark for the table") };
    let Some((_, after)) = rest.split_once(END) else { bail!("`{PAGE}` has no end of the table") };
    Ok(Some(format!("{before}{BEGIN}\n{}\n{END}{after}", table(tree)?)))
}

/// What is known of a pack.
#[derive(Default)]
struct Pack {
    manifest: Table,
    rules: usize,
    files: BTreeSet<String>,
    operators: usize,
}

fn table(tree: &Tree) -> anyhow::Result<String> {
    let (packs, tools) = (packs(tree)?, tools(tree)?);
    let mut rows = String::from(HEAD);
    for (id, pack) in &packs {
        // What is inherited counts, the nearest first.
        let parents = pack.manifest.get("inherits").and_then(Value::as_array).into_iter().flatten();
        let line: Vec<&Pack> =
            std::iter::once(pack).chain(parents.filter_map(|parent| packs.get(parent.as_str()?))).collect();
        let ids: Vec<&str> = packs
            .iter()
            .filter(|(_, own)| line.iter().any(|pack| std::ptr::eq(*pack, *own)))
            .map(|(id, _)| id.as_str())
            .collect();
        let has = |file: &str| if line.iter().any(|pack| pack.files.contains(file)) { "yes" } else { "-" };
        let rules: usize = line.iter().map(|pack| pack.rules).sum();
        let operators = line.iter().map(|pack| pack.operators).find(|count| *count > 0).unwrap_or_default();
        let own = |folder: &str| {
            let own =
                tools.iter().filter(|tool| tool.folder == folder && ids.contains(&tool.language.as_str()));
            own.collect::<Vec<_>>()
        };
        let names = |tools: &[&Tool]| match tools {
            [] => "-".to_owned(),
            tools => tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(", "),
        };
        let (runners, fixers) = (own(RUNNERS), own(FIXERS));
        let warm = match (
            runners.iter().any(|tool| tool.has_driver),
            runners.iter().any(|tool| tool.has_switches),
        ) {
            (true, _) => "driver",
            (_, true) => "switches",
            _ => "-",
        };
        let breaks = line.iter().any(|pack| pack.manifest.contains_key("canary"));
        let name = pack.manifest.get("name").and_then(Value::as_str).unwrap_or(id);
        let _ = writeln!(
            rows,
            "| {name} | {rules} | {operators} | {} | {} | {warm} | {} | {} | {} | {} | {} |",
            names(&fixers),
            names(&runners),
            if breaks { "yes" } else { "-" },
            has("repair.toml"),
            has("tests.toml"),
            has("synth.toml"),
            has("directives.toml"),
        );
    }
    Ok(rows)
}

fn packs(tree: &Tree) -> anyhow::Result<BTreeMap<String, Pack>> {
    let mut packs: BTreeMap<String, Pack> = BTreeMap::new();
    for (path, text) in tree.files() {
        let Some((id, file)) = path.strip_prefix("grammars/").and_then(|path| path.split_once('/')) else {
            continue;
        };
        if id == "src" {
            continue;
        }
        let pack = packs.entry(id.to_owned()).or_default();
        let read = || text.parse::<Table>().with_context(|| format!("`{path}` is no TOML"));
        match file {
            "pack.toml" => pack.manifest = read()?,
            "operators.toml" => pack.operators = operators(&read()?),
            _ if file.starts_with("rules/") && file.ends_with(".yml") => pack.rules += 1,
            _ => {}
        }
        pack.files.insert(file.to_owned());
    }
    packs.retain(|_, pack| !pack.manifest.is_empty());
    Ok(packs)
}

fn operators(file: &Table) -> usize {
    let families = file.get("families").and_then(Value::as_array).into_iter().flatten();
    families.filter_map(|family| Some(family.get("operators")?.as_array()?.len())).sum()
}

/// A runner or a fixer.
struct Tool {
    folder: &'static str,
    name: String,
    language: String,
    has_driver: bool,
    has_switches: bool,
}

fn tools(tree: &Tree) -> anyhow::Result<Vec<Tool>> {
    let mut tools = Vec::new();
    for (path, text) in tree.files() {
        for folder in [RUNNERS, FIXERS] {
            let Some(name) = path.strip_prefix(folder).and_then(|name| name.strip_suffix(".toml")) else {
                continue;
            };
            let data: Table = text.parse().with_context(|| format!("`{path}` is no TOML"))?;
            tools.push(Tool {
                folder,
                name: name.to_owned(),
                language: data.get("language").and_then(Value::as_str).unwrap_or_default().to_owned(),
                has_driver: data.contains_key("driver"),
                has_switches: data.contains_key("switches"),
            });
        }
    }
    Ok(tools)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_language_inherits_counts_and_the_rest_of_the_page_stays() {
        let files = [
            (PAGE, &*format!("# Languages\n\n{BEGIN}old\n{END}\nmore\n")),
            ("grammars/a/pack.toml", "name = \"A\"\n[canary]\nstatement = \"x\"\n"),
            (
                "grammars/a/operators.toml",
                "[[families]]\nname = \"f\"\noperators = [{ id = \"x\" }, { id = \"y\" }]\n",
            ),
            ("grammars/a/rules/r.yml", ""),
            ("grammars/a/repair.toml", ""),
            ("grammars/b/pack.toml", "name = \"B\"\ninherits = [\"a\"]\n"),
            ("grammars/b/rules/s.yml", ""),
            ("grammars/src/lib.rs", ""),
            ("server/harness/runners/t.toml", "language = \"a\"\n[driver]\n"),
            ("server/mutation/fixers/l.toml", "language = \"b\"\n"),
        ];
        let page = page(&Tree::of(&files)).unwrap().unwrap();
        assert!(page.starts_with("# Languages\n\n<!--") && page.ends_with("\nmore\n"), "{page}");
        assert!(page.contains("| A | 1 | 2 | - | t | driver | yes | yes | - | - | - |\n"), "{page}");
        assert!(page.contains("| B | 2 | 2 | l | t | driver | yes | yes | - | - | - |\n"), "{page}");
        assert!(!page.contains("old"));
    }

    #[test]
    fn a_page_without_marks_is_an_error_and_no_page_none() {
        assert!(page(&Tree::of(&[(PAGE, "# Languages\n")])).is_err());
        assert_eq!(page(&Tree::of(&[])).unwrap(), None);
    }
}
