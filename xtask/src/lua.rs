//! The check that the Lua we write is laid out as `editors/stylua.toml` says. It changes nothing.
//!
//! Where the formatter is not installed the check is skipped; with `CI` set that is an error.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::setup;

const FOLDERS: [&str; 2] = ["editors/nvim", "tests/nvim"];

/// Checks the repository at `root`. Whether all is laid out well; what is not is printed as a diff.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    let program = setup::folder(root).join("lua/node_modules/.bin").join(if cfg!(windows) {
        "stylua.cmd"
    } else {
        "stylua"
    });
    if !program.exists() {
        if std::env::var_os("CI").is_some() {
            bail!("stylua is missing: run `cargo xtask setup`");
        }
        println!("lua: skipped, stylua is missing: run `cargo xtask setup`");
        return Ok(true);
    }
    let status = Command::new(&program)
        .args(["--check", "--config-path", "editors/stylua.toml"])
        .args(FOLDERS)
        .current_dir(root)
        .status()
        .with_context(|| format!("`{}` cannot be started", program.display()))?;
    Ok(status.success())
}
