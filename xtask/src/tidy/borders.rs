//! Laws about what only certain places may do: start processes, speak to the network, know the editor protocol, be unsafe.

use super::layers::line_of;
use super::tree::RustFile;
use super::{Tree, Violation};

const NETWORK_NAMES: &[&str] =
    &["std::net", "tokio::net", "TcpStream", "TcpListener", "UdpSocket", "reqwest", "ureq", "hyper"];
const NETWORK_CRATES: &[&str] = &["attohttpc", "curl", "hyper", "isahc", "minreq", "reqwest", "ureq"];
const NETWORK_DOORS: &[&str] =
    &["server/mutation/src/llm", "server/harness/src/remote", "server/lsp/src/lib.rs"];

/// Starts this very program as a language server, and nothing else.
const OWN_SERVER: &str = "server/cli/src/editor.rs";

const EDITOR_NAMES: &[&str] =
    &["async_lsp", "ls_types", "lsp_server", "lsp_types", "tower_lsp", "tower_lsp_server"];

/// What the sandbox asks of the system, and the loading of grammars that a user has built.
const UNSAFE_FILES: [&str; 2] = ["server/harness/src/sandbox/sys.rs", "grammars/src/native.rs"];

/// Only the harness starts processes (and xtask, and tests); the command line may start itself as a language server.
pub(crate) fn processes_start_in_the_harness(tree: &Tree) -> Vec<Violation> {
    let places = |file: &RustFile| {
        let mut places = file.text.find("process::Command");
        // clap has a Command of its own.
        places.extend(
            file.text
                .find("Command::new")
                .into_iter()
                .filter(|at| !follows(file, *at, &["clap::", "process::"])),
        );
        places
    };
    let message = "a process is started here; go through the harness, which sandboxes and ends it";
    let is_allowed = |file: &RustFile| {
        file.path.starts_with("server/harness/") || file.path.starts_with("xtask/") || file.path == OWN_SERVER
    };
    outside_tests(tree, is_allowed, places, |_| message.to_owned())
}

fn follows(file: &RustFile, at: usize, prefixes: &[&str]) -> bool {
    file.text.code().get(..at).is_some_and(|before| prefixes.iter().any(|prefix| before.ends_with(prefix)))
}

/// Sockets and network crates stay in `mutation/llm` and `harness/remote`; the language server may listen.
pub(crate) fn network_stays_behind_its_doors(tree: &Tree) -> Vec<Violation> {
    let places = |file: &RustFile| NETWORK_NAMES.iter().flat_map(|name| file.text.find(name)).collect();
    let message = format!("the network is reached for here; only {} may", NETWORK_DOORS.join(" and "));
    let is_door = |file: &RustFile| NETWORK_DOORS.iter().any(|door| file.path.starts_with(door));
    let mut violations = outside_tests(tree, is_door, places, |_| message.clone());
    violations.extend(forbidden_crates(
        tree,
        NETWORK_CRATES,
        &["server/mutation/", "server/harness/"],
        "network",
    ));
    violations
}

/// The editor protocol's types stay in `server/lsp`.
pub(crate) fn editor_types_stay_in_the_server(tree: &Tree) -> Vec<Violation> {
    let places = |file: &RustFile| EDITOR_NAMES.iter().flat_map(|name| file.text.find(name)).collect();
    let message = "LSP types belong in server/lsp; use core's nouns and convert there";
    let is_server = |file: &RustFile| file.path.starts_with("server/lsp/");
    let mut violations = outside_tests(tree, is_server, places, |_| message.to_owned());
    let crates: Vec<String> = EDITOR_NAMES.iter().map(|name| name.replace('_', "-")).collect();
    let crates: Vec<&str> = crates.iter().map(String::as_str).collect();
    violations.extend(forbidden_crates(tree, &crates, &["server/lsp/", "tests/"], "LSP"));
    violations
}

/// `unsafe` stands in two files only, in tests too.
pub(crate) fn unsafe_code_has_its_places(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.rust().iter().filter(|file| !UNSAFE_FILES.contains(&&*file.path)) {
        for at in file.text.find("unsafe") {
            let places = UNSAFE_FILES.join(" and ");
            let message =
                format!("`unsafe` is for {places} alone; find a safe way or put a safe function there");
            violations.push(Violation::new(&file.path, file.text.line_of(at), message));
        }
    }
    violations
}

/// Violations at `places` of files that are not allowed and no test code.
fn outside_tests(
    tree: &Tree,
    is_allowed: impl Fn(&RustFile) -> bool,
    places: impl Fn(&RustFile) -> Vec<usize>,
    message: impl Fn(&RustFile) -> String,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.rust().iter().filter(|file| !is_allowed(file) && !file.is_test()) {
        for at in places(file) {
            if !file.text.is_in_tests(at) {
                violations.push(Violation::new(&file.path, file.text.line_of(at), message(file)));
            }
        }
    }
    violations
}

fn forbidden_crates(tree: &Tree, crates: &[&str], allowed: &[&str], what: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &tree.packages {
        if allowed.iter().any(|folder| package.manifest.starts_with(folder)) {
            continue;
        }
        for dependency in package.dependencies.iter().filter(|name| crates.contains(&name.as_str())) {
            let line = line_of(tree, &package.manifest, dependency);
            let message = format!(
                "`{dependency}` is a {what} crate; only crates below {} may use it",
                allowed.join(" and ")
            );
            violations.push(Violation::new(&package.manifest, line, message));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    type Law = fn(&Tree) -> Vec<Violation>;

    fn lines(law: Law, files: &[(&str, &str)]) -> Vec<(String, usize)> {
        law(&Tree::of(files)).into_iter().map(|violation| (violation.file, violation.line)).collect()
    }

    #[test]
    fn processes_are_started_by_the_harness() {
        let start = "fn f() {\n    std::process::Command::new(\"x\");\n}\n";
        let law: Law = processes_start_in_the_harness;
        assert_eq!(lines(law, &[("server/goals/src/a.rs", start)]), [("server/goals/src/a.rs".into(), 2)]);
        assert_eq!(
            lines(
                law,
                &[("server/goals/src/a.rs", "use std::process::Command;\nfn f() { Command::new(1) }\n")]
            )
            .len(),
            2
        );
        let clean = [
            ("server/harness/src/a.rs", start),
            ("server/registry/tests/a.rs", start),
            ("xtask/src/a.rs", start),
            ("server/goals/src/b.rs", "// Command::new\nfn f() { clap::Command::new(\"Command::new\") }\n"),
            (
                "server/goals/src/c.rs",
                "#[cfg(test)]\nmod tests { fn f() { std::process::Command::new(1) } }\n",
            ),
        ];
        assert_eq!(lines(law, &clean), []);
    }

    #[test]
    fn the_network_has_two_doors() {
        let law: Law = network_stays_behind_its_doors;
        let reach = "use std::net::TcpStream;\n";
        assert!(!lines(law, &[("server/mutation/src/search.rs", reach)]).is_empty());
        assert!(!lines(law, &[("server/cli/src/main.rs", "fn f() {\n reqwest::get() }")]).is_empty());
        let clean = [
            ("server/mutation/src/llm/http.rs", reach),
            ("server/harness/src/remote.rs", reach),
            ("tests/e2e/tests/a.rs", reach),
            ("server/goals/src/a.rs", "/// Not std::net.\nfn internet() { std::network() }\n"),
        ];
        assert_eq!(lines(law, &clean), []);
    }

    #[test]
    fn network_crates_are_not_even_depended_upon() {
        let tree = Tree::of(&[("server/cli/Cargo.toml", "[dependencies]\nureq = \"1\"\n")]).with_packages(&[
            ("hephaestus", "server/cli", &["ureq"]),
            ("hephaestus-mutation", "server/mutation", &["reqwest"]),
        ]);
        let violations = network_stays_behind_its_doors(&tree);
        assert_eq!(violations.len(), 1);
        assert_eq!((violations[0].file.as_str(), violations[0].line), ("server/cli/Cargo.toml", 2));
    }

    #[test]
    fn editor_types_are_converted_at_the_border() {
        let law: Law = editor_types_stay_in_the_server;
        let usage = "use tower_lsp::lsp_types::Range;\n";
        assert!(!lines(law, &[("server/workspace/src/a.rs", usage)]).is_empty());
        assert_eq!(lines(law, &[("server/lsp/src/a.rs", usage), ("tests/e2e/tests/b.rs", usage)]), []);
        let tree = Tree::of(&[]).with_packages(&[("hephaestus-forge", "server/forge", &["lsp-types"])]);
        assert_eq!(editor_types_stay_in_the_server(&tree).len(), 1);
    }

    #[test]
    fn unsafe_code_has_two_homes() {
        let law: Law = unsafe_code_has_its_places;
        let code = "fn f() {\n    unsafe { g() }\n}\n";
        assert_eq!(lines(law, &[("server/harness/src/a.rs", code)]), [("server/harness/src/a.rs".into(), 2)]);
        assert_eq!(lines(law, &[("server/a/tests/a.rs", code)]).len(), 1, "tests are not exempt");
        let [sandbox, grammars] = UNSAFE_FILES;
        let clean = [
            (sandbox, code),
            (grammars, code),
            ("server/a/src/a.rs", "#![deny(unsafe_code)] // no unsafe\n"),
        ];
        assert_eq!(lines(law, &clean), []);
    }
}
