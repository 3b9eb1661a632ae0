//! The log: everything to a file, what concerns the user to the editor's own log window.

use crate::outbox::Outbox;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use tower_lsp::ls_types::notification::LogMessage;
use tower_lsp::ls_types::{LogMessageParams, MessageType};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// A log that is larger when a server starts is put aside.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The environment variable that says what is logged.
const FILTER: &str = "HEPHAESTUS_LOG";

/// Where the editor's log window is; nowhere before the first server of this process starts.
static WINDOW: OnceLock<Mutex<Option<Outbox>>> = OnceLock::new();

/// Starts logging. Without a `file` that can be written, only the editor is told.
pub(crate) fn start(file: Option<&Path>, outbox: Outbox) {
    if let Ok(mut window) = WINDOW.get_or_init(Mutex::default).lock() {
        *window = Some(outbox);
    }
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new("hephaestus=info,warn"));
    let writer = file.and_then(open).map(Mutex::new);
    let to_file = writer.map(|writer| fmt::layer().with_ansi(false).with_writer(writer));
    // A process that has a log already keeps it.
    let _ = tracing_subscriber::registry().with(filter).with(to_file).with(Window).try_init();
}

fn open(path: &Path) -> Option<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).ok()?;
    }
    if fs::metadata(path).is_ok_and(|meta| meta.len() > LARGEST) {
        let _ = fs::rename(path, path.with_extension("old.log"));
    }
    OpenOptions::new().create(true).append(true).open(path).ok()
}

/// Sends what is logged to the editor.
struct Window;

impl<S: Subscriber> Layer<S> for Window {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // Other crates' worries belong in the file.
        if !event.metadata().target().starts_with("hephaestus") {
            return;
        }
        let typ = match *event.metadata().level() {
            Level::ERROR => MessageType::ERROR,
            Level::WARN => MessageType::WARNING,
            Level::INFO => MessageType::INFO,
            _ => MessageType::LOG,
        };
        let mut text = Text(String::new());
        event.record(&mut text);
        let outbox = WINDOW.get().and_then(|window| window.lock().ok()?.clone());
        if let Some(outbox) = outbox {
            outbox.notify::<LogMessage>(&LogMessageParams { typ, message: text.0 });
        }
    }
}

/// An event's text.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let separator = if self.0.is_empty() { "" } else { " " };
        let _ = match field.name() {
            "message" => write!(self.0, "{separator}{value:?}"),
            name => write!(self.0, "{separator}{name}={value:?}"),
        };
    }
}
