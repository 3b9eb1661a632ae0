//! The checks of the Lua we write: that it is laid out as `editors/stylua.toml` says, and that luacheck finds nothing
//! wrong in it. They change nothing.
//!
//! Where a program is not installed its check is skipped; with `CI` set that is an error.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::setup;

const FOLDERS: [&str; 2] = ["editors/nvim", "tests/nvim"];

/// Checks the repository at `root`. Whether all is well; what is not is printed.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    let is_laid_out = lay_out(root)?;
    let is_clean = look_for_faults(root)?;
    Ok(is_laid_out && is_clean)
}

/// Whether the layout is right; what is not is printed as a diff.
fn lay_out(root: &Path) -> anyhow::Result<bool> {
    let program = setup::folder(root).join("lua/node_modules/.bin").join(if cfg!(windows) {
        "stylua.cmd"
    } else {
        "stylua"
    });
    if !program.exists() {
        return skip("stylua", "cargo xtask setup");
    }
    check(root, program.as_os_str(), &["--check", "--config-path", "editors/stylua.toml"])
}

/// Whether there are no undefined names, unused values and the like. The program is the system's: no registry of ours
/// has it.
fn look_for_faults(root: &Path) -> anyhow::Result<bool> {
    let program = OsStr::new("luacheck");
    let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        return skip("luacheck", "apt-get install lua-check");
    }
    check(root, program, &["--quiet", "--config", "editors/luacheckrc.lua"])
}

fn skip(name: &str, remedy: &str) -> anyhow::Result<bool> {
    if std::env::var_os("CI").is_some() {
        bail!("{name} is missing: run `{remedy}`");
    }
    println!("lua: {name} is missing, its check is skipped: run `{remedy}`");
    Ok(true)
}

fn check(root: &Path, program: &OsStr, options: &[&str]) -> anyhow::Result<bool> {
    let mut command = Command::new(program);
    let status = command.args(options).args(FOLDERS).current_dir(root).status();
    let status = status.with_context(|| format!("`{}` cannot be started", program.display()))?;
    Ok(status.success())
}
