//! `tests/README.md` names a test for every kind of bad input, every hurdle before an offer and every concern of the
//! language server, and every test it names exists.

use std::fs;
use std::path::Path;

const README: &str = include_str!("../README.md");

/// The repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What has to be covered.
const BAD_INPUT: &[&str] = &[
    "not a project",
    "no tests",
    "red baseline",
    "flaky baseline",
    "syntax errors",
    "mixed encodings",
    "CRLF",
    "byte order mark",
    "no final newline",
    "symlink loops",
    "unreadable files",
    "a file deleted while it is read",
    "tests that hang",
    "tests that fork daemons",
    "tests that fill the disk",
    "tests that eat memory",
    "tests that write into the workspace",
    "tests that open sockets",
    "a suite that passes whatever one does",
    "configuration: unknown keys",
    "configuration: wrong types",
    "configuration: bad TOML",
    "a full disk",
    "two runs at once",
    "kill -9",
    "Ctrl-C",
];

/// The same for the language server.
const IN_THE_EDITOR: &[&str] = &[
    "from a goal to an edit",
    "fix all on save",
    "edits after a proof",
    "trust",
    "typing and runs",
    "what is remembered",
    "goals as a list",
    "evidence as data",
    "taking a dismissal back",
    "directives",
    "status",
    "survivors",
    "failing tests",
    "commands and lenses",
    "settings",
    "pulled diagnostics",
    "folders and files on disk",
    "encodings and loose documents",
    "broken frames",
    "senseless messages",
    "senseless documents",
    "floods",
    "beginnings and ends",
    "random edits",
    "Neovim",
    "Emacs",
];

/// Programs of the user's own.
const EXTERNAL: &[&str] = &[
    "the examples of the manual",
    "what is wrong with it",
    "a program that dies, hangs, floods or talks rubbish",
    "candidates that do not fit",
    "what became of candidates",
    "measures and reports",
    "the protocol as a schema",
];

/// What stands between a passing change and an offer.
const BEFORE_AN_OFFER: &[&str] = &[
    "strong tests",
    "weak tests",
    "tests in between",
    "inputs the tests do not use",
    "speed",
    "where no lab fits",
    "what a lab remembers",
];

/// From a failing test to a fix.
const FAILING_TESTS: &[&str] = &[
    "tests that never end, crash, or lack something",
    "a search that is made again",
    "from a failing test to a fix",
    "what speaks for a fix",
    "a suite that is red throughout",
    "no fix",
    "what is looked at",
];

/// From the lines of a directive to code and tests.
const DIRECTIVES: &[&str] = &[
    "from lines to code and tests",
    "the states of a line",
    "where nobody can help",
    "what constraints turn down",
    "shape without change",
    "commands and benches",
    "several directives",
    "a wrong directive",
    "other languages",
    "the proof of a directive",
];

/// Asking a language model.
const A_MODEL: &[&str] = &[
    "consent",
    "an answer that holds, and one that does not",
    "secrets",
    "answers of every sort",
    "a server that misbehaves",
    "cancelling",
    "the budget of tokens and money",
    "what was asked",
    "a workspace that wants more than it may",
];

/// Filling a body that is still to be written.
const HOLES: &[&str] = &["from failing tests to a body", "what is asked for", "nothing found"];

/// Proving again what was proved.
const PROOFS: &[&str] =
    &["another clone", "a changed byte", "tests that say otherwise", "no proof", "the proof of a repair"];

/// The page about everything that was tried.
const THE_REPORT: &[&str] = &["what it holds", "hostile code", "little or nothing to tell", "where it goes"];

/// The rows of the tables: what is covered, and the tests as `file` and `name`.
fn rows() -> Vec<(String, Vec<(String, String)>)> {
    let rows =
        README.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let named = |cell: &str| {
        let names = cell.split('`').skip(1).step_by(2);
        names
            .filter_map(|name| name.rsplit_once("::"))
            .map(|(file, name)| (file.to_owned(), name.to_owned()))
            .collect()
    };
    let heads = [
        "Bad input",
        "A program of your own",
        "Before an offer",
        "A failing test",
        "A directive",
        "A language model",
        "A hole",
        "A proof",
        "The report",
        "In the editor",
    ];
    rows.filter(|(item, _)| !heads.contains(item) && !item.starts_with('-'))
        .map(|(item, cell)| (item.to_owned(), named(cell)))
        .collect()
}

#[test]
fn everything_that_has_to_be_covered_has_a_test_and_every_test_exists() {
    let rows = rows();
    let lists = [
        BAD_INPUT,
        EXTERNAL,
        BEFORE_AN_OFFER,
        FAILING_TESTS,
        DIRECTIVES,
        A_MODEL,
        HOLES,
        PROOFS,
        THE_REPORT,
        IN_THE_EDITOR,
    ];
    let wanted: Vec<&str> = lists.into_iter().flatten().copied().collect();
    for item in &wanted {
        let row = rows.iter().find(|(own, _)| own == item);
        assert!(
            row.is_some_and(|(_, tests)| !tests.is_empty()),
            "tests/README.md names no test for `{item}`"
        );
    }
    for (item, tests) in &rows {
        assert!(wanted.contains(&item.as_str()), "`{item}` is in the table and not in the list");
        for (file, name) in tests {
            let path = Path::new(ROOT).join(file);
            let text =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(text.contains(&format!("fn {name}(")), "{file} has no test `{name}`");
        }
    }
}
