//! Templates: what a new directive of each kind begins as. Each can be read as it stands.

use crate::DirectiveKind;

/// What stands in a template where the name belongs.
const NAME: &str = "NAME";

/// The text of a new directive.
#[must_use]
pub fn template(kind: DirectiveKind, name: &str) -> String {
    let text = match kind {
        DirectiveKind::Build => include_str!("../templates/build.forge.md"),
        DirectiveKind::Improve => include_str!("../templates/improve.forge.md"),
        DirectiveKind::Fix => include_str!("../templates/fix.forge.md"),
        DirectiveKind::Refactor => include_str!("../templates/refactor.forge.md"),
        DirectiveKind::Optimize => include_str!("../templates/optimize.forge.md"),
        DirectiveKind::Test => include_str!("../templates/test.forge.md"),
    };
    text.replace(NAME, name)
}

/// Why a name cannot be that of a new directive; `None` when it can.
#[must_use]
pub fn wrong_name(name: &str) -> Option<&'static str> {
    let is_fine = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(is_fine) {
        return Some("a name is made of letters, digits, `-`, `_` and `.`");
    }
    (name.starts_with('.') || name.len() > 100)
        .then_some("a name begins with a letter or digit and is not long")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Severity, Surroundings, check};
    use hephaestus_core::RelPath;
    use hephaestus_syntax::Languages;

    /// The template with its commented keys in force.
    fn filled(text: &str) -> String {
        let uncommented =
            |line: &str| match line.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '#'])) {
                Some(rest) => rest.to_owned(),
                None => line.to_owned(),
            };
        text.lines().map(|line| uncommented(line) + "\n").collect()
    }

    #[test]
    fn templates_are_right_as_they_stand_and_with_every_key_in_force() {
        let path = RelPath::new("a.forge.md").unwrap();
        for kind in DirectiveKind::ALL {
            let text = template(*kind, "shorter-names");
            for text in [text.clone(), filled(&text)] {
                let found = check(&text, &path, &Surroundings::default(), Languages::builtin().unwrap());
                assert_eq!(*found.directive.unwrap().kind, *kind);
                let wrong: Vec<_> =
                    found.problems.iter().filter(|own| own.severity == Severity::Error).collect();
                assert!(wrong.is_empty(), "{kind}: {wrong:?}\n{text}");
            }
        }
    }

    #[test]
    fn names_are_names_of_files() {
        assert_eq!(wrong_name("shorter-names_2.0"), None);
        for name in ["", "a/b", "..", "a b", "a\n"] {
            assert!(wrong_name(name).is_some(), "{name:?}");
        }
    }
}
