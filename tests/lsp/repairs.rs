//! A failing test in an editor: where it is marked, what is offered there, and what the text is when the fix is picked.

use crate::editor::{Editor, is_proven};
use crate::project::Project;
use serde_json::{Value, json};

const SHOP: &str = "\
def total(prices):
    result = 0
    for price in prices:
        result -= price
    return result


def cheapest(prices):
    return min(prices)
";

const TESTS: &str = "\
import unittest

import shop


class ShopTest(unittest.TestCase):
    def test_total(self):
        self.assertEqual(shop.total([1, 2]), 3)
        self.assertEqual(shop.total([7]), 7)

    def test_none(self):
        self.assertEqual(shop.total([]), 0)

    def test_cheapest(self):
        self.assertEqual(shop.cheapest([3, 1, 2]), 1)
";

const SETTINGS: &str = "[testing]\nrunner = 'unittest'\n[search]\nwithout = ['pairs']\n";

/// The rule of failing tests.
const RULE: &str = "red-test";

const WARNING: u64 = 2;
const INFORMATION: u64 = 3;

fn project(tests: &str) -> Project {
    Project::with(&[("shop.py", SHOP), ("test_shop.py", tests), ("hephaestus.toml", SETTINGS)])
}

fn red(list: &[Value]) -> Vec<&Value> {
    list.iter().filter(|diagnostic| diagnostic["code"] == RULE).collect()
}

fn message(diagnostic: &Value) -> &str {
    diagnostic["message"].as_str().unwrap()
}

/// The first diagnostic of a failing test for which this holds.
fn wait_for_red(editor: &mut Editor, what: &str, fits: fn(&Value) -> bool) -> Value {
    editor.wait_for_diagnostics(what, |list| red(list).into_iter().any(fits));
    let found = red(&editor.diagnostics).into_iter().find(|diagnostic| fits(diagnostic));
    found.unwrap().clone()
}

/// The titles of all actions at a diagnostic.
fn titles(editor: &mut Editor, diagnostic: &Value) -> Vec<String> {
    let actions = editor.actions(Some(diagnostic), None);
    actions.iter().map(|action| action["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_fix_of_a_failing_test_is_an_action_where_it_is_suspected() {
    let mut editor = Editor::open(project(TESTS), "shop.py");
    editor.save();
    let proven = wait_for_red(&mut editor, "the fix", is_proven);
    editor.wait_for_end();
    assert_eq!(proven["range"]["start"]["line"], 3, "{proven}");
    assert!(message(&proven).starts_with("may be why"), "{proven}");
    let elsewhere = proven["relatedInformation"][0]["location"]["uri"].as_str().unwrap();
    assert!(elsewhere.ends_with("/test_shop.py"), "{proven}");

    let hover = editor.request(
        "textDocument/hover",
        json!({"textDocument": {"uri": editor.uri}, "position": proven["range"]["start"]}),
    );
    let card = hover["contents"]["value"].as_str().unwrap();
    for words in ["fails: `test_shop", "suspicious: shop.py:4", "tried", "make", "Proven improvement"] {
        assert!(card.contains(words), "`{words}` is not in: {card}");
    }
    assert_eq!(
        editor.actions(None, Some("source.fixAll")),
        Vec::<Value>::new(),
        "a repair is never made unasked"
    );
    let actions = editor.actions(Some(&proven), Some("quickfix"));
    let title = actions[0]["title"].as_str().unwrap();
    assert!(title.starts_with("Apply the fix: "), "{actions:#?}");
    editor.pick(&actions[0]);
    assert_eq!(editor.text, SHOP.replace("-= price", "+= price"));
    assert!(editor.tests_pass(), "the project's own tests pass on what was applied");
    editor.wait_for_diagnostics("nothing is red", |list| red(list).is_empty());
    editor.session.close().unwrap();
}

#[test]
fn the_fix_of_a_failing_test_is_an_action_at_the_test_too() {
    let mut editor = Editor::open(project(TESTS), "test_shop.py");
    editor.save();
    let proven = wait_for_red(&mut editor, "the fix", is_proven);
    editor.wait_for_end();
    assert_eq!(proven["range"]["start"]["line"], 6, "{proven}");
    let suspect = proven["relatedInformation"][0]["location"].clone();
    assert!(suspect["uri"].as_str().unwrap().ends_with("/shop.py"), "{proven}");
    assert_eq!(suspect["range"]["start"]["line"], 3);
    let actions = editor.actions(Some(&proven), Some("quickfix"));
    assert!(actions[0]["title"].as_str().unwrap().starts_with("Apply the fix: "), "{actions:#?}");
    let picked = editor.request("codeAction/resolve", actions[0].clone());
    let change = &picked["edit"]["documentChanges"][0];
    assert!(change["textDocument"]["uri"].as_str().unwrap().ends_with("/shop.py"), "{picked}");
    let edits = change["edits"].as_array().unwrap();
    assert!(edits.iter().all(|edit| edit["range"]["start"]["line"] == 3), "{picked}");
    editor.session.close().unwrap();
}

#[test]
fn a_failing_test_without_a_fix_is_marked_and_can_be_forged_again() {
    let hopeless = TESTS.replace("self.assertEqual(shop.total([]), 0)", "self.fail(shop.cheapest([1]))");
    let hopeless = hopeless.replace("shop.total([1, 2]), 3", "shop.total([1, 2]), -3");
    let hopeless = hopeless.replace("shop.total([7]), 7", "shop.total([7]), -7");
    let mut editor = Editor::open(project(&hopeless), "test_shop.py");
    editor.save();
    let marked = wait_for_red(&mut editor, "the failing test", |diagnostic| !is_proven(diagnostic));
    editor.wait_for_end();
    assert_eq!(marked["severity"], WARNING);
    let offered = titles(&mut editor, &marked);
    assert!(offered.iter().any(|title| title.starts_with("Forge a fix: ")), "{offered:?}");
    assert!(offered.iter().all(|title| !title.starts_with("Apply")), "{offered:?}");
    editor.session.close().unwrap();
}

#[test]
fn a_suspicion_is_told_more_quietly_than_a_failure() {
    let hopeless =
        TESTS.replace("shop.cheapest([3, 1, 2]), 1", "shop.cheapest([3, 1, 2]), 'the best apples'");
    let hopeless = hopeless.replace("shop.total([1, 2]), 3", "shop.total([1, 2]), -3");
    let hopeless = hopeless.replace("shop.total([7]), 7", "shop.total([7]), -7");
    let hopeless = hopeless.replace(
        "    def test_cheapest",
        "    def test_other(self):\n        self.assertEqual(shop.cheapest([5, 4]), 4)\n\n    def test_cheapest",
    );
    let mut editor = Editor::open(project(&hopeless), "shop.py");
    editor.save();
    let marked = wait_for_red(&mut editor, "the suspect", |diagnostic| !is_proven(diagnostic));
    assert_eq!((&marked["severity"], &marked["range"]["start"]["line"]), (&json!(INFORMATION), &json!(8)));
    assert!(message(&marked).starts_with("may be why"), "{marked}");
    editor.wait_for_end();
    let offered = titles(&mut editor, &marked);
    assert!(offered.iter().any(|title| title.starts_with("Forge a fix: ")), "{offered:?}");
    editor.session.close().unwrap();
}

#[test]
fn where_every_test_fails_the_fix_is_offered_all_the_same() {
    let only = TESTS.split("    def test_none").next().unwrap();
    let mut editor = Editor::open(project(only), "shop.py");
    editor.save();
    let proven = wait_for_red(&mut editor, "the fix", is_proven);
    let actions = editor.actions(Some(&proven), Some("quickfix"));
    editor.pick(&actions[0]);
    assert!(editor.tests_pass(), "{}", editor.text);
    editor.session.close().unwrap();
}
