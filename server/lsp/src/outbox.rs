//! The way out: everything that is sent to the editor, in the order it was sent. Nobody waits here: messages are put
//! into frames and queued; the transport writes them.

use crate::transport::Frame;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::mpsc::UnboundedSender;
use tower_lsp::jsonrpc::Response;
use tower_lsp::ls_types::notification::Notification;
use tower_lsp::ls_types::request::Request;

/// Bytes that may wait to be read by the editor before we hold back what can be sent later.
const ENOUGH: usize = 8 * 1024 * 1024;

/// Sends to the editor. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    frames: UnboundedSender<Frame>,
    waiting: Arc<AtomicUsize>,
    next: Arc<AtomicU64>,
}

impl Outbox {
    pub(crate) fn new(frames: UnboundedSender<Frame>, waiting: Arc<AtomicUsize>) -> Self {
        Self { frames, waiting, next: Arc::default() }
    }

    /// Sends a notification of the protocol.
    pub(crate) fn notify<N: Notification>(&self, params: &N::Params) {
        self.notify_named(N::METHOD, params);
    }

    /// Sends a notification of our own.
    pub(crate) fn notify_named<P: Serialize>(&self, method: &str, params: &P) {
        #[derive(Serialize)]
        struct Message<'a, P> {
            jsonrpc: &'a str,
            method: &'a str,
            params: &'a P,
        }
        self.send(&Message { jsonrpc: "2.0", method, params });
    }

    /// Sends a request of the protocol; the answer comes as an event with the id returned here.
    pub(crate) fn request<R: Request>(&self, params: &R::Params) -> String {
        let id = format!("hephaestus-{}", self.next.fetch_add(1, Ordering::Relaxed));
        let params = serde_json::to_value(params).unwrap_or(Value::Null);
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": R::METHOD, "params": params}));
        id
    }

    /// Answers a request.
    pub(crate) fn respond(&self, response: &Response) {
        self.send(response);
    }

    /// Whether the editor is so far behind that diagnostics had better wait.
    pub(crate) fn is_clogged(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > ENOUGH
    }

    fn send<T: Serialize>(&self, message: &T) {
        let body = match serde_json::to_vec(message) {
            Ok(body) => body,
            Err(error) => return tracing::error!("a message cannot be written: {error}"),
        };
        self.waiting.fetch_add(body.len(), Ordering::Relaxed);
        let size = body.len();
        // Nobody listens any more when the editor is gone; then there is nothing to say either.
        if self.frames.send(Frame(body)).is_err() {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
        }
    }
}
