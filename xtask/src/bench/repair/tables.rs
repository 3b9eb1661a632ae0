//! The figures as tables: by language, by the sort of bug, and which tasks were not repaired, or wrongly.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::results::{Measured, Results};
use super::tasks::{Judged, Task};

/// The word for everything together.
const ALL: &str = "all";

/// What did not come out well.
const MISSING: &str = "missing";
const WRONG: &str = "wrong";

/// What became of a task, in a word.
fn word(judged: &Judged) -> &'static str {
    match (judged.plausible, judged.correct) {
        (_, true) => "correct",
        (true, false) => WRONG,
        (false, false) => MISSING,
    }
}

/// A task with what was measured and what it was judged to be.
struct Case<'a> {
    task: &'a Task,
    measured: Option<&'a Measured>,
    judged: Option<&'a Judged>,
}

impl Case<'_> {
    fn is_plausible(&self) -> bool {
        self.judged.is_some_and(|judged| judged.plausible)
    }

    fn is_correct(&self) -> bool {
        self.judged.is_some_and(|judged| judged.correct)
    }

    fn word(&self) -> &'static str {
        self.judged.map_or(MISSING, word)
    }

    /// Whether there are hidden tests that know more than the visible ones.
    fn is_judged(&self) -> bool {
        self.judged.is_some_and(|judged| judged.judged)
    }
}

/// How many there are of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    tasks: usize,
    plausible: usize,
    correct: usize,
    judged: usize,
    /// Correct among the judged ones.
    right: usize,
    /// Plausible among the judged ones.
    claimed: usize,
}

impl Counts {
    fn of(cases: &[&Case<'_>]) -> Self {
        let count = |wanted: &dyn Fn(&Case<'_>) -> bool| cases.iter().filter(|case| wanted(case)).count();
        Self {
            tasks: cases.len(),
            plausible: count(&|case| case.is_plausible()),
            correct: count(&|case| case.is_correct()),
            judged: count(&|case| case.is_judged()),
            right: count(&|case| case.is_correct() && case.is_judged()),
            claimed: count(&|case| case.is_plausible() && case.is_judged()),
        }
    }

    /// Columns that every table has.
    fn columns(self) -> String {
        format!(
            "{:>6}{:>11}{:>9}{:>8}{:>17}{:>11}",
            self.tasks,
            self.plausible,
            self.correct,
            self.judged,
            share(self.right, self.judged),
            share(self.right, self.claimed)
        )
    }
}

const COLUMNS: &str = " tasks  plausible  correct  judged   correct/judged  precision";

/// `3 (75 %)`; a dash of nothing.
fn share(part: usize, whole: usize) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{part} ({:.0} %)", 100.0 * part as f64 / whole as f64) }
}

/// The middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    let lower = if values.len().is_multiple_of(2) { *values.get(middle.checked_sub(1)?)? } else { upper };
    Some(f64::midpoint(lower, upper))
}

fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// Everything about one round.
pub(super) fn all(tasks: &[Task], results: &Results, judged: &[Judged]) -> String {
    let cases: Vec<Case<'_>> = tasks
        .iter()
        .map(|task| Case {
            task,
            measured: results.of(task),
            judged: judged.iter().find(|own| own.is(task) && results.of(task).is_some()),
        })
        .collect();
    format!("{}\n{}\n{}", by_language(&cases), by_bug(&cases), failures(&cases))
}

fn of_language<'a>(cases: &'a [Case<'a>], language: &str) -> Vec<&'a Case<'a>> {
    cases.iter().filter(|case| language == ALL || case.task.language == language).collect()
}

fn languages<'a>(cases: &'a [Case<'a>]) -> Vec<&'a str> {
    let known: BTreeSet<&str> = cases.iter().map(|case| case.task.language.as_str()).collect();
    known.into_iter().chain([ALL]).collect()
}

fn by_language(cases: &[Case<'_>]) -> String {
    let mut text =
        format!("{:<13}{COLUMNS}  median CPU s  median tried  tried per CPU s of search\n", "language");
    for language in languages(cases) {
        let own = of_language(cases, language);
        let runs: Vec<&Measured> = own.iter().filter_map(|case| case.measured).collect();
        let tried: u64 = runs.iter().map(|run| run.tried).sum();
        let search: f64 = runs.iter().map(|run| run.search_cpu_s).sum();
        let _ = writeln!(
            text,
            "{language:<13}{}{:>14}{:>14}{:>27}",
            Counts::of(&own).columns(),
            shown(median(runs.iter().map(|run| run.cpu_s).collect()), 1),
            shown(median(runs.iter().map(|run| run.tried as f64).collect()), 0),
            shown((search > 0.0).then(|| tried as f64 / search), 0)
        );
    }
    text
}

fn by_bug(cases: &[Case<'_>]) -> String {
    let mut text = format!("{:<13}{:<20}{COLUMNS}\n", "language", "bug");
    let bugs: BTreeSet<&str> = cases.iter().map(|case| case.task.bug_type.as_str()).collect();
    for language in languages(cases) {
        for bug in &bugs {
            let mut own = of_language(cases, language);
            own.retain(|case| case.task.bug_type == *bug);
            if !own.is_empty() {
                let _ = writeln!(text, "{language:<13}{bug:<20}{}", Counts::of(&own).columns());
            }
        }
    }
    text
}

/// The tasks that were not repaired, and those that were repaired wrongly, by the sort of bug.
fn failures(cases: &[Case<'_>]) -> String {
    let mut text = String::new();
    let bugs: BTreeSet<&str> = cases.iter().map(|case| case.task.bug_type.as_str()).collect();
    for bug in bugs {
        for word in [MISSING, WRONG] {
            let own = cases.iter().filter(|case| case.task.bug_type == bug && case.word() == word);
            let names: Vec<String> =
                own.map(|case| format!("{}/{}", case.task.language, case.task.id)).collect();
            if !names.is_empty() {
                let _ = writeln!(text, "{bug}: {word} ({}): {}", names.len(), names.join(" "));
            }
        }
    }
    text
}

/// What differs between two rounds.
pub(super) fn changes(one: &[Judged], other: &[Judged]) -> String {
    let mut text = String::new();
    let mut count = 0;
    for before in one {
        let after = other.iter().find(|own| own.id == before.id && own.language == before.language);
        let Some(after) = after.filter(|after| word(after) != word(before)) else { continue };
        count += 1;
        let _ = writeln!(text, "{}/{}: {} → {}", before.language, before.id, word(before), word(after));
    }
    format!("{count} of {} tasks came out otherwise with the other seed\n{text}", one.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(language: &str, id: &str, bug: &str) -> Task {
        Task { id: id.to_owned(), language: language.to_owned(), bug_type: bug.to_owned() }
    }

    fn judged(task: &Task, plausible: bool, correct: bool, is_judged: bool) -> Judged {
        Judged {
            id: task.id.clone(),
            language: task.language.clone(),
            bug_type: task.bug_type.clone(),
            plausible,
            correct,
            judged: is_judged,
        }
    }

    #[test]
    fn precision_is_counted_among_the_judged_alone() {
        let tasks: Vec<Task> = (0..4).map(|nth| task("python", &nth.to_string(), "value")).collect();
        let verdicts = [(true, true, true), (true, false, true), (true, true, false), (false, false, true)];
        let judged: Vec<Judged> =
            tasks.iter().zip(verdicts).map(|(task, (p, c, j))| judged(task, p, c, j)).collect();
        let cases: Vec<Case<'_>> = tasks
            .iter()
            .zip(&judged)
            .map(|(task, judged)| Case { task, measured: None, judged: Some(judged) })
            .collect();
        let counts = Counts::of(&cases.iter().collect::<Vec<_>>());
        assert_eq!(counts, Counts { tasks: 4, plausible: 3, correct: 2, judged: 3, right: 1, claimed: 2 });
        assert!(counts.columns().ends_with("1 (33 %)   1 (50 %)"), "{}", counts.columns());
        assert_eq!(failures(&cases), "value: missing (1): python/3\nvalue: wrong (1): python/1\n");
        assert!(by_language(&cases).contains("\nall          "), "{}", by_language(&cases));
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
    }

    #[test]
    fn what_another_seed_changes_is_named() {
        let (a, b) = (task("rust", "a", "value"), task("rust", "b", "value"));
        let one = [judged(&a, true, true, true), judged(&b, false, false, true)];
        let other = [judged(&a, true, false, true), judged(&b, false, false, true)];
        let text = changes(&one, &other);
        assert_eq!(text, "1 of 2 tasks came out otherwise with the other seed\nrust/a: correct → wrong\n");
    }
}
