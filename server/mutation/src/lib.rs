//! The Mutation Engine: goal in, candidates out. One folder per engine.
//!
//! Engines start no process and write no file: what a linter says comes in through the harness's port, and what they
//! forge goes out as patches. Beside them `mutants`, which spoils code on purpose to see whether tests notice.

pub mod fixers;
pub mod mutants;
pub mod rewrite;

use hephaestus_core::Engine;
use hephaestus_syntax::{Languages, RuleSets};

pub use fixers::{Fixer, FixerError, FixerRecheck};
pub use mutants::{MutatorError, Mutators};
pub use rewrite::Rewrite;

/// The names of all engines.
pub const ENGINES: &[&str] = &["rewrite", "fixers"];

/// Every engine, in the order in which they are asked. A new engine is a folder, a line here and its name above.
#[must_use]
pub fn all(languages: &'static Languages, rules: &RuleSets) -> Vec<Box<dyn Engine>> {
    vec![Box::new(Rewrite::new(languages, rules.clone())), Box::new(fixers::Fixers)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_is_named() {
        let languages = Languages::builtin().unwrap();
        let names: Vec<&str> =
            all(languages, &RuleSets::default()).iter().map(|engine| engine.name()).collect();
        assert_eq!(names, ENGINES);
    }
}
