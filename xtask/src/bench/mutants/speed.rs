//! Mutants judged per CPU second: ours and a peer on the same file, one after the other, builds and all charged.

use super::super::table::{Limit, OURS, Table};
use super::measure::Run;
use super::subjects::{ARRAYVEC, HUMANIZE, Kind, MINIMIST, SEMVER, Subject};
use super::tally::Tally;
use super::{Workbench, cargo_mutants, mutmut, ours, stryker};

const PER_SECOND: &str = "mutants judged per CPU second";

/// How many times the peer's figure ours shall be at least.
fn wanted(subject: &Subject) -> f64 {
    match subject.kind {
        Kind::Pytest => 8.0,
        Kind::Cargo => 50.0,
        Kind::Tape => 3.0,
    }
}

/// Ours and the peer of the subject's language.
pub(super) fn beside_peer(bench: &Workbench, subject: &Subject, table: &mut Table) -> anyhow::Result<()> {
    // A failure of one says nothing about the other.
    let own = if bench.only_peers { Ok(()) } else { own(bench, subject, table) };
    let (name, outcome) = match subject.kind {
        Kind::Pytest => ("mutmut", peer(bench, subject, "mutmut")),
        Kind::Cargo => ("cargo-mutants", peer(bench, subject, "cargo-mutants")),
        Kind::Tape => ("stryker", peer(bench, subject, "stryker")),
    };
    match outcome {
        Ok((tally, run)) => note(table, subject, name, &tally, &run),
        Err(error) => println!("bench: {}, {name}: {error:#}", subject.name),
    }
    table.limit(subject.name, PER_SECOND, Limit::AtLeastTimes(wanted(subject), name));
    own
}

/// Ours alone, on a crate with generics and macros.
pub(super) fn alone(bench: &Workbench, table: &mut Table) -> anyhow::Result<()> {
    own(bench, &ARRAYVEC, table)
}

fn own(bench: &Workbench, subject: &Subject, table: &mut Table) -> anyhow::Result<()> {
    let (report, run) = bench.own_run(subject)?;
    let tally = Tally::of(&report);
    note(table, subject, OURS, &tally, &run);
    if subject.kind == Kind::Cargo {
        let share =
            ours::built_alone(&report).map(|alone| 100.0 * alone as f64 / tally.total().max(1) as f64);
        match share {
            Some(share) => table.note(subject.name, "mutants built alone", "%", OURS, share),
            None => println!("bench:   the report does not say what was built alone"),
        }
    }
    Ok(())
}

/// A peer's run on a fresh copy.
fn peer(bench: &Workbench, subject: &Subject, name: &str) -> anyhow::Result<(Tally, Run)> {
    println!("bench: {}, {name}", subject.name);
    let place = bench.fresh_copy(subject, name)?;
    let (logs, is_quick) = (&bench.ours.logs, bench.is_quick);
    match subject.kind {
        Kind::Pytest => {
            let found = mutmut::run(&bench.mutmut()?, subject, &place, logs, is_quick)?;
            bench.mutmut_ran_in(&place);
            Ok(found)
        }
        Kind::Cargo => cargo_mutants::run(&bench.cargo_mutants()?, subject, &place, logs, is_quick),
        Kind::Tape => {
            let (report, run) = stryker::run(&bench.stryker()?, subject, &place, logs, is_quick)?;
            Ok((Tally::of(&report), run))
        }
    }
}

fn note(table: &mut Table, subject: &Subject, tool: &'static str, tally: &Tally, run: &Run) {
    println!("bench:   {tally}");
    let rows = [
        ("mutants judged", "", tally.judged() as f64),
        ("share killed", "%", 100.0 * tally.noticed() as f64 / tally.judged().max(1) as f64),
        ("CPU of all processes", "s", run.cpu),
        ("wall time", "s", run.wall),
        (PER_SECOND, "/s", tally.per_second(run.cpu)),
    ];
    for (figure, unit, value) in rows {
        table.note(subject.name, figure, unit, tool, value);
    }
}

/// The subject of a scenario that has a peer.
pub(super) fn subject(scenario: &str) -> Option<&'static Subject> {
    [&HUMANIZE, &SEMVER, &MINIMIST].into_iter().find(|subject| subject.name == scenario)
}
