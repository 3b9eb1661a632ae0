//! An open folder: its configuration, its files, and the one place where the components are tied together.
//!
//! The command line and the language server are both clients of [`Workspace`]; neither knows the components behind it.
//! Only [`apply`](Workspace::apply) writes to the user's files, and only when asked.

mod apply;
mod combine;
mod config;
mod discovery;
mod doctor;
mod forging;
mod memory;
mod open;
mod report;
mod staging;
mod surveying;

pub use apply::{Applied, ApplyError};
pub use config::{Config, ConfigError, ConfigProblem, FixerSettings, schema};
pub use doctor::{Check, CheckState, Diagnosis};
pub use forging::{ForgeError, ForgeEvent, ForgeRequest};
pub use hephaestus_forge::Progress;
pub use hephaestus_harness::Problem;
pub use hephaestus_harness::sandbox::{HelperCommand, helper_main};
pub use hephaestus_mutation::ENGINES;
pub use hephaestus_registry as registry;
pub use open::{OpenOptions, Workspace, WorkspaceError};
pub use report::{ForgeReport, GoalsReport, sarif};
