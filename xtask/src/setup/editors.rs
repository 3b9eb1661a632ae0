//! What tests need beyond a table of packages: a code-server put together without compiling anything, the packages our
//! extension for VS Code is built with, and programs that only the system's package manager has (compilers, editors).
//!
//! The system is touched only by who may do so anyway (root, with apt-get); everybody else is told what to install.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::{NODE_PROGRAM, Outcome, Part, folder, install_node, npm, quietly};

/// Debian's packages, and for each a file that shows that it is there. Other systems have other paths: there, programs
/// are looked for by name.
const SYSTEM: &[(&str, &str)] = &[
    ("chromium", "/usr/bin/chromium"),
    ("cmake", "/usr/bin/cmake"),
    ("default-jdk-headless", "/usr/bin/javac"),
    ("elpa-eglot", "/var/lib/dpkg/info/elpa-eglot.list"),
    ("emacs-nox", "/usr/bin/emacs"),
    ("g++", "/usr/bin/g++"),
    ("git", "/usr/bin/git"),
    ("golang-go", "/usr/bin/go"),
    ("junit4", "/usr/share/java/junit4.jar"),
    ("lua-check", "/usr/bin/luacheck"),
];

/// What a server without agents does without: it is two thirds of what would be downloaded.
const LEFT_OUT: &[&str] = &["@devcontainers/cli", "@github/copilot-sdk", "@microsoft/mxc-sdk"];
/// Extensions that come with it and would run beside ours in every test.
const EXTENSIONS_LEFT_OUT: &[&str] = &["copilot", "mermaid-markdown-features"];

/// The folder with our extension for VS Code.
pub(crate) fn extension(root: &Path) -> PathBuf {
    root.join("editors/vscode")
}

/// The Node.js that runs code-server, and builds and tests the extension.
pub(crate) fn node(root: &Path) -> PathBuf {
    folder(root).join("vscode/node_modules").join(NODE_PROGRAM).join("bin/node")
}

/// A browser that Playwright can drive.
pub(crate) fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

/// Makes the steps of code-server's own installer that do not compile: its native parts are optional.
pub(super) fn install_code_server(folder: &Path, part: &Part) -> anyhow::Result<()> {
    install_node(folder, part)?;
    let server = folder.join("node_modules/code-server/lib/vscode");
    let manifest = server.join("package.json");
    let text =
        fs::read_to_string(&manifest).with_context(|| format!("`{}` cannot be read", manifest.display()))?;
    let mut package: serde_json::Value = serde_json::from_str(&text)?;
    let dependencies = package.get_mut("dependencies").and_then(|found| found.as_object_mut());
    let dependencies = dependencies.context("code-server's package names no dependencies")?;
    dependencies.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    fs::write(&manifest, format!("{package:#}\n"))?;
    npm(&server, &["install", "--omit=dev"])?;
    for name in EXTENSIONS_LEFT_OUT {
        fs::remove_dir_all(server.join("extensions").join(name))
            .with_context(|| format!("the extension `{name}` is not where it was"))?;
    }
    Ok(())
}

/// Installs what the extension's lock file names, unless that was done for the same lock file.
pub(super) fn install_extension_packages(root: &Path) -> anyhow::Result<Outcome> {
    let extension = extension(root);
    let lock = match fs::read(extension.join("package-lock.json")) {
        Ok(lock) => lock,
        Err(error) => return Err(error).context("`editors/vscode/package-lock.json` cannot be read"),
    };
    let stamp = extension.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(Outcome::There);
    }
    npm(&extension, &["ci"])?;
    fs::write(&stamp, lock).with_context(|| format!("`{}` cannot be written", stamp.display()))?;
    Ok(Outcome::Installed)
}

/// Installs what is missing of Debian's packages, where that is possible.
pub(super) fn install_system_packages() -> anyhow::Result<Outcome> {
    let missing: Vec<&str> =
        SYSTEM.iter().filter(|(_, proof)| !Path::new(proof).exists()).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(Outcome::There);
    }
    if !may_install() {
        bail!("{} missing; on Debian or Ubuntu: `sudo apt-get install {0}`", missing.join(" "));
    }
    quietly(apt().args(["-qq", "update"]))?;
    quietly(apt().args(["-qq", "install", "-y", "--no-install-recommends"]).args(missing))?;
    Ok(Outcome::Installed)
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command
}

/// Whether this is root on a system with apt-get.
fn may_install() -> bool {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    let has_apt = match apt().arg("--version").stdout(Stdio::null()).status() {
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        status => status.is_ok_and(|status| status.success()),
    };
    is_root && has_apt
}
