//! Names of tests, made of words.

use std::collections::BTreeSet;

/// The longest identifier that is made.
const LONGEST: usize = 72;

/// Words as an identifier: `returns 'a' for None` becomes `returns_a_for_none`.
pub(super) fn identifier(words: &str) -> String {
    let mut name = String::new();
    for word in words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = ascii(word);
        if word.is_empty() {
            continue;
        }
        if !name.is_empty() && name.len() + word.len() >= LONGEST {
            break;
        }
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(&word);
    }
    name.truncate(LONGEST);
    let name = name.trim_end_matches('_').to_owned();
    match name.chars().next() {
        None => "case".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("case_{name}"),
        Some(_) => name,
    }
}

fn ascii(word: &str) -> String {
    word.chars().filter(char::is_ascii).map(|c| c.to_ascii_lowercase()).collect()
}

/// A name that is neither taken nor a word of the text.
pub(super) fn unique(name: &str, text: &str, taken: &mut BTreeSet<String>) -> String {
    let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let is_free = |name: &str, taken: &BTreeSet<String>| {
        !taken.contains(name) && !words.contains(name) && !words.contains(format!("test_{name}").as_str())
    };
    let numbered = (2..).map(|nth| format!("{name}_{nth}"));
    let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| is_free(name, taken));
    let free = free.unwrap_or_else(|| name.to_owned());
    taken.insert(free.clone());
    free
}

/// A name for a group: `my-file_name` becomes `MyFileName`.
pub(super) fn capitalised(words: &str) -> String {
    let parts = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect()
}
