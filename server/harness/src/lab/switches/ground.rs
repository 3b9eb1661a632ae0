//! What the common build stands on: what the project consists of, manifests without what no test needs, and the
//! dependencies as an earlier run built them. Cargo has the last word on whether those are still good.
//!
//! Only other people's packages are taken over: code of the workspace is woven anew each time, and its build must never
//! be taken for another's.

use super::build::{Tool, of_sandbox, open};
use super::cargo::Cargo;
use super::kept::{Shelf, put};
use super::project::Project;
use super::slim::Slim;
use crate::lab::{LabError, LabSubject};
use crate::redirect::output;
use crate::sandbox::{Session, View};
use hephaestus_core::{CancelToken, ContentHash, RelPath};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The folder of the build tool's own notes about what it has built.
const NOTES: &str = ".fingerprint";
/// The parts of a manifest that have a say in how dependencies are built.
const PARTS: [&str; 8] = [
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    "target",
    "features",
    "profile",
    "workspace",
    "patch",
];
/// How variables begin that may have a say in it.
const VARIABLES: [&str; 8] = ["CARGO", "RUST", "CC", "CXX", "CFLAGS", "LD", "AR", "PKG_CONFIG"];

/// What a build stands on.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) project: Project,
    pub(super) slim: Option<Slim>,
    /// Where the session showed the workspace that the project was described in.
    pub(super) root: PathBuf,
    /// What lies below the build, nearest first.
    pub(super) layers: Vec<PathBuf>,
    /// Where dependencies are kept, and under which key.
    shelf: Option<(Shelf, String)>,
    /// The dependencies in reach: below the build once they are there.
    pub(super) dependencies: Option<TempDir>,
    pub(super) cpu: Duration,
}

impl Ground {
    /// Looks at the project. Where there are layers, everything is built already, and there is nothing to gain.
    pub(super) fn new(subject: &LabSubject<'_>, tool: &Tool, cancel: &CancelToken) -> Result<Self, LabError> {
        let root = &subject.snapshot.root;
        let view = View { root: root.clone(), layers: subject.layers.clone(), keep: None };
        let mut session = open(subject.sandbox, &view, cancel)?;
        let (project, cpu) = describe(tool, &mut session, cancel)?;
        let mut ground = Self {
            project,
            slim: None,
            root: session.root().to_owned(),
            layers: subject.layers.clone(),
            shelf: None,
            dependencies: None,
            cpu,
        };
        // Where every session shows the workspace elsewhere, what one has built fits no other.
        let is_in_place = root.canonicalize().is_ok_and(|root| root == session.root());
        if !subject.layers.is_empty() || !is_in_place {
            return Ok(ground);
        }
        let compiler = if tool.commands.compiler.is_empty() {
            None
        } else {
            Some(tool.run(&mut session, &tool.commands.compiler, &BTreeMap::new(), cancel)?)
        };
        ground.cpu += compiler.as_ref().map_or(Duration::ZERO, |outcome| outcome.cpu);
        if let (Some(folder), Some(compiler)) = (subject.sandbox.kept_builds(), compiler) {
            let key = ground.key(root, &output(&compiler), &tool.env(&session), &tool.commands.env);
            ground.shelf = Some((Shelf::new(folder.to_owned()), key));
        }
        let cpu = &mut ground.cpu;
        if let Some(cargo) = ground.project.cargo() {
            ground.slim = Slim::find(cargo, root, tool, &mut session, cpu, cancel)?;
        }
        session.close();
        ground.recall(subject)?;
        Ok(ground)
    }

    /// The same without anything that could be wrong about it; what was kept is forgotten.
    pub(super) fn plain(self, subject: &LabSubject<'_>) -> Self {
        if let (Some((shelf, key)), true) = (&self.shelf, self.dependencies.is_some()) {
            shelf.forget(key);
        }
        Self { slim: None, layers: subject.layers.clone(), dependencies: None, ..self }
    }

    /// Whether it is any different from the plain one.
    pub(super) fn is_plain(&self) -> bool {
        self.slim.is_none() && self.dependencies.is_none()
    }

    /// Under which dependencies are kept: everything they may depend on that is cheap to ask for.
    fn key(
        &self,
        root: &Path,
        compiler: &str,
        env: &[(String, String)],
        more_env: &BTreeMap<String, String>,
    ) -> String {
        let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        let mut parts =
            vec![env!("CARGO_PKG_VERSION").to_owned(), root.display().to_string(), compiler.to_owned()];
        parts.push(read(root.join("Cargo.lock")));
        parts.extend([".cargo/config.toml", ".cargo/config"].map(|path| read(root.join(path))));
        let members = self.project.cargo().map(Cargo::members).unwrap_or_default();
        parts.extend(members.iter().map(|member| {
            let manifest: toml::Table = read(member.folder.join("Cargo.toml")).parse().unwrap_or_default();
            manifest
                .into_iter()
                .filter(|(name, _)| PARTS.contains(&name.as_str()))
                .map(|(name, value)| format!("{name} {value}\n"))
                .collect()
        }));
        let pairs = env.iter().cloned().chain(more_env.clone());
        parts.extend(pairs.map(|(name, value)| format!("{name}={value}")));
        let inherited =
            std::env::vars().filter(|(name, _)| VARIABLES.iter().any(|start| name.starts_with(start)));
        parts.extend(inherited.map(|(name, value)| format!("{name}={value}")).collect::<BTreeSet<_>>());
        ContentHash::of_parts(parts.iter().map(String::as_str)).to_string()
    }

    /// Lays what was kept below the build.
    fn recall(&mut self, subject: &LabSubject<'_>) -> Result<(), LabError> {
        let Some((shelf, key)) = &self.shelf else { return Ok(()) };
        let folder = subject.sandbox.scratch("dependencies").map_err(of_sandbox)?;
        let tree = folder.path().join("upper");
        if shelf.take(key, &tree) {
            self.layers.insert(0, tree);
            self.dependencies = Some(folder);
        }
        Ok(())
    }

    /// Keeps the dependencies that a build left in `upper` for later runs, and for whoever builds next in this one.
    /// `foreign` are the packages that are nobody's here. What cannot be kept is built again.
    pub(super) fn keep(&mut self, subject: &LabSubject<'_>, upper: &Path, foreign: &BTreeSet<String>) {
        let Some(built) = self.project.cargo().and_then(|cargo| cargo.built_below(&self.root)) else {
            return;
        };
        let Some((shelf, key)) = &self.shelf else { return };
        let fresh = gather(upper, &built, foreign);
        if fresh.is_empty() {
            return;
        }
        let folder =
            match self.dependencies.take().map_or_else(|| subject.sandbox.scratch("dependencies"), Ok) {
                Ok(folder) => folder,
                Err(error) => return tracing::debug!(%error, "there is no folder for dependencies"),
            };
        let tree = folder.path().join("upper");
        let put_all = || {
            fresh.iter().try_for_each(|path| {
                let _ = fs::remove_file(tree.join(path));
                put(&upper.join(path), &tree.join(path))
            })
        };
        let kept = put_all().and_then(|()| shelf.keep(key, &tree, &gather(&tree, &built, foreign)));
        if let Err(error) = kept {
            return tracing::debug!(%error, "the dependencies are not kept");
        }
        if !self.layers.contains(&tree) {
            self.layers.insert(0, tree);
        }
        self.dependencies = Some(folder);
    }
}

/// What the project consists of, by paths as `session` shows them, and the CPU time it took to ask.
pub(super) fn describe(
    tool: &Tool,
    session: &mut Session,
    cancel: &CancelToken,
) -> Result<(Project, Duration), LabError> {
    let described = tool.run(session, &tool.commands.describe, &BTreeMap::new(), cancel)?;
    let project = Project::parse(tool.commands.tool, &output(&described)).ok_or_else(|| {
        let said = described.stderr.text.trim();
        LabError::Unfit(format!("the build tool does not describe the project: {said}"))
    })?;
    Ok((project, described.cpu))
}

/// The files below `upper` that belong to packages in `foreign`. None if there is anything among them that cannot be
/// kept.
fn gather(upper: &Path, built: &RelPath, foreign: &BTreeSet<String>) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for profile in profiles(&built.under(upper)) {
        let (mut hashes, mut found) = (HashSet::new(), Vec::new());
        for part in [NOTES, "build"] {
            for (name, path) in entries(&profile.join(part)) {
                let Some((package, hash)) = name.rsplit_once('-') else { continue };
                if foreign.contains(package) && hash.len() == 16 {
                    hashes.insert(hash.to_owned());
                    found.push(path);
                }
            }
        }
        for (name, path) in entries(&profile.join("deps")) {
            let stem = name.split('.').next().unwrap_or_default();
            if stem.rsplit_once('-').is_some_and(|(_, hash)| hashes.contains(hash)) {
                found.push(path);
            }
        }
        for path in found {
            if !add_files(&path, &mut paths) {
                return Vec::new();
            }
        }
    }
    paths.iter().filter_map(|path| path.strip_prefix(upper).ok().map(Path::to_owned)).collect()
}

/// The folders that hold the output of one profile: for this machine, or one deeper for a chosen target.
fn profiles(built: &Path) -> Vec<PathBuf> {
    let below: Vec<PathBuf> = entries(built).into_iter().map(|(_, path)| path).collect();
    let deeper: Vec<PathBuf> = below.iter().flat_map(|path| entries(path)).map(|(_, path)| path).collect();
    below.into_iter().chain(deeper).filter(|path| path.join(NOTES).is_dir()).collect()
}

fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect()
}

/// Adds the files and links at or below `path`; whether there was nothing else.
fn add_files(path: &Path, paths: &mut Vec<PathBuf>) -> bool {
    let Ok(facts) = fs::symlink_metadata(path) else { return false };
    if facts.is_dir() {
        return entries(path).iter().all(|(_, path)| add_files(path, paths));
    }
    paths.push(path.to_owned());
    facts.is_file() || facts.is_symlink()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_to_others_is_gathered() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = folder.path().join("target/debug").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        };
        let (theirs, ours) = ("0123456789abcdef", "fedcba9876543210");
        write(&format!(".fingerprint/some-lib-{theirs}/lib-some_lib"));
        write(&format!("deps/libsome_lib-{theirs}.rlib"));
        write(&format!("deps/some_lib-{theirs}.d"));
        write(&format!("build/some-lib-{theirs}/out/made.rs"));
        write(&format!(".fingerprint/own-{ours}/lib-own"));
        write(&format!("deps/libown-{ours}.rlib"));
        write(&format!(".fingerprint/own-some-lib-{ours}/lib-own"));
        write("some_lib.d");
        let built = RelPath::new("target").unwrap();
        let mut found = gather(folder.path(), &built, &BTreeSet::from(["some-lib".to_owned()]));
        found.sort();
        let expected = [
            format!("target/debug/.fingerprint/some-lib-{theirs}/lib-some_lib"),
            format!("target/debug/build/some-lib-{theirs}/out/made.rs"),
            format!("target/debug/deps/libsome_lib-{theirs}.rlib"),
            format!("target/debug/deps/some_lib-{theirs}.d"),
        ];
        assert_eq!(found, expected.map(PathBuf::from));
        assert!(gather(folder.path(), &built, &BTreeSet::new()).is_empty());
    }
}
