//! Whether operators do what their examples say: for the contract test, and for the packs of users.

use std::sync::Arc;

use hephaestus_core::{LanguageId, RelPath, SourceFile};
use hephaestus_syntax::Parsed;

use super::Mutators;
use super::compile::OperatorSet;
use super::condition::View;
use super::data::FileData;
use super::sweep;
use crate::nodes::Nodes;

/// An operator whose examples do not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Its id, with the family.
    pub operator: String,
    /// What is wrong.
    pub message: String,
}

impl Mutators {
    /// Tries the examples in the text of an `operators.toml` of `language`: how many operators there are, and what is wrong.
    /// A text that cannot be read has none; [`problems`](Self::problems) tells.
    #[must_use]
    pub fn examples(&self, language: &LanguageId, text: &str) -> (usize, Vec<Slip>) {
        let (Ok(data), Some(set)) = (toml::from_str::<FileData>(text), self.sets.get(language.as_str()))
        else {
            return (0, Vec::new());
        };
        let (mut count, mut slips) = (0, Vec::new());
        for (family, operator) in
            data.families.iter().flat_map(|family| family.operators.iter().map(move |own| (family, own)))
        {
            count += 1;
            let id = format!("{}/{}", family.name, operator.id);
            let mut slip = |message| slips.push(Slip { operator: id.clone(), message });
            if !operator.examples.iter().any(|example| example.len() > 1) {
                slip("no example of what it does".to_owned());
            }
            for example in &operator.examples {
                let Some((before, after)) = example.split_first() else {
                    slip("an example is empty".to_owned());
                    continue;
                };
                match self.own_changes(set, language, before, &id) {
                    Err(message) => slip(message),
                    Ok(own) if own == after => {}
                    Ok(own) => slip(format!("{before:?}\n  gives  {own:?}\n  wanted {after:?}")),
                }
            }
        }
        (count, slips)
    }

    /// What one operator makes of a text, whatever the others do.
    fn own_changes(
        &self,
        set: &OperatorSet,
        language: &LanguageId,
        text: &str,
        id: &str,
    ) -> Result<Vec<String>, String> {
        let parsed =
            self.languages.get(language).zip(RelPath::new("src/a").ok()).and_then(|(language, path)| {
                Parsed::new(language, Arc::new(SourceFile::new(path, language.id().clone(), text, false)))
            });
        let parsed = parsed.ok_or_else(|| format!("{text:?} cannot be parsed"))?;
        if !parsed.error_ranges().is_empty() {
            return Err(format!("{text:?} has a syntax error"));
        }
        let nodes = Nodes::of(parsed.tree());
        let view = View { nodes: &nodes, text, named: &set.named };
        let changes = sweep::sweep(set, view, &[]);
        let own = changes.into_iter().filter(|change| change.operator == id).collect();
        let made = sweep::distinct(own, text).into_iter().map(|change| {
            let (before, after) = (text.get(..change.range.start), text.get(change.range.end..));
            [before.unwrap_or_default(), &change.replacement, after.unwrap_or_default()].concat()
        });
        Ok(made.collect())
    }
}
