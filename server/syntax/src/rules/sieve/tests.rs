//! The sieve against the matcher: whatever one says yes to, the other must not have dropped.

use super::Page;
use crate::flat::FlatTree;
use crate::rules::dialect::Dialect;
use crate::rules::load::Compiled;
use crate::rules::scan::Doc;
use crate::rules::{RuleSet, sieve::Verdict};
use crate::{Language, Languages};
use ast_grep_core::AstGrep;
use ast_grep_core::matcher::MatcherExt;
use ast_grep_core::tree_sitter::StrDoc;
use hephaestus_core::{ByteRange, CancelToken, LanguageId, RelPath, SourceFile};
use serde_yaml::Value;
use std::sync::Arc;

use crate::Parsed;

fn language(name: &str) -> &'static Language {
    Languages::builtin().unwrap().get(&LanguageId::new(name)).unwrap()
}

/// What sieve and matcher say about every node that the rule can match: `(verdicts, disagreements)`.
fn compare<'r>(
    rules: impl Iterator<Item = &'r Compiled> + Clone,
    language: &Language,
    text: &str,
) -> (Vec<Verdict>, Vec<String>) {
    let doc: Doc = StrDoc::try_new(text, Dialect(language.clone())).unwrap();
    let grep = AstGrep::doc(doc);
    let root = grep.root().get_inner_node();
    let tree = FlatTree::of(root);
    let (mut cursor, mut verdicts, mut wrong) = (root.walk(), Vec::new(), Vec::new());
    for at in 0..tree.len() {
        cursor.goto_descendant(at as usize);
        let node = cursor.node();
        for rule in rules.clone().filter(|rule| rule.kinds().contains(&usize::from(node.kind_id()))) {
            let verdict = rule.judge(Page { tree: &tree, text }, at);
            let by_matcher = rule.config.matcher.match_node(grep.adopt(node)).is_some();
            if rule.ask(grep.adopt(node), verdict).is_some() != by_matcher {
                wrong.push(format!("{}: {verdict:?} in {text:?}", rule.rule.id));
            }
            verdicts.push(verdict);
        }
    }
    (verdicts, wrong)
}

fn user(rule: &str, name: &str, text: &str) -> (usize, Vec<String>) {
    let yaml = format!("id: x\nlanguage: {name}\nfix: ''\n{rule}");
    let path = RelPath::new("x.yml").unwrap();
    let (set, problems) = RuleSet::from_sgconfig(&[(path, yaml)], language(name));
    assert_eq!(problems, []);
    let (verdicts, wrong) = compare(set.rules.iter(), language(name), text);
    (verdicts.iter().filter(|verdict| **verdict != Verdict::Drop).count(), wrong)
}

#[test]
fn every_rule_of_every_pack_is_judged_like_the_matcher_does() {
    for language in Languages::builtin().unwrap().all() {
        let set = RuleSet::builtin(language).unwrap();
        let (mut verdicts, mut wrong) = (Vec::new(), Vec::new());
        for (id, yaml) in &language.pack().rules {
            let yaml: Value = serde_yaml::from_str(yaml).unwrap();
            let metadata = yaml.get("metadata").unwrap();
            let list =
                |key: &str| metadata.get(key).and_then(Value::as_sequence).cloned().unwrap_or_default();
            for test in list("tests") {
                let text = test.get("before").and_then(Value::as_str).unwrap();
                let found = compare(set.rules.iter(), language, text);
                verdicts.extend(found.0);
                wrong.extend(found.1);
            }
            // What is clean matters to the rule that says so.
            for text in list("clean") {
                let own = set.rules.iter().filter(|rule| rule.rule.id == *id);
                wrong.extend(compare(own, language, text.as_str().unwrap()).1);
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
        let dropped = verdicts.iter().filter(|verdict| **verdict == Verdict::Drop).count();
        assert!(
            dropped * 10 > verdicts.len() * 8,
            "it is good for something: {dropped} of {}",
            verdicts.len()
        );
    }
}

#[test]
fn a_constraint_is_about_what_a_variable_stands_for_last() {
    let rule = "rule: {pattern: 'lambda $A: $F($A)'}\nconstraints: {A: {kind: identifier}}\n";
    assert_eq!(user(rule, "python", "x = lambda a: f(a)\n"), (1, vec![]));
    assert_eq!(user(rule, "python", "x = lambda a: f(1)\n").0, 0);
}

#[test]
fn variables_that_are_set_are_compared() {
    let rule = "rule: {pattern: '$A = $B', precedes: {pattern: 'return $A'}, inside: {kind: block}, kind: assignment}\n";
    assert_eq!(user(rule, "python", "def f():\n    a = 1\n    return a\n").1, Vec::<String>::new());
    let rule = "rule: {kind: expression_statement, all: [{has: {pattern: $A = $B}}, {precedes: {pattern: return $A}}]}\n";
    let text = |name: &str| format!("def f():\n    a = 1\n    return {name}\n");
    assert_eq!(user(rule, "python", &text("a")), (1, vec![]));
    assert_eq!(user(rule, "python", &text("b")), (0, vec![]));
}

#[test]
fn a_not_that_comes_before_its_variable_is_set_is_left_to_the_matcher() {
    let rule = "rule: {kind: block, all: [{not: {has: {pattern: f($A)}}}, {has: {pattern: g($A)}}]}\n";
    let call = "rule: {kind: block, all: [{not: {has: {kind: expression_statement, has: {pattern: f($A)}}}}, {has: {kind: expression_statement, has: {pattern: g($A)}}}]}\n";
    let text = "if x:\n    f(b)\n    g(a)\n";
    for rule in [rule, call] {
        assert_eq!(user(rule, "python", text).1, Vec::<String>::new());
    }
}

#[test]
fn ellipses_stop_bys_and_fields_are_no_reason_to_drop() {
    let text = "def f(a, *b, c=1):\n    # first\n    if a:\n        return 1\n    else:\n        x = [1, 2, 3]\n    return x\n";
    for rule in [
        "rule: {pattern: 'def f($$$A, c=1): $$$B'}",
        "rule: {kind: integer, inside: {kind: function_definition, stopBy: {kind: block}}}",
        "rule: {kind: integer, inside: {kind: list, stopBy: {kind: list}}}",
        "rule: {kind: if_statement, has: {field: condition, regex: '^a$'}}",
        "rule: {kind: identifier, inside: {kind: if_statement, field: condition}}",
        "rule: {kind: return_statement, follows: {kind: if_statement}}",
        "rule: {kind: return_statement, not: {precedes: {kind: comment, stopBy: end}}}",
        "rule: {kind: integer, nthChild: {position: 1, reverse: true}}",
        "rule: {kind: integer, nthChild: 2n+1}",
        "rule: {kind: block, has: {stopBy: end, any: [{kind: list}, {pattern: nothing}]}}",
        "rule: {kind: 'list > integer'}",
        "rule: {pattern: {context: 'x = [1, 2, 3]', selector: list}}",
        "rule: {pattern: {context: 'f(x)', strictness: relaxed}}",
        "rule: {matches: u}\nutils: {u: {any: [{kind: list}, {kind: integer, inside: {matches: u}}]}}",
    ] {
        let (asked, wrong) = user(rule, "python", text);
        assert_eq!(wrong, Vec::<String>::new(), "{rule}");
        assert!(asked > 0 || rule.contains("relaxed"), "{rule}");
    }
}

#[test]
fn a_text_without_a_rules_words_is_not_searched_and_others_are() {
    let rule =
        "id: x\nlanguage: Python\nrule: {any: [{pattern: first($A)}, {pattern: second($A)}]}\nfix: ''\n";
    let path = RelPath::new("x.yml").unwrap();
    let (set, _) = RuleSet::from_sgconfig(&[(path, rule.to_owned())], language("python"));
    let found = |text: &str| {
        let python = language("python");
        let path = RelPath::new("a.py").unwrap();
        let file = SourceFile::new(path, python.id().clone(), text, false);
        let parsed = Parsed::new(python, Arc::new(file)).unwrap();
        set.matches(&parsed, &CancelToken::new()).iter().map(|found| found.range).collect::<Vec<_>>()
    };
    assert_eq!(found("x = second(1)\n"), [ByteRange::new(4, 13)]);
    assert_eq!(found("x = third(1)\n"), []);
}
