//! The proposers at the crate's border: code in, goals out.

use super::*;
use hephaestus_core::{GoalOrigin, LanguageId, SourceFile, Suspect};
use hephaestus_syntax::Languages;
use std::sync::Arc;

const TANGLED: &str = "\
def tangled(a, b):
    for x in a:
        if x:
            for y in b:
                if y:
                    while x:
                        if y > x:
                            return y
    return None


def later():
    raise NotImplementedError
";

struct Scene {
    snapshot: Snapshot,
    parsed: BTreeMap<RelPath, Parsed>,
    settings: GoalSettings,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let languages = Languages::builtin().unwrap();
        let mut snapshot = Snapshot::default();
        let mut parsed = BTreeMap::new();
        for (path, text) in files {
            let path = RelPath::new(path).unwrap();
            let is_test = path.as_str().starts_with("tests/");
            let file = Arc::new(SourceFile::new(path.clone(), LanguageId::new("python"), *text, is_test));
            snapshot.files.insert(path.clone(), Arc::clone(&file));
            parsed.insert(path, Parsed::new(languages.get(&file.language).unwrap(), file).unwrap());
        }
        Self { snapshot, parsed, settings: GoalSettings::default() }
    }

    fn goals(&self, findings: &[Finding], red_tests: &[TestFailure]) -> Vec<Goal> {
        self.goals_by(findings, red_tests, &[])
    }

    fn goals_by(&self, findings: &[Finding], red_tests: &[TestFailure], causes: &[Cause]) -> Vec<Goal> {
        let (rules, _) = RuleSets::load(Languages::builtin().unwrap().all(), &[]).unwrap();
        let Self { snapshot, parsed, settings } = self;
        let sightings = &[];
        propose(&Survey { snapshot, parsed, rules: &rules, findings, sightings, red_tests, causes, settings })
    }
}

fn of_kind(goals: &[Goal], kind: GoalKind) -> Vec<&Goal> {
    goals.iter().filter(|goal| goal.kind == kind).collect()
}

#[test]
fn every_proposer_names_its_kinds() {
    for proposer in proposers::across_files() {
        assert!(!proposer.kinds().is_empty() && !proposer.name().is_empty());
    }
    for proposer in proposers::in_one_file() {
        assert!(!proposer.kinds().is_empty() && !proposer.name().is_empty());
    }
}

#[test]
fn complexity_holes_and_red_tests_are_goals() {
    let scene = Scene::new(&[("a.py", TANGLED), ("tests/test_a.py", "def test_it():\n    assert False\n")]);
    let red = [TestFailure { id: "tests.test_a::test_it".into(), message: "AssertionError".into() }];
    let goals = scene.goals(&[], &red);
    let complex = of_kind(&goals, GoalKind::Complexity);
    assert_eq!(complex.len(), 1);
    assert_eq!(complex[0].symbol.as_deref(), Some("tangled"));
    assert_eq!(complex[0].acceptance.target.map(|target| target.at), Some(15.0));
    assert_eq!(of_kind(&goals, GoalKind::Hole)[0].line, 13);
    let repair = of_kind(&goals, GoalKind::Repair);
    assert_eq!((repair[0].file.as_str(), repair[0].line), ("tests/test_a.py", 1));
    assert_eq!(repair[0].acceptance.must_pass, ["tests.test_a::test_it"]);
}

const CODE: &str = "def double(x):\n    return x + 1\n\n\ndef half(x):\n    return x / 3\n";
const TESTS: &str = "from a import double, half\n\n\ndef test_two():\n    assert double(2) == 4\n\n\n\
                     def test_three():\n    assert double(3) == 6\n\n\ndef test_half():\n    assert half(2) == 1\n";

fn red(name: &str) -> TestFailure {
    TestFailure {
        id: format!("tests.test_a::{name}"),
        message: format!("\n  AssertionError in {name}\nmore"),
    }
}

fn suspect(file: &str, range: std::ops::Range<usize>, suspicion: f64) -> Suspect {
    Suspect { file: RelPath::new(file).unwrap(), range: range.into(), line: 2, suspicion }
}

fn cause(tests: &[&str], suspects: &[Suspect]) -> Cause {
    let tests = tests.iter().map(|name| format!("tests.test_a::{name}")).collect();
    Cause { tests, suspects: suspects.to_vec() }
}

#[test]
fn tests_that_fail_for_one_reason_are_one_goal_at_the_first() {
    let scene = Scene::new(&[("a.py", CODE), ("tests/test_a.py", TESTS)]);
    let failing = [red("test_two"), red("test_three"), red("test_half")];
    let double = suspect("a.py", 19..31, 1.0);
    let causes =
        [cause(&["test_three", "test_two"], std::slice::from_ref(&double)), cause(&["test_half"], &[])];
    let goals = scene.goals_by(&[], &failing, &causes);
    let [both, half] = of_kind(&goals, GoalKind::Repair)[..] else { panic!("two goals, {goals:?}") };
    assert_eq!(both.acceptance.must_pass, ["tests.test_a::test_three", "tests.test_a::test_two"]);
    assert_eq!(both.symbol.as_deref(), Some("test_three"));
    assert_eq!(
        both.message,
        "2 tests fail, `tests.test_a::test_three` among them: AssertionError in test_three"
    );
    assert_eq!(
        both.origin,
        GoalOrigin::Test { test: "tests.test_a::test_three".to_owned(), suspects: vec![double] }
    );
    assert_eq!(both.footprint, [RelPath::new("a.py").unwrap()], "test code is not to be touched");
    assert_eq!(half.message, "`tests.test_a::test_half` fails: AssertionError in test_half");
    assert_ne!(both.id, half.id);
}

#[test]
fn a_red_test_without_a_cause_is_a_goal_of_its_own_and_no_test_has_two() {
    let scene = Scene::new(&[("a.py", CODE), ("tests/test_a.py", TESTS)]);
    let failing = [red("test_two"), red("test_three")];
    let goals = scene.goals_by(&[], &failing, &[]);
    let asked: Vec<usize> = goals.iter().map(|goal| goal.acceptance.must_pass.len()).collect();
    assert_eq!(asked, [1, 1]);
    let causes =
        [cause(&["test_two", "test_gone"], &[]), cause(&["test_two"], &[]), cause(&["test_gone"], &[])];
    let goals = scene.goals_by(&[], &failing, &causes);
    let asked: Vec<&[String]> = goals.iter().map(|goal| &goal.acceptance.must_pass[..]).collect();
    assert_eq!(asked, [["tests.test_a::test_two"], ["tests.test_a::test_three"]]);
}

#[test]
fn suspects_in_test_code_or_outside_the_text_are_none() {
    let scene = Scene::new(&[("a.py", CODE), ("tests/test_a.py", TESTS)]);
    let here = suspect("a.py", 19..31, 0.5);
    let others =
        [suspect("tests/test_a.py", 0..4, 1.0), suspect("a.py", 0..9999, 1.0), suspect("b.py", 0..1, 1.0)];
    let suspects: Vec<Suspect> = others.into_iter().chain([here.clone()]).collect();
    let goals = scene.goals_by(&[], &[red("test_two")], &[cause(&["test_two"], &suspects)]);
    let GoalOrigin::Test { suspects, .. } = &goals[0].origin else { panic!("{goals:?}") };
    assert_eq!(suspects, &[here]);
}

#[test]
fn the_id_of_a_repair_survives_another_cause() {
    let scene = Scene::new(&[("a.py", CODE), ("tests/test_a.py", TESTS)]);
    let one = scene.goals_by(&[], &[red("test_half")], &[cause(&["test_half"], &[])]);
    let two = scene.goals_by(
        &[],
        &[red("test_two"), red("test_half")],
        &[cause(&["test_two"], &[]), cause(&["test_half"], &[])],
    );
    assert_eq!(two.iter().filter(|goal| goal.id == one[0].id).count(), 1);
}

#[test]
fn a_test_with_a_title_stands_where_its_title_is() {
    let languages = Languages::builtin().unwrap();
    let mut scene = Scene::new(&[]);
    let tests = "test('adds', () => {});\n\ntest('halves', () => {\n  ok(half(2) === 1);\n});\n";
    for (path, text, is_test) in
        [("calc.js", "function halves(x) {\n  return x / 3;\n}\n", false), ("test/calc.test.js", tests, true)]
    {
        let path = RelPath::new(path).unwrap();
        let file = Arc::new(SourceFile::new(path.clone(), LanguageId::new("javascript"), text, is_test));
        scene.snapshot.files.insert(path.clone(), Arc::clone(&file));
        let parsed = Parsed::new(languages.get(&file.language).unwrap(), file).unwrap();
        scene.parsed.insert(path, parsed);
    }
    let failure = TestFailure { id: "calc > halves".into(), message: "not ok".into() };
    let goals = scene.goals(&[], &[failure]);
    let goal = of_kind(&goals, GoalKind::Repair)[0];
    assert_eq!((goal.file.as_str(), goal.line), ("test/calc.test.js", 3));
    assert!(goal.range.slice(tests).unwrap().ends_with("});"), "{:?}", goal.range);
}

#[test]
fn a_finding_is_a_goal_only_with_an_edit() {
    let scene = Scene::new(&[("a.py", "x = set([1])\n")]);
    let file = RelPath::new("a.py").unwrap();
    let edit = hephaestus_core::Patch::between(file.clone(), "x = set([1])\n", "x = {1}\n");
    let finding = |edit| Finding {
        fixer: "ruff".into(),
        code: "C405".into(),
        message: "m".into(),
        file: file.clone(),
        range: (4..12).into(),
        edit,
        applicability: "unsafe".into(),
        url: None,
    };
    let goals = scene.goals(&[finding(Some(edit)), finding(None)], &[]);
    let lint = of_kind(&goals, GoalKind::Lint);
    assert_eq!(lint.len(), 1);
    assert_eq!(lint[0].rule, "ruff/C405");
    assert!(lint[0].why.contains("unsafe"));
}

#[test]
fn ids_survive_an_edit_elsewhere_and_tell_twins_apart() {
    let twice = "def f(a):\n    if a:\n        return True\n    else:\n        return False\n";
    let before =
        Scene::new(&[("a.py", &format!("{twice}\n\n{}", twice.replace("def f", "def g")))]).goals(&[], &[]);
    let after = Scene::new(&[("a.py", &format!("# new\n{twice}\n\n{}", twice.replace("def f", "def g")))])
        .goals(&[], &[]);
    let ids =
        |goals: &[Goal]| goals.iter().map(|goal| goal.id.clone()).collect::<std::collections::BTreeSet<_>>();
    assert!(!before.is_empty());
    assert_eq!(ids(&before), ids(&after));
    assert_eq!(ids(&before).len(), before.len(), "no id twice");
}

#[test]
fn settings_choose_kinds_rules_and_test_code() {
    let mut scene =
        Scene::new(&[("a.py", TANGLED), ("tests/test_b.py", &TANGLED.replace("tangled", "test_tangled"))]);
    scene.settings.kinds = vec!["complexity".into()];
    assert_eq!(scene.goals(&[], &[]).len(), 1);
    scene.settings.include_tests = true;
    assert_eq!(scene.goals(&[], &[]).len(), 2);
    scene.settings.ignore = vec!["cogn*".into()];
    assert!(scene.goals(&[], &[]).is_empty());
}

#[test]
fn best_gain_per_trial_comes_first() {
    let goals = Scene::new(&[("a.py", TANGLED)]).goals(&[], &[]);
    let ranks: Vec<f64> = goals.iter().map(Goal::rank).collect();
    assert!(ranks.windows(2).all(|pair| pair[0] >= pair[1]), "{ranks:?}");
}

#[test]
fn clones_are_one_goal_with_every_place_in_reach() {
    let body: String = (0..30).map(|n| format!("    total = total + value * {n}\n")).collect();
    let function = |name: &str| format!("def {name}(value):\n    total = 0\n{body}    return total\n");
    let goals = Scene::new(&[("a.py", &function("f")), ("b.py", &function("g"))]).goals(&[], &[]);
    let clones = of_kind(&goals, GoalKind::Duplication);
    assert_eq!(clones.len(), 1);
    assert_eq!(clones[0].footprint.len(), 2);
}
