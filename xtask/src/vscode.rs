//! `cargo xtask vscode`: our extension for VS Code, built, linted and packaged, and used in a real VS Code: code-server in a
//! browser without a screen.
//!
//! The tests themselves are JavaScript: `tests/vscode`. Here is only what they stand on. Where the tools are missing the
//! step is skipped with one line; with `CI` set that is an error.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use clap::Args;

use crate::setup::editors::{chromium, extension, node};
use crate::{setup, suite, tidy};

/// What of it is to be run, and on what.
#[derive(Args, Default)]
pub(crate) struct Request {
    /// Only tests in VS Code whose name holds this (a regular expression); tests of one window build upon each other
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Keep the profiles, logs and workspaces of the run
    #[arg(long)]
    keep: bool,
    /// Another build of the server
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
}

/// What the extension's own scripts are to do first, in this order.
const PREPARATIONS: &[&str] =
    &["build", "lint", "check-settings", "check-l10n", "package", "build-host-tests"];

/// Where the pictures of a run go.
pub(crate) fn pictures(root: &Path) -> PathBuf {
    root.join("target/screenshots/vscode")
}

/// Runs everything. Whether all held.
pub(crate) fn run(root: &Path, request: &Request) -> anyhow::Result<bool> {
    suite::run_programs(commands_of(root, request)?)
}

/// The commands that test the extension, after it was built; none where that cannot be done.
pub(crate) fn commands(root: &Path) -> anyhow::Result<Vec<Command>> {
    commands_of(root, &Request::default())
}

fn commands_of(root: &Path, request: &Request) -> anyhow::Result<Vec<Command>> {
    let Some(tools) = Tools::find(root)? else { return Ok(Vec::new()) };
    for script in PREPARATIONS {
        succeed(tools.npm(root, script))?;
    }
    let mut unit = tools.npm(root, "test");
    unit.env("NODE_OPTIONS", "--test-reporter=tap");
    // Pictures of failures that were mended would mislead.
    if request.filter.is_none() && pictures(root).exists() {
        std::fs::remove_dir_all(pictures(root))?;
    }
    let mut real = tools.tests(root, request)?;
    real.arg("--test-reporter=tap");
    if let Some(name) = &request.filter {
        real.arg("--test-name-pattern").arg(name);
    }
    for file in ["scenario", "evidence", "recovery", "package"] {
        real.arg(format!("tests/vscode/{file}.test.mjs"));
    }
    Ok(vec![unit, real])
}

/// Measures how long keys take to appear, and prints a table. Whether the limit held.
pub(crate) fn bench(root: &Path, request: &Request) -> anyhow::Result<bool> {
    let tools = Tools::find(root)?.context("the tools are missing: run `cargo xtask setup`")?;
    for script in ["build", "package"] {
        succeed(tools.npm(root, script))?;
    }
    let mut command = tools.tests(root, request)?;
    command.args(["--test-reporter=spec", "tests/vscode/typing.bench.mjs"]);
    Ok(command.status().context("Node.js cannot be started")?.success())
}

/// The pictures the manual and the README show.
const SHOWN: &[&str] = &["card-dark", "card-light"];
/// What one of them may weigh.
const MOST_BYTES: u64 = 150_000;

/// Copies the pictures that people see from the last run to the manual. Whether all were there and small enough.
pub(crate) fn copy_pictures(root: &Path) -> anyhow::Result<bool> {
    let folder = root.join("docs/src/images");
    std::fs::create_dir_all(&folder)?;
    for name in SHOWN {
        let from = pictures(root).join(format!("{name}.png"));
        let size = std::fs::metadata(&from).context("run `cargo xtask vscode` first")?.len();
        ensure!(size <= MOST_BYTES, "`{}` has {size} bytes, more than {MOST_BYTES}", from.display());
        let to = folder.join(format!("vscode-{name}.png"));
        std::fs::copy(&from, &to).with_context(|| format!("`{}` cannot be written", to.display()))?;
        println!("screenshots: {} ({size} bytes)", to.display());
    }
    Ok(true)
}

/// Programs the tests need.
struct Tools {
    node: PathBuf,
    chromium: PathBuf,
    /// `PATH` with that Node.js first.
    path: std::ffi::OsString,
}

impl Tools {
    /// `None`, with one line about it, where something is missing that need not be there.
    fn find(root: &Path) -> anyhow::Result<Option<Self>> {
        let (node, chromium) = (node(root), chromium());
        let missing = match &chromium {
            _ if !node.is_file() => "code-server is",
            _ if !setup::folder(root).join("browser/node_modules/playwright-core").is_dir() => {
                "Playwright is"
            }
            _ if !extension(root).join("node_modules").is_dir() => "the extension's packages are",
            _ if !setup::folder(root).join("python/bin/pytest").is_file() => "pytest is",
            None => "Chromium is",
            Some(chromium) => return Self::with(node, chromium.clone()).map(Some),
        };
        if std::env::var_os("CI").is_some() {
            bail!("{missing} missing: run `cargo xtask setup`");
        }
        println!("vscode: skipped, {missing} missing: run `cargo xtask setup`");
        Ok(None)
    }

    fn with(node: PathBuf, chromium: PathBuf) -> anyhow::Result<Self> {
        let folder = node.parent().context("Node.js is nowhere")?.to_owned();
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&others)))?;
        Ok(Self { node, chromium, path })
    }

    /// One of the extension's own scripts.
    fn npm(&self, root: &Path, script: &str) -> Command {
        let mut command = Command::new("npm");
        command.args(["run", "--silent", script]).current_dir(extension(root)).env("PATH", &self.path);
        command
    }

    /// Node.js's test runner in the repository, told where everything is. All files share one process, and so one editor.
    fn tests(&self, root: &Path, request: &Request) -> anyhow::Result<Command> {
        let server = match &request.server {
            Some(server) => server.canonicalize().with_context(|| format!("`{}`", server.display()))?,
            None => build_server(root)?,
        };
        let mut command = Command::new(&self.node);
        command
            .args(["--test", "--test-isolation=none"])
            .current_dir(root)
            .env("PATH", &self.path)
            .env("HEPHAESTUS_TOOLS", setup::folder(root))
            .env("HEPHAESTUS_SERVER", server)
            .env("HEPHAESTUS_CHROMIUM", &self.chromium)
            .env("HEPHAESTUS_SCREENSHOTS", pictures(root))
            .env("HEPHAESTUS_KEEP", if request.keep { "1" } else { "0" });
        Ok(command)
    }
}

/// The server as the tests of this repository have it. Cargo says where it put it.
fn build_server(root: &Path) -> anyhow::Result<PathBuf> {
    let arguments = ["build", "--package", "hephaestus", "--bin", "hephaestus", "--message-format=json"];
    let mut command = Command::new(tidy::cargo());
    let output = command.args(arguments).current_dir(root).stderr(std::process::Stdio::inherit()).output()?;
    ensure!(output.status.success(), "hephaestus does not build");
    let messages = String::from_utf8_lossy(&output.stdout);
    let built = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut programs = built.filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)));
    programs.next_back().context("cargo did not say where hephaestus is")
}

fn succeed(mut command: Command) -> anyhow::Result<()> {
    let what = command.get_args().last().unwrap_or_default().to_string_lossy().into_owned();
    println!("vscode: {what}");
    let output = command.output().context("npm cannot be started")?;
    if !output.status.success() {
        print!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        bail!("the extension's script `{what}` failed");
    }
    Ok(())
}
