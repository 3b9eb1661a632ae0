//! Packs in workspaces: what comes of right ones, and where the complaints about wrong ones point.

use super::*;
use crate::{OpenOptions, Workspace};
use hephaestus_core::{CancelToken, LanguageId};
use std::fs;
use tempfile::TempDir;

const RULE: &str = "\
id: no-print
language: Python
message: A print that was forgotten
note: Somebody looked here.
metadata:
  kind: simplify
  preserves: intent
  targets: [statements]
  tests:
  - before: |
      a = 1
      print(a)
      b = 2
    after: |
      a = 1
      log(a)
      b = 2
rule: {pattern: print($A)}
fix: log($A)
";

fn workspace(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn python(file: &str) -> String {
    format!("{FOLDER}/python/{file}")
}

fn problems(folder: &TempDir) -> Vec<(String, usize, usize, String)> {
    let root = folder.path();
    let packs = UserPack::all_in(&root.join(FOLDER), None);
    let problems = problems_of(Languages::with(&packs).unwrap());
    let place = |problem: PackProblem| {
        assert!(!problem.hint.is_empty(), "{problem}");
        let file = problem.file.strip_prefix(root.join(FOLDER)).unwrap().display().to_string();
        (file, problem.line, problem.column, problem.message)
    };
    problems.into_iter().map(place).collect()
}

#[test]
fn one_yaml_file_is_a_rule() {
    let folder = workspace(&[("a.py", "def f(a):\n    print(a)\n"), (&python("rules/no-print.yml"), RULE)]);
    assert_eq!(problems(&folder), []);
    let workspace = Workspace::open(folder.path(), &OpenOptions::default(), &CancelToken::new()).unwrap();
    let rules: Vec<String> = workspace
        .parsed
        .values()
        .flat_map(|parsed| workspace.rules.matches(parsed))
        .map(|found| found.rule.id.clone())
        .collect();
    assert_eq!(rules, ["python/no-print"]);
    let trial = trial(&folder.path().join(FOLDER).join("python")).unwrap();
    assert_eq!((trial.rules, trial.problems, trial.slips), ((1, 1), vec![], vec![]));
}

#[test]
fn an_example_that_does_not_hold_is_told_at_its_line() {
    let rule = RULE.replace("      log(a)\n", "      logg(a)\n");
    let folder = workspace(&[(&python("rules/no-print.yml"), &rule)]);
    let trial = trial(&folder.path().join(FOLDER).join("python")).unwrap();
    let [slip] = &*trial.slips else { panic!("{:#?}", trial.slips) };
    assert_eq!(slip.line, 10);
    assert!(slip.message.contains("instead of"), "{slip}");
}

#[test]
fn operators_come_on_top_and_are_tried() {
    let operators = "[[families]]\nname = \"own\"\noperators = [\n  \
        { id = \"len-off\", kinds = \"call\", find = \"len(a)\", put = \"len(a) + 1\", says = \"off by one\", \
        examples = [[\"x = len(a)\", \"x = len(a) + 1\"], [\"x = len(b)\"]] },\n]\n";
    let folder = workspace(&[(&python("operators.toml"), operators)]);
    assert_eq!(problems(&folder), []);
    let folder_of = folder.path().join(FOLDER).join("python");
    let result = trial(&folder_of).unwrap();
    assert_eq!((result.operators, result.slips), (1, vec![]));
    let mutators = Mutators::builtin(Languages::with(&[UserPack::read(&folder_of, None)]).unwrap()).unwrap();
    let all: Vec<&str> = mutators.operators("python").collect();
    assert_eq!(all.last(), Some(&"own/len-off"));
    assert!(all.len() > 10, "those of ours are there still");
}

#[test]
fn every_complaint_points_at_its_place() {
    let rule = RULE.replace("preserves: intent", "preserves: nothing");
    let cases: &[(&str, &str, (usize, usize), &str)] = &[
        ("pack.toml", "name = \"x\"\nexpand = 1\n", (2, 1), "unknown field"),
        (
            "pack.toml",
            "[tables]\nfunctions = [\"function_definition\",\n  \"no_such\"]\n",
            (3, 3),
            "no node kind `no_such`",
        ),
        ("imports.scm", "(module)\n(no_such) @a\n", (2, 2), "NodeType"),
        ("operators.toml", "families = [\n  { name = \"a\", operators = 1 },\n]\n", (2, 29), "invalid type"),
        (
            "operators.toml",
            "[[families]]\nname = \"a\"\noperators = [\n  { id = \"b\", kinds = \"no_such\", put = \"1\", says = \"c\" },\n]\n",
            (4, 23),
            "no kind `no_such`",
        ),
        ("runners/mine.toml", "language = \"python\"\norder = \"first\"\n", (2, 9), "invalid type"),
        ("rules/no-print.yml", &rule, (7, 3), "preserves"),
        ("rules/no-print.yaml", RULE, (1, 1), "nothing reads"),
    ];
    for (file, text, place, message) in cases {
        let found = problems(&workspace(&[(&python(file), text)]));
        let [problem] = &*found else { panic!("{file}: {found:#?}") };
        assert_eq!(
            (problem.0.as_str(), (problem.1, problem.2)),
            (&*format!("python/{file}"), *place),
            "{problem:?}"
        );
        assert!(problem.3.contains(message), "{problem:?}");
    }
}

#[test]
fn what_is_wrong_in_a_pack_costs_that_alone_and_is_a_notice() {
    let folder = workspace(&[
        ("a.py", "def f(a):\n    print(a)\n"),
        (&python("rules/no-print.yml"), RULE),
        (&python("rules/broken.yml"), "id: broken\nlanguage: Python\nrule: {patern: x}\n"),
        (&python("imports.scm"), "(no_such)"),
        (".hephaestus/grammars/nowhere/pack.toml", "name = \"Nowhere\"\n"),
    ]);
    let workspace = Workspace::open(folder.path(), &OpenOptions::default(), &CancelToken::new()).unwrap();
    let about: Vec<String> = workspace
        .notices()
        .iter()
        .filter_map(|notice| notice.path.as_ref())
        .map(ToString::to_string)
        .collect();
    for file in [
        python("imports.scm"),
        python("rules/broken.yml"),
        ".hephaestus/grammars/nowhere/pack.toml".to_owned(),
    ] {
        assert!(about.contains(&file), "{file}: {about:?}");
    }
    let python = LanguageId::new("python");
    let shipped = RuleSet::builtin(Languages::builtin().unwrap().get(&python).unwrap()).unwrap();
    assert_eq!(workspace.rules.count(&python), shipped.rules().count() + 1);
}

#[test]
fn a_runner_of_a_pack_is_known_by_name() {
    let runner = "language = \"python\"\norder = 1\ntitle = \"mine\"\n[detect]\nfiles = [\"t.sh\"]\nprogram = [\"sh\"]\n\
        missing = \"install a shell\"\n[full]\ncommand = [\"sh\", \"t.sh\"]\n[report]\nformat = \"exit\"\n[exit]\n\
        passed = [0]\nfailed = \"any\"\n";
    let folder = workspace(&[
        ("a.py", "x = 1\n"),
        ("hephaestus.toml", "[testing]\nrunner = \"mine\"\n"),
        (&python("runners/mine.toml"), runner),
    ]);
    assert_eq!(problems(&folder), []);
    let workspace = Workspace::open(folder.path(), &OpenOptions::default(), &CancelToken::new()).unwrap();
    let benches = workspace.benches().unwrap();
    assert_eq!(benches.iter().map(|bench| bench.suite.runner.name.as_str()).collect::<Vec<_>>(), ["mine"]);
}

#[test]
fn a_skeleton_is_a_pack_and_never_written_twice() {
    let folder = tempfile::tempdir().unwrap();
    let files = new("python", folder.path()).unwrap();
    assert_eq!(files, [folder.path().join("python/rules/my-rule.yml")]);
    assert!(matches!(new("python", folder.path()), Err(SkeletonError::Taken(_))));
    assert!(matches!(new("../x", folder.path()), Err(SkeletonError::Name(_))));
    assert_eq!(new("lua", folder.path()).unwrap().len(), 2);
    let packs = UserPack::all_in(folder.path(), None);
    let found = problems_of(Languages::with(&packs).unwrap());
    assert_eq!(found.len(), 1, "only the grammar is missing: {found:#?}");
    assert!(found[0].message.contains("no grammar for `lua`"), "{}", found[0]);
}

#[test]
fn a_grammar_that_was_not_built_is_not_loaded() {
    let folder = workspace(&[
        (".hephaestus/grammars/mine/pack.toml", "name = \"Mine\"\nextensions = [\"mine\"]\n"),
        (
            ".hephaestus/grammars/mine/grammar/src/parser.c",
            "const TSLanguage *tree_sitter_mine(void) { return 0; }\n",
        ),
    ]);
    let found = problems(&folder);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].3.contains("not built"), "{found:?}");
}
