//! The evidence as data, for clients that show it in their own way. Says the same as the card (`evidence.rs`), which goes
//! along as text.

use super::goals::GoalState;
use super::{Spot, View, edits, evidence};
use crate::locations;
use hephaestus_core::{
    Direction, Evidence, FileChange, GateResult, GoalId, GoalKind, Measure, Patch, RelPath, Score, StageRun,
    Suspect,
};
use hephaestus_workspace::{confidence_in_words, found_in_words, question_in_words};
use serde::{Deserialize, Serialize};
use tower_lsp::ls_types::{Range, Uri};

/// Parameters of `hephaestus/evidence`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EvidenceParams {
    /// An open document with the goal in it.
    pub(crate) uri: Uri,
    /// The goal.
    pub(crate) goal: GoalId,
}

/// The answer to `hephaestus/evidence`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Exhibit {
    /// The goal.
    pub(crate) goal: GoalId,
    /// One line: what.
    pub(crate) title: String,
    /// The rule, or the linter's code.
    pub(crate) rule: String,
    /// Sort of improvement.
    pub(crate) kind: GoalKind,
    /// Why the rule is there.
    pub(crate) why: String,
    /// Where it is.
    pub(crate) range: Range,
    /// What has come of it.
    pub(crate) state: GoalState,
    /// Who forged the change.
    pub(crate) engine: Option<String>,
    /// What gets better and how that was proved, in a line.
    pub(crate) summary: String,
    /// The change as a unified diff.
    pub(crate) diff: Option<String>,
    /// The files it changes, whole.
    pub(crate) files: Vec<ChangedFile>,
    /// What was measured.
    pub(crate) scores: Vec<Scored>,
    /// What had to hold.
    pub(crate) gates: Vec<Gated>,
    /// What was run, in order.
    pub(crate) checks: Vec<Checked>,
    /// How many mutants of the code around the change the tests notice.
    pub(crate) strength: Option<Strong>,
    /// How it was found, and what else would pass.
    pub(crate) alternatives: Vec<String>,
    /// What only the user can answer.
    pub(crate) questions: Vec<String>,
    /// Tests that fail.
    pub(crate) failing: Vec<String>,
    /// Where their reason may lie.
    pub(crate) suspects: Vec<Suspicious>,
    /// What else is to be known.
    pub(crate) notes: Vec<String>,
    /// What nobody looked at.
    pub(crate) not_checked: Vec<String>,
    /// The card, in Markdown.
    pub(crate) markdown: String,
}

/// A file before and after the change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ChangedFile {
    /// The file.
    pub(crate) uri: Uri,
    /// Its path in its folder.
    pub(crate) path: RelPath,
    /// Its text; absent when the file is created.
    pub(crate) before: Option<String>,
    /// Its text with the change; absent when the file is deleted.
    pub(crate) after: Option<String>,
}

/// One measure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Scored {
    /// What.
    pub(crate) dimension: &'static str,
    /// Of the original.
    pub(crate) before: f64,
    /// With the change.
    pub(crate) after: f64,
    /// `lower`, `higher`, or `shown` for what is not judged.
    pub(crate) better: &'static str,
    /// Whether it gained more than its error; absent where it stayed as it was or is not judged.
    pub(crate) improved: Option<bool>,
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Gated {
    /// Which.
    pub(crate) gate: &'static str,
    /// Whether it is open.
    pub(crate) passed: bool,
    /// Why, in a few words.
    pub(crate) detail: String,
}

/// One stage of the cascade.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Checked {
    /// Which.
    pub(crate) stage: &'static str,
    /// What came out.
    pub(crate) what: String,
    /// Wall-clock time in seconds.
    pub(crate) seconds: f64,
}

/// The tests' strength on the weaker side of the change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Strong {
    /// Mutants that a test notices.
    pub(crate) killed: u32,
    /// Mutants that no test notices.
    pub(crate) survived: u32,
    /// Killed as a share of both.
    pub(crate) score: f64,
    /// The share from which an improvement is offered without reserve.
    pub(crate) limit: Option<f64>,
}

/// A place where the reason for failing tests may lie.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Suspicious {
    /// The file's path in its folder.
    pub(crate) path: RelPath,
    /// The 1-based line.
    pub(crate) line: u32,
    /// 0 to 1.
    pub(crate) suspicion: f64,
}

/// Everything about a spot. `is_forged` says whether a run about it is under way.
pub(crate) fn exhibit(view: &View<'_>, spot: &Spot<'_>, is_forged: bool) -> Exhibit {
    let bare = bare(view, spot, is_forged);
    let Some(standing) = spot.standing else { return bare };
    let (candidate, evidence) = (&standing.offer.candidate, &standing.offer.trial.evidence);
    let files = spot.patch.and_then(|patch| changed_files(view, patch)).unwrap_or_default();
    let text_of = |path: &RelPath| files.iter().find(|file| file.path == *path)?.before.as_deref();
    let diff = spot.patch.filter(|_| !files.is_empty()).and_then(|patch| patch.to_unified(text_of).ok());
    let limit = view.folder.map(|folder| folder.config.mutants.offer_strength);
    let strength = evidence.strength.as_ref().and_then(|region| {
        let side = region.weaker()?;
        let (killed, survived) = (side.killed, side.survived);
        Some(Strong { killed, survived, score: side.share()?, limit })
    });
    let found = candidate.found.as_ref();
    let sure = found.map(|found| confidence_in_words(found.confidence).to_owned());
    Exhibit {
        engine: Some(candidate.engine.to_string()),
        summary: evidence::in_short(standing),
        diff,
        scores: scores(&standing.offer.score),
        gates: standing.offer.score.gates.iter().map(gated).collect(),
        checks: evidence.stages.iter().map(|run| checked(evidence, run)).collect(),
        strength,
        alternatives: sure.into_iter().chain(found.map(found_in_words).unwrap_or_default()).collect(),
        questions: found
            .map(|found| found.questions.iter().map(question_in_words).collect())
            .unwrap_or_default(),
        notes: evidence.notes.clone(),
        not_checked: evidence::not_checked(standing),
        files,
        ..bare
    }
}

/// What is known of a goal without anything proved for it.
fn bare(view: &View<'_>, spot: &Spot<'_>, is_forged: bool) -> Exhibit {
    let goal = spot.goal;
    let suspicious = |suspect: &Suspect| Suspicious {
        path: suspect.file.clone(),
        line: suspect.line,
        suspicion: suspect.suspicion,
    };
    Exhibit {
        goal: goal.id.clone(),
        title: goal.message.clone(),
        rule: goal.rule.clone(),
        kind: goal.kind,
        why: goal.why.clone(),
        range: view.range(spot.range),
        state: GoalState::of(spot.standing, spot.patch.is_some(), is_forged),
        engine: None,
        summary: String::new(),
        diff: None,
        files: Vec::new(),
        scores: Vec::new(),
        gates: Vec::new(),
        checks: Vec::new(),
        strength: None,
        alternatives: Vec::new(),
        questions: Vec::new(),
        failing: goal.acceptance.must_pass.clone(),
        suspects: crate::repairs::suspects(goal).iter().map(suspicious).collect(),
        notes: Vec::new(),
        not_checked: Vec::new(),
        markdown: evidence::card(view, spot),
    }
}

/// The files of a change before and after; `None` when one is not as the change wants it.
fn changed_files(view: &View<'_>, patch: &Patch) -> Option<Vec<ChangedFile>> {
    let folder = view.folder?;
    let changed = |(path, change): (&RelPath, &FileChange)| {
        let uri = locations::uri_of(&folder.root, path)?;
        let before = match change {
            FileChange::Edit { base, .. } | FileChange::Delete { base } => {
                Some(edits::text_of(&uri, path, base, folder, view.documents)?.1)
            }
            FileChange::Create { .. } => None,
        };
        let after = patch.apply_to(path, before.as_deref()).ok()?;
        Some(ChangedFile { uri, path: path.clone(), before, after })
    };
    patch.files().map(changed).collect()
}

fn scores(score: &Score) -> Vec<Scored> {
    let scored = |measure: &Measure| {
        let better = match measure.direction {
            Direction::Lower => "lower",
            Direction::Higher => "higher",
            Direction::Shown => "shown",
        };
        let is_judged = measure.direction != Direction::Shown && measure.gain() != 0.0;
        Scored {
            dimension: measure.dimension.as_str(),
            before: measure.before,
            after: measure.after,
            better,
            improved: is_judged.then(|| measure.improved()),
        }
    };
    score.measures.iter().map(scored).collect()
}

fn gated(result: &GateResult) -> Gated {
    Gated { gate: result.gate.as_str(), passed: result.open, detail: result.reason.clone() }
}

fn checked(evidence: &Evidence, run: &StageRun) -> Checked {
    let what = evidence::outcome(evidence, run);
    Checked { stage: run.stage.as_str(), what, seconds: run.wall.as_secs_f64() }
}
