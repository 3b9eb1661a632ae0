//! Beginnings and ends: what comes before the greeting, after the leave, and instead of either.

use serde_json::{Value, json};

use super::{
    INVALID_PARAMS, INVALID_REQUEST, NOT_INITIALIZED, Row, bytes, last, notification, request, steps,
};

fn exit() -> Vec<u8> {
    notification("exit", Value::Null)
}

fn shutdown() -> Vec<u8> {
    request(2000, "shutdown", Value::Null)
}

fn stats(id: i64) -> Vec<u8> {
    request(id, "hephaestus/stats", Value::Null)
}

fn open() -> Vec<u8> {
    let item =
        json!({"uri": "file:///nowhere/a.py", "languageId": "python", "version": 1, "text": "x = 1\n"});
    notification("textDocument/didOpen", json!({"textDocument": item}))
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = beginnings();
    rows.extend(ends());
    rows
}

fn beginnings() -> Vec<Row> {
    let hello = |name, params: Value| bytes(name, request(1000, "initialize", params));
    let with_root = |root: Value| json!({"processId": null, "rootUri": root, "capabilities": {}});
    vec![
        bytes("requests before the greeting", {
            [stats(1000), request("a", "textDocument/hover", json!({})), request(1001, "no/such", json!({}))]
                .concat()
        })
        .ungreeted()
        .refused(1000, &[NOT_INITIALIZED])
        .refused("a", &[NOT_INITIALIZED])
        .refused(1001, &[NOT_INITIALIZED]),
        bytes("notifications before the greeting", [open(), notification("initialized", json!({}))].concat())
            .ungreeted(),
        bytes("junk before the greeting", b"hello\r\n\r\n".to_vec())
            .ungreeted()
            .refused(Value::Null, &[super::PARSE_ERROR]),
        hello("a second greeting", json!({"capabilities": {}})).refused(1000, &[INVALID_REQUEST]),
        hello("a greeting without capabilities", json!({})).ungreeted().refused(1000, &[INVALID_PARAMS]),
        hello("a greeting of null", Value::Null).ungreeted().refused(1000, &[INVALID_PARAMS]),
        hello("a greeting of wrong types", json!({"processId": "x", "capabilities": []}))
            .ungreeted()
            .refused(1000, &[INVALID_PARAMS]),
        bytes("a leave before the greeting", shutdown()).ungreeted().refused(2000, &[NOT_INITIALIZED]),
        greeted("a greeting without a folder", with_root(Value::Null)),
        greeted("a folder that does not exist", with_root(json!("file:///no/such/folder"))),
        greeted("a folder of the web", with_root(json!("http://example.com/"))),
        greeted("a folder that is a file", with_root(json!("file:///etc/hostname"))),
        greeted("no folders in a list", json!({"capabilities": {}, "workspaceFolders": []})),
        greeted(
            "capabilities nobody knows",
            json!({"capabilities": {"x": {"y": [1]}, "textDocument": {"z": null}}}),
        ),
        greeted(
            "unknown encodings",
            json!({"capabilities": {"general": {"positionEncodings": ["utf-7", "ebcdic"]}}}),
        ),
        greeted(
            "odd options",
            json!({"capabilities": {}, "initializationOptions": [1, {"trusted": "maybe"}]}),
        ),
        steps("folders that come and go", |session| {
            let folder = |uri: &str| json!({"uri": uri, "name": "x"});
            for (added, removed) in [
                (json!([folder("file:///no/such")]), json!([])),
                (
                    json!([folder("http://x/"), folder("untitled:x"), folder("")]),
                    json!([folder("file:///never/added")]),
                ),
                (json!([]), json!([folder("file:///no/such"), folder(&session.uri(""))])),
            ] {
                let params = json!({"event": {"added": added, "removed": removed}});
                session
                    .client
                    .notify("workspace/didChangeWorkspaceFolders", params)
                    .map_err(|e| e.to_string())?;
            }
            Ok(())
        }),
    ]
}

/// A greeting that is odd but in order. The server takes it, works and leaves.
fn greeted(name: &'static str, params: Value) -> Row {
    bytes(
        name,
        [
            request(1000, "initialize", params),
            notification("initialized", json!({})),
            open(),
            stats(1001),
            shutdown(),
            exit(),
        ]
        .concat(),
    )
    .ungreeted()
    .granted(1000)
    .answered(1001)
    .granted(2000)
    .ends(0)
}

fn ends() -> Vec<Row> {
    let hover = |id: i64| {
        let params =
            json!({"textDocument": {"uri": "file:///nowhere/a.py"}, "position": {"line": 0, "character": 0}});
        request(id, "textDocument/hover", params)
    };
    let asked: Vec<u8> = (3000..3100).flat_map(hover).collect();
    let mut in_flight =
        bytes("a leave with requests under way", [open(), asked, shutdown(), exit()].concat()).ends(0);
    for id in 3000..3100 {
        in_flight = in_flight.answered(id);
    }
    vec![
        in_flight.granted(2000),
        bytes(
            "requests after the leave",
            [shutdown(), stats(1000), hover(1001), request(1002, "no/such", json!({})), exit()].concat(),
        )
        .granted(2000)
        .refused(1000, &[INVALID_REQUEST])
        .refused(1001, &[INVALID_REQUEST])
        .refused(1002, &[INVALID_REQUEST])
        .ends(0),
        bytes(
            "notifications after the leave",
            [shutdown(), open(), notification("no/such", json!({})), exit()].concat(),
        )
        .granted(2000)
        .ends(0),
        bytes("a second leave", [shutdown(), request(2001, "shutdown", Value::Null), exit()].concat())
            .granted(2000)
            .refused(2001, &[INVALID_REQUEST])
            .ends(0),
        bytes(
            "a greeting after the leave",
            [shutdown(), request(1000, "initialize", json!({"capabilities": {}})), exit()].concat(),
        )
        .granted(2000)
        .refused(1000, &[INVALID_REQUEST])
        .ends(0),
        bytes("an end without a leave", exit()).ends(1),
        bytes("an end before the greeting", exit()).ungreeted().ends(1),
        bytes("an end after the leave", [shutdown(), exit()].concat()).granted(2000).ends(0),
        bytes("junk between the leave and the end", [shutdown(), b"?\r\n\r\n".to_vec(), exit()].concat())
            .granted(2000)
            .answered(Value::Null)
            .ends(0),
        last("the input ends", Vec::new()).ends(1),
        last("the input ends before the greeting", Vec::new()).ungreeted().ends(1),
        last("the input ends in a header", b"Content-Le".to_vec()).ends(1),
        last("the input ends in a body", b"Content-Length: 100\r\n\r\n{\"json".to_vec()).ends(1),
        last("the input ends after the leave", shutdown()).granted(2000).ends(0),
        last("the input ends with a document open", open()).ends(1),
        last("the input ends with requests under way", {
            [open(), (3000..3100).flat_map(hover).collect()].concat()
        })
        .ends_saying_anything(1),
    ]
}
