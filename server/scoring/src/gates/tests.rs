//! The gates that lean on measurements: when they open, when they stay shut, and what they say.

use super::{
    Check, diff_limit::DiffLimit, faster::Faster, inside_footprint::InsideFootprint,
    no_new_dependency::NoNewDependency, nothing_forbidden::NothingForbidden, same_on_inputs::SameOnInputs,
    strength::StrengthGate, tests_kept::TestsKept, tests_pass::TestsPass,
};
use crate::{Case, ScorerParts, StrengthLimits, Workshop};
use hephaestus_core::{
    Acceptance, ByteRange, Candidate, Compared, ContentHash, Difference, Dimension, EngineId, Evidence,
    Found, Goal, GoalKind, GoalOrigin, LanguageId, Limits, Patch, RegionStrength, RelPath, Scorer,
    ScoringSettings, Snapshot, SourceFile, Speed, Stage, StageRun, Strength, TestFailure, Trial, TrialCost,
    Verdict,
};
use hephaestus_syntax::{ImportGraph, Languages, RuleSets};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

fn workshop() -> Workshop {
    Workshop::new(ScorerParts {
        external: BTreeMap::new(),
        snapshot: Snapshot::default(),
        languages: Languages::builtin().unwrap(),
        rules: RuleSets::default(),
        imports: ImportGraph::default(),
        dependencies: BTreeSet::new(),
        passing: 1,
        cpu_s: 1.0,
        stable_runs: 2,
        improvement_threshold: 0.05,
        strength: StrengthLimits { offered: 0.8, weak: 0.6 },
        settings: ScoringSettings::default(),
        limits: Limits::default(),
    })
}

fn goal(kind: GoalKind) -> Goal {
    let file = RelPath::new("a.py").unwrap();
    Goal {
        id: Goal::stable_id(kind, "user/x", &file, None, "", 0),
        kind,
        rule: "user/x".to_owned(),
        file: file.clone(),
        language: LanguageId::new("python"),
        range: ByteRange::new(0, 0),
        line: 1,
        message: String::new(),
        why: String::new(),
        symbol: None,
        acceptance: Acceptance { improves: vec![Dimension::RunTime], target: None, must_pass: vec![] },
        base: ContentHash::of(b""),
        footprint: vec![file],
        origin: GoalOrigin::Measured,
        gain: 0.5,
        cost: 1.0,
    }
}

/// What `gate` says about a trial with this evidence; with whether the whole counts as weakly tested.
fn asked(gate: &dyn Check, kind: GoalKind, evidence: Evidence) -> (Result<String, String>, bool) {
    let (workshop, goal) = (workshop(), goal(kind));
    let candidate = Candidate::new(&goal.id, Patch::default(), EngineId::new("rewrite"), vec![], 0.5);
    let (verdict, cost) = (Verdict::Passed, TrialCost::default());
    let trial = Trial { candidate: candidate.id.clone(), verdict, evidence, cost, remembered: false };
    let case: Case<'_> = workshop.case(&goal, &candidate, &trial);
    (gate.ask(&case), workshop.score(&goal, &candidate, &trial).weakly_tested)
}

fn region(before: (u32, u32), after: (u32, u32)) -> Evidence {
    let side = |(killed, survived)| Strength { killed, survived };
    let strength = RegionStrength { before: side(before), after: side(after), ..RegionStrength::default() };
    Evidence { strength: Some(strength), ..Evidence::default() }
}

fn strength(evidence: Evidence) -> (Result<String, String>, bool) {
    asked(&StrengthGate, GoalKind::Simplify, evidence)
}

#[test]
fn strong_tests_open_the_gate_and_the_limit_itself_is_enough() {
    let (answer, weak) = strength(region((8, 2), (10, 0)));
    assert_eq!(answer.unwrap(), "the tests notice 8 of 10 mutants (95 % interval 49-94 %)");
    assert!(!weak);
}

#[test]
fn between_the_limits_it_is_offered_as_weakly_tested() {
    for counts in [(7, 3), (6, 4)] {
        let (answer, weak) = strength(region(counts, (10, 0)));
        let words = answer.unwrap();
        assert!(words.starts_with("weakly tested: the tests notice") && weak, "{words}");
    }
}

#[test]
fn below_it_is_not_offered_and_told_what_helps() {
    let (answer, weak) = strength(region((5, 5), (10, 0)));
    let words = answer.unwrap_err();
    assert!(words.contains("5 of 10 mutants") && words.contains("strengthen the tests first"), "{words}");
    assert!(weak);
}

#[test]
fn the_weaker_side_counts_whichever_it_is() {
    assert!(strength(region((10, 0), (1, 9))).0.unwrap_err().contains("1 of 10"));
    assert!(strength(region((1, 9), (10, 0))).0.unwrap_err().contains("1 of 10"));
    // A side without a single mutant says nothing, and not that everything is fine.
    assert!(strength(region((0, 0), (1, 9))).0.is_err());
    assert!(strength(region((1, 9), (0, 0))).0.is_err());
}

#[test]
fn what_was_not_measured_shuts_no_gate_and_is_not_called_strong() {
    let (answer, weak) = strength(Evidence::default());
    assert_eq!((answer.unwrap().as_str(), weak), ("not measured here; the evidence says so", false));
    let (answer, weak) = strength(region((0, 0), (0, 0)));
    assert_eq!((answer.unwrap().as_str(), weak), ("there is nothing to mutate here", false));
}

fn compared(captured: u32, mutated: u32, differs: bool, left_out: Option<&str>) -> Compared {
    let words = |text: &str| text.to_owned();
    let difference = Difference { input: words("half(-3)"), before: words("-2"), after: words("-1") };
    Compared {
        function: words("half"),
        captured,
        inputs: captured + mutated,
        mutated,
        differences: if differs { vec![difference] } else { vec![] },
        left_out: left_out.map(words),
    }
}

fn same(all: Vec<Compared>) -> Result<String, String> {
    asked(&SameOnInputs, GoalKind::Simplify, Evidence { compared: all, ..Evidence::default() }).0
}

#[test]
fn one_difference_shuts_the_gate_and_is_shown() {
    let answer = same(vec![compared(3, 100, false, None), compared(3, 100, true, None)]);
    assert_eq!(answer.unwrap_err(), "half(-3) was -2 and becomes -1");
}

#[test]
fn inputs_of_all_functions_are_counted_but_not_of_those_left_out() {
    assert_eq!(
        same(vec![compared(3, 100, false, None), compared(2, 5, false, None)]).unwrap(),
        "the same on 110 inputs"
    );
    let answer = same(vec![compared(3, 100, false, None), compared(7, 0, false, Some("it took too long"))]);
    assert_eq!(answer.unwrap(), "the same on 103 inputs");
    let answer = same(vec![compared(7, 0, false, Some("it opens files"))]).unwrap();
    assert!(answer.starts_with("not compared"), "{answer}");
    assert!(same(vec![]).unwrap().starts_with("not compared"));
}

fn timed(interval: (f64, f64), floor: f64, left_out: Option<&str>) -> Evidence {
    let speed = Speed {
        function: "common".to_owned(),
        ratio: f64::midpoint(interval.0, interval.1),
        interval,
        floor,
        pairs: 41,
        inputs: 3,
        tried: 1,
        left_out: left_out.map(str::to_owned),
    };
    Evidence { speed: Some(speed), ..Evidence::default() }
}

fn faster(evidence: Evidence) -> Result<String, String> {
    asked(&Faster, GoalKind::Speed, evidence).0
}

#[test]
fn faster_is_what_beats_the_noise_with_all_of_its_interval() {
    let words = faster(timed((0.3, 0.5), 0.1, None)).unwrap();
    assert!(
        words.contains("0.40 times the time (interval 0.30-0.50)") && words.contains("41 pairs"),
        "{words}"
    );
    assert!(faster(timed((0.7, 0.85), 0.2, None)).is_err(), "within the noise of the clock");
    assert!(faster(timed((0.3, 0.96), 0.01, None)).is_err(), "the gain may be next to nothing");
    let slower = faster(timed((1.5, 1.8), 0.01, None)).unwrap_err();
    assert!(slower.contains("1.50-1.80"), "{slower}");
}

#[test]
fn where_nobody_could_measure_no_claim_is_made() {
    for evidence in [Evidence::default(), timed((0.3, 0.5), 0.1, Some("it opens files"))] {
        assert_eq!(faster(evidence).unwrap(), "not measured here: no claim is made");
    }
}

#[test]
fn only_speed_goals_have_to_be_faster() {
    let (answer, _) = asked(&Faster, GoalKind::Simplify, timed((1.5, 1.8), 0.01, None));
    assert_eq!(answer.unwrap(), "it does not claim to be");
}

/// A repair of `src/lib.rs` that replaces `old` by `new`; three tests pass on the unchanged code.
struct Repair {
    workshop: Workshop,
    goal: Goal,
    candidate: Candidate,
}

const LIB: &str = "pub fn half(x: i64) -> i64 {\n    x / 3\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    \
                   #[test]\n    fn halves() {\n        assert_eq!(half(4), 2);\n    }\n}\n";

impl Repair {
    fn new(path: &str, old: &str, new: &str) -> Self {
        let file = RelPath::new(path).unwrap();
        let is_test = path.starts_with("tests/");
        let source = SourceFile::new(file.clone(), LanguageId::new("rust"), LIB, is_test);
        let mut snapshot = Snapshot::default();
        snapshot.files.insert(file.clone(), Arc::new(source));
        let mut parts = workshop().parts;
        (parts.snapshot, parts.passing) = (snapshot, 3);
        let acceptance = Acceptance {
            improves: vec![Dimension::Functionality],
            target: None,
            must_pass: vec!["tests::halves".to_owned()],
        };
        let goal =
            Goal { file: file.clone(), footprint: vec![file.clone()], acceptance, ..goal(GoalKind::Repair) };
        let patch = Patch::between(file, LIB, &LIB.replace(old, new));
        let candidate = Candidate::new(&goal.id, patch, EngineId::new("search"), vec![], 0.5);
        Self { workshop: Workshop::new(parts), goal, candidate }
    }

    fn ask(&self, gate: &dyn Check, evidence: Evidence) -> Result<String, String> {
        gate.ask(&self.workshop.case(&self.goal, &self.candidate, &self.trial(evidence)))
    }

    fn trial(&self, evidence: Evidence) -> Trial {
        let (verdict, cost) = (Verdict::Passed, TrialCost::default());
        Trial { candidate: self.candidate.id.clone(), verdict, evidence, cost, remembered: false }
    }
}

/// Two full runs in which so many tests passed.
fn full_runs(passed: u32, failing: &[&str]) -> Evidence {
    let failures = failing.iter().map(|id| TestFailure { id: (*id).to_owned(), message: String::new() });
    let run = |stage| StageRun {
        stage,
        command: String::new(),
        passed,
        skipped: 0,
        failures: failures.clone().collect(),
        held: true,
        wall: Duration::ZERO,
        cpu: Duration::ZERO,
        tail: String::new(),
    };
    Evidence { stages: vec![run(Stage::Parse), run(Stage::Full), run(Stage::Full)], ..Evidence::default() }
}

#[test]
fn a_repair_is_accepted_although_weak_tests_surround_it_and_code_was_added() {
    let longer = "if x < 0 { if x < -1 { return -half(-x); } }\n    x / 2";
    let repair = Repair::new("src/lib.rs", "x / 3", longer);
    let evidence = Evidence { strength: region((1, 9), (1, 9)).strength, ..full_runs(4, &[]) };
    let score = repair.workshop.score(&repair.goal, &repair.candidate, &repair.trial(evidence));
    assert!(score.accepted && !score.weakly_tested, "{:?}", score.reasons);
    let reason = score.gates.iter().find(|gate| gate.gate == hephaestus_core::Gate::Strength).unwrap();
    assert!(reason.reason.starts_with("not asked of a repair"), "{}", reason.reason);
}

#[test]
fn the_strength_gate_says_how_the_repair_compares_with_the_others() {
    let mut repair = Repair::new("src/lib.rs", "x / 3", "x / 2");
    repair.candidate.found = Some(Found::default());
    let alone = repair.ask(&StrengthGate, Evidence::default()).unwrap();
    assert!(alone.ends_with("no other change that was tried passes them"), "{alone}");
    repair.candidate.found = Some(Found { alternatives: 7, agreeing: 5, ..Found::default() });
    let some = repair.ask(&StrengthGate, Evidence::default()).unwrap();
    assert!(some.contains("7 other changes") && some.contains("5 of which do the same"), "{some}");
}

#[test]
fn what_is_to_be_mended_has_to_pass_in_every_full_run() {
    let repair = Repair::new("src/lib.rs", "x / 3", "x / 2");
    let ask = |passed, failing: &[&str]| repair.ask(&TestsPass, full_runs(passed, failing));
    assert_eq!(ask(4, &[]).unwrap(), "the test that failed passes; 4 tests passed, 2 times");
    assert_eq!(ask(3, &[]).unwrap_err(), "3 tests pass where 4 should: the red ones too");
    assert_eq!(ask(4, &["tests::halves"]).unwrap_err(), "`tests::halves` still fails");
}

#[test]
fn a_repair_touches_no_test_wherever_it_stands() {
    let kept = |repair: Repair| repair.ask(&TestsKept, Evidence::default());
    assert!(kept(Repair::new("src/lib.rs", "x / 3", "x / 2")).is_ok());
    let inline = kept(Repair::new("src/lib.rs", "half(4), 2", "half(4), 1")).unwrap_err();
    assert_eq!(inline, "src/lib.rs:11 is test code");
    assert!(
        kept(Repair::new("tests/it.rs", "x / 3", "x / 2")).unwrap_err().contains("tests/it.rs is test code")
    );
    let mut elsewhere = Repair::new("src/lib.rs", "x / 3", "x / 2");
    elsewhere.goal.footprint.clear();
    assert!(elsewhere.ask(&InsideFootprint, Evidence::default()).is_err());
}

/// What `gate` says of a patch of `a.py` and `test_a.py` in a run with these limits.
fn within(limits: Limits, gate: &dyn Check, patch: &Patch) -> Result<String, String> {
    let file = |name: &str, text: &str, is_test| {
        SourceFile::new(RelPath::new(name).unwrap(), LanguageId::new("python"), text, is_test)
    };
    let snapshot = Snapshot::default();
    let snapshot =
        snapshot.with_file(file("a.py", "x = 1\n", false)).with_file(file("test_a.py", "t = 1\n", true));
    let parts = ScorerParts { limits, snapshot, ..workshop().parts };
    let (workshop, goal) = (Workshop::new(parts), goal(GoalKind::Repair));
    let candidate = Candidate::new(&goal.id, patch.clone(), EngineId::new("search"), vec![], 0.5);
    let (verdict, cost, evidence) = (Verdict::Passed, TrialCost::default(), Evidence::default());
    let trial = Trial { candidate: candidate.id.clone(), verdict, evidence, cost, remembered: false };
    gate.ask(&workshop.case(&goal, &candidate, &trial))
}

fn between(name: &str, old: &str, new: &str) -> Patch {
    Patch::between(RelPath::new(name).unwrap(), old, new)
}

#[test]
fn a_limit_counts_lines_of_code_and_not_of_tests() {
    let code = between("a.py", "x = 1\n", "x = 2\ny = 3\n");
    let patch = code.merge(&between("test_a.py", "t = 1\n", "t = 1\nu = 2\n")).unwrap();
    let most = |lines| Limits { max_diff_lines: Some(lines), ..Limits::default() };
    assert_eq!(within(most(3), &DiffLimit, &patch).unwrap(), "3 of 3 lines");
    let error = within(most(2), &DiffLimit, &patch).unwrap_err();
    assert_eq!(error, "3 lines of code are changed, 2 are allowed");
    assert!(!DiffLimit.applies(&Limits::default()) && DiffLimit.applies(&most(1)));
}

#[test]
fn what_is_forbidden_is_looked_for_in_added_lines_of_code() {
    let forbid = |pattern: &str| Limits { forbid: vec![pattern.to_owned()], ..Limits::default() };
    let patch = between("a.py", "x = 1\n", "x = eval('2')\n");
    let error = within(forbid("eval("), &NothingForbidden, &patch).unwrap_err();
    assert_eq!(error, "`eval(` is forbidden, and stands in `x = eval('2')`");
    assert!(within(forbid("/^x = [a-z]+/"), &NothingForbidden, &patch).is_err());
    assert!(within(forbid("x = 1"), &NothingForbidden, &patch).is_ok(), "that goes");
    assert!(!NothingForbidden.applies(&Limits::default()));
}

#[test]
fn tests_of_a_directive_may_be_added_to_and_nothing_else() {
    let tests = vec![RelPath::new("test_a.py").unwrap()];
    let limits = || Limits { tests: tests.clone(), ..Limits::default() };
    let added = between("test_a.py", "t = 1\n", "t = 1\nimport random\n");
    assert!(within(limits(), &TestsKept, &added).is_ok());
    assert!(within(Limits::default(), &TestsKept, &added).is_err());
    assert!(within(limits(), &TestsKept, &between("test_a.py", "t = 1\n", "t = 2\n")).is_err());
    assert!(within(limits(), &NoNewDependency, &added).is_ok(), "a test brings what it needs");
    assert!(within(limits(), &NoNewDependency, &between("a.py", "x = 1\n", "import random\n")).is_err());
}
