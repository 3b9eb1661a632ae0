//! Which verdicts are judged again: at random, from a seed, half of each kind.

use super::schema::{File, Mutant, Report, Status};

/// One verdict and where it stands.
pub(super) type Verdict<'a> = (&'a str, &'a File, &'a Mutant);

/// `number` verdicts: half killed and half survived, as far as there are so many.
pub(super) fn verdicts(report: &Report, number: usize, seed: u64) -> Vec<Verdict<'_>> {
    let mut random = Random(seed);
    let mut of = |status: Status| {
        let mut all: Vec<Verdict<'_>> =
            report.mutants().filter(|(.., mutant)| mutant.status == status).collect();
        random.shuffle(&mut all);
        all
    };
    let (mut killed, mut survived) = (of(Status::Killed), of(Status::Survived));
    let half = number / 2;
    let of_survived = survived.len().min(number - killed.len().min(number - half)).min(number);
    survived.truncate(of_survived);
    killed.truncate(number - of_survived);
    killed.append(&mut survived);
    killed
}

/// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Fisher and Yates; the bias of the remainder does not matter for so few.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = (self.next() % (last as u64 + 1)) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(killed: usize, survived: usize) -> Report {
        let mutant = |status: &str, line: usize| {
            serde_json::json!({
                "status": status, "replacement": "",
                "location": {"start": {"line": line, "column": 1}, "end": {"line": line, "column": 1}},
            })
        };
        let mut mutants: Vec<_> = (0..killed).map(|line| mutant("Killed", line)).collect();
        mutants.extend((0..survived).map(|line| mutant("Survived", line)));
        mutants.push(mutant("NoCoverage", 1));
        mutants.push(mutant("Timeout", 1));
        let text = serde_json::json!({"files": {"a": {"source": "", "mutants": mutants}}}).to_string();
        Report::parse(&text).unwrap()
    }

    fn numbers(killed: usize, survived: usize, number: usize) -> (usize, usize) {
        let report = report(killed, survived);
        let chosen = verdicts(&report, number, 7);
        let of = |status| chosen.iter().filter(|(.., mutant)| mutant.status == status).count();
        assert_eq!(chosen.len(), of(Status::Killed) + of(Status::Survived));
        (of(Status::Killed), of(Status::Survived))
    }

    #[test]
    fn half_of_each_and_the_rest_from_the_other_kind() {
        assert_eq!(numbers(100, 100, 60), (30, 30));
        assert_eq!(numbers(100, 5, 60), (55, 5));
        assert_eq!(numbers(5, 100, 60), (5, 55));
        assert_eq!(numbers(5, 3, 60), (5, 3));
        assert_eq!(numbers(0, 0, 60), (0, 0));
        assert_eq!(numbers(9, 9, 5), (3, 2));
    }

    #[test]
    fn the_seed_decides() {
        let report = report(50, 50);
        let lines = |seed| -> Vec<usize> {
            verdicts(&report, 10, seed).iter().map(|(.., mutant)| mutant.location.start.line).collect()
        };
        assert_eq!(lines(1), lines(1));
        assert_ne!(lines(1), lines(2));
    }
}
