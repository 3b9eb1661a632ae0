//! The cycle itself: candidates per CPU second, beside an older build; and what the strength gate costs and decides.

use anyhow::Context;
use serde_json::Value;

use super::super::table::{OURS, Table};
use super::Workbench;
use super::ours::Ours;
use super::subjects::{BOLTONS, HUMANIZE, LANGUAGES, MINIMIST, SEMVER, Subject};

/// What the table calls an older build.
pub(super) const BEFORE: &str = "before";

/// Candidates per CPU second with a fixed budget.
pub(super) fn speed(bench: &Workbench, table: &mut Table) -> anyhow::Result<()> {
    let budget = if bench.is_quick { "30s" } else { "3m" };
    let mut first_error = None;
    let builds = [(OURS, Some(&bench.ours)), (BEFORE, bench.before.as_ref())];
    for subject in LANGUAGES {
        for (name, build) in builds.iter().filter_map(|(name, build)| Some((*name, (*build)?))) {
            if let Err(error) = speed_of(bench, (name, build), subject, budget, table) {
                println!("bench: forge {}, {name}: {error:#}", subject.name);
                first_error.get_or_insert(error);
            }
        }
    }
    first_error.map_or(Ok(()), Err)
}

fn speed_of(
    bench: &Workbench,
    (name, build): (&'static str, &Ours),
    subject: &Subject,
    budget: &str,
    table: &mut Table,
) -> anyhow::Result<()> {
    println!("bench: forge {}, {name}", subject.name);
    let place = bench.fresh_copy(subject, "forge")?;
    let (report, run) = build.forge(subject, &place, budget)?;
    let figures = Figures::of(&report).context("no statistics")?;
    let scenario = format!("forge {}", subject.name);
    let rows = [
        ("trials", "", figures.trials),
        ("CPU of trials", "s", figures.trial_cpu),
        ("CPU of all processes", "s", run.cpu),
        ("candidates per CPU second", "/s", figures.per_second),
        ("improvements", "", figures.improvements as f64),
    ];
    for (figure, unit, value) in rows {
        table.note(&scenario, figure, unit, name, value);
    }
    Ok(())
}

/// What the strength gate decides in four packages, and its share of the trials' CPU time.
pub(super) fn gate(bench: &Workbench, table: &mut Table) -> anyhow::Result<()> {
    let budget = if bench.is_quick { "60s" } else { "10m" };
    let mut first_error = None;
    for subject in [&BOLTONS, &HUMANIZE, &SEMVER, &MINIMIST] {
        if let Err(error) = gate_of(bench, subject, budget, table) {
            println!("bench: gate {}: {error:#}", subject.name);
            first_error.get_or_insert(error);
        }
    }
    first_error.map_or(Ok(()), Err)
}

fn gate_of(bench: &Workbench, subject: &Subject, budget: &str, table: &mut Table) -> anyhow::Result<()> {
    println!("bench: gate {}", subject.name);
    let place = bench.fresh_copy(subject, "gate")?;
    let (report, _) = bench.ours.forge(subject, &place, budget)?;
    let figures = Figures::of(&report).context("no statistics")?;
    let scenario = format!("gate {}", subject.name);
    let strong = figures.improvements - figures.weak;
    let share = if figures.trial_cpu > 0.0 { 100.0 * figures.strength_cpu / figures.trial_cpu } else { 0.0 };
    let rows = [
        ("offered, tests strong", "", strong as f64),
        ("offered, weakly tested", "", figures.weak as f64),
        ("rejected by strength alone", "", figures.only_strength as f64),
        ("CPU of strength", "s", figures.strength_cpu),
        ("CPU of all trials", "s", figures.trial_cpu),
        ("share of strength", "%", share),
    ];
    for (figure, unit, value) in rows {
        table.note(&scenario, figure, unit, OURS, value);
    }
    Ok(())
}

/// What a report of `forge --format json` says, as far as it is of interest.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Figures {
    trials: f64,
    trial_cpu: f64,
    per_second: f64,
    strength_cpu: f64,
    improvements: usize,
    weak: usize,
    only_strength: usize,
}

impl Figures {
    fn of(report: &Value) -> Option<Self> {
        let stats = report.get("stats")?;
        let number = |key: &str| stats.get(key).and_then(Value::as_f64);
        let list = |value: &Value, key: &str| -> Vec<Value> {
            value.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let stages = list(stats, "by_stage");
        let strength = stages.iter().find(|stage| word(stage, "stage") == "strength");
        let improvements = list(report, "improvements");
        let rejected = list(report, "rejected");
        Some(Self {
            trials: number("trials")?,
            trial_cpu: number("trial_cpu_s")?,
            per_second: number("candidates_per_cpu_s")?,
            strength_cpu: strength.and_then(|stage| stage.get("cpu_s")?.as_f64()).unwrap_or_default(),
            improvements: improvements.len(),
            weak: improvements.iter().filter(|item| is_weak(item)).count(),
            only_strength: rejected.iter().filter(|item| fell_by_strength_alone(item)).count(),
        })
    }
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether an improvement was offered although its tests are not strong.
fn is_weak(improvement: &Value) -> bool {
    if let Some(weak) = improvement.get("weakly_tested").and_then(Value::as_bool) {
        return weak;
    }
    let gates = improvement.get("gates").and_then(Value::as_array);
    gates
        .into_iter()
        .flatten()
        .any(|gate| word(gate, "gate") == "strength" && word(gate, "reason").starts_with("weakly tested"))
}

/// Whether a candidate passed everything else. Reasons are joined in the order of the gates.
fn fell_by_strength_alone(rejected: &Value) -> bool {
    let reason = word(rejected, "reason");
    word(rejected, "verdict") == "passed"
        && reason.starts_with("strength: ")
        && reason.ends_with("; strengthen the tests first")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_becomes_figures() {
        let rejected = |verdict: &str, reason: &str| json!({"verdict": verdict, "reason": reason});
        let weak =
            "strength: the tests notice 1 of 4 mutants (95 % interval 5-70 %); strengthen the tests first";
        let report = json!({
            "stats": {"trials": 40, "trial_cpu_s": 20.0, "candidates_per_cpu_s": 2.0,
                      "by_stage": [{"stage": "full", "cpu_s": 9.0}, {"stage": "strength", "cpu_s": 3.5}]},
            "improvements": [
                {"gates": [{"gate": "strength", "open": true, "reason": "the tests notice 9 of 10 mutants"}]},
                {"gates": [{"gate": "strength", "open": true, "reason": "weakly tested: the tests notice 7 of 10"}]},
                {"gates": [{"gate": "reached", "open": true, "reason": "weakly tested"}]},
                {"weakly_tested": true},
            ],
            "rejected": [
                rejected("passed", weak),
                rejected("passed", &format!("{weak}; faster: it is not")),
                rejected("passed", &format!("reached: no; {weak}")),
                rejected("failed", weak),
            ],
        });
        let expected = Figures {
            trials: 40.0,
            trial_cpu: 20.0,
            per_second: 2.0,
            strength_cpu: 3.5,
            improvements: 4,
            weak: 2,
            only_strength: 1,
        };
        assert_eq!(Figures::of(&report), Some(expected));
        assert_eq!(Figures::of(&json!({})), None);
    }
}
