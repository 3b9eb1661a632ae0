//! The main path and its neighbours: goals appear, a save proves improvements, applying and undoing are noticed,
//! dismissed goals stay away, a restart forgets nothing, and nothing is run without trust.

use serde_json::{Value, json};

use crate::editor::{Editor, capabilities, codes, is_proven, proven_by, trusted};
use crate::project::Project;
use crate::session::PATIENCE;

const HINT: i64 = 4;
const INFORMATION: i64 = 3;

/// Two goals that both hold, in a file with an astral character above them.
const SHELF: &str = "\
NAME = '😀'; EMPTY = []


def is_empty(books):
    if len(books) == 0:
        return True
    else:
        return False


def is_full(books):
    if len(books) > 9:
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

    def test_full(self):
        self.assertIs(shelf.is_full([1] * 10), True)
        self.assertIs(shelf.is_full([]), False)
";

fn project() -> Project {
    Project::with(&[("shelf.py", SHELF), ("test_shelf.py", TESTS)])
}

/// The rule that both functions break.
const RULE: &str = "python/return-condition";

fn all_proven(editor: &mut Editor) {
    editor.wait_for_diagnostics("proven", |list| proven_by(list, RULE).len() == 2);
    editor.wait_for_end();
}

/// What the registry says became of candidates, in order.
fn decisions(editor: &Editor) -> Vec<String> {
    let output = editor.session.project.command(&["registry", "export"]).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let lines = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let decisions = lines.filter(|line| line["type"] == "decision");
    decisions.map(|decision| decision["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_goal_becomes_a_proven_improvement_becomes_an_edit() {
    let mut editor = Editor::open(project(), "shelf.py");
    editor.wait_for_diagnostics("goals", |list| list.len() >= 2);
    assert!(
        codes(&editor.diagnostics).iter().all(|(severity, _)| *severity == HINT),
        "{:?}",
        editor.diagnostics
    );
    let description = editor.diagnostics[0]["codeDescription"]["href"].as_str().unwrap();
    assert!(description.starts_with("file://") && description.contains("python.md#"), "{description}");
    editor.save();
    all_proven(&mut editor);
    let proven = proven_by(&editor.diagnostics, RULE);
    assert_eq!(proven[0]["severity"], INFORMATION);
    let words = "2 tests passed once, those that reach it twice";
    assert!(proven[0]["message"].as_str().unwrap().contains(words), "{}", proven[0]);

    let actions = editor.actions(Some(&proven[0]), None);
    let apply = &actions[0];
    assert!(apply["title"].as_str().unwrap().starts_with("Apply: "), "{actions:#?}");
    assert_eq!((&apply["isPreferred"], &apply["kind"]), (&json!(true), &json!("quickfix")));
    assert!(apply["edit"].is_null(), "the edit comes when it is picked");
    let picked = editor.pick(apply);
    assert!(
        picked["edit"]["changeAnnotations"]["proof"]["description"].as_str().unwrap().contains("2 tests")
    );
    assert!(
        editor.text.contains("return len(books) == 0") || editor.text.contains("return not books"),
        "{}",
        editor.text
    );

    // The other one was proved together with it: it stays on offer, and fits the new text.
    editor.wait_for_diagnostics("the other one", |list| proven_by(list, RULE).len() == 1);
    let other = proven_by(&editor.diagnostics, RULE)[0].clone();
    let actions = editor.actions(Some(&other), Some("quickfix"));
    editor.pick(&actions[0]);
    assert!(!editor.text.contains("else:"), "{}", editor.text);
    editor.wait_for_diagnostics("nothing left", |list| !list.iter().any(is_proven));
    assert!(editor.tests_pass(), "the project's own tests pass on what was applied");
    editor.session.close().unwrap();
}

#[test]
fn everything_proven_is_applied_at_once_on_save() {
    let mut editor = Editor::open(project(), "shelf.py");
    assert_eq!(editor.actions(None, Some("source.fixAll")), Vec::<Value>::new());
    editor.save();
    all_proven(&mut editor);
    let actions = editor.actions(None, Some("source.fixAll"));
    let [all] = actions.as_slice() else { panic!("{actions:#?}") };
    assert_eq!(all["kind"], "source.fixAll.hephaestus");
    editor.pick(all);
    assert!(!editor.text.contains("else:"), "{}", editor.text);
    let unasked = editor.actions(None, None);
    assert!(unasked.iter().all(|action| action["kind"] != "source.fixAll.hephaestus"));
    editor.session.close().unwrap();
}

#[test]
fn applied_and_undone_are_observed_from_the_text() {
    let mut editor = Editor::open(project(), "shelf.py");
    editor.save();
    all_proven(&mut editor);
    let before = editor.text.clone();
    let first = proven_by(&editor.diagnostics, RULE)[0].clone();
    let actions = editor.actions(Some(&first), None);
    editor.pick(&actions[0]);
    let logged = |editor: &mut Editor, word: &str| {
        let found = editor.session.client.wait_for(
            |message| {
                message.method() == "window/logMessage"
                    && message.params()["message"].as_str().unwrap().ends_with(word)
            },
            PATIENCE,
        );
        found.unwrap();
    };
    logged(&mut editor, "was applied");
    editor.type_text(&before);
    logged(&mut editor, "was undone");
    editor.wait_for_diagnostics("on offer again", |list| proven_by(list, RULE).len() == 2);
    assert_eq!(decisions(&editor), ["applied", "undone"]);
    editor.session.close().unwrap();
}

#[test]
fn a_dismissed_goal_stays_away_even_after_a_restart() {
    let mut editor = Editor::open(project(), "shelf.py");
    editor.wait_for_diagnostics("goals", |list| list.len() >= 2);
    let count = editor.diagnostics.len();
    let goal = editor.diagnostics[0]["data"]["goal"].clone();
    let uri = editor.uri.clone();
    editor.wait_for_state("idle");
    editor.execute("hephaestus.dismiss", json!([uri, goal]));
    editor.wait_for_diagnostics("one less", |list| list.len() == count - 1);
    let project = editor.session.close_and_keep().unwrap();
    let mut editor = Editor::open(project, "shelf.py");
    editor.wait_for_diagnostics("still one less", |list| list.len() == count - 1);
    // Its code changes: it is another goal now.
    editor.type_text(&SHELF.replace("def is_empty", "def is_bare"));
    editor.wait_for_diagnostics("back", |list| list.len() == count);
    editor.session.close().unwrap();
}

#[test]
fn a_reopened_workspace_shows_what_was_proven_before() {
    let mut editor = Editor::open(project(), "shelf.py");
    editor.save();
    all_proven(&mut editor);
    let project = editor.session.close_and_keep().unwrap();
    let mut editor = Editor::open_with(project, "shelf.py", capabilities(), trusted(Some(false)));
    editor.wait_for_diagnostics("remembered", |list| proven_by(list, RULE).len() == 2);
    let position = proven_by(&editor.diagnostics, RULE)[0]["range"]["start"].clone();
    let uri = editor.uri.clone();
    let hover =
        editor.request("textDocument/hover", json!({"textDocument": {"uri": uri}, "position": position}));
    let card = hover["contents"]["value"].as_str().unwrap();
    assert!(card.contains("Proven improvement") && card.contains("not checked: "), "{card}");
    assert!(card.contains("earlier session"), "{card}");
    assert_eq!(editor.stats()["forges"], 0);
    editor.session.close().unwrap();
}

#[test]
fn without_trust_nothing_is_run_and_the_user_is_told() {
    let mut editor = Editor::open_with(project(), "shelf.py", capabilities(), trusted(Some(false)));
    editor.wait_for_diagnostics("goals all the same", |list| list.len() >= 2);
    editor.wait_for_state("untrusted");
    editor.save();
    let uri = editor.uri.clone();
    editor.execute("hephaestus.forgeFile", json!([uri]));
    let said = editor.session.client.wait_for(
        |message| {
            message.method() == "window/showMessage"
                && message.params()["message"].as_str().unwrap().contains("not trusted")
        },
        PATIENCE,
    );
    said.unwrap();
    assert_eq!(editor.stats()["forges"], 0);
    editor.execute("hephaestus.trust", json!([true]));
    all_proven(&mut editor);
    editor.session.close().unwrap();
}

#[test]
fn who_never_said_is_asked_once() {
    let mut editor = Editor::open_with(project(), "shelf.py", capabilities(), trusted(None));
    editor.session.client.set_silent(true);
    editor.save();
    let is_question =
        |message: &hephaestus_lsp::client::Message| message.method() == "window/showMessageRequest";
    let question = editor.session.client.wait_for(is_question, PATIENCE).unwrap();
    let id = question.value["id"].clone();
    editor.save();
    assert_eq!(editor.stats()["forges"], 0);
    let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"title": "Trust"}});
    editor.session.client.send(&answer).unwrap();
    editor.session.client.set_silent(false);
    all_proven(&mut editor);
    let asked_again =
        editor.session.client.take_messages().iter().filter(|message| is_question(message)).count();
    assert_eq!(asked_again, 0);
    editor.session.close().unwrap();
}

#[test]
fn after_an_edit_nothing_is_applied_that_was_proved_before_it() {
    let mut editor = Editor::open(project(), "shelf.py");
    editor.save();
    all_proven(&mut editor);
    let old = proven_by(&editor.diagnostics, RULE)[0].clone();
    let action = editor.actions(Some(&old), None)[0].clone();
    editor.type_text(&format!("{SHELF}\n\nX = 1\n"));
    let refused = editor.session.client.request("codeAction/resolve", action).unwrap_err();
    assert!(refused.to_string().contains("-32801"), "{refused}");
    editor.wait_for_diagnostics("hints again", |list| list.len() >= 2 && !list.iter().any(is_proven));
    let actions = editor.actions(Some(&old), None);
    assert!(
        actions[0]["disabled"]["reason"].as_str().unwrap().contains("when you save the file"),
        "{actions:#?}"
    );
    editor.save();
    all_proven(&mut editor);
    editor.session.close().unwrap();
}

#[test]
fn a_running_forge_can_be_cancelled_from_its_progress_bar() {
    let mut editor = Editor::open(Project::slow(), "calc.py");
    editor.save();
    let progress = |value: &Value, kind: &str| value["value"]["kind"] == kind;
    let begun = editor
        .session
        .client
        .wait_for(|message| message.method() == "$/progress" && progress(message.params(), "begin"), PATIENCE)
        .unwrap();
    assert_eq!(begun.params()["value"]["cancellable"], true);
    let token = begun.params()["token"].clone();
    editor.session.client.notify("window/workDoneProgress/cancel", json!({"token": token})).unwrap();
    let ended = editor
        .session
        .client
        .wait_for(|message| message.method() == "$/progress" && progress(message.params(), "end"), PATIENCE);
    assert_eq!(ended.unwrap().params()["token"], token);
    editor.session.close().unwrap();
}

#[test]
fn typing_pauses_a_running_forge() {
    let mut editor = Editor::open(Project::slow(), "calc.py");
    editor.save();
    editor.wait_for_state("forging");
    let text = editor.text.clone();
    editor.type_text(&format!("{text}# typing\n"));
    let paused = editor.wait_for_state("paused");
    assert!(paused["message"].as_str().unwrap().contains("while you type"), "{paused}");
    editor.wait_for_state("forging");
    editor.execute("hephaestus.pause", json!([]));
    editor.wait_for_state("paused");
    editor.execute("hephaestus.cancel", json!([]));
    editor.execute("hephaestus.resume", json!([]));
    editor.wait_for_state("idle");
    editor.session.close().unwrap();
}

#[test]
fn a_burst_of_edits_costs_few_analyses() {
    let mut editor = Editor::open(project(), "shelf.py");
    editor.wait_for_diagnostics("goals", |list| list.len() >= 2);
    let before = editor.stats()["analyses"].as_u64().unwrap();
    let text = editor.text.clone();
    for n in 0..30 {
        editor.type_text(&format!("{text}# {n}\n"));
    }
    let version = editor.version;
    let last = editor.session.client.wait_for(
        |message| {
            message.method() == "textDocument/publishDiagnostics" && message.params()["version"] == version
        },
        PATIENCE,
    );
    last.unwrap();
    let after = editor.stats()["analyses"].as_u64().unwrap();
    assert!(after - before <= 3, "{} analyses", after - before);
    editor.session.close().unwrap();
}

#[test]
fn lenses_tell_what_is_ready() {
    let mut editor = Editor::open(project(), "shelf.py");
    editor.save();
    all_proven(&mut editor);
    let uri = editor.uri.clone();
    let lenses = editor.request("textDocument/codeLens", json!({"textDocument": {"uri": uri}}));
    let titles: Vec<&str> =
        lenses.as_array().unwrap().iter().map(|lens| lens["command"]["title"].as_str().unwrap()).collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert!(titles.iter().all(|title| title.ends_with(" proven")), "{titles:?}");
    let command = &lenses[0]["command"];
    let (name, arguments) = (command["command"].as_str().unwrap().to_owned(), command["arguments"].clone());
    let card = editor.execute(&name, arguments);
    assert!(card["value"].as_str().unwrap().contains("not checked: "), "{card}");
    editor.session.close().unwrap();
}

#[test]
fn the_server_applies_what_it_is_told_to_by_command() {
    let mut editor = Editor::open(project(), "shelf.py");
    editor.save();
    all_proven(&mut editor);
    let goal = proven_by(&editor.diagnostics, RULE)[0]["data"]["goal"].clone();
    let uri = editor.uri.clone();
    editor.execute("hephaestus.apply", json!([uri, goal]));
    let is_edit = |message: &hephaestus_lsp::client::Message| message.method() == "workspace/applyEdit";
    let sent = editor.session.client.wait_for(is_edit, PATIENCE).unwrap();
    editor.apply(&sent.params()["edit"]);
    editor.wait_for_diagnostics("one less", |list| proven_by(list, RULE).len() == 1);
    let wrong = editor.session.client.request(
        "workspace/executeCommand",
        json!({"command": "hephaestus.apply", "arguments": [uri, "no such goal"]}),
    );
    assert!(wrong.unwrap_err().to_string().contains("nothing is proven"));
    editor.session.close().unwrap();
}

#[test]
fn what_no_test_notices_is_shown_with_what_to_do_first() {
    let project = project();
    project.write(
        "test_shelf.py",
        TESTS.replace("self.assertIs(shelf.is_full([1] * 10), True)", "shelf.is_full([1] * 10)"),
    );
    let mut editor = Editor::open(project, "shelf.py");
    editor.save();
    let is_survivor = |own: &Value| own["code"].as_str().unwrap_or_default().starts_with("mutants/");
    editor.wait_for_diagnostics("survivors", |list| list.iter().any(is_survivor));
    let survivor = editor.diagnostics.iter().find(|own| is_survivor(own)).unwrap().clone();
    assert_eq!(survivor["severity"], HINT);
    let line = survivor["range"]["start"]["line"].as_u64().unwrap();
    assert!((11..=14).contains(&line), "in is_full, which is hardly tested: {survivor}");
    let message = survivor["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("No test would notice: "), "{message}");

    let actions = editor.actions(Some(&survivor), Some("quickfix"));
    let title = format!("Strengthen the tests first: {message}");
    let action = actions.iter().find(|action| action["title"] == title.as_str());
    let action = action.unwrap_or_else(|| panic!("{actions:#?}")).clone();
    assert_eq!(action["diagnostics"], json!([survivor]));
    let forges = |action: &Value| action["title"] == format!("Forge: {message}").as_str();
    assert!(!actions.iter().any(forges), "nobody can forge a test: {actions:#?}");
    let command = &action["command"];
    let card = editor.execute(command["command"].as_str().unwrap(), command["arguments"].clone());
    assert!(card["value"].as_str().unwrap().contains("A test that fails on this fault"), "{card}");

    // A test that looks closer ends it.
    editor.wait_for_state("idle");
    let (uri, text) = (editor.uri.clone(), editor.text.clone());
    editor.uri = editor.session.uri("test_shelf.py");
    editor.text = TESTS.replace("is_full([]), False", "is_full([1] * 9), False");
    editor.session.open(&editor.uri.clone(), &editor.text.clone()).unwrap();
    editor.save();
    (editor.uri, editor.text) = (uri, text);
    editor.save();
    editor.wait_for_diagnostics("no survivors", |list| {
        !list.iter().any(is_survivor) && proven_by(list, RULE).len() == 2
    });
    editor.session.close().unwrap();
}
