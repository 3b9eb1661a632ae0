//! Tests of the language server: the built binary on its standard streams, spoken to as an editor does.
//!
//! `session` is one server with a client; `hostile` is what no editor should send and some do; `random_edits` is that
//! both sides have the same text whatever is typed. Projects, tools and what may remain are those of the other
//! end-to-end tests.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on shall fail, and one that is skipped shall say so"
)]

mod directives;
mod editor;
mod eglot;
mod features;
mod goals;
mod hostile;
mod neovim;
#[path = "../e2e/project.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line, which use more of it")]
mod project;
mod random_edits;
#[path = "../e2e/remains.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line, which use more of it")]
mod remains;
mod repairs;
mod session;
#[path = "../e2e/tools.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line, which use more of it")]
mod tools;
mod workspaces;
