//! Pages: one HTML file each that opens from disk and never touches a network. This one is about one forge run;
//! [`history`] is about everything that was tried, [`mutants`] about the tests. What they share is in `page/`.
//!
//! The forge's JSON (schema `hephaestus/forge/1`) goes in, the page comes out. The headline is written here, escaped, so
//! that it can be read without JavaScript; `forge.js` draws the charts and builds the long lists from the same JSON,
//! which travels inside the page. Data is never markup: it enters the page through [`markup`] alone. Does no IO and
//! judges nothing: what the JSON does not say, the page does not say.

mod headline;
mod history;
mod markup;
mod mutants;
mod panels;

pub(crate) use crate::report::history::render as render_history;
pub(crate) use crate::report::mutants::render as render_mutants;

use crate::report::markup::{escape, fill};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};

const PAGE: &str = include_str!("forge.html");
const STYLE: &str = concat!(include_str!("page/base.css"), include_str!("forge.css"));
const SCRIPT: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("page/elements.js"),
    include_str!("page/diff.js"),
    include_str!("page/evidence.js"),
    include_str!("page/theme.js"),
    include_str!("forge.js"),
    "})();\n"
);

/// Renders the report of a forge run as a self-contained HTML page. Missing or odd members of `report` are left out of
/// the page, never an error.
#[must_use]
pub(crate) fn render(report: &Value) -> String {
    let data = markup::embed(report);
    let nonce = nonce(&data, SCRIPT);
    fill(
        PAGE,
        &[
            ("nonce", &nonce),
            ("style", STYLE),
            ("script", SCRIPT),
            ("data", &data),
            ("project", &escape(base_name(markup::text(report, "/root")))),
            ("root", &escape(markup::text(report, "/root"))),
            ("facts", &headline::facts(report)),
            ("verdict", &headline::verdict(report)),
            ("warnings", &headline::warnings(report)),
            ("numbers", &headline::numbers(report)),
            ("score", &panels::score(report)),
            ("funnel", &panels::funnel(report)),
            ("time", &panels::time(report)),
            ("fallen", &panels::fallen(report)),
            ("version", &escape(markup::text(report, "/version"))),
        ],
    )
}

/// The project's name: the last part of its root.
fn base_name(root: &str) -> &str {
    root.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or("project")
}

/// The word that lets the page's own style and script run and nothing else. Taken from the data, so that the same report
/// gives the same page; it is a second wall, the first is that data never becomes markup.
fn nonce(data: &str, script: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (data, script).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests;
