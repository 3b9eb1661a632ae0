//! An open folder: its configuration, its files, and the one place where the components are tied together.
//!
//! The command line and the language server are both clients of [`Workspace`]; neither knows the components behind it.
//! Only [`apply`](Workspace::apply) writes to the user's files, and only when asked.

mod apply;
mod combine;
mod config;
mod directives;
mod discovery;
mod doctor;
mod editing;
mod external;
mod forging;
mod index;
mod llm;
mod memory;
mod mutants;
mod open;
mod overlay;
pub mod packs;
mod proofs;
mod report;
mod roles;
mod staging;
mod surveying;
mod testgen;
mod unlocking;

pub use apply::{Applied, ApplyError};
pub use config::{Config, ConfigError, ConfigProblem, FixerSettings, schema};
pub use directives::{
    DirectiveError, DirectiveReport, DirectiveRequest, KnownFiles, LineReport, LoadError, Loaded, Overrides,
    QueueError, Reached, SeenDirective, directives_at, in_order, load as load_directive,
};
pub use doctor::{Check, CheckState, Diagnosis};
pub use editing::{Analysed, Analysis, OpenFile, prepare_languages, rules_for, with_rules_for};
pub use external::ReportedRun;
pub use forging::{ForgeError, ForgeEvent, ForgeRequest, Scope, TestNames};
pub use hephaestus_directive as directive;
pub use hephaestus_forge::{Progress, Searched};
pub use hephaestus_goals::FileMemory;
pub use hephaestus_harness::Problem;
pub use hephaestus_harness::lower_priority_of_this_thread;
pub use hephaestus_harness::sandbox::{HelperCommand, helper_main};
pub use hephaestus_mutation::ENGINES;
pub use hephaestus_mutation::external::message::schema as external_schema;
pub use hephaestus_registry as registry;
pub use hephaestus_syntax::{
    Change, DocumentError, Encoding, FunctionFacts, Languages, LineIndex, Position, RuleSets,
};
pub use index::{FileFacts, GoalFact, Index, OnFile, Refreshed};
pub use llm::{Destination, LlmRefusal};
pub use mutants::{
    Changes, MutantCounts, MutantsError, MutantsEvent, MutantsReport, MutantsRequest, SuiteReport,
    TriedMutant,
};
pub use open::{OpenOptions, Workspace, WorkspaceError};
pub use proofs::{Checked, Verification, VerifyError, VerifyRequest, verify};
pub use report::testgen::{FileTests, GeneratedTest, TestgenReport};
pub use report::{
    ForgeReport, GoalsReport, History, Repaired, confidence_in_words, found_in_words, question_in_words,
    sarif,
};
pub use roles::{FileRole, FileRoles};
pub use testgen::{TestgenError, TestgenEvent, TestgenRequest};
pub use unlocking::{Bundle, HeldBack, UnlockError};
