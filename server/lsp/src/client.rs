//! A small synchronous client of a language server, over any pair of streams: for the self-check, tests and benches.
//!
//! It frames, numbers, sorts and answers; it starts no process, knows no type of the protocol beyond JSON, and depends
//! on the standard library and `serde_json` only, so that tools outside the product can include this very file.
//!
//! One thread reads, one writes. Neither waits for the caller, so a server that stops reading until its output has been
//! read (or the other way round) never locks up against this client.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The longest body that is read, in bytes. More is not a message but a broken frame.
const LONGEST_BODY: u64 = 1 << 30;

/// Why an exchange with the server came to nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientError {
    /// The server's output has ended, or its input no longer takes anything.
    Closed,
    /// Nothing of what was waited for came in time.
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        after: Duration,
    },
    /// The server answered a request with an error.
    Refused {
        /// The protocol's error code.
        code: i64,
        /// The server's words.
        message: String,
    },
    /// The server sent something that is no message.
    Malformed(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the server has closed the connection"),
            Self::TimedOut { what, after } => {
                write!(f, "no {what} came within {:.1} s", after.as_secs_f64())
            }
            Self::Refused { code, message } => write!(f, "the server refused with {code}: {message}"),
            Self::Malformed(what) => write!(f, "the server sent what is no message: {what}"),
        }
    }
}

impl std::error::Error for ClientError {}

/// A message of the server, stamped when its last byte had been read and before it was parsed.
#[derive(Debug, Clone)]
pub struct Message {
    /// When it had arrived.
    pub at: Instant,
    /// The message.
    pub value: Value,
}

impl Message {
    /// The method of a request or notification; empty for a response.
    pub fn method(&self) -> &str {
        self.value.get("method").and_then(Value::as_str).unwrap_or_default()
    }

    /// The parameters, null where there are none.
    pub fn params(&self) -> &Value {
        self.value.get("params").unwrap_or(&Value::Null)
    }

    /// The code of an error response.
    pub fn error_code(&self) -> Option<i64> {
        self.value.pointer("/error/code").and_then(Value::as_i64)
    }
}

/// Decides whether the client applies an edit the server asks for with `workspace/applyEdit`; gets its parameters.
pub type OnApplyEdit = Box<dyn FnMut(&Value) -> bool + Send>;

/// How the client answers the server's own requests.
pub struct Answers {
    /// What `workspace/configuration` is answered from: an object in which a section like `a.b` is looked up by its parts.
    pub settings: Value,
    /// `None`: every edit is said to be applied. The request can be waited for like any message in either case.
    pub on_apply_edit: Option<OnApplyEdit>,
    /// What is picked where the server offers it as the answer to a question (`window/showMessageRequest`); `None` for
    /// nothing.
    pub picks: Option<&'static str>,
    /// Whether the client leaves every request of the server without an answer, as a hung editor does.
    pub is_silent: bool,
}

impl Default for Answers {
    fn default() -> Self {
        Self { settings: json!({}), on_apply_edit: None, picks: None, is_silent: false }
    }
}

/// What the reading thread hands over.
enum Incoming {
    Message(Message),
    Broken(String),
}

type Outbox = Arc<Mutex<Option<Sender<Vec<u8>>>>>;

/// The client's end of a connection.
pub struct Client {
    outbox: Outbox,
    incoming: Receiver<Incoming>,
    answers: Arc<Mutex<Answers>>,
    next_id: i64,
    awaited: HashSet<i64>,
    responses: HashMap<i64, Message>,
    messages: VecDeque<Message>,
    timeout: Duration,
    failure: Option<ClientError>,
}

impl Client {
    /// A client of the server whose output is `from_server` and whose input is `to_server`. Requests wait 30 s for their
    /// responses unless [`set_timeout`](Self::set_timeout) says otherwise.
    pub fn new(
        from_server: impl Read + Send + 'static,
        to_server: impl Write + Send + 'static,
        answers: Answers,
    ) -> Self {
        let (sender, receiver) = mpsc::channel();
        let outbox: Outbox = Arc::new(Mutex::new(Some(sender)));
        let answers = Arc::new(Mutex::new(answers));
        let (hand_over, incoming) = mpsc::channel();
        thread::spawn(move || write_all(&receiver, to_server));
        let reading = (Arc::clone(&outbox), Arc::clone(&answers));
        thread::spawn(move || read_all(from_server, &hand_over, &reading.0, &reading.1));
        Self {
            outbox,
            incoming,
            answers,
            next_id: 1,
            awaited: HashSet::new(),
            responses: HashMap::new(),
            messages: VecDeque::new(),
            timeout: Duration::from_secs(30),
            failure: None,
        }
    }

    /// How long [`request`](Self::request) waits from now on.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// What `workspace/configuration` is answered from now on. Tells the server nothing.
    pub fn set_settings(&mut self, settings: Value) {
        locked(&self.answers).settings = settings;
    }

    /// Whether the client answers the server's requests from now on.
    pub fn set_silent(&mut self, is_silent: bool) {
        locked(&self.answers).is_silent = is_silent;
    }

    /// Sends a request and waits for its result.
    ///
    /// # Errors
    /// [`ClientError::Refused`] for an error response; the others when there is none.
    pub fn request(&mut self, method: &str, params: Value) -> Result<Value, ClientError> {
        let id = self.start_request(method, params)?;
        self.response(id, self.timeout)
    }

    /// Sends a request and returns its id at once, for [`response`](Self::response).
    ///
    /// # Errors
    /// [`ClientError::Closed`].
    pub fn start_request(&mut self, method: &str, params: Value) -> Result<i64, ClientError> {
        let id = self.next_id;
        self.next_id += 1;
        self.awaited.insert(id);
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        Ok(id)
    }

    /// Waits for the result of a started request.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn response(&mut self, id: i64, timeout: Duration) -> Result<Value, ClientError> {
        let mut message = self.response_message(id, timeout)?;
        if let Some(error) = message.value.get("error") {
            let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
            let words = error.get("message").and_then(Value::as_str).unwrap_or_default();
            return Err(ClientError::Refused { code, message: words.to_owned() });
        }
        Ok(message.value.get_mut("result").map(Value::take).unwrap_or_default())
    }

    /// Waits for the whole response to a started request, result or error, with the time of its arrival.
    ///
    /// # Errors
    /// [`ClientError::TimedOut`], [`ClientError::Closed`], [`ClientError::Malformed`].
    pub fn response_message(&mut self, id: i64, timeout: Duration) -> Result<Message, ClientError> {
        let deadline = after(timeout);
        loop {
            if let Some(message) = self.responses.remove(&id) {
                return Ok(message);
            }
            if !self.pump(deadline)? {
                return Err(ClientError::TimedOut {
                    what: format!("response to request {id}"),
                    after: timeout,
                });
            }
        }
    }

    /// Sends a notification.
    ///
    /// # Errors
    /// [`ClientError::Closed`].
    pub fn notify(&mut self, method: &str, params: Value) -> Result<(), ClientError> {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    /// Cancels a started request; its response still comes.
    ///
    /// # Errors
    /// [`ClientError::Closed`].
    pub fn cancel(&mut self, id: i64) -> Result<(), ClientError> {
        self.notify("$/cancelRequest", json!({ "id": id }))
    }

    /// Sends any JSON as one frame, for what [`request`](Self::request) and [`notify`](Self::notify) cannot say. A
    /// response to an id of the caller's own is waited for with [`wait_for`](Self::wait_for).
    ///
    /// # Errors
    /// [`ClientError::Closed`].
    pub fn send(&mut self, message: &Value) -> Result<(), ClientError> {
        post(&self.outbox, message)
    }

    /// Sends bytes as they are, framed or not.
    ///
    /// # Errors
    /// [`ClientError::Closed`].
    pub fn send_raw(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        post_raw(&self.outbox, bytes.to_vec())
    }

    /// Waits for a message that `is_wanted`, among those not yet taken (oldest first) and those to come. Messages are the
    /// server's notifications and requests, and responses to ids this client did not give.
    ///
    /// # Errors
    /// [`ClientError::TimedOut`], [`ClientError::Closed`], [`ClientError::Malformed`].
    pub fn wait_for(
        &mut self,
        mut is_wanted: impl FnMut(&Message) -> bool,
        timeout: Duration,
    ) -> Result<Message, ClientError> {
        let deadline = after(timeout);
        let mut looked_at = 0;
        loop {
            while let Some(message) = self.messages.get(looked_at) {
                if is_wanted(message) {
                    return self.messages.remove(looked_at).ok_or(ClientError::Closed);
                }
                looked_at += 1;
            }
            if !self.pump(deadline)? {
                return Err(ClientError::TimedOut { what: "such message".to_owned(), after: timeout });
            }
        }
    }

    /// Takes every message that has arrived and was not yet taken, oldest first.
    pub fn take_messages(&mut self) -> Vec<Message> {
        while let Ok(incoming) = self.incoming.try_recv() {
            self.sort(incoming);
        }
        self.messages.drain(..).collect()
    }

    /// Shakes hands: `initialize` with `params`, then `initialized`. Returns the server's answer.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn initialize(&mut self, params: Value) -> Result<Value, ClientError> {
        let answer = self.request("initialize", params)?;
        self.notify("initialized", json!({}))?;
        Ok(answer)
    }

    /// Takes leave: `shutdown`, then `exit`, then the end of the server's input.
    ///
    /// # Errors
    /// As [`request`](Self::request); the input is closed in any case.
    pub fn shutdown(&mut self) -> Result<(), ClientError> {
        let answer = self.request("shutdown", Value::Null);
        let exit = self.notify("exit", Value::Null);
        self.close_input();
        answer?;
        exit
    }

    /// Ends the server's input once everything sent so far has been written.
    pub fn close_input(&mut self) {
        locked(&self.outbox).take();
    }

    /// Takes in one message if one comes before `deadline`; `false` if none does.
    fn pump(&mut self, deadline: Instant) -> Result<bool, ClientError> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.incoming.recv_timeout(left) {
            Ok(incoming) => {
                self.sort(incoming);
                Ok(true)
            }
            Err(RecvTimeoutError::Timeout) => Ok(false),
            Err(RecvTimeoutError::Disconnected) => Err(self.failure.clone().unwrap_or(ClientError::Closed)),
        }
    }

    fn sort(&mut self, incoming: Incoming) {
        let message = match incoming {
            Incoming::Message(message) => message,
            Incoming::Broken(what) => {
                self.failure = Some(ClientError::Malformed(what));
                return;
            }
        };
        let id = message.value.get("id").and_then(Value::as_i64).filter(|_| message.method().is_empty());
        match id {
            Some(id) if self.awaited.remove(&id) => {
                self.responses.insert(id, message);
            }
            _ => self.messages.push_back(message),
        }
    }
}

impl Drop for Client {
    /// Lets the threads end: the writer when nothing is left to write, the reader when the server closes its output.
    fn drop(&mut self) {
        self.close_input();
    }
}

/// A message with its header, as it goes over the wire.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The moment `timeout` from now; a day is as good as for ever, and no sum overflows.
fn after(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(Duration::from_secs(86_400))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn post(outbox: &Outbox, message: &Value) -> Result<(), ClientError> {
    post_raw(outbox, frame(message.to_string().as_bytes()))
}

fn post_raw(outbox: &Outbox, bytes: Vec<u8>) -> Result<(), ClientError> {
    let outbox = locked(outbox);
    outbox.as_ref().and_then(|outbox| outbox.send(bytes).ok()).ok_or(ClientError::Closed)
}

fn write_all(receiver: &Receiver<Vec<u8>>, mut to_server: impl Write) {
    while let Ok(bytes) = receiver.recv() {
        if to_server.write_all(&bytes).and_then(|()| to_server.flush()).is_err() {
            return;
        }
    }
}

fn read_all(from_server: impl Read, hand_over: &Sender<Incoming>, outbox: &Outbox, answers: &Mutex<Answers>) {
    let mut from_server = BufReader::with_capacity(1 << 16, from_server);
    loop {
        let incoming = match read_message(&mut from_server) {
            Ok(None) => return,
            Ok(Some(message)) => {
                if let Some(reply) = reply_to(&message, &mut locked(answers)) {
                    // A server that no longer reads has no use for the answer either.
                    let _ = post(outbox, &reply);
                }
                Incoming::Message(message)
            }
            Err(error) => {
                let _ = hand_over.send(Incoming::Broken(error.to_string()));
                return;
            }
        };
        // Nobody listens any more, but the server must still be able to write.
        if hand_over.send(incoming).is_err() {
            let _ = io::copy(&mut from_server, &mut io::sink());
            return;
        }
    }
}

/// The next message; `None` at the end between two messages.
fn read_message(from: &mut impl BufRead) -> io::Result<Option<Message>> {
    let Some(length) = read_header(from)? else { return Ok(None) };
    let mut body = Vec::new();
    from.by_ref().take(length).read_to_end(&mut body)?;
    let at = Instant::now();
    if (body.len() as u64) < length {
        return Err(broken(format!("a body of {length} bytes ends after {}", body.len())));
    }
    let value = serde_json::from_slice(&body).map_err(|error| broken(error.to_string()))?;
    Ok(Some(Message { at, value }))
}

fn read_header(from: &mut impl BufRead) -> io::Result<Option<u64>> {
    let (mut length, mut is_first) = (None, true);
    loop {
        let mut line = Vec::new();
        if from.by_ref().take(1 << 12).read_until(b'\n', &mut line)? == 0 {
            return if is_first { Ok(None) } else { Err(broken("a header without an end".to_owned())) };
        }
        is_first = false;
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse::<u64>().ok().filter(|length| *length <= LONGEST_BODY);
            }
            Some(_) => {}
            None => return Err(broken(format!("the header line {line:?}"))),
        }
    }
    length.map(Some).ok_or_else(|| broken("a header without a length".to_owned()))
}

fn broken(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The client's answer to a request of the server; `None` for what is no request.
fn reply_to(message: &Message, answers: &mut Answers) -> Option<Value> {
    let (id, method) = (message.value.get("id")?, message.value.get("method")?.as_str()?);
    if answers.is_silent {
        return None;
    }
    let params = message.params();
    let result = match method {
        "workspace/configuration" => configuration(params, &answers.settings),
        "workspace/applyEdit" => {
            let is_applied = answers.on_apply_edit.as_mut().is_none_or(|apply| apply(params));
            json!({ "applied": is_applied })
        }
        "window/showDocument" => json!({ "success": true }),
        "window/showMessageRequest" => answers.picks.map_or(Value::Null, |title| pick(params, title)),
        "client/registerCapability"
        | "client/unregisterCapability"
        | "window/workDoneProgress/create"
        | "workspace/workspaceFolders"
        | "workspace/codeLens/refresh"
        | "workspace/diagnostic/refresh"
        | "workspace/inlayHint/refresh"
        | "workspace/semanticTokens/refresh" => Value::Null,
        other => {
            let error = json!({"code": -32601, "message": format!("this client does not know `{other}`")});
            return Some(json!({"jsonrpc": "2.0", "id": id, "error": error}));
        }
    };
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// The action with this title, if the question has it.
fn pick(question: &Value, title: &str) -> Value {
    let actions = question.get("actions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_own = |action: &&Value| action.get("title").and_then(Value::as_str) == Some(title);
    actions.iter().find(is_own).cloned().unwrap_or(Value::Null)
}

/// One value per asked item, null for a section that is not set.
fn configuration(params: &Value, settings: &Value) -> Value {
    let items = params.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let of_item = |item: &Value| {
        let section = item.get("section").and_then(Value::as_str).unwrap_or_default();
        let mut parts = section.split('.').filter(|part| !part.is_empty());
        parts.try_fold(settings, |inner, part| inner.get(part)).cloned().unwrap_or_default()
    };
    items.iter().map(of_item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// A server of one thread: gets every message of the client and the stream to answer on; ends with the input.
    fn serve(
        answers: Answers,
        mut on_message: impl FnMut(&Value, &mut dyn Write) + Send + 'static,
    ) -> (Client, thread::JoinHandle<()>) {
        let (from_client, to_server) = io::pipe().unwrap();
        let (from_server, mut to_client) = io::pipe().unwrap();
        let server = thread::spawn(move || {
            let mut from_client = BufReader::new(from_client);
            while let Some(message) = read_message(&mut from_client).unwrap() {
                on_message(&message.value, &mut to_client);
            }
        });
        (Client::new(from_server, to_server, answers), server)
    }

    fn say(to: &mut dyn Write, message: &Value) {
        to.write_all(&frame(message.to_string().as_bytes())).unwrap();
    }

    /// A client that hears `bytes` and then the end.
    fn hear(bytes: &'static [u8]) -> Client {
        Client::new(bytes, io::sink(), Answers::default())
    }

    #[test]
    fn responses_find_their_requests_in_any_order_and_errors_are_told_apart() {
        let mut kept = Vec::new();
        let (mut client, _) = serve(Answers::default(), move |message, to| {
            kept.push(message["id"].clone());
            if kept.len() == 2 {
                say(to, &json!({"id": kept[1], "result": "second"}));
                say(to, &json!({"id": kept[0], "error": {"code": -32601, "message": "no"}}));
            }
        });
        let first = client.start_request("a", Value::Null).unwrap();
        let second = client.start_request("b", Value::Null).unwrap();
        let refused = ClientError::Refused { code: -32601, message: "no".to_owned() };
        assert_eq!(client.response(first, SOON), Err(refused));
        assert_eq!(client.response(second, SOON), Ok(json!("second")));
    }

    #[test]
    fn a_message_that_was_passed_over_can_still_be_waited_for() {
        let (mut client, _) = serve(Answers::default(), |_, to| {
            say(to, &json!({"method": "early"}));
            say(to, &json!({"method": "late"}));
            say(to, &json!({"id": null, "error": {"code": -32700, "message": "what?"}}));
        });
        client.notify("go", Value::Null).unwrap();
        assert_eq!(client.wait_for(|message| message.method() == "late", SOON).unwrap().method(), "late");
        assert_eq!(client.wait_for(|_| true, SOON).unwrap().method(), "early");
        let orphan = client.wait_for(|message| message.value["id"].is_null(), SOON).unwrap();
        assert_eq!(orphan.error_code(), Some(-32700));
        assert!(client.take_messages().is_empty());
    }

    #[test]
    fn requests_of_the_server_are_answered() {
        let asked = [
            (
                "workspace/configuration",
                json!({"items": [{"section": "a.b"}, {"section": "a.c"}, {}]}),
                json!([1, null, {"a": {"b": 1}}]),
            ),
            ("workspace/applyEdit", json!({"label": "x"}), json!({"applied": false})),
            ("client/registerCapability", json!({}), Value::Null),
            ("window/workDoneProgress/create", json!({"token": 1}), Value::Null),
            ("window/showMessageRequest", json!({"actions": [{"title": "No"}]}), Value::Null),
            ("window/showMessageRequest", json!({"actions": [{"title": "Yes"}]}), json!({"title": "Yes"})),
        ];
        let (sender, replies) = mpsc::channel();
        let requests = asked.clone();
        let answers = Answers {
            settings: json!({"a": {"b": 1}}),
            on_apply_edit: Some(Box::new(|params| params["label"] != "x")),
            picks: Some("Yes"),
            is_silent: false,
        };
        let (mut client, _) = serve(answers, move |message, to| {
            if message["method"] == "go" {
                for (id, (method, params, _)) in requests.iter().enumerate() {
                    say(to, &json!({"id": id, "method": method, "params": params}));
                }
                say(to, &json!({"id": "last", "method": "no/such"}));
            } else {
                sender.send(message.clone()).unwrap();
            }
        });
        client.notify("go", Value::Null).unwrap();
        for (id, (method, _, expected)) in asked.iter().enumerate() {
            let reply = replies.recv_timeout(SOON).unwrap();
            assert_eq!((&reply["id"], &reply["result"]), (&json!(id), expected), "{method}");
        }
        assert_eq!(replies.recv_timeout(SOON).unwrap()["error"]["code"], -32601);
    }

    #[test]
    fn a_silent_client_answers_nothing() {
        let request =
            Message { at: Instant::now(), value: json!({"id": 1, "method": "window/showDocument"}) };
        let mut answers = Answers { is_silent: true, ..Answers::default() };
        assert_eq!(reply_to(&request, &mut answers), None);
        answers.is_silent = false;
        assert!(reply_to(&request, &mut answers).is_some());
    }

    #[test]
    fn neither_side_waits_for_the_other_to_read() {
        // More than both pipes hold, asked for before anything is read.
        let blob = "x".repeat(1 << 20);
        let answer = blob.clone();
        let (mut client, server) = serve(Answers::default(), move |message, to| {
            say(to, &json!({"id": message["id"], "result": answer}));
        });
        let ids: Vec<i64> = (0..8).map(|_| client.start_request("x", json!(blob)).unwrap()).collect();
        for id in ids {
            assert_eq!(client.response(id, SOON).unwrap().as_str().map(str::len), Some(1 << 20));
        }
        client.close_input();
        server.join().unwrap();
    }

    #[test]
    fn the_end_of_the_server_is_told() {
        let (mut client, server) = serve(Answers::default(), |message, to| {
            say(to, &json!({"id": message["id"], "result": null}));
        });
        assert_eq!(client.shutdown(), Ok(()));
        server.join().unwrap();
        assert_eq!(client.wait_for(|_| false, SOON).unwrap_err(), ClientError::Closed);
        assert_eq!(client.request("late", Value::Null), Err(ClientError::Closed));
    }

    #[test]
    fn what_does_not_come_in_time_is_told() {
        let (mut client, _) = serve(Answers::default(), |_, _| {});
        client.set_timeout(Duration::from_millis(1));
        let error = client.request("x", Value::Null).unwrap_err();
        assert_eq!(error.to_string(), "no response to request 1 came within 0.0 s");
    }

    #[test]
    fn headers_are_read_in_any_case_and_with_others() {
        let mut client = hear(b"content-type: x; charset=utf-8\r\nCONTENT-LENGTH:  2\r\n\r\n{}");
        assert_eq!(client.wait_for(|_| true, SOON).unwrap().value, json!({}));
        assert_eq!(client.wait_for(|_| true, SOON).unwrap_err(), ClientError::Closed);
    }

    #[test]
    fn what_is_no_message_is_told_and_ends_the_connection() {
        let inputs: [(&[u8], &str); 6] = [
            (b"Content-Length: 5\r\n\r\n{}", "a body of 5 bytes ends after 2"),
            (b"Content-Length: 2\r\n", "a header without an end"),
            (b"Content-Length: -2\r\n\r\n{}", "a header without a length"),
            (b"Content-Length: 99999999999999\r\n\r\n{}", "a header without a length"),
            (b"hello\r\n\r\n{}", "the header line \"hello\""),
            (b"Content-Length: 2\r\n\r\n{{", "key must be a string at line 1 column 2"),
        ];
        for (bytes, what) in inputs {
            let error = hear(bytes).wait_for(|_| true, SOON).unwrap_err();
            assert_eq!(error, ClientError::Malformed(what.to_owned()));
        }
    }
}
