//! Text to tree and back: parsing, positions, symbols, metrics, clones, imports and rule matches. Pure: nothing here
//! reads the disk, starts a process or knows LSP.

mod language;

pub use language::{Language, Languages};
