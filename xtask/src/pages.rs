//! The tests of our pages (`tests/page`) in a real browser: Chromium, held by playwright-core, run by Node.js.
//!
//! The binary that writes the pages is built first. What is missing is skipped with one line that says so, and with `CI`
//! set that is an error; whether there is a Chromium, the tests say themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::{setup, tidy};

/// The commands that run them, for the repository at `root`.
pub(crate) fn commands(root: &Path) -> anyhow::Result<Vec<Command>> {
    let packages = setup::folder(root).join("browser/node_modules");
    let missing = if !packages.join("playwright-core").exists() {
        Some("playwright-core")
    } else if !node_is_there() {
        Some("Node.js")
    } else {
        None
    };
    match missing {
        Some(what) if std::env::var_os("CI").is_some() => bail!("{what} is missing: run `cargo xtask setup`"),
        Some(what) => {
            println!("pages: skipped, {what} is missing: run `cargo xtask setup`");
            Ok(Vec::new())
        }
        None => Ok(vec![build(root), browse(root, &packages)?]),
    }
}

fn build(root: &Path) -> Command {
    let mut build = Command::new(tidy::cargo());
    build.args(["build", "--package", "hephaestus"]).current_dir(root);
    build
}

fn browse(root: &Path, packages: &Path) -> anyhow::Result<Command> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let binary = target.join("debug").join(if cfg!(windows) { "hephaestus.exe" } else { "hephaestus" });
    let mut browse = Command::new("node");
    // One after the other: one of them takes the time of the page, and should not take that of its neighbours.
    browse
        .args(["--test", "--test-concurrency=1", "--test-reporter=tap"])
        .args(tests(&root.join("tests/page"))?)
        .current_dir(root)
        .env("HEPHAESTUS", binary)
        .env("NODE_PATH", packages);
    Ok(browse)
}

/// The files with tests, by name: newer versions of Node.js take no folder.
fn tests(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("`{}` cannot be read", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_test = |path: &PathBuf| path.to_string_lossy().ends_with(".test.mjs");
    let mut tests: Vec<PathBuf> = paths.filter(is_test).collect();
    tests.sort();
    Ok(tests)
}

fn node_is_there() -> bool {
    let mut command = Command::new("node");
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
