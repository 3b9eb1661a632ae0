//! The graph over small workspaces in memory.

use hephaestus_core::{RelPath, Snapshot, SourceFile};
use std::collections::BTreeSet;
use std::sync::Arc;

use super::{ImportGraph, WorkspacePackage};
use crate::{Languages, Parsed};

/// A workspace of `(path, text)`; a path with `test` in it is a test.
struct Workspace {
    snapshot: Snapshot,
    parsed: Vec<Parsed>,
}

impl Workspace {
    fn of(files: &[(&str, &str)]) -> Self {
        let languages = Languages::builtin().unwrap();
        let mut snapshot = Snapshot::default();
        let mut parsed = Vec::new();
        for (at, text) in files {
            let path = path(at);
            let language = languages.detect(&path, text).unwrap();
            let file = SourceFile::new(path, language.id().clone(), *text, at.contains("test"));
            snapshot = snapshot.with_file(file.clone());
            parsed.push(Parsed::new(language, Arc::new(file)).unwrap());
        }
        Self { snapshot, parsed }
    }

    fn graph(&self) -> ImportGraph {
        ImportGraph::build(&self.snapshot, &self.parsed)
    }

    fn external(&self, at: &str) -> Vec<String> {
        let parsed = self.parsed.iter().find(|parsed| parsed.file().path.as_str() == at).unwrap();
        self.graph().external(parsed).into_iter().collect()
    }

    fn tests_reaching(&self, at: &str) -> Vec<String> {
        texts(self.graph().tests_reaching(&path(at), &self.snapshot))
    }

    fn imports(&self, at: &str) -> Vec<String> {
        texts(self.graph().imports(&path(at)))
    }
}

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

fn texts(paths: impl IntoIterator<Item = RelPath>) -> Vec<String> {
    paths.into_iter().map(|path| path.as_str().to_owned()).collect()
}

#[test]
fn python_imports_lead_to_modules_packages_and_their_init_files() {
    let workspace = Workspace::of(&[
        ("pkg/__init__.py", "from .core import f\n"),
        ("pkg/core.py", "import os\nfrom . import low\nfrom .sub.deep import g as h\n"),
        ("pkg/low.py", ""),
        ("pkg/sub/__init__.py", ""),
        ("pkg/sub/deep.py", "from ..low import x\nfrom ... import outside\n"),
        ("pkg/lonely.py", ""),
        ("tests/test_a.py", "import numpy.linalg\nfrom pkg import f\n"),
        ("tests/test_b.py", "from pkg.sub import deep\n"),
        ("tests/test_c.py", "import pkg.sub.deep as d, sys\n"),
    ]);
    assert_eq!(
        workspace.imports("pkg/core.py"),
        ["pkg/__init__.py", "pkg/low.py", "pkg/sub/__init__.py", "pkg/sub/deep.py"]
    );
    assert_eq!(
        workspace.imports("tests/test_b.py"),
        ["pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/deep.py"]
    );
    assert_eq!(workspace.imports("tests/test_c.py"), workspace.imports("tests/test_b.py"));
    assert_eq!(
        workspace.tests_reaching("pkg/low.py"),
        ["tests/test_a.py", "tests/test_b.py", "tests/test_c.py"]
    );
    assert_eq!(workspace.tests_reaching("pkg/lonely.py"), Vec::<String>::new());
    assert_eq!(workspace.external("tests/test_a.py"), ["numpy"]);
    assert_eq!(workspace.external("pkg/core.py"), ["os"]);
}

#[test]
fn python_finds_src_layouts_nested_projects_and_neighbours() {
    let workspace = Workspace::of(&[
        ("src/pkg/__init__.py", ""),
        ("src/pkg/a.py", "import helper\n"),
        ("services/one/web/__init__.py", ""),
        ("services/one/web/app.py", ""),
        ("tests/helper.py", ""),
        ("tests/test_a.py", "import helper, pkg.a\nfrom web.app import run\n"),
        ("namespace/part/x.py", ""),
        (
            "namespace.py.test.py",
            "import namespace.part.x\nimport importlib\nimportlib.import_module('pkg.a')\n",
        ),
    ]);
    let found = workspace.imports("tests/test_a.py");
    let expected = [
        "services/one/web/__init__.py",
        "services/one/web/app.py",
        "src/pkg/__init__.py",
        "src/pkg/a.py",
        "tests/helper.py",
    ];
    assert_eq!(found, expected);
    assert_eq!(workspace.imports("src/pkg/a.py"), Vec::<String>::new());
    assert_eq!(workspace.external("src/pkg/a.py"), ["helper"]);
    let found = workspace.imports("namespace.py.test.py");
    assert_eq!(found, ["namespace/part/x.py", "src/pkg/__init__.py", "src/pkg/a.py"]);
}

#[test]
fn a_conftest_reaches_the_tests_below_it() {
    let workspace = Workspace::of(&[
        ("lib.py", ""),
        ("tests/conftest.py", "import lib\n"),
        ("tests/unit/test_a.py", ""),
        ("tests/test_b.py", ""),
        ("other/test_c.py", ""),
    ]);
    assert_eq!(
        workspace.tests_reaching("lib.py"),
        ["tests/conftest.py", "tests/test_b.py", "tests/unit/test_a.py"]
    );
}

#[test]
fn javascript_paths_leave_out_endings_and_index() {
    let workspace = Workspace::of(&[
        ("index.js", "module.exports = require('./lib');\n"),
        ("lib/index.js", "export * from './a.mjs';\nconst b = await import('./b');\n"),
        (
            "lib/a.mjs",
            "import fs from 'node:fs';\nimport deep from '@scope/pkg/deep';\nimport 'lodash/fp';\n",
        ),
        ("lib/b.ts", "import { c } from './c.js';\nimport type { D } from './d';\n"),
        ("lib/c.ts", ""),
        ("lib/d.d.ts", ""),
        ("lib/lonely.js", "require(name); require('./missing'); require(`./a.mjs`);\n"),
        ("test/main.js", "const parse = require('../');\n"),
        ("test/ts.test.tsx", "import x = require('../lib/c');\nconst path = require.resolve('../lib/b');\n"),
    ]);
    assert_eq!(workspace.imports("lib/index.js"), ["lib/a.mjs", "lib/b.ts"]);
    assert_eq!(workspace.imports("lib/b.ts"), ["lib/c.ts", "lib/d.d.ts"]);
    assert_eq!(workspace.imports("lib/lonely.js"), Vec::<String>::new());
    assert_eq!(workspace.tests_reaching("lib/c.ts"), ["test/main.js", "test/ts.test.tsx"]);
    assert_eq!(workspace.external("lib/a.mjs"), ["@scope/pkg", "lodash", "node:fs"]);
    assert_eq!(workspace.external("test/main.js"), Vec::<String>::new());
}

#[test]
fn packages_of_the_workspace_are_no_strangers() {
    let workspace = Workspace::of(&[
        ("packages/a/src/index.ts", ""),
        ("packages/a/sub.js", ""),
        (
            "packages/b/test.js",
            "import a from '@me/a';\nimport sub from '@me/a/sub';\nimport self from 'b';\n",
        ),
        ("packages/b/entry.js", ""),
    ]);
    let package = |name: &str, folder: &str, main: Option<&str>| WorkspacePackage {
        name: name.to_owned(),
        folder: Some(path(folder)),
        main: main.map(path),
    };
    let packages =
        [package("@me/a", "packages/a", None), package("b", "packages/b", Some("packages/b/entry.js"))];
    let graph = ImportGraph::build_with(&workspace.snapshot, &workspace.parsed, &packages);
    let test = path("packages/b/test.js");
    assert_eq!(
        texts(graph.imports(&test)),
        ["packages/a/src/index.ts", "packages/a/sub.js", "packages/b/entry.js"]
    );
    let parsed = workspace.parsed.iter().find(|parsed| parsed.file().path == test).unwrap();
    assert_eq!(graph.external(parsed), BTreeSet::new());
    assert_eq!(workspace.external("packages/b/test.js"), ["@me/a", "b"]);
}

#[test]
fn rust_modules_hang_on_their_crate_and_tests_on_the_library() {
    let workspace = Workspace::of(&[
        (
            "src/lib.rs",
            "mod a;\npub mod b;\n#[cfg(unix)]\n#[path = \"odd/place.rs\"]\nmod c;\nmod inline { pub mod d; }\n",
        ),
        ("src/a.rs", "mod inner;\nuse crate::b::{self, Thing, deep::Leaf as L};\nuse anyhow::anyhow;\n"),
        ("src/a/inner.rs", "use super::super::b;\nuse super::*;\n"),
        (
            "src/b/mod.rs",
            "pub mod deep;\nuse std::fmt;\nuse deep::Leaf;\nuse serde::{Deserialize, de::Error};\n",
        ),
        ("src/b/deep.rs", "mod tests { use super::*; use super::super::x; }\n"),
        ("src/odd/place.rs", ""),
        ("src/inline/d.rs", ""),
        ("src/orphan.rs", ""),
        ("src/main.rs", "extern crate clap;\nfn main() {}\n"),
        ("tests/all.rs", "mod common;\nuse demo::b;\nuse Kind::*;\n"),
        ("tests/common/mod.rs", "use tempfile as t;\n"),
    ]);
    assert_eq!(
        workspace.imports("src/lib.rs"),
        ["src/a.rs", "src/b/mod.rs", "src/inline/d.rs", "src/odd/place.rs"]
    );
    assert_eq!(workspace.imports("src/a.rs"), ["src/a/inner.rs", "src/b/deep.rs", "src/b/mod.rs"]);
    assert_eq!(workspace.imports("src/a/inner.rs"), ["src/a.rs", "src/b/mod.rs"]);
    assert_eq!(workspace.imports("src/b/deep.rs"), ["src/b/mod.rs"]);
    assert_eq!(workspace.imports("tests/all.rs"), ["src/lib.rs", "src/main.rs", "tests/common/mod.rs"]);
    assert_eq!(workspace.tests_reaching("src/inline/d.rs"), ["tests/all.rs"]);
    assert_eq!(workspace.tests_reaching("src/orphan.rs"), Vec::<String>::new());
    assert_eq!(workspace.external("src/a.rs"), ["anyhow"]);
    assert_eq!(workspace.external("src/b/mod.rs"), ["serde"]);
    assert_eq!(workspace.external("src/main.rs"), ["clap"]);
    assert_eq!(workspace.external("tests/all.rs"), ["demo"]);
    assert_eq!(workspace.external("tests/common/mod.rs"), ["tempfile"]);
}

#[test]
fn crates_of_one_workspace_know_each_other_by_name() {
    let workspace = Workspace::of(&[
        ("core/src/lib.rs", "mod noun;\n"),
        ("core/src/noun.rs", ""),
        ("app/src/lib.rs", "use my_core::noun::Noun;\n"),
        ("app/tests/it.rs", "use app::run;\n"),
    ]);
    let package = |name: &str, folder: &str| WorkspacePackage {
        name: name.to_owned(),
        folder: Some(path(folder)),
        main: None,
    };
    let packages = [package("my-core", "core"), package("app", "app")];
    let graph = ImportGraph::build_with(&workspace.snapshot, &workspace.parsed, &packages);
    assert_eq!(texts(graph.imports(&path("app/src/lib.rs"))), ["core/src/noun.rs"]);
    assert_eq!(
        texts(graph.tests_reaching(&path("core/src/noun.rs"), &workspace.snapshot)),
        ["app/tests/it.rs"]
    );
}

#[test]
fn circles_and_unknown_files_are_no_trouble() {
    let workspace = Workspace::of(&[("a.py", "import b, a\n"), ("b.py", "import a\n")]);
    assert_eq!(texts(workspace.graph().dependents(&path("a.py"))), ["a.py", "b.py"]);
    assert_eq!(texts(workspace.graph().dependents(&path("new.py"))), ["new.py"]);
    let looped = Workspace::of(&[
        ("src/lib.rs", "#[path = \"m.rs\"] mod m;\n"),
        ("src/m.rs", "#[path = \"m.rs\"] mod m;\n"),
    ]);
    assert_eq!(looped.imports("src/lib.rs"), ["src/m.rs"]);
}
