//! The lab of switches on a small crate with everything that is hard to switch: its verdicts are those of plain edits.
//! Needs a Rust toolchain and `sh`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on shall fail")]

use hephaestus_core::{
    CancelToken, ContentHash, Edit, LanguageId, Patch, RelPath, SandboxSettings, Snapshot, SourceFile,
    TestSettings,
};
use hephaestus_harness::Suite;
use hephaestus_harness::lab::{Job, JobEnd, JobOutcome, Lab, LabError, LabSubject, SwitchLab, Variant};
use hephaestus_harness::runners::{Facts, Programs};
use hephaestus_harness::sandbox::{HelperCommand, Sandbox, Step, StepStatus, View};
use hephaestus_syntax::Languages;
use std::collections::BTreeMap;
use std::time::Duration;
use tempfile::TempDir;

const SMALL: &str = "[package]\nname = \"small\"\nversion = \"1.2.3\"\nedition = \"2018\"\n";
const NEWER: &str = "[package]\nname = \"newer\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// `«old|new|verdict»`: a variant and what the tests say of it.
const LIB: &str = r#"//! A small crate.
#![no_std]
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]
extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

mod deep;
pub use deep::deep;

macro_rules! twice {
    ($value:expr) => {
        $value «*|+|killed» 2
    };
}

/// Constant.
pub const LIMIT: u32 = «10|11|killed»;

/// Generic.
pub fn largest<T: PartialOrd + Copy>(values: &[T]) -> Option<T> {
    let mut best = *values.first()?;
    for value in values {
        if *value «>|<|killed» best {
            «best = *value;||killed»
        }
    }
    Some(best)
}

/// While compiling.
pub const fn half(value: u32) -> u32 {
    value «/|*|killed» 2
}

/// With a macro.
pub fn doubled(value: u32) -> u32 {
    twice!(value «+|-|killed» 1) «-|+|killed» 2
}

/// A reference.
pub fn longer<'a>(left: &'a str, right: &'a str) -> &'a str {
    if left.len() «>=|<=|killed» right.len() { «left|right|killed» } else { «right|left|killed» }
}

/// Asynchronous.
pub async fn later(value: u32) -> u32 {
    value «+|-|unreached» 1
}

/// Nobody calls it.
pub fn unused(value: u32) -> u32 {
    value «+|-|unreached» 1
}

/// Only an example calls it.
///
/// ```
/// assert_eq!(small::documented(2), 4);
/// ```
pub fn documented(value: u32) -> u32 {
    value «*|/|example» 2
}

/// Ends the process.
pub fn checked(value: u32) -> u32 {
    if value «>|<|killed» LIMIT { panic!("too large") }
    let mut left = value;
    while left «>|>=|killed» 1 {
        left -= 1;
    }
    left
}

/// Not at all.
pub fn words(text: &str) -> Vec<String> {
    let pieces = text.split(' ');
    «pieces.map(String::from).collect()|pieces.map(String::form).collect()|unviable»
}

/// Different closures.
pub fn pick(values: &[u32], wanted: u32) -> usize {
    values.iter().filter(«|value| **value == wanted|&#124;value&#124; **value != wanted|killed»).count()
}

/// A place in memory.
pub fn fill(values: &mut [u32; 2]) {
    let first = &mut «values[0]|values[1]|killed»;
    *first = 7;
}

/// Never comes to an end.
pub fn endless(mut value: u32) -> u32 {
    while value != 3 { «value += 1;||timeout» }
    value
}

/// Nothing notices.
pub fn idle(value: u32) -> u32 {
    let _unused = value «+|-|survived» 0;
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_largest() {
        assert_eq!(largest(&[1, 3, 2]), Some(3));
        assert_eq!(largest::<u8>(&[]), None);
    }

    #[test]
    fn halves() {
        assert_eq!(half(8), 4);
        assert_eq!(LIMIT, 10);
    }

    #[test]
    fn doubles() {
        assert_eq!(doubled(3), 6);
        assert_eq!(idle(3), 3);
    }

    #[test]
    #[should_panic(expected = "too large")]
    fn checks() {
        checked(11);
    }

    #[test]
    fn counts_down() {
        assert_eq!(checked(5), 1);
    }

    #[test]
    fn fails_always() {
        assert_eq!(1, 2);
    }

    #[test]
    #[ignore]
    fn is_ignored() {}
}
"#;

const DEEP: &str = r#"//! A module.
extern crate std;

/// Deep.
pub fn deep(value: u32) -> u32 {
    if value «==|!=|crash» 0 {
        self::std::process::abort()
    }
    value
}
"#;

const NEW: &str = r#"//! ```
//! assert_eq!(newer::next(1), 2);
//! ```

/// The next one.
///
/// ```
/// assert_eq!(newer::next(7), 8);
/// ```
pub fn next(value: u32) -> u32 {
    value «+|*|example» 1
}

#[cfg(test)]
mod tests {
    #[test]
    fn adds_nothing() {}
}
"#;

const TEST: &str = r#"use small::{deep, endless, fill, longer, pick, words};

#[test]
fn from_outside() {
    assert_eq!(longer("ab", "c"), "ab");
    assert_eq!(longer("a", "bc"), "bc");
    assert_eq!(words("a b").len(), 2);
    assert_eq!(std::env::var("CARGO_PKG_VERSION").unwrap(), "1.2.3");
    assert!(std::path::Path::new("Cargo.toml").exists());
}

#[test]
fn picks() {
    assert_eq!(pick(&[1, 2, 1, 1], 1), 3);
}

#[test]
fn fills() {
    let mut values = [1, 2];
    fill(&mut values);
    assert_eq!(values, [7, 2]);
}

#[test]
fn is_deep() {
    assert_eq!(deep(5), 5);
}

#[test]
fn ends() {
    assert_eq!(endless(0), 3);
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
        edits.push((
            Edit::new(text.len()..text.len() + old.len(), new.replace("&#124;", "|")),
            verdict.to_owned(),
        ));
        text.push_str(old);
        rest = after;
    }
    text.push_str(rest);
    (text, edits)
}

/// A workspace with two packages, and what is expected of its variants.
struct Small {
    folder: TempDir,
    snapshot: Snapshot,
    variants: Vec<Variant>,
    expected: Vec<String>,
}

fn small() -> Small {
    let folder = TempDir::new().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let write = |path: &str, text: &str| {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), text).unwrap();
    };
    write("Cargo.toml", "[workspace]\nmembers = [\"small\", \"newer\"]\nresolver = \"2\"\n");
    write("small/Cargo.toml", SMALL);
    write("newer/Cargo.toml", NEWER);
    let mut small = Small {
        folder,
        snapshot: Snapshot { root: root.clone(), ..Snapshot::default() },
        variants: Vec::new(),
        expected: Vec::new(),
    };
    let files = [
        ("small/src/lib.rs", LIB),
        ("small/src/deep.rs", DEEP),
        ("newer/src/lib.rs", NEW),
        ("small/tests/it.rs", TEST),
    ];
    for (path, marked) in files {
        let (text, edits) = unmarked(marked);
        write(path, &text);
        let file = RelPath::new(path).unwrap();
        for (edit, verdict) in edits {
            let id = 100 + small.variants.len() as u32;
            small.variants.push(Variant { id, file: file.clone(), edits: vec![edit] });
            small.expected.push(verdict);
        }
        let source = SourceFile::new(file, LanguageId::new("rust"), text, path.contains("/tests/"));
        small.snapshot = small.snapshot.with_file(source);
    }
    small
}

fn helper() -> HelperCommand {
    HelperCommand { program: env!("CARGO_BIN_EXE_hephaestus-sandbox").into(), args: Vec::new() }
}

fn sandbox() -> Sandbox {
    Sandbox::new(helper(), SandboxSettings::default())
}

/// The plain runner. The folder for builds of whoever runs this test lies outside the sandbox.
fn suite(snapshot: &Snapshot) -> Suite {
    let runners = hephaestus_harness::runners::all().unwrap();
    let runner = runners.iter().find(|runner| runner.name == "cargo-test").unwrap();
    let env = BTreeMap::from([("CARGO_TARGET_DIR".to_owned(), "target".to_owned())]);
    let settings = TestSettings { env, ..TestSettings::default() };
    Suite::new(runner.clone(), Programs::of(&snapshot.root), &Facts::gather(snapshot), settings)
}

fn open(small: &Small, sandbox: &Sandbox, variants: Vec<Variant>) -> Result<SwitchLab, LabError> {
    let suite = suite(&small.snapshot);
    let subject = LabSubject {
        sandbox,
        suite: &suite,
        snapshot: &small.snapshot,
        languages: Languages::builtin().unwrap(),
        layers: vec![],
        slots: 2,
        known: None,
    };
    SwitchLab::open(&subject, variants, &CancelToken::new())
}

fn run(lab: &mut SwitchLab, jobs: &[Job]) -> BTreeMap<u32, JobOutcome> {
    let mut outcomes = BTreeMap::new();
    let mut done = |outcome: JobOutcome| {
        outcomes.insert(outcome.variant, outcome);
    };
    lab.run(jobs, &CancelToken::new(), &mut done).unwrap();
    outcomes
}

fn word(outcome: &JobOutcome) -> &str {
    match &outcome.end {
        JobEnd::Ran if outcome.failed.iter().any(|failure| failure.message.contains("signal 6")) => "crash",
        JobEnd::Ran if outcome.failed.is_empty() => "survived",
        JobEnd::Ran => "killed",
        JobEnd::TimedOut => "timeout",
        JobEnd::Unviable(_) => "unviable",
        JobEnd::Broken(why) => why,
    }
}

/// What the plain suite says of a variant.
fn plainly(small: &Small, sandbox: &Sandbox, variant: &Variant) -> &'static str {
    let file = small.snapshot.file(&variant.file).unwrap();
    let base = ContentHash::of(file.text.as_bytes());
    let patch = Patch::edit(variant.file.clone(), base, variant.edits.clone()).unwrap();
    let text = patch.apply_to(&variant.file, Some(&file.text)).unwrap().unwrap();
    let view = View { root: small.snapshot.root.clone(), ..View::default() };
    let mut session = sandbox.open(&view, &CancelToken::new()).unwrap();
    session.write(&variant.file, Some(text.as_bytes())).unwrap();
    let env = [("CARGO_TARGET_DIR", "target"), ("RUSTFLAGS", "--cap-lints=warn")];
    let env: Vec<_> = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let mut cargo = |args: &[&str]| {
        let words = ["cargo", "test", "--offline", "--workspace", "--tests"].iter().chain(args).copied();
        let step = Step { env: env.clone(), ..Step::new(words, Duration::from_secs(120)) };
        session.run(&step, &CancelToken::new()).unwrap().status == StepStatus::Exited(0)
    };
    let builds = cargo(&["--no-run"]);
    match builds && cargo(&["--", "--skip", "fails_always"]) {
        true => "survived",
        false if builds => "killed",
        false => "unviable",
    }
}

#[test]
fn verdicts_are_those_of_plain_edits() {
    judge_everything(&sandbox());
}

/// Where every session shows the workspace at another path.
#[test]
fn verdicts_are_the_same_in_copies() {
    judge_everything(&Sandbox::copying(helper(), SandboxSettings::default()));
}

fn judge_everything(sandbox: &Sandbox) {
    let small = small();
    let mut lab = open(&small, sandbox, small.variants.clone()).unwrap();
    let facts = lab.facts().clone();
    let ids: Vec<&str> = facts.tests.iter().map(|test| test.id.as_str()).collect();
    let expected = [
        "src/lib.rs::tests::adds_nothing",
        "src/lib.rs::tests::checks",
        "src/lib.rs::tests::counts_down",
        "src/lib.rs::tests::doubles",
        "src/lib.rs::tests::finds_the_largest",
        "src/lib.rs::tests::halves",
        "tests/it.rs::ends",
        "tests/it.rs::fills",
        "tests/it.rs::from_outside",
        "tests/it.rs::is_deep",
        "tests/it.rs::picks",
    ];
    assert_eq!(ids, expected, "{facts:?}");
    assert_eq!(
        facts.red.iter().map(|red| red.id.as_str()).collect::<Vec<_>>(),
        ["src/lib.rs::tests::fails_always"]
    );
    assert_eq!(facts.flaky, Vec::<String>::new());
    let deep = &facts.tests[9].lines[&RelPath::new("small/src/deep.rs").unwrap()];
    assert_eq!(deep.iter().copied().collect::<Vec<_>>(), [6, 8, 9], "the line of `abort` does not run");

    let placed = lab.placed();
    assert_eq!((placed.alone, placed.unviable), (3, 1), "{placed:?}");
    assert_eq!(placed.switched + placed.alone + placed.unviable, small.variants.len());

    let jobs = jobs(&lab, &small, 0..facts.tests.len());
    let outcomes = run(&mut lab, &jobs);
    let mut found: Vec<&str> = small
        .variants
        .iter()
        .map(|variant| outcomes.get(&variant.id).map_or("unreached", |own| word(own)))
        .collect();
    assert!(outcomes.values().all(|outcome| outcome.cpu > Duration::ZERO || word(outcome) == "unviable"));
    let after_tests: Vec<&str> =
        small.expected.iter().map(|word| if word == "example" { "unreached" } else { word }).collect();
    assert_eq!(found, after_tests, "{outcomes:?}");

    let examples = lab.widen(&CancelToken::new()).unwrap();
    assert_eq!(examples, 3, "{:?}", lab.facts());
    assert_eq!(lab.widen(&CancelToken::new()).unwrap(), 0);
    let all = lab.facts().tests.len();
    let ids: Vec<&str> = lab.facts().tests[all - examples..].iter().map(|test| test.id.as_str()).collect();
    assert!(
        ids.contains(&"doc small::small/src/lib.rs - documented")
            || ids.contains(&"doc small::src/lib.rs - documented"),
        "{ids:?}"
    );
    let more = self::jobs(&lab, &small, all - examples..all);
    for (id, outcome) in run(&mut lab, &more) {
        let at = (id - 100) as usize;
        if matches!(found[at], "unreached" | "survived") && word(&outcome) == "killed" {
            found[at] = "example";
        }
    }
    assert_eq!(found, small.expected);

    for (variant, verdict) in small.variants.iter().zip(&small.expected).step_by(5) {
        if ["killed", "survived", "unviable"].contains(&verdict.as_str()) {
            assert_eq!(plainly(&small, sandbox, variant), verdict, "{variant:?}");
        }
    }
    drop(small.folder);
}

/// A job for each variant that these tests reach, and for those that need none.
fn jobs(lab: &SwitchLab, small: &Small, tests: std::ops::Range<usize>) -> Vec<Job> {
    let known = lab.placed();
    let job = |variant: &Variant| {
        let reaching: Vec<usize> =
            lab.reaching(variant.id).into_iter().filter(|at| tests.contains(at)).collect();
        let wanted = !reaching.is_empty() || known.reasons.contains_key(&variant.id) && tests.start == 0;
        wanted.then_some(Job { variant: variant.id, tests: reaching, stop_at_first: true })
    };
    small.variants.iter().filter_map(job).collect()
}

#[test]
fn without_variants_it_is_a_lab_of_tests_and_their_lines() {
    let (small, sandbox) = (small(), sandbox());
    let lab = open(&small, &sandbox, vec![]).unwrap();
    let lines = |id: &str| lab.facts().tests.iter().find(|test| test.id == id).map(|test| test.lines.clone());
    let files: Vec<RelPath> = lines("tests/it.rs::is_deep").unwrap().into_keys().collect();
    assert_eq!(files, [RelPath::new("small/src/deep.rs").unwrap()]);
    assert!(lines("src/lib.rs::tests::adds_nothing").unwrap().is_empty());
}

#[test]
fn a_runner_without_switches_is_unfit_and_a_cancelled_lab_says_so() {
    let (small, sandbox) = (small(), sandbox());
    let suite = suite(&small.snapshot);
    let cancel = CancelToken::new();
    fn subject<'a>(small: &'a Small, sandbox: &'a Sandbox, suite: &'a Suite) -> LabSubject<'a> {
        LabSubject {
            sandbox,
            suite,
            snapshot: &small.snapshot,
            languages: Languages::builtin().unwrap(),
            layers: vec![],
            slots: 1,
            known: None,
        }
    }
    cancel.cancel();
    assert_eq!(
        SwitchLab::open(&subject(&small, &sandbox, &suite), vec![], &cancel).err(),
        Some(LabError::Cancelled)
    );
    let mut lacking = suite.clone();
    lacking.runner.switches = None;
    let error = SwitchLab::open(&subject(&small, &sandbox, &lacking), vec![], &CancelToken::new()).err();
    assert!(matches!(error, Some(LabError::Unfit(_))), "{error:?}");
}

/// A package that needs `helper` for its tests and `only-benched` for its benchmark alone, both from a registry that
/// lies in a folder beside it. The latter does not even compile.
fn with_dependencies() -> Small {
    let folder = TempDir::new().unwrap();
    let root = folder.path().canonicalize().unwrap().join("own");
    let manifest = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n{more}")
    };
    let vendored = "[source.crates-io]\nreplace-with = \"near\"\n[source.near]\ndirectory = \"../vendor\"\n";
    let own = "[dev-dependencies]\nhelper = \"1\"\nonly-benched = \"1\"\n[[bench]]\nname = \"b\"\nharness = false\n";
    let lib = "pub fn twice(value: u32) -> u32 {\n    value * 2\n}\n";
    let test = "#[test]\nfn doubles() {\n    assert_eq!(own::twice(helper::five()), 10);\n    \
                let manifest = std::fs::read_to_string(\"Cargo.toml\").unwrap();\n    \
                assert!(manifest.contains(concat!(\"only\", \"-benched\")), \"tests see the files as they are\");\n}\n";
    let checksum = "{\"files\":{},\"package\":null}".to_owned();
    for (path, text) in [
        (".cargo/config.toml", vendored.to_owned()),
        ("Cargo.toml", manifest("own", own)),
        ("src/lib.rs", lib.to_owned()),
        ("tests/it.rs", test.to_owned()),
        ("benches/b.rs", "fn main() { only_benched::x() }\n".to_owned()),
        ("../vendor/helper/Cargo.toml", manifest("helper", "")),
        ("../vendor/helper/src/lib.rs", "pub fn five() -> u32 { 5 }\n".to_owned()),
        ("../vendor/helper/.cargo-checksum.json", checksum.clone()),
        ("../vendor/only-benched/Cargo.toml", manifest("only-benched", "")),
        ("../vendor/only-benched/src/lib.rs", "compile_error!(\"no test needs this\");\n".to_owned()),
        ("../vendor/only-benched/.cargo-checksum.json", checksum),
    ] {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), text).unwrap();
    }
    let file = RelPath::new("src/lib.rs").unwrap();
    let at = lib.find('*').unwrap();
    let edits = vec![Edit::new(at..at + 1, "+".to_owned())];
    let snapshot = Snapshot { root, ..Snapshot::default() }
        .with_file(SourceFile::new(file.clone(), LanguageId::new("rust"), lib, false))
        .with_file(SourceFile::new(
            RelPath::new("tests/it.rs").unwrap(),
            LanguageId::new("rust"),
            test,
            true,
        ));
    let variants = vec![Variant { id: 7, file, edits }];
    Small { folder, snapshot, variants, expected: vec!["killed".to_owned()] }
}

#[test]
fn other_peoples_packages_are_built_when_a_test_needs_them_and_then_kept() {
    use std::os::unix::fs::MetadataExt;
    let small = with_dependencies();
    let kept = small.folder.path().join("own/.hephaestus/builds");
    let sandbox = sandbox().keeping_builds(kept.clone());
    // The folder that is kept, told from one that takes its place, and what is in it.
    let judged = || {
        let mut lab = open(&small, &sandbox, small.variants.clone()).unwrap();
        let jobs = jobs(&lab, &small, 0..1);
        assert_eq!(word(&run(&mut lab, &jobs)[&7]), small.expected[0]);
        let places: Vec<_> = std::fs::read_dir(&kept).unwrap().flatten().collect();
        assert_eq!(places.len(), 1);
        let list = std::fs::read_to_string(places[0].path().join("list.json")).unwrap();
        assert!(list.contains("libhelper-") && !list.contains("only") && !list.contains("own-"), "{list}");
        (places[0].metadata().unwrap().ino(), places[0].path())
    };
    let (first, place) = judged();
    assert_eq!(judged().0, first, "nothing was built that had to be kept");
    let library = std::fs::read_dir(place.join("tree/target/debug/deps")).unwrap().flatten();
    for file in library.filter(|file| file.file_name().to_string_lossy().ends_with(".rmeta")) {
        std::fs::write(file.path(), "rust").unwrap();
    }
    assert_ne!(judged().0, first, "what was damaged is built again");
}
