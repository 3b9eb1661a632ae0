//! Directives: from the lines of a short file to code and tests that are proved together, what each line comes to, and
//! what is said where nobody can help.

use crate::project::{Project, Run};
use crate::tools;
use hephaestus_core::{ContentHash, RelPath};
use hephaestus_workspace::directive::{LineState, Record, parse};
use serde_json::Value;

/// The first function is wrong; the last one is right but could be simpler.
const SHOP: &str = "\
def total(prices):
    result = 0
    for price in prices:
        result -= price
    return result


def cheapest(prices):
    return min(prices)


def is_empty(prices):
    if len(prices) == 0:
        return True
    else:
        return False
";

const TESTS: &str = "\
import unittest

import shop


class ShopTest(unittest.TestCase):
    def test_cheapest(self):
        self.assertEqual(shop.cheapest([3, 1, 2]), 1)

    def test_is_empty(self):
        self.assertIs(shop.is_empty([]), True)
        self.assertIs(shop.is_empty([1]), False)
";

const SETTINGS: &str = "[testing]\nrunner = 'unittest'\n";

/// What is wrong with `total`, by example.
const TOTAL: &str = "\
+++
kind = \"fix\"
target.symbols = [\"total\"]

[[example]]
call = \"total([1, 2])\"
value = \"3\"

[[example]]
call = \"total([])\"
value = \"0\"

[[property]]
forall = { prices = \"list of int 0..99\" }
holds = \"total(prices) == sum(prices)\"
+++

# The total is the sum of the prices
";

fn place(name: &str) -> String {
    format!(".hephaestus/directives/{name}.forge.md")
}

/// The shop with these directives.
fn shop(directives: &[(&str, &str)]) -> Project {
    let project = Project::with(&[("shop.py", SHOP), ("test_shop.py", TESTS), ("hephaestus.toml", SETTINGS)]);
    for (name, text) in directives {
        project.write(&place(name), text);
    }
    project
}

/// A directive of these keys.
fn directive(keys: &str) -> String {
    format!("+++\n{keys}\n+++\n\n# What is wanted\n")
}

/// The one directive of a report.
fn only(run: &Run) -> Value {
    let report = run.json();
    assert_eq!(report["directives"].as_array().unwrap().len(), 1, "{report:#}");
    report["directives"][0].clone()
}

/// What came of each line: its state, and why.
fn states(directive: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let lines = directive["lines"].as_array().unwrap();
    lines.iter().map(|line| (text(&line["state"]), text(&line["why"]))).collect()
}

fn run_json(project: &Project, arguments: &[&str]) -> Run {
    project.run(&[&["directive", "run", "--format", "json"], arguments].concat())
}

/// What the record says of each line of a directive, given the files as they are now.
fn recorded(project: &Project, name: &str) -> Vec<LineState> {
    let record = Record::from_text(&project.read(&Record::path_for(name))).unwrap();
    let path = RelPath::new(place(name)).unwrap();
    let directive = parse(&project.read(path.as_str()), &path).directive.unwrap();
    let hash_of =
        |path: &RelPath| std::fs::read(path.under(&project.root())).ok().map(|own| ContentHash::of(&own));
    directive.lines().iter().map(|line| record.state_by(line, hash_of)).collect()
}

#[test]
fn code_is_forged_until_the_lines_hold_and_written_with_its_tests_on_request() {
    let project = shop(&[("total", TOTAL)]);
    let run = project.run(&["directive", "run", "total"]).expect(0);
    assert!(
        run.out.contains("holds  total (fix)") && run.out.contains("+        result += price"),
        "{run:?}"
    );
    assert!(run.out.contains("found by search") && run.out.contains("write it with --apply"), "{run:?}");
    let unwritten = &recorded(&project, "total")[0];
    assert!(
        matches!(unwritten, LineState::Unproved { why: Some(why) } if why.contains("not written")),
        "{unwritten:?}"
    );

    let run = project.run_writing(&["directive", "run", "total", "--apply", "--format", "json"]).expect(0);
    let own = only(&run);
    assert_eq!((own["holds"].as_bool(), own["applied"].as_bool()), (Some(true), Some(true)), "{own:#}");
    assert!(project.read("shop.py").contains("result += price"));
    assert!(project.read("test_shop.py").contains("total([1, 2])"), "the examples are tests now");
    assert!(recorded(&project, "total").iter().all(|state| matches!(state, LineState::Proved { .. })));

    // What was written holds by itself, and is not written twice.
    let own = only(&run_json(&project, &["total"]).expect(0));
    assert_eq!(own["patch"], "", "{own:#}");
    assert!(own["lines"].as_array().unwrap().iter().all(|line| line["already"] == true), "{own:#}");
    project.run(&["repair"]).expect(0);
}

#[test]
fn each_line_is_proved_failing_unproved_or_stale() {
    let more = "\
kind = \"fix\"
target.symbols = [\"cheapest\"]
[[example]]
call = \"cheapest([2, 1])\"
value = \"1\"
[[example]]
call = \"cheapest([1])\"
value = \"'a pound of the best apples'\"
[[acceptance]]
text = \"People find the best apples\"
check = \"manual\"";
    let project = shop(&[("apples", &directive(more))]);
    let run = run_json(&project, &["apples"]).expect(1);
    let states = states(&only(&run));
    let words: Vec<&str> = states.iter().map(|(state, _)| state.as_str()).collect();
    assert_eq!(words, ["proved", "failing", "unproved"], "{states:?}");
    assert!(states[1].1.contains("apples") && states[2].1.contains("a person has to say so"), "{states:?}");
    let now = || recorded(&project, "apples").iter().map(LineState::as_str).collect::<Vec<_>>();
    assert_eq!(now(), ["proved", "failing", "unproved"]);
    project.append("shop.py", "\n\nLIMIT = 3\n");
    assert_eq!(now(), ["stale", "stale", "unproved"]);
    let LineState::Stale { since, held } = &recorded(&project, "apples")[0] else { panic!("it is stale") };
    assert_eq!((since.as_str(), *held), ("shop.py", true));
}

#[test]
fn where_nobody_can_help_it_is_said_who_looked_and_what_is_missing() {
    let project = shop(&[
        (
            "hopeless",
            &directive(
                "kind = \"fix\"\ntarget.symbols = [\"cheapest\"]\nengines.allow = [\"search\"]\n[[example]]\ncall = \"cheapest([1])\"\nvalue = \"'apples'\"",
            ),
        ),
        ("vague", &directive("kind = \"build\"")),
    ]);
    let hopeless = only(&run_json(&project, &["hopeless"]).expect(1));
    let advice = hopeless["advice"].to_string();
    assert!(advice.contains("search: looked"), "{advice}");
    assert_eq!(hopeless["patch"], "", "nothing is offered that does not hold");
    let vague = only(&run_json(&project, &["vague"]).expect(1));
    let advice = vague["advice"].to_string();
    assert!(advice.contains("add an [[example]]") && advice.contains("[[interface]]"), "{advice}");
    let run = project.run(&["directive", "run", "hopeless", "--apply"]).expect(1);
    assert!(run.err.contains("nothing was written"), "{run:?}");
}

#[test]
fn a_proof_of_code_and_tests_holds_in_another_clone() {
    let (maker, other) = (shop(&[("total", TOTAL)]), shop(&[]));
    let run = maker.run_writing(&["directive", "run", "total", "--apply", "--format", "json"]).expect(0);
    let proof = maker.path(only(&run)["proof"].as_str().unwrap());
    let verified = other.run(&["verify", proof.to_str().unwrap()]).expect(0);
    assert!(verified.out.contains("proved again"), "{verified:?}");
    // Where it is applied it is taken back in a copy, the new tests too.
    let verified = maker.run(&["verify", proof.to_str().unwrap()]).expect(0);
    assert!(verified.out.contains("taken back in a copy"), "{verified:?}");
    other.write("shop.py", SHOP.replace("min(", "max("));
    let verified = other.run(&["verify", proof.to_str().unwrap()]).expect(1);
    assert!(verified.out.contains("shop.py is neither"), "{verified:?}");
}

#[test]
fn constraints_turn_down_what_would_hold_otherwise() {
    let with = |constraint: &str| TOTAL.replacen("kind", &format!("{constraint}\nkind"), 1);
    let cases = [
        ("forbid", with("constraints.forbid = [\"result\"]"), "`result` is forbidden"),
        ("size", with("constraints.max_diff_lines = 1"), "lines of code are changed, 1 are allowed"),
    ];
    let project = shop(&[]);
    for (name, text, said) in cases {
        project.write(&place(name), text);
        let own = only(&run_json(&project, &[name, "--engine", "search"]).expect(1));
        let rejected = own["rejected"].to_string();
        assert!(rejected.contains(said) && own["patch"] == "", "{name}: {own:#}");
    }
    project.write(&place("elsewhere"), TOTAL.replace("symbols = [\"total\"]", "edit.deny = [\"shop.py\"]"));
    let own = only(&run_json(&project, &["elsewhere"]).expect(1));
    assert_eq!(own["patch"], "", "shop.py may not be edited: {own:#}");
}

#[test]
fn a_refactoring_stays_where_it_is_meant_and_keeps_what_code_does() {
    let refactor = "\
kind = \"refactor\"
target.symbols = [\"is_empty\"]
[threshold]
cognitive = 1
[[property]]
forall = { prices = \"list of int\" }
holds = \"preserve\"";
    let project = shop(&[("simpler", &directive(refactor))]);
    let elsewhere = SHOP.replace(
        "return min(prices)",
        "if len(prices) == 0:\n        return True\n    else:\n        return False",
    );
    project.write("shop.py", &elsewhere);
    project.write(
        "test_shop.py",
        TESTS.replace(
            "        self.assertEqual(shop.cheapest([3, 1, 2]), 1)",
            "        self.assertFalse(shop.cheapest([3]))",
        ),
    );
    let own = only(&run_json(&project, &["simpler"]).expect(0));
    let patch = own["patch"].as_str().unwrap();
    assert!(patch.contains("+    return") && patch.matches("@@").count() == 2, "one place: {patch}");
    assert_eq!(own["thresholds"][0]["holds"], true, "{own:#}");
    assert_eq!(states(&own)[0].0, "proved", "{own:#}");
    assert_eq!(own["engines"], serde_json::json!(["rewrite"]));
}

#[test]
fn commands_and_benches_are_run_with_the_change_in_place() {
    let more = "
[[acceptance]]
text = \"The module can be loaded and adds\"
check = \"command\"
command = \"{python} -c 'import shop; assert shop.total([2, 3]) == 5'\"
[[acceptance]]
text = \"The moon is a cheese\"
check = \"command\"
command = \"echo no cheese >&2; exit 7\"
[[bench]]
name = \"sums\"
command = \"{python} -c 'import shop; shop.total(range(10000))'\"
ratio = 3.0
+++
";
    let text = TOTAL.replacen("+++\n\n# ", &format!("{more}\n# "), 1);
    let project = shop(&[("total", &text)]);
    let own = only(&run_json(&project, &["total"]).expect(1));
    let states = states(&own);
    let of = |nth: usize| (states[nth].0.as_str(), states[nth].1.as_str());
    assert_eq!(of(3), ("proved", ""), "{own:#}");
    assert_eq!(own["lines"][3]["already"], false, "it fails on the unchanged code");
    assert_eq!(of(4), ("failing", "it ends with 7: no cheese"));
    assert_eq!(of(5).0, "proved", "{own:#}");
}

#[test]
fn several_are_run_in_order_and_what_waits_for_a_failing_one_is_not() {
    let hopeless = directive(
        "kind = \"fix\"\ntarget.symbols = [\"cheapest\"]\nengines.allow = [\"rewrite\"]\n[[example]]\ncall = \"cheapest([1])\"\nvalue = \"'apples'\"",
    );
    let waits = TOTAL.replacen("kind", "after = [\"a-hopeless\"]\nkind", 1);
    let first = TOTAL.replacen("kind", "priority = 5\nkind", 1);
    let project = shop(&[("a-hopeless", &hopeless), ("b-waits", &waits), ("c-first", &first)]);
    let run = run_json(&project, &[])
        .expect(1)
        .says(&["b-waits: not run, since a-hopeless does not hold", "2 of 3"]);
    let report = run.json();
    let names: Vec<&str> =
        report["directives"].as_array().unwrap().iter().map(|own| own["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["c-first", "a-hopeless"]);
    project.write(&place("a-hopeless"), hopeless.replacen("kind", "after = [\"b-waits\"]\nkind", 1));
    project.run(&["directive", "run"]).expect(2).says(&["wait for each other: a-hopeless, b-waits"]);
}

#[test]
fn what_is_wrong_with_a_directive_is_told_at_its_place_and_nothing_is_run() {
    let project =
        shop(&[("wrong", "+++\nkind = \"fix\"\nmax = 3\n[[example]]\ncall = 3.5.1\n+++\n\n# Broken\n")]);
    let run = project.run(&["directive", "run"]).expect(2);
    assert!(run.err.contains("wrong.forge.md:5:") && run.err.contains("nothing was run"), "{run:?}");
    project.run(&["directive", "run", "nobody"]).expect(2).says(&["there is no directive `nobody`"]);
    project.run(&["directive", "run", "shop.py"]).expect(2).says(&["`shop.py` is no directive"]);
    shop(&[]).run(&["directive", "run"]).expect(2).says(&["there is no directive here"]);
}

#[test]
fn javascript_is_forged_too() {
    if !tools::has("node", "--version") {
        return;
    }
    let code = "function total(prices) {\n  let result = 0;\n  for (const price of prices) {\n    result -= price;\n  }\n  return result;\n}\n\nfunction first(prices) {\n  return prices[0];\n}\n\nmodule.exports = { total, first };\n";
    let tests = "const test = require('node:test');\nconst assert = require('node:assert');\nconst { first } = require('../shop');\n\ntest('the first price', () => {\n  assert.strictEqual(first([3, 1]), 3);\n});\n";
    let manifest = "{\n  \"name\": \"shop\",\n  \"version\": \"1.0.0\",\n  \"scripts\": { \"test\": \"node --test\" }\n}\n";
    let project =
        Project::with(&[("shop.js", code), ("test/shop.test.js", tests), ("package.json", manifest)]);
    project.write(
        &place("total"),
        TOTAL
            .replace("sum(prices)", "prices.reduce((a, b) => a + b, 0)")
            .replace("total(prices) ==", "total(prices) ==="),
    );
    let own = only(&run_json(&project, &["total"]).expect(0));
    assert!(own["patch"].as_str().unwrap().contains("+    result += price;"), "{own:#}");
    assert!(states(&own).iter().all(|(state, _)| state == "proved"), "{own:#}");
}

#[test]
fn rust_is_forged_with_tests_beside_the_code() {
    let code = "pub fn total(prices: &[i64]) -> i64 {\n    let mut result = 0;\n    for price in prices {\n        result -= price;\n    }\n    result\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn nothing_costs_nothing() {\n        assert_eq!(total(&[]), 0);\n    }\n}\n";
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let project = Project::with(&[("src/lib.rs", code), ("Cargo.toml", manifest)]);
    let rust = "kind = \"fix\"\ntarget.symbols = [\"total\"]\n[[example]]\ncall = \"total(&[1, 2])\"\nvalue = \"3\"\n[[property]]\nforall = { prices = \"list of int 0..99\" }\nholds = \"total(&prices) == prices.iter().sum::<i64>()\"";
    project.write(&place("total"), directive(rust));
    let own = only(&run_json(&project, &["total"]).expect(0));
    let patch = own["patch"].as_str().unwrap();
    assert!(
        patch.contains("+        result += price;") && patch.contains("assert_eq!(total(&[1, 2]), 3);"),
        "{own:#}"
    );
}
