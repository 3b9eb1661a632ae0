//! All records as JSON lines: the form in which registries are kept, moved and brought together.

use std::io::Write;

use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::blobs::read_log;
use crate::error::{Fault, RegistryError};
use crate::record::{TrialId, from_json, from_sql};
use crate::schema;
use crate::store::Registry;

/// One line. Nouns travel as the JSON they are stored as. Within a file, whatever a line refers to stands before it.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Line {
    /// The first line.
    Registry { schema: u32 },
    /// A run.
    Run {
        id: String,
        command: String,
        root: String,
        seed: String,
        started_ms: u64,
        goals: u64,
        stats: Option<Value>,
    },
    /// A goal.
    Goal { seen_ms: u64, goal: Value },
    /// A candidate; `base` tells which version of its goal it was made for.
    Candidate { seen_ms: u64, base: String, diff: Option<String>, candidate: Value },
    /// A trial with its score and log.
    Trial {
        id: String,
        run: String,
        goal: String,
        base: String,
        context: String,
        at_ms: u64,
        trial: Value,
        score: Option<Value>,
        log: Option<String>,
    },
    /// A decision.
    Decision { candidate: String, kind: String, at_ms: u64 },
}

impl Registry {
    /// Writes all records but the caches, one JSON object per line, beginning with the schema's version. All lines are
    /// from one moment, whatever other processes write meanwhile.
    ///
    /// # Errors
    /// When the database cannot be read, or `out` cannot be written.
    pub fn export(&self, out: &mut impl Write) -> Result<(), RegistryError> {
        self.read(|connection| {
            write_line(out, &Line::Registry { schema: schema::newest(schema::STEPS) })?;
            rows(
                connection,
                out,
                "SELECT id, command, root, seed, started_ms, goals, stats FROM runs ORDER BY seq",
                run,
            )?;
            rows(connection, out, "SELECT seen_ms, id, json FROM goals ORDER BY seen_ms, id, base", goal)?;
            rows(
                connection,
                out,
                "SELECT seen_ms, base, diff, id, json FROM candidates ORDER BY seq",
                candidate,
            )?;
            rows(connection, out, TRIALS, |row| trial(connection, row))?;
            rows(connection, out, "SELECT candidate, kind, at_ms FROM decisions ORDER BY seq", decision)?;
            Ok(out.flush()?)
        })
    }
}

const TRIALS: &str = "
SELECT trials.id, run, goal, base, context, at_ms, trials.json, scores.json
FROM trials LEFT JOIN scores ON scores.trial = trials.id ORDER BY trials.seq";

fn rows(
    connection: &Connection,
    out: &mut impl Write,
    sql: &str,
    read: impl Fn(&Row<'_>) -> Result<Line, Fault>,
) -> Result<(), Fault> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        write_line(out, &read(row)?)?;
    }
    Ok(())
}

fn write_line(out: &mut impl Write, line: &Line) -> Result<(), Fault> {
    let mut text = serde_json::to_string(line).map_err(|error| Fault::unreadable("record", "", error))?;
    text.push('\n');
    Ok(out.write_all(text.as_bytes())?)
}

fn run(row: &Row<'_>) -> Result<Line, Fault> {
    let id: String = row.get(0)?;
    let stats: Option<String> = row.get(6)?;
    Ok(Line::Run {
        command: row.get(1)?,
        root: row.get(2)?,
        seed: row.get(3)?,
        started_ms: from_sql(row.get(4)?),
        goals: from_sql(row.get(5)?),
        stats: stats.map(|stats| from_json("run", &id, &stats)).transpose()?,
        id,
    })
}

fn goal(row: &Row<'_>) -> Result<Line, Fault> {
    let (id, json): (String, String) = (row.get(1)?, row.get(2)?);
    Ok(Line::Goal { seen_ms: from_sql(row.get(0)?), goal: from_json("goal", &id, &json)? })
}

fn candidate(row: &Row<'_>) -> Result<Line, Fault> {
    let (id, json): (String, String) = (row.get(3)?, row.get(4)?);
    Ok(Line::Candidate {
        seen_ms: from_sql(row.get(0)?),
        base: row.get(1)?,
        diff: row.get(2)?,
        candidate: from_json("candidate", &id, &json)?,
    })
}

fn trial(connection: &Connection, row: &Row<'_>) -> Result<Line, Fault> {
    let id: String = row.get(0)?;
    let (trial, score): (String, Option<String>) = (row.get(6)?, row.get(7)?);
    Ok(Line::Trial {
        run: row.get(1)?,
        goal: row.get(2)?,
        base: row.get(3)?,
        context: row.get(4)?,
        at_ms: from_sql(row.get(5)?),
        trial: from_json("trial", &id, &trial)?,
        score: score.map(|score| from_json("score", &id, &score)).transpose()?,
        log: read_log(connection, &TrialId(id.clone()))?,
        id,
    })
}

fn decision(row: &Row<'_>) -> Result<Line, Fault> {
    Ok(Line::Decision { candidate: row.get(0)?, kind: row.get(1)?, at_ms: from_sql(row.get(2)?) })
}
