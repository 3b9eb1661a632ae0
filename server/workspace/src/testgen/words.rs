//! Calls in words: what a test shows, for its name and for the report. Knows no language; what is empty looks alike in
//! most.

use hephaestus_harness::explore::{CaseKind, FoundCase};

/// The longest value that is named as it is.
const VALUE: usize = 32;
/// The longest arguments that are named as they are.
const ARGUMENTS: usize = 44;

/// What a case shows: "intcomma gives '1,000' for 1000".
pub(super) fn shown(case: &FoundCase) -> String {
    let function = &case.function;
    let does = match case.kind {
        CaseKind::Value if case.setup.is_empty() => format!("gives {}", value(&case.expected)),
        CaseKind::Value => format!("leaves {}", value(&case.expected)),
        CaseKind::Error => format!("raises {}", case.expected),
        CaseKind::Holds => "holds".to_owned(),
    };
    match circumstances(case) {
        Some(words) => format!("{function} {does} {words}"),
        None => format!("{function} {does}"),
    }
}

fn circumstances(case: &FoundCase) -> Option<String> {
    if let Some(last) = case.setup.last() {
        let start = case.setup.first().filter(|first| *first != last).map(|first| first.split_once("= "));
        let start = start.flatten().map(|(_, value)| format!(" on {}", short(value, ARGUMENTS)));
        return Some(format!("after {}{}", short(last, ARGUMENTS), start.unwrap_or_default()));
    }
    let call = unwrapped(&case.call, &case.function);
    let inner =
        call.strip_prefix(case.function.as_str()).and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
    match inner.map(str::trim) {
        Some("") => None,
        Some(inner) => Some(format!("for {}", short(inner, ARGUMENTS))),
        None => Some(format!("in {}", short(&case.call, ARGUMENTS))),
    }
}

/// A call without what is put around it to look at its value: `list(f(1))` is `f(1)`.
fn unwrapped<'a>(call: &'a str, function: &str) -> &'a str {
    let inner =
        call.split_once('(').filter(|(name, _)| *name != function && name.chars().all(char::is_alphanumeric));
    let inner = inner.and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.filter(|inner| inner.starts_with(function)).unwrap_or(call)
}

fn value(text: &str) -> String {
    match text {
        "''" | "\"\"" | "b''" => "an empty text".to_owned(),
        "[]" => "an empty list".to_owned(),
        "()" => "an empty tuple".to_owned(),
        "{}" => "an empty mapping".to_owned(),
        "set()" => "an empty set".to_owned(),
        text => short(text, VALUE),
    }
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let head: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{head}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn case(function: &str, setup: &[&str], call: &str, expected: &str) -> FoundCase {
        FoundCase {
            function: function.to_owned(),
            setup: setup.iter().map(|line| (*line).to_owned()).collect(),
            call: call.to_owned(),
            kind: CaseKind::Value,
            expected: expected.to_owned(),
            symbols: vec![],
            preamble: vec![],
            kills: BTreeSet::new(),
            lines: BTreeSet::new(),
            cost: 1,
        }
    }

    #[test]
    fn calls_are_put_into_words() {
        for (case, words) in [
            (case("f", &[], "f(1, 2)", "[]"), "f gives an empty list for 1, 2"),
            (case("f", &[], "f()", "None"), "f gives None"),
            (case("f", &[], "list(f(1))", "[1]"), "f gives [1] for 1"),
            (case("T.add", &[], "T(1).add(2)", "3"), "T.add gives 3 in T(1).add(2)"),
            (
                case("T.add", &["it = T(1)", "it.add(2)"], "list(it)", "[1, 2]"),
                "T.add leaves [1, 2] after it.add(2) on T(1)",
            ),
        ] {
            assert_eq!(shown(&case), words);
        }
    }
}
