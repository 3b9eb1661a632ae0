//! Commands: what the user asks for by name.

use super::{Question, State};
use crate::commands::{self, Arguments};
use crate::features::edits::{self, Label};
use crate::features::evidence;
use crate::forging::Order;
use crate::locations::{self, Place};
use crate::trust::Trust;
use hephaestus_core::{CandidateId, DecisionKind, GoalId, Patch, RelPath};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use toml_edit::{Array, DocumentMut, Item, Table, value};
use tower_lsp::jsonrpc::{self, Error};
use tower_lsp::ls_types::request::ApplyWorkspaceEdit;
use tower_lsp::ls_types::{
    ApplyWorkspaceEditParams, CodeActionContext, ExecuteCommandParams, MessageType, Range, Uri, WorkspaceEdit,
};

impl State {
    pub(super) fn execute(&mut self, params: ExecuteCommandParams) -> jsonrpc::Result<Option<Value>> {
        let arguments = Arguments(params.arguments);
        let result = match params.command.as_str() {
            commands::FORGE_FILE => self.forge_file(&arguments),
            commands::FORGE_WORKSPACE => self.forge_workspace(&arguments),
            commands::FORGE_GOAL => self.forge_goal(&arguments, false),
            commands::VERIFY => self.forge_goal(&arguments, true),
            commands::APPLY => self.apply(&arguments),
            commands::APPLY_ALL => self.apply_all(&arguments),
            commands::PAUSE => {
                self.scheduler.pause();
                Ok(None)
            }
            commands::RESUME => {
                self.scheduler.resume();
                Ok(None)
            }
            commands::CANCEL => {
                self.scheduler.cancel();
                Ok(None)
            }
            commands::DISMISS => self.dismiss(&arguments),
            commands::RESTORE => self.restore(&arguments),
            commands::IGNORE_RULE => self.ignore_rule(&arguments),
            commands::RUN_DIRECTIVE => self.run_directive(&arguments),
            commands::SHOW_EVIDENCE => self.show_evidence(&arguments),
            commands::TRUST => {
                let trust = if arguments.flag() { Trust::Trusted } else { Trust::Untrusted };
                for root in self.folders.iter().map(|folder| folder.root.clone()).collect::<Vec<_>>() {
                    self.set_trust(&root, trust);
                }
                Ok(None)
            }
            unknown => Err(format!("there is no command `{unknown}`")),
        };
        result.map_err(Error::invalid_params)
    }

    /// Where a document lies in a folder that is open.
    pub(super) fn place_of(&self, uri: &Uri) -> Result<(PathBuf, RelPath), String> {
        let place = Place::of(uri, self.folders.iter().map(|folder| folder.root.as_path()));
        place
            .and_then(|place| Some((place.root?, place.path)))
            .ok_or_else(|| format!("`{}` lies in no folder that is open", uri.as_str()))
    }

    fn forge_file(&mut self, arguments: &Arguments) -> Result<Option<Value>, String> {
        let (root, path) = self.place_of(&arguments.uri()?)?;
        self.order(Order { is_asked_for: true, ..Order::of_file(root, path) });
        Ok(None)
    }

    fn forge_workspace(&mut self, arguments: &Arguments) -> Result<Option<Value>, String> {
        let roots = match arguments.0.first() {
            Some(_) => vec![self.place_of(&arguments.uri()?)?.0],
            None => self.folders.iter().map(|folder| folder.root.clone()).collect(),
        };
        for root in roots {
            self.order(Order::of_folder(root));
        }
        Ok(None)
    }

    fn forge_goal(&mut self, arguments: &Arguments, is_fresh: bool) -> Result<Option<Value>, String> {
        let (root, path) = self.place_of(&arguments.uri()?)?;
        let goal = GoalId(arguments.text(1, "a goal's id")?.to_owned());
        let all = Order::of_file(root, path);
        self.order(Order { goal: Some(goal), is_asked_for: true, is_fresh, ..all });
        Ok(None)
    }

    fn apply(&mut self, arguments: &Arguments) -> Result<Option<Value>, String> {
        let uri = arguments.uri()?;
        let goal = GoalId(arguments.text(1, "a goal's id")?.to_owned());
        let (root, _) = self.place_of(&uri)?;
        let folder = self.folder(&root).ok_or("nothing is proven for this goal")?;
        let standing = folder.offers.of_goal(&goal).ok_or("nothing is proven for this goal")?;
        let candidate = standing.offer.candidate.id.clone();
        // By the texts alone: a view of all goals offers what stands in files that nobody has open, or that were opened
        // just now.
        let patch = standing.patch_now(&|path| self.documents.hash_of(folder, path)).cloned();
        self.apply_candidates(&root, patch.as_ref(), vec![candidate])
    }

    fn apply_all(&mut self, arguments: &Arguments) -> Result<Option<Value>, String> {
        let uri = arguments.uri()?;
        let view = self.current_view(&uri).ok_or("nothing is known about this document yet")?;
        let only = vec![crate::features::FIX_ALL];
        let context = CodeActionContext { only: Some(only), ..CodeActionContext::default() };
        let offered = crate::features::actions::actions(&view, Range::default(), &context);
        let candidates =
            offered.into_iter().find_map(|offered| offered.change).map(|(candidates, _)| candidates);
        let candidates = candidates.ok_or("nothing is proven about this file")?;
        let (root, _) = self.place_of(&uri)?;
        self.apply_candidates(&root, self.patch_of(&uri, &candidates).as_ref(), candidates)
    }

    /// Sends a change; `patch` is `None` where nothing was proved for the texts as they are.
    fn apply_candidates(
        &mut self,
        root: &Path,
        patch: Option<&Patch>,
        candidates: Vec<CandidateId>,
    ) -> Result<Option<Value>, String> {
        const CHANGED: &str = "the file was edited since this was proved";
        self.check_that_edits_are_applied()?;
        let patch = patch.ok_or(CHANGED)?;
        let edit = self.edit(root, &candidates, patch).ok_or(CHANGED)?;
        self.watch(root, candidates, patch);
        self.send_edit("Proven improvement", edit);
        Ok(None)
    }

    fn check_that_edits_are_applied(&self) -> Result<(), String> {
        if self.facts.as_ref().is_some_and(|facts| facts.applies_edits) {
            return Ok(());
        }
        Err("this editor does not let a server make changes".to_owned())
    }

    fn send_edit(&mut self, label: &str, edit: WorkspaceEdit) {
        let params = ApplyWorkspaceEditParams { label: Some(label.to_owned()), edit };
        self.ask_editor::<ApplyWorkspaceEdit>(&params, Question::Edit(label.to_owned()));
    }

    fn dismiss(&mut self, arguments: &Arguments) -> Result<Option<Value>, String> {
        let (root, _) = self.place_of(&arguments.uri()?)?;
        let goal = GoalId(arguments.text(1, "a goal's id")?.to_owned());
        let Some(folder) = self.folder_mut(&root) else { return Ok(None) };
        if let Some(candidate) = folder.dismiss(&goal) {
            folder.decide(&[(candidate, DecisionKind::Dismissed)], super::now_ms());
        }
        self.refresh(&root);
        Ok(None)
    }

    /// Takes a dismissal back.
    fn restore(&mut self, arguments: &Arguments) -> Result<Option<Value>, String> {
        let (root, path) = self.place_of(&arguments.uri()?)?;
        let goal = GoalId(arguments.text(1, "a goal's id")?.to_owned());
        let Some(folder) = self.folder_mut(&root) else { return Ok(None) };
        if let Some(candidate) = folder.restore(&path, &goal) {
            folder.decide(&[(candidate, DecisionKind::Undone)], super::now_ms());
        }
        self.refresh(&root);
        Ok(None)
    }

    /// The card as the answer. Editors that drop answers are told the short of it, unless they say that they do not.
    fn show_evidence(&mut self, arguments: &Arguments) -> Result<Option<Value>, String> {
        let uri = arguments.uri()?;
        let goal = GoalId(arguments.text(1, "a goal's id")?.to_owned());
        let view = self.view(&uri).ok_or("nothing is known about this document yet")?;
        let spots = view.spots();
        let spot = spots.iter().find(|spot| spot.goal.id == goal).ok_or("this goal is gone")?;
        let card = evidence::card(&view, spot);
        let short = match spot.standing {
            Some(standing) => format!(
                "{} ({}); not checked: {}",
                spot.goal.message,
                evidence::in_short(standing),
                evidence::not_checked(standing).join(", ")
            ),
            None => format!("{}: nothing is proven yet", spot.goal.message),
        };
        let answer_only = arguments.0.get(2).and_then(Value::as_bool) == Some(true);
        if !answer_only {
            self.say(MessageType::INFO, &short);
        }
        Ok(Some(json!({"kind": "markdown", "value": card})))
    }

    /// Adds a rule to `goals.ignore`, by an edit that the editor makes.
    fn ignore_rule(&mut self, arguments: &Arguments) -> Result<Option<Value>, String> {
        let (root, _) = self.place_of(&arguments.uri()?)?;
        let rule = arguments.text(1, "a rule's id")?;
        self.check_that_edits_are_applied()?;
        let path = RelPath::new("hephaestus.toml").map_err(|error| error.to_string())?;
        let uri = locations::uri_of(&root, &path).ok_or("the configuration's path cannot be named")?;
        let old = match self.documents.get(&uri) {
            Some(document) => Some(document.file.text()),
            None => std::fs::read_to_string(path.under(&root)).ok(),
        };
        let new = with_ignored(old.as_deref().unwrap_or_default(), rule)?;
        let patch = match &old {
            Some(old) => hephaestus_core::Patch::between(path, old, &new),
            None => hephaestus_core::Patch::create(path, new),
        };
        let (Some(folder), Some(facts)) = (self.folder(&root), &self.facts) else { return Ok(None) };
        let label = Label { label: format!("Ignore {rule}"), description: String::new() };
        let edit = edits::workspace_edit(&patch, folder, &self.documents, facts, &label);
        let edit = edit.ok_or("this editor cannot create hephaestus.toml; run `hephaestus init` first")?;
        self.send_edit(&format!("Ignore {rule}"), edit);
        Ok(None)
    }
}

/// The configuration with one more ignored rule; comments and layout stay.
fn with_ignored(text: &str, rule: &str) -> Result<String, String> {
    let mut document: DocumentMut =
        text.parse().map_err(|error| format!("hephaestus.toml cannot be read: {error}"))?;
    let goals = document.entry("goals").or_insert_with(|| Item::Table(Table::new()));
    let goals = goals.as_table_like_mut().ok_or("`goals` in hephaestus.toml is no table")?;
    let ignore = goals.entry("ignore").or_insert_with(|| value(Array::new()));
    let ignore = ignore.as_array_mut().ok_or("`goals.ignore` in hephaestus.toml is no list")?;
    if !ignore.iter().any(|own| own.as_str() == Some(rule)) {
        ignore.push(rule);
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_added_to_the_configuration_and_all_else_stays() {
        assert_eq!(with_ignored("", "python/x").unwrap(), "[goals]\nignore = [\"python/x\"]\n");
        let old = "# mine\n[goals] # here\nignore = [\"a\"] # why\n\n[forge]\nbeam = 2\n";
        let new = with_ignored(old, "b").unwrap();
        assert_eq!(new, old.replace("[\"a\"]", "[\"a\", \"b\"]"));
        assert_eq!(with_ignored(&new, "b").unwrap(), new);
        assert!(with_ignored("goals = 1\n", "b").is_err());
        assert!(with_ignored("[goals\n", "b").is_err());
    }
}
