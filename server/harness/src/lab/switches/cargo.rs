//! What Cargo says: which files are roots of crates, what went wrong in a build, where the test programs are and what
//! Cargo would have set for them. The one place here that knows Rust's build tool; another tool is one more such file.

use super::project::{Answer, BuildError, Manner, Program, Span};
use hephaestus_core::{ByteRange, RelPath};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What is built from what.
#[derive(Debug, Clone, Default)]
pub(super) struct Cargo {
    packages: Vec<Member>,
    /// Where names in messages start from.
    root: PathBuf,
    /// Where everything built goes.
    built: PathBuf,
}

/// A package of the workspace.
#[derive(Debug, Clone, Default)]
pub(super) struct Member {
    pub(super) folder: PathBuf,
    pub(super) targets: Vec<Target>,
    pub(super) env: Vec<(String, String)>,
}

/// Something to be built of a package.
#[derive(Debug, Clone, Default)]
pub(super) struct Target {
    pub(super) kind: String,
    /// The root file.
    pub(super) source: PathBuf,
    /// Whether it is among the tests.
    pub(super) is_tested: bool,
}

impl Cargo {
    /// Reads what `cargo metadata` says.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text.trim()).ok()?;
        let root = PathBuf::from(value.get("workspace_root")?.as_str()?);
        let packages = value.get("packages")?.as_array()?.iter().filter_map(package).collect();
        let built = PathBuf::from(word(&value, "target_directory"));
        Some(Self { packages, root, built })
    }

    /// The packages of the workspace.
    pub(super) fn members(&self) -> &[Member] {
        &self.packages
    }

    /// The folder of the workspace.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder for everything built, where it lies below `root`.
    pub(super) fn built_below(&self, root: &Path) -> Option<RelPath> {
        RelPath::new(self.built.strip_prefix(root).ok()?).ok().filter(|built| !built.as_str().is_empty())
    }

    /// The crate roots that may contain the file at `path`: those of its package in a folder around it, or all of them.
    pub(super) fn crate_roots(&self, root: &Path, path: &RelPath, all: bool) -> Vec<RelPath> {
        let file = path.under(root);
        let around = self.packages.iter().filter(|package| file.starts_with(&package.folder));
        let Some(package) = around.max_by_key(|package| package.folder.as_os_str().len()) else {
            return Vec::new();
        };
        let built = package.targets.iter().filter(|target| target.kind != "custom-build");
        let near = built.map(|target| &target.source).filter(|source| {
            all || **source == file || source.parent().is_some_and(|folder| file.starts_with(folder))
        });
        near.filter_map(|source| RelPath::new(source.strip_prefix(root).ok()?).ok()).collect()
    }

    /// A program for examples of the library `name`, at `path`.
    pub(super) fn example(&self, root: &Path, name: &str, path: String, manner: Manner) -> Program {
        let is_own = |package: &&Member| package.name().replace('-', "_") == name;
        let package = self.packages.iter().find(is_own);
        let cwd = package.and_then(|package| RelPath::new(package.folder.strip_prefix(root).ok()?).ok());
        let env = package.map(|package| package.env.clone()).unwrap_or_default();
        let cwd = cwd.filter(|cwd| !cwd.as_str().is_empty());
        Program { name: format!("examples of {name}"), path, cwd, env, manner }
    }

    /// Reads the JSON lines of a build.
    pub(super) fn answer(&self, root: &Path, text: &str) -> Answer {
        let mut answer = Answer::default();
        let mut programs = Vec::new();
        let mut scripts: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        let mut own: BTreeSet<String> = self.packages.iter().map(|member| member.name().to_owned()).collect();
        for message in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            match named(word(&message, "package_id")) {
                Some((name, true)) => answer.foreign.insert(name),
                Some((name, false)) => own.insert(name),
                None => false,
            };
            match word(&message, "reason") {
                "compiler-message" => answer.errors.extend(self.error(root, &message)),
                "compiler-artifact" => programs.extend(self.program(root, &message)),
                "build-script-executed" => {
                    scripts.insert(word(&message, "package_id").to_owned(), script_env(&message));
                }
                _ => {}
            }
        }
        answer.foreign.retain(|name| !own.contains(name));
        programs.sort_by(|(left, ..), (right, ..)| left.cmp(right));
        for (_, package, mut program) in programs {
            program.env.extend(scripts.get(&package).into_iter().flatten().cloned());
            if !answer.programs.contains(&program) {
                answer.programs.push(program);
            }
        }
        answer
    }

    /// A test program with its place in the order in which Cargo runs them, and its package.
    fn program(&self, root: &Path, message: &Value) -> Option<((String, u8, String), String, Program)> {
        let path = message.get("executable")?.as_str()?.to_owned();
        let target = message.get("target")?;
        if !message.get("profile")?.get("test")?.as_bool()? {
            return None;
        }
        let folder = Path::new(word(message, "manifest_path")).parent()?;
        let package = self.packages.iter().find(|package| package.folder == folder)?;
        let source = Path::new(word(target, "src_path"));
        let name = source.strip_prefix(folder).unwrap_or(source).display().to_string();
        let kind = target.get("kind")?.get(0)?.as_str()?;
        let rank = match kind {
            "test" => 2,
            "bin" => 1,
            _ => 0,
        };
        let id = word(message, "package_id").to_owned();
        let order = (id.clone(), rank, word(target, "name").to_owned());
        let cwd = RelPath::new(folder.strip_prefix(root).ok()?).ok().filter(|cwd| !cwd.as_str().is_empty());
        let libraries = Path::new(&path).parent()?.display().to_string();
        let mut env = package.env.clone();
        env.push(("LD_LIBRARY_PATH".to_owned(), libraries));
        let built = Path::new(&path).parent().and_then(Path::parent)?;
        for target in package.targets.iter().filter(|target| target.kind == "bin" && rank == 2) {
            let stem = target.source.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let bin = if stem == "main" { package.name() } else { stem };
            env.push((format!("CARGO_BIN_EXE_{bin}"), built.join(bin).display().to_string()));
        }
        Some((order, id, Program { name, path, cwd, env, manner: Manner::Chosen }))
    }

    fn error(&self, root: &Path, message: &Value) -> Option<BuildError> {
        let message = message.get("message")?;
        if !word(message, "level").starts_with("error") {
            return None;
        }
        let code = message.get("code").map(|code| word(code, "code")).unwrap_or_default().to_owned();
        let (mut main, mut other) = (Vec::new(), Vec::new());
        for span in message.get("spans")?.as_array()? {
            let list = if span.get("is_primary")?.as_bool()? { &mut main } else { &mut other };
            let mut span = Some(span);
            // What a macro made is blamed on where it was called.
            while let Some(inner) = span.filter(|inner| !inner.is_null()) {
                list.extend(self.span(root, inner));
                span = inner.get("expansion").and_then(|expansion| expansion.get("span"));
            }
        }
        let text = word(message, "message").to_owned();
        // The last line of a failed build says no more than that.
        if main.is_empty() && other.is_empty() && (text.starts_with("aborting due to") || code.is_empty()) {
            return None;
        }
        let main_count = main.len();
        main.extend(other);
        Some(BuildError { code, message: text, spans: main, main: main_count })
    }

    fn span(&self, root: &Path, span: &Value) -> Option<Span> {
        let number = |name: &str| usize::try_from(span.get(name)?.as_u64()?).ok();
        let path = self.root.join(word(span, "file_name"));
        let file = RelPath::new(path.strip_prefix(root).ok()?).ok()?;
        Some(Span { file, range: ByteRange::new(number("byte_start")?, number("byte_end")?) })
    }
}

impl Member {
    fn name(&self) -> &str {
        self.env.iter().find(|(name, _)| name == "CARGO_PKG_NAME").map_or("", |(_, value)| value)
    }
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn package(value: &Value) -> Option<Member> {
    let manifest = PathBuf::from(word(value, "manifest_path"));
    let folder = manifest.parent()?.to_owned();
    let targets = value.get("targets")?.as_array()?.iter().filter_map(|target| {
        let kind = target.get("kind")?.get(0)?.as_str()?.to_owned();
        let is_tested = target.get("test").and_then(Value::as_bool).unwrap_or(true);
        Some(Target { kind, source: PathBuf::from(word(target, "src_path")), is_tested })
    });
    let targets = targets.collect();
    let version = word(value, "version");
    let (numbers, pre) =
        version.split('+').next().unwrap_or_default().split_once('-').unwrap_or((version, ""));
    let mut parts = numbers.split('.');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let authors: Vec<&str> = value
        .get("authors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut env: Vec<(String, String)> = [
        ("CARGO_MANIFEST_DIR", folder.display().to_string()),
        ("CARGO_MANIFEST_PATH", manifest.display().to_string()),
        ("CARGO_PKG_VERSION", version.to_owned()),
        ("CARGO_PKG_VERSION_MAJOR", part()),
        ("CARGO_PKG_VERSION_MINOR", part()),
        ("CARGO_PKG_VERSION_PATCH", part()),
        ("CARGO_PKG_VERSION_PRE", pre.to_owned()),
        ("CARGO_PKG_AUTHORS", authors.join(":")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    for field in
        ["name", "description", "homepage", "repository", "license", "license_file", "rust_version", "readme"]
    {
        env.push((format!("CARGO_PKG_{}", field.to_uppercase()), word(value, field).to_owned()));
    }
    Some(Member { folder, targets, env })
}

/// The name in a package's id, and whether the package is somebody else's: from a registry or a repository.
fn named(id: &str) -> Option<(String, bool)> {
    let (source, what) = id.split_once('#')?;
    let folder = source.split('?').next().unwrap_or(source).trim_end_matches('/').rsplit('/').next();
    let name = what.split_once('@').map_or(folder?, |(name, _)| name);
    let is_foreign = ["registry+", "sparse+", "git+"].iter().any(|kind| source.starts_with(kind));
    Some((name.to_owned(), is_foreign))
}

/// What a build script set for its package.
fn script_env(message: &Value) -> Vec<(String, String)> {
    let pairs = message.get("env").and_then(Value::as_array).into_iter().flatten();
    let named =
        pairs.filter_map(|pair| Some((pair.get(0)?.as_str()?.to_owned(), pair.get(1)?.as_str()?.to_owned())));
    named.chain([("OUT_DIR".to_owned(), word(message, "out_dir").to_owned())]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_other_people_are_told_from_those_beside_the_workspace() {
        for (id, expected) in [
            ("registry+https://github.com/rust-lang/crates.io-index#serde@1.0.2", Some(("serde", true))),
            ("git+https://x.org/me/thing?rev=12#0.1.0", Some(("thing", true))),
            ("path+file:///home/me/thing#0.1.0", Some(("thing", false))),
            ("path+file:///home/me/thing#other@0.1.0", Some(("other", false))),
            ("", None),
        ] {
            let expected = expected.map(|(name, is_foreign)| (name.to_owned(), is_foreign));
            assert_eq!(named(id), expected, "{id}");
        }
    }

    #[test]
    fn a_name_that_is_also_our_own_is_not_foreign() {
        let message = |id: &str| format!("{{\"reason\":\"compiler-artifact\",\"package_id\":\"{id}\"}}\n");
        let text =
            ["registry+https://x#serde@1.0.2", "registry+https://x#own@1.0.0", "path+file:///w/own#0.1.0"]
                .map(message)
                .concat();
        let answer = Cargo::default().answer(Path::new("/w"), &text);
        assert_eq!(answer.foreign, BTreeSet::from(["serde".to_owned()]));
    }
}
