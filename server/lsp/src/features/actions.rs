//! Code actions: apply what is proven, forge what is not, dismiss what is not wanted; and everything proven at once as a
//! source action.

use super::{FIX_ALL, Spot, View, diagnostics, evidence};
use crate::commands;
use crate::offers::Standing;
use hephaestus_core::{ByteRange, CandidateId, GoalKind, Patch};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashSet;
use tower_lsp::ls_types::{
    CodeAction, CodeActionContext, CodeActionDisabled, CodeActionKind, Command, Diagnostic, NumberOrString,
    Range,
};

/// What a code action carries until it is picked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ActionData {
    /// The document.
    pub(crate) uri: String,
    /// Its version when the action was offered.
    pub(crate) version: i32,
    /// What it applies.
    pub(crate) candidates: Vec<String>,
}

/// An action, and the change behind it where it is one that applies something.
pub(crate) struct Offered {
    pub(crate) action: CodeAction,
    pub(crate) change: Option<(Vec<CandidateId>, Patch)>,
}

/// The actions for a range.
pub(crate) fn actions(view: &View<'_>, range: Range, context: &CodeActionContext) -> Vec<Offered> {
    let wants = |kind: &CodeActionKind| match &context.only {
        Some(only) => only.iter().any(|wanted| is_within(kind, wanted)),
        // What changes a whole file is not offered unless asked for.
        None => *kind != FIX_ALL,
    };
    let asked = byte_range(view, range);
    let mut near = view.spots().into_iter().filter(|spot| touches(spot.range, asked)).collect::<Vec<_>>();
    // What the user points at comes first, then what is smaller.
    near.sort_by_key(|spot| (own_diagnostics(spot, context).is_none(), spot.range.len()));
    // A failing test may stand beside the code that is suspected: one offer is enough.
    let mut seen = HashSet::new();
    near.retain(|spot| seen.insert(&spot.goal.id));
    let mut offered: Vec<Offered> = Vec::new();
    for spot in near.iter().filter(|spot| spot.patch.is_some()) {
        offered.extend(apply(view, spot, context));
    }
    for spot in &near {
        if spot.patch.is_none() {
            offered.extend(stale(view, spot, context));
        }
        // Without a folder there are no tests to prove anything with, and nowhere to remember.
        if view.folder.is_some() {
            if spot.goal.kind == GoalKind::Strengthen {
                let verb = "Strengthen the tests first";
                offered.push(command(view, spot, context, verb, commands::SHOW_EVIDENCE));
            } else if spot.patch.is_none() {
                let verb = if spot.goal.kind == GoalKind::Repair { "Forge a fix" } else { "Forge" };
                offered.push(command(view, spot, context, verb, commands::FORGE_GOAL));
            }
            offered.push(command(view, spot, context, "Dismiss", commands::DISMISS));
        }
    }
    for spot in near.iter().filter(|_| view.folder.is_some()) {
        offered.push(ignore_rule(view, spot));
    }
    offered.extend(fix_all(view));
    offered.retain(|offered| offered.action.kind.as_ref().is_none_or(&wants));
    offered
}

/// What holds for everything that applies an improvement.
fn apply(view: &View<'_>, spot: &Spot<'_>, context: &CodeActionContext) -> Option<Offered> {
    let (standing, patch) = (spot.standing?, spot.patch?);
    let candidate = standing.offer.candidate.id.clone();
    let action = CodeAction {
        title: title(spot, standing),
        kind: Some(kind_of(spot.goal.kind)),
        diagnostics: own_diagnostics(spot, context),
        is_preferred: Some(true),
        data: data(view, std::slice::from_ref(&candidate)),
        ..CodeAction::default()
    };
    Some(Offered { action, change: Some((vec![candidate], patch.clone())) })
}

/// What picking it does.
fn title(spot: &Spot<'_>, standing: &Standing) -> String {
    let what = if standing.is_repair() { "Apply the fix" } else { "Apply" };
    format!("{what}: {} ({})", spot.goal.message, evidence::in_short(standing))
}

/// What was proved on an earlier text: shown with the reason why it cannot be picked.
fn stale(view: &View<'_>, spot: &Spot<'_>, context: &CodeActionContext) -> Option<Offered> {
    let standing = spot.standing.filter(|_| view.facts.disables_actions)?;
    let reason =
        format!("The file was edited since; for the text as it is now {}.", evidence::to_prove(view));
    let action = CodeAction {
        title: title(spot, standing),
        kind: Some(kind_of(spot.goal.kind)),
        diagnostics: own_diagnostics(spot, context),
        disabled: Some(CodeActionDisabled { reason }),
        ..CodeAction::default()
    };
    Some(Offered { action, change: None })
}

fn command(view: &View<'_>, spot: &Spot<'_>, context: &CodeActionContext, verb: &str, name: &str) -> Offered {
    let title = format!("{verb}: {}", spot.goal.message);
    let arguments = vec![json!(view.document.uri.as_str()), json!(spot.goal.id.0)];
    let command = Command { title: title.clone(), command: name.to_owned(), arguments: Some(arguments) };
    let action = CodeAction {
        title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: own_diagnostics(spot, context),
        command: Some(command),
        ..CodeAction::default()
    };
    Offered { action, change: None }
}

fn ignore_rule(view: &View<'_>, spot: &Spot<'_>) -> Offered {
    let title = format!("Never propose `{}` in this workspace", spot.goal.rule);
    let arguments = vec![json!(view.document.uri.as_str()), json!(spot.goal.rule)];
    let command = Command {
        title: title.clone(),
        command: commands::IGNORE_RULE.to_owned(),
        arguments: Some(arguments),
    };
    let action = CodeAction {
        title,
        kind: Some(CodeActionKind::QUICKFIX),
        command: Some(command),
        ..CodeAction::default()
    };
    Offered { action, change: None }
}

/// Everything that is proven about the file, alone and together, and keeps behaviour by its own claim.
fn fix_all(view: &View<'_>) -> Option<Offered> {
    let folder = view.folder?;
    let path = &view.document.place.path;
    let together = folder.offers.together(path)?;
    let mut patch = Patch::default();
    let mut candidates = Vec::new();
    for candidate in &together.candidates {
        let Some(standing) = folder.offers.get(candidate) else { continue };
        if standing.is_repair() || standing.offer.goal.changes_behaviour() {
            continue;
        }
        let Some(own) = standing.patch_for(path, &view.analysed.hash) else { continue };
        if let Ok(merged) = patch.merge(own) {
            patch = merged;
            candidates.push(candidate.clone());
        }
    }
    if candidates.is_empty() {
        return None;
    }
    let count = evidence::counted(u32::try_from(candidates.len()).unwrap_or(u32::MAX), "proven improvement");
    let action = CodeAction {
        title: format!("Apply {count} of this file"),
        kind: Some(FIX_ALL),
        data: data(view, &candidates),
        ..CodeAction::default()
    };
    Some(Offered { action, change: Some((candidates, patch)) })
}

fn data(view: &View<'_>, candidates: &[CandidateId]) -> Option<serde_json::Value> {
    let data = ActionData {
        uri: view.document.uri.as_str().to_owned(),
        version: view.analysed.version,
        candidates: candidates.iter().map(|candidate| candidate.0.clone()).collect(),
    };
    serde_json::to_value(data).ok()
}

/// The diagnostics of the request that this goal made.
fn own_diagnostics(spot: &Spot<'_>, context: &CodeActionContext) -> Option<Vec<Diagnostic>> {
    let is_own = |diagnostic: &&Diagnostic| {
        let by_data = diagnostic.data.as_ref().and_then(|data| data.get("goal")?.as_str());
        let by_code = || {
            diagnostic.source.as_deref() == Some(diagnostics::SOURCE)
                && diagnostic.code == Some(NumberOrString::String(spot.goal.rule.clone()))
        };
        by_data.map_or_else(by_code, |goal| goal == spot.goal.id.0)
    };
    let own: Vec<_> = context.diagnostics.iter().filter(is_own).cloned().collect();
    (!own.is_empty()).then_some(own)
}

/// Taking a function apart is a refactoring; everything else mends one place.
fn kind_of(kind: GoalKind) -> CodeActionKind {
    match kind {
        GoalKind::Complexity | GoalKind::Duplication => CodeActionKind::REFACTOR_REWRITE,
        _ => CodeActionKind::QUICKFIX,
    }
}

/// `quickfix.x` is within `quickfix`, and everything within the empty kind.
fn is_within(kind: &CodeActionKind, wanted: &CodeActionKind) -> bool {
    let (kind, wanted) = (kind.as_str(), wanted.as_str());
    wanted.is_empty() || kind == wanted || kind.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
}

fn byte_range(view: &View<'_>, range: Range) -> ByteRange {
    let at =
        |position| view.document.file.offset(crate::locations::own_position(position), view.facts.encoding);
    let (start, end) = (at(range.start), at(range.end));
    ByteRange::new(start.min(end), start.max(end))
}

/// Whether they share a byte or meet.
fn touches(left: ByteRange, right: ByteRange) -> bool {
    left.start <= right.end && right.start <= left.end
}
