//! Which runners fit a workspace.

use super::Runner;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use hephaestus_core::{RelPath, Snapshot};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What tells at the root how a project is built and tested.
const MANIFESTS: &[&str] = &[
    "Cargo.toml",
    "package.json",
    ".config/nextest.toml",
    "pyproject.toml",
    "go.mod",
    "pom.xml",
    "CMakeLists.txt",
    "Makefile",
    "GNUmakefile",
    "makefile",
];

/// What is known about a workspace before anything is run.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Every file that was found, sources and manifests.
    pub files: Vec<RelPath>,
    /// Texts of manifests that are no sources.
    pub manifests: BTreeMap<RelPath, String>,
    /// `package.json` at the root.
    pub package: Option<PackageJson>,
}

/// What `package.json` says about tests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PackageJson {
    /// Names under `dependencies` and `devDependencies`.
    pub dependencies: Vec<String>,
    /// Scripts, by name.
    pub scripts: Vec<(String, String)>,
}

impl PackageJson {
    /// Reads the text of a `package.json`; `None` when it is no JSON object.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let object = value.as_object()?;
        let keys = |name: &str| {
            object
                .get(name)
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(|map| map.keys().cloned().collect::<Vec<_>>())
        };
        let dependencies = keys("dependencies").chain(keys("devDependencies")).collect();
        let scripts = object
            .get("scripts")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, script)| Some((name.clone(), script.as_str()?.to_owned())))
            .collect();
        Some(Self { dependencies, scripts })
    }

    /// The arguments behind `word` in the test scripts: up to the next shell operator.
    #[must_use]
    pub fn script_args(&self, word: &str) -> Option<Vec<String>> {
        let tests = self.scripts.iter().filter(|(name, _)| name.contains("test") || name.contains("unit"));
        for (_, script) in tests {
            let words = split_words(script);
            let Some(at) = words.iter().position(|own| own == word || own.ends_with(&format!("/{word}")))
            else {
                continue;
            };
            let rest = words.get(at + 1..).unwrap_or_default();
            let end = rest
                .iter()
                .position(|own| matches!(own.as_str(), "|" | "&&" | "||" | ";" | ">"))
                .unwrap_or(rest.len());
            return Some(rest.get(..end).unwrap_or_default().to_vec());
        }
        None
    }
}

/// Splits a script into words, honouring quotes.
fn split_words(script: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in script.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, c) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (_, c) => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

impl Facts {
    /// Gathers facts about the workspace behind `snapshot`: its files, and the manifests at its root.
    #[must_use]
    pub fn gather(snapshot: &Snapshot) -> Self {
        let mut files: Vec<RelPath> = snapshot.files.keys().cloned().collect();
        let mut manifests = BTreeMap::new();
        for manifest in MANIFESTS {
            if let Ok(path) = RelPath::new(*manifest)
                && let Some(text) = read(&snapshot.root.join(manifest))
            {
                files.push(path.clone());
                manifests.insert(path, text);
            }
        }
        let package = read(&snapshot.root.join("package.json")).and_then(|text| PackageJson::parse(&text));
        Self { files, manifests, package }
    }
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// The runners among `all` that fit, best first. Whether their programs are there is not asked yet.
#[must_use]
pub fn fitting<'a>(all: &'a [Runner], facts: &Facts, snapshot: &Snapshot) -> Vec<&'a Runner> {
    all.iter().filter(|runner| fits(runner, facts, snapshot)).collect()
}

fn fits(runner: &Runner, facts: &Facts, snapshot: &Snapshot) -> bool {
    if let Some(dependency) = &runner.detect.dependency {
        return facts.package.as_ref().is_some_and(|package| package.dependencies.contains(dependency));
    }
    let Some(globs) = glob_set(&runner.detect.files) else { return false };
    let mut matching = facts.files.iter().filter(|file| globs.is_match(file.as_str()));
    if runner.detect.content.is_empty() {
        return matching.next().is_some();
    }
    matching.any(|file| {
        let source = snapshot.file(file).map(|file| &*file.text);
        let text = source.or_else(|| facts.manifests.get(file).map(String::as_str)).unwrap_or_default();
        runner.detect.content.iter().any(|wanted| text.contains(wanted))
    })
}

fn glob_set(globs: &[String]) -> Option<GlobSet> {
    let mut builder = GlobSetBuilder::new();
    for glob in globs {
        builder.add(GlobBuilder::new(glob).literal_separator(true).build().ok()?);
    }
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::{LanguageId, SourceFile};

    fn workspace(files: &[(&str, &str)], package: Option<&str>) -> (Snapshot, Facts) {
        let mut snapshot = Snapshot::default();
        for (path, text) in files {
            let path = RelPath::new(path).unwrap();
            snapshot = snapshot.with_file(SourceFile::new(path, LanguageId::new("any"), *text, false));
        }
        let facts = Facts {
            files: snapshot.files.keys().cloned().collect(),
            manifests: BTreeMap::new(),
            package: package.and_then(PackageJson::parse),
        };
        (snapshot, facts)
    }

    fn names(files: &[(&str, &str)], package: Option<&str>) -> Vec<String> {
        let (snapshot, facts) = workspace(files, package);
        fitting(super::super::all().unwrap(), &facts, &snapshot)
            .iter()
            .map(|runner| runner.name.clone())
            .collect()
    }

    #[test]
    fn workspaces_get_the_runners_that_fit_them() {
        assert_eq!(names(&[("tests/test_a.py", "")], None), ["pytest", "unittest"]);
        assert_eq!(names(&[("src/a.py", "")], None), Vec::<String>::new());
        assert_eq!(names(&[("Cargo.toml", "")], None), ["cargo-test"]);
        assert_eq!(
            names(&[("Cargo.toml", ""), (".config/nextest.toml", "")], None),
            ["cargo-nextest", "cargo-test"]
        );
        let tape = r#"{"devDependencies":{"tape":"1"},"scripts":{"tests-only":"nyc tape 'test/**/*.js'"}}"#;
        assert_eq!(names(&[("test/a.js", "require('tape')")], Some(tape)), ["tape"]);
        assert_eq!(names(&[("test/a.js", "import test from 'node:test'")], Some("{}")), ["node-test"]);
        assert_eq!(names(&[("a.js", "")], Some("not json")), Vec::<String>::new());
        assert_eq!(names(&[("go.mod", ""), ("a/a_test.go", "")], None), ["go-test"]);
        assert_eq!(
            names(&[("pom.xml", ""), ("ATest.java", "import org.junit.Test;")], None),
            ["maven", "javac"]
        );
        assert_eq!(names(&[("CMakeLists.txt", "add_test(a a)"), ("Makefile", "all:\n")], None), ["ctest"]);
        assert_eq!(names(&[("Makefile", "all: a\n\ntest: all\n\t./t\n")], None), ["make"]);
        assert_eq!(names(&[("test_a.c", "int main(void) { return 0; }"), ("b.c", "")], None), ["cc"]);
    }

    #[test]
    fn arguments_come_from_the_test_script() {
        let package = PackageJson::parse(
            r#"{"scripts":{"lint":"eslint .","test":"nyc mocha --require x 'test/*.js' && echo ok"}}"#,
        )
        .unwrap();
        assert_eq!(package.script_args("mocha").unwrap(), ["--require", "x", "test/*.js"]);
        assert_eq!(package.script_args("tape"), None);
    }
}
