//! The Forge Loop: a pure state machine that decides what to try next ([`Cycle`]), and the driver that performs what it
//! asks for on worker threads ([`drive`]).
//!
//! This crate knows the traits of `hephaestus-core` and nothing behind them: no process, no file, no parser.

mod book;
mod cycle;
mod driver;
mod search;

pub use cycle::{Cycle, CycleSettings, Effect, Ended, Input, JobId, Outcome, RuleRecord};
pub use driver::{Event, Parts, Progress, drive};
pub use search::Searched;

#[cfg(test)]
mod simulation;
