//! How often which family of repairs is the right one: learned from real faults and shipped as data, and from what this
//! workspace's users took.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The file that ships.
const SHIPPED: &str = include_str!("../../search/prior.toml");

/// What is taken for a family nobody has seen at work.
const UNSEEN: f64 = 0.0005;

/// The chance that one change of a family is the repair.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prior {
    families: BTreeMap<String, f64>,
}

impl Prior {
    /// What was learned before.
    ///
    /// # Errors
    /// When the shipped file is malformed (a test prevents it).
    pub fn shipped() -> Result<Self, toml::de::Error> {
        toml::from_str(SHIPPED)
    }

    /// A prior that knows nothing: every family is alike.
    #[must_use]
    pub fn flat() -> Self {
        Self::default()
    }

    /// The chance of one change of a family.
    pub(super) fn of(&self, family: &str) -> f64 {
        self.families.get(family).copied().unwrap_or(UNSEEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_prior_is_read_and_holds_chances() {
        let prior = Prior::shipped().unwrap();
        assert!(prior.families.values().all(|chance| (0.0..=1.0).contains(chance)));
        assert!(prior.of("compare") > prior.of("guard"));
        assert!((prior.of("no such family") - UNSEEN).abs() < f64::EPSILON);
    }
}
