//! Reading directives that are right: every key of the manual, three lines, and the imported form.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on shall fail"
)]

use hephaestus_core::{Dimension, RelPath};
use hephaestus_directive::{
    AcceptMode, Check, Dependencies, Directive, DirectiveKind, Domain, Expected, Holds, PublicApi, When,
    parse,
};

fn read(text: &str, path: &str) -> Directive {
    let parsed = parse(text, &RelPath::new(path).unwrap());
    assert_eq!(parsed.problems, [], "{text}");
    parsed.directive.unwrap()
}

const FULL: &str = r#"+++
kind = "build"
goal = "A text as part of a URL."
priority = 10
after = ["parser"]

[target]
files = ["src/slug.py"]
symbols = ["slugify"]
[target.edit]
allow = ["src/**"]
deny = ["src/vendored/**"]
tests = false

[[interface]]
signature = "def slugify(text: str) -> str"
file = "src/slug.py"
doc = "A text as part of a URL."

[[example]]
name = "digits"
call = "slugify('A 1')"
value = "'a-1'"

[[example]]
call = "slugify(None)"
error = "TypeError: a text"

[[example]]
call = "len(slugify('a'))"
value = 1

[[property]]
name = "idempotent"
forall = { text = "string", n = "int 0..9", words = "list of string" }
assume = "len(text) > 0"
holds = "slugify(slugify(text)) == slugify(text)"

[[property]]
holds = "preserve"

[[acceptance]]
text = "Digits are kept"
check = "example"
of = ["digits"]

[[acceptance]]
text = "It compiles"
check = "command"
command = "python -m compileall -q src"

[[acceptance]]
text = "The docs read well"
check = "manual"

[[acceptance]]
text = "The old test passes"
check = "test"
test = "tests/test_slug.py::test_digits"

[[bench]]
command = "python bench.py"
ratio = 0.8
limit_ms = 250

[test]
command = "make check"

[constraints]
public_api = "free"
dependencies = ["unidecode"]
max_diff_lines = 40
forbid = ["eval(", "/# *type: *ignore/"]

[threshold]
cognitive = 10
strength = 0.8

[objective]
improve = ["run-time", "size"]
at_least = 0.2

[engines]
allow = "rewrite"
seed = 7
llm = false

[budget]
cpu_s = 120
trials = 200
tokens = 0
usd = 0.5
when = "idle"

[accept]
mode = "first"
variants = 3
+++

# Slugs

Why and how.
"#;

#[test]
fn every_key_is_read() {
    let directive = read(FULL, ".hephaestus/directives/slug.forge.md");
    assert_eq!((directive.name.as_str(), *directive.kind), ("slug", DirectiveKind::Build));
    assert_eq!(directive.goal.range.slice(FULL), Some("\"A text as part of a URL.\""));
    assert_eq!(directive.body.as_ref().unwrap().value, "# Slugs\n\nWhy and how.");
    assert_eq!((directive.priority(), directive.after[0].as_str()), (10, "parser"));
    let target = &directive.target;
    assert_eq!((target.files[0].as_str(), target.symbols[0].as_str()), ("src/slug.py", "slugify"));
    assert_eq!(target.edit.deny[0].range.slice(FULL), Some("\"src/vendored/**\""));
    assert!(!directive.may_edit_tests());
    assert_eq!(directive.interfaces[0].file.as_deref().map(String::as_str), Some("src/slug.py"));
    let [digits, error, number] = directive.examples.as_slice() else { panic!("{:?}", directive.examples) };
    assert!(matches!(&digits.expected, Expected::Value(value) if value.value == "'a-1'"));
    assert_eq!(error.expected.error_parts(), Some(("TypeError", Some("a text"))));
    assert_eq!(number.expected.written().value, "1");
    let [idempotent, preserve] = directive.properties.as_slice() else { panic!() };
    let names: Vec<_> = idempotent.forall.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["text", "n", "words"]);
    assert_eq!(*idempotent.forall[1].domain, Domain::Int { min: 0, max: 9 });
    assert_eq!(*preserve.holds, Holds::Preserve);
    let checks: Vec<_> =
        directive.acceptance.iter().map(|line| line.check.as_ref().unwrap().word()).collect();
    assert_eq!(checks, ["example", "command", "manual", "test"]);
    assert!(
        matches!(&**directive.acceptance[0].check.as_ref().unwrap(), Check::Example(of) if of.len() == 1)
    );
    assert_eq!(directive.benches[0].ratio.as_deref(), Some(&0.8));
    assert_eq!(directive.test_command.as_deref().map(String::as_str), Some("make check"));
    assert_eq!(directive.public_api(), PublicApi::Free);
    assert!(matches!(
        directive.constraints.dependencies.as_deref(),
        Some(Dependencies::Allow(names)) if names[0].value == "unidecode"
    ));
    assert!(directive.constraints.forbid[1].matches("x = 1  #  type: ignore"));
    let thresholds: Vec<_> =
        directive.thresholds.iter().map(|own| (*own.dimension, own.value.value)).collect();
    assert_eq!(thresholds, [(Dimension::Cognitive, 10.0), (Dimension::Strength, 0.8)]);
    assert_eq!(*directive.objective.improve[0], Dimension::RunTime);
    assert_eq!((directive.engines.allow.len(), directive.engines.llm.as_deref()), (1, Some(&false)));
    assert_eq!(directive.budget.when.as_deref(), Some(&When::Idle));
    assert_eq!(directive.accept.mode.as_deref(), Some(&AcceptMode::First));
}

#[test]
fn three_lines_are_enough() {
    let directive = read("+++\nkind = \"fix\"\n+++\n# Digits are kept\n", "a.forge.md");
    assert_eq!(directive.goal.value, "Digits are kept");
    assert_eq!((directive.public_api(), directive.may_edit_tests()), (PublicApi::Frozen, true));
    assert!(directive.lines().is_empty());
    let toml = read("kind = \"fix\"\ngoal = \"Digits are kept\"\n", "a.forge.toml");
    assert_eq!((toml.goal.value, toml.name), (directive.goal.value, directive.name));
}

#[test]
fn the_goal_is_the_first_heading_or_paragraph() {
    let goal = |body: &str| {
        let text = format!("\u{feff}+++\r\nkind = \"fix\"\r\n+++\r\n{body}");
        let goal = read(&text, "a.forge.md").goal;
        (goal.value.clone(), goal.range.slice(&text).unwrap().to_owned())
    };
    assert_eq!(goal("\r\n## Keep 🔢 digits\r\n\r\nMore."), two("Keep 🔢 digits", "Keep 🔢 digits"));
    assert_eq!(goal("Keep\r\ndigits.\r\n\r\n# Not this"), two("Keep digits.", "Keep\r\ndigits."));
}

fn two(left: &str, right: &str) -> (String, String) {
    (left.to_owned(), right.to_owned())
}

#[test]
fn lines_stand_in_the_order_of_the_text() {
    let lines = read(FULL, "a.forge.md").lines();
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "slugify('A 1') gives 'a-1'",
            "slugify(None) raises TypeError: a text",
            "len(slugify('a')) gives 1",
            "for text in string, for n in int 0..9, for words in list of string, if len(text) > 0, \
             slugify(slugify(text)) == slugify(text)",
            "preserve",
            "Digits are kept",
            "It compiles",
            "The docs read well",
            "The old test passes",
            "python bench.py",
        ]
    );
    assert_eq!(lines[0].range.slice(FULL), Some("[[example]]"));
    assert_eq!((lines[2].index, lines[4].index), (2, 1));
}

#[test]
fn the_yaml_form_is_imported() {
    let text = "\
directive:
  type: feature
  name: slugs
  description: \"A text as part of a URL\"
  content: |
    # Slugs

    Why and how.
  constraints:
    max_diff_lines: 40
    forbid: [eval(]
  metadata:
    priority: high
    author: somebody
    files:
      - src/slug.py
    depends_on: parser
";
    let directive = read(text, "slug.forge.yaml");
    assert_eq!(*directive.kind, DirectiveKind::Build);
    assert_eq!(directive.goal.value, "A text as part of a URL");
    assert_eq!(directive.goal.range.slice(text), Some("\"A text as part of a URL\""));
    assert_eq!(directive.kind.range.slice(text), Some("feature"));
    assert_eq!(directive.body.unwrap().range.slice(text), Some("# Slugs\n\n    Why and how."));
    let limit = directive.constraints.max_diff_lines.unwrap();
    assert_eq!((limit.value, limit.range.slice(text)), (40, Some("40")));
    assert_eq!(directive.target.files[0].range.slice(text), Some("src/slug.py"));
    assert_eq!((directive.priority.unwrap().value, directive.after[0].as_str()), (10, "parser"));
}

#[test]
fn yaml_may_carry_every_key_in_its_content() {
    let text = "directive:\n  type: fix\n  description: d\n  content:\n    example:\n      - call: f(1)\n        value: 2\n";
    let directive = read(text, "a.forge.yml");
    assert_eq!(directive.examples[0].call.range.slice(text), Some("f(1)"));
    assert_eq!(directive.examples[0].expected.written().value, "2");
}
