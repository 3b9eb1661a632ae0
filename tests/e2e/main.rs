//! End-to-end tests of the binary: real projects in folders of their own, real test runners, real signals.
//!
//! Every run is followed by the same question: are the user's files as they were to the byte, and is nothing left
//! running, mounted or lying about? See [`project::Project::run`]. `tests/README.md` tells which test covers what.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on shall fail, and one that is skipped shall say so"
)]

mod applying;
mod bad_configuration;
mod bad_files;
mod bad_suites;
mod commands;
mod crashes;
mod directives;
mod external;
mod full_disk;
mod gates;
mod interrupts;
mod languages;
mod llm;
mod mutants;
mod output;
mod packs;
mod project;
mod proofs;
mod remains;
mod repairs;
mod reports;
mod side_by_side;
mod synth;
mod table;
mod testgen;
mod tools;
mod unruly_tests;
