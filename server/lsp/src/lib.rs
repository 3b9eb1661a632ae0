//! The language server: an editor's view of a workspace, and the only crate that knows the protocol.
//!
//! One task owns the state (`state`); a closed enum of events goes into its mailbox (`event`), messages and jobs come
//! out. The transport gives each message its first turn in the order of the wire, which is when handlers put events in.
//! Nothing here proves or judges anything: that is the workspace's business; nothing here writes to the user's files:
//! that is the editor's.

pub mod client;

mod client_facts;
mod commands;
mod documents;
mod event;
mod features;
mod folder;
mod forging;
mod framing;
mod handlers;
mod indexing;
mod locations;
mod logging;
mod offers;
mod outbox;
#[cfg(test)]
mod protocol_page;
mod repairs;
mod state;
mod transport;
mod trust;

pub use std::net::SocketAddr as ListenAddress;

use crate::event::{Event, Mailbox};
use crate::handlers::Handlers;
use crate::outbox::Outbox;
use crate::state::State;
use crate::transport::Ending;
use hephaestus_workspace::{HelperCommand, prepare_languages};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tower_lsp::LspService;

/// How a server is run.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// How the sandbox's helper is started.
    pub helper: HelperCommand,
    /// Where the log goes; `None` for the user's state folder.
    pub log: Option<PathBuf>,
}

/// Serves one editor over standard input and output; returns the exit code the protocol asks for: 0 when the editor
/// asked to shut down first, 1 otherwise.
///
/// # Errors
/// When the message loop cannot be started.
pub fn serve_stdio(options: &ServerOptions) -> std::io::Result<u8> {
    run(async { Ok(serve(tokio::io::stdin(), tokio::io::stdout(), options).await) })
}

/// Waits for one editor at `address`, says on standard error where, and serves it.
///
/// # Errors
/// When the address cannot be listened at.
pub fn serve_tcp(
    address: ListenAddress,
    options: &ServerOptions,
    listening: impl FnOnce(ListenAddress),
) -> std::io::Result<u8> {
    run(async {
        let listener = TcpListener::bind(address).await?;
        listening(listener.local_addr()?);
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (input, output) = stream.into_split();
        Ok(serve(input, output, options).await)
    })
}

/// One thread for messages and state: they are small; what is not goes to other threads.
fn run(server: impl Future<Output = std::io::Result<u8>>) -> std::io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(server);
    // A thread may still sit in a read of standard input that never ends.
    runtime.shutdown_background();
    code
}

async fn serve<I, O>(input: I, output: O, options: &ServerOptions) -> u8
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin + Send + 'static,
{
    // Beside the first messages, which need none of it.
    let _ = std::thread::Builder::new().name("languages".to_owned()).spawn(prepare_languages);
    let (frames, queue) = unbounded_channel();
    let waiting = Arc::default();
    let outbox = Outbox::new(frames, Arc::clone(&waiting));
    let log = options.log.clone().or_else(|| Some(trust::state_folder()?.join("lsp.log")));
    logging::start(log.as_deref(), outbox.clone());
    let (events, mail) = unbounded_channel();
    let mailbox = Mailbox(events);
    let (parent, parent_named) = watch::channel(None);
    let (service, _) = LspService::build(|_| Handlers::new(mailbox.clone(), parent))
        .custom_method("hephaestus/viewText", Handlers::view_text)
        .custom_method("hephaestus/stats", Handlers::stats)
        .custom_method("hephaestus/goals", Handlers::goals)
        .custom_method("hephaestus/evidence", Handlers::evidence)
        .custom_method("window/workDoneProgress/cancel", Handlers::cancel_progress)
        .custom_method("$/setTrace", Handlers::ignore)
        .finish();
    let state = State::new(outbox.clone(), mailbox.clone(), options.helper.clone());
    tokio::spawn(transport::write(output, queue, Arc::clone(&waiting)));
    let owner = tokio::spawn(own(state, mail));
    let (ending, is_shut_down) = transport::read(input, service, outbox, mailbox, parent_named).await;
    tracing::info!("the server ends: {ending:?}");
    // The state goes first: it stops what runs.
    owner.abort();
    let _ = owner.await;
    transport::last_words(&waiting).await;
    u8::from(!(is_shut_down && ending != Ending::ParentDied))
}

/// The owner's loop: takes what is there, then does what is due.
async fn own(mut state: State, mut mail: UnboundedReceiver<Event>) {
    loop {
        let event = match state.wake(Instant::now()) {
            None => mail.recv().await,
            Some(at) => match tokio::time::timeout_at(at.into(), mail.recv()).await {
                Ok(event) => event,
                Err(_) => {
                    state.settle(Instant::now());
                    continue;
                }
            },
        };
        let Some(event) = event else { return };
        state.handle(event, Instant::now());
        while let Ok(event) = mail.try_recv() {
            state.handle(event, Instant::now());
        }
        state.settle(Instant::now());
    }
}
