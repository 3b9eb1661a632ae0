//! Patches as workspace edits: versioned where the editor honours versions, annotated where it honours annotations.

use crate::client_facts::ClientFacts;
use crate::documents::Documents;
use crate::folder::Folder;
use crate::locations;
use hephaestus_core::{ByteRange, ContentHash, FileChange, Patch, RelPath};
use hephaestus_workspace::{Encoding, LineIndex};
use std::collections::HashMap;
use tower_lsp::ls_types::{
    AnnotatedTextEdit, ChangeAnnotation, CreateFile, CreateFileOptions, DeleteFile, DocumentChangeOperation,
    DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, ResourceOp, TextDocumentEdit, TextEdit,
    Uri, WorkspaceEdit,
};

/// The one annotation an edit carries.
const ANNOTATION: &str = "proof";

/// What an edit is good for, where the editor shows such things.
pub(crate) struct Label {
    /// A few words.
    pub(crate) label: String,
    /// The evidence, in a line.
    pub(crate) description: String,
}

/// The edit that makes `patch`; `None` when a file is not as the patch wants it, or the editor cannot do what it takes.
pub(crate) fn workspace_edit(
    patch: &Patch,
    folder: &Folder,
    documents: &Documents,
    facts: &ClientFacts,
    label: &Label,
) -> Option<WorkspaceEdit> {
    let mut operations = Vec::new();
    let annotation = facts.annotates_edits.then(|| ANNOTATION.to_owned());
    for (path, change) in patch.files() {
        let uri = locations::uri_of(&folder.root, path)?;
        match change {
            FileChange::Edit { base, edits } => {
                let (version, text) = text_of(&uri, path, base, folder, documents)?;
                let lines = LineIndex::new(text.as_str());
                let edits = edits.iter().map(|edit| TextEdit {
                    range: range(&lines, edit.range, facts.encoding),
                    new_text: edit.text.clone(),
                });
                let edits = edits.map(|text_edit| match &annotation {
                    Some(id) => OneOf::Right(AnnotatedTextEdit { text_edit, annotation_id: id.clone() }),
                    None => OneOf::Left(text_edit),
                });
                let text_document = OptionalVersionedTextDocumentIdentifier { uri, version };
                operations.push(DocumentChangeOperation::Edit(TextDocumentEdit {
                    text_document,
                    edits: edits.collect(),
                }));
            }
            FileChange::Create { text } => operations.extend(creation(&uri, text)),
            FileChange::Delete { .. } => {
                let delete = DeleteFile { uri, options: None, annotation_id: None };
                operations.push(DocumentChangeOperation::Op(ResourceOp::Delete(delete)));
            }
        }
    }
    let needs_operations =
        operations.iter().any(|operation| matches!(operation, DocumentChangeOperation::Op(_)));
    if needs_operations && !facts.creates_and_deletes {
        return None;
    }
    let annotations = annotation.map(|id| {
        let annotation = ChangeAnnotation {
            label: label.label.clone(),
            needs_confirmation: Some(false),
            description: Some(label.description.clone()),
        };
        HashMap::from([(id, annotation)])
    });
    Some(assemble(operations, needs_operations, annotations, facts))
}

fn assemble(
    operations: Vec<DocumentChangeOperation>,
    needs_operations: bool,
    change_annotations: Option<HashMap<String, ChangeAnnotation>>,
    facts: &ClientFacts,
) -> WorkspaceEdit {
    let edits = || {
        operations.iter().filter_map(|operation| match operation {
            DocumentChangeOperation::Edit(edit) => Some(edit.clone()),
            DocumentChangeOperation::Op(_) => None,
        })
    };
    if !facts.versioned_edits {
        let plain = |edit: OneOf<TextEdit, AnnotatedTextEdit>| match edit {
            OneOf::Left(edit) => edit,
            OneOf::Right(annotated) => annotated.text_edit,
        };
        let changes = edits()
            .map(|edit| (edit.text_document.uri, edit.edits.into_iter().map(plain).collect()))
            .collect();
        return WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() };
    }
    let changes = if needs_operations {
        DocumentChanges::Operations(operations)
    } else {
        DocumentChanges::Edits(edits().collect())
    };
    WorkspaceEdit { document_changes: Some(changes), change_annotations, ..WorkspaceEdit::default() }
}

fn creation(uri: &Uri, text: &str) -> [DocumentChangeOperation; 2] {
    let options = CreateFileOptions { overwrite: Some(false), ignore_if_exists: Some(false) };
    let create = CreateFile { uri: uri.clone(), options: Some(options), annotation_id: None };
    let text_document = OptionalVersionedTextDocumentIdentifier { uri: uri.clone(), version: None };
    let whole = TextEdit { range: tower_lsp::ls_types::Range::default(), new_text: text.to_owned() };
    let fill = TextDocumentEdit { text_document, edits: vec![OneOf::Left(whole)] };
    [DocumentChangeOperation::Op(ResourceOp::Create(create)), DocumentChangeOperation::Edit(fill)]
}

/// The text an edit is for, with its version when it is open; `None` when it is not the one of hash `base`.
pub(super) fn text_of(
    uri: &Uri,
    path: &RelPath,
    base: &ContentHash,
    folder: &Folder,
    documents: &Documents,
) -> Option<(Option<i32>, String)> {
    let (version, text) = match documents.get(uri) {
        Some(document) => (Some(document.file.version()), document.file.text()),
        None => (None, std::fs::read_to_string(path.under(&folder.root)).ok()?),
    };
    (ContentHash::of(text.as_bytes()) == *base).then_some((version, text))
}

fn range(lines: &LineIndex, range: ByteRange, encoding: Encoding) -> tower_lsp::ls_types::Range {
    locations::range(lines.position(range.start, encoding), lines.position(range.end, encoding))
}

/// Where a patch changes a file first.
pub(crate) fn first_range(patch: &Patch, path: &RelPath) -> Option<ByteRange> {
    match patch.change(path)? {
        FileChange::Edit { edits, .. } => edits.first().map(|edit| edit.range),
        FileChange::Create { .. } | FileChange::Delete { .. } => None,
    }
}
