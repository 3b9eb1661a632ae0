//! Examples and properties as tests: which file each is about, what has to be imported, and the cases that the test writer
//! takes. Writes no test itself and runs none.

use super::inputs::Inputs;
use super::phrases::Phrases;
use super::targets::sources;
use crate::open::Workspace;
use crate::overlay::patched;
use hephaestus_core::{Patch, RelPath, Snapshot};
use hephaestus_directive::{Directive, Example, Expected, Holds, LineKind, Property};
use hephaestus_mutation::test_writer::{self, Case, Mark, WriteRequest};
use std::collections::{BTreeMap, BTreeSet};

/// A line of a directive that becomes a test.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) kind: LineKind,
    /// Which of its sort.
    pub(super) index: usize,
    /// The file under test.
    pub(super) subject: RelPath,
    symbols: Vec<String>,
    preamble: Vec<String>,
    case: Case,
}

/// The tests of a directive.
#[derive(Debug, Default)]
pub(super) struct Tests {
    /// What puts them there.
    pub(super) patch: Patch,
    /// Their files.
    pub(super) files: BTreeSet<RelPath>,
    /// The test of each line; `None` for the name where one that says the same is there already.
    pub(super) of_line: BTreeMap<(LineKind, usize), (RelPath, Option<String>)>,
}

/// A line for which no test can be written, by its kind and number, and why.
pub(super) type Unplanned = ((LineKind, usize), String);

/// Plans a test for every example and property; tells for which that cannot be done, and why.
pub(super) fn plan(
    workspace: &Workspace,
    directive: &Directive,
    files: &BTreeSet<RelPath>,
    seed: u64,
) -> (Vec<Planned>, Vec<Unplanned>) {
    let planner = Planner { workspace, files };
    let (mut planned, mut problems) = (Vec::new(), Vec::new());
    let mut take = |kind, index, made: Result<Planned, String>| match made {
        Ok(own) => planned.push(own),
        Err(problem) => problems.push(((kind, index), problem)),
    };
    for (index, example) in directive.examples.iter().enumerate() {
        take(LineKind::Example, index, planner.example(index, example));
    }
    for (index, property) in directive.properties.iter().enumerate() {
        if let Holds::Condition(condition) = &property.holds.value {
            let seed = seed.wrapping_add(index as u64);
            take(LineKind::Property, index, planner.property(index, property, condition, seed));
        }
    }
    (planned, problems)
}

/// Writes the tests for `runner`; what comes is against the workspace's snapshot.
///
/// # Errors
/// A sentence that says why they cannot be written.
pub(super) fn write(
    workspace: &Workspace,
    planned: &[Planned],
    runner: &str,
    directive: &str,
) -> Result<Tests, String> {
    let mut tests = Tests::default();
    let mut snapshot = workspace.snapshot.clone();
    let mark = Mark::Directive(directive.to_owned());
    let subjects: BTreeSet<&RelPath> = planned.iter().map(|own| &own.subject).collect();
    for subject in subjects {
        let own: Vec<&Planned> = planned.iter().filter(|own| own.subject == *subject).collect();
        let language = snapshot.file(subject).map(|file| file.language.clone());
        let language = language.ok_or_else(|| format!("{subject} is not there"))?;
        let gathered = |of: fn(&Planned) -> &Vec<String>| -> Vec<String> {
            own.iter().flat_map(|own| of(own)).cloned().collect::<BTreeSet<_>>().into_iter().collect()
        };
        let cases: Vec<Case> = own.iter().map(|own| own.case.clone()).collect();
        let written = test_writer::write(&WriteRequest {
            runner,
            language: &language,
            subject,
            symbols: &gathered(|own| &own.symbols),
            preamble: &gathered(|own| &own.preamble),
            cases: &cases,
            mark: &mark,
            snapshot: &snapshot,
            languages: workspace.languages,
            imports: &workspace.imports,
        })
        .map_err(|error| error.to_string())?;
        snapshot = patched(&snapshot, &written.patch, workspace.languages)?;
        tests.files.insert(written.file.clone());
        for (own, name) in own.iter().zip(written.tests) {
            tests.of_line.insert((own.kind, own.index), (written.file.clone(), name));
        }
    }
    tests.patch = changes(workspace, &snapshot, &tests.files)?;
    Ok(tests)
}

fn changes(workspace: &Workspace, snapshot: &Snapshot, files: &BTreeSet<RelPath>) -> Result<Patch, String> {
    crate::overlay::between(&workspace.snapshot, snapshot, files)
}

struct Planner<'a> {
    workspace: &'a Workspace,
    /// The files the directive is about.
    files: &'a BTreeSet<RelPath>,
}

/// Where an expression's names come from.
struct Source {
    subject: RelPath,
    symbols: Vec<String>,
    preamble: Vec<String>,
    phrases: Phrases,
}

impl Planner<'_> {
    fn example(&self, index: usize, example: &Example) -> Result<Planned, String> {
        let call = example.call.as_str();
        let value = if let Expected::Value(value) = &example.expected { value.as_str() } else { "" };
        let source = self.source(&[call, value], &[])?;
        let (expected, words) = match &example.expected {
            Expected::Value(value) => {
                (test_writer::Expected::Value(value.value.clone()), format!("gives {}", value.value))
            }
            Expected::Error(error) => {
                let kind = example.expected.error_parts().map(|(kind, _)| kind.to_owned());
                (test_writer::Expected::Error(kind), format!("raises {}", error.value))
            }
        };
        let name = example.name.as_ref().map_or_else(|| format!("{call} {words}"), |name| name.value.clone());
        let case = Case::new(name, call, expected);
        Ok(source.planned(LineKind::Example, index, case))
    }

    fn property(&self, index: usize, property: &Property, holds: &str, seed: u64) -> Result<Planned, String> {
        let variables: Vec<&str> = property.forall.iter().map(|own| own.name.as_str()).collect();
        if variables.is_empty() {
            return Err("it says for nothing that it shall hold: add a variable to `forall`".to_owned());
        }
        let assume = property.assume.as_ref().map(|assume| assume.as_str());
        let mut source = self.source(&[holds, assume.unwrap_or_default()], &variables)?;
        let phrases = &source.phrases;
        let inputs = Inputs::of(&property.forall, seed, phrases);
        let call = phrases.property.call(&variables, assume, holds);
        let words = || format!("for every {}: {holds}", variables.join(" and "));
        let name = property.name.as_ref().map_or_else(words, |name| name.value.clone());
        let none = test_writer::Expected::Value(phrases.property.none.clone());
        let mut case = Case::new(name, call, none);
        case.setup = phrases.property.setup(&inputs);
        source.preamble.extend(phrases.property.needs.clone());
        Ok(source.planned(LineKind::Property, index, case))
    }

    /// Finds the file that defines what the expressions name, and what of it has to be imported.
    fn source(&self, expressions: &[&str], bound: &[&str]) -> Result<Source, String> {
        let words: Vec<Word> = expressions.iter().flat_map(|text| words(text)).collect();
        let free: Vec<&Word> = words.iter().filter(|word| !bound.contains(&word.name.as_str())).collect();
        let subject = self.subject(&free)?;
        let file = self.workspace.snapshot.file(&subject).ok_or_else(|| format!("{subject} is not there"))?;
        let phrases = Phrases::of(self.workspace.languages, &file.language)?;
        let defined = self.defined_in(&subject);
        let whole = whole_name(&free, &defined).filter(|name| phrases.is_whole(&file.text, name));
        let mut symbols = BTreeSet::new();
        let mut preamble = BTreeSet::new();
        for word in free.iter().filter(|word| !word.after_dot) {
            let name = word.name.as_str();
            if whole == Some(name) {
                symbols.insert(format!("default {name}"));
            } else if defined.contains(name) {
                symbols.insert(name.to_owned());
            } else if word.before_dot && self.is_module(name) {
                preamble.extend(phrases.import_of(name));
            }
        }
        Ok(Source {
            subject,
            symbols: symbols.into_iter().collect(),
            preamble: preamble.into_iter().collect(),
            phrases,
        })
    }

    /// The first file that defines a name that is used, target files before others; else the first target file.
    fn subject(&self, words: &[&Word]) -> Result<RelPath, String> {
        let others = sources(self.workspace).filter(|path| !self.files.contains(*path));
        let candidates: Vec<&RelPath> = self.files.iter().chain(others).collect();
        let defining = |after_dot: bool| {
            candidates.iter().find(|path| {
                let defined = self.defined_in(path);
                words.iter().any(|word| word.after_dot == after_dot && defined.contains(word.name.as_str()))
            })
        };
        let found = defining(false).or_else(|| defining(true)).or_else(|| candidates.first());
        found
            .map(|path| (*path).clone())
            .ok_or_else(|| "there is no source file it could be about".to_owned())
    }

    /// The names that a file has at its top level.
    fn defined_in(&self, path: &RelPath) -> BTreeSet<String> {
        let Some(parsed) = self.workspace.parsed.get(path) else { return BTreeSet::new() };
        let first = |name: &str| name.split(['.', ':']).next().unwrap_or(name).to_owned();
        let functions = parsed.functions().iter().map(|own| first(&own.qualified));
        functions.chain(parsed.public_api().iter().map(|item| first(&item.name))).collect()
    }

    /// Whether a name is that of a module: a file or folder of the project, or something it imports from elsewhere.
    fn is_module(&self, name: &str) -> bool {
        let is_own = |path: &RelPath| {
            let parts = path.as_str().split('/').filter(|part| !matches!(*part, "src" | "lib"));
            parts.take(1).any(|part| part == name || part.split('.').next() == Some(name))
        };
        let imports = &self.workspace.imports;
        self.workspace.snapshot.files.keys().any(is_own)
            || self.workspace.parsed.values().any(|parsed| imports.external(parsed).contains(name))
    }
}

/// The name that stands for a module as a whole, where it is one thing: one that is defined there or, since it may have any
/// name, the first that is called; what begins with a capital letter is rather something of the language.
fn whole_name<'a>(words: &[&'a Word], defined: &BTreeSet<String>) -> Option<&'a str> {
    let free = || words.iter().filter(|word| !word.after_dot);
    let called = || free().filter(|word| word.is_called);
    let is_small = |word: &&&Word| word.name.starts_with(char::is_lowercase);
    let known = free().find(|word| defined.contains(word.name.as_str()));
    let found = known.or_else(|| called().find(is_small)).or_else(|| called().next());
    found.map(|word| word.name.as_str())
}

impl Source {
    fn planned(self, kind: LineKind, index: usize, case: Case) -> Planned {
        let Self { subject, symbols, preamble, .. } = self;
        Planned { kind, index, subject, symbols, preamble, case }
    }
}

/// A name in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    name: String,
    after_dot: bool,
    before_dot: bool,
    is_called: bool,
}

/// The names in an expression, texts left out.
fn words(expression: &str) -> Vec<Word> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let bare = without_texts(expression);
    let mut found = Vec::new();
    let mut rest = bare.as_str();
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        if !is_part(first) {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            before = if first.is_whitespace() { before } else { first };
            continue;
        }
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if !first.is_ascii_digit() {
            let next = after.trim_start();
            found.push(Word {
                name: name.to_owned(),
                after_dot: before == '.',
                before_dot: next.starts_with('.'),
                is_called: next.starts_with('('),
            });
        }
        (rest, before) = (after, ' ');
    }
    found
}

/// An expression with nothing between its quotes.
fn without_texts(expression: &str) -> String {
    let mut bare = String::new();
    let mut open: Option<char> = None;
    let mut escaped = false;
    for letter in expression.chars() {
        match open {
            Some(_) if escaped => escaped = false,
            Some(_) if letter == '\\' => escaped = true,
            Some(quote) if letter == quote => (open, bare) = (None, bare + " "),
            Some(_) => {}
            None if matches!(letter, '"' | '\'' | '`') => open = Some(letter),
            None => bare.push(letter),
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::OpenOptions;
    use hephaestus_core::CancelToken;
    use hephaestus_directive::parse;
    use std::fs;

    fn names(expression: &str) -> Vec<String> {
        words(expression).into_iter().map(|word| word.name).collect()
    }

    #[test]
    fn names_are_those_outside_of_texts() {
        assert_eq!(names("f('g(x)', \"h\\\"i\", k.m(2e3))"), ["f", "k", "m"]);
        let dotted = &words("a.b(c)")[..2];
        assert!(dotted[0].before_dot && dotted[1].after_dot && dotted[1].is_called);
    }

    /// What is written for a directive in a project of these files.
    fn written(files: &[(&str, &str)], runner: &str, directive: &str) -> (String, Tests) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        let workspace = Workspace::open(folder.path(), &OpenOptions::default(), &CancelToken::new()).unwrap();
        let text = format!("kind = \"fix\"\ngoal = \"g\"\n{directive}");
        let directive = parse(&text, &RelPath::new("mend.forge.toml").unwrap()).directive.unwrap();
        let about = super::super::targets::files(&workspace, &directive);
        let (planned, problems) = plan(&workspace, &directive, &about, 1);
        assert_eq!(problems, []);
        let tests = write(&workspace, &planned, runner, "mend").unwrap();
        let after = patched(&workspace.snapshot, &tests.patch, workspace.languages).unwrap();
        let text = tests.files.iter().filter_map(|path| after.file(path)).map(|file| file.text.to_string());
        (text.collect(), tests)
    }

    #[test]
    fn an_example_becomes_a_test_that_imports_what_it_names() {
        let example = "[[example]]\ncall = 'double(2)'\nvalue = '4'\n[[example]]\ncall = 'double(None)'\nerror = 'TypeError'\n";
        let files = [("src/calc.py", "def double(x):\n    return x\n"), ("src/other.py", "y = 1\n")];
        let (text, tests) = written(&files, "pytest", example);
        assert!(text.contains("from calc import double") && text.contains("double(2) == 4"), "{text}");
        assert!(text.contains("pytest.raises(TypeError)"), "{text}");
        assert_eq!(tests.of_line.len(), 2);
    }

    #[test]
    fn a_property_becomes_a_test_over_inputs() {
        let property = "[[property]]\nforall = { x = 'int 0..9' }\nassume = 'x > 1'\nholds = 'math.sqrt(x) < double(x)'\n";
        let (text, _) =
            written(&[("calc.py", "import math\n\ndef double(x):\n    return x\n")], "pytest", property);
        assert!(text.contains("import math") && text.contains("from calc import double"), "{text}");
        assert!(text.contains("for (x,) in cases if (x > 1) and not (math.sqrt(x) < double(x))"), "{text}");
    }

    #[test]
    fn a_module_that_is_one_function_is_imported_as_one() {
        let example =
            "[target]\nfiles = ['index.js']\n[[example]]\ncall = 'String(parse([1]))'\nvalue = '\"1\"'\n";
        let files = [("index.js", "module.exports = function (a) { return a[0]; };\n")];
        let (text, _) = written(&files, "node-test", example);
        assert!(text.contains("parse = require(") || text.contains("import parse from"), "{text}");
        assert!(!text.contains("String = require("), "{text}");
    }
}
