//! Documents that are opened, edited and closed in every wrong order, and documents with odd names.

use serde_json::{Value, json};

use super::{INVALID_PARAMS, Row, Session, bytes, notification, request, steps};

/// What a document has to be after something was done to it.
fn expect_text(session: &mut Session, uri: &str, wanted: &[&str]) -> Result<(), String> {
    let text = session.text(uri).map_err(|error| format!("viewText: {error}"))?;
    if wanted.contains(&text.as_str()) {
        return Ok(());
    }
    let begin: String = text.chars().take(200).collect();
    Err(format!("the text is {begin:?} and not one of {wanted:?}"))
}

/// Opens `text`, makes `changes` and compares.
fn edited(session: &mut Session, text: &str, changes: Value, wanted: &[&str]) -> Result<(), String> {
    let uri = session.uri("edited.py");
    session.open(&uri, text).map_err(|error| error.to_string())?;
    session.change(&uri, 2, changes).map_err(|error| error.to_string())?;
    expect_text(session, &uri, wanted)
}

fn range(from: (u64, u64), to: (u64, u64)) -> Value {
    json!({
        "start": {"line": from.0, "character": from.1},
        "end": {"line": to.0, "character": to.1}
    })
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = orders();
    rows.extend(edits());
    rows
}

fn orders() -> Vec<Row> {
    let document = || json!({"uri": "file:///nowhere/a.py", "version": 3});
    vec![
        bytes("a change of what is not open", {
            notification(
                "textDocument/didChange",
                json!({"textDocument": document(), "contentChanges": [{"text": "x"}]}),
            )
        }),
        bytes("a range in what is not open", {
            let change = json!({"range": range((0, 0), (9, 9)), "text": "x"});
            notification(
                "textDocument/didChange",
                json!({"textDocument": document(), "contentChanges": [change]}),
            )
        }),
        bytes(
            "closing what is not open",
            notification("textDocument/didClose", json!({"textDocument": document()})),
        ),
        bytes("saving what is not open", {
            notification("textDocument/didSave", json!({"textDocument": document(), "text": "x"}))
        }),
        bytes(
            "the text of what is not open",
            request(1000, "hephaestus/viewText", json!({"textDocument": document()})),
        )
        .refused(1000, &[INVALID_PARAMS]),
        steps("opening twice: the second text counts", |session| {
            let uri = session.uri("twice.py");
            let opened = session.open(&uri, "first\n").and_then(|()| session.open(&uri, "second\n"));
            opened.map_err(|error| error.to_string())?;
            expect_text(session, &uri, &["second\n"])
        }),
        steps("changing after closing", |session| {
            let uri = session.uri("closed.py");
            let closing = json!({"textDocument": {"uri": uri}});
            let sent = session
                .open(&uri, "x\n")
                .and_then(|()| session.client.notify("textDocument/didClose", closing.clone()))
                .and_then(|()| session.change(&uri, 2, json!([{"text": "y\n"}])))
                .and_then(|()| session.client.notify("textDocument/didClose", closing))
                .and_then(|()| session.open(&uri, "z\n"));
            sent.map_err(|error| error.to_string())?;
            expect_text(session, &uri, &["z\n"])
        }),
        steps("versions that go back, stand still and leap", |session| {
            let uri = session.uri("versions.py");
            session.open(&uri, "").map_err(|error| error.to_string())?;
            for (version, text) in
                [(5, "a"), (3, "b"), (3, "c"), (-7, "d"), (i64::from(i32::MAX), "e"), (1, "f")]
            {
                let change = json!([{"range": range((9, 9), (9, 9)), "text": text}]);
                session.change(&uri, version, change).map_err(|error| error.to_string())?;
            }
            // A change that is older than the text is either made or refused, as a whole.
            expect_text(session, &uri, &["abcdef", "ae"])
        }),
        steps("a version beyond all versions", |session| {
            let uri = session.uri("versions.py");
            session.open(&uri, "x").map_err(|error| error.to_string())?;
            session.change(&uri, i64::MAX, json!([{"text": "y"}])).map_err(|error| error.to_string())?;
            expect_text(session, &uri, &["x", "y"])
        }),
        steps("an unknown language", |session| {
            let uri = session.uri("a.unknown");
            let item = json!({"uri": uri, "languageId": "\u{0}klingon", "version": 1, "text": "nuqneH\n"});
            session
                .client
                .notify("textDocument/didOpen", json!({"textDocument": item}))
                .map_err(|e| e.to_string())?;
            session.change(&uri, 2, json!([{"text": "Qapla'"}])).map_err(|error| error.to_string())?;
            let hover = json!({"textDocument": {"uri": uri}, "position": {"line": 0, "character": 1}});
            session.client.request("textDocument/hover", hover).map_err(|error| error.to_string())?;
            Ok(())
        }),
    ]
}

fn edits() -> Vec<Row> {
    vec![
        steps("positions beyond the end are the end", |session| {
            let changes = json!([
                {"range": range((0, 99), (0, 99)), "text": "!"},
                {"range": range((99, 0), (99, 5)), "text": "?"},
                {"range": range((4_294_967_295, 4_294_967_295), (4_294_967_295, 4_294_967_295)), "text": "."}
            ]);
            edited(session, "a\nb\n", changes, &["a!\nb\n?."])
        }),
        steps("a range that is reversed is turned round or refused", |session| {
            let changes = json!([{"range": range((1, 1), (0, 1)), "text": "-"}]);
            edited(session, "ab\ncd\n", changes, &["a-d\n", "ab\ncd\n"])
        }),
        steps("the middle of a character", |session| {
            let changes = json!([{"range": range((0, 2), (0, 2)), "text": "-"}]);
            edited(session, "a😀b", changes, &["a-😀b", "a😀-b"])
        }),
        steps("the middle of a line end", |session| {
            let changes = json!([{"range": range((0, 2), (0, 2)), "text": "-"}]);
            edited(session, "a\r\nb", changes, &["a-\r\nb"])
        }),
        steps("no changes at all", |session| edited(session, "a", json!([]), &["a"])),
        steps("a wrong length beside the range", |session| {
            let changes = json!([{"range": range((0, 0), (0, 1)), "rangeLength": 99, "text": "x"}]);
            edited(session, "ab", changes, &["xb"])
        }),
        steps("10,000 changes in one message", |session| {
            let changes: Vec<Value> =
                (0..10_000).map(|_| json!({"range": range((0, 0), (0, 0)), "text": "x"})).collect();
            let wanted = "x".repeat(10_000);
            edited(session, "", json!(changes), &[wanted.as_str()])
        }),
        steps("half a surrogate pair as text", |session| {
            let uri = session.uri("half.py");
            let open = format!(
                r#"{{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{{"textDocument":{{"uri":"{uri}","languageId":"python","version":1,"text":"a\ud83db"}}}}}}"#
            );
            session.client.send_raw(&super::frame(open.as_bytes())).map_err(|error| error.to_string())?;
            let change = json!([{"range": range((0, 2), (0, 3)), "text": "!"}]);
            session.change(&uri, 2, change).map_err(|error| error.to_string())?;
            expect_text(session, &uri, &["a\u{fffd}!"])
        }),
        steps("a change of a wrong shape is not half made", |session| {
            let uri = session.uri("half.py");
            session.open(&uri, "a\n").map_err(|error| error.to_string())?;
            let changes =
                json!([{"text": "b\n"}, {"range": {"start": {"line": -1, "character": 0}}, "text": 5}]);
            session.change(&uri, 2, changes).map_err(|error| error.to_string())?;
            expect_text(session, &uri, &["a\n"])
        }),
        steps("a line of five megabytes", |session| {
            let long = format!("x = '{}'\n", "a😀".repeat(1_000_000));
            let changes = json!([{"range": range((0, 3_000_005), (0, 3_000_005)), "text": "!"}]);
            let wanted = format!("x = '{}!'\n", "a😀".repeat(1_000_000));
            edited(session, &long, changes, &[wanted.as_str()])
        }),
        steps("100,000 open brackets", |session| {
            let deep = "(".repeat(100_000);
            let wanted = format!("!{deep}");
            edited(session, &deep, json!([{"range": range((0, 0), (0, 0)), "text": "!"}]), &[wanted.as_str()])
        }),
        steps("code nested 20,000 deep", |session| {
            let deep = format!("{}1{}\n", "f(".repeat(20_000), ")".repeat(20_000));
            edited(session, &deep, json!([]), &[deep.as_str()])
        }),
        steps("a million empty lines", |session| {
            let text = "\n".repeat(1_000_000);
            let wanted = format!("{}x\n", "\n".repeat(999_999));
            let change = json!([{"range": range((999_999, 0), (999_999, 0)), "text": "x"}]);
            edited(session, &text, change, &[wanted.as_str()])
        }),
        steps("nothing but zeros", |session| {
            let text = "\0".repeat(100_000);
            edited(session, &text, json!([]), &[text.as_str()])
        }),
    ]
}

/// Names that documents have, or should not have.
const NAMES: &[(&str, &str)] = &[
    ("a document without a file", "untitled:Untitled-1"),
    ("a document without a file, with an ending", "untitled:Untitled-1.py"),
    ("a document of the web", "http://example.com/a.py"),
    ("a document of a notebook", "vscode-notebook-cell:/a/b.ipynb#W0sZmlsZQ%3D%3D"),
    ("a document of git", "git:/project/a.py?%7B%22ref%22%3A%22~%22%7D"),
    ("a path for a URI", "/project/a.py"),
    ("a name for a URI", "a.py"),
    ("an empty URI", ""),
    ("a scheme alone", "file:"),
    ("a scheme and slashes", "file://"),
    ("a root alone", "file:///"),
    ("a host", "file://server/share/a.py"),
    ("escapes", "file:///project/%61%2e%70%79"),
    ("escapes of dots", "file:///project/%2e%2e/%2E%2E/etc/passwd"),
    ("dots", "file:///project/../../etc/passwd"),
    ("an escape that is none", "file:///project/%zz%.py"),
    ("half an escape", "file:///project/a.py%"),
    ("escapes that are no UTF-8", "file:///project/%ff%fe.py"),
    ("an escaped zero", "file:///project/a%00.py"),
    ("spaces", "file:///project/a b.py"),
    ("escaped spaces", "file:///project/a%20b.py"),
    ("a drive letter", "file:///C:/project/a.py"),
    ("an escaped drive letter", "file:///c%3A/project/a.py"),
    ("backslashes", "file:///C:\\project\\a.py"),
    ("characters beyond ASCII", "file:///projekt/größe/😀.py"),
    ("a question and a fragment", "file:///project/a.py?x=1#L5"),
    ("brackets", "file://[::1]/a.py"),
    ("only a colon", ":"),
    ("line breaks", "file:///project/a\r\n.py"),
];

pub(super) fn names() -> Vec<Row> {
    let mut rows: Vec<Row> = NAMES.iter().map(|(name, uri)| named(name, uri)).collect();
    let long = format!("file:///{}.py", "long/".repeat(40_000));
    rows.push(named("a URI of 200,000 characters", &long));
    rows
}

/// Everything an editor does to a document, to one of this name. Nothing has to come of it, but the requests have to be
/// answered.
fn named(name: &'static str, uri: &str) -> Row {
    let document = json!({"uri": uri});
    let item = json!({"uri": uri, "languageId": "python", "version": 1, "text": "def f(a):\n    return a\n"});
    let versioned = json!({"uri": uri, "version": 2});
    let at = json!({"line": 0, "character": 4});
    let change = json!({"range": {"start": at, "end": at}, "text": "g"});
    let action =
        json!({"textDocument": document, "range": {"start": at, "end": at}, "context": {"diagnostics": []}});
    let all = [
        notification("textDocument/didOpen", json!({"textDocument": item})),
        notification(
            "textDocument/didChange",
            json!({"textDocument": versioned, "contentChanges": [change]}),
        ),
        request(1000, "textDocument/hover", json!({"textDocument": document, "position": at})),
        request(1001, "textDocument/codeAction", action),
        request(1002, "textDocument/codeLens", json!({"textDocument": document})),
        request(1003, "hephaestus/viewText", json!({"textDocument": document})),
        notification("workspace/didChangeWatchedFiles", json!({"changes": [{"uri": uri, "type": 2}]})),
        notification("textDocument/didSave", json!({"textDocument": document})),
        notification("textDocument/didClose", json!({"textDocument": document})),
    ];
    bytes(name, all.concat()).answered(1000).answered(1001).answered(1002).answered(1003)
}
