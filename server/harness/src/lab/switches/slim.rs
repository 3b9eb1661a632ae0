//! Manifests without the dependencies that only benchmarks use: what no test needs is not built. They stand in a view
//! while something is built there, and are gone again when its tests run.
//!
//! Left out is only what is certain: a dependency for development whose name stands in no file outside of the
//! benchmarks, and without which every other package is built in the very same version with the very same features.

use super::build::{Tool, of_sandbox};
use super::cargo::{Cargo, Member};
use crate::lab::LabError;
use crate::redirect::output;
use crate::sandbox::{Session, StepStatus};
use hephaestus_core::{CancelToken, RelPath};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::{Table, Value};

/// More text than this is not searched, in bytes: then nothing is certain.
const MOST_TEXT: u64 = 64 << 20;
/// What Cargo reads itself: names in there are looked at one by one.
const CARGOS_OWN: [&str; 3] = ["Cargo.toml", "Cargo.lock", "Cargo.toml.orig"];
/// Where dependencies for development are declared.
const TABLES: [&str; 2] = ["dev-dependencies", "dev_dependencies"];

/// Manifests with less in them, and how they were.
#[derive(Debug, Clone, Default)]
pub(super) struct Slim {
    manifests: Vec<Manifest>,
    lock: Option<String>,
    /// What was left out, as code would name it.
    names: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Manifest {
    path: RelPath,
    plain: String,
    slim: String,
}

/// A member's manifest, with what might be left out of it.
struct Candidate {
    path: RelPath,
    text: String,
    table: Table,
    /// Keys of dependencies, with the package each stands for.
    keys: BTreeMap<String, String>,
}

impl Slim {
    /// Looks what can be left out of the project on disk at `disk`, as `session` shows it. Whatever happens, the session
    /// may not be used for building afterwards. `cpu` is charged.
    pub(super) fn find(
        project: &Cargo,
        disk: &Path,
        tool: &Tool,
        session: &mut Session,
        cpu: &mut Duration,
        cancel: &CancelToken,
    ) -> Result<Option<Self>, LabError> {
        let root = session.root().to_owned();
        if project.root() != root {
            return Ok(None);
        }
        let mut candidates: Vec<Candidate> =
            project.members().iter().filter_map(|member| Candidate::of(member, &root, disk)).collect();
        if candidates.iter().all(|candidate| candidate.keys.is_empty()) {
            return Ok(None);
        }
        let Some(text) = Text::outside_of_benches(disk, &root, project.members()) else { return Ok(None) };
        for candidate in &mut candidates {
            candidate.keys.retain(|key, package| !text.names(key) && !text.names(package));
        }
        candidates.retain(|candidate| !candidate.keys.is_empty());
        if candidates.is_empty() {
            return Ok(None);
        }
        let Some(before) = tree(tool, session, cpu, cancel)? else { return Ok(None) };
        for candidate in &mut candidates {
            candidate
                .keys
                .retain(|_, package| before.library(package).is_some_and(|name| !text.names(&name)));
        }
        let lock = fs::read_to_string(disk.join("Cargo.lock")).ok();
        let mut slim = Self { lock, ..Self::default() };
        for candidate in candidates.into_iter().filter(|candidate| !candidate.keys.is_empty()) {
            slim.names.extend(candidate.keys.keys().map(|key| key.replace('-', "_")));
            slim.names.extend(candidate.keys.values().filter_map(|package| before.library(package)));
            let Some(manifest) = candidate.without() else { return Ok(None) };
            slim.manifests.push(manifest);
        }
        if slim.manifests.is_empty() {
            return Ok(None);
        }
        slim.put_on(session)?;
        let after = tree(tool, session, cpu, cancel)?;
        Ok(after.is_some_and(|after| before.has_the_same(&after)).then_some(slim))
    }

    /// Writes the small manifests.
    pub(super) fn put_on(&self, session: &mut Session) -> Result<(), LabError> {
        self.manifests.iter().try_for_each(|manifest| {
            session.write(&manifest.path, Some(manifest.slim.as_bytes())).map_err(of_sandbox)
        })
    }

    /// Writes everything as it was.
    pub(super) fn take_off(&self, session: &mut Session) -> Result<(), LabError> {
        for manifest in &self.manifests {
            session.write(&manifest.path, Some(manifest.plain.as_bytes())).map_err(of_sandbox)?;
        }
        if let (Some(lock), Ok(path)) = (&self.lock, RelPath::new("Cargo.lock")) {
            session.write(&path, Some(lock.as_bytes())).map_err(of_sandbox)?;
        }
        Ok(())
    }

    /// Whether what the compiler says may be about something that was left out.
    pub(super) fn is_blamed_by(&self, message: &str) -> bool {
        self.names.iter().any(|name| message.contains(name.as_str()))
    }

    /// What was left out, in words.
    pub(super) fn note(&self) -> String {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        format!("Only benchmarks use {}: built without.", names.join(", "))
    }
}

impl Candidate {
    fn of(member: &Member, root: &Path, disk: &Path) -> Option<Self> {
        // A benchmark that is also a test needs all of it.
        if member.targets.iter().any(|target| target.kind == "bench" && target.is_tested) {
            return None;
        }
        let path = RelPath::new(member.folder.strip_prefix(root).ok()?.join("Cargo.toml")).ok()?;
        let text = fs::read_to_string(path.under(disk)).ok()?;
        let table: Table = text.parse().ok()?;
        let mut keys = BTreeMap::new();
        for (key, entry) in dev_tables(&table).into_iter().flatten() {
            if entry.get("path").is_none() {
                let package = entry.get("package").and_then(Value::as_str).unwrap_or(key);
                keys.insert(key.clone(), package.to_owned());
            }
        }
        let rest = rest_of(&table).to_lowercase();
        keys.retain(|key, package| {
            !rest.contains(&key.to_lowercase()) && !rest.contains(&package.to_lowercase())
        });
        Some(Self { path, text, table, keys })
    }

    fn without(mut self) -> Option<Manifest> {
        let keys = &self.keys;
        each_dev_table(&mut self.table, &mut |table| table.retain(|key, _| !keys.contains_key(key)));
        let slim = toml::to_string(&self.table).ok()?;
        Some(Manifest { path: self.path, plain: self.text, slim })
    }
}

fn dev_tables(manifest: &Table) -> Vec<&Table> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let places = std::iter::once(manifest).chain(targets.filter_map(Value::as_table));
    places.flat_map(|place| TABLES.iter().filter_map(|name| place.get(*name)?.as_table())).collect()
}

fn each_dev_table(manifest: &mut Table, change: &mut dyn FnMut(&mut Table)) {
    let mut at = |place: &mut Table| {
        TABLES.iter().for_each(|name| {
            if let Some(table) = place.get_mut(*name).and_then(Value::as_table_mut) {
                change(table);
            }
        });
    };
    at(manifest);
    let targets = manifest.get_mut("target").and_then(Value::as_table_mut);
    for place in targets.into_iter().flat_map(Table::iter_mut).filter_map(|(_, place)| place.as_table_mut()) {
        at(place);
    }
}

/// A manifest as text, apart from the dependencies for development, those of the whole workspace, and the benchmarks.
fn rest_of(manifest: &Table) -> String {
    let mut rest = manifest.clone();
    each_dev_table(&mut rest, &mut Table::clear);
    rest.remove("bench");
    if let Some(workspace) = rest.get_mut("workspace").and_then(Value::as_table_mut) {
        workspace.remove("dependencies");
    }
    rest.to_string()
}

/// Everything that may become code of a test, in lower case.
struct Text(Vec<String>);

impl Text {
    /// All files but those of benchmarks, hidden ones, Cargo's own and documentation that no code names. `None` when that
    /// is too much, or when benchmarks are named elsewhere: then they may be part of something else.
    fn outside_of_benches(disk: &Path, root: &Path, members: &[Member]) -> Option<Self> {
        let mut left_out: BTreeSet<PathBuf> = BTreeSet::new();
        for member in members {
            let folder = disk.join(member.folder.strip_prefix(root).ok()?);
            left_out.insert(folder.join("benches"));
            for target in member.targets.iter().filter(|target| target.kind == "bench") {
                left_out.insert(disk.join(target.source.strip_prefix(root).ok()?));
            }
        }
        let (mut folders, mut size) = (vec![disk.to_owned()], 0_u64);
        let (mut code, mut prose): (Vec<String>, Vec<(String, String)>) = Default::default();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).ok()?.flatten() {
                let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
                let facts = fs::metadata(&path).ok()?;
                let is_hidden = name.starts_with('.') || CARGOS_OWN.contains(&name.as_str());
                if is_hidden || left_out.contains(&path) || path.join("CACHEDIR.TAG").exists() {
                    continue;
                }
                if facts.is_dir() {
                    // Where links lead in circles, nothing is certain.
                    if entry.file_type().ok()?.is_symlink() {
                        return None;
                    }
                    folders.push(path);
                    continue;
                }
                size += facts.len();
                if size > MOST_TEXT {
                    return None;
                }
                let text = String::from_utf8_lossy(&fs::read(&path).ok()?).to_lowercase();
                if name.ends_with(".md") {
                    prose.push((name.to_lowercase(), text));
                } else {
                    code.push(text);
                }
            }
        }
        if code.iter().any(|text| text.contains("benches")) {
            return None;
        }
        prose.retain(|(name, _)| code.iter().any(|text| text.contains(name.as_str())));
        code.extend(prose.into_iter().map(|(_, text)| text));
        Some(Self(code))
    }

    /// Whether any of it may mean the crate of this name.
    fn names(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let (with_dash, with_bar) = (name.replace('_', "-"), name.replace('-', "_"));
        self.0.iter().any(|text| text.contains(&with_dash) || text.contains(&with_bar))
    }
}

/// What is built for tests: packages with their features.
#[derive(Debug, Default)]
struct Tree {
    /// By package and version: its features, in each way it is built.
    packages: BTreeMap<(String, String), BTreeSet<String>>,
    /// The names of libraries, by package.
    libraries: BTreeMap<String, BTreeSet<String>>,
}

/// Asks Cargo; `None` when it does not say.
fn tree(
    tool: &Tool,
    session: &mut Session,
    cpu: &mut Duration,
    cancel: &CancelToken,
) -> Result<Option<Tree>, LabError> {
    if tool.commands.tree.is_empty() {
        return Ok(None);
    }
    let outcome = tool.run(session, &tool.commands.tree, &BTreeMap::new(), cancel)?;
    *cpu += outcome.cpu;
    Ok((outcome.status == StepStatus::Exited(0)).then(|| Tree::parse(&output(&outcome))))
}

impl Tree {
    /// Reads lines of package, features and library, with bars in between.
    fn parse(text: &str) -> Self {
        let mut tree = Self::default();
        for line in text.lines() {
            let mut parts = line.trim_end().trim_end_matches(" (*)").split('|');
            let (package, rest) = (parts.next().unwrap_or_default().trim(), parts.next().unwrap_or_default());
            let mut words = package.splitn(3, ' ');
            let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
            let place = words.next().unwrap_or_default();
            let features = format!("{place}|{}", rest.trim());
            tree.packages.entry((name.to_owned(), version.to_owned())).or_default().insert(features);
            // A package with a place is no stranger.
            if !place.contains('/') {
                let library = parts.next().unwrap_or_default().trim().to_owned();
                tree.libraries.entry(name.to_owned()).or_default().insert(library);
            }
        }
        tree
    }

    /// The only name of a package's library.
    fn library(&self, package: &str) -> Option<String> {
        let names = self.libraries.get(package)?;
        names.first().filter(|name| names.len() == 1 && !name.is_empty()).cloned()
    }

    /// Whether everything in `less` is built as it is here. What is built in two ways here does not count as the same.
    fn has_the_same(&self, less: &Self) -> bool {
        less.packages
            .iter()
            .all(|(package, features)| features.len() == 1 && self.packages.get(package) == Some(features))
            && !less.packages.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_is_the_same_only_with_the_same_versions_and_features() {
        let all = "a v1.0.0 (/a)|default|a\nb v1.0.0|std|b\nc v2.0.0|x,y|c\nd v1.0.0|std|d\nd v1.0.0||d\nc v2.0.0|x,y|c (*)\n";
        let all = Tree::parse(all);
        let same = |less: &str| all.has_the_same(&Tree::parse(less));
        assert!(same("a v1.0.0 (/a)|default|a\nc v2.0.0|x,y|c\n"));
        assert!(!same("a v1.0.0 (/a)|default|a\nc v2.0.0|x|c\n"), "fewer features");
        assert!(!same("a v1.0.0 (/a)|default|a\nc v2.0.1|x,y|c\n"), "another version");
        assert!(!same("a v1.0.0 (/a)|default|a\nd v1.0.0|std|d\n"), "it was built in two ways");
        assert!(!same(""), "nothing is no answer");
    }

    #[test]
    fn a_library_is_found_under_its_own_name() {
        let tree =
            Tree::parse("md-5 v0.10.0|std|md5\nown v1.0.0 (/own)||own\ntwo v1.0.0||a\ntwo v2.0.0||b\n");
        assert_eq!(tree.library("md-5").as_deref(), Some("md5"));
        assert_eq!(tree.library("own"), None, "a neighbour is no dependency to leave out");
        assert_eq!(tree.library("two"), None);
    }

    #[test]
    fn a_manifest_loses_what_is_left_out_and_nothing_else() {
        let text = "[package]\nname = \"x\"\n[dev-dependencies]\na = \"1\"\nb = \"1\"\n[target.\"cfg(unix)\".dev-dependencies]\na = \"1\"\n[dependencies]\nc = \"1\"\n";
        let candidate = Candidate {
            path: RelPath::new("Cargo.toml").unwrap(),
            text: text.to_owned(),
            table: text.parse().unwrap(),
            keys: BTreeMap::from([("a".to_owned(), "a".to_owned())]),
        };
        let slim: Table = candidate.without().unwrap().slim.parse().unwrap();
        let keys: Vec<&String> = dev_tables(&slim).into_iter().flat_map(Table::keys).collect();
        assert_eq!(keys, ["b"]);
        assert!(slim.get("dependencies").is_some() && slim.get("package").is_some());
    }

    fn member(folder: &Path, kind: &str, source: &str, is_tested: bool) -> Member {
        let target =
            super::super::cargo::Target { kind: kind.to_owned(), source: folder.join(source), is_tested };
        Member { folder: folder.to_owned(), targets: vec![target], ..Member::default() }
    }

    #[test]
    fn a_name_anywhere_outside_of_the_benchmarks_counts() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |path: &str, text: &str| {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        };
        write("benches/b.rs", "use only_here::x;");
        write("odd/bench.rs", "use odd_one::x;");
        write("src/lib.rs", "/// use in_docs::x;\n#![doc = include_str!(\"../READ.md\")]");
        write("READ.md", "```\nuse in_prose::x;\n```");
        write("NEWS.md", "we use only-here");
        write("templates/code.inc", "IN_TEMPLATE");
        let members = [member(root, "bench", "odd/bench.rs", false)];
        let text = Text::outside_of_benches(root, root, &members).unwrap();
        for (name, is_named) in [
            ("only-here", false),
            ("odd_one", false),
            ("in-docs", true),
            ("in_prose", true),
            ("in-template", true),
        ] {
            assert_eq!(text.names(name), is_named, "{name}");
        }
        write("tests/t.rs", "include!(\"../benches/b.rs\");");
        assert!(Text::outside_of_benches(root, root, &members).is_none(), "benchmarks may be tests as well");
    }

    #[test]
    fn features_that_name_a_dependency_keep_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let manifest = |features: &str| {
            let text = format!(
                "[package]\nname = \"x\"\n[dev-dependencies]\nbencher = \"1\"\nnear = {{ path = \"near\" }}\n{features}"
            );
            fs::write(root.join("Cargo.toml"), text).unwrap();
        };
        let keys = |tested: bool| {
            let candidate = Candidate::of(&member(root, "bench", "benches/b.rs", tested), root, root);
            candidate.map(|candidate| candidate.keys.into_keys().collect::<Vec<_>>())
        };
        manifest("");
        assert_eq!(keys(false), Some(vec!["bencher".to_owned()]));
        assert_eq!(keys(true), None, "a benchmark that is run as a test");
        manifest("[features]\nfast = [\"bencher/fast\"]\n");
        assert_eq!(keys(false), Some(vec![]));
    }
}
