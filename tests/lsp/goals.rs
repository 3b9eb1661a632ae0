//! Goals as a list and the evidence as data: what editors build their own views from.

use serde_json::{Value, json};

use crate::editor::{Editor, capabilities, proven_by, trusted};
use crate::project::Project;
use crate::session::PATIENCE;

const RULE: &str = "python/return-condition";

const SHELF: &str = "\
def is_empty(books):
    if len(books) == 0:
        return True
    else:
        return False
";

const TESTS: &str = "\
import unittest

import shelf


class ShelfTest(unittest.TestCase):
    def test_empty(self):
        self.assertIs(shelf.is_empty([]), True)
        self.assertIs(shelf.is_empty([1]), False)
";

fn project() -> Project {
    // The same flaw in a file that nobody opens.
    Project::with(&[("shelf.py", SHELF), ("store.py", SHELF), ("test_shelf.py", TESTS)])
}

/// The goals of a rule in a file, as pairs of state and goal.
fn listed(editor: &mut Editor, file: &str) -> Vec<(String, Value)> {
    let list = editor.request("hephaestus/goals", json!({}));
    let files = list["files"].as_array().unwrap();
    let goals =
        files.iter().filter(|own| own["path"] == file).flat_map(|own| own["goals"].as_array().unwrap());
    let goals = goals.filter(|goal| goal["rule"] == RULE);
    goals.map(|goal| (goal["state"].as_str().unwrap().to_owned(), goal.clone())).collect()
}

/// Asks until the list says so: each time the server tells that it may have changed.
fn wait_for_states(editor: &mut Editor, file: &str, wanted: &[&str]) -> Vec<Value> {
    loop {
        let (states, goals): (Vec<String>, Vec<Value>) = listed(editor, file).into_iter().unzip();
        if states == wanted {
            return goals;
        }
        let changed =
            editor.session.client.wait_for(|message| message.method() == "hephaestus/goalsChanged", PATIENCE);
        changed.unwrap_or_else(|error| panic!("{file} is {states:?}, not {wanted:?}: {error}"));
    }
}

fn proven(editor: &mut Editor) -> Value {
    editor.save();
    editor.wait_for_diagnostics("proven", |list| proven_by(list, RULE).len() == 1);
    editor.wait_for_end();
    proven_by(&editor.diagnostics, RULE)[0]["data"]["goal"].clone()
}

#[test]
fn the_list_follows_a_goal_from_open_to_applied_and_back() {
    let mut editor = Editor::open(project(), "shelf.py");
    let open = wait_for_states(&mut editor, "shelf.py", &["open"]);
    assert_eq!(open[0]["range"]["start"]["line"], 1);
    assert_eq!(open[0]["detail"], "");
    wait_for_states(&mut editor, "store.py", &["open"]);
    let before = editor.text.clone();
    proven(&mut editor);
    let goals = wait_for_states(&mut editor, "shelf.py", &["proven"]);
    assert!(goals[0]["detail"].as_str().unwrap().contains("1 test passed"), "{goals:?}");
    editor.type_text(&format!("{before}X = 1\n"));
    wait_for_states(&mut editor, "shelf.py", &["stale"]);
    editor.type_text(&before);
    wait_for_states(&mut editor, "shelf.py", &["proven"]);
    let actions = {
        editor.wait_for_diagnostics("again", |list| proven_by(list, RULE).len() == 1);
        let diagnostic = proven_by(&editor.diagnostics, RULE)[0].clone();
        editor.actions(Some(&diagnostic), None)
    };
    editor.pick(&actions[0]);
    wait_for_states(&mut editor, "shelf.py", &["applied"]);
    editor.type_text(&before);
    wait_for_states(&mut editor, "shelf.py", &["proven"]);
    editor.session.close().unwrap();
}

#[test]
fn what_was_applied_is_listed_after_a_restart_too() {
    let mut editor = Editor::open(project(), "shelf.py");
    proven(&mut editor);
    let diagnostic = proven_by(&editor.diagnostics, RULE)[0].clone();
    let actions = editor.actions(Some(&diagnostic), None);
    editor.pick(&actions[0]);
    wait_for_states(&mut editor, "shelf.py", &["applied"]);
    editor.save();
    let project = editor.session.close_and_keep().unwrap();
    let mut editor = Editor::open(project, "shelf.py");
    let goals = wait_for_states(&mut editor, "shelf.py", &["applied"]);
    assert!(!goals[0]["title"].as_str().unwrap().is_empty());
    editor.session.close().unwrap();
}

#[test]
fn a_dismissed_goal_can_be_restored_with_what_was_proven_for_it() {
    let mut editor = Editor::open(project(), "shelf.py");
    let goal = proven(&mut editor);
    let uri = editor.uri.clone();
    editor.execute("hephaestus.dismiss", json!([uri, goal]));
    editor.wait_for_diagnostics("gone", |list| list.iter().all(|own| own["code"] != RULE));
    wait_for_states(&mut editor, "shelf.py", &["dismissed"]);
    editor.execute("hephaestus.restore", json!([uri, goal]));
    editor.wait_for_diagnostics("back", |list| proven_by(list, RULE).len() == 1);
    wait_for_states(&mut editor, "shelf.py", &["proven"]);
    editor.execute("hephaestus.dismiss", json!([uri, goal]));
    let project = editor.session.close_and_keep().unwrap();
    let mut editor = Editor::open(project, "shelf.py");
    wait_for_states(&mut editor, "shelf.py", &["dismissed"]);
    editor.execute("hephaestus.restore", json!([uri, goal]));
    wait_for_states(&mut editor, "shelf.py", &["open"]);
    editor.session.close().unwrap();
}

#[test]
fn the_evidence_tells_the_change_what_was_run_and_what_was_not_checked() {
    let mut editor = Editor::open(project(), "shelf.py");
    let open = wait_for_states(&mut editor, "shelf.py", &["open"]);
    let uri = editor.uri.clone();
    let about = |goal: &Value| json!({"uri": uri, "goal": goal});
    let nothing = editor.request("hephaestus/evidence", about(&open[0]["id"]));
    assert_eq!((&nothing["state"], &nothing["diff"]), (&json!("open"), &Value::Null));
    let goal = proven(&mut editor);
    let evidence = editor.request("hephaestus/evidence", about(&goal));
    assert_eq!(evidence["state"], "proven");
    let diff = evidence["diff"].as_str().unwrap();
    assert!(
        diff.starts_with("--- a/shelf.py\n+++ b/shelf.py\n") && diff.contains("\n-        return True\n")
    );
    let [file] = evidence["files"].as_array().unwrap().as_slice() else { panic!("one file") };
    assert_eq!((&file["before"], &file["uri"]), (&json!(editor.text), &json!(editor.uri)));
    assert!(!file["after"].as_str().unwrap().contains("else:"));
    let cognitive = |own: &&Value| own["dimension"] == "cognitive";
    let score = evidence["scores"].as_array().unwrap().iter().find(cognitive).unwrap();
    assert_eq!((&score["improved"], &score["better"]), (&json!(true), &json!("lower")));
    assert!(evidence["gates"].as_array().unwrap().iter().all(|gate| gate["passed"] == true));
    let checks = evidence["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["stage"] == "full suite" && check["what"] == "1 test passed"));
    assert!(!evidence["notChecked"].as_array().unwrap().is_empty());
    assert!(evidence["markdown"].as_str().unwrap().contains("**Proven improvement**"));
    let unknown = editor.session.client.request("hephaestus/evidence", about(&json!("nope"))).unwrap_err();
    assert!(unknown.to_string().contains("this goal is gone"), "{unknown}");
    editor.session.close().unwrap();
}

#[test]
fn an_improvement_is_proved_again_when_that_is_asked_for_and_withdrawn_when_it_does_not_hold() {
    let mut editor = Editor::open(project(), "shelf.py");
    let goal = proven(&mut editor);
    let uri = editor.uri.clone();
    let said = |editor: &mut Editor, words: &str| {
        let found = editor.session.client.wait_for(
            |message| {
                message.method() == "window/showMessage"
                    && message.params()["message"].as_str().unwrap().contains(words)
            },
            PATIENCE,
        );
        found.unwrap_or_else(|error| panic!("{words}: {error}"));
    };
    editor.execute("hephaestus.verify", json!([uri, goal]));
    said(&mut editor, "Proved again");
    wait_for_states(&mut editor, "shelf.py", &["proven"]);
    // A test that wants the very value, which no change of the code gives back.
    let stricter = TESTS.replace("len(books) == 0", "").replace(
        "self.assertIs(shelf.is_empty([]), True)",
        "import inspect; self.assertIn('else', inspect.getsource(shelf.is_empty))",
    );
    editor.session.project.write("test_shelf.py", &stricter);
    editor.execute("hephaestus.verify", json!([uri, goal]));
    said(&mut editor, "does not hold any more");
    wait_for_states(&mut editor, "shelf.py", &["open"]);
    editor.session.close().unwrap();
}

#[test]
fn what_is_proven_in_a_file_that_is_not_open_can_be_applied_from_the_list() {
    let mut editor = Editor::open(project(), "store.py");
    wait_for_states(&mut editor, "shelf.py", &["open"]);
    editor.execute("hephaestus.forgeWorkspace", json!([]));
    let goals = wait_for_states(&mut editor, "shelf.py", &["proven"]);
    editor.wait_for_end();
    let uri = editor.session.uri("shelf.py");
    editor.execute("hephaestus.apply", json!([uri, goals[0]["id"]]));
    let is_edit = |message: &hephaestus_lsp::client::Message| message.method() == "workspace/applyEdit";
    let sent = editor.session.client.wait_for(is_edit, PATIENCE).unwrap();
    let change = &sent.params()["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"], json!({"uri": uri, "version": null}));
    // The same when the editor opens it first, and nobody has looked at it yet.
    editor.session.open(&uri, SHELF).unwrap();
    editor.execute("hephaestus.apply", json!([uri, goals[0]["id"]]));
    editor.session.client.wait_for(is_edit, PATIENCE).unwrap();
    let whole = json!([{"text": "def is_empty(books):\n    return len(books) == 0\n"}]);
    editor.session.change(&uri, 2, whole).unwrap();
    wait_for_states(&mut editor, "shelf.py", &["applied"]);
    editor.session.close().unwrap();
}

#[test]
fn who_never_asks_for_the_list_is_not_told_that_it_changed() {
    let mut editor = Editor::open_with(project(), "shelf.py", capabilities(), trusted(Some(true)));
    proven(&mut editor);
    let told = editor.session.client.take_messages();
    assert!(told.iter().all(|message| message.method() != "hephaestus/goalsChanged"));
    let status = told.iter().filter(|message| message.method() == "hephaestus/status");
    assert!(status.into_iter().all(|message| message.params()["done"].is_u64()));
    editor.session.close().unwrap();
}

#[test]
fn the_status_says_why_it_is_paused() {
    let mut editor = Editor::open(Project::slow(), "calc.py");
    editor.save();
    editor.wait_for_state("forging");
    let text = editor.text.clone();
    editor.type_text(&format!("{text}# typing\n"));
    let paused = |editor: &mut Editor, reason: &str| {
        let found = editor.session.client.wait_for(
            |message| message.method() == "hephaestus/status" && message.params()["reason"] == reason,
            PATIENCE,
        );
        assert_eq!(found.unwrap().params()["state"], "paused");
    };
    paused(&mut editor, "typing");
    editor.execute("hephaestus.pause", json!([]));
    paused(&mut editor, "user");
    editor.execute("hephaestus.cancel", json!([]));
    editor.execute("hephaestus.resume", json!([]));
    assert!(editor.wait_for_state("idle")["reason"].is_null());
    editor.session.close().unwrap();
}
