//! The manual's page about the configuration says what the schema says: every key, and its default.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use serde_json::Value;
use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../../docs/src/configuration.md");

/// Every key of the schema with its default, as the page writes them.
fn keys(schema: &Value, at: &Value, path: &str, found: &mut BTreeMap<String, String>) {
    let at = match at.get("$ref").and_then(Value::as_str) {
        Some(reference) => schema.pointer(reference.trim_start_matches('#')).unwrap(),
        None => at,
    };
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for (name, property) in at.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let inner = property
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| schema.pointer(reference.trim_start_matches('#')));
        let is_table = inner.is_some_and(|inner| inner.get("properties").is_some());
        // A map to words is one key; a map to tables is a table for each name, a list of tables a table for each.
        let tables = |key: &str| {
            property.get(key).filter(|inner| {
                let named = inner.get("$ref").and_then(Value::as_str);
                let target = named.and_then(|reference| schema.pointer(reference.trim_start_matches('#')));
                target.is_some_and(|target| target.get("properties").is_some())
            })
        };
        if let Some(inner) = tables("additionalProperties") {
            keys(schema, inner, &below(&format!("{name}.NAME")), found);
        } else if let Some(inner) = tables("items") {
            keys(schema, inner, &below(name), found);
        } else if is_table {
            keys(schema, property, &below(name), found);
        } else {
            let default = match property.get("default") {
                None | Some(Value::Null) => "-".to_owned(),
                Some(default) => format!("`{default}`"),
            };
            found.insert(below(name), default);
        }
    }
}

/// The rows of the page's tables: key and default.
fn rows() -> BTreeMap<String, String> {
    let cells = PAGE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        Some((cells.next()?.trim_end_matches('`').to_owned(), cells.next()?.to_owned()))
    });
    cells.collect()
}

#[test]
fn the_page_lists_every_key_with_its_default_and_no_other() {
    let schema = hephaestus_workspace::schema();
    let mut wanted = BTreeMap::new();
    keys(&schema, &schema, "", &mut wanted);
    assert!(wanted.len() > 30, "{wanted:?}");
    assert_eq!(rows(), wanted);
}
