//! The vocabulary every other crate speaks: nouns, patches, budgets and the ports between components.
//!
//! This crate must not do IO, start threads, know tree-sitter, LSP or a terminal. One noun per file; a type, its file
//! and its word in the manual share the name. The nouns are plain data and serializable, because the registry, the
//! reports and external engines all write the same words.

mod budget;
mod cancel;
mod candidate;
mod decision;
mod evidence;
mod exchange;
mod external;
mod finding;
mod goal;
mod hash;
mod language;
mod limits;
mod mutant;
mod offer;
mod pace;
mod patch;
mod path;
mod ports;
mod probe;
mod proof;
mod range;
mod score;
mod settings;
mod snapshot;
mod speed;
mod trial;
mod unified;

pub use budget::{Budget, Spent};
pub use cancel::CancelToken;
pub use candidate::{Candidate, CandidateId, EngineId};
pub use decision::{Decision, DecisionKind};
pub use evidence::{
    Compared, Difference, Evidence, FileIsolation, FindingCount, Isolation, NetworkIsolation,
    ProcessIsolation, Speed, Stage, StageRun, TestFailure,
};
pub use exchange::Exchange;
pub use external::{ExternalMeasure, ExternalRole, ExternalSettings, Sighting};
pub use finding::Finding;
pub use goal::{Acceptance, Goal, GoalId, GoalKind, GoalOrigin, Target};
pub use hash::ContentHash;
pub use language::LanguageId;
pub use limits::{ApiLimit, Limits};
pub use mutant::{Mutant, MutantResult, MutantStatus, RegionStrength, Strength};
pub use offer::{Freshness, Offer};
pub use pace::Pace;
pub use patch::{Edit, FileChange, Patch, PatchError};
pub use path::{PathError, RelPath};
pub use ports::{
    Clock, Dialogue, Engine, EngineContext, Judge, Ledger, Mutator, Recheck, Reply, Scorer, ToolCall,
    ToolOutput, Tools,
};
pub use probe::{
    Behaviour, BehaviourRequest, Cause, Found, Probe, ProbeEnd, ProbeRequest, Probed, Question, Spectrum,
    Suspect, TestLines, TracedTest, Variant,
};
pub use proof::{Departure, Likeness, Proof, ProofError};
pub use range::ByteRange;
pub use score::{Dimension, Direction, Gate, GateResult, Measure, Score};
pub use settings::{
    EditorSettings, ForgeSettings, ForgeWhen, GoalSettings, LlmProvider, LlmSettings, MutantSettings,
    SandboxSettings, ScoringSettings, SearchPart, SearchSettings, Severity, TestSettings, Weights,
};
pub use snapshot::{Notice, Snapshot, SourceFile};
pub use speed::RatioEstimate;
pub use trial::{Setback, Trial, TrialCost, Verdict};
