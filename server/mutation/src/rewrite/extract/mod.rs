//! Extraction: moving a part of a function into a new function of its own. Offers only what keeps the meaning as far
//! as names and control flow tell; whether it does is for the tests to say. Never invents types or comments.

mod python;
mod scopes;

use hephaestus_core::{ByteRange, Edit};
use hephaestus_syntax::Parsed;

/// The step's name.
pub(super) const STEP: &str = "extract-function";

/// One way to cut a function in two.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Extraction {
    /// The new function and the call, against the parsed text.
    pub(super) edits: Vec<Edit>,
    /// About how much cognitive complexity leaves the function.
    pub(super) gain: u32,
    /// The new function's cognitive complexity.
    pub(super) helper: u32,
}

type Extract = fn(&Parsed, ByteRange) -> Vec<Extraction>;

/// Who can do it, by language.
const LANGUAGES: &[(&str, Extract)] = &[("python", python::extractions)];

/// The extractions possible in `function`, the most rewarding first.
pub(super) fn extractions(parsed: &Parsed, function: ByteRange) -> Vec<Extraction> {
    let id = parsed.language().id().as_str();
    LANGUAGES
        .iter()
        .find(|(language, _)| *language == id)
        .map(|(_, extract)| extract(parsed, function))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
