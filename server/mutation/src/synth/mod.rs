//! The synth engine: writes a body that is still missing, from examples alone.
//!
//! It computes with values of its own, as the language would, and starts nothing: hundreds of thousands of expressions are
//! tried where running code could try a hundred. What it finds is only offered after the same trial as every other
//! candidate. What is particular to a language stands in its pack's `synth.toml`.

mod bank;
mod constants;
mod engine;
mod judge;
mod kit;
mod loops;
mod meaning;
mod place;
mod print;
mod reading;
mod shop;
mod solve;
mod term;
mod tree;
mod types;
mod value;

pub use engine::Synth;
pub use kit::{Kit, KitError};
pub(crate) use place::hole_of;

#[cfg(test)]
mod tests;
