//! Holes with failing tests: what is written there, in each language, and what is said where nothing is found.

use crate::project::{Project, improvements, texts};
use crate::tools;
use std::process::Command;

const SHOP: &str = "\
def initials(name):
    \"\"\"The first letters of all words.\"\"\"
    raise NotImplementedError


def double(x):
    return x * 2
";

const TESTS: &str = "\
import unittest

from shop import double, initials


class ShopTest(unittest.TestCase):
    def test_double(self):
        self.assertEqual(double(2), 4)

    def test_initials(self):
        self.assertEqual(initials('ada lovelace'), 'al')
        self.assertEqual(initials('grace brewster hopper'), 'gbh')
        self.assertEqual(initials('Alan turing'), 'At')
        self.assertEqual(initials('kurt Friedrich goedel'), 'kFg')

    def test_nobody(self):
        self.assertEqual(initials(''), '')
";

const SETTINGS: &str = "[testing]\nrunner = 'unittest'\n";

fn shop() -> Project {
    Project::with(&[("shop.py", SHOP), ("test_shop.py", TESTS), ("hephaestus.toml", SETTINGS)])
}

#[test]
fn a_python_hole_is_filled_from_its_tests() {
    let project = shop();
    let run = project.run_writing(&["repair", "--apply"]).expect(0);
    assert!(run.out.contains("synth/expression") && run.out.contains("1 of 1 reason fixed"), "{}", run.out);
    let code = project.read("shop.py");
    assert!(
        !code.contains("NotImplementedError") && code.contains("The first letters of all words"),
        "{code}"
    );
    // Of several bodies that say the same any may be found: what counts is what it does with what no test has.
    let unseen = "import shop; print(shop.initials('  Emmy  noether x'))";
    let said = Command::new("python3").args(["-c", unseen]).current_dir(project.root()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "Enx", "{code}");
    project.run(&["repair"]).expect(0);
}

#[test]
fn a_hole_is_a_goal_of_its_own_where_it_is_asked_for() {
    let report = shop().forge(&["--kind", "hole"]);
    assert_eq!(texts(&report["improvements"], "kind"), ["hole"], "{report:#}");
    assert_eq!(texts(&report["improvements"], "engine"), ["synth"]);
}

#[test]
fn a_hole_that_nothing_fills_ends_with_1() {
    let tests = TESTS.replace("'al'", "'a whale'").replace("'gbh'", "'green'").replace("'At'", "'7 up'");
    let project =
        Project::with(&[("shop.py", SHOP), ("test_shop.py", &tests), ("hephaestus.toml", SETTINGS)]);
    let run = project.run(&["repair"]).expect(1);
    assert!(run.out.contains("no fix") && !run.out.contains("synth/"), "{}", run.out);
}

#[test]
fn a_javascript_hole_is_filled_from_its_tests() {
    if !tools::has("node", "--version") {
        return;
    }
    let tests = "\"use strict\";\nconst test = require(\"node:test\");\nconst assert = require(\"node:assert\");\nconst { total, none } = require(\"../cart.js\");\n\n\
                 test(\"nothing\", () => assert.strictEqual(none(), 0));\n\
                 test(\"totals\", () => {\n  assert.strictEqual(total([1, 2], 3), 9);\n  assert.strictEqual(total([], 7), 0);\n  \
                 assert.strictEqual(total([5], 2), 10);\n  assert.strictEqual(total([2, 2, 1], 4), 20);\n});\n";
    let code = "\"use strict\";\n\nfunction total(prices, count) {\n  throw new Error(\"not implemented\");\n}\n\nfunction none() {\n  return 0;\n}\n\nmodule.exports = { total, none };\n";
    let package = "{\"name\": \"cart\", \"version\": \"1.0.0\", \"private\": true, \"scripts\": {\"test\": \"node --test\"}}\n";
    let project =
        Project::with(&[("package.json", package), ("cart.js", code), ("test/cart.test.js", tests)]);
    let run = project.run_writing(&["repair", "--apply"]).expect(0);
    let code = project.read("cart.js");
    assert!(code.contains("reduce(") && !code.contains("not implemented"), "{}", run.out);
}

#[test]
fn a_rust_hole_is_filled_from_its_tests() {
    let code = "pub fn shout(text: &str, times: usize) -> String {\n    todo!()\n}\n\npub fn zero() -> u8 {\n    0\n}\n\n\
                #[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn nothing() {\n        assert_eq!(zero(), 0);\n    }\n\n    \
                #[test]\n    fn shouts() {\n        assert_eq!(shout(\"a\", 2), \"AA\");\n        assert_eq!(shout(\"hey\", 1), \"HEY\");\n        \
                assert_eq!(shout(\"xy\", 3), \"XYXYXY\");\n        assert_eq!(shout(\"\", 3), \"\");\n    }\n}\n";
    let manifest = "[package]\nname = \"shout\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n";
    let lock = "version = 4\n\n[[package]]\nname = \"shout\"\nversion = \"0.1.0\"\n";
    let project = Project::with(&[("Cargo.toml", manifest), ("Cargo.lock", lock), ("src/lib.rs", code)]);
    let run = project.run_writing(&["repair", "--apply"]).expect(0);
    let code = project.read("src/lib.rs");
    assert!(code.contains(".to_uppercase()") && !code.contains("todo!"), "{}", run.out);
}

#[test]
fn search_does_not_waste_its_budget_on_a_hole() {
    let report = shop().run(&["repair", "--format", "json"]).expect(0).json();
    assert_eq!(texts(&report["improvements"], "engine"), ["synth"], "{report:#}");
    assert_eq!(improvements(&report).len(), 1);
}
