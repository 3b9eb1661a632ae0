//! A copy of a workspace in which a change is taken back: what an applied change is proved against. Nothing in the
//! workspace itself is written.

use hephaestus_core::{Patch, RelPath};
use std::fs;
use std::io;
use std::path::Path;
use tempfile::TempDir;

/// What is made anew, is of no use, or is ours.
const LEFT_OUT: &[&str] = &[".git", ".hephaestus", "target", "__pycache__", ".pytest_cache"];

/// Installed packages: large, and only read.
const LINKED: &[&str] = &["node_modules", ".venv", "venv"];

/// Copies the workspace at `root` and applies `patch` there. The copy goes when what is returned does.
pub(crate) fn copy_with(root: &Path, patch: &Patch) -> io::Result<TempDir> {
    let copy = tempfile::Builder::new().prefix("hephaestus-verify-").tempdir()?;
    copy_folder(root, copy.path())?;
    for path in patch.paths() {
        apply(copy.path(), path, patch)?;
    }
    Ok(copy)
}

fn apply(root: &Path, path: &RelPath, patch: &Patch) -> io::Result<()> {
    let place = path.under(root);
    let old = match fs::read_to_string(&place) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    match patch.apply_to(path, old.as_deref()).map_err(io::Error::other)? {
        Some(text) => {
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&place, text)
        }
        None => fs::remove_file(&place),
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, name) = (entry.file_type()?, entry.file_name());
        let (source, place) = (entry.path(), to.join(&name));
        let is_among = |names: &[&str]| names.iter().any(|own| name == *own);
        if kind.is_symlink() {
            link(&fs::read_link(&source)?, &place)?;
        } else if kind.is_dir() && is_among(LINKED) {
            link(&source, &place)?;
        } else if kind.is_dir() && !is_among(LEFT_OUT) {
            fs::create_dir(&place)?;
            copy_folder(&source, &place)?;
        } else if kind.is_file() {
            fs::copy(&source, &place)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(target: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(windows)]
fn link(target: &Path, place: &Path) -> io::Result<()> {
    if target.is_dir() {
        std::os::windows::fs::symlink_dir(target, place)
    } else {
        std::os::windows::fs::symlink_file(target, place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::{ContentHash, Edit};

    #[test]
    fn the_copy_has_the_change_and_the_workspace_has_not() {
        let workspace = tempfile::tempdir().unwrap();
        let root = workspace.path();
        for folder in ["src", ".git", "node_modules/left"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("src/a.py"), "x = 2\n").unwrap();
        fs::write(root.join(".git/HEAD"), "").unwrap();
        fs::write(root.join("node_modules/left/index.js"), "1\n").unwrap();
        let file = RelPath::new("src/a.py").unwrap();
        let undo = Patch::edit(file, ContentHash::of(b"x = 2\n"), vec![Edit::new(4..5, "1")]).unwrap();
        let copy = copy_with(root, &undo).unwrap();
        assert_eq!(fs::read_to_string(copy.path().join("src/a.py")).unwrap(), "x = 1\n");
        assert_eq!(fs::read_to_string(root.join("src/a.py")).unwrap(), "x = 2\n");
        assert!(!copy.path().join(".git").exists());
        assert_eq!(fs::read_to_string(copy.path().join("node_modules/left/index.js")).unwrap(), "1\n");
        let place = copy.path().to_owned();
        drop(copy);
        assert!(!place.exists() && root.join("node_modules/left/index.js").exists());
    }
}
