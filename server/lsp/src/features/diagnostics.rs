//! Diagnostics: goals as hints, failing tests as warnings, proven improvements as information; of open documents, of
//! files on disk, and of a broken configuration.

use super::{Part, Spot, View, evidence, manual};
use crate::folder::Folder;
use crate::locations;
use crate::offers::Standing;
use crate::repairs;
use hephaestus_core::{
    ContentHash, EditorSettings, FileChange, GoalId, GoalKind, RelPath, Severity, Suspect,
};
use hephaestus_workspace::packs::PackProblem;
use hephaestus_workspace::{ConfigProblem, FileFacts};
use serde_json::json;
use tower_lsp::ls_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, NumberOrString,
    Position, Range,
};

/// Who they are from.
pub(crate) const SOURCE: &str = "hephaestus";

/// What stands in the message of a goal that something is proven for.
pub(crate) const PROVEN: &str = "proven improvement";

/// Places where a reason for failing tests is suspected that are named at once.
const MOST_SUSPECTS: usize = 3;

/// Everything about an open document.
pub(crate) fn of_document(view: &View<'_>) -> Vec<Diagnostic> {
    let defaults = EditorSettings::default();
    let settings = view.folder.map_or(&defaults, |folder| &folder.config.editor);
    view.spots().iter().filter_map(|spot| of_spot(view, spot, settings)).collect()
}

fn of_spot(view: &View<'_>, spot: &Spot<'_>, settings: &EditorSettings) -> Option<Diagnostic> {
    let goal = spot.goal;
    let message = match spot.part {
        Part::Whole => goal.message.clone(),
        Part::Suspect(_) => format!("may be why {}", goal.message),
        Part::Fix => return None,
    };
    let shown = Shown {
        range: view.range(spot.range),
        id: &goal.id,
        kind: goal.kind,
        rule: &goal.rule,
        message: &message,
        proven: spot.standing.filter(|_| spot.patch.is_some()),
    };
    let mut diagnostic = shown.diagnostic(settings)?;
    // A suspicion is no failure.
    if matches!(spot.part, Part::Suspect(_)) && shown.proven.is_none() {
        diagnostic.severity = Some(DiagnosticSeverity::INFORMATION);
    }
    let relates = view.facts.relates_places;
    let related = || if goal.kind == GoalKind::Repair { of_repair(view, spot) } else { related(view, spot) };
    Some(Diagnostic { related_information: relates.then(related).flatten(), ..diagnostic })
}

/// What belongs to a failing test elsewhere: where it stands, where its reason may lie, and where the fix changes code.
fn of_repair(view: &View<'_>, spot: &Spot<'_>) -> Option<Vec<DiagnosticRelatedInformation>> {
    let root = &view.folder?.root;
    let place = |path: &RelPath, line: u32, message: String| {
        let start = Position { line: line.saturating_sub(1), character: 0 };
        let uri = locations::uri_of(root, path)?;
        Some(DiagnosticRelatedInformation {
            location: Location { uri, range: Range { start, end: start } },
            message,
        })
    };
    let goal = spot.goal;
    let test = (spot.part != Part::Whole)
        .then(|| place(&goal.file, goal.line, "the test that fails".to_owned()))
        .flatten();
    let is_other = |suspect: &&Suspect| spot.part != Part::Suspect(suspect);
    let suspects =
        repairs::suspects(goal).iter().take(MOST_SUSPECTS).filter(is_other).filter_map(|suspect| {
            let message = format!("suspicious ({:.0} %)", suspect.suspicion * 100.0);
            place(&suspect.file, suspect.line, message)
        });
    let places: Vec<_> = test.into_iter().chain(suspects).collect();
    (!places.is_empty()).then_some(places)
}

/// A goal as it is shown, open document or not.
struct Shown<'a> {
    range: Range,
    id: &'a GoalId,
    kind: GoalKind,
    rule: &'a str,
    message: &'a str,
    /// What is proven for it, on the text that is meant.
    proven: Option<&'a Standing>,
}

impl Shown<'_> {
    /// `None` where the user wants none.
    fn diagnostic(&self, settings: &EditorSettings) -> Option<Diagnostic> {
        let (severity, message) = match self.proven {
            Some(standing) => (
                settings.severity_of_proven(),
                format!("{} ({PROVEN}: {})", self.message, evidence::in_short(standing)),
            ),
            None => (settings.severity_of(self.kind), self.message.to_owned()),
        };
        Some(Diagnostic {
            range: self.range,
            severity: Some(severity_of(severity)?),
            code: Some(NumberOrString::String(self.rule.to_owned())),
            code_description: manual::description(self.rule),
            source: Some(SOURCE.to_owned()),
            message,
            tags: (self.kind == GoalKind::DeadCode).then(|| vec![DiagnosticTag::UNNECESSARY]),
            data: Some(json!({"goal": self.id.0})),
            ..Diagnostic::default()
        })
    }
}

/// The other places of the document that a proven improvement changes.
fn related(view: &View<'_>, spot: &Spot<'_>) -> Option<Vec<DiagnosticRelatedInformation>> {
    let Some(FileChange::Edit { edits, .. }) = spot.patch?.change(&view.document.place.path) else {
        return None;
    };
    let outside = edits.iter().filter(|edit| !spot.range.contains(edit.range));
    let places: Vec<_> = outside
        .map(|edit| DiagnosticRelatedInformation {
            location: Location { uri: view.document.uri.clone(), range: view.range(edit.range) },
            message: "changed too".to_owned(),
        })
        .collect();
    (!places.is_empty()).then_some(places)
}

/// Goals of a file that is not open, from the index.
pub(crate) fn of_file(folder: &Folder, path: &RelPath, facts: &FileFacts) -> Vec<Diagnostic> {
    let wanted = facts.goals.iter().filter(|goal| folder.wants(&goal.id));
    let shown = wanted.map(|goal| Shown {
        range: locations::range(goal.start, goal.end),
        id: &goal.id,
        kind: goal.kind,
        rule: &goal.rule,
        message: &goal.message,
        proven: folder
            .offers
            .of_goal(&goal.id)
            .filter(|standing| standing.patch_for(path, &facts.hash).is_some()),
    });
    shown.filter_map(|shown| shown.diagnostic(&folder.config.editor)).collect()
}

/// What is wrong with the configuration, at its place.
pub(crate) fn of_configuration(problem: &ConfigProblem) -> Diagnostic {
    error_at(problem.line, problem.column, format!("{}; the defaults are used", problem.message))
}

/// What is wrong with a pack of the user's, at its place.
pub(crate) fn of_pack(problem: &PackProblem) -> Diagnostic {
    error_at(problem.line, problem.column, format!("{}\n{}", problem.message, problem.hint))
}

/// An error at a 1-based line and column.
fn error_at(line: usize, column: usize, message: String) -> Diagnostic {
    let line = u32::try_from(line.saturating_sub(1)).unwrap_or(0);
    let character = u32::try_from(column.saturating_sub(1)).unwrap_or(0);
    let start = Position { line, character };
    Diagnostic {
        range: Range { start, end: Position { line, character: character.saturating_add(1) } },
        severity: Some(DiagnosticSeverity::ERROR),
        source: Some(SOURCE.to_owned()),
        message,
        ..Diagnostic::default()
    }
}

/// Equal for equal diagnostics: what a client that asks again sends back.
pub(crate) fn result_id(diagnostics: &[Diagnostic]) -> String {
    let text = serde_json::to_vec(diagnostics).unwrap_or_default();
    ContentHash::of(&text).short().to_owned()
}

fn severity_of(severity: Severity) -> Option<DiagnosticSeverity> {
    match severity {
        Severity::Error => Some(DiagnosticSeverity::ERROR),
        Severity::Warning => Some(DiagnosticSeverity::WARNING),
        Severity::Information => Some(DiagnosticSeverity::INFORMATION),
        Severity::Hint => Some(DiagnosticSeverity::HINT),
        Severity::Off => None,
    }
}
