//! Calls in words: what a test shows, for its name and for the report. Knows no language; what is empty looks alike in
//! most.

use hephaestus_harness::explore::{CaseKind, FoundCase};

/// The longest value that is named as it is.
const VALUE: usize = 32;
/// The longest arguments that are named as they are.
const ARGUMENTS: usize = 44;

/// What a case shows: "intcomma gives '1,000' for 1000".
pub(super) fn shown(case: &FoundCase) -> String {
    let call = unwrapped(&case.call, &case.function);
    let inner = arguments(call, &case.function);
    let does = match case.kind {
        // What is looked at is not what the call gives, but what became of something.
        CaseKind::Value if inner.is_none() && !case.setup.is_empty() => {
            format!("leaves {}", value(&case.expected))
        }
        CaseKind::Value => format!("gives {}", value(&case.expected)),
        CaseKind::Error => format!("raises {}", case.expected),
        CaseKind::Holds => "holds".to_owned(),
    };
    let mut words = format!("{} {does}", case.function);
    match inner {
        Some((receiver, inner)) => {
            add(&mut words, "for", inner);
            add(&mut words, "on", receiver.filter(|receiver| *receiver != "it").unwrap_or_default());
        }
        None if case.setup.is_empty() => add(&mut words, "in", &case.call),
        None => {}
    }
    if let Some((first, steps)) = case.setup.split_first() {
        let steps: Vec<&str> = steps.iter().map(|step| step.strip_prefix("it.").unwrap_or(step)).collect();
        add(&mut words, "after", &steps.join(", "));
        add(&mut words, "on", first.split_once("= ").map_or(first, |(_, value)| value));
    }
    words
}

fn add(words: &mut String, word: &str, text: &str) {
    if !text.trim().is_empty() {
        words.push_str(&format!(" {word} {}", short(text.trim(), ARGUMENTS)));
    }
}

/// What a function or a method of something is called with; with that something.
fn arguments<'a>(call: &'a str, function: &str) -> Option<(Option<&'a str>, &'a str)> {
    if let Some(inner) =
        call.strip_prefix(function).and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'))
    {
        return Some((None, inner));
    }
    let (_, name) = function.rsplit_once('.')?;
    let (receiver, rest) = call.rsplit_once(&format!(".{name}("))?;
    Some((Some(receiver), rest.strip_suffix(')')?))
}

/// A call without what is put around it to look at its value: `list(f(1))` is `f(1)`.
fn unwrapped<'a>(call: &'a str, function: &str) -> &'a str {
    let is_word =
        |name: &str| name != function && !name.is_empty() && name.chars().all(char::is_alphanumeric);
    let inner = call.split_once('(').filter(|(name, _)| is_word(name));
    let inner = inner.and_then(|(_, rest)| rest.strip_suffix(')')).filter(|inner| is_balanced(inner));
    inner.filter(|inner| arguments(inner, function).is_some()).unwrap_or(call)
}

/// Whether no parenthesis is closed that was not opened.
fn is_balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    text.chars().all(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth >= 0
    })
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
            (case("T.add", &[], "T(1).add(2)", "3"), "T.add gives 3 for 2 on T(1)"),
            (
                case("T.get", &["it = T(1)", "it.add(2)"], "it.get(0)", "1"),
                "T.get gives 1 for 0 after add(2) on T(1)",
            ),
            (case("T.all", &[], "list(T(1).all())", "[]"), "T.all gives an empty list on T(1)"),
            (case("T.size", &[], "T(1).size", "1"), "T.size gives 1 in T(1).size"),
            (
                case("T.add", &["it = T(1)", "it.add(2)"], "list(it)", "[1, 2]"),
                "T.add leaves [1, 2] after add(2) on T(1)",
            ),
        ] {
            assert_eq!(shown(&case), words);
        }
    }
}
