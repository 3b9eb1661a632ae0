//! A handful of operators on tokens, until the mutation engine brings its own.

use hephaestus_core::{ByteRange, Mutant, Mutator, SourceFile};
use hephaestus_syntax::{Languages, Parsed};
use std::sync::Arc;

/// What is replaced by what, and the operator's name.
const SWAPS: &[(&str, &str, &str)] = &[
    ("+", "-", "arithmetic/plus-to-minus"),
    ("-", "+", "arithmetic/minus-to-plus"),
    ("*", "/", "arithmetic/times-to-divide"),
    ("/", "*", "arithmetic/divide-to-times"),
    ("%", "*", "arithmetic/modulo-to-times"),
    ("==", "!=", "comparison/equal-to-not-equal"),
    ("!=", "==", "comparison/not-equal-to-equal"),
    ("===", "!==", "comparison/equal-to-not-equal"),
    ("<", "<=", "comparison/less-to-less-or-equal"),
    (">", ">=", "comparison/more-to-more-or-equal"),
    ("<=", "<", "comparison/less-or-equal-to-less"),
    (">=", ">", "comparison/more-or-equal-to-more"),
    ("and", "or", "logic/and-to-or"),
    ("or", "and", "logic/or-to-and"),
    ("&&", "||", "logic/and-to-or"),
    ("||", "&&", "logic/or-to-and"),
    ("True", "False", "constant/true-to-false"),
    ("False", "True", "constant/false-to-true"),
    ("true", "false", "constant/true-to-false"),
    ("false", "true", "constant/false-to-true"),
];

/// Swaps tokens.
pub(super) struct TokenSwaps {
    pub(super) languages: &'static Languages,
}

impl Mutator for TokenSwaps {
    fn mutants(&self, file: &SourceFile, regions: &[ByteRange]) -> Vec<Mutant> {
        let parsed = self
            .languages
            .get(&file.language)
            .and_then(|language| Parsed::new(language, Arc::new(file.clone())));
        let Some(parsed) = parsed else { return Vec::new() };
        let whole = ByteRange::new(0, file.text.len());
        let mut mutants = Vec::new();
        for token in parsed.tokens(whole) {
            let text = token.range.slice(&file.text).unwrap_or_default();
            let wanted = regions.is_empty() || regions.iter().any(|region| region.contains(token.range));
            let Some((_, to, operator)) = SWAPS.iter().find(|(from, ..)| *from == text).filter(|_| wanted)
            else {
                continue;
            };
            mutants.push(Mutant {
                file: file.path.clone(),
                range: token.range,
                replacement: (*to).to_owned(),
                operator: (*operator).to_owned(),
                function: parsed.function_at(token.range).map(|function| function.qualified.clone()),
                description: format!("`{text}` replaced by `{to}`"),
            });
        }
        mutants
    }
}
