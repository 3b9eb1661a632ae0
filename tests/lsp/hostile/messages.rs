//! JSON that is no message of the protocol, and messages whose parameters make no sense.

use serde_json::{Value, json};

use super::{
    INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, REQUEST_FAILED, Row, bytes, frame, message,
    notification, request,
};

const EITHER: &[i64] = &[INVALID_REQUEST, INVALID_PARAMS];

/// A message that is none, refused with this id.
fn no_message(name: &'static str, body: Value, id: Value) -> Row {
    message(name, body).refused(id, &[INVALID_REQUEST])
}

pub(super) fn rows() -> Vec<Row> {
    let null = Value::Null;
    let mut rows = vec![
        no_message("a number for a message", json!(42), null.clone()),
        no_message("null for a message", json!(null), null.clone()),
        no_message("a string for a message", json!("initialize"), null.clone()),
        no_message("an empty object", json!({}), null.clone()),
        no_message("an empty batch", json!([]), null.clone()),
        no_message(
            "a batch",
            json!([{"jsonrpc": "2.0", "id": 1000, "method": "hephaestus/stats"}]),
            null.clone(),
        ),
        no_message("no version", json!({"id": 1000, "method": "hephaestus/stats"}), json!(1000)),
        no_message(
            "an old version",
            json!({"jsonrpc": "1.0", "id": 1000, "method": "hephaestus/stats"}),
            json!(1000),
        ),
        no_message(
            "a number for a version",
            json!({"jsonrpc": 2.0, "id": 1000, "method": "hephaestus/stats"}),
            json!(1000),
        ),
        no_message("a number for a method", json!({"jsonrpc": "2.0", "id": 1000, "method": 5}), json!(1000)),
        no_message("no method", json!({"jsonrpc": "2.0", "id": "q", "params": {}}), json!("q")),
        no_message(
            "an object for an id",
            json!({"jsonrpc": "2.0", "id": {"a": 1}, "method": "hephaestus/stats"}),
            null.clone(),
        ),
        no_message(
            "an array for an id",
            json!({"jsonrpc": "2.0", "id": [1], "method": "hephaestus/stats"}),
            null.clone(),
        ),
        no_message(
            "a truth value for an id",
            json!({"jsonrpc": "2.0", "id": true, "method": "hephaestus/stats"}),
            null.clone(),
        ),
        no_message(
            "a fraction for an id",
            json!({"jsonrpc": "2.0", "id": 1.5, "method": "hephaestus/stats"}),
            null,
        ),
        message(
            "a string for parameters",
            json!({"jsonrpc": "2.0", "id": 1000, "method": "textDocument/hover", "params": "x"}),
        )
        .refused(1000, EITHER),
        message(
            "a number for parameters",
            json!({"jsonrpc": "2.0", "id": 1000, "method": "textDocument/hover", "params": 1}),
        )
        .refused(1000, EITHER),
        bytes("a member twice", frame(br#"{"jsonrpc":"2.0","id":1000,"id":1000,"method":"no/such"}"#))
            .answered(1000),
    ];
    rows.extend(ids());
    rows.extend(methods());
    rows
}

fn ids() -> Vec<Row> {
    let stats = |id: Value| request(id, "hephaestus/stats", Value::Null);
    let long = "long ".repeat(20_000);
    vec![
        bytes("an id below zero", stats(json!(-5))).granted(-5),
        bytes("the largest id", stats(json!(i64::MAX))).granted(i64::MAX),
        bytes("an id of text", stats(json!("😀 \n\u{2028}"))).granted("😀 \n\u{2028}"),
        bytes("an empty id", stats(json!(""))).granted(""),
        bytes("an id of 100,000 characters", stats(json!(long))).granted(long),
        bytes("a number as text and as a number", [stats(json!(1000)), stats(json!("1000"))].concat())
            .granted(1000)
            .granted("1000"),
        bytes("the same id twice", [stats(json!(1000)), stats(json!(1000))].concat())
            .answered(1000)
            .answered(1000),
        bytes("an answer to nothing", {
            let result = json!({"jsonrpc": "2.0", "id": 77_777, "result": {"a": 1}});
            let error = json!({"jsonrpc": "2.0", "id": "x", "error": {"code": 1, "message": "no"}});
            let null = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "no"}});
            [result, error, null].map(|answer| frame(answer.to_string().as_bytes())).concat()
        }),
    ]
}

fn methods() -> Vec<Row> {
    let unknown =
        |name, method: &str| bytes(name, request(1000, method, json!({}))).refused(1000, &[METHOD_NOT_FOUND]);
    vec![
        unknown("an unknown request", "no/such"),
        unknown("an unknown request that is optional", "$/no/such"),
        unknown("a method without a name", ""),
        unknown("a method of 100,000 characters", &"x".repeat(100_000)),
        unknown("a known method in capitals", "TEXTDOCUMENT/HOVER"),
        unknown("a request that only servers make", "workspace/applyEdit"),
        bytes("unknown notifications", {
            ["no/such", "$/no/such", "", "textDocument/didNothing"]
                .map(|method| notification(method, json!({})))
                .concat()
        }),
        bytes("a notification with an id", request(1000, "textDocument/didOpen", json!({}))).answered(1000),
        bytes("a request without an id", notification("textDocument/hover", json!({}))),
        bytes("notifications with nonsense in them", {
            let methods = [
                "textDocument/didOpen",
                "textDocument/didChange",
                "textDocument/didSave",
                "textDocument/didClose",
                "workspace/didChangeWatchedFiles",
                "workspace/didChangeWorkspaceFolders",
                "workspace/didChangeConfiguration",
                "window/workDoneProgress/cancel",
                "$/cancelRequest",
                "$/setTrace",
                "$/progress",
            ];
            let nonsense =
                [json!(null), json!([]), json!({}), json!({"textDocument": 5, "id": {}, "token": []})];
            let all = methods
                .iter()
                .flat_map(|method| nonsense.iter().map(|params| notification(method, params.clone())));
            all.collect::<Vec<_>>().concat()
        }),
    ]
}

/// Requests with parameters that are wrong, all refused as such, and some that are merely odd.
pub(super) fn parameters() -> Vec<Row> {
    let position = |line: Value| json!({"textDocument": {"uri": "file:///nowhere/a.py"}, "position": {"line": line, "character": 0}});
    let wrong = |name, method: &str, params: Value| {
        bytes(name, request(1000, method, params)).refused(1000, &[INVALID_PARAMS])
    };
    let hover = "textDocument/hover";
    let action = |range: Value| json!({"textDocument": {"uri": "file:///nowhere/a.py"}, "range": range, "context": {"diagnostics": []}});
    vec![
        message("no parameters", json!({"jsonrpc": "2.0", "id": 1000, "method": hover}))
            .refused(1000, &[INVALID_PARAMS]),
        wrong("null for parameters", hover, Value::Null),
        wrong("an empty object for parameters", hover, json!({})),
        wrong("an empty array for parameters", hover, json!([])),
        wrong("parameters in order", hover, json!([{"uri": "file:///a.py"}, {"line": 0, "character": 0}])),
        wrong("a line below zero", hover, position(json!(-1))),
        wrong("a line with a fraction", hover, position(json!(0.5))),
        wrong("a line of text", hover, position(json!("0"))),
        wrong("no line", hover, position(Value::Null)),
        wrong("a line beyond all lines", hover, position(json!(u64::MAX))),
        wrong("a line of 1e300", hover, position(json!(1e300))),
        wrong(
            "a document that is a number",
            hover,
            json!({"textDocument": 5, "position": {"line": 0, "character": 0}}),
        ),
        wrong(
            "a document of no URI",
            hover,
            json!({"textDocument": {}, "position": {"line": 0, "character": 0}}),
        ),
        wrong(
            "a URI that is a number",
            hover,
            json!({"textDocument": {"uri": 5}, "position": {"line": 0, "character": 0}}),
        ),
        wrong("a range of text", "textDocument/codeAction", action(json!("0-1"))),
        wrong(
            "half a range",
            "textDocument/codeAction",
            action(json!({"start": {"line": 0, "character": 0}})),
        ),
        wrong("a command without a name", "workspace/executeCommand", json!({})),
        bytes("a document that is not open", request(1000, hover, position(json!(0)))).answered(1000),
        bytes("the last line there can be", request(1000, hover, position(json!(u32::MAX)))).answered(1000),
        bytes("a range that is reversed", {
            let range = json!({"start": {"line": 9, "character": 9}, "end": {"line": 0, "character": 0}});
            request(1000, "textDocument/codeAction", action(range))
        })
        .answered(1000),
        bytes(
            "an unknown command",
            request(1000, "workspace/executeCommand", json!({"command": "rm -rf /"})),
        )
        .refused(1000, &[METHOD_NOT_FOUND, INVALID_PARAMS, REQUEST_FAILED]),
        bytes("an action of somebody else", {
            request(
                1000,
                "codeAction/resolve",
                json!({"title": "x", "data": {"id": [1, {"a": null}], "patch": "../../etc"}}),
            )
        })
        .answered(1000),
        bytes("more than was asked for", {
            let mut params = position(json!(0));
            params["extra"] = json!({"deep": vec![json!(null); 1000]});
            request(1000, hover, params)
        })
        .answered(1000),
    ]
}
