//! Rust modules: the tree that `mod` declarations make, paths from `crate`, `self` and `super`, and the crate's parts
//! that link the library.

use hephaestus_core::RelPath;
use std::collections::{BTreeMap, BTreeSet};
use tree_sitter::Node;

use super::references::references;
use super::{Resolved, WorkspacePackage, join};
use crate::{Language, Parsed};

/// Path heads that name no crate.
const NO_CRATES: [&str; 7] = ["crate", "self", "super", "Self", "std", "core", "alloc"];

/// Folders of a package whose files are crates of their own, linked to its library.
const LINKED: [&str; 4] = ["tests/", "benches/", "examples/", "src/bin/"];

/// A module of a crate: the file its crate starts in, and its path from there.
type Module = (RelPath, Vec<String>);

/// The workspace as the compiler may see it.
#[derive(Debug, Clone, Default)]
pub(super) struct RustFiles {
    files: BTreeSet<RelPath>,
    modules: BTreeMap<Module, RelPath>,
    /// The inverse. A file may be a module of several crates.
    places: BTreeMap<RelPath, Vec<Module>>,
    libraries: BTreeMap<String, RelPath>,
}

impl RustFiles {
    pub(super) fn of(files: &BTreeSet<RelPath>, parsed: &[Parsed], packages: &[WorkspacePackage]) -> Self {
        let files: BTreeSet<RelPath> =
            files.iter().filter(|path| path.extension() == Some("rs")).cloned().collect();
        let mut rust = Self { libraries: libraries(&files, packages), files, ..Self::default() };
        let by_path: BTreeMap<&RelPath, Vec<ModDeclaration>> = parsed
            .iter()
            .filter(|file| is_rust(file.language()))
            .map(|file| (&file.file().path, mod_declarations(file)))
            .collect();
        let declared: BTreeSet<RelPath> = by_path
            .iter()
            .flat_map(|(path, found)| found.iter().filter_map(|found| rust.file_of(path, found)))
            .collect();
        let mut open: Vec<Module> = by_path
            .keys()
            .filter(|path| !declared.contains(**path) || package_of(path).is_some())
            .map(|path| ((*path).clone(), Vec::new()))
            .collect();
        for root in &open {
            rust.modules.insert(root.clone(), root.0.clone());
        }
        while let Some(module) = open.pop() {
            let Some(path) = rust.modules.get(&module).cloned() else { continue };
            for declaration in by_path.get(&path).into_iter().flatten() {
                let Some(file) = rust.file_of(&path, declaration) else { continue };
                let inner = (module.0.clone(), [module.1.as_slice(), &declaration.path].concat());
                if !rust.modules.contains_key(&inner) && inner.1.len() < MAX_DEPTH {
                    rust.modules.insert(inner.clone(), file);
                    open.push(inner);
                }
            }
        }
        for (module, path) in &rust.modules {
            rust.places.entry(path.clone()).or_default().push(module.clone());
        }
        rust
    }

    /// Edges no text says: a package's tests, benches, examples and programs link its library, and its tests run its
    /// programs.
    pub(super) fn links(&self) -> Vec<(RelPath, RelPath)> {
        let mut links = Vec::new();
        for path in &self.files {
            let Some(folder) = package_of(path) else { continue };
            let existing =
                |name: &str| join(folder.as_ref(), name).filter(|other| self.files.contains(other));
            links.extend(existing("src/lib.rs").map(|library| (path.clone(), library)));
            if !path.as_str().contains("src/") {
                links.extend(existing("src/main.rs").map(|program| (path.clone(), program)));
            }
        }
        links
    }

    pub(super) fn resolve(&self, parsed: &Parsed) -> Resolved {
        let path = &parsed.file().path;
        let mut resolved = Resolved::default();
        resolved.files.extend(mod_declarations(parsed).iter().filter_map(|found| self.file_of(path, found)));
        let mut uses = Vec::new();
        let mut crates = BTreeSet::new();
        for reference in references(parsed) {
            if let Some(tree) = reference.node("use") {
                let depth = inline_modules(tree, &parsed.file().text).len();
                let mut paths = Vec::new();
                expand(tree, &parsed.file().text, &[], &mut paths);
                uses.extend(paths.into_iter().map(|path| (depth, path)));
            }
            crates.extend(reference.text("crate").map(str::to_owned));
        }
        for (depth, segments) in &uses {
            resolved.files.extend(self.used(path, *depth, segments));
        }
        let local = local_names(parsed, &uses);
        crates.extend(
            uses.iter()
                .filter_map(|(_, segments)| segments.first())
                .filter(|head| !local.contains(*head))
                .cloned(),
        );
        let foreign = |head: &String| {
            !NO_CRATES.contains(&head.as_str())
                && !self.libraries.contains_key(head)
                && head.starts_with(|c: char| c.is_lowercase() || c == '_')
        };
        resolved.external.extend(crates.into_iter().filter(foreign));
        resolved
    }

    /// The files of the modules that the path `segments` names, used `depth` inline modules deep in `path`.
    fn used(&self, path: &RelPath, depth: usize, segments: &[String]) -> BTreeSet<RelPath> {
        let mut found = BTreeSet::new();
        let Some(head) = segments.first() else { return found };
        if let Some(library) = self.libraries.get(head) {
            let rest = segments.get(1..).unwrap_or_default();
            found.extend(self.deepest(&(library.clone(), Vec::new()), rest));
        }
        for (root, own) in self.places.get(path).into_iter().flatten() {
            let ups = segments.iter().take_while(|segment| *segment == "super").count();
            let (base, rest) = match head.as_str() {
                "crate" => (Vec::new(), segments.get(1..)),
                "self" if depth == 0 => (own.clone(), segments.get(1..)),
                // Inside inline modules `super` stays in this file first.
                "super" if ups > depth => {
                    let keep = own.len().saturating_sub(ups - depth);
                    (own.iter().take(keep).cloned().collect(), segments.get(ups..))
                }
                "super" | "self" => continue,
                _ => (own.clone(), Some(segments)),
            };
            let target = self.deepest(&(root.clone(), base), rest.unwrap_or_default());
            found.extend(target.filter(|target| target != path));
        }
        found
    }

    /// The file of the longest beginning of `segments` below `base` that is a module.
    fn deepest(&self, base: &Module, segments: &[String]) -> Option<RelPath> {
        (0..=segments.len()).rev().find_map(|length| {
            let path = [base.1.as_slice(), segments.get(..length)?].concat();
            self.modules.get(&(base.0.clone(), path)).cloned()
        })
    }

    /// The file of a `mod name;` in `path`.
    fn file_of(&self, path: &RelPath, declaration: &ModDeclaration) -> Option<RelPath> {
        let parent = path.parent();
        let existing = |name: String| {
            join(parent.as_ref(), &name).filter(|file| self.files.contains(file) && file != path)
        };
        let inner = declaration.path.join("/");
        let stem = path.file_name().trim_end_matches(".rs");
        if let Some(explicit) = &declaration.explicit {
            return existing(explicit.clone()).or_else(|| existing(format!("{stem}/{explicit}")));
        }
        let in_folder = |folder: &str| {
            existing(format!("{folder}{inner}.rs")).or_else(|| existing(format!("{folder}{inner}/mod.rs")))
        };
        let starts_folder = matches!(stem, "lib" | "main" | "mod") || package_of(path).is_some();
        if starts_folder { in_folder("") } else { in_folder(&format!("{stem}/")) }
    }
}

/// A module that contains itself by a `#[path]` must not keep us busy for ever.
const MAX_DEPTH: usize = 32;

/// `mod name;`, with the inline modules around it.
struct ModDeclaration {
    path: Vec<String>,
    /// What `#[path = "…"]` says.
    explicit: Option<String>,
}

fn is_rust(language: &Language) -> bool {
    super::Family::of(language) == Some(super::Family::Rust)
}

/// The crates of the workspace by the name that code uses.
fn libraries(files: &BTreeSet<RelPath>, packages: &[WorkspacePackage]) -> BTreeMap<String, RelPath> {
    let main = |package: &WorkspacePackage| {
        package
            .main
            .clone()
            .or_else(|| join(package.folder.as_ref(), "src/lib.rs"))
            .filter(|main| files.contains(main))
    };
    packages.iter().filter_map(|package| Some((package.name.replace('-', "_"), main(package)?))).collect()
}

/// The package folder of a file that is a crate of its own beside the library, by cargo's conventions. The inner
/// `Option` is `None` for the workspace root.
fn package_of(path: &RelPath) -> Option<Option<RelPath>> {
    let text = path.as_str();
    if text == "build.rs" || text.ends_with("/build.rs") {
        return Some(path.parent());
    }
    if text == "src/main.rs" || text.ends_with("/src/main.rs") {
        return Some(path.parent().and_then(|folder| folder.parent()));
    }
    for linked in LINKED {
        let start = if text.starts_with(linked) {
            Some(0)
        } else {
            text.find(&format!("/{linked}")).map(|at| at + 1)
        };
        let Some(start) = start else { continue };
        let rest = text.get(start + linked.len()..).unwrap_or_default();
        // `tests/a.rs` and `tests/a/main.rs` are crates, `tests/common/mod.rs` is not.
        if !rest.contains('/') || rest.strip_suffix("/main.rs").is_some_and(|name| !name.contains('/')) {
            return Some(RelPath::new(text.get(..start).unwrap_or_default()).ok());
        }
    }
    None
}

fn mod_declarations(parsed: &Parsed) -> Vec<ModDeclaration> {
    let text: &str = &parsed.file().text;
    let declaration = |name: Node<'_>| {
        let mut path = inline_modules(name.parent()?, text);
        path.push(text.get(name.byte_range())?.to_owned());
        Some(ModDeclaration { path, explicit: path_attribute(name.parent()?, text) })
    };
    references(parsed).iter().filter_map(|reference| reference.node("module").and_then(declaration)).collect()
}

fn path_attribute(item: Node<'_>, text: &str) -> Option<String> {
    let mut before = item.prev_named_sibling();
    while let Some(node) =
        before.filter(|node| node.kind() == "attribute_item" || node.kind().contains("comment"))
    {
        let attribute: String = text.get(node.byte_range())?.split_whitespace().collect();
        if let Some(quoted) = attribute.strip_prefix("#[path=\"") {
            return quoted.strip_suffix("\"]").map(str::to_owned);
        }
        before = node.prev_named_sibling();
    }
    None
}

/// The names of the `mod name { … }` around a node, outermost first.
fn inline_modules(node: Node<'_>, text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut next = node.parent();
    while let Some(parent) = next {
        if parent.kind() == "mod_item" {
            let name = parent.child_by_field_name("name").and_then(|name| text.get(name.byte_range()));
            names.extend(name.map(str::to_owned));
        }
        next = parent.parent();
    }
    names.reverse();
    names
}

/// The single paths of a `use` tree. A wildcard stands for the module it opens; an alias for what it renames.
fn expand(tree: Node<'_>, text: &str, prefix: &[String], paths: &mut Vec<Vec<String>>) {
    let with = |node: Option<Node<'_>>| {
        let segments = node.and_then(|node| text.get(node.byte_range())).unwrap_or_default();
        let segments = segments
            .split("::")
            .map(|segment| segment.trim().to_owned())
            .filter(|segment| !segment.is_empty());
        prefix.iter().cloned().chain(segments).collect::<Vec<_>>()
    };
    let mut cursor = tree.walk();
    match tree.kind() {
        "use_list" => tree.named_children(&mut cursor).for_each(|inner| expand(inner, text, prefix, paths)),
        "scoped_use_list" => {
            let inner = with(tree.child_by_field_name("path"));
            if let Some(list) = tree.child_by_field_name("list") {
                expand(list, text, &inner, paths);
            }
        }
        "use_as_clause" => paths.push(with(tree.child_by_field_name("path"))),
        "use_wildcard" => paths.push(with(tree.named_child(0))),
        "line_comment" | "block_comment" => {}
        _ => paths.push(with(Some(tree))),
    }
}

/// Names that a path may start with without meaning a crate: modules of this file, and what other `use`s bring in.
fn local_names(parsed: &Parsed, uses: &[(usize, Vec<String>)]) -> BTreeSet<String> {
    // `use anyhow::anyhow` does not make the crate local.
    let brings = |(_, segments): &(usize, Vec<String>)| {
        segments.last().filter(|last| segments.first() != Some(last)).cloned()
    };
    let mut names: BTreeSet<String> = uses.iter().filter_map(brings).collect();
    let text: &str = &parsed.file().text;
    let mut cursor = parsed.tree().walk();
    loop {
        let node = cursor.node();
        let is_module = node.kind() == "mod_item";
        if is_module {
            let name = node.child_by_field_name("name").and_then(|name| text.get(name.byte_range()));
            names.extend(name.map(str::to_owned));
        }
        let opens = is_module || matches!(node.kind(), "source_file" | "declaration_list");
        if opens && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return names;
            }
        }
    }
}
