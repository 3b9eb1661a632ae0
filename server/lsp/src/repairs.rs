//! Failing tests as the last runs saw them: where they stand and where their reasons may lie, each shown while its text is
//! the one that was seen. Runs nothing.

use hephaestus_core::{ByteRange, ContentHash, Goal, GoalKind, GoalOrigin, RelPath, Suspect};
use hephaestus_workspace::ForgeReport;
use std::collections::{BTreeMap, BTreeSet};

/// The failing tests of one folder.
#[derive(Debug, Default)]
pub(crate) struct Repairs {
    known: Vec<Known>,
}

/// Tests that fail for one reason, with the texts of the files it names.
#[derive(Debug)]
struct Known {
    goal: Goal,
    texts: BTreeMap<RelPath, ContentHash>,
}

/// Where a failing test is shown in a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place<'a> {
    /// Its goal.
    pub(crate) goal: &'a Goal,
    /// Where, in the text that was seen.
    pub(crate) range: ByteRange,
    /// Set where this is not the test itself, but where its reason is suspected first.
    pub(crate) suspect: Option<&'a Suspect>,
}

impl Repairs {
    /// Takes in what a run saw. Tests that it saw pass are forgotten; what it did not look at stays.
    pub(crate) fn learn(&mut self, report: &ForgeReport) {
        if report.runners.is_empty() {
            return;
        }
        let red = red(report);
        let new: Vec<&Goal> = report.goals.iter().filter(|goal| goal.kind == GoalKind::Repair).collect();
        self.known.retain(|known| is_open(&known.goal, &red, &new) && !new.contains(&&known.goal));
        for goal in new {
            self.known.retain(|known| known.goal.id != goal.id);
            let files = suspects(goal).iter().map(|suspect| &suspect.file);
            let texts = files.filter_map(|file| Some((file.clone(), report.hash_of(file)?.clone())));
            let texts = texts.chain([(goal.file.clone(), goal.base.clone())]).collect();
            self.known.push(Known { goal: goal.clone(), texts });
        }
    }

    /// What is to be shown in a file whose text is `hash`.
    pub(crate) fn places<'a>(&'a self, path: &RelPath, hash: &ContentHash) -> Vec<Place<'a>> {
        let here = self.known.iter().filter(|known| known.texts.get(path) == Some(hash));
        here.flat_map(|known| places_of(&known.goal, path)).collect()
    }

    /// The failing tests that stand in a file whose text is `hash`.
    pub(crate) fn standing_in<'a>(
        &'a self,
        path: &'a RelPath,
        hash: &'a ContentHash,
    ) -> impl Iterator<Item = &'a Goal> {
        let goals = self.known.iter().map(|known| &known.goal);
        goals.filter(move |goal| goal.file == *path && goal.base == *hash)
    }

    /// Whether anything is known of this goal.
    pub(crate) fn knows(&self, goal: &Goal) -> bool {
        self.known.iter().any(|known| known.goal.id == goal.id)
    }
}

/// Where a goal is shown in `path`, if its texts are as they were seen: at the test, and at the first suspect.
pub(crate) fn places_of<'a>(goal: &'a Goal, path: &RelPath) -> Vec<Place<'a>> {
    let test = (goal.file == *path).then_some(Place { goal, range: goal.range, suspect: None });
    let first = suspects(goal).first().filter(|suspect| suspect.file == *path);
    let suspect = first.map(|suspect| Place { goal, range: suspect.range, suspect: Some(suspect) });
    test.into_iter().chain(suspect).collect()
}

/// Where the reason may lie, the most suspicious first.
pub(crate) fn suspects(goal: &Goal) -> &[Suspect] {
    match &goal.origin {
        GoalOrigin::Test { suspects, .. } => suspects,
        _ => &[],
    }
}

/// The tests that a run saw fail.
pub(crate) fn red(report: &ForgeReport) -> BTreeSet<&str> {
    report.runners.iter().flat_map(|runner| &runner.red).map(|failure| failure.id.as_str()).collect()
}

/// Whether a goal is still one: some of its tests fail, and no newer goal has taken them over.
pub(crate) fn is_open(goal: &Goal, red: &BTreeSet<&str>, new: &[&Goal]) -> bool {
    let tests = &goal.acceptance.must_pass;
    let shares = |other: &&&Goal| other.acceptance.must_pass.iter().any(|test| tests.contains(test));
    let taken_over = new.iter().find(shares).is_some_and(|other| other.id != goal.id);
    tests.iter().any(|test| red.contains(test.as_str())) && !taken_over
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::{Acceptance, GoalId, LanguageId};

    fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    fn goal(id: &str, tests: &[&str], suspected: &[(&str, usize)]) -> Goal {
        let suspect = |(file, start): &(&str, usize)| Suspect {
            file: path(file),
            range: ByteRange::new(*start, start + 5),
            line: 2,
            suspicion: 1.0,
        };
        Goal {
            id: GoalId(id.to_owned()),
            kind: GoalKind::Repair,
            rule: "red-test".to_owned(),
            file: path("test_a.py"),
            language: LanguageId::new("python"),
            range: ByteRange::new(0, 9),
            line: 1,
            message: String::new(),
            why: String::new(),
            symbol: None,
            acceptance: Acceptance {
                improves: vec![],
                target: None,
                must_pass: tests.iter().map(|test| (*test).to_owned()).collect(),
            },
            base: ContentHash::of(b"tests"),
            footprint: vec![],
            origin: GoalOrigin::Test {
                test: "t".to_owned(),
                suspects: suspected.iter().map(suspect).collect(),
            },
            gain: 1.0,
            cost: 1.0,
        }
    }

    #[test]
    fn a_failing_test_is_shown_where_it_stands_and_where_it_is_suspected_first() {
        let goal = goal("g", &["t"], &[("a.py", 40), ("a.py", 90), ("b.py", 0)]);
        let [at_test] = places_of(&goal, &path("test_a.py"))[..] else { panic!("one place") };
        assert_eq!((at_test.range, at_test.suspect), (ByteRange::new(0, 9), None));
        let [at_code] = places_of(&goal, &path("a.py"))[..] else { panic!("one place") };
        assert_eq!(at_code.range, ByteRange::new(40, 45));
        assert!(places_of(&goal, &path("b.py")).is_empty(), "only the first suspect is shown");
    }

    #[test]
    fn nothing_is_shown_in_another_text() {
        let goal = goal("g", &["t"], &[("a.py", 40)]);
        let texts = BTreeMap::from([(path("a.py"), ContentHash::of(b"code"))]);
        let repairs = Repairs { known: vec![Known { goal, texts }] };
        assert_eq!(repairs.places(&path("a.py"), &ContentHash::of(b"code")).len(), 1);
        assert!(repairs.places(&path("a.py"), &ContentHash::of(b"edited")).is_empty());
    }

    #[test]
    fn a_goal_is_open_while_its_tests_fail_and_nothing_newer_has_them() {
        let (old, red) = (goal("old", &["t", "u"], &[]), BTreeSet::from(["u"]));
        assert!(is_open(&old, &red, &[]));
        assert!(!is_open(&old, &BTreeSet::from(["v"]), &[]), "it passes");
        let (wider, same) = (goal("wider", &["u", "v"], &[]), goal("old", &["u"], &[]));
        assert!(!is_open(&old, &red, &[&wider]));
        assert!(is_open(&old, &red, &[&same]));
    }
}
