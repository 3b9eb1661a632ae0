//! Directives as live documents: problems with their fixes, what may be written, what it means, where it is, what is known
//! of each line; and texts that no directive should be.

use hephaestus_core::{ContentHash, RelPath};
use hephaestus_workspace::directive::{Outcome, Record, TestPlace, parse};
use serde_json::{Value, json};

use crate::editor::{Editor, capabilities, codes, trusted};
use crate::project::Project;
use crate::session::PATIENCE;

const FILE: &str = ".hephaestus/directives/digits.forge.md";

const SLUG: &str = "\
def slugify(text):
    return \"-\".join(text.lower().split())


class Slugger:
    def clean(self, text):
        return text.strip()
";

const TESTS: &str = "\
def test_words():
    assert True


def test_digits():
    assert True
";

/// Astral characters stand before what is wrong.
const WRONG: &str = "\
+++
kind = \"fix\"
goal = \"🔢🔢 digits\"
[target]
files = [\"src/slag.py\"] # 🔢
symbols = [\"🔢\", \"slugfy\"]

[[example]]
call = \"slugify('A 1')\"
value = \"'a-1'\"

[[acceptance]]
text = \"Digits are kept\"
check = \"manual\"
+++
";

fn right() -> String {
    WRONG.replace("slag", "slug").replace("\"🔢\", \"slugfy\"", "\"slugify\"")
}

fn project(directive: &str) -> Project {
    Project::with(&[("src/slug.py", SLUG), ("tests/test_slug.py", TESTS), (FILE, directive)])
}

/// An editor with the directive open, in a folder that was looked at.
fn editor(directive: &str) -> Editor {
    let mut editor = Editor::open(project(directive), FILE);
    editor.wait_for_state("idle");
    editor
}

/// The position of the first `needle` in the text, as UTF-16 has it, moved on by so many characters.
fn position(text: &str, needle: &str, on: usize) -> Value {
    let at = text.find(needle).unwrap_or_else(|| panic!("no {needle} in {text}")) + on;
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    json!({"line": before.matches('\n').count(), "character": before[start..].encode_utf16().count()})
}

fn at(editor: &Editor, needle: &str, on: usize) -> Value {
    json!({"textDocument": {"uri": editor.uri}, "position": position(&editor.text, needle, on)})
}

fn labels(editor: &mut Editor, needle: &str, on: usize) -> Vec<String> {
    let params = at(editor, needle, on);
    let items = editor.request("textDocument/completion", params);
    items.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn problems_stand_where_they_are_and_their_fixes_end_them() {
    let mut editor = editor(WRONG);
    let is_there = |list: &[Value], code: &str| list.iter().any(|own| own["code"] == code);
    editor.wait_for_diagnostics("files", |list| is_there(list, "directive/unknown-file"));
    assert_eq!(codes(&editor.diagnostics), [(1, "directive/unknown-file".to_owned())]);
    let range = &editor.diagnostics[0]["range"];
    assert_eq!(range["start"], position(WRONG, "\"src/slag.py\"", 0));
    assert_eq!(range["end"], position(WRONG, "\"src/slag.py\"", "\"src/slag.py\"".len()));

    let actions = editor.actions(Some(&editor.diagnostics[0].clone()), Some("quickfix"));
    assert_eq!(actions[0]["title"], "Change to `src/slug.py`");
    editor.pick(&actions[0]);
    // Now that the file is there, its names are known.
    editor.wait_for_diagnostics("symbols", |list| is_there(list, "directive/unknown-symbol"));
    let wrong = editor.diagnostics.iter().find(|own| own["message"].as_str().unwrap().contains("slugfy"));
    let wrong = wrong.unwrap().clone();
    assert_eq!(wrong["range"]["start"], position(&editor.text, "\"slugfy\"", 0));
    let actions = editor.actions(Some(&wrong), None);
    let fix = actions.iter().find(|action| action["title"] == "Change to `slugify`").unwrap().clone();
    editor.pick(&fix);
    let text = editor.text.replace("\"🔢\", ", "");
    editor.type_text(&text);
    editor.wait_for_diagnostics("nothing wrong", <[Value]>::is_empty);
    assert_eq!(editor.text, right());
    editor.session.close().unwrap();
}

#[test]
fn what_may_be_written_is_offered() {
    let mut editor = editor(&right());
    editor.wait_for_diagnostics("a look", <[Value]>::is_empty);
    assert!(labels(&mut editor, "kind", 0).contains(&"priority".to_owned()));
    let kinds = labels(&mut editor, "\"fix\"", 1);
    assert_eq!(kinds, ["build", "improve", "fix", "refactor", "optimize", "test"]);
    let files = labels(&mut editor, "src/slug.py", 2);
    assert!(files.contains(&"src/slug.py".to_owned()) && files.contains(&"src/**".to_owned()), "{files:?}");
    assert_eq!(labels(&mut editor, "slugify\"]", 3), ["Slugger", "Slugger.clean", "slugify"]);
    assert!(labels(&mut editor, "manual", 2).contains(&"property".to_owned()));
    // What is picked replaces the quotes too.
    let params = at(&editor, "\"fix\"", 1);
    let items = editor.request("textDocument/completion", params);
    let edit = &items[0]["textEdit"];
    assert_eq!(
        (&edit["newText"], &edit["range"]["start"]),
        (&json!("\"build\""), &position(&editor.text, "\"fix\"", 0))
    );

    let half = "+++\nkind = \"fix\"\ngoal = \"x\"\n[[acc";
    editor.type_text(half);
    assert!(labels(&mut editor, "[[acc", 5).contains(&"[[acceptance]]".to_owned()));
    editor.type_text("+++\nkind = \"fix\"\ngoal = \"x\"\n[threshold]\nco");
    assert!(labels(&mut editor, "\nco", 3).contains(&"cognitive".to_owned()));
    editor.session.close().unwrap();
}

#[test]
fn what_stands_there_is_explained_and_gone_to() {
    let mut editor = editor(&right());
    editor.wait_for_diagnostics("a look", <[Value]>::is_empty);
    let hover = |editor: &mut Editor, needle: &str| {
        let params = at(editor, needle, 1);
        editor.request("textDocument/hover", params)["contents"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(hover(&mut editor, "kind").starts_with("**kind**: What sort of change"));
    assert!(hover(&mut editor, "\"fix\"").contains("Mends code"));
    assert!(hover(&mut editor, "symbols").contains("target.symbols"));
    let line = hover(&mut editor, "check");
    assert!(line.contains("acceptance.check") && line.contains("Unproved: nothing was run"), "{line}");
    let places = |editor: &mut Editor, needle: &str| {
        let params = at(editor, needle, 2);
        editor.request("textDocument/definition", params)
    };
    let file = places(&mut editor, "\"src/slug.py\"");
    assert!(file[0]["uri"].as_str().unwrap().ends_with("src/slug.py"), "{file}");
    let symbol = places(&mut editor, "\"slugify\"");
    assert_eq!(symbol[0]["range"]["start"], json!({"line": 0, "character": 0}));
    assert_eq!(places(&mut editor, "goal"), Value::Null);
    editor.session.close().unwrap();
}

/// A record in which the example is proved by a test, and the acceptance line fails.
fn record() -> String {
    let path = RelPath::new(FILE).unwrap();
    let lines = parse(&right(), &path).directive.unwrap().lines();
    let slug = RelPath::new("src/slug.py").unwrap();
    let seen = [(slug, ContentHash::of(SLUG.as_bytes()))];
    let test =
        TestPlace { file: RelPath::new("tests/test_slug.py").unwrap(), name: "test_digits".to_owned() };
    let mut record = Record::new("digits", 1);
    let proved = Outcome::Proved { when_ms: 1, proof: None, already: false };
    record.note(&lines[0], proved, seen.clone().into(), vec![test]);
    record.note(&lines[1], Outcome::Failing { why: "you said no".to_owned() }, seen.into(), vec![]);
    record.to_text()
}

fn titles(editor: &mut Editor) -> Vec<String> {
    let lenses = editor.request("textDocument/codeLens", json!({"textDocument": {"uri": editor.uri}}));
    let title = |lens: &Value| lens["command"]["title"].as_str().unwrap().to_owned();
    lenses.as_array().unwrap().iter().map(title).filter(|title| title != "Forge this directive").collect()
}

fn hints(editor: &mut Editor) -> Vec<(u64, String)> {
    let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}});
    let params = json!({"textDocument": {"uri": editor.uri}, "range": whole});
    let hints = editor.request("textDocument/inlayHint", params);
    let hint =
        |own: &Value| (own["position"]["line"].as_u64().unwrap(), own["label"].as_str().unwrap().to_owned());
    hints.as_array().unwrap().iter().map(hint).collect()
}

#[test]
fn each_line_says_whether_it_is_proved_and_by_what() {
    let project = project(&right());
    project.write(".hephaestus/directives/state/digits.json", record());
    let mut editor = Editor::open(project, FILE);
    editor.wait_for_state("idle");
    assert_eq!(titles(&mut editor), ["proved", "failing: you said no"]);
    assert_eq!(hints(&mut editor), [(7, "proved".to_owned()), (11, "failing".to_owned())]);
    let params = at(&editor, "[[example]]", 3);
    let test = editor.request("textDocument/definition", params);
    assert!(test[0]["uri"].as_str().unwrap().ends_with("tests/test_slug.py"), "{test}");
    assert_eq!(test[0]["range"]["start"]["line"], 4);

    // A line that says something else is another one; the source as the editor has it counts.
    let changed = editor.text.replace("\"'a-1'\"", "\"'a_1'\"");
    editor.type_text(&changed);
    assert_eq!(titles(&mut editor), ["unproved", "failing: you said no"]);
    let source = editor.session.uri("src/slug.py");
    editor.session.open(&source, &format!("{SLUG}# changed\n")).unwrap();
    editor.type_text(&right());
    let stale = "stale since src/slug.py changed";
    assert_eq!(titles(&mut editor), [stale, stale]);
    editor.session.close().unwrap();
}

const CASES: &str = "\
import unittest

import slug


class SlugTest(unittest.TestCase):
    def test_one(self):
        self.assertEqual(slug.slugify(\"Abc\"), \"abc\")
";

/// Words are joined by the wrong letter.
const JOINED: &str = "def slugify(text):\n    words = text.lower().split()\n    return \"_\".join(words)\n";

const DASHES: &str = "\
+++
kind = \"fix\"
[target]
files = [\"slug.py\"]

[[example]]
call = \"slugify('A b')\"
value = \"'a-b'\"

[[example]]
call = \"slugify('a b C')\"
value = \"'a-b-c'\"
+++
# Words are joined by dashes
";

#[test]
fn a_directive_is_forged_from_the_editor_and_its_lines_are_proved_in_what_was_applied() {
    let project = Project::with(&[("slug.py", JOINED), ("test_slug.py", CASES), (FILE, DASHES)]);
    let mut editor = Editor::open(project, FILE);
    editor.wait_for_state("idle");
    assert_eq!(titles(&mut editor), ["unproved", "unproved"]);
    // What is not saved is not run.
    editor.type_text(&DASHES.replace("a-b-c", "a-b-d"));
    let unsaved = json!({"command": "hephaestus.directive.run", "arguments": [editor.uri]});
    let refused = editor.session.client.request("workspace/executeCommand", unsaved).unwrap_err();
    assert!(refused.to_string().contains("save it first"), "{refused}");
    editor.type_text(DASHES);
    editor.execute("hephaestus.directive.run", json!([editor.uri]));
    let is_edit = |message: &hephaestus_lsp::client::Message| message.method() == "workspace/applyEdit";
    let edit = editor.session.client.wait_for(is_edit, PATIENCE).unwrap().params()["edit"].clone();
    let changes = edit["documentChanges"].as_array().unwrap();
    let texts = serde_json::to_string(changes).unwrap();
    assert!(
        texts.contains("slug.py") && texts.contains("test_slug.py") && texts.contains("a-b-c"),
        "{texts}"
    );
    // In the files as they were, nothing holds; the record says in which it does.
    let record = editor.session.project.path(".hephaestus/directives/state/digits.json");
    let is_noted = || {
        let record = Record::from_text(&std::fs::read_to_string(&record).unwrap()).unwrap();
        record.lines.values().all(|line| matches!(line.outcome, Outcome::Proved { already: false, .. }))
    };
    let mut asked = 0;
    while !is_noted() && asked < 100 {
        titles(&mut editor);
        asked += 1;
    }
    assert!(is_noted());
    let stale = titles(&mut editor);
    assert!(stale.iter().all(|title| title.starts_with("stale since ")), "{stale:?}");
    editor.session.close().unwrap();
}

#[test]
fn directives_that_nobody_has_open_are_told_too() {
    let project = project(&right());
    project.write(".hephaestus/directives/other.forge.toml", "kind = \"optimise\"\ngoal = \"5 ms\"\n");
    let mut editor = Editor::open(project, "src/slug.py");
    let uri = editor.session.uri(".hephaestus/directives/other.forge.toml");
    let told = editor.session.client.wait_for(
        |message| {
            message.method() == "textDocument/publishDiagnostics" && message.params()["uri"] == uri.as_str()
        },
        PATIENCE,
    );
    let told = told.unwrap().params()["diagnostics"].clone();
    assert_eq!(told[0]["code"], "directive/unknown-kind");
    editor.session.close().unwrap();
}

#[test]
fn editors_that_ask_are_answered() {
    let mut able = capabilities();
    able["workspace"]["diagnostics"] = json!({"refreshSupport": true});
    able["textDocument"]["diagnostic"] = json!({});
    let mut editor = Editor::open_with(project(WRONG), FILE, able, trusted(Some(true)));
    editor.wait_for_state("idle");
    let params = json!({"textDocument": {"uri": editor.uri}});
    let report = editor.request("textDocument/diagnostic", params);
    assert_eq!(report["items"][0]["code"], "directive/unknown-file");
    let again = json!({"textDocument": {"uri": editor.uri}, "previousResultId": report["resultId"]});
    assert_eq!(editor.request("textDocument/diagnostic", again)["kind"], "unchanged");
    editor.session.close().unwrap();
}

#[test]
fn the_yaml_form_is_told_about_and_the_server_stays_quiet_about_the_rest() {
    let mut editor = editor(&right());
    let uri = editor.session.uri("old.forge.yaml");
    let text = "directive:\n  type: bug\n  descripton: \"🔢\"\n";
    editor.session.open(&uri, text).unwrap();
    editor.uri = uri;
    editor.text = text.to_owned();
    editor.version = 1;
    let is_unknown = |list: &[Value]| list.iter().any(|own| own["code"] == "directive/unknown-key");
    editor.wait_for_diagnostics("a slip", is_unknown);
    let unknown = editor.diagnostics.iter().find(|own| own["code"] == "directive/unknown-key").unwrap();
    assert_eq!(unknown["range"]["start"], json!({"line": 2, "character": 2}));
    let whole = json!({"textDocument": {"uri": editor.uri}, "position": {"line": 1, "character": 4}});
    assert_eq!(editor.request("textDocument/completion", whole.clone()), json!([]));
    let source = editor.session.uri("src/slug.py");
    editor.session.open(&source, SLUG).unwrap();
    let in_source = json!({"textDocument": {"uri": source}, "position": {"line": 0, "character": 6}});
    for method in ["textDocument/completion", "textDocument/definition"] {
        assert_eq!(editor.request(method, in_source.clone()), Value::Null, "{method}");
    }
    editor.session.close().unwrap();
}

#[test]
fn no_text_is_too_odd_to_be_answered() {
    let mut editor = editor(&right());
    let whole = right();
    let odd = [
        format!("+++\nkind = \"fix\"\ngoal = \"{}\"\n+++\n", "🔢".repeat(2_500_000)),
        "\0".repeat(10_000),
        format!("+++\nkind = {}\n+++\n", "[".repeat(10_000)),
        "+++\r\nkind = \"fix\"\rgoal = 'x'\r\n+++".to_owned(),
        "\u{feff}+++\n+++\n".to_owned(),
        "+++".to_owned(),
        String::new(),
    ];
    let halves = (0..whole.len()).step_by(7).filter(|end| whole.is_char_boundary(*end));
    let halves: Vec<String> = halves.map(|end| whole[..end].to_owned()).collect();
    for text in odd.iter().chain(&halves) {
        editor.type_text(text);
        let end = json!({"line": text.matches('\n').count(), "character": 5});
        let params = json!({"textDocument": {"uri": editor.uri}, "position": end});
        for method in ["textDocument/completion", "textDocument/hover", "textDocument/definition"] {
            editor.request(method, params.clone());
        }
        editor.actions(None, None);
        titles(&mut editor);
        hints(&mut editor);
    }
    editor.type_text(&whole);
    editor.wait_for_diagnostics("all is well again", <[Value]>::is_empty);
    editor.session.close().unwrap();
}
