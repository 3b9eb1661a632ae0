//! What the laws look at: all files of the repository that version control knows or would take, held in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use super::rust_text::RustText;

/// Folders whose contents play the part of somebody else's project: our laws do not hold there.
const OTHERS_PROJECTS: &[&str] =
    &["fixtures", "golden", "workspaces", "demo", "corpus", "snapshots", "node_modules"];

/// Folders that hold what programs make.
const NEVER_OURS: &[&str] = &[".git", ".hephaestus", ".venv", "node_modules", "target"];

/// The files of a repository.
#[derive(Default)]
pub(crate) struct Tree {
    texts: BTreeMap<String, String>,
    paths: BTreeSet<String>,
    rust: Vec<RustFile>,
    /// The workspace's crates, as cargo sees them.
    pub(crate) packages: Vec<Package>,
}

/// One Rust file of ours.
pub(crate) struct RustFile {
    /// Its path from the repository's root.
    pub(crate) path: String,
    /// Its text, comments and literals told apart from code.
    pub(crate) text: RustText,
}

/// One crate and what it builds upon (what only its tests use is not counted).
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its manifest, from the repository's root.
    pub(crate) manifest: String,
    /// The crates it needs to be built.
    pub(crate) dependencies: Vec<String>,
}

impl Tree {
    fn new(texts: BTreeMap<String, String>, binaries: BTreeSet<String>, packages: Vec<Package>) -> Self {
        let mut paths = binaries;
        for path in texts.keys() {
            paths.insert(path.clone());
        }
        let rust = texts
            .iter()
            .filter(|(path, _)| path.ends_with(".rs") && is_ours(path))
            .map(|(path, text)| RustFile { path: path.clone(), text: RustText::new(text) })
            .collect();
        Self { texts, paths, rust, packages }
    }

    /// All text files: path and text.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Those that are not part of a project we only test on.
    pub(crate) fn our_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| is_ours(path))
    }

    /// Our Rust files.
    pub(crate) fn rust(&self) -> &[RustFile] {
        &self.rust
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// All paths, also of files that are no text.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Whether there is a file or folder of this path.
    pub(crate) fn exists(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty()
            || self.paths.contains(path)
            || self.paths.range(folder.clone()..).next().is_some_and(|next| next.starts_with(&folder))
    }
}

impl RustFile {
    /// Whether all of it is test code.
    pub(crate) fn is_test(&self) -> bool {
        let stem = self.path.rsplit('/').next().unwrap_or(&self.path).trim_end_matches(".rs");
        self.path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples"))
            || stem == "tests"
            || self.text.code().contains("#![cfg(test)]")
    }
}

/// Whether the repository's own laws hold for the file.
fn is_ours(path: &str) -> bool {
    !path.split('/').any(|part| OTHERS_PROJECTS.contains(&part))
}

/// Reads the repository at `root`.
pub(crate) fn read(root: &Path) -> anyhow::Result<Tree> {
    let (mut texts, mut binaries) = (BTreeMap::new(), BTreeSet::new());
    for path in list(root)? {
        // What is deleted but not yet committed is still on git's list; a link is judged where it leads.
        let full = root.join(&path);
        if !fs::symlink_metadata(&full).is_ok_and(|meta| meta.is_file()) {
            continue;
        }
        let bytes = fs::read(&full).with_context(|| format!("`{path}` cannot be read"))?;
        match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => {
                texts.insert(path, text);
            }
            _ => {
                binaries.insert(path);
            }
        }
    }
    Ok(Tree::new(texts, binaries, packages(root)?))
}

/// The files git knows or would take. Git decides, because it alone knows what is ignored; where it cannot (no
/// repository, or somebody else's), all files count but those in folders that are never ours.
fn list(root: &Path) -> anyhow::Result<Vec<String>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let output = Command::new("git").args(arguments).current_dir(root).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        let mut found = Vec::new();
        walk(root, "", &mut found)?;
        return Ok(found);
    };
    let listing = String::from_utf8_lossy(&output.stdout);
    Ok(listing.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

fn walk(root: &Path, folder: &str, found: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(root.join(folder)).with_context(|| format!("`{folder}` cannot be read"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_file() {
            found.push(path);
        } else if kind.is_dir() && !NEVER_OURS.contains(&name.as_str()) {
            walk(root, &path, found)?;
        }
    }
    Ok(())
}

fn packages(root: &Path) -> anyhow::Result<Vec<Package>> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(cargo())
        .args(arguments)
        .current_dir(root)
        .output()
        .context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is no JSON")?;
    let packages =
        metadata.get("packages").and_then(Value::as_array).context("cargo metadata lists no packages")?;
    Ok(packages.iter().filter_map(|package| read_package(package, root)).collect())
}

fn read_package(package: &Value, root: &Path) -> Option<Package> {
    let manifest = Path::new(package.get("manifest_path")?.as_str()?);
    let manifest = manifest.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
    let dependencies = package
        .get("dependencies")?
        .as_array()?
        .iter()
        .filter(|dependency| dependency.get("kind").and_then(Value::as_str) != Some("dev"))
        .filter_map(|dependency| Some(dependency.get("name")?.as_str()?.to_owned()))
        .collect();
    Some(Package { name: package.get("name")?.as_str()?.to_owned(), manifest, dependencies })
}

/// The cargo that runs us, so that a pinned toolchain stays pinned.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

#[cfg(test)]
impl Tree {
    /// A tree of these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let texts = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self::new(texts, BTreeSet::new(), Vec::new())
    }

    /// The same, with crates: name, folder, dependencies.
    pub(crate) fn with_packages(mut self, packages: &[(&str, &str, &[&str])]) -> Self {
        for (name, folder, dependencies) in packages {
            self.packages.push(Package {
                name: (*name).to_owned(),
                manifest: format!("{folder}/Cargo.toml"),
                dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
            });
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_exist_when_a_file_lies_in_them() {
        let tree = Tree::of(&[("server/core/src/lib.rs", "")]);
        assert!(
            tree.exists("server") && tree.exists("server/core/") && tree.exists("server/core/src/lib.rs")
        );
        assert!(!tree.exists("serve") && !tree.exists("server/core/src/lib") && !tree.exists("lib.rs"));
    }

    #[test]
    fn projects_we_test_on_are_not_ours() {
        let tree = Tree::of(&[("tests/golden/a/src/utils.rs", ""), ("server/a/src/lib.rs", "")]);
        assert_eq!(tree.our_files().map(|(path, _)| path).collect::<Vec<_>>(), ["server/a/src/lib.rs"]);
        assert_eq!(tree.rust().len(), 1);
    }

    #[test]
    fn test_files_are_known_by_folder_name_or_attribute() {
        let tree = Tree::of(&[
            ("server/a/src/lib.rs", ""),
            ("server/a/src/tests.rs", ""),
            ("server/a/src/z.rs", "#![cfg(test)]"),
            ("server/a/tests/x.rs", ""),
        ]);
        assert_eq!(tree.rust().iter().map(RustFile::is_test).collect::<Vec<_>>(), [false, true, true, true]);
    }

    #[test]
    fn without_git_all_files_are_read_but_what_programs_made() {
        let root = std::env::temp_dir().join(format!("hephaestus-xtask-walk-{}", std::process::id()));
        for file in ["a/b/c.rs", "target/debug/x", "d.md", ".ci/run", "a/node_modules/y.js"] {
            let full = root.join(file);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, "").unwrap();
        }
        let mut found = Vec::new();
        walk(&root, "", &mut found).unwrap();
        found.sort();
        fs::remove_dir_all(root).unwrap();
        assert_eq!(found, [".ci/run", "a/b/c.rs", "d.md"]);
    }

    #[test]
    fn dev_dependencies_are_not_counted() {
        let package: Value = serde_json::json!({"name": "x", "manifest_path": "/r/server/x/Cargo.toml", "dependencies": [
            {"name": "a", "kind": null}, {"name": "b", "kind": "dev"}, {"name": "c", "kind": "build"}]});
        let package = read_package(&package, Path::new("/r")).unwrap();
        assert_eq!(
            (package.manifest.as_str(), package.dependencies),
            ("server/x/Cargo.toml", vec!["a".into(), "c".into()])
        );
    }
}
