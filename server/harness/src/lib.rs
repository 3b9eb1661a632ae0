//! The Test Harness: runs candidates in a sandbox and says what happened. The only crate that starts processes.
//!
//! It has no opinion: it gathers [`hephaestus_core::Evidence`] and reads off a verdict; what the facts are worth is the
//! scoring's business. The workspace itself is never run in place and never written to.

mod baseline;
mod cascade;
pub mod explore;
mod key;
pub mod lab;
mod probing;
mod problem;
mod quick;
mod reach;
mod redirect;
mod reports;
pub mod runners;
pub mod sandbox;
mod strength;
mod suite;
mod tools;

pub use baseline::{Baseline, BaselineRecord};
pub use cascade::{Harness, HarnessParts};
pub use key::{KeyError, key_from};
pub use problem::Problem;
pub use reports::{ReportError, ReportFormat, TestOutcome, TestReport};
pub use sandbox::lower_priority_of_this_thread;
pub use suite::Suite;
pub use tools::Workbench;
