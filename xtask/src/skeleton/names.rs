//! One name in the spellings that files, modules and types need.

use anyhow::bail;

/// A checked name.
pub(super) struct Names {
    /// `first-light`: files of data, ids.
    pub(super) kebab: String,
    /// `first_light`: modules.
    pub(super) snake: String,
    /// `FirstLight`: types.
    pub(super) camel: String,
}

impl Names {
    /// Checks that `name` is kebab-case.
    pub(super) fn new(name: &str) -> anyhow::Result<Self> {
        let words: Vec<&str> = name.split('-').collect();
        let is_word = |word: &&str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if !words.iter().all(is_word) || name.starts_with(|c: char| c.is_ascii_digit()) {
            bail!("`{name}` is no name; write it in kebab-case, like `drop-else-after-exit`");
        }
        Ok(Self {
            kebab: name.to_owned(),
            snake: words.join("_"),
            camel: words.iter().map(|word| capital(word)).collect(),
        })
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_three_spellings() {
        let names = Names::new("first-light-2").unwrap();
        assert_eq!(
            (&*names.kebab, &*names.snake, &*names.camel),
            ("first-light-2", "first_light_2", "FirstLight2")
        );
    }

    #[test]
    fn other_spellings_are_refused() {
        for name in ["", "FirstLight", "first_light", "first--light", "-first", "2nd", "a/b", "../x", "é"] {
            assert!(Names::new(name).is_err(), "{name}");
        }
    }
}
