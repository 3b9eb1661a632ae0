//! Lists of candidates: by goal, by file, by any text and filter.

use hephaestus_core::{CandidateId, GoalId, GoalKind, RelPath, Verdict};
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use crate::error::{Fault, RegistryError};
use crate::record::{VersionSummary, from_sql};
use crate::store::Registry;

/// Which candidates [`Registry::list_versions`] lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionFilter {
    /// All.
    All,
    /// Those of one goal, whatever the text around it was.
    Goal(GoalId),
    /// Those of goals in this file, or in a file below this folder.
    File(RelPath),
}

/// Which candidates [`Registry::search`] finds: all that is set must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchFilter {
    /// The goal's kind.
    pub kind: Option<GoalKind>,
    /// How the latest trial ended.
    pub verdict: Option<Verdict>,
    /// The engine's name.
    pub engine: Option<String>,
    /// The rule or linter code; `*` and `?` stand for anything, as in `ruff/E*`.
    pub rule: Option<String>,
    /// The goal's file, or a folder above it.
    pub file: Option<RelPath>,
    /// Most results wanted; `None` means all.
    pub limit: Option<usize>,
}

/// The latest trial and score and the last decision of every candidate, in the columns that [`summary`] reads.
const SELECT: &str = "
SELECT candidates.id, candidates.goal, kind, rule, file, line, message, engine, parent, latest.verdict,
       scored.accepted, scored.weighted,
       (SELECT decisions.kind FROM decisions WHERE candidate = candidates.id ORDER BY at_ms DESC, seq DESC LIMIT 1),
       candidates.seen_ms
FROM candidates
JOIN goals ON goals.id = candidates.goal AND goals.base = candidates.base
LEFT JOIN trials AS latest ON latest.seq = (SELECT max(seq) FROM trials WHERE candidate = candidates.id)
LEFT JOIN scores AS scored ON scored.trial =
    (SELECT id FROM trials JOIN scores ON trial = id WHERE candidate = candidates.id ORDER BY seq DESC LIMIT 1)";

/// Everything a text is looked for in.
const HAYSTACK: &str = "candidates.id || char(10) || goals.id || char(10) || message || char(10) || rule || char(10) || file
    || char(10) || coalesce(symbol, '') || char(10) || engine || char(10) || operators || char(10) || coalesce(diff, '')";

impl Registry {
    /// Candidates, the one tried last first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn list_versions(
        &self,
        filter: &VersionFilter,
        limit: usize,
    ) -> Result<Vec<VersionSummary>, RegistryError> {
        let mut query = Query::default();
        match filter {
            VersionFilter::All => {}
            VersionFilter::Goal(goal) => query.require("candidates.goal = ?", [goal.0.as_str()]),
            VersionFilter::File(file) => query.within(file),
        }
        self.run(query, Some(limit))
    }

    /// Candidates in which every word of `text` occurs (in the goal's message, rule, file or symbol, the engine, the
    /// operators or the diff; capitals do not matter in ASCII) and that `filter` lets through. The one tried last comes first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn search(&self, text: &str, filter: &SearchFilter) -> Result<Vec<VersionSummary>, RegistryError> {
        let mut query = Query::default();
        for word in text.split_whitespace() {
            // instr on lower(), because LIKE has wildcards of its own.
            query.require(&format!("instr(lower({HAYSTACK}), ?) > 0"), [word.to_ascii_lowercase().as_str()]);
        }
        if let Some(kind) = filter.kind {
            query.require("goals.kind = ?", [kind.as_str()]);
        }
        if let Some(verdict) = filter.verdict {
            query.require("latest.verdict = ?", [verdict.as_str()]);
        }
        if let Some(engine) = &filter.engine {
            query.require("engine = ?", [engine.as_str()]);
        }
        if let Some(rule) = &filter.rule {
            query.require("rule GLOB ?", [rule.as_str()]);
        }
        if let Some(file) = &filter.file {
            query.within(file);
        }
        self.run(query, filter.limit)
    }

    fn run(&self, query: Query, limit: Option<usize>) -> Result<Vec<VersionSummary>, RegistryError> {
        let (sql, values) = query.finish(limit);
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(values))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(summary(row)?);
            }
            Ok(found)
        })
    }
}

#[derive(Default)]
struct Query {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Query {
    fn require<'a>(&mut self, condition: &str, values: impl IntoIterator<Item = &'a str>) {
        self.conditions.push(condition.to_owned());
        self.values.extend(values.into_iter().map(|value| Value::Text(value.to_owned())));
    }

    fn within(&mut self, file: &RelPath) {
        let folder = format!("{file}/");
        self.require(
            "(file = ? OR substr(file, 1, length(?)) = ?)",
            [file.as_str(), folder.as_str(), folder.as_str()],
        );
    }

    fn finish(mut self, limit: Option<usize>) -> (String, Vec<Value>) {
        let mut sql = SELECT.to_owned();
        if !self.conditions.is_empty() {
            sql.push_str(" WHERE ");
            sql.push_str(&self.conditions.join(" AND "));
        }
        // By the time of the latest run; within a run by the order of the trials.
        sql.push_str(" ORDER BY candidates.seen_ms DESC, latest.seq DESC, candidates.seq DESC LIMIT ?");
        // SQLite takes a negative limit as none.
        let limit = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        self.values.push(Value::Integer(limit));
        (sql, self.values)
    }
}

fn summary(row: &Row<'_>) -> Result<VersionSummary, Fault> {
    let (id, file): (String, String) = (row.get(0)?, row.get(4)?);
    Ok(VersionSummary {
        goal: GoalId(row.get(1)?),
        kind: row.get(2)?,
        rule: row.get(3)?,
        file: RelPath::new(&file).map_err(|error| Fault::unreadable("goal of", &id, error))?,
        line: row.get(5)?,
        message: row.get(6)?,
        engine: row.get(7)?,
        parent: row.get::<_, Option<String>>(8)?.map(CandidateId),
        verdict: row.get(9)?,
        accepted: row.get(10)?,
        weighted: row.get(11)?,
        decision: row.get(12)?,
        seen_ms: from_sql(row.get(13)?),
        candidate: CandidateId(id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, try_one};
    use hephaestus_core::{DecisionKind, Goal, Ledger};
    use std::path::Path;

    /// Three candidates: `pkg/a.py` passed, then `pkg/b.py` failed, then `pkgs.py` timed out.
    fn filled() -> (Registry, Vec<CandidateId>) {
        let registry = Registry::open_in_memory().unwrap();
        let run = registry.start_run("forge", Path::new("w"), 0, 10).unwrap();
        let ledger =
            registry.ledger(run, fixtures::context("c")).with_snapshot(fixtures::snapshot("pkg/a.py", "x"));
        let a = fixtures::goal("pkg/a.py", "x");
        let b = Goal { message: "100% Größer_than".to_owned(), ..fixtures::goal("pkg/b.py", "x") };
        let c = Goal { rule: "ruff/E711".to_owned(), kind: GoalKind::Lint, ..fixtures::goal("pkgs.py", "x") };
        let ids = vec![
            try_one(&ledger, &a, "needle", Verdict::Passed, Some(true)),
            try_one(&ledger, &b, "2", Verdict::Failed, None),
            try_one(&ledger, &c, "3", Verdict::TimedOut, None),
        ];
        assert_eq!(ledger.errors().count, 0);
        (registry, ids)
    }

    fn ids(found: Vec<VersionSummary>) -> Vec<CandidateId> {
        found.into_iter().map(|summary| summary.candidate).collect()
    }

    #[test]
    fn lists_newest_first_by_goal_and_by_file_or_folder() {
        let (registry, all) = filled();
        let list = |filter| ids(registry.list_versions(&filter, 10).unwrap());
        assert_eq!(list(VersionFilter::All), [all[2].clone(), all[1].clone(), all[0].clone()]);
        assert_eq!(list(VersionFilter::File(fixtures::path("pkg"))), [all[1].clone(), all[0].clone()]);
        assert_eq!(list(VersionFilter::File(fixtures::path("pkgs.py"))), [all[2].clone()]);
        assert_eq!(list(VersionFilter::Goal(fixtures::goal("pkg/b.py", "x").id)), [all[1].clone()]);
        assert_eq!(ids(registry.list_versions(&VersionFilter::All, 1).unwrap()), [all[2].clone()]);
        assert!(registry.list_versions(&VersionFilter::All, 0).unwrap().is_empty());
    }

    #[test]
    fn a_summary_tells_the_latest_of_everything() {
        let (registry, all) = filled();
        registry.decide(&all[0], DecisionKind::Applied, 20).unwrap();
        registry.decide(&all[0], DecisionKind::Undone, 30).unwrap();
        let goal = fixtures::goal("pkg/a.py", "x");
        let run = registry.start_run("forge", Path::new("w"), 0, 40).unwrap();
        let again = fixtures::candidate(&goal, "needle");
        registry.ledger(run, fixtures::context("d")).record_trial(
            &goal,
            &again,
            &fixtures::trial(&again, Verdict::Cancelled),
            None,
        );
        let found = registry.list_versions(&VersionFilter::All, 1).unwrap();
        assert_eq!(found[0].candidate, all[0], "tried again last");
        assert_eq!(found[0].verdict.as_deref(), Some("cancelled"));
        assert_eq!((found[0].accepted, found[0].weighted), (Some(true), Some(0.25)));
        assert_eq!(found[0].decision.as_deref(), Some("undone"));
        assert_eq!(found[0].seen_ms, 40);
    }

    #[test]
    fn finds_words_anywhere_and_takes_wildcards_literally() {
        let (registry, all) = filled();
        let find = |text| ids(registry.search(text, &SearchFilter::default()).unwrap());
        assert_eq!(find("").len(), 3);
        assert_eq!(find("NEEDLE"), [all[0].clone()], "in the diff");
        assert_eq!(find("100% größer_than"), [all[1].clone()]);
        assert!(find("100% größerXthan").is_empty(), "_ must not stand for anything");
        assert!(find("100% needle").is_empty(), "both words must occur");
        assert_eq!(find("pkg/a rewrite collapse"), [all[0].clone()]);
        assert_eq!(find("%").len(), 1);
        assert!(find("'; DROP TABLE runs; --").is_empty());
    }

    #[test]
    fn filters_narrow_the_search() {
        let (registry, all) = filled();
        let find = |filter| ids(registry.search("", &filter).unwrap());
        let none = SearchFilter::default();
        assert_eq!(find(SearchFilter { kind: Some(GoalKind::Lint), ..none.clone() }), [all[2].clone()]);
        assert_eq!(find(SearchFilter { verdict: Some(Verdict::Failed), ..none.clone() }), [all[1].clone()]);
        assert_eq!(find(SearchFilter { rule: Some("ruff/E*".into()), ..none.clone() }), [all[2].clone()]);
        assert_eq!(find(SearchFilter { rule: Some("ruff/E".into()), ..none.clone() }), []);
        assert_eq!(find(SearchFilter { engine: Some("search".into()), ..none.clone() }), []);
        assert_eq!(
            find(SearchFilter { file: Some(fixtures::path("pkg")), limit: Some(1), ..none }),
            [all[1].clone()]
        );
    }
}
