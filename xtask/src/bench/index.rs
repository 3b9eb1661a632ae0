//! A workspace of a million lines: what the index of it costs, beside the bare parses of the same files.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::input;
use super::server::{Server, Session, forget};
use super::table::{Limit, Table};
use super::typing::in_ms;

const SCENARIO: &str = "million lines";
const PYTHON_LINES: usize = 600_000;
const RUST_LINES: usize = 400_000;
const PATIENCE: Duration = Duration::from_secs(600);

/// Measures our server, the only one of the compared that has an index.
pub(crate) fn measure(root: &Path, server: &Server, folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    let project = folder.join("million");
    forget(&project)?;
    let python = input::large_folder(&project.join("python"), &input::python_sources()?, "py", PYTHON_LINES)?;
    let rust = input::large_folder(&project.join("rust"), &input::rust_sources()?, "rs", RUST_LINES)?;
    println!("bench: {SCENARIO}, bare parses of {python} lines of Python and {rust} of Rust");
    let (files, bare_ms) = bare_parses(root, &project)?;
    table.note(SCENARIO, "files", "", server.name, files);

    println!("bench: {SCENARIO}, first start");
    let first = start(server, &project)?;
    table.note(SCENARIO, "files indexed", "", server.name, first.files);
    table.note(SCENARIO, "index, CPU", "ms", server.name, first.cpu_ms);
    table.limit(
        SCENARIO,
        "index, CPU",
        Limit::TimesOf(1.5, bare_ms, format!("bare parses, {bare_ms:.0} ms")),
    );
    table.note(SCENARIO, "index, first start", "s", server.name, first.seconds);
    table.note(SCENARIO, "peak RSS", "MiB", server.name, first.peak_mib);
    table.limit(SCENARIO, "peak RSS", Limit::AtMost(250.0));

    println!("bench: {SCENARIO}, second start");
    let second = start(server, &project)?;
    table.note(SCENARIO, "index, second start", "s", server.name, second.seconds);
    table.limit(SCENARIO, "index, second start", Limit::AtMost(1.0));
    table.note(SCENARIO, "index, second start, CPU", "ms", server.name, second.cpu_ms);
    table.note(SCENARIO, "RSS after second start", "MiB", server.name, second.mib);
    Ok(())
}

/// What one start cost until the index was complete.
struct Start {
    files: f64,
    seconds: f64,
    cpu_ms: f64,
    mib: f64,
    peak_mib: f64,
}

fn start(server: &Server, project: &Path) -> anyhow::Result<Start> {
    let mut session = Session::open(server, project)?;
    let deadline = Instant::now() + PATIENCE;
    let files = loop {
        let stats = session.ask("hephaestus/stats", Value::Null)?;
        if stats.get("index_done").and_then(Value::as_bool) == Some(true) {
            break stats.get("indexed_files").and_then(Value::as_f64).unwrap_or_default();
        }
        ensure!(Instant::now() < deadline, "the index is not complete after {} s", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(20));
    };
    let seconds = session.started.elapsed().as_secs_f64();
    // What is written for the next start belongs to the price.
    thread::sleep(Duration::from_secs(1));
    let cpu_ms = in_ms(session.process.cpu()?);
    let (mib, peak_mib) = (session.process.rss()?, session.process.peak_rss()?);
    session.close()?;
    Ok(Start { files, seconds, cpu_ms, mib, peak_mib })
}

/// The number of files, and the CPU milliseconds that reading and parsing them takes.
fn bare_parses(root: &Path, project: &Path) -> anyhow::Result<(f64, f64)> {
    let mut command = Command::new(crate::tidy::cargo());
    command.args(["run", "--quiet", "--release", "--package", "xtask", "--features", "bare-parse", "--"]);
    let output = command.args(["bench", "bare-parse"]).arg(project).current_dir(root).output()?;
    ensure!(output.status.success(), "bare parses: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers.as_slice() {
        [files, _, cpu_ms] => Ok((*files, *cpu_ms)),
        _ => None.with_context(|| format!("bare parses said {text:?}")),
    }
}
