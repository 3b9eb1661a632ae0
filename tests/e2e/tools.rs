//! Test runners that `cargo xtask test` installs. Where they are missing, the tests that need them say so and pass;
//! continuous integration has to have them.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The folder with `python` and `node` in it; `None`, said aloud, where the tools are not installed.
pub(crate) fn folder(what: &str) -> Option<PathBuf> {
    let tools = env::var_os("HEPHAESTUS_TOOLS").map(PathBuf::from);
    present(tools.filter(|tools| tools.join(what).exists()), || {
        format!("{what} tools are missing: run `cargo xtask setup` and set HEPHAESTUS_TOOLS to target/tools")
    })
}

/// Whether `program` answers; said aloud where it does not.
pub(crate) fn has(program: &str, argument: &str) -> bool {
    let answers = |output: std::process::Output| output.status.success();
    let found = Command::new(program).arg(argument).output().is_ok_and(answers);
    present(found.then_some(()), || format!("`{program} {argument}` does not work here")).is_some()
}

/// Whether this machine gives the full sandbox; said aloud where it does not.
pub(crate) fn has_namespaces() -> bool {
    let works = |output: std::process::Output| output.status.success();
    let found = Command::new("unshare").args(["-Urm", "true"]).output().is_ok_and(works);
    present(found.then_some(()), || "there are no user namespaces here".to_owned()).is_some()
}

fn present<T>(found: Option<T>, reason: impl Fn() -> String) -> Option<T> {
    if found.is_none() {
        assert!(env::var_os("CI").is_none(), "continuous integration needs all tools: {}", reason());
        println!("skipped: {}", reason());
    }
    found
}
