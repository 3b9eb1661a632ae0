//! Typing into an open file: latency from each change to its diagnostics, CPU per change, bursts.
//!
//! A change counts as answered by the first diagnostics for its version or a later one. Of a server that names no
//! versions the n-th diagnostics answer the n-th change if there are as many, else the next after it.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::client::{ClientError, Message, frame};
use super::input::{Language, spot};
use super::server::{Server, Session, published};
use super::typist::Typist;

/// How much is typed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Keys typed at a steady pace.
    pub(crate) edits: usize,
    /// The pace.
    pub(crate) interval: Duration,
    /// Keys of a burst, all at once.
    pub(crate) burst: usize,
    /// Bursts.
    pub(crate) bursts: usize,
    /// How long a server may take to catch up.
    pub(crate) patience: Duration,
}

/// What typing into one file costs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// From opening the file to its first diagnostics, in ms.
    pub(crate) open_ms: f64,
    /// Memory with the file open and nothing to do, in MiB.
    pub(crate) open_mib: f64,
    /// CPU of five idle seconds, in ms.
    pub(crate) idle_ms: f64,
    /// CPU per change, in ms.
    pub(crate) cpu_ms: f64,
    /// From a change to its diagnostics, in ms: p50, p95, p99.
    pub(crate) latency_ms: [f64; 3],
    /// From the last change of a burst to its diagnostics, in ms: the median of all bursts.
    pub(crate) burst_ms: f64,
    /// Diagnostics published per burst: the most.
    pub(crate) burst_published: usize,
    /// Analyses per burst as the server itself counts them: the most.
    pub(crate) burst_analyses: Option<f64>,
    /// The most memory ever used, in MiB.
    pub(crate) peak_mib: f64,
}

/// An open document and what was heard of it.
struct Document {
    uri: String,
    typist: Typist,
    version: i64,
    sent: Vec<(i64, Instant)>,
    heard: Vec<(Option<i64>, Instant)>,
}

/// Measures one server on one file, which lies in `folder` and holds `text`.
pub(crate) fn measure(
    server: &Server,
    folder: &std::path::Path,
    language: Language,
    text: &str,
    load: Load,
) -> anyhow::Result<Figures> {
    let mut session = Session::open(server, folder)?;
    let mut figures = Figures::default();
    let mut document = open(&mut session, language, text, load, &mut figures)?;
    thread::sleep(Duration::from_secs(2));
    figures.open_mib = session.process.rss()?;
    let before = session.process.cpu()?;
    thread::sleep(Duration::from_secs(5));
    figures.idle_ms = in_ms(session.process.cpu()?.saturating_sub(before));

    (figures.cpu_ms, figures.latency_ms) = steadily(&mut session, &mut document, load)?;

    let mut bursts = Vec::new();
    for _ in 0..load.bursts {
        thread::sleep(Duration::from_millis(500));
        let analyses = analyses(&mut session);
        document.start(&mut session);
        type_keys(&mut session, &mut document, load.burst, Duration::ZERO)?;
        catch_up(&mut session, &mut document, load.patience)?;
        settle(&mut session, &mut document);
        bursts.push(*document.latencies().last().context("a burst without an answer")?);
        figures.burst_published = figures.burst_published.max(document.heard.len());
        if let (Some(before), Some(after)) = (analyses, self::analyses(&mut session)) {
            figures.burst_analyses = Some(figures.burst_analyses.unwrap_or_default().max(after - before));
        }
    }
    figures.burst_ms = percentile(&mut bursts, 50.0);
    figures.peak_mib = session.process.peak_rss()?;
    session.close()?;
    Ok(figures)
}

fn open(
    session: &mut Session,
    language: Language,
    text: &str,
    load: Load,
    figures: &mut Figures,
) -> anyhow::Result<Document> {
    let uri = session.uri(&format!("long.{}", language.extension()));
    let keys = load.edits + load.burst * load.bursts;
    let mut document = Document {
        uri: uri.clone(),
        typist: Typist::new(text.to_owned(), spot(text, language)?, language, keys),
        version: 1,
        sent: Vec::new(),
        heard: Vec::new(),
    };
    let item = json!({"uri": uri, "languageId": language.id(), "version": 1, "text": text});
    let message =
        json!({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": item}});
    let bytes = frame(message.to_string().as_bytes());
    document.sent.push((1, Instant::now()));
    session.client.send_raw(&bytes)?;
    catch_up(session, &mut document, load.patience).context("the file was opened")?;
    figures.open_ms = *document.latencies().last().context("no diagnostics")?;
    Ok(document)
}

/// CPU per change and the percentiles of latency, at a steady pace.
fn steadily(session: &mut Session, document: &mut Document, load: Load) -> anyhow::Result<(f64, [f64; 3])> {
    document.start(session);
    let before = session.process.cpu()?;
    type_keys(session, document, load.edits, load.interval)?;
    catch_up(session, document, load.patience)?;
    settle(session, document);
    let cpu = session.process.cpu()?.saturating_sub(before);
    let mut latencies = document.latencies();
    let percentiles = [50.0, 95.0, 99.0].map(|rank| percentile(&mut latencies, rank));
    Ok((in_ms(cpu) / load.edits as f64, percentiles))
}

/// The latencies alone of `load`'s steady typing, on a session that is busy with something else.
pub(crate) fn latencies_while_busy(
    session: &mut Session,
    language: Language,
    text: &str,
    load: Load,
) -> anyhow::Result<[f64; 3]> {
    let mut document = open(session, language, text, load, &mut Figures::default())?;
    steadily(session, &mut document, load).map(|(_, percentiles)| percentiles)
}

/// Types `count` keys, one every `interval` by the clock: a slow server does not slow the typist down.
fn type_keys(
    session: &mut Session,
    document: &mut Document,
    count: usize,
    interval: Duration,
) -> anyhow::Result<()> {
    let mut due = Instant::now();
    for _ in 0..count {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        due += interval;
        let change =
            document.typist.press(session.is_incremental()).context("the typist has run out of keys")?;
        document.version += 1;
        let params = json!({
            "textDocument": {"uri": document.uri, "version": document.version},
            "contentChanges": [change]
        });
        let message = json!({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params});
        // Made before the clock starts: how fast this client writes JSON is not the server's affair.
        let bytes = frame(message.to_string().as_bytes());
        document.sent.push((document.version, Instant::now()));
        session.client.send_raw(&bytes)?;
    }
    Ok(())
}

/// Waits until the last change has its diagnostics.
fn catch_up(session: &mut Session, document: &mut Document, patience: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + patience;
    while !document.is_answered() {
        let left = deadline.saturating_duration_since(Instant::now());
        let uri = document.uri.clone();
        match session.client.wait_for(|message| published(message, &uri).is_some(), left) {
            Ok(message) => document.hear(&message),
            Err(ClientError::TimedOut { .. }) => {
                anyhow::bail!("no diagnostics within {} s", patience.as_secs())
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Waits until nothing has come for a while, so that what a server does after its answer is counted too.
fn settle(session: &mut Session, document: &mut Document) {
    let quiet = Duration::from_millis(400);
    while let Ok(message) = session.client.wait_for(|_| true, quiet) {
        document.hear(&message);
    }
}

impl Document {
    /// Forgets what was sent and heard.
    fn start(&mut self, session: &mut Session) {
        session.client.take_messages();
        self.sent.clear();
        self.heard.clear();
    }

    fn hear(&mut self, message: &Message) {
        if let Some(version) = published(message, &self.uri) {
            self.heard.push((version, message.at));
        }
    }

    fn is_answered(&self) -> bool {
        let last = self.sent.last().map(|(version, _)| *version);
        let names_versions = self.heard.iter().any(|(version, _)| version.is_some());
        if names_versions {
            self.heard.iter().any(|(version, _)| *version >= last)
        } else {
            self.heard.len() >= self.sent.len()
        }
    }

    /// From every change to its diagnostics, in ms.
    fn latencies(&self) -> Vec<f64> {
        let answer = |number: usize, version: i64, sent: Instant| {
            let mut heard = self.heard.iter();
            let by_version = heard.find(|(heard, _)| heard.is_some_and(|heard| heard >= version));
            let by_number = || self.heard.get(number).filter(|_| self.heard.len() == self.sent.len());
            let by_time = || self.heard.iter().find(|(_, at)| *at >= sent);
            by_version.or_else(by_number).or_else(by_time).map(|(_, at)| in_ms(at.duration_since(sent)))
        };
        let sent = self.sent.iter().enumerate();
        sent.filter_map(|(number, (version, sent))| answer(number, *version, *sent)).collect()
    }
}

/// How often the server has analysed a document, if it is one that tells.
fn analyses(session: &mut Session) -> Option<f64> {
    let stats = session.ask("hephaestus/stats", Value::Null).ok()?;
    stats.get("analyses").and_then(Value::as_f64)
}

pub(crate) fn in_ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The value below which `rank` percent lie, by the nearest-rank method; 0 of nothing.
pub(crate) fn percentile(values: &mut [f64], rank: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (rank / 100.0 * values.len() as f64).ceil() as usize;
    values.get(at.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(sent: &[(i64, u64)], heard: &[(Option<i64>, u64)]) -> Document {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let typist =
            Typist::new(String::new(), super::super::input::Spot { line: 0, indent: 0 }, Language::Rust, 0);
        Document {
            uri: String::new(),
            typist,
            version: 0,
            sent: sent.iter().map(|(version, ms)| (*version, at(*ms))).collect(),
            heard: heard.iter().map(|(version, ms)| (*version, at(*ms))).collect(),
        }
    }

    #[test]
    fn a_later_version_answers_the_earlier_changes_too() {
        let document =
            document(&[(2, 0), (3, 50), (4, 100)], &[(Some(1), 10), (Some(3), 90), (Some(4), 130)]);
        assert_eq!(document.latencies(), [90.0, 40.0, 30.0]);
        assert!(document.is_answered());
    }

    #[test]
    fn without_versions_order_decides_and_then_time() {
        let document1 = document(&[(2, 0), (3, 50)], &[(None, 70), (None, 140)]);
        assert_eq!(document1.latencies(), [70.0, 90.0]);
        let document2 = document(&[(2, 0), (3, 50)], &[(None, 70)]);
        assert_eq!(document2.latencies(), [70.0, 20.0]);
        assert!(!document2.is_answered());
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let mut values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!([50.0, 95.0, 99.0].map(|rank| percentile(&mut values, rank)), [100.0, 190.0, 198.0]);
        assert_eq!(percentile(&mut [], 50.0), 0.0);
    }
}
