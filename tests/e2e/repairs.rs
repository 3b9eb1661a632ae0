//! Failing tests: what is found, what is written, what is said, and how it ends where nothing is found.

use crate::project::{Project, Run, improvements, texts};
use crate::tools;
use serde_json::{Value, json};

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

const RED: &str = "\
import unittest

import shop


class TotalTest(unittest.TestCase):
    def test_two(self):
        self.assertEqual(shop.total([1, 2]), 3)

    def test_one(self):
        self.assertEqual(shop.total([7]), 7)

    def test_none(self):
        self.assertEqual(shop.total([]), 0)
";

const GREEN: &str = "\
import unittest

import shop


class OtherTest(unittest.TestCase):
    def test_cheapest(self):
        self.assertEqual(shop.cheapest([3, 1, 2]), 1)

    def test_is_empty(self):
        self.assertIs(shop.is_empty([]), True)
        self.assertIs(shop.is_empty([1]), False)
";

/// What no change of the code can make true.
const HOPELESS: &str = "\
import unittest

import shop


class HopelessTest(unittest.TestCase):
    def test_hopeless(self):
        self.assertIsNone(shop.cheapest([1]))
        self.assertEqual(shop.cheapest([1]), 'a pound of the best apples')
";

const SETTINGS: &str = "[testing]\nrunner = 'unittest'\n";

fn project(tests: &[(&str, &str)]) -> Project {
    let files = [("shop.py", SHOP), ("hephaestus.toml", SETTINGS)];
    Project::with(&files.iter().chain(tests).copied().collect::<Vec<_>>())
}

#[test]
fn a_search_that_is_made_again_goes_on_where_it_stopped() {
    let project = project(&[("test_shop.py", GREEN), ("test_hopeless.py", HOPELESS)]);
    let searched = |more: &[&str]| {
        let run = project.run(&[&["repair", "--format", "json"], more].concat()).expect(1);
        let report = run.json();
        let tried = report["stats"]["searched"]["tried"].as_u64().unwrap();
        (tried, report["notices"].to_string().contains("in an earlier search"), run.out)
    };
    let (first, was_recalled, _) = searched(&[]);
    assert!(first > 50 && !was_recalled, "{first}");
    let (again, was_recalled, said) = searched(&[]);
    assert_eq!((again, was_recalled), (first, true));
    assert!(said.contains(&format!("{first} of the changes")), "{said}");
    let (fresh, was_recalled, _) = searched(&["--fresh"]);
    assert_eq!((fresh, was_recalled), (first, false));
}

fn mended() -> String {
    SHOP.replace("result -= price", "result += price")
}

/// `repair --format json` with more arguments.
fn repair(project: &Project, code: i32, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ["repair", "--format", "json"].iter().chain(arguments).copied().collect();
    project.run(&all).expect(code).json()
}

fn of_kind<'a>(report: &'a Value, kind: &str) -> Vec<&'a Value> {
    report["goals"].as_array().unwrap().iter().filter(|goal| goal["kind"] == kind).collect()
}

#[test]
fn a_failing_test_is_mended_and_the_fix_is_written_on_request() {
    let project = project(&[("test_red.py", RED), ("test_green.py", GREEN)]);
    let shown = project.run(&["repair"]).expect(0);
    for words in [
        "2 tests fail, for one reason it seems",
        "test_two",
        "suspicious",
        "shop.py:4",
        "result -= price",
        "+        result += price",
        "5 tests passed",
        "tried",
        "1 of 1 reason fixed",
        "--apply",
    ] {
        assert!(shown.out.contains(words), "`{words}` is not in: {}", shown.out);
    }
    assert_eq!(project.read("shop.py"), SHOP, "nothing is written unasked");
    project.run_writing(&["repair", "--apply"]).expect(0).says(&["written: 1 file"]);
    assert_eq!(project.read("shop.py"), mended());
    assert_eq!((project.read("test_red.py"), project.read("test_green.py")), (RED.into(), GREEN.into()));
    let again = project.run(&["repair"]).expect(0);
    assert!(again.out.contains("nothing is red: 5 tests pass"), "{}", again.out);
}

#[test]
fn a_fix_says_how_it_was_found_and_what_speaks_for_it() {
    let report = repair(&project(&[("test_red.py", RED), ("test_green.py", GREEN)]), 0, &[]);
    assert_eq!((&report["command"], &report["schema"]), (&json!("repair"), &json!("hephaestus/forge/1")));
    let [goal] = of_kind(&report, "repair")[..] else { panic!("{:#}", report["goals"]) };
    assert_eq!(goal["outcome"], "improved");
    assert_eq!(goal["tests"].as_array().unwrap().len(), 2, "{goal:#}");
    assert_eq!(goal["suspects"][0]["text"], "result -= price", "{goal:#}");
    let [fix] = improvements(&report).as_slice() else { panic!("{report:#}") };
    let found = &fix["found"];
    assert!(found["tried"].as_u64().unwrap() > 0 && found["mended"] == 2, "{found:#}");
    assert!(found["confidence"].as_f64().unwrap() > 0.0, "{found:#}");
    assert!(!found["in_words"].as_array().unwrap().is_empty(), "{found:#}");
    let gates = fix["gates"].as_array().unwrap();
    let reason = |name: &str| gates.iter().find(|gate| gate["gate"] == name).unwrap()["reason"].to_string();
    assert!(reason("tests-pass").contains("the 2 tests that failed pass"), "{}", reason("tests-pass"));
    assert!(reason("strength").contains("not asked of a repair"), "{}", reason("strength"));
    assert!(report["stats"]["searched"]["tried"].as_u64() >= found["tried"].as_u64());
}

#[test]
fn only_repairs_are_looked_for_and_linters_are_not_asked() {
    let report = repair(&project(&[("test_red.py", RED), ("test_green.py", GREEN)]), 0, &[]);
    assert!(texts(&report["goals"], "kind").iter().all(|kind| kind == "repair"), "{:#}", report["goals"]);
    assert_eq!(report["stats"]["linter_findings"], 0);
    assert_eq!(of_kind(&report, "simplify").len(), 0, "`is_empty` is another command's business");
}

#[test]
fn a_suite_in_which_everything_fails_is_no_obstacle() {
    let red = RED.replace("    def test_none(self):\n        self.assertEqual(shop.total([]), 0)\n", "");
    let project = project(&[("test_red.py", &red)]);
    project.run(&["forge"]).expect(3).says(&["every test fails on the unchanged code"]);
    project.run_writing(&["repair", "--apply"]).expect(0);
    assert_eq!(project.read("shop.py"), mended());
}

#[test]
fn what_has_no_fix_ends_with_1_and_keeps_the_fixes_of_the_others() {
    let settings = format!("{SETTINGS}[search]\nwithout = ['pairs']\n");
    let project = project(&[("test_red.py", RED), ("test_hopeless.py", HOPELESS)]);
    project.write("hephaestus.toml", settings);
    let run = project.run_writing(&["repair", "--apply", "--budget", "5s"]).expect(1);
    let run = run.says(&["1 of 2 have no fix", "written: 1 file"]);
    assert!(run.out.contains("no fix") && run.out.contains("1 of 2 reasons fixed"), "{}", run.out);
    assert_eq!(project.read("shop.py"), mended());
}

#[test]
fn paths_name_tests_or_the_code_that_is_suspected() {
    let project = project(&[("test_red.py", RED), ("test_green.py", GREEN), ("other.py", "LIMIT = 10\n")]);
    for path in ["test_red.py", "shop.py"] {
        assert_eq!(improvements(&repair(&project, 0, &[path])).len(), 1, "{path}");
    }
    let run = project.run(&["repair", "other.py"]).expect(0);
    assert!(
        run.out.contains("2 tests fail with") && run.out.contains("none of them in what was named"),
        "{}",
        run.out
    );
}

#[test]
fn forging_everything_mends_what_fails_too() {
    let project = project(&[("test_red.py", RED), ("test_green.py", GREEN)]);
    let report = project.forge(&["--kind", "repair,simplify", "--engine", "search,rewrite"]);
    let kinds = texts(&report["improvements"], "kind");
    assert_eq!(kinds.iter().filter(|kind| *kind == "repair").count(), 1, "{kinds:?}");
}

#[test]
fn where_everything_fails_nothing_but_repairs_is_proved() {
    let red = RED.replace("    def test_none(self):\n        self.assertEqual(shop.total([]), 0)\n", "");
    let project = project(&[("test_red.py", &red)]);
    let report = project.forge(&["--kind", "repair,simplify"]);
    assert_eq!(texts(&report["improvements"], "kind"), ["repair"], "no test judges `is_empty`");
}

/// A fix in a file of its own project, for each language.
fn mends(project: &Project, file: &str, wrong: &str, right: &str) -> Run {
    let before = project.read(file);
    let run = project.run_writing(&["repair", "--apply"]).expect(0);
    assert_eq!(project.read(file), before.replace(wrong, right), "{}", run.out);
    run
}

/// In `turns` only the first line is right: it never ends.
const ENDLESS: &str = "\
def turns(count):
    result = 0
    while count > 0:
        count += 1
        result += 1
    return result


def double(count):
    return count * 2
";

const NEVER_ENDS: &str = "\
import unittest

import loops


class LoopTest(unittest.TestCase):
    def test_double(self):
        self.assertEqual(loops.double(2), 4)

    def test_turns(self):
        self.assertEqual(loops.turns(3), 3)

    def test_zero(self):
        self.assertEqual(loops.turns(0), 0)
";

#[test]
fn a_test_that_never_ends_is_mended_like_any_other() {
    let settings = format!("{SETTINGS}baseline_timeout = 20\n");
    let files =
        [("loops.py", ENDLESS), ("test_loops.py", NEVER_ENDS), ("hephaestus.toml", settings.as_str())];
    let project = Project::with(&files);
    let run = project.run_writing(&["repair", "--apply"]).expect(0);
    for words in ["1 test fails", "test_turns", "does not end", "3 tests passed in a fresh process"] {
        assert!(run.out.contains(words), "`{words}` is not in: {}", run.out);
    }
    let mended = ["count -= 1", "count += -1"].map(|step| ENDLESS.replace("count += 1", step));
    assert!(mended.contains(&project.read("loops.py")), "{}", project.read("loops.py"));
    // Whoever judges improvements needs a suite that comes to its end.
    project.write("loops.py", ENDLESS);
    project.run(&["forge"]).expect(3).says(&["the tests did not end within 20 s"]);
}

#[test]
fn a_test_that_takes_its_process_down_is_mended_like_any_other() {
    let code = "pub fn depth(value: u64) -> u64 {\n    if value == 0 {\n        return 0;\n    }\n    depth(value) + 1\n}\n\n\
                pub fn double(value: u64) -> u64 {\n    value * 2\n}\n";
    let tests = "use deep::{depth, double};\n\n#[test]\nfn none() {\n    assert_eq!(depth(0), 0);\n}\n\n\
                 #[test]\nfn some() {\n    assert_eq!(depth(3), 3);\n}\n\n#[test]\nfn doubles() {\n    assert_eq!(double(3), 6);\n}\n";
    let manifest = "[package]\nname = \"deep\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n";
    let lock = "version = 4\n\n[[package]]\nname = \"deep\"\nversion = \"0.1.0\"\n";
    let project = Project::with(&[
        ("Cargo.toml", manifest),
        ("Cargo.lock", lock),
        ("src/lib.rs", code),
        ("tests/it.rs", tests),
    ]);
    let run = mends(&project, "src/lib.rs", "depth(value) + 1", "depth(value - 1) + 1");
    assert!(run.out.contains("1 test fails") && run.out.contains("tests/it.rs::some"), "{}", run.out);
}

#[test]
fn what_is_missing_around_a_test_is_no_reason_to_search() {
    let wanting = "import unittest\n\nimport shop\n\n\nclass WantingTest(unittest.TestCase):\n    def test_wanting(self):\n        \
                   import no_such_package_anywhere\n        self.assertEqual(no_such_package_anywhere.f(shop), 1)\n";
    let project = project(&[("test_red.py", RED), ("test_wanting.py", wanting)]);
    let report = repair(&project, 0, &[]);
    assert_eq!(of_kind(&report, "repair").len(), 1, "{:#}", report["goals"]);
    assert_eq!(improvements(&report).len(), 1);
    let notices = report["notices"].to_string();
    assert!(notices.contains("test_wanting") && notices.contains("no_such_package_anywhere"), "{notices}");
}

#[test]
fn javascript_is_mended() {
    if !tools::has("node", "--version") {
        return;
    }
    let tests = "\"use strict\";\nconst test = require(\"node:test\");\nconst assert = require(\"node:assert\");\nconst { clamp } = require(\"../clamp.js\");\n\n\
                 test(\"keeps what is within\", () => assert.strictEqual(clamp(5, 0, 10), 5));\n\
                 test(\"lifts what is below\", () => assert.strictEqual(clamp(-1, 0, 10), 0));\n\
                 test(\"lowers what is above\", () => assert.strictEqual(clamp(11, 0, 10), 10));\n";
    let code = "\"use strict\";\n\nfunction clamp(value, low, high) {\n  if (value < low) {\n    return high;\n  }\n  return Math.min(value, high);\n}\n\nmodule.exports = { clamp };\n";
    let package = "{\"name\": \"clamp\", \"version\": \"1.0.0\", \"private\": true, \"scripts\": {\"test\": \"node --test\"}}\n";
    let project =
        Project::with(&[("package.json", package), ("clamp.js", code), ("test/clamp.test.js", tests)]);
    let run = mends(&project, "clamp.js", "return high;", "return low;");
    assert!(run.out.contains("lifts what is below"), "{}", run.out);
}

#[test]
fn rust_is_mended_and_tests_beside_the_code_are_left_alone() {
    let code = "pub fn clamp(value: i64, low: i64, high: i64) -> i64 {\n    if value < low {\n        return high;\n    }\n    value.min(high)\n}\n\n\
                #[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn keeps() {\n        assert_eq!(clamp(5, 0, 10), 5);\n    }\n\n    \
                #[test]\n    fn lifts() {\n        assert_eq!(clamp(-1, 0, 10), 0);\n        assert_eq!(clamp(2, 3, 10), 3);\n    }\n}\n";
    let manifest = "[package]\nname = \"clamp\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n";
    let lock = "version = 4\n\n[[package]]\nname = \"clamp\"\nversion = \"0.1.0\"\n";
    let project = Project::with(&[("Cargo.toml", manifest), ("Cargo.lock", lock), ("src/lib.rs", code)]);
    mends(&project, "src/lib.rs", "return high;", "return low;");
}

#[test]
fn go_is_mended() {
    if !tools::has("go", "version") {
        return;
    }
    let code = "package clamp\n\nfunc Clamp(value, low, high int) int {\n\tif value < low {\n\t\treturn high\n\t}\n\tif value > high {\n\t\treturn high\n\t}\n\treturn value\n}\n";
    let tests = "package clamp\n\nimport \"testing\"\n\nfunc TestKeeps(t *testing.T) {\n\tif Clamp(5, 0, 10) != 5 {\n\t\tt.Error(\"5\")\n\t}\n}\n\n\
                 func TestLifts(t *testing.T) {\n\tif Clamp(-1, 0, 10) != 0 || Clamp(2, 3, 10) != 3 {\n\t\tt.Error(\"low\")\n\t}\n}\n\n\
                 func TestLowers(t *testing.T) {\n\tif Clamp(11, 0, 10) != 10 {\n\t\tt.Error(\"high\")\n\t}\n}\n";
    let project = Project::with(&[
        ("go.mod", "module clamp\n\ngo 1.18\n"),
        ("clamp.go", code),
        ("clamp_test.go", tests),
    ]);
    let run = mends(&project, "clamp.go", "low {\n\t\treturn high", "low {\n\t\treturn low");
    assert!(run.out.contains("TestLifts"), "{}", run.out);
}

#[test]
fn java_is_mended() {
    if !tools::has("javac", "-version") {
        return;
    }
    let code = "class Clamp {\n    static int clamp(int value, int low, int high) {\n        if (value < low) {\n            return high;\n        }\n        return Math.min(value, high);\n    }\n}\n";
    let tests = "public class ClampTest {\n    static void say(String name, boolean holds) {\n        System.out.println((holds ? \"PASS \" : \"FAIL \") + name);\n    }\n\n    \
                 public static void main(String[] args) {\n        say(\"keeps\", Clamp.clamp(5, 0, 10) == 5);\n        \
                 say(\"lifts\", Clamp.clamp(-1, 0, 10) == 0 && Clamp.clamp(2, 3, 10) == 3);\n        say(\"lowers\", Clamp.clamp(11, 0, 10) == 10);\n    }\n}\n";
    let project = Project::with(&[("Clamp.java", code), ("ClampTest.java", tests)]);
    let run = mends(&project, "Clamp.java", "return high;", "return low;");
    assert!(run.out.contains("lifts"), "{}", run.out);
}

#[test]
fn cpp_is_mended() {
    if !tools::has("c++", "--version") {
        return;
    }
    let code = "int clamp(int value, int low, int high) {\n    if (value < low) {\n        return high;\n    }\n    return value > high ? high : value;\n}\n";
    let tests = "#include \"clamp.cpp\"\n#include <cstdio>\n\nstatic int failed = 0;\n\nstatic void say(const char *name, bool holds) {\n    \
                 std::printf(\"%s %s\\n\", holds ? \"PASS\" : \"FAIL\", name);\n    failed += !holds;\n}\n\nint main() {\n    say(\"keeps\", clamp(5, 0, 10) == 5);\n    \
                 say(\"lifts\", clamp(-1, 0, 10) == 0 && clamp(2, 3, 10) == 3);\n    say(\"lowers\", clamp(11, 0, 10) == 10);\n    return failed != 0;\n}\n";
    let project = Project::with(&[("clamp.cpp", code), ("test_clamp.cpp", tests)]);
    let run = mends(&project, "clamp.cpp", "        return high;", "        return low;");
    assert!(run.out.contains("lifts"), "{}", run.out);
}
