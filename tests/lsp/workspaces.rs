//! What lies around a document: settings, folders, files on disk, encodings, documents that are no files, and editors
//! that ask for diagnostics instead of being told.

use serde_json::{Value, json};

use crate::editor::{Editor, capabilities, codes, trusted};
use crate::project::Project;
use crate::session::PATIENCE;

const CODE: &str = "def is_big(x):\n    if x > 9:\n        return True\n    else:\n        return False\n";
const RULE: &str = "python/return-condition";

fn project() -> Project {
    Project::with(&[("a.py", CODE), ("sub/b.py", CODE)])
}

fn pulling() -> Value {
    let mut capabilities = capabilities();
    capabilities["textDocument"]["diagnostic"] = json!({});
    capabilities["workspace"]["diagnostics"] = json!({"refreshSupport": true});
    capabilities
}

fn has_rule(list: &[Value]) -> bool {
    list.iter().any(|own| own["code"] == RULE)
}

#[test]
fn severities_come_from_the_configuration_and_from_the_editor() {
    let project = project();
    project.write("hephaestus.toml", "[editor.severity]\nsimplify = \"warning\"\ndead-code = \"error\"\n");
    let mut editor = Editor::open(project, "a.py");
    editor.wait_for_diagnostics("warnings", |list| codes(list).contains(&(2, RULE.to_owned())));
    let settings = json!({"hephaestus": {"editor": {"severity": {"simplify": "off", "dead-code": "off"}}}});
    let params = json!({"settings": settings});
    editor.session.client.notify("workspace/didChangeConfiguration", params).unwrap();
    editor.wait_for_diagnostics("silence", |list| !has_rule(list));
    editor.session.close().unwrap();
}

#[test]
fn a_broken_configuration_is_told_at_its_place_and_mended_when_it_is_saved() {
    let project = project();
    project.write("hephaestus.toml", "[forge]\nbeem = 2\n");
    let mut editor = Editor::open(project, "a.py");
    let uri = editor.session.uri("hephaestus.toml");
    let complaint = |editor: &mut Editor, count: usize| {
        let found = editor.session.client.wait_for(
            |message| {
                message.method() == "textDocument/publishDiagnostics"
                    && message.params()["uri"] == uri.as_str()
                    && message.params()["diagnostics"].as_array().unwrap().len() == count
            },
            PATIENCE,
        );
        found.unwrap().params()["diagnostics"].clone()
    };
    let told = complaint(&mut editor, 1);
    assert_eq!(told[0]["range"]["start"]["line"], 1);
    assert!(told[0]["message"].as_str().unwrap().contains("beam"), "{told}");
    editor.wait_for_diagnostics("goals by the defaults", has_rule);
    editor.session.project.write("hephaestus.toml", "[forge]\nbeam = 2\n");
    let changes = json!({"changes": [{"uri": uri, "type": 2}]});
    editor.session.client.notify("workspace/didChangeWatchedFiles", changes).unwrap();
    complaint(&mut editor, 0);
    editor.session.close().unwrap();
}

#[test]
fn who_asks_for_diagnostics_is_answered_and_told_when_to_ask_again() {
    let mut editor = Editor::open_with(project(), "a.py", pulling(), trusted(Some(false)));
    let uri = editor.uri.clone();
    let ask = |editor: &mut Editor, uri: &str, previous: Value| {
        let params = json!({"textDocument": {"uri": uri}, "previousResultId": previous});
        editor.request("textDocument/diagnostic", params)
    };
    let first = ask(&mut editor, &uri, Value::Null);
    assert_eq!(first["kind"], "full");
    assert!(has_rule(first["items"].as_array().unwrap()), "{first}");
    assert_eq!(ask(&mut editor, &uri, first["resultId"].clone())["kind"], "unchanged");
    editor.type_text("x = 1\n");
    let second = ask(&mut editor, &uri, first["resultId"].clone());
    assert_eq!((&second["kind"], &second["items"]), (&json!("full"), &json!([])), "the newest text is meant");
    editor.wait_for_state("untrusted");
    let is_refresh =
        |message: &hephaestus_lsp::client::Message| message.method() == "workspace/diagnostic/refresh";
    editor.session.client.wait_for(is_refresh, PATIENCE).unwrap();
    while editor.stats()["index_done"] != true {}
    let closed = editor.session.uri("sub/b.py");
    let all = editor.request("workspace/diagnostic", json!({"previousResultIds": []}));
    let items = all["items"].as_array().unwrap();
    assert!(
        items.iter().all(|item| item["uri"] != uri.as_str()),
        "open documents are asked about one by one"
    );
    let item = items.iter().find(|item| item["uri"] == closed.as_str()).unwrap();
    assert!(has_rule(item["items"].as_array().unwrap()), "{item}");
    let previous = json!({"previousResultIds": [{"uri": closed, "value": item["resultId"]}]});
    let again = editor.request("workspace/diagnostic", previous);
    assert_eq!(again["items"][0]["kind"], "unchanged");
    let pushed = editor.session.client.take_messages();
    let pushed = pushed.iter().filter(|message| {
        message.method() == "textDocument/publishDiagnostics" && message.params()["uri"] == uri.as_str()
    });
    assert_eq!(pushed.count(), 0, "nothing is told twice");
    editor.session.close().unwrap();
}

#[test]
fn files_that_change_on_disk_are_looked_at_again() {
    let mut editor = Editor::open_with(project(), "a.py", pulling(), trusted(Some(false)));
    while editor.stats()["index_done"] != true {}
    let closed = editor.session.uri("sub/b.py");
    let goals = |editor: &mut Editor| {
        let params = json!({"textDocument": {"uri": closed}});
        editor.request("textDocument/diagnostic", params)["items"].as_array().unwrap().len()
    };
    assert!(goals(&mut editor) > 0);
    editor.session.project.write("sub/b.py", "x = 1\n");
    let changes: Vec<Value> = (0..50).map(|_| json!({"uri": closed, "type": 2})).collect();
    editor.session.client.notify("workspace/didChangeWatchedFiles", json!({"changes": changes})).unwrap();
    let looked = editor.session.client.wait_for(
        |message| {
            message.method() == "window/logMessage"
                && message.params()["message"].as_str().unwrap().contains("1 files changed on disk")
        },
        PATIENCE,
    );
    looked.unwrap();
    while goals(&mut editor) > 0 {}
    editor.session.close().unwrap();
}

#[test]
fn folders_come_and_go() {
    let mut editor = Editor::open(project(), "a.py");
    editor.wait_for_diagnostics("goals", has_rule);
    let other =
        Project::with(&[("c.py", CODE), ("hephaestus.toml", "[editor.severity]\nsimplify = \"error\"\n")]);
    let root = format!("file://{}", other.root().display());
    let folder = json!({"uri": root, "name": "other"});
    editor.uri = format!("{root}/c.py");
    editor.session.open(&editor.uri.clone(), CODE).unwrap();
    editor.wait_for_diagnostics("hints outside all folders", |list| {
        codes(list).contains(&(4, RULE.to_owned()))
    });
    let add = json!({"event": {"added": [folder], "removed": []}});
    editor.session.client.notify("workspace/didChangeWorkspaceFolders", add).unwrap();
    editor.wait_for_diagnostics("errors inside one", |list| codes(list).contains(&(1, RULE.to_owned())));
    let remove = json!({"event": {"added": [], "removed": [folder]}});
    editor.session.client.notify("workspace/didChangeWorkspaceFolders", remove).unwrap();
    editor.wait_for_diagnostics("hints again", |list| codes(list).contains(&(4, RULE.to_owned())));
    editor.session.close().unwrap();
}

#[test]
fn places_count_as_the_editor_wants() {
    for (encoding, character) in [("utf-8", 21), ("utf-16", 17), ("utf-32", 15)] {
        let text = "def f(x):\n    z = ('😀😀', True if x else False)\n    return z\n";
        let mut capabilities = capabilities();
        capabilities["general"]["positionEncodings"] = json!(["ebcdic", encoding]);
        let project = Project::with(&[("a.py", text)]);
        let mut editor = Editor::open_with(project, "a.py", capabilities, trusted(Some(false)));
        editor.wait_for_diagnostics(encoding, |list| !list.is_empty());
        let ternary = editor.diagnostics.iter().find(|own| own["code"] == "python/bool-ternary").unwrap();
        let start = &ternary["range"]["start"];
        assert_eq!(*start, json!({"line": 1, "character": character}), "{encoding}");
        editor.session.close().unwrap();
    }
}

#[test]
fn line_ends_marks_and_documents_without_a_file_are_all_right() {
    let mut editor = Editor::open(project(), "a.py");
    editor.wait_for_diagnostics("goals", has_rule);
    for (uri, text, line) in [
        ("untitled:Untitled-1.py".to_owned(), CODE.to_owned(), 1),
        ("vscode-vfs://github/x/y.py".to_owned(), CODE.replace('\n', "\r\n"), 1),
        (editor.session.uri("new.py"), format!("\u{feff}# \u{2028}\n{CODE}"), 2),
    ] {
        editor.uri = uri;
        editor.session.open(&editor.uri.clone(), &text).unwrap();
        editor.wait_for_diagnostics("goals", |list| {
            list.iter().any(|own| own["code"] == RULE && own["range"]["start"]["line"] == line)
        });
    }
    editor.session.close().unwrap();
}
