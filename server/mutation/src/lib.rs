//! The Mutation Engine: goal in, candidates out. One folder per engine.
//!
//! Engines start no process and write no file: what a linter says comes in through the harness's port, and what they
//! forge goes out as patches. Beside them `mutants`, which spoils code on purpose to see whether tests notice.

pub mod fixers;
pub mod mutants;
mod nodes;
pub mod rewrite;
pub mod search;
pub mod synth;
pub mod test_writer;

use hephaestus_core::{Engine, SearchSettings};
use hephaestus_syntax::{Languages, RuleSets};

pub use fixers::{Fixer, FixerError, FixerRecheck};
pub use mutants::{MutatorError, Mutators};
pub use rewrite::Rewrite;
pub use search::Search;
pub use synth::Synth;

/// The names of all engines.
pub const ENGINES: &[&str] = &["rewrite", "fixers", "search", "synth"];

/// Why an engine cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// What packs say of repairs cannot be used.
    #[error(transparent)]
    Search(#[from] search::SearchError),
    /// What packs say of synthesis cannot be used.
    #[error(transparent)]
    Synth(#[from] synth::KitError),
}

/// Every engine, in the order in which they are asked. A new engine is a folder, a line here and its name above.
///
/// # Errors
/// When one of our own data files is malformed (tests prevent it).
pub fn all(
    languages: &'static Languages,
    rules: &RuleSets,
    search: &SearchSettings,
) -> Result<Vec<Box<dyn Engine>>, EngineError> {
    Ok(vec![
        Box::new(Rewrite::new(languages, rules.clone())),
        Box::new(fixers::Fixers),
        Box::new(Search::new(languages, search.clone())?),
        Box::new(Synth::new(languages)?),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_is_named() {
        let languages = Languages::builtin().unwrap();
        let engines = all(languages, &RuleSets::default(), &SearchSettings::default()).unwrap();
        let names: Vec<&str> = engines.iter().map(|engine| engine.name()).collect();
        assert_eq!(names, ENGINES);
    }
}
