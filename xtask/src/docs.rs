//! `cargo xtask docs`: the manual's pages that are made from data, so that they cannot say anything else than the data.
//!
//! Today that is the reference of all rewrite rules, from `grammars/*/rules/*.yml`, and the table of what each language has.
//! The pages are part of the repository; a law of tidy tells when they are out of date.

mod languages;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::tidy::Tree;

const INDEX: &str = "docs/src/rules-reference.md";
const FOLDER: &str = "docs/src/rules-reference/";
const REMARK: &str = "<!-- Made by `cargo xtask docs` from the rule files; changes belong there. -->\n";

/// A rule file, as far as the manual shows it.
#[derive(Deserialize)]
struct Rule {
    message: String,
    #[serde(default)]
    note: String,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    kind: String,
    preserves: String,
    #[serde(default)]
    tests: Vec<Example>,
}

#[derive(Deserialize)]
struct Example {
    before: String,
    after: String,
}

/// Rules by id (`python/collapse-nested-if`), by pack.
type Packs = BTreeMap<String, BTreeMap<String, Rule>>;

/// Writes the pages into the repository at `root`.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    let pages = pages(&crate::tidy::read(root)?)?;
    fs::create_dir_all(root.join(FOLDER)).with_context(|| format!("`{FOLDER}` cannot be made"))?;
    for (page, text) in &pages {
        fs::write(root.join(page), text).with_context(|| format!("`{page}` cannot be written"))?;
        println!("wrote {page}");
    }
    Ok(true)
}

/// Every page that is made from data: path and text.
pub(crate) fn pages(tree: &Tree) -> anyhow::Result<BTreeMap<String, String>> {
    let packs = packs(tree)?;
    let mut pages: BTreeMap<String, String> =
        packs.iter().map(|(pack, rules)| (format!("{FOLDER}{pack}.md"), pack_page(pack, rules))).collect();
    if !packs.is_empty() {
        pages.insert(INDEX.to_owned(), index_page(&packs));
    }
    if let Some(page) = languages::page(tree)? {
        pages.insert(languages::PAGE.to_owned(), page);
    }
    Ok(pages)
}

fn packs(tree: &Tree) -> anyhow::Result<Packs> {
    let mut packs = Packs::new();
    for (path, text) in tree.files() {
        let parts: Vec<&str> = path.split('/').collect();
        let ["grammars", pack, "rules", file] = parts.as_slice() else { continue };
        let Some(name) = file.strip_suffix(".yml") else { continue };
        let rule = serde_yaml::from_str(text).with_context(|| format!("`{path}` is no rule"))?;
        packs.entry((*pack).to_owned()).or_default().insert(format!("{pack}/{name}"), rule);
    }
    Ok(packs)
}

fn index_page(packs: &Packs) -> String {
    let count: usize = packs.values().map(BTreeMap::len).sum();
    let mut page = format!(
        "{REMARK}\n# Rules reference\n\n\
         The {count} built-in rules, by language pack. TypeScript and TSX have the JavaScript rules too. *behaviour*: the\n\
         rule claims to keep behaviour as it is; *intent*: an edge case changes on purpose, and the note says which. The\n\
         claim decides nothing: every match is proved like any other candidate.\n"
    );
    for (pack, rules) in packs {
        let _ = write!(page, "\n## {pack}\n\n| rule | kind | keeps | what it sees |\n|---|---|---|---|\n");
        for (id, rule) in rules {
            let name = id.rsplit('/').next().unwrap_or(id);
            let Metadata { kind, preserves, .. } = &rule.metadata;
            let message = rule.message.trim().replace('|', "\\|");
            let _ = writeln!(
                page,
                "| [{name}](rules-reference/{pack}.md#{name}) | {kind} | {preserves} | {message} |"
            );
        }
    }
    page
}

fn pack_page(pack: &str, rules: &BTreeMap<String, Rule>) -> String {
    let mut page = format!("{REMARK}\n# Rules: {pack}\n");
    for (id, rule) in rules {
        let name = id.rsplit('/').next().unwrap_or(id);
        let Metadata { kind, preserves, tests } = &rule.metadata;
        let _ = write!(
            page,
            "\n## {name}\n\n{}. `{id}`, {kind}, keeps {preserves}.\n",
            rule.message.trim().trim_end_matches('.')
        );
        if !rule.note.trim().is_empty() {
            let _ = write!(page, "\n{}\n", rule.note.trim());
        }
        if let Some(Example { before, after }) = tests.first() {
            let fence = fence_for(&[before, after]);
            let _ = write!(page, "\nBefore:\n\n{fence}{pack}\n{}\n{fence}\n", before.trim_end());
            let _ = write!(page, "\nAfter:\n\n{fence}{pack}\n{}\n{fence}\n", after.trim_end());
        }
    }
    page
}

/// A fence that no text contains.
fn fence_for(texts: &[&String]) -> String {
    let mut fence = "```".to_owned();
    while texts.iter().any(|text| text.contains(&fence)) {
        fence.push('`');
    }
    fence
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "\
id: one
language: Python
message: Say `a | b` once
note: |
  Because.
rule: {pattern: $A}
fix: $A
metadata:
  kind: simplify
  preserves: behaviour
  tests:
    - before: |
        if a:
            b
      after: |
        a and b
";

    #[test]
    fn a_rule_gets_a_line_and_a_section() {
        let tree = Tree::of(&[("grammars/python/rules/one.yml", RULE), ("grammars/python/pack.toml", "")]);
        let pages = pages(&tree).unwrap();
        assert_eq!(pages.keys().collect::<Vec<_>>(), [INDEX, "docs/src/rules-reference/python.md"]);
        let line = "| [one](rules-reference/python.md#one) | simplify | behaviour | Say `a \\| b` once |\n";
        assert!(pages[INDEX].contains(line), "{}", pages[INDEX]);
        let page = &pages["docs/src/rules-reference/python.md"];
        assert!(page.contains(
            "\n## one\n\nSay `a | b` once. `python/one`, simplify, keeps behaviour.\n\nBecause.\n"
        ));
        assert!(
            page.ends_with("Before:\n\n```python\nif a:\n    b\n```\n\nAfter:\n\n```python\na and b\n```\n"),
            "{page}"
        );
    }

    #[test]
    fn a_malformed_rule_is_named() {
        let tree = Tree::of(&[("grammars/rust/rules/bad.yml", "message: 1: 2\n")]);
        let error = pages(&tree).unwrap_err().to_string();
        assert_eq!(error, "`grammars/rust/rules/bad.yml` is no rule");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fence_for(&["a ```` b".to_owned()].iter().collect::<Vec<_>>()), "`````");
    }

    #[test]
    fn without_rules_there_is_no_page() {
        assert!(pages(&Tree::of(&[])).unwrap().is_empty());
    }
}
