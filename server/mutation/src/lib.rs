//! The Mutation Engine: goal in, candidates out. One folder per engine.
//!
//! Engines start no process and write no file: what a linter says comes in through the harness's port, and what they
//! forge goes out as patches. One of them, `llm`, knows the network, and is there only where it was asked for. Beside them `mutants`, which spoils code on purpose to see whether tests notice.

pub mod external;
pub mod fixers;
pub mod llm;
pub mod mutants;
mod nodes;
pub mod rewrite;
pub mod search;
pub mod synth;
pub mod test_writer;

use hephaestus_core::{Engine, SearchSettings};
use hephaestus_syntax::{Languages, RuleSets};

pub use fixers::{Fixer, FixerError, FixerRecheck};
pub use llm::Llm;
pub use mutants::{MutatorError, Mutators};
pub use rewrite::Rewrite;
pub use search::Search;
pub use synth::Synth;

/// The names of all engines.
pub const ENGINES: &[&str] = &["rewrite", "fixers", "search", "synth", "llm"];

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

/// Every engine, in the order in which they are asked; the one that asks a language model where there is one. A new
/// engine is a folder, a line here and its name above.
///
/// # Errors
/// When one of our own data files is malformed (tests prevent it).
pub fn all(
    languages: &'static Languages,
    rules: &RuleSets,
    search: &SearchSettings,
    llm: Option<Llm>,
) -> Result<Vec<Box<dyn Engine>>, EngineError> {
    let own: Vec<Box<dyn Engine>> = vec![
        Box::new(Rewrite::new(languages, rules.clone())),
        Box::new(fixers::Fixers),
        Box::new(Search::new(languages, search.clone())?),
        Box::new(Synth::new(languages)?),
    ];
    Ok(own.into_iter().chain(llm.map(|llm| Box::new(llm) as Box<dyn Engine>)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_is_named() {
        let languages = Languages::builtin().unwrap();
        let of = |llm| all(languages, &RuleSets::default(), &SearchSettings::default(), llm).unwrap();
        let names = |engines: Vec<Box<dyn Engine>>| {
            engines.iter().map(|engine| engine.name().to_owned()).collect::<Vec<_>>()
        };
        let without = names(of(None));
        assert_eq!(
            [without.as_slice(), &[llm::NAME.to_owned()]].concat(),
            ENGINES,
            "nothing is asked by default"
        );
    }
}
