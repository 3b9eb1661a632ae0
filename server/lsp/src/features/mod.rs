//! What the editor shows: one file per feature of the protocol. Each turns what the state knows into the protocol's
//! types; none changes anything.

pub(crate) mod actions;
pub(crate) mod diagnostics;
pub(crate) mod directives;
pub(crate) mod edits;
pub(crate) mod evidence;
pub(crate) mod exhibit;
pub(crate) mod goals;
pub(crate) mod hover;
pub(crate) mod lenses;
pub(crate) mod manual;

use crate::client_facts::{ClientFacts, encoding_kind};
use crate::documents::{Documents, OpenDocument};
use crate::folder::Folder;
use crate::offers::Standing;
use crate::repairs::{self, Place};
use hephaestus_core::{ByteRange, ContentHash, Goal, GoalKind, Patch, RelPath, Suspect};
use hephaestus_workspace::Analysed;
use std::collections::HashSet;
use tower_lsp::ls_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CodeLensOptions, CompletionOptions,
    DiagnosticOptions, DiagnosticServerCapabilities, ExecuteCommandOptions, HoverProviderCapability, OneOf,
    Range, SaveOptions, ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextDocumentSyncSaveOptions, WorkDoneProgressOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};

/// The source action that applies everything proven about a file.
pub(crate) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.hephaestus");

/// What we tell the editor that we can do.
pub(crate) fn capabilities(facts: &ClientFacts) -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::INCREMENTAL),
        save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
        ..TextDocumentSyncOptions::default()
    };
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::REFACTOR_REWRITE, FIX_ALL]),
        resolve_provider: Some(true),
        work_done_progress_options: WorkDoneProgressOptions::default(),
    };
    let diagnostics = DiagnosticOptions {
        identifier: Some("hephaestus".to_owned()),
        inter_file_dependencies: true,
        workspace_diagnostics: true,
        work_done_progress_options: WorkDoneProgressOptions::default(),
    };
    let folders = WorkspaceFoldersServerCapabilities {
        supported: Some(true),
        change_notifications: Some(OneOf::Left(true)),
    };
    ServerCapabilities {
        position_encoding: Some(encoding_kind(facts.encoding)),
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        code_action_provider: Some(CodeActionProviderCapability::Options(actions)),
        code_lens_provider: Some(CodeLensOptions { resolve_provider: Some(false) }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        // These three are for directives; about everything else there is nothing to say.
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(["\"", "[", "."].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        inlay_hint_provider: Some(OneOf::Left(true)),
        // Who cannot be told to ask again is told instead; both at once would show everything twice.
        diagnostic_provider: facts
            .pulls_diagnostics
            .then_some(DiagnosticServerCapabilities::Options(diagnostics)),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: crate::commands::NAMES.iter().map(|name| (*name).to_owned()).collect(),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(folders),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}

/// A document with everything that is known about it: what features look at.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) facts: &'a ClientFacts,
    pub(crate) folder: Option<&'a Folder>,
    pub(crate) documents: &'a Documents,
    pub(crate) document: &'a OpenDocument,
    pub(crate) analysed: &'a Analysed,
}

/// Something in a document that may be improved.
pub(crate) struct Spot<'a> {
    pub(crate) goal: &'a Goal,
    /// Where it is in the present text.
    pub(crate) range: ByteRange,
    /// What was proved for it, on whatever text.
    pub(crate) standing: Option<&'a Standing>,
    /// The proved change for the present text; `None` when there is none.
    pub(crate) patch: Option<&'a Patch>,
    /// Of what a failing test is about: what is shown here.
    pub(crate) part: Part<'a>,
}

/// What a spot is of its goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Part<'a> {
    /// Its own place.
    Whole,
    /// Where the reason for failing tests is suspected first.
    Suspect(&'a Suspect),
    /// Where a fix is made; there is a diagnostic elsewhere.
    Fix,
}

impl<'a> View<'a> {
    /// A range in the protocol's words.
    pub(crate) fn range(&self, range: ByteRange) -> Range {
        let at = |byte| self.analysed.position(byte, self.facts.encoding);
        crate::locations::range(at(range.start), at(range.end))
    }

    /// Everything that may be improved in the present text, in order of place. What the user dismissed is not among it.
    pub(crate) fn spots(&self) -> Vec<Spot<'a>> {
        let path = &self.document.place.path;
        let hash = &self.analysed.hash;
        let forged = self.folder.and_then(|folder| folder.forged.get(path));
        let forged =
            forged.filter(|(seen, _)| seen == hash).map(|(_, goals)| goals.as_slice()).unwrap_or_default();
        let mut seen = HashSet::new();
        let mut spots = Vec::new();
        for goal in self.analysed.goals.iter().chain(forged) {
            if seen.insert(&goal.id) && self.folder.is_none_or(|folder| folder.wants(&goal.id)) {
                let standing = self.folder.and_then(|folder| folder.offers.of_goal(&goal.id));
                let patch = standing.and_then(|standing| standing.patch_for(path, hash));
                spots.push(Spot { goal, range: goal.range, standing, patch, part: Part::Whole });
            }
        }
        // Proven for goals that only a linter sees: their place is where the change is.
        let proven = self.folder.iter().flat_map(|folder| folder.offers.in_file(path));
        for standing in proven.filter(|standing| !standing.is_repair()) {
            let goal = &standing.offer.goal;
            let Some(patch) = standing.patch_for(path, hash).filter(|_| !seen.contains(&goal.id)) else {
                continue;
            };
            if self.folder.is_some_and(|folder| folder.wants(&goal.id)) {
                let range = edits::first_range(patch, path).unwrap_or(goal.range);
                let (standing, patch) = (Some(standing), Some(patch));
                spots.push(Spot { goal, range, standing, patch, part: Part::Whole });
            }
        }
        spots.extend(self.repairs());
        spots.sort_by_key(|spot| spot.range);
        spots
    }

    /// What is known of failing tests in the present text: where they stand, where their reason may lie, and where they
    /// are mended.
    fn repairs(&self) -> Vec<Spot<'a>> {
        let Some(folder) = self.folder else { return Vec::new() };
        let (path, hash) = (&self.document.place.path, &self.analysed.hash);
        let mut spots = Vec::new();
        let spot = |place: Place<'a>| {
            let standing = folder.offers.of_goal(&place.goal.id);
            let patch = standing.and_then(|standing| self.patch(standing));
            let part = place.suspect.map_or(Part::Whole, Part::Suspect);
            Spot { goal: place.goal, range: place.range, standing, patch, part }
        };
        let known = folder.repairs.places(path, hash).into_iter();
        spots.extend(known.filter(|place| folder.wants(&place.goal.id)).map(spot));
        for standing in folder.offers.all().filter(|standing| standing.is_repair()) {
            let goal = &standing.offer.goal;
            let Some(patch) = self.patch(standing).filter(|_| folder.wants(&goal.id)) else { continue };
            // Found in an earlier session: no run of this one has seen its tests yet.
            if !folder.repairs.knows(goal) {
                let fits = |place: &Place<'_>| place.suspect.is_some() || goal.base == *hash;
                spots.extend(repairs::places_of(goal, path).into_iter().filter(fits).map(spot));
            }
            let shown = |range: ByteRange| {
                spots.iter().any(|spot| spot.goal.id == goal.id && spot.range.contains(range))
            };
            if let Some(range) = edits::first_range(patch, path).filter(|range| !shown(*range)) {
                let (standing, patch) = (Some(standing), Some(patch));
                spots.push(Spot { goal, range, standing, patch, part: Part::Fix });
            }
        }
        spots
    }

    /// The change of an improvement for the texts as they are now; `None` when nothing was proved for those.
    pub(crate) fn patch(&self, standing: &'a Standing) -> Option<&'a Patch> {
        if standing.offer.goal.kind == GoalKind::Repair {
            return standing.patch_now(&|path| self.hash_of(path));
        }
        standing.patch_for(&self.document.place.path, &self.analysed.hash)
    }

    /// The hash of a file's text: as the editor has it or, where it is not open, as it was on disk.
    fn hash_of(&self, path: &RelPath) -> Option<ContentHash> {
        if *path == self.document.place.path {
            return Some(self.analysed.hash.clone());
        }
        let folder = self.folder?;
        match self.documents.at(&folder.root, path) {
            Some(document) => Some(match document.current() {
                Some(analysed) => analysed.hash.clone(),
                None => ContentHash::of(document.file.text().as_bytes()),
            }),
            None => folder.facts.get(path).map(|facts| facts.hash.clone()),
        }
    }
}
