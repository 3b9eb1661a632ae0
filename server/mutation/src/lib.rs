//! The Mutation Engine: goal in, candidates out. One folder per engine.
//!
//! Engines start no process and write no file: what a linter says comes in through the harness's port, and what they
//! forge goes out as patches.

pub mod fixers;
pub mod rewrite;

use hephaestus_core::Engine;
use hephaestus_syntax::{Languages, RuleSets};

pub use fixers::{Fixer, FixerError, FixerRecheck};
pub use rewrite::Rewrite;

/// Every engine, in the order in which they are asked. A new engine is a folder and a line here.
#[must_use]
pub fn all(languages: &'static Languages, rules: &RuleSets) -> Vec<Box<dyn Engine>> {
    vec![Box::new(Rewrite::new(languages, rules.clone())), Box::new(fixers::Fixers)]
}
