//! The manual's page about directives says what the table of keys says, and every directive on it can be read.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use hephaestus_core::{Dimension, RelPath};
use hephaestus_directive::{DirectiveKind, KEYS, Severity, parse};
use std::fmt::Write;
use std::path::Path;

fn page() -> String {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/directives.md");
    std::fs::read_to_string(manual).unwrap()
}

#[test]
fn the_table_of_keys_is_the_one_in_the_code() {
    let mut table = String::from("| key | value | without it | meaning |\n|---|---|---|---|\n");
    for key in KEYS {
        let default = if key.default.is_empty() { "-" } else { key.default };
        let (path, words, meaning) = (key.path, key.shape.in_words(), key.meaning);
        writeln!(table, "| `{path}` | {words} | {default} | {meaning} |").unwrap();
    }
    let page = page();
    assert!(page.contains(&table), "docs/src/directives.md has another table; it should be\n\n{table}");
}

#[test]
fn kinds_and_measures_are_all_there() {
    let page = page();
    for kind in DirectiveKind::ALL {
        let row = format!("| `{kind}` | {} |", kind.meaning());
        assert!(page.contains(&row), "no row `{row}`");
    }
    for dimension in Dimension::ALL {
        assert!(page.contains(&format!("`{dimension}`")), "`{dimension}` is not on the page");
    }
}

#[test]
fn every_directive_on_the_page_is_right() {
    let page = page();
    let blocks: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    let read = |ending: &str, body: &str| parse(body, &RelPath::new(format!("a.forge.{ending}")).unwrap());
    let mut seen = 0;
    for block in blocks {
        let (language, body) = block.split_once('\n').unwrap();
        let parsed = match language {
            "markdown" => read("md", body),
            "yaml" => read("yaml", body),
            _ => continue,
        };
        let wrong: Vec<_> = parsed.problems.iter().filter(|own| own.severity == Severity::Error).collect();
        assert!(wrong.is_empty() && parsed.directive.is_some(), "{body}\n{wrong:?}");
        seen += 1;
    }
    assert!(seen >= 3, "{seen} directives on the page");
}
