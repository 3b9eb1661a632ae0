//! Rules at the borders: line ends, tabs, nesting, strings, errors, comments, users' files.

use hephaestus_core::{ByteRange, CancelToken, GoalKind, RelPath, SourceFile};
use std::sync::Arc;

use super::{RuleMatch, RuleProblem, RuleSet};
use crate::{Language, Languages, Parsed};

const GUARD: &str = "
id: guard
language: Python
message: Invert `$C`
rule:
  pattern: |
    if $C:
        $$$BODY
  inside: {kind: block, inside: {kind: for_statement}}
  not: {has: {kind: else_clause}}
fix: |-
  if not $C:
      continue
  $$$BODY
";

const COLLAPSE: &str = "
id: collapse
language: JavaScript
rule: {pattern: 'if ($A) { if ($B) { $$$BODY } }'}
fix: |-
  if ($A && $B) {
    $$$BODY
  }
metadata: {kind: modernize, preserves: intent, targets: [nesting]}
";

const PRINT: &str = "
id: print
language: Python
rule: {pattern: print($A)}
fix: log($A)
";

fn language(name: &str) -> &'static Language {
    Languages::builtin().unwrap().all().into_iter().find(|language| language.id().as_str() == name).unwrap()
}

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

fn parse_at(at: &str, name: &str, text: &str) -> Parsed {
    let language = language(name);
    Parsed::new(language, Arc::new(SourceFile::new(path(at), language.id().clone(), text, false))).unwrap()
}

fn user(yaml: &str, name: &str) -> (RuleSet, Vec<RuleProblem>) {
    RuleSet::from_sgconfig(&[(path("rules/all.yml"), yaml.to_owned())], language(name))
}

fn rules(yaml: &str, name: &str) -> RuleSet {
    let (rules, problems) = user(yaml, name);
    assert_eq!(problems, []);
    rules
}

fn found(yaml: &str, name: &str, text: &str) -> Vec<RuleMatch> {
    rules(yaml, name).matches(&parse_at("file", name, text), &CancelToken::new())
}

/// The text after the outermost match alone.
fn applied(yaml: &str, name: &str, text: &str) -> String {
    let found = found(yaml, name, text);
    let edit = &found.first().expect("the rule matches").edit;
    [&text[..edit.range.start], &edit.text, &text[edit.range.end..]].concat()
}

#[test]
fn a_block_keeps_its_shape_wherever_it_stands() {
    let before = "class A:\n    def f(self):\n        for x in y:\n            if x:\n                a(x)\n\n                if z:\n                    b()\n        done()\n";
    let after = "class A:\n    def f(self):\n        for x in y:\n            if not x:\n                continue\n            a(x)\n\n            if z:\n                b()\n        done()\n";
    assert_eq!(applied(GUARD, "python", before), after);
}

#[test]
fn tabs_stay_tabs() {
    let before = "def f(y):\n\tfor x in y:\n\t\tif x:\n\t\t\ta(x)\n\t\t\twhile z:\n\t\t\t\tb()\n";
    let after =
        "def f(y):\n\tfor x in y:\n\t\tif not x:\n\t\t\tcontinue\n\t\ta(x)\n\t\twhile z:\n\t\t\tb()\n";
    assert_eq!(applied(GUARD, "python", before), after);
    let before = "function f() {\n\tif (a) {\n\t\tif (b) {\n\t\t\tg();\n\t\t\th();\n\t\t}\n\t}\n}\n";
    let after = "function f() {\n\tif (a && b) {\n\t\tg();\n\t\th();\n\t}\n}\n";
    assert_eq!(applied(COLLAPSE, "javascript", before), after);
}

#[test]
fn the_indentation_step_is_the_files_own() {
    let before = "for x in y:\n  if x:\n    a(x)\n";
    assert_eq!(applied(GUARD, "python", before), "for x in y:\n  if not x:\n    continue\n  a(x)\n");
    let before = "function f() {\n    if (a) {\n        if (b) {\n            g();\n            h();\n        }\n    }\n}\n";
    let after = "function f() {\n    if (a && b) {\n        g();\n        h();\n    }\n}\n";
    assert_eq!(applied(COLLAPSE, "javascript", before), after);
}

#[test]
fn carriage_returns_byte_order_mark_and_missing_last_line_end_survive() {
    let before = "\u{feff}for x in y:\r\n    if x:\r\n        a(x)\r\n        b(x)";
    let after = "\u{feff}for x in y:\r\n    if not x:\r\n        continue\r\n    a(x)\r\n    b(x)";
    assert_eq!(applied(GUARD, "python", before), after);
    assert_eq!(applied(PRINT, "python", "\u{feff}print(1)"), "\u{feff}log(1)");
}

#[test]
fn strings_of_several_lines_keep_their_text() {
    let before =
        "for x in y:\n    if x:\n        a(\"\"\"\n        one\n    two\n        \"\"\")\n        b()\n";
    let after = "for x in y:\n    if not x:\n        continue\n    a(\"\"\"\n        one\n    two\n        \"\"\")\n    b()\n";
    assert_eq!(applied(GUARD, "python", before), after);
}

#[test]
fn nothing_is_suggested_where_the_code_does_not_parse() {
    assert_eq!(found(PRINT, "python", "x = (print(1) +\n").len(), 0);
    assert_eq!(found(PRINT, "python", "print(1 +)\n").len(), 0);
    assert_eq!(found(PRINT, "python", "print(1)\nx = (1 +\n").len(), 1);
}

#[test]
fn comments_keep_rules_away() {
    let count = |text: &str| found(PRINT, "python", text).len();
    assert_eq!(count("print(1)  # hephaestus: ignore\nprint(2)\n"), 1);
    assert_eq!(count("# hephaestus: ignore\nprint(1)\nprint(2)\n"), 1);
    assert_eq!(count("# hephaestus: ignore[user/print, other]\nprint(1)\n"), 0);
    assert_eq!(count("print(1) # hephaestus: ignore[print]\n"), 0);
    assert_eq!(count("print(1) # hephaestus: ignore[other]\n"), 1);
    assert_eq!(count("print(1) # we never write hephaestus: ignore here\n"), 1);
    assert_eq!(count("s = 'hephaestus: ignore'\nprint(1)\n"), 1);
    assert_eq!(count("x = 1  # ast-grep-ignore: print\n# ast-grep-ignore: print\nprint(1)\n"), 0);
    assert_eq!(count("\u{feff}# hephaestus: ignore\nprint(1)\n"), 0);
}

#[test]
fn matches_come_in_order_and_only_from_the_asked_range() {
    let yaml = format!("{PRINT}---\nid: a-print\nlanguage: py\nrule: {{pattern: print($A)}}\nfix: say($A)\n");
    let text = "print(print(1))\nprint(2)\n";
    let rules = rules(&yaml, "python");
    let parsed = parse_at("a.py", "python", text);
    let key = |found: &RuleMatch| (found.range.start, found.range.end, found.rule.id.clone());
    let all = rules.matches(&parsed, &CancelToken::new());
    let keys: Vec<_> = all.iter().map(key).collect();
    let mut sorted = keys.clone();
    sorted.sort();
    assert_eq!((keys.len(), &keys), (6, &sorted));
    let inner: Vec<_> = rules.match_in(&parsed, ByteRange::new(6, 14)).iter().map(key).collect();
    assert_eq!(inner, [(6, 14, "user/a-print".to_owned()), (6, 14, "user/print".to_owned())]);
    assert!(rules.match_in(&parsed, ByteRange::new(7, 14)).is_empty());
}

#[test]
fn a_cancelled_scan_ends_early() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let text = "print(1)\n".repeat(5000);
    let found = rules(PRINT, "python").matches(&parse_at("a.py", "python", &text), &cancel);
    assert!(found.len() < 1000, "{}", found.len());
}

#[test]
fn an_edit_may_reach_beyond_its_node() {
    let yaml = "
id: no-comma
language: JavaScript
rule: {kind: pair, has: {field: key, regex: ^old$}}
fix: {template: '', expandEnd: {regex: ','}}
";
    let found = found(yaml, "javascript", "x = {old: 1, b: 2}");
    assert_eq!(found[0].range, ByteRange::new(5, 11));
    assert_eq!(found[0].edit.range, ByteRange::new(5, 12));
}

#[test]
fn a_users_rule_says_what_it_is() {
    let rules = rules(COLLAPSE, "javascript");
    let rule = rules.rules().next().unwrap();
    assert_eq!(
        (rule.id.as_str(), rule.kind, rule.preserves_behaviour),
        ("user/collapse", GoalKind::Modernize, false)
    );
    let found = found(GUARD, "python", "for x in y:\n    if x > 1:\n        a()\n");
    assert_eq!((found[0].rule.kind, found[0].message.as_str()), (GoalKind::Simplify, "Invert `x > 1`"));
}

#[test]
fn a_slip_costs_one_rule_and_is_told_with_its_place() {
    let yaml = format!(
        "{PRINT}---\nid: broken\nlanguage: Python\nrule: {{kind: no_such_kind}}\nfix: x\n---\nid: [\n---\n{GUARD}"
    );
    let (rules, problems) = user(&yaml, "python");
    assert_eq!(rules.rules().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["user/print", "user/guard"]);
    let lines: Vec<u32> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines.len(), 2, "{problems:?}");
    assert!(lines[0] >= 6 && lines[0] <= 10 && lines[1] >= 11 && lines[1] <= 13, "{problems:?}");
    assert!(problems[0].message.contains("no_such_kind"), "{}", problems[0]);
}

#[test]
fn what_concerns_others_is_passed_over_in_silence() {
    let yaml = "
id: lint-only
language: Python
rule: {pattern: eval($A)}
---
id: go
language: Go
rule: {pattern: a()}
fix: b()
---
id: off
language: Python
severity: 'off'
rule: {pattern: a()}
fix: b()
---
# nothing here
";
    assert_eq!(rules(yaml, "python").rules().count(), 0);
}

#[test]
fn a_users_rule_keeps_to_its_files() {
    let yaml = format!("{PRINT}files: ['src/**']\nignores: ['src/gen/**']\n");
    let rules = rules(&yaml, "python");
    let count = |at: &str| rules.matches(&parse_at(at, "python", "print(1)\n"), &CancelToken::new()).len();
    assert_eq!((count("src/a.py"), count("src/gen/a.py"), count("a.py")), (1, 0, 0));
}

#[test]
fn a_set_is_shared_between_threads_and_built_once() {
    fn shared<T: Send + Sync>(_: &T) {}
    let first = RuleSet::builtin(language("python")).unwrap();
    shared(&first);
    assert!(Arc::ptr_eq(&first, &RuleSet::builtin(language("python")).unwrap()));
}
