//! The commands an editor can execute: their names and arguments.

use serde_json::Value;
use tower_lsp::ls_types::Uri;

/// Forges the goals of a file: `[uri]`.
pub(crate) const FORGE_FILE: &str = "hephaestus.forgeFile";
/// Forges all goals of the folder a document lies in, or of every folder: `[uri?]`.
pub(crate) const FORGE_WORKSPACE: &str = "hephaestus.forgeWorkspace";
/// Forges one goal: `[uri, goal]`.
pub(crate) const FORGE_GOAL: &str = "hephaestus.forgeGoal";
/// Applies what is proven for a goal: `[uri, goal]`.
pub(crate) const APPLY: &str = "hephaestus.apply";
/// Applies everything proven about a file: `[uri]`.
pub(crate) const APPLY_ALL: &str = "hephaestus.applyAll";
/// Stands still until resumed.
pub(crate) const PAUSE: &str = "hephaestus.pause";
/// Goes on.
pub(crate) const RESUME: &str = "hephaestus.resume";
/// Stops the run under way and forgets what was to come.
pub(crate) const CANCEL: &str = "hephaestus.cancel";
/// Hides a goal until its code changes: `[uri, goal]`.
pub(crate) const DISMISS: &str = "hephaestus.dismiss";
/// Shows a dismissed goal again: `[uri, goal]`.
pub(crate) const RESTORE: &str = "hephaestus.restore";
/// Proves a goal's improvement anew, remembering nothing: `[uri, goal]`.
pub(crate) const VERIFY: &str = "hephaestus.verify";
/// Adds a rule to `goals.ignore` in `hephaestus.toml`: `[uri, rule]`.
pub(crate) const IGNORE_RULE: &str = "hephaestus.ignoreRule";
/// Answers with the evidence card of a goal, in Markdown: `[uri, goal, answer only?]`. Unless only the answer is wanted,
/// the short of it is also shown as a message.
pub(crate) const SHOW_EVIDENCE: &str = "hephaestus.showEvidence";
/// The user trusts (`true`) or does not trust (`false`) the open folders: `[bool]`.
pub(crate) const TRUST: &str = "hephaestus.trust";

/// Forges a directive until its lines hold, and asks before anything is changed: `[uri]`.
pub(crate) const RUN_DIRECTIVE: &str = "hephaestus.directive.run";

/// All of them.
pub(crate) const NAMES: &[&str] = &[
    FORGE_FILE,
    FORGE_WORKSPACE,
    FORGE_GOAL,
    APPLY,
    APPLY_ALL,
    PAUSE,
    RESUME,
    CANCEL,
    DISMISS,
    RESTORE,
    VERIFY,
    IGNORE_RULE,
    SHOW_EVIDENCE,
    TRUST,
    RUN_DIRECTIVE,
];

/// A command's arguments.
pub(crate) struct Arguments(pub(crate) Vec<Value>);

impl Arguments {
    /// The document.
    pub(crate) fn uri(&self) -> Result<Uri, String> {
        let text = self.text(0, "a document's URI")?;
        text.parse().map_err(|error| format!("`{text}` is no URI: {error}"))
    }

    /// A text.
    pub(crate) fn text(&self, at: usize, what: &str) -> Result<&str, String> {
        let missing = || format!("argument {} must be {what}", at + 1);
        self.0.get(at).and_then(Value::as_str).ok_or_else(missing)
    }

    /// Yes or no; yes when nothing is said.
    pub(crate) fn flag(&self) -> bool {
        self.0.first().and_then(Value::as_bool).unwrap_or(true)
    }
}
