//! A goal as its proposer sees it, before ids, lines and names are filled in.

use crate::Survey;
use hephaestus_core::{Acceptance, ByteRange, Dimension, Goal, GoalKind, GoalOrigin, RelPath, Target};

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
    /// Equal for goals that only their order in the file tells apart.
    pub(crate) fn twin_key(&self, survey: &Survey<'_>) -> String {
        let symbol = self.symbol(survey).unwrap_or_default();
        format!("{}\0{}\0{}\0{symbol}\0{}", self.kind, self.rule, self.file, self.text(survey))
    }

    fn text<'a>(&self, survey: &Survey<'a>) -> &'a str {
        survey.snapshot.file(&self.file).and_then(|file| self.range.slice(&file.text)).unwrap_or_default()
    }

    fn symbol(&self, survey: &Survey<'_>) -> Option<String> {
        survey.parsed.get(&self.file)?.symbol_at(self.range)
    }

    /// The finished goal; `None` when the file is not there (any more).
    pub(crate) fn into_goal(self, survey: &Survey<'_>, nth: usize) -> Option<Goal> {
        let file = survey.snapshot.file(&self.file)?;
        let symbol = self.symbol(survey);
        let id =
            Goal::stable_id(self.kind, &self.rule, &self.file, symbol.as_deref(), self.text(survey), nth);
        let before = file.text.get(..self.range.start).unwrap_or_default();
        let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
        Some(Goal {
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
        })
    }
}
