//! JavaScript and TypeScript modules: relative paths with the endings left out, folders with an `index`, and packages
//! of the workspace by name. `paths` of a `tsconfig.json` are not read.

use hephaestus_core::RelPath;
use std::collections::BTreeSet;

use super::references::references;
use super::{Resolved, WorkspacePackage, join};
use crate::Parsed;

/// What may be left out of a path, in the order bundlers try it.
const ENDINGS: [&str; 9] = [".ts", ".tsx", ".mts", ".cts", ".d.ts", ".js", ".mjs", ".cjs", ".jsx"];

/// What TypeScript writes in an import for the file that is compiled to it.
const COMPILED: [(&str, &[&str]); 4] =
    [(".js", &[".ts", ".tsx"]), (".jsx", &[".tsx"]), (".mjs", &[".mts"]), (".cjs", &[".cts"])];

pub(super) fn resolve(files: &BTreeSet<RelPath>, packages: &[WorkspacePackage], parsed: &Parsed) -> Resolved {
    let mut resolved = Resolved::default();
    let folder = parsed.file().path.parent();
    for reference in references(parsed) {
        let Some(module) = reference.text("module") else { continue };
        // A loader's query (`./a.css?inline`) is no part of the path.
        let module = module.split('?').next().unwrap_or(module);
        if module == "." || module == ".." || module.starts_with("./") || module.starts_with("../") {
            resolved.files.extend(file_at(files, folder.as_ref(), module));
        } else if !module.starts_with(['/', '#']) && !module.is_empty() {
            bare(files, packages, module, &mut resolved);
        }
    }
    resolved
}

/// A package: one of the workspace's own, or something from outside.
fn bare(files: &BTreeSet<RelPath>, packages: &[WorkspacePackage], module: &str, resolved: &mut Resolved) {
    let name = package_name(module);
    let rest = module.get(name.len()..).unwrap_or_default().trim_start_matches('/');
    let Some(own) = packages.iter().find(|package| package.name == name) else {
        resolved.external.insert(name.to_owned());
        return;
    };
    if rest.is_empty()
        && let Some(main) = &own.main
    {
        resolved.files.insert(main.clone());
    } else if rest.is_empty() {
        let usual = [".", "./src", "./lib"];
        resolved.files.extend(usual.iter().find_map(|place| file_at(files, own.folder.as_ref(), place)));
    } else {
        resolved.files.extend(file_at(files, own.folder.as_ref(), rest));
    }
}

fn package_name(module: &str) -> &str {
    let parts = if module.starts_with('@') { 2 } else { 1 };
    let end = module.match_indices('/').nth(parts - 1).map_or(module.len(), |(at, _)| at);
    module.get(..end).unwrap_or(module)
}

fn file_at(files: &BTreeSet<RelPath>, folder: Option<&RelPath>, module: &str) -> Option<RelPath> {
    let existing = |name: &str| join(folder, name).filter(|path| files.contains(path));
    if let Some(exact) = existing(module) {
        return Some(exact);
    }
    for (compiled, sources) in COMPILED {
        if let Some(stem) = module.strip_suffix(compiled) {
            return sources.iter().find_map(|source| existing(&format!("{stem}{source}")));
        }
    }
    let is_folder = module.ends_with('/') || module.ends_with('.');
    let beside = (!is_folder)
        .then(|| ENDINGS.iter().find_map(|ending| existing(&format!("{module}{ending}"))))
        .flatten();
    beside.or_else(|| ENDINGS.iter().find_map(|ending| existing(&format!("{module}/index{ending}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_name_keeps_its_scope() {
        assert_eq!(package_name("lodash/fp"), "lodash");
        assert_eq!(package_name("@scope/pkg/deep/file"), "@scope/pkg");
        assert_eq!(package_name("node:fs"), "node:fs");
    }
}
