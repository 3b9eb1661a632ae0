//! Findings: what another linter saw, in one shape for all linters.

use crate::{ByteRange, Patch, RelPath};
use serde::{Deserialize, Serialize};

/// One thing a linter saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The fixer's id, e.g. `ruff`.
    pub fixer: String,
    /// The linter's code, e.g. `SIM102`.
    pub code: String,
    /// What it said, one line.
    pub message: String,
    /// Where.
    pub file: RelPath,
    /// Where in it.
    pub range: ByteRange,
    /// Its edit, where it has one.
    pub edit: Option<Patch>,
    /// How sure it is, in its own word, lower case; empty without an edit.
    pub applicability: String,
    /// Where the rule is explained.
    pub url: Option<String>,
}
