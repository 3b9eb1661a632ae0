//! The gate that asks whether something is faster, on changes that change nothing: hardly any shall pass.
//!
//! The changes come from rules of the user's own kind, written into a copy of the project, that claim to be faster and only
//! put parentheses around what is returned: so they go the whole way that every speed-up goes.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::super::table::{Limit, OURS, Table};
use super::Workbench;
use super::subjects::BOLTONS;

/// Changes in all; of them so many may be called faster by chance.
const CHANGES: u64 = 200;
const CALLED_FASTER: f64 = 2.0;

const RULE: &str = "\
id: parentheses
language: Python
message: Parentheses make it no faster
rule:
  pattern: return $X
  not: {has: {kind: parenthesized_expression}}
fix: return ($X)
metadata: {kind: speed, targets: [run-time]}
";

/// Measures `CHANGES` of them, a tenth when there is no time.
pub(super) fn measure(bench: &Workbench, table: &mut Table) -> anyhow::Result<()> {
    println!("bench: noop, {}", BOLTONS.name);
    let number = if bench.is_quick { CHANGES / 10 } else { CHANGES };
    let place = bench.fresh_copy(&BOLTONS, "noop")?;
    write_rule(&place)?;
    let report = bench.ours.forge_speed(&BOLTONS, &place, number)?;
    let (measured, faster) = count(&report).context("no statistics")?;
    table.note("noop", "changes of nothing", "", OURS, measured as f64);
    table.note("noop", "of them called faster", "", OURS, faster as f64);
    table.limit("noop", "of them called faster", Limit::AtMost(CALLED_FASTER));
    Ok(())
}

fn write_rule(place: &Path) -> anyhow::Result<()> {
    fs::write(place.join("sgconfig.yml"), "ruleDirs: [noop-rules]\n")?;
    fs::create_dir_all(place.join("noop-rules"))?;
    fs::write(place.join("noop-rules/parentheses.yml"), RULE)?;
    Ok(())
}

/// How many were timed, and how many of them were called faster: the others fell there.
fn count(report: &Value) -> Option<(u64, u64)> {
    let stages = report.pointer("/stats/by_stage")?.as_array()?;
    let of_stage = |stage: &&Value| stage.get("stage").and_then(Value::as_str) == Some("speed");
    let measured = stages.iter().find(of_stage).and_then(|stage| stage.get("runs")?.as_u64()).unwrap_or(0);
    let rejected = report.get("rejected")?.as_array()?;
    let fell = |one: &&Value| {
        one.get("reason").and_then(Value::as_str).is_some_and(|reason| reason.contains("times the time"))
    };
    let fell = rejected.iter().filter(fell).count() as u64;
    Some((measured, measured.saturating_sub(fell)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_did_not_fall_at_the_clock_was_called_faster() {
        let report = serde_json::json!({
            "stats": {"by_stage": [{"stage": "parse", "runs": 9}, {"stage": "speed", "runs": 3}]},
            "rejected": [
                {"reason": "1.00 times the time (interval 0.98-1.02), noise 0.02, 21 pairs of samples"},
                {"reason": "no test runs the code that is changed"},
                {"reason": "0.99 times the time (interval 0.97-1.01), noise 0.02, 21 pairs of samples"},
            ],
        });
        assert_eq!(count(&report), Some((3, 1)));
    }
}
