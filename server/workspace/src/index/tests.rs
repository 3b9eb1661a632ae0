//! The index at its borders: what is read, what is recalled, what is left out, and what leaves it again.

use super::*;
use hephaestus_syntax::Position;
use std::fs;

/// A Python goal: two `if`s that could be one.
const NESTED: &str = "class A:\n    if a:\n        if b:\n            g()\n";
/// A JavaScript goal.
const DATE: &str = "const now = new Date().getTime();\n";

struct Project {
    folder: tempfile::TempDir,
    registry: Registry,
    config: Config,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
            registry: Registry::open_in_memory().unwrap(),
            config: Config::default(),
        };
        for (path, text) in files {
            project.write(path, text.as_bytes());
        }
        project
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.folder.path().join(path)).unwrap();
    }

    fn index(&self) -> Index {
        Index::open(self.folder.path(), &self.config, Encoding::Utf16, self.registry.clone()).unwrap()
    }

    /// A filled index.
    fn filled(&self) -> Index {
        let mut index = self.index();
        refresh(&mut index);
        index
    }
}

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

/// What was reported, and each file that was told with its number of goals (`None`: gone).
type Told = Vec<(String, Option<usize>)>;

fn telling(work: impl FnOnce(&mut OnFile<'_>) -> Refreshed) -> (Refreshed, Told) {
    let mut told = Told::new();
    let report = work(&mut |path, facts| told.push((path.to_string(), facts.map(|facts| facts.goals.len()))));
    told.sort();
    (report, told)
}

fn refresh(index: &mut Index) -> (Refreshed, Told) {
    telling(|on_file| index.refresh(&CancelToken::new(), &mut || {}, on_file).unwrap())
}

fn refresh_some(index: &mut Index, paths: &[&str]) -> (Refreshed, Told) {
    let paths: Vec<RelPath> = paths.iter().map(|text| path(text)).collect();
    telling(|on_file| index.refresh_some(&paths, &CancelToken::new(), &mut || {}, on_file).unwrap())
}

fn told(path: &str, goals: usize) -> (String, Option<usize>) {
    (path.to_owned(), Some(goals))
}

fn counts(report: &Refreshed) -> [usize; 4] {
    [report.unchanged, report.recalled, report.parsed, report.removed]
}

fn names(index: &Index) -> Vec<&str> {
    index.files().map(|(path, _)| path.as_str()).collect()
}

#[test]
fn every_language_is_indexed_and_goals_have_places() {
    let project = Project::new(&[("a.py", NESTED), ("b.js", DATE), ("c.py", "x = 1\n")]);
    let mut index = project.index();
    let (report, files) = refresh(&mut index);
    assert_eq!(counts(&report), [0, 0, 3, 0]);
    assert_eq!(files, [told("a.py", 1), told("b.js", 1), told("c.py", 0)]);
    let goal = &index.file(&path("a.py")).unwrap().goals[0];
    assert_eq!(goal.kind.as_str(), "simplify");
    assert_eq!(&*goal.rule, "python/collapse-nested-if");
    assert_eq!((goal.start, goal.symbol.as_deref()), (Position { line: 1, character: 4 }, Some("A")));
    assert_eq!(goal.range.slice(NESTED), Some("if a:\n        if b:\n            g()"));
}

#[test]
fn characters_are_counted_as_agreed() {
    let text = "x = ['😀', Date.now(), new Date().getTime()];\n";
    let project = Project::new(&[("b.js", text)]);
    let start = |encoding| {
        let mut index =
            Index::open(project.folder.path(), &project.config, encoding, project.registry.clone()).unwrap();
        let (report, _) = refresh(&mut index);
        assert_eq!(report.recalled, 0, "the other encoding's facts are not taken");
        index.file(&path("b.js")).unwrap().goals[0].start.character
    };
    let utf8 = start(Encoding::Utf8);
    assert_eq!(utf8 as usize, text.find("new").unwrap());
    assert_eq!((start(Encoding::Utf16), start(Encoding::Utf32)), (utf8 - 2, utf8 - 3));
}

#[test]
fn a_second_start_reads_from_the_cache_and_says_the_same() {
    let project = Project::new(&[("a.py", NESTED), ("b.js", DATE), ("c.py", "x = 1\n")]);
    let first = project.filled();
    let mut second = project.index();
    let (report, files) = refresh(&mut second);
    assert_eq!((counts(&report), files.len()), ([0, 3, 0, 0], 3));
    assert!(first.files().eq(second.files()));
    assert_eq!(counts(&refresh(&mut second).0), [3, 0, 0, 0], "and a third look changes nothing");
}

#[test]
fn other_settings_and_rules_do_not_take_the_cached_facts() {
    let mut project = Project::new(&[("a.py", NESTED)]);
    project.filled();
    project.config.goals.ignore = vec!["python/*".to_owned()];
    assert_eq!(refresh(&mut project.index()).1, [told("a.py", 0)]);
    project.config.goals.ignore.clear();
    project.write("sgconfig.yml", b"ruleDirs: [rules]\n");
    project.write("rules/g.yml", b"id: no-g\nlanguage: Python\nrule: {pattern: g()}\nfix: h()\n");
    let (report, files) = refresh(&mut project.index());
    assert_eq!((report.parsed, files), (1, vec![told("a.py", 2)]));
}

#[test]
fn damaged_cache_entries_are_derived_anew() {
    let project = Project::new(&[("a.py", NESTED)]);
    project.filled();
    let index = project.index();
    let hash = ContentHash::of(NESTED.as_bytes());
    let key = ContentHash::of_parts([index.context.as_str(), "a.py", "python", hash.as_str()]);
    assert!(project.registry.cache_get(NAMESPACE, key.as_str()).unwrap().is_some());
    project.registry.cache_put(NAMESPACE, key.as_str(), b"[[1,2").unwrap();
    let (report, files) = refresh(&mut project.index());
    assert_eq!((report.parsed, files), (1, vec![told("a.py", 1)]));
}

#[test]
fn a_changed_file_is_looked_at_again_and_its_old_text_is_still_known() {
    let project = Project::new(&[("a.py", NESTED), ("b.py", "x = 1\n")]);
    let mut index = project.filled();
    project.write("a.py", b"x = 2\n");
    let (report, files) = refresh_some(&mut index, &["a.py"]);
    assert_eq!((counts(&report), files), ([0, 0, 1, 0], vec![told("a.py", 0)]));
    project.write("a.py", NESTED.as_bytes());
    let (report, files) = refresh(&mut index);
    assert_eq!((counts(&report), files), ([1, 1, 0, 0], vec![told("a.py", 1)]));
}

#[test]
fn new_and_removed_files_come_and_go() {
    let project = Project::new(&[("a.py", NESTED), ("sub/b.py", NESTED), ("sub/c.py", NESTED)]);
    let mut index = project.filled();
    project.remove("a.py");
    project.write("sub/d.py", NESTED.as_bytes());
    let (report, files) = refresh_some(&mut index, &["a.py", "sub/d.py"]);
    assert_eq!(counts(&report), [0, 0, 1, 1]);
    assert_eq!(files, [("a.py".to_owned(), None), told("sub/d.py", 1)]);
    fs::remove_dir_all(project.folder.path().join("sub")).unwrap();
    assert_eq!(refresh_some(&mut index, &["sub"]).0.removed, 3);
    assert!(names(&index).is_empty());
}

#[test]
fn what_is_excluded_or_ignored_stays_out_whoever_names_it() {
    let mut project = Project::new(&[
        ("a.py", NESTED),
        ("skip/b.py", NESTED),
        ("ignored/c.py", NESTED),
        ("node_modules/d.js", DATE),
        (".gitignore", "ignored/\n"),
    ]);
    project.config.goals.exclude = vec!["skip".to_owned()];
    let mut index = project.filled();
    assert_eq!(names(&index), ["a.py"]);
    let (report, files) = refresh_some(&mut index, &["skip/b.py", "ignored/c.py", "node_modules/d.js"]);
    assert_eq!((report, files), (Refreshed::default(), Told::new()));
    project.write(".gitignore", b"a.py\n");
    assert_eq!(
        refresh_some(&mut index, &[".gitignore"]).1,
        [("a.py".to_owned(), None), told("ignored/c.py", 1)]
    );
}

#[test]
fn tests_have_goals_only_when_that_is_wanted() {
    let mut project = Project::new(&[("tests/test_a.py", NESTED)]);
    let (report, files) = refresh(&mut project.index());
    assert_eq!((report.parsed, files), (0, vec![told("tests/test_a.py", 0)]));
    project.config.goals.include_tests = true;
    assert_eq!(refresh(&mut project.index()).1, [told("tests/test_a.py", 1)]);
}

#[test]
fn what_cannot_be_read_is_told_and_leaves_the_index() {
    let project = Project::new(&[("a.py", NESTED), ("b.py", NESTED)]);
    let mut index = project.filled();
    project.write("a.py", b"x = '\xe9'\n");
    let (report, files) = refresh(&mut index);
    assert_eq!((report.notices.len(), report.removed), (1, 1));
    assert_eq!(report.notices[0].path, Some(path("a.py")));
    assert_eq!(files, [("a.py".to_owned(), None)]);
    // A syntax error is no reason to leave a file out.
    project.write("a.py", format!("def (:\n\n\n{NESTED}").as_bytes());
    assert_eq!(refresh(&mut index).1, [told("a.py", 1)]);
}

#[test]
fn a_cancelled_refresh_keeps_what_it_had_and_forgets_nothing() {
    let project = Project::new(&[("a.py", NESTED), ("b.py", NESTED)]);
    let mut index = project.filled();
    project.remove("a.py");
    project.write("b.py", b"x = 1\n");
    let cancel = CancelToken::new();
    cancel.cancel();
    let (report, files) = telling(|on_file| index.refresh(&cancel, &mut || {}, on_file).unwrap());
    assert_eq!((report.cancelled, counts(&report), files), (true, [0; 4], Told::new()));
    assert_eq!(names(&index), ["a.py", "b.py"]);
}

#[test]
fn a_refresh_can_be_cancelled_from_its_pace_and_goes_on_later() {
    let files: Vec<(String, String)> =
        (0..20).map(|n| (format!("f{n}.py"), format!("# {n}\n{NESTED}"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let project = Project::new(&files);
    let (cancel, mut calls) = (CancelToken::new(), 0);
    let mut pace = || {
        calls += 1;
        if calls == 30 {
            cancel.cancel();
        }
    };
    let mut index = project.index();
    let (first, _) = telling(|on_file| index.refresh(&cancel, &mut pace, on_file).unwrap());
    assert!(first.cancelled && first.parsed > 0 && first.parsed < 20, "{first:?}");
    let (report, _) = refresh(&mut project.index());
    assert_eq!(report.recalled, first.parsed, "what was derived is kept");
    assert_eq!(report.parsed, 20 - first.parsed);
}
