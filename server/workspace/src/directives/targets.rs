//! What a directive is about: which files and functions, what may be edited, and what no change may do.

use crate::discovery::glob_set;
use crate::forging::Scope;
use crate::open::Workspace;
use hephaestus_core::{ApiLimit, Limits, RelPath};
use hephaestus_directive::{Dependencies, Directive, PublicApi, Spanned};
use std::collections::BTreeSet;

/// The files a directive is about, tests left out.
pub(super) fn files(workspace: &Workspace, directive: &Directive) -> BTreeSet<RelPath> {
    let target = &directive.target;
    let interfaces =
        directive.interfaces.iter().filter_map(|own| RelPath::new(own.file.as_ref()?.as_str()).ok());
    if !target.files.is_empty() {
        return matching(workspace, &target.files).into_iter().chain(interfaces).collect();
    }
    let symbols: Vec<&str> = target.symbols.iter().map(|symbol| symbol.as_str()).collect();
    let mut found: BTreeSet<RelPath> = interfaces.collect();
    if !symbols.is_empty() {
        found.extend(sources(workspace).filter(|path| shows(workspace, path, &symbols)).cloned());
    }
    if found.is_empty() { sources(workspace).cloned().collect() } else { found }
}

/// What a run for it is restricted to.
pub(super) fn scope(workspace: &Workspace, directive: &Directive) -> Scope {
    let edit = &directive.target.edit;
    let mut editable =
        if edit.allow.is_empty() { files(workspace, directive) } else { matching(workspace, &edit.allow) };
    let denied = matching(workspace, &edit.deny);
    editable.retain(|path| !denied.contains(path));
    let targets = directive.thresholds.iter().map(|own| (*own.dimension, *own.value)).collect();
    Scope {
        limits: limits(directive),
        editable: Some(editable),
        symbols: directive.target.symbols.iter().map(|symbol| symbol.value.clone()).collect(),
        tests: None,
        improves: directive.objective.improve.iter().map(|own| own.value).collect(),
        targets,
    }
}

fn limits(directive: &Directive) -> Limits {
    let constraints = &directive.constraints;
    let dependencies = match constraints.dependencies.as_ref().map(|own| &own.value) {
        Some(Dependencies::Allow(names)) => names.iter().map(|name| name.value.clone()).collect(),
        Some(Dependencies::None) | None => vec![],
    };
    let most = constraints.max_diff_lines.as_ref();
    Limits {
        public_api: match directive.public_api() {
            PublicApi::Frozen => ApiLimit::Frozen,
            PublicApi::Extend => ApiLimit::Extend,
            PublicApi::Free => ApiLimit::Free,
        },
        named: vec![],
        dependencies,
        forbid: constraints.forbid.iter().map(|pattern| pattern.value.to_string()).collect(),
        max_diff_lines: most.map(|most| u32::try_from(most.value).unwrap_or(u32::MAX)),
        tests: vec![],
    }
}

/// Source files that are no tests.
pub(super) fn sources(workspace: &Workspace) -> impl Iterator<Item = &RelPath> {
    workspace.snapshot.files.values().filter(|file| !file.is_test).map(|file| &file.path)
}

/// Files that match one of these paths and globs, which were found to be well formed when the directive was read.
fn matching(workspace: &Workspace, patterns: &[Spanned<String>]) -> BTreeSet<RelPath> {
    let patterns: Vec<String> = patterns.iter().map(|pattern| pattern.value.clone()).collect();
    let Ok(globs) = glob_set(&patterns) else { return BTreeSet::new() };
    sources(workspace).filter(|path| globs.is_match(path.as_str())).cloned().collect()
}

/// Whether a file has one of these functions or classes.
fn shows(workspace: &Workspace, path: &RelPath, symbols: &[&str]) -> bool {
    let is_in = |qualified: &str| {
        symbols.iter().any(|symbol| {
            qualified == *symbol
                || qualified.strip_prefix(symbol).is_some_and(|rest| rest.starts_with(['.', ':']))
        })
    };
    let parsed = workspace.parsed.get(path);
    parsed.is_some_and(|parsed| parsed.functions().iter().any(|own| is_in(&own.qualified)))
}
