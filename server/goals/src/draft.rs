//! A goal as its proposer sees it, before ids, lines and names are filled in.

use hephaestus_core::{
    Acceptance, ByteRange, Dimension, Goal, GoalKind, GoalOrigin, GoalSettings, RelPath, SourceFile, Target,
};

/// What a proposer knows.
pub struct Draft {
    pub(crate) kind: GoalKind,
    pub(crate) rule: String,
    pub(crate) file: RelPath,
    pub(crate) range: ByteRange,
    pub(crate) message: String,
    pub(crate) why: String,
    pub(crate) improves: Vec<Dimension>,
    pub(crate) target: Option<Target>,
    pub(crate) must_pass: Vec<String>,
    pub(crate) footprint: Vec<RelPath>,
    pub(crate) origin: GoalOrigin,
    pub(crate) gain: f64,
    pub(crate) cost: f64,
}

impl Draft {
    /// What it is about.
    pub(crate) fn text<'a>(&self, file: &'a SourceFile) -> &'a str {
        self.range.slice(&file.text).unwrap_or_default()
    }

    /// Whether the user wants it.
    pub(crate) fn is_wanted(&self, file: Option<&SourceFile>, settings: &GoalSettings) -> bool {
        let is_test = file.is_some_and(|file| file.is_test);
        let ignored = settings.ignore.iter().any(|pattern| matches_glob(pattern, &self.rule));
        settings.wants(self.kind)
            && !ignored
            && (settings.include_tests || !is_test || self.kind == GoalKind::Repair)
    }

    /// The finished goal in its file, on 1-based `line`.
    pub(crate) fn into_goal(self, file: &SourceFile, symbol: Option<String>, line: u32, nth: usize) -> Goal {
        let id = Goal::stable_id(self.kind, &self.rule, &self.file, symbol.as_deref(), self.text(file), nth);
        Goal {
            id,
            kind: self.kind,
            rule: self.rule,
            file: self.file.clone(),
            language: file.language.clone(),
            range: self.range,
            line,
            message: self.message,
            why: self.why,
            symbol,
            acceptance: Acceptance {
                improves: self.improves,
                target: self.target,
                must_pass: self.must_pass,
            },
            base: file.hash.clone(),
            footprint: self.footprint,
            origin: self.origin,
            gain: self.gain,
            cost: self.cost,
        }
    }
}

/// `*` stands for any text; everything else for itself.
pub(crate) fn matches_glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_people_expect() {
        assert!(matches_glob("ruff/E*", "ruff/E501"));
        assert!(matches_glob("*", "anything"));
        assert!(matches_glob("a*c*e", "abcde"));
        assert!(!matches_glob("ruff/E", "ruff/E501"));
        assert!(!matches_glob("a*c", "abcd"));
    }
}
