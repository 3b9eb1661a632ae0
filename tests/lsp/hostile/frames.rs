//! Bytes that are no frames, or frames around what is no JSON.

use serde_json::json;

use super::{PARSE_ERROR, Row, bytes, frame, notification, request};

/// The frame of a request that any server answers, with id 1000.
fn good() -> Vec<u8> {
    request(1000, "hephaestus/stats", json!(null))
}

/// Something bad, and a good frame right behind it.
fn bad(name: &'static str, bad: &[u8]) -> Row {
    bytes(name, [bad, &good()].concat()).refused(json!(null), &[PARSE_ERROR]).granted(1000)
}

/// A good request behind this header.
fn with_header(name: &'static str, header: fn(usize) -> String) -> Row {
    let body = json!({"jsonrpc": "2.0", "id": 1000, "method": "hephaestus/stats"}).to_string();
    bytes(name, format!("{}{body}", header(body.len()))).granted(1000)
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = bad_lengths();
    rows.extend(bad_bodies());
    rows.extend(odd_headers());
    rows
}

fn bad_lengths() -> Vec<Row> {
    vec![
        bad("a length of nothing", b"Content-Length: 0\r\n\r\n"),
        bad("a negative length", b"Content-Length: -17\r\n\r\n{}"),
        bad("a length that is no number", b"Content-Length: ten\r\n\r\n{}"),
        bad("a length in hex", b"Content-Length: 0x02\r\n\r\n{}"),
        bad("a length with a fraction", b"Content-Length: 2.0\r\n\r\n{}"),
        bad("an empty length", b"Content-Length:\r\n\r\n{}"),
        bad("a length of 100 gigabytes", b"Content-Length: 100000000000\r\n\r\n{}"),
        bad("a length beyond all numbers", b"Content-Length: 99999999999999999999999999\r\n\r\n{}"),
        bad("a header without a length", b"Content-Type: application/json\r\n\r\n{}"),
        bad("a header of a megabyte", &[b"X-Long: ".as_slice(), &[b'a'; 1 << 20], b"\r\n\r\n"].concat()),
        bad("a length that is too short", b"Content-Length: 5\r\n\r\n{\"jsonrpc\": \"2.0\", \"id\": 1}"),
        bad("a length that is too long", b"Content-Length: 40\r\n\r\n{\"jsonrpc\":\"2.0\"}"),
        bad("a request of the web", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        bad("zeros", &[0; 10_000]),
        bad("every byte there is", &(0..=255).collect::<Vec<u8>>()),
        bad("text without a frame", b"hello, are you there?\r\n\r\n"),
    ]
}

fn bad_bodies() -> Vec<Row> {
    vec![
        bad("a body that is no JSON", &frame(b"nonsense")),
        bad("half an object", &frame(b"{\"jsonrpc\": \"2.0\", \"id\": 5, \"meth")),
        bad("JSON and more", &frame(b"{\"jsonrpc\": \"2.0\"} and more")),
        bad("JSON with single quotes", &frame(b"{'jsonrpc': '2.0'}")),
        bad("invalid UTF-8", &frame(b"{\"jsonrpc\": \"2.0\", \"method\": \"\xff\xfe\xc3\"}")),
        bad(
            "UTF-16",
            &frame(&"{\"jsonrpc\":\"2.0\"}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
        ),
        bad(
            "a number beyond all numbers",
            &frame(b"{\"jsonrpc\": \"2.0\", \"id\": 1e999, \"method\": \"x\"}"),
        ),
        bad("not a number", &frame(b"{\"jsonrpc\": \"2.0\", \"id\": NaN, \"method\": \"x\"}")),
        bad("100,000 open brackets", &frame(&vec![b'['; 100_000])),
        bad("100,000 nested objects", &frame("{\"a\":".repeat(100_000).as_bytes())),
        bad(
            "100,000 nested arrays, all closed",
            &frame(["[".repeat(100_000), "]".repeat(100_000)].concat().as_bytes()),
        ),
    ]
}

fn odd_headers() -> Vec<Row> {
    vec![
        with_header("a header in capitals", |length| format!("CONTENT-LENGTH: {length}\r\n\r\n")),
        with_header("a header without a space", |length| format!("content-length:{length}\r\n\r\n")),
        with_header("a header with many spaces", |length| format!("Content-Length:   {length}  \r\n\r\n")),
        with_header("a length with zeros before it", |length| format!("Content-Length: 000{length}\r\n\r\n")),
        with_header("a content type before", |length| {
            format!(
                "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: {length}\r\n\r\n"
            )
        }),
        with_header("a content type behind", |length| {
            format!(
                "Content-Length: {length}\r\nContent-Type: application/vscode-jsonrpc; charset=utf8\r\n\r\n"
            )
        }),
        with_header("unknown headers", |length| {
            format!("X-A: 1\r\nX-B: Content-Length\r\nContent-Length: {length}\r\nX-C:\r\n\r\n")
        }),
        with_header("the same length twice", |length| {
            format!("Content-Length: {length}\r\nContent-Length: {length}\r\n\r\n")
        }),
        bytes(
            "frames with line breaks between them",
            [b"\r\n\r\n".as_slice(), &good(), b"\r\n", &good()].concat(),
        )
        .refused(json!(null), &[PARSE_ERROR])
        .answered(1000)
        .answered(1000),
        bytes("half a surrogate pair in a notification", {
            let text = r#"{"jsonrpc":"2.0","method":"$/x","params":{"a":"\ud83d","b":"\udc00\ud800"}}"#;
            [frame(text.as_bytes()), good()].concat()
        })
        .granted(1000),
        bytes("zero characters in strings", [notification("\0", json!({"\0": "\0"})), good()].concat())
            .granted(1000),
    ]
}
