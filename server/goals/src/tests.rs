//! The proposers at the crate's border: code in, goals out.

use super::*;
use hephaestus_core::{LanguageId, SourceFile};
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
        let (rules, _) = RuleSets::load(Languages::builtin().unwrap().all(), &[]).unwrap();
        let Self { snapshot, parsed, settings } = self;
        propose(&Survey { snapshot, parsed, rules: &rules, findings, red_tests, settings })
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
