//! A scripted model server on this machine, for tests: speaks just enough HTTP, misbehaves as told, and remembers what it
//! was sent.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// The request line and headers.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Bytes that are written at a time.
    pub(crate) step: usize,
    /// Says nothing more after the body, and waits for the other side to go.
    pub(crate) stalls: bool,
    /// Does not even send a status line.
    pub(crate) is_mute: bool,
}

impl Reply {
    /// A stream of events.
    pub(crate) fn stream(body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", "text/event-stream".to_owned())];
        Self { status: 200, headers, body: body.into(), step: usize::MAX, stalls: false, is_mute: false }
    }

    /// A status with a body.
    #[allow(dead_code, reason = "not every test binary that shares this file needs one")]
    pub(crate) fn status(status: u16, headers: &[(&'static str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { status, headers, ..Self::stream(body) }
    }
}

/// The events of a chat completion, with the traps of real servers: a first chunk without content, a last one without
/// choices.
pub(crate) fn openai(text: &str, tokens: (u64, u64)) -> String {
    let mut events = vec![
        r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}]}"#
            .to_owned(),
    ];
    for piece in pieces(text) {
        let content = serde_json::Value::from(piece);
        events.push(format!(r#"{{"choices":[{{"index":0,"delta":{{"content":{content}}}}}],"usage":null}}"#));
    }
    events.push(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#.to_owned());
    let (tokens_in, tokens_out) = tokens;
    events.push(format!(
        r#"{{"choices":[],"usage":{{"prompt_tokens":{tokens_in},"completion_tokens":{tokens_out}}}}}"#
    ));
    events.push("[DONE]".to_owned());
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

/// The events of a message.
pub(crate) fn anthropic(text: &str, tokens: (u64, u64)) -> String {
    let (tokens_in, tokens_out) = tokens;
    let mut events = vec![format!(
        r#"{{"type":"message_start","message":{{"usage":{{"input_tokens":{tokens_in},"output_tokens":1}}}}}}"#
    )];
    for piece in pieces(text) {
        let text = serde_json::Value::from(piece);
        events.push(format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":{text}}}}}"#
        ));
    }
    events.push(format!(
        r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{{"output_tokens":{tokens_out}}}}}"#
    ));
    events.push(r#"{"type":"message_stop"}"#.to_owned());
    events.iter().map(|event| format!("event: message\r\ndata: {event}\r\n\r\n")).collect()
}

fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(7).map(|chunk| chunk.iter().collect()).collect()
}

/// What the server has seen.
#[derive(Debug, Default)]
struct Seen {
    connections: usize,
    requests: Vec<Request>,
    /// When clients went away from a reply that stalled.
    left: Vec<Instant>,
}

/// The server. Ends with the test's process.
pub(crate) struct Stub {
    address: String,
    seen: Arc<Mutex<Seen>>,
}

impl Stub {
    /// A server that answers each request as `script` says; it is told how many came before.
    pub(crate) fn new(script: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (seen, script) = (Arc::new(Mutex::new(Seen::default())), Arc::new(script));
        let own = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                own.lock().unwrap().connections += 1;
                let (seen, script) = (Arc::clone(&own), Arc::clone(&script));
                thread::spawn(move || serve(stream, &seen, &*script));
            }
        });
        Self { address, seen }
    }

    /// Its address, as an endpoint is written.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Connections that were made to it.
    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// What it was sent.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().requests.clone()
    }

    /// When clients went away from a reply that stalled.
    #[allow(dead_code, reason = "not every test binary that shares this file looks")]
    pub(crate) fn left(&self) -> Vec<Instant> {
        self.seen.lock().unwrap().left.clone()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Seen>, script: &dyn Fn(usize, &Request) -> Reply) {
    let Some(request) = read(&mut stream) else { return };
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.requests.push(request.clone());
        seen.requests.len() - 1
    };
    let reply = script(before, &request);
    let _ = stream.set_nodelay(true);
    if write(&mut stream, &reply).is_ok() && reply.stalls {
        // Comes back when the other side is gone.
        let _ = stream.read(&mut [0; 1]);
        seen.lock().unwrap().left.push(Instant::now());
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn write(stream: &mut TcpStream, reply: &Reply) -> std::io::Result<()> {
    if reply.is_mute {
        return Ok(());
    }
    let headers: String = reply.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(stream, "HTTP/1.1 {} x\r\n{headers}connection: close\r\n\r\n", reply.status)?;
    for piece in reply.body.chunks(reply.step.min(reply.body.len().max(1))) {
        stream.write_all(piece)?;
        stream.flush()?;
    }
    Ok(())
}

/// A request in full; `None` when the other side goes before.
fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(Request { head: head.to_owned(), body: body.to_owned() });
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(buffer.get(..read)?),
        }
    }
}
