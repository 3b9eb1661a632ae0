//! The report of a forge run: one HTML page that opens from disk and never touches a network.
//!
//! The forge's JSON (schema `hephaestus/forge/1`) goes in, the page comes out. The headline is written here, escaped, so
//! that it can be read without JavaScript; `script.js` draws the charts and builds the long lists from the same JSON,
//! which travels inside the page. Data is never markup: it enters the page through [`markup`] alone. Does no IO and
//! judges nothing: what the JSON does not say, the page does not say.

mod headline;
mod markup;
mod mutants;
mod panels;

pub(crate) use crate::report::mutants::render as render_mutants;

use crate::report::markup::{escape, fill};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

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
            ("project", &escape(headline::project(report))),
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

/// The word that lets the page's own style and script run and nothing else. Taken from the data, so that the same report
/// gives the same page; it is a second wall, the first is that data never becomes markup.
fn nonce(data: &str, script: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (data, script).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests;
