//! The test writer in each framework: where tests go, how they look, and that nothing is written twice.

use super::*;
use hephaestus_core::SourceFile;
use hephaestus_syntax::Parsed;
use std::sync::Arc;

/// A project of these files; what lies in a folder of tests is a test.
struct Project {
    snapshot: Snapshot,
    imports: ImportGraph,
}

impl Project {
    fn of(files: &[(&str, &str)]) -> Self {
        let languages = Languages::builtin().unwrap();
        let mut snapshot = Snapshot::default();
        for (path, text) in files {
            let path = RelPath::new(path).unwrap();
            let language = languages.detect(&path, text).unwrap().id().clone();
            let is_test = path.as_str().contains("test");
            snapshot.files.insert(path.clone(), Arc::new(SourceFile::new(path, language, *text, is_test)));
        }
        let trees: Vec<Parsed> = snapshot
            .files
            .values()
            .filter_map(|file| Parsed::new(languages.get(&file.language).unwrap(), Arc::clone(file)))
            .collect();
        let imports = ImportGraph::build(&snapshot, &trees);
        Self { snapshot, imports }
    }

    fn write(&self, runner: &str, subject: &str, symbols: &[&str], cases: &[Case], mark: &Mark) -> Written {
        let subject = RelPath::new(subject).unwrap();
        let symbols: Vec<String> = symbols.iter().map(|name| (*name).to_owned()).collect();
        let language = self.snapshot.file(&subject).unwrap().language.clone();
        let request = WriteRequest {
            runner,
            language: &language,
            subject: &subject,
            symbols: &symbols,
            preamble: &[],
            cases,
            mark,
            snapshot: &self.snapshot,
            languages: Languages::builtin().unwrap(),
            imports: &self.imports,
        };
        write(&request).unwrap()
    }

    fn text(&self, written: &Written) -> String {
        let old = self.snapshot.file(&written.file).map(|file| file.text.as_ref());
        written.patch.apply_to(&written.file, old).unwrap().unwrap()
    }

    /// The project with the patch in it.
    fn with(&self, written: &Written) -> Self {
        let files: Vec<(String, String)> = self
            .snapshot
            .files
            .values()
            .filter(|file| file.path != written.file)
            .map(|file| (file.path.as_str().to_owned(), file.text.to_string()))
            .chain([(written.file.as_str().to_owned(), self.text(written))])
            .collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        Self::of(&files)
    }
}

fn value(name: &str, call: &str, value: &str) -> Case {
    Case::new(name, call, Expected::Value(value.to_owned()))
}

fn cases() -> Vec<Case> {
    vec![
        value("f returns an empty list when there is nothing", "f([])", "[]"),
        Case::new("f raises ValueError for None", "f(None)", Expected::Error(Some("ValueError".to_owned()))),
    ]
}

const NUMBER: &str = "def f(x):\n    return x\n";

#[test]
fn pytest_gets_functions_beside_its_other_tests() {
    let project = Project::of(&[
        ("src/pkg/__init__.py", ""),
        ("src/pkg/number.py", NUMBER),
        ("tests/test_number.py", "from pkg.number import f\n\n\ndef test_f():\n    assert f(1) == 1\n"),
    ]);
    let written = project.write("pytest", "src/pkg/number.py", &["f"], &cases(), &Mark::Characterisation);
    assert_eq!(written.file.as_str(), "tests/test_number_characterisation.py");
    let text = project.text(&written);
    assert!(text.starts_with("# Characterisation tests of src/pkg/number.py"), "{text}");
    let tests = "\
import pytest

from pkg.number import f


def test_f_returns_an_empty_list_when_there_is_nothing():
    assert f([]) == []


def test_f_raises_valueerror_for_none():
    with pytest.raises(ValueError):
        f(None)
";
    assert!(text.ends_with(tests), "{text}");
    assert!(written.is_test(1, "tests.test_number_characterisation::test_f_raises_valueerror_for_none"));
    assert!(!written.is_test(0, "tests.test_number_characterisation::test_f_raises_valueerror_for_none"));
}

#[test]
fn writing_twice_writes_nothing_more() {
    let project =
        Project::of(&[("pkg/__init__.py", ""), ("pkg/a.py", NUMBER), ("tests/test_b.py", "import pkg\n")]);
    let mark = Mark::Characterisation;
    let once = project.write("pytest", "pkg/a.py", &["f"], &cases(), &mark);
    let after = project.with(&once);
    let again = after.write("pytest", "pkg/a.py", &["f"], &cases(), &mark);
    assert!(again.patch.is_empty() && again.tests.iter().all(Option::is_none));
    let more = [value("f returns an empty list when there is nothing", "f([0])", "[0]")];
    let more = after.write("pytest", "pkg/a.py", &["f"], &more, &mark);
    let text = after.text(&more);
    assert!(text.contains("def test_f_returns_an_empty_list_when_there_is_nothing_2():"), "{text}");
    assert_eq!(text.matches("from pkg.a import f").count(), 1, "{text}");
}

#[test]
fn a_directives_examples_join_the_tests_of_the_file() {
    let old = "import math\n\nfrom pkg.a import g\n\n\ndef test_g():\n    assert g()\n";
    let project = Project::of(&[("pkg/__init__.py", ""), ("pkg/a.py", NUMBER), ("tests/test_a.py", old)]);
    let written =
        project.write("pytest", "pkg/a.py", &["f"], &cases(), &Mark::Directive("round-half".to_owned()));
    let text = project.text(&written);
    assert_eq!(written.file.as_str(), "tests/test_a.py");
    assert!(
        text.starts_with("import math\n\nfrom pkg.a import g\nimport pytest\nfrom pkg.a import f\n"),
        "{text}"
    );
    assert!(text.contains("    # An example of the directive round-half.\n    assert f([]) == []"), "{text}");
}

#[test]
fn values_are_compared_as_fits_them() {
    let project = Project::of(&[("a.py", NUMBER)]);
    let cases = [
        value("a", "f(1)", "None"),
        value("b", "f(2)", "0.30000000000000004"),
        value("c", "f(3)", "2.5"),
        value("d", "f(4)", "-0.0"),
        value("e", "f(5)", "float(\"nan\")"),
        Case::new("h", "f(6)", Expected::Holds("f(6) in (1, 2)".to_owned())),
        Case::new("i", "f(7)", Expected::Error(None)),
    ];
    let text = project.text(&project.write("pytest", "a.py", &["f"], &cases, &Mark::Characterisation));
    for line in [
        "assert f(1) is None",
        "assert f(2) == pytest.approx(0.30000000000000004, rel=1e-9)",
        "assert f(3) == 2.5",
        "assert str(f(4)) == \"-0.0\"",
        "assert math.isnan(f(5))",
        "assert f(6) in (1, 2)",
        "with pytest.raises(Exception):\n        f(7)",
        "import math\nimport pytest\n\nfrom a import f\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn unittest_gets_a_class() {
    let project = Project::of(&[("a.py", NUMBER), ("test_b.py", "import unittest\n")]);
    let text = project.text(&project.write("unittest", "a.py", &["f"], &cases(), &Mark::Characterisation));
    let tests = "\
import unittest

from a import f


class TestACharacterisation(unittest.TestCase):
    def test_f_returns_an_empty_list_when_there_is_nothing(self):
        self.assertEqual(f([]), [])

    def test_f_raises_valueerror_for_none(self):
        with self.assertRaises(ValueError):
            f(None)
";
    assert!(text.ends_with(tests), "{text}");
}

#[test]
fn tape_is_written_in_the_style_of_its_neighbours() {
    let neighbour = "'use strict';\n\nvar parse = require('../');\nvar test = require('tape');\n\ntest('nums', function (t) {\n\tt.end();\n});\n";
    let project =
        Project::of(&[("index.js", "module.exports = function () {};\n"), ("test/num.js", neighbour)]);
    let cases = [value("parse gives '_' for 'x'", "parse(['x'])", "{ _: ['x'] }")];
    let written = project.write("tape", "index.js", &["default parse"], &cases, &Mark::Characterisation);
    assert_eq!(written.file.as_str(), "test/index-characterisation.js");
    let text = project.text(&written);
    let tests = "\
const test = require('tape');

const parse = require('../index.js');

test('parse gives \\'_\\' for \\'x\\'', function (t) {
\tt.deepEqual(parse(['x']), { _: ['x'] });
\tt.end();
});
";
    assert!(text.starts_with("'use strict';\n") && text.ends_with(tests), "{text}");
}

#[test]
fn modules_are_imported_as_modules() {
    let neighbour = "import { test } from 'node:test';\n";
    let project = Project::of(&[("lib/a.mjs", "export const f = x => x;\n"), ("test/b.test.mjs", neighbour)]);
    let cases = [
        value("f gives it back", "f(1)", "1"),
        Case::new("t", "f()", Expected::Error(Some("TypeError".into()))),
    ];
    let text =
        project.text(&project.write("node-test", "lib/a.mjs", &["f"], &cases, &Mark::Characterisation));
    for line in [
        "import { test } from 'node:test';",
        "import { f } from '../lib/a.mjs';",
        "  assert.deepStrictEqual(f(1), 1);",
        "  assert.throws(() => f(), TypeError);",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn rust_tests_stand_inside_or_beside_by_what_they_name() {
    let project = Project::of(&[("src/lib.rs", "fn f(x: i32) -> i32 {\n    x\n}\n"), ("tests/other.rs", "")]);
    let cases = [value("f gives 1 for 1", "f(1)", "1"), Case::new("panics", "f(2)", Expected::Error(None))];
    let inside = project.write("cargo-test", "src/lib.rs", &["f"], &cases, &Mark::Characterisation);
    let text = project.text(&inside);
    let tests = "\
#[cfg(test)]
mod characterisation {
    use super::*;

    #[test]
    fn f_gives_1_for_1() {
        // Characterisation: what it does today, not what it should do.
        assert_eq!(f(1), 1);
    }

    #[test]
    #[should_panic]
    fn panics() {
        // Characterisation: what it does today, not what it should do.
        let _ = f(2);
    }
}
";
    assert!(text.ends_with(tests), "{text}");
    let beside = project.write("cargo-nextest", "src/lib.rs", &["own::f"], &cases, &Mark::Characterisation);
    assert_eq!(beside.file.as_str(), "tests/lib_characterisation.rs");
    assert!(project.text(&beside).contains("use own::f;\n"));
}

#[test]
fn hostile_words_stay_words() {
    let project = Project::of(&[("a.py", NUMBER)]);
    let cases = [
        value("", "f('{call} {body}')", "'}{'"),
        value("12 über\n\"quoted\" \\ {name}", "f(0)", "0"),
        value("class", "f('x')", "'x'"),
    ];
    let text = project.text(&project.write("pytest", "a.py", &["f"], &cases, &Mark::Characterisation));
    assert!(text.contains("def test_case():\n    assert f('{call} {body}') == '}{'"), "{text}");
    assert!(text.contains("def test_case_12_ber_quoted_name():"), "{text}");
    let language = project.snapshot.files.values().next().unwrap().language.clone();
    let missing = RelPath::new("b.py").unwrap();
    let request = WriteRequest {
        runner: "nothing",
        language: &language,
        subject: &missing,
        symbols: &[],
        preamble: &[],
        cases: &[],
        mark: &Mark::Characterisation,
        snapshot: &project.snapshot,
        languages: Languages::builtin().unwrap(),
        imports: &project.imports,
    };
    assert_eq!(write(&request), Err(WriteError::NoFramework("nothing".to_owned())));
    assert_eq!(
        write(&WriteRequest { runner: "pytest", ..request }),
        Err(WriteError::NoSubject(missing.clone()))
    );
}

#[test]
fn every_runner_of_a_pack_writes_what_its_grammar_reads() {
    let languages = Languages::builtin().unwrap();
    for (path, text) in
        [("a.py", NUMBER), ("a.js", "exports.f = x => x;\n"), ("src/a.rs", "fn f(x: i32) -> i32 { x }\n")]
    {
        let project = Project::of(&[(path, text)]);
        let language = project.snapshot.files.values().next().unwrap().language.clone();
        let manner = data::manner(languages, &language).unwrap();
        for runner in manner.runners() {
            let written = project.write(runner, path, &["f"], &cases(), &Mark::Characterisation);
            let file = SourceFile::new(written.file.clone(), language.clone(), project.text(&written), true);
            let parsed = Parsed::new(languages.get(&language).unwrap(), Arc::new(file)).unwrap();
            assert!(parsed.error_ranges().is_empty(), "{runner}: {}", parsed.file().text);
        }
    }
}
