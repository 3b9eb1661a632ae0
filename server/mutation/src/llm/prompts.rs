//! Prompts: files with places to be filled. The built-in ones travel in the binary; a user's own ones replace them by
//! name. Reads no file itself.

use hephaestus_core::GoalKind;
use std::collections::BTreeMap;

/// Every built-in prompt, by name.
const BUILTIN: &[(&str, &str)] = &[
    ("system", include_str!("prompts/system.md")),
    ("repair", include_str!("prompts/repair.md")),
    ("hole", include_str!("prompts/hole.md")),
    ("improve", include_str!("prompts/improve.md")),
    ("way-plain", include_str!("prompts/way-plain.md")),
    ("way-reason", include_str!("prompts/way-reason.md")),
    ("way-anew", include_str!("prompts/way-anew.md")),
];

/// Ways of asking, which are learnt among. The first one is tried first.
pub(crate) const WAYS: &[&str] = &["way-plain", "way-reason", "way-anew"];

/// What fills the places, by their names.
pub(crate) type Values = BTreeMap<&'static str, String>;

/// The prompts of one run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prompts {
    own: BTreeMap<String, String>,
}

impl Prompts {
    /// The names of all prompts, which are those of their files without `.md`.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        BUILTIN.iter().map(|(name, _)| *name)
    }

    /// The built-in ones under a user's own.
    pub(crate) fn under(own: BTreeMap<String, String>) -> Self {
        Self { own }
    }

    /// The prompt for a goal of this kind.
    pub(crate) fn for_kind(kind: GoalKind) -> &'static str {
        match kind {
            GoalKind::Repair => "repair",
            GoalKind::Hole => "hole",
            _ => "improve",
        }
    }

    /// A prompt with its places filled. A place without a value stays empty, and so does what is around it between
    /// `{{#name}}` and `{{/name}}`.
    pub(crate) fn fill(&self, name: &str, values: &Values) -> String {
        let builtin = || BUILTIN.iter().find(|(own, _)| *own == name).map(|(_, text)| *text);
        let text = self.own.get(name).map(String::as_str).or_else(builtin).unwrap_or_default();
        filled(text, values).trim().to_owned()
    }
}

/// One pass from left to right: what is filled in is not looked at again.
fn filled(text: &str, values: &Values) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        rest = behind;
        let value = |name: &str| values.get(name).map(String::as_str).unwrap_or_default();
        match name.strip_prefix('#') {
            Some(section) => {
                if let Some((inner, behind)) = rest.split_once(&format!("{{{{/{section}}}}}")) {
                    if !value(section).is_empty() {
                        out.push_str(&filled(inner, values));
                    }
                    rest = behind;
                }
            }
            None if name.starts_with('/') => {}
            None => out.push_str(value(name)),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&'static str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    }

    #[test]
    fn places_are_filled_once_and_empty_sections_go() {
        let values = values(&[("a", "{{b}}"), ("b", "B"), ("c", "")]);
        assert_eq!(filled("x {{a}} {{b}} {{nothing}}.", &values), "x {{b}} B .");
        assert_eq!(filled("{{#b}}has {{b}}{{/b}}{{#c}}has {{c}}{{/c}}!", &values), "has B!");
        for odd in ["{{", "{{#b}} never ended", "}}", "{{/b}}", "{{a"] {
            filled(odd, &values);
        }
    }

    #[test]
    fn a_prompt_of_the_user_replaces_the_one_of_its_name() {
        let prompts = Prompts::under([("repair".to_owned(), "Fix {{goal}}!".to_owned())].into());
        let values = values(&[("goal", "it")]);
        assert_eq!(prompts.fill("repair", &values), "Fix it!");
        assert!(prompts.fill("hole", &values).contains("it"));
        assert_eq!(prompts.fill("no-such-prompt", &values), "");
    }

    #[test]
    fn every_place_of_every_prompt_is_one_that_is_filled() {
        let known =
            ["goal", "why", "code", "failures", "tests", "callees", "callers", "tried", "held", "way"];
        for (name, text) in BUILTIN {
            for place in text.split("{{").skip(1).filter_map(|part| part.split("}}").next()) {
                let place = place.trim_start_matches(['#', '/']);
                assert!(known.contains(&place), "{name}: {place}");
            }
        }
        assert!(WAYS.iter().all(|way| Prompts::names().any(|name| name == *way)));
    }
}
