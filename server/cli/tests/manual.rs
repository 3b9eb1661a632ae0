//! The manual's pages about the commands name every flag that `--help` names.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const COMMANDS: &[&str] = &[
    "forge",
    "goals",
    "repair",
    "verify",
    "directive",
    "mutants",
    "testgen",
    "registry",
    "pack",
    "report",
    "llm",
    "external",
    "lsp",
    "doctor",
    "init",
    "demo",
    "schema",
];

/// Flags that stand on the page of all commands.
const COMMON: &[&str] = &["--root", "--quiet", "--color", "--help", "--version"];

fn page(name: &str) -> String {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src");
    std::fs::read_to_string(manual.join(name)).unwrap()
}

fn help(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_hephaestus")).args(words).arg("--help").output().unwrap();
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn flags(text: &str) -> BTreeSet<String> {
    let words =
        text.split(|c: char| !c.is_ascii_lowercase() && c != '-').map(|word| word.trim_end_matches('-'));
    words.filter(|word| word.len() > 3 && word.starts_with("--")).map(str::to_owned).collect()
}

#[test]
fn every_page_names_the_flags_of_its_command() {
    for command in COMMANDS {
        let mut wanted = flags(&help(&[command]));
        if *command == "registry" {
            for verb in ["log", "show", "diff", "lineage", "search", "export", "import", "gc"] {
                wanted.extend(flags(&help(&[command, verb])));
            }
        }
        if *command == "pack" {
            for verb in ["new", "check", "test", "build", "list"] {
                wanted.extend(flags(&help(&[command, verb])));
            }
        }
        if *command == "llm" {
            wanted.extend(flags(&help(&["llm", "consent"])));
        }
        if *command == "external" {
            wanted.extend(flags(&help(&["external", "check"])));
        }
        if *command == "directive" {
            // Running has a page of its own.
            wanted.extend(["new", "check"].iter().flat_map(|verb| flags(&help(&[command, verb]))));
        }
        let own: Vec<&String> = wanted.iter().filter(|flag| !COMMON.contains(&flag.as_str())).collect();
        let page = flags(&page(&format!("commands/{command}.md")));
        for flag in own {
            assert!(page.contains(flag), "docs/src/commands/{command}.md does not name {flag}");
        }
    }
}

#[test]
fn flags_of_all_commands_stand_on_their_page_and_every_command_has_one() {
    let (text, help) = (page("commands.md"), help(&[]));
    for flag in COMMON {
        assert!(text.contains(flag), "docs/src/commands.md does not name {flag}");
    }
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for command in
        listed.filter_map(|line| line.split_whitespace().next()).filter(|command| *command != "help")
    {
        assert!(text.contains(&format!("[`{command}`]")), "docs/src/commands.md does not list {command}");
    }
}
