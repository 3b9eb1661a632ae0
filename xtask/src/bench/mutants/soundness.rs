//! Whether verdicts are true: some, chosen at random, judged again by plain runs of the package's own tests; and what
//! mutmut kills and ours does not.

use std::collections::BTreeMap;

use anyhow::Context;

use super::super::table::{Limit, OURS, Table};
use super::plain::{Judge, Truth};
use super::sample::{self, Verdict};
use super::schema::{Report, Status};
use super::subjects::{HUMANIZE, LANGUAGES, Subject};
use super::{Workbench, mutmut};

/// All languages; one that fails does not take the others with it.
pub(super) fn measure(bench: &Workbench, table: &mut Table) -> anyhow::Result<()> {
    let mut first_error = None;
    for subject in LANGUAGES {
        if let Err(error) = of(bench, subject, table) {
            println!("bench: soundness, {}: {error:#}", subject.name);
            first_error.get_or_insert(error);
        }
    }
    if let Err(error) = beside_mutmut(bench, table) {
        println!("bench: soundness, mutmut: {error:#}");
        first_error.get_or_insert(error);
    }
    first_error.map_or(Ok(()), Err)
}

fn of(bench: &Workbench, subject: &Subject, table: &mut Table) -> anyhow::Result<()> {
    let (report, _) = bench.own_run(subject)?;
    println!("bench: soundness, {}", subject.name);
    let judge = Judge::new(bench, subject)?;
    let chosen = sample::verdicts(&report, bench.verdicts, bench.seed);
    let mut contradicted = 0;
    for verdict in &chosen {
        let (_, file, mutant) = verdict;
        let text = file.with(mutant).with_context(|| format!("{}: no such place", words(verdict)))?;
        let truth = judge.judge(&text)?;
        if let Some(why) = contradiction(mutant.status, &truth) {
            contradicted += 1;
            println!("bench:   CONTRADICTED {}: {why}", words(verdict));
        }
    }
    let scenario = format!("soundness {}", subject.name);
    table.note(&scenario, "verdicts judged again", "", OURS, chosen.len() as f64);
    table.note(&scenario, "of them contradicted", "", OURS, f64::from(contradicted));
    table.limit(&scenario, "of them contradicted", Limit::AtMost(0.0));
    Ok(())
}

/// Why a plain run contradicts a verdict, if it does.
fn contradiction(status: Status, truth: &Truth) -> Option<String> {
    match (status, truth) {
        (Status::Killed, Truth::Fails(_) | Truth::Hangs) => None,
        (Status::Killed, Truth::Passes) => Some("said to be killed, the plain tests pass".to_owned()),
        (Status::Survived | Status::NoCoverage, Truth::Passes) => None,
        (Status::Survived | Status::NoCoverage, Truth::Fails(test)) => {
            Some(format!("said to survive, the plain tests fail: {test}"))
        }
        (Status::Survived | Status::NoCoverage, Truth::Hangs) => {
            Some("said to survive, the plain tests do not end".to_owned())
        }
        (_, Truth::DoesNotBuild) => Some("it does not compile plainly".to_owned()),
        _ => None,
    }
}

fn words((path, _, mutant): &Verdict<'_>) -> String {
    let (place, operator) = (mutant.location.start, &mutant.mutator_name);
    let replacement = mutant.replacement.as_deref().unwrap_or_default();
    format!("{path}:{}:{} [{operator}] `{}`", place.line, place.column, replacement.escape_debug())
}

/// Mutants of mutmut's that it kills and that survive in our run, by the same text of the whole file, judged plainly.
fn beside_mutmut(bench: &Workbench, table: &mut Table) -> anyhow::Result<()> {
    let (report, _) = bench.own_run(&HUMANIZE)?;
    let place = bench.mutmut_results(&HUMANIZE)?;
    let found = mutmut::found(&bench.mutmut()?, &HUMANIZE, &place, &bench.ours.logs)?;
    let own = by_text(&report);
    let same: Vec<_> = found
        .iter()
        .filter(|found| found.code.is_some())
        .filter_map(|found| Some((found, *own.get(&bare(&found.text))?)))
        .collect();
    let differ = same.iter().filter(|(found, status)| {
        found.code.is_some_and(mutmut::is_kill) && matches!(status, Status::Survived | Status::NoCoverage)
    });
    let judge = Judge::new(bench, &HUMANIZE)?;
    let (mut kills, mut true_kills) = (0, 0);
    for (found, _) in differ {
        kills += 1;
        let truth = judge.judge(&found.text)?;
        if truth != Truth::Passes {
            true_kills += 1;
            println!("bench:   CONTRADICTED {}: said to survive, plainly {truth:?}", found.name);
        }
    }
    let scenario = "soundness beside mutmut";
    table.note(scenario, "mutants that both tried", "", OURS, same.len() as f64);
    table.note(scenario, "killed by mutmut, survive here", "", OURS, f64::from(kills));
    table.note(scenario, "of them killed plainly", "", OURS, f64::from(true_kills));
    table.limit(scenario, "of them killed plainly", Limit::AtMost(0.0));
    Ok(())
}

/// Our verdicts by the text of the whole file with the mutant in it.
fn by_text(report: &Report) -> BTreeMap<String, Status> {
    let of = |(_, file, mutant): Verdict<'_>| Some((bare(&file.with(mutant)?), mutant.status));
    report.mutants().filter_map(of).collect()
}

/// A text without its white space: printers differ in it.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_run_contradicts_only_what_it_proves_wrong() {
        let fails = Truth::Fails("test_a".to_owned());
        assert_eq!(contradiction(Status::Killed, &fails), None);
        assert_eq!(contradiction(Status::Killed, &Truth::Hangs), None);
        assert_eq!(contradiction(Status::Survived, &Truth::Passes), None);
        assert!(contradiction(Status::Killed, &Truth::Passes).is_some());
        assert!(contradiction(Status::Killed, &Truth::DoesNotBuild).is_some());
        assert!(contradiction(Status::Survived, &fails).unwrap().ends_with("test_a"));
        assert!(contradiction(Status::Survived, &Truth::Hangs).is_some());
    }

    #[test]
    fn the_same_change_is_found_whatever_its_white_space() {
        let report = Report::parse(
            r#"{"files": {"a.py": {"source": "b = a + 1\n", "mutants": [{"replacement": "-", "status": "Survived",
                "location": {"start": {"line": 1, "column": 7}, "end": {"line": 1, "column": 8}}}]}}}"#,
        )
        .unwrap();
        assert_eq!(by_text(&report).get(&bare("b = a  -  1")), Some(&Status::Survived));
    }
}
