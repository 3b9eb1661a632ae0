//! What stands between a change that passes the tests and an offer: tests that notice faults here, the same results on
//! inputs the tests do not use, and, for what is to be faster, the clock.

use crate::project::{Project, improvements};
use crate::tools;
use serde_json::Value;

/// Only the rules of the project itself; whatever the tests notice is enough.
const ANY_STRENGTH: &str = "\
[goals]
ignore = ['python/*', 'javascript/*', 'cognitive']

[mutants]
offer_strength = 0.0
weak_strength = 0.0
";

/// Only the rules of the project itself.
const USUAL: &str = "[goals]\nignore = ['python/*', 'javascript/*', 'cognitive']\n";

/// One rule of the project.
fn rule(id: &str, language: &str, pattern: &str, fix: &str, metadata: &str) -> String {
    format!(
        "id: {id}\nlanguage: {language}\nmessage: {id}\nrule:\n  pattern: '{pattern}'\nfix: '{fix}'\nmetadata: {{{metadata}}}\n"
    )
}

const KEEPS: &str = "preserves: behaviour";
const FASTER: &str = "kind: speed, preserves: behaviour, targets: [run-time]";

/// A Python project with one module, a test case with these lines, and these rules.
fn python(settings: &str, code: &str, tests: &str, rules: &[String]) -> Project {
    let head = "import unittest\n\nimport shop\n\n\nclass ShopTest(unittest.TestCase):\n";
    let tests = format!("{head}{tests}");
    Project::with(&[
        ("shop.py", code),
        ("test_shop.py", &tests),
        ("hephaestus.toml", settings),
        ("sgconfig.yml", "ruleDirs: [rules]\n"),
        ("rules/all.yml", &rules.join("---\n")),
    ])
}

/// The same for JavaScript and node's own test runner; `None` where there is no node.
fn javascript(settings: &str, code: &str, tests: &str, rules: &[String]) -> Option<Project> {
    let head = "\"use strict\";\nconst test = require(\"node:test\");\nconst assert = require(\"node:assert\");\nconst shop = require(\"../shop.js\");\n\n";
    let tests = format!("{head}{tests}");
    let package = "{\"name\": \"shop\", \"version\": \"1.0.0\", \"private\": true, \"scripts\": {\"test\": \"node --test\"}}\n";
    tools::has("node", "--version").then(|| {
        Project::with(&[
            ("package.json", package),
            ("shop.js", code),
            ("test/shop.test.js", &tests),
            ("hephaestus.toml", settings),
            ("sgconfig.yml", "ruleDirs: [rules]\n"),
            ("rules/all.yml", &rules.join("---\n")),
        ])
    })
}

/// What is offered by this rule.
fn offered<'a>(report: &'a Value, rule: &str) -> &'a Value {
    let mut own = improvements(report).iter().filter(|improvement| improvement["rule"] == rule);
    own.next().unwrap_or_else(|| panic!("nothing is offered by {rule}: {report:#}"))
}

/// Why what this rule proposes is not offered.
fn refused<'a>(report: &'a Value, rule: &str) -> &'a str {
    assert!(improvements(report).iter().all(|improvement| improvement["rule"] != rule), "{rule} is offered");
    let mut own = report["rejected"].as_array().unwrap().iter().filter(|rejected| rejected["rule"] == rule);
    own.next().unwrap_or_else(|| panic!("{rule} was not tried: {report:#}"))["reason"].as_str().unwrap()
}

/// Whether a gate is open, and why.
fn gate<'a>(improvement: &'a Value, name: &str) -> (bool, &'a str) {
    let gates = improvement["gates"].as_array().unwrap();
    let gate = gates.iter().find(|gate| gate["gate"] == name).unwrap_or_else(|| panic!("no gate {name}"));
    (gate["open"] == true, gate["reason"].as_str().unwrap())
}

/// What nobody looked at, in one text.
fn not_checked(improvement: &Value) -> String {
    improvement["evidence"]["not_checked"].to_string()
}

fn strengthen_goals(report: &Value) -> Vec<&Value> {
    report["goals"].as_array().unwrap().iter().filter(|goal| goal["kind"] == "strengthen").collect()
}

const PRICE: &str = "\
def price(count, member):
    total = count * 3
    if member:
        total = total - 2
    return (total)
";

const STRONG: &str = "    def test_price(self):
        self.assertEqual(shop.price(0, False), 0)
        self.assertEqual(shop.price(5, False), 15)
        self.assertEqual(shop.price(5, True), 13)
";

/// Runs everything and looks at hardly anything.
const WEAK: &str = "    def test_price(self):
        self.assertIsNotNone(shop.price(5, True))
        shop.price(5, False)
";

/// Looks at one of two ways through.
const HALF: &str = "    def test_price(self):
        self.assertEqual(shop.price(5, False), 15)
        shop.price(5, True)
";

fn parentheses(language: &str) -> Vec<String> {
    vec![rule("bare-return", language, "return ($A)", "return $A", KEEPS)]
}

#[test]
fn strong_tests_let_a_change_be_offered_as_it_is() {
    let project = python(USUAL, PRICE, STRONG, &parentheses("Python"));
    let report = project.forge(&[]);
    let offer = offered(&report, "user/bare-return");
    assert_eq!(offer["weakly_tested"], false);
    let strength = &offer["evidence"]["strength"];
    for side in ["before", "after"] {
        assert!(strength[side]["killed"].as_u64().unwrap() >= 3, "{strength}");
        assert!(strength[side]["share"].as_f64().unwrap() >= 0.8, "{strength}");
        assert!(strength[side]["interval"][0].as_f64() < strength[side]["share"].as_f64());
    }
    let (open, reason) = gate(offer, "strength");
    assert!(open && reason.starts_with("the tests notice "), "{reason}");
    assert!(!not_checked(offer).contains("strong"), "it was measured: {}", not_checked(offer));
    let stages: Vec<&str> = offer["evidence"]["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["parse", "reach", "impacted", "inputs", "full", "again", "strength"]);
}

#[test]
fn weak_tests_keep_a_change_back_and_what_is_missing_becomes_goals() {
    let project = python(USUAL, PRICE, WEAK, &parentheses("Python"));
    let report = project.forge(&[]);
    let reason = refused(&report, "user/bare-return");
    assert!(
        reason.starts_with("strength: the tests notice ") && reason.contains("strengthen the tests first"),
        "{reason}"
    );
    let goals = strengthen_goals(&report);
    let product = goals.iter().find(|goal| goal["rule"] == "mutants/arithmetic/times-to-divide");
    let product = product.unwrap_or_else(|| panic!("{goals:#?}"));
    assert_eq!((&product["file"], &product["range"]["start"]["line"]), (&"shop.py".into(), &2.into()));
    assert_eq!(product["symbol"], "price");
    let message = product["message"].as_str().unwrap();
    assert!(message.starts_with("No test would notice: ") && message.contains("count * 3"), "{message}");
    let text = project.run(&["forge"]).expect(0).out;
    assert!(text.contains("0 improvements proved") && !text.contains("bare-return"), "{text}");

    // Whoever does not want such goals gets none, whether by kind, by name or by a pattern of names.
    project.write("hephaestus.toml", USUAL.replace("'cognitive'", "'mutants/*'"));
    assert_eq!(strengthen_goals(&project.forge(&[])), Vec::<&Value>::new());
}

#[test]
fn what_is_missing_elsewhere_does_not_change_a_goals_id() {
    let code = format!("{PRICE}\n\n{}", PRICE.replace("def price", "def cost"));
    let both = format!("{WEAK}\n{}", WEAK.replace("price", "cost"));
    let project = python(USUAL, &code, &both, &parentheses("Python"));
    let of_cost = |report: &Value| -> Vec<Value> {
        let own = strengthen_goals(report).into_iter().filter(|goal| goal["symbol"] == "cost");
        own.map(|goal| goal["id"].clone()).collect()
    };
    let before = of_cost(&project.forge(&[]));
    assert!(before.len() > 2, "{before:?}");
    project.write("test_shop.py", project.read("test_shop.py").replace(WEAK, STRONG));
    assert_eq!(of_cost(&project.forge(&[])), before);
}

#[test]
fn between_the_limits_a_change_is_offered_as_weakly_tested() {
    let settings = format!("{USUAL}\n[mutants]\noffer_strength = 1.0\nweak_strength = 0.01\n");
    let project = python(&settings, PRICE, HALF, &parentheses("Python"));
    let report = project.forge(&[]);
    let offer = offered(&report, "user/bare-return");
    assert_eq!(offer["weakly_tested"], true);
    let (open, reason) = gate(offer, "strength");
    assert!(open && reason.starts_with("weakly tested: the tests notice "), "{reason}");
    assert!(!strengthen_goals(&report).is_empty(), "what is missing is told here too");
    let text = project.run(&["forge"]).expect(0).out;
    assert!(text.contains("proved, weakly tested: shop.py:5"), "{text}");
    // The limits are the user's.
    project.write("hephaestus.toml", settings.replace("0.01", "0.99"));
    let reason = refused(&project.forge(&["--fresh"]), "user/bare-return").to_owned();
    assert!(reason.starts_with("strength: "), "{reason}");
}

/// The same, and a test that has nothing to do with it and takes its time.
const SLOW: &str = "    def test_price(self):
        self.assertEqual(shop.price(0, False), 0)
        self.assertEqual(shop.price(5, False), 15)
        self.assertEqual(shop.price(5, True), 13)

    def test_something_else(self):
        end = time.process_time() + 0.6
        while time.process_time() < end:
            pass
";

#[test]
fn a_second_run_does_not_look_at_the_tests_again() {
    let mut rules = parentheses("Python");
    rules.push(rule("turned", "Python", "$A * 3", "3 * $A", "kind: modernize"));
    let project = python(USUAL, PRICE, SLOW, &rules);
    project.write("test_shop.py", format!("import time\n{}", project.read("test_shop.py")));
    let cost = |report: &Value| report["stats"]["trial_cpu_s"].as_f64().unwrap();
    let first = project.forge(&["--kind", "simplify"]);
    offered(&first, "user/bare-return");
    let second = project.forge(&["--kind", "modernize"]);
    assert!(!offered(&second, "user/turned")["evidence"]["strength"].is_null());
    // To look at the tests is to run all of them twice.
    assert!(cost(&first) > cost(&second) + 0.8, "{} and {} CPU seconds", cost(&first), cost(&second));
    let fresh = project.forge(&["--kind", "modernize", "--fresh"]);
    assert!(cost(&fresh) > cost(&second) + 0.8, "{} and {} CPU seconds", cost(&fresh), cost(&second));
}

const HALVES: &str = "\
def half(number):
    return number // 2


def quarter(number):
    return number // 4


def noted(number):
    with open('notes', 'a') as notes:
        notes.write('x')
    return number // 8
";

const HALVES_TESTS: &str = "    def test_halves(self):
        for number in (0, 1, 5, 8, 64):
            self.assertEqual(shop.half(number), [0, 0, 2, 4, 32][(0, 1, 5, 8, 64).index(number)])
            self.assertEqual(shop.quarter(number), [0, 0, 1, 2, 16][(0, 1, 5, 8, 64).index(number)])
            self.assertEqual(shop.noted(number), [0, 0, 0, 1, 8][(0, 1, 5, 8, 64).index(number)])
";

#[test]
fn inputs_the_tests_do_not_use_show_what_a_rule_changes() {
    let rules = [
        rule("truncate", "Python", "$A // 2", "int($A / 2)", KEEPS),
        rule("shift", "Python", "$A // 4", "$A >> 2", KEEPS),
        rule("shift-more", "Python", "$A // 8", "$A >> 3", KEEPS),
    ];
    let project = python(ANY_STRENGTH, HALVES, HALVES_TESTS, &rules);
    let report = project.forge(&[]);
    let reason = refused(&report, "user/truncate");
    assert!(reason.starts_with("differential inputs: half(") && reason.contains(" became "), "{reason}");

    let same = offered(&report, "user/shift");
    let (open, reason) = gate(same, "same-on-inputs");
    assert!(open && reason.starts_with("the same on "), "{reason}");
    let compared = &same["evidence"]["compared"][0];
    assert_eq!((&compared["function"], &compared["differences"]), (&"quarter".into(), &Value::Array(vec![])));
    assert_eq!(compared["captured"], 5, "one for each number the tests use");
    assert!(compared["mutated"].as_u64().unwrap() > 5, "{compared}");

    // What touches the world outside cannot be run on made-up inputs, and that is said.
    let outside = offered(&report, "user/shift-more");
    let (open, reason) = gate(outside, "same-on-inputs");
    assert!(open && reason.starts_with("not compared"), "{reason}");
    assert!(
        not_checked(outside).contains("inputs the tests do not use for noted ("),
        "{}",
        not_checked(outside)
    );
}

#[test]
fn a_rule_that_changes_behaviour_on_purpose_is_not_compared() {
    let rules = [rule("truncate", "Python", "$A // 2", "int($A / 2)", "preserves: intent")];
    let project = python(ANY_STRENGTH, HALVES, HALVES_TESTS, &rules);
    let report = project.forge(&[]);
    let offer = offered(&report, "user/truncate");
    assert_eq!(offer["evidence"]["compared"], Value::Array(vec![]));
    assert!(not_checked(offer).contains("inputs the tests do not use"));
}

const SEARCH: &str = "\
def has(items, wanted):
    return any([item == wanted for item in items])


def total(items):
    found = 0
    for item in items:
        found += item
    return found
";

const SEARCH_TESTS: &str = "    def test_has(self):
        self.assertTrue(shop.has(list(range(3000)), 2))
        self.assertFalse(shop.has([1, 3], 2))
        self.assertFalse(shop.has([], 2))

    def test_total(self):
        self.assertEqual(shop.total(list(range(2000))), 1999000)
        self.assertEqual(shop.total([]), 0)
";

#[test]
fn what_is_to_be_faster_has_to_be() {
    let rules = [
        rule("lazy-any", "Python", "any([$A for $X in $B])", "any($A for $X in $B)", FASTER),
        rule("no-op", "Python", "return found", "return (found)", FASTER),
    ];
    let project = python(ANY_STRENGTH, SEARCH, SEARCH_TESTS, &rules);
    let report = project.forge(&[]);
    let offer = offered(&report, "user/lazy-any");
    let speed = &offer["evidence"]["speed"];
    assert_eq!((&speed["function"], &speed["tried"]), (&"has".into(), &1.into()));
    assert!(speed["ratio"].as_f64().unwrap() < 0.5, "{speed}");
    assert!(speed["interval"][1].as_f64().unwrap() < 0.95, "{speed}");
    assert_eq!(speed["pairs"], 41, "the numbers are those of the fresh samples");
    let (open, reason) = gate(offer, "faster");
    assert!(open && reason.contains("times the time (interval "), "{reason}");
    assert!(!not_checked(offer).contains("speed"), "{}", not_checked(offer));
    let score = offer["scores"].as_array().unwrap().iter().find(|score| score["dimension"] == "run-time");
    assert!(score.unwrap()["gain"].as_f64().unwrap() > 0.5, "{score:?}");

    let reason = refused(&report, "user/no-op");
    assert!(reason.starts_with("benchmark: ") && reason.contains("times the time"), "{reason}");
}

const JS_PRICE: &str = "\
\"use strict\";

function price(count, member) {
  let total = count * 3;
  if (member) {
    total = total - 2;
  }
  return (total);
}

module.exports = { price };
";

const JS_STRONG: &str = "\
test(\"price\", () => {
  assert.strictEqual(shop.price(0, false), 0);
  assert.strictEqual(shop.price(5, false), 15);
  assert.strictEqual(shop.price(5, true), 13);
});
";

const JS_WEAK: &str = "\
test(\"price\", () => {
  shop.price(5, true);
  shop.price(5, false);
});
";

#[test]
fn javascript_tests_are_measured_too() {
    let rules = vec![rule("bare-return", "JavaScript", "return ($A)", "return $A", KEEPS)];
    let Some(project) = javascript(USUAL, JS_PRICE, JS_STRONG, &rules) else { return };
    let report = project.forge(&[]);
    let offer = offered(&report, "user/bare-return");
    assert_eq!(offer["weakly_tested"], false);
    let strength = &offer["evidence"]["strength"];
    assert!(strength["before"]["killed"].as_u64().unwrap() >= 3, "{strength}");

    project.write("test/shop.test.js", project.read("test/shop.test.js").replace(JS_STRONG, JS_WEAK));
    let report = project.forge(&[]);
    let reason = refused(&report, "user/bare-return");
    assert!(reason.starts_with("strength: "), "{reason}");
    let lines: Vec<&Value> =
        strengthen_goals(&report).iter().map(|goal| &goal["range"]["start"]["line"]).collect();
    assert!(lines.contains(&&4.into()) && lines.contains(&&6.into()), "{lines:?}");
}

const JS_SHOP: &str = "\
\"use strict\";

function half(number) {
  return Math.floor(number / 2);
}

function twice(number) {
  return number * 2;
}

function has(items, wanted) {
  return items.filter((item) => item === wanted).length > 0;
}

function total(items) {
  let found = 0;
  for (const item of items) {
    found += item;
  }
  return found;
}

module.exports = { half, twice, has, total };
";

const JS_SHOP_TESTS: &str = "\
test(\"half and twice\", () => {
  for (const number of [0, 1, 5, 8, 64]) {
    assert.strictEqual(shop.half(number), { 0: 0, 1: 0, 5: 2, 8: 4, 64: 32 }[number]);
    assert.strictEqual(shop.twice(number), { 0: 0, 1: 2, 5: 10, 8: 16, 64: 128 }[number]);
  }
});

test(\"has\", () => {
  assert.strictEqual(shop.has([...Array(5000).keys()], 2), true);
  assert.strictEqual(shop.has([1, 3], 2), false);
  assert.strictEqual(shop.has([], 2), false);
});

test(\"total\", () => {
  assert.strictEqual(shop.total([...Array(5000).keys()]), 12497500);
  assert.strictEqual(shop.total([]), 0);
});
";

#[test]
fn javascript_is_compared_and_timed_too() {
    let rules = [
        rule("truncate", "JavaScript", "Math.floor($A / 2)", "Math.trunc($A / 2)", KEEPS),
        rule("turned", "JavaScript", "$A * 2", "2 * $A", KEEPS),
        rule("lazy-some", "JavaScript", "$A.filter($F).length > 0", "$A.some($F)", FASTER),
        rule("no-op", "JavaScript", "return found", "return (found)", FASTER),
    ];
    let Some(project) = javascript(ANY_STRENGTH, JS_SHOP, JS_SHOP_TESTS, &rules) else { return };
    let report = project.forge(&[]);
    let reason = refused(&report, "user/truncate");
    assert!(reason.starts_with("differential inputs: half(") && reason.contains(" became "), "{reason}");
    let same = offered(&report, "user/turned");
    let compared = &same["evidence"]["compared"][0];
    assert!(compared["mutated"].as_u64().unwrap() > 0 && compared["left_out"].is_null(), "{compared}");
    let speed = &offered(&report, "user/lazy-some")["evidence"]["speed"];
    assert!(speed["interval"][1].as_f64().unwrap() < 0.95, "{speed}");
    let reason = refused(&report, "user/no-op");
    assert!(reason.starts_with("benchmark: ") && reason.contains("times the time"), "{reason}");
}

const SUMS: &str = "\
//! Sums.

/// Whether any number is negative.
pub fn has_negative(numbers: &[i64]) -> bool {
    for number in numbers {
        if *number < 0 {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative() {
        assert!(has_negative(&[1, -1]));
        assert!(!has_negative(&[1, 0]));
        assert!(!has_negative(&[]));
    }
}
";

#[test]
fn rust_tests_are_measured_through_switches() {
    let project = Project::of("rust-cargo");
    project.write("hephaestus.toml", "[fixers.clippy]\nenabled = false\n");
    project.write("src/lib.rs", SUMS);
    let report = project.forge(&[]);
    let [offer] = improvements(&report).as_slice() else { panic!("{report:#}") };
    let strength = &offer["evidence"]["strength"];
    for side in ["before", "after"] {
        assert!(strength[side]["killed"].as_u64().unwrap() >= 2, "{strength}");
    }
    assert!(gate(offer, "strength").0);
    assert!(not_checked(offer).contains("inputs the tests do not use"), "there is no driver that could");
}

#[test]
fn a_command_of_ones_own_judges_the_plain_way() {
    let settings = format!("{USUAL}\n[testing]\ncommand = 'python3 -m unittest -q'\n");
    let project = python(&settings, PRICE, STRONG, &parentheses("Python"));
    let report = project.forge(&[]);
    assert_plain(offered(&report, "user/bare-return"));
}

#[test]
fn tests_that_only_load_in_their_own_runner_judge_the_plain_way() {
    let Some(tools) = tools::folder("python") else { return };
    let project =
        python(USUAL, PRICE, STRONG, &parentheses("Python")).env("VIRTUAL_ENV", tools.join("python"));
    project.write("pytest.ini", "[pytest]\n");
    project.write("conftest.py", "with open('/proc/self/cmdline', 'rb') as line:\n    started = line.read()\nif b'-m\\0pytest' not in started:\n    raise RuntimeError('only pytest itself may load this')\n");
    let report = project.forge(&[]);
    assert_eq!(report["runner"]["name"], "pytest");
    assert_plain(offered(&report, "user/bare-return"));
}

/// Proved by the full suite, twice; whatever needs a warm lab was not measured, and that is said.
fn assert_plain(offer: &Value) {
    let evidence = &offer["evidence"];
    assert_eq!((&evidence["strength"], &evidence["full_runs"]), (&Value::Null, &2.into()));
    assert_eq!(offer["weakly_tested"], false, "what is not known is not said");
    assert!(not_checked(offer).contains("how strong the tests are"), "{}", not_checked(offer));
    assert!(not_checked(offer).contains("inputs the tests do not use"), "{}", not_checked(offer));
    assert!(gate(offer, "strength").1.starts_with("not measured"));
    let stages = evidence["stages"].as_array().unwrap();
    assert!(stages.iter().any(|run| run["stage"] == "reach" && run["held"] == true), "{evidence}");
}
