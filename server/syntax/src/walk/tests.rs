//! Cognitive complexity by worked examples: the comments of each example say what each line costs by the paper
//! (`+1` for the step itself, `+2`, `+3`, … where levels around it count too), and the test adds them up.

mod javascript;
mod python;
mod rust;
mod sizes;

use std::sync::Arc;
use std::time::Duration;

use hephaestus_core::{CancelToken, LanguageId, RelPath, SourceFile};

use crate::parsed::parse;
use crate::{Languages, Parsed};

pub(crate) fn parsed(language: &str, text: &str) -> Parsed {
    let id = LanguageId::new(language);
    let language = Languages::builtin().unwrap().get(&id).unwrap();
    let file = SourceFile::new(RelPath::new("sample").unwrap(), id, text, false);
    // No time limit worth the name: a slow machine must not fail a test.
    let tree = parse(language, &file.text, None, &CancelToken::new(), Duration::from_secs(600)).unwrap();
    Parsed::from_tree(language, Arc::new(file), tree)
}

/// Adds up the `+N` in comments that begin with `marker`.
fn written(text: &str, marker: &str) -> u32 {
    let comments = text.lines().filter_map(|line| line.split_once(marker)).map(|(_, comment)| comment);
    comments
        .flat_map(str::split_whitespace)
        .filter_map(|word| word.strip_prefix('+')?.parse::<u32>().ok())
        .sum()
}

/// Checks the first function of `text` against what its comments say.
pub(super) fn check(language: &str, text: &str) {
    let parsed = parsed(language, text);
    assert!(parsed.error_ranges().is_empty(), "does not parse: {text}");
    let marker = if language == "python" { "# " } else { "// " };
    let function = parsed.functions().first().unwrap();
    assert_eq!(function.metrics.cognitive, written(text, marker), "{}: {text}", function.qualified);
    assert_eq!(parsed.metrics(function.range), function.metrics);
}
