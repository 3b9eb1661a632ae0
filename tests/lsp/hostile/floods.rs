//! Too much at once: requests, cancellations, documents; and a client that does not listen.
//!
//! `HEPHAESTUS_FLOOD=10` makes every flood ten times as high: for builds that are optimised.

use std::collections::HashMap;
use std::env;
use std::ops::Range;
use std::time::Duration;

use hephaestus_lsp::client::Message;
use serde_json::{Value, json};

use super::{
    CONTENT_MODIFIED, REQUEST_CANCELLED, REQUEST_FAILED, Row, Session, bytes, notification, request, short,
    steps,
};

/// The first id of a flood.
const FIRST: i64 = 10_000;

/// How many answers of each sort came: the code of an error, 0 for a result.
type Tally = HashMap<i64, usize>;

/// So many, or a multiple of it.
fn many(count: usize) -> usize {
    let factor = env::var("HEPHAESTUS_FLOOD").ok().and_then(|text| text.parse().ok());
    count * factor.unwrap_or(1)
}

/// The ids of so many requests.
fn ids(count: usize) -> Range<i64> {
    FIRST..FIRST + many(count) as i64
}

/// Waits for one answer to every one of `ids`, and for none twice.
fn tally(session: &mut Session, ids: Range<i64>) -> Result<Tally, String> {
    let mut tally = Tally::new();
    let count = (ids.end - ids.start) as usize;
    let mut open: Vec<bool> = vec![true; count];
    let is_answer = |message: &Message| message.method().is_empty();
    for number in 0..count {
        let answer = session
            .client
            .wait_for(is_answer, Duration::from_secs(60))
            .map_err(|error| format!("after {number} of {count} answers: {error}"))?;
        let id = answer.value.get("id").and_then(Value::as_i64).unwrap_or(-1) - ids.start;
        match usize::try_from(id).ok().and_then(|id| open.get_mut(id)) {
            Some(is_open) if *is_open => *is_open = false,
            _ => return Err(format!("an answer too many: {}", short(&answer.value))),
        }
        *tally.entry(answer.error_code().unwrap_or(0)).or_default() += 1;
    }
    Ok(tally)
}

fn only(tally: &Tally, allowed: &[i64]) -> Result<(), String> {
    if tally.keys().all(|code| allowed.contains(code)) {
        Ok(())
    } else {
        Err(format!("answers by code: {tally:?}"))
    }
}

/// A document with something to find in it.
fn with_document(session: &mut Session) -> Result<String, String> {
    let uri = session.uri("flood.py");
    let text =
        "def f(a):\n    if a == True:\n        return 1\n    else:\n        return 2\n\n\n".repeat(200);
    session.open(&uri, &text).map_err(|error| error.to_string())?;
    Ok(uri)
}

fn send(session: &mut Session, bytes: Vec<Vec<u8>>) -> Result<(), String> {
    session.client.send_raw(&bytes.concat()).map_err(|error| error.to_string())
}

fn hover(uri: &str, id: i64) -> Vec<u8> {
    let at = json!({"line": id % 1000, "character": 4});
    request(id, "textDocument/hover", json!({"textDocument": {"uri": uri}, "position": at}))
}

fn actions(uri: &str, id: i64) -> Vec<u8> {
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 1000, "character": 0}});
    let params = json!({"textDocument": {"uri": uri}, "range": range, "context": {"diagnostics": []}});
    request(id, "textDocument/codeAction", params)
}

pub(super) fn rows() -> Vec<Row> {
    [requests(), cancels(), documents(), streams()].into_iter().flatten().collect()
}

/// More is asked than can be answered at once.
fn requests() -> Vec<Row> {
    vec![
        steps("thousands of requests at once", |session| {
            let uri = with_document(session)?;
            send(session, ids(3_000).map(|id| hover(&uri, id)).collect())?;
            only(&tally(session, ids(3_000))?, &[0, CONTENT_MODIFIED, REQUEST_FAILED])
        }),
        steps("costly requests between edits", |session| {
            let uri = with_document(session)?;
            let edited = |version: i64| {
                let at = json!({"line": 0, "character": 0});
                let change = json!({"range": {"start": at, "end": at}, "text": "#"});
                let document = json!({"uri": uri, "version": version});
                notification(
                    "textDocument/didChange",
                    json!({"textDocument": document, "contentChanges": [change]}),
                )
            };
            let all = ids(200).flat_map(|id| [edited(id), actions(&uri, id)]).collect();
            send(session, all)?;
            only(&tally(session, ids(200))?, &[0, CONTENT_MODIFIED, REQUEST_FAILED])
        }),
        steps("requests that are all cancelled", |session| {
            let uri = with_document(session)?;
            let cancel = |id: i64| notification("$/cancelRequest", json!({"id": id}));
            send(session, ids(500).flat_map(|id| [actions(&uri, id), cancel(id)]).collect())?;
            only(&tally(session, ids(500))?, &[0, REQUEST_CANCELLED, CONTENT_MODIFIED, REQUEST_FAILED])
        }),
        steps("requests that are all cancelled at the end, and twice", |session| {
            let uri = with_document(session)?;
            let requests = ids(500).map(|id| actions(&uri, id));
            let cancels = ids(500).chain(ids(500));
            let cancels = cancels.map(|id: i64| notification("$/cancelRequest", json!({"id": id})));
            send(session, requests.chain(cancels).collect())?;
            only(&tally(session, ids(500))?, &[0, REQUEST_CANCELLED, CONTENT_MODIFIED, REQUEST_FAILED])
        }),
    ]
}

/// Cancelling for nothing.
fn cancels() -> Vec<Row> {
    vec![bytes("cancelling what was never asked", {
        let odd = [
            json!(1),
            json!(-1),
            json!(i64::MAX),
            json!("x"),
            json!(""),
            json!(null),
            json!(1.5),
            json!([1]),
        ];
        let mut all: Vec<Vec<u8>> =
            odd.into_iter().map(|id| notification("$/cancelRequest", json!({"id": id}))).collect();
        all.extend(ids(1_000).map(|id| notification("$/cancelRequest", json!({"id": id}))));
        all.concat()
    })]
}

/// Documents by the thousand.
fn documents() -> Vec<Row> {
    vec![
        steps("1,000 documents opened at once", |session| {
            let uris: Vec<String> =
                (0..1_000).map(|number| session.uri(&format!("many/{number}.py"))).collect();
            for uri in &uris {
                session.open(uri, "def f(a):\n    return a\n").map_err(|error| error.to_string())?;
            }
            for uri in &uris {
                session.change(uri, 2, json!([{"text": uri}])).map_err(|error| error.to_string())?;
            }
            for uri in uris.iter().step_by(100) {
                let text = session.text(uri).map_err(|error| error.to_string())?;
                if text != *uri {
                    return Err(format!("the text of {uri} is {text:?}"));
                }
            }
            for uri in &uris {
                let closing = json!({"textDocument": {"uri": uri}});
                session.client.notify("textDocument/didClose", closing).map_err(|error| error.to_string())?;
            }
            Ok(())
        }),
        steps("one document opened and closed again and again", |session| {
            let uri = session.uri("door.py");
            for _ in 0..many(1_000) {
                session.open(&uri, "x = 1\n").map_err(|error| error.to_string())?;
                let closing = json!({"textDocument": {"uri": uri}});
                session.client.notify("textDocument/didClose", closing).map_err(|error| error.to_string())?;
            }
            Ok(())
        }),
    ]
}

/// Clients that listen badly, and streams that come badly.
fn streams() -> Vec<Row> {
    vec![
        steps("a client that does not listen for a while", |session| {
            let uri = with_document(session)?;
            session.hold_output(true);
            send(session, ids(200).map(|id| actions(&uri, id)).collect())?;
            for version in 2..200 {
                let change = json!([{"text": format!("x = {version} == None\n")}]);
                session.change(&uri, version, change).map_err(|error| error.to_string())?;
            }
            session.hold_output(false);
            only(&tally(session, ids(200))?, &[0, CONTENT_MODIFIED, REQUEST_FAILED])?;
            match session.text(&uri) {
                Ok(text) if text == "x = 199 == None\n" => Ok(()),
                other => Err(format!("{other:?}")),
            }
        }),
        steps("a client that answers no request", |session| {
            session.client.set_silent(true);
            let uri = with_document(session)?;
            let changed = json!({"settings": {}});
            for _ in 0..20 {
                session
                    .client
                    .notify("workspace/didChangeConfiguration", changed.clone())
                    .map_err(|e| e.to_string())?;
            }
            send(session, ids(100).map(|id| hover(&uri, id)).collect())?;
            tally(session, ids(100)).map(drop)
        }),
        steps("frames that come byte by byte", |session| {
            let uri = with_document(session)?;
            for byte in ids(20).flat_map(|id| hover(&uri, id)) {
                session.client.send_raw(&[byte]).map_err(|error| error.to_string())?;
            }
            tally(session, ids(20)).map(drop)
        }),
        bytes("thousands of unknown notifications", notification("no/such", json!({})).repeat(many(5_000))),
        bytes("thousands of broken frames", super::frame(b"{").repeat(many(2_000)))
            .refused(Value::Null, &[super::PARSE_ERROR]),
    ]
}
