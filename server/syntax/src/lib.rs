//! Text to tree and back: parsing, positions, symbols, metrics, clones, imports and rule matches. Pure: nothing here
//! reads the disk, starts a process or knows LSP.

mod clones;
mod document;
mod facts;
mod fingerprint;
mod flat;
mod frame;
mod functions;
mod holes;
mod imports;
mod language;
mod metrics;
mod nest;
mod parsed;
mod pieces;
mod position;
mod public_api;
mod queries;
mod recall;
mod rule_sets;
mod rules;
mod spot;
mod tables;
mod walk;

pub use clones::{CloneGroup, ClonePlace, clones, duplicated_tokens};
pub use document::{Change, Document, DocumentError};
pub use facts::{Facts, FunctionFacts, Wanted};
pub use functions::Function;
pub use holes::Hole;
pub use imports::{ImportGraph, WorkspacePackage};
pub use language::{Language, Languages};
pub use metrics::{Halstead, Metrics};
pub use parsed::Parsed;
pub use position::{Encoding, LineIndex, Position};
pub use public_api::ApiItem;
pub use recall::Memory;
pub use rule_sets::RuleSets;
pub use rules::{Rule, RuleError, RuleMatch, RuleProblem, RuleSet, RuleSlip, RuleTrial, SkippedRule};
pub use walk::Token;
