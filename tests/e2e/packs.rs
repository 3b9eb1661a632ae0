//! Packs of a user's own, by the steps of the manual's page: a rule that is one file, and a language that is not shipped.

use crate::project::{Project, Run, changes, improvements};
use std::fs;
use std::path::Path;

const GRAMMAR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/grammars/json/src");

const MANIFEST: &str = "\
name = \"JSON\"
rule_language = \"Json\"
extensions = [\"json\"]

[tables]
operands = [\"string\", \"number\", \"true\", \"false\", \"null\"]
closers = [\"]\", \"}\"]
";

const RULE: &str = "\
id: no-null
language: Json
message: A place without a value
note: Who reads it passes over it.
metadata:
  kind: simplify
  preserves: behaviour
  targets: [size]
  tests:
  - before: |
      [null, 1]
    after: |
      [1]
rule: {pattern: '[null, 1]'}
fix: '[1]'
";

/// Fails unless every one of `texts` was printed.
fn told(run: &Run, texts: &[&str]) {
    for text in texts {
        assert!(run.out.contains(text) || run.err.contains(text), "`{text}` is not in: {run:?}");
    }
}

/// A project in JSON whose suite is a test command, with the skeleton of a pack and the sources of its grammar.
fn json() -> Project {
    let project = Project::with(&[
        ("a.json", "{\"a\": [null, 1], \"b\": 2}\n"),
        ("hephaestus.toml", "[testing]\ncommand = \"grep -q 1 a.json && grep -q 2 a.json\"\n"),
    ]);
    let data = project.folder().join("data");
    let project = project.env("XDG_DATA_HOME", data);
    told(&project.run_writing(&["pack", "new", "json"]).expect(0), &["pack.toml written", "pack build json"]);
    let pack = project.path(".hephaestus/grammars/json");
    fs::remove_file(pack.join("rules/my-rule.yml")).unwrap();
    for file in ["parser.c", "tree_sitter/parser.h"] {
        let to = pack.join("grammar/src").join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(Path::new(GRAMMAR).join(file), to).unwrap();
    }
    fs::write(pack.join("pack.toml"), MANIFEST).unwrap();
    fs::write(pack.join("rules/no-null.yml"), RULE).unwrap();
    project
}

#[test]
fn a_language_that_is_not_shipped_is_proved_once_its_user_has_built_its_grammar() {
    let project = json();
    told(
        &project.run(&["pack", "check"]).expect(2),
        &["parser.c:1:1: error: the grammar is not built", "pack build"],
    );
    project.run(&["forge"]).expect(2);
    told(&project.run_writing(&["pack", "build", "json"]).expect(0), &["tree_sitter_json built"]);
    told(&project.run(&["pack", "build", "json"]).expect(0), &["was built already"]);
    told(&project.run(&["pack", "test", "json"]).expect(0), &["json: 1 rule with 1 example"]);
    told(&project.run(&["pack", "list"]).expect(0), &["its own"]);
    let report = project.forge(&[]);
    let [improvement] = improvements(&report).as_slice() else { panic!("{report}") };
    assert!(improvement.to_string().contains("json/no-null"), "{improvement}");
    // A source that changes is not loaded until it is built again.
    project.append(".hephaestus/grammars/json/grammar/src/parser.c", "\n");
    told(&project.run(&["pack", "check"]).expect(2), &["the grammar is not built as it is now"]);
}

#[test]
fn a_grammar_that_does_not_compile_or_cannot_be_loaded_is_told() {
    let project = json();
    let source = ".hephaestus/grammars/json/grammar/src/parser.c";
    project.write(source, "const TSLanguage *tree_sitter_json(void) { return 0; }\n");
    told(&project.run(&["pack", "build", "json"]).expect(2), &["does not compile"]);
    let crashes = "typedef int TSLanguage;\nconst TSLanguage *tree_sitter_json(void) { __builtin_trap(); }\n";
    project.write(source, crashes);
    told(&project.run(&["pack", "build", "json"]).expect(2), &["cannot be used"]);
    let nothing = "typedef int TSLanguage;\nconst TSLanguage *tree_sitter_json(void) { return 0; }\n";
    project.write(source, nothing);
    told(&project.run(&["pack", "build", "json"]).expect(2), &["answers with nothing"]);
    assert!(!project.folder().join("data/hephaestus/grammars").exists(), "none of them is kept");
}

#[test]
fn a_rule_of_ones_own_is_one_file() {
    let project = Project::of("python-unittest");
    let before = project.fingerprint();
    told(&project.run_writing(&["pack", "new", "python"]).expect(0), &["rules/my-rule.yml written"]);
    let written = changes(&before, &project.fingerprint());
    assert!(written.iter().all(|change| change.contains(".hephaestus")), "{written:?}");
    told(&project.run(&["pack", "test", "python"]).expect(0), &["python: 1 rule with 1 example"]);
    let rule = project.read(".hephaestus/grammars/python/rules/my-rule.yml");
    project
        .write(".hephaestus/grammars/python/rules/my-rule.yml", rule.replace("  new_name(1)", "  other(1)"));
    told(&project.run(&["pack", "test", "python"]).expect(1), &["my-rule.yml:", "instead of"]);
}
