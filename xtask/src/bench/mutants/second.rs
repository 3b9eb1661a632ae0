//! What a second run costs after one line was spelled otherwise: what is known of the rest need not be found out again.

use super::super::table::{Limit, OURS, Table};
use super::Workbench;
use super::subjects::{LANGUAGES, Subject};
use super::tally::Tally;

/// All languages; one that fails does not take the others with it.
pub(super) fn measure(bench: &Workbench, table: &mut Table) -> anyhow::Result<()> {
    let mut first_error = None;
    for subject in LANGUAGES {
        if let Err(error) = of(bench, subject, table) {
            println!("bench: second, {}: {error:#}", subject.name);
            first_error.get_or_insert(error);
        }
    }
    first_error.map_or(Ok(()), Err)
}

fn of(bench: &Workbench, subject: &Subject, table: &mut Table) -> anyhow::Result<()> {
    println!("bench: second, {}", subject.name);
    let place = bench.fresh_copy(subject, "second")?;
    let (report, first) = bench.ours.mutants(subject, &place, true)?;
    println!("bench:   first: {}", Tally::of(&report));
    subject.respell(&place)?;
    let (report, second) = bench.ours.mutants(subject, &place, false)?;
    println!("bench:   second: {}", Tally::of(&report));
    let scenario = format!("second {}", subject.name);
    table.note(&scenario, "CPU of the first run", "s", OURS, first.cpu);
    table.note(&scenario, "CPU of the second run", "s", OURS, second.cpu);
    let share = if first.cpu > 0.0 { 100.0 * second.cpu / first.cpu } else { 0.0 };
    table.note(&scenario, "second of first", "%", OURS, share);
    table.limit(&scenario, "second of first", Limit::AtMost(10.0));
    Ok(())
}
