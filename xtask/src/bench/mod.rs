//! `cargo xtask bench lsp`: our language server beside others, on the same machine, one after the other in one run; and
//! the way to the other benches.
//!
//! It measures from outside, through the protocol and `/proc`, and knows nothing of how a server works. What it needs
//! is made below `target/bench`; other servers come from `target/tools`.

#[cfg(feature = "bare-parse")]
mod bare_parse;
mod busy;
#[path = "../../../server/lsp/src/client.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the product's own client: a dependency on its crate would build all of it"
)]
mod client;
mod directives;
mod index;
mod input;
mod mutants;
mod packages;
#[cfg(feature = "prior")]
mod prior;
mod process;
mod repair;
mod saves;
mod server;
mod synth;
mod table;
mod typing;
mod typist;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::{setup, tidy};
use input::Language;
use server::{Server, Session};
use table::{Limit, OURS, Table};
use typing::Load;

/// What is measured.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Repairs of failing tests: how many, how often rightly, at what cost; `--again` with a second seed
    Repair(repair::Request),
    /// Directives on real packages: which hold, and what is said of those that do not; exits with 1 when one did not become
    /// what is expected of it
    Directives(directives::Request),
    /// Functions from examples: how many are written, and how many of them are right on examples that were not shown
    Synth(synth::Request),
    /// The language server: latency, CPU and memory beside ruff and ast-grep; exits with 1 when a limit is exceeded
    Lsp(Request),
    /// VS Code: how long a key takes to appear, while improvements are forged and while nothing is
    VscodeTyping(crate::vscode::Request),
    /// Mutation testing and the cycle: speed beside other tools, and whether the verdicts are true; exits with 1 when a
    /// limit is exceeded
    Mutants(mutants::Request),
    /// Learn how often which family of repairs is the right one; prints the prior that ships
    #[cfg(feature = "prior")]
    Prior(prior::Request),
    /// Parse every Python and Rust file below a folder with tree-sitter and nothing else; say what it cost
    #[cfg(feature = "bare-parse")]
    BareParse {
        /// The folder
        folder: PathBuf,
    },
}

/// How it is measured.
#[derive(Args)]
pub(crate) struct Request {
    /// Fewer edits and no 100,000-line file: for a look, not for the record
    #[arg(long)]
    quick: bool,
    /// Only this other server (ruff, ast-grep, or none); may be repeated
    #[arg(long, value_name = "NAME")]
    peer: Vec<String>,
    /// Only these scenarios (start, python-10k, python-10k-class, rust-10k, python-100k, busy, million, saves or save-PACKAGE)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// The figures as JSON, into this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Another build of our server
    #[arg(long, value_name = "PATH")]
    hephaestus: Option<PathBuf>,
    /// Leave our server out
    #[arg(long)]
    only_peers: bool,
}

/// Runs the bench. Whether every limit held.
pub(crate) fn run(root: &Path, bench: &Bench) -> anyhow::Result<bool> {
    match bench {
        Bench::Repair(request) => repair::run(root, request),
        Bench::Directives(request) => directives::run(root, request),
        Bench::Synth(request) => synth::run(root, request),
        Bench::Lsp(request) => lsp(root, request),
        Bench::VscodeTyping(request) => crate::vscode::bench(root, request),
        Bench::Mutants(request) => mutants::run(root, request),
        #[cfg(feature = "prior")]
        Bench::Prior(request) => prior::run(request).map(|()| true),
        #[cfg(feature = "bare-parse")]
        Bench::BareParse { folder } => bare_parse::run(folder),
    }
}

const SG_CONFIG: &str = "ruleDirs: [rules]\n";

/// A handful of rules as a project has them; the same number for both languages.
const SG_RULES: &[(&str, &str, &str)] = &[
    ("none-comparison", "Python", "$A == None"),
    ("len-comparison", "Python", "len($A) == 0"),
    ("bare-print", "Python", "print($$$A)"),
    ("isinstance-pair", "Python", "isinstance($A, $B) or isinstance($A, $C)"),
    ("dict-keys", "Python", "$A in $B.keys()"),
    ("unwrap", "Rust", "$A.unwrap()"),
    ("clone-of-ref", "Rust", "(&$A).clone()"),
    ("len-is-zero", "Rust", "$A.len() == 0"),
    ("print", "Rust", "println!($$$A)"),
    ("bool-comparison", "Rust", "$A == true"),
];

fn lsp(root: &Path, request: &Request) -> anyhow::Result<bool> {
    let folder = root.join("target/bench/lsp");
    server::check_path(&folder)?;
    fs::create_dir_all(&folder)?;
    let servers = servers(root, request)?;
    let mut table = Table::default();
    let is_asked = |name: &str| request.only.is_empty() || request.only.iter().any(|only| only == name);
    if is_asked("start") {
        starts(&servers, &folder, &mut table)?;
    }
    for scenario in SCENARIOS.iter().filter(|scenario| is_asked(scenario.name)) {
        if request.quick && scenario.lines > 10_000 && request.only.is_empty() {
            continue;
        }
        typing_into(scenario, &servers, &folder, request.quick, &mut table)?;
    }
    if let Some(ours) = servers.iter().find(|server| server.name == OURS) {
        of_ours_alone(root, request, ours, &folder, &mut table);
    }
    let names: Vec<&'static str> = servers.iter().map(|server| server.name).collect();
    println!("\n{}", table.text(&names));
    if let Some(file) = &request.json {
        fs::write(file, format!("{:#}\n", table.json()))
            .with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    Ok(table.holds())
}

/// What only our server does. One scenario that fails does not take the others with it.
fn of_ours_alone(root: &Path, request: &Request, ours: &Server, folder: &Path, table: &mut Table) {
    let is_asked = |name: &str| request.only.iter().any(|only| only == name);
    let is_wanted = |name: &str| is_asked(name) || (request.only.is_empty() && !request.quick);
    let told = |what: &str, outcome: anyhow::Result<()>| {
        if let Err(error) = outcome {
            println!("bench: {what}: {error:#}");
        }
    };
    if is_wanted("busy") || (request.only.is_empty() && request.quick) {
        let quiet = table.value("python-10k", "edit to diagnostics, p95", OURS);
        told("busy", busy::measure(ours, folder, quiet, if request.quick { 60 } else { 200 }, table));
    }
    if is_wanted("million") {
        told("million", index::measure(root, ours, folder, table));
    }
    let cache = root.join("target/bench/packages");
    for package in packages::PACKAGES {
        let name = format!("save-{}", package.name);
        if is_wanted("saves") || is_asked(&name) {
            told(&name, saves::measure(ours, &folder.join(&name), &cache, package, table));
        }
    }
}

/// The servers of this run, ours first.
fn servers(root: &Path, request: &Request) -> anyhow::Result<Vec<Server>> {
    let is_wanted = |name: &str| request.peer.is_empty() || request.peer.iter().any(|peer| peer == name);
    let environment = setup::folder(root).join("python");
    let server = |name, program, arguments: &'static [&'static str], knows_rust| Server {
        name,
        program,
        arguments,
        environment: environment.clone(),
        knows_rust,
    };
    let mut servers = Vec::new();
    if !request.only_peers {
        let program = match &request.hephaestus {
            Some(program) => std::path::absolute(program)?,
            None => release_build(root)?,
        };
        servers.push(server(OURS, program, &["lsp", "--stdio"], true));
    }
    if is_wanted("ruff") {
        setup::run(root)?;
        let program = setup::folder(root).join("python/bin/ruff");
        servers.push(server("ruff", program, &["server"], false));
    }
    if is_wanted("ast-grep") {
        setup::run_for_bench(root)?;
        let programs = setup::folder(root).join("bench/node_modules/@ast-grep");
        // The package's own script would only start the program for this platform, and be measured in its place.
        let program = fs::read_dir(&programs)?
            .filter_map(|entry| Some(entry.ok()?.path().join("ast-grep")))
            .find(|path| path.is_file() && !path.parent().is_some_and(|parent| parent.ends_with("cli")))
            .context("ast-grep has no program for this platform")?;
        servers.push(server("ast-grep", program, &["lsp"], true));
    }
    servers.retain(|server| {
        let is_there = server.program.is_file();
        if !is_there {
            println!("bench: {} is left out, `{}` is missing", server.name, server.program.display());
        }
        is_there
    });
    anyhow::ensure!(!servers.is_empty(), "there is no server to measure");
    Ok(servers)
}

/// The build of ours that is measured: the one that was asked for, or the release build of this repository.
fn program(root: &Path, asked: Option<&Path>) -> anyhow::Result<PathBuf> {
    match asked {
        Some(program) => Ok(std::path::absolute(program)?),
        None => release_build(root),
    }
}

/// Our server as users have it, built if it is missing.
fn release_build(root: &Path) -> anyhow::Result<PathBuf> {
    let program = root.join("target/release/hephaestus");
    if !program.is_file() {
        let mut command = Command::new(tidy::cargo());
        command.args(["build", "--release", "--package", "hephaestus"]).current_dir(root);
        anyhow::ensure!(command.status()?.success(), "hephaestus does not build");
    }
    Ok(program)
}

/// A fresh folder with what the servers' own configuration needs.
fn project(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let project = folder.join(name);
    server::forget(&project)?;
    fs::create_dir_all(project.join("rules"))?;
    fs::write(project.join("sgconfig.yml"), SG_CONFIG)?;
    for (id, language, pattern) in SG_RULES {
        let rule = format!(
            "id: {id}-{}\nmessage: {id}\nseverity: hint\nlanguage: {language}\nrule:\n  pattern: {pattern}\n",
            language.to_lowercase()
        );
        fs::write(project.join(format!("rules/{id}.yml")), rule)?;
    }
    Ok(project)
}

/// How long it takes until a server answers for the first time.
fn starts(servers: &[Server], folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    let project = project(folder, "start")?;
    fs::write(project.join("a.py"), "x = 1\n")?;
    for server in servers {
        println!("bench: start, {}", server.name);
        let (mut from_spawn, mut from_request) = (Vec::new(), Vec::new());
        for _ in 0..10 {
            let mut session = Session::start(server, &project)?;
            session.initialize()?;
            from_spawn.push(typing::in_ms(session.started.elapsed()));
            session.close()?;
            let mut session = Session::start(server, &project)?;
            thread::sleep(Duration::from_millis(200));
            from_request.push(typing::in_ms(session.initialize()?));
            session.close()?;
        }
        let (spawn, request) =
            (typing::percentile(&mut from_spawn, 50.0), typing::percentile(&mut from_request, 50.0));
        table.note("start", "spawn to initialize answer", "ms", server.name, spawn);
        table.note("start", "initialize to its answer", "ms", server.name, request);
    }
    table.limit("start", "spawn to initialize answer", Limit::AtMost(20.0));
    table.limit("start", "initialize to its answer", Limit::AtMost(20.0));
    Ok(())
}

/// A file that is typed into.
struct Scenario {
    name: &'static str,
    language: Language,
    lines: usize,
    /// The server whose figures are the limit.
    peer: &'static str,
    /// Whether modules with names like `_this` are left out. With them the middle of 10,000 lines of Python's library is
    /// in a class of 3,300 lines, without them in an ordinary one.
    only_public: bool,
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "python-10k",
        language: Language::Python,
        lines: 10_000,
        peer: "ruff",
        only_public: true,
    },
    Scenario {
        name: "python-10k-class",
        language: Language::Python,
        lines: 10_000,
        peer: "ruff",
        only_public: false,
    },
    Scenario {
        name: "rust-10k",
        language: Language::Rust,
        lines: 10_000,
        peer: "ast-grep",
        only_public: true,
    },
    Scenario {
        name: "python-100k",
        language: Language::Python,
        lines: 100_000,
        peer: "ruff",
        only_public: true,
    },
];

fn typing_into(
    scenario: &Scenario,
    servers: &[Server],
    folder: &Path,
    is_quick: bool,
    table: &mut Table,
) -> anyhow::Result<()> {
    let Scenario { name, language, lines, peer, only_public } = *scenario;
    let mut sources = match language {
        Language::Python => input::python_sources()?,
        Language::Rust => input::rust_sources()?,
    };
    if only_public {
        sources
            .retain(|path| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"_")));
    }
    let text = input::long_file(&sources, language, lines)?;
    let load = Load {
        edits: if is_quick { 60 } else { 200 },
        interval: Duration::from_millis(50),
        burst: 30,
        bursts: if is_quick || lines > 10_000 { 3 } else { 9 },
        patience: Duration::from_secs(120),
    };
    let fitting = servers.iter().filter(|server| language == Language::Python || server.knows_rust);
    for server in fitting {
        println!("bench: {name}, {}", server.name);
        let project = project(folder, name)?;
        fs::write(project.join(format!("long.{}", language.extension())), &text)?;
        match typing::measure(server, &project, language, &text, load) {
            Ok(figures) => note(table, name, server.name, &figures),
            Err(error) => println!("bench: {name}, {}: {error:#}", server.name),
        }
    }
    table.limit(name, "CPU per edit", Limit::Times(1.0, peer));
    table.limit(name, "edit to diagnostics, p50", Limit::Times(1.0, peer));
    table.limit(name, "burst of 30: last edit to diagnostics", Limit::Times(1.0, peer));
    table.limit(name, "burst of 30: analyses", Limit::AtMost(3.0));
    if lines == 10_000 {
        table.limit(name, "RSS, file open", Limit::AtMost(60.0));
    }
    table.limit(name, "CPU of 5 s idle", Limit::AtMost(0.0));
    Ok(())
}

fn note(table: &mut Table, scenario: &str, server: &'static str, figures: &typing::Figures) {
    let [p50, p95, p99] = figures.latency_ms;
    let rows = [
        ("open to first diagnostics", "ms", figures.open_ms),
        ("RSS, file open", "MiB", figures.open_mib),
        ("CPU of 5 s idle", "ms", figures.idle_ms),
        ("CPU per edit", "ms", figures.cpu_ms),
        ("edit to diagnostics, p50", "ms", p50),
        ("edit to diagnostics, p95", "ms", p95),
        ("edit to diagnostics, p99", "ms", p99),
        ("burst of 30: last edit to diagnostics", "ms", figures.burst_ms),
        ("burst of 30: diagnostics published", "", figures.burst_published as f64),
        ("peak RSS", "MiB", figures.peak_mib),
    ];
    for (figure, unit, value) in rows {
        table.note(scenario, figure, unit, server, value);
    }
    if let Some(analyses) = figures.burst_analyses {
        table.note(scenario, "burst of 30: analyses", "", server, analyses);
    }
}
