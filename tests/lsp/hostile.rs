//! What no well-behaved editor sends: one row per input, with the answer that the protocol wants.
//!
//! After every row the server has to work as if nothing had happened, and to end well; or to have ended in the way the
//! row says. `HEPHAESTUS_ROW` runs only rows whose name holds it.

mod documents;
mod floods;
mod frames;
mod life;
mod messages;

use std::env;
use std::time::Duration;

use hephaestus_lsp::client::{Message, frame};
use serde_json::{Value, json};

use crate::project::Project;
use crate::session::Session;

/// JSON-RPC and LSP error codes.
const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const NOT_INITIALIZED: i64 = -32002;
const REQUEST_CANCELLED: i64 = -32800;
const CONTENT_MODIFIED: i64 = -32801;
const REQUEST_FAILED: i64 = -32803;

/// What is done to the server. An error says what it did wrong.
type Steps = fn(&mut Session) -> Result<(), String>;

enum Action {
    Bytes(Vec<u8>),
    /// Bytes, and then the end of the input.
    Last(Vec<u8>),
    Steps(Steps),
}

/// An answer that has to come.
#[derive(Debug)]
enum Expected {
    /// An error with one of these codes.
    Error(Value, &'static [i64]),
    /// A result.
    Result(Value),
    /// Either.
    Answer(Value),
}

enum Ending {
    Alive,
    /// It ends by itself, within a second of being done, with this exit code.
    Ends(i32),
    /// The same, and whatever it still says is fine.
    EndsSayingAnything(i32),
}

/// One hostile input.
struct Row {
    name: &'static str,
    is_greeted: bool,
    action: Action,
    expected: Vec<Expected>,
    ending: Ending,
}

/// A row of bytes.
fn bytes(name: &'static str, bytes: impl Into<Vec<u8>>) -> Row {
    Row {
        name,
        is_greeted: true,
        action: Action::Bytes(bytes.into()),
        expected: Vec::new(),
        ending: Ending::Alive,
    }
}

/// A row of bytes after which the input ends.
fn last(name: &'static str, bytes: impl Into<Vec<u8>>) -> Row {
    let action = Action::Last(bytes.into());
    Row { name, is_greeted: true, action, expected: Vec::new(), ending: Ending::Alive }
}

/// A row of one message.
fn message(name: &'static str, message: Value) -> Row {
    bytes(name, frame(message.to_string().as_bytes()))
}

/// A row of steps that judge for themselves.
fn steps(name: &'static str, steps: Steps) -> Row {
    Row { name, is_greeted: true, action: Action::Steps(steps), expected: Vec::new(), ending: Ending::Alive }
}

impl Row {
    /// The server has not been greeted.
    fn ungreeted(self) -> Self {
        Self { is_greeted: false, ..self }
    }

    fn refused(mut self, id: impl Into<Value>, codes: &'static [i64]) -> Self {
        self.expected.push(Expected::Error(id.into(), codes));
        self
    }

    fn granted(mut self, id: impl Into<Value>) -> Self {
        self.expected.push(Expected::Result(id.into()));
        self
    }

    fn answered(mut self, id: impl Into<Value>) -> Self {
        self.expected.push(Expected::Answer(id.into()));
        self
    }

    fn ends(self, code: i32) -> Self {
        Self { ending: Ending::Ends(code), ..self }
    }

    fn ends_saying_anything(self, code: i32) -> Self {
        Self { ending: Ending::EndsSayingAnything(code), ..self }
    }

    fn run(&self) -> Result<(), String> {
        let mut session = if self.is_greeted { Session::ready() } else { Session::start(Project::empty()) };
        self.run_in(&mut session).map_err(|problem| {
            let log = session.log();
            let tail: Vec<&str> = log.lines().rev().take(5).collect();
            format!("{problem}; its log ends with {tail:?}")
        })?;
        if matches!(self.ending, Ending::Alive) { session.close() } else { Ok(()) }
    }

    fn run_in(&self, session: &mut Session) -> Result<(), String> {
        match &self.action {
            Action::Bytes(bytes) => session.client.send_raw(bytes).map_err(|error| error.to_string())?,
            Action::Last(bytes) => {
                session.client.send_raw(bytes).map_err(|error| error.to_string())?;
                session.client.close_input();
            }
            Action::Steps(steps) => steps(session)?,
        }
        match self.ending {
            Ending::Alive => {
                if !self.is_greeted {
                    greet(session)?;
                }
                assert_alive(session)?;
            }
            Ending::Ends(code) | Ending::EndsSayingAnything(code) => {
                let (found, took) = session.wait_for_end()?;
                if found != code {
                    return Err(format!("it ended with {found}, not {code}"));
                }
                if took > Duration::from_secs(1) {
                    return Err(format!("it took {took:?} to end"));
                }
            }
        }
        if matches!(self.ending, Ending::EndsSayingAnything(_)) {
            return Ok(());
        }
        self.judge_answers(session)
    }

    /// Every expected answer has come, and no other.
    fn judge_answers(&self, session: &mut Session) -> Result<(), String> {
        for expected in &self.expected {
            let id = expected.id();
            let is_it =
                |message: &Message| message.method().is_empty() && message.value.get("id") == Some(id);
            let answer = session
                .client
                .wait_for(is_it, Duration::from_secs(20))
                .map_err(|error| format!("{expected:?}: {error}"))?;
            if !expected.fits(&answer) {
                return Err(format!("{expected:?}, but it said {}", short(&answer.value)));
            }
        }
        // One trouble in a stream may be complained about more than once.
        let complaints_are_expected = self.expected.iter().any(|expected| expected.id().is_null());
        for message in session.client.take_messages() {
            let is_complaint = message.value.get("id").is_some_and(Value::is_null);
            if message.method().is_empty() && !(is_complaint && complaints_are_expected) {
                return Err(format!("it said {} unasked", short(&message.value)));
            }
        }
        Ok(())
    }
}

impl Expected {
    fn id(&self) -> &Value {
        match self {
            Self::Error(id, _) | Self::Result(id) | Self::Answer(id) => id,
        }
    }

    fn fits(&self, answer: &Message) -> bool {
        match self {
            Self::Error(_, codes) => answer.error_code().is_some_and(|code| codes.contains(&code)),
            Self::Result(_) => answer.value.get("result").is_some(),
            Self::Answer(_) => answer.value.get("result").is_some() || answer.error_code().is_some(),
        }
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(300).collect()
}

fn greet(session: &mut Session) -> Result<(), String> {
    let params = session.greeting();
    session.client.initialize(params).map(drop).map_err(|error| format!("initialize: {error}"))
}

/// Opens a document, edits it and reads it back.
fn assert_alive(session: &mut Session) -> Result<(), String> {
    let uri = session.uri("probe.py");
    let at = |character| json!({"line": 1, "character": character});
    let change = json!([{"range": {"start": at(2), "end": at(4)}, "text": "\r\n"}]);
    let text = session.open(&uri, "x = 1\nab😀cd\n").and_then(|()| session.change(&uri, 2, change));
    let text = text.and_then(|()| session.text(&uri)).map_err(|error| format!("it is dead: {error}"))?;
    if text == "x = 1\nab\r\ncd\n" { Ok(()) } else { Err(format!("its text is {text:?}")) }
}

/// A request as a frame.
fn request(id: impl Into<Value>, method: &str, params: Value) -> Vec<u8> {
    let message = json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params});
    frame(message.to_string().as_bytes())
}

/// A notification as a frame.
fn notification(method: &str, params: Value) -> Vec<u8> {
    frame(json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string().as_bytes())
}

/// Runs all rows and tells of all that failed.
fn check(rows: Vec<Row>) {
    let only = env::var("HEPHAESTUS_ROW").unwrap_or_default();
    let chosen = rows.iter().filter(|row| row.name.contains(&only));
    let failures: Vec<String> =
        chosen.filter_map(|row| row.run().err().map(|problem| format!("{}: {problem}", row.name))).collect();
    assert!(
        failures.is_empty(),
        "{} of {} rows failed:\n{}",
        failures.len(),
        rows.len(),
        failures.join("\n")
    );
}

#[test]
fn broken_frames_are_complained_about_and_the_next_one_is_read() {
    check(frames::rows());
}

#[test]
fn messages_without_sense_are_refused_with_their_id() {
    check(messages::rows());
}

#[test]
fn parameters_without_sense_are_refused() {
    check(messages::parameters());
}

#[test]
fn documents_can_be_handled_in_any_way() {
    check(documents::rows());
}

#[test]
fn documents_can_have_any_name() {
    check(documents::names());
}

#[test]
fn too_much_at_once_is_worked_off() {
    check(floods::rows());
}

#[test]
fn every_way_to_begin_and_to_end_is_as_the_protocol_says() {
    check(life::rows());
}
