//! What the editor said about itself in `initialize`, reduced to what changes our behaviour.

use hephaestus_workspace::Encoding;
use serde_json::Value;
use tower_lsp::ls_types::{
    ClientCapabilities, InitializeParams, PositionEncodingKind, ResourceOperationKind, Uri, WorkspaceFolder,
};

/// The editor, as far as we care.
#[derive(Debug, Clone)]
pub(crate) struct ClientFacts {
    /// Its name and version, for the log.
    pub(crate) name: String,
    /// How positions count.
    pub(crate) encoding: Encoding,
    /// The folders it has open.
    pub(crate) folders: Vec<(Uri, String)>,
    /// Settings that came along.
    pub(crate) settings: Value,
    /// Whether the user trusts the workspace, as far as the editor knows.
    pub(crate) trusted: Option<bool>,
    /// It asks for diagnostics, and can be told to ask again. Otherwise they are sent.
    pub(crate) pulls_diagnostics: bool,
    /// It can be told that code lenses changed.
    pub(crate) refreshes_lenses: bool,
    /// It can be asked for its settings.
    pub(crate) answers_configuration: bool,
    /// It tells of changed settings once we registered for that.
    pub(crate) registers_configuration: bool,
    /// It watches files for us once we registered for that.
    pub(crate) watches_files: bool,
    /// It shows progress bars.
    pub(crate) shows_progress: bool,
    /// It applies edits that we send on our own account.
    pub(crate) applies_edits: bool,
    /// Edits may say which version of a document they are for.
    pub(crate) versioned_edits: bool,
    /// Edits may create and delete files.
    pub(crate) creates_and_deletes: bool,
    /// Edits may say what they are good for, and code actions' edits too.
    pub(crate) annotates_edits: bool,
    /// A code action's edit may come when it is picked.
    pub(crate) resolves_edits: bool,
    /// A code action may be shown but not picked, with a reason.
    pub(crate) disables_actions: bool,
    /// Diagnostics may point at other places.
    pub(crate) relates_places: bool,
}

impl ClientFacts {
    pub(crate) fn of(params: InitializeParams) -> Self {
        let capabilities = &params.capabilities;
        let mut facts = Self::of_capabilities(capabilities);
        facts.name = params.client_info.as_ref().map_or_else(
            || "an editor that does not say its name".to_owned(),
            |info| format!("{} {}", info.name, info.version.as_deref().unwrap_or_default()).trim().to_owned(),
        );
        facts.folders = folders(&params);
        let options = params.initialization_options.unwrap_or(Value::Null);
        facts.trusted = options.get("trusted").and_then(Value::as_bool);
        facts.settings = options.get("settings").cloned().unwrap_or(Value::Null);
        facts
    }

    fn of_capabilities(capabilities: &ClientCapabilities) -> Self {
        let workspace = capabilities.workspace.as_ref();
        let document = capabilities.text_document.as_ref();
        let actions = document.and_then(|document| document.code_action.as_ref());
        let edits = workspace.and_then(|workspace| workspace.workspace_edit.as_ref());
        let yes = |flag: Option<bool>| flag == Some(true);
        let operations = edits.and_then(|edits| edits.resource_operations.as_deref()).unwrap_or_default();
        let resolves = actions.and_then(|actions| actions.resolve_support.as_ref());
        Self {
            name: String::new(),
            encoding: encoding(capabilities),
            folders: Vec::new(),
            settings: Value::Null,
            trusted: None,
            pulls_diagnostics: document.is_some_and(|document| document.diagnostic.is_some())
                && yes(workspace.and_then(|workspace| workspace.diagnostics.as_ref()?.refresh_support)),
            refreshes_lenses: yes(
                workspace.and_then(|workspace| workspace.code_lens.as_ref()?.refresh_support)
            ),
            answers_configuration: yes(workspace.and_then(|workspace| workspace.configuration)),
            registers_configuration: yes(workspace
                .and_then(|workspace| workspace.did_change_configuration.as_ref()?.dynamic_registration)),
            watches_files: yes(workspace
                .and_then(|workspace| workspace.did_change_watched_files.as_ref()?.dynamic_registration)),
            shows_progress: yes(capabilities.window.as_ref().and_then(|window| window.work_done_progress)),
            applies_edits: yes(workspace.and_then(|workspace| workspace.apply_edit)),
            versioned_edits: yes(edits.and_then(|edits| edits.document_changes)),
            creates_and_deletes: operations.contains(&ResourceOperationKind::Create)
                && operations.contains(&ResourceOperationKind::Delete),
            annotates_edits: edits.is_some_and(|edits| edits.change_annotation_support.is_some())
                && yes(actions.and_then(|actions| actions.honors_change_annotations)),
            resolves_edits: resolves
                .is_some_and(|resolves| resolves.properties.iter().any(|name| name == "edit"))
                && yes(actions.and_then(|actions| actions.data_support)),
            disables_actions: yes(actions.and_then(|actions| actions.disabled_support)),
            relates_places: yes(
                document.and_then(|document| document.publish_diagnostics.as_ref()?.related_information)
            ),
        }
    }
}

/// The first encoding in the editor's order of preference that we know, and we know all three; UTF-16 when it has none.
fn encoding(capabilities: &ClientCapabilities) -> Encoding {
    let offered = capabilities.general.as_ref().and_then(|general| general.position_encodings.as_deref());
    let known = |kind: &PositionEncodingKind| match kind.as_str() {
        "utf-8" => Some(Encoding::Utf8),
        "utf-16" => Some(Encoding::Utf16),
        "utf-32" => Some(Encoding::Utf32),
        _ => None,
    };
    offered.unwrap_or_default().iter().find_map(known).unwrap_or(Encoding::Utf16)
}

/// The name of an encoding in the protocol.
pub(crate) fn encoding_kind(encoding: Encoding) -> PositionEncodingKind {
    match encoding {
        Encoding::Utf8 => PositionEncodingKind::UTF8,
        Encoding::Utf16 => PositionEncodingKind::UTF16,
        Encoding::Utf32 => PositionEncodingKind::UTF32,
    }
}

fn folders(params: &InitializeParams) -> Vec<(Uri, String)> {
    let named = |folder: &WorkspaceFolder| (folder.uri.clone(), folder.name.clone());
    if let Some(folders) = &params.workspace_folders {
        return folders.iter().map(named).collect();
    }
    #[allow(deprecated, reason = "older editors say nothing else")]
    let root = params.root_uri.clone().or_else(|| Uri::from_file_path(params.root_path.as_ref()?));
    root.into_iter().map(|uri| (uri, String::new())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn facts(params: Value) -> ClientFacts {
        ClientFacts::of(serde_json::from_value(params).unwrap())
    }

    #[test]
    fn an_editor_that_says_nothing_gets_what_every_editor_understands() {
        let facts = facts(json!({"capabilities": {}}));
        assert_eq!(facts.encoding, Encoding::Utf16);
        assert!(!facts.pulls_diagnostics && !facts.versioned_edits && !facts.resolves_edits);
        assert_eq!((facts.trusted, facts.folders.len()), (None, 0));
    }

    #[test]
    fn the_editor_s_first_choice_of_encoding_is_taken() {
        let offered =
            |list: Value| facts(json!({"capabilities": {"general": {"positionEncodings": list}}})).encoding;
        assert_eq!(offered(json!(["utf-32", "utf-8"])), Encoding::Utf32);
        assert_eq!(offered(json!(["ebcdic", "utf-8", "utf-16"])), Encoding::Utf8);
        assert_eq!(offered(json!([])), Encoding::Utf16);
    }

    #[test]
    fn old_editors_name_a_root_instead_of_folders() {
        let facts = facts(
            json!({"capabilities": {}, "rootUri": "file:///w", "initializationOptions": {"trusted": false}}),
        );
        assert_eq!(facts.folders.first().map(|(uri, _)| uri.as_str()), Some("file:///w"));
        assert_eq!(facts.trusted, Some(false));
    }
}
