//! The message loop: frames in, calls to the router, frames out.
//!
//! tower-lsp's own loop runs four handlers at a time in one task and stops reading when they are stuck; this one gives
//! every message its first turn in the order of the wire, and never waits for a handler, a forge or the editor. What
//! messages mean is the router's and the state's business.

use crate::event::{Event, Mailbox};
use crate::framing::{FrameError, Framer};
use crate::handlers::Handlers;
use crate::outbox::Outbox;
use serde_json::Value;
use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tower_lsp::LspService;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};
use tower_service::Service;

/// Requests that may be under way at once; an editor has a few dozen.
const MOST_REQUESTS: usize = 4096;

/// How often we look whether the editor's process is still there.
const PARENT_CHECK: Duration = Duration::from_secs(2);

/// How long the last frames may take to be read by the editor.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// One message, ready to be written.
#[derive(Debug)]
pub(crate) struct Frame(pub(crate) Vec<u8>);

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The editor said `exit`.
    Exit,
    /// The stream from the editor ended.
    EndOfInput,
    /// The editor's process is gone.
    ParentDied,
}

/// Reads until the editor is done with us; why that was, and whether it had asked us to shut down. The owner of the state gets what is no call: answers to our own requests.
pub(crate) async fn read<I: AsyncRead + Unpin>(
    mut input: I,
    mut service: LspService<Handlers>,
    outbox: Outbox,
    mailbox: Mailbox,
    parent: watch::Receiver<Option<u32>>,
) -> (Ending, bool) {
    let ending = read_all(&mut input, &mut service, outbox, mailbox, parent).await;
    (ending, service.inner().is_shut_down())
}

async fn read_all<I: AsyncRead + Unpin>(
    input: &mut I,
    service: &mut LspService<Handlers>,
    outbox: Outbox,
    mailbox: Mailbox,
    parent: watch::Receiver<Option<u32>>,
) -> Ending {
    let mut framer = Framer::default();
    let mut bytes = vec![0; 64 * 1024];
    let under_way = Arc::new(AtomicUsize::new(0));
    let mut orphaned = Box::pin(orphaned(parent));
    loop {
        while let Some(message) = framer.next() {
            let request = match message.map_err(complaint).and_then(classify) {
                Ok(Message::Request(request)) => request,
                Ok(Message::Answer(id, answer)) => {
                    mailbox.send(Event::Answered { id, answer });
                    continue;
                }
                Err(response) => {
                    outbox.respond(&response);
                    continue;
                }
            };
            let is_exit = request.method() == "exit";
            if under_way.load(Ordering::Relaxed) >= MOST_REQUESTS && request.id().is_some() {
                outbox.respond(&overloaded(&request));
                continue;
            }
            if let Some(refusal) = out_of_turn(&request, service.inner()) {
                outbox.respond(&refusal);
                continue;
            }
            let id = request.id().cloned();
            first_turn(id, service.call(request), &outbox, &under_way).await;
            if is_exit {
                return Ending::Exit;
            }
        }
        tokio::select! {
            read = input.read(&mut bytes) => match read {
                Ok(0) | Err(_) => break,
                Ok(count) => framer.push(bytes.get(..count).unwrap_or_default()),
            },
            () = &mut orphaned => return Ending::ParentDied,
        }
    }
    if !framer.is_empty() {
        tracing::warn!("the input ended in the middle of a message");
    }
    Ending::EndOfInput
}

/// Polls a call once, in the order of the wire: that is when handlers put their event into the owner's mailbox. What is
/// not answered then goes on beside the reader.
async fn first_turn<F, E>(id: Option<Id>, call: F, outbox: &Outbox, under_way: &Arc<AtomicUsize>)
where
    F: Future<Output = Result<Option<Response>, E>> + Send + 'static,
    E: Send + 'static,
{
    let mut call: Pin<Box<F>> = Box::pin(call);
    match poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await {
        Poll::Ready(Ok(Some(response))) => outbox.respond(&response),
        // The router says nothing to `$/…` it does not know; who asked is answered all the same.
        Poll::Ready(_) => {
            if let Some(id) = id {
                outbox.respond(&Response::from_error(id, Error::method_not_found()));
            }
        }
        Poll::Pending => {
            let (outbox, under_way) = (outbox.clone(), Arc::clone(under_way));
            under_way.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                if let Ok(Some(response)) = call.await {
                    outbox.respond(&response);
                }
                under_way.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }
}

enum Message {
    Request(Request),
    Answer(Id, Result<Value, Error>),
}

/// What a message is; an answer to send when it is nothing that the protocol knows.
fn classify(message: Value) -> Result<Message, Response> {
    let id = message.get("id").and_then(|id| serde_json::from_value(id.clone()).ok()).unwrap_or(Id::Null);
    let refusal = || Response::from_error(id.clone(), Error::invalid_request());
    if message.get("method").is_some_and(Value::is_string) {
        return serde_json::from_value(message).map(Message::Request).map_err(|_| refusal());
    }
    if message.get("result").is_none() && message.get("error").is_none() {
        return Err(refusal());
    }
    let response: Response = serde_json::from_value(message).map_err(|_| refusal())?;
    let (id, answer) = response.into_parts();
    Ok(Message::Answer(id, answer))
}

fn complaint(error: FrameError) -> Response {
    tracing::warn!("a bad frame: {error}");
    let error = Error { code: ErrorCode::ParseError, message: error.to_string().into(), data: None };
    Response::from_error(Id::Null, error)
}

/// The answer to what may be asked only after the greeting, or no more after the leave, whether we know it or not.
fn out_of_turn(request: &Request, handlers: &Handlers) -> Option<Response> {
    const NOT_INITIALIZED: i64 = -32002;
    let id = request.id().cloned()?;
    if handlers.is_shut_down() {
        return Some(Response::from_error(id, Error::invalid_request()));
    }
    if handlers.is_greeted() || request.method() == "initialize" {
        return None;
    }
    let code = ErrorCode::ServerError(NOT_INITIALIZED);
    let error = Error { code, message: "the first request has to be `initialize`".into(), data: None };
    Some(Response::from_error(id, error))
}

fn overloaded(request: &Request) -> Response {
    const REQUEST_FAILED: i64 = -32803;
    let message = format!("{MOST_REQUESTS} requests are under way; ask again later");
    let error = Error { code: ErrorCode::ServerError(REQUEST_FAILED), message: message.into(), data: None };
    Response::from_error(request.id().cloned().unwrap_or(Id::Null), error)
}

/// Ends when the editor's process is gone, which it named in `initialize`; where processes cannot be looked up, never.
async fn orphaned(mut parent: watch::Receiver<Option<u32>>) {
    let named = parent.wait_for(Option::is_some).await.ok().and_then(|named| *named);
    let Some(folder) = named.map(|id| PathBuf::from(format!("/proc/{id}"))).filter(|folder| folder.exists())
    else {
        return std::future::pending().await;
    };
    while folder.exists() {
        tokio::time::sleep(PARENT_CHECK).await;
    }
}

/// Writes frames until there are no more senders.
pub(crate) async fn write<O: AsyncWrite + Unpin>(
    mut output: O,
    mut frames: UnboundedReceiver<Frame>,
    waiting: Arc<AtomicUsize>,
) {
    while let Some(Frame(body)) = frames.recv().await {
        let header = format!("Content-Length: {}\r\n\r\n", body.len());
        let written = async {
            output.write_all(header.as_bytes()).await?;
            output.write_all(&body).await?;
            if frames.is_empty() { output.flush().await } else { Ok(()) }
        };
        if let Err(error) = written.await {
            tracing::warn!("the editor reads no more: {error}");
            frames.close();
            waiting.store(0, Ordering::Relaxed);
            return;
        }
        waiting.fetch_sub(body.len(), Ordering::Relaxed);
    }
}

/// Gives the editor a moment to read what is left.
pub(crate) async fn last_words(waiting: &AtomicUsize) {
    let drained = async {
        while waiting.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(LAST_WORDS, drained).await.is_err() {
        tracing::warn!("the editor did not read the last messages");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn messages_are_told_apart_and_nonsense_is_refused_with_its_id() {
        let is_request = |value| matches!(classify(value), Ok(Message::Request(_)));
        assert!(is_request(json!({"jsonrpc": "2.0", "id": 1, "method": "x"})));
        assert!(is_request(json!({"jsonrpc": "2.0", "method": "x", "params": {}})));
        assert!(matches!(
            classify(json!({"jsonrpc": "2.0", "id": "a", "result": null})),
            Ok(Message::Answer(_, Ok(Value::Null)))
        ));
        for (nonsense, id) in [
            (json!([{"jsonrpc": "2.0", "id": 1, "method": "x"}]), Id::Null),
            (json!({"jsonrpc": "1.0", "id": 7, "method": "x"}), Id::Number(7)),
            (json!({"jsonrpc": "2.0", "id": "q", "method": 5}), Id::String("q".to_owned())),
            (json!({"jsonrpc": "2.0"}), Id::Null),
            (json!("text"), Id::Null),
        ] {
            let Err(response) = classify(nonsense.clone()) else { panic!("{nonsense} was taken") };
            assert_eq!((response.id(), response.is_error()), (&id, true), "{nonsense}");
        }
    }
}
