//! The lab of switches on a small Go module with everything that is hard to switch: its verdicts are those of plain edits.
//! Needs Go and `sh`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on shall fail")]

use hephaestus_core::{
    CancelToken, Edit, LanguageId, RelPath, SandboxSettings, Snapshot, SourceFile, TestSettings,
};
use hephaestus_harness::Suite;
use hephaestus_harness::lab::{Job, JobEnd, JobOutcome, Lab, LabSubject, PlainLab, SwitchLab, Variant};
use hephaestus_harness::runners::{Facts, Programs};
use hephaestus_harness::sandbox::{HelperCommand, Sandbox};
use hephaestus_syntax::Languages;
use std::collections::BTreeMap;
use tempfile::TempDir;

/// `«old|new|verdict»`: a variant and what the tests say of it.
const SMALL: &str = r#"package small

import (
    "os"
    "strings"
)

type flag bool

var names = map[string]int{"one": «1|2|killed», "two": «2|3|survived»}

var limit = double(«5|6|killed»)

func double(value int) int {
    return value «*|+|killed» 2
}

func largest(values []int) (best int, ok flag) {
    for at, value := range values {
        if at == 0 || value «>|<|killed» best {
            «best = value||killed»
        }
        ok = flag(best «==|!=|killed» best)
    }
    return
}

func length(text string) int {
    count := «strings.Count(text, "")|len(text)|unviable»
    count «-=|+=|killed» 1
    return count
}

func sign(value int) string {
    switch {
    case value «<|<=|survived» 0:
        return «"minus"|""|killed»
    case value > 0:
        text := "pl" + «"us"|""|killed»
        return text
    default:
        return "zero"
    }
}

func search(values [][]int, wanted int) int {
outer:
    for row := range values {
        for _, value := range values[row] {
            if value == wanted {
                continue outer
            }
            if value «>|<|killed» wanted {
                return row
            }
        }
    }
    return «-1|1|killed»
}

func unused(value int) int {
    other := value
    return «value + other|value|unviable»
}

func endless(value int) int {
    for value != 3 {
        «value++||timeout»
    }
    return value
}

func nobody(value int) int {
    return value «+|-|unreached» 1
}

func leave(value int) int {
    if value «==|!=|killed» 0 {
        os.Exit(3)
    }
    return value
}

func forever(value int) int {
    for {
        if value > 3 {
            return value
        }
        value «+=|-=|timeout» 1
    }
}
"#;

const TESTS: &str = r#"package small

import (
    "fmt"
    "testing"
)

func TestDouble(t *testing.T) {
    if double(3) != 6 || limit != 10 || names["one"] != 1 {
        t.Error("not doubled")
    }
}

func TestLargest(t *testing.T) {
    if best, ok := largest([]int{1, 3, 2}); best != 3 || !bool(ok) {
        t.Fatal(best)
    }
}

func TestLength(t *testing.T) {
    for _, text := range []string{"ab", "abc"} {
        t.Run(text, func(t *testing.T) {
            t.Parallel()
            if length(text) == 0 {
                t.Error("empty")
            }
        })
    }
    if length("abc") != 3 {
        t.Error("wrong")
    }
}

func ExampleSign() {
    fmt.Println(sign(-1), sign(1))
    // Output: minus plus
}

func TestSearch(t *testing.T) {
    if search([][]int{{1, 2}, {1, 5}}, 2) != 1 || search(nil, 1) != -1 {
        t.Error("not found")
    }
}

func TestLeave(t *testing.T) {
    if unused(1) != 2 || leave(4) != 4 {
        t.Error("left")
    }
}

func TestEnds(t *testing.T) {
    if endless(1) != 3 || forever(1) != 4 {
        t.Error("no end")
    }
}

func TestRed(t *testing.T) {
    t.Error("always")
}
"#;

/// The text without marks, the variants and what is expected of each.
fn unmarked(marked: &str) -> (String, Vec<(Edit, String)>) {
    let (mut text, mut edits) = (String::new(), Vec::new());
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once('«') {
        let (inside, after) = after.split_once('»').unwrap();
        let mut words = inside.rsplitn(3, '|');
        let (verdict, new, old) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        text.push_str(before);
        edits.push((Edit::new(text.len()..text.len() + old.len(), new), verdict.to_owned()));
        text.push_str(old);
        rest = after;
    }
    text.push_str(rest);
    (text, edits)
}

struct Small {
    _folder: TempDir,
    snapshot: Snapshot,
    variants: Vec<Variant>,
    expected: Vec<String>,
}

fn small() -> Small {
    let folder = TempDir::new().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::write(root.join("go.mod"), "module example.org/small\n\ngo 1.16\n").unwrap();
    let (text, edits) = unmarked(SMALL);
    let mut snapshot = Snapshot { root: root.clone(), ..Snapshot::default() };
    for (path, text) in [("small.go", text.as_str()), ("small_test.go", TESTS)] {
        std::fs::write(root.join(path), text).unwrap();
        let file = RelPath::new(path).unwrap();
        let source = SourceFile::new(file, LanguageId::new("go"), text, path.ends_with("_test.go"));
        snapshot = snapshot.with_file(source);
    }
    let file = RelPath::new("small.go").unwrap();
    let (variants, expected) = (100..)
        .zip(edits)
        .map(|(id, (edit, verdict))| (Variant { id, file: file.clone(), edits: vec![edit] }, verdict))
        .unzip();
    Small { _folder: folder, snapshot, variants, expected }
}

fn verdict(outcome: &JobOutcome) -> &'static str {
    match outcome.end {
        JobEnd::Ran if outcome.failed.is_empty() => "survived",
        JobEnd::Ran => "killed",
        JobEnd::TimedOut => "timeout",
        JobEnd::Unviable(_) => "unviable",
        JobEnd::Broken(_) => "broken",
    }
}

/// What becomes of each variant.
fn verdicts(lab: &mut dyn Lab, variants: &[Variant]) -> BTreeMap<u32, &'static str> {
    let mut verdicts = BTreeMap::new();
    let mut jobs = Vec::new();
    for variant in variants {
        let tests = lab.reaching(variant.id);
        if tests.is_empty() {
            verdicts.insert(variant.id, "unreached");
        } else {
            jobs.push(Job { variant: variant.id, tests, stop_at_first: true });
        }
    }
    let mut done = |outcome: JobOutcome| {
        verdicts.insert(outcome.variant, verdict(&outcome));
    };
    lab.run(&jobs, &CancelToken::new(), &mut done).unwrap();
    verdicts
}

#[test]
fn every_verdict_is_that_of_a_plain_edit() {
    let small = small();
    let helper = HelperCommand { program: env!("CARGO_BIN_EXE_hephaestus-sandbox").into(), args: Vec::new() };
    let sandbox = Sandbox::new(helper, SandboxSettings::default());
    let runners = hephaestus_harness::runners::all().unwrap();
    let runner = runners.iter().find(|runner| runner.name == "go-test").unwrap();
    let (root, facts) = (&small.snapshot.root, Facts::gather(&small.snapshot));
    let suite = Suite::new(runner.clone(), Programs::of(root), &facts, TestSettings::default());
    let subject = || LabSubject {
        sandbox: &sandbox,
        suite: &suite,
        snapshot: &small.snapshot,
        languages: Languages::builtin().unwrap(),
        layers: vec![],
        slots: 2,
        known: None,
    };
    let cancel = CancelToken::new();
    let mut lab = SwitchLab::open(&subject(), small.variants.clone(), &cancel).unwrap();
    let placed = lab.placed();
    let ids: Vec<&str> = lab.facts().tests.iter().map(|test| test.id.as_str()).collect();
    assert!(ids.contains(&"example.org/small.ExampleSign"), "{ids:?}");
    assert_eq!((ids.len(), lab.facts().red.len()), (7, 1), "{:?}", lab.facts());
    assert!(placed.alone <= 2, "{placed:?}");
    let sign = lab.facts().tests.iter().find(|test| test.id.ends_with("ExampleSign")).unwrap();
    let lines = &sign.lines[&RelPath::new("small.go").unwrap()];
    assert!(lines.contains(&38) && !lines.contains(&16), "{lines:?}");
    let seen = verdicts(&mut lab, &small.variants);
    for (variant, expected) in small.variants.iter().zip(&small.expected) {
        assert_eq!(seen[&variant.id], expected, "{:?}: {placed:?}", variant.edits);
    }
    // What can be seen without waiting for an end that never comes, and is not about which tests there are.
    let quick = |expected: &&(&Variant, &String)| ["killed", "unviable"].contains(&expected.1.as_str());
    let all: Vec<(&Variant, &String)> = small.variants.iter().zip(&small.expected).collect();
    let few: Vec<Variant> =
        all.iter().filter(quick).step_by(4).map(|(variant, _)| (*variant).clone()).collect();
    let mut plain = PlainLab::open(&subject(), &few, &cancel).unwrap();
    let plainly = verdicts(&mut plain, &few);
    // Where the process ends in the middle, the plain way does not know what that means.
    let known = plainly.iter().filter(|(_, verdict)| **verdict != "broken");
    assert!(known.clone().count() >= 3, "{plainly:?}");
    for (id, verdict) in known {
        assert_eq!(*verdict, seen[id], "{id}: {plainly:?}");
    }
}
