//! Limits: what a change may not do beyond what the gates always ask, and what it may do that they otherwise forbid. They
//! come from a directive; without one there are none.

use crate::RelPath;
use serde::{Deserialize, Serialize};

/// Limits of every change of a run. The default adds nothing to the gates and takes nothing away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// What may happen to names visible from outside.
    pub public_api: ApiLimit,
    /// Names visible from outside that may come or change, whatever holds for others.
    pub named: Vec<String>,
    /// What may be imported although nothing in the project did before.
    pub dependencies: Vec<String>,
    /// Texts, or regular expressions between slashes, that no added line of code may have in it.
    pub forbid: Vec<String>,
    /// Most lines of code that may be added and removed in all; lines of tests do not count.
    pub max_diff_lines: Option<u32>,
    /// Test files that may come, or to which something may be added; what is there stays as it is.
    pub tests: Vec<RelPath>,
}

impl Limits {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether something visible from outside may come.
    #[must_use]
    pub fn lets_come(&self, name: &str) -> bool {
        self.public_api != ApiLimit::Frozen || self.is_named(name)
    }

    /// Whether something visible from outside may change or go.
    #[must_use]
    pub fn lets_change(&self, name: &str) -> bool {
        self.public_api == ApiLimit::Free || self.is_named(name)
    }

    fn is_named(&self, name: &str) -> bool {
        self.named.iter().any(|own| own == name)
    }
}

/// What may happen to names visible from outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiLimit {
    /// Nothing.
    #[default]
    Frozen,
    /// New ones may come.
    Extend,
    /// Anything.
    Free,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limits_let_no_name_change_and_are_left_out_of_what_is_written() {
        let limits = Limits::default();
        assert!(limits.is_empty() && !limits.lets_change("f") && !limits.lets_come("f"));
        assert_eq!(serde_json::from_str::<Limits>("{}").unwrap(), limits);
    }

    #[test]
    fn named_names_may_change_and_others_may_not() {
        let limits = Limits { named: vec!["f".to_owned()], ..Limits::default() };
        assert!(limits.lets_change("f") && limits.lets_come("f") && !limits.is_empty());
        assert!(!limits.lets_change("g") && !limits.lets_come("g"));
        let extend = Limits { public_api: ApiLimit::Extend, ..Limits::default() };
        assert!(extend.lets_come("g") && !extend.lets_change("g"));
        assert!(Limits { public_api: ApiLimit::Free, ..Limits::default() }.lets_change("g"));
    }
}
