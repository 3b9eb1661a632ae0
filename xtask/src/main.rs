//! Automation of this repository: `cargo xtask tidy | new | docs | lua | drivers | pages | vscode | screenshots | test |
//! setup`.
//!
//! Nothing here ships with the product, and no other crate may depend on it.
#![allow(clippy::print_stdout, reason = "a tool for the terminal: what it prints is its result")]

mod bench;
mod docs;
mod drivers;
mod lua;
mod pages;
mod setup;
mod skeleton;
mod suite;
mod tidy;
mod vscode;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Automation of this repository")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check the laws of the code base; every violation is printed as FILE:LINE: what, what to do
    Tidy,
    /// Write the skeleton of a new part, and say what is left to do
    New(skeleton::Request),
    /// Write the manual's pages that are made from data
    Docs,
    /// Check how our Lua is laid out
    Lua,
    /// Run the tests of the test drivers.
    Drivers,
    /// Build the extension for VS Code and try it in a real one
    Vscode(vscode::Request),
    /// Make the manual's pictures from those of the last `cargo xtask vscode`
    Screenshots,
    /// Try our pages in a browser
    Pages,
    /// Install what the tests need below target/tools
    Setup,
    /// Measure the product beside others
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Run all checks and tests; stop at the first step that fails
    Test {
        /// Leave out the setup and the slow steps (clippy, doc tests)
        #[arg(long)]
        quick: bool,
    },
}

fn main() -> ExitCode {
    let outcome = root().and_then(|root| match Arguments::parse().task {
        Task::Tidy => tidy::run(&root),
        Task::New(request) => skeleton::run(&root, &request),
        Task::Docs => docs::run(&root),
        Task::Lua => lua::run(&root),
        Task::Drivers => suite::run_drivers(&root),
        Task::Pages => suite::run_pages(&root),
        Task::Bench(bench) => bench::run(&root, &bench),
        Task::Vscode(request) => vscode::run(&root, &request),
        Task::Screenshots => vscode::copy_pictures(&root),
        Task::Setup => setup::run(&root),
        Task::Test { quick } => suite::run(&root, quick),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's folder: the one above this crate's.
fn root() -> anyhow::Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(Path::to_owned).context("xtask has no folder above it")
}
