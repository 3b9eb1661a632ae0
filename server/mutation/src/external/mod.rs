//! Programs of the user's own that take a part in the cycle: they are talked with in JSON lines, over the harness's port.
//!
//! What they may say is in [`message`]; the conversation itself in `program.rs`; what each part makes of it in a file of
//! its name. Nothing that a program says is trusted: its candidates go through the same gates as everybody's, and what
//! cannot be used is told with the program's name and stops nothing else.

mod dimension;
mod engine;
pub mod message;
mod program;
mod proposer;
mod reporter;

pub use dimension::ExternalDimension;
pub use engine::ExternalEngine;
pub use program::Program;
pub use proposer::{ExternalProposer, ExternalRecheck, KINDS};
pub use reporter::{Reported, Reporter};

#[cfg(test)]
mod tests;
