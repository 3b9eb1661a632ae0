//! Operators in users' packs: compiled together with those they are added to, left out where they are wrong.

use hephaestus_grammars::{OPERATORS, PackProblem, UserPack};
use hephaestus_syntax::Language;

use super::compile::{OperatorSet, compile};
use super::data::FileData;

const HINT: &str =
    "`operators.toml` of the shipped packs are the examples; the manual's page about packs explains the keys";

/// The text of the shipped pack's file, and those of users' packs.
pub(super) fn layers(language: &Language) -> (Option<&str>, Vec<(&UserPack, &str)>) {
    let users = language.users().iter().filter_map(|user| Some((user, user.text(OPERATORS)?)));
    let users: Vec<_> = users.collect();
    let all = language.pack().layers(OPERATORS);
    let shipped = all.first().filter(|_| all.len() > users.len());
    (shipped.map(String::as_str), users)
}

/// The operators of the shipped file and of users' on top of it; `None` where none of these can be used.
pub(super) fn on_top(
    shipped: Option<&str>,
    users: &[(&UserPack, &str)],
    language: &Language,
    problems: &mut Vec<PackProblem>,
) -> Option<OperatorSet> {
    let mut texts: Vec<&str> = shipped.into_iter().collect();
    let mut best = None;
    for (user, text) in users {
        texts.push(text);
        match together(&texts, language) {
            Ok((set, unknown)) => {
                let before: Vec<String> = best.as_ref().map_or_else(
                    || {
                        together(texts.get(..texts.len() - 1).unwrap_or_default(), language)
                            .map(|(_, names)| names)
                            .unwrap_or_default()
                    },
                    |(_, names): &(OperatorSet, Vec<String>)| names.clone(),
                );
                problems.extend(unknown.iter().filter(|name| !before.contains(name)).map(|name| {
                    let word = name.split('`').nth(1).unwrap_or_default();
                    let problem = user.problem(OPERATORS, format!("the grammar has no {name}"), HINT);
                    problem.at_word(text, [format!("\"{word}\"").as_str(), word])
                }));
                best = Some((set, unknown));
            }
            Err(wrong) => {
                problems.push(wrong.problem(user, text));
                texts.pop();
            }
        }
    }
    best.map(|(set, _)| set)
}

enum Wrong {
    Form(Box<toml::de::Error>),
    Meaning(String, String),
}

impl Wrong {
    fn problem(self, user: &UserPack, text: &str) -> PackProblem {
        match self {
            Self::Form(error) => {
                let at = error.span().map_or(0, |span| span.start);
                user.problem(OPERATORS, error.message().trim().replace('\n', " "), HINT).at(text, at)
            }
            Self::Meaning(place, message) => {
                let word = place.rsplit(['/', '.']).next().unwrap_or_default();
                let problem = user.problem(OPERATORS, format!("{place}: {message}"), HINT);
                problem.at_word(text, [format!("\"{word}\"").as_str(), word])
            }
        }
    }
}

/// The operators of several texts, and the names that mean nothing to the grammar.
fn together(texts: &[&str], language: &Language) -> Result<(OperatorSet, Vec<String>), Wrong> {
    let mut all = FileData::default();
    for text in texts {
        all.absorb(toml::from_str(text).map_err(|error| Wrong::Form(Box::new(error)))?);
    }
    let (set, names) =
        compile(&all, language.grammar()).map_err(|(place, message)| Wrong::Meaning(place, message))?;
    Ok((set, names.into_iter().collect()))
}
