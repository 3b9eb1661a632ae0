//! Real packages to work on, from their registries by their own clients, at fixed versions, ready for their tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

/// Where a package comes from.
#[derive(Debug, Clone, Copy)]
enum Origin {
    Pypi,
    Crates,
    Npm,
}

/// A package, and what is edited in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: &'static str,
    version: &'static str,
    origin: Origin,
    /// The file that is edited and saved.
    pub(crate) file: &'static str,
    /// The protocol's name of its language.
    pub(crate) language: &'static str,
    /// The line before which something is added.
    pub(crate) before: &'static str,
    /// What is added, with `NUMBER` for something new each time.
    pub(crate) added: &'static str,
}

/// All of them.
pub(crate) const PACKAGES: &[Package] = &[
    Package {
        name: "humanize",
        version: "4.17.0",
        origin: Origin::Pypi,
        file: "src/humanize/number.py",
        language: "python",
        before: "def ",
        added: "LIMIT_NUMBER = 10\n\n\n",
    },
    Package {
        name: "semver",
        version: "1.0.28",
        origin: Origin::Crates,
        file: "src/parse.rs",
        language: "rust",
        before: "fn ",
        added: "#[allow(dead_code)]\nconst LIMIT_NUMBER: u32 = 10;\n\n",
    },
    Package {
        name: "minimist",
        version: "1.2.8",
        origin: Origin::Npm,
        file: "index.js",
        language: "javascript",
        before: "function ",
        added: "var limitNUMBER = 10;\n\n",
    },
];

/// Those that nobody types into.
const OTHERS: &[Package] = &[
    Package {
        name: "arrayvec",
        version: "0.7.6",
        origin: Origin::Crates,
        file: "src/arrayvec.rs",
        language: "rust",
        before: "",
        added: "",
    },
    Package {
        name: "boltons",
        version: "26.2.0",
        origin: Origin::Pypi,
        file: "boltons/strutils.py",
        language: "python",
        before: "",
        added: "",
    },
    Package {
        name: "inflection",
        version: "0.5.1",
        origin: Origin::Pypi,
        file: "inflection/__init__.py",
        language: "python",
        before: "",
        added: "",
    },
    Package {
        name: "ms",
        version: "2.1.3",
        origin: Origin::Npm,
        file: "index.js",
        language: "javascript",
        before: "",
        added: "",
    },
];

/// The package of this name.
pub(crate) fn named(name: &str) -> Option<&'static Package> {
    PACKAGES.iter().chain(OTHERS).find(|package| package.name == name)
}

impl Package {
    /// The package's folder below `cache`, fetched once.
    pub(crate) fn fetch(&self, cache: &Path) -> anyhow::Result<PathBuf> {
        let place = cache.join(format!("{}-{}", self.name, self.version));
        if place.exists() {
            return Ok(place);
        }
        let scratch = cache.join(format!("fetching-{}", self.name));
        if scratch.exists() {
            fs::remove_dir_all(&scratch)?;
        }
        fs::create_dir_all(&scratch)?;
        let source = match self.origin {
            Origin::Pypi => self.pypi_source(&scratch),
            Origin::Npm => self.npm_source(&scratch),
            Origin::Crates => self.crate_source(&scratch),
        };
        fs::rename(source.with_context(|| format!("{} cannot be fetched", self.name))?, &place)?;
        fs::remove_dir_all(&scratch)?;
        Ok(place)
    }

    fn pypi_source(&self, scratch: &Path) -> anyhow::Result<PathBuf> {
        let wanted = format!("{}=={}", self.name, self.version);
        let options = ["-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--quiet", &wanted];
        run(Command::new("python3").args(options).current_dir(scratch))?;
        unpack(scratch)
    }

    fn npm_source(&self, scratch: &Path) -> anyhow::Result<PathBuf> {
        let wanted = format!("{}@{}", self.name, self.version);
        run(Command::new("npm").args(["pack", "--silent", &wanted]).current_dir(scratch))?;
        let source = unpack(scratch)?;
        let options = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        run(Command::new("npm").args(options).current_dir(&source))?;
        Ok(source)
    }

    /// A crate's source as cargo vendors it, a workspace of its own.
    fn crate_source(&self, scratch: &Path) -> anyhow::Result<PathBuf> {
        let manifest = format!(
            "[package]\nname = \"holder\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n[dependencies]\n{} = \"={}\"\n",
            self.name, self.version
        );
        fs::write(scratch.join("Cargo.toml"), manifest)?;
        fs::write(scratch.join("lib.rs"), "")?;
        run(Command::new(crate::tidy::cargo()).args(["vendor", "--quiet"]).current_dir(scratch))?;
        let source = scratch.join("vendor").join(self.name);
        let checksums = source.join(".cargo-checksum.json");
        fs::remove_file(&checksums).with_context(|| format!("`{}`", checksums.display()))?;
        let manifest = source.join("Cargo.toml");
        let text = fs::read_to_string(&manifest)?;
        fs::write(&manifest, format!("{text}\n[workspace]\n"))?;
        run(Command::new(crate::tidy::cargo()).args(["fetch", "--quiet"]).current_dir(&source))?;
        Ok(source)
    }
}

/// Unpacks the one archive in `scratch`; the folder it held.
fn unpack(scratch: &Path) -> anyhow::Result<PathBuf> {
    let archives = fs::read_dir(scratch)?.flatten().map(|entry| entry.path());
    let archive = archives.into_iter().find(|path| path.extension().is_some_and(|e| e == "gz" || e == "tgz"));
    let into = scratch.join("unpacked");
    fs::create_dir_all(&into)?;
    run(Command::new("tar").arg("-xzf").arg(archive.context("no archive came")?).arg("-C").arg(&into))?;
    let folders: Vec<PathBuf> = fs::read_dir(&into)?.flatten().map(|entry| entry.path()).collect();
    let [folder] = folders.as_slice() else { bail!("the archive holds {} things, not one", folders.len()) };
    Ok(folder.clone())
}

/// Copies a folder, whatever is in it, to where nothing lies.
pub(crate) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    run(Command::new("cp").arg("-a").arg(from).arg(to))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("`{name}` cannot be started"))?;
    let last = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{name}`: {}", last.lines().last().unwrap_or_default());
    Ok(())
}
