//! The contract every rule file of every pack has to keep. A new rule is under test as soon as its file is there; all
//! failures are listed together.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use hephaestus_core::{ByteRange, CancelToken, RelPath, SourceFile};
use hephaestus_syntax::{Language, Languages, Parsed, RuleMatch, RuleSet};
use serde_yaml::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

const MESSAGE_WIDTH: usize = 80;
const ROUNDS: usize = 20;

/// Everything the tests need to know of one rule file.
struct RuleFile<'l> {
    /// E.g. `python/collapse-nested-if`.
    id: &'l str,
    source: &'l str,
    yaml: Value,
    language: &'l Language,
}

impl RuleFile<'_> {
    fn text(&self, key: &str) -> &str {
        self.yaml.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn metadata(&self, key: &str) -> Option<&Value> {
        self.yaml.get("metadata")?.get(key)
    }

    fn list(&self, key: &str) -> &[Value] {
        self.metadata(key).and_then(Value::as_sequence).map_or(&[], Vec::as_slice)
    }

    /// The `before` and `after` snippets of the rule's tests.
    fn tests(&self) -> Vec<(&str, &str)> {
        fn pair(test: &Value) -> Option<(&str, &str)> {
            Some((test.get("before")?.as_str()?, test.get("after")?.as_str()?))
        }
        self.list("tests").iter().filter_map(pair).collect()
    }
}

/// The rule files a pack has itself, and what cannot even be read of them.
fn own_rules(failures: &mut Failures) -> Vec<RuleFile<'static>> {
    let mut found = Vec::new();
    for language in Languages::builtin().unwrap().all() {
        let own = format!("{}/", language.id());
        for (id, text) in language.pack().rules.iter().filter(|(id, _)| id.starts_with(&own)) {
            match serde_yaml::from_str(text) {
                Ok(yaml) => found.push(RuleFile { id, source: text, yaml, language }),
                Err(error) => failures.add(id, format!("is no YAML: {error}")),
            }
        }
    }
    found
}

#[derive(Default)]
struct Failures(BTreeMap<String, Vec<String>>);

impl Failures {
    fn add(&mut self, rule: &str, what: impl Into<String>) {
        self.0.entry(rule.to_owned()).or_default().push(what.into());
    }

    fn check(self) {
        let mut list = String::new();
        for (rule, failures) in &self.0 {
            for failure in failures {
                let _ = writeln!(list, "{rule}: {}", failure.trim_end().replace('\n', "\n    "));
            }
        }
        assert!(list.is_empty(), "{} rules fail:\n{list}", self.0.len());
    }
}

fn rules_of(language: &Language) -> Option<Arc<RuleSet>> {
    RuleSet::builtin(language).ok()
}

fn parse(language: &Language, text: &str) -> Parsed {
    let extension = language.pack().manifest.extensions.first().unwrap();
    let path = RelPath::new(format!("snippet.{extension}")).unwrap();
    Parsed::new(language, Arc::new(SourceFile::new(path, language.id().clone(), text, false))).unwrap()
}

fn matches(rules: &RuleSet, text: &str, only: Option<&str>) -> Vec<RuleMatch> {
    let parsed = parse(rules.language(), text);
    let mut found = rules.matches(&parsed, &CancelToken::new());
    found.retain(|found| only.is_none_or(|id| found.rule.id == id));
    found
}

/// Applies what does not overlap, outermost first.
fn apply(text: &str, mut found: Vec<RuleMatch>) -> String {
    found.sort_by_key(|found| (found.edit.range.start, usize::MAX - found.edit.range.end));
    let (mut out, mut at) = (String::new(), 0);
    for found in found {
        let ByteRange { start, end } = found.edit.range;
        if start >= at {
            out.push_str(&text[at..start]);
            out.push_str(&found.edit.text);
            at = end;
        }
    }
    out + &text[at..]
}

#[test]
fn every_rule_says_what_it_must_say() {
    let mut failures = Failures::default();
    for rule in own_rules(&mut failures) {
        let stem = rule.id.rsplit('/').next().unwrap();
        if rule.text("id") != stem {
            failures.add(rule.id, format!("its `id` is `{}`, its file `{stem}.yml`", rule.text("id")));
        }
        let message = rule.text("message").trim();
        if message.is_empty() || message.chars().count() > MESSAGE_WIDTH || message.ends_with('.') {
            failures.add(
                rule.id,
                format!("`message` must have 1 to {MESSAGE_WIDTH} characters and no final stop: `{message}`"),
            );
        }
        if rule.text("note").trim().is_empty() {
            failures.add(rule.id, "`note` is missing");
        }
        if rule.list("targets").is_empty() {
            failures.add(rule.id, "`metadata.targets` is missing");
        }
        if rule.tests().len() < 2 || rule.tests().len() != rule.list("tests").len() {
            failures.add(rule.id, "`metadata.tests` needs two tests or more, each with `before` and `after`");
        }
        if rule.list("clean").len() < 2 {
            failures.add(rule.id, "`metadata.clean` needs two snippets or more");
        }
    }
    for language in Languages::builtin().unwrap().all() {
        match RuleSet::builtin(language) {
            Err(error) => failures.add(language.id().as_str(), error.to_string()),
            Ok(rules) => {
                let own = format!("{}/", language.id());
                for skipped in rules.skipped().iter().filter(|skipped| skipped.id.starts_with(&own)) {
                    failures.add(&skipped.id, format!("cannot be used: {skipped}"));
                }
            }
        }
    }
    failures.check();
}

#[test]
fn every_rule_does_what_its_file_says_and_leaves_its_result_alone() {
    let mut failures = Failures::default();
    for rule in own_rules(&mut failures) {
        let Some(rules) = rules_of(rule.language) else { continue };
        let trial = rules.examples(rule.id, rule.source);
        assert_eq!((trial.tests, trial.clean), (rule.tests().len(), rule.list("clean").len()), "{}", rule.id);
        for slip in trial.slips {
            failures.add(rule.id, format!("line {}: {}", slip.line, slip.message));
        }
    }
    failures.check();
}

#[test]
fn all_rules_together_come_to_an_end() {
    let mut failures = Failures::default();
    for rule in own_rules(&mut failures) {
        let Some(rules) = rules_of(rule.language) else { continue };
        for (before, after) in rule.tests() {
            for text in [before, after] {
                if let Err(message) = settle(&rules, text) {
                    failures.add(rule.id, message);
                }
            }
        }
    }
    failures.check();
}

/// Applies all rules until none matches.
fn settle(rules: &RuleSet, text: &str) -> Result<String, String> {
    let mut text = text.to_owned();
    let mut used = Vec::new();
    for _ in 0..ROUNDS {
        let found = matches(rules, &text, None);
        if found.is_empty() {
            return Ok(text);
        }
        used = found.iter().map(|found| found.rule.id.clone()).collect();
        let next = apply(&text, found);
        if !parse(rules.language(), &next).error_ranges().is_empty() {
            return Err(format!("{used:?} turn\n{text}into what does not parse:\n{next}"));
        }
        text = next;
    }
    Err(format!("{used:?} still match after {ROUNDS} rounds:\n{text}"))
}

#[test]
fn inherited_rules_compile_or_are_listed() {
    let expected: BTreeMap<&str, Vec<&str>> =
        BTreeMap::from([("cpp", vec![]), ("tsx", vec![]), ("typescript", vec![])]);
    for (id, skipped) in expected {
        let language = Languages::builtin()
            .unwrap()
            .all()
            .into_iter()
            .find(|language| language.id().as_str() == id)
            .unwrap();
        let rules = RuleSet::builtin(language).unwrap();
        let found: Vec<&str> = rules.skipped().iter().map(|rule| rule.id.as_str()).collect();
        assert_eq!(found, skipped, "{:#?}", rules.skipped());
    }
}

#[test]
fn inherited_rules_do_the_same_as_where_they_come_from() {
    let mut failures = Failures::default();
    let languages = Languages::builtin().unwrap().all();
    for rule in own_rules(&mut failures) {
        let parent = rule.language.id().as_str();
        let inherits =
            |language: &&&Language| language.pack().manifest.inherits.iter().any(|id| id == parent);
        for rules in languages.iter().filter(inherits).filter_map(|language| rules_of(language)) {
            if rules.skipped().iter().any(|skipped| skipped.id == rule.id) {
                continue;
            }
            for (nth, (before, after)) in rule.tests().into_iter().enumerate() {
                let result = apply(before, matches(&rules, before, Some(rule.id)));
                if result != after {
                    failures.add(
                        rule.id,
                        format!("in {:?}, test {nth} gives\n{result}instead of\n{after}", rules.language()),
                    );
                }
            }
        }
    }
    failures.check();
}
