//! Records from JSON lines. What is there already stays as it is, so that a second import of the same lines changes
//! nothing; what is malformed keeps all of them out.

use std::io::{BufRead, Read};

use hephaestus_core::{Candidate, CandidateId, ContentHash, Decision, Goal, GoalId, Score, Trial};
use rusqlite::{Connection, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::blobs::write_log;
use crate::error::{Fault, RegistryError};
use crate::export::Line;
use crate::record::{
    RunId, StoredTrial, TrialId, decision_kind, exists, put_candidate, put_decision, put_goal, put_trial,
    to_sql,
};
use crate::schema;
use crate::store::Registry;

/// No record is anywhere near this long: a longer line is not one of ours, and must not fill the memory.
const LONGEST_LINE: u64 = 64 << 20;

/// What an import added. What was there already is not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Runs.
    pub runs: u64,
    /// Goals.
    pub goals: u64,
    /// Candidates.
    pub candidates: u64,
    /// Trials, with their scores and logs.
    pub trials: u64,
    /// Decisions.
    pub decisions: u64,
}

impl Registry {
    /// Adds the records of an export to those that are there.
    ///
    /// # Errors
    /// When a line is malformed, names something that no line before it brought, or comes from a newer schema: nothing is
    /// imported then. Also when `input` cannot be read or the database cannot be written.
    pub fn import(&self, input: &mut impl BufRead) -> Result<ImportReport, RegistryError> {
        self.write(|transaction| {
            let mut report = ImportReport::default();
            let mut number = 0;
            while let Some(line) = next_line(input, number + 1)? {
                number += 1;
                if number == 1 {
                    check_header(&line)?;
                } else if !line.trim().is_empty() {
                    let record = parse(&line, number)?;
                    add(transaction, record, &mut report).map_err(|fault| at_line(fault, number))?;
                }
            }
            if number == 0 {
                return Err(malformed(
                    1,
                    "there is nothing here; the first line must tell the schema's version",
                ));
            }
            Ok(report)
        })
    }
}

fn malformed(line: usize, reason: impl ToString) -> Fault {
    RegistryError::Import { line, reason: reason.to_string() }.into()
}

/// What went wrong with a record's contents went wrong at its line; trouble with the database stays what it is.
fn at_line(fault: Fault, line: usize) -> Fault {
    match fault {
        Fault::Told(RegistryError::Unreadable { what, id, reason }) => {
            malformed(line, format!("{what} `{id}`: {reason}"))
        }
        Fault::Told(RegistryError::Unknown { what, id }) => {
            malformed(line, format!("no line before brings the {what} `{id}`"))
        }
        other => other,
    }
}

/// The next line without its end; `None` after the last one.
fn next_line(input: &mut impl BufRead, number: usize) -> Result<Option<String>, Fault> {
    let mut bytes = Vec::new();
    let read = input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(None);
    }
    if !bytes.ends_with(b"\n") && u64::try_from(read).is_ok_and(|read| read == LONGEST_LINE) {
        return Err(malformed(number, "the line is too long to be a record"));
    }
    let text = String::from_utf8(bytes).map_err(|_| malformed(number, "the line is not UTF-8"))?;
    Ok(Some(text))
}

fn parse(line: &str, number: usize) -> Result<Line, Fault> {
    serde_json::from_str(line).map_err(|error| malformed(number, error))
}

fn check_header(line: &str) -> Result<(), Fault> {
    let known = schema::newest(schema::STEPS);
    match serde_json::from_str(line) {
        Ok(Line::Registry { schema }) if schema <= known => Ok(()),
        Ok(Line::Registry { schema }) => {
            Err(malformed(1, format!("schema {schema} is newer than {known}, the newest this version knows")))
        }
        _ => Err(malformed(1, r#"the first line must be like {"type":"registry","schema":1}"#)),
    }
}

fn add(connection: &Connection, line: Line, report: &mut ImportReport) -> Result<(), Fault> {
    match line {
        Line::Registry { .. } => {
            return Err(Fault::unreadable("line", "registry", "only the first line may be one"));
        }
        Line::Run { .. } => report.runs += u64::from(add_run(connection, &line)?),
        Line::Goal { seen_ms, goal } => {
            let goal: Goal = noun("goal", "", goal)?;
            // What is there stays: the line may be older than it.
            if !goal_exists(connection, &goal.id.0, goal.base.as_str())? {
                report.goals += u64::from(put_goal(connection, &goal, seen_ms)?);
            }
        }
        Line::Candidate { seen_ms, base, diff, candidate } => {
            let candidate: Candidate = noun("candidate", "", candidate)?;
            if !goal_exists(connection, &candidate.goal.0, &base)? {
                return Err(unknown("goal", &candidate.goal.0));
            }
            let base: ContentHash = noun("candidate", &candidate.id.0, Value::String(base))?;
            report.candidates +=
                u64::from(put_candidate(connection, &candidate, &base, diff.as_deref(), seen_ms)?);
        }
        Line::Trial { .. } => report.trials += u64::from(add_trial(connection, line)?),
        Line::Decision { candidate, kind, at_ms } => {
            if !exists(connection, "candidates", &candidate)? {
                return Err(unknown("candidate", &candidate));
            }
            let kind = decision_kind(&candidate, &kind)?;
            let decision = Decision { candidate: CandidateId(candidate), kind, at_ms };
            report.decisions += u64::from(put_decision(connection, &decision)?);
        }
    }
    Ok(())
}

fn unknown(what: &'static str, id: &str) -> Fault {
    RegistryError::Unknown { what, id: id.to_owned() }.into()
}

fn noun<T: DeserializeOwned>(what: &'static str, id: &str, value: Value) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| Fault::unreadable(what, id, error))
}

fn goal_exists(connection: &Connection, id: &str, base: &str) -> Result<bool, Fault> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM goals WHERE id = ?1 AND base = ?2")?
        .exists(params![id, base])?)
}

fn add_run(connection: &Connection, line: &Line) -> Result<bool, Fault> {
    let Line::Run { id, command, root, seed, started_ms, goals, stats } = line else { return Ok(false) };
    let added = connection
        .prepare_cached(
            "INSERT INTO runs (id, command, root, seed, started_ms, goals, stats) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            id,
            command,
            root,
            seed,
            to_sql(*started_ms),
            to_sql(*goals),
            stats.as_ref().map(Value::to_string)
        ])?;
    Ok(added == 1)
}

fn add_trial(connection: &Connection, line: Line) -> Result<bool, Fault> {
    let Line::Trial { id, run, goal, base, context, at_ms, trial, score, log } = line else {
        return Ok(false);
    };
    let trial: Trial = noun("trial", &id, trial)?;
    if !exists(connection, "runs", &run)? {
        return Err(unknown("run", &run));
    }
    if !exists(connection, "candidates", &trial.candidate.0)? {
        return Err(unknown("candidate", &trial.candidate.0));
    }
    let stored = StoredTrial {
        run: RunId(run),
        context: noun("trial", &id, Value::String(context))?,
        at_ms,
        trial,
        score: score.map(|score| noun::<Score>("score of", &id, score)).transpose()?,
        has_log: log.is_some(),
        id: TrialId(id),
    };
    let base: ContentHash = noun("trial", &stored.id.0, Value::String(base))?;
    let added = put_trial(connection, &stored, &GoalId(goal), &base)?;
    if let (true, Some(log)) = (added, log) {
        write_log(connection, &stored.id, &log)?;
    }
    Ok(added)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, try_one};
    use hephaestus_core::{DecisionKind, Ledger, Verdict};
    use serde_json::json;
    use std::path::Path;

    fn filled() -> Registry {
        let registry = Registry::open_in_memory().unwrap();
        let run = registry.start_run("forge", Path::new("w"), u64::MAX, 10).unwrap();
        let ledger = registry
            .ledger(run.clone(), fixtures::context("c"))
            .with_snapshot(fixtures::snapshot("a.py", "x"));
        let goal = fixtures::goal("a.py", "x");
        ledger.record_goal(&goal);
        let good = try_one(&ledger, &goal, "1", Verdict::Passed, Some(true));
        try_one(&ledger, &goal, "2", Verdict::Failed, None);
        try_one(&ledger, &goal, "2", Verdict::Flaky, None);
        ledger.put_log(&good, "line one\nline \"two\"\n").unwrap();
        registry.decide(&good, DecisionKind::Applied, 20).unwrap();
        registry.finish_run(&run, &json!({"n": 1})).unwrap();
        registry
    }

    fn exported(registry: &Registry) -> String {
        let mut out = Vec::new();
        registry.export(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn refused(text: &str) -> (usize, String) {
        let registry = Registry::open_in_memory().unwrap();
        let error = registry.import(&mut text.as_bytes()).unwrap_err();
        assert_eq!(exported(&registry).lines().count(), 1, "something was half-imported: {error}");
        match error {
            RegistryError::Import { line, reason } => (line, reason),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn an_import_brings_everything_and_a_second_one_nothing() {
        let text = exported(&filled());
        let other = Registry::open_in_memory().unwrap();
        let report = other.import(&mut text.as_bytes()).unwrap();
        assert_eq!(report, ImportReport { runs: 1, goals: 1, candidates: 2, trials: 3, decisions: 1 });
        assert_eq!(exported(&other), text);
        assert_eq!(other.import(&mut text.as_bytes()).unwrap(), ImportReport::default());
        assert_eq!(exported(&other), text);
    }

    #[test]
    fn the_first_line_tells_the_schema() {
        let text = exported(&filled());
        assert_eq!(text.lines().next().unwrap(), r#"{"type":"registry","schema":2}"#);
        let without = text.split_once('\n').unwrap().1;
        assert_eq!(refused(without).0, 1);
        assert_eq!(refused("").0, 1);
        let newer = refused("{\"type\":\"registry\",\"schema\":99}\n");
        assert!(newer.0 == 1 && newer.1.contains("newer"), "{newer:?}");
    }

    #[test]
    fn a_malformed_line_is_named_and_nothing_is_imported() {
        let text = exported(&filled());
        let lines: Vec<&str> = text.lines().collect();
        for at in 1..lines.len() {
            for broken in ["{", "null", r#"{"type":"weather"}"#, r#"{"type":"goal","seen_ms":1,"goal":{}}"#] {
                let mut lines = lines.clone();
                lines[at] = broken;
                assert_eq!(refused(&lines.join("\n")).0, at + 1, "{broken}");
            }
        }
        let cut = &text[..text.len() - 5];
        assert_eq!(refused(cut).0, lines.len(), "cut off in the last line");
    }

    #[test]
    fn a_line_that_refers_to_nothing_is_malformed() {
        let text = exported(&filled());
        let lines: Vec<&str> = text.lines().collect();
        // Without the run, the first trial hangs in the air; without the goal, the first candidate; and so on.
        for (gone, what) in [(1, "run"), (2, "goal"), (3, "candidate")] {
            let mut lines = lines.clone();
            lines.remove(gone);
            let (_, reason) = refused(&lines.join("\n"));
            assert!(reason.starts_with(&format!("no line before brings the {what}")), "{reason}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let registry = Registry::open_in_memory().unwrap();
        let mut input: &[u8] = b"{\"type\":\"registry\",\"schema\":1}\n\xFF\xFE\n";
        let error = registry.import(&mut input).unwrap_err();
        assert_eq!(error.to_string(), "line 2: the line is not UTF-8; nothing was imported");
    }

    #[test]
    fn two_registries_come_together() {
        let (one, two) = (filled(), filled());
        one.import(&mut exported(&two).as_bytes()).unwrap();
        assert_eq!(one.log(10).unwrap().len(), 2);
        let trials: u64 = one.log(10).unwrap().iter().map(|run| run.trials).sum();
        assert_eq!(trials, 6);
    }

    #[test]
    fn blank_lines_are_passed_over_and_an_unreadable_writer_is_told() {
        let text = exported(&filled()).replace('\n', "\r\n\n");
        let registry = Registry::open_in_memory().unwrap();
        assert_eq!(registry.import(&mut text.as_bytes()).unwrap().trials, 3);
        let mut full: &mut [u8] = &mut [0; 10];
        assert!(matches!(registry.export(&mut full), Err(RegistryError::Io(_))));
    }
}
